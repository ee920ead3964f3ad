"""Questions of a quiz, what is said about an answer, and the marks of an attempt."""

import base64
import html
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

LETTERS = "ABCDEFGH"


# The questions --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Picture:
    """A PNG file, and what it shows in words. It is shown at half its size in pixels, for screens with fine ones."""

    name: str
    alt: str
    png: bytes = field(repr=False)

    @property
    def html(self) -> str:
        width, height = (pixels // 2 for pixels in Image.open(io.BytesIO(self.png)).size)
        source = f"data:image/png;base64,{base64.b64encode(self.png).decode()}"
        return f'<img src="{source}" alt="{html.escape(self.alt)}" width="{width}" height="{height}">'


@dataclass(frozen=True)
class Said:
    """A verdict, and why. Markdown."""

    verdict: str
    because: str = ""


@dataclass(frozen=True)
class Feedback:
    """What is said about an answer."""

    right: bool
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Option:
    """One answer to choose, and why it is right or wrong. Texts are Markdown with ``$...$`` formulas."""

    text: str
    because: str
    correct: bool = False
    picture: Picture | None = None


@dataclass(frozen=True)
class Question:
    """What all kinds of questions have.

    Each kind has ``feedback(choice)``: what to say about an answer, or ValueError for what is no answer to it.
    """

    prompt: str
    picture: Picture | None


@dataclass(frozen=True)
class ChooseOne(Question):
    """A question with one right option. An answer is its place, counted from 0."""

    options: tuple[Option, ...]

    @property
    def answer(self) -> int:
        """The place of the right option, counted from 0."""
        return next(i for i, option in enumerate(self.options) if option.correct)

    @property
    def said(self) -> tuple[Said, ...]:
        """What is said about each option."""
        return _said(self.options, "Right.", "Not quite.")

    def feedback(self, choice: int) -> Feedback:
        _check_place(choice, self.options)
        return Feedback(self.options[choice].correct, (self.said[choice],))


@dataclass(frozen=True)
class ChooseAll(Question):
    """A question with several right options. An answer is the list of the places of all that are chosen."""

    options: tuple[Option, ...]

    @property
    def said(self) -> tuple[Said, ...]:
        """What is said about each option."""
        return _said(self.options, "Belongs.", "Does not belong.")

    @property
    def verdicts(self) -> tuple[str, ...]:
        """What is said about a wrong answer, by the number of right options that it lacks."""
        right = sum(option.correct for option in self.options)
        lacking = (f"{n} right answer{'s are' if n > 1 else ' is'} missing." for n in range(1, right + 1))
        return ("Not quite.", *(f"Not quite. {words}" for words in lacking))

    def feedback(self, choice: Sequence[int]) -> Feedback:
        """A wrong answer is told which of its options belong, and how many are missing, but not which."""
        if not isinstance(choice, list | tuple) or not choice or len(set(choice)) < len(choice):
            raise ValueError(f"takes a list of different options, got {choice!r}")
        for place in choice:
            _check_place(place, self.options)
        right = {i for i, option in enumerate(self.options) if option.correct}
        if right == set(choice):
            return Feedback(True, (Said("Right."), *self.said))
        missing = len(right - set(choice))
        return Feedback(False, (Said(self.verdicts[missing]), *(self.said[i] for i in sorted(choice))))


@dataclass(frozen=True)
class Number:
    """A number that people give: the right one or a mistake. It is met by all numbers up to ``margin`` away."""

    value: float
    margin: float
    because: str

    def fits(self, number: float) -> bool:
        return abs(number - self.value) <= self.margin


@dataclass(frozen=True)
class GiveNumber(Question):
    """A question for a number, in a unit (Markdown, or empty).

    An answer is a number, or a text such as "0.5", "0,5", "1e-3" or "1/3".
    """

    answer: Number
    mistakes: tuple[Number, ...]
    otherwise: str
    unit: str

    @property
    def named(self) -> tuple[Number, ...]:
        """The answer and the mistakes."""
        return (self.answer, *self.mistakes)

    def said(self, number: Number) -> Said:
        """What is said about the answer or a mistake."""
        verdict = "right" if number is self.answer else "not quite"
        return Said(f"{number.value:.10g}{' ' * bool(self.unit)}{self.unit}: {verdict}.", number.because)

    def feedback(self, choice: str | float) -> Feedback:
        given = read_number(str(choice))
        for number in self.named:
            if number.fits(given):
                return Feedback(number is self.answer, (self.said(number),))
        return Feedback(False, (Said("Not quite.", self.otherwise),))


NO_NUMBER = "This cannot be read as a number. Write one such as 1568, 0.5, 1e-3 or 1/3, without a unit."
TWO_READINGS = "A comma before three digits can be read in two ways. Write 1568 or 1.568 instead of 1,568."

_DECIMAL = r"[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:e[+-]?[0-9]+)?"
_NUMBER = re.compile(rf"\s*({_DECIMAL})(?:\s*/\s*({_DECIMAL}))?\s*", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")


def read_number(text: str) -> float:
    """The number that a text says: "0.5", "0,5", "1e-3" or "1/3". ``quiz.js`` reads by the same rule.

    Raises:
        ValueError: the text is no finite number, or one such as "1,568" that can mean two.
    """
    match = _NUMBER.fullmatch(text.replace("\u2212", "-"))
    if match is None:
        raise ValueError(NO_NUMBER)
    parts = match.groups(default="1")
    if any(_THOUSANDS.fullmatch(part) for part in parts):
        raise ValueError(TWO_READINGS)
    number, divisor = (float(part.replace(",", ".")) for part in parts)
    if divisor == 0 or not math.isfinite(number / divisor):
        raise ValueError(NO_NUMBER)
    return number / divisor


def _said(options: Sequence[Option], belongs: str, does_not: str) -> tuple[Said, ...]:
    return tuple(
        Said(f"{letter}. {belongs if option.correct else does_not}", option.because)
        for letter, option in zip(LETTERS, options, strict=False)
    )


def _check_place(choice: int, options: Sequence[Option]) -> None:
    if not isinstance(choice, int) or choice not in range(len(options)):
        raise ValueError(f"has no option {choice!r}; they are 0 to {len(options) - 1}")


@dataclass(frozen=True)
class Quiz:
    """The questions of one quiz of a lesson."""

    lesson: str
    name: str
    title: str
    questions: tuple[ChooseOne | ChooseAll | GiveNumber, ...]

    def __str__(self) -> str:
        count = len(self.questions)
        return f"Quiz {self.lesson}/{self.name}: {self.title} ({count} question{'s' * (count > 1)})"


# The marks ------------------------------------------------------------------------------------------------


Choice = int | Sequence[int] | str | float | None
"""An answer, as the kind of its question takes it, or None for no answer."""


@dataclass(frozen=True)
class Result:
    """The marks of one attempt. An unanswered question scores nothing and has ``None`` for feedback."""

    score: int
    total: int
    first_try: int
    feedback: tuple[Feedback | None, ...]

    def __str__(self) -> str:
        return f"{self.score} of {self.total}, {self.first_try} at the first try"


def grade(quiz: Quiz, choices: Sequence[Choice], first_choices: Sequence[Choice] | None = None) -> Result:
    """Mark an attempt.

    Args:
        quiz: the questions.
        choices: an answer for each question.
        first_choices: what was answered at the first try; left out, the same.

    Raises:
        ValueError: there is not one answer for each question, or an answer that its question does not take.
    """
    feedback = _all_feedback(quiz, choices)
    first = feedback if first_choices is None else _all_feedback(quiz, first_choices)
    score, first_try = (sum(f is not None and f.right for f in each) for each in (feedback, first))
    return Result(score, len(quiz.questions), first_try, feedback)


def _all_feedback(quiz: Quiz, choices: Sequence[Choice]) -> tuple[Feedback | None, ...]:
    if len(choices) != len(quiz.questions):
        raise ValueError(f"{len(choices)} choices for {len(quiz.questions)} questions")
    feedback = []
    for number, (question, choice) in enumerate(zip(quiz.questions, choices, strict=True), 1):
        try:
            feedback.append(None if choice is None else question.feedback(choice))
        except ValueError as error:
            raise ValueError(f"question {number}: {error}") from error
    return tuple(feedback)
