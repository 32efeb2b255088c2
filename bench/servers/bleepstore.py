"""BleepStore itself, as a user would run it: durable, with a worker for each core."""

from __future__ import annotations

import signal
from pathlib import Path

from bleepstore import __version__
from tests.e2e.daemon import ALICE, REGION, Daemon

from .server import Account, Server


class BleepStore(Server):
    """The daemon of this checkout."""

    name = "BleepStore"
    syncs = "every write, before it is answered"
    version = __version__

    def __init__(self, folder: Path) -> None:
        self.daemon = Daemon(
            folder, {"server": {"workers": "auto"}, "storage": {"backend": "local"}}
        )

    @property
    def account(self) -> Account:
        return Account(self.daemon.endpoint, ALICE.access_key, ALICE.secret_key, REGION)

    def start(self) -> None:
        self.daemon.start()

    def stop(self) -> None:
        if self.daemon.is_running:
            self.daemon.signal(signal.SIGTERM)  # which may come behind a terminal's Ctrl-C

    @property
    def pid(self) -> int | None:
        return self.daemon.pid if self.daemon.is_running else None
