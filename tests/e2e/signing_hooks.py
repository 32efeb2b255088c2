"""What schemathesis loads: it signs every request that it makes up, as an SDK would."""

from __future__ import annotations

import schemathesis
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from requests import PreparedRequest
from requests.auth import AuthBase

from tests.e2e.daemon import ALICE, REGION


class Signature(AuthBase):
    """Signature Version 4 for requests of the library of that name."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        signed = AWSRequest(request.method, request.url, dict(request.headers), request.body or b"")
        credentials = Credentials(ALICE.access_key, ALICE.secret_key)
        S3SigV4Auth(credentials, "s3", REGION).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request


schemathesis.auth.set_from_requests(Signature())  # type: ignore[attr-defined]
