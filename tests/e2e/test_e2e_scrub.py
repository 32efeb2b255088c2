"""``bleepstore-admin scrub`` and ``usage`` on a store with everything that can hold bytes."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from typing import Any

import pytest

from tests.e2e.admin import admin, admin_json, admin_process, some_file
from tests.e2e.clients import boto3_client
from tests.e2e.daemon import BACKEND, Daemon, looks_at_files, looks_at_rows
from tests.e2e.stocked import LARGE, stock
from tests.metadata.damage import damage_page_with

pytestmark = pytest.mark.skipif(
    BACKEND == "memory", reason="a store in memory is not reached from beside"
)
PART = 5 * 1024 * 1024


@pytest.fixture
def store(own_daemon: Daemon) -> Daemon:
    """A running daemon with all kinds of things that hold bytes: 5 versions and 1 part."""
    own_daemon.settings = {"storage": {"local": {"pack_max_bytes": 0}}}
    own_daemon.start()
    stock(own_daemon, "scrubbed")
    return own_daemon


@pytest.fixture
def packed(own_daemon: Daemon) -> Daemon:
    """The same, with the large objects in packs."""
    own_daemon.start()
    stock(own_daemon, "scrubbed")
    return own_daemon


def flip_a_byte(store: Daemon) -> None:
    with some_file(store).open("r+b") as file:
        file.seek(LARGE // 2)
        byte = file.read(1)
        file.seek(LARGE // 2)
        file.write(bytes([byte[0] ^ 1]))


def multipart(store: Daemon, **options: Any) -> None:
    s3: Any = boto3_client(
        store,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    where = {"Bucket": "scrubbed", "Key": "made-of-parts"}
    upload = s3.create_multipart_upload(**where, **options)["UploadId"]
    parts = []
    for number, body in ((1, os.urandom(PART)), (2, b"tail")):
        part = s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=body, **options)
        kept = {k: v for k, v in part.items() if k.startswith("Checksum") and k != "ChecksumType"}
        parts.append({"PartNumber": number, "ETag": part["ETag"], **kept})
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})


def test_a_sound_store_is_clean_while_it_runs_and_afterwards(store: Daemon) -> None:
    findings = admin_json(store, "scrub")
    assert findings == {
        "checked": 6,
        "damaged": [],
        "doubtful": [],
        "gaps": [],
        "read_bytes": 4 * LARGE + len("small"),
    }
    store.stop()
    assert admin_json(store, "scrub", "--bucket", "scrubbed") == findings
    done = admin(store, "scrub", "--bucket", "other")
    assert (done.returncode, "there is no bucket other" in done.stderr) == (2, True)


@looks_at_rows
def test_usage_counts_each_kind_and_shared_bytes_once(store: Daemon) -> None:
    multipart(store)
    usage = admin_json(store, "usage", "scrubbed")["buckets"]["scrubbed"]
    assert usage == {
        "objects": 4,
        "versions": 2,
        "delete_markers": 1,
        "bytes": 2 * LARGE + PART + len("tail"),
        "version_bytes": LARGE + len("small"),
        "uploads": 1,
        "upload_bytes": LARGE,
        "stored_bytes": 3 * LARGE + PART + len("smalltail"),
    }
    assert "scrubbed" in admin(store, "usage").stdout
    assert "there is no bucket x" in admin(store, "usage", "x").stderr


@looks_at_files
def test_a_changed_byte_is_found_wherever_it_is(store: Daemon) -> None:
    flip_a_byte(store)
    findings = admin_json(store, "scrub", code=1)
    damaged = {each["key"] for each in findings["damaged"]}
    assert damaged <= {"large", "copy", "parts"}
    assert damaged
    done = admin(store, "scrub")
    assert done.returncode == 1
    assert " of the bytes is not " in done.stdout


@looks_at_files
def test_a_changed_byte_in_a_pack_is_found(packed: Daemon) -> None:
    assert admin_json(packed, "scrub")["damaged"] == []
    path = next(packed.objects_path.glob("packs/*"))
    with path.open("r+b") as file:
        file.seek(LARGE // 2)
        byte = file.read(1)
        file.seek(LARGE // 2)
        file.write(bytes([byte[0] ^ 1]))
    damaged = {each["key"] for each in admin_json(packed, "scrub", code=1)["damaged"]}
    assert damaged
    assert damaged <= {"large", "copy", "parts"}


@looks_at_files
@pytest.mark.parametrize("algorithm", ["CRC64NVME", "SHA256"])
def test_parts_are_compared_with_their_checksums(store: Daemon, algorithm: str) -> None:
    multipart(store, ChecksumAlgorithm=algorithm)
    assert admin_json(store, "scrub")["doubtful"] == []
    largest = max(files(store), key=lambda path: path.stat().st_size)
    with largest.open("r+b") as file:
        file.write(b"other bytes")
    findings = admin_json(store, "scrub", code=1)
    assert [each["key"] for each in findings["damaged"]] == ["made-of-parts"]


@looks_at_files
def test_missing_and_short_files_are_damage(store: Daemon) -> None:
    gone, short, *_ = files(store)
    gone.unlink()
    os.truncate(short, LARGE - 1)
    findings = admin_json(store, "scrub", code=1)
    assert len(findings["damaged"]) >= 2
    assert all("bytes are missing" in each["problem"] for each in findings["damaged"])


def files(store: Daemon) -> list[Any]:
    return [path for path in (store.objects_path / "blobs").rglob("*") if path.is_file()]


@looks_at_rows
def test_changed_bytes_in_the_database_are_found(store: Daemon) -> None:
    with closing(sqlite3.connect(store.database_path)) as database, database:
        small = "UPDATE blob SET content = CAST('Small' AS BLOB) WHERE size_bytes = 5"
        assert database.execute(small).rowcount == 1
    findings = admin_json(store, "scrub", code=1)
    assert [each["key"] for each in findings["damaged"]] == ["small"]


@looks_at_files
def test_a_damaged_page_of_the_database_is_reported_and_the_rest_is_read(store: Daemon) -> None:
    store.stop()
    damage_page_with(store.database_path, b"large")
    findings = admin_json(store, "scrub", code=1)
    assert [each["kind"] for each in findings["gaps"]] == ["object"]
    assert (findings["checked"], findings["damaged"]) == (3, [])  # two versions and a part
    done = admin(store, "scrub")
    assert done.returncode == 1
    assert "not readable: objects of scrubbed behind ''" in done.stdout


def test_an_interrupted_scrub_goes_on_where_it_was(store: Daemon) -> None:
    state = store.database_path.with_name("metadata.db-scrub")
    scrub = admin_process(store, "scrub", "--rate", "0.25")
    wait_for(lambda: state.exists(), scrub)
    scrub.send_signal(signal.SIGINT)
    assert scrub.wait(60) == 130
    begun = json.loads(state.read_text())
    assert 0 < begun["checked"] < 6
    assert admin_json(store, "scrub", "--resume")["checked"] == 6
    assert not state.exists()
    state.write_text("{}garbage")
    done = admin(store, "scrub", "--resume")
    assert (done.returncode, "scrub without --resume" in done.stderr) == (2, True)


def wait_for(is_so: Any, process: subprocess.Popen[str]) -> None:
    while not is_so():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
