"""What every model with a code has in common."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from vaecourse.models.networks import checked_picture_shape, checked_sizes


def require_methods(model: nn.Module, *names: str) -> None:
    """Raise TypeError, naming what is missing, unless the model has all these methods."""
    missing = [name for name in names if not callable(getattr(model, name, None))]
    if missing:
        needed, lacking = (", ".join(f"{name}()" for name in some) for some in (names, missing))
        raise TypeError(f"model must have {needed}; {type(model).__name__} has no {lacking}")


@contextmanager
def looking(seed: int = 0) -> Iterator[None]:
    """Without gradients, and drawing from ``seed``; torch's global random state stays as it was."""
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed every GPU too
        yield


class LatentModel(nn.Module):
    """A model with a code z behind each picture x.

    A subclass gives two distributions, :meth:`posterior` q(z|x) and :meth:`likelihood` p(x|z); encoding and
    decoding follow from them. The methods of a *conditional* model take one argument more, the condition c: class
    numbers, int64 (N,), or whatever else the model is conditioned on.

    Args:
        latent_dim: number D of code dimensions.
        hidden: sizes of the encoder's hidden layers, walked backwards by the decoder; () for none.
        picture_shape: (C, H, W) of a picture.

    Raises:
        ValueError: a size is not a positive integer, or ``picture_shape`` has not three of them.
    """

    conditional = False
    """Whether the methods take a condition c."""

    def __init__(self, latent_dim: int, hidden: Sequence[int], picture_shape: Sequence[int]):
        super().__init__()
        self.latent_dim = checked_sizes("latent_dim", (latent_dim,))[0]
        self.hidden = checked_sizes("hidden", hidden)
        self.picture_shape = checked_picture_shape(picture_shape)

    def posterior(self, x: Tensor) -> Distribution:
        """q(z|x) for pictures x of shape (N, C, H, W): a distribution over codes, batch (N,), event (D,).

        Raises:
            ValueError: ``x`` is not of shape (N, *picture_shape).
        """
        raise NotImplementedError

    def likelihood(self, z: Tensor) -> Distribution:
        """p(x|z) for codes z of shape (N, D): a distribution over pictures, batch (N,), event (C, H, W)."""
        raise NotImplementedError

    def encode(self, x: Tensor, *c: Tensor) -> Tensor:
        """The code of each picture, (N, D): the mean of q(z|x)."""
        return self.posterior(x, *c).mean

    def decode(self, z: Tensor, *c: Tensor) -> Tensor:
        """The picture that each code stands for, (N, C, H, W): the mean of p(x|z).

        Raises:
            ValueError: ``z`` is not of shape (N, latent_dim).
        """
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ValueError(f"z must have shape (N, {self.latent_dim}), got {tuple(z.shape)}")
        return self.likelihood(z, *c).mean

    def forward(self, x: Tensor, *c: Tensor) -> Tensor:
        """The reconstruction x̂ of each picture, (N, C, H, W): decode(encode(x))."""
        return self.decode(self.encode(x, *c), *c)

    @torch.no_grad()
    def reconstruct(self, x: Tensor, *c: Tensor) -> Tensor:
        """As ``model(x)``, without a gradient: for looking, not for training."""
        return self(x, *c)

    def _checked(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or tuple(x.shape[1:]) != self.picture_shape:
            expected = ", ".join(str(size) for size in self.picture_shape)
            raise ValueError(
                f"x must have shape (N, {expected}), got {tuple(x.shape)}; "
                "for other pictures build the model with picture_shape=x.shape[1:]"
            )
        return x
