"""Access control lists as text, their grants in headers, and the rights that follow from them."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.auth.acl import (
    ALL_USERS,
    AUTHENTICATED_USERS,
    GROUPS,
    LOG_DELIVERY,
    allows,
    dump_acl,
    load_acl,
    private_acl,
)
from bleepstore.auth.canned import canned_bucket_acl, canned_object_acl
from bleepstore.auth.grant_headers import parse_grant_headers
from bleepstore.auth.ownership import is_open_to_others, owner_of_new_object
from bleepstore.auth.rights import check_bucket, check_object, may_list
from bleepstore.documents.acl import EmailGrant
from bleepstore.errors import S3Error
from bleepstore.protocol.table import OPERATIONS
from bleepstore.values import (
    ANONYMOUS,
    AccessControlList,
    Bucket,
    Grant,
    Grantee,
    ObjectVersion,
    Owner,
    Ownership,
    Permission,
    Principal,
)

OWNER, WRITER, OTHER = Owner("owner", "The owner"), Owner("writer"), Owner("other")
BUCKET = Bucket("id", "bucket", OWNER, "us-east-1", 0)
ENFORCED = evolve(BUCKET, ownership=Ownership.BUCKET_OWNER_ENFORCED)
VERSION = ObjectVersion("k", "null", 0, WRITER)
CALLERS = (*map(Principal, (OWNER, WRITER, OTHER)), ANONYMOUS)

owners = st.sampled_from([OWNER, WRITER, OTHER]) | st.builds(Owner, st.text(), st.text())
grants = st.builds(
    Grant,
    st.builds(Grantee, owner=owners) | st.builds(Grantee, group=st.sampled_from(sorted(GROUPS))),
    st.sampled_from(Permission),
)
lists = st.builds(AccessControlList, owners, st.lists(grants, max_size=8).map(tuple))


@given(lists)
def test_a_list_is_read_as_it_was_kept(acl: AccessControlList) -> None:
    assert load_acl(dump_acl(acl), acl.owner) == acl


def test_the_default_list_takes_no_room_and_follows_the_owners_name() -> None:
    assert dump_acl(private_acl(OWNER)) == ""
    assert load_acl("", WRITER) == private_acl(WRITER)


@given(lists, st.sampled_from(CALLERS), st.sampled_from(Permission))
def test_full_control_is_every_permission(
    acl: AccessControlList, caller: Principal, permission: Permission
) -> None:
    if allows(acl, caller, Permission.FULL_CONTROL):
        assert allows(acl, caller, permission)


@given(lists, st.sampled_from(Permission))
def test_whoever_is_anonymous_has_no_more_than_everybody(
    acl: AccessControlList, permission: Permission
) -> None:
    if allows(acl, ANONYMOUS, permission):
        assert all(allows(acl, caller, permission) for caller in CALLERS)
    else:
        assert Grant(Grantee(group=ALL_USERS), permission) not in acl.grants


def test_log_delivery_is_nobody_who_calls() -> None:
    acl = AccessControlList(OWNER, (Grant(Grantee(group=LOG_DELIVERY), Permission.READ),))
    assert not any(allows(acl, caller, Permission.READ) for caller in CALLERS)


def test_the_owner_of_a_list_without_grants_may_only_mend_it() -> None:
    acl = AccessControlList(OWNER)
    allowed = {each for each in Permission if allows(acl, Principal(OWNER), each)}
    assert allowed == {Permission.READ_ACP, Permission.WRITE_ACP}


# --- canned lists ----------------------------------------------------------------------------


def _others(acl: AccessControlList) -> list[tuple[str | None, Permission]]:
    owner, *others = acl.grants
    assert owner == Grant(Grantee(owner=acl.owner), Permission.FULL_CONTROL)
    return [
        (each.grantee.owner.id if each.grantee.owner else each.grantee.group, each.permission)
        for each in others
    ]


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("private", []),
        ("aws-exec-read", []),
        ("public-read", [(ALL_USERS, Permission.READ)]),
        ("public-read-write", [(ALL_USERS, Permission.READ), (ALL_USERS, Permission.WRITE)]),
        ("authenticated-read", [(AUTHENTICATED_USERS, Permission.READ)]),
        ("bucket-owner-read", [("owner", Permission.READ)]),
        ("bucket-owner-full-control", [("owner", Permission.FULL_CONTROL)]),
    ],
)
def test_canned_lists_of_objects(name: str, others: list[tuple[str, Permission]]) -> None:
    assert _others(canned_object_acl(name, WRITER, OWNER)) == others


def test_the_bucket_owner_needs_no_second_grant() -> None:
    for name in ("bucket-owner-read", "bucket-owner-full-control"):
        assert canned_object_acl(name, OWNER, OWNER) == private_acl(OWNER)
        assert canned_bucket_acl(name, OWNER) == private_acl(OWNER)


def test_logs_may_be_delivered_to_buckets_only() -> None:
    delivery = [(LOG_DELIVERY, Permission.WRITE), (LOG_DELIVERY, Permission.READ_ACP)]
    assert _others(canned_bucket_acl("log-delivery-write", OWNER)) == delivery
    with pytest.raises(S3Error, match="InvalidArgument"):
        canned_object_acl("log-delivery-write", WRITER, OWNER)


# --- headers ---------------------------------------------------------------------------------


def test_grants_in_headers_are_read_in_all_their_spellings() -> None:
    headers = {
        "x-amz-grant-read": f'id="a",uri="{ALL_USERS}" ,  emailAddress=x@example.com',
        "x-amz-grant-full-control": "ID=b",
        "x-amz-meta-x": "id=c",
    }
    assert parse_grant_headers(headers) == (
        Grant(Grantee(owner=Owner("b")), Permission.FULL_CONTROL),
        Grant(Grantee(owner=Owner("a")), Permission.READ),
        Grant(Grantee(group=ALL_USERS), Permission.READ),
        EmailGrant("x@example.com", Permission.READ),
    )


@pytest.mark.parametrize(
    "value",
    ["", ",", "a", "id", "id=", 'id=""', "id=a,", "id=a id=b", "name=a", 'id="a', "id=a;id=b c"],
)
def test_what_is_no_list_of_grantees_is_refused(value: str) -> None:
    with pytest.raises(S3Error, match="InvalidArgument"):
        parse_grant_headers({"x-amz-grant-write": value})


@given(st.text(alphabet='iduremailAs=", "x') | st.text())
def test_any_header_is_grants_or_an_s3_error(value: str) -> None:
    try:
        assert parse_grant_headers({"x-amz-grant-read-acp": value})
    except S3Error as error:
        assert error.code == "InvalidArgument"


def test_a_hundred_grants_are_enough() -> None:
    parse_grant_headers({"x-amz-grant-read": ",".join(["id=a"] * 100)})
    with pytest.raises(S3Error, match="InvalidArgument"):
        parse_grant_headers({"x-amz-grant-read": ",".join(["id=a"] * 101)})


# --- ownership -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ownership", "canned", "owner"),
    [
        (Ownership.BUCKET_OWNER_ENFORCED, None, OWNER),
        (Ownership.BUCKET_OWNER_PREFERRED, None, WRITER),
        (Ownership.BUCKET_OWNER_PREFERRED, "bucket-owner-read", WRITER),
        (Ownership.BUCKET_OWNER_PREFERRED, "bucket-owner-full-control", OWNER),
        (Ownership.OBJECT_WRITER, "bucket-owner-full-control", WRITER),
        (None, "bucket-owner-full-control", WRITER),
    ],
)
def test_who_owns_a_new_object(
    ownership: Ownership | None, canned: str | None, owner: Owner
) -> None:
    headers = {"x-amz-acl": canned} if canned else {}
    assert owner_of_new_object(evolve(BUCKET, ownership=ownership), WRITER, headers) == owner


def test_a_list_for_its_owner_alone_is_not_open() -> None:
    assert not is_open_to_others(private_acl(OWNER))
    assert not is_open_to_others(AccessControlList(OWNER))
    assert is_open_to_others(canned_bucket_acl("log-delivery-write", OWNER))
    assert is_open_to_others(canned_object_acl("bucket-owner-read", WRITER, OWNER))


# --- rights ----------------------------------------------------------------------------------

# An upload has a say of its own, which no list here can speak for.
_OF_UPLOADS = {"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
_ACTIONS = sorted({each.action for each in OPERATIONS} - _OF_UPLOADS)
_OPEN = dump_acl(
    AccessControlList(OWNER, (Grant(Grantee(group=ALL_USERS), Permission.FULL_CONTROL),))
)


@pytest.mark.parametrize("action", _ACTIONS)
def test_a_private_object_in_a_private_bucket_is_for_its_owners_alone(action: str) -> None:
    own = evolve(VERSION, owner=OWNER)
    check_bucket(BUCKET, Principal(OWNER), action)
    check_object(BUCKET, own, Principal(OWNER), action)
    for caller in CALLERS[1:]:
        with pytest.raises(S3Error, match="AccessDenied"):
            check_object(BUCKET, own, caller, action)


@pytest.mark.parametrize("action", _ACTIONS)
def test_where_lists_do_not_count_the_bucket_owner_owns_everything(action: str) -> None:
    bucket, version = evolve(ENFORCED, acl=_OPEN), evolve(VERSION, acl=_OPEN)
    check_object(bucket, version, Principal(OWNER), action)
    for caller in CALLERS[1:]:
        assert not may_list(bucket, caller)
        with pytest.raises(S3Error, match="AccessDenied"):
            check_object(bucket, version, caller, action)


def test_the_widest_list_opens_these_actions_and_no_other() -> None:
    bucket, version = evolve(BUCKET, acl=_OPEN), evolve(VERSION, acl=_OPEN)
    opened = set()
    for action in _ACTIONS:
        try:
            check_bucket(bucket, ANONYMOUS, action)
            check_object(bucket, version, ANONYMOUS, action)
        except S3Error:
            continue
        opened.add(action)
    assert opened == {
        "s3:DeleteObject",
        "s3:GetBucketAcl",
        "s3:GetObject",
        "s3:GetObjectAcl",
        "s3:GetObjectAttributes",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:ListBucketVersions",
        "s3:PutBucketAcl",
        "s3:PutObject",
        "s3:PutObjectAcl",
    }
