"""Pages that follow from the program: its configuration, and the operations of S3 that it has.

``.. configuration::`` writes out every key from the model that also makes
``etc/bleepstore.yaml``; ``.. operations::`` writes a table from the operation table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import Attribute, fields
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from bleepstore.config.model import Config
from bleepstore.protocol.operation import Level
from bleepstore.protocol.table import OPERATIONS

_UNDERLINES = "-~^"


class _Generated(SphinxDirective):
    """Parses lines of reStructuredText as if they stood in the page."""

    def lines(self) -> Iterator[str]:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        parent = nodes.section()
        parent.document = self.state.document
        content = StringList(list(self.lines()), source=f"{self.name} directive")
        self.state.nested_parse(content, self.content_offset, parent, match_titles=True)
        return parent.children


class Configuration(_Generated):
    """Every key: what it may be, its default, what it does."""

    def lines(self) -> Iterator[str]:
        for setting in fields(Config):
            yield from _section(setting, "")


def _section(setting: Attribute[Any], path: str) -> Iterator[str]:
    path = f"{path}{setting.name}"
    yield from (path, _UNDERLINES[path.count(".")] * len(path), "")
    yield from (setting.metadata["doc"], "")
    settings = fields(setting.metadata["section"])
    for each in settings:
        if "section" not in each.metadata and "others" not in each.metadata:
            yield from _setting(each, path)
    for each in settings:
        if "section" in each.metadata:
            yield from _section(each, f"{path}.")


def _setting(setting: Attribute[Any], path: str) -> Iterator[str]:
    yield f"``{path}.{setting.name}``"
    yield f"    {setting.metadata['doc']}"
    yield ""
    if "sections" in setting.metadata:
        for each in fields(setting.metadata["sections"]):
            yield f"    - ``{each.name}``: {each.metadata['doc']}"
    else:
        kind = setting.metadata["kind"]
        default = "" if setting.default is None else f" Default: ``{kind.show(setting.default)}``."
        yield f"    *{kind.expected[0].upper()}{kind.expected[1:]}.*{default}"
    yield ""


class Operations(_Generated):
    """What BleepStore does, and what it answers with 501 NotImplemented."""

    def lines(self) -> Iterator[str]:
        yield from (".. list-table::", "   :header-rows: 1", "   :widths: 40 10 35 15", "")
        yield from _row("operation", "method", "right", "supported")
        for level in Level:
            for row in sorted(OPERATIONS, key=lambda each: each.name):
                if row.level is level:
                    supported = "**yes**" if row.handler is not None else "no"
                    yield from _row(row.name, row.method, f"``{row.action}``", supported)


def _row(first: str, *others: str) -> Iterator[str]:
    yield f"   * - {first}"
    for other in others:
        yield f"     - {other}"


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("configuration", Configuration)
    app.add_directive("operations", Operations)
    return {"parallel_read_safe": True}
