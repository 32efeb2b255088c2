"""``bleepstore-admin backup``: a second copy of a store that is at work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attrs import asdict

from ...config.model import Config
from ...keeping.backup import Backup, BackupMaker, Place
from ...keeping.backup_folder import BackupFolder
from .frame import CLEAN, PROBLEMS, Call, Commands
from .printing import show, show_json, size
from .progress import Bar

_ABOUT = """\
Makes a backup of metadata and bytes as they are at one instant, while the daemon works on. A folder
with a former backup is brought up to date: only what is new comes. Interrupted, the folder says
that it is incomplete, or still has the former backup whole; run the command again.

A former backup stays as it is, and no other is made there, if the store's database was made anew,
restored from an older one or has lost keys since.

On the file system of the store, bytes are hard links: nothing is copied, and nothing is safe from a
broken disk. Give a folder on another disk, or copy the folder there afterwards.

To restore: stop the daemon, put metadata.db and objects where the configuration says (without
metadata.db-wal and -shm of the former store), and run fsck.

Exit code: 0 if all is there, 1 if the store itself lacks bytes, 2 if there is no new
backup.
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    backup = commands.add("backup", _backup, "copy the store to a folder, while it works", _ABOUT)
    backup.add_argument("folder", type=Path, metavar="DIR", help="new, or with a former backup")
    backup.add_argument(
        "--copy", action="store_true", help="copy bytes where hard links would do, too"
    )


async def _backup(call: Call) -> int:
    foundation, options = call.foundation, call.options
    with Bar(call, "backup") as bar:
        maker = BackupMaker(
            _place(call.config),
            foundation.metadata.garbage,
            foundation.metadata.backups,
            foundation.threads,
            call.reactor,
            BackupFolder(options.folder.absolute()),
            bar,
            is_linking=not options.copy,
        )
        backup = await maker.run()
    if options.json:
        show_json({**asdict(backup), "folder": str(options.folder.absolute())})
    else:
        show("\n".join(_lines(backup)))
    return PROBLEMS if backup.missing else CLEAN


def _place(config: Config) -> Place:
    storage = config.storage
    database = next(reversed(config.places.values())).absolute()
    objects = storage.local.root_dir.absolute() if storage.backend == "local" else None
    return Place(storage.backend, database, objects)


def _lines(backup: Backup) -> Iterator[str]:
    yield f"blobs: {backup.blobs}, {size(backup.size_bytes)}, beside those in the database"
    yield f"new: {backup.linked} linked, {backup.copied} copied; removed: {backup.pruned}"
    if backup.elsewhere:
        yield f"not in files here, so not in the backup: {backup.elsewhere} blobs"
    yield from (f"missing in the store itself: {locator}" for locator in backup.missing)
    if backup.missing:
        yield "fsck names the objects that need what is missing"
