"""A class of hostile and odd submissions: each gets what is fair, and nothing of any of them gets out.

All are graded at once, with honest ones between them; then every row is looked at. What they do is in :mod:`hostile`.
"""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cells import run_cell
from hostile import ATTACKS
from hostile.answers import knows_the_open_cases
from hostile.entry import CHEAP, IMPORTS, MARK, Entry, as_file, solution
from hostile.files import changed

from vaecourse.grading.check import examine
from vaecourse.grading.tasks import find_task

pytestmark = pytest.mark.slow

SEED = "of the hostile class"
SECRET = "SECRET-of-the-instructor"
HONEST = [
    *(Entry(f"honest {number}", as_file(changed(lambda content: None)), CHEAP, ("graded",)) for number in range(6)),
    Entry("honest to the end", as_file(lambda: deepcopy(solution())), {**CHEAP, "train_autoencoder": 4}, ("graded",)),
]
PEAK_BYTES = 2 * 2**30
"""Of the grader's own memory, torch and two submissions at their limits included."""
BATCH_SECONDS = 1_200
"""Several times what it takes: the limits add up to less, so something would hang."""

GRADER = """
import ctypes, json, os, sys
from pathlib import Path
from vaecourse.grading.grade import grade

ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # processes that lose their parent become this one's, and so can be counted
report = grade(sys.argv[1], sys.argv[2], seed=sys.argv[3], jobs=2, lesson="01")
left = []
for folder in Path("/proc").glob("[0-9]*"):
    try:
        state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        if int(parent) == os.getpid() and state != "Z":
            left.append((folder / "cmdline").read_bytes().decode(errors="replace"))
    except OSError:
        continue
status = Path("/proc/self/status").read_text().splitlines()
peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({"left": left, "peak": peak, "descriptors": os.listdir("/proc/self/fd"), "graded": report.graded}))
"""


@dataclass(frozen=True)
class Class:
    """What came of the batch."""

    out: Path
    home: Path
    before: Mapping[str, list[str]]
    students: Mapping[str, str]
    records: Mapping[str, Mapping[str, Any]]
    process: Mapping[str, Any]


def _places() -> dict[str, list[str]]:
    """Names in the folders that everyone can write to which only this suite's attacks make."""
    folders = ("/", "/tmp", "/var/tmp", "/dev/shm", os.path.expanduser("~"), os.getcwd())
    return {place: sorted(name for name in os.listdir(place) if MARK in name) for place in folders}


@pytest.fixture(scope="module")
def graded(needs_walls, tmp_path_factory) -> Class:
    """The whole class, graded once in a process of its own."""
    top = tmp_path_factory.mktemp("class")
    folder, out, home = top / "submissions", top / "results", top / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_rsa").write_text(SECRET)
    folder.mkdir()
    students = {}
    apart = len(ATTACKS) // len(HONEST)
    entries = [*ATTACKS]
    for number, honest in enumerate(HONEST):
        entries.insert(number * (apart + 1), honest)
    for number, entry in enumerate(entries):
        students[entry.name] = entry.put(folder, f"{number:03} {entry.name}".replace("/", "-"))
    before = _places()
    environment = {**os.environ, "HOME": str(home), "VAECOURSE_TEST": SECRET}
    command = [sys.executable, "-c", GRADER, str(folder), str(out), SEED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=BATCH_SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    kept = [json.loads(path.read_text())["records"] for path in (out / "records").glob("*.json")]
    records = {record["student"]: record for records in kept for record in records}
    return Class(out, home, before, students, records, json.loads(done.stdout))


def _said(record: Mapping[str, Any]) -> str:
    """What the record says about the tasks that were tried."""
    lines = [f"{record['status']}: {record['reason']}"]
    for task in record["tasks"]:
        if task["status"] != "missing":
            missed = {(c["mistake"], c["idea"], c["measured"]) for c in task["criteria"] if c["mistake"]}
            lines.append(f"{task['id']}: {task['points']}, {task['status']} {missed or ''}")
    return "\n".join(lines)


@pytest.mark.parametrize("entry", [*ATTACKS, *HONEST], ids=lambda entry: entry.name)
def test_every_submission_gets_what_is_fair(graded, entry):
    record = graded.records[graded.students[entry.name]]
    said = _said(record)
    points = {task["id"].partition(".")[2]: task["points"] for task in record["tasks"]}
    statuses = {task["id"].partition(".")[2]: task["status"] for task in record["tasks"]}
    for task, got in points.items():
        fair = entry.points.get(task, 0)
        assert got in (fair if isinstance(fair, tuple) else (fair,)), f"{task}: {said}"
    assert record["points"] == sum(points.values())
    assert set(entry.points) <= set(points), said
    assert not entry.status or record["status"] in entry.status, said
    for task, fair in entry.tasks.items():
        assert statuses[task] in fair, said
    assert record["max_points"] == 20
    (page,) = (graded.out / "feedback").glob(f"{record['key']}-*.html")
    for text in entry.unseen:
        assert text not in page.read_text(), said


def test_who_knows_the_open_cases_by_heart_has_full_marks_in_the_notebook_only():
    task = find_task("01.squared_error")
    answer = run_cell(IMPORTS + knows_the_open_cases())["squared_error"]
    assert examine(task, answer).points == task.points
    assert examine(task, answer, SEED).points < task.points


def test_every_submission_has_a_row(graded):
    assert Counter(graded.students.values()) == Counter(graded.records.keys())
    assert graded.process["graded"] == len(graded.students) == len({*graded.students})
    with open(graded.out / "totals.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(graded.students)
    assert all(0 <= float(row["total"]) <= 20 for row in rows)


def test_no_process_is_left(graded):
    assert graded.process["left"] == []


def test_no_file_is_left(graded):
    assert _places() == graded.before
    assert [path.name for path in graded.home.rglob("*") if path.is_file()] == ["id_rsa"]


def test_the_results_hold_nothing_else(graded):
    names = Counter(path.parent.name for path in graded.out.rglob("*") if path.is_file())
    count = len(graded.students)
    assert names == {"results": 6, "records": count, "feedback": count, "gradescope": count}


def test_the_grader_keeps_its_memory_and_its_files(graded):
    assert graded.process["peak"] < PEAK_BYTES
    assert len(graded.process["descriptors"]) < 10


def test_the_pages_hold_nothing_secret(graded):
    for page in (graded.out / "feedback").glob("*.html"):
        text = page.read_text()
        assert SECRET not in text
        assert SEED not in text
        assert str(Path.cwd()) not in text
        assert "<script" not in text
        assert "onerror=alert(1)>" not in text
