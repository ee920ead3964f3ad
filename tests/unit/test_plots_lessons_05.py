"""The figures of lesson 05 show what they are given, and refuse what they cannot show."""

import numpy as np
import pytest
import torch

from vaecourse import plots

KL, ERROR = [1.0, 3.0, 2.0], [10.0, 12.0, 14.0]
CURVE = ([5.0, 0.0, 2.0], [1.0, 30.0, 11.0])


def hollow(bar) -> bool:
    return bar.get_facecolor()[:3] == (1, 1, 1)


def test_code_use_sorts_the_dimensions_and_draws_idle_ones_hollow():
    figure = plots.code_use({"one": torch.tensor([0.0625, 2.0, 0.5]), "other": torch.tensor([8.0, 7.0])})
    one, other = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["one", "other"]
    bars = sorted(one.patches, key=lambda bar: bar.get_x())
    assert [bar.get_height() for bar in bars[:2]] == [2.0, 0.5]
    assert [hollow(bar) for bar in bars] == [False, False, True]
    assert not any(hollow(bar) for bar in other.patches)
    assert one.get_ylim() == other.get_ylim()  # heights can be compared
    assert one.get_ylim()[1] > 8
    assert one.texts[0].get_text() == "2.6 nats"


def test_code_use_begins_a_new_row_and_leaves_no_empty_axes():
    figure = plots.code_use({name: [1.0, 2.0] for name in "abcd"}, columns=3)
    assert [axes.get_title(loc="left") for axes in figure.axes if axes.axison] == list("abcd")


@pytest.mark.parametrize("models", [{}, {"a": []}, {"a": [[1.0, 2.0]]}, {"a": 1.0}])
def test_code_use_refuses_what_is_no_list_of_dimensions(models):
    with pytest.raises(ValueError, match="models takes one model or more"):
        plots.code_use(models)


def test_schemes_stand_at_their_means_with_one_standard_deviation():
    figure = plots.schemes_on_the_curve(CURVE, {"β = 1": {"constant": (torch.tensor(KL), torch.tensor(ERROR))}})
    (axes,) = figure.axes
    assert axes.get_title(loc="left") == "β = 1"
    curve, mark = axes.lines[:2]
    assert list(curve.get_xdata()) == [0, 2, 5]  # in the order of the KL
    assert list(curve.get_ydata()) == [30, 11, 1]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (2, 12)
    across, up = (bars.get_segments()[0] for bars in axes.collections)
    assert across[:, 0] == pytest.approx([1, 3])  # the standard deviation of 1, 2, 3 over the seeds is 1
    assert up[:, 1] == pytest.approx([10, 14])
    low, high = axes.get_xlim()
    assert low < 1
    assert high > 3


@pytest.mark.parametrize("pair", [(KL, ERROR[:2]), ([1.0], [2.0]), (np.ones((2, 2)), np.ones((2, 2)))])
def test_schemes_need_as_many_errors_as_kls_and_two_seeds(pair):
    with pytest.raises(ValueError, match="panels takes for each way as many KLs as errors"):
        plots.schemes_on_the_curve(CURVE, {"β = 1": {"constant": pair}})


def test_schemes_need_a_panel():
    with pytest.raises(ValueError, match="panels takes"):
        plots.schemes_on_the_curve(CURVE, {})


def test_schedules_have_a_panel_each_on_one_scale():
    figure = plots.schedules({"constant": [1.0, 1.0, 1.0], "warm-up": [0.0, 2.0, 4.0]})
    constant, rising = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["constant", "warm-up"]
    assert list(rising.lines[0].get_xdata()) == [0, 50, 100]
    assert list(rising.lines[0].get_ydata()) == [0, 2, 4]
    assert constant.get_ylim() == rising.get_ylim()
    assert constant.get_ylim()[0] == 0
    assert constant.get_ylim()[1] > 4


def test_factor_maps_name_rows_and_columns_and_write_the_numbers():
    strengths = np.array([[0.0, 0.34], [1.0, 0.71], [0.2, 0.5]])
    figure = plots.factor_maps(
        {"β = 1": strengths, "β = 3": strengths[:1]},
        {"β = 1": ["1", "2", "3"], "β = 3": ["1"]},
        ["slant", "width"],
    )
    tall, short = figure.axes[:2]
    assert np.allclose(tall.images[0].get_array(), strengths)
    assert tall.images[0].get_clim() == short.images[0].get_clim() == (0, 1)
    assert [label.get_text() for label in tall.get_xticklabels()] == ["slant", "width"]
    assert [label.get_text() for label in tall.get_yticklabels()] == ["1", "2", "3"]
    assert [text.get_text() for text in tall.texts] == [".0", ".3", "1.0", ".7", ".2", ".5"]
    assert tall.get_ylim() == short.get_ylim()  # rows of one height


def test_factor_maps_refuse_other_shapes():
    with pytest.raises(ValueError, match=r"\(1, 2\), got \(2, 1\) in 'a'"):
        plots.factor_maps({"a": [[0.1], [0.2]]}, {"a": ["1"]}, ["slant", "width"])
