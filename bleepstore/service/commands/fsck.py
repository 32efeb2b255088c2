"""``bleepstore-admin fsck``: whether metadata and bytes agree."""

from __future__ import annotations

from ...errors import NotPossible
from ...keeping.findings import as_document, as_lines
from ...keeping.fsck import Fsck
from .frame import CLEAN, PROBLEMS, Call, Commands
from .printing import show, show_json

_ABOUT = """\
Holds the metadata against the stored bytes. Works on a stopped store and beside a running daemon.
Run it as the user of the daemon. A repair leaves bytes that nothing refers to, unless it is told to
delete them: a database that has lost keys, or was restored from an older backup, refers to few of the
bytes that are wanted. Exit code: 0 if all is well, 1 for problems, 2 if the check could not be made.
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    fsck = commands.add(
        "fsck", _fsck, "check the store", _ABOUT, is_alone=lambda options: options.repair
    )
    fsck.add_argument("--repair", action="store_true", help="mend it, while no daemon runs")
    fsck.add_argument(
        "--delete-unreferenced",
        action="store_true",
        help="with --repair: delete bytes that nothing refers to",
    )


async def _fsck(call: Call) -> int:
    """Say what is wrong; after a repair, what is still wrong.

    Raises:
        NotPossible: the options contradict each other.
    """
    options = call.options
    if options.delete_unreferenced and not options.repair:
        raise NotPossible("--delete-unreferenced goes with --repair")
    fsck = Fsck(call.foundation.metadata, call.foundation.blobs)
    findings = await fsck.check()
    if options.repair and findings.problems:
        await fsck.repair(findings, deletes_unreferenced=options.delete_unreferenced)
        findings = await fsck.check()
    if options.json:
        show_json(as_document(findings))
    else:
        show("\n".join(as_lines(findings)))
    return PROBLEMS if findings.problems else CLEAN
