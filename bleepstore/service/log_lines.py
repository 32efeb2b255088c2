"""How a log event looks as one line: text for eyes, JSON for machines.

In both, nothing that a client sent can forge a line or move a terminal's cursor.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
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
# Most values are words of printable ASCII without quotes and equals signs: no need to look further.
_is_plain_word = re.compile("[!#-<>-~]+").fullmatch
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_OWN_FIELDS = frozenset(("time", "level", "logger", "message", "traceback"))


def text_line(event: LogEvent) -> str:
    """``2026-11-23T10:00:00.123Z INFO  listening on … key=value``, with its line end.

    Fields that the message does not show follow it. A traceback follows indented, so that no
    line of it looks like the beginning of an event.
    """
    shown = _fields_in(event.get("log_format") or "")
    fields = ((name, value) for name, value in _fields(event) if name not in shown)
    first = as_text(event["log_time"], event["log_level"].name, _message(event), fields)
    lines = [f"    {printable(line)}\n" for line in _traceback(event).splitlines()]
    return "".join((first, *lines))


def json_line(event: LogEvent) -> str:
    """One JSON object with ``time``, ``level``, ``logger``, ``message`` and the event's fields."""
    fields = [(name, _plain(value)) for name, value in _fields(event)]
    if traceback := _traceback(event):
        fields.append(("traceback", traceback))
    level, logger = event["log_level"].name, event.get("log_namespace", "")
    return as_json(event["log_time"], level, logger, _message(event), fields)


Fields = Iterable[tuple[str, Any]]


def as_text(time: float, level: str, message: str, fields: Fields) -> str:
    """A line of text from what it says; ``time`` in seconds since the epoch."""
    words = "".join([f" {name}={_word(value)}" for name, value in fields])
    return f"{_time(time)} {_LEVELS.get(level) or level.upper():5} {printable(message)}{words}\n"


def as_json(time: float, level: str, logger: str, message: str, fields: Fields) -> str:
    """A line of JSON from what it says; ``time`` in seconds since the epoch."""
    record: dict[str, object] = {
        "time": _time(time),
        "level": level,
        "logger": logger,
        "message": message,
    }
    record.update((name, _plain(value)) for name, value in fields)
    return _encode(record) + "\n"


def _time(instant: float) -> str:
    instant_ms = int(instant * 1000)
    return f"{_second(instant_ms // 1000)}.{instant_ms % 1000:03}Z"


@lru_cache(maxsize=4)  # many lines share a second
def _second(seconds: int) -> str:
    return f"{to_datetime(seconds * 1000):%Y-%m-%dT%H:%M:%S}"


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
    if _is_plain_word(text):
        return text
    if text and not any(character in text for character in ' "=') and text.isprintable():
        return text
    return printable(json.dumps(text, ensure_ascii=False))


def printable(text: str) -> str:
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
