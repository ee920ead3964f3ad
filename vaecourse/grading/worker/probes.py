"""What can be seen of an answer, for every lesson. A probe returns plain values (:mod:`.wire`)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def call(answer: Any, **inputs: Any) -> Mapping[str, Any]:
    """The answer's return value, as ``value``."""
    return {"value": answer(**inputs)}


def gradients(answer: Any, wrt: list[str], **inputs: Any) -> Mapping[str, Any]:
    """The value, and for each input named in ``wrt`` the gradient of the value's sum, None where none arrives."""
    inputs = {name: value.requires_grad_() if name in wrt else value for name, value in inputs.items()}
    with torch.enable_grad():
        value = answer(**inputs)
        if isinstance(value, Tensor) and value.requires_grad:
            value.sum().backward()
    return {"value": value, **{f"d/d{name}": inputs[name].grad for name in wrt}}
