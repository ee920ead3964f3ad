"""Three ways to spoil a picture: each takes a level between 0 (nothing happens) and 1.

All random numbers are drawn before the level is looked at. So with the same generator a higher level gives *the same*
noise, only more of it: the same grains stronger, the same pixels and some others too, the same square but larger.
"""

from collections.abc import Sequence
from numbers import Real

import torch
from torch import Tensor

__all__ = ["gaussian_noise", "occlusion", "salt_and_pepper"]


def gaussian_noise(x: Tensor, level: float, generator: torch.Generator | None = None) -> Tensor:
    """Grain: x + level * epsilon, epsilon ~ N(0, 1) for each pixel and channel, clipped to [0, 1].

    It is clipped because a picture has no grey level outside [0, 1]: every model and likelihood of the course relies
    on that. The noise that is left has a standard deviation below ``level``: in a black or a white area half of the
    grains are cut off.

    Args:
        x: pictures, (N, C, H, W), in [0, 1].
        level: the standard deviation before clipping, in grey levels; 0 to 1.
        generator: where the random numbers come from; by default torch's global state.

    Returns:
        (N, C, H, W), in [0, 1].

    Raises:
        TypeError: ``x`` is not a tensor of floating-point numbers, or ``level`` is not a number.
        ValueError: ``x`` is not of that shape or range, or ``level`` is outside [0, 1].
    """
    _check(x, level)
    grain = _drawn(torch.randn, x.shape, x, generator)
    return (x + level * grain.to(x.dtype)).clamp(0, 1)


def salt_and_pepper(x: Tensor, level: float, generator: torch.Generator | None = None) -> Tensor:
    """Dead pixels: each becomes, with probability ``level``, white (1) or black (0), in all channels at once.

    Args:
        x: pictures, (N, C, H, W), in [0, 1].
        level: the share of pixels that are replaced, on average, half of them by white; 0 to 1.
        generator: where the random numbers come from; by default torch's global state.

    Returns:
        (N, C, H, W), in [0, 1].

    Raises:
        TypeError, ValueError: as for :func:`gaussian_noise`.
    """
    _check(x, level)
    chance, coin = _drawn(torch.rand, (2, len(x), 1, *x.shape[2:]), x, generator)
    return torch.where(chance < level, (coin < 0.5).to(x.dtype), x)


def occlusion(x: Tensor, level: float, generator: torch.Generator | None = None) -> Tensor:
    """A hidden part: one black square a picture, at a random place, wholly inside it.

    In a picture that is not square it is a rectangle of the picture's proportions. It is black, as in Vincent et al.
    (2008): nothing tells a missing pixel from a dark one.

    Args:
        x: pictures, (N, C, H, W), in [0, 1].
        level: the share of the area that is covered, 0 to 1; each side, sqrt(level) of the picture's, is rounded
            to whole pixels.
        generator: where the random numbers come from; by default torch's global state.

    Returns:
        (N, C, H, W), in [0, 1].

    Raises:
        TypeError, ValueError: as for :func:`gaussian_noise`.
    """
    _check(x, level)
    places = _drawn(torch.rand, (2, len(x)), x, generator)
    rows, columns = (
        _interval(length, round(length * level**0.5), place) for length, place in zip(x.shape[2:], places, strict=True)
    )
    return x.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0)


def _check(x: Tensor, level: float) -> None:
    """Raise TypeError or ValueError, naming the argument, unless ``x`` are pictures and ``level`` is in [0, 1]."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        got = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"x takes a tensor of floating-point numbers, got {got}")
    if x.ndim != 4:
        raise ValueError(f"x takes pictures of shape (N, C, H, W), got {tuple(x.shape)}")
    if not ((x >= 0) & (x <= 1)).all():
        raise ValueError("x takes pictures with every value in [0, 1]; some are outside or NaN")
    if isinstance(level, bool) or not isinstance(level, Real):
        raise TypeError(f"level takes a number from 0 to 1, got {type(level).__name__}")
    if not 0 <= level <= 1:
        raise ValueError(f"level takes a number from 0 to 1, got {level}")


def _drawn(draw, shape: Sequence[int], x: Tensor, generator: torch.Generator | None) -> Tensor:
    """Random numbers for ``x``, drawn where the generator lives: the same seed is the same noise on every device."""
    device = generator.device if generator else x.device
    return draw(shape, generator=generator, device=device).to(x.device)


def _interval(length: int, covered: int, place: Tensor) -> Tensor:
    """Which of ``length`` pixels lie in a run of ``covered``, (N, length); ``place`` in [0, 1) says how far along."""
    first = (place * (length - covered + 1)).floor().clamp(max=length - covered)  # rounding may reach one further
    pixels = torch.arange(length, device=place.device)
    return (pixels >= first[:, None]) & (pixels < first[:, None] + covered)
