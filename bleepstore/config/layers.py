"""The sources of a configuration, and how they are laid over each other.

Every value keeps the name of its source, so that an error can say where to look.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

from ..errors import ConfigError

PREFIX = "BLEEPSTORE_"
_SEPARATOR = "__"
_QUOTED = re.compile(r"""(['"]).{2,}\1""")


@frozen
class Given:
    """A value and where it comes from.

    Attributes:
        value: a scalar, or a mapping of names (of numbers as text, for a list) to what is given
            for them.
    """

    value: Any
    source: str


@frozen
class Override:
    """One value for one key, from the environment or the command line.

    Attributes:
        path: such as ``("auth", "users", "0", "secret_key")``.
    """

    path: tuple[str, ...]
    given: Given


def read_file(path: Path) -> Given:
    """The content of a YAML file.

    Raises:
        ConfigError: the file cannot be read, or it is not YAML in which each key occurs once.
    """
    source = str(path)
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(source, "", f"expected a readable file: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(source, "", "expected text in UTF-8") from error
    return parse(text, source)


def parse(text: str, source: str) -> Given:
    """YAML text as a tree. Raises ConfigError if it is not YAML, or gives a key twice."""
    try:
        return plant(yaml.load(text, _UniqueKeysLoader), source)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        raise ConfigError(source, "", f"expected valid YAML{_explain(error)}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ConfigError(source, "", "expected valid YAML of text, numbers and lists") from None


def _explain(error: yaml.MarkedYAMLError) -> str:
    """What is wrong and where, without words from the file: they may be a secret."""
    mark = error.problem_mark
    where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    problem = error.problem or ""
    if not isinstance(error, _RepeatedKey):
        problem = _QUOTED.sub("…", problem)
    return f"{where}: {problem}" if problem else where


class _RepeatedKey(yaml.MarkedYAMLError):
    """A key that stands twice in one mapping."""


class _UniqueKeysLoader(yaml.SafeLoader):
    """YAML forbids a key twice in a mapping; PyYAML would silently take the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # refused by PyYAML itself
            if key.value in seen:
                problem = f"the key {key.value!r} is given twice"
                raise _RepeatedKey(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def plant(value: object, source: str) -> Given:
    """A plain value as a tree in which everything has the same source."""
    if isinstance(value, Mapping):
        return Given({str(name): plant(child, source) for name, child in value.items()}, source)
    if isinstance(value, list):
        return Given(Numbered({str(i): plant(c, source) for i, c in enumerate(value)}), source)
    return Given(value, source)


class Numbered(dict[str, Given]):
    """A list from YAML; other than a mapping, it may hold the values of one setting."""


def plain(given: Given) -> object:
    """The value without its sources, as YAML gave it."""
    if isinstance(given.value, Numbered):
        return [plain(child) for child in given.value.values()]
    if isinstance(given.value, dict):
        return {name: plain(child) for name, child in given.value.items()}
    return given.value


def read_environment(environment: Mapping[str, str]) -> Iterable[Override]:
    """What the environment sets: ``BLEEPSTORE_SERVER__PORT=9000`` is ``server.port``.

    Only names with a double underscore count: Kubernetes gives every container variables such as
    ``BLEEPSTORE_PORT`` when there is a service of that name. An empty variable counts as unset.
    """
    for name in sorted(environment):
        parts = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and _SEPARATOR in parts and environment[name]:
            given = Given(environment[name], f"environment variable {name}")
            yield Override(tuple(parts.lower().split(_SEPARATOR)), given)


def overlay(tree: Given, overrides: Iterable[Override]) -> Given:
    """The tree with each override in its place; of two for one place, the later one."""
    for override in overrides:
        tree = _graft(tree, override.path, override.given)
    return tree


def _graft(tree: Given, path: tuple[str, ...], leaf: Given) -> Given:
    if not path:
        return leaf
    if tree.value is not None and not isinstance(tree.value, dict):
        return tree  # no place for the leaf; what is there is an error anyway
    children: dict[str, Given] = dict(tree.value or {})
    child = children.get(path[0], Given(None, leaf.source))
    children[path[0]] = _graft(child, path[1:], leaf)
    return Given(children, tree.source)
