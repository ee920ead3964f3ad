"""What a model should do: objectives, in nats (or squared pixels) per picture.

Everywhere in the course: *sum over dimensions, mean over pictures*. A function here sums over the
dimensions and returns one number a picture; :func:`vaecourse.training.fit` takes the mean.
"""

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, kl_divergence
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.models.latent import looking, require_methods


class ELBO(NamedTuple):
    """The evidence lower bound and its two terms, one number a picture, in nats; each of shape (N,)."""

    elbo: Tensor
    """reconstruction - beta * kl"""
    reconstruction: Tensor
    """log p(x|z) at one z drawn from q(z|x)"""
    kl: Tensor
    """KL(q(z|x) || p(z)), before beta"""


class Loss(NamedTuple):
    """What :func:`vaecourse.training.fit` minimises, and what it shows."""

    per_picture: Tensor
    """(N,), to be averaged over the batch"""
    terms: Mapping[str, Tensor] = MappingProxyType({})
    """its named parts, (N,) each; none when the loss has only one"""


Objective = Callable[[nn.Module, Tensor, Tensor], Loss]
"""``objective(model, x, targets)``, with x of shape (N, C, H, W) and targets (N,)."""


Schedule = Callable[[float], float]
"""``schedule(progress) -> beta``: the weight of the KL when a training has come from 0 (its start) to 1 (its end)."""


def elbo(model: nn.Module, x: Tensor, beta: float = 1.0, c: Tensor | None = None) -> ELBO:
    """The evidence lower bound of Kingma & Welling (2014, eq. 3), with the weight beta of Higgins et al. (2017).

    The expectation over q(z|x) is taken at one sample, z = mu + sigma * epsilon, which lets the gradient through
    (their eq. 4); the KL is the closed form.

    Args:
        model: anything with ``posterior(x)``, ``prior()`` and ``likelihood(z)``.
        x: pictures, (N, C, H, W), in [0, 1].
        beta: weight of the KL; 1 is the bound on log p(x).
        c: the condition, for a conditional model, which is given to all three distributions; the bound is then one on
            log p(x|c) (Sohn, Lee & Yan, 2015, eq. 4).

    Returns:
        An :class:`ELBO` of three (N,) tensors, in nats.

    Raises:
        TypeError: ``model`` lacks one of the three distributions.
    """
    require_methods(model, "posterior", "prior", "likelihood")
    given = () if c is None else (c,)
    q = model.posterior(x, *given)
    z = q.rsample()
    reconstruction = model.likelihood(z, *given).log_prob(x)
    kl = kl_divergence(q, model.prior(*given))
    return ELBO(reconstruction - beta * kl, reconstruction, kl)


def kl_by_dimension(q: Distribution, p: Distribution) -> Tensor:
    """KL(q‖p) of two diagonal Gaussians over codes, each dimension by itself: (N, D), in nats.

    Raises:
        TypeError: ``q`` or ``p`` is not a distribution with independent dimensions.
    """
    for name, distribution in {"q": q, "p": p}.items():
        if not isinstance(distribution, Independent):
            raise TypeError(
                f"{name} takes a distribution with independent dimensions, got {type(distribution).__name__}"
            )
    return kl_divergence(q.base_dist, p.base_dist)


def negative_elbo(beta: float | Schedule = 1.0, free_bits: float = 0.0) -> Objective:
    """The VAE's loss, -ELBO, as an objective for ``fit``: its terms are -log p(x|z) and KL, in nats.

    A conditional model is given the targets as its condition. The terms are always the plain ones, whatever beta and
    the free bits are. The objective has an attribute ``progress``, from 0 to 1, at which it reads a schedule; ``fit``
    moves it on and leaves it at 1.

    Args:
        beta: weight of the KL, 0 or more, or a schedule (:func:`warm_up`, :func:`cyclical`).
        free_bits: nats of KL that cost nothing, in each code dimension (Kingma et al., 2016, eq. 15): a dimension
            whose KL, averaged over the batch, is below that is not pushed further down.

    Raises:
        ValueError: ``beta`` or ``free_bits`` is negative or not a number.
    """
    schedule = beta if callable(beta) else _constant(_checked_number("beta", beta))
    _checked_number("free_bits", free_bits)

    def objective(model: nn.Module, x: Tensor, targets: Tensor) -> Loss:
        given = (targets,) if getattr(model, "conditional", False) else ()
        weight = schedule(objective.progress)
        if not free_bits:
            value, reconstruction, kl = elbo(model, x, weight, *given)
            return Loss(-value, {"reconstruction": -reconstruction, "KL": kl})
        q = model.posterior(x, *given)
        error = -model.likelihood(q.rsample(), *given).log_prob(x)
        kl = kl_by_dimension(q, model.prior(*given))
        charged = torch.where(kl.mean(0) > free_bits, kl, free_bits).sum(1)
        return Loss(error + weight * charged, {"reconstruction": error, "KL": kl.sum(1)})

    objective.progress = 1.0
    return objective


def importance_log_weights(model: nn.Module, x: Tensor, samples: int, c: Tensor | None = None) -> Tensor:
    """log w = log p(x|z) + log p(z) - log q(z|x) at codes z drawn from q(z|x), in nats.

    The mean of w over draws is an estimate of p(x) without bias; the mean of log w is the ELBO.

    Args:
        model: anything with ``posterior(x)``, ``prior()`` and ``likelihood(z)``.
        x: pictures, (N, C, H, W).
        samples: how many draws for each picture.
        c: the condition, for a conditional model; then p(x|c).

    Returns:
        (samples, N). The gradient passes the draws.

    Raises:
        TypeError: ``model`` lacks one of the three distributions.
        ValueError: ``samples`` is not a positive integer.
    """
    require_methods(model, "posterior", "prior", "likelihood")
    _checked_samples(samples)
    given = () if c is None else (c,)
    q = model.posterior(x, *given)
    z = q.rsample((samples,))  # (samples, N, D)
    repeated = [t.repeat(samples, *(1 for _ in t.shape[1:])) for t in given]
    # Codes and pictures as one long batch, because a likelihood takes (N, D).
    log_px = (
        model.likelihood(z.flatten(0, 1), *repeated).log_prob(x.repeat(samples, 1, 1, 1)).unflatten(0, (samples, -1))
    )
    return log_px + model.prior(*given).log_prob(z) - q.log_prob(z)


def iwae_bound(model: nn.Module, x: Tensor, samples: int, c: Tensor | None = None) -> Tensor:
    """The importance-weighted bound log (1/K) sum_k w_k <= log p(x) (Burda, Grosse & Salakhutdinov, 2016, eq. 8).

    With K = 1 it is the ELBO with the KL estimated at one draw; it rises with K.

    Args:
        model, x, c: as for :func:`importance_log_weights`.
        samples: K.

    Returns:
        (N,), in nats.
    """
    return torch.logsumexp(importance_log_weights(model, x, samples, c), dim=0) - math.log(samples)


def negative_iwae(samples: int) -> Objective:
    """The loss of an importance-weighted autoencoder, minus :func:`iwae_bound`, as an objective for ``fit``.

    Raises:
        ValueError: ``samples`` is not a positive integer.
    """
    _checked_samples(samples)

    def objective(model: nn.Module, x: Tensor, targets: Tensor) -> Loss:
        given = (targets,) if getattr(model, "conditional", False) else ()
        return Loss(-iwae_bound(model, x, samples, *given))

    return objective


AT_ONCE = 10_000
"""Codes that :func:`log_likelihood` decodes at a time."""


def log_likelihood(model: nn.Module, x: Tensor, samples: int = 500, c: Tensor | None = None, seed: int = 0) -> Tensor:
    """An estimate of log p(x) by importance sampling from q(z|x): :func:`iwae_bound` with many draws.

    It is a lower bound in expectation, and tight where q is near the true posterior. It takes ``samples`` passes of
    the decoder for each picture, in parts that need little memory, and no gradient.

    Args:
        model, x, c: as for :func:`importance_log_weights`.
        samples: draws for each picture.
        seed: of the draws; the global random state is left alone.

    Returns:
        (N,), in nats.
    """
    _checked_samples(samples)
    part = max(1, AT_ONCE // max(1, len(x)))
    with looking(seed):
        sizes = [min(part, samples - done) for done in range(0, samples, part)]
        sums = torch.stack([torch.logsumexp(importance_log_weights(model, x, size, c), dim=0) for size in sizes])
    return torch.logsumexp(sums, dim=0) - math.log(samples)


def bits_per_dim(log_prob: Tensor, dimensions: int) -> Tensor:
    """-log2 p(x) divided by the number of dimensions of x, which is what compressing x would cost for each of them.

    Args:
        log_prob: log p(x) or a bound on it, in nats, any shape. p must be a probability over the 256 levels: the
            density of pictures in [0, 1] has other bits.
        dimensions: C * H * W.

    Raises:
        ValueError: ``dimensions`` is not a positive integer.
    """
    if not isinstance(dimensions, Integral) or isinstance(dimensions, bool) or dimensions < 1:
        raise ValueError(f"dimensions takes a positive integer, got {dimensions!r}")
    return -log_prob / (dimensions * math.log(2))


def warm_up(beta: float = 1.0, share: float = 0.5) -> Schedule:
    """Beta rises in a straight line from 0 over the first ``share`` of the training (Bowman et al., 2016).

    Raises:
        ValueError: ``beta`` is negative, or ``share`` is not in (0, 1].
    """
    beta, share = _checked_number("beta", beta), _checked_share(share)
    return lambda progress: beta * min(1.0, progress / share)


def cyclical(beta: float = 1.0, cycles: int = 4, share: float = 0.5) -> Schedule:
    """:func:`warm_up` again and again: beta falls to 0 at the start of each cycle (Fu et al., 2019).

    Args:
        beta: where it rises to in each cycle.
        cycles: how many there are.
        share: of each cycle, over which it rises; for the rest it stays at ``beta``.

    Raises:
        ValueError: ``beta`` is negative, ``cycles`` is not a positive integer, or ``share`` is not in (0, 1].
    """
    if not isinstance(cycles, Integral) or isinstance(cycles, bool) or cycles < 1:
        raise ValueError(f"cycles takes a positive integer, got {cycles!r}")
    rise = warm_up(beta, share)
    # At progress 1 the last cycle is over; a new one would begin at beta 0.
    return lambda progress: rise(progress * cycles % 1 if progress < 1 else 1.0)


def _constant(beta: float) -> Schedule:
    return lambda progress: beta


def _checked_number(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < math.inf:
        raise ValueError(f"{name} takes a number that is 0 or more, got {value!r}")
    return value


def _checked_samples(samples: int) -> None:
    if not isinstance(samples, Integral) or isinstance(samples, bool) or samples < 1:
        raise ValueError(f"samples takes a positive integer, got {samples!r}")


def _checked_share(share: float) -> float:
    if not 0 < _checked_number("share", share) <= 1:
        raise ValueError(f"share takes a number above 0 and up to 1, got {share!r}")
    return share


def squared_error(model: nn.Module, x: Tensor, targets: Tensor | None = None) -> Loss:
    """The autoencoder's loss: ||x - x̂||^2, summed over pixels and channels, (N,) in squared grey levels."""
    error = F.mse_loss(model(x), x, reduction="none").flatten(1).sum(1)
    return Loss(error)


def cross_entropy(model: nn.Module, x: Tensor, targets: Tensor) -> Loss:
    """The classifier's loss: -log p(target|x), (N,) in nats."""
    return Loss(F.cross_entropy(model(x), targets, reduction="none"))


def psnr(x: Tensor, y: Tensor) -> Tensor:
    """Peak signal-to-noise ratio, 10 log10(1 / MSE), of pictures whose largest value is 1.

    The MSE is the mean over the pixels and channels of one picture. Higher is better; 10 dB more is a tenth of the
    squared error. Equal pictures have an infinite ratio. It is the same both ways round.

    Args:
        x: pictures, (N, C, H, W), in [0, 1].
        y: as many others of the same size.

    Returns:
        (N,), in decibels (dB).

    Raises:
        ValueError: ``x`` and ``y`` are not of one shape (N, C, H, W).
    """
    if x.ndim != 4 or x.shape != y.shape:
        raise ValueError(f"x and y take pictures of one shape (N, C, H, W), got {tuple(x.shape)} and {tuple(y.shape)}")
    return -10 * (x - y).square().flatten(1).mean(1).log10()


def default_objective(model: nn.Module) -> Objective:
    """The objective that belongs to a model: -ELBO if it has a prior, squared error if it only encodes and decodes.

    Raises:
        TypeError: the model has neither, so ``objective=`` must be given.
    """
    if hasattr(model, "prior"):
        require_methods(model, "posterior", "prior", "likelihood")
        return negative_elbo()
    if hasattr(model, "encode") and hasattr(model, "decode"):
        return squared_error
    raise TypeError(
        f"{type(model).__name__} has neither prior() nor encode() and decode(): say what it should learn, "
        "for instance objective=vaecourse.objectives.cross_entropy"
    )
