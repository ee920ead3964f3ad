"""Every widget in JupyterLab: drawn, moved by hand, and never behind the hand."""

import pytest
from notebook_page import THEMES
from playwright.sync_api import expect

from vaecourse import widgets

SETUP = """
import torch
from torch import nn
from torch.nn import functional as F
from vaecourse import widgets
from vaecourse.data import load
from vaecourse.models import VAE, Autoencoder

data = load("strokes", split="test", n=200)
torch.manual_seed(0)

class Conditional(nn.Module):
    def __init__(self):
        super().__init__()
        self.flat = VAE(4, hidden=(32,))
        self.shift = nn.Embedding(10, 4)
    def encode(self, x, c):
        return self.flat.encode(x) + self.shift(c)
    def decode(self, z, c):
        return self.flat.decode(z + self.shift(c))
"""
BETAS = "(0.1, 1.0, 10.0)"
MADE = {
    "LatentPlane": "widgets.LatentPlane(Autoencoder(2, hidden=(32,)), data)",
    "Denoise": "widgets.Denoise(Autoencoder(16, hidden=(32,)), data)",
    "TwoGaussians": "widgets.TwoGaussians()",
    "BetaSweep": f"widgets.BetaSweep({{beta: VAE(4, hidden=(32,)) for beta in {BETAS}}}, data)",
    "LabelStyle": "widgets.LabelStyle(Conditional(), data)",
}
LAST_SLIDER = {
    "LatentPlane": "w.z[1]",
    "Denoise": "w.values['level']",
    "TwoGaussians": "w.values['sigma2']",
    "BetaSweep": f"{BETAS}.index(w.values['beta'])",
    "LabelStyle": "list(w.values.values())[-1]",
}
"""Where the kernel has what the last slider says."""
SHOWN = """root => [...root.querySelectorAll("canvas")].map(canvas => canvas.toDataURL()).join()
  + [...root.querySelectorAll("svg *")].map(mark => mark.outerHTML).join()"""


def test_every_widget_is_tried_here():
    assert sorted(MADE) == sorted(widgets.__all__)


@pytest.fixture(params=MADE)
def shown(opened, request):
    cells = {"widget": f"w = {MADE[request.param]}\nw", "last": f"print({LAST_SLIDER[request.param]})"}
    notebook = opened.write(request.param, setup=SETUP, **cells)
    notebook.run_all()
    notebook.cell("widget").locator(".vaecourse-live").get_by_role("slider").first.wait_for()
    return notebook


def seen(notebook) -> str:
    return notebook.cell("widget").locator(".vaecourse-live").evaluate(SHOWN)


def wait_for_another(notebook, before: str) -> None:
    root = notebook.cell("widget").locator(".vaecourse-live").element_handle()
    notebook.page.wait_for_function(f"([root, before]) => ({SHOWN})(root) !== before", arg=[root, before])


def test_every_slider_changes_what_is_seen(shown):
    for slider in shown.cell("widget").get_by_role("slider").all():
        before = seen(shown)
        slider.focus()
        at_the_end = slider.input_value() == slider.get_attribute("max")
        for _ in range(8):
            shown.page.keyboard.press("ArrowLeft" if at_the_end else "ArrowRight")
        wait_for_another(shown, before)


def test_a_long_drag_ends_where_the_hand_is(shown):
    slider = shown.cell("widget").get_by_role("slider").last
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    left, width, y = box["x"] + 1, box["width"] - 2, box["y"] + box["height"] / 2
    shown.page.mouse.move(left, y)
    shown.page.mouse.down()
    for step in range(60):
        shown.page.mouse.move(left + width * (step % 20) / 20, y)
    shown.page.mouse.move(left + width, y)
    shown.page.mouse.up()
    at_the_end = pytest.approx(float(slider.get_attribute("max")), abs=0.01)
    assert float(slider.input_value()) == at_the_end
    shown.page.wait_for_timeout(500)
    rested = seen(shown)
    shown.run_cell("last")
    assert seen(shown) == rested, "pictures still came in after the hand had stopped"
    assert float(shown.text("last")) == at_the_end


def test_a_widget_stands_with_its_still_figure_in_both_themes(shown):
    cell = shown.cell("widget")
    assert (cell.locator(".vaecourse-still img").get_attribute("alt") or "").endswith(".")
    expect(cell.locator(".vaecourse-live")).to_be_visible()
    for theme in THEMES:
        shown.theme(theme)
        shown.cell("widget")
        assert shown.accessibility_problems() == [], theme
