"""restic keeps a repository in a bucket: it writes, lists, reads, and deletes again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.daemon import ALICE, REGION, Daemon
from tests.e2e.programs import Program, find, read_tree, write_tree


@pytest.fixture
def restic(daemon: Daemon, bucket: str, tmp_path: Path) -> Program:
    environment = {
        "AWS_ACCESS_KEY_ID": ALICE.access_key,
        "AWS_SECRET_ACCESS_KEY": ALICE.secret_key,
        "AWS_DEFAULT_REGION": REGION,
        "RESTIC_REPOSITORY": f"s3:{daemon.endpoint}/{bucket}/backups",
        "RESTIC_PASSWORD": "a password",
    }
    return Program((find("restic"),), tmp_path, environment)


def test_a_backup_is_made_checked_restored_and_pruned(restic: Program, tmp_path: Path) -> None:
    tree = {f"d{n}/file {n}": os.urandom(n * 300_000) for n in range(8)}
    write_tree(tmp_path / "data", tree)
    restic("init")
    restic("backup", "data")
    (tmp_path / "data" / "d7/file 7").write_bytes(b"changed")
    restic("backup", "data")
    assert "no errors were found" in restic("check", "--read-data")
    restic("restore", "latest", "--target", "restored")
    assert read_tree(tmp_path / "restored/data") == {**tree, "d7/file 7": b"changed"}
    assert restic("snapshots").count("data") == 2
    restic("forget", "--keep-last", "1", "--prune")
    assert restic("snapshots").count("data") == 1
    assert "no errors were found" in restic("check", "--read-data")
