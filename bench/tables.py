"""Texts and tables, as Markdown or as reStructuredText."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

Table = Sequence[Sequence[str]]
"""Rows of equal length; the first one has the heads."""

Report = Sequence[str | Table]
"""Texts are the same in both formats: paragraphs and lists."""


def as_markdown(report: Report) -> str:
    """For people to paste."""
    return _render(report, _markdown_table)


def as_rst(report: Report) -> str:
    """For a page of documentation to include."""
    return _render(report, _rst_table)


def without_empty_columns(table: Table) -> Table:
    """Without columns that have nothing but a head."""
    kept = [number for number, cells in enumerate(zip(*table, strict=True)) if any(cells[1:])]
    return [[row[number] for number in kept] for row in table]


def _render(report: Report, render_table: Callable[[Table], str]) -> str:
    parts = (part if isinstance(part, str) else render_table(part) for part in report)
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown_table(table: Table) -> str:
    heads, *rows = table
    line = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, line, *rows))


def _rst_table(table: Table) -> str:
    lines = io.StringIO()
    csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)
    body = "".join(f"   {line}\n" for line in lines.getvalue().splitlines())
    return f".. csv-table::\n   :header-rows: 1\n\n{body}".rstrip("\n")
