"""The files of the quizzes.

A lesson's cell says ``quiz("01", "before")``. The questions are in ``quizzes/lesson_01.toml``::

    [before]                          # the name of a quiz, any number in a file
    title = 'Before you start'

    [[before.questions]]
    prompt = 'Markdown with $\\hat{x}$, `code`, and code between lines of three backticks'

    [[before.questions.options]]      # three or more, exactly one of them right
    text = 'Markdown again'
    correct = true                    # left out for the wrong ones
    because = 'Why it is right, or why it is wrong.'

(Single quotes keep TeX's backslashes.) With ``choose = 'all'`` beside its prompt, a question has two or more right
options, and the answer is all of them. A question with an ``answer`` instead of options takes a number::

    [[before.questions]]
    prompt = 'How many?'
    answer = 7.84
    tolerance = 0.005                 # or relative_tolerance = 0.001; a number at the edge still counts
    unit = 'nats'                     # optional, a few words shown beside the field
    because = 'Why this is the number.'
    otherwise = 'A hint for every wrong number that is not named below.'

    [[before.questions.mistakes]]     # optional: wrong numbers that people really get
    value = 0.01                      # as near as the answer has to be, or with a tolerance of its own
    because = 'What they did to get it.'

A question or an option can have a picture, a PNG file beside the data file that ``quizzes/drawings.py`` draws: two
keys, ``picture = 'latent_plane.png'`` and ``alt = 'What the picture shows, in words.'`` An option with a picture
needs no text. Other keys are refused.
"""

import math
import tomllib
from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from vaecourse.quizzes.questions import LETTERS, ChooseAll, ChooseOne, GiveNumber, Number, Option, Picture, Quiz
from vaecourse.quizzes.texts import flowing

LARGEST_PICTURE = 40_000
"""Bytes of a PNG file: a lesson's file holds each of its pictures."""

_QUIZ_FILES = resources.files("vaecourse.quizzes")


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


def parse_lesson(text: str, lesson: str, file_name: str, pictures: Traversable = _QUIZ_FILES) -> dict[str, Quiz]:
    """The quizzes in the text of a lesson's file, their pictures from the folder ``pictures``.

    Raises:
        ValueError: the text breaks a rule of the format; the message names file, quiz, question and rule.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file_name}: not valid TOML: {error}") from error
    return {
        name: _quiz(table, lesson, name, f"{file_name}, quiz {name!r}", pictures) for name, table in content.items()
    }


_NUMBER = int | float
_PICTURE = {"picture": str, "alt": str}
_TOLERANCES = {"tolerance": _NUMBER, "relative_tolerance": _NUMBER}


def _quiz(table: Any, lesson: str, name: str, where: str, pictures: Traversable) -> Quiz:
    _check_keys(table, where, title=str, questions=list)
    if not table["questions"]:
        raise ValueError(f"{where}: no questions")
    questions = tuple(_question(q, f"{where}, question {i}", pictures) for i, q in enumerate(table["questions"], 1))
    if len({question.prompt for question in questions}) < len(questions):
        raise ValueError(f"{where}: two questions have the same prompt")
    return Quiz(lesson, name, table["title"], questions)


def _question(table: Any, where: str, pictures: Traversable) -> ChooseOne | ChooseAll | GiveNumber:
    read = _give_number if isinstance(table, dict) and "answer" in table else _choose
    return read(table, where, pictures)


def _choose(table: Any, where: str, pictures: Traversable) -> ChooseOne | ChooseAll:
    _check_keys(table, where, optional={"choose": str, **_PICTURE}, prompt=str, options=list)
    if table.get("choose", "all") != "all":
        raise ValueError(f"{where}: 'choose' must be 'all', or left out where one option is right")
    options = tuple(_option(o, f"{where}, option {i}", pictures) for i, o in enumerate(table["options"], 1))
    _check_options(options, "choose" in table, where)
    kind = ChooseAll if "choose" in table else ChooseOne
    return kind(flowing(table["prompt"]), _picture(table, where, pictures), options)


def _check_options(options: Sequence[Option], choose_all: bool, where: str) -> None:
    if not 3 <= len(options) <= len(LETTERS):
        raise ValueError(f"{where}: {len(options)} options, but it takes 3 to {len(LETTERS)}")
    if len({(option.text, option.picture) for option in options}) < len(options):
        raise ValueError(f"{where}: two options have the same text")
    if len({option.because for option in options}) < len(options):
        raise ValueError(f"{where}: two options have the same 'because'")
    right = sum(option.correct for option in options)
    if choose_all and not 2 <= right < len(options):
        rule = "with `choose = 'all'` two or more must be, and not all of them"
    elif not choose_all and right != 1:
        rule = "exactly one must be, or two and more with `choose = 'all'`"
    else:
        return
    raise ValueError(f"{where}: {right} options are marked `correct = true`, but {rule}")


def _option(table: Any, where: str, pictures: Traversable) -> Option:
    _check_keys(table, where, optional={"text": str, "correct": bool, **_PICTURE}, because=str)
    picture = _picture(table, where, pictures)
    if "text" not in table and picture is None:
        raise ValueError(f"{where}: 'text' is missing")
    return Option(flowing(table.get("text", "")), flowing(table["because"]), table.get("correct", False), picture)


def _give_number(table: Any, where: str, pictures: Traversable) -> GiveNumber:
    optional = {"unit": str, "mistakes": list, **_TOLERANCES, **_PICTURE}
    _check_keys(table, where, optional, prompt=str, answer=_NUMBER, because=str, otherwise=str)
    answer = _number(table["answer"], table, where)
    inherited = {key: table[key] for key in _TOLERANCES if key in table}
    named = [answer]
    for i, mistake in enumerate(table.get("mistakes", []), 1):
        number = _mistake(mistake, inherited, f"{where}, mistake {i}")
        for other in named:
            if abs(number.value - other.value) <= number.margin + other.margin:
                raise ValueError(
                    f"{where}, mistake {i}: within their tolerances it cannot be told from {other.value:g}"
                )
        named.append(number)
    return GiveNumber(
        prompt=flowing(table["prompt"]),
        picture=_picture(table, where, pictures),
        answer=answer,
        mistakes=tuple(named[1:]),
        otherwise=flowing(table["otherwise"]),
        unit=table.get("unit", ""),
    )


def _mistake(table: Any, inherited: dict[str, float], where: str) -> Number:
    _check_keys(table, where, optional=_TOLERANCES, value=_NUMBER, because=str)
    own = table.keys() & _TOLERANCES
    return _number(table["value"], table if own else table | inherited, where)


def _number(value: float, table: dict[str, Any], where: str) -> Number:
    """``value`` with the tolerance and the explanation of ``table``, the tolerance widened by rounding errors."""
    given = [key for key in _TOLERANCES if key in table]
    if len(given) != 1:
        raise ValueError(f"{where}: takes either 'tolerance' or 'relative_tolerance'")
    tolerance = table[given[0]]
    if not (math.isfinite(value) and math.isfinite(tolerance) and tolerance >= 0):
        raise ValueError(f"{where}: takes finite numbers, and a tolerance of 0 or more")
    margin = tolerance * abs(value) if given == ["relative_tolerance"] else tolerance
    return Number(value, margin + 1e-9 * max(abs(value), margin), flowing(table["because"]))


def _picture(table: dict[str, Any], where: str, pictures: Traversable) -> Picture | None:
    if not table.keys() & _PICTURE:
        return None
    for key in _PICTURE.keys() - table.keys():
        raise ValueError(f"{where}: {key!r} is missing; a picture takes both 'picture' and 'alt'")
    name = table["picture"]
    file = pictures / name
    if not file.is_file():
        raise ValueError(f"{where}: there is no picture {name!r} beside the quizzes")
    png = file.read_bytes()
    if not png.startswith(b"\x89PNG") or len(png) > LARGEST_PICTURE:
        raise ValueError(f"{where}: {name!r} must be a PNG file of at most {LARGEST_PICTURE} bytes; it has {len(png)}")
    return Picture(name, flowing(table["alt"]), png)


def _check_keys(table: Any, where: str, optional: dict[str, Any] | None = None, **required: Any) -> None:
    """Raise ValueError unless ``table`` has the required keys, no unknown ones, and values of their types."""
    known = required | (optional or {})
    if not isinstance(table, dict):
        raise ValueError(f"{where}: expected a table with the keys {', '.join(known)}")
    for key in table.keys() - known.keys():
        raise ValueError(f"{where}: unknown key {key!r}; known: {', '.join(known)}")
    for key in required.keys() - table.keys():
        raise ValueError(f"{where}: {key!r} is missing")
    for key, value in table.items():
        wanted = known[key]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            name = "a number" if wanted is _NUMBER else f"of type {wanted.__name__}"
            raise ValueError(f"{where}: {key!r} must be {name}")
        if isinstance(value, str) and not value.strip():
            raise ValueError(f"{where}: {key!r} is empty")
