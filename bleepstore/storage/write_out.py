"""Lets the disk work while the bytes of a large file still come, so that its sync finds little left.

The kernel would otherwise keep what is written in memory for seconds, and the sync at the end of an
upload would wait for all of it: 0.4 s for 512 MiB, where the upload itself took 0.4 to 0.9 s. Begun
early, 0.02 s of it are left. This makes nothing durable; the sync stays.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from io import FileIO
from typing import Any

_STRETCH_BYTES = 8 * 1024 * 1024
_SYNC_FILE_RANGE_WRITE = 2  # begin, and wait for nothing: sync_file_range(2)

# Only Linux has it, and Python has no name for it. posix_fadvise() would begin as well, but drops
# what is on the disk already from memory, where the next reader would look for it.
_sync_file_range: Callable[..., Any] | None = getattr(ctypes.CDLL(None), "sync_file_range", None)


class WriteOut:
    """Follows the growth of one file. Blocks while the disk has more to do than it can queue."""

    def __init__(self) -> None:
        self._begun_bytes = 0

    def reached(self, file: FileIO, size_bytes: int) -> None:
        """The file has so many bytes by now."""
        waiting = size_bytes - self._begun_bytes
        if waiting < _STRETCH_BYTES or _sync_file_range is None:
            return
        # Whatever goes wrong goes wrong again at the sync, which tells.
        _sync_file_range(
            file.fileno(),
            ctypes.c_int64(self._begun_bytes),
            ctypes.c_int64(waiting),
            _SYNC_FILE_RANGE_WRITE,
        )
        self._begun_bytes = size_bytes
