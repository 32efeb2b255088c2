"""Answering about objects whose bytes others may change: as they stand now, or not at all.

A version that we have just looked up may have been overwritten by one of our own clients, and
tidied up; then looking again finds the new one. If that does not help, somebody may have changed
or deleted the object upstream, where gateways show it under its own name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from attrs import frozen
from zope.interface import implementer

from ..errors import BlobMissing
from ..interfaces import IShowing
from ..values import ObjectVersion

T = TypeVar("T")


@implementer(IShowing)
@frozen
class NothingShown:
    """There are no natural names: nobody but us can change anything."""

    async def settle(self, bucket: str, keys: Sequence[str]) -> None:
        """All is settled."""

    async def check(self, version: ObjectVersion) -> None:
        """Opening the bytes tells whether they are there."""

    async def check_parts(
        self, bucket: str, key: str, upload_id: str, numbers: Collection[int]
    ) -> None:
        """All are there."""

    async def look_again(self, bucket: str, key: str, version_id: str | None) -> bool:
        """Nothing will be found."""
        return False


async def as_it_stands(
    showing: IShowing,
    bucket: str,
    key: str,
    version_id: str | None,
    answer: Callable[[], Awaitable[T]],
) -> T:
    """What ``answer`` answers about a version, which it looks up each time.

    Raises:
        BlobMissing: bytes are missing, and nobody knows why.
    """
    for _ in range(2):
        try:
            return await answer()
        except BlobMissing as error:
            missing = error
    if not await showing.look_again(bucket, key, version_id):
        raise missing
    return await answer()
