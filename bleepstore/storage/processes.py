"""Which of the processes that have worked on a database are still there.

A name is all that a database can keep of a process. Whether there is somebody behind the name is
known by a lock that ends with the process, however that ends; only a database in memory need not
ask, since nobody else has it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..folders import make_folders
from ..ids import new_blob_id
from .incoming import Incoming


class Processes(Protocol):
    """The processes of one database. All methods block: call them in threads."""

    def enter(self) -> str:
        """Be there from now on, under the name that is answered.

        Raises:
            OSError: the disk does not allow it.
        """

    def living(self) -> frozenset[str]:
        """The names of all that are there."""

    def leave(self) -> None:
        """Be there no more; without it, the end of the process does the same."""


class LockedProcesses:
    """Processes of one machine, each with a locked folder.

    Args:
        folder: where; it is made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._own: Incoming | None = None

    def enter(self) -> str:
        make_folders(self._folder, sync=False)
        for abandoned in Incoming.claim_abandoned(self._folder):
            abandoned.remove()
        self._own = Incoming.create(self._folder)
        return self._own.path.name

    def living(self) -> frozenset[str]:
        owners = Incoming.owners(self._folder)
        return frozenset(name for name, is_live in owners.items() if is_live)

    def leave(self) -> None:
        own, self._own = self._own, None
        if own is not None:
            own.remove()


class OneProcess:
    """The only process that there can be."""

    def __init__(self) -> None:
        self._name = ""

    def enter(self) -> str:
        self._name = new_blob_id()
        return self._name

    def living(self) -> frozenset[str]:
        return frozenset({self._name})

    def leave(self) -> None:
        self._name = ""
