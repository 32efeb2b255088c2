"""Upstreams that speak S3's protocol: a second BleepStore, which verifies our signatures, and moto.

Where moto (5.2) deviates from Amazon S3, and which tests are told so:

- it verifies no signatures, digests or tokens;
- it does not look at the conditions of copies, ``x-amz-copy-source-if-match``.
"""

from __future__ import annotations

import functools
import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from attrs import define, field
from botocore.config import Config
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.upstreams.lasting import lasting

REGION = "eu-central-1"


class Upstream(ABC):
    """A running service with buckets of its own for each test."""

    access_key: str
    secret_key: str

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it is."""

    def client(self) -> Any:
        """Amazon's own SDK, to look at what we stored."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )

    def new_bucket(self) -> str:
        """The name of a bucket that nobody else uses."""
        name = f"upstream-{uuid4().hex}"
        self.client().create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        return name

    def settings(self, bucket: str) -> dict[str, str]:
        """``storage.aws`` of a gateway to a bucket."""
        return {
            "bucket": bucket,
            "region": REGION,
            "prefix": "store/",
            "endpoint_url": self.url,
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
        }


@define
class Moto(Upstream):
    """Amazon S3 as far as moto knows it, in a thread of this process."""

    access_key: str = "testing"
    secret_key: str = "testing"
    _server: ThreadedMotoServer = field(
        factory=lambda: ThreadedMotoServer("127.0.0.1", port=0, verbose=False), init=False
    )

    @property
    def url(self) -> str:
        host, port = self._server.get_host_and_port()
        return f"http://{host}:{port}"

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


@define
class SecondStore(Upstream):
    """BleepStore itself, in a process of its own, on its local backend."""

    access_key: str = ""
    secret_key: str = ""
    _folder: Path = field(factory=lambda: Path(tempfile.mkdtemp(prefix="upstream-")), init=False)
    _daemon: Any = field(init=False)

    @property
    def url(self) -> str:
        endpoint: str = self._daemon.endpoint
        return endpoint

    def start(self) -> None:
        from tests.e2e.daemon import ALICE, Daemon  # which asks this module for upstreams

        self.access_key, self.secret_key = ALICE.access_key, ALICE.secret_key
        self._daemon = Daemon(self._folder, {"storage": {"backend": "local"}})
        self._daemon.start()

    def stop(self) -> None:
        if self._daemon.is_running:
            self._daemon.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


@functools.cache
def moto() -> Moto:
    """The one moto of this test run; it ends with it."""
    return lasting(Moto())


@functools.cache
def running() -> SecondStore:
    """The one second BleepStore of this test run; it ends with it."""
    return lasting(SecondStore())
