"""A bucket of Google Cloud Storage, by its JSON API.

A tag is a generation: every change of an object's bytes gives it a new one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence

from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ...clock import Clock
from ...config.gateways import GcpSection, UpstreamSection
from ...errors import ConfigError, UpstreamRefused
from ...values import Appearance
from ..extension import Means
from ..remote.client import Client
from ..remote.upstream import IUpstream, Piece, Standing
from .absence import is_absent
from .addresses import DEFAULT_ENDPOINT, Addresses
from .answers import resource
from .api import Api
from .composing import Composing
from .credentials import Credentials
from .downloads import Downloads
from .removals import Removals
from .resources import FIELDS, FIELDS_WITH_APPEARANCE, standing_of
from .resumable import Resumable
from .uploads import Uploads

# A whole number of chunks. With 8 MiB the heap is left in pieces: an upload of 2 GiB made the process
# grow by 37 MiB, and gateways have 32 for an upload of any size.
_PART_BYTES = 4 * 1024 * 1024
_MOST_NAME_BYTES = 1024
_TEMPORARY = ".bleepstore/composing/"


@implementer(IUpstream)
class GcpUpstream:
    """Objects of one bucket.

    Args:
        environment: where credentials may be named.
    """

    name = "gcp"
    part_bytes = _PART_BYTES
    max_parts = 2**31  # any number: there are no parts in the end

    def __init__(
        self,
        section: GcpSection,
        upstream: UpstreamSection,
        means: Means,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        if section.bucket is None:
            raise _wrong("bucket", "expected the name of the bucket upstream")
        endpoint = (section.endpoint_url or DEFAULT_ENDPOINT).rstrip("/")
        self._bucket = section.bucket
        self._credentials = Credentials(
            section, upstream, means.reactor, means.threads, environment, Clock()
        )
        self._client = Client(
            means.reactor, upstream, "Google Cloud Storage", self._credentials.authorize
        )
        self._api = api = Api(self._client, self._credentials, upstream.copy_timeout_seconds)
        self._addresses = to = Addresses(endpoint, section.bucket, section.project)
        self._downloads = Downloads(api, to, means.threads)
        self._uploads = Uploads(api, to, means.threads, means.reactor, upstream)
        self._removals = Removals(api, to)
        self._temporary = (section.prefix or "") + _TEMPORARY
        self._composing = Composing(
            api, to, self._downloads, self._uploads, self._removals, self._temporary
        )

    async def start(self) -> None:
        await self._credentials.start()
        # Not the bucket itself, for which a right would be needed that nothing else here needs.
        url = self._addresses.objects(maxResults="1", fields="kind")
        try:
            answer = await self._api.get(url)
            if answer.status == 404:
                raise _wrong(
                    "bucket", f"there is no bucket {self._bucket}; create it, or mend the name"
                )
            resource(answer, f"first look at the bucket {self._bucket}")
        except UpstreamRefused as error:
            raise _wrong(
                "bucket",
                f"{error.problem}; give the account the role Storage Object User "
                f"(roles/storage.objectUser) on the bucket {self._bucket}",
            ) from error

    async def stop(self) -> None:
        await self._client.stop()
        await self._credentials.stop()

    def fits(self, name: str) -> bool:
        """See https://cloud.google.com/storage/docs/objects#naming"""
        return (
            0 < len(name.encode("utf-8", "surrogatepass")) <= _MOST_NAME_BYTES
            and not any(letter in name for letter in "\r\n")
            and name not in (".", "..")
            and not name.startswith(".well-known/acme-challenge/")
        )

    async def put(self, name: str, content: bytes, appearance: Appearance) -> str:
        return await self._uploads.put(name, content, appearance)

    async def begin(self, name: str, part_bytes: int) -> Resumable:
        return await self._uploads.begin(name)

    async def open(self, name: str, tag: str | None, offset: int, length: int) -> IBodyProducer:
        return await self._downloads.open(name, tag, offset, length)

    async def look(self, name: str) -> Standing | None:
        url = self._addresses.object(name, fields=FIELDS_WITH_APPEARANCE)
        answer = await self._api.get(url)
        if await is_absent(self._api, self._addresses, answer):
            return None
        return standing_of(resource(answer, f"look at {name}"))

    async def assemble(self, name: str, pieces: Sequence[Piece], appearance: Appearance) -> str:
        return await self._composing.assemble(name, pieces, appearance)

    async def delete(self, names: Sequence[str]) -> None:
        await self._removals.delete(names)

    async def delete_if(self, name: str, tag: str) -> None:
        await self._removals.delete_if(name, tag)

    async def walk(self, prefix: str, after: str) -> AsyncIterator[Standing]:
        page_token: str | None = None
        while True:
            url = self._addresses.objects(
                prefix=prefix,
                startOffset=after or None,
                pageToken=page_token,
                maxResults="1000",
                fields=f"nextPageToken,items({FIELDS})",
            )
            page = resource(await self._api.get(url), f"listing of {prefix}")
            for each in page.get("items", []):
                if each["name"] > after:  # startOffset is part of what is listed
                    yield standing_of(each)
            page_token = page.get("nextPageToken")
            if not page_token:
                return

    async def abort_strays(self, prefix: str, before_ms: int | None) -> int:
        """Unfinished uploads go by themselves after a week; objects that a composition needed for
        a moment are deleted."""
        if not self._temporary.startswith(prefix):
            return 0
        strays = [
            each.name
            async for each in self.walk(self._temporary, "")
            if before_ms is None or each.last_modified_ms < before_ms
        ]
        await self.delete(strays)
        return len(strays)


def _wrong(key: str, expected: str) -> ConfigError:
    return ConfigError("configuration", f"storage.gcp.{key}", expected)
