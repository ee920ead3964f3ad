"""What ``check`` and ``summary`` show, as text and as HTML that say the same.

The HTML is lists and tables that read well without their styles: JupyterLab drops some of these from a notebook that
it does not trust. Verdicts are words, and colours only repeat them; both come from the reader's light or dark theme.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vaecourse.grading.task import Task, TaskResult

MOST_PRINTED_LINES = 10

_GOOD = "var(--jp-success-color1, #2e7d32)"
_WRONG = "var(--jp-warn-color1, #b26a00)"
_OPEN = "var(--jp-border-color1, #8a8a8a)"
_CELL = "text-align: left; vertical-align: top"

_COLUMNS = ("Task", "Points", "What is left")
_CLOSING = (
    "These points are a forecast: your instructor grades the same criteria with other inputs.",
    "To hand in: choose Kernel > Restart Kernel and Run All Cells, save the notebook, and hand in this one file.",
)

Results = Sequence[tuple[Task, TaskResult | None]]
"""A lesson's tasks in their order, each with its last result, or None if it was not checked yet."""


def points(result: TaskResult) -> str:
    """Such as "1 of 2 points"."""
    return _of(result.points, result.task.points)


# A check ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Item:
    """A criterion as it is shown."""

    colour: str
    verdict: str
    text: str
    hints: tuple[str, ...] = ()


def check_text(result: TaskResult, printed: str = "") -> str:
    """The criteria of a task, passed or not, and what to think about.

    Args:
        result: the judgement.
        printed: what the student's code printed meanwhile.
    """
    lines = [f"{result.task.title} ({result.task.id}): {_total(result)}"]
    for item in _items(result):
        lines += [f"- {item.verdict}: {item.text}", *(f"    {hint}" for hint in item.hints)]
    if shown := _printed_lines(result, printed):
        lines += ["Your code printed:", *(f"    {line}" for line in shown)]
    return "\n".join(lines)


def check_html(result: TaskResult, printed: str = "") -> str:
    """The same as :func:`check_text`."""
    title = f"<strong>{_marked(result.task.title)}</strong> (<code>{html.escape(result.task.id)}</code>)"
    lines = [
        '<div class="vaecourse-check" style="max-width: 46em">',
        f"<p>{title}: {_total(result)}</p>",
        '<ul style="list-style: none; margin: 0; padding: 0">',
        *map(_list_item, _items(result)),
        "</ul>",
    ]
    if shown := _printed_lines(result, printed):
        lines += ["<p>Your code printed:</p>", "<pre><code>" + html.escape("\n".join(shown)) + "</code></pre>"]
    return "\n".join([*lines, "</div>"])


def _total(result: TaskResult) -> str:
    if result.status == "not started":
        return f"not started yet, {points(result)}"
    return points(result)


def _items(result: TaskResult) -> Iterator[_Item]:
    """The criteria; a hint that holds for several is given once."""
    given: set[tuple[str, str]] = set()
    for criterion in result.criteria:
        hint = (criterion.idea, criterion.measured)
        if criterion.passed:
            yield _Item(_GOOD, f"passed, {_counted(criterion.max_points)}", criterion.text)
        elif result.status == "not started":
            yield _Item(_OPEN, f"to do, {_counted(criterion.max_points)}", criterion.text)
        else:
            hints = ("For the same reason.",) if hint in given else tuple(_lines(*hint))
            yield _Item(_WRONG, f"not yet, {_of(criterion.points, criterion.max_points)}", criterion.text, hints)
            given.add(hint)


def _lines(*texts: str) -> Iterator[str]:
    for text in texts:
        yield from (line.rstrip() for line in text.splitlines() if line.strip())


def _printed_lines(result: TaskResult, printed: str) -> list[str]:
    """What a student printed to find a mistake, cut short; at full marks there is none left to find."""
    lines = printed.splitlines() if result.points < result.task.points else []
    return [*lines[:MOST_PRINTED_LINES], "..."] if len(lines) > MOST_PRINTED_LINES else lines


def _list_item(item: _Item) -> str:
    style = f"margin: 0.5em 0; padding-left: 0.7em; border-left: 4px solid {item.colour}"
    lines = [f"<strong>{item.verdict}:</strong> {_marked(item.text)}", *map(_marked, item.hints)]
    return f'<li style="{style}">{"<br>".join(lines)}</li>'


# A summary --------------------------------------------------------------------------------------------------


def summary_text(lesson: str, results: Results) -> str:
    """A lesson's tasks, points so far, what is left, and how to hand in."""
    table = [_COLUMNS, *_rows(results)]
    widths = [max(len(row[column]) for row in table) for column in range(2)]
    lines = [f"{name:{widths[0]}}  {reached:{widths[1]}}  {left}".rstrip() for name, reached, left in table]
    return "\n".join([_caption(lesson), "", *lines, "", *_CLOSING])


def summary_html(lesson: str, results: Results) -> str:
    """The same as :func:`summary_text`."""
    *body, total = (_table_row(*row) for row in _rows(results))
    head = "".join(f'<th scope="col" style="{_CELL}">{column}</th>' for column in _COLUMNS)
    return "\n".join(
        [
            '<div class="vaecourse-summary" style="max-width: 46em">',
            f"<p><strong>{html.escape(_caption(lesson))}</strong></p>",
            '<table style="margin-left: 0">',
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *body,
            "</tbody>",
            f"<tfoot>{total}</tfoot>",
            "</table>",
            *(f"<p>{html.escape(line)}</p>" for line in _CLOSING),
            "</div>",
        ]
    )


def _caption(lesson: str) -> str:
    return f"Exercise {lesson}: your points so far"


def _rows(results: Results) -> list[tuple[str, str, str]]:
    """Name, points and what is left of each task, and of all together."""
    rows = [
        (f"{number}. {task.title}", f"{result.points if result else 0} of {task.points}", _left(result))
        for number, (task, result) in enumerate(results, 1)
    ]
    reached = sum(result.points for _, result in results if result)
    return [*rows, ("Total", f"{reached} of {sum(task.points for task, _ in results)}", "")]


def _left(result: TaskResult | None) -> str:
    if result is None:
        return "not checked yet"
    if result.status == "not started":
        return "not started yet"
    return next((criterion.text for criterion in result.criteria if not criterion.passed), "done")


def _table_row(name: str, reached: str, left: str) -> str:
    cells = "".join(f'<td style="{_CELL}">{text}</td>' for text in (reached, _marked(left)))
    return f'<tr><th scope="row" style="{_CELL}">{_marked(name)}</th>{cells}</tr>'


# Words ------------------------------------------------------------------------------------------------------


def _of(reached: int, total: int) -> str:
    return f"{reached} of {_counted(total)}"


def _counted(number: int) -> str:
    return f"{number} point{'s' * (number != 1)}"


def _marked(text: str) -> str:
    """The text as HTML, with code between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
