"""Starting and stopping, as an operator does it."""

from __future__ import annotations

import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.clients import ask, boto3_client, refused
from tests.e2e.daemon import BACKEND, BOB, REGION, Daemon, User, spawn
from tests.e2e.transfers import begin_upload, is_cut
from tests.e2e.waiting import PATIENCE_SECONDS, wait_for

_HERE = {"LocationConstraint": REGION}


def _run_to_the_end(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a daemon that is expected to give up."""
    output = folder / "output"
    with output.open("wb") as file:
        code = spawn(folder, file, *arguments).wait(PATIENCE_SECONDS)
    return code, output.read_text()


def test_without_a_configuration_it_runs_on_loopback_and_says_how(tmp_path: Path) -> None:
    bare = Daemon(tmp_path, has_configuration=False)
    bare.start()
    try:
        assert "WARN  no credentials are configured" in bare.log
        client = boto3_client(bare, User("bleepstore", "bleepstore-secret", ""), region="us-east-1")
        client.create_bucket(Bucket="first")
        client.put_object(Bucket="first", Key="k", Body=b"x")
        assert (tmp_path / "data" / "metadata.db").exists()
        assert (tmp_path / "data" / "objects").is_dir()
    finally:
        bare.stop()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("server: {port: nine}", "server.port"),
        ("server: {prot: 9000}", "server.prot"),
        ("storage: {backend: shelf}", "storage.backend"),
        ("auth: {users: [{access_key: a}]}", "auth.users"),
        ("server: [", "bleepstore.yaml"),
    ],
)
def test_a_wrong_configuration_ends_it_in_one_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    config = tmp_path / "bleepstore.yaml"
    config.write_text(text)
    code, output = _run_to_the_end(tmp_path, "--config", str(config))
    assert code == 1
    (line,) = output.splitlines()
    assert str(config) in line
    assert complaint in line


def test_a_port_that_is_taken_ends_it(daemon: Daemon, tmp_path: Path) -> None:
    code, output = _run_to_the_end(tmp_path, "--port", str(daemon.port))
    assert code == 1
    assert "server.port" in output
    assert "Traceback" not in output


def test_everything_is_there_after_a_restart(own_daemon: Daemon) -> None:
    own_daemon.start()
    s3 = boto3_client(own_daemon)
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration=_HERE)
    sizes = {"small": 1000, "large": 300_000}
    for key, size in sizes.items():
        s3.put_object(Bucket="kept", Key=key, Body=bytes(size), Metadata={"a": "b"})
    own_daemon.stop()
    own_daemon.start()
    for key, size in sizes.items():
        got = s3.get_object(Bucket="kept", Key=key)
        assert got["Body"].read() == bytes(size)
        assert got["Metadata"] == {"a": "b"}


def test_a_user_that_leaves_the_configuration_loses_access(own_daemon: Daemon) -> None:
    own_daemon.start()
    bob = boto3_client(own_daemon, BOB)
    bob.create_bucket(Bucket="bobs", CreateBucketConfiguration=_HERE)
    own_daemon.stop()
    own_daemon.settings = {"auth": {"users": [{"access_key": "other", "secret_key": "secret"}]}}
    own_daemon.start()
    with refused("InvalidAccessKeyId", 403):
        bob.list_buckets()
    assert boto3_client(own_daemon, User("other", "secret", "")).list_buckets()["Buckets"] == []


def test_requests_in_flight_may_finish(own_daemon: Daemon) -> None:
    own_daemon.start()
    s3 = boto3_client(own_daemon)
    s3.create_bucket(Bucket="stopping", CreateBucketConfiguration=_HERE)
    with begin_upload(own_daemon, "/stopping/k") as upload:
        stopping = threading.Thread(target=own_daemon.stop)
        stopping.start()
        wait_for(own_daemon.refuses_connections, "the refusal of connections")
        upload.sendall(bytes(50_000))
        answer = upload.recv(1000)
    stopping.join()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer.lower()
    own_daemon.start()
    assert s3.head_object(Bucket="stopping", Key="k")["ContentLength"] == 100_000


def test_requests_that_do_not_finish_are_cut(own_daemon: Daemon) -> None:
    own_daemon.settings = {"server": {"shutdown_timeout": 0.5}}
    own_daemon.start()
    s3 = boto3_client(own_daemon)
    s3.create_bucket(Bucket="stopping", CreateBucketConfiguration=_HERE)
    with begin_upload(own_daemon, "/stopping/k") as upload:
        own_daemon.stop()
        assert is_cut(upload)
    own_daemon.start()
    if BACKEND == "local":
        for folder in ("incoming", "arriving-packs"):
            files = (own_daemon.objects_path / folder).glob("*/*")
            assert {file.name for file in files} == {"lock"}
    with refused("404"):
        s3.head_object(Bucket="stopping", Key="k")


def test_idle_connections_do_not_hold_it_up(own_daemon: Daemon) -> None:
    own_daemon.settings = {"server": {"shutdown_timeout": 24 * 3600}}
    own_daemon.start()
    with socket.create_connection(("127.0.0.1", own_daemon.port)):
        assert ask(own_daemon, "GET", "/healthz").status == 200
        own_daemon.stop()


def test_a_store_of_a_newer_version_is_left_alone(own_daemon: Daemon) -> None:
    own_daemon.start()
    own_daemon.stop()
    with closing(sqlite3.connect(own_daemon.database_path)) as database:
        database.execute("INSERT INTO schema_version (version) VALUES (9999)")
        database.commit()
    own_daemon.launch()
    assert own_daemon.wait() == 1
    assert str(own_daemon.database_path) in own_daemon.log
    assert "Traceback" not in own_daemon.log
