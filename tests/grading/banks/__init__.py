"""Right and wrong answers to the tasks of each lesson: plain data, one module a lesson."""


def changed(source: str, *changes: tuple[str, str]) -> str:
    """``source`` with each change made once; an error if there is nothing to change."""
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} stands {source.count(old)} times in the source, expected once")
        source = source.replace(old, new)
    return source
