"""The access control list that a request asks for, in one of three ways.

A canned name, ``x-amz-grant-*`` headers or, where a list is replaced, a document: never two of
them at once.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field, frozen

from ..auth.acl import GROUPS, dump_acl
from ..auth.canned import CANNED_HEADER, canned_bucket_acl, canned_object_acl
from ..auth.grant_headers import has_grant_headers, parse_grant_headers
from ..auth.ownership import (
    is_open_to_others,
    owner_of_new_object,
    refuse_lists_that_do_not_count,
)
from ..documents.acl import EmailGrant, parse_access_control_policy
from ..errors import S3Error
from ..metadata.accounts import Accounts
from ..values import AccessControlList, Bucket, Grant, Grantee, Owner, Ownership
from .context import Context


@frozen
class NewObject:
    """Whose a new object is, and its access control list as metadata keeps it."""

    owner: Owner
    acl: str


async def for_new_object(ctx: Context) -> NewObject:
    """Whose the object will be that a request makes, and its list.

    Raises:
        S3Error: ``AccessControlListNotSupported``, ``InvalidArgument``, ``InvalidRequest``,
            ``UnresolvableGrantByEmailAddress``.
    """
    bucket = ctx.existing_bucket
    owner = owner_of_new_object(bucket, ctx.owner, ctx.headers)
    acl = await _from_headers(
        ctx, owner, lambda name: canned_object_acl(name, owner, bucket.owner), bucket
    )
    return NewObject(owner, dump_acl(acl) if acl else "")


async def for_new_bucket(ctx: Context, ownership: Ownership) -> str:
    """The list of the bucket that a request makes, as metadata keeps it.

    Raises:
        S3Error: as :func:`for_new_object`, and ``InvalidBucketAclWithObjectOwnership``.
    """
    owner = ctx.owner
    acl = await _from_headers(ctx, owner, lambda name: canned_bucket_acl(name, owner))
    if acl is None:
        return ""
    if ownership is Ownership.BUCKET_OWNER_ENFORCED and is_open_to_others(acl):
        raise S3Error("InvalidBucketAclWithObjectOwnership")
    return dump_acl(acl)


async def replacing_object_acl(ctx: Context, bucket: Bucket, owner: Owner) -> AccessControlList:
    """The list that PutObjectAcl asks for, on an object of ``owner``'s.

    Raises:
        S3Error: as :func:`for_new_object`, and ``MalformedACLError``, ``MissingSecurityHeader``,
            ``UnexpectedContent``; ``AccessDenied`` for a list that names another owner.
    """
    return await _replacing(
        ctx, bucket, owner, lambda name: canned_object_acl(name, owner, bucket.owner)
    )


async def replacing_bucket_acl(ctx: Context, bucket: Bucket) -> AccessControlList:
    """The list that PutBucketAcl asks for.

    Raises:
        S3Error: as :func:`replacing_object_acl`.
    """
    return await _replacing(
        ctx, bucket, bucket.owner, lambda name: canned_bucket_acl(name, bucket.owner)
    )


async def _replacing(
    ctx: Context, bucket: Bucket, owner: Owner, canned: Callable[[str], AccessControlList]
) -> AccessControlList:
    acl = await _from_headers(ctx, owner, canned, bucket)
    body = await ctx.read_document()
    if acl is not None:
        if body.strip():
            raise S3Error("UnexpectedContent")
        return acl
    if not body.strip():
        raise S3Error("MissingSecurityHeader", MissingHeaderName=CANNED_HEADER)
    asked = parse_access_control_policy(body)
    if asked.owner_id != owner.id:
        raise S3Error("AccessDenied")
    grants = await _look_up(ctx, owner, asked.grants)
    refuse_lists_that_do_not_count(bucket, None, grants)
    return AccessControlList(owner, grants)


async def _from_headers(
    ctx: Context,
    owner: Owner,
    canned: Callable[[str], AccessControlList],
    bucket: Bucket | None = None,
) -> AccessControlList | None:
    """The list that the headers ask for; None if they ask for none.

    Args:
        bucket: where the list is to be; None for a bucket that is not there yet.
    """
    name = ctx.headers.get(CANNED_HEADER)
    if not has_grant_headers(ctx.headers):
        acl = canned(name) if name is not None else None
    elif name is not None:
        raise S3Error(
            "InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed"
        )
    else:
        acl = AccessControlList(owner, await _look_up(ctx, owner, parse_grant_headers(ctx.headers)))
    if acl is not None and bucket is not None:
        refuse_lists_that_do_not_count(bucket, name, acl.grants)
    return acl


async def _look_up(
    ctx: Context, owner: Owner, grants: tuple[Grant | EmailGrant, ...]
) -> tuple[Grant, ...]:
    """Grants to accounts that exist and groups that S3 knows."""
    directory = _Directory(ctx.services.metadata.accounts, {owner.id: owner})
    return tuple([await directory.resolve(grant) for grant in grants])


@define
class _Directory:
    """Looks grantees up, each account once.

    Args:
        by_id: those who are known already. Who owns what an anonymous request has written is
            known only so.
    """

    _accounts: Accounts
    _by_id: dict[str, Owner]
    _by_email: dict[str, Owner] = field(factory=dict)

    async def resolve(self, grant: Grant | EmailGrant) -> Grant:
        """Raises ``S3Error``: ``InvalidArgument``, ``UnresolvableGrantByEmailAddress``."""
        if isinstance(grant, EmailGrant):
            return Grant(Grantee(owner=await self._with_email(grant.email)), grant.permission)
        if grant.grantee.owner is not None:
            owner = await self._with_id(grant.grantee.owner.id)
            return Grant(Grantee(owner=owner), grant.permission)
        if grant.grantee.group not in GROUPS:
            raise _invalid("Invalid group uri", "Group/URI", grant.grantee.group or "")
        return grant

    async def _with_id(self, owner_id: str) -> Owner:
        if owner_id not in self._by_id:
            owner = await self._accounts.by_owner_id(owner_id)
            if owner is None:
                raise _invalid("Invalid id", "CanonicalUser/ID", owner_id)
            self._by_id[owner_id] = owner
        return self._by_id[owner_id]

    async def _with_email(self, email: str) -> Owner:
        if email not in self._by_email:
            owner = await self._accounts.by_email(email)
            if owner is None:
                raise S3Error("UnresolvableGrantByEmailAddress", EmailAddress=email)
            self._by_email[email] = owner
        return self._by_email[email]


def _invalid(message: str, name: str, value: str) -> S3Error:
    return S3Error("InvalidArgument", message, ArgumentName=name, ArgumentValue=value)
