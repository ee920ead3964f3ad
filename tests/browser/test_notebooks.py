"""Every lesson and every exercise, from top to bottom, in JupyterLab: what a learner sees after Run All."""

import socket
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from notebook_page import BROKEN, THEMES, UNFINISHED, NotebookPage

from vaecourse.course import lessons
from vaecourse.live import WIDGET_VIEW

ROOT = Path(__file__).parents[2]
NOTEBOOKS = [f"{folder}/{path.name}" for folder in ("notebooks", "exercises") for path in lessons(ROOT / folder)]


def test_jupyterlab_wants_its_token(lab):
    with pytest.raises(HTTPError, match="403"):
        urlopen(lab.address("api/contents"))


def test_jupyterlab_listens_on_this_machine_only(lab):
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), lab.port, type=socket.SOCK_STREAM)}
    for address in {"127.0.0.2", *addresses} - {"127.0.0.1", "::1"}:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
            assert client.connect_ex((address, lab.port)) != 0, address


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_runs_from_top_to_bottom(opened, path):
    notebook = opened(path)
    notebook.run_all()
    outputs = notebook.outputs()
    errors = [out["evalue"] for cell in outputs.values() for out in cell if out["output_type"] == "error"]
    assert errors == []
    data = {name: [kinds for out in cell if (kinds := out.get("data"))] for name, cell in outputs.items()}
    for name, shown in data.items():
        # A progress bar is a widget, too, and hides when it is done.
        live = any("vaecourse-still" in "".join(kinds.get("text/html", "")) for kinds in shown)
        assert problems(notebook, name, live) == [], name
    rich = [name for name, shown in data.items() if any({"text/html", WIDGET_VIEW} & kinds.keys() for kinds in shown)]
    for theme in THEMES:
        notebook.theme(theme)
        for name in rich:
            notebook.cell(name)
            assert notebook.accessibility_problems() == [], f"{name}, {theme}"


def problems(notebook: NotebookPage, name: str, live: bool) -> list[str]:
    """What is wrong with the outputs of a cell as they are seen."""
    cell = notebook.cell(name)
    if live:
        cell.locator(".vaecourse-live").wait_for()
    text = cell.inner_text()
    found = [sign for sign in (BROKEN, UNFINISHED) if sign in text]
    for image in cell.locator(".jp-OutputArea-output img").all():
        if image.evaluate("image => !image.complete || image.naturalWidth === 0"):
            found.append("a picture that does not show")
        if image.get_attribute("role") != "presentation" and not (image.get_attribute("alt") or "").strip():
            found.append("a picture without alt text")
    return found
