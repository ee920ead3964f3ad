"""The tasks of lesson 02: denoising and super-resolution. What their hints say is in :mod:`.ideas_02`.

Noise is judged by statistics that hold for any right way to draw it. A threshold is at least 5.5 standard errors wide:
a right answer misses one less than once in ten million times.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from math import prod

import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn.functional import interpolate

from vaecourse.data import strokes
from vaecourse.data.noise import gaussian_noise
from vaecourse.grading.task import Case, Criterion, Lookalikes, Seen, Stage, Task, Wrong, close, compare, explain_error
from vaecourse.grading.tasks import ideas_02 as ideas
from vaecourse.grading.worker import probes, probes_02


def _first(of: Mapping[str, str], signs: Mapping[str, bool], measured: str = "") -> None:
    """Raise the first mistake whose sign is there."""
    for mistake, there in signs.items():
        if there:
            raise Wrong.of(of, mistake, measured)


# 1 PSNR ---------------------------------------------------------------------------------------------------

SINGLE = {"one grey picture": (1, 1, 6, 5), "one colour picture": (1, 3, 4, 4)}
TIMES = {": exactly half": 0.5, ": exactly twice": 2.0, ": exactly a tenth": 0.1, ": its negative": -1.0}
"""How a PSNR may compare with the right one: what is to be read as "yours is exactly half of it"."""
BATCHES = {"four grey pictures": (4, 1, 5, 6), "three colour pictures": (3, 3, 4, 5)}


def _psnr_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in {**SINGLE, **BATCHES}.items():
        x, other = torch.rand(2, *shape, generator=rng)
        share = torch.linspace(0.15, 0.9, shape[0]).view(-1, 1, 1, 1)  # each picture has an error of its own
        yield Case(name, {"x": x, "y": torch.lerp(x, other, share)})


def _psnr(seen: Seen) -> Tensor:
    value = seen["value"]
    if isinstance(value, Tensor) and value.isnan().any():  # the pictures differ: no right answer meets a log of 0
        raise Wrong.of(ideas.PSNR, "not-squared")
    return seen.tensor("value", what="The PSNR")


def _psnr_of_one(case: Case, seen: Seen) -> None:
    value = _psnr(seen)
    if value.numel() != 1:
        raise Wrong.of(ideas.PSNR, _psnr_of_wrong_shape(case, value), f"Its shape is {tuple(value.shape)}.")
    _compare_psnr(case, value.reshape(1))


def _psnr_of_each(case: Case, seen: Seen) -> None:
    value, n = _psnr(seen), len(case["x"])
    if value.shape != (n,):
        measured = f"On {case.name} its shape is {tuple(value.shape)}, and should be ({n},)."
        raise Wrong.of(ideas.PSNR, _psnr_of_wrong_shape(case, value), measured)
    _compare_psnr(case, value)


def _psnr_of_wrong_shape(case: Case, value: Tensor) -> str:
    if value.numel() == 1:
        return "one-for-all"
    if value.shape == (len(case["x"]), 1, 1, 1):
        return "dimensions-kept"
    return "per-channel" if value.numel() == prod(case["x"].shape[:2]) else "other"


def _compare_psnr(case: Case, value: Tensor) -> None:
    errors = (case["x"] - case["y"]).double().flatten(1)
    right = -10 * errors.square().mean(1).log10()
    numbers = (", ".join(f"{x:.4g}" for x in values.tolist()) for values in (value, right))
    measured = "On {} your PSNR is {} dB, the right value is {} dB".format(case.name, *numbers)
    times = next((text for text, factor in TIMES.items() if close(value, factor * right)), "")
    lookalikes = [*_psnr_lookalikes(errors), *_psnr_with_other_peaks(case["x"].double(), right)]
    compare(value, right, lookalikes, ideas.PSNR, f"{measured}{times}.")


def _psnr_lookalikes(errors: Tensor) -> Lookalikes:
    """Of errors (N, pixels)."""
    mse = errors.square().mean(1)
    yield "averaged-too-early", -10 * mse.mean().log10().expand_as(mse)
    yield "sum-over-pixels", -10 * errors.square().sum(1).log10()
    yield "natural-log", -10 * mse.log()
    yield "binary-log", -10 * mse.log2()
    yield "sign", 10 * mse.log10()
    yield "no-ten", -mse.log10()
    yield "twenty", -20 * mse.log10()
    yield "root", -5 * mse.log10()
    yield "absolute", -10 * errors.abs().mean(1).log10()
    yield "absolute", -20 * errors.abs().mean(1).log10()
    yield "peak-255", -10 * (mse / 255**2).log10()
    yield "peak-255", -10 * (mse / 255).log10()
    yield "mse", mse


def _psnr_with_other_peaks(x: Tensor, right: Tensor) -> Lookalikes:
    """With the largest grey level that there is, in the batch or in each picture, in the place of white."""
    for peak in (x.max(), x.flatten(1).amax(1)):
        yield "peak-of-picture", right + 20 * peak.log10()


PSNR = Task(
    id="02.psnr",
    answer="psnr",
    title="How noisy is a picture?",
    criteria=(
        Criterion("10 log10(1 / MSE) of a picture", 1, _psnr_of_one, tuple(SINGLE)),
        Criterion("each picture of a batch has its own", 1, _psnr_of_each, tuple(BATCHES)),
    ),
    stages=(Stage(probes.call, _psnr_cases),),
)


# 2 Gaussian noise -----------------------------------------------------------------------------------------

INSIDE = {"grey pictures": (64, 1, 12, 12), "colour pictures": (32, 3, 10, 10)}
"""Pictures of middle grey, in which this noise does not reach black or white: more than 9,000 numbers."""
EDGES = ("black and white pictures",)
SPREAD = 0.06
"""Tolerated error of the standard deviation, as a share; its standard error is below 0.75 %."""
CENTRE = 0.06
"""Tolerated mean of the noise, in standard deviations; its standard error is 0.0104 of them."""
NORMAL_TAILS = 2.4
"""Of the fourth moment: 3 for normal numbers, with a standard error of 0.05, and 1.8 for uniform ones."""
STILL = 1e-6


def _noise_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in INSIDE.items():
        x = 0.4 + 0.2 * torch.rand(shape, generator=rng)
        yield Case(name, {"x": x, "level": 0.06 + 0.02 * torch.rand((), generator=rng).item()})
    x = torch.rand(50, 1, 14, 14, generator=rng).round()
    yield Case(EDGES[0], {"x": x, "level": 0.2 + 0.04 * torch.rand((), generator=rng).item()})


def _noise_of(case: Case, seen: Seen, name: str = "value") -> Tensor:
    """What was added, in units of the level."""
    value = seen.tensor(name, case["x"].shape, "The result")
    return (value - case["x"].double()) / case["level"]


def _has_the_spread(case: Case, seen: Seen) -> None:
    e, x, level = _noise_of(case, seen), case["x"].double(), case["level"]
    value, mean, std = x + level * e, e.mean().item(), e.std().item()
    measured = f"On {case.name} (level {level:.4f}) your noise has the mean {level * mean:.4f} and the standard "
    measured += f"deviation {level * std:.4f}."
    if std < STILL:
        raise Wrong.of(ideas.ADD_NOISE, "unchanged" if e.abs().max() < STILL else "same-for-all-pictures")
    _check_shared(e)  # of too few numbers no spread can be told
    tails = ((e - mean) / std).pow(4).mean().item()
    right = abs(mean) < CENTRE and abs(std - 1) < SPREAD

    def spread_is(factor: float, of: float = std) -> bool:
        return abs(of / factor - 1) < SPREAD

    black, white = (beyond.double().mean().item() for beyond in (value <= 0, value >= 1))
    signs = {
        "level-ignored": min(black, white) > 0.2,
        "multiplied": not right and spread_is(1, (e / x).std().item()),
        "variance-as-deviation": spread_is(level) and tails > NORMAL_TAILS,
        "deviation-as-variance": std > 2.5 and 0.8 < std * level**0.5 < 1.06 and tails > NORMAL_TAILS - 0.5,
        "rescaled": _is_stretched(value) or _is_stretched(value.flatten(1).T),
        "x-lost": _correlation(value, x) < 0.3,
        "uniform": tails < NORMAL_TAILS and _ends_sharply(e),
        "not-centred": abs(mean) >= CENTRE,
        "wrong-spread": not spread_is(1),
        "not-normal": not NORMAL_TAILS < tails < 4,
    }
    _first(ideas.ADD_NOISE, signs, measured)


def _is_stretched(value: Tensor) -> bool:
    """Whether one number, or one of each column, is exactly 0 and one is 1, as after (y - min) / (max - min)."""
    columns = value if value.ndim == 2 else value.reshape(-1, 1)
    return bool(all((((columns - end).abs() < STILL).sum(0) == 1).all() for end in (0, 1)))


def _correlation(a: Tensor, b: Tensor) -> float:
    return torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1].nan_to_num().item()


def _ends_sharply(e: Tensor) -> bool:
    """Whether the largest of thousands of numbers is hardly larger than the 95th of a hundred."""
    ordered = (e - e.mean()).flatten().sort().values
    top = ordered[int(0.95 * len(ordered))].item()
    return 0 < ordered[-1].item() < 1.25 * top


def _is_independent(case: Case, seen: Seen) -> None:
    e, again = _noise_of(case, seen), _noise_of(case, seen, "again")
    if e.abs().max() < STILL:
        raise Wrong.of(ideas.ADD_NOISE, "unchanged")
    if (e - again).abs().max() < 1e-4:
        raise Wrong.of(ideas.ADD_NOISE, "drawn-once")
    _check_shared(e)


def _check_shared(e: Tensor) -> None:
    signs = {
        "same-for-all-pictures": _constant_along(e, 0),
        "same-for-pixels": any(_constant_along(e, dim) for dim in (1, 2, 3)),
    }
    _first(ideas.ADD_NOISE, signs)


def _constant_along(e: Tensor, dim: int) -> bool:
    return e.shape[dim] > 1 and bool((e - e.narrow(dim, 0, 1)).abs().max() < 1e-3)


def _stays_in_range(case: Case, seen: Seen) -> None:
    value, x, level = seen.tensor("value", case["x"].shape), case["x"].double(), case["level"]
    if value.min() < 0 or value.max() > 1:
        measured = f"On {case.name} they reach from {value.min().item():.2f} to {value.max().item():.2f}."
        raise Wrong.of(ideas.ADD_NOISE, "not-clipped", measured)
    if close(value, x):
        raise Wrong.of(ideas.ADD_NOISE, "unchanged")
    if _correlation(value, x) < 0.3:
        raise Wrong.of(ideas.ADD_NOISE, "x-lost")
    if (value - x)[value != x].abs().std() < STILL:  # of one number no spread can be told
        raise Wrong.of(ideas.ADD_NOISE, "same-for-all-pictures")
    if (value == x)[x == 0].all() and 0.4 < (value != x)[x == 1].double().mean() < 0.6:
        raise Wrong.of(ideas.ADD_NOISE, "multiplied")
    cut_off = (value == x).double().mean().item()  # half of the grains; standard error 0.005
    inward = ((value - x)[value != x] / level).square().mean().item()  # 1; standard error 0.02
    if abs(cut_off - 0.5) > 0.04:
        measured = f"On {case.name} {cut_off:.0%} of the pixels are cut off, and should be half of them."
        raise Wrong.of(ideas.ADD_NOISE, "rescaled" if cut_off < 0.4 else "wrong-spread", measured)
    if not 0.8 < inward < 1.2:
        measured = f"On {case.name} the noise that is not cut off is {inward**0.5:.2f} times as strong as it should be."
        raise Wrong.of(ideas.ADD_NOISE, "wrong-spread", measured)
    if seen.flag("changed"):
        raise Wrong.of(ideas.ADD_NOISE, "changes-input")


ADD_NOISE = Task(
    id="02.add_noise",
    answer="add_noise",
    title="Gaussian noise",
    criteria=(
        Criterion("normal noise of mean 0 and standard deviation level is added", 2, _has_the_spread, tuple(INSIDE)),
        Criterion("every pixel, picture and call has noise of its own", 1, _is_independent, tuple(INSIDE)),
        Criterion("grey levels are cut off at 0 and 1; x stays as it is", 1, _stays_in_range, EDGES),
    ),
    stages=(Stage(probes_02.noise, _noise_cases),),
)


# 3 Dead pixels --------------------------------------------------------------------------------------------

MANY_HITS = "grey pictures, most pixels hit"
HIT = {"grey pictures": (48, 1, 14, 14), "colour pictures": (40, 3, 12, 12), MANY_HITS: (48, 1, 14, 14)}
"""5,760 pixels or more: the share that is hit has a standard error below 0.0064."""
SHARE = 0.04
COLOUR = 0.09
"""Tolerated error of the share of white among 1,200 or more that are hit: its standard error is below 0.0145."""


def _dead_pixels_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in HIT.items():
        x = 0.2 + 0.6 * torch.rand(shape, generator=rng)
        lowest = 0.57 if name == MANY_HITS else 0.22
        yield Case(name, {"x": x, "level": lowest + 0.07 * torch.rand((), generator=rng).item()})
    yield Case("level 0", {"x": torch.rand(3, 1, 5, 5, generator=rng), "level": 0.0})


def _mask(case: Case, seen: Seen, name: str = "value") -> Tensor:
    """Which numbers are not those of x, (N, C, H, W)."""
    return (seen.tensor(name, case["x"].shape, "The result") - case["x"].double()).abs() > STILL


def _hits_and_colours(case: Case, seen: Seen) -> None:
    mask, level = _mask(case, seen), case["level"]
    value, share = seen.tensor("value")[mask], mask.double().mean().item()
    measured = f"On {case.name} (level {level:.3f}) the share of pixels that are hit is {share:.3f}."
    if level == 0:
        if mask.any():
            raise Wrong.of(ideas.DEAD_PIXELS, "wrong-share", measured)
        return
    if not mask.any():
        raise Wrong.of(ideas.DEAD_PIXELS, "unchanged")
    if _constant_along(mask.any(1, keepdim=True).double(), 0):  # of the pixels of one picture no share can be told
        raise Wrong.of(ideas.DEAD_PIXELS, "same-for-all-pictures")
    ends = (value == 0) | (value == 1)
    per_pixel = mask.any(1).double().mean().item()  # with channels hit one by one, each has the right share
    _first(
        ideas.DEAD_PIXELS,
        {
            "grey-values": not ends.double().mean() > 0.999,
            "the-others": abs(share - (1 - level)) < SHARE,
            "level-twice": min(abs(share - 2 * level), abs(share - (1 - (1 - level) ** 2))) < SHARE,
            "level-half": abs(share - level / 2) < SHARE,
            "drawn-twice": abs(share - level) > SHARE and abs(share - (1 - (1 - level / 2) ** 2)) < SHARE,
            "wrong-share": abs(share - level) > SHARE and abs(per_pixel - level) > SHARE,
        },
        measured,
    )
    _check_colours(case, seen, mask, measured)


def _check_colours(case: Case, seen: Seen, mask: Tensor, measured: str) -> None:
    white = (seen.tensor("value") == 1) & mask
    share = (white.sum() / mask.sum()).item()
    of_each = white.flatten(1).sum(1) / mask.flatten(1).sum(1).clamp_min(1)
    measured += f" Of these {share:.3f} are white."
    _first(
        ideas.DEAD_PIXELS,
        {
            "only-white": share > 0.98,
            "only-black": share < 0.02,
            "one-coin": bool(((of_each == 0) | (of_each == 1)).all()),
            "unequal-colours": abs(share - 0.5) > COLOUR,
        },
        measured,
    )


def _hits_by_chance(case: Case, seen: Seen) -> None:
    mask, again = _mask(case, seen), _mask(case, seen, "again")
    if not mask.any():
        raise Wrong.of(ideas.DEAD_PIXELS, "unchanged")
    if mask.all():  # the same pixels in all pictures and calls, but not because they were drawn once
        raise Wrong.of(ideas.DEAD_PIXELS, "all-hit")
    pixels = mask.any(1, keepdim=True).double()
    value = seen.tensor("value")
    _first(
        ideas.DEAD_PIXELS,
        {
            "channels-apart": bool((mask != mask[:, :1]).any() or (mask & (value != value[:, :1])).any()),
            "drawn-once": torch.equal(mask, again),
            "same-for-all-pictures": _constant_along(pixels, 0),
            "in-lines": _constant_along(pixels, 2) or _constant_along(pixels, 3),
            "changes-input": seen.flag("changed"),
        },
    )


DEAD_PIXELS = Task(
    id="02.dead_pixels",
    answer="dead_pixels",
    title="Salt and pepper",
    criteria=(
        Criterion("a share `level` of the pixels is hit, half of them white", 2, _hits_and_colours),
        Criterion("every picture and call has dead pixels of its own; x stays", 1, _hits_by_chance, tuple(HIT)),
    ),
    stages=(Stage(probes_02.noise, _dead_pixels_cases),),
)


# 4 The training step --------------------------------------------------------------------------------------

STEPS = {"grey pictures": ((4, 1, 4, 3), (4, 1, 4, 3), (2, 1, 4, 3)), "colour pictures": ((1, 3, 3, 2), (3, 3, 3, 2))}
"""Name: shapes of the batches, one for each call."""
WEIGHTS = ("0.weight", "0.bias", "1.weight", "1.bias")
"""Of the two linear layers, as nn.Sequential names them."""
NOISES = 7
"""Different noises at hand: more than a right answer draws."""

Weights = dict[str, Tensor]


def _denoising_step_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shapes in STEPS.items():
        pixels, size = prod(shapes[0][1:]), 2
        shapes_of_weights = ((size, pixels), (size,), (pixels, size), (pixels,))
        weights = {n: 0.5 * torch.randn(s, generator=rng) for n, s in zip(WEIGHTS, shapes_of_weights, strict=True)}
        batches = [torch.rand(shape, generator=rng) for shape in shapes]
        largest = max(shapes)
        noises = [0.5 * torch.randn(largest, generator=rng) for _ in range(NOISES)]
        yield Case(name, {"weights": weights, "batches": batches, "noises": noises, "lr": 0.02})


class _Call:
    """One call of the answer: its batch, the noises that were drawn in it, the weights before and after."""

    def __init__(self, case: Case, seen: Seen, number: int):
        self.x, self.lr = case["batches"][number - 1].double(), case["lr"]
        self.before, self.after = (_weights_after(case, seen, k) for k in (number - 1, number))
        self.noises = [case["noises"][k][: len(self.x)].double() for k in _drawn_in(seen, number)]

    @property
    def right(self) -> list[tuple[Tensor, Tensor]]:
        """Input and target, for each noise that was drawn."""
        return [(self.x + noise, self.x) for noise in self.noises]

    @property
    def confused(self) -> Iterator[tuple[str, tuple[Tensor, Tensor]]]:
        """The names of mistakes, with the input and the target that they take."""
        x = self.x
        for noise in self.noises:
            yield "noisy-target", (x + noise, x + noise)
            yield "swapped", (x, x + noise)
            yield "noise-on-output", (x, x - noise)  # (x̂ + noise) - x
        for one, other in permutations(self.noises, 2):
            yield "two-noises", (x + one, x + other)
        yield "clean-input", (x, x)

    def made_step(self, pair: tuple[Tensor, Tensor], factor: float = 1.0) -> bool:
        """Whether the weights went ``factor`` times as far as a step for this input and target goes."""
        _, gradient = _loss_and_gradient(self.before, *pair)
        return self.went_down(gradient, factor)

    def went_down(self, gradient: Weights, factor: float = 1.0) -> bool:
        return all(close(self.after[n], self.before[n] - factor * self.lr * gradient[n]) for n in WEIGHTS)


def _weights_after(case: Case, seen: Seen, number: int) -> Weights:
    given = case["weights"]
    if number == 0:
        return {name: given[name].double() for name in WEIGHTS}
    return {name: seen.tensor(f"{name} {number}", given[name].shape, "A weight after the step") for name in WEIGHTS}


def _drawn_in(seen: Seen, number: int) -> list[int]:
    """Which noises were drawn in a call; the latest, if that many were drawn that they came round again."""
    drawn = seen["drawn"]
    if not isinstance(drawn, list) or len(drawn) < number or not all(type(count) is int for count in drawn):
        raise Wrong("no-value", "This part of the answer could not be observed.")
    end, start = drawn[number - 1], drawn[number - 2] if number > 1 else 0
    return [k % NOISES for k in range(max(start, end - NOISES), end)]


def _loss_and_gradient(weights: Weights, given: Tensor, target: Tensor, root: bool = False) -> tuple[float, Weights]:
    """Of the linear autoencoder with these weights, in double precision; with ``root``, of lengths not squared."""
    leaves = {name: value.clone().requires_grad_() for name, value in weights.items()}
    with torch.enable_grad():
        z = given.flatten(1) @ leaves["0.weight"].T + leaves["0.bias"]
        error = target.flatten(1) - z @ leaves["1.weight"].T - leaves["1.bias"]
        squares = error.square().sum(1)
        loss = (squares.sqrt() if root else squares).mean()
        gradients = torch.autograd.grad(loss, list(leaves.values()))
    return loss.item(), dict(zip(leaves, gradients, strict=True))


def _first_step(case: Case, seen: Seen) -> None:
    _explain_no_graph(seen)
    call = _Call(case, seen, 1)
    if not any(call.made_step(pair) for pair in call.right):
        _explain_events(seen, 1)
        raise Wrong.of(ideas.DENOISING_STEP, _explained_step(call))
    if not seen.flag("training"):
        raise Wrong.of(ideas.DENOISING_STEP, "eval-mode")


def _explained_step(call: _Call) -> str:
    for mistake, pair in call.confused:
        # The usual factors, so that a second mistake does not hide the first.
        if any(call.made_step(pair, factor) for factor in (1, 1 / call.x[0].numel(), len(call.x))):
            return mistake
    for pair in call.right:
        loss, gradient = _loss_and_gradient(call.before, *pair)
        way, slope = (
            torch.cat([part[name].flatten() for name in WEIGHTS])
            for part in ({name: call.before[name] - call.after[name] for name in WEIGHTS}, gradient)
        )
        factors = {
            "mean-over-pixels": 1 / call.x[0].numel(),
            "sum-over-pictures": len(call.x),
            "uphill": -1,
            "root": loss**-0.5 / 2,
            "scaled": (way @ slope / slope.square().sum()).item() / call.lr,
        }
        for mistake, factor in factors.items():
            if call.went_down(gradient, factor):
                return mistake
        if call.went_down(_loss_and_gradient(call.before, *pair, root=True)[1]):
            return "root"
    return "other-step"


def _explain_no_graph(seen: Seen) -> None:
    explain_error(seen, ("does not require grad",), "no-graph", ideas.DENOISING_STEP)


def _explain_events(seen: Seen, number: int) -> None:
    events = seen.texts(f"events {number}")
    signs = {
        "no-backward": "backward" not in events,
        "no-step": "step" not in events,
        "several-steps": events.count("step") > 1,
    }
    _first(ideas.DENOISING_STEP, signs)
    if "zero" in events[events.index("backward") : events.index("step")]:
        raise Wrong.of(ideas.DENOISING_STEP, "zeroed-before-step")


def _later_steps(case: Case, seen: Seen) -> None:
    _first_step(case, seen)
    earlier = _Call(case, seen, 1)
    for number in range(2, len(case["batches"]) + 1):
        call = _Call(case, seen, number)
        if not call.noises:
            raise Wrong.of(ideas.DENOISING_STEP, "drawn-once")
        if any(call.made_step(pair) for pair in call.right):
            earlier = call
            continue
        left_over = [_loss_and_gradient(earlier.before, *pair)[1] for pair in earlier.right]
        for pair in call.right:
            _, gradient = _loss_and_gradient(call.before, *pair)
            for old in left_over:
                if call.went_down({name: gradient[name] + old[name] for name in WEIGHTS}):
                    raise Wrong.of(ideas.DENOISING_STEP, "gradients-add-up")
        _explain_events(seen, number)
        raise Wrong.of(ideas.DENOISING_STEP, "carried-over")


def _returned_loss(case: Case, seen: Seen) -> None:
    _explain_no_graph(seen)
    for number in range(1, len(case["batches"]) + 1):
        if isinstance(seen[f"returned {number}"], Tensor):
            raise Wrong.of(ideas.DENOISING_STEP, "tensor-returned")
        value, call = seen.number(f"returned {number}", "The loss"), _Call(case, seen, number)
        losses = [_loss_and_gradient(call.before, *pair)[0] for pair in call.right]
        if any(close(value, loss) for loss in losses):
            continue
        if number > 1 and not call.noises:
            raise Wrong.of(ideas.DENOISING_STEP, "drawn-once")
        measured = f"In call {number} on {case.name} you return {value:.4f}."
        if losses:
            measured = f"In call {number} on {case.name} you return {value:.4f}, the loss is {losses[0]:.4f}."
        usual = (name for name, loss in _loss_lookalikes(call, losses) if close(value, loss))
        raise Wrong.of(ideas.DENOISING_STEP, next(usual, "other"), measured)


def _loss_lookalikes(call: _Call, losses: Sequence[float]) -> Lookalikes:
    for mistake, pair in call.confused:
        loss, _ = _loss_and_gradient(call.before, *pair)
        for factor in (1, 1 / call.x[0].numel(), len(call.x)):
            yield mistake, factor * loss
    for pair in call.right:
        yield "loss-after-step", _loss_and_gradient(call.after, *pair)[0]
        yield "root", _loss_and_gradient(call.before, *pair, root=True)[0]
    for loss in losses:
        yield "mean-over-pixels", loss / call.x[0].numel()
        yield "sum-over-pictures", loss * len(call.x)
        yield "root", loss**0.5
        yield "uphill", -loss


DENOISING_STEP = Task(
    id="02.denoising_step",
    answer="denoising_step",
    title="One step with noise",
    criteria=(
        Criterion("noise in the input, none in the target: one step down that gradient", 2, _first_step),
        Criterion("every call draws new noise and starts from a fresh gradient", 1, _later_steps),
        Criterion("the loss before the step is returned, as a float", 1, _returned_loss),
    ),
    stages=(Stage(probes_02.denoising_step, _denoising_step_cases),),
)


# 5 Super-resolution ---------------------------------------------------------------------------------------

MODELS = {
    "grey pictures": (4, 1, 8, 2, (6, 5), (5, 7)),
    "colour pictures": (2, 3, 6, 3, (4, 5), (6, 4)),
    "one picture": (1, 1, 5, 4, (7, 7), (4, 9)),
}
"""Name: number of pictures, channels, hidden, factor, size, another size."""
LOOKS = ("size", "start", "learning")
ERRORS = {
    "sizes-differ": ("must match the size of tensor",),
    "fixed-size": ("mat1 and mat2 shapes", "input and weight.T shapes"),
    "shuffle-channels": ("divisible by the square of upscale_factor",),
}
"""Mistakes, and words in what torch says of them."""
LINES = 8
"""Pairs of pictures between which a straight line is followed."""
BEND = 1e-4
"""Deviation from a straight line, as a share of its length: rounding stays below, any activation is far above."""


def _super_resolver_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (n, channels, hidden, factor, size, other) in MODELS.items():
        x, from_, to = (torch.rand(k, channels, *size, generator=rng) for k in (n, LINES, LINES))
        sizes = {"channels": channels, "hidden": hidden, "factor": factor}
        given = {
            "size": {"x": x, "other": torch.rand(n, channels, *other, generator=rng)},
            "start": {"x": x.round()},
            "learning": {"x": x, "x_from": from_.round(), "x_to": to.round()},
        }
        for look in LOOKS:
            yield Case(f"{name} ({look})", {"look": look, **sizes, **given[look]})


def _cases_of(look: str) -> tuple[str, ...]:
    return tuple(f"{name} ({look})" for name in MODELS)


def _enlarged_shape(x: Tensor, factor: int) -> tuple[int, ...]:
    return (*x.shape[:2], *(factor * side for side in x.shape[2:]))


def _check_module(seen: Seen) -> None:
    for mistake, words in ERRORS.items():
        explain_error(seen, words, mistake, ideas.SUPER_RESOLVER)
    if not seen.flag("is a module"):
        raise Wrong.of(ideas.SUPER_RESOLVER, "no-module")


def _enlarges(case: Case, seen: Seen) -> None:
    _check_module(seen)
    for name, x in (("y", case["x"]), ("y other", case["other"])):
        shape, wanted = seen.tensor(name, what="model(x)").shape, _enlarged_shape(x, case["factor"])
        measured = f"For {tuple(x.shape)} and factor={case['factor']} it is {tuple(shape)}, and should be {wanted}."
        signs = {
            "same-size": shape == x.shape,
            "fixed-factor": shape != wanted and any(shape == _enlarged_shape(x, other) for other in range(2, 9)),
            "size": shape != wanted,
        }
        _first(ideas.SUPER_RESOLVER, signs, measured)
    _check_repeatable(seen, "y")


def _check_repeatable(seen: Seen, name: str) -> None:
    if not close(seen.tensor(f"{name} again", what="model(x)"), seen.tensor(name, what="model(x)")):
        raise Wrong.of(ideas.SUPER_RESOLVER, "not-repeatable")


def _starts_from_bicubic(case: Case, seen: Seen) -> None:
    _check_module(seen)
    x, factor = case["x"].double(), case["factor"]
    y = seen.tensor("silent y", _enlarged_shape(x, factor), "model(x)")
    _check_repeatable(seen, "silent y")
    right = interpolate(x, scale_factor=factor, mode="bicubic")
    # With antialias=True torch uses another of the usual bicubic curves.
    other_curve = interpolate(x, scale_factor=factor, mode="bicubic", antialias=True)
    if close(y, right, atol=1e-4) or close(y, other_curve, atol=1e-4):
        return
    usual = (name for name, result in _enlargements(x, right, factor) if close(y, result, atol=1e-4))
    constant = bool((y - y.mean()).abs().max() < STILL)
    raise Wrong.of(ideas.SUPER_RESOLVER, "no-enlargement" if constant else next(usual, "correction-left"))


def _enlargements(x: Tensor, right: Tensor, factor: int) -> Lookalikes:
    yield "nearest", interpolate(x, scale_factor=factor)
    for aligned in (False, True):
        yield "bilinear", interpolate(x, scale_factor=factor, mode="bilinear", align_corners=aligned)
    yield "align-corners", interpolate(x, scale_factor=factor, mode="bicubic", align_corners=True)
    yield "clamped", right.clamp(0, 1)
    yield "clamped", right.clamp_min(0)
    yield "squashed", right.sigmoid()
    yield "squashed", right.tanh()


def _learns(case: Case, seen: Seen) -> None:
    _check_module(seen)
    if not seen.number("parameters"):
        raise Wrong.of(ideas.SUPER_RESOLVER, "no-parameters")
    if idle := seen.texts("idle"):
        raise Wrong.of(ideas.SUPER_RESOLVER, "no-gradient", f"Without gradient: {', '.join(idle[:4])}.")
    shape = _enlarged_shape(case["x_from"], case["factor"])
    start, middle, end = (seen.tensor(f"line {k}", shape, "model(x)") for k in range(3))
    if (start + end - 2 * middle).abs().max() < BEND * (end - start).abs().max():
        raise Wrong.of(ideas.SUPER_RESOLVER, "linear")
    if not seen.flag("grows with hidden"):
        raise Wrong.of(ideas.SUPER_RESOLVER, "hidden-ignored")
    correction = start - interpolate(case["x_from"].double(), scale_factor=case["factor"], mode="bicubic")
    if _constant_along(correction, 1):
        raise Wrong.of(ideas.SUPER_RESOLVER, "one-correction")


SUPER_RESOLVER = Task(
    id="02.SuperResolver",
    answer="SuperResolver",
    title="Super-resolution",
    criteria=(
        Criterion("pictures of any size grow by the factor", 1, _enlarges, _cases_of("size")),
        Criterion("without its correction, it is the bicubic enlargement", 1, _starts_from_bicubic, _cases_of("start")),
        Criterion("the correction is nonlinear, and all parameters learn", 1, _learns, _cases_of("learning")),
    ),
    stages=(Stage(probes_02.super_resolver, _super_resolver_cases),),
)


# 6 From a blank cell --------------------------------------------------------------------------------------

TRAINING_PICTURES, HELD_OUT, OTHERS = 1_200, 200, 100
BLURS = (0.5, 0.7, 0.9, 1.1, 1.3, 1.5)
"""Widths of the Gaussian filter, in pixels; the best of them is the one to beat."""
ABOVE_MEAN, ABOVE_BLUR = 0.5, 1.5
"""In decibels."""
MARGIN = 2
"""Rows at the upper edge, where pictures are black."""
ALIKE = 0.05
"""Pictures that differ by less than this share of what clean pictures differ by are the same picture."""


def _denoiser_cases(rng: torch.Generator) -> Iterator[Case]:
    seed = torch.randint(2**31, (), generator=rng).item()
    level = 0.4 + 0.1 * torch.rand((), generator=rng).item()
    drawn = torch.from_numpy(strokes.draw(TRAINING_PICTURES + HELD_OUT + OTHERS, seed=seed).pictures)
    x, target, clean = (drawn.float() / 255).split([TRAINING_PICTURES, HELD_OUT, OTHERS])
    noisy = gaussian_noise(target, level, rng)
    secret = {"target": target, "PSNR to beat": _to_beat(x, target, noisy)}
    yield Case("held-out pictures", {"x": x, "level": level, "noisy": noisy, "clean": clean}, secret)


def _mean_psnr(target: Tensor, y: Tensor) -> float:
    """In decibels, over the pictures; bounded, because a picture without error has an infinite one."""
    mse = (target.double() - y.double()).square().flatten(1).mean(1)
    return (-10 * mse.clamp_min(1e-9).log10()).mean().item()


def _to_beat(x: Tensor, target: Tensor, noisy: Tensor) -> dict[str, float]:
    blurred = (torch.from_numpy(gaussian_filter(noisy.numpy(), (0, 0, width, width))) for width in BLURS)
    return {
        "noisy": _mean_psnr(target, noisy),
        "mean": _mean_psnr(target, x.mean(0, keepdim=True).expand_as(target)),
        "blur": max(_mean_psnr(target, y) for y in blurred),
    }


def _denoised(case: Case, seen: Seen) -> Tensor:
    if seen.flag("nothing returned"):
        raise Wrong.of(ideas.TRAIN_DENOISER, "nothing-returned")
    if not seen.flag("is callable"):
        raise Wrong.of(ideas.TRAIN_DENOISER, "not-a-denoiser")
    target = case["target"]
    if seen.tensor("y", what="model(noisy)").shape == target.flatten(1).shape:
        raise Wrong.of(ideas.TRAIN_DENOISER, "flat-pictures")
    return seen.tensor("y", target.shape, "model(noisy)")


def _gives_pictures(case: Case, seen: Seen) -> None:
    _denoised(case, seen)


def _removes_noise(case: Case, seen: Seen) -> None:
    y, target, to_beat = _denoised(case, seen), case["target"].double(), case["PSNR to beat"]
    reached = _mean_psnr(target, y)
    if reached > max(to_beat["noisy"], to_beat["mean"] + ABOVE_MEAN):
        return
    measured = f"On {HELD_OUT} held-out pictures your PSNR is {reached:.1f} dB; that of the noisy pictures is "
    measured += f"{to_beat['noisy']:.1f} dB, that of the mean picture {to_beat['mean']:.1f} dB."
    raise Wrong.of(ideas.TRAIN_DENOISER, _why_noisy(case, seen, y), measured)


def _why_noisy(case: Case, seen: Seen, y: Tensor) -> str:
    target, noisy, clean = (case[name].double() for name in ("target", "noisy", "clean"))
    y_of_clean = seen.tensor("y of clean", clean.shape, "model(clean)")

    def error(a: Tensor, b: Tensor) -> float:
        return (a - b).square().mean().item()

    never_met = error(y_of_clean, clean) < 0.4 * error(y, target)
    # Cutting off makes noise bright on black and dark on white: noise looks like the negative of the picture.
    # A network that learns noisy pictures makes clean margins brighter too.
    brightness, brighter = (picture[..., :MARGIN, :].mean() for picture in (noisy - target, y_of_clean - clean))
    signs = {
        "untrained": bool((y - 0.5).abs().max() < 0.25),
        "logits": y.min() < -1 and error(y.sigmoid(), target) < 0.5 * error(noisy, target),
        "noise-returned": _correlation(y, target) < -0.3,
        "always-the-same": not never_met and error(y, y.mean(0)) < ALIKE * error(target, target.mean(0)),
        "noise-learned": error(y, noisy) < 0.5 * error(y, target) or brighter > 0.5 * brightness,
        "never-met-noise": never_met,
    }
    return next((mistake for mistake, there in signs.items() if there), "under-trained")


def _beats_a_blur(case: Case, seen: Seen) -> None:
    _removes_noise(case, seen)
    y, bar = _denoised(case, seen), case["PSNR to beat"]["blur"]
    reached = _mean_psnr(case["target"], y)
    if reached > bar + ABOVE_BLUR:
        return
    measured = f"On {HELD_OUT} held-out pictures your PSNR is {reached:.1f} dB; the best Gaussian filter reaches "
    measured += f"{bar:.1f} dB, and {ABOVE_BLUR:g} dB more is asked for."
    raise Wrong.of(ideas.TRAIN_DENOISER, _why_noisy(case, seen, y), measured)


TRAIN_DENOISER = Task(
    id="02.train_denoiser",
    answer="train_denoiser",
    title="From a blank cell",
    criteria=(
        Criterion("the result gives pictures for noisy pictures", 1, _gives_pictures),
        Criterion("held-out pictures come back better than they went in", 1, _removes_noise),
        Criterion("and clearly better than from the best Gaussian filter", 2, _beats_a_blur),
    ),
    stages=(Stage(probes_02.trained_denoiser, _denoiser_cases),),
    seconds=60.0,
    trains=True,
)

TASKS = (PSNR, ADD_NOISE, DEAD_PIXELS, DENOISING_STEP, SUPER_RESOLVER, TRAIN_DENOISER)
