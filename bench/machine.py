"""What was measured on: without it no figure means anything."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from bleepstore import __version__

_GIB = 1024**3


def describe(folder: Path) -> str:
    """A few lines of Markdown about the machine, its disk and the software.

    Args:
        folder: on the disk that was measured.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    return "\n".join(
        (
            f"- {_processor()}, {os.cpu_count()} cores for client and server, {memory:.0f} GiB",
            f"- {platform.system()} {platform.release()}, {_file_system(folder)}",
            f"- BleepStore {__version__}{_commit()}",
            f"- Python {platform.python_version()}, Twisted {version('twisted')}",
        )
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    return _output("findmnt", "-n", "-o", "FSTYPE", "-T", str(folder)) or "unknown file system"


def _commit() -> str:
    commit = _output("git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD")
    return f" ({commit})" if commit else ""


def _output(*command: str) -> str:
    """What a program says; nothing if it is not there."""
    try:
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
