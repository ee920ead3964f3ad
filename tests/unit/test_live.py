"""A cell with a live output: the still form first, then the widget, in JupyterLab and on storing."""

import pytest
import torch
from matplotlib.figure import Figure

from vaecourse.live import WIDGET_VIEW, LiveOutput, script
from vaecourse.widgets.base import Widget, to_bytes

HELLO = "export default { render() {} };"


class Text(LiveOutput):
    _esm = HELLO

    def still(self):
        return {"text/html": "<p>still</p>", "text/plain": "still"}, {}


class Picture(Widget):
    _esm = HELLO
    alt = "Nothing at all."

    def figure(self):
        return Figure(figsize=(1, 1))


@pytest.fixture
def displayed(monkeypatch):
    """What a cell displays: a list of (bundle, metadata)."""
    outputs = []
    monkeypatch.setattr("vaecourse.live.display", lambda data, metadata, raw: outputs.append((data, metadata)))
    return outputs


def test_a_cell_shows_the_still_form_and_then_the_widget(displayed):
    text = Text()
    text._ipython_display_()
    (still, _), (live, _) = displayed
    assert "<p>still</p>" in still["text/html"]
    assert still["text/plain"] == "still"
    assert live == {WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": text.model_id}}


def test_the_still_form_hides_the_error_of_a_view_without_kernel(displayed):
    Text()._ipython_display_()
    assert 'class="vaecourse-still"' in displayed[0][0]["text/html"]
    assert ".vaecourse-still" in displayed[0][0]["text/html"].split("</style>")[0]


def test_the_still_form_is_the_same_in_every_run():
    assert Text().outputs()[0] == Text().outputs()[0]


def test_a_widget_shows_its_still_twin_with_alt_text(monkeypatch, displayed):
    monkeypatch.setenv("VAECOURSE_FIGURES", "png")
    Picture()._ipython_display_()
    data, metadata = displayed[0]
    assert data.keys() == {"image/png", "text/plain"}
    assert metadata["image/png"]["alt"] == "Nothing at all."


def test_a_script_stands_after_what_all_share(tmp_path):
    (tmp_path / "own.js").write_text("const own = keepKeys;", encoding="utf-8")
    text = script(tmp_path / "own.js")
    assert text.index("function keepKeys(") < text.index("const own = keepKeys;")


def test_every_live_output_of_the_package_has_the_shared_script():
    from vaecourse import quiz, widgets

    outputs = [quiz.LiveQuiz, *(getattr(widgets, name) for name in widgets.__all__)]
    assert all(issubclass(output, LiveOutput) for output in outputs)
    for output in outputs:
        assert str(output._esm).count("function keepKeys(") == 1, output.__name__


def test_pictures_become_bytes_with_the_channels_last():
    picture = torch.tensor([[[0.0, 0.5], [1.0, 2.0]]])
    assert to_bytes(picture).tolist() == [[[0], [128]], [[255], [255]]]
    assert to_bytes(picture.expand(3, 2, 2)).shape == (2, 2, 3)
