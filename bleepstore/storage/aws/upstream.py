"""Amazon S3, or whatever speaks its protocol, as an upstream: which request does what.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from xml.sax.saxutils import escape

from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ...config.gateways import AwsSection, UpstreamSection
from ...errors import ConfigError, UpstreamFailed
from ...values import Appearance
from ..extension import Means
from ..remote.client import Answer, Stream
from ..remote.facts import tag_of
from ..remote.upstream import IUpstream, IUpstreamUpload, Piece, Standing
from .absence import is_absent
from .answers import document, error_code, failure, standing, text
from .appearance import to_headers
from .assembly import Assembly
from .bucket import Ask, Bucket
from .download import open_stretch
from .keys import KeyChain
from .listing import Stray, objects, uploads
from .multipart import MultipartUpload
from .notes import Notes
from .place import find_place, setting
from .plan import MAX_PARTS

_PART_BYTES = 8 * 1024 * 1024
_MAX_NAME_BYTES = 1024
_MAX_DELETED = 1000
# Tools with folders cannot have these, and some on the way put paths with them in order.
_UNFIT = frozenset([".", ".."])
_control = re.compile("[\x00-\x1f\x7f]").search


@implementer(IUpstream)
class AwsUpstream:
    """A bucket.

    Args:
        environment: where settings and credentials are looked for that the section does not have.

    Raises:
        ConfigError: the settings do not say which bucket.
    """

    name = "aws"
    part_bytes = _PART_BYTES
    max_parts = MAX_PARTS

    def __init__(
        self,
        section: AwsSection,
        upstream_section: UpstreamSection,
        means: Means,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._prefix = section.prefix or ""
        place = find_place(section, environment)
        chain = KeyChain(means.reactor, section, upstream_section, environment, means.threads)
        self._bucket = Bucket(upstream_section, place, chain, means)
        self._notes = Notes(self._bucket, self._prefix)
        self._assembly = Assembly(self._bucket, self._notes, self._read, self._put, _PART_BYTES)

    async def start(self) -> None:
        credentials_at = await self._bucket.start()
        query = {"list-type": "2", "max-keys": "1", "prefix": self._prefix}
        try:
            answer = await self._bucket.send(Ask("GET", "", query))
        except UpstreamFailed as error:
            place = self._bucket.place
            raise setting(
                "endpoint_url", f"expected S3 at {place.host}, but {error.problem}"
            ) from error
        if answer.status != 200:
            raise _misconfigured(answer, self._bucket, credentials_at)
        document(answer, "ListBucketResult", "the bucket")

    async def stop(self) -> None:
        await self._bucket.stop()

    def fits(self, name: str) -> bool:
        size_bytes = len(name.encode("utf-8", "surrogatepass"))
        is_fit = not _control(name) and not _UNFIT.intersection(name.split("/"))
        return is_fit and 0 < size_bytes <= _MAX_NAME_BYTES

    async def put(self, name: str, content: bytes, appearance: Appearance) -> str:
        return await self._put(name, content, to_headers(appearance))

    async def _put(self, name: str, content: bytes, headers: Mapping[str, str]) -> str:
        ask = Ask("PUT", name, headers=headers, body=content)
        return tag_of((await self._bucket.required(ask)).headers, str(ask))

    async def begin(self, name: str, part_bytes: int) -> IUpstreamUpload:
        return await MultipartUpload.begin(self._bucket, name, {})

    async def open(self, name: str, tag: str | None, offset: int, length: int) -> IBodyProducer:
        return await open_stretch(self._bucket, name, tag, offset, length)

    async def _read(self, piece: Piece) -> IBodyProducer:
        return await self.open(piece.name, piece.tag, piece.offset, piece.length)

    async def look(self, name: str) -> Standing | None:
        ask = Ask("HEAD", name)
        answer = await self._bucket.required(ask, 200, 404)
        if answer.status == 200:
            return standing(name, answer.headers, str(ask))
        await self._make_sure_of_absence(name)
        return None

    async def _make_sure_of_absence(self, name: str) -> None:
        """An answer to HEAD has no body, which would say what it is that is not there.

        Raises:
            UpstreamFailed: it is not the object, or it came meanwhile.
        """
        ask = Ask("GET", name, headers={"range": "bytes=0-0"})
        opened = await self._bucket.open(ask)
        if isinstance(opened, Stream):
            opened.close()
            raise UpstreamFailed(f"{ask}: there now, but not a moment ago")
        if not await is_absent(self._bucket, opened, name):
            raise failure(opened, str(ask))

    async def assemble(self, name: str, pieces: Sequence[Piece], appearance: Appearance) -> str:
        return await self._assembly.make(name, pieces, to_headers(appearance))

    async def delete(self, names: Sequence[str]) -> None:
        if len(names) == 1:
            await self._delete_one(Ask("DELETE", names[0]))
            return
        for start in range(0, len(names), _MAX_DELETED):
            await self._delete_some(names[start : start + _MAX_DELETED])

    async def _delete_one(self, ask: Ask, *statuses: int) -> None:
        """Statuses: others than those of a success that are as good."""
        answer = await self._bucket.required(ask, 200, 204, 404, *statuses)
        if answer.status == 404 and not await is_absent(self._bucket, answer, ask.name):
            raise failure(answer, str(ask))

    async def _delete_some(self, names: Sequence[str]) -> None:
        keys = "".join(f"<Object><Key>{escape(name)}</Key></Object>" for name in names)
        body = f"<Delete><Quiet>true</Quiet>{keys}</Delete>".encode()
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        headers = {"content-md5": base64.b64encode(digest).decode("ascii")}
        ask = Ask("POST", "", {"delete": ""}, headers, body)
        result = document(await self._bucket.required(ask), "DeleteResult", str(ask))
        codes = {text(error, "Code") for error in result.iterfind("{*}Error")} - {"NoSuchKey"}
        if codes:
            raise UpstreamFailed(f"{ask}: {', '.join(sorted(codes))}")

    async def delete_if(self, name: str, tag: str) -> None:
        """Looks first: not everything that speaks S3's protocol knows conditional deletions."""
        found = await self.look(name)
        if found is not None and found.tag == tag:
            ask = Ask("DELETE", name, headers={"if-match": f'"{tag}"'})
            await self._delete_one(ask, 409, 412)

    def walk(self, prefix: str, after: str) -> AsyncIterator[Standing]:
        return objects(self._bucket, prefix, after)

    async def abort_strays(self, prefix: str, before_ms: int | None) -> int:
        count = 0
        async for stray in uploads(self._bucket, prefix):
            if before_ms is None or stray.initiated_ms < before_ms:
                await self._abort(stray)
                count += 1
        async for note, strays in self._notes.old(prefix, before_ms):
            for stray in strays:
                await self._abort(stray)
            count += len(strays)
            await self._notes.drop(note)
        return count

    async def _abort(self, stray: Stray) -> None:
        ask = Ask("DELETE", stray.name, {"uploadId": stray.upload_id})
        await self._bucket.required(ask, 200, 204, 404)


def _misconfigured(answer: Answer, bucket: Bucket, credentials_at: str) -> ConfigError:
    """What an operator has to mend, by what S3 says to a listing of the bucket."""
    place, code = bucket.place, error_code(answer)
    region = answer.headers.get("x-amz-bucket-region")
    if answer.status == 404 and code in ("NoSuchBucket", ""):
        expected = f"expected a bucket that exists; make {place.bucket} in {place.region} first"
        return setting("bucket", expected)
    if region is not None and region != place.region:
        return setting("region", f"expected {region}, the region of {place.bucket}")
    if answer.status in (301, 307) or code == "AuthorizationHeaderMalformed":
        return setting("region", f"expected the region of {place.bucket}, not {place.region}")
    if code == "AccessDenied":
        expected = (
            f"expected credentials ({credentials_at}) with the right s3:ListBucket and the others "
            f"that docs/backends/aws.rst names on {place.bucket}"
        )
        return setting("access_key_id", expected)
    problem = str(failure(answer, f"expected credentials ({credentials_at}) that S3 accepts"))
    return setting("access_key_id", problem)
