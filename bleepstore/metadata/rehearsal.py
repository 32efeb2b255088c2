"""Whether the metadata can be changed: found out by a change like any upload's, which is undone.

Reads may all be well while each upload fails, since a page may be damaged that only changes need.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from ..ids import new_blob_id
from ..values import Blob, Segment
from . import blobs
from .dialects import Dialect
from .transaction import Transaction


def rehearse(connection: Any, turn: AbstractContextManager[Any], dialect: Dialect) -> None:
    """Record a blob, and make it garbage. Nothing is committed, so no disk is waited for.

    Args:
        connection: in autocommit mode.
        turn: held meanwhile; keeps other processes out.

    Raises:
        Exception: why no change can be made.
    """
    locator = new_blob_id()  # of a form that no backend gives
    stretch = Segment(locator, 0, 1)
    cursor = connection.cursor()
    txn = Transaction(cursor, dialect)
    with turn:
        try:
            cursor.execute("BEGIN IMMEDIATE")
            blobs.refer(txn, [stretch], [Blob(locator, stretch.length)])
            blobs.release(txn, [stretch], 0)
        except Exception as error:
            raise dialect.translate(error)  # noqa: B904 (it carries its cause)
        finally:
            connection.rollback()
