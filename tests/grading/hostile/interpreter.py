"""Attacks on Python itself: functions replaced, types that lie, frames and memory that are searched or overwritten."""

from hostile.entry import attack, walled

LIE = "    return torch.tensor(0.0, requires_grad=True) * x_hat.sum()\n"


def lie(name, setup, body="", **options):
    """A wrong return value, after something that would make it count as right."""
    lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    return attack(name, f"{setup}\ndef squared_error(x, x_hat):\n{lines}{LIE}", **options)


def returns(name, setup, value):
    return attack(name, f"{setup}\ndef squared_error(x, x_hat):\n    return {value}\n")


ENTRIES = [
    lie(
        "torch's functions replaced",
        "",
        """
yes = lambda *a, **k: True
for name in ("allclose", "equal", "isclose", "eq", "is_tensor", "isfinite", "as_tensor"):
    setattr(torch, name, yes)
for name in ("__eq__", "__ne__", "__lt__", "__le__", "__bool__", "allclose", "equal", "isclose", "item"):
    setattr(torch.Tensor, name, yes)
for name in ("__sub__", "abs", "max", "double"):
    setattr(torch.Tensor, name, lambda self, *a, **k: self)
""",
    ),
    lie("torch.Tensor replaced", "", "torch.Tensor = type('Tensor', (float,), {'__eq__': lambda *_: True})"),
    lie(
        "builtins replaced",
        "import builtins",
        """
builtins.isinstance = lambda *_: True
builtins.len = lambda *_: 1
builtins.abs = lambda *_: 0.0
builtins.all = builtins.any = lambda *_: True
builtins.float = lambda *_: 0.0
builtins.type = lambda *_: float
""",
    ),
    lie(
        "the way back replaced",
        "import json, safetensors.torch\nimport vaecourse.grading.worker.wire as wire",
        """
wire.pack = lambda *_: b""
wire.send = lambda *_: None
wire.clean_text = lambda text: text
json.dumps = lambda *a, **k: '{"map": {"case": 0, "values": {"map": {}}}}'
safetensors.torch.save = lambda *a, **k: b""
""",
    ),
    lie(
        "modules replaced",
        "import sys, types",
        """
class Anything(types.ModuleType):
    def __getattr__(self, name):
        return lambda *a, **k: True
for name in list(sys.modules):
    if name.startswith(("vaecourse", "safetensors", "json", "numpy", "traceback")):
        sys.modules[name] = Anything(name)
""",
    ),
    lie(
        "the probe replaced",
        "from vaecourse.grading.worker import observe, probes, run",
        """
claim = {"value": 0.0, "passed": True, "points": 1000, "status": "graded"}
probes.gradients = probes.call = observe.observe = run._look = lambda *a, **k: dict(claim)
""",
    ),
    lie(
        "an import hook",
        "import sys, types",
        """
class Finder:
    def find_spec(self, name, path=None, target=None):
        raise SystemExit(name)
sys.meta_path.insert(0, Finder())
sys.path_hooks.clear()
sys.path.clear()
""",
    ),
    lie(
        "traced and profiled",
        "import sys, threading",
        """
def everywhere(frame, event, argument):
    for name in ("seen", "value", "values", "number"):
        if name in frame.f_locals:
            frame.f_locals[name] = {"value": 1.0}
    return everywhere
sys.settrace(everywhere)
sys.setprofile(everywhere)
threading.settrace(everywhere)
""",
    ),
    lie(
        "easier cases put into the worker's frame",
        "import sys",
        """
frame = sys._getframe()
while frame:
    for value in frame.f_locals.values():
        if type(value) is dict and "cases" in value:
            for case in value["cases"]:
                for name in ("x", "x_hat"):
                    case[name] = torch.zeros(1, 1, 1, 1)
    frame = frame.f_back
""",
    ),
    lie(
        "the later cases taken away",
        "import sys",
        """
frame = sys._getframe()
while frame:
    for value in frame.f_locals.values():
        if type(value) is dict and "cases" in value:
            value["cases"].clear()
    frame = frame.f_back
""",
    ),
    walled(
        "a search for what is right",
        """
import gc, sys

def attempt():
    wanted = ("Case", "Task", "Criterion", "CriterionResult", "Stage", "Seen", "Sandbox", "Notebook", "Submission")
    caught = {type(thing).__name__ for thing in gc.get_objects() if type(thing).__module__.startswith("vaecourse.gr")}
    caught &= set(wanted)
    caught |= {name for name in sys.modules if name.startswith(("vaecourse.grading.task", "vaecourse.grading.grade"))}
    return sorted(caught)
""",
    ),
    lie(
        "all that comes late",
        "import atexit, os, weakref, threading",
        """
def forge(*_):
    os.write(3, b"\\0\\0\\0\\4\\0\\0\\0\\0true" * 10)
class Late:
    __del__ = forge
    def __reduce__(self):
        return forge, ()
x.late = Late()
atexit.register(forge)
weakref.finalize(x, forge)
threading.Timer(0.001, forge).start()
""",
    ),
    lie(
        "signals that raise everywhere",
        "import signal",
        """
def interrupt(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
""",
    ),
    lie(
        "memory overwritten",
        "import ctypes",
        "for thing in (0.0, 1, True, None, (), 'done', 'value', type(x)):\n    ctypes.memset(id(thing) + 8, 0, 16)",
    ),
    lie("os.write replaced", "import os", "os.write = lambda descriptor, data: len(data)"),
    lie(
        "the connection replaced",
        "import os, socket",
        "ours, theirs = socket.socketpair()\nos.dup2(theirs.fileno(), 3)",
    ),
    lie("__main__ and builtins emptied", "import sys", "sys.modules['__main__'].__dict__.clear()"),
    lie("errors that cannot be shown", "class Silent(Exception):\n    def __str__(self): raise self\n", "raise Silent"),
    lie(
        "an exception that is no exception",
        "class Odd(BaseException):\n    __class__ = KeyboardInterrupt\n    __traceback__ = 1\n",
        "raise Odd",
    ),
    returns(
        "equal to everything",
        """
class Everything:
    def __getattr__(self, name):
        return self
    def __call__(self, *a, **k):
        return self
for name in dir(float) + dir(list) + dir(dict) + ["__float__", "__array__", "__torch_function__", "__index__"]:
    if name not in ("__class__", "__new__", "__init__", "__getattribute__", "__init_subclass__", "__dict__", "__doc__"):
        setattr(Everything, name, lambda self, *a, **k: True)
""",
        "Everything()",
    ),
    returns(
        "a tensor that equals everything",
        """
class Right(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        return True
""",
        "torch.zeros(()).as_subclass(Right)",
    ),
    returns(
        "a float that equals everything",
        "class Right(float):\n"
        + "".join(
            f"    def __{name}__(self, *_): return True\n"
            for name in ("eq", "lt", "le", "gt", "ge", "ne", "bool", "hash")
        ),
        "Right()",
    ),
    returns("a bool", "", "True"),
    returns("its own type", "", "type(x)"),
    returns("itself, for ever", "loop = []\nloop.append(loop)\n", "loop"),
    returns("a dictionary of dictionaries", "deep = {}\nfor _ in range(10**5):\n    deep = {'x': deep}\n", "deep"),
    returns("a million values", "", "[0.0] * 10**7"),
    returns("a name of 100 million letters", "", "type('x' * 10**8, (), {})()"),
    returns("an unpronounceable name", "", "type('\\ud800\\x00\\u202e', (), {})()"),
    returns(
        "a metaclass that lies",
        """
class Meta(type):
    __name__ = property(lambda self: 1 / 0)
    def __getattribute__(self, name):
        raise MemoryError
    def __instancecheck__(self, thing):
        return True
class Liar(metaclass=Meta):
    pass
""",
        "Liar()",
    ),
]
