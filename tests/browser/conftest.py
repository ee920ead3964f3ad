"""A real JupyterLab and a real Chromium for the browser tests.

Without Chromium the tests skip; in CI, a missing browser is a failure. ``VAECOURSE_CHROMIUM`` names another one.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

pytest.register_assert_rewrite("notebook_page")

from notebook_page import NotebookPage  # noqa: E402 (its assertions tell what they saw)

ROOT = Path(__file__).parents[2]
ARTEFACTS = ROOT / "test-artefacts"
"""Screenshots of pages whose test failed."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
START = 120  # seconds that JupyterLab may take to answer, on a busy machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """Keep a picture of what a failed test saw."""
    report = yield
    if report.failed:
        for page in _pages(item):
            ARTEFACTS.mkdir(exist_ok=True)
            place = ARTEFACTS / (re.sub(r"\W+", "-", item.name).strip("-") + ".png")
            page.screenshot(path=place)
            report.sections.append(("screenshot", str(place)))
    return report


def _pages(item: pytest.Item) -> Iterator[Page]:
    for value in getattr(item, "funcargs", {}).values():
        page = getattr(value, "page", value)
        if isinstance(page, Page) and not page.is_closed():
            yield page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    named = os.environ.get("VAECOURSE_CHROMIUM")
    program = named or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        message = "no Chromium: install it (Debian: apt install chromium), or name it in VAECOURSE_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        # Its sandbox cannot be set up in most containers; it opens pages of ours only.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab on a copy of the course."""

    folder: Path
    port: int
    token: str

    def address(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}/{path}"


@pytest.fixture(scope="session")
def start_lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[Lab]]:
    """JupyterLab as ``vaecourse lab`` starts it, on a copy of the notebooks, with settings of its own.

    Keywords are environment variables. Without a browser, whoever asks for this skips.
    """

    @contextmanager
    def start(**variables: str) -> Iterator[Lab]:
        folder, home = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("jupyter")
        for name in ("notebooks", "exercises"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
        port = _free_port()
        log = home / "log.txt"
        with log.open("w") as file:
            server = subprocess.Popen(
                _command(port), cwd=folder, env=_environment(home) | variables, stdout=file, stderr=subprocess.STDOUT
            )
        try:
            yield Lab(folder, port, _token(server, log, port))
        finally:
            server.terminate()
            server.wait(30)

    return start


@pytest.fixture(scope="session")
def lab(start_lab) -> Iterator[Lab]:
    with start_lab() as lab:
        yield lab


def _command(port: int) -> list[str]:
    # The application is open to scripts, so that a test can ask it what a cell did.
    options = ["--no-browser", f"--port={port}", "--port-retries=0", "--LabApp.expose_app_in_browser=True"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    return [sys.executable, "-m", "vaecourse", "lab", "--", *options]


def _environment(home: Path) -> dict[str, str]:
    """With JupyterLab's folders in ``home``."""
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    environment = os.environ | {place: str(home / place) for place in places}
    environment |= {"VAECOURSE_DATA": "strokes", "JUPYTERLAB_SETTINGS_DIR": str(home / "settings")}
    environment.pop("MPLBACKEND", None)
    # Its question about news lies over the notebook until it is answered.
    question = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    question.parent.mkdir(parents=True)
    question.write_text('{"fetchNews": "false"}')
    return environment


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _token(server: subprocess.Popen, log: Path, port: int) -> str:
    """The token that JupyterLab prints, once it answers."""
    end = time.monotonic() + START
    while time.monotonic() < end and server.poll() is None:
        time.sleep(0.2)
        token = re.search(r"\?token=(\w+)", log.read_text())
        if token:
            with suppress(URLError), urlopen(f"http://127.0.0.1:{port}/api?token={token[1]}", timeout=START):
                return token[1]
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


class Opener:
    """Opens notebooks, each in a page of its own, and closes them when the test is over."""

    def __init__(self, browser: Browser, lab: Lab):
        self._browser, self._lab, self._open = browser, lab, []

    def __call__(self, path: str) -> NotebookPage:
        self._open.append(NotebookPage(self._browser, self._lab, path))
        return self._open[-1]

    def write(self, name: str, **cells: str) -> NotebookPage:
        """Open a notebook written on the spot: the source of each code cell by the cell's id."""
        new = nbformat.v4
        notebook = new.new_notebook(cells=[new.new_code_cell(source, id=name) for name, source in cells.items()])
        notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
        nbformat.write(notebook, self._lab.folder / f"{name}.ipynb")
        return self(f"{name}.ipynb")

    @property
    def page(self) -> Page | None:
        """The page opened last; None if the opening itself has failed."""
        return self._open[-1].page if self._open else None

    def close(self) -> None:
        for notebook in self._open:
            notebook.close()


@pytest.fixture
def opened(browser: Browser, lab: Lab) -> Iterator[Opener]:
    opener = Opener(browser, lab)
    yield opener
    opener.close()
