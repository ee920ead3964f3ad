"""What each panel shows: the pictures, the numbers and the curves are those of its model."""

import math
import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from vaecourse.data import PictureDataset, gaussian_noise, occlusion, salt_and_pepper
from vaecourse.models import VAE, Autoencoder, Classifier
from vaecourse.models.likelihoods import diagonal_normal
from vaecourse.objectives import psnr
from vaecourse.widgets import BetaSweep, Denoise, LabelStyle, TwoGaussians
from vaecourse.widgets.base import to_bytes
from vaecourse.widgets.two_gaussians import gaussian_curves, kl

CLASSES = ["circle", "square", "star"]


@pytest.fixture(scope="module")
def data():
    pictures = torch.rand(30, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    return PictureDataset(pictures, torch.arange(30) % 3, CLASSES)


def greys(axes):
    """The pictures of an axes as uint8 (H, W)."""
    return [np.round(np.asarray(image.get_array()) * 255).astype(np.uint8) for image in axes.images]


def texts(axes):
    return [text.get_text() for text in axes.texts]


# ------------------------------------------------------------------------------------------------- Denoise


def half(x):
    return x / 2


KINDS = {"gaussian": gaussian_noise, "salt and pepper": salt_and_pepper, "occlusion": occlusion}


@pytest.mark.parametrize("kind", KINDS)
def test_denoise_shows_the_noise_of_a_kind_and_what_the_model_makes_of_it(data, kind):
    scene = Denoise(half, data).render(picture=4, kind=kind, level=0.4, seed=7)
    clean = data.data[4:5]
    noisy = KINDS[kind](clean, 0.4, torch.Generator().manual_seed(7))
    for name, expected in (("clean", clean), ("noisy", noisy), ("denoised", noisy / 2)):
        assert np.array_equal(scene.pictures[name], to_bytes(expected)), name
    before, after = (f"{psnr(clean, x).item():.1f} dB" for x in (noisy, noisy / 2))
    assert scene.captions == {"noisy": before, "denoised": after}
    assert scene.reading == f"PSNR against the clean picture: {before} noisy, {after} denoised."


def test_denoise_keeps_its_noise_while_the_level_moves(data):
    panel = Denoise(half, data)
    low, high = (panel.render(kind="salt and pepper", level=level).pictures["noisy"] for level in (0.2, 0.5))
    changed = low != to_bytes(data.data[:1])
    assert changed.any()
    assert np.array_equal(high[changed], low[changed])
    assert not np.array_equal(low, panel.render(kind="salt and pepper", level=0.2, seed=1).pictures["noisy"])


def test_denoise_without_noise_has_an_infinite_ratio(data):
    assert Denoise(half, data).render(level=0).captions["noisy"] == "∞ dB"


def test_denoise_offers_twenty_pictures_by_class(data):
    assert list(Denoise(half, data).controls[0].options.items())[-2:] == [(18, "19 (circle)"), (19, "20 (square)")]
    assert len(Denoise(half, data.select(slice(0, 3))).controls[0].options) == 3


def test_the_still_denoise_shows_what_render_shows(data):
    panel = Denoise(half, data)
    figure = panel.figure()
    levels = [float(text.removeprefix("level ")) for text in texts(figure.axes[0]) if text.startswith("level ")]
    assert len(figure.axes) == 2 * len(KINDS)
    for number, axes in enumerate(figure.axes):
        kind, name = list(KINDS)[number // 2], ("noisy", "denoised")[number % 2]
        scenes = [panel.render(kind=kind, level=level) for level in levels]
        for shown, scene in zip(greys(axes), scenes, strict=True):
            assert np.array_equal(shown, scene.pictures[name][0, ..., 0])
        assert texts(axes)[-len(levels) :] == [scene.captions[name] for scene in scenes]


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (None, TypeError, "model takes a network or function that denoises pictures, got NoneType"),
        (lambda x: x[:, :, 1:], ValueError, r"model\(x\) must give shape \(20, 1, 8, 8\), got \(20, 1, 7, 8\)"),
        (lambda x: (x, x), ValueError, r"model\(x\) must give a tensor, got tuple"),
        (lambda x: x / 0, ValueError, r"model\(x\) gives NaN or infinity"),
        (Autoencoder(2), ValueError, r"model\(x\) fails on \(20, 1, 8, 8\): ValueError: x must have shape"),
    ],
)
def test_what_does_not_denoise_is_named(data, model, error, message):
    with pytest.raises(error, match=message):
        Denoise(model, data)


# -------------------------------------------------------------------------------------------- TwoGaussians


@pytest.fixture(scope="module")
def gaussians():
    return TwoGaussians()


CORNERS = [(m1, s1, m2, s2) for m1 in (-3, 3) for s1 in (0.4, 2) for m2 in (-3, 0.1) for s2 in (0.4, 1, 2)]


@pytest.mark.parametrize("four", CORNERS)
def test_the_closed_form_is_that_of_torch_and_the_shaded_area(gaussians, four):
    m1, s1, m2, s2 = map(float, four)
    exact = kl_divergence(Normal(m1, s1), Normal(m2, s2)).item()
    assert kl(m1, s1, m2, s2) == pytest.approx(exact, rel=1e-5, abs=1e-6)
    x, p, q, integrand = gaussian_curves(m1, s1, m2, s2)
    assert np.trapezoid(integrand, x) == pytest.approx(exact, rel=1e-3, abs=1e-6)
    assert np.allclose(gaussian_curves(m2, s2, m1, s1, "q, p").integrand, integrand)
    assert np.allclose(p, Normal(m1, s1).log_prob(torch.from_numpy(x)).exp())
    assert np.allclose(q, Normal(m2, s2).log_prob(torch.from_numpy(x)).exp())
    one, other = kl(m1, s1, m2, s2), kl(m2, s2, m1, s1)
    for direction, name, area in (("p, q", "KL(p‖q)", one), ("q, p", "KL(q‖p)", other)):
        reading = gaussians.render(m1, s1, m2, s2, direction).reading
        assert reading.startswith(f"KL(p‖q) = {one:.2f} nats, KL(q‖p) = {other:.2f} nats. The area of {name}: ")
        above, below, total = map(float, re.findall(r"(\S+) above zero − (\S+) below = (\S+) nats", reading)[0])
        assert total == pytest.approx(area, rel=2e-3, abs=0.011)
        assert above - below == pytest.approx(total, abs=0.011)


def points(path):
    return np.array([pair.split(",") for pair in path.removeprefix("M").split()], dtype=float)


def to_data(axes, place):
    """Data coordinates of points in the SVG."""
    height = 72 * axes.get_figure().get_figheight()
    pixels = np.column_stack([place[:, 0], height - place[:, 1]]) * axes.get_figure().dpi / 72
    return axes.transData.inverted().transform(pixels).T


@pytest.mark.parametrize("direction", ["p, q", "q, p"])
@pytest.mark.parametrize("four", [*CORNERS[::5], (0, 1, 0, 1), (-3, 0.4, 3, 0.4)])
def test_the_curves_on_the_drawing_are_the_densities_and_the_integrand(gaussians, four, direction):
    marks = gaussians.render(*four, direction).marks
    curves = gaussian_curves(*four, direction)
    densities, below = gaussians._densities, gaussians._integrand
    for name, axes, values, tolerance in (
        ("p", densities, curves.p, 0.001),
        ("q", densities, curves.q, 0.001),
        ("integrand", below, curves.integrand / float(marks["whole"]["text"]), 0.002),
    ):
        x, y = to_data(axes, points(marks[name]["d"]))
        assert (x[0], x[-1]) == pytest.approx((-8, 8), abs=0.01)
        steepest = np.abs(np.gradient(values, curves.x)).max()  # places are rounded to 0.1 points, 0.0025 in x
        assert np.abs(y - np.interp(x, curves.x, values)).max() < tolerance + 0.003 * steepest
        low, high = axes.get_ylim()
        assert low - 0.002 <= y.min()
        assert y.max() <= high + 0.002


@pytest.mark.parametrize("four", [CORNERS[3], (0, 1, 0, 1), (-1, 1, 1, 1.5)])
def test_the_shaded_parts_are_the_integrand_above_and_below_zero(gaussians, four):
    marks = gaussians.render(*four).marks
    line = to_data(gaussians._integrand, points(marks["integrand"]["d"]))[1]
    for name, part in (("above", line.clip(0)), ("below", line.clip(max=0))):
        _, y = to_data(gaussians._integrand, points(marks[name]["d"]))
        assert y[[0, -1]] == pytest.approx([0, 0], abs=0.002)  # closed along zero
        assert np.abs(y[1:-1] - part).max() < 0.002


def test_the_scale_is_labelled_and_fits(gaussians):
    for four, whole in (((-1, 1, 1, 1.5), "1"), ((0, 1, 0, 1), "0.1"), ((-3, 0.4, 3, 0.4), "200")):
        marks = gaussians.render(*four).marks
        assert marks["whole"]["text"] == whole
        assert float(marks["half"]["text"]) == float(whole) / 2


def test_the_direction_names_the_integrand(gaussians):
    assert gaussians.render(direction="p, q").marks["title"]["text"] == "p log(p/q)"
    assert gaussians.render(direction="q, p").marks["title"]["text"] == "q log(q/p)"


def test_the_still_gaussians_are_curves_whose_areas_are_their_titles(gaussians):
    axes = np.array(gaussians.figure().axes).reshape(3, 3)
    for column in axes.T:
        x, p = column[0].lines[0].get_data()
        q = column[0].lines[1].get_ydata()
        for below, log_ratio, weight in ((column[1], np.log(p / q), p), (column[2], np.log(q / p), q)):
            drawn = below.lines[0].get_ydata()
            assert np.allclose(drawn, weight * log_ratio, atol=1e-9)
            said = float(re.search(r"= (\S+) nats", below.get_title(loc="left"))[1])
            assert np.trapezoid(drawn, x) == pytest.approx(said, abs=0.01)
            assert f"{said:.2f}" in gaussians.alt


# ------------------------------------------------------------------------------------------------ BetaSweep


class Endless(VAE):
    """Its posterior has no spread, and so an infinite KL."""

    def posterior(self, x):
        q = super().posterior(x)
        return diagonal_normal(q.mean, 0 * q.stddev)


def vaes(*betas, shape=(1, 8, 8)):
    torch.manual_seed(0)
    return {beta: VAE(4, (16,), shape) for beta in betas}


def test_beta_sweep_shows_reconstructions_and_samples_of_the_chosen_model(data):
    models = vaes(4.0, 0.1, 1.0)
    panel = BetaSweep(models, data)
    assert list(panel.controls[0].options.items()) == [(0.1, "β = 0.1"), (1.0, "β = 1"), (4.0, "β = 4")]
    for beta, model in models.items():
        pictures = panel.render(beta).pictures
        assert np.array_equal(pictures["originals"], to_bytes(data.data[:8]))
        assert np.array_equal(pictures["reconstructions"], to_bytes(model(data.data[:8])))
        assert pictures["samples"].shape == (8, 8, 8, 1)
        assert len({sample.tobytes() for sample in pictures["samples"]}) == 8


def test_beta_sweep_draws_its_samples_from_the_models_own_prior(data):
    models = vaes(1.0, 2.0)
    models[1.0].prior_std *= 1e-4
    samples = BetaSweep(models, data).render(1.0).pictures["samples"]
    middle = to_bytes(models[1.0].decode(torch.zeros(1, 4)))
    assert np.abs(samples.astype(int) - middle).max() <= 1


def test_beta_sweep_uses_the_same_epsilon_for_every_model(data):
    (model,) = vaes(1.0).values()
    panel = BetaSweep({1.0: model, 2.0: model}, data)
    assert np.array_equal(panel.render(1).pictures["samples"], panel.render(2).pictures["samples"])
    assert panel.kl[1] == panel.kl[2]
    assert panel.distortion[1] == panel.distortion[2]


def test_beta_sweep_measures_the_terms_of_the_elbo_in_nats_per_picture(data):
    models = vaes(0.5, 2.0)
    panel = BetaSweep(models, data)
    for beta, model in models.items():
        q = model.posterior(data.data)
        assert panel.kl[beta] == pytest.approx(kl_divergence(q, model.prior()).mean().item(), rel=1e-5)
        draws = [-model.likelihood(q.sample()).log_prob(data.data).mean().item() for _ in range(300)]
        assert panel.distortion[beta] == pytest.approx(np.mean(draws), abs=5 * np.std(draws))
        both = panel.kl[beta] + panel.distortion[beta]
        assert panel.render(beta).reading == (
            f"β = {beta:g}: KL {panel.kl[beta]:.1f} nats, −log p(x|z) {panel.distortion[beta]:.1f} nats, "
            f"together {both:.1f} nats per picture."
        )


def test_the_ring_is_at_the_chosen_models_point(data):
    panel = BetaSweep(vaes(0.5, 2.0), data)
    for beta in panel.kl:
        ring = panel.render(beta).marks["ring"]
        x, y = to_data(panel._axes, np.array([[ring["cx"], ring["cy"]]]))
        assert (x[0], y[0]) == pytest.approx((panel.kl[beta], panel.distortion[beta]))
        drawn = np.column_stack(panel._axes.lines[0].get_data())
        assert np.abs(drawn - (x[0], y[0])).sum(1).min() < 1e-6


@pytest.mark.parametrize("count", [2, 3, 9])
def test_the_still_sweep_shows_smallest_and_largest_beta_and_what_render_shows(data, count):
    betas = [2.0**power for power in range(count)]
    panel = BetaSweep(vaes(*betas), data)
    *rows, curve = panel.figure().axes
    rows = np.array(rows).reshape(-1, 2)
    labels = [float(axes.get_ylabel().removeprefix("β = ")) for axes in rows[1:, 0]]
    assert (labels[0], labels[-1], len(labels)) == (betas[0], betas[-1], min(count, 5))
    for label, pair in zip(labels, rows[1:], strict=True):
        pictures = panel.render(label).pictures
        for axes, name in zip(pair, ("reconstructions", "samples"), strict=True):
            (strip,) = greys(axes)
            for place, picture in enumerate(pictures[name][:5, ..., 0]):
                assert np.array_equal(strip[:, 9 * place : 9 * place + 8], picture)
    assert curve.lines[0].get_xdata() == pytest.approx(list(panel.kl.values()))
    assert curve.lines[0].get_ydata() == pytest.approx(list(panel.distortion.values()))


@pytest.mark.parametrize(
    ("models", "error", "message"),
    [
        ([VAE()], TypeError, "models takes a mapping from betas to models"),
        ({"one": VAE(), "two": VAE()}, TypeError, "models takes a mapping from betas to models"),
        (vaes(1.0), ValueError, r"models takes two betas or more, none of them negative, got \[1.0\]"),
        (vaes(-1.0, 1.0), ValueError, r"none of them negative, got \[-1.0, 1.0\]"),
        (vaes(math.nan, 1.0), ValueError, "none of them negative, got"),
        ({1: Autoencoder(), 2: Autoencoder()}, TypeError, r"Autoencoder has no prior\(\)"),
        (vaes(1, 2, shape=(1, 5, 5)), ValueError, r"with beta = 1 decode\(encode\(x\)\) fails on \(30, 1, 8, 8\)"),
        ({1: Endless(4, (16,), (1, 8, 8)), **vaes(2)}, ValueError, r"with beta = 1 elbo\(model, x\) gives NaN or inf"),
    ],
)
def test_models_that_make_no_sweep_are_named(data, models, error, message):
    with pytest.raises(error, match=message):
        BetaSweep(models, data)


# ----------------------------------------------------------------------------------------------- LabelStyle


class Conditional(nn.Module):
    """Encodes a picture to some of its pixels; decodes to a picture of the label's one-hot and the code."""

    def __init__(self, latent_dim=4, labels=3):
        super().__init__()
        self.latent_dim, self.labels = latent_dim, labels

    def encode(self, x, c):
        return x.flatten(1)[:, : self.latent_dim] * 8 - 4 + c[:, None]

    def decode(self, z, c):
        pixels = torch.cat([F.one_hot(c, self.labels), z.sigmoid()], dim=1)
        return F.pad(pixels, (0, 64 - pixels.shape[1])).view(-1, 1, 8, 8)


def test_label_style_shows_the_label_in_the_style_and_all_labels_in_it(data):
    model = Conditional()
    panel = LabelStyle(model, data)
    style = {"z1": 0.5, "z2": -3.0, "z3": 3.0, "z4": 0.0}
    scene = panel.render(2, picture=5, **style)
    z = torch.tensor([list(style.values())])
    decoded = [to_bytes(model.decode(z, torch.tensor([label]))) for label in range(3)]
    assert np.array_equal(scene.pictures["picture"], decoded[2])
    for label in range(3):
        assert np.array_equal(scene.pictures[f"label {label}"], decoded[label])
    assert np.array_equal(scene.pictures["source"], to_bytes(data.data[5:6]))
    assert scene.reading == ("Label star, changed from the style of picture 6 (star): z = (0.50, -3.00, 3.00, 0.00).")


def test_label_style_takes_the_style_of_a_picture_and_keeps_the_label(data):
    model = Conditional()
    panel = LabelStyle(model, data)
    code = model.encode(data.data[7:8], data.targets[7:8])[0]
    style = panel.style(7)
    assert list(style) == ["z1", "z2", "z3", "z4"]
    assert list(style.values()) == pytest.approx(code.clamp(-3, 3).tolist())
    values = {"label": 0, "picture": 7, "z1": 0, "z2": 0, "z3": 0, "z4": 0}
    assert panel.moved(values, ["label"]) == {}
    assert panel.moved(values, ["z1", "picture"]) == style
    answer, _ = panel.answer({"values": values, "changed": ["picture"]})
    assert answer["moved"] == style
    assert answer["reading"] == panel.render(**{**values, **style}).reading
    assert answer["reading"].startswith("Label circle, in the style of picture 8 (square)")


def test_label_style_starts_with_a_pictures_own_style(data):
    panel = LabelStyle(Conditional(), data)
    assert {control.name: control.value for control in panel.controls} == {"label": 0, "picture": 0, **panel.style(0)}


def test_code_dimensions_without_a_slider_are_the_pictures_own(data):
    model = Conditional(latent_dim=12)
    panel = LabelStyle(model, data)
    assert [control.name for control in panel.controls][2:] == [f"z{n}" for n in range(1, 9)]
    z = model.encode(data.data[3:4], data.targets[3:4])
    z[0, :8] = 1
    scene = panel.render(1, picture=3, **{f"z{n}": 1.0 for n in range(1, 9)})
    assert np.array_equal(scene.pictures["picture"], to_bytes(model.decode(z, torch.tensor([1]))))
    assert scene.reading.endswith("1.00, 1.00, …).")


def test_the_still_label_style_has_a_row_for_each_style_and_a_column_for_each_label(data):
    model = Conditional()
    panel = LabelStyle(model, data)
    rows = panel.figure().axes
    assert len(rows) == 5
    assert texts(rows[0]) == ["from", *CLASSES]
    for place, row in enumerate(rows):
        source, *drawn = greys(row)
        assert np.array_equal(source, to_bytes(data.data[place])[..., 0])
        for label, shown in enumerate(drawn):
            assert np.array_equal(shown, panel.render(label, picture=place).pictures["picture"][0, ..., 0])
        assert label == len(CLASSES) - 1


@pytest.mark.parametrize("style", [{"z5": 0.0}, {"z0": 0.0}, {"slant": 1.0}])
def test_a_style_that_the_code_does_not_have_is_named(data, style):
    (name,) = style
    with pytest.raises(ValueError, match=f"LabelStyle has the controls label, picture, z1, z2, z3, z4, got '{name}'"):
        LabelStyle(Conditional(), data).render(0, **style)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (Classifier(), TypeError, r"model must have encode\(\), decode\(\); Classifier has no"),
        (VAE(picture_shape=(1, 8, 8)), ValueError, r"encode\(x, c\) fails on \(20, 1, 8, 8\), \(20,\): TypeError"),
        (Conditional(labels=2), ValueError, r"decode\(z, c\) fails on \(3, 4\), \(3,\): "),
    ],
)
def test_models_without_labels_are_named(data, model, error, message):
    with pytest.raises(error, match=message):
        LabelStyle(model, data)
