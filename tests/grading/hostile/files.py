"""Files that are no notebooks, and notebooks that are put together strangely."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from hostile.entry import CHEAP, EXERCISE, IMPORTS, NEIGHBOUR, Entry, answer, as_file, code, notebook, solution

UNREADABLE = ("unreadable",)
TWO = {"squared_error": CHEAP["squared_error"], NEIGHBOUR: CHEAP[NEIGHBOUR]}
MB = 10**6


def plain(*more: Any, **options: Any) -> dict:
    """A small notebook with two right answers, and more cells behind them."""
    return notebook(IMPORTS, answer("squared_error"), answer(NEIGHBOUR), *more, **options)


def plain_broken(text: str) -> dict:
    """A notebook in which one answer holds something that cannot be parsed, or not compiled."""
    return notebook(IMPORTS, f"def squared_error(x, x_hat):\n    return {text}", answer(NEIGHBOUR))


def raw(content: Any) -> bytes:
    return json.dumps(content).encode()


def unreadable(name: str, content: bytes | Callable[[], bytes]) -> Entry:
    return Entry(name, as_file(content), {}, status=UNREADABLE)


def odd(name: str, content: Any, points: dict = TWO, **options: Any) -> Entry:
    return Entry(name, as_file(content), points, **options)


def changed(change: Callable[[dict], Any]) -> Callable[[], dict]:
    """The solution without what trains, after ``change(notebook)``."""

    def make() -> dict:
        content = deepcopy(solution())
        content["cells"] = [cell for cell in content["cells"] if "train_autoencoder" not in cell["id"]]
        change(content)
        return content

    return make


def _all_code(content: dict) -> list[dict]:
    return [cell for cell in content["cells"] if cell["cell_type"] == "code"]


def _without_ids(content: dict) -> None:
    for cell in content["cells"]:
        del cell["id"]


def _same_ids(content: dict) -> None:
    for cell in content["cells"]:
        cell["id"] = "squared_error"


def _without_checks(content: dict) -> None:
    content["cells"] = [cell for cell in content["cells"] if not cell["id"].endswith("-check")]


def _checks_that_lie(content: dict) -> None:
    for cell in content["cells"]:
        if cell["id"].endswith("-check"):
            cell["source"] = "from vaecourse.grading import tasks\ncheck = lambda *a: True\nraise SystemExit"


def _everything_twice(content: dict) -> None:
    content["cells"] += deepcopy(content["cells"])


def _stubs_below(content: dict) -> None:
    exercise = json.loads(EXERCISE.read_text(encoding="utf-8"))
    content["cells"] += [cell for cell in exercise["cells"] if "train_autoencoder" not in cell["id"]]


def _other_metadata(content: dict) -> None:
    content["metadata"] = {"kernelspec": {"name": "ir", "language": "R"}, "vaecourse": {"lesson": "99", "points": 1000}}
    for cell in content["cells"]:
        cell["metadata"] = {"nbgrader": {"points": 1000, "grade": True, "schema_version": -1, "locked": "yes"}}


def _broken_outputs(content: dict) -> None:
    for cell in _all_code(content):
        cell["outputs"] = [None, 7, {"output_type": []}, {"data": {"text/html": "<script>alert(1)</script>" * 99}}]
        cell["execution_count"] = "many"


def _windows_lines(content: dict) -> None:
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")


def _tabs(content: dict) -> None:
    for cell in _all_code(content):
        cell["source"] = "".join(cell["source"]).replace("    ", "\t")


def _as_text(content: dict) -> None:
    for cell in content["cells"]:
        cell["cell_type"] = "markdown"


def _long_chain() -> dict:
    """An answer that needs a name, which needs another one, and so on."""
    chain = "".join(f"x{n + 1} = x{n}\n" for n in range(2000))
    final = "def squared_error(x, x_hat):\n    return x2000 * ((x - x_hat) ** 2).flatten(1).sum(1).mean()"
    return notebook(IMPORTS, "x0 = 1\n" + chain, final, answer(NEIGHBOUR))


ODD_CELLS = [
    None,
    7,
    "text",
    [],
    {},
    {"cell_type": "code"},
    {"cell_type": "code", "source": None},
    {"cell_type": "code", "source": 7, "id": None},
    {"cell_type": "code", "source": {"a": 1}},
    {"cell_type": "code", "source": [None, 7, ["x = 1"], {}]},
    {"cell_type": ["code"], "source": "x = 1"},
    {"cell_type": "raw", "source": "def squared_error(x, x_hat): return 0"},
    code("x = (" * 5_000),
    code("x = " + "-" * 50_000 + "1"),
    code("x = " + "(" * 150 + ")" * 150),
    code("x = " + "+".join(["1"] * 20_000)),
    code("x" + ".y" * 20_000),
    code("x = " + "[" * 90 + "]" * 90),
    code("if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 99)) + " " * 99 + "x = 1"),
    code("\\\n" * 10_000),
    code("def broken(:"),
    code("a\0b = 1"),
    code("# \ud800\nx = '\udfff'"),
    code("%%bash\nfor x in; do"),
    code("%%R\nx <- 1"),
    code("%%"),
    code("%"),
    code("!"),
    code("?"),
    code("x = !ls\n%time squared_error = None"),
    code("\f\v\x1c\x85\u2028"),
    code("\t x = 1\n  y = 2"),
    code("return 1"),
    code("await something"),
    code("from nowhere import nothing"),
    code("nonlocal x"),
    code("while True: pass"),
    code("input()"),
    code("raise SystemExit"),
    code("import os; os._exit(1)"),
    code("f'{' * 100"),
    code("f\"{f'{1:{2}}'}\"" * 100),
    code("match x:\n    case squared: pass"),
]

# A notebook as its own file name, and what stands in for a file -----------------------------------------------


def named(student: str, file: str) -> Callable[[Path, str], str]:
    def put(folder: Path, stem: str) -> str:
        (folder / file).write_bytes(raw(plain()))
        return student

    return put


def _link(folder: Path, stem: str) -> str:
    target = folder.parent / "elsewhere.ipynb"
    target.write_bytes(raw(plain()))
    (folder / f"{stem}.ipynb").symlink_to(target)
    return stem


def _pipe(folder: Path, stem: str) -> str:
    os.mkfifo(folder / f"{stem}.ipynb")
    return stem


def _directory(folder: Path, stem: str) -> str:
    (folder / f"{stem}.ipynb").mkdir()
    return f"{stem}.ipynb"


# Zip files ----------------------------------------------------------------------------------------------------


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return made.getvalue()


def _in_zip(name: str, content: Callable[[], bytes], points: dict, **options: Any) -> Entry:
    return Entry(name, as_file(content, ".zip"), points, **options)


def _encrypted() -> bytes:
    """With the flag that says so: in the file's own header, and in the directory."""
    made = bytearray(zipped(("01.ipynb", raw(plain()))))
    made[6] |= 1
    made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


ZIPS = [
    _in_zip("zip: a bomb", lambda: zipped(("01.ipynb", bytes(2**28))), {}, status=UNREADABLE),
    _in_zip(
        "zip: a bomb of zip files",
        lambda: zipped(*((f"{n}.zip", zipped(("01.ipynb", bytes(2**25)))) for n in range(20))),
        {},
        status=UNREADABLE,
    ),
    _in_zip("zip: a way out", lambda: zipped(("../../../../vaecourse-hostile.ipynb", raw(plain()))), TWO),
    _in_zip("zip: an absolute path", lambda: zipped(("/tmp/vaecourse-hostile.ipynb", raw(plain()))), TWO),
    _in_zip("zip: encrypted", _encrypted, {}, status=UNREADABLE),
    _in_zip("zip: cut off", lambda: zipped(("01.ipynb", raw(plain())))[:-40], {}, status=UNREADABLE),
    _in_zip("zip: lzma", lambda: zipped(("01.ipynb", raw(plain())), method=zipfile.ZIP_LZMA), {}, status=UNREADABLE),
    _in_zip(
        "zip: a good notebook beside a bomb", lambda: zipped(("a.ipynb", raw(plain())), ("b.ipynb", bytes(2**28))), TWO
    ),
    _in_zip("zip: no zip file", lambda: b"PK\x03\x04 and nothing more", {}, status=UNREADABLE),
    _in_zip(
        "zip: ten thousand files",
        lambda: zipped(*((f"{n}.txt", b"") for n in range(10_000)), ("x.ipynb", raw(plain()))),
        TWO,
    ),
]

ENTRIES = [
    unreadable("empty", b""),
    unreadable("white space", b" \n" * 1000),
    unreadable("cut off", lambda: raw(plain())[:-100]),
    unreadable("no JSON", b"\x89PNG\r\n\x1a\n" * 100),
    unreadable("a list", b"[]"),
    unreadable("a number", b"1"),
    unreadable("not a notebook", b'{"name": "package.json"}'),
    unreadable("no list of cells", b'{"cells": {"0": {}}}'),
    unreadable("version 3", lambda: raw({"nbformat": 3, "worksheets": [{"cells": plain()["cells"]}]})),
    unreadable("25 MB", lambda: raw(plain(code("x" * 25 * MB)))),
    unreadable(
        "nested 50,000 times",
        lambda: raw(plain()).replace(b'"nbformat"', b'"x": ' + b"[" * 50_000 + b"]" * 50_000 + b', "nbformat"', 1),
    ),
    unreadable("UTF-16", lambda: raw(plain()).decode().encode("utf-16")),
    unreadable("null bytes", lambda: raw(plain()).replace(b" ", b"\0")),
    unreadable("numbers too long", lambda: raw(plain()).replace(b'"nbformat": 4', b'"nbformat": ' + b"9" * 10**6)),
    odd("no cells at all", lambda: notebook(), {}, status=("nothing to grade",)),
    odd("not started", lambda: EXERCISE.read_bytes(), {}, status=("nothing to grade",)),
    odd("a byte order mark", lambda: b"\xef\xbb\xbf" + raw(plain())),
    odd("keys twice", lambda: raw(plain())[:-1] + b', "cells": ' + raw(plain()["cells"]) + b"}"),
    odd("NaN in the metadata", lambda: raw(plain()).replace(b'"nbformat": 4', b'"nbformat": NaN')),
    odd("100,000 cells", lambda: plain(*(code("x = 1") for _ in range(100_000)))),
    odd(
        "a thousand definitions",
        lambda: plain(*(answer("squared_error").replace("x_hat", f"x_{n}") for n in range(1000))),
    ),
    odd("a long chain", _long_chain),
    odd("a cell of magics", lambda: plain("!ls\n" * 300, "%who\n" * 300, "x?\n" * 300)),
    odd("a giant cell", lambda: plain("x = '" + "x" * 10 * MB + "'")),
    odd(
        "an answer in a giant cell",
        lambda: notebook(IMPORTS, answer("squared_error") + "\n# " + "x" * 300_000, answer(NEIGHBOUR)),
        {NEIGHBOUR: 2},
        tasks={"squared_error": ("failed",)},
    ),
    odd(
        "an answer in a long cell",
        lambda: notebook(IMPORTS, "# \t0x12345678\n" * 10_000 + answer("squared_error"), answer(NEIGHBOUR)),
    ),
    odd("odd cells", lambda: notebook(*ODD_CELLS, *plain()["cells"], *ODD_CELLS)),
    *(
        odd(f"an answer that the parser does not take, {number}", lambda text=text: plain_broken(text), {NEIGHBOUR: 2})
        for number, text in enumerate(("(" * 5_000, "-" * 50_000 + "1", "\0", "'\ud800'", "1" * 10_000, "1 +"))
    ),
    odd("cells without ids", changed(_without_ids), CHEAP),
    odd("cells with one id", changed(_same_ids), CHEAP),
    odd("cells backwards", changed(lambda content: content["cells"].reverse()), CHEAP),
    odd("checks deleted", changed(_without_checks), CHEAP),
    odd("checks that lie", changed(_checks_that_lie), CHEAP),
    odd("everything twice", changed(_everything_twice), CHEAP),
    odd("stubs below the answers", changed(_stubs_below), CHEAP),
    odd("other metadata", changed(_other_metadata), CHEAP),
    odd("broken outputs", changed(_broken_outputs), CHEAP),
    odd("lines as in Windows", changed(_windows_lines), CHEAP),
    odd("tabs", changed(_tabs), CHEAP),
    odd("answers in Markdown", changed(_as_text), {}),
    odd("metadata that is none", lambda: plain(metadata=[1, 2])),
    Entry("another language", named("Анна Пример", "Анна Пример.ipynb"), TWO),
    Entry("another direction", named("gpj.knil", "\u202egpj.knil.ipynb"), TWO),
    Entry("a new line in the name", named("new line", "new\nline.ipynb"), TWO),
    Entry("a formula", named("=cmd()", "=cmd().ipynb"), TWO),
    Entry("a long name", named("n" * 50 + "…" + "n" * 49, "n" * 240 + ".ipynb"), TWO),
    Entry("a name with dots", named("x..", "x...ipynb"), TWO),
    Entry("a name of HTML", named("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>.ipynb"), TWO),
    Entry("a name of options", named("--out", "--out.ipynb"), TWO),
    Entry("a name that is not UTF-8", named("x" + "\N{REPLACEMENT CHARACTER}", os.fsdecode(b"x\xff.ipynb")), TWO),
    Entry("a link", _link, {}, status=UNREADABLE),
    Entry("a pipe", _pipe, {}, status=UNREADABLE),
    Entry("a directory", _directory, {}, status=("nothing to grade",)),
    *ZIPS,
]
