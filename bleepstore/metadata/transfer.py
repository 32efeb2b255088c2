"""Carries metadata from store to store in files."""

from __future__ import annotations

from attrs import frozen

from ..interfaces import IDatabase
from .exporting import Export, export
from .import_rows import Import, Imported
from .importing import Rehearsed, take_in

__all__ = ["Export", "Import", "Imported", "Transfer"]


@frozen
class Transfer:
    """Writes all metadata down, and takes metadata in."""

    _database: IDatabase

    async def export(self, command: Export) -> None:
        """Write everything as it is at one instant, while others read and write."""
        await self._database.read("export", export, command)

    async def take_in(self, command: Import) -> Imported:
        """Import a file, wholly or not at all. Others can read meanwhile, and wait to write.

        Raises:
            NotPossible: the file does not agree with itself, or with the store.
        """
        try:
            return await self._database.write("import", take_in, command)
        except Rehearsed as rehearsed:
            return rehearsed.imported
