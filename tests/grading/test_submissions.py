"""What a class handed in: every submission is found, and none of them can hurt."""

import io
import os
import re
import socket
import stat
import struct
import zipfile
from contextlib import contextmanager

import pytest

from vaecourse.grading import submissions as module
from vaecourse.grading.submissions import MAX_NOTEBOOK_BYTES, MAX_NOTEBOOKS, UnreadableError, discover

NOTEBOOK = b'{"cells": []}'
NEEDS_LINKS = pytest.mark.skipif(os.name == "nt", reason="links and pipes are made differently on Windows")


def zipped(members: dict[str, bytes], *, compression=zipfile.ZIP_DEFLATED, date=(2026, 3, 4, 5, 6, 8)) -> bytes:
    """A zip file with the given names (a name that ends with "/" is a folder)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date)
            info.compress_type = compression
            archive.writestr(info, content)
    return file.getvalue()


def tree(folder, files: dict[str, bytes]):
    """The files in the folder (a name that ends with "/" is a folder)."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(content)
    return folder


def said(path) -> dict[str, list[str]]:
    """Each student's notebooks."""
    found = discover(path)
    assert len({submission.key for submission in found}) == len(found)
    return {submission.student: [notebook.name for notebook in submission.notebooks] for submission in found}


def only(path):
    (submission,) = discover(path)
    return submission


def why(notebook) -> str:
    with pytest.raises(UnreadableError) as error:
        notebook.read()
    return str(error.value)


@pytest.fixture(params=["folder", "zip"])
def class_of(request, tmp_path):
    """Makes SUBMISSIONS with the given content: a folder, and the same as one zip file."""

    def make(files: dict[str, bytes]):
        if request.param == "folder":
            return tree(tmp_path / "class", files)
        path = tmp_path / "class.zip"
        path.write_bytes(zipped(files))
        return path

    return make


# What a class hands in ------------------------------------------------------------------------------------

MOODLE = "Ann Example_12345_assignsubmission_file_"
LAYOUTS = {
    "notebooks": (
        {"ann.ipynb": NOTEBOOK, "bob.ipynb": NOTEBOOK},
        {"ann": ["ann.ipynb"], "bob": ["bob.ipynb"]},
    ),
    "folders": (
        {"ann/01.ipynb": NOTEBOOK, "ann/more/02.IPYNB": NOTEBOOK, "bob/a/b/c/01.ipynb": NOTEBOOK},
        {"ann": ["01.ipynb", "more/02.IPYNB"], "bob": ["a/b/c/01.ipynb"]},
    ),
    "zip files": (
        {"ann.zip": zipped({"x/01.ipynb": NOTEBOOK, "02.ipynb": NOTEBOOK}), "bob.ZIP": zipped({"01.ipynb": NOTEBOOK})},
        {"ann": ["02.ipynb", "x/01.ipynb"], "bob": ["01.ipynb"]},
    ),
    "mixed": (
        {
            "ann.ipynb": NOTEBOOK,
            "bob/work.zip": zipped({"01.ipynb": NOTEBOOK}),
            "bob/02.ipynb": NOTEBOOK,
            "eve.zip": zipped({"1.ipynb": NOTEBOOK}),
        },
        {"ann": ["ann.ipynb"], "bob": ["02.ipynb", "work.zip/01.ipynb"], "eve": ["1.ipynb"]},
    ),
    "Moodle's folders": (
        {f"{MOODLE}/01.ipynb": NOTEBOOK, "Bob_7_assignsubmission_file/a.zip": zipped({"1.ipynb": NOTEBOOK})},
        {"Ann Example 12345": ["01.ipynb"], "Bob 7": ["a.zip/1.ipynb"]},
    ),
    "Moodle's folders of one student": (
        {f"{MOODLE}/01.ipynb": NOTEBOOK, "Ann Example_12345_assignsubmission_onlinetext_/text.html": b"<p>"},
        {"Ann Example 12345": ["01.ipynb"]},
    ),
    "Moodle without folders": (
        {f"{MOODLE}01.ipynb": NOTEBOOK, f"{MOODLE}02_3_4.ipynb": NOTEBOOK, "B_C_7_assignsubmission_file_x.pdf": b"%"},
        {"Ann Example 12345": [f"{MOODLE}01.ipynb", f"{MOODLE}02_3_4.ipynb"], "B_C 7": []},
    ),
    "Canvas": (
        {
            "exampleann_12345_67890_01_autoencoder.ipynb": NOTEBOOK,
            "exampleann_LATE_12345_67891_01_autoencoder-1.ipynb": NOTEBOOK,
            "exampleann_12345_67892_02.ipynb": NOTEBOOK,
            "bobo_LATE_777_67893_work.zip": zipped({"01.ipynb": NOTEBOOK}),
            "text_888_text.html": b"<p>",
        },
        {
            "bobo 777": ["01.ipynb"],
            "exampleann 12345": [
                "exampleann_12345_67890_01_autoencoder.ipynb",
                "exampleann_12345_67892_02.ipynb",
                "exampleann_LATE_12345_67891_01_autoencoder-1.ipynb",
            ],
            "text 888": [],
        },
    ),
    "Gradescope": (
        {"submission_111/01.ipynb": NOTEBOOK, "submission_222/": b"", "submission_metadata.yml": b"a: 1"},
        {"submission_111 111": ["01.ipynb"], "submission_222 222": []},
    ),
    "Gradescope, in the folder of its export": (
        {
            "assignment_9_export/submission_111/01.ipynb": NOTEBOOK,
            "assignment_9_export/submission_222/02.ipynb": NOTEBOOK,
            "assignment_9_export/submission_metadata.yml": b"a: 1",
        },
        {"submission_111 111": ["01.ipynb"], "submission_222 222": ["02.ipynb"]},
    ),
    "what is no submission": (
        {
            "ann/01.ipynb": NOTEBOOK,
            "ann/.ipynb_checkpoints/01-checkpoint.ipynb": NOTEBOOK,
            "ann/__MACOSX/._01.ipynb": NOTEBOOK,
            "ann/.DS_Store": b"",
            "ann/._01.ipynb": b"",
            "ann/data.csv": b"1",
            "__MACOSX/ann/._01.ipynb": b"",
            ".hidden/01.ipynb": NOTEBOOK,
            ".hidden.ipynb": NOTEBOOK,
            "README.md": b"",
            "bob.ipynb": NOTEBOOK,
        },
        {"ann": ["01.ipynb"], "bob": ["bob.ipynb"]},
    ),
    "no lesson, but a submission": (
        {"ann/": b"", "bob/report.pdf": b"", "eve.zip": zipped({"a.txt": b"1"}), "zoe.zip": zipped({})},
        {"ann": [], "bob": [], "eve": [], "zoe": []},
    ),
}


@pytest.mark.parametrize(("files", "expected"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(class_of, files, expected):
    path = class_of(files)
    assert {
        f"{s.student} {s.student_id}".strip(): [notebook.name for notebook in s.notebooks] for s in discover(path)
    } == expected
    for submission in discover(path):
        assert [notebook.read() for notebook in submission.notebooks] == [NOTEBOOK] * len(submission.notebooks)
        assert submission.problem == ("" if submission.notebooks else "no notebook in it")


def test_a_notebook_alone(tmp_path):
    path = tmp_path / "Ann.ipynb"
    path.write_bytes(NOTEBOOK)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    submission = only(path)
    assert (submission.student, submission.student_id, submission.problem) == ("Ann", "", "")
    (notebook,) = submission.notebooks
    assert (notebook.name, notebook.modified, notebook.read()) == ("Ann.ipynb", 1_700_000_000, NOTEBOOK)


def test_sources_and_times(class_of, monkeypatch):
    monkeypatch.setattr(module.time, "mktime", lambda date: 1000.0 + date[0])
    path = class_of({f"{MOODLE}/a/01.ipynb": NOTEBOOK, "Bob_7_assignsubmission_file_/x.ipynb": NOTEBOOK})
    if path.is_dir():
        os.utime(path / MOODLE / "a" / "01.ipynb", (3026, 3026))
    (notebook,) = discover(path)[0].notebooks
    assert (notebook.name, notebook.source, notebook.modified) == ("a/01.ipynb", f"{MOODLE}/a/01.ipynb", 3026)


@pytest.mark.parametrize("date", [(1980, 1, 1, 0, 0, 0), (1980, 0, 0, 0, 0, 0), (2107, 15, 31, 31, 63, 62)])
def test_dates_that_mean_nothing(tmp_path, date):
    content = bytearray(zipped({"ann/01.ipynb": NOTEBOOK}, date=(2026, 3, 4, 5, 6, 8)))
    packed = struct.pack(
        "<HH", date[3] << 11 | date[4] << 5 | date[5] // 2, (date[0] - 1980) << 9 | date[1] << 5 | date[2]
    )
    place = content.index(b"PK\x01\x02") + 12
    content[place : place + 4] = packed
    (tmp_path / "ann.zip").write_bytes(content)
    (notebook,) = only(tmp_path).notebooks
    assert notebook.modified >= 0
    if date[0] == 1980:
        assert notebook.modified == 0


# A zip file: a class or a student? ------------------------------------------------------------------------


def test_a_zip_file_alone_in_a_folder_is_a_class_if_an_lms_made_it(tmp_path):
    lms = zipped({f"{MOODLE}/01.ipynb": NOTEBOOK, "Bob_7_assignsubmission_file_/01.ipynb": NOTEBOOK})
    people = zipped({"part 1/01.ipynb": NOTEBOOK, "part 2/02.ipynb": NOTEBOOK})
    assert said(tree(tmp_path / "a", {"all.zip": lms, "notes.txt": b""})) == {
        "Ann Example": ["01.ipynb"],
        "Bob": ["01.ipynb"],
    }
    assert said(tree(tmp_path / "b", {"ann.zip": people})) == {"ann": ["part 1/01.ipynb", "part 2/02.ipynb"]}
    own = zipped({"lab_1_2_final.ipynb": NOTEBOOK, "01.ipynb": NOTEBOOK, "02.ipynb": NOTEBOOK})
    assert list(said(tree(tmp_path / "e", {"ann.zip": own}))) == ["ann"]
    # With another submission beside it, or under the name of a student, it is a student's, whatever is in it.
    assert list(said(tree(tmp_path / "c", {"all.zip": lms, "zoe.ipynb": NOTEBOOK}))) == ["all", "zoe"]
    assert list(said(tree(tmp_path / "d", {f"{MOODLE}all.zip": lms}))) == ["Ann Example"]


def test_a_zip_file_given_by_itself_is_a_class(tmp_path):
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"part 1/01.ipynb": NOTEBOOK, "part 2/02.ipynb": NOTEBOOK}))
    assert said(path) == {"part 1": ["01.ipynb"], "part 2": ["02.ipynb"]}


def test_the_folder_that_was_packed_is_no_student(tmp_path):
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"class/": b"", "class/ann/01.ipynb": NOTEBOOK, "class/bob.ipynb": NOTEBOOK}))
    assert said(path) == {"ann": ["01.ipynb"], "bob": ["bob.ipynb"]}
    path.write_bytes(zipped({f"{MOODLE}/01.ipynb": NOTEBOOK, f"{MOODLE}/02.ipynb": NOTEBOOK}))
    assert said(path) == {"Ann Example": ["01.ipynb", "02.ipynb"]}


def test_zip_files_in_zip_files_to_a_depth_of_two(tmp_path):
    third = zipped({"3.ipynb": NOTEBOOK})
    second = zipped({"2.ipynb": NOTEBOOK, "third.zip": third})
    (tmp_path / "class.zip").write_bytes(zipped({"ann/work.zip": second, "bob.zip": second}))
    ann, bob = discover(tmp_path / "class.zip")
    assert [notebook.name for notebook in ann.notebooks] == ["work.zip/2.ipynb"]
    assert [notebook.read() for notebook in (*ann.notebooks, *bob.notebooks)] == [NOTEBOOK] * 2
    assert "ann/work.zip/third.zip: a zip file inside other zip files is not opened" in ann.problem
    tree(tmp_path / "folder", {"ann.zip": zipped({"1.ipynb": NOTEBOOK, "second.zip": second})})
    ann = only(tmp_path / "folder")
    assert [notebook.name for notebook in ann.notebooks] == ["1.ipynb", "second.zip/2.ipynb"]
    assert "third.zip" in ann.problem


# Who it is ------------------------------------------------------------------------------------------------


def test_a_student_cannot_pass_for_another_by_a_file_name(class_of):
    path = class_of(
        {
            f"{MOODLE}Bob_7_assignsubmission_file_01.ipynb": NOTEBOOK,
            "Bob_7_assignsubmission_file_01.ipynb": NOTEBOOK,
            "eve_12_345_bob_7_678_x.ipynb": NOTEBOOK,
        }
    )
    assert [(s.student, s.student_id, len(s.notebooks)) for s in discover(path)] == [
        ("Ann Example", "12345", 1),
        ("Bob", "7", 1),
        ("eve", "12", 1),
    ]


@pytest.mark.parametrize("names", [["hw_1_2_ann", "hw_1_2_bob"], ["hw_01_02_ann", "hw_01_03_bob"]])
def test_names_with_numbers_in_them_are_not_taken_for_one_student(class_of, names):
    assert list(said(class_of({f"{name}.ipynb": NOTEBOOK for name in names}))) == names


def test_two_students_of_one_name(class_of):
    path = class_of(
        {
            "Ann.ipynb": NOTEBOOK,
            "Ann/01.ipynb": NOTEBOOK,
            "Ann.zip": zipped({"01.ipynb": NOTEBOOK}),
            "Bob_1_assignsubmission_file_/01.ipynb": NOTEBOOK,
            "Bob_2_assignsubmission_file_/01.ipynb": NOTEBOOK,
        }
    )
    found = discover(path)
    assert [(s.student, s.student_id) for s in found] == [
        ("Ann (Ann.ipynb)", ""),
        ("Ann (Ann.zip)", ""),
        ("Ann (Ann/)", ""),
        ("Bob", "1"),
        ("Bob", "2"),
    ]
    assert len({submission.key for submission in found}) == 5
    assert {len(submission.key) for submission in found} == {len("ann-12345678")}


HOSTILE_NAMES = {
    "case": ["ann", "Ann", "ANN"],
    "path": ["../../etc/ann", "/etc/bob", "C:\\eve", "..\\..\\zoe"],
    "control": ["a\nb", "a\tb", "a\x1b[31mb", "a\x07"],
    "direction": ["nna\u202egnp", "\u2066ann\u2069"],
    "long": ["x" * 240, "x" * 239 + "y"],
    "no letters": ["=1+1", "!!!", "中文", "Ωμέγα", "é", "e\u0301"],
    "reserved": ["con", "nul", "aux", "LPT1"],
    "html": ["<script>alert(1)</script>", '"; rm -rf "$HOME'],
}


@pytest.mark.parametrize("names", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_names_are_shown_and_used_safely(tmp_path, names):
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({f"{name}.ipynb": NOTEBOOK for name in names}))
    found = discover(path)
    assert sum(len(submission.notebooks) for submission in found) == len(names)
    for submission in found:
        assert submission.student.isprintable()
        assert 0 < len(submission.student) <= 310
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{8}", submission.key)
        assert len(submission.key) <= 60
        assert all(n.name.isprintable() and len(n.name) <= 300 for n in submission.notebooks)
        assert [n.read() for n in submission.notebooks] == [NOTEBOOK] * len(submission.notebooks)
    assert os.listdir(tmp_path) == ["class.zip"]


@pytest.mark.parametrize(
    ("name", "student", "key"),
    [
        ("Ann  Example", "Ann Example", "ann-example"),
        ("E\u0301mile\u00a0O'Neil", "Émile O'Neil", "emile-o-neil"),
        ("a\u202eb\u200bc", "abc", "abc"),
        ("中文", "中文", "student"),
        ("a\x1bb", "a\N{REPLACEMENT CHARACTER}b", "a-b"),
        ("x" * 150, "x" * 50 + "…" + "x" * 49, "x" * 48),
    ],
)
def test_how_names_are_shown(tmp_path, name, student, key):
    (tmp_path / "class.zip").write_bytes(zipped({f"{name}.ipynb": NOTEBOOK}))
    submission = only(tmp_path / "class.zip")
    assert (submission.student, submission.key[:-9]) == (student, key)


def test_names_that_are_no_text(tmp_path):
    try:
        (tmp_path / os.fsdecode(b"J\xfcrgen.ipynb")).write_bytes(NOTEBOOK)
    except OSError:
        pytest.skip("this file system takes valid names only")
    submission = only(tmp_path)
    assert submission.student == "J\N{REPLACEMENT CHARACTER}rgen"
    assert submission.notebooks[0].read() == NOTEBOOK


def test_utf_8_names_that_are_not_declared_as_such(tmp_path):
    content = bytearray(zipped({"Jürgen/01.ipynb": NOTEBOOK, "b/1.ipynb": NOTEBOOK}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(mark) + offset
        content[place : place + 2] = struct.pack("<H", struct.unpack_from("<H", content, place)[0] & ~0x800)
    (tmp_path / "class.zip").write_bytes(content)
    assert list(said(tmp_path / "class.zip")) == ["b", "Jürgen"]
    content = content.replace("ü".encode(), b"\x81x")  # and names that are not UTF-8 either
    (tmp_path / "class.zip").write_bytes(content)
    assert list(said(tmp_path / "class.zip")) == ["b", "Jüxrgen"]


def test_keys_and_order_do_not_depend_on_who_else_is_there(tmp_path):
    names = ["bob", "Ann", "änne", "Zoe", "carl"]
    all_of_them = discover(tree(tmp_path / "a", {f"{name}.ipynb": NOTEBOOK for name in names}))
    again = discover(tree(tmp_path / "b", {f"{name}.ipynb": NOTEBOOK for name in reversed(names)}))
    assert [(s.student, s.key) for s in all_of_them] == [(s.student, s.key) for s in again]
    assert [s.student for s in all_of_them] == ["Ann", "bob", "carl", "Zoe", "änne"]
    alone = only(tree(tmp_path / "c", {"bob.ipynb": NOTEBOOK}))
    assert alone.key in {s.key for s in all_of_them}


def test_the_order_in_a_folder_does_not_matter(tmp_path, monkeypatch):
    files = {f"{MOODLE}{name}.zip": b"" for name in "bac"} | {"bob/y.zip": b"", "bob/x.zip": b"", "ann.ipynb": NOTEBOOK}
    path = tree(tmp_path / "class", files)
    scandir, found = os.scandir, []
    for descending in (False, True):

        @contextmanager
        def in_order(folder, descending=descending):
            with scandir(folder) as children:
                yield sorted(children, key=lambda child: child.name, reverse=descending)

        monkeypatch.setattr(os, "scandir", in_order)
        found.append(repr(discover(path)))
    assert found[0] == found[1]


def test_keys_differ_even_if_their_hashes_begin_alike():
    who = module._Who("Ann", "1")
    key = module._key(who, set())
    assert module._key(who, {key}) != key
    assert module._key(who, {key}).startswith(key)


# Hostile zip files ----------------------------------------------------------------------------------------


def lying(content: bytes, **fields: int) -> bytes:
    """A zip file of one member with other numbers in both its headers."""
    places = {"flags": (6, 8, "<H"), "method": (8, 10, "<H"), "crc": (14, 16, "<L"), "size": (22, 24, "<L")}
    content = bytearray(content)
    for field, value in fields.items():
        local, central, form = places[field]
        struct.pack_into(form, content, content.index(b"PK\x03\x04") + local, value)
        struct.pack_into(form, content, content.index(b"PK\x01\x02") + central, value)
    return bytes(content)


def overlapping(count: int) -> bytes:
    """A zip file whose directory names the same compressed bytes ``count`` times."""
    content = zipped({"1.ipynb": b"0" * 10_000_000})
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    directory = content[start:end] * count
    tail = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), start, 0)
    return content[:start] + directory + tail


ONE = {"01.ipynb": NOTEBOOK * 20}
BAD_MEMBERS = {
    "bomb": (zipped({"01.ipynb": b"0" * (MAX_NOTEBOOK_BYTES + 1)}), "the file is larger than 20 MB"),
    "bomb that lies": (
        lying(zipped({"01.ipynb": b"0" * (MAX_NOTEBOOK_BYTES + 1)}), size=100),
        "it is damaged in the zip file",
    ),
    "bzip2": (zipped(ONE, compression=zipfile.ZIP_BZIP2), "it is packed in a way that is not supported"),
    "lzma": (zipped(ONE, compression=zipfile.ZIP_LZMA), "it is packed in a way that is not supported"),
    "unknown method": (lying(zipped(ONE), method=99), "it is packed in a way that is not supported"),
    "encrypted": (lying(zipped(ONE), flags=0x1), "it is protected by a password"),
    "wrong CRC": (lying(zipped(ONE), crc=1), "it is damaged in the zip file"),
    "empty": (zipped({"01.ipynb": b""}), "the file is empty"),
}


@pytest.mark.parametrize(("content", "reason"), BAD_MEMBERS.values(), ids=BAD_MEMBERS)
@pytest.mark.parametrize("nested", [False, True], ids=["a student's", "in a class's"])
def test_notebooks_that_cannot_be_read(tmp_path, content, reason, nested):
    path = tmp_path / "class.zip"
    if nested:
        path.write_bytes(zipped({"ann.zip": content, "bob.ipynb": NOTEBOOK}))
    else:
        path = tree(tmp_path / "class", {"ann.zip": content, "bob.ipynb": NOTEBOOK})
    ann, bob = discover(path)
    (notebook,) = ann.notebooks
    assert reason in why(notebook)
    assert bob.notebooks[0].read() == NOTEBOOK


def test_a_notebook_of_the_largest_size_is_read(tmp_path):
    content = b" " * MAX_NOTEBOOK_BYTES
    found = discover(tree(tmp_path / "class", {"ann.zip": zipped({"1.ipynb": content}), "bob.ipynb": content}))
    assert [len(submission.notebooks[0].read()) for submission in found] == [MAX_NOTEBOOK_BYTES] * 2


def test_no_more_than_the_limit_is_ever_asked_for():
    asked = []

    class Noting(io.BytesIO):
        def read(self, length=-1):
            asked.append(length)
            return super().read(length)

    assert module._bounded(Noting(b"123"), 3) == b"123"
    assert asked == [4]


BAD_ZIPS = {
    "truncated": (zipped(ONE)[:-30], "it is damaged, or no zip file"),
    "not a zip": (b"no zip file at all", "it is damaged, or no zip file"),
    "empty": (b"", "it is damaged, or no zip file"),
    "name is not UTF-8": (
        lying(zipped({"\x01\x02.ipynb": b"1"}), flags=0x800).replace(b"\x01\x02.", b"\xff\xfe."),
        "damaged",
    ),
    "newer version": (zipped(ONE).replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\xff"), "not supported"),
}


@pytest.mark.parametrize(("content", "reason"), BAD_ZIPS.values(), ids=BAD_ZIPS)
def test_zip_files_that_cannot_be_read(tmp_path, content, reason):
    ann, bob = discover(tree(tmp_path / "class", {"ann.zip": content, "bob.ipynb": NOTEBOOK}))
    assert (ann.student, ann.notebooks) == ("ann", ())
    assert ann.problem.startswith("no notebook in it that can be read; ann.zip: ")
    assert reason in ann.problem
    assert bob.problem == ""


def test_every_byte_of_a_zip_file_may_be_wrong(tmp_path):
    good = zipped({"ann/01.ipynb": NOTEBOOK, "bob.zip": zipped({"1.ipynb": NOTEBOOK})})
    path = tmp_path / "class" / "ann.zip"
    path.parent.mkdir()
    for place in range(len(good)):
        for value in (0, 0xFF, good[place] ^ 1):
            path.write_bytes(good[:place] + bytes([value]) + good[place + 1 :])
            submission = only(path.parent)
            for notebook in submission.notebooks:
                try:
                    notebook.read()
                except UnreadableError:
                    continue


def test_names_that_all_lead_to_the_same_bytes(tmp_path):
    submission = only(tree(tmp_path / "class", {"ann.zip": overlapping(1000)}))
    assert len(submission.notebooks) == MAX_NOTEBOOKS
    assert submission.problem == "more than 50 notebooks; only the first 50 by name count"


def test_more_files_than_anybody_hands_in(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILES", 10)
    ann = only(tree(tmp_path / "class", {"ann.zip": zipped({f"{i}.txt": b"" for i in range(11)} | ONE)}))
    assert (ann.notebooks, "more than 10 files in the zip file" in ann.problem) == ((), True)
    bob = only(tree(tmp_path / "other", {f"bob/data/{i}.txt": b"" for i in range(11)} | {"bob/1.ipynb": NOTEBOOK}))
    assert [notebook.name for notebook in bob.notebooks] == ["1.ipynb"]
    assert "bob/data: more than 10 files" in bob.problem


def test_a_directory_of_huge_size_is_not_read(tmp_path, monkeypatch):
    asked = []
    piece = module._piece_of_file
    monkeypatch.setattr(module, "_piece_of_file", lambda *args: asked.append(args[2]) or piece(*args))
    content = overlapping(200_000)  # 10 MB of directory
    ann, _ = discover(tree(tmp_path / "class", {"ann.zip": content, "bob.ipynb": NOTEBOOK}))
    assert "too many files" in ann.problem
    assert max(asked) <= 200 * module.MAX_FILES + 1


def test_a_zip_file_in_a_zip_file_is_unpacked_up_to_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_NESTED_ZIP_BYTES", 1_000_000)
    inner = zipped(ONE | {"zeros.bin": b"0" * 2_000_000}, compression=zipfile.ZIP_STORED)
    (tmp_path / "class.zip").write_bytes(zipped({"ann/work.zip": inner, "bob.ipynb": NOTEBOOK}))
    ann, _ = discover(tmp_path / "class.zip")
    assert ann.problem == "no notebook in it that can be read; ann/work.zip: the file is larger than 1 MB"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_file(tmp_path, kind):
    info = zipfile.ZipInfo("ann/01.ipynb")
    info.create_system = 3
    info.external_attr = (kind | 0o644) << 16
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    submission = only(tmp_path)
    assert submission.notebooks == ()
    assert "ann.zip/ann/01.ipynb: it is a link or a device and not a file" in submission.problem


# Hostile folders ------------------------------------------------------------------------------------------


@NEEDS_LINKS
def test_links_are_not_followed(tmp_path):
    secret = tree(tmp_path / "secret", {"01.ipynb": b"secret", "a.zip": zipped(ONE)})
    path = tree(tmp_path / "class", {"ann/": b"", "bob/1.ipynb": NOTEBOOK, "zoe.ipynb": NOTEBOOK})
    (path / "ann" / "01.ipynb").symlink_to(secret / "01.ipynb")
    (path / "ann" / "folder").symlink_to(secret)
    (path / "bob" / "loop").symlink_to(path)
    (path / "eve").symlink_to(secret)
    (path / "fay.zip").symlink_to(secret / "a.zip")
    (path / "gus.ipynb").symlink_to(path / "nowhere")
    found = {submission.student: submission for submission in discover(path)}
    assert {student: len(s.notebooks) for student, s in found.items()} == {
        "ann": 0,
        "bob": 1,
        "eve": 0,
        "fay": 0,
        "gus": 0,
        "zoe": 1,
    }
    assert all("it is a link" in found[student].problem for student in ("ann", "eve", "fay", "gus"))
    # SUBMISSIONS itself may be one, and a file that becomes one later is still not followed.
    (tmp_path / "link").symlink_to(path)
    assert len(discover(tmp_path / "link")) == 6
    (path / "zoe.ipynb").unlink()
    (path / "zoe.ipynb").symlink_to(secret / "01.ipynb")
    assert "could not be read" in why(found["zoe"].notebooks[0])


@NEEDS_LINKS
def test_pipes_and_sockets_are_not_opened(tmp_path, monkeypatch):
    path = tree(tmp_path / "class", {"bob.ipynb": NOTEBOOK})
    os.mkfifo(path / "ann.ipynb")
    os.mkfifo(path / "eve.zip")
    monkeypatch.chdir(path)  # a socket's name has to be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("fay.ipynb")
    found = discover(path)
    assert [(s.student, len(s.notebooks)) for s in found] == [("ann", 0), ("bob", 1), ("eve", 0), ("fay", 0)]
    assert [s.problem.count("a pipe or a device") for s in found] == [1, 0, 1, 1]
    os.unlink("bob.ipynb")
    os.mkfifo("bob.ipynb")  # since it was listed
    assert why(found[1].notebooks[0]) == "it is a pipe or a device and not a file"
    with pytest.raises(ValueError, match="neither a folder, nor a zip file, nor a notebook"):
        discover(path / "ann.ipynb")


def test_what_may_not_be_read(tmp_path, monkeypatch):
    path = tree(tmp_path / "class", {"ann/01.ipynb": NOTEBOOK, "bob.ipynb": NOTEBOOK, "eve.zip": zipped(ONE)})
    scandir = os.scandir

    def refusing(folder):
        if os.fspath(folder).endswith("ann"):
            raise PermissionError(13, "Permission denied", os.fspath(folder))
        return scandir(folder)

    def closed(*args, **kwargs):
        raise PermissionError(13, "Permission denied", "/a/secret/path")

    monkeypatch.setattr(os, "scandir", refusing)
    monkeypatch.setattr(os, "open", closed)
    ann, bob, eve = discover(path)
    assert ann.problem == "no notebook in it that can be read; ann: it could not be read (Permission denied)"
    assert why(bob.notebooks[0]) == "it could not be read (Permission denied)"
    assert eve.problem.endswith("eve.zip: it could not be read (Permission denied)")


def test_folders_of_huge_depth(tmp_path, monkeypatch):
    monkeypatch.chdir(tree(tmp_path / "class", {"ann/01.ipynb": NOTEBOOK}) / "ann")
    for _ in range(300 if os.name != "nt" else 20):  # to a path longer than the system takes
        os.mkdir("deeper and deeper")
        os.chdir("deeper and deeper")
    submission = only(tmp_path / "class")
    assert [notebook.name for notebook in submission.notebooks] == ["01.ipynb"]
    assert "too many folders in folders" in submission.problem


def test_empty_and_too_large_files(tmp_path):
    path = tree(tmp_path / "class", {"ann.ipynb": b"", "bob.ipynb": b""})
    os.truncate(path / "bob.ipynb", 10**9)  # takes no room on the disk
    ann, bob = discover(path)
    assert why(ann.notebooks[0]) == "the file is empty"
    assert why(bob.notebooks[0]) == "the file is larger than 20 MB"


def test_many_problems_are_told_in_a_few_words(tmp_path):
    files = {f"ann/{'x' * 200}{i}.zip": b"" for i in range(500)}
    submission = only(tree(tmp_path / "class", files))
    assert len(submission.problem) < 1000
    assert submission.problem.endswith("and 498 more")


# The call itself ------------------------------------------------------------------------------------------


def test_no_notebook_is_opened_and_no_file_stays_open(class_of, monkeypatch):
    path = class_of({"ann.ipynb": NOTEBOOK, "bob/1.ipynb": NOTEBOOK})
    monkeypatch.setattr(module, "_bounded", lambda *_: pytest.fail("a notebook was read"))
    opened = []
    open_ = os.open
    monkeypatch.setattr(os, "open", lambda *args: opened.append(args[0]) or open_(*args))
    assert len(discover(path)) == 2
    assert all(str(name).endswith(".zip") for name in opened)
    if os.path.isdir("/proc/self/fd"):
        links = [os.path.join("/proc/self/fd", number) for number in os.listdir("/proc/self/fd")]
        assert str(path) not in [os.readlink(link) for link in links if os.path.islink(link)]


def test_submissions_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"SUBMISSIONS: there is no file or folder .*nowhere"):
        discover(tmp_path / "nowhere")
    tree(tmp_path, {"text.txt": b"text", "broken.zip": zipped(ONE)[:-9], "empty/": b""})
    for name in ("text.txt", "broken.zip"):
        with pytest.raises(ValueError, match="neither a folder, nor a zip file, nor a notebook"):
            discover(tmp_path / name)
    assert discover(tmp_path / "empty") == []
