"""The access log's short way to its lines.

An event on its way through txaio and Twisted's publisher, filters and formats costs 70 to 100
microseconds and a write of its own, more than finding the object that the request was about. A
request's line has always the same shape, so it is made at once, in 20, and all lines of one turn of
the reactor are written together. It looks as if it had come the other way.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from twisted.internet.interfaces import IReactorTime

from ..config.observability import LoggingSection
from .log_lines import as_json, as_text
from .log_output import LogOutput
from .logs import LEVELS

_LOGGER = "bleepstore.service.access_log"


class RequestLines:
    """Writes lines of the access log.

    Args:
        section: which lines, and how they look.
        output: where all lines go.
        reactor: whose turns they are collected in.
    """

    def __init__(self, section: LoggingSection, output: LogOutput, reactor: IReactorTime) -> None:
        self._shown = LEVELS[LEVELS.index(section.level) :]
        self._is_text = section.format == "text"
        self._output = output
        self._reactor = reactor
        self._is_waiting = False

    @property
    def are_open(self) -> bool:
        """Whether the log is ours to write; otherwise events must go to whoever has it."""
        return self._output.is_open

    def shows(self, level: str) -> bool:
        """Whether lines of a level are wanted."""
        return level in self._shown

    def write(self, level: str, message: str, fields: Mapping[str, Any]) -> None:
        """Write a line before the reactor waits again."""
        now = time.time()
        if self._is_text:
            line = as_text(now, level, message, fields.items())
        else:
            line = as_json(now, level, _LOGGER, message, fields.items())
        self._output.write(line)
        if not self._is_waiting:
            self._is_waiting = True
            self._reactor.callLater(0, self._flush)

    def _flush(self) -> None:
        self._is_waiting = False
        self._output.flush()
