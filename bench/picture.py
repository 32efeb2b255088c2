"""What was measured, to look at: how many times faster or slower than each peer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

from .race.turns import Outcome
from .report import ratio
from .servers.server import Server

_ROW_INCHES = 0.32


def draw(outcomes: Sequence[Outcome], servers: Sequence[Server], path: Path) -> None:
    """A bar for each contest and peer, on a logarithmic axis around 1.

    Args:
        path: of the PNG file.
    """
    mpl.use("Agg")
    ours, peers = servers[0].name, [each.name for each in servers[1:] if each.has_buckets]
    shown = [each for each in outcomes if any(ratio(each, ours, peer) for peer in peers)]
    if not shown:
        return
    figure, axes = plt.subplots(figsize=(9, 1.5 + _ROW_INCHES * len(shown) * len(peers)))
    height = 0.8 / len(peers)
    for index, peer in enumerate(peers):
        ratios = [ratio(each, ours, peer) or 1.0 for each in shown]
        places = [row + index * height for row in range(len(shown))]
        colors = ["#2a9d8f" if each >= 1 else "#e76f51" for each in ratios]
        bars = axes.barh(
            places, [each - 1 for each in ratios], height, left=1.0, color=colors, label=peer
        )
        axes.bar_label(bars, [f"{each:.2f} times {peer}" for each in ratios], padding=3, fontsize=8)
    axes.set_xscale("log")
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [each.contest.name for each in shown], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.25)
    axes.set_xlabel(f"{ours} against its peers; right of the line it is faster")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
