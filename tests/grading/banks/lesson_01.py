"""Right and wrong answers to the tasks of lesson 01, as they stand in a cell below the exercise's imports.

``VARIANTS[task]`` are different right ways, by what is special about them. ``MISTAKES[task]`` are wrong answers that
people give, each with the name of the mistake that has to be recognised in it.
"""

from banks import changed

VARIANTS = {}
MISTAKES = {}

# The loss -------------------------------------------------------------------------------------------------

VARIANTS["01.squared_error"] = {
    "axes named": """
def squared_error(x, x_hat):
    return (x - x_hat).square().sum(dim=(1, 2, 3)).mean()
""",
    "functional": """
import torch.nn.functional as F

def squared_error(target, output):
    return F.mse_loss(output, target, reduction="sum") / len(target)
""",
    "mean times pixels": """
def squared_error(x, x_hat):
    return nn.MSELoss()(x_hat, x) * x[0].numel()
""",
    "einsum in double precision": """
def squared_error(x, x_hat):
    d = (x_hat - x).double()
    return torch.einsum("nchw,nchw->n", d, d).mean()
""",
    "picture by picture": """
def one(a, b):
    return torch.dot((a - b).reshape(-1), (a - b).reshape(-1))

squared_error = lambda x, x_hat: torch.stack([one(a, b) for a, b in zip(x, x_hat)]).mean()
""",
    "norm": """
def squared_error(x, x_hat):
    return torch.linalg.vector_norm(x - x_hat, dim=(1, 2, 3)).pow(2).mean()
""",
    "in place on its own tensor": """
def squared_error(x, x_hat):
    difference = x.clone()
    difference -= x_hat
    return difference.pow_(2).flatten(start_dim=1).sum(1).mean()
""",
}
MISTAKES["01.squared_error"] = [
    ("def squared_error(x, x_hat):\n    return ((x - x_hat) ** 2).mean()", "mean-over-pixels"),
    ("def squared_error(x, x_hat):\n    return nn.functional.mse_loss(x_hat, x)", "mean-over-pixels"),
    ("def squared_error(x, x_hat):\n    return ((x - x_hat) ** 2).flatten(1).mean(1).sum()", "mean-over-pixels"),
    ("def squared_error(x, x_hat):\n    return ((x - x_hat) ** 2).sum()", "sum-over-pictures"),
    ("def squared_error(x, x_hat):\n    return (x - x_hat).abs().flatten(1).sum(1).mean()", "not-squared"),
    ("def squared_error(x, x_hat):\n    return (x - x_hat).flatten(1).norm(dim=1).mean()", "root"),
    ("def squared_error(x, x_hat):\n    return ((x - x_hat) ** 2).flatten(1).sum(1).mean().sqrt()", "root"),
    ("def squared_error(x, x_hat):\n    return 0.5 * ((x - x_hat) ** 2).flatten(1).sum(1).mean()", "half"),
    ("def squared_error(x, x_hat):\n    return 784 * nn.functional.mse_loss(x_hat, x)", "fixed-pixels"),
    ("def squared_error(x, x_hat):\n    return ((x - x_hat) ** 2).mean(1).sum((1, 2)).mean()", "mean-over-channels"),
    ("def squared_error(x, x_hat):\n    return (x - x_hat).flatten(1).sum(1).square().mean()", "square-of-sum"),
    ("def squared_error(x, x_hat):\n    return (x**2 - x_hat**2).flatten(1).sum(1).mean()", "difference-of-squares"),
    ("def squared_error(x, x_hat):\n    return ((x - x_hat) ** 2).flatten(1).sum(1)", "not-one-number"),
    ("def squared_error(x, x_hat):\n    return ((x - x_hat) ** 2).flatten(1).sum(1).mean().item()", "no-gradient"),
    ("def squared_error(x, x_hat):\n    return ((x - x_hat.detach()) ** 2).flatten(1).sum(1).mean()", "no-gradient"),
    ("def squared_error(x, x_hat):\n    ((x - x_hat) ** 2).flatten(1).sum(1).mean()", "none"),
    ("def squared_error(x, x_hat):\n    x -= x_hat\n    return (x**2).flatten(1).sum(1).mean()", "changes-input"),
    ("def squared_error(x, x_hat):\n    return ((x - x_hat) * (x - x_hat.detach())).flatten(1).sum(1).mean()",
     "other-gradient"),
    ("import numpy as np\n\ndef squared_error(x, x_hat):\n"
     "    return np.square((x - x_hat).detach().numpy()).reshape(len(x), -1).sum(1).mean()", "not-a-tensor"),
]  # fmt: skip

# PCA ------------------------------------------------------------------------------------------------------

VARIANTS["01.pca_reconstruct"] = {
    "in two lines": """
def pca_reconstruct(x, mean, components):
    codes = (x - mean).flatten(1) @ components.T
    return mean + (codes @ components).reshape(x.shape)
""",
    "einsum": """
def pca_reconstruct(pictures, mu, V):
    V = V.reshape(-1, *pictures.shape[1:])
    z = torch.einsum("nchw,dchw->nd", pictures - mu, V)
    return torch.einsum("nd,dchw->nchw", z, V) + mu
""",
    "projection matrix in double precision": """
def pca_reconstruct(x, mean, components):
    P = components.double().T @ components.double()
    rows = x.double().reshape(len(x), -1) - mean.double().reshape(1, -1)
    return (rows @ P + mean.double().reshape(1, -1)).view(*x.shape)
""",
    "functional, in place": """
from torch.nn import functional as F

def to_rows(x):
    return x.reshape(x.shape[0], -1)

def pca_reconstruct(x, mean, components):
    rows = to_rows(x).clone()
    rows.sub_(to_rows(mean))
    rows = F.linear(F.linear(rows, components), components.T)
    rows.add_(to_rows(mean))
    return rows.unflatten(1, x.shape[1:])
""",
    "least squares": """
def pca_reconstruct(x, mean, components):
    rows = (x - mean).flatten(1)
    codes = torch.linalg.lstsq(components.T, rows.T).solution
    return (components.T @ codes).T.view_as(x) + mean
""",
    "numpy": """
import numpy as np

def pca_reconstruct(x, mean, components):
    V, rows, m = components.numpy(), x.flatten(1).numpy(), mean.flatten(1).numpy()
    return torch.from_numpy((rows - m) @ V.T @ V + m).view(x.shape)
""",
}
MISTAKES["01.pca_reconstruct"] = [
    ("def pca_reconstruct(x, mean, components):\n"
     "    return (x.flatten(1) @ components.T @ components).view_as(x) + mean", "mean-not-subtracted"),
    ("def pca_reconstruct(x, mean, components):\n"
     "    return ((x - mean).flatten(1) @ components.T @ components).view_as(x)", "mean-not-added"),
    ("def pca_reconstruct(x, mean, components):\n"
     "    return (x.flatten(1) @ components.T @ components).view_as(x)", "no-mean"),
    ("def pca_reconstruct(x, mean, components):\n"
     "    return ((x + mean).flatten(1) @ components.T @ components).view_as(x) - mean", "mean-sign"),
    ("def pca_reconstruct(x, mean, components):\n    mean = x.mean(0, keepdim=True)\n"
     "    return ((x - mean).flatten(1) @ components.T @ components).view_as(x) + mean", "own-mean"),
    ("def pca_reconstruct(x, mean, components):\n"
     "    return (x - mean).flatten(1) @ components.T @ components + mean.flatten(1)", "shape-lost"),
    ("def pca_reconstruct(x, mean, components):\n    return (x - mean).flatten(1) @ components.T", "code-returned"),
    ("def pca_reconstruct(x, mean, components):\n"
     "    return ((x - mean).flatten(1) @ components @ components.T).view_as(x) + mean", "shapes-do-not-fit"),
    ("def pca_reconstruct(x, mean, components):\n    return (x - mean) @ components.T @ components + mean",
     "shapes-do-not-fit"),
    ("def pca_reconstruct(x, mean, components):\n    rows = (x - mean).flatten(1)\n"
     "    return (rows - rows @ components.T @ components).view_as(x) + mean", "remainder"),
    ("def pca_reconstruct(x, mean, components):\n    mean = mean.mean()\n"
     "    return ((x - mean).flatten(1) @ components.T @ components).view_as(x) + mean", "grey-mean"),
    ("def pca_reconstruct(x, mean, components):\n    V = components[:1]\n"
     "    return ((x - mean).flatten(1) @ V.T @ V).view_as(x) + mean", "one-component"),
    ("def pca_reconstruct(x, mean, components):\n"
     "    out = ((x - mean).flatten(1) @ components.T @ components).view_as(x) + mean\n    return out.clamp(0, 1)",
     "clamped"),
    ("def pca_reconstruct(x, mean, components):\n    return x", "not-projected"),
]  # fmt: skip

# The class ------------------------------------------------------------------------------------------------

VARIANTS["01.TinyAutoencoder"] = {
    "layer by layer": """
class TinyAutoencoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        self.picture_shape = picture_shape
        pixels = picture_shape[0] * picture_shape[1] * picture_shape[2]
        self.fc1 = nn.Linear(pixels, hidden)
        self.fc2 = nn.Linear(hidden, latent_dim)
        self.fc3 = nn.Linear(latent_dim, hidden)
        self.fc4 = nn.Linear(hidden, pixels)

    def encode(self, x):
        return self.fc2(torch.relu(self.fc1(x.view(x.size(0), -1))))

    def decode(self, z):
        h = torch.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h)).view(-1, *self.picture_shape)

    def forward(self, x):
        return self.decode(self.encode(x))
""",
    "renamed, tanh, module list": """
from math import prod

class TinyAutoencoder(nn.Module):
    def __init__(self, d, width, shape):
        super().__init__()
        sizes = [prod(shape), width, d, width, prod(shape)]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.shape = tuple(shape)

    def encode(self, pictures):
        h = pictures.flatten(1)
        return self.layers[1](self.layers[0](h).tanh())

    def decode(self, codes):
        return self.layers[3](self.layers[2](codes).tanh()).sigmoid().unflatten(1, self.shape)

    def forward(self, pictures):
        return self.decode(self.encode(pictures))
""",
    "deeper, with normalisation and dropout": """
def stack(*sizes):
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.SiLU(), nn.Dropout(0.1)]
    return layers[:-3]

class TinyAutoencoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        c, h, w = picture_shape
        self.encode = nn.Sequential(nn.Flatten(), *stack(c * h * w, hidden, hidden, latent_dim))
        self.decode = nn.Sequential(
            *stack(latent_dim, hidden, c * h * w), nn.Sigmoid(), nn.Unflatten(1, (c, h, w))
        )

    def forward(self, x):
        z = self.encode(x)
        return self.decode(z)
""",
    "tied weights": """
class TinyAutoencoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        self.shape = picture_shape
        pixels = torch.Size(picture_shape).numel()
        self.W1 = nn.Parameter(torch.randn(pixels, hidden) / pixels**0.5)
        self.W2 = nn.Parameter(torch.randn(hidden, latent_dim) / hidden**0.5)
        self.b = nn.Parameter(torch.zeros(pixels))

    def encode(self, x):
        return nn.functional.gelu(x.flatten(1) @ self.W1) @ self.W2

    def decode(self, z):
        logits = nn.functional.gelu(z @ self.W2.T) @ self.W1.T + self.b
        return (0.5 + 0.5 * torch.tanh(logits / 2)).reshape(len(z), *self.shape)

    def forward(self, x):
        return self.decode(self.encode(x))
""",
    "convolutional encoder": """
class TinyAutoencoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        c, h, w = self.picture_shape = picture_shape
        self.encoder = nn.Sequential(
            nn.Conv2d(c, hidden, 3, padding=1), nn.LeakyReLU(), nn.Flatten(), nn.Linear(hidden * h * w, latent_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, hidden), nn.ELU(), nn.Linear(hidden, c * h * w), nn.Sigmoid()
        )

    def encode(self, x):
        return self.encoder(x)

    def decode(self, z):
        return self.decoder(z).view(len(z), *self.picture_shape)

    def forward(self, x):
        return self.decode(self.encode(x))
""",
}
_CLASS = """
class TinyAutoencoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        pixels = torch.Size(picture_shape).numel()
        self.shape = picture_shape
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, latent_dim))
        self.decoder = nn.Sequential(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, pixels), nn.Sigmoid())

    def encode(self, x):
        return self.encoder(x)

    def decode(self, z):
        return self.decoder(z).view(-1, *self.shape)

    def forward(self, x):
        return self.decode(self.encode(x))
"""


MISTAKES["01.TinyAutoencoder"] = [
    (changed(_CLASS, ("hidden), nn.ReLU(), nn.Linear(hidden, latent_dim)", "hidden), nn.Linear(hidden, latent_dim)"),
              ("hidden), nn.ReLU(), nn.Linear(hidden, pixels)", "hidden), nn.Linear(hidden, pixels)")),
     "linear-encoder"),
    (changed(_CLASS, ("hidden), nn.ReLU(), nn.Linear(hidden, pixels)", "hidden), nn.Linear(hidden, pixels)")),
     "linear-decoder"),
    (changed(_CLASS, ("nn.Linear(hidden, latent_dim))", "nn.Linear(hidden, latent_dim), nn.ReLU())")), "relu-on-code"),
    (changed(_CLASS, ("nn.Linear(hidden, latent_dim))", "nn.Linear(hidden, latent_dim), nn.Sigmoid())")),
     "squashed-code"),
    (changed(_CLASS, ("nn.Linear(hidden, latent_dim))", "nn.Linear(hidden, latent_dim), nn.Tanh())")),
     "squashed-code"),
    (changed(_CLASS, (", nn.Sigmoid())", ")")), "no-sigmoid"),
    (changed(_CLASS, ("nn.Sigmoid())", "nn.ReLU())")), "no-sigmoid"),
    (changed(_CLASS, ("nn.Sigmoid())", "nn.Tanh())")), "no-sigmoid"),
    (changed(_CLASS, (", nn.Sigmoid())", ")"), ("view(-1, *self.shape)", "view(-1, *self.shape).clamp(0, 1)")),
     "clamped"),
    (changed(_CLASS, ("nn.Sigmoid())", "nn.Softmax(1))")), "softmax"),
    (changed(_CLASS, (".view(-1, *self.shape)", "")), "flat-pictures"),
    (changed(_CLASS, ("return self.decode(self.encode(x))", "return (self.decode(self.encode(x)) + x) / 2")),
     "around-the-bottleneck"),
    (changed(_CLASS, ("return self.encoder(x)", "self.x = x\n        return self.encoder(x)"),
              ("self.decoder(z).view(-1, *self.shape)", "(self.decoder(z).view_as(self.x) + self.x) / 2")),
     "needs-encode"),
    (changed(_CLASS, ("return self.encoder(x)", "self.shape = x.shape\n        return self.encoder(x)"),
              ("        self.shape = picture_shape\n", ""), ("view(-1, *self.shape)", "view(self.shape)")),
     "needs-encode"),
    (changed(_CLASS, ("self.shape = picture_shape\n", "self.shape = picture_shape\n        self.z = None\n"),
              ("return self.encoder(x)", "self.z = self.encoder(x)\n        return self.z"),
              ("self.decoder(z)", "self.decoder(z if self.z is None else self.z)")), "remembers"),
    (changed(_CLASS, ("return self.decode(self.encode(x))", "return self.decode(self.encode(x)) ** 2")),
     "forward-differs"),
    (changed(_CLASS, ("return self.decode(self.encode(x))", "z = self.encode(x)\n        return self.decode(z), z")),
     "not-a-tensor"),
    (changed(_CLASS, ("self.decode(self.encode(x))", "self.decode(self.encode(x).detach())")), "no-gradient"),
    (changed(_CLASS, ("self.shape = picture_shape\n",
                       "self.shape = picture_shape\n        self.spare = nn.Linear(hidden, hidden)\n")), "no-gradient"),
    (changed(_CLASS, ("return self.encoder(x)", "z = self.encoder(x)\n        return z - z.mean(0)")),
     "pictures-mixed"),
    (changed(_CLASS, ("return self.encoder(x)", "return self.encoder(torch.zeros_like(x))")),
     "ignores-the-picture"),
    (changed(_CLASS, ("(nn.Module)", "")).replace("        super().__init__()\n", ""), "no-module"),
    (changed(_CLASS, ("        super().__init__()\n", "")), "no-super"),
    (changed(_CLASS, ("nn.Flatten(), ", "")), "sizes-do-not-fit"),
    (changed(_CLASS, ("torch.Size(picture_shape).numel()", "28 * 28")), "sizes-do-not-fit"),
    (changed(_CLASS, ("view(-1, *self.shape)", "view(-1, 1, 28, 28)")), "sizes-do-not-fit"),
    ("""
class TinyAutoencoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        self.shape = picture_shape
        pixels = torch.Size(picture_shape).numel()
        self.down = [nn.Linear(pixels, hidden), nn.Linear(hidden, latent_dim)]
        self.up = [nn.Linear(latent_dim, hidden), nn.Linear(hidden, pixels)]

    def encode(self, x):
        return self.down[1](self.down[0](x.flatten(1)).relu())

    def decode(self, z):
        return self.up[1](self.up[0](z).relu()).sigmoid().view(-1, *self.shape)

    def forward(self, x):
        return self.decode(self.encode(x))
""", "not-registered"),
    ("""
class TinyAutoencoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        self.sizes, self.shape = (torch.Size(picture_shape).numel(), hidden, latent_dim), picture_shape

    def encode(self, x):
        pixels, hidden, latent_dim = self.sizes
        return nn.Linear(hidden, latent_dim)(nn.Linear(pixels, hidden)(x.flatten(1)).relu())

    def decode(self, z):
        pixels, hidden, latent_dim = self.sizes
        h = nn.Linear(latent_dim, hidden)(z).relu()
        return nn.Linear(hidden, pixels)(h).sigmoid().view(-1, *self.shape)

    def forward(self, x):
        return self.decode(self.encode(x))
""", "not-repeatable"),
    ("""
class TinyAutoencoder(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape):
        super().__init__()
        pixels = torch.Size(picture_shape).numel()
        self.shape = picture_shape
        self.first, self.last = nn.Linear(pixels, hidden), nn.Linear(hidden, pixels)

    def encode(self, x):
        return self.first(x.flatten(1)).relu()

    def decode(self, z):
        return self.last(z).sigmoid().view(-1, *self.shape)

    def forward(self, x):
        return self.decode(self.encode(x))
""", "hidden-as-code"),
]  # fmt: skip

# The training step ----------------------------------------------------------------------------------------

VARIANTS["01.train_step"] = {
    "everything spelled out": """
def train_step(model, optimizer, x):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    x_hat = model(x)
    loss = torch.sum((x_hat - x) ** 2) / x.shape[0]
    loss.backward()
    optimizer.step()
    return float(loss.detach())
""",
    "with the loss of Task 1": """
def squared_error(x, x_hat):
    return ((x - x_hat) ** 2).flatten(1).sum(1).mean()

def train_step(net, opt, batch):
    loss = squared_error(batch, net(batch))
    net.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()
""",
    "erased at the end": """
def train_step(model, optimizer, x):
    loss = nn.functional.mse_loss(model(x), x, reduction="none").sum((1, 2, 3)).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.tolist()
""",
    "torch.autograd.grad": """
def train_step(model, optimizer, x):
    loss = (model(x) - x).square().flatten(1).sum(1).mean()
    parameters = list(model.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters)):
        parameter.grad = gradient
    optimizer.step()
    return loss.item()
""",
    "closure": """
def train_step(model, optimizer, x):
    def closure():
        optimizer.zero_grad()
        loss = (model(x) - x).pow(2).sum() / len(x)
        loss.backward()
        return loss
    return optimizer.step(closure).item()
""",
}
_STEP = """
def train_step(model, optimizer, x):
    loss = ((x - model(x)) ** 2).flatten(1).sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
"""
MISTAKES["01.train_step"] = [
    (changed(_STEP, ("    optimizer.zero_grad()\n", "")), "gradients-add-up"),
    (changed(_STEP, ("    optimizer.zero_grad()\n", ""),
              ("    optimizer.step()\n", "    optimizer.zero_grad()\n    optimizer.step()\n")), "zeroed-before-step"),
    (changed(_STEP, ("    optimizer.step()\n", "")), "no-step"),
    (changed(_STEP, ("    loss.backward()\n", "")), "no-backward"),
    (changed(_STEP, ("    loss.backward()\n    optimizer.step()\n", "    optimizer.step()\n    loss.backward()\n")),
     "step-before-backward"),
    (changed(_STEP, (".flatten(1).sum(1).mean()", ".mean()")), "mean-over-pixels"),
    (changed(_STEP, (".flatten(1).sum(1).mean()", ".sum()")), "sum-over-pictures"),
    (changed(_STEP, ("loss = ((", "loss = -((")), "uphill"),
    (changed(_STEP, (".mean()\n", ".mean().sqrt()\n")), "root"),
    (changed(_STEP, ("return loss.item()", "return loss.item() / len(x)")), "divided-twice"),
    (changed(_STEP, ("    optimizer.step()",
                      "    nn.utils.clip_grad_norm_(model.parameters(), 0.1)\n    optimizer.step()")),
     "scaled"),
    (changed(_STEP, ("return loss.item()", "return loss")), "tensor-returned"),
    (changed(_STEP, ("return loss.item()", "return loss.detach()")), "tensor-returned"),
    (changed(_STEP, ("    return loss.item()\n", "")), "none"),
    (changed(_STEP, ("return loss.item()", "return ((x - model(x)) ** 2).flatten(1).sum(1).mean().item()")),
     "loss-after-step"),
    (changed(_STEP, ("    loss = ((x - model(x))", "    with torch.no_grad():\n        x_hat = model(x)\n"
                                                    "    loss = ((x - x_hat)")), "no-graph"),
    (changed(_STEP, ("    optimizer.zero_grad()", "    model.eval()\n    optimizer.zero_grad()")), "eval-mode"),
    (changed(_STEP, ("x - model(x)", "x.flip(0) - model(x)")), "other-step"),
    (changed(_STEP, ("x - model(x)", "1 - model(x)")), "other-step"),
    (changed(_STEP, ("    loss = ", "    optimizer = torch.optim.Adam(model.parameters())\n    loss = ")), "no-step"),
    ("""
def train_step(model, optimizer, x):
    for _ in range(10):
        loss = ((x - model(x)) ** 2).flatten(1).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()
""", "several-steps"),
]  # fmt: skip

# Interpolation --------------------------------------------------------------------------------------------

VARIANTS["01.interpolate"] = {
    "lerp": """
@torch.no_grad()
def interpolate(model, a, b, steps):
    return model.decode(torch.lerp(model.encode(a), model.encode(b), torch.linspace(0, 1, steps)[:, None]))
""",
    "one picture at a time": """
def interpolate(model, a, b, steps):
    za, zb = model.encode(a), model.encode(b)
    pictures = []
    for i in range(steps):
        t = i / (steps - 1)
        pictures.append(model.decode(za + t * (zb - za)))
    return torch.cat(pictures).detach()
""",
    "outer product": """
def interpolate(net, first, last, n):
    t = torch.arange(n).unsqueeze(1) / (n - 1)
    z = (1 - t) * net.encode(first) + t * net.encode(last)
    return net.decode(z)
""",
    "encoded together, numpy's linspace": """
import numpy as np

def interpolate(model, a, b, steps):
    codes = model.encode(torch.cat([a, b]))
    t = np.linspace(0, 1, steps)
    weights = torch.tensor(np.stack([1 - t, t], 1), dtype=codes.dtype)
    return model.decode(weights @ codes)
""",
    "einsum": """
def interpolate(model, a, b, steps):
    ends = torch.stack([model.encode(a)[0], model.encode(b)[0]])
    t = torch.linspace(1, 0, steps)
    return model.decode(torch.einsum("ks,kd->sd", torch.stack([t, 1 - t]), ends))
""",
}
_PATH = """
def interpolate(model, a, b, steps):
    t = torch.linspace(0, 1, steps).view(-1, 1)
    z_a, z_b = model.encode(a), model.encode(b)
    return model.decode((1 - t) * z_a + t * z_b)
"""
_MIXED = "model.decode((1 - t) * z_a + t * z_b)"
MISTAKES["01.interpolate"] = [
    (changed(_PATH, (".view(-1, 1)", "")), "shapes-do-not-fit"),
    (changed(_PATH, (".view(-1, 1)", ".view(-1, 1, 1, 1)")), "shapes-do-not-fit"),
    (changed(_PATH, (_MIXED, "torch.lerp(a, b, t.view(-1, 1, 1, 1))")), "pixels-mixed"),
    (changed(_PATH, (_MIXED, "model(torch.lerp(a, b, t.view(-1, 1, 1, 1)))")), "pixels-mixed"),
    (changed(_PATH, (_MIXED, "torch.lerp(model.decode(z_a), model.decode(z_b), t.view(-1, 1, 1, 1))")),
     "mixed-after-decoding"),
    (changed(_PATH, ("torch.linspace(0, 1, steps)", "(torch.arange(steps) / steps)")), "end-missing"),
    (changed(_PATH, ("torch.linspace(0, 1, steps)", "(torch.arange(1, steps + 1) / steps)")), "start-missing"),
    (changed(_PATH, ("torch.linspace(0, 1, steps)", "torch.linspace(0, 1, steps + 2)[1:-1]")), "ends-missing"),
    (changed(_PATH, ("torch.linspace(0, 1, steps)", "torch.linspace(0, 1, steps + 1)")), "count"),
    (changed(_PATH, (_MIXED, "model.decode(t * z_a + (1 - t) * z_b)")), "reversed"),
    (changed(_PATH, ("torch.linspace(0, 1, steps)", "torch.linspace(-1, 1, steps)")), "beyond-the-ends"),
    (changed(_PATH, ("torch.linspace(0, 1, steps)", "torch.arange(steps)")), "beyond-the-ends"),
    (changed(_PATH, (_MIXED, "model.decode(z_a + t * z_b)")), "other-path"),
    (changed(_PATH, (_MIXED, "(1 - t) * z_a + t * z_b")), "not-decoded"),
    (changed(_PATH, ("steps).view(-1, 1)", "steps).view(-1, 1) ** 2")), "uneven"),
    (changed(_PATH, ("return " + _MIXED, "path = " + _MIXED + "\n    return torch.cat([a, path[1:-1], b])")),
     "ends-not-decoded"),
    (changed(_PATH, ("return " + _MIXED, "return [model.decode((1 - s) * z_a + s * z_b) for s in t]")), "list"),
    (changed(_PATH, ("return " + _MIXED, "return torch.stack([model.decode((1 - s) * z_a + s * z_b) for s in t])")),
     "shape"),
]  # fmt: skip

# Recognised -----------------------------------------------------------------------------------------------

VARIANTS["01.share_recognised"] = {
    "max": """
def share_recognised(logits, confidence):
    best, _ = torch.softmax(logits, dim=1).max(dim=1)
    return (best > confidence).float().mean().item()
""",
    "counted": """
def share_recognised(scores, threshold):
    recognised = 0
    for row in scores:
        recognised += int(row.softmax(0).max().item() > threshold)
    return recognised / len(scores)
""",
    "any class": """
share_recognised = lambda logits, confidence: (
    nn.functional.softmax(logits.double(), -1).gt(confidence).any(-1).double().mean()
)
""",
    "softmax by hand": """
def probabilities(logits):
    e = (logits - logits.amax(1, keepdim=True)).exp()
    return e / e.sum(1, keepdim=True)

def share_recognised(logits, confidence):
    return torch.count_nonzero(probabilities(logits).amax(1) > confidence) / logits.shape[0]
""",
    "sorted": """
def share_recognised(logits, confidence):
    p = nn.Softmax(dim=-1)(logits).sort(dim=-1, descending=True).values[:, 0]
    return sum(p > confidence).item() / len(p)
""",
}
_SHARE = """
def share_recognised(logits, confidence):
    return (logits.softmax(1).amax(1) > confidence).float().mean().item()
"""
MISTAKES["01.share_recognised"] = [
    (changed(_SHARE, (".softmax(1)", "")), "no-softmax"),
    (changed(_SHARE, (".softmax(1)", ".softmax(0)")), "over-pictures"),
    (changed(_SHARE, (".amax(1)", ".amax(0)")), "over-pictures"),
    (changed(_SHARE, (".softmax(1).amax(1)", ".softmax(0).amax(0)")), "over-pictures"),
    (changed(_SHARE, (".float().mean()", ".sum()")), "count"),
    (changed(_SHARE, ("    return (", "    return 100 * (")), "percent"),
    (changed(_SHARE, ("> confidence", ">= confidence")), "at-least"),
    (changed(_SHARE, ("> confidence", "< confidence")), "the-others"),
    (changed(_SHARE, ("> confidence", "> 0.9")), "fixed-confidence"),
    (changed(_SHARE, (".amax(1)", ".argmax(1)")), "argmax"),
    (changed(_SHARE, (".amax(1)", "")), "share-of-entries"),
    (changed(_SHARE, (".amax(1) > confidence)", " > confidence).sum(1)")), "classes-counted"),
    (changed(_SHARE, (".softmax(1)", ".sigmoid()")), "sigmoid"),
    (changed(_SHARE, (" > confidence)", ")")), "mean-confidence"),
    (changed(_SHARE, (".softmax(1)", ".softmax(1).softmax(1)")), "softmax-twice"),
    (changed(_SHARE, (".float().mean().item()", "")), "not-one-number"),
    (changed(_SHARE, ("logits.softmax(1)", "(logits.exp() / logits.exp().sum(1, keepdim=True))")), "overflow"),
]  # fmt: skip

# From a blank cell ----------------------------------------------------------------------------------------

_NETWORK = """
class Network(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.encode = nn.Sequential(nn.Flatten(), nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, latent_dim))
        self.decode = nn.Sequential(
            nn.Linear(latent_dim, 200), nn.ReLU(), nn.Linear(200, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28))
        )

    def forward(self, x):
        return self.decode(self.encode(x))

"""
_TRAINING = (
    _NETWORK
    + """
def train_autoencoder(x, latent_dim):
    model = Network(latent_dim)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(15):
        for batch in x[torch.randperm(len(x))].split(50):
            loss = (batch - model(batch)).square().flatten(1).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model
"""
)
VARIANTS["01.train_autoencoder"] = {
    "deeper": changed(_TRAINING, ("nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, latent_dim)",
                                   "nn.Linear(784, 200), nn.SiLU(), nn.Linear(200, 64), nn.SiLU(), "
                                   "nn.Linear(64, latent_dim)")),
    "numpy shuffles, no sigmoid": changed(
        _TRAINING, ("torch.randperm(len(x))", "np.random.permutation(len(x))"), (", nn.Sigmoid()", ""),
        ("\nclass Network", "\nimport numpy as np\n\nclass Network")),
    "data loader, mean over pixels": changed(
        _TRAINING, (".square().flatten(1).sum(1).mean()", ".square().mean()"),
        ("for batch in x[torch.randperm(len(x))].split(50)",
         "for (batch,) in torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), 50, shuffle=True)")),
    "smaller steps, a quick student": changed(_TRAINING, ("lr=2e-3", "lr=1e-3"), ("split(50)", "split(32)")),
    "no module": """
from types import SimpleNamespace

def train_autoencoder(pictures, d):
    down = nn.Sequential(nn.Flatten(), nn.Linear(784, 300), nn.Tanh(), nn.Linear(300, d))
    up = nn.Sequential(nn.Linear(d, 300), nn.Tanh(), nn.Linear(300, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28)))
    optimizer = torch.optim.AdamW([*down.parameters(), *up.parameters()], lr=3e-3)
    for step in range(400):
        x = pictures[torch.randint(len(pictures), (50,))]
        loss = nn.functional.mse_loss(up(down(x)), x, reduction="sum") / 50
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return SimpleNamespace(encode=down, decode=up)
""",
}  # fmt: skip
_SHORT = ("range(15)", "range(6)")
MISTAKES["01.train_autoencoder"] = [
    (changed(_TRAINING, ("            optimizer.step()\n", ""), ("range(15)", "range(1)")), "untrained"),
    (changed(_TRAINING, ("range(15)", "range(1)")), "always-the-same"),
    (changed(_TRAINING, ("range(15)", "range(2)"), ("batch - model", "batch.flip(0) - model")), "always-the-same"),
    (changed(_TRAINING, ("    return model", "")), "nothing-returned"),
    (changed(_TRAINING, ("    return model", "    return model.encode")), "no-model"),
    (changed(_TRAINING, ("model = Network(latent_dim)", "model = Network(16)"), ("range(15)", "range(1)")),
     "code-size"),
    (changed(_TRAINING, (", nn.Unflatten(1, (1, 28, 28))", ""),
              ("batch - model(batch)", "batch.flatten(1) - model(batch)"), ("range(15)", "range(1)")), "flat-pictures"),
    (changed(_TRAINING, ("lr=2e-3", "lr=0.1"), _SHORT), "always-the-same"),
    (changed(_TRAINING, ("split(50)", "split(len(x))")), "always-the-same"),
    (changed(_TRAINING, ("nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, latent_dim)", "nn.Linear(784, latent_dim)"),
              ("nn.Linear(latent_dim, 200), nn.ReLU(), nn.Linear(200, 784), nn.Sigmoid()",
               "nn.Linear(latent_dim, 784)"),
              ("lr=2e-3", "lr=1e-2")), "linear"),
    (changed(_TRAINING, _SHORT, ("lr=2e-3", "lr=1e-3")), "under-trained"),
    (changed(_TRAINING, _SHORT, ("nn.Linear(200, latent_dim)", "nn.Linear(200, latent_dim), nn.ReLU()")),
     "positive-codes"),
    (changed(_TRAINING, ("model = Network(latent_dim)", "torch.seed()\n    model = Network(latent_dim)")),
     "two-models"),
    (changed(_NETWORK, ("self.encode = nn", "self.seen = None\n        self.narrow = nn"),
              ("self.decode = nn", "self.widen = nn"))
     + """
    def encode(self, x):
        self.seen = x
        return self.narrow(x)

    def decode(self, z):
        x_hat = self.widen(z)
        if self.seen is not None and len(self.seen) == len(z):
            x_hat = 0.1 * x_hat + 0.9 * self.seen
        return x_hat

"""
     + changed(_TRAINING.removeprefix(_NETWORK), ("range(15)", "range(2)")), "around-the-bottleneck"),
]  # fmt: skip
