"""The names of things upstream: of current objects their own, of all other bytes private ones.

::

    PREFIX<bucket>/<key>                     what is shown, for people with other tools
    PREFIX.bleepstore/blobs/<blob id>        bytes as they came in
    PREFIX.bleepstore/retained/<blob id>     what was shown once and is still referred to
    PREFIX.bleepstore/store                  whose place this is

The name of a bucket cannot begin with a dot, so nothing collides.
"""

from __future__ import annotations

from attrs import frozen

from ...ids import is_blob_id

_PRIVATE = ".bleepstore/"


@frozen
class Names:
    """Names upstream, all of which begin with the configured prefix."""

    prefix: str

    @property
    def own(self) -> str:
        """What the names of everything begin with that nobody else may touch."""
        return self.prefix + _PRIVATE

    @property
    def all_private(self) -> str:
        """What the names of blobs begin with."""
        return f"{self.prefix}{_PRIVATE}blobs/"

    @property
    def marker(self) -> str:
        """Where it says whose place this is."""
        return f"{self.prefix}{_PRIVATE}store"

    def private(self, blob_id: str) -> str:
        """Where a blob arrives."""
        return self.all_private + blob_id

    def retained(self, blob_id: str) -> str:
        """Where a blob is that was shown."""
        return f"{self.prefix}{_PRIVATE}retained/{blob_id}"

    def natural(self, bucket: str, key: str) -> str:
        """Where an object is shown."""
        return f"{self.prefix}{bucket}/{key}"

    def blob_id(self, private: str) -> str | None:
        """The id of the blob that arrived under this name; None for a name of something else."""
        blob_id = private.removeprefix(self.all_private)
        return blob_id if blob_id != private and is_blob_id(blob_id) else None
