"""``bleepstore-admin``: what an operator does to a store from beside the daemon."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from twisted.internet.task import react

from .. import __version__
from ..config.loader import load
from ..config.model import Config
from ..errors import ConfigError
from ..keeping.findings import as_json, as_text
from ..keeping.fsck import Findings, Fsck
from .foundation import Foundation, lay
from .startup import explain

_CLEAN, _PROBLEMS, _NOT_DONE = 0, 1, 2

_ABOUT = "What an operator does to a store from beside the daemon."
_FSCK = """\
Holds the metadata against the stored bytes. Works on a stopped store and beside a running daemon.
Run it as the user of the daemon. Exit code: 0 if all is well, 1 for problems, 2 if the check could
not be made.
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    options = _parser().parse_args(arguments)
    try:
        config = load(options.config, os.environ)
    except ConfigError as error:
        _end(str(error))
    if not config.metadata.sqlite.path.exists():
        _end(f"{config.metadata.sqlite.path.absolute()}: there is no store; check --config")
    react(_fsck, (config, options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bleepstore-admin", description=_ABOUT)
    parser.add_argument("--version", action="version", version=f"BleepStore {__version__}")
    parser.add_argument("--config", type=Path, metavar="FILE", help="as for the daemon")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    fsck = commands.add_parser("fsck", help="check the store", description=_FSCK)
    fsck.add_argument("--repair", action="store_true", help="mend it, while no daemon runs")
    fsck.add_argument("--json", action="store_true", help="print the findings as JSON")
    return parser


def _end(problem: str) -> NoReturn:
    sys.stderr.write(f"bleepstore-admin: {problem}\n")
    raise SystemExit(_NOT_DONE)


async def _fsck(reactor: Any, config: Config, options: argparse.Namespace) -> None:
    foundation = lay(config, reactor)
    try:
        findings = await _examine(foundation, is_to_repair=options.repair)
    except Exception as error:
        problem = explain(error, config)
        if problem is None:
            raise
        _end(problem)
    sys.stdout.write(as_json(findings) if options.json else as_text(findings))
    raise SystemExit(_PROBLEMS if findings.problems else _CLEAN)


async def _examine(foundation: Foundation, *, is_to_repair: bool) -> Findings:
    """What is wrong; after a repair, what is still wrong."""
    fsck = Fsck(foundation.metadata, foundation.blobs)
    try:
        await foundation.start(alone=is_to_repair)
        findings = await fsck.check()
        if is_to_repair and findings.problems:
            await fsck.repair(findings)
            findings = await fsck.check()
        return findings
    finally:
        await foundation.stop()
