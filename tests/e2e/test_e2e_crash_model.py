"""Whatever instant the daemon dies at, each operation has happened as a whole or not at all.

Writers with a bucket of their own put, copy, delete, upload in parts and switch versions on and
off, while the daemon is killed with SIGKILL and started again, over and over. After each start a
bucket is what its model says: with the request that was never answered, or without it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from attrs import define, field, frozen
from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import HTTPClientError

from tests.e2e.admin import assert_sound
from tests.e2e.clients import boto3_client
from tests.e2e.daemon import BACKEND, REGION, Daemon
from tests.model.s3_model import (
    MIN_PART_BYTES,
    Answer,
    Bucket,
    Upload,
    object_version,
    quoted,
    whole_part,
)

KILLS = 12
WRITERS = 4
LONGEST_ROUND_SECONDS = 0.6
MOST_VERSIONS = 25
KEYS = ("a", "a/b", "b", "c")
SIZES = (0, 1000, 65_536, 65_537, 300_000)

Ids = Mapping[str, str]


@frozen
class Operation:
    """A request, and what it does to a model.

    Attributes:
        send: answers the ids that the store chose, by the key that each is for.
        apply: is given these ids.
    """

    send: Callable[[Any], Ids]
    apply: Callable[[Bucket, Ids], object]


@define
class Writer:
    """Changes its bucket until the daemon is gone.

    Attributes:
        bucket: the model, with all that has been answered.
        open: the operation that never was.
        failure: what ended it otherwise.
    """

    daemon: Daemon
    number: int
    s3: Any
    bucket: Bucket = field(factory=Bucket)
    open: Operation | None = None
    failure: Exception | None = None
    answered: int = 0
    _random: random.Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._random = random.Random(self.number)

    @property
    def name(self) -> str:
        return f"writer-{self.number}"

    def run(self) -> None:
        """Write until the connection breaks."""
        try:
            while True:
                self.open = self._choose()
                self.open.apply(self.bucket, self.open.send(self.s3))
                self.open = None
                self.answered += 1
        except (NoConnection, HTTPClientError):
            return
        except Exception as error:
            self.failure = error

    def compare(self) -> None:
        """Hold what is there against the model; from now on it counts."""
        assert self.failure is None
        found = state_of(self.s3, self.name)
        if found != state(self.bucket):
            assert self.open is not None, "what was answered is not there"
            self.open.apply(self.bucket, new_ids(self.bucket, found))
            assert found == state(self.bucket), "neither what was answered nor what was asked"
        self.open = None

    # --- what to do next

    def _choose(self) -> Operation:
        if sum(map(len, self.bucket.versions.values())) > MOST_VERSIONS:
            return self._delete_version()
        choices = (
            self._put,
            self._put,
            self._copy,
            self._delete,
            self._delete_version,
            self._delete_many,
            self._set_versioning,
            self._begin_upload,
            self._upload_part,
            self._complete,
            self._complete,
            self._abort,
        )
        return self._random.choice(choices)()

    def _where(self, **more: Any) -> dict[str, Any]:
        return {"Bucket": self.name, **more}

    def _key(self) -> str:
        return self._random.choice(KEYS)

    def _body(self) -> bytes:
        return self._random.randbytes(self._random.choice(SIZES))

    def _put(self) -> Operation:
        key, body = self._key(), self._body()
        version = object_version(body, {}, {})
        return Operation(
            lambda s3: ids(key, s3.put_object(**self._where(Key=key), Body=body)),
            lambda bucket, chosen: bucket.put(key, version, chosen.get(key)),
        )

    def _copy(self) -> Operation:
        sources = [key for key in KEYS if self.bucket.current(key)]
        if not sources:
            return self._put()
        source, key = self._random.choice(sources), self._key()
        version = self.bucket.find(source, None)
        what = {"CopySource": self._where(Key=source), "MetadataDirective": "REPLACE"}
        return Operation(
            lambda s3: ids(key, s3.copy_object(**self._where(Key=key), **what)),
            lambda bucket, chosen: bucket.put(key, version, chosen.get(key)),
        )

    def _delete(self) -> Operation:
        key = self._key()
        return Operation(
            lambda s3: ids(key, s3.delete_object(**self._where(Key=key))),
            lambda bucket, chosen: bucket.delete(key, chosen.get(key)),
        )

    def _delete_version(self) -> Operation:
        versions = [(key, each) for key, own in self.bucket.versions.items() for each in own]
        if not versions:
            return self._put()
        key, version = self._random.choice(versions)
        which = {"Key": key, "VersionId": version.version_id}
        return Operation(
            lambda s3: no_ids(s3.delete_object(**self._where(**which))),
            lambda bucket, _: bucket.delete_version(key, version.version_id),
        )

    def _delete_many(self) -> Operation:
        keys = self._random.sample(KEYS, 3)
        document = {"Objects": [{"Key": key} for key in keys]}

        def send(s3: Any) -> Ids:
            deleted = s3.delete_objects(**self._where(), Delete=document)["Deleted"]
            return {each["Key"]: each.get("DeleteMarkerVersionId") for each in deleted}

        return Operation(
            send, lambda bucket, chosen: [bucket.delete(key, chosen.get(key)) for key in keys]
        )

    def _set_versioning(self) -> Operation:
        wanted = self._random.choice(("Enabled", "Enabled", "Suspended"))
        what = {"VersioningConfiguration": {"Status": wanted}}
        return Operation(
            lambda s3: no_ids(s3.put_bucket_versioning(**self._where(), **what)),
            lambda bucket, _: setattr(bucket, "versioning", wanted),
        )

    def _begin_upload(self) -> Operation:
        key = self._key()

        def apply(bucket: Bucket, chosen: Ids) -> None:
            bucket.uploads[chosen["UploadId"]] = Upload(key, {}, {})

        return Operation(
            lambda s3: {"UploadId": s3.create_multipart_upload(**self._where(Key=key))["UploadId"]},
            apply,
        )

    def _upload(self) -> tuple[str, str] | None:
        """Key and id of an upload that is under way."""
        uploads = self.bucket.uploads.items()
        under_way = [(each.key, upload_id) for upload_id, each in uploads if not each.is_over]
        return self._random.choice(under_way) if under_way else None

    def _upload_part(self) -> Operation:
        upload = self._upload()
        if upload is None:
            return self._begin_upload()
        key, upload_id = upload
        number = self._random.choice((1, 2))
        body = bytes(MIN_PART_BYTES) if number == 1 else self._body()
        which = {"Key": key, "UploadId": upload_id, "PartNumber": number}
        return Operation(
            lambda s3: no_ids(s3.upload_part(**self._where(**which), Body=body)),
            lambda bucket, _: bucket.upload_part(key, upload_id, number, whole_part(body)),
        )

    def _complete(self) -> Operation:
        upload = self._upload()
        if upload is None or not self.bucket.uploads[upload[1]].parts:
            return self._upload_part()
        key, upload_id = upload
        parts = sorted(self.bucket.uploads[upload_id].parts.items())
        named = [(number, part.etag) for number, part in parts]
        document = {"Parts": [{"PartNumber": n, "ETag": quoted(etag)} for n, etag in named]}
        which = {"Key": key, "UploadId": upload_id, "MultipartUpload": document}
        return Operation(
            lambda s3: ids(key, s3.complete_multipart_upload(**self._where(**which))),
            lambda bucket, chosen: bucket.complete(key, upload_id, named, chosen.get(key)),
        )

    def _abort(self) -> Operation:
        upload = self._upload()
        if upload is None:
            return self._begin_upload()
        key, upload_id = upload
        which = {"Key": key, "UploadId": upload_id}
        return Operation(
            lambda s3: no_ids(s3.abort_multipart_upload(**self._where(**which))),
            lambda bucket, _: bucket.abort(key, upload_id),
        )


def ids(key: str, answer: Mapping[str, Any]) -> Ids:
    return {key: answer["VersionId"]} if "VersionId" in answer else {}


def no_ids(_: object) -> Ids:
    return {}


# --- what is there, in one shape for daemon and model ----------------------------------------


def state(bucket: Bucket) -> Answer:
    """What a bucket has: versions and delete markers, the newest first, and unfinished uploads."""
    stacks = {key: own for key, own in sorted(bucket.versions.items()) if own}
    every = [(key, each) for key, own in stacks.items() for each in own]
    return {
        "versioning": bucket.versioning,
        "latest": {key: own[0].version_id for key, own in stacks.items()},
        "markers": [(key, each.version_id) for key, each in every if each.is_delete_marker],
        "versions": [
            (key, each.version_id, each.etag, each.body)
            for key, each in every
            if not each.is_delete_marker
        ],
        "uploads": {
            upload_id: {number: part.etag for number, part in upload.parts.items()}
            for upload_id, upload in bucket.uploads.items()
            if not upload.is_over
        },
    }


def state_of(s3: Any, name: str) -> Answer:
    """The same of a bucket of the daemon."""
    page = s3.list_object_versions(Bucket=name)
    versions, markers = page.get("Versions", []), page.get("DeleteMarkers", [])
    return {
        "versioning": s3.get_bucket_versioning(Bucket=name).get("Status", ""),
        "latest": {e["Key"]: e["VersionId"] for e in versions + markers if e["IsLatest"]},
        "markers": [(each["Key"], each["VersionId"]) for each in markers],
        "versions": [_read(s3, name, each["Key"], each["VersionId"]) for each in versions],
        "uploads": {
            each["UploadId"]: _parts(s3, name, each["Key"], each["UploadId"])
            for each in s3.list_multipart_uploads(Bucket=name).get("Uploads", [])
        },
    }


def _read(s3: Any, name: str, key: str, version_id: str) -> tuple[str, str, str, bytes]:
    answer = s3.get_object(Bucket=name, Key=key, VersionId=version_id)
    return key, version_id, answer["ETag"].strip('"'), answer["Body"].read()


def _parts(s3: Any, name: str, key: str, upload_id: str) -> dict[int, str]:
    answer = s3.list_parts(Bucket=name, Key=key, UploadId=upload_id)
    return {each["PartNumber"]: each["ETag"].strip('"') for each in answer.get("Parts", [])}


def new_ids(bucket: Bucket, found: Answer) -> Ids:
    """The ids that the store must have chosen for the request that it never answered."""
    known = {each.version_id for own in bucket.versions.values() for each in own}
    chosen = {key: found_id for key, found_id in found["latest"].items() if found_id not in known}
    for upload_id in found["uploads"].keys() - bucket.uploads.keys():
        chosen["UploadId"] = upload_id
    return chosen


# --- the test --------------------------------------------------------------------------------


@pytest.mark.skipif(BACKEND == "memory", reason="a crash loses what came after the snapshot")
@pytest.mark.timeout(300)
def test_operations_happen_as_a_whole_or_not_at_all(own_daemon: Daemon) -> None:
    own_daemon.settings = {"storage": {"garbage_grace_seconds": 0}}
    own_daemon.start()
    writers = [_make_writer(own_daemon, number) for number in range(WRITERS)]
    instants = random.Random(2)
    for kill in range(KILLS):
        _write_until_killed(own_daemon, writers, instants)
        own_daemon.start()
        for writer in writers:
            writer.compare()
        if kill % 5 == 0:
            assert_sound(own_daemon)
    assert sum(writer.answered for writer in writers) > KILLS * WRITERS
    own_daemon.stop()
    assert_sound(own_daemon)


def _make_writer(daemon: Daemon, number: int) -> Writer:
    writer = Writer(daemon, number, boto3_client(daemon))
    place = {"LocationConstraint": REGION}
    writer.s3.create_bucket(Bucket=writer.name, CreateBucketConfiguration=place)
    return writer


def _write_until_killed(daemon: Daemon, writers: list[Writer], instants: random.Random) -> None:
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    time.sleep(instants.uniform(0.1, LONGEST_ROUND_SECONDS))
    daemon.kill()
    for thread in threads:
        thread.join()
