"""``bleepstore-admin scrub``: whether the bytes are still what they were."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from attrs import asdict

from ...config.model import Config
from ...keeping.findings import describe, describe_gap
from ...keeping.scrub import Scrub
from ...keeping.scrub_state import ScrubState, StateFile
from .frame import CLEAN, PROBLEMS, Call, Commands
from .printing import show, show_json, size
from .progress import Bar

_ABOUT = """\
Reads all objects again, older versions and parts of uploads under way too, and compares them with
their checksums, their MD5 (the ETag) and their size. What was overwritten or deleted meanwhile is
passed over. Interrupted, it can go on with --resume: it remembers where it was in a file beside the
database, whose name ends in -scrub.

"doubtful" are objects that only an ETag could tell about, and whose ETag is none of the bytes; so
it is after copies of parts, and the bytes need not be damaged.

"gaps" are stretches of keys that a damaged database keeps to itself; everything else is read.

Exit code: 0 if nothing is damaged, 1 if something is.
"""
_MIB = 1024 * 1024


def add(commands: Commands) -> None:
    """Declare the command."""
    scrub = commands.add("scrub", _scrub, "read all objects again and verify them", _ABOUT)
    scrub.add_argument(
        "--rate", type=_rate, default=0.0, metavar="MIB", help="read at most so many MiB a second"
    )
    scrub.add_argument("--bucket", metavar="BUCKET", help="only this one")
    scrub.add_argument(
        "--resume", action="store_true", help="go on where the last scrub was interrupted"
    )


def _rate(text: str) -> float:
    """Bytes a second."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not 0 < rate < 1e9:
        raise argparse.ArgumentTypeError("expected a number of MiB a second above 0")
    return rate * _MIB


async def _scrub(call: Call) -> int:
    foundation, options = call.foundation, call.options
    scrub = Scrub(
        foundation.metadata.survey,
        foundation.blobs,
        foundation.threads,
        call.reactor,
        StateFile(_state_path(call.config)),
        options.bucket,
        options.rate,
    )
    with Bar(call, "scrub") as bar:
        state = await scrub.run(bar, is_resumed=options.resume)
    if options.json:
        names = ("checked", "read_bytes", "damaged", "doubtful", "gaps")
        show_json({name: value for name, value in asdict(state).items() if name in names})
    else:
        show("\n".join(_lines(state)))
    return PROBLEMS if state.problems else CLEAN


def _state_path(config: Config) -> Path:
    database = next(reversed(config.places.values()))
    return database.with_name(database.name + "-scrub")


def _lines(state: ScrubState) -> Iterator[str]:
    yield f"checked: {state.checked} versions and parts, {size(state.read_bytes)}"
    yield from (f"damaged: {describe(each)}" for each in state.damaged)
    yield from (f"doubtful: {describe(each)}" for each in state.doubtful)
    yield from (f"not readable: {describe_gap(each)}" for each in state.gaps)
    yield f"damaged: {len(state.damaged)}, doubtful: {len(state.doubtful)}, gaps: {len(state.gaps)}"
