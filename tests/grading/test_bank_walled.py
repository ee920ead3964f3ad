"""The same bank once more, as a class: every entry is a notebook that is handed in and graded behind the walls."""

import pytest
from test_bank import ENTRIES, FULL, STUB, Entry, imports

from vaecourse.grading.grade import grade
from vaecourse.grading.tasks import find_task

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def marks(tmp_path_factory, needs_walls, notebook) -> dict[Entry, dict]:
    """The record of its task for each entry, all of them graded in one go."""
    folder = tmp_path_factory.mktemp("bank")
    (folder / "class").mkdir()
    entries = {f"{number:03}": param.values[0] for number, param in enumerate(ENTRIES)}
    for name, entry in entries.items():
        lesson = entry.task.partition(".")[0]
        content = notebook(imports(lesson), entry.source, vaecourse={"lesson": lesson})
        (folder / "class" / f"{name}.ipynb").write_bytes(content)
    report = grade(folder / "class", folder / "results", seed="of the bank", jobs=2)
    assert len(report.records) == len(entries)
    found = {}
    for record in report.records:
        entry = entries[record["student"]]
        (found[entry],) = (task for task in record["tasks"] if task["id"] == entry.task)
    return found


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_class_gets_what_the_notebook_says(entry, marks):
    task = marks[entry]
    failed = [criterion["mistake"] for criterion in task["criteria"] if criterion["mistake"] is not None]
    if entry.expected == FULL:
        assert (task["status"], failed, task["points"]) == ("graded", [], find_task(entry.task).points)
    elif entry.expected == STUB:
        # A cell that was left blank defines nothing, and who knows whether it was deleted.
        assert (task["status"] in (STUB, "missing"), task["points"]) == (True, 0)
    else:
        assert entry.expected in failed
        assert task["status"] == "graded"
