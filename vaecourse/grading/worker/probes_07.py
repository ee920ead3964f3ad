"""What can be seen of the answers of lesson 07."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from vaecourse.grading.worker import probes

MODELS = 8
"""Built from the student's class where one might show something by chance."""
WILD = 30.0
"""Factor on all parameters: what a network gives then goes as far as its last layer lets it."""
RESULTS = {"encode": ("mu", "logvar"), "decode": ("m", "log_s")}


# Sizes ----------------------------------------------------------------------------------------------------


def sizes(answer: Any, settings: Sequence[Sequence[int]]) -> Mapping[str, Any]:
    """What is returned for each of the settings: a size, a kernel, a stride and a padding."""
    return {"returned": [_as_ints(answer(*setting)) for setting in settings]}


def _as_ints(returned: Any) -> Any:
    """Whole numbers of any kind, numpy's too, as Python's."""
    if isinstance(returned, tuple | list):
        return [int(number) if isinstance(number, Integral) else number for number in returned]
    return returned


# Bits -----------------------------------------------------------------------------------------------------


def bits(answer: Any, log_px: Tensor, picture_shape: Sequence[int], step: float | None) -> Mapping[str, Any]:
    """The value that is returned, for probabilities if ``step`` is None."""
    given = () if step is None else (step,)
    return {"value": answer(log_px, tuple(picture_shape), *given)}


# The class ------------------------------------------------------------------------------------------------


def conv_vae(answer: Any, look: str, latent_dim: int, picture_shape: Sequence[int], **given: Any) -> Mapping[str, Any]:
    """One look at the models that the class builds: at "encode", "decode" or "learning".

    Each look is a case of its own, so that an error in one method leaves the others to be seen.
    """

    def build() -> Any:
        model = answer(latent_dim, tuple(picture_shape))
        return model.eval() if isinstance(model, nn.Module) else model

    if not isinstance(build(), nn.Module):
        return {"is a module": False}
    looks = {"encode": _encoding, "decode": _decoding, "learning": _learning}
    return {"is a module": True, **looks[look](build, **given)}


@torch.no_grad()
def _encoding(build: Callable[[], nn.Module], x: Tensor, x_other: Tensor) -> Mapping[str, Any]:
    model = build()
    found, returned = _noting_convolutions(lambda: model.encode(x))
    if not probes.is_pair(returned):
        return {"is a pair": False, "returned": returned}
    return {
        "is a pair": True,
        **found,
        **_named("encode", "", returned),
        **_named("encode", " again", model.encode(x)),
        **_named("encode", " backwards", model.encode(x.flip(0))),
        **_named("encode", " of the first", model.encode(x[:1])),
        **_named("encode", " of others", model.encode(x_other)),
    }


@torch.no_grad()
def _decoding(build: Callable[[], nn.Module], z: Tensor, z_other: Tensor, x: Tensor) -> Mapping[str, Any]:
    model = build()
    try:
        found, returned = _noting_convolutions(lambda: model.decode(z))
    except Exception:
        if _decodes_after_encoding(model, z, x):
            return {"needs encode": True}
        raise
    seen = {"needs encode": False, "is a pair": probes.is_pair(returned)}
    if not probes.is_pair(returned):
        return {**seen, "returned": returned}
    seen |= {
        **found,
        **_named("decode", "", returned),
        **_named("decode", " again", model.decode(z)),
        **_named("decode", " backwards", model.decode(z.flip(0))),
        **_named("decode", " of the first", model.decode(z[:1])),
        **_named("decode", " of others", model.decode(z_other)),
    }
    model.encode(x)
    return {**seen, **_named("decode", " after encode", model.decode(z))}


def _decodes_after_encoding(model: nn.Module, z: Tensor, x: Tensor) -> bool:
    try:
        model.encode(x)
        model.decode(z)
    except Exception:
        return False
    return True


class _Convolutions(TorchFunctionMode):
    """Notes the size of the kernel and of the larger of the two maps of every convolution that torch computes."""

    def __init__(self):
        super().__init__()
        self.noted: list[tuple[Sequence[int], Sequence[int]]] = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        if getattr(function, "__name__", "") in ("conv2d", "conv_transpose2d"):
            x, kernels = (args[i] if len(args) > i else kwargs[name] for i, name in enumerate(("input", "weight")))
            self.noted.append((kernels.shape[-2:], max(x.shape[-2:], result.shape[-2:])))
        return result


def _noting_convolutions(call: Callable[[], Any]) -> tuple[dict[str, int], Any]:
    """How many convolutions torch computes meanwhile, how many of them see a neighbourhood, and what is returned.

    A kernel of one pixel sees no neighbours, and one as large as the map is a dense layer.
    """
    with _Convolutions() as convolutions:
        returned = call()
    local = [k for k, of_map in convolutions.noted if max(k) > 1 and all(map(int.__lt__, k, of_map))]
    return {"convolutions": len(convolutions.noted), "local convolutions": len(local)}, returned


def _learning(
    build: Callable[[], nn.Module], x: Tensor, z: Tensor, x_line: Sequence[Tensor], z_line: Sequence[Tensor]
) -> Mapping[str, Any]:
    """``x_line`` and ``z_line`` are the start, the middle and the end of straight lines."""

    def built() -> nn.Module:
        model = build()
        if any(nn.parameter.is_lazy(parameter) for parameter in model.parameters()):  # they get their shape in a call
            with torch.no_grad():
                model.encode(x)
                model.decode(z)
        return model

    def both(model: nn.Module) -> dict[str, Any]:
        return {"encode": model.encode(x), "decode": model.decode(z)}

    model, copy = built(), built()
    copy.load_state_dict(model.state_dict())
    with torch.no_grad():
        returned = both(model)
        seen: dict[str, Any] = {f"{method} gives a pair": probes.is_pair(pair) for method, pair in returned.items()}
        if not all(seen.values()):
            return {**seen, **{f"{method} returned": pair for method, pair in returned.items()}}
        for method, line in {"encode": x_line, "decode": z_line}.items():
            seen |= _numbered(method, " line", (getattr(model, method)(point) for point in line))
        for suffix, one in {"": model, " again": model, " of a copy": copy}.items():
            for method, pair in both(one).items():
                seen |= _named(method, suffix, pair)
        wild = [both(probes.enlarged(built(), WILD)) for _ in range(MODELS)]
        for method in RESULTS:
            seen |= _numbered(method, " wild", (pairs[method] for pairs in wild))
    # In training, batch normalisation takes the means away, and with them what an offset before it could learn.
    reached = _reached(both, built().train()) | _reached(both, built())
    named = [name for name, _ in model.named_parameters()]
    return {**seen, "parameters": len(named), "idle": [name for name in named if name not in reached]}


def _reached(both: Callable[[nn.Module], Mapping[str, Any]], model: nn.Module) -> set[str]:
    """Names of the parameters that get a gradient from any of the results."""
    results = [result for pair in both(model).values() if probes.is_pair(pair) for result in pair]
    losses = [result.square().sum() for result in results if isinstance(result, Tensor) and result.requires_grad]
    if losses:
        torch.stack(losses).sum().backward()
    return {name for name, p in model.named_parameters() if p.grad is not None and bool(p.grad.any())}


def _named(method: str, suffix: str, pair: Any) -> dict[str, Any]:
    """The two results by their names; what is not a pair shows as something else than tensors."""
    pair = pair if probes.is_pair(pair) else ("not a pair", "not a pair")
    return {f"{name}{suffix}": value for name, value in zip(RESULTS[method], pair, strict=True)}


def _numbered(method: str, suffix: str, pairs: Iterable[Any]) -> dict[str, Any]:
    return {key: value for k, pair in enumerate(pairs) for key, value in _named(method, f"{suffix} {k}", pair).items()}
