"""Right and wrong answers to the tasks of lesson 08, as they stand in a cell below the exercise's imports.

``VARIANTS[task]`` are different right ways, by what is special about them. ``MISTAKES[task]`` are wrong answers that
people give, each with the name of the mistake that has to be recognised in it.
"""

from banks import changed

VARIANTS = {}
MISTAKES = {}


# The logarithm of a mean ----------------------------------------------------------------------------------


def _returning(expression: str) -> str:
    return f"def log_mean_exp(log_w):\n    return {expression}"


_BY_HAND = """
def log_mean_exp(log_w):
    largest = log_w.amax(dim=0)
    return largest + (log_w - largest).exp().mean(dim=0).log()
"""
VARIANTS["08.log_mean_exp"] = {
    "by hand": _BY_HAND,
    "log K subtracted first": _returning(
        "torch.logsumexp(log_w - torch.log(torch.tensor(float(len(log_w)))), dim=0)"),
    "one draw after the other": """
from functools import reduce

def log_mean_exp(log_weights):
    k = torch.tensor(len(log_weights))
    return reduce(torch.logaddexp, log_weights.unbind(0)) - k.log()
""",
    "numpy, in double precision": """
import numpy as np

def log_mean_exp(log_w):
    return torch.from_numpy(np.logaddexp.reduce(log_w.double().numpy(), axis=0) - np.log(log_w.shape[0]))
""",
    "scipy, with weights": """
from scipy.special import logsumexp

def log_mean_exp(log_w):
    return torch.as_tensor(logsumexp(log_w.numpy(), axis=0, b=1 / log_w.shape[0]))
""",
    "picture by picture": """
def log_mean_exp(log_w):
    means = []
    for column in log_w.T:
        m = max(column)
        means.append(m + torch.log(sum(torch.exp(a - m) for a in column) / len(column)))
    return torch.stack(means)
""",
}  # fmt: skip
MISTAKES["08.log_mean_exp"] = [
    (_returning("log_w.exp().mean(0).log()"), "underflow"),
    (_returning("log_w.double().exp().mean(0).log()"), "underflow"),
    (changed(_BY_HAND, ("log_w.amax(dim=0)", "-log_w.abs().amax(dim=0)")), "overflow"),
    (changed(_BY_HAND, ("log_w.amax(dim=0)", "log_w.max()")), "one-maximum-for-all"),
    (changed(_BY_HAND, ("log_w.amax(dim=0)", "log_w.mean(dim=0)")), "not-the-largest"),
    (changed(_BY_HAND, ("log_w.amax(dim=0)", "log_w.amin(dim=0)")), "not-the-largest"),
    (_returning("(log_w.exp().mean(0) + 1e-12).log()"), "same-for-all"),
    (_returning("log_w.clamp(-80, 80).exp().mean(0).log()"), "same-for-all"),
    (_returning("(log_w.softmax(0) * log_w).sum(0) - (log_w.softmax(0) * log_w.log_softmax(0)).sum(0) "
                "- torch.tensor(float(len(log_w))).log()"), "weight-zero"),
    (_returning("torch.logsumexp(log_w, dim=0)"), "k-missing"),
    (_returning("torch.logsumexp(log_w, dim=0) + torch.tensor(float(len(log_w))).log()"), "k-sign"),
    (_returning("torch.logsumexp(log_w, dim=0) / len(log_w)"), "divided-after-the-log"),
    (_returning("log_w.mean(0)"), "mean-of-logs"),
    (_returning("log_w.exp().log().mean(0)"), "mean-of-logs"),
    (_returning("log_w.sum(0)"), "sum-of-logs"),
    (_returning("log_w.amax(0)"), "largest-only"),
    (changed(_BY_HAND, ("largest + (", "(")), "largest-missing"),
    (_returning("log_w.exp().mean(0)"), "no-logarithm"),
    (_returning("torch.tensor(float(len(log_w))).log() - torch.logsumexp(log_w, 0)"), "sign"),
    (_returning("(torch.logsumexp(log_w, 0) - torch.tensor(float(len(log_w))).log()) / torch.tensor(2.0).log()"),
     "bits"),
    (_returning("torch.logsumexp(log_w, dim=0) - torch.tensor(float(log_w.shape[1])).log()"), "number-of-pictures"),
    (_returning("torch.logsumexp(log_w, dim=1) - torch.tensor(float(log_w.shape[1])).log()"), "over-pictures"),
    (_returning("torch.logsumexp(log_w, dim=-1) - torch.tensor(float(len(log_w))).log()"), "over-pictures"),
    (_returning("(torch.logsumexp(log_w, 0) - torch.tensor(float(len(log_w))).log()).mean()"), "one-number"),
    (_returning("torch.logsumexp(log_w, (0, 1)) - torch.tensor(float(log_w.numel())).log()"), "one-number"),
    (_returning("log_w.log_softmax(0)"), "not-reduced"),
    ("def log_mean_exp(log_w):\n    torch.logsumexp(log_w, 0)", "none"),
]  # fmt: skip

# A tighter bound ------------------------------------------------------------------------------------------

_BOUND = """
def iwae_bound(log_px, z, mu, logvar):
    log_p = -0.5 * (z**2).sum(2)
    log_q = -0.5 * ((z - mu) ** 2 / logvar.exp() + logvar).sum(2)
    log_w = log_px + log_p - log_q
    return torch.logsumexp(log_w, dim=0) - torch.tensor(len(log_w)).log()
"""
VARIANTS["08.iwae_bound"] = {
    "distributions": """
from math import log
from torch.distributions import Normal

def iwae_bound(log_px, z, mu, logvar):
    q, p = Normal(mu, torch.exp(logvar / 2)), Normal(0.0, 1.0)
    log_w = log_px + p.log_prob(z).sum(-1) - q.log_prob(z).sum(-1)
    return torch.logsumexp(log_w, 0) - log(log_w.shape[0])
""",
    "multivariate": """
from torch.distributions import Independent, MultivariateNormal, Normal

def iwae_bound(log_px, z, mu, logvar):
    size = mu.shape[1]
    p = MultivariateNormal(torch.zeros(size), torch.eye(size))
    q = Independent(Normal(mu, (0.5 * logvar).exp()), 1)
    log_w = log_px + p.log_prob(z) - q.log_prob(z)
    k = torch.full_like(log_w[0], len(log_w))
    return log_w.logsumexp(0) - k.log()
""",
    "in double precision, by hand": """
def iwae_bound(log_px, z, mu, logvar):
    log_px, z, mu, logvar = log_px.double(), z.double(), mu.double(), logvar.double()
    sigma, tau = torch.exp(logvar / 2), torch.tensor(2 * torch.pi)
    epsilon = (z - mu) / sigma
    log_p = (-z**2 / 2 - tau.log() / 2).sum(2)
    log_q = (-(epsilon**2) / 2 - sigma.log() - tau.log() / 2).sum(2)
    log_w = log_px + log_p - log_q
    m = log_w.max(0).values
    return m + torch.log(torch.mean(torch.exp(log_w - m), 0))
""",
    "the maximum detached, numbers of the code one by one": """
def iwae_bound(log_px, z, mu, logvar):
    log_w = log_px
    for d in range(z.shape[2]):
        log_w = log_w - z[:, :, d] ** 2 / 2
        log_w = log_w + (z[:, :, d] - mu[:, d]) ** 2 / (2 * logvar[:, d].exp()) + logvar[:, d] / 2
    m = log_w.detach().amax(0, keepdim=True)
    return (log_w - m).exp().mean(0).log() + m.squeeze(0)
""",
    "logaddexp": """
from functools import reduce

def iwae_bound(log_px, z, mu, logvar):
    away = (z - mu).pow(2).mul(torch.exp(-logvar))
    weights = [a - b.sum(1) for a, b in zip(log_px, 0.5 * (z.pow(2) - away - logvar))]
    return reduce(torch.logaddexp, weights) - torch.log(torch.tensor(float(len(weights))))
""",
}
_LOG_P, _LOG_Q = "-0.5 * (z**2).sum(2)", "-0.5 * ((z - mu) ** 2 / logvar.exp() + logvar).sum(2)"
_LOG_W, _MEAN = "log_px + log_p - log_q", "torch.logsumexp(log_w, dim=0) - torch.tensor(len(log_w)).log()"
_TAU = "0.5 * mu.shape[1] * torch.tensor(2 * torch.pi).log()"
_KL = "0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1)"
MISTAKES["08.iwae_bound"] = [
    (changed(_BOUND, (_MEAN, "log_w.mean(0)")), "mean-of-logs"),
    (changed(_BOUND, (_MEAN, "log_w.sum(0)")), "sum-of-logs"),
    (changed(_BOUND, (" - torch.tensor(len(log_w)).log()", "")), "k-missing"),
    (changed(_BOUND, (_MEAN, "log_w.amax(0)")), "best-draw"),
    (changed(_BOUND, (_MEAN, "(log_w.softmax(0) * log_w).sum(0)")), "weighted-mean-of-logs"),
    (changed(_BOUND, (_MEAN, "log_w.exp().mean(0).log()")), "underflow"),
    (changed(_BOUND, (_MEAN, "log_w.exp().mean(0)")), "no-logarithm"),
    (changed(_BOUND, (_MEAN, "log_w")), "one-per-draw"),
    (changed(_BOUND, (_MEAN, f"({_MEAN}).mean()")), "one-number"),
    (changed(_BOUND, (_MEAN, "torch.logsumexp(log_w, dim=1) - torch.tensor(log_w.shape[1]).log()")), "over-pictures"),
    (changed(_BOUND, (_MEAN, f"-({_MEAN})")), "negative"),
    (changed(_BOUND, (_MEAN, f"({_MEAN}) / torch.tensor(2.0).log()")), "bits"),
    (changed(_BOUND, (_MEAN, "torch.logsumexp(log_px, 0) - torch.tensor(len(log_w)).log() + (log_p - log_q).mean(0)")),
     "averaged-apart"),
    (changed(_BOUND, (_MEAN, "torch.logsumexp(log_px, 0) - torch.tensor(len(log_w)).log() "
                      "+ torch.logsumexp(log_p - log_q, 0) - torch.tensor(len(log_w)).log()")), "averaged-apart"),
    (changed(_BOUND, (_LOG_W, f"log_px - {_KL}")), "closed-form-kl"),
    (changed(_BOUND, (_LOG_W, f"log_px - {_KL}"), (_MEAN, "log_w.mean(0)")), "closed-form-kl"),
    (changed(_BOUND, (_LOG_W, "log_px")), "likelihood-only"),
    (changed(_BOUND, (_LOG_W, "log_px + log_p")), "q-left-out"),
    (changed(_BOUND, (_LOG_W, f"log_px + log_p - {_TAU}")), "q-left-out"),
    (changed(_BOUND, (_LOG_W, "log_px - log_q")), "prior-left-out"),
    (changed(_BOUND, (_LOG_W, "log_px + log_p + log_q")), "q-sign"),
    (changed(_BOUND, (_LOG_W, "log_px - log_p - log_q")), "prior-sign"),
    (changed(_BOUND, (_LOG_W, "log_px - log_p + log_q")), "upside-down"),
    (changed(_BOUND, (_LOG_P, f"{_LOG_P} - {_TAU}")), "constant-once"),
    (changed(_BOUND, (_LOG_Q, f"{_LOG_Q} - {_TAU}")), "constant-once"),
    (changed(_BOUND, (_LOG_P, "-0.5 * (z**2).mean(2)"),
              (_LOG_Q, "-0.5 * ((z - mu) ** 2 / logvar.exp() + logvar).mean(2)")), "mean-over-dimensions"),
    (changed(_BOUND, (" + logvar).sum(2)", ").sum(2)")), "log-sigma-missing"),
    (changed(_BOUND, (" + logvar).sum(2)", " + 2 * logvar).sum(2)")), "log-sigma-twice"),
    (changed(_BOUND, (" + logvar).sum(2)", " - logvar).sum(2)")), "log-sigma-sign"),
    (changed(_BOUND, (_LOG_Q, "torch.distributions.Normal(mu, logvar.exp()).log_prob(z).sum(2)"),
              (_LOG_P, "torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(2)")), "variance-as-sigma"),
    (changed(_BOUND, ("/ logvar.exp()", "/ (logvar / 2).exp()")), "sigma-for-variance"),
    (changed(_BOUND, (" / logvar.exp()", "")), "not-divided"),
    (changed(_BOUND, ("(z - mu) ** 2", "z ** 2")), "mean-of-q-missing"),
    (changed(_BOUND, (" / logvar.exp() + logvar", "")), "spread-of-q-missing"),
    (changed(_BOUND, (_LOG_P, "-(z**2).sum(2)"),
              (_LOG_Q, "-((z - mu) ** 2 / logvar.exp() + logvar / 2).sum(2)")), "half-missing"),
    (changed(_BOUND, (_MEAN, f"({_MEAN}).detach()")), "no-gradient"),
    (changed(_BOUND, ("    log_p", "    mu, logvar = mu.detach(), logvar.detach()\n    log_p")), "part-detached"),
    (changed(_BOUND, ("    log_p", "    z = z.detach()\n    log_p")), "part-detached"),
    (changed(_BOUND, ("/ logvar.exp()", "/ logvar.exp().detach()")), "other-gradient"),
    (changed(_BOUND, ("    return ", "    ")), "none"),
]  # fmt: skip

# A linear probe -------------------------------------------------------------------------------------------

_PROBE = """
def probe_accuracy(mu, y, n, lam):
    mean, std = mu[:n].mean(0), mu[:n].std(0)
    z = (mu - mean) / std
    ones = nn.functional.one_hot(y[:n]).float()
    W = torch.linalg.solve(z[:n].T @ z[:n] + lam * torch.eye(z.shape[1]), z[:n].T @ ones)
    scores = z[n:] @ W + ones.mean(0)
    return (scores.argmax(1) == y[n:]).float().mean()
"""
VARIANTS["08.probe_accuracy"] = {
    "scikit-learn": """
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def probe_accuracy(mu, y, n, lam):
    probe = make_pipeline(StandardScaler(), RidgeClassifier(alpha=lam))
    probe.fit(mu[:n].numpy(), y[:n].numpy())
    return probe.score(mu[n:].numpy(), y[n:].numpy())
""",
    "more rows for the penalty, in double precision": """
def probe_accuracy(mu, y, n, lam):
    mu = mu.double()
    few, rest = mu[:n], mu[n:]
    centre, spread = few.mean(0), few.std(0, unbiased=False)
    few, rest = (few - centre) / spread, (rest - centre) / spread
    targets = torch.eye(int(y.max()) + 1).double()[y[:n]]
    shares = targets.mean(0)
    rows = torch.cat([few, lam**0.5 * torch.eye(few.shape[1]).double()])
    columns = torch.cat([targets - shares, torch.zeros(few.shape[1], len(shares)).double()])
    W = torch.linalg.lstsq(rows, columns).solution
    right = 0
    for code, label in zip(rest, y[n:]):
        right += int((code @ W + shares).argmax()) == int(label)
    return right / len(rest)
""",
    "numpy, a free column of ones": """
import numpy as np

def probe_accuracy(mu, y, n, lam):
    codes, labels = mu.numpy().astype(float), y.numpy()
    z = (codes - codes[:n].mean(0)) / codes[:n].std(0)
    z = np.column_stack([z, np.ones(len(z))])
    penalty = lam * np.eye(z.shape[1])
    penalty[-1, -1] = 0
    one_hot = (labels[:n, None] == np.arange(labels.max() + 1)).astype(float)
    W = np.linalg.inv(z[:n].T @ z[:n] + penalty) @ z[:n].T @ one_hot
    return float(np.mean(np.argmax(z[n:] @ W, axis=1) == labels[n:]))
""",
    "the inverse of the larger matrix": changed(
        _PROBE,
        ("torch.linalg.solve(z[:n].T @ z[:n] + lam * torch.eye(z.shape[1]), z[:n].T @ ones)",
         "z[:n].T @ torch.linalg.inv(z[:n] @ z[:n].T + lam * torch.eye(n)) @ ones")),
    "targets of -1 and 1": """
def probe_accuracy(mu, y, n, lam):
    z = (mu - mu[:n].mean(dim=0, keepdim=True)) / mu[:n].std(dim=0, keepdim=True)
    signs = 2 * nn.functional.one_hot(y)[:n].float() - 1
    gram = z[:n].T @ z[:n]
    gram.diagonal().add_(lam)
    W = torch.cholesky_solve(z[:n].T @ signs, torch.linalg.cholesky(gram))
    return ((z[n:] @ W + signs.mean(0)).max(1).indices == y[n:]).double().mean().item()
""",
}  # fmt: skip
_SHARE, _STATISTICS = "(scores.argmax(1) == y[n:]).float().mean()", "mu[:n].mean(0), mu[:n].std(0)"
_Z, _GRAM, _SCORES = "(mu - mean) / std", "lam * torch.eye(z.shape[1])", "z[n:] @ W + ones.mean(0)"
_SKLEARN = """
from sklearn.linear_model import RidgeClassifier
from sklearn.preprocessing import StandardScaler

def probe_accuracy(mu, y, n, lam):
    mu, y = mu.numpy(), y.numpy()
    z = StandardScaler().fit(mu[:n]).transform(mu)
    probe = RidgeClassifier(alpha=lam).fit(z[:n], y[:n])
    return probe.score(z[n:], y[n:])
"""
MISTAKES["08.probe_accuracy"] = [
    (changed(_PROBE, (_STATISTICS, "mu.mean(0), mu.std(0)")), "others-in-the-statistics"),
    (changed(_SKLEARN, ("StandardScaler().fit(mu[:n]).transform(mu)", "StandardScaler().fit_transform(mu)")),
     "others-in-the-statistics"),
    (changed(_PROBE, (_STATISTICS, "mu[n:].mean(0), mu[n:].std(0)")), "others-in-the-statistics"),
    (changed(_PROBE, (_Z, "torch.cat([(part - part.mean(0)) / part.std(0) for part in (mu[:n], mu[n:])])")),
     "standardised-apart"),
    (changed(_SKLEARN, ("probe.score(z[n:], y[n:])", "probe.score(StandardScaler().fit_transform(mu[n:]), y[n:])")),
     "standardised-apart"),
    (changed(_PROBE, (_Z, "mu")), "not-standardised"),
    (changed(_PROBE, (_Z, "mu - mean")), "not-standardised"),
    (changed(_SKLEARN, ("StandardScaler().fit(mu[:n]).transform(mu)", "mu")), "not-standardised"),
    (changed(_PROBE, (_STATISTICS, "mu[:n].mean(0), mu[:n].var(0)")), "variance-for-spread"),
    (changed(_PROBE, (_STATISTICS, "mu[:n].mean(), mu[:n].std()")), "one-scale-for-all"),
    (changed(_PROBE, (_STATISTICS, "mu.mean(1, keepdim=True), mu.std(1, keepdim=True)")), "over-dimensions"),
    (changed(_PROBE, (_SCORES, "mu[n:] @ W + ones.mean(0)")), "others-as-they-are"),
    (changed(_SKLEARN, ("probe.score(z[n:], y[n:])", "probe.score(mu[n:], y[n:])")), "others-as-they-are"),
    (changed(_PROBE, (_SCORES, "z[:n] @ W + ones.mean(0)"), ("== y[n:]", "== y[:n]")), "training-accuracy"),
    (changed(_SKLEARN, ("probe.score(z[n:], y[n:])", "probe.score(z[:n], y[:n])")), "training-accuracy"),
    (changed(_PROBE, (_SCORES, "z @ W + ones.mean(0)"), ("== y[n:]", "== y")), "all-pictures"),
    (changed(_SKLEARN, (".fit(z[:n], y[:n])", ".fit(z, y)")), "fitted-on-all"),
    (changed(_SKLEARN, (".fit(z[:n], y[:n])", ".fit(z, y)"), ("score(z[n:], y[n:])", "score(z, y)")), "fitted-on-all"),
    (changed(_SKLEARN, ("StandardScaler().fit(mu[:n]).transform(mu)", "StandardScaler().fit(mu[n:]).transform(mu)"),
              (".fit(z[:n], y[:n])", ".fit(z[n:], y[n:])")), "fitted-on-the-others"),
    (changed(_PROBE, (f" + {_GRAM}", "")), "not-penalised"),
    (changed(_PROBE, ("lam * torch", "lam * n * torch")), "other-penalty"),
    (changed(_SKLEARN, ("alpha=lam", "")), "other-penalty"),
    (changed(_PROBE, (" + ones.mean(0)", "")), "no-intercept"),
    (changed(_SKLEARN, ("alpha=lam", "alpha=lam, fit_intercept=False")), "no-intercept"),
    (changed(_PROBE, ("nn.functional.one_hot(y[:n]).float()", "y[:n].float()"),
              ("scores.argmax(1)", "scores.round()")), "class-numbers"),
    (changed(_PROBE, ("scores.argmax(1)", "scores.argmin(1)")), "argmin"),
    (changed(_PROBE, ("== y[n:]", "!= y[n:]")), "error-rate"),
    (changed(_PROBE, (_SHARE, f"100 * {_SHARE}")), "in-percent"),
    (changed(_PROBE, (_SHARE, "(scores.argmax(1) == y[n:]).sum()")), "count"),
    (changed(_PROBE, (_SHARE, "(scores.argmax(1) == y[n:]).sum() / len(y)")), "count"),
    (changed(_PROBE, (_SHARE, "(y[n:] == y[:n].mode().values).float().mean()")), "most-frequent"),
    (changed(_PROBE, (_SHARE, "scores.argmax(1)")), "predictions"),
    (changed(_PROBE, (_SHARE, "(scores.argmax(1) == y[n:]).float()")), "one-per-picture"),
    (changed(_PROBE, ("z[:n].T @ z[:n] + lam", "z[:n] @ z[:n].T + lam"), ("z[:n].T @ ones", "z[:n] @ ones")),
     "matrix-shapes"),
]  # fmt: skip

# An attribute ---------------------------------------------------------------------------------------------

_ADD = """
def add_attribute(model, x, has, new, amounts):
    mu = model.encode(x)
    a = mu[has].mean(0) - mu[~has].mean(0)
    z = model.encode(new)
    columns = [model.decode(z + t * a) for t in amounts]
    return torch.stack(columns, dim=1)
"""
VARIANTS["08.add_attribute"] = {
    "all in one call": """
def add_attribute(model, x, has, new, amounts):
    mu = model.encode(x)
    a = mu[has].mean(dim=0) - mu[~has].mean(dim=0)
    codes = model.encode(new)[:, None] + amounts[None, :, None] * a  # (M, T, D)
    return model.decode(codes.flatten(0, 1)).unflatten(0, codes.shape[:2])
""",
    "picture by picture": """
@torch.no_grad()
def add_attribute(vae, pictures, mask, others, steps):
    with_it = torch.stack([vae.encode(p[None])[0] for p, yes in zip(pictures, mask) if yes]).mean(0)
    without = torch.stack([vae.encode(p[None])[0] for p, yes in zip(pictures, mask) if not yes]).mean(0)
    rows = []
    for picture in others:
        z = vae.encode(picture[None])
        rows.append(torch.cat([vae.decode(z + float(step) * (with_it - without)) for step in steps]))
    return torch.stack(rows)
""",
    "means as products, the posterior's mean": """
def add_attribute(model, x, has, new, amounts):
    weights = has.float() / has.sum() - (~has).float() / (~has).sum()
    a = weights @ model.posterior(x).mean
    z = model.posterior(new).mean
    table = torch.empty(len(new), len(amounts), *new.shape[1:])
    for k, t in enumerate(amounts):
        table[:, k] = model.decode(z + t * a)
    return table.detach()
""",
    "least squares on the attribute": """
def add_attribute(model, x, has, new, amounts):
    columns = torch.stack([torch.ones(len(x)), has.float()], 1)
    a = torch.linalg.lstsq(columns, model.encode(x)).solution[1]
    z = model.encode(new)
    return torch.stack([model.decode(z + t * a) for t in amounts]).transpose(0, 1)
""",
}
_MU, _A, _START = "mu = model.encode(x)", "mu[has].mean(0) - mu[~has].mean(0)", "z = model.encode(new)"
_STEP, _STACK = "model.decode(z + t * a)", "torch.stack(columns, dim=1)"
MISTAKES["08.add_attribute"] = [
    (changed(_ADD, (_A, "mu[~has].mean(0) - mu[has].mean(0)")), "reversed"),
    (changed(_ADD, (_A, f"nn.functional.normalize({_A}, dim=0)")), "normalised"),
    (changed(_ADD, (_A, "mu[has].mean(0)")), "with-only"),
    (changed(_ADD, ("model.decode(z + t * a)", "model.decode(z + t * a).round()")), "black-or-white"),
    (changed(_ADD, ("model.decode(z + t * a)", "torch.bernoulli(model.decode(z + t * a))")), "black-or-white"),
    (changed(_ADD, (_A, "mu[has].mean(0) - mu.mean(0)")), "from-the-mean-of-all"),
    (changed(_ADD, (_A, "mu[has].sum(0) - mu[~has].sum(0)")), "sums"),
    (changed(_ADD, (_A, "(mu[has].sum(0) - mu[~has].sum(0)) / len(mu)")), "sums"),
    (changed(_ADD, (_A, f"({_A}) / 2")), "halved"),
    (changed(_ADD, (_A, f"({_A}) / mu.std(0)")), "divided-by-spread"),
    (changed(_ADD, (_A, "mu[has].mean() - mu[~has].mean()")), "one-number-for-all"),
    (changed(_ADD, (_A, "mu[has].median(0).values - mu[~has].median(0).values")), "medians"),
    (changed(_ADD, (_A, "mu[has][0] - mu[~has][0]")), "first-pictures"),
    (changed(_ADD, (_A, "(mu[has] - mu[~has][: has.sum()]).mean(0)")), "first-pictures"),
    (changed(_ADD, (_A, "mu[has].mean(1) - mu[~has].mean(1)")), "shapes"),
    (changed(_ADD, (_A, "mu[has] - mu[~has]")), "shapes"),
    (changed(_ADD, (_MU, "mu = model.encode(x)\n    middle = model.encode(torch.stack([x[has].mean(0), "
                         "x[~has].mean(0)]))"), (_A, "middle[0] - middle[1]")), "mean-pictures-encoded"),
    (changed(_ADD, (_MU, "mu = model.encode(model(x))")), "reconstructions-encoded"),
    (changed(_ADD, (_MU, "mu = model.posterior(x).sample()")), "direction-drawn"),
    (changed(_ADD, (_START, "z = model.posterior(new).rsample()")), "start-drawn"),
    (changed(_ADD, (_STEP, "model.decode(model.posterior(new).sample() + t * a)")), "start-drawn"),
    (changed(_ADD, (_START, "z = mu.mean(0).expand(len(new), -1)")), "one-start-for-all"),
    (changed(_ADD, (_START, "z = mu[~has].mean(0).expand(len(new), -1)")), "one-start-for-all"),
    (changed(_ADD, (_START, "z = torch.zeros(len(new), mu.shape[1])")), "one-start-for-all"),
    (changed(_ADD, (_STEP, "model.decode(z + (1 + t) * a)")), "start-shifted"),
    (changed(_ADD, (_START, "z = torch.randn(len(new), mu.shape[1])")), "other-start"),
    (changed(_ADD, (_START, "z = model.encode(new).flip(0)")), "rows-mixed"),
    (changed(_ADD, (_STACK, "torch.cat(columns).unflatten(0, (len(new), len(amounts)))")), "rows-mixed"),
    (changed(_ADD, (_STEP, "model.decode(z + (1 + 0 * t) * a * (t != 0))")), "amount-left-out"),
    (changed(_ADD, (_STEP, "model.decode(z + 0 * t * a)")), "not-moved"),
    (changed(_ADD, ("    columns = [model.decode(z + t * a) for t in amounts]\n",
                    "    columns = []\n    for t in amounts:\n        z = z + t * a\n"
                    "        columns.append(model.decode(z))\n")), "accumulated"),
    (changed(_ADD, ("for t in amounts", "for t in range(len(amounts))")), "index-for-amount"),
    (changed(_ADD, ("for t in amounts", "for t in torch.linspace(0, 1, len(amounts))")), "other-amounts"),
    (changed(_ADD, (_STEP, "model.decode(z + t * (mu[has].mean(0) - z))")), "towards-the-mean"),
    (changed(_ADD, (_STEP, "new + t * (x[has].mean(0) - x[~has].mean(0))")), "pixels-moved"),
    (changed(_ADD, (_STEP, "(model.decode(z) + t * (x[has].mean(0) - x[~has].mean(0))).clamp(0, 1)")), "pixels-moved"),
    (changed(_ADD, (_STEP, "model.decode(z + t * a).logit()")), "no-pictures"),
    (changed(_ADD, (_STEP, "model.decode(z + t * a).sigmoid()")), "other-pictures"),
    (changed(_ADD, (_STACK, "torch.stack(columns)")), "transposed"),
    (changed(_ADD, (_STACK, "torch.cat(columns)")), "one-row"),
    (changed(_ADD, (_STACK, "columns")), "list"),
    (changed(_ADD, (_STEP, "z + t * a")), "codes-returned"),
    (changed(_ADD, (_START, "z = model.encode(x)")), "other-pictures-moved"),
    (changed(_ADD, ("    return ", "    ")), "none"),
]  # fmt: skip

# The mutual information gap -------------------------------------------------------------------------------

_MIG = """
def entropy(p):
    return -torch.xlogy(p, p).sum()

def mig(b, v):
    gaps = []
    for factor in v.T:
        ones = nn.functional.one_hot(factor).float()
        informations = []
        for unit in b.T:
            joint = nn.functional.one_hot(unit).float().T @ ones / len(b)
            p_b, p_v = joint.sum(1), joint.sum(0)
            informations.append(entropy(p_b) + entropy(p_v) - entropy(joint))
        first, second = torch.stack(informations).topk(2).values
        gaps.append((first - second) / entropy(p_v))
    return torch.stack(gaps).mean()
"""
VARIANTS["08.mig"] = {
    "scikit-learn": """
from sklearn.metrics import mutual_info_score

def mig(b, v):
    b, v = b.numpy(), v.numpy()
    gaps = []
    for f in range(v.shape[1]):
        known = sorted(mutual_info_score(b[:, d], v[:, f]) for d in range(b.shape[1]))
        gaps.append((known[-1] - known[-2]) / mutual_info_score(v[:, f], v[:, f]))
    return sum(gaps) / len(gaps)
""",
    "bits, for both": """
import numpy as np

def mig(b, v):
    def bits(*columns):
        _, counts = np.unique(np.stack(columns), axis=1, return_counts=True)
        p = counts / counts.sum()
        return -(p * np.log2(p)).sum()

    b, v = b.numpy().T, v.numpy().T
    table = np.array([[bits(d) + bits(f) - bits(d, f) for f in v] for d in b])
    table = np.sort(table, axis=0)
    return float(np.mean((table[-1] - table[-2]) / np.array([bits(f) for f in v])))
""",
    "all tables at once": """
def mig(b, v):
    units = nn.functional.one_hot(b).double()  # (N, D, bins)
    factors = nn.functional.one_hot(v).double()  # (N, F, levels)
    joint = torch.einsum("ndi,nfj->dfij", units, factors) / len(b)
    product = joint.sum(3, keepdim=True) * joint.sum(2, keepdim=True)
    information = (joint * torch.where(joint > 0, joint / product, 1.0).log()).sum((2, 3))
    shares = factors.mean(0)
    entropies = -torch.where(shares > 0, shares * shares.log(), 0.0).sum(1)
    best = information.topk(2, dim=0).values
    return ((best[0] - best[1]) / entropies).mean()
""",
    "counted, what is known minus what is not": """
from collections import Counter
from math import log

def mig(b, v):
    n, gaps = len(b), []
    def entropy(things):
        return -sum(k / n * log(k / n) for k in Counter(things).values())

    for f in v.T.tolist():
        left = [entropy(zip(d, f)) - entropy(d) for d in b.T.tolist()]  # H(v|b)
        known = sorted((entropy(f) - h for h in left), reverse=True)
        gaps.append((known[0] - known[1]) / entropy(f))
    return torch.tensor(gaps).mean()
""",
    "with a small number for empty cells": changed(
        _MIG, ("-torch.xlogy(p, p).sum()", "-(p * (p + 1e-12).log()).sum()")),
}  # fmt: skip
_INFORMATION, _TWO = "entropy(p_b) + entropy(p_v) - entropy(joint)", "torch.stack(informations).topk(2).values"
_GAP = "(first - second) / entropy(p_v)"
_TRANSPOSED = """
def entropy(p):
    return -torch.xlogy(p, p).sum()

def mig(b, v):
    gaps = []
    for unit in b.T:
        informations = []
        for factor in v.T:
            joint = nn.functional.one_hot(unit).float().T @ nn.functional.one_hot(factor).float() / len(b)
            informations.append(entropy(joint.sum(0)) + entropy(joint.sum(1)) - entropy(joint))
        best = torch.stack(informations).topk(min(2, len(informations))).values
        gaps.append((best[0] - best[-1]) / entropy(joint.sum(1)))
    return torch.stack(gaps).mean()
"""
MISTAKES["08.mig"] = [
    (changed(_MIG, (_GAP, "first / entropy(p_v)")), "largest-only"),
    (changed(_MIG, (_TWO, "torch.stack(informations).aminmax()[::-1]")), "smallest-for-second"),
    (changed(_MIG, (_TWO, "max(informations), torch.stack(informations).mean()")), "mean-for-second"),
    (changed(_MIG, (_TWO, "max(informations), (sum(informations) - max(informations)) / (len(informations) - 1)")),
     "mean-for-second"),
    (changed(_MIG, (_GAP, "first - second")), "not-divided"),
    (changed(_MIG, (_GAP, "(first - second) / torch.tensor(float(b.max() + 1)).log()")), "log-of-bins"),
    (changed(_MIG, (_GAP, "(first - second) / torch.tensor(float(len(p_v))).log()")), "log-of-levels"),
    (changed(_MIG, (_GAP, "(first - second) / entropy(nn.functional.one_hot(b[:, torch.stack(informations).argmax()])"
                          ".float().mean(0))")), "entropy-of-the-unit"),
    (changed(_MIG, (_GAP, "(first - second) / first")), "divided-by-the-largest"),
    (changed(_MIG, ("first, second =", "informations = [i / torch.tensor(2.0).log() for i in informations]\n"
                    "        first, second =")), "mixed-units"),
    (changed(_MIG, (_GAP, "(first - second) / (entropy(p_v) / torch.tensor(2.0).log())")), "mixed-units"),
    (changed(_MIG, (_GAP, "(second - first) / entropy(p_v)")), "negative"),
    (changed(_MIG, (_INFORMATION, "entropy(joint) - entropy(p_b)")), "conditional-entropy"),
    (changed(_MIG, (_INFORMATION, "entropy(joint)")), "joint-entropy"),
    (changed(_MIG, (_INFORMATION, "torch.corrcoef(torch.stack([unit, factor]).float())[0, 1].abs()"),
              (_GAP, "first - second")), "correlation"),
    (changed(_MIG, (_INFORMATION, "torch.corrcoef(torch.stack([unit, factor]).float())[0, 1].abs()")), "correlation"),
    (changed(_MIG, ("torch.stack(gaps).mean()", "torch.stack(gaps).sum()")), "sum-over-factors"),
    (changed(_MIG, ("torch.stack(gaps).mean()", "torch.stack(gaps).max()")), "best-factor"),
    (changed(_MIG, ("torch.stack(gaps).mean()", "torch.stack(gaps)")), "one-per-factor"),
    (changed(_MIG, (_GAP, "torch.stack([first - second, entropy(p_v)])"),
              ("torch.stack(gaps).mean()", "torch.stack(gaps).sum(0)[0] / torch.stack(gaps).sum(0)[1]")),
     "ratio-of-means"),
    (_TRANSPOSED, "over-units"),
    (changed(_TRANSPOSED, (" / entropy(joint.sum(1)))\n    return", ")\n    return")), "over-units"),
    (changed(_MIG, ("-torch.xlogy(p, p).sum()", "-(p * p.log()).sum()")), "empty-cells"),
    (changed(_MIG, (_INFORMATION, "(joint * (joint / (p_b[:, None] * p_v)).log()).sum()")), "empty-cells"),
    (changed(_MIG, ("    return torch", "    torch")), "none"),
]  # fmt: skip

# From a blank cell ----------------------------------------------------------------------------------------

_DETECTOR = """
def train_detector(x, latent_dim=8, hidden=300, passes=10, beta=1.0):
    pixels = x[0].numel()
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent_dim))
    decoder = nn.Sequential(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, pixels))
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)

    def terms(pictures):
        mu, logvar = encoder(pictures).chunk(2, 1)
        logits = decoder(mu + torch.exp(logvar / 2) * torch.randn_like(mu))
        bce = nn.functional.binary_cross_entropy_with_logits(logits, pictures.flatten(1), reduction="none").sum(1)
        return bce, 0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1)

    for epoch in range(passes):
        for batch in torch.randperm(len(x)).split(50):
            bce, kl = terms(x[batch])
            loss = (bce + beta * kl).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def score(pictures):
        bce, kl = terms(pictures)
        return (bce + kl) / pictures.flatten(1).sum(1)

    return score
"""
_SHORT, _SCORE = ("passes=10", "passes=1"), "(bce + kl) / pictures.flatten(1).sum(1)"
_RETURN = "\n    return score\n"
VARIANTS["08.train_detector"] = {
    "the course's own": """
from vaecourse.data import PictureDataset
from vaecourse.objectives import iwae_bound

def train_detector(x):
    model = VAE(8, hidden=(300,), picture_shape=x.shape[1:])
    data = PictureDataset(x, torch.zeros(len(x), dtype=torch.int64), ["digit"])
    fit(model, data, epochs=10, lr=5e-3, batch_size=50, progress=False)

    def score(pictures):
        return -iwae_bound(model, pictures, 5) / pictures.flatten(1).sum(1)

    return score
""",
    "the reconstruction only": changed(_DETECTOR, (_SCORE, "bce / pictures.flatten(1).sum(1)")),
    "beside pictures with as much ink": changed(
        _DETECTOR,
        (_SCORE, "sum(terms(pictures)) - columns(pictures) @ usual"),
        ("    def score", """
    def columns(pictures):
        grey = pictures.flatten(1)
        return torch.stack([torch.ones(len(grey)), grey.sum(1), (grey * (1 - grey)).sum(1)], 1)

    with torch.no_grad():
        usual = torch.linalg.lstsq(columns(x), sum(terms(x))).solution

    def score""")),
    "a module, squared error, twenty numbers": """
class Detector(nn.Module):
    def __init__(self, shape, size=20):
        super().__init__()
        self.size, pixels = size, shape.numel()
        self.narrow = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 300), nn.ReLU(), nn.Linear(300, 2 * size))
        self.widen = nn.Sequential(nn.Linear(size, 300), nn.ReLU(), nn.Linear(300, pixels), nn.Sigmoid())

    def terms(self, x, noise):
        mu, log_sigma = self.narrow(x).split(self.size, 1)
        q = torch.distributions.Normal(mu, log_sigma.exp())
        x_hat = self.widen(q.rsample() if noise else mu)
        kl = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(1)
        return (x_hat - x.flatten(1)).square().sum(1), kl

    def forward(self, x):
        error, kl = self.terms(x, noise=False)
        return (error + 0.1 * kl) / x.flatten(1).square().sum(1)

def train_detector(x):
    model = Detector(x.shape[1:])
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for batch in torch.utils.data.DataLoader(torch.cat([x] * 10), batch_size=50, shuffle=True):
        error, kl = model.terms(batch, noise=True)
        optimizer.zero_grad()
        (error + 0.1 * kl).mean().backward()
        optimizer.step()
    return model
""",
}  # fmt: skip
MISTAKES["08.train_detector"] = [
    (changed(_DETECTOR, _SHORT, (_RETURN, "\n")), "nothing-returned"),
    (changed(_DETECTOR, _SHORT, (_RETURN, "\n    return encoder, decoder\n")), "not-a-function"),
    (changed(_DETECTOR, _SHORT, (_RETURN, "\n    return nn.Sequential(encoder, nn.Linear(2 * latent_dim, pixels), "
                                          "nn.Unflatten(1, x.shape[1:]))\n")), "pictures-returned"),
    (changed(_DETECTOR, _SHORT, (_SCORE, f"({_SCORE}).mean()")), "one-number"),
    (changed(_DETECTOR, _SHORT, (_SCORE, f"({_SCORE}).mean().item()")), "one-number"),
    (changed(_DETECTOR, _SHORT, (_SCORE, f"({_SCORE})[:, None]")), "column"),
    (changed(_DETECTOR, _SHORT, (_SCORE, "(decoder(encoder(pictures)[:, :latent_dim]).sigmoid() - "
                                         "pictures.flatten(1)).abs()")), "pixels-returned"),
    (changed(_DETECTOR, _SHORT, (_SCORE, f"nn.functional.normalize({_SCORE}, dim=0)")), "depends-on-the-batch"),
    (changed(_DETECTOR, ("        return (bce", "        nats = (bce"),
              ("flatten(1).sum(1)\n\n    return score", "flatten(1).sum(1)\n        return (nats - nats.mean()) / "
               "nats.std()\n\n    return score")), "depends-on-the-batch"),
    (changed(_DETECTOR, _SHORT,
              ("nn.Linear(pixels, hidden), nn.ReLU()", "nn.Linear(pixels, hidden), nn.BatchNorm1d(hidden), nn.ReLU()")),
     "needs-a-batch"),
    (changed(_DETECTOR, (_SCORE, f"-({_SCORE})")), "reversed"),
    (changed(_DETECTOR, (_SCORE, "-(bce + kl)")), "reversed"),
    (changed(_DETECTOR, (_SCORE, "bce + kl")), "less-ink-fewer-nats"),
    (changed(_DETECTOR, (_SCORE, "bce")), "less-ink-fewer-nats"),
    (changed(_DETECTOR, (_SCORE, "kl")), "blunt"),
    (changed(_DETECTOR, ("(bce + beta * kl).mean()", "(bce / pixels + beta * kl).mean()"), (_SCORE, "bce + kl")),
     "average-picture"),
    ("def train_detector(x):\n    average = x.mean(0)\n"
     "    return lambda pictures: (pictures - average).square().flatten(1).sum(1)", "average-picture"),
    ("def train_detector(x):\n    return lambda pictures: pictures.flatten(1).sum(1)", "ink-only"),
    ("def train_detector(x):\n    return lambda pictures: torch.zeros(len(pictures))", "all-alike"),
    (changed(_DETECTOR, _SHORT, ("            optimizer.step()\n", "")), "ink-only"),
    (changed(_DETECTOR, _SHORT, ("            optimizer.step()\n", ""), (_SCORE, "bce + kl")), "blunt"),
]  # fmt: skip
