"""What must not fail while the store can work: the checks behind ``/readyz``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from twisted.internet.defer import TimeoutError as LateError

from ..admin.checkup import Check
from ..config.model import Config
from ..ids import new_blob_id
from ..storage.disk import check_room, reporting_trouble
from ..storage.locators import file_locator, pack_locator
from ..storage.remote.locators import private_locator
from ..values import BlobName
from .foundation import Foundation

# More than any backend keeps in memory before it looks at its disk, and than the metadata's log
# takes before it is copied.
_ROOM_BYTES = 16 * 1024 * 1024
# For changes under way, of this process and of others. An import takes as long as it takes, and is no
# reason to send those away who want to read.
_PATIENCE_SECONDS = 0.5


def store_checks(config: Config, reactor: Any, foundation: Foundation) -> dict[str, Check]:
    """The checks by name. Each takes little, but may ask an upstream a question."""
    checks: dict[str, Check] = {
        "metadata": lambda: foundation.metadata.blobs.referenced(()),
        "storage": lambda: _use_storage(foundation),
    }
    if config.storage.backend != "memory":
        folder = config.metadata.sqlite.path.absolute().parent
        checks["metadata_changes"] = lambda: _change_metadata(reactor, foundation)
        checks["metadata_disk"] = lambda: foundation.threads.run(_check_disk, folder)
    return checks


async def _change_metadata(reactor: Any, foundation: Foundation) -> None:
    """Find out whether the metadata can be changed, unless others change them for too long."""
    with suppress(LateError):
        await foundation.metadata.database.rehearse().addTimeout(_PATIENCE_SECONDS, reactor)


def _check_disk(folder: Path) -> None:
    """Find out whether the database can grow; the database itself would have to write for that."""
    check_room(folder, _ROOM_BYTES)
    with reporting_trouble(folder):
        TemporaryFile(dir=folder).close()


async def _use_storage(foundation: Foundation) -> None:
    """Find out whether the backend answers, and takes bytes, by beginning to give it some."""
    blob_id = new_blob_id()
    for locator in (file_locator(blob_id), pack_locator(blob_id, 0), private_locator(blob_id)):
        await foundation.blobs.exists(locator)  # each backend looks for those of its own form
    sink = await foundation.blobs.open_sink(BlobName("health", "check", blob_id), _ROOM_BYTES)
    await sink.abort()
