"""Log lines: one event, one line, whatever a client has put into it."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
import txaio
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory
from twisted.internet.testing import StringTransport
from twisted.logger import Logger, LogLevel, LogPublisher, capturedLogs
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel

from bleepstore.config.observability import LoggingSection
from bleepstore.service.access_log import AccessLog
from bleepstore.service.log_lines import json_line, text_line
from bleepstore.service.logs import make_observer
from bleepstore.values import Exchange, RequestHead

# 2026-11-23T10:00:00.123Z
INSTANT = 1795428000.1234


def event(log_format: str = "", log_level: Any = LogLevel.info, **fields: Any) -> dict[str, Any]:
    return {
        "log_format": log_format,
        "log_level": log_level,
        "log_namespace": "bleepstore.test",
        "log_time": INSTANT,
        "log_source": object(),
        "log_logger": object(),
        **fields,
    }


def failure(message: str) -> Failure:
    try:
        raise ValueError(message)
    except ValueError:
        return Failure()


def test_a_text_line() -> None:
    line = text_line(event("listening on {url}", url="http://127.0.0.1:9000", workers=1))
    assert line == "2026-11-23T10:00:00.123Z INFO  listening on http://127.0.0.1:9000 workers=1\n"


@pytest.mark.parametrize(
    ("level", "word"),
    [("debug", "DEBUG"), ("info", "INFO "), ("warn", "WARN "), ("error", "ERROR"),
     ("critical", "CRIT ")],
)  # fmt: skip
def test_levels_are_aligned(level: str, word: str) -> None:
    line = text_line(event("x", LogLevel.levelWithName(level)))
    assert line == f"2026-11-23T10:00:00.123Z {word} x\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("plain", "plain"), ("größe/雪", "größe/雪"), ("a b", '"a b"'), ("", '""'), ("a=b", '"a=b"'),
     ('say "x"', '"say \\"x\\""'), ("a\nb", '"a\\nb"'), ("\x1b[2J", '"\\u001b[2J"'),
     ("a\u2028b", '"a\\u2028b"'), ("\udcff", '"\\udcff"'), (1.23456, "1.235"), (7, "7"),
     (None, "None"), (True, "True")],
)  # fmt: skip
def test_field_values_in_text(value: object, shown: str) -> None:
    assert text_line(event("x", key=value)) == f"2026-11-23T10:00:00.123Z INFO  x key={shown}\n"


def test_fields_that_the_message_shows_are_not_repeated() -> None:
    line = text_line(event("{a} {b.real} {c!r:>3} {d()}", a=1, b=2, c=3, d=lambda: 4, e=5))
    assert line.endswith("INFO  1 2   3 4 e=5\n")


def test_a_json_line() -> None:
    fields: dict[str, Any] = {
        "url": "http://x",
        "size_bytes": 5,
        "ratio": 0.33333,
        "ok": True,
        "none": None,
    }
    line = json_line(event("listening on {url}", **fields, thing=ValueError("v")))
    assert line.endswith("}\n")
    assert json.loads(line) == {
        "time": "2026-11-23T10:00:00.123Z",
        "level": "info",
        "logger": "bleepstore.test",
        "message": "listening on http://x",
        "url": "http://x",
        "size_bytes": 5,
        "ratio": 0.333,
        "ok": True,
        "none": None,
        "thing": "v",
    }


def test_a_field_cannot_replace_what_every_line_has() -> None:
    record = json.loads(json_line(event("x", time="never", level="none", message="y", logger="z")))
    assert (record["level"], record["message"], record["logger"]) == (
        "info",
        "x",
        "bleepstore.test",
    )
    assert record["time"] == "2026-11-23T10:00:00.123Z"


def test_a_traceback_is_indented_in_text_and_a_field_in_json() -> None:
    forged = "2026-11-23T10:00:00.123Z INFO  forged"
    logged = event("it broke", LogLevel.critical, log_failure=failure(f"oops\n{forged}\x1b"))
    first, *rest = text_line(logged).splitlines()
    assert first == "2026-11-23T10:00:00.123Z CRIT  it broke"
    assert rest
    assert all(line.startswith("    ") for line in rest)
    assert "\x1b" not in "".join(rest)
    record = json.loads(json_line(logged))
    assert "ValueError: oops" in record["traceback"]
    assert "log_failure" not in record


def test_an_event_without_a_format_has_a_message() -> None:
    logged = event(log_failure=failure("x"))
    del logged["log_format"]
    assert "unexpected error" in text_line(logged)


@given(st.text(st.characters()))
def test_no_text_can_forge_a_line(hostile: str) -> None:
    logged = event("stored {bucket}", bucket=hostile, key=hostile)
    line = text_line(logged)
    assert line.removesuffix("\n").isprintable()
    as_json = json_line(logged)
    assert as_json.count("\n") == 1
    assert json.loads(as_json)["key"] == hostile
    as_json.encode("utf-8", "backslashreplace")


def test_a_lone_surrogate_is_valid_json_when_written() -> None:
    written = json_line(event("x", key="\udcff")).encode("utf-8", "backslashreplace")
    assert json.loads(written)["key"] == "\udcff"


def log_lines(section: LoggingSection, *events: tuple[str, LogLevel, str]) -> list[str]:
    """The lines that come of events: namespace, level, text."""
    stream = StringIO()
    publisher = LogPublisher(make_observer(section, stream))
    for namespace, level, text in events:
        Logger(namespace=namespace, observer=publisher).emit(level, text)
    return [line.split(" ", 1)[1] for line in stream.getvalue().splitlines()]


def test_the_level_is_a_threshold_and_what_twisted_says_counts_less() -> None:
    events = [
        ("bleepstore.x", LogLevel.debug, "a"),
        ("bleepstore.x", LogLevel.info, "b"),
        ("bleepstore.x", LogLevel.warn, "c"),
        ("twisted.web.http.HTTPChannel", LogLevel.info, "d"),
        ("log_legacy", LogLevel.info, "e"),
        ("twisted.web.http.HTTPChannel", LogLevel.warn, "f"),
        ("stdout", LogLevel.info, "g"),
    ]
    assert log_lines(LoggingSection(), *events) == ["INFO  b", "WARN  c", "WARN  f", "INFO  g"]
    assert log_lines(LoggingSection(level="warn"), *events) == ["WARN  c", "WARN  f"]
    assert len(log_lines(LoggingSection(level="debug"), *events)) == len(events)


def test_what_twisted_says_for_our_subclasses_counts_less_too() -> None:
    class OurChannel(HTTPChannel):
        pass

    class OurFactory(Factory):
        pass

    channel = OurChannel()
    channel.makeConnection(StringTransport())
    with capturedLogs() as events:
        OurFactory().doStart()
        channel.timeoutConnection()
        channel.connectionLost(Failure(ConnectionDone()))
    assert len(events) >= 2
    stream = StringIO()
    observer = make_observer(LoggingSection(), stream)
    for each in events:
        observer(each)
    assert stream.getvalue() == ""


def exchange(**changes: Any) -> Exchange:
    head = RequestHead(
        "GET", b"/b/k%0A?X-Amz-Signature=hush", {}, "192.0.2.7", False, "0123456789ABCDEF", 0
    )
    facts = {"operation": "GetObject", "bucket": "b", "key": "k\n", "access_key": "alice"}
    values: dict[str, Any] = {
        "head": head, "status": 200, "facts": facts, "bytes_received": 0, "bytes_sent": 1024,
        "duration_ms": 3.25, "first_byte_ms": 2.5, "is_complete": True,
    }  # fmt: skip
    return Exchange(**(values | changes))


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that gives the access log's line for an exchange, without its time."""

    def line(each: Exchange, slow_ms: float = 0) -> str:
        stream = StringIO()
        publisher = LogPublisher(make_observer(LoggingSection(), stream))
        log = txaio.make_logger(observer=publisher)
        monkeypatch.setattr("bleepstore.service.access_log.log", log)
        AccessLog(slow_ms)(each)
        return stream.getvalue().split(" ", 1)[1]

    return line


def test_the_access_log_has_all_of_a_request_and_nothing_of_its_query(logged: Any) -> None:
    assert logged(exchange()) == (
        'INFO  request method=GET operation=GetObject bucket=b key="k\\n" access_key=alice '
        "status=200 bytes_in=0 bytes_out=1024 duration_ms=3.250 first_byte_ms=2.500 "
        "request_id=0123456789ABCDEF remote=192.0.2.7\n"
    )


def test_a_request_without_an_address_is_logged_with_its_path(logged: Any) -> None:
    line = logged(exchange(facts={"error_code": "InvalidURI"}, status=400))
    assert "path=/b/k%0A" in line
    assert "error_code=InvalidURI" in line
    assert "hush" not in line


def test_a_client_that_left_is_marked(logged: Any) -> None:
    line = logged(exchange(is_complete=False, first_byte_ms=None, status=0))
    assert "incomplete=True" in line
    assert "first_byte_ms" not in line


@pytest.mark.parametrize(
    ("slow_ms", "first_byte_ms", "duration_ms", "slow"),
    [(0, 1e9, 1e9, False), (100, 101, 101, True), (100, 99, 5000, False), (100, None, 101, True),
     (100, 100, 100, False)],
)  # fmt: skip
def test_slow_requests_are_marked(
    logged: Any, slow_ms: float, first_byte_ms: float | None, duration_ms: float, slow: bool
) -> None:
    each = exchange(first_byte_ms=first_byte_ms, duration_ms=duration_ms)
    assert logged(each, slow_ms).startswith("WARN  slow request " if slow else "INFO  request ")
