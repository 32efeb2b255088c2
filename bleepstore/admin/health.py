"""``/healthz``, ``/readyz`` and ``/health``: whether the daemon is alive, and whether it can work."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping

import txaio
from attrs import frozen
from twisted.python.failure import Failure

from ..values import Reply, RequestHead

log = txaio.make_logger()

Check = Callable[[], Awaitable[object]]
Page = Callable[[RequestHead], Awaitable[Reply]]

_JSON = ("content-type", "application/json")
_TEXT = ("content-type", "text/plain; charset=utf-8")


PATHS = {
    "/healthz": "Whether the daemon is alive.",
    "/readyz": "Whether it can work: 503 if metadata or storage do not answer.",
    "/health": "Each check and how long it took, as JSON; 503 if one fails.",
}


@frozen
class Health:
    """Answers health requests by running ``checks``: name → what must not fail."""

    _checks: Mapping[str, Check]

    def pages(self) -> dict[str, Page]:
        """The pages by path."""
        return {"/healthz": self._alive, "/readyz": self._ready, "/health": self._report}

    async def _alive(self, head: RequestHead) -> Reply:
        return Reply(200, (_TEXT,), b"ok\n")

    async def _ready(self, head: RequestHead) -> Reply:
        failed = [name for name, outcome in (await self._run()).items() if not outcome["ok"]]
        if failed:
            return Reply(503, (_TEXT,), f"not ready: {', '.join(failed)}\n".encode())
        return Reply(200, (_TEXT,), b"ready\n")

    async def _report(self, head: RequestHead) -> Reply:
        outcomes = await self._run()
        healthy = all(outcome["ok"] for outcome in outcomes.values())
        document = {"status": "ok" if healthy else "failing", "checks": outcomes}
        body = json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"
        return Reply(200 if healthy else 503, (_JSON,), body)

    async def _run(self) -> dict[str, dict[str, object]]:
        return {name: await _outcome(name, check) for name, check in self._checks.items()}


async def _outcome(name: str, check: Check) -> dict[str, object]:
    began = time.monotonic()
    try:
        await check()
    except Exception:
        log.failure("health check {name} failed", failure=Failure(), name=name)
        return {"ok": False, "latency_ms": _since(began)}
    return {"ok": True, "latency_ms": _since(began)}


def _since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 3)
