"""``bleepstore-admin export`` and ``import``: metadata as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from ...keeping.transfer import Exporter, Importer
from ...metadata.transfer import Imported
from .frame import CLEAN, Call, Commands
from .printing import output, show, show_json
from .progress import Bar

_EXPORT = """\
Writes all metadata as one JSON document, a row on each line, keys sorted: users, buckets, objects
with their versions, uploads, and the bytes of small objects that the metadata holds. Bytes of other
objects are not in it: see backup. It is of one instant, and disturbs nobody. Secrets of access keys
are left out unless they are asked for; keep a file with secrets to yourself.

With --output and --json, what is printed says which file was written and how large it is.
"""
_IMPORT = """\
Takes in what export has written. The whole file is looked at first; then it is imported in one
transaction, or not at all. Others can read meanwhile, and wait to write.

--merge (the default) adds what the store lacks: buckets by name, keys with all versions, uploads,
users and access keys. What the store has stays as it is. --replace removes everything first, and
the bytes of what is not in the file are deleted soon after: make a backup before. Access keys are
replaced only by a file with secrets; those of the configuration always stay.

Large objects need their bytes: run fsck afterwards, which says what is missing. If the store that
the configuration names is not there, it is made.
"""


def add(commands: Commands) -> None:
    """Declare the commands."""
    export = commands.add("export", _export, "write all metadata as JSON", _EXPORT)
    export.add_argument(
        "--include-secrets", action="store_true", help="write the secrets of access keys too"
    )
    export.add_argument(
        "--output", type=Path, metavar="FILE", help="the file; default: the standard output"
    )
    taking = commands.add(
        "import", _import, "take in metadata from an export", _IMPORT, makes_store=True
    )
    taking.add_argument("file", type=Path, metavar="FILE", help="what export has written")
    how = taking.add_mutually_exclusive_group()
    how.add_argument("--merge", action="store_true", help="add what the store lacks (default)")
    how.add_argument("--replace", action="store_true", help="remove what the store has")
    taking.add_argument("--dry-run", action="store_true", help="only say what would become of it")


async def _export(call: Call) -> int:
    options, foundation = call.options, call.foundation
    exporter = Exporter(foundation.metadata.transfer, foundation.threads)
    with Bar(call, "export", "rows") as bar:
        if options.output is None:
            with output():
                await exporter.to_file(sys.stdout.buffer, bar, has_secrets=options.include_secrets)
            return CLEAN
        await exporter.to_path(options.output, bar, has_secrets=options.include_secrets)
    size_bytes = options.output.stat().st_size
    if options.json:
        show_json({"file": str(options.output), "size_bytes": size_bytes})
    else:
        show(f"written: {options.output}, {size_bytes} bytes")
    return CLEAN


async def _import(call: Call) -> int:
    options, foundation = call.options, call.foundation
    with Bar(call, "import") as bar:
        importer = Importer(foundation.metadata.transfer, foundation.threads, options.file, bar)
        imported = await importer.run(is_to_replace=options.replace, is_rehearsal=options.dry_run)
    if options.json:
        show_json(
            {
                "added": imported.added,
                "kept": imported.kept,
                "access_keys_without_secret": imported.without_secret,
                "dry_run": options.dry_run,
            }
        )
    else:
        show("\n".join(_lines(imported, is_rehearsal=options.dry_run)))
    return CLEAN


def _lines(imported: Imported, *, is_rehearsal: bool) -> Iterator[str]:
    if is_rehearsal:
        yield "nothing was changed; this is what would become of the file:"
    for table, added in imported.added.items():
        yield f"{table}: {added} added, {imported.kept[table]} skipped"
    if imported.without_secret:
        yield (
            f"{imported.without_secret} access keys were skipped: the file has no secrets "
            "(export --include-secrets), or create keys anew (key create)"
        )
