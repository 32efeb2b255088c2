"""What a field of a section says of itself: what it may be, and in words what it does.

The loader, the commented file ``etc/bleepstore.yaml`` and the documentation all follow from that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import Attribute

from .kinds import Kind


def about(kind: Kind, doc: str) -> dict[str, Any]:
    """The metadata of a field that holds one value."""
    return {"kind": kind, "doc": doc}


def section(cls: type, doc: str) -> dict[str, Any]:
    """The metadata of a field that holds a section."""
    return {"section": cls, "doc": doc}


def sections(cls: type, doc: str) -> dict[str, Any]:
    """The metadata of a field that holds a list of sections."""
    return {"sections": cls, "doc": doc}


def others(is_known: Callable[[str], bool]) -> dict[str, Any]:
    """The metadata of a field that holds, unread, what is given under keys known elsewhere."""
    return {"others": is_known}


def checked(_: type, fields: list[Attribute[Any]]) -> list[Attribute[Any]]:
    """The fields, each with its kind as validator: a ``field_transformer`` for attrs."""
    return [
        each.evolve(validator=_validate) if "kind" in each.metadata else each for each in fields
    ]


def _validate(_: object, attribute: Attribute[Any], value: object) -> None:
    kind: Kind = attribute.metadata["kind"]
    if value is not None and not kind.allows(value):
        raise ValueError(f"{attribute.name}: expected {kind.expected}")
