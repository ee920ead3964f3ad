"""The tasks of lesson 04: the KL term. What their hints say is in :mod:`.ideas_04`."""

from collections.abc import Iterator
from itertools import product
from math import isnan, log, prod, sqrt

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.grading.task import (
    Case,
    Criterion,
    Lookalikes,
    Seen,
    Stage,
    Task,
    Wrong,
    close,
    compare,
    explain_error,
)
from vaecourse.grading.tasks import ideas_04 as ideas
from vaecourse.grading.worker import probes, probes_04

FACTORS = {0.5: "exactly half", 2.0: "exactly twice as much", -1.0: "exactly the negative"}


def _times(value: Tensor, right: Tensor) -> str:
    """By which simple factor all of ``value`` is off, in words; "" if by none."""
    return next((f" It is {words}." for factor, words in FACTORS.items() if close(value, factor * right)), "")


def _between(rng: torch.Generator, low: float, high: float, *shape: int) -> Tensor:
    """Even random numbers, with one digit behind the point: they are read in hints."""
    return (low + (high - low) * torch.rand(shape, generator=rng)).mul(10).round() / 10


# 1 Discrete distributions ---------------------------------------------------------------------------------

NEVER = "an event that never happens"


def _kl_discrete_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, size in {"two events": 2, "six events": 6, "ten events": 10}.items():
        p, q = torch.randn(2, size, generator=rng).softmax(1)
        yield Case(name, {"p": p, "q": q})
    p, q = torch.randn(2, 5, generator=rng).softmax(1)
    p[2] = 0
    yield Case(NEVER, {"p": p / p.sum(), "q": q})


def _kl_discrete(case: Case, seen: Seen) -> None:
    p, q = case["p"].double(), case["q"].double()
    right = kl_discrete(p, q)
    try:
        value = seen.number("value", "The divergence")
    except Wrong as wrong:
        if wrong.mistake != "not-finite" or p.all():
            raise
        mistake = "zero-times-infinity" if isnan(float(seen["value"])) else "infinite"
        raise Wrong.of(ideas.KL_DISCRETE, mistake) from None
    measured = f"On {case.name} yours is {value:.4f}, the right value is {right:.4f}."
    compare(value, right, _kl_discrete_lookalikes(p, q), ideas.KL_DISCRETE, measured)


def kl_discrete(p: Tensor, q: Tensor) -> float:
    """KL(p‖q) in nats of probabilities (K,); p may have zeros, q none."""
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum().item()


def _kl_discrete_lookalikes(p: Tensor, q: Tensor) -> Lookalikes:
    right, happens = kl_discrete(p, q), p > 0
    swapped = kl_discrete(q[happens], p[happens])
    ratios = (p[happens] / q[happens]).log()
    cross_entropy, entropy = -torch.xlogy(p, q).sum(), -torch.xlogy(p, p).sum()
    yield "swapped", swapped
    yield "sign", -right
    yield "weighted-by-q", -swapped
    yield "cross-entropy", cross_entropy
    yield "cross-entropy", -cross_entropy
    yield "entropy", entropy
    yield "entropy", -entropy
    yield "bits", right / log(2)
    yield "mean-over-events", right / len(p)
    for sign, without in product((1, -1), ((p * q).sum(), (p * p / q).sum(), (p * (p - q)).sum())):
        yield "no-logarithm", sign * without
    yield "no-logarithm", -entropy - (p * q).sum()
    yield "no-logarithm", torch.xlogy(q, q).sum() - (p * q).sum()  # kl_div(p, q)
    yield "not-weighted", ratios.sum()
    yield "not-weighted", ratios.mean()
    yield "symmetric", right + swapped
    yield "symmetric", (right + swapped) / 2
    yield "absolute-value", (p[happens] * ratios.abs()).sum()


KL_DISCRETE = Task(
    id="04.kl_discrete",
    answer="kl_discrete",
    title="Two dice",
    criteria=(
        Criterion("p log(p/q), summed over the events", 1, _kl_discrete, ("two events", "six events", "ten events")),
        Criterion("an event that never happens adds nothing", 1, _kl_discrete, (NEVER,)),
    ),
    stages=(Stage(probes.call, _kl_discrete_cases),),
)


# 2 Two Gaussians ------------------------------------------------------------------------------------------

SAME_MEAN, SAME_SPREAD = "Gaussians with the same mean", "Gaussians with the same spread"
DIFFERENT = ("Gaussians that differ in both", "a table of Gaussians")


def _gaussian_kl_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in {SAME_MEAN: (6,), SAME_SPREAD: (6,), DIFFERENT[0]: (5,), DIFFERENT[1]: (2, 3)}.items():
        mu_0, sigma_0 = _between(rng, -2, 2, *shape), _between(rng, 0.4, 0.9, *shape)
        # At some distance from each other, and on both sides: no mistake may look right by chance.
        mu_1, sigma_1 = mu_0 + _between(rng, 0.6, 2, *shape), _between(rng, 1.2, 2.5, *shape)
        turned = torch.rand(shape, generator=rng) < 0.5
        sigma_0, sigma_1 = torch.where(turned, sigma_1, sigma_0), torch.where(turned, sigma_0, sigma_1)
        if name == SAME_MEAN:
            mu_1 = mu_0
        elif name == SAME_SPREAD:
            sigma_1 = sigma_0
        yield Case(name, {"mu_0": mu_0, "sigma_0": sigma_0, "mu_1": mu_1, "sigma_1": sigma_1})


def _gaussian_kl(case: Case, seen: Seen) -> None:
    explain_error(seen, ("converted to Python scalars",), "one-by-one", ideas.GAUSSIAN_KL)
    given = [case[name].double() for name in ("mu_0", "sigma_0", "mu_1", "sigma_1")]
    value, right = seen.tensor("value", what="The divergence"), gaussian_kl(*given)
    if value.shape == () and right.numel() > 1 and any(close(value, r) for r in (right.sum(), right.mean())):
        raise Wrong.of(ideas.GAUSSIAN_KL, "summed", f"The shape should be {tuple(right.shape)}.")
    value = seen.tensor("value", right.shape, "The divergence")
    compare(value, right, _gaussian_kl_lookalikes(*given), ideas.GAUSSIAN_KL, _worst_pair(case, value, right))


def gaussian_kl(mu_0: Tensor, sigma_0: Tensor, mu_1: Tensor, sigma_1: Tensor) -> Tensor:
    """KL(N(μ₀, σ₀²)‖N(μ₁, σ₁²)) of tensors of one shape."""
    return (sigma_1 / sigma_0).log() + (sigma_0**2 + (mu_0 - mu_1) ** 2) / (2 * sigma_1**2) - 0.5


def _worst_pair(case: Case, value: Tensor, right: Tensor) -> str:
    worst = (value - right).abs().argmax()
    mu_0, sigma_0, mu_1, sigma_1 = (case[name].flatten()[worst] for name in ("mu_0", "sigma_0", "mu_1", "sigma_1"))
    return (
        f"For μ₀ = {mu_0:.1f}, σ₀ = {sigma_0:.1f}, μ₁ = {mu_1:.1f}, σ₁ = {sigma_1:.1f} your KL is "
        f"{value.flatten()[worst]:.3f}, the right value is {right.flatten()[worst]:.3f}.{_times(value, right)}"
    )


def _gaussian_kl_lookalikes(mu_0: Tensor, sigma_0: Tensor, mu_1: Tensor, sigma_1: Tensor) -> Lookalikes:
    right, ratio = gaussian_kl(mu_0, sigma_0, mu_1, sigma_1), (sigma_1 / sigma_0).log()
    d, rest = mu_0 - mu_1, right - (sigma_1 / sigma_0).log()
    yield "swapped", gaussian_kl(mu_1, sigma_1, mu_0, sigma_0)
    yield "sign", -right
    yield "no-half", 2 * right
    yield "half-twice", right / 2
    yield "log-sigma", ratio + 2 * rest
    yield "log-sigma", ratio / 2 + rest
    yield "sigma-as-variance", gaussian_kl(mu_0, sigma_0.sqrt(), mu_1, sigma_1.sqrt())
    yield "sigma-as-variance", ratio + (sigma_0 + d**2) / (2 * sigma_1) - 0.5
    yield "variance-as-sigma", gaussian_kl(mu_0, sigma_0**2, mu_1, sigma_1**2)
    yield "log-upside-down", right - 2 * ratio
    yield "no-log", rest
    yield "mean-not-squared", right + (d - d**2) / (2 * sigma_1**2)
    yield "mean-not-squared", right + (d.abs() - d**2) / (2 * sigma_1**2)
    yield "mean-not-squared", right + (-d - d**2) / (2 * sigma_1**2)
    yield "mean-over-own-spread", right + d**2 / (2 * sigma_0**2) - d**2 / (2 * sigma_1**2)
    yield "no-means", right - d**2 / (2 * sigma_1**2)
    yield "constant", right + 0.5
    yield "constant", right - 0.5
    yield "constant", right + 1
    squares = sigma_0**2 + d**2
    yield "factor-two", ratio + squares / sigma_1**2 - 0.5
    yield "brackets", ratio + squares / 2 * sigma_1**2 - 0.5
    yield "brackets", ratio + sigma_0**2 + d**2 / (2 * sigma_1**2) - 0.5
    yield "own-spread", ratio + squares / (2 * sigma_0**2) - 0.5
    yield "not-squared-below", ratio + squares / (2 * sigma_1) - 0.5
    yield "log-of-variances", right + ratio
    yield "log-missing", rest + sigma_1 / sigma_0
    yield "bits", rest + ratio / log(2)
    yield "standard-normal", gaussian_kl(mu_0, sigma_0, torch.zeros_like(mu_0), torch.ones_like(mu_0))


GAUSSIAN_KL = Task(
    id="04.gaussian_kl",
    answer="gaussian_kl",
    title="Two Gaussians",
    criteria=(
        Criterion("what the spreads do, where the means are the same", 1, _gaussian_kl, (SAME_MEAN,)),
        Criterion("what the means do, where the spreads are the same", 1, _gaussian_kl, (SAME_SPREAD,)),
        Criterion("both together, one number for each pair", 1, _gaussian_kl, DIFFERENT),
    ),
    stages=(Stage(probes.call, _gaussian_kl_cases),),
)


# 3 To the standard normal ---------------------------------------------------------------------------------

ONE_DIMENSION = "codes of one dimension"
CODES = {ONE_DIMENSION: (5, 1), "codes of three dimensions": (4, 3), "one code": (1, 5), "long codes": (3, 20)}
SEVERAL_DIMENSIONS = tuple(name for name in CODES if name != ONE_DIMENSION)


def _kl_to_standard_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in CODES.items():
        mu, logvar = _between(rng, 0.5, 2, *shape), _between(rng, 0.3, 1.5, *shape)
        signs = torch.randint(2, (2, *shape), generator=rng) * 2 - 1
        yield Case(name, {"wrt": ["mu", "logvar"], "mu": mu * signs[0], "logvar": logvar * signs[1]})


def _value(seen: Seen) -> Tensor:
    value = seen["value"]
    if isinstance(value, Tensor) and value.isnan().any():
        raise Wrong.of(ideas.KL_TO_STANDARD, "not-a-number")
    return seen.tensor("value", what="The KL")


def _kl_to_standard(case: Case, seen: Seen) -> None:
    mu, logvar = case["mu"].double(), case["logvar"].double()
    value, right = _value(seen), kl_to_standard(mu, logvar)
    lookalikes = list(_kl_to_standard_lookalikes(mu, logvar))
    if not any(value.shape == result.shape for _, result in lookalikes):
        seen.tensor("value", right.shape, "The KL")
    measured = ""
    if value.shape == right.shape:
        measured = f"On {case.name}, {_code(mu[0], logvar[0])}: your KL is {value[0]:.3f}, the right value is "
        measured += f"{right[0]:.3f}.{_times(value, right)}"
    compare(value, right, lookalikes, ideas.KL_TO_STANDARD, measured)


def _code(mu: Tensor, logvar: Tensor) -> str:
    """The first picture's code in words."""
    if len(mu) == 1:
        return f"μ = {mu.item():.1f}, log σ² = {logvar.item():.1f} (σ = {(logvar / 2).exp().item():.2f})"
    return f"μ = ({mu[0]:.1f}, {mu[1]:.1f}, ...), log σ² = ({logvar[0]:.1f}, {logvar[1]:.1f}, ...)"


def kl_to_standard(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(μ, diag σ²)‖N(0, I)) of codes (N, D), one number each."""
    return _half_sum(logvar.exp(), mu**2, logvar)


def _half_sum(variance: Tensor, square: Tensor, log_variance: Tensor) -> Tensor:
    return 0.5 * (variance + square - 1 - log_variance).sum(1)


def _kl_to_standard_lookalikes(mu: Tensor, logvar: Tensor) -> Lookalikes:
    right, variance, square, size = kl_to_standard(mu, logvar), logvar.exp(), mu**2, mu.shape[1]
    yield "log-sigma-and-half", 2 * _half_sum(variance, square, logvar / 2)
    yield "log-sigma", _half_sum((2 * logvar).exp(), square, 2 * logvar)
    yield "log-sigma-term", _half_sum(variance, square, logvar / 2)
    yield "log-sigma-term", _half_sum(variance, square, 2 * logvar)
    yield "no-half", 2 * right
    yield "half-twice", right / 2
    yield "sign", -right
    yield "sigma-for-variance", _half_sum((logvar / 2).exp(), square, logvar)
    yield "sigma-for-variance-twice", _half_sum((logvar / 2).exp(), square, logvar / 2)
    yield "variance-squared", _half_sum((2 * logvar).exp(), square, logvar)
    yield "no-exponential", _half_sum(logvar, square, logvar)
    yield "no-exponential", _half_sum(logvar**2, square, logvar)
    yield "no-exponential", _half_sum(logvar**2, square, (logvar**2).log())
    yield "half-of-one-part", (0.5 * variance + square - 1 - logvar).sum(1)
    yield "half-of-one-part", (variance + 0.5 * square - 1 - logvar).sum(1)
    yield "swapped", 0.5 * (logvar + (1 + square) / variance - 1).sum(1)
    yield "mean-over-dimensions", right / size
    yield "no-one", right + size / 2
    yield "one-once", right + (size - 1) / 2
    yield "mean-not-squared", _half_sum(variance, mu, logvar)
    yield "mean-not-squared", _half_sum(variance, mu.abs(), logvar)
    yield "no-mean", _half_sum(variance, torch.zeros_like(mu), logvar)
    yield "log-sign", _half_sum(variance, square, -logvar)
    yield "no-log", _half_sum(variance, square, torch.zeros_like(mu))
    each = 0.5 * (variance + square - 1 - logvar)
    yield "not-summed", each
    yield "not-summed", right[:, None]
    yield "sum-over-pictures", right.sum()
    yield "sum-over-pictures", each.sum(0)
    yield "mean-over-pictures", right.mean()
    yield "mean-over-pictures", each.mean()
    yield "mean-over-pictures", each.mean(0)


def _kl_to_standard_gradient(case: Case, seen: Seen) -> None:
    mu, logvar = case["mu"].double(), case["logvar"].double()
    value = _value(seen)
    gradients = {"d/dmu": mu, "d/dlogvar": 0.5 * (logvar.exp() - 1)}
    for name, right in gradients.items():
        if seen[name] is None:
            raise Wrong.of(ideas.KL_TO_STANDARD, "no-gradient")
        gradient = seen.tensor(name, right.shape, "The gradient")
        if not gradient.any():
            raise Wrong.of(ideas.KL_TO_STANDARD, "no-gradient")
        if close(value, kl_to_standard(mu, logvar)) and not close(gradient, right):
            raise Wrong.of(ideas.KL_TO_STANDARD, "other-gradient")


KL_TO_STANDARD = Task(
    id="04.kl_to_standard",
    answer="kl_to_standard",
    title="The KL of a code",
    criteria=(
        Criterion("the closed form, in one dimension", 1, _kl_to_standard, (ONE_DIMENSION,)),
        Criterion("summed over the dimensions, one number a picture", 1, _kl_to_standard, SEVERAL_DIMENSIONS),
        Criterion("its gradient reaches mu and logvar", 1, _kl_to_standard_gradient),
    ),
    stages=(Stage(probes.gradients, _kl_to_standard_cases),),
)


# 4 Monte Carlo --------------------------------------------------------------------------------------------

CALLS = 40
"""A right answer may draw its numbers one by one, and has to have the time for all of them."""
SURE = 6.0
"""Standard deviations that an average may be off: a right answer is farther off about twice in 10⁹ judgements."""
ERROR_OFF = 0.2
"""How far the mean of the reported standard errors may be off, as a share; that is six standard deviations or more."""
OWN_ERROR_OFF = 0.3
"""The same, beside the scatter that was seen."""
SCATTER = (0.45, 1.8)
"""Of the estimates, as multiples of the right one; for 40 right ones 0.5 to 1.6 has all but one case in 10⁶."""
LIKE = 0.1
"""Share by which the result of a mistake may be off to be named: it is a guess at what happened, not a judgement."""
GRID = torch.linspace(-30, 30, 6_001, dtype=torch.float64)
"""For integrals; the densities below are far narrower, and are 0 in double precision at its ends."""


def _monte_carlo_cases(rng: torch.Generator) -> Iterator[Case]:
    one, sides = torch.ones(1), torch.tensor([-1.0, 1.0])
    # p is far narrower than q, so that the two directions of the KL are far from each other.
    for name, n in {"two Gaussians": 120, "Gaussians the other way round": 80}.items():
        q = {"weights": one, "means": _between(rng, -1, 1, 1), "stds": _between(rng, 1.0, 1.3, 1)}
        p = {"weights": one, "means": q["means"] + _between(rng, 1.2, 1.6, 1), "stds": _between(rng, 0.6, 0.7, 1)}
        if n < 120:
            p["means"] = q["means"] - (p["means"] - q["means"])
        yield Case(name, {"q": q, "p": p, "n": n, "calls": CALLS})
    q = {"weights": one, "means": _between(rng, 0.3, 0.6, 1), "stds": _between(rng, 1.0, 1.2, 1)}
    p = {
        "weights": torch.tensor([0.3, 0.7]),
        "means": sides * _between(rng, 1.8, 2.2, 1),
        "stds": torch.full((2,), 0.5),
    }
    yield Case("a Gaussian and two bumps", {"q": q, "p": p, "n": 120, "calls": CALLS})


class _Ratio:
    """log q - log p of a case, by integration: its averages over q and over p."""

    def __init__(self, case: Case):
        given = ({name: value.double() for name, value in case[side].items()} for side in ("q", "p"))
        self.log_q, self.log_p = (probes_04.distribution(**parameters).log_prob(GRID) for parameters in given)
        self.ratio = self.log_q - self.log_p
        self.kl, self.n = self.over_q(self.ratio), case["n"]
        self.std = sqrt(self.over_q((self.ratio - self.kl) ** 2))
        self.error = self.std / sqrt(self.n)
        center = self.over_q(GRID)
        self.std_of_draws = sqrt(self.over_q((GRID - center) ** 2))

    def over_q(self, values: Tensor) -> float:
        return torch.trapezoid(self.log_q.exp() * values, GRID).item()

    def over_p(self, values: Tensor) -> float:
        return torch.trapezoid(self.log_p.exp() * values, GRID).item()

    def estimates_of_mistakes(self) -> Iterator[tuple[str, float]]:
        yield "sign", -self.kl
        yield "swapped", -self.over_p(self.ratio)
        yield "drawn-from-p", self.over_p(self.ratio)
        yield "cross-entropy", -self.over_q(self.log_p)
        yield "entropy", -self.over_q(self.log_q)
        yield "entropy", self.over_q(self.log_q)
        yield "logarithm-misplaced", self.over_q(self.log_q.exp() - self.log_p.exp())
        yield "weighted-twice", self.over_q(self.log_q.exp() * self.ratio)
        yield "logarithm-misplaced", 0.0
        yield "sum", self.n * self.kl
        yield "absolute-value", self.over_q(self.ratio.abs())

    def errors_of_mistakes(self) -> Iterator[tuple[str, float]]:
        yield "error-not-divided", self.std
        yield "error-over-n", self.std / self.n
        yield "draws-for-ratios", self.std_of_draws / sqrt(self.n)
        yield "variance-for-error", self.std**2
        yield "variance-for-error", self.std**2 / self.n
        yield "variance-for-error", self.std**2 / sqrt(self.n)


def _like(value: float, other: float, share: float = LIKE) -> bool:
    return abs(value - other) <= share * abs(other)


def _pairs(seen: Seen) -> tuple[Tensor, Tensor]:
    """Estimates and standard errors, of all calls."""
    if seen["pairs"] is None:
        raise Wrong.of(ideas.MONTE_CARLO_KL, "not-a-pair")
    return seen.tensor("pairs", (CALLS, 2), "What is returned").unbind(1)


def _estimates_the_kl(case: Case, seen: Seen) -> None:
    (values, errors), right = _pairs(seen), _Ratio(case)
    mean, spread = values.mean().item(), values.std().item()
    measured = (
        f"On {case.name}, with n = {right.n}, your estimates are {mean:.3f} on average, the right value is "
        f"{right.kl:.3f}."
    )
    if spread < 1e-3 * right.error:
        raise Wrong.of(ideas.MONTE_CARLO_KL, "same-draws", f"On {case.name} it is {mean:.3f} at every call.")
    scattered = f"On {case.name}, with n = {right.n}, they scatter by {spread:.3f}; {right.error:.3f} is right."
    if spread > SCATTER[1] * right.error and abs(mean - right.kl) < SURE * spread / sqrt(CALLS):
        raise Wrong.of(ideas.MONTE_CARLO_KL, "other-count", scattered)
    if abs(mean - right.kl) > SURE * right.error / sqrt(CALLS):
        if _like(errors.mean().item(), right.kl) and _like(mean, right.error, ERROR_OFF):
            raise Wrong.of(ideas.MONTE_CARLO_KL, "pair-swapped", measured)
        name, nearest = min(right.estimates_of_mistakes(), key=lambda mistake: abs(mean - mistake[1]))
        near = _like(mean, nearest) or abs(mean - nearest) < LIKE * right.kl
        raise Wrong.of(ideas.MONTE_CARLO_KL, name if near else "other", measured)
    if not SCATTER[0] < spread / right.error < SCATTER[1]:
        raise Wrong.of(ideas.MONTE_CARLO_KL, "other-count", scattered)


def _knows_its_error(case: Case, seen: Seen) -> None:
    (values, errors), right = _pairs(seen), _Ratio(case)
    value = errors.mean().item()
    # A wrong estimate may come with the right error, its own.
    if _like(value, right.error, ERROR_OFF) or _like(value, values.std().item(), OWN_ERROR_OFF):
        return
    measured = f"On {case.name}, with n = {right.n}, yours is {value:.4f} on average; {right.error:.4f} is right."
    if values.std() < 1e-3 * right.error:
        raise Wrong.of(ideas.MONTE_CARLO_KL, "same-draws", f"On {case.name} it is {values.mean():.3f} at every call.")
    if _like(value, right.kl, ERROR_OFF) and _like(values.mean().item(), right.error, ERROR_OFF):
        raise Wrong.of(ideas.MONTE_CARLO_KL, "pair-swapped", measured)
    name, nearest = min(right.errors_of_mistakes(), key=lambda mistake: abs(value - mistake[1]))
    raise Wrong.of(ideas.MONTE_CARLO_KL, name if _like(value, nearest, ERROR_OFF) else "other-error", measured)


MONTE_CARLO_KL = Task(
    id="04.monte_carlo_kl",
    answer="monte_carlo_kl",
    title="Without a formula",
    criteria=(
        Criterion("right on average, with fresh draws at every call", 2, _estimates_the_kl),
        Criterion("the standard error says how far the estimates scatter", 1, _knows_its_error),
    ),
    stages=(Stage(probes_04.estimates, _monte_carlo_cases),),
    seconds=12.0,  # drawing one by one takes 3 seconds on a slow machine
)


# 5 Many dimensions ----------------------------------------------------------------------------------------

SAME_CENTRE, DIFFERENT_CENTRES = ("the same mean",), ("two dimensions", "four dimensions")
HUNDRED = "a hundred dimensions"
SIZES = {SAME_CENTRE[0]: 3, DIFFERENT_CENTRES[0]: 2, DIFFERENT_CENTRES[1]: 4, HUNDRED: 100}
SMALL = 1e-4
"""Scale of the covariances in a hundred dimensions: their determinants are below 1e-400."""


def _multivariate_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, k in SIZES.items():
        scale = SMALL if name == HUNDRED else 1.0
        mu_0, mu_1 = torch.randn(2, k, generator=rng) * sqrt(scale)
        if name in SAME_CENTRE:
            mu_1 = mu_0
        Sigma_0, Sigma_1 = scale * _covariance(rng, k, 0.5), scale * _covariance(rng, k, 1.4)
        yield Case(name, {"mu_0": mu_0, "Sigma_0": Sigma_0, "mu_1": mu_1, "Sigma_1": Sigma_1})


def _covariance(rng: torch.Generator, k: int, scale: float) -> Tensor:
    """Of unequal spreads, and with the dimensions moving together; well-conditioned."""
    directions, _ = torch.linalg.qr(torch.randn(k, k, generator=rng, dtype=torch.float64))
    variances = scale * torch.linspace(0.4, 2.5, k, dtype=torch.float64)
    Sigma = directions * variances @ directions.T
    return ((Sigma + Sigma.T) / 2).float()


def _multivariate_kl(case: Case, seen: Seen) -> None:
    given = [case[name].double() for name in ("mu_0", "Sigma_0", "mu_1", "Sigma_1")]
    right = _Terms(*given).kl
    try:
        value = seen.number("value", "The divergence")
    except Wrong as wrong:
        if wrong.mistake == "not-finite" and case.name == HUNDRED:
            raise Wrong.of(ideas.MULTIVARIATE_KL, "determinant-underflows") from None
        raise
    measured = f"On {case.name} yours is {value:.3f}, the right value is {right:.3f}."
    measured += _times(torch.tensor(value), right)
    compare(value, right, _multivariate_lookalikes(*given), ideas.MULTIVARIATE_KL, measured)


class _Terms:
    """The parts of the KL between two Gaussians in k dimensions."""

    def __init__(self, mu_0: Tensor, Sigma_0: Tensor, mu_1: Tensor, Sigma_1: Tensor):
        self.d, self.k, self.inverse = mu_1 - mu_0, len(mu_0), torch.linalg.inv(Sigma_1)
        self.trace = (self.inverse @ Sigma_0).trace()
        self.means = self.d @ self.inverse @ self.d
        self.log_ratio = torch.logdet(Sigma_1) - torch.logdet(Sigma_0)

    @property
    def kl(self) -> Tensor:
        return 0.5 * (self.trace + self.means - self.k + self.log_ratio)


def _multivariate_lookalikes(mu_0: Tensor, Sigma_0: Tensor, mu_1: Tensor, Sigma_1: Tensor) -> Lookalikes:
    own = _Terms(mu_0, Sigma_0, mu_1, Sigma_1)
    other, right, d, inverse = _Terms(mu_1, Sigma_1, mu_0, Sigma_0), own.kl, own.d, own.inverse
    yield "swapped", other.kl
    yield "sign", -right
    yield "no-half", 2 * right
    yield "half-twice", right / 2
    yield "k-missing", right + own.k / 2
    yield "k-outside", right - own.k / 2
    yield "log-upside-down", right - own.log_ratio
    yield "no-determinants", right - own.log_ratio / 2
    yield "no-log", right + (own.log_ratio.exp() - own.log_ratio) / 2
    yield "diagonals-only", _Terms(mu_0, Sigma_0.diag().diag(), mu_1, Sigma_1.diag().diag()).kl
    yield "diagonals-only", right + ((Sigma_0.diag() / Sigma_1.diag()).sum() - own.trace) / 2
    yield "diagonal-between-means", right + ((d**2 / Sigma_1.diag()).sum() - own.means) / 2
    yield "no-means", right - own.means / 2
    yield "means-not-weighted", right + (d @ d - own.means) / 2
    traces = {
        "other-inverse": other.trace,
        "no-inverse": (Sigma_1 @ Sigma_0).trace(),
        "elementwise-inverse": (Sigma_0 / Sigma_1).sum(),
        "elementwise-product": (inverse * Sigma_0).trace(),
        "product-of-traces": inverse.trace() * Sigma_0.trace(),
    }
    quadratics = {
        "other-inverse": other.means,
        "no-inverse": d @ Sigma_1 @ d,
        "elementwise-inverse": d @ (1 / Sigma_1) @ d,
    }
    for name in traces:
        means = quadratics.get(name, own.means)
        for trace, quadratic in ((traces[name], means), (traces[name], own.means), (own.trace, means)):
            yield name, right + (trace - own.trace + quadratic - own.means) / 2


MULTIVARIATE_KL = Task(
    id="04.multivariate_kl",
    answer="multivariate_kl",
    title="Covariances",
    criteria=(
        Criterion("trace, dimension and determinants, where the means are the same", 2, _multivariate_kl, SAME_CENTRE),
        Criterion("the distance of the means, as Σ₁ measures it", 1, _multivariate_kl, DIFFERENT_CENTRES),
        Criterion(
            "in a hundred dimensions, too, where a determinant is too small to hold", 1, _multivariate_kl, (HUNDRED,)
        ),
    ),
    stages=(Stage(probes.call, _multivariate_cases),),
)


# 6 The loss, mended ---------------------------------------------------------------------------------------

MANY = "many codes"
PICTURES = ("grey pictures", "colour pictures")
PLAIN = ("a decoder that does not look at z", "one picture, and a decoder that does not look at z")
SIGMAS = (0.4, 0.7, 1.5, 2.0)
"""Of the dimensions where the noise is looked at: no two readings of σ give the same spread."""
DRAWS = 3_000
"""Codes of which the noise is looked at."""
OFF = SURE / sqrt(DRAWS)
"""How far the mean, or a correlation, of so many standard normal numbers may be from 0; of their spread from 1, /√2."""


FAR = 1e6
"""No code of a right answer is so far out."""


def _mended_loss_cases(rng: torch.Generator) -> Iterator[Case]:
    log_sigma = torch.tensor(SIGMAS).log().expand(DRAWS, len(SIGMAS)).contiguous()
    yield _loss_case(rng, MANY, (DRAWS, 1, 1, 2), log_sigma)
    for name, shape in zip(PICTURES + PLAIN, ((5, 1, 4, 3), (3, 3, 2, 3), (4, 1, 3, 2), (1, 1, 2, 4)), strict=True):
        log_sigma = _between(rng, 0.3, 1, shape[0], 3) * (torch.randint(2, (shape[0], 3), generator=rng) * 2 - 1)
        yield _loss_case(rng, name, shape, log_sigma)


def _loss_case(rng: torch.Generator, name: str, shape: tuple[int, ...], log_sigma: Tensor) -> Case:
    signs = torch.randint(2, log_sigma.shape, generator=rng) * 2 - 1
    mu = _between(rng, 0.5, 1.5, *log_sigma.shape) * signs
    pixels = prod(shape[1:])
    weight = torch.randn(log_sigma.shape[1], pixels, generator=rng) / 2
    given = {
        "x": torch.rand(shape, generator=rng),
        "mu": mu,
        "log_sigma": log_sigma,
        "weight": torch.zeros_like(weight) if name in PLAIN else weight,
        "bias": torch.randn(pixels, generator=rng) / 2,
    }
    return Case(name, given)


def _decoded(case: Case, seen: Seen, where: str = "") -> list[Tensor]:
    """The codes that were decoded, in each call of decode."""
    codes = seen[f"z{where}"]
    if not isinstance(codes, list) or not codes:
        raise Wrong.of(ideas.MENDED_LOSS, "not-decoded")
    if not all(isinstance(z, Tensor) and z.shape == case["mu"].shape and (z.abs() < FAR).all() for z in codes):
        raise Wrong.of(ideas.MENDED_LOSS, "not-decoded")
    return [z.double() for z in codes]


def _codes_are_drawn(case: Case, seen: Seen) -> None:
    z, again = _decoded(case, seen)[0], _decoded(case, seen, " at the prior")[0]
    mu, sigma = case["mu"].double(), case["log_sigma"].double().exp()
    noise = z - mu
    epsilon = noise / sigma
    spread, right = noise.std(0), sigma[0]
    if noise.abs().max() < 1e-4:
        raise Wrong.of(ideas.MENDED_LOSS, "no-noise")
    if close((noise / mu).std(0), torch.ones(len(right)), rtol=0.15):
        raise Wrong.of(ideas.MENDED_LOSS, "mu-times-noise")
    if epsilon.std(0).max() < 1e-4:
        raise Wrong.of(ideas.MENDED_LOSS, "one-draw-for-all-pictures")
    if close(z.std(0), right, rtol=0.15) and not close(spread, right, rtol=0.15):
        raise Wrong.of(ideas.MENDED_LOSS, "no-mean")
    if epsilon.min() >= -1e-4 and epsilon.max() <= 1 + 1e-4:
        raise Wrong.of(ideas.MENDED_LOSS, "uniform-noise")
    readings = {"variance-as-sigma": right**2, "half-log-sigma": right.sqrt(), "log-sigma-as-sigma": right.log().abs()}
    like = [name for name, other in readings.items() if close(spread, other, rtol=0.12)]
    off = (epsilon.std(0) - 1).abs().max() > OFF / sqrt(2) or epsilon.mean(0).abs().max() > OFF
    if off:
        measured = (
            f"At σ = {right[0]:.1f} and {right[-1]:.1f} your codes scatter by {spread[0]:.2f} and {spread[-1]:.2f}."
        )
        raise Wrong.of(ideas.MENDED_LOSS, like[0] if like else "other-codes", measured)
    if _correlated(epsilon[:, :-1], epsilon[:, 1:]):
        raise Wrong.of(ideas.MENDED_LOSS, "one-draw-for-all-dimensions")
    if _correlated(epsilon[:-1], epsilon[1:]):
        raise Wrong.of(ideas.MENDED_LOSS, "one-draw-for-all-pictures")
    if _correlated(epsilon, again):
        raise Wrong.of(ideas.MENDED_LOSS, "noise-drawn-once")


def _correlated(one: Tensor, other: Tensor) -> bool:
    return bool((one * other).mean(0).abs().max() > OFF)


def _reconstruction(case: Case, codes: list[Tensor], x: Tensor) -> Tensor:
    """-log p(x|z) of pictures (N, pixels), summed over the pixels, averaged over the pictures and the draws."""
    x_hats = [torch.sigmoid(z @ case["weight"].double() + case["bias"].double()) for z in codes]
    return sum(F.binary_cross_entropy(x_hat, x, reduction="sum") for x_hat in x_hats) / len(x) / len(codes)


def _is_a_log_likelihood(case: Case, seen: Seen) -> None:
    """At the prior the KL is 0, also in most of its faulty forms, so that the reconstruction is alone."""
    value = seen.number("value at the prior", "The loss")
    codes, x = _decoded(case, seen, " at the prior"), case["x"].double().flatten(1)
    right = _reconstruction(case, codes, x)
    measured = f"On {case.name}, at μ = 0 and σ = 1, your loss is {value:.3f}; -log p(x|z) is {right:.3f}."
    if close(value, right):
        return
    lookalikes = _reconstruction_lookalikes(case, codes[0], x, right)
    mistake = next((name for name, other in lookalikes if close(value, other)), "other-reconstruction")
    raise Wrong.of(ideas.MENDED_LOSS, mistake, measured)


def _reconstruction_lookalikes(case: Case, z: Tensor, x: Tensor, right: Tensor) -> Lookalikes:
    x_hat = torch.sigmoid(z @ case["weight"].double() + case["bias"].double())
    n, square = len(x), (x - x_hat).square()
    once_more = F.binary_cross_entropy_with_logits(x_hat, x, reduction="sum") / n
    for factor in (1, 1 / x.shape[1], n):
        yield "sigmoid-twice", once_more * factor
    for root in (square.mean().sqrt(), square.mean(1).sqrt().mean(), square.sum(1).sqrt().mean()):
        yield "rmse", root
    for factor in (1.0, 0.5, 1 / x.shape[1], 0.5 / x.shape[1], n):
        yield "squared-error", square.sum(1).mean() * factor
    yield "mean-over-pixels", right / x.shape[1]
    yield "reconstruction-summed-over-pictures", right * n
    yield "reconstruction-sign", -right
    yield "one-sided", -(x * x_hat.log()).sum(1).mean()
    yield "target-swapped", F.binary_cross_entropy(x, x_hat, reduction="sum") / n
    for sign in (1, -1):
        yield "no-logarithm", sign * (x * x_hat).sum(1).mean()
        yield "no-logarithm", sign * (x * x_hat + (1 - x) * (1 - x_hat)).sum(1).mean()


def _kl_is_right(case: Case, seen: Seen) -> None:
    """The decoder gives the same picture for all codes, so that the KL is all that changes with them."""
    value = seen.number("value", "The loss") - seen.number("value at the prior", "The loss")
    mu, log_sigma = case["mu"].double(), case["log_sigma"].double()
    right = kl_to_standard(mu, 2 * log_sigma).mean()
    if close(value, right, atol=1e-4):
        return
    measured = f"On {case.name} your KL is {value:.3f}, the right value is {right:.3f}."
    for mistakes, other in _kl_lookalikes(mu, log_sigma):
        if close(value, other, atol=1e-4):
            raise Wrong(mistakes[0], " ".join(ideas.MENDED_LOSS[name] for name in mistakes), measured)
    raise Wrong.of(ideas.MENDED_LOSS, "other-kl", measured)


def _kl_lookalikes(mu: Tensor, log_sigma: Tensor) -> Iterator[tuple[tuple[str, ...], Tensor]]:
    """Sets of mistakes, and what they give together."""
    variances = {(): (2 * log_sigma).exp(), ("exp-as-variance",): log_sigma.exp()}
    logarithms = {(): 2 * log_sigma, ("log-sigma",): log_sigma}
    factors = {(): 1, ("no-half",): 2}
    for (v, variance), (k, logarithm), (f, factor) in product(variances.items(), logarithms.items(), factors.items()):
        if v or k or f:
            yield v + k + f, factor * _half_sum(variance, mu**2, logarithm).mean()
    right, (n, size) = kl_to_standard(mu, 2 * log_sigma).mean(), mu.shape
    yield ("no-kl",), torch.zeros_like(right)
    yield ("kl-sign",), -right
    yield ("kl-mean-over-dimensions",), right / size
    yield ("kl-sum-over-pictures",), right * n
    yield ("kl-swapped",), 0.5 * (2 * log_sigma + (1 + mu**2) / (2 * log_sigma).exp() - 1).sum(1).mean()


def _gradient_passes(case: Case, seen: Seen) -> None:
    value = seen.number("value", "The loss")
    if seen["d/dmu"] is None or seen["d/dlog_sigma"] is None:
        raise Wrong.of(ideas.MENDED_LOSS, "no-gradient")
    codes = _decoded(case, seen)
    mu, log_sigma = (case[name].double().requires_grad_() for name in ("mu", "log_sigma"))
    with torch.enable_grad():
        kl = kl_to_standard(mu, 2 * log_sigma).mean()
        noise = [((z - mu) / log_sigma.exp()).detach() for z in codes]
        drawn = [mu + log_sigma.exp() * epsilon for epsilon in noise]
        loss = _reconstruction(case, drawn, case["x"].double().flatten(1)) + kl
        right = torch.autograd.grad(loss, (mu, log_sigma), retain_graph=True)
        of_the_kl = torch.autograd.grad(kl, (mu, log_sigma))
    if not close(value, loss.item()):
        raise Wrong.of(ideas.MENDED_LOSS, "not-yet-right")
    gradients = [seen.tensor(name, mu.shape, "The gradient") for name in ("d/dmu", "d/dlog_sigma")]
    if all(close(gradient, other) for gradient, other in zip(gradients, right, strict=True)):
        return
    detached = all(close(gradient, other) for gradient, other in zip(gradients, of_the_kl, strict=True))
    raise Wrong.of(ideas.MENDED_LOSS, "detached" if detached else "other-gradient")


MENDED_LOSS = Task(
    id="04.mended_loss",
    answer="mended_loss",
    title="Spot the errors, from a blank cell",
    criteria=(
        Criterion("the codes that are decoded are z = μ + σ ε", 1, _codes_are_drawn, (MANY,)),
        Criterion("the reconstruction is -log p(x|z), in nats", 1, _is_a_log_likelihood, PICTURES),
        Criterion("the KL is the closed form, in nats", 2, _kl_is_right, PLAIN),
        Criterion("the gradient of both reaches mu and log_sigma", 1, _gradient_passes, PICTURES),
    ),
    stages=(Stage(probes_04.vae_loss, _mended_loss_cases),),
)

TASKS = (KL_DISCRETE, GAUSSIAN_KL, KL_TO_STANDARD, MONTE_CARLO_KL, MULTIVARIATE_KL, MENDED_LOSS)
