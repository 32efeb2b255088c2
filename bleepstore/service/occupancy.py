"""Who uses a store: any number of processes together, or one that mends it, alone."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from attrs import define, field

from ..errors import StoreInUse


@define
class Occupancy:
    """A lock on a file beside the database. It ends with the process, however that ends.

    Args:
        path: the file; it is made, with its folder, if need be, and stays.
    """

    _path: Path
    _descriptor: int | None = field(default=None, init=False)

    def enter(self, *, alone: bool = False) -> None:
        """Use the store from now on, with others or alone.

        Raises:
            StoreInUse: others are there, or one that wants to be alone.
            OSError: the disk does not allow it; the message has the path.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_NB | (fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        except BlockingIOError as error:
            os.close(descriptor)
            raise StoreInUse(_WANTED_ALONE if alone else _WANTED) from error
        self._descriptor = descriptor

    def leave(self) -> None:
        """Use it no more; no effect for one that is not there."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


_WANTED_ALONE = "the store is in use by another process: stop it first"
_WANTED = "the store is being repaired by another process: wait until that is done"
