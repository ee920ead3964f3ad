"""Which statements of a notebook belong to an answer: it is found wherever it is, and nothing that it does not need."""

import ast
import json
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from IPython.core import inputtransformer2
from IPython.core.inputtransformer2 import TransformerManager

from vaecourse.grading.tasks import tasks_of
from vaecourse.grading.worker.notebook import MAX_CELLS, MAX_SOURCE, Magics, UnreadableError, parse, plan, read

COURSE = Path(__file__).parents[2]
LESSONS = {"01": {"answer": "answer-cell"}}
IMPORTS = "import functools\nimport math"
ANSWER = "def answer(x):\n    return 2 * x"


@pytest.fixture
def exercise(notebook):
    """Makes a notebook that belongs to the lesson even if it answers nothing."""
    return partial(notebook, vaecourse={"lesson": "01"})


def found(raw: bytes, name: str = "answer") -> dict:
    return plan(raw, {"01": {name: f"{name}-cell"}})["answers"][name]


def kept(raw: bytes, name: str = "answer") -> list[str]:
    """The statements that are to be run, as source."""
    answer = found(raw, name)
    assert answer["state"] == "found", answer
    return [ast.unparse(statement) for part in answer["program"] for statement in statements(part)]


def statements(part: dict) -> list[ast.stmt]:
    body = ast.parse(part["source"]).body
    return [body[index] for index in part["keep"]]


def run(raw: bytes, name: str = "answer"):
    """What the statements leave under the name; those that fail leave nothing."""
    namespace = {"__name__": "__main__"}
    answer = found(raw, name)
    assert answer["state"] == "found", answer
    for part in answer["program"]:
        for statement in statements(part):
            with suppress(Exception, SystemExit):
                exec(compile(ast.Module([statement], []), "<cell>", "exec"), namespace)
    return namespace[name]


# Found wherever it is -------------------------------------------------------------------------------------

DOUBLES = {
    "as it should be": ["def answer(x):\n    return 2 * x"],
    "below what uses it": ["y = answer(3)", "def answer(x):\n    return 2 * x"],
    "a helper above": ["def twice(x):\n    return 2 * x", "def answer(x):\n    return twice(x)"],
    "a helper below": ["def answer(x):\n    return twice(x)", "def twice(x):\n    return 2 * x"],
    "helpers of helpers": [
        "def answer(x):\n    return b(x)",
        "def c(x):\n    return TWO * x",
        "def b(x):\n    return c(x)",
        "TWO = 2",
    ],
    "helpers that call each other": [
        "def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    return n != 0 and even(n - 1)",
        "def answer(x):\n    return 2 * x if odd(x) else 0",
    ],
    "recursion": ["def answer(x):\n    return 2 if x == 1 else 2 + answer(x - 1)"],
    "a decorator": [
        "def doubled(f):\n    @functools.wraps(f)\n    def g(x):\n        return 2 * f(x)\n    return g",
        "@doubled\ndef answer(x):\n    return x",
    ],
    "a decorator with an argument from elsewhere": [
        "TIMES = 2",
        "def times(n):\n    return lambda f: lambda x: n * f(x)",
        "@times(TIMES)\ndef answer(x):\n    return x",
    ],
    "wrapped afterwards": [
        "def answer(x):\n    return x",
        "def doubled(f):\n    return lambda x: 2 * f(x)",
        "answer = doubled(answer)",
    ],
    "a lambda": ["answer = lambda x: 2 * x"],
    "partly applied": ["def scale(n, x):\n    return n * x", "answer = functools.partial(scale, 2)"],
    "another name for it": ["def my_answer(x):\n    return 2 * x", "answer = my_answer"],
    "written twice, the last counts": ["def answer(x):\n    return x", "def answer(x):\n    return 2 * x"],
    "an instance": ["class Doubler:\n    def __call__(self, x):\n        return 2 * x", "answer = Doubler()"],
    "in a list": ["answer, other = [lambda x: 2 * x, None]"],
    "with a walrus": ["if (answer := lambda x: 2 * x):\n    pass"],
    "in an if": ["if True:\n    def answer(x):\n        return 2 * x\nelse:\n    answer = None"],
    "in a try": ["try:\n    import nothing_like_it\nexcept ImportError:\n    def answer(x):\n        return 2 * x"],
    "in a with": [
        "from contextlib import nullcontext",
        "with nullcontext(2) as two:\n    def answer(x):\n        return two * x",
    ],
    "in a loop": ["for n in range(3):\n    answer = functools.partial(lambda n, x: n * x, n)"],
    "in a match": ["match 2:\n    case two:\n        answer = lambda x: two * x"],
    "only when run as a notebook": ["if __name__ == '__main__':\n    def answer(x):\n        return 2 * x"],
    "two try imports": [
        "try:\n    from numpy import nothing as f\nexcept ImportError:\n    from math import floor as f",
        "def answer(x):\n    return f(2 * x)",
    ],
    "a star import": ["from math import *", "def answer(x):\n    return floor(2 * x)"],
    "a star import below": ["def answer(x):\n    return floor(2 * x)", "from math import *"],
    "an import of a part": ["import os.path", "def answer(x):\n    return 2 * x if os.path.sep else 0"],
    "a default argument": ["TWO = 2", "def answer(x, n=TWO):\n    return n * x"],
    "an annotation": ["Number = float", "def answer(x: Number) -> Number:\n    return 2 * x"],
    "a global in a comprehension": ["TWO = [1, 1]", "def answer(x):\n    return sum(one * x for one in TWO)"],
    "a global in an inner function": [
        "TWO = 2",
        "def answer(x):\n    def f():\n        return TWO * x\n    return f()",
    ],
    "a global that a function sets": [
        "count = 0",
        "def answer(x):\n    global count\n    count += 1\n    return 2 * x * count",
    ],
    "a list that grows": ["parts = []", "parts.append(1)\nparts += [1]", "def answer(x):\n    return sum(parts) * x"],
    "a dict that changes": ["settings = {}", "settings['n'] = 2", "def answer(x):\n    return settings['n'] * x"],
    "a dict deep within": [
        "settings = {'a': {'b': 1}}",
        "settings['a']['b'] = 2",
        "def answer(x):\n    return settings['a']['b'] * x",
    ],
    "an object that changes": [
        "class Settings:\n    n = 1",
        "Settings.n = 2",
        "def answer(x):\n    return Settings.n * x",
    ],
    "a method added by assignment": [
        "class Scale:\n    def __init__(self, x):\n        self.x = x",
        "def twice(self):\n    return 2 * self.x",
        "Scale.twice = twice",
        "def answer(x):\n    return Scale(x).twice()",
    ],
    "a method added by setattr": [
        "class Scale:\n    def __init__(self, x):\n        self.x = x",
        "setattr(Scale, 'twice', lambda self: 2 * self.x)",
        "def answer(x):\n    return Scale(x).twice()",
    ],
    "a base class in another cell": [
        "class Base:\n    def of(self, x):\n        return 2 * x",
        "class Scale(Base):\n    pass",
        "def answer(x):\n    return Scale().of(x)",
    ],
    "a class of a class": ["Scale = type('Scale', (), {'of': lambda self, x: 2 * x})", "answer = Scale().of"],
    "by globals": ["globals()['answer'] = lambda x: 2 * x"],
    "by exec": ["exec('def answer(x):\\n    return 2 * x')"],
    "by exec with a helper": ["TWO = 2", "source = '''def answer(x):\n    return TWO * x'''", "exec(source)"],
    "a method of a value": ["two = [0, 1]", "two.remove(0)\ntwo.append(1)", "def answer(x):\n    return len(two) * x"],
}


@pytest.mark.parametrize("cells", DOUBLES.values(), ids=DOUBLES)
def test_an_answer_is_found_wherever_it_is(exercise, cells):
    assert run(exercise(IMPORTS, *cells))(3) == 6


@pytest.mark.parametrize("cells", DOUBLES.values(), ids=DOUBLES)
def test_it_is_found_in_one_cell_and_between_cells_that_fail(exercise, cells):
    assert run(exercise("1 / 0", "def broken(:", IMPORTS + "\n" + "\n".join(cells), "raise SystemExit"))(3) == 6


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param("%matplotlib inline\ndef answer(x):\n    return 2 * x", id="a line magic"),
        pytest.param("!pip install nothing\ndef answer(x):\n    return 2 * x", id="a command"),
        pytest.param("files = !ls\ndef answer(x):\n    return 2 * x", id="what a command prints"),
        pytest.param("def answer(x):\n    return 2 * x\nanswer?", id="a question"),
        pytest.param("%%time\ndef answer(x):\n    return 2 * x", id="timed"),
        pytest.param("\n\n%%time\n\ndef answer(x):\n    return 2 * x", id="timed, below empty lines"),
        pytest.param("%%capture printed --no-stderr\ndef answer(x):\n    return 2 * x", id="captured"),
        pytest.param("    def answer(x):\n        return 2 * x", id="indented as a whole"),
        pytest.param(">>> def answer(x):\n...     return 2 * x", id="copied from a prompt"),
        pytest.param("def answer(x):\r\n    return 2 * x\r\n", id="line ends of Windows"),
        pytest.param("def answer(x):\n\treturn 2 * x\n", id="tabs"),
        pytest.param("x̂ = 'été'\ndef answer(x): return 2 * x", id="signs beyond ASCII"),
        pytest.param("text = '100 % !ls ?'\ndef answer(x):\n    return 5 % 3 * x", id="the same signs in Python"),
    ],
)
def test_what_jupyter_runs_is_found(exercise, cell):
    assert run(exercise(cell))(3) == 6


@pytest.mark.parametrize("magic", ["!ls", "%who", "x?", "files = !ls", "if True:\n    !ls"])
def test_a_cell_may_hold_many_magics(exercise, magic):
    """IPython by itself gives up after 500 of them in a cell."""
    assert run(exercise(f"{magic}\n" * 600 + ANSWER))(3) == 6


def test_each_magic_is_looked_at_once(exercise, monkeypatch):
    """IPython by itself reads the whole cell again for each magic: 300 of them take seconds."""
    lines = []
    tokens = inputtransformer2.make_tokens_by_line

    def counted(these):
        lines.append(len(these))
        return tokens(these)

    monkeypatch.setattr(inputtransformer2, "make_tokens_by_line", counted)
    assert run(exercise("!ls\n" * 300 + ANSWER))(3) == 6
    assert 300 < sum(lines) < 10 * 300


@pytest.mark.parametrize(
    "cell",
    [
        "!ls",
        "!ls\n%who\nx?\n",
        "for x in [1]:\n    !ls\n    y = %time x\n\n    z?\nelse:\n\t%who\n",
        "%time f(\n  1,\n)\n",
        "y = f(\n  1,\n  !ls\n)\n!ls\n",
        "!ls \\\n  -l \\\n  -a\n%who\n",
        "!echo it's\nx = 'a'\n%who",
        "!echo (\n%who\ny = (1,\n 2)\n!echo )\n",
        "!echo '''\n%who\n",
        "text = '''\n!ls\n%who\n'''\n!ls\n",
        "text = f'{x!r}'\n%who\n",
        "!ls\n  !ls\n",
        "# a comment?\n!ls  # another\nx?  # a third\n",
        "%who\nz = (\n",
        "%alias_magic t timeit\n??x\n?x\nx??\n/f 1\n,f a b\n;f a b\n",
        "def f():\n    '''Text.\n\n    !ls\n    '''\n    %who\n    return 1\n",
    ],
)
def test_magics_become_what_ipython_makes_of_them(cell):
    assert Magics().transform_cell(cell) == TransformerManager().transform_cell(cell)


def test_a_cell_may_be_a_list_of_lines(exercise):
    lines = {"cell_type": "code", "source": ["def answer(x):\n", "    return 2 * x"]}
    assert run(exercise(lines))(3) == 6


@pytest.mark.parametrize("above", ["", "\n\n", "%%time\n", "\n\n%%time\n", "%matplotlib inline\n", "# a comment\n"])
@pytest.mark.parametrize("below", ["", "\n%matplotlib inline"], ids=["Python", "magic"])
def test_line_numbers_are_those_of_the_cell(exercise, above, below):
    (part,) = found(exercise(f"{above}\n{ANSWER}{below}"))["program"]
    assert statements(part)[-1].lineno == above.count("\n") + 2


def test_ids_that_come_twice_or_are_missing_do_not_matter(exercise):
    raw = exercise("def two():\n    return 2", "def answer(x):\n    return two() * x", ids=["same", "same"])
    assert run(raw)(3) == 6
    content = json.loads(raw)
    content["cells"][0].pop("id")
    content["cells"][1]["id"] = 7
    assert run(json.dumps(content).encode())(3) == 6


# And nothing that it does not need ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("for x in range(10 ** 9):\n    pass", id="a loop over the parameter's name"),
        pytest.param("x = input()", id="a value of the parameter's name"),
        pytest.param("while True:\n    pass", id="a loop without end"),
        pytest.param("assert answer(3) == 6", id="a test"),
        pytest.param("print(answer(3))", id="a print"),
        pytest.param("results = [answer(n) for n in range(9)]", id="a use"),
        pytest.param("answer(3)", id="a call"),
        pytest.param("import antigravity", id="an import"),
        pytest.param("1 / 0", id="an error"),
        pytest.param("raise KeyboardInterrupt", id="an interrupt"),
        pytest.param("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", id="a plot"),
        pytest.param("class Other:\n    def answer(self):\n        pass", id="a method of its name"),
        pytest.param("def other():\n    answer = 3\n    return answer", id="a local variable of its name"),
        pytest.param("other.answer = 3", id="an attribute of its name"),
        pytest.param("if check('01.answer', answer):\n    y = answer(3)", id="a check"),
        pytest.param("", id="an empty cell"),
    ],
)
def test_what_an_answer_does_not_need_is_left_out(exercise, other):
    assert kept(exercise(other, ANSWER, other)) == [ANSWER]


def test_names_are_followed_only_where_they_are_global(exercise):
    """Parameters, local variables and variables of a comprehension are the function's own."""
    answer = "def answer(x, y=None, *z, **k):\n    t = x\n    return [n for n in (t, y, z, k)]"
    assert kept(exercise("x = y = z = k = t = n = 1 / 0", answer)) == [answer]


def test_an_import_does_not_bring_what_is_done_with_the_module(exercise):
    """``torch.save(model)`` would train the model for every answer that uses torch."""
    cells = [
        "import math",
        "model = train_for_hours()",
        "math.save(model)",
        "math.plot([n for n in model])",
        "def answer(x):\n    return math.floor(2 * x)",
    ]
    assert kept(exercise(*cells)) == [cells[0], cells[-1]]


def test_settings_of_a_module_are_kept(exercise):
    cells = ["import torch", "torch.set_default_dtype(torch.float64)", "torch.backends.mps.x = 1"]
    answer = "def answer(x):\n    return torch.zeros(x)"
    assert kept(exercise(*cells, answer)) == [*cells, answer]


def test_only_what_is_called_on_needed_values_is_kept(exercise):
    cells = ["parts, others = ([], [])", "parts.append(1)", "others.append(1 / 0)", "def answer():\n    return parts"]
    assert kept(exercise(*cells)) == [cells[0], cells[1], cells[3]]


def test_statements_keep_the_order_of_the_notebook(exercise):
    cells = ["a = 1", "def answer():\n    return b", "b = a", "a = 3", "b = a + 1"]
    assert kept(exercise(*cells)) == cells


# Stubs and what is missing --------------------------------------------------------------------------------

STUB = "def answer(x):\n    '''Double it.'''\n    raise NotImplementedError"
CLASS_STUB = (
    "class answer(Base):\n    '''A class.'''\n\n    def __init__(self):\n        super().__init__()\n"
    "        raise NotImplementedError\n\n    def of(self, x):\n        raise NotImplementedError('later')"
)


@pytest.mark.parametrize("stub", [STUB, STUB + "('later')", CLASS_STUB], ids=["function", "called", "class"])
def test_a_stub_is_not_started(exercise, stub):
    assert found(exercise("Base = object", stub, "answer(3)"))["state"] == "not started"


@pytest.mark.parametrize(
    "cells", [(STUB, ANSWER), (ANSWER, STUB), (STUB, ANSWER, STUB)], ids=["above", "below", "both"]
)
def test_a_stub_beside_the_answer_defines_nothing(exercise, cells):
    assert kept(exercise(*cells)) == [ANSWER]


@pytest.mark.parametrize(
    "begun",
    [
        "def answer(x):\n    y = 2 * x\n    raise NotImplementedError",
        "def answer(x):\n    if x:\n        raise NotImplementedError\n    return 0",
        "def answer(x):\n    raise ValueError",
        "class answer:\n    def of(self):\n        return 1\n\n    def to(self):\n        raise NotImplementedError",
        "class answer:\n    pass",
        "def answer(x):\n    pass",
    ],
)
def test_an_answer_that_was_begun_is_no_stub(exercise, begun):
    assert found(exercise(begun))["state"] == "found"


def test_an_answer_that_is_not_there_is_missing(exercise):
    answer = found(exercise("def other(x):\n    return answer", "# def answers(x):\nanswerer = 1"))
    assert (answer["state"], answer["program"]) == ("missing", [])
    assert answer["reason"] == "the notebook does not define answer"


def test_an_answer_with_an_error_in_its_syntax_is_broken(exercise):
    answer = found(exercise("a = 1", "def answer(x)\n    return 2 * x"))
    assert answer["state"] == "broken"
    assert answer["reason"] == "SyntaxError in line 1: `def answer(x)`"


def test_an_error_in_the_cell_of_the_answer_counts_whatever_is_in_it(exercise):
    answer = found(exercise("a = 1", "return 3", ids=["a", "answer-cell"]))
    assert (answer["state"], answer["reason"]) == ("broken", "SyntaxError in line 1: `return 3`")


def test_an_error_beside_a_stub_is_broken_too(exercise):
    """The stub was kept, and the answer stands in a cell of its own."""
    assert found(exercise(STUB, "def answer(x)\n    return 2 * x"))["state"] == "broken"
    assert found(exercise(STUB, "print(answer(3)"))["state"] == "not started"


@pytest.mark.parametrize(
    "other",
    [
        "%%bash\necho def answer",
        "%%html\n<b>answer</b>",
        "%%writefile answer.py\ndef answer(x):\n    return 0",
        "%%javascript\nlet answer = 3",
        "%%unknown\nanswer = 3",
        "def answer(:",
        "answer(",
        "\x00",
        "\ud800",
        "x" * (MAX_SOURCE + 1),
        "(" * 10_000,
        "-" * 50_000 + "1",
        "x = " + "+".join(["1"] * 50_000),
        "if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 150)),
    ],
    ids=lambda other: other[:12].encode("ascii", "replace").decode().replace("\x00", "null"),
)
def test_cells_of_other_languages_and_errors_elsewhere_do_not_matter(exercise, other):
    assert kept(exercise(other, ANSWER, other)) == [ANSWER]


def test_a_cell_of_another_language_defines_nothing(exercise):
    assert found(exercise("%%bash\nanswer = 3"))["state"] == "missing"


def test_only_so_many_cells_are_looked_at(exercise):
    assert kept(exercise(*["1"] * (MAX_CELLS - 1), ANSWER)) == [ANSWER]
    assert found(exercise(*["1"] * MAX_CELLS, ANSWER))["state"] == "missing"


# Whole notebooks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "metadata", "lesson"),
    [
        (["check('01.a', a)"], {}, "01"),
        (['check("02.a", a)'], {}, "02"),
        (["def one(): pass"], {}, "01"),
        (["def two(): pass"], {}, "02"),
        (["def one(): pass", "def two(): pass", "check('02.two', two)"], {}, "02"),
        ([], {"vaecourse": {"lesson": "02"}}, "02"),
        (["def two(): pass", "check('02.two')"], {"vaecourse": {"lesson": "01"}}, "02"),
        (["x = 1"], {}, ""),
        ([], {}, ""),
        (["check('77.seven')"], {}, ""),
        ([], {"vaecourse": {"lesson": "77"}}, ""),
        (["x = 1"], {"vaecourse": {"lesson": ["02"]}}, ""),
        (["x = 1"], {"vaecourse": "02"}, ""),
    ],
)
def test_a_notebook_tells_which_lesson_it_is(notebook, cells, metadata, lesson):
    planned = plan(notebook(*cells, **metadata), {"01": {"one": "one"}, "02": {"two": "two"}})
    assert planned["lesson"] == lesson
    assert list(planned["answers"]) == {"01": ["one"], "02": ["two"], "": []}[lesson]


@pytest.mark.parametrize("lesson", ["01"])
def test_the_exercise_is_not_started_and_the_solution_is_found(lesson):
    answers = {task.answer: task.id.partition(".")[2] for task in tasks_of(lesson)}
    states = {}
    for kind in ("exercises", "solutions"):
        (path,) = (COURSE / kind).glob(f"{lesson}_*.ipynb")
        planned = plan(path.read_bytes(), {lesson: answers})
        assert planned["lesson"] == lesson
        states[kind] = {answer["state"] for answer in planned["answers"].values()}
    assert states == {"exercises": {"not started", "missing"}, "solutions": {"found"}}


def cut_off(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: b"", "the file is empty"),
        (lambda raw: b" \n\t", "the file is empty"),
        (cut_off, "damaged, cut off, or of another kind"),
        (lambda raw: raw.decode().encode("utf-16"), "not text in UTF-8"),
        (lambda raw: b"\x89PNG\r\n\x1a\n" + bytes(100), "not text in UTF-8"),
        (lambda raw: b"%PDF-1.7", "damaged, cut off, or of another kind"),
        (lambda raw: b"import torch\n", "damaged, cut off, or of another kind"),
        (lambda raw: b"[" * 100_000, "damaged, cut off, or of another kind"),
        (lambda raw: b'{"cells": ' + b"1" * 5_000 + b"}", "damaged, cut off, or of another kind"),
        (lambda raw: b"[]", "no list of cells"),
        (lambda raw: b"3", "no list of cells"),
        (lambda raw: b'{"cells": {}}', "no list of cells"),
        (lambda raw: b'{"worksheets": [{"cells": []}], "nbformat": 3}', "no list of cells"),
    ],
)
def test_what_is_no_notebook_is_named(exercise, damage, words):
    for look in (parse, read, lambda raw: plan(raw, LESSONS)):
        with pytest.raises(UnreadableError, match=words):
            look(damage(exercise(ANSWER)))


def test_a_byte_order_mark_does_not_matter(exercise):
    assert kept(b"\xef\xbb\xbf" + exercise(ANSWER)) == [ANSWER]


@pytest.mark.parametrize(
    "cell",
    [
        None,
        3,
        [],
        {},
        {"cell_type": "code"},
        {"cell_type": "code", "source": None},
        {"cell_type": "code", "source": 3},
        {"cell_type": "code", "source": {"a": 1}},
        {"cell_type": "code", "source": [1, None, "def answer(:"]},
        {"cell_type": ["code"], "source": "answer = 1"},
        {"cell_type": "markdown", "source": "answer = 1"},
        {"cell_type": "raw", "source": "answer = 1"},
        {"source": "answer = 1"},
    ],
    ids=str,
)
def test_what_is_no_code_cell_is_passed_over(exercise, cell):
    content = json.loads(exercise(ANSWER))
    content["cells"] = [cell, *content["cells"], cell]
    assert kept(json.dumps(content).encode()) == [ANSWER]


@pytest.mark.parametrize("metadata", [None, 3, [], {"vaecourse": None}, {"vaecourse": []}], ids=str)
def test_odd_metadata_do_not_matter(exercise, metadata):
    content = json.loads(exercise(ANSWER))
    content["metadata"] = metadata
    assert kept(json.dumps(content).encode()) == [ANSWER]


def test_cells_are_numbered_as_in_the_notebook(exercise):
    text = {"cell_type": "markdown", "source": "# A title"}
    raw = exercise(text, "a = 1", "", text, ANSWER)
    assert [(cell.number, cell.source) for cell in read(raw)] == [(2, "a = 1"), (5, ANSWER)]
    assert [part["cell"] for part in found(raw)["program"]] == [5]
