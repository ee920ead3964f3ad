"""Is everything here that the course needs? ``vaecourse check`` prints the answer.

What may be missing or broken is imported only when it is looked at, so every other answer is still given.
"""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from textwrap import indent
from typing import Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

DISTRIBUTION = "vaecourse"
INSTALL = "in the course's folder: python -m pip install -r requirements.txt"
SAME_INDEX = (
    "install torch and torchvision from the same package index: python -m pip uninstall torch torchvision, "
    f"and then both of them in one command, or {INSTALL}"
)
WIDGET_EXTENSIONS = {"ipywidgets": "@jupyter-widgets/jupyterlab-manager", "anywidget": "anywidget"}


@dataclass(frozen=True)
class Check:
    """One finding. FAIL means that lessons will not run; WARN that they may not; NOTE and OK that they do."""

    name: str
    status: Literal["OK", "NOTE", "WARN", "FAIL"]
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.status:<4}  {self.name}: {self.detail}"
        return f"{line}\n{indent(self.remedy, ' ' * 6)}" if self.remedy else line


class Report(tuple[Check, ...]):
    """All findings; shown as text, a line each with its remedy below."""

    @property
    def ok(self) -> bool:
        return all(finding.status != "FAIL" for finding in self)

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    __repr__ = __str__


def check() -> Report:
    """Look at this Python, its packages, the machine, JupyterLab's widgets, the data and the cache folder."""
    return Report(finding for look in CHECKS for finding in _guarded(look))


def check_python() -> Iterator[Check]:
    version = platform.python_version()
    try:
        supported = SpecifierSet(metadata.metadata(DISTRIBUTION)["Requires-Python"])
    except metadata.PackageNotFoundError:
        yield Check("vaecourse", "FAIL", "not installed in this environment", INSTALL)
        return
    if supported.contains(version, prereleases=True):
        yield Check("Python", "OK", f"{version} ({sys.executable})")
    else:
        remedy = "make the environment with another Python, for example: python3.12 -m venv .venv"
        yield Check("Python", "FAIL", f"{version}, but the course needs {supported}", remedy)


def check_packages() -> Iterator[Check]:
    """Every run-time dependency of the package, in the version that it asks for."""
    try:
        requirements = [Requirement(line) for line in metadata.requires(DISTRIBUTION) or []]
    except metadata.PackageNotFoundError:
        return  # said by check_python
    for requirement in requirements:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield Check(requirement.name, "FAIL", "not installed", INSTALL)
            continue
        if requirement.specifier.contains(version, prereleases=True):
            yield Check(requirement.name, "OK", version)
        else:
            detail = f"{version}, but the course needs {requirement.specifier}"
            yield Check(requirement.name, "FAIL", detail, INSTALL)


def check_torch() -> Iterator[Check]:
    """That torch and torchvision are not only there but load, and fit each other."""
    # A broken build raises what it likes: OSError without a library, RuntimeError without an operator.
    try:
        torch = import_module("torch")
    except Exception as error:
        yield Check("import torch", "FAIL", _first_line(error), SAME_INDEX)
        return
    try:
        ops = import_module("torchvision.ops")
        ops.nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([1.0]), 0.5)
    except Exception as error:
        yield Check("import torchvision", "FAIL", _first_line(error), SAME_INDEX)
    else:
        yield Check("torch and torchvision", "OK", "load, and fit each other")

    # Not every system says how many of its cores this process may use.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Check("processor", "OK", f"{cores} cores, torch uses {torch.get_num_threads()} threads")
    if torch.cuda.is_available():
        yield Check("accelerator", "OK", f"CUDA: {torch.cuda.get_device_name()}")
    elif torch.backends.mps.is_available():
        yield Check("accelerator", "OK", "Apple GPU (MPS)")
    else:
        yield Check("accelerator", "OK", "none: the lessons need none")


def check_widgets() -> Iterator[Check]:
    """That JupyterLab will find the browser's half of the widgets."""
    from jupyter_core.paths import jupyter_path

    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    missing = [
        package
        for package, extension in WIDGET_EXTENSIONS.items()
        if not any((folder / extension / "package.json").is_file() for folder in folders)
    ]
    if missing:
        remedy = f"python -m pip install --force-reinstall jupyterlab_widgets {' '.join(missing)}"
        detail = f"JupyterLab lacks the extension of {' and of '.join(missing)}"
        yield Check("widgets", "FAIL", detail, remedy)
    else:
        yield Check("widgets", "OK", f"JupyterLab has the extensions of {' and '.join(WIDGET_EXTENSIONS)}")


def check_sandbox() -> Iterator[Check]:
    if not sys.platform.startswith("linux"):
        yield Check("bubblewrap", "NOTE", "only on Linux; instructors grade there, learners need none")
    elif path := shutil.which("bwrap"):
        yield Check("bubblewrap", "OK", path)
    else:
        remedy = "instructors who grade submissions: install your system's bubblewrap package"
        yield Check("bubblewrap", "NOTE", "not installed; learners need none", remedy)


def check_data() -> Iterator[Check]:
    """Which pictures the lessons will use, and whether those that are files can be read."""
    sources = import_module("vaecourse.data.sources")
    try:
        choice = sources.describe_choice()
    except ValueError as error:
        yield Check("data", "FAIL", str(error), "set VAECOURSE_DATA to one of these, or unset it")
        return
    detail = f"{choice.name} ({choice.decided_by}), {choice.files}"
    downloaded = {"mnist", "fashion_mnist"}
    try:
        if choice.name in downloaded:
            sources.load(choice.name, "test", n=1, download=False)
        elif choice.name == "folder":
            sources.load(choice.name, "test", n=1)
    except (sources.DataError, ValueError) as error:
        if choice.name in downloaded:
            remedy = f"Files that are missing are downloaded when a lesson first asks. Without a network:\n{error}"
            yield Check("data", "WARN", detail, remedy)
        else:
            yield Check("data", "FAIL", detail, str(error))
    else:
        yield Check("data", "OK", detail)


def check_cache() -> Iterator[Check]:
    folder = import_module("vaecourse.data.cache").cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        remedy = "pictures are drawn anew each time; VAECOURSE_CACHE_DIR can name another folder"
        yield Check("cache folder", "WARN", f"{folder}: {error.strerror}", remedy)
    else:
        yield Check("cache folder", "OK", str(folder))


CHECKS: tuple[Callable[[], Iterator[Check]], ...] = (
    check_python,
    check_packages,
    check_torch,
    check_widgets,
    check_sandbox,
    check_data,
    check_cache,
)


def _guarded(look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """A look that fails itself is a finding, not the end of the others."""
    try:
        yield from look()
    except Exception as error:
        name = look.__name__.removeprefix("check_")
        yield Check(name, "FAIL", f"not checked: {_first_line(error)}", "mend the failures above first")


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip() or '(no message)'}".splitlines()[0]
