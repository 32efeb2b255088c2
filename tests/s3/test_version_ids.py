from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.errors import S3Error
from bleepstore.ids import new_version_id
from bleepstore.s3.arguments import version_id_argument


def test_ids_that_we_make_up_are_ids() -> None:
    for version_id in (new_version_id(), "null"):
        assert version_id_argument({"versionId": version_id}) == version_id
    assert version_id_argument({}) is None


@given(st.text(max_size=31).filter(lambda text: text != "null") | st.text(min_size=33))
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(S3Error) as caught:
        version_id_argument({"versionId": text})
    assert caught.value.code == "InvalidArgument"
    assert caught.value.elements["ArgumentValue"] == text
