"""The latent plane, without a browser: what it draws and answers over its whole range."""

import numpy as np
import pytest
import torch
from PIL import Image

from vaecourse.data import PictureDataset
from vaecourse.models import VAE, Autoencoder, Classifier
from vaecourse.widgets import LatentPlane


@pytest.fixture(scope="module")
def data():
    generator = torch.Generator().manual_seed(0)
    return PictureDataset(torch.rand(40, 1, 8, 8, generator=generator), torch.arange(40) % 4, list("abcd"))


@pytest.fixture(scope="module", params=[Autoencoder, VAE])
def model(request):
    torch.manual_seed(0)
    return request.param(latent_dim=2, hidden=(16,), picture_shape=(1, 8, 8))


@pytest.fixture
def plane(model, data):
    return LatentPlane(model, data)


def test_render_is_the_decoders_picture_over_the_whole_plane(plane, model):
    x_min, x_max, y_min, y_max = plane.extent
    for z1 in np.linspace(x_min, x_max, 5):
        for z2 in np.linspace(y_min, y_max, 5):
            picture = plane.render((z1, z2))
            expected = model.decode(torch.tensor([[z1, z2]], dtype=torch.float32))[0, 0].detach().numpy()
            assert picture.shape == (8, 8, 1)
            assert picture.dtype == np.uint8
            assert np.abs(picture[..., 0] / 255 - expected).max() <= 0.5 / 255 + 1e-6


def test_render_in_colour(data):
    model = VAE(latent_dim=2, picture_shape=(3, 8, 8))
    colour = PictureDataset(data.data.expand(-1, 3, -1, -1), data.targets, data.classes)
    assert LatentPlane(model, colour).render((0, 0)).shape == (8, 8, 3)


@pytest.mark.parametrize("z", [(1,), (1, 2, 3), (float("nan"), 0), (0, float("inf")), [[0, 0]]])
def test_render_refuses_what_is_no_point(plane, z):
    with pytest.raises(ValueError, match="z takes two finite numbers"):
        plane.render(z)


def test_the_plane_starts_among_the_codes(plane):
    x_min, x_max, y_min, y_max = plane.extent
    assert x_min < plane.start[0] < x_max
    assert y_min < plane.start[1] < y_max


def test_the_background_is_a_square_png_with_codes_in_it(plane, tmp_path):
    (tmp_path / "plane.png").write_bytes(plane.background)
    pixels = np.asarray(Image.open(tmp_path / "plane.png").convert("L"))
    assert pixels.shape[0] == pixels.shape[1]
    assert (pixels < 250).mean() > 0.01


def test_the_classifier_says_what_the_picture_reads_as(model, data):
    judge = Classifier(4, (1, 8, 8)).eval()
    with torch.no_grad():
        judge.network[-1].weight.zero_()
        judge.network[-1].bias.copy_(torch.tensor([0.0, 0.0, 5.0, 0.0]))
    assert LatentPlane(model, data, judge).reading((0, 0)) == "reads as c, 98 %"
    assert LatentPlane(model, data).reading((0, 0)) == ""


def test_a_question_from_the_browser_is_answered_with_the_picture(plane):
    sent = []
    plane.send = lambda content, buffers: sent.append((content, buffers))
    plane._handle_custom_msg({"view": "left", "z": [0.25, -0.5]}, [])
    ((answer, (picture,)),) = sent
    assert answer == {"view": "left", "z": [0.25, -0.5], "shape": (8, 8, 1), "reading": ""}
    assert picture == plane.render((0.25, -0.5)).tobytes()
    assert plane.z == (0.25, -0.5)


def test_a_question_that_fails_is_answered_too(plane):
    sent = []
    plane.send = lambda content, buffers=None: sent.append(content)
    before = plane.z
    plane._handle_custom_msg({"view": "left", "z": [float("nan"), 0]}, [])
    assert sent[0]["view"] == "left"
    assert "z takes two finite numbers" in sent[0]["error"]
    assert plane.z == before


def test_dropout_does_not_change_what_is_read(model, data):
    judge = Classifier(4, (1, 8, 8), dropout=0.9).train()
    plane = LatentPlane(model, data, judge)
    assert len({plane.reading((0, 0)) for _ in range(5)}) == 1


def test_the_still_twin_shows_the_decoded_points(model, data):
    plane = LatentPlane(model, data, Classifier(4, (1, 8, 8)))
    walk, figure = plane._walk(), plane.figure()
    assert [axes.get_title(loc="center") for axes in figure.axes[1:]] == list("ABCDEFGH")
    letters = [text for text in figure.axes[0].texts if text.get_text() in "ABCDEFGH"]
    for z, letter, axes in zip(walk, letters, figure.axes[1:], strict=True):
        assert letter.get_position() == pytest.approx(tuple(z))
        assert np.abs(axes.images[0].get_array() * 255 - plane.render(z)[..., 0]).max() <= 1
        assert axes.get_xlabel() == plane.reading(z)


def test_the_walk_goes_between_distant_classes_and_ends_in_the_emptiest_corner():
    codes = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.1, 0.9]]).repeat(10, 1)  # nothing near (1, 0)

    class Fixed(torch.nn.Module):
        def encode(self, x):
            return codes

        def decode(self, z):
            return torch.zeros(len(z), 1, 8, 8)

    data = PictureDataset(torch.zeros(30, 1, 8, 8), torch.arange(3).repeat(10), list("abc"))
    walk = LatentPlane(Fixed(), data)._walk()
    assert {tuple(walk[0]), tuple(walk[3])} == {(0.0, 0.0), (1.0, 1.0)}
    assert np.abs(walk[-1] - (1, 0)).max() < 0.1
    assert len(walk) == 8


def test_a_model_that_cannot_encode_is_named(data):
    message = r"model must have encode\(\), decode\(\); Classifier has no encode\(\), decode\(\)"
    with pytest.raises(TypeError, match=message):
        LatentPlane(Classifier(), data)


def test_codes_that_are_no_numbers_are_named(data):
    model = Autoencoder(2, picture_shape=(1, 8, 8))
    torch.nn.init.constant_(model.encoder[1].weight, float("nan"))
    with pytest.raises(ValueError, match="codes takes finite numbers"):
        LatentPlane(model, data)


def test_a_model_with_another_code_size_is_named(data):
    with pytest.raises(ValueError, match=r"2 code dimensions; this one gives codes of shape \(40, 3\)"):
        LatentPlane(Autoencoder(3, picture_shape=(1, 8, 8)), data)
