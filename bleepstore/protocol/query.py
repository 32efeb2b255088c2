"""The query string of a request as names and values."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from ..errors import S3Error

MAX_FIELDS = 200

Query = Mapping[str, str]


def parse_query(raw: bytes) -> Query:
    """Decode a raw query string; the first value of a repeated name counts.

    Raises:
        S3Error: ``InvalidURI`` for more than 200 fields or text that is not UTF-8.
    """
    if not raw:
        return {}
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as error:
        raise S3Error("InvalidURI") from error
    return dict(reversed(pairs))
