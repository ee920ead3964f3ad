"""Where pictures come from: one function per source, and :func:`load` to call them by name."""

from __future__ import annotations

import difflib
import errno
import gzip
import hashlib
import inspect
import math
import operator
import os
import queue
import shutil
import socket
import ssl
import struct
import tempfile
import threading
import time
import unicodedata
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import platformdirs
import torch
from torch import Tensor

from vaecourse.data.pictures import PictureDataset

if TYPE_CHECKING:
    from PIL import Image
    from torchvision.datasets import MNIST

__all__ = ["SOURCES", "Choice", "DataError", "describe_choice", "load"]

_DEFAULT_SOURCE = "strokes"
_SPLITS = ("train", "test")
_STROKES_DRAWN = {"train": 12_000, "test": 2_000}
_LARGEST_SIZE = 512  # pixels
_MOST_MEMORY = 8e9  # bytes: beyond this a mistyped number would stall the computer rather than fail
_TEST_ONE_IN = 5  # sources without a split of their own keep every fifth picture for testing

# Seconds. A learner without a network should read so at once, not after a series of time-outs.
_MIRRORS_ANSWER_WITHIN = 8.0
_DOWNLOAD_STALLS_AFTER = 15.0

_STAGING = ".vaecourse-download-"
_STAGING_ABANDONED_AFTER = 24 * 3600  # seconds
_CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


class DataError(RuntimeError):
    """Pictures that could not be had; the message says what happened and the ways out."""


class Choice(NamedTuple):
    """Which pictures ``load()`` gives when it is not told.

    Attributes:
        name: one of ``SOURCES``.
        decided_by: what decided it.
        files: where the files of these pictures lie.
    """

    name: str
    decided_by: str
    files: str


def load(name: str | None = None, split: str = "train", **options) -> PictureDataset:
    """Labelled pictures, by the name of their source.

    =================  ====================================================================================
    ``strokes``        digits and letters drawn by this package, with the factors they were drawn from
                       (options: n, size, channels, seed, classes)
    ``mnist``          handwritten digits, 28 x 28 (options: n, size, channels, root, download)
    ``fashion_mnist``  pieces of clothing, 28 x 28 (options: n, size, channels, root, download)
    ``digits8``        small handwritten digits, 8 x 8, that come with scikit-learn
                       (options: n, size, channels)
    ``folder``         your own pictures: a folder with one sub-folder of pictures per class
                       (options: n, root, size, channels)
    =================  ====================================================================================

    Args:
        name: the source. None takes the environment variable VAECOURSE_DATA, else ``"strokes"``.
        split: ``"train"`` or ``"test"``.
        **options: for the source:

            - n: at most this many pictures, the first of the split (default: all; strokes are drawn, so
              there are exactly n, by default 12,000 for training and 2,000 for testing).
            - size: height and width in pixels (default 28, for ``digits8`` 8). Strokes are drawn in that size, all
              other pictures are resized, and then rounded to 256 levels.
            - channels: 1 for grey, 3 for colour (default 1). All but your own pictures are grey, and are given an ink
              and a paper of random colours, always the same ones; ``factors`` holds them.
            - seed: a whole number; another seed draws other strokes (default 0).
            - classes: ``"digits"``, ``"letters"``, or distinct characters such as ``"017AB"``
              (default ``"digits"``).
            - root: the folder that holds the files. For ``mnist`` and ``fashion_mnist`` the root that
              torchvision would be given (default: VAECOURSE_DATA_DIR, else the user's data folder); for
              ``folder`` the folder of folders (default: VAECOURSE_FOLDER).
            - download: whether missing files may be downloaded (default True).

    Returns:
        A dataset with ``data`` float32 (N, C, H, W) in [0, 1] and ``targets`` int64 (N,).

    Raises:
        ValueError: an argument, or an environment variable, is not one of the possible ones.
        DataError: the pictures are not there, are damaged, or cannot be downloaded.
    """
    name, _ = _choose(name)
    _one_of("split", split, _SPLITS)
    source = _SOURCES[name]
    possible = [option for option in inspect.signature(source).parameters if option != "split"]
    for option in options:
        if option not in possible:
            raise ValueError(f"{name} has no option {option!r}.{_choices(option, possible)}")
    return source(split, **options)


def describe_choice() -> Choice:
    """Which pictures ``load()`` would give, what decided that, and where their files lie; loads nothing.

    Raises:
        ValueError: VAECOURSE_DATA names no source.
    """
    name, decided_by = _choose(None)
    if name == "strokes":
        from vaecourse.data.cache import cache_dir

        files = f"drawn when needed, kept in {cache_dir()}"
    elif name == "digits8":
        files = "part of scikit-learn"
    elif name == "folder":
        files = _environment("VAECOURSE_FOLDER") or "VAECOURSE_FOLDER is not set"
    else:
        files = str(_torchvision_root(None) / _FOLDERS[name] / "raw")
    return Choice(name, decided_by, files)


def _choose(name: str | None) -> tuple[str, str]:
    """The source to use and what decided it."""
    if name is not None:
        return _one_of("name", name, SOURCES), "the name given"
    if given := _environment("VAECOURSE_DATA"):
        variable = "the environment variable VAECOURSE_DATA"
        return _one_of(variable, given, SOURCES), variable
    return _DEFAULT_SOURCE, "default"


# ------------------------------------------------------------------------------------------------- arguments


def _environment(variable: str) -> str:
    """An environment variable; set but empty counts as not set."""
    return os.environ.get(variable, "").strip()


def _choices(given: object, possible: Iterable[object]) -> str:
    """What is possible, and what was probably meant: the end of an error message."""
    possible = list(possible)
    close = difflib.get_close_matches(str(given).lower(), map(str, possible), n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"{hint} Possible: {', '.join(map(repr, possible))}"


def _one_of(argument: str, given: object, possible: Sequence) -> object:
    if not any(type(given) is type(value) and given == value for value in possible):
        raise ValueError(f"{argument} is {given!r}, which is not possible.{_choices(given, possible)}")
    return given


def _whole(argument: str, given: object, least: int) -> int:
    """``given`` as an int, or a ValueError that names the argument."""
    try:
        if isinstance(given, bool | np.bool_):
            raise TypeError
        number = operator.index(given)
    except TypeError:
        raise ValueError(f"{argument} must be a whole number, not {given!r}") from None
    if number < least:
        raise ValueError(f"{argument} must be at least {least}, not {number}")
    return number


def _at_most(n: object) -> int | None:
    return None if n is None else _whole("n", n, least=1)


def _channels(given: object) -> int:
    if _whole("channels", given, least=1) not in (1, 3):
        raise ValueError(f"channels must be 1 (grey) or 3 (colour), not {given}")
    return int(given)


def _size(given: object) -> int:
    size = _whole("size", given, least=1)
    if size > _LARGEST_SIZE:
        raise ValueError(f"size must be at most {_LARGEST_SIZE} pixels, not {size}")
    return size


def _check_memory(n: int, size: int, channels: int) -> None:
    memory = 4 * n * channels * size**2
    if memory > _MOST_MEMORY:
        raise ValueError(
            f"n={n} pictures of size={size} would need {memory / 1e9:,.0f} GB of memory; at most "
            f"{_MOST_MEMORY / 1e9:.0f} are possible"
        )


def _shown(data: Tensor, split: str, size: int, channels: int, found: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Grey pictures in the size and the channels wanted, rounded to 256 levels where they change, and their factors.

    Args:
        data: the first ones of those that the split has, (N, 1, H, H).
        split, size, channels: as for :func:`load`.
        found: how many the split has.
    """
    _check_memory(len(data), size, channels)
    factors = {}
    if size != data.shape[-1]:
        from torchvision.transforms.v2 import InterpolationMode, functional

        as_bytes = (255 * data).round().to(torch.uint8)  # torchvision rounds and clips these itself
        data = _to_unit(functional.resize(as_bytes, [size, size], InterpolationMode.BICUBIC, antialias=True))
    if channels == 3:
        from vaecourse.data import strokes

        # Chosen for all the pictures that there are, so that n changes the colours of none.
        colours = strokes.choose_colours(np.random.default_rng(_SPLITS.index(split)), found)
        colours = {factor: values[: len(data)] for factor, values in colours.items()}
        data = _to_unit(np.rint(255 * strokes.coloured(data.numpy(), colours)))
        factors = {factor: torch.from_numpy(values.copy()) for factor, values in colours.items()}
    return data, factors


def _folder_argument(given: object) -> Path:
    try:
        return Path(given).expanduser()
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"root must be the path of a folder, not {given!r}: {error}") from None


def _to_unit(pictures: np.ndarray | Tensor, highest: int = 255) -> Tensor:
    """Whole numbers 0..highest as float32 in [0, 1]."""
    return torch.as_tensor(pictures).to(torch.float32).div_(highest)


# --------------------------------------------------------------------------------------------------- strokes


def _strokes(
    split: str,
    *,
    n: int | None = None,
    size: int = 28,
    channels: int = 1,
    seed: int = 0,
    classes: str | Sequence[str] = "digits",
) -> PictureDataset:
    from vaecourse.data import cache

    n, size, channels = _at_most(n) or _STROKES_DRAWN[split], _size(size), _channels(channels)
    _check_memory(n, size, channels)
    seed = (_whole("seed", seed, least=0), _SPLITS.index(split))
    symbols = _symbols(classes)
    drawing = cache.draw(n, seed=seed, size=size, channels=channels, symbols=symbols)
    return PictureDataset(
        _to_unit(drawing.pictures),
        torch.from_numpy(drawing.targets),
        list(symbols),
        name="strokes",
        split=split,
        description=(
            f"The characters {', '.join(symbols)}, drawn as pen strokes by this package. Each picture is "
            "made from a few random factors, such as how far the character leans and how thick the line is, "
            "and these are known for every picture."
        ),
        source="Drawn by the vaecourse package",
        licence="As for the vaecourse package: no picture of anybody else's is used",
        factors={name: torch.from_numpy(values) for name, values in drawing.factors.items()},
    )


def _symbols(classes: str | Sequence[str]) -> str:
    """The characters to draw, one class each."""
    from vaecourse.data.strokes import DIGITS, LETTERS

    named = {"digits": DIGITS, "letters": LETTERS}
    if isinstance(classes, str) and classes in named:
        return named[classes]
    drawable = [*DIGITS, *LETTERS]
    symbols = []
    with suppress(TypeError):  # classes is no sequence at all
        symbols = list(classes)
    if not symbols or any(s not in drawable for s in symbols) or len(set(symbols)) != len(symbols):
        close = difflib.get_close_matches(str(classes).lower(), named, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"classes is {classes!r}, which is not possible.{hint} Possible: 'digits', 'letters', "
            f"or characters out of {''.join(drawable)!r}, none of them twice"
        )
    return "".join(symbols)


# --------------------------------------------------------------------------------------------------- digits8


def _digits8(split: str, *, n: int | None = None, size: int = 8, channels: int = 1) -> PictureDataset:
    n, size, channels = _at_most(n), _size(size), _channels(channels)
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise DataError(
            f"The 8 x 8 digits come with scikit-learn, which cannot be imported ({error}).\n"
            "There are two ways out:\n"
            "1. Install scikit-learn: pip install scikit-learn\n"
            f"2. {_USE_STROKES}"
        ) from error
    pictures, targets = load_digits(return_X_y=True)
    # Within each class every fifth picture is for testing: a stratified split that needs no random numbers,
    # and so cannot change with the version of any library.
    rank = np.empty(len(targets), dtype=np.int64)
    for target in np.unique(targets):
        members = np.flatnonzero(targets == target)
        rank[members] = np.arange(len(members))
    of_split = np.flatnonzero((rank % _TEST_ONE_IN == _TEST_ONE_IN - 1) == (split == "test"))
    chosen = of_split[:n]
    data = _to_unit(pictures[chosen].reshape(-1, 1, 8, 8), highest=16)
    data, factors = _shown(data, split, size, channels, len(of_split))
    return PictureDataset(
        data,
        torch.from_numpy(targets[chosen].astype(np.int64)),
        [str(digit) for digit in range(10)],
        name="digits8",
        split=split,
        description=(
            "Handwritten digits from 13 people, scanned and averaged down to 8 x 8 pixels, white on black. "
            "Every fifth picture of each digit is in the test split."
        ),
        source=(
            "E. Alpaydin and C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning "
            "Repository, 1998 (the copy in scikit-learn)"
        ),
        licence="CC BY 4.0",
        factors=factors,
    )


# ----------------------------------------------------------------------------------- MNIST and Fashion-MNIST

_USE_STROKES = (
    'Go on with drawn pictures, which need no files: load("strokes"), or unset the environment variable '
    "VAECOURSE_DATA where that chose these pictures."
)
_FOLDERS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}  # as torchvision names them below its root


def _mnist(
    split: str,
    *,
    n: int | None = None,
    size: int = 28,
    channels: int = 1,
    root: str | None = None,
    download: bool = True,
) -> PictureDataset:
    return _idx_dataset(
        "mnist",
        split,
        (n, size, channels),
        (root, download),
        classes=[str(digit) for digit in range(10)],
        description=(
            "Handwritten digits, white on black, 28 x 28 pixels: 60,000 for training and 10,000 for testing, "
            "written by employees of the US Census Bureau and by high-school students, no writer in both."
        ),
        source=(
            "Y. LeCun, C. Cortes and C. J. C. Burges: The MNIST database of handwritten digits, 1998; "
            "from NIST Special Databases 1 and 3"
        ),
        licence="CC BY-SA 3.0, as it is commonly given",
    )


def _fashion_mnist(
    split: str,
    *,
    n: int | None = None,
    size: int = 28,
    channels: int = 1,
    root: str | None = None,
    download: bool = True,
) -> PictureDataset:
    return _idx_dataset(
        "fashion_mnist",
        split,
        (n, size, channels),
        (root, download),
        classes=_torchvision_class("fashion_mnist").classes,
        description=(
            "Photographs of pieces of clothing, light on black, 28 x 28 pixels, in ten classes: 60,000 for "
            "training and 10,000 for testing. Made as a harder drop-in replacement for MNIST."
        ),
        source=(
            "H. Xiao, K. Rasul and R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking "
            "Machine Learning Algorithms, 2017 (Zalando SE)"
        ),
        licence="MIT",
    )


def _idx_dataset(
    name: str, split: str, wanted: tuple[int | None, int, int], files: tuple[str | None, bool], **about: Any
) -> PictureDataset:
    """One of torchvision's data sets; ``wanted`` are n, size and channels, ``files`` are root and download."""
    n, size, channels = _at_most(wanted[0]), _size(wanted[1]), _channels(wanted[2])
    pictures, targets = _idx_pictures(name, split, *files)
    found, data = len(targets), _to_unit(pictures[:n, None])
    data, factors = _shown(data, split, size, channels, found)
    return PictureDataset(data, targets[:n].clone(), name=name, split=split, factors=factors, **about)


def _torchvision_root(root: str | os.PathLike | None) -> Path:
    if root is not None:
        return _folder_argument(root)
    if given := _environment("VAECOURSE_DATA_DIR"):
        return Path(given).expanduser()
    return platformdirs.user_data_path("vaecourse", appauthor=False)


def _torchvision_class(name: str) -> type[MNIST]:
    from torchvision import datasets

    return getattr(datasets, _FOLDERS[name])


def _idx_pictures(name: str, split: str, root: str | None, download: bool) -> tuple[Tensor, Tensor]:
    """Pictures uint8 (N, 28, 28) and targets int64 (N,), downloaded first where they are missing."""
    _one_of("download", download, (True, False))
    root = _torchvision_root(root)
    kind = _torchvision_class(name)
    raw = root / _FOLDERS[name] / "raw"
    prefix = "train" if split == "train" else "t10k"
    images, labels = raw / f"{prefix}-images-idx3-ubyte", raw / f"{prefix}-labels-idx1-ubyte"
    try:
        if missing := [path.name for path in (images, labels) if _present(path) is None]:
            if not download:
                raise _idx_error(kind, raw, f"{raw} does not hold {' and '.join(missing)}, and download=False")
            _download(kind, root)
        pictures, targets = _read_pair(images, labels)
    except OSError as error:
        raise _idx_error(kind, raw, f"its files cannot be read: {error}") from error
    except _DamagedError as error:
        damaged = f"{error}. Replace that file with a good copy, or delete it and load again to download it"
        raise _idx_error(kind, raw, damaged) from error
    return pictures, targets


def _idx_error(kind: type[MNIST], raw: Path, happened: str) -> DataError:
    files = "\n".join(f"   - {Path(resource).stem}" for resource, _ in kind.resources)
    return DataError(
        f"{kind.__name__} cannot be loaded: {happened}.\n"
        "There are two ways out:\n"
        f"1. Put these files into the folder {raw} by hand (from another computer, say; compressed ones, "
        f"whose names end in .gz, will do as well):\n{files}\n"
        f"2. {_USE_STROKES}"
    )


class _DamagedError(Exception):
    """A file whose contents are not what they must be; the message names it."""


def _present(path: Path) -> Path | None:
    """``path``, or the compressed file of the same name, whichever there is."""
    compressed = path.with_name(f"{path.name}.gz")
    return next((file for file in (path, compressed) if file.exists()), None)


def _read_pair(images: Path, labels: Path) -> tuple[Tensor, Tensor]:
    """Pictures uint8 (N, 28, 28) and targets int64 (N,) out of two files in the format of MNIST."""
    from torchvision.datasets.mnist import read_image_file, read_label_file

    with _uncompressed(images) as path:
        _check_idx(path, _present(images), dimensions=3)
        pictures = read_image_file(str(path))
    with _uncompressed(labels) as path:
        _check_idx(path, _present(labels), dimensions=1)
        targets = read_label_file(str(path))
    if pictures.shape[1:] != (28, 28):
        raise _DamagedError(f"{_present(images)} holds pictures of {tuple(pictures.shape[1:])} pixels, not (28, 28)")
    if len(pictures) != len(targets):
        raise _DamagedError(
            f"{_present(labels)} holds {len(targets)} labels, {images.name} holds {len(pictures)} pictures"
        )
    if int(targets.max()) > 9:
        raise _DamagedError(f"{_present(labels)} holds the label {int(targets.max())}, but labels go from 0 to 9")
    return pictures, targets


@contextmanager
def _uncompressed(path: Path) -> Iterator[Path]:
    """``path`` itself, or a temporary uncompressed copy: the folder it lies in may be read-only."""
    present = _present(path)
    if present is None or present == path:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="vaecourse-") as folder:
        copy = Path(folder) / path.name
        try:
            with gzip.open(present, "rb") as compressed, open(copy, "wb") as plain:
                shutil.copyfileobj(compressed, plain)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise _DamagedError(f"{present} is damaged: it cannot be uncompressed ({error})") from error
        yield copy


def _check_idx(path: Path, shown: Path, dimensions: int) -> None:
    """Raise unless the length of a file is what its header says, which torchvision checks only in part."""
    header_length = 4 * (1 + dimensions)
    with open(path, "rb") as file:
        header = file.read(header_length)
        length = file.seek(0, os.SEEK_END)
    if len(header) < header_length:
        raise _DamagedError(f"{shown} is damaged: it ends after {length} bytes")
    magic, *shape = struct.unpack(f">{1 + dimensions}I", header)
    if magic != 0x800 + dimensions:
        kind = "pictures" if dimensions == 3 else "labels"
        raise _DamagedError(f"{shown} is damaged, or is not a file of {kind}: it begins with the wrong number")
    if 0 in shape:
        raise _DamagedError(f"{shown} is damaged: its header says that it is empty")
    expected = header_length + math.prod(shape)
    if length != expected:
        raise _DamagedError(f"{shown} is damaged: it should be {expected:,} bytes long and is {length:,}")


def _download(kind: type[MNIST], root: Path) -> None:
    """Have torchvision download what is missing, and move it into place only once all of it has been read.

    The files go into a temporary folder inside the final one, so that whatever goes wrong, nothing
    half-finished is left where the next call would find it.
    """
    raw = root / kind.__name__ / "raw"
    missing = [(resource, md5) for resource, md5 in kind.resources if _present(raw / Path(resource).stem) is None]
    made: list[Path] = []
    try:
        _make_folders(raw, made)
        _remove_abandoned(raw)
        with tempfile.TemporaryDirectory(prefix=_STAGING, dir=raw, ignore_cleanup_errors=True) as staging:
            fetched = _fetch(kind, missing, Path(staging))
            names = [Path(resource).stem for resource, _ in missing]
            for name in names:
                _check_idx(fetched / name, fetched / name, dimensions=3 if "idx3" in name else 1)
            for name in names:
                os.replace(fetched / name, raw / name)
    except BaseException as error:
        for folder in reversed(made):
            with suppress(OSError):  # not empty: another process has put its files there
                folder.rmdir()
        if isinstance(error, _DamagedError | OSError | RuntimeError):
            raise _idx_error(kind, raw, _why_not_downloaded(error, raw)) from error
        raise


def _make_folders(folder: Path, made: list[Path]) -> None:
    """Make ``folder`` and its parents, adding each that was not there to ``made``, outermost first."""
    for each in (*reversed(folder.parents), folder):
        if not each.is_dir():
            each.mkdir(exist_ok=True)
            made.append(each)


def _remove_abandoned(raw: Path) -> None:
    """Remove what a download left behind when its process was killed."""
    for folder in raw.glob(f"{_STAGING}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _STAGING_ABANDONED_AFTER:
                shutil.rmtree(folder, ignore_errors=True)


def _fetch(kind: type[MNIST], resources: list[tuple[str, str]], staging: Path) -> Path:
    """Download, verify and uncompress ``resources`` below ``staging``; the folder they are in then.

    Raises:
        RuntimeError: no mirror gave all of them.
        OSError: they cannot be written.
    """
    from torchvision.datasets import VisionDataset

    # An object of torchvision's class that knows where its files go, but has not looked for them yet.
    fetcher = kind.__new__(kind)
    VisionDataset.__init__(fetcher, str(staging))
    fetcher.resources = resources
    mirrors, failures = _answering(kind.mirrors)
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_DOWNLOAD_STALLS_AFTER)  # torchvision passes none of its own
    try:
        # One mirror at a time: torchvision itself goes on to the next one after some kinds of failure only.
        # Files that are already there and intact are not fetched again.
        for mirror in mirrors:
            fetcher.mirrors = [mirror]
            try:
                fetcher.download()
                return Path(fetcher.raw_folder)
            except Exception as error:
                if isinstance(error, OSError) and error.errno in _CANNOT_WRITE:
                    raise
                failures.append(" ".join(str(error).split()) or type(error).__name__)
    finally:
        socket.setdefaulttimeout(timeout)
    raise RuntimeError("; ".join(failures))


def _answering(mirrors: Sequence[str]) -> tuple[list[str], list[str]]:
    """The mirrors that can be reached, in their order, and what went wrong with the others.

    All are asked at once and for a few seconds in all. A time-out of each connection would not do: looking
    up a name has none, and a name that stands for many addresses would use it up many times over.
    """
    answers: queue.Queue[tuple[str, Exception | None]] = queue.Queue()

    def ask(mirror: str) -> None:
        try:
            request = urllib.request.Request(mirror, method="HEAD")
            urllib.request.urlopen(request, timeout=_MIRRORS_ANSWER_WITHIN).close()
            answers.put((mirror, None))
        except Exception as error:
            # A server that refuses this request, or that has a doubtful certificate, is there all the same.
            there = isinstance(error, urllib.error.HTTPError) or isinstance(
                getattr(error, "reason", None), ssl.SSLError
            )
            answers.put((mirror, None if there else error))

    results: dict[str, Exception | None] = {}
    for mirror in mirrors:
        threading.Thread(target=ask, args=(mirror,), daemon=True).start()
    deadline = time.monotonic() + _MIRRORS_ANSWER_WITHIN
    while len(results) < len(mirrors):
        try:
            mirror, error = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        results[mirror] = error
        if error is None:  # one is enough to begin with: little time for the others
            deadline = min(deadline, time.monotonic() + 1.0)
    reached = [mirror for mirror in mirrors if mirror in results and results[mirror] is None]
    failures = [f"{mirror}: {results.get(mirror, 'no answer')}" for mirror in mirrors if mirror not in reached]
    return reached, failures


def _why_not_downloaded(error: BaseException, raw: Path) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"its files should go into {raw}, but part of that path is a file, not a folder ({error})"
    if isinstance(error, OSError) and error.errno in _CANNOT_WRITE:
        return f"its files are not there, and {raw} cannot be written to: {error.strerror}"
    return f"its files are not in {raw}, and downloading them failed (is there a network?): {error}"


# --------------------------------------------------------------------------------------------- your pictures

_PICTURE_FILES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")


def _folder(
    split: str,
    *,
    n: int | None = None,
    root: str | os.PathLike | None = None,
    size: int = 28,
    channels: int = 1,
) -> PictureDataset:
    n, size, channels = _at_most(n), _size(size), _channels(channels)
    decided_by = "root" if root is not None else "the environment variable VAECOURSE_FOLDER"
    given = root if root is not None else _environment("VAECOURSE_FOLDER")
    if not given:
        raise ValueError(
            'root must name the folder of your pictures: load("folder", root=...), or set the environment '
            "variable VAECOURSE_FOLDER"
        )
    root = _folder_argument(given)
    classes = _class_folders(root, decided_by)
    # The share of the split and the order both come from the name of each file alone: a picture that is added
    # moves no other, and the first n are of all classes.
    files = sorted(
        (rank, target, file)
        for target, folder in enumerate(classes)
        for file in _picture_files(folder)
        for rank in [_rank(folder.name, file.name)]
        if (rank % _TEST_ONE_IN == 0) == (split == "test")
    )[:n]
    if not files:
        raise DataError(
            f"The {split} split of {root} has no pictures: by its name, one picture in {_TEST_ONE_IN} goes "
            "to testing and the others to training. Put more pictures into the folder."
        )
    data = np.stack([_read_picture(file, size, channels) for _, _, file in files])
    return PictureDataset(
        _to_unit(data),
        torch.tensor([target for _, target, _ in files]),
        [folder.name for folder in classes],
        name="folder",
        split=split,
        description=(
            f"Your own pictures, out of the sub-folders of {root.name}, cut to a square around the centre "
            f"and resized to {size} x {size} pixels. One in about {_TEST_ONE_IN} is in the test split."
        ),
        source="Your own",
        licence="Your own",
    )


def _class_folders(root: Path, decided_by: str) -> list[Path]:
    """The sub-folders of ``root`` in the order of their names; hidden ones are none of the user's."""
    layout = "It should hold one sub-folder per class, and each of those the pictures of that class."
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise DataError(f"The folder of pictures {root} ({decided_by}) {what}. {layout}")
    try:
        folders = sorted(each for each in root.iterdir() if each.is_dir() and not _hidden(each))
    except OSError as error:
        raise DataError(f"The folder of pictures {root} cannot be read: {error}") from error
    if not folders:
        raise DataError(f"The folder of pictures {root} ({decided_by}) has no sub-folders. {layout}")
    return folders


def _picture_files(folder: Path) -> list[Path]:
    try:
        files = [
            file
            for file in folder.iterdir()
            if file.suffix.lower() in _PICTURE_FILES and not _hidden(file) and file.is_file()
        ]
    except OSError as error:
        raise DataError(f"The class folder {folder} cannot be read: {error}") from error
    if not files:
        inner = any(each.is_dir() and not _hidden(each) for each in folder.iterdir())
        hint = f" It has sub-folders: did you mean root={str(folder)!r}?" if inner else ""
        raise DataError(
            f"The class folder {folder} has no pictures ({', '.join(_PICTURE_FILES)}).{hint} "
            "Put some in, or take the folder away."
        )
    return files


def _hidden(path: Path) -> bool:
    # Among them the "._name" files and "__MACOSX" folders that macOS adds, and .ipynb_checkpoints.
    return path.name.startswith((".", "__"))


def _rank(class_name: str, file_name: str) -> int:
    """A number that looks random but depends on the names only, however the file system spells accents."""
    names = unicodedata.normalize("NFC", f"{class_name}/{file_name}")
    return int.from_bytes(hashlib.sha256(names.encode("utf-8", "surrogateescape")).digest()[:8])


def _read_picture(file: Path, size: int, channels: int) -> np.ndarray:
    """One picture as uint8 of shape (channels, size, size)."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            opened.draft(None, (4 * size, 4 * size))  # large JPEG files: decode no more than is needed
            picture = _flattened(ImageOps.exif_transpose(opened), "L" if channels == 1 else "RGB")
    except Exception as error:  # damaged files make the decoders raise nearly anything
        raise DataError(
            f"The picture {file} cannot be read ({error}). Open it in an image viewer and save it anew, or "
            "take it out of the folder."
        ) from error
    fitted = ImageOps.fit(picture, (size, size), method=Image.Resampling.LANCZOS)
    return np.asarray(fitted).reshape(size, size, channels).transpose(2, 0, 1)


def _flattened(picture: Image.Image, mode: str) -> Image.Image:
    """``picture`` in ``mode``, on white where it is transparent, as most programs show it."""
    from PIL import Image

    if picture.mode.startswith("I"):  # 16 bits of grey, which convert() would cut off at 255
        values = np.asarray(picture, dtype=np.float64) / 257
        picture = Image.fromarray(values.round().clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert(mode)


_SOURCES: dict[str, Callable[..., PictureDataset]] = {
    "strokes": _strokes,
    "mnist": _mnist,
    "fashion_mnist": _fashion_mnist,
    "digits8": _digits8,
    "folder": _folder,
}
SOURCES = tuple(_SOURCES)
