"""Runs contests: each store in turns (A B A B), the others standing still meanwhile."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import psutil
from attrs import frozen

from ..servers.server import Server
from ..watch import Watch
from .contest import Contest, Sample, mean


@frozen
class Outcome:
    """What came of a contest.

    Attributes:
        samples: the mean of each store's rounds, by the store's name.
        problems: why stores that took part have none.
    """

    contest: Contest
    samples: dict[str, Sample]
    problems: list[str]


@contextmanager
def running(servers: Sequence[Server]) -> Iterator[None]:
    """While these run: stopped at the end, whatever ends it, also those whose start has failed."""
    with ExitStack() as stops:
        for server in servers:
            stops.callback(server.stop)
            server.start()
        yield


def run(contests: Sequence[Contest], servers: Sequence[Server], rounds: int) -> list[Outcome]:
    """Run contests one after the other. What fails in one is told, and leaves the others as they are."""
    with running(servers):
        return [_run(contest, servers, rounds) for contest in contests]


def _run(contest: Contest, servers: Sequence[Server], rounds: int) -> Outcome:
    print(f"measuring: {contest.name}", file=sys.stderr)
    taking_part = [server for server in servers if contest.can(server)]
    samples: dict[str, list[Sample]] = {server.name: [] for server in taking_part}
    problems: list[str] = []
    for turn in range(rounds + 1):
        for server in tuple(taking_part):
            with noted(f"{contest.name}, {server.name}", problems):
                if turn:
                    samples[server.name].append(_measure(contest, server, servers))
                else:
                    contest.prepare(server)
                continue
            taking_part.remove(server)
    means = {server.name: mean(samples[server.name]) for server in taking_part}
    return Outcome(contest, means, problems)


@contextmanager
def noted(what: str, problems: list[str]) -> Iterator[None]:
    """What fails is told and noted, and the rest goes on."""
    try:
        yield
    except Exception as error:
        traceback.print_exc()
        problems.append(f"{what}: {' '.join(str(error).split()) or type(error).__name__}")


def _measure(contest: Contest, server: Server, servers: Sequence[Server]) -> Sample:
    with _alone(server, servers), Watch(server) as watch:
        sample = contest.measure(server)
    print(f"  {server.name}: {sample.value:,.1f} {contest.unit}", file=sys.stderr)
    return watch.complete(sample)


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
