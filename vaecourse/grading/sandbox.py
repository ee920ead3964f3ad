"""The grader's side of the walls: start the server, hand it jobs, believe nothing it says about an answer.

Outer walls, around the server and all it forks: bubblewrap (``bwrap``). It sees Python, its packages and vaecourse
without the grader, read-only; no network, no home folder, no environment, no other process. Inner walls, around each
job: :mod:`vaecourse.grading.worker.walls`.
"""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import vaecourse
from vaecourse.grading.worker import wire
from vaecourse.grading.worker.run import DONE
from vaecourse.grading.worker.walls import MEMORY_BYTES, SCRATCH

START_SECONDS = 120.0
"""For the server to load torch, on a slow disk."""
LAST_WORDS_SECONDS = 10.0
"""For the supervisor to say how a job ended."""

BROKEN_WALLS = "broken walls"
"""What a supervisor reports that could not build them; nothing of the student's was run then."""
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/alternatives")


class SandboxError(RuntimeError):
    """The walls cannot be built here; the message says what is missing and what to do."""


@dataclass(frozen=True)
class Limits:
    """What one job may take: seconds of CPU time and of the clock, and bytes of memory."""

    cpu: float
    memory: float = MEMORY_BYTES

    @property
    def wall(self) -> float:
        """Twice the CPU time, and a little for starting."""
        return 2 * self.cpu + 3


@dataclass
class Outcome:
    """What a job sent back, and how it ended.

    ``ended`` is "done", "timed out", "out of memory", "crashed", "no reply" (it left before it was done), or "broken
    reply" (what it sent was no message).
    """

    messages: list[Any] = field(default_factory=list)
    ended: str = "done"
    detail: str = ""


class Sandbox:
    """A server behind walls, and jobs for it; several threads may use it at once.

    Args:
        walled: False leaves out all walls (``--no-sandbox``): the student's code can then do what you can.

    Raises:
        SandboxError: on entering, when the walls cannot be built.
    """

    def __init__(self, walled: bool = True):
        self.walled = walled
        self.isolation = ""
        self._lock = threading.Lock()
        self._server: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self._closed = False
        # Where there are walls, each answer has a scratch folder of its own.
        self._scratch = None if walled else tempfile.TemporaryDirectory(prefix="vaecourse-")

    def __enter__(self) -> "Sandbox":
        self._start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and everything that it started."""
        self._closed = True
        with self._lock:
            self._stop()
        if self._scratch is not None:
            self._scratch.cleanup()

    def run(self, job: Mapping[str, Any] | bytes, limits: Limits) -> Outcome:
        """Have one job done in a process of its own, and wait for its end.

        Args:
            job: plain values for :func:`vaecourse.grading.worker.run.perform`, packed or not.
            limits: of the process.
        """
        message = job if isinstance(job, bytes) else wire.pack(job, ours=True)
        server = self._server
        outcome, report = self._once(message, limits)
        if outcome.ended != "done" and report.get("ended") in (None, BROKEN_WALLS) and not self._closed:
            # Without a supervisor's report the server itself was ended, by a shortage of memory, say. That is no fault
            # of the job's.
            self._replace(server)
            outcome, report = self._once(message, limits)
        return _judged(outcome, report, limits)

    def _once(self, message: bytes, limits: Limits) -> tuple[Outcome, dict[str, Any]]:
        """What a job sent, and what its supervisor says of its end."""
        ours, theirs = socket.socketpair()
        status, supervisors = socket.socketpair()
        with ours, status:
            with theirs, supervisors:
                self._submit(limits, theirs, supervisors)
            deadline = time.monotonic() + limits.wall + LAST_WORDS_SECONDS
            outcome = Outcome(ended="no reply")
            if _send(ours, message, deadline):
                self._collect(ours, outcome, deadline)
            # Whether it sent all or not: nothing of it goes on after this.
            ours.close()
            return outcome, _report(status)

    def _replace(self, server: subprocess.Popen | None) -> None:
        """Start a new server in the place of this one, unless another thread has done so."""
        with self._lock:
            if self._server is server and not self._closed:
                self._stop()
                self._start()

    def _submit(self, limits: Limits, job: socket.socket, status: socket.socket) -> None:
        text = json.dumps({"cpu": limits.cpu, "wall": limits.wall, "memory": limits.memory}).encode()
        with self._lock:
            if self._closed:
                raise SandboxError("The sandbox is closed.")
            try:
                socket.send_fds(self._control, [text], [job.fileno(), status.fileno()])
            except OSError:  # something ended the server
                self._stop()
                self._start()
                socket.send_fds(self._control, [text], [job.fileno(), status.fileno()])

    def _collect(self, connection: socket.socket, outcome: Outcome, deadline: float) -> None:
        reader = wire.Reader(connection.fileno())
        try:
            while True:
                message = reader.read(deadline)
                if message == DONE:
                    outcome.ended = "done"
                    return
                outcome.messages.append(message)
                if len(outcome.messages) > wire.MAX_ITEMS:
                    raise wire.WireError("too many messages")
        except (EOFError, ConnectionError):
            return
        except TimeoutError:
            outcome.ended = "timed out"
        except wire.WireError as error:
            outcome.ended, outcome.detail = "broken reply", str(error)

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        mode = "walled" if self.walled else "open"
        program = [sys.executable, "-I", "-m", "vaecourse.grading.worker.server", str(theirs.fileno()), mode]
        command = [*_outer_walls(), *program] if self.walled else program
        if not hasattr(os, "fork"):
            raise SandboxError(
                "Grading needs Linux (or macOS with --no-sandbox): this system cannot fork a process. "
                "On Windows, run it in the Windows Subsystem for Linux (WSL 2)."
            )
        self._server = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=None if self._scratch is None else _open_environment(self._scratch.name),
            cwd="/" if self._scratch is None else self._scratch.name,
            start_new_session=True,  # Ctrl-C is for the grader, which then ends the server in order
        )
        theirs.close()
        self._control = ours
        hello = self._hello()
        if self.walled and not hello["walls"]:
            self._stop()
            raise SandboxError(
                f"The walls around student code cannot be built here: {hello['problem']}. The kernel must let users "
                "make namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns; "
                "in Docker: --security-opt seccomp=unconfined). Or run with --no-sandbox, if you trust the code."
            )
        self.isolation = _WALLED if self.walled else _OPEN

    def _hello(self) -> dict[str, Any]:
        """The server's first line, which it says when it has loaded torch and tried the walls."""
        readable, _, _ = select.select([self._control], [], [], START_SECONDS)
        line = self._control.recv(8192) if readable else b""
        if not line.endswith(b"\n"):
            self._server.kill()
            said = self._server.stderr.read().decode(errors="replace").strip()[-2000:]
            self._stop()
            raise SandboxError(f"The grading server did not start: {said or 'it said nothing'}")
        threading.Thread(target=_drain, args=(self._server.stderr,), daemon=True).start()
        return json.loads(line)

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._server is not None:
            try:
                self._server.wait(0.2)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            self._server = None


_WALLED = (
    "bubblewrap around the server (read-only files, no network, no home, no environment, no other processes); "
    "around each answer its own user, process, mount, network and IPC namespaces, no capabilities, a system-call "
    "filter, a private scratch folder, limits on memory, CPU time, wall time, processes, files and output"
)
_OPEN = "NONE (--no-sandbox): student code runs with your rights; only time, memory and file size are limited"


def missing_walls() -> str:
    """What this system lacks for grading behind walls, in a sentence; "" if nothing that can be told in advance."""
    if not sys.platform.startswith("linux"):
        return f"The walls around student code need Linux; this is {sys.platform}."
    if shutil.which("bwrap") is None:
        return "bubblewrap is missing (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap)."
    return ""


def _outer_walls() -> list[str]:
    """The bwrap command around the server."""
    problem = missing_walls()
    if problem:
        raise SandboxError(f"{problem} Or run with --no-sandbox, if you trust the code.")
    package = Path(vaecourse.__file__).resolve().parent
    grading = package / "grading"
    seen = _outermost([*_python_folders(), package])
    command = [shutil.which("bwrap"), "--die-with-parent", "--new-session", "--clearenv"]
    command += ["--unshare-user-try"] if os.getuid() else []
    command += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    for name, value in _environment().items():
        command += ["--setenv", name, value]
    command += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", SCRATCH]
    if not any(path.is_relative_to("/tmp") for path in seen):
        command += ["--symlink", SCRATCH, "/tmp"]
    for path in map(Path, _SYSTEM):
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            command += [*_folders_to(path), "--ro-bind", str(path), str(path)]
    for path in seen:
        command += [*_folders_to(path), "--ro-bind", str(path), str(path)]
    # The grader's own code, with the tasks' right answers, is not to be seen; its helpers beside the answer are.
    command += ["--perms", "0755", "--tmpfs", str(grading)]
    command += ["--ro-bind", str(grading / "worker"), str(grading / "worker"), "--remount-ro", str(grading)]
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]


def _python_folders() -> Iterator[Path]:
    """Where this interpreter and its packages are."""
    yield from (Path(sys.prefix), Path(sys.base_prefix))
    yield from (Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    yield Path(sys.executable).resolve().parent


def _outermost(folders: Sequence[Path]) -> list[Path]:
    """The folders that are in no other one of them, nor in what is shown anyway."""
    folders = sorted({folder for folder in folders if folder.exists()})
    shown = [Path(path) for path in _SYSTEM]
    outermost: list[Path] = []
    for folder in folders:
        if not any(folder.is_relative_to(other) for other in (*shown, *outermost)):
            outermost.append(folder)
    return outermost


def _folders_to(path: Path) -> list[str]:
    """Make the folders above ``path`` such that everyone may walk through them, and nobody look into them."""
    arguments = []
    for parent in reversed(path.parents[:-1]):
        arguments += ["--perms", "0711", "--dir", str(parent)]
    return arguments


def _environment() -> dict[str, str]:
    """All that a student's process finds in its environment."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": SCRATCH,
        "TMPDIR": SCRATCH,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": SCRATCH,
        "VAECOURSE_DATA": "strokes",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "TQDM_DISABLE": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _open_environment(scratch: str) -> dict[str, str]:
    """The same without walls, where the scratch folder is an ordinary one."""
    variables = {name: scratch if value == SCRATCH else value for name, value in _environment().items()}
    return variables | {"PATH": os.environ.get("PATH", "")}


def _send(connection: socket.socket, message: bytes, deadline: float) -> bool:
    """Whether all of the message went out. The other side reads it before it runs anything of the student's."""
    connection.settimeout(max(0.1, deadline - time.monotonic()))
    try:
        connection.sendall(message)
    except OSError:
        return False
    finally:
        connection.settimeout(None)
    return True


def _report(status: socket.socket) -> dict[str, Any]:
    """The supervisor's word on how the process ended; it also ends it, once this side is closed."""
    status.shutdown(socket.SHUT_WR)
    readable, _, _ = select.select([status], [], [], LAST_WORDS_SECONDS)
    try:
        return json.loads(status.recv(8192)) if readable else {}
    except (OSError, ValueError):
        return {}


def _judged(outcome: Outcome, report: Mapping[str, Any], limits: Limits) -> Outcome:
    """How a job ended, from what it sent and what its supervisor saw."""
    ended, signal_number = report.get("ended"), report.get("signal", 0)
    if outcome.ended in ("done", "broken reply"):
        return outcome
    if ended == BROKEN_WALLS:
        outcome.ended, outcome.detail = "crashed", report.get("problem", "")
    elif ended == "memory":
        outcome.ended = "out of memory"
    elif ended == "wall" or (signal_number == signal.SIGKILL and report["cpu"] > 0.9 * limits.cpu):
        outcome.ended = "timed out"
    elif signal_number and (ended, signal_number) != ("stopped", signal.SIGKILL):
        outcome.ended, outcome.detail = "crashed", f"signal {signal_number}"
    return outcome


def _drain(stream: Any) -> None:
    """Keep the server from blocking on what it, or a process within, prints."""
    while stream.read(65536):
        pass
