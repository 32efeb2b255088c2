"""Tells the log when something begins to fail and when it is good again, not each time in between."""

from __future__ import annotations

import txaio
from attrs import define, field
from twisted.python.failure import Failure

from ..errors import BleepStoreError

log = txaio.make_logger()


@define(eq=False)
class Standing:
    """How something stands that is tried again and again.

    Args:
        what: for the log.
    """

    _what: str
    is_good: bool = field(default=True, init=False)

    def succeeded(self) -> None:
        """This time it was well."""
        if not self.is_good:
            log.info("{what} is good again", what=self._what)
        self.is_good = True

    def failed(self, error: Exception) -> None:
        """This time it was not; a traceback is for what nobody has foreseen."""
        if not self.is_good:
            return
        self.is_good = False
        if isinstance(error, BleepStoreError):
            log.error("{what} fails: {why}", what=self._what, why=str(error))
        else:
            log.failure("{what} fails", failure=Failure(error), what=self._what)
