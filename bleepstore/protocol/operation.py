"""What one row of the operation table says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum

from attrs import field, frozen

from ..s3.context import Context
from ..s3.later import Later
from ..values import Address, Reply

Handler = Callable[[Context], Awaitable[Reply | Later]]

_ON_VERSION = {
    f"s3:{verb}Object{what}": f"s3:{verb}ObjectVersion{what}"
    for verb, what in (
        ("Get", ""),
        ("Get", "Acl"),
        ("Get", "Attributes"),
        ("Get", "Tagging"),
        ("Get", "Torrent"),
        ("Put", "Acl"),
        ("Put", "Tagging"),
        ("Delete", ""),
        ("Delete", "Tagging"),
    )
}


class Level(Enum):
    """What an operation works on. The names are those of ``ResourceType`` in S3's errors."""

    SERVICE = "SERVICE"
    BUCKET = "BUCKET"
    OBJECT = "OBJECT"


class Body(Enum):
    """What happens to the request body."""

    NONE = "none"
    DOCUMENT = "document"
    STREAM = "stream"
    FORM = "form"


@frozen
class Operation:
    """One operation of S3.

    Attributes:
        name: as in AWS's model.
        action: the IAM action that its caller needs.
        query: query keys, all of which must be present; ``key=value`` asks for that value.
        headers: lower-case header names, all of which must be present.
        handler: None for an operation that is not built yet.
        also_named: earlier names of the same request.
    """

    name: str
    method: str
    level: Level
    action: str
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    body: Body = Body.NONE
    handler: Handler | None = field(default=None, repr=False)
    also_named: tuple[str, ...] = ()

    def action_on(self, query: Mapping[str, str]) -> str:
        """The IAM action of a request, which is another one where it names a version."""
        if query.get("versionId"):
            return _ON_VERSION.get(self.action, self.action)
        return self.action

    def matches(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        """Whether a request of this row's method and level is this operation."""
        return all(_has(query, wanted) for wanted in self.query) and all(
            name in headers for name in self.headers
        )


def _has(query: Mapping[str, str], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in query and (not equals or query[key] == value)


def level_of(address: Address) -> Level:
    """The level that an address is on."""
    if address.bucket is None:
        return Level.SERVICE
    return Level.BUCKET if address.key is None else Level.OBJECT
