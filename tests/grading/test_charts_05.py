"""Lesson 05's patients: their charts say what they are, in the exercise's table and wherever they are drawn."""

import re
from pathlib import Path

import nbformat
import pytest
import torch

from vaecourse.data import load
from vaecourse.diagnostics import DIAGNOSES, diagnose
from vaecourse.grading.tasks import find_task, lesson_05
from vaecourse.models import VAE
from vaecourse.objectives import negative_elbo
from vaecourse.training import fit

SOLUTION = Path(__file__).parents[2] / "solutions" / "05_beta.ipynb"
COLUMNS = ("reconstruction", "shuffled", "kl", "codes_vs_prior", "last epoch")
NEAR = {"rel": 0.1, "abs": 3.0}
"""Another processor, or another number of threads, may round a training elsewhere."""


def printed() -> dict[str, list[list[float]]]:
    """The rows of the table in the prompt: for each patient, the numbers of each column."""
    cells = nbformat.read(SOLUTION, as_version=4).cells
    (prompt,) = (cell.source for cell in cells if cell.id == "charts-prompt")
    rows = re.findall(r"^\| \*\*(\w)\*\* \|(.*)\|$", prompt, re.MULTILINE)
    return {name: [numbers(column) for column in columns.split("|")] for name, columns in rows}


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", text.replace("−", "-"))]


def test_the_words_are_those_of_diagnose():
    assert set(lesson_05.VERDICTS) == set(DIAGNOSES)
    assert {chart.verdict for chart in lesson_05.PATIENTS.values()} == set(DIAGNOSES)


def test_the_number_of_active_units_can_be_read_from_the_table():
    counted = {name: sum(variance > 0.01 for variance in columns[-1]) for name, columns in printed().items()}
    assert counted == {name: chart.units for name, chart in lesson_05.PATIENTS.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", lesson_05.PATIENTS)
def test_the_table_shows_what_was_measured(name):
    chart = lesson_05.PATIENTS[name]
    train, held_out = (load("strokes", split=split, n=n) for split, n in {"train": 3_000, "test": 1_000}.items())
    torch.manual_seed(chart.seed)
    vae = VAE(6, hidden=(128,), picture_shape=(1, 28, 28))
    options = {"batch_size": 50, "progress": False, "seed": chart.seed, "objective": negative_elbo(chart.beta)}
    losses = fit(vae, train, chart.epochs, **options)["loss"]
    report = diagnose(vae, held_out)
    assert report.verdict == chart.verdict

    found = dict(report.evidence) | {"last epoch": losses[-1] - losses[-2]}
    found["codes_vs_prior"] = 100 * found["codes_vs_prior"]
    row = dict(zip(COLUMNS, printed()[name], strict=False))
    assert {column: found[column] for column in COLUMNS} == {
        column: pytest.approx(row[column][0], **NEAR) for column in COLUMNS
    }
    assert found["active_units"] == chart.units


@pytest.mark.slow
@pytest.mark.parametrize("seed", [f"class {number}" for number in range(4)])
def test_patients_have_what_they_are_said_to_have(seed):
    for case in find_task("05.prescribe").stages[0].cases(find_task("05.prescribe").rng(seed)):
        beta, epochs = case["kl_weight"] * case["scale"], case["epochs"]
        verdict, chart = lesson_05.examined(case["patient"], beta, epochs)
        assert verdict == case.name
        # What a student reads it from leaves no doubt.
        assert (chart["losses"][-2] - chart["losses"][-1] > 10) == (case.name == lesson_05.UNDERTRAINED)
        if case.name != lesson_05.UNDERTRAINED:
            assert (chart["shuffled"] - chart["reconstruction"] < 2) == (case.name == lesson_05.IGNORED)
            assert (chart["codes_vs_prior"] > 0.95) == (case.name == lesson_05.NOT_COMPRESSED)


@pytest.mark.slow
def test_a_beta_near_one_cures():
    """Nobody has to hit it: half of it and twice as much will do."""
    patient = lesson_05.Patient(seed=1, size=24, latent_dim=8)
    assert [lesson_05.examined(patient, beta, lesson_05.EPOCHS)[0] for beta in (0.5, 1.0, 2.0)] == ["healthy"] * 3
