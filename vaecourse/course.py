"""The notebooks as a whole: find them, run them without a browser, store what they print and draw."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import ipykernel.kernelspec
import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from vaecourse.files import replace_file

FIRST_LESSON = "00_start_here.ipynb"
DEFAULT_DATA = "strokes"
CELL_TIMEOUT = 600  # seconds, for slow machines: a whole lesson is written to take less than 60
THREAD_LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

_KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_STUDENT_LINE = re.compile(r"Cell In\[(\d+)\], line (\d+)")


class LessonError(Exception):
    """A lesson did not run to its end; the message names the cell and the line where it stopped."""


def course_folder() -> Path:
    """The folder that holds ``notebooks/``: the current one, one of its parents, or the package's own.

    Raises:
        FileNotFoundError: when none of them holds the lessons.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).parents[1]):
        if (folder / "notebooks" / FIRST_LESSON).is_file():
            return folder
    raise FileNotFoundError(
        f"No lessons here: neither {here}, nor a folder above it, nor the place where vaecourse is installed "
        f"has notebooks/{FIRST_LESSON}. Go to the course's folder and try again."
    )


def lessons(folder: Path | str) -> list[Path]:
    """The notebooks of a folder, in the order in which they are read."""
    return sorted(Path(folder).glob("*.ipynb"))


def stored_notebooks(folder: Path) -> list[Path]:
    """The notebooks of a course's folder that are stored with their outputs: the lessons, and the solutions."""
    return lessons(folder / "notebooks") + lessons(folder / "solutions")


def find_lesson(name: str, folder: str = "notebooks", kind: str = "lesson") -> Path:
    """The notebook that ``name`` means.

    Args:
        name: a path, from here or from the course's folder; a file name in ``folder``; or its beginning (``"03"``).
        folder: within the course's folder.
        kind: what to call its notebooks in the error.

    Raises:
        FileNotFoundError: when there is no such notebook, or more than one.
    """
    if Path(name).is_file():
        return Path(name).resolve()
    top = course_folder()
    if (top / name).is_file():
        return top / name
    available = lessons(top / folder)
    matches = [path for path in available if path.name == name] or [
        path for path in available if path.name.startswith(name)
    ]
    if len(matches) == 1:
        return matches[0]
    problem = f"more than one {kind} begins with" if matches else f"there is no {kind} called"
    names = ", ".join(path.name for path in available)
    raise FileNotFoundError(f"{problem} {name!r}; the {kind}s are: {names}")


def notebook_environment(**overrides: str) -> dict[str, str]:
    """The environment variables of a kernel whose outputs are stored, or compared with stored ones.

    That is this process's environment, with what would change the outputs taken out of it.
    """
    environment = dict(os.environ)
    # A back end for scripts would keep the kernel from showing its figures.
    environment.pop("MPLBACKEND", None)
    # A bar shows how fast a machine is, which no stored notebook can know. tqdm's bar for notebooks does not
    # heed TQDM_DISABLE; a variable that begins with SPYDER makes tqdm.auto take the plain one, which does.
    environment |= {"TQDM_DISABLE": "1", "SPYDER_LIKE": "1"}
    environment |= {"VAECOURSE_DATA": DEFAULT_DATA, "VAECOURSE_FIGURES": "png"}
    # Two threads add numbers up in another order than one; after a training the difference can be seen.
    environment |= dict.fromkeys(THREAD_LIMITS, "1")
    return environment | overrides


def run_lesson(path: Path | str, store: bool = False, environment: Mapping[str, str] | None = None) -> float:
    """Run a notebook from top to bottom in a fresh kernel of this interpreter, as JupyterLab would.

    Args:
        path: the notebook.
        store: write the outputs into the notebook; without it the file stays as it is.
        environment: variables set for the kernel, on top of :func:`notebook_environment`.

    Returns:
        The seconds that it took, the start of the kernel included.

    Raises:
        LessonError: when a cell raises an exception, takes too long or takes the kernel down.
            The stored outputs are then left as they were.
    """
    path = Path(path)
    notebook = read_notebook(path)
    started: list[int] = []  # the n-th cell that starts is the one that JupyterLab shows as In [n]
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=_ThisInterpreter()),
        timeout=CELL_TIMEOUT,
        coalesce_streams=True,
        record_timing=False,
        on_cell_execute=lambda cell, cell_index: started.append(cell_index),
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    variables = notebook_environment(**(environment or {}))
    start = time.perf_counter()
    try:
        _execute(client, variables)
    except CellExecutionError as error:
        where = "\n".join(_student_lines(path.name, notebook, started, error.traceback))
        raise LessonError(f"{where}\n{error.ename}: {error.evalue}") from error
    except CellTimeoutError as error:
        said = f"not finished after {CELL_TIMEOUT} seconds"
        raise LessonError(f"{path.name}, cell {len(started)}: {said}") from error
    except DeadKernelError as error:
        said = "the kernel died (short of memory, perhaps)"
        raise LessonError(f"{path.name}, cell {len(started)}: {said}") from error
    seconds = time.perf_counter() - start
    if store:
        normalise(notebook)
        replace_file(path, notebook_bytes(notebook))
    return seconds


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Read a notebook and give every cell an id that is there, unique, and the same at every reading."""
    content = json.loads(path.read_text(encoding="utf-8"))
    taken: set[str] = set()
    for index, cell in enumerate(content["cells"]):
        if not cell.get("id") or cell["id"] in taken:
            source = "".join(cell["source"])
            cell["id"] = hashlib.sha256(f"{index} {source}".encode()).hexdigest()[:8]
        taken.add(cell["id"])
    content["nbformat_minor"] = max(5, content["nbformat_minor"])
    return nbformat.reads(json.dumps(content), as_version=4)


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Take out what differs from run to run, so that the same results give the same file."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = _KERNELSPEC
    notebook.metadata["language_info"] = _LANGUAGE
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            # A view without its widget's state shows an error message; without the view, its text is shown.
            output.get("data", {}).pop(_WIDGET_VIEW, None)
            for place in (output, output.get("data", {})):
                for kind in ("text", "text/plain"):
                    if kind in place:
                        place[kind] = _without_folders("".join(place[kind]))


def notebook_bytes(notebook: nbformat.NotebookNode) -> bytes:
    """The file's content: UTF-8, with one newline at the end, the same on every system."""
    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode()


def _execute(client: NotebookClient, variables: dict[str, str]) -> None:
    try:
        # What cells write to stderr comes another way; here the kernel would only talk of itself.
        client.execute(env=variables, stderr=subprocess.DEVNULL, cleanup_kc=True)
    except Exception:
        # On Ctrl-C nbclient stops the kernel, keeps a note of that, and then fails over the kernel's absence.
        if hasattr(client, "_async_cleanup_kernel_future"):
            raise KeyboardInterrupt from None
        raise


class _ThisInterpreter(KernelSpecManager):
    """Starts ``sys.executable``: an installed kernel called python3 may belong to another environment."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(resource_dir=ipykernel.kernelspec.RESOURCES, **ipykernel.kernelspec.get_kernel_dict())


def _student_lines(name: str, notebook: nbformat.NotebookNode, started: list[int], traceback: str) -> Iterator[str]:
    """The lines of the notebook's own cells that a traceback goes through, the innermost last."""
    found = _STUDENT_LINE.findall(_ANSI_COLOUR.sub("", traceback))
    if not found:
        yield f"{name}, cell {len(started)}"
    for cell, line in dict.fromkeys(found):  # a chain of exceptions goes through the same line more than once
        source = notebook.cells[started[int(cell) - 1]].source.splitlines()
        yield f"{name}, cell {cell}, line {line}: {source[int(line) - 1].strip()}"


def _without_folders(text: str) -> str:
    """``text`` with this environment's folder as ``.venv`` and the home folder as ``~``: readers have others."""
    return text.replace(sys.prefix, ".venv").replace(str(Path.home()), "~")
