"""The examples that Amazon publishes for Signature Version 4 in S3.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

from __future__ import annotations

import hashlib

import pytest

from bleepstore.errors import S3Error
from bleepstore.interfaces import IChunkVerifier
from bleepstore.values import PayloadFraming
from tests.auth.signing import (
    ACCESS_KEY,
    CREDENTIAL,
    EMPTY_SHA256,
    HOST,
    NOW_MS,
    SCOPE,
    SIGNER,
    TIMESTAMP,
    accept,
    head,
)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_WELCOME = _sha256(b"Welcome to Amazon S3.")
_EXAMPLES = {
    "GET object with a range": (
        "GET",
        b"/test.txt",
        {"range": "bytes=0-9"},
        EMPTY_SHA256,
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "PUT object": (
        "PUT",
        b"/test$file.text",
        {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
        _WELCOME,
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    "GET bucket lifecycle": (
        "GET",
        b"/?lifecycle",
        {},
        EMPTY_SHA256,
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "list objects": (
        "GET",
        b"/?prefix=J&max-keys=2",
        {},
        EMPTY_SHA256,
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}


@pytest.mark.parametrize("name", _EXAMPLES)
def test_header_examples(name: str) -> None:
    method, target, headers, payload_hash, signature = _EXAMPLES[name]
    sent = {
        "host": HOST,
        "x-amz-date": TIMESTAMP,
        "x-amz-content-sha256": payload_hash,
        **headers,
    }
    sent["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{SCOPE},"
        f"SignedHeaders={';'.join(sorted(sent))},Signature={signature}"
    )
    authenticated = accept(head(method, target, sent))
    assert authenticated.principal.access_key == ACCESS_KEY
    assert authenticated.principal.owner == CREDENTIAL.owner
    assert authenticated.framing == PayloadFraming(sha256_hex=payload_hash)
    assert authenticated.host == HOST


@pytest.mark.parametrize("name", _EXAMPLES)
def test_the_client_makes_the_published_signatures(name: str) -> None:
    method, target, headers, payload_hash, signature = _EXAMPLES[name]
    signed = SIGNER.sign_headers(method, target, {"host": HOST, **headers}, payload_hash, NOW_MS)
    assert signed["authorization"].endswith(f", Signature={signature}")


_PRESIGNED = (
    b"/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    b"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    b"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    b"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
)


def test_presigned_example() -> None:
    authenticated = accept(head("GET", _PRESIGNED))
    assert authenticated.principal.access_key == ACCESS_KEY
    assert authenticated.framing == PayloadFraming()


def test_the_client_makes_the_published_presigned_url() -> None:
    assert SIGNER.presign("GET", b"/test.txt", {"host": HOST}, 86400, NOW_MS) == _PRESIGNED


_CHUNKED = {
    "host": "s3.amazonaws.com",
    "x-amz-date": TIMESTAMP,
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": "66560",
}
_SIGNED_CHUNKS = {
    **_CHUNKED,
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "content-length": "66824",
}
_SIGNED_TRAILER = {
    **_CHUNKED,
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "x-amz-trailer": "x-amz-checksum-crc32c",
}
_CHUNKS = [_sha256(b"a" * 65536), _sha256(b"a" * 1024), EMPTY_SHA256]
_CHUNK_SIGNATURES = [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
]
_CHUNK_SIGNATURES_BEFORE_TRAILER = [
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
]
_TRAILER = _sha256(b"x-amz-checksum-crc32c:sOO8/Q==\n")
_TRAILER_SIGNATURE = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"


def _framing(headers: dict[str, str], signature: str) -> PayloadFraming:
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{SCOPE},"
        f"SignedHeaders={';'.join(sorted(headers))},Signature={signature}"
    )
    sent = {**headers, "authorization": authorization}
    return accept(head("PUT", b"/examplebucket/chunkObject.txt", sent)).framing


def _chunked_framing() -> PayloadFraming:
    return _framing(
        _SIGNED_CHUNKS, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    )


def _trailer_framing() -> PayloadFraming:
    return _framing(
        _SIGNED_TRAILER, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
    )


def test_chunked_example() -> None:
    framing = _chunked_framing()
    assert framing.aws_chunked
    assert framing.decoded_length == 66560
    assert framing.trailer == ()
    assert framing.sha256_hex is None
    assert IChunkVerifier.providedBy(framing.verifier)
    assert framing.verifier is not None
    for sha256_hex, signature in zip(_CHUNKS, _CHUNK_SIGNATURES, strict=True):
        framing.verifier.verify_chunk(sha256_hex, signature)


def test_trailer_example() -> None:
    framing = _trailer_framing()
    assert framing.trailer == ("x-amz-checksum-crc32c",)
    assert framing.verifier is not None
    for sha256_hex, signature in zip(_CHUNKS, _CHUNK_SIGNATURES_BEFORE_TRAILER, strict=True):
        framing.verifier.verify_chunk(sha256_hex, signature)
    framing.verifier.verify_trailer(_TRAILER, _TRAILER_SIGNATURE)


@pytest.mark.parametrize("bit", [0, 100, 255])
def test_a_trailer_with_one_bit_changed_is_refused(bit: int) -> None:
    verifier = _trailer_framing().verifier
    assert verifier is not None
    for sha256_hex, signature in zip(_CHUNKS, _CHUNK_SIGNATURES_BEFORE_TRAILER, strict=True):
        verifier.verify_chunk(sha256_hex, signature)
    changed = f"{int(_TRAILER_SIGNATURE, 16) ^ 1 << bit:064x}"
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        verifier.verify_trailer(_TRAILER, changed)


@pytest.mark.parametrize("bit", [0, 100, 255])
@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_a_chunk_with_one_bit_changed_is_refused(chunk: int, bit: int) -> None:
    verifier = _chunked_framing().verifier
    assert verifier is not None
    for index in range(chunk):
        verifier.verify_chunk(_CHUNKS[index], _CHUNK_SIGNATURES[index])
    changed = f"{int(_CHUNKS[chunk], 16) ^ 1 << bit:064x}"
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        verifier.verify_chunk(changed, _CHUNK_SIGNATURES[chunk])


def test_chunks_cannot_change_places_or_be_left_out() -> None:
    verifier = _chunked_framing().verifier
    assert verifier is not None
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        verifier.verify_chunk(_CHUNKS[1], _CHUNK_SIGNATURES[1])


def test_the_client_signs_chunks_as_the_server_expects_them() -> None:
    target = b"/examplebucket/chunkObject.txt"
    payload_hash = _SIGNED_TRAILER["x-amz-content-sha256"]
    signed = SIGNER.sign_headers("PUT", target, _SIGNED_TRAILER, payload_hash, NOW_MS)
    signer = SIGNER.chunk_signer(signed)
    assert [signer.sign_chunk(chunk) for chunk in _CHUNKS] == _CHUNK_SIGNATURES_BEFORE_TRAILER
    assert signer.sign_trailer(_TRAILER) == _TRAILER_SIGNATURE
