"""What ``twistd bleepstore`` accepts on its command line, and the service that it then runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from twisted.application.service import IService
from twisted.python import usage

from .. import __version__
from ..config.layers import Given, Override
from ..config.loader import load
from ..config.model import Config
from ..errors import ConfigError

_KEYS = {
    "host": ("server", "host"),
    "port": ("server", "port"),
    "log-level": ("logging", "level"),
    "log-format": ("logging", "format"),
    "shutdown-timeout": ("server", "shutdown_timeout"),
}


class Options(usage.Options):
    """The command line. ``settings`` is the configuration from it and all other sources."""

    longdesc = (
        "Runs BleepStore, an S3-compatible object store. All options override the configuration "
        "file and the environment."
    )
    optParameters = [
        ["config", "c", None, "Configuration file in YAML. [default: none, all defaults]"],
        ["host", None, None, "Address to listen on."],
        ["port", None, None, "TCP port; 0 for any free one. [default: 9000]"],
        ["log-level", None, None, "debug, info, warn or error. [default: info]"],
        ["log-format", None, None, "text or json. [default: text]"],
        ["shutdown-timeout", None, None, "Seconds that requests have to finish. [default: 30]"],
    ]
    settings: Config

    def opt_version(self) -> NoReturn:
        """Print BleepStore's version and exit."""
        sys.stdout.write(f"BleepStore {__version__}\n")
        raise SystemExit(0)

    def postOptions(self) -> None:
        """Load the configuration.

        What is wrong with it is said in one line and ends the program with code 1. A UsageError
        would do so too, but twistd prints all its options before the line.
        """
        path = Path(self["config"]) if self["config"] is not None else None
        try:
            self.settings = load(path, os.environ, self._overrides())
        except ConfigError as error:
            raise SystemExit(f"bleepstore: {error}") from None

    def _overrides(self) -> list[Override]:
        given = {name: self[name] for name in _KEYS if self[name] is not None}
        return [
            Override(_KEYS[name], Given(value, f"option --{name}")) for name, value in given.items()
        ]


def makeService(options: Options) -> IService:
    """The service for these options. Nothing is opened or started yet.

    What is wrong with the settings of a backend shows only here, and ends the program likewise.
    """
    # Imported here, so that the help text and a wrong configuration do not wait for all rooms,
    # and so that nothing settles on a reactor before twistd has chosen one.
    from twisted.internet import reactor

    from .crew import make_crew
    from .daemon import Daemon
    from .logs import LogChoice

    twistd_options: Any = getattr(options, "parent", {})
    logs = LogChoice(options.settings.logging, twistd_options)
    try:
        crew = make_crew(options.settings, reactor, logs)
    except ConfigError as error:
        raise SystemExit(f"bleepstore: {error}") from None
    return Daemon(options.settings, reactor, crew, logs)
