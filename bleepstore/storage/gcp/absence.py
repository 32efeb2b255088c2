"""Tells an object that is not there from a bucket that is not, since Google answers 404 to both.

What belongs to an object that is not there is forgotten, so it must be sure.
"""

from __future__ import annotations

from ..remote.client import Answer
from .addresses import Addresses
from .answers import names_absent_object
from .api import Api


async def is_absent(api: Api, addresses: Addresses, answer: Answer) -> bool:
    """Whether an answer says that there is no such object.

    Where its words do not, the bucket has to be there at least: it is listed, for which we have
    the right, unlike for a look at the bucket itself.
    """
    if answer.status != 404:
        return False
    if names_absent_object(answer):
        return True
    return (await api.get(addresses.objects(maxResults="1", fields="kind"))).status == 200
