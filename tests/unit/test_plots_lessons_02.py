"""The arrows of lesson 02 start and end where they should."""

import numpy as np
import pytest
from matplotlib.quiver import Quiver

from vaecourse import plots

CURVE = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]])
POINTS = np.array([[0.0, 1.0], [2.0, 2.0]])
SENT = np.array([[0.5, 0.5], [2.0, 0.0]])


def arrows_of(axes) -> Quiver:
    (arrows,) = [artist for artist in axes.collections if isinstance(artist, Quiver)]
    return arrows


def test_arrows_lead_from_each_point_to_its_place_true_to_scale():
    figure = plots.arrow_fields({"moved": (POINTS, SENT), "left": (POINTS, POINTS)}, CURVE)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["moved", "left"]
    for axes, places in zip(figure.axes, (SENT, POINTS), strict=True):
        arrows = arrows_of(axes)
        assert np.allclose(arrows.XY, POINTS)
        assert np.allclose(arrows.XY + np.stack([arrows.U, arrows.V], axis=1), places)
        assert (arrows.angles, arrows.scale_units, arrows.scale) == ("xy", "xy", 1)
        assert axes.get_aspect() == 1  # directions look as they are
        assert np.allclose(axes.lines[0].get_xydata(), CURVE)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "one panel or more, got none"),
        ({"a": (POINTS, SENT[:1])}, r"got \(2, 2\) and \(1, 2\) in 'a'"),
        ({"a": (CURVE.T, CURVE.T)}, r"got \(2, 3\) and \(2, 3\) in 'a'"),
    ],
)
def test_other_panels_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        plots.arrow_fields(fields, CURVE)
