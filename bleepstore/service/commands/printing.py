"""What commands print: JSON for programs, columns and plain words for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...clock import to_datetime
from ..log_lines import printable

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


class NotHeard(Exception):
    """What a command has to say cannot be printed.

    Args:
        problem: why; empty where whoever read it has seen enough.
    """


@contextmanager
def output() -> Iterator[None]:
    """Write to the standard output in here.

    Raises:
        NotHeard: it cannot be written. Nothing more will be tried, not at the program's end either.
    """
    try:
        yield
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        is_enough = isinstance(error, BrokenPipeError)
        raise NotHeard("" if is_enough else error.strerror) from error


def end() -> None:
    """Print what waits in the memory. Raises as :func:`output` does."""
    with output():
        sys.stdout.flush()


def show_json(document: Any) -> None:
    """Print one JSON document, its keys sorted."""
    show(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))


def show(text: str) -> None:
    """Print a line, or several."""
    with output():
        sys.stdout.write(text + "\n")


def show_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns as wide as they need; numbers stand at the right."""
    cells = [list(heads)] + [[_cell(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    is_number = [
        bool(rows) and all(isinstance(row[i], int) for row in rows) for i in range(len(heads))
    ]
    for line in cells:
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, is_number, strict=True)
        )
        show("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    """Without what would move a terminal's cursor: not all names were checked by a command."""
    return printable(str(value))


def size(size_bytes: int) -> str:
    """A number of bytes in the unit that suits it."""
    amount, unit = float(size_bytes), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{size_bytes} {_UNITS[0]}"


def time(instant_ms: int) -> str:
    """``2026-11-23T09:00:00Z``; ``-`` for 0, which is never."""
    return to_datetime(instant_ms).strftime("%Y-%m-%dT%H:%M:%SZ") if instant_ms else "-"
