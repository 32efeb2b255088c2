"""A process that stops in the middle of a write, with its turn and a transaction open.

Argument: the database's path. It says so on standard output and waits to be killed.
"""

from __future__ import annotations

import signal
import sqlite3
import sys
from pathlib import Path

from bleepstore.metadata.sqlite import WriterTurn


def main(path: Path) -> None:
    with WriterTurn(path):
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM bucket")
        sys.stdout.write("writing\n")
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
