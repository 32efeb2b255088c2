"""Identifiers: who makes them up, and of what form they are.

Ids are made here and travel inside commands, so that a metadata transaction never draws
randomness of its own and can be replayed.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import time
from collections import deque
from string import ascii_letters, ascii_uppercase, digits

_ACCESS_KEY = ascii_uppercase + "234567"
_SECRET_KEY = ascii_letters + digits
_VERSION_ID = frozenset(f"{ascii_letters}{digits}._")


_PIECE_BYTES = 24  # as much as one id needs at the most
_PIECES = 256
_pieces: deque[bytes] = deque()
os.register_at_fork(after_in_child=_pieces.clear)


def _random(size_bytes: int) -> bytes:
    """Random bytes of the kernel that nobody else gets, 24 at the most. Any thread may ask.

    They are fetched for many ids together: each time is a system call that gives up the interpreter,
    which costs little alone, and 15 microseconds where other threads want it too.
    """
    try:
        piece = _pieces.popleft()
    except IndexError:
        fetched = os.urandom(_PIECE_BYTES * _PIECES)
        first, *rest = [
            fetched[at : at + _PIECE_BYTES] for at in range(0, len(fetched), _PIECE_BYTES)
        ]
        _pieces.extend(rest)
        piece = first
    return piece[:size_bytes]


def new_request_id() -> str:
    """16 upper-case hexadecimal digits, as in AWS's ``x-amz-request-id``."""
    return _random(8).hex().upper()


def host_id(request_id: str) -> str:
    """64 characters for ``x-amz-id-2``, which S3's errors repeat as ``HostId``.

    It says nothing that the request id does not; it follows from it so that whoever answers
    need not pass it along.
    """
    return base64.b64encode(hashlib.sha384(request_id.encode()).digest()).decode("ascii")


def new_blob_id() -> str:
    """32 hexadecimal digits: 12 of the time in milliseconds, 20 random.

    Ordered by time, so that new rows are appended to an index instead of scattered over it.
    """
    return f"{time.time_ns() // 1_000_000:012x}{_random(10).hex()}"


def new_version_id() -> str:
    """32 URL-safe characters, opaque to clients; no hyphen, which a shell takes for an option."""
    return base64.b64encode(_random(24), altchars=b"._").decode("ascii")


def new_upload_id() -> str:
    """64 URL-safe characters, opaque to clients: 12 of the time in milliseconds, 52 random.

    Listings show the uploads of one key in the order in which they began, and go on behind an
    upload id by its lexicographical order (``upload-id-marker``): ids that grow satisfy both.
    """
    random = base64.urlsafe_b64encode(os.urandom(39)).decode("ascii")
    return f"{time.time_ns() // 1_000_000:012x}{random}"


def new_access_key() -> str:
    """20 characters that begin with ``AKIA``, as AWS's for users."""
    return "AKIA" + "".join(secrets.choice(_ACCESS_KEY) for _ in range(16))


def new_secret_key() -> str:
    """40 characters, as AWS's, but only letters and digits: no program needs them quoted."""
    return "".join(secrets.choice(_SECRET_KEY) for _ in range(40))


def new_owner_id() -> str:
    """A canonical user id: 64 hexadecimal digits, as AWS's."""
    return secrets.token_hex(32)


def is_blob_id(text: str) -> bool:
    """Whether ``text`` has the form that :func:`new_blob_id` gives."""
    return len(text) == 32 and all(letter in "0123456789abcdef" for letter in text)


def is_version_id(text: str) -> bool:
    """Whether ``text`` has the form that :func:`new_version_id` gives."""
    return len(text) == 32 and all(letter in _VERSION_ID for letter in text)
