"""Asks a database of which pages may be damaged, and keeps what it could not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

from attrs import field, frozen

from ..errors import StorageBroken

_T = TypeVar("_T")
_U = TypeVar("_U")


@frozen
class Questions:
    """Some questions.

    Attributes:
        unanswered: what could not be asked to its end, and why.
    """

    unanswered: list[str] = field(factory=list)

    async def ask(self, about: str, answer: Awaitable[_T], otherwise: _U) -> _T | _U:
        """The answer, or another where there is none."""
        try:
            return await answer
        except StorageBroken as error:
            self.unanswered.append(f"{about}: {error}")
            return otherwise

    async def list(self, about: str, answers: AsyncIterator[_T]) -> tuple[_T, ...]:
        """All answers, or those before the damage."""
        return tuple([each async for each in self._until_damage(about, answers)])

    async def _until_damage(self, about: str, answers: AsyncIterator[_T]) -> AsyncIterator[_T]:
        try:
            async for each in answers:
                yield each
        except StorageBroken as error:
            self.unanswered.append(f"{about}: {error}")
