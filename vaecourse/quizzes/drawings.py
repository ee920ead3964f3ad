"""The pictures of the quizzes: ``python -m vaecourse.quizzes.drawings`` draws them anew beside the questions.

They are stored as files because a quiz's output is compared when a notebook is run again, and matplotlib's pictures
differ in their last bits from version to version. To add one, write a function and name it in :data:`DRAWINGS`.
"""

import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from vaecourse.plots import MARKERS, class_colour, styled

DPI = 200
"""Twice the pixels that a quiz shows, for screens with fine ones."""


@styled
def tiny_pictures() -> Figure:
    """A picture of 2 x 2 pixels and its reconstruction, with their grey levels."""
    pictures = {"$x$": [[0, 1], [0, 1]], r"$\hat{x}$": [[0.1, 0.7], [0, 0.6]]}
    figure = Figure((2.9, 1.6), layout="constrained")
    for axes, (name, picture) in zip(figure.subplots(1, 2), pictures.items(), strict=True):
        axes.pcolormesh(picture, cmap="gray", vmin=0, vmax=1, edgecolors="gray", linewidth=1)
        for (row, column), level in np.ndenumerate(picture):
            ink = "black" if level > 0.4 else "white"
            axes.text(column + 0.5, row + 0.5, f"{level:g}", ha="center", va="center", color=ink)
        axes.set_title(name, loc="center", fontsize=14)
        axes.set(xticks=[], yticks=[], aspect="equal")
        axes.invert_yaxis()
        axes.spines[:].set_visible(False)
    return figure


@styled
def four_points() -> Figure:
    """The codes of three digits in a plane, and four points to choose from."""
    generator = np.random.default_rng(0)
    clouds = {"0": ([-2.3, 1.2], [0.55, 0.7]), "1": ([2.2, 1.5], [0.4, 0.75]), "7": ([2.7, -0.4], [0.8, 0.6])}
    points = {"1": (-2.3, 1.2), "2": (2.4, 0.4), "3": (0.0, 0.3), "4": (-1.2, -1.8)}
    figure = Figure((3.8, 3.0), layout="constrained")
    axes = figure.subplots()
    for index, (digit, (centre, spread)) in enumerate(clouds.items()):
        codes = centre + spread * generator.normal(size=(110, 2)).clip(-2, 2)
        if digit == "0":
            codes = np.vstack([codes, points["4"]])  # one code apart from all others
        marker, colour = MARKERS[index], class_colour(index)
        axes.scatter(*codes.T, s=11, marker=marker, color=colour, linewidths=0, label=f"code of a {digit}")
    for name, point in points.items():
        axes.plot(*point, "o", ms=11, mfc="none", mec="black", mew=1.5)
        box = {"boxstyle": "circle,pad=0.2", "fc": "black", "ec": "white"}
        axes.annotate(name, point, (11, 9), textcoords="offset points", color="white", fontweight="bold", bbox=box)
    axes.set(xlabel="$z_1$", ylabel="$z_2$", xticks=[], yticks=[], ylim=(-2.6, 3.3))
    figure.legend(loc="outside upper center", ncols=3, fontsize=8, handletextpad=0.1, columnspacing=1)
    return figure


DRAWINGS = {"tiny_pictures.png": tiny_pictures, "four_points.png": four_points}


def png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG file of 64 colours, which are enough for a drawing and make it small."""
    with io.BytesIO() as drawn, io.BytesIO() as reduced:
        figure.savefig(drawn, format="png", dpi=DPI)
        Image.open(drawn).convert("RGB").quantize(64).save(reduced, format="png", optimize=True)
        return reduced.getvalue()


def main() -> None:
    """Draw all pictures."""
    for name, draw in DRAWINGS.items():
        Path(__file__).with_name(name).write_bytes(png(draw()))


if __name__ == "__main__":
    main()
