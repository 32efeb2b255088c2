"""Those who serve: one process by itself, or several with one that watches them."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Any, Protocol

from ..config.model import Config
from .doors import Doors
from .listeners import Door
from .logs import LogChoice
from .office import Office
from .reception import Reception
from .rooms import Headquarters
from .solo import Solo
from .supervisor import Supervisor
from .tally import Tally
from .tls import Tls
from .workers import start_worker


class Crew(Protocol):
    """Who serves, as the daemon sees them."""

    def start(self, doors: list[Doors], office: Door | None = None) -> Awaitable[None]:
        """Begin to serve at these doors; fires when all do.

        Args:
            doors: those of each process.
            office: where the pages for operators are, if they have an address of their own.

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
        open_store = partial(_headquarters, config, reactor, logs.output)
        return Supervisor(reactor, open_store, tls, Tally(config.observability.metrics), start)
    from .assembly import assemble

    house = assemble(config, reactor, logs.output)
    return Solo(Reception(reactor, house, tls), Office(reactor, house.office), tls)


def _headquarters(*arguments: Any) -> Headquarters:
    # Imported here, so that the workers, who are started before, load the rooms at the same time.
    from .assembly import assemble_headquarters

    return assemble_headquarters(*arguments)
