"""``bleepstore-admin`` on a daemon's store, as an operator runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from tests.e2e.daemon import ROOT, Daemon
from tests.e2e.waiting import PATIENCE_SECONDS


def admin(daemon: Daemon, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the daemon's configuration."""
    process = admin_process(daemon, *arguments)
    try:
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def admin_process(
    daemon: Daemon,
    *arguments: str,
    stdout: IO[bytes] | int = subprocess.PIPE,
    closing: int | None = None,
) -> subprocess.Popen[str]:
    """Begin a command.

    Args:
        closing: the number of a file that is closed before, as by ``>&-``.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BLEEPSTORE_")}
    environment["PYTHONPATH"] = str(ROOT)
    program = "from bleepstore.service.admin_command import main; main()"
    command = [sys.executable, "-c", program, "--config", str(daemon.configuration_path)]
    closed = [] if closing is None else ["sh", "-c", f'exec "$@" {closing}>&-', "sh"]
    return subprocess.Popen(
        [*closed, *command, *arguments],
        cwd=daemon.folder,
        env=environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def admin_json(daemon: Daemon, *arguments: str, code: int = 0) -> Any:
    """What a command prints for programs."""
    done = admin(daemon, *arguments, "--json")
    assert (done.returncode, done.stderr) == (code, ""), done.stdout + done.stderr
    return json.loads(done.stdout)


def fsck(daemon: Daemon, *arguments: str) -> dict[str, Any]:
    """The findings of ``fsck``."""
    done = admin(daemon, "fsck", "--json", *arguments)
    assert done.stderr == ""
    findings: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if findings["problems"] else 0)
    return findings


def assert_sound(daemon: Daemon) -> None:
    """``fsck`` finds nothing wrong."""
    done = admin(daemon, "fsck")
    assert done.returncode == 0, done.stdout + done.stderr


def some_file(daemon: Daemon) -> Path:
    """One of the store's files."""
    return next(path for path in (daemon.objects_path / "blobs").rglob("*") if path.is_file())
