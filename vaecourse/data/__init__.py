"""Pictures to learn from: :func:`load` gets them by name, :func:`loader` serves them in batches."""

from vaecourse.data.pictures import PictureDataset, loader
from vaecourse.data.sources import SOURCES, Choice, DataError, describe_choice, load

__all__ = ["SOURCES", "Choice", "DataError", "PictureDataset", "describe_choice", "load", "loader"]
