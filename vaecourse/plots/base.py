"""What every figure has: the course's colours and style, an empty Figure, and the ways out of it.

Colours come from Petroff's palettes (Petroff, 2021), which stay apart for colour-blind readers.
"""

import base64
import html
import io
import os

import matplotlib as mpl
import matplotlib.style
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

WIDTH = 7.6
"""Inches; the width of a full figure at notebook size."""
DPI = 100
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
