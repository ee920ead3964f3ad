"""What can be seen of the answers of lesson 01. Models that an answer is given are built here, from plain weights."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vaecourse.grading.worker import probes

MODELS = 6
"""Built from the student's class where one might show something by chance."""
WILD = 30.0
"""Factor on all parameters: codes and pictures then go as far as the last layer lets them."""


# The class ------------------------------------------------------------------------------------------------


def autoencoder(
    answer: Any, look: str, latent_dim: int, hidden: int, picture_shape: Sequence[int], **given: Tensor
) -> Mapping[str, Any]:
    """One look at the models that the class builds: "encode", "decode", "together" or "learning".

    Each look is a case of its own, so that an error in one method leaves the others to be seen.
    """

    def build() -> Any:
        model = answer(latent_dim, hidden, tuple(picture_shape))
        return model.eval() if isinstance(model, nn.Module) else model

    if not isinstance(build(), nn.Module):
        return {"is a module": False}
    looks = {"encode": _encoding, "decode": _decoding, "together": _together, "learning": _learning}
    with torch.set_grad_enabled(look in ("together", "learning")):
        return {"is a module": True, **looks[look](build, **given)}


def _encoding(build: Callable[[], Any], x: Tensor, x_from: Tensor, x_to: Tensor) -> Mapping[str, Any]:
    encode = build().encode
    return {
        "z": encode(x),
        "z again": encode(x),
        "z backwards": encode(x.flip(0)),
        "z of the first": encode(x[:1]),
        **_numbered("line", (encode(point) for point in (x_from, (x_from + x_to) / 2, x_to))),
        **_numbered("wild", (probes.enlarged(build(), WILD).encode(x) for _ in range(MODELS))),
    }


def _decoding(
    build: Callable[[], Any], codes: Tensor, codes_from: Tensor, codes_to: Tensor, x: Tensor
) -> Mapping[str, Any]:
    model = build()
    try:
        model.decode(codes)
    except Exception:
        if _decodes_after_encoding(model, codes, x):
            return {"needs encode": True}
        raise
    decode = model.decode
    return {
        "needs encode": False,
        "x_hat": decode(codes),
        "x_hat again": decode(codes),
        "x_hat backwards": decode(codes.flip(0)),
        **_numbered("line", (decode(point) for point in (codes_from, (codes_from + codes_to) / 2, codes_to))),
        **_numbered("wild", (probes.enlarged(build(), WILD).decode(codes) for _ in range(MODELS))),
    }


def _decodes_after_encoding(model: nn.Module, codes: Tensor, x: Tensor) -> bool:
    try:
        model.encode(x)
        model.decode(codes)
    except Exception:
        return False
    return True


def _together(build: Callable[[], Any], x: Tensor, codes: Tensor) -> Mapping[str, Any]:
    model = build()
    before = model.decode(codes)
    x_hat = model(x)
    seen = {
        "x_hat": x_hat,
        "x_hat again": model(x),
        "decoded": model.decode(model.encode(x)),
        "codes before": before,
        "codes after": model.decode(codes),
    }
    if isinstance(x_hat, Tensor):
        seen["jacobian"] = _jacobian(model, x[:1])
    return seen


def _jacobian(model: nn.Module, picture: Tensor) -> Tensor:
    """Derivatives (pixels, pixels) of the reconstruction of one picture with respect to it."""
    jacobian = torch.autograd.functional.jacobian(lambda x: model(x).flatten(), picture)
    return jacobian.flatten(1)


def _learning(build: Callable[[], Any], x: Tensor, codes: Tensor) -> Mapping[str, Any]:
    model = build().train()
    x_hat = model(x)
    if isinstance(x_hat, Tensor) and x_hat.requires_grad:
        (x_hat.flatten() - x.flatten()).square().sum().backward()
    named = dict(model.named_parameters())
    idle = [name for name, parameter in named.items() if parameter.grad is None or not parameter.grad.any()]
    silent = build()
    with torch.no_grad():
        for parameter in silent.parameters():
            parameter.zero_()
        return {
            "x_hat": x_hat,
            "parameters": len(named),
            "idle": idle,
            "silent z": silent.encode(x),
            "silent z again": silent.encode(x),
            "silent x_hat": silent.decode(codes),
            "silent x_hat again": silent.decode(codes),
        }


def _numbered(name: str, values: Iterable[Any]) -> Mapping[str, Any]:
    return {f"{name} {number}": value for number, value in enumerate(values)}


# The training step ----------------------------------------------------------------------------------------


class _LinearAutoencoder(nn.Sequential):
    """Two matrices and two offsets; it notes in ``events`` what is done with it."""

    def __init__(self, weights: Mapping[str, Tensor], picture_shape: Sequence[int]):
        size, pixels = weights["0.weight"].shape
        super().__init__(nn.Linear(pixels, size), nn.Linear(size, pixels))
        self.load_state_dict(dict(weights))
        self.picture_shape = tuple(picture_shape)
        self.events: list[str] = []
        self[1].bias.register_hook(lambda _: self.events.append("backward"))

    def forward(self, x: Tensor) -> Tensor:
        self.events.append("forward")
        return super().forward(x.flatten(1)).unflatten(1, self.picture_shape)

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.events.append("zero")
        super().zero_grad(set_to_none)


def train_step(answer: Any, weights: Mapping[str, Tensor], batches: Sequence[Tensor], lr: float) -> Mapping[str, Any]:
    """Call after call, one batch each: what it returned, the weights after it, and in which order it did what."""
    model = _LinearAutoencoder(weights, batches[0].shape[1:])
    optimizer = probes.Descent(model, lr, model.events)
    seen: dict[str, Any] = {}
    for number, batch in enumerate(batches, start=1):
        model.events.clear()
        seen[f"returned {number}"] = answer(model, optimizer, batch)
        seen[f"events {number}"] = list(model.events)
        seen |= {f"{name} {number}": value.clone() for name, value in model.state_dict().items()}
    return {**seen, "training": model.training}


# Interpolation --------------------------------------------------------------------------------------------


class _Curved(nn.Module):
    """A small autoencoder with known weights, nonlinear on both sides."""

    def __init__(self, weights: Mapping[str, Tensor], picture_shape: Sequence[int]):
        super().__init__()
        self.weights, self.picture_shape = dict(weights), tuple(picture_shape)

    def encode(self, x: Tensor) -> Tensor:
        return torch.tanh(x.flatten(1) @ self.weights["encoder"].T)

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z @ self.weights["decoder"].T).unflatten(1, self.picture_shape)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


def interpolate(answer: Any, weights: Mapping[str, Tensor], a: Tensor, b: Tensor, steps: int) -> Mapping[str, Any]:
    """The pictures between ``a`` and ``b``, by a model with the given weights."""
    return {"value": answer(_Curved(weights, a.shape[1:]), a, b, steps)}


# From a blank cell ----------------------------------------------------------------------------------------

SAMPLE = 8
"""Training pictures whose codes tell whether two trainings gave the same model."""


def trained_encoder(answer: Any, x: Tensor, latent_dim: int, held_out: Tensor) -> Mapping[str, Any]:
    """Train, and encode pictures that were held out; "own pictures" is what the same model makes of their codes."""
    model, seen = _trained(answer, x, latent_dim)
    if not seen["has methods"]:
        return seen
    with torch.no_grad():
        codes = model.encode(held_out)
        seen["codes"] = codes
        if isinstance(codes, Tensor) and codes.shape == (len(held_out), latent_dim):
            seen["own pictures"] = model.decode(codes)
        seen["sample"] = model.encode(x[:SAMPLE])
    return seen


def trained_decoder(
    answer: Any, x: Tensor, latent_dim: int, codes: Tensor, line: Sequence[Tensor]
) -> Mapping[str, Any]:
    """Train once more, without the pictures that ``codes`` stand for, and decode."""
    model, seen = _trained(answer, x, latent_dim)
    if not seen["has methods"]:
        return seen
    with torch.no_grad():
        seen |= {"x_hat": model.decode(codes), "sample": model.encode(x[:SAMPLE])}
        return seen | _numbered("line", (model.decode(point) for point in line))


def _trained(answer: Any, x: Tensor, latent_dim: int) -> tuple[Any, dict[str, Any]]:
    model = answer(x, latent_dim)
    if isinstance(model, nn.Module):
        model.eval()
    has_methods = all(callable(getattr(model, name, None)) for name in ("encode", "decode"))
    return model, {"has methods": has_methods, "nothing returned": model is None}
