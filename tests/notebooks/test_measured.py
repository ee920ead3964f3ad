"""docs/measured.md says what each lesson measures and where: every number on that page is one that a cell prints."""

import re
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

from vaecourse.course import lessons

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "measured.md"
LESSONS = [path for path in lessons(ROOT / "notebooks") if path.stem[:2] != "00"]
FEWEST_ROWS = 5
ROW = re.compile(r"^\| (?P<what>.+) \| (?P<quotes>`.+`) \| \[(?P<section>.+)\]\((?P<link>\S+)\) \[(?P<cell>\d+)\] \|$")


class Row(NamedTuple):
    what: str
    quotes: list[str]
    section: str
    link: str
    cell: int


class Cell(NamedTuple):
    heading: str
    text: str


def rows_of(page: str) -> list[Row]:
    rows = [ROW.match(line) for line in page.splitlines() if line.startswith("| ") and "`" in line]
    assert all(rows), "a row that is not: what, `numbers`, [section](link) [cell]"
    return [
        Row(row["what"], re.findall(r"`([^`]+)`", row["quotes"]), row["section"], row["link"], int(row["cell"]))
        for row in rows
    ]


def words(text: str) -> str:
    """``text`` as the page quotes it: one space between words."""
    return " ".join(text.split())


def cells_of(path: Path) -> dict[int, Cell]:
    """The heading above each code cell, and what the cell has printed, by its execution count."""
    cells, heading = {}, ""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            heading = [heading, *re.findall(r"^#{2,3} (.+)$", cell.source, re.MULTILINE)][-1]
        elif cell.cell_type == "code":
            printed = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs]
            cells[cell.execution_count] = Cell(heading, words("\n".join(printed)))
    return cells


def problems(row: Row, cells: dict[int, Cell]) -> list[str]:
    """What is wrong with a row of the page."""
    if row.cell not in cells:
        return [f"there is no cell {row.cell}"]
    cell = cells[row.cell]
    found = [
        f"cell {row.cell} does not print {quote!r}"
        for quote in row.quotes
        if quote.replace(r"\|", "|") not in cell.text
    ]
    if row.section != re.sub(r" \(\d+ minutes?\)$", "", cell.heading):
        found.append(f"cell {row.cell} stands in {cell.heading!r}, not in {row.section!r}")
    if row.link.partition("#")[2] != cell.heading.replace(" ", "-"):
        found.append(f"the link leads to {row.link.partition('#')[2]!r}")
    if not any(re.search(r"\d|True", quote) for quote in row.quotes):
        found.append("no number")
    return found


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_number_on_the_page_is_printed_where_it_says(path):
    cells = cells_of(path)
    rows = [row for row in rows_of(PAGE.read_text(encoding="utf-8")) if path.name in row.link]
    assert len(rows) >= FEWEST_ROWS
    assert {row.what: found for row in rows if (found := problems(row, cells))} == {}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, None),
        ({"quotes": ["loss 13"]}, "does not print 'loss 13'"),
        ({"quotes": ["loss"]}, "no number"),
        ({"cell": 5}, "there is no cell 5"),
        ({"section": "Other"}, "stands in 'One (5 minutes)', not in 'Other'"),
        ({"link": "a.ipynb#Other"}, "the link leads to 'Other'"),
    ],
)
def test_what_is_wrong_with_a_row_is_found(changed, found):
    row = Row("a loss", ["loss 12"], "One", "a.ipynb#One-(5-minutes)", 4)._replace(**changed)
    problem = problems(row, {4: Cell("One (5 minutes)", "loss 12 nats")})
    assert [text for text in problem if found in text] if found else problem == []


def test_a_row_is_read():
    (row,) = rows_of("| A loss | `loss 12`; `a \\| b` | [One](../a.ipynb#One-(5-minutes)) [4] |")
    assert row == Row("A loss", ["loss 12", "a \\| b"], "One", "../a.ipynb#One-(5-minutes)", 4)
