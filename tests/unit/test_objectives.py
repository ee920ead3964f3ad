"""The objectives, against answers known from elsewhere."""

import pytest
import torch
from torch import nn
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from vaecourse.models import CVAE, VAE, Autoencoder, Classifier
from vaecourse.models.likelihoods import Point, diagonal_normal
from vaecourse.objectives import (
    bits_per_dim,
    cross_entropy,
    cyclical,
    default_objective,
    elbo,
    importance_log_weights,
    iwae_bound,
    kl_by_dimension,
    log_likelihood,
    negative_elbo,
    negative_iwae,
    squared_error,
    warm_up,
)


@pytest.fixture
def pictures():
    return torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))


class LinearGaussian(nn.Module):
    """p(z) = N(0, I), p(x|z) = N(Wz + b, s^2 I), with the exact posterior as q: probabilistic PCA.

    Tipping & Bishop (1999): q(z|x) = N(M^-1 W'(x - b), s^2 M^-1), M = W'W + s^2 I; p(x) = N(b, WW' + s^2 I).
    W has orthogonal columns, so that the posterior is diagonal.
    """

    def __init__(self, pixels: int = 6, latent_dim: int = 2, noise: float = 0.7):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        basis, _ = torch.linalg.qr(torch.randn(pixels, latent_dim, dtype=torch.float64, generator=generator))
        self.W = basis * torch.tensor([2.0, 0.5], dtype=torch.float64)
        self.b = torch.randn(pixels, dtype=torch.float64, generator=generator)
        self.noise = noise
        self.latent_dim = latent_dim

    def posterior(self, x):
        M = self.W.T @ self.W + self.noise**2 * torch.eye(self.latent_dim, dtype=torch.float64)
        mean = (x.flatten(1) - self.b) @ self.W @ torch.linalg.inv(M)
        std = (self.noise**2 / M.diagonal()).sqrt()
        return diagonal_normal(mean, std.expand_as(mean))

    def prior(self):
        zeros = torch.zeros(self.latent_dim, dtype=torch.float64)
        return diagonal_normal(zeros, torch.ones_like(zeros))

    def likelihood(self, z):
        mean = (z @ self.W.T + self.b).view(len(z), 1, 2, 3)
        return Independent(Normal(mean, self.noise), 3)

    def evidence(self):
        covariance = self.W @ self.W.T + self.noise**2 * torch.eye(len(self.b), dtype=torch.float64)
        return MultivariateNormal(self.b, covariance)


def test_elbo_of_a_linear_gaussian_model_reaches_its_exact_evidence():
    model = LinearGaussian()
    x = model.evidence().sample((4,)).view(4, 1, 2, 3)
    log_evidence = model.evidence().log_prob(x.flatten(1))
    torch.manual_seed(0)
    draws = torch.stack([elbo(model, x).elbo for _ in range(4000)])
    error = 5 * draws.std(0) / 4000**0.5
    assert ((draws.mean(0) - log_evidence).abs() < error).all()


def test_elbo_with_a_wrong_posterior_is_below_the_evidence_by_the_kl_between_them():
    model = LinearGaussian()
    exact = model.posterior
    model.posterior = lambda x: diagonal_normal(exact(x).mean + 0.5, 1.5 * exact(x).stddev)
    x = model.evidence().sample((4,)).view(4, 1, 2, 3)
    gap = kl_divergence(model.posterior(x), exact(x))
    torch.manual_seed(0)
    draws = torch.stack([elbo(model, x).elbo for _ in range(4000)])
    error = 5 * draws.std(0) / 4000**0.5
    assert ((draws.mean(0) + gap - model.evidence().log_prob(x.flatten(1))).abs() < error).all()


def test_elbo_is_reconstruction_minus_beta_times_kl_one_number_a_picture(pictures):
    model = VAE(latent_dim=3)
    for beta in (0.0, 1.0, 4.0):
        terms = elbo(model, pictures, beta=beta)
        assert all(term.shape == (6,) for term in terms)
        assert torch.allclose(terms.elbo, terms.reconstruction - beta * terms.kl)
    assert (terms.kl > 0).all()


def test_elbo_sums_over_pixels_and_is_measured_in_nats(pictures):
    model = VAE(latent_dim=2)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)  # every pixel a fair coin, q = prior
    terms = elbo(model, pictures.round())
    assert torch.allclose(terms.reconstruction, torch.full((6,), -784 * torch.tensor(2.0).log()))
    assert torch.allclose(terms.kl, torch.zeros(6))


def test_elbo_gradient_by_finite_differences():
    model = VAE(latent_dim=2, hidden=(3,), picture_shape=(1, 2, 2)).double()
    x = torch.rand(3, 1, 2, 2, dtype=torch.float64)
    names = [name for name, _ in model.named_parameters()]

    def loss(*parameters):
        def seeded_elbo(*arguments):
            torch.manual_seed(0)  # the same epsilon at every step of the finite differences
            return elbo(_Functional(model, dict(zip(names, parameters, strict=True))), *arguments).elbo

        return seeded_elbo(x, 2.0)

    start = tuple(parameter.detach().clone().requires_grad_() for parameter in model.parameters())
    assert torch.autograd.gradcheck(loss, start)


class _Functional:
    """A model's three distributions at other weights than its own."""

    def __init__(self, model, parameters):
        self.model, self.parameters = model, parameters

    def __getattr__(self, method):
        def call(*arguments):
            wrapper = _Caller(self.model, method)
            named = {f"model.{name}": value for name, value in self.parameters.items()}
            return torch.func.functional_call(wrapper, named, arguments)

        return call


class _Caller(nn.Module):
    def __init__(self, model, method):
        super().__init__()
        self.model, self.method = model, method

    def forward(self, *arguments):
        return getattr(self.model, self.method)(*arguments)


def test_negative_elbo_is_what_fit_minimises(pictures):
    model = VAE(latent_dim=2)
    torch.manual_seed(0)
    terms = elbo(model, pictures, beta=3.0)
    torch.manual_seed(0)
    loss = negative_elbo(beta=3.0)(model, pictures, None)
    assert torch.equal(loss.per_picture, -terms.elbo)
    assert torch.equal(loss.terms["reconstruction"], -terms.reconstruction)
    assert torch.equal(loss.terms["KL"], terms.kl)


def test_squared_error_sums_over_the_pixels_of_each_picture(pictures):
    model = Autoencoder(latent_dim=2)
    expected = [((x - model(x[None])[0]) ** 2).sum().item() for x in pictures]
    assert squared_error(model, pictures).per_picture.tolist() == pytest.approx(expected, rel=1e-5)


def test_cross_entropy_of_a_blind_classifier_is_the_log_of_the_number_of_classes(pictures):
    classifier = Classifier(10)
    for parameter in classifier.parameters():
        nn.init.zeros_(parameter)
    loss = cross_entropy(classifier, pictures, torch.arange(6)).per_picture
    assert loss.tolist() == pytest.approx([torch.tensor(10.0).log().item()] * 6)


def test_default_objective(pictures):
    assert set(default_objective(VAE())(VAE(), pictures, None).terms) == {"reconstruction", "KL"}
    assert default_objective(Autoencoder()) is squared_error
    with pytest.raises(TypeError, match="Classifier has neither"):
        default_objective(Classifier())


def test_a_model_without_its_distributions_is_named():
    with pytest.raises(TypeError, match=r"Autoencoder has no prior"):
        elbo(Autoencoder(), torch.rand(1, 1, 28, 28))


# --------------------------------------------------------------------------------------- conditions


def test_the_condition_is_given_to_all_three_distributions(pictures):
    model = CVAE(condition_dim=3, latent_dim=2, learned_prior=True)
    c = torch.tensor([0, 1, 2, 0, 1, 2])
    torch.manual_seed(0)
    terms = elbo(model, pictures, c=c)
    torch.manual_seed(0)
    q = model.posterior(pictures, c)
    expected = model.likelihood(q.rsample(), c).log_prob(pictures)
    assert torch.equal(terms.reconstruction, expected)
    assert torch.equal(terms.kl, kl_divergence(q, model.prior(c)))
    torch.manual_seed(0)
    assert torch.equal(default_objective(model)(model, pictures, c).per_picture, -terms.elbo)


# ---------------------------------------------------------------------------- schedules and free bits


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (warm_up(2.0, share=0.5), {0: 0, 0.25: 1, 0.5: 2, 0.9: 2, 1: 2}),
        (warm_up(1.0, share=1.0), {0: 0, 0.25: 0.25, 1: 1}),
        (cyclical(2.0, cycles=2, share=0.5), {0: 0, 0.125: 1, 0.25: 2, 0.45: 2, 0.5: 0, 0.625: 1, 0.99: 2, 1: 2}),
        (cyclical(1.0, cycles=1, share=1.0), {0: 0, 0.5: 0.5, 1: 1}),
    ],
    ids=["warm-up", "whole training", "two cycles", "one cycle"],
)
def test_schedules(schedule, expected):
    assert {progress: pytest.approx(schedule(progress)) for progress in expected} == expected


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: warm_up(-1), "beta takes a number that is 0 or more, got -1"),
        (lambda: warm_up(share=0), "share takes a number above 0 and up to 1, got 0"),
        (lambda: cyclical(share=1.5), "share takes a number above 0 and up to 1, got 1.5"),
        (lambda: cyclical(cycles=2.5), "cycles takes a positive integer, got 2.5"),
        (lambda: negative_elbo(beta=float("nan")), "beta takes a number that is 0 or more, got nan"),
        (lambda: negative_elbo(free_bits="1"), "free_bits takes a number that is 0 or more, got '1'"),
    ],
    ids=["beta", "no share", "share", "cycles", "nan", "free bits"],
)
def test_bad_schedules_are_named(call, complaint):
    with pytest.raises(ValueError, match=f"^{complaint}$"):
        call()


def test_a_schedule_is_read_at_the_progress_of_the_training(pictures):
    model, objective = VAE(latent_dim=2), negative_elbo(beta=warm_up(4.0, share=1.0))
    losses = {}
    for progress in (0.0, 0.5, 1.0):
        objective.progress = progress
        torch.manual_seed(0)
        losses[progress] = objective(model, pictures, None)
    for progress, loss in losses.items():
        expected = loss.terms["reconstruction"] + 4 * progress * loss.terms["KL"]
        assert torch.allclose(loss.per_picture, expected)


def test_kl_by_dimension_sums_to_the_kl():
    mu, std = torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    q, p = diagonal_normal(mu, std.exp()), diagonal_normal(torch.zeros(3).double(), torch.ones(3).double())
    by_dimension = kl_by_dimension(q, p)
    assert torch.allclose(by_dimension, 0.5 * (std.exp() ** 2 + mu**2 - 1) - std)
    assert torch.allclose(by_dimension.sum(1), kl_divergence(q, p))
    with pytest.raises(TypeError, match=r"^q takes a distribution with independent dimensions, got Point$"):
        kl_by_dimension(Point(mu), p)


class OneSidedCodes(VAE):
    """A VAE whose first code dimension has a KL of 2 nats (mu = ±2, over the pictures) and whose second has none."""

    def posterior(self, x):
        self.mu = torch.tensor([[2.0, 0.1], [-2.0, -0.1]]).repeat(len(x) // 2, 1).requires_grad_()
        return diagonal_normal(self.mu, torch.ones_like(self.mu))


@pytest.mark.parametrize("beta", [1.0, 3.0])
def test_free_bits_charge_each_dimension_at_least_that_much_and_push_only_what_lies_above(pictures, beta):
    model = OneSidedCodes(latent_dim=2)
    loss = negative_elbo(beta, free_bits=0.5)(model, pictures, None)
    assert torch.allclose(loss.terms["KL"], torch.tensor(2.005))
    assert torch.allclose(loss.per_picture, loss.terms["reconstruction"] + beta * (2.0 + 0.5))
    (gradient,) = torch.autograd.grad((loss.per_picture - loss.terms["reconstruction"]).sum(), model.mu)
    assert torch.allclose(gradient[:, 0], beta * model.mu[:, 0])
    assert torch.equal(gradient[:, 1], torch.zeros(len(pictures)))


def test_free_bits_of_zero_are_the_plain_loss(pictures):
    model, losses = VAE(latent_dim=2), []
    for objective in (negative_elbo(2.0), negative_elbo(2.0, free_bits=1e-12)):
        torch.manual_seed(0)
        losses.append(objective(model, pictures, None).per_picture)
    assert torch.allclose(*losses)


# log p(x).


class Misled(LinearGaussian):
    """The same p(x), with a posterior that is too wide and off its place."""

    def posterior(self, x):
        exact = super().posterior(x)
        return diagonal_normal(exact.mean + 0.3, 1.5 * exact.stddev)


@pytest.fixture
def linear():
    model = Misled()
    torch.manual_seed(1)
    x = model.evidence().sample((5,)).view(5, 1, 2, 3)
    return model, x, model.evidence().log_prob(x.flatten(1))


@pytest.mark.parametrize("samples", [1, 2, 50])
def test_with_the_exact_posterior_every_importance_weight_is_the_evidence(samples, linear):
    _, x, log_evidence = linear
    model = LinearGaussian()
    torch.manual_seed(0)
    weights = importance_log_weights(model, x, samples)
    assert weights.shape == (samples, 5)
    assert torch.allclose(weights, log_evidence.expand(samples, 5))
    assert torch.allclose(iwae_bound(model, x, samples), log_evidence)
    assert torch.allclose(log_likelihood(model, x, samples), log_evidence)


def test_the_importance_weighted_bound_rises_from_the_elbo_to_the_evidence(linear):
    model, x, log_evidence = linear
    torch.manual_seed(0)
    often = x.repeat(3000, 1, 1, 1)
    bounds = {k: iwae_bound(model, often, k).unflatten(0, (3000, 5)).mean(0) for k in (1, 3, 30)}
    expected = elbo(model, often).elbo.unflatten(0, (3000, 5)).mean(0)
    assert torch.allclose(bounds[1], expected, atol=0.1)
    assert (bounds[1] < bounds[3] - 0.2).all()
    assert (bounds[3] < bounds[30] - 0.05).all()
    assert (bounds[30] < log_evidence).all()
    assert torch.allclose(log_likelihood(model, x, 200_000), log_evidence, atol=0.02)


def test_log_likelihood_is_the_same_in_parts_and_leaves_the_random_state_alone(linear, monkeypatch):
    model, x, _ = linear
    torch.manual_seed(3)
    before = torch.get_rng_state()
    whole = log_likelihood(model, x, 40, seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(whole, log_likelihood(model, x, 40, seed=5))
    assert not torch.equal(whole, log_likelihood(model, x, 40, seed=6))
    monkeypatch.setattr("vaecourse.objectives.AT_ONCE", 5 * 7)  # parts of 7, the last of 5
    with_parts = log_likelihood(LinearGaussian(), x, 40)
    assert torch.allclose(with_parts, model.evidence().log_prob(x.flatten(1)))


def test_importance_weights_of_a_large_picture_stay_finite():
    model = VAE(latent_dim=4, hidden=(20,), picture_shape=(1, 28, 28))
    with torch.no_grad():
        model.decoder[-2].bias.fill_(30.0)  # log p(x|z) far below what exp can take
    assert torch.isfinite(iwae_bound(model, torch.zeros(3, 1, 28, 28), 8)).all()


def test_the_importance_weighted_objective_trains_and_takes_conditions(pictures):
    model, c = CVAE(3, latent_dim=2, hidden=(8,)), torch.tensor([0, 1, 2, 0, 1, 2])
    loss = negative_iwae(5)(model, pictures, c)
    assert loss.per_picture.shape == (6,)
    loss.per_picture.mean().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())
    torch.manual_seed(0)
    expected = iwae_bound(model, pictures, 5, c)
    torch.manual_seed(0)
    assert torch.equal(negative_iwae(5)(model, pictures, c).per_picture, -expected)


def test_each_draw_belongs_to_its_picture_and_its_condition():
    model = CVAE(2, latent_dim=2, hidden=(8,)).double()
    x = torch.rand(4, 1, 28, 28, dtype=torch.float64)
    c = torch.tensor([0, 1, 1, 0])
    with torch.no_grad():
        expected = torch.stack([log_likelihood(model, x[i : i + 1], 4000, c[i : i + 1])[0] for i in range(4)])
        assert torch.allclose(log_likelihood(model, x, 4000, c), expected, atol=0.3)
        assert not torch.allclose(log_likelihood(model, x, 4000, 1 - c), expected, atol=0.3)


@pytest.mark.parametrize("samples", [0, -1, 2.0, True])
def test_the_number_of_samples_is_checked(samples, pictures):
    for call in (lambda: negative_iwae(samples), lambda: iwae_bound(VAE(), pictures, samples)):
        with pytest.raises(ValueError, match="samples takes a positive integer"):
            call()


def test_bits_per_dim_are_nats_over_the_dimensions_and_log_two():
    uniform = torch.tensor([-3 * 4 * 4 * torch.tensor(256.0).log()])  # every level as likely as any other
    assert torch.allclose(bits_per_dim(uniform, 48), torch.tensor([8.0]))
    with pytest.raises(ValueError, match="dimensions takes a positive integer, got 0"):
        bits_per_dim(uniform, 0)
