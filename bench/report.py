"""What was measured: a line for each contest."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from .race.contest import PROCESSORS, Contest, Sample
from .race.turns import Outcome
from .servers.server import Server
from .tables import Table, without_empty_columns

_MIB = 1024 * 1024
_HEADS_OF_A_STORE = ("p50, p99 ms", "CPU", "most memory")
_NOTHING = ("",) * (1 + len(_HEADS_OF_A_STORE))


def ratio(outcome: Outcome, ours: str, theirs: str) -> float | None:
    """How much better the first store is than the second: above 1 for more, or for less time."""
    if not {ours, theirs} <= outcome.samples.keys():
        return None
    mine, other = outcome.samples[ours].value, outcome.samples[theirs].value
    if not (mine and other):
        return None
    return mine / other if outcome.contest.is_more_better else other / mine


def by_kind(outcomes: Sequence[Outcome]) -> Sequence[Sequence[Outcome]]:
    """Those in which requests were timed, then the others, which have other columns."""
    timed = [each for each in outcomes if _times_requests(each)]
    others = [each for each in outcomes if not _times_requests(each)]
    return [each for each in (timed, others) if each]


def _times_requests(outcome: Outcome) -> bool:
    return any(sample.p50_ms is not None for sample in outcome.samples.values())


def outcomes_table(
    outcomes: Sequence[Outcome], servers: Sequence[Server], limits: Mapping[str, float]
) -> Table:
    """A line for each contest; for each store some columns, and the ratio of the first to it."""
    names = [server.name for server in servers]
    first, peers = names[0], [server.name for server in servers[1:] if server.has_buckets]
    stores = [head for name in names for head in (name, *_HEADS_OF_A_STORE)]
    rows = [
        ["measured", *stores, *(f"times {peer}" for peer in peers), "asked for", "of the limit"]
    ]
    for outcome in outcomes:
        contest, samples = outcome.contest, outcome.samples
        ratios = [ratio(outcome, first, peer) for peer in peers]
        rows.append(
            [
                contest.name,
                *(cell for name in names for cell in _cells(contest, samples.get(name))),
                *("" if each is None else f"{each:,.2f}" for each in ratios),
                contest.aim,
                _share(outcome, first, limits),
            ]
        )
    return without_empty_columns(rows)


def _cells(contest: Contest, sample: Sample | None) -> Sequence[str]:
    if sample is None:
        return _NOTHING
    latency = cpu = memory = ""
    if sample.p50_ms is not None and sample.p99_ms is not None:
        latency = f"{sample.p50_ms:,.1f}, {sample.p99_ms:,.1f}"
    if sample.cpu_us is not None:
        cpu = f"{sample.cpu_us:,.0f} µs"
    elif sample.cpu_seconds is not None:
        cpu = f"{_number(sample.cpu_seconds)} s"
    if sample.memory_bytes is not None:
        memory = f"{sample.memory_bytes / _MIB:,.0f} MiB"
    return f"{_number(sample.value)} {contest.unit}", latency, cpu, memory


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _share(outcome: Outcome, ours: str, limits: Mapping[str, float]) -> str:
    """How much of what binds it our store uses."""
    contest, sample = outcome.contest, outcome.samples.get(ours)
    if sample is None:
        return ""
    if contest.limit == PROCESSORS and sample.cpu_us is not None:
        share = sample.value * sample.cpu_us / 1e6 / (os.cpu_count() or 1)
    elif contest.limit == "nginx" and "nginx" in outcome.samples:
        share = sample.value / outcome.samples["nginx"].value
    elif contest.limit in limits:
        share = sample.value * contest.limit_each / limits[contest.limit]
    else:
        return ""
    return f"{share:.0%} of {contest.limit}"


def servers_list(servers: Sequence[Server]) -> str:
    """How each store treats writes."""
    return "\n".join(
        f"- {server.name}{_version(server)} syncs {server.syncs}" for server in servers
    )


def _version(server: Server) -> str:
    return f" {server.version}" if server.version else ""


def limits_list(limits: Mapping[str, float]) -> str:
    """The machine's limits."""
    return "\n".join(f"- {name}: {_number(value)} {_unit(name)}" for name, value in limits.items())


def _unit(name: str) -> str:
    return "/s" if name.startswith("syncs") else "MB/s"
