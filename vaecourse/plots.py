"""Every figure of the course.

A function takes plain tensors or arrays and returns a matplotlib Figure; :func:`show` puts a Figure into the
notebook together with its alt text. Colours come from Petroff's palettes
(Petroff, 2021), which stay apart for colour-blind readers, and no figure tells its classes by colour alone.
"""

import base64
import html
import io
import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import matplotlib as mpl
import matplotlib.style
import numpy as np
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike
from PIL import Image

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

POSITIVE, NEGATIVE = COLOURS[4], COLOURS[3]
"""Of the area above zero and of the one below it."""
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
    data, metadata = bundle(figure, alt)
    display(data, metadata=metadata, raw=True)


def bundle(figure: Figure, alt: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The MIME bundle of a figure with its alt text, and the bundle's metadata.

    JupyterLab shows a PNG without its alt text, so there the figure is HTML. Other viewers take the alt text from the
    metadata, and some of them (GitHub, by what is known of it) pass over pictures within HTML: when the environment
    variable ``VAECOURSE_FIGURES`` is "png", as it is for stored outputs, the figure is a PNG.

    Raises:
        ValueError: ``alt`` is empty.
    """
    if not alt.strip():
        raise ValueError("alt takes a sentence that says what the figure shows, got an empty text")
    picture = base64.b64encode(png(figure)).decode()
    if os.environ.get("VAECOURSE_FIGURES") == "png":
        return {"image/png": picture, "text/plain": alt}, {"image/png": {"alt": alt}}
    image = f'<img src="data:image/png;base64,{picture}" alt="{html.escape(alt)}" style="max-width: 100%" />'
    return {"text/html": image, "text/plain": alt}, {}


@styled
def png(figure: Figure, trim: bool = True) -> bytes:
    """The figure as the bytes of a PNG file of 256 colours, by default trimmed to what is drawn.

    No eye misses the other colours, and a notebook with its figures is half as large.
    """
    with io.BytesIO() as drawn, io.BytesIO() as file:
        figure.savefig(drawn, format="png", dpi=DPI, bbox_inches="tight" if trim else None, pad_inches=0.08)
        colours = Image.open(drawn).convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        colours.save(file, "PNG", optimize=True)
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
    sheet = _sheet(pictures, columns)
    figure_width = min(WIDTH, columns * max(0.62, np.shape(pictures)[-1] / 80))
    figure, axes = _figure(figure_width, figure_width * len(sheet) / sheet.shape[1])
    _draw(axes, sheet)
    return figure


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
def captioned_rows(
    rows: Mapping[str, ArrayLike], captions: Mapping[str, Sequence[str]], titles: Sequence[str] | None = None
) -> Figure:
    """:func:`picture_rows` with a short text below each picture of the rows that ``captions`` names."""
    figure = picture_rows(rows, titles)
    columns = len(figure.axes) // len(rows)
    figure.set_figheight(figure.get_figheight() + 0.2 * len(captions))
    for index, label in enumerate(rows):
        for axes, caption in zip(figure.axes[index * columns :], captions.get(label, ()), strict=False):
            axes.set_xlabel(caption, fontsize=8, labelpad=2)
    return figure


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
def rate_distortion(betas: Sequence[float], kl: Sequence[float], distortion: Sequence[float]) -> Figure:
    """What each beta costs: the code's length against the error that is left, both in nats per picture."""
    figure = Figure(figsize=(4.0, 3.0))
    FigureCanvasAgg(figure)
    _draw_rate_distortion(figure.add_axes((0.16, 0.17, 0.8, 0.78)), betas, kl, distortion)
    return figure


@styled
def beta_sweep(
    betas: Sequence[float],
    originals: ArrayLike,
    reconstructions: Sequence[ArrayLike],
    samples: Sequence[ArrayLike],
    kl: Sequence[float],
    distortion: Sequence[float],
    shown: Sequence[int],
) -> Figure:
    """Reconstructions and prior samples of the models number ``shown``, a row each, above the curve of all betas.

    Args:
        betas, kl, distortion: one number a model, as for :func:`rate_distortion`.
        originals: the pictures that are reconstructed, (N, C, H, W).
        reconstructions, samples: for each model in ``shown``, (N, C, H, W).
    """
    strips = [(originals, None), *zip(reconstructions, samples, strict=True)]
    labels = ["originals", *(f"β = {betas[index]:g}" for index in shown)]
    count, _, height, width = np.shape(originals)
    strip_height = (WIDTH - 1.2) / 2 / count * height / width
    figure, _ = _figure(WIDTH, len(strips) * (strip_height + 0.08) + 3.3)
    figure.clear()
    above, below = figure.subfigures(2, 1, height_ratios=[len(strips) * (strip_height + 0.08) + 0.3, 3.0])
    grid = above.subplots(len(strips), 2)
    for axes_row, pair, label in zip(grid, strips, labels, strict=True):
        for axes, pictures in zip(axes_row, pair, strict=True):
            if pictures is None:
                axes.set_axis_off()
            else:
                _draw(axes, _sheet(pictures, count))
        axes_row[0].set_ylabel(label, rotation=0, ha="right", va="center", labelpad=8)
    for axes, title in zip(grid[1], ("reconstructions", "samples from the prior"), strict=True):
        axes.set_title(title, fontsize=10)
    _draw_rate_distortion(below.subplots(), betas, kl, distortion)
    return figure


def svg(figure: Figure) -> bytes:
    """The whole figure as an SVG file, in points; the same figure gives the same bytes."""
    with io.BytesIO() as file, mpl.rc_context({"svg.hashsalt": "vaecourse"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        return file.getvalue()


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


def _draw_rate_distortion(axes: Axes, betas: Sequence[float], kl: Sequence[float], distortion: Sequence[float]) -> None:
    axes.plot(kl, distortion, color=COLOURS[0], marker="o", markersize=5, linewidth=1.2)
    # The curve falls and flattens: there is room to the right of its beginning and below its end.
    for index, place, side in ((np.argmin(kl), (8, 4), "left"), (np.argmax(kl), (4, -16), "right")):
        point = (kl[index], distortion[index])
        axes.annotate(f"β = {betas[index]:g}", point, place, textcoords="offset points", ha=side)
    axes.margins(x=0.08, y=0.16)
    axes.set(xlabel="KL(q(z|x)‖p(z)), nats", ylabel="−log p(x|z), nats")


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


def _sheet(pictures: ArrayLike, columns: int) -> np.ndarray:
    """Pictures (N, C, H, W) as one, (height, width, C), row by row, with a line of paper between them."""
    images = _images(pictures)
    rows = -(-len(images) // columns)
    height, width = (size + 1 for size in images.shape[1:3])
    sheet = np.ones((rows, height, columns, width, images.shape[3]), images.dtype)
    for index, image in enumerate(images):
        sheet[index // columns, 1:, index % columns, 1:] = image
    return sheet.reshape(rows * height, columns * width, -1)[1:, 1:]


def _images(pictures: ArrayLike) -> np.ndarray:
    """(N, C, H, W) to (N, H, W, C) in [0, 1], as matplotlib takes them."""
    if isinstance(pictures, torch.Tensor):
        pictures = pictures.detach().cpu().numpy()
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or pictures.size == 0:
        raise ValueError(f"pictures must have shape (N, 1 or 3, H, W) with N > 0, got {pictures.shape}")
    return np.moveaxis(pictures, 1, -1).clip(0, 1)


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


_BESIDE = {"textcoords": "offset points", "ha": "left"}
_CENTRED = {"textcoords": "offset points", "ha": "center", "weight": "bold"}


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


@styled
def arrow_fields(fields: Mapping[str, tuple[ArrayLike, ArrayLike]], curve: ArrayLike) -> Figure:
    """Where points of the plane are sent, one panel a network: an arrow, true to scale, from each point.

    Args:
        fields: title -> points (N, 2), and where each of them is sent, (N, 2).
        curve: (K, 2), drawn in every panel, point by point.

    Raises:
        ValueError: there is no panel, or points and places in one are not both of one shape (N, 2).
    """
    shapes = {title: (np.shape(points), np.shape(sent)) for title, (points, sent) in fields.items()}
    if not shapes:
        raise ValueError("fields takes one panel or more, got none")
    for title, (points, sent) in shapes.items():
        if points != sent or len(points) != 2 or points[1] != 2:
            raise ValueError(
                f"fields takes points and places of one shape (N, 2), got {points} and {sent} in {title!r}"
            )
    figure, panels = _figure(WIDTH, WIDTH / len(fields) + 0.3, columns=len(fields))
    for axes, (title, (points, sent)) in zip(np.atleast_1d(panels), fields.items(), strict=True):
        points, moves = np.asarray(points), np.asarray(sent) - np.asarray(points)
        axes.plot(*np.asarray(curve).T, color=COLOURS[1], linewidth=3)
        arrows = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.004, "color": COLOURS[0]}
        axes.quiver(*points.T, *moves.T, **arrows, zorder=3)
        axes.set(title=title, xlabel="$x_1$", aspect="equal")
    np.atleast_1d(panels)[0].set_ylabel("$x_2$")
    return figure


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
def schemes_on_the_curve(
    curve: tuple[ArrayLike, ArrayLike], panels: Mapping[str, Mapping[str, tuple[ArrayLike, ArrayLike]]]
) -> Figure:
    """Ways of training on the rate-distortion plane: the mean over the seeds, with one standard deviation each way.

    Args:
        curve: KL and -log p(x|z) of models trained with constant betas, (B,) each: drawn in grey behind.
        panels: title -> name of the way -> its KL and its -log p(x|z), one number a seed, both in nats per picture.

    Raises:
        ValueError: there is no panel, or a way has not as many numbers of both kinds, two or more.
    """
    ways = [(np.asarray(kl), np.asarray(error)) for each in panels.values() for kl, error in each.values()]
    if not ways or any(kl.ndim != 1 or kl.shape != error.shape or len(kl) < 2 for kl, error in ways):
        raise ValueError("panels takes for each way as many KLs as errors, one a seed, and two seeds or more")
    figure, axes_list = _figure(WIDTH, 3.5, columns=len(panels))
    order = np.argsort(curve[0])
    for axes, (title, each) in zip(np.atleast_1d(axes_list), panels.items(), strict=True):
        axes.plot(np.asarray(curve[0])[order], np.asarray(curve[1])[order], color="0.7", marker=".", zorder=0)
        for index, (name, pair) in enumerate(each.items()):
            kl, error = np.asarray(pair[0]), np.asarray(pair[1])
            axes.errorbar(
                np.mean(kl),
                np.mean(error),
                xerr=np.std(kl, ddof=1),
                yerr=np.std(error, ddof=1),
                color=class_colour(index),
                marker=MARKERS[index],
                linestyle="none",
                capsize=3,
                label=name,
            )
        kls, errors = (np.concatenate(numbers) for numbers in zip(*each.values(), strict=True))
        axes.set(title=title, xlabel="KL(q(z|x)‖p(z)), nats", xlim=_with_room(kls), ylim=_with_room(errors))
        axes.legend(fontsize=9)
    np.atleast_1d(axes_list)[0].set_ylabel("−log p(x|z), nats")
    return figure


def _with_room(numbers: np.ndarray) -> tuple[float, float]:
    """Limits of an axis that shows these numbers, and about as much beyond them."""
    room = max(0.35 * np.ptp(numbers), 0.5)
    return numbers.min() - room, numbers.max() + room


@styled
def schedules(ways: Mapping[str, ArrayLike]) -> Figure:
    """Beta over the training, a small panel a way.

    Args:
        ways: title -> beta at evenly spaced moments from the start of the training to its end, (K,).
    """
    figure, panels = _figure(WIDTH, 1.7, columns=len(ways))
    top = max(np.max(betas) for betas in ways.values())
    for index, (axes, (title, betas)) in enumerate(zip(np.atleast_1d(panels), ways.items(), strict=True)):
        axes.plot(np.linspace(0, 100, len(betas)), betas, color=class_colour(index))
        axes.set(title=title, ylim=(0, 1.15 * top), xlabel="training (%)", xticks=(0, 50, 100))
    np.atleast_1d(panels)[0].set_ylabel("$\\beta$")
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
def trajectories(
    panels: Mapping[str, ArrayLike], obstacle: Sequence[float], radius: float, crashed: Mapping[str, ArrayLike]
) -> Figure:
    """Paths around one round obstacle, a panel for each way of choosing them; those that crash are red and dashed.

    Args:
        panels: title -> paths, (N, T, 2): N paths of T points (along, across).
        obstacle: its middle, (along, across).
        radius: of the obstacle.
        crashed: title -> which of the paths crash, (N,) booleans.

    Raises:
        ValueError: there is no panel, paths are not (N, T, 2), or ``crashed`` does not fit them.
    """
    if not panels:
        raise ValueError("panels takes one panel or more, got none")
    for title, paths in panels.items():
        shape = np.shape(paths)
        if len(shape) != 3 or shape[2] != 2:
            raise ValueError(f"panels takes paths of shape (N, T, 2), got {shape} in {title!r}")
        if title not in crashed or np.shape(crashed[title]) != shape[:1]:
            raise ValueError(f"crashed takes one boolean for each of the {shape[0]} paths in {title!r}")
    figure, grid = _figure(WIDTH, WIDTH / len(panels) * 0.95 + 0.3, columns=len(panels))
    reach = 1.1 * max(float(np.abs(np.asarray(paths)[..., 1]).max()) for paths in panels.values())
    reach = max(reach, abs(obstacle[1]) + 1.2 * radius)
    for axes, (title, paths) in zip(np.atleast_1d(grid), panels.items(), strict=True):
        axes.add_patch(Circle(tuple(obstacle), radius, facecolor="0.75", edgecolor="black"))
        for path, bad in zip(np.asarray(paths), np.asarray(crashed[title]), strict=True):
            colour, line = (COLOURS[2], "--") if bad else (COLOURS[0], "-")
            axes.plot(*path.T, line, color=colour, linewidth=1.2, alpha=0.8)
        axes.set(title=title, xlabel="along", ylim=(-reach, reach), aspect="equal")
        axes.set_yticks([])
    np.atleast_1d(grid)[0].set_ylabel("across")
    return figure
