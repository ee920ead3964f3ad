"""The figures of lesson 08 show the numbers they are given, and refuse what they cannot show."""

import numpy as np
import pytest
import torch
from matplotlib.patches import Ellipse

from vaecourse import plots

COUNTS = [10, 100, 1000]
DRAWS = {"z": [[0.3, 0.5], [0.6, 0.7], [0.8, 0.82]], "pixels": [[0.3, 0.4], [0.6, 0.6], [0.9, 0.9]]}


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


# --------------------------------------------------------------------------------------------------- probes


def test_probes_show_the_mean_and_one_standard_deviation_of_the_draws():
    figure = plots.probes(COUNTS, {"linear": DRAWS, "other": {"z": DRAWS["z"]}}, "share")
    assert titles(figure) == ["linear", "other"]
    for axes, series in zip(figure.axes, [DRAWS, {"z": DRAWS["z"]}], strict=True):
        assert [container.get_label() for container in axes.containers] == list(series)
        for container, draws in zip(axes.containers, series.values(), strict=True):
            line, _, (bars,) = container.lines
            assert np.allclose(line.get_ydata(), [np.mean(each) for each in draws])
            lengths = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
            assert np.allclose(lengths, [2 * np.std(each, ddof=1) for each in draws])


def test_probes_keep_their_bars_apart_and_share_one_scale():
    one, other = plots.probes(COUNTS, {"a": DRAWS, "b": {"z": [[0.1, 0.2]] * 3}}, "share").axes
    first, second = (container.lines[0].get_xdata() for container in one.containers)
    assert all(first < second)
    assert np.allclose(first * second, np.square(COUNTS))  # to both sides of the true place
    assert one.get_ylim() == other.get_ylim()
    assert one.get_ylim()[0] < 0.1


@pytest.mark.parametrize(
    ("panels", "message"),
    [
        ({}, "panels takes one entry or more"),
        ({"a": {"z": [[0.1, 0.2]]}}, r"two draws or more for each of \[10, 100, 1000\], see 'z' in 'a'"),
        ({"a": {"z": [[0.1], [0.2], [0.3]]}}, "two draws or more"),
    ],
)
def test_probes_refuse_what_has_no_spread(panels, message):
    with pytest.raises(ValueError, match=message):
        plots.probes(COUNTS, panels, "share")


# --------------------------------------------------------------------------------------------------- panels


def test_panels_draw_each_quantity_on_a_scale_of_its_own_with_one_legend():
    series = {"slant": {"a": [0, 1, 2], "b": [1, 1, 1]}, "kept": {"b": [90, 50, 10]}}
    figure = plots.panels([-1, 0, 1], series, "steps")
    assert titles(figure) == list(series)
    for axes, named in zip(figure.axes, series.values(), strict=True):
        drawn = {line.get_label(): line for line in axes.lines}
        assert {name: list(line.get_ydata()) for name, line in drawn.items()} == named
    one, other = figure.axes
    assert one.get_ylim() != other.get_ylim()
    assert one.lines[1].get_color() == other.lines[0].get_color()  # "b" looks the same everywhere
    assert one.lines[0].get_marker() != one.lines[1].get_marker()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]


def test_panels_refuse_series_of_another_length():
    with pytest.raises(ValueError, match="takes 3 values a name, got 2 for 'a' in 'slant'"):
        plots.panels([-1, 0, 1], {"slant": {"a": [0, 1]}}, "steps")
    with pytest.raises(ValueError, match="one entry or more"):
        plots.panels([0], {}, "steps")


# ----------------------------------------------------------------------------------------------------- gaps


def test_gaps_show_every_seed_and_the_named_turns_on_one_axis():
    trained = {"β = 1": [0.01, 0.03], "β = 4": np.array([0.02, 0.04])}
    figure = plots.gaps(trained, torch.linspace(0, 0.02, 60), {"on purpose": 0.06, "as learned": 0.02}, "MIG")
    left, right = figure.axes
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[0] == 0
    assert left.get_ylim()[1] > 0.06
    dots = [line for line in left.lines if line.get_marker() == "o"]
    assert [list(line.get_ydata()) for line in dots] == [list(values) for values in trained.values()]
    assert [label.get_text() for label in left.get_xticklabels()] == list(trained)
    lines = {line.get_label(): line for line in right.lines}
    assert {name: line.get_ydata()[0] for name, line in lines.items()} == {"on purpose": 0.06, "as learned": 0.02}
    assert len({line.get_linestyle() for line in lines.values()}) == 2  # not told by colour alone
    assert "60 turns" in right.get_title(loc="left")
    assert sum(patch.get_width() for patch in right.patches) == 60


# --------------------------------------------------------------------------------------------------- bounds


def test_importance_bounds_show_the_exact_value_where_it_is_known():
    series = {"two": {"L_K": [-5.0, -4.0, -3.5]}, "ten": {"L_K": [-9.0, -8.0, -7.9]}}
    figure = plots.importance_bounds([1, 10, 100], series, {"two": -3.4})
    for axes, (title, named) in zip(figure.axes, series.items(), strict=True):
        drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
        assert drawn.pop("log p(x), exact", None) == ([-3.4, -3.4] if title == "two" else None)
        assert drawn == named
        assert axes.get_xscale() == "log"


@pytest.mark.parametrize(
    ("series", "exact", "message"),
    [
        ({}, {}, "one entry or more"),
        ({"a": {"L": [1.0]}}, {}, r"one number for each of \[1, 10\], see 'a'"),
        ({"a": {"L": [1.0, 2.0]}}, {"b": 1.0}, "exact names panels that are not there: b"),
    ],
)
def test_importance_bounds_refuse_what_does_not_fit(series, exact, message):
    with pytest.raises(ValueError, match=message):
        plots.importance_bounds([1, 10], series, exact)


# --------------------------------------------------------------------------------------------------- planes


def planes(count=2):
    maps = {f"map {i}": (np.eye(5) * (i + 1), (-1.0, 1.0, 0.0, 2.0)) for i in range(count)}
    means, stds = torch.tensor([[0.5, 1.0]] * count), torch.tensor([[0.1, 0.3]] * count)
    return maps, means, stds, torch.rand(count, 1, 4, 4)


def test_posterior_maps_lay_the_ellipses_over_the_map_in_its_own_coordinates():
    maps, means, stds, pictures = planes()
    figure = plots.posterior_maps(maps, means, stds, pictures)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert titles(figure)[: len(panels)] == list(maps)
    for axes, (density, extent) in zip(panels, maps.values(), strict=True):
        (image,) = axes.images
        assert np.allclose(image.get_array(), density)
        assert tuple(image.get_extent()) == extent
        assert image.origin == "lower"  # z_2 grows upwards
        assert image.norm.vmin == 0
        sizes = [(e.width, e.height, *e.center) for e in axes.patches if isinstance(e, Ellipse)]
        assert np.allclose(sizes, [(0.2, 0.6, 0.5, 1.0), (0.4, 1.2, 0.5, 1.0)])


@pytest.mark.parametrize("peak", [(0, 0), (0, 4), (4, 0), (4, 4)])
def test_posterior_maps_put_the_picture_where_nothing_is(peak):
    density = np.zeros((5, 5))
    density[peak] = 1
    mean = np.array([peak[1], peak[0]]) / 4
    figure = plots.posterior_maps({"map": (density, (0, 1, 0, 1))}, [mean], [(0.1, 0.1)], [np.zeros((1, 4, 4))])
    (axes,) = (axes for axes in figure.axes if axes.get_title(loc="left"))
    (corner,) = axes.child_axes
    figure.draw_without_rendering()
    middle = axes.transAxes.inverted().transform(figure.transFigure.transform(corner.get_position()))
    assert np.hypot(*(middle.mean(0) - mean)) > 0.9


def test_posterior_maps_take_one_of_each():
    maps, means, stds, pictures = planes()
    with pytest.raises(ValueError, match="one mean, one spread and one picture each"):
        plots.posterior_maps(maps, means[:1], stds, pictures)


# ------------------------------------------------------------------------------------------------- anomalies


def test_score_histograms_put_every_picture_into_its_group():
    groups = {"letters": {"digits": torch.arange(100.0), "letters": torch.arange(50.0, 90.0)}}
    (axes,) = plots.score_histograms(groups, "nats").axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["digits", "letters"]
    filled, line = axes.patches
    assert filled.get_fill()
    assert not line.get_fill()
    corners = line.get_xy()
    inside = corners[corners[:, 1] > 0]
    assert inside[:, 0].min() == pytest.approx(50, abs=4)
    assert inside[:, 0].max() == pytest.approx(90, abs=4)


def test_surprise_clouds_draw_a_dot_a_picture_and_a_single_one_large():
    groups = {
        "normal": (torch.arange(5.0), torch.arange(5.0) * 2),
        "odd": (torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])),
        "blank": (torch.tensor([0.0]), 7.0),
    }
    (axes,) = plots.surprise_clouds(groups, "edges", "nats").axes
    offsets = [dots.get_offsets() for dots in axes.collections]
    assert np.allclose(offsets[0], np.stack([np.arange(5), 2 * np.arange(5)], axis=1))
    assert np.allclose(offsets[2], [(0, 7)])
    sizes = [dots.get_sizes()[0] for dots in axes.collections]
    assert sizes[2] > sizes[1] > sizes[0]
    assert len({dots.get_paths()[0].vertices.tobytes() for dots in axes.collections}) == 3  # markers differ


def test_detection_has_a_row_for_each_score_and_a_marker_for_each_anomaly():
    areas = {"surprise": {"letters": 0.8, "1": 0.2}, "per edge": {"letters": 0.9, "1": 0.85}}
    (axes,) = plots.detection(areas).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == list(areas)
    drawn = {line.get_label(): line for line in axes.lines if line.get_marker() not in ("None", "")}
    assert {name: list(line.get_xdata()) for name, line in drawn.items()} == {"letters": [0.8, 0.9], "1": [0.2, 0.85]}
    assert len({line.get_marker() for line in drawn.values()}) == 2
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first score on top
    (chance,) = (line for line in axes.lines if line.get_linestyle() == ":")
    assert list(chance.get_xdata()) == [0.5, 0.5]


def test_detection_refuses_numbers_that_are_no_areas():
    with pytest.raises(ValueError, match="from 0 to 1"):
        plots.detection({"a": {"letters": 1.2}})
    with pytest.raises(ValueError, match="one entry or more"):
        plots.detection({})
