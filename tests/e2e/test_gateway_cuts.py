"""Clients of a gateway that leave in the middle of their uploads: what that leaves behind."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.admin import assert_sound
from tests.e2e.clients import boto3_client, presigned
from tests.e2e.daemon import Daemon
from tests.e2e.waiting import wait_for
from tests.upstreams import s3 as upstreams

MIB = 1024 * 1024
ALLOWED_GROWTH_BYTES = 32 * MIB


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Daemon]:
    service = upstreams.running()
    settings = service.settings(service.new_bucket())
    daemon = Daemon(tmp_path / "gateway", {"storage": {"backend": "aws", "aws": settings}})
    daemon.start()
    yield daemon
    daemon.stop()
    assert_sound(daemon)


def cut(gateway: Daemon, sent_bytes: int) -> None:
    """Send so much of an upload, and leave."""
    target = presigned(gateway, "PUT", "/bucket/cut")
    head = (
        f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\n"
        f"Content-Length: {50 * MIB}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", gateway.port)) as client:
        client.sendall(head.encode() + bytes(sent_bytes))


def upstream_uploads(gateway: Daemon) -> list[Any]:
    """What was begun upstream and is neither finished nor aborted."""
    bucket = gateway.settings["storage"]["aws"]["bucket"]
    client = upstreams.running().client()
    return list(client.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def test_uploads_that_clients_leave_are_let_go_of(gateway: Daemon) -> None:
    client = boto3_client(gateway)
    client.create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    client.put_object(Bucket="bucket", Key="whole", Body=bytes(40 * MIB))
    before_bytes = gateway.memory_bytes
    for count in range(60):
        cut(gateway, (9 + count % 10) * MIB)
        client.list_objects_v2(Bucket="bucket")
    client.put_object(Bucket="bucket", Key="whole", Body=bytes(40 * MIB))
    # Some uploads are not over yet when the next is cut, so that only what stays is looked at.
    wait_for(
        lambda: gateway.memory_bytes - before_bytes < ALLOWED_GROWTH_BYTES, "the memory of uploads"
    )
    assert upstream_uploads(gateway) == []
    assert "Unhandled error" not in gateway.log
    assert "Traceback" not in gateway.log
