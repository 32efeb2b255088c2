"""A process that puts objects into a store and says which ones were acknowledged.

Arguments: the database's path, a prefix for the keys, how many, and how many at once. Each
acknowledged key is one line on standard output.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred, gatherResults
from twisted.internet.task import react

from bleepstore.metadata.store import Store, open_store
from tests.metadata.samples import inline_blob, put


async def write(store: Store, prefix: str, numbers: range) -> None:
    for number in numbers:
        key = f"{prefix}{number:06}"
        await store.objects.put(put(key, inline_blob(key.encode())))
        sys.stdout.write(key + "\n")
        sys.stdout.flush()


async def run(reactor: Any) -> None:
    path, prefix, how_many, at_once = sys.argv[1:]
    store = open_store(Path(path), reactor)
    await store.database.start()
    lanes = int(at_once)
    await gatherResults(
        [
            ensureDeferred(write(store, prefix, range(lane, int(how_many), lanes)))
            for lane in range(lanes)
        ]
    )
    await store.database.stop()


def main(reactor: Any) -> Deferred[None]:
    return Deferred.fromCoroutine(run(reactor))


if __name__ == "__main__":
    react(main)
