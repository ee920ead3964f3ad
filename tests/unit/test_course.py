"""Running the lessons, and nbval with this project's settings, on small notebooks made on the spot."""

import json
import os
import pathlib
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbval.plugin import get_sanitize_patterns

from vaecourse import course

ROOT = Path(__file__).parents[2]


def write(path: Path, *sources: str, **metadata) -> Path:
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.write(notebook, path)
    return path


def outputs(path: Path) -> list:
    return [cell.outputs for cell in nbformat.read(path, as_version=4).cells]


# ------------------------------------------------------------------------------------------------- finding


def test_lessons_come_in_order(tmp_path):
    for name in ("10_b.ipynb", "02_a.ipynb", "00_start_here.ipynb", "notes.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "01_old.ipynb").write_text("")
    names = [path.name for path in course.lessons(tmp_path)]
    assert names == ["00_start_here.ipynb", "02_a.ipynb", "10_b.ipynb"]


def test_the_course_is_found_from_a_folder_below_it(monkeypatch, tmp_path):
    below = tmp_path / "notebooks" / "mine"
    below.mkdir(parents=True)
    (tmp_path / "notebooks" / course.FIRST_LESSON).write_text("")
    monkeypatch.chdir(below)
    assert course.course_folder() == tmp_path


def test_without_the_lessons_there_is_a_clear_error(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(course, "__file__", str(tmp_path / "site-packages" / "vaecourse" / "course.py"))
    with pytest.raises(FileNotFoundError, match=r"Go to the course's folder"):
        course.course_folder()


def test_a_lesson_is_found_by_path_name_or_beginning(monkeypatch, tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("00_start_here.ipynb", "01_a.ipynb", "01_b.ipynb"):
        (folder / name).write_text("")
    (tmp_path / "mine.ipynb").write_text("")
    monkeypatch.chdir(tmp_path)
    assert course.find_lesson("mine.ipynb") == tmp_path / "mine.ipynb"
    assert course.find_lesson("01_a.ipynb") == folder / "01_a.ipynb"
    assert course.find_lesson("00") == folder / "00_start_here.ipynb"
    with pytest.raises(FileNotFoundError, match="more than one lesson begins with '01'"):
        course.find_lesson("01")
    with pytest.raises(FileNotFoundError, match="no lesson called '77'"):
        course.find_lesson("77")


# ------------------------------------------------------------------------------------------------- running


def test_a_lesson_runs_as_in_jupyterlab_in_this_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("VAECOURSE_DATA", "mnist")
    path = write(
        tmp_path / "a.ipynb",
        "import os, sys\nfrom tqdm.auto import tqdm\n"
        "with open('where.txt', 'w') as file: print(sys.executable, os.getcwd(), sep='\\n', file=file)",
        "for _ in tqdm(range(3)): pass\nprint(os.environ['VAECOURSE_DATA'])",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        kernelspec={"name": "of-another-environment", "display_name": "Another"},
    )
    assert course.run_lesson(path, store=True) > 0
    _, second, third = outputs(path)
    assert (tmp_path / "where.txt").read_text().splitlines() == [sys.executable, str(tmp_path)]
    assert [output.get("text") for output in second] == ["strokes\n"]  # no bar, and the default data
    assert "image/png" in third[0].data


def test_variables_reach_the_kernel_and_without_store_the_file_stays(tmp_path):
    source = "import os\nassert os.environ['VAECOURSE_DATA'] == 'mnist'"
    path = write(tmp_path / "a.ipynb", source)
    before = path.read_bytes()
    course.run_lesson(path, environment={"VAECOURSE_DATA": "mnist"})
    assert path.read_bytes() == before


def test_an_error_names_the_students_own_lines(tmp_path):
    path = write(
        tmp_path / "a.ipynb",
        "def average(values):\n    return sum(values) / len(values)",
        "",  # JupyterLab does not count it
        "average([1])\naverage([])  # nothing to average",
        "print('never reached')",
    )
    before = path.read_bytes()
    with pytest.raises(course.LessonError) as caught:
        course.run_lesson(path, store=True)
    assert str(caught.value).splitlines() == [
        "a.ipynb, cell 2, line 2: average([])  # nothing to average",
        "a.ipynb, cell 1, line 2: return sum(values) / len(values)",
        "ZeroDivisionError: division by zero",
    ]
    assert path.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a = 1\nb = = 2", "a.ipynb, cell 1, line 2: b = = 2\nSyntaxError: invalid syntax"),
        ("import os\nos._exit(1)", "a.ipynb, cell 1: the kernel died"),
        ("import time\ntime.sleep(60)", "a.ipynb, cell 1: not finished after 1 seconds"),
    ],
)
def test_other_ends_of_a_lesson_are_named_too(monkeypatch, tmp_path, source, said):
    monkeypatch.setattr(course, "CELL_TIMEOUT", 1)
    with pytest.raises(course.LessonError, match=re.escape(said)):
        course.run_lesson(write(tmp_path / "a.ipynb", source))


# ------------------------------------------------------------------------------------------------- storing


@pytest.mark.slow
def test_stored_outputs_do_not_tell_where_they_were_made(tmp_path):
    path = write(tmp_path / "a.ipynb", "import sys, pathlib\nprint(sys.prefix)\nstr(pathlib.Path.home() / 'data')")
    course.run_lesson(path, store=True)
    printed, value = nbformat.read(path, as_version=4).cells[0].outputs
    assert printed.text == ".venv\n"
    assert pathlib.PurePath(value.data["text/plain"].strip("'")) == pathlib.PurePath("~/data")


@pytest.mark.slow
def test_storing_twice_gives_the_same_file(tmp_path):
    path = write(
        tmp_path / "a.ipynb",
        "import ipywidgets, sys\nprint('one', flush=True)\nprint('two')",
        "ipywidgets.IntSlider(3)",
        language_info={"name": "python", "version": "3.1"},
        kernelspec={"name": "mine", "display_name": "Mine"},
    )
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        del cell["id"]
        cell["metadata"] = {"execution": {"iopub.execute_input": "2026-01-01"}, "tags": ["kept"]}
    notebook["nbformat_minor"] = 4
    path.write_text(json.dumps(notebook))

    course.run_lesson(path, store=True)
    first = path.read_bytes()
    course.run_lesson(path, store=True)
    assert path.read_bytes() == first
    assert list(tmp_path.iterdir()) == [path]

    assert first.endswith(b"}\n")
    assert b"\r" not in first
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    assert stored.metadata.kernelspec.name == "python3"
    assert "version" not in stored.metadata.language_info
    assert [cell.metadata for cell in stored.cells] == [{"tags": ["kept"]}] * 2
    assert [cell.execution_count for cell in stored.cells] == [1, 2]
    assert len({cell.id for cell in stored.cells}) == 2
    assert [output.text for output in stored.cells[0].outputs] == ["one\ntwo\n"]
    assert stored.cells[1].outputs[0].data == {"text/plain": "IntSlider(value=3)"}


@pytest.mark.slow
def test_storing_keeps_the_ids_that_cells_have(tmp_path):
    path = write(tmp_path / "a.ipynb", "1", "2")
    course.run_lesson(path, store=True)
    assert [cell.id for cell in nbformat.read(path, as_version=4).cells] == ["cell-0", "cell-1"]


def test_a_write_that_breaks_off_leaves_the_old_notebook(monkeypatch, tmp_path):
    path = write(tmp_path / "a.ipynb", "1")
    before = path.read_bytes()

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(course.os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        course.run_lesson(path, store=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# --------------------------------------------------------------------------------------------------- nbval


@pytest.fixture
def project(tmp_path):
    """A folder with this project's pytest settings and nothing else."""
    for name in ("pyproject.toml", "conftest.py", "tests/nbval_sanitize.cfg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def pytest_in(folder: Path, *arguments: str) -> tuple[dict[str, int], str]:
    """How many tests passed, failed, ... when a person types ``pytest`` there, and what was printed."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "OMP_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    answer = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, encoding="utf-8")
    counts = re.findall(r"(\d+) (passed|failed|error|skipped|xfailed)", answer.stdout.splitlines()[-1])
    return {what: int(count) for count, what in counts}, answer.stdout


VARYING = {
    "address": "print(object())\nobject()",
    "duration": "import os, time\npid = os.getpid()\nprint(f'{time.time() % 60:.2f} s, {pid}ms, {pid} us')",
    "clock": "import datetime\nprint(datetime.timedelta(seconds=pid + 0.5))",
    "bar": ("import sys\nfrom tqdm import tqdm\nfor n in tqdm([0] * pid, file=sys.stdout, disable=False):\n    break"),
    "counter": "with tqdm(file=sys.stdout, disable=False) as bar:\n    bar.update(pid)",
    "path": "import tempfile\nprint(tempfile.mkdtemp(), [tempfile.mkdtemp()])",
    "stderr": "import warnings\nwarnings.warn(f'process {pid}')\nprint('and the rest is compared')",
}


@pytest.mark.slow
def test_nbval_blots_out_what_varies_and_nothing_else(project):
    path = write(project / "notebooks" / "varying.ipynb", *VARYING.values())
    course.run_lesson(path, store=True)
    stored = outputs(path)
    course.run_lesson(path, store=True)
    for name, old, new in zip(VARYING, stored, outputs(path), strict=True):
        assert old != new, f"{name} does not vary, so this proves nothing"

    wrong = write(project / "notebooks" / "wrong.ipynb", "print('loss 106.25 nats')", "print('true')")
    course.run_lesson(wrong, store=True)
    notebook = nbformat.read(wrong, as_version=4)
    notebook.cells[0].outputs[0].text = "loss 106.26 nats\n"
    nbformat.write(notebook, wrong)

    counts, printed = pytest_in(project, "--nbval", "notebooks")
    assert counts == {"passed": len(VARYING) + 1, "failed": 1}, printed
    assert "FAILED notebooks/wrong.ipynb::Cell 0" in printed


@pytest.mark.slow
def test_nbval_runs_in_the_notebooks_folder_on_the_default_data_without_bars(project):
    path = write(
        project / "notebooks" / "where.ipynb",
        "import os, sys\nprint(os.path.basename(os.getcwd()), os.environ['VAECOURSE_DATA'])",
        "from tqdm.auto import tqdm\nfor _ in tqdm(range(2)): pass",
        "import matplotlib\n'inline' in matplotlib.get_backend()",
        "import torch\ntorch.get_num_threads()",
        kernelspec={"name": "of-another-environment", "display_name": "Another"},
    )
    course.run_lesson(path, store=True)
    where, bar, backend, threads = outputs(path)
    assert where[0].text == "notebooks strokes\n"
    assert bar == []
    assert backend[0].data["text/plain"] == "True"
    assert threads[0].data["text/plain"] == "1"
    counts, printed = pytest_in(project / "notebooks", "--nbval")  # from a folder below the root, too
    assert counts == {"passed": 4}, printed


@pytest.mark.slow
def test_parallel_workers_and_their_kernels_take_one_thread_each(project):
    cell = "import os\nos.environ.get('OMP_NUM_THREADS')"
    for name in "ab":
        path = write(project / "notebooks" / f"{name}.ipynb", "threads = 1", cell, "threads")
        course.run_lesson(path, store=True)
    (project / "tests" / "test_threads.py").write_text(
        "import os\n\ndef test_threads():\n    assert os.environ['OMP_NUM_THREADS'] == '1'\n"
    )
    counts, printed = pytest_in(project, "--nbval", "-n", "2")
    assert counts == {"passed": 7}, printed


@pytest.mark.parametrize(
    ("text", "blotted"),
    [
        ("<torch._C.Generator object at 0x7f3a5c0d1e80>", "<torch._C.Generator object at <address>>"),
        ("trained in 1.23 s, 12 ms or 12ms a step", "trained in <duration>, <duration> or <duration> a step"),
        ("3 seconds, 2 minutes, 1e-05 s, 7 \u00b5s", "<duration>, <duration>, <duration>, <duration>"),
        ("finished after 0:01:02", "finished after <duration>"),
        (" 37%|###   | 3/8 [00:01<00:02, 2.9it/s]", " <progress bar>"),
        ("fit: 100%|\u2588\u2588\u2588| 8/8 [1:00:01<?, ?it/s, loss=3]", "fit: <progress bar>"),
        ("5it [00:01,  4.9it/s]", "<progress bar>"),
        ("'/tmp/tmpab12/x.pt' and more", "'<temporary path>' and more"),
        ("/private/var/folders/x1/yz/T/tmpab.pt", "<temporary path>"),
        (r"C:\Users\Some One\AppData\Local\Temp\tmpab\x.pt is", "<temporary path> is"),
        # What a lesson claims stays: sizes, shapes, percentages, losses, ratios, slices, other files.
        ("loss 106.25 nats, 37% of 8/8, [0:10], 1:10", "loss 106.25 nats, 37% of 8/8, [0:10], 1:10"),
        ("torch.Size([3, 28, 28]), 60,000 pictures", "torch.Size([3, 28, 28]), 60,000 pictures"),
        ("2 samples, 5 sigma, 3 mins, 0x1F, /data/tmp", "2 samples, 5 sigma, 3 mins, 0x1F, /data/tmp"),
    ],
)
def test_each_pattern_takes_what_it_should(text, blotted):
    patterns = get_sanitize_patterns((ROOT / "tests" / "nbval_sanitize.cfg").read_text(encoding="ascii"))
    for regex, replacement in patterns:
        text = re.sub(regex, replacement, text)
    assert text == blotted
