"""Where the benchmarks find MNIST: VAECOURSE_DATA_DIR, else ``shared/data`` beside the project, else torchvision's."""

import os
from pathlib import Path

from vaecourse.data import PictureDataset, load

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def mnist(split: str) -> PictureDataset:
    """MNIST from files that are there already; a ``DataError`` says what to do if they are not."""
    root = BESIDE if "VAECOURSE_DATA_DIR" not in os.environ and BESIDE.is_dir() else None
    return load("mnist", split=split, root=root, download=False)
