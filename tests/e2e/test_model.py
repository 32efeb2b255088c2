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

from tests.e2e.admin import assert_sound
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
EXAMPLES_SHARE = 2

# --- what is chosen at random ----------------------------------------------------------------

# What comes more often than once is meant to meet itself.
KEYS = st.sampled_from(["a", "a", "a/b", "a//", "b", "é/z +%"])
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
    st.sampled_from([1, 1000, MIN_PART_BYTES]),
)
COMPLETIONS = st.sampled_from([*["all"] * 5, "first", "backwards", "wrong", "missing"])
METADATA = st.sampled_from([{}, {"color": "red"}])
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
PICK = st.integers(0, 30)  # one of what there is
# Which version: one that is there or the current one of its key, mostly, for what is chosen
# blindly is seldom there; else the null version or no version of that key, or any key's current.
WHICH = st.sampled_from([*["version"] * 5, *["current"] * 4, "null", "unknown", "anywhere"])
VERSIONS = st.tuples(WHICH, PICK, KEYS)
# Which upload: one under way, one that is over, or one that is not there.
UPLOADS = st.tuples(st.sampled_from([*["under way"] * 6, "over", "unknown"]), PICK)

Pick = tuple[str, int, str]
UploadPick = tuple[str, int]

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
            self.put(number, "a", b"second", {}, {"k": "v"}, "none")
            self.put(number, "a", b"third", {}, {}, "none")
            self.put(number, "a/b", b"other", {"color": "red"}, {}, "none")

    @rule(
        number=BUCKETS,
        key=KEYS,
        full_parts=st.integers(0, 2),
        last_part=PARTS,
        then=COMPLETIONS,
        kind=CONDITIONS,
    )
    def upload_in_parts(
        self, number: int, key: str, full_parts: int, last_part: bytes, then: str, kind: str
    ) -> None:
        """The steps of an upload in a row, for they seldom are in the right order by chance."""
        self.create_upload(number, key, {}, {})
        uploads = self.buckets[number].uploads.values()
        newest = ("under way", sum(not upload.is_over for upload in uploads) - 1)
        for part_number, body in enumerate([bytes(MIN_PART_BYTES)] * full_parts + [last_part], 1):
            self.upload_part(number, newest, part_number, body)
        self.list_parts(number, newest, 1)
        self.complete(number, newest, then, kind)

    def at(self, number: int) -> tuple[Bucket, dict[str, Any]]:
        """A bucket of the model, and the argument that names the daemon's."""
        return self.buckets[number], {"Bucket": self.names[number]}

    def look(self, number: int, *keys: str) -> None:
        """All that a bucket shows, and the current versions of some keys."""
        self.list_objects_v2(number, "", "", "", 1000)
        self.list_versions(number, "", "", "", 1000)
        for key in keys:
            self.get(number, ("anywhere", 0, key), None)

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
        self.look(number, key)

    @rule(
        number=BUCKETS,
        pick=VERSIONS,
        part=st.none() | RANGES,
        part_number=PART_NUMBERS,
    )
    def read(self, number: int, pick: Pick, part: str | None, part_number: int) -> None:
        self.get(number, pick, part)
        self.head(number, pick)
        self.get_part(number, pick, part_number)
        self.get_tags(number, pick)

    def get(self, number: int, pick: Pick, part: str | None) -> None:
        bucket, where = self.at(number)
        key, version_id, which = version_of(bucket, pick)
        ranged = {"Range": part} if part else {}
        answer = outcome(lambda: self.s3.get_object(**where, Key=key, **which, **ranged))
        self.compare(answer, lambda: bucket.get(key, version_id, part), READ)

    def head(self, number: int, pick: Pick) -> None:
        bucket, where = self.at(number)
        key, version_id, which = version_of(bucket, pick)
        answer = outcome(lambda: self.s3.head_object(**where, Key=key, **which))
        assumed = expected(lambda: bucket.head(key, version_id))
        if "Code" in assumed:
            assumed = {"Code": STATUS[assumed["Code"]]}
        self.compare(answer, lambda: assumed, READ)

    @rule(number=BUCKETS, pick=VERSIONS, kind=CONDITIONS.filter(lambda kind: kind != "absent"))
    def delete(self, number: int, pick: Pick, kind: str) -> None:
        bucket, where = self.at(number)
        key, version_id, which = version_of(bucket, pick)
        condition, headers = ALWAYS, which
        if version_id is None:
            condition, headers = condition_of(bucket, key, kind)
        answer = outcome(lambda: self.s3.delete_object(**where, Key=key, **headers))

        def expect() -> Answer:
            if version_id is not None:
                return bucket.delete_version(key, version_id)
            return bucket.delete(key, answer.get("VersionId"), condition)

        self.compare(answer, expect, DELETED)
        self.look(number, key)

    @rule(
        number=BUCKETS,
        picks=st.lists(VERSIONS, min_size=1, max_size=5),
        quiet=st.booleans(),
    )
    def delete_objects(self, number: int, picks: list[Pick], quiet: bool) -> None:
        bucket, where = self.at(number)
        resolved = [version_of(bucket, pick) for pick in picks]
        which = {key: (version_id, argument) for key, version_id, argument in resolved}
        objects = [{"Key": key, **argument} for key, (_, argument) in which.items()]
        answer = self.s3.delete_objects(**where, Delete={"Objects": objects, "Quiet": quiet})
        markers = self.s3.list_object_versions(**where).get("DeleteMarkers", [])
        newest = {each["Key"]: each["VersionId"] for each in markers if each["IsLatest"]}
        assumed = {
            key: bucket.delete_one_of_many(key, version_id, newest.get(key))
            for key, (version_id, _) in which.items()
        }
        assert "Errors" not in answer
        deleted = {each["Key"]: each for each in answer.get("Deleted", [])}
        assert deleted == ({} if quiet else assumed)
        self.look(number, *which)

    # --- tags

    @rule(number=BUCKETS, pick=VERSIONS, tags=st.none() | TAGS)
    def tag(self, number: int, pick: Pick, tags: dict[str, str] | None) -> None:
        if tags is None:
            self.delete_tags(number, pick)
        else:
            self.put_tags(number, pick, tags)
        self.get_tags(number, pick)

    def put_tags(self, number: int, pick: Pick, tags: dict[str, str]) -> None:
        bucket, where = self.at(number)
        key, version_id, which = version_of(bucket, pick)
        tagging = {"TagSet": [{"Key": name, "Value": tags[name]} for name in tags]}
        answer = outcome(
            lambda: self.s3.put_object_tagging(**where, Key=key, **which, Tagging=tagging)
        )
        self.compare(answer, lambda: bucket.put_tags(key, version_id, tags), ("VersionId",))

    def delete_tags(self, number: int, pick: Pick) -> None:
        bucket, where = self.at(number)
        key, version_id, which = version_of(bucket, pick)
        answer = outcome(lambda: self.s3.delete_object_tagging(**where, Key=key, **which))
        self.compare(answer, lambda: bucket.put_tags(key, version_id, {}), ("VersionId",))

    def get_tags(self, number: int, pick: Pick) -> None:
        bucket, where = self.at(number)
        key, version_id, which = version_of(bucket, pick)
        answer = outcome(lambda: self.s3.get_object_tagging(**where, Key=key, **which))
        if "TagSet" in answer:
            answer["TagSet"] = {each["Key"]: each["Value"] for each in answer["TagSet"]}
        self.compare(answer, lambda: bucket.get_tags(key, version_id), ("TagSet", "VersionId"))

    # --- copies

    @rule(
        number=BUCKETS,
        pick=VERSIONS,
        target_number=BUCKETS,
        target_key=KEYS,
        metadata=st.none() | METADATA,
        tags=st.none() | TAGS,
        kind=CONDITIONS,
    )
    def copy(
        self,
        number: int,
        pick: Pick,
        target_number: int,
        target_key: str,
        metadata: dict[str, str] | None,
        tags: dict[str, str] | None,
        kind: str,
    ) -> None:
        source, place = self.at(number)
        target, where = self.at(target_number)
        key, version_id, which = version_of(source, pick)
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
        self.look(target_number, target_key)

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
    def upload_part(self, number: int, pick: UploadPick, part_number: int, body: bytes) -> None:
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
        source_pick=VERSIONS,
    )
    def upload_part_copy(
        self,
        number: int,
        pick: UploadPick,
        part_number: int,
        source_number: int,
        source_pick: Pick,
    ) -> None:
        bucket, where = self.at(number)
        source, place = self.at(source_number)
        key, upload = upload_of(bucket, pick)
        source_key, version_id, which = version_of(source, source_pick)
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
        choice=COMPLETIONS,
        kind=CONDITIONS,
    )
    def complete(self, number: int, pick: UploadPick, choice: str, kind: str) -> None:
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
        self.look(number, key)

    @precondition(lambda self: any(bucket.uploads for bucket in self.buckets))
    @rule(number=BUCKETS, pick=UPLOADS)
    def abort(self, number: int, pick: UploadPick) -> None:
        bucket, where = self.at(number)
        key, upload = upload_of(bucket, pick)
        answer = outcome(lambda: self.s3.abort_multipart_upload(**where, **upload))
        self.compare(answer, lambda: bucket.abort(key, upload["UploadId"]), ())

    def get_part(self, number: int, pick: Pick, part_number: int) -> None:
        bucket, where = self.at(number)
        key, version_id, which = version_of(bucket, pick)
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
    def list_parts(self, number: int, pick: UploadPick, size: int) -> None:
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

    @rule(number=BUCKETS, prefix=PREFIXES, delimiter=DELIMITERS, after=AFTER, size=PAGES)
    def list_all(self, number: int, prefix: str, delimiter: str, after: str, size: int) -> None:
        self.list_objects(number, prefix, delimiter, after, size)
        self.list_objects_v2(number, prefix, delimiter, after, size)
        self.list_versions(number, prefix, delimiter, after, size)
        self.list_uploads(number, prefix, delimiter, size)

    def list_uploads(self, number: int, prefix: str, delimiter: str, size: int) -> None:
        bucket, where = self.at(number)
        found = pages(
            self.s3.list_multipart_uploads,
            {**where, "Prefix": prefix, "Delimiter": delimiter, "MaxUploads": size},
            lambda page: markers(page, "KeyMarker", "UploadIdMarker"),
        )
        self.compare_pages(found, bucket.list_uploads(prefix, delimiter), size)

    def list_objects(self, number: int, prefix: str, delimiter: str, after: str, size: int) -> None:
        bucket, where = self.at(number)
        where |= {"Prefix": prefix, "Delimiter": delimiter, "MaxKeys": size}
        found = pages(self.s3.list_objects, {**where, "Marker": after}, first_version_markers)
        self.compare_pages(found, bucket.list_objects(prefix, delimiter, after), size)

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
                for index in range(sum(map(len, self.buckets[number].versions.values()))):
                    self.get(number, ("version", index, ""), None)
                    self.get(number, ("current", index, ""), None)


def version_of(bucket: Bucket, pick: Pick) -> tuple[str, str | None, dict[str, str]]:
    """Key and id of a picked version, None for the current one; and the id as an argument."""
    which, index, key = pick
    there = [(name, each) for name, own in sorted(bucket.versions.items()) for each in own]
    version_id = {"null": NULL, "unknown": UNKNOWN_VERSION}.get(which)
    if there and which != "anywhere":
        key, version = there[index % len(there)]
        if which == "version":
            version_id = version.version_id
    return key, version_id, {} if version_id is None else {"VersionId": version_id}


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


def upload_of(bucket: Bucket, pick: UploadPick) -> tuple[str, dict[str, str]]:
    """The key of a picked upload, and the arguments that name it."""
    which, index = pick
    is_over = which == "over"
    ids = [each for each, upload in bucket.uploads.items() if upload.is_over == is_over]
    if which == "unknown" or not ids:
        return "a", {"Key": "a", "UploadId": UNKNOWN_UPLOAD}
    upload_id = ids[index % len(ids)]
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
def test_every_answer_is_that_of_the_model(own_daemon: Daemon) -> None:
    own_daemon.start()

    class OnThisDaemon(ObjectStore):
        s3 = boto3_client(own_daemon)

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
    assert_sound(own_daemon)
