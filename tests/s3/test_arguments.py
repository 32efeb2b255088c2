from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.errors import S3Error
from bleepstore.s3.arguments import from_token, integer_argument, to_token, url_encoding_asked
from bleepstore.s3.bucket_names import is_valid_bucket_name


@pytest.mark.parametrize(("text", "value"), [("", 5), ("0", 0), ("7", 7), ("2000", 1000)])
def test_integers(text: str, value: int) -> None:
    assert integer_argument({"n": text}, "n", 5, at_most=1000) == value


@pytest.mark.parametrize("text", ["-1", "x", "1.5", "٣", "9" * 5000, "2147483648"])
def test_what_is_no_integer_in_range(text: str) -> None:
    with pytest.raises(S3Error) as caught:
        integer_argument({"n": text}, "n", 5, at_most=1000)
    assert caught.value.code == "InvalidArgument"


@given(st.text(min_size=1, max_size=50).filter(lambda text: text.isprintable()))
def test_tokens_round_trip(position: str) -> None:
    assert from_token(to_token(position)) == position


@given(st.text(max_size=50))
def test_foreign_tokens_are_refused_or_harmless(token: str) -> None:
    try:
        assert from_token(token)
    except S3Error as error:
        assert error.code == "InvalidArgument"


def test_encoding_types() -> None:
    assert not url_encoding_asked({})
    assert url_encoding_asked({"encoding-type": "url"})
    with pytest.raises(S3Error):
        url_encoding_asked({"encoding-type": "base64"})


@pytest.mark.parametrize(
    "name", ["abc", "a" * 63, "my.bucket-1", "1bucket", "a.b", "192.168.1.256x"]
)
def test_valid_bucket_names(name: str) -> None:
    assert is_valid_bucket_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 64,
        "Abc",
        "a_b",
        "-abc",
        "abc-",
        ".abc",
        "a..b",
        "192.168.5.4",
        "xn--abc",
        "sthree-abc",
        "abc-s3alias",
        "abc--ol-s3",
        "a b",
        "abc\n",
        "äbc",
    ],
)
def test_invalid_bucket_names(name: str) -> None:
    assert not is_valid_bucket_name(name)
