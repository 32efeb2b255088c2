"""S3 as dictionaries and lists: too simple to be wrong, and the measure of the metadata."""

from __future__ import annotations

from collections import Counter

from attrs import define, field

from bleepstore.values import NULL_VERSION_ID, Part, Segment, Versioning


@define
class Known:
    """What the model keeps of a version."""

    version_id: str
    is_marker: bool
    etag: str
    segments: tuple[Segment, ...]
    tags: tuple[tuple[str, str], ...] = ()


@define
class KnownUpload:
    """An upload: its parts while it is under way, then what it was made of and became."""

    key: str
    parts: dict[int, Part] = field(factory=dict)
    made_of: dict[int, Part] = field(factory=dict)
    completed: list[str | None] = field(factory=list)


@define
class Model:
    """One bucket: for each key a list of versions, the newest first; and its uploads by id."""

    state: Versioning = Versioning.OFF
    versions: dict[str, list[Known]] = field(factory=dict)
    uploads: dict[str, KnownUpload] = field(factory=dict)

    def newest(self, key: str) -> Known | None:
        versions = self.versions.get(key, [])
        return versions[0] if versions else None

    def current(self, key: str) -> Known | None:
        newest = self.newest(key)
        return None if newest is None or newest.is_marker else newest

    def find(self, key: str, version_id: str) -> Known | None:
        found = [each for each in self.versions.get(key, []) if each.version_id == version_id]
        return found[0] if found else None

    def push(self, key: str, known: Known) -> str | None:
        """Put a version on top; answer its id as it is shown."""
        versions = self.versions.setdefault(key, [])
        if self.state is not Versioning.ENABLED:
            known.version_id = NULL_VERSION_ID
            versions[:] = [each for each in versions if each.version_id != NULL_VERSION_ID]
        versions.insert(0, known)
        return None if self.state is Versioning.OFF else known.version_id

    def refusal(self, key: str, if_match: str | None) -> str | None:
        """The error that a condition leads to."""
        if if_match is None:
            return None
        current = self.current(key)
        if current is None:
            return "NoSuchKey"
        return None if if_match == current.etag else "PreconditionFailed"

    def delete(self, key: str, marker_id: str) -> tuple[str | None, bool]:
        """What a delete without a version answers: version id, and whether it is a marker."""
        if self.state is Versioning.OFF:
            self.versions.pop(key, None)
            return None, False
        return self.push(key, Known(marker_id, True, "", ())), True

    def delete_version(self, key: str, version_id: str) -> tuple[str | None, bool]:
        gone = self.find(key, version_id)
        if gone is None:
            return version_id, False
        self.versions[key].remove(gone)
        return version_id, gone.is_marker

    def all_versions(self) -> list[tuple[str, Known]]:
        """Keys and versions in the order of a listing."""
        keys = sorted(self.versions, key=lambda key: key.encode())
        return [(key, known) for key in keys for known in self.versions[key]]

    def under_way(self) -> list[str]:
        return [upload_id for upload_id, each in self.uploads.items() if not each.completed]

    def refs(self) -> dict[str, int]:
        """How often each blob is named."""
        named = [segment for _, known in self.all_versions() for segment in known.segments]
        for upload in self.uploads.values():
            named += [segment for part in upload.parts.values() for segment in part.segments]
        return dict(Counter(segment.locator for segment in named))
