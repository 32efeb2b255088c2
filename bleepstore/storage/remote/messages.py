"""What goes to a provider and what comes back, as far as HTTP is concerned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from attrs import field, frozen


@frozen
class Outgoing:
    """A request.

    Attributes:
        url: in full, percent-encoded; it goes out exactly as it is.
        headers: by lower-case name. ``content-length`` follows from the body, whatever they say.
        is_idempotent: whether sending it twice does no more than sending it once.
        silence_timeout_seconds: for what a provider may take long to begin to answer; None for
            what the configuration says.
    """

    method: str
    url: str = field(repr=False)  # it may hold a token
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    is_idempotent: bool = False
    silence_timeout_seconds: float | None = None


Authorize = Callable[[Outgoing], Awaitable[Outgoing]]
"""Adds what says who we are: a date, a token, a signature. Called anew for each attempt."""


@frozen
class Answer:
    """An answer with its whole body.

    Attributes:
        headers: by lower-case name; the values of a repeated one are joined with ``, ``.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
