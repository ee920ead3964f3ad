"""The diagnosis, on models whose answers are known: linear ones in closed form, small ones by how they were trained."""

import json
from math import erf, log, pi, sqrt

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Independent, Normal

from vaecourse import diagnose as exported
from vaecourse import fit
from vaecourse.data import PictureDataset, load
from vaecourse.diagnostics import (
    DIAGNOSES,
    active_units,
    diagnose,
    kl_per_dimension,
    mean_picture_baseline,
    two_sample_test,
)
from vaecourse.diagnostics.verdict import decide
from vaecourse.models import CVAE, VAE, Autoencoder, Classifier
from vaecourse.models.likelihoods import diagonal_normal, gaussian
from vaecourse.objectives import negative_elbo

SIDE, NOISE = 6, 0.05
PIXELS = SIDE**2


class Linear(nn.Module):
    """Probabilistic PCA with the posterior that is best at a weight beta of the KL.

    x = 1/2 + W z + noise of standard deviation s, and W has orthogonal columns of squared length L_d s^2. Then
    q(z_d|x) = N(m_d, v_d) with m_d = w_d'(x - 1/2) / (w_d'w_d + beta s^2) and v_d = beta / (L_d + beta).
    """

    def __init__(self, strengths, beta=1.0):
        super().__init__()
        strengths = torch.as_tensor(strengths, dtype=torch.float32)
        self.latent_dim = len(strengths)
        self.register_buffer("W", NOISE * strengths.sqrt() * directions()[:, : self.latent_dim])
        self.register_buffer("std", (beta / (strengths + beta)).sqrt())
        self.register_buffer("gain", self.W / (NOISE**2 * (strengths + beta)))

    def posterior(self, x):
        mean = (x.flatten(1) - 0.5) @ self.gain
        return diagonal_normal(mean, self.std.expand_as(mean))

    def prior(self):
        return diagonal_normal(torch.zeros(self.latent_dim), torch.ones(self.latent_dim))

    def likelihood(self, z):
        return gaussian((0.5 + z @ self.W.T).view(len(z), 1, SIDE, SIDE), NOISE)


class Labelled(Linear):
    """The same, given a label; ``kept`` says what the code holds, ``read`` what the decoder reads."""

    conditional = True

    def __init__(self, strengths, kept="picture", offset=0.0):
        super().__init__(strengths)
        self.kept, self.offset = kept, offset

    def _shift(self, c):
        return self.offset * (c.float() - 0.5)[:, None]

    def posterior(self, x, c):
        if self.kept == "label":
            mean = (2.0 * c.float() - 1)[:, None].expand(-1, self.latent_dim)
            return diagonal_normal(mean, 0.1 * torch.ones_like(mean))
        q = super().posterior(x)
        return diagonal_normal(q.mean + self._shift(c), q.stddev)

    def prior(self, c):
        mean = self._shift(c).expand(-1, self.latent_dim)
        return diagonal_normal(mean, torch.ones_like(mean))

    def likelihood(self, z, c):
        if self.kept == "label":
            return gaussian((0.5 + 0.1 * z[:, :1]).view(-1, 1, 1, 1).expand(-1, 1, SIDE, SIDE), NOISE)
        return super().likelihood(z - self._shift(c))


def directions():
    """An orthonormal basis of the pictures, (PIXELS, PIXELS)."""
    generator = torch.Generator().manual_seed(0)
    return torch.linalg.qr(torch.randn(PIXELS, PIXELS, generator=generator))[0]


def drawn(strengths, n=2000, seed=1):
    """Pictures from the model ``Linear(strengths)``, with two classes that mean nothing."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, len(strengths), generator=generator)
    x = 0.5 + z @ Linear(strengths).W.T + NOISE * torch.randn(n, PIXELS, generator=generator)
    return PictureDataset(x.clamp(0, 1).view(n, 1, SIDE, SIDE), torch.arange(n) % 2, ["a", "b"])


STRENGTHS = [30.0, 20.0, 10.0]
"""Small enough that no picture leaves [0, 1]."""


@pytest.fixture(scope="module")
def data():
    return drawn(STRENGTHS)


@pytest.fixture(scope="module")
def report(data):
    return diagnose(Linear(STRENGTHS), data)


@pytest.fixture(scope="module")
def digits():
    return load("digits8", split="test")


# ----------------------------------------------------------------------------------- known in closed form


def test_kl_per_dimension_of_an_exact_posterior(data):
    measured = kl_per_dimension(Linear(STRENGTHS), data)
    assert measured.shape == (3,)
    assert measured.tolist() == pytest.approx([0.5 * log(1 + strength) for strength in STRENGTHS], abs=0.05)


def test_a_unit_is_active_if_the_variance_of_its_mean_is_above_one_hundredth(data):
    # The variance of the mean is L / (1 + L): 0.83, 0.012 and 0.008.
    weak = [5.0, 0.012, 0.008]
    model, pictures = Linear(weak), drawn(weak)
    active = active_units(model, pictures)
    assert active.dtype == torch.bool
    assert active.tolist() == [True, True, False]
    assert active_units(model, pictures, threshold=0.001).all()
    assert not active_units(model, pictures, threshold=0.99).any()


def test_active_units_looks_at_means_not_at_spreads(data):
    model = Linear(STRENGTHS)
    model.gain.zero_()  # the same posterior for every picture, narrower than the prior
    assert not active_units(model, data).any()
    assert (kl_per_dimension(model, data) > 0.5).all()


def test_active_units_are_measured_from_a_learned_prior():
    data = drawn([0.001] * 3)
    model = Labelled([0.001] * 3, offset=5.0)
    assert not active_units(model, data).any()  # the mean follows the label, and so does the prior


def test_evidence_of_an_exact_linear_model(report):
    evidence = report.evidence
    constant = PIXELS / 2 * (1 + log(2 * pi * NOISE**2))
    worth = sum(STRENGTHS)
    assert evidence["reconstruction"] == pytest.approx(constant, abs=0.5)
    assert evidence["mean_picture"] == pytest.approx(constant + worth / 2, abs=1)
    assert evidence["shuffled"] == pytest.approx(constant + worth, abs=3)
    assert evidence["decoder_use"] == pytest.approx(worth, abs=3)
    assert evidence["kl"] == pytest.approx(sum(0.5 * log(1 + strength) for strength in STRENGTHS), abs=0.1)
    assert evidence["negative_elbo"] == pytest.approx(evidence["reconstruction"] + evidence["kl"])
    assert evidence["codes_vs_prior"] == pytest.approx(0.5, abs=5 * evidence["chance_error"])
    # The codes have the prior's distribution, so samples and reconstructions have one, too.
    difference = evidence["samples_vs_data"] - evidence["reconstructions_vs_data"]
    assert difference == pytest.approx(0, abs=6 * evidence["chance_error"])
    assert (evidence["active_units"], evidence["idle_dimensions"]) == (3, 0)


def test_samples_that_differ_from_the_data_are_told_apart(data, report):
    model = Linear(STRENGTHS)
    model.prior = lambda: diagonal_normal(torch.zeros(3), torch.full((3,), 4.0))
    evidence = diagnose(model, data).evidence
    assert evidence["samples_vs_data"] > 0.9 > report.evidence["samples_vs_data"]
    assert evidence["codes_vs_prior"] > 0.9


@pytest.mark.parametrize("beta", [0.01, 0.3, 1.0, 4.0])
def test_the_implied_beta_is_the_one_that_the_posterior_is_best_for(data, beta):
    assert diagnose(Linear(STRENGTHS, beta), data).evidence["implied_beta"] == pytest.approx(beta, rel=0.1)


def test_what_idle_dimensions_could_earn_is_what_probabilistic_pca_says(data):
    evidence = diagnose(Linear([30.0, 0, 0]), data).evidence
    variances = [21.0, 11.0]  # of the residual in units of the noise, along the two directions left out
    assert evidence["idle_worth"] == pytest.approx(sum(0.5 * (v - 1 - log(v)) for v in variances), rel=0.15)
    assert evidence["waking_beta"] == pytest.approx(21, rel=0.15)


def test_the_mean_picture_under_coins_is_their_entropy(digits):
    mean = digits.data.mean(0).double().clamp(1e-4, 1 - 1e-4)
    entropy = -(mean * mean.log() + (1 - mean) * (1 - mean).log()).sum().item()
    model = VAE(latent_dim=2, picture_shape=(1, 8, 8))
    assert mean_picture_baseline(model, digits) == pytest.approx(entropy, abs=0.02)


def test_a_conditional_model_has_a_mean_picture_for_each_class(digits):
    model = CVAE(latent_dim=2, picture_shape=(1, 8, 8), likelihood=gaussian)
    within = sum(((x - x.mean(0)) ** 2).sum() for x in (digits.data[digits.targets == k] for k in range(10)))
    expected = within.item() / len(digits) + 32 * log(pi)
    assert mean_picture_baseline(model, digits) == pytest.approx(expected, abs=0.01)


def test_the_mean_picture_of_another_likelihood_is_fitted(digits):
    def normal(output):
        mean, log_std = output.chunk(2, dim=-1)
        return Independent(Normal(mean, 0.05 + log_std.exp()), 3)

    model = VAE(latent_dim=2, picture_shape=(1, 8, 16), likelihood=normal)
    model.encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
    model.picture_shape = (1, 8, 8)
    variance = digits.data.var(0, correction=0)
    std = variance.sqrt().clamp_min(0.05)
    expected = (0.5 * variance / std**2 + std.log() + 0.5 * log(2 * pi)).sum().item()
    assert mean_picture_baseline(model, digits) == pytest.approx(expected, abs=1.5)


# ------------------------------------------------------------------------------------- two-sample test


@pytest.mark.parametrize("seed", range(5))
def test_two_sets_from_one_distribution_are_told_apart_by_chance_only(seed):
    a, b = np.random.default_rng(seed).normal(size=(2, 1500, 8))
    result = two_sample_test(a, b, seed=seed)
    assert result.chance == 0.5
    assert result.standard_error == pytest.approx(0.5 / sqrt(1500))
    assert abs(result.accuracy - 0.5) < 4 * result.standard_error


@pytest.mark.parametrize("shift", [0.5, 1.0, 2.0, 8.0])
def test_two_gaussians_are_told_apart_as_well_as_is_possible(shift):
    a, b = np.random.default_rng(0).normal(size=(2, 2000, 1))
    best = 0.5 * (1 + erf(shift / 2 / sqrt(2)))
    assert two_sample_test(a, b + shift).accuracy == pytest.approx(best, abs=0.04)


def test_a_difference_in_spread_is_found():
    a, b = np.random.default_rng(0).normal(size=(2, 1000, 5))
    assert two_sample_test(torch.tensor(a), torch.tensor(3 * b)).accuracy > 0.9


def test_the_larger_set_does_not_bias_the_test():
    a, b = np.random.default_rng(0).normal(size=(2, 1000, 3))
    result = two_sample_test(a, b[:100])
    assert result.standard_error == pytest.approx(0.5 / sqrt(100))
    assert abs(result.accuracy - 0.5) < 4 * result.standard_error


@pytest.mark.parametrize(
    ("a", "b", "complaint"),
    [
        (np.zeros((9, 2)), np.zeros((9, 3)), "a and b take vectors of one length, got 2 and 3"),
        (np.zeros(9), np.zeros((9, 1)), r"a takes four finite vectors or more, \(N, F\), got shape \(9,\)"),
        (np.zeros((9, 1)), np.zeros((3, 1)), r"b takes four finite vectors or more, \(N, F\), got shape \(3, 1\)"),
        (np.zeros((9, 1)), np.full((9, 1), np.nan), r"b takes four finite vectors"),
    ],
    ids=["lengths", "one-dimensional", "few", "nan"],
)
def test_bad_vectors_are_named(a, b, complaint):
    with pytest.raises(ValueError, match=complaint):
        two_sample_test(a, b)


# ---------------------------------------------------------------------------------------------- verdicts


def test_an_exact_model_is_healthy(report):
    assert report.verdict == "healthy"
    assert report.advice == "Keep beta."


HANDMADE = {
    "a code that is not compressed": (Linear(STRENGTHS, 0.01), "code not compressed", "Raise beta about 100 times"),
    "a decoder without a code": (Linear([0.0] * 3), "code ignored", "Lower beta to 1"),
    "directions left out": (Linear([30.0, 0, 0]), "partly collapsed", "free bits"),
    "directions left out by beta": (Linear([30.0, 0.01, 0.01], 5.0), "partly collapsed", "Lower beta about 5 times"),
    "more dimensions than directions": (Linear([*STRENGTHS, 0, 0, 0]), "healthy", "3 dimensions are idle"),
    "a label, and a code beside it": (Labelled(STRENGTHS), "healthy", "Keep beta"),
    "a learned prior": (Labelled(STRENGTHS, offset=5.0), "healthy", "Keep beta"),
}


@pytest.mark.parametrize(("model", "verdict", "advice"), HANDMADE.values(), ids=HANDMADE)
def test_verdict_and_advice_of_a_linear_model(data, model, verdict, advice):
    report = diagnose(model, data)
    assert report.verdict == verdict
    assert advice in report.advice


def test_the_label_alone_does_not_count_as_use_of_the_code():
    """The decoder reads from the code what the label says already: one class is dark, the other bright."""
    dark = drawn(STRENGTHS)
    light = 0.1 * (2 * dark.targets.float() - 1).view(-1, 1, 1, 1)
    pictures = PictureDataset((0.1 * dark.data + 0.45 + light).clamp(0, 1), dark.targets, dark.classes)
    report = diagnose(Labelled([1.0], kept="label"), pictures)
    assert report.evidence["reconstruction"] < report.evidence["mean_picture"] + 50
    assert report.verdict == "code ignored"


HEALTHY_NUMBERS = {
    "training_gain_in_spreads": 0.0,
    "decoder_use": 200.0,
    "decoder_use_error": 2.0,
    "implied_beta": 1.0,
    "idle_share": 0.2,
    "idle_worth_share": 0.05,
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "healthy"),
        ({"training_gain_in_spreads": 0.5}, "undertrained"),
        ({"decoder_use": 0.1}, "code ignored"),
        ({"decoder_use": 5.0}, "code ignored"),
        ({"decoder_use": 5.0, "decoder_use_error": 0.1}, "healthy"),
        ({"implied_beta": 0.01}, "code not compressed"),
        ({"idle_share": 0.6, "idle_worth_share": 0.5}, "partly collapsed"),
        ({"idle_share": 0.6}, "healthy"),
        ({"idle_worth_share": 0.5}, "healthy"),
        ({"decoder_use": 0.1, "implied_beta": 0.01}, "code ignored"),
        ({"training_gain_in_spreads": 0.5, "decoder_use": 0.1}, "undertrained"),
        ({"implied_beta": 0.01, "idle_share": 0.6, "idle_worth_share": 0.5}, "code not compressed"),
    ],
)
def test_the_verdict_is_read_from_six_numbers_in_order(changed, expected):
    assert decide(HEALTHY_NUMBERS | changed) == expected


def trained(beta=1.0, epochs=40, kind=VAE, **settings):
    data = load("digits8")
    torch.manual_seed(0)
    model = kind(latent_dim=6, hidden=(64,), picture_shape=(1, 8, 8), **settings)
    fit(model, data, epochs, objective=negative_elbo(beta), progress=False, device="cpu")
    return model


TRAINED = {
    "beta 1": ({}, "healthy"),
    "beta 300": ({"beta": 300.0}, "code ignored"),
    "beta 0.001": ({"beta": 0.001}, "code not compressed"),
    "one epoch": ({"epochs": 1}, "undertrained"),
    "CVAE": ({"kind": CVAE}, "healthy"),
    "CVAE, beta 300": ({"kind": CVAE, "beta": 300.0}, "code ignored"),
    "CVAE, learned prior, beta 0.001": ({"kind": CVAE, "beta": 0.001, "learned_prior": True}, "code not compressed"),
    "squared error": ({"likelihood": gaussian, "beta": 0.3}, "healthy"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("settings", "verdict"), TRAINED.values(), ids=TRAINED)
def test_verdict_of_a_trained_model(digits, settings, verdict):
    assert diagnose(trained(**settings), digits).verdict == verdict


def test_pictures_may_be_the_condition(digits):
    """A conditional model of pictures given pictures: the condition is then not the label."""
    torch.manual_seed(0)
    model = CVAE(condition_dim=32, latent_dim=2, hidden=(32,), picture_shape=(1, 8, 8))
    top = digits.data[:, :, :4]
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    with torch.no_grad():  # the mean picture
        model.decoder[-2].bias.copy_(digits.data.mean(0).flatten().clamp(1e-4, 1 - 1e-4).logit())
    assert diagnose(model, digits, c=top).verdict == "code ignored"


# ------------------------------------------------------------------------------------- what is left alone


class WithDropout(VAE):
    def __init__(self):
        super().__init__(latent_dim=2, hidden=(64,), picture_shape=(1, 8, 8))
        self.encoder.insert(1, nn.Dropout(0.5))


def barely_trained(model):
    fit(model, load("digits8").select(slice(0, 640)), 2, progress=False, device="cpu")
    return model


def test_model_and_random_state_are_left_as_they_were(digits):
    model = barely_trained(WithDropout())
    model.train()
    model.encoder.eval()
    next(model.parameters()).requires_grad_(False)
    for parameter in model.parameters():
        parameter.grad = None
    modes = [module.training for module in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    diagnose(model, digits)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == modes
    assert [parameter.requires_grad for parameter in model.parameters()].count(False) == 1
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)


def test_the_same_seed_gives_the_same_report(digits):
    model = barely_trained(WithDropout())
    first, torch_seed = diagnose(model, digits), torch.randint(100, ())
    torch.manual_seed(int(torch_seed))
    assert diagnose(model, digits).to_dict() == first.to_dict()
    assert diagnose(model, digits, seed=1).to_dict() != first.to_dict()


def test_a_model_in_double_precision_is_diagnosed_as_well(digits):
    assert diagnose(barely_trained(WithDropout()).double(), digits).verdict in DIAGNOSES


def test_a_frozen_model_is_still_seen_to_be_undertrained(digits):
    model = barely_trained(WithDropout())
    assert diagnose(model, digits).verdict == "undertrained"
    assert diagnose(model.requires_grad_(False), digits).verdict == "undertrained"


# ------------------------------------------------------------------------------------------------ errors


def small(kind=VAE, **settings):
    torch.manual_seed(0)
    return kind(latent_dim=2, hidden=(64,), picture_shape=(1, 8, 8), **settings)


def with_nan():
    model = small()
    with torch.no_grad():
        model.decoder[0].weight[0, 0] = float("nan")
    return model


@pytest.mark.parametrize(
    ("model", "error", "complaint"),
    [
        ("VAE", TypeError, "model takes a VAE or a CVAE, got str"),
        (VAE, TypeError, "model takes a VAE or a CVAE, got type"),
        (small(Autoencoder), TypeError, r"model must have .*Autoencoder has no prior\(\)"),
        (Classifier(picture_shape=(1, 8, 8)), TypeError, r"model must have .*Classifier has no posterior\(\)"),
        (small(), ValueError, "model is untrained: this VAE reconstructs no better than a newly initialised one"),
        (small(CVAE), ValueError, "model is untrained: this CVAE"),
        (small(likelihood=gaussian), ValueError, "model is untrained"),
        (small(CVAE, learned_prior=True), ValueError, "model is untrained"),
        (with_nan(), ValueError, "model has NaN or infinity in decoder.0.weight"),
        (VAE(), ValueError, r"data does not fit the model: VAE fails on pictures of shape \(1, 8, 8\)"),
        (small(CVAE, condition_dim=3), ValueError, "data does not fit the model: CVAE .*c takes class numbers from 0"),
    ],
    ids=[
        *("text", "class", "autoencoder", "classifier", "untrained", "untrained CVAE", "untrained Gaussian"),
        *("untrained prior", "NaN", "other shape", "classes"),
    ],
)
def test_a_model_that_cannot_be_diagnosed_is_named(digits, model, error, complaint):
    with pytest.raises(error, match=f"^{complaint}"):
        diagnose(model, digits)


@pytest.mark.parametrize(
    ("data", "error", "complaint"),
    [
        (torch.zeros(200, 1, 8, 8), TypeError, r"data takes a PictureDataset, .* got Tensor"),
        (None, TypeError, "data takes a PictureDataset, .* got NoneType"),
        (load("digits8").select([]), ValueError, "data takes 100 pictures or more, got 0"),
        (load("digits8", n=99), ValueError, "data takes 100 pictures or more, got 99"),
    ],
    ids=["tensor", "nothing", "empty", "few"],
)
@pytest.mark.parametrize("function", [diagnose, kl_per_dimension, active_units, mean_picture_baseline])
def test_data_that_cannot_be_looked_at_is_named(function, data, error, complaint):
    with pytest.raises(error, match=f"^{complaint}"):
        function(small(), data)


@pytest.mark.parametrize(
    ("arguments", "error", "complaint"),
    [
        ({"history": 3}, TypeError, "history takes what fit returned, or a mapping, got int"),
        (
            {"c": torch.zeros(355, dtype=torch.int64)},
            ValueError,
            "c is for a conditional model; VAE takes no condition",
        ),
    ],
    ids=["history", "condition"],
)
def test_other_arguments_are_named(digits, arguments, error, complaint):
    with pytest.raises(error, match=f"^{complaint}"):
        diagnose(small(), digits, **arguments)


@pytest.mark.parametrize("c", [[0] * 355, torch.zeros(3, dtype=torch.int64)], ids=["list", "few"])
def test_conditions_that_do_not_fit_are_named(digits, c):
    with pytest.raises(ValueError, match=r"^c takes a tensor with a condition for each of the 355 pictures"):
        diagnose(small(CVAE), digits, c=c)


def test_ten_steps_of_training_are_no_longer_untrained(digits):
    """Even where the mean picture is still better by far."""
    model = small()
    fit(model, load("digits8").select(slice(0, 1280)), 1, progress=False, device="cpu")
    assert diagnose(model, digits).verdict == "undertrained"


# ------------------------------------------------------------------------------------------------ report


def test_diagnose_is_exported():
    assert exported is diagnose


def test_the_report_reads_well_as_text_and_says_the_same_as_html(data):
    report = diagnose(Linear(STRENGTHS, 0.01), data)
    text, html = repr(report), report._repr_mimebundle_()["text/html"]
    assert text == report._repr_mimebundle_()["text/plain"]
    assert text.startswith("Diagnosis: code not compressed\n")
    assert text.endswith(f"Advice: {report.advice}")
    (decisive,) = [line for line in text.splitlines() if "decides" in line]
    assert "behaves as if beta were" in decisive
    for name, value, comparison in report.rows():
        assert name in text
        assert all(part in html for part in (name, value, comparison))
    assert "<strong>code not compressed</strong>" in html
    assert html.count("decides") == 1


def test_a_healthy_report_has_no_decisive_row(report):
    assert "decides" not in repr(report)


def test_the_report_fits_into_json(data, report):
    content = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert content["verdict"] == "healthy"
    assert content["evidence"]["kl"] == report.evidence["kl"]
    json.dumps(diagnose(Linear([0.0] * 3), data).to_dict(), allow_nan=False)  # where the implied beta is NaN


def test_the_figure_shows_the_evidence(data):
    history = {"loss": [3.0, 2.0], "KL": [0.5, 1.0], "validation loss": [3.5, 2.5]}
    report = diagnose(Linear([30.0, 0, 0]), data, history=history)
    axes = report.figure().axes
    assert [panel.get_ylabel() for panel in axes[:4]] == ["data", "reconstructed", "codes swapped", "samples"]
    assert np.allclose(axes[0].images[0].get_array()[:SIDE, :SIDE], data.data[0, 0])
    bars = axes[4].patches
    assert bars[0].get_height() == pytest.approx(report.evidence["kl_per_dimension"][0])
    assert [bool(bar.get_hatch()) for bar in bars] == [False, True, True]
    curves = {panel.get_title(loc="left"): panel for panel in axes[-2:]}
    assert list(curves["KL"].get_lines()[0].get_ydata()) == [0.5, 1.0]
    assert len(curves["loss"].get_lines()) == 2
    assert report.to_dict()["curves"]["KL"] == [0.5, 1.0]


def test_the_figure_marks_what_lies_in_a_disease_and_pales_what_was_not_asked(data):
    axes = diagnose(Linear(STRENGTHS, 0.01), data).figure().axes[5:9]
    inside = []
    for panel in axes:
        scale, sick = panel.patches
        (mark,) = panel.get_lines()
        place = mark.get_xdata()[0]
        inside.append(bool(sick.get_x() <= place <= sick.get_x() + sick.get_width()))
        assert scale.get_width() == 1
    assert inside == [False, False, True, False]
    assert [panel.texts[-1].get_color() for panel in axes] == ["black", "black", "black", "0.55"]


def test_what_fit_returns_is_taken_as_history(digits):
    model = small()
    history = fit(model, load("digits8"), 2, progress=False, device="cpu")
    assert diagnose(model, digits, history).curves == {term: history[term] for term in history.terms}
