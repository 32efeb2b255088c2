"""Group commit, the thread's half: many changes, one transaction, one fsync."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import txaio
from attrs import frozen
from twisted.python.failure import Failure

from .commit_queue import Change, Take, Together
from .dialects import Dialect
from .transaction import Transaction

log = txaio.make_logger()


def run_batch(
    connection: Any,
    turn: AbstractContextManager[Any],
    dialect: Dialect,
    take: Take,
) -> list[Any]:
    """Commit a batch of changes together.

    Args:
        connection: in autocommit mode, so that transactions begin and end where we say.
        turn: held from before the transaction to after its end; keeps other processes out.
        take: answers the changes, called when it is our turn. Each runs in a savepoint, so that one
            which raises is undone alone; those that can share statements have one in common.

    Returns:
        Each change's result, or its ``Failure``.

    Raises:
        Exception: nothing of the batch was committed.
    """
    with turn:
        changes = take()
        if not changes:
            return []
        try:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            outcomes = _Savepoints(connection, cursor, dialect).run(changes)
            cursor.execute("COMMIT")
        except Exception as error:
            connection.rollback()
            log.error(
                "a commit of {changes} failed: {error}",
                changes=dict(Counter(change.description for change in changes)),
                error=error,
            )
            raise dialect.translate(error)  # noqa: B904 (it carries its cause)
    return outcomes


@frozen
class _Savepoints:
    """Runs changes in an open transaction."""

    _connection: Any
    _cursor: Any
    _dialect: Dialect

    def run(self, changes: Sequence[Change]) -> list[Any]:
        """Each change's result, or its ``Failure``."""
        outcomes: dict[Change, Any] = {}
        for together, group in _groups(changes):
            outcomes.update(zip(group, self._run_group(together, group), strict=True))
        return [outcomes[change] for change in changes]

    def _run_group(self, together: Together | None, group: Sequence[Change]) -> Sequence[Any]:
        if together is not None and len(group) > 1:
            commands = [change.command for change in group]
            try:
                found = self._undone_if_it_fails(together, commands)
            except _Undone:
                log.debug("{count} changes go one by one", count=len(group))
            else:
                return [self._as_failure(each) if _failed(each) else each for each in found]
        return [self._run_change(change) for change in group]

    def _run_change(self, change: Change) -> Any:
        try:
            return self._undone_if_it_fails(change.function, change.command)
        except _Undone as undone:
            return self._as_failure(undone.error)

    def _undone_if_it_fails(self, function: Callable[..., Any], argument: Any) -> Any:
        """Call it in a savepoint. Raises ``_Undone``; or whatever has ended the transaction."""
        self._cursor.execute("SAVEPOINT change")
        try:
            result = function(Transaction(self._cursor, self._dialect), argument)
        except Exception as error:
            if not self._connection.in_transaction:
                raise  # a full or broken disk has rolled back the whole batch already
            self._cursor.execute("ROLLBACK TO change")
            self._cursor.execute("RELEASE change")
            raise _Undone(error) from error
        self._cursor.execute("RELEASE change")
        return result

    def _as_failure(self, error: Exception) -> Failure:
        return Failure(self._dialect.translate(error))


class _Undone(Exception):
    """What a savepoint held is undone, because of ``error``."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _failed(outcome: object) -> bool:
    return isinstance(outcome, Exception)


def _groups(changes: Iterable[Change]) -> Iterable[tuple[Together | None, list[Change]]]:
    """Changes that can share statements, and each other change by itself."""
    groups: dict[object, tuple[Together | None, list[Change]]] = {}
    for change in changes:
        key = change if change.together is None else change.together
        groups.setdefault(key, (change.together, []))[1].append(change)
    return groups.values()
