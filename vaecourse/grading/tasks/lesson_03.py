"""The tasks of lesson 03: the variational autoencoder. What their hints say is in :mod:`.ideas_03`."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import exp, log, prod, sqrt

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
    bend,
    close,
    compare,
    explain_error,
)
from vaecourse.grading.tasks import ideas_03 as ideas
from vaecourse.grading.tasks.training_step import (
    Weights,
    explain_no_graph,
    explain_order,
    moved,
    same,
    steps_along,
)
from vaecourse.grading.worker import probes, probes_03

# Noise ----------------------------------------------------------------------------------------------------

SIGMAS = 7.5
"""Standard errors that a right answer may be off: by chance, it is further away once in 10^12 looks."""
FEW = 1e-4
"""In units of σ: rounding stays below."""


def _is_standard(noise: Tensor) -> bool:
    """Whether numbers (N, D) may come from N(0, 1), by the means of themselves, their squares and fourth powers."""
    powers = ((noise, 0, 1), (noise**2, 1, 2), (noise**4, 3, 96))  # each with its mean and variance under N(0, 1)
    # Fourth powers have a long tail, so of a single dimension, with its few numbers, they are not asked.
    dimensions = ((power[:, d], mean, variance) for power, mean, variance in powers[:2] for d in range(noise.shape[1]))
    return all(
        abs(values.mean().item() - mean) < SIGMAS * sqrt(variance / values.numel())
        for values, mean, variance in (*powers, *dimensions)
    )


def _explain_spread(z: Tensor, mu: Tensor, logvar: Tensor) -> str | None:
    """The mistake in how z (N, D) was drawn from N(mu, exp(logvar)); None if there is none."""
    away, sigma = z - mu, torch.exp(logvar / 2)
    noise = away / sigma
    if noise.std() < FEW:
        return "no-noise"
    if len(z) > 1 and (noise - noise[:1]).abs().max() < FEW:
        return "same-for-all-pictures"
    if z.shape[1] > 1 and (noise - noise[:, :1]).abs().max() < FEW:
        return "same-for-all-dimensions"
    if _is_standard(noise):
        return None
    if noise.abs().max() < 1 + FEW:
        return "uniform"
    lookalikes = {
        "variance-as-sigma": away / logvar.exp(),
        "half-outside": 2 * away / logvar.exp(),
        "mu-scaled": away / mu,
        "mu-times-sigma": z / sigma - mu,
        "mu-missing": z / sigma,
        "logvar-as-sigma": away / logvar,
        "log-sigma-as-sigma": 2 * away / logvar,
        "sigma-missing": away,
        "inverse-sigma": away * sigma,
        "root-of-sigma": away / sigma.sqrt(),
    }
    return next((name for name, like in lookalikes.items() if _is_standard(like)), "other-noise")


def _means_and_logvars(shape: tuple[int, int], rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Away from 0 on both sides, so that no mistake hides there."""
    sides = torch.randint(2, shape, generator=rng) * 2 - 1
    mu = sides * (0.5 + 2 * torch.rand(shape, generator=rng))
    narrow = torch.rand(shape, generator=rng) < 0.6
    logvar = torch.where(narrow, -0.5 - 2.5 * torch.rand(shape, generator=rng), 0.3 + torch.rand(shape, generator=rng))
    return mu, logvar


# 1 Reparameterization -------------------------------------------------------------------------------------

DRAWS = {"many codes": (400, 50), "one picture": (1, 6), "codes of one number": (7, 1)}
MANY = ("many codes",)
"""Where there are enough numbers to tell a distribution."""


def _reparameterize_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in DRAWS.items():
        mu, logvar = _means_and_logvars(shape, rng)
        yield Case(name, {"mu": mu, "logvar": logvar})


def _draws(case: Case, seen: Seen) -> tuple[Tensor, Tensor]:
    """z of both calls."""
    shape, value = tuple(case["mu"].shape), seen["value"]
    if isinstance(value, Tensor) and value.isnan().any():
        raise Wrong.of(ideas.REPARAMETERIZE, "not-a-number")
    return seen.tensor("value", shape, "z"), seen.tensor("again", shape, "z")


def _has_mean_and_spread(case: Case, seen: Seen) -> None:
    (z, again), mu, logvar = _draws(case, seen), case["mu"].double(), case["logvar"].double()
    mistake = _explain_spread(z, mu, logvar)
    if mistake is None:
        return
    if mistake == "no-noise" and not close(z, again):  # one number, but a random one
        mistake = "same-for-all-pictures"
    noise = (z - mu) / torch.exp(logvar / 2)
    narrow, wide = noise[logvar < 0].std(), noise[logvar > 0].std()
    measured = (
        f"Over {z.numel():,} numbers, (z - μ) / σ has mean {noise.mean():.2f}, which should be 0; its spread is "
        f"{narrow:.2f} where σ is below 1 and {wide:.2f} where it is above, and should be 1."
    )
    raise Wrong.of(ideas.REPARAMETERIZE, mistake, measured)


def _is_fresh(case: Case, seen: Seen) -> None:
    (z, again), mu, logvar = _draws(case, seen), case["mu"].double(), case["logvar"].double()
    # Whatever the spread is, the difference of two draws is positive or negative with equal chances.
    between = z - again
    if between.abs().max() < FEW:
        raise Wrong.of(ideas.REPARAMETERIZE, "no-noise" if _follows(z, mu, logvar) else "drawn-once")
    signs = between.sign()
    pictures, dimensions = (signs[1:] * signs[:-1]), (signs[:, 1:] * signs[:, :-1])
    for products, mistake in ((pictures, "same-for-all-pictures"), (dimensions, "same-for-all-dimensions")):
        if abs(products.mean().item()) > SIGMAS / sqrt(products.numel()):
            same = bool((products == products[:1, :1]).all())
            raise Wrong.of(ideas.REPARAMETERIZE, mistake if same else "not-independent")


def _follows(z: Tensor, mu: Tensor, logvar: Tensor) -> bool:
    """Whether z is nothing but μ, or μ and σ without noise."""
    sigma = torch.exp(logvar / 2)
    return any(close(z, like) for like in (mu, mu + sigma, mu + sigma**2, mu + logvar))


def _gradient_arrives(case: Case, seen: Seen) -> None:
    (z, again), mu, logvar = _draws(case, seen), case["mu"].double(), case["logvar"].double()
    if close(z, again) and _follows(z, mu, logvar):
        raise Wrong.of(ideas.REPARAMETERIZE, "no-noise")
    if seen.texts("changed"):
        raise Wrong.of(ideas.REPARAMETERIZE, "changes-input")
    there = {name: _arrives(seen, f"d/d{name}", mu) for name in ("mu", "logvar")}
    if not any(there.values()):
        raise Wrong.of(ideas.REPARAMETERIZE, "no-gradient")
    for name, arrives in there.items():
        if not arrives:
            raise Wrong.of(ideas.REPARAMETERIZE, f"{name}-detached")
    wanted = {"mu": torch.ones_like(mu), "logvar": (z - mu) / 2}
    exact = all(close(seen.tensor(f"d/d{name}"), right, atol=1e-4) for name, right in wanted.items())
    if not exact and _is_a_draw(case, z):
        raise Wrong.of(ideas.REPARAMETERIZE, "other-gradient")


def _is_a_draw(case: Case, z: Tensor) -> bool:
    """Whether z was drawn right, as far as that can be told: other spreads have other gradients."""
    return case.name in MANY and _explain_spread(z, case["mu"].double(), case["logvar"].double()) is None


def _arrives(seen: Seen, name: str, like: Tensor) -> bool:
    return seen[name] is not None and bool(seen.tensor(name, tuple(like.shape), "The gradient").any())


REPARAMETERIZE = Task(
    id="03.reparameterize",
    answer="reparameterize",
    title="Reparameterization",
    criteria=(
        Criterion("z has mean μ and spread σ = exp(logvar / 2)", 1, _has_mean_and_spread, MANY),
        Criterion("the noise is new for every number and every call", 1, _is_fresh, MANY),
        Criterion("the gradient arrives in μ and in logvar", 1, _gradient_arrives),
    ),
    stages=(Stage(probes_03.reparameterize, _reparameterize_cases),),
)


# 2 The encoder --------------------------------------------------------------------------------------------

SIZES = {
    "grey pictures": (6, 3, 16, (1, 6, 5)),
    "colour pictures": (4, 2, 12, (3, 4, 3)),
    "one picture": (1, 5, 20, (1, 5, 7)),
}
"""Name: number of pictures, latent_dim, hidden, picture_shape."""
LINES = 24
"""Pairs of pictures between which a straight line is followed."""
BEND = 1e-4
"""Deviation from a straight line, as a share of its length: rounding stays below, any activation is far above."""
HEADS = ("mu", "logvar")
ERRORS = {"first-layer": ("mat1 and mat2 shapes",), "no-super": ("before Module.__init__()",)}
"""Mistakes, and words in what torch says of them."""


def _encoder_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (n, latent_dim, hidden, shape) in SIZES.items():
        x, x_from, x_to = (torch.rand(k, *shape, generator=rng) for k in (n, LINES, LINES))
        sizes = {"latent_dim": latent_dim, "hidden": hidden, "picture_shape": list(shape)}
        yield Case(f"{name} (heads)", {"look": "heads", **sizes, "x": x})
        line = {"x": torch.cat([x, x_from]), "x_from": x_from.round(), "x_to": x_to.round()}
        yield Case(f"{name} (learning)", {"look": "learning", **sizes, **line})


def _looks(look: str) -> tuple[str, ...]:
    return tuple(f"{name} ({look})" for name in SIZES)


def _both(case: Case, seen: Seen, suffix: str = "", n: int | None = None) -> list[Tensor]:
    """mu and logvar, of n pictures; by default of all."""
    for mistake, words in ERRORS.items():
        explain_error(seen, words, mistake, ideas.ENCODER)
    if not seen.flag("is a module"):
        raise Wrong.of(ideas.ENCODER, "no-module")
    if not seen.flag("is a pair"):
        one = isinstance(seen["returned"], Tensor)
        raise Wrong.of(ideas.ENCODER, "one-tensor" if one else "not-a-pair")
    n = len(case["x"]) if n is None else n
    for name in HEADS:
        shape = seen.tensor(name + suffix, what=name).shape
        if shape == (n, case["hidden"]):
            raise Wrong.of(ideas.ENCODER, "hidden-as-code")
        if n > 1 and shape == ((n + 1) // 2, 2 * case["latent_dim"]):
            raise Wrong.of(ideas.ENCODER, "pictures-halved")
        if shape == (n, (case["latent_dim"] + 1) // 2):  # a layer of latent_dim numbers, cut in two
            raise Wrong.of(ideas.ENCODER, "too-few")
    return [seen.tensor(name + suffix, (n, case["latent_dim"]), name) for name in HEADS]


def _repeatable(case: Case, seen: Seen) -> list[Tensor]:
    """mu and logvar, if a second call gives them again."""
    values = _both(case, seen)
    for value, again in zip(values, _both(case, seen, " again"), strict=True):
        if not close(again, value):
            raise Wrong.of(ideas.ENCODER, "not-repeatable")
    return values


def _encodes(case: Case, seen: Seen) -> None:
    values = _repeatable(case, seen)
    backwards, alone = _both(case, seen, " backwards"), _both(case, seen, " of the first", 1)
    for value, turned, first in zip(values, backwards, alone, strict=True):
        if not (close(turned.flip(0), value, atol=1e-4) and close(first, value[:1], atol=1e-4)):
            raise Wrong.of(ideas.ENCODER, "pictures-mixed")


def _check_looks(values: list[Tensor]) -> None:
    if any(len(value) > 1 and close(value, value[:1].expand_as(value)) for value in values):
        raise Wrong.of(ideas.ENCODER, "does-not-look")


def _takes_any_value(case: Case, seen: Seen) -> None:
    _check_looks(_repeatable(case, seen))
    positive = {name: all(_is_positive(seen[f"{name} wild {k}"]) for k in range(probes_03.MODELS)) for name in HEADS}
    if positive["logvar"]:
        raise Wrong.of(ideas.ENCODER, "positive-both" if positive["mu"] else "positive-spread")
    wild = [_both(case, seen, f" wild {k}") for k in range(probes_03.MODELS)]
    mu, logvar = (torch.cat(values) for values in zip(*wild, strict=True))
    if mu.min() >= 0 and mu.any():
        raise Wrong.of(ideas.ENCODER, "positive-mean")
    if any(values.any() and values.abs().max() <= 1 for values in (mu, logvar)):
        raise Wrong.of(ideas.ENCODER, "squashed")
    if close(mu, logvar) or close(mu, -logvar):
        raise Wrong.of(ideas.ENCODER, "same-numbers")


def _is_positive(value: object) -> bool:
    """Infinity counts: the exponential of a large number is."""
    return isinstance(value, Tensor) and value.is_floating_point() and bool((value >= 0).all())


def _learns(case: Case, seen: Seen) -> None:
    points = [_both(case, seen, f" line {k}", LINES) for k in range(3)]
    _check_looks(points[0])
    if any(bend(ends) < BEND for ends in zip(*points, strict=True)):
        raise Wrong.of(ideas.ENCODER, "linear")
    if not seen.number("parameters"):
        raise Wrong.of(ideas.ENCODER, "not-registered")
    # Two networks with the same parameters give the same, unless a layer is not among them.
    one, other = _both(case, seen, " line 0", LINES), _both(case, seen, " of a copy", LINES)
    if not all(close(copied, value, atol=1e-4) for value, copied in zip(one, other, strict=True)):
        repeated = _both(case, seen, " again", LINES)
        repeatable = all(close(again, value, atol=1e-4) for value, again in zip(one, repeated, strict=True))
        raise Wrong.of(ideas.ENCODER, "not-registered" if repeatable else "not-repeatable")
    for name in HEADS:
        if not seen.flag(f"{name} learns"):
            raise Wrong.of(ideas.ENCODER, f"{name}-detached")
    if not seen.flag("grows with hidden"):
        raise Wrong.of(ideas.ENCODER, "hidden-ignored")
    if idle := seen.texts("idle"):
        raise Wrong.of(ideas.ENCODER, "no-gradient", f"Without gradient: {', '.join(idle[:4])}.")


ENCODER = Task(
    id="03.GaussianEncoder",
    answer="GaussianEncoder",
    title="The encoder",
    criteria=(
        Criterion("forward gives mu and logvar, latent_dim numbers each", 1, _encodes, _looks("heads")),
        Criterion("they are two results, and either may be any number", 1, _takes_any_value, _looks("heads")),
        Criterion("the encoder is nonlinear, and all its parameters learn", 1, _learns, _looks("learning")),
    ),
    stages=(Stage(probes_03.encoder, _encoder_cases),),
)


# 3 The likelihood -----------------------------------------------------------------------------------------

PICTURES = {"grey pictures": (5, 1, 6, 4), "one colour picture": (1, 3, 4, 4), "colour pictures": (3, 3, 2, 5)}
LARGE = "very large logits"
NOT_BINARY = ("to be within the support (Boolean())",)
"""What torch says where a Bernoulli distribution is asked for the probability of a grey level."""
NOT_PROBABILITIES = ("should be between 0 and 1", "between 0 and 1")
"""What torch says where logits are taken for probabilities."""


def _likelihood_cases(rng: torch.Generator) -> Iterator[Case]:
    shapes = PICTURES | {LARGE: (4, 1, 5, 5)}
    for name, shape in shapes.items():
        x = torch.rand(shape, generator=rng)
        logits = torch.randn(shape, generator=rng) * (150 if name == LARGE else 2)
        yield Case(name, {"wrt": ["logits"], "x": x, "logits": logits})


def _log_px(x: Tensor, logits: Tensor) -> Tensor:
    """Of pixels that are coins, in nats, (N,)."""
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def _per_picture(case: Case, seen: Seen) -> Tensor:
    """What was returned, if it is one number for each picture."""
    explain_error(seen, NOT_PROBABILITIES, "no-sigmoid", ideas.LOG_LIKELIHOOD)
    try:
        explain_error(seen, NOT_BINARY, "grey-levels", ideas.LOG_LIKELIHOOD)
    except Wrong as wrong:  # torch lists the values; its first words are enough
        raise Wrong(wrong.mistake, wrong.idea, wrong.measured.partition(" to be within")[0] + " ...") from None
    value = seen["value"]
    if isinstance(value, Tensor) and value.is_floating_point():
        if value.isnan().any() and case.name != LARGE:  # the logarithm of a negative number
            raise Wrong.of(ideas.LOG_LIKELIHOOD, "no-sigmoid")
        if not value.isfinite().all():
            raise Wrong.of(ideas.LOG_LIKELIHOOD, "saturated")
        if value.ndim == 0:
            raise Wrong.of(ideas.LOG_LIKELIHOOD, "one-number")
        if value.shape == case["x"].shape:
            raise Wrong.of(ideas.LOG_LIKELIHOOD, "not-summed")
        if value.shape == case["x"].shape[:2]:
            raise Wrong.of(ideas.LOG_LIKELIHOOD, "per-channel")
    return seen.tensor("value", (len(case["x"]),), "log p(x|z)")


def _log_likelihood(case: Case, seen: Seen) -> None:
    x, logits = case["x"].double(), case["logits"].double()
    value, right = _per_picture(case, seen), _log_px(x, logits)
    measured = f"On {case.name} yours is {value[0]:.3f} for the first picture, the right value is {right[0]:.3f}."
    lookalikes = list(_likelihood_lookalikes(x, logits))
    if case.name == LARGE:  # what is right elsewhere, and nothing else that is known, has left the range of float32
        lookalikes.append(("saturated", value))
    compare(value, right, lookalikes, ideas.LOG_LIKELIHOOD, measured)


def _likelihood_lookalikes(x: Tensor, logits: Tensor) -> Lookalikes:
    right, m = _log_px(x, logits), logits.sigmoid()
    yield "negative", -right
    yield "mean-over-pixels", right / x[0].numel()
    yield "mean-over-pixels", -right / x[0].numel()
    yield "double-sigmoid", _log_px(x, m)
    yield "double-sigmoid", -_log_px(x, m)
    yield "bits", right / log(2)
    yield "white-only", (x * F.logsigmoid(logits)).flatten(1).sum(1)
    yield "black-only", ((1 - x) * F.logsigmoid(-logits)).flatten(1).sum(1)
    yield "swapped", _log_px(logits, x)
    yield "swapped", -_log_px(logits, x)
    yield "swapped", _log_px(m, torch.logit(x, eps=1e-12))
    for factor in (-1, 1, -0.5, 0.5):
        yield "squared-error", factor * (x - m).square().flatten(1).sum(1)
    yield "rounded", _log_px(x.round(), logits)
    yield "not-logarithms", (x * m + (1 - x) * (1 - m)).flatten(1).sum(1)


def _likelihood_gradient(case: Case, seen: Seen) -> None:
    x, logits = case["x"].double(), case["logits"].double()
    value = _per_picture(case, seen)
    if not _arrives(seen, "d/dlogits", logits):
        raise Wrong.of(ideas.LOG_LIKELIHOOD, "no-gradient")
    gradient = seen.tensor("d/dlogits", tuple(x.shape), "The gradient")
    if close(value, _log_px(x, logits)) and not close(gradient, x - logits.sigmoid(), atol=1e-4):
        raise Wrong.of(ideas.LOG_LIKELIHOOD, "other-gradient")


LOG_LIKELIHOOD = Task(
    id="03.log_likelihood",
    answer="log_likelihood",
    title="The likelihood",
    criteria=(
        Criterion("log p(x|z) in nats: summed over pixels, one number a picture", 1, _log_likelihood, tuple(PICTURES)),
        Criterion("exact for very large logits, too", 1, _log_likelihood, (LARGE,)),
        Criterion("its gradient reaches the logits", 1, _likelihood_gradient, tuple(PICTURES)),
    ),
    stages=(Stage(probes.gradients, _likelihood_cases),),
)


# 4 The ELBO -----------------------------------------------------------------------------------------------

ONE_NUMBER, AT_THE_PRIOR = "one code of one number", "posteriors that equal the prior"
CODES = {ONE_NUMBER: (1, 1), AT_THE_PRIOR: (4, 3), "four pictures": (4, 3), "codes of seven numbers": (5, 7)}
AWAY = tuple(name for name in CODES if name != AT_THE_PRIOR)


def _elbo_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in CODES.items():
        mu, logvar = _means_and_logvars(shape, rng)
        if name == AT_THE_PRIOR:
            mu, logvar = torch.zeros(shape), torch.zeros(shape)
        log_px = -2 - 3 * torch.rand(shape[0], generator=rng)
        yield Case(name, {"wrt": ["log_px", "mu", "logvar"], "log_px": log_px, "mu": mu, "logvar": logvar})


def _kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, I)) in nats, (N,)."""
    return (logvar.exp() + mu**2 - 1 - logvar).sum(1) / 2


def _wrong_kls(mu: Tensor, logvar: Tensor) -> dict[str, list[Tensor]]:
    """Mistakes in the KL, and what each of them gives instead, (N,)."""
    right, variance = _kl(mu, logvar), logvar.exp()
    parts = {
        "log-sigma-for-logvar": variance + mu**2 - 1 - logvar / 2,
        "logvar-as-log-sigma": variance**2 + mu**2 - 1 - 2 * logvar,
        "sigma-for-variance": variance.sqrt() + mu**2 - 1 - logvar,
        "no-exponential": logvar + mu**2 - 1 - logvar,
        "swapped": (1 + mu**2) / variance - 1 + logvar,
        "logvar-sign": variance + mu**2 - 1 + logvar,
        "mu-not-squared": variance + mu - 1 - logvar,
        "one-missing": variance + mu**2 - logvar,
    }
    wrong = {name: [part.sum(1) / 2, part.sum(1)] for name, part in parts.items()}
    wrong["log-sigma-for-logvar"].append((variance + mu**2 - 1 - 2 * logvar).sum(1) / 2)
    wrong["logvar-as-log-sigma"].append((variance**2 + mu**2 - 1 - logvar).sum(1) / 2)
    n, size = mu.shape
    if size > 1:  # the sum over the wrong dimension, and the 1 outside of the right one
        wrong |= {"summed-over-pictures": [right * n / size], "one-once": [right + (size - 1) / 2]}
    of_means = {"mean-over-dimensions": [right / mu.shape[1], 2 * right / mu.shape[1]]}
    return {"half-missing": [2 * right], "half-twice": [right / 2]} | of_means | wrong


def _elbo(case: Case, seen: Seen) -> None:
    log_px, mu, logvar = (case[name].double() for name in ("log_px", "mu", "logvar"))
    value, kl = seen.number("value", "The ELBO"), _kl(mu, logvar).mean().item()
    right = log_px.mean().item() - kl
    yours = log_px.mean().item() - value
    if case.name == ONE_NUMBER:
        measured = (
            f"For μ = {mu.item():.3f}, σ = {exp(logvar.item() / 2):.3f} and log p(x|z) = {log_px.item():.3f} your ELBO "
            f"is {value:.3f}, so your KL is {yours:.3f}; the right KL is {kl:.3f}, the right ELBO {right:.3f}."
        )
    else:
        measured = f"On {case.name} your ELBO is {value:.3f}, the right value is {right:.3f}."
    ratio = {2.0: " Your KL is exactly twice the right one.", 0.5: " Your KL is exactly half the right one."}
    measured += next((text for factor, text in ratio.items() if kl and close(yours, factor * kl, 1e-3)), "")
    compare(value, right, _elbo_lookalikes(log_px, mu, logvar), ideas.ELBO, measured)


def _elbo_lookalikes(log_px: Tensor, mu: Tensor, logvar: Tensor) -> Lookalikes:
    n, size = mu.shape
    mean, kl = log_px.mean(), _kl(mu, logvar).mean()
    yield "negative", kl - mean
    yield "kl-sign", mean + kl
    yield "log-likelihood-sign", -mean - kl
    yield "no-kl", mean
    yield "kl-only", -kl
    if n > 1:
        yield "sum-over-pictures", n * (mean - kl)
        yield "kl-summed-over-pictures", mean - n * kl
        yield "log-likelihood-summed", n * mean - kl
    for name, wrong in _wrong_kls(mu, logvar).items():
        if size > 1 or name != "mean-over-dimensions":
            yield from ((name, mean - like.mean()) for like in wrong)


def _elbo_gradient(case: Case, seen: Seen) -> None:
    log_px, mu, logvar = (case[name].double() for name in ("log_px", "mu", "logvar"))
    value = seen.number("value", "The ELBO")
    inputs = {"log_px": log_px, "mu": mu, "logvar": logvar}
    there = [_arrives(seen, f"d/d{name}", like) for name, like in inputs.items()]
    if not any(there):
        raise Wrong.of(ideas.ELBO, "no-gradient")
    if not all(there):
        raise Wrong.of(ideas.ELBO, "part-detached")
    n = len(mu)
    wanted = {"log_px": torch.full_like(log_px, 1 / n), "mu": -mu / n, "logvar": (1 - logvar.exp()) / (2 * n)}
    exact = all(close(seen.tensor(f"d/d{name}"), right, atol=1e-4) for name, right in wanted.items())
    if not exact and close(value, log_px.mean() - _kl(mu, logvar).mean()):
        raise Wrong.of(ideas.ELBO, "other-gradient")


ELBO = Task(
    id="03.elbo",
    answer="elbo",
    title="The ELBO",
    criteria=(
        Criterion("without a KL, it is the mean of log p(x|z) over the pictures", 1, _elbo, (AT_THE_PRIOR,)),
        Criterion("the KL is subtracted, summed over the dimensions", 1, _elbo, AWAY),
        Criterion("the gradient reaches log p(x|z), μ and logvar", 1, _elbo_gradient, AWAY),
    ),
    stages=(Stage(probes.gradients, _elbo_cases),),
)


# 5 The training step --------------------------------------------------------------------------------------

STEPS = {"grey pictures": ((800, 1, 4, 3), (800, 1, 4, 3), (300, 1, 4, 3)), "colour pictures": ((600, 3, 3, 2),) * 2}
"""Name: shapes of the batches, one for each call."""
SIZE = 3
"""Of the codes."""
WEIGHTS = ("encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias")


def _train_step_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shapes in STEPS.items():
        pixels = prod(shapes[0][1:])
        encoder, decoder = torch.randn(2 * SIZE, pixels, generator=rng), torch.randn(pixels, SIZE, generator=rng)
        # Over the pictures, mu lies away from 0 and logvar on both sides of it.
        mu, logvar = _means_and_logvars((1, SIZE), rng)
        weights = {
            "encoder.weight": 0.4 * (encoder - encoder.mean(1, keepdim=True)),
            "encoder.bias": torch.cat([mu, logvar], 1).flatten(),
            "decoder.weight": 0.5 * decoder,
            "decoder.bias": torch.randn(pixels, generator=rng),
        }
        batches = [torch.rand(shape, generator=rng) for shape in shapes]
        yield Case(name, {"weights": weights, "batches": batches, "lr": 0.02})


def _weights_after(case: Case, seen: Seen, call: int) -> dict[str, Tensor]:
    given = case["weights"]
    if call == 0:
        return {name: given[name].double() for name in WEIGHTS}
    shapes = {name: tuple(given[name].shape) for name in WEIGHTS}
    return {name: seen.tensor(f"{name} {call}", shapes[name], "A weight after the step") for name in WEIGHTS}


def _posterior(weights: Weights, x: Tensor) -> tuple[Tensor, Tensor]:
    mu, logvar = (x.double().flatten(1) @ weights["encoder.weight"].T + weights["encoder.bias"]).chunk(2, dim=1)
    return mu, logvar


def _decoded(case: Case, seen: Seen, call: int) -> Tensor:
    """The codes that were drawn for the batch."""
    codes, x = seen[f"codes {call}"], case["batches"][call - 1]
    if not isinstance(codes, list) or not codes:
        raise Wrong.of(ideas.TRAIN_STEP, "not-decoded")
    if len(codes) > 1:
        raise Wrong.of(ideas.TRAIN_STEP, "several-codes")
    z = Seen({"z": codes[0]}).tensor("z", what="What decode gets")
    if z.shape != (len(x), SIZE):
        raise Wrong.of(ideas.TRAIN_STEP, "codes-shape")
    return z


def _draws_codes(case: Case, seen: Seen) -> None:
    explain_no_graph(seen, ideas.TRAIN_STEP)
    noises = []
    for call, x in enumerate(case["batches"], start=1):
        z, weights = _decoded(case, seen, call), _weights_after(case, seen, call - 1)
        if call == 1:  # later, after a wrong step, the weights may be of any size
            _check_spread(weights, x, z)
        noises.append(_noise(weights, x, z))
    if any(close(one[: len(other)], other, atol=1e-3) for one, other in pairwise(noises)):
        raise Wrong.of(ideas.TRAIN_STEP, "drawn-once")


def _check_spread(weights: Weights, x: Tensor, z: Tensor) -> None:
    if mistake := _explain_spread(z, *_posterior(weights, x)):
        raise Wrong.of(ideas.TRAIN_STEP, mistake)


Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""Of pictures, logits, mu and logvar: one number."""


def _loss(x: Tensor, logits: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    return (_kl(mu, logvar) - _log_px(x, logits)).mean()


def _wrong_losses() -> Iterator[tuple[str, Loss]]:
    yield "uphill", lambda *given: -_loss(*given)
    yield "kl-sign", lambda x, logits, *q: (-_log_px(x, logits) - _kl(*q)).mean()
    yield "no-kl", lambda x, logits, *q: -_log_px(x, logits).mean() + 0 * _kl(*q).mean()
    yield "kl-only", lambda x, logits, *q: 0 * _log_px(x, logits).mean() + _kl(*q).mean()
    yield "sum-over-pictures", lambda *given: len(given[0]) * _loss(*given)
    yield "kl-summed-over-pictures", lambda x, logits, *q: _kl(*q).sum() - _log_px(x, logits).mean()
    yield "reconstruction-summed", lambda x, logits, *q: _kl(*q).mean() - _log_px(x, logits).sum()
    yield "mean-over-pixels", lambda x, logits, *q: (_kl(*q) - _log_px(x, logits) / x[0].numel()).mean()
    yield "means-everywhere", lambda x, logits, *q: (_kl(*q) / SIZE - _log_px(x, logits) / x[0].numel()).mean()
    yield "double-sigmoid", lambda x, logits, *q: (_kl(*q) - _log_px(x, logits.sigmoid())).mean()
    yield "squared-error", lambda x, logits, *q: (_kl(*q) + _squares(x, logits.sigmoid())).mean()
    yield "squared-error", lambda x, logits, *q: (_kl(*q) + _squares(x, logits)).mean()
    for name, count in _NUMBER_OF_WRONG_KLS.items():
        for k in range(count):
            yield name, _with_wrong_kl(name, k)


def _squares(x: Tensor, x_hat: Tensor) -> Tensor:
    return (x - x_hat).square().flatten(1).sum(1)


def _with_wrong_kl(name: str, k: int) -> Loss:
    return lambda x, logits, *q: (_wrong_kls(*q)[name][k] - _log_px(x, logits)).mean()


_NUMBER_OF_WRONG_KLS = {name: len(wrong) for name, wrong in _wrong_kls(torch.ones(1, 2), torch.ones(1, 2)).items()}


def _value_and_gradient(
    weights: Weights, x: Tensor, z: Tensor, loss: Loss = _loss, detached: bool = False
) -> tuple[float, dict[str, Tensor]]:
    """Of a loss at the codes z that were drawn with these weights, in double precision.

    Args:
        weights: of the two layers.
        x: the pictures.
        z: what was decoded; its noise is held fixed.
        loss: by default -ELBO.
        detached: let no gradient pass from z to the encoder.
    """
    leaves = {name: value.clone().requires_grad_() for name, value in weights.items()}
    with torch.enable_grad():
        mu, logvar = _posterior(leaves, x)
        sigma = torch.exp(logvar / 2)
        drawn = mu + sigma * ((z - mu) / sigma).detach()
        code = drawn.detach() if detached else drawn
        logits = code @ leaves["decoder.weight"].T + leaves["decoder.bias"]
        value = loss(x.double(), logits.view(x.shape), mu, logvar)
        gradient = torch.autograd.grad(value, list(leaves.values()))
    return value.item(), dict(zip(leaves, gradient, strict=True))


def _steps_downhill(case: Case, seen: Seen) -> None:
    explain_no_graph(seen, ideas.TRAIN_STEP)
    left_over = None
    for call, x in enumerate(case["batches"], start=1):
        before, after = _weights_after(case, seen, call - 1), _weights_after(case, seen, call)
        z = _decoded(case, seen, call)
        if call == 1:
            _check_spread(before, x, z)
        _, gradient = _value_and_gradient(before, x, z)
        if not same(after, moved(before, gradient, case["lr"])):
            explain_order(seen.texts(f"events {call}"), ideas.TRAIN_STEP)
            _explain_step(case, before, after, call, z, left_over)
        left_over = gradient


def _explain_step(case: Case, before: Weights, after: Weights, call: int, z: Tensor, left_over: Weights | None) -> None:
    """Why the weights of this call are not where the gradient of -ELBO leads."""
    x, lr = case["batches"][call - 1], case["lr"]
    _, gradient = _value_and_gradient(before, x, z)
    added = left_over and {name: gradient[name] + left_over[name] for name in WEIGHTS}
    if added and same(after, moved(before, added, lr)):
        raise Wrong.of(ideas.TRAIN_STEP, "gradients-add-up")
    _, detached = _value_and_gradient(before, x, z, detached=True)
    if same(after, moved(before, detached, lr)):
        raise Wrong.of(ideas.TRAIN_STEP, "sampling-detached")
    for name, loss in _wrong_losses():
        if same(after, moved(before, _value_and_gradient(before, x, z, loss)[1], lr)):
            raise Wrong.of(ideas.TRAIN_STEP, name)
    factor = steps_along(before, after, gradient)
    scaled = same(after, moved(before, {name: factor * gradient[name] for name in WEIGHTS}, 1.0))
    raise Wrong.of(ideas.TRAIN_STEP, "scaled" if scaled else "other-step")


def _returned_loss(case: Case, seen: Seen) -> None:
    explain_no_graph(seen, ideas.TRAIN_STEP)
    for call, x in enumerate(case["batches"], start=1):
        if isinstance(seen[f"returned {call}"], Tensor):
            raise Wrong.of(ideas.TRAIN_STEP, "tensor-returned")
        value, z = seen.number(f"returned {call}", "The loss"), _decoded(case, seen, call)
        before, after = _weights_after(case, seen, call - 1), _weights_after(case, seen, call)
        right, _ = _value_and_gradient(before, x, z)
        measured = f"In call {call} on {case.name} you return {value:.3f}, the loss is {right:.3f}."
        compare(value, right, _loss_lookalikes(before, after, x, z), ideas.TRAIN_STEP, measured)


def _loss_lookalikes(before: Weights, after: Weights, x: Tensor, z: Tensor) -> Lookalikes:
    right, _ = _value_and_gradient(before, x, z)
    yield "elbo-returned", -right
    noise = _noise(before, x, z)
    mu, logvar = _posterior(after, x)
    yield "loss-after-step", _value_and_gradient(after, x, mu + torch.exp(logvar / 2) * noise)[0]
    for name, loss in _wrong_losses():
        yield name, _value_and_gradient(before, x, z, loss)[0]


def _noise(weights: Weights, x: Tensor, z: Tensor) -> Tensor:
    mu, logvar = _posterior(weights, x)
    return (z - mu) / torch.exp(logvar / 2)


TRAIN_STEP = Task(
    id="03.train_step",
    answer="train_step",
    title="One training step",
    criteria=(
        Criterion("z is drawn from the posterior, anew in every call, and decoded", 1, _draws_codes),
        Criterion("one step down the gradient of -ELBO, in every call from a fresh one", 2, _steps_downhill),
        Criterion("the loss before the step is returned, as a float", 1, _returned_loss),
    ),
    stages=(Stage(probes_03.train_step, _train_step_cases),),
)


# 6 The manifold -------------------------------------------------------------------------------------------

GRIDS = {"four steps": ((1, 4, 3), 4), "seven steps": ((1, 3, 5), 7), "colour pictures": ((3, 2, 3), 5)}
"""Name: shape of a picture, steps."""
OFF_THE_PLANE = 1e-2
"""In logits, which are of the order of one."""
NEAR = 5e-3
"""Of codes, which are of the order of one, and are seen through a sigmoid in float32."""
DTYPES = ("same dtype", "to have the same dtype", "expected scalar type")


def _manifold_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (shape, steps) in GRIDS.items():
        # Orthogonal columns, so that no direction of the plane is lost.
        weight = 2 * torch.linalg.qr(torch.randn(prod(shape), 2, generator=rng))[0]
        bias = torch.randn(prod(shape), generator=rng) / 2
        yield Case(name, {"weight": weight.contiguous(), "bias": bias, "picture_shape": list(shape), "steps": steps})


def _quantiles(steps: int) -> Tensor:
    return torch.special.ndtri((torch.arange(steps, dtype=torch.float64) + 0.5) / steps)


def _grid(case: Case) -> Tensor:
    """The right codes, (steps * steps, 2)."""
    q = _quantiles(case["steps"])
    return torch.stack(torch.meshgrid(q, q, indexing="xy"), -1).reshape(-1, 2)


def _logits(case: Case, z: Tensor) -> Tensor:
    return z @ case["weight"].double().T + case["bias"].double()


class _Plane:
    """What was returned, with the code of each picture; ``codes`` is None for what no code decodes to."""

    def __init__(self, case: Case, rows: Tensor):
        self.rows = rows
        self.grey = bool((rows >= 0).all() and (rows <= 1).all())
        readings = {"right": torch.logit(rows, eps=1e-9)} if self.grey else {"logits-returned": rows}
        if self.grey:
            readings |= {"sigmoid-twice": torch.logit(torch.logit(rows, eps=1e-9).clamp(1e-9, 1 - 1e-9))}
        self.reading, self.codes = "other-pictures", None
        for reading, logits in readings.items():
            codes = torch.linalg.lstsq(case["weight"].double(), (logits - case["bias"].double()).T).solution.T
            if self.codes is None and (_logits(case, codes) - logits).abs().max() < OFF_THE_PLANE:
                self.reading, self.codes = reading, codes


def _plane(case: Case, seen: Seen) -> _Plane:
    explain_error(seen, DTYPES, "double", ideas.MANIFOLD)
    shape, steps = tuple(case["picture_shape"]), case["steps"]
    value = seen["value"]
    if isinstance(value, list) and value and isinstance(value[0], Tensor):
        raise Wrong.of(ideas.MANIFOLD, "list")
    _explain_infinite(seen)
    value = seen.tensor("value", what="The result")
    if value.shape == (steps * steps, 2):
        raise Wrong.of(ideas.MANIFOLD, "codes-returned")
    if value.shape == (steps, steps, *shape):
        raise Wrong.of(ideas.MANIFOLD, "grid-shape")
    value = seen.tensor("value", (None, *shape), "The result")
    plane = _Plane(case, value.flatten(1)) if len(value) else None
    if plane is None or len(value) != steps * steps:
        codes = plane.codes if plane else None
        diagonal = codes is not None and len(codes) == steps and close(codes[:, 0], codes[:, 1], atol=NEAR)
        measured = f"With steps={steps} there are {len(value)} pictures."
        raise Wrong.of(ideas.MANIFOLD, "diagonal" if diagonal else "count", measured)
    return plane


def _explain_infinite(seen: Seen) -> None:
    codes = seen["codes"]
    tensors = [z for z in codes if isinstance(z, Tensor) and z.is_floating_point()] if isinstance(codes, list) else []
    if any(not z.isfinite().all() for z in tensors):
        raise Wrong.of(ideas.MANIFOLD, "infinite")


def _gives_pictures(case: Case, seen: Seen) -> None:
    plane = _plane(case, seen)
    if plane.reading != "right":
        raise Wrong.of(ideas.MANIFOLD, plane.reading)


def _codes(case: Case, seen: Seen) -> Tensor:
    plane = _plane(case, seen)
    if plane.codes is None:
        raise Wrong.of(ideas.MANIFOLD, plane.reading)
    return plane.codes


def _takes_quantiles(case: Case, seen: Seen) -> None:
    codes, q = _codes(case, seen), _quantiles(case["steps"])
    grid = _grid(case)
    if _is_near(_sorted(codes), _sorted(grid)):
        return
    if all(_is_near(_distinct(codes[:, axis]), q) for axis in (0, 1)):
        raise Wrong.of(ideas.MANIFOLD, "pairs")
    places = _distinct(codes[:, 0])
    measured = f"With steps={case['steps']} your z₁ are {_listed(places)}; they should be {_listed(q)}."
    as_many = len(places) == len(q)
    explanations = {
        "probabilities-decoded": as_many and bool((places >= -NEAR).all() and (places <= 1 + NEAR).all()),
        "evenly-spaced": as_many and _is_even(places),
        "other-quantiles": as_many and _is_even(torch.special.ndtr(places)),
        "random": not _is_near(places, -places.flip(0)),
    }
    raise Wrong.of(ideas.MANIFOLD, next((name for name, fits in explanations.items() if fits), "other"), measured)


def _is_near(one: Tensor, other: Tensor) -> bool:
    return close(one, other, rtol=0, atol=NEAR)


def _sorted(codes: Tensor) -> Tensor:
    """Pairs in lexical order; rounded first, so that equal numbers count as equal."""
    rounded = (codes / (4 * NEAR)).round()
    order = sorted(range(len(codes)), key=lambda row: tuple(rounded[row].tolist()))
    return codes[order]


def _distinct(values: Tensor) -> Tensor:
    ordered = values.sort().values
    steps = torch.cat([torch.ones(1, dtype=torch.bool), ordered.diff() > 4 * NEAR])
    return ordered[steps]


def _is_even(values: Tensor) -> bool:
    return _is_near(values, torch.linspace(values[0].item(), values[-1].item(), len(values), dtype=torch.float64))


def _listed(values: Tensor) -> str:
    return ", ".join(f"{value:.2f}" for value in values[:8].tolist()) + ("..." if len(values) > 8 else "")


def _is_in_order(case: Case, seen: Seen) -> None:
    codes, steps = _codes(case, seen), case["steps"]
    # Whatever the places are: ranks along the two axes tell the order.
    ranks = torch.stack([_ranks(codes[:, axis]) for axis in (0, 1)], -1)
    k = torch.arange(steps)
    right = torch.stack(torch.meshgrid(k, k, indexing="xy"), -1).reshape(-1, 2)
    if torch.equal(ranks, right):
        return
    last = steps - 1
    flipped = [right * torch.tensor(signs) + torch.tensor([last * (s < 0) for s in signs]) for signs in _FLIPS]
    if any(torch.equal(ranks, like.flip(1)) for like in (right, *flipped)):
        raise Wrong.of(ideas.MANIFOLD, "transposed")
    if any(torch.equal(ranks, like) for like in flipped):
        raise Wrong.of(ideas.MANIFOLD, "reversed")
    if int(ranks.max()) == last and len(ranks.unique(dim=0)) < len(ranks):
        raise Wrong.of(ideas.MANIFOLD, "pairs")
    raise Wrong.of(ideas.MANIFOLD, "random" if int(ranks.max()) > last else "other-order")


_FLIPS = ((1, -1), (-1, 1), (-1, -1))


def _ranks(values: Tensor) -> Tensor:
    """The place of each value among the distinct ones."""
    return torch.searchsorted(_distinct(values) - 2 * NEAR, values.contiguous(), right=True) - 1


MANIFOLD = Task(
    id="03.manifold",
    answer="manifold",
    title="From a blank cell: the manifold",
    criteria=(
        Criterion("steps * steps pictures with grey levels in [0, 1]", 1, _gives_pictures),
        Criterion("their codes are the prior's quantiles, each with each", 2, _takes_quantiles),
        Criterion("z₁ grows from left to right, z₂ from top to bottom", 1, _is_in_order),
    ),
    stages=(Stage(probes_03.manifold, _manifold_cases),),
)

TASKS = (REPARAMETERIZE, ENCODER, LOG_LIKELIHOOD, ELBO, TRAIN_STEP, MANIFOLD)
