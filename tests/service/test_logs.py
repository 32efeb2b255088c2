"""The daemon's own log file: lines of others in it, and a new file when somebody moves it away."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.application.service import Application
from twisted.logger import capturedLogs, formatEvent

from bleepstore.config.observability import LoggingSection
from bleepstore.service.logs import LogChoice


@pytest.fixture
def choice(tmp_path: Path) -> LogChoice:
    options = {"logfile": str(tmp_path / "log"), "nodaemon": True, "syslog": False, "logger": None}
    choice = LogChoice(LoggingSection(), options)
    choice.install(Application("x"))
    return choice


def test_lines_of_workers_stand_as_they_are(choice: LogChoice, tmp_path: Path) -> None:
    choice.relay("one\ntwo é\n")
    assert (tmp_path / "log").read_text("utf-8") == "one\ntwo é\n"


def test_a_log_that_is_moved_away_is_followed_by_a_new_one(
    choice: LogChoice, tmp_path: Path
) -> None:
    choice.relay("before\n")
    (tmp_path / "log").rename(tmp_path / "log.1")
    choice.relay("still\n")
    choice.reopen()
    choice.relay("after\n")
    assert (tmp_path / "log.1").read_text() == "before\nstill\n"
    assert (tmp_path / "log").read_text() == "after\n"


@pytest.mark.parametrize("options", [{}, {"nodaemon": True, "syslog": True, "logger": None}])
def test_elsewhere_lines_become_events(options: dict[str, object]) -> None:
    choice = LogChoice(LoggingSection(), options)
    choice.install(Application("x"))
    choice.reopen()
    with capturedLogs() as logs:
        choice.relay("one\ntwo\n")
    assert [formatEvent(each) for each in logs] == ["one", "two"]
