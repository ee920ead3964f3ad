"""Latent planes: where the codes lie, and what the points between them decode to."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

from vaecourse.plots.base import WIDTH, _figure, class_colour, styled
from vaecourse.plots.pictures import _draw, _images, _sheet

_PROBE = {"boxstyle": "circle,pad=0.2", "fc": "black", "ec": "white"}


@styled
def latent_plane(codes: ArrayLike, targets: ArrayLike, classes: Sequence[str]) -> Figure:
    """The codes (N, 2) of a model, coloured by class; each class's name stands at the median of its codes.

    Args:
        codes: (N, 2).
        targets: (N,) class indices.
        classes: the classes' names.
    """
    figure, axes = _figure(5.2, 5.0)
    _scatter_codes(axes, codes, targets, classes)
    return figure


@styled
def latent_planes(codes: Mapping[str, ArrayLike], targets: ArrayLike, classes: Sequence[str]) -> Figure:
    """The latent planes of several models side by side, each at its own scale, the prior's circles in all.

    Args:
        codes: name of a model -> (N, 2).
        targets, classes: as for :func:`latent_plane`.
    """
    figure, grid = _figure(WIDTH + 1, 4.6, columns=len(codes))
    for axes, (title, mine) in zip(np.atleast_1d(grid), codes.items(), strict=True):
        _scatter_codes(axes, mine, targets, classes, size=5)
        _draw_prior(axes)
        _make_square(axes)
        axes.set_title(title)
    return figure


@styled
def latent_probes(
    codes: ArrayLike,
    targets: ArrayLike,
    classes: Sequence[str],
    probes: ArrayLike,
    pictures: ArrayLike,
    captions: Sequence[str] | None = None,
) -> Figure:
    """The latent plane with lettered points in it, and beside it the picture that each point decodes to.

    Args:
        codes, targets, classes: as for :func:`latent_plane`.
        probes: the points, (P, 2).
        pictures: what they decode to, (P, C, H, W).
        captions: a short text below each picture.
    """
    images, columns = _images(pictures), 2
    rows = -(-len(images) // columns)
    figure, _ = _figure(WIDTH, 4.6)
    figure.clear()
    grid = figure.add_gridspec(rows, columns + 1, width_ratios=[4.6, *[1.1] * columns])
    plane = figure.add_subplot(grid[:, 0])
    _scatter_codes(plane, codes, targets, classes)
    plane.plot(*np.asarray(probes).T, color="black", linewidth=1, linestyle=":")
    for index, (probe, image) in enumerate(zip(np.asarray(probes), images, strict=True)):
        letter = chr(ord("A") + index)
        plane.text(*probe, letter, ha="center", va="center", color="white", fontsize=9, bbox=_PROBE)
        axes = figure.add_subplot(grid[index % rows, 1 + index // rows])
        _draw(axes, image)
        axes.set_title(letter, loc="center", fontsize=10)
        axes.set_xlabel(captions[index] if captions else "", fontsize=8)
    return figure


@styled
def plane_background(
    codes: ArrayLike, targets: ArrayLike, classes: Sequence[str], extent: tuple[float, float, float, float]
) -> Figure:
    """The latent plane edge to edge, without room for labels: (x_min, x_max, y_min, y_max) is the whole square."""
    figure = Figure(figsize=(5, 5))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    _scatter_codes(axes, codes, targets, classes)
    axes.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    return figure


def plane_extent(codes: ArrayLike, outside: float = 0.01) -> tuple[float, float, float, float]:
    """The box (x_min, x_max, y_min, y_max) that leaves out the share ``outside`` of the codes (N, 2) on each side.

    An autoencoder throws a few codes far out; without them the box shows the rest at a readable size.
    """
    low, high = np.quantile(np.asarray(codes), [outside, 1 - outside], axis=0)
    room = 0.05 * (high - low) + 1e-6
    low, high = low - room, high + room
    (x_min, y_min), (x_max, y_max) = low, high
    return float(x_min), float(x_max), float(y_min), float(y_max)


@styled
def loss_panel(
    models: Mapping[str, tuple[ArrayLike, ArrayLike]],
    targets: ArrayLike,
    classes: Sequence[str],
    captions: Sequence[str],
) -> Figure:
    """What each loss makes of the same network, a column each: its codes, and samples from the prior.

    Args:
        models: name of the loss -> codes drawn from q(z|x), (N, 2), and pictures, (M, C, H, W).
        targets: (N,) class indices.
        classes: the classes' names.
        captions: a text of a few lines below each column.
    """
    figure, _ = _figure(WIDTH + 2.4, 6.6)
    figure.clear()
    grid = figure.subplots(2, len(models), height_ratios=[1.15, 1], squeeze=False)
    for column, (title, (codes, samples)) in enumerate(models.items()):
        _scatter_codes(grid[0, column], codes, targets, classes, size=4)
        _draw_prior(grid[0, column])
        _make_square(grid[0, column])
        grid[0, column].set_title(title)
        _draw(grid[1, column], _sheet(samples, round(np.sqrt(len(samples)))))
        grid[1, column].set_title("decoded draws from the prior", fontsize=10)
        grid[1, column].set_xlabel(captions[column], fontsize=9)
    return figure


@styled
def manifold(pictures: ArrayLike, ticks: Sequence[float]) -> Figure:
    """What a square grid of codes decodes to, z2 upwards, each picture at its place in the latent plane.

    Args:
        pictures: (K * K, C, H, W), row by row from the top, where z2 is largest.
        ticks: the K values that both z1 and z2 take, in growing order.

    Raises:
        ValueError: there are not K * K pictures.
    """
    side = len(ticks)
    if len(pictures) != side**2:
        raise ValueError(f"pictures takes {side} x {side} of them, one for each pair of ticks, got {len(pictures)}")
    sheet = _sheet(pictures, side)
    figure, axes = _figure(WIDTH, WIDTH)
    _draw(axes, sheet)
    cells = (np.arange(side) + 0.5) * (sheet.shape[0] + 1) / side - 1
    shown = [0, side // 4, side // 2, side - 1 - side // 4, side - 1]
    labels = [f"{ticks[index]:.1f}" for index in shown]
    axes.set_xticks(cells[shown], labels)
    axes.set_yticks(cells[::-1][shown], labels)
    axes.tick_params(length=0)
    axes.set(xlabel="$z_1$", ylabel="$z_2$")
    return figure


def _scatter_codes(axes: Axes, codes: ArrayLike, targets: ArrayLike, classes: Sequence[str], size: float = 8) -> None:
    codes, targets = np.asarray(codes), np.asarray(targets)
    if not np.isfinite(codes).all():
        raise ValueError("codes takes finite numbers; this model encodes some pictures to NaN or infinity")
    present = [(index, name, codes[targets == index]) for index, name in enumerate(classes)]
    present = [(index, name, mine) for index, name, mine in present if len(mine)]
    for index, _, mine in present:
        axes.scatter(*mine.T, s=size, alpha=0.6, linewidths=0, color=class_colour(index))
    x_min, x_max, y_min, y_max = plane_extent(codes)
    axes.set(xlabel="$z_1$", ylabel="$z_2$", xlim=(x_min, x_max), ylim=(y_min, y_max))
    places = np.array([np.median(mine, axis=0) for _, _, mine in present])
    places = _spread(places, 0.065 * np.array([x_max - x_min, y_max - y_min]))
    for (index, name, _), place in zip(present, places, strict=True):
        box = {"boxstyle": "round,pad=0.25", "fc": "white", "ec": class_colour(index), "lw": 2}
        axes.text(*place, name, ha="center", va="center", fontweight="bold", bbox=box)


def _spread(places: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Move places (K, 2) that are nearer than ``apart`` (2,) away from each other, so that no label hides another."""
    angles = 2 * np.pi * np.arange(len(places)) / max(1, len(places))
    # A nudge, each in a direction of its own, parts those that lie in one point.
    places = places / apart + 0.01 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for _ in range(100):
        difference = places[:, None] - places[None]
        distance = np.linalg.norm(difference, axis=-1, keepdims=True)
        push = np.where(distance < 1, (1 - distance) / 2, 0) * difference / np.maximum(distance, 1e-9)
        places = places + push.sum(1)
    return places * apart


def _make_square(axes: Axes) -> None:
    """Widen the shorter axis until both have one scale, so that circles look round."""
    (x_min, x_max), (y_min, y_max) = axes.get_xlim(), axes.get_ylim()
    reach = max(x_max - x_min, y_max - y_min) / 2
    x, y = (x_min + x_max) / 2, (y_min + y_max) / 2
    axes.set(xlim=(x - reach, x + reach), ylim=(y - reach, y + reach), aspect="equal")


def _draw_prior(axes: Axes) -> None:
    """Circles at one, two and three standard deviations of N(0, I), all of them within the axes."""
    limits = {
        name: (min(-3.2, low), max(3.2, high))
        for name, (low, high) in {"xlim": axes.get_xlim(), "ylim": axes.get_ylim()}.items()
    }
    for radius in (1, 2, 3):
        axes.add_patch(Circle((0, 0), radius, fill=False, color="black", linestyle="--", linewidth=1, zorder=3))
    axes.set(**limits)
