"""The course as pages to read: in any browser, on a phone too, without a kernel and without a network.

:func:`export` writes a folder of files that need nothing but each other::

    index.html              what the course is, and its map, both from README.md
    00_start_here.html ...  a page for each lesson, from its stored outputs
    figures/                the figures, each as its own file
    style.css

Figures are files and not part of the page: so a page opens at once, its figures follow as the reader comes to them,
and a tap on one shows it alone, to zoom into. Scripts, on the other hand, stand in the page: a browser that opens a
page from a disk loads no module from beside it. Formulas are MathML, which browsers draw themselves.

A second export into the same folder replaces what the first one wrote, and nothing else.
"""

import ast
import base64
import html
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import jinja2
import mistune
import nbformat
import pygments
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import MarkdownWithMath
from PIL import Image
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from vaecourse.course import lessons, read_notebook
from vaecourse.files import replace_file
from vaecourse.formulas import mathml
from vaecourse.live import script
from vaecourse.quiz import live_content, load_quiz

INDEX = "index.html"
MANIFEST = ".vaecourse-pages"
"""The file that lists what an export wrote, and so tells its folder from all others."""

_PACKAGE = Path(__file__).parent
_SECTION = 2  # the level of the headings that divide a lesson
_MINUTES = re.compile(r"\s*\((\d+) minutes?\)$")
_STEP = ("Previous: ", "Next: ")  # how the links of a notebook to its neighbours begin

Token = dict[str, Any]
"""A piece of parsed Markdown, as mistune gives it."""


class ExportError(Exception):
    """The course cannot be exported; the message says which file is to blame, and the remedy."""


def export(course: Path, out: Path) -> Path:
    """Write the pages of a course.

    All of them are made before the first file is written, and each file is written whole or not at all.

    Args:
        course: the folder that holds ``README.md`` and ``notebooks/``.
        out: a folder that is new, empty, or was made by an earlier export.

    Returns:
        The page to open first.

    Raises:
        ExportError: a lesson is not stored with its outputs, or cannot be shown; or ``out`` holds files that are
            not ours. Nothing is written then.
    """
    earlier = _written_earlier(out)
    files = pages(course)
    for name in sorted(files.keys() - earlier):
        if (out / name).exists():
            raise ExportError(f"{out / name} was not made by an export, and would be lost: move it away first")
    # The list goes first: after an export that was broken off, all that it wrote is known as ours.
    _write_manifest(out, files.keys() | earlier)
    for name, content in files.items():
        replace_file(out / name, content)
    for name in earlier - files.keys():
        (out / name).unlink(missing_ok=True)
    _write_manifest(out, files.keys())
    return out / INDEX


def pages(course: Path) -> dict[str, bytes]:
    """All files of the export: their contents by their names, relative to its folder, the index last.

    Raises:
        ExportError: see :func:`export`.
    """
    paths = lessons(course / "notebooks")
    links = {path.resolve(): f"{path.stem}.html" for path in paths} | {(course / "README.md").resolve(): INDEX}
    files: dict[str, bytes] = {}
    read = [_read_lesson(path, _Renderer(path, course, links, files)) for path in paths]
    readme = course / "README.md"
    front = _read_front(readme, _Renderer(readme, course, links, files))

    styles = (_PACKAGE / "templates" / "style.css", _PACKAGE / "quiz.css")
    files["style.css"] = "\n".join(path.read_text(encoding="utf-8") for path in styles).encode()
    templates = _templates()
    for before, lesson, after in zip([None, *read[:-1]], read, [*read[1:], None], strict=True):
        page = templates.get_template("lesson.html.jinja")
        files[lesson.page] = page.render(front=front, lesson=lesson, before=before, after=after).encode()
    files[INDEX] = templates.get_template("index.html.jinja").render(front=front, lessons=read).encode()
    return files


# The folder -----------------------------------------------------------------------------------------------


def _written_earlier(out: Path) -> set[str]:
    """The names of the files that an earlier export wrote into ``out``."""
    if out.exists() and not out.is_dir():
        raise ExportError(f"{out} is a file: name a folder for the pages")
    try:
        names = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if out.is_dir() and any(out.iterdir()):
            raise ExportError(
                f"{out} holds files that no export made: name a new or an empty folder for the pages"
            ) from None
        return set()
    except ValueError as error:
        raise ExportError(f"{out / MANIFEST} is damaged: delete {out}, or name another folder") from error
    return {name for name in names if _is_inside(name)}


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _write_manifest(out: Path, names: Iterable[str]) -> None:
    replace_file(out / MANIFEST, (json.dumps(sorted(names), indent=1) + "\n").encode())


def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("vaecourse"),
        autoescape=jinja2.select_autoescape(["html.jinja"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    module = script(_PACKAGE / "quiz.js")
    environment.globals["quiz_js"] = re.sub(r"^export default\b", "const quizModule =", module, flags=re.MULTILINE)
    environment.globals["page_js"] = (_PACKAGE / "templates" / "page.js").read_text(encoding="utf-8")
    return environment


# What is read ---------------------------------------------------------------------------------------------


@dataclass
class Section:
    """What stands between two headings of a lesson. Texts are HTML."""

    id: str
    title: str
    minutes: int | None
    body: list[str] = field(default_factory=list)


@dataclass
class Lesson:
    """A lesson as its page shows it. Texts are HTML."""

    page: str
    source: str
    title: str
    intro: list[str]
    sections: list[Section]
    quizzes: dict[str, dict[str, Any]]
    """What each live quiz shows, by the id of its place on the page."""


@dataclass(frozen=True)
class Entry:
    """What the map says of a lesson. Texts are HTML."""

    about: str
    minutes: str
    exercises: str


@dataclass(frozen=True)
class Front:
    """The course as README.md introduces it. Texts are HTML."""

    title: str
    intro: str
    entries: Mapping[str, Entry]
    """By the lesson's page."""


def _read_lesson(path: Path, renderer: "_Renderer") -> Lesson:
    lesson = Lesson(f"{path.stem}.html", f"notebooks/{path.name}", path.stem, [], [], {})
    body = lesson.intro
    for cell in read_notebook(path).cells:
        if cell.cell_type == "code" and cell.source.strip():
            body.append(_code_cell(cell, lesson, renderer))
        if cell.cell_type != "markdown":
            continue
        for token in renderer.parse(cell.source):
            level = token["attrs"]["level"] if token["type"] == "heading" else None
            if level == 1:
                lesson.title = renderer.inline(token)
            elif level == _SECTION:
                lesson.sections.append(_section(token, renderer))
                body = lesson.sections[-1].body
            elif not _is_steps(token):
                body.append(renderer.block(token))
    return lesson


def _section(heading: Token, renderer: "_Renderer") -> Section:
    title = renderer.inline(heading)
    minutes = _MINUTES.search(title)
    return Section(slug(_plain(heading)), _MINUTES.sub("", title), int(minutes[1]) if minutes else None)


def _is_steps(token: Token) -> bool:
    """Whether it is a line of links to the lessons before and after, for which a page has its own place."""
    if token["type"] != "paragraph":
        return False
    links = [child for child in token["children"] if child["type"] == "link"]
    between = [child.get("raw", "?").strip() for child in token["children"] if child["type"] != "link"]
    return set(between) <= {"", "·"} and any(_plain(link).startswith(_STEP) for link in links)


def _read_front(path: Path, renderer: "_Renderer") -> Front:
    """The beginning of README.md, and its section "The map".

    Raises:
        ExportError: it is not there, or has no map.
    """
    try:
        tokens = renderer.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ExportError(f"{path} is missing: the first page is made from it") from error
    titles, intro, table = [], [], None
    for token in tokens:
        if token["type"] == "heading":
            titles.append(_plain(token))
        elif len(titles) == 1:
            intro.append(renderer.block(token))
        elif token["type"] == "table" and titles[-1:] == ["The map"]:
            table = token
    if table is None:
        raise ExportError(f'{path.name} has no section "The map" with a table of the lessons')
    return Front(titles[0], "".join(intro), dict(_entries(table, renderer)))


def _entries(table: Token, renderer: "_Renderer") -> Iterable[tuple[str, Entry]]:
    head, body = table["children"]
    columns = [_plain(cell) for cell in head["children"]]
    for row in body["children"]:
        cells = dict(zip(columns, row["children"], strict=True))
        about, minutes, exercises = (
            renderer.inline(cells[name]) if name in cells else ""
            for name in ("what you find out", "minutes", "exercises")
        )
        for link in _links(cells.get("lesson", {})):
            yield renderer.target(link["attrs"]["url"]), Entry(about, minutes, exercises)


def _links(token: Token) -> Iterable[Token]:
    return [child for child in token.get("children", []) if child["type"] == "link"]


def _plain(token: Token) -> str:
    """The text of a token without its markup."""
    return token.get("raw", "") + "".join(map(_plain, token.get("children", [])))


def slug(heading: str) -> str:
    """The id of a heading, from its text or from JupyterLab's own link to it.

    >>> slug("How large a code? (8 minutes)"), slug("How-large-a-code?-(8-minutes)")
    ('how-large-a-code', 'how-large-a-code')
    """
    words = re.sub(r"\W+", "-", heading.lower()).strip("-")
    return re.sub(r"-\d+-minutes?$", "", words)


# Markdown and formulas ------------------------------------------------------------------------------------


class _Renderer(mistune.HTMLRenderer):
    """The Markdown of one file as HTML: its formulas as MathML, its links leading to pages.

    Args:
        path: the file.
        course: the course's folder.
        links: the pages that there will be, by the file that each is made from.
        files: takes the pictures that the page needs.
    """

    def __init__(self, path: Path, course: Path, links: Mapping[Path, str], files: dict[str, bytes]) -> None:
        super().__init__(escape=False)
        self._path, self._course, self._links, self._files = path, course, links, files
        self._parser = MarkdownWithMath(self)  # it also teaches this renderer what a table is
        self._parser.renderer = None  # and gives tokens from now on

    def parse(self, markdown: str) -> list[Token]:
        return self._parser.parse(markdown)[0]

    def block(self, token: Token) -> str:
        return self.render_token(token, mistune.BlockState())

    def inline(self, token: Token) -> str:
        """What stands in a heading or a cell of a table."""
        return self.render_tokens(token["children"], mistune.BlockState())

    def problem(self, text: str) -> ExportError:
        return ExportError(f"{self._path.name}: {text}")

    # mistune calls the following by the types of its tokens.

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        return f'<h{level} id="{slug(html.unescape(mistune.util.striptags(text)))}">{text}</h{level}>\n'

    def paragraph(self, text: str) -> str:
        asks = re.match(r"<strong>(Predict|Play)\.", text)
        return f'<p class="{asks[1].lower()}">{text}</p>\n' if asks else super().paragraph(text)

    def inline_math(self, body: str) -> str:
        return self._mathml(body, block=False)

    def block_math(self, body: str) -> str:
        # A span, for it may stand within a paragraph.
        formula = self._mathml(body, block=True)
        return f'<span class="formula scroll">{formula}</span>'

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")

    def block_code(self, code: str, info: str | None = None) -> str:
        return highlighted(code.rstrip("\n"), (info or "").strip())

    def table(self, text: str) -> str:
        return f'<div class="table scroll"><table>\n{text}</table></div>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        target = self.target(url)
        if target is None:
            return (
                f"{text} (<code>{html.escape(self._local(url).relative_to(self._course.resolve()).as_posix())}</code>)"
            )
        return super().link(text, target, title)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        if urlsplit(url).scheme:
            raise self.problem(f"the picture {url} is not a file of the course")
        name = "-".join(self._within_course(url))
        return self.picture(name, self._local(url).read_bytes(), mistune.util.striptags(text))

    def picture(self, name: str, content: bytes, alt: str) -> str:
        """A picture that takes at most the width of the page, and is shown alone when it is clicked.

        Raises:
            ExportError: the content is no picture.
        """
        try:
            with Image.open(io.BytesIO(content)) as image:
                width, height = image.size
        except OSError as error:
            raise self.problem(f"the picture {name} cannot be read: {error}") from error
        source = f"figures/{name}"
        self._files[source] = content
        size = f'width="{width}" height="{height}"'
        return (
            f'<a class="figure" href="{source}"><img src="{source}" alt="{html.escape(alt)}" {size} loading="lazy"></a>'
        )

    def target(self, url: str) -> str | None:
        """Where a link leads on the pages; ``None`` for a file of the course that has no page.

        Raises:
            ExportError: there is no such file.
        """
        parts = urlsplit(url)
        if parts.scheme:
            return url
        fragment = f"#{slug(unquote(parts.fragment))}" if parts.fragment else ""
        if not parts.path:
            return fragment
        page = self._links.get(self._local(url))
        return page and page + fragment

    def _local(self, url: str) -> Path:
        file = (self._path.parent / unquote(urlsplit(url).path)).resolve()
        if not file.exists() or not file.is_relative_to(self._course.resolve()):
            raise self.problem(f"{url} is not a file of the course")
        return file

    def _within_course(self, url: str) -> tuple[str, ...]:
        return self._local(url).relative_to(self._course.resolve()).parts

    def _mathml(self, formula: str, block: bool) -> str:
        try:
            return mathml(formula, block)
        except ValueError as error:
            raise self.problem(str(error)) from error


def highlighted(code: str, language: str) -> str:
    """Code as HTML: its parts are marked for the colours in ``style.css``, if the language is known."""
    try:
        inner = pygments.highlight(code, get_lexer_by_name(language), HtmlFormatter(nowrap=True))
    except ClassNotFound:
        inner = html.escape(code)
    return f'<pre class="code scroll"><code>{inner.rstrip()}</code></pre>\n'


# Cells of code --------------------------------------------------------------------------------------------


def _code_cell(cell: nbformat.NotebookNode, lesson: Lesson, renderer: _Renderer) -> str:
    if cell.execution_count is None:
        raise renderer.problem(f"cell {cell.id!r} is stored without having been run: run `vaecourse course --store`")
    if asked := quiz_call(cell.source):
        return _quiz(cell, asked, lesson, renderer)
    outputs = [_output(output, f"{lesson.page[:-5]}-{cell.id}-{n}", renderer) for n, output in enumerate(cell.outputs)]
    return highlighted(cell.source, "ipython3") + "".join(outputs)


def _output(output: nbformat.NotebookNode, name: str, renderer: _Renderer) -> str:
    """One output of a cell, in the richest form that a page can show."""
    if output.output_type == "error":
        raise renderer.problem(f"{name} stores an error, {output.ename}: mend the cell, run `vaecourse course --store`")
    data = output.get("data", {})
    if "image/png" in data:
        alt = output.metadata.get("image/png", {}).get("alt") or "What the cell above draws."
        return renderer.picture(f"{name}.png", base64.b64decode(data["image/png"]), alt)
    if "text/html" in data:
        return f'<div class="output scroll">{data["text/html"]}</div>\n'
    text = strip_ansi(output.get("text") or data.get("text/plain", "")).rstrip()
    return f'<pre class="output scroll">{html.escape(text)}</pre>\n' if text else ""


def quiz_call(source: str) -> tuple[str, str] | None:
    """The lesson and the name of the quiz that a cell shows by ``quiz("01", "before")``, if it does."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:  # it has a line for IPython in it, such as %time
        return None
    for node in nodes:
        match node:
            case ast.Call(
                func=ast.Name(id="quiz"), args=[ast.Constant(value=str(lesson)), ast.Constant(value=str(name))]
            ):
                return lesson, name
    return None


def _quiz(cell: nbformat.NotebookNode, asked: tuple[str, str], lesson: Lesson, renderer: _Renderer) -> str:
    """The printed quiz, at the place that a browser with scripts fills with the live one."""
    printed = [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]
    if not printed:
        raise renderer.problem(f"cell {cell.id!r} is stored without its quiz: run `vaecourse course --store`")
    try:
        content = live_content(load_quiz(*asked))
    except ValueError as error:
        raise renderer.problem(str(error)) from error
    place = f"quiz-{cell.id}"
    lesson.quizzes[place] = content
    return f'<div class="quiz" id="{place}">{printed[0]}</div>\n'
