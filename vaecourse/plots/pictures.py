"""Pictures in rows and on sheets."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from vaecourse.plots.base import WIDTH, _figure, styled

GAP = 0.04
"""Between the pictures of a row, as a share of the distance from one to the next."""


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
    longest_line = max(len(line) for label in images for line in label.split("\n"))
    for_labels = 0.4 + 0.075 * longest_line  # inches
    cell = min(0.9, (WIDTH - for_labels) / columns)
    figure, all_axes = _figure(columns * cell + for_labels, len(images) * cell + 0.3, rows=len(images))
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, hspace=0.02)
    all_axes = np.atleast_1d(all_axes)
    for axes, (label, row) in zip(all_axes, images.items(), strict=True):
        _draw_row(axes, row)
        axes.set_ylabel(label, rotation=0, ha="right", va="center", labelpad=8)
    if titles is not None:
        _name_columns(all_axes[0], titles, above=True, fontsize=mpl.rcParams["axes.titlesize"])
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
def captioned_rows(
    rows: Mapping[str, ArrayLike], captions: Mapping[str, Sequence[str]], titles: Sequence[str] | None = None
) -> Figure:
    """:func:`picture_rows` with a short text below each picture of the rows that ``captions`` names."""
    figure = picture_rows(rows, titles)
    figure.set_figheight(figure.get_figheight() + 0.2 * len(captions))
    for axes, label in zip(figure.axes, rows, strict=True):
        if label in captions:
            _name_columns(axes, captions[label], above=False, fontsize=8)
    return figure


def _draw_row(axes: Axes, row: np.ndarray) -> None:
    """Pictures (N, H, W, C) side by side in one Axes, picture k from k to k + 1: far quicker than an Axes for each."""
    height = (1 - GAP) * row.shape[1] / row.shape[2]
    for k, image in enumerate(row):
        _draw(axes, image, extent=(k, k + 1 - GAP, height, 0))
    axes.set(xlim=(0, len(row) - GAP), ylim=(height, 0))


def _name_columns(axes: Axes, names: Sequence[str], above: bool, fontsize: float) -> None:
    """A short text above or below each picture of a row."""
    bottom, top = axes.get_ylim()
    style = {"ha": "center", "va": "bottom" if above else "top", "fontsize": fontsize, "annotation_clip": False}
    for k, name in enumerate(names):
        middle = k + (1 - GAP) / 2, top if above else bottom
        axes.annotate(name, middle, xytext=(0, 3 if above else -2), textcoords="offset points", **style)


def _draw(axes: Axes, image: np.ndarray, extent: tuple[float, float, float, float] | None = None) -> None:
    if image.shape[-1] == 1:
        axes.imshow(image[..., 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest", extent=extent)
    else:
        axes.imshow(image, interpolation="nearest", extent=extent)
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
