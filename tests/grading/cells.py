"""Code as it stands in a notebook's cell, for tests."""

import itertools
import linecache
from typing import Any

_numbers = itertools.count(1)


def run_cell(source: str, filename: str | None = None) -> dict[str, Any]:
    """What the cell leaves behind. It has the name of a Jupyter cell unless another is given."""
    filename = filename or f"/tmp/ipykernel_1/{next(_numbers)}.py"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {}
    exec(compile(source, filename, "exec"), namespace)
    return namespace
