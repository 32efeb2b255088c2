"""The daemon through aws-cli."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.e2e.daemon import ALICE, REGION, Daemon

_AWS = str(Path(sys.executable).with_name("aws"))
_PATIENCE_SECONDS = 60

Aws = Callable[..., str]


@pytest.fixture(scope="module")
def environment(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What aws-cli needs to know, and nothing of who runs the tests."""
    home = tmp_path_factory.mktemp("home")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": ALICE.access_key,
        "AWS_SECRET_ACCESS_KEY": ALICE.secret_key,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": daemon.endpoint,
        "AWS_MAX_ATTEMPTS": "1",
    }


@pytest.fixture
def aws(environment: dict[str, str], tmp_path: Path) -> Aws:
    """Runs aws-cli in a folder of the test's own; answers what it prints."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [_AWS, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"aws {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    return run


def test_a_bucket_is_made_shown_and_removed(aws: Aws) -> None:
    assert aws("s3", "mb", "s3://cli-bucket") == "make_bucket: cli-bucket\n"
    assert "cli-bucket" in aws("s3", "ls")
    assert aws("s3", "rb", "s3://cli-bucket") == "remove_bucket: cli-bucket\n"
    assert "cli-bucket" not in aws("s3", "ls")


def test_files_are_copied_listed_and_removed(aws: Aws, bucket: str, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "file.bin").write_bytes(data)
    aws("s3", "cp", "file.bin", f"s3://{bucket}/a folder/file.bin")
    assert "3000000 file.bin" in aws("s3", "ls", f"s3://{bucket}/a folder/")
    assert "PRE a folder/" in aws("s3", "ls", f"s3://{bucket}")
    aws("s3", "cp", f"s3://{bucket}/a folder/file.bin", "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == data
    aws("s3", "rm", f"s3://{bucket}/a folder/file.bin")
    assert aws("s3api", "list-objects-v2", "--bucket", bucket, "--query", "Contents") == "null\n"


def test_an_object_is_copied_to_standard_output(aws: Aws, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="text", Body=b"from afar\n")
    assert aws("s3", "cp", f"s3://{bucket}/text", "-") == "from afar\n"


def test_a_file_is_moved_up(aws: Aws, s3: Any, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "mover").write_bytes(b"moving")
    aws("s3", "mv", "mover", f"s3://{bucket}/moved")
    assert not (tmp_path / "mover").exists()
    assert s3.get_object(Bucket=bucket, Key="moved")["Body"].read() == b"moving"


def test_a_tree_is_synchronized_both_ways(aws: Aws, bucket: str, tmp_path: Path) -> None:
    tree = {f"d{n % 3}/sub/f ile+{n}.txt": os.urandom(n * 997 + 1) for n in range(20)}
    _write_tree(tmp_path / "there", tree)
    assert aws("s3", "sync", "there", f"s3://{bucket}/tree").count("upload: ") == 20
    assert aws("s3", "sync", "there", f"s3://{bucket}/tree") == ""
    aws("s3", "sync", f"s3://{bucket}/tree", "back")
    assert _read_tree(tmp_path / "back") == tree
    (tmp_path / "there" / "d0/sub/f ile+0.txt").unlink()
    assert "delete: " in aws("s3", "sync", "there", f"s3://{bucket}/tree", "--delete")
    listed = json.loads(aws("s3api", "list-objects-v2", "--bucket", bucket, "--prefix", "tree/"))
    assert len(listed["Contents"]) == 19


def test_empty_files_are_synchronized_too(aws: Aws, s3: Any, bucket: str, tmp_path: Path) -> None:
    """aws-cli asks for ``100 Continue`` with empty bodies, too, and does wait for it.

    After any other answer on a connection that stays open it takes the status line of the next
    answer for a header, and hangs.
    """
    tree = {f"{n}.txt": b"" if n % 2 else b"x" for n in range(40)}
    _write_tree(tmp_path / "there", tree)
    aws("s3", "sync", "there", f"s3://{bucket}")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 40


def test_a_bucket_is_emptied(aws: Aws, s3: Any, bucket: str) -> None:
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=f"k/{number}", Body=b"")
    assert aws("s3", "rm", f"s3://{bucket}", "--recursive").count("delete: ") == 3
    aws("s3", "rb", f"s3://{bucket}")


def test_s3api_puts_heads_and_gets(aws: Aws, bucket: str, tmp_path: Path) -> None:
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
    aws: Aws, s3: Any, bucket: str, tmp_path: Path
) -> None:
    data = os.urandom(20 * 1024 * 1024 + 1)
    (tmp_path / "large").write_bytes(data)
    aws("s3", "cp", "large", f"s3://{bucket}/large")
    assert s3.head_object(Bucket=bucket, Key="large")["ETag"].endswith('-3"')
    aws("s3", "mv", f"s3://{bucket}/large", f"s3://{bucket}/moved/large")
    assert "large" not in [
        each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    ]
    aws("s3", "cp", f"s3://{bucket}/moved/large", "back")
    assert (tmp_path / "back").read_bytes() == data
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_presigned_urls_work(aws: Aws, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"shared")
    with urlopen(aws("s3", "presign", f"s3://{bucket}/k").strip()) as answer:
        assert answer.read() == b"shared"


def _write_tree(root: Path, tree: dict[str, bytes]) -> None:
    """Files of an hour ago: S3 knows whole seconds, so newer ones may seem to have changed."""
    an_hour_ago = time.time() - 3600
    for name, data in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (an_hour_ago, an_hour_ago))


def _read_tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
