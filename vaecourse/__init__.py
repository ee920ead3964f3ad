"""vaecourse: the package behind a course on autoencoders and variational autoencoders.

Submodules load when they are first used, so ``vaecourse check`` can start, and say what is
missing, on a machine where torch cannot be imported.
"""

from importlib import import_module

__version__ = "0.1.0"

_SUBMODULES = ("data", "diagnostics", "grading", "models", "objectives", "plots", "quiz", "training", "widgets")
_FUNCTIONS = {"diagnose": "diagnostics", "fit": "training"}

__all__ = [*_SUBMODULES, *_FUNCTIONS]


def __getattr__(name):
    if name in _SUBMODULES:
        return import_module(f"vaecourse.{name}")
    if name in _FUNCTIONS:
        return getattr(import_module(f"vaecourse.{_FUNCTIONS[name]}"), name)
    raise AttributeError(f"module 'vaecourse' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
