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


KERNELS = (5, 3, 3)
"""Sizes of the convolutions' kernels, from the picture on; those of further ones are the last."""
STRIDE = 2


def conv_sizes(size: int, layers: int) -> list[int]:
    """Height or width of a picture, and of the map after each convolution of :func:`conv_encoder`.

    ``conv_sizes(64, 3)`` is [64, 30, 14, 6]: a kernel of k pixels in steps of 2 fits floor((n - k) / 2) + 1 times
    beside each other into n pixels.

    Raises:
        ValueError: the picture is too small for that many convolutions.
    """
    sizes = [size]
    for kernel in _kernels(layers):
        if sizes[-1] < kernel:
            raise ValueError(f"pictures of {size} pixels are too small for {layers} convolutions: {sizes} are left")
        sizes.append((sizes[-1] - kernel) // STRIDE + 1)
    return sizes


def conv_encoder(
    picture_shape: Sequence[int],
    channels: Sequence[int],
    hidden: int,
    out_features: int,
    activation: type[nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """Pictures (N, C, H, W) in, vectors (N, out_features) out, through convolutions in steps of 2 and a dense layer.

    Args:
        picture_shape: (C, H, W).
        channels: of the map after each convolution.
        hidden: units of the dense layer.
        out_features: of the last one.
        activation: after every layer but the last.
    """
    in_channels, height, width = picture_shape
    layers: list[nn.Module] = []
    for fan_in, fan_out, kernel in zip([in_channels, *channels], channels, _kernels(len(channels)), strict=False):
        layers += [nn.Conv2d(fan_in, fan_out, kernel, STRIDE), activation()]
    flat = channels[-1] * conv_sizes(height, len(channels))[-1] * conv_sizes(width, len(channels))[-1]
    return nn.Sequential(*layers, nn.Flatten(), *mlp([flat, hidden, out_features], activation))


def conv_decoder(
    latent_dim: int,
    hidden: int,
    channels: Sequence[int],
    picture_shape: Sequence[int],
    activation: type[nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """Codes (N, latent_dim) in, maps of ``picture_shape`` out: :func:`conv_encoder` walked backwards.

    A transposed convolution of k pixels makes 2 (n - 1) + k of n pixels. Where a convolution had left one pixel over,
    that is one too few, and the kernel is one larger here. (``output_padding`` would add the pixel, too, but beyond
    the reach of any kernel: it would have one colour in all pictures.)
    """
    out_channels, height, width = picture_shape
    heights, widths = conv_sizes(height, len(channels)), conv_sizes(width, len(channels))
    layers = [
        *mlp([latent_dim, hidden, channels[-1] * heights[-1] * widths[-1]], activation),
        activation(),
        nn.Unflatten(1, (channels[-1], heights[-1], widths[-1])),
    ]
    backwards = [out_channels, *channels][::-1]
    for i, (fan_in, fan_out) in enumerate(pairwise(backwards)):
        kernel = tuple(sizes[-2 - i] - STRIDE * (sizes[-1 - i] - 1) for sizes in (heights, widths))
        layers += [nn.ConvTranspose2d(fan_in, fan_out, kernel, STRIDE), activation()]
    return nn.Sequential(*layers[:-1])


def keep_size(network: nn.Sequential) -> nn.Sequential:
    """Give a stack of layers new initial weights, with which signals keep their size from layer to layer.

    Weights are normal with the variance 1/n for the n inputs that meet in one output (LeCun et al., 1998), biases 0.
    torch's own weights have a third of that, and for transposed convolutions count n on the wrong side: after ten
    layers hardly anything of the picture is left, and the first hundreds of training steps only bring it back.

    Returns:
        The same stack.
    """
    for layer in network:
        if not isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            continue
        meeting = layer.weight[0].numel()
        if isinstance(layer, nn.ConvTranspose2d):
            # Weights are (in, out, k, k), and a kernel's k x k outputs lie stride apart from the next one's.
            meeting = layer.weight[:, 0].numel() / prod(layer.stride)
        nn.init.normal_(layer.weight, std=meeting**-0.5)
        nn.init.zeros_(layer.bias)
    return network


def _kernels(layers: int) -> list[int]:
    return [*KERNELS[:layers], *KERNELS[-1:] * (layers - len(KERNELS))]


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
