"""Who a request is from, and how its body is to be read.

Signature Version 4 in the Authorization header, in the query or in a browser's form, or nobody.
Signature Version 2 is refused by name.

A reverse proxy may replace the Host header that a client has signed. The signature is checked
with the Host header as it came; where it fails, it is checked with each of the configured public
hosts as well. Clients sign ``host:port`` unless the port is the scheme's default, so a public
host has a port where its URL has one. The work for a wrong signature depends on the number of
public hosts alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, field, frozen

from ..clock import Clock
from ..errors import S3Error
from ..interfaces import ICredentials
from ..values import (
    ANONYMOUS,
    Credential,
    PayloadFraming,
    PostedForm,
    Principal,
    RequestHead,
)
from .authorization_header import UNSUPPORTED_MECHANISM, read_authorization
from .canonical import QueryFields, canonical_path, canonical_query, canonical_request, query_fields
from .chunks import ChunkSigner
from .claim import Claim
from .claimed import is_plausible, key_named_in, key_named_in_head
from .form import AuthenticatedForm, FormClaim, read_form_claim
from .payload import PAYLOAD_HEADER, UNSIGNED_PAYLOAD, check_payload_hash, read_framing
from .postpolicy import parse_policy
from .presigned import read_presigned
from .sigv4 import is_same_signature, signature, signing_key, string_to_sign

_PRESIGNED_FIELDS = frozenset(["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"])
_VERSION_2_FIELDS = frozenset(["AWSAccessKeyId", "Signature"])


@frozen
class Authenticated:
    """What a request's signature has proved.

    Attributes:
        principal: whom the request is from.
        framing: how to read and verify its body.
        host: the Host that was signed; None for anonymous requests. Where it is not the Host
            header (see the module's text), the request's address must be read with this one.
    """

    principal: Principal
    framing: PayloadFraming
    host: str | None = None


@frozen
class _Signable:
    """The parts of a request that its signature covers, in canonical form."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    claim: Claim

    def canonical(self) -> bytes:
        claim = self.claim
        return canonical_request(
            self.method,
            self.path,
            self.query,
            self.headers,
            claim.signed_headers,
            claim.payload_hash,
        )

    def is_signed_with(self, key: bytes) -> bool:
        text = string_to_sign(self.claim.timestamp, self.claim.scope, self.canonical())
        return is_same_signature(signature(key, text), self.claim.signature)


@frozen
class Authenticator:
    """Identifies callers.

    Args:
        credentials: where secrets are found.
        region: the region that signatures must be for.
        clock: the server's time.
        public_hosts: under which names clients reach this server through proxies that replace
            the Host header.
    """

    _credentials: ICredentials
    _region: str
    _clock: Clock
    _public_hosts: tuple[str, ...] = ()

    async def authenticate(self, head: RequestHead) -> Authenticated:
        """Identify the caller of a request.

        Raises:
            S3Error: S3's own code for each way to fail, and whose key the request has named.
        """
        fields = query_fields(head.raw_query)
        try:
            return await self._authenticate(head, fields)
        except S3Error as error:
            error.access_key = key_named_in_head(head.headers, dict(fields))
            raise

    async def _authenticate(self, head: RequestHead, fields: QueryFields) -> Authenticated:
        claim = self._read_claim(head.headers, dict(fields))
        if claim is None:
            return Authenticated(ANONYMOUS, _anonymous_framing(head.headers))
        credential = await self._find(claim)
        key = signing_key(credential.secret_key, claim.scope)
        request = _Signable(
            head.method,
            canonical_path(head.raw_path),
            canonical_query(fields),
            head.headers,
            claim,
        )
        host = self._verify(request, key)
        signer = ChunkSigner(key, claim.timestamp, claim.scope, claim.signature)
        return Authenticated(
            Principal(credential.owner, credential.access_key),
            read_framing(claim.payload_hash, head.headers, signer),
            host,
        )

    def _read_claim(self, headers: Mapping[str, str], query: Mapping[str, str]) -> Claim | None:
        authorization = headers.get("authorization")
        is_presigned = not _PRESIGNED_FIELDS.isdisjoint(query)
        is_version_2 = not _VERSION_2_FIELDS.isdisjoint(query)
        if is_presigned + is_version_2 + (authorization is not None) > 1:
            raise S3Error(
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                "Signature query string parameter or the Authorization header should be specified",
                ArgumentName="Authorization",
            )
        if is_version_2:
            raise S3Error("InvalidRequest", UNSUPPORTED_MECHANISM)
        if is_presigned:
            return read_presigned(query, headers, self._region, self._clock.now_ms())
        if authorization:
            return read_authorization(headers, self._region, self._clock.now_ms())
        return None

    async def authenticate_form(self, fields: Mapping[str, str], bucket: str) -> AuthenticatedForm:
        """Identify who has signed the policy of a form that was sent to ``bucket``.

        Args:
            fields: by lower-case name.

        Raises:
            S3Error: S3's own code for each way to fail, ``AccessDenied`` where the policy does
                not allow the form; and whose key the form has named.
        """
        try:
            return await self._authenticate_form(fields, bucket)
        except S3Error as error:
            error.access_key = key_named_in(fields.get("x-amz-credential", ""))
            raise

    async def _authenticate_form(self, fields: Mapping[str, str], bucket: str) -> AuthenticatedForm:
        now_ms = self._clock.now_ms()
        claim = read_form_claim(fields, self._region, now_ms)
        if claim is None:
            return AuthenticatedForm(ANONYMOUS, PostedForm(fields))
        credential = await self._find(claim)
        key = signing_key(credential.secret_key, claim.scope)
        if not is_same_signature(signature(key, claim.policy.encode()), claim.signature):
            raise S3Error(
                "SignatureDoesNotMatch",
                AWSAccessKeyId=claim.access_key,
                StringToSign=claim.policy,
                SignatureProvided=claim.signature,
            )
        return AuthenticatedForm(
            Principal(credential.owner, credential.access_key),
            parse_policy(claim.policy).permit(fields, bucket, now_ms),
        )

    async def _find(self, claim: Claim | FormClaim) -> Credential:
        credential = None
        if is_plausible(claim.access_key):
            credential = await self._credentials.find(claim.access_key)
        if credential is None:
            raise S3Error("InvalidAccessKeyId", AWSAccessKeyId=claim.access_key)
        if claim.has_token:
            # Only temporary credentials have session tokens, and we give out none.
            raise S3Error("InvalidToken")
        return credential

    def _verify(self, request: _Signable, key: bytes) -> str:
        """The host that the signature was made for."""
        if request.is_signed_with(key):
            return request.headers.get("host", "")
        signed_host = None
        for host in self._public_hosts:
            if evolve(request, headers={**request.headers, "host": host}).is_signed_with(key):
                signed_host = host
        if signed_host is None:
            raise _mismatch(request)
        return signed_host


def _anonymous_framing(headers: Mapping[str, str]) -> PayloadFraming:
    payload_hash = headers.get(PAYLOAD_HEADER, UNSIGNED_PAYLOAD)
    check_payload_hash(payload_hash)
    return read_framing(payload_hash, headers, None)


def _mismatch(request: _Signable) -> S3Error:
    """``SignatureDoesNotMatch`` with what the server signed, so that a client can compare."""
    claim = request.claim
    canonical = request.canonical()
    text = string_to_sign(claim.timestamp, claim.scope, canonical)
    return S3Error(
        "SignatureDoesNotMatch",
        AWSAccessKeyId=claim.access_key,
        StringToSign=text.decode("utf-8", "replace"),
        SignatureProvided=claim.signature,
        StringToSignBytes=text.hex(" "),
        CanonicalRequest=canonical.decode("utf-8", "replace"),
        CanonicalRequestBytes=canonical.hex(" "),
    )
