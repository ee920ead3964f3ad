"""LaTeX formulas as MathML that browsers draw as it is meant.

latex2mathml writes MathML 3, and browsers read MathML Core, which has less. What Core leaves out is said here in
another way.
"""

import html
import itertools
import unicodedata
from contextlib import suppress
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element

_BARS = {"|", "‖"}
_PARTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3}
_ENVIRONMENTS = {"aligned": "align*"}  # those that latex2mathml knows by another name only


def mathml(formula: str, block: bool = False) -> str:
    r"""A formula as a ``<math>`` element.

    Args:
        formula: LaTeX without its dollar signs, such as ``\lVert x - \hat x \rVert^2``.
        block: for a line of its own, with limits above and below a sum.

    Raises:
        ValueError: the formula has a command that cannot be shown, or a mistake.
    """
    for name, known in _ENVIRONMENTS.items():
        formula = formula.replace(f"{{{name}}}", f"{{{known}}}")
    try:
        tree = convert_to_element(formula.strip(), display="block" if block else "inline")
    except Exception as error:  # each mistake has a class of its own, and some end in an IndexError
        raise ValueError(f"the formula ${formula}$ is not LaTeX: {type(error).__name__}") from error
    for element in list(tree.iter()):
        if len(element) != _PARTS.get(element.tag, len(element)):
            raise ValueError(f"the formula ${formula}$ lacks a part of its {element.tag[1:]}")
        _mend(element)
        if element.tag in {"mi", "mo"} and {"\\", "&"} & set(element.text or ""):
            raise ValueError(f"the formula ${formula}$ has {element.text}, which cannot be shown")
    return ElementTree.tostring(tree, encoding="unicode")


def _mend(element: ElementTree.Element) -> None:
    """Change what browsers do not draw, or not as LaTeX does."""
    text = element.text = html.unescape(element.text or "")  # latex2mathml writes signs as entities
    if element.tag == "mo" and text in _BARS and element.get("fence") != "true":
        element.set("stretchy", "false")  # only \left and \right make them grow
    elif element.tag == "mo" and _is_name(element) and not element.get("movablelimits"):
        element.tag = "mi"  # \operatorname{tr} is no relation, with wide spaces on both sides
    elif element.tag in {"mi", "mn"} and element.get("mathvariant", "normal") != "normal" and len(text) == 1:
        element.text = _in_script(text, element.attrib.pop("mathvariant"))
    elif element.tag == "mover" and element[1].tag == "mpadded":
        _mend_arrow(element)
    elif element.tag in {"math", "mrow", "mtd"}:
        _space_names(element)


def _mend_arrow(over: ElementTree.Element) -> None:
    r"""Give \xrightarrow the length of its text: Core has no widths relative to the content's."""
    (arrow,) = over[0].iter("mo")
    arrow.set("stretchy", "true")
    text = ElementTree.Element("mrow")
    text.extend([_space("0.4em"), *(child for child in over[1] if child.tag != "mspace"), _space("0.4em")])
    over[:] = [arrow, text]


def _space_names(row: ElementTree.Element) -> None:
    r"""Set \log and its like apart from what stands beside them, except from brackets and signs."""
    pairs = list(itertools.pairwise(row))
    for place, (left, right) in reversed(list(enumerate(pairs, 1))):
        if (_is_name(left) or _is_name(right)) and not {left.tag, right.tag} & {"mo", "mspace"}:
            row.insert(place, _space("0.167em"))


def _is_name(element: ElementTree.Element) -> bool:
    """Whether it is the name of a function, with an index or a power perhaps."""
    if element.tag in {"msub", "msup", "msubsup"}:
        return _is_name(element[0])
    text = html.unescape(element.text or "")
    return element.tag in {"mi", "mo"} and len(text) > 1 and text.isalpha()


def _in_script(sign: str, variant: str) -> str:
    """The sign of Unicode's own alphabets that looks so, such as ℝ for R in double-struck."""
    plain = " ".join(word for word in unicodedata.name(sign).split() if word not in {"LATIN", "GREEK", "LETTER"})
    style = variant.upper() if variant == "double-struck" else variant.upper().replace("-", " ")
    for name in (f"MATHEMATICAL {style} {plain}", f"{style} {plain}"):
        with suppress(KeyError):
            return unicodedata.lookup(name)
    return sign


def _space(width: str) -> ElementTree.Element:
    return ElementTree.Element("mspace", width=width)
