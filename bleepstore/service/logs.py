"""Where log events go under twistd, and which of them.

The configuration chooses format and level, so the choice cannot be left to twistd's own options.
twistd takes an observer that is a component of the application, unless ``--logger`` names
another; see ``twisted.application.app.AppLogger``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import txaio
from attrs import define, field, frozen
from constantly import NamedConstant
from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    ILogFilterPredicate,
    ILogObserver,
    LogEvent,
    LogLevel,
    PredicateResult,
)
from zope.interface import implementer

from ..config.observability import LoggingSection
from .log_lines import json_line, text_line
from .log_output import LogOutput, open_log_file, standard_output

log = txaio.make_logger()

_LINES = {"text": text_line, "json": json_line}

LEVELS = ("debug", "info", "warn", "error")
"""Those of the configuration, in their order."""


@define
class LogChoice:
    """What the configuration and twistd's options say of the log.

    Args:
        section: the configuration.
        twistd_options: the options before the word ``bleepstore``, of which ``logfile``,
            ``nodaemon`` and ``syslog`` matter.

    Attributes:
        output: the log, open once it is installed and if it is ours.
    """

    section: LoggingSection
    twistd_options: Mapping[str, Any]
    output: LogOutput = field(factory=LogOutput, init=False)

    def install(self, application: Any) -> None:
        """Make twistd log as chosen. Opens the log file."""
        txaio.set_global_log_level(self.section.level)
        destination = self._open() if self._is_ours else None
        if destination is not None:
            self.output.open(destination)
            application.setComponent(ILogObserver, make_observer(self.section, self.output))

    def relay(self, lines: str) -> None:
        """Log whole lines that another process has formatted as this one does.

        Where twistd has another idea of the log, each becomes an event.
        """
        if self.output.is_open:
            self.output.write(lines)
            self.output.flush()
        else:
            for line in lines.splitlines():
                log.info("{line}", line=line)

    def reopen(self) -> None:
        """See :meth:`LogOutput.reopen`."""
        self.output.reopen()

    @property
    def _is_ours(self) -> bool:
        """Not so if a component of the application is not asked, or text is not what is logged."""
        options = self.twistd_options
        return "nodaemon" in options and not options["syslog"] and not options.get("logger")

    def _open(self) -> Any:
        """A file to write text to, or None where twistd has to decide."""
        name, in_foreground = self.twistd_options["logfile"], self.twistd_options["nodaemon"]
        if name == "-" or not name:
            if in_foreground:
                return standard_output()
            if name == "-":
                return None  # refused by twistd
        return open_log_file(name or "twistd.log")


def make_observer(section: LoggingSection, destination: Any) -> ILogObserver:
    """An observer that writes events of the configured level, one line each."""
    writer = FileLogObserver(destination, _LINES[section.format])
    return FilteringLogObserver(writer, [_LevelFilter(LogLevel.levelWithName(section.level))])


# Said at info for every connection or listener. The namespace of these is that of our subclass.
_NOISE = frozenset(
    (
        "Starting factory {factory!r}",
        "Stopping factory {factory!r}",
        "Timing out client: {peer}",
        "Forcibly timing out client: {peer}",
    )
)


@implementer(ILogFilterPredicate)
@frozen
class _LevelFilter:
    """Passes events from a level on; what Twisted says at info counts as debug."""

    minimum: NamedConstant

    def __call__(self, event: LogEvent) -> NamedConstant:
        level = event.get("log_level") or LogLevel.info
        if level is LogLevel.info and _is_from_twisted(event):
            level = LogLevel.debug
        return PredicateResult.no if level < self.minimum else PredicateResult.maybe


def _is_from_twisted(event: LogEvent) -> bool:
    namespace: str = event.get("log_namespace", "")
    return namespace.startswith(("twisted.", "log_legacy")) or event.get("log_format") in _NOISE
