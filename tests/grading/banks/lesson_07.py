"""Right and wrong answers to the tasks of lesson 07, as they stand in a cell below the exercise's imports.

``VARIANTS[task]`` are different right ways, by what is special about them. ``MISTAKES[task]`` are wrong answers that
people give, each with the name of the mistake that has to be recognised in it.
"""

from banks import changed

VARIANTS = {}
MISTAKES = {}


# There and back -------------------------------------------------------------------------------------------

_BACK = """
def there_and_back(n, kernel, stride, padding):
    size = (n + 2 * padding - kernel) // stride + 1
    back = (size - 1) * stride - 2 * padding + kernel
    return size, n - back
"""
VARIANTS["07.there_and_back"] = {
    "quotient and remainder": """
def there_and_back(n, k, s, p):
    steps, rest = divmod(n + 2 * p - k, s)
    return steps + 1, rest
""",
    "layers are asked": """
def there_and_back(n, kernel, stride, padding):
    x = torch.zeros(1, 1, n, n)
    y = nn.Conv2d(1, 1, kernel, stride, padding)(x)
    back = nn.ConvTranspose2d(1, 1, kernel, stride, padding)(y)
    return y.shape[-1], n - back.shape[-1]
""",
    "math.floor": """
import math

def there_and_back(n, kernel, stride, padding):
    m = math.floor((n + 2 * padding - kernel) / stride + 1)
    return [m, n + 2 * padding - kernel - stride * (m - 1)]
""",
    "counted": """
def there_and_back(n, kernel, stride, padding):
    places = range(-padding, n + padding - kernel + 1, stride)
    return len(places), n + padding - (places[-1] + kernel)
""",
    "numpy": """
import numpy as np

def there_and_back(n, kernel, stride, padding):
    m = np.floor_divide(n + 2 * padding - kernel, stride) + 1
    return np.int64(m), np.int64(n) - ((m - 1) * stride - 2 * padding + kernel)
""",
    "tensors": """
def there_and_back(n, kernel, stride, padding):
    room = torch.tensor(n + 2 * padding - kernel)
    return torch.div(room, stride, rounding_mode="floor") + 1, room % stride
""",
}
_SIZE, _WAY_BACK = "(n + 2 * padding - kernel) // stride + 1", "(size - 1) * stride - 2 * padding + kernel"
MISTAKES["07.there_and_back"] = [
    (changed(_BACK, (_SIZE, "(n + 2 * padding - kernel) // stride")), "plus-one-missing"),
    (changed(_BACK, (_SIZE, "(n + 2 * padding - kernel + 1) // stride")), "one-inside"),
    (changed(_BACK, (_SIZE, "-(-(n + 2 * padding - kernel) // stride) + 1")), "ceil"),
    (changed(_BACK, (_SIZE, "round((n + 2 * padding - kernel) / stride) + 1")), "rounded"),
    (changed(_BACK, (_SIZE, "(n + 2 * padding - kernel) / stride + 1")), "not-whole"),
    (changed(_BACK, (_SIZE, "(n + padding - kernel) // stride + 1")), "padding-once"),
    (changed(_BACK, (_SIZE, "(n - kernel) // stride + 1")), "padding-ignored"),
    (changed(_BACK, (_SIZE, "(n - 2 * padding - kernel) // stride + 1")), "padding-subtracted"),
    (changed(_BACK, (_SIZE, "n + 2 * padding - kernel + 1")), "stride-ignored"),
    (changed(_BACK, (_SIZE, "(n + 2 * padding - kernel) * stride + 1")), "stride-multiplied"),
    (changed(_BACK, (_SIZE, "(n + 2 * padding) // stride + 1")), "kernel-ignored"),
    (changed(_BACK, (_SIZE, "(n + 2 * padding) // stride")), "kernel-ignored"),
    (changed(_BACK, (_SIZE, "(n + 2 * padding + kernel) // stride + 1")), "kernel-added"),
    (changed(_BACK, (_SIZE, "(n + 2 * padding - stride) // kernel + 1")), "kernel-and-stride-exchanged"),
    (changed(_BACK, (_SIZE, "n // stride")), "same-size"),
    (changed(_BACK, (_SIZE, "-(-n // stride)")), "same-size"),
    (changed(_BACK, (_SIZE, "(n - 1) * stride - 2 * padding + kernel")), "transposed"),
    (changed(_BACK, (_SIZE, "(n - kernel) // stride + 1")), "follows-the-size"),
    (changed(_BACK, ("n - back", "0")), "always-zero"),
    (changed(_BACK, ("n - back", "1")), "always-one"),
    (changed(_BACK, ("n - back", "stride - 1")), "stride-minus-one"),
    (changed(_BACK, ("n - back", "stride")), "the-stride"),
    (changed(_BACK, ("n - back", "padding")), "the-padding"),
    (changed(_BACK, ("n - back", "back")), "size-returned"),
    (changed(_BACK, ("n - back", "n")), "size-returned"),
    (changed(_BACK, ("n - back", "back - n")), "extra-sign"),
    (changed(_BACK, (_WAY_BACK, "(size - 1) * stride + kernel")), "extra-padding-ignored"),
    (changed(_BACK, (_WAY_BACK, "(size - 1) * stride - padding + kernel")), "extra-padding-once"),
    (changed(_BACK, (_WAY_BACK, "(size - 1) * stride + 2 * padding + kernel")), "extra-padding-added"),
    (changed(_BACK, (_WAY_BACK, "size * stride - 2 * padding + kernel")), "one-not-subtracted"),
    (changed(_BACK, (_WAY_BACK, "(size - 1) * stride - 2 * padding")), "extra-kernel-missing"),
    (changed(_BACK, ("n - back", "n % stride")), "remainder-of-n"),
    (changed(_BACK, ("n - back", "(back - n) % stride")), "rest-of-a-step"),
    (changed(_BACK, ("return size, n - back", "return n - back, size")), "pair-swapped"),
    (changed(_BACK, ("return size, n - back", "return size")), "not-a-pair"),
    (changed(_BACK, ("    return size, n - back\n", "")), "none"),
]  # fmt: skip

# The Gaussian ---------------------------------------------------------------------------------------------

_GAUSSIAN = """
def gaussian_log_prob(x, m, logvar):
    square, constant = (x - m) ** 2 / logvar.exp(), log(2 * torch.pi)
    return -0.5 * (square + logvar + constant).flatten(1).sum(1)
"""
VARIANTS["07.gaussian_log_prob"] = {
    "Normal": """
def gaussian_log_prob(x, m, logvar):
    return Normal(m, torch.exp(0.5 * logvar)).log_prob(x).sum(dim=(1, 2, 3))
""",
    "gaussian_nll_loss": """
def gaussian_log_prob(x, m, logvar):
    nll = nn.functional.gaussian_nll_loss(m, x, logvar.exp(), full=True, reduction="none")
    return -nll.flatten(1).sum(-1)
""",
    "the course's own": """
from vaecourse.models.likelihoods import gaussian_per_pixel

def gaussian_log_prob(x, m, logvar):
    return gaussian_per_pixel(torch.cat([m, logvar], dim=1)).log_prob(x)
""",
    "part by part, in double precision": """
import math

def gaussian_log_prob(x, m, logvar):
    x, m, logvar = x.double(), m.double(), logvar.double()
    s = torch.exp(logvar / 2)
    parts = ((x - m) / s).pow(2) / 2 + torch.log(s) + 0.5 * math.log(2 * math.pi)
    return -torch.einsum("nchw->n", parts)
""",
    "one constant for all pixels": """
def gaussian_log_prob(x, m, logvar):
    x, m, logvar = (t.reshape(len(t), -1) for t in (x, m, logvar))
    weighted = ((x - m).square() * torch.exp(-logvar)).sum(1)
    return -(weighted + logvar.sum(1) + x.shape[1] * log(2 * torch.pi)) / 2
""",
    "one multivariate normal": """
from torch.distributions import MultivariateNormal

def gaussian_log_prob(x, m, logvar):
    scale = torch.diag_embed(torch.exp(logvar.flatten(1) / 2))
    return MultivariateNormal(m.flatten(1), scale_tril=scale).log_prob(x.flatten(1))
""",
}
_TERMS, _SQUARE, _HALF = "(square + logvar + constant)", "(x - m) ** 2 / logvar.exp()", "-0.5 * "
_ALL = "-0.5 * (square + logvar + constant).flatten(1).sum(1)"
_CLAMPED = """
def gaussian_log_prob(x, m, logvar):
    logvar = logvar.clamp(-3, 20)
    return Normal(m, torch.exp(0.5 * logvar)).log_prob(x).sum(dim=(1, 2, 3))
"""
MISTAKES["07.gaussian_log_prob"] = [
    (changed(_GAUSSIAN, (_TERMS, "(square + logvar)")), "constant-missing"),
    (changed(_GAUSSIAN, (_ALL, "-nn.functional.gaussian_nll_loss(m, x, logvar.exp(), reduction='none')"
                               ".flatten(1).sum(1)")), "constant-missing"),
    (changed(_GAUSSIAN, (_TERMS, "(square + constant)")), "log-variance-missing"),
    (changed(_GAUSSIAN, (_TERMS, "square")), "square-only"),
    (changed(_GAUSSIAN, (_ALL, "-((x - m) ** 2).flatten(1).sum(1)")), "square-only"),
    (changed(_GAUSSIAN, (_HALF, "-")), "half-missing"),
    (changed(_GAUSSIAN, (_ALL, "-(0.5 * square + logvar + constant).flatten(1).sum(1)")), "half-of-a-part"),
    (changed(_GAUSSIAN, (_ALL, "-(0.5 * (square + logvar) + constant).flatten(1).sum(1)")), "half-of-a-part"),
    (changed(_GAUSSIAN, (_ALL, "-(0.5 * (square + constant) + logvar).flatten(1).sum(1)")), "half-of-a-part"),
    (changed(_GAUSSIAN, ("log(2 * torch.pi)", "log((2 * torch.pi) ** 0.5)")), "half-of-a-part"),
    (changed(_GAUSSIAN, (_HALF, "0.5 * ")), "negative"),
    (_CLAMPED, "floor"),
    (changed(_CLAMPED, ("logvar.clamp(-3, 20)", "(logvar.exp() + 0.02**2).log()")), "floor"),
    (changed(_CLAMPED, ("logvar.clamp(-3, 20)", "logvar.clamp(max=2)")), "floor"),
    (changed(_GAUSSIAN, (_TERMS, "(square - logvar + constant)")), "log-variance-sign"),
    (changed(_GAUSSIAN, (_TERMS, "(square + logvar - constant)")), "constant-sign"),
    (changed(_GAUSSIAN, (_ALL, "Normal(m, logvar.exp()).log_prob(x).flatten(1).sum(1)")), "variance-as-std"),
    (changed(_GAUSSIAN, (_SQUARE, "(x - m) ** 2 / (2 * logvar).exp()"), (_TERMS, "(square + 2 * logvar + constant)")),
     "variance-as-std"),
    (changed(_GAUSSIAN, (_TERMS, "(square + 0.5 * logvar + constant)")), "log-std-for-log-variance"),
    (changed(_GAUSSIAN, (_SQUARE, "(x - m) ** 2 / (0.5 * logvar).exp()")), "std-for-variance"),
    (changed(_GAUSSIAN, (_SQUARE, "(x - m) ** 2")), "not-divided"),
    (changed(_GAUSSIAN, (_SQUARE, "(x - m) ** 2 * logvar.exp()")), "multiplied"),
    (changed(_GAUSSIAN, (_SQUARE, "(x - m) ** 2 / logvar")), "infinite"),
    (changed(_GAUSSIAN, (_SQUARE, "(x - m) ** 2 / (logvar + 1e-6)")), "no-exponential"),
    (changed(_GAUSSIAN, (_ALL, "Normal(m, logvar).log_prob(x).flatten(1).sum(1)")), "no-exponential"),
    (changed(_GAUSSIAN, (_ALL, "-nn.functional.gaussian_nll_loss(m, x, logvar, full=True, reduction='none')"
                               ".flatten(1).sum(1)")), "no-exponential"),
    (changed(_GAUSSIAN, (_TERMS, "(square + logvar.log() + constant)")), "not-a-number"),
    (changed(_GAUSSIAN, (_SQUARE, "(x - m) / logvar.exp()")), "not-squared"),
    (changed(_GAUSSIAN, (_SQUARE, "(x - m).abs() / logvar.exp()")), "not-squared"),
    (changed(_GAUSSIAN, (_ALL, "-0.5 * ((square + logvar).flatten(1).sum(1) + constant)")), "constant-once"),
    (changed(_GAUSSIAN, ("log(2 * torch.pi)", "2 * torch.pi")), "constant-not-logged"),
    (changed(_GAUSSIAN, ("log(2 * torch.pi)", "log(torch.pi)")), "two-missing"),
    (changed(_GAUSSIAN, (".sum(1)", ".mean(1)")), "mean-over-pixels"),
    (changed(_GAUSSIAN, (".flatten(1).sum(1)", ".flatten(1).sum(1).mean()")), "one-number"),
    (changed(_GAUSSIAN, (".flatten(1).sum(1)", ".sum()")), "one-number"),
    (changed(_GAUSSIAN, (".flatten(1).sum(1)", "")), "not-summed"),
    (changed(_GAUSSIAN, (".flatten(1).sum(1)", ".flatten(2).sum(2)")), "per-channel"),
    (changed(_GAUSSIAN, (".sum(1)", ".sum(1) / log(2)")), "bits"),
    (changed(_GAUSSIAN, (_ALL, f"({_ALL}).exp()")), "no-logarithm"),
    (changed(_GAUSSIAN,
             ("    square", "    logvar = logvar.mean(dim=(1, 2, 3), keepdim=True).expand_as(x)\n    square")),
     "one-spread"),
    (changed(_GAUSSIAN, (_SQUARE, "(x - m.detach()) ** 2 / logvar.exp()")), "m-detached"),
    (changed(_GAUSSIAN, ("    square", "    logvar = logvar.detach()\n    square")), "logvar-detached"),
    (changed(_GAUSSIAN, (_ALL, f"({_ALL}).detach()")), "no-gradient"),
    (changed(_GAUSSIAN, ("logvar.exp()", "logvar.exp().detach()")), "other-gradient"),
    (changed(_GAUSSIAN, ("    return ", "    ")), "none"),
]  # fmt: skip

# Bits per dimension ---------------------------------------------------------------------------------------

_BITS = """
def bits_per_dim(log_px, picture_shape, step=None):
    C, H, W = picture_shape
    nats = -log_px.mean() / (C * H * W)
    if step is not None:
        nats = nats - log(step)
    return nats / log(2)
"""
VARIANTS["07.bits_per_dim"] = {
    "picture by picture": """
import math

def bits_per_dim(log_px, shape, step=None):
    numbers = math.prod(shape)
    costs = [-(float(nats) / numbers + math.log(step or 1)) / math.log(2) for nats in log_px]
    return sum(costs) / len(costs)
""",
    "log2 of everything": """
import math

def bits_per_dim(log_px, picture_shape, step=None):
    size = torch.Size(picture_shape).numel()
    bits = -log_px * math.log2(math.e)
    if step:
        bits = bits - size * math.log2(step)
    return (bits / size).mean()
""",
    "torch, in double precision": """
def bits_per_dim(log_px, picture_shape, step=None):
    L = torch.prod(torch.tensor(picture_shape))
    width = torch.tensor(1.0 if step is None else step, dtype=torch.float64)
    log_P = log_px.double() + L * width.log()
    return torch.mean(-log_P) / (L * torch.tensor(2.0).log())
""",
    "the course's own": """
from vaecourse import objectives

def bits_per_dim(log_px, picture_shape, step=None):
    L = torch.Size(picture_shape).numel()
    return objectives.bits_per_dim(log_px + L * log(step or 1), L).mean()
""",
}
_NATS, _STEP, _LOG2 = "-log_px.mean() / (C * H * W)", "nats = nats - log(step)", "return nats / log(2)"
MISTAKES["07.bits_per_dim"] = [
    (changed(_BITS, (_LOG2, "return nats")), "nats"),
    (changed(_BITS, (_LOG2, "return nats * log(2)")), "multiplied-by-log-2"),
    (changed(_BITS, (_LOG2, "return nats / log(10)")), "decimal-digits"),
    (changed(_BITS, (_LOG2, "return -nats / log(2)")), "negative"),
    (changed(_BITS, ("(C * H * W)", "1")), "not-divided"),
    (changed(_BITS, ("(C * H * W)", "1"), (_STEP, "nats = nats - C * H * W * log(step)")), "not-divided"),
    (changed(_BITS, ("(C * H * W)", "(H * W)")), "channels-forgotten"),
    (changed(_BITS, ("(C * H * W)", "H")), "channels-forgotten"),
    (changed(_BITS, ("(C * H * W)", "C")), "channels-only"),
    (changed(_BITS, ("log_px.mean()", "log_px.sum()")), "sum-over-pictures"),
    (changed(_BITS, (_LOG2, "return nats / log(2) / len(log_px)")), "divided-by-the-pictures"),
    (changed(_BITS, ("-log_px.mean()", "-(log_px.logsumexp(0) - log(len(log_px)))")), "probabilities-averaged"),
    (changed(_BITS, ("log_px.mean()", "log_px")), "not-one-number"),
    (changed(_BITS, (_STEP, "nats = nats + log(step)")), "step-sign"),
    (changed(_BITS, (_STEP, "pass")), "step-ignored"),
    (changed(_BITS, (_STEP, "nats = nats - log(step) / (C * H * W)")), "step-once"),
    (changed(_BITS, ("        nats = nats - log(step)", "        return nats / log(2) - log(step)")), "step-in-nats"),
    (changed(_BITS, (_STEP, "return nats - log(step) / log(2)")), "log-px-in-nats"),
    (changed(_BITS, (_STEP, "return nats / log(2) - step")), "step-not-logged"),
    (changed(_BITS, (_STEP, "return nats / log(2) * step")), "step-multiplied"),
    (changed(_BITS, (_STEP, "return nats / log(2) / step")), "step-multiplied"),
    (changed(_BITS, (_STEP, "return nats / log(2) + 8")), "always-eight-bits"),
    (changed(_BITS, (_STEP, "nats = nats + log(255)")), "always-eight-bits"),
    (changed(_BITS, (_STEP, "return nats / log(2) - log(step) / log(10)")), "step-in-digits"),
    (changed(_BITS, ("    return nats / log(2)", "    nats / log(2)")), "none"),
]  # fmt: skip

# A softmax over the levels --------------------------------------------------------------------------------

_SOFTMAX = """
def softmax_log_prob(logits, x):
    k = (255 * x).round().long()
    rows = logits.unflatten(1, (x.shape[1], 256)).movedim(2, -1)  # (N, C, H, W, 256)
    log_p = rows.log_softmax(-1)
    return log_p.gather(-1, k[..., None]).flatten(1).sum(1)
"""
VARIANTS["07.softmax_log_prob"] = {
    "cross_entropy": """
def softmax_log_prob(logits, x):
    n, c, h, w = x.shape
    k = (255 * x + 0.5).long()
    table = logits.view(n, c, 256, h, w).transpose(1, 2)
    return -nn.functional.cross_entropy(table, k, reduction="none").sum((1, 2, 3))
""",
    "channel by channel": """
def softmax_log_prob(logits, x):
    total = 0
    for channel, maps in enumerate(logits.split(256, dim=1)):
        target = (x[:, channel] * 255).round().to(torch.int64)
        total = total - nn.functional.cross_entropy(maps, target, reduction="none").flatten(1).sum(1)
    return total
""",
    "Categorical": """
from torch.distributions import Categorical

def softmax_log_prob(logits, x):
    px = Categorical(logits=logits.unflatten(1, (-1, 256)).permute(0, 1, 3, 4, 2))
    return px.log_prob((255 * x).round()).flatten(1).sum(1)
""",
    "one-hot, logsumexp": """
def softmax_log_prob(logits, x):
    rows = logits.reshape(len(x), x.shape[1], 256, -1)
    chosen = nn.functional.one_hot((255 * x).round().long().flatten(2), 256).transpose(2, 3)
    return ((rows * chosen).sum(2) - rows.logsumexp(2)).sum((1, 2))
""",
    "the course's own": """
from vaecourse.models.likelihoods import softmax

def softmax_log_prob(logits, x):
    return softmax(logits).log_prob(x)
""",
    "256 x, rounded down": changed(_SOFTMAX, ("(255 * x).round().long()", "(256 * x).long().clamp(max=255)")),
    "the largest is subtracted, in double precision": changed(
        _SOFTMAX, ("rows.log_softmax(-1)",
                   "rows.double() - rows.double().amax(-1, keepdim=True)\n"
                   "    log_p = log_p - log_p.exp().sum(-1, keepdim=True).log()")),
}  # fmt: skip
_CUT, _LEVEL = "unflatten(1, (x.shape[1], 256)).movedim(2, -1)", "(255 * x).round().long()"
_SUM = ".flatten(1).sum(1)"
MISTAKES["07.softmax_log_prob"] = [
    (changed(_SOFTMAX, (_CUT, "unflatten(1, (256, x.shape[1])).movedim(1, -1)")), "channel-order"),
    (changed(_SOFTMAX, (_CUT, "reshape(*x.shape, 256)")), "mixed-by-view"),
    (changed(_SOFTMAX, ("    rows = logits", "    rows = logits.log_softmax(1)"), ("rows.log_softmax(-1)", "rows")),
     "channels-together"),
    (changed(_SOFTMAX, ("    rows = logits", "    rows = logits.log_softmax(-1)"), ("rows.log_softmax(-1)", "rows")),
     "other-dimension"),
    (changed(_SOFTMAX, ("rows.log_softmax(-1)", "rows.log_softmax(0)")), "other-dimension"),
    (changed(_SOFTMAX, ("rows.log_softmax(-1)", "rows")), "not-normalised"),
    (changed(_SOFTMAX, ("rows.log_softmax(-1)", "rows.softmax(-1)")), "no-logarithm"),
    (changed(_SOFTMAX, ("rows.log_softmax(-1)", "rows.softmax(-1).log_softmax(-1)")), "softmax-twice"),
    (changed(_SOFTMAX, ("rows.log_softmax(-1)", "rows.softmax(-1).log()")), "infinite"),
    (changed(_SOFTMAX, ("rows.log_softmax(-1)", "(rows.softmax(-1) + 1e-8).log()")), "infinite"),
    (changed(_SOFTMAX, ("rows.log_softmax(-1)", "rows.softmax(-1).clamp(min=1e-12).log()")), "infinite"),
    (changed(_SOFTMAX, ("rows.log_softmax(-1)", "(rows.exp() / rows.exp().sum(-1, keepdim=True)).log()")),
     "not-a-number"),
    (changed(_SOFTMAX, ("return ", "return -")), "negative"),
    (changed(_SOFTMAX, (_SUM, ".flatten(1).mean(1)")), "mean-over-pixels"),
    (changed(_SOFTMAX, (_SUM, "")), "shape"),
    (changed(_SOFTMAX, (_SUM, ".squeeze(-1)")), "not-summed"),
    (changed(_SOFTMAX, (_SUM, ".flatten(2).sum(2)")), "per-channel"),
    (changed(_SOFTMAX, (_SUM, ".sum()")), "one-number"),
    (changed(_SOFTMAX, (_SUM, ".flatten(1).sum(1).mean()")), "one-number"),
    (changed(_SOFTMAX, (_SUM, ".flatten(1).sum(1) / log(2)")), "bits"),
    (changed(_SOFTMAX, (_CUT, "permute(0, 2, 3, 1).reshape(*x.shape, 256)")), "mixed-by-view"),
    ("def softmax_log_prob(logits, x):\n    k = (255 * x).round().long()[:, 0]\n"
     "    return -nn.functional.cross_entropy(logits, k, reduction='none').flatten(1).sum(1)", "one-channel"),
    ("def softmax_log_prob(logits, x):\n    k = (255 * x).round().long()[:, 0]\n"
     "    return -nn.functional.cross_entropy(logits[:, :256], k, reduction='none').flatten(1).sum(1)", "one-channel"),
    ("def softmax_log_prob(logits, x):\n    k = (255 * x).round().long()\n"
     "    return -nn.functional.cross_entropy(logits, k, reduction='none').flatten(1).sum(1)",
     "cross-entropy-dimensions"),
    (changed(_SOFTMAX, (_LEVEL, "255 * x")), "level-not-whole"),
    (changed(_SOFTMAX, (_LEVEL, "(256 * x).long()")), "no-such-level"),
    (changed(_SOFTMAX, (_LEVEL, "(256 * x).round().long().clamp(max=255)")), "times-256"),
    (changed(_SOFTMAX, (_LEVEL, "x.long()")), "black-or-white"),
    (changed(_SOFTMAX, (_LEVEL, "(x > 0.5).long()")), "black-or-white"),
    (changed(_SOFTMAX, (_LEVEL, "255 - (255 * x).round().long()")), "reversed"),
    (changed(_SOFTMAX, (_LEVEL, "(255 * x).round().long() - 1"), ("k[..., None]", "k[..., None] % 256")), "one-off"),
    (changed(_SOFTMAX, (_LEVEL, "((255 * x).round().long() + 1).clamp(max=255)")), "one-off"),
    (changed(_SOFTMAX, ("rows.log_softmax(-1)", "rows.log_softmax(-1).detach()")), "no-gradient"),
    (changed(_SOFTMAX, ("rows.log_softmax(-1)", "rows - rows.logsumexp(-1, keepdim=True).detach()")),
     "other-gradient"),
    (changed(_SOFTMAX, ("    return ", "    ")), "none"),
]  # fmt: skip

# The discretized logistic ---------------------------------------------------------------------------------

_LOGISTIC = """
def discretized_logistic(x, m, log_s):
    log_sigma, half = nn.functional.logsigmoid, 1 / 510
    s = log_s.exp()
    a, b = (x - half - m) / s, (x + half - m) / s
    below, above = log_sigma(b), log_sigma(-a)
    inner = log_sigma(b) + log_sigma(-a) + torch.log1p(-torch.exp(a - b))
    return torch.where(x < 0.001, below, torch.where(x > 0.999, above, inner))
"""
VARIANTS["07.discretized_logistic"] = {
    "the course's own": """
def discretized_logistic(x, m, log_s):
    return Discretized(Logistic(m, torch.exp(log_s))).log_prob(x)
""",
    "by softplus and the number of the level": """
from torch.nn.functional import softplus

def discretized_logistic(x, m, log_s):
    k = torch.round(255 * x)
    inverse = torch.exp(-log_s)
    upper, lower = ((k + 0.5) / 255 - m) * inverse, ((k - 0.5) / 255 - m) * inverse
    middle = upper - softplus(upper) - softplus(lower) + torch.log(-torch.expm1(lower - upper)) - 0 * lower
    return torch.where(k == 0, upper - softplus(upper), torch.where(k == 255, -softplus(lower), middle))
""",
    "the difference of two logarithms": """
def discretized_logistic(x, m, log_s):
    s = log_s.exp()
    x, half = (255 * x).round() / 255, 0.5 / 255
    ls = nn.functional.logsigmoid
    # By the side on which sigma is small.
    flip = torch.where(x > m, -1.0, 1.0)
    low, high = (flip * (x - m) - half) / s, (flip * (x - m) + half) / s
    log_p = ls(high) + torch.log(-torch.expm1(ls(low) - ls(high)))
    log_p = torch.where(x == 0, ls((x + half - m) / s), log_p)
    return torch.where(x == 1, ls(-(x - half - m) / s), log_p)
""",
    "masks, in double precision": """
def discretized_logistic(x, m, log_s):
    x, m, log_s = x.double(), m.double(), log_s.double()
    s = torch.exp(log_s)
    a, b = (x - 1 / 510 - m) / s, (x + 1 / 510 - m) / s
    first, last = (x == 0).double(), (x == 1).double()
    log_below, log_above = nn.functional.logsigmoid(b), nn.functional.logsigmoid(-a)
    width = torch.log(1 - torch.exp(-1 / (255 * s)))
    return (1 - last) * log_below + (1 - first) * log_above + (1 - first - last) * width
""",
    "sinh": """
def discretized_logistic(x, m, log_s):
    u, w = (x - m) * torch.exp(-log_s), torch.exp(-log_s) / 510
    ls = nn.functional.logsigmoid
    inner = ls(u + w) + ls(w - u) + torch.log(-torch.expm1(-2 * w))
    inner = torch.where(x > 0.5 / 255, inner, ls(u + w))
    return torch.where(x < 254.5 / 255, inner, ls(w - u))
""",
}
_NAIVE = changed(_LOGISTIC, ("log_sigma(b) + log_sigma(-a) + torch.log1p(-torch.exp(a - b))",
                             "(torch.sigmoid(b) - torch.sigmoid(a)).log()"))  # fmt: skip
_INNER, _DIFFERENCE = (
    "log_sigma(b) + log_sigma(-a) + torch.log1p(-torch.exp(a - b))",
    "torch.sigmoid(b) - torch.sigmoid(a)",
)
_EDGES, _WHERE = (
    "(x - half - m) / s, (x + half - m) / s",
    "torch.where(x < 0.001, below, torch.where(x > 0.999, above, inner))",
)
_DENSITY = "log_sigma((x - m) / s) + log_sigma((m - x) / s) - log_s"
MISTAKES["07.discretized_logistic"] = [
    (_NAIVE, "infinite"),
    (changed(_NAIVE, (f"({_DIFFERENCE}).log()", f"({_DIFFERENCE} + 1e-12).log()")), "floor"),
    (changed(_NAIVE, (f"({_DIFFERENCE}).log()", f"({_DIFFERENCE}).clamp(min=1e-7).log()")), "floor"),
    (changed(_NAIVE, (f"({_DIFFERENCE}).log()", f"({_DIFFERENCE}).clamp(min=1e-7).log()")), "gradient-zero"),
    (changed(_NAIVE, (f"({_DIFFERENCE}).log()",
                      f"torch.where({_DIFFERENCE} > 1e-5, ({_DIFFERENCE}).clamp(min=1e-12).log(), "
                      f"{_DENSITY} - log(255))")), "density-in-the-tails"),
    (changed(_NAIVE, (f"({_DIFFERENCE}).log()",
                      f"torch.where({_DIFFERENCE} > 1e-5, ({_DIFFERENCE}).log(), {_DENSITY} - log(255))")),
     "gradient-not-a-number"),
    (changed(_LOGISTIC, (_INNER, "torch.log(torch.exp(log_sigma(b)) - torch.exp(log_sigma(a)))")), "infinite"),
    (changed(_LOGISTIC, ("log_sigma(b), log_sigma(-a)\n", "torch.sigmoid(b).log(), (1 - torch.sigmoid(a)).log()\n")),
     "infinite"),
    (changed(_LOGISTIC, (_WHERE, "inner")), "lower-tail-missing"),
    (changed(_LOGISTIC, (_WHERE, "torch.where(x > 0.999, above, inner)")), "lower-tail-missing"),
    (changed(_LOGISTIC, (_WHERE, "torch.where(x < 0.001, below, inner)")), "upper-tail-missing"),
    (changed(_LOGISTIC, (_WHERE, "torch.where(x < 0.001, below, torch.where(x > 254, above, inner))")),
     "upper-tail-missing"),
    (changed(_LOGISTIC, ("below, above =", "above, below =")), "tails-exchanged"),
    (changed(_LOGISTIC, ("log_sigma(b), log_sigma(-a)\n", "log_sigma(a), log_sigma(-b)\n")), "other-side"),
    (changed(_LOGISTIC, ("log_sigma(b), log_sigma(-a)\n", "log_sigma(-b), log_sigma(a)\n")), "other-side"),
    (changed(_LOGISTIC, ("log_sigma(b), log_sigma(-a)\n", "log_sigma((x - m) / s), log_sigma((m - x) / s)\n")),
     "half-step-at-the-ends"),
    (changed(_LOGISTIC, ("log_sigma(b), log_sigma(-a)\n", "0 * x, 0 * x\n")), "certain-at-the-ends"),
    (changed(_LOGISTIC, (_INNER, _DENSITY), (_WHERE, "inner")), "density"),
    (changed(_LOGISTIC, (_INNER, f"{_DENSITY} - log(255)")), "density-times-step"),
    (changed(_LOGISTIC, (_INNER, f"{_DENSITY} - log(256)")), "density-times-step"),
    (changed(_LOGISTIC, ("1 / 510", "1 / 512")), "256-steps"),
    (changed(_LOGISTIC, ("1 / 510", "1 / 255")), "whole-step"),
    (changed(_LOGISTIC, ("1 / 510", "1 / 256")), "whole-step"),
    (changed(_LOGISTIC, ("1 / 510", "0.5")), "half-step-of-levels"),
    (changed(_LOGISTIC, (_EDGES, "(x - m) / s, (x + 2 * half - m) / s")), "one-sided"),
    (changed(_LOGISTIC, (_EDGES, "(x - 2 * half - m) / s, (x - m) / s")), "one-sided"),
    (changed(_LOGISTIC, ("s = log_s.exp()", "s = (0.5 * log_s).exp()")), "log-variance"),
    (changed(_LOGISTIC, (_EDGES, "(x - half - m) * s, (x + half - m) * s")), "inverse-scale"),
    (changed(_LOGISTIC, ("torch.log1p(-torch.exp(a - b))", "torch.log1p(-torch.exp(b - a))")), "not-a-number"),
    (changed(_LOGISTIC, (_EDGES, "(2 * x - 2 * m - 2 * half) / s, (2 * x - 2 * m + 2 * half) / s")), "other-unit"),
    (changed(_LOGISTIC, (_EDGES, "(255 * (x - m) - 0.5) / s, (255 * (x - m) + 0.5) / s")), "other-unit"),
    (changed(_LOGISTIC, (_EDGES, "(255 * x - m - 0.5) / s, (255 * x - m + 0.5) / s")), "other-unit"),
    (changed(_LOGISTIC, ("s = log_s.exp()", "s = log_s")), "not-a-number"),
    (changed(_LOGISTIC, ("s = log_s.exp()", "s = log_s")), "no-exponential"),
    (changed(_NAIVE, (_DIFFERENCE, "torch.sigmoid(a) - torch.sigmoid(b)")), "not-a-number"),
    (changed(_LOGISTIC, (" + torch.log1p(-torch.exp(a - b))", "")), "third-factor-missing"),
    (changed(_LOGISTIC, (_INNER, "log_sigma(b) - log_sigma(a)")), "difference-of-logarithms"),
    (changed(_LOGISTIC, ("    log_sigma, half", "    cdf, half"), (_INNER, "(cdf(b) - cdf(a)).log()"),
             ("nn.functional.logsigmoid", "torch.special.ndtr"),
             ("log_sigma(b), log_sigma(-a)\n", "cdf(b).log(), cdf(-a).log()\n")), "normal"),
    (changed(_LOGISTIC, ("return torch", "return -torch")), "negative"),
    (changed(_LOGISTIC, (_WHERE, f"{_WHERE}.exp()")), "no-logarithm"),
    (changed(_LOGISTIC, (_WHERE, f"{_WHERE} / log(2)")), "bits"),
    (changed(_LOGISTIC, (_WHERE, f"{_WHERE}.flatten(1).sum(1)")), "summed"),
    (changed(_LOGISTIC, (_WHERE, f"{_WHERE}.flatten(2).sum(2)")), "per-channel"),
    (changed(_LOGISTIC, (_WHERE, f"{_WHERE}.sum()")), "one-number"),
    (changed(_LOGISTIC, (_EDGES, "(x - half + m) / s, (x + half + m) / s")), "place-sign"),
    (changed(_LOGISTIC, (_EDGES, "(x - half - m.detach()) / s, (x + half - m.detach()) / s")), "m-detached"),
    (changed(_LOGISTIC, ("s = log_s.exp()", "s = log_s.exp().detach()")), "log_s-detached"),
    (changed(_LOGISTIC, ("torch.exp(a - b)", "torch.exp(a - b).detach()")), "other-gradient"),
    (changed(_LOGISTIC, ("    return ", "    ")), "none"),
]  # fmt: skip

# From a blank cell ----------------------------------------------------------------------------------------

_CLASS = """
class ConvolutionalVAE(nn.Module):
    def __init__(self, latent_dim, picture_shape):
        super().__init__()
        c, h, w = picture_shape
        self.shape = picture_shape
        self.map = 12, (h + 3) // 4, (w + 3) // 4
        flat = self.map[0] * self.map[1] * self.map[2]
        self.down_1 = nn.Conv2d(c, 8, 3, stride=2, padding=1)
        self.down_2 = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.heads = nn.Linear(flat, 2 * latent_dim)
        self.start = nn.Linear(latent_dim, flat)
        self.up_1 = nn.ConvTranspose2d(12, 8, 4, stride=2, padding=1)
        self.up_2 = nn.ConvTranspose2d(8, 2 * c, 4, stride=2, padding=1)

    def encode(self, x):
        h = self.down_1(x).relu()
        h = self.down_2(h).relu()
        mu, logvar = self.heads(h.flatten(1)).chunk(2, dim=1)
        return mu, logvar

    def decode(self, z):
        h = self.start(z).relu().unflatten(1, self.map)
        h = self.up_1(h).relu()
        maps = self.up_2(h)[:, :, : self.shape[1], : self.shape[2]]
        m, log_s = maps.chunk(2, dim=1)
        return m, log_s
"""
VARIANTS["07.ConvolutionalVAE"] = {
    "a little too large, and cut": _CLASS,
    "a sigmoid on m, a floor under log s": changed(
        _CLASS, ("return m, log_s", "return torch.sigmoid(m), log_s.clamp(min=-8)")),
    "pooling, upsampling, a lazy layer": """
class ConvolutionalVAE(nn.Module):
    def __init__(self, d, shape):
        super().__init__()
        c, *size = shape
        self.encoder = nn.Sequential(
            nn.Conv2d(c, 8, 3, padding="same"), nn.SiLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, padding="same"), nn.SiLU(), nn.AvgPool2d(2),
            nn.Flatten(), nn.LazyLinear(2 * d))
        small = [n // 4 for n in size]
        self.decoder = nn.Sequential(
            nn.Linear(d, 8 * small[0] * small[1]), nn.SiLU(), nn.Unflatten(1, (8, *small)),
            nn.Upsample(scale_factor=2), nn.Conv2d(8, 8, 3, padding=1), nn.SiLU(),
            nn.Upsample(size=tuple(size), mode="bilinear"), nn.Conv2d(8, 2 * c, 3, padding=1))

    def encode(self, x):
        h = self.encoder(x)
        return h[:, : h.shape[1] // 2], h[:, h.shape[1] // 2 :]

    def decode(self, z):
        return self.decoder(z).chunk(2, dim=1)
""",
    "batch normalisation, four heads": """
class ConvolutionalVAE(nn.Module):
    def __init__(self, latent_dim, picture_shape, width=6):
        super().__init__()
        c, h, w = picture_shape
        block = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 5, 2, 2), nn.BatchNorm2d(o), nn.LeakyReLU(0.2))
        self.trunk = nn.Sequential(block(c, width), block(width, 2 * width), block(2 * width, 2 * width), nn.Flatten())
        with torch.no_grad():
            flat = self.trunk.eval()(torch.zeros(1, *picture_shape)).shape[1]
        self.mu, self.logvar = nn.Linear(flat, latent_dim), nn.Linear(flat, latent_dim)
        self.start, self.size = nn.Linear(latent_dim, 2 * width * 16), (h, w)
        self.up = nn.ModuleList([
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1), nn.ConvTranspose2d(width, width, 4, 2, 1),
            nn.Conv2d(width, width, 3, padding=1)])
        self.norm = nn.BatchNorm2d(width)
        self.m, self.log_s = nn.Conv2d(width, c, 3, padding=1), nn.Conv2d(width, c, 1)

    def encode(self, x):
        h = self.trunk(x)
        return [self.mu(h), self.logvar(h)]

    def decode(self, z):
        h = self.start(z).tanh().reshape(len(z), -1, 4, 4)
        for layer in self.up[:2]:
            h = self.norm(layer(h)).tanh()
        h = nn.functional.interpolate(h, self.size, mode="nearest")
        h = self.up[2](h).tanh()
        return self.m(h), self.log_s(h)
""",
    "the course's own networks": """
from vaecourse.models.networks import conv_decoder, conv_encoder

class ConvolutionalVAE(nn.Module):
    def __init__(self, latent_dim, picture_shape):
        super().__init__()
        c, h, w = picture_shape
        self.encoder = conv_encoder(picture_shape, (8, 8), 32, 2 * latent_dim)
        self.decoder = conv_decoder(latent_dim, 32, (8, 8), (2 * c, h, w))

    def encode(self, x):
        return self.encoder(x).chunk(2, 1)

    def decode(self, z):
        return self.decoder(z).chunk(2, 1)
""",
    "functions in place of layers, no dense layer in the encoder": """
class ConvolutionalVAE(nn.Module):
    def __init__(self, latent_dim, picture_shape):
        super().__init__()
        c, h, w = picture_shape
        weight = lambda *size: nn.Parameter(torch.randn(size) / size[1] ** 0.5 / 3)
        self.first, self.second = weight(8, c, 3, 3), weight(8, 8, 3, 3)
        self.last = nn.Conv2d(8, 2 * latent_dim, ((h + 3) // 4, (w + 3) // 4))
        self.grow = nn.ConvTranspose2d(latent_dim, 8, ((h + 3) // 4, (w + 3) // 4))
        self.up, self.out, self.offset = weight(8, 8, 4, 4), weight(8, 2 * c, 4, 4), nn.Parameter(torch.zeros(2 * c))
        self.size = h, w

    def encode(self, x):
        h = torch.conv2d(x, self.first, stride=2, padding=1).relu()
        h = nn.functional.conv2d(input=h, weight=self.second, stride=2, padding=1).relu()
        mu, logvar = self.last(h).flatten(1).chunk(2, 1)
        return mu, logvar

    def decode(self, z):
        h = self.grow(z[:, :, None, None]).relu()
        h = nn.functional.conv_transpose2d(h, self.up, stride=2, padding=1).relu()
        h = nn.functional.conv_transpose2d(h, self.out, self.offset, stride=2, padding=1)
        return h[..., : self.size[0], : self.size[1]].chunk(2, dim=1)
""",
}  # fmt: skip
_DENSE = """
class ConvolutionalVAE(nn.Module):
    def __init__(self, latent_dim, picture_shape):
        super().__init__()
        c, h, w = picture_shape
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(c * h * w, 50), nn.ReLU(), nn.Linear(50, 2 * latent_dim))
        self.decoder = nn.Sequential(nn.Linear(latent_dim, 50), nn.ReLU(), nn.Linear(50, 2 * c * h * w),
                                     nn.Unflatten(1, (2 * c, h, w)))

    def encode(self, x):
        return self.encoder(x).chunk(2, 1)

    def decode(self, z):
        return self.decoder(z).chunk(2, 1)
"""
_DOWN, _UP, _CODES, _MAPS = (
    "h = self.down_1(x).relu()",
    "h = self.up_1(h).relu()",
    "return mu, logvar",
    "return m, log_s",
)
_CROP = "[:, :, : self.shape[1], : self.shape[2]]"
MISTAKES["07.ConvolutionalVAE"] = [
    (_DENSE, "dense-encoder"),
    (changed(_CLASS,
             ("self.start(z).relu().unflatten(1, self.map)", "self.start(z)"), (_UP, "h = self.whole(h.relu())"),
             ("maps = self.up_2(h)" + _CROP, "maps = h.unflatten(1, (-1, *self.shape[1:]))"),
             ("        self.up_1", "        self.whole = nn.Linear(flat, 2 * c * h * w)\n        self.up_1")),
     "dense-decoder"),
    (changed(_CLASS, ("nn.Conv2d(c, 8, 3, stride=2, padding=1)", "nn.Conv2d(c, 8, 1, stride=2)"),
             ("nn.Conv2d(8, 12, 3, stride=2, padding=1)", "nn.Conv2d(8, 12, 1, stride=2)")), "no-neighbourhood"),
    (changed(_CLASS, ("nn.Conv2d(8, 12, 3, stride=2, padding=1)", "nn.AvgPool2d(2)"), ("self.map = 12", "self.map = 8"),
             ("(h + 3) // 4, (w + 3) // 4", "(h + 1) // 4, (w + 1) // 4"), ("12, 8, 4", "8, 8, 4")), "one-convolution"),
    (changed(_CLASS, ("(h + 3) // 4, (w + 3) // 4", "7, 7")), "dense-layer-size"),
    (changed(_CLASS, ("nn.Conv2d(c, 8", "nn.Conv2d(1, 8")), "other-channels"),
    (changed(_CLASS, (".unflatten(1, self.map)", ".view(-1, 12, 7, 7)")), "map-shape"),
    (changed(_CLASS, (".unflatten(1, self.map)", ".unflatten(1, (12, 7, 7))")), "map-shape"),
    (changed(_CLASS, (_CROP, "")), "other-size"),
    (changed(_CLASS, (_CROP, ""), ("12, 8, 4, stride=2, padding=1", "12, 8, 3, stride=2, padding=1"),
             ("8, 2 * c, 4, stride=2, padding=1", "8, 2 * c, 3, stride=2, padding=1")), "other-size"),
    (changed(_CLASS, ("c, h, w = picture_shape", "c, w, h = picture_shape"),
             (_CROP, "[:, :, : self.shape[2], : self.shape[1]]")), "height-and-width"),
    (changed(_CLASS, ("2 * c, 4", "c, 4"), ("m, log_s = maps.chunk(2, dim=1)", "m, log_s = maps, maps.mean(1, True)")),
     "other-maps"),
    (changed(_CLASS, ("m, log_s = maps.chunk(2, dim=1)", "m = log_s = maps")), "other-maps"),
    (changed(_CLASS, (_MAPS, "return m.flatten(1), log_s.flatten(1)")), "flat-pictures"),
    (changed(_CLASS, (_MAPS, "return m")), "decode-one-tensor"),
    (changed(_CLASS, (_MAPS, "return {'m': m, 'log_s': log_s}")), "decode-no-pair"),
    (changed(_CLASS, (_CODES, "return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)")), "encode-one-tensor"),
    (changed(_CLASS, (_CODES, "return mu, logvar, h")), "encode-no-pair"),
    (changed(_CLASS, (_CODES, "return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu), logvar")), "not-repeatable"),
    (changed(_CLASS, (_CODES, "return mu.squeeze(), logvar.squeeze()")), "squeezed"),
    (changed(_CLASS, (_CODES, "return mu, logvar.exp()")), "positive-spread"),
    (changed(_CLASS, (_MAPS, "return m, log_s.exp()")), "positive-scale"),
    (changed(_CLASS, (_MAPS, "return m, nn.functional.softplus(log_s)")), "positive-scale"),
    (changed(_CLASS, ("self.heads(h.flatten(1))", "self.heads(h.flatten(1)).relu()")), "activation-at-the-end"),
    (changed(_CLASS, ("self.heads(h.flatten(1))", "self.heads(h.flatten(1)).tanh()")), "activation-at-the-end"),
    (changed(_CLASS, ("self.heads(h.flatten(1)).chunk(2, dim=1)", "self.heads(h.flatten(1)).chunk(2)")), "shape"),
    (changed(_CLASS, (_DOWN, "h = self.down_1(x)"), ("h = self.down_2(h).relu()", "h = self.down_2(h)")),
     "linear-encoder"),
    (changed(_CLASS, (_UP, "h = self.up_1(h)"), ("self.start(z).relu()", "self.start(z)")), "linear-decoder"),
    (changed(_CLASS, ("h.flatten(1)", "h.flatten(1) - h.flatten(1).mean(0)")), "pictures-mixed"),
    (changed(_CLASS, (_CODES, "return mu, 0 * logvar - 1")), "encoder-does-not-look"),
    (changed(_CLASS, ("        mu, logvar", "        self.h = h\n        mu, logvar"),
             ("self.start(z).relu().unflatten(1, self.map)", "self.h")), "needs-encode"),
    (changed(_CLASS, ("        mu, logvar", "        self.offset = h.mean()\n        mu, logvar"),
             ("maps.chunk", "(maps + getattr(self, 'offset', 0.0)).chunk")), "remembers"),
    (changed(_CLASS, ("self.start(z).relu()", "self.start(0 * z).relu()")), "decoder-without-code"),
    (changed(_CLASS, (_MAPS, "return m, torch.full_like(m, -3.0)")), "scale-without-code"),
    (changed(_CLASS, (_MAPS, "return m, self.log_s.expand_as(m)"),
             ("        self.start", "        self.log_s = nn.Parameter(torch.zeros(c, 1, 1))\n        self.start")),
     "scale-without-code"),
    (changed(_CLASS, ("self.up_2 = nn.ConvTranspose2d(8, 2 * c, 4, stride=2, padding=1)",
                      "self.up_2 = [nn.ConvTranspose2d(8, 2 * c, 4, stride=2, padding=1)]"),
             ("self.up_2(h)", "self.up_2[0](h)")), "not-registered"),
    (changed(_CLASS, ("self.up_2(h)", "self.up_2(h.detach())")), "no-gradient"),
    (changed(_CLASS, ("        self.start", "        self.unused = nn.Linear(3, 3)\n        self.start")),
     "no-gradient"),
    (changed(_CLASS, ("        super().__init__()\n", "")), "no-super"),
    (changed(_CLASS, ("(nn.Module)", ""), ("        super().__init__()\n", "")), "no-module"),
    (changed(_CLASS, ("def __init__(self, latent_dim, picture_shape):", "def __init__(self, picture_shape):"),
             ("        c, h, w", "        latent_dim = 4\n        c, h, w")), "signature"),
    (changed(_CLASS, ("def encode(", "def encoder("), ("def decode(", "def decoder(")), "no-methods"),
    (changed(_CLASS, ("self.down_2 = nn.Conv2d(8, 12, 3, stride=2, padding=1)",
                      "self.down_2 = nn.Sequential(nn.Conv2d(8, 12, 5, 2), nn.Conv2d(12, 12, 5, 2), "
                      "nn.Conv2d(12, 12, 5, 2))")), "too-small"),
]  # fmt: skip
