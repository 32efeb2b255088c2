"""A store under measurement: how to start it, whom it knows, and what it uses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from urllib.parse import urlsplit

import psutil
from attrs import frozen

from bleepstore.auth.signer import Signer
from bleepstore.clock import Clock

_EXPIRES_SECONDS = 24 * 3600


@frozen
class Account:
    """Who asks, and how the store is reached."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint).netloc

    def presign(self, method: str, target: str) -> str:
        """The target with a signature in its query, good for a day."""
        signed = self.signer.presign(
            method, target.encode(), {"host": self.host}, _EXPIRES_SECONDS, Clock().now_ms()
        )
        return signed.decode("ascii")

    @property
    def signer(self) -> Signer:
        return Signer(self.access_key, self.secret_key, self.region)


@frozen
class Usage:
    """What a store's processes have used: seconds of processors, and bytes of memory now."""

    cpu_seconds: float
    memory_bytes: int


class Server(ABC):
    """One store.

    Attributes:
        name: in the report.
        syncs: whether an answered write is on the disk, in words for the report.
        has_buckets: False for a server of files, which can only be read.
    """

    name: str
    syncs: str
    has_buckets = True

    @property
    @abstractmethod
    def account(self) -> Account:
        """Good while the store runs."""

    @abstractmethod
    def start(self) -> None:
        """Start and wait until it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Stop; what it has stored stays."""

    @property
    @abstractmethod
    def pid(self) -> int | None:
        """Of the process above all others; None for a store on another machine."""

    def usage(self) -> Usage | None:
        """What the whole tree of processes has used so far."""
        if self.pid is None:
            return None
        root = psutil.Process(self.pid)
        return _sum([root, *root.children(recursive=True)])


def _sum(processes: list[psutil.Process]) -> Usage:
    cpu_seconds, memory_bytes = 0.0, 0
    for process in processes:
        times = process.cpu_times()
        cpu_seconds += times.user + times.system
        # Shared pages are counted once between all that share them.
        memory_bytes += process.memory_full_info().pss
    return Usage(cpu_seconds, memory_bytes)
