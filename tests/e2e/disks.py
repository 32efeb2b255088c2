"""Disks that tests may fill and break: small file systems of their own. Only root can have them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MIB = 1024 * 1024
_SIZE_BYTES = 72 * MIB


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 72 MiB in memory."""
    folder.mkdir()
    _require("mount", "-t", "tmpfs", "-o", f"size={_SIZE_BYTES}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def real_disk(image: Path, folder: Path) -> Iterator[Path]:
    """An ext4 file system in a file; what is in the file stays for the next time."""
    folder.mkdir(exist_ok=True)
    if not image.exists():
        with image.open("wb") as file:
            file.truncate(128 * MIB)
        _require("mkfs.ext4", "-q", str(image))
    _require("mount", "-o", "loop,errors=remount-ro", str(image), str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fail_disk(folder: Path) -> None:
    """Let an ext4 file system find an error: it allows no writing from then on."""
    device = Path(_device_of(folder)).name
    trigger = Path("/sys/fs/ext4") / device / "trigger_fs_error"
    if not trigger.exists():
        pytest.skip("this kernel does not let ext4 fail")
    trigger.write_text("a test")


def fill(folder: Path) -> Path:
    """Take all the room that a file system has left; answers the file that has it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(MIB))
        except OSError:
            return filler


def _device_of(folder: Path) -> str:
    for line in Path("/proc/mounts").read_text().splitlines():
        device, place, *_ = line.split()
        if place == str(folder):
            return device
    raise AssertionError(f"nothing is mounted at {folder}")


def _require(*command: str) -> None:
    """Run a command that needs rights; without them the test is skipped."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"{command[0]} does not work here: {error}")
