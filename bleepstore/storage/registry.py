"""Builds the backend that the configuration names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..config.extensions import find_backend
from ..config.layers import Given
from ..config.loader import read_section
from ..config.storage import StorageSection
from ..errors import ConfigError
from ..interfaces import IBlobStore
from .arrivals import Arrivals
from .blob_rows import ROW_BYTES
from .blobs import BlobRows
from .capacity import DiskCapacity, MemoryCapacity
from .extension import Extension, Means
from .files import FileStore
from .inline import InlineStore
from .memory import LimitedStore
from .packed import PackedStore
from .packs import PackStore
from .processes import LockedProcesses, OneProcess

if TYPE_CHECKING:
    from .remote.upstream import IUpstream

_Builder = Callable[[StorageSection, Means], IBlobStore]


def open_backend(section: StorageSection, means: Means) -> IBlobStore:
    """The backend, not yet started.

    Raises:
        ConfigError: there is no backend of this name, or its section cannot be used.
    """
    build = _BACKENDS.get(section.backend, _extension)
    return build(section, means)


def _local(section: StorageSection, means: Means) -> IBlobStore:
    root, is_durable = section.local.root_dir, means.is_durable
    packs = PackStore(root, means.threads, is_durable=is_durable)
    files = FileStore(root, means.threads, is_durable=is_durable)
    large = PackedStore(packs, files, section.local.pack_max_bytes)
    capacity = DiskCapacity(means.database, means.state_path.absolute(), means.threads)
    return InlineStore(large, means.read_content, section.local.inline_max_bytes, capacity)


def _memory(section: StorageSection, means: Means) -> IBlobStore:
    limit_bytes = section.memory.max_size_bytes
    capacity = MemoryCapacity(means.database, limit_bytes)
    arrivals = Arrivals(means.database, means.threads, OneProcess())
    rows = BlobRows(means.database, arrivals, capacity)
    store = InlineStore(rows, means.read_content, ROW_BYTES, name="memory")
    return LimitedStore(store, capacity) if limit_bytes else store


def _sqlite(section: StorageSection, means: Means) -> IBlobStore:
    capacity = DiskCapacity(means.database, means.state_path.absolute(), means.threads)
    rows = BlobRows(means.database, _arrivals(means), capacity)
    # What fits in one row goes there with the metadata, in one transaction instead of two.
    return InlineStore(rows, means.read_content, ROW_BYTES, capacity, "sqlite")


def _aws(section: StorageSection, means: Means) -> IBlobStore:
    from .aws.upstream import AwsUpstream

    upstream = AwsUpstream(section.aws, section.upstream, means)
    return _gateway(upstream, section.aws.prefix, section, means)


def _gcp(section: StorageSection, means: Means) -> IBlobStore:
    from .gcp.upstream import GcpUpstream

    upstream = GcpUpstream(section.gcp, section.upstream, means)
    return _gateway(upstream, section.gcp.prefix, section, means)


def _azure(section: StorageSection, means: Means) -> IBlobStore:
    from .azure.upstream import AzureUpstream

    upstream = AzureUpstream(section.azure, section.upstream, means)
    return _gateway(upstream, section.azure.prefix, section, means)


def _gateway(
    upstream: IUpstream, prefix: str | None, section: StorageSection, means: Means
) -> IBlobStore:
    """Gateways are imported where they are built: other stores start sooner without HTTP and TLS."""
    from .remote.names import read_names
    from .remote.store import RemoteStore

    names = read_names(prefix or "", section.upstream.bucket_prefixes)
    return RemoteStore(upstream, names, _arrivals(means), means.database)


def _arrivals(means: Means) -> Arrivals:
    path = means.state_path.absolute()
    processes = LockedProcesses(path.with_name(path.name + "-processes"))
    return Arrivals(means.database, means.threads, processes)


def _extension(section: StorageSection, means: Means) -> IBlobStore:
    name = section.backend
    entry_point = find_backend(name)
    extension = None if entry_point is None else entry_point.load()
    if not isinstance(extension, Extension):
        raise ConfigError("configuration", "storage.backend", f"no backend has the name {name}")
    given = section.others.get(name, Given(None, "configuration"))
    return extension.build(read_section(extension.section, given, f"storage.{name}"), means)


_BACKENDS: dict[str, _Builder] = {
    "local": _local,
    "memory": _memory,
    "sqlite": _sqlite,
    "aws": _aws,
    "gcp": _gcp,
    "azure": _azure,
}
