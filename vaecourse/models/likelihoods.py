"""Distributions over pictures and codes, ready-made for the models.

Each function returns an ordinary :mod:`torch.distributions` object whose ``log_prob`` sums over the
dimensions of one picture (or of one code) and so has one number, in nats, for each picture.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.distributions import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Distribution,
    Independent,
    MixtureSameFamily,
    Normal,
    constraints,
)
from torch.distributions.utils import broadcast_all

from vaecourse.models.grey_levels import LEVELS, Discretized, GreyLevels, Logistic

PICTURE_DIMS = 3
"""A picture's event dimensions: channels, height, width."""


def bernoulli(logits: Tensor) -> Independent:
    """p(x|z) with one coin per pixel: log p(x|z) = sum_i x_i log m_i + (1 - x_i) log(1 - m_i), m = sigmoid(logits).

    Pixels between 0 and 1 are allowed, as in Kingma & Welling (2014, appendix C.1); the sum is then a
    cross-entropy rather than the log of a normalised density.

    Args:
        logits: (N, C, H, W), any real numbers.
    """
    return Independent(PixelBernoulli(logits=logits, validate_args=False), PICTURE_DIMS, validate_args=False)


class PixelBernoulli(Bernoulli):
    """torch's Bernoulli with a ``log_prob`` about twice as fast on a CPU, where it is the costliest step after the
    matrix products of a small VAE. Values may be any numbers in [0, 1].
    """

    def log_prob(self, value: Tensor) -> Tensor:
        return _BernoulliLogProb.apply(*broadcast_all(self.logits, value))


class _BernoulliLogProb(torch.autograd.Function):
    """x l - softplus(l), with softplus(l) = max(l, 0) - log(max(m, 1 - m)) and m = sigmoid(l).

    A library softplus calls log1p to keep its *relative* precision near 0; in a sum over pixels the absolute error
    of the plain log, below 1e-7, is what counts, and the plain log is several times faster. The gradient, x - m,
    needs no function of its own.
    """

    @staticmethod
    def forward(ctx, logits: Tensor, value: Tensor) -> Tensor:
        mean = torch.sigmoid(logits)
        ctx.save_for_backward(logits, mean, value)
        return torch.maximum(mean, 1 - mean).log_().sub_(logits.clamp(min=0)).addcmul_(value, logits)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        logits, mean, value = ctx.saved_tensors
        grad_value = grad * logits if ctx.needs_input_grad[1] else None
        return (value - mean).mul_(grad), grad_value


def gaussian(mean: Tensor, std: float | Tensor = 0.5**0.5) -> Independent:
    """p(x|z) = N(mean, std^2 I): the likelihood behind the squared error.

    -log p(x|z) = ||x - mean||^2 / (2 std^2) + (d/2) log(2 pi std^2) for d pixels, so the default
    std = sqrt(1/2) makes it the plain squared error plus a constant.

    Args:
        mean: (N, C, H, W).
        std: standard deviation of a pixel, one number or a tensor that broadcasts to ``mean``.
    """
    return Independent(Normal(mean, std, validate_args=False), PICTURE_DIMS, validate_args=False)


def gaussian_per_pixel(output: Tensor, least_std: float = 0.0) -> Independent:
    """p(x|z) = N(mean, diag(std^2)), where the decoder says how sure it is of each pixel.

    A density may be as large as it likes where a pixel never changes: without a floor under ``std`` the log-likelihood
    has no maximum.

    Args:
        output: (N, 2C, H, W), the means and then logvar = log std^2.
        least_std: floor under the standard deviation: std^2 = exp(logvar) + least_std^2.
    """
    mean, logvar = output.chunk(2, dim=1)
    return gaussian(mean, (logvar.exp() + least_std**2).sqrt())


def continuous_bernoulli(logits: Tensor) -> Independent:
    """:func:`bernoulli` with the constant that makes it a density on [0, 1] (Loaiza-Ganem & Cunningham, 2019, eq. 3).

    Its mean is not sigmoid(logits).

    Args:
        logits: (N, C, H, W), any real numbers.
    """
    return Independent(ContinuousBernoulli(logits=logits, validate_args=False), PICTURE_DIMS, validate_args=False)


def softmax(logits: Tensor) -> Independent:
    """p(x|z) with 256 numbers for every pixel, one for each grey level, and a softmax over them.

    Args:
        logits: (N, 256 C, H, W), all levels of the first channel first.
    """
    levels = GreyLevels(_per_channel(logits, LEVELS), validate_args=False)
    return Independent(levels, PICTURE_DIMS, validate_args=False)


def logistic_mixture(output: Tensor, components: int = 5, least_scale: float = 1e-3) -> Independent:
    """p(x|z) with a mixture of discretized logistic distributions for every pixel (Salimans et al., 2017, eq. 2).

    In a picture with colours each channel has a mixture of its own, which does not look at the others (the paper's
    does).

    Args:
        output: (N, 3 K C, H, W) for K components: of each channel first the K weights (logits), then K places, then
            K log scales. The components start evenly spread over the grey levels: at an output of 0, component k lies
            at (k + 1/2) / K, with a scale of 1/(4 K).
        components: K.
        least_scale: floor under the scales, in grey levels from 0 to 1; a quarter of the step between two levels by
            default.

    Raises:
        ValueError: the output's channels are no multiple of 3 K.
    """
    weights, places, log_scale = _per_channel(output, 3 * components).chunk(3, dim=-1)
    start = (torch.arange(components, dtype=output.dtype, device=output.device) + 0.5) / components
    scale = log_scale.exp() / (4 * components) + least_scale
    mixture = MixtureSameFamily(
        Categorical(logits=weights, validate_args=False),
        Logistic(start + places, scale, validate_args=False),
        validate_args=False,
    )
    return Independent(Discretized(mixture), PICTURE_DIMS, validate_args=False)


def discretized(px: Independent) -> Independent:
    """p(x|z) as a distribution over the 256 grey levels: what a density gives to each level, and the tails.

    So all likelihoods are on the same footing. One that is over the levels already is returned as it is.

    Args:
        px: a likelihood over pictures, batch (N,), event (C, H, W).

    Raises:
        TypeError: ``px`` is of a kind that :class:`vaecourse.models.grey_levels.Discretized` does not take; the
            Bernoulli is not, because for grey values it is no density.
    """
    if px.base_dist.has_enumerate_support and not isinstance(px.base_dist, Bernoulli):
        return px
    return Independent(Discretized(px.base_dist), px.reinterpreted_batch_ndims, validate_args=False)


def _per_channel(output: Tensor, numbers: int) -> Tensor:
    """A decoder's output (N, numbers * C, H, W) as (N, C, H, W, numbers): a pixel's numbers side by side."""
    if output.shape[1] % numbers:
        raise ValueError(
            f"output must have {numbers} channels for each channel of the pictures, got {tuple(output.shape)}"
        )
    return output.unflatten(1, (-1, numbers)).movedim(2, -1)


def diagonal_normal(mean: Tensor, std: Tensor) -> Independent:
    """N(mean, diag(std^2)) over codes: ``mean`` and ``std`` of shape (N, D), ``log_prob`` of shape (N,)."""
    return Independent(Normal(mean, std, validate_args=False), 1, validate_args=False)


class Point(Distribution):
    """All probability on one point: the "posterior" of a plain autoencoder.

    Args:
        value: the point, (N, D). Sampling returns it, gradients included.
    """

    arg_constraints = {"value": constraints.real_vector}  # noqa: RUF012 (torch's own convention)
    has_rsample = True

    def __init__(self, value: Tensor):
        self.value = value
        super().__init__(value.shape[:-1], value.shape[-1:], validate_args=False)

    @property
    def mean(self) -> Tensor:
        return self.value

    @property
    def stddev(self) -> Tensor:
        return torch.zeros_like(self.value)

    @property
    def variance(self) -> Tensor:
        return torch.zeros_like(self.value)

    def rsample(self, sample_shape=()) -> Tensor:
        return self.value.expand(*sample_shape, *self.value.shape)
