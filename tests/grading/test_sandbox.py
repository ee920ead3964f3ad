import pytest
def test_x(inside):
    assert inside("def answer(n):\n    return n + 1", 2) == 3
