"""The commented configuration file, written from the model so that the two cannot disagree.

``python -m bleepstore.config.sample > etc/bleepstore.yaml`` writes it anew.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from attrs import Attribute, fields

from .kinds import Kind
from .model import Config

_WIDTH = 100
_INDENT = "  "
_PREFACE = """\
BleepStore's configuration: every key with its default.

Each key can also be set in the environment, with two underscores for each dot:
server.port is BLEEPSTORE_SERVER__PORT, and the secret key of the first of auth.users is
BLEEPSTORE_AUTH__USERS__0__SECRET_KEY. The command line wins over the environment, and the
environment over this file.

Relative paths start at the folder in which the daemon is started.
"""


def sample() -> str:
    """The text of ``etc/bleepstore.yaml``; loading it gives the defaults."""
    preface = "".join(f"# {line}".rstrip() + "\n" for line in _PREFACE.splitlines())
    return preface + "\n".join(_section(Config, "")) + "\n"


def _section(cls: type, indent: str) -> Iterator[str]:
    for setting in fields(cls):
        if "others" in setting.metadata:
            continue
        if indent == "" or "section" in setting.metadata:
            yield ""
        yield from _comment(setting.metadata["doc"], f"{indent}# ")
        yield from _setting(setting, indent)


def _setting(setting: Attribute[Any], indent: str) -> Iterator[str]:
    if "section" in setting.metadata:
        yield f"{indent}{setting.name}:"
        yield from _section(setting.metadata["section"], indent + _INDENT)
    elif "sections" in setting.metadata:
        yield from _entry(setting.metadata["sections"], indent)
        yield f"{indent}{setting.name}: []"
    elif setting.default is None:
        yield f"{indent}#{setting.name}:"
    else:
        kind: Kind = setting.metadata["kind"]
        yield f"{indent}{setting.name}: {kind.show(setting.default)}"


def _entry(cls: type, indent: str) -> Iterator[str]:
    """What an entry of a list may hold; as the list is empty by default, in words only."""
    for setting in fields(cls):
        doc = f"{setting.name}: {setting.metadata['doc']}"
        yield from _comment(doc, f"{indent}#   ", f"{indent}#     ")


def _comment(doc: str, first: str, following: str | None = None) -> list[str]:
    following = first if following is None else following
    return textwrap.wrap(doc, _WIDTH, initial_indent=first, subsequent_indent=following)


if __name__ == "__main__":
    sys.stdout.write(sample())
