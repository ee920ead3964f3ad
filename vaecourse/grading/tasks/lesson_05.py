"""The tasks of lesson 05: beta, and the diagnosis of a VAE. What their hints say is in :mod:`.ideas_05`."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vaecourse.data import PictureDataset, strokes
from vaecourse.grading.task import Case, Criterion, Judge, Lookalikes, Seen, Stage, Task, Wrong, close, compare
from vaecourse.grading.tasks import ideas_05 as ideas
from vaecourse.grading.worker import probes, probes_05
from vaecourse.grading.worker.wire import Odd
from vaecourse.models import VAE
from vaecourse.objectives import negative_elbo
from vaecourse.training import TrainingDivergedError, fit

# 1 Vital signs --------------------------------------------------------------------------------------------

THRESHOLD = 0.01
"""Of a unit's variance over the pictures; the units below are at a third of it or less, or at four times or more."""
KINDS = {
    "active": (0.0, 0.9, -3.0, 0.3),
    "hardly active": (0.0, 0.2, -0.05, 0.02),
    "active and very narrow": (0.0, 0.9, -6.0, 0.2),
    "active, away from zero": (-0.8, 0.5, -2.0, 0.3),
    "dead": (0.0, 0.003, 0.0, 0.003),
    "dead, away from zero": (0.6, 0.003, 0.0, 0.003),
    "dead, with a small spread": (0.0, 0.04, 0.0, 0.003),
    "dead and narrow": (0.0, 0.003, -3.0, 0.003),
    "dead, of changing width": (0.0, 0.003, 0.0, 0.4),
}
"""Of a unit: mean and spread over the pictures of mu, and then of logvar. Each mistake errs at one of them."""
PICTURES = {"many pictures": 60, "a few pictures": 14}


def _signs_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, n in PICTURES.items():
        order = torch.randperm(len(KINDS), generator=rng)
        numbers = torch.tensor(list(KINDS.values()))[order]
        mu, logvar = (mean + spread * _standard(n, rng) for mean, spread in numbers.T.view(2, 2, -1))
        yield Case(name, {"mu": mu, "logvar": logvar})


def _standard(n: int, rng: torch.Generator) -> Tensor:
    """A column for each kind, (n, kinds), of mean 0 and spread 1 exactly: a threshold is nowhere near."""
    drawn = torch.randn(n, len(KINDS), generator=rng)
    return (drawn - drawn.mean(0)) / drawn.std(0)


def _two_results(seen: Seen) -> None:
    if not seen.flag("is a pair"):
        raise Wrong.of(ideas.VITAL_SIGNS, "not-a-pair")


def _kl_of_each_unit(case: Case, seen: Seen) -> None:
    _two_results(seen)
    mu, logvar = case["mu"].double(), case["logvar"].double()
    value, right = seen.tensor("kl", what="kl"), kl_by_unit(mu, logvar).mean(0)
    lookalikes = list(_unit_kl_lookalikes(mu, logvar))
    if not any(value.shape == result.shape for _, result in lookalikes):
        seen.tensor("kl", right.shape, "kl")
    measured = ""
    if value.shape == right.shape:
        worst = (value - right).abs().argmax()
        measured = f"On {case.name}, yours is {value[worst]:.3f} for unit {worst + 1}; {right[worst]:.3f} is right."
    compare(value, right, lookalikes, ideas.VITAL_SIGNS, measured)


def kl_by_unit(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, 1)) in nats, each number of a code by itself: (N, D)."""
    return 0.5 * (logvar.exp() + mu**2 - 1 - logvar)


def wrong_kls(mu: Tensor, logvar: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Mistakes in the formula, and what each of them gives instead of :func:`kl_by_unit`."""
    right, variance = kl_by_unit(mu, logvar), logvar.exp()
    yield "no-half", 2 * right
    yield "half-twice", right / 2
    yield "sign", -right
    yield "log-sigma", kl_by_unit(mu, 2 * logvar)
    yield "log-sigma", 0.5 * (variance + mu**2 - 1 - 2 * logvar)
    yield "log-sigma", 0.5 * (variance + mu**2 - 1 - logvar / 2)
    yield "log-sigma", variance + mu**2 - 1 - logvar / 2
    yield "sigma-for-variance", 0.5 * ((logvar / 2).exp() + mu**2 - 1 - logvar)
    yield "swapped", 0.5 * ((1 + mu**2) / variance - 1 + logvar)
    yield "mean-not-squared", 0.5 * (variance + mu - 1 - logvar)
    yield "one-missing", 0.5 * (variance + mu**2 - logvar)


def _unit_kl_lookalikes(mu: Tensor, logvar: Tensor) -> Lookalikes:
    each = kl_by_unit(mu, logvar)
    for name, wrong in wrong_kls(mu, logvar):
        yield name, wrong.mean(0)
    yield "sum-over-pictures", each.sum(0)
    yield "kl-of-the-mean-code", kl_by_unit(mu.mean(0), logvar.mean(0))
    yield "kl-of-the-mean-code", kl_by_unit(mu.mean(0), logvar.exp().mean(0).log())
    yield "kl-per-picture", each.sum(1)
    yield "mean-over-units", each.mean(1)
    yield "mean-over-units", each.mean()
    yield "kl-per-picture", each.sum(1).mean()
    yield "not-averaged", each


def _active_units(case: Case, seen: Seen) -> None:
    _two_results(seen)
    mu, logvar = case["mu"].double(), case["logvar"].double()
    value, right = seen["active"], mu.var(0) > THRESHOLD
    if not isinstance(value, Tensor) or value.dtype != torch.bool or value.shape != right.shape:
        _explain_no_units(mu, seen)
    mistake = next((name for name, like in _wrong_units(mu, logvar) if torch.equal(value, like)), "other-units")
    if not torch.equal(value, right):
        raise Wrong.of(
            ideas.VITAL_SIGNS, mistake, f"You find {int(value.sum())} active units, there are {right.sum()}."
        )


def _explain_no_units(mu: Tensor, seen: Seen) -> None:
    """Why what stands for ``active`` is not one True or False for each unit."""
    value, size = seen["active"], mu.shape[1]
    if isinstance(value, bool | int | float) or (isinstance(value, Tensor) and value.ndim == 0):
        raise Wrong.of(ideas.VITAL_SIGNS, "counted")
    if isinstance(value, Tensor) and value.shape == (len(mu),):
        raise Wrong.of(ideas.VITAL_SIGNS, "over-units")
    if isinstance(value, Tensor) and value.shape == mu.shape:
        raise Wrong.of(ideas.VITAL_SIGNS, "one-per-picture")
    if isinstance(value, Tensor) and value.shape == (size,):
        raise Wrong.of(ideas.VITAL_SIGNS, "not-compared", f"Its dtype is {value.dtype}.")
    if isinstance(value, Tensor):
        raise Wrong("shape", "active has the wrong shape.", f"It is {tuple(value.shape)}, and should be ({size},).")
    seen.tensor("active", what="active")  # says what it is instead
    raise Wrong.of(ideas.VITAL_SIGNS, "other-units")


def _wrong_units(mu: Tensor, logvar: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Mistakes, and which units each of them takes to be active."""
    variance = logvar.exp()
    yield "turned-round", mu.var(0) <= THRESHOLD
    yield "spread-for-variance", mu.std(0) > THRESHOLD
    yield "not-about-the-mean", (mu**2).mean(0) > THRESHOLD
    yield "not-about-the-mean", mu.abs().mean(0) > THRESHOLD
    yield "not-about-the-mean", mu.mean(0).abs() > THRESHOLD
    yield "not-about-the-mean", mu.mean(0) > THRESHOLD
    yield "variance-of-samples", mu.var(0) + variance.mean(0) > THRESHOLD
    yield "posterior-variance", variance.mean(0) > THRESHOLD
    yield "posterior-variance", variance.var(0) > THRESHOLD
    yield "posterior-variance", logvar.var(0) > THRESHOLD
    yield "posterior-variance", variance.mean(0) < THRESHOLD
    yield "by-kl", kl_by_unit(mu, logvar).mean(0) > THRESHOLD


VITAL_SIGNS = Task(
    id="05.vital_signs",
    answer="vital_signs",
    title="Vital signs",
    criteria=(
        Criterion("kl: one number for each unit, in nats, averaged over the pictures", 2, _kl_of_each_unit),
        Criterion("active: the units whose mean differs from picture to picture", 1, _active_units),
    ),
    stages=(Stage(probes_05.signs, _signs_cases),),
)


# 2 A schedule ---------------------------------------------------------------------------------------------

ONE_CYCLE, MANY_CYCLES = "one warm-up", ("several cycles", "cycles that rise to their end")
STEPS = 48
"""Moments of the training at which beta is asked for."""
CYCLES = (3, 5, 6)
"""With four, and a share of a half, two mistakes would look alike."""


def _schedule_cases(rng: torch.Generator) -> Iterator[Case]:
    for name in (ONE_CYCLE, *MANY_CYCLES):
        # Nowhere near 1 / share²: there a rise that is divided by share looks like one that is multiplied by it.
        beta = _one_digit(rng, 4.2, 5.8)
        cycles = 1 if name == ONE_CYCLE else CYCLES[torch.randint(len(CYCLES), (), generator=rng)]
        share = 1.0 if name == MANY_CYCLES[1] else _one_digit(rng, 0.3, 0.8)
        # Moments in every cycle, but none where one ends and the next begins: rounding decides there which it is.
        phase = 0.02 + 0.96 * torch.rand(STEPS, generator=rng, dtype=torch.float64)
        progress = [0.0, *((torch.arange(STEPS) % cycles + phase) / cycles).sort().values.tolist()]
        calls = [[moment, beta, cycles, share] for moment in progress]
        yield Case(name, {"calls": calls}, {"progress": progress, "beta": beta, "cycles": cycles, "share": share})


def _one_digit(rng: torch.Generator, low: float, high: float) -> float:
    """A number with one digit behind the point: it is read in hints."""
    return round(low + (high - low) * torch.rand((), generator=rng).item(), 1)


def _values(case: Case, seen: Seen, of: Mapping[str, str]) -> Tensor:
    """One number for each call."""
    if seen["values"] is None:
        function = isinstance(seen["returned"], Odd) and seen["returned"].description == "a function"
        raise Wrong.of(of, "function-returned" if function else "not-a-number")
    return seen.tensor("values", (len(case["calls"]),), "What is returned")


def _follows_the_schedule(case: Case, seen: Seen) -> None:
    value = _values(case, seen, ideas.CYCLICAL_BETA)
    progress, settings = torch.tensor(case["progress"]), [case[name] for name in ("beta", "cycles", "share")]
    right = schedule(progress.double(), *settings)
    worst = (value - right).abs().argmax()
    measured = (
        f"With beta={settings[0]}, cycles={settings[1]}, share={settings[2]} you give {value[worst]:.3f} at "
        f"progress={progress[worst]:.3f}; {right[worst]:.3f} is right."
    )
    compare(value, right, _schedule_lookalikes(progress.double(), *settings), ideas.CYCLICAL_BETA, measured)


def schedule(progress: Tensor, beta: float, cycles: int, share: float) -> Tensor:
    """Beta at each moment: in every cycle a straight rise over its first ``share``, and then a rest at ``beta``."""
    return beta * (progress * cycles % 1 / share).clamp(max=1)


def _schedule_lookalikes(progress: Tensor, beta: float, cycles: int, share: float) -> Lookalikes:
    right, phase = schedule(progress, beta, cycles, share), progress * cycles % 1
    rising = phase < share
    yield "constant", torch.full_like(right, beta)
    yield "beta-ignored", right / beta
    yield "slope-without-beta", (phase / share).clamp(max=beta)
    yield "falls", beta - right
    yield "falls", beta * (1 - phase)
    yield "falls", beta * (1 - progress)
    yield "falls", beta * (1 + torch.cos(torch.pi * phase)) / 2
    yield "falls", beta - schedule(progress, beta, 1, share)
    yield "never-reaches", beta * phase
    yield "never-reaches", beta * phase * share
    yield "overshoots", beta * phase / share
    yield "overshoots", beta * progress / share
    for other in (cycles - 1, cycles + 1):
        if other > 0:
            yield "cycles-off-by-one", schedule(progress, beta, other, share)
    yield "share-of-the-training", beta * (phase / cycles / share).clamp(max=1)
    yield "no-restart", schedule(progress, beta, 1, share)
    yield "no-restart", beta * (progress * cycles / share).clamp(max=1)
    yield "no-restart", beta * progress
    yield "jumps", beta * (~rising).double()
    yield "jumps", beta * rising.double()
    yield "rest-first", beta * ((phase - (1 - share)) / share).clamp(min=0)
    yield "rest-first", beta * ((phase - share) / (1 - share + 1e-12)).clamp(min=0)
    yield "drops-after-the-rise", right * rising
    yield "drops-after-the-rise", beta * torch.minimum(phase / share, (1 - phase) / (1 - share + 1e-12))
    yield "not-straight", beta * (1 - torch.cos(torch.pi * (phase / share).clamp(max=1))) / 2
    yield "not-straight", beta * (phase / share).clamp(max=1) ** 2


CYCLICAL_BETA = Task(
    id="05.cyclical_beta",
    answer="cyclical_beta",
    title="A schedule",
    criteria=(
        Criterion("one cycle: beta rises from 0 in a straight line, and stays", 1, _follows_the_schedule, (ONE_CYCLE,)),
        Criterion("several: the same again in each of them", 2, _follows_the_schedule, MANY_CYCLES),
    ),
    stages=(Stage(probes_05.numbers, _schedule_cases),),
)


# 3 Free bits ----------------------------------------------------------------------------------------------

NOTHING_FREE, FREE = "nothing is free", ("a batch", "a larger one", "one picture")
BATCHES = {NOTHING_FREE: 10, FREE[0]: 10, FREE[1]: 20, FREE[2]: 1}
SHARES = torch.tensor([[0.02, 0.1], [2.0, 2.5], [0.02, 2.5], [0.02, 8.0], [0.04, 0.05]])
"""Of five units: the KL of most pictures and of every fifth, in multiples of what is free.

The third is below on average and above in some pictures, the fourth the other way round. In all they have less than
five times what is free.
"""


def _free_bits_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, n in BATCHES.items():
        nats = _one_digit(rng, 0.3, 0.8)
        share = torch.where(torch.arange(n)[:, None] % 5 == 0, SHARES[:, 1], SHARES[:, 0])
        kl = nats * share * (0.9 + 0.2 * torch.rand(n, len(SHARES), generator=rng))
        # Half of the KL, more or less, for the width, and the rest for the mean, on one side or the other.
        width = 0.3 + 0.4 * torch.rand(kl.shape, generator=rng)
        logvar = _narrow(width * kl)
        side = torch.randint(2, kl.shape, generator=rng) * 2 - 1
        mu = side * (2 * (1 - width) * kl).sqrt()
        given = {"mu": mu, "logvar": logvar, "free": 0.0 if name == NOTHING_FREE else nats}
        yield Case(name, {"wrt": ["mu", "logvar"], **given})


def _narrow(kl: Tensor) -> Tensor:
    """The negative logvar at which N(0, exp(logvar)) has this KL, by Newton's method."""
    logvar = -2 * kl.double().sqrt() - 2 * kl.double()
    for _ in range(20):
        logvar = logvar - (kl_by_unit(torch.zeros(()), logvar) - kl) / (0.5 * (logvar.exp() - 1))
    return logvar.float()


def _charges_kl(case: Case, seen: Seen) -> None:
    mu, logvar, free = case["mu"].double(), case["logvar"].double(), case["free"]
    value = seen.number("value", "The KL")
    right = free_bits(kl_by_unit(mu, logvar), free).item()
    measured = f"On {case.name}, with free={free}, yours is {value:.3f}; {right:.3f} is right."
    compare(value, right, _free_bits_lookalikes(mu, logvar, free), ideas.FREE_BITS_KL, measured)


def free_bits(kl: Tensor, free: float) -> Tensor:
    """What a batch is charged for its KL (N, D): each unit's mean, but not less than ``free``."""
    return kl.mean(0).clamp(min=free).sum()


def _free_bits_lookalikes(mu: Tensor, logvar: Tensor, free: float) -> Lookalikes:
    kl = kl_by_unit(mu, logvar)
    n, size = kl.shape
    mean, total = kl.mean(0), kl.sum(1)
    yield "free-ignored", mean.sum()
    yield "clamped-per-picture", kl.clamp(min=free).mean(0).sum()
    yield "clamped-on-the-total", total.clamp(min=free).mean()
    yield "clamped-on-the-total", total.clamp(min=free * size).mean()
    yield "clamped-on-the-total", total.mean().clamp(min=free * size)
    yield "clamped-from-above", mean.clamp(max=free).sum()
    yield "clamped-from-above", kl.clamp(max=free).mean(0).sum()
    yield "subtracted", (mean - free).clamp(min=0).sum()
    yield "subtracted", (mean - free).sum()
    yield "subtracted", (kl - free).clamp(min=0).mean(0).sum()
    yield "added", mean.sum() + size * free
    yield "left-out", mean[mean > free].sum()
    yield "mean-over-units", mean.clamp(min=free).mean()
    yield "sum-over-pictures", kl.sum(0).clamp(min=free).sum()
    yield "sum-over-pictures", n * free_bits(kl, free)
    for name, wrong in wrong_kls(mu, logvar):
        yield name, free_bits(wrong, free)


def _pushes_the_others(case: Case, seen: Seen) -> None:
    mu, logvar, free = case["mu"].double(), case["logvar"].double(), case["free"]
    seen.number("value", "The KL")
    if seen.texts("changed"):
        raise Wrong.of(ideas.FREE_BITS_KL, "changes-input")
    if any(seen[name] is None for name in ("d/dmu", "d/dlogvar")):
        raise Wrong.of(ideas.FREE_BITS_KL, "no-gradient")
    gradients = [seen.tensor(name, mu.shape, "The gradient") for name in ("d/dmu", "d/dlogvar")]
    costs = kl_by_unit(mu, logvar).mean(0) > free
    pushes_the_silent = any(gradient[:, ~costs].any() for gradient in gradients)
    if pushes_the_silent or not all(gradient[:, costs].all() for gradient in gradients):
        _charges_kl(case, seen)  # a wrong value says more
        raise Wrong.of(ideas.FREE_BITS_KL, "still-pushed" if pushes_the_silent else "not-pushed")
    wanted = [mu / len(mu) * costs, (logvar.exp() - 1) / (2 * len(mu)) * costs]
    right = close(seen.number("value"), free_bits(kl_by_unit(mu, logvar), free))
    if right and not all(close(one, other) for one, other in zip(gradients, wanted, strict=True)):
        raise Wrong.of(ideas.FREE_BITS_KL, "other-gradient")


FREE_BITS_KL = Task(
    id="05.free_bits_kl",
    answer="free_bits_kl",
    title="Free bits",
    criteria=(
        Criterion("with free=0 it is the KL of the batch", 1, _charges_kl, (NOTHING_FREE,)),
        Criterion("a unit's mean over the batch costs at least free", 1, _charges_kl, FREE),
        Criterion("only what is above gets a gradient", 1, _pushes_the_others, FREE),
    ),
    stages=(Stage(probes.gradients, _free_bits_cases),),
)


# 4 Conventions --------------------------------------------------------------------------------------------

REDUCTIONS = ("sum", "mean")
CONVENTIONS = list(product(REDUCTIONS, REDUCTIONS))
"""How the reconstruction is reduced over a picture's pixels, and the KL over a code's dimensions."""
PAIRS = list(product(CONVENTIONS, CONVENTIONS))
"""From each convention to each."""


def _convention_cases(rng: torch.Generator) -> Iterator[Case]:
    for name in ("one model", "another model"):
        pixels, latent_dim = (int(torch.randint(*limits, (), generator=rng)) for limits in ((200, 900), (3, 30)))
        beta = _one_digit(rng, 1.5, 5)
        yield Case(name, {"calls": [[beta, list(one), list(other), pixels, latent_dim] for one, other in PAIRS]})


def _converts(same: int | None) -> Judge:
    """A judge of the conversions in which place ``same`` of the convention is the same on both sides; None for all."""

    def judge(case: Case, seen: Seen) -> None:
        value, calls = _values(case, seen, ideas.CONVERT_BETA), case["calls"]
        right = _by_rule(converted, calls)
        ratio = value / right
        asked = (k for k, (one, other) in enumerate(PAIRS) if same is None or one[same] == other[same])
        first = next((k for k in asked if not close(ratio[k], 1.0)), None)
        if first is None:
            return
        beta, source, target, pixels, latent_dim = calls[first]
        measured = (
            f"From {tuple(source)} to {tuple(target)} with beta={beta}, pixels={pixels}, latent_dim={latent_dim} you "
            f"give {value[first]:.4g}; {right[first]:.4g} is right."
        )
        # What is wrong shows best in all conversions together.
        lookalikes = ((name, _by_rule(rule, calls) / right) for name, rule in _WRONG_RULES.items())
        compare(ratio, torch.ones_like(ratio), lookalikes, ideas.CONVERT_BETA, measured)

    return judge


Rule = Callable[[float, Sequence[str], Sequence[str], int, int], float]


def converted(beta: float, source: Sequence[str], target: Sequence[str], pixels: int, latent_dim: int) -> float:
    """The weight of the KL in the convention ``target`` that trains the same model as ``beta`` does in ``source``."""
    return beta * _in_sums(source, pixels, latent_dim) / _in_sums(target, pixels, latent_dim)


def _in_sums(convention: Sequence[str], pixels: int, latent_dim: int) -> float:
    """What a weight of 1 is where both terms are sums: a mean is a sum divided by how many there are."""
    reconstruction, kl = convention
    return (pixels if reconstruction == "mean" else 1) / (latent_dim if kl == "mean" else 1)


def _kl_as_sum(convention: Sequence[str]) -> list[str]:
    return [convention[0], "sum"]


def _reconstruction_as_sum(convention: Sequence[str]) -> list[str]:
    return ["sum", convention[1]]


def _by_rule(rule: Rule, calls: list[list]) -> Tensor:
    return torch.tensor([rule(*call) for call in calls], dtype=torch.float64)


_WRONG_RULES: dict[str, Rule] = {
    "unchanged": lambda beta, source, target, *sizes: beta,
    "multiplied-for-divided": lambda beta, source, target, *sizes: converted(beta, target, source, *sizes),
    "kl-ignored": lambda beta, source, target, *sizes: converted(beta, _kl_as_sum(source), _kl_as_sum(target), *sizes),
    "reconstruction-ignored": lambda beta, source, target, *sizes: converted(
        beta, _reconstruction_as_sum(source), _reconstruction_as_sum(target), *sizes
    ),
    "sizes-swapped": lambda beta, source, target, pixels, latent_dim: converted(
        beta, source, target, latent_dim, pixels
    ),
    "words-swapped": lambda beta, source, target, *sizes: converted(beta, source[::-1], target[::-1], *sizes),
    "kl-wrong-way": lambda beta, source, target, pixels, latent_dim: converted(
        beta, source, target, pixels, 1 / latent_dim
    ),
    "reconstruction-wrong-way": lambda beta, source, target, pixels, latent_dim: converted(
        beta, source, target, 1 / pixels, latent_dim
    ),
    "target-ignored": lambda beta, source, target, *sizes: converted(beta, source, ["sum", "sum"], *sizes),
    "source-ignored": lambda beta, source, target, *sizes: converted(beta, ["sum", "sum"], target, *sizes),
    "beta-twice": lambda beta, source, target, *sizes: beta * converted(beta, source, target, *sizes),
    "beta-left-out": lambda beta, source, target, *sizes: converted(1, source, target, *sizes),
}

CONVERT_BETA = Task(
    id="05.convert_beta",
    answer="convert_beta",
    title="Whose beta is it?",
    criteria=(
        Criterion("the reconstruction: sum over the pixels or mean", 1, _converts(same=1)),
        Criterion("the KL: sum over the code's dimensions or mean", 1, _converts(same=0)),
        Criterion("from any convention to any other", 1, _converts(same=None)),
    ),
    stages=(Stage(probes_05.numbers, _convention_cases),),
)


# 5 Charts -------------------------------------------------------------------------------------------------

VERDICTS = ("healthy", "code ignored", "code not compressed", "undertrained", "partly collapsed")
HEALTHY, IGNORED, NOT_COMPRESSED, UNDERTRAINED, PARTLY = VERDICTS
ACTIONS = ("lower", "raise", "keep", "train on")
LOWER, RAISE, KEEP, TRAIN_ON = ACTIONS


class Chart(NamedTuple):
    """What is true of a patient in the exercise's table."""

    verdict: str
    action: str
    units: int
    beta: float
    epochs: int
    seed: int


PATIENTS = {
    "A": Chart(NOT_COMPRESSED, RAISE, 6, beta=0.005, epochs=15, seed=0),
    "B": Chart(HEALTHY, KEEP, 6, beta=1.0, epochs=15, seed=0),
    "C": Chart(PARTLY, LOWER, 3, beta=15.0, epochs=30, seed=1),
    "D": Chart(UNDERTRAINED, TRAIN_ON, 6, beta=1.0, epochs=3, seed=1),
    "E": Chart(IGNORED, LOWER, 0, beta=100.0, epochs=12, seed=0),
    "F": Chart(NOT_COMPRESSED, RAISE, 6, beta=0.03, epochs=15, seed=1),
}
"""How each of them was trained, and what came of it; the table in the exercise shows what was measured."""
UNITS = 6
"""Of each patient's code."""
EXTREMES = (IGNORED, NOT_COMPRESSED)


def _charts_cases(rng: torch.Generator) -> Iterator[Case]:
    """The table is printed in the exercise, so it is the same for everyone."""
    yield Case("the six patients", {})


def _entry(seen: Seen, name: str) -> tuple[str, str, Any]:
    """What is written down for a patient: verdict, action, number of active units."""
    value = seen["value"]
    if not isinstance(value, dict):
        raise Wrong.of(ideas.CHARTS, "no-dict")
    if name not in value:
        raise Wrong.of(ideas.CHARTS, "patient-missing", f"Patient {name} is missing.")
    entry = value[name]
    if not isinstance(entry, list) or len(entry) != 3:
        raise Wrong.of(ideas.CHARTS, "no-triple", f"It is patient {name}.")
    verdict, action, units = entry
    words = [word.strip().lower() if isinstance(word, str) else "" for word in (verdict, action)]
    for word, possible in zip(words, (VERDICTS, ACTIONS), strict=True):
        if word not in possible:
            raise Wrong.of(ideas.CHARTS, "other-words", f"Patient {name}: choose one of {', '.join(possible)}.")
    return *words, units


def _counts_units(case: Case, seen: Seen) -> None:
    for name, chart in PATIENTS.items():
        units = _entry(seen, name)[2]
        if isinstance(units, bool) or not isinstance(units, int | float | Tensor):
            raise Wrong.of(ideas.CHARTS, "no-number", f"It is patient {name}.")
        count = Seen({"units": units}).number("units", "The number of active units")
        if count != chart.units:
            turned = count == UNITS - chart.units
            raise Wrong.of(ideas.CHARTS, "idle-units-counted" if turned else "miscounted", f"It is patient {name}.")


def _recognises(extremes: bool) -> Judge:
    """A judge of the verdicts on the patients whose beta is far off, or of those on the others."""

    def judge(case: Case, seen: Seen) -> None:
        for name, chart in PATIENTS.items():
            verdict = _entry(seen, name)[0]
            if (chart.verdict in EXTREMES) == extremes and verdict != chart.verdict:
                raise Wrong.of(ideas.CHARTS, _misread(chart.verdict, verdict), f"It is patient {name}.")

    return judge


def _misread(truth: str, verdict: str) -> str:
    """The mistake of whoever takes one condition for another."""
    if truth in EXTREMES and verdict in EXTREMES:
        return "opposites"
    if truth == PARTLY and verdict == IGNORED:
        return "partly-as-ignored"
    return {
        IGNORED: "ignored-missed",
        NOT_COMPRESSED: "not-compressed-missed",
        UNDERTRAINED: "undertrained-missed",
        PARTLY: "partly-missed",
        HEALTHY: "false-alarm",
    }[truth]


def _treats(case: Case, seen: Seen) -> None:
    for name, chart in PATIENTS.items():
        action = _entry(seen, name)[1]
        if action != chart.action:
            raise Wrong.of(ideas.CHARTS, _mistreated(chart.action, action), f"It is patient {name}.")


def _mistreated(right: str, action: str) -> str:
    if {right, action} == {LOWER, RAISE}:
        return "beta-the-wrong-way"
    if right == KEEP:
        return "healthy-treated"
    if right == TRAIN_ON:
        return "beta-for-time"
    return "left-alone" if action == KEEP else "time-for-beta"


CHARTS = Task(
    id="05.charts",
    answer="charts",
    title="Reading charts",
    criteria=(
        Criterion("the active units are counted", 1, _counts_units),
        Criterion("codes that are ignored, and codes that are not compressed", 1, _recognises(extremes=True)),
        Criterion("the other conditions", 1, _recognises(extremes=False)),
        Criterion("what to do about each", 1, _treats),
    ),
    stages=(Stage(probes_05.itself, _charts_cases),),
)


# 6 The cure -----------------------------------------------------------------------------------------------

TRAINING_PICTURES, HELD_OUT = 1_500, 800
HIDDEN, BATCH_SIZE = (128,), 50
EPOCHS, TOO_FEW, MOST = 15, 2, 20
"""Of a training: as most patients had, as one had, and as the exercise allows."""
BETAS = {HEALTHY: (0.7, 1.5), IGNORED: (100, 300), NOT_COMPRESSED: (0.001, 0.004), UNDERTRAINED: (0.7, 1.5)}
CONVENTIONS_OF = {
    HEALTHY: CONVENTIONS[1:],  # not two sums, where its weight would look like that of the lesson
    IGNORED: [("mean", "sum"), ("mean", "mean")],
    NOT_COMPRESSED: [("mean", "sum"), ("mean", "mean")],
    UNDERTRAINED: CONVENTIONS,
}
IN_NATS = ("kl", "reconstruction", "shuffled", "mean_picture")
"""What a chart shows of the evidence, beside the accuracy of a classifier."""
SAME = 1e-3
"""Weights that differ by less, relatively, are the same."""


class Patient(NamedTuple):
    """All that decides, with beta and the epochs, what comes out of a training."""

    seed: int
    size: int
    latent_dim: int


def _patients(rng: torch.Generator) -> Iterator[Case]:
    """One of each condition; what stands in a chart is measured on a model that was trained for it."""
    seed, size = int(torch.randint(2**31, (), generator=rng)), (20, 24, 28)[torch.randint(3, (), generator=rng)]
    for condition, betas in BETAS.items():
        patient = Patient(seed, size, int(torch.randint(6, 11, (), generator=rng)))
        options = CONVENTIONS_OF[condition]
        convention = options[torch.randint(len(options), (), generator=rng)]
        scale = _in_sums(convention, size**2, patient.latent_dim)
        beta = betas[0] + (betas[1] - betas[0]) * torch.rand((), generator=rng).item()
        kl_weight = float(f"{beta / scale:.3g}")
        epochs = TOO_FEW if condition == UNDERTRAINED else EPOCHS
        chart = {"convention": list(convention), "kl_weight": kl_weight, "epochs": epochs, "pixels": size**2}
        measured = examined(patient, kl_weight * scale, epochs)[1]
        yield Case(condition, {"chart": {**chart, **measured}}, {"patient": patient, "scale": scale, **chart})


_training = threading.Lock()


@contextmanager
def _alone() -> Iterator[None]:
    """One training at a time, on one thread, with torch's global random state kept.

    Trainings draw from that state, and a class is graded by several threads of Python. Networks this small gain nothing
    from several threads of torch's.
    """
    with _training, torch.random.fork_rng(devices=[]):
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


@lru_cache(maxsize=512)
def examined(patient: Patient, beta: float, epochs: int) -> tuple[str, Mapping[str, Any]]:
    """Train a model and diagnose it on pictures that were held out.

    Args:
        patient: which model, on which pictures.
        beta: weight of the KL beside a sum over the pixels.
        epochs: of the training.

    Returns:
        The verdict, and the numbers that a chart shows. A model that has learned nothing at all counts as
        undertrained, and has none.
    """
    from vaecourse.diagnostics import diagnose  # it loads scikit-learn, which takes a second

    train, held_out = _pictures(patient.seed, patient.size)
    with _alone():
        torch.manual_seed(patient.seed)
        model = VAE(patient.latent_dim, HIDDEN, train.data.shape[1:])
        objective = negative_elbo(beta)
        options = {"batch_size": BATCH_SIZE, "device": "cpu", "progress": False, "seed": patient.seed}
        try:
            history = fit(model, train, epochs, objective=objective, **options)
            report = diagnose(model, held_out)
        except (TrainingDivergedError, ValueError):
            return UNDERTRAINED, {}
    numbers = {name: round(report.evidence[name], 1) for name in IN_NATS}
    accuracy = {"codes_vs_prior": round(report.evidence["codes_vs_prior"], 2)}
    losses = [round(loss, 1) for loss in history["loss"]]
    return report.verdict, {"latent_dim": patient.latent_dim, **numbers, **accuracy, "losses": losses}


@lru_cache(maxsize=4)
def _pictures(seed: int, size: int) -> tuple[PictureDataset, PictureDataset]:
    """For training, and held out."""
    drawn = strokes.draw(TRAINING_PICTURES + HELD_OUT, seed=seed, size=size)
    x, targets = torch.from_numpy(drawn.pictures).float() / 255, torch.from_numpy(drawn.targets)
    parts = zip(x.split([TRAINING_PICTURES, HELD_OUT]), targets.split([TRAINING_PICTURES, HELD_OUT]), strict=True)
    train, held_out = (PictureDataset(pictures, labels, list(strokes.DIGITS)) for pictures, labels in parts)
    return train, held_out


def _prescription(case: Case, seen: Seen) -> tuple[float, int]:
    """The weight of the KL and the epochs that the answer wants."""
    value = seen["value"]
    if not isinstance(value, dict) or not {"kl_weight", "epochs"} <= set(value):
        raise Wrong.of(ideas.PRESCRIBE, "no-settings")
    if value.get("convention", case["convention"]) != case["convention"]:
        raise Wrong.of(ideas.PRESCRIBE, "convention-changed")
    settings = Seen(value)
    kl_weight, epochs = settings.number("kl_weight", "kl_weight"), settings.number("epochs", "epochs")
    if kl_weight <= 0:
        raise Wrong.of(ideas.PRESCRIBE, "no-kl")
    if epochs != round(epochs) or not 1 <= epochs <= MOST:
        raise Wrong.of(ideas.PRESCRIBE, "epochs-out-of-range", f"It is {epochs:g}.")
    return kl_weight, round(epochs)


def _leaves_alone(case: Case, seen: Seen) -> None:
    kl_weight, epochs = _prescription(case, seen)
    if abs(kl_weight / case["kl_weight"] - 1) > SAME or epochs != case["epochs"]:
        measured = f"You give kl_weight={kl_weight:.3g} and epochs={epochs}. {_in_words(case)}"
        raise Wrong.of(ideas.PRESCRIBE, "healthy-treated", measured)


def _in_words(case: Case) -> str:
    chart = case["chart"]
    return (
        f"The patient had {case['kl_weight']:g} and {case['epochs']}, beside a {case['convention'][0]} over "
        f"{case['pixels']} pixels and a {case['convention'][1]} over {chart['latent_dim']} units; its KL was "
        f"{chart['kl']:.1f} nats."
    )


def _cures(case: Case, seen: Seen) -> None:
    kl_weight, epochs = _prescription(case, seen)
    beta = kl_weight * case["scale"]
    measured = f"You give kl_weight={kl_weight:.3g}, which is beta {beta:.3g}, and epochs={epochs}. {_in_words(case)}"
    if mistake := _before_training(case, kl_weight, epochs):
        raise Wrong.of(ideas.PRESCRIBE, mistake, measured)
    # Outside of this range a training shows nothing new, and may end in no numbers at all.
    verdict, _ = examined(case["patient"], min(max(beta, 1e-6), 1e6), epochs)
    if verdict != HEALTHY:
        raise Wrong.of(ideas.PRESCRIBE, _not_cured(case, kl_weight, verdict), f"{measured} Trained anew: {verdict}.")


def _before_training(case: Case, kl_weight: float, epochs: int) -> str | None:
    """What can be said without a training: nothing changed, or the wrong thing."""
    change = kl_weight / case["kl_weight"]
    same = abs(change - 1) < SAME
    if case.name == UNDERTRAINED:
        if not same:
            return "beta-for-time"
        return "undertrained-missed" if epochs <= case["epochs"] else None
    if same:
        return "left-alone" if epochs == case["epochs"] else "time-for-beta"
    if (change > 1) == (case.name == NOT_COMPRESSED):
        return None
    return "not-converted" if _is_taken_for_a_sum(case, kl_weight) else "beta-the-wrong-way"


def _is_taken_for_a_sum(case: Case, kl_weight: float) -> bool:
    """Whether the weight is the beta that would be right, had the patient's loss two sums."""
    return 0.8 < kl_weight < 1.25 and not 0.2 < case["scale"] < 5


def _not_cured(case: Case, kl_weight: float, verdict: str) -> str:
    if verdict == UNDERTRAINED:
        return "too-short"
    if _is_taken_for_a_sum(case, kl_weight):
        return "not-converted"
    return "too-far" if verdict in EXTREMES and verdict != case.name else "half-way"


PRESCRIBE = Task(
    id="05.prescribe",
    answer="prescribe",
    title="From a blank cell: the cure",
    criteria=(
        Criterion("a healthy model is left as it is", 1, _leaves_alone, (HEALTHY,)),
        Criterion("a code that was ignored: trained anew, the model is healthy", 1, _cures, (IGNORED,)),
        Criterion("a code that was not compressed: the same", 1, _cures, (NOT_COMPRESSED,)),
        Criterion("a training that was too short: the same", 1, _cures, (UNDERTRAINED,)),
    ),
    stages=(Stage(probes_05.prescription, _patients),),
    seconds=10.0,
    trains=True,
)

TASKS = (VITAL_SIGNS, CYCLICAL_BETA, FREE_BITS_KL, CONVERT_BETA, CHARTS, PRESCRIBE)
