"""Models trained with different betas: what they reconstruct and invent, and what that costs."""

import math
from collections.abc import Mapping
from numbers import Real

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from vaecourse import plots
from vaecourse.data import PictureDataset
from vaecourse.models.latent import looking, require_methods
from vaecourse.objectives import elbo
from vaecourse.widgets.base import require_pictures, to_bytes, to_eval, tried
from vaecourse.widgets.panel import Choice, Drawing, Panel, Scene, Tile, places

_PICTURES = 8
_ROW_WIDTH = 520
"""CSS pixels, for that many pictures."""
_MEASURED = 1000
"""Held-out pictures behind the numbers, at most."""
_STILL_PICTURES, _STILL_BETAS = 5, 5


class BetaSweep(Panel):
    """One slider over beta: reconstructions, prior samples and the two terms of the ELBO move together.

    The same epsilon is used for every beta, so that samples differ by their model alone.

    Attributes:
        kl, distortion: beta -> mean of KL(q(z|x)‖p(z)) and of -log p(x|z), in nats per picture, on up to 1000
            pictures of ``data``.

    Args:
        models: beta -> VAE trained with it. Each has ``posterior(x)``, ``prior()``, ``likelihood(z)``, ``encode(x)``
            and ``decode(z)``, and is put into ``eval()`` mode.
        data: held-out pictures.

    Raises:
        TypeError: ``models`` is not a mapping from numbers, a model lacks a method, or ``data`` is not a
            PictureDataset.
        ValueError: there are fewer than two betas, one is negative, ``data`` is empty, or a model does not fit it.
    """

    def __init__(self, models: Mapping[float, nn.Module], data: PictureDataset):
        require_pictures(data)
        self._models = _sorted(models)
        self._originals = data.data[:_PICTURES]
        self.kl, self.distortion = {}, {}
        for beta, model in self._models.items():
            require_methods(model, "posterior", "prior", "likelihood", "encode", "decode")
            to_eval(model)
            self.kl[beta], self.distortion[beta] = _measured(model, beta, data.data[:_MEASURED])
        stage = plots.rate_distortion(list(self._models), list(self.kl.values()), list(self.distortion.values()))
        self._axes = stage.axes[0]
        middle = list(self._models)[len(self._models) // 2]
        super().__init__(
            controls=[Choice("beta", "beta", {beta: f"β = {beta:g}" for beta in self._models}, middle, "slider")],
            tiles=[
                [Tile("originals", "originals", _ROW_WIDTH)],
                [Tile("reconstructions", "reconstructions", _ROW_WIDTH)],
                [Tile("samples", "samples from the prior", _ROW_WIDTH)],
            ],
            drawing=Drawing(
                label="The KL and the error that is left, a point for each beta; the chosen beta is ringed.",
                figure=stage,
                marks={"ring": ("circle", {"r": 7, "fill": "none", "stroke": plots.COLOURS[2], "stroke-width": 2.5})},
            ),
        )

    def render(self, beta: float) -> Scene:
        """What the model trained with ``beta`` makes of the first pictures, its samples, and where it stands.

        Raises:
            ValueError: no model was trained with ``beta``.
        """
        self.check(beta=beta)
        reconstructions, samples = self._pictures(beta)
        ((across, down),) = places(self._axes, [self.kl[beta]], [self.distortion[beta]])
        return Scene(
            reading=(
                f"β = {beta:g}: KL {self.kl[beta]:.1f} nats, −log p(x|z) {self.distortion[beta]:.1f} nats, "
                f"together {self.kl[beta] + self.distortion[beta]:.1f} nats per picture."
            ),
            pictures={
                "originals": to_bytes(self._originals),
                "reconstructions": to_bytes(reconstructions),
                "samples": to_bytes(samples),
            },
            marks={"ring": {"cx": across, "cy": down}},
        )

    def figure(self) -> Figure:
        """The still twin: up to five of the betas, smallest and largest among them, and the curve of all."""
        betas = list(self._models)
        shown = sorted({round(place) for place in np.linspace(0, len(betas) - 1, _STILL_BETAS)})
        rows = [self._pictures(betas[index]) for index in shown]
        return plots.beta_sweep(
            betas,
            self._originals[:_STILL_PICTURES],
            [reconstructions[:_STILL_PICTURES] for reconstructions, _ in rows],
            [samples[:_STILL_PICTURES] for _, samples in rows],
            list(self.kl.values()),
            list(self.distortion.values()),
            shown,
        )

    @property
    def alt(self) -> str:
        low, *_, high = self._models
        return (
            f"Reconstructions and prior samples of models trained with betas from {low:g} to {high:g}, and a curve of "
            f"their KL against −log p(x|z): from {self.kl[low]:.0f} and {self.distortion[low]:.0f} nats at the "
            f"smallest beta to {self.kl[high]:.0f} and {self.distortion[high]:.0f} nats at the largest."
        )

    def _pictures(self, beta: float) -> tuple[Tensor, Tensor]:
        """Reconstructions of the originals and as many prior samples."""
        model = self._models[beta]
        with looking():
            return model.decode(model.encode(self._originals)), model.decode(model.prior().sample((_PICTURES,)))


def _sorted(models: Mapping[float, nn.Module]) -> dict[float, nn.Module]:
    if not isinstance(models, Mapping) or not all(isinstance(beta, Real) for beta in models):
        raise TypeError("models takes a mapping from betas to models, such as {0.1: one, 1.0: another}")
    if len(models) < 2 or not all(0 <= beta < math.inf for beta in models):
        raise ValueError(f"models takes two betas or more, none of them negative, got {list(models)}")
    return {float(beta): models[beta] for beta in sorted(models)}


def _measured(model: nn.Module, beta: float, x: Tensor) -> tuple[float, float]:
    """The means of KL and -log p(x|z) in nats per picture, with the same epsilon for every model."""
    where = f"with beta = {beta:g} "
    tried(lambda x: model.decode(model.encode(x)), x, what=f"{where}decode(encode(x))", shape=x.shape)
    terms = tried(lambda x: torch.stack(elbo(model, x)), x, what=f"{where}elbo(model, x)", shape=(3, len(x)))
    _, reconstruction, kl = terms.mean(1).tolist()
    return kl, -reconstruction
