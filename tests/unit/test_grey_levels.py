"""Likelihoods over the 256 grey levels: they sum to one, agree with exact sums, and stay finite in their tails."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, ContinuousBernoulli, MixtureSameFamily, Normal

from vaecourse.models.grey_levels import LEVELS, STEP, Discretized, GreyLevels, Logistic
from vaecourse.models.likelihoods import (
    bernoulli,
    continuous_bernoulli,
    discretized,
    gaussian,
    gaussian_per_pixel,
    logistic_mixture,
    softmax,
)

SHAPE = (4, 1, 3, 2)
ALL_LEVELS = torch.arange(LEVELS, dtype=torch.float64) * STEP


def decoded(channels: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    """What a decoder might give for four pictures of one channel, 3x2 pixels."""
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(SHAPE[0], channels, *SHAPE[2:], generator=generator, dtype=torch.float64)


def likelihoods(scale: float = 1.0):
    yield "Gaussian", discretized(gaussian(decoded(1, scale=scale), 0.1))
    yield "wide Gaussian", discretized(gaussian(decoded(1, scale=scale), 0.5**0.5))
    yield "Gaussian with a spread per pixel", discretized(gaussian_per_pixel(decoded(2, scale=scale)))
    yield "Gaussian far narrower than a level", discretized(gaussian(decoded(1, scale=scale), 1e-4))
    yield "continuous Bernoulli", discretized(continuous_bernoulli(decoded(1, scale=5 * scale)))
    yield "continuous Bernoulli at 0", discretized(continuous_bernoulli(0 * decoded(1)))
    yield "softmax", softmax(decoded(LEVELS, scale=scale))
    yield "mixture of logistics", logistic_mixture(decoded(3 * 5, scale=scale))
    yield "one logistic", logistic_mixture(decoded(3, scale=scale), components=1)


NAMES = [name for name, _ in likelihoods()]


@pytest.mark.parametrize("scale", [0.3, 1.0, 10.0])
@pytest.mark.parametrize("name", NAMES)
def test_the_256_levels_have_probability_one(name, scale):
    pixels = dict(likelihoods(scale))[name].base_dist
    log_probs = pixels.log_prob(pixels.enumerate_support().double())
    assert log_probs.shape == (LEVELS, *SHAPE)
    assert torch.allclose(log_probs.logsumexp(0), torch.zeros(SHAPE, dtype=torch.float64), atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_the_mean_is_that_of_the_256_probabilities(name):
    pixels = dict(likelihoods())[name].base_dist
    levels = pixels.enumerate_support().double()
    assert torch.allclose(pixels.mean, (pixels.log_prob(levels).exp() * levels).sum(0), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_levels_with_those_probabilities(name):
    likelihood = dict(likelihoods(0.5))[name]
    torch.manual_seed(0)
    samples = likelihood.sample((20_000,))
    assert samples.shape == (20_000, *SHAPE)
    assert torch.allclose(samples, (samples / STEP).round() * STEP)
    assert samples.min() >= 0
    assert samples.max() <= 1
    pixels = likelihood.base_dist
    for level in (0, 128, 255):
        share = ((samples / STEP).round() == level).double().mean(0)
        probability = pixels.log_prob(torch.full(SHAPE, level * STEP, dtype=torch.float64)).exp()
        assert (share - probability).abs().max() < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_log_prob_is_summed_over_the_pixels_of_a_picture(name):
    likelihood = dict(likelihoods())[name]
    x = (torch.rand(SHAPE, dtype=torch.float64) * 255).round() / 255
    assert likelihood.log_prob(x).shape == (4,)
    assert torch.allclose(likelihood.log_prob(x), likelihood.base_dist.log_prob(x).sum((1, 2, 3)))


def test_an_inner_level_has_the_difference_of_the_distribution_function_and_the_outer_ones_the_tails():
    base = Normal(torch.tensor(0.4, dtype=torch.float64), 0.3)
    probabilities = Discretized(base).log_prob(ALL_LEVELS).exp()
    edges = (torch.arange(LEVELS - 1, dtype=torch.float64) + 0.5) / 255
    assert torch.allclose(probabilities[1:-1], base.cdf(edges).diff())
    assert torch.allclose(probabilities[0], base.cdf(edges[0]))
    assert torch.allclose(probabilities[-1], 1 - base.cdf(edges[-1]))
    assert probabilities[0] > 20 * probabilities[1]  # all that lies below 0


@pytest.mark.parametrize(
    "base",
    [
        Normal(torch.tensor(0.7), 0.2),
        Logistic(torch.tensor(0.7), torch.tensor(0.1)),
        ContinuousBernoulli(logits=torch.tensor(2.0)),
        ContinuousBernoulli(logits=torch.tensor(-9.0)),
    ],
)
def test_the_log_probability_of_an_interval_is_the_log_of_the_integral_over_it(base):
    x = torch.linspace(-0.5, 0.5, 10_001).double()
    for level in (3, 100, 200):
        inside = ((level + x) * STEP).float()
        integral = torch.trapezoid(base.log_prob(inside).double().exp(), dx=STEP / 10_000)
        assert Discretized(base).log_prob(torch.tensor(level * STEP)).exp().item() == pytest.approx(
            integral.item(), 2e-4
        )


@pytest.mark.parametrize("kind", ["normal", "logistic"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0])
def test_single_precision_is_enough_in_the_far_tails_and_in_the_flat_middle(kind, scale):
    make = Normal if kind == "normal" else Logistic
    place, spread = torch.tensor(0.5, dtype=torch.float64), torch.tensor(scale, dtype=torch.float64)
    exact = Discretized(make(place, spread)).log_prob(ALL_LEVELS)
    single = Discretized(make(place.float(), spread.float())).log_prob(ALL_LEVELS.float())
    assert torch.isfinite(single).all()
    assert torch.allclose(single.double(), exact, rtol=2e-4, atol=2e-4)
    if scale == 1e-3:
        assert exact[1] < -400  # where the difference of two distribution functions would be 0


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
@pytest.mark.parametrize(
    ("make", "numbers"), [(gaussian_per_pixel, 2), (logistic_mixture, 15), (continuous_bernoulli, 1), (softmax, 256)]
)
def test_gradients_are_finite_at_every_level(make, numbers, level):
    output = decoded(numbers, scale=2.0).requires_grad_()
    x = torch.full(SHAPE, level / 255, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(discretized(make(output)).log_prob(x).sum(), output)
    assert torch.isfinite(gradient).all()
    assert gradient.abs().sum() > 0


def test_the_gradient_by_finite_differences():
    x = (torch.rand(SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 255).round() / 255
    x[0, 0, 0], x[1, 0, 0] = 0, 1
    for make, channels in ((gaussian_per_pixel, 2), (lambda o: logistic_mixture(o, 2), 6), (continuous_bernoulli, 1)):
        output = decoded(channels).requires_grad_()
        assert torch.autograd.gradcheck(lambda o, make=make: discretized(make(o)).log_prob(x), output)


def test_extreme_outputs_give_finite_log_probabilities_and_gradients():
    for make, channels in (
        (logistic_mixture, 15),
        (continuous_bernoulli, 1),
        (lambda o: gaussian_per_pixel(o, 1e-3), 2),
    ):
        output = (20 * torch.randn(4, channels, 3, 2, generator=torch.Generator().manual_seed(0))).requires_grad_()
        x = torch.tensor([0, 1, 77, 255]).view(4, 1, 1, 1).expand(SHAPE) / 255
        log_prob = discretized(make(output)).log_prob(x)
        (gradient,) = torch.autograd.grad(log_prob.sum(), output)
        assert torch.isfinite(log_prob).all()
        assert torch.isfinite(gradient).all()


def test_a_mixture_is_the_weighted_sum_of_its_components():
    weights, places, scales = torch.tensor([0.2, 0.8]), torch.tensor([0.1, 0.9]), torch.tensor([0.05, 0.1])
    mixture = Discretized(MixtureSameFamily(Categorical(weights), Logistic(places, scales)))
    x = torch.tensor([0.0, 51 / 255, 1.0])
    parts = torch.stack([Discretized(Logistic(places[k], scales[k])).log_prob(x).exp() for k in range(2)])
    assert torch.allclose(mixture.log_prob(x).exp(), weights @ parts, atol=1e-6)


def test_the_mixtures_components_start_spread_over_the_grey_levels():
    mixture = logistic_mixture(torch.zeros(1, 12, 1, 1), components=4).base_dist.base
    assert torch.allclose(mixture.component_distribution.loc.flatten(), torch.tensor([0.125, 0.375, 0.625, 0.875]))
    assert torch.allclose(mixture.mixture_distribution.probs.flatten(), torch.full((4,), 0.25))


def test_each_channel_has_its_own_numbers():
    output = torch.zeros(1, 3 * LEVELS, 1, 1)
    for channel, level in enumerate((10, 20, 30)):
        output[0, channel * LEVELS + level] = 50
    assert torch.allclose(softmax(output).mean.flatten(), torch.tensor([10.0, 20.0, 30.0]) / 255)
    with pytest.raises(ValueError, match=r"output must have 256 channels .* got \(1, 100, 1, 1\)"):
        softmax(torch.zeros(1, 100, 1, 1))


def test_the_softmax_can_be_any_distribution():
    target = torch.rand(LEVELS, dtype=torch.float64)
    levels = GreyLevels(target.log())
    assert torch.allclose(levels.log_prob(ALL_LEVELS).exp(), target / target.sum())
    assert levels.sample().shape == ()
    assert GreyLevels(torch.zeros(5, LEVELS)).sample((2, 3)).shape == (2, 3, 5)
    with pytest.raises(ValueError, match="logits must have shape"):
        GreyLevels(torch.zeros(10))


@pytest.mark.parametrize("value", [0.5, -1 / 255, 256 / 255, math.nan])
@pytest.mark.parametrize("make", [softmax, logistic_mixture])
def test_values_that_are_no_levels_are_refused(make, value):
    px = make(torch.zeros(1, 256 if make is softmax else 15, 2, 2))
    with pytest.raises(ValueError, match="x takes pictures of 256 grey levels"):
        px.log_prob(torch.full((1, 1, 2, 2), value))


def test_discretizing_twice_changes_nothing_and_the_bernoulli_cannot_be_discretized():
    px = softmax(torch.zeros(1, 256, 2, 2))
    assert discretized(px) is px
    with pytest.raises(TypeError, match="base takes a normal"):
        discretized(bernoulli(torch.zeros(1, 1, 2, 2)))


def test_the_logistic_distribution_agrees_with_its_own_integral_and_its_samples():
    logistic = Logistic(torch.tensor(0.3), torch.tensor(0.2))
    x = torch.linspace(-6, 6, 100_001)
    density = logistic.log_prob(x).exp()
    assert torch.trapezoid(density, x) == pytest.approx(1, abs=1e-4)
    assert torch.trapezoid(density * (x - 0.3) ** 2, x) == pytest.approx(logistic.variance.item(), rel=1e-3)
    assert torch.trapezoid(density[x <= 0.5], x[x <= 0.5]) == pytest.approx(
        logistic.cdf(torch.tensor(0.5)).item(), abs=1e-3
    )
    torch.manual_seed(0)
    samples = logistic.rsample((50_000,))
    assert samples.mean().item() == pytest.approx(0.3, abs=0.01)
    assert samples.var().item() == pytest.approx(logistic.variance.item(), rel=0.03)


def test_the_bernoulli_is_no_density_for_grey_values_and_the_continuous_one_is():
    x = torch.linspace(0, 1, 10_001, dtype=torch.float64)
    for logits in (-6.0, -1.0, 1e-3, 3.0):
        logit = torch.tensor(logits, dtype=torch.float64)
        assert torch.trapezoid(ContinuousBernoulli(logits=logit).log_prob(x).exp(), x) == pytest.approx(1, abs=1e-3)
        assert torch.trapezoid(Bernoulli(logits=logit, validate_args=False).log_prob(x).exp(), x) < 0.51


def test_a_floor_under_the_spread_bounds_the_density():
    output = torch.stack([torch.zeros(1, 2, 2), torch.full((1, 2, 2), -100.0)], dim=1)
    x = torch.zeros(1, 1, 2, 2)
    assert gaussian_per_pixel(output).log_prob(x) > 150
    assert gaussian_per_pixel(output, least_std=0.1).base_dist.stddev.min() == pytest.approx(0.1)
