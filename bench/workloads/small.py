"""Small objects, one client against many: durable PUTs share their syncs, GETs share nothing."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.clients import ask_signed, presigned
from tests.e2e.daemon import Daemon

from .. import wrk
from ..figures import Figure
from .scale import Scale

_BODY_BYTES = 1024
_KEYS = 1000
_CLIENTS = (1, 32)


def measure(folder: Path, scale: Scale) -> list[Figure]:
    """PUT and GET of 1 KiB, at one and at 32 clients."""
    if not wrk.is_installed():
        return [Figure("PUT and GET, 1 KiB", wrk.HINT)]
    daemon = Daemon(folder)
    daemon.start()
    try:
        ask_signed(daemon, "PUT", "/bench")
        return _measure(daemon, "PUT", scale) + _measure(daemon, "GET", scale)
    finally:
        daemon.stop()


def _measure(daemon: Daemon, method: str, scale: Scale) -> list[Figure]:
    targets = [presigned(daemon, method, f"/bench/{n:04}", 3600) for n in range(_KEYS)]
    _fill(daemon, targets, method)
    kind = "PUT, durable" if method == "PUT" else "GET"
    figures, rates = [], []
    for clients in _CLIENTS:
        before = daemon.cpu_seconds
        load = wrk.drive(
            daemon.endpoint,
            method,
            targets,
            clients=clients,
            seconds=scale.seconds,
            body_bytes=_BODY_BYTES if method == "PUT" else 0,
        )
        cpu_us = (daemon.cpu_seconds - before) / load.requests * 1e6
        rates.append(load.per_second)
        figures.append(
            Figure(
                f"{kind}, 1 KiB, {clients} client{'s' if clients > 1 else ''}",
                f"{load.per_second:,.0f}/s; p50 {load.p50_ms:.1f} ms, p99 {load.p99_ms:.1f} ms; "
                f"{cpu_us:.0f} µs CPU each",
            )
        )
    ratio = Figure(f"{kind}, 32 clients against 1", f"{rates[1] / rates[0]:.1f} times")
    return [*figures, ratio]


def _fill(daemon: Daemon, targets: list[str], method: str) -> None:
    """See to it that each key is there to be read; a write makes its own."""
    if method == "PUT":
        return
    for number in range(len(targets)):
        ask_signed(daemon, "PUT", f"/bench/{number:04}", body=bytes(_BODY_BYTES))
