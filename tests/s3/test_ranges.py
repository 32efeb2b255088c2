from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.errors import S3Error
from bleepstore.s3.ranges import parse_range
from bleepstore.s3.segments import cut_segments
from bleepstore.values import ByteRange, Segment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=0-99", ByteRange(0, 10)),
        ("bytes=0-" + "9" * 30, ByteRange(0, 10)),
        ("bytes=3-5", ByteRange(3, 3)),
        ("bytes=9-", ByteRange(9, 1)),
        ("bytes=-3", ByteRange(7, 3)),
        ("bytes=-99", ByteRange(0, 10)),
        (None, None),
        ("bytes=5-3", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_of_ten_bytes(text: str | None, expected: ByteRange | None) -> None:
    assert parse_range(text, 10) == expected


@pytest.mark.parametrize(
    ("text", "size"), [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_outside_the_object(text: str, size: int) -> None:
    with pytest.raises(S3Error) as caught:
        parse_range(text, size)
    assert caught.value.code == "InvalidRange"
    assert caught.value.elements == {"RangeRequested": text, "ActualObjectSize": str(size)}
    assert caught.value.headers == (("content-range", f"bytes */{size}"),)


@given(st.lists(st.binary(max_size=9), max_size=6), st.data())
def test_cut_segments_cover_the_stretch(blobs: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(blobs)
    segments = [Segment(str(n), 0, len(blob)) for n, blob in enumerate(blobs) if blob]
    offset = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, len(whole) - offset))
    cut = list(cut_segments(segments, ByteRange(offset, length)))
    read = [blobs[int(s.locator)][s.offset : s.offset + s.length] for s in cut]
    assert b"".join(read) == whole[offset : offset + length]
    assert all(read)
