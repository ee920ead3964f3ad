"""``diagnose``: all measures and probes of one model, put together."""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn

from vaecourse.data import PictureDataset
from vaecourse.diagnostics import probes, verdict
from vaecourse.diagnostics.measures import (
    ACTIVE,
    Look,
    activity,
    baseline,
    look_at,
    shuffled_codes,
    two_sample_test,
)
from vaecourse.diagnostics.report import Report
from vaecourse.models.latent import looking
from vaecourse.training import History

_FEATURES = 10
"""Principal components of the data by which samples are compared with it."""
_SHOWN = 10
"""Pictures of each kind in the report's figure."""


def diagnose(
    model: nn.Module,
    data: PictureDataset,
    history: History | Mapping[str, Sequence[float]] | None = None,
    seed: int = 0,
    c: Tensor | None = None,
) -> Report:
    """What a VAE suffers from, if anything.

    The verdict is one of "healthy", "code ignored", "code not compressed", "undertrained" and "partly collapsed";
    :func:`vaecourse.diagnostics.verdict.decide` says how it follows from the evidence. The evidence has, in nats per
    picture where nothing else is said:

    ============================  ================================================================================
    ``pictures``                  how many were looked at, at most 2,000, evenly chosen
    ``latent_dim``                number D of code dimensions
    ``kl``                        KL(q(z|x)‖p(z))
    ``kl_per_dimension``          its D parts
    ``active_units``              dimensions that are active by Burda's criterion
    ``active``                    which these are
    ``idle_dimensions``           dimensions that carry nothing: the inactive ones; under an implied beta above 2.5
                                  also those with a KL below 0.1 nats
    ``idle``                      which these are
    ``idle_share``                their share of all
    ``reconstruction``            -log p(x|z), z drawn from q(z|x)
    ``mean_picture``              -log p(x) of the best constant picture (of the class, for a conditional model)
    ``shuffled``                  -log p(x|z), z that of another picture (of the class, for a conditional model)
    ``decoder_use``               shuffled - reconstruction: what the code is worth to the decoder
    ``decoder_use_error``         its standard error
    ``negative_elbo``             reconstruction + KL
    ``implied_beta``              the beta that the encoder behaves as if it were trained with
    ``waking_beta``               the beta below which one more dimension would be used, by a linear estimate
    ``idle_worth``                what the idle dimensions could earn at beta 1, by the same estimate
    ``idle_worth_share``          the same, over what the code has earned: mean_picture - reconstruction
    ``training_gain``             by how much 60 more steps at the implied beta lower the loss on pictures that they
                                  do not use; of the decoder alone if the code is ignored and so tells no beta
    ``training_gain_in_spreads``  the same, over the standard deviation of the loss between pictures
    ``codes_vs_prior``            accuracy of a classifier that tells codes from draws of the prior; chance is 0.5
    ``samples_vs_data``           accuracy of one that tells samples from data, by 10 principal components of the data
    ``reconstructions_vs_data``   the same for reconstructions: how much of that is blur
    ``chance``, ``chance_error``  of these three accuracies, and its standard error
    ============================  ================================================================================

    Why principal components: they are fixed by the data, need no trained network, and hold what pictures of this kind
    mostly differ in. Finer detail is left to the noise of p(x|z), which the samples, being its means, do not show.

    Args:
        model: a trained :class:`vaecourse.models.VAE` or ``CVAE``, or a model with the same methods. It is left as it
            is: a copy is looked at, on the CPU.
        data: held-out pictures, 100 or more.
        history: what ``fit`` returned, or name -> one value an epoch: shown in the report.
        seed: of everything that is drawn.
        c: for a conditional model, the condition of each picture; by default ``data.targets``.

    Raises:
        TypeError: ``model`` is not a VAE, ``data`` not a PictureDataset, or ``history`` not a history.
        ValueError: ``model`` is as good as newly initialised, or has or gives NaN; ``data`` has fewer than 100
            pictures, or pictures of another shape; ``c`` does not fit.
    """
    curves = _curves(history)
    look = look_at(model, data, c, seed)
    mean_picture = baseline(look)
    if probes.is_untrained(look, mean_picture, seed):
        raise ValueError(
            f"model is untrained: this {type(model).__name__} reconstructs no better than a newly initialised one, "
            "and worse than one constant picture. Train it first, with vaecourse.fit"
        )
    evidence, pictures = _examine(look, mean_picture, seed)
    found = verdict.decide(evidence)
    return Report(found, evidence, verdict.advise(found, evidence), curves, pictures)


def _examine(look: Look, mean_picture: float, seed: int) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The evidence, and pictures to look at."""
    with looking(seed):
        shuffled = shuffled_codes(look)
        epsilon = torch.randn_like(look.z)
        error, swapped_error = look.error(look.z), look.error(shuffled)
        use = swapped_error - error
        use_error = use.std().item() / len(use) ** 0.5
        reconstructed, samples = look.decode(look.z), look.decode(look.from_units_of_prior(epsilon))
        some = slice(0, _SHOWN)
        pictures = {
            "data": look.x[some],
            "reconstructed": look.decode(look.mean[some]),
            "codes swapped": look.decode(shuffled[some]),
            "samples": samples[some],
        }
        directions = probes.residual_directions(look, reconstructed, seed)
        codes = two_sample_test(look.in_units_of_prior(look.z), torch.randn_like(look.z), seed)
    kl, active = look.kl.mean(0), activity(look) > ACTIVE
    beta = probes.implied_beta(look, seed)
    idle = verdict.idle_dimensions(active, kl, beta)
    idle_worth = probes.worth(directions, int(idle.sum()))
    # An ignored code does not tell beta, nor does an encoder whose spread is the prior's whatever it sees.
    unknown = use.mean().item() < verdict.least_use(use_error) or isnan(beta)
    gain, gain_in_spreads = probes.training_gain(look, None if unknown else beta, seed)
    features = _Features(look.x, seed)
    reconstruction = error.mean().item()
    evidence = {
        "pictures": len(look.x),
        "latent_dim": len(kl),
        "kl": kl.sum().item(),
        "kl_per_dimension": kl.tolist(),
        "active_units": int(active.sum()),
        "active": active.tolist(),
        "idle_dimensions": int(idle.sum()),
        "idle": idle.tolist(),
        "idle_share": idle.float().mean().item(),
        "reconstruction": reconstruction,
        "mean_picture": mean_picture,
        "shuffled": swapped_error.mean().item(),
        "decoder_use": use.mean().item(),
        "decoder_use_error": use_error,
        "negative_elbo": reconstruction + kl.sum().item(),
        "implied_beta": beta,
        "waking_beta": float(directions[0]),
        "idle_worth": idle_worth,
        "idle_worth_share": idle_worth / max(mean_picture - reconstruction, 1.0),
        "training_gain": gain,
        "training_gain_in_spreads": gain_in_spreads,
        "codes_vs_prior": codes.accuracy,
        "samples_vs_data": features.accuracy(samples),
        "reconstructions_vs_data": features.accuracy(reconstructed),
        "chance": codes.chance,
        "chance_error": codes.standard_error,
    }
    return evidence, pictures


class _Features:
    """Leading principal components of the data, and tests by them."""

    def __init__(self, x: Tensor, seed: int):
        vectors = x.flatten(1).numpy()
        self._pca = PCA(min(_FEATURES, *vectors.shape), svd_solver="randomized", random_state=seed).fit(vectors)
        self._data, self._seed = self._pca.transform(vectors), seed

    def accuracy(self, pictures: Tensor) -> float:
        """Of a classifier that tells pictures (N, C, H, W) from the data."""
        features = self._pca.transform(pictures.flatten(1).numpy())
        return two_sample_test(features, self._data, self._seed).accuracy


def _curves(history: History | Mapping[str, Sequence[float]] | None) -> dict[str, list[float]] | None:
    if history is None:
        return None
    if isinstance(history, History):
        return {term: history[term] for term in history.terms} or None
    if not isinstance(history, Mapping):
        raise TypeError(f"history takes what fit returned, or a mapping, got {type(history).__name__}")
    return {str(term): [float(value) for value in values] for term, values in history.items()} or None
