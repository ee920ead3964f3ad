"""What can be seen of an answer, for every lesson. A probe returns plain values (:mod:`.wire`)."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn


def call(answer: Any, **inputs: Any) -> Mapping[str, Any]:
    """The answer's return value, as ``value``. Arguments go by position: a student may have renamed them."""
    return {"value": answer(*inputs.values())}


def gradients(answer: Any, wrt: list[str], **inputs: Any) -> Mapping[str, Any]:
    """The value, for each input named in ``wrt`` the gradient of the value's sum (None where none arrives), and the
    names of the inputs that the answer changed.

    As in training, these inputs come out of an operation: they are no leaves of the graph.
    """
    leaves = {name: inputs[name].clone().requires_grad_() for name in wrt}
    given = {name: leaves[name].clone() if name in wrt else copy.deepcopy(value) for name, value in inputs.items()}
    with torch.enable_grad():
        value = answer(*given.values())
        if isinstance(value, Tensor) and value.requires_grad:
            value.sum().backward()
    changed = [n for n, old in inputs.items() if isinstance(old, Tensor) and not torch.equal(given[n], old)]
    return {"value": value, "changed": changed, **{f"d/d{name}": leaf.grad for name, leaf in leaves.items()}}


def is_pair(returned: Any) -> bool:
    """Whether an answer returned two things."""
    return isinstance(returned, tuple | list) and len(returned) == 2


@torch.no_grad()
def enlarged(model: nn.Module, factor: float) -> nn.Module:
    """The model with all parameters times ``factor``: what it gives then goes as far as its last layer lets it."""
    for parameter in model.parameters():
        parameter.mul_(factor)
    return model


class Descent:
    """Plain gradient descent with the methods of ``torch.optim.SGD``; it notes in ``events`` what is asked of it.

    The first optimizer of torch's own that a process makes loads torch's compiler, which takes a second.
    """

    def __init__(self, model: nn.Module, lr: float, events: list[str]):
        self.events, self.param_groups = events, [{"params": list(model.parameters()), "lr": lr}]

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.events.append("zero")
        for parameter in self.param_groups[0]["params"]:
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self.events.append("step")
        for parameter in self.param_groups[0]["params"]:
            if parameter.grad is not None:
                parameter.sub_(parameter.grad, alpha=self.param_groups[0]["lr"])
        return loss
