"""How a model learns: one visible loop for every model of the course."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
"""A term this many times larger than the very first loss counts as exploded."""
BETAS = (0.9, 0.99)
"""Adam's averaging; the shorter memory of the squared gradient keeps up with a rate that changes at every step."""


class TrainingDivergedError(RuntimeError):
    """A term of the loss became NaN, infinite or enormous; ``history`` holds the whole epochs before that."""

    def __init__(self, message: str, history: "History"):
        super().__init__(message)
        self.history = history


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
            (:func:`vaecourse.objectives.default_objective`).
        lr: Adam's learning rate; with the one-cycle schedule, its highest value.
        schedule: "one-cycle" (Smith & Topin, 2019: up over the first 30 % of the steps, then down to nearly 0)
            or None for a constant rate.
        validation: a second dataset, evaluated after every epoch.
        seed: of the order of the pictures and of the noise the model draws.
        device: where to compute; by default :func:`best_device`.
        progress: show a tqdm bar with the device and the terms of the loss.

    Raises:
        ValueError: ``epochs``, ``batch_size``, ``lr`` or ``schedule`` is out of range, or ``data`` is empty.
        TypeError: no objective is given and none belongs to this model.
        TrainingDivergedError: a term of the loss became NaN, infinite or enormous. The model is then back where
            it was before that epoch.
    """
    _check_arguments(data, epochs=epochs, batch_size=batch_size, lr=lr, schedule=schedule)
    objective = objective or default_objective(model)
    home = _device_of(model)
    device = torch.device(device) if device else best_device()
    batches = loader(data, batch_size, shuffle=True, seed=seed)
    steps = epochs * len(batches)
    history = History(device=str(device))
    started = perf_counter()

    with (
        _seeded(seed, device),
        tqdm(total=steps, leave=False, **({} if progress else {"disable": True})) as bar,
    ):
        model.to(device).train()
        optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=BETAS, fused=True)
        scheduler = _scheduler(optimizer, schedule, lr, steps)
        watch = _DivergenceWatch(history, lr)
        try:
            for epoch in range(1, epochs + 1):
                bar.set_description(f"epoch {epoch}/{epochs} on {device}", refresh=False)
                last_good = {name: value.clone() for name, value in model.state_dict().items()}
                means = RunningMeans()
                history.epochs.append(means.values)
                for x, targets in batches:
                    loss = objective(model, x.to(device), targets.to(device))
                    watch(means.add(loss))
                    optimizer.zero_grad()
                    loss.per_picture.mean().backward()
                    optimizer.step()
                    scheduler.step()
                    bar.set_postfix(means.values, refresh=False)
                    bar.update()
                if validation is not None:
                    held_out = evaluate(model, validation, objective, seed=seed, device=device)
                    means.values.update({f"validation {name}": value for name, value in held_out.items()})
        except KeyboardInterrupt:
            history.interrupted = True
            if not means.pictures:
                history.epochs.pop()
        except TrainingDivergedError:
            history.epochs.pop()
            model.load_state_dict(last_good)
            raise
        finally:
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
    home, was_training = _device_of(model), model.training
    device = torch.device(device) if device else home
    means = RunningMeans()
    model.to(device).eval()
    try:
        with _seeded(seed, device):
            for x, targets in loader(data, batch_size, shuffle=False):
                means.add(objective(model, x.to(device), targets.to(device)))
    finally:
        model.to(home).train(was_training)
    return means.values


class _DivergenceWatch:
    """Raises as soon as a batch's loss or one of its terms is NaN, infinite or enormous, and says which."""

    def __init__(self, history: History, lr: float):
        self.history = history
        self.lr = lr
        self.scale: float | None = None
        self.batches = 0

    def __call__(self, batch: dict[str, float]) -> None:
        self.batches += 1
        if self.scale is None:
            self.scale = max(1.0, abs(batch["loss"])) if isfinite(batch["loss"]) else 1.0
        bad = {
            name: value for name, value in batch.items() if not abs(value) <= EXPLODED * self.scale
        }  # "not <=" also holds for NaN
        if not bad:
            return
        culprits = {name: value for name, value in bad.items() if name != "loss"} or bad
        named = " and ".join(f"{name} ({value:.3g})" for name, value in culprits.items())
        raise TrainingDivergedError(
            f"Training stopped at batch {self.batches}, in epoch {len(self.history.epochs)}: {named} is not a number "
            f"that training can go on from (the first loss was {self.scale:.3g}). The model is back where it was "
            f"before this epoch. Try a smaller learning rate than lr={self.lr:g}, and check that the pictures "
            "are finite and in [0, 1].",
            self.history,
        )


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw from ``seed`` inside, and leave the global random state as it was."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _scheduler(optimizer: torch.optim.Optimizer, schedule: str | None, lr: float, steps: int) -> LRScheduler:
    if schedule is None:
        return LambdaLR(optimizer, lambda step: 1.0)
    return OneCycleLR(optimizer, max_lr=lr, total_steps=steps, cycle_momentum=False)


def _device_of(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def _check_arguments(data: Dataset, **numbers: Any) -> None:
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
