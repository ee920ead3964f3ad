"""What crosses between a student's process and the grader's: every plain value, and nothing that could do harm."""

import json
import os
import random
import struct
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor

from vaecourse.grading.worker.wire import (
    DTYPES,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_TENSOR_BYTES,
    MAX_TEXT,
    MAX_TREE_BYTES,
    MEGABYTE,
    Odd,
    Reader,
    WireError,
    clean_text,
    pack,
    send,
    unpack,
)


def same(a, b) -> bool:
    """Whether two values are equal in type and content. NaN equals itself here, and -0.0 does not equal 0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        bits = [t.contiguous().flatten().view(torch.uint8) if t.numel() else t for t in (a, b)]
        return (a.dtype, a.shape) == (b.dtype, b.shape) and torch.equal(*bits)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return struct.pack("d", a) == struct.pack("d", b) if isinstance(a, float) else a == b


def passes(value) -> bool:
    return same(unpack(pack(value)), value)


def message(tree, blob: bytes = b"") -> bytes:
    """A message with any JSON text (or what becomes JSON) and any bytes for its tensors."""
    text = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    return struct.pack("!II", len(text), len(blob)) + text + blob


def described(value) -> str:
    """The words that something odd crosses as."""
    odd = unpack(pack(value))
    assert type(odd) is Odd
    return str(odd)


# Every plain value ----------------------------------------------------------------------------------------

NUMBERS = [0, -1, 2**63, 2**64 - 1, -(2**64) + 1, 0.0, -0.0, 0.1, 1e308, 5e-324, *map(float, ("inf", "-inf", "nan"))]
TEXTS = ["", "text", "two\nlines", "é ∂ 猫 😀", '"quotes" \\ {"tensor": "0"}', "x" * MAX_TEXT]
PARTS = [[], {}, [[]], [{}], {"": {}}, {"a": [1, {"b": None}]}, {"map": 1}, {"odd": "x"}, {"tensor": "0"}]


@pytest.mark.parametrize("value", [None, True, False, *NUMBERS, *TEXTS, *PARTS], ids=lambda value: repr(value)[:30])
def test_plain_values_come_back_as_they_were(value):
    assert passes(value)


@pytest.mark.parametrize("dtype", sorted(DTYPES, key=str), ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)], ids=str)
def test_tensors_of_every_kind_come_back(dtype, shape):
    value = (torch.rand(shape, generator=torch.manual_seed(0)) * 100).to(dtype)
    assert passes(value)
    assert passes({"a": [value, value], "b": value})


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.T,
        lambda t: t[::2, ::3],
        lambda t: t[0].expand(5, 12),
        lambda t: t.flip(0),
        lambda t: t.as_strided((3, 3), (1, 1)),
        lambda t: torch._neg_view(t),
        lambda t: t.requires_grad_() * 2,
        lambda t: torch.nn.Parameter(t),
        lambda t: t.reshape(1, 12, 6, 1).to(memory_format=torch.channels_last),
    ],
)
def test_views_and_graphs_arrive_as_dense_numbers(make):
    value = make(torch.arange(72.0).reshape(6, 12))
    arrived = unpack(pack(value))
    assert type(arrived) is Tensor
    assert torch.equal(arrived, value.detach())
    assert arrived.is_contiguous()
    assert not arrived.requires_grad


def test_nan_and_infinity_keep_their_bits_in_tensors():
    assert passes(torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 5e-324], dtype=torch.float64))


def test_tuples_arrive_as_lists_and_numpys_floats_as_floats():
    assert same(unpack(pack((1, (2, np.float64(3))))), [1, [2, 3.0]])


def random_value(draw: random.Random, depth: int = 0):
    """A value of any kind; lists and dicts of values of any kind up to the depth that may cross."""
    kinds = ["nothing", "bool", "int", "float", "str", "tensor"] + ["list", "dict"] * (depth < MAX_DEPTH - 1)
    match draw.choice(kinds):
        case "nothing":
            return None
        case "bool":
            return draw.random() < 0.5
        case "int":
            return draw.randint(-(2**64) + 1, 2**64 - 1)
        case "float":
            return struct.unpack("d", draw.randbytes(8))[0]
        case "str":
            return random_text(draw)
        case "tensor":
            shape = [draw.randrange(4) for _ in range(draw.randrange(4))]
            dtype = draw.choice(sorted(DTYPES, key=str))
            return (torch.rand(shape, generator=torch.manual_seed(draw.randrange(2**32))) * 100).to(dtype)
        case "list":
            return [random_value(draw, depth + 1) for _ in range(draw.randrange(5))]
        case "dict":
            return {random_text(draw): random_value(draw, depth + 1) for _ in range(draw.randrange(5))}


def random_text(draw: random.Random) -> str:
    """Text that is left as it is: printable, and no address."""
    return clean_text("".join(chr(draw.randrange(0x20, 0x2FFF)) for _ in range(draw.randrange(12))))


@pytest.mark.parametrize("seed", range(10))
def test_any_nesting_of_values_comes_back(seed):
    draw = random.Random(seed)
    for _ in range(50):
        value = random_value(draw)
        assert passes(value), value


def test_our_own_messages_keep_their_text_and_may_be_large():
    cell = "# at 0x7f00deadbeef\x00\x1b[0m\ud800" + "x" * 3 * MAX_TEXT
    value = {"source": cell, "keep": list(range(2 * MAX_ITEMS))}
    assert same(unpack(pack(value, ours=True)), value)


# What is no plain value -----------------------------------------------------------------------------------


class Text(str):
    """A subclass of a plain type, which may lie about itself."""


class Many(list):
    def __len__(self):
        return 10**12


class Picture(Tensor):
    pass


def recursive_list() -> list:
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros((2, 3)), "a numpy array of shape (2, 3)"),
        (np.float32(1), "a numpy float32"),
        (np.bool_(True), "a numpy bool"),
        (1 + 2j, "a complex"),
        (2**64, "a whole number of more than 64 bits"),
        (10**5000, "a whole number of more than 64 bits"),
        (Text("x"), "a Text"),
        (Many(), "a Many"),
        (torch.zeros(2).as_subclass(Picture), "a Picture"),
        ({1: 2}, "a dict"),
        ({Text("a"): 2}, "a dict"),
        (b"bytes", "a bytes"),
        ({1, 2}, "a set"),
        (len, "a builtin_function_or_method"),
        (int, "a type"),
        (torch.nn.Linear(1, 1), "a Linear"),
        (torch.optim.SGD([torch.zeros(1)]), "a SGD"),
        (object(), "an object"),
        (torch.eye(3).to_sparse(), "a sparse tensor of shape (3, 3)"),
        (torch.empty(2, 3, device="meta"), "a tensor on the device 'meta', which holds no numbers"),
        (torch.zeros(2, dtype=torch.complex64), "a tensor of shape (2,) and torch.complex64"),
        (torch.zeros(1).expand(2**42), f"a tensor of shape ({2**42},), which is too large"),
        (
            torch.zeros(MAX_TENSOR_BYTES // 4 + 1),
            f"a tensor of shape ({MAX_TENSOR_BYTES // 4 + 1},), which is too large",
        ),
    ],
    ids=lambda value: repr(value)[:30] if isinstance(value, str) else "",
)
def test_what_is_no_plain_value_crosses_in_words(value, words):
    assert described(value) == words


def test_words_are_bounded_and_without_addresses():
    named = type("A" * 10_000, (), {})()
    assert len(described(named)) < 100
    assert described(Odd("<object at 0x7f00deadbeef>\x1b[0m")) == "<object at 0x...>\N{REPLACEMENT CHARACTER}[0m"
    assert unpack(pack("y" * 10**6)) == "y" * MAX_TEXT
    assert unpack(pack("\ud800 \x00 \u202e")) == "? \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}"


def depth_of(value) -> int:
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


def test_what_holds_itself_ends():
    assert depth_of(unpack(pack(recursive_list()))) == MAX_DEPTH + 1
    itself = {}
    itself.update({str(number): itself for number in range(20)})
    assert len(pack(itself)) < 100 * MAX_ITEMS


@pytest.mark.parametrize(
    "value",
    [[0] * 10**6, [[0] * 200] * 200, dict.fromkeys(map(str, range(10**6)), 0), [{"a": 0, "b": 0}] * 10**5],
    ids=["list", "lists", "dict", "dicts"],
)
def test_a_message_holds_a_bounded_number_of_values(value):
    packed = pack(value)
    assert len(packed) < MAX_TREE_BYTES
    assert type(unpack(packed)) is type(value)


def test_many_large_tensors_do_not_fill_a_message():
    half = torch.zeros(MAX_TENSOR_BYTES // 8)
    arrived = unpack(pack([half, half, half, torch.zeros(1)]))
    assert [type(part) for part in arrived] == [Tensor, Tensor, Odd, Odd]


def hostile_class(calls: list) -> type:
    """A class that notes whenever one of its methods is called, and raises."""

    def note(name):
        def method(self, *arguments, **options):
            calls.append(name)
            raise RuntimeError(name)

        return method

    every = {name for kind in (object, int, float, str, list, dict, Tensor, np.ndarray, type) for name in dir(kind)}
    every -= {"__new__", "__init__", "__init_subclass__", "__del__", "__getattribute__", "__class__", "__dict__"}
    every -= {"__slots__", "__doc__", "__weakref__", "__module__", "__mro__", "__name__", "__qualname__", "__bases__"}
    hooks = {name: note(name) for name in every if name.startswith("__")}
    return type(
        "Hostile", (), {**hooks, "__getattribute__": note("__getattribute__"), "__class__": property(note("class"))}
    )


def test_nothing_of_the_students_is_called():
    calls = []
    hostile = hostile_class(calls)()
    assert [str(odd) for odd in unpack(pack([hostile, {"a": hostile}["a"], (hostile,)[0]]))] == ["a Hostile"] * 3
    assert calls == []
    with pytest.raises(RuntimeError, match="__eq__"):
        assert hostile == 1  # it does note and raise
    assert calls == ["__eq__"]


def test_a_metaclass_is_not_called_either():
    calls = []

    class Meta(type):
        def __getattribute__(cls, name):
            calls.append(name)
            raise RuntimeError(name)

        def __instancecheck__(cls, instance):
            calls.append("instance check")
            raise RuntimeError

    class Strange(metaclass=Meta):
        pass

    assert isinstance(unpack(pack([Strange(), Strange])), list)
    assert calls == []


# What is no message ---------------------------------------------------------------------------------------

TENSOR = pack({"a": torch.arange(6.0), "b": [1, "x", Odd("a set")]})
DEEP = b"[" * 50_000 + b"]" * 50_000


def safetensors_file(header, data: bytes = bytes(8), size: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def floats(*offsets, dtype: str = "F32", shape=(2,)) -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


REFERENCE = {"tensor": "0"}


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(safetensors_file({"0": floats(0, 8), "1": floats(0, 8)}), id="overlapping"),
        pytest.param(safetensors_file({"0": floats(0, 8), "1": floats(4, 12)}, bytes(12)), id="half overlapping"),
        pytest.param(safetensors_file({"0": floats(-8, 0)}), id="negative"),
        pytest.param(safetensors_file({"0": floats(8, 0)}), id="backwards"),
        pytest.param(safetensors_file({"0": floats(0, 2**63)}), id="huge end"),
        pytest.param(safetensors_file({"0": floats(2**64 - 8, 2**64)}), id="more than 64 bits"),
        pytest.param(safetensors_file({"0": floats(0, 8, shape=(2**40,))}), id="huge shape"),
        pytest.param(safetensors_file({"0": floats(0, 8, shape=(2**63, 2**63, 4))}), id="shape that overflows"),
        pytest.param(safetensors_file({"0": floats(0, 8, shape=(-2,))}), id="negative shape"),
        pytest.param(safetensors_file({"0": floats(0, 8, shape=(3,))}), id="shape that does not fit"),
        pytest.param(safetensors_file({"0": floats(0, 8, dtype="F31")}), id="unknown dtype"),
        pytest.param(safetensors_file({"0": floats(0, 8, dtype="C64", shape=(1,))}), id="complex"),
        pytest.param(safetensors_file({"0": floats(0, 8, dtype="F8_E4M3", shape=(8,))}), id="8 bits"),
        pytest.param(safetensors_file({"0": floats(0, 8, dtype=None)}), id="no dtype"),
        pytest.param(safetensors_file({"0": floats(0, 8)}, bytes(16)), id="bytes left over"),
        pytest.param(safetensors_file({"0": floats(0, 8)}, bytes(4)), id="bytes missing"),
        pytest.param(safetensors_file({"0": floats(0, 8)}, size=2**63), id="huge header"),
        pytest.param(safetensors_file({"0": floats(0, 8)}, size=3), id="short header"),
        pytest.param(safetensors_file(b'{"0":' * 10_000), id="deep header"),
        pytest.param(safetensors_file(b" " * 2 * MEGABYTE), id="long header"),
        pytest.param(safetensors_file({"1": floats(0, 8)}), id="another name"),
        pytest.param(safetensors_file([]), id="a list"),
        pytest.param(b"\0", id="one byte"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_broken_tensors_are_no_message(blob):
    with pytest.raises(WireError):
        unpack(message(REFERENCE, blob))


def test_the_broken_tensors_are_broken_in_nothing_else():
    assert torch.equal(unpack(message(REFERENCE, safetensors_file({"0": floats(0, 8)}))), torch.zeros(2))


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param({"set": [1]}, id="unknown tag"),
        pytest.param({}, id="no tag"),
        pytest.param({"map": {}, "odd": "x"}, id="two tags"),
        pytest.param({"map": [1]}, id="map of a list"),
        pytest.param({"map": None}, id="map of nothing"),
        pytest.param({"odd": 3}, id="odd number"),
        pytest.param({"odd": {"odd": "x"}}, id="odd odd"),
        pytest.param(REFERENCE, id="tensor that is not there"),
        pytest.param({"tensor": 0}, id="tensor by number"),
        pytest.param({"tensor": []}, id="tensor by list"),
        pytest.param([{"map": {"a": [{"x": 1}]}}], id="wrong further in"),
        pytest.param(json.loads("[" * 30 + "]" * 30), id="too deep"),
        pytest.param(DEEP, id="50,000 deep"),
        pytest.param(b'{"map":' * 50_000, id="50,000 deep and cut off"),
        pytest.param(b"1" * 10**6, id="a number of a million digits"),
        pytest.param(b"[1, 2", id="cut off"),
        pytest.param(b"[1] [2]", id="two values"),
        pytest.param(b"\xff\xfe\x00", id="no UTF-8"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"(1, 2)", id="Python"),
    ],
)
def test_broken_trees_are_no_message(tree):
    with pytest.raises(WireError):
        unpack(message(tree))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"map": {"a": 1, "a": 2}}', {"a": 2}),
        (b'{"odd": "x", "odd": "y"}', Odd("y")),
        (b"[NaN, Infinity, -Infinity, -0.0, 1e999]", [float("nan"), float("inf"), -float("inf"), -0.0, float("inf")]),
        (b"1" * 4000, int("1" * 4000)),
        (b'{"odd": "at 0x7f00deadbeef"}', Odd("at 0x...")),
    ],
    ids=["same key twice", "same tag twice", "special numbers", "a large number", "an address"],
)
def test_unusual_trees_that_hold_plain_values_are_read(text, value):
    assert same(unpack(message(text)), value)


@pytest.mark.parametrize("sizes", [(0, 0), (5, 0), (2**32 - 1, 2**32 - 1), (0, 2**32 - 1), (2**31, 2**31)])
def test_sizes_that_do_not_add_up_are_no_message(sizes):
    with pytest.raises(WireError):
        unpack(struct.pack("!II", *sizes) + b"[1]")


def test_no_beginning_of_a_message_is_a_message():
    for size in range(len(TENSOR)):
        with pytest.raises(WireError):
            unpack(TENSOR[:size])
    with pytest.raises(WireError):
        unpack(TENSOR + b"\0")


def reads(content: bytes) -> bool:
    """Whether it is a message. Any exception but WireError is an error."""
    try:
        unpack(content)
    except WireError:
        return False
    return True


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_no_message(seed):
    draw = random.Random(seed)
    for _ in range(1_000):
        assert not reads(draw.randbytes(draw.randrange(64)))
        text, blob = draw.randbytes(draw.randrange(1, 32)), draw.randbytes(draw.randrange(32))
        assert not reads(message(b"\xff" + text, blob))


@pytest.mark.parametrize("seed", range(4))
def test_a_message_with_wrong_bytes_is_read_or_refused(seed):
    draw, refused = random.Random(seed), 0
    for _ in range(1_500):
        content = bytearray(TENSOR)
        for _ in range(draw.randint(1, 4)):
            content[draw.randrange(8, len(content))] = draw.randrange(256)
        refused += not reads(bytes(content))
    assert 100 < refused < 1_500  # both happen: some bytes are numbers


# Reading from another process -----------------------------------------------------------------------------


@contextmanager
def pipe():
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


@contextmanager
def written(content: bytes, chunk: int | None = None, pause: float = 0.0):
    """A descriptor on which the content arrives, in pieces, and then the end."""
    reading, writing = os.pipe()

    def write():
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(writing, rest[:chunk]) :]
                time.sleep(pause)
        except BrokenPipeError:
            pass
        finally:
            os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield reading
    finally:
        os.close(reading)
        writer.join()


def test_messages_are_read_one_after_the_other():
    values = [{"a": torch.arange(3)}, None, "x" * MAX_TEXT, [], torch.zeros(MEGABYTE)]
    with written(b"".join(map(pack, values)), chunk=70_001) as descriptor:
        reader = Reader(descriptor)
        assert all(same(reader.read(time.monotonic() + 60), value) for value in values)
        with pytest.raises(EOFError):
            reader.read()


def test_messages_arrive_byte_by_byte():
    with written(TENSOR, chunk=1) as descriptor:
        assert same(Reader(descriptor).read(), unpack(TENSOR))


@pytest.mark.parametrize("size", [1, 7, 8, 9, len(TENSOR) - 1])
def test_the_end_within_a_message_is_the_end(size):
    with written(TENSOR[:size]) as descriptor, pytest.raises(EOFError):
        Reader(descriptor).read(time.monotonic() + 60)


def test_send_writes_what_read_reads():
    with pipe() as (reading, writing):
        send(writing, {"a": torch.arange(3.0)})
        send(writing, Odd("a set"))
        reader = Reader(reading)
        assert same(reader.read(), {"a": torch.arange(3.0)})
        assert reader.read() == Odd("a set")


@pytest.mark.parametrize("said", [b"", TENSOR[:5], TENSOR[:20]], ids=["nothing", "half a header", "half a message"])
def test_whoever_falls_silent_is_not_waited_for(said):
    with pipe() as (reading, writing):
        os.write(writing, said)
        with pytest.raises(TimeoutError):
            Reader(reading).read(time.monotonic() + 0.05)


def test_whoever_dawdles_is_not_waited_for():
    with written(pack("x" * MAX_TEXT), chunk=1, pause=0.01) as descriptor, pytest.raises(TimeoutError):
        Reader(descriptor).read(time.monotonic() + 0.3)  # for every byte alone there would be time


def test_a_deadline_that_has_passed_still_takes_what_is_there():
    with pipe() as (reading, writing):
        send(writing, 3)
        assert Reader(reading).read(time.monotonic() - 1) == 3


def test_a_reader_takes_no_more_than_its_limit():
    small = pack("x" * 100)
    with written(small * 3) as descriptor:
        reader = Reader(descriptor, limit=2 * len(small) + 20)
        reader.read()
        reader.read()
        with pytest.raises(WireError, match="more than"):
            reader.read()


@pytest.mark.parametrize("sizes", [(2**32 - 1, 0), (0, 2**32 - 1), (100, 2**31), (MAX_TREE_BYTES + 1, 0)])
def test_what_announces_too_much_is_refused_before_it_comes(sizes):
    with pipe() as (reading, writing):
        os.write(writing, struct.pack("!II", *sizes))
        with pytest.raises(WireError, match="more than"):
            Reader(reading).read()


def test_small_trees_add_up():
    large = message([0] * (MAX_TREE_BYTES // 6))
    with written(large * 3) as descriptor:
        reader = Reader(descriptor)
        reader.read()
        reader.read()
        with pytest.raises(WireError, match="of text"):
            reader.read()


def test_a_reader_does_not_take_bytes_that_are_no_message():
    with written(message({"set": [1]})) as descriptor, pytest.raises(WireError):
        Reader(descriptor).read()


def test_tensors_are_saved_by_the_library():
    """The blob is a safetensors file, readable by anyone."""
    packed = pack([torch.arange(3.0)])
    text_size, _ = struct.unpack_from("!II", packed)
    assert torch.equal(safetensors.torch.load(packed[8 + text_size :])["0"], torch.arange(3.0))
