"""From blob ids to locators and file names, and back with suspicion.

A locator comes back from the database. Only one of exactly the form that was given out leads to a
file, so nothing that happened to the database can make a path outside the store.
"""

from __future__ import annotations

import re

from attrs import frozen

from ..ids import is_blob_id

_FILE = "f:"
_INLINE = "i:"
_ROWS = "r:"
_PACK = re.compile(r"p:([0-9a-f]{32}):(0|[1-9a-f][0-9a-f]{0,7})")


@frozen
class PackPlace:
    """Where in which pack a blob begins.

    Attributes:
        block: the number of the block of the pack at which its header is.
    """

    pack_id: str
    block: int


def file_locator(blob_id: str) -> str:
    """The locator of a blob in a file."""
    return _FILE + blob_id


def inline_locator(blob_id: str) -> str:
    """The locator of a blob in the metadata database."""
    return _INLINE + blob_id


def is_inline(locator: str) -> bool:
    """Whether the metadata database has the blob."""
    return locator.startswith(_INLINE)


def blob_id_of_file(locator: str) -> str | None:
    """The blob id in a locator of a file; None for any other text."""
    blob_id = locator.removeprefix(_FILE)
    return blob_id if blob_id != locator and is_blob_id(blob_id) else None


def pack_locator(pack_id: str, block: int) -> str:
    """The locator of a blob that begins at a block of a pack."""
    return f"p:{pack_id}:{block:x}"


def place_in_pack(locator: str) -> PackPlace | None:
    """The place in the locator of a blob in a pack; None for any other text."""
    found = _PACK.fullmatch(locator)
    return None if found is None else PackPlace(found[1], int(found[2], 16))


def rows_locator(blob_id: str) -> str:
    """The locator of a blob in rows of the database."""
    return _ROWS + blob_id


def is_in_rows(locator: str) -> bool:
    """Whether this is the locator of a blob in rows of the database."""
    return locator.startswith(_ROWS) and is_blob_id(locator.removeprefix(_ROWS))


def folder_of(blob_id: str) -> str:
    """The folder of a blob, ``ab/cd``, relative to that of all blobs.

    The last four digits of the id are random, so that the folders fill evenly; the first ones
    are the time.
    """
    return f"{blob_id[-4:-2]}/{blob_id[-2:]}"


def folder_number(blob_id: str) -> int:
    """The number of the blob's folder among all that there can be, from 0 to 65,535."""
    return int(blob_id[-4:], 16)
