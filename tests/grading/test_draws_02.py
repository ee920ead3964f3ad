"""Answers that draw random numbers are judged by statistics: a right one passes whatever is drawn."""

from collections.abc import Callable
from functools import partial

import pytest
import torch

from vaecourse.data import gaussian_noise, salt_and_pepper
from vaecourse.grading.check import examine
from vaecourse.grading.tasks import find_task

SEEDS = range(25)


@pytest.mark.parametrize(
    ("task_id", "right"),
    [("02.add_noise", gaussian_noise), ("02.dead_pixels", salt_and_pepper)],
    ids=["02.add_noise", "02.dead_pixels"],
)
def test_right_noise_passes_whatever_is_drawn(task_id: str, right: Callable):
    task = find_task(task_id)
    for seed in SEEDS:
        answer = partial(right, generator=torch.Generator().manual_seed(seed))
        result = examine(task, answer, seed=f"draw {seed}")
        assert [criterion.mistake for criterion in result.criteria if not criterion.passed] == []
