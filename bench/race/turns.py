"""Runs contests: each store in turns (A B A B), the others standing still meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil
from attrs import frozen

from ..servers.server import Server
from .contest import Contest, Sample, mean


@frozen
class Outcome:
    """What came of a contest: the mean of each store's rounds, by the store's name."""

    contest: Contest
    samples: dict[str, Sample]


def run(contests: Sequence[Contest], servers: Sequence[Server], rounds: int) -> list[Outcome]:
    """Run contests one after the other; all servers are started here, and stopped at the end."""
    started: list[Server] = []
    try:
        for server in servers:
            server.start()
            started.append(server)
        return [_run(contest, servers, rounds) for contest in contests]
    finally:
        for server in started:
            server.stop()


def _run(contest: Contest, servers: Sequence[Server], rounds: int) -> Outcome:
    print(f"measuring: {contest.name}", file=sys.stderr)
    taking_part = [server for server in servers if contest.can(server)]
    for server in taking_part:
        contest.prepare(server)
    samples: dict[str, list[Sample]] = {server.name: [] for server in taking_part}
    for _ in range(rounds):
        for server in taking_part:
            with _alone(server, servers):
                sample = contest.measure(server)
            samples[server.name].append(sample)
            print(f"  {server.name}: {sample.value:,.1f} {contest.unit}", file=sys.stderr)
    return Outcome(contest, {name: mean(each) for name, each in samples.items()})


@contextmanager
def _alone(server: Server, servers: Sequence[Server]) -> Iterator[None]:
    """While the others are stopped by a signal: what they do by themselves costs nothing then."""
    others = [process for each in servers if each is not server for process in _tree(each)]
    for process in others:
        process.suspend()
    try:
        yield
    finally:
        for process in others:
            process.resume()


def _tree(server: Server) -> list[psutil.Process]:
    if server.pid is None:
        return []
    root = psutil.Process(server.pid)
    return [root, *root.children(recursive=True)]
