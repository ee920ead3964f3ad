"""Pictures to learn from: :func:`load` gets them by name, :func:`loader` serves them in batches.

Three kinds of noise spoil them: :func:`gaussian_noise`, :func:`salt_and_pepper` and :func:`occlusion`.
"""

from vaecourse.data.noise import gaussian_noise, occlusion, salt_and_pepper
from vaecourse.data.pictures import PictureDataset, loader
from vaecourse.data.sources import SOURCES, Choice, DataError, describe_choice, load

__all__ = [
    "SOURCES",
    "Choice",
    "DataError",
    "PictureDataset",
    "describe_choice",
    "gaussian_noise",
    "load",
    "loader",
    "occlusion",
    "salt_and_pepper",
]
