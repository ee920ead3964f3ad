"""Arrows and paths in the plane that the data live in."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

from vaecourse.plots.base import COLOURS, WIDTH, _figure, styled


@styled
def arrow_fields(fields: Mapping[str, tuple[ArrayLike, ArrayLike]], curve: ArrayLike) -> Figure:
    """Where points of the plane are sent, one panel a network: an arrow, true to scale, from each point.

    Args:
        fields: title -> points (N, 2), and where each of them is sent, (N, 2).
        curve: (K, 2), drawn in every panel, point by point.

    Raises:
        ValueError: there is no panel, or points and places in one are not both of one shape (N, 2).
    """
    shapes = {title: (np.shape(points), np.shape(sent)) for title, (points, sent) in fields.items()}
    if not shapes:
        raise ValueError("fields takes one panel or more, got none")
    for title, (points, sent) in shapes.items():
        if points != sent or len(points) != 2 or points[1] != 2:
            raise ValueError(
                f"fields takes points and places of one shape (N, 2), got {points} and {sent} in {title!r}"
            )
    figure, panels = _figure(WIDTH, WIDTH / len(fields) + 0.3, columns=len(fields))
    for axes, (title, (points, sent)) in zip(np.atleast_1d(panels), fields.items(), strict=True):
        points, moves = np.asarray(points), np.asarray(sent) - np.asarray(points)
        axes.plot(*np.asarray(curve).T, color=COLOURS[1], linewidth=3)
        arrows = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.004, "color": COLOURS[0]}
        axes.quiver(*points.T, *moves.T, **arrows, zorder=3)
        axes.set(title=title, xlabel="$x_1$", aspect="equal")
    np.atleast_1d(panels)[0].set_ylabel("$x_2$")
    return figure


@styled
def trajectories(
    panels: Mapping[str, ArrayLike], obstacle: Sequence[float], radius: float, crashed: Mapping[str, ArrayLike]
) -> Figure:
    """Paths around one round obstacle, a panel for each way of choosing them; those that crash are red and dashed.

    Args:
        panels: title -> paths, (N, T, 2): N paths of T points (along, across).
        obstacle: its middle, (along, across).
        radius: of the obstacle.
        crashed: title -> which of the paths crash, (N,) booleans.

    Raises:
        ValueError: there is no panel, paths are not (N, T, 2), or ``crashed`` does not fit them.
    """
    if not panels:
        raise ValueError("panels takes one panel or more, got none")
    for title, paths in panels.items():
        shape = np.shape(paths)
        if len(shape) != 3 or shape[2] != 2:
            raise ValueError(f"panels takes paths of shape (N, T, 2), got {shape} in {title!r}")
        if title not in crashed or np.shape(crashed[title]) != shape[:1]:
            raise ValueError(f"crashed takes one boolean for each of the {shape[0]} paths in {title!r}")
    figure, grid = _figure(WIDTH, WIDTH / len(panels) * 0.95 + 0.3, columns=len(panels))
    reach = 1.1 * max(float(np.abs(np.asarray(paths)[..., 1]).max()) for paths in panels.values())
    reach = max(reach, abs(obstacle[1]) + 1.2 * radius)
    for axes, (title, paths) in zip(np.atleast_1d(grid), panels.items(), strict=True):
        axes.add_patch(Circle(tuple(obstacle), radius, facecolor="0.75", edgecolor="black"))
        for path, bad in zip(np.asarray(paths), np.asarray(crashed[title]), strict=True):
            colour, line = (COLOURS[2], "--") if bad else (COLOURS[0], "-")
            axes.plot(*path.T, line, color=colour, linewidth=1.2, alpha=0.8)
        axes.set(title=title, xlabel="along", ylim=(-reach, reach), aspect="equal")
        axes.set_yticks([])
    np.atleast_1d(grid)[0].set_ylabel("across")
    return figure
