"""Every key that S3 allows survives the way in, the listing and the way out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.clients import ask_signed, refused
from tests.e2e.daemon import Daemon

KEYS = [
    "a",
    "a//b",
    "a/../b",
    "../../etc/passwd",
    "/leading",
    "//",
    "dir/",
    "./x",
    ".",
    "..",
    "100%",
    "%2F",
    "%00",
    "a+b c",
    "new\nline",
    "tab\tand\rreturn",
    "quote\"'<&>",
    "back\\slash",
    "🪣/emoji",
    "ünïcödé",
    "a?b#c=d&e",
    "x" * 1024,
    "é" * 512,
    "\x7f\x01",
    "~!@$^*()_-=[]{}|;:,.",
]


@pytest.mark.parametrize("key", KEYS, ids=[ascii(key[:20]) for key in KEYS])
def test_a_key_survives(s3: Any, bucket: str, key: str) -> None:
    data = key.encode()
    s3.put_object(Bucket=bucket, Key=key, Body=data)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == data
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [each["Key"] for each in listed] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_all_of_them_live_beside_each_other(s3: Any, bucket: str) -> None:
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    listed = [each["Key"] for each in s3.list_objects(Bucket=bucket)["Contents"]]
    assert listed == sorted(KEYS, key=str.encode)
    for key in KEYS:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()


def test_a_key_and_the_folder_of_its_name_coexist(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"2")
    s3.put_object(Bucket=bucket, Key="a/", Body=b"3")
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"
    assert s3.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"2"
    assert s3.get_object(Bucket=bucket, Key="a/")["Body"].read() == b"3"


def test_a_key_may_have_1024_bytes_and_no_more(s3: Any, bucket: str) -> None:
    for key in ("x" * 1025, "é" * 512 + "x"):
        with refused("KeyTooLongError", 400):
            s3.put_object(Bucket=bucket, Key=key, Body=b"")


@pytest.mark.parametrize("raw", ["%ff", "a%c3", "%ed%a0%80", "nul%00byte"])
def test_keys_that_are_no_text_are_refused(daemon: Daemon, bucket: str, raw: str) -> None:
    answer = ask_signed(daemon, "PUT", f"/{bucket}/{raw}", body=b"x")
    assert (answer.status, answer.error_code) == (400, "InvalidURI")


def test_different_spellings_of_an_address_are_one_key(
    daemon: Daemon, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="a b/ü~", Body=b"here")
    everything_escaped = "".join(f"%{byte:02x}" for byte in "a b/ü~".encode())
    for spelling in (quote("a b/ü~"), quote("a b/ü~", safe=""), everything_escaped):
        answer = ask_signed(daemon, "GET", f"/{bucket}/{spelling}")
        assert (answer.status, answer.body) == (200, b"here")
