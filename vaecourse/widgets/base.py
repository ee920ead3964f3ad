"""What all widgets have in common."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from vaecourse import plots
from vaecourse.data import PictureDataset
from vaecourse.live import LiveOutput
from vaecourse.models.latent import looking


class Widget(LiveOutput):
    """A widget and its still twin. Where the widget cannot live, a cell shows the twin alone."""

    def __init__(self, **traits):
        super().__init__(**traits)
        self.on_msg(self._reply)

    def figure(self) -> Figure:
        """The still twin."""
        raise NotImplementedError

    @property
    def alt(self) -> str:
        """What the still twin shows, in a sentence or two, for those who do not see it."""
        raise NotImplementedError

    def still(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return plots.bundle(self.figure(), self.alt)

    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """The answer to a question from a view: what JSON can hold, and the bytes of pictures."""
        raise NotImplementedError

    def _reply(self, widget, message: dict[str, Any], buffers) -> None:
        # A view waits for an answer before it asks again, so there has to be one.
        view = {"view": message["view"]}
        try:
            answer, pictures = self.answer({name: value for name, value in message.items() if name != "view"})
        except Exception as error:
            self.send({**view, "error": f"{type(error).__name__}: {error}"})
        else:
            self.send({**view, **answer}, pictures)


def to_bytes(pictures: torch.Tensor) -> np.ndarray:
    """Pictures (..., C, H, W) with values in [0, 1] as uint8, (..., H, W, C)."""
    return (pictures.detach().clamp(0, 1) * 255).round().to(torch.uint8).movedim(-3, -1).contiguous().numpy()


def require_pictures(data: PictureDataset) -> None:
    """Raise TypeError or ValueError unless ``data`` is a PictureDataset with a picture in it."""
    if not isinstance(data, PictureDataset):
        raise TypeError(f"data takes a PictureDataset, as vaecourse.data.load() gives it, got {type(data).__name__}")
    if len(data) == 0:
        raise ValueError("data takes a PictureDataset with one picture or more, got one without any")


def to_eval(model: Any) -> None:
    """Put a network into ``eval()`` mode, where dropout draws no other picture at every look."""
    if isinstance(model, nn.Module):
        model.eval()


def tried(call: Callable[..., torch.Tensor], *inputs: torch.Tensor, what: str, shape: Sequence[int]) -> torch.Tensor:
    """What ``call(*inputs)`` gives, looked at as in :func:`looking`.

    Args:
        what: how the call is written, for the message: "model(x)".
        shape: what its result has to have; None stands for any size.

    Raises:
        ValueError: it fails, or gives something else than finite numbers of that shape.
    """
    wanted = "(" + ", ".join("any" if size is None else str(size) for size in shape) + ")"
    try:
        with looking():
            result = call(*inputs)
    except Exception as error:
        sizes = ", ".join(str(tuple(x.shape)) for x in inputs)
        raise ValueError(f"model does not fit: {what} fails on {sizes}: {type(error).__name__}: {error}") from error
    if not isinstance(result, torch.Tensor):
        raise ValueError(f"model does not fit: {what} must give a tensor, got {type(result).__name__}")
    if len(shape) != result.ndim or any(size not in (None, n) for size, n in zip(shape, result.shape, strict=True)):
        raise ValueError(f"model does not fit: {what} must give shape {wanted}, got {tuple(result.shape)}")
    if not result.isfinite().all():
        raise ValueError(f"model does not fit: {what} gives NaN or infinity for some pictures")
    return result
