"""What is in a pack: stretches, each of which is one blob behind a header.

::

    a multiple of 4096     header of 64 bytes: magic with version, size of the blob, number of its
                           block, id of the pack, digest of all these
    64 bytes further on    the blob
    the next multiple      the next stretch, or a hole where one was deleted

A header names its own place and is of this pack alone, whose id is random: neither the bytes of a
client nor those of a copied file can be taken for one. All functions block: call them in threads.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from hashlib import sha256
from struct import Struct

from attrs import frozen

BLOCK_BYTES = 4096
"""What file systems can make a hole of, and no page of memory is shared by two stretches."""

HEADER_BYTES = 64

_LOOK_BYTES = 64 * 1024
_MAGIC = b"BLEEPPK1"
_FIELDS = Struct(">8sQQ16s")


@frozen
class Stretch:
    """One blob in a pack.

    Attributes:
        block: the number of the block at which it begins.
        size_bytes: of the blob.
    """

    block: int
    size_bytes: int

    @property
    def offset(self) -> int:
        """Where the header is, in bytes from the beginning of the pack."""
        return self.block * BLOCK_BYTES

    @property
    def content_offset(self) -> int:
        """Where the blob is."""
        return self.offset + HEADER_BYTES

    @property
    def blocks(self) -> int:
        """How many blocks it takes."""
        return -(-(HEADER_BYTES + self.size_bytes) // BLOCK_BYTES)

    @property
    def length(self) -> int:
        """How many bytes it takes, in whole blocks."""
        return self.blocks * BLOCK_BYTES

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.offset + self.length


def make_header(pack_id: str, stretch: Stretch) -> bytes:
    """The 64 bytes before a blob."""
    fields = _FIELDS.pack(_MAGIC, stretch.size_bytes, stretch.block, bytes.fromhex(pack_id))
    return fields + sha256(fields).digest()[: HEADER_BYTES - _FIELDS.size]


def read_header(header: bytes, pack_id: str, block: int) -> Stretch | None:
    """The stretch that a header tells of; None if this is not the header of this place."""
    if len(header) != HEADER_BYTES:
        return None
    stretch = Stretch(block, _FIELDS.unpack_from(header)[1])
    return stretch if header == make_header(pack_id, stretch) else None


def find_stretch(descriptor: int, pack_id: str, block: int) -> Stretch | None:
    """The stretch that begins at a block; None if none does, or it was deleted."""
    header = os.pread(descriptor, HEADER_BYTES, block * BLOCK_BYTES)
    return read_header(header, pack_id, block)


def find_stretches(descriptor: int, pack_id: str) -> Iterator[Stretch]:
    """All stretches of a pack, in order, passing over holes and over what has no header."""
    block = 0
    while (offset := _next_data(descriptor, block * BLOCK_BYTES)) is not None:
        block = offset // BLOCK_BYTES
        stretch = find_stretch(descriptor, pack_id, block)
        if stretch is not None:
            yield stretch
        block += 1 if stretch is None else stretch.blocks


def has_content(descriptor: int) -> bool:
    """Whether a file is more than holes and zeros.

    (The number of its blocks would not tell: some file systems count them in the background, and a
    copy of a file may have zeros where that has holes.)
    """
    offset = _next_data(descriptor, 0)
    while offset is not None:
        block = os.pread(descriptor, _LOOK_BYTES, offset)
        if block.strip(b"\0"):
            return True
        offset = _next_data(descriptor, offset + len(block))
    return False


def _next_data(descriptor: int, offset: int) -> int | None:
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return None
        raise
