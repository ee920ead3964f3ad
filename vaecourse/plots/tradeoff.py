"""The KL against the reconstruction: the curve of all betas, and ways of training on it."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from vaecourse.plots.base import COLOURS, MARKERS, WIDTH, _figure, class_colour, styled
from vaecourse.plots.pictures import _draw, _sheet


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


def _draw_rate_distortion(axes: Axes, betas: Sequence[float], kl: Sequence[float], distortion: Sequence[float]) -> None:
    axes.plot(kl, distortion, color=COLOURS[0], marker="o", markersize=5, linewidth=1.2)
    # The curve falls and flattens: there is room to the right of its beginning and below its end.
    for index, place, side in ((np.argmin(kl), (8, 4), "left"), (np.argmax(kl), (4, -16), "right")):
        point = (kl[index], distortion[index])
        axes.annotate(f"β = {betas[index]:g}", point, place, textcoords="offset points", ha=side)
    axes.margins(x=0.08, y=0.16)
    axes.set(xlabel="KL(q(z|x)‖p(z)), nats", ylabel="−log p(x|z), nats")


def _with_room(numbers: np.ndarray) -> tuple[float, float]:
    """Limits of an axis that shows these numbers, and about as much beyond them."""
    room = max(0.35 * np.ptp(numbers), 0.5)
    return numbers.min() - room, numbers.max() + room
