"""``aws s3 sync`` of many small files, up and down, as people do it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from ..servers.program import find_program
from ..servers.server import Server
from .contest import Contest, Sample
from .requests import make_bucket

_FILE_BYTES = 4096
_PER_FOLDER = 100
_ALSO_GIVEN = ("AWS_CA_BUNDLE",)  # a peer's certificate may be its own


class Sync(Contest):
    """One way; the other side is empty before."""

    unit = "s"
    is_more_better = False

    def __init__(self, folder: Path, files: int, *, is_up: bool) -> None:
        self.name = f"aws s3 sync of {files:,} files, {'up' if is_up else 'down'}"
        self._is_up = is_up
        self._files = files
        self._source = folder / "files"  # not "sync": the stores of this race have their data there
        self._rounds = 0

    def prepare(self, server: Server) -> None:
        for number in range(self._files):
            path = self._source / f"{number // _PER_FOLDER:03}" / f"{number:05}"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(os.urandom(_FILE_BYTES))
        make_bucket(server, "/synced")
        if not self._is_up:
            _sync(server, str(self._source), "s3://synced/down/")

    def measure(self, server: Server) -> Sample:
        if self._is_up:
            self._rounds += 1
            return Sample(_sync(server, str(self._source), f"s3://synced/up-{self._rounds}/"))
        target = Path(tempfile.mkdtemp(dir=self._source.parent))
        try:
            return Sample(_sync(server, "s3://synced/down/", str(target)))
        finally:
            shutil.rmtree(target)


def _sync(server: Server, source: str, target: str) -> float:
    account = server.account
    aws = find_program("aws") or "aws"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "AWS_ACCESS_KEY_ID": account.access_key,
        "AWS_SECRET_ACCESS_KEY": account.secret_key,
        "AWS_DEFAULT_REGION": account.region,
        **{name: os.environ[name] for name in _ALSO_GIVEN if name in os.environ},
    }
    command = [
        aws,
        "s3",
        "sync",
        "--only-show-errors",
        "--endpoint-url",
        account.endpoint,
        source,
        target,
    ]
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True)
    return time.perf_counter() - began
