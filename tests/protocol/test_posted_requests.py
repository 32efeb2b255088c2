from __future__ import annotations

from collections.abc import Mapping

import pytest
import pytest_twisted

from bleepstore.auth.authenticate import Authenticator
from bleepstore.clock import StoppedClock
from bleepstore.errors import S3Error
from bleepstore.protocol.incoming import Incoming, read_posted
from bleepstore.values import Address, RequestHead
from tests.auth.signing import NOW_MS, OneCredential
from tests.streams.bodies import WholeBody
from tests.streams.forms import CONTENT_TYPE, encode_form

TAGGING = "<Tagging><TagSet><Tag><Key>a b</Key><Value>1</Value></Tag></TagSet></Tagging>"


async def post(fields: Mapping[str, str]) -> Incoming:
    head = RequestHead(
        method="POST",
        target=b"/bucket",
        headers={
            "host": "localhost",
            "content-type": CONTENT_TYPE,
            "content-md5": "AAAA",
            "x-amz-acl": "public-read",
            "x-amz-expected-bucket-owner": "o",
        },
        remote_address="192.0.2.1",
        secure=False,
        request_id="0123456789ABCDEF",
        received_ms=NOW_MS,
    )
    body = WholeBody([encode_form(fields, b"abc", "f.txt")])
    authenticator = Authenticator(OneCredential(), "us-east-1", StoppedClock(NOW_MS))
    return await read_posted(head, body, Address("bucket"), authenticator)


@pytest_twisted.ensureDeferred
async def test_fields_become_the_headers_that_they_stand_for() -> None:
    incoming = await post(
        {
            "key": "dir/${filename}",
            "Content-Type": "text/plain",
            "acl": "private",
            "X-Amz-Meta-A": "1",
            "tagging": TAGGING,
            "success_action_status": "201",
            "submit": "Send",
        }
    )
    assert incoming.address == Address("bucket", "dir/f.txt")
    assert incoming.head.headers == {
        "host": "localhost",
        "x-amz-expected-bucket-owner": "o",
        "content-type": "text/plain",
        "x-amz-acl": "private",
        "x-amz-meta-a": "1",
        "x-amz-tagging": "a+b=1",
    }
    assert incoming.principal.is_anonymous
    assert incoming.form is not None
    assert incoming.form.fields["success_action_status"] == "201"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "InvalidArgument"),
        ({"key": ""}, "InvalidArgument"),
        ({"key": "k" * 1025}, "KeyTooLongError"),
        ({"key": "a\0b"}, "InvalidURI"),
        ({"key": "k", "x-amz-meta-a": "1\n2"}, "InvalidArgument"),
        ({"key": "k", "content-type": "a\r\nb: c"}, "InvalidArgument"),
        ({"key": "k", "tagging": "a=1"}, "MalformedXML"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_forms_that_ask_for_the_impossible(fields: dict[str, str], code: str) -> None:
    with pytest.raises(S3Error) as caught:
        await post(fields)
    assert caught.value.code == code
