"""The ``<Error>`` document.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses
"""

from __future__ import annotations

from ..errors import S3Error
from ..ids import host_id
from .xml import DECLARATION, element


def error_document(error: S3Error, resource: str, request_id: str) -> bytes:
    """``<Error>`` has no namespace, unlike every other document of S3."""
    children = [
        element("Code", error.code),
        element("Message", error.message),
        *(element(name, text) for name, text in error.elements.items()),
        element("Resource", resource),
        element("RequestId", request_id),
        element("HostId", host_id(request_id)),
    ]
    return f"{DECLARATION}<Error>{''.join(children)}</Error>".encode(errors="replace")
