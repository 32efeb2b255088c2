"""What a measurement of BleepStore alone is."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from .tables import Table


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


def as_table(figures: Sequence[Figure]) -> Table:
    """A row for each."""
    rows = [(figure.what, figure.result, figure.asked_for) for figure in figures]
    return [("BleepStore alone", "result", "asked for"), *rows]
