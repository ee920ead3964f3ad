"""Every figure of the course.

A function takes plain tensors or arrays and returns a matplotlib Figure; :func:`show` puts a Figure into the
notebook together with its alt text. Colours come from Petroff's palettes
(Petroff, 2021), which stay apart for colour-blind readers, and no figure tells its classes by colour alone.
"""

import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.style
import numpy as np
import torch
from IPython.display import Image, display
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike

WIDTH = 7.6
"""Inches; the width of a full figure at notebook size."""
DPI = 100
VALIDATION = "validation "
"""Prefix of the terms measured on held-out pictures, as in :class:`vaecourse.training.History`."""
COLOURS = tuple(mpl.style.library["petroff10"]["axes.prop_cycle"].by_key()["color"])
STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "font.size": 10,
    "legend.frameon": False,
    "lines.linewidth": 2,
}

MARKERS = "osD^vP*X<>"
_PROBE = {"boxstyle": "circle,pad=0.2", "fc": "black", "ec": "white"}

styled = mpl.rc_context(STYLE)
"""Decorator: draw in the course's style, and leave the reader's own matplotlib settings alone."""


def show(figure: Figure, alt: str) -> None:
    """Put a figure into the notebook as a PNG, with ``alt`` for those who do not see it.

    Args:
        figure: a matplotlib Figure.
        alt: one or two sentences that say what the figure shows.

    Raises:
        ValueError: ``alt`` is empty.
    """
    if not alt.strip():
        raise ValueError("alt takes a sentence that says what the figure shows, got an empty text")
    display(Image(data=png(figure), format="png", alt=alt))


@styled
def png(figure: Figure, trim: bool = True) -> bytes:
    """The figure as the bytes of a PNG file, by default trimmed to what is drawn."""
    with io.BytesIO() as file:
        figure.savefig(file, format="png", dpi=DPI, bbox_inches="tight" if trim else None, pad_inches=0.08)
        return file.getvalue()


@styled
def picture_rows(rows: Mapping[str, ArrayLike], titles: Sequence[str] | None = None) -> Figure:
    """Pictures in labelled rows, one column a picture: ``picture_rows({"x": x, "x̂": x_hat})``.

    Args:
        rows: label -> pictures (N, C, H, W) with values in [0, 1], C = 1 (grey) or 3 (colour); as many in each row.
        titles: one short text above each column.
    """
    images = {label: _images(pictures) for label, pictures in rows.items()}
    lengths = [len(row) for row in images.values()]
    if len(set(lengths)) != 1:
        raise ValueError(f"rows takes one row or more, of as many pictures each, got {lengths}")
    (columns,) = set(lengths)
    if titles is not None and len(titles) != columns:
        raise ValueError(f"titles takes one text for each of the {columns} columns, got {len(titles)}")
    cell = min(0.9, (WIDTH - 1.2) / columns)
    figure, grid = _grid_figure(len(images), columns, (columns * cell + 1.2, len(images) * cell + 0.3))
    for axes_row, (label, row) in zip(grid, images.items(), strict=True):
        for axes, image in zip(axes_row, row, strict=True):
            _draw(axes, image)
        axes_row[0].set_ylabel(label, rotation=0, ha="right", va="center", labelpad=8)
    for axes, title in zip(grid[0], titles or [""] * columns, strict=True):
        axes.set_title(title, loc="center")
    return figure


@styled
def picture_sheet(pictures: ArrayLike, columns: int = 10) -> Figure:
    """Pictures (N, C, H, W) as one sheet, row by row, with a line of paper between them."""
    images = _images(pictures)
    rows = -(-len(images) // columns)
    height, width = (size + 1 for size in images.shape[1:3])
    sheet = np.ones((rows, height, columns, width, images.shape[3]), images.dtype)
    for index, image in enumerate(images):
        sheet[index // columns, 1:, index % columns, 1:] = image
    sheet = sheet.reshape(rows * height, columns * width, -1)[1:, 1:]
    figure_width = min(WIDTH, columns * max(0.62, width / 80))
    figure, axes = _figure(figure_width, figure_width * len(sheet) / sheet.shape[1])
    _draw(axes, sheet)
    return figure


@styled
def history(terms: Mapping[str, Sequence[float]]) -> Figure:
    """The mean of each term over the epochs; a term and its validation twin share a colour.

    Args:
        terms: name -> one value an epoch, as :class:`vaecourse.training.History` holds them.
    """
    names = [name for name in terms if not name.startswith(VALIDATION)]
    figure, axes_list = _figure(WIDTH, 2.6, columns=len(names))
    for index, (axes, name) in enumerate(zip(np.atleast_1d(axes_list), names, strict=True)):
        for label, values, style in (
            ("training, mean over the epoch", terms[name], "-"),
            ("held out, after the epoch", terms.get(VALIDATION + name), "--"),
        ):
            if values:
                epochs, marker = range(1, len(values) + 1), "." if len(values) < 30 else ""
                axes.plot(epochs, values, style, color=class_colour(index), label=label, marker=marker)
        axes.set(title=name, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if VALIDATION + name in terms:
            axes.legend()
    np.atleast_1d(axes_list)[0].set_ylabel("mean per picture")
    return figure


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
def shares(values: Mapping[str, float], xlabel: str) -> Figure:
    """Named shares between 0 and 1 as bars on one common axis from 0 to 100 %."""
    figure, axes = _figure(WIDTH, 0.5 + 0.45 * len(values))
    bars = axes.barh(list(values), [100 * value for value in values.values()], color=COLOURS[0], height=0.6)
    axes.bar_label(bars, fmt="{:.0f} %", padding=4)
    axes.invert_yaxis()
    axes.set(xlim=(0, 108), xlabel=f"{xlabel} (%)", xticks=range(0, 101, 20))
    axes.tick_params(left=False)
    return figure


def class_colour(index: int) -> str:
    """The colour that class number ``index`` has in every figure and widget."""
    return COLOURS[index % len(COLOURS)]


def _figure(width: float, height: float, rows: int = 1, columns: int = 1):
    """A Figure apart from pyplot's list of open ones: nothing to close, nothing drawn twice in a notebook."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns)


def _grid_figure(rows: int, columns: int, size: tuple[float, float]):
    figure, _ = _figure(*size)
    figure.clear()
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.02, hspace=0.02)
    return figure, figure.subplots(rows, columns, squeeze=False)


def _scatter_codes(axes: Axes, codes: ArrayLike, targets: ArrayLike, classes: Sequence[str]) -> None:
    codes, targets = np.asarray(codes), np.asarray(targets)
    if not np.isfinite(codes).all():
        raise ValueError("codes takes finite numbers; this model encodes some pictures to NaN or infinity")
    present = [(index, name, codes[targets == index]) for index, name in enumerate(classes)]
    present = [(index, name, mine) for index, name, mine in present if len(mine)]
    for index, _, mine in present:
        axes.scatter(*mine.T, s=8, alpha=0.6, linewidths=0, color=class_colour(index))
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


def _draw(axes: Axes, image: np.ndarray) -> None:
    if image.shape[-1] == 1:
        axes.imshow(image[..., 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    else:
        axes.imshow(image, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _images(pictures: ArrayLike) -> np.ndarray:
    """(N, C, H, W) to (N, H, W, C) in [0, 1], as matplotlib takes them."""
    if isinstance(pictures, torch.Tensor):
        pictures = pictures.detach().cpu().numpy()
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or pictures.size == 0:
        raise ValueError(f"pictures must have shape (N, 1 or 3, H, W) with N > 0, got {pictures.shape}")
    return np.moveaxis(pictures, 1, -1).clip(0, 1)
