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

import matplotlib as mpl
import matplotlib.style
import numpy as np
import torch
from IPython.display import display
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
    names = [name for name in terms if not name.startswith(VALIDATION)]
    if not names:
        raise ValueError("terms takes one or more, got none; a training that is stopped before its first step has none")
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
