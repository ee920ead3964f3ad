"""What can be seen of the answers of lesson 06. Models that an answer is given are built here, from plain weights."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from vaecourse.grading.worker import probes
from vaecourse.models.likelihoods import diagonal_normal

MODELS = 8
"""Built from the student's class where one might show something by chance."""
WILD = 30.0
"""Factor on all parameters: what a network gives then goes as far as its last layer lets it."""
MOST_CALLS = 256
"""Calls of a model that are noted."""


# The class ------------------------------------------------------------------------------------------------


def conditional_vae(
    answer: Any,
    look: str,
    latent_dim: int,
    hidden: int,
    picture_shape: Sequence[int],
    num_classes: int,
    **given: Tensor,
) -> Mapping[str, Any]:
    """One look at the models that the class builds: at "encode", "decode", "labels" or "learning".

    Each look is a case of its own, so that an error in one method leaves the others to be seen.
    """

    def build() -> Any:
        model = answer(latent_dim, hidden, tuple(picture_shape), num_classes)
        return model.eval() if isinstance(model, nn.Module) else model

    if not isinstance(build(), nn.Module):
        return {"is a module": False}
    looks = {"encode": _encoding, "decode": _decoding, "labels": _labels, "learning": _learning}
    return {"is a module": True, **looks[look](build, **given)}


@torch.no_grad()
def _encoding(build: Callable[[], Any], x: Tensor, x_other: Tensor, c: Tensor, c_other: Tensor) -> Mapping[str, Any]:
    model = build()
    returned = model.encode(x, c)
    if not probes.is_pair(returned):
        return {"is a pair": False, "returned": returned}
    return {
        "is a pair": True,
        **_named("", returned),
        **_named(" again", model.encode(x, c)),
        **_named(" backwards", model.encode(x.flip(0), c.flip(0))),
        **_named(" of the first", model.encode(x[:1], c[:1])),
        **_named(" with other labels", model.encode(x, c_other)),
        **_named(" of other pictures", model.encode(x_other, c)),
        **_numbered(" wild", (probes.enlarged(build(), WILD).encode(x, c) for _ in range(MODELS))),
    }


@torch.no_grad()
def _decoding(build: Callable[[], Any], x: Tensor, z: Tensor, z_other: Tensor, c: Tensor, c_other: Tensor) -> Any:
    model = build()
    try:
        logits = model.decode(z, c)
    except Exception:
        if _decodes_after_encoding(model, x, z, c):
            return {"needs encode": True}
        raise
    seen = {
        "needs encode": False,
        "logits": logits,
        "logits again": model.decode(z, c),
        "logits backwards": model.decode(z.flip(0), c.flip(0)),
        "logits with other labels": model.decode(z, c_other),
        "logits of other codes": model.decode(z_other, c),
        **{f"logits wild {k}": probes.enlarged(build(), WILD).decode(z, c) for k in range(MODELS)},
    }
    model.encode(x, c_other)
    return {**seen, "logits after encode": model.decode(z, c)}


def _decodes_after_encoding(model: nn.Module, x: Tensor, z: Tensor, c: Tensor) -> bool:
    try:
        model.encode(x, c)
        model.decode(z, c)
    except Exception:
        return False
    return True


@torch.no_grad()
def _labels(build: Callable[[], Any], x: Tensor, z: Tensor, c: Tensor) -> Mapping[str, Any]:
    """The same picture, and the same code, with each of the labels in ``c``, by several models."""
    xs, zs = x.expand(len(c), *x.shape[1:]), z.expand(len(c), -1)
    models = [build() for _ in range(MODELS)]
    encoded = [model.encode(xs, c) for model in models]
    if not probes.is_pair(encoded[0]):
        return {"is a pair": False, "returned": encoded[0]}
    return {
        "is a pair": True,
        **_numbered("", encoded),
        **{f"logits {k}": model.decode(zs, c) for k, model in enumerate(models)},
    }


def _learning(
    build: Callable[[], Any], x: Tensor, z: Tensor, c: Tensor, x_line: Sequence[Tensor], z_line: Sequence[Tensor]
) -> Mapping[str, Any]:
    """``x_line`` and ``z_line`` are the start, the middle and the end of straight lines."""
    model, copy = build(), build()
    copy.load_state_dict(model.state_dict())
    with torch.no_grad():
        if not probes.is_pair(returned := model.encode(x, c)):
            return {"is a pair": False, "returned": returned}
        seen: dict[str, Any] = {"is a pair": True}
        seen |= _numbered(" line", (model.encode(point, c[: len(point)]) for point in x_line))
        seen |= {f"logits line {k}": model.decode(point, c[: len(point)]) for k, point in enumerate(z_line)}
        for name, one in {"": model, " again": model, " of a copy": copy}.items():
            seen |= {**_named(name, one.encode(x, c)), f"logits{name}": one.decode(z, c)}
    learning = build().train()
    results = [*learning.encode(x, c), learning.decode(z, c)]
    losses = [result.square().sum() for result in results if isinstance(result, Tensor) and result.requires_grad]
    if losses:
        torch.stack(losses).sum().backward()
    named = dict(learning.named_parameters())
    idle = [name for name, p in named.items() if p.grad is None or not p.grad.any()]
    return {**seen, "parameters": len(named), "idle": idle}


def _named(suffix: str, pair: Sequence[Any]) -> dict[str, Any]:
    return {f"mu{suffix}": pair[0], f"logvar{suffix}": pair[1]}


def _numbered(suffix: str, pairs: Iterable[Sequence[Any]]) -> dict[str, Any]:
    return {name: value for k, pair in enumerate(pairs) for name, value in _named(f"{suffix} {k}", pair).items()}


# Swapping labels ------------------------------------------------------------------------------------------


class _LinearCVAE(nn.Module):
    """A conditional VAE without hidden layers, with the methods of the course's ``CVAE``; it notes what it decodes.

    mu = x E + A[c], sigma is the same for all pictures, and a picture is sigmoid(z G + B[c]).
    """

    conditional = True

    def __init__(self, weights: Mapping[str, Tensor], picture_shape: Sequence[int]):
        super().__init__()
        self.weights, self.picture_shape = dict(weights), tuple(picture_shape)
        self.condition_dim, self.latent_dim = self.weights["A"].shape
        self.codes: list[Tensor] = []
        self.labels: list[Tensor] = []

    def features(self, c: Tensor) -> Tensor:
        return c if c.is_floating_point() else nn.functional.one_hot(c, self.condition_dim).float()

    def posterior(self, x: Tensor, c: Tensor) -> Distribution:
        mu = x.flatten(1) @ self.weights["E"] + self.features(c) @ self.weights["A"]
        return diagonal_normal(mu, self.weights["sigma"].expand_as(mu))

    def prior(self, c: Tensor) -> Distribution:
        like = self.features(c).new_zeros(len(c), self.latent_dim)
        return diagonal_normal(like, like + 1)

    def encode(self, x: Tensor, c: Tensor) -> Tensor:
        return self.posterior(x, c).mean

    def decode(self, z: Tensor, c: Tensor) -> Tensor:
        features = self.features(c)
        if len(self.codes) < MOST_CALLS:
            self.codes.append(z.detach().clone())
            self.labels.append(features.detach().clone())
        return torch.sigmoid(z @ self.weights["G"] + features @ self.weights["B"]).unflatten(1, self.picture_shape)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        return self.decode(self.encode(x, c), c)

    def sample(self, c: Tensor) -> Tensor:
        return self.decode(self.prior(c).sample(), c)


def swap_labels(
    answer: Any, weights: Mapping[str, Tensor], x: Tensor, c: Tensor, num_classes: int
) -> Mapping[str, Any]:
    """The pictures that come out, and the codes and the labels (one-hot) that were decoded, call after call."""
    model = _LinearCVAE(weights, x.shape[1:])
    value = answer(model, x, c, num_classes)
    return {"value": value, "codes": model.codes, "labels": model.labels}


# Completions ----------------------------------------------------------------------------------------------


def pair(answer: Any, **inputs: Any) -> Mapping[str, Any]:
    """The two values of the pair that is returned."""
    returned = answer(*inputs.values())
    if not probes.is_pair(returned):
        return {"is a pair": False, "returned": returned}
    return {"is a pair": True, "first": returned[0], "second": returned[1]}


# From a blank cell ----------------------------------------------------------------------------------------


def trained_generator(answer: Any, x: Tensor, c: Tensor, num_classes: int, labels: Tensor) -> Mapping[str, Any]:
    """Train; then what two calls with the same labels draw."""
    generate = answer(x, c, num_classes)
    if not callable(generate):
        return {"is callable": False, "nothing returned": generate is None}
    if isinstance(generate, nn.Module):
        generate.eval()
    with torch.no_grad():
        return {"is callable": True, "pictures": generate(labels.clone()), "again": generate(labels.clone())}
