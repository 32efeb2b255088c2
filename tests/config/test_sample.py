"""The configuration file that is shipped says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import fields

from bleepstore.config.kinds import SIZE
from bleepstore.config.loader import load
from bleepstore.config.model import Config
from bleepstore.config.sample import sample

SHIPPED = Path(__file__).parents[2] / "etc" / "bleepstore.yaml"


def names(cls: type) -> set[str]:
    found = set()
    for setting in fields(cls):
        if "others" in setting.metadata:
            continue  # not a key, but a place for the keys of others
        found.add(setting.name)
        below = setting.metadata.get("section") or setting.metadata.get("sections")
        if below:
            found |= names(below)
    return found


def test_as_shipped_it_is_the_defaults() -> None:
    assert load(SHIPPED, {}) == Config()


def test_it_is_up_to_date() -> None:
    assert SHIPPED.read_text("utf-8") == sample(), (
        "write it anew: python -m bleepstore.config.sample > etc/bleepstore.yaml"
    )


@pytest.mark.parametrize("name", sorted(names(Config)))
def test_every_key_is_in_it(name: str) -> None:
    assert re.search(rf"^[ #]*{name}:", SHIPPED.read_text("utf-8"), re.M)


@pytest.mark.parametrize("size_bytes", [0, 1, 1023, 1024, 65536, 5 * 1024**4, 3 * 1024**2 + 1])
def test_sizes_are_shown_as_they_are_read(size_bytes: int) -> None:
    assert SIZE.read(SIZE.show(size_bytes)) == size_bytes
