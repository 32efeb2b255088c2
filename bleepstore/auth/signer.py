"""Signature Version 4 for clients: gateways, the benchmark and tests sign with what verifies."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from attrs import field, frozen

from ..clock import amz_date
from .canonical import (
    SIGNATURE_FIELD,
    QueryFields,
    canonical_path,
    canonical_query,
    canonical_request,
    query_fields,
)
from .chunks import ChunkSigner
from .payload import UNSIGNED_PAYLOAD
from .sigv4 import ALGORITHM, SERVICE, Scope, signature, signing_key, string_to_sign

# Hops may add, change or drop these; botocore leaves the same ones out.
_UNSIGNABLE = frozenset(
    [
        "authorization", "connection", "expect", "keep-alive", "proxy-authorization", "te",
        "trailer", "transfer-encoding", "upgrade", "user-agent",
    ]
)  # fmt: skip


@frozen
class Signer:
    """Signs requests with one access key.

    Temporary credentials need their session token in the ``x-amz-security-token`` header, or in
    the ``X-Amz-Security-Token`` field of a target to presign, before signing.
    """

    access_key: str
    secret_key: str = field(repr=False)
    region: str
    service: str = SERVICE

    def sign_headers(
        self,
        method: str,
        target: bytes,
        headers: Mapping[str, str],
        payload_hash: str,
        now_ms: int,
    ) -> dict[str, str]:
        """Headers with ``x-amz-date``, ``x-amz-content-sha256`` and ``authorization`` added.

        Args:
            target: path and query as they go on the wire.
            headers: by lower-case name, ``host`` among them (with the port unless it is the
                scheme's default).
            payload_hash: hexadecimal SHA-256 of the body or one of the constants that stand for
                it.
            now_ms: the time of the request.
        """
        timestamp = amz_date(now_ms)
        signed = {**headers, "x-amz-date": timestamp, "x-amz-content-sha256": payload_hash}
        names = sorted(signed.keys() - _UNSIGNABLE)
        path, _, query = target.partition(b"?")
        seal = self._sign(timestamp, method, path, query_fields(query), signed, names, payload_hash)
        scope = self._scope(timestamp)
        signed["authorization"] = (
            f"{ALGORITHM} Credential={self.access_key}/{scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={seal}"
        )
        return signed

    def presign(
        self,
        method: str,
        target: bytes,
        headers: Mapping[str, str],
        expires_seconds: int,
        now_ms: int,
    ) -> bytes:
        """The target with a signature in its query, good for ``expires_seconds`` from ``now_ms``.

        Args:
            headers: by lower-case name, ``host`` among them; the request must carry all of them.
        """
        timestamp = amz_date(now_ms)
        names = sorted(headers)
        path, _, query = target.partition(b"?")
        claim = {
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.access_key}/{self._scope(timestamp)}",
            "X-Amz-Date": timestamp,
            "X-Amz-Expires": str(expires_seconds),
            "X-Amz-SignedHeaders": ";".join(names),
        }
        fields = query_fields(query) + query_fields(urlencode(claim).encode("ascii"))
        fields.sort()
        seal = self._sign(timestamp, method, path, fields, headers, names, UNSIGNED_PAYLOAD)
        return path + f"?{canonical_query(fields)}&{SIGNATURE_FIELD}={seal}".encode("ascii")

    def chunk_signer(self, signed: Mapping[str, str]) -> ChunkSigner:
        """Signs the chunks of a body whose headers :meth:`sign_headers` has signed."""
        timestamp = signed["x-amz-date"]
        scope = self._scope(timestamp)
        seed = signed["authorization"].rpartition("=")[2]
        return ChunkSigner(signing_key(self.secret_key, scope), timestamp, scope, seed)

    def _scope(self, timestamp: str) -> Scope:
        return Scope(timestamp[:8], self.region, self.service)

    def _sign(
        self,
        timestamp: str,
        method: str,
        path: bytes,
        fields: QueryFields,
        headers: Mapping[str, str],
        names: list[str],
        payload_hash: str,
    ) -> str:
        canonical = canonical_request(
            method, canonical_path(path), canonical_query(fields), headers, names, payload_hash
        )
        scope = self._scope(timestamp)
        key = signing_key(self.secret_key, scope)
        return signature(key, string_to_sign(timestamp, scope, canonical))
