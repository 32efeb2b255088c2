"""rclone copies, synchronizes and compares trees."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.daemon import ALICE, REGION, Daemon
from tests.e2e.programs import Program, find, read_tree, write_tree

MIB = 1024 * 1024
TREE = {
    "plain.txt": b"plain",
    "empty": b"",
    "a b/c+d%.bin": bytes(range(256)) * 100,
    "a b/é/ü.txt": b"accents",
    "d/e/f/g": b"deep",
}


@pytest.fixture
def rclone(daemon: Daemon, tmp_path: Path) -> Program:
    environment = {
        "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
        "RCLONE_CONFIG_STORE_TYPE": "s3",
        "RCLONE_CONFIG_STORE_PROVIDER": "Other",
        "RCLONE_CONFIG_STORE_ACCESS_KEY_ID": ALICE.access_key,
        "RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY": ALICE.secret_key,
        "RCLONE_CONFIG_STORE_REGION": REGION,
        "RCLONE_CONFIG_STORE_ENDPOINT": daemon.endpoint,
        # Where nothing is said, rclone 1.60 says "private", which buckets without ACLs refuse,
        # on AWS as here. https://github.com/rclone/rclone/issues/5730
        "RCLONE_CONFIG_STORE_ACL": "bucket-owner-full-control",
    }
    (tmp_path / "rclone.conf").touch()
    write_tree(tmp_path / "tree", TREE)
    return Program((find("rclone"), "--retries", "1"), tmp_path, environment)


def test_a_tree_is_copied_there_and_back(rclone: Program, bucket: str, tmp_path: Path) -> None:
    rclone("copy", "tree", f"store:{bucket}/tree")
    rclone("check", "tree", f"store:{bucket}/tree", "--download")
    rclone("copy", f"store:{bucket}/tree", "back")
    assert read_tree(tmp_path / "back") == TREE
    listed = rclone("lsf", "--recursive", "--files-only", f"store:{bucket}/tree").splitlines()
    assert sorted(listed) == sorted(TREE)


def test_a_tree_is_synchronized(rclone: Program, bucket: str, tmp_path: Path) -> None:
    rclone("sync", "tree", f"store:{bucket}")
    (tmp_path / "tree/plain.txt").unlink()
    (tmp_path / "tree/new").write_bytes(b"new")
    rclone("sync", "tree", f"store:{bucket}")
    assert "0 differences found" in rclone.run("check", "tree", f"store:{bucket}").stderr
    assert "plain.txt" not in rclone("lsf", f"store:{bucket}")


def test_one_file_is_copied_within_the_store_and_deleted(rclone: Program, bucket: str) -> None:
    rclone("copyto", "tree/plain.txt", f"store:{bucket}/one")
    rclone("copyto", f"store:{bucket}/one", f"store:{bucket}/two")
    rclone("moveto", f"store:{bucket}/one", f"store:{bucket}/three")
    assert rclone("cat", f"store:{bucket}/three") == "plain"
    rclone("deletefile", f"store:{bucket}/two")
    assert rclone("lsf", f"store:{bucket}") == "three\n"
    rclone("purge", f"store:{bucket}")
    assert f"{bucket}/" not in rclone("lsf", "store:")


def test_large_files_go_in_parts(rclone: Program, s3: Any, bucket: str, tmp_path: Path) -> None:
    data = os.urandom(12 * MIB + 5)
    (tmp_path / "large").write_bytes(data)
    in_parts = ("--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M")
    rclone("copyto", "large", f"store:{bucket}/large", *in_parts)
    head = s3.head_object(Bucket=bucket, Key="large", PartNumber=1)
    assert (head["PartsCount"], head["ContentLength"]) == (3, 5 * MIB)
    rclone("copyto", f"store:{bucket}/large", f"store:{bucket}/copied", "--s3-copy-cutoff", "5M")
    rclone("copyto", f"store:{bucket}/copied", "back")
    assert (tmp_path / "back").read_bytes() == data
    assert "0 differences found" in rclone.run("check", "large", f"store:{bucket}").stderr
