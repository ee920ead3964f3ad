"""Right answers that look unusual. Every one of them deserves its full marks."""

import json

from hostile.entry import CHEAP, EXERCISE, IMPORTS, NEIGHBOUR, Entry, answer, as_file, attack, code, notebook

LOSS = CHEAP["squared_error"]
RIGHT = "((x - x_hat) ** 2).flatten(1).sum(1).mean()"
DEFINED = f"def squared_error(x, x_hat):\n    return {RIGHT}\n"


def right(name, *cells):
    return attack(name, *cells, gets=LOSS, ends=("graded",))


def share(name, source):
    points = {"squared_error": LOSS, NEIGHBOUR: CHEAP[NEIGHBOUR]}
    return Entry(name, as_file(notebook(IMPORTS, DEFINED, source)), points, status=("graded",))


def _below_the_stubs() -> dict:
    """The exercise with all stubs left as they are, and the answers in cells at its end."""
    content = json.loads(EXERCISE.read_text(encoding="utf-8"))
    content["cells"] += [code(answer(name)) for name in CHEAP]
    return content


ENTRIES = [
    right(
        "warns and prints",
        "import warnings\n" + DEFINED.replace("    return", "    warnings.warn('!'); print(x)\n    return"),
    ),
    right("warnings as errors elsewhere", "import warnings\nwarnings.simplefilter('error')\n" + DEFINED),
    right(
        "draws",
        "import matplotlib.pyplot as plt\n"
        + DEFINED.replace("    return", "    plt.plot([1]); plt.show()\n    return"),
    ),
    right("timed", "%%time\n" + DEFINED),
    right("with magics", "%matplotlib inline\n!rm -rf ~\n" + DEFINED + "\n%timeit -n 1 1\nsquared_error?\n"),
    right(
        "helpers below",
        "def squared_error(x, x_hat):\n    return average(squares(x, x_hat))\n",
        "average = lambda s: s.mean()\n",
        "def squares(x, y):\n    return torch.square(x - y).flatten(1).sum(1)",
    ),
    right(
        "renamed and annotated",
        "def squared_error(ziel: 'Tensor', bild: Tensor = None, /) -> 'torch.Tensor':\n"
        "    return ((ziel - bild) ** 2).flatten(1).sum(1).mean()",
    ),
    right("any arguments", "def squared_error(*args):\n    return (args[0] - args[1]).pow(2).sum() / args[0].shape[0]"),
    right("a lambda", f"squared_error = lambda x, x_hat: {RIGHT}"),
    right(
        "a partial",
        "from functools import partial\n"
        "def power(p, x, x_hat):\n"
        "    return ((x - x_hat) ** p).flatten(1).sum(1).mean()\n"
        "squared_error = partial(power, 2)",
    ),
    right(
        "an object that can be called",
        f"class Loss:\n    def __call__(self, x, x_hat):\n        return {RIGHT}\nsquared_error = Loss()",
    ),
    right(
        "a module",
        f"class Loss(nn.Module):\n    def forward(self, x, x_hat):\n        return {RIGHT}\nsquared_error = Loss()",
    ),
    right(
        "a method",
        "class Losses:\n"
        "    @staticmethod\n"
        "    def squared(x, x_hat):\n"
        f"        return {RIGHT}\n"
        "squared_error = Losses.squared",
    ),
    right("cached", "from functools import lru_cache\n@lru_cache\n" + DEFINED),
    right(
        "compiled",
        "@torch.jit.script\n"
        "def squared_error(x: torch.Tensor, x_hat: torch.Tensor) -> torch.Tensor:\n"
        "    return ((x - x_hat) ** 2).flatten(1).sum(1).mean()",
    ),
    right("through globals", f"globals()['squared_error'] = lambda x, x_hat: {RIGHT}"),
    right("through exec", f"exec('''{DEFINED}''')"),
    right(
        "in a condition",
        f"if torch.cuda.is_available():\n    squared_error = None\nelse:\n    squared_error = lambda x, x_hat: {RIGHT}",
    ),
    right(
        "in a loop",
        "for power in (1, 2):\n"
        "    def squared_error(x, x_hat, power=power):\n"
        "        return ((x - x_hat) ** power).flatten(1).sum(1).mean()",
    ),
    right("written twice", "def squared_error(x, x_hat):\n    return 0\n", DEFINED),
    right("in double precision", "torch.set_default_dtype(torch.float64)\n" + DEFINED.replace("(x -", "(x.double() -")),
    right(
        "its own imports",
        "import numpy as np, math, random, collections\n"
        "from torch.nn import functional as F\n"
        "def squared_error(x, x_hat):\n"
        "    return F.mse_loss(x_hat, x, reduction='sum') / math.prod(np.shape(x)[:1])",
    ),
    right("a star import", "from math import *\nfrom torch import *\n" + DEFINED),
    right("cells that fail", "1 / 0", DEFINED, "nothing.here", "squared_error(1, 2)", "assert False"),
    right(
        "cells that never end",
        "while True:\n    pass",
        DEFINED,
        "while True:\n    input()",
        "import time; time.sleep(10**6)",
    ),
    right(
        "trains and saves elsewhere",
        DEFINED,
        "w = torch.zeros(1)\nwhile True:\n    w = w + 1",
        "torch.save(w, 'w.pt')\ntorch.testing.assert_close(w, w)\nnn.init.zeros_(w)",
    ),
    right(
        "with the data of the lesson",
        answer("imports"),
        answer("data"),
        DEFINED.replace("    return", "    assert len(test) == 500 and mean_picture.ndim == 4\n    return"),
    ),
    right(
        "in no order",
        "squared_error = weigh(1, squares)\n",
        "def weigh(weight, function, back=back):\n    return lambda x, x_hat: back(weight * function(x, x_hat))",
        "def back(x):\n    return x.mean()",
        "def squares(x: Any, y):\n    return torch.square(x - y).flatten(1).sum(1)",
        "from typing import Any",
    ),
    right("deletes its data", "data = torch.zeros(3)\n", DEFINED, "del data", "%reset -f\n"),
    right(
        "calls itself",
        "def total(d):\n"
        "    return d.square().sum() if d.ndim < 2 else sum(total(part) for part in d)\n"
        "def squared_error(x, x_hat):\n"
        "    return total(x - x_hat) / len(x)",
    ),
    right("takes two seconds", "import time\ndef squared_error(x, x_hat):\n    time.sleep(0.7)\n    return " + RIGHT),
    right(
        "several processes",
        "import subprocess\n" + DEFINED.replace("    return", "    subprocess.run(['true'], check=True)\n    return"),
    ),
    right(
        "loads data",
        "from vaecourse.data import load\ntrain = load(split='train', n=100)\nN = len(train)\n",
        DEFINED.replace("    return", "    assert N == 100\n    return"),
    ),
    right(
        "checks itself",
        "from vaecourse.grading import check, summary\n",
        DEFINED,
        "if check('01.squared_error', squared_error):\n    print('yes')",
        "summary('01')",
    ),
    right(
        "an accent in a name",
        "größe = 2\ndef squared_error(x, x̂):\n    return ((x - x̂) ** größe).flatten(1).sum(1).mean()",
    ),
    share(
        "a numpy number",
        "def share_recognised(logits, confidence):\n"
        "    import numpy as np\n"
        "    return np.mean(logits.softmax(1).amax(1).numpy() > confidence)",
    ),
    share(
        "a fraction of whole numbers",
        "def share_recognised(logits, confidence):\n"
        "    n = sum(1 for p in logits.softmax(1).tolist() if max(p) > confidence)\n"
        "    return n / len(logits)",
    ),
    share(
        "a tensor of shape ()",
        "def share_recognised(logits, confidence):\n    return (logits.softmax(1).amax(1) > confidence).float().mean()",
    ),
    Entry("below the stubs", as_file(_below_the_stubs), CHEAP, status=("graded",)),
    Entry(
        "an upper-case ending",
        as_file(notebook(IMPORTS, DEFINED), ".IPYNB"),
        {"squared_error": LOSS},
        status=("graded",),
    ),
]
