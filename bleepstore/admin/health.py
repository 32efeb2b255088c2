"""``/healthz``, ``/readyz`` and ``/health``: whether the daemon is alive, and whether it can work."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..values import Reply, RequestHead
from .checkup import Check, Checkup

Page = Callable[[RequestHead], Awaitable[Reply]]

_JSON = ("content-type", "application/json")
_TEXT = ("content-type", "text/plain; charset=utf-8")


PATHS = {
    "/healthz": "Whether the daemon is alive.",
    "/readyz": "Whether it can work: 503 if metadata or storage do not answer.",
    "/health": "Each check and how long it took, as JSON; 503 if one fails.",
}


class Health:
    """Answers health requests.

    Args:
        checks: what must not fail, by name.
        reactor: for time limits.
    """

    def __init__(self, checks: Mapping[str, Check], reactor: Any) -> None:
        self._checkups = {name: Checkup(name, check, reactor) for name, check in checks.items()}

    def pages(self) -> dict[str, Page]:
        """The pages by path."""
        return {"/healthz": self._alive, "/readyz": self._ready, "/health": self._report}

    async def _alive(self, head: RequestHead) -> Reply:
        return Reply(200, (_TEXT,), b"ok\n")

    async def _ready(self, head: RequestHead) -> Reply:
        outcomes = [(name, await checkup.outcome()) for name, checkup in self._checkups.items()]
        failed = [name for name, outcome in outcomes if not outcome.is_good]
        if failed:
            return Reply(503, (_TEXT,), f"not ready: {', '.join(failed)}\n".encode())
        return Reply(200, (_TEXT,), b"ready\n")

    async def _report(self, head: RequestHead) -> Reply:
        checks: dict[str, Any] = {}
        for name, checkup in self._checkups.items():
            outcome = await checkup.outcome()
            checks[name] = {"ok": outcome.is_good, "latency_ms": outcome.latency_ms}
        healthy = all(check["ok"] for check in checks.values())
        document = {"status": "ok" if healthy else "failing", "checks": checks}
        body = json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"
        return Reply(200 if healthy else 503, (_JSON,), body)
