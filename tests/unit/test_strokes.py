"""What the drawn characters promise: the same seed, the same bits; and factors that are true."""

import os
import random
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from vaecourse.course import THREAD_LIMITS
from vaecourse.data import strokes
from vaecourse.data.glyphs import GLYPHS
from vaecourse.data.strokes import DIGITS, FACTORS, LETTERS, VERSION, draw

COLOURS = tuple(f"{part}_{channel}" for part in ("ink", "paper") for channel in "rgb")


@cache
def digits():
    return draw(6000, seed=11)


def assert_same(one, other):
    np.testing.assert_array_equal(one.pictures, other.pictures)
    np.testing.assert_array_equal(one.targets, other.targets)
    assert one.factors.keys() == other.factors.keys()
    for name, values in one.factors.items():
        np.testing.assert_array_equal(values, other.factors[name], err_msg=name)


def correlation(a, b):
    return np.corrcoef(a, b)[0, 1]


def ink_moments(pictures):
    """Mass, centre (x, y) and second moments (xx, xy, yy) of grey pictures (N, H, W), in pixels."""
    ink = pictures / 255
    mass = ink.sum((1, 2))
    places = np.arange(pictures.shape[-1]) + 0.5
    x = (ink.sum(1) @ places) / mass
    y = (ink.sum(2) @ places) / mass
    dx, dy = places - x[:, None], places - y[:, None]
    xx = (ink.sum(1) * dx**2).sum(1) / mass
    yy = (ink.sum(2) * dy**2).sum(1) / mass
    xy = np.einsum("nhw,nh,nw->n", ink, dy, dx) / mass
    return mass, x, y, xx, xy, yy


def line_widths(pictures):
    """Area of the ink over half the length of its outline (N,)."""
    ink = pictures / 255
    down, right = np.diff(ink, axis=1)[:, :, :-1], np.diff(ink, axis=2)[:, :-1]
    return 2 * ink.sum((1, 2)) / np.hypot(down, right).sum((1, 2))


def longest_side(pictures, level):
    """Longer side (N,) of the box around all pixels brighter than ``level``."""
    bright = pictures > level
    sides = []
    for occupied in (bright.any(1), bright.any(2)):
        sides.append(occupied.shape[1] - occupied.argmax(1) - occupied[:, ::-1].argmax(1))
    return np.maximum(*sides)


# ------------------------------------------------------------------------------- shape of the data


def test_drawing_has_documented_shapes_and_types():
    drawing = draw(30, seed=4, size=20, channels=3, symbols="A7K")
    assert drawing.pictures.shape == (30, 3, 20, 20)
    assert drawing.pictures.dtype == np.uint8
    assert drawing.targets.shape == (30,)
    assert drawing.targets.dtype == np.int64
    assert set(drawing.factors) == set(FACTORS)
    for name, values in drawing.factors.items():
        assert values.shape == (30,), name
        assert values.dtype == (np.int64 if name == "variant" else np.float32), name


def test_grey_pictures_have_all_factors_but_the_colours():
    assert set(draw(1).factors) == set(FACTORS) - set(COLOURS)


def test_every_factor_has_a_one_line_meaning():
    assert all(meaning and "\n" not in meaning for meaning in FACTORS.values())


def test_no_pictures():
    drawing = draw(0, channels=3)
    assert drawing.pictures.shape == (0, 3, 28, 28)
    assert drawing.targets.shape == (0,)
    assert all(values.shape == (0,) for values in drawing.factors.values())


def test_white_ink_on_black_paper_uses_the_whole_range():
    pictures = digits().pictures
    brightest = pictures.max((1, 2, 3))
    assert np.mean(pictures == 0) > 0.5
    assert brightest.min() > 180
    assert np.mean(brightest == 255) > 0.9


def test_edges_are_anti_aliased():
    ink = digits().pictures > 0
    grey = ink & (digits().pictures < 255)
    assert 0.2 < grey.sum() / ink.sum() < 0.8


@pytest.mark.parametrize("size", [8, 13, 100])
def test_any_size_shows_the_character(size):
    pictures = draw(50, size=size).pictures
    assert pictures.shape == (50, 1, size, size)
    assert pictures.max((1, 2, 3)).min() > 100
    assert 0.03 < pictures.mean() / 255 < 0.3


def test_classes_are_drawn_evenly_and_in_random_order():
    targets = digits().targets
    counts = np.bincount(targets, minlength=10)
    assert np.all(np.abs(counts - 600) < 5 * np.sqrt(600))
    assert abs(correlation(targets[1:], targets[:-1])) < 0.05


def test_targets_index_the_symbols():
    # The same stream of random numbers, the classes named in another order: 1 is narrow, 0 is not.
    one_zero = draw(400, symbols="10")
    width = ink_moments(one_zero.pictures[:, 0])[3]
    assert np.median(width[one_zero.targets == 0]) < 0.5 * np.median(width[one_zero.targets == 1])


# ---------------------------------------------------------------------------------- reproducibility


def test_same_seed_same_pictures_other_seed_others():
    assert_same(draw(60, seed=5), draw(60, seed=5))
    assert_same(draw(60, seed=5), draw(60, seed=(5,)))
    assert_same(draw(60, seed=(5, 1)), draw(60, seed=(np.int64(5), np.int64(1))))
    firsts = [draw(1, seed=seed).pictures.tobytes() for seed in (5, 6, (5, 0), (5, 1), (0, 5), (5, 0, 0))]
    assert len(set(firsts)) == len(firsts)


def test_chunks_have_random_streams_of_their_own():
    drawing = draw(3 * strokes.CHUNK)
    chunks = np.split(drawing.pictures, 3)
    assert not np.array_equal(chunks[0], chunks[1])
    assert not np.array_equal(chunks[1], chunks[2])
    assert len(np.unique(drawing.factors["thickness"])) > 0.99 * len(drawing.targets)


@pytest.mark.parametrize("n", [1, 100, 250, 251])
def test_fewer_pictures_are_the_first_of_more(n):
    more = draw(600, seed=7, channels=3)
    first = strokes.Drawing(
        more.pictures[:n], more.targets[:n], {name: values[:n] for name, values in more.factors.items()}
    )
    assert_same(draw(n, seed=7, channels=3), first)


PRINT_DIGEST = """
import hashlib
from vaecourse.data.strokes import DIGITS, LETTERS, draw
digest = hashlib.sha256()
for options in ({}, {"size": 64, "channels": 3, "symbols": DIGITS + LETTERS}):
    drawing = draw(600, seed=(3, 1), **options)
    for array in (drawing.pictures, drawing.targets, *drawing.factors.values()):
        digest.update(array.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.slow
def test_same_bits_in_any_process_with_any_number_of_threads(capsys):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PRINT_DIGEST],
            env=os.environ | dict.fromkeys(THREAD_LIMITS, threads),
            stdout=subprocess.PIPE,
            text=True,
        )
        for threads in ("1", "2", "4")
    ]
    exec(PRINT_DIGEST, {})
    here = capsys.readouterr().out
    assert len(here.strip()) == 64
    assert [process.communicate()[0] for process in processes] == [here] * 3


@pytest.mark.parametrize("workers", [1, 7])
def test_number_of_drawing_threads_does_not_matter(monkeypatch, workers):
    expected = draw(900, seed=8)
    monkeypatch.setattr(strokes.os, "cpu_count", lambda: workers)
    assert_same(draw(900, seed=8), expected)


def test_global_random_state_is_neither_read_nor_changed():
    np.random.seed(1)
    random.seed(1)
    torch_state = torch.random.get_rng_state()
    first = draw(10)
    expected = np.random.RandomState(1).get_state()
    state = np.random.get_state()
    np.testing.assert_array_equal(state[1], expected[1])
    assert state[2] == expected[2]
    assert random.getstate() == random.Random(1).getstate()
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    np.random.seed(2)
    random.seed(2)
    assert_same(draw(10), first)


def test_changing_a_drawing_does_not_change_the_next():
    expected = draw(20).pictures.copy()
    drawing = draw(20)
    for array in (drawing.pictures, drawing.targets, *drawing.factors.values()):
        array[...] = 0
    np.testing.assert_array_equal(draw(20).pictures, expected)


def test_version_grows_when_pictures_change():
    # Means over many pictures, which do not depend on how a processor rounds.
    drawing = draw(2000, seed=0, symbols=DIGITS + LETTERS)
    measured = (drawing.pictures.mean(), (drawing.pictures[1:].astype(float) * drawing.pictures[:-1]).mean())
    known = {1: (33.0349, 2842.461)}
    assert known.get(VERSION) == pytest.approx(measured, rel=1e-4), (
        "the pictures are not those of this VERSION: raise VERSION and enter the new means here"
    )


# ------------------------------------------------------------------------------------------ framing


@pytest.mark.parametrize("symbols", [DIGITS, LETTERS], ids=["digits", "letters"])
def test_ink_fills_a_box_of_20_pixels_centred_by_mass(symbols):
    pictures = draw(3000, seed=2, symbols=symbols).pictures[:, 0]
    assert np.mean(longest_side(pictures, 127) <= 20) > 0.999
    assert np.mean(longest_side(pictures, 0) <= 21) > 0.99
    assert np.median(longest_side(pictures, 64)) == 20
    _, x, y, *_ = ink_moments(pictures)
    off = np.abs(np.stack([x, y]) - 14)
    assert np.mean(off) < 0.1
    assert np.quantile(off, 0.99) < 0.5
    assert off.max() < 2  # where ink would come too near to the edge
    rim = np.concatenate([pictures[:, [0, -1]].ravel(), pictures[:, :, [0, -1]].ravel()])
    assert rim.max() < 32


def test_box_grows_with_the_size():
    pictures = draw(500, seed=2, size=84).pictures[:, 0]
    assert np.quantile(longest_side(pictures, 127), [0.01, 0.99]) == pytest.approx([57, 60], abs=4)


def test_size_shows_the_same_writing_finer():
    coarse = draw(200, seed=3).pictures[:, 0] / 255
    fine = draw(200, seed=3, size=56).pictures[:, 0] / 255
    shrunk = fine.reshape(200, 28, 2, 28, 2).mean((2, 4))
    assert all(correlation(a.ravel(), b.ravel()) > 0.97 for a, b in zip(coarse, shrunk, strict=True))


# ------------------------------------------------------------------------------------------ factors


def test_factors_are_independent_of_each_other_and_of_the_class():
    columns = [values for name, values in digits().factors.items() if name != "variant"]
    correlations = np.corrcoef(np.stack([*columns, digits().targets]))
    assert np.abs(correlations - np.eye(len(correlations))).max() < 0.08


@pytest.mark.parametrize("symbol", DIGITS)
def test_slant_can_be_measured_in_the_picture(symbol):
    chosen = digits().targets == int(symbol)
    *_, xy, yy = ink_moments(digits().pictures[chosen, 0])
    slant = digits().factors["slant"][chosen]
    variant = np.eye(len(GLYPHS[symbol]))[digits().factors["variant"][chosen]]
    measured = -xy / yy  # shift to the right per unit of height: y points down
    assert correlation(measured, slant) > 0.6
    slope = np.linalg.lstsq(np.column_stack([slant, variant]), measured, rcond=None)[0][0]
    assert 0.6 < slope < 1.3


def test_rotation_and_slant_of_a_plain_bar():
    drawing = draw(1500, seed=6, symbols="1")
    bar = drawing.factors["variant"] == 0
    *_, xy, yy = ink_moments(drawing.pictures[bar, 0])
    lean = np.rad2deg(np.arctan(drawing.factors["slant"][bar]))
    rotation = drawing.factors["rotation"][bar]  # counter-clockwise: the top goes left
    measured = np.rad2deg(np.arctan(-xy / yy))
    design = np.column_stack([lean, rotation, np.ones(bar.sum())])
    slopes, *_ = np.linalg.lstsq(design, measured, rcond=None)
    assert slopes[:2] == pytest.approx([1, -1], abs=0.1)
    assert correlation(design @ slopes, measured) > 0.9


@pytest.mark.parametrize("symbol", DIGITS)
def test_thickness_can_be_measured_in_the_picture(symbol):
    chosen = digits().targets == int(symbol)
    pictures, thickness = digits().pictures[chosen, 0], digits().factors["thickness"][chosen]
    widths = line_widths(pictures)
    assert correlation(widths, thickness) > 0.9
    assert np.median(widths / thickness) == pytest.approx(1, abs=0.2)
    assert correlation(ink_moments(pictures)[0], thickness) > 0.55


def test_width_makes_characters_wider():
    _, _, _, xx, _, yy = ink_moments(digits().pictures[:, 0])
    for symbol in "02345678":
        chosen = digits().targets == int(symbol)
        assert correlation(np.log(xx / yy)[chosen], digits().factors["width"][chosen]) > 0.4, symbol


def test_pressure_is_heavy_at_the_start_if_positive():
    drawing = draw(2500, seed=6, symbols="1I", size=56)
    bar = drawing.factors["variant"] == 0  # written from the top to the bottom
    pictures = drawing.pictures[bar, 0] / 255
    top, bottom = pictures[:, 12:22].sum((1, 2)), pictures[:, 34:44].sum((1, 2))
    assert correlation(np.log(top / bottom), drawing.factors["pressure"][bar]) > 0.75


# ----------------------------------------------------------------------------- variants and classes


def test_every_class_has_several_variants():
    assert set(GLYPHS) == set(DIGITS + LETTERS)
    assert all(3 <= len(GLYPHS[symbol]) <= 7 for symbol in DIGITS)
    assert all(len(GLYPHS[symbol]) >= 2 for symbol in LETTERS)
    assert all(len(set(variants)) == len(variants) for variants in GLYPHS.values())


def test_all_variants_are_drawn_equally_often():
    for digit, symbol in enumerate(DIGITS):
        counts = np.bincount(digits().factors["variant"][digits().targets == digit])
        assert len(counts) == len(GLYPHS[symbol])
        assert counts.min() > 0.5 * counts.mean()


def test_variants_differ():
    drawing = draw(2500, seed=1, symbols="7")
    variant = drawing.factors["variant"]
    means = [drawing.pictures[variant == v].mean(0) / 255 for v in range(len(GLYPHS["7"]))]
    # The bar of variant 1 is the difference from variant 0: ink left of the stem, at half height.
    assert (means[1] - means[0])[0, 13:18, 9:15].mean() > 0.15
    for one in range(len(means)):
        for other in range(one):
            assert np.abs(means[one] - means[other]).max() > 0.08, (one, other)


@pytest.mark.slow
@pytest.mark.parametrize(("symbols", "n", "least"), [(DIGITS, 6000, 0.9), (LETTERS, 8000, 0.9)])
def test_classes_can_be_told_apart(symbols, n, least):
    train, test = draw(n, seed=1, symbols=symbols), draw(800, seed=2, symbols=symbols)
    reader = KNeighborsClassifier(3).fit(train.pictures.reshape(n, -1) / np.float32(255), train.targets)
    assert reader.score(test.pictures.reshape(800, -1) / np.float32(255), test.targets) >= least


# ------------------------------------------------------------------------------------------- colour


def test_colour_pictures_are_the_grey_ones_in_ink_and_paper():
    grey = draw(300, seed=9).pictures / 255
    coloured = draw(300, seed=9, channels=3)
    ink, paper = (
        np.stack([coloured.factors[f"{part}_{channel}"] for channel in "rgb"], axis=1)[:, :, None, None]
        for part in ("ink", "paper")
    )
    np.testing.assert_allclose(coloured.pictures / 255, paper + (ink - paper) * grey, atol=0.006)


def test_colours_vary_and_keep_their_contrast():
    factors = draw(2000, seed=9, channels=3).factors
    colours = np.stack([factors[name] for name in COLOURS], axis=1)
    assert colours.min() >= 0
    assert colours.max() <= 1
    assert np.all(colours.std(0) > 0.15)
    brightness = colours.reshape(-1, 2, 3) @ np.array([0.299, 0.587, 0.114])
    contrast = brightness[:, 0] - brightness[:, 1]
    assert np.abs(contrast).min() > 0.28
    assert 0.4 < np.mean(contrast > 0) < 0.6


# ------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("arguments", "name", "got"),
    [
        ({"n": -1}, "n", "-1"),
        ({"n": 2.0}, "n", "2.0"),
        ({"n": True}, "n", "True"),
        ({"n": "5"}, "n", "'5'"),
        ({"seed": -3}, "seed", "-3"),
        ({"seed": 1.5}, "seed", "1.5"),
        ({"seed": ()}, "seed", "()"),
        ({"seed": (1, "a")}, "seed", "'a'"),
        ({"seed": None}, "seed", "None"),
        ({"size": 7}, "size", "7"),
        ({"size": 28.0}, "size", "28.0"),
        ({"size": (28, 28)}, "size", "28, 28"),
        ({"channels": 2}, "channels", "2"),
        ({"channels": True}, "channels", "True"),
        ({"symbols": ""}, "symbols", "''"),
        ({"symbols": "12a?"}, "symbols", "'?a'"),
        ({"symbols": "0110"}, "symbols", "0110"),
        ({"symbols": 7}, "symbols", "7"),
        ({"symbols": ["1", "2"]}, "symbols", "['1', '2']"),
    ],
)
def test_bad_input_is_named(arguments, name, got):
    with pytest.raises(ValueError, match=rf"^{name} must ") as error:
        draw(**{"n": 1} | arguments)
    assert got in str(error.value)
