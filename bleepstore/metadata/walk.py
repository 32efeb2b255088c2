"""Walking keys in order with a prefix and a delimiter, for every kind of listing.

With a delimiter the walk leaps from a common prefix to the first key behind all keys that the
prefix hides, so a page costs what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from attrs import frozen

from ..interfaces import ITransaction
from .ordering import successor

_AFTER_ALL_KEYS = "\U0010ffff" * 257  # keys have at most 1,024 bytes, this has 1,028


@frozen
class Keys:
    """Which keys a listing is about.

    Attributes:
        prefix: they begin so.
        delimiter: keys that contain it behind the prefix are rolled up into one common prefix;
            empty for none, one character or more.
    """

    prefix: str
    delimiter: str

    @property
    def end(self) -> str:
        """All keys come before this."""
        return successor(self.prefix) or _AFTER_ALL_KEYS

    def common_prefix(self, key: str) -> str | None:
        """What the key is rolled up into; None if it is shown."""
        if not self.delimiter:
            return None
        found = key.find(self.delimiter, len(self.prefix))
        return None if found < 0 else key[: found + len(self.delimiter)]

    def is_rolled_up(self, key: str) -> bool:
        """Whether ``key`` is a whole common prefix, as markers may be."""
        return self.common_prefix(key) == key


def rows(txn: ITransaction, keys: Keys) -> Iterable[Any]:
    """The rows of the last statement, for :func:`walk`: one by one where it may leap."""
    return iter(txn.fetch_one, None) if keys.delimiter else txn.fetch_all()


def walk(
    keys: Keys,
    first: Iterable[Any],
    rows_from: Callable[[str], Iterable[Any]],
    leaps_from: Callable[[str], Iterable[str | None]] | None = None,
) -> Iterator[Any | str]:
    """Rows and common prefixes in order; reads only as far as it is asked.

    Args:
        keys: what is rolled up.
        first: rows in the order of their keys, which are their first columns.
        rows_from: the same from a key on.
        leaps_from: the first key from a key on, the first one behind that one's common prefix, and
            so forth, up to a key that is not rolled up, or None behind the last key; it may end
            earlier, but not at once. Without it, each leap is a call of ``rows_from``.
    """
    if not keys.delimiter:
        yield from first
        return
    found: Iterable[Any] | None = first
    while found is not None:
        rolled_up = yield from _until_rolled_up(keys, found)
        behind = None if rolled_up is None else successor(rolled_up)
        if behind is not None and leaps_from is not None:
            behind = yield from _until_shown(keys, behind, leaps_from)
        found = None if behind is None else rows_from(behind)


def _until_rolled_up(keys: Keys, found: Iterable[Any]) -> Generator[Any, None, str | None]:
    """Rows, and the common prefix behind them, which is returned too; None if there is none."""
    for row in found:
        rolled_up = keys.common_prefix(row[0])
        if rolled_up is not None:
            yield rolled_up
            return rolled_up
        yield row
    return None


def _until_shown(
    keys: Keys, start: str, leaps_from: Callable[[str], Iterable[str | None]]
) -> Generator[str, None, str | None]:
    """Common prefixes from a key on; returns the first key that is not rolled up, None for none."""
    behind: str | None = start
    while behind is not None:
        for key in leaps_from(behind):
            rolled_up = None if key is None else keys.common_prefix(key)
            if rolled_up is None:
                return key
            yield rolled_up
            behind = successor(rolled_up)
    return None
