"""Notes which natural names may no longer be true, in the transactions that make them so.

Only where a backend shows objects under names of their own is there anything to note. So the
functions that may change a key's current version are wrapped when the store is built, or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Protocol, TypeVar

from ..interfaces import ITransaction
from .transaction import as_parameter

T = TypeVar("T")


class ChangesKeys(Protocol):
    """A command that may change the current versions of keys of one bucket."""

    @property
    def bucket(self) -> str:
        """The bucket's name."""

    @property
    def keys(self) -> Sequence[str]:
        """All of them; one may be named twice."""


C = TypeVar("C", bound=ChangesKeys)

# "WHERE true", lest SQLite take the ON of the conflict for that of a join.
_MARK = (
    "INSERT INTO unshown "
    "(bucket_name, key, serial, holder, claimed_until_ms, failures, due_ms) "
    "SELECT ?, wanted.value, 1, '', 0, 0, 0 FROM ($list) AS wanted WHERE true "
    "ON CONFLICT (bucket_name, key) "
    "DO UPDATE SET serial = unshown.serial + 1, failures = 0, due_ms = 0"
)


class Marking(Protocol):
    """Wraps a mutation."""

    def __call__(
        self, mutation: Callable[[ITransaction, C], T], /
    ) -> Callable[[ITransaction, C], T]:
        """The mutation, with whatever is to happen in its transaction besides."""


def unmarked(mutation: Callable[[ITransaction, C], T]) -> Callable[[ITransaction, C], T]:
    """The mutation itself: there are no natural names."""
    return mutation


def marked(mutation: Callable[[ITransaction, C], T]) -> Callable[[ITransaction, C], T]:
    """The mutation, and a note of its keys if it succeeds."""

    @wraps(mutation)
    def mutate_and_mark(txn: ITransaction, command: C) -> T:
        result = mutation(txn, command)
        mark(txn, command.bucket, command.keys)
        return result

    return mutate_and_mark


def mark(txn: ITransaction, bucket_name: str, keys: Sequence[str]) -> None:
    """Note that the names of these keys may not show their current versions."""
    txn.execute(_MARK, (bucket_name, as_parameter(sorted(set(keys)))))
