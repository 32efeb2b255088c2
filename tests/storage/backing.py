"""What tests build backends from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from twisted.internet import reactor

from bleepstore.auth.signer import Signer
from bleepstore.metadata.database import Database
from bleepstore.metadata.memory import MemoryEngine
from bleepstore.storage.extension import Means
from bleepstore.streams.threads import Threads


async def _no_content(locator: str) -> None:
    return None


def means(
    threads: Threads,
    folder: Path,
    read_content: Callable[[str], Awaitable[bytes | None]] = _no_content,
    database: Database | None = None,
) -> Means:
    """Means with a database in memory, not started, if none is given."""
    database = database or Database(MemoryEngine(reactor))
    return Means(
        reactor=reactor,
        threads=threads,
        database=database,
        read_content=read_content,
        is_durable=True,
        state_path=folder / "metadata.db",
        signer=Signer,
    )
