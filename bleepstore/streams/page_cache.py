"""Reads of files that never wait for the disk, so that they may be made in the reactor's thread."""

from __future__ import annotations

import os
from typing import Any


def read_from_memory(descriptor: int, buffer: bytearray | memoryview[Any], position: int) -> int:
    """Fill a buffer, or its beginning, with what the kernel has in memory of a file.

    Returns:
        The number of bytes; 0 if none is in memory, or the file system does not tell.
    """
    try:
        return os.preadv(descriptor, [buffer], position, os.RWF_NOWAIT)
    except OSError:
        return 0
