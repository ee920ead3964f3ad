"""Likelihoods over the 256 grey levels that a stored picture can have.

A pixel of an 8-bit picture is one of the levels 0, 1/255, ..., 1. A density can be as large as it likes there; a
probability cannot exceed one. :class:`Discretized` makes a probability of a density, :class:`GreyLevels` is one by
itself, and so all of them can be compared: in nats, or in bits per dimension.

Each class is an ordinary :mod:`torch.distributions` one whose batch are the pixels; :mod:`.likelihoods` has the
functions that make them of a decoder's output.
"""

import math
from functools import singledispatch

import torch
from torch import Tensor
from torch.distributions import ContinuousBernoulli, Distribution, MixtureSameFamily, Normal, constraints
from torch.distributions.utils import broadcast_all
from torch.nn.functional import logsigmoid

LEVELS = 256
"""How many values a stored pixel can have: k/255 for k = 0, ..., 255."""
STEP = 1 / (LEVELS - 1)
"""From one level to the next, in grey levels of pictures in [0, 1]."""
OFF_GRID = 0.02
"""As a share of a step: pixels may be this far from a level, as rounding moves them, and no further."""

FLAT = 0.01
"""In standard deviations: over intervals as narrow as this a normal density hardly changes."""


def level_numbers(x: Tensor) -> Tensor:
    """The number of each pixel's level: round(255 x), as floating-point numbers from 0 to 255.

    Raises:
        ValueError: a pixel is none of the 256 levels; round such pictures first.
    """
    number = x * (LEVELS - 1)
    nearest = number.detach().round()
    if x.numel() and not ((number - nearest).abs().max() <= OFF_GRID and nearest.min() >= 0 and nearest.max() < LEVELS):
        raise ValueError(
            f"x takes pictures of 256 grey levels, k/255; got values from {x.min():.4g} to {x.max():.4g}, not all of "
            "them levels. Round them first: (255 * x).round() / 255"
        )
    return nearest


class Logistic(Distribution):
    """The logistic distribution: its distribution function is sigmoid((x - loc) / scale).

    Args:
        loc: its mean, which is also its median.
        scale: positive; the standard deviation is scale * pi / sqrt(3).
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}  # noqa: RUF012 (torch's convention)
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Tensor, scale: Tensor, validate_args: bool | None = None):
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self.scale.square() * (torch.pi**2 / 3)

    def rsample(self, sample_shape=()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        uniform = torch.rand(shape, dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + self.scale * torch.logit(uniform, eps=torch.finfo(uniform.dtype).tiny)

    def cdf(self, value: Tensor) -> Tensor:
        return torch.sigmoid((value - self.loc) / self.scale)

    def log_prob(self, value: Tensor) -> Tensor:
        u = (value - self.loc) / self.scale
        return logsigmoid(u) + logsigmoid(-u) - self.scale.log()


class Discretized(Distribution):
    """A distribution of real numbers, made one over the 256 grey levels.

    Level k gets the probability that ``base`` has within half a step of k/255; level 0 gets all below that, too, and
    level 255 all above, so that the 256 probabilities sum to one (Salimans et al., 2017, section 2.1).

    Args:
        base: normal, :class:`Logistic`, continuous Bernoulli, or a torch mixture of one of them.

    Raises:
        TypeError: ``base`` is of another kind.
    """

    arg_constraints = {}  # noqa: RUF012 (the base has checked its own)
    has_enumerate_support = True

    def __init__(self, base: Distribution):
        if log_mass.dispatch(type(base)) is log_mass.dispatch(object):
            takes = "a normal, logistic or continuous Bernoulli distribution, or a mixture of one"
            raise TypeError(f"base takes {takes}; got {type(base).__name__}")
        self.base = base
        super().__init__(base.batch_shape, base.event_shape, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """log P(level), for values that are levels.

        Raises:
            ValueError: a value is none of the 256 levels.
        """
        k = level_numbers(value)
        # Infinite edges are the tails that the outermost levels get.
        low = torch.where(k == 0, -torch.inf, (k - 0.5) * STEP)
        high = torch.where(k == LEVELS - 1, torch.inf, (k + 0.5) * STEP)
        return log_mass(self.base, low, high)

    @property
    def mean(self) -> Tensor:
        # E[X] is the sum of P(X > level) over all levels but the last, times the step between them.
        edges = (torch.arange(LEVELS - 1) + 0.5) * STEP
        return sum(1 - self.base.cdf(torch.as_tensor(edge)) for edge in edges.tolist()) * STEP

    @torch.no_grad()
    def sample(self, sample_shape=()) -> Tensor:
        return (self.base.sample(sample_shape) / STEP).round().clamp(0, LEVELS - 1) * STEP

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return _all_levels(self._batch_shape, expand)


@singledispatch
def log_mass(distribution: Distribution, low: Tensor, high: Tensor) -> Tensor:
    """log P(low < X < high), exact in the tails, where the difference of two distribution functions is 0.

    Args:
        distribution: one that :class:`Discretized` takes.
        low: lower ends; -infinity for none.
        high: upper ends, above ``low``; infinity for none.
    """
    raise TypeError(f"no interval's probability is known for {type(distribution).__name__}")


@log_mass.register
def _(logistic: Logistic, low: Tensor, high: Tensor) -> Tensor:
    # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b)): three factors, whose logs never overflow.
    no_low, no_high, low, high = _finite(low, high)
    a, b = (low - logistic.loc) / logistic.scale, (high - logistic.loc) / logistic.scale
    below = logsigmoid(b).masked_fill(no_high, 0)
    above = logsigmoid(-a).masked_fill(no_low, 0)
    return below + above + _log_one_minus_exp((low - high) / logistic.scale).masked_fill(no_low | no_high, 0)


@log_mass.register
def _(normal: Normal, low: Tensor, high: Tensor) -> Tensor:
    no_low, no_high, low, high = _finite(low, high)
    a, b = (low - normal.loc) / normal.scale, (high - normal.loc) / normal.scale
    # In the upper half both distribution functions are close to 1: look at the mirror image instead.
    mirrored = a + b > 0
    a, b = torch.where(mirrored, -b, a), torch.where(mirrored, -a, b)
    no_low, no_high = torch.where(mirrored, no_high, no_low), torch.where(mirrored, no_low, no_high)
    log_below, log_above = torch.special.log_ndtr(b), torch.special.log_ndtr(-a)
    between = log_below + _log_one_minus_exp((torch.special.log_ndtr(a) - log_below).clamp(max=-1e-12))
    # The difference of two nearly equal numbers has few digits left. There, the density in the middle times the width
    # has more, with the next term of its series.
    middle, width = ((a + b) / 2).square(), b - a
    narrow = width.log() - 0.5 * (middle + math.log(2 * math.pi)) + torch.log1p((middle - 1) * width.square() / 24)
    between = torch.where(width < FLAT, narrow, between)
    return torch.where(no_low, log_below, torch.where(no_high, log_above, between))


@log_mass.register
def _(bernoulli: ContinuousBernoulli, low: Tensor, high: Tensor) -> Tensor:
    # P = (exp(l high) - exp(l low)) / (exp(l) - 1) for logits l; for l > 0 look at the mirror image, 1 - x.
    low, high = low.clamp(min=0), high.clamp(max=1)
    mirrored = bernoulli.logits > 0
    low, high = torch.where(mirrored, 1 - high, low), torch.where(mirrored, 1 - low, high)
    slope = -bernoulli.logits.abs().clamp(min=1e-6)  # at 0 the quotient below would be 0/0
    return slope * low + _log_one_minus_exp(slope * (high - low)) - _log_one_minus_exp(slope)


@log_mass.register
def _(mixture: MixtureSameFamily, low: Tensor, high: Tensor) -> Tensor:
    of_components = log_mass(mixture.component_distribution, low[..., None], high[..., None])
    return torch.logsumexp(mixture.mixture_distribution.logits + of_components, dim=-1)


class GreyLevels(Distribution):
    """Any distribution over the 256 grey levels: a softmax over 256 numbers.

    Args:
        logits: (..., 256), any real numbers.

    Raises:
        ValueError: the last dimension of ``logits`` is not 256.
    """

    arg_constraints = {"logits": constraints.real_vector}  # noqa: RUF012 (torch's own convention)
    has_enumerate_support = True

    def __init__(self, logits: Tensor, validate_args: bool | None = None):
        if logits.ndim == 0 or logits.shape[-1] != LEVELS:
            raise ValueError(f"logits must have shape (..., {LEVELS}), got {tuple(logits.shape)}")
        self.logits = logits
        super().__init__(logits.shape[:-1], validate_args=validate_args)

    @property
    def probs(self) -> Tensor:
        return self.logits.softmax(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """log P(level), for values that are levels.

        Raises:
            ValueError: a value is none of the 256 levels.
        """
        number = level_numbers(value).long()
        log_probs, number = torch.broadcast_tensors(self.logits.log_softmax(-1), number[..., None])
        return log_probs.gather(-1, number[..., :1]).squeeze(-1)

    @property
    def mean(self) -> Tensor:
        return self.probs @ _all_levels((), False).to(self.logits)

    @torch.no_grad()
    def sample(self, sample_shape=()) -> Tensor:
        probs = self.probs.flatten(0, -2) if self._batch_shape else self.probs[None]
        drawn = torch.multinomial(probs, max(1, torch.Size(sample_shape).numel()), replacement=True)
        shape = self._extended_shape(sample_shape)
        return drawn.T.reshape(shape).to(self.logits) * STEP

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return _all_levels(self._batch_shape, expand)


def _all_levels(batch_shape: torch.Size, expand: bool) -> Tensor:
    """The 256 levels along a new first dimension, as ``enumerate_support`` gives them."""
    levels = (torch.arange(LEVELS) * STEP).reshape(-1, *(1 for _ in batch_shape))
    return levels.expand(-1, *batch_shape) if expand else levels


def _finite(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Which ends are missing, and the ends with some number there: infinite ones would make gradients NaN."""
    no_low, no_high = torch.isneginf(low), torch.isposinf(high)
    some_high = torch.where(no_high, torch.where(no_low, STEP, low + STEP), high)
    return no_low, no_high, torch.where(no_low, some_high - STEP, low), some_high


def _log_one_minus_exp(x: Tensor) -> Tensor:
    """log(1 - exp(x)) for x < 0; near 0 and far from it, the two forms of Mächler (2012)."""
    near = x > -0.6931472
    return torch.where(near, (-torch.expm1(x.clamp(min=-1))).log(), torch.log1p(-x.clamp(max=-0.5).exp()))
