"""Names in folders that survive a power cut: POSIX wants a folder synced for that.

All of this blocks: call it in threads.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(path: Path, *, sync: bool) -> None:
    """Make a folder and those above it, durably if ``sync``."""
    if path.is_dir():
        return
    make_folders(path.parent, sync=sync)
    path.mkdir(mode=0o700, exist_ok=True)
    if sync:
        sync_folder(path.parent)


def make_own_folder(folder: Path, *, sync: bool) -> None:
    """A folder that this process may do everything in.

    Raises:
        OSError: it may not; the message has the path.
    """
    make_folders(folder, sync=sync)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
