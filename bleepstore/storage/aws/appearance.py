"""How an object looks to other tools: its headers on S3.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
"""

from __future__ import annotations

from collections.abc import Mapping

from ...values import OBJECT_HEADERS, Appearance
from ...words import decode_words, encode_words

_METADATA = "x-amz-meta-"


def to_headers(appearance: Appearance) -> dict[str, str]:
    """The headers of a request that makes an object look like this."""
    headers = {n: appearance.headers[n] for n in OBJECT_HEADERS if appearance.headers.get(n)}
    for name, value in appearance.user_metadata.items():
        headers[_METADATA + name] = encode_words(value)
    return headers


def from_headers(headers: Mapping[str, str]) -> Appearance:
    """What the headers of an answer say."""
    return Appearance(
        {name: headers[name] for name in OBJECT_HEADERS if headers.get(name)},
        {
            name.removeprefix(_METADATA): decode_words(value)
            for name, value in headers.items()
            if name.startswith(_METADATA)
        },
    )
