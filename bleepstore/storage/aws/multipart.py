"""An object on its way up in parts, whether their bytes come from here or from other objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import quote
from xml.sax.saxutils import escape

from zope.interface import implementer

from ...errors import UpstreamFailed
from ..remote.facts import tag_of
from ..remote.upstream import IUpstreamUpload, Piece
from .absence import failure_of
from .answers import document, error_code, failure, hidden_error, standing, text
from .bucket import Ask, Bucket


@implementer(IUpstreamUpload)
class MultipartUpload:
    """Begun already; nothing of it is to be seen before :meth:`finish`."""

    def __init__(self, bucket: Bucket, name: str, upload_id: str) -> None:
        self._bucket = bucket
        self._name = name
        self.upload_id = upload_id
        self._tags: dict[int, str] = {}
        self._is_over = False

    @classmethod
    async def begin(
        cls, bucket: Bucket, name: str, headers: Mapping[str, str], *, is_repeatable: bool = True
    ) -> MultipartUpload:
        """Begin an object with these headers.

        Args:
            is_repeatable: whether it is no harm if two are begun, one of which nobody knows.
        """
        ask = Ask("POST", name, {"uploads": ""}, headers, is_repeatable=is_repeatable)
        answer = await bucket.required(ask)
        upload_id = text(document(answer, "InitiateMultipartUploadResult", str(ask)), "UploadId")
        if not upload_id:
            raise UpstreamFailed(f"{ask}: the answer has no upload id")
        return cls(bucket, name, upload_id)

    async def write(self, part: bytes) -> None:
        await self.put(len(self._tags) + 1, part)

    async def put(self, number: int, part: bytes) -> None:
        """Send a part, in the place of what was there before."""
        ask = Ask("PUT", self._name, self._query(number), body=part)
        answer = await self._bucket.required(ask)
        self._tags[number] = tag_of(answer.headers, str(ask))

    async def copy(self, number: int, piece: Piece) -> str:
        """Let S3 copy a part; answer its tag.

        Raises:
            BlobMissing: its source is not there, in its state.
        """
        headers = source(self._bucket, piece)
        if (
            piece.length < piece.object_size_bytes
        ):  # S3 takes no range of a small object, not even all
            last = piece.offset + piece.length - 1
            headers["x-amz-copy-source-range"] = f"bytes={piece.offset}-{last}"
        ask = copying(self._name, self._query(number), headers)
        self._tags[number] = tag = await copy(self._bucket, ask, "CopyPartResult", piece.name)
        return tag

    async def finish(self) -> str:
        ask = Ask(
            "POST",
            self._name,
            self._query(),
            {"content-type": "application/xml"},
            self._parts_document(),
            flaw=hidden_error,
            is_slow=True,
        )
        answer = await self._bucket.send(ask)
        if answer.status == 404 and error_code(answer) == "NoSuchUpload":
            tag = await self._finished_before()
        elif answer.status == 200:
            tag = text(document(answer, "CompleteMultipartUploadResult", str(ask)), "ETag")
        else:
            raise failure(answer, str(ask))
        self._is_over = True
        return tag.strip('"')

    async def _finished_before(self) -> str:
        """The tag of an object that was finished by an attempt whose answer was lost."""
        ask = Ask("HEAD", self._name)
        answer = await self._bucket.required(ask)
        found = standing(self._name, answer.headers, str(ask)).tag
        if found != self._expected_tag():
            raise UpstreamFailed("somebody else has aborted our upload")
        return found

    def _expected_tag(self) -> str:
        """As S3 makes it of those of the parts, unless it encrypts with a key of the customer's."""
        try:
            digests = b"".join(bytes.fromhex(self._tags[each]) for each in sorted(self._tags))
        except ValueError:
            return ""
        return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(self._tags)}"

    async def abort(self) -> None:
        if not self._is_over:
            await self._bucket.required(Ask("DELETE", self._name, self._query()), 200, 204, 404)
            self._is_over = True

    def _query(self, number: int | None = None) -> dict[str, str]:
        query = {"uploadId": self.upload_id}
        return query if number is None else {**query, "partNumber": str(number)}

    def _parts_document(self) -> bytes:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(tag)}</ETag></Part>"
            for number, tag in sorted(self._tags.items())
        )
        return f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()


def source(bucket: Bucket, piece: Piece) -> dict[str, str]:
    """The headers that name the source of a copy."""
    headers = {"x-amz-copy-source": quote(f"/{bucket.place.bucket}/{piece.name}", safe="/~")}
    if piece.tag is not None:
        headers["x-amz-copy-source-if-match"] = f'"{piece.tag}"'
    return headers


def copying(name: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Ask:
    """A request for a copy, which may take long and fail after it began to answer."""
    return Ask("PUT", name, query, headers, flaw=hidden_error, is_slow=True)


async def copy(bucket: Bucket, ask: Ask, root: str, source_name: str) -> str:
    """Make a copy; answer its tag.

    Raises:
        BlobMissing: the source was not there, in its state.
    """
    answer = await bucket.send(ask)
    if answer.status != 200:
        raise await failure_of(bucket, answer, str(ask), source_name)
    tag = text(document(answer, root, str(ask)), "ETag").strip('"')
    if not tag:
        raise UpstreamFailed(f"{ask}: the answer has no ETag")
    return tag
