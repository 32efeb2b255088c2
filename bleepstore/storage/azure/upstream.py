"""Azure Blob Storage as an upstream: which request does what.

https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence

from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ...clock import Clock
from ...config.gateways import AzureSection, UpstreamSection
from ...errors import ConfigError, UpstreamRefused
from ...values import Appearance
from ..extension import Means
from ..remote.client import Client, Outgoing
from ..remote.together import together
from ..remote.tokens import Token, Tokens
from ..remote.upstream import IUpstream, IUpstreamUpload, Piece, Standing
from .access import Access, TokenAccess
from .account import find_account
from .answers import failure
from .appearance import to_headers
from .assembly import assemble
from .blobs import Blobs
from .blocks import MAX_BLOCKS
from .container import Container
from .identity import fetch_token, find_source
from .listing import Page, read_page
from .names import fits, parameters
from .upload import BlockUpload, content_md5_of

# Two of them for each upload are in memory; with 8 MiB a large one cost 38 MiB in all, measured.
_PART_BYTES = 4 * 1024 * 1024
_PAGE_BLOBS = 1000
_AT_A_TIME = 16


@implementer(IUpstream)
class AzureUpstream:
    """A container.

    Args:
        environment: where settings and credentials are looked for that the section does not have.

    Raises:
        ConfigError: the settings do not say where, or as whom.
    """

    name = "azure"
    part_bytes = _PART_BYTES
    max_parts = MAX_BLOCKS

    def __init__(
        self,
        section: AzureSection,
        upstream_section: UpstreamSection,
        means: Means,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._threads = means.threads
        self._identity_client = Client(
            means.reactor, upstream_section, "the identity service", _unchanged
        )
        self._environment = environment
        self._account = find_account(section, environment, self._identify)
        access = self._account.access
        self._client = Client(means.reactor, upstream_section, self.name, access.authorize)
        self._container = Container(
            self._client,
            access,
            self._account.endpoint,
            self._account.container,
            upstream_section.copy_timeout_seconds,
        )
        self._blobs = Blobs(self._container, means.threads)

    def _identify(self) -> Access:
        source = find_source(self._environment)

        async def fetch() -> Token[str]:
            return await fetch_token(self._identity_client, source)

        return TokenAccess(Tokens(fetch, Clock()))

    async def start(self) -> None:
        """List one blob: unlike the container's properties, any SAS that serves us may do that."""
        what = f"listing of the container {self._account.container}"
        query = parameters(restype="container", comp="list", maxresults="1")
        try:
            answer = await self._container.send(self._container.request("GET", "", query))
            if answer.status == 404:
                raise ConfigError(
                    "configuration",
                    "storage.azure.container",
                    f"there is no container {self._account.container}; create it, or mend the name",
                )
            if answer.status != 200:
                raise failure(answer, what)
        except UpstreamRefused as error:
            raise self._account.credentials.error(f"Azure refuses: {error.problem}") from error

    async def stop(self) -> None:
        await self._client.stop()
        await self._identity_client.stop()

    def fits(self, name: str) -> bool:
        return fits(name)

    async def put(self, name: str, content: bytes, appearance: Appearance) -> str:
        content_md5 = await self._threads.run(content_md5_of, content)
        return await self._blobs.put(name, content, content_md5, to_headers(appearance))

    async def begin(self, name: str, part_bytes: int) -> IUpstreamUpload:
        return BlockUpload(self._blobs, self._threads, name)

    async def open(self, name: str, tag: str | None, offset: int, length: int) -> IBodyProducer:
        return await self._blobs.open(name, tag, offset, length)

    async def look(self, name: str) -> Standing | None:
        return await self._blobs.look(name)

    async def assemble(self, name: str, pieces: Sequence[Piece], appearance: Appearance) -> str:
        return await assemble(self._blobs, name, pieces, appearance)

    async def delete(self, names: Sequence[str]) -> None:
        await together(self._blobs.delete, names, _AT_A_TIME)

    async def delete_if(self, name: str, tag: str) -> None:
        await self._blobs.delete_if(name, tag)

    async def walk(self, prefix: str, after: str) -> AsyncIterator[Standing]:
        """The service cannot begin behind a name, so what comes before is listed and left out."""
        async for standing in self._list(prefix, "metadata"):
            if standing.name > after:
                yield standing

    async def _list(self, prefix: str, include: str) -> AsyncIterator[Standing]:
        marker: str | None = ""
        while marker is not None:
            page = await self._page(prefix, include, marker)
            for standing in page.blobs:
                yield standing
            marker = page.marker or None

    async def _page(self, prefix: str, include: str, marker: str) -> Page:
        fields = {"prefix": prefix, "marker": marker, "maxresults": str(_PAGE_BLOBS)}
        given = {name: value for name, value in fields.items() if value}
        query = parameters(restype="container", comp="list", include=include, **given)
        answer = await self._container.send(self._container.request("GET", "", query))
        if answer.status != 200:
            raise failure(answer, "listing")
        return await self._threads.run(read_page, answer.body)

    async def abort_strays(self, prefix: str, before_ms: int | None) -> int:
        """Blocks that are in no list go by themselves after a week, and their age is unknown, so
        they are let go of only where all are meant."""
        if before_ms is not None:
            return 0
        found = [each async for each in self._list(prefix, "uncommittedblobs")]
        strays = [each.name for each in found if await self._is_uncommitted(each)]
        await together(self._blobs.discard, strays, _AT_A_TIME)
        return len(strays)

    async def _is_uncommitted(self, listed: Standing) -> bool:
        """A blob of which there are only blocks has no type of content, and cannot be looked at."""
        is_blob = listed.size_bytes or "content-type" in listed.appearance.headers
        return not is_blob and await self._blobs.look(listed.name) is None


async def _unchanged(outgoing: Outgoing) -> Outgoing:
    return outgoing
