"""The tasks of lesson 06: the conditional VAE. What their hints say is in :mod:`.ideas_06`."""

from collections.abc import Iterator, Sequence
from math import prod

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.data import strokes
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
from vaecourse.grading.tasks import ideas_06 as ideas
from vaecourse.grading.worker import probes, probes_06


def _labels(n: int, num_classes: int, rng: torch.Generator) -> Tensor:
    """Class numbers (n,): the highest, then all the others in any order, then any."""
    others = torch.randperm(num_classes - 1, generator=rng)
    rest = torch.randint(num_classes, (n,), generator=rng)
    return torch.cat([torch.tensor([num_classes - 1]), others, rest])[:n]


# 1 One-hot ------------------------------------------------------------------------------------------------

ALL_CLASSES, NOT_ALL = "a batch with every class", "a batch without the last classes"
ONE_HOT_CASES = {ALL_CLASSES: (9, 7), NOT_ALL: (5, 8), "one picture": (1, 4)}
"""Name: number of pictures, number of classes."""


def _one_hot_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (n, num_classes) in ONE_HOT_CASES.items():
        seen_classes = num_classes if name == ALL_CLASSES else num_classes - 2
        yield Case(name, {"c": _labels(n, seen_classes, rng), "num_classes": num_classes})


def _one_hot(case: Case, seen: Seen) -> None:
    c, width, value = case["c"], case["num_classes"], seen["value"]
    right = F.one_hot(c, width).double()
    if isinstance(value, Tensor) and not value.is_floating_point():
        if value.shape == right.shape and close(value.double(), right):
            raise Wrong.of(ideas.ONE_HOT, "whole-numbers")
        value = value.double()
    values = Seen({"value": value}).tensor("value", what="The result")
    measured = f"On {case.name} its shape is {tuple(values.shape)}; it should be {tuple(right.shape)}."
    if values.shape != right.shape:
        raise Wrong.of(ideas.ONE_HOT, _width_mistake(values, c, width), measured)
    compare(values, right, _one_hot_lookalikes(right), ideas.ONE_HOT)


def _width_mistake(value: Tensor, c: Tensor, width: int) -> str:
    if value.numel() == len(c):
        return "class-number"
    widths = {"batch-width": int(c.max()) + 1, "one-too-wide": width + 1, "fixed-width": 10}
    if value.shape == (width, len(c)):
        return "transposed"
    if value.ndim != 2 or len(value) != len(c):
        return "other"
    found = next((mistake for mistake, size in widths.items() if value.shape[1] == size), "other")
    # Several of these can be as wide as each other; the ones tell how the class numbers were read.
    return "batch-width" if found == "other" and value.shape[1] == len(c.unique()) else found


def _one_hot_lookalikes(right: Tensor) -> Lookalikes:
    yield "shifted", right.roll(1, 1)
    yield "shifted", right.roll(-1, 1)
    yield "inverted", 1 - right
    yield "reversed", right.flip(1)
    yield "class-number", right.argmax(1, keepdim=True).expand_as(right).double()
    yield "class-number", right * torch.arange(right.shape[1])
    yield "empty", torch.zeros_like(right)
    yield "all-rows-alike", right.amax(0).expand_as(right)


ONE_HOT = Task(
    id="06.one_hot",
    answer="one_hot",
    title="One-hot",
    criteria=(
        Criterion("a row for each picture, with a 1 at its class number", 1, _one_hot, (ALL_CLASSES,)),
        Criterion("as wide as num_classes, whatever the batch holds", 1, _one_hot, (NOT_ALL, "one picture")),
    ),
    stages=(Stage(probes.call, _one_hot_cases),),
)


# 2 The class ----------------------------------------------------------------------------------------------

MODELS = {"grey pictures": (9, 4, 16, (1, 6, 5), 5), "colour pictures": (7, 3, 12, (3, 4, 3), 4)}
"""Name: number of pictures, latent_dim, hidden, picture_shape, num_classes."""
LOOKS = ("encode", "decode", "learning")
MANY, ONLY_ONE = "forty classes", "a batch of one class"
LABEL_CASES = {MANY: 40, ONLY_ONE: 4}
FIRST = 10
"""The class number from which on a number that passes through a layer leaves hardly any bend behind."""
SMOOTH = 0.5
"""Results for the labels 10, 11, 12, ... whose second differences are below this share of the first ones, squared and
on average, follow the class number. Of one-hot labels the share is 3."""
LINES = 24
"""Straight lines that are followed, between pictures or between codes."""
BEND = 1e-4
"""Deviation from a straight line, as a share of its length: rounding stays below, any activation is far above."""
HEADS = ("mu", "logvar")
DIMENSIONS = ("Sizes of tensors must match", "same number of dimensions")
PRODUCTS = ("shapes cannot be multiplied", "size mismatch")
ARGUMENTS = ("positional argument",)
CLASS_VALUES = ("smaller than num_classes", "out of bounds", "out of range")


def _class_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (n, latent_dim, hidden, shape, num_classes) in MODELS.items():
        sizes = {"latent_dim": latent_dim, "hidden": hidden, "picture_shape": list(shape), "num_classes": num_classes}
        x, x_other = torch.rand(2, n, *shape, generator=rng)
        z, z_other = 2 * torch.randn(2, n, latent_dim, generator=rng)
        c = _labels(n, num_classes, rng)
        labels = {"c": c, "c_other": (c + 1) % num_classes}
        yield Case(_look_at("encode", name), {"look": "encode", **sizes, "x": x, "x_other": x_other, **labels})
        yield Case(_look_at("decode", name), {"look": "decode", **sizes, "x": x, "z": z, "z_other": z_other, **labels})
        ends = torch.rand(2, LINES, *shape, generator=rng).round()
        codes = 3 * torch.randn(2, LINES, latent_dim, generator=rng)
        learning = {
            "x": torch.rand(LINES, *shape, generator=rng),
            "z": torch.randn(LINES, latent_dim, generator=rng),
            "c": _labels(LINES, num_classes, rng),
            "x_line": [ends[0], ends.mean(0), ends[1]],
            "z_line": [codes[0], codes.mean(0), codes[1]],
        }
        yield Case(_look_at("learning", name), {"look": "learning", **sizes, **learning})
    for name, num_classes in LABEL_CASES.items():
        shape, latent_dim = (1, 5, 4), 3
        sizes = {"latent_dim": latent_dim, "hidden": 20, "picture_shape": list(shape), "num_classes": num_classes}
        given = {"x": torch.rand(1, *shape, generator=rng), "z": torch.randn(1, latent_dim, generator=rng)}
        c = torch.arange(num_classes) if name == MANY else torch.zeros(3, dtype=torch.int64)
        yield Case(name, {"look": "labels", **sizes, **given, "c": c})


def _look_at(look: str, name: str) -> str:
    return f"{name} ({look})"


def _looks(look: str) -> tuple[str, ...]:
    return tuple(_look_at(look, name) for name in MODELS)


def _check_errors(seen: Seen) -> None:
    """What is behind the exceptions that a condition brings along, and whether there is a module at all."""
    explain_error(seen, ARGUMENTS, "no-label-argument", ideas.CLASS)
    explain_error(seen, DIMENSIONS, "wrong-dimension", ideas.CLASS)
    explain_error(seen, PRODUCTS, "shapes-do-not-fit", ideas.CLASS)
    if not seen.flag("is a module"):
        raise Wrong.of(ideas.CLASS, "no-module")


def _check_pair(seen: Seen) -> None:
    if not seen.flag("is a pair"):
        raise Wrong.of(ideas.CLASS, "one-tensor" if isinstance(seen["returned"], Tensor) else "not-a-pair")


def _both(case: Case, seen: Seen, suffix: str = "", n: int | None = None) -> list[Tensor]:
    """mu and logvar, of n pictures; by default of all."""
    n = len(case["x"]) if n is None else n
    for name in HEADS:
        if seen.tensor(name + suffix, what=name).shape == (n, case["hidden"]):
            raise Wrong.of(ideas.CLASS, "hidden-as-code")
    return [seen.tensor(name + suffix, (n, case["latent_dim"]), name) for name in HEADS]


def _logits(case: Case, seen: Seen, suffix: str = "", n: int | None = None) -> Tensor:
    shape = tuple(case["picture_shape"])
    n = len(case["z"]) if n is None else n
    if seen.tensor(f"logits{suffix}", what="decode(z, c)").shape == (n, prod(shape)):
        raise Wrong.of(ideas.CLASS, "flat-pictures")
    return seen.tensor(f"logits{suffix}", (n, *shape), "decode(z, c)")


def _encodes(case: Case, seen: Seen) -> None:
    _check_errors(seen)
    _check_pair(seen)
    values = torch.cat(_both(case, seen), 1)
    again, backwards = (torch.cat(_both(case, seen, suffix), 1) for suffix in (" again", " backwards"))
    if not close(again, values):
        raise Wrong.of(ideas.CLASS, "not-repeatable")
    alone = torch.cat(_both(case, seen, " of the first", 1), 1)
    if not (close(backwards.flip(0), values, atol=1e-4) and close(alone, values[:1], atol=1e-4)):
        raise Wrong.of(ideas.CLASS, "pictures-mixed")
    if close(torch.cat(_both(case, seen, " with other labels"), 1), values):
        raise Wrong.of(ideas.CLASS, "encoder-without-label")
    if close(torch.cat(_both(case, seen, " of other pictures"), 1), values):
        raise Wrong.of(ideas.CLASS, "encoder-without-picture")
    # Infinity counts as positive: the exponential of a large number is.
    if all(_is_positive(seen[f"logvar wild {k}"]) for k in range(probes_06.MODELS)):
        raise Wrong.of(ideas.CLASS, "positive-spread")


def _is_positive(value: object) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and bool((value >= 0).all())


def _decodes(case: Case, seen: Seen) -> None:
    _check_errors(seen)
    if seen.flag("needs encode"):
        raise Wrong.of(ideas.CLASS, "needs-encode")
    logits = _logits(case, seen)
    if not close(_logits(case, seen, " again"), logits):
        raise Wrong.of(ideas.CLASS, "not-repeatable")
    if not close(_logits(case, seen, " after encode"), logits):
        raise Wrong.of(ideas.CLASS, "remembers")
    if not close(_logits(case, seen, " backwards").flip(0), logits, atol=1e-4):
        raise Wrong.of(ideas.CLASS, "pictures-mixed")
    if close(_logits(case, seen, " with other labels"), logits):
        raise Wrong.of(ideas.CLASS, "decoder-without-label")
    if close(_logits(case, seen, " of other codes"), logits):
        raise Wrong.of(ideas.CLASS, "decoder-without-code")
    wild = torch.cat([_logits(case, seen, f" wild {k}") for k in range(probes_06.MODELS)])
    if wild.abs().max() <= 1:
        raise Wrong.of(ideas.CLASS, "squashed")


def _tells_labels_apart(case: Case, seen: Seen) -> None:
    if case.name == ONLY_ONE:
        explain_error(seen, PRODUCTS, "batch-width", ideas.CLASS)
    else:
        explain_error(seen, CLASS_VALUES, "fixed-width", ideas.CLASS)
    _check_errors(seen)
    _check_pair(seen)
    n = len(case["c"])
    encoded = [torch.cat(_both(case, seen, f" {k}", n), 1) for k in range(probes_06.MODELS)]
    decoded = [_logits(case, seen, f" {k}", n).flatten(1) for k in range(probes_06.MODELS)]
    if case.name == ONLY_ONE:
        return
    for results, where in ((torch.cat(encoded, 1), "encoder"), (torch.cat(decoded, 1), "decoder")):
        if close(results, results[:1].expand_as(results)):
            raise Wrong.of(ideas.CLASS, f"{where}-without-label")
        if _is_smooth(results):
            raise Wrong.of(ideas.CLASS, "class-number")
        if torch.pdist(results).min() < 1e-4 * results.std():
            raise Wrong.of(ideas.CLASS, "labels-alike")


def _is_smooth(results: Tensor) -> bool:
    """Whether neighbouring class numbers have neighbouring results (num_classes, ...)."""
    steps = results[FIRST:].diff(dim=0)
    return bool(steps.diff(dim=0).square().mean() < SMOOTH * steps.square().mean())


def _learns(case: Case, seen: Seen) -> None:
    _check_errors(seen)
    _check_pair(seen)
    encoded = [torch.cat(_both(case, seen, f" line {k}", LINES), 1) for k in range(3)]
    decoded = [_logits(case, seen, f" line {k}", LINES) for k in range(3)]
    if not seen.number("parameters"):
        raise Wrong.of(ideas.CLASS, "not-registered")

    def everything(suffix: str) -> Tensor:
        return torch.cat([*_both(case, seen, suffix, LINES), _logits(case, seen, suffix, LINES).flatten(1)], 1)

    values = everything("")
    # Two models with the same parameters give the same, unless a layer is not among them.
    if not close(everything(" of a copy"), values, atol=1e-4):
        repeatable = close(everything(" again"), values, atol=1e-4)
        raise Wrong.of(ideas.CLASS, "not-registered" if repeatable else "not-repeatable")
    for points, where, what in ((encoded, "encoder", "picture"), (decoded, "decoder", "code")):
        if close(points[0], points[2]):
            raise Wrong.of(ideas.CLASS, f"{where}-without-{what}")
        if bend(points) < BEND:
            raise Wrong.of(ideas.CLASS, f"linear-{where}")
    if idle := seen.texts("idle"):
        raise Wrong.of(ideas.CLASS, "no-gradient", f"Without gradient: {', '.join(idle[:4])}.")


CLASS = Task(
    id="06.ConditionalVAE",
    answer="ConditionalVAE",
    title="Encoder and decoder, given c",
    criteria=(
        Criterion("encode gives mu and logvar, and sees x and c", 1, _encodes, _looks("encode")),
        Criterion("decode gives logits, and sees z and c", 1, _decodes, _looks("decode")),
        Criterion("any label of num_classes, each for itself", 1, _tells_labels_apart, tuple(LABEL_CASES)),
        Criterion("both networks are nonlinear, and all parameters learn", 1, _learns, _looks("learning")),
    ),
    stages=(Stage(probes_06.conditional_vae, _class_cases),),
)


# 3 The conditional ELBO -----------------------------------------------------------------------------------

STANDARD, SAME, ONE_NUMBER = "a prior N(0, I)", "posteriors that equal the prior", "one code of one number"
CODES = {STANDARD: (4, 3), ONE_NUMBER: (1, 1), "four pictures": (4, 3), "codes of seven numbers": (5, 7), SAME: (4, 3)}
"""With posteriors that equal the prior too many mistakes give the same: they come last."""
LEARNED = tuple(name for name in CODES if name not in (STANDARD, SAME))
GIVEN = ("mu", "logvar", "prior_mu", "prior_logvar")
Four = tuple[Tensor, Tensor, Tensor, Tensor]
"""The posterior's mu and logvar, the prior's mu and logvar."""


def _elbo_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in CODES.items():
        # On both sides of 0, at some distance, and apart from each other: no mistake may look right by chance.
        sides = torch.randint(2, (4, *shape), generator=rng) * 2 - 1
        sides[3] = -sides[1]  # or else which of the two spreads is used would not show
        low = torch.tensor([0.5, 0.5, 0.6, 0.2]).view(4, 1, 1)
        mu, logvar, away, wider = sides * (low + torch.rand(4, *shape, generator=rng))
        prior_mu, prior_logvar = (mu - 1.5 * away, wider) if name in LEARNED else (0 * mu, 0 * mu)
        if name == SAME:
            prior_mu, prior_logvar = mu, logvar
        log_px = -2 - 3 * torch.rand(shape[0], generator=rng)
        given = {"log_px": log_px, "mu": mu, "logvar": logvar, "prior_mu": prior_mu, "prior_logvar": prior_logvar}
        yield Case(name, {"wrt": list(given), **given})


def _four(case: Case) -> Four:
    mu, logvar, prior_mu, prior_logvar = (case[name].double() for name in GIVEN)
    return mu, logvar, prior_mu, prior_logvar


def _kl(mu: Tensor, logvar: Tensor, prior_mu: Tensor, prior_logvar: Tensor) -> Tensor:
    """KL(q(z|x, c)‖p(z|c)) of diagonal Gaussians, in nats, (N,)."""
    ratio = (logvar - prior_logvar).exp() + (mu - prior_mu) ** 2 / prior_logvar.exp()
    return (ratio - 1 - logvar + prior_logvar).sum(1) / 2


def _conditional_elbo(case: Case, seen: Seen) -> None:
    log_px, given = case["log_px"].double(), _four(case)
    value, kl = _elbo_value(seen), _kl(*given).mean().item()
    right = log_px.mean().item() - kl
    measured = f"On {case.name} your ELBO is {value:.3f}, the right value is {right:.3f}."
    if case.name == ONE_NUMBER:
        yours = log_px.item() - value
        measured += f" So your KL is {yours:.3f}; the right KL is {kl:.3f}."
    compare(value, right, _elbo_lookalikes(log_px, given), ideas.CONDITIONAL_ELBO, measured)


def _elbo_value(seen: Seen) -> float:
    try:
        return seen.number("value", "The ELBO")
    except Wrong as wrong:
        if wrong.mistake != "not-finite":
            raise
        raise Wrong.of(ideas.CONDITIONAL_ELBO, "not-a-number") from None


def _elbo_lookalikes(log_px: Tensor, given: Four) -> Lookalikes:
    n, size = given[0].shape
    mean, kl = log_px.mean(), _kl(*given).mean()
    yield "negative", kl - mean
    yield "kl-sign", mean + kl
    yield "log-likelihood-sign", -mean - kl
    yield "no-kl", mean
    yield "kl-only", -kl
    if n > 1:
        yield "sum-over-pictures", n * (mean - kl)
        yield "kl-summed-over-pictures", mean - n * kl
        yield "log-likelihood-summed", n * mean - kl
    for name, wrong in _wrong_kls(*given):
        if size > 1 or name != "mean-over-dimensions":
            yield name, mean - wrong.mean()


def _wrong_kls(mu: Tensor, logvar: Tensor, prior_mu: Tensor, prior_logvar: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Mistakes in the KL, and what each of them gives instead, (N,)."""
    zero, right = torch.zeros_like(mu), _kl(mu, logvar, prior_mu, prior_logvar)
    variance, prior_variance, square = logvar.exp(), prior_logvar.exp(), (mu - prior_mu) ** 2
    logarithms = prior_logvar - logvar
    # With a prior N(0, I) some of these are right: they are told apart where the prior is learned.
    yield "standard-prior", _kl(mu, logvar, zero, zero)
    yield "swapped", _kl(prior_mu, prior_logvar, mu, logvar)
    yield "prior-mean-only", _kl(mu, logvar, prior_mu, zero)
    yield "prior-spread-only", _kl(mu, logvar, zero, prior_logvar)
    yield "half-missing", 2 * right
    yield "half-twice", right / 2
    yield "mean-over-dimensions", right / mu.shape[1]
    yield "mean-over-dimensions", 2 * right / mu.shape[1]
    parts = {
        "not-divided": (
            variance + square - 1 + logarithms,
            variance / prior_variance + square - 1 + logarithms,
            variance + square / prior_variance - 1 + logarithms,
        ),
        "mean-over-own-spread": (variance / prior_variance + square / variance - 1 + logarithms,),
        "log-upside-down": ((variance + square) / prior_variance - 1 - logarithms,),
        "no-logarithm": ((variance + square) / prior_variance - 1,),
        "prior-logarithm-missing": ((variance + square) / prior_variance - 1 - logvar,),
        "logvar-sign": ((variance + square) / prior_variance - 1 - prior_logvar - logvar,),
        "log-sigma-for-logvar": ((variance + square) / prior_variance - 1 + logarithms / 2,),
        "mean-not-squared": (
            (variance + mu - prior_mu) / prior_variance - 1 + logarithms,
            (variance + (mu - prior_mu).abs()) / prior_variance - 1 + logarithms,
        ),
        "one-missing": ((variance + square) / prior_variance + logarithms,),
        "no-exponential": (
            (variance + square) / prior_logvar - 1 + logarithms,
            (logvar + square) / prior_variance - 1 + logarithms,
            (logvar + square) / prior_logvar - 1 + logarithms,
        ),
        "sigma-for-variance": (
            (variance.sqrt() + square) / prior_variance.sqrt() - 1 + logarithms,
            (variance.sqrt() + square) / prior_variance.sqrt() - 1 + logarithms / 2,
        ),
    }
    for name, wrong in parts.items():
        for part in wrong:
            yield name, part.sum(1) / 2
            yield name, part.sum(1)
    yield "logvar-as-log-sigma", _kl(mu, 2 * logvar, prior_mu, 2 * prior_logvar)


def _elbo_gradient(case: Case, seen: Seen) -> None:
    inputs = {name: case[name].double().requires_grad_() for name in ("log_px", *GIVEN)}
    value = _elbo_value(seen)
    arriving = {name: _arrives(seen, f"d/d{name}", like) for name, like in inputs.items()}
    if not all(arriving.values()):
        _conditional_elbo(case, seen)  # what is not in the value has no gradient either
    if not any(arriving.values()):
        raise Wrong.of(ideas.CONDITIONAL_ELBO, "no-gradient")
    if not (arriving["prior_mu"] or arriving["prior_logvar"]):
        raise Wrong.of(ideas.CONDITIONAL_ELBO, "prior-without-gradient")
    if not all(arriving.values()):
        raise Wrong.of(ideas.CONDITIONAL_ELBO, "part-detached")
    with torch.enable_grad():
        log_px, *four = inputs.values()
        right = log_px.mean() - _kl(*four).mean()
        gradients = torch.autograd.grad(right, list(inputs.values()))
    exact = all(
        close(seen.tensor(f"d/d{name}"), gradient, atol=1e-4) for name, gradient in zip(inputs, gradients, strict=True)
    )
    if not exact and close(value, right.item()):
        raise Wrong.of(ideas.CONDITIONAL_ELBO, "other-gradient")


def _arrives(seen: Seen, name: str, like: Tensor) -> bool:
    return seen[name] is not None and bool(seen.tensor(name, tuple(like.shape), "The gradient").any())


CONDITIONAL_ELBO = Task(
    id="06.conditional_elbo",
    answer="conditional_elbo",
    title="The conditional ELBO",
    criteria=(
        Criterion("right with the prior N(0, I)", 1, _conditional_elbo, (STANDARD,)),
        Criterion("the KL is the one to the learned prior p(z|c)", 1, _conditional_elbo, (*LEARNED, SAME)),
        Criterion("the gradient reaches posterior and prior", 1, _elbo_gradient, LEARNED),
    ),
    stages=(Stage(probes.gradients, _elbo_cases),),
)


# 4 Swapping labels ----------------------------------------------------------------------------------------

SWAPS = {"grey pictures": (5, (1, 4, 4), 3), "colour pictures": (3, (3, 3, 2), 4), "one picture": (1, (1, 3, 5), 6)}
"""Name: number of pictures, picture_shape, num_classes."""
SIZE = 3
"""Of the codes."""
SIGMA = 0.1
FAR = 8.0
"""In units of σ: no draw from a posterior lies so far from its mean."""
OFF = 1e-2
"""In logits, which are of the order of one and are seen through a sigmoid in float32."""


def _swap_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (n, shape, num_classes) in SWAPS.items():
        pixels = prod(shape)

        def normal(*size: int) -> Tensor:
            return torch.randn(size, generator=rng)

        weights = {
            "E": 2 * normal(pixels, SIZE) / pixels**0.5,
            # Far enough from each other that the label of the encoder shows in the code.
            "A": torch.linalg.qr(normal(num_classes, num_classes))[0][:, :SIZE] * 3,
            "sigma": torch.full((SIZE,), SIGMA),
            "G": torch.linalg.qr(normal(pixels, SIZE))[0].T.contiguous(),
            "B": normal(num_classes, pixels),
        }
        x, c = torch.rand(n, *shape, generator=rng), _labels(n, num_classes, rng)
        weights = {key: value.contiguous() for key, value in weights.items()}
        yield Case(name, {"weights": weights, "x": x, "c": c, "num_classes": num_classes})


class _Reading:
    """Of each picture that was returned: with which label it was decoded, and from which code."""

    def __init__(self, case: Case, pictures: Tensor):
        weights = {name: weight.double() for name, weight in case["weights"].items()}
        self.x, self.c = case["x"].double().flatten(1), case["c"]
        self.weights, self.num_classes = weights, case["num_classes"]
        logits = torch.logit(pictures.flatten(2), eps=1e-9)[:, :, None, :] - weights["B"]  # (N, K, labels, pixels)
        codes = logits @ weights["G"].T  # the rows of G are orthonormal
        off = (codes @ weights["G"] - logits).abs().amax(3)
        self.labels = off.argmin(2)
        self.readable = bool((off.amin(2) < OFF).all())
        self.codes = codes.gather(2, self.labels[:, :, None, None].expand(-1, -1, 1, SIZE)).squeeze(2)  # (N, K, D)

    def mu(self, c: Tensor) -> Tensor:
        """The means (N, D) of the pictures' posteriors with these labels (N,)."""
        return self.x @ self.weights["E"] + self.weights["A"][c]

    def is_mixed(self) -> bool:
        """Whether the codes are the pictures' own, but not each in its picture's row."""
        off = (self.codes[:, :, None] - self.mu(self.c)).abs().amax(3) < 2 * OFF  # (N, K, N)
        own = off.diagonal(dim1=0, dim2=2)
        return bool(off.any(2).all() and not own.all())


def _swapped(case: Case, seen: Seen) -> Tensor:
    """What was returned, if it is pictures with grey levels."""
    (n, *shape), k = case["x"].shape, case["num_classes"]
    value = seen["value"]
    if isinstance(value, list) and value and isinstance(value[0], Tensor):
        raise Wrong.of(ideas.SWAP_LABELS, "list")
    value = seen.tensor("value", what="The result")
    if value.shape != (n, k, *shape):
        shapes = {
            "transposed": (k, n, *shape),
            "one-row": (n * k, *shape),
            "one-picture-each": (n, *shape),
            "codes-returned": (n, k, SIZE),
        }
        mistake = next((name for name, size in shapes.items() if value.shape == size), "shape")
        measured = f"On {case.name} its shape is {tuple(value.shape)}; it should be {(n, k, *shape)}."
        raise Wrong.of(ideas.SWAP_LABELS, mistake, measured)
    if value.min() < 0 or value.max() > 1:
        raise Wrong.of(ideas.SWAP_LABELS, "no-pictures")
    return value


def _gives_a_table(case: Case, seen: Seen) -> None:
    _swapped(case, seen)


def _reading(case: Case, seen: Seen) -> _Reading:
    value = _swapped(case, seen)
    reading = _Reading(case, value)
    if not reading.readable:
        twice = value.min() >= 0.5 and _Reading(case, torch.logit(value, eps=1e-9).clamp(0, 1)).readable
        raise Wrong.of(ideas.SWAP_LABELS, "sigmoid-twice" if twice else "other-pictures")
    return reading


def _swaps_the_label(case: Case, seen: Seen) -> None:
    reading = _reading(case, seen)
    labels, right = reading.labels, torch.arange(reading.num_classes).expand_as(reading.labels)
    if torch.equal(labels, right):
        return
    if reading.is_mixed():
        raise Wrong.of(ideas.SWAP_LABELS, "pictures-mixed")
    own = torch.equal(labels, reading.c[:, None].expand_as(labels))
    raise Wrong.of(ideas.SWAP_LABELS, "own-label-decoded" if own else "other-labels")


def _keeps_the_code(case: Case, seen: Seen) -> None:
    reading = _reading(case, seen)
    away = reading.codes - reading.mu(reading.c)[:, None]
    if away.abs().max() < 2 * OFF:
        return
    raise Wrong.of(ideas.SWAP_LABELS, _why_other_codes(reading, away))


def _why_other_codes(reading: _Reading, away: Tensor) -> str:
    """The mistake behind codes that lie ``away`` (N, K, D) from the means of the pictures' own posteriors."""
    n, k = reading.labels.shape
    with_any_label = torch.stack([reading.mu(torch.full((n,), label)) for label in range(k)], 1)  # (N, K, D)
    distances = (reading.codes[:, :, None] - with_any_label[:, None]).abs().amax(3)
    if (distances.amin(2) < 2 * OFF).all():
        return "other-label-encoded"
    if reading.is_mixed():
        return "pictures-mixed"
    same = (reading.codes - reading.codes[:, :1]).abs().max() < 2 * OFF
    near = away.abs().max() < FAR * SIGMA
    if near:
        return "drawn-once" if same else "drawn-anew"
    # A draw from the posterior with the new label lies near that one's mean.
    follows = (reading.codes - with_any_label).abs().max() < FAR * SIGMA
    return "other-label-encoded" if follows else "not-this-picture"


SWAP_LABELS = Task(
    id="06.swap_labels",
    answer="swap_labels",
    title="Keep the style, change the label",
    criteria=(
        Criterion("a table of pictures: a row for each picture, a column for each label", 1, _gives_a_table),
        Criterion("every picture of a row is decoded from the same z, its own", 1, _keeps_the_code),
        Criterion("column k is decoded with label k", 1, _swaps_the_label),
    ),
    stages=(Stage(probes_06.swap_labels, _swap_cases),),
)


# 5 Best of K ----------------------------------------------------------------------------------------------

SETS = {"four completions": (7, 4, (1, 4, 3)), "colour pictures": (4, 6, (3, 3, 2)), "one picture": (1, 5, (1, 3, 4))}
"""Name: number of pictures, of completions for each, picture_shape."""


def _best_of_k_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (n, k, shape) in SETS.items():
        x = torch.rand(n, *shape, generator=rng)
        # Some pictures are harder than others, and no completion is the best for all of them.
        strength = 0.1 + 0.9 * torch.rand(n, k, 1, 1, 1, generator=rng)
        completions = x[:, None] + strength * (torch.rand(n, k, *shape, generator=rng) - x[:, None])
        if _errors(completions, x).mean(0).argmin() == 0:  # or else the first one would be the best for all
            completions = completions.flip(1)
        yield Case(name, {"completions": completions, "x": x})


def _errors(completions: Tensor, x: Tensor) -> Tensor:
    """Squared errors summed over the pixels, (N, K)."""
    return (completions - x[:, None]).square().flatten(2).sum(2)


def _distances(completions: Tensor) -> Tensor:
    """Squared distances between the completions of each picture, (N, K, K)."""
    return (completions[:, :, None] - completions[:, None]).square().flatten(3).sum(3)


def _diversity(completions: Tensor) -> float:
    k = completions.shape[1]
    return (_distances(completions).sum((1, 2)) / (k * (k - 1))).mean().item()


def _best_of_k(completions: Tensor, x: Tensor) -> float:
    return _errors(completions, x).amin(1).mean().item()


def _best_error(case: Case, seen: Seen) -> None:
    _check_pair_of_numbers(case, seen)
    completions, x = case["completions"].double(), case["x"].double()
    value, right = seen.number("first", "The best-of-K error"), _best_of_k(completions, x)
    measured = f"On {case.name} your best-of-K error is {value:.4f}, the right value is {right:.4f}."
    compare(value, right, _best_lookalikes(completions, x), ideas.BEST_OF_K, measured)


def _best_lookalikes(completions: Tensor, x: Tensor) -> Lookalikes:
    errors, n = _errors(completions, x), len(x)
    best, pixels = errors.amin(1).mean(), x[0].numel()
    differences = completions - x[:, None]
    yield "mean-over-completions", errors.mean()
    yield "one-choice-for-all", errors.mean(0).min()
    yield "best-picture", errors.amin(0).mean()
    yield "best-of-all", errors.min()
    yield "best-pixels", differences.square().amin(1).flatten(1).sum(1).mean()
    yield "worst", errors.amax(1).mean()
    yield "average-completion", (completions.mean(1) - x).square().flatten(1).sum(1).mean()
    yield "mean-over-pixels", best / pixels
    yield "mean-over-completions", errors.mean() / pixels
    yield "sum-over-pictures", n * best
    yield "root", errors.sqrt().amin(1).mean()
    yield "not-squared", differences.abs().flatten(2).sum(2).amin(1).mean()
    yield "first-only", errors[:, 0].mean()


def _diversity_value(case: Case, seen: Seen) -> None:
    _check_pair_of_numbers(case, seen)
    completions, x = case["completions"].double(), case["x"].double()
    value, right = seen.number("second", "The diversity"), _diversity(completions)
    measured = f"On {case.name} your diversity is {value:.4f}, the right value is {right:.4f}."
    compare(value, right, _diversity_lookalikes(completions, x), ideas.BEST_OF_K, measured)


def _check_pair_of_numbers(case: Case, seen: Seen) -> None:
    if not seen.flag("is a pair"):
        raise Wrong.of(ideas.BEST_OF_K, "not-a-pair")
    completions, x = case["completions"].double(), case["x"].double()
    exchanged = {"first": _diversity(completions), "second": _best_of_k(completions, x)}
    if all(_is_number(seen[name], value) for name, value in exchanged.items()):
        raise Wrong.of(ideas.BEST_OF_K, "pair-swapped")


def _is_number(value: object, number: float) -> bool:
    if isinstance(value, Tensor):
        return value.ndim == 0 and close(value, number)
    return isinstance(value, float) and close(value, number)


def _diversity_lookalikes(completions: Tensor, x: Tensor) -> Lookalikes:
    right, distances, (n, k) = _diversity(completions), _distances(completions), completions.shape[:2]
    pixels = x[0].numel()
    yield "pairs-with-themselves", right * (k - 1) / k
    yield "pairs-summed", right * k * (k - 1) / 2
    yield "pairs-summed", right * k * (k - 1)
    yield "distance-to-the-mean", right * (k - 1) / (2 * k)
    yield "distance-to-the-mean", right / 2
    yield "distance-to-x", _errors(completions, x).mean()
    yield "diversity-mean-over-pixels", right / pixels
    yield "diversity-mean-over-pixels", right * (k - 1) / (k * pixels)
    yield "diversity-mean-over-pixels", right / (2 * pixels)
    yield "diversity-mean-over-pixels", right * (k - 1) / (2 * k * pixels)
    yield "diversity-root", distances.sqrt().sum() / (n * k * (k - 1))
    yield "neighbours-only", (completions[:, 1:] - completions[:, :-1]).square().flatten(2).sum(2).mean()
    if n > 1:
        yield "across-pictures", _diversity(completions.transpose(0, 1))
        yield "across-pictures", _diversity(completions.flatten(0, 1)[None])
        yield "diversity-summed", n * right


BEST_OF_K = Task(
    id="06.best_of_k",
    answer="best_of_k",
    title="Best of K",
    criteria=(
        Criterion("the error of each picture's best completion, averaged over the pictures", 2, _best_error),
        Criterion("how far the completions of a picture lie from each other", 2, _diversity_value),
    ),
    stages=(Stage(probes_06.pair, _best_of_k_cases),),
)

# 6 From a blank cell --------------------------------------------------------------------------------------

TRAINING_PICTURES, HELD_OUT, OF_EACH = 2_000, 800, 40
"""The last is how many pictures of each class have to be drawn."""
CLASSES = 10
NEIGHBOURS = 3
"""A picture is read as most of its nearest neighbours among the real ones; they read 95 % of real pictures right."""
OBEYED = 0.85
"""Share of pictures that have to be read as what was asked for."""
BY_CHANCE = 0.2
"""Below this share the label makes no difference: by chance it is a tenth, give or take 0.015."""
BEST_OF_EACH = 0.83
"""Squared distance of a held-out picture to the nearest of those drawn of its class, as a share of its distance to the
class's average picture. A code of two numbers reaches 0.72, one that is ignored 0.88 to 0.98, one without a KL 1.0."""
NOWHERE = 1.1
"""And above this share, no picture is drawn where the data are."""
ALIKE = 0.06
"""Spread of the pictures drawn of a class, as a share of the real ones' spread: below, they are one picture."""
UNCHANGED = 1e-3
"""In grey levels."""
COPIED = 0.3
"""Distance to the nearest training picture, as a share of that of real pictures; drawn ones have 0.9."""


def _generator_cases(rng: torch.Generator) -> Iterator[Case]:
    seed = torch.randint(2**31, (), generator=rng).item()
    drawing = strokes.draw(TRAINING_PICTURES + HELD_OUT, seed=seed)
    pictures, classes = torch.from_numpy(drawing.pictures).float() / 255, torch.as_tensor(drawing.targets)
    (x, held_out), (c, c_held_out) = (t.split([TRAINING_PICTURES, HELD_OUT]) for t in (pictures, classes))
    # In no order from which a picture's class could be told without looking at the labels.
    labels = torch.arange(CLASSES).repeat_interleave(OF_EACH)[torch.randperm(CLASSES * OF_EACH, generator=rng)]
    given = {"x": x.clone(), "c": c.clone(), "num_classes": CLASSES, "labels": labels}
    yield Case("handwriting", given, {"held out": held_out, "their classes": c_held_out})


def _drawn(case: Case, seen: Seen, name: str = "pictures") -> Tensor:
    if not seen.flag("is callable"):
        nothing = seen.flag("nothing returned")
        raise Wrong.of(ideas.TRAIN_GENERATOR, "nothing-returned" if nothing else "not-a-function")
    shape = (len(case["labels"]), *case["x"].shape[1:])
    if seen.tensor(name, what="generate(c)").shape == (shape[0], prod(shape[1:])):
        raise Wrong.of(ideas.TRAIN_GENERATOR, "flat-pictures")
    value = seen.tensor(name, shape, "generate(c)")
    if value.min() < 0 or value.max() > 1:
        raise Wrong.of(ideas.TRAIN_GENERATOR, "logits-returned")
    _check_not_copied(case, value.float())
    return value.float()


def _check_not_copied(case: Case, drawn: Tensor) -> None:
    training = case["x"].flatten(1)
    distance, usual = (torch.cdist(y.flatten(1), training).amin(1).median() for y in (drawn, case["held out"]))
    if distance < COPIED * usual:
        raise Wrong.of(ideas.TRAIN_GENERATOR, "copies")


def _by_class(pictures: Tensor, classes: Tensor) -> list[Tensor]:
    """The pictures of each class, as rows of pixels."""
    return [pictures[classes == label].flatten(1) for label in range(CLASSES)]


def _draws_new_pictures(case: Case, seen: Seen) -> None:
    drawn, again = _drawn(case, seen), _drawn(case, seen, "again")
    if (drawn - again).abs().max() < UNCHANGED:
        raise Wrong.of(ideas.TRAIN_GENERATOR, "drawn-once")
    if all((rows - rows[:1]).abs().max() < UNCHANGED for rows in _by_class(drawn, case["labels"])):
        raise Wrong.of(ideas.TRAIN_GENERATOR, "one-z-for-all")


def _share_obeyed(case: Case, drawn: Tensor) -> float:
    """How many of the drawn pictures are read as the label that was asked for."""
    real = torch.cat([case["x"], case["held out"]])
    classes = torch.cat([case["c"], case["their classes"]])
    small, small_real = (F.avg_pool2d(pictures, 2).flatten(1) for pictures in (drawn, real))
    nearest = torch.cdist(small, small_real).topk(NEIGHBOURS, largest=False).indices
    return (classes[nearest].mode(1).values == case["labels"]).double().mean().item()


def _distance_of_best(case: Case, drawn: Tensor) -> float:
    """To held-out pictures, from the nearest picture drawn of their class; a share of that from the class's average."""
    held_out, averages = _by_class(case["held out"], case["their classes"]), _by_class(case["x"], case["c"])
    best = [
        torch.cdist(rows, of_class).amin(1).square()
        for rows, of_class in zip(held_out, _by_class(drawn, case["labels"]), strict=True)
    ]
    average = [(rows - real.mean(0)).square().sum(1) for rows, real in zip(held_out, averages, strict=True)]
    return (torch.cat(best).sum() / torch.cat(average).sum()).item()


def _spread(rows_of_classes: Sequence[Tensor]) -> float:
    """Variance within the classes, summed over the pixels."""
    return sum((rows - rows.mean(0)).square().sum(1).mean().item() for rows in rows_of_classes)


def _obeys_the_label(case: Case, seen: Seen) -> None:
    drawn = _drawn(case, seen)
    obeyed = _share_obeyed(case, drawn)
    if obeyed >= OBEYED:
        return
    measured = f"Of {len(drawn)} pictures, {obeyed:.0%} are read as the digit that was asked for; {OBEYED:.0%} is "
    measured += "asked for."
    raise Wrong.of(ideas.TRAIN_GENERATOR, _why_not_as_asked(case, drawn), measured)


def _why_not_as_asked(case: Case, drawn: Tensor) -> str:
    obeyed = _share_obeyed(case, drawn)
    spread = _spread(_by_class(drawn, case["labels"])) / _spread(_by_class(case["held out"], case["their classes"]))
    signs = {
        "untrained": bool((drawn - 0.5).abs().max() < 0.25),
        "label-ignored": obeyed < BY_CHANCE,
        "z-ignored": spread < ALIKE,
        "off-the-data": _distance_of_best(case, drawn) > NOWHERE,
        "label-overruled": obeyed < OBEYED,
    }
    return next((mistake for mistake, there in signs.items() if there), "off-the-data")


def _has_styles(case: Case, seen: Seen) -> None:
    drawn = _drawn(case, seen)
    share = _distance_of_best(case, drawn)
    if share <= BEST_OF_EACH:
        return
    _draws_new_pictures(case, seen)
    measured = f"The best of {OF_EACH} pictures drawn of a class is {share:.2f} times as far from a held-out picture "
    measured += f"as the class's average picture; {BEST_OF_EACH} is asked for."
    raise Wrong.of(ideas.TRAIN_GENERATOR, _why_not_as_asked(case, drawn), measured)


TRAIN_GENERATOR = Task(
    id="06.train_generator",
    answer="train_generator",
    title="From a blank cell: the digit you ask for",
    criteria=(
        Criterion("generate(c) draws pictures, new ones in every call", 1, _draws_new_pictures),
        Criterion("the pictures show the digits that were asked for", 2, _obeys_the_label),
        Criterion("in many styles, as the data have them", 1, _has_styles),
    ),
    stages=(Stage(probes_06.trained_generator, _generator_cases),),
    seconds=60.0,
    trains=True,
)

TASKS = (ONE_HOT, CLASS, CONDITIONAL_ELBO, SWAP_LABELS, BEST_OF_K, TRAIN_GENERATOR)
