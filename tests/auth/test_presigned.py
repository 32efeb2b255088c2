from __future__ import annotations

import pytest

from bleepstore.auth.payload import UNSIGNED_PAYLOAD
from bleepstore.auth.signer import Signer
from bleepstore.values import RequestHead
from tests.auth.signing import (
    ACCESS_KEY,
    EMPTY_SHA256,
    HOST,
    NOW_MS,
    REGION,
    SECRET_KEY,
    SIGNER,
    accept,
    authenticator,
    head,
    refuse,
    with_headers,
)


def _presigned(
    target: bytes = b"/key?x-id=GetObject",
    headers: dict[str, str] | None = None,
    expires_seconds: int = 60,
    now_ms: int = NOW_MS,
    signer: Signer = SIGNER,
) -> RequestHead:
    sent = {"host": HOST, **(headers or {})}
    return head("GET", signer.presign("GET", target, sent, expires_seconds, now_ms), sent)


def _changed(replace: bytes, by: bytes, request: RequestHead | None = None) -> RequestHead:
    target = (request or _presigned()).target
    assert replace in target
    return head("GET", target.replace(replace, by))


@pytest.mark.parametrize("expires_seconds", [1, 604800])
def test_presigned_urls_verify(expires_seconds: int) -> None:
    authenticated = accept(_presigned(expires_seconds=expires_seconds))
    assert authenticated.principal.access_key == ACCESS_KEY
    assert authenticated.host == HOST


@pytest.mark.parametrize(
    "name", ["Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"]
)
def test_all_six_parameters_are_required(name: str) -> None:
    error = refuse(_changed(f"X-Amz-{name}=".encode(), f"Other-{name}=".encode()))
    assert error.code == "AuthorizationQueryParametersError"
    assert error.message == (
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
        "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
    )


@pytest.mark.parametrize(
    ("replace", "by", "message"),
    [
        (
            b"AWS4-HMAC-SHA256",
            b"AWS4-HMAC-SHA1",
            'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"',
        ),
        (b"=20130524T", b"=2013-05-24T", "X-Amz-Date must be in the ISO8601 Long Format"),
        (b"Expires=60", b"Expires=1h", "X-Amz-Expires should be a number"),
        (b"Expires=60", b"Expires=", "X-Amz-Expires should be a number"),
        (b"Expires=60", b"Expires=" + b"9" * 5000, "X-Amz-Expires should be a number"),
        (b"Expires=60", b"Expires=-1", "X-Amz-Expires must be non-negative"),
        (
            b"Expires=60",
            b"Expires=604801",
            (
                "X-Amz-Expires must be less than a week (in seconds); that is, the given "
                "X-Amz-Expires must be less than 604800 seconds"
            ),
        ),
        (
            b"us-east-1",
            b"eu-west-1",
            (
                "Error parsing the X-Amz-Credential parameter; the region 'eu-west-1' is wrong; "
                "expecting 'us-east-1'"
            ),
        ),
        (
            b"%2Fs3%2F",
            b"%2Fec2%2F",
            (
                'Error parsing the X-Amz-Credential parameter; incorrect service "ec2". '
                'This endpoint belongs to "s3".'
            ),
        ),
        (
            b"%2F20130524",
            b"%2F20130523",
            (
                'Invalid credential date "20130523". This date is not the same as X-Amz-Date: '
                '"20130524".'
            ),
        ),
        (b"SignedHeaders=host", b"SignedHeaders=host%0A", "SignedHeaders must be"),
    ],
)
def test_wrong_parameters(replace: bytes, by: bytes, message: str) -> None:
    error = refuse(_changed(replace, by))
    assert error.code == "AuthorizationQueryParametersError"
    assert error.status == 400
    assert error.message.startswith(message)


def test_wrong_region_names_the_right_one() -> None:
    assert refuse(_presigned(), authenticator(region="mars")).elements == {"Region": "mars"}


def test_a_url_is_good_until_its_expiry() -> None:
    assert accept(_presigned(), authenticator(NOW_MS + 59_999)).principal.access_key == ACCESS_KEY


@pytest.mark.parametrize(
    ("expires_seconds", "later_ms", "expires", "server_time"),
    [
        (60, 61_000, "2013-05-24T00:01:00Z", "2013-05-24T00:01:01Z"),
        (0, 0, "2013-05-24T00:00:00Z", "2013-05-24T00:00:00Z"),
        (604800, 604_800_000, "2013-05-31T00:00:00Z", "2013-05-31T00:00:00Z"),
    ],
)
def test_an_expired_url(
    expires_seconds: int, later_ms: int, expires: str, server_time: str
) -> None:
    request = _presigned(expires_seconds=expires_seconds)
    error = refuse(request, authenticator(NOW_MS + later_ms))
    assert (error.code, error.message) == ("AccessDenied", "Request has expired")
    assert error.access_key == ACCESS_KEY
    assert error.elements == {
        "X-Amz-Expires": str(expires_seconds),
        "Expires": expires,
        "ServerTime": server_time,
    }


def test_a_url_of_the_near_future() -> None:
    assert accept(_presigned(now_ms=NOW_MS + 900_000)).principal.access_key == ACCESS_KEY


def test_a_url_of_the_far_future() -> None:
    error = refuse(_presigned(now_ms=NOW_MS + 901_000))
    assert (error.code, error.message) == ("AccessDenied", "Request is not yet valid")


def test_unknown_access_key() -> None:
    error = refuse(_presigned(signer=Signer("AKIAUNKNOWN", SECRET_KEY, REGION)))
    assert error.code == "InvalidAccessKeyId"


@pytest.mark.parametrize(
    ("replace", "by"),
    [
        (b"/key?", b"/other?"),
        (b"x-id=GetObject", b"x-id=PutObject"),
        (b"x-id=", b"versionId=null&x-id="),
        (b"Expires=60", b"Expires=61"),
    ],
)
def test_a_changed_url(replace: bytes, by: bytes) -> None:
    assert refuse(_changed(replace, by)).code == "SignatureDoesNotMatch"


def test_a_signed_header_must_come_as_it_was_signed() -> None:
    request = _presigned(headers={"x-amz-meta-color": "red"})
    assert accept(request).principal.access_key == ACCESS_KEY
    assert refuse(with_headers(request, x_amz_meta_color="blue")).code == "SignatureDoesNotMatch"


def test_headers_that_must_be_signed() -> None:
    error = refuse(with_headers(_presigned(), x_amz_acl="public-read"))
    assert error.code == "AccessDenied"
    assert error.elements == {"HeadersNotSigned": "x-amz-acl"}


@pytest.mark.parametrize("query", [b"X-Amz-Security-Token=t", b"X-Amz-Security-Token=%20"])
def test_session_tokens_are_for_temporary_credentials(query: bytes) -> None:
    assert refuse(_presigned(b"/key?" + query)).code == "InvalidToken"


def test_the_payload_hash_of_the_header_counts() -> None:
    error = refuse(with_headers(_presigned(), x_amz_content_sha256=EMPTY_SHA256))
    assert error.code == "SignatureDoesNotMatch"
    assert error.elements["CanonicalRequest"].endswith(f"\nhost\n{EMPTY_SHA256}")


def test_a_chunked_body_is_not_taken_for_content() -> None:
    request = with_headers(_presigned(), x_amz_content_sha256="STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    assert refuse(request).code == "SignatureDoesNotMatch"


def test_the_payload_hash_may_be_in_the_query() -> None:
    same = _presigned(b"/key?X-Amz-Content-Sha256=" + UNSIGNED_PAYLOAD.encode())
    assert accept(same).framing.sha256_hex is None
    other = refuse(_presigned(b"/key?X-Amz-Content-Sha256=" + EMPTY_SHA256.encode()))
    assert other.elements["CanonicalRequest"].endswith(f"\nhost\n{EMPTY_SHA256}")


def test_a_payload_hash_in_the_query_that_is_none() -> None:
    assert refuse(_presigned(b"/key?X-Amz-Content-Sha256=%ff")).code == "InvalidArgument"
