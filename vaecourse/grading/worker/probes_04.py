"""What can be seen of the answers of lesson 04. Distributions and decoders that an answer is given are built here."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, Normal

# Monte Carlo ----------------------------------------------------------------------------------------------


def distribution(weights: Tensor, means: Tensor, stds: Tensor) -> Distribution:
    """A Gaussian, or a mixture of several, over the numbers; all arguments have shape (components,)."""
    if len(weights) == 1:
        return Normal(means[0], stds[0])
    return MixtureSameFamily(Categorical(weights), Normal(means, stds))


def estimates(answer: Any, q: Mapping[str, Tensor], p: Mapping[str, Tensor], n: int, calls: int) -> Mapping[str, Any]:
    """What ``calls`` calls returned, as "pairs" of numbers (calls, 2); None if one of them is no pair of numbers."""
    q_given, p_given = distribution(**q), distribution(**p)
    pairs = [_pair(answer(q_given, p_given, n)) for _ in range(calls)]
    return {"pairs": None if None in pairs else torch.tensor(pairs, dtype=torch.float64)}


def _pair(value: Any) -> tuple[float, float] | None:
    try:
        estimate, error = value
        return float(estimate), float(error)
    except (TypeError, ValueError, RuntimeError):  # nothing to unpack, too many parts, or more than one number each
        return None


# The loss -------------------------------------------------------------------------------------------------


def vae_loss(answer: Any, x: Tensor, mu: Tensor, log_sigma: Tensor, weight: Tensor, bias: Tensor) -> Mapping[str, Any]:
    """The loss of pictures ``x`` with these codes, and with codes at the prior, mu = 0 and sigma = 1.

    "z" and "z at the prior" list the codes that were decoded; the decoder is sigmoid(z @ weight + bias). The codes'
    gradients are "d/dmu" and "d/dlog_sigma", None where none arrives.
    """
    seen: dict[str, Any] = {}
    for where, codes in {"": (mu, log_sigma), " at the prior": (torch.zeros_like(mu), torch.zeros_like(mu))}.items():
        decoded: list[Any] = []
        leaves = [code.clone().requires_grad_() for code in codes]
        # As in training, the codes come out of an operation: they are no leaves of the graph.
        value = answer(x.clone(), *(leaf.clone() for leaf in leaves), _decoder(weight, bias, x, decoded))
        if not where and isinstance(value, Tensor) and value.requires_grad:
            value.sum().backward()
            seen |= {"d/dmu": leaves[0].grad, "d/dlog_sigma": leaves[1].grad}
        seen |= {f"value{where}": value, f"z{where}": decoded}
    return {"d/dmu": None, "d/dlog_sigma": None, **seen}


def _decoder(weight: Tensor, bias: Tensor, x: Tensor, decoded: list[Any]) -> Any:
    """A function that gives pictures of the shape of those in ``x``, and notes the codes in ``decoded``."""

    def decode(z: Tensor) -> Tensor:
        decoded.append(z.detach().clone())
        return torch.sigmoid(z @ weight + bias).unflatten(1, x.shape[1:])

    return decode
