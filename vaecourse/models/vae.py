"""The variational autoencoder and the conditional one: three distributions and nothing else."""

from collections.abc import Callable, Sequence
from math import prod

import torch
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.models.latent import LatentModel
from vaecourse.models.likelihoods import bernoulli, diagonal_normal
from vaecourse.models.networks import (
    checked_picture_shape,
    checked_sizes,
    conv_decoder,
    conv_encoder,
    keep_size,
    mlp,
    mlp_decoder,
    mlp_encoder,
)


class GaussianVAE(LatentModel):
    """A variational autoencoder (Kingma & Welling, 2014) of any two networks.

    Args:
        encoder: pictures (N, C, H, W) in, mu and logvar = log sigma^2 side by side out, (N, 2D).
        decoder: codes (N, D) in, what ``likelihood`` takes out.
        latent_dim: number D of code dimensions.
        picture_shape: (C, H, W) of a picture.
        likelihood: turns the decoder's output into p(x|z), as the functions of
            :mod:`vaecourse.models.likelihoods` do.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        latent_dim: int,
        picture_shape: Sequence[int],
        likelihood: Callable[[Tensor], Distribution] = bernoulli,
        *,
        hidden: Sequence[int] = (),
    ):
        super().__init__(latent_dim, hidden, picture_shape)
        self.encoder = encoder
        self.decoder = decoder
        self.picture_distribution = likelihood
        # Buffers follow the model to its device and dtype.
        self.register_buffer("prior_mean", torch.zeros(self.latent_dim), persistent=False)
        self.register_buffer("prior_std", torch.ones(self.latent_dim), persistent=False)

    def posterior(self, x: Tensor) -> Distribution:
        """q(z|x) = N(mu, diag(sigma^2)); the encoder's output is mu and logvar = log sigma^2, side by side."""
        mu, logvar = self.encoder(self._checked(x)).chunk(2, dim=-1)
        return diagonal_normal(mu, torch.exp(0.5 * logvar))

    def prior(self) -> Distribution:
        """p(z) = N(0, I): batch (), event (D,)."""
        return diagonal_normal(self.prior_mean, self.prior_std)

    def likelihood(self, z: Tensor) -> Distribution:
        """p(x|z): a distribution over pictures, batch (N,), event (C, H, W)."""
        return self.picture_distribution(self.decoder(z))

    @torch.no_grad()
    def sample(self, n: int) -> Tensor:
        """n new pictures, (n, C, H, W): the mean of p(x|z) at n codes drawn from p(z)."""
        return self.decode(self.prior().sample((n,)))


class VAE(GaussianVAE):
    """:class:`GaussianVAE` with fully connected networks.

    Args:
        latent_dim: number D of code dimensions.
        hidden: sizes of the encoder's hidden layers, walked backwards by the decoder.
        picture_shape: (C, H, W) of a picture.
        activation: the nonlinearity between layers.
        likelihood: turns the decoder's output (N, outputs * C, H, W) into p(x|z), as
            :func:`vaecourse.models.likelihoods.bernoulli` does.
        outputs: how many numbers the likelihood takes for each pixel and channel.
    """

    def __init__(
        self,
        latent_dim: int = 20,
        hidden: Sequence[int] = (400,),
        picture_shape: Sequence[int] = (1, 28, 28),
        activation: type[nn.Module] = nn.ReLU,
        likelihood: Callable[[Tensor], Distribution] = bernoulli,
        outputs: int = 1,
    ):
        (latent_dim,) = checked_sizes("latent_dim", (latent_dim,))
        hidden, shape = checked_sizes("hidden", hidden), checked_picture_shape(picture_shape)
        encoder = mlp_encoder(shape, hidden, 2 * latent_dim, activation)
        decoder = mlp_decoder(latent_dim, hidden, _output_shape(shape, outputs), activation)
        super().__init__(encoder, decoder, latent_dim, shape, likelihood, hidden=hidden)


class ConvVAE(GaussianVAE):
    """:class:`GaussianVAE` with convolutions in steps of 2, a dense layer, and the same way back.

    The defaults are a model for 64x64 pictures in colour, whose maps have the sizes 30x30x32, 14x14x64 and 6x6x128.
    Its layers start with the weights of :func:`vaecourse.models.networks.keep_size`, and the nonlinearity is one that
    keeps negative numbers apart: with torch's initial weights and ReLU so deep a stack hardly learns for hundreds of
    steps.

    Args:
        latent_dim: number D of code dimensions.
        channels: of the map after each convolution; the first has a 5x5 kernel, the others 3x3.
        hidden: units of the dense layer between the last map and the code.
        picture_shape, activation, likelihood, outputs: as for :class:`VAE`.

    Raises:
        ValueError: a size is not a positive integer, or the pictures are too small for that many convolutions.
    """

    def __init__(
        self,
        latent_dim: int = 256,
        channels: Sequence[int] = (32, 64, 128),
        hidden: int = 1024,
        picture_shape: Sequence[int] = (3, 64, 64),
        activation: type[nn.Module] = nn.ELU,
        likelihood: Callable[[Tensor], Distribution] = bernoulli,
        outputs: int = 1,
    ):
        latent_dim, hidden = checked_sizes("latent_dim", (latent_dim,))[0], checked_sizes("hidden", (hidden,))[0]
        channels, shape = checked_sizes("channels", channels), checked_picture_shape(picture_shape)
        encoder = keep_size(conv_encoder(shape, channels, hidden, 2 * latent_dim, activation))
        decoder = keep_size(conv_decoder(latent_dim, hidden, channels, _output_shape(shape, outputs), activation))
        super().__init__(encoder, decoder, latent_dim, shape, likelihood, hidden=(hidden,))


def _output_shape(picture_shape: tuple[int, ...], outputs: int) -> tuple[int, ...]:
    """(outputs * C, H, W): what a decoder gives where the likelihood takes ``outputs`` numbers for each pixel."""
    (outputs,) = checked_sizes("outputs", (outputs,))
    return outputs * picture_shape[0], *picture_shape[1:]


class CVAE(LatentModel):
    """A conditional variational autoencoder (Sohn, Lee & Yan, 2015): everything as in :class:`VAE`, given c.

    The condition c is a class number or a picture (or any other numbers) for each picture x. The encoder sees x and c,
    the decoder z and c.

    Args:
        condition_dim: for class numbers, how many classes there are; otherwise how many numbers a condition has.
        latent_dim, hidden, picture_shape, activation, likelihood: as for :class:`VAE`.
        learned_prior: whether p(z|c) is a network of c with one hidden layer, as in the paper; without it the prior is
            N(0, I) whatever c is.

    Raises:
        ValueError: a size is not a positive integer, or ``picture_shape`` has not three of them.
    """

    conditional = True

    def __init__(
        self,
        condition_dim: int = 10,
        latent_dim: int = 20,
        hidden: Sequence[int] = (400,),
        picture_shape: Sequence[int] = (1, 28, 28),
        activation: type[nn.Module] = nn.ReLU,
        likelihood: Callable[[Tensor], Distribution] = bernoulli,
        learned_prior: bool = False,
    ):
        super().__init__(latent_dim, hidden, picture_shape)
        (self.condition_dim,) = checked_sizes("condition_dim", (condition_dim,))
        pixels, code = prod(self.picture_shape), self.latent_dim
        self.encoder = mlp([pixels + self.condition_dim, *self.hidden, 2 * code], activation)
        self.decoder = mlp_decoder(code + self.condition_dim, self.hidden, self.picture_shape, activation)
        self.prior_network = (
            mlp([self.condition_dim, *self.hidden[-1:], 2 * code], activation) if learned_prior else None
        )
        self.picture_distribution = likelihood

    def features(self, c: Tensor) -> Tensor:
        """The condition as the networks see it, (N, condition_dim): class numbers one-hot, anything else flattened.

        Raises:
            ValueError: ``c`` is neither class numbers, int64 (N,) from 0 to condition_dim - 1, nor floating-point
                numbers (N, ...) with condition_dim of them for each picture.
        """
        # The parameter says which device and dtype the model has.
        like = next(self.decoder.parameters())
        if c.dtype == torch.int64 and c.ndim == 1:
            if len(c) and not 0 <= c.min() <= c.max() < self.condition_dim:
                took = f"class numbers from 0 to {self.condition_dim - 1}"
                raise ValueError(f"c takes {took}, got numbers from {c.min()} to {c.max()}")
            return F.one_hot(c, self.condition_dim).to(like)
        if c.is_floating_point() and c.ndim > 1 and prod(c.shape[1:]) == self.condition_dim:
            return c.flatten(1).to(like)
        raise ValueError(
            f"c takes class numbers, int64 of shape (N,), or floating-point numbers of shape (N, {self.condition_dim}) "
            f"or one that flattens to it; got {c.dtype} of shape {tuple(c.shape)}"
        )

    def posterior(self, x: Tensor, c: Tensor) -> Distribution:
        """q(z|x, c): batch (N,), event (D,). The encoder's output is mu and logvar = log sigma^2, side by side."""
        return self._normal(self.encoder(torch.cat([self._checked(x).flatten(1), self.features(c)], dim=1)))

    def prior(self, c: Tensor) -> Distribution:
        """p(z|c): batch (N,), event (D,). Without ``learned_prior`` it is N(0, I) for every c."""
        features = self.features(c)
        if self.prior_network is None:
            return self._normal(features.new_zeros(len(features), 2 * self.latent_dim))
        return self._normal(self.prior_network(features))

    def likelihood(self, z: Tensor, c: Tensor) -> Distribution:
        """p(x|z, c): a distribution over pictures, batch (N,), event (C, H, W)."""
        return self.picture_distribution(self.decoder(torch.cat([z, self.features(c)], dim=1)))

    @torch.no_grad()
    def sample(self, c: Tensor) -> Tensor:
        """A new picture for each condition, (N, C, H, W): the mean of p(x|z, c) at a code drawn from p(z|c)."""
        return self.decode(self.prior(c).sample(), c)

    @staticmethod
    def _normal(output: Tensor) -> Distribution:
        mu, logvar = output.chunk(2, dim=-1)
        return diagonal_normal(mu, torch.exp(0.5 * logvar))
