"""What can be seen of the answers of lesson 05."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


def signs(answer: Any, mu: Tensor, logvar: Tensor) -> Mapping[str, Any]:
    """The two tensors that should come back, as "kl" and "active"; or what came instead of a pair, as "returned"."""
    returned = answer(mu, logvar)
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        return {"is a pair": False, "returned": returned}
    return {"is a pair": True, "kl": returned[0], "active": returned[1]}


def numbers(answer: Any, calls: Sequence[Sequence[Any]]) -> Mapping[str, Any]:
    """What each of the ``calls`` returned, as "values" (len(calls),). Lists among their arguments become tuples.

    If one of them is not one number, "values" is None and "returned" is what came.
    """
    values = []
    for arguments in calls:
        returned = answer(*(tuple(given) if isinstance(given, list) else given for given in arguments))
        try:
            values.append(float(returned))
        except (TypeError, ValueError, RuntimeError):  # nothing that is a number, or several of them
            return {"values": None, "returned": returned}
    return {"values": torch.tensor(values, dtype=torch.float64), "returned": None}


def itself(answer: Any) -> Mapping[str, Any]:
    """An answer that is a value and no function."""
    return {"value": answer}


def prescription(answer: Any, chart: Mapping[str, Any]) -> Mapping[str, Any]:
    """What comes back for a patient's chart, as "value"."""
    return {"value": answer({**chart, "convention": tuple(chart["convention"])})}
