"""fit and evaluate: the loop learns, remembers, repeats itself, and stops well."""

import contextlib

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from torch import nn

from vaecourse import fit
from vaecourse.data import PictureDataset
from vaecourse.models import VAE, Autoencoder, Classifier
from vaecourse.objectives import Loss, cross_entropy, negative_elbo, squared_error
from vaecourse.training import History, TrainingDivergedError, evaluate


def seeded(model_class, *arguments, **options):
    torch.manual_seed(0)
    return model_class(*arguments, **options)


@pytest.fixture(scope="module")
def data():
    """600 pictures of 6x6 pixels: a bright square whose place and brightness vary; the class is its row."""
    generator = torch.Generator().manual_seed(0)
    rows, columns = torch.randint(0, 5, (2, 600), generator=generator)
    pictures = torch.zeros(600, 1, 6, 6)
    for picture, row, column in zip(pictures, rows, columns, strict=True):
        picture[0, row : row + 2, column : column + 2] = 0.5 + 0.5 * torch.rand((), generator=generator)
    return PictureDataset(pictures, rows, [f"row {row}" for row in range(5)])


def small(model_class, **options):
    return seeded(model_class, latent_dim=2, hidden=(16,), picture_shape=(1, 6, 6), **options)


@pytest.mark.parametrize("model_class", [Autoencoder, VAE])
def test_fit_lowers_the_loss(model_class, data):
    model = small(model_class)
    before = evaluate(model, data)["loss"]
    history = fit(model, data, epochs=15)
    assert evaluate(model, data)["loss"] < 0.8 * before
    assert len(history["loss"]) == 15
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.slow
def test_a_linear_autoencoder_reaches_the_subspace_of_pca():
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn(800, 3, generator=generator) * torch.tensor([0.35, 0.3, 0.25])
    basis, _ = torch.linalg.qr(torch.randn(16, 3, generator=generator))
    noise = 0.01 * torch.randn(800, 16, generator=generator)
    pictures = (0.5 + codes @ basis.T + noise).clamp(0, 1).view(-1, 1, 4, 4)
    data = PictureDataset(pictures, torch.zeros(800, dtype=torch.int64), ["only"])
    pca = PCA(3).fit(pictures.flatten(1))
    linear = seeded(Autoencoder, 3, hidden=(), picture_shape=(1, 4, 4), output=nn.Identity)
    fit(linear, data, epochs=100, batch_size=20, lr=0.03)
    angles = subspace_angles(linear.decoder[0].weight.detach().numpy(), pca.components_.T)
    assert np.degrees(angles).max() < 2
    residual = pictures.flatten(1).numpy() - pca.inverse_transform(pca.transform(pictures.flatten(1)))
    least, variance = (residual**2).sum(1).mean(), pictures.flatten(1).var(0).sum().item()
    assert 0.99 * least < evaluate(linear, data)["loss"] < least + 0.01 * variance


def test_same_seed_same_result_other_seed_another(data):
    results = [fit(small(VAE), data, epochs=2, seed=seed)["loss"] for seed in (0, 0, 1)]
    assert results[0] == results[1] != results[2]


def test_fit_leaves_the_global_random_state_alone(data):
    model = small(VAE)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    fit(model, data, epochs=1)
    evaluate(model, data)
    assert torch.equal(torch.rand(3), expected)


def test_the_random_state_of_accelerators_is_left_alone_too(data, monkeypatch):
    kept = []
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: torch.tensor([7]))
    monkeypatch.setattr(torch.mps, "set_rng_state", kept.append)
    monkeypatch.setattr(torch.mps, "manual_seed", lambda seed: None)
    fit(small(VAE), data, epochs=1, device="cpu")
    assert kept == [torch.tensor([7])]


def test_history_holds_the_mean_over_pictures_of_every_term(data):
    model = small(VAE)
    seen = []

    def recording(model, x, targets):
        loss = negative_elbo()(model, x, targets)
        seen.append(loss)
        return loss

    history = fit(model, data, epochs=1, objective=recording, batch_size=128)
    assert [len(loss.per_picture) for loss in seen] == [128, 128, 128, 128, 88]
    for name in ("reconstruction", "KL"):
        expected = torch.cat([loss.terms[name] for loss in seen]).mean().item()
        assert history[name] == [pytest.approx(expected, rel=1e-5)]
    assert history["loss"] == [pytest.approx(history["reconstruction"][0] + history["KL"][0], rel=1e-5)]


def test_validation_is_measured_after_every_epoch_and_not_trained_on(data):
    held_out = data.select(slice(0, 100))
    train = data.select(slice(100, None))
    with_validation, without = small(VAE), small(VAE)
    history = fit(with_validation, train, epochs=3, validation=held_out)
    fit(without, train, epochs=3)
    assert len(history["validation loss"]) == 3
    assert history["validation loss"][-1] == pytest.approx(evaluate(with_validation, held_out)["loss"])
    for mine, other in zip(with_validation.parameters(), without.parameters(), strict=True):
        assert torch.equal(mine, other)


def test_an_unknown_term_is_named(data):
    history = fit(small(VAE), data, epochs=1)
    with pytest.raises(KeyError, match="no term 'kl' in this history; it has loss, reconstruction, KL"):
        history["kl"]


def test_history_plots_itself(data):
    history = fit(small(VAE), data, epochs=2, validation=data)
    titles = [axes.get_title(loc="left") for axes in history.plot().axes]
    assert titles == ["loss", "reconstruction", "KL"]
    lines = history.plot().axes[0].get_lines()
    assert [list(line.get_ydata()) for line in lines] == [history["loss"], history["validation loss"]]


def test_the_model_learns_the_labels_when_asked_to(data):
    judge = seeded(Classifier, 5, (1, 6, 6))
    with pytest.raises(TypeError, match="say what it should learn"):
        fit(judge, data)
    fit(judge, data, epochs=20, objective=cross_entropy)
    assert not judge.training
    assert (judge(data.data).argmax(-1) == data.targets).float().mean() > 0.9


def interrupt_after(batches):
    """An objective that presses the stop button at the given batch."""
    count = 0

    def objective(model, x, targets):
        nonlocal count
        count += 1
        if count > batches:
            raise KeyboardInterrupt
        return squared_error(model, x, targets)

    return objective


def test_an_interrupt_keeps_what_was_learned_so_far(data):
    model = small(Autoencoder)
    before = evaluate(model, data)["loss"]
    history = fit(model, data, epochs=50, objective=interrupt_after(12), schedule=None)
    assert history.interrupted
    assert len(history["loss"]) == 3  # 5 + 5 + 2 batches
    assert evaluate(model, data)["loss"] < before
    assert not model.training
    assert "interrupted" in repr(history)


def test_an_interrupt_while_training_is_set_up_leaves_the_model_as_it_was(data, monkeypatch):
    def pressed(*arguments, **options):
        raise KeyboardInterrupt

    model = small(Autoencoder)
    monkeypatch.setattr(torch.optim, "Adam", pressed)
    history = fit(model, data)
    assert history.interrupted
    assert history.epochs == []
    assert not model.training


def test_an_interrupt_during_validation_keeps_the_epoch(data, monkeypatch):
    def pressed(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("vaecourse.training.evaluate", pressed)
    history = fit(small(Autoencoder), data, epochs=3, validation=data)
    assert history.interrupted
    assert len(history["loss"]) == 1


def test_an_interrupt_before_the_first_batch_of_an_epoch_adds_no_epoch(data):
    history = fit(small(Autoencoder), data, epochs=3, objective=interrupt_after(5))
    assert len(history.epochs) == 1
    assert fit(small(Autoencoder), data, epochs=3, objective=interrupt_after(0)).epochs == []


def sick_after(batches, **sick_terms):
    """A VAE's objective whose named terms take the given values after some batches."""
    count = 0

    def objective(model, x, targets):
        nonlocal count
        count += 1
        loss = negative_elbo()(model, x, targets)
        if count <= batches:
            return loss
        terms = dict(loss.terms) | {name: torch.full((len(x),), value) for name, value in sick_terms.items()}
        return Loss(sum(terms.values()), terms)

    return objective


@pytest.mark.parametrize(
    ("sick", "said", "not_said"),
    [
        ({"KL": float("nan")}, r"KL \(nan\)", r"reconstruction \("),
        ({"reconstruction": float("inf")}, r"reconstruction \(inf\)", r"KL \("),
        ({"KL": 1e9}, r"KL \(1e\+09\)", r"reconstruction \("),
    ],
)
def test_a_sick_loss_stops_training_and_says_which_term(data, sick, said, not_said):
    model = small(VAE)
    with pytest.raises(TrainingDivergedError, match=said) as error:
        fit(model, data, epochs=4, objective=sick_after(7, **sick))
    assert "epoch 2" in str(error.value)
    assert not_said.replace("\\", "") not in str(error.value)
    assert len(error.value.history.epochs) == 1
    only_first_epoch = small(VAE)
    with contextlib.suppress(TrainingDivergedError):
        fit(only_first_epoch, data, epochs=4, objective=sick_after(5, **sick))
    for mine, other in zip(model.parameters(), only_first_epoch.parameters(), strict=True):
        assert torch.equal(mine, other)


def test_a_first_loss_that_is_nan_is_said_to_be_nan(data):
    with pytest.raises(TrainingDivergedError, match="the first loss was nan"):
        fit(small(VAE), data, epochs=1, objective=sick_after(0, KL=float("nan")))


def test_weights_lost_in_the_last_step_are_noticed_in_validation(data):
    model = small(Autoencoder)
    batches = 0

    def objective(model, x, targets):
        nonlocal batches
        batches += 1
        loss = squared_error(model, x, targets)
        return Loss(loss.per_picture * float("nan")) if batches > 5 else loss

    with pytest.raises(TrainingDivergedError, match="epoch 1: loss"):
        fit(model, data, epochs=1, objective=objective, validation=data)
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_buffers_go_back_with_the_weights(data):
    model = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(36, 36), nn.Unflatten(1, (1, 6, 6)))
    with pytest.raises(TrainingDivergedError):
        fit(model, data, epochs=1, objective=lambda m, x, t: Loss((m(x) * float("nan")).flatten(1).sum(1)))
    assert torch.equal(model[0].running_mean, torch.zeros(1))
    assert model[0].num_batches_tracked == 0


def test_a_learning_rate_far_too_high_is_caught(data):
    with pytest.raises(TrainingDivergedError, match="smaller learning rate than lr=100"):
        fit(small(VAE), data, epochs=20, lr=100.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": 0}, "epochs takes a positive integer, got 0"),
        ({"epochs": 2.5}, "epochs takes a positive integer, got 2.5"),
        ({"batch_size": -1}, "batch_size takes a positive integer, got -1"),
        ({"lr": 0}, "lr takes a positive number, got 0"),
        ({"lr": float("nan")}, "lr takes a positive number, got nan"),
        ({"schedule": "cosine"}, "schedule takes \"one-cycle\" or None, got 'cosine'"),
    ],
)
def test_bad_arguments_are_named_before_anything_is_trained(data, options, said):
    model = small(VAE)
    weights = [parameter.clone() for parameter in model.parameters()]
    with pytest.raises(ValueError, match=said):
        fit(model, data, **options)
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters(), strict=True))


def test_a_model_without_parameters_can_be_judged_but_not_trained(data):
    class Copy(nn.Module):
        def forward(self, x):
            return x

    assert evaluate(Copy(), data, squared_error) == {"loss": 0}
    with pytest.raises(ValueError, match="no parameter of this Copy takes a gradient"):
        fit(Copy(), data, objective=squared_error)


def test_a_model_in_double_precision_stays_there(data):
    model = small(VAE).double()
    history = fit(model, data, epochs=1, validation=data)
    assert next(model.parameters()).dtype == torch.float64
    assert len(history["validation loss"]) == 1


def test_empty_data_is_named(data):
    with pytest.raises(ValueError, match="data is empty"):
        fit(small(VAE), data.select([]))


def learning_rates(data, **options):
    """The learning rate before each step, read off the optimizer's own steps."""
    rates = []
    step = torch.optim.Adam.step

    def recording(self, *arguments, **named):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", recording)
        fit(small(VAE), data, epochs=4, lr=0.01, **options)
    return [float(rate) for rate in rates]


def test_one_cycle_rises_to_lr_and_falls_to_nearly_zero(data):
    rates = learning_rates(data)
    top = int(np.argmax(rates))
    assert len(rates) == 20
    assert max(rates) == pytest.approx(0.01, rel=0.05)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert 0.2 < top / len(rates) < 0.4
    assert rates[-1] < 1e-4


def test_a_training_of_few_steps_is_not_spent_warming_up(data):
    model = small(Autoencoder)
    before = evaluate(model, data)["loss"]
    fit(model, data, epochs=1, batch_size=600, lr=0.01)
    assert evaluate(model, data)["loss"] < before - 0.01


def test_without_a_schedule_the_rate_is_constant(data):
    assert learning_rates(data, schedule=None) == [0.01] * 20


def test_the_bar_shows_device_and_terms(data, monkeypatch):
    monkeypatch.setattr("vaecourse.training.tqdm", _PlainBar)
    _PlainBar.descriptions, _PlainBar.shown = [], []
    fit(small(VAE), data, epochs=2, device="cpu")
    assert _PlainBar.descriptions == ["epoch 1/2 on cpu", "epoch 2/2 on cpu"]
    assert set(_PlainBar.shown[-1]) == {"loss", "reconstruction", "KL"}


class _PlainBar:
    """Stands in for tqdm and remembers what it was told to show."""

    descriptions: list[str] = []  # noqa: RUF012
    shown: list[dict] = []  # noqa: RUF012

    def __init__(self, **options):
        self.total = options["total"]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        assert self.total == 10

    def set_description(self, text, refresh):
        self.descriptions.append(text)

    def set_postfix(self, values, refresh):
        self.shown.append(dict(values))

    def update(self):
        pass


def test_without_progress_nothing_is_printed(data, capfd):
    fit(small(VAE), data, epochs=1, progress=False)
    assert capfd.readouterr() == ("", "")


def test_evaluate_weighs_the_last_short_batch_as_what_it_is(data):
    model = small(Autoencoder)
    whole = evaluate(model, data, batch_size=600)["loss"]
    assert evaluate(model, data, batch_size=599)["loss"] == pytest.approx(whole, rel=1e-5)


def test_evaluate_repeats_itself_and_gives_the_model_back_as_it_was(data):
    model = small(VAE).train()
    assert evaluate(model, data) == evaluate(model, data)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_an_empty_history_says_so():
    assert repr(History()) == "History of 0 epochs"


def test_a_scheduled_objective_is_told_how_far_the_training_is(data):
    told = []

    def objective(model, x, targets):
        told.append(objective.progress)
        return squared_error(model, x)

    objective.progress = 1.0
    fit(small(Autoencoder), data, epochs=2, batch_size=300, objective=objective)
    assert told == [0, 0.25, 0.5, 0.75]
    assert objective.progress == 1
