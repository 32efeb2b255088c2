"""Builds the backend that the configuration names."""

from __future__ import annotations

from collections.abc import Callable

from ..config.sections import StorageSection
from ..errors import ConfigError
from ..interfaces import IBlobStore
from ..streams.threads import Threads
from .files import FileStore
from .inline import InlineStore, ReadContent

_Builder = Callable[[StorageSection, Threads, ReadContent], IBlobStore]


def open_backend(
    section: StorageSection, threads: Threads, read_content: ReadContent
) -> IBlobStore:
    """The backend, not yet started.

    Args:
        threads: where disks are waited for.
        read_content: answers the bytes that the metadata has for a locator, or None.

    Raises:
        ConfigError: there is no backend of this name.
    """
    build = _BACKENDS.get(section.backend)
    if build is None:
        names = ", ".join(sorted(_BACKENDS))
        raise ConfigError("configuration", "storage.backend", f"expected one of: {names}")
    return build(section, threads, read_content)


def _local(section: StorageSection, threads: Threads, read_content: ReadContent) -> IBlobStore:
    is_durable = section.durability == "strict"
    files = FileStore(section.local.root_dir, threads, is_durable=is_durable)
    return InlineStore(files, read_content, section.local.inline_max_bytes)


_BACKENDS: dict[str, _Builder] = {"local": _local}
