"""Exercises that grade themselves: in a notebook, ``from vaecourse.grading import check, summary``.

Nothing is loaded before it is used: a student's code is run beside :mod:`vaecourse.grading.worker` alone, which
must not know what is right.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["check", "summary"]


class _Grading(ModuleType):
    """Here ``check`` is the function, though Python sets a submodule of that name when it is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value.check if name == "check" and isinstance(value, ModuleType) else value)


sys.modules[__name__].__class__ = _Grading


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("vaecourse.grading.check"), name)
    raise AttributeError(f"module 'vaecourse.grading' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
