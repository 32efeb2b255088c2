"""The daemon through aws-cli."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.e2e.daemon import ALICE, REGION, Daemon
from tests.e2e.programs import Program, find, read_tree, write_tree


@pytest.fixture
def aws(daemon: Daemon, tmp_path: Path) -> Program:
    environment = {
        "AWS_ACCESS_KEY_ID": ALICE.access_key,
        "AWS_SECRET_ACCESS_KEY": ALICE.secret_key,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": daemon.endpoint,
        "AWS_MAX_ATTEMPTS": "1",
    }
    return Program((find("aws"),), tmp_path, environment)


def test_a_bucket_is_made_shown_and_removed(aws: Program) -> None:
    assert aws("s3", "mb", "s3://cli-bucket") == "make_bucket: cli-bucket\n"
    assert "cli-bucket" in aws("s3", "ls")
    assert aws("s3", "rb", "s3://cli-bucket") == "remove_bucket: cli-bucket\n"
    assert "cli-bucket" not in aws("s3", "ls")


def test_files_are_copied_listed_and_removed(aws: Program, bucket: str, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "file.bin").write_bytes(data)
    aws("s3", "cp", "file.bin", f"s3://{bucket}/a folder/file.bin")
    assert "3000000 file.bin" in aws("s3", "ls", f"s3://{bucket}/a folder/")
    assert "PRE a folder/" in aws("s3", "ls", f"s3://{bucket}")
    aws("s3", "cp", f"s3://{bucket}/a folder/file.bin", "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == data
    aws("s3", "rm", f"s3://{bucket}/a folder/file.bin")
    assert aws("s3api", "list-objects-v2", "--bucket", bucket, "--query", "Contents") == "null\n"


def test_an_object_is_copied_to_standard_output(aws: Program, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="text", Body=b"from afar\n")
    assert aws("s3", "cp", f"s3://{bucket}/text", "-") == "from afar\n"


def test_a_file_is_moved_up(aws: Program, s3: Any, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "mover").write_bytes(b"moving")
    aws("s3", "mv", "mover", f"s3://{bucket}/moved")
    assert not (tmp_path / "mover").exists()
    assert s3.get_object(Bucket=bucket, Key="moved")["Body"].read() == b"moving"


def test_a_tree_is_synchronized_both_ways(aws: Program, bucket: str, tmp_path: Path) -> None:
    tree = {f"d{n % 3}/sub/f ile+{n}.txt": os.urandom(n * 997 + 1) for n in range(20)}
    write_tree(tmp_path / "there", tree)
    assert aws("s3", "sync", "there", f"s3://{bucket}/tree").count("upload: ") == 20
    assert aws("s3", "sync", "there", f"s3://{bucket}/tree") == ""
    aws("s3", "sync", f"s3://{bucket}/tree", "back")
    assert read_tree(tmp_path / "back") == tree
    (tmp_path / "there" / "d0/sub/f ile+0.txt").unlink()
    assert "delete: " in aws("s3", "sync", "there", f"s3://{bucket}/tree", "--delete")
    listed = json.loads(aws("s3api", "list-objects-v2", "--bucket", bucket, "--prefix", "tree/"))
    assert len(listed["Contents"]) == 19


def test_empty_files_are_synchronized_too(
    aws: Program, s3: Any, bucket: str, tmp_path: Path
) -> None:
    """aws-cli asks for ``100 Continue`` with empty bodies, too, and does wait for it.

    After any other answer on a connection that stays open it takes the status line of the next
    answer for a header, and hangs.
    """
    tree = {f"{n}.txt": b"" if n % 2 else b"x" for n in range(40)}
    write_tree(tmp_path / "there", tree)
    aws("s3", "sync", "there", f"s3://{bucket}")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 40


def test_a_bucket_is_emptied(aws: Program, s3: Any, bucket: str) -> None:
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=f"k/{number}", Body=b"")
    assert aws("s3", "rm", f"s3://{bucket}", "--recursive").count("delete: ") == 3
    aws("s3", "rb", f"s3://{bucket}")


def test_s3api_puts_heads_and_gets(aws: Program, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"0123456789")
    where = ("--bucket", bucket, "--key", "k")
    said = ("--content-type", "text/x-digits", "--metadata", "base=ten")
    put = json.loads(aws("s3api", "put-object", *where, "--body", "body", *said))
    head = json.loads(aws("s3api", "head-object", *where))
    assert head["ETag"] == put["ETag"]
    assert head["ContentType"] == "text/x-digits"
    assert head["Metadata"] == {"base": "ten"}
    got = json.loads(aws("s3api", "get-object", *where, "--range", "bytes=2-4", "part"))
    assert got["ContentRange"] == "bytes 2-4/10"
    assert (tmp_path / "part").read_bytes() == b"234"


def test_a_large_file_travels_and_moves_in_parts(
    aws: Program, s3: Any, bucket: str, tmp_path: Path
) -> None:
    data = os.urandom(64 * 1024 * 1024)
    (tmp_path / "large").write_bytes(data)
    aws("s3", "cp", "large", f"s3://{bucket}/large")
    assert s3.head_object(Bucket=bucket, Key="large")["ETag"].endswith('-8"')
    aws("s3", "mv", f"s3://{bucket}/large", f"s3://{bucket}/moved/large")
    assert "large" not in [
        each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    ]
    aws("s3", "cp", f"s3://{bucket}/moved/large", "back")
    assert (tmp_path / "back").read_bytes() == data
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_presigned_urls_work(aws: Program, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"shared")
    with urlopen(aws("s3", "presign", f"s3://{bucket}/k").strip()) as answer:
        assert answer.read() == b"shared"


def test_s3api_shows_and_restores_versions(aws: Program, bucket: str, tmp_path: Path) -> None:
    where, key = ("--bucket", bucket), ("--key", "k")
    aws("s3api", "put-bucket-versioning", *where, "--versioning-configuration", "Status=Enabled")
    for content in (b"first", b"second"):
        (tmp_path / "body").write_bytes(content)
        aws("s3api", "put-object", *where, *key, "--body", "body")
    aws("s3", "rm", f"s3://{bucket}/k")
    listed = json.loads(aws("s3api", "list-object-versions", *where))
    assert [each["IsLatest"] for each in listed["Versions"]] == [False, False]
    (marker,) = listed["DeleteMarkers"]
    assert marker["IsLatest"] is True
    aws("s3api", "delete-object", *where, *key, "--version-id", marker["VersionId"])
    oldest = listed["Versions"][1]["VersionId"]
    aws("s3api", "get-object", *where, *key, "--version-id", oldest, "old")
    assert (tmp_path / "old").read_bytes() == b"first"
    source = f"{bucket}/k?versionId={oldest}"
    aws("s3api", "copy-object", *where, *key, "--copy-source", source)
    assert aws("s3", "cp", f"s3://{bucket}/k", "-") == "first"


def test_s3api_tags_and_deletes_many(aws: Program, s3: Any, bucket: str) -> None:
    where = ("--bucket", bucket)
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=f"k{number}", Body=b"")
    tagging = "TagSet=[{Key=color,Value=red}]"
    aws("s3api", "put-object-tagging", *where, "--key", "k0", "--tagging", tagging)
    got = json.loads(aws("s3api", "get-object-tagging", *where, "--key", "k0"))
    assert got["TagSet"] == [{"Key": "color", "Value": "red"}]
    these = "Objects=[{Key=k0},{Key=k1},{Key=none}]"
    deleted = json.loads(aws("s3api", "delete-objects", *where, "--delete", these))["Deleted"]
    assert [each["Key"] for each in deleted] == ["k0", "k1", "none"]
    assert aws("s3", "ls", f"s3://{bucket}").split()[-1] == "k2"
