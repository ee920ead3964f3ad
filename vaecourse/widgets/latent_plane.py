"""The latent plane of a model with two code dimensions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn

from vaecourse import plots
from vaecourse.data import PictureDataset
from vaecourse.live import script
from vaecourse.models.latent import require_methods
from vaecourse.widgets.base import Widget, to_bytes, to_eval

_HERE = Path(__file__).parent
_SHOWN_CODES = 3000
"""Codes in the scatter; more only hide each other."""


class LatentPlane(Widget):
    """The plane of a model's two code dimensions: click or drag a point and see the picture it decodes to.

    Attributes:
        z: the point chosen last, (z1, z2).

    Args:
        model: has ``encode(x) -> (N, 2)`` and ``decode(z) -> (N, C, H, W)``: an autoencoder or a VAE.
        data: the pictures whose codes are shown behind the point.
        classifier: optional; logits (N, K) for pictures. With it the widget says what the picture reads as.

    Both models are put into ``eval()`` mode.

    Raises:
        TypeError: ``model`` cannot encode or decode.
        ValueError: its codes are not two-dimensional, or not finite.
    """

    _esm = script(_HERE / "latent_plane.js")
    _css = _HERE / "latent_plane.css"

    extent = traitlets.List(trait=traitlets.Float()).tag(sync=True)
    background = traitlets.Bytes().tag(sync=True)
    description = traitlets.Unicode().tag(sync=True)
    start = traitlets.List(trait=traitlets.Float()).tag(sync=True)

    def __init__(self, model: nn.Module, data: PictureDataset, classifier: nn.Module | None = None):
        require_methods(model, "encode", "decode")
        to_eval(model)
        to_eval(classifier)
        with torch.no_grad():
            codes = model.encode(data.data[:_SHOWN_CODES])
        if codes.ndim != 2 or codes.shape[1] != 2:
            raise ValueError(
                "the latent plane shows models with 2 code dimensions; "
                f"this one gives codes of shape {tuple(codes.shape)}"
            )
        self._model, self._classifier = model, classifier
        self._codes, self._targets, self._classes = codes, data.targets[: len(codes)], data.classes
        extent = plots.plane_extent(codes)
        super().__init__(
            extent=list(extent),
            background=plots.png(plots.plane_background(codes, self._targets, data.classes, extent), trim=False),
            description=f"The codes of {len(codes)} pictures, coloured by class. Click or drag to choose a code.",
            start=codes.median(dim=0).values.tolist(),
        )
        self.z = tuple(self.start)

    def render(self, z: Sequence[float]) -> np.ndarray:
        """The picture that the code ``z`` = (z1, z2) decodes to: uint8, (H, W, C).

        Raises:
            ValueError: ``z`` is not two finite numbers.
        """
        return to_bytes(self._decode(z)[0])

    def reading(self, z: Sequence[float]) -> str:
        """What the classifier reads at the code ``z``, with its confidence; "" without a classifier."""
        return self._read(self._decode(z))

    def figure(self) -> Figure:
        """The still twin: a walk of eight lettered points, and what each decodes to.

        It goes between the two classes that lie furthest apart, then on into the corner that is furthest from any code.
        """
        walk = self._walk()
        pictures = [self._decode(z) for z in walk]
        captions = [self._read(picture) for picture in pictures]
        return plots.latent_probes(self._codes, self._targets, self._classes, walk, torch.cat(pictures), captions)

    @property
    def alt(self) -> str:
        return "The latent plane with a walk from A to H, and beside it the pictures that its points decode to."

    def _walk(self) -> np.ndarray:
        """The points of :meth:`figure`, (8, 2)."""
        codes = self._codes.numpy()
        centres = np.array([np.median(codes[self._targets == target], axis=0) for target in self._targets.unique()])
        apart = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
        first, last = centres[list(np.unravel_index(apart.argmax(), apart.shape))]
        x_min, x_max, y_min, y_max = self.extent
        inset = 0.03 * np.array([x_max - x_min, y_max - y_min])
        corners = np.array(
            [[x, y] for x in (x_min + inset[0], x_max - inset[0]) for y in (y_min + inset[1], y_max - inset[1])]
        )
        emptiness = np.linalg.norm((corners[:, None] - codes[None]) / inset, axis=-1).min(1)
        corner = corners[emptiness.argmax()]
        return np.concatenate([np.linspace(first, last, 4), np.linspace(last, corner, 5)[1:]])

    def _decode(self, z: Sequence[float]) -> torch.Tensor:
        code = torch.as_tensor(np.asarray(z, dtype=np.float32))
        if code.shape != (2,) or not code.isfinite().all():
            raise ValueError(f"z takes two finite numbers, got {z!r}")
        with torch.no_grad():
            return self._model.decode(code[None])

    def _read(self, picture: torch.Tensor) -> str:
        """What the classifier reads in a picture (1, C, H, W)."""
        if self._classifier is None:
            return ""
        with torch.no_grad():
            confidence, index = self._classifier(picture).softmax(-1).max(-1)
        return f"reads as {self._classes[index]}, {100 * confidence.item():.0f} %"

    def answer(self, question: dict) -> tuple[dict, list[bytes]]:
        z = question["z"]
        picture = self._decode(z)
        shown = to_bytes(picture[0])
        answer = {"z": z, "shape": shown.shape, "reading": self._read(picture)}
        self.z = tuple(z)
        return answer, [shown.tobytes()]
