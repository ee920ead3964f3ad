"""Every widget in JupyterLab: drawn, moved by hand, and never behind the hand."""

import json

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
MADE = {
    "LatentPlane": "widgets.LatentPlane(Autoencoder(2, hidden=(32,)), data)",
    "Denoise": "widgets.Denoise(Autoencoder(16, hidden=(32,)), data)",
    "TwoGaussians": "widgets.TwoGaussians()",
    "BetaSweep": "widgets.BetaSweep({beta: VAE(4, hidden=(32,)) for beta in (0.1, 1.0, 10.0)}, data)",
    "LabelStyle": "widgets.LabelStyle(Conditional(), data)",
}
SHOWN = """root => [...root.querySelectorAll("canvas")].map(canvas => canvas.toDataURL()).join()
  + [...root.querySelectorAll("svg *")].map(mark => mark.outerHTML).join()"""


def test_every_widget_is_tried_here():
    assert sorted(MADE) == sorted(widgets.__all__)


@pytest.fixture(params=MADE)
def shown(opened, request):
    notebook = opened.write(
        f"widget_{request.param}", setup=SETUP, widget=f"w = {MADE[request.param]}\nw", asked="print(w.values)"
    )
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
        for _ in range(8):
            shown.page.keyboard.press("ArrowRight" if float(slider.input_value()) <= 0 else "ArrowLeft")
        wait_for_another(shown, before)


def test_a_long_drag_ends_where_the_hand_is(shown):
    slider = shown.cell("widget").get_by_role("slider").last
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    shown.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown.page.mouse.down()
    for step in range(60):
        shown.page.mouse.move(box["x"] + box["width"] * (step % 20) / 20, box["y"] + box["height"] / 2)
    shown.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    shown.page.mouse.up()
    assert slider.input_value() == slider.get_attribute("max")
    shown.page.wait_for_timeout(500)
    after = seen(shown)
    shown.run_cell("asked")
    values = json.loads(shown.text("asked").replace("'", '"').replace("(", "[").replace(")", "]"))
    last = list(values.values() if isinstance(values, dict) else values)
    assert float(slider.get_attribute("max")) == pytest.approx(float(last[-1]), abs=0.01) or last[-1] in (2, 9, 10.0)
    assert seen(shown) == after, "pictures still came in after the hand had stopped"


def test_a_widget_stands_with_its_still_figure_in_both_themes(shown):
    cell = shown.cell("widget")
    assert (cell.locator(".vaecourse-still img").get_attribute("alt") or "").endswith(".")
    expect(cell.locator(".vaecourse-live")).to_be_visible()
    for theme in THEMES:
        shown.theme(theme)
        shown.cell("widget")
        assert shown.accessibility_problems() == [], theme
