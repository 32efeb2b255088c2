"""What a backend is built from, and how a package of somebody else brings one along.

See ``docs/backends/writing.rst``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen

from ..interfaces import IBlobStore, IDatabase
from ..streams.threads import Threads
from .inline import ReadContent


class RequestSigner(Protocol):
    """Signs requests to S3 with one access key; see :class:`bleepstore.auth.signer.Signer`."""

    def sign_headers(
        self,
        method: str,
        target: bytes,
        headers: Mapping[str, str],
        payload_hash: str,
        now_ms: int,
        /,
    ) -> dict[str, str]:
        """Headers with those of the signature added."""


@frozen
class Means:
    """What a backend may use.

    Attributes:
        reactor: for connections and timers.
        threads: where disks are waited for; they run before the backend is started until after
            it is stopped. So does the database.
        database: the door to the database that the metadata are in, too.
        read_content: answers the bytes that the metadata have for a locator, or None.
        is_durable: whether what is committed has to survive a power cut.
        state_path: of the database file, or where one would be; what a backend needs on this
            machine only, such as locks, is beside it, under names that begin with its name.
    """

    reactor: Any
    threads: Threads
    database: IDatabase
    read_content: ReadContent
    is_durable: bool
    state_path: Path
    signer: Callable[[str, str, str], RequestSigner]


@frozen
class Extension:
    """A backend of somebody else: what an entry point of ``bleepstore.backends`` names.

    Attributes:
        section: a frozen attrs class for the mapping ``storage.<name>`` of the configuration. Its
            fields say what they may be with :func:`bleepstore.config.settings.about`.
        build: makes the backend, not yet started, from the section and the means.
    """

    section: type
    build: Callable[[Any, Means], IBlobStore]
