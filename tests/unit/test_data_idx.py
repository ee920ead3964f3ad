"""MNIST and Fashion-MNIST: files made on the spot, downloads from a mirror on this computer."""

import errno
import gzip
import hashlib
import os
import shutil
import socket
import struct
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from vaecourse.data import DataError, load, sources

NAMES = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}
FILES = [f"{split}-{kind}-ubyte" for split in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
COUNTS = {"train": 7, "t10k": 3}


def idx(array):
    """An array of bytes in the format of the files of MNIST."""
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def made_pictures(prefix):
    n = COUNTS[prefix]
    return (np.arange(n * 28 * 28) * 7 % 256).astype(np.uint8).reshape(n, 28, 28)


def made_files():
    files = {}
    for prefix, n in COUNTS.items():
        files[f"{prefix}-images-idx3-ubyte"] = idx(made_pictures(prefix))
        files[f"{prefix}-labels-idx1-ubyte"] = idx(np.arange(n, dtype=np.uint8))
    return files


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def root(tmp_path):
    return tmp_path / "files"


@pytest.fixture
def raw(root, name):
    return root / NAMES[name] / "raw"


@pytest.fixture
def placed(raw):
    """The folder with good files in it, as a user would have put them there."""
    raw.mkdir(parents=True)
    for file, content in made_files().items():
        (raw / file).write_bytes(content)
    return raw


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Nothing but the mirror of a test is ever asked."""
    for kind in NAMES.values():
        monkeypatch.setattr(getattr(datasets, kind), "mirrors", ["http://127.0.0.1:1/"])
    for variable in ("VAECOURSE_DATA", "VAECOURSE_DATA_DIR"):
        monkeypatch.delenv(variable, raising=False)


def listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else None


def assert_ways_out(error, raw):
    text = str(error.value)
    assert str(raw) in text
    assert all(file in text for file in FILES)
    assert 'load("strokes")' in text
    assert "VAECOURSE_DATA" in text


def assert_loads(name, root, **options):
    for split, prefix in (("train", "train"), ("test", "t10k")):
        dataset = load(name, split, root=root, **options)
        assert dataset.name == name
        assert dataset.split == split
        assert dataset.data.dtype == torch.float32
        assert torch.equal(dataset.data, torch.from_numpy(made_pictures(prefix)).unsqueeze(1) / 255)
        assert dataset.targets.tolist() == list(range(COUNTS[prefix]))
        assert dataset.targets.dtype == torch.int64
        assert len(dataset.classes) == 10


# ------------------------------------------------------------------------------------ files that are there


def test_files_that_are_there(name, root, placed, capsys):
    assert_loads(name, root)
    assert_loads(name, str(root), download=False)
    assert capsys.readouterr().out == ""
    assert listing(placed) == sorted(FILES)


def test_pictures_are_those_of_torchvision(name, root, placed):
    dataset, reference = load(name, root=root), getattr(datasets, NAMES[name])(root)
    assert torch.equal((dataset.data * 255).round().byte().squeeze(1), reference.data)
    assert torch.equal(dataset.targets, reference.targets)


def test_first_pictures(name, root, placed):
    dataset = load(name, root=root, n=2)
    assert torch.equal(dataset.data, load(name, root=root).data[:2])
    assert dataset.targets.tolist() == [0, 1]
    assert len(load(name, root=root, n=100)) == COUNTS["train"]


def test_classes(root, tmp_path):
    for kind in NAMES.values():
        (root / kind / "raw").mkdir(parents=True)
        for file, content in made_files().items():
            (root / kind / "raw" / file).write_bytes(content)
    assert load("mnist", root=root).classes == list("0123456789")
    assert load("fashion_mnist", root=root).class_to_idx["Ankle boot"] == 9


def test_root_from_the_environment(name, root, placed, monkeypatch):
    monkeypatch.setenv("VAECOURSE_DATA_DIR", str(root))
    assert len(load(name)) == COUNTS["train"]
    with pytest.raises(DataError):
        load(name, root=root / "elsewhere")


def test_files_of_the_other_split_are_not_needed(name, root, placed):
    for file in FILES[:2]:
        (placed / file).unlink()
    assert len(load(name, "test", root=root, download=False)) == COUNTS["t10k"]


def test_compressed_files_do_as_well_and_are_left_alone(name, root, placed):
    for file in FILES[1:]:
        (placed / f"{file}.gz").write_bytes(gzip.compress((placed / file).read_bytes()))
        (placed / file).unlink()
    before = listing(placed)
    assert_loads(name, root, download=False)
    assert listing(placed) == before


def test_missing_files_without_download(name, root, placed):
    (placed / FILES[1]).unlink()
    with pytest.raises(DataError, match=FILES[1] + ".*download=False") as caught:
        load(name, root=root, download=False)
    assert_ways_out(caught, placed)


IMAGES, LABELS = FILES[:2]
GOOD = made_files()
DAMAGE = {
    "empty": (IMAGES, b""),
    "header cut": (IMAGES, GOOD[IMAGES][:10]),
    "truncated": (IMAGES, GOOD[IMAGES][:-1]),
    "too long": (IMAGES, GOOD[IMAGES] + b"\0"),
    "wrong magic": (IMAGES, b"\0\0\x0d\x03" + GOOD[IMAGES][4:]),
    "text": (IMAGES, b"<html>you are not logged in</html>"),
    "labels in place of pictures": (IMAGES, GOOD[LABELS]),
    "wrong size": (IMAGES, idx(np.zeros((7, 14, 14), np.uint8))),
    "no pictures": (IMAGES, idx(np.zeros((0, 28, 28), np.uint8))),
    "absurd header": (IMAGES, struct.pack(">4I", 0x803, *[2**32 - 1] * 3)),
    "labels truncated": (LABELS, GOOD[LABELS][:-1]),
    "labels empty": (LABELS, b""),
    "labels wrong magic": (LABELS, b"\0\0\0\0" + GOOD[LABELS][4:]),
    "too few labels": (LABELS, idx(np.zeros(6, np.uint8))),
    "label out of range": (LABELS, idx(np.full(7, 10, np.uint8))),
}


@pytest.mark.parametrize(("file", "content"), DAMAGE.values(), ids=DAMAGE.keys())
@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_file_is_named_and_kept(root, file, content, compressed):
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for good, good_content in GOOD.items():
        (raw / good).write_bytes(good_content)
    damaged = raw / file
    if compressed:
        damaged.unlink()
        damaged, content = raw / f"{file}.gz", gzip.compress(content)
    damaged.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load("mnist", root=root)
    assert f"{damaged} " in str(caught.value)
    assert "good copy" in str(caught.value)
    assert_ways_out(caught, raw)
    assert damaged.read_bytes() == content


@pytest.mark.parametrize("damage", ["truncated", "checksum", "not compressed", "body"])
def test_damaged_compressed_file_is_named_and_kept(name, root, placed, damage):
    content = bytearray(gzip.compress(GOOD[IMAGES]))
    if damage == "truncated":
        del content[len(content) // 2 :]
    elif damage == "checksum":
        content[-6] ^= 1
    elif damage == "body":
        content[20:60] = b"\xff" * 40
    else:
        content = GOOD[IMAGES]
    (placed / IMAGES).unlink()
    (placed / f"{IMAGES}.gz").write_bytes(content)
    with pytest.raises(DataError, match=rf"{IMAGES}\.gz is damaged") as caught:
        load(name, root=root)
    assert_ways_out(caught, placed)
    assert (placed / f"{IMAGES}.gz").read_bytes() == content
    assert not (placed / IMAGES).exists()


def test_folder_in_place_of_a_file(name, root, placed):
    (placed / IMAGES).unlink()
    (placed / IMAGES).mkdir()
    with pytest.raises(DataError, match=IMAGES) as caught:
        load(name, root=root)
    assert_ways_out(caught, placed)


# ----------------------------------------------------------------------------------------------- downloads


class Mirror:
    """A server on this computer with compressed files; ``trouble`` spoils what it sends."""

    def __init__(self):
        self.files = {f"/{file}.gz": gzip.compress(content) for file, content in made_files().items()}
        self.asked = []
        self.trouble = {}
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.asked.append(self.path)
                status, length, body = 200, None, mirror.files.get(self.path, b"")
                if trouble := mirror.trouble.get(self.path):
                    status, length, body = trouble(body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                with suppress(ConnectionError):  # the other end may have heard enough
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mirror(name, monkeypatch):
    mirror = Mirror()
    kind = getattr(datasets, NAMES[name])
    resources = [(f"{file}.gz", hashlib.md5(mirror.files[f"/{file}.gz"]).hexdigest()) for file in FILES]
    monkeypatch.setattr(kind, "mirrors", [mirror.url])
    monkeypatch.setattr(kind, "resources", resources)
    yield mirror
    mirror.close()


def test_download(name, root, raw, mirror, capsys):
    assert_loads(name, root)
    assert capsys.readouterr().out == ""
    assert listing(raw) == sorted(FILES)
    fetched = len(mirror.asked)
    assert_loads(name, root)
    assert len(mirror.asked) == fetched
    assert socket.getdefaulttimeout() is None
    assert len(getattr(datasets, NAMES[name])(root)) == COUNTS["train"]  # as torchvision wants them


def test_only_missing_files_are_downloaded(name, root, placed, mirror):
    (placed / IMAGES).unlink()
    times = {file: (placed / file).stat().st_mtime_ns for file in FILES[1:]}
    assert_loads(name, root)
    assert set(mirror.asked) == {f"/{IMAGES}.gz"}
    assert {file: (placed / file).stat().st_mtime_ns for file in FILES[1:]} == times


def test_second_mirror_takes_over(name, root, mirror, monkeypatch):
    broken = Mirror()
    broken.trouble["/" + FILES[2] + ".gz"] = lambda body: (503, None, b"")
    kind = getattr(datasets, NAMES[name])
    monkeypatch.setattr(kind, "mirrors", ["http://127.0.0.1:1/", broken.url, mirror.url])
    assert_loads(name, root)
    broken.close()
    assert f"/{FILES[0]}.gz" in broken.asked
    assert f"/{FILES[0]}.gz" not in mirror.asked  # that one was already there


TROUBLE = {
    "truncated body": lambda body: (200, len(body), body[: len(body) // 2]),
    "short file": lambda body: (200, None, body[: len(body) // 2]),
    "empty": lambda body: (200, None, b""),
    "another file": lambda body: (200, None, gzip.compress(b"another file")),
    "login page": lambda body: (200, None, b"<html>please log in</html>"),
    "server error": lambda body: (500, None, b"error"),
    "not found": lambda body: (404, None, b"not found"),
}


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE.keys())
@pytest.mark.parametrize("spoiled", [FILES[0], FILES[3]])
def test_failed_download_leaves_nothing(name, root, raw, mirror, trouble, spoiled):
    mirror.trouble[f"/{spoiled}.gz"] = trouble
    with pytest.raises(DataError, match=r"download") as caught:
        load(name, root=root)
    assert_ways_out(caught, raw)
    assert spoiled in str(caught.value)
    assert not root.exists()
    assert socket.getdefaulttimeout() is None
    mirror.trouble.clear()
    assert_loads(name, root)


def test_download_that_stalls(name, root, raw, mirror, monkeypatch):
    monkeypatch.setattr(sources, "_DOWNLOAD_STALLS_AFTER", 0.2)
    go_on = threading.Event()

    def stall(body):
        go_on.wait(10)
        return 200, None, body

    mirror.trouble[f"/{IMAGES}.gz"] = stall
    with pytest.raises(DataError, match=r"timed out") as caught:
        load(name, root=root)
    go_on.set()
    assert_ways_out(caught, raw)
    assert not root.exists()


def test_verified_download_of_no_use_is_not_kept(name, root, raw, mirror, monkeypatch):
    """A checksum proves that a file is the one on the mirror, not that it can be read."""
    mirror.files[f"/{IMAGES}.gz"] = gzip.compress(GOOD[IMAGES][:-5])
    kind = getattr(datasets, NAMES[name])
    resources = [(file, hashlib.md5(mirror.files[f"/{file}"]).hexdigest()) for file, _ in kind.resources]
    monkeypatch.setattr(kind, "resources", resources)
    with pytest.raises(DataError, match=rf"{IMAGES} is damaged") as caught:
        load(name, root=root)
    assert_ways_out(caught, raw)
    assert not root.exists()


def test_refused_connection(name, root, raw):
    with pytest.raises(DataError, match=r"(?i)network.*refused") as caught:
        load(name, root=root)
    assert_ways_out(caught, raw)
    assert not root.exists()


def test_mirror_that_never_answers(name, root, raw, monkeypatch):
    monkeypatch.setattr(sources, "_MIRRORS_ANSWER_WITHIN", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connects, but says nothing
        kind = getattr(datasets, NAMES[name])
        monkeypatch.setattr(kind, "mirrors", [f"http://127.0.0.1:{silent.getsockname()[1]}/"])
        with pytest.raises(DataError, match=r"network.*(no answer|timed out)") as caught:
            load(name, root=root)
    assert_ways_out(caught, raw)
    assert not root.exists()


def test_files_of_the_user_survive_a_failed_download(name, root, placed):
    (placed / IMAGES).unlink()
    (placed / "notes.txt").write_text("mine")
    before = listing(root)
    with pytest.raises(DataError):
        load(name, root=root)
    assert listing(root) == before


def test_interrupted_download_leaves_nothing(name, root, mirror, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(getattr(datasets, NAMES[name]), "download", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load(name, root=root)
    assert not root.exists()
    assert socket.getdefaulttimeout() is None


def test_leftovers_of_a_killed_download_are_removed_when_old(name, root, raw, mirror):
    old, fresh = raw / f"{sources._STAGING}old", raw / f"{sources._STAGING}fresh"
    for folder in (old, fresh):
        folder.mkdir(parents=True)
        (folder / "part.gz").touch()
    os.utime(old, (0, 0))
    assert_loads(name, root)
    assert not old.exists()
    assert (fresh / "part.gz").exists()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_folder_that_cannot_be_written(name, root, raw, mirror, monkeypatch, error):
    def fail(*_, **__):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(sources.tempfile, "mkdtemp", fail)
    with pytest.raises(DataError, match=f"cannot be written to: {os.strerror(error)}") as caught:
        load(name, root=root)
    assert_ways_out(caught, raw)
    assert not root.exists()
    assert mirror.asked == []


@pytest.mark.parametrize("step", ["download", "move"])
def test_disk_that_fills_up(name, root, raw, mirror, monkeypatch, step):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if step == "download":
        monkeypatch.setattr(datasets.utils, "_urlretrieve", fail)
    else:
        monkeypatch.setattr(sources.os, "replace", fail)
    with pytest.raises(DataError, match=f"cannot be written to: {os.strerror(errno.ENOSPC)}") as caught:
        load(name, root=root)
    assert_ways_out(caught, raw)
    assert not root.exists()


def test_file_in_place_of_the_root(name, root, raw, mirror):
    root.write_text("a file")
    with pytest.raises(DataError, match=r"is a file, not a folder") as caught:
        load(name, root=root)
    assert_ways_out(caught, raw)
    assert root.read_text() == "a file"


@pytest.fixture
def read_only(placed):
    if os.name == "nt" or os.geteuid() == 0:
        pytest.skip("permissions do not bind this user")
    placed.chmod(0o500)
    yield placed
    placed.chmod(0o700)


def test_read_only_folder_with_good_files(name, root, read_only):
    assert_loads(name, root)


def test_read_only_folder_with_a_file_missing(name, root, read_only, mirror):
    read_only.chmod(0o700)
    (read_only / IMAGES).unlink()
    read_only.chmod(0o500)
    with pytest.raises(DataError, match=r"cannot be written to"):
        load(name, root=root)


def test_good_files_are_read_without_writing(name, root, placed, monkeypatch):
    """As in a read-only folder, also where the user running this may write everywhere."""
    for function in ("replace", "makedirs", "mkdir"):
        monkeypatch.setattr(os, function, lambda *_, **__: pytest.fail("wrote"))
    monkeypatch.setattr(shutil, "copyfileobj", lambda *_: pytest.fail("wrote"))
    assert_loads(name, root)


# ------------------------------------------------------------------------------------------- the real files

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.mark.skipif(not (SHARED / "MNIST" / "raw" / IMAGES).is_file(), reason="no copy of MNIST at hand")
def test_real_mnist():
    train, test = (load("mnist", split, root=SHARED, download=False) for split in ("train", "test"))
    assert train.data.shape == (60_000, 1, 28, 28)
    assert test.data.shape == (10_000, 1, 28, 28)
    assert train.targets[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.targets[:5].tolist() == [7, 2, 1, 0, 4]
    assert float(train.data.mean()) == pytest.approx(0.1307, abs=1e-4)
    assert float(train.data.std()) == pytest.approx(0.3081, abs=1e-4)


# Other sizes, and colours.


@pytest.mark.usefixtures("placed")
def test_pictures_can_be_larger_and_stay_levels(name, root):
    plain, large = load(name, root=root), load(name, root=root, size=64)
    assert large.data.shape == (7, 1, 64, 64)
    assert torch.equal(large.targets, plain.targets)
    assert torch.allclose(255 * large.data, (255 * large.data).round(), atol=1e-4)
    assert torch.allclose(large.data.mean((1, 2, 3)), plain.data.mean((1, 2, 3)), atol=0.02)


@pytest.mark.usefixtures("placed")
def test_colours_are_ink_on_paper_and_known(name, root):
    plain, coloured = load(name, root=root), load(name, root=root, channels=3)
    assert coloured.data.shape == (7, 3, 28, 28)
    parts = [torch.stack([coloured.factors[f"{part}_{c}"] for c in "rgb"], 1) for part in ("ink", "paper")]
    ink, paper = (colour[:, :, None, None] for colour in parts)
    assert torch.allclose(coloured.data, paper + (ink - paper) * plain.data, atol=0.51 / 255)
    assert torch.allclose(255 * coloured.data, (255 * coloured.data).round(), atol=1e-4)
    assert plain.factors == {}


@pytest.mark.usefixtures("placed")
def test_fewer_pictures_have_the_same_colours_and_the_splits_have_others(name, root):
    train, some, test = (
        load(name, split, root=root, channels=3, n=n) for split, n in (("train", None), ("train", 2), ("test", None))
    )
    assert torch.equal(some.data, train.data[:2])
    assert not torch.equal(train.factors["ink_r"][:3], test.factors["ink_r"])


@pytest.mark.parametrize(
    ("option", "message"),
    [({"size": 0}, "size must be at least 1"), ({"size": 513}, "size must be at most"), ({"channels": 2}, "channels")],
)
def test_impossible_sizes_and_channels_are_refused_before_anything_is_downloaded(name, root, option, message):
    with pytest.raises(ValueError, match=message):
        load(name, root=root, **option)
    assert listing(root) is None
