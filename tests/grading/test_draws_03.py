"""Answers that draw noise are judged by statistics: the same judgement, whatever is drawn."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.grading.check import examine
from vaecourse.grading.tasks import find_task

SEEDS = range(12)


def drawing(seed: int, scale: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """A way to draw z, with noise of its own."""
    generator = torch.Generator().manual_seed(seed)
    return lambda mu, logvar: mu + scale(mu, logvar) * torch.randn(mu.shape, generator=generator)


def stepping(draw: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """A training step with this way to draw z."""

    def train_step(model, optimizer, x):
        mu, logvar = model.encode(x)
        logits = model.decode(draw(mu, logvar))
        error = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)
        loss = (error + 0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return train_step


@pytest.mark.parametrize(
    ("scale", "mistake"),
    [
        (lambda mu, logvar: torch.exp(logvar / 2), None),
        (lambda mu, logvar: torch.exp(logvar), "variance-as-sigma"),
        (lambda mu, logvar: mu, "mu-scaled"),
        (lambda mu, logvar: logvar, "logvar-as-sigma"),
        (lambda mu, logvar: torch.ones_like(mu), "sigma-missing"),
    ],
    ids=["right", "variance", "mu", "logvar", "one"],
)
@pytest.mark.parametrize(
    ("task_id", "answer"), [("03.reparameterize", lambda draw: draw), ("03.train_step", stepping)], ids=["z", "step"]
)
def test_noise_is_judged_alike_whatever_is_drawn(task_id, answer, scale, mistake):
    for seed in SEEDS:
        result = examine(find_task(task_id), answer(drawing(seed, scale)), seed=f"draw {seed}")
        failed = [criterion.mistake for criterion in result.criteria if not criterion.passed]
        assert (mistake in failed) if mistake else (failed == [])
