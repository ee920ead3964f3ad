"""What crosses between the student's process and the grader's: plain data, bounded, never code.

A *value* is None, a bool, an int, a float, a str, a dense tensor, or a list or a dict (with str keys) of values. It
travels as JSON with its tensors beside it in the safetensors format; both are read by parsers that cannot be made
to run anything. Whatever else an answer returns crosses as an :class:`Odd`, a description in words.
"""

import json
import os
import re
import select
import struct
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

MEGABYTE = 2**20
MAX_TENSOR_BYTES = 32 * MEGABYTE
"""The largest tensor that an answer may return; lessons ask for far smaller ones."""
MAX_MESSAGE_BYTES = 64 * MEGABYTE
MAX_TREE_BYTES = 4 * MEGABYTE
"""Of JSON, in all messages of one job together: as objects they take twenty times as much."""
MAX_TEXT = 2_000
"""Characters of one string."""
MAX_DEPTH = 8
MAX_ITEMS = 10_000
"""Values in one message."""

DTYPES = frozenset(
    {
        torch.float16, torch.bfloat16, torch.float32, torch.float64,
        torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool,
    }
)  # fmt: skip

_HEADER = struct.Struct("!II")  # bytes of JSON, bytes of tensors
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")


class WireError(Exception):
    """A message breaks the rules: too large, cut off, or not what this module writes."""


@dataclass(frozen=True)
class Odd:
    """Something that an answer returned and that is no plain value, in words: "a numpy array", "a list of ..."."""

    description: str

    def __str__(self) -> str:
        return self.description


def pack(value: Any, ours: bool = False) -> bytes:
    """``value`` as bytes. Values that cannot cross become :class:`Odd`; nothing of the student's is called for it.

    Args:
        value: what an answer returned, or a part of it.
        ours: it is a message of the grader's own: texts cross as they are, and it may have any number of parts.
    """
    tensors: dict[str, Tensor] = {}
    room = _Room(sys.maxsize if ours else MAX_ITEMS, MAX_MESSAGE_BYTES // 2, cleans_text=not ours)
    text = json.dumps(_plain(value, tensors, room, 0)).encode()
    blob = safetensors.torch.save(tensors) if tensors else b""
    return _HEADER.pack(len(text), len(blob)) + text + blob


def unpack(message: bytes) -> Any:
    """What :func:`pack` was given.

    Raises:
        WireError: the bytes are not a message.
    """
    if len(message) < _HEADER.size:
        raise WireError("shorter than a header")
    text_size, blob_size = _HEADER.unpack_from(message)
    if _HEADER.size + text_size + blob_size != len(message):
        raise WireError("sizes do not add up")
    end = _HEADER.size + text_size
    try:
        tree = json.loads(message[_HEADER.size : end].decode())
        tensors = _tensors(message[end:]) if blob_size else {}
        return _rebuilt(tree, tensors, 0)
    except WireError:
        raise
    except Exception as error:  # each parser has errors of its own for bytes that are not its format
        raise WireError(f"not a message: {type(error).__name__}") from error


def send(descriptor: int, value: Any, ours: bool = False) -> None:
    """Write one message to a file descriptor."""
    rest = memoryview(pack(value, ours))
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class Reader:
    """Reads messages from a file descriptor, within limits on the bytes of all of them and a deadline."""

    def __init__(self, descriptor: int, limit: int = MAX_MESSAGE_BYTES, tree_limit: int = MAX_TREE_BYTES):
        self.descriptor = descriptor
        self.left = limit
        self.tree_left = tree_limit

    def read(self, deadline: float | None = None) -> Any:
        """The next message.

        Args:
            deadline: on ``time.monotonic()``'s clock; None waits for ever.

        Raises:
            EOFError: the other side is gone, between two messages or within one.
            TimeoutError: the deadline passed.
            WireError: what came is no message, or more bytes than the limit.
        """
        header = self._exactly(_HEADER.size, deadline)
        sizes = _HEADER.unpack(header)
        self.tree_left -= sizes[0]
        if self.tree_left < 0:
            raise WireError(f"more than {MAX_TREE_BYTES // MEGABYTE} MB of text")
        body = self._exactly(sum(sizes), deadline)
        return unpack(header + body)

    def _exactly(self, size: int, deadline: float | None) -> bytes:
        if size > self.left:
            raise WireError(f"more than {MAX_MESSAGE_BYTES // MEGABYTE} MB")
        self.left -= size
        content = bytearray()  # a list of its parts could take forty times as much
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        while size:
            patience = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            if not poll.poll(patience):
                raise TimeoutError
            part = os.read(self.descriptor, min(size, MEGABYTE))
            if not part:
                raise EOFError
            content += part
            size -= len(part)
        return bytes(content)


def clean_text(text: str) -> str:
    """``text`` cut to a bounded length, without memory addresses and characters that are no text."""
    text = _ADDRESS.sub("0x...", text[: 2 * MAX_TEXT].encode("utf-8", "replace").decode())
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)[:MAX_TEXT]


@dataclass
class _Room:
    """What a message may still hold: values, and bytes of tensors."""

    items: int
    bytes: int
    cleans_text: bool


def _plain(value: Any, tensors: dict[str, Tensor], room: _Room, depth: int) -> Any:
    """``value`` as JSON's types. Exact types only: a subclass may lie about everything, so it is odd."""
    room.items -= 1
    if room.items < 0 or depth > MAX_DEPTH:
        return {"odd": "something with too many parts"}
    kind = type(value)
    if value is None or kind in (bool, float):
        return value
    if kind is np.float64:  # which is a float to Python, too
        return float(value)
    if kind is int:
        return value if value.bit_length() <= 64 else {"odd": "a whole number of more than 64 bits"}
    if kind is str:
        return clean_text(value) if room.cleans_text else value
    if kind in (Tensor, torch.nn.Parameter):
        return _tensor(value, tensors, room)
    if kind in (list, tuple):
        return [_plain(item, tensors, room, depth + 1) for item in value[: room.items + 1]]
    if kind is dict and all(type(key) is str for key in value):
        items = islice(value.items(), room.items + 1)
        return {"map": {clean_text(key): _plain(item, tensors, room, depth + 1) for key, item in items}}
    if kind is Odd:
        return {"odd": clean_text(value.description)}
    return {"odd": _described(value)}


def _tensor(value: Tensor, tensors: dict[str, Tensor], room: _Room) -> Any:
    shape = f"shape {tuple(value.shape)}"
    if value.layout != torch.strided:
        return {"odd": f"a sparse tensor of {shape}"}
    if value.device.type not in ("cpu", "cuda", "mps"):
        return {"odd": f"a tensor on the device {value.device.type!r}, which holds no numbers"}
    if value.is_quantized or value.dtype not in DTYPES:
        return {"odd": f"a tensor of {shape} and {value.dtype}"}
    size = value.numel() * value.element_size()  # before any copy: a view can be larger than the memory behind it
    if size > min(MAX_TENSOR_BYTES, room.bytes):
        return {"odd": f"a tensor of {shape}, which is too large"}
    room.bytes -= size
    name = str(len(tensors))
    tensors[name] = value.detach().to("cpu").resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
    return {"tensor": name}


def _described(value: Any) -> str:
    kind = type(value)
    if kind is np.ndarray:
        return f"a numpy array of shape {value.shape}"
    name = type.__dict__["__name__"].__get__(kind)  # kind.__name__ would ask the metaclass
    if issubclass(kind, np.generic):
        return f"a numpy {name}"
    name = clean_text(name)[:60]
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _tensors(blob: bytes) -> dict[str, Tensor]:
    """The tensors of a safetensors file, whose first 8 bytes are the size of a JSON header."""
    (header_size,) = struct.unpack_from("<Q", blob)
    if header_size > MAX_TREE_BYTES // 4:
        raise WireError("too many tensors")
    return safetensors.torch.load(bytes(blob))


def _rebuilt(tree: Any, tensors: Mapping[str, Tensor], depth: int) -> Any:
    if depth > 2 * MAX_DEPTH + 2:
        raise WireError("too deep")
    if isinstance(tree, list):
        return [_rebuilt(item, tensors, depth + 1) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if len(tree) != 1:
        raise WireError("not a value")
    ((kind, content),) = tree.items()
    if kind == "tensor" and content in tensors and tensors[content].dtype in DTYPES:
        return tensors[content]
    if kind == "odd" and isinstance(content, str):
        return Odd(clean_text(content))
    if kind == "map" and isinstance(content, dict):
        return {key: _rebuilt(item, tensors, depth + 1) for key, item in content.items()}
    raise WireError("not a value")
