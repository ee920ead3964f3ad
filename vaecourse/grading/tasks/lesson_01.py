"""The tasks of lesson 01: the autoencoder. What their hints say is in :mod:`.ideas_01`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from math import prod

import torch
from torch import Tensor

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
from vaecourse.grading.tasks import ideas_01 as ideas
from vaecourse.grading.tasks.training_step import explain_no_graph, explain_order, moved, same, steps_along
from vaecourse.grading.worker import probes, probes_01

# 1 The loss -----------------------------------------------------------------------------------------------

BATCHES = {"five grey pictures": (5, 1, 6, 4), "one colour picture": (1, 3, 4, 4), "colour pictures": (3, 3, 2, 5)}


def _squared_error_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, shape in BATCHES.items():
        x, x_hat = torch.rand(2, *shape, generator=rng)
        yield Case(name, {"wrt": ["x_hat"], "x": x, "x_hat": x_hat})


def _squared_error(case: Case, seen: Seen) -> None:
    value, right = seen.number("value", "The loss"), squared_error(case["x"], case["x_hat"])
    measured = f"On {case.name} your loss is {value:.4f}, the right value is {right:.4f}."
    pixels = case["x"][0].numel()
    if close(value * pixels, right):
        measured += f" Yours is {pixels} times less: that is the number of pixels."
    compare(value, right, _squared_error_lookalikes(case["x"], case["x_hat"]), ideas.SQUARED_ERROR, measured)
    if seen.texts("changed"):
        raise Wrong.of(ideas.SQUARED_ERROR, "changes-input")


def squared_error(x: Tensor, x_hat: Tensor) -> float:
    """Sum over pixels, mean over pictures, in double precision."""
    return (x.double() - x_hat.double()).square().flatten(1).sum(1).mean().item()


def _squared_error_lookalikes(x: Tensor, x_hat: Tensor) -> Lookalikes:
    right, rows = squared_error(x, x_hat), (x - x_hat).double().flatten(1)
    n, pixels = rows.shape
    yield "mean-over-pixels", right / pixels
    yield "mean-over-pixels", right / pixels * n
    yield "fixed-pixels", right / pixels * 784
    yield "sum-over-pictures", right * n
    yield "not-squared", rows.abs().sum(1).mean()
    yield "not-squared", rows.sum(1).mean()
    yield "not-squared", -rows.sum(1).mean()
    yield "root", rows.norm(dim=1).mean()
    yield "root", right**0.5
    yield "half", right / 2
    yield "mean-over-channels", right / x.shape[1]
    yield "square-of-sum", rows.sum(1).square().mean()
    yield "difference-of-squares", (x.double() ** 2 - x_hat.double() ** 2).flatten(1).sum(1).mean()


def _squared_error_gradient(case: Case, seen: Seen) -> None:
    value, x, x_hat = seen.number("value", "The loss"), case["x"].double(), case["x_hat"].double()
    if seen["d/dx_hat"] is None:
        raise Wrong.of(ideas.SQUARED_ERROR, "no-gradient")
    gradient = seen.tensor("d/dx_hat", x.shape, "The gradient")
    if not gradient.any():
        raise Wrong.of(ideas.SQUARED_ERROR, "no-gradient")
    if close(value, squared_error(x, x_hat)) and not close(gradient, 2 * (x_hat - x) / len(x)):
        raise Wrong.of(ideas.SQUARED_ERROR, "other-gradient")


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
SHAPE_ERRORS = ("cannot be multiplied", "must match", "dimension", "subscript", "size", "shape")
"""Words of the messages in which torch complains about shapes."""


def _pca_cases(rng: torch.Generator) -> Iterator[Case]:
    shapes = ((5, 1, 6, 4), (4, 3, 2, 3), (7, 1, 4, 5), (1, 3, 3, 4), (3, 1, 3, 6))
    for name, shape, size in zip(AROUND_ZERO + AROUND_A_MEAN, shapes, (3, 2, 4, 5, 1), strict=True):
        x, mean = torch.rand(shape, generator=rng), torch.rand(1, *shape[1:], generator=rng)
        if name in AROUND_ZERO:
            x, mean = x - 0.5, torch.zeros_like(mean)
        directions, _ = torch.linalg.qr(torch.randn(prod(shape[1:]), size, generator=rng))
        yield Case(name, {"x": x, "mean": mean, "components": directions.T.contiguous()})


def _pca_reconstruct(case: Case, seen: Seen) -> None:
    explain_error(seen, SHAPE_ERRORS, "shapes-do-not-fit", ideas.PCA_RECONSTRUCT)
    x, mean, components = (case[name].double() for name in ("x", "mean", "components"))
    value = seen.tensor("value", what="The reconstruction")
    if value.shape != x.shape:
        mistake = "shape"
        if value.shape == (len(x), len(components)):
            mistake = "code-returned"
        elif value.numel() == x.numel():
            mistake = "shape-lost"
        measured = f"On {case.name} it is {tuple(value.shape)}, and should be {tuple(x.shape)}."
        raise Wrong.of(ideas.PCA_RECONSTRUCT, mistake, measured)
    value, x, mean = value.flatten(1), x.flatten(1), mean.flatten(1)
    right = _projected(x, mean, components)
    away = (value - right).abs().max().item()
    measured = f"On {case.name}, with D = {len(components)}, your pixels are off by up to {away:.3f}."
    compare(value, right, _pca_lookalikes(x, mean, components), ideas.PCA_RECONSTRUCT, measured)


def _projected(rows: Tensor, mean: Tensor, components: Tensor) -> Tensor:
    return (rows - mean) @ components.T @ components + mean


def _pca_lookalikes(rows: Tensor, mean: Tensor, components: Tensor) -> Lookalikes:
    right, none = _projected(rows, mean, components), torch.zeros_like(mean)
    yield "clamped", right.clamp(0, 1)
    yield "not-projected", rows
    yield "mean-not-subtracted", _projected(rows, none, components) + mean
    yield "mean-not-added", right - mean
    yield "no-mean", _projected(rows, none, components)
    yield "mean-sign", _projected(rows, -mean, components)
    yield "own-mean", _projected(rows, rows.mean(0, keepdim=True), components)
    yield "grey-mean", _projected(rows, mean.mean().expand_as(mean), components)
    yield "remainder", rows - right
    yield "remainder", rows - right + mean
    yield "one-component", _projected(rows, mean, components[:1])


PCA_RECONSTRUCT = Task(
    id="01.pca_reconstruct",
    answer="pca_reconstruct",
    title="PCA, there and back",
    criteria=(
        Criterion("pictures are projected onto the components and come back", 1, _pca_reconstruct, AROUND_ZERO),
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
"""Name: number of pictures, latent_dim, hidden, picture_shape."""
LOOKS = ("encode", "decode", "together", "learning")
LINES = 24
"""Pairs of pictures, or of codes, between which a straight line is followed."""
BEND = 1e-4
"""Deviation from a straight line, as a share of its length: rounding stays below, any activation is far above."""
RANK = 1e-4
"""Directions smaller than this share of the largest are rounding."""
CUT_OFF = 0.05
"""Share of grey levels at exactly 0 or 1: a sigmoid with small weights gives none."""
ERRORS = {
    "no-super": ("before Module.__init__()",),
    "sizes-do-not-fit": ("mat1 and mat2 shapes", "is invalid for input of size", "don't multiply up to the size"),
}
"""Mistakes, and words in what torch says of them."""


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


def _shapes(case: Case, n: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of n codes, and of n pictures."""
    return (n, case["latent_dim"]), (n, *case["picture_shape"])


def _check_module(seen: Seen) -> None:
    for mistake, words in ERRORS.items():
        explain_error(seen, words, mistake, ideas.AUTOENCODER)
    if not seen.flag("is a module"):
        raise Wrong.of(ideas.AUTOENCODER, "no-module")


def _encodes(case: Case, seen: Seen) -> None:
    _check_module(seen)
    n, what = len(case["x"]), "encode(x)"
    shape, _ = _shapes(case, n)
    z = seen.tensor("z", what=what)
    if z.shape == (n, case["hidden"]):
        raise Wrong.of(ideas.AUTOENCODER, "hidden-as-code", f"On {case.name} its shape is {tuple(z.shape)}.")
    z, again, backwards = (seen.tensor(name, shape, what) for name in ("z", "z again", "z backwards"))
    if not close(again, z):
        raise Wrong.of(ideas.AUTOENCODER, "not-repeatable")
    alone = seen.tensor("z of the first", _shapes(case, 1)[0], what)
    if not (close(backwards.flip(0), z, atol=1e-4) and close(alone, z[:1], atol=1e-4)):
        raise Wrong.of(ideas.AUTOENCODER, "pictures-mixed")
    wild = torch.cat([seen.tensor(f"wild {k}", shape, what) for k in range(probes_01.MODELS)])
    if wild.abs().max() <= 1:
        raise Wrong.of(ideas.AUTOENCODER, "squashed-code")
    if wild.min() >= 0:
        raise Wrong.of(ideas.AUTOENCODER, "relu-on-code")


def _decodes(case: Case, seen: Seen) -> None:
    _check_module(seen)
    if seen.flag("needs encode"):
        raise Wrong.of(ideas.AUTOENCODER, "needs-encode")
    n, what = len(case["codes"]), "decode(z)"
    _, shape = _shapes(case, n)
    if seen.tensor("x_hat", what=what).shape == (n, prod(case["picture_shape"])):
        raise Wrong.of(ideas.AUTOENCODER, "flat-pictures")
    x_hat, again, backwards = (seen.tensor(name, shape, what) for name in ("x_hat", "x_hat again", "x_hat backwards"))
    if not close(again, x_hat):
        raise Wrong.of(ideas.AUTOENCODER, "not-repeatable")
    if not close(backwards.flip(0), x_hat, atol=1e-4):
        raise Wrong.of(ideas.AUTOENCODER, "pictures-mixed")
    wild = torch.cat([x_hat, *(seen.tensor(f"wild {k}", shape, what) for k in range(probes_01.MODELS))])
    if wild.min() < 0 or wild.max() > 1:
        raise Wrong.of(ideas.AUTOENCODER, "no-sigmoid", f"On {case.name} some are {_beyond(wild)}.")
    if close(x_hat.flatten(1).sum(1), torch.ones(n)):
        raise Wrong.of(ideas.AUTOENCODER, "softmax")
    if ((x_hat == 0) | (x_hat == 1)).double().mean() > CUT_OFF:
        raise Wrong.of(ideas.AUTOENCODER, "clamped")


def _beyond(grey: Tensor) -> str:
    sides = [("below 0", grey.min() < 0), ("above 1", grey.max() > 1)]
    return " and some ".join(side for side, there in sides if there)


def _goes_through_the_code(case: Case, seen: Seen) -> None:
    _check_module(seen)
    x, pixels = case["x"], prod(case["picture_shape"])
    x_hat = seen.tensor("x_hat", x.shape, "model(x)")
    if not close(seen.tensor("x_hat again", x.shape, "model(x)"), x_hat):
        raise Wrong.of(ideas.AUTOENCODER, "not-repeatable")
    _check_rank(seen.tensor("jacobian", (pixels, pixels), "The derivative of model(x)"), case["latent_dim"])
    before, after = (seen.tensor(f"codes {when}", what="decode(z)") for when in ("before", "after"))
    if not close(after, before):
        raise Wrong.of(ideas.AUTOENCODER, "remembers")
    if not close(x_hat, seen.tensor("decoded", x.shape, "decode(encode(x))")):
        raise Wrong.of(ideas.AUTOENCODER, "forward-differs")


def _check_rank(jacobian: Tensor, latent_dim: int) -> None:
    """Whatever passes through D numbers moves in at most D directions."""
    sizes = torch.linalg.svdvals(jacobian)
    if sizes[0] == 0:
        raise Wrong.of(ideas.AUTOENCODER, "ignores-the-picture")
    rank = int((sizes > RANK * sizes[0]).sum())
    if rank > latent_dim:
        measured = f"The reconstruction moves in {rank} independent directions; the code has {latent_dim} numbers."
        raise Wrong.of(ideas.AUTOENCODER, "around-the-bottleneck", measured)


def _learns(case: Case, seen: Seen) -> None:
    _check_module(seen)
    if case["look"] == "learning":
        _check_parameters(case, seen)
        return
    codes, pictures = _shapes(case, LINES)
    if case["look"] == "encode":
        points = [seen.tensor(f"line {k}", codes, "encode(x)") for k in range(3)]
        if bend(points) < BEND:
            raise Wrong.of(ideas.AUTOENCODER, "linear-encoder")
    elif seen.flag("needs encode"):
        raise Wrong.of(ideas.AUTOENCODER, "needs-encode")
    elif _is_linear_decoder([seen.tensor(f"line {k}", pictures, "decode(z)") for k in range(3)]):
        raise Wrong.of(ideas.AUTOENCODER, "linear-decoder")


def _is_linear_decoder(points: Sequence[Tensor]) -> bool:
    """Whether it maps lines to lines, as they are or up to a last sigmoid."""
    return min(bend(points), bend([torch.logit(point, eps=1e-7) for point in points])) < BEND


def _check_parameters(case: Case, seen: Seen) -> None:
    (codes, pictures), (_, decoded) = (_shapes(case, n) for n in (len(case["x"]), LINES))
    seen.tensor("x_hat", pictures, "model(x)")
    if not seen.number("parameters"):
        raise Wrong.of(ideas.AUTOENCODER, "not-registered")
    # With all parameters at zero nothing tells one input from another, unless a layer is not among them.
    for name, shape, what in (("silent z", codes, "encode(x)"), ("silent x_hat", decoded, "decode(z)")):
        values, again = (seen.tensor(name + suffix, shape, what) for suffix in ("", " again"))
        if not close(again, values):
            raise Wrong.of(ideas.AUTOENCODER, "not-repeatable")
        if not close(values, values[:1].expand_as(values)):
            raise Wrong.of(ideas.AUTOENCODER, "not-registered")
    if idle := seen.texts("idle"):
        raise Wrong.of(ideas.AUTOENCODER, "no-gradient", f"Without gradient: {', '.join(idle[:4])}.")


AUTOENCODER = Task(
    id="01.TinyAutoencoder",
    answer="TinyAutoencoder",
    title="The autoencoder",
    criteria=(
        Criterion("encode gives latent_dim numbers, which may lie anywhere", 1, _encodes, _cases_of("encode")),
        Criterion("decode gives pictures, grey levels in [0, 1], from codes alone", 1, _decodes, _cases_of("decode")),
        Criterion("the reconstruction knows x by its code only", 1, _goes_through_the_code, _cases_of("together")),
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


def _weights_after(case: Case, seen: Seen, call: int) -> dict[str, Tensor]:
    given = case["weights"]
    if call == 0:
        return {name: given[name].double() for name in WEIGHTS}
    return {name: seen.tensor(f"{name} {call}", given[name].shape, "A weight after the step") for name in WEIGHTS}


def _first_step(case: Case, seen: Seen) -> None:
    explain_no_graph(seen, ideas.TRAIN_STEP)
    start, after, lr, x = _weights_after(case, seen, 0), _weights_after(case, seen, 1), case["lr"], case["batches"][0]
    loss, gradient = _loss_and_gradient(start, x)
    if not same(after, moved(start, gradient, lr)):
        explain_order(seen.texts("events 1"), ideas.TRAIN_STEP)
        factors = {
            "mean-over-pixels": 1 / x[0].numel(),
            "sum-over-pictures": len(x),
            "uphill": -1,
            "root": loss**-0.5 / 2,
            "scaled": steps_along(start, after, gradient) / lr,
        }
        like = (name for name, factor in factors.items() if same(after, moved(start, gradient, factor * lr)))
        raise Wrong.of(ideas.TRAIN_STEP, next(like, "other-step"))
    if not seen.flag("training"):
        raise Wrong.of(ideas.TRAIN_STEP, "eval-mode")


def _later_steps(case: Case, seen: Seen) -> None:
    _first_step(case, seen)
    start, lr = _weights_after(case, seen, 0), case["lr"]
    _, left_over = _loss_and_gradient(start, case["batches"][0])
    for call, x in enumerate(case["batches"][1:], start=2):
        before, after = _weights_after(case, seen, call - 1), _weights_after(case, seen, call)
        _, gradient = _loss_and_gradient(before, x)
        if same(after, moved(before, gradient, lr)):
            left_over = gradient
            continue
        if same(after, moved(before, {name: gradient[name] + left_over[name] for name in WEIGHTS}, lr)):
            raise Wrong.of(ideas.TRAIN_STEP, "gradients-add-up")
        explain_order(seen.texts(f"events {call}"), ideas.TRAIN_STEP)
        raise Wrong.of(ideas.TRAIN_STEP, "carried-over")


def _returned_loss(case: Case, seen: Seen) -> None:
    explain_no_graph(seen, ideas.TRAIN_STEP)
    for call, x in enumerate(case["batches"], start=1):
        if isinstance(seen[f"returned {call}"], Tensor):
            raise Wrong.of(ideas.TRAIN_STEP, "tensor-returned")
        value = seen.number(f"returned {call}", "The loss")
        (right, _), (afterwards, _) = (_loss_and_gradient(_weights_after(case, seen, k), x) for k in (call - 1, call))
        lookalikes = {
            "loss-after-step": afterwards,
            "mean-over-pixels": right / x[0].numel(),
            "sum-over-pictures": right * len(x),
            "root": right**0.5,
            "divided-twice": right / len(x),
            "uphill": -right,
        }
        measured = f"In call {call} on {case.name} you return {value:.4f}, the loss is {right:.4f}."
        compare(value, right, lookalikes.items(), ideas.TRAIN_STEP, measured)


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

WALKS = {
    "five steps": ((1, 1, 5, 4), 3, 5),
    "two steps": ((1, 1, 4, 4), 2, 2),
    "nine colour pictures": ((1, 3, 3, 4), 4, 9),
}
"""Name: shape of a picture, size of the code, steps."""
WALK_SHAPE_ERRORS = (
    "must match the size of tensor",
    "mat1 and mat2 shapes",
    "don't multiply up",
    "is invalid for input",
)
"""Words of the messages in which torch says that weights and codes, or codes and a decoder, do not fit."""
LONGEST_WALK = 1_000
OFF_THE_LINE = 1e-3
"""In codes and logits, which are of the order of one; rounding stays far below."""


def _interpolate_cases(rng: torch.Generator) -> Iterator[Case]:
    for name, (shape, size, steps) in WALKS.items():
        # Orthonormal columns, so that neither half loses a direction of the code.
        encoder, decoder = (torch.linalg.qr(torch.randn(prod(shape), size, generator=rng))[0] for _ in range(2))
        a, b = torch.rand(2, *shape, generator=rng)
        weights = {"encoder": encoder.T.contiguous(), "decoder": 4 * decoder}
        yield Case(name, {"weights": weights, "a": a, "b": b, "steps": steps})


class _Line:
    """Rows of numbers, (n, size), seen along the straight line from one row to another.

    ``t`` (n,) tells where on it they are; ``straight``, whether they are on it at all.
    """

    def __init__(self, rows: Tensor, start: Tensor, end: Tensor):
        way = (end - start).flatten()
        self.t = (rows - start) @ way / way.square().sum()
        self.straight = bool((rows - start - self.t[:, None] * way).abs().max() < OFF_THE_LINE)


class _Walk:
    """What an answer returned for a model whose decoder can be undone: of each picture we ask for its code."""

    def __init__(self, case: Case, pictures: Tensor):
        self.encoder, self.decoder = (case["weights"][name].double() for name in ("encoder", "decoder"))
        self.a, self.b = (case[name].double().flatten(1) for name in ("a", "b"))
        self.rows = pictures.flatten(1)
        logits = torch.logit(self.rows, eps=1e-7)
        codes = torch.linalg.lstsq(self.decoder, logits.T).solution.T
        self.decoded = bool((logits - codes @ self.decoder.T).abs().max() < OFF_THE_LINE)
        z_a, z_b = self.encode(self.a), self.encode(self.b)
        self.in_codes = _Line(codes, z_a, z_b)
        self.in_pixels = _Line(self.rows, self.a, self.b)
        self.in_reconstructions = _Line(self.rows, self.decode(z_a), self.decode(z_b))

    def encode(self, rows: Tensor) -> Tensor:
        return torch.tanh(rows @ self.encoder.T)

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z @ self.decoder.T)

    @property
    def mixes_codes(self) -> bool:
        return self.decoded and self.in_codes.straight

    @property
    def sends_mixed_pixels_through(self) -> bool:
        t = torch.linspace(0, 1, len(self.rows), dtype=torch.float64)[:, None]
        return close(self.rows, self.decode(self.encode(self.a + t * (self.b - self.a))), atol=1e-4)

    @property
    def ends_are_originals(self) -> bool:
        return close(self.rows[:1], self.a) and close(self.rows[-1:], self.b)

    @property
    def t(self) -> Tensor | None:
        """Where the pictures are between a and b, if they are mixed in any straight way."""
        if self.mixes_codes:
            return self.in_codes.t
        return next((line.t for line in (self.in_pixels, self.in_reconstructions) if line.straight), None)


def _walk(case: Case, seen: Seen) -> _Walk:
    explain_error(seen, WALK_SHAPE_ERRORS, "shapes-do-not-fit", ideas.INTERPOLATE)
    value, shape = seen["value"], tuple(case["a"].shape[1:])
    if isinstance(value, list) and value and isinstance(value[0], Tensor):
        raise Wrong.of(ideas.INTERPOLATE, "list")
    value = seen.tensor("value", what="The path")
    if not value.numel():
        raise Wrong.of(ideas.INTERPOLATE, "empty")
    if value.ndim == 2 and value.shape[1] == len(case["weights"]["encoder"]):
        raise Wrong.of(ideas.INTERPOLATE, "not-decoded")
    if value.ndim == 5 and value.shape[1] == 1:
        raise Wrong.of(ideas.INTERPOLATE, "shape", f"It is {tuple(value.shape)}.")
    value = seen.tensor("value", (None, *shape), "The path")
    if len(value) > LONGEST_WALK:  # not worth the time of taking it apart
        raise Wrong.of(ideas.INTERPOLATE, "count", f"With steps={case['steps']} there are {len(value)} pictures.")
    return _Walk(case, value)


def _mixes_codes(case: Case, seen: Seen) -> None:
    walk = _walk(case, seen)
    # Where the encoder is nearly linear, mixed pixels have codes on nearly the same line, though not in equal steps.
    even = torch.linspace(0, 1, len(walk.rows), dtype=torch.float64)
    if walk.mixes_codes and (close(walk.in_codes.t, even, atol=2e-3) or not walk.sends_mixed_pixels_through):
        return
    explanations = {
        "pixels-mixed": walk.in_pixels.straight or walk.sends_mixed_pixels_through,
        "mixed-after-decoding": walk.in_reconstructions.straight,
        "ends-not-decoded": walk.ends_are_originals,
    }
    raise Wrong.of(ideas.INTERPOLATE, next((name for name, fits in explanations.items() if fits), "other-path"))


def _goes_from_a_to_b(case: Case, seen: Seen) -> None:
    walk, steps = _walk(case, seen), case["steps"]
    t, measured = walk.t, f"With steps={steps} there are {len(walk.rows)} pictures."
    if t is not None:
        measured += f" They lie at t = {', '.join(f'{place:.2f}' for place in t[:12].tolist())}."
        _check_places(t, steps, measured)
    elif len(walk.rows) != steps:
        raise Wrong.of(ideas.INTERPOLATE, "count", measured)
    elif not (walk.ends_are_originals or walk.sends_mixed_pixels_through):  # these do lead from a to b
        raise Wrong.of(ideas.INTERPOLATE, "other-path")


def _check_places(t: Tensor, steps: int, measured: str) -> None:
    even, k = torch.linspace(0, 1, steps, dtype=torch.float64), torch.arange(steps, dtype=torch.float64)

    def is_like(places: Tensor) -> bool:
        return close(t, places, atol=2e-3)

    if is_like(even):
        return
    explanations = {
        "reversed": is_like(even.flip(0)),
        "end-missing": is_like(k / steps),
        "start-missing": is_like((k + 1) / steps),
        "ends-missing": is_like((k + 1) / (steps + 1)),
        "beyond-the-ends": bool((t < -0.01).any() or (t > 1.01).any()),
        "count": len(t) != steps,
    }
    raise Wrong.of(ideas.INTERPOLATE, next((name for name, fits in explanations.items() if fits), "uneven"), measured)


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

PLAIN = ("six classes", "ten classes")
TELLING = 15
"""All usual mistakes but those that show at the edges only."""
EDGES = ("exactly at the confidence", "very large logits", "one picture")


def _recognised_cases(rng: torch.Generator) -> Iterator[Case]:
    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=rng)

    # One class with few large logits and two that never win: a step along the pictures then gives neither 0 nor 1.
    shift = torch.tensor([-0.8, -0.5, -0.5, -0.5, -9.0, -9.0])
    # The last class has no probability left, so that the others have exactly one half.
    tie = torch.tensor([0.0, 0.0, -200.0])
    for name, draw, confidence in (
        ("six classes", lambda: torch.cat([normal(211, 1) ** 3 / 1.5, 0.7 * normal(211, 5)], 1) + shift, 0.34),
        ("ten classes", lambda: 2.5 * normal(150, 10), 0.8),
        ("exactly at the confidence", lambda: torch.cat([normal(40, 1) + tie, 0.7 * normal(151, 3)]), 0.5),
        ("very large logits", lambda: torch.cat([400 * normal(60, 5), 2.5 * normal(121, 5)]), 0.6),
        ("one picture", lambda: torch.tensor([[6.0, 0.0, -1.0]]) + normal(1, 1), 0.8),
    ):
        at_least = TELLING if name == "six classes" else 0
        yield Case(name, {"logits": _telling(draw, confidence, at_least), "confidence": confidence})


def _telling(draw: Callable[[], Tensor], confidence: float, at_least: int) -> Tensor:
    """Logits on which different mistakes give different shares, ``at_least`` so many; the last drawn if none do."""
    for _ in range(100):
        logits = draw()
        wrong = _share_lookalikes(logits, confidence)
        alike = any(close(v, w) and name != other for (name, v), (other, w) in combinations(wrong, 2))
        if len(wrong) >= at_least and not alike:
            break
    return logits


def _share(values: Tensor, confidence: float) -> float:
    return (values > confidence).double().mean().item()


def _share_recognised(case: Case, seen: Seen) -> None:
    value = seen["value"]
    if isinstance(value, Tensor | float) and not torch.isfinite(torch.as_tensor(value)).all():
        raise Wrong.of(ideas.SHARE_RECOGNISED, "nan")
    value, logits, confidence = seen.number("value", "The share"), case["logits"], case["confidence"]
    right = _share(logits.double().softmax(1).amax(1), confidence)
    measured = f"On {case.name} (confidence {confidence}) your share is {value:.4f}, the right one is {right:.4f}."
    compare(value, right, _share_lookalikes(logits, confidence), ideas.SHARE_RECOGNISED, measured)


def _share_lookalikes(logits: Tensor, confidence: float) -> list[tuple[str, float]]:
    """Without shares of nothing and of everything, which too many mistakes have in common, and without right ones."""
    if len(logits) == 1:  # one picture tells no two mistakes apart
        return []
    right = _share(logits.double().softmax(1).amax(1), confidence)
    usual = [(name, float(share)) for name, share in _wrong_shares(logits, confidence)]
    return [(name, share) for name, share in usual if not any(close(share, x) for x in (0.0, 1.0, right))]


def _wrong_shares(logits: Tensor, confidence: float) -> Lookalikes:
    def share(values: Tensor) -> float:
        return _share(values, confidence)

    exponentials = logits.float().exp()
    logits = logits.double()
    p = logits.softmax(1)
    best = p.amax(1)
    yield "at-least", (best >= confidence).double().mean()
    yield "count", share(best) * len(logits)
    yield "percent", share(best) * 100
    yield "the-others", 1 - share(best)
    yield "fixed-confidence", _share(best, 0.9)
    yield "fixed-confidence", _share(best, 0.5)
    yield "no-softmax", share(logits.amax(1))
    yield "over-pictures", share(logits.softmax(0).amax(1))
    yield "over-pictures", share(p.amax(0))
    yield "over-pictures", share(logits.softmax(0).amax(0))
    yield "share-of-entries", share(p)
    yield "classes-counted", share(p) * p.shape[1]
    yield "sigmoid", share(logits.sigmoid().amax(1))
    yield "mean-confidence", best.mean()
    yield "argmax", share(logits.argmax(1))
    yield "softmax-twice", share(p.softmax(1).amax(1))
    yield "overflow", share((exponentials / exponentials.sum(1, keepdim=True)).amax(1))


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
ALIKE = 0.05
"""Reconstructions that differ by less than this share of what pictures differ by are the same picture."""
FAR_BETTER = 0.8
"""A first training whose own error is below this share of the error from its codes had more than the codes."""


def _training_cases(rng: torch.Generator) -> Iterator[Case]:
    seed = torch.randint(2**31, (), generator=rng).item()
    latent_dim = torch.randint(4, 7, (), generator=rng).item()
    drawn = torch.from_numpy(strokes.draw(TRAINING_PICTURES + HELD_OUT, seed=seed).pictures)
    x, held_out = (drawn.float() / 255).split([TRAINING_PICTURES, HELD_OUT])
    yield Case("held-out pictures", {"x": x, "latent_dim": latent_dim, "held_out": held_out})


def _decoding_cases(rng: torch.Generator, earlier: Sequence[tuple[Case, Seen]]) -> Iterator[Case]:
    """A second training that never meets the held-out pictures gets their codes and nothing else of them."""
    case, first = earlier[0]
    codes = _rounded(_codes(case, first))
    start, end = codes[:LINES], codes[LINES : 2 * LINES]
    given = {"x": case["x"], "latent_dim": case["latent_dim"], "codes": codes, "line": [start, (start + end) / 2, end]}
    yield Case(case.name, given, {"first": first, "held_out": case["held_out"], **_errors_to_beat(case)})


def _codes(case: Case, first: Seen) -> Tensor:
    if first.flag("nothing returned"):
        raise Wrong.of(ideas.TRAIN_AUTOENCODER, "nothing-returned")
    if not first.flag("has methods"):
        raise Wrong.of(ideas.TRAIN_AUTOENCODER, "no-model")
    codes, size = first.tensor("codes", what="encode(x)"), case["latent_dim"]
    if codes.shape != (HELD_OUT, size):
        measured = f"For {HELD_OUT} pictures and latent_dim={size} it is {tuple(codes.shape)}."
        raise Wrong.of(ideas.TRAIN_AUTOENCODER, "code-size", measured)
    return codes


def _rounded(codes: Tensor) -> Tensor:
    grain = ROUNDING * codes.std(0).clamp_min(1e-6)
    return ((codes / grain).round() * grain).float()


def _errors_to_beat(case: Case) -> dict[str, float]:
    """On the held-out pictures: of the mean picture, and of PCA with as many dimensions as the code has."""
    x, held_out = case["x"].double().flatten(1), case["held_out"].double().flatten(1)
    mean = x.mean(0, keepdim=True)
    _, directions = torch.linalg.eigh(torch.cov(x.T))
    components = directions.T[-case["latent_dim"] :]
    return {
        "error of the mean": squared_error(held_out, mean.expand_as(held_out)),
        "error of PCA": squared_error(held_out, _projected(held_out, mean, components)),
    }


def _pictures(case: Case, seen: Seen) -> Tensor:
    """What was decoded from the codes of the held-out pictures."""
    held_out = case["held_out"]
    if seen.tensor("x_hat", what="decode(z)").shape == held_out.flatten(1).shape:
        raise Wrong.of(ideas.TRAIN_AUTOENCODER, "flat-pictures")
    return seen.tensor("x_hat", held_out.shape, "decode(z)")


def _gives_pictures(case: Case, seen: Seen) -> None:
    _pictures(case, seen)


def _has_learned(case: Case, seen: Seen) -> None:
    x_hat, bar = _pictures(case, seen), case["error of the mean"]
    error = squared_error(case["held_out"], x_hat)
    if error < BELOW_MEAN * bar:
        return
    measured = f"On {HELD_OUT} held-out pictures your error is {error:.1f}; the mean picture's is {bar:.1f}."
    _explain_two_trainings(case, seen, error, measured)
    _explain_codes(case, measured)
    spread = squared_error(x_hat, x_hat.mean(0, keepdim=True).expand_as(x_hat))
    mistake = "always-the-same" if spread < ALIKE * bar else "hardly-trained"
    if (x_hat - 0.5).abs().max() < 0.2:  # a sigmoid with the weights it started with
        mistake = "untrained"
    raise Wrong.of(ideas.TRAIN_AUTOENCODER, mistake, measured)


def _explain_two_trainings(case: Case, seen: Seen, error: float, measured: str) -> None:
    """A first training that did far better on the same pictures had another model, or more than the codes."""
    own = case["first"].tensor("own pictures", case["held_out"].shape, "decode(z)")
    if squared_error(case["held_out"], own) > FAR_BETTER * error:
        return
    same = close(case["first"].tensor("sample"), seen.tensor("sample"), rtol=0.05, atol=0.05)
    raise Wrong.of(ideas.TRAIN_AUTOENCODER, "around-the-bottleneck" if same else "two-models", measured)


def _explain_codes(case: Case, measured: str) -> None:
    if case["codes"].min() >= 0:
        raise Wrong.of(ideas.TRAIN_AUTOENCODER, "positive-codes", measured)


def _beats_pca(case: Case, seen: Seen) -> None:
    _has_learned(case, seen)
    error, bar, size = squared_error(case["held_out"], _pictures(case, seen)), case["error of PCA"], case["latent_dim"]
    if error < BELOW_PCA * bar:
        return
    measured = f"On {HELD_OUT} held-out pictures your error is {error:.1f}; PCA's, with {size} numbers, is {bar:.1f}."
    _explain_two_trainings(case, seen, error, measured)
    _explain_codes(case, measured)
    points = [seen.tensor(f"line {k}", (LINES, *case["held_out"].shape[1:]), "decode(z)") for k in range(3)]
    raise Wrong.of(ideas.TRAIN_AUTOENCODER, "linear" if _is_linear_decoder(points) else "under-trained", measured)


TRAIN_AUTOENCODER = Task(
    id="01.train_autoencoder",
    answer="train_autoencoder",
    title="From a blank cell",
    criteria=(
        Criterion("codes have latent_dim numbers, and decode gives pictures", 1, _gives_pictures),
        Criterion("held-out pictures come back better than the mean picture", 1, _has_learned),
        Criterion("and better than from PCA with as many numbers", 2, _beats_pca),
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
