"""What a model would do next: three probes that ask more of it than a look.

Each works on a :class:`Look`, whose model is a copy, or on a copy of that copy.
"""

import copy

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn

from vaecourse.diagnostics.measures import Look
from vaecourse.models.latent import looking
from vaecourse.objectives import kl_by_dimension

_DRAWS = 4
"""Of the noise, for the implied beta."""
_DIRECTIONS = 20
"""Of the residual at most, in which idle dimensions could work."""
_LEAST_VARIANCE = 1e-3
"""Of a pixel, in squared grey levels: a pixel that never changes has no unit of its own."""
_STEPS, _BATCH, _RATE = 60, 100, 3e-3
_FRESH = 8
"""Newly initialised copies, for :func:`is_untrained`."""
_FEW = 300
"""Pictures that are enough to know a newly initialised model by."""


def implied_beta(look: Look, seed: int = 0) -> float:
    """The weight of the KL that this encoder behaves as if it were trained with.

    Where E[-log p(x|z)] + beta KL is stationary, its derivative by each log sigma^2_d, averaged over the pictures, is
    zero: a_d + beta b_d = 0, with a_d that of the error, taken through z = m + sigma epsilon, and
    b_d = (sigma^2/s^2 - 1)/2 that of the KL to the prior N(m, s^2). This is the least-squares solution over the
    dimensions. It needs no knowledge of how the model was trained, and says nothing about a code that is ignored,
    where all a_d and b_d are zero but for the noise.

    Returns:
        beta, 0 or more; NaN if no dimension's spread differs from the prior's.
    """
    log_variance = (2 * look.std.log()).requires_grad_()
    slopes = torch.zeros(look.std.shape[1], dtype=look.std.dtype)
    with looking(seed), torch.enable_grad():
        for _ in range(_DRAWS):
            z = look.mean + torch.exp(0.5 * log_variance) * torch.randn_like(look.mean)
            (gradient,) = torch.autograd.grad(look.error(z).mean(), log_variance)
            slopes += gradient.sum(0) / _DRAWS
    pull = 0.5 * ((look.std / look.prior_std).square() - 1).mean(0)
    strength = pull.square().sum().item()
    return max(0.0, -(slopes * pull).sum().item() / strength) if strength > 0 else float("nan")


def residual_directions(look: Look, pictures: Tensor, seed: int = 0) -> np.ndarray:
    """How strong the structure is that the model leaves in what it does not explain: (K,), K at most 20, falling.

    The residuals x - x̂ are measured in units of the likelihood's own noise, pixel by pixel. The directions of largest
    variance are found on one half of the pictures (PCA), and their variances measured on the other, where
    white noise has 1 in every direction.

    For a linear model with Gaussian noise a further code dimension along a direction of variance v earns
    (v - 1 - log v)/2 nats, and is used at a weight beta of the KL only if v > beta: it is probabilistic PCA
    (Tipping & Bishop, 1999; Lucas et al., 2019). For other models these are estimates.

    Args:
        pictures: the reconstructions, (N, C, H, W).
    """
    noise = look.likelihood(look.z).variance.mean(0).clamp_min(_LEAST_VARIANCE).sqrt()
    residuals = ((look.x - pictures) / noise).flatten(1).numpy()
    order = np.random.default_rng(seed).permutation(len(residuals))
    fitted, held_out = residuals[order[: len(order) // 2]], residuals[order[len(order) // 2 :]]
    pca = PCA(min(_DIRECTIONS, *fitted.shape), svd_solver="randomized", random_state=seed).fit(fitted)
    return np.sort(pca.transform(held_out).var(0))[::-1]


def worth(variances: np.ndarray, dimensions: int) -> float:
    """Nats that so many further dimensions would earn at beta 1, by :func:`residual_directions`."""
    used = variances[:dimensions]
    used = used[used > 1]
    return float((0.5 * (used - 1 - np.log(used))).sum())


def training_gain(look: Look, beta: float | None, seed: int = 0) -> tuple[float, float]:
    """What a short training gains on pictures that it is not trained with.

    60 steps of Adam on one half of the pictures; the loss, -log p(x|z) + beta KL, is measured on the other half. A
    model that was trained to the end under this beta gains next to nothing; one that was stopped early still learns
    fast.

    Args:
        beta: the implied beta, so that the model goes on with what it was doing. None trains the decoder alone, with
            the encoder as it is, which needs no beta.

    Returns:
        the gain in nats per picture, 0 or more, and the same in units of the standard deviation of the loss between
        pictures. A model without parameters gains nothing.
    """
    model = copy.deepcopy(look.model).requires_grad_()
    parameters = list(model.parameters())
    if not parameters:
        return 0.0, 0.0

    def loss(which: Tensor, noise: Tensor) -> Tensor:
        given = tuple(c[which] for c in look.given)
        if beta is None:
            z = look.mean[which] + look.std[which] * noise
            return -model.likelihood(z, *given).log_prob(look.x[which])
        q = model.posterior(look.x[which], *given)
        error = -model.likelihood(q.mean + q.stddev * noise, *given).log_prob(look.x[which])
        return error + beta * kl_by_dimension(q, model.prior(*given)).sum(1)

    with looking(seed):
        practice, exam = torch.randperm(len(look.x)).chunk(2)
        noise = torch.randn_like(look.mean[exam])
        before = loss(exam, noise)
        optimizer = torch.optim.Adam(parameters, lr=_RATE)
        for _ in range(_STEPS):
            batch = practice[torch.randint(len(practice), (_BATCH,))]
            with torch.enable_grad():
                optimizer.zero_grad()
                loss(batch, torch.randn_like(look.mean[batch])).mean().backward()
            optimizer.step()
        gain = (before - loss(exam, noise)).mean().item()
    return max(0.0, gain), max(0.0, gain) / before.std().item()


def is_untrained(look: Look, mean_picture: float, seed: int = 0) -> bool:
    """Whether the model is as good as newly initialised.

    That is so if a constant picture is better, and the model's error is where that of copies lies whose layers are
    drawn anew: not below their mean by more than three standard deviations. The first ten steps of a training bring it
    far below, except in the tiniest of networks. A model whose layers cannot be drawn anew (they have no
    ``reset_parameters``) counts as trained.
    """
    some = slice(0, _FEW)
    if look.error(look.z).mean().item() <= mean_picture:
        return False
    errors = []
    with looking(seed):
        for _ in range(_FRESH):
            model = copy.deepcopy(look.model)
            layers = [module for module in model.modules() if callable(getattr(module, "reset_parameters", None))]
            if not layers:
                return False
            for layer in layers:
                layer.reset_parameters()
            errors.append(_error_of(model, look.x[some], *(c[some] for c in look.given)))
        own = _error_of(look.model, look.x[some], *(c[some] for c in look.given))
    return own >= np.mean(errors) - 3 * np.std(errors, ddof=1)


def _error_of(model: nn.Module, x: Tensor, *given: Tensor) -> float:
    return -model.likelihood(model.posterior(x, *given).sample(), *given).log_prob(x).mean().item()
