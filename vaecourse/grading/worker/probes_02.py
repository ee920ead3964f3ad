"""What can be seen of the answers of lesson 02: two draws of noise, weights after steps, looks at a class."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vaecourse.grading.worker import probes_01

WILD = 5.0
"""Factor on all parameters: what is not linear then bends a line far beyond rounding."""


# Noise ----------------------------------------------------------------------------------------------------


def noise(answer: Any, x: Tensor, level: float) -> Mapping[str, Any]:
    """Two calls, one after the other, and whether they changed the pictures that they were given."""
    given = x.clone()
    value = answer(given, level)
    if isinstance(value, Tensor):  # it may be the given tensor, which the second call would change again
        value = value.clone()
    changed = not torch.equal(given, x)
    return {"value": value, "again": answer(x.clone(), level), "changed": changed}


# The training step ----------------------------------------------------------------------------------------


class _Corruption:
    """Adds noise to pictures, other noise at every call, and counts the calls."""

    def __init__(self, noises: Sequence[Tensor]):
        self.noises, self.calls = noises, 0

    def __call__(self, x: Tensor) -> Tensor:
        noise = self.noises[self.calls % len(self.noises)]
        self.calls += 1
        return x + noise[: len(x)].reshape(x.shape)


def denoising_step(
    answer: Any, weights: Mapping[str, Tensor], batches: Sequence[Tensor], noises: Sequence[Tensor], lr: float
) -> Mapping[str, Any]:
    """Lesson 01's look at a training step; besides, how often noise was drawn by the end of each call."""
    corrupt = _Corruption(noises)
    drawn: list[int] = []

    def step(model: nn.Module, optimizer: Any, x: Tensor) -> Any:
        returned = answer(model, optimizer, corrupt, x)
        drawn.append(corrupt.calls)
        return returned

    return {**probes_01.train_step(step, weights, batches, lr), "drawn": drawn}


# Super-resolution -----------------------------------------------------------------------------------------


def super_resolver(
    answer: Any, look: str, channels: int, hidden: int, factor: int, **given: Tensor
) -> Mapping[str, Any]:
    """One look at the models that the class builds: "size", "start" or "learning"."""

    def build(width: int = hidden) -> Any:
        model = answer(channels, width, factor)
        return model.eval() if isinstance(model, nn.Module) else model

    if not isinstance(build(), nn.Module):
        return {"is a module": False}
    looks = {"size": _sizes, "start": _start, "learning": _learning}
    seen = {"is a module": True, **looks[look](build, **given)}
    if look == "learning":
        seen["grows with hidden"] = _size(build(2 * hidden)) != _size(build())
    return seen


def _size(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _sizes(build: Callable[[], nn.Module], x: Tensor, other: Tensor) -> Mapping[str, Any]:
    model = build()
    with torch.no_grad():
        return {"y": model(x), "y again": model(x), "y other": model(other)}


def _start(build: Callable[[], nn.Module], x: Tensor) -> Mapping[str, Any]:
    """With all parameters at zero no correction is left, unless a layer is not among them."""
    model = build()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        return {"silent y": model(x), "silent y again": model(x)}


def _learning(build: Callable[[], nn.Module], x: Tensor, x_from: Tensor, x_to: Tensor) -> Mapping[str, Any]:
    model = build().train()
    y = model(x)
    if isinstance(y, Tensor) and y.requires_grad:
        (y - 0.5).square().sum().backward()
    named = dict(model.named_parameters())
    idle = [name for name, parameter in named.items() if parameter.grad is None]
    wild = build()
    with torch.no_grad():
        for parameter in wild.parameters():
            # A layer that starts at zero, as a last one may, would hide the layers before it.
            parameter.copy_(WILD * parameter if parameter.any() else torch.randn_like(parameter))
        line = {f"line {k}": wild(point) for k, point in enumerate((x_from, (x_from + x_to) / 2, x_to))}
    return {"parameters": len(named), "idle": idle, **line}


# From a blank cell ----------------------------------------------------------------------------------------


def trained_denoiser(answer: Any, x: Tensor, level: float, noisy: Tensor, clean: Tensor) -> Mapping[str, Any]:
    """Train on clean pictures; then what the denoiser makes of noisy pictures, and of others without noise."""
    model = answer(x, level)
    if model is None or not callable(model):
        return {"nothing returned": model is None, "is callable": False}
    if isinstance(model, nn.Module):
        model.eval()
    with torch.no_grad():
        return {"nothing returned": False, "is callable": True, "y": model(noisy), "y of clean": model(clean)}
