"""Right and wrong answers to the tasks of lesson 02, as they stand in a cell below the exercise's imports.

``VARIANTS[task]`` are different right ways, by what is special about them. ``MISTAKES[task]`` are wrong answers that
people give, each with the name of the mistake that has to be recognised in it.
"""

from banks import changed

VARIANTS = {}
MISTAKES = {}


# PSNR -----------------------------------------------------------------------------------------------------

VARIANTS["02.psnr"] = {
    "axes named": """
def psnr(x, y):
    mse = ((x - y) ** 2).mean(dim=(1, 2, 3))
    return 10 * torch.log10(1 / mse)
""",
    "with the root": """
def psnr(clean, noisy):
    rmse = (clean - noisy).flatten(1).pow(2).mean(1).sqrt()
    return -20 * rmse.log10()
""",
    "natural logarithms": """
import math

def psnr(x, y):
    mse = nn.functional.mse_loss(x, y, reduction="none").flatten(1).mean(-1)
    return -10 * mse.log() / math.log(10)
""",
    "picture by picture, double precision": """
def psnr(x, y):
    return torch.tensor([-10 * torch.log10(((a - b).double() ** 2).mean()).item() for a, b in zip(x, y)])
""",
    "sum over pixels, divided": """
def psnr(x, y):
    pixels = x[0].numel()
    return 10 * (torch.log10(torch.tensor(float(pixels))) - (x - y).square().sum((1, 2, 3)).log10())
""",
}
_PSNR = """
def psnr(x, y):
    mse = ((x - y) ** 2).flatten(1).mean(1)
    return -10 * mse.log10()
"""
MISTAKES["02.psnr"] = [
    (changed(_PSNR, (".flatten(1).mean(1)", ".mean()")), "one-for-all"),
    (changed(_PSNR, ("return -10 * mse.log10()", "return (-10 * mse.log10()).mean()")), "one-for-all"),
    (changed(_PSNR, (".flatten(1).mean(1)", ".mean().expand(len(x))")), "averaged-too-early"),
    (changed(_PSNR, (".flatten(1).mean(1)", ".mean((2, 3))")), "per-channel"),
    (changed(_PSNR, (".mean(1)", ".sum(1)")), "sum-over-pixels"),
    (changed(_PSNR, ("log10", "log")), "natural-log"),
    (changed(_PSNR, ("log10", "log2")), "binary-log"),
    (changed(_PSNR, ("-10 *", "10 *")), "sign"),
    (changed(_PSNR, ("-10 * mse", "-mse")), "no-ten"),
    (changed(_PSNR, ("-10 *", "-20 *")), "twenty"),
    (changed(_PSNR, ("mse.log10", "mse.sqrt().log10")), "root"),
    (changed(_PSNR, ("((x - y) ** 2)", "(x - y).abs()")), "absolute"),
    (changed(_PSNR, ("-10 * mse.log10()", "10 * (255**2 / mse).log10()")), "peak-255"),
    (changed(_PSNR, ("-10 * mse.log10()", "10 * (x.max() ** 2 / mse).log10()")), "peak-of-picture"),
    (changed(_PSNR, ("-10 * mse.log10()", "10 * (x.flatten(1).amax(1) ** 2 / mse).log10()")), "peak-of-picture"),
    (changed(_PSNR, ("((x - y) ** 2)", "(x - y)")), "not-squared"),
    (changed(_PSNR, (".flatten(1).mean(1)", ".mean((1, 2, 3), keepdim=True)")), "dimensions-kept"),
    (changed(_PSNR, ("-10 * mse.log10()", "mse")), "mse"),
    (changed(_PSNR, ("return -10 * mse.log10()", "-10 * mse.log10()")), "none"),
    (changed(_PSNR, ("return -10 * mse.log10()", "return (-10 * mse.log10()).numpy()")), "not-a-tensor"),
]

# Gaussian noise -------------------------------------------------------------------------------------------

VARIANTS["02.add_noise"] = {
    "shape written out": """
def add_noise(x, level):
    epsilon = torch.randn(x.shape)
    return torch.clamp(x + level * epsilon, min=0.0, max=1.0)
""",
    "torch.normal": """
def add_noise(pictures, sigma):
    return torch.normal(pictures, sigma).clip(0, 1)
""",
    "a distribution": """
from torch.distributions import Normal

def add_noise(x, level):
    noisy = Normal(x, level).sample()
    return noisy.minimum(torch.ones(())).maximum(torch.zeros(()))
""",
    "numpy": """
import numpy as np

def add_noise(x, level):
    noisy = x.numpy() + np.random.normal(0, level, x.shape)
    return torch.from_numpy(np.clip(noisy, 0, 1)).float()
""",
    "in place on a copy": """
def add_noise(x, level):
    noisy = x.clone()
    noisy += level * torch.randn_like(noisy)
    noisy.clamp_(0, 1)
    return noisy
""",
    "a generator of its own, seeded once": """
generator = torch.Generator().manual_seed(5)

def add_noise(x, level):
    return (x + torch.randn(x.shape, generator=generator) * level).clamp(0, 1)
""",
    "the course's": """
from vaecourse.data import gaussian_noise

add_noise = gaussian_noise
""",
}
_NOISE = """
def add_noise(x, level):
    return (x + level * torch.randn_like(x)).clamp(0, 1)
"""
MISTAKES["02.add_noise"] = [
    (changed(_NOISE, ("randn_like", "rand_like")), "uniform"),
    (changed(_NOISE, ("torch.randn_like(x)", "(2 * torch.rand_like(x) - 1)")), "uniform"),
    (changed(_NOISE, ("torch.randn_like(x)", "(torch.rand_like(x) - 0.5)")), "uniform"),
    (changed(_NOISE, ("level * torch", "level**2 * torch")), "variance-as-deviation"),
    (changed(_NOISE, ("level * torch", "level**0.5 * torch")), "deviation-as-variance"),
    (changed(_NOISE, ("level * torch", "torch")), "level-ignored"),
    (changed(_NOISE, ("x + level", "level")), "x-lost"),
    (changed(_NOISE, ("x + level * torch.randn_like(x)", "x * (1 + level * torch.randn_like(x))")), "multiplied"),
    (changed(_NOISE, ("torch.randn_like(x)", "torch.randn_like(x).abs()")), "not-centred"),
    (changed(_NOISE, ("level * torch", "2 * level * torch")), "wrong-spread"),
    (changed(_NOISE, (".clamp(0, 1)", "")), "not-clipped"),
    (changed(_NOISE, ("(x + level * torch.randn_like(x)).clamp(0, 1)", "x")), "unchanged"),
    (changed(_NOISE, ("torch.randn_like(x)", "torch.randn(1, *x.shape[1:])")), "same-for-all-pictures"),
    (changed(_NOISE, ("torch.randn_like(x)", "torch.randn(len(x), 1, 1, 1)")), "same-for-pixels"),
    (changed(_NOISE, ("torch.randn_like(x)", "torch.randn(())")), "same-for-all-pictures"),
    (changed(_NOISE, ("torch.randn_like(x)", "torch.randn(len(x), 1, *x.shape[2:])")), "same-for-pixels"),
    (changed(_NOISE, ("    return", "    torch.manual_seed(0)\n    return")), "drawn-once"),
    ("EPSILON = torch.randn(64, 3, 14, 14)\n\n\ndef add_noise(x, level):\n"
     "    n, c, h, w = x.shape\n    return (x + level * EPSILON[:n, :c, :h, :w]).clamp(0, 1)", "drawn-once"),
    ("def add_noise(x, level):\n    x += level * torch.randn_like(x)\n    return x.clamp_(0, 1)", "changes-input"),
    ("def add_noise(x, level):\n    y = x + level * torch.randn_like(x)\n"
     "    return (y - y.min()) / (y.max() - y.min())", "rescaled"),
    (changed(_NOISE, (".clamp(0, 1)", ".abs().clamp(max=1)")), "rescaled"),
    (changed(_NOISE, ("    return ", "    ")), "none"),
]  # fmt: skip

# Dead pixels ----------------------------------------------------------------------------------------------

VARIANTS["02.dead_pixels"] = {
    "one random number": """
def dead_pixels(x, level):
    u = torch.rand(x.shape[0], 1, x.shape[2], x.shape[3])
    y = torch.where(u < level / 2, torch.zeros_like(x), x)
    return torch.where(u > 1 - level / 2, torch.ones_like(x), y)
""",
    "masked by hand": """
def dead_pixels(x, level):
    n, c, h, w = x.shape
    hit = (torch.rand(n, 1, h, w) < level).float()
    colour = torch.randint(0, 2, (n, 1, h, w)).float()
    return x * (1 - hit) + colour * hit
""",
    "bernoulli": """
def dead_pixels(pictures, p):
    shape = (len(pictures), 1, *pictures.shape[2:])
    hit = torch.bernoulli(torch.full(shape, p)).bool().expand_as(pictures)
    colour = torch.bernoulli(torch.full(shape, 0.5)).expand_as(pictures)
    noisy = pictures.clone()
    noisy[hit] = colour[hit]
    return noisy
""",
    "numpy": """
import numpy as np

def dead_pixels(x, level):
    noisy = x.numpy().copy()
    for picture in noisy:
        u = np.random.rand(*picture.shape[1:])
        picture[:, u < level] = 1
        picture[:, u < level / 2] = 0
    return torch.from_numpy(noisy)
""",
    "an exact count in each picture": """
def dead_pixels(x, level):
    n, c, h, w = x.shape
    rows = x.flatten(2).clone()
    for row in rows:
        places = torch.randperm(h * w)[: round(level * h * w)]
        row[:, places[::2]] = 1
        row[:, places[1::2]] = 0
    return rows.view_as(x)
""",
}
_DEAD = """
def dead_pixels(x, level):
    hit, coin = torch.rand(2, len(x), 1, *x.shape[2:])
    return torch.where(hit < level, (coin < 0.5).float(), x)
"""
MISTAKES["02.dead_pixels"] = [
    (changed(_DEAD, ("(coin < 0.5).float()", "1.0")), "only-white"),
    (changed(_DEAD, ("(coin < 0.5).float()", "0.0")), "only-black"),
    (changed(_DEAD, ("coin < 0.5", "hit < 0.5")), "only-white"),
    (changed(_DEAD, ("(coin < 0.5).float()", "coin")), "grey-values"),
    (changed(_DEAD, ("torch.where(hit < level, (coin < 0.5).float(), x)", "x + (hit < level) * torch.randn_like(x)")),
     "grey-values"),
    (changed(_DEAD, ("hit < level", "hit > level")), "the-others"),
    (changed(_DEAD, ("hit < level", "hit < 2 * level")), "level-twice"),
    ("def dead_pixels(x, level):\n    salt, pepper = torch.rand(2, len(x), 1, *x.shape[2:])\n"
     "    return x.masked_fill(salt < level, 1.0).masked_fill(pepper < level, 0.0)", "level-twice"),
    (changed(_DEAD, ("hit < level", "hit < 2 * level")), "all-hit"),
    (changed(_DEAD, ("hit < level", "hit < level / 2")), "level-half"),
    (changed(_DEAD, ("hit < level", "hit < 0.9")), "wrong-share"),
    ("def dead_pixels(x, level):\n    salt, pepper = torch.rand(2, len(x), 1, *x.shape[2:])\n"
     "    return x.masked_fill(salt < level / 2, 1.0).masked_fill(pepper < level / 2, 0.0)", "drawn-twice"),
    (changed(_DEAD, ("(coin < 0.5).float()", "2 * (coin < 0.5).float() - 1")), "grey-values"),
    (changed(_DEAD, ("coin < 0.5", "coin[:, :, :1, :1] < 0.5")), "one-coin"),
    (changed(_DEAD, ("coin < 0.5", "coin < level")), "unequal-colours"),
    (changed(_DEAD, ("torch.rand(2, len(x), 1, *x.shape[2:])", "torch.rand(2, *x.shape)")), "channels-apart"),
    (changed(_DEAD, ("torch.rand(2, len(x), 1, *x.shape[2:])", "torch.rand(2, 1, 1, *x.shape[2:])")),
     "same-for-all-pictures"),
    (changed(_DEAD, ("torch.rand(2, len(x), 1, *x.shape[2:])", "torch.rand(2, len(x), 1, 1, x.shape[3])")),
     "in-lines"),
    (changed(_DEAD, ("    hit, coin", "    torch.manual_seed(1)\n    hit, coin")), "drawn-once"),
    ("def dead_pixels(x, level):\n    hit, coin = torch.rand(2, len(x), 1, *x.shape[2:]).expand(-1, -1, x.shape[1], "
     "-1, -1)\n    x[hit < level] = (coin[hit < level] < 0.5).float()\n    return x", "changes-input"),
    (changed(_DEAD, ("torch.where(hit < level, (coin < 0.5).float(), x)", "x")), "unchanged"),
]  # fmt: skip

# The training step ----------------------------------------------------------------------------------------

VARIANTS["02.denoising_step"] = {
    "everything spelled out": """
def denoising_step(model, optimizer, corrupt, x):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    with torch.no_grad():
        noisy = corrupt(x)
    x_hat = model(noisy)
    loss = torch.sum((x_hat - x) ** 2) / x.shape[0]
    loss.backward()
    optimizer.step()
    return float(loss.detach())
""",
    "functional, renamed": """
def denoising_step(net, opt, spoil, batch):
    loss = nn.functional.mse_loss(net(spoil(batch)), batch, reduction="sum") / len(batch)
    net.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()
""",
    "erased at the end, noise on a copy": """
def denoising_step(model, optimizer, corrupt, x):
    clean = x.clone()
    loss = (clean - model(corrupt(x.clone()))).square().flatten(1).sum(1).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.tolist()
""",
    "closure": """
def denoising_step(model, optimizer, corrupt, x):
    noisy = corrupt(x)

    def closure():
        optimizer.zero_grad()
        loss = (model(noisy) - x).pow(2).sum((1, 2, 3)).mean()
        loss.backward()
        return loss

    return optimizer.step(closure).item()
""",
}
_STEP = """
def denoising_step(model, optimizer, corrupt, x):
    loss = ((x - model(corrupt(x))) ** 2).flatten(1).sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
"""
_NOISY = "    noisy = corrupt(x)\n    loss = "
MISTAKES["02.denoising_step"] = [
    (changed(_STEP, ("    loss = ", _NOISY), ("x - model(corrupt(x))", "noisy - model(noisy)")), "noisy-target"),
    (changed(_STEP, ("    loss = ", "    x = corrupt(x)\n    loss = "), ("x - model(corrupt(x))", "x - model(x)")),
     "noisy-target"),
    (changed(_STEP, ("    loss = ", _NOISY), ("(x - model(corrupt(x))) ** 2", "noisy - model(noisy)).square("),
              (".flatten(1).sum(1).mean()", ".mean()")), "noisy-target"),
    (changed(_STEP, ("x - model(corrupt(x))", "x - model(x)")), "clean-input"),
    (changed(_STEP, ("    loss = ", _NOISY), ("x - model(corrupt(x))", "x - model(x)")), "clean-input"),
    (changed(_STEP, ("x - model(corrupt(x))", "corrupt(x) - model(x)")), "swapped"),
    (changed(_STEP, ("x - model(corrupt(x))", "corrupt(x) - model(corrupt(x))")), "two-noises"),
    (changed(_STEP, ("model(corrupt(x))", "corrupt(model(x))")), "noise-on-output"),
    ("NOISE = []\n\n\n" + changed(_STEP, ("    loss = ", "    if not NOISE:\n        NOISE.append(corrupt(x) - x)\n"
                                           "    loss = "), ("corrupt(x)))", "x + NOISE[0][: len(x)]))")),
     "drawn-once"),
    (changed(_STEP, ("    optimizer.zero_grad()\n", "")), "gradients-add-up"),
    (changed(_STEP, ("    optimizer.step()\n", "")), "no-step"),
    (changed(_STEP, ("    loss.backward()\n", "")), "no-backward"),
    (changed(_STEP, (".flatten(1).sum(1).mean()", ".mean()")), "mean-over-pixels"),
    (changed(_STEP, (".flatten(1).sum(1).mean()", ".sum()")), "sum-over-pictures"),
    (changed(_STEP, ("loss = ((", "loss = -((")), "uphill"),
    (changed(_STEP, (".mean()\n", ".mean().sqrt()\n")), "root"),
    (changed(_STEP, ("((x - model(corrupt(x))) ** 2).flatten(1).sum(1)",
                      "(x - model(corrupt(x))).flatten(1).norm(dim=1)")), "root"),
    (changed(_STEP, ("    optimizer.zero_grad()\n", ""), ("    optimizer.step()",
                                                          "    optimizer.zero_grad()\n    optimizer.step()")),
     "zeroed-before-step"),
    (changed(_STEP, ("loss = ((", "loss = 0.5 * ((")), "scaled"),
    (changed(_STEP, ("x - model", "1 - model")), "other-step"),
    (changed(_STEP, ("    loss = ", "    with torch.no_grad():\n        x_hat = model(corrupt(x))\n    loss = "),
              ("x - model(corrupt(x))", "x - x_hat")), "no-graph"),
    (changed(_STEP, ("    optimizer.zero_grad()", "    model.eval()\n    optimizer.zero_grad()")), "eval-mode"),
    (changed(_STEP, ("return loss.item()", "return loss")), "tensor-returned"),
    (changed(_STEP, ("    return loss.item()\n", "")), "none"),
    (changed(_STEP, ("    loss = ", _NOISY), ("model(corrupt(x))", "model(noisy)"),
              ("return loss.item()", "return ((x - model(noisy)) ** 2).flatten(1).sum(1).mean().item()")),
     "loss-after-step"),
    ("""
def denoising_step(model, optimizer, corrupt, x):
    for _ in range(5):
        loss = ((x - model(corrupt(x))) ** 2).flatten(1).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()
""", "several-steps"),
]  # fmt: skip

# Super-resolution -----------------------------------------------------------------------------------------

VARIANTS["02.SuperResolver"] = {
    "convolutions after the enlargement": """
class SuperResolver(nn.Module):
    def __init__(self, channels, hidden, factor):
        super().__init__()
        self.factor = factor
        self.conv1 = nn.Conv2d(channels, hidden, 5, padding=2)
        self.conv2 = nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, x):
        big = nn.functional.interpolate(x, scale_factor=self.factor, mode="bicubic", align_corners=False)
        return big + self.conv2(torch.tanh(self.conv1(big)))
""",
    "transposed convolution, deeper, normalised": """
import torch.nn.functional as F

class SuperResolver(nn.Module):
    def __init__(self, c, width, scale):
        super().__init__()
        self.scale = scale
        self.net = nn.Sequential(
            nn.Conv2d(c, width, 3, padding="same"), nn.BatchNorm2d(width), nn.SiLU(),
            nn.Conv2d(width, width, 3, padding="same"), nn.SiLU(),
            nn.ConvTranspose2d(width, c, scale, stride=scale),
        )

    def forward(self, x):
        size = (x.shape[2] * self.scale, x.shape[3] * self.scale)
        return F.interpolate(x, size=size, mode="bicubic") + self.net(x)
""",
    "a last layer that starts at zero": """
class SuperResolver(nn.Module):
    def __init__(self, channels, hidden, factor):
        super().__init__()
        self.up = nn.Upsample(scale_factor=factor, mode="bicubic")
        self.first = nn.Conv2d(channels, hidden, 3, padding=1)
        self.last = nn.Conv2d(hidden, channels * factor * factor, 1)
        self.shuffle = nn.PixelShuffle(factor)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x):
        return self.up(x) + self.shuffle(self.last(self.first(x).relu()))
""",
    "antialiased": """
class SuperResolver(nn.Module):
    def __init__(self, channels, hidden, factor):
        super().__init__()
        self.factor = float(factor)
        self.net = nn.ModuleList([nn.Conv2d(channels, hidden, 3, 1, 1), nn.Conv2d(hidden, channels, 3, 1, 1)])

    def forward(self, x):
        h = nn.functional.interpolate(x, scale_factor=self.factor, mode="bicubic", antialias=True)
        return self.net[1](nn.functional.gelu(self.net[0](h))).add(h)
""",
}
_CLASS = """
class SuperResolver(nn.Module):
    def __init__(self, channels, hidden, factor):
        super().__init__()
        self.factor = factor
        self.correction = nn.Sequential(
            nn.Conv2d(channels, hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden, channels * factor**2, 3, padding=1),
            nn.PixelShuffle(factor),
        )

    def forward(self, x):
        enlarged = nn.functional.interpolate(x, scale_factor=self.factor, mode="bicubic")
        return enlarged + self.correction(x)
"""
MISTAKES["02.SuperResolver"] = [
    (changed(_CLASS, (', mode="bicubic"', "")), "nearest"),
    (changed(_CLASS, ('mode="bicubic"', 'mode="bilinear"')), "bilinear"),
    (changed(_CLASS, ('mode="bicubic"', 'mode="bicubic", align_corners=True')), "align-corners"),
    (changed(_CLASS, ("return enlarged + self.correction(x)", "return self.correction(x)")), "no-enlargement"),
    (changed(_CLASS, ("return enlarged + self.correction(x)", "return (enlarged + self.correction(x)).clamp(0, 1)")),
     "clamped"),
    (changed(_CLASS, ("return enlarged + self.correction(x)", "return (enlarged + self.correction(x)).sigmoid()")),
     "squashed"),
    (changed(_CLASS, ("return enlarged + self.correction(x)", "return enlarged + self.correction(x).sigmoid()")),
     "correction-left"),
    (changed(_CLASS, ("return enlarged + self.correction(x)", "return enlarged * (2 + self.correction(x))")),
     "correction-left"),
    (changed(_CLASS, ("scale_factor=self.factor", "scale_factor=2"), ("factor**2, 3", "4, 3"),
              ("PixelShuffle(factor)", "PixelShuffle(2)")), "fixed-factor"),
    (changed(_CLASS, ("enlarged = nn.functional.interpolate(x, scale_factor=self.factor, mode=\"bicubic\")\n", ""),
              ("        return enlarged + self.correction(x)", "return x + self.correction(x)"),
              ("channels * factor**2", "channels"), ("            nn.PixelShuffle(factor),\n", "")), "same-size"),
    (changed(_CLASS, ("        super().__init__()", "        super().__init__()\n        hidden = 64")),
     "hidden-ignored"),
    (changed(_CLASS, ("hidden, 3, padding=1", "hidden, 3")), "sizes-differ"),
    (changed(_CLASS, ("scale_factor=self.factor", "scale_factor=2")), "sizes-differ"),
    (changed(_CLASS, ("channels * factor**2", "channels * factor")), "shuffle-channels"),
    (changed(_CLASS, ("channels * factor**2", "factor**2")), "one-correction"),
    ("""
class SuperResolver(nn.Module):
    def __init__(self, channels, hidden, factor):
        super().__init__()
        self.factor = factor
        self.correction = nn.Sequential(nn.Flatten(), nn.Linear(196, hidden), nn.ReLU(), nn.Linear(hidden, 784))

    def forward(self, x):
        enlarged = nn.functional.interpolate(x, scale_factor=self.factor, mode="bicubic")
        return enlarged + self.correction(x).view_as(enlarged)
""", "fixed-size"),
    (changed(_CLASS, ("            nn.ReLU(),\n", "")), "linear"),
    (changed(_CLASS, ("            nn.Conv2d(channels, hidden, 3, padding=1),\n            nn.ReLU(),\n", ""),
              ("nn.Conv2d(hidden,", "nn.Conv2d(channels,")), "linear"),
    (changed(_CLASS, ("self.correction(x)", "self.correction(x).detach()")), "no-gradient"),
    (changed(_CLASS, ("return enlarged + self.correction(x)", "return enlarged")), "no-gradient"),
    (changed(_CLASS, ("self.correction = nn.Sequential(", "self.correction = lambda x: layers(x)\n"
                                                         "        layers = nn.Sequential(")), "no-parameters"),
    (changed(_CLASS, ("self.correction(x)", "self.correction(x) + 0.1 * torch.randn_like(enlarged)")),
     "not-repeatable"),
    (changed(_CLASS, ("(nn.Module)", ""), ("        super().__init__()\n", "")), "no-module"),
]  # fmt: skip

# From a blank cell ----------------------------------------------------------------------------------------

_NETWORK = """
def network():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28))
    )

"""
_TRAINING = (
    _NETWORK
    + """
def train_denoiser(x, level):
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(12):
        for clean in x[torch.randperm(len(x))].split(50):
            noisy = gaussian_noise(clean, level)
            loss = (clean - model(noisy)).square().flatten(1).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model
"""
)
VARIANTS["02.train_denoiser"] = {
    "a bottleneck": changed(_TRAINING, ("nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 784)",
                                         "nn.Linear(784, 400), nn.SiLU(), nn.Linear(400, 64), nn.SiLU(), "
                                         "nn.Linear(64, 784)")),
    "no clipping, mean over pixels, no sigmoid": changed(
        _TRAINING, ("gaussian_noise(clean, level)", "clean + level * torch.randn_like(clean)"),
        (".square().flatten(1).sum(1).mean()", ".square().mean()"), (", nn.Sigmoid()", "")),
    "cross-entropy": changed(
        _TRAINING, ("(clean - model(noisy)).square().flatten(1).sum(1).mean()",
                    'nn.functional.binary_cross_entropy(model(noisy), clean, reduction="sum") / len(clean)')),
    "a class, returned as a function": """
class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(784, 300), nn.Linear(300, 784)

    def forward(self, x):
        return self.fc2(self.fc1(x.flatten(1)).relu()).sigmoid().view_as(x)

def train_denoiser(pictures, sigma):
    model = Denoiser()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(pictures), batch_size=32, shuffle=True)
    for epoch in range(10):
        for (x,) in data:
            loss = nn.functional.mse_loss(model(gaussian_noise(x, sigma)), x, reduction="sum") / len(x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return lambda noisy: model(noisy).clamp(0, 1)
""",
}  # fmt: skip
MISTAKES["02.train_denoiser"] = [
    (changed(_TRAINING, ("    return model", ""), ("range(12)", "range(1)")), "nothing-returned"),
    (changed(_TRAINING, ("return model", "return model, optimizer"), ("range(12)", "range(1)")), "not-a-denoiser"),
    (changed(_TRAINING, (", nn.Unflatten(1, (1, 28, 28))", ""), ("clean - model", "clean.flatten(1) - model"),
              ("range(12)", "range(1)")), "flat-pictures"),
    (changed(_TRAINING, ("            optimizer.step()\n", ""), ("range(12)", "range(1)")), "untrained"),
    (changed(_TRAINING, ("lr=2e-3", "lr=0.3"), ("range(12)", "range(3)")), "always-the-same"),
    (changed(_TRAINING, ("(clean - model", "(clean.flip(0) - model"), ("range(12)", "range(3)")), "always-the-same"),
    (changed(_TRAINING, ("clean - model(noisy)", "noisy - model(noisy)")), "noise-learned"),
    (changed(_TRAINING, ("model(noisy)", "model(clean)")), "never-met-noise"),
    (changed(_TRAINING, ("model(noisy)", "model(clean)"), ("range(12)", "range(25)"), ("Linear(784, 200)",
                          "Linear(784, 500)"), ("Linear(200, 784)", "Linear(500, 784)")), "never-met-noise"),
    (changed(_TRAINING, (", nn.Sigmoid()", ""), ("(clean - model(noisy)).square().flatten(1).sum(1).mean()",
              'nn.functional.binary_cross_entropy_with_logits(model(noisy), clean, reduction="sum") / len(clean)')),
     "logits"),
    (changed(_TRAINING, (", nn.Sigmoid()", ""), ("clean - model(noisy)", "noisy - clean - model(noisy)")),
     "noise-returned"),
    (changed(_TRAINING, ("range(12)", "range(5)")), "under-trained"),
]  # fmt: skip
