"""The label and the style of a conditional model, each changed without the other."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import nn

from vaecourse import plots
from vaecourse.data import PictureDataset
from vaecourse.models.latent import looking, require_methods
from vaecourse.widgets.base import require_pictures, to_bytes, to_eval, tried
from vaecourse.widgets.panel import Choice, Panel, Scene, Slider, Tile

_PICTURES = 20
"""Whose style is on offer."""
_MOST_SLIDERS = 8
_REACH = 3.0
"""How far a slider goes to each side; under a standard-normal prior 99.7 % of the codes lie within."""
_SUBSCRIPTS = str.maketrans("12345678", "₁₂₃₄₅₆₇₈")
_STILL_STYLES, _STILL_LABELS = 5, 10


class LabelStyle(Panel):
    """A picture of the label and the style that you choose, and all labels in that style.

    The style is the code z. Sliders move its first dimensions, up to eight; it starts as the code of a picture of
    ``data`` and can be taken from another, which keeps the label.

    Args:
        model: a conditional VAE: ``encode(x, c) -> (N, D)`` and ``decode(z, c) -> (N, C, H, W)``, with class numbers
            c, int64 of shape (N,). It is put into ``eval()`` mode.
        data: pictures to take a style from; the first 20 are on offer.

    Raises:
        TypeError: ``model`` cannot encode or decode, or ``data`` is not a PictureDataset.
        ValueError: ``data`` is empty, or ``model`` does not give such codes and pictures.
    """

    def __init__(self, model: nn.Module, data: PictureDataset):
        require_methods(model, "encode", "decode")
        require_pictures(data)
        to_eval(model)
        self._model, self._classes = model, data.classes
        self._pictures = data.data[:_PICTURES]
        targets = data.targets[:_PICTURES]
        self._codes = tried(
            model.encode, self._pictures, targets, what="encode(x, c)", shape=(len(self._pictures), None)
        )
        self._labels = torch.arange(len(data.classes))
        tried(
            model.decode,
            self._codes[:1].expand(len(self._labels), -1),
            self._labels,
            what="decode(z, c)",
            shape=(len(self._labels), *self._pictures.shape[1:]),
        )
        self._sources = [f"picture {i + 1} ({data.classes[target]})" for i, target in enumerate(targets.tolist())]
        start = self.style(0)
        super().__init__(
            controls=[
                Choice("label", "label", dict(enumerate(data.classes)), 0, pictures=self._small()),
                Choice("picture", "style of", dict(enumerate(self._sources)), 0, "slider"),
                *(
                    Slider(name, f"z{name[1:].translate(_SUBSCRIPTS)}", -_REACH, _REACH, 0.05, value)
                    for name, value in start.items()
                ),
            ],
            tiles=[[Tile("source", "style of", 110), Tile("picture", "picture", 280)]],
        )

    def style(self, picture: int) -> dict[str, float]:
        """The first code dimensions of a picture of ``data``, by name from "z1" to at most "z8", cut to -3 to 3."""
        code = self._codes[picture, :_MOST_SLIDERS].clamp(-_REACH, _REACH)
        return {f"z{dimension + 1}": value for dimension, value in enumerate(code.tolist())}

    def render(self, label: int, picture: int = 0, **style: float) -> Scene:
        """The picture of a label in a style, and all labels in that style.

        Args:
            label: class number.
            picture: whose style it is, by its place in ``data``.
            **style: "z1" to at most "z8", -3 to 3, in place of that picture's own.

        Raises:
            ValueError: an argument is not one of those.
        """
        self.check(label=label, picture=picture, **style)
        z = self._codes[picture].clone()
        for name, value in style.items():
            z[int(name[1:]) - 1] = value
        with looking():
            decoded = self._model.decode(z.expand(len(self._labels), -1), self._labels)
        own = self.style(picture)
        by_hand = any(abs(value - own[name]) > 1e-6 for name, value in style.items())
        numbers = ", ".join(f"{value:.2f}" for value in z[:_MOST_SLIDERS].tolist())
        rest = ", …" if len(z) > _MOST_SLIDERS else ""
        return Scene(
            reading=(
                f"Label {self._classes[label]}, {'changed from' if by_hand else 'in'} the style of "
                f"{self._sources[picture]}: z = ({numbers}{rest})."
            ),
            pictures={
                "source": to_bytes(self._pictures[[picture]]),
                "picture": to_bytes(decoded[[label]]),
                **{name: to_bytes(decoded[[i]]) for i, name in enumerate(self._small())},
            },
            captions={"source": self._sources[picture], "picture": f"label {self._classes[label]}"},
        )

    def moved(self, values: Mapping[str, Any], changed: Sequence[str]) -> dict[str, float]:
        """Another picture brings its style along."""
        return self.style(values["picture"]) if "picture" in changed else {}

    def figure(self) -> Figure:
        """The still twin: the styles of the first five pictures, a row each, with every label."""
        labels = self._labels[:_STILL_LABELS]
        rows = {}
        for index in range(min(_STILL_STYLES, len(self._pictures))):
            with looking():
                decoded = self._model.decode(self._codes[index].expand(len(labels), -1), labels)
            rows[f"style {index + 1}"] = torch.cat([self._pictures[[index]], decoded])
        return plots.picture_rows(rows, titles=["from", *self._classes[: len(labels)]])

    @property
    def alt(self) -> str:
        rows = min(_STILL_STYLES, len(self._pictures))
        return (
            f"{rows} pictures, a row each, and beside each the pictures that the model draws in its style for the "
            f"labels {', '.join(self._classes[:_STILL_LABELS])}."
        )

    def _small(self) -> list[str]:
        """The names of the pictures on the label buttons."""
        return [f"label {label}" for label in self._labels.tolist()]
