"""The exported pages in Chromium: opened from the disk, without a network, on a phone and on a desktop."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect

from vaecourse.export import export
from vaecourse.quiz import live_content
from vaecourse.quizzes import load_quiz

ROOT = Path(__file__).parents[2]
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 860}
NAMES = ["index", *sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))]
LESSON = "01_autoencoder"

# The text with the least contrast to what is behind it, for each of the elements: WCAG 2.2, 1.4.3.
CONTRAST = """selector => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (node) => {
    const colour = numbers(getComputedStyle(node).backgroundColor);
    return colour[3] === 0 ? behind(node.parentElement) : colour;
  };
  const lowest = {};
  for (const node of document.querySelectorAll(selector)) {
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) continue;
    const [a, b] = [light(numbers(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const name = `${node.localName}.${node.className}`;
    lowest[name] = Math.min(lowest[name] ?? 21, ratio);
  }
  return lowest;
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return export(ROOT, tmp_path_factory.mktemp("pages") / "html").parent


@pytest.fixture
def visit(browser: Browser, folder: Path) -> Iterator[Callable[..., Page]]:
    """Open a page as a double click on its file does. It must ask for nothing that is not there, and log no error."""
    contexts, problems = [], []

    def note_failure(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the reader went on before a picture was there
            problems.append(f"{request.url}: {request.failure}")

    def visit(name: str, viewport: dict[str, int] = DESKTOP, **options) -> Page:
        contexts.append(browser.new_context(viewport=viewport, **options))
        contexts[-1].set_offline(True)
        page = contexts[-1].new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("requestfailed", note_failure)
        page.goto((folder / f"{name}.html").as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert problems == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_page_fits_the_screen_and_shows_its_figures(visit, name, viewport):
    page = visit(name, viewport)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    for image in page.locator("main > * img, section img").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 0
        box = image.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= viewport["width"]


@pytest.mark.parametrize("name", NAMES[1:])
def test_formulas_are_drawn_and_long_ones_scroll_in_their_own_box(visit, name):
    page = visit(name, PHONE)
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
    sizes = page.evaluate(
        "[...document.querySelectorAll('main math')].filter(math => math.checkVisibility())"
        ".map(math => [math.getBoundingClientRect().width, math.getBoundingClientRect().height])"
    )
    assert all(width > 4 and height > 4 for width, height in sizes)
    assert len(sizes) == page.locator("main math").count()
    boxes = page.evaluate(
        "[...document.querySelectorAll('main .scroll')].map("
        "box => [box.clientWidth, box.scrollWidth, box.tabIndex, getComputedStyle(box).overflowX])"
    )
    assert all(overflow == "auto" for *_, overflow in boxes)
    page.wait_for_timeout(100)
    assert all((tab == 0) == (scroll > client) for client, scroll, tab, _ in boxes)
    assert name != LESSON or any(scroll > client for client, scroll, *_ in boxes)


def test_the_beginning_of_a_long_formula_is_in_reach(visit):
    starts = visit(LESSON, PHONE).evaluate(
        "[...document.querySelectorAll('.formula')].map("
        "box => box.firstElementChild.getBoundingClientRect().x - box.getBoundingClientRect().x)"
    )
    assert all(start >= 0 for start in starts)


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("name", NAMES[1:])
def test_nothing_scrolls_up_and_down_in_a_box(visit, name, viewport):
    heights = visit(name, viewport).evaluate(
        "[...document.querySelectorAll('main .scroll')].map(box => [box.scrollHeight, box.clientHeight])"
    )
    assert [(whole, seen) for whole, seen in heights if whole > seen] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_all_text_can_be_read(visit, name, scheme):
    page = visit(name, color_scheme=scheme)
    red, *_ = map(int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor")))
    assert (red < 64) == (scheme == "dark")
    lowest = page.evaluate(CONTRAST, "body *:not(script, style, math, math *)")
    assert {element: ratio for element, ratio in lowest.items() if ratio < 4.5} == {}
    assert name != LESSON or {"span.k", "span.c1", "span.s2", "span.mi", "span.nf"} <= set(lowest)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_everybody_can_use_a_page(visit, name, scheme):
    page = visit(name, PHONE, color_scheme=scheme)
    # Preloading would ask for the style sheet a second time; of what is well, axe would list every node.
    found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()


def test_previous_next_and_the_index(visit):
    page = visit("index")
    for name in NAMES[1:]:
        page.get_by_role("link", name=re.compile(rf"^{name[:2]} ")).click()
        assert Path(page.url).stem == name
        page.get_by_role("link", name="vaecourse").click()
    page.locator(".map a").first.click()
    for name in NAMES[2:]:
        page.locator(".ends [rel=next]").click()
        assert Path(page.url).stem == name
    expect(page.locator("[rel=next]")).to_have_count(0)
    for name in reversed(NAMES[1:-1]):
        page.locator(".bar [rel=prev]").click()
        assert Path(page.url).stem == name


def test_the_contents_are_folded_on_a_phone_and_follow_the_reader_on_a_desktop(visit):
    contents = visit(LESSON, PHONE).locator(".contents")
    expect(contents.get_by_role("link").first).to_be_hidden()
    contents.locator("summary").click()
    contents.get_by_role("link", name="Summary").click()
    expect(contents.page.locator("#summary h2")).to_be_in_viewport()

    page = visit(LESSON)
    page.locator(".contents").get_by_role("link", name="Gaps").click()
    expect(page.locator(".contents [aria-current]")).to_have_text("Gaps")
    bar = page.locator(".bar").bounding_box()
    assert page.locator("#gaps h2").bounding_box()["y"] >= bar["y"] + bar["height"]


def test_a_quiz_answers_the_mouse(visit):
    question = live_content(load_quiz("01", "before"))["questions"][0]
    right = [option["right"] for option in question["options"]].index(True)
    page = visit(LESSON)
    form = page.locator(".quiz form").first
    options, said = form.get_by_role("radio"), form.get_by_role("status")
    form.get_by_text("Check answer").click()
    expect(said).to_have_text("Choose an option first.")
    options.nth(right - 1).check()
    form.get_by_text("Check answer").click()
    expect(said).to_contain_text("Not quite.")
    options.nth(right).check()
    form.get_by_text("Check answer").click()
    expect(said).to_contain_text("Right.")
    expect(page.locator(".quiz").first).to_contain_text("Score: 1 of 3, 0 at the first try.")
    expect(page.locator(".quiz").first).not_to_contain_text("Answer to question")
    expect(page.locator(".quiz").nth(1)).not_to_contain_text("Score")
    page.locator(".quiz").first.get_by_text("Start again").click()
    expect(said).to_have_text("")


def test_a_quiz_answers_the_keyboard(visit):
    question = live_content(load_quiz("01", "before"))["questions"][0]
    right = [option["right"] for option in question["options"]].index(True)
    page = visit(LESSON, PHONE)
    form = page.locator(".quiz form").first
    form.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    for _ in range(right):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(form.get_by_role("status")).to_contain_text("Right.")


def test_without_scripts_there_is_a_printed_quiz(visit):
    page = visit(LESSON, PHONE, java_script_enabled=False)
    printed = page.locator(".quiz").first
    expect(printed).to_contain_text("Answer to question 1")
    expect(printed.get_by_role("radio")).to_have_count(0)
    answer = printed.locator("details").first
    expect(answer.locator("blockquote")).to_be_hidden()
    answer.locator("summary").click()
    expect(answer.locator("blockquote")).to_be_visible()


def test_a_figure_is_shown_alone_when_it_is_clicked(visit):
    page = visit(LESSON, PHONE)
    page.locator("a.figure").first.click()
    assert page.url.endswith(".png")


def test_the_contents_mark_a_section_whose_heading_is_not_ascii(browser, tmp_path):
    new = nbformat.v4
    text = "# 00 A\n\n## Why log σ²\n\n" + "A paragraph.\n\n" * 60
    (tmp_path / "notebooks").mkdir()
    nbformat.write(new.new_notebook(cells=[new.new_markdown_cell(text)]), tmp_path / "notebooks" / "00_a.ipynb")
    table = "| lesson | minutes |\n|---|---|\n| [00 A](notebooks/00_a.ipynb) | 1 |\n"
    (tmp_path / "README.md").write_text(f"# Course\n\nText.\n\n## The map\n\n{table}")
    page = browser.new_page(viewport=DESKTOP)
    page.goto((export(tmp_path, tmp_path / "html").parent / "00_a.html").as_uri())
    page.locator("h2").evaluate("heading => scrollTo(0, heading.offsetTop)")
    expect(page.locator(".contents a", has_text="σ")).to_have_attribute("aria-current", "true")
    page.close()
