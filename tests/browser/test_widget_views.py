"""The browser's half of the widgets: a page with the widget's own script, and questions that the test answers."""

import base64
import json

import pytest
import torch
from torch import nn

from vaecourse.data import PictureDataset
from vaecourse.models import VAE, Autoencoder
from vaecourse.widgets import BetaSweep, Denoise, LabelStyle, LatentPlane, TwoGaussians

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>widget</title><body><script>
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const listeners = { "msg:custom": new Set(), comm_live_update: new Set() };
const asked = [];  // questions that have no answer yet
const removers = [];
async function mount(script, style, state, binary) {
  for (const name of binary) state[name] = bytes(state[name]);
  const model = {
    get: (name) => structuredClone(state[name]),
    on: (event, listener) => listeners[event].add(listener),
    off: (event, listener) => listeners[event].delete(listener),
    send: (question) => asked.push(structuredClone(question)),
  };
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  const { default: widget } = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const el = document.body.appendChild(document.createElement("div"));
  removers.push(widget.render({ model, el }));
}
const answer = (content, buffers) => listeners["msg:custom"].forEach((say) => say(content, buffers.map(bytes)));
const restart = () => listeners.comm_live_update.forEach((doubt) => doubt());
</script></body></html>"""


class Conditional(nn.Module):
    def encode(self, x, c):
        return x.flatten(1)[:, :3]

    def decode(self, z, c):
        return (z.mean(1) / 10 + 0.2 * c).clamp(0, 1).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)


def make(kind):
    torch.manual_seed(0)
    data = PictureDataset(torch.rand(20, 1, 8, 8), torch.arange(20) % 3, ["circle", "square", "star"])
    network = {"latent_dim": 2, "hidden": (16,), "picture_shape": (1, 8, 8)}
    inputs = {
        LatentPlane: lambda: (VAE(**network), data),
        Denoise: lambda: (Autoencoder(**network), data),
        TwoGaussians: lambda: (),
        BetaSweep: lambda: ({beta: VAE(**network) for beta in (0.1, 1.0, 4.0)}, data),
        LabelStyle: lambda: (Conditional(), data),
    }
    return kind(*inputs[kind]())


class View:
    """One or more views of a widget on a page. The kernel answers when the test says so."""

    def __init__(self, page, widget, views=1):
        self.page, self.widget = page, widget
        self.problems = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.set_content(PAGE)
        own = [name for name, trait in widget.traits(sync=True).items() if "vaecourse" in trait.this_class.__module__]
        state = {name: getattr(widget, name) for name in own}
        binary = [name for name, value in state.items() if isinstance(value, bytes)]
        state |= {name: base64.b64encode(state[name]).decode() for name in binary}
        for _ in range(views):
            page.evaluate(f"mount(...{json.dumps([str(widget._esm), str(widget._css), state, binary])})")

    def asked(self):
        """The questions that wait."""
        return self.page.evaluate("asked")

    def answer(self):
        """Let the kernel answer the oldest question."""
        sent = []
        self.widget.send = lambda content, buffers=(): sent.append((content, buffers))
        self.widget._handle_custom_msg(self.page.evaluate("asked.shift()"), [])
        ((content, buffers),) = sent
        buffers = [base64.b64encode(buffer).decode() for buffer in buffers]
        self.page.evaluate(f"answer({json.dumps(content)}, {json.dumps(buffers)})")
        return content

    def slide(self, place, name):
        """Move the slider of this label to a place, as a drag does."""
        slider = self.page.get_by_role("slider", name=name)
        slider.evaluate(f"node => {{ node.value = {place}; node.dispatchEvent(new Event('input')); }}")


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


KINDS = [LatentPlane, Denoise, TwoGaussians, BetaSweep, LabelStyle]


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_asks_and_shows_the_answer(page, kind):
    view = View(page, make(kind))
    view.answer()
    reading = page.locator("p[aria-live=polite]")
    if kind is LatentPlane:
        assert "Decoded picture at z = (" in page.locator("canvas").get_attribute("aria-label")
    else:
        control = view.widget.controls
        assert reading.inner_text() == view.widget.render(**{each.name: each.value for each in control}).reading
    drawn = page.evaluate(
        "[...document.querySelectorAll('canvas')].map(c => c.getContext('2d').getImageData(0, 0, 1, 1).data[3])"
    )
    assert set(drawn) <= {255}
    assert view.asked() == []
    assert view.problems == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_drag_asks_one_question_at_a_time_and_then_the_latest(page, kind):
    view = View(page, make(kind))
    slider = page.get_by_role("slider").first
    low, high = (float(slider.get_attribute(name)) for name in ("min", "max"))
    places = [low + share * (high - low) for share in (0, 0.5, 1, 0.5, 1)]
    for place in places:
        slider.evaluate(f"node => {{ node.value = {place}; node.dispatchEvent(new Event('input')); }}")
    assert len(view.asked()) == 1  # the first of all, from before the drag
    view.answer()
    (latest,) = view.asked()
    if kind is LatentPlane:
        assert latest["z"][0] == pytest.approx(high)
    else:
        control = next(control for control in view.widget.controls if slider.get_attribute("id").endswith(control.name))
        assert latest["values"][control.name] == [*getattr(control, "options", [high])][-1]
    view.answer()
    assert view.asked() == []


@pytest.mark.parametrize("kind", KINDS)
def test_two_views_of_a_widget_keep_to_themselves(page, kind):
    view = View(page, make(kind), views=2)
    assert len({question["view"] for question in view.asked()}) == 2
    view.answer()
    if kind is TwoGaussians:
        first, second = (page.locator("p[aria-live]").nth(n).inner_text() for n in (0, 1))
        assert first.startswith("KL(p‖q)")
        assert second == ""
    else:
        heights = page.evaluate("[...document.querySelectorAll('canvas')].map((canvas) => canvas.height)")
        assert set(heights[: len(heights) // 2]) == {8}
        assert set(heights[len(heights) // 2 :]) == {150}  # of a canvas that nothing was drawn on
    assert len(view.asked()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_question_is_shown_and_the_next_one_asked(page, kind, monkeypatch):
    view = View(page, make(kind))
    with monkeypatch.context() as broken:
        broken.setattr(type(view.widget), "answer", lambda *question: 1 / 0)
        view.answer()
    assert page.locator("p[aria-live]").inner_text() == "ZeroDivisionError: division by zero"
    page.get_by_role("slider").first.press("ArrowRight")
    view.answer()
    assert "Error" not in page.locator("p[aria-live]").inner_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_view_no_longer_listens(page, kind):
    view = View(page, make(kind))
    page.evaluate("removers.forEach((remove) => remove())")
    assert page.evaluate("Object.values(listeners).reduce((sum, some) => sum + some.size, 0)") == 0
    page.get_by_role("slider").first.press("ArrowRight")
    assert page.locator("[data-lm-suppress-shortcuts]").count() == 0
    assert view.problems == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_control_has_a_name_and_can_be_reached_by_keyboard(page, kind):
    view = View(page, make(kind))
    view.answer()
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        focus = page.evaluate("document.activeElement.closest('body > div') && document.activeElement.outerHTML")
        if focus is None or focus in reached:
            break
        reached.append(focus)
        focused = page.evaluate_handle("document.activeElement")
        page.keyboard.press("ArrowLeft")
        assert focused.evaluate("node => node.hasAttribute('data-lm-suppress-shortcuts')")  # the key stays here
    groups = page.locator("fieldset").count()
    assert len(reached) == page.get_by_role("slider").count() + page.get_by_role("button").count() + groups
    for role in ("slider", "radio", "button", "img"):
        for node in page.get_by_role(role).all():
            named = node.evaluate("n => n.ariaLabel || n.labels?.[0]?.innerText || n.innerText || n.alt")
            assert named, f"a {role} without a name"


def test_a_slider_of_choices_says_what_its_place_stands_for(page):
    view = View(page, make(BetaSweep))
    slider = page.get_by_role("slider", name="beta")
    assert slider.get_attribute("aria-valuetext") == "β = 1"
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "β = 0.1"
    assert page.locator("output").inner_text() == "β = 0.1"
    view.answer()
    assert view.asked()[0]["values"] == {"beta": 0.1}


def test_buttons_count_their_presses_and_radios_send_their_value(page):
    view = View(page, make(Denoise))
    view.answer()
    page.get_by_role("button", name="New noise").click()
    assert view.answer()["reading"] == view.widget.render(seed=1).reading
    page.get_by_role("radio", name="occlusion").check()
    assert view.asked()[0]["values"] == {"picture": 0, "kind": "occlusion", "level": 0.3, "seed": 1}


def test_sliders_move_along_with_the_style_of_a_picture(page):
    view = View(page, make(LabelStyle))
    view.answer()
    page.get_by_role("radio", name="star").check()
    view.answer()
    page.get_by_role("slider", name="style of").press("ArrowRight")
    view.slide(3, "z₂")  # while the kernel still works on the picture
    view.answer()
    (question,) = view.asked()
    assert question["values"] == {"label": 2, "picture": 1, **view.widget.style(1)}
    view.answer()
    for name, label in (("z1", "z₁"), ("z2", "z₂"), ("z3", "z₃")):
        value = view.widget.style(1)[name]
        slider = page.get_by_role("slider", name=label)
        assert float(slider.input_value()) == pytest.approx(value, abs=0.0251)
        assert slider.get_attribute("aria-valuetext") == f"{value:.2f}"
    assert page.locator("p[aria-live]").inner_text().startswith("Label star, in the style of picture 2")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [320, 420, 1000])
def test_a_widget_fits_a_narrow_page(page, kind, width):
    page.set_viewport_size({"width": width, "height": 600})
    View(page, make(kind)).answer()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for canvas in page.locator("canvas").all():  # square pictures stay square; a row of 8 has 71 x 8 pixels
        box = canvas.bounding_box()
        ratio = canvas.evaluate("node => node.width / node.height")
        assert box["width"] / box["height"] == pytest.approx(ratio, rel=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_hides_until_the_kernel_answers_again(page, kind):
    view = View(page, make(kind))
    view.answer()
    root = page.locator("body > div")
    assert root.is_visible()
    page.evaluate("restart()")
    assert root.is_hidden()
    view.answer()
    assert root.is_visible()
