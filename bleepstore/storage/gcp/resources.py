"""Between objects as the JSON API describes them and what the rest of the gateway knows.

https://cloud.google.com/storage/docs/json_api/v1/objects#resource
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...values import Appearance
from ..remote.upstream import Standing

FIELDS = "name,size,generation,md5Hash,etag,updated"
FIELDS_WITH_APPEARANCE = (
    FIELDS + ",contentType,cacheControl,contentDisposition,contentEncoding,contentLanguage,metadata"
)

_HEADERS = {
    "content-type": "contentType",
    "cache-control": "cacheControl",
    "content-disposition": "contentDisposition",
    "content-encoding": "contentEncoding",
    "content-language": "contentLanguage",
}
# Google's own default; without any, a copy could take over what its source has.
_DEFAULT_TYPE = "application/octet-stream"
_LONGEST_LANGUAGE = 100  # characters; Google refuses the object otherwise


def resource_of(appearance: Appearance) -> dict[str, Any]:
    """What a request says of the object that it makes; what Google has no field for is left out."""
    given = {
        name: appearance.headers[header]
        for header, name in _HEADERS.items()
        if header in appearance.headers
    }
    if len(given.get("contentLanguage", "")) > _LONGEST_LANGUAGE:
        del given["contentLanguage"]
    return {
        "contentType": _DEFAULT_TYPE,
        **given,
        "metadata": dict(appearance.user_metadata),
    }


def standing_of(resource: Mapping[str, Any]) -> Standing:
    """An object that stands upstream, as far as the resource tells."""
    return Standing(
        name=resource["name"],
        size_bytes=int(resource.get("size", 0)),
        tag=str(resource["generation"]),
        etag=_etag(resource),
        last_modified_ms=_instant_ms(resource["updated"]),
        appearance=_appearance(resource),
    )


def _etag(resource: Mapping[str, Any]) -> str:
    """Composite objects have no MD5; their generation is as good, and no S3 client takes it for
    an MD5 with the hyphen in it."""
    try:
        md5 = base64.b64decode(resource.get("md5Hash", ""), validate=True)
    except binascii.Error:
        md5 = b""
    return md5.hex() if len(md5) == 16 else f"{int(resource['generation']):032x}-1"


def _instant_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def _appearance(resource: Mapping[str, Any]) -> Appearance:
    headers = {
        header: resource[name] for header, name in _HEADERS.items() if resource.get(name, "")
    }
    metadata = {name.lower(): value for name, value in (resource.get("metadata") or {}).items()}
    return Appearance(headers, metadata)
