from __future__ import annotations

import pytest
from attrs import evolve

from bleepstore.auth.authenticate import Authenticated
from bleepstore.auth.canonical import canonical_request
from bleepstore.auth.payload import UNSIGNED_PAYLOAD
from bleepstore.auth.signer import Signer
from bleepstore.auth.sigv4 import Scope, signature, signing_key, string_to_sign
from bleepstore.clock import http_date
from bleepstore.errors import S3Error
from bleepstore.values import ANONYMOUS, PayloadFraming, RequestHead
from tests.auth.signing import (
    ACCESS_KEY,
    EMPTY_SHA256,
    HOST,
    NOW_MS,
    REGION,
    SECRET_KEY,
    SIGNER,
    TIMESTAMP,
    accept,
    authenticator,
    head,
    refuse,
    signed_head,
    with_headers,
)

_VERSION_4_WANTED = (
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
)


def _authorization(replace: str, by: str) -> RequestHead:
    request = signed_head()
    changed = request.headers["authorization"].replace(replace, by)
    assert changed != request.headers["authorization"]
    return with_headers(request, authorization=changed)


def test_a_request_without_a_signature_is_anonymous() -> None:
    assert accept(head()) == Authenticated(ANONYMOUS, PayloadFraming())


def test_an_empty_authorization_header_is_anonymous() -> None:
    assert accept(head(headers={"authorization": ""})).principal is ANONYMOUS


def test_components_may_come_in_any_order_and_spacing() -> None:
    request = signed_head()
    algorithm, _, rest = request.headers["authorization"].partition(" ")
    components = reversed(rest.split(", "))
    request = with_headers(request, authorization=f"{algorithm}  {' ,'.join(components)}")
    assert accept(request).principal.access_key == ACCESS_KEY


@pytest.mark.parametrize("absent", ["Credential", "SignedHeaders", "Signature"])
def test_missing_components(absent: str) -> None:
    error = refuse(_authorization(f"{absent}=", "Other="))
    assert error.code == "AuthorizationHeaderMalformed"
    assert "requires three components" in error.message


@pytest.mark.parametrize(
    ("replace", "by", "message"),
    [
        ("/us-east-1/", "/", "the Credential is mal-formed; expecting"),
        ("/20130524/", "/2013052/", 'incorrect date format "2013052"'),
        ("/20130524/", "/20130523/", 'Invalid credential date "20130523"'),
        ("/s3/", "/ec2/", 'incorrect service "ec2". This endpoint belongs to "s3".'),
        ("aws4_request", "aws4", 'incorrect terminal "aws4". This endpoint uses "aws4_request".'),
        (f"{ACCESS_KEY}/", "/", "a non-empty Access Key (AKID) must be provided"),
        ("/us-east-1/", "//", "a non-empty region must be provided"),
        ("=host;", "=Host;", "SignedHeaders must be"),
        ("=host;", "=host;;", "SignedHeaders must be"),
        ("=host;", "=host x;", "SignedHeaders must be"),
    ],
)
def test_malformed_credentials(replace: str, by: str, message: str) -> None:
    error = refuse(_authorization(replace, by))
    assert error.code == "AuthorizationHeaderMalformed"
    assert error.message.startswith(f"The authorization header is malformed; {message}")


def test_wrong_region() -> None:
    error = refuse(signed_head(), authenticator(region="eu-west-1"))
    assert error.code == "AuthorizationHeaderMalformed"
    assert error.message == (
        "The authorization header is malformed; the region 'us-east-1' is wrong; "
        "expecting 'eu-west-1'"
    )
    assert error.elements == {"Region": "eu-west-1"}


def test_unknown_access_key() -> None:
    error = refuse(signed_head(signer=Signer("AKIAUNKNOWN", SECRET_KEY, REGION)))
    assert error.code == "InvalidAccessKeyId"
    assert error.status == 403
    assert error.elements == {"AWSAccessKeyId": "AKIAUNKNOWN"}


@pytest.mark.parametrize("access_key", ["A" * 129, "é", "A\udcff", "A\x00B"])
def test_access_keys_that_cannot_be_are_not_looked_up(access_key: str) -> None:
    error = refuse(_authorization(ACCESS_KEY, access_key))
    assert error.code == "InvalidAccessKeyId"


def test_wrong_secret() -> None:
    signer = Signer(ACCESS_KEY, "another", REGION)
    request = signed_head("GET", b"/a%20b?prefix=x", signer=signer)
    error = refuse(request)
    assert error.code == "SignatureDoesNotMatch"
    assert error.status == 403
    canonical = (
        f"GET\n/a%20b\nprefix=x\nhost:{HOST}\nx-amz-content-sha256:{EMPTY_SHA256}\n"
        f"x-amz-date:{TIMESTAMP}\n\nhost;x-amz-content-sha256;x-amz-date\n{EMPTY_SHA256}"
    )
    assert error.elements["AWSAccessKeyId"] == ACCESS_KEY
    assert error.elements["CanonicalRequest"] == canonical
    assert bytes.fromhex(error.elements["CanonicalRequestBytes"]) == canonical.encode()
    assert error.elements["StringToSign"].startswith(f"AWS4-HMAC-SHA256\n{TIMESTAMP}\n20130524/")
    assert bytes.fromhex(error.elements["StringToSignBytes"]) == (
        error.elements["StringToSign"].encode()
    )
    assert request.headers["authorization"].endswith(error.elements["SignatureProvided"])


def test_secrets_do_not_show() -> None:
    request = signed_head(signer=Signer(ACCESS_KEY, "another", REGION))
    error = refuse(request)
    assert SECRET_KEY not in f"{error!r}{error.elements}"
    assert SECRET_KEY not in repr(SIGNER)


@pytest.mark.parametrize("bit", [0, 7, 100, 255])
def test_one_bit_of_the_signature(bit: int) -> None:
    request = signed_head()
    start, _, signature = request.headers["authorization"].rpartition("=")
    changed = f"{start}={int(signature, 16) ^ 1 << bit:064x}"
    assert refuse(with_headers(request, authorization=changed)).code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("skew_ms", [-900_000, 900_000])
def test_clocks_may_differ_by_fifteen_minutes(skew_ms: int) -> None:
    request = signed_head(now_ms=NOW_MS + skew_ms)
    assert accept(request).principal.access_key == ACCESS_KEY


@pytest.mark.parametrize(
    ("skew_ms", "request_time"),
    [(-901_000, "20130523T234459Z"), (901_000, "20130524T001501Z")],
)
def test_clocks_may_not_differ_by_more(skew_ms: int, request_time: str) -> None:
    error = refuse(signed_head(now_ms=NOW_MS + skew_ms))
    assert error.code == "RequestTimeTooSkewed"
    assert error.elements == {
        "RequestTime": request_time,
        "ServerTime": "2013-05-24T00:00:00Z",
        "MaxAllowedSkewMilliseconds": "900000",
    }


@pytest.mark.parametrize("date", [None, "", "yesterday", "2013-05-24T00:00:00Z", "\udcff"])
def test_no_valid_date(date: str | None) -> None:
    request = with_headers(signed_head(), x_amz_date=None, date=date)
    error = refuse(request)
    assert error.code == "AccessDenied"
    assert error.message == "AWS authentication requires a valid Date or x-amz-date header"


def test_a_bad_x_amz_date_is_not_mended_by_date() -> None:
    request = with_headers(signed_head(), x_amz_date="now", date=http_date(NOW_MS))
    assert refuse(request).code == "AccessDenied"


def test_headers_that_must_be_signed() -> None:
    request = with_headers(
        signed_head(), x_amz_meta_color="red", x_amz_acl="private", content_md5="x", range="a"
    )
    error = refuse(request)
    assert error.code == "AccessDenied"
    assert error.message == "There were headers present in the request which were not signed"
    assert error.elements == {"HeadersNotSigned": "content-md5, x-amz-acl, x-amz-meta-color"}


@pytest.mark.parametrize("host", [HOST, None])
def test_host_must_be_signed(host: str | None) -> None:
    request = with_headers(_authorization("=host;", "="), host=host)
    error = refuse(request)
    assert error.code == "AccessDenied"
    assert error.elements == {"HeadersNotSigned": "host"}


def test_headers_that_hops_may_add_need_not_be_signed() -> None:
    request = with_headers(signed_head(), x_forwarded_for="192.0.2.1", x_amzn_trace_id="1")
    assert accept(request).principal.access_key == ACCESS_KEY


def test_a_signed_header_that_was_taken_away() -> None:
    request = with_headers(signed_head(headers={"x-amz-meta-a": ""}), x_amz_meta_a=None)
    assert refuse(request).code == "SignatureDoesNotMatch"


def test_headers_between_hops_may_be_signed() -> None:
    headers = {
        "connection": "keep-alive",
        "expect": "100-continue",
        "host": HOST,
        "transfer-encoding": "chunked",
        "x-amz-content-sha256": UNSIGNED_PAYLOAD,
        "x-amz-date": TIMESTAMP,
    }
    scope = Scope("20130524", REGION)
    canonical = canonical_request("PUT", "/k", "", headers, list(headers), UNSIGNED_PAYLOAD)
    key = signing_key(SECRET_KEY, scope)
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders={';'.join(headers)}, "
        f"Signature={signature(key, string_to_sign(TIMESTAMP, scope, canonical))}"
    )
    request = head("PUT", b"/k", {**headers, "authorization": authorization})
    assert accept(request).principal.access_key == ACCESS_KEY


def test_session_tokens_are_for_temporary_credentials() -> None:
    error = refuse(signed_head(headers={"x-amz-security-token": "token"}))
    assert error.code == "InvalidToken"
    assert "token" not in error.elements.values()


@pytest.mark.parametrize(
    ("authorization", "code", "message"),
    [
        ("AWS AKIA:c2lnbmF0dXJl", "InvalidRequest", _VERSION_4_WANTED),
        ("AWS4-ECDSA-P256-SHA256 Credential=a", "InvalidRequest", _VERSION_4_WANTED),
        ("Bearer token", "InvalidArgument", "Unsupported Authorization Type"),
        ("Basic dXNlcjpzZWNyZXQ=", "InvalidArgument", "Unsupported Authorization Type"),
        ("AWS4-HMAC-SHA256", "InvalidArgument", "Authorization header is invalid -- one and only"),
    ],
)
def test_other_mechanisms(authorization: str, code: str, message: str) -> None:
    error = refuse(with_headers(signed_head(), authorization=authorization))
    assert error.code == code
    assert error.message.startswith(message)
    assert "dXNlcjpzZWNyZXQ=" not in error.elements.values()


@pytest.mark.parametrize("query", [b"AWSAccessKeyId=A&Signature=b&Expires=1", b"Signature=b"])
def test_version_2_in_the_query(query: bytes) -> None:
    error = refuse(head(target=b"/?" + query))
    assert error.code == "InvalidRequest"
    assert error.message == _VERSION_4_WANTED


@pytest.mark.parametrize("query", [b"X-Amz-Algorithm=AWS4-HMAC-SHA256", b"Signature=b"])
def test_two_mechanisms_at_once(query: bytes) -> None:
    error = refuse(signed_head(target=b"/?" + query))
    assert error.code == "InvalidArgument"
    assert error.message.startswith("Only one auth mechanism allowed")


# --- public hosts ----------------------------------------------------------------------------

_BEHIND_PROXY = authenticator(public_hosts=("s3.example.com", "files.example.com:8443"))


@pytest.mark.parametrize("public_host", ["s3.example.com", "files.example.com:8443"])
def test_a_proxy_may_replace_a_public_host(public_host: str) -> None:
    request = with_headers(signed_head(headers={"host": public_host}), host="10.0.0.7:9000")
    assert accept(request, _BEHIND_PROXY).host == public_host
    assert refuse(request).code == "SignatureDoesNotMatch"


def test_the_host_as_sent_is_tried_first() -> None:
    request = signed_head(headers={"host": "10.0.0.7:9000"})
    assert accept(request, _BEHIND_PROXY).host == "10.0.0.7:9000"


def test_other_hosts_than_the_public_ones_are_refused() -> None:
    request = with_headers(signed_head(headers={"host": "s3.example.org"}), host="10.0.0.7:9000")
    error = refuse(request, _BEHIND_PROXY)
    assert error.code == "SignatureDoesNotMatch"
    assert "\nhost:10.0.0.7:9000\n" in error.elements["CanonicalRequest"]


# --- payload ---------------------------------------------------------------------------------

_STREAMED = {"x-amz-decoded-content-length": "5", "x-amz-trailer": "X-Amz-Checksum-CRC32, x-a "}


def test_payload_hash_is_required() -> None:
    error = refuse(with_headers(signed_head(), x_amz_content_sha256=None))
    assert error.code == "InvalidRequest"
    assert error.message == "Missing required header for this request: x-amz-content-sha256"


@pytest.mark.parametrize(
    "payload_hash", ["", "unsigned-payload", "0" * 63, "g" * 64, "STREAMING-X", "\udcff"]
)
@pytest.mark.parametrize("signed", [True, False])
def test_payload_hashes_that_are_none(payload_hash: str, signed: bool) -> None:
    request = signed_head() if signed else head()
    error = refuse(with_headers(request, x_amz_content_sha256=payload_hash))
    assert error.code == "InvalidArgument"
    assert error.elements["ArgumentName"] == "x-amz-content-sha256"


@pytest.mark.parametrize("end", ["", "-TRAILER"])
def test_version_4a_chunks_are_not_implemented(end: str) -> None:
    payload_hash = f"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD{end}"
    assert refuse(signed_head("PUT", payload_hash=payload_hash)).code == "NotImplemented"


def test_unsigned_payload() -> None:
    assert accept(signed_head(payload_hash=UNSIGNED_PAYLOAD)).framing == PayloadFraming()


def test_payload_hash_in_upper_case() -> None:
    framing = accept(signed_head(payload_hash="AB" * 32)).framing
    assert framing.sha256_hex == "ab" * 32


def test_unsigned_chunks() -> None:
    request = signed_head("PUT", b"/b/k", _STREAMED, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    assert accept(request).framing == PayloadFraming(
        aws_chunked=True, trailer=("x-amz-checksum-crc32", "x-a"), decoded_length=5
    )


def test_anonymous_requests_may_be_chunked() -> None:
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", **_STREAMED}
    authenticated = accept(head("PUT", b"/b/k", headers))
    assert authenticated.principal is ANONYMOUS
    assert authenticated.framing.aws_chunked
    assert authenticated.framing.decoded_length == 5


@pytest.mark.parametrize("end", ["", "-TRAILER"])
def test_anonymous_requests_have_no_signed_chunks(end: str) -> None:
    headers = {"x-amz-content-sha256": f"STREAMING-AWS4-HMAC-SHA256-PAYLOAD{end}", **_STREAMED}
    assert refuse(head("PUT", b"/b/k", headers)).code == "AccessDenied"


_CHUNKED_FORMS = [
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
]


@pytest.mark.parametrize("payload_hash", _CHUNKED_FORMS)
def test_decoded_length_is_required(payload_hash: str) -> None:
    error = refuse(signed_head("PUT", payload_hash=payload_hash))
    assert (error.code, error.status) == ("MissingContentLength", 411)


@pytest.mark.parametrize("length", ["-1", "", "1.5", "0x10", "٣", "9" * 20])
@pytest.mark.parametrize("payload_hash", _CHUNKED_FORMS)
def test_decoded_length_is_a_number(payload_hash: str, length: str) -> None:
    headers = {"x-amz-decoded-content-length": length}
    error = refuse(signed_head("PUT", headers=headers, payload_hash=payload_hash))
    assert error.code == "InvalidArgument"
    assert error.elements["ArgumentName"] == "x-amz-decoded-content-length"


def test_chunks_of_a_public_host_continue_the_request_signature() -> None:
    headers = {"host": "s3.example.com", **_STREAMED}
    payload_hash = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    request = signed_head("PUT", b"/b/k", headers, payload_hash)
    signer = SIGNER.chunk_signer(request.headers)
    verifier = accept(with_headers(request, host="10.0.0.7"), _BEHIND_PROXY).framing.verifier
    assert verifier is not None
    verifier.verify_chunk(EMPTY_SHA256, signer.sign_chunk(EMPTY_SHA256))
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        verifier.verify_chunk(EMPTY_SHA256, "é")


def test_targets_in_another_spelling_are_the_same() -> None:
    request = signed_head("GET", b"/%c3%a9%7e?b=%2f&a=x+y")
    same = evolve(request, target=b"/\xc3\xa9~?a=x%20y&b=/")
    assert accept(same).principal.access_key == ACCESS_KEY


@pytest.mark.parametrize(
    "request_",
    [
        signed_head(signer=Signer(ACCESS_KEY, "another", REGION)),
        signed_head(now_ms=NOW_MS - 901_000),
        _authorization("/us-east-1/", "/"),
        _authorization("SignedHeaders=", "Other="),
    ],
)
def test_a_refusal_knows_the_key_that_was_named(request_: RequestHead) -> None:
    assert refuse(request_).access_key == ACCESS_KEY


def test_a_refusal_knows_no_key_where_none_is_to_be_seen() -> None:
    assert refuse(head(headers={"authorization": "AWS4-HMAC-SHA256 x"})).access_key is None
    assert refuse(_authorization(ACCESS_KEY, "A\x1b[31m")).access_key is None
