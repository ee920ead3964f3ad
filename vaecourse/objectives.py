"""What a model should do: objectives, in nats (or squared pixels) per picture.

Everywhere in the course: *sum over dimensions, mean over pictures*. A function here sums over the
dimensions and returns one number a picture; :func:`vaecourse.training.fit` takes the mean.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from torch import Tensor, nn
from torch.distributions import kl_divergence
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.models.latent import require_methods


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


def elbo(model: nn.Module, x: Tensor, beta: float = 1.0) -> ELBO:
    """The evidence lower bound of Kingma & Welling (2014, eq. 3), with the weight beta of Higgins et al. (2017).

    The expectation over q(z|x) is taken at one sample, z = mu + sigma * epsilon, which lets the gradient through
    (their eq. 4); the KL is the closed form.

    Args:
        model: anything with ``posterior(x)``, ``prior()`` and ``likelihood(z)``.
        x: pictures, (N, C, H, W), in [0, 1].
        beta: weight of the KL; 1 is the bound on log p(x).

    Returns:
        An :class:`ELBO` of three (N,) tensors, in nats.

    Raises:
        TypeError: ``model`` lacks one of the three distributions.
    """
    require_methods(model, "posterior", "prior", "likelihood")
    q = model.posterior(x)
    z = q.rsample()
    reconstruction = model.likelihood(z).log_prob(x)
    kl = kl_divergence(q, model.prior())
    return ELBO(reconstruction - beta * kl, reconstruction, kl)


def negative_elbo(beta: float = 1.0) -> Objective:
    """The VAE's loss, -ELBO, as an objective for ``fit``: its terms are -log p(x|z) and KL, in nats."""

    def objective(model: nn.Module, x: Tensor, targets: Tensor) -> Loss:
        value, reconstruction, kl = elbo(model, x, beta)
        return Loss(-value, {"reconstruction": -reconstruction, "KL": kl})

    return objective


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
