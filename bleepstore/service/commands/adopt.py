"""``bleepstore-admin adopt``: objects that stand upstream already."""

from __future__ import annotations

from collections.abc import Iterator

from ...clock import Clock
from ...errors import NotPossible, S3Error
from ...ids import new_blob_id
from ...interfaces import INaturalNames
from ...keeping.adopting import Adopter, Summary
from ...metadata.buckets import CreateBucket
from ...s3.bucket_names import is_valid_bucket_name
from ...values import Bucket, Owner, Ownership
from .frame import CLEAN, Call, Commands
from .printing import show, show_json
from .progress import Bar

_ABOUT = """\
Records objects that stand upstream under PREFIX<bucket>/<key>, or under the bucket's own prefix in
storage.upstream.bucket_prefixes, and that the metadata do not have, or have otherwise: so a gateway
can serve a bucket that was there before it. Nothing upstream is changed, and no bytes are moved. What
clients write meanwhile is left alone.

An adoption that was interrupted is begun anew, which passes quickly over what is known, or goes on
where it was with --resume.
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    adopt = commands.add("adopt", _adopt, "record objects that stand upstream already", _ABOUT)
    adopt.add_argument("bucket", metavar="BUCKET", help="whose objects, upstream and here")
    adopt.add_argument(
        "--owner", metavar="KEY", help="access key of the objects' owner; default: the bucket's"
    )
    adopt.add_argument(
        "--create", action="store_true", help="create the bucket if need be; needs --owner"
    )
    adopt.add_argument(
        "--resume", action="store_true", help="go on where an adoption was interrupted"
    )


async def _adopt(call: Call) -> int:
    options, metadata = call.options, call.foundation.metadata
    natural = INaturalNames(call.foundation.blobs, None)
    if natural is None:
        raise NotPossible(
            f"the backend {call.config.storage.backend} keeps nothing under the names of objects; "
            "adopt works with aws, gcp and azure"
        )
    owner = await _owner(call)
    await _require_bucket(call, owner)
    adopter = Adopter(metadata.adoptions, natural, Clock(), options.bucket, owner)
    with Bar(call, "adopt", "objects") as bar:
        summary = await adopter.run(bar, is_resumed=options.resume)
    if options.json:
        show_json(
            {
                "adopted": summary.adopted,
                "changed": summary.changed,
                "known": summary.known,
                "skipped": summary.skipped,
            }
        )
    else:
        show("\n".join(_lines(summary)))
    return CLEAN


async def _owner(call: Call) -> Owner | None:
    access_key = call.options.owner
    if access_key is None:
        return None
    credential = await call.foundation.metadata.accounts.find(access_key)
    if credential is None:
        raise NotPossible(f"there is no access key {access_key}; see: bleepstore-admin key list")
    return credential.owner


async def _require_bucket(call: Call, owner: Owner | None) -> None:
    name, metadata = call.options.bucket, call.foundation.metadata
    try:
        await metadata.buckets.get(name)
    except S3Error as error:
        if not call.options.create:
            raise NotPossible(
                f"there is no bucket {name}; create it, or use --create with --owner"
            ) from error
        if owner is None:
            raise NotPossible("--create needs --owner: the access key of its owner") from error
        if not is_valid_bucket_name(name):
            raise NotPossible(f"{name} cannot be the name of a bucket") from error
        await metadata.buckets.create(CreateBucket(_new_bucket(call, owner)))


def _new_bucket(call: Call, owner: Owner) -> Bucket:
    return Bucket(
        id=new_blob_id(),
        name=call.options.bucket,
        owner=owner,
        region=call.config.server.region,
        created_ms=Clock().now_ms(),
        ownership=Ownership(call.config.auth.default_object_ownership),
    )


def _lines(summary: Summary) -> Iterator[str]:
    yield f"adopted: {summary.adopted}"
    yield f"changed: {summary.changed}"
    yield f"already known: {summary.known}"
    yield f"skipped: {summary.skipped.total()}"
    yield from (f"  {reason}: {count}" for reason, count in summary.skipped.items())
