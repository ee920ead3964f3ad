"""From the evidence to the verdict and the advice."""

from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any

from torch import Tensor

HEALTHY = "healthy"
IGNORED = "code ignored"
NOT_COMPRESSED = "code not compressed"
UNDERTRAINED = "undertrained"
PARTLY = "partly collapsed"

DIAGNOSES = (HEALTHY, IGNORED, NOT_COMPRESSED, UNDERTRAINED, PARTLY)

THRESHOLDS: Mapping[str, float] = MappingProxyType(
    {
        "training_gain_in_spreads": 0.25,
        "decoder_use": 1.0,
        "implied_beta": 0.3,
        "idle_share": 1 / 3,
        "idle_worth_share": 0.15,
    }
)
"""What the verdict is read from, in this order; ``benchmarks/diagnosis.py`` shows where they come from."""

HIGH_BETA = 2.5
"""An implied beta above this is high enough to silence dimensions."""
WEAK = 0.1
"""Nats of KL; under a high beta a dimension with less counts as idle, too."""


def idle_dimensions(active: Tensor, kl: Tensor, implied_beta: float) -> Tensor:
    """Which dimensions carry nothing: bool, (D,).

    Those that are not active by Burda's criterion; and where the encoder behaves as if beta were above 2.5, those whose
    KL is below 0.1 nats, too. Weak dimensions are what a model at beta 1 makes of detail that is worth little; at a
    higher beta they are what beta has left of better ones.
    """
    return ~active | ((kl < WEAK) & (implied_beta > HIGH_BETA))


def least_use(error: float) -> float:
    """Nats that a code has to be worth to the decoder to count as used: 1, and three standard errors."""
    return max(THRESHOLDS["decoder_use"], 3 * error)


def decide(evidence: Mapping[str, Any]) -> str:
    """The verdict, from six numbers of the evidence; the first that applies.

    1. *undertrained*: a short further training lowers the loss on other pictures by more than a quarter of its spread
       between pictures.
    2. *code ignored*: codes of other pictures serve the decoder as well, to less than 1 nat per picture or to less
       than three standard errors of that difference. This holds, too, for a model that was stopped so early, on
       the plateau of the mean picture, that its code is not in use yet: only more training tells these two apart.
    3. *code not compressed*: the encoder behaves as if beta were below 0.3.
    4. *partly collapsed*: a third or more of the dimensions are idle, *and* what the model leaves unexplained would pay
       for them at beta 1: linear dimensions along it would earn more than 15 % of what the code has earned so far over
       the mean picture. Dimensions that are idle because nothing is left for them to explain are no disease: a
       VAE prunes what it does not need.
    5. *healthy*, otherwise.
    """
    limits = THRESHOLDS
    if evidence["training_gain_in_spreads"] > limits["training_gain_in_spreads"]:
        return UNDERTRAINED
    if evidence["decoder_use"] < least_use(evidence["decoder_use_error"]):
        return IGNORED
    if evidence["implied_beta"] < limits["implied_beta"]:
        return NOT_COMPRESSED
    idle = evidence["idle_share"] >= limits["idle_share"]
    if idle and evidence["idle_worth_share"] > limits["idle_worth_share"]:
        return PARTLY
    return HEALTHY


def advise(verdict: str, evidence: Mapping[str, Any]) -> str:
    """What to do about it."""
    return _ADVICE[verdict](evidence)


def _healthy(evidence: Mapping[str, Any]) -> str:
    beta, idle = evidence["implied_beta"], evidence["idle_dimensions"]
    text = "Keep beta."
    if isfinite(beta) and not 1 / 3 < beta < 3:
        way = "Raise" if beta < 1 else "Lower"
        better = "samples closer to the data" if beta < 1 else "sharper pictures"
        text = f"The code is in order. {way} beta {_times(beta)} if you want {better}."
    if idle and evidence["idle_worth_share"] <= THRESHOLDS["idle_worth_share"]:
        text += f" {_counted(idle)} idle: the data do not need them, so leave them or choose a smaller latent_dim."
    return text


def _ignored(evidence: Mapping[str, Any]) -> str:
    wakes = evidence["waking_beta"]
    if wakes <= 1:
        return (
            "Lower the noise of the likelihood: at this noise no direction of the data is worth a code at beta 1. "
            f"Or lower beta below {short(wakes)}."
        )
    return (
        f"Lower beta to 1 and train anew: above about {short(wakes)} the first code dimension does not pay. If beta "
        "was 1 already, begin with beta at 0 and let it rise (warm-up), or grant free bits, 0.1 to 0.5 nats a dimension"
        " (negative_elbo(free_bits=...)). If it was trained for a few epochs only, train on first: its code may not be "
        "in use yet."
    )


def _not_compressed(evidence: Mapping[str, Any]) -> str:
    beta = evidence["implied_beta"]
    return (
        f"Raise beta {_times(beta)}: the encoder behaves as if beta were {short(beta)}, and 1 is the bound on log p(x)."
        " Train on at beta 1, or anew with a warm-up that ends there."
    )


def _undertrained(evidence: Mapping[str, Any]) -> str:
    return (
        "Train on before you judge beta: 60 more steps lowered the loss by "
        f"{nats(evidence['training_gain'])} per picture."
    )


def _partly(evidence: Mapping[str, Any]) -> str:
    beta, idle = evidence["implied_beta"], evidence["idle_dimensions"]
    cause = f"{_counted(idle)} idle, and could earn about {evidence['idle_worth']:.0f} nats per picture. "
    if beta > 2:
        return (
            f"Lower beta {_times(beta)}: the encoder behaves as if beta were {short(beta)}. {cause}"
            "A warm-up from 0 lets them take part before beta is felt."
        )
    return (
        f"Beta is not the cause (the encoder behaves as if it were {short(beta)}): keep it, and train anew with free "
        f"bits, 0.1 to 0.5 nats a dimension, or a warm-up. {cause}"
    ).strip()


_ADVICE = {
    HEALTHY: _healthy,
    IGNORED: _ignored,
    NOT_COMPRESSED: _not_compressed,
    UNDERTRAINED: _undertrained,
    PARTLY: _partly,
}


def _times(beta: float) -> str:
    """By how much to turn beta to get from here to 1."""
    if beta < 1e-3:
        return "by 1,000 times or more"
    return f"about {float(f'{max(beta, 1 / beta):.2g}'):,.0f} times"


def short(number: float) -> str:
    """One digit, as befits an estimate."""
    return f"{float(f'{number:.1g}'):,g}" if number < 10 else f"{float(f'{number:.2g}'):,.0f}"


def nats(number: float) -> str:
    """Whole nats from 10 on."""
    return f"{number:,.0f} nats" if abs(number) >= 10 else f"{number:.1f} nats"


def _counted(dimensions: int) -> str:
    return "1 dimension is" if dimensions == 1 else f"{dimensions} dimensions are"
