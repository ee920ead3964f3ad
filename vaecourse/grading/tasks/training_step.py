"""What the tasks "one training step" have in common: where the weights went, and what went wrong on the way."""

from collections.abc import Mapping

import torch
from torch import Tensor

from vaecourse.grading.task import Seen, Wrong, close, explain_error

Weights = Mapping[str, Tensor]


def moved(weights: Weights, gradient: Weights, lr: float) -> dict[str, Tensor]:
    """The weights after a step of this length down the gradient."""
    return {name: weights[name] - lr * gradient[name] for name in gradient}


def same(weights: Weights, others: Weights) -> bool:
    """Whether all weights are the same but for rounding."""
    return all(close(weights[name], others[name]) for name in others)


def steps_along(start: Weights, after: Weights, gradient: Weights) -> float:
    """How far the weights went down the gradient, in lengths of the gradient."""
    way, slope = (
        torch.cat([part.flatten() for part in parts])
        for parts in ([start[name] - after[name] for name in gradient], gradient.values())
    )
    return (way @ slope / slope.square().sum()).item()


def explain_no_graph(seen: Seen, ideas: Mapping[str, str]) -> None:
    """Raise Wrong if the call failed because nothing led from the loss back to the weights."""
    explain_error(seen, ("does not require grad",), "no-graph", ideas)


def explain_order(events: list[str], ideas: Mapping[str, str]) -> None:
    """Raise Wrong if the order of calls explains weights that are not where they should be.

    Args:
        events: "forward", "backward", "zero" and "step", as they were called.
        ideas: what to say about each mistake.
    """
    if "backward" not in events:
        raise Wrong.of(ideas, "no-backward")
    if "step" not in events:
        raise Wrong.of(ideas, "no-step")
    if events.count("step") > 1:
        raise Wrong.of(ideas, "several-steps")
    backward, step = events.index("backward"), events.index("step")
    if step < backward and "forward" not in events[step:backward]:  # with a closure, step() itself calls the rest
        raise Wrong.of(ideas, "step-before-backward")
    if "zero" in events[backward:step]:
        raise Wrong.of(ideas, "zeroed-before-step")
