"""Densities and the divergences between them, their estimates, and the bound that they make."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from vaecourse.plots.base import COLOURS, WIDTH, _figure, class_colour, styled

POSITIVE, NEGATIVE = COLOURS[4], COLOURS[3]
"""Of the area above zero and of the one below it."""


@styled
def gaussian_axes(x: tuple[float, float], density: tuple[float, float], integrand: tuple[float, float]) -> Figure:
    """Empty axes with these limits, for two densities and below them for an integrand, whose scale is left open."""
    figure = Figure(figsize=(5.4, 4.2))
    FigureCanvasAgg(figure)
    figure.add_axes((0.1, 0.52, 0.87, 0.46)).set(xlim=x, ylim=density, ylabel="density", xticklabels=[])
    below = figure.add_axes((0.1, 0.11, 0.87, 0.35))
    top = integrand[1]
    below.set(xlim=x, ylim=integrand, xlabel="x", yticks=(0, top / 2, top), yticklabels=("0", "", ""))
    below.axhline(0, color="black", linewidth=0.8)
    return figure


@styled
def gaussian_cases(
    cases: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    integrands: Mapping[str, Sequence[ArrayLike]],
    divergences: Mapping[str, Sequence[str]],
) -> Figure:
    """Pairs of densities, a column each, and below them the integrands of their divergences.

    Every row has one scale, so that areas can be compared.

    Args:
        cases: title -> x, p(x) and q(x), (K,) each.
        integrands: label of a row -> for each case the integrand at the same x. Its area is coloured: one colour
            above zero, another below.
        divergences: label of a row -> for each case what the area amounts to, in words.
    """
    figure, _ = _figure(WIDTH, 1.75 * (1 + len(integrands)))
    figure.clear()
    grid = figure.subplots(1 + len(integrands), len(cases), sharex=True, sharey="row", squeeze=False)
    for axes, (title, (x, p, q)) in zip(grid[0], cases.items(), strict=True):
        axes.plot(x, p, color=class_colour(0))
        axes.plot(x, q, color=class_colour(1), linestyle="--")
        for name, density in (("p", p), ("q", q)):
            top = int(np.argmax(density))
            axes.annotate(name, (x[top], density[top]), (0, 3), textcoords="offset points", ha="center", weight="bold")
        axes.set_title(title)
        axes.margins(x=0, y=0.15)
    for axes_row, (label, row) in zip(grid[1:], integrands.items(), strict=True):
        for axes, (x, _, _), values, divergence in zip(axes_row, cases.values(), row, divergences[label], strict=True):
            values = np.asarray(values)
            axes.fill_between(x, values.clip(min=0), color=POSITIVE, linewidth=0)
            axes.fill_between(x, values.clip(max=0), color=NEGATIVE, linewidth=0)
            axes.plot(x, values, color="black", linewidth=1)
            axes.axhline(0, color="black", linewidth=0.8)
            axes.set_title(divergence, fontsize=10)
        axes_row[0].set_ylabel(label)
    grid[0, 0].set(ylabel="density", ylim=(0, None))
    return figure


@styled
def both_ways(forward: ArrayLike, reverse: ArrayLike, labels: Sequence[str]) -> Figure:
    """A divergence one way against the other way, (K,) each: on the dotted diagonal the two are equal.

    Args:
        forward, reverse: the two divergences of each pair.
        labels: of the two axes.
    """
    figure, axes = _figure(4.2, 4.0)
    axes.scatter(forward, reverse, s=9, alpha=0.6, linewidths=0, color=COLOURS[0])
    top = 1.03 * np.max([forward, reverse])
    axes.plot([0, top], [0, top], color="black", linestyle=":", linewidth=1.2)
    axes.set(xlabel=labels[0], ylabel=labels[1], xlim=(0, top), ylim=(0, top), aspect="equal")
    return figure


@styled
def kl_directions(
    x: ArrayLike,
    p: ArrayLike,
    fits: Mapping[str, Sequence[tuple[float, float]]],
    surfaces: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    paths: Mapping[str, Sequence[ArrayLike]],
) -> Figure:
    """One Gaussian fitted to a density by a divergence, a column for each divergence.

    Above stands the density with the Gaussians that the fits end at, below the map of the divergence over means and
    spreads, with the way that each fit went: from a ring to a dot.

    Args:
        x, p: the density p(x) at x, (K,) each.
        fits: title of a column -> mean and spread of each Gaussian.
        surfaces: the same titles -> means (M,), spreads (S,), the divergence in nats (S, M).
        paths: the same titles -> the means and spreads along each fit, (steps, 2).
    """
    figure, grid = _figure(WIDTH, 5.6, rows=2, columns=len(fits))
    x, lines = np.asarray(x), ("-", "--")
    levels = np.geomspace(0.1, 20, 15)
    for column, title in enumerate(fits):
        above, below = grid[:, column]
        above.fill_between(x, p, color="0.82", linewidth=0, label="p")
        means, spreads, nats = (np.asarray(part) for part in surfaces[title])
        contours = below.contourf(means, spreads, nats, levels, norm="log", cmap="YlGnBu_r", extend="both")
        pairs = zip(fits[title], paths[title], strict=True)
        for index, ((mean, spread), path) in enumerate(pairs):
            colour, line = class_colour(1 + index), lines[index % len(lines)]
            q = np.exp(-((x - mean) ** 2) / (2 * spread**2)) / (spread * np.sqrt(2 * np.pi))
            name = "q" if len(fits[title]) == 1 else f"q, start {index + 1}"
            above.plot(x, q, color=colour, linestyle=line, label=name)
            path = np.asarray(path)
            below.plot(*path.T, color="white", linewidth=3.5)
            below.plot(*path.T, color=colour, linestyle=line)
            below.plot(*path[0], "o", markersize=8, markerfacecolor="white", markeredgecolor=colour, markeredgewidth=2)
            below.plot(*path[-1], "o", markersize=9, color=colour, markeredgecolor="white", markeredgewidth=1.5)
        above.set(title=title, xlim=(means[0], means[-1]))
        above.legend(loc="upper center", ncols=3, fontsize=9, columnspacing=1, handlelength=1.8)
        below.set(xlabel="mean of q")
    highest = max(axes.dataLim.y1 for axes in grid[0])
    for axes in grid[0]:
        axes.set_ylim(0, 1.2 * highest)
    grid[0, 0].set_ylabel("density")
    grid[1, 0].set_ylabel("spread of q")
    bar = figure.colorbar(contours, ax=list(grid[1]), ticks=(0.1, 0.3, 1, 3, 10), format="%g", pad=0.02)
    bar.set_label("nats")
    bar.minorticks_off()
    return figure


@styled
def estimates(
    counts: Sequence[int], means: Sequence[float], errors: Sequence[float], exact: float, ylabel: str
) -> Figure:
    """Monte Carlo estimates against the number of samples, with two standard errors each way, and the exact value."""
    figure, axes = _figure(5.8, 3.2)
    axes.axhline(exact, color="black", linewidth=1.2, linestyle=":", label=f"exact: {exact:.2f}")
    bars = 2 * np.asarray(errors)
    label = "Monte Carlo ± 2 standard errors"
    axes.errorbar(counts, means, bars, fmt="o", color=COLOURS[0], capsize=4, linewidth=1.5, label=label)
    axes.set(xscale="log", xlabel="number of samples", ylabel=ylabel)
    axes.legend()
    return figure


@styled
def bound(
    steps: Sequence[int],
    log_p: Sequence[float],
    elbo: Sequence[float],
    gap: Sequence[float],
    ceiling: float,
    floor: float,
    turn: int,
) -> Figure:
    """log p(x) and the ELBO below it while a model is trained, and the gap between them on an axis of its own.

    Args:
        steps: of the training, (K,).
        log_p, elbo, gap: at these steps, in nats; the gap measured as KL(q(z|x)‖p(z|x)), not as a difference.
        ceiling: the mean of log p(x) under the distribution that the data come from.
        floor: the smallest gap that the encoder can reach alone.
        turn: the step from which the decoder learns, too.
    """
    figure, (left, right) = _figure(WIDTH, 3.5, columns=2)
    left.axhline(ceiling, color="black", linewidth=1.2, linestyle=":", label="the source: log p(x)")
    left.plot(steps, log_p, color=COLOURS[0], label="log p(x)")
    left.plot(steps, elbo, color=COLOURS[1], linestyle="--", label="ELBO")
    left.fill_between(steps, elbo, log_p, color=COLOURS[1], alpha=0.2, linewidth=0)
    low = min(min(log_p), np.quantile(elbo, 0.05))
    left.set(ylabel="nats per x", ylim=(low - 0.15 * (ceiling - low), ceiling + 0.1 * (ceiling - low)))
    left.legend(loc="lower right")
    right.plot(steps, gap, color=COLOURS[2], label="KL(q(z|x)‖p(z|x))")
    places = np.linspace(0, len(steps) - 1, 16).astype(int)
    difference = np.asarray(log_p) - np.asarray(elbo)
    label = "log p(x) − ELBO"
    right.plot(np.asarray(steps)[places], difference[places], "o", color="black", markersize=4, label=label)
    right.plot([0, turn], [floor, floor], color="black", linewidth=1.2, linestyle=":", label="best diagonal q")
    right.set(yscale="log", ylabel="gap, nats")
    right.legend(loc="upper right", fontsize=9)
    for axes in (left, right):
        axes.axvline(turn, color="0.6", linewidth=1)
        axes.set(xlabel="step", xlim=(0, steps[-1]))
        above = axes.get_xaxis_transform()
        axes.text(turn - 0.02 * steps[-1], 1.02, "encoder alone", transform=above, ha="right", fontsize=9)
        axes.text(turn + 0.02 * steps[-1], 1.02, "decoder, too", transform=above, fontsize=9)
    return figure
