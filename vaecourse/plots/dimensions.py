"""What each dimension of the code carries, and the panel of a diagnosis."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from vaecourse.plots.base import COLOURS, WIDTH, _figure, styled
from vaecourse.plots.charts import VALIDATION, _draw_terms
from vaecourse.plots.pictures import _draw, _sheet


class Gauge(NamedTuple):
    """One number on a scale of its own, for :func:`diagnosis`."""

    label: str
    value: float
    """where the mark stands, at the scale's end if it lies outside; NaN has no mark"""
    text: str
    """the value in words"""
    low: float
    high: float
    limit: float | None = None
    """where the part of the scale begins that means a disease"""
    above: bool = False
    """whether that is the part above the limit"""
    log: bool = True
    """whether the scale is logarithmic"""
    disease: str = ""
    """its name, written into that part"""
    asked: bool = True
    """whether the verdict depends on it; if not, it is drawn pale"""


@styled
def code_use(models: Mapping[str, ArrayLike], idle: float = 0.1, columns: int = 3) -> Figure:
    """KL per code dimension, a panel a model: the dimensions in falling order, all panels on one scale.

    Args:
        models: title -> nats of each dimension, (D,).
        idle: dimensions below so many nats are drawn hollow.
        columns: panels side by side.

    Raises:
        ValueError: there is no model, or one has not a flat list of dimensions.
    """
    bars = {title: np.asarray(nats, dtype=float) for title, nats in models.items()}
    if not bars or any(nats.ndim != 1 or not nats.size for nats in bars.values()):
        raise ValueError("models takes one model or more, each with the nats of its dimensions, (D,)")
    rows, top = -(-len(bars) // columns), max(nats.max() for nats in bars.values())
    figure, panels = _figure(WIDTH, 0.4 + 1.75 * rows, rows=rows, columns=min(columns, len(bars)))
    panels = np.reshape(panels, (rows, -1))
    for axes in panels.flat[len(bars) :]:
        axes.set_axis_off()
    for axes, (title, nats) in zip(panels.flat, bars.items(), strict=False):
        nats = np.sort(nats)[::-1]
        used = nats >= idle
        places = np.arange(1, len(nats) + 1)
        axes.bar(places[used], nats[used], color=COLOURS[0], width=0.8)
        # A hollow stump shows an idle dimension, whose bar would be too low to see.
        axes.bar(places[~used], 0.03 * max(top, 1), facecolor="white", edgecolor=COLOURS[1], width=0.8)
        axes.set(title=title, xlim=(0.3, len(nats) + 0.7), ylim=(0, 1.05 * max(top, 1)))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 4, 5, 10]))
        axes.text(0.97, 0.9, f"{nats.sum():.1f} nats", transform=axes.transAxes, ha="right", va="top")
    for axes in panels[:, 0]:
        axes.set_ylabel("KL, nats")
    for axes in panels[-1]:
        axes.set_xlabel("dimension, sorted")
    return figure


@styled
def factor_maps(maps: Mapping[str, ArrayLike], units: Mapping[str, Sequence[str]], factors: Sequence[str]) -> Figure:
    """How strongly each code dimension goes with each factor of the data: a heat map a model, from 0 to 1.

    Args:
        maps: title -> strengths, (dimensions, factors), from 0 to 1.
        units: title -> a label for each dimension.
        factors: a label for each factor.

    Raises:
        ValueError: a map is not of shape (dimensions, factors).
    """
    maps = {title: np.asarray(values) for title, values in maps.items()}
    for title, values in maps.items():
        if values.shape != (len(units[title]), len(factors)):
            wanted = (len(units[title]), len(factors))
            raise ValueError(f"maps takes one number a dimension and factor, {wanted}, got {values.shape} in {title!r}")
    longest = max(len(values) for values in maps.values())
    figure, panels = _figure(WIDTH, 1.3 + 0.24 * longest, columns=len(maps))
    for axes, (title, values) in zip(np.atleast_1d(panels), maps.items(), strict=True):
        image = axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            ink = "white" if value > 0.55 else "black"
            axes.text(column, row, f"{value:.1f}".removeprefix("0"), ha="center", va="center", fontsize=7, color=ink)
        axes.set_title(title)
        axes.set_xticks(range(len(factors)), factors, rotation=60, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(values)), units[title], fontsize=8)
        axes.set_ylim(longest - 0.5, -0.5)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    figure.colorbar(image, ax=np.atleast_1d(panels)[-1], label="strength", shrink=0.6)
    return figure


@styled
def diagnosis(
    title: str,
    pictures: Mapping[str, ArrayLike],
    kl: Sequence[float],
    idle: Sequence[bool],
    gauges: Sequence[Gauge],
    terms: Mapping[str, Sequence[float]] | None = None,
) -> Figure:
    """The panel of a diagnosis: pictures in rows, the KL of each code dimension, numbers on scales, learning curves.

    Args:
        title: the verdict.
        pictures: label -> as many pictures each, (N, C, H, W).
        kl: of each dimension, in nats, (D,).
        idle: which dimensions carry nothing, (D,): these are drawn hatched.
        gauges: the numbers that the verdict is read from, in this order.
        terms: name -> one value an epoch, as for :func:`history`; left out if there are none.
    """
    count, _, rows, columns = np.shape(next(iter(pictures.values())))
    strip = (WIDTH - 1.3) / count * rows / columns + 0.06
    heights = [len(pictures) * strip + 0.5, 0.46 * len(gauges) + 0.5, *([2.2] if terms else [])]
    figure, _ = _figure(WIDTH, sum(heights))
    figure.clear()
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    parts = np.atleast_1d(figure.subfigures(len(heights), 1, height_ratios=heights))
    grid = np.atleast_1d(parts[0].subplots(len(pictures), 1))
    for axes, (label, row) in zip(grid, pictures.items(), strict=True):
        _draw(axes, _sheet(row, count))
        axes.set_ylabel(label, rotation=0, ha="right", va="center", labelpad=8)
    left, right = parts[1].subfigures(1, 2, width_ratios=[2, 3])
    _draw_dimensions(left.subplots(), np.asarray(kl), np.asarray(idle))
    for axes, gauge in zip(np.atleast_1d(right.subplots(len(gauges), 1)), gauges, strict=True):
        _draw_gauge(axes, gauge)
    if terms:
        _draw_terms(parts[2], terms, legend=False)
        if any(name.startswith(VALIDATION) for name in terms):
            lines = [Line2D([], [], color="black", linestyle=style) for style in ("-", "--")]
            parts[2].legend(lines, ["training", "held out"], loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _draw_dimensions(axes: Axes, kl: np.ndarray, idle: np.ndarray) -> None:
    top = max(kl.max(), 1.0)
    # A sliver of height lets an idle dimension be seen at all.
    bars = axes.bar(np.arange(1, len(kl) + 1), np.maximum(kl, 0.03 * top), color=COLOURS[0])
    for bar, is_idle in zip(bars, idle, strict=True):
        if is_idle:
            bar.set(facecolor="white", edgecolor=COLOURS[1], hatch="////")
    title = f"KL by dimension ({idle.sum()} idle, hatched)" if idle.any() else "KL by dimension (none idle)"
    axes.set_title(title, fontsize=10)
    axes.set(xlabel="dimension", ylabel="nats", ylim=(0, 1.05 * top))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_gauge(axes: Axes, gauge: Gauge) -> None:
    def place(value: float) -> float:
        """From 0 at the low end of the scale to 1 at the high one."""
        low, high, value = (np.log(n) if gauge.log else n for n in (gauge.low, gauge.high, max(value, gauge.low)))
        return float(np.clip((value - low) / (high - low), 0, 1))

    axes.set(xlim=(-0.02, 1.02), ylim=(0, 1), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.barh(0.3, 1, height=0.36, color="0.9" if gauge.asked else "0.96")
    ink = "black" if gauge.asked else "0.55"
    if gauge.limit is not None:
        limit = place(gauge.limit)
        start, width = (limit, 1 - limit) if gauge.above else (0, limit)
        axes.barh(0.3, width, left=start, height=0.36, color=COLOURS[1], alpha=0.45 if gauge.asked else 0.15)
        inside = (0.99, "right") if gauge.above else (0.01, "left")
        axes.text(inside[0], 0.3, gauge.disease, ha=inside[1], va="center", fontsize=8, color=ink)
    if not np.isnan(gauge.value):
        mark = place(gauge.value)
        axes.plot([mark, mark], [0.12, 0.52], color=ink, linewidth=1.5, marker="v", markevery=[1], clip_on=False)
    axes.text(0, 0.62, gauge.label, ha="left", va="bottom", fontsize=9, color=ink)
    axes.text(1, 0.62, gauge.text, ha="right", va="bottom", fontsize=9, fontweight="bold", color=ink)
