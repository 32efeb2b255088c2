"""The section ``storage``: where the bytes of objects are, and how well they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from .extensions import backend_name, find_backend
from .gateways import AwsSection, AzureSection, GcpSection, UpstreamSection
from .kinds import DURATION, PATH, SIZE, choice, seconds
from .layers import Given
from .settings import about, checked, others, section

_DAYS = seconds(0.001, expected="a number of days from 0.001 on")


@frozen(field_transformer=checked)
class LocalSection:
    """``storage.local``: objects in files on a local disk."""

    root_dir: Path = field(
        default=Path("data/objects"),
        metadata=about(PATH, "Folder of the object files. It is made if it is not there."),
    )
    inline_max_bytes: int = field(
        default=16 * 1024,
        metadata=about(
            SIZE,
            "Objects up to this size, in bytes or with a unit, are kept in the metadata database, "
            "where many of them become durable with one sync.",
        ),
    )
    pack_max_bytes: int = field(
        default=1024 * 1024,
        metadata=about(
            SIZE,
            "Larger objects up to this size are kept one behind the other in large files, if it is "
            "known before they come; all others in a file each. 0: all of them in a file each.",
        ),
    )


@frozen(field_transformer=checked)
class MemorySection:
    """``storage.memory``: objects in memory, with the metadata."""

    max_size_bytes: int = field(
        default=0,
        metadata=about(
            SIZE,
            "Memory that objects and metadata may take, in bytes or with a unit. An upload beyond "
            "it is refused with 507 InsufficientStorage. 0: no limit.",
        ),
    )
    persistence: Literal["none", "snapshot"] = field(
        default="none",
        metadata=about(
            choice("none", "snapshot"),
            "none: everything is gone when the daemon ends. snapshot: everything is saved to a "
            "file from time to time and loaded at the start; a crash loses what came later.",
        ),
    )
    snapshot_path: Path = field(
        default=Path("data/snapshot.db"),
        metadata=about(PATH, "The snapshot, an SQLite file. Its folder is made if need be."),
    )
    snapshot_interval_seconds: float = field(
        default=300.0,
        metadata=about(DURATION, "Seconds between snapshots. 0: only when the daemon stops."),
    )


@frozen(field_transformer=checked)
class StorageSection:
    """``storage``: where the bytes of objects are."""

    backend: str = field(
        default="local",
        metadata=about(
            backend_name(),
            "Storage backend. local: files on a local disk. memory: metadata and objects in "
            "memory. sqlite: objects in the metadata database, so that one file is the whole "
            "store. aws, gcp, azure: gateways to a bucket of Amazon S3 or its like, of Google "
            "Cloud Storage, or to a container of Azure. Other packages can bring more of them.",
        ),
    )
    durability: Literal["strict", "relaxed"] = field(
        default="strict",
        metadata=about(
            choice("strict", "relaxed"),
            "strict: what is acknowledged survives a power cut. relaxed: it survives a crash of "
            "the daemon, but the last seconds may be lost with the machine's power.",
        ),
    )
    garbage_grace_seconds: float = field(
        default=60.0,
        metadata=about(DURATION, "Seconds for which the bytes of deleted objects stay on disk."),
    )
    upload_expiry_days: float = field(
        default=7.0,
        metadata=about(
            _DAYS, "Days after which a multipart upload that nobody completes goes, and its bytes."
        ),
    )
    local: LocalSection = field(
        factory=LocalSection, metadata=section(LocalSection, "Files on a local disk.")
    )
    memory: MemorySection = field(
        factory=MemorySection,
        metadata=section(MemorySection, "Everything in memory; metadata.sqlite is not used then."),
    )
    upstream: UpstreamSection = field(
        factory=UpstreamSection,
        metadata=section(UpstreamSection, "What the gateways aws, gcp and azure do alike."),
    )
    aws: AwsSection = field(
        factory=AwsSection, metadata=section(AwsSection, "A bucket of Amazon S3 or its like.")
    )
    gcp: GcpSection = field(
        factory=GcpSection, metadata=section(GcpSection, "A bucket of Google Cloud Storage.")
    )
    azure: AzureSection = field(
        factory=AzureSection, metadata=section(AzureSection, "A container of Azure Blob Storage.")
    )
    others: Mapping[str, Given] = field(
        factory=dict, metadata=others(lambda name: find_backend(name) is not None)
    )

    @property
    def snapshot_path(self) -> Path | None:
        """The file that the memory is saved to; None if it is not saved, or not in use."""
        is_saved = self.backend == "memory" and self.memory.persistence == "snapshot"
        return self.memory.snapshot_path if is_saved else None
