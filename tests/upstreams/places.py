"""A bucket or container behind a gateway, as somebody sees it with the provider's own library."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen
from azure.storage.blob import ContentSettings

from tests.upstreams import azure, gcs, s3

PREFIX = "store/"
_MARKER = f"{PREFIX}.bleepstore/store"


@frozen
class Look:
    """How an object looks; what is empty or None is as the provider likes it."""

    content_type: str | None = None
    cache_control: str | None = None
    metadata: Mapping[str, str] = field(factory=dict)


@frozen
class Thing:
    """What stands under a name."""

    content: bytes
    look: Look


class Place(ABC):
    """One bucket; names are without the prefix.

    Attributes:
        backend: which goes with it.
        settings: of that backend's section.
        has_folders: whether a name may end with a slash.
    """

    backend: str
    settings: Mapping[str, Any]
    has_folders = True

    @abstractmethod
    def put(self, name: str, content: bytes, look: Look | None = None) -> None:
        """Make an object stand there."""

    @abstractmethod
    def get(self, name: str) -> Thing:
        """What stands there."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Make nothing stand there."""

    @abstractmethod
    def _names(self) -> Iterator[str]:
        """All names below the prefix, in full."""

    def names(self) -> list[str]:
        """All but the marker."""
        return [name.removeprefix(PREFIX) for name in self._names() if name != _MARKER]

    def natural(self) -> list[str]:
        """Those that are not private, in the order of their bytes."""
        return sorted(name for name in self.names() if not name.startswith(".bleepstore/"))


class S3Place(Place):
    backend = "aws"

    def __init__(self) -> None:
        service = s3.running()
        self._bucket = service.new_bucket()
        self._client = service.client()
        self.settings = {**service.settings(self._bucket), "use_path_style": True}

    def put(self, name: str, content: bytes, look: Look | None = None) -> None:
        look = look or Look()
        given = {"ContentType": look.content_type, "CacheControl": look.cache_control}
        self._client.put_object(
            **self._address(name),
            Body=content,
            Metadata=dict(look.metadata),
            **{header: value for header, value in given.items() if value},
        )

    def get(self, name: str) -> Thing:
        found = self._client.get_object(**self._address(name))
        look = Look(found["ContentType"], found.get("CacheControl"), found["Metadata"])
        return Thing(found["Body"].read(), look)

    def delete(self, name: str) -> None:
        self._client.delete_object(**self._address(name))

    def _names(self) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=PREFIX
        )
        return (each["Key"] for page in pages for each in page.get("Contents", ()))

    def _address(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": PREFIX + name}


class GcsPlace(Place):
    backend = "gcp"

    def __init__(self) -> None:
        service = gcs.running()
        bucket = service.new_bucket()
        self._client = service.client()
        self._bucket = self._client.bucket(bucket)
        self.settings = {**service.settings(bucket), "prefix": PREFIX}

    def put(self, name: str, content: bytes, look: Look | None = None) -> None:
        look = look or Look()
        blob = self._bucket.blob(PREFIX + name)
        blob.cache_control, blob.metadata = look.cache_control, dict(look.metadata)
        blob.upload_from_string(content, look.content_type or "application/octet-stream")

    def get(self, name: str) -> Thing:
        blob = self._bucket.get_blob(PREFIX + name)
        look = Look(blob.content_type, blob.cache_control, blob.metadata or {})
        return Thing(blob.download_as_bytes(), look)

    def delete(self, name: str) -> None:
        self._bucket.blob(PREFIX + name).delete()

    def _names(self) -> Iterator[str]:
        return (blob.name for blob in self._client.list_blobs(self._bucket, prefix=PREFIX))


class AzurePlace(Place):
    backend = "azure"
    has_folders = False

    def __init__(self) -> None:
        self._container = azure.running().new_container()
        settings = azure.running().settings(self._container.container_name)
        self.settings = {**settings, "prefix": PREFIX}

    def put(self, name: str, content: bytes, look: Look | None = None) -> None:
        look = look or Look()
        headers = ContentSettings(content_type=look.content_type, cache_control=look.cache_control)
        self._container.upload_blob(
            PREFIX + name,
            content,
            overwrite=True,
            metadata=dict(look.metadata),
            content_settings=headers,
        )

    def get(self, name: str) -> Thing:
        download = self._container.download_blob(PREFIX + name)
        settings = download.properties.content_settings
        look = Look(settings.content_type, settings.cache_control, download.properties.metadata)
        return Thing(download.readall(), look)

    def delete(self, name: str) -> None:
        self._container.delete_blob(PREFIX + name)

    def _names(self) -> Iterator[str]:
        return (blob.name for blob in self._container.list_blobs(name_starts_with=PREFIX))


PLACES: dict[str, type[Place]] = {"aws": S3Place, "gcp": GcsPlace, "azure": AzurePlace}
