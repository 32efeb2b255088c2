"""What can go wrong, in one place.

::

    BleepStoreError
    ├── ConfigError            a configuration that cannot be used: file, key path, expectation
    ├── S3Error                an answer of the S3 protocol: code, message, extra XML elements
    ├── ClientGone             the client's connection ended before its request body did
    ├── BlobMissing            a locator names no bytes
    │   └── BlobChanged        it names bytes that somebody else has replaced upstream
    ├── SourceChanged          the source of a copy is no longer what was seen
    ├── StorageFull            the backend has no room left
    ├── StorageBroken          a disk refuses its service, or what is on it is damaged
    ├── UpstreamFailed         a gateway's provider cannot be reached, or fails
    │   ├── UpstreamBusy       it asks to be left alone for a while
    │   ├── RangeRefused       it says that an object has no such bytes, which has to be looked into
    │   └── UpstreamRefused    it does not accept our credentials, or they lack a right
    ├── SchemaTooNew           the metadata was written by a newer BleepStore
    ├── CannotListen           an address is in use, or not one of this machine
    ├── WorkerFailed           a worker process ended before it served
    ├── SnapshotUnusable       a snapshot of a store in memory cannot be loaded
    ├── StoreInUse             another process has the store, and both cannot
    └── NotPossible            an operator's command cannot be carried out

Everything that a client should see is an :class:`S3Error`; only ``protocol/dispatch.py`` turns
the other ones (and unknown exceptions) into one.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class BleepStoreError(Exception):
    """The root of every exception that BleepStore raises on purpose."""


class ConfigError(BleepStoreError):
    """A configuration that cannot be used.

    Args:
        source: where the value came from: a file's path, ``environment`` or ``command line``.
        key_path: dotted path of the key, such as ``server.port``; empty for the whole file.
        expected: what was expected there, as the end of a sentence.
    """

    def __init__(self, source: str, key_path: str, expected: str) -> None:
        super().__init__(source, key_path, expected)
        self.source = source
        self.key_path = key_path
        self.expected = expected

    def __str__(self) -> str:
        where = f"{self.source}: {self.key_path}" if self.key_path else self.source
        return f"{where}: {self.expected}"


class ClientGone(BleepStoreError):
    """The client's connection ended before its request body did. Nobody is left to answer."""


class BlobMissing(BleepStoreError):
    """A locator names no bytes: it was deleted, or the backend has lost them."""

    def __init__(self, locator: str) -> None:
        super().__init__(locator)
        self.locator = locator

    def __str__(self) -> str:
        return f"no blob at {self.locator}"


class BlobChanged(BlobMissing):
    """The object that a locator names was replaced upstream, behind the gateway's back."""

    def __str__(self) -> str:
        return f"somebody else has replaced the blob at {self.locator}"


class UpstreamFailed(BleepStoreError):
    """The provider behind a gateway cannot be reached, fails, or answers nonsense.

    Args:
        problem: what happened, for the log; without secrets.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class UpstreamBusy(UpstreamFailed):
    """The provider throttles us.

    Args:
        retry_after_seconds: how long it asks for, or what is sensible where it does not say.
    """

    def __init__(self, problem: str, retry_after_seconds: int) -> None:
        super().__init__(problem)
        self.retry_after_seconds = retry_after_seconds


class RangeRefused(UpstreamFailed):
    """The provider says (416) that an object has no such bytes, though it had them once.

    That alone makes nothing missing: whoever can look at the object finds out what it means.
    """


class UpstreamRefused(UpstreamFailed):
    """The provider does not accept the gateway's credentials, or they lack a right there."""


class SourceChanged(BleepStoreError):
    """The source of a copy was overwritten, deleted or tagged since the caller saw it: look again."""


class StorageFull(BleepStoreError):
    """The backend has no room for the bytes (``ENOSPC``, ``EDQUOT`` or a size limit)."""


class StorageBroken(BleepStoreError):
    """A disk refuses its service, or what is on it is damaged; the message says what to do."""


class StoreInUse(BleepStoreError):
    """Another process has the store, and both cannot have it; the message says what to do."""


class NotPossible(BleepStoreError):
    """An operator's command cannot be carried out; the message says why and what to do next."""


class SchemaTooNew(BleepStoreError):
    """The metadata was written by a newer BleepStore than this one."""


class WorkerFailed(BleepStoreError):
    """A worker process ended before it served; it has logged why."""


class CannotListen(BleepStoreError):
    """An address is in use, or not one of this machine; the message says what to do."""


class SnapshotUnusable(BleepStoreError):
    """A snapshot cannot be loaded. It is left as it is, and nothing is saved over it.

    Args:
        path: the snapshot.
        problem: what is wrong with it.
    """

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"the snapshot {self.path} cannot be used: {self.problem}; repair it, or move it away "
            "to start empty"
        )


class ErrorKind(NamedTuple):
    """The HTTP status and the default message of an S3 error code."""

    status: int
    message: str


class S3Error(BleepStoreError):
    """An answer of the S3 protocol that is not a success.

    Args:
        code: one of :data:`S3_ERRORS`.
        message: replaces the code's default message.
        headers: response headers that go with the error, such as ``Retry-After``.
        elements: further children of ``<Error>`` in the answer, such as ``BucketName``.

    Attributes:
        access_key: which one a request has named whose caller could not be identified; for logs.
    """

    access_key: str | None = None

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        **elements: str,
    ) -> None:
        kind = S3_ERRORS[code]
        super().__init__(code, message or kind.message)
        self.code = code
        self.status = kind.status
        self.message = message or kind.message
        self.headers = headers
        self.elements = elements

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
S3_ERRORS: dict[str, ErrorKind] = {
    "AccessControlListNotSupported": ErrorKind(400, "The bucket does not allow ACLs"),
    "AccessDenied": ErrorKind(403, "Access Denied"),
    "AuthorizationHeaderMalformed": ErrorKind(
        400, "The authorization header you provided is invalid."
    ),
    "AuthorizationQueryParametersError": ErrorKind(
        400, "Error parsing the X-Amz-Credential parameter."
    ),
    "BadDigest": ErrorKind(
        400,
        "The Content-MD5 or checksum value that you specified did not match what the server received.",
    ),
    "BadRequest": ErrorKind(400, "Bad Request"),
    "BucketAlreadyExists": ErrorKind(
        409,
        "The requested bucket name is not available. The bucket namespace is shared by all users "
        "of the system. Please select a different name and try again.",
    ),
    "BucketAlreadyOwnedByYou": ErrorKind(
        409, "Your previous request to create the named bucket succeeded and you already own it."
    ),
    "BucketNotEmpty": ErrorKind(409, "The bucket you tried to delete is not empty"),
    "EntityTooLarge": ErrorKind(400, "Your proposed upload exceeds the maximum allowed size"),
    "EntityTooSmall": ErrorKind(
        400, "Your proposed upload is smaller than the minimum allowed size"
    ),
    "IllegalLocationConstraintException": ErrorKind(
        400,
        "The unspecified location constraint is incompatible for the region specific endpoint "
        "this request was sent to.",
    ),
    "IllegalVersioningConfigurationException": ErrorKind(
        400, "The Versioning element must be specified"
    ),
    "IncompleteBody": ErrorKind(
        400, "You did not provide the number of bytes specified by the Content-Length HTTP header"
    ),
    "InternalError": ErrorKind(500, "We encountered an internal error. Please try again."),
    "InvalidAccessKeyId": ErrorKind(
        403, "The AWS Access Key Id you provided does not exist in our records."
    ),
    "InvalidArgument": ErrorKind(400, "Invalid Argument"),
    "InvalidBucketAclWithObjectOwnership": ErrorKind(
        400, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
    ),
    "InvalidBucketName": ErrorKind(400, "The specified bucket is not valid."),
    "InvalidChunkSizeError": ErrorKind(
        403, "Only the last chunk is allowed to have a size less than 8192 bytes"
    ),
    "InvalidDigest": ErrorKind(400, "The Content-MD5 you specified is not valid."),
    "InvalidPart": ErrorKind(
        400,
        "One or more of the specified parts could not be found.  The part may not have been "
        "uploaded, or the specified entity tag may not match the part's entity tag.",
    ),
    "InvalidPartNumber": ErrorKind(416, "The requested partnumber is not satisfiable"),
    "InvalidPartOrder": ErrorKind(
        400,
        "The list of parts was not in ascending order. The parts list must be specified in order "
        "by part number.",
    ),
    "InvalidPolicyDocument": ErrorKind(
        400,
        "The content of the form does not meet the conditions specified in the policy document.",
    ),
    "InvalidRange": ErrorKind(416, "The requested range is not satisfiable"),
    "InvalidRequest": ErrorKind(400, "Invalid Request"),
    "InvalidStorageClass": ErrorKind(400, "The storage class you specified is not valid"),
    "InvalidTag": ErrorKind(400, "The tag provided was not a valid tag."),
    "InvalidToken": ErrorKind(400, "The provided token is malformed or otherwise invalid."),
    "InvalidURI": ErrorKind(400, "Couldn't parse the specified URI."),
    "KeyTooLongError": ErrorKind(400, "Your key is too long"),
    "MalformedACLError": ErrorKind(
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
    ),
    "MalformedPOSTRequest": ErrorKind(
        400, "The body of your POST request is not well-formed multipart/form-data."
    ),
    "MalformedTrailerError": ErrorKind(
        400,
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    ),
    "MalformedXML": ErrorKind(
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
    ),
    "MaxMessageLengthExceeded": ErrorKind(400, "Your request was too big."),
    "MaxPostPreDataLengthExceededError": ErrorKind(
        400, "Your POST request fields preceding the upload file were too large."
    ),
    "MetadataTooLarge": ErrorKind(
        400, "Your metadata headers exceed the maximum allowed metadata size"
    ),
    "MethodNotAllowed": ErrorKind(
        405, "The specified method is not allowed against this resource."
    ),
    "MissingContentLength": ErrorKind(411, "You must provide the Content-Length HTTP header."),
    "MissingSecurityHeader": ErrorKind(400, "Your request was missing a required header"),
    "NoSuchBucket": ErrorKind(404, "The specified bucket does not exist"),
    "NoSuchKey": ErrorKind(404, "The specified key does not exist."),
    "NoSuchTagSet": ErrorKind(404, "The TagSet does not exist"),
    "NoSuchUpload": ErrorKind(
        404,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may "
        "have been aborted or completed.",
    ),
    "NoSuchVersion": ErrorKind(404, "The specified version does not exist."),
    "NotImplemented": ErrorKind(
        501, "A header or operation you provided implies functionality that is not implemented"
    ),
    "NotModified": ErrorKind(304, "Not Modified"),
    "OperationAborted": ErrorKind(
        409,
        "A conflicting conditional operation is currently in progress against this resource. "
        "Please try again.",
    ),
    "OwnershipControlsNotFoundError": ErrorKind(
        404, "The bucket ownership controls were not found"
    ),
    "PreconditionFailed": ErrorKind(
        412, "At least one of the pre-conditions you specified did not hold"
    ),
    "RequestHeaderSectionTooLarge": ErrorKind(
        400, "Your request header section exceeds the maximum allowed size"
    ),
    "RequestTimeTooSkewed": ErrorKind(
        403, "The difference between the request time and the current time is too large."
    ),
    "RequestTimeout": ErrorKind(
        400,
        "Your socket connection to the server was not read from or written to within the timeout period.",
    ),
    "ServiceUnavailable": ErrorKind(503, "Service is unable to handle request."),
    "SignatureDoesNotMatch": ErrorKind(
        403,
        "The request signature we calculated does not match the signature you provided. Check "
        "your key and signing method.",
    ),
    "SlowDown": ErrorKind(503, "Please reduce your request rate."),
    "InsufficientStorage": ErrorKind(507, "There is not enough room to store the object."),
    "UnexpectedContent": ErrorKind(400, "This request does not support content"),
    "UnresolvableGrantByEmailAddress": ErrorKind(
        400, "The email address you provided does not match any account on record."
    ),
    "XAmzContentSHA256Mismatch": ErrorKind(
        400, "The provided 'x-amz-content-sha256' header does not match what was computed."
    ),
}
