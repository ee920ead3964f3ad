"""Formulas as MathML, and what is done where browsers do not draw what latex2mathml writes."""

import re
from xml.etree import ElementTree

import pytest

from vaecourse.formulas import mathml


def inner(formula: str) -> str:
    """What stands within the ``<math><mrow>`` of a formula."""
    return re.fullmatch(r"<math[^>]*><mrow>(.*)</mrow></math>", mathml(formula))[1]


def test_a_formula_is_one_element_in_a_line_or_on_a_line_of_its_own():
    for block in (False, True):
        element = ElementTree.fromstring(mathml(r"x_1 < \frac 12", block))
        assert element.tag == "{http://www.w3.org/1998/Math/MathML}math"
        assert element.get("display") == ("block" if block else "inline")


@pytest.mark.parametrize(
    ("formula", "letters"),
    [
        (r"\mathbb R", "ℝ"),
        (r"\mathbb{E}", "𝔼"),
        (r"\mathcal N", "𝒩"),
        (r"\mathbf 1", "𝟏"),
        (r"\boldsymbol{\mu}", "𝝁"),
        (r"\bm{x}", "𝒙"),
    ],
)
def test_alphabets_are_unicodes_own(formula, letters):
    written = mathml(formula)
    assert letters in written
    assert "mathvariant" not in written


def test_bars_grow_only_when_they_are_told_to():
    bar = '<mo stretchy="false">‖</mo>'
    assert inner(r"\lVert x \rVert^2") == f"{bar}<mi>x</mi><msup>{bar}<mn>2</mn></msup>"
    assert 'stretchy="false"' not in mathml(r"\left\lVert x \right\rVert")


@pytest.mark.parametrize(
    ("formula", "spaces"),
    [
        (r"\log p", 1),
        (r"x \log^2 y", 2),
        (r"\log(p)", 0),
        (r"- \log \log p", 2),
        (r"\operatorname{tr}(A)", 0),
        ("a b", 0),
    ],
)
def test_names_of_functions_keep_their_distance(formula, spaces):
    assert mathml(formula).count("mspace") == spaces


def test_the_name_of_an_operator_is_no_relation():
    assert "<mi>tr</mi>" in mathml(r"\operatorname{tr} A")


def test_an_arrow_is_as_long_as_its_text():
    over = ElementTree.fromstring(mathml(r"\xrightarrow{\text{encoder}}"))[0][0]
    arrow, text = over
    assert (arrow.text, arrow.get("stretchy")) == ("→", "true")
    assert "".join(text.itertext()) == "encoder"
    assert not any(width.startswith("+") for node in over.iter() if (width := node.get("width")))


def test_aligned_lines_are_a_table():
    table = ElementTree.fromstring(mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}"))[0][0]
    assert ["".join(row.itertext()) for row in table] == ["a=b", "c=d"]
    assert [cell.get("columnalign") for cell in table[0]] == ["right", "left"]


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (r"x + \nonsense", r"\$x \+ \\nonsense\$ has \\nonsense, which cannot be shown"),
        ("a & b", "has &, which cannot be shown"),
        (r"\frac{1", "lacks a part of its frac"),
        (r"\left( a", "is not LaTeX"),
        ("a_", "is not LaTeX"),
        ("", "is not LaTeX"),
    ],
)
def test_mistakes_are_named(formula, message):
    with pytest.raises(ValueError, match=message):
        mathml(formula)
