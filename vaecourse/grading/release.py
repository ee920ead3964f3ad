"""Exercises from their solutions: ``solutions/NN_name.ipynb`` is written by hand, ``exercises/NN_name.ipynb`` is made.

What stands between two marks is the solution, and is taken out::

    def squared_error(x: Tensor, x_hat: Tensor) -> Tensor:
        \"\"\"Squared error, summed over pixels, averaged over pictures.\"\"\"
        ### BEGIN SOLUTION
        return ((x - x_hat) ** 2).flatten(1).sum(1).mean()
        ### END SOLUTION

Within a function ``raise NotImplementedError`` takes its place. A region at the left margin just goes: a comment
above it says what to write there. Cells tagged ``solution-only`` go as a whole.
"""

import ast
import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from vaecourse import course
from vaecourse.files import replace_file

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"  # nbgrader's marks
PLACEHOLDER = "raise NotImplementedError"
SOLUTION_ONLY = "solution-only"

# What a person, or nbgrader, would take for a mark. One that is mistyped must not let a solution through.
_LIKE_A_MARK = re.compile(r"\b(BEGIN|END)[ _-]*SOLUTION\b", re.IGNORECASE)
_BLOCKS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class ReleaseError(Exception):
    """A solution that cannot be released; the message names the notebook, the cell and the line."""


@dataclass(frozen=True)
class Exercise:
    """An exercise as its solution gives it.

    Args:
        path: where it belongs.
        content: the file's bytes; the same for the same solution, whether or not that has stored outputs.
    """

    path: Path
    content: bytes

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def current(self) -> bool:
        """Whether the file is there, byte for byte."""
        return self.path.is_file() and self.path.read_bytes() == self.content

    def write(self) -> None:
        """Replace the file in one step."""
        self.path.parent.mkdir(exist_ok=True)
        replace_file(self.path, self.content)


def make(solution: Path) -> Exercise:
    """The exercise of one solution; nothing is written.

    Raises:
        ReleaseError: the file is no solution, or it cannot be released without giving something away.
    """
    if solution.parent.name != "solutions":
        raise ReleaseError(f"{solution}: exercises are made from the notebooks in solutions/ only")
    name = f"solutions/{solution.name}"
    try:
        notebook = course.read_notebook(solution)
        nbformat.validate(notebook)
    except (ValueError, LookupError, TypeError, AttributeError, nbformat.ValidationError) as error:
        raise ReleaseError(f"{name}: not a notebook: {error}") from error
    made = without_solutions(notebook, name)
    return Exercise(solution.parents[1] / "exercises" / solution.name, course.notebook_bytes(made))


def without_source(folder: Path) -> list[str]:
    """The names of exercises in a course's folder that no solution stands behind any more."""
    solutions = {path.name for path in course.lessons(folder / "solutions")}
    return [f"exercises/{path.name}" for path in course.lessons(folder / "exercises") if path.name not in solutions]


def without_solutions(notebook: NotebookNode, name: str) -> NotebookNode:
    """A copy of a solution notebook as students get it: no solutions, no outputs; ids and metadata as they were.

    Args:
        notebook: the solution.
        name: of the notebook, for errors.

    Raises:
        ReleaseError: marks that do not pair up, a cell that would give its solution away, or no solution at all.
    """
    made = copy.deepcopy(notebook)
    cells, made.cells = made.cells, []
    for number, cell in enumerate(cells, start=1):
        if SOLUTION_ONLY not in cell.metadata.get("tags", ()):
            _clear(cell, f"{name}, cell {number} ({cell.id})")
            made.cells.append(cell)
    if not any(_is_answer(cell) for cell in made.cells):
        raise ReleaseError(f"{name}: no cell has a solution to take out, so nothing is left to do")
    course.normalise(made)
    return made


def stub(source: str, where: str) -> str:
    """The source of an answer cell without its solution.

    Args:
        source: of the cell.
        where: notebook and cell, for errors.

    Raises:
        ReleaseError: marks that do not pair up, or a region in a place where nothing can stand for it.
    """
    lines = source.splitlines()
    left: list[str] = []
    placeholders: dict[int, int] = {}  # line of the stub: line of the region's first mark
    done = 0
    for region in regions(source, where):
        left += lines[done : region.start]
        if indent := _indent(lines[region.start]):
            left.append(indent + PLACEHOLDER)
            placeholders[len(left)] = region.start + 1
        done = region.stop
    left += lines[done:]
    made = "\n".join(left).rstrip()
    _check_placeholders(made, placeholders, where)
    return made


def regions(source: str, where: str) -> Iterator[range]:
    """The solution's regions in a cell's source: the indices of their lines, those of both marks included.

    Raises:
        ReleaseError: marks that do not pair up or are mistyped, a region without a line, or one that a line leaves.
    """
    lines = source.splitlines()
    begin = None
    for index, line in enumerate(lines):
        mark, here = line.strip(), f"{where}, line {index + 1}"
        if mark == BEGIN and begin is None:
            begin = index
        elif mark == BEGIN:
            raise ReleaseError(f"{here}: {BEGIN!r} within the region that begins in line {begin + 1}")
        elif mark == END and begin is None:
            raise ReleaseError(f"{here}: {END!r} without {BEGIN!r} before it")
        elif mark == END:
            _check_region(lines[begin : index + 1], f"{where}, line {begin + 1}")
            yield range(begin, index + 1)
            begin = None
        elif _LIKE_A_MARK.search(line):
            raise ReleaseError(f"{here}: a mark is {BEGIN!r} or {END!r}, alone on its line, and this is {mark!r}")
    if begin is not None:
        raise ReleaseError(f"{where}, line {begin + 1}: {BEGIN!r} without {END!r} after it")


def _clear(cell: NotebookNode, where: str) -> None:
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    found = list(regions(cell.source, where))
    if found and not _is_answer(cell):
        said = "a solution belongs in a code cell whose nbgrader metadata say solution: true"
        raise ReleaseError(f"{where}, line {found[0].start + 1}: {said}")
    if _is_answer(cell) and not found:
        raise ReleaseError(f"{where}, line 1: an answer cell without {BEGIN!r}: all of it would be given away")
    if found:
        cell.source = stub(cell.source, where)


def _is_answer(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _check_region(lines: Sequence[str], where: str) -> None:
    """``lines`` with both marks."""
    indent = _indent(lines[0])
    within = [line for line in lines[1:-1] if line.strip()]
    if not within:
        raise ReleaseError(f"{where}: the region is empty")
    if _indent(lines[-1]) != indent or not all(line.startswith(indent) for line in within):
        raise ReleaseError(f"{where}: a line of the region, or its {END!r}, is indented less or more than {BEGIN!r}")


def _check_placeholders(source: str, placeholders: dict[int, int], where: str) -> None:
    """What is left must be Python, and must run: an untouched exercise gets to its end."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        said = f"without its solution the cell is no Python any more ({error.msg})"
        raise ReleaseError(f"{where}, line {error.lineno} of the exercise: {said}") from error
    blocks = [node for node in ast.walk(tree) if isinstance(node, _BLOCKS)]
    for line, mark in placeholders.items():
        around = [node for node in blocks if node.lineno <= line <= node.end_lineno]
        innermost = max(around, key=lambda node: node.lineno, default=None)
        if innermost is None or isinstance(innermost, ast.ClassDef):
            said = f"{PLACEHOLDER!r} would stop the cell here; a region stands in a function or at the left margin"
            raise ReleaseError(f"{where}, line {mark}: {said}")


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
