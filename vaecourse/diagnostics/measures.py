"""Measures of a VAE on pictures, each a function of its own: all in nats per picture, none of them changes the model.

Every measure looks at a copy of the model, on the CPU and in ``eval()`` mode, and draws from a seed of its own.
"""

import copy
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.svm import SVC
from torch import Tensor, nn
from torch.distributions import Bernoulli, Distribution, Normal

from vaecourse.data import PictureDataset
from vaecourse.models.latent import looking, require_methods
from vaecourse.models.likelihoods import bernoulli
from vaecourse.objectives import kl_by_dimension

MOST_PICTURES = 2000
"""More are not looked at: an even selection is taken."""
FEWEST_PICTURES = 100
"""Fewer say too little: the halves of a two-sample test would have a standard error above 7 %."""
ACTIVE = 0.01
"""Burda et al. (2016, section 4.2): a unit is active if the variance of its mean over the pictures is above this."""
_CHUNK = 500
"""Pictures decoded at a time, which bounds the memory."""
_GREY = 1e-4
"""Nearest that a constant pixel comes to black and to white, where a Bernoulli has no logarithm."""
_STEPS_TO_A_CONSTANT, _FITTED = 50, 500
"""Iterations, and pictures used, where the best constant picture has to be searched for."""


@dataclass(frozen=True)
class Look:
    """A model's copy and what it makes of some pictures."""

    model: nn.Module
    x: Tensor
    """(N, C, H, W)"""
    given: tuple[Tensor, ...]
    """the condition of each picture, for a conditional model; else ()"""
    mean: Tensor
    """of q(z|x), (N, D)"""
    std: Tensor
    """of q(z|x), (N, D)"""
    prior_mean: Tensor
    """of p(z), or of p(z|c), (N, D)"""
    prior_std: Tensor
    """of p(z), or of p(z|c), (N, D)"""
    kl: Tensor
    """KL(q(z|x)‖p(z)) of each picture and dimension, (N, D)"""
    z: Tensor
    """one code for each picture, drawn from q(z|x), (N, D)"""

    def in_units_of_prior(self, z: Tensor) -> Tensor:
        """Codes (N, D) as they would be if the prior were N(0, I)."""
        return (z - self.prior_mean) / self.prior_std

    def from_units_of_prior(self, epsilon: Tensor) -> Tensor:
        """The way back."""
        return self.prior_mean + self.prior_std * epsilon

    def likelihood(self, z: Tensor, which: Tensor | slice = slice(None)) -> Distribution:
        """p(x|z), or p(x|z, c) with the conditions of the pictures ``which``."""
        return self.model.likelihood(z, *(c[which] for c in self.given))

    def error(self, z: Tensor) -> Tensor:
        """-log p(x|z) of each picture, (N,)."""
        parts = torch.arange(len(self.x)).split(_CHUNK)
        return torch.cat([-self.likelihood(z[part], part).log_prob(self.x[part]) for part in parts])

    def decode(self, z: Tensor) -> Tensor:
        """The mean of p(x|z), (N, C, H, W)."""
        parts = torch.arange(len(z)).split(_CHUNK)
        return torch.cat([self.likelihood(z[part], part).mean for part in parts])

    def groups(self) -> list[Tensor]:
        """Picture numbers, those of one class number together; all in one group without class numbers."""
        labels = self.given[0] if self.given else torch.zeros(len(self.x))
        if labels.is_floating_point():
            return [torch.arange(len(self.x))]
        return [(labels == label).nonzero().squeeze(1) for label in labels.unique()]


def look_at(model: nn.Module, data: PictureDataset, c: Tensor | None = None, seed: int = 0) -> Look:
    """What a copy of ``model`` makes of ``data``, at most :data:`MOST_PICTURES` of its pictures.

    Raises:
        TypeError: ``model`` is no VAE, or ``data`` is not a PictureDataset.
        ValueError: ``data`` has too few pictures, or pictures or conditions that the model does not take, or the
            model gives NaN or infinity.
    """
    _check_model(model)
    _check_data(data)
    which = torch.linspace(0, len(data) - 1, min(len(data), MOST_PICTURES)).long()
    given = _conditions(model, data, c, which)
    model = copy.deepcopy(model).cpu().eval()
    dtype = next((value.dtype for value in model.parameters() if value.is_floating_point()), torch.float32)
    x = data.data[which].to(dtype)
    with looking(seed):
        try:
            q, p = model.posterior(x, *given), model.prior(*given)
            z = q.sample()
            kl = kl_by_dimension(q, p)
            model.likelihood(z[:2], *(each[:2] for each in given)).log_prob(x[:2])
        except (ValueError, RuntimeError, TypeError) as error:
            raise ValueError(
                f"data does not fit the model: {type(model).__name__} fails on pictures of shape "
                f"{tuple(data.data.shape[1:])}: {error}"
            ) from error
        prior = (each.expand_as(q.mean) for each in (p.mean, p.stddev))
        look = Look(model, x, given, q.mean, q.stddev, *prior, kl, z)
        if not (kl.isfinite().all() and look.error(z).isfinite().all()):
            raise ValueError("model gives NaN or infinity for some of these pictures: its training has diverged")
    return look


def kl_per_dimension(model: nn.Module, data: PictureDataset) -> Tensor:
    """KL(q(z|x)‖p(z)) of each code dimension, the mean over the pictures: (D,), in nats.

    A conditional model is given the targets as its condition.

    Raises:
        TypeError, ValueError: as for :func:`vaecourse.diagnostics.diagnose`.
    """
    return look_at(model, data).kl.mean(0)


def active_units(model: nn.Module, data: PictureDataset, threshold: float = ACTIVE) -> Tensor:
    """Which code dimensions change with the picture: bool, (D,).

    Burda, Grosse & Salakhutdinov (2016, section 4.2): unit d is active if the variance over the pictures of
    E[z_d|x] is above 0.01. That is meant for the prior N(0, I); under a learned prior p(z|c) the means are taken in
    units of the prior, (E[z_d|x] - m_d(c)) / s_d(c).

    Raises:
        TypeError, ValueError: as for :func:`vaecourse.diagnostics.diagnose`.
    """
    return activity(look_at(model, data)) > threshold


def activity(look: Look) -> Tensor:
    """The variance over the pictures of the mean of each dimension, in units of the prior: (D,)."""
    return look.in_units_of_prior(look.mean).var(0)


def mean_picture_baseline(model: nn.Module, data: PictureDataset) -> float:
    """-log p(x) of the best constant picture under the model's own likelihood, the mean over ``data``, in nats.

    A model that ignores its code can do no better. A conditional model has the best constant picture of each class.

    Raises:
        TypeError, ValueError: as for :func:`vaecourse.diagnostics.diagnose`.
    """
    return baseline(look_at(model, data))


def baseline(look: Look) -> float:
    """As :func:`mean_picture_baseline`."""
    return sum(_constant_error(look, group).sum().item() for group in look.groups()) / len(look.x)


def _constant_error(look: Look, group: Tensor) -> Tensor:
    """-log p(x) of the best constant picture, of each picture in the group: (K,)."""
    x = look.x[group]
    mean = x.mean(0, keepdim=True)
    with looking(0):
        likelihood = look.likelihood(look.z[group], group)
    pixel = getattr(likelihood, "base_dist", None)
    if isinstance(pixel, Bernoulli):
        return -bernoulli(mean.clamp(_GREY, 1 - _GREY).logit()).log_prob(x)
    if isinstance(pixel, Normal) and torch.allclose(pixel.stddev, pixel.stddev[:1]):
        return -Normal(mean, pixel.stddev[:1]).log_prob(x).flatten(1).sum(1)
    return _fitted_constant_error(look, group)


def _fitted_constant_error(look: Look, group: Tensor) -> Tensor:
    """For any other likelihood: the best output of the decoder that is the same for all pictures, by L-BFGS."""
    model, x = look.model, look.x[group]
    if not hasattr(model, "picture_distribution") or not hasattr(model, "decoder"):
        raise TypeError(
            f"model has a likelihood whose best constant picture is not known: {type(model).__name__} needs an "
            "attribute picture_distribution that takes the output of its decoder"
        )
    outputs = []
    hook = model.decoder.register_forward_hook(lambda module, inputs, output: outputs.append(output))
    with looking(0):
        look.likelihood(look.z[group], group)
    hook.remove()
    constant = outputs[0].mean(0, keepdim=True).clone().requires_grad_()

    def error(pictures: Tensor) -> Tensor:
        likelihood = model.picture_distribution(constant.expand(len(pictures), *constant.shape[1:]))
        return -likelihood.log_prob(pictures)

    def step() -> Tensor:
        optimizer.zero_grad()
        loss = error(x[:_FITTED]).mean()
        loss.backward()
        return loss

    optimizer = torch.optim.LBFGS([constant], max_iter=_STEPS_TO_A_CONSTANT, line_search_fn="strong_wolfe")
    with torch.enable_grad():
        optimizer.step(step)
    return torch.cat([error(part).detach() for part in x.split(_CHUNK)])


def shuffled_codes(look: Look) -> Tensor:
    """The codes, each given to another picture: (N, D).

    Under class numbers they stay within their class, so that the label has nothing to do with it; in units of the
    prior, so that a code fits the prior p(z|c) of the picture that it comes to. Draws from torch's generator.
    """
    source = torch.arange(len(look.x))
    for group in look.groups():
        shuffled = group[torch.randperm(len(group))]
        source[shuffled] = shuffled.roll(1)
    return look.from_units_of_prior(look.in_units_of_prior(look.z)[source])


class TwoSampleTest(NamedTuple):
    """How well a classifier tells two sets apart; see :func:`two_sample_test`."""

    accuracy: float
    """on vectors that the classifier was not fitted to"""
    chance: float
    """the accuracy to expect when both sets come from one distribution"""
    standard_error: float
    """of the accuracy, at chance"""


def two_sample_test(a: ArrayLike, b: ArrayLike, seed: int = 0) -> TwoSampleTest:
    """Can a classifier tell two sets of vectors apart? (Lopez-Paz & Oquab, 2017)

    A support vector machine with a Gaussian kernel is fitted to one half of the vectors, both sets evenly, and judged
    by the other half. If both sets come from one distribution, its accuracy over the K vectors of that half is about
    N(1/2, 1/(4K)) (their theorem 1). One width of the kernel serves all columns: bring them to units in which they
    compare.

    Args:
        a: (N, F).
        b: (M, F). Of the larger set, and of sets above 2,000, only a part is used.
        seed: of the halves.

    Raises:
        ValueError: ``a`` and ``b`` are not matrices of as many finite columns, of four rows or more.
    """
    a, b = _checked_vectors(a, b)
    generator = np.random.default_rng(seed)
    count = min(len(a), len(b), MOST_PICTURES)
    parts = [vectors[generator.permutation(len(vectors))[:count]] for vectors in (a, b)]
    half = count // 2
    labels = np.repeat([0, 1], [half, half]), np.repeat([0, 1], [count - half, count - half])
    classifier = SVC()
    classifier.fit(np.concatenate([part[:half] for part in parts]), labels[0])
    accuracy = classifier.score(np.concatenate([part[half:] for part in parts]), labels[1])
    return TwoSampleTest(float(accuracy), 0.5, 0.5 / len(labels[1]) ** 0.5)


def _checked_vectors(a: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    pair = []
    for name, vectors in {"a": a, "b": b}.items():
        vectors = vectors.detach().cpu().numpy() if isinstance(vectors, Tensor) else np.asarray(vectors)
        if vectors.ndim != 2 or len(vectors) < 4 or not np.isfinite(vectors).all():
            raise ValueError(f"{name} takes four finite vectors or more, (N, F), got shape {vectors.shape}")
        pair.append(vectors)
    if pair[0].shape[1] != pair[1].shape[1]:
        raise ValueError(f"a and b take vectors of one length, got {pair[0].shape[1]} and {pair[1].shape[1]}")
    return pair[0], pair[1]


def _check_model(model: nn.Module) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"model takes a VAE or a CVAE, got {type(model).__name__}")
    require_methods(model, "posterior", "prior", "likelihood")
    for name, value in model.state_dict().items():
        if not value.isfinite().all():
            raise ValueError(f"model has NaN or infinity in {name}: its training has diverged")


def _check_data(data: PictureDataset) -> None:
    if not isinstance(data, PictureDataset):
        raise TypeError(f"data takes a PictureDataset, as vaecourse.data.load() gives it, got {type(data).__name__}")
    if len(data) < FEWEST_PICTURES:
        raise ValueError(f"data takes {FEWEST_PICTURES} pictures or more, got {len(data)}")


def _conditions(model: nn.Module, data: PictureDataset, c: Tensor | None, which: Tensor) -> tuple[Tensor, ...]:
    if not getattr(model, "conditional", False):
        if c is not None:
            raise ValueError(f"c is for a conditional model; {type(model).__name__} takes no condition")
        return ()
    c = data.targets if c is None else c
    if not isinstance(c, Tensor) or len(c) != len(data):
        raise ValueError(f"c takes a tensor with a condition for each of the {len(data)} pictures")
    if prod(c.shape) == 0:
        raise ValueError(f"c takes conditions with a number in them, got shape {tuple(c.shape)}")
    return (c[which].cpu(),)
