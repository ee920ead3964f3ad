"""Exercises made from small solutions written on the spot; the real ones are in tests/notebooks/test_exercises.py."""

import copy
import json
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from nbgrader.nbgraderformat import ValidationError
from nbgrader.preprocessors import CheckCellMetadata, ClearSolutions
from traitlets.config import Config

from vaecourse import cli, course
from vaecourse.grading import release

ANSWER = '''def double(x: float) -> float:
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION'''

STUB = '''def double(x: float) -> float:
    """Twice x."""
    raise NotImplementedError'''


def nbgrader(name: str, **flags) -> dict:
    plain = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return {"nbgrader": plain | {"grade_id": name} | flags}


def answer(source: str = ANSWER, name: str = "double"):
    return nbformat.v4.new_code_cell(source, id=name, metadata=nbgrader(name, solution=True))


def text(source: str, name: str, **metadata):
    return nbformat.v4.new_markdown_cell(source, id=name, metadata=metadata)


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    """A solution with one task, as JupyterLab would store it after a run."""
    new = nbformat.v4
    double = answer()
    double.execution_count = 1
    double.metadata["execution"] = {"iopub.execute_input": "2026-01-01"}
    printed = new.new_output("stream", name="stdout", text="all right\n")
    metadata = nbgrader("double-check", grade=True, locked=True, points=3)
    check = new.new_code_cell(
        'check("07.double")', id="double-check", metadata=metadata, execution_count=2, outputs=[printed]
    )
    cells = [
        text("## Task 1: Twice\n\nŽ ≠ Z", "double-prompt", **nbgrader("double-prompt", locked=True)),
        double,
        check,
        text("<details>2 * x</details>", "double-one-way", tags=["solution-only"]),
    ]
    metadata = {
        "kernelspec": {"name": "mine", "display_name": "Mine"},
        "language_info": {"name": "python", "version": "3.13.1"},
        "widgets": {},
        "vaecourse": {"lesson": "07"},
    }
    return new.new_notebook(cells=cells, metadata=metadata)


@pytest.fixture
def folder(monkeypatch, tmp_path) -> Path:
    """A course's folder, and the current one."""
    for name in ("notebooks", "solutions"):
        (tmp_path / name).mkdir()
    (tmp_path / "notebooks" / course.FIRST_LESSON).write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def solution(folder, notebook) -> Path:
    path = folder / "solutions" / "07_a.ipynb"
    nbformat.write(notebook, path)
    return path


def run(*arguments):
    return CliRunner().invoke(cli.main, ["release", *arguments], prog_name="vaecourse")


def made(folder: Path) -> nbformat.NotebookNode:
    return nbformat.read(folder / "exercises" / "07_a.ipynb", as_version=4)


# -------------------------------------------------------------------------------------------------- one cell

STUBS = {
    "a function": (ANSWER, STUB),
    "code after the region": (ANSWER + "\n\n\nprint(1)", STUB + "\n\n\nprint(1)"),
    "a method, deeper": (
        "class A:\n    def f(self):\n        ### BEGIN SOLUTION\n        x = 1\n\n        if x:\n            x = 2\n"
        "        ### END SOLUTION\n        return x",
        "class A:\n    def f(self):\n        raise NotImplementedError\n        return x",
    ),
    "two regions": (
        "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n\n\n"
        "def g():\n    ### BEGIN SOLUTION\n    return 2\n    ### END SOLUTION",
        "def f():\n    raise NotImplementedError\n\n\ndef g():\n    raise NotImplementedError",
    ),
    "a blank cell": ("# Write f.\n\n### BEGIN SOLUTION\nf = 1\n\ng = 2\n### END SOLUTION", "# Write f."),
    "the margin, in the middle": ("a = 1\n### BEGIN SOLUTION\nb = 2\n### END SOLUTION\nc = 3", "a = 1\nc = 3"),
    "tabs": ("def f():\n\t### BEGIN SOLUTION\n\treturn 1\n\t### END SOLUTION", "def f():\n\traise NotImplementedError"),
}


@pytest.mark.parametrize(("source", "left"), STUBS.values(), ids=STUBS)
def test_regions_are_taken_out(source, left):
    assert release.stub(source, "here") == left


B, E = "    ### BEGIN SOLUTION\n", "    ### END SOLUTION\n"
BROKEN = {
    "no end": (f"def f():\n{B}    return 1", "line 2: '### BEGIN SOLUTION' without '### END SOLUTION'"),
    "no end before the next": (f"def f():\n{B}    a\n{B}    b\n{E}", "line 4: '### BEGIN SOLUTION' within the region"),
    "no begin": (f"def f():\n    return 1\n{E}", "line 3: '### END SOLUTION' without '### BEGIN SOLUTION'"),
    "two ends": (f"def f():\n{B}    return 1\n{E}{E}", "line 5: '### END SOLUTION' without"),
    "empty": (f"def f():\n{B}\n{E}", "line 2: the region is empty"),
    "an end at another indentation": (f"def f():\n{B}    return 1\n### END SOLUTION", "line 2: a line of the region"),
    "a line that leaves the region": (f"def f():\n{B}    return 1\n\nf()\n{E}", "line 2: a line of the region"),
    "too few signs": (f"def f():\n    ## BEGIN SOLUTION\n    return 1\n{E}", "line 2: a mark is '### BEGIN SOLUTION'"),
    "small letters": (f"def f():\n    ### begin solution\n    return 1\n{E}", "line 2: a mark is"),
    "an underscore": (f"def f():\n{B}    return 1\n    ### END_SOLUTION", "line 4: a mark is"),
    "behind code": ("a = 1  ### BEGIN SOLUTION\nb = 2\n### END SOLUTION", "line 1: a mark is"),
    "a class's own body": (f"class A:\n{B}    a = 1\n{E}", "line 2: 'raise NotImplementedError' would stop the cell"),
    "within an if": (f"if check():\n{B}    a = 1\n{E}", "line 2: 'raise NotImplementedError' would stop the cell"),
    "after a function": (
        f"def f():\n    pass\nif f():\n{B}    a = 1\n{E}",
        "line 4: 'raise NotImplementedError' would",
    ),
    "a body at the margin": ("def f():\n### BEGIN SOLUTION\n    return 1\n### END SOLUTION", "no Python any more"),
}


@pytest.mark.parametrize(("source", "said"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_released_is_named_with_notebook_cell_and_line(folder, notebook, source, said):
    notebook.cells[1].source = source
    path = folder / "solutions" / "07_a.ipynb"
    nbformat.write(notebook, path)
    with pytest.raises(release.ReleaseError) as caught:
        release.make(path)
    assert str(caught.value).startswith("solutions/07_a.ipynb, cell 2 (double), line ")
    assert said in str(caught.value)


# -------------------------------------------------------------------------------------------- a whole notebook


def test_an_exercise_keeps_all_but_solutions_and_outputs(folder, solution, notebook):
    result = run()
    assert result.exit_code == 0, result.output
    assert result.output == "exercises/07_a.ipynb  written\n"
    exercise = made(folder)
    nbformat.validate(exercise)
    assert [cell.id for cell in exercise.cells] == ["double-prompt", "double", "double-check"]
    prompt, double, check = exercise.cells
    for cell, before in zip(exercise.cells, notebook.cells, strict=False):
        assert cell.metadata.nbgrader == before.metadata.nbgrader
    assert prompt.source == "## Task 1: Twice\n\nŽ ≠ Z"
    assert double.source == STUB
    assert check.source == 'check("07.double")'
    assert [cell.outputs for cell in (double, check)] == [[], []]
    assert [cell.execution_count for cell in (double, check)] == [None, None]
    assert exercise.metadata.vaecourse == {"lesson": "07"}


def test_the_same_solution_gives_the_same_bytes_wherever_it_was_stored(folder, solution, notebook):
    """What JupyterLab and the machine leave in the solution does not reach the exercise."""
    run()
    path = folder / "exercises" / "07_a.ipynb"
    first = path.read_bytes()
    notebook.metadata.update(
        kernelspec={"name": "python3", "display_name": "Python 3"}, language_info={"name": "python"}
    )
    del notebook.metadata["widgets"]
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        cell.update({"outputs": [], "execution_count": None} if cell.cell_type == "code" else {})
    solution.write_text(json.dumps(notebook), encoding="utf-8")
    assert run("--check").exit_code == 0
    run()
    assert path.read_bytes() == first
    assert first.endswith(b"}\n")
    assert "Ž ≠ Z".encode() in first
    assert b"\r" not in first
    assert b"3.13.1" not in first


def damaged(kind: str, notebook) -> None:
    prompt, double, check, _ = notebook.cells
    if kind == "an answer without marks":
        double.source = STUB.replace("raise NotImplementedError", "return 2 * x")
    elif kind == "a solution in a check":
        check.source = "### BEGIN SOLUTION\ncheck()\n### END SOLUTION"
    elif kind == "a mark in a text":
        prompt.source += "\n### BEGIN SOLUTION\n2 * x\n### END SOLUTION"
    elif kind == "no answer at all":
        notebook.cells.remove(double)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("an answer without marks", ", cell 2 (double), line 1: an answer cell without '### BEGIN SOLUTION'"),
        ("a solution in a check", ", cell 3 (double-check), line 1: a solution belongs in a code cell whose nbgrader"),
        ("a mark in a text", ", cell 1 (double-prompt), line 4: a solution belongs in a code cell"),
        ("no answer at all", ": no cell has a solution to take out"),
    ],
)
def test_cells_that_would_give_something_away_stop_the_release(folder, notebook, kind, said):
    damaged(kind, notebook)
    nbformat.write(notebook, folder / "solutions" / "07_a.ipynb")
    result = run()
    assert result.exit_code == 1
    assert result.output.startswith("Error: solutions/07_a.ipynb" + said)
    assert not (folder / "exercises").exists()


NO_NOTEBOOKS = [
    "not JSON",
    "[]",
    "{}",
    '{"cells": [{}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    '{"cells": [{"cell_type": "raw", "id": "no id", "source": "", "metadata": {}}], "metadata": {}, "nbformat": 4, '
    '"nbformat_minor": 5}',
]


@pytest.mark.parametrize("content", NO_NOTEBOOKS)
def test_a_file_that_is_no_notebook_is_named(folder, content):
    (folder / "solutions" / "07_a.ipynb").write_text(content)
    result = run()
    assert result.exit_code == 1
    assert result.output.startswith("Error: solutions/07_a.ipynb: not a notebook")


# --------------------------------------------------------------------------------------------------- the command


def test_check_writes_nothing_and_names_what_differs(folder, solution):
    result = run("--check")
    assert result.exit_code == 1
    assert "exercises/07_a.ipynb is not what its solution gives" in result.output
    assert not (folder / "exercises").exists()

    run()
    assert run("--check").exit_code == 0
    path = folder / "exercises" / "07_a.ipynb"
    changed = path.read_bytes().replace(b"Twice", b"Thrice")
    path.write_bytes(changed)
    result = run("--check")
    assert result.exit_code == 1
    assert "exercises/07_a.ipynb is not" in result.output
    assert path.read_bytes() == changed


def test_an_exercise_whose_solution_is_gone_is_named(folder, solution):
    run()
    solution.rename(solution.with_name("08_b.ipynb"))
    result = run()
    assert result.exit_code == 1
    assert result.output == "exercises/08_b.ipynb  written\nError: exercises/07_a.ipynb has no solution: delete it\n"
    assert run("--check", "08").exit_code == 0
    assert run("--check").exit_code == 1


def test_names_choose_among_the_solutions(folder, solution):
    (folder / "solutions" / "08_b.ipynb").write_bytes(solution.read_bytes())
    for name in ("08", "08_b.ipynb", "solutions/08_b.ipynb", str(folder / "solutions" / "08_b.ipynb")):
        result = run(name)
        assert result.exit_code == 0, result.output
        assert [path.name for path in (folder / "exercises").iterdir()] == ["08_b.ipynb"]
    result = run("77")
    assert result.exit_code == 1
    assert "there is no solution called '77'; the solutions are: 07_a.ipynb, 08_b.ipynb" in result.output


def test_only_solutions_are_released(folder, solution):
    lesson = folder / "notebooks" / "07_a.ipynb"
    lesson.write_bytes(solution.read_bytes())
    result = run("notebooks/07_a.ipynb")
    assert result.exit_code == 1
    assert "from the notebooks in solutions/ only" in result.output
    assert not (folder / "exercises").exists()


def test_a_mistake_in_one_leaves_all_as_they_were(folder, solution, notebook):
    notebook.cells[1].source = "def f():\n    ### BEGIN SOLUTION"
    nbformat.write(notebook, folder / "solutions" / "08_b.ipynb")
    assert run().exit_code == 1
    assert not (folder / "exercises").exists()


def test_a_write_that_breaks_off_leaves_the_old_exercise(monkeypatch, folder, solution):
    run()
    path = folder / "exercises" / "07_a.ipynb"
    path.write_text("old")

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(course.os, "replace", full)
    assert isinstance(run().exception, OSError)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


# ------------------------------------------------------------------------- solutions and exercises as notebooks


def test_course_runs_and_stores_the_solutions_after_the_lessons_and_no_exercise(monkeypatch, folder, solution):
    run()
    ran = []
    monkeypatch.setattr(course, "run_lesson", lambda path, **options: ran.append((path, options["store"])) or 1.0)
    result = CliRunner().invoke(cli.main, ["course", "--store"])
    assert result.exit_code == 0, result.output
    assert ran == [(folder / "notebooks" / course.FIRST_LESSON, True), (solution, True)]
    assert [line.split()[0] for line in result.output.splitlines()] == [
        course.FIRST_LESSON,
        "solutions/07_a.ipynb",
        "total",
    ]


def test_lab_opens_an_exercise_by_its_path_from_anywhere_in_the_course(monkeypatch, folder, solution):
    run()
    started = []
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", started.append)
    for here in (folder, folder / "notebooks"):
        monkeypatch.chdir(here)
        result = CliRunner().invoke(cli.main, ["lab", "exercises/07_a.ipynb"])
        assert result.exit_code == 0, result.output
    assert started == [[str(folder / "exercises" / "07_a.ipynb"), f"--ServerApp.root_dir={folder}"]] * 2


# ------------------------------------------------------------------------------------------------------- nbgrader


def cleared_by_nbgrader(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """``notebook`` as nbgrader makes the students' version of it, with this course's placeholder."""
    config = Config({"ClearSolutions": {"code_stub": {"python": release.PLACEHOLDER}}})
    cleared, _ = ClearSolutions(config=config).preprocess(notebook, {})
    return cleared


def test_nbgrader_takes_out_the_same_lines(notebook):
    before = copy.deepcopy(notebook)
    ours = release.without_solutions(notebook, "07_a.ipynb")
    assert notebook == before
    theirs = cleared_by_nbgrader(notebook)
    sources = {cell.id: cell.source for cell in theirs.cells}
    assert [cell.source for cell in ours.cells] == [sources[cell.id] for cell in ours.cells]
    CheckCellMetadata().preprocess(ours, {})


def test_nbgraders_check_finds_damaged_metadata(notebook):
    notebook.cells[2].metadata.nbgrader.grade_id = "double"
    with pytest.raises(ValidationError):
        CheckCellMetadata().preprocess(notebook, {})
