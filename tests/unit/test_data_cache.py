import errno
import json
import logging
import os
import re
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from vaecourse.data import cache, strokes

ARGUMENTS = {"n": 6, "seed": (0, 1), "size": 12, "channels": 1, "symbols": "1A"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A cache folder of its own for each test, not yet made."""
    folder = tmp_path / "cache" / "strokes"
    monkeypatch.setenv("VAECOURSE_CACHE_DIR", str(folder))
    monkeypatch.setattr(cache, "_folders_warned_of", set())
    return folder


@pytest.fixture
def drawn(monkeypatch):
    """The arguments of every call of strokes.draw."""
    calls, draw = [], strokes.draw

    def counting_draw(n, **arguments):
        calls.append((n, arguments))
        return draw(n, **arguments)

    monkeypatch.setattr(strokes, "draw", counting_draw)
    return calls


def draw(**changes):
    arguments = ARGUMENTS | changes
    return cache.draw(arguments.pop("n"), **arguments)


def draw_without_warning(**changes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return draw(**changes)


def assert_same(one, other):
    np.testing.assert_array_equal(one.pictures, other.pictures)
    np.testing.assert_array_equal(one.targets, other.targets)
    assert list(one.factors) == list(other.factors)
    for name in one.factors:
        np.testing.assert_array_equal(one.factors[name], other.factors[name])
        assert one.factors[name].dtype == other.factors[name].dtype
    assert one.pictures.dtype == other.pictures.dtype == np.uint8
    assert one.targets.dtype == other.targets.dtype == np.int64


def only_file(folder):
    (file,) = folder.iterdir()
    return file


def test_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("VAECOURSE_CACHE_DIR", str(tmp_path / "elsewhere"))
    assert cache.cache_dir() == tmp_path / "elsewhere"
    monkeypatch.setenv("VAECOURSE_CACHE_DIR", os.path.join("~", "elsewhere"))
    assert cache.cache_dir() == Path.home() / "elsewhere"
    for unset in ("", "  "):
        monkeypatch.setenv("VAECOURSE_CACHE_DIR", unset)
        assert "vaecourse" in cache.cache_dir().parts[-1] + cache.cache_dir().parts[-2]
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("channels", [1, 3])
def test_second_time_comes_from_the_cache(drawn, folder, channels):
    first = draw(channels=channels)
    second = draw(channels=channels)
    assert len(drawn) == 1
    assert_same(first, second)
    expected = strokes.draw(6, seed=(0, 1), size=12, channels=channels, symbols="1A")
    assert_same(first, expected)
    assert only_file(folder).suffix == ".safetensors"


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 7},
        {"seed": (0, 0)},
        {"seed": (1, 1)},
        {"size": 13},
        {"channels": 3},
        {"symbols": "A1"},
        {"symbols": "1AB"},
    ],
)
def test_every_argument_has_a_file_of_its_own(drawn, folder, changes):
    draw()
    assert_same(draw(**changes), draw(**changes))
    assert len(drawn) == 2
    assert len(list(folder.iterdir())) == 2


def test_another_version_of_the_drawing_code_draws_anew_and_drops_the_old(drawn, folder, monkeypatch):
    draw()
    others = ["strokes-v1.safetensors", "mine.safetensors", "strokes-v1-notes.txt", "models.pt"]
    for name in others:
        (folder / name).touch()
    old = next(file for file in folder.iterdir() if file.name not in others)
    monkeypatch.setattr(strokes, "VERSION", strokes.VERSION + 1)
    draw()
    assert len(drawn) == 2
    assert not old.exists()
    left = {file.name for file in folder.iterdir()}
    assert set(others) < left
    assert len(left) == len(others) + 1


def test_unfinished_files_are_dropped_when_they_are_old(folder):
    draw()
    name = only_file(folder).name
    old, fresh, foreign = (folder / n for n in (f"{name}.abc.tmp", f"{name}.def.tmp", "other.tmp"))
    for file in (old, fresh, foreign):
        file.touch()
    for file in (old, foreign):
        os.utime(file, (time.time() - 7 * 86400,) * 2)
    draw(n=1)
    assert not old.exists()
    assert fresh.exists()
    assert foreign.exists()


def flip_last_byte(file):
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def rewrite(file, change):
    """Change arrays and metadata, in a file that is otherwise in order."""
    with safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
    arrays = load_file(file)
    change(arrays, metadata)
    save_file(arrays, file, metadata=metadata)


def rechecked(change):
    """The same with a checksum that fits, so that only the contents are wrong."""

    def change_and_check(arrays, metadata):
        change(arrays)
        metadata["sha256"] = cache._checksum(arrays)

    return lambda file: rewrite(file, change_and_check)


DAMAGE = {
    "empty": lambda file: file.write_bytes(b""),
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:-100]),
    "header only": lambda file: file.write_bytes(file.read_bytes()[:20]),
    "not safetensors": lambda file: file.write_bytes(b"not safetensors" * 100),
    "one bit": flip_last_byte,
    "no metadata": lambda file: save_file(load_file(file), file),
    "other arguments": lambda file: rewrite(file, lambda _, metadata: metadata.update(key=json.dumps({"n": 6}))),
    "factor missing but claimed": lambda file: rewrite(file, lambda arrays, _: arrays.pop("factors.slant")),
    "unknown name": rechecked(lambda arrays: arrays.update(extra=np.zeros(6))),
    "targets missing": rechecked(lambda arrays: arrays.pop("targets")),
    "picture missing": rechecked(lambda arrays: arrays.update(pictures=arrays["pictures"][:5].copy())),
    "target missing": rechecked(lambda arrays: arrays.update(targets=arrays["targets"][:5].copy())),
    "pictures of another type": rechecked(lambda a: a.update(pictures=a["pictures"].astype(np.int16))),
    "targets of another type": rechecked(lambda a: a.update(targets=a["targets"].astype(np.int32))),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_file_is_drawn_anew_and_repaired(drawn, folder, damage, caplog):
    first = draw()
    damage(only_file(folder))
    with caplog.at_level(logging.INFO):
        assert_same(draw_without_warning(), first)
    assert len(drawn) == 2
    assert only_file(folder).name in caplog.text
    draw()
    assert len(drawn) == 2


def test_folder_in_place_of_the_file_does_not_stop_the_drawing(folder):
    expected = draw()
    file = only_file(folder)
    file.unlink()
    (file / "inside").mkdir(parents=True)
    with pytest.warns(UserWarning, match=r"cannot be kept"):
        assert_same(draw(), expected)
    assert only_file(folder) == file


def test_nothing_is_kept_where_the_cache_folder_is_a_file(folder, drawn):
    folder.parent.mkdir()
    folder.write_text("a file")
    with pytest.warns(UserWarning, match=rf"{re.escape(str(folder))}.*VAECOURSE_CACHE_DIR"):
        draw()
    draw_without_warning()
    assert len(drawn) == 2
    assert folder.read_text() == "a file"


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_nothing_is_left_where_writing_fails(folder, monkeypatch, failing, error):
    def fail(*_):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(cache.os, failing, fail)
    with pytest.warns(UserWarning, match=re.escape(os.strerror(error))):
        drawing = draw()
    assert drawing.pictures.shape == (6, 1, 12, 12)
    draw_without_warning(n=2)
    assert list(folder.iterdir()) == []


def test_folder_that_cannot_be_made(folder, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(cache.Path, "mkdir", fail)
    with pytest.warns(UserWarning, match=r"read-only"):
        draw()


def test_interrupt_leaves_nothing_and_is_not_swallowed(folder, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cache.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        draw()
    assert list(folder.iterdir()) == []


def test_many_writers_at_once(folder):
    results = []
    threads = [threading.Thread(target=lambda: results.append(draw())) for _ in range(8)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(results) == 8
    for result in results:
        assert_same(result, results[0])
    only_file(folder)


def test_errors_of_drawing_are_not_hidden_and_nothing_is_kept(folder):
    with pytest.raises(ValueError, match=r"size"):
        draw(size=1)
    assert not folder.exists()
