"""Convolutional networks start at random: the same judgement, however they start."""

from collections.abc import Callable
from itertools import count

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.grading.check import examine
from vaecourse.grading.tasks import find_task

SEEDS = range(5)


def as_it_is(values: Tensor) -> Tensor:
    return values


class Network(nn.Module):
    """A convolutional VAE; what comes of mu and logvar, and of m and log_s, at the end is up to the caller."""

    def __init__(
        self,
        latent_dim: int,
        picture_shape: tuple[int, int, int],
        activation: Callable[[], nn.Module] = nn.ReLU,
        encoded: tuple[Callable, Callable] = (as_it_is, as_it_is),
        decoded: tuple[Callable, Callable] = (as_it_is, as_it_is),
        maps: int = 6,
    ):
        super().__init__()
        (channels, *size), self.encoded, self.decoded = picture_shape, encoded, decoded
        small = [(n + 3) // 4 for n in size]
        flat = maps * small[0] * small[1]
        conv = {"kernel_size": 3, "stride": 2, "padding": 1}
        down = [nn.Conv2d(channels, maps, **conv), activation(), nn.Conv2d(maps, maps, **conv), activation()]
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(flat, 2 * latent_dim))
        start = [
            nn.Linear(latent_dim, flat),
            activation(),
            nn.Unflatten(1, (maps, *small)),
            nn.Upsample(scale_factor=2),
        ]
        up = [nn.Conv2d(maps, maps, 3, padding=1), activation(), nn.Upsample(tuple(size))]
        self.decoder = nn.Sequential(*start, *up, nn.Conv2d(maps, 2 * channels, 3, padding=1))

    def encode(self, x: Tensor) -> list[Tensor]:
        return [end(part) for end, part in zip(self.encoded, self.encoder(x).chunk(2, 1), strict=True)]

    def decode(self, z: Tensor) -> list[Tensor]:
        return [end(part) for end, part in zip(self.decoded, self.decoder(z).chunk(2, 1), strict=True)]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({}, []),
        ({"activation": nn.Tanh}, []),
        ({"activation": nn.SiLU, "decoded": (torch.sigmoid, as_it_is)}, []),
        ({"maps": 4, "decoded": (as_it_is, lambda log_s: log_s.clamp(-7, 3))}, []),
        ({"activation": nn.Identity}, ["linear-encoder"]),
        ({"activation": nn.Identity, "encoded": (torch.tanh, torch.tanh)}, ["linear-decoder"]),
        ({"encoded": (as_it_is, torch.exp)}, ["positive-spread"]),
        ({"encoded": (torch.relu, torch.relu)}, ["activation-at-the-end"]),
        ({"encoded": (torch.tanh, as_it_is)}, ["activation-at-the-end"]),
        ({"decoded": (as_it_is, F.softplus)}, ["positive-scale"]),
        ({"decoded": (as_it_is, torch.relu)}, ["positive-scale"]),
        ({"decoded": (torch.tanh, torch.tanh)}, ["activation-at-the-end"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_networks_are_judged_alike_however_they_start(choices, expected):
    for seed in SEEDS:
        starts = count(1_000 * seed)

        def build(*sizes, starts=starts):
            torch.manual_seed(next(starts))
            return Network(*sizes, **choices)

        result = examine(find_task("07.ConvolutionalVAE"), build, seed=f"draw {seed}")
        assert [criterion.mistake for criterion in result.criteria if not criterion.passed] == expected
