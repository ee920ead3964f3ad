"""Quizzes: questions in a data file, an accessible quiz in the lesson.

A lesson's cell says ``quiz("01", "before")``. The questions are in ``quizzes/lesson_01.toml``::

    [before]                          # the name of a quiz, any number in a file
    title = 'Before you start'

    [[before.questions]]
    prompt = 'Markdown with $\\hat{x}$ and `code`'

    [[before.questions.options]]      # three or more, exactly one of them right
    text = 'Markdown again'
    correct = true                    # left out for the wrong ones
    because = 'Why it is right, or why it is wrong.'

(Single quotes keep TeX's backslashes.) Other keys are refused, so that a later kind of question can announce
itself by a key of its own.

**What a cell shows, and why it is two outputs.** A notebook is read with and without a kernel, and a viewer
shows one form of each output, the first that it knows. With the widget and its replacement in *one* output,
JupyterLab says "Error displaying widget: model not found" when a saved notebook is opened again. So there are

1. the *printed quiz*, ``text/html`` and ``text/plain``: questions, lettered options, folded answers;
2. the *live quiz*, a widget view and nothing else.

==========================================  =========================  ==================================
reader                                      printed quiz               live quiz
==========================================  =========================  ==================================
JupyterLab, cell was run                    hidden by ``quiz.css``     shown
JupyterLab, saved notebook, trusted         shown                      its error is hidden by ``_STYLE``
JupyterLab, downloaded notebook, untrusted  shown, without ``_STYLE``  not rendered (not a safe type)
GitHub, ``nbconvert --to html``             shown                      nothing to show
==========================================  =========================  ==================================

In the course's own lessons the widget views are dropped on storing, and the live quiz is an empty output.

The printed quiz does not change from run to run and the live one has no type but its own, which nbval is told
to ignore: so nbval compares the first and passes over the second. Formulas need no network anywhere. The live
quiz has MathML. The printed one has letters with ``<i>``, ``<sub>`` and ``<sup>``, because JupyterLab removes
MathML from notebooks it does not trust, and ``$...$`` in an exported page needs MathJax from the network.
"""

import html
import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import anywidget
import latex2mathml.converter
import mistune
import traitlets
from IPython.display import display
from mistune.plugins.math import math as math_plugin

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
LETTERS = "ABCDEFGH"

_QUIZ_FILES = resources.files("vaecourse.quizzes")


# The questions --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Option:
    """One answer to choose, and why it is right or wrong. Texts are Markdown with ``$...$`` formulas."""

    text: str
    because: str
    correct: bool = False


@dataclass(frozen=True)
class Question:
    """A question with one right option."""

    prompt: str
    options: tuple[Option, ...]

    @property
    def answer(self) -> int:
        """The place of the right option, counted from 0."""
        return next(i for i, option in enumerate(self.options) if option.correct)


@dataclass(frozen=True)
class Quiz:
    """The questions of one quiz of a lesson."""

    lesson: str
    name: str
    title: str
    questions: tuple[Question, ...]

    def __str__(self) -> str:
        count = len(self.questions)
        return f"Quiz {self.lesson}/{self.name}: {self.title} ({count} question{'s' * (count > 1)})"


@dataclass(frozen=True)
class Feedback:
    """What is said about a chosen option."""

    right: bool
    because: str

    @property
    def verdict(self) -> str:
        return "Right." if self.right else "Not quite."


@dataclass(frozen=True)
class Result:
    """The marks of one attempt. An unanswered question scores nothing and has ``None`` for feedback."""

    score: int
    total: int
    feedback: tuple[Feedback | None, ...]

    def __str__(self) -> str:
        return f"{self.score} of {self.total}"


def lessons_with_quizzes() -> list[str]:
    """The lessons that have quizzes, such as ``["01", "02"]``."""
    names = (file.name for file in _QUIZ_FILES.iterdir())
    return sorted(n.removeprefix("lesson_").removesuffix(".toml") for n in names if n.endswith(".toml"))


def load_lesson(lesson: str) -> dict[str, Quiz]:
    """All quizzes of a lesson, by name.

    Raises:
        ValueError: there is no such lesson, or its file has a mistake.
    """
    if lesson not in (known := lessons_with_quizzes()):
        raise ValueError(f"there are no quizzes for lesson {lesson!r}; lessons with quizzes: {', '.join(known)}")
    file = _QUIZ_FILES / f"lesson_{lesson}.toml"
    return parse_lesson(file.read_text(encoding="utf-8"), lesson, file.name)


def load_quiz(lesson: str, name: str) -> Quiz:
    """One quiz of a lesson, for example ``load_quiz("01", "before")``.

    Raises:
        ValueError: there is no such lesson or quiz, or the lesson's file has a mistake.
    """
    quizzes = load_lesson(lesson)
    if name not in quizzes:
        raise ValueError(f"lesson {lesson} has no quiz {name!r}; its quizzes: {', '.join(quizzes)}")
    return quizzes[name]


def parse_lesson(text: str, lesson: str, file_name: str) -> dict[str, Quiz]:
    """The quizzes in the text of a lesson's file.

    Raises:
        ValueError: the text breaks a rule of the format; the message names file, quiz, question and rule.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file_name}: not valid TOML: {error}") from error
    return {name: _quiz(table, lesson, name, f"{file_name}, quiz {name!r}") for name, table in content.items()}


def _quiz(table: Any, lesson: str, name: str, where: str) -> Quiz:
    _check_keys(table, where, title=str, questions=list)
    if not table["questions"]:
        raise ValueError(f"{where}: no questions")
    questions = tuple(_question(q, f"{where}, question {i}") for i, q in enumerate(table["questions"], 1))
    prompts = [question.prompt for question in questions]
    if len(set(prompts)) < len(prompts):
        raise ValueError(f"{where}: two questions have the same prompt")
    return Quiz(lesson, name, table["title"], questions)


def _question(table: Any, where: str) -> Question:
    _check_keys(table, where, prompt=str, options=list)
    options = tuple(_option(o, f"{where}, option {i}") for i, o in enumerate(table["options"], 1))
    if not 3 <= len(options) <= len(LETTERS):
        raise ValueError(f"{where}: {len(options)} options, but it takes 3 to {len(LETTERS)}")
    right = sum(option.correct for option in options)
    if right != 1:
        raise ValueError(f"{where}: {right} options are marked `correct = true`, but exactly one must be")
    if len({option.text for option in options}) < len(options):
        raise ValueError(f"{where}: two options have the same text")
    return Question(_one_line(table["prompt"]), options)


def _option(table: Any, where: str) -> Option:
    _check_keys(table, where, optional={"correct": bool}, text=str, because=str)
    return Option(_one_line(table["text"]), _one_line(table["because"]), table.get("correct", False))


def _check_keys(table: Any, where: str, optional: dict[str, type] | None = None, **required: type) -> None:
    """Raise ValueError unless ``table`` has the required keys, no unknown ones, and values of their types."""
    known = required | (optional or {})
    if not isinstance(table, dict):
        raise ValueError(f"{where}: expected a table with the keys {', '.join(known)}")
    for key in table.keys() - known.keys():
        raise ValueError(f"{where}: unknown key {key!r}; known: {', '.join(known)}")
    for key in required.keys() - table.keys():
        raise ValueError(f"{where}: {key!r} is missing")
    for key, value in table.items():
        if not isinstance(value, known[key]):
            raise ValueError(f"{where}: {key!r} must be of type {known[key].__name__}")
        if isinstance(value, str) and not value.strip():
            raise ValueError(f"{where}: {key!r} is empty")


def _one_line(text: str) -> str:
    """The text without the line breaks that only keep the file's lines short."""
    return " ".join(text.split())


def feedback(question: Question, choice: int) -> Feedback:
    """What to say about the option at place ``choice``, counted from 0."""
    option = question.options[choice]
    return Feedback(option.correct, option.because)


def _all_feedback(question: Question) -> list[Feedback]:
    return [feedback(question, i) for i in range(len(question.options))]


def grade(quiz: Quiz, choices: Sequence[int | None]) -> Result:
    """Mark an attempt.

    Args:
        quiz: the questions.
        choices: for each question the place of the chosen option, counted from 0, or None for no answer.

    Raises:
        ValueError: there is not one choice for each question, or a choice that names no option.
    """
    if len(choices) != len(quiz.questions):
        raise ValueError(f"{len(choices)} choices for {len(quiz.questions)} questions")
    for number, (question, choice) in enumerate(zip(quiz.questions, choices, strict=True), 1):
        if choice is not None and choice not in range(len(question.options)):
            raise ValueError(f"question {number} has no option {choice}; they are 0 to {len(question.options) - 1}")
    said = tuple(
        None if choice is None else feedback(question, choice)
        for question, choice in zip(quiz.questions, choices, strict=True)
    )
    return Result(sum(f is not None and f.right for f in said), len(said), said)


# Markdown and formulas ------------------------------------------------------------------------------------


def to_html(text: str, mathml: bool = True) -> str:
    """A line of Markdown as HTML, its ``$...$`` formulas as MathML or else written with letters.

    Raises:
        ValueError: a formula that cannot be written with letters.
    """
    renderer = _Renderer(mathml)
    markdown = mistune.Markdown(renderer, plugins=[math_plugin])
    return renderer(markdown.inline(text, {}), mistune.BlockState())


class _Renderer(mistune.HTMLRenderer):
    def __init__(self, mathml: bool) -> None:
        super().__init__(escape=True)
        self._mathml = mathml

    def inline_math(self, text: str) -> str:
        if self._mathml:
            return latex2mathml.converter.convert(text)
        tree = latex2mathml.converter.convert_to_element(text)
        try:
            return _letters(tree).strip()
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


# What a cell shows ----------------------------------------------------------------------------------------

# For a saved notebook that JupyterLab trusts: hide what it says about a live quiz whose kernel is gone.
_STYLE = """<style>
.jp-OutputArea-child:has(.vaecourse-quiz-printed) + .jp-OutputArea-child
  > .jp-OutputArea-output:not(:has(*)) { display: none; }
</style>"""


def printed_quiz(quiz: Quiz) -> str:
    """The quiz as HTML to read: lettered options, the answers folded at the end.

    It says the same when a viewer drops styles and unfolds the answers: hence letters that are text, not list
    markers, and answers that come after the last question. The mark on the summaries lets the keys that open
    them pass JupyterLab.
    """
    lines = [
        _STYLE,
        '<div class="vaecourse-quiz-printed">',
        f"<p><strong>{_printed(quiz.title)}</strong></p>",
    ]
    for number, question in enumerate(quiz.questions, 1):
        lines.append(f"<p><strong>{number}.</strong> {_printed(question.prompt)}</p>")
        options = (f"{LETTERS[i]}. {_printed(option.text)}" for i, option in enumerate(question.options))
        lines.append(f"<blockquote>{'<br>'.join(options)}</blockquote>")
    for number, question in enumerate(quiz.questions, 1):
        lines.append(f"<details><summary data-lm-suppress-shortcuts>Answer to question {number}</summary>")
        said = (
            f"<strong>{LETTERS[i]}.</strong> {f.verdict} {_printed(f.because)}"
            for i, f in enumerate(_all_feedback(question))
        )
        lines.append(f"<blockquote>{'<br>'.join(said)}</blockquote></details>")
    return "\n".join([*lines, "</div>"])


def _printed(text: str) -> str:
    return to_html(text, mathml=False)


class LiveQuiz(anywidget.AnyWidget):
    """The quiz as a form. ``choices`` holds, for each question, the option that was checked, or None."""

    _esm = Path(__file__).with_name("quiz.js")
    _css = Path(__file__).with_name("quiz.css")

    content = traitlets.Dict().tag(sync=True)
    choices = traitlets.List().tag(sync=True)

    def __init__(self, quiz: Quiz) -> None:
        super().__init__(content=_content(quiz), choices=[None] * len(quiz.questions))
        self.quiz = quiz

    @property
    def result(self) -> Result:
        """The marks of what was checked so far."""
        return grade(self.quiz, self.choices)


def _content(quiz: Quiz) -> dict[str, Any]:
    """All that the form shows, as HTML. With the explanations in it, it answers while the kernel is busy."""
    return {
        "title": to_html(quiz.title),
        "questions": [
            {
                "prompt": to_html(question.prompt),
                "options": [
                    {
                        "text": to_html(option.text),
                        "right": f.right,
                        "verdict": f.verdict,
                        "because": to_html(f.because),
                    }
                    for option, f in zip(question.options, _all_feedback(question), strict=True)
                ],
            }
            for question in quiz.questions
        ],
    }


def bundles(quiz: Quiz) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two outputs of a quiz, by type: the printed quiz and the live quiz."""
    view = {"version_major": 2, "version_minor": 0, "model_id": LiveQuiz(quiz).model_id}
    return {"text/html": printed_quiz(quiz), "text/plain": str(quiz)}, {WIDGET_VIEW: view}


def quiz(lesson: str, name: str) -> None:
    """Show a quiz below the cell, for example ``quiz("01", "before")``.

    Raises:
        ValueError: there is no such lesson or quiz, or the lesson's file has a mistake.
    """
    for bundle in bundles(load_quiz(lesson, name)):
        display(bundle, raw=True)
