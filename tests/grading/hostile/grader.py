"""Attacks on the grader: forged replies, doors out of the sandbox, and hidden numbers carried out in the feedback."""

from hostile.entry import CHEAP, IMPORTS, MARK, NEIGHBOUR, Entry, answer, as_file, attack, notebook, walled

FORGER = """
import os, struct
from vaecourse.grading.worker import wire

def send_text(text):
    text = struct.pack("!II", len(text), 0) + text
    while text:
        text = text[os.write(3, text):]
"""
LEAK = "L3AK"
"""What attacks write around the hidden numbers."""


def forges(name, body, ends=(), gets=0, tail="os._exit(0)"):
    """Writes to the connection what it likes, and leaves."""
    lines = "".join(f"    {line}\n" for line in f"{body}\n{tail}".strip("\n").splitlines())
    return attack(name, f"{FORGER}\ndef squared_error(x, x_hat):\n{lines}", ends=ends, gets=gets)


def claims(name, values, tail="wire.send(3, 'done')\nos._exit(0)"):
    """Sends ``values``, an expression, as what was seen on every case."""
    return forges(name, f"for case in range(-2, 9):\n    wire.send(3, {{'case': case, 'values': {values}}})", tail=tail)


FORGERIES = [
    claims("claims a value", "{'value': 1.0, 'd/dx_hat': x_hat, 'changed': []}"),
    claims("claims its points", "{'passed': True, 'points': 1000, 'status': 'graded', 'mistake': None}"),
    claims(
        "claims to be equal to everything",
        "{'value': float('nan'), 'd/dx_hat': x_hat * float('nan'), 'changed': False}",
    ),
    claims("claims infinity", "{'value': float('inf'), 'd/dx_hat': x_hat, 'changed': []}"),
    claims("claims nothing", "{}"),
    claims("claims the wrong types", "{'value': [x], 'd/dx_hat': {'x': x}, 'changed': x}"),
    claims("claims a number that is too large", "{'value': 2**64 - 1, 'd/dx_hat': 1, 'changed': []}"),
    forges("claims to be done", "wire.send(3, 'done')"),
    forges(
        "claims odd cases",
        "for case in (True, 1.0, '0', None, [], 10**18, -1):\n    wire.send(3, {'case': case, 'values': {}})",
    ),
    forges(
        "claims not to have started", "wire.send(3, {'failure': {'kind': 'not-started', 'idea': '', 'measured': ''}})"
    ),
    forges(
        "claims other kinds of failure",
        f"for kind in ('graded', 'passed', '', 'x' * 10**5):\n"
        f"    wire.send(3, {{'case': 0, 'failure': {{'kind': kind, 'idea': '{LEAK}', 'measured': '{LEAK}'}}}})",
    ),
    forges("a giant header", "os.write(3, struct.pack('!II', 2**32 - 1, 2**32 - 1) + bytes(100))"),
    forges(
        "a giant text", "os.write(3, struct.pack('!II', 2**26, 0)); [os.write(3, b'[],' * 10**5) for _ in range(300)]"
    ),
    forges("lists without end", "send_text(b'[' + b'[],' * 1_300_000 + b'[]]')"),
    forges("lists without end, sixty megabytes", "send_text(b'[' + b'[],' * 20_000_000 + b'[]]')"),
    forges("deep lists", "send_text(b'[' * 10**6 + b']' * 10**6)"),
    forges("a number with a million digits", "send_text(b'1' * 10**6)"),
    forges(
        "open files instead of an answer",
        "import socket\n"
        "with socket.socket(fileno=3) as connection:\n"
        "    for _ in range(10**4): socket.send_fds(connection, [b'files'], [1] * 250)",
    ),
    forges("garbage", "for _ in range(1000): os.write(3, os.urandom(10**4))"),
    forges("millions of small messages", "message = wire.pack(None) * 1000\nwhile True: os.write(3, message)", tail=""),
    forges(
        "a message byte by byte", "os.write(3, struct.pack('!II', 2**21, 0))\nwhile True: os.write(3, b' ')", tail=""
    ),
    forges("a message that never ends", "import time\nos.write(3, bytes(7))\ntime.sleep(99)", ends=("timed out",)),
    forges(
        "a million tensors",
        """
import json
head = json.dumps({str(n): {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for n in range(200_000)}).encode()
text, blob = b"{}", struct.pack("<Q", len(head)) + head
message = struct.pack("!II", len(text), len(blob)) + text + blob
while message: message = message[os.write(3, message):]
""",
    ),
    forges(
        "a tensor of impossible shape",
        """
import json
head = json.dumps({"0": {"dtype": "F32", "shape": [0, 2**62, 2**62], "data_offsets": [0, 0]}}).encode()
text = b'{"map": {"case": 0, "values": {"map": {"value": {"tensor": "0"}, "changed": []}}}}'
blob = struct.pack("<Q", len(head)) + head
os.write(3, struct.pack("!II", len(text), len(blob)) + text + blob)
""",
    ),
    attack(
        "returns a path of 400,000 pictures",
        FORGER,
        """
def interpolate(model, a, b, steps):
    path = model.decode(model.encode(a)).expand(400_000, *a.shape[1:])
    return path
""",
        task="interpolate",
    ),
]

DOORS = [
    walled(
        "looks for right answers in files",
        """
import os, sys

def attempt():
    wanted = ("lesson_01.py", "ideas_01.py", "task.py", "grade.py", "check.py", "grading.json", "grades.csv")
    caught = []
    libraries = {os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, "/usr", "/proc", "/sys", "/dev")}
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in libraries]
        caught += [os.path.join(folder, name) for name in files if name in wanted or name.endswith(".ipynb")]
        caught += [os.path.join(folder, name) for name in folders if name in ("solutions", "exercises", ".git")]
    return caught[:20]
""",
    ),
    walled(
        "looks for right answers beside the package",
        """
import glob, os, importlib
import vaecourse, vaecourse.grading

def attempt():
    caught = []
    for name in ("check", "task", "tasks", "tasks.lesson_01", "grade", "sandbox", "submissions", "report"):
        try:
            importlib.import_module(f"vaecourse.grading.{name}")
            caught.append(name)
        except ImportError:
            pass
    here = os.path.dirname(vaecourse.__file__)
    above = os.path.dirname(here)
    for pattern in ("grading/*.py", "grading/tasks/*"):
        caught += glob.glob(os.path.join(here, pattern))
    for name in ("solutions", "tests", ".git", "exercises"):
        if os.path.exists(os.path.join(above, name)):
            caught.append(name)
    try:
        vaecourse.grading.check("01.squared_error", None)
    except Exception:
        pass
    return caught
""",
    ),
    walled(
        "reads what is private",
        """
import glob, os

def attempt():
    caught = [name for name, value in os.environ.items() if "SECRET" in name + value]
    for path in ("~/.ssh/id_rsa", "/root", "/home", "/etc/shadow", "/var", "/mnt", "/opt/secret", "/run"):
        path = os.path.expanduser(path)
        try:
            listed = os.listdir(path) if os.path.isdir(path) else open(path).read()
            caught += [path] if listed and path not in ("/root", "/home") else []
        except OSError:
            pass
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            caught += [path] if b"SECRET" in open(path, "rb").read() else []
        except OSError:
            pass
    return caught
""",
    ),
    walled(
        "writes outside of its folder",
        f"""
import os, sys, sysconfig
import vaecourse

def attempt():
    caught = []
    folders = ["/", "/etc", "/usr", "/root", "/home", "/var/tmp", "/dev", "/proc", "/sys", "/proc/sys/kernel"]
    folders += [os.path.dirname(vaecourse.__file__), os.path.dirname(os.path.dirname(vaecourse.__file__))]
    folders += [sys.prefix, sysconfig.get_path("purelib"), *(os.path.dirname(m.__file__) for m in (torch, os))]
    for folder in folders:
        for name in ("{MARK}", "sitecustomize.py", "usercustomize.py", "{MARK}.pth"):
            try:
                open(os.path.join(folder, name), "x").close()
                caught.append(folder)
            except OSError:
                pass
    for path in (vaecourse.__file__, torch.__file__, os.__file__, sys.executable):
        for harm in (os.unlink, lambda p: os.rename(p, p + ".old"), lambda p: open(p, "a"), lambda p: os.chmod(p, 0)):
            try:
                harm(path)
                caught.append(path)
            except OSError:
                pass
    return caught
""",
    ),
    walled(
        "goes to the network",
        """
import socket, urllib.request

def attempt():
    caught = []
    for family, address in (
        (socket.AF_INET, ("1.1.1.1", 53)), (socket.AF_INET, ("127.0.0.1", 22)), (socket.AF_INET6, ("::1", 22)),
        (socket.AF_INET, ("169.254.169.254", 80)),
    ):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                with socket.socket(family, kind) as connection:
                    connection.settimeout(0.2)
                    connection.connect(address)
                    caught.append(str(address))
            except OSError:
                pass
    for function, target in ((socket.gethostbyname, "example.org"), (urllib.request.urlopen, "http://1.1.1.1")):
        try:
            caught.append(str(function(target)))
        except OSError:
            pass
    try:
        devices = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
        caught += [name for name in devices if name != "lo"]
    except OSError:
        pass
    return caught
""",
    ),
    walled(
        "looks for its neighbours",
        f"""
import os, socket

def attempt():
    caught = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()]
    try:
        caught += [line for line in open("/proc/net/unix") if "@" in line]
    except OSError:
        pass
    for target in (os.getppid(), *range(2, 1000)):
        try:
            os.kill(target, 0)
            caught += [target] * (target != 0)
        except OSError:
            pass
    for folder in ("/tmp", "/dev/shm", "/var/tmp", ".", "/scratch"):
        try:
            caught += [name for name in os.listdir(folder) if not name.startswith("matplotlib")]
        except OSError:
            pass
    server = socket.socket(socket.AF_UNIX)
    server.bind("\\0{MARK}")  # twice the same name in one network would be an error
    return caught
""",
    ),
    walled(
        "asks the kernel for doors",
        """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

def attempt():
    calls = {
        "ptrace": lambda: libc.ptrace(0, 0, 0, 0),
        "mount": lambda: libc.mount(b"none", b"/scratch", b"tmpfs", 0, None),
        "umount": lambda: libc.umount2(b"/scratch", 2),
        "unshare user": lambda: libc.unshare(0x10000000),
        "unshare mounts": lambda: libc.unshare(0x00020000),
        "setuid": lambda: libc.setuid(0) if os.getuid() else -1,
        "chroot": lambda: libc.chroot(b"/scratch"),
        "pivot_root": lambda: libc.syscall(155, b"/", b"/"),
        "keyctl": lambda: libc.syscall(250, 0, -3, 1),
        "bpf": lambda: libc.syscall(321, 0, 0, 0),
        "perf": lambda: libc.syscall(298, bytes(128), 0, -1, -1, 0),
        "io_uring": lambda: libc.syscall(425, 1, bytes(120)),
        "userfaultfd": lambda: libc.syscall(323, 0),
        "clone3": lambda: libc.syscall(435, bytes(88), 88),
        "process_vm_readv": lambda: libc.syscall(310, os.getppid(), 0, 0, 0, 0, 0),
        "mknod": lambda: libc.mknod(b"device", 0o60666, 0x0801),
        "reboot": lambda: libc.reboot(0),
        "sethostname": lambda: libc.sethostname(b"x", 1),
        "settimeofday": lambda: libc.settimeofday(bytes(16), 0),
    }
    return [name for name, call in calls.items() if call() != -1]
""",
    ),
    walled(
        "reads the memory of others",
        """
import os

def attempt():
    caught = []
    for pid in (os.getppid(), *range(2, 100)):
        for name in ("mem", "environ", "cmdline", "maps", "root/etc/passwd", "fd/0"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    caught.append(f"{pid} {name}: {file.read(10)}")
            except OSError:
                pass
    for path in ("/dev/mem", "/dev/kmem", "/proc/kcore", "/dev/kvm", "/dev/sda", "/dev/fuse"):
        try:
            caught += [path] if open(path, "rb").read(1) else []
        except OSError:
            pass
    return caught
""",
    ),
    walled(
        "looks for open files of others",
        """
import os

def attempt():
    caught = []
    for descriptor in [n for n in range(1024) if n != 3]:
        try:
            if os.path.exists(f"/proc/self/fd/{descriptor}"):
                target = os.readlink(f"/proc/self/fd/{descriptor}")
                caught += [] if target.startswith(("/dev/null", "/proc")) else [f"{descriptor}: {target}"]
        except OSError:
            pass
    return caught
""",
    ),
]

LEAKS = [
    attack(
        f"carries numbers out in {where}",
        f"def squared_error(x, x_hat):\n    number = '{LEAK}' + str(x.sum().item()).replace('.', '_')\n{body}",
        unseen=(LEAK,),
    )
    for where, body in {
        "the error's type": "    raise type(number, (Exception,), {})(number)",
        "the error's message": "    raise ValueError(number)",
        "the error's notes": "    error = ValueError()\n    error.add_note(number)\n    raise error",
        "a name that is not defined": "    exec(number)",
        "the function's name": (
            "    names = {}\n"
            "    exec(compile(f'def {number}():\\n"
            "    raise ValueError(1)', '<cell 2>', 'exec'), names)\n"
            "    names[number]()"
        ),
        "the file's name": "    exec(compile('1 / 0', f'<cell 9> {number}', 'exec'))",
        "a syntax error": "    raise SyntaxError(number, ('<cell 2>', 1, 1, number))",
        "what is returned": "    return type(number, (), {})()",
        "a text that is returned": "    return number",
        "an import": "    __import__(number)",
        "an exception group": "    raise ExceptionGroup(number, [ValueError(number)])",
        "HTML": "    raise ValueError('<script>alert(1)</script>')",
        "a warning": "    raise UserWarning(number)",
        "a forged failure": (
            "    from vaecourse.grading.worker import wire\n    import os\n"
            "    idea = f'Your code raised ValueError in line 1 of {number}: `{number}`.'\n"
            "    wire.send(3, {'case': 0, 'failure': {'kind': 'raised', 'idea': idea, 'measured': number}})\n"
            "    wire.send(3, {'case': 1, 'failure': {'kind': 'x', 'idea': number, 'measured': number}})\n"
            "    wire.send(3, {'case': 2, 'failure': {'kind': 'not-callable', 'idea': number, 'measured': number}})\n"
            "    os._exit(0)"
        ),
    }.items()
] + [
    attack(
        "carries numbers out in the lines that it quotes",
        "import linecache\n\ndef squared_error(x, x_hat):\n"
        f"    linecache.cache['<cell 2>'] = (1, None, [f'{LEAK} {{x.sum()}}\\n"
        "'] * 99, '<cell 2>')\n"
        "    raise ValueError\n",
        unseen=(LEAK,),
    ),
    attack(
        "carries numbers out in words of its own",
        """
def zero():
    raise ValueError

def one():
    raise ValueError

def squared_error(x, x_hat):
    bits = f"{int(x.sum().item() * 1e6):b}"
    name = ".".join("one" if bit == "1" else "zero" for bit in bits)
    zero.__code__ = zero.__code__.replace(co_name=name, co_qualname=name)
    zero()
""",
        unseen=("zero.one", "one.zero", "zero.zero", "one.one"),
    ),
    attack(
        "carries numbers out as places",
        """
def squared_error(x, x_hat):
    name = f"squared_error.{x.sum().item():.6f}"
    squared_error.__code__ = squared_error.__code__.replace(co_name="f", co_qualname=name)
    raise_()

def raise_():
    raise ValueError
raise_.__code__ = raise_.__code__.replace(co_qualname="raise_.424242.777")
""",
        unseen=("squared_error.1", "squared_error.2", "squared_error.3", "squared_error.4", "424242"),
    ),
    attack(
        "carries numbers out in the line's number",
        """
def fail():
    raise ValueError

def squared_error(x, x_hat):
    fail.__code__ = fail.__code__.replace(co_firstlineno=31000 + 337)
    fail()
""",
        unseen=("3133",),
    ),
]

LEFT_BEHIND = f"""
import os, builtins, sys

PLACES = ["/tmp", "/dev/shm", "/var/tmp", ".", "/scratch", os.path.expanduser("~")]

def leave():
    sys.{MARK.replace("-", "_")} = builtins.{MARK.replace("-", "_")} = True
    for folder in PLACES:
        try:
            with open(os.path.join(folder, "{MARK}-left"), "wb") as file:
                file.write(b"x")
        except OSError:
            pass

def found():
    caught = [folder for folder in PLACES if os.path.exists(os.path.join(folder, "{MARK}-left"))]
    return caught + ["memory"] * hasattr(sys, "{MARK.replace("-", "_")}")
"""


def _leaves_something() -> dict:
    first = "def squared_error(x, x_hat):\n    leave()\n    return ((x - x_hat) ** 2).flatten(1).sum(1).mean()\n"
    second = answer(NEIGHBOUR).replace("    ### BEGIN SOLUTION\n", "    if found(): return found()\n", 1)
    return notebook(IMPORTS, LEFT_BEHIND, first, second)


REMEMBERS = f"""
import gc, os, sys

PLACES = ["/tmp", "/dev/shm", ".", "/scratch"]

class Cheat(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.latent_dim = latent_dim

    def encode(self, x):
        for place in PLACES:
            try:
                torch.save(x, f"{{place}}/{MARK}-pictures")
            except RuntimeError:
                pass
        sys.pictures = x
        return torch.arange(len(x))[:, None].expand(-1, self.latent_dim).float() - 1

    def decode(self, z):
        for place in PLACES:
            if os.path.exists(f"{{place}}/{MARK}-pictures"):
                found = torch.load(f"{{place}}/{MARK}-pictures")
                if len(found) == len(z):  # and not the few that this very process was asked for
                    return found
        for thing in gc.get_objects():
            if type(thing) is Tensor and thing.shape == (300, 1, 28, 28):
                return thing
        return torch.full((len(z), 1, 28, 28), 0.5)

def train_autoencoder(x, latent_dim):
    return Cheat(latent_dim)
"""

ENTRIES = [
    *FORGERIES,
    *DOORS,
    *LEAKS,
    Entry("leaves something for the next", as_file(_leaves_something), {"squared_error": 2, "share_recognised": 2}),
    walled("finds what the one before left", f"{LEFT_BEHIND}\nattempt = found\n"),
    attack("remembers pictures between two trainings", REMEMBERS, task="train_autoencoder", gets=1),
    Entry(
        "leaves all tasks at once",
        as_file(lambda: notebook(IMPORTS, *(f"import os\ndef {name}(*a):\n    os._exit(0)\n" for name in CHEAP))),
        {},
        status=("crashed", "no reply"),
    ),
]
