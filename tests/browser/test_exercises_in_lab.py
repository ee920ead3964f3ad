"""Every exercise, untouched, in JupyterLab. A file of its own, so that it runs beside the lessons."""

from pathlib import Path

import pytest
from notebook_page import runs_from_top_to_bottom

from vaecourse.course import lessons

EXERCISES = lessons(Path(__file__).parents[2] / "exercises")


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda path: path.stem)
def test_an_exercise_runs_from_top_to_bottom(opened, exercise):
    runs_from_top_to_bottom(opened(f"exercises/{exercise.name}"))
