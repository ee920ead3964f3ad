"""What pytest needs beside the settings in pyproject.toml, for the tests and for notebooks under nbval."""

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from vaecourse.course import THREAD_LIMITS, notebook_environment


def pytest_configure(config: pytest.Config) -> None:
    """Set up the process before any test module, and with it torch or matplotlib, is imported."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Workers that each take all cores only wait for one another; the kernels they start inherit this.
        os.environ.update(dict.fromkeys(THREAD_LIMITS, "1"))
    os.environ.setdefault("MPLBACKEND", "agg")  # no windows; kernels do not inherit it
    if config.option.nbval_sanitize_with:
        # nbval would look for it in the current folder, which need not be this one.
        config.option.nbval_sanitize_with = str(config.rootpath / config.option.nbval_sanitize_with)


LONGEST_FIRST = (
    "tests/grading/test_bank_walled.py",
    "tests/browser/test_lessons_in_lab.py",
    "tests/grading/test_bank.py",
    "tests/browser/test_exercises_in_lab.py",
    "notebooks/",
    "tests/notebooks/test_exercises.py",
    "solutions/",
)
"""Files that take minutes. Begun last, the longest would keep one worker busy while the others have nothing left."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A worker takes a whole file at a time (--dist=loadfile), in this order: longest first, the others after them."""

    def place(item: pytest.Item) -> int:
        return next((n for n, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start)), len(LONGEST_FIRST))

    items.sort(key=place)


@pytest.fixture(scope="session")
def mnist(pytestconfig: pytest.Config) -> dict[str, str] | None:
    """The variables that switch a notebook to MNIST; None where its files are not."""
    beside = pytestconfig.rootpath.parent / "shared" / "data"
    folder = os.environ.get("VAECOURSE_DATA_DIR") or (beside if (beside / "MNIST").is_dir() else None)
    return folder and {"VAECOURSE_DATA": "mnist", "VAECOURSE_DATA_DIR": str(folder)}


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Warnings name files of this machine and versions of its packages: they are not compared."""
    if isinstance(collector, IPyNbFile):
        collector.skip_compare += ("stderr",)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Start a notebook's kernel in the environment in which its outputs were stored."""
    if not isinstance(item, IPyNbCell):
        return (yield)
    with patch.dict(os.environ, notebook_environment(), clear=True):
        return (yield)
