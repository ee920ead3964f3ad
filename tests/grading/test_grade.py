"""Grading a class: points and reasons, the same every time, and results that can be stopped and resumed."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from vaecourse.grading import grade as module
from vaecourse.grading.grade import GradingError, grade, trusted_idea
from vaecourse.grading.sandbox import Limits, Outcome
from vaecourse.grading.task import Case, Criterion, Stage, Task, Wrong
from vaecourse.grading.tasks import find_task, tasks_of
from vaecourse.grading.worker import probes

pytestmark = pytest.mark.slow

COURSE = Path(__file__).parents[2]
IMPORTS = "import torch\nfrom torch import nn"
LOSS = "def squared_error(x, x_hat):\n    return ((x - x_hat) ** 2).flatten(1).sum(1).mean()"
MEAN = "def squared_error(x, x_hat):\n    return ((x - x_hat) ** 2).mean()"
SHARE = "def share_recognised(logits, confidence):\n    return ((logits.softmax(1).amax(1) > confidence) * 1.0).mean()"
LOSS_TASK = find_task("01.squared_error")
MAXIMUM = sum(task.points for task in tasks_of("01"))


class Shared:
    """The walled server of the whole test run, for gradings that would each start one and end it."""

    def __init__(self, box):
        self.box, self.isolation, self.jobs = box, box.isolation, Counter()

    def __call__(self, walled: bool) -> "Shared":
        return self

    def __enter__(self) -> "Shared":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def close(self) -> None:
        pass

    def run(self, job, limits: Limits) -> Outcome:
        self.jobs[job["do"]] += 1
        return self.box.run(job, limits)


@pytest.fixture
def shared(box, monkeypatch):
    server = Shared(box)
    monkeypatch.setattr(module, "Sandbox", server)
    return server


@pytest.fixture
def hand_in(notebook, tmp_path):
    """Writes submissions: a file's content, or the cells of a notebook of lesson 01."""
    folder = tmp_path / "submissions"

    def write(**files: bytes | list[str]) -> Path:
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            cells = [IMPORTS, *content] if isinstance(content, list) else None
            (folder / f"{name}.ipynb").write_bytes(notebook(*cells, vaecourse={"lesson": "01"}) if cells else content)
        return folder

    return write


def students(report) -> dict[str, dict]:
    return {record["student"]: record for record in report.records}


def ideas(record) -> list[str]:
    """What is said about the tasks that were begun."""
    said = (c["idea"] for task in record["tasks"] for c in task["criteria"] if task["status"] not in ("missing",))
    return [idea for idea in said if idea]


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def files(folder: Path) -> dict[str, bytes]:
    """All files of a folder of results, but for the lock."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


# Points and reasons ---------------------------------------------------------------------------------------

STUB = "def {}(x):\n    raise NotImplementedError"
BATCH = {
    "right": ([LOSS, SHARE], "graded", 4, ""),
    "half right": ([MEAN], "graded", 1, "You average over the pixels."),
    "raises": (
        ["def squared_error(x, x_hat):\n    return x.men()"],
        "graded",
        0,
        "Your code raised AttributeError in line 2 of squared_error: `return x.men()`.",
    ),
    "raises before": (["def squared_error(x=1 / 0):\n    pass"], "graded", 0, "Your code raised ZeroDivisionError"),
    "no function": (["squared_error = 3"], "graded", 0, "The answer should be the function or class itself"),
    "returns nothing": (["def squared_error(x, x_hat):\n    pass"], "graded", 0, "Is a `return` missing?"),
    "crashes": (["import os\ndef squared_error(x, x_hat):\n    os.abort()"], "crashed", 0, "Your code crashed"),
    "leaves": (["import os\ndef squared_error(x, x_hat):\n    os._exit(0)"], "crashed", 0, "ended the Python process"),
    "loops": (["def squared_error(x, x_hat):\n    while True:\n        pass"], "timed out", 0, "did not come to"),
    "half crashes": ([LOSS, "from os import abort\nshare_recognised = lambda *a: abort()"], "partly graded", 2, ""),
    "no Python": (
        ["def squared_error(x, x_hat)\n    return 1", SHARE],
        "partly graded",
        2,
        "The cell is not Python: Sy",
    ),
    "stub": ([STUB.format("squared_error")], "nothing to grade", 0, "not started yet"),
    "not begun": ([], "nothing to grade", 0, ""),
    "empty": (b"", "unreadable", 0, ""),
    "cut off": (b'{"cells": [', "unreadable", 0, ""),
    "another file": (b"\x89PNG\r\n\x1a\n", "unreadable", 0, ""),
    "another notebook": (b'{"cells": [], "nbformat": 4}', "nothing to grade", 0, ""),
}
REASONS = {
    "loops": "01.squared_error timed out",
    "half crashes": "01.share_recognised crashed",
    "no Python": "01.squared_error failed",
    "empty": "empty.ipynb: the file is empty",
    "cut off": "cut off.ipynb: the file is not a notebook",
    "another file": "another file.ipynb: the file is not text in UTF-8",
    "another notebook": "another notebook.ipynb: it answers no exercise that is to be graded",
}


def test_every_submission_gets_its_row(shared, hand_in, tmp_path):
    seen = []
    folder = hand_in(**{name: content for name, (content, *_) in BATCH.items()})
    report = grade(folder, tmp_path / "results", lesson="01", progress=lambda *said: seen.append(said))
    graded = students(report)
    got = {name: (graded[name]["status"], graded[name]["points"]) for name in BATCH}
    assert got == {name: (status, points) for name, (_, status, points, _) in BATCH.items()}
    assert {record["max_points"] for record in report.records} == {MAXIMUM}
    for name, (*_, idea) in BATCH.items():
        assert any(said.startswith(idea) or idea in said for said in ideas(graded[name])) or not idea, (name, idea)
    for name, reason in REASONS.items():
        assert graded[name]["reason"].startswith(reason), name
    assert graded["right"]["reason"] == graded["half right"]["reason"] == ""
    assert (report.graded, report.isolation) == (len(BATCH), shared.isolation)
    assert [done for done, _, _ in seen] == list(range(1, len(BATCH) + 1))
    assert {student for _, _, student in seen} == set(BATCH)
    totals = {row["student"]: (row["status"], int(row["total"])) for row in table(tmp_path / "results" / "totals.csv")}
    assert totals == got


def test_solutions_get_full_marks_and_exercises_none(shared, tmp_path):
    folder = tmp_path / "submissions"
    folder.mkdir()
    for kind in ("exercises", "solutions"):
        (folder / f"{kind}.ipynb").write_bytes((COURSE / kind / "01_autoencoder.ipynb").read_bytes())
    graded = students(grade(folder, tmp_path / "results"))
    assert (graded["solutions"]["status"], graded["solutions"]["points"]) == ("graded", MAXIMUM), graded["solutions"]
    assert (graded["exercises"]["status"], graded["exercises"]["points"]) == ("nothing to grade", 0)


def test_only_the_lesson_named_is_graded(shared, hand_in, tmp_path):
    with pytest.raises(ValueError, match="no tasks for lesson '77'"):
        grade(hand_in(ann=[LOSS]), tmp_path / "results", lesson="77")
    assert not (tmp_path / "results").exists()
    assert students(grade(hand_in(ann=[LOSS]), tmp_path / "results", lesson="01"))["ann"]["points"] == 2


def test_walls_are_built_unless_told_otherwise(monkeypatch, box, hand_in, tmp_path):
    asked = []
    monkeypatch.setattr(module, "Sandbox", lambda walled: asked.append(walled) or Shared(box))
    grade(hand_in(ann=[LOSS]), tmp_path / "one")
    grade(hand_in(ann=[LOSS]), tmp_path / "two", walled=False)
    assert asked == [True, False]


def test_all_kinds_of_walls_that_results_saw_are_noted(shared, hand_in, tmp_path):
    out = tmp_path / "results"
    for isolation in ("first", "second", "second", "first"):
        shared.isolation = isolation
        assert grade(hand_in(ann=[LOSS]), out).isolation == isolation
    assert json.loads((out / "grading.json").read_text())["isolation"] == ["first", "second"]


# The same every time --------------------------------------------------------------------------------------

SMALL = {"ann": [LOSS, SHARE], "ben": [MEAN], "cem": [SHARE], "dan": ["squared_error = 3"], "eve": b"", "fay": [LOSS]}


def test_the_same_seed_gives_the_same_bytes(shared, hand_in, tmp_path):
    folder = hand_in(**SMALL)
    grade(folder, tmp_path / "one", seed="s", jobs=1)
    grade(folder, tmp_path / "two", seed="s", jobs=4)
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    assert {"grades.csv", "totals.csv", "grading.json"} < set(one)
    assert sum(name.startswith("feedback/") for name in one) == len(SMALL)
    assert one == two


def test_another_seed_gives_other_cases_and_the_same_pages(shared, hand_in, tmp_path):
    """Pages and tables tell nothing of the secret cases."""
    folder = hand_in(**SMALL)
    one, two = students(grade(folder, tmp_path / "one", seed="s")), students(grade(folder, tmp_path / "two", seed="t"))
    assert measured(one["ben"]) != measured(two["ben"])
    seen = [files(tmp_path / name) for name in ("one", "two")]
    hidden = {"records/" + f"{one['ben']['key']}.json", "grading.json"}
    assert {name for name in seen[0] if seen[0][name] != seen[1][name]} == hidden


def measured(record) -> list[str]:
    return [
        criterion["measured"] for task in record["tasks"] for criterion in task["criteria"] if criterion["measured"]
    ]


def test_a_seed_is_drawn_once_and_kept(shared, hand_in, tmp_path):
    folder, out = hand_in(ann=[MEAN]), tmp_path / "results"
    first, other = grade(folder, out), grade(folder, tmp_path / "other")
    assert len(first.seed) >= 32
    assert first.seed != other.seed
    assert json.loads((out / "grading.json").read_text())["seed"] == first.seed
    again = grade(folder, out, regrade=["ann"])
    assert (again.seed, again.graded, again.records) == (first.seed, 1, first.records)


# Folders of results ---------------------------------------------------------------------------------------


def refused(folder, out, match, **options) -> None:
    """It is refused, and nothing in the folder has changed."""
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} if out.exists() else None
    with pytest.raises(GradingError, match=match):
        grade(folder, out, **options)
    after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} if out.exists() else None
    assert after == before


def test_results_keep_their_seed(shared, hand_in, tmp_path):
    folder, out = hand_in(ann=[LOSS]), tmp_path / "results"
    grade(folder, out, seed="s")
    refused(folder, out, "graded with another seed", seed="t")
    assert grade(folder, out, seed="s").graded == 0


def test_results_of_another_version_are_left_alone(shared, hand_in, tmp_path, monkeypatch):
    folder, out = hand_in(ann=[LOSS]), tmp_path / "results"
    grade(folder, out)
    monkeypatch.setattr(module.vaecourse, "__version__", "77.0")
    refused(folder, out, "graded by vaecourse .*, and this is 77.0", seed=None)


def test_a_folder_of_something_else_is_left_alone(shared, hand_in, tmp_path):
    out = tmp_path / "home"
    (out / "deeper").mkdir(parents=True)
    (out / "deeper" / ".mine.tmp").write_text("not the grader's")
    (out / "letter.txt").write_text("")
    refused(hand_in(ann=[LOSS]), out, "neither empty nor a folder of results: it holds 'deeper'")


@pytest.mark.parametrize("place", [".", "results", "a/b"])
def test_results_do_not_lie_among_the_submissions(shared, hand_in, place):
    folder = hand_in(ann=[LOSS])
    refused(folder, folder / place, "among the submissions")


def test_a_folder_that_cannot_be_made_is_an_error(shared, hand_in, tmp_path):
    (tmp_path / "file").write_text("")
    refused(hand_in(ann=[LOSS]), tmp_path / "file" / "results", "cannot be written")


def test_an_empty_folder_and_one_with_hidden_files_will_do(shared, hand_in, tmp_path):
    out = tmp_path / "results"
    out.mkdir()
    (out / ".DS_Store").write_text("")
    assert grade(hand_in(ann=[LOSS]), out).graded == 1


def test_only_one_grader_works_in_a_folder(shared, hand_in, tmp_path):
    folder, out, refusals = hand_in(ann=[LOSS]), tmp_path / "results", []

    def meanwhile(*said):
        with pytest.raises(GradingError, match="Another grading is writing") as error:
            grade(folder, out)
        refusals.append(error)

    grade(folder, out, progress=meanwhile)
    assert len(refusals) == 1
    assert grade(folder, out).graded == 0  # afterwards it is free


def test_what_a_killed_grader_left_half_written_is_removed(shared, hand_in, tmp_path):
    folder, out = hand_in(ann=[LOSS]), tmp_path / "results"
    grade(folder, out)
    before = files(out)
    (out / "records" / ".ann.json.123.tmp").write_text('{"records')
    (out / ".totals.csv.123.tmp").write_text("")
    grade(folder, out)
    assert files(out) == before


# Going on -------------------------------------------------------------------------------------------------


def test_what_has_not_changed_is_not_graded_again(shared, hand_in, tmp_path):
    folder, out = hand_in(ann=[LOSS], ben=[LOSS], cem=b""), tmp_path / "results"
    assert grade(folder, out).graded == 3
    before, jobs = files(out), Counter(shared.jobs)
    said = []
    again = grade(folder, out, progress=lambda *said_now: said.append(said_now))
    assert (again.graded, said, shared.jobs) == (0, [], jobs)
    assert files(out) == before
    os.utime(folder / "ann.ipynb", (0, 0))  # a copy has another time
    assert grade(folder, out).graded == 0


def test_what_has_changed_is_graded_again(shared, hand_in, tmp_path):
    folder, out = hand_in(ann=[MEAN], ben=[MEAN], cem=b""), tmp_path / "results"
    grade(folder, out)
    hand_in(ann=[LOSS], cem=[LOSS], dan=[LOSS])
    said = []
    again = grade(folder, out, progress=lambda *said_now: said.append(said_now))
    assert {name: record["points"] for name, record in students(again).items()} == {
        "ann": 2,
        "ben": 1,
        "cem": 2,
        "dan": 2,
    }
    assert sorted(said, key=lambda s: s[0]) == said
    assert ({student for *_, student in said}, said[-1][:2], again.graded) == ({"ann", "cem", "dan"}, (4, 4), 3)


def test_another_choice_of_lessons_is_another_grading(shared, hand_in, tmp_path, monkeypatch):
    folder, out = hand_in(ann=[LOSS]), tmp_path / "results"
    monkeypatch.setattr(module.tasks, "lessons", lambda: ["01"])
    grade(folder, out)
    monkeypatch.setattr(module.tasks, "lessons", lambda: ["01", "02"])
    assert grade(folder, out, lesson="01").graded == 0
    monkeypatch.setattr(module.tasks, "tasks_of", lambda lesson: tasks_of("01") if lesson == "01" else ())
    assert grade(folder, out).graded == 1


@pytest.mark.parametrize("name", ["Ann Example", "12345", "key"])
def test_students_are_graded_again_when_named(shared, notebook, tmp_path, name):
    folder, out = tmp_path / "submissions", tmp_path / "results"
    for student in ("Ann Example_12345", "Ben Example_777"):
        (folder / f"{student}_assignsubmission_file_").mkdir(parents=True)
        (folder / f"{student}_assignsubmission_file_" / "01.ipynb").write_bytes(notebook(IMPORTS, LOSS))
    key = students(grade(folder, out))["Ann Example"]["key"]
    said = []
    report = grade(folder, out, regrade=[key if name == "key" else name], progress=lambda *now: said.append(now))
    assert (report.graded, said) == (1, [(2, 2, "Ann Example")])


def test_whoever_is_not_there_cannot_be_graded_again(shared, hand_in, tmp_path):
    folder = hand_in(ann=[LOSS], ben=[LOSS])
    refused(folder, tmp_path / "results", r"there is no 'Ann' among ann, ben\.", regrade=["ben", "Ann"])


def test_whoever_is_gone_keeps_a_row(shared, hand_in, tmp_path):
    folder, out = hand_in(ann=[LOSS], ben=[MEAN]), tmp_path / "results"
    grade(folder, out)
    (folder / "ann.ipynb").unlink()
    report = grade(folder, out)
    assert report.graded == 0
    assert [(row["student"], row["total"]) for row in table(out / "totals.csv")] == [("ann", "2"), ("ben", "1")]


def test_nothing_to_grade_is_no_error(shared, hand_in, tmp_path):
    report = grade(hand_in(), tmp_path / "results")
    assert (report.records, report.graded) == ([], 0)
    assert table(tmp_path / "results" / "totals.csv") == []
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        grade(tmp_path / "nowhere", tmp_path / "results")


# Several notebooks, and what an LMS gives -----------------------------------------------------------------


def versions(notebook, points: dict[str, int]) -> dict[str, bytes]:
    """Notebooks by name that get so many points."""
    answers = {2: LOSS, 1: MEAN, 0: "squared_error = 3"}
    return {name: notebook(IMPORTS, answers[n]) for name, n in points.items()}


@pytest.mark.parametrize(
    ("names", "times", "newest"),
    [
        (["01", "01-1", "01-2", "01-10"], [5, 5, 5, 5], "01-10"),
        (["01-9", "01-10"], [0, 0], "01-10"),
        (["01", "01-1", "01-2"], [9, 5, 5], "01"),
        (["01", "01-1", "01-2"], [1, 2, 2], "01-2"),
        (["a/01", "b/01"], [7, 3], "a/01"),
        (["old 2", "old 10", "old"], [1, 1, 1], "old 10"),
    ],
)
def test_the_newest_notebook_counts(shared, notebook, tmp_path, names, times, newest):
    folder = tmp_path / "submissions" / "ann"
    contents = versions(notebook, {name: 2 if name == newest else 0 for name in names})
    for (name, content), seconds in zip(contents.items(), times, strict=True):
        path = folder / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (10**9 + seconds, 10**9 + seconds))
    record = students(grade(tmp_path / "submissions", tmp_path / "results"))["ann"]
    assert (record["points"], record["source"]) == (2, f"ann/{newest}.ipynb")
    assert record["reason"] == f"{len(names)} notebooks for this lesson: newest graded"


def test_a_notebook_that_cannot_be_read_does_not_hide_one_that_can(shared, notebook, tmp_path):
    folder = tmp_path / "submissions" / "ann"
    folder.mkdir(parents=True)
    (folder / "a.ipynb").write_bytes(notebook(IMPORTS, LOSS))
    (folder / "b.ipynb").write_bytes(b"")
    (folder / "c.zip").write_bytes(b"no zip file")
    record = students(grade(tmp_path / "submissions", tmp_path / "results"))["ann"]
    assert (record["status"], record["points"]) == ("graded", 2)
    assert "b.ipynb: the file is empty" in record["reason"]
    assert "c.zip" in record["reason"]
    (folder / "c.zip").unlink()  # the notebooks are the same; what is said about them is not
    record = students(grade(tmp_path / "submissions", tmp_path / "results"))["ann"]
    assert record["reason"] == "b.ipynb: the file is empty"


def lms_zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 4, 5, 6, 8)), content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("members", "rows"),
    [
        (
            {
                "Ann Example_101_assignsubmission_file_/01.ipynb": 2,
                "Ben Example_102_assignsubmission_file_/work/01.ipynb": 1,
                "Cem Example_103_assignsubmission_file_/notes.txt": None,
            },
            [("Ann Example", "101", "2"), ("Ben Example", "102", "1"), ("Cem Example", "103", "0")],
        ),
        (
            {
                "exampleann_201_9001_work.ipynb": 0,
                "exampleann_201_9002_work-1.ipynb": 0,
                "exampleann_201_9003_work-10.ipynb": 2,
                "exampleben_LATE_202_9004_work.ipynb": 1,
            },
            [("exampleann", "201", "2"), ("exampleben", "202", "1")],
        ),
        (
            {"export/submission_301/01.ipynb": 2, "export/submission_302/01.ipynb": 1},
            [("submission_301", "301", "2"), ("submission_302", "302", "1")],
        ),
    ],
    ids=["Moodle", "Canvas", "Gradescope"],
)
def test_what_an_lms_gives_is_graded_and_given_back(shared, notebook, tmp_path, members, rows):
    contents = versions(notebook, {name: points for name, points in members.items() if points is not None})
    path, out = tmp_path / "class.zip", tmp_path / "results"
    path.write_bytes(lms_zip({name: contents.get(name, b"text") for name in members}))
    grade(path, out, lesson="01")
    assert [(row["student"], row["id"], row["total"]) for row in table(out / "totals.csv")] == rows
    canvas = [row for row in table(out / "canvas.csv") if row["ID"]]
    assert [(row["Student"], row["ID"], row["Lesson 01"]) for row in canvas] == rows
    moodle = table(out / "moodle.csv")
    assert [(row["Full name"], row["Identifier"].removeprefix("Participant "), row["Grade"]) for row in moodle] == rows


def test_a_student_may_hand_in_several_lessons(shared, notebook, tmp_path, monkeypatch):
    other = replace(LOSS_TASK, id="02.other", answer="other")
    monkeypatch.setattr(module.tasks, "lessons", lambda: ["01", "02"])
    monkeypatch.setattr(module.tasks, "tasks_of", lambda lesson: tasks_of("01") if lesson == "01" else (other,))
    folder = tmp_path / "submissions" / "ann"
    folder.mkdir(parents=True)
    (folder / "first.ipynb").write_bytes(notebook(IMPORTS, LOSS))
    (folder / "second.ipynb").write_bytes(notebook(IMPORTS, LOSS.replace("squared_error", "other")))
    (tmp_path / "submissions" / "ben.ipynb").write_bytes(b"")
    report = grade(tmp_path / "submissions", tmp_path / "results")
    got = [(r["student"], r["lesson"], r["points"], r["max_points"]) for r in report.records]
    assert sorted(got) == [("ann", "01", 2, MAXIMUM), ("ann", "02", 2, 2), ("ben", "", 0, 0)]
    (row, _) = table(tmp_path / "results" / "totals.csv")
    assert (row["lesson 01"], row["lesson 02"], row["total"]) == ("2", "2", "4")


# Tasks and answers that nobody foresaw --------------------------------------------------------------------


def broken(error: Exception):
    def function(*arguments):
        raise error

    return function


def a_task(judge=lambda case, seen: None, cases=lambda rng: [Case("one", {"x": 1})], later=()) -> Task:
    stages = (Stage(probes.call, cases), *(Stage(probes.call, more) for more in later))
    return Task("01.trial", "trial", "Trial", (Criterion("it is right", 1, judge),), stages)


@pytest.fixture
def graded_with(shared, hand_in, tmp_path, monkeypatch):
    """Grades ``trial = lambda x: x``, and another task, by the task given; the record."""

    def run(task: Task) -> dict:
        monkeypatch.setattr(module.tasks, "tasks_of", lambda lesson: (task, LOSS_TASK))
        report = grade(hand_in(ann=["trial = lambda *xs: xs[0]", LOSS], ben=[LOSS]), tmp_path / "results")
        assert students(report)["ben"]["status"] == "graded"
        return students(report)["ann"]

    return run


@pytest.mark.parametrize("error", [ValueError("what"), ZeroDivisionError(), KeyError("value"), RecursionError()])
def test_a_judge_that_fails_does_not_stop_the_grading(graded_with, error):
    record = graded_with(a_task(judge=broken(error)))
    assert (record["status"], record["points"], record["reason"]) == ("partly graded", 2, "01.trial failed")
    assert ideas(record) == ["What your code returned could not be judged."]


def test_a_later_stage_whose_cases_fail_does_not_stop_the_grading(graded_with):
    record = graded_with(a_task(later=[broken(IndexError())]))
    assert (record["status"], record["points"], record["reason"]) == ("partly graded", 2, "01.trial failed")


def test_a_first_stage_may_be_judged_already(graded_with):
    record = graded_with(a_task(later=[broken(Wrong("early", "Too early.", "It is 3."))]))
    assert (record["status"], record["points"], ideas(record)) == ("graded", 2, ["Too early."])


def test_later_stages_get_what_was_seen_before(graded_with):
    def later(rng, earlier):
        ((case, seen),) = earlier
        assert (case["x"], seen.number("value")) == (1, 1.0)
        yield Case("later", {"x": seen.number("value") + 1})

    def judge(case, seen):
        assert seen.number("value") == 2.0

    assert graded_with(a_task(judge, later=[later]))["points"] == 3


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [None, 3, "done", []],
        [{"values": 3}],
        [{"case": 0}],
        [
            {"case": 7, "values": {}},
            {"case": -1, "values": {}},
            {"case": True, "values": {}},
            {"case": "0", "values": {}},
        ],
        [{"case": False, "values": {}}],
        [{"case": 0, "failure": 3}],
        [{"case": 0, "failure": {"kind": "raised"}}],
        [{"case": 0, "failure": {"kind": ["raised"], "idea": "", "measured": ""}}],
        [{"values": {"value": 1}}, {"values": {"value": 1}}],
    ],
    ids=str,
)
def test_messages_of_another_form_are_no_reply(messages):
    (seen,) = module._seen(Outcome(messages), 1, [], "squared_error")
    assert seen.failure.kind == "no-reply"


def test_of_two_messages_about_a_case_the_first_counts():
    """What is sent after the grader's own message is the student's."""
    messages = [{"case": 0, "values": {"value": 1}}, {"case": 0, "values": {"value": 2}}, {"case": 1, "values": {}}]
    first, second, third = module._seen(Outcome(messages), 3, [], "squared_error")
    assert (first["value"], second.values) == (1, {})
    assert third.failure.kind == "no-reply"


PROGRAM = [
    {"cell": 3, "source": "import os\ndef f(x):\n    return x.mean(0.5)\n", "keep": [0, 1]},
    {"cell": 5, "source": "class Net:\n    def run(self):\n        raise KeyError\n\ny = 1 / 0", "keep": [0]},
]


@pytest.mark.parametrize(
    "idea",
    [
        "Your code raised ValueError in line 2 of f: `return x.mean(0.5)`.",
        "Your code raised KeyError in line 2 of Net.run: `raise KeyError`.",
        "Your code raised ZeroDivisionError in line 5 of cell 5: `y = 1 / 0`.",
        "Your code raised RuntimeError.",
        "Your code asks for input. Nobody is there to answer.",
        "Your code ends Python in line 2 of f: `return x.mean(0.5)`. Let it return a value instead.",
    ],
)
def test_hints_about_exceptions_are_passed_on(idea):
    assert trusted_idea(idea, PROGRAM) == idea


@pytest.mark.parametrize(
    "idea",
    [
        "",
        "The first pixel is 0.8125.",
        "Your code raised E8125.",
        "Your code raised ValueError 0.8125.",
        "Your code raised ValueError.\nThe first pixel is 0.8125.",
        "Your code raised ValueError. The first pixel is 0.8125.",
        "Your code raised ValueError in line 2 of f: `0.8125`.",
        "Your code raised ValueError in line 2 of g8125: `return x.mean(0.5)`.",
        "Your code raised ValueError in line 2 of f.0.8125: `return x.mean(0.5)`.",
        "Your code raised ValueError in line 8125 of f: `return x.mean(0.5)`.",
        "Your code raised ValueError in line 1 of cell 8125: `import os`.",
        "Your code raised ValueError in line 2 of f: `return x.mean(0.5)`. The first pixel is 0.8125.",
        "Your code raised ValueError in line 99999999999999999999: `import os`.",
        "your code raised ValueError.",
    ],
)
def test_words_that_are_not_the_notebooks_are_not_passed_on(idea):
    """They could carry the numbers of the secret cases to the student."""
    assert trusted_idea(idea, PROGRAM) == "Your code raised an exception."


def test_the_lines_that_the_worker_quotes_are_trusted(shared, hand_in, tmp_path):
    """What is checked here is written there: with decorators, methods, magics, lambdas and long lines."""
    cells = {
        "deco": ["import functools\ndef d(f):\n    return f\n@d\ndef squared_error(x, x_hat):\n\n    return 1 / 0"],
        "method": ["class A:\n    def run(self):\n        return 1 / 0\ndef squared_error(x, x_hat):\n    A().run()"],
        "inner": ["def squared_error(x, x_hat):\n    def g():\n        return 1 / 0\n    return g()"],
        "one line": ["squared_error = lambda x, x_hat: 1 / 0"],
        "magic": ["%%time\n%matplotlib inline\n\ndef squared_error(x, x_hat):\n    return 1 / 0"],
        "long": [f"def squared_error(x, x_hat):\n    return {'1 + ' * 100} 1 / 0"],
        "signs": ["def squared_error(x, x_hat):\n    return 1 / 0  # x̂ ‖x‖² `code`"],
        "tabs": ["def squared_error(x, x_hat):\n\treturn\t1 / 0"],
        "definition": ["a = 3\nsquared_error = 1 / 0"],
    }
    for name, record in students(grade(hand_in(**cells), tmp_path / "results")).items():
        assert ideas(record)[0].startswith("Your code raised ZeroDivisionError in line "), (name, ideas(record))


# Stopped in the middle ------------------------------------------------------------------------------------


def check_whole(out: Path) -> int:
    """That every record is whole, and the tables and pages are those of the records. Returns how many there are."""
    records = [r for path in (out / "records").glob("*.json") for r in json.loads(path.read_text())["records"]]
    assert all(len(record["tasks"]) == len(tasks_of("01")) for record in records)
    assert sorted(row["student"] for row in table(out / "totals.csv")) == sorted(r["student"] for r in records)
    assert len(list((out / "feedback").iterdir())) == len(records)
    assert not list(out.rglob(".*.tmp"))
    return len(records)


def test_an_interrupt_leaves_what_was_done(needs_walls, make_class, nothing_left, tmp_path):
    folder, out = make_class(tmp_path / "submissions", 6), tmp_path / "results"

    def interrupt(done, total, student):
        if done == 2:
            raise KeyboardInterrupt

    with nothing_left(), pytest.raises(KeyboardInterrupt):
        grade(folder, out, seed="s", progress=interrupt)
    done = check_whole(out)
    assert 2 <= done < 6
    assert grade(folder, out).graded == 6 - done
    assert check_whole(out) == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_in_order(needs_walls, make_class, nothing_left, tmp_path, number):
    folder, out = make_class(tmp_path / "submissions", 40), tmp_path / "results"
    command = [sys.executable, "-m", "vaecourse", "grade", folder, "--out", out]
    # A shell that starts the tests in the background has them, and all that they start, ignore SIGINT.
    heeding = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with nothing_left():
        with subprocess.Popen(command, **quiet, **heeding) as grader:
            try:
                while grader.poll() is None and len(list((out / "records").glob("*.json"))) < 2:
                    time.sleep(0.01)
                grader.send_signal(number)
                printed, _ = grader.communicate(timeout=60)
            finally:
                grader.kill()
        assert (grader.returncode, printed.splitlines()[0]) == (
            130,
            f"Stopped. {out} holds all that was graded; the same command goes on from there.",
        )
    assert 2 <= check_whole(out) < 40
