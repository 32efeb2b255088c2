"""The daemon's own log file: lines of others in it, and a new file when somebody moves it away."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from twisted.application.service import Application
from twisted.logger import capturedLogs, formatEvent

from bleepstore.config.observability import LoggingSection
from bleepstore.service import log_output
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


@contextmanager
def no_room_beyond(size_bytes: int) -> Iterator[None]:
    """No file can grow further than this, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_for_a_while_costs_the_lines_of_that_time_only(
    choice: LogChoice, tmp_path: Path
) -> None:
    choice.relay("before\n")
    with no_room_beyond(10):
        for line in ("cut off\n", "lost\n", "lost\nlost\n"):
            choice.relay(line)
    with capturedLogs() as logs:
        choice.relay("after\n")
        choice.relay("later\n")
    assert (tmp_path / "log").read_text() == "before\ncut\nafter\nlater\n"
    (said,) = map(formatEvent, logs)
    assert said.startswith("the log could not be written for a while; 3 lines may be missing: ")


def test_a_log_whose_folder_is_gone_goes_on_where_it_is_until_there_is_one(
    choice: LogChoice, tmp_path: Path
) -> None:
    folder, moved = tmp_path / "logs", tmp_path / "moved"
    folder.mkdir()
    choice.output.open(log_output.open_log_file(str(folder / "log")))
    folder.rename(moved)
    with capturedLogs() as logs:
        choice.reopen()
    assert "cannot be opened anew and stays where it was" in formatEvent(logs[-1])
    choice.relay("still\n")
    folder.mkdir()
    choice.reopen()
    choice.relay("after\n")
    assert (moved / "log").read_text() == "still\n"
    assert (folder / "log").read_text() == "after\n"


def test_a_rotation_that_fails_ends_nothing(
    choice: LogChoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_output, "_ROTATE_BYTES", 5)
    choice.reopen()
    choice.relay("before\n")
    with monkeypatch.context() as patch:
        patch.setattr("os.rename", _fail)
        choice.relay("lost\n")
    choice.relay("after\n")
    assert (tmp_path / "log").read_text() == "after\n"
    assert (tmp_path / "log.1").read_text() == "before\n"


def _fail(*_: object) -> None:
    raise OSError("by design")


def test_of_a_log_that_grows_the_last_files_are_kept(
    choice: LogChoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice.relay(f"{'x' * 2_000_000}\n")
    choice.relay("more\n")
    assert [each.name for each in tmp_path.iterdir()] == ["log"]
    monkeypatch.setattr(log_output, "_ROTATE_BYTES", 5)
    choice.reopen()
    for number in range(20):
        choice.relay(f"line {number}\n")
    assert len(list(tmp_path.iterdir())) == 10
    assert (tmp_path / "log.9").read_text() == "line 10\n"


@pytest.mark.parametrize("options", [{}, {"nodaemon": True, "syslog": True, "logger": None}])
def test_elsewhere_lines_become_events(options: dict[str, object]) -> None:
    choice = LogChoice(LoggingSection(), options)
    choice.install(Application("x"))
    choice.reopen()
    with capturedLogs() as logs:
        choice.relay("one\ntwo\n")
    assert [formatEvent(each) for each in logs] == ["one", "two"]
