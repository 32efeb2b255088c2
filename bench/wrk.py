"""Small requests at full speed: wrk with presigned URLs, a client that costs every server the same.

The URLs are signed beforehand, so that the client does nothing but send.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

_SCRIPT = Path(__file__).with_name("wrk.lua")

_PATIENCE = "60s"  # wrk's own 2 s are less than 256 clients with 1 MiB each take

# Of one, downloads of 1 MiB by 256 clients take all there is: the kernel has it send what the server's
# sockets hold.
_THREADS = 2


@frozen
class Load:
    """What clients got.

    Attributes:
        requests: answered with success.
        p50_ms, p99_ms: latency of the middle request, and of the slowest but one in a hundred.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def drive(
    endpoint: str,
    method: str,
    targets: Sequence[str],
    *,
    clients: int,
    seconds: int,
    body_bytes: int = 0,
    once: bool = False,
) -> Load:
    """Send presigned requests, each client one after the other.

    Args:
        once: end when each target was asked for, not only when the time is over.

    Raises:
        RuntimeError: a request was not answered with success.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".targets") as file:
        file.write("\n".join(targets))
        file.flush()
        threads = 1 if once or clients % _THREADS else _THREADS
        options = [
            "--threads",
            str(threads),
            "--connections",
            str(clients),
            "--duration",
            f"{seconds}s",
        ]
        options += ["--timeout", _PATIENCE]
        arguments = [method, file.name, str(body_bytes), *(["once"] if once else [])]
        done = subprocess.run(
            ["wrk", *options, "--script", str(_SCRIPT), endpoint, "--", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    counted = json.loads(done.stdout.splitlines()[-1])
    is_short = once and counted["requests"] < len(targets)
    if counted.pop("failed") or is_short or not counted["requests"]:
        raise RuntimeError(f"requests failed:\n{done.stdout}")
    return Load(**counted)
