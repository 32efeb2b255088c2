"""Grants in the ``x-amz-grant-*`` headers of a request.

Each header is one permission; its value lists grantees, ``id="…", uri="…", emailAddress="…"``.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..documents.acl import MAX_GRANTS, EmailGrant
from ..errors import S3Error
from ..values import Grant, Grantee, Owner, Permission

_PERMISSIONS = {
    "x-amz-grant-full-control": Permission.FULL_CONTROL,
    "x-amz-grant-read": Permission.READ,
    "x-amz-grant-write": Permission.WRITE,
    "x-amz-grant-read-acp": Permission.READ_ACP,
    "x-amz-grant-write-acp": Permission.WRITE_ACP,
}
_GRANTEE = re.compile(r'\s*(id|uri|emailaddress)\s*=\s*("[^"]+"|[^",\s]+)\s*', re.IGNORECASE)


def has_grant_headers(headers: Mapping[str, str]) -> bool:
    """Whether any of the headers is there."""
    return not _PERMISSIONS.keys().isdisjoint(headers)


def parse_grant_headers(headers: Mapping[str, str]) -> tuple[Grant | EmailGrant, ...]:
    """The grants that the headers name, not looked up yet.

    Raises:
        S3Error: ``InvalidArgument`` for a value that is no list of grantees, and for more than
            100 grants.
    """
    grants = tuple(
        grant
        for name, permission in _PERMISSIONS.items()
        if name in headers
        for grant in _grants(name, headers[name], permission)
    )
    if len(grants) > MAX_GRANTS:
        raise S3Error("InvalidArgument", f"An ACL can have up to {MAX_GRANTS} grants")
    return grants


def _grants(name: str, value: str, permission: Permission) -> Iterator[Grant | EmailGrant]:
    position = 0
    while match := _GRANTEE.match(value, position):
        yield _grant(match[1].lower(), match[2].strip('"'), permission)
        position = match.end()
        if position == len(value):
            return
        if value[position] != ",":
            break
        position += 1
    raise S3Error(
        "InvalidArgument",
        "Argument format not recognized",
        ArgumentName=name,
        ArgumentValue=value,
    )


def _grant(kind: str, who: str, permission: Permission) -> Grant | EmailGrant:
    if kind == "id":
        return Grant(Grantee(owner=Owner(who)), permission)
    if kind == "uri":
        return Grant(Grantee(group=who), permission)
    return EmailGrant(who, permission)
