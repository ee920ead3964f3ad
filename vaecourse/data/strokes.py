"""Strokes: handwritten-looking digits and capital letters, drawn by a program from pen strokes.

Every picture is drawn from numbers that the program chose itself, so the *true factors* of every
picture are known: how far the character leans, how thick the pen was, which way of writing it was
used. With scanned handwriting nobody can say whether a latent unit "is" the slant; here it can be
measured.

How a picture is made
---------------------
1. **Choose.** A class, one of the ways of writing it (its *variant*) and the factors (slant,
   thickness, ...) are drawn at random. :data:`FACTORS` lists them.
2. **Write.** The variant is a list of points that the pen passes through (see
   :mod:`vaecourse.data.glyphs`). Every point is moved a little and a smooth curve is laid through the
   points, with corners more or less rounded. Slow waves are added along the curve, and every stroke is
   shifted a little and begins and ends a little too early or too late, as strokes do in real writing.
   All of this is small for some pictures and larger for others, as some people write neatly and some
   do not. These deformations are the part of a picture that the factors do not tell.
3. **Bend.** The plane is bent like a sheet of rubber: the top grows at the cost of the bottom, a
   side bulges, straight lines curve.
4. **Lean.** The character is stretched across (width), sheared (slant) and turned (rotation).
5. **Frame**, as in MNIST: the ink is scaled to fill a box of 20 pixels in a picture of 28, keeping
   its proportions, and is moved so that its centre of mass is the centre of the picture.
6. **Ink.** The pen leaves a soft round dot of ink at each of many places along the curve. A dot is a
   Gaussian, and a Gaussian in the plane is one across times one down::

       exp(-((x - a)^2 + (y - b)^2) / 2s^2)  =  exp(-(x - a)^2 / 2s^2) * exp(-(y - b)^2 / 2s^2)

   so the sum of all dots on all pixels is one product of two matrices, (height x dots) times
   (dots x width). That is what makes this fast. At a distance d from the middle of a line the dots
   add up to exp(-d^2 / 2s^2); solved for d, the ink tells every pixel how far away the line is, and
   a pixel is white near the line, black far from it and grey just at the edge.
7. **Colour**, where it is asked for: one random colour for the paper and one for the ink.

The same seed gives the same pictures to the bit. Pictures are drawn in chunks of a fixed size; each
chunk has a random stream of its own, so it does not matter which thread draws it, or when. The first
100 pictures of 5,000 are the same as the 100 drawn on their own.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from numbers import Integral
from typing import NamedTuple

import numpy as np

from vaecourse.data.glyphs import GLYPHS

__all__ = ["DIGITS", "FACTORS", "LETTERS", "VERSION", "Drawing", "choose_colours", "coloured", "draw"]

VERSION = 1
"""Grows whenever the same call gives other pictures, so that stored pictures can be told apart."""

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

FACTORS = {
    "variant": "way of writing the character, counted from 0 within its class (no unit)",
    "slant": "shift to the right per unit of height, the tangent of the lean; 0 is upright (no unit)",
    "rotation": "turn of the whole character, in degrees, counter-clockwise",
    "width": "stretch across before leaning, as a multiple of the variant's own proportions (no unit)",
    "thickness": "mean width of the line, in 28ths of the picture's width (pixels, if size=28)",
    "pressure": "the line is (1 + pressure) x thickness where the pen starts, (1 - pressure) x at the end",
    "ink_r": "red of the ink, from 0 to 1 (channels=3 only)",
    "ink_g": "green of the ink, from 0 to 1 (channels=3 only)",
    "ink_b": "blue of the ink, from 0 to 1 (channels=3 only)",
    "paper_r": "red of the paper, from 0 to 1 (channels=3 only)",
    "paper_g": "green of the paper, from 0 to 1 (channels=3 only)",
    "paper_b": "blue of the paper, from 0 to 1 (channels=3 only)",
}
"""The true factors of a picture: name and meaning, with the unit."""

# Lengths on the page are in units of which the picture is 28 wide, whatever its size in pixels.
PAGE = 28.0
BOX = 20.0  # the ink fills a box this wide or this tall
EDGE_BLUR = 1.1  # width of the grey edge of a line, in pixels of the picture
CHUNK = 250  # pictures that share a random stream
DOTS = 112  # dots of ink per picture; few are more than a thickness apart, so that lines are closed
WAVE_HEIGHTS = (3.4, 2.8, 2.2, 1.6, 1.1, 0.7, 0.45, 0.3)  # of half a period along the path, of one, ...
LETTER_HASTE = 0.7  # size of the deformations of a letter, as a part of those of a digit
OVERRUN = 12.0  # how far a stroke may go on beyond its end, in glyph units (hundredths of the height)
CUT = 7.0  # how much of a corner a flowing pen cuts off, in glyph units
EDGE = 1.8  # how many sigmas of a dot lie between the middle of a line and its edge
MARGIN = 1.0  # the ink stays this far from the edge of the page
SKETCH = 14  # size of the rough picture that shows where the centre of mass is
SMALLEST = 8  # pixels; smaller pictures cannot be read


class Drawing(NamedTuple):
    """Pictures, and the truth about them.

    Attributes:
        pictures: uint8 array (N, C, H, W), 0 to 255.
        targets: int64 array (N,), the class of each picture as an index into ``symbols``.
        factors: the true factors by name (see :data:`FACTORS`), each an array (N,) of float32
            (``variant``: int64).
    """

    pictures: np.ndarray
    targets: np.ndarray
    factors: dict[str, np.ndarray]


def draw(n, *, seed=0, size=28, channels=1, symbols=DIGITS):
    """Draw ``n`` pictures of handwritten characters, with their classes and true factors.

    The same arguments give the same pictures to the bit, in any process and with any number of
    threads; ``draw(100)`` gives the first 100 pictures of ``draw(5000)``. The ``size`` and the
    ``channels`` change how a character is shown, not what is written. No global random state is
    read or changed.

    Args:
        n: number of pictures, 0 or more.
        seed: a non-negative int or a tuple of them; another seed gives other pictures.
        size: height and width of a picture in pixels, 8 or more.
        channels: 1 for white ink (255) on black paper (0), 3 for ink and paper of random colours.
        symbols: the classes, a string of different characters from :data:`DIGITS` and
            :data:`LETTERS`. Each picture's class is drawn from them with equal probability.

    Returns:
        A :class:`Drawing`: ``pictures`` uint8 (n, channels, size, size), ``targets`` int64 (n,)
        and ``factors``, a dict of arrays (n,).

    Raises:
        ValueError: if an argument is not as described; the message names it.
    """
    entropy = _check_arguments(n, seed, size, channels, symbols)
    draw_chunk = partial(_draw_chunk, _pen_tables(symbols), entropy, size, channels)
    chunks = range(max(1, -(-n // CHUNK)))
    with ThreadPoolExecutor(min(len(chunks), os.cpu_count() or 1)) as pool:  # numpy computes without the GIL
        parts = list(pool.map(draw_chunk, chunks))
    return Drawing(
        np.concatenate([part.pictures for part in parts])[:n],
        np.concatenate([part.targets for part in parts])[:n],
        {name: np.concatenate([part.factors[name] for part in parts])[:n] for name in parts[0].factors},
    )


def _check_arguments(n, seed, size, channels, symbols):
    """Return the seed as a list of ints; raise ValueError for anything that cannot be drawn."""
    if not _is_whole(n) or n < 0:
        raise ValueError(f"n must be a whole number of pictures, 0 or more, got {n!r}")
    parts = seed if isinstance(seed, tuple) else (seed,)
    if not parts or not all(_is_whole(part) and part >= 0 for part in parts):
        raise ValueError(f"seed must be a whole number, 0 or more, or a tuple of such numbers, got {seed!r}")
    if not _is_whole(size) or size < SMALLEST:
        raise ValueError(f"size must be a whole number of pixels, {SMALLEST} or more, got {size!r}")
    if not _is_whole(channels) or channels not in (1, 3):
        raise ValueError(f"channels must be 1 (white on black) or 3 (colour), got {channels!r}")
    known = "".join(GLYPHS)
    if not isinstance(symbols, str) or not symbols:
        raise ValueError(f"symbols must be a non-empty string of characters from {known!r}, got {symbols!r}")
    unknown = "".join(sorted(set(symbols) - set(known)))
    if unknown:
        raise ValueError(f"symbols must be characters from {known!r}, got {symbols!r} with {unknown!r}")
    if len(set(symbols)) < len(symbols):
        raise ValueError(f"symbols must not name a character twice, got {symbols!r}")
    # The length goes first because SeedSequence takes [3] and [3, 0] for the same seed.
    return [len(parts), *(int(part) for part in parts)]


def _is_whole(value):
    return isinstance(value, Integral) and not isinstance(value, bool)


# ---------------------------------------------------------------- before drawing: glyphs to tables


class _PenTables(NamedTuple):
    """The variants of all symbols as arrays: a row a variant, a dot each place the pen leaves ink.

    A curve through given points is linear in the points: each dot is a weighted sum of them. The
    weights depend on the variant alone, so they are computed once, and a chunk of curves is then
    one product of arrays.
    """

    first_row: np.ndarray  # (symbols,) row of the symbol's variant 0
    n_variants: np.ndarray  # (symbols,)
    haste: np.ndarray  # (symbols,) size of the deformations; letters are written with more care
    points: np.ndarray  # (rows, points, 2) the points of the glyph, in glyph units
    sharp: np.ndarray  # (rows, dots, points) weights of the points in the curve with sharp corners
    flowing: np.ndarray  # (rows, dots, points) the same, flowing through the corners
    waves: np.ndarray  # (rows, dots, waves) cosines along the path
    progress: np.ndarray  # (rows, dots) 0 where the pen starts to 1 where it ends
    stroke: np.ndarray  # (rows, dots) number of the stroke that a dot belongs to
    from_start: np.ndarray  # (rows, dots) way from the start of the stroke; negative before it
    to_end: np.ndarray  # (rows, dots) way to the end of the stroke; negative beyond it


@lru_cache(maxsize=16)
def _pen_tables(symbols):
    glyphs = [[_parse_variant(text) for text in GLYPHS[symbol]] for symbol in symbols]
    variants = [strokes for glyph in glyphs for strokes in glyph]
    n_points = max(sum(len(points) for points, _ in strokes) for strokes in variants)
    rows = [_pen_table_row(strokes, n_points) for strokes in variants]
    n_variants = np.array([len(glyph) for glyph in glyphs])
    first_row = np.cumsum(n_variants) - n_variants
    haste = np.array([LETTER_HASTE if symbol in LETTERS else 1 for symbol in symbols], np.float32)
    return _PenTables(first_row, n_variants, haste, *(np.stack(column) for column in zip(*rows, strict=True)))


def _parse_variant(text):
    """Return the strokes of a variant: for each its points (k, 2) and which are corners (k,)."""
    strokes = []
    for stroke in text.split("/"):
        words = stroke.split()
        points = np.array([[float(value) for value in word.rstrip("*").split(",")] for word in words])
        strokes.append((points, np.array([word.endswith("*") for word in words])))
    return strokes


def _pen_table_row(strokes, n_points):
    """One row of every array in :class:`_PenTables` from ``points`` on."""
    lengths = np.array([np.linalg.norm(np.diff(points, axis=0), axis=1).sum() for points, _ in strokes])
    shares = lengths + 2 * OVERRUN  # long strokes get more of the dots
    last_dots = np.rint(DOTS * np.cumsum(shares) / shares.sum()).astype(int)
    all_points = np.zeros((n_points, 2), np.float32)
    sharp, flowing = np.zeros((2, DOTS, n_points), np.float32)
    progress, from_start, to_end = np.zeros((3, DOTS), np.float32)
    stroke_number = np.zeros(DOTS, np.intp)
    dot = column = 0
    for number, (points, corners) in enumerate(strokes):
        dots, columns = slice(dot, last_dots[number]), slice(column, column + len(points))
        way = np.linspace(-OVERRUN, lengths[number] + OVERRUN, last_dots[number] - dot)
        all_points[columns] = points
        sharp[dots, columns] = _curve_weights(points, corners, way)
        flowing[dots, columns] = _smoothing(way) @ _curve_weights(points, np.zeros_like(corners), way)
        progress[dots] = (lengths[:number].sum() + way.clip(0, lengths[number])) / lengths.sum()
        stroke_number[dots] = number
        from_start[dots], to_end[dots] = way, lengths[number] - way
        dot, column = last_dots[number], columns.stop
    # Short paths wave less: a bar of 1 is all but straight, an 8 of three times its length is not.
    waves = np.cos(np.pi * np.arange(1, len(WAVE_HEIGHTS) + 1) * progress[:, None]) * min(1, lengths.sum() / 250)
    waves = waves.astype(np.float32)
    return all_points, sharp, flowing, waves, progress, stroke_number, from_start, to_end


def _smoothing(way):
    """Matrix that replaces each dot by a mean of the dots around it: it cuts corners."""
    nearness = np.exp(-np.square((way[:, None] - way) / CUT) / 2)
    return nearness / nearness.sum(1, keepdims=True)


def _curve_weights(points, corners, way):
    """Weights (len(way), len(points)) of the points in the curve through them.

    The curve is a cubic Hermite spline; ``way`` is measured along the straight lines between the
    points. Its direction at a point is that of the parabola through the point and its neighbours. At a
    corner and at the ends it is that of the straight line to the next point. Before its start and
    beyond its end the curve goes straight on.
    """
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    knots = np.concatenate([[0], np.cumsum(steps)])
    unit = np.eye(len(points))  # row k: the weights of "the point k"
    slopes = np.diff(unit, axis=0) / steps[:, None]
    arrive = np.concatenate([slopes[:1], slopes])  # direction in which the pen comes to each point
    leave = np.concatenate([slopes, slopes[-1:]])  # and in which it goes on
    smooth = np.flatnonzero(~corners[1:-1]) + 1
    before, after = steps[smooth - 1, None], steps[smooth, None]
    parabola = (after * slopes[smooth - 1] + before * slopes[smooth]) / (before + after)
    arrive[smooth] = leave[smooth] = parabola

    k = np.searchsorted(knots, way, side="right").clip(1, len(steps)) - 1
    t = ((way - knots[k]) / steps[k]).clip(0, 1)[:, None]
    curve = (1 + 2 * t) * (1 - t) ** 2 * unit[k] + t**2 * (3 - 2 * t) * unit[k + 1]
    curve += t * (1 - t) * steps[k, None] * ((1 - t) * leave[k] - t * arrive[k + 1])
    beyond = (way - way.clip(0, knots[-1]))[:, None]
    return curve + beyond * np.where(beyond < 0, leave[0], arrive[-1])


# -------------------------------------------------------------------------------- drawing a chunk


class _Line(NamedTuple):
    """The dots of ink of the pictures of a chunk; every array is (CHUNK, DOTS)."""

    x: np.ndarray  # to the right
    y: np.ndarray  # downwards
    sigma: np.ndarray  # size of the dot
    weight: np.ndarray  # 1 for a dot that is drawn, 0 for one that is not


def _draw_chunk(tables, entropy, size, channels, chunk):
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(chunk,)))
    targets = rng.integers(len(tables.n_variants), size=CHUNK)
    factors = _choose_factors(rng, tables.n_variants[targets])
    row = tables.first_row[targets] + factors["variant"]
    # Some people write neatly and some do not.
    wobble = tables.haste[targets] * np.exp(_hill(rng, np.log(0.45), np.log(1.6)))
    x, y = _write(rng, tables, row, wobble)
    x, y = _bend(rng, x, y, wobble)
    x, y = _lean(x, y, factors)
    sigma = _dot_sizes(rng, tables, row, factors)
    line = _Line(x, y, sigma, _drawn_dots(rng, tables, row, wobble))
    line = _centre(_fill_box(line), tables.stroke[row], factors["thickness"])
    pictures = _ink(line, tables.stroke[row], factors["thickness"], size)[:, None]
    if channels == 3:
        factors |= choose_colours(rng, CHUNK)
        pictures = coloured(pictures, factors)
    return Drawing(np.rint(255 * pictures).astype(np.uint8), targets.astype(np.int64), factors)


def _choose_factors(rng, n_variants):
    return {
        "variant": rng.integers(n_variants).astype(np.int64),
        "slant": _hill(rng, -0.55, 0.75),  # more people lean to the right than to the left
        "rotation": _hill(rng, -15, 15),
        "width": np.exp(_hill(rng, np.log(0.62), np.log(1.4))),
        "thickness": np.exp(_hill(rng, np.log(1.35), np.log(4.2))),
        "pressure": _hill(rng, -0.35, 0.35),
    }


def _hill(rng, low, high):
    """Random numbers (CHUNK,) between low and high, most of them around the middle."""
    return (low + (high - low) * rng.beta(2.5, 2.5, CHUNK)).astype(np.float32)


def _normal(rng, *shape):
    """Standard normal random numbers (CHUNK, *shape)."""
    return rng.standard_normal((CHUNK, *shape), dtype=np.float32)


def _write(rng, tables, row, wobble):
    """The path of the pen: x and y (CHUNK, DOTS), about -1 to 1."""
    wobble = wobble[:, None, None]
    points = tables.points[row]
    points = points + 0.9 * wobble * _normal(rng, *points.shape[1:])
    roundness = rng.random((CHUNK, 1, 1), dtype=np.float32)  # of the corners
    path = (1 - roundness) * (tables.sharp[row] @ points) + roundness * (tables.flowing[row] @ points)
    heights = np.array(WAVE_HEIGHTS, np.float32)[:, None]
    path += tables.waves[row] @ (wobble * heights * _normal(rng, len(WAVE_HEIGHTS), 2))
    path += _per_stroke(2.0 * wobble * _normal(rng, tables.stroke.max() + 1, 2), tables.stroke[row])
    return path[..., 0] / 50 - 1, path[..., 1] / 50 - 1


def _per_stroke(values, stroke):
    """Give every dot (CHUNK, DOTS, ...) the value (CHUNK, strokes, ...) of its stroke."""
    return values[np.arange(CHUNK)[:, None], stroke]


def _drawn_dots(rng, tables, row, wobble):
    """1 for the dots (CHUNK, DOTS) that are drawn, 0 where the stroke has not begun or is over."""
    late, early = 4.5 * wobble[:, None] * _normal(rng, 2, tables.stroke.max() + 1).transpose(1, 0, 2)
    stroke = tables.stroke[row]
    since_start = tables.from_start[row] - _per_stroke(late.clip(-OVERRUN, OVERRUN), stroke)
    until_end = tables.to_end[row] - _per_stroke(early.clip(-OVERRUN, OVERRUN), stroke)
    return (np.minimum(since_start, until_end) / 2 + 0.5).clip(0, 1)


def _bend(rng, x, y, wobble):
    """Add to x and to y a random polynomial of x and y."""
    square_x, square_y = 1.5 * x * x - 0.5, 1.5 * y * y - 0.5
    shapes = (square_x, square_y, x * y, x * square_y, y * square_x, x * (square_x - 1), y * (square_y - 1))
    amounts = 0.075 * wobble[:, None, None] * _normal(rng, 2, len(shapes))
    return tuple(
        v + sum(amounts[:, axis, k, None] * shape for k, shape in enumerate(shapes)) for axis, v in enumerate((x, y))
    )


def _lean(x, y, factors):
    """Stretch, shear and turn the path."""
    x = x * factors["width"][:, None]
    x = x - factors["slant"][:, None] * y  # minus: y points down
    angle = np.deg2rad(factors["rotation"])[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    return cos * x + sin * y, cos * y - sin * x


def _dot_sizes(rng, tables, row, factors):
    """The sigma of every dot (CHUNK, DOTS): thickness, pressure and a little unsteadiness."""
    unsteady = (tables.waves[row] @ (0.05 * _normal(rng, len(WAVE_HEIGHTS), 1)))[..., 0]
    swell = 1 + factors["pressure"][:, None] * (1 - 2 * tables.progress[row]) + unsteady
    return factors["thickness"][:, None] * swell.clip(0.35, 2) / (2 * EDGE)


def _fill_box(line):
    """Scale the path so that the ink just fits into the box."""
    reach = _reach(line)
    mean_reach = 2 * reach.mean(1, keepdims=True)
    scale = np.ones_like(mean_reach)
    for _ in range(3):  # by steps, because the pen is as thick on a large path as on a small one
        spans = [_span(v * scale, reach, line.weight) for v in (line.x, line.y)]
        longer = np.maximum(*(high - low for low, high in spans))
        scale = scale * (BOX - mean_reach) / (longer - mean_reach)
    return line._replace(x=line.x * scale, y=line.y * scale)


def _reach(line):
    """How far the ink of each dot goes."""
    return EDGE * line.sigma + 0.15


def _span(v, reach, weight):
    """Where the ink begins and ends in one direction, each (CHUNK, 1)."""
    low = np.where(weight > 0, v - reach, np.inf).min(1, keepdims=True)
    high = np.where(weight > 0, v + reach, -np.inf).max(1, keepdims=True)
    return low, high


def _centre(line, stroke, thickness):
    """Move the centre of mass of the ink to the centre of the page.

    The dots' mean is near it; where lines cross or touch there is less ink than the dots say, so a
    rough picture is made from them and weighed.
    """
    line = _shift(line, *(PAGE / 2 - _mean(v, line.weight) for v in (line.x, line.y)))
    sketch = _ink(line, stroke, thickness, SKETCH)
    places = _pixel_centres(SKETCH)
    return _shift(line, *(PAGE / 2 - _mean(places, sketch.sum(axis)) for axis in (1, 2)))


def _shift(line, right, down):
    """Move the line, but not over the edge of the page (a seven on a long leg would get there)."""
    reach = _reach(line) + MARGIN
    (left, right_end), (top, bottom) = (_span(v, reach, line.weight) for v in (line.x, line.y))
    return line._replace(x=line.x + right.clip(-left, PAGE - right_end), y=line.y + down.clip(-top, PAGE - bottom))


def _mean(values, weights):
    return (values * weights).sum(1, keepdims=True) / weights.sum(1, keepdims=True)


def _pixel_centres(size):
    return ((np.arange(size) + 0.5) * (PAGE / size)).astype(np.float32)


def _ink(line, stroke, thickness, size):
    """How much ink is on each pixel: float32 (CHUNK, size, size), from 0 to 1."""
    # A line of dots with these amounts adds up to exactly 1 in its middle, whatever its thickness.
    amount = line.weight * _spacing(line, stroke) / (np.float32(np.sqrt(2 * np.pi)) * line.sigma)
    narrow = (np.float32(np.sqrt(0.5)) / line.sigma)[:, None]
    places = _pixel_centres(size)[:, None]
    across = np.exp(-np.square((places - line.x[:, None]) * narrow))  # (CHUNK, size, DOTS)
    down = np.exp(-np.square((places - line.y[:, None]) * narrow)) * amount[:, None]
    density = _multiply(down, across.transpose(0, 2, 1))
    half = thickness[:, None, None] / 2
    distance = half / EDGE * np.sqrt(-2 * np.log(density.clip(1e-9, 1)))
    return ((half - distance) / np.float32(EDGE_BLUR * PAGE / size) + 0.5).clip(0, 1)


def _spacing(line, stroke):
    """Length of line (CHUNK, DOTS) that each dot stands for: half the way to either neighbour."""
    step = np.hypot(np.diff(line.x), np.diff(line.y)) * (np.diff(stroke) == 0)
    return (np.pad(step, ((0, 0), (1, 0))) + np.pad(step, ((0, 0), (0, 1)))) / 2


def _multiply(left, right):
    """Product of stacks of matrices, in bands of rows.

    A large product would be shared out among the threads of the linear algebra library, and its
    last bits could depend on their number. Each of these is too small for that.
    """
    height = max(1, 200_000 // (right.shape[1] * right.shape[2]))
    bands = [left[:, top : top + height] @ right for top in range(0, left.shape[1], height)]
    return np.concatenate(bands, axis=1)


def choose_colours(rng, n):
    """Colours of ink and paper for n pictures, one of the two dark and the other light.

    Args:
        rng: a numpy generator.
        n: number of pictures.

    Returns:
        The factors ``ink_r`` to ``paper_b`` (see :data:`FACTORS`), each an array (n,) of float32.
    """
    dark, light = rng.random((2, n, 3), dtype=np.float32)
    dark = _darken(dark, 0.05 + 0.30 * rng.random((n, 1), dtype=np.float32))
    light = 1 - _darken(light, 0.05 + 0.30 * rng.random((n, 1), dtype=np.float32))
    ink_is_dark = rng.random((n, 1)) < 0.5
    ink, paper = np.where(ink_is_dark, dark, light), np.where(ink_is_dark, light, dark)
    return {
        f"{part}_{name}": values[:, i]
        for part, values in (("ink", ink), ("paper", paper))
        for i, name in enumerate("rgb")
    }


def coloured(pictures, colours):
    """Pictures in the colours of ink and paper that :func:`choose_colours` gives, (N, 3, H, W).

    Args:
        pictures: float array (N, 1, H, W), the share of ink in each pixel, from 0 to 1.
        colours: as from :func:`choose_colours`.
    """
    ink, paper = (
        np.stack([colours[f"{part}_{name}"] for name in "rgb"], 1)[:, :, None, None] for part in ("ink", "paper")
    )
    return paper + (ink - paper) * pictures


def _darken(colours, most):
    """Scale colours (N, 3) down to a brightness of at most ``most``; the hue stays."""
    brightness = (colours * np.array([0.299, 0.587, 0.114], np.float32)).sum(1, keepdims=True)
    return colours * np.minimum(1, most / brightness)
