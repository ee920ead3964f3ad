"""Answers that are wrong in an unusual way, or that know the cases they are asked about."""

from hostile.entry import CHEAP, IMPORTS, Entry, as_file, attack, notebook
from vaecourse.grading.task import OPEN_SEED
from vaecourse.grading.tasks import find_task

RIGHT = "((x - x_hat) ** 2).flatten(1).sum(1).mean()"
PCA = "((x - mean).flatten(1) @ components.T @ components).view_as(x) + mean"


def loss(name, expression, gets=0, before=""):
    return attack(
        name, f"{before}\ndef squared_error(x, x_hat):\n    loss = {RIGHT}\n    return {expression}", gets=gets
    )


def pca(name, expression, gets=0, before=""):
    source = f"{before}\ndef pca_reconstruct(x, mean, components):\n    right = {PCA}\n    return {expression}"
    return attack(name, source, gets=gets, task="pca_reconstruct", ends=("graded",))


def knows_the_open_cases() -> str:
    """An answer that has the results of the notebook's own check in a table, and is wrong on all other pictures."""
    task = find_task("01.squared_error")
    cases = list(task.stages[0].cases(task.rng(OPEN_SEED)))
    table = {
        f"{case['x'].sum():.3f}": (case["x"] - case["x_hat"]).square().sum().item() / len(case["x"]) for case in cases
    }
    return (
        f"TABLE = {table!r}\n\ndef squared_error(x, x_hat):\n"
        f"    right = {RIGHT}\n"
        "    return right + (TABLE.get(f'{x.sum():.3f}', 0.0) - right).detach()\n"
    )


ENTRIES = [
    loss("NaN", "loss * float('nan')"),
    loss("infinity", "loss / 0"),
    loss("None", "None"),
    loss("half precision", "loss.half()", gets=(0, 1, 2)),
    loss("a whole number", "loss.int()"),
    loss("a complex number", "loss + 0j"),
    loss("on the meta device", "loss.to('meta')"),
    loss("an array", "loss.detach().numpy()"),
    loss("a text", "str(loss.item())"),
    loss("one number for each of 16 TB", "loss.expand(2**42)"),
    loss("a coroutine", "wait()", before="async def wait():\n    pass\n"),
    attack("an async function", f"async def squared_error(x, x_hat):\n    return {RIGHT}"),
    attack("a generator", f"def squared_error(x, x_hat):\n    yield {RIGHT}"),
    attack("not a function", "squared_error = torch.zeros(())\n"),
    attack("None instead of a function", "squared_error = None\n"),
    attack("without its graph", f"@torch.no_grad()\ndef squared_error(x, x_hat):\n    return {RIGHT}", gets=1),
    attack("as a float", f"def squared_error(x, x_hat):\n    return {RIGHT}.item()", gets=1),
    attack(
        "changes its input",
        "def squared_error(x, x_hat):\n    x.sub_(x_hat)\n    return (x ** 2).flatten(1).sum(1).mean()",
        gets=1,
    ),
    attack(
        "right at the first call only",
        f"CALLS = []\n\ndef squared_error(x, x_hat):\n    CALLS.append(x)\n    return len(CALLS) * {RIGHT}",
        gets=1,  # for the gradient, which is one
    ),
    attack("knows the open cases by heart", knows_the_open_cases(), gets=1),  # for the gradient, which is right
    attack(
        "a class that is no module",
        "class TinyAutoencoder:\n"
        "    def __init__(self, *a): pass\n"
        "    def __getattr__(self, name): return lambda *a: self\n",
        task="TinyAutoencoder",
    ),
    attack(
        "a module that claims everything",
        """
class TinyAutoencoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.D, self.shape = latent_dim, picture_shape
    def __getattr__(self, name):
        return super().__getattr__(name) if name in ("weight", "_parameters") else lambda *a, **k: self
    def forward(self, x):
        return x
    def named_parameters(self, *a, **k):
        return [("weight", self.weight)]
""",
        task="TinyAutoencoder",
    ),
    pca("a nested list", "right.tolist()"),
    pca("sparse", "right.to_sparse()"),
    pca("quantized", "torch.quantize_per_tensor(right, 0.1, 0, torch.quint8)"),
    pca("too large a tensor", "right.repeat(2**17, 1, 1, 1)"),
    pca("an iterator", "iter(right)"),
    pca("its input", "x"),
    pca("bits", "right > 0.5"),
    pca("still with its graph", "right.requires_grad_()", gets=3),
    pca("as a parameter", "nn.Parameter(right)", gets=3),
    pca("twice as precise", "right.double()", gets=3),
    pca("not contiguous", "right.transpose(2, 3).contiguous().transpose(2, 3)", gets=3),
    pca("a negated view", "torch.complex(right, -right).conj().imag", gets=3),
    attack(
        "changes what it was given",
        "def pca_reconstruct(x, mean, components):\n"
        "    x -= mean\n"
        "    z = x.flatten(1) @ components.T\n"
        "    return (z @ components).view_as(x) + mean",
        task="pca_reconstruct",
        gets=3,
    ),
    attack(
        "a path that starts well",
        """
calls = 0

def interpolate(model, a, b, steps):
    global calls
    calls += 1
    t = torch.linspace(0, 1, steps).view(-1, 1)
    z_a, z_b = model.encode(a), model.encode(b)
    return model.decode((1 - t) * z_a + t * z_b) if calls == 1 else a.expand(steps, -1, -1, -1)
""",
        task="interpolate",
    ),
    Entry(
        "another task's global state",
        as_file(
            lambda: notebook(
                IMPORTS,
                f"CALLS = []\n\ndef squared_error(x, x_hat):\n    CALLS.append(1)\n    return {RIGHT}",
                f"def pca_reconstruct(x, mean, components):\n    return {PCA} if not CALLS else None",
            )
        ),
        {name: CHEAP[name] for name in ("squared_error", "pca_reconstruct")},
    ),
]
