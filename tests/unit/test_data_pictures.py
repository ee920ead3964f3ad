import math
import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset, random_split

from vaecourse.data import PictureDataset, loader
from vaecourse.data.pictures import Batch

N = 50


def make(n=N, channels=1, **changes):
    """Pictures that differ from each other, with their own number as a factor."""
    arguments = {
        "data": torch.rand(n, channels, 4, 5, generator=torch.Generator().manual_seed(1)),
        "targets": torch.arange(n) % 3,
        "classes": ["a", "b", "c"],
        "factors": {"number": torch.arange(n, dtype=torch.float32)},
        "name": "made",
        "split": "test",
        "description": "made up",
        "source": "here",
        "licence": "none",
    }
    arguments |= changes
    return PictureDataset(arguments.pop("data"), arguments.pop("targets"), arguments.pop("classes"), **arguments)


def numbers(dataset, batches):
    """Which picture of ``dataset`` each one in ``batches`` is, checking that its target came with it."""
    order = []
    for x, y in batches:
        for picture, target in zip(x, y, strict=True):
            number = (dataset.data == picture).flatten(1).all(1).nonzero().item()
            assert target == dataset.targets[number]
            order.append(number)
    return order


# --------------------------------------------------------------------------------------------------- dataset


def test_attributes_are_those_of_torchvision():
    dataset = make()
    assert dataset.data.shape == (N, 1, 4, 5)
    assert dataset.data.dtype == torch.float32
    assert dataset.targets.dtype == torch.int64
    assert dataset.classes == ["a", "b", "c"]
    assert dataset.class_to_idx == {"a": 0, "b": 1, "c": 2}
    assert len(dataset) == N


@pytest.mark.parametrize("index", [0, 3, N - 1, -1, -N, np.int64(4), torch.tensor(5)])
def test_one_sample(index):
    dataset = make()
    picture, target = dataset[index]
    assert torch.equal(picture, dataset.data[int(index)])
    assert type(target) is int
    assert target == int(index) % N % 3


@pytest.mark.parametrize("index", [N, -N - 1, 10**6])
def test_sample_out_of_range(index):
    with pytest.raises(IndexError, match=f"{index}.*{N} pictures"):
        make()[index]


@pytest.mark.parametrize("index", [1.0, "1", [1, 2], slice(3)])
def test_sample_asked_for_wrongly(index):
    with pytest.raises(TypeError, match=r"whole number.*select"):
        make()[index]


def test_iteration_ends():
    dataset = make()
    assert [target for _, target in dataset] == dataset.targets.tolist()


def test_repr_tells_what_there_is():
    text = repr(make())
    for part in ("Dataset made", f"datapoints: {N}", "Split: test", "1 x 4 x 5", "3 (a, b, c)", "number"):
        assert part in text
    many = PictureDataset(torch.zeros(1, 1, 2, 2), torch.tensor([0]), [f"class{i}" for i in range(100)])
    assert "class99" in repr(many)
    assert "class50" not in repr(many)


def test_dataset_survives_pickling():
    dataset = pickle.loads(pickle.dumps(make()))
    assert torch.equal(dataset.data, make().data)
    assert repr(dataset) == repr(make())


def test_data_that_is_not_contiguous_is_made_so():
    data = torch.rand(N, 4, 5, 3).permute(0, 3, 1, 2)
    dataset = make(data=data)
    assert dataset.data.is_contiguous()
    assert torch.equal(dataset.data, data)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"data": np.zeros((N, 1, 4, 5), np.float32)}, TypeError, "data.*torch.Tensor.*ndarray"),
        ({"data": torch.zeros(N, 4, 5)}, ValueError, r"data.*\(N, C, H, W\).*\(50, 4, 5\)"),
        ({"data": torch.zeros(N, 0, 4, 5)}, ValueError, "data"),
        ({"data": torch.zeros(N, 1, 4, 5, dtype=torch.uint8)}, TypeError, "float32.*uint8.*255"),
        ({"data": torch.zeros(N, 1, 4, 5, dtype=torch.float64)}, TypeError, "float32.*float64"),
        ({"data": torch.full((N, 1, 4, 5), 1.5)}, ValueError, r"\[0, 1\].*1.5"),
        ({"data": torch.full((N, 1, 4, 5), -0.5)}, ValueError, r"\[0, 1\].*-0.5"),
        ({"data": torch.full((N, 1, 4, 5), math.nan)}, ValueError, r"\[0, 1\].*nan"),
        ({"targets": [0] * N}, TypeError, "targets.*list"),
        ({"targets": torch.zeros(N)}, TypeError, "targets.*int64.*float32"),
        ({"targets": torch.zeros(N - 1).long()}, ValueError, r"targets.*\(50,\).*\(49,\)"),
        ({"targets": torch.full((N,), 3)}, ValueError, "targets.*3.*3 classes"),
        ({"targets": torch.full((N,), -1)}, ValueError, "targets.*-1"),
        ({"classes": ["a", "b", "b"]}, ValueError, "classes.*distinct"),
        ({"classes": [0, 1, 2]}, ValueError, "classes.*strings"),
        ({"factors": {"size": torch.zeros(N, 2)}}, ValueError, r"size.*\(50,\).*\(50, 2\)"),
        ({"factors": {"size": [1.0] * N}}, TypeError, "size.*list"),
    ],
)
def test_constructor_refuses_what_does_not_fit(changes, error, message):
    with pytest.raises(error, match=message):
        make(**changes)


# ------------------------------------------------------------------------------------------------- selecting


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (torch.tensor([4, 2, 2, -1]), [4, 2, 2, N - 1]),
        (torch.tensor([4, 2], dtype=torch.uint8), [4, 2]),
        ([4, 2], [4, 2]),
        (np.array([7, 1]), [7, 1]),
        (range(3, 6), [3, 4, 5]),
        (slice(2, 8, 2), [2, 4, 6]),
        (slice(None, None, -10), [49, 39, 29, 19, 9]),
        (slice(8, 2), []),
        (torch.arange(N) % 25 == 3, [3, 28]),
        ((np.arange(N) % 25 == 3), [3, 28]),
        ([i == 9 for i in range(N)], [9]),
        ([], []),
        (torch.zeros(N, dtype=torch.bool), []),
    ],
)
def test_select_carries_everything_along(which, expected):
    dataset = make()
    chosen = dataset.select(which)
    assert chosen.factors["number"].tolist() == expected
    assert torch.equal(chosen.data, dataset.data[expected])
    assert chosen.targets.tolist() == [i % 3 for i in expected]
    for name in ("classes", "name", "split", "description", "source", "licence"):
        assert getattr(chosen, name) == getattr(dataset, name)


def test_select_copies():
    dataset = make()
    dataset.select(slice(None)).data.zero_()
    assert dataset.data.any()


@pytest.mark.parametrize(
    ("which", "error", "message"),
    [
        (torch.ones(N - 1, dtype=torch.bool), ValueError, "mask of 49.*50"),
        (torch.ones(N, 2, dtype=torch.bool), ValueError, "one-dimensional"),
        (3, ValueError, "one-dimensional"),
        ([0.5, 1.0], TypeError, "float"),
        (torch.zeros(0), TypeError, "float"),
        ([0, N], IndexError, "picture 50 of 50"),
        ([-N - 1], IndexError, "picture -51 of 50"),
    ],
)
def test_select_refuses(which, error, message):
    with pytest.raises(error, match=message):
        make().select(which)


# --------------------------------------------------------------------------------------------------- batches


@pytest.mark.parametrize(
    "indices", [[3, 0, 7], torch.tensor([3, 0, 7]), np.array([3, 0, 7]), [torch.tensor(i) for i in (3, 0, 7)]]
)
def test_batch_is_a_sequence_of_samples_and_keeps_the_stacked_tensors(indices):
    dataset = make()
    batch = dataset.__getitems__(indices)
    assert isinstance(batch, Batch)
    assert torch.equal(batch.data, dataset.data[[3, 0, 7]])
    assert batch.targets.tolist() == [0, 0, 1]
    assert len(batch) == 3
    for sample, (picture, target) in zip([3, 0, 7], batch, strict=True):
        assert torch.equal(picture, dataset.data[sample])
        assert type(target) is int
        assert target == sample % 3
    assert torch.equal(batch[-1][0], dataset.data[7])
    assert torch.equal(batch[1:].data, dataset.data[[0, 7]])
    with pytest.raises(IndexError):
        batch[3]


def test_batch_takes_negative_numbers_and_refuses_others():
    dataset = make()
    assert torch.equal(dataset.__getitems__([-1, 0, -N]).data, dataset.data[[-1, 0, 0]])
    assert dataset.__getitems__([]).data.shape == (0, 1, 4, 5)
    for outside in (N, -N - 1):
        with pytest.raises(IndexError):
            dataset.__getitems__([0, outside])


def test_batch_is_gathered_once_not_sample_by_sample(monkeypatch):
    monkeypatch.setattr(PictureDataset, "__getitem__", lambda *_: pytest.fail("asked for a single sample"))
    monkeypatch.setattr(Batch, "__iter__", lambda _: pytest.fail("taken apart"))
    monkeypatch.setattr(Batch, "__getitem__", lambda *_: pytest.fail("taken apart"))
    dataset = make()
    assert sum(len(y) for _, y in loader(dataset, 8)) == N
    assert sum(len(y) for _, y in loader(Subset(dataset, range(20)), 8)) == 20


@pytest.mark.parametrize("channels", [1, 3])
def test_plain_dataloader(channels):
    dataset = make(channels=channels)
    batches = list(DataLoader(dataset, batch_size=8, shuffle=True))
    assert [x.shape for x, _ in batches] == [(8, channels, 4, 5)] * 6 + [(2, channels, 4, 5)]
    assert {x.dtype for x, _ in batches} == {torch.float32}
    assert {y.dtype for _, y in batches} == {torch.int64}
    assert sorted(numbers(dataset, batches)) == list(range(N))


@pytest.mark.parametrize("make_loader", [DataLoader, loader])
def test_subsets_and_random_split(make_loader):
    dataset = make()
    subset = Subset(dataset, [5, 3, 40])
    assert numbers(dataset, make_loader(subset, batch_size=2, shuffle=False)) == [5, 3, 40]
    nested = Subset(subset, [2, 0])
    assert numbers(dataset, make_loader(nested, batch_size=2, shuffle=False)) == [40, 5]
    by_tensor = Subset(dataset, torch.tensor([9, 8]))
    assert numbers(dataset, make_loader(by_tensor, batch_size=2, shuffle=False)) == [9, 8]
    parts = random_split(dataset, [0.6, 0.4], torch.Generator().manual_seed(0))
    found = [numbers(dataset, make_loader(part, batch_size=7, shuffle=True)) for part in parts]
    assert [len(part) for part in found] == [30, 20]
    assert sorted(found[0] + found[1]) == list(range(N))


def test_concatenation():
    dataset = make()
    both = ConcatDataset([dataset.select([1, 2]), dataset.select([3])])
    assert numbers(dataset, loader(both, 2, shuffle=False)) == [1, 2, 3]


def test_pinning_keeps_a_batch_a_batch(monkeypatch):
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: pinned.append(self.shape) or self)
    batch = make().__getitems__([1, 2]).pin_memory()
    assert isinstance(batch, Batch)
    assert pinned == [(2, 1, 4, 5), (2,)]


# ---------------------------------------------------------------------------------------------------- loader


def test_loader_is_an_ordinary_dataloader():
    batches = loader(make(), batch_size=8, drop_last=True)
    assert isinstance(batches, DataLoader)
    assert batches.batch_size == 8
    assert len(batches) == 6
    assert [len(y) for _, y in batches] == [8] * 6
    assert loader(make()).batch_size == 128


def test_same_seed_same_order_and_every_epoch_another():
    dataset = make()
    first, second, other = loader(dataset, 8), loader(dataset, 8), loader(dataset, 8, seed=1)
    epochs = [numbers(dataset, first) for _ in range(3)]
    assert [numbers(dataset, second) for _ in range(3)] == epochs
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert all(sorted(epoch) == list(range(N)) for epoch in epochs)
    assert numbers(dataset, other) != epochs[0]


def test_order_is_the_same_for_any_kind_of_dataset():
    dataset = make()
    tensors = TensorDataset(dataset.data, dataset.targets)
    for (x, y), (also_x, also_y) in zip(loader(dataset, 8), loader(tensors, 8), strict=True):
        assert torch.equal(x, also_x)
        assert torch.equal(y, also_y)


def test_without_shuffling_the_order_is_that_of_the_dataset():
    dataset = make()
    assert numbers(dataset, loader(dataset, 8, shuffle=False)) == list(range(N))


@pytest.mark.parametrize("shuffle", [True, False])
def test_global_random_numbers_are_neither_read_nor_moved(shuffle):
    dataset = make()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    order = numbers(dataset, loader(dataset, 8, shuffle=shuffle))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    assert numbers(dataset, loader(dataset, 8, shuffle=shuffle)) == order


def test_worker_processes_give_the_same_batches():
    dataset = make()
    for (x, y), (also_x, also_y) in zip(loader(dataset, 16), loader(dataset, 16, num_workers=2), strict=True):
        assert torch.equal(x, also_x)
        assert torch.equal(y, also_y)


def test_other_arguments_reach_the_dataloader():
    dataset = make()
    generator = torch.Generator().manual_seed(7)
    batches = loader(dataset, 4, generator=generator, collate_fn=len)
    assert batches.generator is generator
    assert list(batches)[:2] == [4, 4]


def test_empty_dataset_is_refused():
    with pytest.raises(ValueError, match=r"empty"):
        loader(make().select([]))
