"""A store that only pretends, and a contest in which it takes part."""

from __future__ import annotations

from bench.race.contest import Contest, Sample
from bench.servers.server import Account, Server


class FakeStore(Server):
    """Notes whether it runs.

    Args:
        value: what is measured of it; an exception is raised instead.
        trouble: raised when it starts, which leaves something behind.
    """

    syncs = "nothing"

    def __init__(
        self, name: str, value: float | Exception = 1.0, trouble: BaseException | None = None
    ) -> None:
        self.name = name
        self.value = value
        self.is_running = False
        self._trouble = trouble

    @property
    def account(self) -> Account:
        return Account("http://127.0.0.1:1", "bench", "bench-secret")

    def start(self) -> None:
        self.is_running = True
        if self._trouble is not None:
            raise self._trouble

    def stop(self) -> None:
        self.is_running = False

    @property
    def pid(self) -> None:
        return None


class FakeContest(Contest):
    """Asks each store for its value."""

    unit = "/s"

    def __init__(self, name: str = "guess") -> None:
        self.name = name

    def prepare(self, server: Server) -> None:
        assert isinstance(server, FakeStore)
        assert server.is_running

    def measure(self, server: Server) -> Sample:
        assert isinstance(server, FakeStore)
        if isinstance(server.value, Exception):
            raise server.value
        return Sample(server.value, 1.5, 20.25, cpu_us=1000.0)


class FakeStream(FakeContest):
    """Without single requests, so that there is no latency."""

    def measure(self, server: Server) -> Sample:
        return Sample(super().measure(server).value)
