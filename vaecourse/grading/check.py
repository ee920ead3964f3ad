"""``check("01.squared_error", squared_error)``: a task judged in the student's own notebook.

The judgement is the one that a class gets, on open cases: :func:`examine`. :func:`check` shows it, as text and as
HTML that say the same; :func:`summary` shows what the kernel remembers of a lesson's checks. What they show is the
same in every run, so that nbval can compare it.
"""

import builtins
import io
import random
import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from IPython import get_ipython
from IPython.display import display
from IPython.utils.capture import capture_output

from vaecourse.grading import show, tasks
from vaecourse.grading.task import (
    OPEN_SEED,
    Case,
    Seen,
    Task,
    TaskResult,
    Wrong,
    failed_at,
    judge,
    not_graded,
)
from vaecourse.grading.worker import wire
from vaecourse.grading.worker.observe import Failure, observe, seed_all, student_line

_NOT_GIVEN: Any = object()

_latest: dict[str, TaskResult] = {}
"""The last result of each task, by the task's id; as old as the kernel."""


# Judging ---------------------------------------------------------------------------------------------------


def examine(task: Task, answer: Any, seed: str = OPEN_SEED) -> TaskResult:
    """Judge ``answer`` in this very process: the same cases, probes and judgement as for a class, without walls.

    What the student's cells have set (random seeds, gradients off, float64 by default, warnings as errors) does not
    count, and is as before afterwards.

    Raises:
        KeyboardInterrupt: someone stopped it.
    """
    observed: list[tuple[Case, Seen]] = []
    with _as_in_a_fresh_kernel():
        for index, stage in enumerate(task.stages):
            earlier = [observed] if index else []
            try:
                cases = list(stage.cases(task.rng(seed, index), *earlier))
            except Wrong as wrong:
                return failed_at(task, wrong)
            observed = [(case, _look(stage.probe, answer, case)) for case in cases]
        return judge(task, observed)


def _look(probe: Callable[..., Mapping[str, Any]], answer: Any, case: Case) -> Seen:
    seed_all()
    inputs = wire.unpack(wire.pack(dict(case.inputs)))  # a copy: the answer may change them
    seen = observe(probe, answer, inputs)
    if not isinstance(seen, Failure):
        return Seen(wire.unpack(wire.pack(dict(seen))))
    if seen.kind == "raised":  # the student did not see the input, so say which it was
        seen = replace(seen, measured=f"On {case.name}{f': {seen.measured}' if seen.measured else '.'}")
    return Seen(failure=seen)


@contextmanager
def _as_in_a_fresh_kernel() -> Iterator[None]:
    """Python, numpy and torch as at a kernel's start, and as before afterwards."""
    with (
        _random_states_kept(),
        _torch_settings_kept(),
        _figures_apart(),
        _swapped(builtins, "input", _no_input),  # Jupyter's would wait for an answer
        np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _random_states_kept() -> Iterator[None]:
    python_state, numpy_state = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


@contextmanager
def _torch_settings_kept() -> Iterator[None]:
    dtype = torch.get_default_dtype()
    deterministic = torch.get_deterministic_debug_mode()
    with ExitStack() as stack:
        stack.callback(torch.set_default_dtype, dtype)
        stack.callback(torch.set_deterministic_debug_mode, deterministic)
        torch.set_default_dtype(torch.float32)
        torch.set_deterministic_debug_mode("default")  # use_deterministic_algorithms would load the compiler
        stack.enter_context(torch.autograd.set_detect_anomaly(False))
        stack.enter_context(torch.inference_mode(False))  # which turns gradients on, too
        if torch.get_default_device().type != "cpu":  # only then: within this context all of torch is slower
            stack.enter_context(torch.device("cpu"))
        yield


@contextmanager
def _figures_apart() -> Iterator[None]:
    """pyplot starts without figures; those drawn meanwhile are closed, and the student's are open again."""
    with ExitStack() as stack:
        if helpers := sys.modules.get("matplotlib._pylab_helpers"):
            stack.enter_context(_swapped(helpers.Gcf, "figs", OrderedDict()))
        try:
            yield
        finally:
            if helpers := sys.modules.get("matplotlib._pylab_helpers"):  # an answer may be the first to import it
                helpers.Gcf.destroy_all()


@contextmanager
def _swapped(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _no_input(prompt: object = "") -> str:
    raise EOFError("there is no input while an answer is checked")


# In the notebook --------------------------------------------------------------------------------------------


class Stopped(KeyboardInterrupt):
    """Someone stopped a check. It ends "Run All" as any interrupt does, and shows no code but the student's."""

    def _render_traceback_(self) -> list[str]:  # asked for by IPython
        return [str(self)]


class UnknownNameError(ValueError):
    """A name that was mistyped. The cell above it says where, so it is shown without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"ValueError: {self}"]


@dataclass(frozen=True)
class Checked:
    """What :func:`check` returns: true at full marks only.

    The check has shown itself, so as a cell's last line this object shows nothing more.
    """

    result: TaskResult

    def __bool__(self) -> bool:
        return self.result.points == self.result.task.points

    def __repr__(self) -> str:
        return f"<{self.result.task.id}: {show.points(self.result)}>"

    def _ipython_display_(self) -> None:
        """IPython's way to ask for something to show."""


def check(task: str, answer: Any = _NOT_GIVEN) -> Checked:
    """Judge an answer, show what is right and what is not yet, and why.

    Args:
        task: lesson and name, such as "01.squared_error".
        answer: the function or class itself. Left out, it is looked up in the notebook under the task's own name.

    Returns:
        An object that is true if the answer has full marks.

    Raises:
        ValueError: there is no such task.
        KeyboardInterrupt: someone stopped it.
    """
    found = _find(task)
    _latest.pop(found.id, None)
    if answer is _NOT_GIVEN:
        shell = get_ipython()
        namespace = sys._getframe(1).f_globals if shell is None else shell.user_ns
        answer = namespace.get(found.answer, _NOT_GIVEN)
    try:
        result, printed = _examined(found, answer)
    except KeyboardInterrupt as interrupt:
        line = student_line(interrupt)
        raise Stopped(f"Stopped while your code was{line}" if line else "Stopped.") from None
    _latest[found.id] = result
    _show(show.check_text(result, printed), show.check_html(result, printed))
    return Checked(result)


def _find(task: str) -> Task:
    if not isinstance(task, str) or "." not in task:
        got = repr(task) if isinstance(task, str) else f"a value of type {type(task).__name__}"
        raise UnknownNameError(
            f'check() takes a lesson and a task in quotes, such as "01.squared_error", and it got {got}; '
            f"lessons with tasks: {', '.join(tasks.lessons())}"
        )
    try:
        return tasks.find_task(task)
    except ValueError as error:
        raise UnknownNameError(str(error)) from None


def _examined(task: Task, answer: Any) -> tuple[TaskResult, str]:
    """The judgement, and the beginning of what the student's code printed meanwhile."""
    if answer is _NOT_GIVEN:
        return not_graded(task, "not started", "not started yet"), ""
    printed = _Beginning()
    with capture_output(stdout=False, stderr=False), redirect_stdout(printed), redirect_stderr(_Beginning()):
        result = examine(task, answer)
    return result, wire.clean_text(printed.getvalue().expandtabs(4)).strip("\n")


class _Beginning(io.StringIO):
    """Takes everything and keeps the beginning: a loop without end may print, too."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, wire.MAX_TEXT - self.tell())])
        return len(text)


def summary(lesson: str) -> None:
    """Show a table of a lesson's tasks, with the points so far and what is left.

    Args:
        lesson: such as "01".

    Raises:
        ValueError: the lesson has no tasks.
    """
    try:
        available = tasks.tasks_of(lesson)
    except ValueError as error:
        raise UnknownNameError(str(error)) from None
    results = [(task, _latest.get(task.id)) for task in available]
    _show(show.summary_text(lesson, results), show.summary_html(lesson, results))


def _show(text: str, as_html: str) -> None:
    if get_ipython() is None:
        print(text)
    else:
        display({"text/plain": text, "text/html": as_html}, raw=True)
