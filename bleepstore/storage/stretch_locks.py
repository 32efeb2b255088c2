"""Locks on the stretches of packs, by which all processes of a store know what is in use.

Who reads a blob holds a lock on the first byte of its stretch, which is in the way of who would delete
it. They are locks of open file descriptions (fcntl(2)): they end with the process, however that ends,
and of two descriptions in one process each has its own. None of this waits.
"""

from __future__ import annotations

import errno
import fcntl
import os
from struct import Struct

from .pack_format import BLOCK_BYTES

# struct flock: type, whence, start, length, and a process id, which has to be 0.
_FLOCK = Struct("hhqqi4x")
_IN_THE_WAY = frozenset({errno.EAGAIN, errno.EACCES})
# Where there are no such locks packs take no new blobs. What they have can be read all the same,
# and the garbage's time of grace is what keeps readers undisturbed.
_NO_SUCH_LOCKS = frozenset({errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})


def begin_reading(descriptor: int, block: int) -> bool:
    """Keep the stretch at a block from being deleted; answer False if it is being deleted."""
    return _lock(descriptor, fcntl.F_RDLCK, block)


def end_reading(descriptor: int, block: int) -> None:
    """Let others delete it."""
    _lock(descriptor, fcntl.F_UNLCK, block)


def begin_deleting(descriptor: int, block: int) -> bool:
    """Keep others from reading; answer False if somebody reads. Ends with the description."""
    return _lock(descriptor, fcntl.F_WRLCK, block)


def _lock(descriptor: int, kind: int, block: int) -> bool:
    wanted = _FLOCK.pack(kind, os.SEEK_SET, block * BLOCK_BYTES, 1, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)
    except OSError as error:
        if error.errno in _IN_THE_WAY:
            return False
        if error.errno not in _NO_SUCH_LOCKS:
            raise
    return True
