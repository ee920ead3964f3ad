"""Figures of lesson 07: what they show."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from vaecourse import plots


def hatched(axes) -> list[float]:
    """Where the hatched pixels of a panel stand."""
    return [round(patch.get_x()) for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_hatch()]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "titles", "left_over"),
    [
        (8, 3, 2, 0, ("convolution: 8 pixels → 3", "transposed: 3 → 7, and 1 by output_padding"), [7]),
        (7, 3, 2, 0, ("convolution: 7 pixels → 3", "transposed: 3 → 7"), []),
        (8, 4, 2, 1, ("convolution: 8 pixels → 4", "transposed: 4 → 8"), []),
    ],
)
def test_steps_of_a_convolution_show_sizes_and_what_is_left_over(size, kernel, stride, padding, titles, left_over):
    figure = plots.conv_steps(size, kernel, stride, padding)
    assert tuple(axes.get_title(loc="left") for axes in figure.axes) == titles
    assert hatched(figure.axes[0]) == left_over
    assert hatched(figure.axes[1]) == left_over


@pytest.mark.parametrize("arguments", [(2, 3, 1), (8, 0, 1), (8, 3, 0), (8, 3, 2, 3), (8, 3, 2, -1)])
def test_steps_that_are_not_possible_are_refused(arguments):
    with pytest.raises(ValueError, match=r"size, kernel and stride|does not fit"):
        plots.conv_steps(*arguments)


def test_panels_of_lines_have_their_lines_legends_and_scales():
    panels = {"one": {"a": ([1, 2], [3, 4]), "b": ([1, 2], [5, 6])}, "two": {"c": ([1, 2], [1, 100])}}
    first, second = plots.line_panels(panels, "epoch", logy=["two"]).axes
    assert [line.get_label() for line in first.lines] == ["a", "b"]
    assert np.allclose(first.lines[1].get_ydata(), [5, 6])
    assert len({line.get_linestyle() for line in first.lines}) == 2  # not by colour alone
    assert (first.get_yscale(), second.get_yscale()) == ("linear", "log")
    assert first.get_legend() is not None
    assert second.get_legend() is None
    for wrong in ({}, {"one": {}}, {"one": {str(i): ([0], [0]) for i in range(5)}}):
        with pytest.raises(ValueError, match="panels takes"):
            plots.line_panels(wrong, "x")
    with pytest.raises(ValueError, match="logy takes titles of panels, got \\['three'\\]"):
        plots.line_panels(panels, "x", logy=["three"])


def test_probabilities_of_levels_are_steps_with_the_real_level_marked():
    figure = plots.level_probabilities({"a": [0.5, 0.25, 0.25], "b": [0, 0, 1]}, level=2)
    first = figure.axes[0]
    stairs = first.patches[0]
    assert np.allclose(stairs.get_data().values, [0.5, 0.25, 0.25])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a", "b"]
    assert any(np.allclose(line.get_xdata(), [2]) for line in first.lines)
    for wrong in ({}, {"a": [-0.1, 1.1]}, {"a": [[1.0]]}):
        with pytest.raises(ValueError, match="panels takes"):
            plots.level_probabilities(wrong)


def test_an_end_bar_that_would_flatten_all_others_is_cut_off_and_its_height_written():
    figure = plots.level_probabilities({"cut": [0.31, 0.01, 0.02, 0.01, 0.65], "whole": [0.3, 0.2, 0.2, 0.2, 0.1]})
    cut, whole = figure.axes
    assert cut.get_ylim()[1] < 0.1
    assert [text.get_text() for text in cut.texts] == ["0.31", "0.65"]
    assert whole.get_ylim()[1] > 0.3
    assert not whole.texts


def test_bits_are_bars_with_lines_for_what_has_no_code():
    (axes,) = plots.bits({"a": 2.0, "b": 3.5}, {"PNG": 2.5}).axes
    assert [bar.get_width() for bar in axes.patches] == [2.0, 3.5]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["PNG: 2.50"]
    assert axes.get_xlim()[0] == 0
    for values, lines in (({}, {}), ({"a": 1.0}, {str(i): 1.0 for i in range(5)})):
        with pytest.raises(ValueError, match="values takes one model or more"):
            plots.bits(values, lines)
