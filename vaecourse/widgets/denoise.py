"""What a denoiser makes of noise of a kind and level that you choose."""

from collections.abc import Callable

import torch
from matplotlib.figure import Figure
from torch import Tensor

from vaecourse import plots
from vaecourse.data import PictureDataset, gaussian_noise, occlusion, salt_and_pepper
from vaecourse.models.latent import looking
from vaecourse.objectives import psnr
from vaecourse.widgets.base import require_pictures, to_bytes, to_eval, tried
from vaecourse.widgets.panel import Button, Choice, Panel, Scene, Slider, Tile

_PICTURES = 20
"""On offer: more are tedious to slide through."""
_KINDS = {
    "gaussian": ("Gaussian", gaussian_noise),
    "salt and pepper": ("salt and pepper", salt_and_pepper),
    "occlusion": ("occlusion", occlusion),
}
_LEVELS = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Of the still twin."""


class Denoise(Panel):
    """A picture, the same with noise, and what a model makes of that, each with its PSNR.

    While the level moves, the noise stays the same and only grows; "New noise" draws another.

    Args:
        model: anything that takes noisy pictures (N, C, H, W) and gives denoised ones of the same shape, for instance
            an autoencoder. A network is put into ``eval()`` mode.
        data: clean pictures; the first 20 are on offer.

    Raises:
        TypeError: ``model`` cannot be called, or ``data`` is not a PictureDataset.
        ValueError: ``data`` is empty, or ``model`` gives something else than finite pictures of the same shape.
    """

    def __init__(self, model: Callable[[Tensor], Tensor], data: PictureDataset):
        if not callable(model):
            raise TypeError(f"model takes a network or function that denoises pictures, got {type(model).__name__}")
        require_pictures(data)
        to_eval(model)
        self._model, self._clean = model, data.data[:_PICTURES]
        tried(model, self._clean, what="model(x)", shape=self._clean.shape)
        classes = [data.classes[target] for target in data.targets[:_PICTURES].tolist()]
        super().__init__(
            controls=[
                Choice("picture", "picture", {i: f"{i + 1} ({name})" for i, name in enumerate(classes)}, 0, "slider"),
                Choice("kind", "noise", {kind: label for kind, (label, _) in _KINDS.items()}, "gaussian"),
                Slider("level", "level", 0, 1, 0.01, 0.3),
                Button("seed", "New noise"),
            ],
            tiles=[[Tile("clean", "clean x", 180), Tile("noisy", "noisy x̃", 180), Tile("denoised", "denoised x̂", 180)]],
        )

    def render(self, picture: int = 0, kind: str = "gaussian", level: float = 0.3, seed: int = 0) -> Scene:
        """The picture number ``picture``, clean, noisy and denoised.

        Args:
            picture: its place in the data.
            kind: "gaussian", "salt and pepper" or "occlusion".
            level: 0 to 1, as :mod:`vaecourse.data.noise` says for each kind.
            seed: of the noise.

        Raises:
            ValueError: an argument is not one of those.
        """
        self.check(picture=picture, kind=kind, level=level, seed=seed)
        clean = self._clean[picture : picture + 1]
        noisy, denoised = self._spoiled(clean, kind, level, seed)
        before, after = psnr(clean, noisy).item(), psnr(clean, denoised).item()
        return Scene(
            reading=f"PSNR against the clean picture: {_decibels(before)} noisy, {_decibels(after)} denoised.",
            pictures={"clean": to_bytes(clean), "noisy": to_bytes(noisy), "denoised": to_bytes(denoised)},
            captions={"noisy": _decibels(before), "denoised": _decibels(after)},
        )

    def figure(self) -> Figure:
        """The still twin: the first picture under each kind of noise, at five levels."""
        clean = self._clean[:1]
        rows, captions = {}, {}
        for kind, (label, _) in _KINDS.items():
            pairs = [self._spoiled(clean, kind, level, seed=0) for level in _LEVELS]
            for row, pictures in zip((label, f"{label},\ndenoised"), zip(*pairs, strict=True), strict=True):
                rows[row] = torch.cat(pictures)
                captions[row] = [_decibels(psnr(clean, picture).item()) for picture in pictures]
        return plots.captioned_rows(rows, captions, titles=[f"level {level:g}" for level in _LEVELS])

    @property
    def alt(self) -> str:
        return (
            "One picture with Gaussian noise, salt-and-pepper noise and an occlusion, at five levels each. "
            "Below each noisy picture stands what the model makes of it, both with their PSNR."
        )

    def _spoiled(self, clean: Tensor, kind: str, level: float, seed: int) -> tuple[Tensor, Tensor]:
        """The noisy pictures and the denoised ones."""
        noisy = _KINDS[kind][1](clean, level, torch.Generator().manual_seed(seed))
        with looking():
            return noisy, self._model(noisy)


def _decibels(ratio: float) -> str:
    return "∞ dB" if ratio == float("inf") else f"{ratio:.1f} dB"
