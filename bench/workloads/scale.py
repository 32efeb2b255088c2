"""How long and how much is measured."""

from __future__ import annotations

from attrs import frozen


@frozen
class Scale:
    """The size of a run.

    Attributes:
        seconds: of each load of small requests.
        objects: in the store that is full.
        idle_seconds: during which nothing is asked.
    """

    seconds: int
    objects: int
    idle_seconds: int
