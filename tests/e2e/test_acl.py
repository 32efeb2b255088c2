"""Who may do what: every grantee, permission and operation, against the real daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from tests.e2e.clients import Answer, ask, ask_signed, boto3_client, refused
from tests.e2e.daemon import ALICE, BOB, REGION, Daemon, User

CAROL = User("AKIACAROL", "carol-secret", "c" * 64)
CAROLS_EMAIL = "carol@example.com"
ANONYMOUS_ID = "65a011a29cdf8ec533ec3d1ccaae921c"

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"

# Alice owns, Bob is whom grants name, Carol is anybody with an account; None is anonymous.
CALLERS: tuple[User | None, ...] = (ALICE, BOB, CAROL, None)
GRANTEES: dict[str, tuple[User | None, ...]] = {
    f"id={BOB.owner_id}": (BOB,),
    f'uri="{AUTHENTICATED}"': (ALICE, BOB, CAROL),
    f'uri="{ALL_USERS}"': CALLERS,
}
PERMISSIONS = ("read", "write", "read-acp", "write-acp", "full-control")

_numbers = count(1)


@pytest.fixture(scope="module")
def lists_count(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with three users, whose new buckets have ACLs."""
    users = [
        {
            "access_key": user.access_key,
            "secret_key": user.secret_key,
            "owner_id": user.owner_id,
            "display_name": name,
            "email": f"{name}@example.com",
        }
        for user, name in ((ALICE, "alice"), (BOB, "bob"), (CAROL, "carol"))
    ]
    auth = {"users": users, "default_object_ownership": "ObjectWriter"}
    running = Daemon(tmp_path_factory.mktemp("acl"), {"auth": auth})
    running.start()
    try:
        yield running
        running.stop()
        assert "Traceback" not in running.log
    finally:
        if running.is_running:
            running.kill()


@pytest.fixture(scope="module")
def alice(lists_count: Daemon) -> Any:
    return boto3_client(lists_count)


@pytest.fixture(scope="module")
def bob(lists_count: Daemon) -> Any:
    return boto3_client(lists_count, BOB)


def make_bucket(client: Any, **options: Any) -> str:
    name = f"acl-{next(_numbers)}"
    place = {"LocationConstraint": REGION}
    client.create_bucket(Bucket=name, CreateBucketConfiguration=place, **options)
    return name


@pytest.fixture
def home(alice: Any) -> str:
    """A bucket of Alice's, private, with an object ``k``, private too."""
    name = make_bucket(alice)
    alice.put_object(Bucket=name, Key="k", Body=b"content")
    return name


def request(
    daemon: Daemon,
    caller: User | None,
    method: str,
    target: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    if caller is None:
        return ask(daemon, method, target, headers, body)
    return ask_signed(daemon, method, target, headers, body, user=caller)


# --- the matrix ------------------------------------------------------------------------------

Headers = dict[str, str]
BUCKET_OPERATIONS: dict[str, tuple[str, str]] = {
    "HEAD": ("read", "/{}"),
    "GET ": ("read", "/{}"),
    "GET v2": ("read", "/{}?list-type=2"),
    "PUT": ("write", "/{}/new"),
    "DELETE": ("write", "/{}/new"),
    "GET acl": ("read-acp", "/{}?acl"),
    "PUT acl": ("write-acp", "/{}?acl"),
    "GET location": ("owner", "/{}?location"),
    "GET ownership": ("owner", "/{}?ownershipControls"),
    "DELETE version": ("owner", "/{}/new?versionId=null"),
}
OBJECT_OPERATIONS: dict[str, tuple[str, str]] = {
    "HEAD": ("read", "/{}/k"),
    "GET": ("read", "/{}/k"),
    "GET version": ("read", "/{}/k?versionId=null"),
    "GET acl": ("read-acp", "/{}/k?acl"),
    "PUT acl": ("write-acp", "/{}/k?acl"),
    "GET version's acl": ("read-acp", "/{}/k?acl&versionId=null"),
    # What needs a permission on the bucket is not to be had by one on the object.
    "PUT": ("owner", "/{}/new"),
    "DELETE": ("owner", "/{}/new"),
    "GET ": ("owner", "/{}"),
}


def grant_headers(grantee: str, permission: str) -> Headers:
    """The owner's full control, and one permission for somebody else."""
    owner = f'id="{ALICE.owner_id}"'
    if permission == "full-control":
        return {"x-amz-grant-full-control": f"{owner}, {grantee}"}
    return {"x-amz-grant-full-control": owner, f"x-amz-grant-{permission}": grantee}


@pytest.mark.parametrize("permission", PERMISSIONS)
@pytest.mark.parametrize("grantee", GRANTEES)
def test_a_permission_on_a_bucket_opens_these_operations_and_no_other(
    lists_count: Daemon, home: str, grantee: str, permission: str
) -> None:
    expect_matrix(lists_count, home, f"/{home}?acl", BUCKET_OPERATIONS, grantee, permission)


@pytest.mark.parametrize("permission", PERMISSIONS)
@pytest.mark.parametrize("grantee", GRANTEES)
def test_a_permission_on_an_object_opens_these_operations_and_no_other(
    lists_count: Daemon, home: str, grantee: str, permission: str
) -> None:
    expect_matrix(lists_count, home, f"/{home}/k?acl", OBJECT_OPERATIONS, grantee, permission)


def expect_matrix(
    daemon: Daemon,
    bucket: str,
    acl_target: str,
    operations: dict[str, tuple[str, str]],
    grantee: str,
    permission: str,
) -> None:
    acl = grant_headers(grantee, permission)
    assert request(daemon, ALICE, "PUT", acl_target, acl).status == 200
    for caller in CALLERS:
        for operation, (needed, target) in operations.items():
            is_granted = caller in GRANTEES[grantee] and permission in (needed, "full-control")
            is_allowed = caller is ALICE or (is_granted and needed != "owner")
            method = operation.split(" ")[0]
            sent = acl if operation == "PUT acl" else {}
            answer = request(daemon, caller, method, target.format(bucket), sent)
            who = caller.access_key if caller else "anonymous"
            assert (answer.status < 300) is is_allowed, (who, operation, answer)
            assert is_allowed or answer.status == 403, (who, operation, answer)


# --- what strangers learn --------------------------------------------------------------------


def test_who_may_not_list_cannot_tell_a_missing_key_from_a_forbidden_one(
    lists_count: Daemon, alice: Any, home: str
) -> None:
    alice.put_bucket_versioning(Bucket=home, VersioningConfiguration={"Status": "Enabled"})
    alice.put_object(Bucket=home, Key="gone", Body=b"")
    marker = alice.delete_object(Bucket=home, Key="gone")["VersionId"]
    targets = ("missing", "k", "gone", "k?versionId=" + "0" * 32, f"gone?versionId={marker}")
    for caller in (BOB, None):
        for method in ("GET", "HEAD"):
            for target in targets:
                answer = request(lists_count, caller, method, f"/{home}/{target}")
                assert answer.status == 403, (method, target)
                assert answer.headers["x-amz-delete-marker"] is None
    alice.put_bucket_acl(Bucket=home, ACL="public-read")
    for caller in (BOB, None):
        assert request(lists_count, caller, "GET", f"/{home}/missing").error_code == "NoSuchKey"
        assert request(lists_count, caller, "GET", f"/{home}/gone").error_code == "NoSuchKey"
        assert request(lists_count, caller, "GET", f"/{home}/k").error_code == "AccessDenied"


def test_each_version_has_a_list_of_its_own(lists_count: Daemon, alice: Any, home: str) -> None:
    alice.put_bucket_versioning(Bucket=home, VersioningConfiguration={"Status": "Enabled"})
    public = alice.put_object(Bucket=home, Key="k", Body=b"1", ACL="public-read")["VersionId"]
    private = alice.put_object(Bucket=home, Key="k", Body=b"2")["VersionId"]
    assert request(lists_count, None, "GET", f"/{home}/k?versionId={public}").body == b"1"
    assert request(lists_count, None, "GET", f"/{home}/k?versionId={private}").status == 403
    assert request(lists_count, None, "GET", f"/{home}/k").status == 403
    alice.put_object_acl(Bucket=home, Key="k", VersionId=private, ACL="public-read")
    alice.put_object_acl(Bucket=home, Key="k", VersionId=public, ACL="private")
    assert request(lists_count, None, "GET", f"/{home}/k").body == b"2"
    assert request(lists_count, None, "GET", f"/{home}/k?versionId={public}").status == 403


def test_an_overwrite_does_not_keep_the_list(lists_count: Daemon, alice: Any, home: str) -> None:
    alice.put_object_acl(Bucket=home, Key="k", ACL="public-read")
    assert request(lists_count, None, "GET", f"/{home}/k").status == 200
    alice.put_object(Bucket=home, Key="k", Body=b"secret")
    assert request(lists_count, None, "GET", f"/{home}/k").status == 403


# --- owners ----------------------------------------------------------------------------------


def test_owners_can_always_mend_their_lists(alice: Any, home: str) -> None:
    owner = {"ID": ALICE.owner_id}
    nobody: dict[str, Any] = {"Owner": owner, "Grants": []}
    alice.put_bucket_acl(Bucket=home, AccessControlPolicy=nobody)
    alice.put_object_acl(Bucket=home, Key="k", AccessControlPolicy=nobody)
    with refused("AccessDenied", 403):
        alice.put_object(Bucket=home, Key="new", Body=b"")
    with refused("AccessDenied", 403):
        alice.get_object(Bucket=home, Key="k")
    assert alice.get_bucket_acl(Bucket=home)["Grants"] == []
    assert alice.get_object_acl(Bucket=home, Key="k")["Grants"] == []
    alice.put_object_acl(Bucket=home, Key="k", ACL="private")
    alice.put_bucket_acl(Bucket=home, ACL="private")
    assert alice.get_object(Bucket=home, Key="k")["Body"].read() == b"content"


def test_the_writer_owns_the_object(alice: Any, bob: Any, home: str) -> None:
    alice.put_bucket_acl(Bucket=home, GrantWrite=f"id={BOB.owner_id}", GrantRead="id=" + "a" * 64)
    bob.put_object(Bucket=home, Key="bobs", Body=b"bob's")
    with refused("AccessDenied", 403):
        alice.get_object(Bucket=home, Key="bobs")
    with refused("AccessDenied", 403):
        alice.put_object_acl(Bucket=home, Key="bobs", ACL="public-read")
    assert bob.get_object_acl(Bucket=home, Key="bobs")["Owner"]["ID"] == BOB.owner_id
    bob.put_object_acl(Bucket=home, Key="bobs", ACL="bucket-owner-read")
    assert alice.get_object(Bucket=home, Key="bobs")["Body"].read() == b"bob's"
    bob.put_object(Bucket=home, Key="bobs", Body=b"2", ACL="bucket-owner-full-control")
    alice.put_object_acl(Bucket=home, Key="bobs", GrantRead=f"id={CAROL.owner_id}")
    assert bob.get_object_acl(Bucket=home, Key="bobs")["Owner"]["ID"] == BOB.owner_id


def test_the_preferred_bucket_owner_is_given_what_is_handed_over(alice: Any, bob: Any) -> None:
    bucket = make_bucket(alice, ObjectOwnership="BucketOwnerPreferred", ACL="public-read-write")
    bob.put_object(Bucket=bucket, Key="kept", Body=b"")
    bob.put_object(Bucket=bucket, Key="given", Body=b"", ACL="bucket-owner-full-control")
    assert bob.get_object_acl(Bucket=bucket, Key="kept")["Owner"]["ID"] == BOB.owner_id
    assert alice.get_object_acl(Bucket=bucket, Key="given")["Owner"]["ID"] == ALICE.owner_id
    with refused("AccessDenied", 403):
        bob.get_object(Bucket=bucket, Key="given")


def test_strangers_may_write_where_the_bucket_lets_them(lists_count: Daemon, alice: Any) -> None:
    bucket = make_bucket(alice, ACL="public-read-write")
    assert request(lists_count, None, "PUT", f"/{bucket}/theirs", body=b"x").status == 200
    assert request(lists_count, None, "GET", f"/{bucket}/theirs").status == 403
    listed = alice.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"]
    assert [each["Owner"]["ID"] for each in listed] == [ANONYMOUS_ID]
    handed = {"x-amz-acl": "bucket-owner-full-control"}
    assert request(lists_count, None, "PUT", f"/{bucket}/given", handed, b"y").status == 200
    assert alice.get_object(Bucket=bucket, Key="given")["Body"].read() == b"y"
    assert request(lists_count, None, "DELETE", f"/{bucket}/theirs").status == 204


def test_strangers_may_not_make_or_list_buckets(lists_count: Daemon) -> None:
    assert request(lists_count, None, "PUT", "/strangers-bucket").status == 403
    assert request(lists_count, None, "GET", "/").status == 403


# --- what lists look like --------------------------------------------------------------------


def grants_of(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (grant["Grantee"].get("ID") or grant["Grantee"]["URI"], grant["Permission"])
        for grant in answer["Grants"]
    ]


CANNED = {
    "private": [],
    "public-read": [(ALL_USERS, "READ")],
    "public-read-write": [(ALL_USERS, "READ"), (ALL_USERS, "WRITE")],
    "authenticated-read": [(AUTHENTICATED, "READ")],
}


@pytest.mark.parametrize("name", CANNED)
def test_canned_lists_read_back_as_grants(alice: Any, name: str) -> None:
    expected = [(ALICE.owner_id, "FULL_CONTROL"), *CANNED[name]]
    bucket = make_bucket(alice, ACL=name)
    assert grants_of(alice.get_bucket_acl(Bucket=bucket)) == expected
    alice.put_object(Bucket=bucket, Key="k", Body=b"", ACL=name)
    assert grants_of(alice.get_object_acl(Bucket=bucket, Key="k")) == expected


def test_a_list_reads_back_as_it_was_written(alice: Any, home: str) -> None:
    policy = {
        "Owner": {"ID": ALICE.owner_id, "DisplayName": "alice"},
        "Grants": [
            {
                "Grantee": {"Type": "CanonicalUser", "ID": BOB.owner_id, "DisplayName": "bob"},
                "Permission": "READ",
            },
            {"Grantee": {"Type": "Group", "URI": ALL_USERS}, "Permission": "READ_ACP"},
        ],
    }
    alice.put_bucket_acl(Bucket=home, AccessControlPolicy=policy)
    alice.put_object_acl(Bucket=home, Key="k", AccessControlPolicy=policy)
    for answer in (alice.get_bucket_acl(Bucket=home), alice.get_object_acl(Bucket=home, Key="k")):
        assert answer["Owner"] == policy["Owner"]
        assert answer["Grants"] == policy["Grants"]


def test_grants_by_email_become_grants_to_accounts(alice: Any, home: str) -> None:
    alice.put_object(Bucket=home, Key="k", Body=b"", GrantRead=f'emailAddress="{CAROLS_EMAIL}"')
    answer = alice.get_object_acl(Bucket=home, Key="k")
    assert grants_of(answer) == [(CAROL.owner_id, "READ")]
    assert answer["Grants"][0]["Grantee"]["DisplayName"] == "carol"


# --- what is refused -------------------------------------------------------------------------

ONE_GRANT = (
    "<AccessControlPolicy><Owner><ID>{owner}</ID></Owner><AccessControlList><Grant>"
    '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="{kind}">{grantee}'
    "</Grantee><Permission>{permission}</Permission></Grant></AccessControlList>"
    "</AccessControlPolicy>"
)


def one_grant(
    grantee: str = f"<ID>{'b' * 64}</ID>",
    kind: str = "CanonicalUser",
    permission: str = "READ",
    owner: str = ALICE.owner_id,
) -> bytes:
    return ONE_GRANT.format(owner=owner, kind=kind, grantee=grantee, permission=permission).encode()


REFUSED: dict[str, tuple[Headers, bytes, str]] = {
    "no such canned list": ({"x-amz-acl": "public"}, b"", "InvalidArgument"),
    "two ways": (
        {"x-amz-acl": "private", "x-amz-grant-read": f"id={BOB.owner_id}"},
        b"",
        "InvalidRequest",
    ),
    "header and body": ({"x-amz-acl": "private"}, one_grant(), "UnexpectedContent"),
    "no way": ({}, b"", "MissingSecurityHeader"),
    "no such account": ({"x-amz-grant-read": "id=nobody"}, b"", "InvalidArgument"),
    "no such group": ({"x-amz-grant-read": "uri=http://a/b"}, b"", "InvalidArgument"),
    "no such email": (
        {"x-amz-grant-read": "emailAddress=x@y"},
        b"",
        "UnresolvableGrantByEmailAddress",
    ),
    "no grantee": ({"x-amz-grant-read": "Bob"}, b"", "InvalidArgument"),
    "not XML": ({}, b"<AccessControlPolicy>", "MalformedACLError"),
    "no such permission": ({}, one_grant(permission="LOOK"), "MalformedACLError"),
    "no such type": ({}, one_grant(kind="Bob"), "MalformedACLError"),
    "account in XML": ({}, one_grant("<ID>x</ID>"), "InvalidArgument"),
    "group in XML": ({}, one_grant("<URI>http://x</URI>", "Group"), "InvalidArgument"),
    "email in XML": (
        {},
        one_grant("<EmailAddress>x@y</EmailAddress>", "AmazonCustomerByEmail"),
        "UnresolvableGrantByEmailAddress",
    ),
    "another owner": ({}, one_grant(owner=BOB.owner_id), "AccessDenied"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("target", ["/{}?acl", "/{}/k?acl"])
def test_lists_that_cannot_be(lists_count: Daemon, home: str, case: str, target: str) -> None:
    headers, body, code = REFUSED[case]
    answer = request(lists_count, ALICE, "PUT", target.format(home), headers, body)
    assert answer.error_code == code
    assert request(lists_count, BOB, "GET", f"/{home}/k").status == 403


@pytest.mark.parametrize("headers", [{"x-amz-acl": "x"}, {"x-amz-grant-read": "id=nobody"}])
def test_an_upload_with_a_list_that_cannot_be_is_not_stored(
    lists_count: Daemon, home: str, headers: Headers
) -> None:
    answer = request(lists_count, ALICE, "PUT", f"/{home}/new", headers, b"x")
    assert answer.error_code == "InvalidArgument"
    assert request(lists_count, ALICE, "GET", f"/{home}/new").error_code == "NoSuchKey"


# --- where lists do not count ----------------------------------------------------------------


@pytest.fixture
def enforced(alice: Any) -> str:
    """A bucket of Alice's without ACLs, with an object ``k``."""
    name = make_bucket(alice, ObjectOwnership="BucketOwnerEnforced")
    alice.put_object(Bucket=name, Key="k", Body=b"content")
    return name


@pytest.mark.parametrize("name", ["private", "public-read", "bucket-owner-read"])
def test_lists_are_refused_where_they_do_not_count(alice: Any, enforced: str, name: str) -> None:
    with refused("AccessControlListNotSupported", 400):
        alice.put_object(Bucket=enforced, Key="new", Body=b"", ACL=name)
    with refused("AccessControlListNotSupported", 400):
        alice.put_object_acl(Bucket=enforced, Key="k", ACL=name)
    with refused("AccessControlListNotSupported", 400):
        alice.put_bucket_acl(Bucket=enforced, ACL=name)


def test_the_bucket_owners_full_control_is_let_through(alice: Any, enforced: str) -> None:
    alice.put_object(Bucket=enforced, Key="new", Body=b"", ACL="bucket-owner-full-control")
    alice.put_object_acl(Bucket=enforced, Key="k", GrantFullControl=f"id={ALICE.owner_id}")
    expected = [(ALICE.owner_id, "FULL_CONTROL")]
    assert grants_of(alice.get_object_acl(Bucket=enforced, Key="k")) == expected
    assert grants_of(alice.get_bucket_acl(Bucket=enforced)) == expected


def test_enforcing_turns_lists_off_and_back_on(
    lists_count: Daemon, alice: Any, bob: Any, home: str
) -> None:
    alice.put_bucket_acl(Bucket=home, ACL="public-read-write")
    bob.put_object(Bucket=home, Key="bobs", Body=b"bob's", ACL="public-read")
    with refused("InvalidBucketAclWithObjectOwnership", 400):
        own(alice, home, "BucketOwnerEnforced")
    alice.put_bucket_acl(Bucket=home, ACL="private")
    own(alice, home, "BucketOwnerEnforced")
    assert request(lists_count, None, "GET", f"/{home}/bobs").status == 403
    with refused("AccessDenied", 403):
        bob.get_object(Bucket=home, Key="bobs")
    assert alice.get_object(Bucket=home, Key="bobs")["Body"].read() == b"bob's"
    assert alice.get_object_acl(Bucket=home, Key="bobs")["Owner"]["ID"] == ALICE.owner_id
    listed = alice.list_objects_v2(Bucket=home, FetchOwner=True)["Contents"]
    assert {each["Owner"]["ID"] for each in listed} == {ALICE.owner_id}
    own(alice, home, "ObjectWriter")
    assert request(lists_count, None, "GET", f"/{home}/bobs").body == b"bob's"


def own(client: Any, bucket: str, ownership: str) -> None:
    rules = {"Rules": [{"ObjectOwnership": ownership}]}
    client.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)


def test_ownership_controls_are_set_and_deleted(alice: Any, home: str) -> None:
    own(alice, home, "BucketOwnerPreferred")
    answer = alice.get_bucket_ownership_controls(Bucket=home)
    assert answer["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    alice.delete_bucket_ownership_controls(Bucket=home)
    with refused("OwnershipControlsNotFoundError", 404):
        alice.get_bucket_ownership_controls(Bucket=home)
    alice.put_object_acl(Bucket=home, Key="k", ACL="public-read")


def test_new_buckets_have_no_lists_by_default(s3: Any, bucket: str) -> None:
    answer = s3.get_bucket_ownership_controls(Bucket=bucket)
    assert answer["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_a_bucket_is_not_made_with_a_list_that_would_not_count(alice: Any) -> None:
    with refused("InvalidBucketAclWithObjectOwnership", 400):
        make_bucket(alice, ObjectOwnership="BucketOwnerEnforced", ACL="public-read")
    make_bucket(alice, ObjectOwnership="BucketOwnerEnforced", ACL="private")


def test_no_other_ownership_is_known(lists_count: Daemon) -> None:
    headers = {"x-amz-object-ownership": "Nobody"}
    answer = request(lists_count, ALICE, "PUT", "/nobodys-bucket", headers)
    assert answer.error_code == "InvalidArgument"


@pytest.mark.parametrize(
    "operation",
    [
        lambda s3, **expected: s3.list_objects_v2(**expected),
        lambda s3, **expected: s3.get_object(Key="k", **expected),
        lambda s3, **expected: s3.get_bucket_acl(**expected),
    ],
)
def test_the_bucket_must_be_whose_it_is_expected_to_be(
    alice: Any, home: str, operation: Callable[..., Any]
) -> None:
    operation(alice, Bucket=home, ExpectedBucketOwner=ALICE.owner_id)
    with refused("AccessDenied", 403):
        operation(alice, Bucket=home, ExpectedBucketOwner=BOB.owner_id)


def test_a_bucket_may_be_made_with_grants(alice: Any, bob: Any) -> None:
    bucket = make_bucket(alice, GrantRead=f"id={BOB.owner_id}")
    assert bob.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    with refused("AccessDenied", 403):
        bob.put_object(Bucket=bucket, Key="k", Body=b"")


# --- operations that touch more than one object ----------------------------------------------


def test_a_copy_needs_to_read_its_source_and_to_write_its_target(
    alice: Any, bob: Any, home: str
) -> None:
    bobs = make_bucket(bob)
    source = {"Bucket": home, "Key": "k"}
    with refused("AccessDenied", 403):
        bob.copy_object(Bucket=bobs, Key="copy", CopySource=source)
    with refused("AccessDenied", 403):
        bob.copy_object(Bucket=bobs, Key="copy", CopySource={"Bucket": home, "Key": "missing"})
    alice.put_object_acl(Bucket=home, Key="k", GrantRead=f"id={BOB.owner_id}")
    bob.copy_object(Bucket=bobs, Key="copy", CopySource=source)
    copied = bob.get_object_acl(Bucket=bobs, Key="copy")
    assert copied["Owner"]["ID"] == BOB.owner_id
    assert grants_of(copied) == [(BOB.owner_id, "FULL_CONTROL")]
    with refused("AccessDenied", 403):
        bob.copy_object(Bucket=home, Key="copy", CopySource=source)


def test_a_copys_source_must_be_whose_it_is_expected_to_be(alice: Any, home: str) -> None:
    for key in ("k", "missing"):
        with refused("AccessDenied", 403):
            alice.copy_object(
                Bucket=home,
                Key="copy",
                CopySource={"Bucket": home, "Key": key},
                ExpectedSourceBucketOwner=BOB.owner_id,
            )


def test_a_copy_is_given_the_list_that_it_asks_for(
    lists_count: Daemon, alice: Any, home: str
) -> None:
    source = {"Bucket": home, "Key": "k"}
    alice.copy_object(Bucket=home, Key="public", CopySource=source, ACL="public-read")
    assert request(lists_count, None, "GET", f"/{home}/public").body == b"content"
    alice.copy_object(Bucket=home, Key="k2", CopySource={"Bucket": home, "Key": "public"})
    assert request(lists_count, None, "GET", f"/{home}/k2").status == 403


def test_an_upload_in_parts_is_its_initiators_and_the_bucket_owners(
    lists_count: Daemon, alice: Any, bob: Any, home: str
) -> None:
    carol = boto3_client(lists_count, CAROL)
    writers = f"id={BOB.owner_id},id={CAROL.owner_id},id={ALICE.owner_id}"
    alice.put_bucket_acl(Bucket=home, GrantWrite=writers)
    upload = {"Bucket": home, "Key": "parts"}
    upload["UploadId"] = bob.create_multipart_upload(**upload, ACL="public-read")["UploadId"]
    with refused("AccessDenied", 403):
        carol.upload_part(**upload, PartNumber=1, Body=b"carol's")
    with refused("AccessDenied", 403):
        carol.list_parts(**upload)
    with refused("AccessDenied", 403):
        carol.abort_multipart_upload(**upload)
    assert (
        request(lists_count, None, "DELETE", f"/{home}/parts?uploadId={upload['UploadId']}").status
        == 403
    )
    etag = bob.upload_part(**upload, PartNumber=1, Body=b"bob's")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    with refused("AccessDenied"):
        carol.complete_multipart_upload(**upload, MultipartUpload=parts)
    assert len(alice.list_parts(**upload)["Parts"]) == 1
    bob.complete_multipart_upload(**upload, MultipartUpload=parts)
    assert request(lists_count, None, "GET", f"/{home}/parts").body == b"bob's"
    assert bob.get_object_acl(Bucket=home, Key="parts")["Owner"]["ID"] == BOB.owner_id


def test_the_bucket_owner_may_abort_anybodys_upload(alice: Any, bob: Any, home: str) -> None:
    alice.put_bucket_acl(Bucket=home, GrantWrite=f"id={BOB.owner_id}")
    upload = {"Bucket": home, "Key": "parts"}
    upload["UploadId"] = bob.create_multipart_upload(**upload)["UploadId"]
    alice.put_bucket_acl(Bucket=home, ACL="private")
    with refused("AccessDenied", 403):
        bob.upload_part(**upload, PartNumber=1, Body=b"")
    alice.abort_multipart_upload(**upload)
    with refused("NoSuchUpload", 404):
        bob.abort_multipart_upload(**upload)


def test_who_may_write_may_delete_objects_but_not_versions(alice: Any, bob: Any, home: str) -> None:
    alice.put_bucket_versioning(Bucket=home, VersioningConfiguration={"Status": "Enabled"})
    version = alice.put_object(Bucket=home, Key="k", Body=b"2")["VersionId"]
    both = {"Objects": [{"Key": "k"}, {"Key": "k", "VersionId": version}]}
    with refused("AccessDenied", 403):
        bob.delete_objects(Bucket=home, Delete=both)
    alice.put_bucket_acl(Bucket=home, GrantWrite=f"id={BOB.owner_id}")
    answer = bob.delete_objects(Bucket=home, Delete=both)
    assert [each["Key"] for each in answer["Deleted"]] == ["k"]
    assert [(each["VersionId"], each["Code"]) for each in answer["Errors"]] == [
        (version, "AccessDenied")
    ]
    assert alice.get_object(Bucket=home, Key="k", VersionId=version)["Body"].read() == b"2"


# --- what copies and uploads could carry past the lists --------------------------------------


def test_a_copy_does_not_carry_tags_to_who_may_not_read_them(alice: Any, bob: Any) -> None:
    home = make_bucket(alice)
    alice.put_object(Bucket=home, Key="k", Body=b"x", ACL="public-read", Tagging="secret=1")
    bobs = make_bucket(bob)
    source = {"Bucket": home, "Key": "k"}
    with refused("AccessDenied"):
        bob.copy_object(Bucket=bobs, Key="copy", CopySource=source)
    bob.copy_object(Bucket=bobs, Key="copy", CopySource=source, TaggingDirective="REPLACE")
    assert bob.get_object_tagging(Bucket=bobs, Key="copy")["TagSet"] == []


def test_a_copy_does_not_put_tags_where_its_maker_may_not(alice: Any, bob: Any) -> None:
    home = make_bucket(alice, ACL="public-read-write")
    bobs = make_bucket(bob)
    bob.put_object(Bucket=bobs, Key="tagged", Body=b"x", Tagging="a=b")
    bob.put_object(Bucket=bobs, Key="plain", Body=b"x")
    with refused("AccessDenied"):
        bob.copy_object(Bucket=home, Key="k", CopySource={"Bucket": bobs, "Key": "tagged"})
    bob.copy_object(Bucket=home, Key="k", CopySource={"Bucket": bobs, "Key": "plain"})


def test_nobody_uploads_in_parts_or_copies_without_a_name(lists_count: Daemon, alice: Any) -> None:
    home = make_bucket(alice, ACL="public-read-write")
    alice.put_object(Bucket=home, Key="k", Body=b"x", ACL="public-read")
    assert request(lists_count, None, "PUT", f"/{home}/plain", {}, b"x").status == 200
    begun = request(lists_count, None, "POST", f"/{home}/parts?uploads")
    assert (begun.status, begun.error_code) == (403, "AccessDenied")
    source = {"x-amz-copy-source": f"/{home}/k"}
    copied = request(lists_count, None, "PUT", f"/{home}/copy", source)
    assert (copied.status, copied.error_code) == (403, "AccessDenied")
