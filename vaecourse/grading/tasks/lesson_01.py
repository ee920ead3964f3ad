"""The tasks of lesson 01: the autoencoder."""

import torch

from vaecourse.grading.task import Case, Criterion, Seen, Stage, Task, Wrong, close
from vaecourse.grading.worker import probes


def _squared_error_cases(rng: torch.Generator):
    for name, shape in (("grey pictures", (5, 1, 6, 4)), ("one colour picture", (1, 3, 4, 4))):
        x, x_hat = torch.rand(2, *shape, generator=rng)
        yield Case(name, {"x": x, "x_hat": x_hat})


def _squared_error(case: Case, seen: Seen) -> None:
    value = seen.number("value", "The loss")
    squares = (case["x"] - case["x_hat"]).double().square().flatten(1)
    right = squares.sum(1).mean().item()
    measured = f"On {case.name} your loss is {value:.4f}, the right value is {right:.4f}."
    if close(value, right):
        return
    if close(value, squares.mean().item()):
        idea = "You average over the pixels. Sum over the pixels, then average over the pictures."
        raise Wrong("mean-over-pixels", idea, measured)
    idea = "Square the differences, sum over the pixels of each picture, average over the pictures."
    raise Wrong("other", idea, measured)


TASKS = (
    Task(
        id="01.squared_error",
        answer="squared_error",
        title="The loss",
        criteria=(Criterion("squared differences, summed over pixels, averaged over pictures", 2, _squared_error),),
        stages=(Stage(probes.call, _squared_error_cases),),
    ),
)
