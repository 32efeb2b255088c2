"""Deletes objects: with requests of their own, since Google bills and limits each one anyway."""

from __future__ import annotations

from collections.abc import Sequence

import txaio
from attrs import frozen

from ...errors import UpstreamFailed
from ..remote.client import Outgoing
from ..remote.together import together
from .absence import is_absent
from .addresses import Addresses
from .answers import failure
from .api import Api

log = txaio.make_logger()

_AT_A_TIME = 8
_OTHER_STATE = 412


@frozen
class Removals:
    """Deletes objects of one bucket."""

    api: Api
    addresses: Addresses

    async def delete(self, names: Sequence[str]) -> None:
        """As :meth:`~bleepstore.storage.remote.upstream.IUpstream.delete`."""
        await together(self._delete, names, _AT_A_TIME)

    async def delete_if(self, name: str, tag: str) -> None:
        """As :meth:`~bleepstore.storage.remote.upstream.IUpstream.delete_if`."""
        await self._delete(name, tag)

    async def discard(self, names: Sequence[str]) -> None:
        """Delete what is not needed any more; what cannot be deleted now is found later."""
        try:
            await self.delete(names)
        except UpstreamFailed as error:
            log.warn("temporary objects are left upstream: {problem}", problem=error.problem)

    async def _delete(self, name: str, tag: str | None = None) -> None:
        url = self.addresses.object(name, ifGenerationMatch=tag)
        answer = await self.api.send(Outgoing("DELETE", url, is_idempotent=True))
        if answer.status < 300 or answer.status == _OTHER_STATE:
            return
        if not await is_absent(self.api, self.addresses, answer):
            raise failure(answer, f"deletion of {name}")
