"""What a configuration value may be: one :class:`Kind` per sort of value.

A kind reads the same value from YAML, where it may have a type already, and from the
environment and the command line, where it is text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

_UNITS: dict[str, int] = {"": 1, "B": 1} | {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("KMGTP", start=1)
    for suffix, base in (("iB", 1024), ("B", 1000))
}
_SIZE = re.compile(r"(\d+)\s*([A-Za-z]*)")
_LONGEST_SECONDS = 10**9
_WORDS_FOR_TRUE = ("true", "yes", "on", "1")
_WORDS_FOR_FALSE = ("false", "no", "off", "0")


@frozen
class Kind:
    """A sort of value.

    Attributes:
        expected: what is allowed, as the end of "expected …".
        read: gives the value in its one proper form; raises ``ValueError`` for anything else.
        show: gives the value as a person would write it in YAML.
        is_secret: whether the value must never be shown.
    """

    expected: str
    read: Callable[[object], Any]
    show: Callable[[Any], str] = str
    is_secret: bool = False

    def allows(self, value: object) -> bool:
        """Whether ``value`` is allowed and in its proper form already."""
        try:
            return bool(self.read(value) == value)
        except ValueError:
            return False


def integer(minimum: int, maximum: int | None = None, *, expected: str) -> Kind:
    """A whole number between two bounds, both included."""

    def read(value: object) -> int:
        number = int(value) if isinstance(value, str) else value
        if not isinstance(number, int) or isinstance(number, bool):
            raise ValueError(value)
        if number < minimum or (maximum is not None and number > maximum):
            raise ValueError(value)
        return number

    return Kind(expected, read)


def either(word: str, meaning: object, kind: Kind) -> Kind:
    """A value of ``kind``, or one ``word`` that stands for ``meaning``."""

    def read(value: object) -> Any:
        return meaning if value in (word, meaning) else kind.read(value)

    def show(value: Any) -> str:
        return word if value == meaning else kind.show(value)

    return Kind(f"{kind.expected}, or {word}", read, show)


def seconds(minimum: float, *, expected: str) -> Kind:
    """A duration in seconds, not below ``minimum``."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError(value)
        if isinstance(value, int) and value > _LONGEST_SECONDS:
            raise ValueError(value)
        number = float(value)
        if not minimum <= number <= _LONGEST_SECONDS:  # nan fails both
            raise ValueError(value)
        return number

    return Kind(expected, read, show=lambda number: f"{number:g}")


def choice(*names: str) -> Kind:
    """One of a few words."""

    def read(value: object) -> str:
        if value not in names:
            raise ValueError(value)
        return str(value)

    return Kind(" or ".join((", ".join(names[:-1]), names[-1]) if names[1:] else names), read)


def text(expected: str, *, is_secret: bool = False) -> Kind:
    """Printable text, not blank. A number in YAML is no text: it needs quotes."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise ValueError("not text")
        return value

    return Kind(expected, read, show=_quoted, is_secret=is_secret)


def _read_size(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(value)
    match = _SIZE.fullmatch(str(value).strip())
    if match is None or match[2] not in _UNITS:
        raise ValueError(value)
    return int(match[1]) * _UNITS[match[2]]


def _show_size(size_bytes: int) -> str:
    for unit in ("PiB", "TiB", "GiB", "MiB", "KiB"):
        if size_bytes and size_bytes % _UNITS[unit] == 0:
            return f"{size_bytes // _UNITS[unit]}{unit}"
    return str(size_bytes)


def _read_flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else None
    if word not in _WORDS_FOR_TRUE + _WORDS_FOR_FALSE:
        raise ValueError(value)
    return word in _WORDS_FOR_TRUE


def _read_texts(value: object) -> tuple[str, ...]:
    items = _split(value) if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)):
        raise ValueError(value)
    if not all(isinstance(item, str) and item.strip() for item in items):
        raise ValueError(value)
    return tuple(item.strip() for item in items)


def _split(given: str) -> object:
    if given.lstrip().startswith("["):
        try:
            return yaml.safe_load(given)
        except yaml.YAMLError as error:
            raise ValueError(given) from error
    return [item for item in given.split(",") if item.strip()]


def _show_texts(items: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, items))}]"


def _read_path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError(value)
    return Path(value).expanduser()


def _show_path(path: Path) -> str:
    return _quoted(str(path) if path.is_absolute() else f"./{path}")


def _quoted(item: str) -> str:
    return item if re.fullmatch(r"[A-Za-z0-9./_-]+", item) else f'"{item}"'


DURATION = seconds(0, expected="a number of seconds, 0 or more")
FLAG = Kind("true or false", _read_flag, show=lambda flag: str(flag).lower())
PATH = Kind("a path", _read_path, show=_show_path)
PORT = integer(0, 65535, expected="a port from 0 to 65535")
SIZE = Kind("a number of bytes, such as 65536, 64KiB or 5TiB", _read_size, show=_show_size)
TEXTS = Kind("text or a list of texts", _read_texts, show=_show_texts)
TIMEOUT = seconds(0.001, expected="a number of seconds above 0")
