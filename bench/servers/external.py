"""A store that runs already, anywhere, given by its address and an access key."""

from __future__ import annotations

from http.client import HTTPException

from ..client import client_of
from .server import Account, Server


class External(Server):
    """Is neither started nor stopped, and nothing is known of its processes.

    Args:
        given: ``NAME=URL,ACCESS_KEY,SECRET_KEY[,REGION]``, as the command line has it.

    Raises:
        ValueError: it is not of that form.
    """

    syncs = "not known"

    def __init__(self, given: str) -> None:
        name, equals, rest = given.partition("=")
        fields = rest.split(",")
        if not equals or len(fields) not in (3, 4):
            raise ValueError("expected NAME=URL,ACCESS_KEY,SECRET_KEY[,REGION]")
        if not fields[0].startswith(("http://", "https://")):
            raise ValueError(f"expected a URL with http:// or https://, not {fields[0]!r}")
        self.name = name
        self._account = Account(*fields)

    @property
    def account(self) -> Account:
        return self._account

    def start(self) -> None:
        """It runs."""

    def problem(self) -> str:
        """Why it cannot be measured; empty if it answers."""
        try:
            with client_of(self._account) as client:
                client.try_to("GET", "/")
        except (OSError, HTTPException) as error:
            return f"{self.name} does not answer at {self._account.endpoint}: {error}"
        return ""

    def stop(self) -> None:
        """It goes on."""

    @property
    def pid(self) -> None:
        return None
