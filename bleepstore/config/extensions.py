"""Storage backends that other packages bring along, as far as the configuration knows of them."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from .kinds import Kind, choice

BACKENDS = ("local", "memory", "sqlite", "aws", "gcp", "azure")
"""Our own."""

_GROUP = "bleepstore.backends"


def find_backend(name: str) -> EntryPoint | None:
    """The entry point of an installed backend that is not ours; None if there is none."""
    if name in BACKENDS:
        return None
    return next(iter(entry_points(group=_GROUP, name=name)), None)


def backend_name() -> Kind:
    """The name of a backend, ours or an installed one."""
    ours = choice(*BACKENDS)

    def read(value: object) -> str:
        if isinstance(value, str) and find_backend(value) is not None:
            return value
        return str(ours.read(value))

    return Kind(f"{ours.expected}, or the name of an installed backend", read)
