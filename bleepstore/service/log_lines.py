"""How a log event looks as one line: text for eyes, JSON for machines.

In both, nothing that a client sent can forge a line or move a terminal's cursor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from string import Formatter
from typing import Any

from twisted.logger import LogEvent, formatEvent

from ..clock import to_datetime

_LEVELS = {"warn": "WARN", "critical": "CRIT"}

# What twisted.python.log puts into an event beside its text.
_LEGACY_FIELDS = frozenset(
    ("debug", "failure", "format", "isError", "message", "printed", "system", "time", "why")
)
_OWN_FIELDS = frozenset(("time", "level", "logger", "message", "traceback"))


def text_line(event: LogEvent) -> str:
    """``2026-11-23T10:00:00.123Z INFO  listening on … key=value``, with its line end.

    Fields that the message does not show follow it. A traceback follows indented, so that no
    line of it looks like the beginning of an event.
    """
    level = event["log_level"].name
    parts = [_time(event), f"{_LEVELS.get(level, level.upper()):5}", _printable(_message(event))]
    shown = _fields_in(event.get("log_format") or "")
    parts += (f"{name}={_word(value)}" for name, value in _fields(event) if name not in shown)
    traceback = _traceback(event)
    lines = [" ".join(parts), *(f"    {_printable(line)}" for line in traceback.splitlines())]
    return "\n".join(lines) + "\n"


def json_line(event: LogEvent) -> str:
    """One JSON object with ``time``, ``level``, ``logger``, ``message`` and the event's fields."""
    record: dict[str, Any] = {
        "time": _time(event),
        "level": event["log_level"].name,
        "logger": event.get("log_namespace", ""),
        "message": _message(event),
    }
    record.update((name, _plain(value)) for name, value in _fields(event))
    traceback = _traceback(event)
    if traceback:
        record["traceback"] = traceback
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def _time(event: LogEvent) -> str:
    instant_ms = int(event["log_time"] * 1000)
    moment = to_datetime(instant_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{instant_ms % 1000:03}Z"


def _message(event: LogEvent) -> str:
    text = formatEvent(event)
    if text or "log_failure" not in event:
        return text
    return "unexpected error"


def _fields(event: LogEvent) -> Iterator[tuple[str, Any]]:
    is_legacy = "log_legacy" in event or "log_text" in event
    hidden = _LEGACY_FIELDS if is_legacy else _OWN_FIELDS
    for name, value in event.items():
        if not name.startswith("log_") and name not in hidden:
            yield name, value


@lru_cache(maxsize=1024)  # formats are constants in the source
def _fields_in(log_format: str) -> frozenset[str]:
    try:
        names = [name for _, name, _, _ in Formatter().parse(log_format) if name]
    except ValueError:
        return frozenset()
    return frozenset(name.partition(".")[0].partition("[")[0].removesuffix("()") for name in names)


def _traceback(event: LogEvent) -> str:
    failure = event.get("log_failure")
    return failure.getTraceback() if failure is not None else ""


def _word(value: object) -> str:
    """A value without spaces around which a reader might split, or in quotes."""
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    if text and not any(character in text for character in ' "=') and text.isprintable():
        return text
    return _printable(json.dumps(text, ensure_ascii=False))


def _printable(text: str) -> str:
    """The text with every control, format and surrogate character escaped."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def _plain(value: object) -> object:
    if isinstance(value, float):
        return round(value, 3)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)
