"""Quizzes: questions in a data file, an accessible quiz in the lesson.

A lesson's cell says ``quiz("01", "before")``. The questions are in ``quizzes/lesson_01.toml``;
:mod:`vaecourse.quizzes.files` describes their format.

A cell shows the *printed quiz*, ``text/html`` and ``text/plain`` with questions, lettered options and folded answers,
and the *live quiz*, a form (:mod:`vaecourse.live` says why these are two outputs). Where the form lives, ``quiz.css``
hides the printed quiz; and it goes on living when the kernel does not, because it judges by itself.

Formulas need no network anywhere. The live quiz has MathML, the printed one letters
(see :mod:`vaecourse.quizzes.texts`).
"""

import html
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import traitlets

from vaecourse.live import LiveOutput, script
from vaecourse.quizzes import (
    LETTERS,
    NO_NUMBER,
    TWO_READINGS,
    ChooseAll,
    ChooseOne,
    GiveNumber,
    Picture,
    Question,
    Quiz,
    Result,
    Said,
    grade,
    load_quiz,
)
from vaecourse.quizzes.texts import to_html

_CHOOSE_ALL = "Choose all that apply."


def printed_quiz(quiz: Quiz) -> str:
    """The quiz as HTML to read: lettered options, the answers folded at the end.

    It says the same when a viewer drops styles and unfolds the answers: hence letters that are text, not list
    markers, and answers that come after the last question. Some viewers drop pictures: hence their words, folded.
    The mark on the summaries lets the keys that open them pass JupyterLab.
    """
    lines = ['<div class="vaecourse-quiz-printed">', f"<p><strong>{_printed(quiz.title)}</strong></p>"]
    for number, question in enumerate(quiz.questions, 1):
        lines.append(f"<div><strong>{number}.</strong> {_printed(question.prompt)}</div>")
        lines += _printed_picture(question.picture, f"The picture of question {number} in words")
        lines += ["<blockquote>", *_printed_field(question), "</blockquote>"]
    for number, question in enumerate(quiz.questions, 1):
        said = (_said_html(said, _printed) for said in _printed_answers(question))
        lines += _folded(f"Answer to question {number}", "\n".join(f"<div>{each}</div>" for each in said))
    return "\n".join([*lines, "</div>"])


_printed = partial(to_html, mathml=False)


def _printed_field(question: Question) -> list[str]:
    """Where the live quiz has the field or the options."""
    if isinstance(question, GiveNumber):
        unit = f" ({_printed(question.unit)})" if question.unit else ""
        return [f"<div><em>Give a number{unit}.</em></div>"]
    lines = [f"<div><em>{_CHOOSE_ALL}</em></div>"] * isinstance(question, ChooseAll)
    for letter, option in zip(LETTERS, question.options, strict=False):
        lines.append(f"<div>{letter}. {_printed(option.text)}</div>")
        lines += _printed_picture(option.picture, f"Picture {letter} in words")
    return lines


def _printed_picture(picture: Picture | None, summary: str) -> list[str]:
    if picture is None:
        return []
    return [f"<div>{picture.html}</div>", *_folded(summary, html.escape(picture.alt))]


def _folded(summary: str, content: str) -> list[str]:
    return [
        f"<details><summary data-lm-suppress-shortcuts>{summary}</summary>",
        f"<blockquote>{content}</blockquote></details>",
    ]


def _printed_answers(question: Question) -> Sequence[Said]:
    if not isinstance(question, GiveNumber):
        return question.said
    return (*map(question.said, question.named), Said("Any other number: not quite.", question.otherwise))


def _said_html(said: Said, convert: Callable[[str], str]) -> str:
    return f"<strong>{convert(said.verdict)}</strong> {convert(said.because)}"


class LiveQuiz(LiveOutput):
    """The quiz as a form. ``choices`` holds, for each question, the answer that was checked, or None.

    ``first_choices`` holds the first answer that was checked since the start.
    """

    _esm = script(Path(__file__).with_name("quiz.js"))
    _css = Path(__file__).with_name("quiz.css")

    content = traitlets.Dict().tag(sync=True)
    choices = traitlets.List().tag(sync=True)
    first_choices = traitlets.List().tag(sync=True)

    def __init__(self, quiz: Quiz) -> None:
        empty = [None] * len(quiz.questions)
        super().__init__(content=live_content(quiz), choices=empty, first_choices=empty)
        self.quiz = quiz

    def still(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"text/html": printed_quiz(self.quiz), "text/plain": str(self.quiz)}, {}

    @property
    def result(self) -> Result:
        """The marks of what was checked so far."""
        return grade(self.quiz, self.choices, self.first_choices)


def live_content(quiz: Quiz) -> dict[str, Any]:
    """All that the form shows, as HTML, and all that it judges by: it never asks the kernel.

    Whatever runs ``quiz.js`` needs a model with this as its ``content``, and with ``choices`` and ``first_choices``:
    a list of as many null as there are questions.
    """
    return {"title": to_html(quiz.title), "questions": [_live_question(question) for question in quiz.questions]}


def _live_question(question: Question) -> dict[str, Any]:
    content = {"prompt": to_html(question.prompt), "picture": question.picture.html if question.picture else ""}
    match question:
        case GiveNumber():
            numbers = [
                {
                    "value": n.value,
                    "margin": n.margin,
                    "right": n is question.answer,
                    "said": _live_said(question.said(n)),
                }
                for n in question.named
            ]
            return content | {
                "kind": "number",
                "unit": to_html(question.unit),
                "numbers": numbers,
                "otherwise": {"right": False, "said": _live_said(Said("Not quite.", question.otherwise))},
                "unreadable": {"number": NO_NUMBER, "two": TWO_READINGS},
            }
        case ChooseAll():
            return content | {
                "kind": "all",
                "hint": _CHOOSE_ALL,
                "options": _live_options(question),
                "whole": _live_said(Said("Right.")),
                "lacking": [_live_said(Said(verdict)) for verdict in question.verdicts],
            }
    return content | {"kind": "one", "options": _live_options(question)}


def _live_options(question: ChooseOne | ChooseAll) -> list[dict[str, Any]]:
    return [
        {
            "text": f"{letter}. {to_html(option.text)}",
            "picture": option.picture.html if option.picture else "",
            "right": option.correct,
            "said": _live_said(said),
        }
        for letter, option, said in zip(LETTERS, question.options, question.said, strict=False)
    ]


def _live_said(said: Said) -> str:
    return _said_html(said, to_html)


def quiz(lesson: str, name: str) -> None:
    """Show a quiz below the cell, for example ``quiz("01", "before")``.

    Raises:
        ValueError: there is no such lesson or quiz, or the lesson's file has a mistake.
    """
    LiveQuiz(load_quiz(lesson, name)).show()
