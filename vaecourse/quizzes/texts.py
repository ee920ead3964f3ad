"""The texts of a quiz: short Markdown with formulas, as HTML that no network helps to show.

A formula ``$...$`` becomes MathML, or is written with letters, ``<i>``, ``<sub>`` and ``<sup>``: JupyterLab removes
MathML from notebooks that it does not trust, and ``$...$`` in an exported page needs MathJax from the network.
"""

import html
import re
import unicodedata
from xml.etree import ElementTree

import mistune
from latex2mathml.converter import convert_to_element
from mistune.plugins.math import math as math_plugin

from vaecourse.formulas import mathml as as_mathml

_FENCED = re.compile(r"^(```.*?^```)[ \t]*$", re.MULTILINE | re.DOTALL)


def flowing(text: str) -> str:
    """The text without the line breaks that only keep a file's lines short: all but those of fenced code."""
    parts = (part if part.startswith("```") else " ".join(part.split()) for part in _FENCED.split(text))
    return "\n\n".join(part for part in parts if part)


def to_html(text: str, mathml: bool = True) -> str:
    """A paragraph of Markdown as HTML, its ``$...$`` formulas as MathML or else written with letters.

    Of Markdown's blocks it knows only code fenced by lines of three backticks. So a text may begin with "1." or "-"
    and is no list; and it stands anywhere in a page, for nothing is wrapped around it.

    Raises:
        ValueError: a formula that cannot be shown, or not with letters.
    """
    markdown = mistune.Markdown(_Renderer(mathml), plugins=[math_plugin])
    markdown.block.rules = ["fenced_code", "blank_line"]
    return str(markdown(text)).strip()


class _Renderer(mistune.HTMLRenderer):
    def __init__(self, mathml: bool) -> None:
        super().__init__(escape=True)
        self._mathml = mathml

    def paragraph(self, text: str) -> str:
        return text

    def block_code(self, code: str, info: str | None = None) -> str:
        return f"<pre><code>{html.escape(code.rstrip())}</code></pre>"

    def inline_math(self, text: str) -> str:
        if self._mathml:
            return as_mathml(text)
        try:
            return _letters(convert_to_element(text)).strip()
        except KeyError as error:
            raise ValueError(f"the formula ${text}$ cannot be written with letters: {error}") from error


_ACCENTS = {"^": "\u0302", "~": "\u0303", "¯": "\u0304", "˙": "\u0307", "→": "\u20d7"}
_BRACKETS = set("()[]{}⟨⟩|‖\u2223")
_OPENING = set("([{⟨")
_BIG = set("∑∏∫")


def _letters(node: ElementTree.Element) -> str:
    """The MathML element ``node`` written with letters."""
    parts = [_letters(child) for child in node]
    text = html.escape(_sign(node))
    match node.tag:
        case "math" | "mrow" | "mstyle":
            return _row(list(node), parts)
        case "mi":  # one letter is a variable, more are a name such as log
            variable = len(text) == 1 and text.isalpha() and node.get("mathvariant") != "normal"
            return f"<i>{text}</i>" if variable and "DOUBLE-STRUCK" not in unicodedata.name(text) else text
        case "mn" | "mo" | "mtext":
            return text
        case "mspace":
            return " "
        case "msub" | "munder":
            return f"{parts[0]}<sub>{parts[1]}</sub>"
        case "msup":
            return f"{parts[0]}<sup>{parts[1]}</sup>"
        case "msubsup" | "munderover":
            return f"{parts[0]}<sub>{parts[1]}</sub><sup>{parts[2]}</sup>"
        case "mover":  # the accent belongs to the letter, so inside <i>
            return parts[0].removesuffix("</i>") + _ACCENTS[parts[1]] + "</i>" * parts[0].endswith("</i>")
        case "mfrac":
            return "/".join(_bracketed(part) for part in parts)
        case "msqrt":
            return "√" + _bracketed("".join(parts))
    raise KeyError(node.tag)


def _sign(node: ElementTree.Element) -> str:
    return html.unescape(node.text or "")  # latex2mathml writes signs as entities


def _bracketed(part: str) -> str:
    return part if re.fullmatch(r"\w+|<i>\w+</i>", part) else f"({part})"


def _row(nodes: list[ElementTree.Element], parts: list[str]) -> str:
    """The parts of a formula side by side, with the spaces that MathML leaves to the viewer."""
    row = ""
    after_operand = False  # tells "a - b" from "-b"
    for node, part in zip(nodes, parts, strict=True):
        first = next(e for e in node.iter() if len(e) == 0)  # of a squared bracket, the bracket
        sign = _sign(first)
        operator = first.tag == "mo" and sign not in _BRACKETS
        name = first.tag == "mi" and len(sign) > 1
        if sign == ",":
            row += ", "
        elif name or (operator and (after_operand or sign in _BIG)):
            row += f" {part} " if after_operand else f"{part} "
        else:
            row += part
        after_operand = not operator and sign not in _OPENING
    return re.sub(r" (?=[)\]}⟩])|(?<=\w) (?=\()", "", " ".join(row.split()))
