"""What every model with a code has in common."""

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.distributions import Distribution


class LatentModel(nn.Module):
    """A model with a code z behind each picture x.

    A subclass gives two distributions, :meth:`posterior` q(z|x) and :meth:`likelihood` p(x|z); encoding and
    decoding follow from them.

    Args:
        latent_dim: number D of code dimensions.
        hidden: sizes of the encoder's hidden layers, walked backwards by the decoder; () for none.
        picture_shape: (C, H, W) of a picture.

    Raises:
        ValueError: a size is not a positive integer, or ``picture_shape`` has not three of them.
    """

    def __init__(self, latent_dim: int, hidden: Sequence[int], picture_shape: Sequence[int]):
        super().__init__()
        if isinstance(hidden, Integral):
            raise ValueError(f"hidden must be a sequence of layer sizes such as (400,), got {hidden!r}")
        _require_sizes("latent_dim", (latent_dim,))
        _require_sizes("hidden", hidden)
        _require_sizes("picture_shape", picture_shape)
        if len(picture_shape) != 3:
            raise ValueError(f"picture_shape must be (channels, height, width), got {tuple(picture_shape)}")
        self.latent_dim = int(latent_dim)
        self.hidden = tuple(hidden)
        self.picture_shape = tuple(picture_shape)

    def posterior(self, x: Tensor) -> Distribution:
        """q(z|x) for pictures x of shape (N, C, H, W): a distribution over codes, batch (N,), event (D,)."""
        raise NotImplementedError

    def likelihood(self, z: Tensor) -> Distribution:
        """p(x|z) for codes z of shape (N, D): a distribution over pictures, batch (N,), event (C, H, W)."""
        raise NotImplementedError

    def encode(self, x: Tensor) -> Tensor:
        """The code of each picture, (N, D): the mean of q(z|x)."""
        return self.posterior(self._require_pictures(x)).mean

    def decode(self, z: Tensor) -> Tensor:
        """The picture that each code stands for, (N, C, H, W): the mean of p(x|z).

        Raises:
            ValueError: ``z`` is not of shape (N, latent_dim).
        """
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ValueError(f"z must have shape (N, {self.latent_dim}), got {tuple(z.shape)}")
        return self.likelihood(z).mean

    def forward(self, x: Tensor) -> Tensor:
        """The reconstruction x̂ of each picture, (N, C, H, W): decode(encode(x))."""
        return self.decode(self.encode(x))

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """As ``model(x)``, without a gradient: for looking, not for training."""
        return self(x)

    def _require_pictures(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or tuple(x.shape[1:]) != self.picture_shape:
            expected = ", ".join(str(size) for size in self.picture_shape)
            raise ValueError(
                f"x must have shape (N, {expected}), got {tuple(x.shape)}; "
                "build the model with picture_shape=data.shape[1:] for other pictures"
            )
        return x


def _require_sizes(name: str, sizes: Sequence[int]) -> None:
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} takes positive integers, got {size!r}")
