"""Pictures in rows and on sheets."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from vaecourse.plots.base import WIDTH, _figure, styled


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


def _grid_figure(rows: int, columns: int, size: tuple[float, float]):
    figure, _ = _figure(*size)
    figure.clear()
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.02, hspace=0.02)
    return figure, figure.subplots(rows, columns, squeeze=False)


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
