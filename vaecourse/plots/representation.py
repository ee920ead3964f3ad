"""What a code knows: probes, attributes, units and factors, bounds on log p(x), and pictures that do not belong."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import ArrayLike

from vaecourse.plots.base import COLOURS, MARKERS, WIDTH, _figure, class_colour, styled

_DENSITY = LinearSegmentedColormap.from_list("paper to blue", ["white", "#9cc3e8", COLOURS[0], "#0b2a4a"])


@styled
def probes(counts: Sequence[int], panels: Mapping[str, Mapping[str, Sequence[ArrayLike]]], ylabel: str) -> Figure:
    """How well a reader does with few labels: the mean over draws of the labels, with one standard deviation each way.

    Args:
        counts: numbers of labels, on a logarithmic axis.
        panels: title -> name -> for each number of labels what was measured, one number a draw of the labels.
        ylabel: of what was measured; all panels share the axis.

    Raises:
        ValueError: a name has not as many sets of numbers as there are counts, or a set has fewer than two.
    """
    _some("panels", panels)
    for title, series in panels.items():
        for name, draws in series.items():
            if len(draws) != len(counts) or any(len(each) < 2 for each in draws):
                raise ValueError(
                    f"panels takes two draws or more for each of {list(counts)}, see {name!r} in {title!r}"
                )
    figure, axes_list = _figure(WIDTH, 3.4, columns=len(panels))
    for axes, (title, series) in zip(np.atleast_1d(axes_list), panels.items(), strict=True):
        for index, (name, draws) in enumerate(series.items()):
            # A little to the side of each other, so that no bar hides another.
            places = np.asarray(counts) * 1.09 ** (index - (len(series) - 1) / 2)
            axes.errorbar(
                places,
                [np.mean(each) for each in draws],
                yerr=[np.std(each, ddof=1) for each in draws],
                color=class_colour(index),
                marker=MARKERS[index],
                capsize=3,
                linewidth=1.5,
                label=name,
            )
        axes.set(title=title, xscale="log", xlabel="labels")
        _ticks_at(axes, counts)
        axes.legend(loc="lower right", fontsize=9)
    _one_scale(np.atleast_1d(axes_list))
    np.atleast_1d(axes_list)[0].set_ylabel(ylabel)
    return figure


@styled
def panels(x: Sequence[float], series: Mapping[str, Mapping[str, Sequence[float]]], xlabel: str) -> Figure:
    """Measured series over the same x, a small panel for each quantity, each with a scale of its own.

    Args:
        x: (K,), the same for all.
        series: title of a panel -> name -> values, (K,). The names keep their colour and marker in every panel, and
            the first panel has the legend.

    Raises:
        ValueError: there is no panel, or values are not as many as x.
    """
    _some("series", series)
    for title, named in series.items():
        for name, values in named.items():
            if len(values) != len(x):
                raise ValueError(f"series takes {len(x)} values a name, got {len(values)} for {name!r} in {title!r}")
    order = {name: None for named in series.values() for name in named}
    looks = {name: (class_colour(index), MARKERS[index]) for index, name in enumerate(order)}
    figure, axes_list = _figure(WIDTH, 2.9, columns=len(series))
    for axes, (title, named) in zip(np.atleast_1d(axes_list), series.items(), strict=True):
        for name, values in named.items():
            colour, marker = looks[name]
            axes.plot(x, values, color=colour, marker=marker, markersize=5, label=name)
        axes.set(title=title, xlabel=xlabel)
        axes.margins(y=0.12)
    first = np.atleast_1d(axes_list)[0]
    # Above the panels, where no line can be hidden by it.
    figure.legend(*first.get_legend_handles_labels(), loc="outside upper center", ncols=len(order), fontsize=9)
    return figure


@styled
def gaps(trained: Mapping[str, ArrayLike], turned: ArrayLike, named: Mapping[str, float], ylabel: str) -> Figure:
    """One score of models that differ in beta and seed, and beside them that of one model turned about the origin.

    Args:
        trained: label of a setting -> the score of each seed.
        turned: the score of one model after each of many turns, (K,).
        named: name -> the score of a particular turn of that model, drawn as a line.
        ylabel: of the score; both panels share the axis.
    """
    _some("trained", trained)
    turned = np.asarray(turned)
    figure, (left, right) = _figure(WIDTH, 3.3, columns=2)
    for place, values in enumerate(trained.values()):
        values = np.asarray(values)
        left.plot(np.full(len(values), place), values, "o", color=COLOURS[0], markersize=7, alpha=0.8)
        left.plot([place - 0.2, place + 0.2], [values.mean()] * 2, color="black", linewidth=1.5)
    left.set_xticks(range(len(trained)), list(trained))
    left.set(title="a dot for each seed", ylabel=ylabel, xlim=(-0.5, len(trained) - 0.5))
    right.hist(turned, bins=12, orientation="horizontal", color="0.75")
    for index, (name, value) in enumerate(named.items()):
        style = ("-", "--", ":")[index % 3]
        right.axhline(value, color=class_colour(index), linestyle=style, label=name)
    right.set(title=f"one model, {len(turned)} turns", xlabel="turns")
    right.legend(fontsize=9)
    top = max(np.max(turned), max(named.values(), default=0), max(np.max(values) for values in trained.values()))
    for axes in (left, right):
        axes.set_ylim(0, 1.15 * top)
    return figure


@styled
def importance_bounds(
    counts: Sequence[int], series: Mapping[str, Mapping[str, Sequence[float]]], exact: Mapping[str, float]
) -> Figure:
    """Bounds on log p(x) against the number K of draws, a panel a model; the exact value where it is known.

    Args:
        counts: the numbers of draws, on a logarithmic axis.
        series: title of a panel -> name -> mean bound at each K, in nats.
        exact: title -> the mean of log p(x), for those panels where it is known.

    Raises:
        ValueError: a bound has not one number for each K, or ``exact`` names no panel.
    """
    _some("series", series)
    for title, named in series.items():
        if any(len(values) != len(counts) for values in named.values()):
            raise ValueError(f"series takes one number for each of {list(counts)}, see {title!r}")
    if unknown := exact.keys() - series.keys():
        raise ValueError(f"exact names panels that are not there: {', '.join(sorted(unknown))}")
    figure, axes_list = _figure(WIDTH, 3.3, columns=len(series))
    for axes, (title, named) in zip(np.atleast_1d(axes_list), series.items(), strict=True):
        if title in exact:
            axes.axhline(exact[title], color="black", linestyle=":", linewidth=1.5, label="log p(x), exact")
        for index, (name, values) in enumerate(named.items()):
            axes.plot(counts, values, color=class_colour(index), marker=MARKERS[index], label=name)
        axes.set(title=title, xscale="log", xlabel="K, draws for each picture")
        _ticks_at(axes, counts)
        axes.margins(y=0.15)
        axes.legend(loc="lower right", fontsize=9)
    np.atleast_1d(axes_list)[0].set_ylabel("nats per picture")
    return figure


@styled
def posterior_maps(
    maps: Mapping[str, tuple[ArrayLike, Sequence[float]]],
    means: Sequence[ArrayLike],
    stds: Sequence[ArrayLike],
    pictures: Sequence[ArrayLike],
) -> Figure:
    """The true posterior of a picture on its code plane, and the ellipses of the encoder's.

    Args:
        maps: title -> p(z|x) on a grid, (rows, columns) with z_2 rising from row to row and z_1 from column to
            column; and its extent (left, right, bottom, top). A map is white at 0 and darkest at its own maximum.
        means, stds: of q(z|x), (2,) each, one for each map: drawn at one and two standard deviations.
        pictures: the picture of each map, (C, H, W), drawn in a corner.

    Raises:
        ValueError: there are not as many means, spreads and pictures as maps.
    """
    _some("maps", maps)
    if not len(maps) == len(means) == len(stds) == len(pictures):
        raise ValueError("maps takes one mean, one spread and one picture each")
    figure, axes_list = _figure(WIDTH, 0.4 + WIDTH / len(maps), columns=len(maps))
    every = zip(np.atleast_1d(axes_list), maps.items(), means, stds, pictures, strict=True)
    for axes, (title, (density, extent)), mean, std, picture in every:
        density, mean, std = np.asarray(density), np.asarray(mean), np.asarray(std)
        axes.imshow(
            density, cmap=_DENSITY, vmin=0, origin="lower", extent=extent, aspect="auto", interpolation="bilinear"
        )
        for times in (1, 2):
            axes.add_patch(Ellipse(mean, *(2 * times * std), fill=False, color=COLOURS[1], linewidth=1.8, ls="--"))
        axes.set(title=title, xlabel="$z_1$", xlim=extent[:2], ylim=extent[2:])
        axes.tick_params(labelsize=8)
        corner = axes.inset_axes(_free_corner(density, mean, extent, 0.27))
        corner.imshow(np.moveaxis(np.asarray(picture), 0, -1), cmap="gray", vmin=0, vmax=1)
        corner.set(xticks=[], yticks=[])
    np.atleast_1d(axes_list)[0].set_ylabel("$z_2$")
    return figure


@styled
def score_histograms(groups: Mapping[str, Mapping[str, ArrayLike]], xlabel: str) -> Figure:
    """How a score is spread over two groups of pictures or more, a panel for each question.

    Args:
        groups: title of a panel -> name of a group -> the score of each picture; told apart by colour and by filling.
        xlabel: of the score.
    """
    _some("groups", groups)
    figure, axes_list = _figure(WIDTH, 2.9, columns=len(groups))
    for axes, (title, named) in zip(np.atleast_1d(axes_list), groups.items(), strict=True):
        everything = np.concatenate([np.asarray(scores) for scores in named.values()])
        edges = np.linspace(everything.min(), np.quantile(everything, 0.995), 32)
        for index, (name, scores) in enumerate(named.items()):
            filled = index == 0
            axes.hist(
                np.asarray(scores),
                bins=edges,
                density=True,
                histtype="stepfilled" if filled else "step",
                color="0.75" if filled else class_colour(index - 1),
                linewidth=0 if filled else 2,
                linestyle=("-", "--", ":")[(index - 1) % 3],
                label=name,
            )
        axes.set(title=title, xlabel=xlabel, yticks=[])
        axes.legend(fontsize=9)
    np.atleast_1d(axes_list)[0].set_ylabel("share of pictures")
    return figure


@styled
def surprise_clouds(groups: Mapping[str, tuple[ArrayLike, ArrayLike]], xlabel: str, ylabel: str) -> Figure:
    """Groups of pictures, a dot a picture: one number of each against another."""
    _some("groups", groups)
    figure, axes = _figure(5.8, 3.6)
    for index, (name, (x, y)) in enumerate(groups.items()):
        x, y = np.atleast_1d(np.asarray(x)), np.atleast_1d(np.asarray(y))
        colour, size = ("0.7", 9) if index == 0 else (class_colour(index - 1), 18 if len(x) > 1 else 140)
        axes.scatter(x, y, s=size, color=colour, marker=MARKERS[index], linewidths=0, alpha=0.8, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(-3, None), ylim=(0, None))
    axes.legend(loc="lower right", fontsize=9)
    return figure


@styled
def detection(areas: Mapping[str, Mapping[str, float]]) -> Figure:
    """The area under the ROC curve of scores (rows) for kinds of anomalies (markers), with chance at 0.5.

    Args:
        areas: score -> anomaly -> area, from 0 to 1; the same anomalies for every score.

    Raises:
        ValueError: an area is not between 0 and 1.
    """
    _some("areas", areas)
    if not all(0 <= area <= 1 for row in areas.values() for area in row.values()):
        raise ValueError("areas takes numbers from 0 to 1")
    figure, axes = _figure(WIDTH, 0.9 + 0.42 * len(areas))
    axes.axvline(0.5, color="black", linestyle=":", linewidth=1.2)
    axes.text(0.48, -0.7, "worse than chance", ha="right", fontsize=9)
    axes.text(0.52, -0.7, "better than chance", ha="left", fontsize=9)
    anomalies = list(next(iter(areas.values())))
    for index, anomaly in enumerate(anomalies):
        values = [row[anomaly] for row in areas.values()]
        # A little above or below the line of its row, so that equal areas do not hide each other.
        heights = np.arange(len(areas)) + 0.13 * (index - (len(anomalies) - 1) / 2)
        axes.plot(values, heights, MARKERS[index], color=class_colour(index), markersize=9, label=anomaly)
    axes.set_yticks(range(len(areas)), list(areas))
    axes.set(xlim=(-0.03, 1.03), ylim=(len(areas) - 0.5, -1.1), xlabel="AUROC")
    axes.grid(axis="y", alpha=0.4)
    axes.tick_params(left=False)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
    return figure


def _free_corner(density: np.ndarray, mean: np.ndarray, extent: Sequence[float], size: float) -> tuple[float, ...]:
    """Where a square of this size hides least, in the axes' own units: far from the map's peak and from the mean."""
    left, right, bottom, top = extent
    row, column = np.unravel_index(np.argmax(density), density.shape)
    peak = (column / max(density.shape[1] - 1, 1), row / max(density.shape[0] - 1, 1))
    places = np.array([peak, ((mean[0] - left) / (right - left), (mean[1] - bottom) / (top - bottom))])
    near, far = 0.01, 0.99 - size
    corners = [(x, y) for y in (far, near) for x in (far, near)]
    farthest = max(corners, key=lambda corner: np.hypot(*(places - corner - size / 2).T).min())
    return (*farthest, size, size)


def _some(argument: str, given: Mapping) -> None:
    if not given:
        raise ValueError(f"{argument} takes one entry or more, got none")


def _ticks_at(axes: Axes, places: Sequence[float]) -> None:
    axes.xaxis.set_major_locator(FixedLocator(list(places)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(list(places), [f"{place:,g}" for place in places])


def _one_scale(axes_list: Sequence[Axes]) -> None:
    limits = np.array([axes.get_ylim() for axes in axes_list])
    for axes in axes_list:
        axes.set_ylim(limits[:, 0].min(), limits[:, 1].max())
