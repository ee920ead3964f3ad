"""The exercises and their solutions: one is the other with the answers taken out, and both fit the tasks.

What the release takes out is looked at here without the release's own code: it would not see its own mistakes.
"""

import ast
import copy
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader import nbgraderformat
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from test_lessons import LONGEST_CELL
from test_lessons import problems as stored_problems

from vaecourse.course import lessons, run_lesson
from vaecourse.grading import release, tasks
from vaecourse.grading.task import Criterion, Task

ROOT = Path(__file__).parents[2]
SOLUTIONS = lessons(ROOT / "solutions")
EXERCISES = lessons(ROOT / "exercises")
BEGIN, END, PLACEHOLDER = "### BEGIN SOLUTION", "### END SOLUTION", "raise NotImplementedError"
FACTS = re.compile(r"^\*Difficulty [1-5] of 5 · (\d+) minutes? · (\d+) points?\*$", re.MULTILINE)
FLAGS = {
    "prompt": {"grade": False, "solution": False, "locked": True, "task": False, "schema_version": 3},
    "answer": {"grade": False, "solution": True, "locked": False, "task": False, "schema_version": 3},
    "check": {"grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3},
}


# --------------------------------------------------------------------------- an exercise beside its solution


def differences(solution: NotebookNode, exercise: NotebookNode) -> list[str]:
    """Where an exercise is something else than its solution with the answers taken out; [] if nowhere."""
    expected = [cell for cell in solution.cells if "solution-only" not in cell.metadata.get("tags", ())]
    if [cell.id for cell in exercise.cells] != [cell.id for cell in expected]:
        return ["other cells, or in another order"]
    found = [
        f"{ours.id}: {problem}"
        for theirs, ours in zip(expected, exercise.cells, strict=True)
        for problem in cell_differences(theirs, ours)
    ]
    if exercise.metadata != solution.metadata:
        found.append("other metadata")
    return found


def cell_differences(solution: NotebookNode, exercise: NotebookNode) -> Iterator[str]:
    if solution.metadata != exercise.metadata or solution.cell_type != exercise.cell_type:
        yield "another type, or other metadata"
    if exercise.get("outputs") or exercise.get("execution_count"):
        yield "it was run"
    outside, inside, count = split_at_marks(solution.source)
    lines = [line.strip() for line in exercise.source.splitlines()]
    left = [line for line in exercise.source.splitlines() if line.strip() != PLACEHOLDER]
    # The placeholder, and blank lines at the end, are all that may differ.
    if [line for line in left if line.strip()] != [line for line in outside if line.strip()]:
        yield "lines are changed, added or missing"
    if not is_subsequence(left, outside):
        yield "not its solution with lines taken out"
    leaked = Counter(lines) & Counter(inside) - Counter(line.strip() for line in outside)
    if any(leaked):
        yield f"a line of the solution is left: {next(line for line in leaked if line)}"
    if lines.count(PLACEHOLDER) != count:
        yield f"{lines.count(PLACEHOLDER)} placeholders for {count} indented regions"


def split_at_marks(source: str) -> tuple[list[str], list[str], int]:
    """The lines outside the marks, the stripped ones between them, and how many regions are indented."""
    outside, inside, count, within = [], [], 0, False
    for line in source.splitlines():
        if line.strip() in (BEGIN, END):
            within = line.strip() == BEGIN
            count += line.startswith(" ") and within
        elif within:
            inside.append(line.strip())
        else:
            outside.append(line)
    return outside, inside, count


def is_subsequence(lines: Sequence[str], of: Sequence[str]) -> bool:
    rest = iter(of)
    return all(line in rest for line in lines)


# ------------------------------------------------------------------------- a solution beside the lesson's tasks


def problems(solution: NotebookNode, lesson_tasks: Sequence[Task]) -> list[str]:
    """What is wrong with a solution notebook as the exercise of ``lesson_tasks``; [] if nothing is."""
    places = {cell.id: place for place, cell in enumerate(solution.cells)}
    found = []
    if len(places) != len(solution.cells):
        found.append("cells share an id")
    checked = [task_id for cell in solution.cells for task_id in checks_in(cell)]
    if checked != [task.id for task in lesson_tasks]:
        found.append(f"the tasks are {[task.id for task in lesson_tasks]}, and checked are {checked}")
    for number, task in enumerate(lesson_tasks, start=1):
        name = task.id.partition(".")[2]
        parts = [f"{name}-prompt", name, f"{name}-check", f"{name}-one-way"]
        missing = [part for part in parts if part not in places]
        if missing:
            found.append(f"{task.id}: no cell {', '.join(missing)}")
            continue
        if any(one >= other for one, other in pairwise(places[part] for part in parts)):
            found.append(f"{task.id}: its cells are out of order")
        cells = [solution.cells[places[part]] for part in parts]
        found += [f"{task.id}: {problem}" for problem in task_problems(task, number, *cells)]
    return found


def task_problems(task: Task, number: int, prompt, answer, check, one_way) -> Iterator[str]:
    title = f"## Task {number}: {task.title}"  # as the summary names it
    if prompt.source.splitlines()[0] != title:
        yield f"its prompt does not begin with {title!r}"
    facts = FACTS.findall(prompt.source)
    if [int(points) for _, points in facts] != [task.points]:
        yield f"its prompt has no line of difficulty, minutes and {task.points} points"
    for kind, cell in {"prompt": prompt, "answer": answer, "check": check}.items():
        expected = FLAGS[kind] | {"grade_id": cell.id} | ({"points": task.points} if kind == "check" else {})
        if cell.metadata.get("nbgrader") != expected:
            yield f"its {kind} cell's nbgrader metadata should be {expected}"
    if checks_in(check) != [task.id]:
        yield "its check cell does not check it"
    if "solution-only" not in one_way.metadata.get("tags", ()):
        yield "its one way is not kept from students"
    if not re.search(r"<details>\s*<summary>One way to do it</summary>", one_way.source):
        yield "its one way is not folded"
    if task.answer not in names_defined(answer.source):
        yield f"its answer cell does not define {task.answer}"


def checks_in(cell: NotebookNode) -> list[str]:
    """The tasks that a cell's ``check("NN.name", ...)`` calls name."""
    if cell.cell_type != "code":
        return []
    calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    return [call.args[0].value for call in calls if isinstance(call.func, ast.Name) and call.func.id == "check"]


def names_defined(source: str) -> set[str]:
    body = ast.parse(source).body
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    definitions = [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return {node.name for node in definitions} | {target.id for target in targets if isinstance(target, ast.Name)}


def stub_problems(source: str) -> Iterator[str]:
    """What a student lacks in the source of an untouched answer cell."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        yield f"it is not Python: {error.msg}"
        return
    if not re.search(r"^#", source, re.MULTILINE) and not tree.body:
        yield "nothing says what to write"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and "\n" in (ast.get_docstring(node) or "\n"):
            yield f"{node.name} has no docstring of one line"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            untyped = [argument.arg for argument in arguments if argument.annotation is None]
            if set(untyped) - {"self"} or (node.returns is None and node.name != "__init__"):
                yield f"the signature of {node.name} is not typed"


def answers(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]


def shown(cell: NotebookNode) -> str:
    """What a cell printed and displayed, as text."""
    return "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in cell.outputs)


# ------------------------------------------------------------------------------------------------ the real files


@pytest.fixture(params=SOLUTIONS, ids=lambda path: path.stem)
def path(request) -> Path:
    return request.param


@pytest.fixture
def solution(path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


@pytest.fixture
def exercise(path) -> NotebookNode:
    return nbformat.read(ROOT / "exercises" / path.name, as_version=4)


def test_every_lesson_with_tasks_has_a_solution_and_an_exercise():
    assert [path.stem[:2] for path in SOLUTIONS] == tasks.lessons()
    assert [path.name for path in EXERCISES] == [path.name for path in SOLUTIONS]


def test_the_lesson_of_that_name_leads_to_the_exercise(path):
    lesson = nbformat.read(ROOT / "notebooks" / path.name, as_version=4)
    assert any(f"](../exercises/{path.name})" in cell.source for cell in lesson.cells if cell.cell_type == "markdown")


def test_exercises_are_what_their_solutions_give_byte_for_byte(path):
    assert release.make(path).current, "run `vaecourse release`"


def test_exercises_are_their_solutions_with_the_answers_taken_out(solution, exercise):
    assert differences(solution, exercise) == []


def test_solutions_fit_their_lessons_tasks(path, solution):
    lesson = solution.metadata.vaecourse["lesson"]
    assert lesson == path.stem[:2]
    assert problems(solution, tasks.tasks_of(lesson)) == []
    last = [cell for cell in solution.cells if cell.cell_type == "code"][-1]
    assert last.source == f'summary("{lesson}")'


def test_stubs_say_what_to_write(exercise):
    assert [f"{cell.id}: {problem}" for cell in answers(exercise) for problem in stub_problems(cell.source)] == []


def test_solutions_are_stored_whole(solution):
    longer = {f"{cell.id}: more than {LONGEST_CELL} lines" for cell in answers(solution)}
    assert set(stored_problems(solution)) <= longer


def test_links_between_files_lead_somewhere(path, exercise):
    text = "\n".join(cell.source for cell in exercise.cells if cell.cell_type == "markdown")
    targets = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in target]
    assert [target for target in targets if not (ROOT / "exercises" / target).exists()] == []


@pytest.mark.slow
def test_an_untouched_exercise_runs_and_every_check_says_not_started_yet(path, tmp_path):
    copied = Path(shutil.copy(ROOT / "exercises" / path.name, tmp_path))
    run_lesson(copied, store=True)
    cells = nbformat.read(copied, as_version=4).cells
    checks = {task_id: shown(cell) for cell in cells for task_id in checks_in(cell)}
    assert checks
    assert {task_id for task_id, text in checks.items() if "not started yet" not in text} == set()
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []


def test_the_stored_solution_has_all_points(solution):
    """nbval runs it, and compares what is stored with what comes out."""
    assert has_all_points(solution)


@pytest.mark.slow
def test_a_solution_has_all_points_on_mnist(path, mnist, tmp_path):
    if mnist is None:
        pytest.skip("no MNIST: set VAECOURSE_DATA_DIR to the folder that holds MNIST/raw")
    copied = Path(shutil.copy(ROOT / "solutions" / path.name, tmp_path))
    run_lesson(copied, store=True, environment=mnist)
    assert has_all_points(nbformat.read(copied, as_version=4))


def has_all_points(solution: NotebookNode) -> bool:
    """By the table in its last cell."""
    total = sum(task.points for task in tasks.tasks_of(solution.metadata.vaecourse["lesson"]))
    text = shown([cell for cell in solution.cells if cell.cell_type == "code"][-1])
    return re.search(rf"^Total +{total} of {total}$", text, re.MULTILINE) is not None


@pytest.mark.parametrize("path", SOLUTIONS + EXERCISES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nbgrader_reads_it(path):
    notebook = nbgraderformat.read(path, as_version=4)  # validates every cell's metadata
    CheckCellMetadata().preprocess(notebook, {})


def test_nbgrader_can_make_the_exercise_from_the_solution(solution):
    """Its steps of `nbgrader generate_assignment` that need no database of a course."""
    steps = (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums, ClearHiddenTests)
    notebook, resources = copy.deepcopy(solution), {}
    for step in (*steps, ClearMarkScheme, ComputeChecksums, CheckCellMetadata):
        notebook, resources = step().preprocess(notebook, resources)
    for before, after in zip(answers(solution), answers(notebook), strict=True):
        outside, inside, _ = split_at_marks(before.source)
        assert "raise NotImplementedError()" in after.source
        assert not Counter(line.strip() for line in after.source.splitlines()) & (
            Counter(filter(None, inside)) - Counter(line.strip() for line in outside)
        )


# The checks themselves: each finds what it is there for.


TASK = Task("07.double", "double", "Twice", (Criterion("twice", 3, lambda case, seen: None),), ())
SOURCE = '''def double(x: float) -> float:
    """Twice x."""
    ### BEGIN SOLUTION
    y = x
    return x + y
    ### END SOLUTION'''


@pytest.fixture
def whole() -> NotebookNode:
    """A solution without problems."""
    new = nbformat.v4
    meta = {kind: {"nbgrader": flags | {"grade_id": f"double-{kind}"}} for kind, flags in FLAGS.items()}
    meta["answer"]["nbgrader"]["grade_id"] = "double"
    meta["check"]["nbgrader"]["points"] = 3
    prompt = "## Task 1: Twice\n\n*Difficulty 1 of 5 · 2 minutes · 3 points*\n\nWrite it."
    one_way = "<details><summary>One way to do it</summary>Because.</details>"
    cells = [
        new.new_markdown_cell(prompt, id="double-prompt", metadata=meta["prompt"]),
        new.new_code_cell(SOURCE, id="double", metadata=meta["answer"]),
        new.new_code_cell('check("07.double", double)', id="double-check", metadata=meta["check"]),
        new.new_markdown_cell(one_way, id="double-one-way", metadata={"tags": ["solution-only"]}),
    ]
    return new.new_notebook(cells=cells)


@pytest.fixture
def taken_out(whole) -> NotebookNode:
    """The exercise of it."""
    made = copy.deepcopy(whole)
    del made.cells[3]
    made.cells[1].source = SOURCE[: SOURCE.index(BEGIN)] + PLACEHOLDER
    return made


def test_a_whole_pair_has_no_problems(whole, taken_out):
    assert problems(whole, [TASK]) == []
    assert differences(whole, taken_out) == []
    assert list(stub_problems(taken_out.cells[1].source)) == []


def in_source(place: int, old: str, new: str) -> Callable[[list], None]:
    """Damage: ``old`` becomes ``new`` in a cell's source."""

    def damage(cells: list) -> None:
        assert old in cells[place].source
        cells[place].source = cells[place].source.replace(old, new)

    return damage


def in_nbgrader(place: int, **changes) -> Callable[[list], None]:
    return lambda cells: cells[place].metadata.nbgrader.update(changes)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (in_source(0, "Write it", "Write this"), "double-prompt: lines are changed"),
        (in_source(1, "Twice x.", "Two x."), "double: not its solution with lines taken out"),
        (in_source(1, PLACEHOLDER, f"{PLACEHOLDER}\n    # more"), "double: not its solution with lines taken out"),
        (in_source(1, '    """Twice x."""\n', ""), "double: lines are changed, added or missing"),
        (in_source(1, PLACEHOLDER, f"y = x\n    {PLACEHOLDER}"), "double: a line of the solution is left: y = x"),
        (in_source(1, PLACEHOLDER, "pass"), "double: 0 placeholders for 1"),
        (in_source(1, PLACEHOLDER, f"{PLACEHOLDER}\n    {PLACEHOLDER}"), "double: 2 placeholders for 1"),
        (lambda cells: cells.pop(2), "other cells"),
        (lambda cells: cells.reverse(), "other cells"),
        (lambda cells: cells.append(nbformat.v4.new_markdown_cell("<details>", id="double-one-way")), "other cells"),
        (lambda cells: cells[2].update(execution_count=1), "double-check: it was run"),
        (in_nbgrader(2, points=4), "double-check: another type, or other metadata"),
    ],
)
def test_each_difference_is_found(whole, taken_out, damage, found):
    damage(taken_out.cells)
    assert [difference for difference in differences(whole, taken_out) if found in difference]


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (in_source(0, "Task 1", "Task 2"), "does not begin with '## Task 1: Twice'"),
        (in_source(0, ": Twice", ": Double"), "does not begin with '## Task 1: Twice'"),
        (in_source(0, "3 points", "4 points"), "no line of difficulty, minutes and 3 points"),
        (in_source(0, "1 of 5", "6 of 5"), "no line of difficulty"),
        (in_source(0, " · 2 minutes", ""), "no line of difficulty"),
        (in_source(2, "07.double", "07.twice"), "checked are ['07.twice']"),
        (in_source(2, "double)", "double)\ncheck('07.double')"), "checked are ['07.double', '07.double']"),
        (in_source(2, 'check("07.double", double)', ""), "checked are []"),
        (in_source(3, "<summary>One way", "<summary>A way"), "is not folded"),
        (in_source(1, "def double", "def twice"), "does not define double"),
        (in_nbgrader(0, locked=False), "prompt cell's nbgrader metadata"),
        (in_nbgrader(1, grade_id="other"), "answer cell's nbgrader metadata"),
        (in_nbgrader(2, points=4), "check cell's nbgrader metadata"),
        (in_nbgrader(2, schema_version=2), "check cell's nbgrader metadata"),
        (lambda cells: cells[3].metadata.pop("tags"), "not kept from students"),
        (lambda cells: cells.pop(3), "no cell double-one-way"),
        (lambda cells: cells[3].update(id="double"), "cells share an id"),
        (lambda cells: cells.reverse(), "out of order"),
    ],
)
def test_each_problem_of_a_solution_is_found(whole, damage, found):
    damage(whole.cells)
    assert [problem for problem in problems(whole, [TASK]) if found in problem]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(x: int) -> int:\n    pass", "f has no docstring of one line"),
        ('class A:\n    """One.\n\n    Two."""', "A has no docstring of one line"),
        ('def f(x) -> int:\n    """It."""', "the signature of f is not typed"),
        ('def f(x: int):\n    """It."""', "the signature of f is not typed"),
        ('class A:\n    """It."""\n    def f(self, x): pass', "the signature of f is not typed"),
        ("def f(x: int) -> int:", "it is not Python"),
        ("", "nothing says what to write"),
    ],
)
def test_each_problem_of_a_stub_is_found(source, found):
    assert [problem for problem in stub_problems(source) if found in problem]
