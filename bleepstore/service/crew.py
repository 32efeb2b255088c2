"""Those who serve: one process by itself, or several with one that watches them."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Any, Protocol

from ..config.model import Config
from .assembly import assemble
from .doors import Doors
from .kept_store import keep
from .logs import LogChoice
from .reception import Reception
from .solo import Solo
from .supervisor import Supervisor
from .tally import Tally
from .tls import Tls
from .workers import start_worker


class Crew(Protocol):
    """Who serves, as the daemon sees them."""

    def start(self, doors: list[Doors]) -> Awaitable[None]:
        """Begin to serve at these doors; fires when all do.

        Args:
            doors: those of each process.

        May fail with what an operator can understand.
        """

    def stop(self, seconds: float) -> Awaitable[None]:
        """End: requests in flight have some seconds to finish. Also after a failed start."""

    def reload(self) -> None:
        """Read again what may change while clients are connected. Never fails, but logs."""

    def restart(self) -> None:
        """Replace the processes that serve, without a client noticing. Never fails, but logs."""


def make_crew(config: Config, reactor: Any, logs: LogChoice) -> Crew:
    """As many processes as the configuration says. Nothing is opened or started yet.

    Args:
        logs: where other processes' lines go.
    """
    tls = Tls(config.server.tls)
    if config.worker_count > 1:
        start = partial(start_worker, reactor, config, logs.relay)
        tally = Tally(config.observability.metrics)
        return Supervisor(reactor, keep(config, reactor), tls, tally, start)
    return Solo(Reception(reactor, assemble(config, reactor, logs.output), tls))
