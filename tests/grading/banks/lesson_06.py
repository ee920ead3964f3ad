"""Right and wrong answers to the tasks of lesson 06, as they stand in a cell below the exercise's imports.

``VARIANTS[task]`` are different right ways, by what is special about them. ``MISTAKES[task]`` are wrong answers that
people give, each with the name of the mistake that has to be recognised in it.
"""

from banks import changed

VARIANTS = {}
MISTAKES = {}


# One-hot --------------------------------------------------------------------------------------------------


def _returning(expression: str) -> str:
    return f"def one_hot(c, num_classes):\n    return {expression}"


VARIANTS["06.one_hot"] = {
    "rows of the identity": _returning("torch.eye(num_classes)[c]"),
    "comparison": _returning("(c[:, None] == torch.arange(num_classes)).float()"),
    "scatter": _returning("torch.zeros(len(c), num_classes).scatter_(1, c[:, None], 1.0)"),
    "index, in double precision": """
def one_hot(labels, k):
    rows = torch.zeros(len(labels), k, dtype=torch.float64)
    rows[torch.arange(len(labels)), labels] = 1
    return rows
""",
    "numpy": """
import numpy as np

def one_hot(c, num_classes):
    return torch.as_tensor(np.eye(num_classes, dtype=np.float32)[c.numpy()])
""",
    "row by row": """
def one_hot(c, num_classes):
    return torch.stack([torch.tensor([float(k == label) for k in range(num_classes)]) for label in c])
""",
}
MISTAKES["06.one_hot"] = [
    (_returning("nn.functional.one_hot(c, num_classes)"), "whole-numbers"),
    (_returning("c[:, None] == torch.arange(num_classes)"), "whole-numbers"),
    (_returning("nn.functional.one_hot(c).float()"), "batch-width"),
    (_returning("torch.eye(int(c.max()) + 1)[c]"), "batch-width"),
    (_returning("torch.eye(len(c.unique()))[torch.unique(c, return_inverse=True)[1]]"), "batch-width"),
    (_returning("nn.functional.one_hot(c, 10).float()"), "fixed-width"),
    (_returning("nn.functional.one_hot(c, num_classes + 1).float()"), "one-too-wide"),
    (_returning("c[:, None].float()"), "class-number"),
    (_returning("c.float()"), "class-number"),
    (_returning("c"), "class-number"),
    (_returning("c[:, None].float().expand(-1, num_classes)"), "class-number"),
    (_returning("torch.eye(num_classes)[c] * torch.arange(num_classes)"), "class-number"),
    (_returning("torch.eye(num_classes)[c].T"), "transposed"),
    (_returning("torch.eye(num_classes)[c - 1]"), "shifted"),
    (_returning("1 - torch.eye(num_classes)[c]"), "inverted"),
    (_returning("torch.eye(num_classes)[c].flip(1)"), "reversed"),
    (_returning("torch.zeros(len(c), num_classes)"), "empty"),
    ("def one_hot(c, num_classes):\n    rows = torch.zeros(len(c), num_classes)\n    rows[:, c] = 1\n    return rows",
     "all-rows-alike"),
    ("def one_hot(c, num_classes):\n    torch.eye(num_classes)[c]", "none"),
]  # fmt: skip

# The class ------------------------------------------------------------------------------------------------

_CLASS = """
class ConditionalVAE(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape, num_classes):
        super().__init__()
        pixels = torch.Size(picture_shape).numel()
        self.num_classes, self.shape = num_classes, tuple(picture_shape)
        self.first = nn.Linear(pixels + num_classes, hidden)
        self.heads = nn.Linear(hidden, 2 * latent_dim)
        self.widen = nn.Linear(latent_dim + num_classes, hidden)
        self.last = nn.Linear(hidden, pixels)

    def encode(self, x, c):
        label = nn.functional.one_hot(c, self.num_classes)
        h = self.first(torch.cat([x.flatten(1), label], dim=1)).relu()
        mu, logvar = self.heads(h).chunk(2, dim=1)
        return mu, logvar

    def decode(self, z, c):
        condition = nn.functional.one_hot(c, self.num_classes)
        h = self.widen(torch.cat([z, condition], dim=1)).relu()
        return self.last(h).unflatten(1, self.shape)
"""
VARIANTS["06.ConditionalVAE"] = {
    "two heads, sequential": """
class ConditionalVAE(nn.Module):
    def __init__(self, d, width, shape, classes):
        super().__init__()
        c, h, w = shape
        self.eye = torch.eye(classes)
        self.trunk = nn.Sequential(nn.Linear(c * h * w + classes, width), nn.Tanh())
        self.mu, self.logvar = nn.Linear(width, d), nn.Linear(width, d)
        draw = [nn.Linear(d + classes, width), nn.Tanh(), nn.Linear(width, c * h * w)]
        self.draw = nn.Sequential(*draw, nn.Unflatten(1, shape))

    def encode(self, x, c):
        h = self.trunk(torch.hstack([self.eye[c], x.flatten(1)]))
        return self.mu(h), self.logvar(h)

    def decode(self, z, c):
        return self.draw(torch.hstack([self.eye[c], z]))
""",
    "an embedding": changed(
        _CLASS,
        ("        self.first", "        self.label = nn.Embedding(num_classes, 8)\n        self.first"),
        ("pixels + num_classes, hidden", "pixels + 8, hidden"), ("latent_dim + num_classes, hidden",
                                                                "latent_dim + 8, hidden"),
        ("label = nn.functional.one_hot(c, self.num_classes)", "label = self.label(c)"),
        ("condition = nn.functional.one_hot(c, self.num_classes)", "condition = self.label(c)")),
    "the label is added in the hidden layer": changed(
        _CLASS,
        ("pixels + num_classes, hidden", "pixels, hidden"), ("latent_dim + num_classes, hidden", "latent_dim, hidden"),
        ("        self.first", "        self.a = nn.Parameter(torch.randn(num_classes, hidden))\n"
                               "        self.b = nn.Parameter(torch.randn(num_classes, hidden))\n        self.first"),
        ("self.first(torch.cat([x.flatten(1), label], dim=1))", "(self.first(x.flatten(1)) + self.a[c])"),
        ("self.widen(torch.cat([z, condition], dim=1))", "(self.widen(z) + self.b[c])")),
    "planes of the label beside the picture": """
class ConditionalVAE(nn.Module):
    def __init__(self, latent_dim, hidden, picture_shape, num_classes):
        super().__init__()
        self.k = num_classes
        c, h, w = picture_shape
        self.conv = nn.Sequential(nn.Conv2d(c + num_classes, hidden, 3, padding=1), nn.SiLU(), nn.Flatten())
        self.heads = nn.ModuleDict({name: nn.Linear(hidden * h * w, latent_dim) for name in ("mu", "logvar")})
        self.up = nn.Sequential(nn.Linear(latent_dim + num_classes, hidden), nn.SiLU(), nn.Linear(hidden, c * h * w))
        self.shape = picture_shape

    def one_hot(self, c):
        return (c[:, None] == torch.arange(self.k)).float()

    def encode(self, x, c):
        planes = self.one_hot(c)[:, :, None, None].expand(-1, -1, *x.shape[2:])
        h = self.conv(torch.cat([x, planes], 1))
        return [self.heads["mu"](h), self.heads["logvar"](h)]

    def decode(self, z, c):
        return self.up(torch.cat((z, self.one_hot(c)), -1)).reshape(-1, *self.shape)
""",
    "batch norm, dropout": changed(
        _CLASS,
        ("        self.widen", "        self.norm, self.drop = nn.BatchNorm1d(hidden), nn.Dropout(0.1)\n"
                               "        self.widen"),
        ("dim=1)).relu()\n        mu", "dim=1)).relu()\n        h = self.drop(self.norm(h))\n        mu")),
}  # fmt: skip
_LABEL = "label = nn.functional.one_hot(c, self.num_classes)"
_CONDITION = "condition = nn.functional.one_hot(c, self.num_classes)"
_SEES_X_AND_C = "torch.cat([x.flatten(1), label], dim=1)"
_SEES_Z_AND_C = "torch.cat([z, condition], dim=1)"
_NUMBERS = changed(
    _CLASS,
    ("pixels + num_classes, hidden", "pixels + 1, hidden"),
    ("latent_dim + num_classes, hidden", "latent_dim + 1, hidden"),
    (_LABEL, "label = c[:, None]"),
    (_CONDITION, "condition = c[:, None]"),
)
MISTAKES["06.ConditionalVAE"] = [
    (changed(_CLASS, ("pixels + num_classes, hidden", "pixels, hidden"), (_SEES_X_AND_C, "x.flatten(1)")),
     "encoder-without-label"),
    (changed(_CLASS, ("latent_dim + num_classes, hidden", "latent_dim, hidden"), (_SEES_Z_AND_C, "z")),
     "decoder-without-label"),
    (changed(_CLASS, (_SEES_X_AND_C, "torch.cat([x.flatten(1), 0 * label], dim=1)")), "encoder-without-label"),
    (changed(_CLASS, (_SEES_Z_AND_C, "torch.cat([0 * z, condition], dim=1)")), "decoder-without-code"),
    (changed(_CLASS, (_SEES_X_AND_C, "torch.cat([0 * x.flatten(1), label], dim=1)")), "encoder-without-picture"),
    (_NUMBERS, "class-number"),
    (changed(_NUMBERS, ("label = c[:, None]", "label = c[:, None] / self.num_classes"),
              ("condition = c[:, None]", "condition = c[:, None] / self.num_classes")), "class-number"),
    (changed(_NUMBERS, (").relu()\n        mu", ").tanh()\n        mu")), "class-number"),
    (changed(_CLASS, ("one_hot(c, self.num_classes)\n        h = self.widen", "one_hot(c)\n        h = self.widen")),
     "batch-width"),
    (changed(_CLASS, (_LABEL, "label = nn.functional.one_hot(c)")), "batch-width"),
    (changed(_CLASS, (_LABEL, "label = nn.functional.one_hot(c, 10)"),
              (_CONDITION, "condition = nn.functional.one_hot(c, 10)"),
              ("pixels + num_classes, hidden", "pixels + 10, hidden"),
              ("latent_dim + num_classes, hidden", "latent_dim + 10, hidden")), "fixed-width"),
    (changed(_CLASS, (_LABEL, "label = nn.functional.one_hot(c % 10, self.num_classes)")), "labels-alike"),
    (changed(_CLASS, ("pixels + num_classes, hidden", "pixels, hidden")), "shapes-do-not-fit"),
    (changed(_CLASS, (_SEES_X_AND_C, "torch.cat([x.flatten(1), label], dim=0)")), "wrong-dimension"),
    (changed(_CLASS, (_SEES_Z_AND_C, "torch.cat([z, condition])")), "wrong-dimension"),
    (changed(_CLASS, (_SEES_X_AND_C, "torch.cat([x.flatten(1), c], dim=1)")), "wrong-dimension"),
    (changed(_CLASS, ("def decode(self, z, c):", "def decode(self, z):\n        c = torch.zeros(len(z)).long()")),
     "no-label-argument"),
    (changed(_CLASS, ("        label =", "        self.c = c\n        label ="),
              (_CONDITION, "condition = nn.functional.one_hot(self.c, self.num_classes)")), "needs-encode"),
    (changed(_CLASS, ("        label =", "        self.c = c\n        label ="),
              (_CONDITION, "condition = nn.functional.one_hot(getattr(self, 'c', c), self.num_classes)")), "remembers"),
    (changed(_CLASS, ("return self.last(h).unflatten", "return self.last(h).sigmoid().unflatten")), "squashed"),
    (changed(_CLASS, (".unflatten(1, self.shape)", "")), "flat-pictures"),
    (changed(_CLASS, ("return mu, logvar", "return mu + torch.exp(logvar / 2) * torch.randn_like(mu)")),
     "one-tensor"),
    (changed(_CLASS, ("return mu, logvar", "return mu, logvar.exp()")), "positive-spread"),
    (changed(_CLASS, ("return mu, logvar", "return {'mu': mu, 'logvar': logvar}")), "not-a-pair"),
    (changed(_CLASS, ("mu, logvar = self.heads(h).chunk(2, dim=1)", "mu = logvar = h")), "hidden-as-code"),
    (changed(_CLASS, (").relu()\n        mu", ")\n        mu")), "linear-encoder"),
    (changed(_CLASS, (").relu()\n        return self.last", ")\n        return self.last")), "linear-decoder"),
    (changed(_CLASS, ("self.last = nn.Linear(hidden, pixels)", "self.last = [nn.Linear(hidden, pixels)]"),
              ("self.last(h)", "self.last[0](h)")), "not-registered"),
    (changed(_CLASS, ("self.last(h)", "self.last(h.detach())")), "no-gradient"),
    (changed(_CLASS, ("return mu, logvar", "return mu - mu.mean(0), logvar")), "pictures-mixed"),
    (changed(_CLASS, ("return mu, logvar", "return mu + torch.randn_like(mu), logvar")), "not-repeatable"),
    (changed(_CLASS, ("(nn.Module)", ""), ("        super().__init__()\n", "")), "no-module"),
]  # fmt: skip

# The conditional ELBO -------------------------------------------------------------------------------------

_ELBO = """
def conditional_elbo(log_px, mu, logvar, prior_mu, prior_logvar):
    ratio = (logvar.exp() + (mu - prior_mu) ** 2) / prior_logvar.exp()
    kl = 0.5 * (ratio - 1 + prior_logvar - logvar).sum(1)
    return (log_px - kl).mean()
"""
VARIANTS["06.conditional_elbo"] = {
    "distributions": """
from torch.distributions import Normal, kl_divergence

def conditional_elbo(log_px, mu, logvar, prior_mu, prior_logvar):
    q, p = Normal(mu, torch.exp(logvar / 2)), Normal(prior_mu, torch.exp(prior_logvar / 2))
    return log_px.mean() - kl_divergence(q, p).sum(-1).mean()
""",
    "by sigma": """
def conditional_elbo(log_px, m_q, v_q, m_p, v_p):
    s_q, s_p = torch.exp(0.5 * v_q), torch.exp(0.5 * v_p)
    kl = torch.log(s_p / s_q) + (s_q**2 + (m_q - m_p) ** 2) / (2 * s_p**2) - 0.5
    return torch.mean(log_px - torch.einsum("nd->n", kl))
""",
    "sums divided": """
def conditional_elbo(log_px, mu, logvar, prior_mu, prior_logvar):
    away = (mu - prior_mu).pow(2) * torch.exp(-prior_logvar)
    kl = -0.5 * torch.sum(1 + logvar - prior_logvar - torch.exp(logvar - prior_logvar) - away)
    return (log_px.sum() - kl) / log_px.shape[0]
""",
    "multivariate": """
from torch.distributions import MultivariateNormal, kl_divergence

def conditional_elbo(log_px, mu, logvar, prior_mu, prior_logvar):
    q = MultivariateNormal(mu, torch.diag_embed(logvar.exp()))
    p = MultivariateNormal(prior_mu, torch.diag_embed(prior_logvar.exp()))
    return (log_px - kl_divergence(q, p)).mean()
""",
}
_RATIO, _RIGHT_KL = "(logvar.exp() + (mu - prior_mu) ** 2) / prior_logvar.exp()", "ratio - 1 + prior_logvar - logvar"
MISTAKES["06.conditional_elbo"] = [
    (changed(_ELBO, (_RATIO, "logvar.exp() + mu ** 2"), (_RIGHT_KL, "ratio - 1 - logvar")), "standard-prior"),
    ("from torch.distributions import Normal, kl_divergence\n\n"
     "def conditional_elbo(log_px, mu, logvar, prior_mu, prior_logvar):\n"
     "    q, p = Normal(mu, torch.exp(logvar / 2)), Normal(prior_mu, torch.exp(prior_logvar / 2))\n"
     "    return (log_px - kl_divergence(p, q).sum(1)).mean()", "swapped"),
    (changed(_ELBO, (_RATIO, "(prior_logvar.exp() + (mu - prior_mu) ** 2) / logvar.exp()"),
              (_RIGHT_KL, "ratio - 1 + logvar - prior_logvar")), "swapped"),
    (changed(_ELBO, (" / prior_logvar.exp()", ""), (_RIGHT_KL, "ratio - 1 - logvar")), "prior-mean-only"),
    (changed(_ELBO, ("(mu - prior_mu) ** 2", "mu ** 2")), "prior-spread-only"),
    (changed(_ELBO, (" / prior_logvar.exp()", "")), "not-divided"),
    (changed(_ELBO, (_RATIO, "logvar.exp() / prior_logvar.exp() + (mu - prior_mu) ** 2")), "not-divided"),
    (changed(_ELBO, (_RATIO, "logvar.exp() + (mu - prior_mu) ** 2 / prior_logvar.exp()")), "not-divided"),
    (changed(_ELBO, (_RATIO, "(logvar - prior_logvar).exp() + (mu - prior_mu) ** 2 / logvar.exp()")),
     "mean-over-own-spread"),
    (changed(_ELBO, (_RIGHT_KL, "ratio - 1 + logvar - prior_logvar")), "log-upside-down"),
    (changed(_ELBO, (_RIGHT_KL, "ratio - 1")), "no-logarithm"),
    (changed(_ELBO, (_RIGHT_KL, "ratio - 1 - logvar")), "prior-logarithm-missing"),
    (changed(_ELBO, (_RIGHT_KL, "ratio - 1 - prior_logvar - logvar")), "logvar-sign"),
    (changed(_ELBO, (_RIGHT_KL, "ratio - 1 + (prior_logvar - logvar) / 2")), "log-sigma-for-logvar"),
    (changed(_ELBO, (_RATIO, "((2 * logvar).exp() + (mu - prior_mu) ** 2) / (2 * prior_logvar).exp()"),
              (_RIGHT_KL, "ratio - 1 + 2 * (prior_logvar - logvar)")), "logvar-as-log-sigma"),
    (changed(_ELBO, ("(mu - prior_mu) ** 2", "(mu - prior_mu)")), "mean-not-squared"),
    (changed(_ELBO, (_RATIO, "((logvar / 2).exp() + (mu - prior_mu) ** 2) / (prior_logvar / 2).exp()")),
     "sigma-for-variance"),
    (changed(_ELBO, ("/ prior_logvar.exp()", "/ (prior_logvar + 1e-9)")), "no-exponential"),
    (changed(_ELBO, ("(logvar.exp()", "(logvar")), "no-exponential"),
    (changed(_ELBO, (_RIGHT_KL, "ratio - 1 + torch.log(prior_logvar / logvar)")), "not-a-number"),
    (changed(_ELBO, ("/ prior_logvar.exp()", "/ prior_logvar")), "not-a-number"),
    (changed(_ELBO, ("ratio - 1 +", "ratio +")), "one-missing"),
    (changed(_ELBO, ("0.5 * (", "(")), "half-missing"),
    (changed(_ELBO, (".sum(1)", ".mean(1)")), "mean-over-dimensions"),
    (changed(_ELBO, (".sum(1)", ".sum()")), "kl-summed-over-pictures"),
    (changed(_ELBO, ("(log_px - kl).mean()", "(log_px - kl).sum()")), "sum-over-pictures"),
    (changed(_ELBO, ("log_px - kl", "log_px + kl")), "kl-sign"),
    (changed(_ELBO, ("(log_px - kl)", "(kl - log_px)")), "negative"),
    (changed(_ELBO, ("(log_px - kl)", "log_px")), "no-kl"),
    (changed(_ELBO, (".mean()", "")), "not-one-number"),
    (changed(_ELBO, (".mean()", ".mean().item()")), "no-gradient"),
    (changed(_ELBO, ("    ratio", "    prior_mu, prior_logvar = prior_mu.detach(), prior_logvar.detach()\n    ratio")),
     "prior-without-gradient"),
    (changed(_ELBO, ("(mu - prior_mu)", "(mu.detach() - prior_mu)")), "part-detached"),
]  # fmt: skip

# Swapping labels ------------------------------------------------------------------------------------------

_SWAP = """
def swap_labels(model, x, c, num_classes):
    z = model.encode(x, c)
    columns = [model.decode(z, torch.full_like(c, k)) for k in range(num_classes)]
    return torch.stack(columns, dim=1)
"""
VARIANTS["06.swap_labels"] = {
    "all in one call": """
def swap_labels(model, x, c, num_classes):
    z = model.encode(x, c).repeat_interleave(num_classes, dim=0)
    labels = torch.arange(num_classes).repeat(len(x))
    return model.decode(z, labels).unflatten(0, (len(x), num_classes))
""",
    "picture by picture": """
@torch.no_grad()
def swap_labels(cvae, pictures, labels, k):
    rows = []
    for picture, label in zip(pictures, labels):
        z = cvae.encode(picture[None], label[None])
        rows.append(cvae.decode(z.expand(k, -1), torch.arange(k)))
    return torch.stack(rows)
""",
    "the posterior's mean, one-hot labels": """
def swap_labels(model, x, c, num_classes):
    z = model.posterior(x, c).mean
    table = torch.empty(len(x), num_classes, *x.shape[1:])
    for k, row in enumerate(torch.eye(num_classes)):
        table[:, k] = model.decode(z, row.expand(len(x), -1))
    return table.detach()
""",
    "labels first, then turned": changed(
        _SWAP, ("torch.stack(columns, dim=1)", "torch.stack(columns).transpose(0, 1)")),
}  # fmt: skip
_ENCODE, _STACK = "z = model.encode(x, c)", "torch.stack(columns, dim=1)"
_DECODE = "model.decode(z, torch.full_like(c, k))"
MISTAKES["06.swap_labels"] = [
    (changed(_SWAP, (_DECODE, "model.decode(model.encode(x, torch.full_like(c, k)), torch.full_like(c, k))")),
     "other-label-encoded"),
    (changed(_SWAP, (_DECODE, "model(x, torch.full_like(c, k))")), "other-label-encoded"),
    (changed(_SWAP, (_ENCODE, "z = model.encode(x, torch.zeros_like(c))")), "other-label-encoded"),
    (changed(_SWAP, (_DECODE, "model.decode(model.posterior(x, torch.full_like(c, k)).sample(), "
                               "torch.full_like(c, k))")), "other-label-encoded"),
    (changed(_SWAP, (_DECODE, "model.decode(model.posterior(x, c).sample(), torch.full_like(c, k))")), "drawn-anew"),
    (changed(_SWAP, (_ENCODE, "z = model.posterior(x, c).rsample()")), "drawn-once"),
    (changed(_SWAP, (_DECODE, "model.sample(torch.full_like(c, k))")), "not-this-picture"),
    (changed(_SWAP, (_ENCODE, "z = torch.randn(len(x), model.latent_dim)")), "not-this-picture"),
    (changed(_SWAP, (_DECODE, "model.decode(z, c)")), "own-label-decoded"),
    (changed(_SWAP, (_DECODE, "model.decode(z, (c + k) % num_classes)")), "other-labels"),
    (changed(_SWAP, ("in range(num_classes)", "in reversed(range(num_classes))")), "other-labels"),
    (changed(_SWAP, (_STACK, "torch.cat(columns).unflatten(0, (len(x), num_classes))")), "pictures-mixed"),
    (changed(_SWAP, (_STACK, "torch.stack(columns)")), "transposed"),
    (changed(_SWAP, (_STACK, "torch.cat(columns)")), "one-row"),
    (changed(_SWAP, (_STACK, "columns")), "list"),
    (changed(_SWAP, (_STACK, "columns[-1]")), "one-picture-each"),
    (changed(_SWAP, (_DECODE, "z")), "codes-returned"),
    (changed(_SWAP, (_STACK, "torch.stack(columns, dim=1).sigmoid()")), "sigmoid-twice"),
    (changed(_SWAP, (_STACK, "torch.stack(columns, dim=1).logit()")), "no-pictures"),
    (changed(_SWAP, (_STACK, "torch.stack(columns, dim=1).round()")), "other-pictures"),
    (changed(_SWAP, ("    return ", "    ")), "none"),
]  # fmt: skip

# Best of K ------------------------------------------------------------------------------------------------

_BEST = """
def best_of_k(completions, x):
    k = completions.shape[1]
    errors = (completions - x[:, None]).square().flatten(2).sum(2)
    best = errors.min(dim=1).values.mean()
    between = (completions[:, :, None] - completions[:, None]).square().flatten(3).sum(3)
    diversity = between.sum(dim=(1, 2)).div(k * (k - 1)).mean()
    return best, diversity
"""
VARIANTS["06.best_of_k"] = {
    "loops": """
from itertools import combinations

def best_of_k(completions, x):
    best, apart = [], []
    for options, target in zip(completions, x):
        best.append(min(((option - target) ** 2).sum() for option in options))
        pairs = [((a - b) ** 2).sum() for a, b in combinations(options, 2)]
        apart.append(sum(pairs) / len(pairs))
    return sum(best) / len(best), sum(apart) / len(apart)
""",
    "cdist": """
def best_of_k(completions, x):
    rows = completions.flatten(2)
    best = torch.cdist(rows, x.flatten(1)[:, None]).square().amin(1).mean()
    k = rows.shape[1]
    apart = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist").square().sum() / (k * (k - 1) * len(x))
    return float(best), float(apart)
""",
    "twice the variance": """
def best_of_k(completions, x):
    best = torch.stack([(y - x).pow(2).sum((1, 2, 3)) for y in completions.unbind(1)], 1).amin(1).mean()
    return best, 2 * completions.var(1, unbiased=True).flatten(1).sum(1).mean()
""",
    "pdist": """
def best_of_k(completions, x):
    best = (completions - x.unsqueeze(1)).pow(2).sum(dim=(2, 3, 4)).min(1)[0].mean()
    return [best, torch.stack([torch.pdist(rows.flatten(1)).square().mean() for rows in completions]).mean()]
""",
}
_MIN, _PAIRS = "errors.min(dim=1).values.mean()", "between.sum(dim=(1, 2)).div(k * (k - 1)).mean()"
_SUMMED = ".square().flatten(2).sum(2)"
_BETWEEN = "(completions[:, :, None] - completions[:, None]).square().flatten(3).sum(3)"
MISTAKES["06.best_of_k"] = [
    (changed(_BEST, (_MIN, "errors.mean(dim=1).mean()")), "mean-over-completions"),
    (changed(_BEST, (_MIN, "errors.mean(dim=0).min()")), "one-choice-for-all"),
    (changed(_BEST, (_MIN, "errors.min(dim=0).values.mean()")), "best-picture"),
    (changed(_BEST, (_MIN, "errors.min()")), "best-of-all"),
    (changed(_BEST, (_MIN, "errors.max(dim=1).values.mean()")), "worst"),
    (changed(_BEST, (_MIN, "(completions - x[:, None]).square().amin(1).flatten(1).sum(1).mean()")), "best-pixels"),
    (changed(_BEST, (_MIN, "(completions.mean(1) - x).square().flatten(1).sum(1).mean()")), "average-completion"),
    (changed(_BEST, (_SUMMED, ".square().flatten(2).mean(2)")), "mean-over-pixels"),
    (changed(_BEST, (_SUMMED, ".square().flatten(2).sum(2).sqrt()")), "root"),
    (changed(_BEST, (_SUMMED, ".abs().flatten(2).sum(2)")), "not-squared"),
    (changed(_BEST, (_MIN, "errors.min(dim=1).values.sum()")), "sum-over-pictures"),
    (changed(_BEST, (_MIN, "errors.min(dim=1).values")), "not-one-number"),
    (changed(_BEST, (_MIN, "errors[:, 0].mean()")), "first-only"),
    (changed(_BEST, (_PAIRS, "between.mean()")), "pairs-with-themselves"),
    (changed(_BEST, (_PAIRS, "between.sum(dim=(1, 2)).div(2).mean()")), "pairs-summed"),
    (changed(_BEST, (_PAIRS, "(completions - completions.mean(1, keepdim=True))" + _SUMMED + ".mean()")),
     "distance-to-the-mean"),
    (changed(_BEST, (_PAIRS, "completions.var(dim=1).flatten(1).sum(1).mean()")), "distance-to-the-mean"),
    (changed(_BEST, (_PAIRS, "errors.mean()")), "distance-to-x"),
    (changed(_BEST, (".flatten(3).sum(3)", ".flatten(3).mean(3)")), "diversity-mean-over-pixels"),
    (changed(_BEST, (".flatten(3).sum(3)", ".flatten(3).sum(3).sqrt()")), "diversity-root"),
    (changed(_BEST, (_PAIRS, "completions.diff(dim=1)" + _SUMMED + ".mean()")), "neighbours-only"),
    (changed(_BEST, (_BETWEEN, "(completions[:, None] - completions[None]).square().flatten(3).sum(3)"),
              (_PAIRS, 
               "(between.sum() / max(1, len(x) * (len(x) - 1) * k))")), "across-pictures"),
    (changed(_BEST, (_PAIRS, "between.sum(dim=(1, 2)).div(k * (k - 1)).sum()")), "diversity-summed"),
    (changed(_BEST, ("return best, diversity", "return diversity, best")), "pair-swapped"),
    (changed(_BEST, ("return best, diversity", "return best")), "not-a-pair"),
]  # fmt: skip

# From a blank cell ----------------------------------------------------------------------------------------

_TRAINING = """
def train_generator(x, c, num_classes, latent_dim=2, hidden=300, beta=1.0):
    pixels = x[0].numel()
    encoder = nn.Sequential(nn.Linear(pixels + num_classes, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent_dim))
    decoder = nn.Sequential(nn.Linear(latent_dim + num_classes, hidden), nn.ReLU(), nn.Linear(hidden, pixels))
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)
    eye = torch.eye(num_classes)
    for epoch in range(15):
        for index in torch.randperm(len(x)).split(50):
            pictures, labels = x[index].flatten(1), eye[c[index]]
            mu, logvar = encoder(torch.cat([pictures, labels], 1)).chunk(2, 1)
            z = mu + torch.exp(logvar / 2) * torch.randn_like(mu)
            logits = decoder(torch.cat([z, labels], 1))
            bce = nn.functional.binary_cross_entropy_with_logits(logits, pictures, reduction="none").sum(1)
            kl = 0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1)
            loss = (bce + beta * kl).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def generate(c):
        z = torch.randn(len(c), latent_dim)
        return decoder(torch.cat([z, eye[c]], 1)).sigmoid().unflatten(1, x.shape[1:])

    return generate
"""
_SHORT = ("range(15)", "range(1)")
_SEES, _ASKED = "torch.cat([z, labels], 1)", "torch.cat([z, eye[c]], 1)"
VARIANTS["06.train_generator"] = {
    "the course's own": """
from vaecourse import fit
from vaecourse.data import PictureDataset
from vaecourse.models import CVAE

def train_generator(x, c, num_classes):
    model = CVAE(num_classes, 2, hidden=(300,), picture_shape=x.shape[1:])
    data = PictureDataset(x, c, [str(k) for k in range(num_classes)])
    fit(model, data, epochs=15, lr=5e-3, batch_size=50, progress=False)
    return model.sample
""",
    "ten numbers, a larger beta": changed(_TRAINING, ("latent_dim=2", "latent_dim=10"), ("beta=1.0", "beta=5.0")),
    "the encoder sees the picture only, a module that draws": """
class Generator(nn.Module):
    def __init__(self, shape, k):
        super().__init__()
        self.shape, self.eye = shape, torch.eye(k)
        self.narrow = nn.Sequential(nn.Flatten(), nn.Linear(shape.numel(), 300), nn.ReLU(), nn.Linear(300, 4))
        self.widen = nn.Sequential(nn.Linear(2 + k, 300), nn.ReLU(), nn.Linear(300, shape.numel()))

    def loss(self, x, c):
        q = torch.distributions.Normal(*self.spread(self.narrow(x)))
        logits = self.widen(torch.cat([q.rsample(), self.eye[c]], 1))
        error = nn.functional.binary_cross_entropy_with_logits(logits, x.flatten(1), reduction="sum") / len(x)
        p = torch.distributions.Normal(0.0, 1.0)
        return error + torch.distributions.kl_divergence(q, p).sum(1).mean()

    def spread(self, h):
        return h[:, :2], (h[:, 2:] / 2).exp()

    def forward(self, c):
        return self.widen(torch.cat([torch.randn(len(c), 2), self.eye[c]], 1)).sigmoid().view(-1, *self.shape)

def train_generator(x, c, num_classes):
    model = Generator(x.shape[1:], num_classes)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, c), batch_size=40, shuffle=True)
    for epoch in range(12):
        for pictures, labels in data:
            optimizer.zero_grad()
            model.loss(pictures, labels).backward()
            optimizer.step()
    return model
""",
    "squared error": changed(
        _TRAINING, ("beta=1.0", "beta=0.2"),
        ('nn.functional.binary_cross_entropy_with_logits(logits, pictures, reduction="none")',
         "(logits.sigmoid() - pictures).square()")),
}  # fmt: skip
MISTAKES["06.train_generator"] = [
    (changed(_TRAINING, _SHORT, ("    return generate\n", "")), "nothing-returned"),
    (changed(_TRAINING, _SHORT, ("    return generate\n", "    return decoder, encoder\n")), "not-a-function"),
    (changed(_TRAINING, _SHORT, (".unflatten(1, x.shape[1:])", "")), "flat-pictures"),
    (changed(_TRAINING, _SHORT, (".sigmoid()", "")), "logits-returned"),
    (changed(_TRAINING, _SHORT,
              ("        z = torch.randn(", "        torch.manual_seed(0)\n        z = torch.randn(")), "drawn-once"),
    (changed(_TRAINING, _SHORT, ("torch.randn(len(c), latent_dim)", "torch.zeros(len(c), latent_dim)")),
     "drawn-once"),
    (changed(_TRAINING, _SHORT, ("torch.randn(len(c), latent_dim)",
                                  "torch.randn(1, latent_dim).expand(len(c), -1)")), "one-z-for-all"),
    ("def train_generator(x, c, num_classes):\n"
     "    ours = [x[c == k] for k in range(num_classes)]\n"
     "    def generate(labels):\n"
     "        return torch.stack([ours[k][torch.randint(len(ours[k]), ())] for k in labels])\n"
     "    return generate", "copies"),
    (changed(_TRAINING, _SHORT, ("            optimizer.step()\n", "")), "untrained"),
    (changed(_TRAINING, ("(bce + beta * kl).mean()", "(bce / pixels + beta * kl).mean()")), "z-ignored"),
    (changed(_TRAINING, ("beta=1.0", "beta=50.0")), "z-ignored"),
    (changed(_TRAINING, (_SEES, "torch.cat([torch.randn_like(mu), labels], 1)")), "z-ignored"),
    (changed(_TRAINING, (_SEES, "torch.cat([z, 0 * labels], 1)"), (_ASKED, "torch.cat([z, 0 * eye[c]], 1)")),
     "label-ignored"),
    (changed(_TRAINING, ("eye[c[index]]", "eye[c[torch.randperm(len(x))[:len(index)]]]")), "label-ignored"),
    (changed(_TRAINING, ("latent_dim=2", "latent_dim=10")), "label-overruled"),
    (changed(_TRAINING, ("(bce + beta * kl).mean()", "bce.mean()"), ("latent_dim=2", "latent_dim=4")),
     "off-the-data"),
]  # fmt: skip
