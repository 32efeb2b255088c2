"""Brings the rows of a file into a store: those that it lacks, and blobs as often as they are needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from attrs import define, evolve, field, frozen

from ..errors import NotPossible
from ..interfaces import ITransaction
from ..values import Blob
from . import blobs
from .portable import TABLES, Table
from .portable_file import Reader
from .portable_kinds import BYTES
from .transaction import as_parameter

Fields = dict[str, Any]

_BATCH = 200
_BLOB = next(table for table in TABLES if table.name == "blob")

# What the import counts, and which keys it has brought. They go before the transaction ends; in the
# database and not in memory, because they grow with the file.
TEMPORARY = (
    "CREATE TABLE imported (locator TEXT NOT NULL PRIMARY KEY, refs BIGINT NOT NULL) $without_rowid",
    (
        "CREATE TABLE admitted (bucket_id TEXT NOT NULL, key $key NOT NULL, "
        "PRIMARY KEY (bucket_id, key)) $without_rowid"
    ),
)
_COUNT = (
    "INSERT INTO imported (locator, refs) SELECT more.key, more.value FROM ($counts) AS more "
    "WHERE true ON CONFLICT (locator) DO UPDATE SET refs = imported.refs + excluded.refs"
)
_COUNTS = "SELECT locator, refs FROM imported WHERE locator $in_list"
_SIZES = "SELECT locator, size_bytes FROM blob WHERE locator $in_list"
_THERE = (
    "SELECT value FROM ($list) AS given WHERE EXISTS "
    "(SELECT 1 FROM object WHERE bucket_id = ? AND object.key = given.value) "
    "OR EXISTS (SELECT 1 FROM object_version WHERE bucket_id = ? AND object_version.key = given.value)"
)
_ADMITTED_KEYS = "SELECT key FROM admitted WHERE bucket_id = ? AND key $in_list"
_ADMIT = "INSERT INTO admitted (bucket_id, key) VALUES (?, ?)"
_BUCKET_ID = "SELECT bucket_id FROM bucket WHERE name = ?"
_KNOWN_UPLOADS = (
    "SELECT upload_id FROM upload WHERE upload_id $in_list "
    "UNION SELECT upload_id FROM completed_upload WHERE upload_id $in_list"
)


@frozen
class Import:
    """What to read, and how.

    Attributes:
        reader: of a file that was found sound.
        is_to_replace: whether all that the store has goes first.
        is_rehearsal: whether to undo everything in the end.
        advance: is told how far the reader is. What it raises ends the import, and undoes it.
    """

    reader: Reader
    is_to_replace: bool
    is_rehearsal: bool
    has_secrets: bool
    now_ms: int
    advance: Callable[[], None]


@frozen
class Imported:
    """What became of the rows of a file.

    Attributes:
        added: rows by table.
        kept: rows by table of which the store has its own.
        without_secret: access keys that cannot be had because the file has no secrets.
    """

    added: dict[str, int] = field(factory=dict)
    kept: dict[str, int] = field(factory=dict)
    without_secret: int = 0


@define
class RowsIn:
    """Goes through a file twice: blobs come last, when it is known how often each is needed."""

    _txn: ITransaction
    _command: Import
    _bucket_ids: dict[str, str] = field(factory=dict, init=False)
    _imported: Imported = field(factory=Imported, init=False)

    def bring(self) -> Imported:
        """Bring everything, and say what became of it."""
        choosers: dict[str, Callable[[list[Fields]], list[Fields]]] = {
            "bucket": self._new_buckets,
            "credential": self._with_secrets,
            "object": self._of_new_keys,
            "object_version": self._of_new_keys,
            "part": self._of_new_uploads,
            "upload": self._of_new_uploads,
        }
        for table, rows in self._batches(tuple(each.name for each in TABLES if each != _BLOB)):
            here = [self._at_home(fields) for fields in rows]
            chosen = choosers.get(table.name, _all)(here)
            self._insert(table, chosen, len(rows))
            self._count(chosen)
        for _, rows in self._batches((_BLOB.name,)):
            self._bring_blobs(rows)
        return self._imported

    def _batches(self, names: tuple[str, ...]) -> Iterator[tuple[Table, list[Fields]]]:
        rows = self._command.reader.rows(names)
        for table, group in groupby(rows, lambda row: row.table):
            while batch := list(islice(group, _BATCH)):
                self._command.advance()
                yield table, [dict(row.fields) for row in batch]

    def _at_home(self, fields: Fields) -> Fields:
        """A row of a bucket that the store has under another id."""
        bucket_id = fields.get("bucket_id", "")
        if bucket_id in self._bucket_ids:
            fields["bucket_id"] = self._bucket_ids[bucket_id]
        return fields

    # --- which rows the store lacks

    def _new_buckets(self, rows: list[Fields]) -> list[Fields]:
        new = []
        for fields in rows:
            self._txn.execute(_BUCKET_ID, (fields["name"],))
            found = self._txn.fetch_one()
            if found is None:
                new.append(fields)
            else:
                self._bucket_ids[fields["bucket_id"]] = found[0]
        return new

    def _with_secrets(self, rows: list[Fields]) -> list[Fields]:
        with_secrets = [fields for fields in rows if fields["secret_key"] is not None]
        self._imported = evolve(
            self._imported,
            without_secret=self._imported.without_secret + len(rows) - len(with_secrets),
        )
        return with_secrets

    def _of_new_keys(self, rows: list[Fields]) -> list[Fields]:
        if self._command.is_to_replace:
            return rows
        new: list[Fields] = []
        for bucket_id, group in groupby(rows, lambda fields: str(fields["bucket_id"])):
            some = list(group)
            admitted = self._admit(bucket_id, {fields["key"] for fields in some})
            new += [fields for fields in some if fields["key"] in admitted]
        return new

    def _admit(self, bucket_id: str, keys: set[str]) -> set[str]:
        """Those of the keys that the store did not have before this import."""
        names = as_parameter(sorted(keys))
        admitted = self._texts(_ADMITTED_KEYS, (bucket_id, names))
        new = keys - admitted - self._texts(_THERE, (names, bucket_id, bucket_id))
        self._txn.execute_many(_ADMIT, [(bucket_id, key) for key in sorted(new)])
        return admitted | new

    def _of_new_uploads(self, rows: list[Fields]) -> list[Fields]:
        """Parts come before their uploads, so the store has only what it had before, or both."""
        if self._command.is_to_replace:
            return rows
        names = as_parameter(sorted({fields["upload_id"] for fields in rows}))
        known = self._texts(_KNOWN_UPLOADS, (names, names))
        return [fields for fields in rows if fields["upload_id"] not in known]

    def _texts(self, sql: str, parameters: Sequence[Any]) -> set[str]:
        self._txn.execute(sql, parameters)
        return {text for (text,) in self._txn.fetch_all()}

    # --- how they come in

    def _insert(self, table: Table, rows: list[Fields], given: int) -> None:
        columns = (*table.names, *table.fixed)
        sql = (
            f"INSERT INTO {table.name} ({', '.join(columns)}) "
            f"VALUES ({', '.join('?' * len(columns))}) ON CONFLICT ({', '.join(table.key)}) DO NOTHING"
        )
        fixed = tuple(table.fixed.values())
        added = 0
        if rows:
            self._txn.execute_many(sql, [(*table.to_row(fields), *fixed) for fields in rows])
            added = self._txn.rowcount
        self._note(table, added, given - added)

    def _note(self, table: Table, added: int, kept: int) -> None:
        for counts, number in ((self._imported.added, added), (self._imported.kept, kept)):
            counts[table.name] = counts.get(table.name, 0) + number

    def _count(self, rows: Iterable[Fields]) -> None:
        counts = Counter(
            locator for fields in rows for locator, _, _ in fields.get("segments") or ()
        )
        if counts:
            self._txn.execute(_COUNT, (as_parameter(counts),))

    def _bring_blobs(self, rows: list[Fields]) -> None:
        """Those that something refers to."""
        names = as_parameter([fields["locator"] for fields in rows])
        self._txn.execute(_COUNTS, (names,))
        counts = dict(self._txn.fetch_all())
        self._txn.execute(_SIZES, (names,))
        sizes = dict(self._txn.fetch_all())
        new = []
        for fields in rows:
            locator = fields["locator"]
            if sizes.get(locator, fields["size_bytes"]) != fields["size_bytes"]:
                raise NotPossible(f"blob {locator} has another size here; nothing was imported")
            if locator in counts and locator not in sizes:
                content = BYTES.to_row(fields["content"])
                new.append(Blob(locator, fields["size_bytes"], content))
        blobs.refer_counted(self._txn, counts, new)
        self._note(_BLOB, len(new), len(rows) - len(new))


def _all(rows: list[Fields]) -> list[Fields]:
    return rows
