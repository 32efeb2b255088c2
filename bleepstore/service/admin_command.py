"""``bleepstore-admin``: what an operator does to a store from beside the daemon."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any, NoReturn

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import react

from .. import __version__
from ..config.loader import load
from ..config.model import Config
from ..errors import ConfigError
from ..keeping.progress import Interrupted
from .commands import adopt, backup, buckets, fsck, keys, printing, scrub, transfer, users
from .commands.frame import NOT_DONE, Call, Commands
from .foundation import lay
from .startup import explain

_COMMANDS = (users, keys, buckets, fsck, scrub, transfer, backup, adopt)

_ABOUT = "What an operator does to a store from beside the daemon."
_MORE = """\
All commands work while the daemon runs and on a stopped store. Run them as the user of the daemon,
with its configuration. Exit codes: 0 if all is well, 1 for problems with the store, 2 if a command
could not be carried out.
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    _require_output()
    options = make_parser().parse_args(arguments)
    try:
        config = load(options.config, os.environ)
    except ConfigError as error:
        _end(str(error))
    _require_store(config, may_be_made=options.makes_store)
    react(_run, (config, options))


def make_parser() -> argparse.ArgumentParser:
    """The command line with all commands."""
    parser = argparse.ArgumentParser(
        prog="bleepstore-admin",
        description=_ABOUT,
        epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"BleepStore {__version__}")
    parser.add_argument("--config", type=Path, metavar="FILE", help="as for the daemon")
    commands = Commands.of(parser)
    for module in _COMMANDS:
        module.add(commands)
    return parser


def _require_output() -> None:
    """Where one is closed, Python has None, and the next file that is opened takes its number."""
    if sys.__stderr__ is None:
        raise SystemExit(NOT_DONE)
    if sys.__stdout__ is None:
        _end("the standard output is closed; send it to /dev/null if nobody is to read it")


def _require_store(config: Config, *, may_be_made: bool) -> None:
    path = next(reversed(config.places.values()), None)
    if path is None:
        _end(
            "the store is in the daemon's memory, where only its clients reach it; set "
            "storage.memory.persistence to snapshot to have a file"
        )
    if not may_be_made and not path.exists():
        _end(f"{path.absolute()}: there is no store; check --config")


def _end(problem: str) -> NoReturn:
    sys.stderr.write(f"bleepstore-admin: {problem}\n")
    raise SystemExit(NOT_DONE)


def _end_unheard(problem: str) -> NoReturn:
    if problem:
        _end(
            f"the standard output: {problem}; the command was carried out as far as it came. If a "
            "secret is lost, make another: bleepstore-admin key rotate"
        )
    raise SystemExit(NOT_DONE)


def _run(reactor: Any, config: Config, options: argparse.Namespace) -> Deferred[None]:
    """Carry the command out; a signal cancels it, so that it leaves everything in order."""
    is_unwanted = Event()
    running = Deferred.fromCoroutine(_carry_out(reactor, config, options, is_unwanted))
    waiting: list[Deferred[None]] = []

    def cancel() -> Deferred[None] | None:
        if running.called:
            return None
        is_unwanted.set()
        waiting.append(Deferred())
        running.cancel()
        return waiting[0]

    def end(result: Any) -> Any:
        for each in waiting:
            reactor.callLater(0, each.callback, None)
        return result

    reactor.addSystemEventTrigger("before", "shutdown", cancel)
    return running.addBoth(end)


async def _carry_out(
    reactor: Any, config: Config, options: argparse.Namespace, is_unwanted: Event
) -> None:
    try:
        foundation = lay(config, reactor)
        try:
            await foundation.start(alone=options.is_alone(options))
            code = await options.run(Call(reactor, config, options, foundation, is_unwanted))
            printing.end()
        finally:
            await foundation.stop()
    except (CancelledError, Interrupted):
        raise SystemExit(128 + signal.SIGINT) from None
    except printing.NotHeard as error:
        _end_unheard(str(error))
    except Exception as error:
        problem = explain(error, config)
        if problem is None:
            raise
        _end(problem)
    raise SystemExit(code)
