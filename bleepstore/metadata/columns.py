"""Values of several parts as one column: JSON text, or ``''`` when empty.

Empty is common and costs nothing to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from ..values import Checksum, ChecksumAlgorithm, ChecksumType, Segment

T = TypeVar("T")

# Objects of ten thousand parts have as many items here. json.loads() and Enum's own look-up would
# cost more than the rest of the work; the texts are our own, so they begin where the value does.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode
_ALGORITHMS = {each.value: each for each in ChecksumAlgorithm}
_TYPES = {each.value: each for each in ChecksumType}

_VALUES = re.compile(',"[^"]*",')  # only the value of a checksum is between two texts


def to_json(value: Any) -> str:
    """A list or a dictionary as a column."""
    return _encode(value) if value else ""


def from_json(column: str, make: Callable[[Any], T]) -> tuple[T, ...]:
    """The list of a column, each item made into something better."""
    return tuple(map(make, _decode(column)[0])) if column else ()


def column_to_mapping(column: str) -> Mapping[str, str]:
    """The dictionary of a column."""
    return _decode(column)[0] if column else {}


def tags_to_column(tags: Sequence[tuple[str, str]]) -> str:
    """A tag set as a column."""
    return to_json(tags)


def column_to_tags(column: str) -> tuple[tuple[str, str], ...]:
    """The tag set of a column."""
    return from_json(column, tuple)


def segments_to_column(segments: Sequence[Segment]) -> str:
    """Segments as a column."""
    return to_json([(each.locator, each.offset, each.length) for each in segments])


def column_to_segments(column: str) -> tuple[Segment, ...]:
    """The segments of a column."""
    return from_json(column, lambda item: Segment(*item))


def segments_of_rows(rows: Iterable[tuple[str]]) -> list[Segment]:
    """All segments of rows that have them as their only column."""
    return [segment for (column,) in rows for segment in column_to_segments(column)]


def checksums_to_column(checksums: Sequence[Checksum]) -> str:
    """Checksums as a column; listings read it too."""
    return to_json([checksum_to_list(checksum) for checksum in checksums])


def column_to_checksums(column: str) -> tuple[Checksum, ...]:
    """The checksums of a column."""
    if not column:
        return ()
    items = _decode(column)[0]  # at once: a page of a listing has a thousand of these columns
    return tuple(
        [Checksum(_ALGORITHMS[name], value, _TYPES[type_]) for name, value, type_ in items]
    )


def checksum_kinds(columns: Sequence[str]) -> list[tuple[tuple[str, str], ...]]:
    """Algorithm and type of each checksum of many columns, for listings.

    Without their values, few different columns are left.
    """
    texts = _VALUES.sub(",", "\n".join(columns)).split("\n")  # JSON has no newlines in texts
    return [_kinds(text) for text in texts] if columns else []


@lru_cache
def _kinds(text: str) -> tuple[tuple[str, str], ...]:
    return from_json(text, tuple)


def checksum_to_list(checksum: Checksum) -> list[str]:
    """A checksum as an item of a column."""
    return [checksum.algorithm, checksum.value, checksum.type]


def list_to_checksum(item: Sequence[str]) -> Checksum:
    """The checksum of a column's item."""
    return Checksum(_ALGORITHMS[item[0]], item[1], _TYPES[item[2]])
