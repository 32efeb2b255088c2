"""RFC 9110 section 13.2.2, as the table in AWS's GetObject page spells it out."""

from __future__ import annotations

import pytest

from bleepstore.clock import http_date
from bleepstore.errors import S3Error
from bleepstore.s3.conditions import check_read_conditions, range_applies, write_conditions
from bleepstore.values import ObjectVersion, Owner

STORED_MS = 1_700_000_000_500
VERSION = ObjectVersion("k", "null", STORED_MS, Owner("o"), etag="abc")
EARLIER = http_date(STORED_MS - 10_000)
SAME = http_date(STORED_MS)
LATER = http_date(STORED_MS + 10_000)


def outcome(**conditions: str) -> int:
    headers = {name.replace("_", "-"): value for name, value in conditions.items()}
    try:
        check_read_conditions(headers, VERSION)
    except S3Error as error:
        return error.status
    return 200


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({}, 200),
        ({"if_match": '"abc"'}, 200),
        ({"if_match": "abc"}, 200),
        ({"if_match": "*"}, 200),
        ({"if_match": '"x", "abc"'}, 200),
        ({"if_match": '"x"'}, 412),
        ({"if_none_match": '"abc"'}, 304),
        ({"if_none_match": 'W/"abc"'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"x"'}, 200),
        ({"if_unmodified_since": EARLIER}, 412),
        ({"if_unmodified_since": SAME}, 200),
        ({"if_unmodified_since": LATER}, 200),
        ({"if_modified_since": EARLIER}, 200),
        ({"if_modified_since": SAME}, 304),
        ({"if_modified_since": LATER}, 304),
        ({"if_modified_since": "yesterday"}, 200),
        ({"if_match": '"abc"', "if_unmodified_since": EARLIER}, 200),
        ({"if_none_match": '"abc"', "if_modified_since": EARLIER}, 304),
        ({"if_none_match": '"x"', "if_modified_since": LATER}, 200),
        ({"if_match": '"x"', "if_none_match": '"abc"'}, 412),
    ],
)
def test_precedence(conditions: dict[str, str], status: int) -> None:
    assert outcome(**conditions) == status


def test_not_modified_repeats_the_validators() -> None:
    with pytest.raises(S3Error) as caught:
        check_read_conditions({"if-none-match": "abc"}, VERSION)
    assert dict(caught.value.headers) == {"etag": '"abc"', "last-modified": SAME}


@pytest.mark.parametrize(
    ("condition", "applies"),
    [('"abc"', True), ('"x"', False), (SAME, True), (LATER, False), (EARLIER, False)],
)
def test_if_range(condition: str, applies: bool) -> None:
    assert range_applies({"if-range": condition}, VERSION) is applies


def test_write_conditions() -> None:
    assert write_conditions({}) == (None, False)
    assert write_conditions({"if-match": '"abc"'}) == ("abc", False)
    assert write_conditions({"if-none-match": "*"}) == (None, True)
    for headers in ({"if-none-match": '"abc"'}, {"if-match": "a", "if-none-match": "*"}):
        with pytest.raises(S3Error) as caught:
            write_conditions(headers)
        assert caught.value.code == "NotImplemented"
