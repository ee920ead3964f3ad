"""``kill -9`` at any moment: no mark is lost, none is changed, and the same command goes on. A file of its own, because
it takes as long as all other tests of the grader together."""

import fcntl
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vaecourse.grading.tasks import tasks_of

pytestmark = pytest.mark.slow

KILLS = 20
STUDENTS = 12
SEED = "of the class"
WAIT_SECONDS = 300
"""For a grader that no longer does anything; one takes a few seconds."""


def start(folder: Path, out: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "vaecourse", "grade", folder, "--out", out, "--seed", SEED, "--lesson", "01"]
    with open(folder.with_name("log"), "w") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def check_ended_well(grader: subprocess.Popen, folder: Path) -> None:
    assert grader.wait(WAIT_SECONDS) == 0, folder.with_name("log").read_text()


def finish(folder: Path, out: Path) -> None:
    with start(folder, out) as grader:
        check_ended_well(grader, folder)


def graded(out: Path) -> int:
    return len(list((out / "records").glob("*.json")))


def killed(folder: Path, out: Path, draw: random.Random) -> bool:
    """Start or resume a grading, and kill it: while it starts, after any number of submissions, or while it writes the
    reports. Returns False if it came to its end before."""
    there = graded(out)
    wanted, pause = min(there + draw.randint(0, 3), STUDENTS), draw.random()
    with start(folder, out) as grader:
        try:
            deadline = time.monotonic() + WAIT_SECONDS
            while grader.poll() is None and graded(out) < wanted:
                assert time.monotonic() < deadline, "it hangs"
                time.sleep(0.002)
            time.sleep(pause * (5 if wanted == there else 0.1))
            ended = grader.poll() is not None
        finally:
            grader.kill()
    if ended:
        check_ended_well(grader, folder)
    return not ended


def check_whole(out: Path) -> None:
    """That what is there can be relied on."""
    if (out / "grading.json").exists():
        assert json.loads((out / "grading.json").read_text())["seed"] == SEED
    for path in (out / "records").glob("*.json"):
        (record,) = json.loads(path.read_text())["records"]
        assert [task["id"] for task in record["tasks"]] == [task.id for task in tasks_of("01")]
    if (out / ".lock").exists():
        with open(out / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises if a process still holds it


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_a_grader_that_is_killed_loses_nothing(needs_walls, make_class, nothing_left, tmp_path):
    folder, draw = make_class(tmp_path / "submissions", STUDENTS), random.Random(0)
    finish(folder, tmp_path / "undisturbed")
    right = contents(tmp_path / "undisturbed")
    assert len(right["grades.csv"].splitlines()) == STUDENTS * len(tasks_of("01")) + 1
    after: list[int] = []  # how many were graded at each kill
    while len(after) < KILLS:
        out = tmp_path / f"results {len(after)}"
        while len(after) < KILLS and graded(out) < STUDENTS:
            with nothing_left():
                was_killed = killed(folder, out, draw)
            check_whole(out)
            after += [graded(out)] * was_killed
        finish(folder, out)
        assert contents(out) == right
    assert sum(0 < number < STUDENTS for number in after) >= KILLS / 4, after  # in the midst of it
