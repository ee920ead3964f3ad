"""From records to RESULTS: tables, files for learning management systems, and a page for each student.

A *record* is the plain-JSON result of one submission for one lesson. :func:`write_reports` makes of all records:

========================  ==================================================================================
file                      for
========================  ==================================================================================
``grades.csv``            you: a row for each student and task
``totals.csv``            you: a row for each student
``canvas.csv``            Canvas, Grades > Import. One column for each lesson, named "Lesson 01": rename it to
                          "name (number)" as in an export, or Canvas offers to make a new assignment
``moodle.csv``            Moodle, Assignment > Upload grading worksheet, which needs "Offline grading worksheet"
                          and "Feedback comments" switched on. One assignment: the grade is the sum of the lessons
``gradescope/KEY.json``   Gradescope's autograder, one for each student
``results.json``          the same, at the place where Gradescope looks for it, if there is one student only
``feedback/*.html``       the student: criteria and hints
========================  ==================================================================================

None of them has a criterion's ``measured`` in it: those numbers come from the secret cases. The same records give
the same bytes.

``grades.csv`` and ``totals.csv`` begin with a byte order mark, without which Excel reads UTF-8 as something else.
``canvas.csv`` and ``moodle.csv`` are for programs, and have none.
"""

import csv
import html
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import jinja2

from vaecourse.files import replace_file

Record = Mapping[str, Any]

_SAFE_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_SAFE_LESSON = re.compile(r"[A-Za-z0-9_]{0,20}")  # no hyphen: it stands between key and lesson
_MAX_TEXT = 2_000
_MAX_COMMENT = 400  # for one task, in a gradebook's cell
_MAX_CELL = 30_000  # Excel takes 32,767


def write_reports(records: Sequence[Record], out: Path) -> None:
    """Write all reports into the folder ``out``, each file whole or not at all.

    Raises:
        ValueError: two records of one student for the same lesson, or a key or lesson that is no safe file name.
            Nothing is written.
    """
    records = sorted(records, key=_order)
    _check(records)
    by_key = defaultdict(list)
    for record in records:
        by_key[record["key"]].append(record)
    students = list(by_key.values())
    out = Path(out)
    replace_file(out / "grades.csv", _csv(_grades(records), mark=True))
    replace_file(out / "totals.csv", _csv(_totals(students), mark=True))
    replace_file(out / "canvas.csv", _csv(_canvas(students)))
    replace_file(out / "moodle.csv", _csv(_moodle(students)))
    for student in students:
        replace_file(out / "gradescope" / f"{student[0]['key']}.json", _json(_gradescope(student)))
        for name, record in _pages(student):
            replace_file(out / "feedback" / name, feedback_page(record).encode())
    if len(students) == 1:
        replace_file(out / "results.json", _json(_gradescope(students[0])))
    else:
        (out / "results.json").unlink(missing_ok=True)  # of an earlier run: it would be taken for everybody's


def _order(record: Record) -> tuple[str, ...]:
    student = record["student"]
    return student.casefold(), student, record["student_id"], record["key"], record["lesson"], record["source"]


def _check(records: Sequence[Record]) -> None:
    seen = set()
    for record in records:
        key, lesson = record["key"], record["lesson"]
        if not _SAFE_KEY.fullmatch(key):
            raise ValueError(f"records: the key {key!r} is not a safe file name")
        if not _SAFE_LESSON.fullmatch(lesson):
            raise ValueError(f"records: the lesson {lesson!r} of {key} is not a safe file name")
        if lesson and (key, lesson) in seen:
            raise ValueError(f"records: two of them are of {key} for lesson {lesson}; one is taken")
        seen.add((key, lesson))


# Points ---------------------------------------------------------------------------------------------------


def _lessons(students: Iterable[Sequence[Record]]) -> dict[str, float]:
    """The lessons that anybody handed in, and the points that each has."""
    lessons = {}
    for record in (record for student in students for record in student if record["lesson"]):
        lessons[record["lesson"]] = max(record["max_points"], lessons.get(record["lesson"], 0))
    return dict(sorted(lessons.items()))


def _points(student: Sequence[Record], lessons: Iterable[str]) -> list[float | str]:
    """For each lesson the points, "" if it was not handed in."""
    points = {record["lesson"]: record["points"] for record in student}
    return [points.get(lesson, "") for lesson in lessons]


def _total(student: Sequence[Record]) -> float | str:
    """The sum over the lessons, "" if it is not known of any file which lesson it is."""
    points = [record["points"] for record in student if record["lesson"]]
    return sum(points) if points else ""


def _each(student: Sequence[Record], field: str) -> str:
    """The field of all records: "graded", or "01: graded; 02: timed out" where they differ."""
    values = [record[field] for record in student]
    if len(set(values)) == 1:
        return values[0]
    return "; ".join(f"{record['lesson'] or '?'}: {record[field]}" for record in student if record[field])


# Tables ---------------------------------------------------------------------------------------------------


def _grades(records: Iterable[Record]) -> Iterable[Sequence[Any]]:
    yield "student", "id", "lesson", "task", "points", "max_points", "status", "reason", "source"
    for record in records:
        who = record["student"], record["student_id"], record["lesson"]
        for row in record["tasks"] or [{**record, "id": ""}]:
            yield *who, row["id"], row["points"], row["max_points"], row["status"], row["reason"], record["source"]


def _totals(students: Sequence[Sequence[Record]]) -> Iterable[Sequence[Any]]:
    lessons = _lessons(students)
    yield "student", "id", *(f"lesson {lesson}" for lesson in lessons), "total", "max", "status", "reason"
    for student in students:
        who = student[0]["student"], student[0]["student_id"]
        totals = _total(student), sum(lessons.values())
        yield *who, *_points(student, lessons), *totals, _each(student, "status"), _each(student, "reason")


def _canvas(students: Sequence[Sequence[Record]]) -> Iterable[Sequence[Any]]:
    """The rows of a Canvas gradebook export: students are found by ID, an empty cell leaves a grade as it is."""
    lessons = _lessons(students)
    yield "Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(f"Lesson {lesson}" for lesson in lessons)
    yield "Points Possible", "", "", "", "", *lessons.values()
    for student in students:
        yield student[0]["student"], student[0]["student_id"], "", "", "", *_points(student, lessons)


def _moodle(students: Sequence[Sequence[Record]]) -> Iterable[Sequence[Any]]:
    """The columns of an offline grading worksheet that Moodle reads, and the name for people."""
    maximum = sum(_lessons(students).values())
    yield "Identifier", "Full name", "Grade", "Maximum Grade", "Feedback comments"
    for student in students:
        number = student[0]["student_id"]
        identifier = f"Participant {number}" if number else ""
        comments = "<br>".join(_moodle_html(line) for record in student for line in _comment(record))
        yield identifier, student[0]["student"], _total(student), maximum, comments


def _comment(record: Record) -> Iterable[str]:
    """The feedback in a few lines of text."""
    yield f"{_title(record)}: {'. '.join(filter(None, (_of(record), _notice(record))))}"
    for task in record["tasks"]:
        yield f"{task['title']}: {'. '.join((_of(task), ' '.join(_hints(task))))}".strip()


def _hints(task: Mapping[str, Any]) -> list[str]:
    """What to say about a task, each thing once and in order; nothing at full marks."""
    hints = (task["reason"], *(criterion["idea"] for criterion in task["criteria"]))
    return list(dict.fromkeys(_text(hint) for hint in hints if hint))


def _of(points: Mapping[str, Any]) -> str:
    """ "1 of 2 points"; "" for what has none because it could not be read."""
    if not points["max_points"]:
        return ""
    unit = "point" if points["max_points"] == 1 else "points"
    return f"{points['points']:g} of {points['max_points']:g} {unit}"


def _title(record: Record) -> str:
    return f"Lesson {record['lesson']}" if record["lesson"] else "Your notebook"


def _notice(record: Record) -> str:
    """What the student has to know about the submission as a whole; "" if it was graded."""
    if record["status"] == "graded":
        return _text(record["reason"])
    status = record["status"][:1].upper() + record["status"][1:]
    return f"{status}: {_text(record['reason'])}" if record["reason"] else f"{status}."


# CSV ------------------------------------------------------------------------------------------------------

_FORMULA, _IN_FRONT = r"=+\-@＝＋－＠", r"\s\"'“”„‘’`"  # for regular expressions, between [ and ]
# At the start of a cell, and after a semicolon, which begins the next cell where the comma is the decimal sign.
_BEGINS_FORMULA = re.compile(f"(^|;)(?=[{_IN_FRONT}]*[{_FORMULA}])")


def _csv(rows: Iterable[Sequence[Any]], mark: bool = False) -> bytes:
    """The rows as UTF-8 with line ends as RFC 4180 has them; ``mark`` puts a byte order mark in front."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig" if mark else "utf-8")


def _cell(value: Any) -> Any:
    """A number as it is; a text on one line, and with an apostrophe where a spreadsheet would see a formula."""
    if isinstance(value, (int, float)):
        return int(value) if value == int(value) else value
    return _BEGINS_FORMULA.sub(r"\1'", _text(value, _MAX_CELL))


def _text(value: str, length: int = _MAX_TEXT) -> str:
    """``value`` on one line, bounded, without signs that are no text or turn the direction of writing."""
    line = " ".join(value[:length].split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def _moodle_html(line: str) -> str:
    """Text as HTML, which Moodle takes comments for; after a semicolon, such as an entity's, with no formula."""
    text = html.escape(_text(line, _MAX_COMMENT))
    signs = f"(?<=;)[{_IN_FRONT}]*[{_FORMULA}][{_IN_FRONT}{_FORMULA}]*"
    return re.sub(signs, lambda found: "".join(f"&#{ord(sign)};" for sign in found[0]), text)


# Gradescope -----------------------------------------------------------------------------------------------


def _gradescope(student: Sequence[Record]) -> dict[str, Any]:
    """What an autograder leaves in ``results.json``. All text is declared as text: the student wrote some of it."""
    notices = [f"{_title(record)}: {notice}" for record in student if (notice := _notice(record))]
    return {
        "score": _total(student) or 0,
        "output": "\n".join(notices),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_gradescope_test(task) for record in student for task in record["tasks"]],
    }


def _gradescope_test(task: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": f"{_text(task['id'])}: {_text(task['title'])}",
        "score": task["points"],
        "max_score": task["max_points"],
        "status": "passed" if task["points"] == task["max_points"] else "failed",
        "output": "\n".join(_hints(task)),
        "visibility": "visible",
    }


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


# Pages ----------------------------------------------------------------------------------------------------


def _pages(student: Iterable[Record]) -> Iterable[tuple[str, Record]]:
    """A student's pages with their file names. Unreadable notebooks have no lesson, and are counted."""
    unknown = (f"unknown{number}" if number > 1 else "unknown" for number in count(1))
    for record in student:
        yield f"{record['key']}-{record['lesson'] or next(unknown)}.html", record


def feedback_page(record: Record) -> str:
    """The page for the student, as HTML. It names no input, no expected value and no measured number."""
    tasks = [_shown_task(task) for task in record["tasks"]]
    return _template().render(
        title=_title(record),
        student=_text(record["student"]),
        source=_text(record["source"]),
        of=_of(record),
        notice=_notice(record),
        tasks=tasks,
    )


def _shown_task(task: Mapping[str, Any]) -> dict[str, Any]:
    """What the page says about a task: chosen here, so that the template cannot show anything else."""
    reason, criteria, said = _text(task["reason"]), [], set()
    for criterion in task["criteria"]:
        idea = _text(criterion["idea"])
        hint = "" if idea in ("", reason) else "As above." if idea in said else idea
        said.add(idea)
        met = criterion["mistake"] is None
        criteria.append({"text": _text(criterion["text"]), "met": met, "of": _of(criterion), "hint": hint})
    return {
        "id": _text(task["id"]),
        "title": _text(task["title"]),
        "of": _of(task),
        "short": f"{task['points']:g} of {task['max_points']:g}",
        "verdict": _verdict(task),
        "complete": task["points"] == task["max_points"],
        "reason": reason,
        "criteria": criteria,
    }


def _verdict(task: Mapping[str, Any]) -> str:
    if task["status"] != "graded":
        return task["status"]
    if task["points"] == task["max_points"]:
        return "all met"
    return "partly met" if task["points"] else "not met"


def _code(text: str) -> list[str]:
    """``text`` cut at its ```...```: every second piece is code. No other Markdown: the student wrote some of it."""
    return re.split(r"`([^`]+)`", text)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("vaecourse.grading"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["code"] = _code
    return environment.get_template("feedback.html.jinja")
