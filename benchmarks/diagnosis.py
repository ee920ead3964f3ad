"""Is the verdict of ``diagnose`` right? Models whose condition is known because they were made that way.

The condition is decided by how a model is made, never by what is measured on it:

* healthy: beta 0.7 to 1.5, trained for 25 epochs or more, some with a warm-up, cycles, or free bits of 0.05 nats;
* code ignored: beta 100 or more (5,000 or more where the pixel's noise is 0.1, whose squared error counts 50
  times as much), or a decoder that is cut off from its code;
* code not compressed: beta 0 to 0.01;
* undertrained: 3 steps to 3 epochs, at any beta from 0.01 to 3;
* partly collapsed: all but 2 to 4 of 20 dimensions silenced in the encoder or cut off from the decoder, or a beta that
  lies between those of healthy models and those of models that ignore their code.

Left out, because no name would be right: betas of 0.02 to 0.6 and of 2 to 8, between one condition and the next, and
trainings of 4 to 20 epochs.

Everything else of a model is drawn: data, likelihood, conditional or not, prior, code size, layers, number of
pictures, epochs, seed. The thresholds are set by one part of the models; the other part has other draws, and
two kinds that the first never has, letters and a noise of 0.3. It is the test.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import click
import torch
from _mnist import mnist
from sklearn.metrics import confusion_matrix
from torch import Tensor, nn

from vaecourse import fit
from vaecourse.data import DataError, PictureDataset, load
from vaecourse.diagnostics import DIAGNOSES, THRESHOLDS, Report, diagnose
from vaecourse.diagnostics.verdict import HIGH_BETA
from vaecourse.models import CVAE, VAE
from vaecourse.models.likelihoods import bernoulli, gaussian
from vaecourse.objectives import Schedule, cyclical, negative_elbo, warm_up

HEALTHY, IGNORED, NOT_COMPRESSED, UNDERTRAINED, PARTLY = DIAGNOSES
BAR = 0.95
CALIBRATION, TEST = 10, 16
"""Models of each condition."""
LIKELIHOODS = {
    "bernoulli": bernoulli,
    "gaussian": gaussian,
    "gaussian 0.1": partial(gaussian, std=0.1),
    "gaussian 0.3": partial(gaussian, std=0.3),
}
BETWEEN = {"bernoulli": 10.0, "gaussian 0.1": 100.0, "gaussian 0.3": 15.0}
"""Betas between healthy and ignored for pictures of 28 x 28: a fifth to a third of the variance of the data's first
principal component in units of the noise, above which a linear model ignores its code (Lucas et al., 2019). For 8 x 8
it is a third of that. With the noise of the plain squared error there is hardly any room between."""
BATCH = 128


@dataclass(frozen=True)
class Case:
    """How a model is made."""

    truth: str
    data: str
    likelihood: str
    kind: str
    beta: float = 1.0
    schedule: str = ""
    free_bits: float = 0.0
    kept: int | None = None
    """code dimensions that are not silenced"""
    silenced: str = "encoder"
    latent_dim: int = 20
    hidden: tuple[int, ...] = (128,)
    pictures: int = 2000
    epochs: int = 30
    steps: int | None = None
    """a training cut short"""
    seed: int = 0

    def __str__(self) -> str:
        how = [f"{self.data}, {self.likelihood}, {self.kind}", f"D={self.latent_dim}", f"beta={self.beta:g}"]
        if self.schedule:
            how.append(self.schedule)
        if self.free_bits:
            how.append(f"free bits {self.free_bits:g}")
        if self.kept is not None:
            how.append(f"{self.kept} dimensions left by the {self.silenced}")
        how.append(f"{self.steps} steps" if self.steps else f"{self.epochs} epochs of {self.pictures}")
        return ", ".join([*how, f"layers {self.hidden}", f"seed {self.seed}"])


def drawn(condition: str, number: int, draw: random.Random, test: bool) -> Case:
    """One model of a condition; everything that is not the condition is left to chance."""
    data = draw.choice(["strokes", "digits8", *(["mnist"] if has_mnist() else []), *(["letters"] if test else [])])
    likelihoods = ["bernoulli", "bernoulli", "gaussian", "gaussian 0.1", *(["gaussian 0.3"] if test else [])]
    case = Case(
        condition,
        data,
        draw.choice(likelihoods),
        draw.choice(["VAE", "VAE", "CVAE", "CVAE, learned prior"]),
        latent_dim=draw.choice([2, 5, 10, 20, 40]) if data != "digits8" else draw.choice([2, 5, 10, 20]),
        hidden=draw.choice([(64,), (128,), (128, 64)]),
        pictures=draw.choice([2000, 3000]) if data != "digits8" else 1400,
        epochs=draw.choice([25, 40]) if data != "digits8" else draw.choice([40, 60]),
        seed=draw.randrange(1000),
    )
    return MAKERS[condition](case, number, draw)


def healthy(case: Case, number: int, draw: random.Random) -> Case:
    if case.data == "digits8" and case.likelihood == "gaussian":  # at this noise, a label leaves no work for a code
        case = replace(case, likelihood="bernoulli")
    if number % 3 == 0:  # more dimensions than the data need, which a healthy model prunes
        case = replace(case, latent_dim=40 if case.data != "digits8" else 20)
    schedule = ["", "", "warm-up", "cyclical"][number % 4]
    free_bits = 0.05 if number % 5 == 4 else 0.0
    return replace(case, beta=draw.choice([0.7, 1.0, 1.0, 1.5]), schedule=schedule, free_bits=free_bits)


def ignored(case: Case, number: int, draw: random.Random) -> Case:
    if number % 4 == 3:
        return replace(case, kept=0, silenced="decoder")
    return replace(case, beta=draw.choice([100.0, 300.0]) * (50 if case.likelihood == "gaussian 0.1" else 1))


def not_compressed(case: Case, number: int, draw: random.Random) -> Case:
    return replace(case, beta=draw.choice([0.0, 0.001, 0.003, 0.01]))


def undertrained(case: Case, number: int, draw: random.Random) -> Case:
    case = replace(case, beta=draw.choice([0.01, 0.1, 1.0, 1.0, 3.0]))
    if number % 2:
        return replace(case, steps=draw.choice([3, 5, 10]))
    return replace(case, epochs=draw.choice([1, 2, 3]))


def partly(case: Case, number: int, draw: random.Random) -> Case:
    # Small pictures under coins or a wide noise have nothing to say to a fifth dimension: see the docstring of
    # vaecourse.diagnostics.verdict.decide.
    if case.data == "digits8":
        case = replace(case, likelihood="gaussian 0.1")
    elif case.likelihood == "gaussian":
        case = replace(case, likelihood="bernoulli")
    case = replace(case, latent_dim=20)
    if number % 3 == 2:
        return replace(case, beta=BETWEEN[case.likelihood] / (3 if case.data == "digits8" else 1))
    return replace(case, kept=draw.choice([2, 3, 4]), silenced=draw.choice(["encoder", "decoder"]))


MAKERS: Mapping[str, Callable[[Case, int, random.Random], Case]] = {
    HEALTHY: healthy,
    IGNORED: ignored,
    NOT_COMPRESSED: not_compressed,
    UNDERTRAINED: undertrained,
    PARTLY: partly,
}


def cases(each: int, test: bool) -> Iterator[Case]:
    draw = random.Random(2026 if test else 0)
    for condition in DIAGNOSES:
        for number in range(each):
            yield drawn(condition, number, draw, test)


class Mask(nn.Module):
    """Numbers that are let through, and zeros in place of the others."""

    def __init__(self, mask: Tensor):
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.mask


def made(case: Case) -> nn.Module:
    """The model, trained."""
    data = pictures(case.data, "train", case.pictures)
    torch.manual_seed(case.seed)
    settings = {
        "latent_dim": case.latent_dim,
        "hidden": case.hidden,
        "picture_shape": tuple(data.data.shape[1:]),
        "likelihood": LIKELIHOODS[case.likelihood],
    }
    if case.kind == "VAE":
        model = VAE(**settings)
    else:
        model = CVAE(condition_dim=len(data.classes), learned_prior="learned" in case.kind, **settings)
    if case.kept is not None:
        silence(model, case.kept, case.silenced)
    epochs = case.epochs
    if case.steps:
        data, epochs = data.select(slice(0, case.steps * BATCH)), 1
    objective = negative_elbo(scheduled(case), free_bits=case.free_bits)
    fit(model, data, epochs, BATCH, objective=objective, seed=case.seed, progress=False)
    return model


def silence(model: nn.Module, kept: int, where: str) -> None:
    """Let only the first ``kept`` dimensions of the code carry anything."""
    left = (torch.arange(model.latent_dim) < kept).float()
    if where == "encoder":  # mu = 0 and log sigma^2 = 0: the prior
        model.encoder.append(Mask(left.repeat(2)))
    else:
        conditions = model.condition_dim if model.conditional else 0
        model.decoder.insert(0, Mask(torch.cat([left, torch.ones(conditions)])))


def scheduled(case: Case) -> float | Schedule:
    return {"": case.beta, "warm-up": warm_up(case.beta), "cyclical": cyclical(case.beta)}[case.schedule]


@cache
def has_mnist() -> bool:
    try:
        mnist("test")
    except DataError:
        return False
    return True


@cache
def pictures(name: str, split: str, count: int) -> PictureDataset:
    if name == "mnist":
        return mnist(split).select(slice(0, count))
    if name == "letters":
        return load("strokes", split=split, n=count, classes="letters")
    return load(name, split=split, n=count)


def diagnosed(each: int, test: bool, verbose: bool) -> list[tuple[Case, Report]]:
    """Every model of a part with its report; wrong ones are said at once."""
    results = []
    for case in cases(each, test):
        report = diagnose(made(case), pictures(case.data, "test", 2000))
        results.append((case, report))
        if verbose or report.verdict != case.truth:
            click.echo(f"  {case.truth} -> {report.verdict}: {case}\n      {numbers(report.evidence)}")
    return results


def numbers(evidence: Mapping[str, Any]) -> str:
    names = ["kl", "active_units", "idle_dimensions", "reconstruction", "mean_picture", *THRESHOLDS]
    return ", ".join(f"{name} {evidence[name]:.3g}" for name in names)


def print_calibration(results: list[tuple[Case, Report]]) -> None:
    """For each threshold, the nearest models on either side. Each is asked only of models that come so far."""
    in_use = {HEALTHY, NOT_COMPRESSED, PARTLY}
    high = f"implied_beta, idle above {HIGH_BETA:g}"
    asked = {
        # name: evidence, threshold, whether a case lies above, whether it is asked
        "training_gain_in_spreads": (None, None, lambda case: case.truth == UNDERTRAINED, lambda case: True),
        "decoder_use": (None, None, lambda case: case.truth in in_use, lambda case: case.truth != UNDERTRAINED),
        "implied_beta": (None, None, lambda case: case.truth != NOT_COMPRESSED, lambda case: case.truth in in_use),
        high: ("implied_beta", HIGH_BETA, lambda case: case.beta > 2, lambda case: case.truth in {HEALTHY, PARTLY}),
        "idle_share": (None, None, lambda case: case.truth == PARTLY, lambda case: case.truth in {HEALTHY, PARTLY}),
        "idle_worth_share": (
            None,
            None,
            lambda case: case.truth == PARTLY,
            lambda case: case.truth in {HEALTHY, PARTLY},
        ),
    }
    for label, (name, limit, above, comes_so_far) in asked.items():
        name, limit = name or label, limit or THRESHOLDS[label]
        values = {True: [], False: []}
        for case, report in results:
            if comes_so_far(case):
                values[above(case)].append(report.evidence[name])
        below = f"{max(values[False]):.3g}" if values[False] else "-"
        over = f"{min(values[True]):.3g}" if values[True] else "-"
        counts = f"{len(values[False])} models below, {len(values[True])} above"
        click.echo(f"  {label:34} {below:>8} < {limit:.3g} < {over:8} ({counts})")


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="Two models of each condition in each part.")
@click.option("--verbose", is_flag=True, help="Say the numbers of every model.")
def main(quick: bool, verbose: bool) -> None:
    start = time.process_time()
    click.echo("calibration")
    calibration = diagnosed(2 if quick else CALIBRATION, test=False, verbose=verbose)
    print_calibration(calibration)
    click.echo("test")
    tested = diagnosed(2 if quick else TEST, test=True, verbose=verbose)
    truths, verdicts = zip(*((case.truth, report.verdict) for case, report in tested), strict=True)
    click.echo("confusion matrix of the test (rows: the truth, columns: the verdict)")
    click.echo(" " * 22 + "".join(f"{name:>22}" for name in DIAGNOSES))
    for name, row in zip(DIAGNOSES, confusion_matrix(truths, verdicts, labels=DIAGNOSES), strict=True):
        click.echo(f"{name:>22}" + "".join(f"{count:22}" for count in row))
    right = sum(map(str.__eq__, truths, verdicts))
    swapped = Counter(zip(truths, verdicts, strict=True))
    opposite = swapped[IGNORED, NOT_COMPRESSED] + swapped[NOT_COMPRESSED, IGNORED]
    click.echo(f"right: {right} of {len(truths)}, {right / len(truths):.1%}   (bar: at least {BAR:.0%})")
    click.echo(f"collapsed called uncompressed, or the reverse: {opposite}   (bar: none)")
    click.echo(f"{time.process_time() - start:.0f} s of CPU time")
    if right < BAR * len(truths) or opposite:
        raise click.ClickException("the verdicts are not as good as they should be")


if __name__ == "__main__":
    main()
