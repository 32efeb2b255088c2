"""Which blobs of a pack are settled, for as long as not all of them are.

The notes are beside the pack's incoming name. A recovery leaves alone what they tell of, whatever the
metadata say: they may have been restored from an older backup since. Notes are never synced. Where a
power cut takes some away, the metadata are asked, as they are about what never had one.

All of this blocks: call it in threads.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from io import FileIO
from pathlib import Path

from .disk import remove_file, write_all

_NOTE = re.compile(rb"^([0-9a-f]{1,8})$", re.MULTILINE)


class PackNotes:
    """Notes of one pack.

    Args:
        incoming: the pack's incoming name.
    """

    def __init__(self, incoming: Path) -> None:
        self._path = _path(incoming)
        self._file: FileIO | None = None

    def add(self, blocks: Iterable[int]) -> None:
        """The blobs at some blocks are settled."""
        if self._file is None:
            self._file = FileIO(
                self._path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600)
            )
        write_all(self._file, b"".join(b"%x\n" % block for block in blocks))

    def close(self) -> None:
        """Let go of the file, and leave it."""
        if self._file is not None:
            self._file.close()

    def remove(self) -> None:
        """All are settled."""
        self.close()
        remove_file(self._path)


def read_notes(incoming: Path) -> set[int]:
    """The blocks of the blobs of which it is known that they are settled."""
    try:
        notes = _path(incoming).read_bytes()
    except FileNotFoundError:
        return set()
    return {int(block, 16) for block in _NOTE.findall(notes)}


def _path(incoming: Path) -> Path:
    return incoming.with_name(f"{incoming.name}.settled")
