"""What of a student's notebook belongs to an answer.

Graded is what the notebook *defines*. For each answer this module finds the top-level statements that bind its name,
and those that bind the names which these use, and so on; loops, plots and checks that define nothing needed are left
out. So neither the order of cells, nor a cell that fails or never ends, touches an answer that does not need it.
"""

import ast
import dis
import json
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import CodeType
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager, make_tokens_by_line

MAX_SOURCE = 200_000
"""Characters of one cell that are looked at."""
MAX_CELLS = 2_000
_PASSED_OVER = re.compile(r"\s*%%(time|timeit|capture|prun)\b[^\n]*")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_CHECKED = re.compile(r"""check\(\s*["'](\d\d)\.\w+["']""")


class UnreadableError(Exception):
    """The file is no notebook; the message says what is wrong with it."""


@dataclass(frozen=True)
class Statement:
    """A top-level statement: where it stands, and which global names it binds, changes and uses."""

    cell: int
    index: int
    binds: frozenset[str]
    changes: frozenset[str]
    calls: frozenset[str]
    """``name.method(...)``: it may change what has the name"""
    uses: frozenset[str]
    is_stub: bool
    is_import: bool
    takes_all: bool
    """``from ... import *``: it may bind anything"""


@dataclass(frozen=True)
class Cell:
    """A code cell: its number among the notebook's cells, its id, its source as Python, and its statements."""

    number: int
    id: str
    source: str
    statements: tuple[Statement, ...]
    error: str = ""
    """why it is not Python"""


def read(raw: bytes) -> list[Cell]:
    """The code cells of a notebook file.

    Raises:
        UnreadableError: it is empty, cut off, or no notebook.
    """
    return [_cell(number, id_, source) for number, id_, source in code_cells(parse(raw))]


def parse(raw: bytes) -> Mapping[str, Any]:
    """The notebook's JSON.

    Raises:
        UnreadableError: it is empty, cut off, or no notebook.
    """
    if not raw.strip():
        raise UnreadableError("the file is empty")
    try:
        content = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableError("the file is not text in UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError("the file is not a notebook: damaged, cut off, or of another kind") from error
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise UnreadableError("the file is JSON, but not a notebook of version 4: it has no list of cells")
    return content


def code_cells(content: Mapping[str, Any]) -> Iterator[tuple[int, str, str]]:
    """Number, id and source of each code cell; what is no cell is passed over."""
    for number, cell in enumerate(content["cells"][:MAX_CELLS], 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        if isinstance(source, str) and source.strip():
            yield number, str(cell.get("id", ""))[:100], source


def plan(raw: bytes, lessons: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Which lesson's exercise a notebook is, and what to run for each of its answers.

    Args:
        raw: the file.
        lessons: for each lesson, {answer: id of its cell}.

    Returns:
        ``{"lesson": "01", "answers": {name: {"state": ..., "reason": ..., "program": [...]}}}``, where a state is
        "found", "missing", "not started" or "broken", and a program a list of ``{"cell", "source", "keep"}``: of the
        cell's statements the ones to run.

    Raises:
        UnreadableError: the file is no notebook.
    """
    content = parse(raw)
    cells = [_cell(*cell) for cell in code_cells(content)]
    lesson = _lesson(content, cells, lessons)
    answers = {name: _answer(name, id_, cells) for name, id_ in lessons.get(lesson, {}).items()}
    return {"lesson": lesson, "answers": answers}


def _lesson(content: Mapping[str, Any], cells: Sequence[Cell], lessons: Mapping[str, Mapping[str, str]]) -> str:
    """By what the notebook checks and defines, then by its metadata; "" if nothing tells."""
    votes: Counter[str] = Counter()
    for cell in cells:
        votes.update(_CHECKED.findall(cell.source))
        bound = {name for statement in cell.statements for name in statement.binds}
        votes.update(lesson for lesson, answers in lessons.items() for name in answers if name in bound)
    metadata = content.get("metadata")
    own = metadata.get("vaecourse") if isinstance(metadata, dict) else None
    if isinstance(own, dict) and isinstance(own.get("lesson"), str):
        votes[own["lesson"]] += 1
    known = [(count, lesson) for lesson, count in votes.items() if lesson in lessons]
    return max(known, key=lambda pair: (pair[0], pair[1]))[1] if known else ""


def _answer(name: str, id_: str, cells: Sequence[Cell]) -> dict[str, Any]:
    statements = [statement for cell in cells for statement in cell.statements]
    binding = [statement for statement in statements if name in statement.binds]
    if not binding:
        return _unbound(name, id_, cells, statements)
    if all(statement.is_stub for statement in binding):
        definition = re.compile(rf"\b(def|class)\s+{re.escape(name)}\b")
        broken = [cell for cell in cells if cell.error and definition.search(cell.source)]
        return _state("broken", broken[-1].error) if broken else _state("not started", "not started yet")
    kept = set(_needed(name, statements))
    return _state("found", program=_program(cells, kept))


def _unbound(name: str, id_: str, cells: Sequence[Cell], statements: Sequence[Statement]) -> dict[str, Any]:
    """No statement binds the name: its cell is no Python, or it is bound in some hidden way, or it is not there."""
    mention = re.compile(rf"\b{re.escape(name)}\b")
    broken = [cell for cell in cells if cell.error and (cell.id == id_ or mention.search(cell.source))]
    if broken:
        return _state("broken", broken[-1].error)
    if any(re.search(rf"""["']{re.escape(name)}["']|def {re.escape(name)}\b""", cell.source) for cell in cells):
        everything = {(s.cell, s.index) for s in statements}
        return _state("found", program=_program(cells, everything))
    return _state("missing", f"the notebook does not define {name}")


def _state(state: str, reason: str = "", program: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    return {"state": state, "reason": reason, "program": list(program)}


def _program(cells: Sequence[Cell], kept: set[tuple[int, int]]) -> Iterator[dict[str, Any]]:
    for cell in cells:
        keep = [s.index for s in cell.statements if (s.cell, s.index) in kept]
        if keep:
            yield {"cell": cell.number, "source": cell.source, "keep": keep}


def _needed(name: str, statements: Sequence[Statement]) -> Iterable[tuple[int, int]]:
    """The statements that an answer needs, as (cell, index): those that bind it, and all that these use."""
    defined = {n for s in statements if not s.is_stub for n in s.binds}
    # A stub that was copied, or left standing beside the answer, defines nothing.
    candidates = [s for s in statements if not (s.is_stub and s.binds & defined)]
    bound = {n for s in statements for n in s.binds}
    modules = {n for s in statements if s.is_import for n in s.binds}
    names, kept = {name}, {(s.cell, s.index) for s in candidates if s.takes_all}

    def is_needed(s: Statement) -> bool:
        if s.binds & names or s.changes & names:
            return True
        # torch.set_default_dtype(...) belongs to every answer that uses torch, and torch.save(model, ...) to none.
        return bool(s.calls & names) and (not s.calls & modules or s.uses & bound <= names | modules)

    while True:
        more = [s for s in candidates if (s.cell, s.index) not in kept and is_needed(s)]
        if not more:
            return kept
        for statement in more:
            kept.add((statement.cell, statement.index))
            names |= statement.uses


def _cell(number: int, id_: str, source: str) -> Cell:
    if len(source) > MAX_SOURCE:
        return Cell(number, id_, source[:MAX_SOURCE], (), f"it has more than {MAX_SOURCE:,} characters")
    try:
        source, tree = _parsed(_without_magic(source))
        statements = tuple(_statement(number, index, node) for index, node in enumerate(tree.body))
    except SyntaxError as error:
        return Cell(number, id_, source, (), f"{type(error).__name__}{_place(error, source)}")
    except (ValueError, RecursionError, MemoryError) as error:
        return Cell(number, id_, source, (), f"it cannot be parsed ({type(error).__name__})")
    return Cell(number, id_, source, statements)


def _place(error: SyntaxError, source: str) -> str:
    """Which line it is about, if any: the compiler, unlike the parser, has no text to quote it from."""
    lines = source.splitlines()
    if error.lineno is None or error.lineno > len(lines):
        return ""
    return f" in line {error.lineno}: `{lines[error.lineno - 1].strip()[:120]}`"


def _without_magic(source: str) -> str:
    """The Python in a cell that begins with a cell magic, at the lines where it was; "" if it is another language."""
    if not source.lstrip().startswith("%%"):
        return source
    magic = _PASSED_OVER.match(source)
    return "\n" * magic.group().count("\n") + source[magic.end() :] if magic else ""


def _parsed(source: str) -> tuple[str, ast.Module]:
    """The source, with IPython's own notation turned into Python if there is any, and its syntax tree.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is not Python either way.
    """
    try:
        return source, ast.parse(source)
    except SyntaxError:
        empty_lines = source[: -len(source.lstrip())].count("\n")  # IPython leaves them out
        with suppress(Exception):  # it then is no Python either, and ast will say where
            source = "\n" * empty_lines + Magics().transform_cell(source)
        return source, ast.parse(source)


class Magics(TransformerManager):
    """IPython's notation to Python, one logical line at a time.

    IPython reads the whole cell again after each magic, and gives up after 500 of them.
    """

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        transform = super().do_token_transforms
        return [new for logical in _logical_lines(lines) for new in transform(logical)]


def _logical_lines(lines: list[str]) -> Iterator[list[str]]:
    """The lines of a cell, those together that brackets, quotes or backslashes hold together.

    What follows a bracket or quote that is never closed stays together.
    """
    start = 0
    for tokens in make_tokens_by_line(lines):
        end = tokens[-1].end[0]
        if tokens[-1].type in (tokenize.NEWLINE, tokenize.NL) and end > start:
            yield lines[start:end]
            start = end
    if start < len(lines):
        yield lines[start:]


def _statement(cell: int, index: int, node: ast.stmt) -> Statement:
    code = compile(ast.Module([node], []), "<statement>", "exec")
    return Statement(
        cell,
        index,
        binds=frozenset(_bound(code)),
        changes=frozenset(_changed(node)),
        calls=frozenset(_called(node)),
        uses=frozenset(_used(code)),
        is_stub=_is_stub(node),
        is_import=isinstance(node, (ast.Import, ast.ImportFrom)),
        takes_all=isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names),
    )


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _bound(code: CodeType) -> Iterator[str]:
    for inner in _codes(code):
        for instruction in dis.get_instructions(inner):
            if instruction.opname == "STORE_GLOBAL" or (instruction.opname == "STORE_NAME" and inner is code):
                yield instruction.argval


def _used(code: CodeType) -> Iterator[str]:
    """Global names that are looked up, in the statement or in any function within it; parameters are not."""
    for inner in _codes(code):
        for instruction in dis.get_instructions(inner):
            name = instruction.opname
            if name.startswith("LOAD_") and ("GLOBAL" in name or name.endswith("NAME")):
                yield instruction.argval


def _changed(node: ast.stmt) -> Iterator[str]:
    """Names whose objects a statement changes: ``name.part = ...``, ``name[key] = ...``, ``setattr(name, ...)``."""
    for inner in ast.walk(node):
        if isinstance(inner, (ast.Attribute, ast.Subscript)) and isinstance(inner.ctx, (ast.Store, ast.Del)):
            yield from _root(inner)
        elif (
            isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in ("setattr", "delattr")
        ):
            yield from (name for argument in inner.args[:1] for name in _root(argument))


def _called(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        yield from _root(node.value.func)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _is_stub(node: ast.stmt) -> bool:
    """A function that only says that it is not implemented, or a class all of whose methods do."""
    if isinstance(node, ast.ClassDef):
        methods = [part for part in node.body if isinstance(part, _FUNCTIONS)]
        return bool(methods) and all(_is_stub(method) for method in methods)
    if not isinstance(node, _FUNCTIONS):
        return False
    *before, last = node.body
    if not isinstance(last, ast.Raise) or not all(_does_nothing(part) for part in before):
        return False
    raised = last.exc.func if isinstance(last.exc, ast.Call) else last.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _does_nothing(node: ast.stmt) -> bool:
    """A docstring, or the call of the base class's __init__, which a stub has too."""
    if not isinstance(node, ast.Expr):
        return False
    return isinstance(node.value, ast.Constant) or ast.unparse(node.value).startswith("super().__init__(")
