"""Networks start, and codes are drawn, at random: the same judgement, whatever comes out."""

from collections.abc import Callable
from itertools import count

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.grading.check import examine
from vaecourse.grading.tasks import find_task
from vaecourse.models import CVAE

SEEDS = range(15)


def one_hot(c, num_classes):
    return F.one_hot(c, num_classes).float()


def number(c, num_classes):
    return c[:, None].float()


def share(c, num_classes):
    return c[:, None] / num_classes


class Network(nn.Module):
    """A conditional VAE whose label goes in as ``features`` gives it."""

    def __init__(self, features, activation, latent_dim, hidden, picture_shape, num_classes):
        super().__init__()
        self.features = lambda c: features(c, num_classes)
        pixels, width = torch.Size(picture_shape).numel(), self.features(torch.zeros(1, dtype=torch.int64)).shape[1]
        narrow = [nn.Linear(pixels + width, hidden), activation()]
        self.encoder = nn.Sequential(*narrow, nn.Linear(hidden, 2 * latent_dim))
        widen = [nn.Linear(latent_dim + width, hidden), activation()]
        self.decoder = nn.Sequential(*widen, nn.Linear(hidden, pixels), nn.Unflatten(1, picture_shape))

    def encode(self, x, c):
        return self.encoder(torch.cat([x.flatten(1), self.features(c)], 1)).chunk(2, 1)

    def decode(self, z, c):
        return self.decoder(torch.cat([z, self.features(c)], 1))


def failed(task_id: str, answer: Callable, seed: int) -> list[str]:
    result = examine(find_task(task_id), answer, seed=f"draw {seed}")
    return [criterion.mistake for criterion in result.criteria if not criterion.passed]


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.SiLU])
@pytest.mark.parametrize(
    ("features", "expected"), [(one_hot, []), (number, ["class-number"]), (share, ["class-number"])]
)
def test_networks_are_judged_alike_however_they_start(features, activation, expected):
    for seed in SEEDS:
        starts = count(1_000 * seed)

        def build(*sizes, starts=starts):
            torch.manual_seed(next(starts))
            return Network(features, activation, *sizes)

        assert failed("06.ConditionalVAE", build, seed) == expected


def swapping(encode: Callable, again: Callable | None = None) -> Callable:
    """A way to swap labels with a code that ``encode`` gives once, or ``again`` gives for every label."""

    def swap_labels(model, x, c, num_classes):
        z = encode(model, x, c)
        labels = [torch.full_like(c, k) for k in range(num_classes)]
        codes = [again(model, x, label, c) if again else z for label in labels]
        return torch.stack([model.decode(*pair) for pair in zip(codes, labels, strict=True)], 1)

    return swap_labels


def own(model, x, c):
    return model.encode(x, c)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (swapping(own), []),
        (swapping(lambda model, x, c: model.posterior(x, c).sample()), ["drawn-once"]),
        (swapping(own, lambda model, x, new, c: model.posterior(x, c).sample()), ["drawn-anew"]),
        (swapping(own, lambda model, x, new, c: model.encode(x, new)), ["other-label-encoded"]),
        (swapping(own, lambda model, x, new, c: model.prior(c).sample()), ["not-this-picture"]),
    ],
    ids=["the mean", "drawn once", "drawn anew", "new label", "prior"],
)
def test_codes_are_judged_alike_whatever_is_drawn(answer, expected):
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)

        def drawing(*given, generator=generator):
            torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
            return answer(*given)

        assert failed("06.swap_labels", drawing, seed) == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_trained_generator_passes_whatever_is_drawn(seed):
    def train_generator(x, c, num_classes):
        torch.manual_seed(seed)
        model = CVAE(num_classes, 2, hidden=(300,), picture_shape=x.shape[1:])
        optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
        for _ in range(15):
            for batch in torch.randperm(len(x)).split(50):
                q = model.posterior(x[batch], c[batch])
                log_px = model.likelihood(q.rsample(), c[batch]).log_prob(x[batch])
                loss = (torch.distributions.kl_divergence(q, model.prior(c[batch])) - log_px).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return model.sample

    assert failed("06.train_generator", train_generator, seed) == []
