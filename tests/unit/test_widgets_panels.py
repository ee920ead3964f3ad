"""What all panels have in common: their controls, their answers, their still twins. Without a browser."""

import itertools
import json

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.data import PictureDataset
from vaecourse.models import VAE, Autoencoder
from vaecourse.widgets import BetaSweep, Denoise, LabelStyle, TwoGaussians
from vaecourse.widgets.panel import Button, Choice, Panel, Scene, Slider

SHAPES = [(1, 8, 8), (3, 5, 9)]
CLASSES = ["circle", "square", "star"]


class Conditional(nn.Module):
    """Encodes to some pixels and decodes to a picture that tells label and code apart; its dropout must be off."""

    def __init__(self, shape=(1, 8, 8), latent_dim=4):
        super().__init__()
        self.shape, self.latent_dim = shape, latent_dim
        self.dropout = nn.Dropout(0.9)

    def encode(self, x, c):
        assert c.dtype == torch.int64
        return self.dropout(x.flatten(1)[:, : self.latent_dim] * 8 - 4)

    def decode(self, z, c):
        assert c.dtype == torch.int64
        pixels = torch.cat([F.one_hot(c, len(CLASSES)), z.sigmoid()], dim=1)
        return F.pad(pixels, (0, torch.Size(self.shape).numel() - pixels.shape[1])).view(-1, *self.shape)


def pictures(shape=(1, 8, 8), count=30):
    generator = torch.Generator().manual_seed(0)
    return PictureDataset(torch.rand(count, *shape, generator=generator), torch.arange(count) % 3, CLASSES)


def make(kind, shape=(1, 8, 8)):
    torch.manual_seed(0)
    data = pictures(shape)
    if issubclass(kind, Denoise):
        network = nn.Sequential(Autoencoder(4, (16,), shape), nn.Dropout(0.9))
        return Denoise(network, data)
    if issubclass(kind, BetaSweep):
        return BetaSweep({beta: VAE(4, (16,), shape) for beta in (1.0, 0.1, 4.0)}, data)
    if issubclass(kind, LabelStyle):
        return LabelStyle(Conditional(shape), data)
    return TwoGaussians()


KINDS = [Denoise, TwoGaussians, BetaSweep, LabelStyle]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def panel(request):
    return make(request.param)


def ends(control):
    """A control's extreme values, and one between."""
    if isinstance(control, Slider):
        return [control.min, (control.min + control.max) / 2, control.max]
    if isinstance(control, Button):
        return [0, 2**31]
    values = list(control.options)
    return sorted({values[0], values[len(values) // 2], values[-1]})


def start(panel):
    return {control.name: control.value for control in panel.controls}


def same(one: Scene, other: Scene) -> bool:
    return (
        (one.reading, one.captions, one.marks) == (other.reading, other.captions, other.marks)
        and one.pictures.keys() == other.pictures.keys()
        and all(np.array_equal(one.pictures[name], other.pictures[name]) for name in one.pictures)
    )


def asked(panel, values, changed=(), view="left"):
    """What goes back to a view that asks: the answer as it arrives there, and the bytes."""
    sent = []
    panel.send = lambda content, buffers=(): sent.append((json.loads(json.dumps(content)), buffers))
    panel._handle_custom_msg({"view": view, "values": values, "changed": list(changed)}, [])
    (message,) = sent
    return message


def test_every_corner_of_the_controls_has_a_scene(panel):
    drawing, tiles = panel.plan["drawing"], panel.plan["tiles"]
    marks = drawing["marks"] if drawing else {}
    names = {tile["name"] for row in tiles for tile in row}
    for corner in itertools.product(*map(ends, panel.controls)):
        scene = panel.render(**dict(zip((control.name for control in panel.controls), corner, strict=True)))
        assert scene.reading.endswith(".")
        assert "nan" not in scene.reading + json.dumps(dict(scene.marks))
        assert names <= scene.pictures.keys()
        assert scene.marks.keys() <= marks.keys()
        assert all(shown.dtype == np.uint8 and shown.ndim == 4 for shown in scene.pictures.values())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [Denoise, BetaSweep, LabelStyle])
def test_pictures_keep_their_size_and_colour(kind, shape):
    channels, *size = shape
    panel = make(kind, shape)
    scene = panel.render(**start(panel))
    assert {shown.shape[1:] for shown in scene.pictures.values()} == {(*size, channels)}
    assert panel.figure().axes


def test_no_two_settings_of_a_control_look_the_same(panel):
    for control in panel.controls:
        scenes = [panel.render(**{**start(panel), control.name: value}) for value in ends(control)]
        for one, other in itertools.combinations(scenes, 2):
            assert not same(one, other), control.name


def test_the_same_setting_always_looks_the_same(panel):
    values = start(panel)
    first = panel.render(**values)
    torch.manual_seed(123)
    for control in panel.controls:
        panel.render(**{**values, control.name: ends(control)[-1]})
    assert same(panel.render(**values), first)
    assert same(make(type(panel)).render(**values), first)


def test_the_global_random_state_stays(panel):
    torch.manual_seed(5)
    state = torch.get_rng_state()
    panel.render(**start(panel))
    panel.figure()
    assert torch.get_rng_state().equal(state)


@pytest.mark.parametrize("kind", KINDS)
def test_making_a_panel_leaves_the_global_random_state(kind, monkeypatch):
    states = []
    build = kind.__init__

    def watched(self, *inputs):
        before = torch.get_rng_state()
        build(self, *inputs)
        states.append(torch.get_rng_state().equal(before))

    monkeypatch.setattr(kind, "__init__", watched)
    make(kind)
    assert states == [True]


def test_a_question_is_answered_with_the_scene_of_its_values(panel):
    for control in panel.controls:
        values = {**start(panel), control.name: ends(control)[-1]}
        answer, buffers = asked(panel, values)
        scene = panel.render(**values)
        assert answer == {
            "view": "left",
            "moved": {},
            "reading": scene.reading,
            "shapes": {name: list(shown.shape) for name, shown in scene.pictures.items()},
            "captions": dict(scene.captions),
            "marks": json.loads(json.dumps(dict(scene.marks))),
        }
        assert buffers == [shown.tobytes() for shown in scene.pictures.values()]
        assert panel.values == values


def test_what_the_browser_sends_first_are_the_starting_values(panel):
    plan = json.loads(json.dumps(panel.plan))
    values = {control["name"]: control["value"] for control in plan["controls"]}
    answer, _ = asked(panel, values)
    assert "error" not in answer
    assert panel.values == start(panel)
    for control in plan["controls"]:  # so that the browser finds them among the options
        assert control["value"] in [value for value, _ in control.get("options", [[control["value"], ""]])]


def test_views_get_their_own_answers(panel):
    control = panel.controls[0]
    for view, value in (("left", ends(control)[0]), ("right", ends(control)[-1])):
        values = {**start(panel), control.name: value}
        answer, _ = asked(panel, values, view=view)
        assert answer["view"] == view
        assert answer["reading"] == panel.render(**values).reading


@pytest.mark.parametrize("wrong", [float("nan"), -1e9, 1e9, "nonsense", None, [1]])
def test_a_value_that_a_control_cannot_have_is_named_and_answered(panel, wrong):
    for control in panel.controls:
        before = panel.values
        with pytest.raises(ValueError, match=f"^{control.name} takes "):
            panel.render(**{**start(panel), control.name: wrong})
        answer, _ = asked(panel, {**start(panel), control.name: wrong})
        assert answer.keys() == {"view", "error"}
        assert f"ValueError: {control.name} takes " in answer["error"]
        assert panel.values == before


def test_every_tile_and_mark_is_one_that_the_browser_knows(panel):
    answer, _ = asked(panel, start(panel))
    tiles = {tile["name"] for row in panel.plan["tiles"] for tile in row}
    on_buttons = {name for control in panel.controls if isinstance(control, Choice) for name in control.pictures}
    assert answer["shapes"].keys() == tiles | on_buttons
    assert answer["captions"].keys() <= tiles
    assert answer["marks"].keys() <= (panel.plan["drawing"] or {"marks": {}})["marks"].keys()


def test_a_drawing_is_an_svg_of_the_size_that_the_marks_are_placed_in(panel):
    if panel.plan["drawing"] is None:
        assert panel.background == b""
        return
    width, height = panel.plan["drawing"]["size"]
    assert f'viewBox="0 0 {width:g} {height:g}"'.encode() in panel.background
    assert panel.background == make(type(panel)).background


def test_a_cell_shows_the_still_twin_and_then_the_panel(panel):
    (still, _), (live, _) = panel.outputs()
    assert panel.alt in still["text/plain"]
    assert live["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.model_id
    assert still == make(type(panel)).outputs()[0][0]  # the same in every run


def test_the_traits_of_every_jupyter_widget_keep_their_meaning():
    own = {name for name in Panel.class_trait_names() if name not in Panel.__bases__[0].class_trait_names()}
    assert own == {"plan", "background"}


def test_networks_are_put_into_eval_mode():
    network, conditional = Autoencoder(2, picture_shape=(1, 8, 8)), Conditional()
    vaes = {beta: VAE(2, picture_shape=(1, 8, 8)) for beta in (1, 2)}
    for model in (network, conditional, *vaes.values()):
        model.train()
    Denoise(network, pictures())
    BetaSweep(vaes, pictures())
    LabelStyle(conditional, pictures())
    assert not any(part.training for model in (network, conditional, *vaes.values()) for part in model.modules())


@pytest.mark.parametrize("kind", [Denoise, LabelStyle])
@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (torch.zeros(3, 1, 8, 8), TypeError, "data takes a PictureDataset, .* got Tensor"),
        (pictures(count=0), ValueError, "data takes a PictureDataset with one picture or more"),
    ],
)
def test_data_that_are_no_pictures_are_named(kind, data, error, message):
    with pytest.raises(error, match=message):
        kind(Conditional() if kind is LabelStyle else Autoencoder(2, picture_shape=(1, 8, 8)), data)
    with pytest.raises(error, match=message):
        BetaSweep({1: VAE(), 2: VAE()}, data)
