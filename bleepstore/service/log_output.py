"""Where the lines of the log go, whatever happens to the disk meanwhile.

A log that cannot be written is no reason to serve nobody: lines are lost then, and the log says so
as soon as it can be written again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import txaio
from attrs import define, field
from twisted.python.logfile import LogFile

log = txaio.make_logger()

# A gigabyte in all, so that a log that nobody looks after fills no disk.
_ROTATE_BYTES = 100_000_000
_KEPT_FILES = 9


@define(eq=False)
class LogOutput:
    """Where lines go. Not open before the log begins, or if the log is not ours.

    What is written waits for :meth:`flush`, so that lines can be written together, in their order.
    """

    _destination: Any = None
    _waiting: list[str] = field(factory=list, init=False)
    _lost_lines: int = field(default=0, init=False)
    _problem: str = field(default="", init=False)

    @property
    def is_open(self) -> bool:
        return self._destination is not None

    def open(self, destination: Any) -> None:
        """Write to this file for text from now on."""
        self._destination = destination

    def write(self, lines: str) -> None:
        """Take whole lines."""
        self._waiting.append(lines)

    def flush(self) -> None:
        """Write what was taken. What cannot be written is lost, which the log says later."""
        lines, self._waiting = "".join(self._waiting), []
        if not lines:
            return
        try:
            before = self._mend()
            self._destination.write(before + lines)
            self._destination.flush()
        except (OSError, ValueError) as error:  # ValueError: a rotation that failed has closed it
            self._lost_lines += lines.count("\n")
            self._problem = str(error)
        else:
            self._tell()

    def reopen(self) -> None:
        """Write to a new file under the name of the old one, which somebody has moved away.

        If that cannot be, the old one is written to further.
        """
        self.flush()
        try:
            self._replace()
        except OSError as error:
            log.error(
                "the log cannot be opened anew and stays where it was: {problem}",
                problem=str(error),
            )

    def _mend(self) -> str:
        """After trouble, open the file anew; answer what is to be written before a line."""
        if self._lost_lines:
            with suppress(OSError):  # else there is the former one, and what it says of itself
                self._replace()
                return "\n" if self._is_within_a_line() else ""
        return ""

    def _replace(self) -> None:
        former = self._destination
        if isinstance(former, LogFile):
            self._destination = open_log_file(former.path, former.defaultMode)
            former.close()

    def _is_within_a_line(self) -> bool:
        """Whether the file ends in a line of which the rest found no room."""
        if not isinstance(self._destination, LogFile):
            return False  # what is no file of ours keeps what it could not write
        with Path(self._destination.path).open("rb") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
            return file.read() not in (b"", b"\n")

    def _tell(self) -> None:
        lost, self._lost_lines = self._lost_lines, 0
        if lost:
            log.error(
                "the log could not be written for a while; {lines} lines may be missing: {problem}",
                lines=lost, problem=self._problem,
            )  # fmt: skip


def open_log_file(path: str, mode: int | None = None) -> LogFile:
    """A file that is followed by a new one when it is large, of which the last ones are kept.

    Args:
        mode: the file's permissions; None for those that it has, or new files have.

    Raises:
        OSError: it cannot be opened.
    """
    file: LogFile = LogFile.fromFullPath(
        path, rotateLength=_ROTATE_BYTES, defaultMode=mode, maxRotatedFiles=_KEPT_FILES
    )
    return file


def standard_output() -> TextIO:
    """The real standard output: Twisted redirects ``sys.stdout`` into the log."""
    return open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
