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
