"""The access log's short way: the same lines as by the long one, together and in their order."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
import txaio
from twisted.internet.task import Clock
from twisted.logger import LogPublisher
from twisted.python.logfile import LogFile

from bleepstore.config.observability import LoggingSection
from bleepstore.service.access_log import AccessLog
from bleepstore.service.log_output import LogOutput
from bleepstore.service.logs import make_observer
from bleepstore.service.request_lines import RequestLines
from bleepstore.values import Exchange, RequestHead


def exchange(number: int = 0, duration_ms: float = 3.25) -> Exchange:
    head = RequestHead("GET", b"/b/k", {}, "192.0.2.7", False, f"{number:016}", 0)
    facts = {"operation": "GetObject", "bucket": "b\x1b[0m", "key": 'ä "k"\n=', "access_key": "a"}
    return Exchange(head, 200, facts, 0, 1024, duration_ms, None, is_complete=True)


def short_way(stream: Any, clock: Clock, **settings: Any) -> AccessLog:
    output = LogOutput(stream)
    return AccessLog(1000, RequestLines(LoggingSection(**settings), output, clock))


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize("duration_ms", [3.25, 5000.0])
def test_both_ways_lead_to_the_same_line(
    format_: Any, duration_ms: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    long, short, clock = StringIO(), StringIO(), Clock()
    log = txaio.make_logger(
        observer=LogPublisher(make_observer(LoggingSection(format=format_), long))
    )
    monkeypatch.setattr("bleepstore.service.access_log.log", log)
    AccessLog(1000)(exchange(duration_ms=duration_ms))
    short_way(short, clock, format=format_)(exchange(duration_ms=duration_ms))
    clock.advance(0)
    assert said(short.getvalue(), format_) == said(long.getvalue(), format_)


def said(line: str, format_: str) -> Any:
    """What a line says but for its time, and for the logger, which is the test's own."""
    if format_ == "text":
        return line.partition(" ")[2]
    return [each for each in json.loads(line).items() if each[0] not in ("time", "logger")]


class Writes(list[str]):
    """A file that counts what is written to it."""

    write = list.append

    def flush(self) -> None:
        pass


def test_the_lines_of_one_turn_are_written_together() -> None:
    written, clock = Writes(), Clock()
    log = short_way(written, clock)
    for number in range(3):
        log(exchange(number))
    assert written == []
    clock.advance(0)
    assert len(written) == 1
    for number, line in enumerate(written[0].splitlines()):
        assert f"request_id={number:016}" in line
    log(exchange(3))
    clock.advance(0)
    assert len(written) == 2


def test_an_event_comes_behind_the_lines_before_it() -> None:
    stream = StringIO()
    output = LogOutput(stream)
    AccessLog(0, RequestLines(LoggingSection(), output, Clock()))(exchange())
    log = txaio.make_logger(observer=LogPublisher(make_observer(LoggingSection(), output)))
    log.info("stopped")
    first, second = stream.getvalue().splitlines()
    assert " INFO  request " in first
    assert second.endswith(" INFO  stopped")


@pytest.mark.parametrize(("level", "shown"), [("debug", 2), ("info", 2), ("warn", 1), ("error", 0)])
def test_the_level_of_the_configuration_counts(level: Any, shown: int) -> None:
    stream, clock = StringIO(), Clock()
    log = short_way(stream, clock, level=level)
    log(exchange())
    log(exchange(duration_ms=5000))
    clock.advance(0)
    assert len(stream.getvalue().splitlines()) == shown


def test_a_log_of_somebody_else_gets_events(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[Any] = []
    log = txaio.make_logger(observer=LogPublisher(cast(Any, events.append)))
    monkeypatch.setattr("bleepstore.service.access_log.log", log)
    short_way(None, Clock())(exchange())
    assert [event["log_format"] for event in events] == ["request"]


def test_lines_before_a_rotation_stay_in_the_old_file(tmp_path: Path) -> None:
    output, clock = LogOutput(LogFile.fromFullPath(str(tmp_path / "log"))), Clock()
    log = AccessLog(0, RequestLines(LoggingSection(), output, clock))
    log(exchange(1))
    (tmp_path / "log").rename(tmp_path / "log.1")
    output.reopen()
    log(exchange(2))
    clock.advance(0)
    assert f"{1:016}" in (tmp_path / "log.1").read_text("utf-8")
    assert f"{2:016}" in (tmp_path / "log").read_text("utf-8")
