"""The figure of lesson 06 shows the paths it is given, and refuses what it cannot show."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Circle

from vaecourse import plots

ALONG = np.linspace(0, 1, 5)
PATHS = np.stack([np.stack([ALONG, across * np.ones(5)], axis=1) for across in (0.0, 0.4, -0.3)])
CRASHED = np.array([True, False, False])
PANELS = {"one": PATHS, "other": PATHS[1:]}
FLAGS = {"one": CRASHED, "other": CRASHED[1:]}


def test_trajectories_draws_every_path_and_the_obstacle_in_every_panel():
    figure = plots.trajectories(PANELS, (0.5, 0.05), 0.15, FLAGS)
    for axes, (title, paths) in zip(figure.axes, PANELS.items(), strict=True):
        assert axes.get_title(loc="left") == title
        assert np.allclose([line.get_xydata() for line in axes.lines], paths)
        (obstacle,) = (patch for patch in axes.patches if isinstance(patch, Circle))
        assert obstacle.center == (0.5, 0.05)
        assert obstacle.radius == 0.15
        assert axes.get_aspect() == 1  # a circle looks round, and paths keep their distance from it


def test_trajectories_tells_a_crash_by_colour_and_by_line():
    one, _ = plots.trajectories(PANELS, (0.5, 0.05), 0.15, FLAGS).axes
    crashed, *free = ((to_hex(line.get_color()), line.get_linestyle()) for line in one.lines)
    assert len(set(free)) == 1
    assert all(mine != other for mine, other in zip(crashed, free[0], strict=True))


def test_trajectories_share_one_scale_that_holds_all_paths_and_the_obstacle():
    near = {"near": PATHS[:1], "far": 3 * PATHS}
    figure = plots.trajectories(near, (0.5, 0.0), 0.15, {name: np.zeros(len(near[name])) for name in near})
    limits = {axes.get_ylim() for axes in figure.axes}
    assert len(limits) == 1
    assert min(limits)[1] > 1.2
    (alone,) = plots.trajectories({"a": PATHS[:1]}, (0.5, 0.0), 0.5, {"a": [True]}).axes
    assert alone.get_ylim()[1] > 0.5


@pytest.mark.parametrize(
    ("panels", "crashed", "message"),
    [
        ({}, {}, "panels takes one panel or more"),
        ({"a": PATHS[..., :1]}, {"a": CRASHED}, r"paths of shape \(N, T, 2\), got \(3, 5, 1\) in 'a'"),
        ({"a": PATHS}, {"a": CRASHED[:2]}, "one boolean for each of the 3 paths in 'a'"),
        ({"a": PATHS}, {"b": CRASHED}, "one boolean for each of the 3 paths in 'a'"),
    ],
)
def test_trajectories_refuses_what_does_not_fit(panels, crashed, message):
    with pytest.raises(ValueError, match=message):
        plots.trajectories(panels, (0.5, 0.0), 0.15, crashed)
