"""One job, in the process that is thrown away afterwards: read a notebook, or run an answer and look at it."""

import ast
import builtins
import linecache
import os
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import vaecourse.grading
from vaecourse.grading.worker import notebook, wire
from vaecourse.grading.worker.observe import Failure, as_in_a_fresh_kernel, failure_of, not_defined, observe

PROBES = "vaecourse.grading.worker."
DONE = "done"
"""The last message of every job that came to its end."""


class _Missing:
    """Stands for an answer that is not there."""


def perform(descriptor: int) -> None:
    """Read one job from the descriptor and answer it there.

    A job ``{"do": "plan", "notebook": tensor of bytes, "lessons": {...}}`` gets one message. A job ``{"do": "run",
    "program", "answer", "probe", "cases"}`` gets one message a case, as soon as it is known; or one with a
    failure, if the answer cannot be made. The last message is :data:`DONE`.
    """
    job = wire.Reader(descriptor).read()
    if job["do"] == "plan":
        wire.send(descriptor, _plan(job), ours=True)
        wire.send(descriptor, DONE)
        return
    send = wire.send  # the student's code may change the module's
    answer, failure = _answer(job["program"], job["answer"])
    if failure is not None:
        send(descriptor, {"failure": failure.as_values()})
        send(descriptor, DONE)
        return
    for number, inputs in enumerate(job["cases"]):
        as_in_a_fresh_kernel()
        send(descriptor, {"case": number, **_look(_probe(job["probe"]), answer, inputs)})
    send(descriptor, DONE)


def _plan(job: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return notebook.plan(bytes(job["notebook"].numpy()), job["lessons"])
    except notebook.UnreadableError as error:
        return {"unreadable": str(error)}


def _look(probe: Callable[..., Mapping[str, Any]], answer: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    try:
        seen = observe(probe, answer, inputs)
    except KeyboardInterrupt as error:  # nobody is at the keyboard: the answer raised it
        seen = failure_of(error)
    return {"failure": seen.as_values()} if isinstance(seen, Failure) else {"values": dict(seen)}


def _probe(name: str) -> Callable[..., Mapping[str, Any]]:
    module, _, function = name.rpartition(".")
    if not module.startswith(PROBES):
        raise ValueError(f"{name} is no probe")
    return getattr(import_module(module), function)


def _answer(program: Sequence[Mapping[str, Any]], name: str) -> tuple[Any, Failure | None]:
    """Run the statements in a fresh module; what they leave under ``name``, or why there is nothing."""
    namespace = _fresh_main()
    failure, waiting, late = None, [statement for part in program for statement in _statements(part)], []
    while waiting:
        late = []
        for statement in waiting:
            try:
                exec(statement, namespace)
            except NameError as error:  # what it needs may stand in a cell further down
                late.append((statement, error))
            except BaseException as error:  # one that fails does not keep the others from being run
                failure = failure or failure_of(error)
        waiting = [statement for statement, _ in late] if len(late) < len(waiting) else []
    answer = namespace.get(name, _Missing)
    if answer is not _Missing:
        return answer, None
    if late:
        failure = failure or failure_of(late[0][1])
    return None, failure or Failure("raised", not_defined(name))


def _statements(part: Mapping[str, Any]) -> list[types.CodeType]:
    filename = f"<cell {part['cell']}>"
    source = part["source"]
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    body = ast.parse(source, filename).body
    return [compile(ast.Module([body[index]], []), filename, "exec") for index in part["keep"]]


def _fresh_main() -> dict[str, Any]:
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    builtins.display = _nothing
    builtins.get_ipython = _NoShell
    vaecourse.grading.check = vaecourse.grading.summary = _nothing
    return main.__dict__


def _nothing(*arguments: Any, **options: Any) -> None:
    """What checks and displays do where nobody looks."""


class _NoShell:
    """Takes every magic and does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return _nothing


def silence() -> None:
    """Nothing to read from, and nowhere to print to."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    if null > 2:
        os.close(null)
