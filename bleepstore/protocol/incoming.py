"""A request whose caller is known, whether a signature in its head or a browser's form tells it.

A form is a PutObject that travels in the body: its fields are turned into the headers and the key
that they stand for, and from there on nothing knows the difference but the operation itself.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from attrs import evolve, frozen

from ..auth.authenticate import Authenticator
from ..documents.tagging import MAX_OBJECT_TAGS, parse_tagging
from ..errors import S3Error
from ..interfaces import IRequestBody
from ..s3.keys import checked_key
from ..streams.form import read_form
from ..values import OBJECT_HEADERS, Address, PayloadFraming, PostedForm, Principal, RequestHead
from ..words import has_controls
from .address import Addressing

# Fields that go by another name than the header, and what is no header.
_RENAMED = {"acl": "x-amz-acl"}
_OF_SIGNATURES = frozenset(
    {
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-signature",
    }
)
# What the head of the post itself says that is not about the form.
_KEPT = frozenset({"host", "origin", "referer", "user-agent", "x-amz-expected-bucket-owner"})


@frozen
class Incoming:
    """A request as its operation gets it.

    Attributes:
        form: None but for a request that is one.
    """

    head: RequestHead
    address: Address
    principal: Principal
    framing: PayloadFraming
    body: IRequestBody
    form: PostedForm | None = None


async def read_signed(
    head: RequestHead,
    body: IRequestBody,
    address: Address,
    authenticator: Authenticator,
    addressing: Addressing,
) -> Incoming:
    """A request that is signed in its head, or nobody's.

    Raises:
        S3Error: as :meth:`~bleepstore.auth.authenticate.Authenticator.authenticate`;
            ``SignatureDoesNotMatch`` for a signature that was made for a public host and must not
            reach the bucket of another host.
    """
    caller = await authenticator.authenticate(head)
    sent = head.headers.get("host", "")
    if caller.host not in (None, sent) and (
        addressing.hosted_bucket(caller.host or "") != addressing.hosted_bucket(sent)
    ):
        error = S3Error("SignatureDoesNotMatch")
        error.access_key = caller.principal.access_key
        raise error
    return Incoming(head, address, caller.principal, caller.framing, body)


async def read_posted(
    head: RequestHead, body: IRequestBody, address: Address, authenticator: Authenticator
) -> Incoming:
    """A browser's form, read up to its file, as the upload that it asks for.

    Raises:
        S3Error: as :func:`~bleepstore.streams.form.read_form` and
            :meth:`~bleepstore.auth.authenticate.Authenticator.authenticate_form`;
            ``InvalidArgument``, ``KeyTooLongError``.
    """
    bucket = address.bucket or ""
    form = await read_form(body, head.headers.get("content-type", ""))
    caller = await authenticator.authenticate_form(form.fields, bucket)
    return Incoming(
        head=evolve(head, headers=_headers(head, form.fields)),
        address=Address(bucket, _key(form.fields)),
        principal=caller.principal,
        framing=PayloadFraming(),
        body=form.file,
        form=caller.form,
    )


def _key(fields: Mapping[str, str]) -> str:
    key = fields.get("key")
    if key is None:
        raise _invalid(
            "key",
            "",
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the "
            "order of the fields.",
        )
    if not key:
        raise _invalid("key", key, "User key must have a length greater than 0.")
    return checked_key(key)


def _headers(head: RequestHead, fields: Mapping[str, str]) -> dict[str, str]:
    headers = {name: value for name, value in head.headers.items() if name in _KEPT}
    for name, value in fields.items():
        if name == "tagging":
            headers["x-amz-tagging"] = urlencode(parse_tagging(value.encode(), MAX_OBJECT_TAGS))
        elif name in OBJECT_HEADERS or name in _RENAMED or _is_amazons(name):
            if has_controls(name + value):
                raise _invalid(name, value, "Header values must not have control characters")
            headers[_RENAMED.get(name, name)] = value
    return headers


def _is_amazons(name: str) -> bool:
    return name.startswith("x-amz-") and name not in _OF_SIGNATURES


def _invalid(name: str, value: str, message: str) -> S3Error:
    return S3Error("InvalidArgument", message, ArgumentName=name, ArgumentValue=value)
