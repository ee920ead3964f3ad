"""The course as pages: what stands on them, where their links lead, and what an export does to a folder."""

import base64
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from PIL import Image

from vaecourse import cli, course, export
from vaecourse.course import lessons
from vaecourse.export import ExportError, pages, quiz_call, slug

ROOT = Path(__file__).parents[2]
README = """# Title

First paragraph.

## The map

| lesson | what you find out | minutes | exercises |
|---|---|---|---|
| [00 A](notebooks/00_start_here.ipynb) | one *thing* | 10 | |
| [01 B](notebooks/01_b.ipynb) | two | 20 | [3 tasks](exercises/01_b.ipynb) |
"""


class Page(HTMLParser):
    """What the tests ask of a page: its tags with their attributes, and its text without scripts and styles."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._inside: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag in {"script", "style", "pre", "code"}:
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside:
            self.text += data

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]

    def all(self, tag: str, name: str) -> list[str]:
        return [attributes[name] for found, attributes in self.tags if found == tag and name in attributes]


def png(width: int = 4, height: int = 2) -> str:
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


new = nbformat.v4


def ran(source: str, *outputs, id: str = "cell"):
    return new.new_code_cell(source, id=id, execution_count=1, outputs=list(outputs))


def shown(data: dict, alt: str | None = None):
    return new.new_output("display_data", data, metadata={"image/png": {"alt": alt}} if alt else {})


@pytest.fixture
def make(tmp_path) -> Callable[..., Path]:
    """Write a course whose lesson 01 has the given cells (texts are Markdown), and say where it is."""

    def write(*cells, readme: str = README) -> Path:
        folder = tmp_path / "course"
        for name in ("notebooks", "exercises"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "exercises" / "01_b.ipynb").write_text("{}")
        (folder / "README.md").write_text(readme, encoding="utf-8")
        own = [new.new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
        for name, content in (("00_start_here", [new.new_markdown_cell("# 00 A\n\n## The map")]), ("01_b", own)):
            nbformat.write(new.new_notebook(cells=content), folder / "notebooks" / f"{name}.ipynb")
        return folder

    return write


@pytest.fixture
def lesson(make) -> Callable[..., str]:
    """The page of a lesson with the given cells."""
    return lambda *cells: pages(make(*cells))["01_b.html"].decode()


# The course itself ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported() -> dict[str, bytes]:
    return pages(ROOT)


@pytest.fixture(scope="module")
def parsed(exported) -> dict[str, Page]:
    return {name: Page(content.decode()) for name, content in exported.items() if name.endswith(".html")}


def test_every_lesson_has_a_page(parsed):
    assert set(parsed) == {"index.html", *(f"{path.stem}.html" for path in lessons(ROOT / "notebooks"))}


def test_all_links_and_pictures_are_there(exported, parsed):
    ids = {
        name: {attributes["id"] for _, attributes in page.tags if "id" in attributes} for name, page in parsed.items()
    }
    for name, page in parsed.items():
        for link in page.all("a", "href"):
            if "://" in link:
                continue
            target, _, fragment = link.partition("#")
            assert (target or name) in exported, f"{name}: {link}"
            assert not fragment or fragment in ids[target or name], f"{name}: {link}"
        for source in page.all("img", "src"):
            assert source in exported or source.startswith("data:image/png;base64,"), f"{name}: {source[:80]}"


def test_nothing_is_asked_of_the_network(exported, parsed):
    for page in parsed.values():
        assert page.all("script", "src") == []
        assert set(page.all("link", "href")) == {"data:,", "style.css"}
    assert not re.search(r"@import|url\(", exported["style.css"].decode())


def test_every_formula_is_mathml(parsed):
    for name, page in parsed.items():
        assert "$" not in page.text.replace("$env:", ""), name
        assert "\\" not in page.text, name
    cells = course.read_notebook(ROOT / "notebooks" / "01_autoencoder.ipynb").cells
    markdown = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    written = re.findall(r"\$\$.+?\$\$|\$[^$]+\$", markdown)
    assert sum(tag == "math" for tag, _ in parsed["01_autoencoder.html"].tags) == len(written) > 30


def test_every_picture_has_alt_text_and_a_size(parsed):
    pictures = [attributes for page in parsed.values() for tag, attributes in page.tags if tag == "img"]
    figures = [picture for picture in pictures if picture["src"].startswith("figures/")]
    assert figures
    for picture in figures:
        assert len(picture["alt"]) > 20
        assert int(picture["width"]) > 0
        assert int(picture["height"]) > 0


def test_ids_are_unique(parsed):
    for name, page in parsed.items():
        assert len(page.ids) == len(set(page.ids)), name


def test_the_index_leads_to_all_lessons_in_order(parsed):
    links = [link for link in parsed["index.html"].all("a", "href") if re.match(r"\d\d_", link)]
    assert links == sorted(name for name in parsed if name != "index.html")


def test_the_pages_say_nothing_of_this_machine(exported):
    for name, content in exported.items():
        if not name.endswith(".png"):
            assert str(ROOT) not in content.decode(), name


# What stands on a page ------------------------------------------------------------------------------------


def test_a_lesson_is_divided_by_its_headings(lesson):
    source = lesson(
        "# 01 B\n\nBefore.", "## One `x` (5 minutes)\n\nText.\n\n### Deeper\n\n## Two\n\nMore.", ran("a = 1")
    )
    sections = re.findall(r'<section id="([\w-]+)".*?</section>', source, re.DOTALL)
    assert sections == ["one-x", "two"]
    assert re.search(r"<h1>01 B</h1>\s*<p>Before.</p>", source)
    one, two = re.findall(r"<section .*?</section>", source, re.DOTALL)
    assert "<h2" in one
    assert "<small>5 minutes</small>" in one
    assert '<h3 id="deeper">Deeper</h3>' in one
    assert "More." in two
    assert '<pre class="code' in two
    contents = re.search(r'<nav aria-label="Sections.*?</nav>', source, re.DOTALL)[0]
    assert re.findall(r'href="#([\w-]+)"', contents) == ["one-x", "two"]


def test_neighbours_are_linked_at_both_ends_and_not_a_third_time(lesson):
    steps = "[Previous: 00 A](00_start_here.ipynb) · [Contents](00_start_here.ipynb#The-map)"
    page = Page(lesson(f"# 01 B\n\n{steps}\n\nText.", f"## End\n\nMore.\n\n{steps}"))
    assert page.all("a", "href").count("00_start_here.html") == 2
    assert page.all("a", "rel") == ["prev", "prev"]
    assert "Contents" not in page.text


@pytest.mark.parametrize(
    ("link", "href"),
    [
        ("[a](00_start_here.ipynb)", "00_start_here.html"),
        ("[a](00_start_here.ipynb#The-map)", "00_start_here.html#the-map"),
        ("[a](../notebooks/00_start_here.ipynb)", "00_start_here.html"),
        ("[a](../README.md)", "index.html"),
        ("[a](#One-(2-minutes))", "#one"),
        ("[a](https://example.org/x.ipynb)", "https://example.org/x.ipynb"),
    ],
)
def test_links_lead_to_pages(lesson, link, href):
    assert href in Page(lesson(f"# 01 B\n\n## One (2 minutes)\n\nText {link}.")).all("a", "href")


def test_a_file_without_a_page_is_named_and_not_linked(lesson):
    source = lesson("# 01 B\n\nSee [exercise 01](../exercises/01_b.ipynb).")
    assert "<p>See exercise 01 (<code>exercises/01_b.ipynb</code>).</p>" in source


def test_outputs_in_the_richest_form_that_a_page_can_show(lesson):
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "Slider: <run it>"}
    source = lesson(
        ran("print(1)", new.new_output("stream", name="stdout", text="\x1b[31mred\x1b[0m < 2\n"), id="a"),
        ran("show(f)", shown({"image/png": png(), "text/plain": "<Image>"}, 'A "line".'), id="b"),
        ran("table", shown({"text/html": "<table><tr><td>7</td></tr></table>", "text/plain": "7"}), id="c"),
        ran("slider", new.new_output("execute_result", widget, execution_count=1), id="d"),
        ran("plot(1)", shown({"image/png": png()}), id="e"),
        ran("quiet()", shown({}), id="f"),
    )
    assert '<pre class="output scroll">red &lt; 2</pre>' in source
    assert '<img src="figures/01_b-b-0.png" alt="A &quot;line&quot;." width="4" height="2"' in source
    assert '<div class="output scroll"><table><tr><td>7</td></tr></table></div>' in source
    assert '<pre class="output scroll">Slider: &lt;run it&gt;</pre>' in source
    assert 'alt="What the cell above draws."' in source
    assert source.count("output scroll") == 3


def test_code_is_marked_for_colours_and_keeps_its_signs(lesson):
    source = lesson(ran("for i in range(2):\n    print(i < 1)  # <b>"), "```python\nimport os\n```\n\n```\na < b\n```")
    assert '<span class="k">for</span>' in source
    assert "&lt;b&gt;" in source
    assert '<span class="kn">import</span>' in source
    assert "<code>a &lt; b</code>" in source


def test_predictions_stand_out(lesson):
    assert '<p class="predict"><strong>Predict.</strong> What?</p>' in lesson("**Predict.** What?")


def test_pictures_of_the_course_come_along(make):
    folder = make("# 01 B\n\n![A wide picture](../docs/p.png)")
    (folder / "docs").mkdir()
    (folder / "docs" / "p.png").write_bytes(base64.b64decode(png(9, 3)))
    files = pages(folder)
    assert files["figures/docs-p.png"] == base64.b64decode(png(9, 3))
    assert 'alt="A wide picture" width="9" height="3"' in files["01_b.html"].decode()


def test_a_quiz_is_live_and_has_its_printed_form_for_readers_without_scripts(lesson):
    printed = shown({"text/html": "<p>printed quiz</p>", "text/plain": "Quiz"})
    source = lesson("# 01 B", ran('from vaecourse.quiz import quiz\n\nquiz("01", "before")', printed, id="ask"))
    assert '<div class="quiz" id="quiz-ask"><p>printed quiz</p></div>' in source
    content = json.loads(re.search(r"^const quizzes = (.*);$", source, re.MULTILINE)[1])
    assert list(content) == ["quiz-ask"]
    assert len(content["quiz-ask"]["questions"]) == 3
    assert "from vaecourse.quiz" not in source
    assert source.count("</script>") == source.count("<script")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('quiz("01", "before")', ("01", "before")),
        ('from vaecourse.quiz import quiz\nquiz("03", "after")', ("03", "after")),
        ("quiz(lesson, name)", None),
        ('other("01", "before")', None),
        ("%time quiz", None),
    ],
)
def test_the_quiz_of_a_cell(source, found):
    assert quiz_call(source) == found


@pytest.mark.parametrize(
    ("heading", "id"),
    [
        ("How large a code? (8 minutes)", "how-large-a-code"),
        ("How-large-a-code?-(8-minutes)", "how-large-a-code"),
        ("Units (1 minute)", "units"),
        ("In 10 minutes more", "in-10-minutes-more"),
    ],
)
def test_ids_of_headings(heading, id):
    assert slug(heading) == id


def test_the_index_shows_readme_and_map(make):
    source = pages(make("# 01 B"))["index.html"].decode()
    assert "<h1>Title</h1>" in source
    assert "<p>First paragraph.</p>" in source
    assert "one <em>thing</em>" in source
    assert "20 minutes · exercise: 3 tasks (<code>exercises/01_b.ipynb</code>)" in source


def test_a_lesson_that_the_map_does_not_name_is_listed_all_the_same(make):
    source = pages(make("# 01 B", readme=README.replace("notebooks/01_b.ipynb", "README.md")))["index.html"].decode()
    assert '<a href="01_b.html">01 B</a>' in source


# What cannot be exported ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (new.new_code_cell("1 + 1", id="c"), r"01_b.ipynb: cell 'c' is stored without having been run: run `vaecourse"),
        (ran("quiz('01', 'before')", id="c"), "cell 'c' is stored without its quiz: run `vaecourse course --store`"),
        (ran("quiz('01', 'no')", shown({"text/html": "x"})), r"01_b.ipynb: .*no"),
        (
            ran("1 / 0", new.new_output("error", ename="ZeroDivisionError", evalue="", traceback=[])),
            "ZeroDivisionError",
        ),
        (ran("show(f)", shown({"image/png": base64.b64encode(b"no").decode()}, "A")), "01_b-cell-0.png cannot be read"),
        ("[a](missing.ipynb)", "01_b.ipynb: missing.ipynb is not a file of the course"),
        ("[a](../../secret.txt)", "is not a file of the course"),
        ("![a](missing.png)", "missing.png is not a file of the course"),
        ("![a](https://example.org/a.png)", "is not a file of the course"),
        (r"$\nonsense$", r"01_b.ipynb: the formula \$\\nonsense\$"),
    ],
)
def test_what_cannot_be_shown_is_named_and_nothing_is_written(make, tmp_path, cell, message):
    (tmp_path / "secret.txt").write_text("")
    folder = make("# 01 B", cell)
    with pytest.raises(ExportError, match=message):
        export.export(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_map_is_needed(make):
    with pytest.raises(ExportError, match=r'README\.md has no section "The map"'):
        pages(make("# 01 B", readme="# Title\n"))
    folder = make("# 01 B")
    (folder / "README.md").unlink()
    with pytest.raises(ExportError, match=r"README\.md is missing"):
        pages(folder)


# The folder -----------------------------------------------------------------------------------------------


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_second_export_replaces_the_first_and_leaves_other_files_alone(make, tmp_path):
    out = tmp_path / "deep" / "out"
    figure = ran("show(f)", shown({"image/png": png()}, "A line."))
    assert export.export(make("# 01 B", figure), out) == out / "index.html"
    written = {"index.html", "style.css", "00_start_here.html", "01_b.html", export.MANIFEST}
    assert names(out) == written | {"figures/01_b-cell-0.png"}
    (out / "CNAME").write_text("mine")
    export.export(make("# 01 Changed"), out)
    assert names(out) == written | {"CNAME"}
    assert "01 Changed" in (out / "01_b.html").read_text(encoding="utf-8")


def test_files_that_are_not_ours_are_left_as_they_are(make, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError, match="holds files that no export made"):
        export.export(make("# 01 B"), out)
    assert names(out) == {"thesis.txt"}

    with pytest.raises(ExportError, match="is a file"):
        export.export(make("# 01 B"), out / "thesis.txt")
    (out / "thesis.txt").unlink()
    export.export(make("# 01 B"), out)  # an empty folder will do

    (out / "figures").mkdir()
    (out / "figures" / "01_b-cell-0.png").write_text("mine")
    with pytest.raises(ExportError, match=r"01_b-cell-0.png was not made by an export"):
        export.export(make("# 01 B", ran("show(f)", shown({"image/png": png()}, "A line."))), out)
    assert (out / "figures" / "01_b-cell-0.png").read_text() == "mine"


def test_a_list_of_files_cannot_lead_out_of_the_folder(make, tmp_path):
    out, other = tmp_path / "out", tmp_path / "mine.txt"
    other.write_text("mine")
    export.export(make("# 01 B"), out)
    ours = json.loads((out / export.MANIFEST).read_text())
    (out / export.MANIFEST).write_text(json.dumps([*ours, "../mine.txt", str(other)]))
    export.export(make("# 01 B"), out)
    assert other.read_text() == "mine"
    (out / export.MANIFEST).write_text("{")
    with pytest.raises(ExportError, match="is damaged"):
        export.export(make("# 01 B"), out)


def test_an_export_that_broke_off_can_be_repeated(make, tmp_path, monkeypatch):
    folder, out = make("# 01 B"), tmp_path / "out"
    write = export.replace_file

    def full(path, content):
        if path.name == "01_b.html":
            raise OSError("no space left")
        write(path, content)

    monkeypatch.setattr(export, "replace_file", full)
    with pytest.raises(OSError, match="no space left"):
        export.export(folder, out)
    monkeypatch.undo()
    assert not (out / "index.html").exists()
    export.export(folder, out)
    assert (out / "index.html").exists()


def test_the_same_course_gives_the_same_files(make):
    folder = make("# 01 B", "## One\n\n$x$")
    assert pages(folder) == pages(folder)


def test_the_command(make, tmp_path, monkeypatch):
    monkeypatch.chdir(make("# 01 B"))
    result = CliRunner().invoke(cli.main, ["html"])
    assert (result.exit_code, result.output) == (0, f"Open {Path('html', 'index.html')} in a browser.\n")
    assert (Path("html") / "01_b.html").is_file()
    result = CliRunner().invoke(cli.main, ["html", "--out", "notebooks"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: notebooks holds files that no export made")
