"""Convolutions, and what a decoder says of a pixel: lesson 07."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from vaecourse.plots.base import COLOURS, MARKERS, WIDTH, _figure, class_colour, styled

_PICTURE, _MAP = COLOURS[0], COLOURS[1]
_LINE_STYLES = ("-", "--", "-.", ":")
CUT_OFF = 3
"""The end levels' bars are cut off at so many times the highest bar between them."""


@styled
def conv_steps(size: int, kernel: int, stride: int, padding: int = 0) -> Figure:
    """A convolution along one side of a picture, and a transposed one back, place by place.

    Left: ``size`` pixels, zeros of padding around them (dotted), a bar for every place of the kernel, and the outputs.
    Right: each output spreads over a kernel's width again. Pixels that no kernel reached, on the left, and that
    ``output_padding`` has to add, on the right, are hatched.

    Raises:
        ValueError: the kernel does not fit, or an argument is out of range.
    """
    if min(size, kernel, stride) < 1 or not 0 <= padding < kernel:
        raise ValueError(
            "size, kernel and stride take positive integers, padding one below kernel; "
            f"got {size}, {kernel}, {stride}, {padding}"
        )
    outputs = (size + 2 * padding - kernel) // stride + 1
    if outputs < 1:
        raise ValueError(f"a kernel of {kernel} does not fit into {size} pixels with a padding of {padding}")
    left_over = (size + 2 * padding - kernel) % stride
    figure, panels = _figure(WIDTH, 1.0 + 0.24 * outputs, columns=2)
    back = stride * (outputs - 1) + kernel - 2 * padding
    added = f", and {left_over} by output_padding" if left_over else ""
    titles = (f"convolution: {size} pixels → {outputs}", f"transposed: {outputs} → {back}{added}")
    for axes, title, transposed in zip(panels, titles, (False, True), strict=True):
        pixels_y, outputs_y = (-outputs - 2.6, 0.8) if transposed else (0.8, -outputs - 2.6)
        for i in range(-padding, size + padding):
            missed = i >= size + padding - left_over
            _cell(axes, i, pixels_y, _PICTURE, dotted=not 0 <= i < size, hatched=missed)
        for i in range(outputs):
            start = i * stride - padding
            y = -1 - i
            axes.add_patch(Rectangle((start + 0.08, y + 0.1), kernel - 0.16, 0.62, color=class_colour(i % 2 * 2)))
            centre = start + kernel / 2
            axes.text(centre, y + 0.4, str(i + 1), ha="center", va="center", color="white", fontsize=9)
            _cell(axes, centre - 0.5, outputs_y, _MAP, text=str(i + 1))
        axes.set_title(title, fontsize=10)
        axes.set(xlim=(-padding - 0.2, size + padding + 0.2), ylim=(-outputs - 2.8, 2.0), xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    return figure


def _cell(axes: Axes, x: float, y: float, colour: str, dotted=False, hatched=False, text="") -> None:
    axes.add_patch(
        Rectangle(
            (x + 0.05, y),
            0.9,
            0.9,
            facecolor=(*_rgb(colour), 0.08 if dotted else 0.35),
            edgecolor=colour,
            linestyle=":" if dotted else "-",
            hatch="////" if hatched else None,
        )
    )
    axes.text(x + 0.5, y + 0.43, text, ha="center", va="center", fontsize=9)


def _rgb(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


@styled
def line_panels(
    panels: Mapping[str, Mapping[str, tuple[ArrayLike, ArrayLike]]], xlabel: str, logy: Sequence[str] = ()
) -> Figure:
    """Panels of lines side by side: title -> label -> (x, y). Lines differ in colour and in stroke.

    Args:
        panels: at most four lines in each.
        xlabel: below every panel.
        logy: titles of the panels whose y axis is logarithmic.

    Raises:
        ValueError: there is no panel, a panel has too many lines or none, or ``logy`` names none of them.
    """
    if not panels or any(not 1 <= len(lines) <= len(_LINE_STYLES) for lines in panels.values()):
        raise ValueError(f"panels takes one panel or more, with 1 to {len(_LINE_STYLES)} lines each")
    if unknown := [title for title in logy if title not in panels]:
        raise ValueError(f"logy takes titles of panels, got {unknown}")
    figure, grid = _figure(WIDTH, 2.8, columns=len(panels))
    for axes, (title, lines) in zip(np.atleast_1d(grid), panels.items(), strict=True):
        for index, (label, (x, y)) in enumerate(lines.items()):
            axes.plot(x, y, _LINE_STYLES[index], color=class_colour(index), label=label)
        if title in logy:
            axes.set_yscale("log")
        axes.set(xlabel=xlabel, title=title)
        if len(lines) > 1:
            axes.legend(fontsize=9)
    return figure


@styled
def level_probabilities(panels: Mapping[str, ArrayLike], level: int | None = None, columns: int = 3) -> Figure:
    """What distributions over grey levels give to each level: a small panel each, with a height scale of its own.

    Where the first or the last level has much more than all others, its bar is cut off and its height written beside
    it: otherwise nothing of the others would be seen.

    Args:
        panels: title -> probabilities of the levels 0, 1, ..., (levels,).
        level: the level that the pixel really has, marked by a triangle below the axis; None for none.
        columns: panels in a row.

    Raises:
        ValueError: there is no panel, or probabilities are negative, or not one-dimensional.
    """
    probabilities = {title: np.asarray(values, dtype=float) for title, values in panels.items()}
    if not probabilities or any(values.ndim != 1 or (values < 0).any() for values in probabilities.values()):
        raise ValueError("panels takes one or more lists of probabilities, one-dimensional and not negative")
    columns = min(columns, len(probabilities))
    rows = -(-len(probabilities) // columns)
    figure, grid = _figure(WIDTH, 1.75 * rows, rows, columns)
    grid = np.atleast_1d(grid).ravel()
    for axes, (title, values) in zip(grid, probabilities.items(), strict=False):
        edges = np.arange(len(values) + 1) - 0.5
        axes.stairs(values, edges, fill=True, color=_PICTURE)
        axes.stairs(values, edges, color=_PICTURE, linewidth=1.2)
        axes.set_title(title, fontsize=10)
        top = _cut_off_ends(axes, values)
        axes.set(xlim=(-0.02 * len(values), 1.02 * len(values)), ylim=(0, 1.1 * top))
        axes.set_xticks([0, len(values) // 2, len(values) - 1])
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.tick_params(labelsize=8)
        if level is not None:
            inside = axes.get_xaxis_transform()
            axes.plot([level], [1.0], "v", color=COLOURS[2], markersize=9, transform=inside, clip_on=False)
            axes.axvline(level, color=COLOURS[2], linestyle=":", linewidth=1)
    for axes in grid[len(probabilities) :]:
        axes.set_visible(False)
    for axes in grid[max(0, len(probabilities) - columns) : len(probabilities)]:
        axes.set_xlabel("grey level", fontsize=9)
    return figure


def _cut_off_ends(axes: Axes, values: np.ndarray) -> float:
    """How high the panel reaches; the heights of the two end bars are written if they reach further."""
    inside = values[1:-1].max(initial=0)
    if not 0 < CUT_OFF * inside < values.max():
        return values.max()
    for place, side, shift in ((0, "left", 5), (len(values) - 1, "right", -5)):
        if values[place] > CUT_OFF * inside:
            style = {"ha": side, "va": "top", "fontsize": 8, "textcoords": "offset points"}
            axes.annotate(f"{values[place]:.2f}", (place, CUT_OFF * inside), xytext=(shift, 0), **style)
    return CUT_OFF * inside


@styled
def bits(values: Mapping[str, float], without_code: Mapping[str, float], xlabel: str = "bits per dimension") -> Figure:
    """Bits per dimension of models as bars, and as dashed lines across them what others need that have no code.

    Args:
        values: model -> bits.
        without_code: name -> bits, at most four.

    Raises:
        ValueError: there are no models, or too many lines.
    """
    if not values or len(without_code) > len(MARKERS[:4]):
        raise ValueError(f"values takes one model or more, without_code at most 4; got {values}, {without_code}")
    figure, axes = _figure(WIDTH, 1.1 + 0.42 * len(values))
    bars = axes.barh(list(values), list(values.values()), color=_PICTURE, height=0.6)
    axes.bar_label(bars, fmt="{:.2f}", padding=4, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    axes.invert_yaxis()
    for index, (name, value) in enumerate(without_code.items()):
        style = _LINE_STYLES[1 + index % 3]
        axes.axvline(value, color=COLOURS[1 + index], linestyle=style, label=f"{name}: {value:.2f}", zorder=0)
    if without_code:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(without_code), fontsize=9)
    axes.set(xlim=(0, 1.12 * max([*values.values(), *without_code.values()])), xlabel=xlabel)
    axes.tick_params(left=False)
    return figure
