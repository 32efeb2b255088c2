"""Locators of a gateway's blobs.

``u:<blob id>`` is a blob under its private name. ``n:<blob id>:<tag>:<bucket>/<key>`` is one that
was shown under an object's own name, where it had this tag; should something else stand there
now, it is where blobs of this id are retained, or gone.
"""

from __future__ import annotations

import base64
import binascii

from attrs import frozen

from ...ids import is_blob_id

_PRIVATE = "u:"
_SHOWN = "n:"


@frozen
class ShownBlob:
    """What the locator of a shown blob says."""

    blob_id: str
    tag: str
    bucket: str
    key: str

    @property
    def locator(self) -> str:
        tag = base64.urlsafe_b64encode(self.tag.encode()).decode("ascii").rstrip("=")
        return f"{_SHOWN}{self.blob_id}:{tag}:{self.bucket}/{self.key}"


def private_locator(blob_id: str) -> str:
    """The locator of a blob under its private name."""
    return _PRIVATE + blob_id


def private_blob_id(locator: str) -> str | None:
    """The blob id in the locator of a blob under a private name; None for any other text."""
    blob_id = locator.removeprefix(_PRIVATE)
    return blob_id if blob_id != locator and is_blob_id(blob_id) else None


def shown_blob(locator: str) -> ShownBlob | None:
    """What the locator of a shown blob says; None for any other text."""
    blob_id, _, rest = locator.removeprefix(_SHOWN).partition(":")
    encoded, _, name = rest.partition(":")
    bucket, slash, key = name.partition("/")
    if not (locator.startswith(_SHOWN) and is_blob_id(blob_id) and slash):
        return None
    try:
        tag = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return ShownBlob(blob_id, tag, bucket, key)
