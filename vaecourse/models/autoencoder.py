"""The plain autoencoder: a picture, squeezed to a point, and back."""

from collections.abc import Sequence

from torch import Tensor, nn

from vaecourse.models.latent import LatentModel
from vaecourse.models.likelihoods import Point, gaussian
from vaecourse.models.networks import mlp_decoder, mlp_encoder


class Autoencoder(LatentModel):
    """Encoder, bottleneck, decoder; trained by ||x - x̂||^2.

    Seen as distributions, its posterior is a point and its likelihood a Gaussian of fixed spread.

    Args:
        latent_dim: number D of code dimensions.
        hidden: sizes of the encoder's hidden layers, walked backwards by the decoder. With ``hidden=()``
            and ``output=nn.Identity`` the autoencoder is linear: it can do what PCA does, and no more.
        picture_shape: (C, H, W) of a picture.
        activation: the nonlinearity between layers.
        output: the last layer; ``nn.Sigmoid`` keeps every pixel in [0, 1].
    """

    def __init__(
        self,
        latent_dim: int = 2,
        hidden: Sequence[int] = (400,),
        picture_shape: Sequence[int] = (1, 28, 28),
        activation: type[nn.Module] = nn.ReLU,
        output: type[nn.Module] = nn.Sigmoid,
    ):
        super().__init__(latent_dim, hidden, picture_shape)
        self.encoder = mlp_encoder(self.picture_shape, self.hidden, self.latent_dim, activation)
        self.decoder = mlp_decoder(self.latent_dim, self.hidden, self.picture_shape, activation)
        self.decoder.append(output())

    def posterior(self, x: Tensor) -> Point:
        """The point z = encoder(x), as a distribution."""
        return Point(self.encoder(self._checked(x)))

    def likelihood(self, z: Tensor):
        """N(decoder(z), I/2): its -log p(x|z) is ||x - x̂||^2 plus a constant."""
        return gaussian(self.decoder(z))
