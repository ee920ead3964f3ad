"""The figures of lesson 04 show what they are given."""

import numpy as np
import pytest

from vaecourse import plots


def test_both_ways_puts_every_pair_in_its_place_on_two_equal_axes():
    (axes,) = plots.both_ways([0.5, 2.0], [1.0, 0.25], ["there", "back"]).axes
    assert np.allclose(axes.collections[0].get_offsets(), [(0.5, 1.0), (2.0, 0.25)])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("there", "back")
    assert axes.get_xlim() == axes.get_ylim()
    (diagonal,) = axes.get_lines()
    assert np.allclose(diagonal.get_xdata(), diagonal.get_ydata())


@pytest.fixture
def directions():
    """A figure of two columns: one fit on the left, two on the right."""
    x = np.linspace(-6, 6, 601)
    means, spreads = np.linspace(-4, 4, 9), np.linspace(0.5, 3, 6)
    surface = (means, spreads, 0.2 + means**2 + spreads[:, None])
    fits = {"one": [(-1.0, 2.0)], "two": [(1.0, 0.5), (2.0, 1.0)]}
    paths = {"one": [[(0, 1), (-1, 2)]], "two": [[(0, 1), (1, 0.5)], [(3, 1), (2, 1)]]}
    return x, fits, plots.kl_directions(x, np.exp(-(x**2)), fits, dict.fromkeys(fits, surface), paths)


def test_kl_directions_draws_the_gaussian_that_each_fit_ends_at(directions):
    x, fits, figure = directions
    for axes, (title, each) in zip(figure.axes[:2], fits.items(), strict=True):
        assert axes.get_title(loc="left") == title
        for line, (mean, spread) in zip(axes.get_lines(), each, strict=True):
            density = line.get_ydata()
            assert np.trapezoid(density, x) == pytest.approx(1, abs=0.01)
            assert x[np.argmax(density)] == pytest.approx(mean)
            assert np.trapezoid(density * (x - mean) ** 2, x) == pytest.approx(spread**2, rel=0.1)
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


def test_kl_directions_marks_where_each_fit_began_and_ended(directions):
    _, fits, figure = directions
    for axes, each in zip(figure.axes[2:4], fits.values(), strict=True):
        dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
        ends = [(line.get_xdata()[0], line.get_ydata()[0]) for line in dots if line.get_markerfacecolor() != "white"]
        assert ends == each
        assert len(dots) == 2 * len(each)


def test_kl_directions_tells_fits_apart_by_more_than_colour(directions):
    _, _, figure = directions
    assert len({line.get_linestyle() for line in figure.axes[1].get_lines()}) == 2


def test_estimates_have_bars_of_two_standard_errors():
    (axes,) = plots.estimates([10, 100], [0.5, 0.3], [0.1, 0.02], exact=0.25, ylabel="nats").axes
    (bars,) = axes.containers
    segments = bars.lines[2][0].get_segments()
    assert np.allclose([segment[:, 1] for segment in segments], [(0.3, 0.7), (0.26, 0.34)])
    assert axes.get_xscale() == "log"
    exact = next(line for line in axes.get_lines() if line.get_label() == "exact: 0.25")
    assert set(exact.get_ydata()) == {0.25}


def test_bound_shows_both_curves_the_gap_and_its_twin():
    steps, log_p, gap = range(0, 50, 5), np.linspace(-9, -4, 10), np.geomspace(5, 0.01, 10)
    figure = plots.bound(steps, log_p, log_p - gap, gap, ceiling=-3.5, floor=0.5, turn=20)
    left, right = figure.axes
    lines = {line.get_label(): np.asarray(line.get_ydata()) for axes in (left, right) for line in axes.get_lines()}
    assert np.allclose(lines["log p(x)"], log_p)
    assert np.allclose(lines["ELBO"], log_p - gap)
    assert np.allclose(lines["KL(q(z|x)‖p(z|x))"], gap)
    assert set(lines["log p(x) − ELBO"].round(6)) == set(gap.round(6))  # measured apart, drawn on top
    assert set(lines["the source: log p(x)"]) == {-3.5}
    assert set(lines["best diagonal q"]) == {0.5}
    assert right.get_yscale() == "log"
