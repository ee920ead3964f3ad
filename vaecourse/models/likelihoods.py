"""Distributions over pictures and codes, ready-made for the models.

Each function returns an ordinary :mod:`torch.distributions` object whose ``log_prob`` sums over the
dimensions of one picture (or of one code) and so has one number, in nats, for each picture.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.distributions import Bernoulli, Distribution, Independent, Normal, constraints
from torch.distributions.utils import broadcast_all

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
