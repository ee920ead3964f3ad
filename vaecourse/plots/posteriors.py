"""Posteriors: a code that is a Gaussian, how Gaussians overlap, and how a gradient gets through a draw."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from vaecourse.plots.base import COLOURS, WIDTH, _figure, class_colour, styled
from vaecourse.plots.latent import _PROBE, _draw_prior, _scatter_codes
from vaecourse.plots.pictures import _draw, _images

_CENTRED = {"textcoords": "offset points", "ha": "center", "weight": "bold"}


@styled
def gradient_paths() -> Figure:
    """Two graphs of a loss of z: where z is drawn the gradient stops; with z = mu + sigma * eps it passes."""
    figure, pair = _figure(WIDTH, 2.6, columns=2)
    for axes, title, z in zip(
        pair, ("z is drawn", "z is computed"), ("draw $z$", "$z = \\mu + \\sigma \\odot \\epsilon$"), strict=True
    ):
        _draw_graph(axes, z, passes=z != "draw $z$")
        axes.set_title(title)
        axes.set(xlim=(-0.5, 3.5), ylim=(-1.6, 1.5))
        axes.set_axis_off()
    return figure


@styled
def number_or_distribution(numbers: ArrayLike, means: ArrayLike, stds: ArrayLike, pictures: ArrayLike) -> Figure:
    """One code dimension of a few pictures: a number each (autoencoder), and a Gaussian each (VAE).

    Args:
        numbers: what the autoencoder gives, (K,).
        means, stds: what the VAE gives, (K,) each. Every Gaussian is drawn to the same height.
        pictures: (K, C, H, W).
    """
    images, letters = _images(pictures), [chr(ord("A") + index) for index in range(len(pictures))]
    figure, _ = _figure(WIDTH, 4.4)
    figure.clear()
    grid = figure.add_gridspec(3, len(images), height_ratios=[1.1, 0.7, 1.4])
    above, below = figure.add_subplot(grid[1, :]), figure.add_subplot(grid[2, :])
    means, stds = np.asarray(means), np.asarray(stds)
    span = np.linspace(min(-3.2, (means - 4 * stds).min()), max(3.2, (means + 4 * stds).max()), 2000)
    below.plot(span, np.exp(-(span**2) / 2), color="black", linestyle="--", linewidth=1, label="prior $p(z_1)$")
    for index, (letter, image) in enumerate(zip(letters, images, strict=True)):
        axes = figure.add_subplot(grid[0, index])
        _draw(axes, image)
        axes.set_title(letter, loc="center")
        colour = class_colour(index)
        above.plot([numbers[index]] * 2, [0, 1], color=colour)
        above.annotate(letter, (numbers[index], 1), (0, 3), **_CENTRED)
        density = np.exp(-(((span - means[index]) / stds[index]) ** 2) / 2)
        below.fill_between(span, density, color=colour, alpha=0.6)
        below.annotate(letter, (means[index], 1), (0, 3), **_CENTRED)
    above.set(title="autoencoder: a number", yticks=[], ylim=(0, 1.6))
    below.set(title="VAE: a distribution $q(z_1|x)$", xlabel="$z_1$", yticks=[], ylim=(0, 1.7))
    below.legend(loc="upper right")
    return figure


@styled
def posterior_plane(means: ArrayLike, stds: ArrayLike, targets: ArrayLike, classes: Sequence[str]) -> Figure:
    """The posteriors of many pictures as ellipses (two standard deviations) on the prior's plane.

    Args:
        means, stds: of q(z|x), (N, 2) each.
        targets: (N,) class indices, for the colours.
        classes: the classes' names.
    """
    figure, axes = _figure(5.6, 5.4)
    _scatter_codes(axes, means, targets, classes, size=0)
    _draw_ellipses(axes, means, stds, [class_colour(int(target)) for target in targets], alpha=0.45)
    reach = max(3.3, *np.abs(np.asarray(means)).max(0))
    _draw_prior(axes)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    return figure


@styled
def posterior_overlaps(
    means: ArrayLike, stds: ArrayLike, originals: ArrayLike, between: ArrayLike, captions: Sequence[str]
) -> Figure:
    """Pairs of pictures whose posteriors overlap: the two ellipses, and what lies between them.

    Args:
        means, stds: of q(z|x), (P, 2, 2) each: pairs, the two pictures of a pair, dimensions.
        originals: (P, 2, C, H, W).
        between: what the point half-way between the two means decodes to, (P, C, H, W).
        captions: a short text below each of these.
    """
    means, stds, decoded = np.asarray(means), np.asarray(stds), _images(between)
    figure, _ = _figure(WIDTH, 1.75 * len(means))
    figure.clear()
    grid = figure.add_gridspec(len(means), 4, width_ratios=[2.2, 1, 1, 1])
    for row, (mean, std, pair) in enumerate(zip(means, stds, originals, strict=True)):
        plane = figure.add_subplot(grid[row, 0])
        _draw_ellipses(plane, mean, std, [class_colour(0), class_colour(1)], alpha=0.5)
        for letter, point in zip("ACB", [*mean, mean.mean(0)], strict=True):
            plane.text(*point, letter, ha="center", va="center", color="white", fontsize=9, bbox=_PROBE)
        room = 3 * std.max()
        (x_min, y_min), (x_max, y_max) = mean.min(0) - room, mean.max(0) + room
        plane.set(xlim=(x_min, x_max), ylim=(y_min, y_max), aspect="equal", xlabel="$z_1$", ylabel="$z_2$")
        first, last = _images(pair)
        shown = {"A: $x$": first, "B: decoded": decoded[row], "C: $x$": last}
        for column, (title, image) in enumerate(shown.items(), start=1):
            axes = figure.add_subplot(grid[row, column])
            _draw(axes, image)
            axes.set_title(title, loc="center", fontsize=10)
            axes.set_xlabel(captions[row] if column == 2 else "", fontsize=8)
    return figure


def _draw_ellipses(axes: Axes, means: ArrayLike, stds: ArrayLike, colours: Sequence[str], alpha: float) -> None:
    width, height = 4 * np.asarray(stds).T  # from two standard deviations on one side to two on the other
    axes.add_collection(
        EllipseCollection(
            width, height, np.zeros(len(width)), units="xy", offsets=np.asarray(means),
            offset_transform=axes.transData, facecolors=colours, edgecolors=colours, alpha=alpha,
        )
    )  # fmt: skip


def _draw_graph(axes: Axes, z: str, passes: bool) -> None:
    """x -> (mu, sigma) -> z -> loss, with the gradient's way back: all the way if it ``passes``, else up to z."""
    places = {"$x$": (0, 0), "$\\mu, \\sigma$": (0.9, 0), z: (2, 0), "loss": (3.2, 0)}
    for (_, start), (_, end) in pairwise(places.items()):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "shrinkA": 18, "shrinkB": 34, "color": "black"})
    if passes:
        places["$\\epsilon \\sim \\mathcal{N}(0, I)$"] = (2, 1.1)
        axes.annotate("", (2, 0), (2, 1.1), arrowprops={"arrowstyle": "-|>", "shrinkA": 14, "shrinkB": 16})
    for text, place in places.items():
        random = text.startswith(("draw", "$\\epsilon"))
        box = {"boxstyle": "round,pad=0.35", "fc": "#ffe8d0" if random else "white", "ec": "black"}
        axes.text(*place, text, ha="center", va="center", bbox=box)
    end, colour = (0, COLOURS[0]) if passes else (2, COLOURS[2])
    back = {"arrowstyle": "-|>", "connectionstyle": "arc3,rad=-0.25", "color": colour, "linestyle": "--", "lw": 2}
    axes.annotate("", (end, -0.3), (3.2, -0.3), arrowprops=back)
    text = "gradient: all the way back" if passes else "gradient: stops here"
    axes.text(1.6 if passes else 2.4, -1.25, text, ha="center", color=colour)
