"""Pictures in memory: a map-style dataset that answers a whole batch at once, and its loader."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

__all__ = ["Batch", "PictureDataset", "loader"]


class Batch(Sequence):
    """Some samples of a :class:`PictureDataset`, as a sequence of ``(picture, target)`` pairs.

    The pairs are what ``default_collate`` and other code for map-style datasets expect; the stacked
    tensors they are cut from stay at hand, so that :func:`loader` has nothing left to stack.

    Args:
        data: pictures, float32 of shape (B, C, H, W).
        targets: class numbers, int64 of shape (B,).
    """

    __slots__ = ("data", "targets")

    def __init__(self, data: Tensor, targets: Tensor) -> None:
        self.data = data
        self.targets = targets

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int | slice) -> tuple[Tensor, int] | Batch:
        if isinstance(index, slice):
            return Batch(self.data[index], self.targets[index])
        return self.data[index], int(self.targets[index])

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        return zip(self.data.unbind(), self.targets.tolist(), strict=True)

    def __repr__(self) -> str:
        return f"Batch(data={tuple(self.data.shape)}, targets={tuple(self.targets.shape)})"

    def pin_memory(self) -> Batch:
        """The same batch in page-locked memory (``DataLoader(pin_memory=True)`` calls this)."""
        return Batch(self.data.pin_memory(), self.targets.pin_memory())


class PictureDataset(Dataset):
    """Labelled pictures held in memory, with the attribute names torchvision uses.

    Args:
        data: pictures, float32 of shape (N, C, H, W), every value in [0, 1].
        targets: class numbers, int64 of shape (N,), each an index into ``classes``.
        classes: one distinct name per class.
        name: what :func:`vaecourse.data.load` calls these pictures.
        split: ``"train"`` or ``"test"``.
        description: one paragraph that says what the pictures show.
        source: who made them.
        licence: on what terms they may be used.
        factors: what is known about how each picture was made: name -> tensor of shape (N,).

    Raises:
        TypeError: an argument is not of the type named above.
        ValueError: shapes, numbers or names do not fit together.

    Example:
        >>> picture, target = dataset[0]      # (C, H, W) and an int
        >>> ones = dataset.select(dataset.targets == 1)
    """

    def __init__(
        self,
        data: Tensor,
        targets: Tensor,
        classes: Sequence[str],
        *,
        name: str = "pictures",
        split: str = "train",
        description: str = "",
        source: str = "",
        licence: str = "",
        factors: Mapping[str, Tensor] | None = None,
    ) -> None:
        classes, factors = list(classes), dict(factors or {})
        _check(data, targets, classes, factors)
        self.data = data.contiguous()
        self.targets = targets.contiguous()
        self.classes = classes
        self.name = name
        self.split = split
        self.description = description
        self.source = source
        self.licence = licence
        self.factors = factors

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Class name -> class number."""
        return {name: index for index, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Picture ``index`` of shape (C, H, W), a view into ``data``, and its class number."""
        try:
            index = operator.index(index)
        except TypeError:
            raise TypeError(
                f"a picture is asked for by one whole number, not {type(index).__name__}; "
                "for several pictures use dataset.select(...) or dataset.data[...]"
            ) from None
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range for {len(self)} pictures")
        return self.data[index], int(self.targets[index])

    def __getitems__(self, indices: Sequence[int] | Tensor) -> Batch:
        """The pictures numbered ``indices`` as one :class:`Batch`, gathered in one operation.

        ``DataLoader`` and ``Subset`` call this when a dataset has it.
        """
        # numpy turns a list into numbers several times faster than torch does, and index_select gathers
        # blocks of memory faster than data[index]: together these are most of the cost of a batch.
        index = torch.from_numpy(np.asarray(indices, dtype=np.int64))
        if index.numel() and int(index.min()) < 0:
            index = torch.where(index < 0, index + len(self), index)
        return Batch(self.data.index_select(0, index), self.targets.index_select(0, index))

    def select(self, which: Tensor | Sequence[int] | Sequence[bool] | slice) -> PictureDataset:
        """A new dataset of only some of the pictures, with their targets and factors.

        Args:
            which: a mask of N booleans, picture numbers in the order wanted, or a slice. Unlike
                ``torch.utils.data.Subset`` the result has all of this dataset's attributes.

        Raises:
            TypeError: ``which`` holds neither booleans nor whole numbers.
            ValueError: ``which`` is not one-dimensional, or is a mask of another length.
            IndexError: a picture number is out of range.
        """
        size = len(self)
        if isinstance(which, slice):
            index = torch.tensor(range(size)[which], dtype=torch.int64)
        else:
            index = torch.as_tensor(which)
        if index.ndim != 1:
            raise ValueError(f"which must be one-dimensional, not of shape {tuple(index.shape)}")
        if index.numel() == 0 and not isinstance(which, Tensor):
            index = index.long()  # an empty list has no type of its own
        if index.dtype == torch.bool:
            if len(index) != size:
                raise ValueError(f"which is a mask of {len(index)} booleans for {size} pictures")
            index = index.nonzero().squeeze(1)
        elif index.is_floating_point() or index.is_complex():
            raise TypeError(f"which must hold booleans or whole numbers, not {index.dtype}")
        index = index.long()
        outside = (index < -size) | (index >= size)
        if outside.any():
            raise IndexError(f"which asks for picture {int(index[outside][0])} of {size} pictures")
        return PictureDataset(
            self.data[index],
            self.targets[index],
            self.classes,
            name=self.name,
            split=self.split,
            description=self.description,
            source=self.source,
            licence=self.licence,
            factors={name: values[index] for name, values in self.factors.items()},
        )

    def __repr__(self) -> str:
        channels, height, width = self.data.shape[1:]
        shown = self.classes if len(self.classes) <= 10 else [*self.classes[:8], "...", self.classes[-1]]
        lines = [
            f"Dataset {self.name}",
            f"    Number of datapoints: {len(self)}",
            f"    Split: {self.split}",
            f"    Picture: {channels} x {height} x {width} (channels x height x width), float32 in [0, 1]",
            f"    Classes: {len(self.classes)} ({', '.join(shown)})",
        ]
        if self.factors:
            lines.append(f"    Factors: {', '.join(self.factors)}")
        return "\n".join(lines)


def _check(data: Tensor, targets: Tensor, classes: list[str], factors: dict[str, Tensor]) -> None:
    """Raise TypeError or ValueError unless the parts of a dataset fit together."""
    for argument, value in {"data": data, "targets": targets, **factors}.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"{argument} must be a torch.Tensor, not {type(value).__name__}")
    if data.ndim != 4 or 0 in data.shape[1:]:
        raise ValueError(f"data must be of shape (N, C, H, W), not {tuple(data.shape)}")
    if data.dtype != torch.float32:
        hint = " (divide by 255 first: data.float() / 255)" if data.dtype == torch.uint8 else ""
        raise TypeError(f"data must be torch.float32, not {data.dtype}{hint}")
    if targets.dtype != torch.int64:
        raise TypeError(f"targets must be torch.int64, not {targets.dtype}")
    for argument, value in {"targets": targets, **factors}.items():
        if value.shape != data.shape[:1]:
            raise ValueError(f"{argument} must be of shape ({len(data)},), not {tuple(value.shape)}")
    if not all(isinstance(name, str) for name in classes) or len(set(classes)) != len(classes):
        raise ValueError(f"classes must be distinct strings, not {classes}")
    if len(data):
        low, high = (float(value) for value in torch.aminmax(data))
        if not (low >= 0 and high <= 1):  # written so that NaN fails too
            raise ValueError(f"data must lie in [0, 1], but reaches from {low:g} to {high:g}")
        low, high = (int(value) for value in torch.aminmax(targets))
        if low < 0 or high >= len(classes):
            raise ValueError(f"targets reach from {low} to {high}, but there are {len(classes)} classes")


def loader(
    dataset: Dataset,
    batch_size: int | None = 128,
    shuffle: bool = True,
    seed: int = 0,
    drop_last: bool = False,
    **kwargs,
) -> DataLoader:
    """An ordinary ``DataLoader`` whose order is fixed by ``seed``.

    Two loaders with the same seed give the same batches, epoch by epoch, and no epoch repeats the order
    of another. The global random number generator is neither read nor moved.

    Args:
        dataset: any map-style dataset. A :class:`PictureDataset`, or a ``Subset`` of one, is gathered a
            batch at a time; everything else goes through ``default_collate``.
        batch_size: samples per batch.
        shuffle: a new order in each epoch (else the order of the dataset).
        seed: fixes the order.
        drop_last: leave out the last batch when it is not full.
        **kwargs: anything else that ``DataLoader`` takes.

    Returns:
        A loader of ``[x, y]`` with x float32 (B, C, H, W) and y int64 (B,) for pictures.

    Raises:
        ValueError: the dataset is empty.
    """
    if len(dataset) == 0:
        raise ValueError("dataset is empty: there is nothing to load")
    # DataLoader draws from its generator even without shuffling (a seed for its workers).
    kwargs.setdefault("generator", torch.Generator().manual_seed(seed))
    kwargs.setdefault("collate_fn", _collate)
    return DataLoader(dataset, batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, **kwargs)


def _collate(samples: Sequence) -> list[Tensor]:
    # At module level, so that worker processes started by "spawn" can be handed this function.
    if isinstance(samples, Batch):
        return [samples.data, samples.targets]
    return default_collate(samples)
