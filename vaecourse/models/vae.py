"""The variational autoencoder: three distributions and nothing else."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from vaecourse.models.latent import LatentModel
from vaecourse.models.likelihoods import bernoulli, diagonal_normal
from vaecourse.models.networks import mlp_decoder, mlp_encoder


class VAE(LatentModel):
    """A variational autoencoder (Kingma & Welling, 2014) with fully connected networks.

    Args:
        latent_dim: number D of code dimensions.
        hidden: sizes of the encoder's hidden layers, walked backwards by the decoder.
        picture_shape: (C, H, W) of a picture.
        activation: the nonlinearity between layers.
        likelihood: turns the decoder's output (N, C, H, W) into p(x|z), as
            :func:`vaecourse.models.likelihoods.bernoulli` does.
    """

    def __init__(
        self,
        latent_dim: int = 20,
        hidden: Sequence[int] = (400,),
        picture_shape: Sequence[int] = (1, 28, 28),
        activation: type[nn.Module] = nn.ReLU,
        likelihood: Callable[[Tensor], Distribution] = bernoulli,
    ):
        super().__init__(latent_dim, hidden, picture_shape)
        self.encoder = mlp_encoder(self.picture_shape, self.hidden, 2 * self.latent_dim, activation)
        self.decoder = mlp_decoder(self.latent_dim, self.hidden, self.picture_shape, activation)
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
