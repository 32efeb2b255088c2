"""``bleepstore-admin bucket list`` and ``usage``: what there is, and how much."""

from __future__ import annotations

from attrs import asdict

from ...clock import iso8601
from ...errors import NotPossible
from ...metadata.usage import Usage
from ...values import Bucket
from .frame import CLEAN, Call, Commands
from .printing import show_json, show_table, size, time

_USAGE = """\
Counts objects, older versions, their bytes, and uploads under way, for each bucket or for one.
STORED is what a bucket takes where bytes are kept: copies share bytes with what they were made of,
and count once. Bytes of deleted objects that wait for their deletion are in no bucket.
"""


def add(commands: Commands) -> None:
    """Declare the commands."""
    buckets = commands.group("bucket", "buckets of all users")
    buckets.add("list", _list, "list the buckets of all users")
    usage = commands.add("usage", _usage, "count objects and bytes", _USAGE)
    usage.add_argument("bucket", nargs="?", metavar="BUCKET", help="only this one")


async def _list(call: Call) -> int:
    buckets = [bucket async for bucket in call.foundation.metadata.survey.buckets()]
    if call.options.json:
        show_json({"buckets": [_as_document(bucket) for bucket in buckets]})
    else:
        show_table(
            ("BUCKET", "OWNER", "CREATED", "VERSIONING", "REGION"),
            [
                (
                    each.name,
                    each.owner.display_name or each.owner.id,
                    time(each.created_ms),
                    each.versioning.value or "-",
                    each.region,
                )
                for each in buckets
            ],
        )
    return CLEAN


def _as_document(bucket: Bucket) -> dict[str, object]:
    return {
        "name": bucket.name,
        "owner": asdict(bucket.owner),
        "created": iso8601(bucket.created_ms),
        "versioning": bucket.versioning.value,
        "region": bucket.region,
    }


async def _usage(call: Call) -> int:
    wanted = call.options.bucket
    metadata = call.foundation.metadata
    usages = {
        bucket.name: await metadata.usages.of(bucket)
        async for bucket in metadata.survey.buckets()
        if wanted in (None, bucket.name)
    }
    if wanted is not None and not usages:
        raise NotPossible(f"there is no bucket {wanted}; see: bleepstore-admin bucket list")
    if call.options.json:
        show_json({"buckets": {name: asdict(usage) for name, usage in usages.items()}})
    else:
        show_table(
            ("BUCKET", "OBJECTS", "BYTES", "VERSIONS", "MARKERS", "UPLOADS", "STORED"),
            [_as_row(name, usage) for name, usage in usages.items()],
        )
    return CLEAN


def _as_row(name: str, usage: Usage) -> tuple[object, ...]:
    return (
        name,
        usage.objects,
        size(usage.bytes),
        usage.versions,
        usage.delete_markers,
        usage.uploads,
        size(usage.stored_bytes),
    )
