"""Metadata goes to Azure and comes back as it was, whatever S3 allows in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.storage.azure.appearance import (
    decode_name,
    decode_value,
    encode_name,
    encode_value,
    from_headers,
    to_headers,
)
from bleepstore.values import Appearance

# Of header names: RFC 9110 section 5.6.2, in lower case.
NAMES = st.text("abcxyz0189!#$%&'*+-.^_`|~", min_size=1)
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@given(st.one_of(NAMES, NAMES.map("s3_".__add__)))
def test_names_come_back(name: str) -> None:
    encoded = encode_name(name)
    assert re.fullmatch("[a-z_][a-z0-9_]*", encoded)
    assert decode_name(encoded) == name


@given(st.from_regex(r"(s3_)?[a-z0-9_]{1,12}", fullmatch=True))
def test_names_of_others_never_become_the_same(name: str) -> None:
    assert encode_name(decode_name(name)) == name or decode_name(name) == name


@given(st.one_of(VALUES, VALUES.map(encode_value)))
def test_values_come_back(value: str) -> None:
    encoded = encode_value(value)
    assert encoded.isascii()
    assert encoded == encoded.strip()
    assert "  " not in encoded
    assert decode_value(encoded) == value


@pytest.mark.parametrize("text", ["=?UTF-8?B?%?=", "=?UTF-8?B?/w==?=", "=?UTF-8?Q?a?="])
def test_what_only_looks_encoded_is_left_alone(text: str) -> None:
    assert decode_value(text) == text


def test_usual_metadata_is_readable_for_others() -> None:
    headers = to_headers(
        Appearance({"content-type": "text/html", "expires": "0"}, {"author": "Ann", "my-key": "1"})
    )
    assert headers == {
        "x-ms-blob-content-type": "text/html",
        "x-ms-meta-author": "Ann",
        "x-ms-meta-s3_my_2dkey": "1",
    }


def test_headers_that_azure_cannot_have_are_left_out() -> None:
    given = {"content-type": "text/ä", "content-disposition": "two  spaces", "cache-control": ""}
    assert to_headers(Appearance(given)) == {}


def test_what_others_have_put_there_is_read() -> None:
    found = from_headers({"content-type": "a/b", "x-ms-meta-upper": "X", "x-ms-version": "1"})
    assert found == Appearance({"content-type": "a/b"}, {"upper": "X"})
