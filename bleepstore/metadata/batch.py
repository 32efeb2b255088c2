"""Group commit, the thread's half: many changes, one transaction, one fsync."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from typing import Any

import txaio
from twisted.python.failure import Failure

from .commit_queue import Change, Take
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
            which raises is undone alone.

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
            outcomes = [_run_change(connection, cursor, dialect, change) for change in changes]
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


def _run_change(connection: Any, cursor: Any, dialect: Dialect, change: Change) -> Any:
    cursor.execute("SAVEPOINT change")
    try:
        outcome = change.function(Transaction(cursor, dialect), change.command)
    except Exception as error:
        if not connection.in_transaction:
            raise  # a full or broken disk has rolled back the whole batch already
        cursor.execute("ROLLBACK TO change")
        outcome = Failure(dialect.translate(error))
    cursor.execute("RELEASE change")
    return outcome
