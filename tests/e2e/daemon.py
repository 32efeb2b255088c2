"""The real daemon in a process of its own, as an operator runs it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs import define, field, frozen

from tests.e2e.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
# Which backend all of these tests run against: BLEEPSTORE_TEST_BACKEND=memory ./bleep test tests/e2e
BACKEND = os.environ.get("BLEEPSTORE_TEST_BACKEND", "local")
# What is upstream of a gateway: each of these modules has a running() emulator. That of aws is a
# second BleepStore, which is stricter than moto; it has the local backend.
_UPSTREAMS = {
    "aws": "tests.upstreams.s3",
    "azure": "tests.upstreams.azure",
    "gcp": "tests.upstreams.gcs",
}
# For tests that look at what the local backend has on the disk, or break it there.
looks_at_files = pytest.mark.skipif(BACKEND != "local", reason="it looks at files of objects")
# For tests that count, change or copy bytes in the database: those of a gateway are upstream, and
# each object that is shown there has its own.
looks_at_rows = pytest.mark.skipif(BACKEND in _UPSTREAMS, reason="it looks at bytes in rows")
is_gateway = pytest.mark.skipif(BACKEND not in _UPSTREAMS, reason="it needs a gateway")
# How many processes serve: BLEEPSTORE_TEST_WORKERS=2 ./bleep test tests/e2e
WORKERS = int(os.environ.get("BLEEPSTORE_TEST_WORKERS", "1"))
REGION = "eu-central-1"

_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
_POLL_SECONDS = 0.01


@frozen
class User:
    """Somebody whom the daemon's configuration names."""

    access_key: str
    secret_key: str
    owner_id: str


ALICE = User("AKIAALICE", "alice/secret+key", "a" * 64)
BOB = User("AKIABOB", "bob-secret", "b" * 64)


@define
class Daemon:
    """``twistd --nodaemon --pidfile= bleepstore`` with its data, configuration and log in a folder.

    Args:
        folder: where all of that is.
        settings: laid over the configuration that all these daemons have in common.
        has_configuration: False for a daemon that is given none, only a free port.
    """

    folder: Path
    settings: Mapping[str, Any] = field(factory=dict)
    has_configuration: bool = True
    port: int = field(default=0, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _log_start: int = field(default=0, init=False)
    _upstream: Mapping[str, Any] | None = field(default=None, init=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log_path(self) -> Path:
        return self.folder / "daemon.log"

    @property
    def configuration_path(self) -> Path:
        return self.folder / "bleepstore.yaml"

    @property
    def objects_path(self) -> Path:
        return self.folder / "objects"

    @property
    def database_path(self) -> Path:
        return self.folder / "metadata.db"

    @property
    def log(self) -> str:
        """What has been logged since the last start."""
        return self.log_path.read_bytes()[self._log_start :].decode()

    @property
    def peak_memory_bytes(self) -> int:
        """The most resident memory that the process has had."""
        return self._memory_bytes("VmHWM")

    @property
    def memory_bytes(self) -> int:
        """The resident memory that the process has now."""
        return self._memory_bytes("VmRSS")

    @property
    def cpu_seconds(self) -> float:
        """What the process has used of the processor so far, in user and system mode."""
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def start(self) -> None:
        """Start, on the port that it had before if it had one, and wait until it listens."""
        self.launch()
        self._wait_until(_LISTENING)

    def launch(self) -> None:
        """Start without waiting for anything."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = ["--port", str(self.port)]
        if self.has_configuration:
            options += ["--config", str(self.write_configuration())]
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            self._process = spawn(self.folder, log, *options)

    def stop(self) -> None:
        """End it with SIGTERM, in good order.

        Twisted ends, when all is done, by the very signal that asked for it.
        """
        assert self.signal(signal.SIGTERM) == -signal.SIGTERM
        assert self.log.endswith(" INFO  stopped\n")

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        self.signal(signal.SIGKILL)

    def hang_up(self) -> None:
        """Send SIGHUP, which it survives."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def signal(self, number: int) -> int:
        """Send a signal that ends it, and wait for the end."""
        assert self._process is not None
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        assert self._process is not None
        try:
            return self._process.wait(PATIENCE_SECONDS)
        finally:
            self._process.kill()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def refuses_connections(self) -> bool:
        """Whether nobody listens any more."""
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return True
        return False

    def _memory_bytes(self, field: str) -> int:
        """A field of proc_pid_status(5)."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"no {field}")

    def _wait_until(self, pattern: re.Pattern[str]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (match := pattern.search(self.log)) is None:
            if not self.is_running or time.monotonic() > deadline:
                if self.is_running:
                    self.kill()
                raise AssertionError(f"the daemon did not start:\n{self.log}")
            time.sleep(_POLL_SECONDS)
        self.port = int(match[1])

    def write_configuration(self) -> Path:
        """What it is started with; the path of the file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.configuration_path
        settings = _merged(self._common_settings(), self.settings)
        path.write_text(yaml.safe_dump(_merged(settings, self._gateway_settings(settings))))
        return path

    def _gateway_settings(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Those of a gateway to a bucket of this daemon's own, if it is one that names none."""
        backend = settings["storage"]["backend"]
        if backend not in _UPSTREAMS or backend in settings["storage"]:
            return {}
        if self._upstream is None:
            running = import_module(_UPSTREAMS[backend]).running()
            self._upstream = running.settings(running.new_bucket())
        return {"storage": {backend: self._upstream}}

    def _common_settings(self) -> dict[str, Any]:
        users = [
            {
                "access_key": user.access_key,
                "secret_key": user.secret_key,
                "owner_id": user.owner_id,
            }
            for user in (ALICE, BOB)
        ]
        return {
            "server": {
                "host": "127.0.0.1",
                "workers": WORKERS,
                "region": REGION,
                "domain": "localhost",
            },
            "auth": {"users": users},
            "metadata": {"sqlite": {"path": str(self.database_path)}},
            "storage": {
                "backend": BACKEND,
                "local": {"root_dir": str(self.objects_path)},
                "memory": {
                    "persistence": "snapshot",
                    "snapshot_path": str(self.database_path),
                    "snapshot_interval_seconds": 1,
                },
            },
        }


def spawn(folder: Path, log: Any, *arguments: str) -> subprocess.Popen[bytes]:
    """``twistd bleepstore`` with these options, in a folder, without anybody's environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BLEEPSTORE_")}
    environment["PYTHONPATH"] = str(ROOT)
    twistd = Path(sys.executable).with_name("twistd")
    command = [str(twistd), "--nodaemon", "--pidfile=", "bleepstore", *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
    )


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged
