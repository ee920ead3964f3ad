"""The models: three distributions with the right shapes and values."""

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from vaecourse.models import CVAE, VAE, Autoencoder, Classifier, ConvVAE, GaussianVAE
from vaecourse.models.likelihoods import bernoulli, gaussian, gaussian_per_pixel, softmax
from vaecourse.models.networks import conv_sizes, mlp


@pytest.fixture
def pictures():
    return torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_mlp_has_activations_between_its_layers_and_none_at_the_end():
    layers = mlp([6, 5, 4], nn.Tanh)
    assert [type(layer) for layer in layers] == [nn.Linear, nn.Tanh, nn.Linear]
    assert [layer.weight.shape for layer in layers if isinstance(layer, nn.Linear)] == [(5, 6), (4, 5)]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 16, 12), (1, 8, 8)])
@pytest.mark.parametrize("hidden", [(), (30,), (30, 20)])
@pytest.mark.parametrize("model_class", [Autoencoder, VAE])
def test_shapes(model_class, shape, hidden):
    model = model_class(latent_dim=3, hidden=hidden, picture_shape=shape)
    x = torch.rand(4, *shape)
    q = model.posterior(x)
    assert q.rsample().shape == (4, 3)
    assert (q.batch_shape, q.event_shape) == ((4,), (3,))
    p_x = model.likelihood(torch.zeros(4, 3))
    assert p_x.mean.shape == x.shape
    assert p_x.log_prob(x).shape == (4,)
    assert model(x).shape == x.shape


def test_the_decoder_mirrors_the_encoder():
    sizes = [layer.weight.shape for layer in VAE(2, hidden=(50, 20)).modules() if isinstance(layer, nn.Linear)]
    assert sizes == [(50, 784), (20, 50), (4, 20), (20, 2), (50, 20), (784, 50)]


def test_vae_defaults_are_the_784_400_20_model():
    sizes = [layer.weight.shape for layer in VAE().modules() if isinstance(layer, nn.Linear)]
    assert sizes == [(400, 784), (40, 400), (400, 20), (784, 400)]


def test_posterior_reads_mean_and_log_variance_from_the_encoder(pictures):
    model = VAE(latent_dim=2, hidden=())
    nn.init.zeros_(model.encoder[1].weight)
    with torch.no_grad():
        model.encoder[1].bias.copy_(torch.tensor([1.0, -2.0, 0.0, torch.tensor(9.0).log()]))
    q = model.posterior(pictures)
    assert torch.allclose(q.mean, torch.tensor([1.0, -2.0]).expand(5, 2))
    assert torch.allclose(q.stddev, torch.tensor([1.0, 3.0]).expand(5, 2))


def test_prior_is_standard_normal_and_follows_the_model():
    prior = VAE(latent_dim=3).double().prior()
    assert prior.mean.dtype == torch.float64
    assert torch.equal(prior.mean, torch.zeros(3, dtype=torch.float64))
    assert torch.equal(prior.stddev, torch.ones(3, dtype=torch.float64))


def test_prior_is_not_part_of_the_saved_weights():
    assert not [name for name in VAE().state_dict() if name.startswith("prior")]


def test_bernoulli_matches_torch(pictures):
    logits = 6 * torch.randn(5, 1, 28, 28, dtype=torch.float64)
    x = pictures.double()
    expected = Bernoulli(logits=logits, validate_args=False).log_prob(x).sum((1, 2, 3))
    assert torch.allclose(bernoulli(logits).log_prob(x), expected, atol=1e-9)
    assert torch.allclose(bernoulli(logits).mean, torch.sigmoid(logits))


def test_bernoulli_stays_finite_at_extreme_logits():
    logits = torch.tensor([-1e4, -100.0, 0.0, 100.0, 1e4]).view(5, 1, 1, 1).requires_grad_()
    x = torch.tensor([0.0, 1.0, 0.5, 0.0, 1.0]).view(5, 1, 1, 1)
    log_prob = bernoulli(logits).log_prob(x)
    assert torch.allclose(log_prob, torch.tensor([0.0, -100.0, -0.6931472, -100.0, 0.0]))
    log_prob.sum().backward()
    assert torch.allclose(logits.grad.flatten(), torch.tensor([0.0, 1.0, 0.0, -1.0, 0.0]))


def test_bernoulli_broadcasts_as_torch_does():
    logits = torch.zeros(1, 1, 2, 2, requires_grad=True)
    x = torch.rand(5, 1, 2, 2)
    bernoulli(logits).log_prob(x).sum().backward()
    assert torch.allclose(logits.grad, (x - 0.5).sum(0, keepdim=True))


def test_bernoulli_gradient_by_finite_differences():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 3, 3, dtype=torch.float64, generator=generator).requires_grad_()
    x = torch.rand(2, 1, 3, 3, dtype=torch.float64, generator=generator).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: bernoulli(a).log_prob(b), (logits, x))


def test_gaussian_of_default_spread_is_the_squared_error_plus_a_constant(pictures):
    mean = torch.rand_like(pictures)
    error = (pictures - mean).square().sum((1, 2, 3))
    constant = 784 / 2 * torch.tensor(torch.pi).log()
    assert torch.allclose(-gaussian(mean).log_prob(pictures), error + constant, rtol=1e-5)


def test_autoencoder_posterior_is_a_point(pictures):
    model = Autoencoder(latent_dim=2)
    q = model.posterior(pictures)
    assert torch.equal(q.rsample(), q.mean)
    assert torch.equal(q.rsample((3,))[1], q.mean)
    assert torch.equal(q.stddev, torch.zeros(5, 2))
    assert torch.equal(model.encode(pictures), q.mean)


def test_autoencoder_gradient_reaches_the_encoder(pictures):
    model = Autoencoder(latent_dim=2)
    (model(pictures) - pictures).square().sum().backward()
    assert model.encoder[1].weight.grad.abs().sum() > 0


def test_linear_autoencoder_is_affine():
    model = Autoencoder(latent_dim=3, hidden=(), picture_shape=(1, 4, 4), output=nn.Identity)
    a, b = torch.rand(2, 1, 1, 4, 4)
    assert torch.allclose(model((a + b) / 2), (model(a) + model(b)) / 2, atol=1e-6)


def test_sample_decodes_draws_from_the_prior():
    model = VAE(latent_dim=2)
    torch.manual_seed(0)
    samples = model.sample(7)
    torch.manual_seed(0)
    assert torch.equal(samples, model.decode(model.prior().sample((7,))))
    assert not samples.requires_grad


def test_kl_to_the_prior_has_its_closed_form(pictures):
    model = VAE(latent_dim=4)
    q = model.posterior(pictures)
    mu, var = q.mean, q.variance
    closed_form = 0.5 * (var + mu**2 - 1 - var.log()).sum(1)
    assert torch.allclose(kl_divergence(q, model.prior()), closed_form, atol=1e-6)
    z = q.rsample((20_000,))
    log_ratio = q.log_prob(z) - model.prior().log_prob(z)
    error = 5 * log_ratio.std(0) / 20_000**0.5
    assert ((log_ratio.mean(0) - closed_form).abs() < error).all()


def test_another_likelihood_is_another_argument(pictures):
    model = VAE(latent_dim=2, likelihood=gaussian)
    assert isinstance(model.likelihood(torch.zeros(1, 2)).base_dist, Normal)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 8), (1, 30, 21)])
def test_classifier_gives_one_logit_a_class(shape):
    assert Classifier(7, shape)(torch.rand(3, *shape)).shape == (3, 7)


@pytest.mark.parametrize("model_class", [Autoencoder, VAE])
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"latent_dim": 0}, "latent_dim takes positive integers, got 0"),
        ({"latent_dim": 2.0}, "latent_dim takes positive integers, got 2.0"),
        ({"latent_dim": True}, "latent_dim takes positive integers, got True"),
        ({"hidden": 400}, r"hidden takes a sequence of positive integers, such as \(400,\), got 400"),
        ({"hidden": (400, -1)}, "hidden takes positive integers, got -1"),
        ({"picture_shape": (28, 28)}, r"picture_shape takes \(channels, height, width\), got \(28, 28\)"),
        ({"picture_shape": 28}, "picture_shape takes a sequence of positive integers"),
    ],
)
def test_bad_sizes_are_named(model_class, arguments, named):
    with pytest.raises(ValueError, match=named):
        model_class(**arguments)


@pytest.mark.parametrize("model_class", [Autoencoder, VAE])
def test_wrong_shapes_are_named(model_class):
    model = model_class(latent_dim=2)
    with pytest.raises(ValueError, match=r"x must have shape \(N, 1, 28, 28\), got \(3, 1, 8, 8\)"):
        model(torch.rand(3, 1, 8, 8))
    with pytest.raises(ValueError, match=r"x must have shape"):
        model.posterior(torch.rand(3, 784))
    with pytest.raises(ValueError, match=r"z must have shape \(N, 2\), got \(3, 5\)"):
        model.decode(torch.rand(3, 5))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"num_classes": 0}, "num_classes takes positive integers, got 0"),
        ({"picture_shape": (28, 28)}, r"picture_shape takes \(channels, height, width\), got \(28, 28\)"),
        ({"picture_shape": (1, 3, 3)}, "pictures of 4x4 pixels or more"),
    ],
)
def test_bad_sizes_of_a_classifier_are_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        Classifier(**arguments)


# --------------------------------------------------------------------------------------------- CVAE


LABELS = torch.tensor([2, 0, 1, 1, 2])


@pytest.mark.parametrize("learned_prior", [False, True])
@pytest.mark.parametrize(
    ("condition_dim", "c"),
    [(3, LABELS), (784, torch.rand(5, 1, 28, 28)), (2, torch.rand(5, 2, dtype=torch.float64))],
    ids=["labels", "pictures", "numbers"],
)
def test_a_conditional_model_takes_class_numbers_and_pictures(pictures, condition_dim, c, learned_prior):
    model = CVAE(condition_dim, latent_dim=2, hidden=(30,), learned_prior=learned_prior)
    q, p = model.posterior(pictures, c), model.prior(c)
    assert (q.batch_shape, q.event_shape) == (p.batch_shape, p.event_shape) == ((5,), (2,))
    assert model.likelihood(q.rsample(), c).log_prob(pictures).shape == (5,)
    assert model(pictures, c).shape == model.sample(c).shape == pictures.shape
    assert torch.equal(model.reconstruct(pictures, c), model.decode(model.encode(pictures, c), c))


def test_every_distribution_of_a_conditional_model_depends_on_the_condition(pictures):
    torch.manual_seed(0)
    model, z = CVAE(3, latent_dim=2, learned_prior=True), torch.zeros(5, 2)
    other = (LABELS + 1) % 3
    assert (model.encode(pictures, LABELS) != model.encode(pictures, other)).all()
    assert (model.decode(z, LABELS) != model.decode(z, other)).any((1, 2, 3)).all()
    assert (model.prior(LABELS).mean != model.prior(other).mean).all()


def test_a_fixed_prior_is_standard_normal_for_every_condition():
    prior = CVAE(3, latent_dim=2).double().prior(LABELS)
    assert torch.equal(prior.mean, torch.zeros(5, 2, dtype=torch.float64))
    assert torch.equal(prior.stddev, torch.ones(5, 2, dtype=torch.float64))


def test_class_numbers_become_one_hot():
    assert torch.equal(CVAE(3).features(LABELS), torch.eye(3)[LABELS])


@pytest.mark.parametrize(
    ("c", "complaint"),
    [
        (torch.tensor([0, 3]), "c takes class numbers from 0 to 2, got numbers from 0 to 3"),
        (torch.tensor([0, -1]), "c takes class numbers from 0 to 2, got numbers from -1 to 0"),
        (torch.rand(2, 4), r"got torch.float32 of shape \(2, 4\)$"),
        (torch.rand(3), r"got torch.float32 of shape \(3,\)$"),
        (torch.ones(2, 3, dtype=torch.int64), r"got torch.int64 of shape \(2, 3\)$"),
    ],
    ids=["too high", "too low", "wrong width", "no batch", "one-hot integers"],
)
def test_a_wrong_condition_is_named(c, complaint):
    with pytest.raises(ValueError, match=complaint):
        CVAE(3).features(c)


# Convolutional models.


def maps(network: nn.Module, x: torch.Tensor, kinds: tuple[type, ...]) -> list[tuple[int, ...]]:
    """The shape behind each layer of ``kinds``, without the batch."""
    shapes = []
    for layer in network:
        x = layer(x)
        if isinstance(layer, kinds):
            shapes.append(tuple(x.shape[1:]))
    return shapes


def test_the_default_convolutional_vae_has_the_textbook_shapes():
    model, layers = ConvVAE(), (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    assert maps(model.encoder, torch.rand(1, 3, 64, 64), layers) == [
        (32, 30, 30), (64, 14, 14), (128, 6, 6), (1024,), (512,)
    ]  # fmt: skip
    assert maps(model.decoder, torch.zeros(1, 256), layers) == [
        (1024,), (128 * 6 * 6,), (64, 14, 14), (32, 30, 30), (3, 64, 64)
    ]  # fmt: skip
    kernels = [layer.kernel_size[0] for layer in model.encoder if isinstance(layer, nn.Conv2d)]
    assert kernels == [5, 3, 3]
    assert model.posterior(torch.rand(2, 3, 64, 64)).mean.shape == (2, 256)


@pytest.mark.parametrize("channels", [(4,), (4, 5), (4, 5, 6)])
@pytest.mark.parametrize("height", [28, 29, 30, 31, 64])
def test_the_way_back_ends_at_the_pictures_own_size(height, channels):
    shape = (2, height, 33)
    model = ConvVAE(3, channels, 7, shape)
    x = torch.rand(2, *shape)
    assert model(x).shape == x.shape
    assert model.likelihood(torch.zeros(2, 3)).log_prob(x).shape == (2,)
    assert model.sample(4).shape == (4, *shape)


def test_sizes_after_convolutions_are_those_that_torch_has():
    for size in range(17, 70):
        x, sizes = torch.zeros(1, 1, size, size), [size]
        for kernel in (5, 3, 3):
            x = nn.Conv2d(1, 1, kernel, 2)(x)
            sizes.append(x.shape[-1])
        assert conv_sizes(size, 3) == sizes
    with pytest.raises(ValueError, match=r"pictures of 8 pixels are too small for 3 convolutions: \[8, 2\] are left"):
        conv_sizes(8, 3)


@pytest.mark.parametrize("model_class", [VAE, ConvVAE])
def test_a_likelihood_may_take_several_numbers_for_each_pixel(model_class):
    x = (torch.rand(2, 3, 28, 28) * 255).round() / 255
    for likelihood, outputs in ((gaussian_per_pixel, 2), (softmax, 256)):
        model = model_class(latent_dim=2, picture_shape=(3, 28, 28), likelihood=likelihood, outputs=outputs)
        px = model.likelihood(torch.zeros(2, 2))
        assert px.log_prob(x).shape == (2,)
        assert px.mean.shape == x.shape
    with pytest.raises(ValueError, match="outputs takes positive integers, got 0"):
        model_class(outputs=0)


def test_a_vae_of_any_two_networks(pictures):
    encoder, decoder = (
        nn.Sequential(nn.Flatten(), nn.Linear(784, 6)),
        nn.Sequential(nn.Linear(3, 784), nn.Unflatten(1, (1, 28, 28))),
    )
    model = GaussianVAE(encoder, decoder, 3, (1, 28, 28), likelihood=gaussian)
    assert model.encode(pictures).shape == (5, 3)
    assert torch.equal(model.likelihood(torch.zeros(5, 3)).mean, decoder(torch.zeros(5, 3)))
    with pytest.raises(ValueError, match="latent_dim takes positive integers"):
        GaussianVAE(encoder, decoder, 0, (1, 28, 28))


def test_signals_keep_their_size_through_a_convolutional_vae():
    torch.manual_seed(0)
    model = ConvVAE(activation=nn.Identity)
    with torch.no_grad():
        mu_and_logvar = model.encoder(torch.randn(64, 3, 64, 64))
        logits = model.decoder(torch.randn(64, 256))[:, :, 8:-8, 8:-8]  # at the border fewer kernels meet
    assert 0.7 < mu_and_logvar.std() < 1.4
    assert 0.7 < logits.std() < 1.4
    assert all(not layer.bias.any() for layer in [*model.encoder, *model.decoder] if hasattr(layer, "bias"))


def test_every_layer_of_a_convolutional_vae_learns():
    model = ConvVAE(2, (3, 4), 8, (1, 28, 28))
    x = torch.rand(4, 1, 28, 28)
    q = model.posterior(x)
    (model.likelihood(q.rsample()).log_prob(x) - kl_divergence(q, model.prior())).sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())


@pytest.mark.parametrize("size", [28, 29, 64])
def test_every_pixel_on_the_way_back_is_reached_by_a_kernel(size):
    model = ConvVAE(3, (4, 5), 7, (1, size, size))
    with torch.no_grad():
        a, b = model.decoder(torch.zeros(1, 3)), model.decoder(torch.full((1, 3), 5.0))
    assert ((a - b).abs() > 1e-7).all()
