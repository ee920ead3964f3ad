"""The controls, driven as a hand would: in notebooks that have little else."""

import json

import pytest
from notebook_page import BROKEN
from playwright.sync_api import expect

MODEL = """
import torch
from vaecourse import fit
from vaecourse.data import load
from vaecourse.models import Autoencoder
data = load("strokes", n=500)
torch.manual_seed(0)
model = Autoencoder(2, hidden=(64,))
"""
PLANE = """
from vaecourse.widgets import LatentPlane
plane = LatentPlane(model, data)
plane
"""


def drawn(cell) -> str:
    """The picture in the widget of a cell."""
    return cell.locator("canvas").evaluate("canvas => canvas.toDataURL()")


def wait_for_another(page, cell, before: str) -> str:
    expect(cell.locator("canvas")).to_be_visible()
    handle = cell.locator("canvas").element_handle()
    page.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[handle, before])
    return drawn(cell)


@pytest.fixture
def plane(opened):
    notebook = opened.write("plane", model=MODEL, widget=PLANE, asked="print(plane.z)")
    notebook.run_all()
    notebook.cell("widget").locator(".vaecourse-latent-plane .plane").wait_for()
    return notebook


def test_the_latent_plane_answers_click_drag_and_keys(plane):
    page, cell = plane.page, plane.cell("widget")
    square = cell.locator(".plane")
    square.scroll_into_view_if_needed()
    first = drawn(cell)
    square.click(position={"x": 30, "y": 40})
    clicked = wait_for_another(page, cell, first)
    box = square.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 350, box["y"] + 300, steps=20)
    page.mouse.up()
    dragged = wait_for_another(page, cell, clicked)
    slider = cell.get_by_role("slider").first
    slider.focus()
    value = slider.input_value()
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    wait_for_another(page, cell, dragged)
    assert float(slider.input_value()) < float(value)
    assert plane.page.evaluate("jupyterapp.shell.currentWidget.content.mode") == "command"


def test_the_kernel_knows_what_was_chosen(plane):
    cell = plane.cell("widget")
    before = drawn(cell)
    cell.locator(".plane").click(position={"x": 210, "y": 40})
    wait_for_another(plane.page, cell, before)
    plane.run_cell("asked")
    z1, z2 = json.loads(plane.text("asked").replace("(", "[").replace(")", "]"))
    readings = [float(text) for text in cell.locator("output").all_inner_texts()]
    assert [z1, z2] == pytest.approx(readings, abs=0.006)


def test_after_a_restart_the_still_figure_stands_alone(plane):
    plane.restart()
    cell = plane.cell("widget")
    expect(cell.locator("img[alt*='latent plane']")).to_be_visible()
    expect(cell.locator(".vaecourse-latent-plane")).to_be_hidden()
    assert BROKEN not in cell.inner_text()


def test_a_saved_notebook_shows_still_figures_and_no_errors(plane, opened):
    plane.page.keyboard.press("Escape")
    plane.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    plane.page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
    plane.shutdown()
    again = opened("plane.ipynb")
    cell = again.cell("widget")
    expect(cell.locator("img[alt*='latent plane']")).to_be_visible()
    again.page.wait_for_timeout(2_000)  # the error would come once the manager of widgets has asked the kernel
    expect(cell.get_by_text(BROKEN)).to_be_hidden()


@pytest.fixture
def quiz(opened):
    notebook = opened.write("quiz", ask='from vaecourse.quiz import quiz\nquiz("00", "try")')
    notebook.run_all()
    return notebook


def test_a_quiz_is_answered_with_the_mouse(quiz):
    cell = quiz.cell("ask")
    cell.get_by_label("A. ").check()
    cell.get_by_role("button", name="Check answer").click()
    expect(cell.locator(".vaecourse-quiz-said")).to_contain_text("Not quite.")
    cell.get_by_label("B. ").check()
    cell.get_by_role("button", name="Check answer").click()
    expect(cell.locator(".vaecourse-quiz-said")).to_contain_text("Right.")
    expect(cell.locator(".vaecourse-quiz-score")).to_contain_text("1 of 1")


def test_a_quiz_is_answered_with_the_keyboard_alone(quiz):
    page, cell = quiz.page, quiz.cell("ask")
    cell.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(cell.get_by_label("B. ")).to_be_checked()
    page.keyboard.press("Enter")
    expect(cell.locator(".vaecourse-quiz-said")).to_contain_text("Right.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert quiz.outputs()["ask"], "the keys went to JupyterLab, which ran or changed the cell"


def test_stop_keeps_what_was_learned(opened):
    notebook = opened.write(
        "stop",
        model=MODEL,
        train="history = fit(model, data, epochs=1_000_000)",
        look='from vaecourse.plots import show\nshow(history.plot(), alt="The loss."); print(history)',
    )
    notebook.run_cell("model")
    notebook.run_cell("train", wait=False)
    notebook.cell("train").get_by_text("loss=").first.wait_for()
    notebook.page.get_by_role("button", name="Interrupt the kernel").first.click()
    notebook.run_cell("look")
    assert "interrupted; last: loss" in notebook.text("look")
    expect(notebook.cell("look").get_by_alt_text("The loss.")).to_be_visible()
    assert [output for output in notebook.outputs()["train"] if output["output_type"] == "error"] == []


WRONG = """def squared_error(x, x_hat):
return ((x - x_hat) ** 2).mean()"""
RIGHT = """def squared_error(x, x_hat):
return ((x - x_hat) ** 2).flatten(1).sum(1).mean()"""


def test_an_exercise_tells_wrong_from_right(opened):
    notebook = opened("exercises/01_autoencoder.ipynb")
    for name in ("imports", "data", "squared_error", "squared_error-check"):
        notebook.run_cell(name)
    expect(notebook.cell("squared_error-check")).to_contain_text("not started yet")
    notebook.type_into("squared_error", WRONG)
    notebook.run_cell("squared_error")
    notebook.run_cell("squared_error-check")
    expect(notebook.cell("squared_error-check")).to_contain_text("You average over the pixels")
    notebook.type_into("squared_error", RIGHT)
    notebook.run_cell("squared_error")
    notebook.run_cell("squared_error-check")
    expect(notebook.cell("squared_error-check")).to_contain_text("2 of 2 points")
