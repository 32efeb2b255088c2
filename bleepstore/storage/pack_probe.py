"""Whether a file system can do what packs need."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from .disk import create_file, remove_file, write_all
from .holes import punch_hole
from .pack_format import BLOCK_BYTES
from .stretch_locks import begin_deleting, begin_reading, end_reading


def can_have_packs(folder: Path) -> bool:
    """Try it with a file; False, too, where the disk is too full to try. Blocks."""
    path = folder / "pack-probe"
    try:
        with create_file(path) as file, path.open("rb") as other:
            write_all(file, b"x" * (3 * BLOCK_BYTES))
            return _makes_holes(file.fileno()) and _keeps_locks(file.fileno(), other.fileno())
    except OSError:
        return False
    finally:
        with suppress(OSError):
            remove_file(path)


def _makes_holes(descriptor: int) -> bool:
    """Whether the middle one of three blocks can be given back, and be seen to be a hole."""
    punch_hole(descriptor, BLOCK_BYTES, BLOCK_BYTES)
    hole = os.lseek(descriptor, 0, os.SEEK_HOLE)
    data = os.lseek(descriptor, hole, os.SEEK_DATA)
    return (hole, data) == (BLOCK_BYTES, 2 * BLOCK_BYTES)


def _keeps_locks(descriptor: int, other: int) -> bool:
    """Whether a lock of one description is in the way of another one, for as long as it is held."""
    begin_reading(other, 0)
    is_kept = not begin_deleting(descriptor, 0)
    end_reading(other, 0)
    return is_kept and begin_deleting(descriptor, 0)
