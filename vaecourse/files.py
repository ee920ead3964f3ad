"""Writing files such that nobody ever finds half of one."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Put ``content`` into the file: whoever looks sees all of the old file or all of the new one.

    A process that is killed meanwhile leaves a hidden ``.NAME.*.tmp`` beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(partial, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:  # an interrupt, too
        with suppress(OSError):
            partial.unlink()
        raise
