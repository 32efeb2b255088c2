"""One daemon for all tests that do not need one of their own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients import boto3_client
from tests.e2e.daemon import BOB, Daemon

_numbers = count(1)


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A running daemon. At the end its log is searched: no request may have surprised it."""
    running = Daemon(tmp_path_factory.mktemp("daemon"))
    running.start()
    try:
        yield running
        running.stop()
        assert "Traceback" not in running.log
    finally:
        if running.is_running:
            running.kill()


@pytest.fixture
def own_daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that a test may start, stop and kill; not started yet."""
    own = Daemon(tmp_path / "own")
    yield own
    if own.is_running:
        own.kill()


@pytest.fixture(scope="session")
def s3(daemon: Daemon) -> Any:
    """Alice's boto3 client."""
    return boto3_client(daemon)


@pytest.fixture(scope="session")
def bobs_s3(daemon: Daemon) -> Any:
    """Bob's boto3 client."""
    return boto3_client(daemon, BOB)


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket of Alice's that only this test uses."""
    name = f"bucket-{next(_numbers)}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return name
