"""Reads a browser's form while it comes in: first its fields, then its file as a body of its own.

The file of a form is as large as any upload, so it is never held. What stands before it is: it
says who uploads, and where to. Fields behind the file are ignored, as S3 does.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import frozen
from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IConsumer, IProducer
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from ..errors import S3Error
from ..interfaces import IRequestBody

# S3's limit for everything before the file. It is found to within one slice, the amount that is
# parsed at a time until the file begins.
MAX_FIELDS_BYTES = 20 * 1024
_SLICE_BYTES = 2 * 1024
# What may follow the file: fields that nobody reads, and the end of the form.
_MAX_EPILOGUE_BYTES = 20 * 1024

_FILE = "file"
_FILENAME = "${filename}"
_PATH = re.compile(r".*[/\\]", re.DOTALL)


@frozen
class Form:
    """The part of a form before its file, and the file.

    Attributes:
        fields: lower-case name → value; ``${filename}`` is replaced by the file's name.
        file: an :class:`~bleepstore.interfaces.IRequestBody` of unknown length. A form whose file
            nobody starts is left to the wire, as a body that nobody starts.
    """

    fields: Mapping[str, str]
    file: IRequestBody


async def read_form(body: IRequestBody, content_type: str) -> Form:
    """Read a form up to the beginning of its file.

    Args:
        content_type: the request's header.

    Raises:
        S3Error: ``PreconditionFailed`` for a body that is no form, ``MalformedPOSTRequest``,
            ``MaxPostPreDataLengthExceededError``, ``InvalidArgument`` for a form without a file
            or with a field twice.
        ClientGone: the client left.
    """
    reading = _Reading(body, _parser(content_type))
    try:
        return await reading.begin()
    except BaseException:
        reading.stop()
        raise


def _parser(content_type: str) -> PushMultipartParser:
    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data":
        raise S3Error(
            "PreconditionFailed",
            Condition="Bucket POST must be of the enclosure-type multipart/form-data",
        )
    try:
        return PushMultipartParser(options.get("boundary", ""))
    except MultipartError as error:
        raise S3Error("MalformedPOSTRequest") from error


@implementer(IConsumer)
class _Reading:
    """Takes a form from its request. After the fields it waits until somebody wants the file."""

    def __init__(self, body: IRequestBody, parser: PushMultipartParser) -> None:
        self.body: IBodyProducer = body
        self.file = _File(self)
        self._parser = parser
        self._fields: dict[str, str] = {}
        self._segment: MultipartSegment | None = None
        self._value: list[bytes] = []
        self._size_bytes = 0
        self._is_over = False
        self._has_file = False
        self._form: Deferred[Form] = Deferred()

    def begin(self) -> Deferred[Form]:
        self.body.startProducing(self).addCallbacks(self._end, self._fail)
        return self._form

    def stop(self) -> None:
        """Want no more. No effect if the request is over."""
        if not self._is_over:
            self._is_over = True
            self.body.stopProducing()

    def write(self, data: bytes) -> None:
        try:
            self._parse_slices(data)
        except (MultipartError, S3Error) as error:
            self.stop()
            self._fail(Failure(_as_s3_error(error)))
            return
        if self._has_file and not self._form.called:
            self._form.callback(Form(self._expanded_fields(), self.file))

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """The body is known already: see :class:`~bleepstore.interfaces.IRequestBody`."""

    def unregisterProducer(self) -> None:
        """The end of the body comes through its Deferred."""

    def _parse_slices(self, data: bytes) -> None:
        position = 0
        while position < len(data):
            piece = data[position:] if self._has_file else data[position : position + _SLICE_BYTES]
            is_of_file = self._is_in_file
            self._parse(piece)
            if not (is_of_file or self._is_in_file):
                self._count(len(piece))
            position += len(piece)

    @property
    def _is_in_file(self) -> bool:
        return self._has_file and self._segment is self.file.segment

    def _parse(self, piece: bytes) -> None:
        for event in self._parser.parse(piece):
            if isinstance(event, MultipartSegment):
                self._begin_segment(event)
            elif event is None:
                self._end_segment()
            elif self._is_in_file:
                self.file.take(event)
            elif not self._has_file:
                self._value.append(event)

    def _count(self, size_bytes: int) -> None:
        """Count bytes that are not of the file."""
        self._size_bytes += size_bytes
        if not self._has_file and self._size_bytes > MAX_FIELDS_BYTES:
            raise S3Error("MaxPostPreDataLengthExceededError")
        if self._size_bytes > MAX_FIELDS_BYTES + _MAX_EPILOGUE_BYTES:
            raise S3Error("MalformedPOSTRequest")

    def _begin_segment(self, segment: MultipartSegment) -> None:
        self._segment = segment
        self._value = []
        if not self._has_file and (segment.name or "").lower() == _FILE:
            self._has_file = True
            self.file.segment = segment
            self.body.pauseProducing()

    def _end_segment(self) -> None:
        if self._segment is not None and not self._has_file:
            self._add_field((self._segment.name or "").lower(), b"".join(self._value))
        self._segment = None

    def _add_field(self, name: str, value: bytes) -> None:
        if name in self._fields:
            raise S3Error(
                "InvalidArgument",
                "POST form fields must not be repeated.",
                ArgumentName=name,
                ArgumentValue=value.decode("utf-8", "replace"),
            )
        try:
            self._fields[name] = value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise S3Error("MalformedPOSTRequest") from error

    def _expanded_fields(self) -> dict[str, str]:
        """Every field but the policy may name the file."""
        segment = self.file.segment
        filename = _PATH.sub("", (segment and segment.filename) or "")
        return {
            name: value if name == "policy" else value.replace(_FILENAME, filename)
            for name, value in self._fields.items()
        }

    def _end(self, _: object) -> None:
        """The request is over; it must have had a whole form in it."""
        self._is_over = True
        try:
            self._parser.close()
        except MultipartError as error:
            self._fail(Failure(_as_s3_error(error)))
            return
        if not self._form.called:
            self._form.errback(_no_file())
        self.file.end()

    def _fail(self, failure: Failure) -> None:
        self._is_over = True
        if not self._form.called:
            self._form.errback(failure)
        self.file.fail(failure)


@implementer(IRequestBody)
class _File:
    """The file of a form, as a body."""

    length = UNKNOWN_LENGTH

    def __init__(self, reading: _Reading) -> None:
        self.segment: MultipartSegment | None = None
        self._reading = reading
        self._waiting: list[bytes] = []
        self._consumer: IConsumer | None = None
        self._outcome: Deferred[None] | None = None
        self._failure: Failure | None = None
        self._is_over = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._consumer = consumer
        waiting, self._waiting = self._waiting, []
        for piece in waiting:
            consumer.write(piece)
        if self._failure is not None:
            return fail(self._failure)
        if self._is_over:
            return succeed(None)
        outcome: Deferred[None] = Deferred(lambda _: self.stopProducing())
        self._outcome = outcome
        self._reading.body.resumeProducing()
        return outcome

    def pauseProducing(self) -> None:
        self._reading.body.pauseProducing()

    def resumeProducing(self) -> None:
        self._reading.body.resumeProducing()

    def stopProducing(self) -> None:
        self._consumer = self._outcome = None
        self._reading.stop()

    def take(self, piece: bytes) -> None:
        if self._consumer is None:
            self._waiting.append(piece)
        else:
            self._consumer.write(piece)

    def end(self) -> None:
        self._is_over = True
        outcome, self._outcome = self._outcome, None
        if outcome is not None:
            outcome.callback(None)

    def fail(self, failure: Failure) -> None:
        self._failure = failure
        outcome, self._outcome = self._outcome, None
        if outcome is not None:
            outcome.errback(failure)


def _as_s3_error(error: Exception) -> S3Error:
    return error if isinstance(error, S3Error) else S3Error("MalformedPOSTRequest")


def _no_file() -> S3Error:
    return S3Error(
        "InvalidArgument",
        "POST requires exactly one file upload per request.",
        ArgumentName=_FILE,
        ArgumentValue="0",
    )
