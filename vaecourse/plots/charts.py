"""Measured numbers: learning curves, series, shares, and numbers on a logarithmic axis."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from vaecourse.plots.base import COLOURS, MARKERS, WIDTH, _figure, class_colour, styled

VALIDATION = "validation "
"""Prefix of the terms measured on held-out pictures, as in :class:`vaecourse.training.History`."""
_BESIDE = {"textcoords": "offset points", "ha": "left"}


@styled
def history(terms: Mapping[str, Sequence[float]]) -> Figure:
    """The mean of each term over the epochs; a term and its validation twin share a colour.

    Args:
        terms: name -> one value an epoch, as :class:`vaecourse.training.History` holds them.

    Raises:
        ValueError: there are none, as after a training that was stopped before its first step.
    """
    if not any(not name.startswith(VALIDATION) for name in terms):
        raise ValueError("terms takes one or more, got none; a training that is stopped before its first step has none")
    figure, _ = _figure(WIDTH, 2.6)
    figure.clear()
    _draw_terms(figure, terms)
    return figure


@styled
def curves(
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
    xlabel: str,
    ylabel: str,
    logx: bool = False,
) -> Figure:
    """Measured series over the same x, at most ten, told apart by colour and marker.

    The y axis begins at 0 unless a value is negative.
    """
    if len(series) > len(MARKERS):
        raise ValueError(f"series takes at most {len(MARKERS)} of them, got {len(series)}")
    figure, axes = _figure(5.8, 3.4)
    for index, (label, values) in enumerate(series.items()):
        axes.plot(x, values, color=class_colour(index), marker=MARKERS[index], label=label)
    if logx:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(FixedLocator(list(x)))
    axes.set_xticks(list(x), [f"{value:g}" for value in x])
    if all(min(values) >= 0 for values in series.values()):
        axes.set_ylim(bottom=0)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure


@styled
def shares(values: Mapping[str, float], xlabel: str, limit: float = 1.0) -> Figure:
    """Named shares between 0 and ``limit`` as bars on one axis from 0 to that, in percent."""
    figure, axes = _figure(WIDTH, 0.5 + 0.45 * len(values))
    bars = axes.barh(list(values), [100 * value for value in values.values()], color=COLOURS[0], height=0.6)
    axes.bar_label(bars, fmt="{:.0f} %", padding=4)
    axes.invert_yaxis()
    axes.set(xlim=(0, 108 * limit), xlabel=f"{xlabel} (%)", xticks=100 * limit * np.linspace(0, 1, 6))
    axes.tick_params(left=False)
    return figure


@styled
def log_dots(values: Mapping[str, float], xlabel: str) -> Figure:
    """Named positive numbers as dots on one logarithmic axis, where the length of a bar would mean nothing.

    Raises:
        ValueError: a number is not positive and finite.
    """
    if not all(0 < value < np.inf for value in values.values()):
        raise ValueError(f"values takes positive finite numbers, as a logarithmic axis shows them, got {dict(values)}")
    figure, axes = _figure(WIDTH, 0.8 + 0.42 * len(values))
    axes.plot(list(values.values()), list(values), "o", color=COLOURS[0], markersize=10)
    for name, value in values.items():
        axes.annotate(f"{value:.2g}" if value < 10 else f"{value:,.0f}", (value, name), (9, -4), **_BESIDE)
    axes.set(xscale="log", xlabel=xlabel)
    axes.margins(x=0.12, y=0.25)
    axes.grid(axis="x", alpha=0.3)
    axes.invert_yaxis()
    axes.tick_params(left=False)
    return figure


def _draw_terms(figure: Figure | SubFigure, terms: Mapping[str, Sequence[float]], legend: bool = True) -> None:
    """A panel for each term, with its validation twin."""
    names = [name for name in terms if not name.startswith(VALIDATION)]
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for index, (axes, name) in enumerate(zip(panels, names, strict=True)):
        for label, values, style in (
            ("training, mean over the epoch", terms[name], "-"),
            ("held out, after the epoch", terms.get(VALIDATION + name), "--"),
        ):
            if values:
                epochs, marker = range(1, len(values) + 1), "." if len(values) < 30 else ""
                axes.plot(epochs, values, style, color=class_colour(index), label=label, marker=marker)
        axes.set(title=name, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if legend and VALIDATION + name in terms:
            axes.legend()
    panels[0].set_ylabel("mean per picture")
