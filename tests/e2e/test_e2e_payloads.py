"""How a body may be signed and framed, and what becomes of one that is not what it says."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bleepstore.auth.chunks import ChunkSigner
from bleepstore.clock import Clock
from tests.e2e.clients import Answer, ask, boto3_client, presigned, refused, signed_headers, signer
from tests.e2e.daemon import Daemon
from tests.e2e.tls_proxy import TlsProxy

KIB = 1024
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

_DATA = os.urandom(200 * KIB + 5)


def _crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


@pytest.mark.parametrize("size", [0, KIB, 3 * 1024 * KIB])
def test_sdks_of_today_send_a_trailer_unasked(
    daemon: Daemon, s3: Any, bucket: str, tmp_path: Path, size: int
) -> None:
    data = os.urandom(size)
    with TlsProxy(daemon.port, tmp_path) as proxy:
        client = boto3_client(daemon, endpoint_url=proxy.endpoint, verify=str(proxy.certificate))
        sent = _note_headers(client)
        client.put_object(Bucket=bucket, Key="k", Body=io.BytesIO(data))
        assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == data
    assert sent["x-amz-content-sha256"] == UNSIGNED_TRAILER
    assert sent["x-amz-trailer"].startswith("x-amz-checksum-")
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == data
    assert "ContentEncoding" not in got


def _note_headers(client: Any) -> dict[str, str]:
    """Filled, when an object is put, with the headers that the SDK sent."""
    sent: dict[str, str] = {}

    def note(request: Any, **_: Any) -> None:
        for name, value in request.headers.items():
            sent[name.lower()] = value.decode() if isinstance(value, bytes) else value

    client.meta.events.register("before-send.s3.PutObject", note)
    return sent


def test_a_signed_payload_of_boto3(daemon: Daemon, bucket: str) -> None:
    client = boto3_client(daemon, s3={"addressing_style": "path", "payload_signing_enabled": True})
    client.put_object(Bucket=bucket, Key="k", Body=_DATA)
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == _DATA


def test_a_body_that_is_not_the_signed_one_is_refused(daemon: Daemon, s3: Any, bucket: str) -> None:
    target = f"/{bucket}/k"
    signed = signed_headers(
        daemon, "PUT", target, payload_hash=hashlib.sha256(b"signed").hexdigest()
    )
    answer = ask(daemon, "PUT", target, signed, b"forged")
    assert (answer.status, answer.error_code) == (400, "XAmzContentSHA256Mismatch")
    _assert_absent(s3, bucket)


def test_an_unsigned_payload_is_stored(daemon: Daemon, s3: Any, bucket: str) -> None:
    target = f"/{bucket}/k"
    answer = ask(daemon, "PUT", target, signed_headers(daemon, "PUT", target), _DATA)
    assert answer.status == 200
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == _DATA


def test_a_chunked_body_without_a_length_is_refused(daemon: Daemon, bucket: str) -> None:
    target = f"/{bucket}/k"
    headers = signed_headers(daemon, "PUT", target) | {"transfer-encoding": "chunked"}
    answer = ask(daemon, "PUT", target, headers, b"3\r\nabc\r\n0\r\n\r\n")
    assert (answer.status, answer.error_code) == (411, "MissingContentLength")


def test_aws_chunks_may_travel_in_http_chunks(daemon: Daemon, s3: Any, bucket: str) -> None:
    framed = b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:" + _crc32(b"abc").encode() + b"\r\n\r\n"
    target = f"/{bucket}/k"
    headers = signed_headers(
        daemon, "PUT", target, _framing_headers(3, "x-amz-checksum-crc32"), UNSIGNED_TRAILER
    )
    wired = b"%x\r\n%b\r\n0\r\n\r\n" % (len(framed), framed)
    answer = ask(daemon, "PUT", target, headers | {"transfer-encoding": "chunked"}, wired)
    assert answer.status == 200
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"abc"


@pytest.mark.parametrize("chunk_size", [8 * KIB, 64 * KIB, 300 * KIB])
def test_signed_chunks_are_taken_apart(
    daemon: Daemon, s3: Any, bucket: str, chunk_size: int
) -> None:
    assert _put_signed(daemon, bucket, _chunks(_DATA, chunk_size)).status == 200
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == _DATA
    assert "ContentEncoding" not in got


def test_a_chunk_with_one_bit_changed_is_refused(daemon: Daemon, s3: Any, bucket: str) -> None:
    answer = _put_signed(daemon, bucket, _chunks(_DATA, 64 * KIB), damage=100 * KIB)
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")
    _assert_absent(s3, bucket)


def test_a_chunk_signature_with_one_bit_changed_is_refused(
    daemon: Daemon, s3: Any, bucket: str
) -> None:
    at = len("10000;chunk-signature=") + 3
    answer = _put_signed(daemon, bucket, _chunks(_DATA, 64 * KIB), damage=at)
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")
    _assert_absent(s3, bucket)


def test_chunks_in_another_order_are_refused(daemon: Daemon, s3: Any, bucket: str) -> None:
    target, headers, seal = _signed_start(daemon, bucket, SIGNED, 2 * 8 * KIB, "")
    one, two, last = _sealed([bytes(8 * KIB), b"x" * 8 * KIB, b""], seal)
    answer = ask(daemon, "PUT", target, headers, two + one + last)
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")
    _assert_absent(s3, bucket)


def test_a_signed_trailer_is_verified(daemon: Daemon, s3: Any, bucket: str) -> None:
    assert _put_with_signed_trailer(daemon, bucket, _crc32(_DATA)).status == 200
    shown = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert shown["ChecksumCRC32"] == _crc32(_DATA)


def test_a_signed_trailer_with_a_wrong_checksum_is_refused(
    daemon: Daemon, s3: Any, bucket: str
) -> None:
    answer = _put_with_signed_trailer(daemon, bucket, _crc32(b"other"))
    assert (answer.status, answer.error_code) == (400, "BadDigest")
    _assert_absent(s3, bucket)


def test_a_trailer_with_a_wrong_signature_is_refused(daemon: Daemon, s3: Any, bucket: str) -> None:
    answer = _put_with_signed_trailer(daemon, bucket, _crc32(_DATA), signature="0" * 64)
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")
    _assert_absent(s3, bucket)


def test_an_unsigned_trailer_is_verified(daemon: Daemon, s3: Any, bucket: str) -> None:
    assert _put_with_trailer(daemon, bucket, b"abc", _crc32(b"abc")).status == 200
    wrong = _put_with_trailer(daemon, bucket, b"abd", _crc32(b"abc"))
    assert (wrong.status, wrong.error_code) == (400, "BadDigest")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"abc"


@pytest.mark.parametrize(
    "framed",
    [
        b"zz\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"-3\r\nabc\r\n0\r\n\r\n",
        b"4\r\nabcd\r\n0\r\n\r\n",
        b"2\r\nab\r\n0\r\n\r\n",
        b"3\r\nabc\r\n",
        b"3\r\nabc\r\n0\r\n",
        b"",
        b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:" + b"A" * 20_000,
        b"3\r\nabc\r\n0\r\nother:1\r\n\r\n",
    ],
)
def test_framing_that_is_none_is_refused(
    daemon: Daemon, s3: Any, bucket: str, framed: bytes
) -> None:
    target = f"/{bucket}/k"
    headers = signed_headers(
        daemon, "PUT", target, _framing_headers(3, "x-amz-checksum-crc32"), UNSIGNED_TRAILER
    )
    answer = ask(daemon, "PUT", target, headers, framed)
    assert answer.status == 400
    assert answer.error_code
    _assert_absent(s3, bucket)


def test_a_body_over_the_largest_size_is_refused_unread(daemon: Daemon, bucket: str) -> None:
    target = f"/{bucket}/k"
    headers = signed_headers(daemon, "PUT", target) | {"content-length": str(6 * 1024**4)}
    answer = ask(daemon, "PUT", target, headers)
    assert (answer.status, answer.error_code) == (400, "EntityTooLarge")


def test_a_presigned_put_takes_any_body(daemon: Daemon, s3: Any, bucket: str) -> None:
    target = presigned(daemon, "PUT", f"/{bucket}/k")
    assert ask(daemon, "PUT", target, body=_DATA).status == 200
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == _DATA


# --- making framed bodies ------------------------------------------------------------------------


def _assert_absent(s3: Any, bucket: str) -> None:
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="k")


def _chunks(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)] + [b""]


def _framing_headers(length: int, trailer: str = "") -> dict[str, str]:
    headers = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(length)}
    return headers | ({"x-amz-trailer": trailer} if trailer else {})


def _signed_start(
    daemon: Daemon, bucket: str, kind: str, length: int, trailer: str
) -> tuple[str, Mapping[str, str], ChunkSigner]:
    target = f"/{bucket}/k"
    given = {"host": f"127.0.0.1:{daemon.port}", **_framing_headers(length, trailer)}
    headers = signer().sign_headers("PUT", target.encode(), given, kind, Clock().now_ms())
    return target, headers, signer().chunk_signer(headers)


def _sealed(chunks: list[bytes], seal: ChunkSigner) -> Iterator[bytes]:
    for chunk in chunks:
        signature = seal.sign_chunk(hashlib.sha256(chunk).hexdigest())
        yield b"%x;chunk-signature=%b\r\n%b\r\n" % (len(chunk), signature.encode(), chunk)


def _put_signed(
    daemon: Daemon, bucket: str, chunks: list[bytes], damage: int | None = None
) -> Answer:
    length = sum(map(len, chunks))
    target, headers, seal = _signed_start(daemon, bucket, SIGNED, length, "")
    body = bytearray(b"".join(_sealed(chunks, seal)))
    if damage is not None:
        body[damage] ^= 1
    return ask(daemon, "PUT", target, headers, bytes(body))


def _put_with_signed_trailer(
    daemon: Daemon, bucket: str, checksum: str, signature: str | None = None
) -> Answer:
    name = "x-amz-checksum-crc32"
    target, headers, seal = _signed_start(daemon, bucket, SIGNED_TRAILER, len(_DATA), name)
    framed = b"".join(_sealed(_chunks(_DATA, 64 * KIB), seal)).removesuffix(b"\r\n")
    line = f"{name}:{checksum}\n"
    sealed = signature or seal.sign_trailer(hashlib.sha256(line.encode()).hexdigest())
    trailer = f"{name}:{checksum}\r\nx-amz-trailer-signature:{sealed}\r\n\r\n"
    return ask(daemon, "PUT", target, headers, framed + trailer.encode())


def _put_with_trailer(daemon: Daemon, bucket: str, data: bytes, checksum: str) -> Answer:
    name = "x-amz-checksum-crc32"
    target = f"/{bucket}/k"
    headers = signed_headers(
        daemon, "PUT", target, _framing_headers(len(data), name), UNSIGNED_TRAILER
    )
    framed = b"%x\r\n%b\r\n0\r\n" % (len(data), data)
    return ask(daemon, "PUT", target, headers, framed + f"{name}:{checksum}\r\n\r\n".encode())
