"""The networks inside the models: fully connected stacks between a picture and a vector."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from numbers import Integral

from torch import Tensor, nn


def mlp(sizes: Sequence[int], activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers of the given ``sizes``, with ``activation`` between them and none at the end.

    ``mlp([784, 400, 20])`` maps (N, 784) to (N, 20) through one hidden layer of 400 units.
    """
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out), activation()]
    return nn.Sequential(*layers[:-1])


def mlp_encoder(
    picture_shape: Sequence[int],
    hidden: Sequence[int],
    out_features: int,
    activation: type[nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """Pictures (N, C, H, W) in, vectors (N, out_features) out."""
    return nn.Sequential(nn.Flatten(), *mlp([prod(picture_shape), *hidden, out_features], activation))


def mlp_decoder(
    latent_dim: int,
    hidden: Sequence[int],
    picture_shape: Sequence[int],
    activation: type[nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """Codes (N, latent_dim) in, one number per pixel (N, C, H, W) out.

    ``hidden`` is given in the encoder's order and walked backwards, so that the decoder mirrors it.
    """
    return nn.Sequential(
        *mlp([latent_dim, *reversed(hidden), prod(picture_shape)], activation),
        nn.Unflatten(1, tuple(picture_shape)),
    )


def checked_sizes(name: str, sizes: Sequence[int]) -> tuple[int, ...]:
    """``sizes`` as a tuple of ints; a ValueError that names the argument if one is not a positive integer."""
    if not isinstance(sizes, Sequence):
        raise ValueError(f"{name} takes a sequence of positive integers, such as (400,), got {sizes!r}")
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} takes positive integers, got {size!r}")
    return tuple(int(size) for size in sizes)


def checked_picture_shape(picture_shape: Sequence[int]) -> tuple[int, ...]:
    """As :func:`checked_sizes`, and exactly (channels, height, width)."""
    shape = checked_sizes("picture_shape", picture_shape)
    if len(shape) != 3:
        raise ValueError(f"picture_shape takes (channels, height, width), got {shape}")
    return shape


class Classifier(nn.Module):
    """A small convolutional classifier: the judge that says whether a picture is a recognisable digit.

    Two 3x3 convolutions with pooling and one hidden layer.

    Args:
        num_classes: number of classes K.
        picture_shape: (C, H, W) of the pictures it will see, 4x4 pixels or more.
        width: channels of the first convolution; the second has twice as many.
        dropout: share of hidden units dropped in training.

    Raises:
        ValueError: a size is not a positive integer, or the pictures are too small.
    """

    def __init__(
        self,
        num_classes: int = 10,
        picture_shape: Sequence[int] = (1, 28, 28),
        width: int = 16,
        dropout: float = 0.25,
    ):
        super().__init__()
        (self.num_classes,) = checked_sizes("num_classes", (num_classes,))
        (width,) = checked_sizes("width", (width,))
        self.picture_shape = channels, height, picture_width = checked_picture_shape(picture_shape)
        if min(height, picture_width) < 4:
            raise ValueError(f"picture_shape takes pictures of 4x4 pixels or more, got {self.picture_shape}")
        self.network = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(2 * width * (height // 4) * (picture_width // 4), 64),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(64, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the K classes, shape (N, K), for pictures of shape (N, C, H, W)."""
        return self.network(x)
