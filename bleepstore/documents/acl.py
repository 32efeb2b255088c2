"""Access control lists and ownership controls.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_AccessControlPolicy.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from ..errors import S3Error
from ..values import AccessControlList, Grant, Grantee, Owner, Ownership, Permission
from .bucket import owner_element
from .xml import document, element, parse, required_text, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_GRANTS = 100

_MALFORMED = "MalformedACLError"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@frozen
class EmailGrant:
    """A grant to whoever has an e-mail address, before that account has been looked up."""

    email: str
    permission: Permission


@frozen
class RequestedAcl:
    """What an ``AccessControlPolicy`` document asks for."""

    owner_id: str
    grants: tuple[Grant | EmailGrant, ...]


def access_control_policy(acl: AccessControlList) -> bytes:
    """The answer of GetBucketAcl and GetObjectAcl."""
    return document(
        "AccessControlPolicy",
        [
            owner_element(acl.owner),
            "<AccessControlList>",
            *map(_grant, acl.grants),
            "</AccessControlList>",
        ],
    )


def _grant(grant: Grant) -> str:
    grantee = grant.grantee
    if grantee.owner is not None:
        kind = "CanonicalUser"
        who = element("ID", grantee.owner.id) + element("DisplayName", grantee.owner.display_name)
    else:
        kind = "Group"
        who = element("URI", grantee.group or "")
    return (
        f'<Grant><Grantee xmlns:xsi="{_XSI}" xsi:type="{kind}">{who}</Grantee>'
        f"{element('Permission', grant.permission.value)}</Grant>"
    )


def parse_access_control_policy(body: bytes) -> RequestedAcl:
    """Read an ``AccessControlPolicy``.

    Raises:
        S3Error: ``MalformedACLError``.
    """
    tree = parse(body, "AccessControlPolicy", _MALFORMED)
    owner, grants = tree.find("Owner"), tree.find("AccessControlList")
    if owner is None or grants is None:
        raise S3Error(_MALFORMED)
    parsed = tuple(_parse_grant(child) for child in grants.findall("Grant"))
    if len(parsed) > MAX_GRANTS:
        raise S3Error(_MALFORMED)
    return RequestedAcl(_required(owner, "ID"), parsed)


def _parse_grant(child: Element) -> Grant | EmailGrant:
    grantee = child.find("Grantee")
    if grantee is None:
        raise S3Error(_MALFORMED)
    try:
        permission = Permission(_required(child, "Permission"))
    except ValueError as error:
        raise S3Error(_MALFORMED) from error
    match grantee.get(f"{{{_XSI}}}type"):
        case "CanonicalUser":
            name = text_of(grantee, "DisplayName") or ""
            return Grant(Grantee(owner=Owner(_required(grantee, "ID"), name)), permission)
        case "Group":
            return Grant(Grantee(group=_required(grantee, "URI")), permission)
        case "AmazonCustomerByEmail":
            return EmailGrant(_required(grantee, "EmailAddress"), permission)
    raise S3Error(_MALFORMED)


def _required(parent: Element, name: str) -> str:
    return required_text(parent, name, _MALFORMED)


def ownership_controls(ownership: Ownership) -> bytes:
    """The answer of GetBucketOwnershipControls."""
    rule = element("ObjectOwnership", ownership.value)
    return document("OwnershipControls", [f"<Rule>{rule}</Rule>"])


def parse_ownership_controls(body: bytes) -> Ownership:
    """The rule that PutBucketOwnershipControls asks for; there must be exactly one.

    Raises:
        S3Error: ``MalformedXML``.
    """
    rules = parse(body, "OwnershipControls").findall("Rule")
    if len(rules) != 1:
        raise S3Error("MalformedXML")
    try:
        return Ownership(required_text(rules[0], "ObjectOwnership"))
    except ValueError as error:
        raise S3Error("MalformedXML") from error
