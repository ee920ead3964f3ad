"""From records to RESULTS: what is in the files, and what must not be."""

import copy
import csv
import html
import io
import json
import os
import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from vaecourse.grading import report
from vaecourse.grading.report import feedback_page, write_reports

ROOT = Path(__file__).parents[2]


def criterion(text, points, max_points, mistake=None, idea="", measured=""):
    return {
        "text": text,
        "points": points,
        "max_points": max_points,
        "mistake": mistake,
        "idea": idea,
        "measured": measured,
    }


def task(name, points, max_points, criteria, status="graded", reason=""):
    return {
        "id": name,
        "title": f"Title of {name}",
        "points": points,
        "max_points": max_points,
        "status": status,
        "reason": reason,
        "criteria": criteria,
    }


def record(student="Ann Example", number="12345", lesson="01", **fields):
    """A record with one task of each kind: right, partly right, not started."""
    tasks = [
        task(f"{lesson}.right", 2, 2, [criterion("all of it", 2, 2)]),
        task(
            f"{lesson}.partly",
            1,
            3,
            [
                criterion("one `thing`", 1, 1),
                criterion("the sum", 0, 2, "mean", "You average. Use `sum`.", "MEASURED 0.25"),
            ],
        ),
        task(f"{lesson}.empty", 0, 5, [criterion("any", 0, 5, "not-started", "Not yet.")], "not started", "Not yet."),
    ]
    whole = {
        "student": student,
        "student_id": number,
        "key": re.sub(r"\W+", "-", student.lower()) + number,
        "lesson": lesson,
        "source": f"{student}/{lesson}.ipynb",
        "sha256": "0" * 64,
        "status": "graded",
        "reason": "",
        "points": 3,
        "max_points": 10,
        "tasks": tasks,
    }
    return whole | fields


def unreadable(student="Bob", number="7", reason="it is damaged", **fields):
    fields = {"status": "unreadable", "points": 0, "max_points": 0, "tasks": [], "source": "b.ipynb"} | fields
    return record(student, number, "", reason=reason, **fields)


CLASS = [record("Zoe", "9"), record(), record(lesson="02", points=4), unreadable()]


@pytest.fixture
def written(tmp_path):
    """Writes the reports, and gives the names and contents of all files."""

    def write(records):
        write_reports(records, tmp_path / "results")
        files = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
        return {path.relative_to(tmp_path / "results").as_posix(): path.read_bytes() for path in files}

    return write


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


class Page(HTMLParser):
    """A page's tags, and its text as a reader sees it."""

    def __init__(self, page: str):
        super().__init__()
        self.tags, self.text, self._hidden = [], "", False
        self.feed(page)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))
        self._hidden = tag in ("style", "title")
        self.text += " " * (tag in ("td", "th", "span"))

    def handle_endtag(self, tag):
        self._hidden = False

    def handle_data(self, data):
        self.text += "" if self._hidden else data


def seen(page: str) -> str:
    return Page(page).text


# The files ------------------------------------------------------------------------------------------------


def test_the_files(written):
    assert sorted(written(CLASS)) == [
        "canvas.csv",
        "feedback/ann-example12345-01.html",
        "feedback/ann-example12345-02.html",
        "feedback/bob7-unknown.html",
        "feedback/zoe9-01.html",
        "grades.csv",
        "gradescope/ann-example12345.json",
        "gradescope/bob7.json",
        "gradescope/zoe9.json",
        "moodle.csv",
        "totals.csv",
    ]


def test_the_order_of_the_records_does_not_matter(written):
    before = written(CLASS)
    assert written(CLASS[::-1]) == before


def test_nothing_measured_leaves(written):
    """Two classes that make the same mistakes on other secret cases get the same bytes."""
    other = copy.deepcopy([record()])
    other[0]["tasks"][1]["criteria"][1]["measured"] = "MEASURED 0.75 on another case"
    files = written([record()])
    assert written(other) == files
    assert not any(b"MEASURED" in content for content in files.values())


def test_no_submission_at_all(written):
    files = written([])
    assert sorted(files) == ["canvas.csv", "grades.csv", "moodle.csv", "totals.csv"]
    assert len(rows(files["grades.csv"])) == 1


def test_a_file_is_replaced_whole_or_not_at_all(written, tmp_path, monkeypatch):
    before = written([record()])
    replace = os.replace
    held = []

    def stopped(source, target):
        held.append((Path(source).read_bytes(), Path(target).read_bytes()))
        if Path(target).name == "totals.csv":
            raise KeyboardInterrupt
        replace(source, target)

    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_reports([record(student="Other", key="other")], tmp_path / "results")
    assert len(synced) == len(held) == 2
    assert all(new and old in before.values() and new != old for new, old in held)
    files = {path.relative_to(tmp_path / "results").as_posix() for path in (tmp_path / "results").rglob("*.*")}
    assert files == set(before)
    assert (tmp_path / "results" / "totals.csv").read_bytes() == before["totals.csv"]


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([record(), record(source="other")], "two of them are of ann-example12345 for lesson 01"),
        ([record(key="../ann")], "the key '../ann' is not a safe file name"),
        ([record(key="")], "the key '' is not a safe file name"),
        ([record(lesson="../../01")], "the lesson '../../01' of ann-example12345 is not a safe file name"),
        ([record(lesson="0\n1")], "is not a safe file name"),
    ],
)
def test_records_that_would_overwrite_something(tmp_path, records, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        write_reports(records, tmp_path / "results")
    assert not (tmp_path / "results").exists()


# Tables ---------------------------------------------------------------------------------------------------


def test_grades(written):
    assert rows(written([record(), unreadable()])["grades.csv"]) == [
        ["student", "id", "lesson", "task", "points", "max_points", "status", "reason", "source"],
        ["Ann Example", "12345", "01", "01.right", "2", "2", "graded", "", "Ann Example/01.ipynb"],
        ["Ann Example", "12345", "01", "01.partly", "1", "3", "graded", "", "Ann Example/01.ipynb"],
        ["Ann Example", "12345", "01", "01.empty", "0", "5", "not started", "Not yet.", "Ann Example/01.ipynb"],
        ["Bob", "7", "", "", "0", "0", "unreadable", "it is damaged", "b.ipynb"],
    ]


def test_totals(written):
    late = record("Eve", "5", status="timed out", reason="too slow")
    assert rows(written([*CLASS, late, record("Eve", "5", "02")])["totals.csv"]) == [
        ["student", "id", "lesson 01", "lesson 02", "total", "max", "status", "reason"],
        ["Ann Example", "12345", "3", "4", "7", "20", "graded", ""],
        ["Bob", "7", "", "", "", "20", "unreadable", "it is damaged"],
        ["Eve", "5", "3", "3", "6", "20", "01: timed out; 02: graded", "01: too slow"],
        ["Zoe", "9", "3", "", "3", "20", "graded", ""],
    ]


def test_canvas(written):
    assert rows(written(CLASS)["canvas.csv"]) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lesson 01", "Lesson 02"],
        ["Points Possible", "", "", "", "", "10", "10"],
        ["Ann Example", "12345", "", "", "", "3", "4"],
        ["Bob", "7", "", "", "", "", ""],
        ["Zoe", "9", "", "", "", "3", ""],
    ]


def test_moodle(written):
    nobody = record("No Number", "", points=1.5)
    table = rows(written([*CLASS, nobody])["moodle.csv"])
    assert [row[:4] for row in table] == [
        ["Identifier", "Full name", "Grade", "Maximum Grade"],
        ["Participant 12345", "Ann Example", "7", "20"],
        ["Participant 7", "Bob", "", "20"],
        ["", "No Number", "1.5", "20"],
        ["Participant 9", "Zoe", "3", "20"],
    ]
    assert table[4][4] == (
        "Lesson 01: 3 of 10 points<br>Title of 01.right: 2 of 2 points.<br>"
        "Title of 01.partly: 1 of 3 points. You average. Use `sum`.<br>Title of 01.empty: 0 of 5 points. Not yet."
    )
    assert table[2][4] == "Your notebook: Unreadable: it is damaged"


def test_moodle_takes_comments_for_html(written):
    hostile = record(reason="<img src=x onerror=alert(1)> & \"'", status="crashed")
    (_, ann) = rows(written([hostile])["moodle.csv"])
    assert "Crashed: &lt;img src=x onerror=alert(1)&gt; &amp; &quot;&#x27;<br>" in ann[4]
    assert set(re.findall("<[^>]*>", ann[4])) == {"<br>"}


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "＝1",
    "＋1",
    "－1",
    "＠A",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    '"=1',
    "' \" =1",
    "“=1",
]


@pytest.mark.parametrize("text", [*FORMULAS, *(f"a;{text}" for text in FORMULAS), *(f"a;b ; {t}" for t in FORMULAS)])
def test_no_cell_is_a_formula(written, text):
    hostile = unreadable(text, text, reason=text, source=text, key="key", status=text)
    hostile2 = record(text, text, key="key2", tasks=[task(text, 0, 1, [], text, text)])
    files = written([hostile, hostile2])
    for name in ("grades.csv", "totals.csv", "canvas.csv", "moodle.csv"):
        for cell in (cell for row in rows(files[name]) for cell in row):
            for part in cell.split(";"):
                assert not re.match(r"[\s\"“]*[=+\-@＝＋－＠]", part), (name, cell)
            assert not re.search(r"[\t\r\n]", cell)


@pytest.mark.parametrize("code", ["x <= -1", "x < -1; -y", "a &== +1", "<=1", "1;=2"])
def test_code_in_a_comment_reads_as_it_was_written(written, code):
    (_, ann) = rows(written([record(reason=f"`{code}`", status="crashed")])["moodle.csv"])
    assert f"Crashed: `{code}`<br>" in html.unescape(ann[4])
    assert not re.search(r";\s*[=+-]", ann[4])


@pytest.mark.parametrize("text", ["Ann-Marie", "a = b", "x;y", "1-2", "ann@example.org", "12", "O'Neil"])
def test_other_cells_stay_as_they_are(written, text):
    assert rows(written([unreadable(text, key="key")])["grades.csv"])[1][0] == text


def test_cells_and_text_that_is_no_text(written):
    files = written([unreadable("a\ud800b\x00c\u202ed", reason="x" * 50_000 + "\x1b", source="Zoë\n中", key="key")])
    row = rows(files["grades.csv"])[1]
    assert row[0] == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}d"
    assert row[8] == "Zoë 中"
    assert max(len(cell) for cell in row) <= 32_767
    for content in files.values():
        assert "\x00" not in content.decode()


def test_numbers_stay_numbers(written):
    files = written([record(points=2.5, max_points=10.0)])
    assert files["totals.csv"].splitlines()[1] == b"Ann Example,12345,2.5,2.5,10,graded,"


def test_byte_order_marks_and_line_ends(written):
    files = written(CLASS)
    marked = {name: files[name].startswith(b"\xef\xbb\xbf") for name in files if name.endswith(".csv")}
    assert marked == {"grades.csv": True, "totals.csv": True, "canvas.csv": False, "moodle.csv": False}
    for name in marked:
        assert files[name].count(b"\n") == files[name].count(b"\r\n") == files[name].count(b"\r")


# Gradescope -----------------------------------------------------------------------------------------------


def test_gradescope(written):
    files = written([record()])
    assert files["results.json"] == files["gradescope/ann-example12345.json"]
    result = json.loads(files["results.json"])
    assert result["score"] == 3
    assert result["output"] == ""
    assert {result[f"{what}_format"] for what in ("output", "test_output", "test_name")} == {"text"}
    assert result["tests"][:2] == [
        {
            "name": "01.right: Title of 01.right",
            "score": 2,
            "max_score": 2,
            "status": "passed",
            "output": "",
            "visibility": "visible",
        },
        {
            "name": "01.partly: Title of 01.partly",
            "score": 1,
            "max_score": 3,
            "status": "failed",
            "output": "You average. Use `sum`.",
            "visibility": "visible",
        },
    ]
    assert result["tests"][2]["output"] == "Not yet."


def test_gradescope_for_several_lessons_and_for_none(written):
    files = written(CLASS)
    ann = json.loads(files["gradescope/ann-example12345.json"])
    assert (ann["score"], len(ann["tests"])) == (7, 6)
    bob = json.loads(files["gradescope/bob7.json"])
    assert (bob["score"], bob["tests"], bob["output"]) == (0, [], "Your notebook: Unreadable: it is damaged")


def test_results_of_one_student_do_not_outlive_the_run(written):
    assert "results.json" in written([record(), record(lesson="02")])
    assert "results.json" not in written(CLASS)


# Pages ----------------------------------------------------------------------------------------------------


def test_what_a_page_says():
    text = seen(feedback_page(record()))
    assert text.startswith("Lesson 01: feedback Ann Example · Ann Example/01.ipynb 3 of 10 points Task Result Points")
    for row in ("01.right all met 2 of 2", "01.partly partly met 1 of 3", "01.empty not started 0 of 5"):
        assert f"Title of {row}" in text
    assert "✓ met one thing 1 of 1 point ✗ not met the sum 0 of 2 points You average. Use sum." in text
    assert text.endswith("Not yet. ✗ not met any 0 of 5 points"), "one reason for all criteria is said once"


def test_headings_and_code():
    page = feedback_page(record())
    assert re.findall(r"<h(\d)>(.*?)</h", page) == [
        ("1", "Lesson 01: feedback"),
        ("2", "Title of 01.right"),
        ("2", "Title of 01.partly"),
        ("2", "Title of 01.empty"),
    ]
    assert "one <code>thing</code>" in page
    assert "Use <code>sum</code>." in page
    assert re.findall(r'href="#(.*?)"', page) == re.findall(r'section id="(.*?)"', page) != []


def test_the_same_hint_is_said_once():
    twice = record()
    twice["tasks"][1]["criteria"].append(criterion("another", 0, 1, "mean", "You average. Use `sum`."))
    text = seen(feedback_page(twice))
    assert text.count("You average.") == 1
    assert "another 0 of 1 point As above." in text


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        ("timed out", "It took `60` seconds.", "Timed out: It took 60 seconds."),
        ("out of memory", "", "Out of memory."),
        ("graded", "", ""),
    ],
)
def test_the_state_of_the_whole(status, reason, said):
    assert f"3 of 10 points {said} Task".replace("  ", " ") in seen(feedback_page(record(status=status, reason=reason)))


def test_a_page_for_what_could_not_be_read(written):
    files = written([unreadable(), unreadable(reason="it is empty", source="c.ipynb")])
    pages = {name: seen(content.decode()) for name, content in files.items() if name.startswith("feedback")}
    assert pages == {
        "feedback/bob7-unknown.html": "Your notebook: feedback Bob · b.ipynb Unreadable: it is damaged",
        "feedback/bob7-unknown2.html": "Your notebook: feedback Bob · c.ipynb Unreadable: it is empty",
    }


ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "`<b>x</b>`",
    "&amp;</style>",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_everything_is_escaped(text):
    page, plain = (Page(feedback_page(one_of_each(word))) for word in (text, "#word"))
    tags, expected = ([tag for tag in tags if tag[0] != "code"] for tags in (page.tags, plain.tags))
    assert tags == expected
    assert page.text.count(text.replace("`", "")) == plain.text.count("#word") > 8


def one_of_each(text):
    """A record with the same text in every field."""
    hostile = record(text, text, source=text, status=text, reason=text)
    hostile["tasks"] = [task(text, 0, 1, [criterion(text, 0, 1, text, f"idea {text}", text)], text, f"reason {text}")]
    hostile["tasks"][0]["title"] = text
    return hostile


def test_a_page_needs_nothing_else(written):
    page = written([record()])["feedback/ann-example12345-01.html"].decode()
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|https?:|\bon\w+=", page)
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert '<html lang="en">' in page


def test_the_page_is_given_nothing_to_leak(monkeypatch):
    given = {}

    class Template:
        def render(self, **values):
            given.update(values)
            return ""

    monkeypatch.setattr(report, "_template", Template)
    feedback_page(record())
    assert given["tasks"]
    assert "MEASURED" not in repr(given)


def test_the_template_is_in_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folder = ROOT / "vaecourse" / "grading"
    globs = project["tool"]["setuptools"]["package-data"]["vaecourse.grading"]
    packaged = {path for pattern in globs for path in folder.glob(pattern)}
    assert set((folder / "templates").iterdir()) <= packaged
