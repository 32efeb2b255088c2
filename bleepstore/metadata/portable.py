"""Which metadata is carried from store to store, and what makes a row of it sound.

Left out is what belongs to one store alone: garbage and holds on it, bytes that the storage
backend keeps in the same database, how far an adoption has come, credentials that follow a
configuration, and whatever can be counted: references to blobs, and totals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from .portable_kinds import (
    ACL,
    BYTES,
    CHECKSUM_ALGORITHM,
    CHECKSUM_TYPE,
    CHECKSUMS,
    COUNT,
    FLAG,
    INTEGER,
    LOCATOR,
    MAPPING,
    NAME,
    OWNERSHIP,
    PARTS,
    SECRET,
    SEGMENTS,
    TAGS,
    TEXT,
    VERSIONING,
    Kind,
)

_VERSION = {
    "bucket_id": NAME,
    "key": NAME,
    "version_id": NAME,
    "version_order": INTEGER,
    "last_modified_ms": COUNT,
    "owner_id": TEXT,
    "size_bytes": COUNT,
    "etag": TEXT,
    "storage_class": TEXT,
    "headers": MAPPING,
    "user_metadata": MAPPING,
    "tags": TAGS,
    "acl": ACL,
    "checksums": CHECKSUMS,
    "parts": PARTS,
    "segments": SEGMENTS,
}


@frozen
class Table:
    """A table that is carried.

    Attributes:
        key: the columns by which its rows are sorted; no two rows have the same values there.
        columns: what each of them holds.
        fixed: further columns, and what they have in all rows that are for us.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Kind]
    fixed: Mapping[str, str] = field(factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, sorted by name."""
        return tuple(sorted(self.columns))

    def to_file(self, row: Sequence[Any]) -> dict[str, Any]:
        """A row of the database (:attr:`names`) as it stands in a file."""
        return {
            name: self.columns[name].to_file(value)
            for name, value in zip(self.names, row, strict=True)
        }

    def to_row(self, fields: Mapping[str, Any]) -> tuple[Any, ...]:
        """The other way round, for fields without a problem."""
        return tuple(self.columns[name].to_row(fields[name]) for name in self.names)

    def position(self, fields: Mapping[str, Any]) -> tuple[Any, ...]:
        """What rows are sorted by: texts as UTF-8 bytes."""
        return tuple(_sortable(fields[name]) for name in self.key)

    def problem(self, fields: Any) -> str:
        """What is wrong with a row of a file; empty if nothing is."""
        if not isinstance(fields, dict) or fields.keys() != self.columns.keys():
            return f"expected an object with exactly {', '.join(self.names)}"
        for name, kind in self.columns.items():
            if not kind.is_valid(fields[name]):
                return f"{name}: expected {kind.expected}"
        return _problem_of_sizes(fields)


def _sortable(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _problem_of_sizes(fields: Mapping[str, Any]) -> str:
    if "segments" in fields:
        parts, size = fields.get("parts"), fields["size_bytes"]
        if sum(length for _, _, length in fields["segments"] or ()) != size:
            return "the segments do not add up to size_bytes"
        if parts and sum(length for _, length, _ in parts) != size:
            return "the parts do not add up to size_bytes"
    if fields.get("content") is not None:
        size = len(BYTES.to_row(fields["content"]))
        if size != fields["size_bytes"]:
            return "the content has not size_bytes"
    return ""


TABLES = (
    Table(
        "account",
        ("owner_id",),
        {"owner_id": NAME, "display_name": TEXT, "email": TEXT, "enabled": FLAG},
    ),
    Table("blob", ("locator",), {"locator": LOCATOR, "size_bytes": COUNT, "content": BYTES}),
    Table(
        "bucket",
        ("bucket_id",),
        {
            "bucket_id": NAME,
            "name": NAME,
            "owner_id": TEXT,
            "region": TEXT,
            "created_ms": COUNT,
            "versioning": VERSIONING,
            "acl": ACL,
            "ownership": OWNERSHIP,
            "tags": TAGS,
        },
    ),
    Table(
        "completed_upload",
        ("bucket_id", "key", "upload_id"),
        {
            "bucket_id": NAME,
            "key": NAME,
            "upload_id": NAME,
            "completed_ms": COUNT,
            "version_id": TEXT,
            "etag": TEXT,
            "checksums": CHECKSUMS,
        },
    ),
    Table(
        "credential",
        ("access_key",),
        {
            "access_key": NAME,
            "secret_key": SECRET,
            "owner_id": NAME,
            "enabled": FLAG,
            "created_ms": COUNT,
            "expires_ms": COUNT,
        },
        {"source": "admin"},
    ),
    Table("object", ("bucket_id", "key"), _VERSION),
    Table(
        "object_version",
        ("bucket_id", "key", "version_order"),
        {**_VERSION, "is_delete_marker": FLAG},
    ),
    Table(
        "part",
        ("upload_id", "number"),
        {
            "upload_id": NAME,
            "number": COUNT,
            "size_bytes": COUNT,
            "etag": TEXT,
            "last_modified_ms": COUNT,
            "checksums": CHECKSUMS,
            "segments": SEGMENTS,
        },
    ),
    Table(
        "shown",
        ("bucket_name", "key"),
        {
            "bucket_name": NAME,
            "key": NAME,
            "locator": LOCATOR,
            "size_bytes": COUNT,
            "headers": MAPPING,
            "user_metadata": MAPPING,
        },
    ),
    Table(
        "unshown",
        ("bucket_name", "key"),
        {
            "bucket_name": NAME,
            "key": NAME,
            "serial": COUNT,
            "holder": TEXT,
            "claimed_until_ms": COUNT,
            "failures": COUNT,
            "due_ms": COUNT,
        },
    ),
    Table(
        "upload",
        ("bucket_id", "key", "upload_id"),
        {
            "bucket_id": NAME,
            "key": NAME,
            "upload_id": NAME,
            "initiated_ms": COUNT,
            "owner_id": TEXT,
            "initiator_id": TEXT,
            "storage_class": TEXT,
            "checksum_algorithm": CHECKSUM_ALGORITHM,
            "checksum_type": CHECKSUM_TYPE,
            "headers": MAPPING,
            "user_metadata": MAPPING,
            "tags": TAGS,
            "acl": ACL,
        },
    ),
)
"""In the order of their names, which is that of the file."""
