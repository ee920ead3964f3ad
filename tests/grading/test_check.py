"""What a student sees of a check: the same text in every run, hints, and a kernel that is as it was before."""

import os
import random
import re
import subprocess
import sys
import warnings
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
import trial_lesson
from cells import run_cell
from nbclient import NotebookClient
from torch import nn
from trial_lesson import ENCODER, LOSS, TWICE

import vaecourse
from vaecourse.grading import check, show, summary, tasks
from vaecourse.grading.check import examine
from vaecourse.grading.task import Criterion, CriterionResult, Task, TaskResult
from vaecourse.grading.worker import wire

module = import_module("vaecourse.grading.check")  # the name in the package is the function's


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """The trial lesson is the only one, and nothing is checked yet."""
    monkeypatch.setattr(tasks, "tasks_of", trial_lesson.tasks_of)
    monkeypatch.setattr(tasks, "lessons", lambda: ["99"])
    monkeypatch.setattr(module, "_latest", {})


def right_loss(x):
    return x.square().sum(1).mean()


def mean_loss(x):
    return x.square().mean()


def stub(x):
    raise NotImplementedError


class Encoder(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.layer = nn.Linear(4, latent_dim)

    def forward(self, x):
        return self.layer(x)


# What is said ---------------------------------------------------------------------------------------------

FULL = """\
The loss (99.loss): 3 of 3 points
- passed, 1 point: one number
- passed, 2 points: the sum of `x ** 2`, averaged
"""
PARTLY = """\
The loss (99.loss): 1 of 3 points
- passed, 1 point: one number
- not yet, 0 of 2 points: the sum of `x ** 2`, averaged
    You average over the pixels <all of them>. Sum over `dim=1`, then average.
    On three pictures it is 0.394, the right value is 1.576.
"""
WITHOUT_NUMBERS = """\
The loss (99.loss): 1 of 3 points
- passed, 1 point: one number
- not yet, 0 of 2 points: the sum of `x ** 2`, averaged
    Square, sum over the pixels, average over the pictures.
"""
NOT_STARTED = """\
The loss (99.loss): not started yet, 0 of 3 points
- to do, 1 point: one number
- to do, 2 points: the sum of `x ** 2`, averaged
"""
NOTHING = """\
The loss (99.loss): 0 of 3 points
- not yet, 0 of 1 point: one number
    The loss is None. Is a `return` missing?
- not yet, 0 of 2 points: the sum of `x ** 2`, averaged
    For the same reason.
"""
RAISED = """\
The loss (99.loss): 0 of 3 points
- not yet, 0 of 1 point: one number
    Your code raised ValueError in line 2 of loss: `a, b = x`.
    On three pictures: too many values to unpack (expected 2)
- not yet, 0 of 2 points: the sum of `x ** 2`, averaged
    For the same reason.
"""
SILENT = """\
The loss (99.loss): 0 of 3 points
- not yet, 0 of 1 point: one number
    Your code raised AssertionError in line 2 of loss: `assert x is None`.
    On three pictures.
- not yet, 0 of 2 points: the sum of `x ** 2`, averaged
    For the same reason.
"""
CALLED = """\
The loss (99.loss): 0 of 3 points
- not yet, 0 of 1 point: one number
    The answer should be the function or class itself: its name, without brackets after it.
    It is a value of type Tensor.
- not yet, 0 of 2 points: the sum of `x ** 2`, averaged
    For the same reason.
"""
ASKED = """\
The loss (99.loss): 0 of 3 points
- not yet, 0 of 1 point: one number
    Your code asks for input in line 2 of loss: `return float(input('loss? '))`. Nobody is there to answer.
    On three pictures.
- not yet, 0 of 2 points: the sum of `x ** 2`, averaged
    For the same reason.
"""
PRINTED = """\
The loss (99.loss): 1 of 3 points
- passed, 1 point: one number
- not yet, 0 of 2 points: the sum of `x ** 2`, averaged
    Square, sum over the pixels, average over the pictures.
Your code printed:
    (3, 4) object at 0x...
    (1, 4) object at 0x...
"""


def loss_cell(*lines: str):
    return run_cell("\n    ".join(["def loss(x):", *lines]))["loss"]


def printing(x):
    print(tuple(x.shape), "object at 0x7f12ab34cd56")
    return 7.0


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (right_loss, FULL),
        (mean_loss, PARTLY),
        (lambda x: 7.0, WITHOUT_NUMBERS),
        (stub, NOT_STARTED),
        (loss_cell("..."), NOTHING),
        (loss_cell("pass"), NOTHING),
        (loss_cell("a, b = x"), RAISED),
        (loss_cell("assert x is None"), SILENT),
        (mean_loss(torch.ones(3, 4)), CALLED),
        (loss_cell("return float(input('loss? '))"), ASKED),
        (printing, PRINTED),
    ],
    ids=["right", "mean", "other", "stub", "dots", "pass", "raises", "asserts", "called", "asks", "prints"],
)
def test_the_text_is_complete(answer, text, capsys):
    checked = check("99.loss", answer)
    assert capsys.readouterr() == (text, "")
    assert bool(checked) == (text == FULL)


def test_the_result_shows_nothing_more_as_a_cells_last_line(capsys):
    checked = check("99.loss", mean_loss)
    capsys.readouterr()
    assert checked._ipython_display_() is None
    assert capsys.readouterr().out == ""
    assert repr(checked) == "<99.loss: 1 of 3 points>"


def test_a_long_print_is_cut(capsys):
    def chatty(x):
        print("\n".join(str(number) for number in range(100_000)))

    check("99.loss", chatty)
    printed = capsys.readouterr().out.partition("Your code printed:\n")[2].split()
    assert printed == [*map(str, range(show.MOST_PRINTED_LINES)), "..."]


def test_a_print_without_end_fills_no_memory():
    stream = module._Beginning()
    assert {stream.write("0123456789\n") for _ in range(100_000)} == {11}
    assert len(stream.getvalue()) == wire.MAX_TEXT


def test_with_full_marks_prints_are_left_out(capsys):
    def loss(x):
        print("looking for a mistake")
        return right_loss(x)

    check("99.loss", loss)
    assert capsys.readouterr().out == FULL


# The answer -----------------------------------------------------------------------------------------------


def test_without_an_answer_the_callers_name_is_taken(capsys):
    calling = "checked = check('99.loss')"
    assert not run_with_check(calling)["checked"]
    assert run_with_check(f"def loss(x):\n    return x.square().sum(1).mean()\n{calling}")["checked"]
    assert capsys.readouterr().out == NOT_STARTED + FULL


def run_with_check(source: str):
    return run_cell(f"from vaecourse.grading import check\n{source}")


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("99.los", "lesson 99 has no task 'los'; its tasks: 99.loss, 99.encoder, 99.twice"),
        ("98.loss", "there are no tasks for lesson '98'; lessons with tasks: 99"),
        ("loss", "in quotes, such as \"01.squared_error\", and it got 'loss'; lessons with tasks: 99"),
        (right_loss, "and it got a value of type function; lessons with tasks: 99"),
        (99, "and it got a value of type int; lessons with tasks: 99"),
    ],
)
def test_a_wrong_task_names_what_exists(task, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check(task, right_loss)


def test_a_summary_of_a_wrong_lesson_names_what_exists():
    with pytest.raises(ValueError, match="no tasks for lesson '98'; lessons with tasks: 99"):
        summary("98")


class StubEncoder(nn.Module):
    def __init__(self, latent_dim):
        raise NotImplementedError


class HalfEncoder(Encoder):
    def forward(self, x):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "status", "points"),
    [(Encoder, "graded", 1), (StubEncoder, "not started", 0), (HalfEncoder, "not started", 0), (None, "graded", 0)],
)
def test_classes_are_answers(answer, status, points):
    result = examine(ENCODER, answer)
    assert (result.status, result.points) == (status, points)


def test_a_partly_written_answer_is_judged():
    def loss(x):
        if len(x) == 1:
            raise NotImplementedError
        return right_loss(x)

    result = examine(LOSS, loss)
    assert result.status == "graded"
    assert [criterion.mistake for criterion in result.criteria] == ["not-started"] * 2


def test_an_answer_that_changes_its_input_is_judged_by_what_it_got():
    def loss(x):
        return x.square_().sum(1).mean()

    assert examine(LOSS, loss).points == 3


@pytest.mark.parametrize(
    ("answer", "status", "mistakes"),
    [
        (right_loss, "graded", [None, None]),
        (lambda x: -right_loss(x), "graded", ["negative", "negative"]),
        (lambda x: x, "graded", ["not-one-number", "not-one-number"]),
        (lambda x: x.no_such_thing, "graded", ["raised", "raised"]),
        (stub, "not started", ["not-started", "not-started"]),
    ],
)
def test_a_stage_that_leaves_nothing_to_look_at_fails_all_criteria(answer, status, mistakes):
    result = examine(TWICE, answer)
    assert (result.status, [criterion.mistake for criterion in result.criteria]) == (status, mistakes)


def test_what_a_stage_measured_is_kept():
    hints = {(c.idea, c.measured) for c in examine(TWICE, lambda x: torch.tensor(-1.0)).criteria}
    assert hints == {("A sum of squares is never negative.", "It is -1.0.")}


# The student's kernel -------------------------------------------------------------------------------------


def state():
    """What an answer must not change, as values that can be compared."""
    return {
        "random": random.getstate(),
        "numpy": str(np.random.get_state()),
        "torch": torch.get_rng_state().tolist(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "grad": torch.is_grad_enabled(),
        "anomaly": torch.is_anomaly_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "deterministic, warn": torch.is_deterministic_algorithms_warn_only_enabled(),
        "errors": np.geterr(),
        "filters": list(warnings.filters),
        "figures": plt.get_fignums(),
        "input": input,
        "streams": (sys.stdout, sys.stderr, sys.displayhook),
    }


@pytest.fixture
def changed_settings():
    """A kernel after cells that have set everything there is to set."""
    with warnings.catch_warnings():
        figure, _ = plt.subplots()
        warnings.simplefilter("error")
        before = np.seterr(all="raise")
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.autograd.set_detect_anomaly(True)
        torch.set_grad_enabled(False)
        with torch.inference_mode():
            yield
        torch.set_grad_enabled(True)
        torch.autograd.set_detect_anomaly(False)
        torch.use_deterministic_algorithms(False)
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
        np.seterr(**before)
        plt.close(figure)


def as_at_the_start(x):
    """An answer that works in a fresh kernel only."""
    import sys

    warnings.warn("careful", stacklevel=1)
    np.log(np.zeros(1))
    weight = torch.ones(4)
    assert weight.dtype == torch.float32
    assert weight.device.type == "cpu"
    assert weight.requires_grad_().sum().requires_grad
    assert not torch.are_deterministic_algorithms_enabled()
    assert not torch.is_anomaly_enabled()
    assert plt.get_fignums() == []
    print("printed")
    print("to stderr", file=sys.stderr)
    return x.square().sum(1).mean()


def test_an_answer_is_judged_as_on_a_fresh_kernel(changed_settings, capfd):
    before = state()
    assert check("99.loss", as_at_the_start)
    assert state() == before
    assert capfd.readouterr() == (FULL, "")


def careless(x):
    """A right answer that changes whatever it can."""
    random.seed()
    np.random.rand(3)
    torch.manual_seed(7)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.use_deterministic_algorithms(True)
    torch.autograd.set_detect_anomaly(True)
    np.seterr(all="raise")
    warnings.simplefilter("error")
    plt.plot([1, 2])
    plt.figure()
    plt.close("all")
    plt.figure()
    return right_loss(x)


def careless_and_wrong(x):
    careless(x)
    raise SystemExit


@pytest.mark.parametrize(("answer", "points"), [(careless, 3), (careless_and_wrong, 0)])
def test_an_answer_changes_nothing_of_the_kernel(answer, points):
    figure, axes = plt.subplots()
    before = state()
    assert check("99.loss", answer).result.points == points
    assert state() == before
    assert plt.gcf() is figure
    assert len(axes.lines) == 0
    plt.close(figure)


def test_random_answers_are_the_same_in_every_check():
    def loss(x):
        values.append((random.random(), np.random.rand(), torch.rand(()).item()))

    values = []
    examine(LOSS, loss)
    random.random(), np.random.rand(), torch.rand(1)
    examine(LOSS, loss)
    assert values[:2] == values[2:]


def test_a_stop_names_the_line_and_forgets_the_earlier_result():
    answer = loss_cell("for _ in range(3):", "    raise KeyboardInterrupt")
    check("99.loss", right_loss)
    before = state()
    with pytest.raises(KeyboardInterrupt) as caught:
        check("99.loss", answer)
    assert str(caught.value) == "Stopped while your code was in line 3 of loss: `raise KeyboardInterrupt`"
    assert caught.value._render_traceback_() == [str(caught.value)]
    assert state() == before
    assert module._latest == {}


# The summary ----------------------------------------------------------------------------------------------

SUMMARY = """\
Exercise 99: your points so far

Task            Points  What is left
1. The loss     1 of 3  the sum of `x ** 2`, averaged
2. The encoder  0 of 1  not started yet
3. Twice        0 of 2  not checked yet
Total           1 of 6

These points are a forecast: your instructor grades the same criteria with other inputs.
To hand in: choose Kernel > Restart Kernel and Run All Cells, save the notebook, and hand in this one file.
"""


def test_the_summary_says_what_is_left(capsys):
    check("99.loss", mean_loss)
    check("99.encoder", StubEncoder)
    capsys.readouterr()
    assert summary("99") is None
    assert capsys.readouterr().out == SUMMARY


def test_the_last_check_of_a_task_counts(capsys):
    for answer in (right_loss, mean_loss, right_loss):
        check("99.loss", answer)
    for answer in (Encoder, StubEncoder):
        check("99.encoder", answer)
    capsys.readouterr()
    summary("99")
    rows = capsys.readouterr().out.splitlines()[3:7]
    assert [re.split(r" {2,}", row)[1:] for row in rows] == [
        ["3 of 3", "done"],
        ["0 of 1", "not started yet"],
        ["0 of 2", "not checked yet"],
        ["3 of 6"],
    ]


# HTML -----------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Text and structure of a piece of HTML; fails on tags that do not match."""

    def __init__(self, source: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def count(self, tag: str) -> int:
        return [name for name, _ in self.tags].count(tag)


def words(text: str) -> list[str]:
    """Its words, without the marks of lists and of code."""
    return re.sub(r"^- |`", "", text, flags=re.MULTILINE).split()


def words_of_html(source: str) -> list[str]:
    return words(Page(re.sub(r"<(br|/p|/li|/td|/th|/tr)>", r"\g<0> ", source)).text)


@pytest.mark.parametrize("answer", [right_loss, mean_loss, stub, loss_cell("..."), loss_cell("a, b = x")])
def test_the_html_says_what_the_text_says(answer):
    result = examine(LOSS, answer)
    text, as_html = show.check_text(result, "print <b>this</b>\n"), show.check_html(result, "print <b>this</b>\n")
    assert words(text) == words_of_html(as_html)
    assert Page(as_html).count("li") == len(LOSS.criteria)


def test_the_summary_is_a_table():
    results = [(LOSS, examine(LOSS, mean_loss)), (ENCODER, examine(ENCODER, Encoder)), (TWICE, None)]
    text, as_html = show.summary_text("99", results), show.summary_html("99", results)
    page = Page(as_html)
    assert words(text) == words_of_html(as_html)
    assert [attributes["scope"] for tag, attributes in page.tags if tag == "th"] == ["col"] * 3 + ["row"] * 4
    assert (page.count("tr"), page.count("td")) == (5, 8)


ATTACK = '<img src=x onerror="alert(1)">&amp;</pre>'


def test_whatever_comes_from_the_student_is_escaped():
    task = Task("99.x", "x", ATTACK, (Criterion(ATTACK, 1, lambda case, seen: None),), ())
    result = TaskResult(task, "graded", "", (CriterionResult(ATTACK, 0, 1, "other", f"`{ATTACK}`", ATTACK),))
    for source, times in ((show.check_html(result, ATTACK), 5), (show.summary_html("99", [(task, result)]), 2)):
        page = Page(source)
        assert page.count("img") == 0
        assert page.text.count(ATTACK) == times
    assert Page(show.check_html(result)).count("code") == 2  # the id, and what stands between backticks


def test_verdicts_are_words_and_colours_come_from_the_theme():
    as_html = show.check_html(examine(LOSS, mean_loss))
    assert "passed, 1 point" in as_html
    assert "not yet, 0 of 2 points" in as_html
    colours = re.findall(r"(?:color|background|border[\w-]*|solid):? ([^;\"]+)", as_html)
    assert colours
    assert all("var(--jp-" in colour for colour in colours)


# Loading --------------------------------------------------------------------------------------------------


def python(source: str) -> str:
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.slow
def test_the_worker_loads_without_what_is_right():
    loaded = python(
        "import sys, vaecourse.grading.worker.observe, vaecourse.grading.worker.probes\n"
        "print(*(name for name in sys.modules if name.startswith('vaecourse.grading.')))"
    ).split()
    assert all(name.startswith("vaecourse.grading.worker") for name in loaded)


@pytest.mark.slow
def test_check_is_the_function_even_after_its_module_was_imported():
    out = python("import vaecourse.grading.check\nfrom vaecourse.grading import check, summary\nprint(check, summary)")
    assert re.fullmatch(r"<function check at \w+> <function summary at \w+>\n", out)


def test_the_package_offers_grading():
    assert vaecourse.grading.check is check
    assert {"check", "summary"} <= set(dir(vaecourse.grading))
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        vaecourse.grading.chekc  # noqa: B018


# In Jupyter -----------------------------------------------------------------------------------------------

SETUP = "import trial_lesson; trial_lesson.register()\nfrom vaecourse.grading import check, summary"
CELLS = [
    "check('99.loss')",
    "def loss(x):\n    raise NotImplementedError",
    "if check('99.loss', loss):\n    print('not reached')",
    "class Encoder:\n    def __init__(self, latent_dim):\n        raise NotImplementedError",
    "check('99.encoder', Encoder);",
    "def loss(x):\n    import matplotlib.pyplot as plt\n    plt.plot([1, 2])",  # nothing else has loaded it
    "check('99.loss', loss)",
    "import warnings, sys, matplotlib.pyplot as plt\nfrom tqdm.auto import tqdm\nwarnings.simplefilter('error')",
    "fig, ax = plt.subplots()\nplt.close(fig)",
    "def loss(x):\n"
    "    print('first', object())\n"
    "    print('err', file=sys.stderr)\n"
    "    warnings.warn('careful')\n"
    "    plt.plot([1, 2])\n"
    "    plt.show()\n"
    "    display(x)\n"
    "    for _ in tqdm(range(2)):\n"
    "        pass\n"
    "    return x.reshape(3, 4).square().mean()",
    "check('99.loss')",
    "def loss(x):\n    name = input('name? ')\n    return x",
    "check('99.loss', loss)",
    "def loss(x):\n    sys.exit()",
    "check('99.loss', loss)",
    "def loss(x):\n    return x.square().sum(1).mean()",
    "print(bool(check('99.loss', loss)))\nplt.get_fignums()",
    "check('99.loss')",
    "summary('99')",
]


def run_notebook(cells: list[str], **options) -> nbformat.NotebookNode:
    sources = [SETUP, *cells]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", **options)
    client.execute(env={**os.environ, "PYTHONPATH": path})
    return notebook


def outputs(notebook: nbformat.NotebookNode) -> list[list[dict]]:
    """What nbval compares: outputs without their counters."""
    cells = ([dict(output) for output in cell.outputs] for cell in notebook.cells[1:])
    return [[{k: v for k, v in output.items() if k != "execution_count"} for output in cell] for cell in cells]


@pytest.fixture(scope="module")
def notebooks():
    return [outputs(run_notebook(CELLS)) for _ in range(2)]


@pytest.mark.slow
def test_a_notebook_shows_the_same_in_every_run(notebooks):
    assert notebooks[0] == notebooks[1]


@pytest.mark.slow
def test_every_check_is_one_output_of_text_and_html(notebooks):
    for source, shown in zip(CELLS, notebooks[0], strict=True):
        if source.startswith(("check", "summary", "if check")):
            assert [output["output_type"] for output in shown] == ["display_data"]
            assert shown[0]["data"].keys() == {"text/plain", "text/html"}


@pytest.mark.slow
def test_a_notebook_tells_the_student_what_happened(notebooks):
    texts = [shown[0]["data"]["text/plain"] for shown in notebooks[0] if "data" in (shown or [{}])[0]]
    loss = [text for text in texts if "(99.loss)" in text]
    assert loss[0] + "\n" == loss[1] + "\n" == NOT_STARTED
    assert loss[2] + "\n" == NOTHING
    assert "Your code raised RuntimeError in line 10 of loss: `return x.reshape(3, 4)" in loss[3]
    assert "On one picture: shape '[3, 4]' is invalid for input of size 4" in loss[3]
    assert "Your code printed:\n    first <object object at 0x...>\n" in loss[3]
    assert "Your code asks for input in line 2 of loss: `name = input('name? ')`." in loss[4]
    assert "Your code ends Python in line 2 of loss: `sys.exit()`." in loss[5]
    assert loss[6] + "\n" == loss[7] + "\n" == FULL
    assert "99.encoder): not started yet" in texts[2]
    assert "1. The loss     3 of 3  done" in texts[-1]


@pytest.mark.slow
def test_a_notebook_shows_no_path_and_nothing_of_the_grader(notebooks):
    everything = str(notebooks[0])
    for word in ("vaecourse/grading", "ipykernel", "Traceback", "image/png", "stderr", "careful"):
        assert word not in everything
    assert not re.search(r"/(home|Users|root|tmp|work|usr|var)/", everything)


@pytest.mark.slow
def test_figures_of_an_answer_are_closed(notebooks):
    printed, figures = (
        notebooks[0][CELLS.index("print(bool(check('99.loss', loss)))\nplt.get_fignums()")][i] for i in (1, 2)
    )
    assert printed["text"] == "True\n"
    assert figures["data"]["text/plain"] == "[]"


INTERRUPTED = "import signal\n\ndef loss(x):\n    for _ in x:\n        signal.raise_signal(signal.SIGINT)"


STOPPING = {
    "check('99.loss', loss)": "Stopped while your code was in line 3 of loss: `signal.raise_signal(signal.SIGINT)`",
    "check('99.los')": "ValueError: lesson 99 has no task 'los'; its tasks: 99.loss, 99.encoder, 99.twice",
    "check(loss)": 'ValueError: check() takes a lesson and a task in quotes, such as "01.squared_error", and it got '
    "a value of type function; lessons with tasks: 99",
    "summary('1')": "ValueError: there are no tasks for lesson '1'; lessons with tasks: 99",
}


@pytest.mark.slow
def test_what_stops_a_notebook_shows_nothing_of_the_grader():
    _, *shown = outputs(run_notebook([INTERRUPTED, *STOPPING], allow_errors=True))
    assert [output["output_type"] for (output,) in shown] == ["error"] * len(STOPPING)
    assert [output["traceback"] for (output,) in shown] == [[said] for said in STOPPING.values()]
