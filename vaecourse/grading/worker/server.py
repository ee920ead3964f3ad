"""The server behind the walls: it has torch loaded, and forks one walled process per job.

It never reads a job: it hands the job's socket on, unread, so that its memory, which every later process inherits,
holds nothing of any student's. Started by :mod:`vaecourse.grading.sandbox` as
``python -m vaecourse.grading.worker.server DESCRIPTOR``.
"""

import contextlib
import gc
import json
import os
import pkgutil
import resource
import select
import signal
import socket
import sys
import time
from importlib import import_module
from typing import Any

from vaecourse.grading import worker

NOBODY = 65534
PRELOADED = (
    "torch.distributions",
    "vaecourse.data",
    "vaecourse.models",
    "vaecourse.objectives",
    "vaecourse.training",
)
"""What an answer would otherwise load again and again."""
WATCH_SECONDS = 0.02
"""How often the memory of an answer's processes is added up."""


def main(control: socket.socket, walled: bool) -> None:
    """Serve until the other end of ``control`` is closed."""
    from vaecourse.grading.worker import walls

    if walled:
        _step_down(walls)
    _warm_up()
    gc.collect()
    gc.freeze()
    if sys.platform.startswith("linux"):
        walls.collapse_memory()
    control.sendall(json.dumps(_trial(walls, walled)).encode() + b"\n")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel clears up after supervisors
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 4096, 2)
        if not message:
            return
        job, status = descriptors
        if os.fork() == 0:
            control.close()
            _supervise(json.loads(message), job, status, walls, walled)
        for descriptor in descriptors:
            os.close(descriptor)


def _step_down(walls: Any) -> None:
    """Be nobody: limits on processes do not bind root."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        walls.dumpable()


def _warm_up() -> None:
    """Load what answers use, and start what torch starts at first use; but no thread, which a fork would lose."""
    for name in (*PRELOADED, *(f"{worker.__name__}.{module.name}" for module in pkgutil.iter_modules(worker.__path__))):
        if name != f"{worker.__name__}.server":  # this very module, under another name
            import_module(name)
    import torch

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    layer = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(8, 2))
    layer(torch.rand(2, 1, 4, 4)).log_softmax(-1).sum().backward()
    torch.optim.SGD(layer.parameters()).step()  # the first optimizer loads torch's compiler
    import_module(f"{worker.__name__}.wire").pack(torch.zeros(()))


def _trial(walls: Any, walled: bool) -> dict[str, Any]:
    """Whether a process can be walled in here; tried on one that then does nothing."""
    if not walled:
        return {"walls": False, "problem": ""}
    reading, writing = os.pipe()
    supervisor = os.fork()
    if supervisor == 0:
        try:
            walls.enter_namespaces()
            first = os.fork()
            if first == 0:
                _wall_in(walls, 5)
                os.write(writing, b"well")
                os._exit(0)
            os.waitpid(first, 0)
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode()[:1000])
        os._exit(0)
    os.close(writing)
    os.waitpid(supervisor, 0)
    said = os.read(reading, 1000).decode()
    os.close(reading)
    return {"walls": said == "well", "problem": "" if said == "well" else said or "the trial process died"}


def _supervise(limits: dict[str, float], job: int, status: int, walls: Any, walled: bool) -> None:
    """Fork the student's process, watch it, end it and all it started, and report how it ended. Does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    report: dict[str, Any] = {"ended": "broken walls"}
    try:
        walls.die_with_parent()
        if walled:
            walls.enter_namespaces()
        base = _private_pages(os.getpid())
        first = os.fork()
        if first == 0:
            _become_the_student(limits, job, walls, walled)
        os.close(job)
        report = _watch(first, status, time.monotonic() + limits["wall"], limits["memory"], base, walled)
    except BaseException as error:
        report["problem"] = f"{type(error).__name__}: {error}"[:1000]
    finally:
        os.write(status, json.dumps(report).encode())
        os._exit(0)


def _become_the_student(limits: dict[str, float], job: int, walls: Any, walled: bool) -> None:
    """In the new process: build the walls, then do the job. Does not return."""
    try:
        from vaecourse.grading.worker import run

        os.setsid()
        walls.die_with_parent()
        run.silence()
        job = os.dup2(job, 3)
        os.closerange(4, 1 << 16)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if walled:
            _wall_in(walls, limits["cpu"])
        else:
            walls.limit(limits["cpu"], alone=False)
        run.perform(job)
    finally:
        os._exit(0)


def _wall_in(walls: Any, cpu_seconds: float) -> None:
    walls.limit(cpu_seconds)
    walls.private_files()
    walls.give_up_rights()


def _watch(first: int, status: int, deadline: float, memory: float, base: int, walled: bool) -> dict[str, Any]:
    """Wait for the process to end; end it when it takes too long or too much, or when the grader is gone."""
    ended, peak = "", 0
    pidfd = [os.pidfd_open(first)] if hasattr(os, "pidfd_open") else []  # else the loop notices, a little later
    while not ended:
        readable, _, _ = select.select([*pidfd, status], [], [], WATCH_SECONDS)
        if os.waitid(os.P_PID, first, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            break
        if status in readable:
            ended = "stopped"
        used = _memory_of(first, walled, base, memory)
        peak = max(peak, used)
        if used > memory:
            ended = "memory"
        elif time.monotonic() > deadline:
            ended = "wall"
    # Number 1 of its namespace takes all others with it; without walls, its session is as much as can be reached.
    if walled:
        os.kill(first, signal.SIGKILL)
    else:
        _kill_session(first)
    _, code, usage = os.wait4(first, 0)
    return {
        "ended": ended,
        "signal": os.WTERMSIG(code) if os.WIFSIGNALED(code) else 0,
        "exit": os.WEXITSTATUS(code) if os.WIFEXITED(code) else 0,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": peak,
    }


def _kill_session(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _memory_of(first: int, walled: bool, base: int, limit: float) -> int:
    """Bytes that a process and its descendants hold and no file backs, on top of ``base``."""
    family = _family(first) if walled else [first]
    used = sum(map(_private_pages, family)) - base
    if used > limit:  # processes that were forked share pages, and each was taken to have all of them
        used = sum(map(_share_of_pages, family))
    return used


def _family(first: int) -> list[int]:
    """A process and its descendants. Who loses the parent becomes a child of number 1 in its namespace.

    A process can hide which namespace it is in (by PR_SET_DUMPABLE), but not whose child it is.
    """
    children: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            children.setdefault(int(file.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    family = [first]
    for process in family:
        family += children.get(process, [])
    return family


def _private_pages(process: int) -> int:
    sizes = _sizes(f"/proc/{process}/status", "Rss")
    if not sizes:  # a process whose first thread has ended says nothing, its other threads do
        with contextlib.suppress(OSError):
            threads = os.listdir(f"/proc/{process}/task")
            sizes = max((_sizes(f"/proc/{process}/task/{thread}/status", "Rss") for thread in threads), key=len)
    return sum(sizes)


def _share_of_pages(process: int) -> int:
    """As :func:`_private_pages`, with a page that N processes share counted as 1/N of it; which takes longer."""
    return sum(_sizes(f"/proc/{process}/smaps_rollup", "Pss_")) or _private_pages(process)


def _sizes(path: str, kind: str) -> list[int]:
    """Bytes of anonymous and of shared memory in one of the kernel's tables; [] if it says nothing."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            lines = [line for line in file if line.startswith((f"{kind}Anon", f"{kind}Shmem"))]
        return [int(line.split()[1]) * 1024 for line in lines]
    except (OSError, ValueError):
        return []


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main(socket.socket(fileno=int(sys.argv[1])), walled=sys.argv[2] == "walled")
