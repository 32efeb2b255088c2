"""The metadata as a whole, for those who build the house."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from .access_keys import AccessKeys
from .accounts import Accounts
from .adopting import Adoptions
from .backups import Backups
from .blobs import Blobs, Garbage
from .buckets import Buckets
from .check import Checks
from .counters import Counters
from .database import Database
from .engine import Engine, FileEngine
from .marking import marked
from .objects import Objects
from .showing import Names
from .sqlite import Durability
from .survey import Survey
from .totals import Inventory
from .transfer import Transfer
from .uploads import Uploads
from .usage import Usages
from .users import Users


@frozen
class Store:
    """Everything that metadata offers, over one database."""

    database: Database
    accounts: Accounts
    buckets: Buckets
    objects: Objects
    uploads: Uploads
    blobs: Blobs
    garbage: Garbage
    backups: Backups
    checks: Checks
    users: Users
    access_keys: AccessKeys
    survey: Survey
    usages: Usages
    transfer: Transfer
    inventory: Inventory
    names: Names
    adoptions: Adoptions

    def with_natural_names(self) -> Store:
        """The same, for a backend that shows natural names: changes note what is to be shown."""
        return evolve(
            self,
            objects=Objects(self.database, marked),
            uploads=Uploads(self.database, marked),
        )


def open_store(
    path: Path, reactor: Any, durability: Durability = "full", counters: Counters | None = None
) -> Store:
    """The metadata in an SQLite file. Nothing is touched before ``store.database.start()``.

    Args:
        counters: told what the database does; default: nobody is.
    """
    return store_on(FileEngine(path, reactor, durability), counters)


def store_on(engine: Engine, counters: Counters | None = None) -> Store:
    """The metadata on an engine; see :func:`open_store`."""
    database = Database(engine, counters)
    return Store(
        database=database,
        accounts=Accounts(database),
        buckets=Buckets(database),
        objects=Objects(database),
        uploads=Uploads(database),
        blobs=Blobs(database),
        garbage=Garbage(database),
        backups=Backups(database),
        checks=Checks(database),
        users=Users(database),
        access_keys=AccessKeys(database),
        survey=Survey(database),
        usages=Usages(database),
        transfer=Transfer(database),
        inventory=Inventory(database),
        names=Names(database),
        adoptions=Adoptions(database),
    )
