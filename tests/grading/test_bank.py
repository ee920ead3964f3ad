"""Every task against its bank: the stub, the solution, other right ways to write it, and the mistakes people make."""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
import torch
from cells import run_cell

from vaecourse.grading import release
from vaecourse.grading.check import examine
from vaecourse.grading.task import OPEN_SEED, Case, Seen, Task, TaskResult, Wrong, judge, not_graded
from vaecourse.grading.tasks import find_task, lessons, tasks_of
from vaecourse.grading.worker import wire
from vaecourse.grading.worker.wire import Odd

SOLUTIONS = Path(__file__).parents[2] / "solutions"
SEEDS = (OPEN_SEED, "of a class")
"""Answers that train are judged for the first one here, and for another one behind the walls."""
TASKS = [task for lesson in lessons() for task in tasks_of(lesson)]
FULL, STUB = "full marks", "not started"


class Entry(NamedTuple):
    """A cell's source and what has to come of it: FULL, STUB, or the name of a mistake."""

    task: str
    name: str
    source: str
    expected: str


@cache
def solution(lesson: str) -> nbformat.NotebookNode:
    (path,) = SOLUTIONS.glob(f"{lesson}_*.ipynb")
    return nbformat.read(path, as_version=4)


def cell(task_id: str, suffix: str = "") -> nbformat.NotebookNode:
    lesson, _, name = task_id.partition(".")
    return next(cell for cell in solution(lesson).cells if cell.id == name + suffix)


def imports(lesson: str) -> str:
    """The first code cell of the exercise, which every answer stands below."""
    return next(cell.source for cell in solution(lesson).cells if cell.cell_type == "code")


def bank(lesson: str):
    return import_module(f"banks.lesson_{lesson}")


def slow_if_it_trains(task_id: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] if find_task(task_id).trains else []


def entries() -> Iterator[Entry]:
    for task in TASKS:
        source = cell(task.id).source
        yield Entry(task.id, "stub", release.stub(source, task.id), STUB)
        yield Entry(task.id, "solution", source, FULL)
        for name, variant in bank(task.lesson).VARIANTS.get(task.id, {}).items():
            yield Entry(task.id, name, variant, FULL)
        for number, (wrong, mistake) in enumerate(bank(task.lesson).MISTAKES.get(task.id, []), start=1):
            yield Entry(task.id, f"mistake {number}", wrong, mistake)


ENTRIES = [
    pytest.param(entry, id=f"{entry.task}: {entry.name}: {entry.expected}", marks=slow_if_it_trains(entry.task))
    for entry in entries()
]
EACH_TASK = [pytest.param(task, id=task.id, marks=slow_if_it_trains(task.id)) for task in TASKS]
WRONG_ENTRIES = [param for param in ENTRIES if param.values[0].expected not in (FULL, STUB)]
TRAINING = {task.id for task in TASKS if task.trains}
JUDGED = [
    pytest.param(*param.values, seed, id=f"{seed}-{param.id}", marks=param.marks)
    for seed in SEEDS
    for param in ENTRIES
    if seed == OPEN_SEED or param.values[0].task not in TRAINING
]


@cache
def judged(entry: Entry, seed: str) -> TaskResult:
    task = find_task(entry.task)
    namespace = run_cell(f"{imports(task.lesson)}\n\n\n{entry.source}")
    if task.answer not in namespace:  # a blank cell that was left blank
        return not_graded(task, STUB, "not started yet")
    return examine(task, namespace[task.answer], seed)


@pytest.mark.parametrize(("entry", "seed"), JUDGED)
def test_answers_get_what_they_deserve(entry, seed):
    result = judged(entry, seed)
    failed = [criterion.mistake for criterion in result.criteria if not criterion.passed]
    if entry.expected == FULL:
        assert (result.status, failed, result.points) == ("graded", [], result.task.points)
    elif entry.expected == STUB:
        assert (result.status, result.points) == (STUB, 0)
    else:
        assert entry.expected in failed
        assert result.status == "graded"


@pytest.mark.parametrize("entry", [param for param in WRONG_ENTRIES if param.values[0].task not in TRAINING])
def test_hints_tell_nothing_of_the_hidden_numbers(entry):
    """A feedback file carries the ideas: the same mistake has to read the same, whatever the numbers were."""
    results = [judged(entry, seed) for seed in SEEDS]
    for one, other in zip(*(result.criteria for result in results), strict=True):
        if one.mistake == other.mistake:
            assert one.idea == other.idea
        assert one.passed or one.idea


@cache
def written_ideas(lesson: str) -> set[str]:
    """The hints that stand in the lesson's tables, word for word."""
    tables = vars(import_module(f"vaecourse.grading.tasks.ideas_{lesson}")).values()
    return {idea for table in tables if isinstance(table, dict) for idea in table.values() if isinstance(idea, str)}


@pytest.mark.parametrize("entry", [param for param in WRONG_ENTRIES if param.values[0].task in TRAINING])
def test_hints_for_answers_that_train_are_written_in_the_tables(entry):
    """They are judged once only, so there is no second judgement to compare with."""
    ideas = [criterion.idea for criterion in judged(entry, OPEN_SEED).criteria if not criterion.passed]
    assert ideas
    assert set(ideas) <= written_ideas(find_task(entry.task).lesson)


# Whatever an answer returns, a judge ends in a judgement -----------------------------------------------------

STRANGE = [
    None,
    True,
    -3,
    10**15,
    0.0,
    float("nan"),
    float("inf"),
    "text",
    [],
    ["text", 1],
    [torch.zeros(2)],
    {"key": 1},
    Odd("a generator"),
    torch.tensor(0.5),
    torch.tensor(True),
    torch.zeros(0),
    torch.zeros(2, 0, 3),
    torch.zeros(1, 1),
    torch.ones(3, 1, 2, 2, 2),
    torch.full((4, 3), float("nan")),
    torch.arange(6).view(2, 3),
    torch.tensor([1e30, -1e30]),
]


@cache
def seen_of_the_solution(task: Task) -> list[tuple[Case, Seen]]:
    """The last stage's cases, with what the solution shows."""
    answer = run_cell(f"{imports(task.lesson)}\n\n\n{cell(task.id).source}")[task.answer]
    pairs: list[tuple[Case, Seen]] = []
    for index, stage in enumerate(task.stages):
        cases = list(stage.cases(task.rng(OPEN_SEED, index), *([pairs] if index else [])))
        pairs = []
        for case in cases:
            torch.manual_seed(0)
            inputs = wire.unpack(wire.pack(dict(case.inputs)))
            pairs.append((case, Seen(wire.unpack(wire.pack(dict(stage.probe(answer, **inputs)))))))
    return pairs


@pytest.mark.parametrize("task", EACH_TASK)
def test_judges_take_any_value(task):
    for case, seen in seen_of_the_solution(task):
        for key, strange in product(seen.values, STRANGE):
            for criterion in task.criteria:
                if not criterion.cases or case.name in criterion.cases:
                    with suppress(Wrong):  # any other exception would be the grader's
                        criterion.judge(case, Seen({**seen.values, key: strange}))


@pytest.mark.parametrize("task", EACH_TASK)
def test_a_judge_alone_knows_the_solution_from_nothing(task):
    pairs = seen_of_the_solution(task)
    assert judge(task, pairs).points == task.points
    assert judge(task, [(case, Seen({})) for case, _ in pairs]).points == 0


# What the bank and the notebook have to have -----------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_every_task_has_a_bank(task):
    variants, mistakes = bank(task.lesson).VARIANTS[task.id], bank(task.lesson).MISTAKES[task.id]
    assert len(variants) >= 3
    assert len(mistakes) >= 4
    assert len({mistake for _, mistake in mistakes}) >= 4
    assert "other" not in {mistake for _, mistake in mistakes}


@pytest.mark.parametrize("lesson", lessons())
def test_a_bank_has_no_other_tasks(lesson):
    ids = {task.id for task in tasks_of(lesson)}
    assert set(bank(lesson).VARIANTS) == set(bank(lesson).MISTAKES) == ids


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_the_notebook_promises_the_points_of_the_task(task):
    prompt, check = cell(task.id, "-prompt"), cell(task.id, "-check")
    number = tasks_of(task.lesson).index(task) + 1
    assert prompt.source.startswith(f"## Task {number}: {task.title}\n")
    (promised,) = re.findall(r"^\*Difficulty [1-5] of 5 · \d+ minutes · (\d+) points?\*$", prompt.source, re.MULTILINE)
    assert int(promised) == task.points == check.metadata.nbgrader.points
    assert f'check("{task.id}"' in check.source


@pytest.mark.parametrize("lesson", lessons())
def test_the_opening_adds_up(lesson):
    sources = [cell.source for cell in solution(lesson).cells]
    points, minutes = re.search(r"\*\*(\d+) points, about (\d+) minutes\*\*", sources[0]).groups()
    assert int(points) == sum(task.points for task in tasks_of(lesson))
    assert int(minutes) == sum(int(found) for found in re.findall(r"^\*.* · (\d+) minutes ·", "\n".join(sources), re.M))
    assert [
        c.metadata.nbgrader.grade_id for c in solution(lesson).cells if c.metadata.get("nbgrader", {}).get("grade")
    ] == [f"{task.id.partition('.')[2]}-check" for task in tasks_of(lesson)]
