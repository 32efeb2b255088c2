"""Random sequences of operations, put to the daemon and to a model of S3: every answer agrees.

Each example has two buckets of its own. ``HYPOTHESIS_PROFILE=explore`` tries many more examples,
with other random choices on every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from attrs import evolve
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.e2e.clients import boto3_client
from tests.e2e.daemon import REGION, Daemon
from tests.model.s3_model import (
    ALWAYS,
    MIN_PART_BYTES,
    NULL,
    Answer,
    Bucket,
    Condition,
    Part,
    Refused,
    Upload,
    md5,
    object_version,
    quoted,
    whole_part,
)

UNKNOWN_VERSION = "u" * 32
UNKNOWN_UPLOAD = "u" * 64
STEPS = 30
# Of the profile's number of examples: each costs hundreds of requests.
EXAMPLES_SHARE = 3

# --- what is chosen at random ----------------------------------------------------------------

# What comes more often than once is meant to meet itself.
KEYS = st.sampled_from(["a", "a", "a/b", "a/b", "a//", "b", "é/z +%", "\U0001f600"])
BUCKETS = st.integers(0, 1)
# Around the size at which bytes move from the database to a file.
BODIES = st.builds(
    lambda letter, size: letter * size,
    st.sampled_from([b"x", b"y", b"z"]),
    st.sampled_from([0, 1, 10, 65_536, 65_537]),
)
PARTS = st.builds(
    lambda letter, size: letter * size,
    st.sampled_from([b"p", b"q"]),
    st.sampled_from([1, 1000, MIN_PART_BYTES, MIN_PART_BYTES]),
)
METADATA = st.sampled_from([{}, {"color": "red"}, {"naïve": "no", "name": "Zoë"}][:2])
TAGS = st.sampled_from([{}, {"k": "v"}, {"a b": "c/d", "e": ""}])
RANGES = st.sampled_from(
    ["bytes=0-0", "bytes=2-5", "bytes=5-", "bytes=-3", "bytes=9-99999", "bytes=-0", "bytes=70000-"]
)
PREFIXES = st.sampled_from(["", "a", "a/", "é", "none"])
DELIMITERS = st.sampled_from(["", "/", "//"])
AFTER = st.sampled_from(["", "", "a", "a/", "a/b", "b", "é/"])
PAGES = st.integers(1, 5)
PART_NUMBERS = st.integers(1, 3)
CONDITIONS = st.sampled_from([*["none"] * 6, "absent", "present", "right", "wrong"])
# Which version: the current one, one of the key's own, the null one, or one that is not there.
CURRENT, NOWHERE = 0, -1
VERSIONS = st.sampled_from([1, 1, 2, 3, -2, NOWHERE])
VERSIONS_OR_CURRENT = st.sampled_from([*[CURRENT] * 5, 1, 2, 3, -2, NOWHERE])
# Which upload: one under way, one that is over, or one that is not there.
UPLOADS = st.sampled_from([0, 0, 1, 1, 2, 3, -2, NOWHERE])

# --- what is compared ------------------------------------------------------------------------

WRITTEN = ("ETag", "VersionId")
READ = (
    "Body",
    "ContentLength",
    "ContentRange",
    "ETag",
    "Metadata",
    "TagCount",
    "VersionId",
)
DELETED = ("DeleteMarker", "VersionId")
LISTED = ("ETag", "IsLatest", "Key", "PartNumber", "Prefix", "Size", "UploadId", "VersionId")
# HEAD has no body, so its errors are known by their status alone.
STATUS = {"NoSuchKey": "404", "NoSuchVersion": "404", "MethodNotAllowed": "405"}


def chosen(answer: Mapping[str, Any], names: tuple[str, ...]) -> Answer:
    """Those fields of an answer that are there."""
    return {name: answer[name] for name in names if name in answer}


def outcome(ask: Callable[[], Mapping[str, Any]]) -> Answer:
    """What the daemon answers; of an error its code."""
    try:
        answer = dict(ask())
    except ClientError as error:
        response: Any = error.response
        return {"Code": response["Error"]["Code"]}
    if "Body" in answer:
        answer["Body"] = answer["Body"].read()
    return answer


def expected(ask: Callable[[], Answer]) -> Answer:
    """What the model answers; of an error its code."""
    try:
        return ask()
    except Refused as error:
        return {"Code": error.code}


_numbers = count()


class ObjectStore(RuleBasedStateMachine):
    """The daemon's buckets beside the model's."""

    s3: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.names = [f"model-{next(_numbers)}" for _ in range(2)]
        self.buckets = [Bucket(), Bucket()]

    @initialize(
        states=st.tuples(
            st.sampled_from(["", "Enabled"]), st.sampled_from(["Enabled", "Suspended"])
        )
    )
    def create(self, states: tuple[str, str]) -> None:
        for number, name in enumerate(self.names):
            place = {"LocationConstraint": REGION}
            self.s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)
            self.put(number, "a", b"first", {}, {}, "none")
            if states[number]:
                self.set_versioning(number, states[number])

    @rule(
        number=BUCKETS,
        key=KEYS,
        bodies=st.lists(PARTS, min_size=1, max_size=3),
        then=st.sampled_from(["all", "all", "first", "backwards", "wrong", "missing"]),
        kind=CONDITIONS,
    )
    def upload_in_parts(
        self, number: int, key: str, bodies: list[bytes], then: str, kind: str
    ) -> None:
        """The steps of an upload in a row, for they seldom are in the right order by chance."""
        self.create_upload(number, key, {}, {})
        newest = sum(not upload.is_over for upload in self.buckets[number].uploads.values()) - 1
        for part_number, body in enumerate(bodies, 1):
            self.upload_part(number, newest, part_number, body)
        self.list_parts(number, newest, 1)
        self.complete(number, newest, then, kind)

    def at(self, number: int) -> tuple[Bucket, dict[str, Any]]:
        """A bucket of the model, and the argument that names the daemon's."""
        return self.buckets[number], {"Bucket": self.names[number]}

    def compare(
        self, answer: Mapping[str, Any], expect: Callable[[], Answer], names: tuple[str, ...]
    ) -> None:
        names = (*names, "Code")
        assert chosen(answer, names) == chosen(expected(expect), names)

    # --- versioning and objects

    @rule(number=BUCKETS, state=st.sampled_from(["Enabled", "Enabled", "Suspended"]))
    def set_versioning(self, number: int, state: str) -> None:
        bucket, where = self.at(number)
        configuration = {"Status": state}
        self.s3.put_bucket_versioning(**where, VersioningConfiguration=configuration)
        bucket.versioning = state
        assert self.s3.get_bucket_versioning(**where)["Status"] == state

    @rule(
        number=BUCKETS,
        key=KEYS,
        body=BODIES,
        metadata=METADATA,
        tags=TAGS,
        kind=CONDITIONS,
    )
    def put(
        self,
        number: int,
        key: str,
        body: bytes,
        metadata: dict[str, str],
        tags: dict[str, str],
        kind: str,
    ) -> None:
        bucket, where = self.at(number)
        condition, headers = condition_of(bucket, key, kind)
        what = {"Body": body, "Metadata": metadata, "Tagging": urlencode(tags)}
        answer = outcome(lambda: self.s3.put_object(**where, Key=key, **what, **headers))
        version = object_version(body, metadata, tags)
        self.compare(
            answer,
            lambda: bucket.put(key, version, answer.get("VersionId"), condition),
            WRITTEN,
        )

    @rule(number=BUCKETS, key=KEYS, pick=VERSIONS_OR_CURRENT, part=st.none() | RANGES)
    def get(self, number: int, key: str, pick: int, part: str | None) -> None:
        bucket, where = self.at(number)
        version_id, which = version_of(bucket, key, pick)
        ranged = {"Range": part} if part else {}
        answer = outcome(lambda: self.s3.get_object(**where, Key=key, **which, **ranged))
        self.compare(answer, lambda: bucket.get(key, version_id, part), READ)

    @rule(number=BUCKETS, key=KEYS, pick=VERSIONS_OR_CURRENT)
    def head(self, number: int, key: str, pick: int) -> None:
        bucket, where = self.at(number)
        version_id, which = version_of(bucket, key, pick)
        answer = outcome(lambda: self.s3.head_object(**where, Key=key, **which))
        assumed = expected(lambda: bucket.head(key, version_id))
        if "Code" in assumed:
            assumed = {"Code": STATUS[assumed["Code"]]}
        self.compare(answer, lambda: assumed, READ)

    @rule(number=BUCKETS, key=KEYS, kind=CONDITIONS.filter(lambda kind: kind != "absent"))
    def delete(self, number: int, key: str, kind: str) -> None:
        bucket, where = self.at(number)
        condition, headers = condition_of(bucket, key, kind)
        answer = outcome(lambda: self.s3.delete_object(**where, Key=key, **headers))
        self.compare(
            answer, lambda: bucket.delete(key, answer.get("VersionId"), condition), DELETED
        )

    @rule(number=BUCKETS, key=KEYS, pick=VERSIONS)
    def delete_version(self, number: int, key: str, pick: int) -> None:
        bucket, where = self.at(number)
        version_id, which = version_of(bucket, key, pick)
        answer = outcome(lambda: self.s3.delete_object(**where, Key=key, **which))
        self.compare(answer, lambda: bucket.delete_version(key, str(version_id)), DELETED)

    @rule(
        number=BUCKETS,
        picks=st.lists(
            st.tuples(KEYS, VERSIONS_OR_CURRENT),
            min_size=1,
            max_size=5,
            unique_by=lambda each: each[0],
        ),
        quiet=st.booleans(),
    )
    def delete_objects(self, number: int, picks: list[tuple[str, int]], quiet: bool) -> None:
        bucket, where = self.at(number)
        which = [(key, *version_of(bucket, key, pick)) for key, pick in picks]
        objects = [{"Key": key, **version} for key, _, version in which]
        answer = self.s3.delete_objects(**where, Delete={"Objects": objects, "Quiet": quiet})
        markers = self.s3.list_object_versions(**where).get("DeleteMarkers", [])
        newest = {each["Key"]: each["VersionId"] for each in markers if each["IsLatest"]}
        assumed = {
            key: bucket.delete_one_of_many(key, version_id, newest.get(key))
            for key, version_id, _ in which
        }
        assert "Errors" not in answer
        deleted = {each["Key"]: each for each in answer.get("Deleted", [])}
        assert deleted == ({} if quiet else assumed)

    # --- tags

    @rule(number=BUCKETS, key=KEYS, pick=VERSIONS_OR_CURRENT, tags=TAGS)
    def put_tags(self, number: int, key: str, pick: int, tags: dict[str, str]) -> None:
        bucket, where = self.at(number)
        version_id, which = version_of(bucket, key, pick)
        tagging = {"TagSet": [{"Key": name, "Value": tags[name]} for name in tags]}
        answer = outcome(
            lambda: self.s3.put_object_tagging(**where, Key=key, **which, Tagging=tagging)
        )
        self.compare(answer, lambda: bucket.put_tags(key, version_id, tags), ("VersionId",))

    @rule(number=BUCKETS, key=KEYS, pick=VERSIONS_OR_CURRENT)
    def delete_tags(self, number: int, key: str, pick: int) -> None:
        bucket, where = self.at(number)
        version_id, which = version_of(bucket, key, pick)
        answer = outcome(lambda: self.s3.delete_object_tagging(**where, Key=key, **which))
        self.compare(answer, lambda: bucket.put_tags(key, version_id, {}), ("VersionId",))

    @rule(number=BUCKETS, key=KEYS, pick=VERSIONS_OR_CURRENT)
    def get_tags(self, number: int, key: str, pick: int) -> None:
        bucket, where = self.at(number)
        version_id, which = version_of(bucket, key, pick)
        answer = outcome(lambda: self.s3.get_object_tagging(**where, Key=key, **which))
        if "TagSet" in answer:
            answer["TagSet"] = {each["Key"]: each["Value"] for each in answer["TagSet"]}
        self.compare(answer, lambda: bucket.get_tags(key, version_id), ("TagSet", "VersionId"))

    # --- copies

    @rule(
        number=BUCKETS,
        key=KEYS,
        pick=VERSIONS_OR_CURRENT,
        target_number=BUCKETS,
        target_key=KEYS,
        metadata=st.none() | METADATA,
        tags=st.none() | TAGS,
        kind=CONDITIONS,
    )
    def copy(
        self,
        number: int,
        key: str,
        pick: int,
        target_number: int,
        target_key: str,
        metadata: dict[str, str] | None,
        tags: dict[str, str] | None,
        kind: str,
    ) -> None:
        source, place = self.at(number)
        target, where = self.at(target_number)
        version_id, which = version_of(source, key, pick)
        condition, headers = condition_of(target, target_key, kind)
        arguments = {**headers, "CopySource": {**place, "Key": key, **which}}
        changes: Answer = {}
        if metadata is not None:
            changes["metadata"] = metadata
            arguments |= {"MetadataDirective": "REPLACE", "Metadata": metadata}
        if tags is not None:
            changes["tags"] = tags
            arguments |= {"TaggingDirective": "REPLACE", "Tagging": urlencode(tags)}
        answer = outcome(lambda: self.s3.copy_object(**where, Key=target_key, **arguments))
        answer |= answer.pop("CopyObjectResult", {})

        def expect() -> Answer:
            if (source, key, version_id) == (target, target_key, None) and not changes:
                raise Refused("InvalidRequest")
            version, said = source.source(key, version_id)
            copied = evolve(version, **changes)
            return target.put(target_key, copied, answer.get("VersionId"), condition) | said

        self.compare(answer, expect, (*WRITTEN, "CopySourceVersionId"))

    # --- multipart uploads

    @rule(number=BUCKETS, key=KEYS, metadata=METADATA, tags=TAGS)
    def create_upload(
        self, number: int, key: str, metadata: dict[str, str], tags: dict[str, str]
    ) -> None:
        bucket, where = self.at(number)
        what = {"Metadata": metadata, "Tagging": urlencode(tags)}
        answer = self.s3.create_multipart_upload(**where, Key=key, **what)
        assert answer["UploadId"] not in bucket.uploads
        bucket.uploads[answer["UploadId"]] = Upload(key, metadata, tags)

    @precondition(lambda self: any(bucket.uploads for bucket in self.buckets))
    @rule(number=BUCKETS, pick=UPLOADS, part_number=PART_NUMBERS, body=PARTS)
    def upload_part(self, number: int, pick: int, part_number: int, body: bytes) -> None:
        bucket, where = self.at(number)
        key, upload = upload_of(bucket, pick)
        answer = outcome(
            lambda: self.s3.upload_part(**where, **upload, PartNumber=part_number, Body=body)
        )
        part = whole_part(body)
        self.compare(
            answer,
            lambda: bucket.upload_part(key, upload["UploadId"], part_number, part),
            WRITTEN,
        )

    @precondition(lambda self: any(bucket.uploads for bucket in self.buckets))
    @rule(
        number=BUCKETS,
        pick=UPLOADS,
        part_number=PART_NUMBERS,
        source_number=BUCKETS,
        source_key=KEYS,
        source_pick=VERSIONS_OR_CURRENT,
    )
    def upload_part_copy(
        self,
        number: int,
        pick: int,
        part_number: int,
        source_number: int,
        source_key: str,
        source_pick: int,
    ) -> None:
        bucket, where = self.at(number)
        source, place = self.at(source_number)
        key, upload = upload_of(bucket, pick)
        version_id, which = version_of(source, source_key, source_pick)
        copied = {**place, "Key": source_key, **which}
        answer = outcome(
            lambda: self.s3.upload_part_copy(
                **where, **upload, PartNumber=part_number, CopySource=copied
            )
        )
        answer |= answer.pop("CopyPartResult", {})

        def expect() -> Answer:
            bucket.upload(key, upload["UploadId"])
            version, said = source.source(source_key, version_id)
            # The store need not read the bytes, so the ETag is its own to choose.
            part = Part(version.body, answer["ETag"].strip('"'))
            return bucket.upload_part(key, upload["UploadId"], part_number, part) | said

        self.compare(answer, expect, (*WRITTEN, "CopySourceVersionId"))

    @precondition(lambda self: any(bucket.uploads for bucket in self.buckets))
    @rule(
        number=BUCKETS,
        pick=UPLOADS,
        choice=st.sampled_from(["all", "all", "all", "first", "backwards", "wrong", "missing"]),
        kind=CONDITIONS,
    )
    def complete(self, number: int, pick: int, choice: str, kind: str) -> None:
        bucket, where = self.at(number)
        key, upload = upload_of(bucket, pick)
        condition, headers = condition_of(bucket, key, kind)
        named = named_parts(bucket, upload["UploadId"], choice)
        document = {"Parts": [{"PartNumber": each, "ETag": quoted(etag)} for each, etag in named]}
        answer = outcome(
            lambda: self.s3.complete_multipart_upload(
                **where, **upload, MultipartUpload=document, **headers
            )
        )
        self.compare(
            answer,
            lambda: bucket.complete(
                key, upload["UploadId"], named, answer.get("VersionId"), condition
            ),
            WRITTEN,
        )

    @precondition(lambda self: any(bucket.uploads for bucket in self.buckets))
    @rule(number=BUCKETS, pick=UPLOADS)
    def abort(self, number: int, pick: int) -> None:
        bucket, where = self.at(number)
        key, upload = upload_of(bucket, pick)
        answer = outcome(lambda: self.s3.abort_multipart_upload(**where, **upload))
        self.compare(answer, lambda: bucket.abort(key, upload["UploadId"]), ())

    @rule(number=BUCKETS, key=KEYS, pick=VERSIONS_OR_CURRENT, part_number=PART_NUMBERS)
    def get_part(self, number: int, key: str, pick: int, part_number: int) -> None:
        bucket, where = self.at(number)
        version_id, which = version_of(bucket, key, pick)
        answer = outcome(
            lambda: self.s3.get_object(**where, Key=key, **which, PartNumber=part_number)
        )
        self.compare(
            answer,
            lambda: bucket.get_part(key, version_id, part_number),
            ("Body", "ContentLength", "ETag", "PartsCount", "VersionId"),
        )

    @precondition(lambda self: any(bucket.uploads for bucket in self.buckets))
    @rule(number=BUCKETS, pick=UPLOADS, size=PAGES)
    def list_parts(self, number: int, pick: int, size: int) -> None:
        bucket, where = self.at(number)
        key, upload = upload_of(bucket, pick)
        try:
            assumed = bucket.list_parts(key, upload["UploadId"])
        except Refused as error:
            assert outcome(lambda: self.s3.list_parts(**where, **upload)) == {"Code": error.code}
            return
        found = pages(
            self.s3.list_parts,
            {**where, **upload, "MaxParts": size},
            lambda page: {"PartNumberMarker": page["NextPartNumberMarker"]},
        )
        self.compare_pages(found, assumed, size)

    # --- listings

    @rule(number=BUCKETS, prefix=PREFIXES, delimiter=DELIMITERS, size=PAGES)
    def list_uploads(self, number: int, prefix: str, delimiter: str, size: int) -> None:
        bucket, where = self.at(number)
        found = pages(
            self.s3.list_multipart_uploads,
            {**where, "Prefix": prefix, "Delimiter": delimiter, "MaxUploads": size},
            lambda page: markers(page, "KeyMarker", "UploadIdMarker"),
        )
        self.compare_pages(found, bucket.list_uploads(prefix, delimiter), size)

    @rule(number=BUCKETS, prefix=PREFIXES, delimiter=DELIMITERS, after=AFTER, size=PAGES)
    def list_objects(self, number: int, prefix: str, delimiter: str, after: str, size: int) -> None:
        bucket, where = self.at(number)
        where |= {"Prefix": prefix, "Delimiter": delimiter, "MaxKeys": size}
        found = pages(self.s3.list_objects, {**where, "Marker": after}, first_version_markers)
        self.compare_pages(found, bucket.list_objects(prefix, delimiter, after), size)

    @rule(number=BUCKETS, prefix=PREFIXES, delimiter=DELIMITERS, after=AFTER, size=PAGES)
    def list_objects_v2(
        self, number: int, prefix: str, delimiter: str, after: str, size: int
    ) -> None:
        bucket, where = self.at(number)
        where |= {"Prefix": prefix, "Delimiter": delimiter, "MaxKeys": size}
        found = pages(
            self.s3.list_objects_v2,
            {**where, "StartAfter": after},
            lambda page: {"ContinuationToken": page["NextContinuationToken"]},
        )
        self.compare_pages(found, bucket.list_objects(prefix, delimiter, after), size)

    @rule(number=BUCKETS, prefix=PREFIXES, delimiter=DELIMITERS, after=AFTER, size=PAGES)
    def list_versions(
        self, number: int, prefix: str, delimiter: str, after: str, size: int
    ) -> None:
        bucket, where = self.at(number)
        where |= {"Prefix": prefix, "Delimiter": delimiter, "MaxKeys": size, "KeyMarker": after}
        found = pages(
            self.s3.list_object_versions,
            where,
            lambda page: markers(page, "KeyMarker", "VersionIdMarker"),
        )
        self.compare_pages(found, bucket.list_versions(prefix, delimiter, after), size)

    def compare_pages(
        self, found: Iterator[Mapping[str, Any]], assumed: list[Answer], size: int
    ) -> None:
        """Pages are full but for the last, and show what they should, each kind in its order."""
        for start in range(0, max(len(assumed), 1), size):
            page = next(found)
            rest = assumed[start : start + size]
            for name, kind in KINDS.items():
                shown = [chosen(each, LISTED) for each in page.get(name, [])]
                assert shown == [each for each in rest if kind(each)], name
            assert page["IsTruncated"] == (start + size < len(assumed))
        assert next(found, None) is None

    # --- the end

    def teardown(self) -> None:
        """Whatever an example did, in the end each version is what it should be."""
        for number in range(len(self.buckets)):
            if self.s3.list_buckets(Prefix=self.names[number])["Buckets"]:
                self.list_versions(number, "", "", "", 1000)
                for key, versions in self.buckets[number].versions.items():
                    for pick in range(1, len(versions) + 1):
                        self.get(number, key, pick, None)


def version_of(bucket: Bucket, key: str, pick: int) -> tuple[str | None, dict[str, str]]:
    """The id of a picked version, None for the current one; and the same as an argument."""
    own = [each.version_id for each in bucket.versions.get(key, [])]
    version_id = None
    if pick == NOWHERE:
        version_id = UNKNOWN_VERSION
    elif pick != CURRENT:
        version_id = own[pick % len(own)] if own and pick > 0 else NULL
    return version_id, {} if version_id is None else {"VersionId": version_id}


def condition_of(bucket: Bucket, key: str, kind: str) -> tuple[Condition, dict[str, str]]:
    """A condition of a write for the model, and as arguments."""
    current = bucket.current(key)
    right = current.etag if current else md5(b"right")
    if kind == "none":
        return ALWAYS, {}
    if kind == "absent":
        return Condition(if_none_match=True), {"IfNoneMatch": "*"}
    if_match = {"present": "*", "right": right, "wrong": md5(b"wrong")}[kind]
    return Condition(if_match), {"IfMatch": "*" if if_match == "*" else quoted(if_match)}


def upload_of(bucket: Bucket, pick: int) -> tuple[str, dict[str, str]]:
    """The key of a picked upload, and the arguments that name it."""
    is_over = pick < 0
    ids = [each for each, upload in bucket.uploads.items() if upload.is_over == is_over]
    if pick == NOWHERE or not ids:
        return "a", {"Key": "a", "UploadId": UNKNOWN_UPLOAD}
    upload_id = ids[pick % len(ids)]
    key = bucket.uploads[upload_id].key
    return key, {"Key": key, "UploadId": upload_id}


def named_parts(bucket: Bucket, upload_id: str, choice: str) -> list[tuple[int, str]]:
    """The parts that a completion names, rightly or not; one at least."""
    upload = bucket.uploads.get(upload_id)
    parts = sorted(upload.parts.items()) if upload else []
    named = [(number, part.etag) for number, part in parts]
    if choice == "first":
        named = named[:1]
    elif choice == "backwards":
        named.reverse()
    elif choice == "wrong":
        named = [(number, md5(b"wrong")) for number, _ in named]
    elif choice == "missing":
        named.append((10_000, md5(b"missing")))
    return named or [(1, md5(b"none"))]


KINDS: dict[str, Callable[[Answer], bool]] = {
    "Contents": lambda each: "Size" in each and not {"IsLatest", "PartNumber"} & each.keys(),
    "CommonPrefixes": lambda each: "Prefix" in each,
    "Versions": lambda each: "Size" in each and "IsLatest" in each,
    "DeleteMarkers": lambda each: "IsLatest" in each and "Size" not in each,
    "Uploads": lambda each: "UploadId" in each,
    "Parts": lambda each: "PartNumber" in each,
}
"""Under which name a page shows an item of the model's listings."""


def first_version_markers(page: Mapping[str, Any]) -> dict[str, str]:
    """ListObjects tells where the next page begins only if there is a delimiter."""
    return {"Marker": page.get("NextMarker") or page["Contents"][-1]["Key"]}


def markers(page: Mapping[str, Any], *names: str) -> dict[str, str]:
    """The markers of the next page, as arguments."""
    return {name: page[f"Next{name}"] for name in names if f"Next{name}" in page}


def pages(
    ask: Callable[..., Any],
    arguments: dict[str, Any],
    onward: Callable[[Mapping[str, Any]], dict[str, str]],
) -> Iterator[Mapping[str, Any]]:
    """Page after page, as the markers lead."""
    arguments = {name: value for name, value in arguments.items() if value != ""}
    while True:
        page = ask(**arguments)
        yield page
        if not page["IsTruncated"]:
            return
        arguments |= onward(page)


@pytest.mark.timeout(0)
def test_every_answer_is_that_of_the_model(daemon: Daemon) -> None:
    class OnThisDaemon(ObjectStore):
        s3 = boto3_client(daemon)

    profile = settings.get_profile(settings.get_current_profile_name())
    run_state_machine_as_test(
        OnThisDaemon,
        settings=settings(
            profile,
            max_examples=profile.max_examples // EXAMPLES_SHARE,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
            phases=set(Phase) - {Phase.explain},
        ),
    )
