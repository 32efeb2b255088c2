"""The answer of a browser's upload.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from __future__ import annotations

from .xml import DECLARATION, element


def post_response(location: str, bucket: str, key: str, etag: str) -> bytes:
    """``PostResponse``, which has no namespace."""
    children = (
        element("Location", location),
        element("Bucket", bucket),
        element("Key", key),
        element("ETag", f'"{etag}"'),
    )
    return f"{DECLARATION}<PostResponse>{''.join(children)}</PostResponse>".encode()
