"""Results that find no room, on a full disk or a device that fails: one line and exit code 1."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


@contextmanager
def unwritable_told() -> Iterator[None]:
    """Run the block, write what it left in the buffer of stdout, and say where there was no room."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # closed by whoever started us
                sys.stdout.flush()
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        # what is still in the buffer goes nowhere, or Python would complain of it at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        where = error.filename or "stdout, or to a file"
        print(
            f"error: cannot write to {where}: {error.strerror}; make room, then say it again",
            file=sys.stderr,
        )
        sys.exit(1)
