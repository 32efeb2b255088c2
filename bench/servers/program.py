"""A program of somebody else, started in a folder, which answers on a port after a while."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_PATIENCE_SECONDS = 60
_POLL_SECONDS = 0.05
_LAST_WORDS = 500


def find_program(name: str) -> str | None:
    """The path of a program, beside this Python or anywhere on the path."""
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return str(beside) if beside.exists() else found


def first_version(name: str, option: str) -> str:
    """The first thing like a version that a program says of itself; empty if there is none."""
    program = find_program(name)
    if program is None:
        return ""
    said = subprocess.run(
        [program, option], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    ).stdout
    found = re.search(r"\d+(\.\d+)+", said)
    return found[0] if found else ""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Program:
    """Runs from :meth:`start` to :meth:`stop`; what it prints goes to ``log`` in its folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def start(self, command: Sequence[str], port: int) -> None:
        """Start, and wait until the port answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env={**os.environ, **self._environment},
                stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _answers(port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} does not answer: {self.last_words()}")
            time.sleep(_POLL_SECONDS)

    def last_words(self) -> str:
        """The end of its log: the file does not outlive the run."""
        return (self._folder / "log").read_text(errors="replace")[-_LAST_WORDS:]

    def stop(self) -> None:
        """End it, with patience at first."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
