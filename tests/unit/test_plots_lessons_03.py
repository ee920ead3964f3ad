"""The figures of lesson 03 show what they are given, and refuse what they cannot show."""

import numpy as np
import pytest
import torch
from matplotlib.collections import EllipseCollection
from matplotlib.patches import Circle

from vaecourse import plots

CLASSES = ("a", "b")


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def pictures(generator):
    return torch.rand(9, 1, 8, 8, generator=generator)


@pytest.fixture
def codes(generator):
    return torch.randn(40, 2, generator=generator)


@pytest.fixture
def targets():
    return torch.arange(40) % 2


def images_of(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def prior_radii(axes):
    return [patch.radius for patch in axes.patches if isinstance(patch, Circle)]


def ellipses_of(axes):
    (collection,) = (found for found in axes.collections if isinstance(found, EllipseCollection))
    return collection


def test_log_dots_puts_each_number_at_its_place():
    (axes,) = plots.log_dots({"large": 1000.0, "small": 0.5}, "variance").axes
    (line,) = axes.lines
    assert list(line.get_xdata()) == [1000, 0.5]
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "variance"
    assert {text.get_text() for text in axes.texts} == {"1,000", "0.5"}


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_log_dots_refuses_what_has_no_logarithm(value):
    with pytest.raises(ValueError, match="values takes positive finite numbers"):
        plots.log_dots({"a": value}, "x")


def test_the_gradient_passes_only_where_z_is_computed():
    drawn, computed = plots.gradient_paths().axes
    assert "gradient: stops here" in {text.get_text() for text in drawn.texts}
    assert "gradient: all the way back" in {text.get_text() for text in computed.texts}


def test_number_or_distribution_shows_the_numbers_the_densities_and_the_pictures(pictures):
    means, stds = torch.tensor([-1.0, 2.0]), torch.tensor([0.1, 0.5])
    figure = plots.number_or_distribution(torch.tensor([-20.0, 30.0]), means, stds, pictures[:2])
    above, below = figure.axes[:2]
    assert [line.get_xdata()[0] for line in above.lines] == [-20, 30]
    for mean, std, area in zip(means, stds, below.collections, strict=True):
        x, height = area.get_paths()[0].vertices.T
        assert x[height.argmax()] == pytest.approx(mean.item(), abs=0.01)
        inside = x[height > np.exp(-0.5)]  # within one standard deviation
        assert inside.max() - inside.min() == pytest.approx(2 * std.item(), abs=0.02)
    assert all(np.allclose(shown, picture[0]) for shown, picture in zip(images_of(figure), pictures[:2], strict=True))


def test_posterior_plane_draws_two_standard_deviations_and_the_prior(codes, targets):
    stds = torch.full((40, 2), 0.1)
    stds[:, 1] = 0.3
    (axes,) = plots.posterior_plane(codes, stds, targets, CLASSES).axes
    ellipses = ellipses_of(axes)
    assert np.allclose(ellipses.get_offsets(), codes)
    assert np.allclose(ellipses.get_widths(), 0.4)  # from -2 to 2 standard deviations
    assert np.allclose(ellipses.get_heights(), 1.2)
    assert prior_radii(axes) == [1, 2, 3]


def test_posterior_overlaps_shows_each_pair_and_what_lies_between(pictures):
    means = torch.tensor([[[0.0, 0.0], [1.0, 2.0]]])
    figure = plots.posterior_overlaps(means, torch.ones(1, 2, 2), pictures[None, :2], pictures[2:3], ["reads as b"])
    plane = figure.axes[0]
    assert {text.get_text(): text.get_position() for text in plane.texts} == {"A": (0, 0), "C": (1, 2), "B": (0.5, 1)}
    shown = images_of(figure)
    assert all(np.allclose(shown[column], pictures[index, 0]) for column, index in enumerate((0, 2, 1)))
    assert [axes.get_xlabel() for axes in figure.axes[1:]] == ["", "reads as b", ""]


def test_loss_panel_has_a_column_a_loss(codes, targets, pictures):
    models = {"one": (codes, pictures), "other": (100 * codes, pictures)}
    figure = plots.loss_panel(models, targets, CLASSES, ["good", "bad"])
    one, other, below_one, below_other = figure.axes
    assert [axes.get_title(loc="left") for axes in (one, other)] == ["one", "other"]
    assert [axes.get_xlabel() for axes in (below_one, below_other)] == ["good", "bad"]
    assert prior_radii(one) == prior_radii(other) == [1, 2, 3]
    assert other.get_xlim()[1] > 50 > one.get_xlim()[1]  # each at its own scale
    assert images_of(figure)[0].shape == (8 * 3 + 2, 8 * 3 + 2)


def test_latent_planes_have_round_circles(codes, targets):
    stretched = codes * torch.tensor([1.0, 9.0])
    for axes in plots.latent_planes({"AE": codes, "VAE": stretched, "small": 0.1 * codes}, targets, CLASSES).axes:
        assert axes.get_aspect() == 1
        assert np.ptp(axes.get_xlim()) == pytest.approx(np.ptp(axes.get_ylim()))
        assert len(prior_radii(axes)) == 3
        for low, high in (axes.get_xlim(), axes.get_ylim()):
            assert low < -3 < 3 < high


def test_nothing_is_said_on_stderr(codes, targets, pictures, capsys, caplog):
    plots.png(plots.loss_panel({"one": (codes * torch.tensor([1.0, 9.0]), pictures)}, targets, CLASSES, [""]))
    assert not capsys.readouterr().err
    assert not caplog.records


def test_manifold_puts_the_pictures_where_their_codes_are(pictures):
    figure = plots.manifold(pictures, [-1.5, 0.0, 1.5])
    (axes,) = figure.axes
    (sheet,) = images_of(figure)
    assert np.allclose(sheet[:8, 9:17], pictures[1, 0])
    right = [label.get_text() for label in axes.get_xticklabels()]
    up = [label.get_text() for label in axes.get_yticklabels()]
    assert (right[0], right[-1]) == (up[0], up[-1]) == ("-1.5", "1.5")
    assert axes.get_yticks()[0] > axes.get_yticks()[-1]  # z2 grows upwards, the rows of a picture downwards


def test_manifold_needs_a_square_of_pictures(pictures):
    with pytest.raises(ValueError, match="pictures takes 2 x 2 of them"):
        plots.manifold(pictures, [-1, 1])
