"""What can be seen of the answers of lesson 03. Models that an answer is given are built here, from plain weights."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vaecourse.grading.worker import probes

MODELS = 16
"""Built from the student's class where one might show something by chance: that all show it is then out of reach."""
WILD = 30.0
"""Factor on all parameters: mu and logvar then go as far as the last layer lets them."""
MOST_CODES = 64
"""Calls of a decoder that are noted."""


def reparameterize(answer: Any, mu: Tensor, logvar: Tensor) -> Mapping[str, Any]:
    """Two draws, and of the first the gradients of z's sum; None where none arrives."""
    first = probes.gradients(answer, ["mu", "logvar"], mu=mu, logvar=logvar)
    return {**first, "again": answer(mu, logvar)}


# The encoder ----------------------------------------------------------------------------------------------


def encoder(
    answer: Any, look: str, latent_dim: int, hidden: int, picture_shape: Sequence[int], **given: Tensor
) -> Mapping[str, Any]:
    """One look at the networks that the class builds: at the "heads", or at their "learning"."""

    def build(width: int = hidden) -> Any:
        model = answer(latent_dim, width, tuple(picture_shape))
        if not isinstance(model, nn.Module):
            return model
        model.eval()
        if any(nn.parameter.is_lazy(parameter) for parameter in model.parameters()):  # they get their shape in a call
            with torch.no_grad():
                model(given["x"])
        return model

    model = build()
    if not isinstance(model, nn.Module):
        return {"is a module": False}
    returned = model(given["x"])
    seen = {"is a module": True, "is a pair": probes.is_pair(returned)}
    if not probes.is_pair(returned):
        return {**seen, "returned": returned}
    if look == "learning":
        seen["grows with hidden"] = _size(build(2 * hidden)) != _size(build())
    return {**seen, **{"heads": _heads, "learning": _learning}[look](build, **given)}


def _size(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@torch.no_grad()
def _heads(build: Callable[[], nn.Module], x: Tensor) -> Mapping[str, Any]:
    model = build()
    return {
        **_named("", model(x)),
        **_named(" again", model(x)),
        **_named(" backwards", model(x.flip(0))),
        **_named(" of the first", model(x[:1])),
        **_numbered(" wild", (probes.enlarged(build(), WILD)(x) for _ in range(MODELS))),
    }


def _learning(build: Callable[[], nn.Module], x: Tensor, x_from: Tensor, x_to: Tensor) -> Mapping[str, Any]:
    model, copy = build(), build()
    copy.load_state_dict(model.state_dict())
    with torch.no_grad():
        seen = _numbered(" line", (model(point) for point in (x_from, (x_from + x_to) / 2, x_to)))
        seen |= {**_named(" again", model(x_from)), **_named(" of a copy", copy(x_from))}
    reached: set[str] = set()
    for place, name in enumerate(("mu", "logvar")):
        found = _reached(build().train(), x, place)
        seen[f"{name} learns"] = bool(found)
        reached |= found
    named = dict(model.named_parameters())
    return {**seen, "parameters": len(named), "idle": [name for name in named if name not in reached]}


def _reached(model: nn.Module, x: Tensor, place: int) -> set[str]:
    """Names of the parameters that get a gradient from the first or the second of the two results."""
    with torch.enable_grad():
        result = model(x)[place]
        if isinstance(result, Tensor) and result.requires_grad:
            result.square().sum().backward()
    return {name for name, p in model.named_parameters() if p.grad is not None and bool(p.grad.any())}


def _named(suffix: str, returned: Any) -> dict[str, Any]:
    """mu and logvar; what is not a pair of them shows as something else than a tensor."""
    mu, logvar = returned if probes.is_pair(returned) else ("not a pair", "not a pair")
    return {f"mu{suffix}": mu, f"logvar{suffix}": logvar}


def _numbered(suffix: str, pairs: Iterable[Sequence[Any]]) -> dict[str, Any]:
    return {name: value for k, pair in enumerate(pairs) for name, value in _named(f"{suffix} {k}", pair).items()}


# The training step ----------------------------------------------------------------------------------------


class _LinearVAE(nn.Module):
    """A VAE of two linear layers; it notes in ``events`` what is done with it, in ``codes`` what it has to decode."""

    def __init__(self, weights: Mapping[str, Tensor], picture_shape: Sequence[int]):
        super().__init__()
        outputs, pixels = weights["encoder.weight"].shape
        self.encoder, self.decoder = nn.Linear(pixels, outputs), nn.Linear(outputs // 2, pixels)
        self.load_state_dict(dict(weights))
        self.picture_shape = tuple(picture_shape)
        self.events: list[str] = []
        self.codes: list[Tensor] = []
        for layer in (self.encoder, self.decoder):
            layer.bias.register_hook(lambda _: self.events.append("backward"))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mu, logvar = self.encoder(x.flatten(1)).chunk(2, dim=1)
        return mu, logvar

    def decode(self, z: Tensor) -> Tensor:
        if len(self.codes) < MOST_CODES:
            self.codes.append(z.detach().clone())
        return self.decoder(z).unflatten(1, self.picture_shape)

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.events.append("zero")
        super().zero_grad(set_to_none)


def train_step(answer: Any, weights: Mapping[str, Tensor], batches: Sequence[Tensor], lr: float) -> Mapping[str, Any]:
    """Call after call, one batch each: what it returned and decoded, the weights after it, and what it did in which
    order.
    """
    model = _LinearVAE(weights, batches[0].shape[1:])
    optimizer = probes.Descent(model, lr, model.events)
    seen: dict[str, Any] = {}
    for number, batch in enumerate(batches, start=1):
        model.events.clear()
        model.codes.clear()
        seen[f"returned {number}"] = answer(model, optimizer, batch)
        seen |= {f"events {number}": list(model.events), f"codes {number}": list(model.codes)}
        seen |= {f"{name} {number}": value.clone() for name, value in model.state_dict().items()}
    return seen


# The manifold ---------------------------------------------------------------------------------------------


def manifold(answer: Any, weight: Tensor, bias: Tensor, picture_shape: Sequence[int], steps: int) -> Mapping[str, Any]:
    """The pictures that come out, with a decoder of one linear layer, and the codes that it was given."""
    codes: list[Tensor] = []

    def decode(z: Tensor) -> Tensor:
        if len(codes) < MOST_CODES:
            codes.append(z.detach().clone())
        return nn.functional.linear(z, weight, bias).unflatten(-1, tuple(picture_shape))

    return {"value": answer(decode, steps), "codes": codes}
