"""What a measurement is, and how a table of them looks."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen


@frozen
class Figure:
    """One line of the report.

    Attributes:
        what: the workload and the quantity.
        result: with its unit.
        asked_for: what it has to reach; empty where nothing was set.
    """

    what: str
    result: str
    asked_for: str = ""


def as_table(figures: Sequence[Figure]) -> str:
    """A Markdown table."""
    rows = [("measured", "result", "asked for"), ("---", "---:", "---")]
    rows += [(figure.what, figure.result, figure.asked_for) for figure in figures]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
