"""The tasks of lesson 01: the autoencoder."""

from collections.abc import Iterable, Iterator, Mapping
from math import prod

import torch
from torch import Tensor

from vaecourse.data import strokes
from vaecourse.grading.task import Case, Criterion, Seen, Stage, Task, Wrong, close
from vaecourse.grading.worker import probes, probes_01

Lookalikes = Iterable[tuple[str, Tensor | float, str]]
"""Known wrong results: name of the mistake, what it gives, the idea that it misses."""


def _compare(
    value: Tensor | float, right: Tensor | float, lookalikes: Lookalikes, otherwise: str, measured: str
) -> None:
    if close(value, right):
        return
    for mistake, wrong, idea in lookalikes:
        if close(value, wrong):
            raise Wrong(mistake, idea, measured)
    raise Wrong("other", otherwise, measured)


# 1 The loss -----------------------------------------------------------------------------------------------

BATCHES = {"five grey pictures": (5, 1, 6, 4), "one colour picture": (1, 3, 4, 4), "colour pictures": (3, 3, 2, 5)}


def _squared_error_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in BATCHES.items():
        x, x_hat = torch.rand(2, *shape, generator=rng)
        yield Case(name, {"wrt": ["x_hat"], "x": x, "x_hat": x_hat})


def _squared_error(case: Case, seen: Seen) -> None:
    value = seen.number("value", "The loss")
    difference = (case["x"] - case["x_hat"]).double()
    right = squared_error(case["x"], case["x_hat"])
    pixels, channels = difference[0].numel(), difference.shape[1]
    n = len(difference)
    measured = f"On {case.name} your loss is {value:.4f}, the right value is {right:.4f}."
    if value > 0 and round(ratio := right / value) > 1 and abs(ratio - pixels) < 1e-3 * pixels:
        measured += f" Yours is {pixels} times less: the number of pixels."
    norms = difference.flatten(1).norm(dim=1)
    mean_over_pixels = "You average over the pixels. Sum over the pixels, then average over the pictures."
    lookalikes = (
        ("mean-over-pixels", right / pixels, mean_over_pixels),
        ("mean-over-pixels", right * n / pixels, mean_over_pixels + " You have it the other way round."),
        (
            "sum-over-pictures",
            right * n,
            "You sum over the pictures too. Average over them: the loss of a batch should not grow with the batch.",
        ),
        (
            "not-squared",
            difference.abs().flatten(1).sum(1).mean(),
            "You take absolute values. The loss is made of squares: one large difference weighs more than "
            "many small ones.",
        ),
        (
            "not-squared",
            difference.flatten(1).sum(1).mean(),
            "You do not square: differences of opposite signs cancel.",
        ),
        (
            "not-squared",
            -difference.flatten(1).sum(1).mean(),
            "You do not square: differences of opposite signs cancel.",
        ),
        ("root", norms.mean(), "You take the square root: that is the length of x - x̂. The loss is its square."),
        ("root", right**0.5, "You take a square root. The loss is ‖x - x̂‖², without a root."),
        ("half", right / 2, "There is a factor of one half that the formula does not have."),
        ("mean-over-channels", right / channels, "You average over the channels. They are pixels too: sum over them."),
        (
            "square-of-sum",
            difference.flatten(1).sum(1).square().mean(),
            "You sum first and square then: differences of opposite signs cancel. Square each pixel's "
            "difference, then sum.",
        ),
        (
            "difference-of-squares",
            _sum(case["x"] ** 2 - case["x_hat"] ** 2),
            "You subtract squares. Square the difference: (x - x̂)², which is not x² - x̂².",
        ),
    )
    otherwise = "Square the differences, sum over the pixels of each picture, average over the pictures."
    _compare(value, right, lookalikes, otherwise, measured)
    if seen["changed"]:
        raise Wrong(
            "changes-input",
            "The loss is right, but the function changes the pictures it is given (`-=`, `sub_`, ...): the "
            "next call sees other pictures.",
        )


def squared_error(x: Tensor, x_hat: Tensor) -> float:
    """Sum over pixels, mean over pictures, in double precision."""
    return _sum((x.double() - x_hat.double()).square()).item()


def _sum(values: Tensor) -> Tensor:
    return values.double().flatten(1).sum(1).mean()


def _squared_error_gradient(case: Case, seen: Seen) -> None:
    value = seen.number("value", "The loss")
    if seen["d/dx_hat"] is None:
        raise Wrong(
            "no-gradient",
            "No gradient reaches x̂: the value was taken out of the graph on its way. Do not use float(), "
            ".item(), .detach(), numpy or torch.no_grad() inside a loss.",
        )
    gradient = seen.tensor("d/dx_hat", case["x"].shape, "The gradient")
    right = 2 * (case["x_hat"] - case["x"]).double() / len(case["x"])
    if not gradient.any():
        raise Wrong("no-gradient", "The gradient that reaches x̂ is zero everywhere: nothing can be learned from it.")
    if close(value, squared_error(case["x"], case["x_hat"])) and not close(gradient, right):
        raise Wrong(
            "other-gradient",
            "The value is right, but its gradient is not that of ‖x - x̂‖². Is a part of it detached, or "
            "computed outside torch?",
        )


SQUARED_ERROR = Task(
    id="01.squared_error",
    answer="squared_error",
    title="The loss",
    criteria=(
        Criterion("squared differences, summed over pixels, averaged over pictures", 1, _squared_error),
        Criterion("its gradient reaches the reconstruction", 1, _squared_error_gradient),
    ),
    stages=(Stage(probes.gradients, _squared_error_cases),),
)


# 2 PCA ----------------------------------------------------------------------------------------------------

AROUND_ZERO = ("pictures around zero", "colour pictures around zero")
AROUND_A_MEAN = ("pictures with a mean", "one colour picture", "a code of one number")


def _pca_cases(rng: torch.Generator) -> Iterator[Case]:
    shapes = ((5, 1, 6, 4), (4, 3, 2, 3), (7, 1, 4, 5), (1, 3, 3, 4), (3, 1, 3, 6))
    for name, shape, size in zip(AROUND_ZERO + AROUND_A_MEAN, shapes, (3, 2, 4, 5, 1), strict=True):
        x, mean = torch.rand(shape, generator=rng), torch.rand(1, *shape[1:], generator=rng)
        if name in AROUND_ZERO:
            x, mean = x - 0.5, torch.zeros_like(mean)
        directions, _ = torch.linalg.qr(torch.randn(prod(shape[1:]), size, generator=rng))
        yield Case(name, {"x": x, "mean": mean, "components": directions.T.contiguous()})


def _pca_reconstruct(case: Case, seen: Seen) -> None:
    _explain_shapes(seen)
    value = seen.tensor("value", what="The reconstruction")
    x, components = case["x"].double(), case["components"].double()
    n, size = len(x), len(components)
    measured = f"On {case.name} it is {tuple(value.shape)}, and should be {tuple(x.shape)}."
    if value.shape == (n, size):
        raise Wrong("code-returned", "You return the codes. Go back to pictures: multiply by the components.", measured)
    if value.shape != x.shape and value.numel() == x.numel():
        raise Wrong(
            "shape-lost", "The numbers come back without the shape of x. Give them its shape at the end.", measured
        )
    if value.shape != x.shape:
        raise Wrong("shape", "The reconstruction must have the shape of x.", measured)
    rows, mean = x.flatten(1), case["mean"].double().flatten(1)
    away = (value.flatten(1) - _projected(rows, mean, components)).abs().max().item()
    measured = f"On {case.name}, with D = {size}, your pixels are off by up to {away:.3f}."
    lookalikes = ((name, wrong.view_as(x), idea) for name, wrong, idea in _pca_lookalikes(rows, mean, components))
    otherwise = "Subtract the mean, project onto the components, come back by the same components, add the mean."
    _compare(value, _projected(rows, mean, components).view_as(x), lookalikes, otherwise, measured)


def _projected(rows: Tensor, mean: Tensor, components: Tensor) -> Tensor:
    return (rows - mean) @ components.T @ components + mean


def _pca_lookalikes(rows: Tensor, mean: Tensor, components: Tensor) -> Lookalikes:
    right, zero = _projected(rows, mean, components), torch.zeros_like(mean)
    own = rows.mean(0, keepdim=True)
    yield "clamped", right.clamp(0, 1), "You cut the result to [0, 1]. PCA is linear: it may leave that range."
    yield "not-projected", rows, "You return x itself: the projection must pass through the codes."
    yield (
        "mean-not-subtracted",
        right - mean + mean @ components.T @ components + mean,
        ("The mean is added at the end, but it was not subtracted before the projection."),
    )
    yield (
        "mean-not-added",
        right - mean,
        ("The mean was subtracted, but it is not added back: what you have is the deviation from the mean picture."),
    )
    yield (
        "no-mean",
        _projected(rows, zero, components),
        ("The mean is not used: the components are directions from the mean picture, not from the black one."),
    )
    yield (
        "mean-sign",
        _projected(rows, -mean, components),
        ("The mean has the wrong sign: subtract it before the projection, add it after."),
    )
    yield (
        "own-mean",
        _projected(rows, own, components),
        ("You use the mean of this batch. Use the `mean` that is given: the one that PCA was fitted with."),
    )
    yield "remainder", rows - mean - (right - mean), "You return what the projection leaves over, not the projection."
    yield "remainder", rows - (right - mean), "You return what the projection leaves over, not the projection."
    yield "one-component", _projected(rows, mean, components[:1]), "You use the first component only. Use all of them."


SHAPE_ERRORS = (
    "cannot be multiplied",
    "must match",
    "same number of dimensions",
    "subscript",
    "size mismatch",
    "broadcast",
    "inconsistent tensor size",
    "expected to be in range",
    "invalid for input of size",
)


def _explain_shapes(seen: Seen) -> None:
    """An error about shapes, put in terms of the task."""
    failure = seen.failure
    if failure is not None and failure.kind == "raised" and any(text in failure.measured for text in SHAPE_ERRORS):
        idea = (
            f"{failure.idea} The shapes do not fit: x and mean become rows of pixels by flatten(1), (N, "
            "pixels) and (1, pixels); components is (D, pixels); a code is (N, D)."
        )
        raise Wrong("shapes-do-not-fit", idea, failure.measured)


PCA_RECONSTRUCT = Task(
    id="01.pca_reconstruct",
    answer="pca_reconstruct",
    title="PCA, there and back",
    criteria=(
        Criterion(
            "pictures are projected onto the components and come back as pictures", 1, _pca_reconstruct, AROUND_ZERO
        ),
        Criterion("the mean is subtracted before and added after", 2, _pca_reconstruct, AROUND_A_MEAN),
    ),
    stages=(Stage(probes.call, _pca_cases),),
)


# 3 The class ----------------------------------------------------------------------------------------------

MODELS = {
    "grey pictures": (6, 3, 16, (1, 6, 5)),
    "colour pictures": (4, 2, 12, (3, 4, 3)),
    "one picture": (1, 5, 20, (1, 5, 7)),
}
"""Name: pictures, latent_dim, hidden, picture_shape."""
LOOKS = ("encode", "decode", "together", "learning")
LINES = 24
"""Pairs of pictures, or of codes, between which a straight line is followed."""
BEND = 1e-4
"""Deviation from a straight line, as a share of its length: rounding stays below, any activation is far above."""


def _autoencoder_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (n, latent_dim, hidden, shape) in MODELS.items():
        x, x_from, x_to = (torch.rand(k, *shape, generator=rng) for k in (n, LINES, LINES))
        codes, codes_from, codes_to = (3 * torch.randn(k, latent_dim, generator=rng) for k in (n, LINES, LINES))
        sizes = {"latent_dim": latent_dim, "hidden": hidden, "picture_shape": list(shape)}
        given = {
            "encode": {"x": x, "x_from": x_from.round(), "x_to": x_to.round()},
            "decode": {"codes": codes, "codes_from": codes_from, "codes_to": codes_to, "x": x},
            "together": {"x": x, "codes": codes},
            "learning": {"x": torch.cat([x, x_from]), "codes": codes_from},
        }
        for look in LOOKS:
            yield Case(_look_at(look, name), {"look": look, **sizes, **given[look]})


def _look_at(look: str, name: str) -> str:
    return f"{name} ({look})"


def _cases_of(*looks: str) -> tuple[str, ...]:
    return tuple(_look_at(look, name) for look in looks for name in MODELS)


def _check_module(seen: Seen) -> None:
    if not seen.flag("is a module"):
        raise Wrong("no-module", "The class must be an nn.Module: `class TinyAutoencoder(nn.Module)`.")


def _encodes(case: Case, seen: Seen) -> None:
    _check_module(seen)
    n = len(case["x"])
    z = seen.tensor("z", what="encode(x)")
    if z.shape == (n, case["hidden"]):
        raise Wrong(
            "hidden-as-code",
            "encode(x) has as many numbers as the hidden layer. The code comes one layer later and has "
            "latent_dim numbers.",
            f"Its shape is {tuple(z.shape)}.",
        )
    z = seen.tensor("z", (n, case["latent_dim"]), "encode(x)")
    again, first = (seen.tensor(name, what="encode(x)") for name in ("z again", "z of the first"))
    backwards = seen.tensor("z backwards", z.shape, "encode(x)")
    if not close(again, z):
        raise Wrong(
            "not-repeatable",
            "The same pictures get another code at every call. Make the layers once, in __init__, and let "
            "nothing random into encode.",
        )
    if not (close(backwards.flip(0), z, atol=1e-4) and close(first, z[:1], atol=1e-4)):
        raise Wrong(
            "pictures-mixed",
            "A picture's code depends on the other pictures of the batch. Flatten with flatten(1), which "
            "leaves dimension 0, the pictures, alone.",
        )
    wild = torch.cat([seen.tensor(f"wild {k}", (n, case["latent_dim"]), "encode(x)") for k in range(probes_01.MODELS)])
    _check_range_of_codes(wild)


def _check_range_of_codes(wild: Tensor) -> None:
    if wild.max() <= 1 and wild.min() >= 0:
        raise Wrong(
            "squashed-code",
            "All codes lie between 0 and 1. End the encoder without an activation: only grey levels need that "
            "range, a code may lie anywhere.",
        )
    if wild.abs().max() <= 1:
        raise Wrong(
            "squashed-code",
            "All codes lie between -1 and 1. End the encoder without an activation: a code may lie anywhere.",
        )
    if wild.min() >= 0:
        raise Wrong(
            "relu-on-code",
            "No code has a negative number. End the encoder without an activation: ReLU throws away half of "
            "the space that the codes may use.",
        )


def _decodes(case: Case, seen: Seen) -> None:
    _check_module(seen)
    if seen.flag("needs encode"):
        raise Wrong(
            "needs-encode",
            "decode works only after encode was called: it uses something that encode stored. A decoder draws "
            "from a code alone; what it needs to know (the shape) belongs into __init__.",
        )
    codes = case["codes"]
    n, shape = len(codes), tuple(case["picture_shape"])
    x_hat = seen.tensor("x_hat", what="decode(z)")
    if x_hat.shape == (n, prod(shape)):
        raise Wrong(
            "flat-pictures",
            "decode(z) gives rows of pixels. Give them picture_shape: (N, C, H, W).",
            f"Its shape is {tuple(x_hat.shape)}.",
        )
    x_hat = seen.tensor("x_hat", (n, *shape), "decode(z)")
    again, backwards = (seen.tensor(name, (n, *shape), "decode(z)") for name in ("x_hat again", "x_hat backwards"))
    if not close(again, x_hat):
        raise Wrong(
            "not-repeatable",
            "The same codes decode to other pictures at every call. Make the layers once, in __init__, and "
            "let nothing random into decode.",
        )
    if not close(backwards.flip(0), x_hat, atol=1e-4):
        raise Wrong("pictures-mixed", "What a code decodes to depends on the other codes of the batch.")
    wild = [seen.tensor(f"wild {k}", (n, *shape), "decode(z)") for k in range(probes_01.MODELS)]
    _check_grey_levels(x_hat, torch.cat([x_hat, *wild]))


def _check_grey_levels(x_hat: Tensor, wild: Tensor) -> None:
    if wild.min() < 0 or wild.max() > 1:
        side = "below 0" if wild.min() < 0 else "above 1"
        raise Wrong(
            "no-sigmoid",
            f"decode(z) gives grey levels {side}. End the decoder with a sigmoid: it maps any number into [0, "
            "1], where grey levels lie.",
        )
    sums = x_hat.flatten(1).sum(1)
    if close(sums, torch.ones_like(sums)):
        raise Wrong(
            "softmax",
            "The grey levels of a picture sum to one: that is a softmax, which makes the pixels compete. Each "
            "pixel lies in [0, 1] by itself: a sigmoid.",
        )
    if ((x_hat == 0) | (x_hat == 1)).double().mean() > 0.05:
        raise Wrong(
            "clamped",
            "The grey levels are cut off at 0 or 1, and a pixel that is cut off gets no gradient. A sigmoid "
            "keeps the range and always has one.",
        )


def _goes_through_the_code(case: Case, seen: Seen) -> None:
    _check_module(seen)
    x, latent_dim = case["x"], case["latent_dim"]
    x_hat = seen.tensor("x_hat", x.shape, "model(x)")
    _check_rank(seen.tensor("jacobian", (x[0].numel(), x[0].numel()), "The derivative of model(x)"), latent_dim)
    if not close(seen.tensor("codes after", what="decode(z)"), seen.tensor("codes before", what="decode(z)")):
        raise Wrong(
            "remembers",
            "The same codes decode to something else after another picture was encoded: decode uses something "
            "that encode stored, not only the z that it is given.",
        )
    if not close(x_hat, seen.tensor("decoded", x.shape, "decode(encode(x))")):
        raise Wrong("forward-differs", "model(x) is not decode(encode(x)). Let forward call the two, and nothing else.")


def _check_rank(jacobian: Tensor, latent_dim: int) -> None:
    sizes = torch.linalg.svdvals(jacobian)
    if sizes[0] == 0:
        raise Wrong("ignores-the-picture", "model(x) does not depend on x at all.")
    rank = int((sizes > 1e-4 * sizes[0]).sum())
    if rank > latent_dim:
        raise Wrong(
            "around-the-bottleneck",
            "The reconstruction knows more about x than the code can tell: something leads around the "
            "bottleneck. Only z may pass from encode to decode.",
            f"The reconstruction moves in {rank} independent directions when x does; the code has {latent_dim} "
            "numbers.",
        )


def _learns(case: Case, seen: Seen) -> None:
    _check_module(seen)
    if case["look"] == "learning":
        _check_parameters(case, seen)
        return
    name, half, shape = (
        ("encode(x)", "encoder", (LINES, case["latent_dim"]))
        if case["look"] == "encode"
        else ("decode(z)", "decoder", (LINES, *case["picture_shape"]))
    )
    if case["look"] == "decode" and seen.flag("needs encode"):
        raise Wrong("needs-encode", "decode does not work on a code alone.")
    start, middle, end = (seen.tensor(f"line {k}", shape, name) for k in range(3))
    if half == "decoder":
        # A last sigmoid bends every line; without it an affine decoder's are straight again.
        if min(_bend(start, middle, end), _bend(*(_logit(p) for p in (start, middle, end)))) > BEND:
            return
    elif _bend(start, middle, end) > BEND:
        return
    raise Wrong(
        f"linear-{half}",
        f"The {half} has no nonlinearity between its layers. Two linear layers in a row are one linear "
        "layer: put an activation, such as ReLU, after the hidden one.",
    )


def _bend(start: Tensor, middle: Tensor, end: Tensor) -> float:
    """How far the image of the middle lies from the middle of the images, as a share of their distance."""
    length = (end - start).abs().max().clamp_min(1e-12)
    return ((start + end - 2 * middle).abs().max() / length).item()


def _logit(grey: Tensor) -> Tensor:
    return torch.logit(grey, eps=1e-7)


def _check_parameters(case: Case, seen: Seen) -> None:
    count, idle = seen.number("parameters"), seen["idle"]
    silent = {
        "encoder": seen.tensor("silent z", (len(case["x"]), case["latent_dim"]), "encode(x)"),
        "decoder": seen.tensor("silent x_hat", (LINES, *case["picture_shape"]), "decode(z)"),
    }
    for half, values in silent.items():
        if count == 0 or not close(values, values[:1].expand_as(values)):
            raise Wrong(
                "not-registered",
                f"The optimizer will not find all layers of the {half}: model.parameters() does not list them. "
                "Make layers in __init__, as attributes of self; in a list they need nn.Sequential or "
                "nn.ModuleList.",
            )
    if idle:
        names = ", ".join(str(name) for name in idle[:4]) if isinstance(idle, list) else str(idle)
        raise Wrong(
            "no-gradient",
            "Some parameters get no gradient from the loss, so they will never learn: they are not used in "
            "forward, or what they give is detached.",
            f"They are: {names}.",
        )


AUTOENCODER = Task(
    id="01.TinyAutoencoder",
    answer="TinyAutoencoder",
    title="The autoencoder",
    criteria=(
        Criterion(
            "encode gives latent_dim numbers a picture, which may lie anywhere", 1, _encodes, _cases_of("encode")
        ),
        Criterion("decode gives pictures, grey levels in [0, 1], from codes alone", 1, _decodes, _cases_of("decode")),
        Criterion("the reconstruction knows x through its code only", 1, _goes_through_the_code, _cases_of("together")),
        Criterion(
            "both halves are nonlinear, and all parameters learn", 1, _learns, _cases_of("encode", "decode", "learning")
        ),
    ),
    stages=(Stage(probes_01.autoencoder, _autoencoder_cases),),
)


# 4 The training step --------------------------------------------------------------------------------------

STEPS = {"grey pictures": ((4, 1, 4, 3), (4, 1, 4, 3), (2, 1, 4, 3)), "colour pictures": ((1, 3, 3, 2), (3, 3, 3, 2))}
"""Name: shapes of the batches, one for each call."""
WEIGHTS = ("0.weight", "0.bias", "1.weight", "1.bias")
"""Of the two linear layers, as nn.Sequential names them."""


def _train_step_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shapes in STEPS.items():
        pixels, size = prod(shapes[0][1:]), 2
        shapes_of_weights = ((size, pixels), (size,), (pixels, size), (pixels,))
        weights = {n: 0.5 * torch.randn(s, generator=rng) for n, s in zip(WEIGHTS, shapes_of_weights, strict=True)}
        batches = [torch.rand(shape, generator=rng) for shape in shapes]
        yield Case(name, {"weights": weights, "batches": batches, "lr": 0.02})


def _loss_and_gradient(weights: Mapping[str, Tensor], x: Tensor) -> tuple[float, dict[str, Tensor]]:
    """Of the linear autoencoder with these weights, in double precision."""
    leaves = {name: value.double().requires_grad_() for name, value in weights.items()}
    rows = x.double().flatten(1)
    with torch.enable_grad():
        z = rows @ leaves["0.weight"].T + leaves["0.bias"]
        loss = (rows - z @ leaves["1.weight"].T - leaves["1.bias"]).square().sum(1).mean()
        gradients = torch.autograd.grad(loss, list(leaves.values()))
    return loss.item(), dict(zip(leaves, gradients, strict=True))


def _moved(weights: Mapping[str, Tensor], gradient: Mapping[str, Tensor], lr: float) -> dict[str, Tensor]:
    return {name: weights[name].double() - lr * gradient[name] for name in WEIGHTS}


def _same(weights: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> bool:
    return all(close(weights[name], others[name]) for name in WEIGHTS)


def _weights_after(case: Case, seen: Seen, call: int) -> dict[str, Tensor]:
    if call == 0:
        return {name: case["weights"][name].double() for name in WEIGHTS}
    return {n: seen.tensor(f"{n} {call}", case["weights"][n].shape, "A weight after the step") for n in WEIGHTS}


def _first_step(case: Case, seen: Seen) -> None:
    _explain_no_graph(seen)
    start, after, lr = _weights_after(case, seen, 0), _weights_after(case, seen, 1), case["lr"]
    x = case["batches"][0]
    _, gradient = _loss_and_gradient(start, x)
    if _same(after, _moved(start, gradient, lr)):
        if not seen.flag("training"):
            raise Wrong(
                "eval-mode", "The model is left in evaluation mode: model.eval() does not belong into training."
            )
        return
    _explain_order(seen["events 1"])
    for mistake, factor, idea in (
        (
            "mean-over-pixels",
            1 / x[0].numel(),
            "The gradient is too small by the number of pixels: the loss averages over the pixels. Sum over "
            "them, then average over the pictures.",
        ),
        (
            "sum-over-pictures",
            len(x),
            "The gradient is too large by the number of pictures: the loss sums over the pictures. Average over them.",
        ),
        ("uphill", -1, "The weights go uphill: the sign of the loss is wrong."),
    ):
        if _same(after, _moved(start, gradient, factor * lr)):
            raise Wrong(mistake, idea)
    raise Wrong(
        "other-step",
        "The weights do not move by lr times the gradient of the squared error between x and model(x). "
        "Which loss did you call backward() on? What is its target?",
    )


def _explain_no_graph(seen: Seen) -> None:
    failure = seen.failure
    if failure is not None and failure.kind == "raised" and "does not require grad" in failure.measured:
        raise Wrong(
            "no-graph",
            f"{failure.idea} The loss has no graph behind it: model(x) ran under torch.no_grad(), or something "
            "on the way was detached.",
            failure.measured,
        )


def _explain_order(events: object) -> None:
    """What is wrong with the order of calls, if that explains weights that are not where they should be."""
    events = events if isinstance(events, list) else []
    steps, backwards = events.count("step"), events.count("backward")
    if not backwards:
        raise Wrong("no-backward", "No gradient was computed: loss.backward() is missing.")
    if not steps:
        raise Wrong(
            "no-step",
            "The gradient is there, but the weights stay where they are: optimizer.step() is missing. Use the "
            "optimizer that is given.",
        )
    if steps > 1:
        raise Wrong("several-steps", "One call makes several steps. It should make one; the loop is outside.")
    if events.index("step") < events.index("backward"):
        raise Wrong(
            "step-before-backward",
            "optimizer.step() comes before loss.backward(): the step uses gradients that are not there yet, "
            "or those of the last batch.",
        )
    if "zero" in events[events.index("backward") : events.index("step")]:
        raise Wrong(
            "zeroed-before-step",
            "The gradient is erased between backward() and step(), so the step has nothing to follow. Erase "
            "the old gradient before backward().",
        )


def _later_steps(case: Case, seen: Seen) -> None:
    _first_step(case, seen)
    left_over = _loss_and_gradient(_weights_after(case, seen, 0), case["batches"][0])[1]
    for call, x in enumerate(case["batches"][1:], start=2):
        before, after = _weights_after(case, seen, call - 1), _weights_after(case, seen, call)
        _, gradient = _loss_and_gradient(before, x)
        if _same(after, _moved(before, gradient, case["lr"])):
            left_over = gradient
            continue
        added = {name: gradient[name] + left_over[name] for name in WEIGHTS}
        if _same(after, _moved(before, added, case["lr"])):
            raise Wrong(
                "gradients-add-up",
                "The second call follows its own gradient plus the one of the first: backward() adds to what is "
                "there. Erase it in every call, with optimizer.zero_grad().",
            )
        _explain_order(seen[f"events {call}"])
        raise Wrong(
            "other-step", "The first step is right, a later one is not: something is carried over from call to call."
        )


def _returned_loss(case: Case, seen: Seen) -> None:
    _explain_no_graph(seen)
    for call, x in enumerate(case["batches"], start=1):
        value = seen[f"returned {call}"]
        if isinstance(value, Tensor):
            raise Wrong(
                "tensor-returned",
                "You return a tensor, and with it the graph of the whole step: a list of such losses fills the "
                "memory. Return a Python number: loss.item().",
            )
        value = seen.number(f"returned {call}", "The loss")
        before, after = (_weights_after(case, seen, k) for k in (call - 1, call))
        right, pixels = _loss_and_gradient(before, x)[0], x[0].numel()
        lookalikes = (
            (
                "mean-over-pixels",
                right / pixels,
                "The loss that you return averages over the pixels. Sum over them, then average over the pictures.",
            ),
            (
                "sum-over-pictures",
                right * len(x),
                "The loss that you return sums over the pictures. Average over them.",
            ),
            ("uphill", -right, "The loss that you return has the wrong sign."),
            (
                "loss-after-step",
                _loss_and_gradient(after, x)[0],
                "You return the loss after the step. Return the one that the step was made for: it is there "
                "already, and needs no second pass through the model.",
            ),
        )
        measured = f"In call {call} on {case.name} you return {value:.4f}, the loss is {right:.4f}."
        otherwise = "What is returned is not the squared error of the batch, before the step."
        _compare(value, right, lookalikes, otherwise, measured)


TRAIN_STEP = Task(
    id="01.train_step",
    answer="train_step",
    title="One training step",
    criteria=(
        Criterion("one step of the optimizer, down the gradient of the batch's squared error", 1, _first_step),
        Criterion("every call starts from a fresh gradient", 1, _later_steps),
        Criterion("the loss before the step is returned, as a float", 1, _returned_loss),
    ),
    stages=(Stage(probes_01.train_step, _train_step_cases),),
)


# 5 Interpolation ------------------------------------------------------------------------------------------

PATHS = {
    "five steps": ((1, 1, 5, 4), 3, 5),
    "two steps": ((1, 1, 4, 4), 2, 2),
    "nine colour pictures": ((1, 3, 3, 4), 4, 9),
}
"""Name: shape of a picture, size of the code, steps."""


def _interpolate_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (shape, size, steps) in PATHS.items():
        pixels = prod(shape)
        encoder, _ = torch.linalg.qr(torch.randn(pixels, size, generator=rng))
        decoder, _ = torch.linalg.qr(torch.randn(pixels, size, generator=rng))
        weights = {"encoder": encoder.T.contiguous(), "decoder": 4 * decoder}
        a, b = torch.rand(2, *shape, generator=rng)
        yield Case(name, {"weights": weights, "a": a, "b": b, "steps": steps})


class _Path:
    """A sequence of rows, seen along the straight line from one row to another."""

    def __init__(self, rows: Tensor, start: Tensor, end: Tensor):
        way = (end - start).flatten()
        self.t = (rows - start) @ way / way.square().sum()
        self.away = (rows - start - self.t[:, None] * way).abs().max().item()

    @property
    def straight(self) -> bool:
        return self.away < 1e-3


def _paths(case: Case, pictures: Tensor) -> dict[str, _Path]:
    """The pictures along the line between codes, between pixels, and between the reconstructions of the ends.

    The model is known, and its decoder can be undone: of each picture we ask which code it was decoded from.
    """
    decoder = case["weights"]["decoder"].double()
    a, b = (case[name].double().flatten(1) for name in ("a", "b"))
    z_a, z_b = _encoded(case, a), _encoded(case, b)
    rows = pictures.flatten(1)
    logits = torch.logit(rows, eps=1e-7)
    codes = torch.linalg.lstsq(decoder, logits.T).solution.T
    paths = {
        "codes": _Path(codes, z_a, z_b),
        "pixels": _Path(rows, a, b),
        "reconstructions": _Path(rows, torch.sigmoid(z_a @ decoder.T), torch.sigmoid(z_b @ decoder.T)),
    }
    paths["codes"].away = max(paths["codes"].away, (logits - codes @ decoder.T).abs().max().item())
    return paths


def _encoded(case: Case, rows: Tensor) -> Tensor:
    return torch.tanh(rows @ case["weights"]["encoder"].double().T)


def _path_of_pictures(case: Case, seen: Seen) -> Tensor:
    """The pictures (any number, C, H, W), at least one."""
    value = seen["value"]
    if isinstance(value, list) and value and isinstance(value[0], Tensor):
        raise Wrong("list", "You return a list of pictures. Make one tensor of them, with torch.cat or torch.stack.")
    value = seen.tensor("value", what="The path")
    size, shape = len(case["weights"]["encoder"]), tuple(case["a"].shape[1:])
    if value.ndim == 2 and value.shape[1] == size:
        raise Wrong("not-decoded", "You return codes. Decode them: the path is made of pictures.")
    if value.ndim == 5 and value.shape[1] == 1:
        raise Wrong(
            "shape", "The path has one dimension too many: (steps, C, H, W), without the batch of one of each step."
        )
    if value.ndim and not value.numel():
        raise Wrong("count", "The path is empty.")
    return seen.tensor("value", (None, *shape), "The path")


def _mixes_codes(case: Case, seen: Seen) -> None:
    pictures = _path_of_pictures(case, seen)
    paths = _paths(case, pictures)
    if paths["codes"].straight:
        return
    if paths["pixels"].straight:
        raise Wrong(
            "pixels-mixed", "You mix the pixels: a double exposure. Mix the codes of a and b, and decode the mixtures."
        )
    if paths["reconstructions"].straight:
        raise Wrong(
            "mixed-after-decoding",
            "You decode the two ends and mix the results: that is a double exposure too. Mix the codes first, "
            "then decode.",
        )
    t = torch.linspace(0, 1, len(pictures), dtype=torch.float64)[:, None]
    a, b = (case[name].double().flatten(1) for name in ("a", "b"))
    decoder = case["weights"]["decoder"].double()
    through = torch.sigmoid(_encoded(case, a + t * (b - a)) @ decoder.T)
    if close(pictures.flatten(1), through, atol=1e-4):
        raise Wrong(
            "pixels-mixed",
            "You mix the pixels and send each mixture through the model. Encode only a and b, and mix their codes.",
        )
    if _ends_are_originals(case, pictures):
        raise Wrong(
            "ends-not-decoded",
            "The path begins and ends with a and b themselves. Decode the codes of the ends too, or the first "
            "and the last step are jumps.",
        )
    raise Wrong("other-path", "The pictures are not decoded from mixtures (1 - t) z_a + t z_b of the codes of a and b.")


def _ends_are_originals(case: Case, pictures: Tensor) -> bool:
    return close(pictures[:1], case["a"]) and close(pictures[-1:], case["b"])


def _goes_from_a_to_b(case: Case, seen: Seen) -> None:
    pictures, steps = _path_of_pictures(case, seen), case["steps"]
    measured = f"With steps={steps} there are {len(pictures)} pictures."
    path = next((path for path in _paths(case, pictures).values() if path.straight), None)
    if path is None:
        if len(pictures) == steps and _ends_are_originals(case, pictures):
            return  # what is wrong with these ends is the other criterion's matter
        raise Wrong(
            "other-path",
            "Where on the way from a to b these pictures lie cannot be told: they are on no straight line "
            "between the two.",
        )
    measured += " They lie at t = " + ", ".join(f"{t:.2f}" for t in path.t.tolist()[:12]) + "."
    _compare_steps(path.t, steps, measured)


def _compare_steps(t: Tensor, steps: int, measured: str) -> None:
    def is_like(wanted: Tensor) -> bool:
        return close(t, wanted, atol=2e-3)

    even = torch.linspace(0, 1, steps, dtype=torch.float64)
    k = torch.arange(steps, dtype=torch.float64)
    if is_like(even):
        return
    for mistake, like, idea in (
        ("reversed", is_like(even.flip(0)), "The path leads from b to a. t = 0 is a, t = 1 is b."),
        (
            "end-missing",
            is_like(k / steps),
            "The path stops one step before b. Both ends belong to it: t runs from 0 to 1, both included.",
        ),
        (
            "start-missing",
            is_like((k + 1) / steps),
            "The path starts one step after a. Both ends belong to it: t runs from 0 to 1, both included.",
        ),
        (
            "ends-missing",
            is_like((k + 1) / (steps + 1)),
            "a and b are missing from the path. Both ends belong to it: t runs from 0 to 1, both included.",
        ),
        (
            "beyond-the-ends",
            bool((t < -0.01).any() or (t > 1.01).any()),
            "The path goes beyond its ends: t must stay between 0 (a) and 1 (b).",
        ),
        ("count", len(t) != steps, "`steps` is the number of pictures, the two ends included."),
    ):
        if like:
            raise Wrong(mistake, idea, measured)
    raise Wrong(
        "uneven", "The steps are not of equal size: t should grow by the same amount from picture to picture.", measured
    )


INTERPOLATE = Task(
    id="01.interpolate",
    answer="interpolate",
    title="From one picture to another",
    criteria=(
        Criterion("codes are mixed, and the mixtures decoded", 1, _mixes_codes),
        Criterion("the path leads from a to b in equal steps, both ends included", 1, _goes_from_a_to_b),
    ),
    stages=(Stage(probes_01.interpolate, _interpolate_cases),),
)


# 6 Recognised ---------------------------------------------------------------------------------------------

PLAIN = ("many pictures", "few classes")
EDGES = ("exactly at the confidence", "very large logits", "one picture")


def _recognised_cases(rng: torch.Generator) -> Iterator[Case]:
    def randn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=rng)

    tied = torch.cat([randn(4, 1).expand(4, 2), torch.tensor([[4.0, 0.0], [0.0, 3.0], [-2.0, 2.0]])])
    yield Case("many pictures", {"logits": 3.5 * randn(150, 10), "confidence": 0.9})
    yield Case("few classes", {"logits": 1.2 * randn(41, 3), "confidence": 0.6})
    yield Case("exactly at the confidence", {"logits": tied, "confidence": 0.5})
    yield Case("very large logits", {"logits": 400 * randn(12, 5), "confidence": 0.9})
    yield Case("one picture", {"logits": torch.tensor([[6.0, 0.0, -1.0]]) + randn(1, 1), "confidence": 0.8})


def _share_recognised(case: Case, seen: Seen) -> None:
    failure = seen.failure
    if failure is None and isinstance(seen["value"], Tensor) and not torch.isfinite(seen["value"].double()).all():
        raise Wrong(
            "overflow",
            "The result is NaN or infinite: exp() of a large logit overflows. torch.softmax subtracts the "
            "largest logit first.",
        )
    value = seen.number("value", "The share")
    logits, confidence = case["logits"].double(), case["confidence"]
    p, n = logits.softmax(1), len(logits)
    best = p.amax(1)
    right = (best > confidence).double().mean().item()
    measured = f"On {case.name} your share is {value:.4f}, the right one is {right:.4f}."
    if case.name == "very large logits" and not close(value, right) and not close(value, right * n):
        raw = torch.exp(case["logits"])
        unstable = (raw / raw.sum(1, keepdim=True)).amax(1)
        if close(value, (unstable > confidence).double().mean()):
            raise Wrong(
                "overflow",
                "exp() of a large logit overflows, and its softmax becomes NaN, which is larger than nothing. "
                "torch.softmax subtracts the largest logit first.",
                measured,
            )
    _compare(
        value,
        right,
        _share_lookalikes(logits, confidence),
        "Softmax over the classes, the largest probability of each picture, the share of pictures for "
        "which it is more than the confidence.",
        measured,
    )


def _share_lookalikes(logits: Tensor, confidence: float) -> Lookalikes:
    def share(values: Tensor) -> Tensor:
        return (values > confidence).double().mean()

    p, best = logits.softmax(1), logits.softmax(1).amax(1)
    yield "at-least", (best >= confidence).double().mean(), "More than the confidence is >, not >=."
    yield (
        "count",
        share(best) * len(logits),
        "You count pictures. A share is the count divided by the number of pictures.",
    )
    yield "percent", share(best) * 100, "You return a percentage. A share lies between 0 and 1."
    yield "the-others", 1 - share(best), "You return the share of pictures that are not recognised."
    yield (
        "no-softmax",
        share(logits.amax(1)),
        ("You compare logits with a probability. Turn them into probabilities first, with a softmax over the classes."),
    )
    yield (
        "over-pictures",
        share(logits.softmax(0).amax(1)),
        ("Your softmax runs over the pictures. The probabilities of one picture's classes sum to one: dimension 1."),
    )
    yield "over-pictures", share(p.amax(0)), "You take the largest probability over the pictures, not over the classes."
    yield "over-pictures", share(logits.softmax(0).amax(0)), "You work along the pictures. The classes are dimension 1."
    yield (
        "share-of-entries",
        share(p),
        (
            "You average over pictures and classes. Ask once per picture: is its largest probability above "
            "the confidence?"
        ),
    )
    yield (
        "sigmoid",
        share(logits.sigmoid().amax(1)),
        ("You use a sigmoid for each class by itself. The classes compete: a softmax."),
    )
    yield (
        "mean-confidence",
        best.mean(),
        "You average the probabilities. Ask of each one whether it is above the confidence.",
    )
    yield "argmax", share(logits.argmax(1)), "You compare the number of the class (argmax), not its probability (amax)."
    yield "softmax-twice", share(p.softmax(1).amax(1)), "There are two softmaxes: probabilities are taken for logits."


SHARE_RECOGNISED = Task(
    id="01.share_recognised",
    answer="share_recognised",
    title="What the judge recognises",
    criteria=(
        Criterion("the share of pictures whose most probable class is probable enough", 1, _share_recognised, PLAIN),
        Criterion("right at the edges too: equality, very large logits, a single picture", 1, _share_recognised, EDGES),
    ),
    stages=(Stage(probes.call, _recognised_cases),),
)


# 7 From a blank cell --------------------------------------------------------------------------------------

TRAINING_PICTURES, HELD_OUT = 1_200, 300
BELOW_MEAN = 0.9
"""The error has to be less than this share of the mean picture's."""
BELOW_PCA = 0.95
"""And less than this share of PCA's."""
ROUNDING = 0.02
"""Codes cross rounded to this part of their spread: a code is a place, not a store of hidden digits."""


def _training_cases(rng: torch.Generator) -> Iterator[Case]:
    seed, latent_dim = torch.randint(2**31, (), generator=rng).item(), 4 + torch.randint(3, (), generator=rng).item()
    drawn = torch.from_numpy(strokes.draw(TRAINING_PICTURES + HELD_OUT, seed=seed).pictures)
    x, held_out = (drawn.float() / 255).split([TRAINING_PICTURES, HELD_OUT])
    yield Case("held-out pictures", {"x": x, "latent_dim": latent_dim, "held_out": held_out})


def _decoding_cases(rng: torch.Generator, earlier: list[tuple[Case, Seen]]) -> Iterator[Case]:
    """A second training that never meets the held-out pictures gets their codes and nothing else of them."""
    case, first = earlier[0]
    codes = _rounded(_codes(case, first))
    start, end = codes[:LINES], codes[LINES : 2 * LINES]
    inputs = {"x": case["x"], "latent_dim": case["latent_dim"], "codes": codes, "line": [start, (start + end) / 2, end]}
    yield Case(case.name, inputs, {"first": first, "held_out": case["held_out"]})


def _codes(case: Case, first: Seen) -> Tensor:
    if not first.flag("has methods"):
        if first.flag("nothing returned"):
            raise Wrong("no-model", "The function returns None. Is `return model` missing?")
        raise Wrong(
            "no-model", "What you return has no encode(x) or no decode(z). Return the trained model, with both."
        )
    codes = first.tensor("codes", what="encode(x)")
    if codes.shape != (HELD_OUT, case["latent_dim"]):
        idea = "A code must have latent_dim numbers, one row a picture: encode(x) is (N, latent_dim)."
        measured = f"For {HELD_OUT} pictures and latent_dim={case['latent_dim']} it is {tuple(codes.shape)}."
        raise Wrong("code-size", idea, measured)
    return codes


def _rounded(codes: Tensor) -> Tensor:
    grain = ROUNDING * codes.std(0).clamp_min(1e-6)
    return ((codes / grain).round() * grain).float()


def _gives_pictures(case: Case, seen: Seen) -> None:
    _pictures(case, seen)


def _pictures(case: Case, seen: Seen) -> Tensor:
    if seen.tensor("x_hat", what="decode(z)").shape == (HELD_OUT, case["held_out"][0].numel()):
        raise Wrong(
            "flat-pictures", "decode(z) gives rows of pixels. Give them the shape of the pictures: (N, C, H, W)."
        )
    return seen.tensor("x_hat", case["held_out"].shape, "decode(z)")


def _errors(case: Case) -> tuple[float, float]:
    """On the held-out pictures: of the mean picture, and of PCA with as many dimensions as the code has."""
    x, held_out = case["x"].double(), case["held_out"].double()
    mean = x.mean(0, keepdim=True)
    _, directions = torch.linalg.eigh(torch.cov(x.flatten(1).T, correction=0))
    components = directions.T[-case["latent_dim"] :]
    projected = _projected(held_out.flatten(1), mean.flatten(1), components).view_as(held_out)
    return squared_error(held_out, mean.expand_as(held_out)), squared_error(held_out, projected)


def _has_learned(case: Case, seen: Seen) -> None:
    x_hat, held_out = _pictures(case, seen), case["held_out"]
    error, (baseline, _) = squared_error(held_out, x_hat), _errors(case)
    measured = f"On {HELD_OUT} held-out pictures your error is {error:.1f}; the mean picture's is {baseline:.1f}."
    if error < BELOW_MEAN * baseline:
        return
    _explain_two_models(case, seen, error, measured)
    if not close(x_hat, x_hat[:1].expand_as(x_hat), atol=1e-2):
        raise Wrong(
            "hardly-trained",
            "The reconstructions are hardly better than the mean picture, or worse: the model has not been "
            "trained, or by far not enough. Does the loss fall? Is the optimizer given model.parameters()? "
            "Does every batch make a step?",
            measured,
        )
    raise Wrong(
        "always-the-same",
        "All pictures come back as the same one: the code is ignored. It happens when the learning rate "
        "is far too high, or when the codes no longer differ (a ReLU on the code, for example); and it is "
        "where training starts from.",
        measured,
    )


def _explain_two_models(case: Case, seen: Seen, error: float, measured: str) -> None:
    """An error of codes decoded by a second training, where the first training's own was far lower."""
    first = case["first"]
    own = first.tensor("own pictures", case["held_out"].shape, "decode(z)")
    if squared_error(case["held_out"], own) > 0.8 * error:
        return
    if not close(first.tensor("sample"), seen.tensor("sample"), rtol=0.05, atol=0.05):
        raise Wrong(
            "two-models",
            "Trained twice from the same seed, your function gives two different models, so the codes of one "
            "mean nothing to the other. Draw random numbers from torch's global generator only, unseeded, and "
            "keep nothing from one call to the next.",
            measured,
        )
    raise Wrong(
        "around-the-bottleneck",
        "From the codes alone, without having seen the pictures, the same model gives a much larger "
        "error: something besides the code passes from encode to decode.",
        measured,
    )


def _beats_pca(case: Case, seen: Seen) -> None:
    _has_learned(case, seen)
    x_hat, held_out = _pictures(case, seen), case["held_out"]
    error, (_, pca) = squared_error(held_out, x_hat), _errors(case)
    if error < BELOW_PCA * pca:
        return
    size = case["latent_dim"]
    measured = f"On {HELD_OUT} held-out pictures your error is {error:.1f}; PCA's, with {size} numbers, is {pca:.1f}."
    _explain_two_models(case, seen, error, measured)
    if case["codes"].min() >= 0:
        raise Wrong("relu-on-code", "No code has a negative number: end the encoder without an activation.", measured)
    line = [seen.tensor(f"line {k}", (LINES, *held_out.shape[1:]), "decode(z)") for k in range(3)]
    if min(_bend(*line), _bend(*(_logit(point) for point in line))) < BEND:
        raise Wrong(
            "linear",
            "Your decoder is linear (up to a last sigmoid), and a linear autoencoder can at best do what PCA "
            "does. Put a hidden layer with an activation into both halves.",
            measured,
        )
    raise Wrong(
        "under-trained",
        "It has learned, but does no better than PCA with as many numbers. Train for more steps: smaller "
        "batches, more passes, or a learning rate between 1e-3 and 3e-3 for Adam. Is there a hidden layer "
        "of some hundred units, with an activation, in both halves?",
        measured,
    )


TRAIN_AUTOENCODER = Task(
    id="01.train_autoencoder",
    answer="train_autoencoder",
    title="From a blank cell",
    criteria=(
        Criterion("codes have latent_dim numbers, and decode gives pictures", 1, _gives_pictures),
        Criterion("held-out pictures come back better than the mean picture", 1, _has_learned),
        Criterion("and better than by PCA with as many numbers", 2, _beats_pca),
    ),
    stages=(Stage(probes_01.trained_encoder, _training_cases), Stage(probes_01.trained_decoder, _decoding_cases)),
    seconds=60.0,
    trains=True,
)

TASKS = (
    SQUARED_ERROR,
    PCA_RECONSTRUCT,
    AUTOENCODER,
    TRAIN_STEP,
    INTERPOLATE,
    SHARE_RECOGNISED,
    TRAIN_AUTOENCODER,
)
