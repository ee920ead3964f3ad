"""The tasks of lesson 08: what the code knows. What their hints say is in :mod:`.ideas_08`."""

from collections.abc import Iterator
from math import log, pi, prod
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.data import strokes
from vaecourse.grading.task import Case, Criterion, Lookalikes, Seen, Stage, Task, Wrong, close, compare, explain_error
from vaecourse.grading.tasks import ideas_08 as ideas
from vaecourse.grading.worker import probes, probes_08

# 1 The logarithm of a mean --------------------------------------------------------------------------------

HARMLESS = {"a few draws": (5, 4), "one draw": (1, 3), "many draws": (16, 2)}
"""Name: draws, pictures."""
SMALL, LARGE, APART, WIDE = "tiny weights", "huge weights", "pictures far apart", "draws far apart"
EXTREME = (SMALL, LARGE, APART, WIDE)
NOTHING = "a draw of weight zero"
FAR = 1_000.0
"""In nats: neither float32 nor float64 holds exp of it, or of minus it."""


def _log_mean_exp_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (k, n) in HARMLESS.items():
        yield Case(name, {"log_w": 3 * torch.rand(k, n, generator=rng) - 1})
    for name in EXTREME:
        log_w = 5 * torch.rand(12, 5, generator=rng)
        if name == APART:  # one picture's weights are harmless, the others' are not
            log_w = log_w - 2 * FAR * torch.randperm(5, generator=rng)
        elif name == WIDE:  # the mean of a column is far below its largest, too
            log_w = torch.where(torch.arange(12)[:, None] == torch.randint(12, (5,), generator=rng), 0, -FAR) + log_w
        else:
            log_w = log_w + (1.5 * FAR if name == LARGE else -1.5 * FAR)
        yield Case(name, {"log_w": log_w})
    log_w = 3 * torch.rand(6, 4, generator=rng) - 1
    log_w[torch.randint(6, (), generator=rng)] = -torch.inf
    yield Case(NOTHING, {"log_w": log_w})


def log_mean_exp(log_w: Tensor) -> Tensor:
    """The logarithm of the mean over dimension 0 of exp(log_w)."""
    return torch.logsumexp(log_w, 0) - log(len(log_w))


def _log_mean_exp(case: Case, seen: Seen) -> None:
    log_w = case["log_w"].double()
    right, value = log_mean_exp(log_w), seen["value"]
    if isinstance(value, Tensor) and value.shape == log_w.shape and value.shape[0] > 1:
        raise Wrong.of(ideas.LOG_MEAN_EXP, "not-reduced")
    if case.name in (*EXTREME, NOTHING):
        _check_finite(case, value)
    value = seen.tensor("value", what="The result")
    if value.shape not in (right.shape, ()):
        if value.shape == log_w.shape[:1]:
            raise Wrong.of(ideas.LOG_MEAN_EXP, "over-pictures")
        seen.tensor("value", right.shape, "The result")
    if case.name == SMALL and value.ndim and close(value, value[:1].expand_as(value), atol=1e-2):
        raise Wrong.of(ideas.LOG_MEAN_EXP, "same-for-all")
    measured = ""
    if value.shape == right.shape:
        measured = f"For {case.name}, yours is {value[0]:.3f} for the first picture; {right[0]:.3f} is right."
    compare(value, right, _log_mean_exp_lookalikes(log_w), ideas.LOG_MEAN_EXP, measured)


def _check_finite(case: Case, value: object) -> None:
    if not isinstance(value, Tensor) or not value.is_floating_point() or not value.numel() or value.isfinite().all():
        return
    mistakes = {SMALL: "underflow", LARGE: "overflow", APART: "one-maximum-for-all", WIDE: "not-the-largest"}
    measured = f"For {case.name}, your result is {value.flatten()[~value.flatten().isfinite()][0].item()}."
    raise Wrong.of(ideas.LOG_MEAN_EXP, mistakes.get(case.name, "weight-zero"), measured)


def _log_mean_exp_lookalikes(log_w: Tensor) -> Lookalikes:
    k, n = log_w.shape
    right, total, largest = log_mean_exp(log_w), torch.logsumexp(log_w, 0), log_w.amax(0)
    if k > 1:
        yield "k-missing", total
        yield "k-sign", total + log(k)
        yield "divided-after-the-log", total / k
        yield "mean-of-logs", log_w.mean(0)
        yield "sum-of-logs", log_w.sum(0)
        yield "largest-only", largest
        yield "largest-only", largest - log(k)
    yield "largest-missing", right - largest
    yield "largest-missing", total - largest
    yield "no-logarithm", log_w.exp().mean(0)
    yield "no-logarithm", log_w.exp().sum(0)
    yield "sign", -right
    yield "bits", right / log(2)
    yield "number-of-pictures", total - log(n)
    yield "number-of-pictures", total - log(k * n)
    yield "one-number", right.mean()
    yield "one-number", right.sum()
    yield "one-number", log_mean_exp(log_w.flatten())
    yield "one-number", torch.logsumexp(log_w.flatten(), 0)


LOG_MEAN_EXP = Task(
    id="08.log_mean_exp",
    answer="log_mean_exp",
    title="The logarithm of a mean",
    criteria=(
        Criterion("the log of the mean over the draws, for each picture", 1, _log_mean_exp, tuple(HARMLESS)),
        Criterion("also where exp(log w) is zero or infinite", 1, _log_mean_exp, (*EXTREME, NOTHING)),
    ),
    stages=(Stage(probes.call, _log_mean_exp_cases),),
    seconds=6.0,  # scipy has one, and may be loaded for it
)


# 2 The importance-weighted bound --------------------------------------------------------------------------

ONE_DRAW = {"one draw": (1, 4, 3), "one draw of one number": (1, 3, 1)}
MANY_DRAWS = {"six draws": (6, 4, 3), "nine draws": (9, 2, 5)}
OF_PICTURES = "log-likelihoods of pictures"
DRAWS = {**ONE_DRAW, **MANY_DRAWS, OF_PICTURES: (7, 3, 4)}
"""Name: draws, pictures, numbers of a code."""
DRAWN = ("log_px", "z", "mu", "logvar")


def _iwae_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (k, n, size) in DRAWS.items():
        # On both sides of 0 and at some distance: no mistake may look right by chance.
        sides = torch.randint(2, (2, n, size), generator=rng) * 2 - 1
        mu, logvar = sides * (0.5 + torch.rand(2, n, size, generator=rng))
        z = mu + torch.exp(logvar / 2) * torch.randn(k, n, size, generator=rng)
        log_px = -2 - 3 * torch.rand(k, n, generator=rng)
        if name == OF_PICTURES:
            log_px = log_px - FAR
        yield Case(name, {"wrt": list(DRAWN), "log_px": log_px, "z": z, "mu": mu, "logvar": logvar})


class _Weights:
    """log w of a case and the parts of it; all (K, N) in nats."""

    def __init__(self, log_px: Tensor, z: Tensor, mu: Tensor, logvar: Tensor):
        self.log_px, self.size = log_px, mu.shape[1]
        self.z, self.mu, self.logvar = z, mu, logvar
        self.away = (z - mu) ** 2 / logvar.exp()
        self.half_log = self.size / 2 * log(2 * pi)
        # Without their constants, which cancel.
        self.log_p = -(z**2).sum(2) / 2
        self.log_q = -(self.away + logvar).sum(2) / 2

    @classmethod
    def of(cls, case: Case) -> "_Weights":
        return cls(*(case[name].double() for name in DRAWN))

    @property
    def log_w(self) -> Tensor:
        return self.log_px + self.log_p - self.log_q

    @property
    def kl(self) -> Tensor:
        """KL(q(z|x)‖p(z)) in closed form, (N,)."""
        return (self.logvar.exp() + self.mu**2 - 1 - self.logvar).sum(1) / 2


def _iwae_bound(case: Case, seen: Seen) -> None:
    weights, value = _Weights.of(case), seen["value"]
    right = log_mean_exp(weights.log_w)
    if case.name == OF_PICTURES and isinstance(value, Tensor) and value.is_floating_point() and value.isinf().any():
        raise Wrong.of(ideas.IWAE_BOUND, "underflow")
    if isinstance(value, Tensor) and value.ndim and value.shape == weights.log_px.shape:
        raise Wrong.of(ideas.IWAE_BOUND, "one-per-draw")
    value = seen.tensor("value", what="The bound")
    if value.shape not in (right.shape, ()):
        if value.shape == weights.log_px.shape[:1]:
            raise Wrong.of(ideas.IWAE_BOUND, "over-pictures")
        seen.tensor("value", right.shape, "The bound")
    measured = ""
    if value.shape == right.shape:
        measured = f"On {case.name}, yours is {value[0]:.3f} for the first picture; {right[0]:.3f} is right."
    compare(value, right, _iwae_lookalikes(weights), ideas.IWAE_BOUND, measured)


def _iwae_lookalikes(weights: _Weights) -> Lookalikes:
    log_w, log_px, k = weights.log_w, weights.log_px, len(weights.log_px)
    right = log_mean_exp(log_w)
    if k > 1:
        yield "mean-of-logs", log_w.mean(0)
        yield "sum-of-logs", log_w.sum(0)
        yield "k-missing", torch.logsumexp(log_w, 0)
        yield "best-draw", log_w.amax(0)
        yield "weighted-mean-of-logs", (log_w.softmax(0) * log_w).sum(0)
        ratio = weights.log_p - weights.log_q
        yield "averaged-apart", log_mean_exp(log_px) + log_mean_exp(ratio)
        yield "averaged-apart", log_mean_exp(log_px) + ratio.mean(0)
        yield "averaged-apart", log_px.mean(0) + log_mean_exp(ratio)
    yield "closed-form-kl", log_mean_exp(log_px) - weights.kl
    yield "closed-form-kl", log_px.mean(0) - weights.kl
    yield "closed-form-kl", torch.logsumexp(log_px, 0) - weights.kl
    yield "negative", -right
    yield "bits", right / log(2)
    yield "no-logarithm", log_w.exp().mean(0)
    yield "one-number", right.mean()
    yield "one-number", right.sum()
    yield "one-number", log_mean_exp(log_w.flatten())
    for name, wrong in _wrong_weights(weights):
        yield name, log_mean_exp(wrong)
        if k > 1:  # two mistakes at once: that in the weights comes first
            yield name, torch.logsumexp(wrong, 0)
            yield name, wrong.mean(0)


def _wrong_weights(weights: _Weights) -> Iterator[tuple[str, Tensor]]:
    """Mistakes in log w, and what each of them gives instead, (K, N)."""
    log_px, log_p, log_q, size = weights.log_px, weights.log_p, weights.log_q, weights.size
    z, mu, logvar, away, half_log = weights.z, weights.mu, weights.logvar, weights.away, weights.half_log
    yield "likelihood-only", log_px
    for constant in (0.0, half_log):  # what is left out takes its constant along, if it has one
        yield "q-left-out", log_px + log_p - constant
        yield "prior-left-out", log_px - log_q + constant
        yield "q-sign", log_px + log_p + log_q - 2 * constant
        yield "prior-sign", log_px - log_p - log_q + 2 * constant
    yield "upside-down", log_px - log_p + log_q
    yield "constant-once", log_px + log_p - log_q - half_log
    yield "constant-once", log_px + log_p - log_q + half_log
    if size > 1:
        yield "mean-over-dimensions", log_px + (log_p - log_q) / size
    spreads = {
        "log-sigma-missing": -away.sum(2) / 2,
        "log-sigma-twice": -away.sum(2) / 2 - logvar.sum(1),
        "log-sigma-sign": (logvar - away).sum(2) / 2,
        "variance-as-sigma": -((z - mu) ** 2 / (2 * logvar).exp() + 2 * logvar).sum(2) / 2,
        "sigma-for-variance": -((z - mu) ** 2 / (logvar / 2).exp() + logvar).sum(2) / 2,
        "not-divided": -((z - mu) ** 2 + logvar).sum(2) / 2,
        "mean-of-q-missing": -(z**2 / logvar.exp() + logvar).sum(2) / 2,
        "spread-of-q-missing": -((z - mu) ** 2).sum(2) / 2,
    }
    for name, wrong in spreads.items():
        yield name, log_px + log_p - wrong
    yield "half-missing", log_px + 2 * log_p - 2 * log_q
    yield "half-missing", log_px - (z**2).sum(2) + away.sum(2) + logvar.sum(1) / 2


def _iwae_gradient(case: Case, seen: Seen) -> None:
    inputs = {name: case[name].double().requires_grad_() for name in DRAWN}
    value = seen.tensor("value", what="The bound")
    arriving = {name: _arrives(seen, f"d/d{name}", inputs[name]) for name in DRAWN}
    if not all(arriving.values()):
        _iwae_bound(case, seen)  # what is not in the value has no gradient either
        raise Wrong.of(ideas.IWAE_BOUND, "part-detached" if any(arriving.values()) else "no-gradient")
    with torch.enable_grad():
        right = log_mean_exp(_Weights(*inputs.values()).log_w)
        gradients = torch.autograd.grad(right.sum(), list(inputs.values()))
    exact = all(
        close(seen.tensor(f"d/d{name}", tuple(gradient.shape), "The gradient"), gradient, atol=1e-4)
        for name, gradient in zip(inputs, gradients, strict=True)
    )
    if not exact:
        _iwae_bound(case, seen)
        raise Wrong.of(ideas.IWAE_BOUND, "other-gradient")
    if not close(value, right.detach()):  # a constant is off
        _iwae_bound(case, seen)


def _arrives(seen: Seen, name: str, like: Tensor) -> bool:
    return seen[name] is not None and bool(seen.tensor(name, tuple(like.shape), "The gradient").any())


IWAE_BOUND = Task(
    id="08.iwae_bound",
    answer="iwae_bound",
    title="A tighter bound",
    criteria=(
        Criterion("with one draw: log p(x|z) + log p(z) - log q(z|x)", 2, _iwae_bound, tuple(ONE_DRAW)),
        Criterion("with K draws: the log of the mean of the weights", 1, _iwae_bound, (*MANY_DRAWS, OF_PICTURES)),
        Criterion("the gradient reaches all of it", 1, _iwae_gradient, tuple(MANY_DRAWS)),
    ),
    stages=(Stage(probes.gradients, _iwae_cases),),
)


# 3 A linear probe -----------------------------------------------------------------------------------------

STANDARDISED = ("standardised codes", "standardised codes of three classes")
RAW = ("codes as an encoder gives them", "codes of three classes as an encoder gives them")
PROBED = {STANDARDISED[0]: (40, 4, 5), STANDARDISED[1]: (24, 3, 4), RAW[0]: (30, 4, 5), RAW[1]: (24, 3, 4)}
"""Name: labelled pictures, classes, numbers of a code."""
OTHERS = 2_000
"""Pictures that the probe is tested on: enough that two mistakes hardly have the same accuracy."""
PENALTIES = (8.0, 12.0, 20.0)
CANDIDATES = 3_300
MARGIN = 5e-3
"""Between the two best classes of every picture, so that neither rounding nor the kind of spread (divided by n or by
n - 1) decides about any."""
TRIES = 10
SHAPES = ("shapes cannot be multiplied", "size mismatch", "must match the size of tensor")


class _Codes(NamedTuple):
    """What a probe is given: codes, labels, how many of them are for fitting, and the weight of the penalty."""

    mu: Tensor
    y: Tensor
    n: int
    lam: float

    @classmethod
    def of(cls, case: Case) -> "_Codes":
        return cls(case["mu"].double(), case["y"], case["n"], case["lam"])

    @property
    def labelled(self) -> Tensor:
        return self.mu[: self.n]

    @property
    def others(self) -> Tensor:
        return self.mu[self.n :]

    def scores(self, like: Tensor, unbiased: bool = True) -> Tensor:
        """Of the others, (M, classes), by a probe whose codes are standardised with mean and spread of ``like``."""
        mean, std = like.mean(0), like.std(0, unbiased=unbiased)
        return self.fitted((self.labelled - mean) / std, (self.others - mean) / std)

    def fitted(self, labelled: Tensor, others: Tensor, lam: float | None = None, intercept: bool = True) -> Tensor:
        """Of the others, (M, classes), by a probe of these codes."""
        lam = self.lam if lam is None else lam
        return ridge(labelled, self.y[: self.n], others, lam, int(self.y.max()) + 1, intercept)

    def accuracy(self, scores: Tensor) -> float:
        return _share(scores.argmax(1) == self.y[self.n :])


def ridge(codes: Tensor, y: Tensor, others: Tensor, lam: float, classes: int, intercept: bool = True) -> Tensor:
    """Scores (M, classes) of ``others`` (M, D) by ridge regression from ``codes`` (N, D) to one-hot labels."""
    ones = F.one_hot(y, classes).double()
    # Nearly no penalty for none: without any, codes of the same numbers would have no solution.
    penalty = max(lam, 1e-9) * torch.eye(codes.shape[1], dtype=codes.dtype)
    W = torch.linalg.solve(codes.T @ codes + penalty, codes.T @ ones)
    return others @ W + (ones.mean(0) if intercept else 0)


def _share(right: Tensor) -> float:
    return right.double().mean().item()


def _probe_cases(rng: torch.Generator) -> Iterator[Case]:
    for name in PROBED:
        yield _clearest(_probe_case(name, rng) for _ in range(TRIES))


def _probe_case(name: str, rng: torch.Generator) -> Case:
    n, classes, size = PROBED[name]
    y = torch.cat([torch.randperm(classes, generator=rng), _classes(n + CANDIDATES - classes, classes, rng)])
    means = 1.1 * torch.randn(classes, size, generator=rng)
    mu = means[y] + torch.randn(len(y), size, generator=rng) @ (0.6 * torch.randn(size, size, generator=rng))
    lam = PENALTIES[torch.randint(len(PENALTIES), (), generator=rng)]
    if name in STANDARDISED:
        parts = _Codes(mu, y, n, lam)
        mu = torch.cat([_standardised(parts.labelled), _standardised(parts.others)])
        mu, y = _decided(_Codes(mu, y, n, lam))
        mu[n:] = _standardised(mu[n:])
        mu, y = _decided(_Codes(mu, y, n, lam))  # for some have come into doubt
    else:
        # The others are written with another pen: whose mean and spread are used makes a difference.
        shift, stretch = torch.rand(2, size, generator=rng)
        mu[n:] = (mu[n:] + 2 * shift - 1) * (0.6 + stretch)
        mu = (mu + 3 * torch.randn(size, generator=rng)) * 10 ** (2 * torch.rand(size, generator=rng) - 1.5)
        mu, y = _decided(_Codes(mu, y, n, lam))
    return Case(name, {"mu": mu, "y": y, "n": n, "lam": lam})


def _classes(n: int, classes: int, rng: torch.Generator) -> Tensor:
    """Class numbers (n,), the low ones more often than the high ones."""
    return torch.multinomial(1 / (torch.arange(classes) + 1.5), n, replacement=True, generator=rng)


def _standardised(codes: Tensor) -> Tensor:
    return (codes - codes.mean(0)) / codes.std(0)


def _decided(codes: _Codes) -> tuple[Tensor, Tensor]:
    """Codes and labels without those of the others about which a right probe is in doubt."""
    exact = codes._replace(mu=codes.mu.double())
    scores = [exact.scores(exact.labelled, unbiased) for unbiased in (True, False)]
    best, second = torch.stack([s.topk(2).values for s in scores]).amin(0).unbind(1)
    clear = (best - second > MARGIN) & (scores[0].argmax(1) == scores[1].argmax(1))
    kept = torch.cat([torch.arange(codes.n), codes.n + clear.nonzero().squeeze(1)[:OTHERS]])
    return codes.mu[kept], codes.y[kept]


def _clearest(cases: Iterator[Case]) -> Case:
    """The first case in which every mistake shows, or else the one where most of them do."""
    chosen, fewest = None, float("inf")
    for case in cases:
        doubts = _doubts(case)
        if doubts < fewest:
            chosen, fewest = case, doubts
        if not doubts:
            break
    return chosen


def _doubts(case: Case) -> int:
    """How many mistakes have the right accuracy, which counts most, or another mistake's."""
    codes = _Codes.of(case)
    right = f"{codes.accuracy(codes.scores(codes.labelled)):.4f}"
    harmless = STATISTICS if case.name in STANDARDISED else ()
    lookalikes = [pair for unbiased in (True, False) for pair in _probe_lookalikes(codes, unbiased)]
    shown = [(name, f"{value:.4f}") for name, value in lookalikes if name not in harmless]
    found: dict[str, str] = {}
    return sum(10 * (value == right) + (found.setdefault(value, name) != name) for name, value in shown)


STATISTICS = (
    "others-in-the-statistics",
    "standardised-apart",
    "not-standardised",
    "others-as-they-are",
    "variance-for-spread",
    "one-scale-for-all",
)
"""Mistakes that make no difference where all codes are standardised already."""


def _probe_accuracy(case: Case, seen: Seen) -> None:
    explain_error(seen, SHAPES, "matrix-shapes", ideas.PROBE_ACCURACY)
    codes, value = _Codes.of(case), seen["value"]
    if isinstance(value, Tensor) and value.shape == codes.y[codes.n :].shape:
        raise Wrong.of(ideas.PROBE_ACCURACY, "predictions" if not value.is_floating_point() else "one-per-picture")
    if isinstance(value, Tensor) and value.dtype == torch.int64:  # a count
        seen = Seen({"value": value.double()})
    value = seen.number("value", "The accuracy")
    right = codes.accuracy(codes.scores(codes.labelled))
    measured = f"On {case.name} your accuracy is {value:.4g}, the right value is {right:.4f}."
    lookalikes = (pair for unbiased in (True, False) for pair in _probe_lookalikes(codes, unbiased))
    compare(value, right, lookalikes, ideas.PROBE_ACCURACY, measured)


def _probe_lookalikes(codes: _Codes, unbiased: bool = True) -> Lookalikes:
    """``unbiased`` spreads are divided by n - 1, others by n. Both are right, and their mistakes differ a little."""

    def standardised(these: Tensor, like: Tensor | None = None) -> Tensor:
        like = these if like is None else like
        return (these - like.mean(0)) / like.std(0, unbiased=unbiased)

    labelled, others, n, y = codes.labelled, codes.others, codes.n, codes.y
    z, z_others = standardised(labelled), standardised(others, labelled)
    classes, scores = int(y.max()) + 1, codes.scores(labelled, unbiased)
    right = codes.accuracy(scores)
    yield "error-rate", 1 - right
    yield "in-percent", 100 * right
    yield "count", right * len(others)
    yield "count", right * len(others) / len(y)
    yield "argmin", codes.accuracy(-scores)
    of_labelled = _share(codes.fitted(z, z).argmax(1) == y[:n])
    yield "training-accuracy", of_labelled
    yield "all-pictures", (of_labelled * n + right * len(others)) / len(y)
    everything = standardised(codes.mu, labelled)
    for fitted in (everything, everything - everything.mean(0), standardised(codes.mu)):
        trained = ridge(fitted, y, fitted, codes.lam, classes).argmax(1) == y
        yield "fitted-on-all", _share(trained[n:])
        yield "fitted-on-all", _share(trained)
    own = standardised(others)
    yield "fitted-on-the-others", _share(ridge(own, y[n:], own, codes.lam, classes).argmax(1) == y[n:])
    turned = ridge(own, y[n:], standardised(labelled, others), codes.lam, classes)
    yield "fitted-on-the-others", _share(turned.argmax(1) == y[:n])
    yield "not-penalised", codes.accuracy(codes.fitted(z, z_others, 0.0))
    yield "other-penalty", codes.accuracy(codes.fitted(z, z_others, codes.lam * n))
    yield "other-penalty", codes.accuracy(codes.fitted(z, z_others, codes.lam / n))
    yield "other-penalty", codes.accuracy(codes.fitted(z, z_others, 1.0))
    yield "other-penalty", codes.accuracy(codes.fitted(z, z_others, codes.lam**2))
    yield "no-intercept", codes.accuracy(codes.fitted(z, z_others, intercept=False))
    yield "class-numbers", _by_class_number(codes, z, z_others)
    yield "most-frequent", _share(y[n:] == y[:n].mode().values)
    yield "standardised-apart", codes.accuracy(codes.fitted(z, own))
    # What is fitted in one set of units meets codes in another.
    yield "others-as-they-are", codes.accuracy(codes.fitted(z, others))
    yield "not-standardised", codes.accuracy(codes.fitted(labelled, others, intercept=False))
    std = labelled.std(0, unbiased=unbiased)
    yield "not-standardised", codes.accuracy(codes.fitted(labelled / std, others / std))
    for name, fitted, tested in _other_units(codes, unbiased):
        yield name, codes.accuracy(codes.fitted(fitted, tested))
        centre = fitted.mean(0)  # some libraries centre what they are given once more
        yield name, codes.accuracy(codes.fitted(fitted - centre, tested - centre))


def _other_units(codes: _Codes, unbiased: bool) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Mistakes in standardising, and what each of them makes of the labelled codes and of the others."""
    labelled, others = codes.labelled, codes.others
    mean, std = labelled.mean(0), labelled.std(0, unbiased=unbiased)
    ways = (
        ("others-in-the-statistics", codes.mu.mean(0), codes.mu.std(0, unbiased=unbiased)),
        ("others-in-the-statistics", others.mean(0), others.std(0, unbiased=unbiased)),
        ("not-standardised", 0.0, 1.0),
        ("not-standardised", mean, 1.0),
        ("variance-for-spread", mean, std**2),
        ("one-scale-for-all", labelled.mean(), labelled.std(unbiased=unbiased)),
        ("one-scale-for-all", mean, labelled.std(unbiased=unbiased)),
    )
    for name, centre, spread in ways:
        yield name, (labelled - centre) / spread, (others - centre) / spread
    rows = [
        (part - part.mean(1, keepdim=True)) / part.std(1, keepdim=True, unbiased=unbiased)
        for part in (labelled, others)
    ]
    yield "over-dimensions", *rows


def _by_class_number(codes: _Codes, z: Tensor, z_others: Tensor) -> float:
    """The accuracy of a probe that takes the class number as one number, and rounds."""
    y = codes.y[: codes.n].double()
    w = torch.linalg.solve(z.T @ z + codes.lam * torch.eye(z.shape[1]), z.T @ y)
    return _share((z_others @ w + y.mean()).round() == codes.y[codes.n :])


PROBE_ACCURACY = Task(
    id="08.probe_accuracy",
    answer="probe_accuracy",
    title="A linear probe",
    criteria=(
        Criterion("ridge regression from few labelled codes, tested on the others", 2, _probe_accuracy, STANDARDISED),
        Criterion("standardised, with nothing that the others would tell", 2, _probe_accuracy, RAW),
    ),
    stages=(Stage(probes.call, _probe_cases),),
    seconds=8.0,  # scikit-learn has such a probe, and may be loaded for it
)


# 4 An attribute -------------------------------------------------------------------------------------------

MOVES = {"grey pictures": (40, 5, (1, 5, 5)), "colour pictures": (30, 3, (3, 3, 3)), "one picture": (24, 1, (1, 4, 6))}
"""Name: pictures with and without the attribute, pictures to be moved, picture_shape."""
SIZE = 3
"""Of the codes."""
SIGMA = 0.1
FAR_OFF = 8.0
"""In units of σ: no draw from a posterior lies so far from its mean."""
OFF = 1e-2
"""In logits, which are of the order of one and are seen through a sigmoid in float32."""
SATURATED = 1e-6
"""Grey levels so near to 0 or 1 come from codes far outside of all pictures'."""


def _attribute_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (n, m, shape) in MOVES.items():
        pixels = prod(shape)
        directions = torch.linalg.qr(torch.randn(pixels, 2 * SIZE, generator=rng))[0].T
        weights = {
            "E": (3 * directions[:SIZE].T).contiguous(),
            "sigma": torch.full((SIZE,), SIGMA),
            "G": (directions[SIZE:]).contiguous(),
            "B": torch.randn(pixels, generator=rng),
        }
        # Fewer with than without, so that a sum is no mean; and the pictures with it differ from the others.
        has = torch.arange(n) < n // 3
        base, pull = torch.rand(2, *shape, generator=rng).round()
        x = 0.8 * torch.rand(n, *shape, generator=rng) + 0.2 * base
        x = torch.where(has.view(-1, 1, 1, 1), 0.55 * x + 0.45 * pull, x)
        order = torch.randperm(n, generator=rng)
        amounts = torch.tensor([-1.5, 0.0, 0.7, 1.8]) + 0.2 * torch.rand(4, generator=rng)
        amounts[1] = 0.0
        new = torch.rand(m, *shape, generator=rng)
        given = {"x": x[order], "has": has[order], "new": new, "amounts": amounts.tolist()}
        yield Case(name, {"weights": weights, **given})


class _Moved:
    """The codes of the pictures that were returned, and what they should be."""

    def __init__(self, case: Case, pictures: Tensor):
        self.model = probes_08.BentVAE({name: w.double() for name, w in case["weights"].items()}, case["x"].shape[1:])
        self.x, self.has, self.new = case["x"].double(), case["has"], case["new"].double()
        self.t = torch.tensor(case["amounts"]).double()
        self.codes, self.readable = self.model.read(pictures, OFF)  # (M, T, D)
        self.mu, self.own = self.model.encode(self.x), self.model.encode(self.new)
        self.a = self.mu[self.has].mean(0) - self.mu[~self.has].mean(0)

    @property
    def start(self) -> Tensor:
        """Where each row stands at the amount 0, (M, D)."""
        return self.codes[:, int((self.t == 0).nonzero()[0])]

    @property
    def steps(self) -> Tensor:
        """How far each picture was moved from there, (M, T, D)."""
        return self.codes - self.start[:, None]

    def along(self, a: Tensor) -> Tensor:
        """The codes (M, T, D) for steps t·a from the pictures' own."""
        return self.own[:, None] + self.t[None, :, None] * a

    def is_mixed(self) -> bool:
        """Whether all the right codes are there, but not where they belong."""
        right = self.along(self.a).flatten(0, 1)
        off = (right[:, None] - self.codes.flatten(0, 1)).abs().amax(2) < 2 * OFF
        return bool(off.any(1).all() and not off.diagonal().all())


def _moved(case: Case, seen: Seen) -> _Moved:
    (m, *shape), k = case["new"].shape, len(case["amounts"])
    explain_error(seen, SHAPES, "shapes", ideas.ADD_ATTRIBUTE)
    value = seen["value"]
    if isinstance(value, list) and value and isinstance(value[0], Tensor):
        raise Wrong.of(ideas.ADD_ATTRIBUTE, "list")
    value = seen.tensor("value", what="The result")
    if value.shape != (m, k, *shape):
        shapes = {
            "transposed": (k, m, *shape),
            "one-row": (m * k, *shape),
            "codes-returned": (m, k, SIZE),
            "other-pictures-moved": (len(case["x"]), k, *shape),
            "flat-pictures": (m, k, prod(shape)),
        }
        mistake = next((name for name, size in shapes.items() if value.shape == size), "shape")
        measured = f"On {case.name} its shape is {tuple(value.shape)}; it should be {(m, k, *shape)}."
        raise Wrong.of(ideas.ADD_ATTRIBUTE, mistake, measured)
    _check_pictures(case, value)
    moved = _Moved(case, value)
    if not moved.readable:
        saturated = ((value < SATURATED) | (value > 1 - SATURATED)).any()
        raise Wrong.of(ideas.ADD_ATTRIBUTE, "sums" if saturated else "other-pictures")
    return moved


def _check_pictures(case: Case, value: Tensor) -> None:
    """Whether the pictures were moved as pictures, pixel by pixel."""
    x, has, new = case["x"].double(), case["has"], case["new"].double()
    t = torch.tensor(case["amounts"]).double().view(1, -1, 1, 1, 1)
    model = probes_08.BentVAE({name: w.double() for name, w in case["weights"].items()}, x.shape[1:])
    difference = x[has].mean(0) - x[~has].mean(0)
    codes = model.encode(x)
    decoded = model.decode(torch.stack([codes[has].mean(0), codes[~has].mean(0)]))
    for start, step in ((new, difference), (model(new), difference), (model(new), decoded[0] - decoded[1])):
        pixels = start[:, None] + t * step
        if close(value, pixels) or close(value, pixels.clamp(0, 1)):
            raise Wrong.of(ideas.ADD_ATTRIBUTE, "pixels-moved")
    if value.min() < 0 or value.max() > 1:
        raise Wrong.of(ideas.ADD_ATTRIBUTE, "no-pictures")
    if ((value == 0) | (value == 1)).all():
        raise Wrong.of(ideas.ADD_ATTRIBUTE, "black-or-white")


def _starts_at_its_code(case: Case, seen: Seen) -> None:
    moved = _moved(case, seen)
    off = (moved.start - moved.own).abs().max()
    if off < 2 * OFF:
        return
    if moved.is_mixed():
        raise Wrong.of(ideas.ADD_ATTRIBUTE, "rows-mixed")
    if len(moved.own) > 1 and (moved.start - moved.start[:1]).abs().max() < 2 * OFF:
        raise Wrong.of(ideas.ADD_ATTRIBUTE, "one-start-for-all")
    if _same_code(moved):
        raise Wrong.of(ideas.ADD_ATTRIBUTE, "one-start-for-all")
    raise Wrong.of(ideas.ADD_ATTRIBUTE, "start-drawn" if off < FAR_OFF * SIGMA else _shifted(moved))


def _like_codes(codes: Tensor, others: Tensor) -> bool:
    return bool((codes - others).abs().max() < 2 * OFF)


def _same_code(moved: _Moved) -> bool:
    """Whether the rows start at one of the codes that have nothing to do with the picture."""
    means = (moved.mu.mean(0), moved.mu[moved.has].mean(0), moved.mu[~moved.has].mean(0), 0 * moved.a)
    return any(_like_codes(moved.start, mean.expand_as(moved.start)) for mean in means)


def _shifted(moved: _Moved) -> str:
    """Why rows start elsewhere than at their codes."""
    shift = moved.start - moved.own
    return "start-shifted" if _like_codes(shift, shift[:1].expand_as(shift)) else "other-start"


def _goes_along_the_direction(case: Case, seen: Seen) -> None:
    moved = _moved(case, seen)
    steps, right = moved.steps, moved.along(moved.a) - moved.own[:, None]
    if (steps - right).abs().max() < 2 * OFF:
        return
    raise Wrong.of(ideas.ADD_ATTRIBUTE, "rows-mixed" if moved.is_mixed() else _why_other_steps(moved, right))


def _why_other_steps(moved: _Moved, right: Tensor) -> str:
    """The mistake behind steps (M, T, D) that are not t·a."""
    steps, t = moved.steps, moved.t

    def like(a: Tensor, amounts: Tensor = t) -> bool:
        expected = (amounts - amounts[t == 0])[None, :, None] * a.expand(len(steps), -1)[:, None]
        return bool((steps - expected).abs().max() < 3 * OFF)

    found = next((name for name, a in _other_directions(moved) if like(a)), None)
    if found is not None:
        return found
    count = torch.arange(len(t)).double()
    for name, amounts in {
        "accumulated": t.cumsum(0),
        "index-for-amount": count,
        "other-amounts": count / (len(t) - 1),
        "amount-left-out": torch.where(t == 0, 0.0, 1.0),
    }.items():
        if like(moved.a, amounts):
            return name
    a = moved.a.expand(len(steps), -1)
    for centre in (moved.mu[moved.has].mean(0), moved.mu[~moved.has].mean(0)):
        if like(centre - moved.own):
            return "towards-the-mean"
    away = (steps - right).abs().max()
    return "direction-drawn" if away < FAR_OFF * SIGMA and away < a.norm(dim=1).max() / 2 else "other-direction"


def _other_directions(moved: _Moved) -> Iterator[tuple[str, Tensor]]:
    a, mu, has, x = moved.a, moved.mu, moved.has, moved.x
    with_it, without = mu[has], mu[~has]
    yield "not-moved", 0 * a
    yield "reversed", -a
    yield "normalised", a / a.norm()
    yield "normalised", -a / a.norm()
    yield "with-only", with_it.mean(0)
    yield "with-only", without.mean(0)
    yield "from-the-mean-of-all", with_it.mean(0) - mu.mean(0)
    yield "sums", with_it.sum(0) - without.sum(0)
    yield "sums", with_it.sum(0) / len(mu) - without.sum(0) / len(mu)
    yield "halved", a / 2
    yield "divided-by-spread", a / mu.std(0)
    yield "divided-by-spread", a / mu.std(0, unbiased=False)
    yield "mean-pictures-encoded", _difference(moved, x[has], x[~has])
    yield "medians", with_it.median(0).values - without.median(0).values
    reconstructed = moved.model.encode(moved.model(x))
    yield "reconstructions-encoded", reconstructed[has].mean(0) - reconstructed[~has].mean(0)
    yield "one-number-for-all", (with_it.mean() - without.mean()).expand_as(a)
    k = min(len(with_it), len(without))
    yield "first-pictures", with_it[:k].mean(0) - without[:k].mean(0)
    yield "first-pictures", with_it[0] - without[0]


def _difference(moved: _Moved, one: Tensor, other: Tensor) -> Tensor:
    """Between the codes of two average pictures."""
    codes = moved.model.encode(torch.stack([one.mean(0), other.mean(0)]))
    return codes[0] - codes[1]


ADD_ATTRIBUTE = Task(
    id="08.add_attribute",
    answer="add_attribute",
    title="Add an attribute",
    criteria=(
        Criterion("a table of pictures, and with the amount 0 each picture's own code", 1, _starts_at_its_code),
        Criterion("each code goes along a, as far as the amount says", 2, _goes_along_the_direction),
    ),
    stages=(Stage(probes_08.moved, _attribute_cases),),
)


# 5 The mutual information gap -----------------------------------------------------------------------------

ONE_FACTOR, SEVERAL, SPARSE = "one factor", ("three factors", "four factors"), "bins that stay empty"
TABLES = {ONE_FACTOR: (4, 1, 4), SEVERAL[0]: (4, 3, 3), SEVERAL[1]: (5, 4, 4), SPARSE: (4, 2, 9)}
"""Name: numbers of a code, factors, bins."""
COUNTED = 400
LEVELS = (3, 5, 2, 4)
"""Of the factors: with the same number for all, two mistakes would look alike."""


def _mig_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (size, factors, bins) in TABLES.items():
        v = torch.stack([_levels(COUNTED, LEVELS[f], rng) for f in range(factors)], 1)
        columns = []
        for d in range(size):
            # A number of the code follows one factor, more or less closely; another one follows it, too.
            followed = v[:, d % factors]
            noise = torch.randint(bins, (COUNTED,), generator=rng)
            noise = torch.minimum(noise, torch.randint(bins, (COUNTED,), generator=rng))  # not all bins alike
            closely = torch.rand((), generator=rng) * 0.3 + (0.55 if d < factors else 0.2)
            kept = torch.rand(COUNTED, generator=rng) < closely
            columns.append(torch.where(kept, (followed * (1 + d % 2) + d) % bins, noise))
        b = torch.stack(columns, 1)
        if name == SPARSE:
            b = b * 2  # every other bin stays empty
        yield Case(name, {"b": b, "v": v})


def _levels(n: int, levels: int, rng: torch.Generator) -> Tensor:
    """Levels (n,), the low ones more often; all of them occur."""
    drawn = torch.multinomial(1 / (torch.arange(levels) + 1.5), n - levels, replacement=True, generator=rng)
    return torch.cat([torch.arange(levels), drawn])[torch.randperm(n, generator=rng)]


class _Information:
    """What the bins tell about the factors, in nats."""

    def __init__(self, b: Tensor, v: Tensor):
        self.b, self.v = b, v
        self.bins, self.levels = int(b.max()) + 1, [int(column.max()) + 1 for column in v.T]
        joints = [[self._joint(unit, f) for f in range(v.shape[1])] for unit in b.T]
        self.of_units = torch.stack([_entropy(row[0].sum(1)) for row in joints])  # (D,)
        self.of_factors = torch.stack([_entropy(joint.sum(0)) for joint in joints[0]])  # (F,)
        self.together = torch.stack([torch.stack([_entropy(joint) for joint in row]) for row in joints])  # (D, F)
        self.mutual = self.of_units[:, None] + self.of_factors - self.together

    def _joint(self, unit: Tensor, factor: int) -> Tensor:
        """The joint distribution (bins, levels)."""
        counts = torch.zeros(self.bins, self.levels[factor], dtype=torch.float64)
        return counts.index_put_((unit, self.v[:, factor]), torch.ones(()).double(), accumulate=True) / len(unit)


def _entropy(p: Tensor) -> Tensor:
    return -torch.xlogy(p, p).sum()


def _gaps(numbers: Tensor) -> Tensor:
    """The largest minus the second-largest of each column."""
    first, second = numbers.topk(2, 0).values
    return first - second


def mig(information: _Information) -> float:
    return (_gaps(information.mutual) / information.of_factors).mean().item()


def _mig(case: Case, seen: Seen) -> None:
    information = _Information(case["b"], case["v"])
    right, value = mig(information), seen["value"]
    if isinstance(value, (Tensor, float)) and torch.as_tensor(value).ndim == 0 and torch.as_tensor(value).isnan():
        raise Wrong.of(ideas.MIG, "empty-cells")
    if isinstance(value, Tensor) and value.ndim == 1 and value.shape == case["v"].shape[1:]:
        raise Wrong.of(ideas.MIG, "one-per-factor")
    value = seen.number("value", "The gap")
    measured = f"On {case.name} your gap is {value:.4f}, the right value is {right:.4f}."
    compare(value, right, _mig_lookalikes(information), ideas.MIG, measured)


def _mig_lookalikes(information: _Information) -> Lookalikes:
    mutual, of_factors, of_units = information.mutual, information.of_factors, information.of_units
    right, gaps, largest = mig(information), _gaps(mutual), mutual.amax(0)
    yield "negative", -right
    yield "largest-only", (largest / of_factors).mean()
    yield "smallest-for-second", ((largest - mutual.amin(0)) / of_factors).mean()
    others = (mutual.sum(0) - largest) / (len(mutual) - 1)
    yield "mean-for-second", ((largest - others) / of_factors).mean()
    yield "mean-for-second", ((largest - mutual.mean(0)) / of_factors).mean()
    yield "not-divided", gaps.mean()
    yield "not-divided", gaps.mean() / log(2)
    for bins in {information.bins, len(information.b.unique())}:
        yield "log-of-bins", gaps.mean() / log(bins)
    yield "log-of-levels", (gaps / torch.tensor(information.levels).log()).mean()
    yield "entropy-of-the-unit", (gaps / of_units[mutual.argmax(0)]).mean()
    yield "entropy-of-both", (gaps / information.together.gather(0, mutual.argmax(0)[None])[0]).mean()
    yield "divided-by-the-largest", (gaps / largest).mean()
    yield "divided-by-the-largest", ((mutual / largest).topk(2, 0).values.diff(dim=0).neg()).mean()
    yield "mixed-units", right / log(2)
    yield "mixed-units", right * log(2)
    yield "conditional-entropy", (_gaps(information.together - of_units[:, None]) / of_factors).mean()
    yield "joint-entropy", (_gaps(information.together) / of_factors).mean()
    yield "joint-entropy", (_gaps(-information.together) / of_factors).mean()
    correlations = torch.corrcoef(torch.cat([information.b, information.v], 1).double().T)
    correlations = correlations[: len(mutual), len(mutual) :].abs()
    yield "correlation", _gaps(correlations).mean()
    yield "correlation", (_gaps(correlations) / of_factors).mean()
    if mutual.shape[1] > 1:
        yield "sum-over-factors", (gaps / of_factors).sum()
        yield "ratio-of-means", gaps.sum() / of_factors.sum()
        yield "over-units", (_gaps(mutual.T) / of_units).mean()
        yield "over-units", _gaps(mutual.T).mean()
        yield "over-units", _gaps(mutual.T).mean() / of_factors.mean()
        yield "over-units", _gaps((mutual / of_factors).T).mean()
        yield "over-units", (_gaps(mutual.T) / of_factors[mutual.argmax(1)]).mean()
        yield "best-factor", (gaps / of_factors).max()
        yield "all-pairs", (mutual.flatten().topk(2).values.diff().neg() / of_factors.mean()).mean()


MIG = Task(
    id="08.mig",
    answer="mig",
    title="One number for each factor?",
    criteria=(
        Criterion("one factor: the gap between the two best numbers, over its entropy", 1, _mig, (ONE_FACTOR,)),
        Criterion("several factors: the mean of their gaps", 1, _mig, SEVERAL),
        Criterion("what never occurs together adds nothing", 1, _mig, (SPARSE,)),
    ),
    stages=(Stage(probes.call, _mig_cases),),
    seconds=8.0,  # scikit-learn has the mutual information, and may be loaded for it
)


# 6 From a blank cell --------------------------------------------------------------------------------------

TRAINING_PICTURES, OF_EACH_KIND = 2_000, 400
LETTERS = "AEFHKMNPRTUVWXY"
"""Those that look like no digit."""
LETTERS_FOUND = 0.75
"""AUROC of letters against held-out digits. The distance from the average picture has 0.65 at most, a small VAE's
-ELBO 0.86 or more, and what is left of that where it is set against the ink 0.82 or more."""
HALVES_FOUND = 0.85
"""AUROC of digits without their lower halves. -ELBO has 0.6 at most, set against the ink it has 0.97."""
REVERSED = 0.25
"""Below, letters do differ from digits, but the other way round."""
ALIKE = 0.9
"""Correlation of scores, from which on they say the same."""
CHANGED = 0.15
"""How far scores may move on average with the other pictures of the batch, in units of their spread."""
SURE = 5.0
"""Standard errors by which they have to move, too: scores may be made from a draw of z, another one in every call."""


def _detector_cases(rng: torch.Generator) -> Iterator[Case]:
    seed = torch.randint(2**31, (), generator=rng).item()
    digits = _drawn(TRAINING_PICTURES + 2 * OF_EACH_KIND, seed, strokes.DIGITS)
    x, normal, halves = digits.split([TRAINING_PICTURES, OF_EACH_KIND, OF_EACH_KIND])
    halves = halves.clone()
    halves[:, :, halves.shape[2] // 2 :] = 0
    letters = _drawn(OF_EACH_KIND, seed + 1, LETTERS)
    given = {"x": x.clone(), "digits": normal.clone(), "letters": letters, "halves": halves}
    yield Case("handwriting", given)


def _drawn(n: int, seed: int, symbols: str) -> Tensor:
    return torch.from_numpy(strokes.draw(n, seed=seed, symbols=symbols).pictures).float() / 255


def auroc(normal: Tensor, odd: Tensor) -> float:
    """The probability that an odd one's score is above a normal one's; a tie counts one half."""
    above, tie = odd[:, None] > normal, odd[:, None] == normal
    return (above.double() + tie.double() / 2).mean().item()


def _scores(case: Case, seen: Seen, name: str) -> Tensor:
    """One number for each picture of this kind."""
    if not seen.flag("is callable"):
        nothing = seen.flag("nothing returned")
        raise Wrong.of(ideas.TRAIN_DETECTOR, "nothing-returned" if nothing else "not-a-function")
    value, n = seen[name], len(case[name])
    if isinstance(value, Tensor) and value.shape != (n,):
        shapes = {
            "one-number": (),
            "column": (n, 1),
            "pictures-returned": case[name].shape,
            "pixels-returned": (n, case[name][0].numel()),
        }
        mistake = next((m for m, size in shapes.items() if value.shape == size), "shape")
        raise Wrong.of(ideas.TRAIN_DETECTOR, mistake, f"Its shape is {tuple(value.shape)}; it should be ({n},).")
    if isinstance(value, float):
        raise Wrong.of(ideas.TRAIN_DETECTOR, "one-number")
    return seen.tensor(name, (n,), "score(pictures)")


def _scores_each_alone(case: Case, seen: Seen) -> None:
    digits = _scores(case, seen, "digits")
    if seen.flag("needs a batch"):
        raise Wrong.of(ideas.TRAIN_DETECTOR, "needs-a-batch")
    spread = digits.std().clamp_min(1e-12)
    for name in ("digits among letters", "digits one by one"):
        others = seen.tensor(name, (probes_08.AGAIN[name],), "score(pictures)")
        moves = (others - digits[: len(others)]) / spread
        shift, error = moves.mean().abs(), moves.std() / len(moves) ** 0.5
        if shift > max(CHANGED, SURE * error):
            measured = f"Scores of the same digits move by {shift:.2f} of their spread."
            raise Wrong.of(ideas.TRAIN_DETECTOR, "depends-on-the-batch", measured)


def _finds_letters(case: Case, seen: Seen) -> None:
    digits, letters = (_scores(case, seen, name) for name in ("digits", "letters"))
    found = auroc(digits, letters)
    if found >= LETTERS_FOUND:
        return
    measured = f"The AUROC of letters against digits is {found:.2f}; {LETTERS_FOUND} is asked for."
    raise Wrong.of(ideas.TRAIN_DETECTOR, _why_not_found(case, seen, found), measured)


def _why_not_found(case: Case, seen: Seen, found: float) -> str:
    kinds = ("digits", "letters")
    scores = torch.cat([_scores(case, seen, name) for name in kinds])
    pictures = torch.cat([case[name] for name in kinds]).double().flatten(1)
    average = case["x"].double().flatten(1).mean(0)
    known = {
        "average-picture": (pictures - average).square().sum(1),
        "ink-only": pictures.sum(1),
    }
    if scores.std() < 1e-9:
        return "all-alike"
    if found < REVERSED:
        return "reversed"
    return next((name for name, like in known.items() if abs(_correlation(scores, like)) > ALIKE), "blunt")


def _correlation(one: Tensor, other: Tensor) -> float:
    """Of the ranks."""
    ranks = torch.stack([one.argsort().argsort(), other.argsort().argsort()]).double()
    return torch.corrcoef(ranks)[0, 1].item()


def _finds_halves(case: Case, seen: Seen) -> None:
    digits, halves = (_scores(case, seen, name) for name in ("digits", "halves"))
    found = auroc(digits, halves)
    if found >= HALVES_FOUND:
        return
    _finds_letters(case, seen)  # who does not find letters has another problem
    measured = f"The AUROC of halves against digits is {found:.2f}; {HALVES_FOUND} is asked for."
    raise Wrong.of(ideas.TRAIN_DETECTOR, "less-ink-fewer-nats", measured)


TRAIN_DETECTOR = Task(
    id="08.train_detector",
    answer="train_detector",
    title="From a blank cell: what does not belong",
    criteria=(
        Criterion("score gives each picture a number of its own", 1, _scores_each_alone),
        Criterion("letters score higher than digits", 1, _finds_letters),
        Criterion("so do digits without their lower half", 2, _finds_halves),
    ),
    stages=(Stage(probes_08.trained_detector, _detector_cases),),
    seconds=60.0,
    trains=True,
)

TASKS = (LOG_MEAN_EXP, IWAE_BOUND, PROBE_ACCURACY, ADD_ATTRIBUTE, MIG, TRAIN_DETECTOR)
