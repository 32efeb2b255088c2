"""What all commands of ``bleepstore-admin`` have in common: how they are declared and called."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Any

from attrs import frozen

from ...config.model import Config
from ..foundation import Foundation

CLEAN, PROBLEMS, NOT_DONE = 0, 1, 2
"""Exit codes: all is well; it was done, and something is wrong with the store; it was not done."""


@frozen
class Call:
    """One call of a command, on an opened store.

    Attributes:
        is_unwanted: set when a signal has ended it, for work in threads.
    """

    reactor: Any
    config: Config
    options: argparse.Namespace
    foundation: Foundation
    is_unwanted: Event


Run = Callable[[Call], Awaitable[int]]
"""Carries a command out and answers the exit code."""


@frozen
class Commands:
    """Where commands are declared."""

    _parsers: Any

    @classmethod
    def of(cls, parser: argparse.ArgumentParser) -> Commands:
        """The commands of a program."""
        return cls(parser.add_subparsers(required=True, metavar="COMMAND"))

    def group(self, name: str, about: str) -> Commands:
        """Commands of two words, of which this is the first."""
        parser = self._parsers.add_parser(name, help=about, description=f"{about}.")
        return Commands(parser.add_subparsers(required=True, metavar="COMMAND"))

    def add(
        self,
        name: str,
        run: Run,
        about: str,
        description: str = "",
        *,
        is_alone: Callable[[argparse.Namespace], bool] = lambda _: False,
        makes_store: bool = False,
    ) -> argparse.ArgumentParser:
        """Declare a command; its arguments are added to what this answers.

        Args:
            about: a few words for the list of commands.
            description: more, for the command's own help. Default: the few words.
            is_alone: whether nobody else may use the store meanwhile.
            makes_store: whether a store that is not there is made.
        """
        parser: argparse.ArgumentParser = self._parsers.add_parser(
            name,
            help=about,
            description=description or f"{about[0].upper()}{about[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.set_defaults(run=run, is_alone=is_alone, makes_store=makes_store)
        return parser
