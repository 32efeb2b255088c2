"""Access control lists and ownership controls as XML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.documents.acl import (
    MAX_GRANTS,
    EmailGrant,
    access_control_policy,
    ownership_controls,
    parse_access_control_policy,
    parse_ownership_controls,
)
from bleepstore.errors import S3Error
from bleepstore.values import AccessControlList, Grant, Grantee, Owner, Ownership, Permission

_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

words = st.text("ab&<é", min_size=1)
grants = st.builds(
    Grant,
    st.builds(Grantee, owner=st.builds(Owner, words, words)) | st.builds(Grantee, group=words),
    st.sampled_from(Permission),
)


@given(st.builds(Owner, words, words), st.lists(grants, max_size=5).map(tuple))
def test_what_is_shown_can_be_sent_back(owner: Owner, given_grants: tuple[Grant, ...]) -> None:
    document = access_control_policy(AccessControlList(owner, given_grants))
    asked = parse_access_control_policy(document)
    assert (asked.owner_id, asked.grants) == (owner.id, given_grants)


def _policy(*grants: str, owner: str = "<Owner><ID>o</ID></Owner>") -> bytes:
    inner = f"{owner}<AccessControlList>{''.join(grants)}</AccessControlList>"
    return f"<AccessControlPolicy>{inner}</AccessControlPolicy>".encode()


def _grant(grantee: str, kind: str = 'xsi:type="CanonicalUser"', permission: str = "READ") -> str:
    return (
        f"<Grant><Grantee {_XSI} {kind}>{grantee}</Grantee>"
        f"<Permission>{permission}</Permission></Grant>"
    )


_BY_ID = _grant("<ID>x</ID>")


def test_grants_may_name_an_email_address() -> None:
    document = _policy(
        _grant("<EmailAddress>a@b</EmailAddress>", 'xsi:type="AmazonCustomerByEmail"', "WRITE_ACP")
    )
    asked = parse_access_control_policy(document)
    assert asked.grants == (EmailGrant("a@b", Permission.WRITE_ACP),)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<Other/>",
        b"<AccessControlPolicy/>",
        _policy(owner=""),
        _policy(owner="<Owner/>"),
        _policy("<Grant/>"),
        _policy(_grant("")),
        _policy(_grant("<ID/>")),
        _policy(_grant("<ID>x</ID>", kind="")),
        _policy(_grant("<ID>x</ID>", kind='xsi:type="Group"')),
        _policy(_grant("<URI>x</URI>")),
        _policy(_grant("<ID>x</ID>", permission="")),
        _policy(_grant("<ID>x</ID>", permission="read")),
        _policy(*[_BY_ID] * (MAX_GRANTS + 1)),
    ],
)
def test_what_is_no_list_is_refused(document: bytes) -> None:
    with pytest.raises(S3Error, match="MalformedACLError"):
        parse_access_control_policy(document)


def test_a_list_may_have_a_hundred_grants_or_none() -> None:
    assert len(parse_access_control_policy(_policy(*[_BY_ID] * MAX_GRANTS)).grants) == MAX_GRANTS
    assert parse_access_control_policy(_policy()).grants == ()


@pytest.mark.parametrize("ownership", Ownership)
def test_ownership_controls_that_are_shown_can_be_sent_back(ownership: Ownership) -> None:
    assert parse_ownership_controls(ownership_controls(ownership)) is ownership


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<Rule/>",
        "<Rule><ObjectOwnership>Nobody</ObjectOwnership></Rule>",
        "<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>" * 2,
    ],
)
def test_ownership_controls_have_one_rule(inner: str) -> None:
    with pytest.raises(S3Error, match="MalformedXML"):
        parse_ownership_controls(f"<OwnershipControls>{inner}</OwnershipControls>".encode())
