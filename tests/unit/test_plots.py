"""The figures show what they are given, and refuse what they cannot show."""

import io
from base64 import b64decode
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from matplotlib import rcParams
from matplotlib.colors import to_rgba
from PIL import Image

from vaecourse import plots


@pytest.fixture
def pictures():
    return torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def images_of(figure):
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.images]


def test_picture_rows_shows_each_picture_in_its_place(pictures):
    figure = plots.picture_rows({"x": pictures[:3], "x̂": pictures[3:]}, titles=["a", "b", "c"])
    shown = images_of(figure)
    assert all(np.allclose(image, picture[0]) for image, picture in zip(shown, pictures, strict=True))
    assert [axes.get_ylabel() for axes in figure.axes] == ["x", "x̂"]
    assert all(image.get_clim() == (0, 1) for axes in figure.axes for image in axes.images)  # no contrast stretch
    for axes in figure.axes:
        edges = [image.get_extent()[:2] for image in axes.images]
        assert all(left < right < next_left for (left, right), (next_left, _) in pairwise(edges))
    above = figure.axes[0].texts
    assert [text.get_text() for text in above] == ["a", "b", "c"]
    for text, image in zip(above, figure.axes[0].images, strict=True):
        left, right, _, top = image.get_extent()
        assert text.xy == pytest.approx(((left + right) / 2, top))
    assert not figure.axes[1].texts


def test_captions_stand_below_and_titles_above():
    figure = plots.captioned_rows({"x": torch.rand(2, 1, 8, 8)}, {"x": ["c", "d"]}, titles=["a", "b"])
    figure.canvas.draw()
    (axes,) = figure.axes
    top, bottom = axes.get_window_extent().y1, axes.get_window_extent().y0
    where = {text.get_text(): text.get_window_extent() for text in axes.texts}
    assert where["a"].y0 >= top
    assert where["c"].y1 <= bottom
    assert where["a"].x1 < where["b"].x0
    assert where["c"].y0 >= 0


def test_pictures_of_a_row_keep_their_proportions():
    figure = plots.picture_rows({"wide": torch.rand(2, 1, 8, 16)})
    figure.canvas.draw()
    left, right, bottom, top = figure.axes[0].images[1].get_extent()
    (x0, y0), (x1, y1) = figure.axes[0].transData.transform([(left, bottom), (right, top)])
    assert x1 - x0 == pytest.approx(2 * (y1 - y0), abs=0.5)


def test_picture_rows_takes_colour_and_gradients(pictures):
    colour = pictures.expand(-1, 3, -1, -1).clone().requires_grad_()
    assert images_of(plots.picture_rows({"x": colour}))[0].shape == (8, 8, 3)


def test_picture_rows_needs_as_many_pictures_in_each_row(pictures):
    with pytest.raises(ValueError, match=r"as many pictures each, got \[3, 2\]"):
        plots.picture_rows({"a": pictures[:3], "b": pictures[:2]})


@pytest.mark.parametrize("shape", [(6, 8, 8), (6, 2, 8, 8), (6, 8, 8, 1)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"pictures must have shape \(N, 1 or 3, H, W\)"):
        plots.picture_sheet(torch.zeros(shape))


def test_picture_sheet_lays_pictures_out_row_by_row(pictures):
    (sheet,) = images_of(plots.picture_sheet(pictures[:5], columns=3))
    assert sheet.shape == (8 + 1 + 8, 8 + 1 + 8 + 1 + 8)
    assert np.allclose(sheet[:8, 9:17], pictures[1, 0])
    assert np.allclose(sheet[9:, :8], pictures[3, 0])
    assert (sheet[8] == 1).all()
    assert (sheet[9:, 18:] == 1).all()  # the empty place is paper, not ink


def test_history_draws_training_and_validation_of_a_term_together():
    figure = plots.history({"loss": [3, 2, 1], "KL": [0, 1, 2], "validation loss": [4, 3, 2]})
    loss, kl = figure.axes
    assert [list(line.get_ydata()) for line in loss.get_lines()] == [[3, 2, 1], [4, 3, 2]]
    assert len({line.get_color() for line in loss.get_lines()}) == 1
    assert [list(line.get_ydata()) for line in kl.get_lines()] == [[0, 1, 2]]


def test_latent_plane_has_every_code_inside_the_box_and_a_label_per_class():
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn(900, 2, generator=generator)
    targets = torch.arange(900) % 3
    (axes,) = plots.latent_plane(codes, targets, ["a", "b", "c", "absent"]).axes
    points = np.concatenate([collection.get_offsets() for collection in axes.collections])
    assert np.allclose(np.sort(points, axis=0), np.sort(codes.numpy(), axis=0))
    assert [text.get_text() for text in axes.texts] == ["a", "b", "c"]
    x_min, x_max, y_min, y_max = plots.plane_extent(codes)
    inside = (points > (x_min, y_min)).all(1) & (points < (x_max, y_max)).all(1)
    assert 0.95 < inside.mean() < 1


@pytest.mark.parametrize("spread", [1.0, 0.0])  # 0: a collapsed model encodes everything to one point
def test_labels_of_clusters_in_one_place_do_not_hide_each_other(spread):
    middle = spread * torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    codes = torch.cat([middle, torch.tensor([[10.0, 10.0], [-10.0, -10.0]]).repeat(300, 1)])
    targets = torch.cat([torch.arange(300) % 3, torch.full((600,), 3)])
    (axes,) = plots.latent_plane(codes, targets, list("abcd")).axes
    span = np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())
    places = np.array([text.get_position() for text in axes.texts]) / span
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)[np.triu_indices(4, 1)]
    assert distances.min() > 0.05


def test_latent_probes_pairs_letters_with_pictures(pictures):
    codes = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    figure = plots.latent_probes(codes, torch.zeros(50, dtype=int), ["only"], codes[:6], pictures)
    plane, *decoded = figure.axes
    letters = {text.get_text(): text.get_position() for text in plane.texts}
    for index, axes in enumerate(decoded):
        letter = axes.get_title(loc="center")
        assert letter == "ABCDEF"[index]
        assert letters[letter] == pytest.approx(tuple(codes[index].tolist()))
        assert np.allclose(axes.images[0].get_array(), pictures[index, 0])


def test_curves_and_shares_show_the_numbers():
    (axes,) = plots.curves([2, 4, 8], {"a": [3, 2, 1], "b": [6, 5, 4]}, "size", "error", logx=True).axes
    assert {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()} == {
        "a": [3, 2, 1],
        "b": [6, 5, 4],
    }
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "4", "8"]
    assert len({line.get_marker() for line in axes.get_lines()}) == 2  # not told apart by colour alone
    (axes,) = plots.shares({"all": 1.0, "some": 0.25}, "share").axes
    assert [patch.get_width() for patch in axes.patches] == [100, 25]
    assert [text.get_text() for text in axes.texts] == ["100 %", "25 %"]
    (axes,) = plots.shares({"few": 0.1}, "share", limit=0.25).axes
    assert axes.get_xticks()[-1] == 25 < axes.get_xlim()[1] < 30


def test_curves_below_zero_keep_their_axis_the_right_way_up():
    (axes,) = plots.curves([1, 2], {"elbo": [-100, -90]}, "epoch", "nats").axes
    assert axes.get_ylim()[0] < -100 < -90 < axes.get_ylim()[1]
    with pytest.raises(ValueError, match="series takes at most 10 of them, got 11"):
        plots.curves([1], {str(index): [1] for index in range(11)}, "x", "y")


def test_nothing_to_show_is_said_so(pictures):
    with pytest.raises(ValueError, match="rows takes one row or more"):
        plots.picture_rows({})
    with pytest.raises(ValueError, match="with N > 0"):
        plots.picture_sheet(pictures[:0])
    with pytest.raises(ValueError, match="titles takes one text for each of the 6 columns, got 2"):
        plots.picture_rows({"x": pictures}, titles=["a", "b"])
    with pytest.raises(ValueError, match="terms takes one or more, got none; a training that is stopped"):
        plots.history({})


def test_class_colours_differ():
    assert len({to_rgba(plots.class_colour(index)) for index in range(10)}) == 10


@pytest.fixture
def shown(monkeypatch):
    """What show() displays: a list of (bundle, metadata)."""
    outputs = []
    monkeypatch.setattr(plots.base, "display", lambda data, metadata, raw: outputs.append((data, metadata)))
    return outputs


def test_a_stored_figure_is_a_png_with_its_alt_text(pictures, shown, monkeypatch):
    monkeypatch.setenv("VAECOURSE_FIGURES", "png")
    plots.show(plots.picture_sheet(pictures), alt="Six pictures.")
    ((data, metadata),) = shown
    assert b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert metadata == {"image/png": {"alt": "Six pictures."}}
    assert data["text/plain"] == "Six pictures."


def test_in_jupyterlab_a_figure_is_an_image_element_with_its_alt_text(pictures, shown, monkeypatch):
    monkeypatch.delenv("VAECOURSE_FIGURES", raising=False)
    plots.show(plots.picture_sheet(pictures), alt='Six "grey" pictures, x < 1.')
    ((data, _),) = shown
    assert data.keys() == {"text/html", "text/plain"}  # a PNG beside it would be stored twice
    image = ElementTree.fromstring(data["text/html"])
    assert image.get("alt") == 'Six "grey" pictures, x < 1.'
    assert b64decode(image.get("src").removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")


def test_show_insists_on_alt_text(pictures):
    with pytest.raises(ValueError, match="alt takes a sentence"):
        plots.show(plots.picture_sheet(pictures), alt=" ")


def test_png_keeps_labels_inside_the_picture(pictures, tmp_path):
    (tmp_path / "figure.png").write_bytes(plots.png(plots.picture_rows({"a rather long label": pictures})))
    pixels = np.asarray(Image.open(tmp_path / "figure.png").convert("L"))
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (border == 255).all()


def test_png_is_smaller_than_matplotlibs_and_looks_the_same():
    generator = np.random.default_rng(0)
    codes, targets = generator.normal(size=(2000, 2)), generator.integers(0, 10, 2000)
    figure = plots.latent_plane(codes, targets, list("0123456789"))
    with io.BytesIO() as file:
        figure.savefig(file, format="png", dpi=plots.DPI)
        full = file.getvalue()
    small = plots.png(figure, trim=False)
    assert len(small) < 0.6 * len(full)
    ours, theirs = (np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int) for data in (small, full))
    difference = np.abs(ours - theirs)
    assert difference.mean() < 1
    assert (difference > 32).mean() < 0.001
    assert (ours[(theirs == 255).all(-1)] == 255).all()  # paper stays white


def test_the_readers_own_matplotlib_settings_stay(pictures):
    before = dict(rcParams)
    plots.png(plots.picture_sheet(pictures))
    assert dict(rcParams) == before
