"""Every lesson, from top to bottom, in JupyterLab: what a learner sees after Run All.

On MNIST, where its files are: nbval runs the lessons on strokes, and their claims hold on both.
"""

import socket
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from notebook_page import runs_from_top_to_bottom

from vaecourse.course import lessons

LESSONS = lessons(Path(__file__).parents[2] / "notebooks")


@pytest.fixture(scope="module")
def lab(start_lab, mnist):
    with start_lab(**(mnist or {})) as lab:
        yield lab


def test_jupyterlab_wants_its_token(lab):
    with pytest.raises(HTTPError, match="403"):
        urlopen(lab.address("api/contents"))


def test_jupyterlab_listens_on_this_machine_only(lab):
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), lab.port, type=socket.SOCK_STREAM)}
    for address in {"127.0.0.2", *addresses} - {"127.0.0.1", "::1"}:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
            assert client.connect_ex((address, lab.port)) != 0, address


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_from_top_to_bottom(opened, lesson):
    runs_from_top_to_bottom(opened(f"notebooks/{lesson.name}"))
