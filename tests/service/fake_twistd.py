"""twistd around a fake house: what the daemon does as a process, without any room behind it.

The environment variable ``FAKE_HOUSE`` says how the house behaves: ``denied`` (its folder cannot
be written), ``broken`` (an unexpected error), or anything else for a house that works.
"""

from __future__ import annotations

import errno
import os
import sys
import types
from typing import Any

from twisted.internet.protocol import Factory
from twisted.protocols.wire import Echo
from twisted.scripts.twistd import run

from bleepstore.config.model import Config
from bleepstore.service.log_output import LogOutput


class FakeHouse:
    def __init__(self) -> None:
        self.site = Factory.forProtocol(Echo)
        self.office = None
        self._behaviour = os.environ.get("FAKE_HOUSE", "")

    async def start(self) -> None:
        if self._behaviour == "denied":
            raise PermissionError(errno.EACCES, "Permission denied", "/var/lib/store")
        if self._behaviour == "broken":
            raise ZeroDivisionError("by design")

    async def drain(self) -> None:
        pass

    def abort(self) -> None:
        pass

    async def stop(self) -> None:
        sys.__stdout__.write("house stopped\n")  # type: ignore[union-attr]

    async def wind_down(self) -> None:
        pass


def assemble(config: Config, reactor: Any, log_output: LogOutput) -> FakeHouse:
    return FakeHouse()


if __name__ == "__main__":
    assembly: Any = types.ModuleType("bleepstore.service.assembly")
    assembly.assemble = assemble
    assembly.assemble_headquarters = None  # there is one worker
    sys.modules[assembly.__name__] = assembly
    os.environ["BLEEPSTORE_SERVER__WORKERS"] = "1"
    run()
