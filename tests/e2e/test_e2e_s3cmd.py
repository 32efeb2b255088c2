"""s3cmd, which has an S3 implementation of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients import ask
from tests.e2e.daemon import ALICE, REGION, Daemon
from tests.e2e.programs import Program, find, read_tree, write_tree

MIB = 1024 * 1024


@pytest.fixture
def s3cmd(daemon: Daemon, tmp_path: Path) -> Program:
    host = f"127.0.0.1:{daemon.port}"
    lines = (
        "[default]",
        f"access_key = {ALICE.access_key}",
        f"secret_key = {ALICE.secret_key}",
        f"bucket_location = {REGION}",
        f"host_base = {host}",
        f"host_bucket = {host}",
        "use_https = False",
        "max_retries = 1",
    )
    configuration = tmp_path / "s3cfg"
    configuration.write_text("\n".join(lines))
    return Program((find("s3cmd"), "--config", str(configuration), "--no-progress"), tmp_path, {})


def test_objects_are_put_shown_got_and_deleted(s3cmd: Program, tmp_path: Path) -> None:
    data = os.urandom(100_000)
    (tmp_path / "file").write_bytes(data)
    s3cmd("mb", "s3://s3cmd-bucket")
    assert "s3://s3cmd-bucket" in s3cmd("ls")
    s3cmd("put", "file", "s3://s3cmd-bucket/a b/é+.bin", "--mime-type", "text/x-noise")
    assert "s3://s3cmd-bucket/a b/é+.bin" in s3cmd("ls", "s3://s3cmd-bucket/a b/")
    info = s3cmd("info", "s3://s3cmd-bucket/a b/é+.bin")
    assert "MIME type: text/x-noise" in info
    assert "File size: 100000" in info
    s3cmd("get", "s3://s3cmd-bucket/a b/é+.bin", "back")
    assert (tmp_path / "back").read_bytes() == data
    assert "100000" in s3cmd("du", "s3://s3cmd-bucket")
    s3cmd("del", "s3://s3cmd-bucket/a b/é+.bin")
    assert s3cmd("ls", "--recursive", "s3://s3cmd-bucket") == ""
    s3cmd("rb", "s3://s3cmd-bucket")


def test_large_files_go_in_parts(s3cmd: Program, bucket: str, tmp_path: Path) -> None:
    data = os.urandom(12 * MIB + 5)
    (tmp_path / "large").write_bytes(data)
    s3cmd("put", "--multipart-chunk-size-mb=5", "large", f"s3://{bucket}/large")
    s3cmd("get", f"s3://{bucket}/large", "back")
    assert (tmp_path / "back").read_bytes() == data
    assert s3cmd("multipart", f"s3://{bucket}").count("large") == 0


def test_objects_are_copied_moved_and_changed_in_place(
    s3cmd: Program, bucket: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"content")
    s3cmd("put", "file", f"s3://{bucket}/one")
    s3cmd("cp", f"s3://{bucket}/one", f"s3://{bucket}/two")
    s3cmd("mv", f"s3://{bucket}/one", f"s3://{bucket}/three")
    s3cmd("modify", "--add-header", "x-amz-meta-color:red", f"s3://{bucket}/two")
    assert "x-amz-meta-color: red" in s3cmd("info", f"s3://{bucket}/two")
    listed = s3cmd("ls", f"s3://{bucket}")
    assert [line.rpartition("/")[2] for line in listed.splitlines()] == ["three", "two"]


def test_a_tree_is_synchronized_both_ways(s3cmd: Program, bucket: str, tmp_path: Path) -> None:
    tree = {f"d{n % 2}/file {n}": os.urandom(n * 999) for n in range(6)}
    write_tree(tmp_path / "there", tree)
    s3cmd("sync", "there/", f"s3://{bucket}/tree/")
    (tmp_path / "there/d0/file 0").unlink()
    s3cmd("sync", "--delete-removed", "there/", f"s3://{bucket}/tree/")
    s3cmd("sync", f"s3://{bucket}/tree/", "back/")
    assert read_tree(tmp_path / "back") == {k: v for k, v in tree.items() if k != "d0/file 0"}
    s3cmd("del", "--recursive", "--force", f"s3://{bucket}/tree/")
    assert s3cmd("ls", "--recursive", f"s3://{bucket}") == ""


def test_buckets_have_versions_and_tags(s3cmd: Program, bucket: str, tmp_path: Path) -> None:
    s3cmd("setversioning", f"s3://{bucket}", "enable")
    (tmp_path / "file").write_bytes(b"content")
    s3cmd("put", "file", f"s3://{bucket}/k")
    s3cmd("settagging", f"s3://{bucket}/k", "color=red&size=large")
    assert "red" in s3cmd("gettagging", f"s3://{bucket}/k")
    assert "Enabled" in s3cmd("info", f"s3://{bucket}")


def test_lists_of_access_are_set_and_shown(
    s3cmd: Program, daemon: Daemon, s3: Any, bucket: str, tmp_path: Path
) -> None:
    rule = {"ObjectOwnership": "ObjectWriter"}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [rule]})
    (tmp_path / "file").write_bytes(b"content")
    s3cmd("put", "file", f"s3://{bucket}/k")
    assert ask(daemon, "GET", f"/{bucket}/k").status == 403
    s3cmd("setacl", "--acl-public", f"s3://{bucket}/k")
    assert "anon" in s3cmd("info", f"s3://{bucket}/k")
    assert ask(daemon, "GET", f"/{bucket}/k").body == b"content"
    s3cmd("setacl", "--acl-private", f"s3://{bucket}/k")
    assert ask(daemon, "GET", f"/{bucket}/k").status == 403
