"""Programs of others that speak S3, run in a folder of their own, with nothing of who runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import frozen

_PATIENCE_SECONDS = 120


@frozen
class Program:
    """A program and the environment that tells it where the daemon is.

    Args:
        command: the program and arguments that it always gets.
        folder: where it runs; its home, too.
    """

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]

    def __call__(self, *arguments: str) -> str:
        """Run it; answers what it prints, and fails if it fails."""
        done = self.run(*arguments)
        shown = " ".join([*self.command, *arguments])
        assert done.returncode == 0, f"{shown}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            **self.environment,
        }
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )


def find(name: str) -> str:
    """The path of a program; without it the test is skipped."""
    beside_python = Path(sys.executable).with_name(name)
    path = str(beside_python) if beside_python.exists() else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed (Debian: apt install {name})")
    return path


def write_tree(root: Path, tree: Mapping[str, bytes]) -> None:
    """Files of an hour ago: S3 knows whole seconds, so newer ones may seem to have changed."""
    an_hour_ago = time.time() - 3600
    for name, data in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (an_hour_ago, an_hour_ago))


def read_tree(root: Path) -> dict[str, bytes]:
    """The files below a folder."""
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
