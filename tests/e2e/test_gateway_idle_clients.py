"""Clients of a gateway that ask for objects and take none of them: they do not keep it from others."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients import boto3_client, refused, signed_headers
from tests.e2e.daemon import Daemon
from tests.upstreams import s3 as upstreams

MIB = 1024 * 1024
CONNECTIONS = 2
STALL_SECONDS = 3


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Daemon]:
    service = upstreams.running()
    storage = {
        "backend": "aws",
        "aws": service.settings(service.new_bucket()),
        "upstream": {"connections": CONNECTIONS, "silence_timeout_seconds": 1},
    }
    server = {"workers": 1, "response_stall_seconds": STALL_SECONDS}
    daemon = Daemon(tmp_path / "gateway", {"server": server, "storage": storage})
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.kill()


def ask_and_stop_reading(gateway: Daemon, target: str) -> socket.socket:
    """A client whose answer has begun to arrive."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", gateway.port))
    headers = signed_headers(gateway, "GET", target).items()
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    client.sendall("\r\n".join([*lines, "", ""]).encode())
    assert client.recv(12) == b"HTTP/1.1 200"
    return client


def test_clients_that_take_nothing_give_their_upstream_connections_back(gateway: Daemon) -> None:
    client: Any = boto3_client(gateway)
    client.create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    client.put_object(Bucket="bucket", Key="large", Body=os.urandom(40 * MIB))
    client.put_object(Bucket="bucket", Key="small", Body=b"x")
    with ExitStack() as idle:
        for _ in range(CONNECTIONS):
            idle.enter_context(ask_and_stop_reading(gateway, "/bucket/large"))
        with refused("SlowDown", 503):
            client.get_object(Bucket="bucket", Key="small")
        wait_until_read(client)


def wait_until_read(client: Any) -> None:
    """Busy until the idle clients are cut; each attempt waits for a second by itself."""
    for _ in range(10 * STALL_SECONDS):
        try:
            assert client.get_object(Bucket="bucket", Key="small")["Body"].read() == b"x"
        except client.exceptions.ClientError:
            continue
        return
    pytest.fail("the upstream's connections are still in use")
