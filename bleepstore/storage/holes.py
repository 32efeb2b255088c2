"""Gives back the room of a part of a file, of which the other parts stay where they are."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable

_KEEP_SIZE = 1  # fallocate(2)
_PUNCH_HOLE = 2

# Only Linux has it, and Python has no name for it. The first of the two takes 64 bits everywhere.
_C = ctypes.CDLL(None, use_errno=True)
_fallocate: Callable[..., int] | None = getattr(_C, "fallocate64", getattr(_C, "fallocate", None))


def punch_hole(descriptor: int, offset: int, length: int) -> None:
    """Make zeros of some bytes, and free the blocks that have nothing else. Blocks.

    Raises:
        OSError: with ``EOPNOTSUPP`` where the file system, or the system, cannot.
    """
    if _fallocate is None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
    place = ctypes.c_int64(offset), ctypes.c_int64(length)
    while _fallocate(descriptor, _PUNCH_HOLE | _KEEP_SIZE, *place):
        code = ctypes.get_errno()
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code))
