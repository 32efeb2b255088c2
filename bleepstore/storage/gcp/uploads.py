"""Makes objects of bytes: small ones in one request, large ones in chunks.

https://cloud.google.com/storage/docs/resumable-uploads
"""

from __future__ import annotations

import json
from typing import Any

from attrs import frozen

from ...config.gateways import UpstreamSection
from ...ids import new_blob_id
from ...streams.threads import Threads
from ...values import Appearance
from ..remote.client import Outgoing
from .addresses import Addresses
from .answers import failure
from .api import Api
from .resources import resource_of
from .resumable import Resumable, Session
from .sums import FIELDS, Sum


@frozen
class Uploads:
    """The uploads to one bucket."""

    api: Api
    addresses: Addresses
    threads: Threads
    reactor: Any
    section: UpstreamSection

    async def put(self, name: str, content: bytes, appearance: Appearance) -> str:
        """As :meth:`~bleepstore.storage.remote.upstream.IUpstream.put`."""
        sum_ = Sum()
        await self.threads.run(sum_.update, content)
        said = {**resource_of(appearance), "name": name, "crc32c": sum_.value}
        kind, body = _multipart(said, content)
        url = self.addresses.upload("multipart", fields=FIELDS)
        answer = await self.api.send(
            Outgoing("POST", url, {"content-type": kind}, body, is_idempotent=True)
        )
        return sum_.tag_of(answer, f"upload of {name}")

    async def begin(self, name: str) -> Resumable:
        """As :meth:`~bleepstore.storage.remote.upstream.IUpstream.begin`."""
        url = self.addresses.upload("resumable", fields=FIELDS)
        answer = await self.api.post(url, {**resource_of(Appearance()), "name": name})
        address = answer.headers.get("location")
        if answer.status >= 300 or not address:
            raise failure(answer, f"beginning of an upload of {name}")
        session = Session(self.api, self.reactor, self.section, address, f"upload of {name}")
        return Resumable(session, self.api, self.addresses.object(name), self.threads)


def _multipart(said: dict[str, Any], content: bytes) -> tuple[str, bytes]:
    """The content type and the body of a request with a resource and its content.

    https://cloud.google.com/storage/docs/uploading-objects#rest-upload-objects
    """
    boundary = f"bleepstore-{new_blob_id()}"
    head = (
        f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(said)}"
        f"\r\n--{boundary}\r\nContent-Type: {said['contentType']}\r\n\r\n"
    )
    body = b"".join([head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])
    return f"multipart/related; boundary={boundary}", body
