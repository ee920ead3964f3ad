"""What an entry is, and how most of them are made: a small notebook, one of whose answers is an attack."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

SOLUTION = Path(__file__).parents[3] / "solutions" / "01_autoencoder.ipynb"
EXERCISE = Path(__file__).parents[3] / "exercises" / "01_autoencoder.ipynb"
CHEAP = {
    "squared_error": 2,
    "pca_reconstruct": 3,
    "TinyAutoencoder": 4,
    "train_step": 3,
    "interpolate": 2,
    "share_recognised": 2,
}
"""The tasks of lesson 01 that are judged in a moment, and their points."""
NEIGHBOUR = "share_recognised"
"""An attacked notebook has this right answer too: its points show what the attack did to the other tasks."""
MARK = "vaecourse-hostile"
"""In the name of every file that an attack tries to leave behind."""
IMPORTS = "import torch\nfrom torch import Tensor, nn\n"


@dataclass(frozen=True)
class Entry:
    """A submission and its fair result.

    Args:
        name: what it does, in a few words.
        put: ``put(folder, stem)`` makes it and returns the name of its student, who is usually called ``stem``.
        points: for each task that has any; a tuple where more than one result is fair.
        status: of the submission; () for any.
        tasks: statuses of tasks, likewise.
        unseen: what must not stand in the feedback page.
    """

    name: str
    put: Callable[[Path, str], str]
    points: Mapping[str, int | tuple[int, ...]]
    status: tuple[str, ...] = ()
    tasks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()


@cache
def solution() -> dict[str, Any]:
    return json.loads(SOLUTION.read_text(encoding="utf-8"))


def answer(name: str) -> str:
    """The cell of the solution with this id: the right answer to a task."""
    return next("".join(cell["source"]) for cell in solution()["cells"] if cell["id"] == name)


def code(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source, **more}


def notebook(*cells: Any, **more: Any) -> dict[str, Any]:
    """A notebook; a cell is a code cell's source, or the cell itself."""
    made = [cell if isinstance(cell, dict) else code(cell, id=f"cell-{n}") for n, cell in enumerate(cells)]
    return {"cells": made, "metadata": {"vaecourse": {"lesson": "01"}}, "nbformat": 4, "nbformat_minor": 5, **more}


def as_file(content: Any, suffix: str = ".ipynb") -> Callable[[Path, str], str]:
    """Puts a notebook, or bytes, or what a function without arguments makes of either, into the folder."""

    def put(folder: Path, stem: str) -> str:
        made = content() if callable(content) else content
        data = made if isinstance(made, bytes) else json.dumps(made).encode()
        (folder / f"{stem}{suffix}").write_bytes(data)
        return stem

    return put


def attack(
    name: str,
    *cells: str,
    gets: int | tuple[int, ...] = 0,
    ends: Sequence[str] = (),
    task: str = "squared_error",
    unseen: Iterable[str] = (),
) -> Entry:
    """A notebook in which ``cells`` answer ``task``, before a right answer to another one.

    Args:
        name: of the entry.
        cells: their sources.
        gets: fair points for ``task``.
        ends: its fair statuses; none for any.
        task: what is attacked.
        unseen: what must not stand in the feedback page.
    """
    points = {task: gets, NEIGHBOUR: CHEAP[NEIGHBOUR]}
    made = notebook(IMPORTS, *cells, answer(NEIGHBOUR))
    return Entry(name, as_file(made), points, tasks={task: tuple(ends)} if ends else {}, unseen=tuple(unseen))


def walled(name: str, source: str) -> Entry:
    """An attack in a function ``attempt()``, which returns what it got hold of, in a list.

    The answer is right if that is nothing, so the walls held if it gets its points.
    """
    return attack(
        name,
        source,
        "def squared_error(x, x_hat):\n"
        "    caught = attempt()\n"
        "    if caught:\n"
        "        raise RuntimeError(str(caught))\n"
        "    return ((x - x_hat) ** 2).flatten(1).sum(1).mean()\n",
        gets=CHEAP["squared_error"],
        ends=("graded",),
    )
