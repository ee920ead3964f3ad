import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vaecourse import data
from vaecourse.data import DataError, describe_choice, load, sources, strokes


@pytest.fixture(autouse=True)
def environment(tmp_path, monkeypatch):
    """No choice made outside, and no cache shared between tests."""
    for variable in ("VAECOURSE_DATA", "VAECOURSE_DATA_DIR", "VAECOURSE_FOLDER"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("VAECOURSE_CACHE_DIR", str(tmp_path / "cache"))


def assert_sound(dataset):
    """What holds for the pictures of every source."""
    assert dataset.data.dtype == torch.float32
    assert 0 <= float(dataset.data.min()) < float(dataset.data.max()) <= 1
    for text in (dataset.description, dataset.source, dataset.licence):
        assert text.strip()
        assert "http" not in text


# -------------------------------------------------------------------------------------------------- choosing


def test_default_is_strokes():
    assert load(n=2).name == "strokes"
    assert describe_choice().name == "strokes"
    assert describe_choice().decided_by == "default"


@pytest.mark.parametrize("name", ["digits8", " digits8 "])
def test_environment_chooses(monkeypatch, name):
    monkeypatch.setenv("VAECOURSE_DATA", name)
    assert load(n=2).name == "digits8"
    assert load("strokes", n=2).name == "strokes"
    assert describe_choice()[:2] == ("digits8", "the environment variable VAECOURSE_DATA")


def test_empty_environment_chooses_nothing(monkeypatch):
    monkeypatch.setenv("VAECOURSE_DATA", "")
    assert load(n=2).name == "strokes"


def test_wrong_environment_is_said_to_come_from_there(monkeypatch):
    monkeypatch.setenv("VAECOURSE_DATA", "fashion-mnist")
    for call in (load, describe_choice):
        with pytest.raises(ValueError, match=r"environment variable VAECOURSE_DATA.*'fashion-mnist'") as caught:
            call()
        assert "Did you mean 'fashion_mnist'?" in str(caught.value)
        assert all(repr(name) in str(caught.value) for name in data.SOURCES)


def test_description_of_the_choice_says_where_the_files_lie(monkeypatch, tmp_path):
    expected = {
        "strokes": str(tmp_path / "cache"),
        "mnist": str(tmp_path / "files" / "MNIST" / "raw"),
        "fashion_mnist": str(tmp_path / "files" / "FashionMNIST" / "raw"),
        "digits8": "scikit-learn",
        "folder": "VAECOURSE_FOLDER is not set",
    }
    assert tuple(expected) == data.SOURCES
    monkeypatch.setenv("VAECOURSE_DATA_DIR", str(tmp_path / "files"))
    for name, files in expected.items():
        monkeypatch.setenv("VAECOURSE_DATA", name)
        assert files in describe_choice().files
    monkeypatch.setenv("VAECOURSE_FOLDER", "my pictures")
    assert describe_choice().files == "my pictures"
    assert list(tmp_path.iterdir()) == []


def test_default_place_of_files_belongs_to_the_user(monkeypatch):
    monkeypatch.setenv("VAECOURSE_DATA", "mnist")
    assert "vaecourse" in describe_choice().files


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        ("mnits", {}, ["name", "'mnits'", "Did you mean 'mnist'?", "'folder'"]),
        ("", {}, ["name", "''", "'strokes'"]),
        (3, {}, ["name", "3", "'strokes'"]),
        ("strokes", {"split": "tets"}, ["split", "'tets'", "Did you mean 'test'?", "'train'"]),
        ("strokes", {"split": None}, ["split", "None", "'train', 'test'"]),
        ("strokes", {"split": True}, ["split", "True"]),
        ("strokes", {"chanels": 1}, ["strokes", "'chanels'", "Did you mean 'channels'?", "'n', 'size'"]),
        ("strokes", {"root": "."}, ["strokes", "'root'", "'seed'"]),
        ("mnist", {"seed": 0}, ["mnist", "'seed'", "'n', 'size', 'channels', 'root', 'download'"]),
        ("digits8", {"seed": 8}, ["digits8", "'seed'", "'n', 'size', 'channels'"]),
        ("strokes", {"n": -1}, ["n must", "-1"]),
        ("strokes", {"n": 0}, ["n must", "0"]),
        ("strokes", {"n": 2.0}, ["n must", "whole", "2.0"]),
        ("strokes", {"n": "2"}, ["n must", "whole", "'2'"]),
        ("strokes", {"n": True}, ["n must", "whole", "True"]),
        ("digits8", {"n": -1}, ["n must", "-1"]),
        ("mnist", {"n": -1}, ["n must", "-1"]),
        ("mnist", {"download": "no"}, ["download", "'no'", "True", "False"]),
        ("mnist", {"root": 5}, ["root", "5"]),
        ("folder", {"n": 1.5}, ["n must", "1.5"]),
        ("folder", {}, ["root", "VAECOURSE_FOLDER"]),
        ("folder", {"channels": 4}, ["channels", "1", "3", "4"]),
        ("folder", {"size": 0}, ["size", "0"]),
        ("folder", {"size": 10**6}, ["size", "512", "1000000"]),
        ("strokes", {"channels": 2}, ["channels", "1", "3", "2"]),
        ("strokes", {"channels": "grey"}, ["channels", "'grey'"]),
        ("strokes", {"size": 1}, ["size", "1"]),
        ("strokes", {"size": 28.0}, ["size", "28.0"]),
        ("strokes", {"size": 10**6}, ["size", "512"]),
        ("strokes", {"n": 10**12}, ["n=1000000000000", "memory"]),
        ("strokes", {"seed": -1}, ["seed", "-1"]),
        ("strokes", {"seed": None}, ["seed", "None"]),
        ("strokes", {"classes": "digit"}, ["classes", "'digit'", "Did you mean 'digits'?", "'letters'"]),
        ("strokes", {"classes": "11"}, ["classes", "'11'", "twice"]),
        ("strokes", {"classes": "1?"}, ["classes", "'1?'", "0123456789"]),
        ("strokes", {"classes": ""}, ["classes", "''"]),
        ("strokes", {"classes": ["12"]}, ["classes", "['12']"]),
        ("strokes", {"classes": [1, 2]}, ["classes", "[1, 2]"]),
        ("strokes", {"classes": 5}, ["classes", "5"]),
    ],
)
def test_bad_arguments_are_named_with_what_is_possible(name, options, parts):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the parts are looked for below)
        load(name, **options)
    for part in parts:
        assert part in str(caught.value)


def test_importing_loads_no_library_of_a_single_source():
    code = "import sys, vaecourse.data; print({'torchvision', 'sklearn', 'PIL'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


# --------------------------------------------------------------------------------------------------- strokes


def test_strokes(monkeypatch):
    monkeypatch.setattr(sources.urllib.request, "urlopen", lambda *_, **__: pytest.fail("network"))
    dataset = load("strokes", n=30)
    assert_sound(dataset)
    assert dataset.data.shape == (30, 1, 28, 28)
    assert dataset.classes == list(strokes.DIGITS)
    drawing = strokes.draw(30, seed=(0, 0))
    assert torch.equal((dataset.data * 255).round().byte(), torch.from_numpy(drawing.pictures))
    assert dataset.targets.tolist() == drawing.targets.tolist()
    assert list(dataset.factors) == list(drawing.factors)
    for name, values in dataset.factors.items():
        assert values.tolist() == drawing.factors[name].tolist()
        assert name in strokes.FACTORS


def test_strokes_again_are_the_same():
    first, second = load(n=20, channels=3), load(n=20, channels=3)
    assert torch.equal(first.data, second.data)
    assert torch.equal(first.targets, second.targets)
    assert list(first.factors) == list(second.factors)
    second.data.zero_()  # and may be written to
    second.factors["slant"].zero_()


def test_strokes_of_another_split_or_seed_are_others():
    pictures = [
        load(n=10).data,
        load(n=10, split="test").data,
        load(n=10, seed=1).data,
        load(n=10, seed=1, split="test").data,
    ]
    assert torch.equal((pictures[3] * 255).round().byte(), torch.from_numpy(strokes.draw(10, seed=(1, 1)).pictures))
    for i, one in enumerate(pictures):
        for other in pictures[:i]:
            assert not torch.equal(one, other)


def test_number_of_strokes_by_default(monkeypatch):
    asked, draw = [], strokes.draw
    monkeypatch.setattr(strokes, "draw", lambda n, **arguments: asked.append(n) or draw(3, **arguments))
    load()
    load(split="test")
    assert asked == [12_000, 2_000]


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ("digits", strokes.DIGITS),
        ("letters", strokes.LETTERS),
        ("7A1", "7A1"),
        (["B", "3"], "B3"),
        (("Z",), "Z"),
    ],
)
def test_strokes_of_some_characters(classes, expected):
    dataset = load(n=60, classes=classes)
    assert dataset.classes == list(expected)
    assert int(dataset.targets.max()) < len(expected)


def test_strokes_of_another_size_in_colour():
    assert load(n=2, size=16, channels=3).data.shape == (2, 3, 16, 16)


# --------------------------------------------------------------------------------------------------- digits8


def test_digits8():
    load_digits = pytest.importorskip("sklearn.datasets").load_digits
    train, test = load("digits8"), load("digits8", "test")
    for dataset in (train, test):
        assert_sound(dataset)
        assert dataset.data.shape[1:] == (1, 8, 8)
        assert dataset.factors == {}
        assert float(dataset.data.max()) == 1
        assert torch.equal(load("digits8", dataset.split).data, dataset.data)
    # Together they are all of the digits, each once, with their labels.
    pictures, targets = load_digits(return_X_y=True)
    expected = sorted((*picture, target) for picture, target in zip(pictures.tolist(), targets, strict=True))
    found = sorted(
        (*(picture.flatten() * 16).tolist(), target) for dataset in (train, test) for picture, target in dataset
    )
    assert found == expected
    shares = test.targets.bincount() / (train.targets.bincount() + test.targets.bincount())
    assert float((shares - 0.2).abs().max()) < 0.006  # the same share of every class


def test_first_digits():
    pytest.importorskip("sklearn")
    assert torch.equal(load("digits8", n=7).data, load("digits8").data[:7])
    assert len(load("digits8", "test", n=10**6)) == len(load("digits8", "test"))


def test_digits8_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DataError, match=r"(?s)scikit-learn.*1\. .*2\. .*strokes"):
        load("digits8")


# ---------------------------------------------------------------------------------------------------- folder


@pytest.fixture
def root(tmp_path):
    """Two classes of 20 pictures: those of cats grow brighter, those of dogs are striped."""
    root = tmp_path / "pictures"
    for name in ("dogs", "cats"):
        (root / name).mkdir(parents=True)
    for i in range(20):
        Image.new("L", (30, 40), 10 * i + 5).save(root / "cats" / f"cat{i}.png")
        stripes = np.zeros((40, 40), np.uint8)
        stripes[::2] = 255
        Image.fromarray(stripes).save(root / "dogs" / f"dog{i}.JPG", quality=95)
    return root


def test_folder(root):
    train, test = load("folder", root=root), load("folder", "test", root=str(root))
    assert len(train) + len(test) == 40
    for dataset in (train, test):
        assert_sound(dataset)
        assert dataset.classes == ["cats", "dogs"]
        assert dataset.data.shape[1:] == (1, 28, 28)
        assert set(dataset.targets.tolist()) == {0, 1}
        assert torch.equal(load("folder", dataset.split, root=root).data, dataset.data)
    greys = torch.cat([d.data[d.targets == 0].mean(dim=(1, 2, 3)) for d in (train, test)])
    expected = torch.tensor([(10 * i + 5) / 255 for i in range(20)])
    torch.testing.assert_close(greys.sort().values, expected, atol=1e-6, rtol=0)


def test_resizing_averages_instead_of_skipping(root):
    dataset = load("folder", root=root, size=16)
    stripes = dataset.data[dataset.targets == 1]
    assert float((stripes - 0.5).abs().max()) < 0.1


def test_folder_from_the_environment(monkeypatch, root):
    monkeypatch.setenv("VAECOURSE_FOLDER", str(root))
    assert len(load("folder", n=3)) == 3
    monkeypatch.setenv("VAECOURSE_FOLDER", str(root / "nowhere"))
    with pytest.raises(DataError, match=r"nowhere.*environment variable VAECOURSE_FOLDER.*does not exist"):
        load("folder")


def test_first_pictures_are_of_all_classes(root):
    first = load("folder", root=root, n=10)
    assert torch.equal(first.data, load("folder", root=root).data[:10])
    assert set(first.targets.tolist()) == {0, 1}


def test_added_picture_moves_no_other(root):
    before = {split: load("folder", split, root=root) for split in ("train", "test")}
    for i in range(5):
        Image.new("L", (28, 28), 254).save(root / "cats" / f"added{i}.png")
    for split, old in before.items():
        new = load("folder", split, root=root)
        kept = (new.data * 255).round().flatten(1).ne(254).any(1)
        assert torch.equal(new.data[kept], old.data)
    assert sum(len(load("folder", split, root=root)) for split in before) == 45


def test_split_does_not_depend_on_how_accents_are_stored():
    one, other = (unicodedata.normalize(form, "caf\u00e9.png") for form in ("NFC", "NFD"))
    assert one != other
    assert sources._rank("a", one) == sources._rank("a", other)
    assert sources._rank("a", one) != sources._rank("b", one)


def save_one(tmp_path, picture, name="one.png", **options):
    """A folder of which every picture is ``picture``, enough for both splits."""
    folder = tmp_path / "single" / "class"
    folder.mkdir(parents=True)
    stem, suffix = name.split(".")
    for i in range(12):
        picture.save(folder / f"{stem}{i}.{suffix}", **options)
    return folder.parent


def first(root, **options):
    return load("folder", root=root, n=1, **options).data[0]


def test_centre_of_a_wide_picture_is_kept(tmp_path):
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200
    picture = first(save_one(tmp_path, Image.fromarray(wide)), size=20)
    assert torch.equal(picture, torch.full((1, 20, 20), 200 / 255))


def test_colours(tmp_path):
    root = save_one(tmp_path, Image.new("RGB", (9, 9), (255, 0, 51)))
    picture = first(root, size=8, channels=3)
    assert picture.shape == (3, 8, 8)
    assert picture.mean(dim=(1, 2)).tolist() == pytest.approx([1, 0, 0.2])
    assert first(root, size=8).shape == (1, 8, 8)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_is_white(tmp_path, mode):
    if mode == "P":
        picture, options = Image.new("P", (9, 9), 0), {"transparency": 0}
    else:
        picture, options = Image.new(mode, (9, 9), (0,) * len(mode)), {}
    assert float(first(save_one(tmp_path, picture, **options)).min()) == 1


def test_sixteen_bits_of_grey(tmp_path):
    picture = Image.fromarray(np.full((9, 9), 0x8000, np.uint16))
    assert float(first(save_one(tmp_path, picture)).mean()) == pytest.approx(0.5, abs=0.01)


def test_photographs_are_turned_the_right_way_up(tmp_path):
    turned = np.zeros((40, 40), np.uint8)
    turned[:, 20:] = 255  # with orientation 6 the right half of the file is the lower half of the picture
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = first(save_one(tmp_path, Image.fromarray(turned), "one.jpg", exif=exif))
    assert float(picture[0, :10].max()) < 0.1
    assert float(picture[0, -10:].min()) > 0.9


def test_large_photographs_keep_the_detail_asked_for(tmp_path):
    stripes = np.zeros((800, 800), np.uint8)
    stripes[:, ::16] = stripes[:, 1::16] = stripes[:, 2::16] = stripes[:, 3::16] = 255
    picture = first(save_one(tmp_path, Image.fromarray(stripes), "one.jpg"), size=200)
    assert picture.shape == (1, 200, 200)
    assert float(picture.max()) > 0.8
    assert float(picture.min()) < 0.2


def test_other_files_and_hidden_ones_are_passed_over(root):
    (root / "notes.txt").write_text("notes")
    (root / "cats" / "notes.txt").write_text("notes")
    (root / "cats" / "._cat1.png").write_bytes(b"left by another system")
    (root / "cats" / ".ipynb_checkpoints").mkdir()
    for name in (".ipynb_checkpoints", "__MACOSX"):
        (root / name).mkdir()
        (root / name / "cat.png").write_bytes(b"none")
    assert load("folder", root=root).classes == ["cats", "dogs"]


def test_missing_folder(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.*does not exist.*one sub-folder per class"):
        load("folder", root=tmp_path / "nowhere")


def test_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"is not a folder"):
        load("folder", root=tmp_path / "file")


def test_no_classes(root):
    with pytest.raises(DataError, match=r"no sub-folders.*one sub-folder per class"):
        load("folder", root=root / "cats")


def test_class_without_pictures(root):
    (root / "birds").mkdir()
    (root / "birds" / "notes.txt").touch()
    with pytest.raises(DataError, match=re.escape(str(root / "birds")) + ".*no pictures.*png"):
        load("folder", root=root)


def test_folder_one_level_too_high(root):
    with pytest.raises(DataError) as caught:
        load("folder", root=root.parent)
    assert f"did you mean root={str(root)!r}" in str(caught.value)


def test_split_without_pictures(tmp_path):
    folder = tmp_path / "few" / "class"
    folder.mkdir(parents=True)
    names = [f"{i}.png" for i in range(20) if sources._rank("class", f"{i}.png") % 5]
    Image.new("L", (9, 9)).save(folder / names[0])
    assert len(load("folder", root=folder.parent)) == 1
    with pytest.raises(DataError, match=r"test split.*no pictures.*more pictures"):
        load("folder", "test", root=folder.parent)


@pytest.mark.parametrize("kind", ["truncated", "empty", "text"])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_unreadable_picture_is_named(tmp_path, kind, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
    root = save_one(tmp_path, Image.fromarray(noise), f"one.{suffix}")
    for file in (root / "class").iterdir():
        content = file.read_bytes()
        file.write_bytes({"truncated": content[: len(content) // 2], "empty": b"", "text": b"text"}[kind])
    with pytest.raises(DataError) as caught:
        load("folder", root=root)
    assert re.search(rf"one\d+\.{suffix}", str(caught.value))
    assert str(Path("single") / "class") in str(caught.value)
    assert "take it out" in str(caught.value)


def test_digits8_can_be_larger_and_in_colour():
    small, large = load("digits8", n=20), load("digits8", n=20, size=28, channels=3)
    assert large.data.shape == (20, 3, 28, 28)
    assert torch.equal(large.targets, small.targets)
    assert torch.allclose(255 * large.data, (255 * large.data).round(), atol=1e-4)
    ink, paper = (torch.stack([large.factors[f"{part}_{c}"] for c in "rgb"], 1) for part in ("ink", "paper"))
    share = (large.data.mean((2, 3)) - paper) / (ink - paper)  # of ink, the same in every channel
    assert torch.allclose(share, small.data.mean((2, 3)).expand(-1, 3), atol=0.06)
