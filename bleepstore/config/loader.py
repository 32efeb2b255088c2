"""From a file, the environment and the command line to a :class:`~bleepstore.config.model.Config`.

Of a key that several of them set, the command line wins over the environment, and that over the
file. The first thing that is wrong is raised as one ConfigError: its source, its key and what was
expected there; the value itself is shown only where it is no secret.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from attrs import NOTHING, Attribute, define, field, fields

from ..errors import ConfigError
from .kinds import Kind
from .layers import Given, Numbered, Override, overlay, parse, plain, read_environment, read_file
from .model import Config
from .rules import conflicts

S = TypeVar("S")


def load(
    path: Path | None,
    environment: Mapping[str, str],
    overrides: Iterable[Override] = (),
) -> Config:
    """The configuration from all its sources.

    Args:
        path: the YAML file, if there is one.
        environment: usually ``os.environ``.
        overrides: what the command line sets.

    Raises:
        ConfigError: the file cannot be read, or a value cannot be used.
    """
    tree = read_file(path) if path is not None else Given(None, "defaults")
    tree = overlay(overlay(tree, read_environment(environment)), overrides)
    reader = _Reader()
    config = reader.section(Config, tree, "")
    for conflict in conflicts(config):
        raise ConfigError(reader.sources[conflict.given], conflict.key_path, conflict.expected)
    return config


@define
class _Reader:
    """Reads a tree into the model and remembers where each value came from.

    Args:
        is_lenient: whether keys that the model does not have are passed over.
    """

    is_lenient: bool = False
    sources: dict[str, str] = field(factory=dict)

    def section(self, cls: type[S], given: Given, path: str) -> S:
        children = dict(_mapping(given, path))
        settings = {each.name: each for each in fields(cls)}  # type: ignore[arg-type]
        found: dict[str, Any] = _take_others(settings, children)
        for name, child in children.items():
            if name not in settings and not self.is_lenient:
                raise ConfigError(child.source, _join(path, name), _unknown(name, path, settings))
        for name, setting in settings.items():
            value = children.get(name)
            if value is not None and value.value is not None:
                found[name] = self._setting(setting, value, _join(path, name))
            elif setting.default is NOTHING:
                raise ConfigError(given.source, _join(path, name), f"expected {_expected(setting)}")
        return cls(**found)

    def _setting(self, setting: Attribute[Any], given: Given, path: str) -> object:
        self.sources[path] = given.source
        if "section" in setting.metadata:
            return self.section(setting.metadata["section"], given, path)
        if "sections" in setting.metadata:
            return tuple(self._sections(setting.metadata["sections"], given, path))
        return _value(setting.metadata["kind"], given, path)

    def _sections(self, cls: type[S], given: Given, path: str) -> Iterator[S]:
        children = _children(given, path, "a list of mappings")
        if not all(name.isdecimal() for name in children):
            raise ConfigError(given.source, path, "expected a list of mappings")
        for position, name in enumerate(sorted(children, key=int)):
            yield self.section(cls, children[name], f"{path}[{position}]")


def read_section(cls: type[S], given: Given, path: str, *, is_lenient: bool = False) -> S:
    """What is given for one section, such as one that the model does not know.

    Args:
        cls: of the section.
        given: as the model holds it.
        path: of the section, such as ``storage.example``.
        is_lenient: whether keys that it does not have are passed over.

    Raises:
        ConfigError: a value cannot be used.
    """
    return _Reader(is_lenient).section(cls, given, path)


def _take_others(settings: dict[str, Attribute[Any]], children: dict[str, Given]) -> dict[str, Any]:
    """Move what is known elsewhere out of both, into the field that holds it."""
    holder = next((each for each in settings.values() if "others" in each.metadata), None)
    if holder is None:
        return {}
    del settings[holder.name]
    is_known = holder.metadata["others"]
    names = [name for name in children if name not in settings and is_known(name)]
    return {holder.name: {name: children.pop(name) for name in names}}


def _mapping(given: Given, path: str) -> dict[str, Given]:
    children = _children(given, path, "a mapping")
    if isinstance(children, Numbered):
        raise ConfigError(given.source, path, "expected a mapping")
    return children


def _children(given: Given, path: str, expected: str) -> dict[str, Given]:
    if isinstance(given.value, str) and given.value.lstrip().startswith(("{", "[")):
        given = parse(given.value, given.source)  # YAML in one environment variable
    if given.value is not None and not isinstance(given.value, dict):
        raise ConfigError(given.source, path, f"expected {expected}")
    return given.value or {}


def _value(kind: Kind, given: Given, path: str) -> object:
    value = plain(given)
    try:
        return kind.read(value)
    except ValueError:
        shown = "" if kind.is_secret else f", got {reprlib.repr(value)}"
        message = f"expected {kind.expected}{shown}"
        raise ConfigError(given.source, path, message) from None


def _expected(setting: Attribute[Any]) -> str:
    kind: Kind = setting.metadata["kind"]
    return kind.expected


def _unknown(name: str, path: str, settings: Iterable[str]) -> str:
    names = list(settings)
    near = difflib.get_close_matches(name, names, 1)
    if near:
        return f"unknown key; did you mean {_join(path, near[0])}?"
    return f"unknown key; expected one of {', '.join(names)}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
