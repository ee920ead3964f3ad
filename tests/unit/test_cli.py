import importlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from vaecourse import cli, course, environment
from vaecourse.environment import Check, Report

VAECOURSE = [sys.executable, "-m", "vaecourse"]


def run(*arguments, **variables):
    return CliRunner(env=variables).invoke(cli.main, arguments, prog_name="vaecourse")


def make_course(folder: Path, **sources: str) -> Path:
    """A course whose lessons are single cells of code."""
    (folder / "notebooks").mkdir()
    for name, source in sources.items():
        cells = [nbformat.v4.new_code_cell(source)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "notebooks" / f"{name.strip('_')}.ipynb")
    return folder


@pytest.fixture
def without_torch(tmp_path):
    """The environment of a process in which torch is there but broken."""
    (tmp_path / "torch.py").write_text("raise OSError('libc10.so: cannot open shared object file')")
    return os.environ | {"PYTHONPATH": str(tmp_path)}


def test_version():
    result = run("--version")
    assert result.exit_code == 0
    assert metadata.version("vaecourse") in result.output


# ---------------------------------------------------------------------------------------------------- check


def test_check_passes_where_the_tests_run():
    result = run("check", VAECOURSE_DATA="strokes")
    assert result.exit_code == 0, result.output
    for name in (
        "Python",
        "torch",
        "jupyterlab",
        "widgets",
        "processor",
        "accelerator",
        "data",
        "cache folder",
    ):
        assert re.search(rf"^OK    {name}: ", result.output, re.MULTILINE), name


def test_a_failure_sets_the_exit_code_and_shows_its_remedy_below(monkeypatch):
    findings = Report([Check("this", "WARN", "slow"), Check("that", "FAIL", "broken", "mend\nit")])
    monkeypatch.setattr(environment, "check", lambda: findings)
    result = run("check")
    assert result.exit_code == 1
    assert result.output == "WARN  this: slow\nFAIL  that: broken\n      mend\n      it\n"


def test_warnings_and_notes_are_no_failure(monkeypatch):
    monkeypatch.setattr(environment, "check", lambda: Report([Check("a", "WARN", ""), Check("b", "NOTE", "")]))
    assert run("check").exit_code == 0


def test_colours_only_where_they_are_wanted(monkeypatch):
    monkeypatch.setattr(environment, "check", lambda: Report([Check("a", "OK", "fine")]))
    runner = CliRunner(env={"NO_COLOR": None})
    assert runner.invoke(cli.main, ["check"], color=True).output == "\x1b[32mOK  \x1b[0m  a: fine\n"
    assert runner.invoke(cli.main, ["check"], color=False).output == "OK    a: fine\n"
    runner = CliRunner(env={"NO_COLOR": "1"})
    assert runner.invoke(cli.main, ["check"], color=True).output == "OK    a: fine\n"


def test_check_says_what_is_wrong_when_torch_is_broken(without_torch):
    result = subprocess.run([*VAECOURSE, "check"], env=without_torch, capture_output=True, text=True)
    assert result.returncode == 1
    assert "FAIL  import torch: OSError: libc10.so" in result.stdout
    assert "same package index" in result.stdout
    assert "OK    jupyterlab:" in result.stdout
    assert "OK    widgets:" in result.stdout
    assert result.stderr == ""


def test_check_names_the_remedy_for_builds_that_do_not_match(monkeypatch):
    def import_module(name):
        if name.startswith("torchvision"):
            raise RuntimeError("operator torchvision::nms does not exist")
        return importlib.import_module(name)

    monkeypatch.setattr(environment, "import_module", import_module)
    first, *others = environment.check_torch()
    assert (first.name, first.status) == ("import torchvision", "FAIL")
    assert "torchvision::nms" in first.detail
    assert "same package index" in first.remedy
    assert all(finding.status == "OK" for finding in others)


def test_check_finds_packages_that_are_missing_or_too_old(monkeypatch):
    versions = {"torch": "2.13.0", "numpy": "2.4.6"}

    def version(name):
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    wanted = ["torch>=2.14", "numpy>=2.1", "safetensors", 'pytest; extra == "test"']
    monkeypatch.setattr(metadata, "requires", lambda name: wanted)
    monkeypatch.setattr(metadata, "version", version)
    torch, numpy, safetensors = environment.check_packages()
    assert (torch.status, torch.detail) == ("FAIL", "2.13.0, but the course needs >=2.14")
    assert numpy.status == "OK"
    assert (safetensors.status, safetensors.detail) == ("FAIL", "not installed")
    assert "pip install -r requirements.txt" in torch.remedy
    assert "pip install -r requirements.txt" in safetensors.remedy


@pytest.mark.parametrize(("version", "status"), [("3.10.14", "FAIL"), ("3.11.0", "OK"), ("3.14.0", "FAIL")])
def test_check_knows_which_pythons_will_do(monkeypatch, version, status):
    monkeypatch.setattr(environment.platform, "python_version", lambda: version)
    (finding,) = environment.check_python()
    assert finding.status == status


def test_check_says_that_the_course_is_not_installed(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "metadata", missing)
    monkeypatch.setattr(metadata, "requires", missing)
    (finding,) = environment.check_python()
    assert finding.status == "FAIL"
    assert "pip install" in finding.remedy
    assert list(environment.check_packages()) == []


def test_check_finds_widgets_without_their_half_in_the_browser(monkeypatch, tmp_path):
    (tmp_path / "anywidget").mkdir()
    (tmp_path / "anywidget" / "package.json").write_text("{}")
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path)])
    (finding,) = environment.check_widgets()
    assert finding.status == "FAIL"
    assert "ipywidgets" in finding.detail
    assert "anywidget" not in finding.detail


def test_a_missing_sandbox_is_only_a_note(monkeypatch):
    monkeypatch.setattr(environment.sys, "platform", "linux")
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    (finding,) = environment.check_sandbox()
    assert finding.status == "NOTE"


@pytest.mark.parametrize(
    ("variables", "status", "said"),
    [
        ({"VAECOURSE_DATA": "strokes"}, "OK", "strokes"),
        ({"VAECOURSE_DATA": "nonsense"}, "FAIL", "strokes"),
        ({"VAECOURSE_DATA": "mnist"}, "WARN", "Without a network"),
        ({"VAECOURSE_DATA": "folder", "VAECOURSE_FOLDER": ""}, "FAIL", "VAECOURSE_FOLDER"),
    ],
)
def test_check_says_which_data_and_how_to_get_on_without_them(monkeypatch, tmp_path, variables, status, said):
    for name, value in {"VAECOURSE_DATA_DIR": str(tmp_path), **variables}.items():
        monkeypatch.setenv(name, value)
    (finding,) = environment.check_data()
    assert finding.status == status
    assert said in str(finding)


def test_a_cache_that_cannot_be_written_is_a_warning(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VAECOURSE_CACHE_DIR", str(tmp_path / "file" / "cache"))
    (finding,) = environment.check_cache()
    assert finding.status == "WARN"


def test_one_look_that_breaks_does_not_hide_the_others(monkeypatch):
    def check_broken():
        yield Check("before", "OK", "")
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(environment, "CHECKS", (check_broken, environment.check_python))
    report = environment.check()
    assert [finding.name for finding in report] == ["before", "broken", "Python"]
    assert not report.ok
    assert repr(report) == str(report)
    assert "ZeroDivisionError: oh" in str(report)


# ---------------------------------------------------------------------------------------------------- course


@pytest.mark.slow
def test_course_times_each_lesson_goes_on_after_an_error_and_fails(monkeypatch, tmp_path):
    monkeypatch.chdir(make_course(tmp_path, _00_start_here="1", _01_broken="undefined_name", _02_fine="2"))
    result = run("course")
    assert result.exit_code == 1
    assert re.search(r"^00_start_here\.ipynb +\d+\.\d s$", result.output, re.MULTILINE)
    assert "01_broken.ipynb      FAIL\n    01_broken.ipynb, cell 1, line 1: undefined_name\n" in result.output
    assert "NameError: name 'undefined_name' is not defined" in result.output
    assert re.search(r"^02_fine\.ipynb +\d+\.\d s\ntotal +\d+\.\d s$", result.output, re.MULTILINE)
    assert "1 of 3 lessons" in result.output


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that means Ctrl-C for one process")
def test_ctrl_c_ends_the_course_and_not_only_the_lesson(tmp_path):
    source = "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(600)"
    make_course(tmp_path, _00_start_here=source, _01_next="1")
    command = [*VAECOURSE, "course"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        try:
            wait_until((tmp_path / "notebooks" / "started").exists, running)
            running.send_signal(signal.SIGINT)
            printed, _ = running.communicate(timeout=60)
        finally:
            running.kill()
    assert running.returncode == 1
    assert printed.strip() == "Aborted!"


def test_course_runs_the_lessons_named_on_the_data_named(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(course, "run_lesson", lambda path, **options: ran.append((path.name, options)) or 1.25)
    monkeypatch.chdir(make_course(tmp_path, _00_start_here="1", _01_a="", _02_b=""))
    result = run("course", "01", "02_b.ipynb", "--data", "mnist")
    assert result.exit_code == 0, result.output
    options = {"store": False, "environment": {"VAECOURSE_DATA": "mnist"}}
    assert ran == [("01_a.ipynb", options), ("02_b.ipynb", options)]
    assert result.output.splitlines()[-1].split() == ["total", "2.5", "s"]


def test_outputs_of_other_data_are_not_stored(monkeypatch, tmp_path):
    monkeypatch.chdir(make_course(tmp_path, _00_start_here="1"))
    assert run("course", "--store", "--data", "mnist").exit_code == 2
    assert run("course", "--store", VAECOURSE_DATA="mnist").exit_code == 2


def test_unknown_lessons_are_answered_with_the_known_ones(monkeypatch, tmp_path):
    monkeypatch.chdir(make_course(tmp_path, _00_start_here="1", _01_a=""))
    for command in ("course", "lab"):
        result = run(command, "77")
        assert result.exit_code == 1
        assert "'77'; the lessons are: 00_start_here.ipynb, 01_a.ipynb" in result.output


# ---------------------------------------------------------------------------------------------------- lab


@pytest.mark.parametrize(
    ("arguments", "notebook", "options"),
    [
        ([], "00_start_here.ipynb", []),
        (["01"], "01_a.ipynb", []),
        (["--", "--no-browser", "--port", "8899"], "00_start_here.ipynb", ["--no-browser", "--port", "8899"]),
        (["01", "--", "--no-browser"], "01_a.ipynb", ["--no-browser"]),
        (["--no-browser"], "00_start_here.ipynb", ["--no-browser"]),
    ],
)
def test_lab_opens_the_notebook_and_passes_on_the_options(monkeypatch, tmp_path, arguments, notebook, options):
    started = []
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", lambda argv: started.append(argv))
    monkeypatch.chdir(make_course(tmp_path, _00_start_here="1", _01_a=""))
    result = run("lab", *arguments)
    assert result.exit_code == 0, result.output
    (argv,) = started
    assert argv == [str(tmp_path / "notebooks" / notebook), f"--ServerApp.root_dir={tmp_path}", *options]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is needed to press Ctrl-C in")
def test_lab_serves_and_ends_with_ctrl_c(tmp_path):
    make_course(tmp_path, _00_start_here="1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0"]
    _, terminal = os.openpty()
    log = tmp_path / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [*VAECOURSE, "lab", "--", *options],
            cwd=tmp_path,
            env=os.environ | {"JUPYTER_TOKEN": "secret", "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")},
            stdin=terminal,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            page = fetch_when_up(f"{address}/lab/tree/notebooks/00_start_here.ipynb?token=secret", server)
            assert "JupyterLab" in page
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(f"{address}/api/contents")
            contents = fetch_when_up(f"{address}/api/contents/notebooks?token=secret", server)
            assert "00_start_here.ipynb" in contents
            server.send_signal(signal.SIGINT)
            wait_until(lambda: "Shut down" in log.read_text(), server)
            server.send_signal(signal.SIGINT)  # JupyterLab takes a second Ctrl-C for "yes, shut it down"
            assert server.wait(timeout=30) == 0, log.read_text()
        finally:
            server.kill()


# ---------------------------------------------------------------------------------------------------- grade


ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="grading needs a system that can fork")
ANSWER = "def squared_error(x, x_hat):\n    return ((x - x_hat) ** 2).flatten(1).sum(1).mean()"


@pytest.fixture
def submissions(tmp_path):
    folder = make_course(tmp_path, ann=ANSWER, ben="squared_error = 3") / "notebooks"
    (folder / "cem.ipynb").write_text("")
    return folder


@pytest.fixture(autouse=True)
def _signals_as_before():
    """The command sets what SIGTERM does, in this process where the tests call it."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def graded(monkeypatch):
    """Puts a function in the place of the grading itself; the options that it is called with."""
    module, calls = pytest.importorskip("vaecourse.grading.grade"), []

    def put(outcome) -> list:
        def grade(folder, out, **options):
            calls.append((folder, out, options))
            if isinstance(outcome, BaseException):
                raise outcome
            options["progress"](1, 2, "Ann Example" * 100)
            return outcome

        monkeypatch.setattr(module, "grade", grade)
        return calls

    return put


def report(*statuses: str, graded: int = 1):
    from vaecourse.grading.grade import Report

    return Report([{"status": status} for status in statuses], graded, "high ones", "seed")


@ON_POSIX
def test_grade_passes_on_what_is_asked_for(graded, submissions, tmp_path):
    calls, out = graded(report("graded", "unreadable", "graded", graded=2)), tmp_path / "results"
    result = run("grade", str(submissions), "--out", str(out))
    assert result.exit_code == 0, result.output
    options = "--lesson 01 --seed s --jobs 3 --regrade ann --regrade 12345 --no-sandbox"
    assert run("grade", *options.split(), "--out", str(out), str(submissions)).exit_code == 0
    defaults = {"seed": None, "jobs": None, "walled": True, "lesson": None, "regrade": ()}
    asked = {"seed": "s", "jobs": 3, "walled": False, "lesson": "01", "regrade": ("ann", "12345")}
    for (folder, where, options), expected in zip(calls, (defaults, asked), strict=True):
        options.pop("progress")
        assert (folder, where, options) == (submissions, out, expected)
    assert "Walls: high ones\n" in result.output
    assert f"Graded now: 2. In {out}: 2 graded, 1 unreadable\n" in result.output
    (places,) = (line for line in result.output.splitlines() if line.startswith("Marks: "))
    assert all(str(out / name) in places for name in ("totals.csv", "grades.csv", "feedback"))


@ON_POSIX
def test_errors_of_grading_are_one_line(graded, submissions, tmp_path):
    from vaecourse.grading.grade import GradingError
    from vaecourse.grading.sandbox import SandboxError

    for kind in (GradingError, SandboxError, ValueError, FileNotFoundError):
        graded(kind("This and that."))
        result = run("grade", str(submissions), "--out", str(tmp_path / "results"))
        assert result.exit_code == 1
        assert result.output.splitlines()[-1].strip().endswith("Error: This and that.")
        assert "Traceback" not in result.output


@ON_POSIX
def test_a_grading_that_is_stopped_says_how_to_go_on(graded, submissions, tmp_path):
    graded(KeyboardInterrupt())
    result = run("grade", str(submissions), "--out", str(tmp_path / "results"))
    assert result.exit_code == 130
    assert f"Stopped. {tmp_path / 'results'} holds all that was graded; the same command goes on" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument 'SUBMISSIONS'"),
        (["notebooks"], "Missing option '--out'"),
        (["nowhere", "--out", "results"], "'nowhere' does not exist"),
        (["notebooks", "--out", "notebooks/cem.ipynb"], "is a file"),
        (["notebooks", "--out", "results", "--jobs", "0"], "'--jobs'"),
        (["notebooks", "--out", "results", "--jobs", "many"], "'--jobs'"),
        (["notebooks", "--out", "results", "--walls"], "No such option"),
    ],
)
def test_what_grade_cannot_be_asked_for(monkeypatch, submissions, arguments, words):
    monkeypatch.chdir(submissions.parent)
    result = run("grade", *arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert not Path("results").exists()


def test_grade_has_help():
    result = run("grade", "--help")
    assert result.exit_code == 0
    for name in ("SUBMISSIONS", "--out", "--lesson", "--seed", "--jobs", "--regrade STUDENT", "--no-sandbox"):
        assert name in result.output


@ON_POSIX
def test_grade_names_the_lessons_there_are(submissions, tmp_path):
    result = run("grade", str(submissions), "--out", str(tmp_path / "results"), "--lesson", "77")
    assert result.exit_code == 1
    assert "there are no tasks for lesson '77'; lessons with tasks: 01" in result.output


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there are no walls elsewhere")
def test_grade_does_not_do_without_walls_unasked(submissions, tmp_path):
    result = run("grade", str(submissions), "--out", str(tmp_path / "results"), PATH=str(tmp_path))
    assert result.exit_code == 1
    assert "bubblewrap is missing" in result.output
    assert "--no-sandbox" in result.output
    assert "Traceback" not in result.output


@pytest.mark.slow
@ON_POSIX
def test_grade_works_without_walls_when_told_so_and_says_it(submissions, tmp_path):
    out = tmp_path / "results"
    command = [*VAECOURSE, "grade", submissions, "--out", out, "--no-sandbox", "--lesson", "01"]
    environment = os.environ | {"PATH": str(tmp_path)}  # no bubblewrap in it
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Walls: NONE (--no-sandbox): student code runs with your rights;")
    assert f"Graded now: 3. In {out}: 2 graded, 1 unreadable" in result.stdout
    rows = [row.split(",")[:4] for row in (out / "totals.csv").read_text(encoding="utf-8-sig").splitlines()[1:]]
    assert [(row[0], row[3]) for row in rows] == [("ann", "2"), ("ben", "0"), ("cem", "0")]


def fetch_when_up(url: str, server: subprocess.Popen) -> str:
    pages = []

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                assert answer.status == 200
                pages.append(answer.read().decode())
        except urllib.error.HTTPError:
            raise
        except OSError:  # not listening yet
            return False
        return True

    wait_until(answers, server)
    return pages[0]


def wait_until(condition: Callable[[], bool], process: subprocess.Popen) -> None:
    for _ in range(600):
        if condition():
            return
        assert process.poll() is None, "the process ended too early"
        time.sleep(0.1)
    pytest.fail("the process did not get there within a minute")
