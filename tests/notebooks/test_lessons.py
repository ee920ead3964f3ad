"""The stored lessons are whole: run from top to bottom, with every output kept, and readable without running.

nbval compares only cells that have an execution count, so a cell stored without one would pass unseen; and it does
not compare figures at all. What it cannot see is checked here.
"""

import ast
import copy
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from vaecourse.course import lessons

ROOT = Path(__file__).parents[2]
NOTEBOOKS = lessons(ROOT / "notebooks")
LONGEST_CELL = 12  # lines
LARGEST_FILE = 1_500_000  # bytes
WITHOUT_TIME = {"The map", "Exercises", "Try it yourself", "Go deeper"}  # they take as long as you like
MARKS = set("*`$[_")  # a table of contents shows them as they are
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


# Sections, times and links: what a reader finds the way with, in JupyterLab and on the exported pages.


def headings(notebook: nbformat.NotebookNode) -> list[tuple[int, str]]:
    """The level and the text of each heading, as JupyterLab's table of contents lists them."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [(len(marks), title) for marks, title in re.findall(r"^(#+) +(.+?) *$", without_code, re.MULTILINE)]


def heading_problems(notebook: nbformat.NotebookNode) -> list[str]:
    found = headings(notebook)
    levels, titles = [level for level, _ in found], [title for _, title in found]
    problems = [f"{title}: said twice" for title in set(titles) if titles.count(title) > 1]
    problems += [
        f"{title}: has marks, which a table of contents shows as they are" for title in titles if MARKS & set(title)
    ]
    problems += [f"{title}: skips a level" for (before, _), (level, title) in pairwise(found) if level > before + 1]
    if levels.count(1) != 1 or levels[0] != 1:
        problems.append("the title is the first heading, and the only one with one #")
    return problems


def time_problems(notebook: nbformat.NotebookNode) -> list[str]:
    """What is wrong with the minutes in the headings and with their total below the title."""
    sections = [title for level, title in headings(notebook) if level == 2]
    minutes = {title: re.search(r" \((\d+) minutes?\)$", title) for title in sections}
    problems = [f"{title}: says no time" for title, found in minutes.items() if not found and title not in WITHOUT_TIME]
    total = sum(int(found[1]) for found in minutes.values() if found)
    first = next(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    said = re.search(r"^\*Time: about (\d+) minutes", first, re.MULTILINE)
    if not said or int(said[1]) != total:
        problems.append(f"the sections take {total} minutes, the lesson says {said and said[1]}")
    return problems


def title_of(path: Path) -> str:
    return headings(nbformat.read(path, as_version=4))[0][1]


def steps(path: Path, notebooks: list[Path]) -> str:
    """The line of links to a lesson's neighbours."""
    place = notebooks.index(path)
    links = [f"[Previous: {title_of(before)}]({before.name})" for before in notebooks[max(place - 1, 0) : place]]
    links += ["[Contents](00_start_here.ipynb#The-map)"] if place else []
    links += [f"[Next: {title_of(after)}]({after.name})" for after in notebooks[place + 1 : place + 2]]
    return " · ".join(links)


def test_headings_make_a_table_of_contents(lesson):
    assert heading_problems(lesson) == []


def test_each_section_says_its_time_and_the_sum_is_the_lessons(lesson):
    assert time_problems(lesson) == []


def test_the_maps_say_the_lessons_times(path, lesson):
    said = re.search(r"^\*Time: about (\d+) minutes", lesson.cells[0].source, re.MULTILINE)[1]
    start = "\n".join(cell.source for cell in nbformat.read(NOTEBOOKS[0], as_version=4).cells)
    for text in (start, (ROOT / "README.md").read_text(encoding="utf-8")):
        (row,) = re.findall(rf"^\|.*{re.escape(title_of(path))}.*\|$", text, re.MULTILINE)
        assert said in [cell.strip() for cell in row.split("|")], row


def test_lessons_lead_to_their_neighbours_at_the_top_and_at_the_bottom(path, lesson):
    line = steps(path, NOTEBOOKS)
    markdown = [cell.source.splitlines() for cell in lesson.cells if cell.cell_type == "markdown"]
    assert markdown[0][:3] == [f"# {title_of(path)}", "", line]
    assert markdown[-1][-2:] == ["", line]
    assert lesson.cells[-1].cell_type == "markdown"
    assert sum(source.count(line) for source in map("\n".join, markdown)) == 2


def test_the_map_is_where_the_links_to_it_lead():
    assert (2, "The map") in headings(nbformat.read(NOTEBOOKS[0], as_version=4))


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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# 07 A\n\n## One\n\n### Two\n\n## Three", None),
        ("# 07 A\n\n```\n# a comment\n```\n\n## One", None),
        ("# 07 A\n\n### One", "skips a level"),
        ("# 07 A\n\n## One\n\n## One", "said twice"),
        ("# 07 A\n\n# One", "only one"),
        ("## One\n\n# 07 A", "first heading"),
        ("# 07 A\n\n## One `x`", "has marks"),
    ],
)
def test_problems_with_headings_are_found(text, found):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    problems = heading_problems(notebook)
    assert [problem for problem in problems if found in problem] if found else problems == []


@pytest.mark.parametrize(
    ("said", "sections", "found"),
    [
        (6, ["One (5 minutes)", "Two (1 minute)", "Go deeper"], None),
        (7, ["One (5 minutes)", "Two (1 minute)"], "take 6 minutes, the lesson says 7"),
        (5, ["One (5 minutes)", "Two"], "Two: says no time"),
    ],
)
def test_problems_with_times_are_found(said, sections, found):
    text = "\n\n".join([f"# 07 A\n\n*Time: about {said} minutes.*", *(f"## {section}" for section in sections)])
    problems = time_problems(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)]))
    assert [problem for problem in problems if found in problem] if found else problems == []


def test_the_line_of_links_names_both_neighbours(tmp_path):
    chain = [tmp_path / f"0{n}.ipynb" for n in range(3)]
    for path in chain:
        cells = [nbformat.v4.new_markdown_cell(f"# {path.stem} Title")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    contents = "[Contents](00_start_here.ipynb#The-map)"
    assert [steps(path, chain) for path in chain] == [
        "[Next: 01 Title](01.ipynb)",
        f"[Previous: 00 Title](00.ipynb) · {contents} · [Next: 02 Title](02.ipynb)",
        f"[Previous: 01 Title](01.ipynb) · {contents}",
    ]
