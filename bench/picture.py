"""What was measured, to look at: how many times faster or slower than each peer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.ticker import FixedLocator, NullLocator

from .race.turns import Outcome
from .report import ratio
from .servers.server import Server

_ROW_INCHES = 0.27
_TICKS = (0.2, 0.5, 1, 2, 5, 10)
_LEAST, _MOST = 0.15, 12.0
"""Bars that would be longer end there; the figure beside them says how long they are."""


def draw(outcomes: Sequence[Outcome], servers: Sequence[Server], path: Path) -> None:
    """A bar for each contest and peer, on a logarithmic axis around 1; a line for what is asked for.

    Args:
        path: of the PNG file.
    """
    mpl.use("Agg")
    ours, peers = servers[0].name, [each.name for each in servers[1:] if each.has_buckets]
    shown = [each for each in outcomes if any(ratio(each, ours, peer) for peer in peers)]
    if not shown:
        return
    figure, axes = plt.subplots(figsize=(9, 1.2 + _ROW_INCHES * len(shown) * len(peers)))
    height = 0.8 / len(peers)
    for index, peer in enumerate(peers):
        suffix = f" {peer}" if len(peers) > 1 else ""
        for row, outcome in enumerate(shown):
            _draw_bar(axes, row + index * height, height, ratio(outcome, ours, peer), suffix)
    for row, outcome in enumerate(shown):
        if outcome.contest.asked_for is not None:
            top = row - height / 2
            axes.vlines(outcome.contest.asked_for, top, top + 0.8, color="#264653", linewidth=2)
    axes.set_xscale("log")
    axes.set_xlim(_LEAST, _MOST * 1.6)
    axes.xaxis.set_major_locator(FixedLocator(_TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [each.contest.name for each in shown], fontsize=8)
    axes.set_ylim(len(shown), -1)
    axes.set_xlabel(
        f"{ours}: times {' or '.join(peers)}; right of 1 it is faster. A dark mark: what was asked for"
    )
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _draw_bar(axes: Any, place: float, height: float, value: float | None, suffix: str) -> None:
    if value is None:
        return
    end = min(max(value, _LEAST), _MOST)
    axes.barh(place, end - 1, height, left=1.0, color="#2a9d8f" if value >= 1 else "#e76f51")
    figures = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    axes.text(max(end, 1.0) * 1.04, place, figures + suffix, va="center", fontsize=8)
