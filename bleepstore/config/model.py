"""The configuration as the program sees it, and what follows from it."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

from attrs import field, frozen

from ..values import Credential
from .auth import (
    DEFAULT_ACCESS_KEY,
    DEFAULT_SECRET_KEY,
    FIRST_OWNER_ID,
    AuthSection,
    UserSection,
)
from .metadata import MetadataSection
from .observability import LoggingSection, ObservabilitySection
from .server import ServerSection
from .settings import section
from .storage import StorageSection


@frozen
class Config:
    """The whole configuration. ``Config()`` is what runs when nothing is configured."""

    server: ServerSection = field(
        factory=ServerSection,
        metadata=section(ServerSection, "Where to listen, and limits on connections."),
    )
    auth: AuthSection = field(
        factory=AuthSection, metadata=section(AuthSection, "Who may use the store.")
    )
    metadata: MetadataSection = field(
        factory=MetadataSection,
        metadata=section(MetadataSection, "Where it is recorded what exists."),
    )
    storage: StorageSection = field(
        factory=StorageSection, metadata=section(StorageSection, "Where the bytes of objects are.")
    )
    logging: LoggingSection = field(
        factory=LoggingSection,
        metadata=section(LoggingSection, "What is logged, and how it looks."),
    )
    observability: ObservabilitySection = field(
        factory=ObservabilitySection,
        metadata=section(ObservabilitySection, "Pages for operators."),
    )

    @property
    def users(self) -> tuple[UserSection, ...]:
        """The configured users, that of ``auth.access_key`` first."""
        auth = self.auth
        if auth.access_key is None or auth.secret_key is None:
            return auth.users
        first = UserSection(auth.access_key, auth.secret_key, owner_id=FIRST_OWNER_ID)
        return (first, *auth.users)

    @property
    def uses_default_credentials(self) -> bool:
        """Whether no credentials are configured, so that the well-known ones are in use."""
        return not self.users

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """The credentials to seed: the configured ones, or else the well-known default."""
        users = self.users or (UserSection(DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY),)
        return tuple(user.credential for user in users)

    @property
    def listen_host(self) -> str:
        """The address to listen on: loopback unless credentials are configured."""
        if self.server.host is not None:
            return self.server.host
        return "127.0.0.1" if self.uses_default_credentials else "0.0.0.0"  # noqa: S104 - keys are set

    @property
    def is_for_one_process(self) -> bool:
        """Whether the data is where no other process can see it."""
        backend: str = self.storage.backend
        return backend == "memory"

    @property
    def places(self) -> dict[str, Path]:
        """Where data is on this machine: the setting that says so, and the path. The database is last."""
        storage = self.storage
        if storage.backend == "memory":
            path = storage.snapshot_path
            return {} if path is None else {"storage.memory.snapshot_path": path}
        objects = {"storage.local.root_dir": storage.local.root_dir}
        database = {"metadata.sqlite.path": self.metadata.sqlite.path}
        return objects | database if storage.backend == "local" else database

    @property
    def worker_count(self) -> int:
        """The number of processes that serve requests."""
        if self.server.workers != "auto":
            return self.server.workers
        return 1 if self.is_for_one_process else len(os.sched_getaffinity(0))


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
