"""The objectives, against answers known from elsewhere."""

import pytest
import torch
from torch import nn
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from vaecourse.models import VAE, Autoencoder, Classifier
from vaecourse.models.likelihoods import diagonal_normal
from vaecourse.objectives import cross_entropy, default_objective, elbo, negative_elbo, squared_error


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
