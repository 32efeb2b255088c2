"""What was measured, as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .race.contest import Contest, Sample
from .race.turns import Outcome
from .servers.server import Server

_MIB = 1024 * 1024


def ratio(outcome: Outcome, ours: str, theirs: str) -> float | None:
    """How much better the first store is than the second: above 1 for more, or for less time."""
    if not {ours, theirs} <= outcome.samples.keys():
        return None
    mine, other = outcome.samples[ours].value, outcome.samples[theirs].value
    if not (mine and other):
        return None
    return mine / other if outcome.contest.is_more_better else other / mine


def outcomes_table(
    outcomes: Sequence[Outcome], servers: Sequence[Server], limits: Mapping[str, float]
) -> str:
    """A line for each contest, a column for each store, and the ratios of the first to the others."""
    names = [server.name for server in servers]
    first, peers = names[0], [server.name for server in servers[1:] if server.has_buckets]
    heads = ["measured", *names, *(f"times {peer}" for peer in peers), "asked for", "of the limit"]
    rows = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    for outcome in outcomes:
        ratios = [ratio(outcome, first, peer) for peer in peers]
        rows.append(
            [
                outcome.contest.name,
                *(_cell(outcome.contest, outcome.samples.get(name)) for name in names),
                *("" if each is None else f"**{each:.2f}**" for each in ratios),
                "" if outcome.contest.asked_for is None else f"{outcome.contest.asked_for:.2f}",
                _share(outcome, first, limits),
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(contest: Contest, sample: Sample | None) -> str:
    if sample is None:
        return ""
    parts = [f"{_number(sample.value)} {contest.unit}"]
    if sample.p50_ms is not None and sample.p99_ms is not None:
        parts.append(f"p50 {sample.p50_ms:.1f}, p99 {sample.p99_ms:.1f} ms")
    if sample.cpu_us is not None:
        parts.append(f"{sample.cpu_us:,.0f} µs CPU")
    if sample.memory_bytes is not None:
        parts.append(f"{sample.memory_bytes / _MIB:,.0f} MiB")
    return "; ".join(parts)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _share(outcome: Outcome, ours: str, limits: Mapping[str, float]) -> str:
    """How much of what binds it our store uses."""
    name = outcome.contest.limit
    if name == "nginx" and "nginx" in outcome.samples:
        limit = outcome.samples["nginx"].value
    elif name in limits:
        limit = limits[name]
    else:
        return ""
    share = outcome.samples[ours].value * outcome.contest.limit_each / limit
    return f"{share:.0%} of {name}"


def servers_list(servers: Sequence[Server]) -> str:
    """How each store treats writes."""
    return "\n".join(f"- {server.name} syncs: {server.syncs}" for server in servers)


def limits_list(limits: Mapping[str, float]) -> str:
    """The machine's limits."""
    return "\n".join(f"- {name}: {_number(value)} {_unit(name)}" for name, value in limits.items())


def _unit(name: str) -> str:
    return "/s" if name.startswith("syncs") else "MB/s"
