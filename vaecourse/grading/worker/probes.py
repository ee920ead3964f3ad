"""What can be seen of an answer, for every lesson. A probe returns plain values (:mod:`.wire`)."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


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
