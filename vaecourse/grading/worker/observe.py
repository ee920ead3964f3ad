"""Looking at an answer: call the probe on it, and put what goes wrong into plain data."""

import linecache
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vaecourse.grading.worker.wire import clean_text

_KERNEL_CELL = re.compile(r"ipykernel_\d+[/\\]\d+\.py$|^<ipython-input-")
_GRADED_CELL = re.compile(r"^<cell \d+>$")


@dataclass(frozen=True)
class Failure:
    """Why there is nothing to see.

    Args:
        kind: "not-started", "raised", "timed-out", "crashed", "out-of-memory", "no-reply".
        idea: in words, without anything that depends on the case's numbers.
        measured: what may depend on them, such as an exception's message.
    """

    kind: str
    idea: str
    measured: str = ""

    @property
    def status(self) -> str | None:
        """What the whole task's status becomes, if the failure ended more than one call."""
        return self.kind.replace("-", " ") if self.kind in ENDING else None

    def as_values(self) -> dict[str, str]:
        return asdict(self)


ENDING = ("timed-out", "crashed", "out-of-memory", "no-reply")


def observe(
    probe: Callable[..., Mapping[str, Any]], answer: Any, inputs: Mapping[str, Any]
) -> Mapping[str, Any] | Failure:
    """What ``probe`` sees of ``answer``, or the failure. Only a keyboard interrupt comes through."""
    try:
        return probe(answer, **inputs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit and its like too: an answer may raise anything
        return failure_of(error)


def failure_of(error: BaseException) -> Failure:
    """An exception of the student's code, with the student's own line and none of ours."""
    where = student_line(error)
    if isinstance(error, NotImplementedError) and not str(error):
        return Failure("not-started", "Not started yet.")
    name = clean_text(type(error).__name__)[:80]
    try:
        message = clean_text(str(error))[:600]
    except Exception:  # an exception's own __str__ is the student's too
        message = ""
    if isinstance(error, EOFError) and "input()" in where:
        return Failure("raised", f"The code asks for input{where}: nobody is there to answer.")
    return Failure("raised", f"Your code raised {name}{where}.", message)


def student_line(error: BaseException) -> str:
    """The innermost line of a notebook's cell that the traceback goes through: ", in line 3: `return x.mean(`"."""
    if isinstance(error, SyntaxError) and error.filename and _is_cell(error.filename):
        return f" in line {error.lineno}: `{clean_text((error.text or '').strip())[:120]}`"
    frames = [f for f in traceback.walk_tb(error.__traceback__) if _is_cell(f[0].f_code.co_filename)]
    if not frames:
        return ""
    frame, line = frames[-1]
    text = clean_text(linecache.getline(frame.f_code.co_filename, line).strip())[:120]
    function = frame.f_code.co_name
    inside = f" of {function}" if function.isidentifier() else ""
    first = frame.f_code.co_firstlineno if inside else 1
    return f" in line {line - first + 1}{inside}: `{text}`" if text else ""




def _is_cell(filename: str) -> bool:
    return bool(_KERNEL_CELL.search(filename) or _GRADED_CELL.match(filename))
