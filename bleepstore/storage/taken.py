"""What becomes of a blob that a replica is to have."""

from __future__ import annotations

from enum import Enum, auto


class Taken(Enum):
    """What became of it."""

    THERE = auto()  # from an earlier time
    LINKED = auto()
    COPIED = auto()
    MISSING = auto()  # the store does not have it, or not all of it
    NOT_OURS = auto()  # it is in no file
