"""A configuration on its way to another process, which may run another version of the program.

After an upgrade the daemon starts workers from the new files with the configuration that the old
ones have read. Each version understands what others before or after it say, as far as it knows
it: what it does not know counts for nothing, and what it is not told has the default.
"""

from __future__ import annotations

import json
from typing import Any

from attrs import Attribute, fields

from .layers import plain, plant
from .loader import read_section
from .model import Config

_SOURCE = "the configuration of the daemon"


def dump(config: Config) -> bytes:
    """For :func:`restore`; it has secrets in it."""
    return json.dumps(_section(config), default=str).encode("ascii")


def restore(dumped: bytes) -> Config:
    """What another process has dumped.

    Raises:
        ConfigError: a value cannot be used by this version.
    """
    return read_section(Config, plant(json.loads(dumped), _SOURCE), "", is_lenient=True)


def _section(section: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = {}
    for each in fields(type(section)):
        value = getattr(section, each.name)
        if "others" in each.metadata:
            dumped |= {name: plain(given) for name, given in value.items()}
        else:
            dumped[each.name] = _setting(each, value)
    return dumped


def _setting(setting: Attribute[Any], value: Any) -> Any:
    if "section" in setting.metadata:
        return _section(value)
    if "sections" in setting.metadata:
        return [_section(each) for each in value]
    kind = setting.metadata["kind"]
    if value is None and kind.allows(None):
        return kind.show(None)  # a word, where nothing means the default
    return value
