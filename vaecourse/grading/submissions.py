"""What a class handed in: ``discover(path)`` finds every submission and the notebooks in it.

It takes what a learning management system (LMS) gives out and what people put together by hand:

===================================  =========================================================================
SUBMISSIONS                          its submissions
===================================  =========================================================================
a notebook                           one
a folder                             one for each notebook, folder and zip file that lies directly in it
a zip file                           a whole class: as a folder with the same content
a folder with one zip file           a whole class if most names in it look like an LMS's, else one student
===================================  =========================================================================

Folders and zip files of one student may hold notebooks at any place, and so may zip files in them. A notebook
may lie in two zip files at most: a student's in a class's, or one in a student's.
If everything lies in one folder more, that folder is passed over where most names in it look like an LMS's, and in
a zip file of a class always: packing a folder puts its name in front.

These names look like an LMS's, and everything with the same name and number is one submission:

* Moodle: ``Ann Example_12345_assignsubmission_file_``, a folder or the beginning of a file's name;
* Canvas: ``exampleann_12345_67890_work.ipynb``, ``exampleann_LATE_12345_67890_work-1.ipynb``;
* Gradescope: folders ``submission_12345``.

Otherwise a student has the name of the folder, the zip file or the notebook, without its ending.

Submissions may be hostile. Nothing is unpacked to disk; names from them are only shown, never opened; links,
pipes and devices are not opened; every read has a limit of its own, whatever a zip file says about its sizes.
"""

import hashlib
import os
import re
import stat
import struct
import time
import unicodedata
import zipfile
import zlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import BinaryIO

MB = 1_000_000
MAX_NOTEBOOK_BYTES = 20 * MB
MAX_NESTED_ZIP_BYTES = 64 * MB
"""Of a zip file within a zip file, which has to be held in memory."""
MAX_FILES = 20_000
"""Files and folders in one student's folder or zip file: a data set handed in by mistake still passes."""
MAX_CLASS_FILES = 100_000
MAX_NOTEBOOKS = 50
"""Of one student."""
NO_NOTEBOOK = "no notebook in it"
MAX_DEPTH = 12
"""Folders in folders, counted from SUBMISSIONS."""
MAX_ZIPS = 2
"""Zip files around a notebook."""

_BYTES_PER_FILE = 200  # in a zip file's directory, with a name of usual length
_SHOWN_NAME, _SHOWN_PATH, _SHOWN_FAULTS = 100, 300, 3
_IGNORED = ("__MACOSX",)
_KINDS = {".ipynb": "notebook", ".zip": "zip"}


class UnreadableError(Exception):
    """A file that cannot be read; says why, in words for the student."""


@dataclass(frozen=True)
class Notebook:
    """A notebook of a submission.

    Args:
        name: path within the submission, for people.
        modified: seconds since the epoch, 0 if unknown. A zip file's times are taken for local time.
        read: its content, between 1 and ``MAX_NOTEBOOK_BYTES`` bytes. Raises :class:`UnreadableError`.
        source: path within SUBMISSIONS, for people.
    """

    name: str
    modified: float
    read: Callable[[], bytes] = field(repr=False)
    source: str = ""


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Args:
        student: as an instructor knows the student; printable, of bounded length.
        student_id: the LMS's number, "" if there is none.
        key: a safe file name made from it, different for every submission even where case does not count.
        notebooks: in the order of their paths.
        problem: "", or what of it could not be read and why.
    """

    student: str
    student_id: str
    key: str
    notebooks: tuple[Notebook, ...]
    problem: str


def discover(path: Path) -> list[Submission]:
    """All submissions in ``path``, sorted by student. Opens no notebook.

    Raises:
        FileNotFoundError: there is nothing at ``path``.
        ValueError: ``path`` is neither a folder, nor a zip file, nor a notebook.
        OSError: ``path`` itself may not be read.
    """
    path = Path(path)
    found = Path(os.path.realpath(path))
    if not found.exists():
        raise FileNotFoundError(f"SUBMISSIONS: there is no file or folder {str(path)!r}")
    if found.is_dir():
        entries = _class_folder(found)
    elif found.is_file() and found.suffix.lower() == ".ipynb":
        entries = [_file(found, (found.name,))]
    elif found.is_file():
        try:
            entries = _without_wrapper(list(_members(_file(found, ()), MAX_CLASS_FILES)), always=True)
        except UnreadableError as error:
            raise ValueError(
                f"SUBMISSIONS: {str(path)!r} is neither a folder, nor a zip file, nor a notebook ({error})"
            ) from error
    else:
        raise ValueError(f"SUBMISSIONS: {str(path)!r} is neither a folder, nor a zip file, nor a notebook")
    return _with_keys([_submission(who, group) for who, group in _by_student(entries).items()])


# Who handed it in -----------------------------------------------------------------------------------------

# The first number counts: what follows it may be the student's own file name.
_MOODLE = re.compile(r"(?P<student>.*?)_(?P<id>[0-9]{1,20})_assignsubmission_.*", re.DOTALL)
_CANVAS = re.compile(
    r"(?P<student>[^_]+)_(?:LATE_)?(?P<id>[1-9][0-9]{0,19})_"
    r"(?:(?P<upload>[1-9][0-9]{0,19})_(?P<file>.+)|text\.html|link\.html)",
    re.DOTALL,
)
_GRADESCOPE = re.compile(r"(?P<student>submission_(?P<id>[0-9]{1,20}))")


@dataclass(frozen=True)
class _Who:
    """A student. ``top`` is what lies directly in SUBMISSIONS, "" if an LMS's number tells who it is."""

    student: str
    student_id: str = ""
    top: str = ""


def _who(top: str, is_folder: bool) -> _Who:
    patterns = (_MOODLE, _GRADESCOPE) if is_folder else (_MOODLE, _CANVAS)
    for match in filter(None, (pattern.fullmatch(top) for pattern in patterns)):
        return _Who(match["student"], match["id"])
    return _Who(top, top=top + "/") if is_folder else _Who(PurePosixPath(top).stem, top=top)


def _by_student(entries: Iterable["_Entry"]) -> dict[_Who, list["_Entry"]]:
    entries = list(entries)
    not_canvas = _not_canvas(entry.parts[0] for entry in entries if entry.is_top_file)
    groups = defaultdict(list)
    for entry in entries:
        top = entry.parts[0]
        who = _who(top, not entry.is_top_file)
        if entry.is_top_file and top in not_canvas:
            who = _Who(PurePosixPath(top).stem, top=top)
        if entry.is_top_file and entry.kind == "other" and who.top:
            continue  # a README or a list of names; from an LMS it would be a submission without a notebook
        groups[who].append(entry)
    return groups


def _not_canvas(tops: Iterable[str]) -> set[str]:
    """File names that only seem to be Canvas's: an upload's number stands for one file, ``hw_1_2_`` for a class."""
    uploads = defaultdict(lambda: defaultdict(set))
    for top in tops:
        if (match := _CANVAS.fullmatch(top)) and match["upload"] and not _MOODLE.fullmatch(top):
            file = re.sub(r"-[0-9]+$", "", PurePosixPath(match["file"]).stem)
            uploads[match["student"], match["id"], match["upload"]][file].add(top)
    return {top for files in uploads.values() if len(files) > 1 for names in files.values() for top in names}


def _looks_like_an_lms(entries: Iterable["_Entry"]) -> bool:
    """Whether most of the names do: a student's own ``lab_1_2_final.ipynb`` among others means nothing."""
    from_an_lms = [not who.top for who in _by_student(entries)]
    return 2 * sum(from_an_lms) > len(from_an_lms)


def _submission(who: _Who, entries: Iterable["_Entry"]) -> tuple[_Who, Submission]:
    notebooks, faults = [], []
    for entry in _opened(entries):
        if entry.fault:
            faults.append(f"{_shown('/'.join(entry.parts), _SHOWN_PATH)}: {entry.fault}")
        elif entry.kind == "notebook":
            name, source = ("/".join(parts) for parts in (entry.parts[1:] or entry.parts, entry.parts))
            notebook = Notebook(_shown(name, _SHOWN_PATH), entry.modified, entry.content, _shown(source, _SHOWN_PATH))
            notebooks.append((entry.parts, notebook))
    notebooks = [notebook for _, notebook in sorted(notebooks, key=lambda pair: pair[0])]
    if len(notebooks) > MAX_NOTEBOOKS:
        faults.insert(0, f"more than {MAX_NOTEBOOKS} notebooks; only the first {MAX_NOTEBOOKS} by name count")
    if not notebooks:
        faults.insert(0, "no notebook in it that can be read" if faults else NO_NOTEBOOK)
    if len(faults) > _SHOWN_FAULTS:
        faults[_SHOWN_FAULTS:] = [f"and {len(faults) - _SHOWN_FAULTS} more"]
    student = _shown(who.student, _SHOWN_NAME) or "(no name)"
    return who, Submission(student, who.student_id, "", tuple(notebooks[:MAX_NOTEBOOKS]), "; ".join(faults))


def _opened(entries: Iterable["_Entry"]) -> Iterator["_Entry"]:
    """The entries, and in place of zip files what is in them."""
    for entry in entries:
        if entry.kind != "zip" or entry.fault:
            yield entry
        elif entry.zips >= MAX_ZIPS:
            yield entry.at_fault("a zip file inside other zip files is not opened")
        else:
            try:
                yield from _opened(list(_members(entry, MAX_FILES)))
            except UnreadableError as error:
                yield entry.at_fault(str(error))


def _with_keys(found: Iterable[tuple[_Who, Submission]]) -> list[Submission]:
    """The submissions in order, with keys, and with what tells two students of one name apart."""
    found = sorted(
        found, key=lambda pair: (pair[1].student.casefold(), pair[1].student, pair[1].student_id, pair[0].top)
    )
    shared = defaultdict(int)
    for _, submission in found:
        shared[submission.student, submission.student_id] += 1
    keys, submissions = set(), []
    for who, submission in found:
        if shared[submission.student, submission.student_id] > 1 and who.top:
            student = f"{submission.student} ({_shown(who.top, _SHOWN_NAME)})"
            submission = replace(submission, student=student)
        key = _key(who, keys)
        keys.add(key)
        submissions.append(replace(submission, key=key))
    return submissions


def _key(who: _Who, taken: set[str]) -> str:
    ascii_name = unicodedata.normalize("NFKD", who.student).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name)[:48].strip("-") or "student"
    identity = "\0".join((who.student, who.student_id, who.top)).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(identity).hexdigest()
    lengths = range(8, len(digest) + 1)  # longer only if two were alike
    return next(key for key in (f"{slug}-{digest[:length]}" for length in lengths) if key not in taken)


def _shown(text: str, length: int) -> str:
    """``text`` as one printable line. Signs that turn the direction of writing or show nothing are left out."""
    text = unicodedata.normalize("NFC", " ".join(text[: 10 * length].split()))
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= length else f"{text[: length // 2]}…{text[1 - length + length // 2 :]}"


# What there is in folders and zip files -------------------------------------------------------------------


@dataclass(frozen=True)
class _Entry:
    """A file or folder in a folder or zip file.

    Args:
        parts: its path from SUBMISSIONS on, as it is written there.
        kind: "folder", "notebook", "zip" or "other".
        modified: seconds since the epoch, 0 if unknown.
        read: ``read(limit)`` gives its bytes or raises :class:`UnreadableError`.
        path: where it is, if it is not in a zip file.
        zips: number of zip files around it.
        fault: why it cannot be read, "" if nothing is known against it.
    """

    parts: tuple[str, ...]
    kind: str
    modified: float = 0.0
    read: Callable[[int], bytes] | None = None
    path: Path | None = None
    zips: int = 0
    fault: str = ""

    @property
    def is_top_file(self) -> bool:
        return len(self.parts) == 1 and self.kind != "folder"

    def at_fault(self, why: str) -> "_Entry":
        return replace(self, fault=why)

    def content(self) -> bytes:
        return self.read(MAX_NOTEBOOK_BYTES)


def _class_folder(folder: Path) -> list[_Entry]:
    with os.scandir(folder) as children:
        tops = sorted((child for child in children if not _is_ignored(child.name)), key=lambda child: child.name)
    entries = [entry for top in tops for entry in _tree(top)]
    things = [entry for entry in entries if entry.kind != "other"]
    if len(things) == 1 and _is_one_for_a_class(things[0]):
        try:
            members = list(_members(replace(things[0], parts=()), MAX_CLASS_FILES))
        except UnreadableError:
            return entries  # it is reported as a student's
        members = _without_wrapper(members, always=False)
        return members if _looks_like_an_lms(members) else entries
    return _without_wrapper(entries, always=False)


def _is_one_for_a_class(entry: _Entry) -> bool:
    """Whether it may be a zip file of a whole class: one that has an LMS's name of a student is not."""
    return entry.kind == "zip" and not entry.fault and bool(_who(entry.parts[0], is_folder=False).top)


def _without_wrapper(entries: list[_Entry], always: bool) -> list[_Entry]:
    """The entries without the one folder that all of them are in, if that is the class's and not a student's."""
    things = [entry for entry in entries if entry.kind != "other" or len(entry.parts) > 1]
    tops = {(entry.parts[0], entry.is_top_file) for entry in things}
    if len(tops) != 1 or things[0].is_top_file or not _who(things[0].parts[0], is_folder=True).top:
        return entries
    inner = [replace(entry, parts=entry.parts[1:]) for entry in things if len(entry.parts) > 1]
    return inner if inner and (always or _looks_like_an_lms(inner)) else entries


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in _IGNORED


def _kind(name: str) -> str:
    return _KINDS.get(PurePosixPath(name).suffix.lower(), "other")


# In a folder ----------------------------------------------------------------------------------------------


def _tree(top: os.DirEntry) -> Iterator[_Entry]:
    """``top`` and all that is in it, the upper levels first: a notebook is found before a data set below it."""
    waiting = deque([((top.name,), top)])
    room = MAX_FILES
    while waiting:
        parts, item = waiting.popleft()
        entry = _on_disk(item, parts)
        yield entry
        if entry.kind != "folder" or entry.fault:
            continue
        if len(parts) > MAX_DEPTH:
            yield entry.at_fault("too many folders in folders; this one was not looked into")
            continue
        try:
            with os.scandir(item.path) as children:
                listed = list(islice(children, room + 1))
        except OSError as error:
            yield entry.at_fault(_words(error))
            continue
        if len(listed) > room:
            yield entry.at_fault(f"more than {MAX_FILES:,} files; the others were not looked at")
        room -= min(len(listed), room)
        listed = sorted((child for child in listed if not _is_ignored(child.name)), key=lambda child: child.name)
        waiting.extend(((*parts, child.name), child) for child in listed)


def _on_disk(item: os.DirEntry, parts: tuple[str, ...]) -> _Entry:
    kind = _kind(item.name)
    try:
        if item.is_symlink():
            if kind == "other" and len(parts) == 1 and item.is_dir():
                kind = "folder"  # would be a student's
            return _Entry(parts, kind, fault="it is a link, and links are not followed" * (kind != "other"))
        if item.is_dir(follow_symlinks=False):
            return _Entry(parts, "folder")
        if kind != "other" and not item.is_file(follow_symlinks=False):
            return _Entry(parts, kind, fault="it is a pipe or a device and not a file")
        return _file(Path(item.path), parts)
    except OSError as error:
        return _Entry(parts, kind, fault=_words(error))


def _file(path: Path, parts: tuple[str, ...]) -> _Entry:
    modified = path.lstat().st_mtime
    return _Entry(parts, _kind(path.name), max(modified, 0.0), partial(_read_file, path), path)


@contextmanager
def _regular(path: Path) -> Iterator[BinaryIO]:
    """The opened file. What became a link or a pipe since it was listed is neither followed nor waited for."""
    flags = os.O_RDONLY
    for name in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):
        flags |= getattr(os, name, 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableError("it is a pipe or a device and not a file")
            yield file
    except OSError as error:
        raise UnreadableError(_words(error)) from error


def _read_file(path: Path, limit: int) -> bytes:
    with _regular(path) as file:
        return _bounded(file, limit)


def _bounded(file: BinaryIO, limit: int) -> bytes:
    content = file.read(limit + 1)
    if not content:
        raise UnreadableError("the file is empty")
    if len(content) > limit:
        raise UnreadableError(f"the file is larger than {limit // MB} MB")
    return content


def _words(error: OSError) -> str:
    return f"it could not be read ({error.strerror or type(error).__name__})"


# In a zip file --------------------------------------------------------------------------------------------


class _Source:
    """What :mod:`zipfile` reads from: a file that is open only during a read, or bytes.

    A file that stays open would be inherited by every process that grades, with all submissions in it. The limit
    of one read bounds what a zip file's directory can cost: it is the only part that is read in one piece.

    Args:
        size: in bytes.
        piece: ``piece(start, length)`` gives the bytes from there on.
        limit: of one read, in bytes.
    """

    def __init__(self, size: int, piece: Callable[[int, int], bytes], limit: int):
        self._size, self._piece, self._limit, self._position = size, piece, limit, 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def read(self, length: int = -1) -> bytes:
        length = length if 0 <= length <= self._limit else self._limit + 1
        content = self._piece(self._position, length)
        if len(content) > self._limit:
            raise UnreadableError("there are too many files in the zip file")
        self._position += len(content)
        return content


def _piece_of_file(path: Path, start: int, length: int) -> bytes:
    with _regular(path) as file:
        file.seek(start)
        return file.read(length)


def _archive(entry: _Entry, max_files: int) -> zipfile.ZipFile:
    """The zip file ``entry``, its directory read. Raises UnreadableError."""
    if entry.path is not None:
        size, piece = entry.path.lstat().st_size, partial(_piece_of_file, entry.path)
    else:
        content = entry.read(MAX_NESTED_ZIP_BYTES)
        size, piece = len(content), lambda start, length: content[start : start + length]
    limit = max(_BYTES_PER_FILE * max_files, MB)
    with _damage_in_words("it is damaged, or no zip file"):
        try:  # macOS does not say that its names are UTF-8
            archive = zipfile.ZipFile(_Source(size, piece, limit), metadata_encoding="utf-8")
        except UnicodeDecodeError:
            archive = zipfile.ZipFile(_Source(size, piece, limit))
    if len(archive.infolist()) > max_files:
        raise UnreadableError(f"there are more than {max_files:,} files in the zip file")
    return archive


@contextmanager
def _damage_in_words(words: str) -> Iterator[None]:
    """What :mod:`zipfile` raises for damaged and for made-up files, as UnreadableError."""
    try:
        yield
    except UnreadableError:
        raise
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, LookupError) as error:
        raise UnreadableError(words) from error
    except (RuntimeError, NotImplementedError) as error:
        raise UnreadableError("it is packed in a way that is not supported") from error


def _members(entry: _Entry, max_files: int) -> Iterator[_Entry]:
    """What is in the zip file ``entry``. Raises UnreadableError."""
    archive = _archive(entry, max_files)
    # A file on disk is at hand at any time. A zip file in a zip file is unpacked again for every read, not kept.
    again = (lambda: archive) if entry.path is not None else partial(_archive, entry, max_files)
    for index, info in enumerate(archive.infolist()):
        inner = _inner_parts(info.filename)
        if not inner or any(map(_is_ignored, inner)):
            continue
        parts = (*entry.parts, *inner)
        kind = "folder" if info.is_dir() else _kind(inner[-1])
        member = _Entry(parts, kind, _zip_time(info), partial(_read_member, again, index), zips=entry.zips + 1)
        type_of_file = stat.S_IFMT(info.external_attr >> 16)
        if kind in _KINDS.values() and type_of_file not in (0, stat.S_IFREG):
            member = member.at_fault("it is a link or a device and not a file")
        yield member


def _inner_parts(name: str) -> tuple[str, ...]:
    """A member's path. Where it says "go up" or "from the root" does not matter: it is never used as a path."""
    return tuple(part for part in re.split(r"[/\\]", name) if part not in ("", ".", ".."))


def _zip_time(info: zipfile.ZipInfo) -> float:
    if info.date_time <= (1980, 1, 1, 0, 0, 0):  # how "unknown" is written
        return 0.0
    try:
        return max(time.mktime((*info.date_time, 0, 0, -1)), 0.0)
    except (OverflowError, ValueError):
        return 0.0


def _read_member(archive: Callable[[], zipfile.ZipFile], index: int, limit: int) -> bytes:
    opened = archive()
    info = opened.infolist()[index]
    if info.flag_bits & 0x1:
        raise UnreadableError("it is protected by a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the other kinds in pieces of any size.
        raise UnreadableError("it is packed in a way that is not supported")
    with _damage_in_words("it is damaged in the zip file"), opened.open(info) as file:
        return _bounded(file, limit)
