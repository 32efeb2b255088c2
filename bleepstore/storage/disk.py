"""Small things done to a disk, each of which blocks: call them in threads."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from ..errors import StorageBroken, StorageFull

# EFBIG is a limit on the size of one file (RLIMIT_FSIZE, or the file system's own).
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# EUCLEAN is damage that the file system has found, ESTALE a network's file system that is gone.
_BROKEN = frozenset(
    {errno.EROFS, errno.EIO, errno.EUCLEAN, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.EACCES}
)


LOG_BYTES = 16 * 1024 * 1024
"""How much a database writes to its log before it uses it anew: deletions, too, need this room."""

RESERVE_BYTES = 2 * LOG_BYTES
"""What uploads leave free on a disk, so that it can be emptied when it is full."""


@contextmanager
def reporting_trouble(place: Path) -> Iterator[None]:
    """Turn the ``OSError`` of a disk into what an operator can do something about.

    Args:
        place: on the disk; told to the operator.

    Raises:
        StorageFull: there is no room.
        StorageBroken: the disk cannot be written, or cannot be read.
    """
    try:
        yield
    except OSError as error:
        problem = f"{place}: {os.strerror(error.errno or 0)}"
        if error.errno in _NO_ROOM:
            raise StorageFull(f"{problem}; make room on this disk") from error
        if error.errno in _BROKEN:
            raise StorageBroken(f"{problem}; look into the kernel's log, mend the disk") from error
        raise


_MOST_PIECES = 1024
"""That one write takes: ``IOV_MAX`` of Linux, see writev(2)."""


def free_bytes(folder: Path) -> int:
    """What the file system of a folder has for users without privileges."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def file_bytes(path: Path) -> int:
    """The size of a file; 0 if there is none."""
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def check_room(folder: Path, size_bytes: int) -> int:
    """Answer the free bytes on the file system of a folder, if it can take some more.

    Raises:
        StorageFull: ``size_bytes`` would not leave :data:`RESERVE_BYTES` free.
    """
    free = free_bytes(folder)
    if free < size_bytes + RESERVE_BYTES:
        raise StorageFull(
            f"{folder}: {free} bytes are free, {size_bytes} and {RESERVE_BYTES} in reserve are "
            "needed; make room on this disk"
        )
    return free


def create_file(path: Path) -> FileIO:
    """A new file, readable by its owner alone. Raises ``FileExistsError``."""
    return FileIO(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600))


def write_all(file: FileIO, block: bytes | memoryview) -> None:
    """Append a block, in as many writes as the kernel wants."""
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


def write_all_at(descriptor: int, pieces: Sequence[bytes | memoryview], position: int) -> None:
    """Write pieces one behind the other, in as many writes as the kernel wants."""
    if len(pieces) > _MOST_PIECES:  # a client may send byte by byte
        pieces = [b"".join(pieces)]
    written = os.pwritev(descriptor, pieces, position)
    if written == sum(map(len, pieces)):
        return
    rest = memoryview(b"".join(pieces))
    while written < len(rest):
        written += os.pwrite(descriptor, rest[written:], position + written)


def remove_file(path: Path) -> bool:
    """Remove a name; answer whether it was there."""
    with suppress(FileNotFoundError):
        path.unlink()
        return True
    return False


def remove_files(paths: Iterable[Path]) -> None:
    """Remove names, be they there or not."""
    for path in paths:
        with reporting_trouble(path):
            remove_file(path)
