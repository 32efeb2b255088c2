"""S3 in memory, as plain as its semantics allow: what the store is held against.

Answers have the names that boto3 gives them. Where S3 is free to choose (the ids of versions and
of uploads) the model is told what the store has chosen.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from attrs import define, evolve, field, frozen

Answer = dict[str, Any]

NULL = "null"
MIN_PART_BYTES = 5 * 1024 * 1024


class Refused(Exception):
    """The request fails with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@frozen
class Version:
    """One version of an object, or a delete marker.

    Attributes:
        part_sizes: in bytes; empty for an object that was put in one piece.
    """

    version_id: str
    body: bytes = b""
    etag: str = ""
    metadata: dict[str, str] = field(factory=dict)
    tags: dict[str, str] = field(factory=dict)
    part_sizes: tuple[int, ...] = ()
    is_delete_marker: bool = False


@frozen
class Part:
    """An uploaded part."""

    body: bytes
    etag: str


@define
class Upload:
    """A multipart upload.

    Attributes:
        is_over: whether it was completed or aborted.
        answer: what its completion answered; None for any other upload.
    """

    key: str
    metadata: dict[str, str]
    tags: dict[str, str]
    parts: dict[int, Part] = field(factory=dict)
    is_over: bool = False
    answer: Answer | None = None


@frozen
class Condition:
    """What must hold of the current version for a write to happen."""

    if_match: str | None = None
    if_none_match: bool = False

    def check(self, current: Version | None) -> None:
        if self.if_none_match and current is not None:
            raise Refused("PreconditionFailed")
        if self.if_match is None:
            return
        if current is None:
            raise Refused("NoSuchKey")
        if self.if_match not in ("*", current.etag):
            raise Refused("PreconditionFailed")


ALWAYS = Condition()


@define
class Bucket:
    """A bucket: for each key its versions, the newest first.

    Attributes:
        versioning: ``""`` before it was ever enabled, ``Enabled`` or ``Suspended``.
    """

    versioning: str = ""
    versions: dict[str, list[Version]] = field(factory=dict)
    uploads: dict[str, Upload] = field(factory=dict)

    # --- versions of a key

    def current(self, key: str) -> Version | None:
        """What a key without a version id stands for; None behind a delete marker."""
        versions = self.versions.get(key)
        return versions[0] if versions and not versions[0].is_delete_marker else None

    def find(self, key: str, version_id: str | None) -> Version:
        """The version that a read is about."""
        if version_id is None:
            current = self.current(key)
            if current is None:
                raise Refused("NoSuchKey")
            return current
        for version in self.versions.get(key, []):
            if version.version_id == version_id:
                if version.is_delete_marker:
                    raise Refused("MethodNotAllowed")
                return version
        raise Refused("NoSuchVersion")

    def _remove(self, key: str, version_id: str) -> Version | None:
        for version in self.versions.get(key, []):
            if version.version_id == version_id:
                self.versions[key].remove(version)
                if not self.versions[key]:
                    del self.versions[key]  # a key without versions is in no listing
                return version
        return None

    def _add(self, key: str, version: Version, chosen_id: str | None) -> Version:
        """Make a version the newest of its key, in place of the null version if it is one."""
        stored = evolve(version, version_id=self._id(chosen_id))
        if stored.version_id == NULL:
            self._remove(key, NULL)
        self.versions.setdefault(key, []).insert(0, stored)
        return stored

    def _id(self, chosen_id: str | None) -> str:
        if self.versioning != "Enabled":
            return NULL
        known = {each.version_id for versions in self.versions.values() for each in versions}
        assert chosen_id not in (None, "", NULL), "an enabled bucket gives each version an id"
        assert chosen_id not in known, "ids are never given twice"
        return str(chosen_id)

    def _shown(self, version: Version) -> Answer:
        """``VersionId`` as answers have it."""
        return {"VersionId": version.version_id} if self.versioning else {}

    # --- objects

    def put(
        self, key: str, version: Version, chosen_id: str | None, condition: Condition = ALWAYS
    ) -> Answer:
        """PutObject; of ``version`` its id does not count."""
        condition.check(self.current(key))
        stored = self._add(key, version, chosen_id)
        return {"ETag": quoted(stored.etag), **self._shown(stored)}

    def head(self, key: str, version_id: str | None) -> Answer:
        """HeadObject."""
        version = self.find(key, version_id)
        return {
            "ETag": quoted(version.etag),
            "ContentLength": len(version.body),
            "Metadata": version.metadata,
            **({"TagCount": len(version.tags)} if version.tags else {}),
            **self._shown(version),
        }

    def get(self, key: str, version_id: str | None, range_text: str | None = None) -> Answer:
        """GetObject, whole or a range; ``Body`` is the bytes."""
        version = self.find(key, version_id)
        answer = {**self.head(key, version_id), "Body": version.body}
        stretch = _stretch(range_text, len(version.body))
        if stretch is not None:
            answer |= _partial(version.body, *stretch)
        return answer

    def get_part(self, key: str, version_id: str | None, number: int) -> Answer:
        """GetObject by part number."""
        version = self.find(key, version_id)
        sizes = version.part_sizes or (len(version.body),)
        if number > len(sizes):
            raise Refused("InvalidPartNumber")
        answer = self.head(key, version_id)
        if version.part_sizes:
            answer["PartsCount"] = len(sizes)
        start = sum(sizes[: number - 1])
        body = version.body[start : start + sizes[number - 1]]
        return answer | {"ContentLength": len(body), "Body": body}

    def delete(self, key: str, chosen_id: str | None, condition: Condition = ALWAYS) -> Answer:
        """DeleteObject without a version id."""
        condition.check(self.current(key))
        if self.versioning:
            marker = self._add(key, Version("", is_delete_marker=True), chosen_id)
            return {"DeleteMarker": True, **self._shown(marker)}
        self.versions.pop(key, None)
        return {}

    def delete_version(self, key: str, version_id: str) -> Answer:
        """DeleteObject of one version; deleting what is not there succeeds."""
        removed = self._remove(key, version_id)
        is_marker = removed is not None and removed.is_delete_marker
        return {"VersionId": version_id} | ({"DeleteMarker": True} if is_marker else {})

    def delete_one_of_many(self, key: str, version_id: str | None, chosen_id: str | None) -> Answer:
        """What DeleteObjects answers for one of its keys."""
        if version_id is None:
            answer = self.delete(key, chosen_id)
            marker_id = answer.pop("VersionId", None)
        else:
            answer = self.delete_version(key, version_id)
            marker_id = version_id if "DeleteMarker" in answer else None
        if marker_id is not None:
            answer["DeleteMarkerVersionId"] = marker_id
        return {"Key": key, **answer}

    # --- copies

    def source(self, key: str, version_id: str | None) -> tuple[Version, Answer]:
        """The version that a copy is made of, and what the answer says of it."""
        try:
            version = self.find(key, version_id)
        except Refused as error:
            code = "InvalidRequest" if error.code == "MethodNotAllowed" else error.code
            raise Refused(code) from None
        return version, ({"CopySourceVersionId": version.version_id} if self.versioning else {})

    # --- tags

    def put_tags(self, key: str, version_id: str | None, tags: dict[str, str]) -> Answer:
        """PutObjectTagging, and DeleteObjectTagging with no tags."""
        version = self.find(key, version_id)
        versions = self.versions[key]
        versions[versions.index(version)] = evolve(version, tags=tags)
        return self._shown(version)

    def get_tags(self, key: str, version_id: str | None) -> Answer:
        """GetObjectTagging; the tag set as a dictionary."""
        version = self.find(key, version_id)
        return {"TagSet": version.tags, **self._shown(version)}

    # --- multipart uploads

    def upload(self, key: str, upload_id: str) -> Upload:
        """An upload that is under way."""
        upload = self.uploads.get(upload_id)
        if upload is None or upload.key != key or upload.is_over:
            raise Refused("NoSuchUpload")
        return upload

    def upload_part(self, key: str, upload_id: str, number: int, part: Part) -> Answer:
        """UploadPart and UploadPartCopy."""
        self.upload(key, upload_id).parts[number] = part
        return {"ETag": quoted(part.etag)}

    def abort(self, key: str, upload_id: str) -> Answer:
        """AbortMultipartUpload."""
        self.upload(key, upload_id).is_over = True
        return {}

    def complete(
        self,
        key: str,
        upload_id: str,
        named: list[tuple[int, str]],
        chosen_id: str | None,
        condition: Condition = ALWAYS,
    ) -> Answer:
        """CompleteMultipartUpload of parts named by number and ETag (without quotes).

        Of an upload that was completed with the same parts it answers what it answered then.
        """
        known = self.uploads.get(upload_id)
        etag = quoted(composite_etag([etag for _, etag in named]))
        if known and known.key == key and known.answer and known.answer["ETag"] == etag:
            return known.answer
        upload = self.upload(key, upload_id)
        parts = list(_named_parts(upload, named))
        if any(len(part.body) < MIN_PART_BYTES for part in parts[:-1]):
            raise Refused("EntityTooSmall")
        upload.answer = self.put(key, _assembled(upload, parts), chosen_id, condition)
        upload.is_over = True
        return upload.answer

    def list_parts(self, key: str, upload_id: str) -> list[Answer]:
        """All that ListParts shows."""
        return [
            {"PartNumber": number, "Size": len(part.body), "ETag": quoted(part.etag)}
            for number, part in sorted(self.upload(key, upload_id).parts.items())
        ]

    # --- listings

    def list_objects(self, prefix: str, delimiter: str, after: str) -> list[Answer]:
        """All that ListObjects shows behind a key, on however many pages."""
        current = {key: self.current(key) for key in self.versions}
        return _rolled_up(
            {
                key: [{"Key": key, "Size": len(each.body), "ETag": quoted(each.etag)}]
                for key, each in current.items()
                if each is not None and key > after
            },
            prefix,
            delimiter,
            after,
        )

    def list_versions(self, prefix: str, delimiter: str, after: str) -> list[Answer]:
        """All that ListObjectVersions shows behind all versions of a key."""
        return _rolled_up(
            {
                key: [_listed(key, each, each is versions[0]) for each in versions]
                for key, versions in self.versions.items()
                if key > after
            },
            prefix,
            delimiter,
            after,
        )

    def list_uploads(self, prefix: str, delimiter: str) -> list[Answer]:
        """All that ListMultipartUploads shows; the uploads of one key in the order of their ids."""
        uploads: dict[str, list[Answer]] = {}
        for upload_id, upload in sorted(self.uploads.items()):
            if not upload.is_over:
                item = {"Key": upload.key, "UploadId": upload_id}
                uploads.setdefault(upload.key, []).append(item)
        return _rolled_up(uploads, prefix, delimiter, "")


def object_version(body: bytes, metadata: dict[str, str], tags: dict[str, str]) -> Version:
    """What a PutObject stores."""
    return Version("", body, md5(body), metadata, tags)


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


def composite_etag(etags: list[str]) -> str:
    """The ETag of an object made of parts."""
    digests = b"".join(map(bytes.fromhex, etags))
    return f"{md5(digests)}-{len(etags)}"


def whole_part(body: bytes) -> Part:
    """What an UploadPart stores."""
    return Part(body, md5(body))


def quoted(etag: str) -> str:
    return f'"{etag}"'


def _assembled(upload: Upload, parts: list[Part]) -> Version:
    return Version(
        version_id="",
        body=b"".join(part.body for part in parts),
        etag=composite_etag([part.etag for part in parts]),
        metadata=upload.metadata,
        tags=upload.tags,
        part_sizes=tuple(len(part.body) for part in parts),
    )


def _named_parts(upload: Upload, named: list[tuple[int, str]]) -> Iterator[Part]:
    numbers = [number for number, _ in named]
    if numbers != sorted(set(numbers)):
        raise Refused("InvalidPartOrder")
    for number, etag in named:
        part = upload.parts.get(number)
        if part is None or part.etag != etag:
            raise Refused("InvalidPart")
        yield part


def _listed(key: str, version: Version, is_latest: bool) -> Answer:
    shown = {"Key": key, "VersionId": version.version_id, "IsLatest": is_latest}
    if version.is_delete_marker:
        return shown
    return shown | {"Size": len(version.body), "ETag": quoted(version.etag)}


def _rolled_up(
    items: dict[str, list[Answer]], prefix: str, delimiter: str, after: str
) -> list[Answer]:
    """The items of keys that begin with a prefix, in key order, those with a delimiter behind it as one.

    A common prefix that ``after`` names has been shown already.
    """
    shown: list[Answer] = []
    for key in sorted(items, key=str.encode):
        if not key.startswith(prefix):
            continue
        rest, found, _ = (
            key.removeprefix(prefix).partition(delimiter) if delimiter else ("", "", "")
        )
        if not found:
            shown += items[key]
        elif {"Prefix": prefix + rest + found} not in (*shown[-1:], {"Prefix": after}):
            shown.append({"Prefix": prefix + rest + found})
    return shown


_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def _stretch(text: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the byte behind the last of a range; None for the whole."""
    match = _RANGE.fullmatch(text or "")
    if match is None:
        return None
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last) + 1, size) if last else size
    else:
        start, end = max(size - int(last), 0), size if int(last) else 0
    if last and first and int(last) < int(first):
        return None
    if start >= size or start >= end:
        raise Refused("InvalidRange")
    return start, end


def _partial(body: bytes, start: int, end: int) -> Answer:
    return {
        "Body": body[start:end],
        "ContentLength": end - start,
        "ContentRange": f"bytes {start}-{end - 1}/{len(body)}",
    }
