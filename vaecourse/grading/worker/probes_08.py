"""What can be seen of the answers of lesson 08. Models that an answer is given are built here, from plain weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from vaecourse.models.likelihoods import diagonal_normal

AGAIN = {"digits among letters": 50, "digits one by one": 12}
"""How many digits are looked at once more, in other company."""


# An attribute ---------------------------------------------------------------------------------------------


class BentVAE(nn.Module):
    """A VAE whose encoder is bent and whose pictures can be read: mu = 2 tanh(x E), a picture is sigmoid(z G + B).

    The rows of G are orthonormal. Because of the tanh the mean of codes is not the code of a mean picture.
    """

    def __init__(self, weights: Mapping[str, Tensor], picture_shape: Sequence[int]):
        super().__init__()
        self.weights, self.picture_shape = dict(weights), tuple(picture_shape)
        self.latent_dim = len(self.weights["sigma"])

    def posterior(self, x: Tensor) -> Distribution:
        mu = 2 * torch.tanh((x.flatten(1) - 0.5) @ self.weights["E"])
        return diagonal_normal(mu, self.weights["sigma"].expand_as(mu))

    def prior(self) -> Distribution:
        zero = torch.zeros(self.latent_dim)
        return diagonal_normal(zero, zero + 1)

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x).mean

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z @ self.weights["G"] + self.weights["B"]).unflatten(-1, self.picture_shape)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))

    def read(self, pictures: Tensor, off: float) -> tuple[Tensor, bool]:
        """From which codes pictures (..., C, H, W) were decoded, and whether they were."""
        logits = torch.logit(pictures.flatten(-3), eps=1e-9) - self.weights["B"]
        codes = logits @ self.weights["G"].T
        return codes, bool((codes @ self.weights["G"] - logits).abs().max() < off)


def moved(
    answer: Any, weights: Mapping[str, Tensor], x: Tensor, has: Tensor, new: Tensor, amounts: list[float]
) -> Mapping[str, Any]:
    """The pictures that come out."""
    return {"value": answer(BentVAE(weights, x.shape[1:]), x, has, new, torch.tensor(amounts))}


# From a blank cell ----------------------------------------------------------------------------------------


def trained_detector(answer: Any, x: Tensor, digits: Tensor, letters: Tensor, halves: Tensor) -> Mapping[str, Any]:
    """Train; then the scores of three kinds of pictures, and of some digits in other company."""
    score = answer(x)
    if not callable(score):
        return {"is callable": False, "nothing returned": score is None}
    if isinstance(score, nn.Module):
        score.eval()
    with torch.no_grad():
        seen = {
            name: score(kind.clone()) for name, kind in (("digits", digits), ("letters", letters), ("halves", halves))
        }
        n = AGAIN["digits among letters"]
        among = score(torch.cat([digits[:n], letters]))
        try:
            alone = [score(picture[None].clone()) for picture in digits[: AGAIN["digits one by one"]]]
        except Exception:
            alone = None
    return {
        "is callable": True,
        **seen,
        "digits among letters": among[:n] if isinstance(among, Tensor) and among.ndim else among,
        "needs a batch": alone is None,
        "digits one by one": torch.cat([torch.as_tensor(one).reshape(-1) for one in alone or []]) if alone else None,
    }
