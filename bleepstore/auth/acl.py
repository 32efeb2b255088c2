"""Access control lists: whom they let in, and the text in which metadata keeps them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
"""

from __future__ import annotations

import json
from typing import Any

from ..values import AccessControlList, Grant, Grantee, Owner, Permission, Principal

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
GROUPS = frozenset({ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY})

# What an owner may do whatever the list says, so that nobody can lock himself out.
_OWNERS_RIGHTS = frozenset({Permission.READ_ACP, Permission.WRITE_ACP})


def private_acl(owner: Owner) -> AccessControlList:
    """The default list: the owner may do everything, and nobody else anything."""
    return AccessControlList(owner, (Grant(Grantee(owner=owner), Permission.FULL_CONTROL),))


def allows(acl: AccessControlList, principal: Principal, permission: Permission) -> bool:
    """Whether a list gives somebody a permission."""
    if permission in _OWNERS_RIGHTS and is_account(principal, acl.owner):
        return True
    return any(
        grant.permission in (permission, Permission.FULL_CONTROL)
        and _includes(grant.grantee, principal)
        for grant in acl.grants
    )


def is_account(principal: Principal, owner: Owner) -> bool:
    """Whether somebody acts for an account. Anonymous callers act for none."""
    return principal.owner is not None and principal.owner.id == owner.id


def _includes(grantee: Grantee, principal: Principal) -> bool:
    if grantee.owner is not None:
        return is_account(principal, grantee.owner)
    if grantee.group == AUTHENTICATED_USERS:
        return not principal.is_anonymous
    return grantee.group == ALL_USERS


def dump_acl(acl: AccessControlList) -> str:
    """A list's grants as JSON text; empty for the default list.

    The owner is not in it: metadata keeps the owner with the bucket or the object.
    """
    grants = [_grant_to_list(grant) for grant in acl.grants]
    if grants == [_grant_to_list(grant) for grant in private_acl(acl.owner).grants]:
        return ""
    return json.dumps(grants, ensure_ascii=False, separators=(",", ":"))


def load_acl(text: str, owner: Owner) -> AccessControlList:
    """The list of something that belongs to ``owner``."""
    if not text:
        return private_acl(owner)
    return AccessControlList(owner, tuple(_list_to_grant(item) for item in json.loads(text)))


def _grant_to_list(grant: Grant) -> list[str]:
    who = grant.grantee
    if who.owner is not None:
        return [grant.permission.value, "user", who.owner.id, who.owner.display_name]
    return [grant.permission.value, "group", who.group or ""]


def _list_to_grant(item: list[Any]) -> Grant:
    permission, kind, *who = item
    grantee = Grantee(owner=Owner(*who)) if kind == "user" else Grantee(group=who[0])
    return Grant(grantee, Permission(permission))
