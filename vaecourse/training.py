"""How a model learns: one visible loop for every model of the course."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from math import isfinite
from numbers import Integral, Real
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from vaecourse import plots
from vaecourse.data import loader
from vaecourse.objectives import Loss, Objective, default_objective

EXPLODED = 1000
"""A term this many times larger than the very first loss (or than 1, if that is larger) counts as exploded."""
SHORTEST_CYCLE = 10
"""Steps; a one-cycle schedule of fewer would spend them all at rates near 0."""
BETAS = (0.9, 0.99)
"""Adam's averaging; the shorter memory of the squared gradient keeps up with a rate that changes at every step."""


class TrainingDivergedError(RuntimeError):
    """A term of the loss became NaN, infinite or enormous; ``history`` holds the whole epochs before that."""

    history: "History"


@dataclass
class History:
    """What ``fit`` saw: the mean of each term over each epoch, in the objective's units per picture.

    ``history["loss"]`` is the list over epochs, and so for every term; with validation data there are also
    ``"validation loss"`` and its terms. An epoch that was cut short counts with the batches it had.
    """

    epochs: list[dict[str, float]] = field(default_factory=list)
    device: str = "cpu"
    seconds: float = 0.0
    interrupted: bool = False

    def __getitem__(self, term: str) -> list[float]:
        if term not in self.terms:
            raise KeyError(f"no term {term!r} in this history; it has {', '.join(self.terms) or 'no epochs'}")
        return [epoch[term] for epoch in self.epochs if term in epoch]

    def record(self, epoch: int, means: dict[str, float]) -> None:
        """Keep ``means`` as those of ``epoch`` (1, 2, ...); they may go on changing until the epoch is over."""
        if len(self.epochs) < epoch:
            self.epochs.append(means)

    @property
    def terms(self) -> list[str]:
        """Names of the terms recorded, in the order of the objective."""
        return list(dict.fromkeys(name for epoch in self.epochs for name in epoch))

    def plot(self):
        """One line a term over the epochs, training and validation in one colour; returns the Figure."""
        return plots.history({term: self[term] for term in self.terms})

    def __repr__(self) -> str:
        if not self.epochs:
            return "History of 0 epochs"
        last = ", ".join(f"{name} {value:.2f}" for name, value in self.epochs[-1].items())
        return f"History of {len(self.epochs)} epochs{', interrupted' if self.interrupted else ''}; last: {last}"


@dataclass
class RunningMeans:
    """Means of a loss and its terms over the pictures seen so far."""

    values: dict[str, float] = field(default_factory=dict)
    pictures: int = 0

    def add(self, loss: Loss) -> dict[str, float]:
        """Take in one batch; returns the batch's own means, which cost one transfer from the device."""
        columns = {"loss": loss.per_picture, **loss.terms}
        batch = torch.stack([column.detach() for column in columns.values()]).mean(1).tolist()
        count = len(loss.per_picture)
        self.pictures += count
        for name, value in zip(columns, batch, strict=True):
            old = self.values.get(name, 0.0)
            self.values[name] = old + (value - old) * count / self.pictures
        return dict(zip(columns, batch, strict=True))


def best_device() -> torch.device:
    """The accelerator that is there, CUDA before MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def fit(
    model: nn.Module,
    data: Dataset,
    epochs: int = 10,
    batch_size: int = 128,
    *,
    objective: Objective | None = None,
    lr: float = 5e-3,
    schedule: str | None = "one-cycle",
    validation: Dataset | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> History:
    """Train ``model`` on ``data`` with Adam, and return the history.

    The model is trained in place and is left in ``eval()`` mode on the device it came from. Same seed, same
    model, same data: same result on the same machine; the global random state is left alone. Interrupting
    (the stop button, Ctrl-C) ends training early, keeps what was learned, and returns the history so far.

    Args:
        model: any module that ``objective`` understands.
        data: a map-style dataset of (picture, target); ``vaecourse.data.load(...)`` gives one.
        epochs: passes over the data.
        batch_size: pictures a step.
        objective: ``objective(model, x, targets) -> Loss``; by default the one that belongs to the model
            (:func:`vaecourse.objectives.default_objective`). One with an attribute ``progress`` is told there, before
            every batch, how far the training is, from 0 to 1.
        lr: Adam's learning rate; with the one-cycle schedule, its highest value.
        schedule: "one-cycle" (Smith & Topin, 2019: up over the first 30 % of the steps, then down to nearly 0)
            or None for a constant rate, which trainings of fewer than 10 steps have in any case.
        validation: a second dataset, evaluated after every epoch.
        seed: of the order of the pictures and of the noise the model draws.
        device: where to compute; by default :func:`best_device`.
        progress: show a tqdm bar with the device and the terms of the loss.

    Raises:
        ValueError: ``epochs``, ``batch_size``, ``lr`` or ``schedule`` is out of range, ``data`` is empty, or
            ``model`` has nothing to train.
        TypeError: no objective is given and none belongs to this model.
        TrainingDivergedError: a term of the loss became NaN, infinite or enormous. The model is then back where
            it was before that epoch.
    """
    _check_arguments(model, data, epochs=epochs, batch_size=batch_size, lr=lr, schedule=schedule)
    objective = objective or default_objective(model)
    home, dtype = _home_of(model)
    device = torch.device(device) if device else best_device()
    batches = loader(data, batch_size, shuffle=True, seed=seed)
    steps = epochs * len(batches)
    history = History(device=str(device))
    scheduled = hasattr(objective, "progress")
    started = perf_counter()

    with (
        _seeded(seed, device),
        tqdm(total=steps, leave=False, **({} if progress else {"disable": True})) as bar,
    ):
        try:
            model.to(device).train()
            optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=BETAS, fused=True)
            scheduler = _scheduler(optimizer, schedule, lr, steps)
            watch = _DivergenceWatch(lr)
            for epoch in range(1, epochs + 1):
                bar.set_description(f"epoch {epoch}/{epochs} on {device}", refresh=False)
                last_good = _copy_of_state(model)
                means = RunningMeans()
                for batch, (x, targets) in enumerate(batches):
                    if scheduled:
                        objective.progress = ((epoch - 1) * len(batches) + batch) / steps
                    loss = objective(model, x.to(device, dtype), targets.to(device))
                    watch(means.add(loss), epoch)
                    history.record(epoch, means.values)
                    optimizer.zero_grad()
                    loss.per_picture.mean().backward()
                    optimizer.step()
                    scheduler.step()
                    bar.set_postfix(means.values, refresh=False)
                    bar.update()
                if validation is not None:
                    held_out = evaluate(model, validation, objective, seed=seed, device=device)
                    watch(held_out, epoch)
                    means.values.update({f"{plots.VALIDATION}{name}": value for name, value in held_out.items()})
        except KeyboardInterrupt:
            history.interrupted = True
        except TrainingDivergedError as error:
            del history.epochs[epoch - 1 :]
            error.history = history
            model.load_state_dict(last_good)
            raise
        finally:
            if scheduled:
                objective.progress = 1.0
            model.to(home).eval()
            history.seconds = perf_counter() - started
    return history


@torch.no_grad()
def evaluate(
    model: nn.Module,
    data: Dataset,
    objective: Objective | None = None,
    *,
    batch_size: int = 1000,
    seed: int = 0,
    device: str | torch.device | None = None,
) -> dict[str, float]:
    """Mean loss and terms of ``model`` on ``data``, in the objective's units per picture; nothing is trained.

    ``evaluate(vae, test)["loss"]`` is the negative ELBO in nats per picture. The model's own noise is drawn from
    ``seed``, so two calls agree.

    Args:
        model: as for :func:`fit`; evaluated in ``eval()`` mode and given back in the mode it came in.
        data: a map-style dataset of (picture, target).
        objective: by default the one that belongs to the model.
        batch_size: pictures at a time.
        seed: of the noise the model draws.
        device: where to compute; by default where the model is.
    """
    objective = objective or default_objective(model)
    (home, dtype), was_training = _home_of(model), model.training
    device = torch.device(device) if device else home
    means = RunningMeans()
    model.to(device).eval()
    try:
        with _seeded(seed, device):
            for x, targets in loader(data, batch_size, shuffle=False):
                means.add(objective(model, x.to(device, dtype), targets.to(device)))
    finally:
        model.to(home).train(was_training)
    return means.values


class _DivergenceWatch:
    """Raises as soon as a loss or one of its terms is NaN, infinite or enormous, and says which."""

    def __init__(self, lr: float):
        self.lr = lr
        self.first: float | None = None

    def __call__(self, means: dict[str, float], epoch: int) -> None:
        self.first = means["loss"] if self.first is None else self.first
        largest = EXPLODED * max(1.0, abs(self.first)) if isfinite(self.first) else EXPLODED
        bad = {name: value for name, value in means.items() if not abs(value) <= largest}  # NaN fails too
        if not bad:
            return
        named = " and ".join(f"{name} ({bad[name]:.3g})" for name in bad if name != "loss" or len(bad) == 1)
        raise TrainingDivergedError(
            f"Training stopped in epoch {epoch}: {named} is nothing that training can go on from; the first loss was "
            f"{self.first:.3g}. The model is back where it was before this epoch. Try a smaller learning rate than "
            f"lr={self.lr:g}, and check that the pictures are finite and in [0, 1]."
        )


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw from ``seed`` inside, and leave the global random state of every device as it was."""
    # torch.manual_seed seeds all devices; asking an unused CUDA for its state would only start it.
    cuda = device.type == "cuda" or torch.cuda.is_initialized()
    mps_state = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if cuda else []):
        torch.manual_seed(seed)
        try:
            yield
        finally:
            if mps_state is not None:  # fork_rng knows only one kind of accelerator
                torch.mps.set_rng_state(mps_state)


def _scheduler(optimizer: torch.optim.Optimizer, schedule: str | None, lr: float, steps: int) -> LRScheduler:
    if schedule is None or steps < SHORTEST_CYCLE:
        return LambdaLR(optimizer, lambda step: 1.0)
    return OneCycleLR(optimizer, max_lr=lr, total_steps=steps, cycle_momentum=False)


def _home_of(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Where a model is and what it computes in; a model without numbers of its own is on the CPU, in float32."""
    for values in chain(model.parameters(), model.buffers()):
        if values.is_floating_point():
            return values.device, values.dtype
    return torch.device("cpu"), torch.float32


def _copy_of_state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def _check_arguments(model: nn.Module, data: Dataset, **numbers: Any) -> None:
    for name in ("epochs", "batch_size"):
        value = numbers[name]
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} takes a positive integer, got {value!r}")
    if not isinstance(numbers["lr"], Real) or not 0 < numbers["lr"] < float("inf"):
        raise ValueError(f"lr takes a positive number, got {numbers['lr']!r}")
    if numbers["schedule"] not in ("one-cycle", None):
        raise ValueError(f'schedule takes "one-cycle" or None, got {numbers["schedule"]!r}')
    if len(data) == 0:
        raise ValueError("data is empty: fit needs at least one picture")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError(f"model has nothing to train: no parameter of this {type(model).__name__} takes a gradient")
