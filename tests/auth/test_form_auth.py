from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import pytest

from bleepstore.auth.form import AuthenticatedForm
from bleepstore.auth.sigv4 import Scope, signature, signing_key
from bleepstore.clock import amz_date, iso8601
from bleepstore.errors import S3Error
from bleepstore.values import ANONYMOUS, PostedForm
from tests.auth.signing import ACCESS_KEY, REGION, SECRET_KEY, authenticator, result_of

# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
EXAMPLE_POLICY = """\
{ "expiration": "2015-12-30T12:00:00.000Z",
  "conditions": [
    {"bucket": "sigv4examplebucket"},
    ["starts-with", "$key", "user/user1/"],
    {"acl": "public-read"},
    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},
    ["starts-with", "$Content-Type", "image/"],
    {"x-amz-meta-uuid": "14365123651274"},
    {"x-amz-server-side-encryption": "AES256"},
    ["starts-with", "$x-amz-meta-tag", ""],

    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},
    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
    {"x-amz-date": "20151229T000000Z" }
  ]
}"""
EXAMPLE = {
    "key": "user/user1/photo.jpg",
    "acl": "public-read",
    "success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html",
    "content-type": "image/jpeg",
    "x-amz-meta-uuid": "14365123651274",
    "x-amz-server-side-encryption": "AES256",
    "x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request",
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-date": "20151229T000000Z",
    "x-amz-meta-tag": "",
    "policy": base64.b64encode(EXAMPLE_POLICY.replace("\n", "\r\n").encode()).decode(),
    "x-amz-signature": "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
}
BUCKET = "sigv4examplebucket"
DAY_MS = 24 * 60 * 60 * 1000
SIGNED_MS = 1_451_347_200_000


def accept(
    fields: Mapping[str, str], now_ms: int = SIGNED_MS, bucket: str = BUCKET
) -> AuthenticatedForm:
    return result_of(authenticator(now_ms).authenticate_form(fields, bucket))


def refusal(fields: Mapping[str, str], now_ms: int = SIGNED_MS, bucket: str = BUCKET) -> str:
    with pytest.raises(S3Error) as caught:
        accept(fields, now_ms, bucket)
    named = fields.get("x-amz-credential", "").partition("/")[0]
    assert caught.value.access_key == (named or None)
    return caught.value.code


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in EXAMPLE.items() if key != name}


def signed(expires_ms: int) -> dict[str, str]:
    """A form signed at ``SIGNED_MS`` that may do anything until ``expires_ms``."""
    date = amz_date(SIGNED_MS)
    scope = Scope(date[:8], REGION)
    fields = {
        "key": "k",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": f"{ACCESS_KEY}/{scope}",
        "x-amz-date": date,
    }
    conditions = [["starts-with", f"${name}", ""] for name in (*fields, "bucket")]
    document = {"expiration": iso8601(expires_ms), "conditions": conditions}
    policy = base64.b64encode(json.dumps(document).encode())
    seal = signature(signing_key(SECRET_KEY, scope), policy)
    return {**fields, "policy": policy.decode(), "x-amz-signature": seal}


def test_amazons_example() -> None:
    authenticated = accept(EXAMPLE)
    assert authenticated.principal.access_key == ACCESS_KEY
    assert authenticated.form == PostedForm(EXAMPLE)


def test_the_policy_is_held_against_the_form() -> None:
    assert refusal({**EXAMPLE, "key": "user/user2/photo.jpg"}) == "AccessDenied"
    assert refusal(EXAMPLE, bucket="another") == "AccessDenied"
    assert refusal(EXAMPLE, SIGNED_MS + 2 * DAY_MS) == "AccessDenied"


def test_a_changed_policy_is_not_signed() -> None:
    changed = base64.b64encode(EXAMPLE_POLICY.replace("user1", "user2").encode()).decode()
    assert refusal({**EXAMPLE, "policy": changed}) == "SignatureDoesNotMatch"
    assert refusal({**EXAMPLE, "x-amz-signature": "ä"}) == "SignatureDoesNotMatch"


def test_a_form_without_any_of_it_is_nobodys() -> None:
    fields = {"key": "k", "submit": "Send"}
    assert accept(fields) == AuthenticatedForm(ANONYMOUS, PostedForm(fields))


@pytest.mark.parametrize(
    "name", ["policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"]
)
def test_all_of_it_is_needed(name: str) -> None:
    assert refusal(without(name)) == "InvalidArgument"
    assert refusal({**EXAMPLE, name: ""}) == "InvalidArgument"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("x-amz-algorithm", "AWS4-HMAC-SHA1", "InvalidArgument"),
        ("x-amz-date", "2015-12-29", "InvalidArgument"),
        ("x-amz-date", "20151228T000000Z", "InvalidArgument"),
        ("x-amz-credential", ACCESS_KEY, "InvalidArgument"),
        (
            "x-amz-credential",
            f"{ACCESS_KEY}/20151229/eu-west-1/s3/aws4_request",
            "InvalidArgument",
        ),
        (
            "x-amz-credential",
            "AKIANOBODY/20151229/us-east-1/s3/aws4_request",
            "InvalidAccessKeyId",
        ),
        ("x-amz-security-token", "token", "InvalidToken"),
        ("signature", "abc", "InvalidRequest"),
        ("awsaccesskeyid", ACCESS_KEY, "InvalidRequest"),
    ],
)
def test_what_is_wrong_has_a_name(name: str, value: str, code: str) -> None:
    assert refusal({**EXAMPLE, name: value}) == code


def test_a_signature_is_good_for_a_week() -> None:
    fields = signed(SIGNED_MS + 30 * DAY_MS)
    assert accept(fields, SIGNED_MS + 7 * DAY_MS).principal.access_key == ACCESS_KEY
    assert refusal(fields, SIGNED_MS + 7 * DAY_MS + 1) == "AccessDenied"
    assert refusal(fields, SIGNED_MS - 16 * 60 * 1000) == "AccessDenied"
