"""What the tests of the class grader share: notebooks from cells, and one walled server for a whole run."""

import ast
import ctypes
import functools
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from vaecourse.grading.sandbox import Limits, Outcome, Sandbox, missing_walls

AMPLE = Limits(cpu=10)
"""For jobs that are not to run into them."""


def _notebook(*cells: str | dict, ids: Sequence[str] = (), **metadata: Any) -> bytes:
    """A notebook of version 4.5; a cell is its source, or the cell itself if it is no ordinary one."""
    ordinary = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    names = [*ids, *(f"cell-{number}" for number in range(len(ids), len(cells)))]
    content = [
        cell if isinstance(cell, dict) else {**ordinary, "id": name, "source": cell}
        for name, cell in zip(names, cells, strict=True)
    ]
    return json.dumps({"cells": content, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.fixture(scope="session")
def notebook() -> Callable[..., bytes]:
    """``notebook(source, source, ..., ids=[...], vaecourse={"lesson": "01"})`` makes a notebook file's content."""
    return _notebook


@pytest.fixture(scope="session")
def needs_walls() -> None:
    """Skips where the walls cannot be built, with what to install. On a CI machine they have to be there."""
    missing = missing_walls()
    if missing and os.environ.get("CI"):
        pytest.fail(f"CI has to test the walls: {missing}", pytrace=False)
    if missing:
        pytest.skip(missing)


@pytest.fixture(scope="session")
def box(needs_walls: None) -> Iterator[Sandbox]:
    """A walled server; it survives all that a test does within it."""
    with Sandbox() as box:
        yield box


def _job(source: str, *arguments: Any, answer: str = "answer") -> dict[str, Any]:
    cell = {"cell": 1, "source": source, "keep": list(range(len(ast.parse(source).body)))}
    return {
        "do": "run",
        "program": [cell],
        "answer": answer,
        "probe": "vaecourse.grading.worker.probes.call",
        "cases": [{f"argument {number}": value for number, value in enumerate(arguments)}],
    }


@pytest.fixture(scope="session")
def job() -> Callable[..., dict[str, Any]]:
    """``job(source, *arguments)``: the job of calling ``answer``, which ``source`` defines, with these arguments."""
    return _job


@pytest.fixture(scope="session")
def inside(box: Sandbox) -> Callable[..., Any]:
    """``inside(source, *arguments)``: what ``answer`` returns behind the walls; a failure, or how it ended, fails."""

    def run(source: str, *arguments: Any, limits: Limits = AMPLE) -> Any:
        outcome: Outcome = box.run(_job(source, *arguments), limits)
        assert outcome.ended == "done", outcome
        assert "values" in outcome.messages[0], outcome.messages[0]
        return outcome.messages[0]["values"]["value"]

    return run


CHEAP = """
import torch

def squared_error(x, x_hat):
    return ((x - x_hat) ** 2).flatten(1).sum(1).mean()

def share_recognised(logits, confidence):
    return (logits.softmax(1).amax(1) > confidence).float().mean().item()
"""
MISTAKES = (".sum(1)", ".sum(1).mean()", "((x - x_hat) ** 2)", "logits.softmax(1)", ".item()", "")


@pytest.fixture(scope="session")
def make_class() -> Callable[[Path, int], Path]:
    """``make_class(folder, n)`` writes notebooks of n students; grading them takes a moment each."""

    def make(folder: Path, n: int) -> Path:
        folder.mkdir()
        for number in range(n):
            source = CHEAP.replace(MISTAKES[number % len(MISTAKES)], "(x - x_hat)" if number % 4 == 2 else "", 1)
            (folder / f"student {number:02}.ipynb").write_bytes(_notebook(source, vaecourse={"lesson": "01"}))
        return folder

    return make


@contextmanager
def _nothing_left() -> Iterator[None]:
    """Fails if a process that was started within is still there a while afterwards, whoever its parent was."""
    set_subreaper = functools.partial(ctypes.CDLL(None).prctl, 36)
    set_subreaper(1, 0, 0, 0)  # orphans become children of this process
    before = _descendants()
    try:
        yield
        for _ in range(500):
            if not (left := _descendants() - before):
                return
            time.sleep(0.02)
        pytest.fail(f"processes are left: {left}")
    finally:
        set_subreaper(0, 0, 0, 0)


def _descendants() -> set[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # gone since
            continue
        if state != "Z":
            parents[int(path.parent.name)] = int(parent)
    found, more = set(), {os.getpid()}
    while more := {number for number, parent in parents.items() if parent in more} - found:
        found |= more
    return found


@pytest.fixture(scope="session")
def nothing_left() -> Callable[[], AbstractContextManager[None]]:
    """``with nothing_left(): ...`` fails if a process started within outlives it."""
    return _nothing_left
