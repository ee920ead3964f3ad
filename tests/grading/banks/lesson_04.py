"""Right and wrong answers to the tasks of lesson 04, as they stand in a cell below the exercise's imports.

``VARIANTS[task]`` are different right ways, by what is special about them. ``MISTAKES[task]`` are wrong answers that
people give, each with the name of the mistake that has to be recognised in it.
"""

from banks import changed

VARIANTS = {}
MISTAKES = {}


def _function(signature: str, *lines: str) -> str:
    return "\n".join([f"def {signature}:", *(f"    {line}" for line in lines)])


# Discrete distributions -----------------------------------------------------------------------------------

_TWO = "kl_discrete(p, q)"
VARIANTS["04.kl_discrete"] = {
    "xlogy": _function(_TWO, "return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum()"),
    "events that happen": _function(_TWO, "happens = p > 0", "p, q = p[happens], q[happens]",
                                    "return (p * (p / q).log()).sum().item()"),
    "cross-entropy minus entropy": """
def cross_entropy(p, q):
    return -torch.xlogy(p, q).sum()

kl_discrete = lambda p, q: cross_entropy(p, q) - cross_entropy(p, p)
""",
    "functional": _function("kl_discrete(true, model)",
                            'return nn.functional.kl_div(model.log(), true, reduction="sum")'),
    "a loop": """
import math

def kl_discrete(p, q):
    total = 0.0
    for a, b in zip(p.tolist(), q.tolist()):
        if a > 0:
            total += a * math.log(a / b)
    return total
""",
    "torch.where": _function(_TWO, "terms = p * (p.log() - q.log())",
                             "return torch.where(p > 0, terms, torch.zeros_like(p)).sum()"),
    "a small number added": _function(_TWO, "return (p * ((p + 1e-12) / q).log()).sum()"),
}  # fmt: skip
MISTAKES["04.kl_discrete"] = [
    (_function(_TWO, "return (p * (p / q).log()).sum()"), "zero-times-infinity"),
    (_function(_TWO, "return torch.distributions.kl_divergence(",
               "    torch.distributions.Categorical(q), torch.distributions.Categorical(p))"), "swapped"),
    (_function(_TWO, "return (q * (q / p).log()).sum()"), "swapped"),
    (_function(_TWO, "return torch.xlogy(p, q / p).nan_to_num().sum()"), "sign"),
    (_function(_TWO, "return (q * (p / q).log()).sum()"), "weighted-by-q"),
    (_function(_TWO, 'return nn.functional.kl_div(q, p, reduction="sum")'), "no-logarithm"),
    (_function(_TWO, 'return nn.functional.kl_div(p, q, reduction="sum")'), "no-logarithm"),
    (_function(_TWO, "return -torch.xlogy(p, q).sum()"), "cross-entropy"),
    (_function(_TWO, "return -torch.xlogy(p, p).sum()"), "entropy"),
    (_function(_TWO, "return (p * (p / q).log2()).nan_to_num().sum()"), "bits"),
    (_function(_TWO, "return torch.xlogy(p, p / q).mean()"), "mean-over-events"),
    (_function(_TWO, 'return nn.functional.kl_div(q.log(), p)'), "mean-over-events"),
    (_function(_TWO, "return -(p * q).sum() + (p * p).sum()"), "no-logarithm"),
    (_function(_TWO, "return -(p * q).sum()"), "no-logarithm"),
    (_function(_TWO, "return (p / q).log().sum()"), "not-weighted"),
    (_function(_TWO, "return (torch.xlogy(p, p / q) + torch.xlogy(q, q / p)).sum() / 2"), "symmetric"),
    (_function(_TWO, "return torch.xlogy(p, p / q).abs().sum()"), "absolute-value"),
    (_function(_TWO, "return torch.xlogy(p, p / q)"), "not-one-number"),
]  # fmt: skip

# Two Gaussians --------------------------------------------------------------------------------------------

_FOUR = "gaussian_kl(mu_0, sigma_0, mu_1, sigma_1)"
VARIANTS["04.gaussian_kl"] = {
    "variances": _function(_FOUR, "v_0, v_1 = sigma_0**2, sigma_1**2",
                           "return 0.5 * (torch.log(v_1 / v_0) + (v_0 + (mu_0 - mu_1) ** 2) / v_1 - 1)"),
    "torch.distributions": """
from torch.distributions import Normal, kl_divergence

def gaussian_kl(m, s, M, S):
    return kl_divergence(Normal(m, s), Normal(M, S))
""",
    "in units of the second spread": _function(
        _FOUR, "r, d = sigma_0 / sigma_1, (mu_1 - mu_0) / sigma_1",
        "return 0.5 * (r.square() + d.square() - 1) - r.log()"),
    "cross-entropy minus entropy": """
import math

def gaussian_kl(mu_0, sigma_0, mu_1, sigma_1):
    cross = 0.5 * torch.log(2 * math.pi * sigma_1**2) + (sigma_0**2 + (mu_0 - mu_1) ** 2) / (2 * sigma_1**2)
    own = 0.5 * torch.log(2 * math.pi * math.e * sigma_0**2)
    return cross - own
""",
    "double precision": _function(
        _FOUR, "a, b, c, d = (t.double() for t in (mu_0, sigma_0, mu_1, sigma_1))",
        "return (d.log() - b.log() + (b * b + (a - c) ** 2) / (2 * d * d) - 1 / 2).float()"),
}  # fmt: skip
_GAUSSIAN = _function(
    _FOUR, "return torch.log(sigma_1 / sigma_0) + (sigma_0**2 + (mu_0 - mu_1) ** 2) / (2 * sigma_1**2) - 0.5"
)
MISTAKES["04.gaussian_kl"] = [
    (changed(_GAUSSIAN, (_FOUR, "gaussian_kl(mu_1, sigma_1, mu_0, sigma_0)")), "swapped"),
    (changed(_GAUSSIAN, ("return ", "return 0.5 * (")) + ")", "half-twice"),
    (changed(_GAUSSIAN, ("return ", "return 2 * (")) + ")", "no-half"),
    (changed(_GAUSSIAN, ("return ", "return -(")) + ")", "sign"),
    (_function(_FOUR, "v_0, v_1 = sigma_0**2, sigma_1**2",
               "return torch.log(v_1 / v_0) + (v_0 + (mu_0 - mu_1) ** 2) / v_1 - 1"), "no-half"),
    (changed(_GAUSSIAN, ("(2 * sigma_1**2) - 0.5", "sigma_1**2 - 1")), "log-sigma"),
    (changed(_GAUSSIAN, ("torch.log", "0.5 * torch.log")), "log-sigma"),
    (changed(_GAUSSIAN, ("sigma_0**2", "sigma_0"), ("sigma_1**2", "sigma_1")), "sigma-as-variance"),
    (_function(_FOUR, "v_0, v_1 = sigma_0, sigma_1",
               "return 0.5 * (torch.log(v_1 / v_0) + (v_0 + (mu_0 - mu_1) ** 2) / v_1 - 1)"), "sigma-as-variance"),
    ("from torch.distributions import Normal, kl_divergence\n\n" + _function(
        _FOUR, "return kl_divergence(Normal(mu_0, sigma_0**2), Normal(mu_1, sigma_1**2))"), "variance-as-sigma"),
    (changed(_GAUSSIAN, ("sigma_1 / sigma_0", "sigma_0 / sigma_1")), "log-upside-down"),
    (changed(_GAUSSIAN, (" - 0.5", "")), "constant"),
    (changed(_GAUSSIAN, (" - 0.5", " - 1")), "constant"),
    (changed(_GAUSSIAN, (" - 0.5", " + 0.5")), "constant"),
    (changed(_GAUSSIAN, ("(2 * sigma_1**2)", "sigma_1**2")), "factor-two"),
    (changed(_GAUSSIAN, ("(2 * sigma_1**2)", "2 * sigma_1**2")), "brackets"),
    (changed(_GAUSSIAN, ("(sigma_0**2 + (mu_0 - mu_1) ** 2)", "sigma_0**2 + (mu_0 - mu_1) ** 2")), "brackets"),
    (changed(_GAUSSIAN, ("(2 * sigma_1**2)", "(2 * sigma_0**2)")), "own-spread"),
    (changed(_GAUSSIAN, ("(2 * sigma_1**2)", "(2 * sigma_1)")), "not-squared-below"),
    (changed(_GAUSSIAN, ("sigma_1 / sigma_0", "sigma_1**2 / sigma_0**2")), "log-of-variances"),
    (changed(_GAUSSIAN, ("torch.log(sigma_1 / sigma_0)", "sigma_1 / sigma_0")), "log-missing"),
    (changed(_GAUSSIAN, ("torch.log(", "torch.log2(")), "bits"),
    ("import math\n\n\n" + changed(_GAUSSIAN, ("torch.log(", "math.log(")), "one-by-one"),
    (_function(_FOUR, "return 0.5 * (sigma_0**2 + mu_0**2 - 1 - torch.log(sigma_0**2))"), "standard-normal"),
    (changed(_GAUSSIAN, ("(mu_0 - mu_1) ** 2", "(mu_0 - mu_1)")), "mean-not-squared"),
    (changed(_GAUSSIAN, ("(mu_0 - mu_1) ** 2", "(mu_0 - mu_1).abs()")), "mean-not-squared"),
    (changed(_GAUSSIAN, (" + (mu_0 - mu_1) ** 2", "")), "no-means"),
    (changed(_GAUSSIAN, ("(sigma_0**2 + (mu_0 - mu_1) ** 2) / (2 * sigma_1**2)",
                          "sigma_0**2 / (2 * sigma_1**2) + (mu_0 - mu_1) ** 2 / (2 * sigma_0**2)")),
     "mean-over-own-spread"),
    (changed(_GAUSSIAN, ("torch.log(sigma_1 / sigma_0) + ", "")), "no-log"),
    (changed(_GAUSSIAN, ("return ", "return (")) + ").sum()", "summed"),
    (changed(_GAUSSIAN, ("return ", "kl = ")), "none"),
]  # fmt: skip

# The KL of a code -----------------------------------------------------------------------------------------

VARIANTS["04.kl_to_standard"] = {
    "as in the paper": _function("kl_to_standard(mu, log_var)",
                                 "return -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp(), dim=1)"),
    "torch.distributions": """
from torch.distributions import Independent, Normal, kl_divergence

def kl_to_standard(mu, logvar):
    q = Independent(Normal(mu, torch.exp(0.5 * logvar)), 1)
    p = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    return kl_divergence(q, p)
""",
    "by σ": _function("kl_to_standard(mu, logvar)", "sigma = (logvar / 2).exp()",
                      "return (0.5 * (sigma**2 + mu**2 - 1) - sigma.log()).sum(-1)"),
    "with Task 2": """
def gaussian_kl(mu_0, sigma_0, mu_1, sigma_1):
    return torch.log(sigma_1 / sigma_0) + (sigma_0**2 + (mu_0 - mu_1) ** 2) / (2 * sigma_1**2) - 0.5

def kl_to_standard(mu, logvar):
    return gaussian_kl(mu, torch.exp(0.5 * logvar), torch.zeros_like(mu), torch.ones_like(mu)).sum(1)
""",
    "expm1": _function("kl_to_standard(mu, logvar)",
                       'return torch.einsum("nd->n", torch.expm1(logvar) - logvar + mu * mu) / 2'),
    "the 1 as D": _function("kl_to_standard(mu, logvar)",
                            "return 0.5 * ((logvar.exp() + mu**2 - logvar).sum(1) - mu.shape[1])"),
}  # fmt: skip
_CODE = _function("kl_to_standard(mu, logvar)", "return 0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1)")
MISTAKES["04.kl_to_standard"] = [
    (_function("kl_to_standard(mu, log_sigma)",
               "return 0.5 * ((2 * log_sigma).exp() + mu**2 - 1 - 2 * log_sigma).sum(1)"), "log-sigma"),
    (changed(_CODE, ("0.5 * ", ""), ("- logvar)", "- 0.5 * logvar)")), "log-sigma-and-half"),
    (changed(_CODE, ("- logvar)", "- 0.5 * logvar)")), "log-sigma-term"),
    (changed(_CODE, ("0.5 * ", "")), "no-half"),
    (changed(_CODE, ("0.5 * ", "0.25 * ")), "half-twice"),
    (changed(_CODE, ("0.5 * ", "-0.5 * ")), "sign"),
    (changed(_CODE, ("logvar.exp()", "(0.5 * logvar).exp()")), "sigma-for-variance"),
    (changed(_CODE, ("logvar.exp()", "(0.5 * logvar).exp()"), ("- logvar)", "- 0.5 * logvar)")),
     "sigma-for-variance-twice"),
    (changed(_CODE, ("logvar.exp()", "logvar")), "no-exponential"),
    (changed(_CODE, ("logvar.exp()", "logvar"), ("- logvar)", "- logvar.log())")), "not-a-number"),
    (changed(_CODE, ("0.5 * (logvar.exp()", "(0.5 * logvar.exp()")), "half-of-one-part"),
    (changed(_CODE, (".sum(1)", ".sum(1, keepdim=True)")), "not-summed"),
    (changed(_CODE, ("logvar.exp()", "logvar.exp() ** 2")), "variance-squared"),
    (_function("kl_to_standard(mu, logvar)",
               "return 0.5 * (logvar + (1 + mu**2) / logvar.exp() - 1).sum(1)"), "swapped"),
    (changed(_CODE, (".sum(1)", ".mean(1)")), "mean-over-dimensions"),
    (changed(_CODE, (".sum(1)", ".sum()")), "sum-over-pictures"),
    (changed(_CODE, (".sum(1)", ".sum(0)")), "sum-over-pictures"),
    (changed(_CODE, (".sum(1)", ".sum(1).mean()")), "mean-over-pictures"),
    (changed(_CODE, (".sum(1)", "")), "not-summed"),
    (changed(_CODE, ("mu**2", "mu")), "mean-not-squared"),
    (changed(_CODE, (" + mu**2", "")), "no-mean"),
    (changed(_CODE, (" - 1", "")), "no-one"),
    (_function("kl_to_standard(mu, logvar)",
               "return 0.5 * ((logvar.exp() + mu**2 - logvar).sum(1) - 1)"), "one-once"),
    (changed(_CODE, ("- logvar)", "+ logvar)")), "log-sign"),
    (changed(_CODE, (" - logvar)", ")")), "no-log"),
    (changed(_CODE, (".sum(1)", ".sum(1).detach()")), "no-gradient"),
    (changed(_CODE, ("logvar.exp()", "logvar.exp().detach()")), "other-gradient"),
    (changed(_CODE, ("return ", "return (")) + ").detach().numpy()", "not-a-tensor"),
]  # fmt: skip

# Monte Carlo ----------------------------------------------------------------------------------------------

VARIANTS["04.monte_carlo_kl"] = {
    "floats": _function("monte_carlo_kl(q, p, n)", "z = q.sample((n,))",
                        "r = (q.log_prob(z) - p.log_prob(z)).double()",
                        "return r.mean().item(), r.std(unbiased=False).item() / n**0.5"),
    "a list, rsample": _function("monte_carlo_kl(first, second, count)",
                                 "z = (first.rsample if first.has_rsample else first.sample)([count])",
                                 "r = first.log_prob(z) - second.log_prob(z)",
                                 "return [r.mean(), (r.var() / count).sqrt()]"),
    "one by one": """
def monte_carlo_kl(q, p, n):
    values = []
    for _ in range(n):
        z = q.sample()
        values.append(float(q.log_prob(z) - p.log_prob(z)))
    mean = sum(values) / n
    variance = sum((v - mean) ** 2 for v in values) / (n - 1)
    return mean, (variance / n) ** 0.5
""",
    "numpy": """
import numpy as np

def monte_carlo_kl(q, p, n):
    z = q.sample(torch.Size([n]))
    r = (q.log_prob(z) - p.log_prob(z)).numpy()
    return np.mean(r), np.std(r, ddof=1) / np.sqrt(n)
""",
    "one tensor": _function("monte_carlo_kl(q, p, n)", "z = q.sample((n,))", "r = q.log_prob(z) - p.log_prob(z)",
                            "return torch.stack([r.mean(), r.std() / n**0.5])"),
}  # fmt: skip
_MONTE = _function(
    "monte_carlo_kl(q, p, n)",
    "z = q.sample((n,))",
    "ratio = q.log_prob(z) - p.log_prob(z)",
    "return ratio.mean(), ratio.std() / n**0.5",
)
_DRAW, _MEAN = "q.sample((n,))", "return ratio.mean()"
MISTAKES["04.monte_carlo_kl"] = [
    (changed(_MONTE, (_DRAW, "p.sample((n,))")), "drawn-from-p"),
    (changed(_MONTE, ("monte_carlo_kl(q, p, n)", "monte_carlo_kl(p, q, n)")), "swapped"),
    (changed(_MONTE, ("q.log_prob(z) - p.log_prob(z)", "p.log_prob(z) - q.log_prob(z)")), "sign"),
    (changed(_MONTE, ("q.log_prob(z) - p.log_prob(z)", "-p.log_prob(z)")), "cross-entropy"),
    (changed(_MONTE, ("q.log_prob(z) - p.log_prob(z)", "-q.log_prob(z)")), "entropy"),
    (changed(_MONTE, ("q.log_prob(z) - p.log_prob(z)", "q.log_prob(z).exp() - p.log_prob(z).exp()")),
     "logarithm-misplaced"),
    (changed(_MONTE, ("ratio = ", "ratio = q.log_prob(z).exp() * ("), ("p.log_prob(z)", "p.log_prob(z))")),
     "weighted-twice"),
    (changed(_MONTE, (_MEAN, "return -(-ratio).exp().mean().log()")), "logarithm-misplaced"),
    (changed(_MONTE, (_MEAN, "return ratio.sum()")), "sum"),
    (changed(_MONTE, (_MEAN, "return ratio.abs().mean()")), "absolute-value"),
    (changed(_MONTE, (_DRAW, "q.sample()"), ("ratio.std()", "0")), "other-count"),
    (changed(_MONTE, (_DRAW, "q.sample((10 * n,))")), "other-count"),
    (changed(_MONTE, ("    z =", "    torch.manual_seed(0)\n    z =")), "same-draws"),
    (changed(_MONTE, ("/ n**0.5", "")), "error-not-divided"),
    (changed(_MONTE, ("/ n**0.5", "/ n")), "error-over-n"),
    (changed(_MONTE, ("ratio.std()", "z.std()")), "draws-for-ratios"),
    (changed(_MONTE, ("ratio.std() / n**0.5", "ratio.var()")), "variance-for-error"),
    (changed(_MONTE, ("ratio.std() / n**0.5", "ratio.var() / n")), "variance-for-error"),
    (changed(_MONTE, ("ratio.mean(), ratio.std() / n**0.5", "ratio.std() / n**0.5, ratio.mean()")), "pair-swapped"),
    (changed(_MONTE, (", ratio.std() / n**0.5", "")), "not-a-pair"),
    (changed(_MONTE, (_MEAN, "return ratio")), "not-a-pair"),
]  # fmt: skip

# Many dimensions ------------------------------------------------------------------------------------------

_FULL = "multivariate_kl(mu_0, Sigma_0, mu_1, Sigma_1)"
VARIANTS["04.multivariate_kl"] = {
    "solve and slogdet": _function(
        _FULL, "d, k = mu_1 - mu_0, len(mu_0)",
        "trace = torch.linalg.solve(Sigma_1, Sigma_0).trace()",
        "log_ratio = torch.linalg.slogdet(Sigma_1).logabsdet - torch.linalg.slogdet(Sigma_0).logabsdet",
        "return 0.5 * (trace + d @ torch.linalg.solve(Sigma_1, d) - k + log_ratio)"),
    "Cholesky": """
def log_det(L):
    return 2 * L.diagonal().log().sum()

def multivariate_kl(m, S, M, T):
    L, R = torch.linalg.cholesky(S), torch.linalg.cholesky(T)
    A = torch.linalg.solve_triangular(R, L, upper=False)
    b = torch.linalg.solve_triangular(R, (M - m)[:, None], upper=False)
    return 0.5 * (A.square().sum() + b.square().sum() - m.numel() + log_det(R) - log_det(L))
""",
    "torch.distributions": """
from torch.distributions import MultivariateNormal, kl_divergence

def multivariate_kl(mu_0, Sigma_0, mu_1, Sigma_1):
    return kl_divergence(MultivariateNormal(mu_0, Sigma_0), MultivariateNormal(mu_1, Sigma_1))
""",
    "numpy": """
import numpy as np

def multivariate_kl(mu_0, Sigma_0, mu_1, Sigma_1):
    m, S, M, T = (t.double().numpy() for t in (mu_0, Sigma_0, mu_1, Sigma_1))
    P = np.linalg.inv(T)
    logs = np.linalg.slogdet(T)[1] - np.linalg.slogdet(S)[1]
    return float(np.trace(P @ S) + (M - m).T @ P @ (M - m) - len(m) + logs) / 2
""",
    "eigenvalues": _function(
        _FULL, "d = mu_0 - mu_1",
        "roots = torch.linalg.eigvals(torch.linalg.solve(Sigma_1, Sigma_0)).real",
        "return 0.5 * ((roots - 1 - roots.log()).sum() + torch.dot(d, torch.linalg.solve(Sigma_1, d)))"),
    "the trace as a sum": _function(
        _FULL, "P, d = Sigma_1.inverse(), (mu_1 - mu_0).unsqueeze(1)",
        "return 0.5 * ((P * Sigma_0).sum() + (d.T @ P @ d).squeeze() - len(P) "
        "- torch.logdet(Sigma_0) + torch.logdet(Sigma_1))"),
}  # fmt: skip
_DENSE = _function(
    _FULL,
    "d, k, P = mu_1 - mu_0, len(mu_0), torch.linalg.inv(Sigma_1)",
    "log_ratio = torch.logdet(Sigma_1) - torch.logdet(Sigma_0)",
    "return 0.5 * ((P @ Sigma_0).trace() + d @ P @ d - k + log_ratio)",
)
_RATIO = "torch.logdet(Sigma_1) - torch.logdet(Sigma_0)"
MISTAKES["04.multivariate_kl"] = [
    (changed(_DENSE, (_RATIO, "torch.log(torch.det(Sigma_1) / torch.det(Sigma_0))")), "determinant-underflows"),
    (changed(_DENSE, (_RATIO, "torch.log(torch.det(Sigma_1.double()) / torch.det(Sigma_0.double()))")),
     "determinant-underflows"),
    (changed(_DENSE, (_FULL, "multivariate_kl(mu_1, Sigma_1, mu_0, Sigma_0)")), "swapped"),
    (changed(_DENSE, ("0.5 * ", "")), "no-half"),
    (changed(_DENSE, ("0.5 * ", "-0.5 * ")), "sign"),
    (changed(_DENSE, ("0.5 * ", "0.25 * ")), "half-twice"),
    (changed(_DENSE, (" - k", "")), "k-missing"),
    (changed(_DENSE, (" - k + log_ratio)", " + log_ratio) - k")), "k-outside"),
    (changed(_DENSE, ("+ log_ratio", "- log_ratio")), "log-upside-down"),
    (changed(_DENSE, (" + log_ratio", "")), "no-determinants"),
    (changed(_DENSE, (_RATIO, "torch.det(Sigma_1) / torch.det(Sigma_0)")), "no-log"),
    (changed(_DENSE, ("inv(Sigma_1)", "inv(Sigma_0)"), ("P @ Sigma_0", "P @ Sigma_1")), "other-inverse"),
    (changed(_DENSE, ("d @ P @ d", "d @ torch.linalg.inv(Sigma_0) @ d")), "other-inverse"),
    (changed(_DENSE, ("torch.linalg.inv(Sigma_1)", "Sigma_1")), "no-inverse"),
    (changed(_DENSE, ("torch.linalg.inv(Sigma_1)", "1 / Sigma_1"), ("(P @ Sigma_0).trace()", "(P * Sigma_0).sum()")),
     "elementwise-inverse"),
    (changed(_DENSE, ("P @ Sigma_0", "P * Sigma_0")), "elementwise-product"),
    (changed(_DENSE, ("(P @ Sigma_0).trace()", "P.trace() * Sigma_0.trace()")), "product-of-traces"),
    (changed(_DENSE, ("    d, k", "    Sigma_0, Sigma_1 = Sigma_0.diag().diag(), Sigma_1.diag().diag()\n    d, k")),
     "diagonals-only"),
    (changed(_DENSE, (" + d @ P @ d", "")), "no-means"),
    (changed(_DENSE, ("d @ P @ d", "d @ d")), "means-not-weighted"),
    (changed(_DENSE, ("d @ P @ d", "(d**2 / Sigma_1.diagonal()).sum()")), "diagonal-between-means"),
]  # fmt: skip

# The loss, mended -----------------------------------------------------------------------------------------

_MENDED = """
def mended_loss(x, mu, log_sigma, decode):
    sigma = log_sigma.exp()
    z = mu + sigma * torch.randn_like(mu)
    x_hat = decode(z)
    reconstruction = nn.functional.binary_cross_entropy(x_hat, x, reduction="sum") / len(x)
    kl = 0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma).sum(1)
    return reconstruction + kl.mean()
"""
_RECONSTRUCTION = 'nn.functional.binary_cross_entropy(x_hat, x, reduction="sum") / len(x)'
VARIANTS["04.mended_loss"] = {
    "with Task 3": """
def kl_to_standard(mu, logvar):
    return 0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1)

def mended_loss(x, mu, log_sigma, decode):
    z = mu + log_sigma.exp() * torch.randn(mu.shape)
    x_hat = decode(z).flatten(1)
    x = x.flatten(1)
    log_p = (x * x_hat.log() + (1 - x) * (1 - x_hat).log()).sum(1)
    return (kl_to_standard(mu, 2 * log_sigma) - log_p).mean()
""",
    "torch.distributions": """
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

def mended_loss(x, mu, log_sigma, decode):
    q = Independent(Normal(mu, log_sigma.exp()), 1)
    p = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    likelihood = Independent(Bernoulli(decode(q.rsample()), validate_args=False), 3)
    return -(likelihood.log_prob(x) - kl_divergence(q, p)).mean()
""",
    "two draws": """
def mended_loss(pictures, mean, log_std, decoder):
    total = 0.0
    for _ in range(2):
        eps = torch.empty_like(mean).normal_()
        out = decoder(torch.addcmul(mean, log_std.exp(), eps))
        bce = nn.functional.binary_cross_entropy(out, pictures, reduction="none")
        total = total + bce.sum((1, 2, 3)).mean() / 2
    return total - 0.5 * (1 + 2 * log_std - mean.pow(2) - (2 * log_std).exp()).sum(1).mean()
""",
    "logits won back": changed(
        _MENDED, (_RECONSTRUCTION, "nn.functional.binary_cross_entropy_with_logits(x_hat.logit(), x, "
                                   'reduction="sum") / len(x)')),
    "summed, then divided": changed(
        _MENDED, (" / len(x)", ""), ("reconstruction + kl.mean()", "(reconstruction + kl.sum()) / x.shape[0]")),
}  # fmt: skip
_CODES, _KL = "mu + sigma * torch.randn_like(mu)", "0.5 * (sigma**2 + mu**2 - 1 - 2 * log_sigma)"
_FAULTY = """
def mended_loss(x, mu, log_sigma, decode):
    z = mu + mu * torch.randn_like(mu)
    x_hat = decode(z)
    reconstruction = (x - x_hat).square().mean().sqrt()
    variance = log_sigma.exp()
    kl = (variance + mu**2 - log_sigma - 1).sum(1)
    return reconstruction + kl.mean()
"""
MISTAKES["04.mended_loss"] = [
    (_FAULTY, "mu-times-noise"),
    (_FAULTY, "rmse"),
    (_FAULTY, "exp-as-variance"),
    (changed(_MENDED, (_CODES, "mu + mu * torch.randn_like(mu)")), "mu-times-noise"),
    (changed(_MENDED, (_CODES, "mu")), "no-noise"),
    (changed(_MENDED, (_CODES, "sigma * torch.randn_like(mu)")), "no-mean"),
    (changed(_MENDED, (_CODES, "mu + sigma**2 * torch.randn_like(mu)")), "variance-as-sigma"),
    (changed(_MENDED, (_CODES, "mu + (0.5 * log_sigma).exp() * torch.randn_like(mu)")), "half-log-sigma"),
    (changed(_MENDED, (_CODES, "mu + log_sigma * torch.randn_like(mu)")), "log-sigma-as-sigma"),
    (changed(_MENDED, (_CODES, "mu + sigma * torch.rand_like(mu)")), "uniform-noise"),
    (changed(_MENDED, (_CODES, "mu + sigma * torch.randn(mu.shape[1])")), "one-draw-for-all-pictures"),
    (changed(_MENDED, (_CODES, "mu + sigma * torch.randn(len(mu), 1)")), "one-draw-for-all-dimensions"),
    (changed(_MENDED, (_CODES, "mu + sigma * torch.randn(())")), "one-draw-for-all-pictures"),
    (changed(_MENDED, ("    z = ", "    torch.manual_seed(1)\n    z = ")), "noise-drawn-once"),
    (changed(_MENDED, ("    z = " + _CODES, "    with torch.no_grad():\n        z = " + _CODES)), "detached"),
    (changed(_MENDED, (_CODES, "torch.distributions.Normal(mu, sigma).sample()")), "detached"),
    (changed(_MENDED, (_CODES, "mu + sigma.detach() * torch.randn_like(mu)")), "other-gradient"),
    (changed(_MENDED, (_RECONSTRUCTION, "(x - x_hat).square().mean().sqrt()")), "rmse"),
    (changed(_MENDED, (_RECONSTRUCTION, "(x - x_hat).square().flatten(1).sum(1).mean()")), "squared-error"),
    (changed(_MENDED, (_RECONSTRUCTION, "nn.functional.mse_loss(x_hat, x)")), "squared-error"),
    (changed(_MENDED, (_RECONSTRUCTION, "nn.functional.binary_cross_entropy(x_hat, x)")), "mean-over-pixels"),
    (changed(_MENDED, (" / len(x)", "")), "reconstruction-summed-over-pictures"),
    (changed(_MENDED, ("binary_cross_entropy(", "binary_cross_entropy_with_logits(")), "sigmoid-twice"),
    (changed(_MENDED, ("return reconstruction", "return -reconstruction")), "reconstruction-sign"),
    (changed(_MENDED, (_RECONSTRUCTION, "-(x * x_hat.log()).sum() / len(x)")), "one-sided"),
    (changed(_MENDED, (_RECONSTRUCTION, "-(x * x_hat + (1 - x) * (1 - x_hat)).sum() / len(x)")), "no-logarithm"),
    (changed(_MENDED, ("(x_hat, x, ", "(x, x_hat, ")), "target-swapped"),
    (changed(_MENDED, ("sigma**2", "sigma")), "exp-as-variance"),
    (changed(_MENDED, ("- 2 * log_sigma", "- log_sigma")), "log-sigma"),
    (changed(_MENDED, ("0.5 * (sigma**2", "(sigma**2")), "no-half"),
    (changed(_MENDED, (_KL, "(sigma + mu**2 - 1 - log_sigma)")), "exp-as-variance"),
    (changed(_MENDED, (_KL, "(sigma**2 + mu**2 - 1 - log_sigma)")), "log-sigma"),
    (changed(_MENDED, ("+ kl.mean()", "- kl.mean()")), "kl-sign"),
    (changed(_MENDED, (" + kl.mean()", "")), "no-kl"),
    (changed(_MENDED, (".sum(1)\n", ".mean(1)\n")), "kl-mean-over-dimensions"),
    (changed(_MENDED, ("kl.mean()", "kl.sum()")), "kl-sum-over-pictures"),
    (changed(_MENDED, (_KL, "0.5 * (2 * log_sigma + (1 + mu**2) / sigma**2 - 1)")), "kl-swapped"),
    (changed(_MENDED, ("kl.mean()", "kl")), "not-one-number"),
    (changed(_MENDED, ("return reconstruction + kl.mean()", "return (reconstruction + kl.mean()).item()")),
     "no-gradient"),
]  # fmt: skip
