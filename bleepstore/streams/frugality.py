"""Keeps failures from keeping bytes."""

from __future__ import annotations

from collections.abc import Awaitable
from traceback import clear_frames
from typing import TypeVar

T = TypeVar("T")


async def frugally(work: Awaitable[T]) -> T:
    """Wait for work that moves bytes; if it fails, leave these to nobody.

    A failure refers to the frames that it came through, and these to blocks of bytes. It is often in
    a cycle of references, and those are collected seldom: each upload that a client leaves would
    keep some MiB.
    """
    try:
        return await work
    except BaseException as error:
        clear_frames(error.__traceback__)
        raise
