"""Attacks on the process: endless, greedy, dying, multiplying."""

from hostile.entry import MARK, attack, walled

TIMED_OUT, RAISED = ("timed out",), ("graded",)
RIGHT = "((x - x_hat) ** 2).flatten(1).sum(1).mean()"


def harm(name, body, gets=2, ends=()):
    """Something that is done at every call, before a right return value."""
    lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    return attack(
        name, f"import os, sys, time\n\ndef squared_error(x, x_hat):\n{lines}    return {RIGHT}", gets=gets, ends=ends
    )


# More than the 2 GB that an answer may hold, piece by piece.
PIECES = {
    "a list": "kept.append([0] * (2**27 // 8))",
    "torch": "kept.append(torch.ones(2**25))",
    "numpy": "kept.append(numpy.ones(2**24))",
    "a mapping": "kept.append(mmap.mmap(-1, 2**27, flags=mmap.MAP_PRIVATE)); kept[-1].write(b'x' * 2**27)",
    "processes": "os.fork() or (kept.append(bytearray(b'x') * 2**29), time.sleep(60))",
}
HOGS = [
    harm(
        f"memory in {name}",
        f"import mmap, numpy\nkept = []\nfor _ in range(20):\n    {piece}\ntime.sleep(60)",
        gets=0,
        ends=("out of memory", "graded", "crashed", "timed out"),
    )
    for name, piece in PIECES.items()
]

ENTRIES = [
    harm(
        "swallows every exception and sleeps",
        """
while True:
    try:
        time.sleep(1)
    except BaseException:
        pass
""",
        gets=0,
        ends=TIMED_OUT,
    ),
    harm("loops at the call", "while True: pass", gets=0, ends=TIMED_OUT),
    attack(
        "loops at the definition",
        "FACTORS = [1 for _ in iter(int, 1)]\n",
        "def squared_error(x, x_hat):\n    return FACTORS[0] * ((x - x_hat) ** 2).flatten(1).sum(1).mean()",
        ends=TIMED_OUT,
    ),
    harm(
        "ignores every signal and loops",
        """
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    try:
        while True: pass
    except BaseException:
        pass
""",
        gets=0,
        ends=TIMED_OUT,
    ),
    harm("loops within C", "import re; re.match('(a*)*b', 'a' * 64)", gets=0, ends=TIMED_OUT),
    harm("leaves with sys.exit", "sys.exit()", gets=0, ends=RAISED),
    harm("leaves with os._exit", "os._exit(0)", gets=0, ends=("no reply",)),
    attack(
        "quits at the definition",
        "FACTOR = quit() or 1\n",
        f"def squared_error(x, x_hat):\n    return FACTOR * {RIGHT}",
        ends=RAISED,
    ),
    attack(
        "quits for good at the definition",
        "import os\nFACTOR = os._exit(0) or 1\n",
        f"def squared_error(x, x_hat):\n    return FACTOR * {RIGHT}",
        ends=("no reply",),
    ),
    harm("segmentation fault", "import ctypes; ctypes.string_at(0)", gets=0, ends=("crashed",)),
    harm("aborts", "os.abort()", gets=0, ends=("crashed",)),
    harm("recursion in Python", "return squared_error(x, x_hat)", gets=0, ends=RAISED),
    harm(
        "recursion in C",
        """
sys.setrecursionlimit(2**30)
class Deep:
    def __repr__(self):
        return repr(self)
repr(Deep())
""",
        gets=0,
        ends=("crashed", "graded", "out of memory"),
    ),
    *HOGS,
    harm(
        "fills /dev/shm and its folder",
        f"""
for folder in ("/dev/shm", ".", "/tmp"):
    try:
        for number in range(40):
            with open(f"{{folder}}/{MARK}-{{number}}", "wb") as file:
                file.write(bytes(2**23))
    except OSError:
        pass
""",
    ),
    walled(
        "memory that no limit counts",
        """
import ctypes, mmap, os
libc = ctypes.CDLL(None, use_errno=True)

def attempt():
    caught = [name for name, result in {
        "memfd_create": libc.memfd_create(b"x", 0),
        "shmget": libc.shmget(0, 2**20, 0o1777),
        "msgget": libc.msgget(0, 0o1777),
        "mlockall": libc.mlockall(3),
    }.items() if result != -1]
    for name, where in {"shared": lambda: -1, "/dev/zero": lambda: os.open("/dev/zero", os.O_RDWR)}.items():
        try:
            mmap.mmap(where(), 2**20)
            caught.append(name)
        except OSError:
            pass
    return caught
""",
    ),
    harm(
        "five processes that only burn time",
        """
for _ in range(5):
    if os.fork() == 0:
        while True: pass
time.sleep(0.5)
""",
    ),
    harm(
        "memory that its processes hide",
        """
import ctypes
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # its entries in /proc are closed
for _ in range(3):
    if os.fork() == 0:
        kept = bytearray(b"x") * (1200 * 2**20)
        time.sleep(60)
time.sleep(60)
""",
        gets=0,
        ends=("out of memory",),
    ),
    harm("fork bomb", "while True: os.fork()", gets=0),
    harm(
        "fork bomb that swallows its errors",
        """
while True:
    try:
        os.fork()
    except OSError:
        pass
""",
        gets=0,
    ),
    harm(
        "vfork bomb of programs",
        "import subprocess\nwhile True: subprocess.Popen(['/bin/sh', '-c', 'sleep 99'])",
        gets=0,
    ),
    harm(
        "daemon that goes on writing",
        f"""
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            time.sleep(0.1)
            for folder in ("/tmp", "/dev/shm", os.path.expanduser("~")):
                try:
                    open(f"{{folder}}/{MARK}-daemon", "a").write("here")
                except OSError:
                    pass
    os._exit(0)
""",
    ),
    harm(
        "leaves, and a child holds the connection",
        "if os.fork() == 0:\n    os.setsid()\n    time.sleep(99)\nos._exit(0)",
        gets=0,
        ends=("no reply", "crashed"),
    ),
    harm("a thread that never ends", "import threading\nthreading.Thread(target=time.sleep, args=(99,)).start()"),
    harm(
        "thread bomb",
        """
import threading
try:
    while True:
        threading.Thread(target=time.sleep, args=(99,)).start()
except RuntimeError:
    pass
""",
    ),
    harm(
        "thousands of files",
        f"""
try:
    for number in range(10**5):
        open(f"{MARK}-{{number}}", "w").close()
except OSError:
    pass
""",
    ),
    harm(
        "thousands of open files",
        """
import builtins
builtins.kept = []
try:
    while True:
        builtins.kept.append(open("/dev/null"))
except OSError:
    pass
""",
    ),
    harm("prints a gigabyte", "for _ in range(1000): print('x' * 10**6)"),
    harm("closes all its files", "os.closerange(0, 1 << 12)", gets=0, ends=("no reply", "crashed")),
    harm(
        "prints to closed files",
        """
os.closerange(0, 3)
try:
    print("hello", flush=True)
except OSError:
    pass
""",
    ),
    harm(
        "kills all that it can see",
        """
import signal
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
for target in (-1, 0, os.getppid(), *range(2, 1000)):
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(target, number)
        except OSError:
            pass
""",
        gets=(0, 2),
    ),
    harm("stops itself", "import signal\nos.kill(os.getpid(), signal.SIGSTOP)", gets=(0, 2)),
    walled(
        "raises its limits",
        """
import os, resource

def attempt():
    caught = []
    for name in ("AS", "CPU", "NPROC", "NOFILE", "FSIZE", "CORE"):
        which = getattr(resource, f"RLIMIT_{name}")
        soft, hard = resource.getrlimit(which)
        for pair in ((hard + 1, hard + 1), (resource.RLIM_INFINITY,) * 2):
            try:
                resource.setrlimit(which, pair)
                caught.append(name)
            except (OSError, ValueError):
                pass
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        caught.append("nice")
    except OSError:
        pass
    return caught
""",
    ),
    harm("becomes another program", "os.execv('/bin/sleep', ['sleep', '99'])", gets=0, ends=("timed out", "no reply")),
    harm("waits for input", "sys.stdin.read()\nos.read(0, 1)"),
    harm("waits for what never comes", "os.read(3, 1)", gets=0, ends=TIMED_OUT),
]
