"""The tasks of lesson 07: convolutions and likelihoods. What their hints say is in :mod:`.ideas_07`."""

from collections.abc import Iterator, Mapping, Sequence
from math import log, log10, pi, prod

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
from vaecourse.grading.tasks import ideas_07 as ideas
from vaecourse.grading.worker import probes, probes_07

LEVELS = 256
"""k/255 for k = 0, ..., 255."""


def _per_picture(case: Case, seen: Seen, table: Mapping[str, str], what: str) -> Tensor:
    """What was returned, (N,), if it is one number for each picture."""
    value, x = seen["value"], case["x"]
    if isinstance(value, Tensor) and value.is_floating_point():
        shapes = {"one-number": (), "not-summed": x.shape, "per-channel": x.shape[:2]}
        mistake = next((name for name, shape in shapes.items() if value.shape == shape != (len(x),)), None)
        if mistake:
            raise Wrong.of(table, mistake, f"On {case.name} its shape is {tuple(value.shape)}, not ({len(x)},).")
        if not value.isfinite().all():
            raise Wrong.of(table, "not-a-number" if value.isnan().any() else "infinite")
    return seen.tensor("value", (len(x),), what)


def _first_picture(case: Case, value: Tensor, right: Tensor) -> str:
    return f"On {case.name} yours is {value[0]:.3f} for the first picture, the right value is {right[0]:.3f}."


def _arrives(seen: Seen, name: str, like: Tensor) -> bool:
    return seen[name] is not None and bool(seen.tensor(name, tuple(like.shape), "The gradient").any())


# 1 There and back -----------------------------------------------------------------------------------------

LEFT_OVER, EVEN, STEPS_OF_ONE = "steps that leave pixels over", "steps that come out even", "steps of 1"
Setting = tuple[int, int, int, int]
"""n, kernel, stride, padding."""


def _size_cases(rng: torch.Generator) -> Iterator[Case]:
    def between(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=rng))

    for name in (LEFT_OVER, EVEN, STEPS_OF_ONE):
        settings = []
        # Less than half a step is left over, or more; the kernel is about as large as a step, or much larger.
        wide = between(9, 11), between(11, 13)
        strides, paddings, kernels = (3, 3, 2, 4, 5), (0, 1, 1, 1, 2), (4, 7, 7, *wide)
        left_over = (1, 2, 1, between(1, 3), between(1, 4)) if name == LEFT_OVER else (0,) * 5
        for stride, padding, kernel, over in zip(strides, paddings, kernels, left_over, strict=True):
            stride = 1 if name == STEPS_OF_ONE else stride
            n = kernel - 2 * padding + between(5, 12) * stride + over
            settings.append([n, kernel, stride, padding])
        yield Case(name, {"settings": settings})


def map_size(n: int, kernel: int, stride: int, padding: int) -> int:
    """Pixels along one side after a convolution."""
    return (n + 2 * padding - kernel) // stride + 1


def size_back(n: int, kernel: int, stride: int, padding: int) -> int:
    """Pixels along one side after a transposed convolution, without output_padding."""
    return (n - 1) * stride - 2 * padding + kernel


def _sizes_and_extras(case: Case, seen: Seen) -> tuple[Tensor, Tensor]:
    """The two numbers of all settings."""
    returned, settings = seen["returned"], case["settings"]
    if not isinstance(returned, list) or len(returned) != len(settings):
        raise Wrong("no-value", "This part of the answer could not be observed.")
    if any(pair is None for pair in returned):
        raise Wrong("none", "The result is None. Is a `return` missing?")
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in returned):
        raise Wrong.of(ideas.THERE_AND_BACK, "not-a-pair")
    numbers = [[_whole(number) for number in pair] for pair in returned]
    values = torch.tensor(numbers, dtype=torch.float64).unbind(1)
    if all(torch.equal(*pair) for pair in zip(values, _right_sizes(settings)[::-1], strict=True)):
        raise Wrong.of(ideas.THERE_AND_BACK, "pair-swapped")
    return values


def _whole(number: object) -> float:
    """A whole number, as torch's layers take it."""
    if isinstance(number, Tensor) and number.shape == () and number.dtype == torch.int64:
        return float(number)
    if isinstance(number, int) and not isinstance(number, bool) and abs(number) < 2**40:
        return float(number)
    raise Wrong.of(ideas.THERE_AND_BACK, "not-whole")


def _right_sizes(settings: Sequence[Setting]) -> tuple[Tensor, Tensor]:
    sizes = [map_size(*setting) for setting in settings]
    extras = [setting[0] - size_back(m, *setting[1:]) for m, setting in zip(sizes, settings, strict=True)]
    return torch.tensor(sizes).double(), torch.tensor(extras).double()


def _setting_columns(case: Case) -> tuple[Tensor, ...]:
    return torch.tensor(case["settings"]).double().unbind(1)


def _map_size(case: Case, seen: Seen) -> None:
    value, _ = _sizes_and_extras(case, seen)
    right, _ = _right_sizes(case["settings"])
    measured = _first_wrong(case, value, right, "size")
    compare(value, right, _map_size_lookalikes(*_setting_columns(case)), ideas.THERE_AND_BACK, measured)


def _first_wrong(case: Case, value: Tensor, right: Tensor, what: str) -> str:
    """In words, for the first setting where they differ."""
    where = int((value != right).int().argmax())
    n, kernel, stride, padding = case["settings"][where]
    return (
        f"For n = {n}, kernel = {kernel}, stride = {stride}, padding = {padding} your {what} is {value[where]:g}, the "
        f"right one is {right[where]:g}."
    )


def _map_size_lookalikes(n: Tensor, kernel: Tensor, stride: Tensor, padding: Tensor) -> Lookalikes:
    room = n + 2 * padding - kernel
    yield "one-inside", (room + 1) // stride
    yield "plus-one-missing", room // stride
    yield "ceil", (room / stride).ceil() + 1
    yield "ceil", (room / stride).ceil()
    yield "rounded", (room / stride).round() + 1
    yield "padding-once", (room - padding) // stride + 1
    yield "padding-ignored", (room - 2 * padding) // stride + 1
    yield "padding-subtracted", (room - 4 * padding) // stride + 1
    yield "stride-ignored", room + 1
    yield "stride-multiplied", room * stride + 1
    yield "kernel-ignored", (room + kernel) // stride + 1
    yield "kernel-ignored", (room + kernel) // stride
    yield "kernel-added", (room + 2 * kernel) // stride + 1
    yield "kernel-and-stride-exchanged", (n + 2 * padding - stride) // kernel + 1
    yield "same-size", (n / stride).ceil()
    yield "same-size", n // stride
    yield "transposed", size_back(n, kernel, stride, padding)


def _output_padding(case: Case, seen: Seen) -> None:
    sizes, value = _sizes_and_extras(case, seen)
    right_sizes, right = _right_sizes(case["settings"])
    n, kernel, stride, padding = _setting_columns(case)
    if not close(sizes, right_sizes) and close(value, n - size_back(sizes, kernel, stride, padding)):
        raise Wrong.of(ideas.THERE_AND_BACK, "follows-the-size")
    measured = _first_wrong(case, value, right, "output_padding")
    compare(value, right, _extra_lookalikes(n, kernel, stride, padding, right), ideas.THERE_AND_BACK, measured)


def _extra_lookalikes(n: Tensor, kernel: Tensor, stride: Tensor, padding: Tensor, right: Tensor) -> Lookalikes:
    yield "always-zero", 0 * right
    yield "always-one", 0 * right + 1
    yield "stride-minus-one", stride - 1
    yield "the-stride", stride
    yield "the-padding", padding
    yield "size-returned", n - right
    yield "size-returned", n
    yield "extra-sign", -right
    yield "size-returned", n + right
    yield "extra-padding-ignored", right - 2 * padding
    yield "extra-padding-once", right - padding
    yield "extra-padding-added", right - 4 * padding
    yield "one-not-subtracted", right - stride
    yield "extra-kernel-missing", right + kernel
    yield "remainder-of-n", n % stride
    yield "remainder-of-n", (n - kernel) % stride
    yield "remainder-of-n", (n + padding - kernel) % stride
    yield "remainder-of-n", (n + 2 * padding) % stride
    yield "rest-of-a-step", -right % stride


THERE_AND_BACK = Task(
    id="07.there_and_back",
    answer="there_and_back",
    title="There and back",
    criteria=(
        Criterion("the size of the map after the convolution", 1, _map_size),
        Criterion("the output_padding that the way back needs", 2, _output_padding),
    ),
    stages=(Stage(probes_07.sizes, _size_cases),),
)


# 2 The Gaussian -------------------------------------------------------------------------------------------

SPREAD_ONE, FAR_SPREADS = "a spread of 1 everywhere", "spreads from 1/400 to 4"
PICTURES = {"grey pictures": (5, 1, 6, 4), "one colour picture": (1, 3, 4, 4), "colour pictures": (3, 3, 2, 5)}
NEGATIVE_SPREAD = ("Expected parameter scale", "var has negative entry")
"""What torch says where a logarithm is taken for a standard deviation."""


def _gaussian_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in ({SPREAD_ONE: (4, 1, 5, 3)} | PICTURES).items():
        x = torch.rand(shape, generator=rng)
        sides = torch.randint(2, (2, *shape), generator=rng) * 2 - 1
        m = x + sides[0] * (0.2 + torch.rand(shape, generator=rng))
        # On both sides of 0, and not as far on the one as on the other: no mistake may look right by chance.
        logvar = torch.where(
            sides[1] > 0, 0.3 + torch.rand(shape, generator=rng), -1 - torch.rand(shape, generator=rng)
        )
        yield Case(
            name,
            {"wrt": ["m", "logvar"], "x": x, "m": m, "logvar": torch.zeros(shape) if name == SPREAD_ONE else logvar},
        )
    # As sure as a fraction of a level, and less sure than the range of all levels: no floor and no limit goes unseen.
    far = torch.linspace(-12, 3, 60)[torch.randperm(60, generator=rng)].view(4, 1, 5, 3)
    x = torch.rand(far.shape, generator=rng)
    m = x + torch.exp(far / 2) * (0.5 + torch.rand(far.shape, generator=rng))
    yield Case(FAR_SPREADS, {"wrt": ["m", "logvar"], "x": x, "m": m, "logvar": far})


def gaussian_log_prob(x: Tensor, m: Tensor, logvar: Tensor) -> Tensor:
    """log N(x; m, exp(logvar)), summed over each picture, (N,)."""
    return -((x - m) ** 2 * torch.exp(-logvar) + logvar + log(2 * pi)).flatten(1).sum(1) / 2


def _gaussian(case: Case, seen: Seen) -> None:
    explain_error(seen, NEGATIVE_SPREAD, "no-exponential", ideas.GAUSSIAN)
    value = _per_picture(case, seen, ideas.GAUSSIAN, "log p(x|z)")
    given = [case[name].double() for name in ("x", "m", "logvar")]
    right = gaussian_log_prob(*given)
    lookalikes = list(_gaussian_lookalikes(*given))
    if case.name == FAR_SPREADS:  # what is right elsewhere, and nothing else that is known, stops at some spread
        lookalikes.append(("floor", value))
    compare(value, right, lookalikes, ideas.GAUSSIAN, _first_picture(case, value, right))


def _gaussian_lookalikes(x: Tensor, m: Tensor, logvar: Tensor) -> Lookalikes:
    def total(of_pixels: Tensor) -> Tensor:
        return of_pixels.flatten(1).sum(1)

    away, variance, pixels = x - m, logvar.exp(), x[0].numel()
    square, logs = total(away**2 / variance), total(logvar)
    constant = 0 * square + pixels * log(2 * pi)
    right = -(square + logs + constant) / 2
    yield "negative", -right
    for least in (0.01, 0.02, 0.05, 0.1):
        floored = variance + least**2
        yield "floor", -(total(away**2 / floored) + total(floored.log()) + constant) / 2
    for sign in (1, -1):
        yield "mean-over-pixels", sign * right / pixels
        yield "square-only", sign * square / 2
        yield "square-only", sign * square
        yield "square-only", sign * total(away**2)
        yield "square-only", sign * total(away**2) / 2
        # With a spread of 1 all of these are the same as without log s²: what is missing there is the constant.
        yield "constant-missing", sign * (square + logs) / 2
        yield "constant-missing", sign * (square + logs) / (2 * pixels)
    yield "log-variance-missing", -(square + constant) / 2
    yield "log-std-for-log-variance", -(square + logs / 2 + constant) / 2
    yield "half-missing", -(square + logs + constant)
    for half, whole in ((square, logs + constant), (square + logs, constant), (square + constant, logs)):
        yield "half-of-a-part", -half / 2 - whole
        yield "half-of-a-part", -half - whole / 2
    for doubled in (square, logs, constant):
        yield "half-of-a-part", right + doubled / 4
    yield "log-variance-sign", -(square - logs + constant) / 2
    yield "constant-sign", -(square + logs - constant) / 2
    yield "variance-as-std", -(total(away**2 / variance**2) + 2 * logs + constant) / 2
    yield "std-for-variance", -(total(away**2 / variance.sqrt()) + logs + constant) / 2
    yield "std-for-variance", -(total(away**2 / variance.sqrt()) + logs / 2 + constant) / 2
    yield "not-divided", -(total(away**2) + logs + constant) / 2
    yield "not-divided", -(total(away**2) + constant) / 2
    yield "multiplied", -(total(away**2 * variance) + logs + constant) / 2
    yield "no-exponential", -(total(away**2 / logvar) + logs + constant) / 2
    yield "no-exponential", -(total(away**2 / logvar**2) + 2 * total(logvar.abs().log()) + constant) / 2
    for wrong in (away, -away, away.abs()):
        yield "not-squared", -(total(wrong / variance) + logs + constant) / 2
    yield "constant-once", -(square + logs + log(2 * pi)) / 2
    yield "constant-not-logged", -(square + logs + pixels * 2 * pi) / 2
    yield "two-missing", -(square + logs + pixels * log(pi)) / 2
    yield "bits", right / log(2)
    yield "no-logarithm", right.exp()
    mean = logvar.flatten(1).mean(1).view(-1, 1, 1, 1).expand_as(logvar)
    yield "one-spread", gaussian_log_prob(x, m, mean)
    yield "one-spread", gaussian_log_prob(x, m, logvar.mean().expand_as(logvar))


def _gaussian_gradient(case: Case, seen: Seen) -> None:
    explain_error(seen, NEGATIVE_SPREAD, "no-exponential", ideas.GAUSSIAN)
    x, m, logvar = (case[name].double() for name in ("x", "m", "logvar"))
    value = _per_picture(case, seen, ideas.GAUSSIAN, "log p(x|z)")
    there = {name: _arrives(seen, f"d/d{name}", x) for name in ("m", "logvar")}
    if not all(there.values()):
        compare(value, gaussian_log_prob(x, m, logvar), _gaussian_lookalikes(x, m, logvar), ideas.GAUSSIAN)
    if not any(there.values()):
        raise Wrong.of(ideas.GAUSSIAN, "no-gradient")
    for name, arrives in there.items():
        if not arrives:
            raise Wrong.of(ideas.GAUSSIAN, f"{name}-detached")
    scaled = (x - m) * torch.exp(-logvar)
    wanted = {"m": scaled, "logvar": (scaled * (x - m) - 1) / 2}
    exact = all(close(seen.tensor(f"d/d{name}"), right, atol=1e-4) for name, right in wanted.items())
    if not exact and close(value, gaussian_log_prob(x, m, logvar)):
        raise Wrong.of(ideas.GAUSSIAN, "other-gradient")


GAUSSIAN = Task(
    id="07.gaussian_log_prob",
    answer="gaussian_log_prob",
    title="How sure of each pixel",
    criteria=(
        Criterion(
            "with s = 1: the squared distance and the constant, summed over the pixels", 1, _gaussian, (SPREAD_ONE,)
        ),
        Criterion("with a spread of its own for each pixel", 1, _gaussian, (*PICTURES, FAR_SPREADS)),
        Criterion("the gradient reaches m and logvar", 1, _gaussian_gradient, tuple(PICTURES)),
    ),
    stages=(Stage(probes.gradients, _gaussian_cases),),
)


# 3 Bits per dimension -------------------------------------------------------------------------------------

PROBABILITIES = {
    "colour pictures": (4, (3, 8, 6)),
    "one colour picture": (1, (3, 5, 4)),
    "grey pictures": (5, (1, 6, 4)),
}
DENSITIES = {
    "grey levels in [0, 1]": (4, (1, 7, 5), 1 / 255),
    "grey levels in [-1, 1]": (1, (3, 4, 4), 2 / 255),
    "colour pictures of 16 levels in [0, 1]": (3, (3, 4, 6), 1 / 15),
    "levels from 0 to 255": (5, (1, 6, 4), 1.0),
}
"""Name: number of pictures, picture_shape, and of densities the step between two levels."""


def _bits_cases(rng: torch.Generator) -> Iterator[Case]:
    given = {name: (*sizes, None) for name, sizes in PROBABILITIES.items()} | DENSITIES
    for name, (n, shape, step) in given.items():
        # Pictures of which some cost far more than others; a density may well be above 1.
        nats = 0.4 + 3 * torch.rand(n, generator=rng)
        log_px = -prod(shape) * (nats if step is None else nats + log(step))
        yield Case(name, {"log_px": log_px, "picture_shape": list(shape), "step": step})


def _bits(case: Case, seen: Seen) -> None:
    value, log_px = seen.number("value", "The number of bits"), case["log_px"].double()
    shape, step = case["picture_shape"], case["step"] or 1.0
    right = bits_per_dim(log_px, prod(shape), step)
    measured = f"On {case.name} yours is {value:.3f}, the right value is {right:.3f}."
    compare(value, right, _bits_lookalikes(log_px, shape, step), ideas.BITS, measured)


def bits_per_dim(log_px: Tensor, dimensions: int, step: float) -> float:
    """The mean of -log₂ of p(x) step^dimensions, divided by the dimensions."""
    return (-log_px.mean() / dimensions - log(step)).item() / log(2)


def _bits_lookalikes(log_px: Tensor, shape: Sequence[int], step: float) -> Lookalikes:
    n, dimensions = len(log_px), prod(shape)
    right, nats = bits_per_dim(log_px, dimensions, step), -log_px.mean().item() / dimensions
    width = log(step)
    yield "negative", -right
    yield "nats", nats - width
    yield "nats", width - nats
    yield "multiplied-by-log-2", (nats - width) * log(2)
    yield "multiplied-by-log-2", nats * log(2) - width / log(2)
    yield "decimal-digits", (nats - width) / log(10)
    yield "not-divided", right * dimensions
    yield "not-divided", (nats - width) * dimensions
    channels, height, width_of = shape
    for size in (height * width_of, height, width_of):
        yield "channels-forgotten", bits_per_dim(log_px, size, step)
    yield "channels-only", bits_per_dim(log_px, channels, step)
    if n > 1:
        yield "sum-over-pictures", n * right
        yield "sum-over-pictures", n * nats / log(2) - width / log(2)
        yield "divided-by-the-pictures", right / n
        average = (log_px.logsumexp(0) - log(n)).reshape(1)
        yield "probabilities-averaged", bits_per_dim(average, dimensions, step)
    yield "step-sign", (nats + width) / log(2)
    yield "step-ignored", nats / log(2)
    yield "step-once", nats / log(2) - width / (log(2) * dimensions)
    yield "step-in-nats", nats / log(2) - width
    yield "log-px-in-nats", nats - width / log(2)
    yield "step-not-logged", nats / log(2) - step
    yield "step-not-logged", nats / log(2) + step
    yield "step-not-logged", nats / log(2) + 1 / step
    yield "step-multiplied", nats / log(2) * step
    yield "step-multiplied", nats / log(2) / step
    for levels in (LEVELS, LEVELS - 1):
        yield "always-eight-bits", nats / log(2) + log(levels, 2)
        yield "always-eight-bits", nats / log(2) - log(levels, 2)
    yield "step-in-digits", nats / log(2) - log10(step)


BITS = Task(
    id="07.bits_per_dim",
    answer="bits_per_dim",
    title="What a pixel costs",
    criteria=(
        Criterion("of probabilities: in bits, for each of the C · H · W numbers", 1, _bits, tuple(PROBABILITIES)),
        Criterion("of densities: a level has the probability density × step", 2, _bits, tuple(DENSITIES)),
    ),
    stages=(Stage(probes_07.bits, _bits_cases),),
)


# 4 A softmax over the levels ------------------------------------------------------------------------------

EVERY_LEVEL, VERY_LARGE = "a picture with every level", "very large logits"
GREY = {EVERY_LEVEL: (1, 1, 16, 16), "grey pictures": (3, 1, 4, 5)}
COLOUR = {"one colour picture": (1, 3, 4, 2), "colour pictures": (2, 3, 3, 4)}
ERRORS_OF_LEVELS = {
    "no-such-level": ("out of bounds", "index out of range"),
    "level-not-whole": ("dtype int", "used as indices", "expected scalar type Long", "only tensors of integer type"),
    "cross-entropy-dimensions": ("spatial targets", "Expected target size"),
}
"""Mistakes, and words in what torch says of them."""


def _softmax_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in (GREY | COLOUR | {VERY_LARGE: (2, 1, 6, 6)}).items():
        levels = torch.randint(LEVELS, shape, generator=rng)
        if name == EVERY_LEVEL:
            levels = torch.randperm(LEVELS, generator=rng).view(shape)
        n, channels, height, width = shape
        logits = torch.randn(n, LEVELS * channels, height, width, generator=rng)
        logits *= 150 if name == VERY_LARGE else 1
        yield Case(name, {"wrt": ["logits"], "logits": logits, "x": levels / (LEVELS - 1)})


def _levels(case: Case) -> tuple[Tensor, Tensor]:
    """The logits (N, C, H, W, 256) in double precision, and the numbers of the levels (N, C, H, W)."""
    logits = case["logits"].double().unflatten(1, (-1, LEVELS)).movedim(2, -1)
    return logits, (case["x"] * (LEVELS - 1)).round().long()


def _chosen(of_levels: Tensor, levels: Tensor) -> Tensor:
    """Of each pixel's 256 numbers the one of its level, summed over each picture, (N,)."""
    return of_levels.gather(-1, levels[..., None]).flatten(1).sum(1)


def softmax_log_prob(logits: Tensor, levels: Tensor) -> Tensor:
    """log p(x), (N,), of logits (N, C, H, W, 256) and level numbers (N, C, H, W)."""
    return _chosen(logits.log_softmax(-1), levels)


def _softmax_value(case: Case, seen: Seen) -> Tensor:
    for mistake, words in ERRORS_OF_LEVELS.items():
        explain_error(seen, words, mistake, ideas.SOFTMAX)
    return _per_picture(case, seen, ideas.SOFTMAX, "log p(x|z)")


def _softmax(case: Case, seen: Seen) -> None:
    value, (logits, levels) = _softmax_value(case, seen), _levels(case)
    right = softmax_log_prob(logits, levels)
    lookalikes = list(_softmax_lookalikes(logits, levels))
    if case.name == VERY_LARGE:  # what is right elsewhere, and nothing else that is known, has left float32's range
        lookalikes.append(("infinite", value))
    compare(value, right, lookalikes, ideas.SOFTMAX, _first_picture(case, value, right))


def _softmax_lookalikes(logits: Tensor, levels: Tensor) -> Lookalikes:
    right, numbers = softmax_log_prob(logits, levels), levels[0].numel()
    channels = levels.shape[1]
    by_pixel = logits.movedim(-1, 2)  # (N, C, 256, H, W), as the 256 C maps lie in memory
    yield "negative", -right
    yield "mean-over-pixels", right / numbers
    yield "mean-over-pixels", -right / numbers
    yield "bits", right / log(2)
    yield "bits", -right / log(2)
    yield "not-normalised", _chosen(logits, levels)
    yield "not-normalised", -_chosen(logits, levels)
    yield "no-logarithm", _chosen(logits.softmax(-1), levels)
    yield "softmax-twice", _chosen(logits.softmax(-1).log_softmax(-1), levels)
    maps = by_pixel.flatten(1, 2)
    interleaved = maps.unflatten(1, (LEVELS, channels)).movedim(1, -1)
    if channels > 1:
        yield "channel-order", softmax_log_prob(interleaved, levels)
        together = _as_levels(maps.log_softmax(1))
        yield "channels-together", _chosen(together, levels)
        yield "one-channel", _chosen(together[:, :1], levels[:, :1])
        yield "one-channel", softmax_log_prob(logits[:, :1], levels[:, :1])
    for order in (maps, maps.movedim(1, -1)):
        yield "mixed-by-view", softmax_log_prob(order.reshape(logits.shape), levels)
    for dimension in (0, -1, -2):
        yield "other-dimension", _chosen(_as_levels(maps.log_softmax(dimension)), levels)
    yield "reversed", softmax_log_prob(logits, LEVELS - 1 - levels)
    for shift in (1, -1):
        yield "one-off", softmax_log_prob(logits, (levels + shift) % LEVELS)
        yield "one-off", softmax_log_prob(logits, (levels + shift).clamp(0, LEVELS - 1))
    yield "times-256", softmax_log_prob(logits, (levels / (LEVELS - 1) * LEVELS).round().long().clamp(max=LEVELS - 1))
    yield "black-or-white", softmax_log_prob(logits, levels // (LEVELS - 1))
    yield "black-or-white", softmax_log_prob(logits, levels * 2 // LEVELS)


def _as_levels(maps: Tensor) -> Tensor:
    """(N, 256 C, H, W) as (N, C, H, W, 256)."""
    return maps.unflatten(1, (-1, LEVELS)).movedim(2, -1)


def _softmax_gradient(case: Case, seen: Seen) -> None:
    value, (logits, levels) = _softmax_value(case, seen), _levels(case)
    if not _arrives(seen, "d/dlogits", case["logits"]):
        raise Wrong.of(ideas.SOFTMAX, "no-gradient")
    gradient = _as_levels(seen.tensor("d/dlogits", tuple(case["logits"].shape), "The gradient"))
    right = F.one_hot(levels, LEVELS) - logits.softmax(-1)
    if close(value, softmax_log_prob(logits, levels)) and not close(gradient, right, atol=1e-4):
        raise Wrong.of(ideas.SOFTMAX, "other-gradient")


def _exact_and_learns(case: Case, seen: Seen) -> None:
    _softmax(case, seen)
    _softmax_gradient(case, seen)


SOFTMAX = Task(
    id="07.softmax_log_prob",
    answer="softmax_log_prob",
    title="A softmax over the levels",
    criteria=(
        Criterion(
            "the softmax at each pixel's level: its logarithm, summed over the picture", 1, _softmax, tuple(GREY)
        ),
        Criterion("in colour: the first 256 maps belong to the first channel", 1, _softmax, tuple(COLOUR)),
        Criterion("exact for very large logits, and its gradient reaches them", 1, _exact_and_learns, (VERY_LARGE,)),
    ),
    stages=(Stage(probes.gradients, _softmax_cases),),
)


# 5 The discretized logistic -------------------------------------------------------------------------------

STEP = 1 / (LEVELS - 1)
BETWEEN, LOWEST, HIGHEST = "levels between the two ends", "level 0", "level 255"
FAR, NARROW = "pixels far from m", "scales far narrower than a step"
ENDS, OUT_THERE = (LOWEST, HIGHEST), (FAR, NARROW)
ROUNDING = 5e-4
"""In nats: what float32 may leave, where x - m is divided by a small scale."""
ROUGH = 0.03
"""In nats: mistakes take the differences of nearly equal numbers, which a right answer need not do."""
SMALL = log(1e-5)
"""Below this probability a well-known program takes the density for the mass."""


def _logistic_cases(rng: torch.Generator) -> Iterator[Case]:
    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=rng)

    for name, shape in {BETWEEN: (3, 3, 6, 4), LOWEST: (2, 1, 4, 5), HIGHEST: (1, 3, 4, 2), FAR: (2, 1, 5, 6)}.items():
        side = torch.randint(2, shape, generator=rng) * 2 - 1
        x = torch.randint(1, LEVELS - 1, shape, generator=rng) / (LEVELS - 1)
        # From scales below a step to scales of many steps, so that a mass is not just a density times a width.
        log_s = between(log(STEP / 2), log(20 * STEP))
        distance = log_s.exp() * (between(40, 250) if name == FAR else between(0.3, 4))
        if name == FAR:
            x[0, 0, 0, :4] = torch.tensor([0.0, 0.0, 1.0, 1.0])
            side[0, 0, 0, :4] = torch.tensor([1, -1, 1, -1])
        if name in ENDS:
            x, inwards = torch.full(shape, float(name == HIGHEST)), -1.0 if name == HIGHEST else 1.0
            # The outermost level may lie on either side of m: most of the probability is then in its tail, or little.
            side = torch.where(side > 0, inwards, -inwards)
        yield Case(name, {"wrt": ["m", "log_s"], "x": x, "m": x + side * distance, "log_s": log_s})
    shape = (2, 1, 4, 4)
    x = torch.randint(2, LEVELS - 2, shape, generator=rng) / (LEVELS - 1)
    beside = torch.randint(-2, 3, shape, generator=rng) * STEP
    yield Case(NARROW, {"wrt": ["m", "log_s"], "x": x, "m": x + beside, "log_s": log(STEP) - between(3, 4)})


def _edges(x: Tensor, m: Tensor, s: Tensor, half: float = STEP / 2) -> tuple[Tensor, Tensor]:
    return (x - half - m) / s, (x + half - m) / s


def logistic_log_mass(a: Tensor, b: Tensor) -> Tensor:
    """log (σ(b) - σ(a)), exact wherever a < b lie."""
    return F.logsigmoid(b) + F.logsigmoid(-a) + torch.log(-torch.expm1(a - b))


def discretized_logistic(x: Tensor, m: Tensor, log_s: Tensor) -> Tensor:
    """log P(x) of each pixel; the outermost levels have the tails."""
    a, b = _edges(x, m, log_s.exp())
    low, high = x < STEP / 2, x > 1 - STEP / 2
    return torch.where(low, F.logsigmoid(b), torch.where(high, F.logsigmoid(-a), logistic_log_mass(a, b)))


def _of_pixels(case: Case, seen: Seen) -> Tensor:
    value, x = seen["value"], case["x"]
    explain_error(seen, NEGATIVE_SPREAD, "not-a-number", ideas.LOGISTIC)
    if isinstance(value, Tensor) and value.is_floating_point():
        shapes = {"one-number": (), "summed": x.shape[:1], "per-channel": x.shape[:2]}
        mistake = next((name for name, shape in shapes.items() if value.shape == shape), None)
        if mistake:
            raise Wrong.of(ideas.LOGISTIC, mistake)
        if value.shape == x.shape:
            if value.isnan().any():
                raise Wrong.of(ideas.LOGISTIC, "not-a-number")
            if not value.isfinite().all():
                raise Wrong.of(ideas.LOGISTIC, "infinite")
    return seen.tensor("value", tuple(x.shape), "log P(x)")


def _three(case: Case) -> tuple[Tensor, Tensor, Tensor]:
    x, m, log_s = (case[name].double() for name in ("x", "m", "log_s"))
    return (x / STEP).round() * STEP, m, log_s


def _logistic(case: Case, seen: Seen) -> None:
    value, given = _of_pixels(case, seen), _three(case)
    right = discretized_logistic(*given)
    if close(value, right, atol=ROUNDING):
        return
    lookalikes = list(_logistic_lookalikes(*given))
    named = (name for atol in (ROUNDING, ROUGH) for name, like in lookalikes if close(value, like, atol=atol))
    mistake = next(named, "floor" if _is_floor(value, right) else "other")
    raise Wrong.of(ideas.LOGISTIC, mistake, _worst_pixel(case, value, right))


def _is_floor(value: Tensor, right: Tensor) -> bool:
    """Whether only the unlikeliest pixels are off, and are taken for likelier than they are."""
    off = (value - right).abs() > 1
    return bool(off.any() and (value[off] > right[off]).all() and (right[off] < SMALL).all())


def _worst_pixel(case: Case, value: Tensor, right: Tensor) -> str:
    worst = int((value - right).abs().argmax())
    x, m, log_s = (case[name].flatten()[worst].item() for name in ("x", "m", "log_s"))
    return (
        f"For x = {round(x / STEP)}/255, m = {m:.3f}, log s = {log_s:.2f} yours is {value.flatten()[worst]:.3f}, the "
        f"right value is {right.flatten()[worst]:.3f}."
    )


def _logistic_lookalikes(x: Tensor, m: Tensor, log_s: Tensor) -> Lookalikes:
    s, right = log_s.exp(), discretized_logistic(x, m, log_s)
    a, b = _edges(x, m, s)
    u, low, high = (x - m) / s, x < STEP / 2, x > 1 - STEP / 2

    def ends(lowest: Tensor, highest: Tensor, others: Tensor) -> Tensor:
        return torch.where(low, lowest, torch.where(high, highest, others))

    def with_scale(scale: Tensor) -> Tensor:
        a, b = _edges(x, m, scale)
        return ends(F.logsigmoid(b), F.logsigmoid(-a), logistic_log_mass(a, b))

    def with_half(half: float) -> Tensor:
        a, b = _edges(x, m, s, half)
        return ends(F.logsigmoid(b), F.logsigmoid(-a), logistic_log_mass(a, b))

    below, above, mass = F.logsigmoid(b), F.logsigmoid(-a), logistic_log_mass(a, b)
    density = F.logsigmoid(u) + F.logsigmoid(-u) - log_s
    yield "negative", -right
    yield "bits", right / log(2)
    yield "no-logarithm", right.exp()
    if bool((low | high).any()):
        missing = "lower-tail-missing" if bool(low.any()) else "upper-tail-missing"
        yield missing, mass
        yield "lower-tail-missing", ends(mass, above, mass)
        yield "upper-tail-missing", ends(below, mass, mass)
        yield "tails-exchanged", ends(above, below, mass)
        yield "other-side", ends(F.logsigmoid(a), F.logsigmoid(-b), mass)
        yield "other-side", ends(F.logsigmoid(-b), F.logsigmoid(a), mass)
        yield "half-step-at-the-ends", ends(F.logsigmoid(u), F.logsigmoid(-u), mass)
        yield "certain-at-the-ends", ends(0 * mass, 0 * mass, mass)
    for lowest, highest in ((below, above), (density, density)):
        yield "density", ends(lowest, highest, density)
    for step in (STEP, 1 / LEVELS):
        of_step = density + log(step)
        yield "density-in-the-tails", ends(below, above, torch.where(right < SMALL, of_step, right))
        yield "density-times-step", ends(below, above, of_step)
        yield "density-times-step", of_step
    yield "256-steps", with_half(0.5 / LEVELS)
    for half in (STEP, 1 / LEVELS):
        yield "whole-step", with_half(half)
    yield "half-step-of-levels", with_half(0.5)
    for low_half, high_half in ((0.0, STEP), (STEP, 0.0)):
        lower, upper = (x - low_half - m) / s, (x + high_half - m) / s
        yield "one-sided", ends(F.logsigmoid(upper), F.logsigmoid(-lower), logistic_log_mass(lower, upper))
    yield "log-variance", with_scale((log_s / 2).exp())
    yield "log-variance", with_scale((2 * log_s).exp())
    yield "inverse-scale", with_scale(1 / s)
    for unit in (1 / STEP, 2):
        yield "other-unit", with_scale(s / unit)
    lower, upper = (x / STEP - 0.5 - m) / s, (x / STEP + 0.5 - m) / s
    yield "other-unit", ends(F.logsigmoid(upper), F.logsigmoid(-lower), logistic_log_mass(lower, upper))
    yield "no-exponential", with_scale(log_s)
    yield "third-factor-missing", ends(below, above, below + above)
    yield "difference-of-logarithms", ends(below, above, below - F.logsigmoid(a))
    by_normal = (torch.special.ndtr(b) - torch.special.ndtr(a)).log()
    yield "normal", ends(torch.special.log_ndtr(b), torch.special.log_ndtr(-a), by_normal)
    yield "place-sign", discretized_logistic(x, -m, log_s)


def _logistic_gradient(case: Case, seen: Seen) -> None:
    value, given = _of_pixels(case, seen), _three(case)
    x, m, log_s = (tensor.requires_grad_() for tensor in given)
    for name in ("m", "log_s"):
        gradient = seen[f"d/d{name}"]
        if gradient is None:
            raise Wrong.of(ideas.LOGISTIC, f"{name}-detached")
        if isinstance(gradient, Tensor) and not gradient.isfinite().all():
            raise Wrong.of(ideas.LOGISTIC, "gradient-not-a-number")
    with torch.enable_grad():
        right = discretized_logistic(x, m, log_s)
        wanted = torch.autograd.grad(right.sum(), [m, log_s])
    s, u = log_s.detach().exp(), ((x - m) * torch.exp(-log_s)).detach()
    found = [seen.tensor(f"d/d{name}", tuple(x.shape), "The gradient") for name in ("m", "log_s")]
    # The gradient in m is of the order of 1/s, the one in log s of the order of u.
    off = [(a - b).abs() * unit for a, b, unit in zip(found, wanted, (s, 1 / (1 + u.abs())), strict=True)]
    if max(part.max() for part in off) < 2e-3:
        return
    if case.name == FAR and ((found[0] == 0) & (wanted[0].abs() * s > 0.5)).any():
        raise Wrong.of(ideas.LOGISTIC, "gradient-zero")
    for name, gradient in zip(("m", "log_s"), found, strict=True):
        if not gradient.any():
            raise Wrong.of(ideas.LOGISTIC, f"{name}-detached")
    if close(value, right.detach(), atol=ROUNDING):
        raise Wrong.of(ideas.LOGISTIC, "other-gradient")


LOGISTIC = Task(
    id="07.discretized_logistic",
    answer="discretized_logistic",
    title="The discretized logistic",
    criteria=(
        Criterion("a level's probability is that within half a step of it", 1, _logistic, (BETWEEN,)),
        Criterion("level 0 has all that is below, level 255 all that is above", 1, _logistic, ENDS),
        Criterion("exact far from m and for narrow scales", 1, _logistic, OUT_THERE),
        Criterion("the gradient reaches m and log_s, there too", 1, _logistic_gradient),
    ),
    stages=(Stage(probes.gradients, _logistic_cases),),
)


# 6 From a blank cell --------------------------------------------------------------------------------------

MODELS = {
    "grey pictures": (5, 4, (1, 28, 28)),
    "colour pictures": (4, 6, (3, 32, 32)),
    "odd sizes": (1, 3, (2, 19, 26)),
}
"""Name: number of pictures, latent_dim, picture_shape. The last one is one picture."""
LEARNING = "colour pictures of 17 x 22"
LINES = 8
"""Straight lines that are followed, between pictures or between codes."""
BEND = 1e-4
"""Deviation from a straight line, as a share of its length: rounding stays below, any activation is far above."""
ENOUGH = 2
"""Convolutions that see a neighbourhood, in each of the two networks."""
ERRORS = {
    "no-methods": ("has no attribute 'encode'", "has no attribute 'decode'"),
    "signature": ("positional argument",),
    "no-super": ("before Module.__init__()",),
    "dense-layer-size": ("shapes cannot be multiplied", "size mismatch"),
    "other-channels": ("channels, but got",),
    "map-shape": ("is invalid for input of size", "don't multiply up to the size", "Provided sizes"),
    "too-small": ("Kernel size can't be greater",),
}
"""Mistakes, and words in what torch says of them."""


def _class_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (n, latent_dim, shape) in MODELS.items():
        sizes = {"latent_dim": latent_dim, "picture_shape": list(shape)}
        x, x_other = torch.rand(2, n, *shape, generator=rng)
        z, z_other = 2 * torch.randn(2, n, latent_dim, generator=rng)
        yield Case(_look_at("encode", name), {"look": "encode", **sizes, "x": x, "x_other": x_other})
        yield Case(_look_at("decode", name), {"look": "decode", **sizes, "z": z, "z_other": z_other, "x": x})
    shape, latent_dim = (3, 17, 22), 5
    ends, codes = torch.rand(2, LINES, *shape, generator=rng).round(), 3 * torch.randn(2, LINES, 5, generator=rng)
    given = {
        "x": torch.rand(LINES, *shape, generator=rng),
        "z": torch.randn(LINES, latent_dim, generator=rng),
        "x_line": [ends[0], ends.mean(0), ends[1]],
        "z_line": [codes[0], codes.mean(0), codes[1]],
    }
    yield Case(LEARNING, {"look": "learning", "latent_dim": latent_dim, "picture_shape": list(shape), **given})


def _look_at(look: str, name: str) -> str:
    return f"{name} ({look})"


def _looks(*looks: str) -> tuple[str, ...]:
    return tuple(_look_at(look, name) for name in MODELS for look in looks)


def _check_built(seen: Seen) -> None:
    for mistake, words in ERRORS.items():
        explain_error(seen, words, mistake, ideas.CLASS)
    if not seen.flag("is a module"):
        raise Wrong.of(ideas.CLASS, "no-module")


def _check_pair(seen: Seen, method: str, flag: str = "is a pair", returned: str = "returned") -> None:
    if not seen.flag(flag):
        one = isinstance(seen[returned], Tensor)
        raise Wrong.of(ideas.CLASS, f"{method}-one-tensor" if one else f"{method}-no-pair")


def _codes(case: Case, seen: Seen, suffix: str = "", n: int | None = None) -> list[Tensor]:
    """mu and logvar, of n pictures; by default of all."""
    n = len(case["x"]) if n is None else n
    if n == 1 and seen.tensor(f"mu{suffix}", what="mu").shape == (case["latent_dim"],):
        raise Wrong.of(ideas.CLASS, "squeezed")
    return [seen.tensor(name + suffix, (n, case["latent_dim"]), name) for name in ("mu", "logvar")]


def _pictures(case: Case, seen: Seen, suffix: str = "", n: int | None = None) -> list[Tensor]:
    """m and log_s, of n codes; by default of all."""
    n, (channels, height, width) = len(case["z"]) if n is None else n, case["picture_shape"]
    for name in ("m", "log_s"):
        shape = tuple(seen.tensor(name + suffix, what=name).shape)
        mistake = None
        if shape == (n, channels * height * width):
            mistake = "flat-pictures"
        elif len(shape) == 4 and shape[:2] == (n, channels) and shape[2:] != (height, width):
            mistake = "height-and-width" if shape[2:] == (width, height) else "other-size"
        elif len(shape) == 4 and shape[0] == n and shape[1] != channels:
            mistake = "other-maps"
        if mistake:
            measured = f"On {case.name} the shape of {name} is {shape}; it should be {(n, channels, height, width)}."
            raise Wrong.of(ideas.CLASS, mistake, measured)
    return [seen.tensor(name + suffix, (n, channels, height, width), name) for name in ("m", "log_s")]


def _same(values: Sequence[Tensor], others: Sequence[Tensor], atol: float = 1e-5) -> bool:
    return all(close(value, other, atol=atol) for value, other in zip(values, others, strict=True))


def _encodes(case: Case, seen: Seen) -> None:
    _check_built(seen)
    _check_pair(seen, "encode")
    values, others = _codes(case, seen), _codes(case, seen, " of others")
    if not _same(values, _codes(case, seen, " again")):
        raise Wrong.of(ideas.CLASS, "not-repeatable")
    backwards = [value.flip(0) for value in _codes(case, seen, " backwards")]
    first = [value[:1] for value in values]
    if not (_same(values, backwards, 1e-4) and _same(first, _codes(case, seen, " of the first", 1), 1e-4)):
        raise Wrong.of(ideas.CLASS, "pictures-mixed")
    # Zeros everywhere may be the work of an activation, and are looked at among more pictures.
    if any(value.any() and close(value, other) for value, other in zip(values, others, strict=True)):
        raise Wrong.of(ideas.CLASS, "encoder-does-not-look")


def _decodes(case: Case, seen: Seen) -> None:
    _check_built(seen)
    if seen.flag("needs encode"):
        raise Wrong.of(ideas.CLASS, "needs-encode")
    _check_pair(seen, "decode")
    values, (m, log_s) = _pictures(case, seen), _pictures(case, seen, " of others")
    if not _same(values, _pictures(case, seen, " again")):
        raise Wrong.of(ideas.CLASS, "not-repeatable")
    if not _same(values, _pictures(case, seen, " after encode")):
        raise Wrong.of(ideas.CLASS, "remembers")
    backwards = [value.flip(0) for value in _pictures(case, seen, " backwards")]
    first = [value[:1] for value in values]
    if not (_same(values, backwards, 1e-4) and _same(first, _pictures(case, seen, " of the first", 1), 1e-4)):
        raise Wrong.of(ideas.CLASS, "pictures-mixed")
    if close(values[0], m):
        raise Wrong.of(ideas.CLASS, "decoder-without-code")
    if close(values[1], log_s):
        raise Wrong.of(ideas.CLASS, "scale-without-code")


def _convolves(case: Case, seen: Seen) -> None:
    _check_built(seen)
    method = case["look"]
    if method == "decode" and seen.flag("needs encode"):
        raise Wrong.of(ideas.CLASS, "needs-encode")
    _check_pair(seen, method)
    every, local = seen.number("convolutions"), seen.number("local convolutions")
    if local >= ENOUGH:
        return
    measured = f"{method} computes {every:.0f} convolutions; {local:.0f} of their kernels see a neighbourhood."
    if every >= ENOUGH:
        raise Wrong.of(ideas.CLASS, "no-neighbourhood", measured)
    raise Wrong.of(ideas.CLASS, f"dense-{method}r" if not every else "one-convolution", measured)


def _learns(case: Case, seen: Seen) -> None:
    _check_built(seen)
    for method in probes_07.RESULTS:
        _check_pair(seen, method, f"{method} gives a pair", f"{method} returned")
    if not seen.number("parameters"):
        raise Wrong.of(ideas.CLASS, "not-registered")
    values = [*_codes(case, seen), *_pictures(case, seen)]
    # Two models with the same parameters give the same, unless a layer is not among them.
    if not _same(values, [*_codes(case, seen, " of a copy"), *_pictures(case, seen, " of a copy")], 1e-4):
        repeatable = _same(values, [*_codes(case, seen, " again"), *_pictures(case, seen, " again")], 1e-4)
        raise Wrong.of(ideas.CLASS, "not-registered" if repeatable else "not-repeatable")
    if not all(value.any() for value in values[:2]):
        raise Wrong.of(ideas.CLASS, "encoder-does-not-look")
    encoded = [_codes(case, seen, f" line {k}", LINES) for k in range(3)]
    decoded = [_pictures(case, seen, f" line {k}", LINES) for k in range(3)]
    if any(bend(points) < BEND for points in zip(*encoded, strict=True)):
        raise Wrong.of(ideas.CLASS, "linear-encoder")
    if any(bend(points) < BEND for points in zip(*decoded, strict=True)):
        raise Wrong.of(ideas.CLASS, "linear-decoder")
    for name, mistake in {"logvar": "positive-spread", "log_s": "positive-scale"}.items():
        # Infinity counts as positive: the exponential of a large number is.
        if all(_is_positive(seen[f"{name} wild {k}"]) for k in range(probes_07.MODELS)):
            raise Wrong.of(ideas.CLASS, _why_positive(seen, mistake))
    for name in ("mu", "logvar", "log_s"):
        if all(_is_small(seen[f"{name} wild {k}"]) for k in range(probes_07.MODELS)):
            raise Wrong.of(ideas.CLASS, "activation-at-the-end")
    if idle := seen.texts("idle"):
        raise Wrong.of(ideas.CLASS, "no-gradient", f"Without gradient: {', '.join(idle[:4])}.")


def _why_positive(seen: Seen, mistake: str) -> str:
    """An activation behind both results, or an exponential of one of them."""
    mean = [seen[f"mu wild {k}"] for k in range(probes_07.MODELS)]
    both = mistake == "positive-spread" and all(map(_is_positive, mean))
    return "activation-at-the-end" if both else mistake


def _is_small(value: object) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and bool((value.abs() <= 1).all())


def _is_positive(value: object) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and bool((value >= 0).all())


CLASS = Task(
    id="07.ConvolutionalVAE",
    answer="ConvolutionalVAE",
    title="From a blank cell: a convolutional VAE",
    criteria=(
        Criterion("encode gives mu and logvar, for pictures of any size", 1, _encodes, _looks("encode")),
        Criterion("decode gives m and log_s in the pictures' shape, from codes alone", 1, _decodes, _looks("decode")),
        Criterion("both networks are convolutional", 1, _convolves, _looks("encode", "decode")),
        Criterion("both networks are nonlinear, and all parameters learn", 1, _learns, (LEARNING,)),
    ),
    stages=(Stage(probes_07.conv_vae, _class_cases),),
    seconds=6.0,
)

TASKS = (THERE_AND_BACK, GAUSSIAN, BITS, SOFTMAX, LOGISTIC, CLASS)
