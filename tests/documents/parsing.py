"""Documents as AWS's own client reads them."""

from __future__ import annotations

from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser

_MODEL = ServiceModel(Loader().load_service_model("s3", "service-2"))
_PARSER = create_parser("rest-xml")


def as_botocore_reads(operation: str, body: bytes) -> dict[str, Any]:
    """The members that botocore finds in an answer's document."""
    shape = _MODEL.operation_model(operation).output_shape
    assert shape is not None
    answer = {"status_code": 200, "headers": {}, "body": body}
    found: dict[str, Any] = _PARSER.parse(answer, shape)
    found.pop("ResponseMetadata")
    return found
