"""Looking at an answer: call the probe on it, and put what goes wrong into plain data."""

import linecache
import random
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Any

import numpy as np
import torch

from vaecourse.grading.worker.wire import clean_text

_CELL = re.compile(
    r"""ipykernel_\d+[/\\]\d+\.py$        # Jupyter, in the system's temporary folder
      | (^<|[/\\])ipython-input-[^/\\]*$   # IPython in a terminal; Colab
      | ^<cell\ (?P<number>\d+)>$          # the grader
    """,
    re.VERBOSE,
)
_FOLDERS = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:)?[/\\](?:[^\s/\\'\"():]+[/\\])+")
"""The folders of an absolute path: they say where Python lives on this machine."""
_LONGEST_LINE = 120
_LONGEST_MESSAGE = 600


@dataclass(frozen=True)
class Failure:
    """Why there is nothing to see.

    Args:
        kind: "not-started", "raised", "not-callable", "timed-out", "crashed", "out-of-memory", "no-reply".
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


NOT_CALLABLE = "The answer should be the function or class itself: its name, without brackets after it."
ENDING = ("timed-out", "crashed", "out-of-memory", "no-reply")


def as_in_a_fresh_kernel() -> None:
    """Undo what the student's cells may have set, so that an answer is looked at as ``check`` looks at it."""
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)  # "cpu" would slow down all of torch
    seed_all()


def seed_all() -> None:
    """Let an answer that draws random numbers draw the same ones at every look."""
    random.seed(0)
    np.random.seed(0)  # the global state is what answers may use
    torch.default_generator.manual_seed(0)  # torch.manual_seed would also change a GPU's


def observe(
    probe: Callable[..., Mapping[str, Any]], answer: Any, inputs: Mapping[str, Any]
) -> Mapping[str, Any] | Failure:
    """What ``probe`` sees of ``answer``, or the failure. Only a keyboard interrupt comes through."""
    try:
        return probe(answer, **inputs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit and its like too: an answer may raise anything
        return failure_of(error) if callable(answer) else _not_callable(answer)


def failure_of(error: BaseException) -> Failure:
    """An exception of the student's code, with the student's own line and none of ours."""
    message = _message(error)
    if _says_not_started(error, message):
        return Failure("not-started", "Not started yet.")
    where = student_line(error)
    if isinstance(error, EOFError) and re.search(r"\binput\(", where):
        return Failure("raised", f"Your code asks for input{where}. Nobody is there to answer.")
    if isinstance(error, SystemExit):
        return Failure("raised", f"Your code ends Python{where}. Let it return a value instead.")
    name = clean_text(type(error).__name__)[:80]
    return Failure("raised", f"Your code raised {name}{where}.", message)


def not_defined(name: str) -> str:
    """The hint where the answer's name stands for nothing after all statements were run."""
    return f"The notebook does not define {name}."


def student_line(error: BaseException) -> str:
    """The innermost line of a notebook's cell in the traceback, as " in line 3 of squared_error: `return x.mean(`".

    Lines are counted within the function, or within the cell for code outside of one. Returns "" if no cell is there.
    """
    if isinstance(error, SyntaxError) and error.filename and _CELL.search(error.filename):
        return f" in line {error.lineno}: {quoted(error.text or '')}"
    frames = [frame for frame in traceback.walk_tb(error.__traceback__) if _is_in_cell(frame[0])]
    if not frames:
        return ""
    frame, line = frames[-1]
    code = frame.f_code
    text = linecache.getline(code.co_filename, line)
    if not text.strip():
        return ""
    if code.co_name.startswith("<"):  # the cell itself, a lambda or a generator: nothing that a student calls by name
        number = _CELL.search(code.co_filename)["number"]
        return f" in line {line} of {f'cell {number}' if number else 'the cell'}: {quoted(text)}"
    function = code.co_qualname.replace("<locals>.", "")
    return f" in line {line - code.co_firstlineno + 1} of {function}: {quoted(text)}"


def _not_callable(answer: Any) -> Failure:
    """A student passed something like ``mse(x, y)`` in place of ``mse``."""
    what = "None" if answer is None else f"a value of type {clean_text(type(answer).__name__)[:80]}"
    return Failure("not-callable", NOT_CALLABLE, f"It is {what}.")


def _says_not_started(error: BaseException, message: str) -> bool:
    """Whether the answer's own code raises NotImplementedError; a library may, too, and then something is wrong."""
    if not isinstance(error, NotImplementedError):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if any(_is_in_cell(frame) for frame in frames):
        return _is_in_cell(frames[-1])
    return not message


def _message(error: BaseException) -> str:
    try:
        text = clean_text(str(error).expandtabs(4))
    except BaseException:  # an exception's own __str__ is the student's too
        return ""
    return _FOLDERS.sub("", text).strip()[:_LONGEST_MESSAGE]


def quoted(line: str) -> str:
    """A line of code for a hint: on its own, bounded, between backticks."""
    return f"`{clean_text(line.strip())[:_LONGEST_LINE]}`"


def _is_in_cell(frame: FrameType) -> bool:
    return bool(_CELL.search(frame.f_code.co_filename))
