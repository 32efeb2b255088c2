"""What an operator is told when the daemon cannot start: what is wrong, and what to do next."""

from __future__ import annotations

import errno
import os
import socket
import sqlite3
from pathlib import Path

import pytest

from bleepstore.config.metadata import MetadataSection, SqliteSection
from bleepstore.config.model import Config
from bleepstore.config.server import ServerSection
from bleepstore.config.storage import LocalSection, StorageSection
from bleepstore.errors import SchemaTooNew, StorageFull
from bleepstore.service.startup import explain, explain_bind

CONFIG = Config(
    server=ServerSection(host="::1", port=80),
    metadata=MetadataSection(sqlite=SqliteSection(Path("/srv/store/meta/metadata.db"))),
    storage=StorageSection(local=LocalSection(Path("/srv/store/objects"))),
)


def os_error(number: int, filename: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), filename)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            os_error(errno.EACCES, "/srv/store/objects/new"),
            (
                "/srv/store/objects/new: Permission denied; give the daemon's user the right to write "
                "there, or set storage.local.root_dir to another place"
            ),
        ),
        (
            os_error(errno.EROFS, "/srv/store/meta"),
            (
                "/srv/store/meta: Read-only file system; make the file system writable, or set "
                "metadata.sqlite.path to another place"
            ),
        ),
        (
            os_error(errno.ENOTDIR, "/srv/store"),
            (
                "/srv/store: Not a directory; set storage.local.root_dir and metadata.sqlite.path to "
                "another place"
            ),
        ),
        (
            os_error(errno.ENOENT, "/elsewhere"),
            "/elsewhere: No such file or directory; see that the daemon can use it",
        ),
        (
            SchemaTooNew("schema 9: run a newer one"),
            "/srv/store/meta/metadata.db: schema 9: run a newer one",
        ),
        (
            sqlite3.DatabaseError("file is not a database"),
            "/srv/store/meta/metadata.db: file is not a database; check metadata.sqlite.path",
        ),
        (StorageFull("no room in /srv"), "no room in /srv"),
        (os_error(errno.EIO), None),
        (ZeroDivisionError(), None),
    ],
)
def test_explanations(error: BaseException, line: str | None) -> None:
    assert explain(error, CONFIG) == line


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (os_error(errno.EADDRINUSE), "stop the process that has it, or set another server.port"),
        (os_error(errno.EACCES), "set a server.port above 1023, or give the daemon"),
        (os_error(errno.EADDRNOTAVAIL), "set server.host to an address of this machine"),
        (os_error(errno.ENOBUFS), "check server.host and server.port"),
        (socket.gaierror(-2, "Name or service not known"), "set server.host to a name"),
    ],
)
def test_explanations_of_a_bind_that_failed(error: OSError, hint: str) -> None:
    line = explain_bind(error, "::1", 80)
    assert line.startswith(f"cannot listen on ::1, port 80: {error.strerror}; {hint}")


def test_an_explanation_names_the_port_in_question() -> None:
    line = explain_bind(os_error(errno.EADDRINUSE), "::1", 443, "server.tls.port")
    assert line.endswith("or set another server.tls.port")
