"""Natural names upstream, with the real daemon as a gateway to each provider: what others see there."""

from __future__ import annotations

import hashlib
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.e2e.admin import admin_json, admin_process, assert_sound
from tests.e2e.clients import boto3_client, refused
from tests.e2e.daemon import ALICE, Daemon
from tests.e2e.waiting import PATIENCE_SECONDS, wait_for
from tests.upstreams.places import PLACES, Look, Place, Thing

SETTINGS: dict[str, Any] = {
    "garbage_grace_seconds": 1,
    # So that what a killed process has begun is soon taken up by the next one.
    "upstream": {
        "silence_timeout_seconds": 3,
        "copy_timeout_seconds": 3,
        "showing_timeout_seconds": 10,
    },
}


@pytest.fixture(params=PLACES)
def upstream(request: pytest.FixtureRequest) -> Place:
    return PLACES[request.param]()


@pytest.fixture
def gateway(tmp_path: Path, upstream: Place) -> Iterator[Daemon]:
    backend = {"backend": upstream.backend, upstream.backend: upstream.settings}
    daemon = Daemon(tmp_path / "gateway", {"storage": {**SETTINGS, **backend}})
    daemon.start()
    boto3_client(daemon).create_bucket(
        Bucket="photos", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    yield daemon
    if daemon.is_running:
        daemon.kill()


@pytest.fixture
def client(gateway: Daemon) -> Any:
    return boto3_client(gateway)


def content_of(client: Any, key: str, **more: Any) -> bytes:
    content: bytes = client.get_object(Bucket="photos", Key=key, **more)["Body"].read()
    return content


def test_objects_stand_upstream_as_they_are_here(
    gateway: Daemon, client: Any, upstream: Place
) -> None:
    looks = {"ContentType": "image/png", "CacheControl": "no-cache", "Metadata": {"who": "Ann"}}
    for key in ("a", "a/b", "a//b", "ümlaut + %25", "empty/"):
        body = b"" if key == "empty/" else key.encode()
        client.put_object(Bucket="photos", Key=key, Body=body, **looks)
    folder = ["photos/empty/"] if upstream.has_folders else []
    names = ["photos/a", "photos/a//b", "photos/a/b", *folder, "photos/ümlaut + %25"]
    assert upstream.natural() == names
    there = Thing(b"a/b", Look("image/png", "no-cache", {"who": "Ann"}))
    assert upstream.get("photos/a/b") == there
    assert client.get_object(Bucket="photos", Key="empty/")["Body"].read() == b""
    client.delete_objects(
        Bucket="photos", Delete={"Objects": [{"Key": "a"}, {"Key": "a//b"}, {"Key": "none"}]}
    )
    assert upstream.natural() == ["photos/a/b", *folder, "photos/ümlaut + %25"]
    wait_for(lambda: upstream.names() == upstream.natural(), "the move")
    gateway.stop()
    assert_sound(gateway)


def test_large_objects_and_multipart_uploads_stand_there_whole(
    client: Any, upstream: Place
) -> None:
    large = bytes(range(256)) * 4096 * 20  # 20 MiB
    client.put_object(Bucket="photos", Key="large", Body=large)
    begun = client.create_multipart_upload(Bucket="photos", Key="parts", ContentType="video/mp4")
    address = {"Bucket": "photos", "Key": "parts", "UploadId": begun["UploadId"]}
    parts = []
    for number, body in ((1, large[: 6 * 1024 * 1024]), (2, b"the end")):
        part = client.upload_part(**address, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    etag = client.complete_multipart_upload(**address, MultipartUpload={"Parts": parts})["ETag"]
    assert upstream.get("photos/large").content == large
    there = upstream.get("photos/parts")
    assert there.content == large[: 6 * 1024 * 1024] + b"the end"
    assert there.look.content_type == "video/mp4"
    head = client.head_object(Bucket="photos", Key="parts", PartNumber=2)
    assert (head["ETag"], head["ContentLength"], head["PartsCount"]) == (etag, 7, 2)
    assert content_of(client, "parts", PartNumber=2) == b"the end"


def test_an_object_changed_upstream_is_answered_whole_and_new(client: Any, upstream: Place) -> None:
    for key in ("get", "head", "range", "copied", "cached", "attributes"):
        put = client.put_object(
            Bucket="photos", Key=key, Body=b"ours", ContentType="text/x-ours", Tagging="a=b"
        )
        upstream.put(f"photos/{key}", b"theirs, longer", Look("text/x-theirs"))
    got = client.get_object(Bucket="photos", Key="get")
    assert (got["Body"].read(), got["ContentType"]) == (b"theirs, longer", "text/x-theirs")
    md5 = hashlib.md5(b"theirs, longer", usedforsecurity=False).hexdigest()
    assert got["ETag"] == f'"{md5}"'
    assert client.get_object_tagging(Bucket="photos", Key="get")["TagSet"] == [
        {"Key": "a", "Value": "b"}
    ]
    head = client.head_object(Bucket="photos", Key="head")
    assert (head["ContentLength"], head["ContentType"]) == (14, "text/x-theirs")
    ranged = client.get_object(Bucket="photos", Key="range", Range="bytes=8-")
    assert (ranged["Body"].read(), ranged["ContentRange"]) == (b"longer", "bytes 8-13/14")
    client.copy_object(Bucket="photos", Key="copy", CopySource="photos/copied")
    assert content_of(client, "copy") == b"theirs, longer"
    assert content_of(client, "cached", IfNoneMatch=put["ETag"]) == b"theirs, longer"
    attributes = client.get_object_attributes(
        Bucket="photos", Key="attributes", ObjectAttributes=["ObjectSize"]
    )
    assert attributes["ObjectSize"] == 14


def test_an_object_deleted_upstream_is_gone(client: Any, upstream: Place) -> None:
    for key in ("a", "b", "empty"):
        client.put_object(Bucket="photos", Key=key, Body=b"" if key == "empty" else b"content")
        upstream.delete(f"photos/{key}")
    with refused("NoSuchKey", 404):
        client.get_object(Bucket="photos", Key="a")
    with refused("404", 404):
        client.head_object(Bucket="photos", Key="b")
    with refused("NoSuchKey", 404):
        client.get_object(Bucket="photos", Key="empty")
    assert client.list_objects_v2(Bucket="photos")["KeyCount"] == 0


def test_the_wrong_bucket_is_refused_and_costs_nothing(
    gateway: Daemon, client: Any, upstream: Place
) -> None:
    client.put_object(Bucket="photos", Key="a", Body=b"content")
    gateway.stop()
    right, wrong = gateway.settings, type(upstream)()
    gateway.settings = {"storage": {**right["storage"], wrong.backend: wrong.settings}}
    gateway.launch()
    assert gateway.wait() == 1
    assert f"storage.{wrong.backend}: expected the place of the bytes" in gateway.log
    assert wrong.names() == []
    gateway.settings = right
    gateway.start()
    assert content_of(client, "a") == b"content"


def test_an_upload_whose_source_was_changed_upstream_replaces_nothing(
    client: Any, upstream: Place
) -> None:
    client.put_object(Bucket="photos", Key="source", Body=b"s" * 6_000_000)
    client.put_object(Bucket="photos", Key="precious", Body=b"precious")
    begun = client.create_multipart_upload(Bucket="photos", Key="precious")
    address = {"Bucket": "photos", "Key": "precious", "UploadId": begun["UploadId"]}
    etags = [
        client.upload_part_copy(**address, PartNumber=1, CopySource="photos/source")[
            "CopyPartResult"
        ]["ETag"],
        client.upload_part(**address, PartNumber=2, Body=b"the end")["ETag"],
    ]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    upstream.put("photos/source", b"theirs")
    with refused("InvalidPart", 400):
        client.complete_multipart_upload(**address, MultipartUpload={"Parts": parts})
    assert content_of(client, "precious") == b"precious"
    assert upstream.get("photos/precious").content == b"precious"
    again = client.upload_part(**address, PartNumber=1, Body=b"p" * 6_000_000)
    parts[0]["ETag"] = again["ETag"]
    client.complete_multipart_upload(**address, MultipartUpload={"Parts": parts})
    assert upstream.get("photos/precious").content == b"p" * 6_000_000 + b"the end"


def test_versions_are_kept_beside_the_name(gateway: Daemon, client: Any, upstream: Place) -> None:
    client.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    ids = [
        client.put_object(Bucket="photos", Key="a", Body=body)["VersionId"]
        for body in (b"first", b"second", b"third")
    ]
    assert upstream.natural() == ["photos/a"]
    assert [content_of(client, "a", VersionId=each) for each in ids] == [
        b"first",
        b"second",
        b"third",
    ]
    client.delete_object(Bucket="photos", Key="a", VersionId=ids[2])
    assert upstream.get("photos/a").content == b"second"
    client.delete_object(Bucket="photos", Key="a")
    assert upstream.natural() == []
    assert content_of(client, "a", VersionId=ids[1]) == b"second"
    gateway.stop()
    assert_sound(gateway)


def test_a_bucket_that_was_there_before_is_adopted(
    gateway: Daemon, client: Any, upstream: Place
) -> None:
    def place(number: int) -> None:
        content = b"%d" % number
        upstream.put(f"archive/{number:04}", content, Look(metadata={"number": str(number)}))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(place, range(1100)))
    adopt = ("adopt", "archive", "--create", "--owner", ALICE.access_key)
    _interrupt_after_a_batch(gateway, client, *adopt)
    resumed = admin_json(gateway, *adopt, "--resume")
    assert resumed["adopted"] in (100, 600)
    assert admin_json(gateway, *adopt) == {
        "adopted": 0,
        "changed": 0,
        "known": 1100,
        "skipped": {},
    }
    got = client.get_object(Bucket="archive", Key="1099")
    assert (got["Body"].read(), got["Metadata"]) == (b"1099", {"number": "1099"})
    assert _listed(client, "archive") == 1100
    gateway.stop()
    assert_sound(gateway)


def test_a_bucket_whose_names_are_keys_is_put_behind_a_gateway(
    tmp_path: Path, upstream: Place
) -> None:
    inside = {**upstream.settings, "prefix": "private/"}
    quick = dict(SETTINGS["upstream"])
    storage = {**SETTINGS, "backend": upstream.backend, upstream.backend: inside}
    storage["upstream"] = {**quick, "bucket_prefixes": ["archive="]}
    gateway = Daemon(tmp_path / "gateway", {"storage": storage})
    for name in ("2026/a.jpg", "b.jpg"):
        upstream.put(name, name.encode(), Look("image/jpeg"))
    gateway.start()
    try:
        adopt = ("adopt", "archive", "--create", "--owner", ALICE.access_key)
        assert admin_json(gateway, *adopt)["adopted"] == 2
        client = boto3_client(gateway)
        got = client.get_object(Bucket="archive", Key="store/2026/a.jpg")
        assert (got["Body"].read(), got["ContentType"]) == (b"2026/a.jpg", "image/jpeg")
        client.put_object(Bucket="archive", Key="store/new", Body=b"new")
        client.put_object(Bucket="archive", Key="private/a", Body=b"not at this name")
        client.delete_object(Bucket="archive", Key="store/b.jpg")
        assert upstream.names() == ["2026/a.jpg", "new"]
        assert upstream.get("new").content == b"new"
        got = client.get_object(Bucket="archive", Key="private/a")
        assert got["Body"].read() == b"not at this name"
        assert admin_json(gateway, *adopt)["adopted"] == 0
        gateway.stop()
        assert_sound(gateway)
        storage["upstream"] = quick
        gateway.launch()
        assert gateway.wait() == 1
        assert "storage.upstream.bucket_prefixes: expected archive=, as before" in gateway.log
    finally:
        if gateway.is_running:
            gateway.kill()


def _interrupt_after_a_batch(gateway: Daemon, client: Any, *command: str) -> None:
    process = admin_process(gateway, *command)
    try:
        wait_for(lambda: _listed(client, "archive") >= 500, "the first listings")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    assert process.returncode == 128 + signal.SIGINT


def _listed(client: Any, bucket: str) -> int:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    try:
        return sum(page["KeyCount"] for page in pages)
    except client.exceptions.NoSuchBucket:
        return 0


def test_kill_after_kill_every_object_ends_under_its_name(
    gateway: Daemon, client: Any, upstream: Place
) -> None:
    stored: dict[str, bytes] = {}

    def write(worker: int) -> None:
        for number in range(1000):
            key, body = f"{worker}-{number % 10}", b"%d-%d" % (worker, number)
            try:
                client.put_object(Bucket="photos", Key=key, Body=body)
            except (BotoCoreError, ClientError):
                stored.pop(key, None)  # it may be either
                return
            stored[key] = body

    for _ in range(4):
        writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
        for writer in writers:
            writer.start()
        time.sleep(0.7)
        gateway.kill()
        for writer in writers:
            writer.join()
        gateway.start()
        for key, body in stored.items():
            assert content_of(client, key) == body
    assert stored
    listed = [each["Key"] for each in client.list_objects_v2(Bucket="photos")["Contents"]]
    wait_for(lambda: len(upstream.names()) == len(listed), "the deletion of the others")
    assert upstream.natural() == sorted(f"photos/{key}" for key in listed)
    for key in listed:
        assert upstream.get(f"photos/{key}").content == content_of(client, key)
    gateway.stop()
    assert_sound(gateway)
