"""Inputs, codes and networks are drawn at random: the same judgement, whatever comes out."""

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.grading.check import examine
from vaecourse.grading.tasks import find_task
from vaecourse.models import VAE

SEEDS = range(12)


def failed(task_id: str, answer: Callable, seed: int) -> list[str]:
    result = examine(find_task(task_id), answer, seed=f"draw {seed}")
    return [criterion.mistake for criterion in result.criteria if not criterion.passed]


# A linear probe: two mistakes may have the same accuracy by chance, but none has the right one ----------------


def probe(statistics: Callable, unbiased: bool = True, lam: Callable = lambda lam, n: lam) -> Callable:
    """A probe whose codes are standardised with mean and spread of ``statistics(mu, n)``."""

    def probe_accuracy(mu, y, n, lam_given):
        like = statistics(mu, n)
        z = (mu - like.mean(0)) / like.std(0, unbiased=unbiased)
        ones = F.one_hot(y[:n]).float()
        penalty = lam(lam_given, n) * torch.eye(z.shape[1])
        W = torch.linalg.solve(z[:n].T @ z[:n] + penalty, z[:n].T @ ones)
        return ((z[n:] @ W + ones.mean(0)).argmax(1) == y[n:]).double().mean()

    return probe_accuracy


@pytest.mark.parametrize("unbiased", [True, False], ids=["n - 1", "n"])
def test_both_kinds_of_spread_are_right_whatever_the_codes(unbiased):
    for seed in SEEDS:
        assert failed("08.probe_accuracy", probe(lambda mu, n: mu[:n], unbiased), seed) == []


@pytest.mark.parametrize(
    "wrong",
    [probe(lambda mu, n: mu), probe(lambda mu, n: mu[n:]), probe(lambda mu, n: mu[:n], lam=lambda lam, n: lam / n)],
    ids=["all in the statistics", "the others in the statistics", "other penalty"],
)
def test_no_wrong_probe_is_right_by_chance(wrong):
    for seed in SEEDS:
        assert failed("08.probe_accuracy", wrong, seed)


# An attribute: codes that are drawn are told from means -------------------------------------------------------


def adding(encode: Callable, start: Callable) -> Callable:
    """A way to add an attribute, with a direction from codes that ``encode`` gives, to codes that ``start`` gives."""

    def add_attribute(model, x, has, new, amounts):
        codes = encode(model, x)
        a = codes[has].mean(0) - codes[~has].mean(0)
        z = start(model, new)
        return torch.stack([model.decode(z + t * a) for t in amounts], 1)

    return add_attribute


def mean(model, x):
    return model.encode(x)


def drawn(model, x):
    return model.posterior(x).sample()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (adding(mean, mean), []),
        (adding(drawn, mean), ["direction-drawn"]),
        (adding(mean, drawn), ["start-drawn"]),
        (adding(drawn, drawn), ["start-drawn", "direction-drawn"]),
    ],
    ids=["means", "direction drawn", "start drawn", "both drawn"],
)
def test_codes_are_judged_alike_whatever_is_drawn(answer, expected):
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)

        def drawing(*given, generator=generator):
            torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
            return answer(*given)

        assert failed("08.add_attribute", drawing, seed) == expected


# A detector ---------------------------------------------------------------------------------------------------


def detector(seed: int, per_ink: bool) -> Callable:
    def train_detector(x):
        torch.manual_seed(seed)
        model = VAE(8, hidden=(300,), picture_shape=x.shape[1:])
        optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

        def nats(pictures):
            q = model.posterior(pictures)
            log_px = model.likelihood(q.rsample()).log_prob(pictures)
            return torch.distributions.kl_divergence(q, model.prior()) - log_px

        for _ in range(10):
            for batch in torch.randperm(len(x)).split(50):
                optimizer.zero_grad()
                nats(x[batch]).mean().backward()
                optimizer.step()
        return lambda pictures: nats(pictures) / (pictures.flatten(1).sum(1) if per_ink else 1)

    return train_detector


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("per_ink", "expected"), [(True, []), (False, ["less-ink-fewer-nats"])], ids=["ink", "nats"])
def test_a_trained_detector_is_judged_alike_whatever_is_drawn(seed, per_ink, expected):
    assert failed("08.train_detector", detector(seed, per_ink), seed) == expected
