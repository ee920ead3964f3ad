"""The walls around students' code, each of them tried from inside; and jobs, however they end."""

import os
import platform
import shutil
import signal
import socket
import stat
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

import vaecourse
from vaecourse.grading import sandbox as module
from vaecourse.grading.sandbox import Limits, Outcome, Sandbox, SandboxError, missing_walls
from vaecourse.grading.worker import walls

pytestmark = pytest.mark.slow

COURSE = Path(vaecourse.__file__).parents[1]
SHORT = Limits(cpu=1)
EPERM, ENOSYS = 1, 38
COLUMN = {"x86_64": 0, "aarch64": 1}.get(platform.machine(), 0)


def wait_until(condition, seconds: float = 30) -> None:
    for _ in range(int(seconds * 50)):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail(f"it did not happen within {seconds} s")


def processes_called(name: str) -> list[int]:
    """All on this machine, whatever namespace they are in."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text().strip() == name:
                found.append(int(folder.name))
        except OSError:  # gone since
            continue
    return found


@contextmanager
def meanwhile(function, *arguments):
    """Runs the function in a thread; gives a list that holds its result afterwards."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)))
    thread.start()
    try:
        yield results
    finally:
        thread.join()


# What is on the other side --------------------------------------------------------------------------------


def test_a_job_gets_plain_values_and_gives_plain_values(inside):
    source = "def answer(n, xs, x):\n    return {'n': n + 1, 'xs': xs[::-1], 'x': x * 2, 'none': None}"
    seen = inside(source, 1, ["a", "b"], torch.ones(2))
    assert seen.pop("x").tolist() == [2, 2]
    assert seen == {"n": 2, "xs": ["b", "a"], "none": None}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("def answer():\n    return len(list(DataLoader(torch.zeros(10, 3), 4, num_workers=2)))", 3),
        ("def answer():\n    return subprocess.run(['/bin/echo', 'x'], capture_output=True).stdout.decode()", "x\n"),
        ("def answer():\n    return Path('a.txt').write_text('one') and Path('a.txt').read_text()", "one"),
        ("def answer():\n    return os.path.basename(tempfile.mkdtemp(prefix='own'))[:3]", "own"),
        ("def answer():\n    return plt.figure().savefig('a.png') or os.path.exists('a.png')", True),
        ("def answer():\n    return next(Autoencoder(2, hidden=(3,)).parameters()).ndim", 2),
        ("def answer():\n    return len(vaecourse.data.load(split='test', n=20).data)", 20),
        ("def answer():\n    print('to nobody')\n    print('to nobody', file=sys.stderr)\n    return 1", 1),
        ("x = check('01.squared_error', 1)\ndef answer():\n    return x", None),
        ("get_ipython().run_line_magic('matplotlib', 'inline')\ndisplay(1)\ndef answer():\n    return 1", 1),
        ("1 / 0\ndef answer():\n    return 1", 1),
        ("def answer():\n    return __name__ + str(sys.modules['__main__'].answer is answer)", "__main__True"),
        ("def answer():\n    return torch.rand(2).tolist() == answer_again()", True),
    ],
)
def test_what_an_honest_answer_needs_works_behind_the_walls(inside, source, value):
    imports = """
import os, subprocess, sys, tempfile
from pathlib import Path
import torch, vaecourse.data
import matplotlib.pyplot as plt
from torch.utils.data import DataLoader
from vaecourse.grading import check
from vaecourse.models import Autoencoder
def answer_again():
    torch.manual_seed(0)
    return torch.rand(2).tolist()
"""
    assert inside(imports + source) == value


def test_jobs_are_done_at_the_same_time(box, job):
    waits = "import time\ndef answer():\n    start = time.time()\n    time.sleep(1)\n    return [start, time.time()]"
    with meanwhile(box.run, job(waits), SHORT) as first, meanwhile(box.run, job(waits), SHORT) as second:
        pass
    (a, b), (c, d) = (outcome.messages[0]["values"]["value"] for (outcome,) in (first, second))
    assert max(a, c) < min(b, d)


def test_nothing_of_one_job_is_left_for_the_next(inside):
    mark = "import os, sys, builtins, torch\ntorch.mark = sys.mark = builtins.mark = 1\nos.environ['MARK'] = '1'\n"
    look = "return [hasattr(x, 'mark') for x in (torch, sys, builtins)] + ['MARK' in os.environ]"
    assert inside(f"{mark}def answer():\n    {look}") == [True] * 4
    assert inside(f"import os, sys, builtins, torch\ndef answer():\n    {look}") == [False] * 4


# The network ----------------------------------------------------------------------------------------------


@contextmanager
def listening(family=socket.AF_INET, address=("127.0.0.1", 0)):
    with socket.socket(family) as server:
        server.bind(address)
        server.listen()
        yield server.getsockname()


REACH = """
import socket
def answer(family, address):
    try:
        socket.socket(family).connect(tuple(address) if isinstance(address, list) else bytes(address.numpy()))
    except OSError as error:
        return type(error).__name__
    return "reached"
"""


@pytest.mark.parametrize("address", [["1.1.1.1", 53], ["8.8.8.8", 443], ["10.0.0.1", 22], ["169.254.169.254", 80]])
def test_there_is_no_network(inside, address):
    assert inside(REACH, socket.AF_INET.value, address) == "OSError"


def test_the_kernel_tells_nothing_of_its_interfaces(inside):
    source = """
import socket
def answer():
    try:
        return [name for _, name in socket.if_nameindex() if name != "lo"]
    except OSError:
        return []
"""
    assert inside(source) == []


@pytest.mark.parametrize("family", [socket.AF_NETLINK, socket.AF_PACKET, socket.AF_ALG, socket.AF_VSOCK, 38, 44])
def test_sockets_into_the_kernel_are_refused(inside, family):
    """Most of the kernel's holes of late were in families of sockets that nobody knows."""
    source = """
import socket
def answer(family):
    try:
        socket.socket(family, socket.SOCK_RAW)
    except OSError as error:
        return error.errno
"""
    assert inside(source, int(family)) == EPERM


def test_no_server_of_this_machine_is_reached(inside):
    with listening() as address:
        socket.create_connection(address).close()  # it is there
        assert inside(REACH, socket.AF_INET.value, list(address)) in ("OSError", "ConnectionRefusedError")
    name = b"\0vaecourse test %d" % os.getpid()  # an abstract name lies in no folder
    with listening(socket.AF_UNIX, name):
        socket.socket(socket.AF_UNIX).connect(name)
        assert (
            inside(REACH, socket.AF_UNIX.value, torch.tensor(list(name), dtype=torch.uint8)) == "ConnectionRefusedError"
        )


LISTENS = """
import socket, time
def answer(port):
    tcp, unix = socket.socket(), socket.socket(socket.AF_UNIX)
    tcp.bind(("127.0.0.1", port))
    unix.bind(b"\\0neighbour")
    tcp.listen()
    unix.listen()
    open("mark", "w").close()
    open("/dev/shm/mark", "w").close()
    start = time.time()
    time.sleep(2.5)
    return [start, time.time()]
"""
LOOKS = """
import os, socket, time
def answer(port):
    reached = []
    for address in (("127.0.0.1", port), b"\\0neighbour"):
        try:
            socket.socket(socket.AF_UNIX if isinstance(address, bytes) else socket.AF_INET).connect(address)
            reached.append(str(address))
        except OSError:
            pass
    return [time.time(), reached + os.listdir() + os.listdir("/dev/shm"), os.getpid()]
"""


def test_two_jobs_at_the_same_time_do_not_see_each_other(box, job, inside):
    """Neither by the network, nor by files."""
    with meanwhile(box.run, job(LISTENS, 5555), Limits(cpu=5)) as listened:
        time.sleep(1)
        now, seen, number = inside(LOOKS, 5555)
    start, end = listened[0].messages[0]["values"]["value"]
    assert start < now < end
    assert (seen, number) == ([], 1)  # both are number 1, each in a world of its own


# Files, processes, rights ---------------------------------------------------------------------------------


def hidden_files() -> list[Path]:
    grading = Path(module.__file__).parent
    return [
        *(grading / name for name in ("grade.py", "task.py", "check.py", "sandbox.py", "tasks", "templates")),
        *(COURSE / name for name in ("solutions", "exercises", "tests", "README.md", ".git")),
        *(Path.home() / name for name in (".bashrc", ".profile", ".ssh", ".cache")),
        *map(Path, ("/etc/passwd", "/etc/shadow", "/etc/hostname", "/etc/resolv.conf", "/var", "/run", "/sys", "/mnt")),
        *map(Path, ("/root/.bashrc", "/home", "/srv", "/opt/secret", "/proc/1/environ", "/proc/1/root", "/dev/sda")),
        *map(Path, ("/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/kvm", "/dev/net")),
    ]


def test_files_of_the_grader_and_of_this_machine_are_not_there(inside, tmp_path):
    secret = tmp_path / "submissions" / "ann.ipynb"
    secret.parent.mkdir()
    secret.write_text("secret")
    paths = [str(path) for path in (secret, tmp_path, *hidden_files())]
    assert sum(os.path.lexists(path) for path in paths) > 15  # of these files, out here
    assert inside("import os\ndef answer(paths):\n    return [p for p in paths if os.path.lexists(p)]", paths) == []


def test_of_the_grader_only_the_helpers_beside_the_answer_are_there(inside):
    source = (
        "import os\nimport vaecourse.grading as g\n"
        "try:\n    import vaecourse.grading.tasks\nexcept ImportError:\n    found = 0\n"
        "def answer():\n    return [found, *os.listdir(list(g.__path__)[0])]"
    )
    assert inside(source) == [0, "worker"]


def test_folders_above_what_is_shown_cannot_be_listed(inside):
    look = "import os\ndef answer(path):\n    return sorted(os.listdir(path)) if os.access(path, os.R_OK) else []"
    names = inside(look, str(COURSE))
    assert set(names) <= {"vaecourse"}


def test_the_environment_is_not_ours(inside, monkeypatch):
    known = {"PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "LANG", "LC_CTYPE", "PWD", "VAECOURSE_DATA", "TQDM_DISABLE"}
    known |= {"MPLBACKEND", "MPLCONFIGDIR", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES"}
    known |= {"PYTHONDONTWRITEBYTECODE", "TORCHINDUCTOR_CACHE_DIR"}
    seen = inside("import os\ndef answer():\n    return dict(os.environ)")
    assert set(seen) <= known
    assert (seen["HOME"], seen["USER"]) == (walls.SCRATCH, "student")


def test_other_processes_are_not_seen(inside):
    source = """
import os
def answer():
    alive = []
    for number in range(1, 40_000):
        try:
            os.kill(number, 0)
            alive.append(number)
        except ProcessLookupError:
            pass
        except PermissionError:
            alive.append(number)
    return [alive, [name for name in os.listdir("/proc") if name.isdigit() and name != "1"], os.getppid()]
"""
    assert inside(source) == [[1], [], 0]


def test_the_scratch_folder_is_empty_at_the_start_and_the_only_place_to_write(inside):
    source = """
import os, sys, torch, vaecourse
def answer():
    read_only = ["/", "/usr", "/etc", "/dev", sys.prefix, os.path.dirname(torch.__file__),
        os.path.dirname(vaecourse.__file__), list(vaecourse.grading.__path__)[0]]
    writable = [path for path in read_only if os.path.exists(path) and not os.statvfs(path).f_flag & os.ST_RDONLY]
    for folder, folders, names in os.walk("/"):
        folders[:] = [name for name in folders if folder.count("/") < 4 and name != "proc"]
        path = os.path.join(folder, "written")
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
            writable.append(path)
        except OSError:
            pass
    return [os.getcwd(), before, writable]
before = os.listdir()
"""
    start, before, writable = inside(source)
    assert (start, before) == (walls.SCRATCH, [])
    assert sorted(writable) == ["/dev/shm/written", f"{walls.SCRATCH}/written"]


def test_there_are_no_rights_and_none_to_be_had(inside):
    source = """
import ctypes, os, struct
def answer():
    libc = ctypes.CDLL(None, use_errno=True)
    data = ctypes.create_string_buffer(24)
    assert libc.capget(struct.pack("Ii", 0x20080522, 0), data) == 0
    bounding = [n for n in range(64) if libc.prctl(23, n, 0, 0, 0) == 1]
    ambient = [n for n in range(64) if libc.prctl(47, 1, n, 0, 0) == 1]
    return {"capabilities": any(data.raw), "bounding": bounding, "ambient": ambient,
        "no new privileges": libc.prctl(39, 0, 0, 0, 0), "filter": libc.prctl(21, 0, 0, 0, 0), "root": os.getuid() == 0,
        "groups": [g for g in os.getgroups() if g == 0]}
"""
    assert inside(source) == {
        "capabilities": False,
        "bounding": [],
        "ambient": [],
        "no new privileges": 1,
        "filter": 2,
        "root": False,
        "groups": [],
    }


CALL = """
import ctypes
def answer(number, arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return [result, ctypes.get_errno()]
"""


@pytest.mark.parametrize("name", sorted(walls._FORBIDDEN))
def test_forbidden_system_calls_are_refused(inside, name):
    """Called in a way that the kernel itself would answer otherwise, were there no filter: EFAULT, EINVAL, ..."""
    assert inside(CALL, walls._FORBIDDEN[name][COLUMN], [-1] * 6) == [-1, EPERM]


NUMBERS = {"ptrace": (101, 117), "memfd_create": (319, 279), "unshare": (272, 97), "mount": (165, 40)}
NUMBERS |= {"keyctl": (250, 219), "io_uring_setup": (425, 425), "process_vm_readv": (310, 270), "shmget": (29, 194)}


def test_the_calls_that_matter_most_are_forbidden():
    """By their numbers in the kernel's tables, not by those in the code."""
    assert {name: walls._FORBIDDEN[name] for name in NUMBERS} == NUMBERS


@pytest.mark.parametrize("flag", [0x10000000, 0x20000000, 0x00020000, 0x40000000, 0x08000000, 0x04000000, 0x02000000])
def test_no_process_gets_a_namespace_of_its_own(inside, flag):
    clone, clone3 = (56, 220)[COLUMN], 435
    assert inside(CALL, clone, [flag | signal.SIGCHLD, 0, 0, 0, 0]) == [-1, EPERM]
    assert inside(CALL, clone3, [0, 0]) == [-1, ENOSYS]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86-64 has a second set of numbers")
def test_system_calls_by_their_other_numbers_end_the_process(box, job):
    outcome = box.run(job(CALL, 0x40000000 | 39, []), SHORT)
    assert (outcome.ended, outcome.detail) == ("crashed", f"signal {signal.SIGSYS.value}")


# Limits, and how jobs end ---------------------------------------------------------------------------------

ENDINGS = {
    "returns": ("def answer():\n    return 1", "done"),
    "raises": ("def answer():\n    1 / 0", "done"),
    "raises at once": ("import sys\nsys.exit()", "done"),
    "computes without end": ("def answer():\n    while True:\n        pass", "timed out"),
    "waits without end": ("import time\ndef answer():\n    time.sleep(1000)", "timed out"),
    "waits for input": ("def answer():\n    return input()", "done"),
    "defines without end": ("while True:\n    pass", "timed out"),
    "catches every exception": (
        "def answer():\n    while True:\n        try:\n            while True:\n                pass\n"
        "        except BaseException:\n            pass",
        "timed out",
    ),
    "leaves": ("import os\ndef answer():\n    os._exit(0)", "no reply"),
    "leaves early": ("import os\nos._exit(1)", "no reply"),
    "runs another program": ("import os\ndef answer():\n    os.execv('/bin/true', ['true'])", "no reply"),
    "reads at address 0": ("import ctypes\ndef answer():\n    ctypes.string_at(0)", "crashed"),
    "aborts": ("import os\ndef answer():\n    os.abort()", "crashed"),
    "recurses in C": ("import ctypes\ndef answer():\n    ctypes.CDLL(None).abort()", "crashed"),
    "sends no message": ("import os\ndef answer():\n    os.write(3, b'\\xff' * 100)", "broken reply"),
    "sends an end": (
        "import os\ndef answer():\n    os.write(3, b'\\0\\0\\0\\6\\0\\0\\0\\0\"done\"')\n    os._exit(0)",
        "done",
    ),
    "sends without end": (
        "import os\nfrom vaecourse.grading.worker import wire\ndef answer():\n    part = wire.pack('x' * 1000)\n"
        "    while True:\n        os.write(3, part)",
        "broken reply",
    ),
    "sends half a message and waits": (
        "import os, time\ndef answer():\n    os.write(3, b'\\0\\0\\1\\0')\n    time.sleep(1000)",
        "timed out",
    ),
    "closes the connection": ("import os, time\ndef answer():\n    os.close(3)\n    time.sleep(1000)", "no reply"),
}


@pytest.mark.parametrize(("source", "ended"), ENDINGS.values(), ids=ENDINGS)
def test_every_job_ends_and_the_next_one_is_done(box, job, inside, source, ended):
    assert box.run(job(source), SHORT).ended == ended
    assert inside("def answer():\n    return 1") == 1


def test_what_was_sent_before_the_end_is_kept(box, job):
    begun = job("import os\ndef answer(n):\n    return n if n < 2 else os._exit(0)")
    begun["cases"] = [{"n": number} for number in range(4)]
    outcome = box.run(begun, SHORT)
    assert outcome.ended == "no reply"
    assert [message["values"]["value"] for message in outcome.messages] == [0, 1]


def test_a_job_that_is_no_job_has_no_reply(box, job):
    for nothing in (b"\xff" * 100, b"\0" * 8, b"\0" * 1000):
        assert box.run(nothing, SHORT) == Outcome(ended="no reply")


@pytest.mark.parametrize("size", ["3 * 2**30", "10 * 2**20"])
def test_no_job_takes_more_memory_than_it_may(box, job, size):
    """It gets a MemoryError, or is ended, whichever is first."""
    source = (
        f"parts = []\ndef answer():\n    while len(parts) < 300:\n        parts.append(bytearray({size}))\n    return 1"
    )
    outcome = box.run(job(source), Limits(cpu=10))
    if outcome.ended == "done":
        assert "MemoryError" in outcome.messages[0]["failure"]["idea"]
    else:
        assert outcome.ended == "out of memory"


def test_memory_is_counted_over_all_processes_of_a_job(box, job):
    source = """
import os, time
def answer():
    for _ in range(4):
        if os.fork() == 0:
            held = bytearray(700 * 2**20)
            held[::4096] = b"x" * len(held[::4096])
            time.sleep(1000)
    time.sleep(1000)
"""
    assert box.run(job(source), Limits(cpu=20)).ended == "out of memory"


COUNTED = {
    "processes": (
        "import subprocess\ndef answer():\n    started = []\n    try:\n        while len(started) < 100:\n"
        "            started.append(subprocess.Popen(['/bin/sleep', '1000']))\n    except BlockingIOError:\n"
        "        return len(started)",
        walls.PROCESSES,
    ),
    "threads": (
        "import threading, time\ndef answer():\n    try:\n        for n in range(100):\n"
        "            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
        "    except RuntimeError:\n        return n",
        walls.PROCESSES,
    ),
    "open files": (
        "def answer():\n    files = []\n    try:\n        while len(files) < 1000:\n"
        "            files.append(open('/dev/null'))\n    except OSError:\n        return len(files)",
        walls.OPEN_FILES,
    ),
    "the size of a file": (
        "import os\ndef answer():\n    try:\n        for n in range(200):\n            with open('a', 'ab') as file:\n"
        "                file.write(bytes(2**20))\n    except OSError:\n        return os.path.getsize('a') // 2**20",
        walls.SCRATCH_BYTES // 2**20,
    ),
    "all files together": (
        "def answer():\n    try:\n        for n in range(200):\n            with open(str(n), 'wb') as file:\n"
        "                file.write(bytes(2**20))\n    except OSError:\n        return n",
        walls.SCRATCH_BYTES // 2**20,
    ),
    "the number of files": (
        "def answer():\n    try:\n        for n in range(10_000):\n            open(str(n), 'w').close()\n"
        "    except OSError:\n        return n",
        4096,
    ),
    "shared memory": (
        "def answer():\n    try:\n        for n in range(200):\n            with open(f'/dev/shm/{n}', 'wb') as file:\n"
        "                file.write(bytes(2**20))\n    except OSError:\n        return n",
        walls.SCRATCH_BYTES // 2**20,
    ),
}


@pytest.mark.parametrize(("source", "limit"), COUNTED.values(), ids=COUNTED)
def test_no_job_takes_more_than_its_share(inside, source, limit):
    """It gets at least half of it, and no more than all."""
    assert limit / 2 <= inside(source) <= limit


def test_limits_cannot_be_raised(inside):
    source = """
import resource
def answer():
    raised = []
    for name in ("CPU", "AS", "NPROC", "NOFILE", "FSIZE", "CORE"):
        which = getattr(resource, f"RLIMIT_{name}")
        limit = resource.getrlimit(which)[1]
        try:
            resource.setrlimit(which, (limit + 1, limit + 1))
            raised.append(name)
        except (ValueError, OSError):
            pass
        if limit == resource.RLIM_INFINITY:
            raised.append(name)
    return raised
"""
    assert inside(source) == []


def test_what_a_job_started_is_gone_when_it_has_ended(box, job):
    """Processes that cut themselves off, and that their parent does not wait for."""
    name = f"left{os.getpid() % 10**6}"
    source = f"""
import ctypes, os, signal, time
def ignore():
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_IGN)
def answer(then):
    for detach in (os.setsid, lambda: os.setpgid(0, 0), ignore):
        if os.fork() == 0:
            detach()
            if os.fork() == 0:
                ctypes.CDLL(None).prctl(15, b"{name}")
                time.sleep(1000)
            os._exit(0)
        os.wait()
    time.sleep(then)
    return 1
"""
    with meanwhile(box.run, job(source, 1000), SHORT) as timed_out:
        wait_until(lambda: len(processes_called(name)) == 3)  # so they can be seen from here
    assert timed_out[0].ended == "timed out"
    assert processes_called(name) == []
    assert box.run(job(source, 0), SHORT).ended == "done"
    assert processes_called(name) == []


def test_no_file_descriptor_of_a_job_is_left(box, job):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        box.run(job("def answer():\n    return 1"), SHORT)
    assert len(os.listdir("/proc/self/fd")) == before


# The server -----------------------------------------------------------------------------------------------


def test_a_job_is_done_again_when_the_server_was_killed_and_nothing_is_left(needs_walls, job):
    """It was not the job's fault."""
    name = f"lone{os.getpid() % 10**6}"
    source = f"import ctypes, time\nctypes.CDLL(None).prctl(15, b'{name}')\ndef answer(then):\n    time.sleep(then)"
    with Sandbox() as box:
        with meanwhile(box.run, job(source, 1), Limits(cpu=30)) as done:
            wait_until(lambda: processes_called(name))
            box._server.kill()
        assert done[0].ended == "done"
        wait_until(lambda: not processes_called(name))
        server = box._server
        with meanwhile(box.run, job(source, 1000), Limits(cpu=30)) as stopped:
            wait_until(lambda: processes_called(name))
            box.close()
        assert stopped[0].ended == "no reply"
        assert server.poll() is not None
        wait_until(lambda: not processes_called(name))


def test_a_server_that_died_between_two_jobs_is_started_again(needs_walls, job):
    right = job("def answer():\n    return 1")
    with Sandbox() as box:
        box._server.kill()
        box._server.wait()
        assert box.run(right, SHORT).ended == "done"


@pytest.mark.parametrize(("platform_name", "words"), [("darwin", "this is darwin"), ("win32", "this is win32")])
def test_other_systems_have_no_walls(monkeypatch, platform_name, words):
    monkeypatch.setattr(sys, "platform", platform_name)
    assert words in missing_walls()


def test_a_missing_bubblewrap_is_named_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt install bubblewrap" in missing_walls()
    with pytest.raises(SandboxError, match=r"bubblewrap is missing .*apt install bubblewrap.* --no-sandbox"), Sandbox():
        pass


@pytest.fixture
def another_bwrap(monkeypatch, tmp_path):
    """Puts a script in the place of bwrap."""

    def put(script: str) -> None:
        path = tmp_path / "bwrap"
        path.write_text(f"#!{sys.executable}\nimport os, sys\n{script}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        assert shutil.which("bwrap") == str(path)

    return put


HELLO = "number = int(sys.argv[-2])\nos.write(number, {})\nos.read(number, 1)"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sys.exit('bwrap: No permissions to create a new namespace')", "did not start: bwrap: No permissions"),
        ("sys.exit(1)", "did not start: it said nothing"),
        (HELLO.format('b\'{"walls": false, "problem": "unshare: no"}\\n\''), "cannot be built here: unshare: no"),
    ],
)
def test_walls_that_cannot_be_built_are_an_error(another_bwrap, script, words):
    another_bwrap(script)
    box = Sandbox()
    with pytest.raises(SandboxError, match=words), box:
        pass
    assert box._server is None


# Without walls --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def open_box():
    with Sandbox(walled=False) as box:
        yield box


@pytest.mark.parametrize("name", ["returns", "raises", "computes without end", "leaves", "aborts", "waits for input"])
def test_without_walls_jobs_end_as_well(open_box, job, name):
    source, ended = ENDINGS[name]
    assert open_box.run(job(source), SHORT).ended == ended


def test_the_kind_of_walls_is_told(open_box, box):
    assert open_box.isolation.startswith("NONE (--no-sandbox)")
    for promise in ("bubblewrap", "no network", "no capabilities", "system-call filter", "limits on memory"):
        assert promise in box.isolation


def test_what_the_cells_have_set_does_not_count(inside):
    """As in the notebook's own check: the forecast would be wrong otherwise."""
    settings = """
import torch
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
torch.set_default_device("meta")
torch.manual_seed(1)

def answer():
    return [str(torch.zeros(1).dtype), torch.is_grad_enabled(), torch.zeros(1).device.type, torch.rand(()).item()]
"""
    plain = "import torch\ndef answer():\n    return torch.rand(()).item()"
    assert inside(settings) == ["torch.float32", True, "cpu", inside(plain)]


def test_without_walls_files_go_to_a_folder_that_is_removed(job):
    source = """
import os, tempfile

def answer():
    open("mark", "w").close()
    return [os.getcwd(), tempfile.mkdtemp()]
"""
    with Sandbox(walled=False) as box:
        outcome = box.run(job(source), SHORT)
        here, temporary = outcome.messages[0]["values"]["value"]
        assert Path(temporary).parent == Path(here)
        assert (Path(here) / "mark").exists()
    assert not Path(here).exists()
