"""How much is measured."""

from __future__ import annotations

from attrs import frozen


@frozen
class Scale:
    """The size of a run.

    Attributes:
        objects: in the store that is full.
    """

    objects: int
