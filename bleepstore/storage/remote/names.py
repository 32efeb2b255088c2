"""The names of things upstream: of current objects their own, of all other bytes private ones.

::

    PREFIX<bucket>/<key>                     what is shown, for people with other tools
    PREFIX.bleepstore/blobs/<blob id>        bytes as they came in
    PREFIX.bleepstore/retained/<blob id>     what was shown once and is still referred to
    PREFIX.bleepstore/store                  whose place this is

The name of a bucket cannot begin with a dot, so nothing collides. Objects of some buckets can have
names with another prefix of their own, as those of a bucket upstream have that was there before:
then every name belongs to whom the longest prefix does that it begins with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from ...errors import ConfigError
from ...ids import is_blob_id

BUCKET_PREFIXES = "storage.upstream.bucket_prefixes"

_PRIVATE = ".bleepstore/"


@frozen
class Names:
    """Names upstream.

    Attributes:
        prefix: what all of them begin with, but those of objects of some buckets.
        bucket_prefixes: what those begin with, by the bucket's name; the key follows at once.
    """

    prefix: str
    bucket_prefixes: Mapping[str, str] = field(factory=dict)

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
        own = self.bucket_prefixes.get(bucket)
        return f"{self.prefix}{bucket}/{key}" if own is None else own + key

    def is_of(self, bucket: str, natural: str) -> bool:
        """Whether nothing but objects of this bucket can have such a name."""
        prefixes = (self.prefix, *self.bucket_prefixes.values())
        longest = max((each for each in prefixes if natural.startswith(each)), key=len)
        return longest == self.bucket_prefixes.get(bucket, self.prefix)

    def blob_id(self, private: str) -> str | None:
        """The id of the blob that arrived under this name; None for a name of something else."""
        blob_id = private.removeprefix(self.all_private)
        return blob_id if blob_id != private and is_blob_id(blob_id) else None


def read_names(prefix: str, bucket_prefixes: Sequence[str]) -> Names:
    """Names as they are configured.

    Args:
        bucket_prefixes: each as ``BUCKET=PREFIX``.

    Raises:
        ConfigError: it would not be clear whose a name is.
    """
    read: dict[str, str] = {}
    private = prefix + _PRIVATE
    for each in bucket_prefixes:
        bucket, sign, own = each.partition("=")
        if not sign or not bucket or bucket in read:
            raise _wrong(f"expected BUCKET=PREFIX, once for each bucket, not {each}")
        if own == prefix or own in read.values():
            raise _wrong(
                f"expected a prefix for {bucket} that is no other one's, storage's included"
            )
        if own.startswith(("/", private)) or (own.startswith(prefix) and private.startswith(own)):
            raise _wrong(f"expected a prefix for {bucket} without a slash first, not in {private}")
        read[bucket] = own
    return Names(prefix, read)


def _wrong(expected: str) -> ConfigError:
    return ConfigError("configuration", BUCKET_PREFIXES, expected)
