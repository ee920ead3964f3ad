"""Drawn strokes kept on disk, so that the same pictures need not be drawn in every session.

One safetensors file per set of drawing arguments, in :func:`cache_dir`. The cache is only ever a saving of
time: a file that is damaged is drawn anew, and where nothing can be written nothing is kept.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import platformdirs
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from vaecourse.files import replace_file

if TYPE_CHECKING:
    from vaecourse.data.strokes import Drawing

__all__ = ["cache_dir", "draw"]

_log = logging.getLogger(__name__)

# Only files named like this are ever deleted: a finished drawing, or what a killed process left of one.
_NAMES = re.compile(r"\.?strokes-v(?P<version>\d+)-[0-9a-f]{32}\.safetensors(?P<unfinished>\.\w+\.tmp)?")
_UNFINISHED_FOR = 24 * 3600  # seconds after which nobody can still be writing a temporary file

_folders_warned_of: set[Path] = set()


def cache_dir() -> Path:
    """The folder drawn strokes are kept in: VAECOURSE_CACHE_DIR, else the user's cache folder.

    The folder need not exist; it is made when something is first kept.
    """
    if given := os.environ.get("VAECOURSE_CACHE_DIR", "").strip():
        return Path(given).expanduser()
    return platformdirs.user_cache_path("vaecourse", appauthor=False)


def draw(n: int, *, seed: tuple[int, ...], size: int, channels: int, symbols: str) -> Drawing:
    """What ``strokes.draw`` gives for the same arguments, from the cache where it is there.

    Raises:
        ValueError: as ``strokes.draw`` does. A cache that cannot be read or written raises nothing.
    """
    from vaecourse.data import strokes

    key = json.dumps(
        {
            "version": strokes.VERSION,
            "n": n,
            "seed": list(seed),
            "size": size,
            "channels": channels,
            "symbols": symbols,
        }
    )
    try:
        # A digest, because symbols may differ only in case, which the names of files may not.
        digest = hashlib.sha256(key.encode()).hexdigest()[:32]
        path = cache_dir() / f"strokes-v{strokes.VERSION}-{digest}.safetensors"
    except (OSError, RuntimeError) as error:  # no home folder to expand "~" to
        _warn_once(Path(), error)
        path = None
    if path and (kept := _read(path, key)):
        return kept
    drawing = strokes.draw(n, seed=seed, size=size, channels=channels, symbols=symbols)
    if path:
        try:
            _write(path, key, drawing)
            _drop_stale(path.parent, strokes.VERSION)
        except (OSError, SafetensorError) as error:
            _warn_once(path.parent, error)
    return drawing


def _read(path: Path, key: str) -> Drawing | None:
    """The drawing kept in ``path``; None where there is none, or none that can be trusted."""
    from vaecourse.data.strokes import FACTORS, Drawing

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except FileNotFoundError:
        return None
    except Exception as error:  # whatever a damaged file makes the reader say, the answer is the same
        _log.info("Drawing anew: %s cannot be read (%s)", path, error)
        return None
    factors = {f"factors.{name}": name for name in FACTORS}  # in this order; some pictures have only some
    asked = json.loads(key)
    n, size, channels = asked["n"], asked["size"], asked["channels"]
    right = (
        metadata.get("key") == key
        and metadata.get("sha256") == _checksum(arrays)
        and {"pictures", "targets"} <= set(arrays) <= {"pictures", "targets", *factors}
        and arrays["pictures"].shape == (n, channels, size, size)
        and arrays["pictures"].dtype == np.uint8
        and arrays["targets"].dtype == np.int64
        and all(values.shape == (n,) for name, values in arrays.items() if name != "pictures")
    )
    if not right:
        _log.info("Drawing anew: %s does not hold what was written to it", path)
        return None
    return Drawing(
        pictures=arrays["pictures"],
        targets=arrays["targets"],
        factors={name: arrays[entry] for entry, name in factors.items() if entry in arrays},
    )


def _write(path: Path, key: str, drawing: Drawing) -> None:
    """Keep ``drawing`` in ``path``: other processes see all of the file or none of it."""
    arrays = {
        "pictures": drawing.pictures,
        "targets": drawing.targets,
        **{f"factors.{name}": values for name, values in drawing.factors.items()},
    }
    arrays = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
    content = save(arrays, metadata={"key": key, "sha256": _checksum(arrays)})
    replace_file(path, content)


def _checksum(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 over the names, types, shapes and contents of the arrays."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype.str} {values.shape}\n".encode())
        digest.update(values.data)
    return digest.hexdigest()


def _drop_stale(folder: Path, version: int) -> None:
    """Delete drawings of other versions of the drawing code, and what killed processes left behind."""
    for path in folder.iterdir():
        if match := _NAMES.fullmatch(path.name):
            with suppress(OSError):
                if match["unfinished"]:
                    stale = time.time() - path.stat().st_mtime > _UNFINISHED_FOR
                else:
                    stale = int(match["version"]) != version
                if stale:
                    path.unlink()


def _warn_once(folder: Path, error: Exception) -> None:
    """One warning per folder and session: the next drawing would only say the same again."""
    if folder in _folders_warned_of:
        return
    _folders_warned_of.add(folder)
    warnings.warn(
        f"Drawn pictures cannot be kept in {folder} ({error}); they will be drawn anew each time. "
        "The environment variable VAECOURSE_CACHE_DIR can name another folder.",
        stacklevel=5,  # the line that called load()
    )
