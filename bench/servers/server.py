"""A store under measurement: how to start it, whom it knows, and what it uses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
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

    pid: int
    cpu_seconds: float
    memory_bytes: int


class Server(ABC):
    """One store.

    Attributes:
        name: in the report.
        syncs: what it syncs before it answers, in words for the report.
        version: of its program; empty if it is not known.
        has_buckets: False for a server of files, which can only be read.
    """

    name: str
    syncs: str
    version = ""
    has_buckets = True

    @property
    @abstractmethod
    def account(self) -> Account:
        """Good while the store runs."""

    @abstractmethod
    def start(self) -> None:
        """Start and wait until it answers. Where this fails, :meth:`stop` cleans up."""

    @abstractmethod
    def stop(self) -> None:
        """Stop, if it runs; what it has stored stays."""

    @property
    @abstractmethod
    def pid(self) -> int | None:
        """Of the process above all others; None for one that does not run, or is not ours to know."""

    def usage(self) -> Usage | None:
        """What the whole tree of processes has used so far; None if nobody knows."""
        try:
            root = psutil.Process(self.pid) if self.pid is not None else None
            return _sum(root, root.children(recursive=True)) if root is not None else None
        except (psutil.Error, OSError):  # it has just ended
            return None


def _sum(root: psutil.Process, others: Sequence[psutil.Process]) -> Usage:
    cpu_seconds, memory_bytes = 0.0, 0
    for process in (root, *others):
        times = process.cpu_times()
        cpu_seconds += times.user + times.system
        # Shared pages are counted once between all that share them.
        memory_bytes += process.memory_full_info().pss
    return Usage(root.pid, cpu_seconds, memory_bytes)
