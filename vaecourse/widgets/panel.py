"""A panel: pictures and a drawing beside the controls that change them. A widget only says what each setting shows."""

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vaecourse import plots
from vaecourse.live import script
from vaecourse.widgets.base import Widget

_HERE = Path(__file__).parent
_NOTHING = MappingProxyType({})
_POINTS_PER_INCH = 72
"""An SVG made by matplotlib is measured in points."""


class Slider(NamedTuple):
    """A number between two others."""

    name: str
    label: str
    min: float
    max: float
    step: float
    value: float

    def check(self, value: Any) -> None:
        if not isinstance(value, Real) or not self.min <= value <= self.max:
            raise ValueError(f"{self.name} takes a number from {self.min:g} to {self.max:g}, got {value!r}")

    def plan(self) -> dict[str, Any]:
        return {"kind": "slider", **self._asdict()}


class Choice(NamedTuple):
    """One of a few values; ``options`` gives the text of each. It starts at ``value``.

    ``kind`` is "buttons" or "slider". Buttons can show a picture each, the one that the scene has under the name in
    ``pictures``.
    """

    name: str
    label: str
    options: Mapping[Any, str]
    value: Any
    kind: str = "buttons"
    pictures: Sequence[str] = ()

    def check(self, value: Any) -> None:
        if value not in list(self.options):
            raise ValueError(f"{self.name} takes one of {', '.join(map(repr, self.options))}, got {value!r}")

    def plan(self) -> dict[str, Any]:
        # JSON would turn the keys of a mapping into texts.
        return {**self._asdict(), "kind": f"choice by {self.kind}", "options": list(self.options.items())}


class Button(NamedTuple):
    """A number that grows by one at each press."""

    name: str
    label: str
    value: int = 0

    def check(self, value: Any) -> None:
        if not isinstance(value, Integral) or value < 0:
            raise ValueError(f"{self.name} takes a whole number from 0 on, got {value!r}")

    def plan(self) -> dict[str, Any]:
        return {"kind": "button", **self._asdict()}


Control = Slider | Choice | Button


class Tile(NamedTuple):
    """A place for pictures; ``width`` in CSS pixels, where there is room."""

    name: str
    label: str
    width: int


class Drawing(NamedTuple):
    """A figure as a still background, and marks that move on it: SVG elements, name -> (tag, attributes)."""

    label: str
    figure: Figure
    marks: Mapping[str, tuple[str, Mapping[str, Any]]]

    def plan(self) -> dict[str, Any]:
        size = (_POINTS_PER_INCH * self.figure.get_size_inches()).tolist()
        return {"label": self.label, "size": size, "marks": self.marks}


class Scene(NamedTuple):
    """What a panel shows at one setting of its controls.

    Attributes:
        reading: a sentence or two below it all.
        pictures: for each tile some pictures side by side, uint8 (N, H, W, C).
        captions: a text below a tile.
        marks: SVG attributes of the drawing's marks; "text" is what a <text> says.
    """

    reading: str
    pictures: Mapping[str, np.ndarray] = _NOTHING
    captions: Mapping[str, str] = _NOTHING
    marks: Mapping[str, Mapping[str, Any]] = _NOTHING


class Panel(Widget):
    """Controls, and the scene that they lead to. A subclass gives :meth:`render`.

    Attributes:
        values: the setting shown last, in any view: control name -> value.

    Args:
        controls: from top to bottom.
        tiles: rows of places for pictures.
        drawing: shown beside the tiles, below the controls; without tiles it has their place.
    """

    _esm = script(_HERE / "panel.js")
    _css = _HERE / "panel.css"

    plan = traitlets.Dict().tag(sync=True)
    background = traitlets.Bytes().tag(sync=True)

    def __init__(
        self, controls: Iterable[Control], tiles: Sequence[Sequence[Tile]] = (), drawing: Drawing | None = None
    ):
        self._controls = {control.name: control for control in controls}
        self.values = {name: control.value for name, control in self._controls.items()}
        super().__init__(
            plan={
                "controls": [control.plan() for control in self._controls.values()],
                "tiles": [[tile._asdict() for tile in row] for row in tiles],
                "drawing": drawing and drawing.plan(),
            },
            background=plots.svg(drawing.figure) if drawing else b"",
        )

    @property
    def controls(self) -> tuple[Control, ...]:
        """The controls, from top to bottom."""
        return tuple(self._controls.values())

    def render(self, **values: Any) -> Scene:
        """What is shown at these values of the controls."""
        raise NotImplementedError

    def moved(self, values: Mapping[str, Any], changed: Sequence[str]) -> dict[str, Any]:
        """The controls that move along when those named in ``changed`` get new ``values``; by default none."""
        return {}

    def check(self, **values: Any) -> None:
        """Raise ValueError, naming the control, unless each value is one that its control can have."""
        for name, value in values.items():
            if name not in self._controls:
                raise ValueError(f"{type(self).__name__} has the controls {', '.join(self._controls)}, got {name!r}")
            self._controls[name].check(value)

    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        moved = self.moved(question["values"], question["changed"])
        values = {**question["values"], **moved}
        scene = self.render(**values)
        self.values = values
        answer = {
            "moved": moved,
            "reading": scene.reading,
            "shapes": {name: pictures.shape for name, pictures in scene.pictures.items()},
            "captions": dict(scene.captions),
            "marks": dict(scene.marks),
        }
        return answer, [pictures.tobytes() for pictures in scene.pictures.values()]


def places(axes: Axes, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where data points (K,), (K,) lie in the SVG of a figure: (K, 2), in points from the upper left corner.

    The axes must have their final place and limits.
    """
    figure = axes.get_figure()
    across, up = axes.transData.transform(np.column_stack([x, y])).T * (_POINTS_PER_INCH / figure.dpi)
    return np.column_stack([across, figure.get_figheight() * _POINTS_PER_INCH - up])


def svg_path(points: np.ndarray) -> str:
    """The "d" of an SVG path along points (K, 2)."""
    return "M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in points.tolist())
