"""What a student is told about an exception: their own line, and nothing of the grader or the machine."""

import itertools
import linecache

import pytest
import torch
from cells import run_cell

from vaecourse.grading.worker.observe import ENDING, Failure, failure_of, observe, student_line


def look(answer, **inputs):
    return observe(lambda answer, **inputs: {"value": answer(*inputs.values())}, answer, inputs)


def fail(source: str, name: str = "f", **inputs) -> Failure:
    """The failure of what a cell defines under a name."""
    failure = look(run_cell(source)[name], **inputs)
    assert isinstance(failure, Failure)
    return failure


def test_what_the_probe_sees_comes_back():
    assert look(lambda x: x + 1, x=2) == {"value": 3}


# The student's line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filename", "known"),
    [
        ("/tmp/ipykernel_123/4567.py", True),
        ("/var/folders/x1/T/ipykernel_123/4567.py", True),
        (r"C:\Users\me\AppData\Local\Temp\ipykernel_123\4567.py", True),
        ("<ipython-input-3-0a1b2c>", True),
        ("/tmp/ipython-input-3-123.py", True),
        ("<cell 7>", True),
        ("/usr/lib/python3/helpers.py", False),
        ("/home/me/ipykernel_1/module/x.py", False),
        ("<string>", False),
    ],
)
def test_cells_are_known_by_their_file_names(filename, known):
    failure = look(run_cell("def f():\n    return 1 / 0", filename)["f"])
    expected = " in line 2 of f: `return 1 / 0`" if known else ""
    assert failure.idea == f"Your code raised ZeroDivisionError{expected}."


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("\n\ndef f():\n    # nothing\n    return len(3)", "in line 3 of f: `return len(3)`"),
        ("import torch\ndef f():\n    return torch.zeros(2, 3) @ torch.zeros(2, 3)", "in line 2 of f: `return torch"),
        ("def g():\n    len(3)\n\ndef f():\n    g()", "in line 2 of g: `len(3)`"),
        ("def f():\n    def g():\n        len(3)\n    g()", "in line 2 of f.g: `len(3)`"),
        ("class F:\n    def run(self):\n        len(3)\n\nf = F().run", "in line 2 of F.run: `len(3)`"),
        ("\nf = lambda: len(3)", "in line 2 of the cell: `f = lambda: len(3)`"),
        ("def f():\n    return sum(len(3) for _ in 'a')", "in line 2 of the cell: `return sum(len(3) for _ in 'a')`"),
        ("def f():\n    return len(3, " + "0 + " * 50 + "0)", "in line 2 of f: `return len(3, 0 + 0 +"),
    ],
    ids=["later-in-the-cell", "in-torch", "called", "nested", "method", "lambda", "generator", "long-line"],
)
def test_the_innermost_line_of_the_student_is_named(source, where):
    idea = fail(source).idea
    assert where in idea
    assert len(idea) < 220


def test_a_line_outside_of_functions_is_counted_in_its_cell():
    for filename, cell in (("<cell 7>", "cell 7"), ("/tmp/ipykernel_5/1.py", "the cell")):
        with pytest.raises(ZeroDivisionError) as caught:
            run_cell("x = 1\ny = x / 0\n", filename)
        assert failure_of(caught.value).idea == f"Your code raised ZeroDivisionError in line 2 of {cell}: `y = x / 0`."


def test_a_cell_that_is_no_python_shows_where():
    with pytest.raises(SyntaxError) as caught:
        run_cell("x = 1\ny = = 2\n", "<cell 3>")
    assert student_line(caught.value) == " in line 2: `y = = 2`"


def test_without_its_text_a_line_is_not_named():
    answer = run_cell("def f():\n    len(3)", "<cell 99>")["f"]
    del linecache.cache["<cell 99>"]
    assert look(answer).idea == "Your code raised TypeError."


# What happened --------------------------------------------------------------------------------------------

STUB = "def f():\n    raise NotImplementedError"
CLASS_STUB = "class f:\n    def __init__(self):\n        raise NotImplementedError"
LIBRARY = "from torch.distributions import Bernoulli\ndef f():\n    return Bernoulli(0.5).rsample()"
NO_FORWARD = "import torch\nclass Net(torch.nn.Module):\n    pass\nf = lambda: Net()(1)"


@pytest.mark.parametrize("source", [STUB, STUB + "('write it here')", STUB + "()", CLASS_STUB])
def test_a_stub_is_not_started(source):
    assert fail(source) == Failure("not-started", "Not started yet.")


def test_a_stub_outside_of_a_notebook_is_not_started():
    def stub():
        raise NotImplementedError

    assert look(stub).kind == "not-started"


@pytest.mark.parametrize("source", [LIBRARY, NO_FORWARD], ids=["rsample", "forward"])
def test_what_a_library_does_not_implement_is_no_stub(source):
    failure = fail(source)
    assert failure.kind == "raised"
    assert failure.idea.startswith("Your code raised NotImplementedError in line ")


@pytest.mark.parametrize(
    ("statement", "idea"),
    [
        ("import sys; sys.exit(1)", "Your code ends Python in line 2 of f: `import sys; sys.exit(1)`. Let it return"),
        ("raise SystemExit", "Your code ends Python in line 2 of f: `raise SystemExit`."),
        ("raise BaseException('x')", "Your code raised BaseException in line 2 of f: "),
        ("raise GeneratorExit", "Your code raised GeneratorExit in line 2 of f: "),
        ("raise EOFError", "Your code raised EOFError in line 2 of f: `raise EOFError`."),
        ("f()", "Your code raised RecursionError in line 2 of f: `f()`."),
    ],
)
def test_an_answer_may_raise_anything(statement, idea):
    assert fail(f"def f():\n    {statement}").idea.startswith(idea)


def test_input_has_its_own_hint(monkeypatch):
    def at_the_end(prompt=""):
        raise EOFError("EOF when reading a line")

    monkeypatch.setattr("builtins.input", at_the_end)
    failure = fail("def f():\n    return input('x? ')")
    assert failure.idea == "Your code asks for input in line 2 of f: `return input('x? ')`. Nobody is there to answer."
    assert failure.measured == ""


def test_a_keyboard_interrupt_comes_through():
    with pytest.raises(KeyboardInterrupt):
        look(run_cell("def f():\n    raise KeyboardInterrupt")["f"])


@pytest.mark.parametrize(
    ("text", "measured"),
    [
        ("two values, got 3", "two values, got 3"),
        ("<object at 0x7f12ab34cd56>", "<object at 0x...>"),
        ("name 'x' (/home/me/venv/lib/torch/__init__.py)", "name 'x' (__init__.py)"),
        (r"cannot read 'C:\Users\me\digits.pt'", "cannot read 'digits.pt'"),
        ("values / pixels, 3/4 or and/or", "values / pixels, 3/4 or and/or"),
        ("see https://example.org/docs/page", "see https://example.org/docs/page"),
        ("Errors:\n\tsize mismatch\n", "Errors:\n    size mismatch"),
        ("", ""),
        ("a" * 5000, "a" * 600),
    ],
)
def test_messages_tell_nothing_of_the_machine(text, measured):
    def answer():
        raise ValueError(text)

    assert look(answer).measured == measured


@pytest.mark.parametrize("raised", ["ValueError", "SystemExit"])
def test_an_exception_that_cannot_be_written_is_named(raised):
    source = f"class Bad(Exception):\n    def __str__(self):\n        raise {raised}\n\ndef f():\n    raise Bad"
    assert fail(source) == Failure("raised", "Your code raised Bad in line 2 of f: `raise Bad`.")


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (0.25, "a value of type float"),
        (torch.tensor(0.25), "a value of type Tensor"),
        (None, "None"),
        ("f", "a value of type str"),
    ],
)
def test_an_answer_that_cannot_be_called_is_named(answer, what):
    failure = look(answer)
    assert failure.kind == "not-callable"
    assert failure.idea.startswith("The answer should be the function or class itself")
    assert failure.measured == f"It is {what}."


def test_an_answer_need_not_be_callable_if_the_probe_does_not_call_it():
    assert observe(lambda answer: {"value": answer}, 0.25, {}) == {"value": 0.25}


def test_only_what_ends_the_process_is_a_status():
    kinds = itertools.chain(ENDING, ["raised", "not-started", "not-callable"])
    statuses = {kind: Failure(kind, "").status for kind in kinds}
    assert [status for status in statuses.values() if status] == ["timed out", "crashed", "out of memory", "no reply"]
    assert statuses["raised"] is statuses["not-started"] is statuses["not-callable"] is None
