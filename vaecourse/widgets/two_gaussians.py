"""Two Gaussians on a line, and the divergence between them, both ways."""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from torch.distributions import Normal

from vaecourse import plots
from vaecourse.widgets.panel import Choice, Drawing, Panel, Scene, Slider, places, svg_path

_LEFT, _RIGHT = -8.0, 8.0
_X = np.linspace(2 * _LEFT, 2 * _RIGHT, 1281)
"""Twice as wide as what is shown, so that nothing of an area is missing."""
_SHOWN = slice(320, 961, 2)
"""Of these x, from _LEFT to _RIGHT."""
_MOST_DENSITY = 1.1
_LOWEST = -0.4
"""The integrand's axis goes from here to 1, times a scale that fits the curve."""
_SCALES = [mantissa * power for power in (0.1, 1.0, 10.0, 100.0) for mantissa in (1, 2, 5)]
_DIRECTIONS = {"p, q": ("KL(p‖q)", "p log(p/q)"), "q, p": ("KL(q‖p)", "q log(q/p)")}
_CASES = {
    "q is as wide as p": (-1.0, 1.0, 1.0, 1.0),
    "q is narrower": (0.0, 1.5, 0.0, 0.6),
    "q is wider": (0.0, 0.6, 0.0, 1.5),
}
"""Of the still twin: mu1, sigma1, mu2, sigma2."""


class Curves(NamedTuple):
    """Two densities p and q over x, and the integrand of a divergence between them; (K,) each."""

    x: np.ndarray
    p: np.ndarray
    q: np.ndarray
    integrand: np.ndarray


class TwoGaussians(Panel):
    """p = N(mu1, sigma1^2) and q = N(mu2, sigma2^2), with KL(p‖q) and KL(q‖p) in nats.

    Below the densities stands the integrand of one of the two, p log(p/q) or q log(q/p). The divergence is its area
    above zero minus its area below.
    """

    def __init__(self):
        stage = plots.gaussian_axes((_LEFT, _RIGHT), (0, _MOST_DENSITY), (_LOWEST, 1))
        self._densities, self._integrand = stage.axes
        super().__init__(
            controls=[
                Slider("mu1", "mean μ₁ of p", -3, 3, 0.1, -1),
                Slider("sigma1", "spread σ₁ of p", 0.4, 2, 0.05, 1),
                Slider("mu2", "mean μ₂ of q", -3, 3, 0.1, 1),
                Slider("sigma2", "spread σ₂ of q", 0.4, 2, 0.05, 1.5),
                Choice("direction", "area shown", {key: name for key, (name, _) in _DIRECTIONS.items()}, "p, q"),
            ],
            drawing=Drawing(
                label="Above, the densities p and q. Below, the integrand of the divergence, its area shaded.",
                figure=stage,
                marks=self._marks(),
            ),
        )

    def render(
        self, mu1: float = -1, sigma1: float = 1, mu2: float = 1, sigma2: float = 1.5, direction: str = "p, q"
    ) -> Scene:
        """The curves, the shaded area, and both divergences.

        Args:
            mu1, mu2: means, -3 to 3.
            sigma1, sigma2: standard deviations, 0.4 to 2.
            direction: whose integrand is shown: "p, q" for KL(p‖q), "q, p" for KL(q‖p).

        Raises:
            ValueError: an argument is not one of those.
        """
        self.check(mu1=mu1, sigma1=sigma1, mu2=mu2, sigma2=sigma2, direction=direction)
        curves = gaussian_curves(mu1, sigma1, mu2, sigma2, direction)
        above, below = (np.trapezoid(part, _X) for part in (curves.integrand.clip(0), curves.integrand.clip(max=0)))
        one, other = (kl(*four) for four in ((mu1, sigma1, mu2, sigma2), (mu2, sigma2, mu1, sigma1)))
        name, _ = _DIRECTIONS[direction]
        return Scene(
            reading=(
                f"KL(p‖q) = {one:.2f} nats, KL(q‖p) = {other:.2f} nats. "
                f"The area of {name}: {above:.2f} above zero − {-below:.2f} below = {above + below:.2f} nats."
            ),
            marks=self._moves(curves, direction),
        )

    def figure(self) -> Figure:
        """The still twin: Gaussians of equal widths, a narrower and a wider q, each with both integrands."""
        cases = {}
        rows = {integrand: ([], []) for _, integrand in _DIRECTIONS.values()}
        for name, (mu1, sigma1, mu2, sigma2) in _CASES.items():
            divergences = kl(mu1, sigma1, mu2, sigma2), kl(mu2, sigma2, mu1, sigma1)
            for (direction, (divergence, integrand)), nats in zip(_DIRECTIONS.items(), divergences, strict=True):
                curves = gaussian_curves(mu1, sigma1, mu2, sigma2, direction)
                rows[integrand][0].append(curves.integrand[_SHOWN])
                rows[integrand][1].append(f"{divergence} = {nats:.2f} nats")
            cases[name] = tuple(part[_SHOWN] for part in curves[:3])
        return plots.gaussian_cases(
            cases,
            integrands={label: integrands for label, (integrands, _) in rows.items()},
            divergences={label: divergences for label, (_, divergences) in rows.items()},
        )

    @property
    def alt(self) -> str:
        said = "; ".join(f"{name}: {kl(*four):.2f} and {kl(*four[2:], *four[:2]):.2f}" for name, four in _CASES.items())
        return (
            "Three pairs of Gaussians p and q, and below each pair the integrands p log(p/q) and q log(q/p), "
            f"partly above and partly below zero. KL(p‖q) and KL(q‖p) in nats: {said}."
        )

    def _marks(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """The marks of the drawing, those behind first."""
        text = {"font-family": "sans-serif", "font-size": 10, "fill": "black"}
        bold = {**text, "font-size": 12, "font-weight": "bold", "text-anchor": "middle"}
        line = {"fill": "none", "stroke-width": 2}
        ticks, title = places(self._integrand, [_LEFT] * 2, [0.5, 1]), places(self._integrand, [_LEFT], [1])[0]
        return {
            "above": ("path", {"fill": plots.POSITIVE}),
            "below": ("path", {"fill": plots.NEGATIVE}),
            "integrand": ("path", {**line, "stroke": "black", "stroke-width": 1}),
            "p": ("path", {**line, "stroke": plots.class_colour(0)}),
            "q": ("path", {**line, "stroke": plots.class_colour(1), "stroke-dasharray": "6 3"}),
            "name of p": ("text", {**bold, "text": "p", "dx": -6}),
            "name of q": ("text", {**bold, "text": "q", "dx": 6}),
            "half": ("text", {**text, "x": ticks[0, 0] - 7, "y": ticks[0, 1] + 3.5, "text-anchor": "end"}),
            "whole": ("text", {**text, "x": ticks[1, 0] - 7, "y": ticks[1, 1] + 3.5, "text-anchor": "end"}),
            "title": ("text", {**bold, "x": title[0] + 10, "y": title[1] + 10, "text-anchor": "start"}),
        }

    def _moves(self, curves: Curves, direction: str) -> dict[str, dict[str, Any]]:
        """Where the marks go."""
        x, p, q, integrand = (part[_SHOWN] for part in curves)
        highest = max(integrand.max(), integrand.min() / _LOWEST)
        scale = next(scale for scale in _SCALES if highest <= scale)
        line = places(self._integrand, x, integrand / scale)
        zero = places(self._integrand, x[[0, -1]], [0, 0])
        moves = {
            "p": {"d": svg_path(places(self._densities, x, p))},
            "q": {"d": svg_path(places(self._densities, x, q))},
            "integrand": {"d": svg_path(line)},
            # The y axis of an SVG points down.
            "above": {"d": _area(line.clip(max=[np.inf, zero[0, 1]]), zero)},
            "below": {"d": _area(line.clip(min=[-np.inf, zero[0, 1]]), zero)},
            "half": {"text": f"{scale / 2:g}"},
            "whole": {"text": f"{scale:g}"},
            "title": {"text": _DIRECTIONS[direction][1]},
        }
        for name, density in (("p", p), ("q", q)):
            top = density.argmax()
            ((across, down),) = places(self._densities, [x[top]], [density[top]])
            moves[f"name of {name}"] = {"x": across, "y": down - 4}
        return moves


def gaussian_curves(mu1: float, sigma1: float, mu2: float, sigma2: float, direction: str = "p, q") -> Curves:
    """The densities of N(mu1, sigma1^2) and N(mu2, sigma2^2) over x from -16 to 16, and p log(p/q) or q log(q/p)."""
    x = torch.from_numpy(_X)
    log_p, log_q = (Normal(mu, sigma).log_prob(x) for mu, sigma in ((mu1, sigma1), (mu2, sigma2)))
    p, q = log_p.exp(), log_q.exp()
    # From the logarithms: far out a density is 0 where its logarithm is still a number.
    integrand = p * (log_p - log_q) if direction == "p, q" else q * (log_q - log_p)
    return Curves(_X, p.numpy(), q.numpy(), integrand.numpy())


def kl(mu1: float, sigma1: float, mu2: float, sigma2: float) -> float:
    """KL(N(mu1, sigma1^2)‖N(mu2, sigma2^2)) in nats: log(s2/s1) + (s1^2 + (m1 - m2)^2) / (2 s2^2) - 1/2."""
    return math.log(sigma2 / sigma1) + (sigma1**2 + (mu1 - mu2) ** 2) / (2 * sigma2**2) - 0.5


def _area(line: np.ndarray, zero: np.ndarray) -> str:
    return svg_path(np.concatenate([zero[:1], line, zero[1:]]))
