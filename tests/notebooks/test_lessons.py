"""The stored lessons are whole: run from top to bottom, with every output kept, and readable without running.

nbval compares only cells that have an execution count, so a cell stored without one would pass unseen; and it does
not compare figures at all. What it cannot see is checked here.
"""

import ast
import copy
import os
import re
from pathlib import Path

import nbformat
import pytest

from vaecourse.course import lessons, run_lesson

ROOT = Path(__file__).parents[2]
NOTEBOOKS = lessons(ROOT / "notebooks")
LONGEST_CELL = 12  # lines
LARGEST_FILE = 1_500_000  # bytes
SPEAKING = {"print", "show", "quiz", "display"}
MACHINE_PATH = re.compile(r"/(home|Users|root|tmp|work)/\w")


def problems(notebook: nbformat.NotebookNode) -> list[str]:
    """What is wrong with a stored lesson, one line each; an empty list if nothing is."""
    found = []
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells, start=1):
        found += [f"{cell.id}: {problem}" for problem in cell_problems(cell, number)]
    return found


def cell_problems(cell: nbformat.NotebookNode, number: int):
    if cell.execution_count is None:
        yield "stored without an execution count: it was not run, and nbval would skip it"
    elif cell.execution_count != number:
        yield f"run out of order: count {cell.execution_count}, place {number}"
    if speaks(cell.source) and not cell.outputs:
        yield "its output is not stored"
    if len(cell.source.splitlines()) > LONGEST_CELL:
        yield f"more than {LONGEST_CELL} lines"
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"stores an error: {output.ename}"
        if output.get("name") == "stderr":
            yield "stores a warning or a progress bar"
        data = output.get("data", {})
        if "image/png" in data and not output.metadata.get("image/png", {}).get("alt", "").strip():
            yield "a figure without alt text"
        text = output.get("text", "") + data.get("text/plain", "")
        if MACHINE_PATH.search(text):
            yield "prints a path of the machine it was run on"


def speaks(source: str) -> bool:
    """Whether a cell prints or shows something: it calls one of SPEAKING, or ends in an expression with a value."""
    statements = ast.parse(source).body
    calls = [node for statement in statements for node in calls_outside_functions(statement)]
    if any(isinstance(call.func, ast.Name) and call.func.id in SPEAKING for call in calls):
        return True
    last = statements[-1] if statements else None
    return isinstance(last, ast.Expr) and not isinstance(last.value, ast.Constant)


def calls_outside_functions(node: ast.AST):
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
        return
    if isinstance(node, ast.Call):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from calls_outside_functions(child)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request) -> Path:
    return request.param


@pytest.fixture
def lesson(path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_there_are_lessons():
    assert [path.name for path in NOTEBOOKS][:2] == ["00_start_here.ipynb", "01_autoencoder.ipynb"]


def test_lessons_are_stored_whole(lesson):
    assert problems(lesson) == []


def test_lessons_are_small_enough_to_clone(path):
    assert path.stat().st_size <= LARGEST_FILE


def test_links_between_files_lead_somewhere(path, lesson):
    text = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    targets = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in target]
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_lessons_open_with_objectives_and_close_with_a_quiz(path, lesson):
    first = next(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    assert re.match(rf"# {path.stem[:2]} \w", first)
    assert re.search(r"^1\. .*\n2\. .*\n3\. ", first, re.MULTILINE)
    if path.stem[:2] != "00":
        quizzes = re.findall(r'quiz\("(\d+)", "(\w+)"\)', "\n".join(cell.source for cell in lesson.cells))
        assert quizzes == [(path.stem[:2], "before"), (path.stem[:2], "after")]


def data_folder() -> str | None:
    beside = ROOT.parent / "shared" / "data"
    return os.environ.get("VAECOURSE_DATA_DIR") or (str(beside) if (beside / "MNIST").is_dir() else None)


needs_mnist = pytest.mark.skipif(
    data_folder() is None, reason="no MNIST: set VAECOURSE_DATA_DIR to the folder that holds MNIST/raw"
)


@needs_mnist
def test_claims_hold_on_mnist(path):
    run_lesson(path, environment={"VAECOURSE_DATA": "mnist", "VAECOURSE_DATA_DIR": data_folder()})


# The checks themselves: each finds what it is there for.


@pytest.fixture
def whole() -> nbformat.NotebookNode:
    """A lesson without problems."""
    new = nbformat.v4
    figure = new.new_output("display_data", {"image/png": "iVBO"}, metadata={"image/png": {"alt": "A line."}})
    printed = new.new_output("stream", name="stdout", text="1\n")
    cells = [
        new.new_markdown_cell("# 07 Lesson"),
        new.new_code_cell("import torch", execution_count=1),
        new.new_code_cell("print(1)", execution_count=2, outputs=[printed]),
        new.new_code_cell("show(figure, alt='A line.')", execution_count=3, outputs=[figure]),
        new.new_code_cell("def f():\n    print(1)", execution_count=4),
    ]
    return new.new_notebook(cells=cells)


def test_a_whole_lesson_has_no_problems(whole):
    assert problems(whole) == []


def error(name: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("error", ename=name, evalue="", traceback=[])


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda cells: cells[1].update(execution_count=None), "not run"),
        (lambda cells: cells[2].update(execution_count=5), "out of order"),
        (lambda cells: cells[2].update(outputs=[]), "not stored"),
        (lambda cells: cells[3].update(outputs=[]), "not stored"),
        (lambda cells: cells[2].update(source="1 + 1", outputs=[]), "not stored"),
        (lambda cells: cells[2].update(source="for i in [1]:\n    print(i)", outputs=[]), "not stored"),
        (lambda cells: cells[2].outputs.append(error("ValueError")), "stores an error: ValueError"),
        (lambda cells: cells[2].outputs[0].update(name="stderr"), "warning"),
        (lambda cells: cells[2].outputs[0].update(text="/home/someone/x"), "a path of the machine"),
        (lambda cells: cells[3].outputs[0].update(metadata={}), "without alt text"),
        (lambda cells: cells[3].outputs[0].metadata["image/png"].update(alt=" "), "without alt text"),
        (lambda cells: cells[1].update(source="\n".join(["import torch"] * 13)), "more than 12 lines"),
    ],
)
def test_each_problem_is_found(whole, damage, found):
    damaged = copy.deepcopy(whole)
    damage(damaged.cells)
    assert [problem for problem in problems(damaged) if found in problem]
