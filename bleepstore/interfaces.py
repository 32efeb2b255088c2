"""The doors between rooms. What stands in a docstring here is a contract that a suite tests.

"Answers a Deferred" is written as ``Awaitable``: implementations return a Deferred or are
``async def``; callers ``await``. Every Deferred here may be cancelled: the work stops, and what
it had begun is undone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from typing import Any, TypeVar

from twisted.web.iweb import IBodyProducer
from zope.interface import Attribute, Interface

from .values import (
    Appearance,
    Blob,
    BlobName,
    Credential,
    ObjectVersion,
    Reply,
    RequestHead,
    Segment,
    Shown,
)

T = TypeVar("T")
C = TypeVar("C")

# mypy-zope cannot see attributes of interfaces whose methods take no ``self``; the methods below
# are written the way zope.interface wants them.


class IRequestBody(IBodyProducer):
    """The body of a request, live from the socket.

    ``length`` is the number of bytes that the client declared, or ``UNKNOWN_LENGTH`` (chunked).
    ``startProducing(consumer)`` begins delivery: it answers a waiting ``Expect: 100-continue``
    first, so it is called only once the request is authorized. The Deferred that it returns
    fires with None after the last byte was written to the consumer, and fails with
    :class:`~bleepstore.errors.ClientGone` if the connection ends first, or with an ``S3Error``
    (``RequestTimeout``, ``IncompleteBody``) if the wire refuses the rest.

    The consumer's ``registerProducer`` is not called: the starter holds the producer already and
    calls ``pauseProducing`` and ``resumeProducing`` on it. Pausing reaches the client's socket.

    A body that nobody starts is discarded by the wire after the answer.
    """


class IRequestHandler(Interface):
    """What the wire calls for each request that is for S3."""

    def handle(head: RequestHead, body: Any) -> Awaitable[Reply]:
        """Answer one request.

        Args:
            head: the request without its body.
            body: an :class:`IRequestBody`.

        Never fails but with ``CancelledError``: every error is a Reply already.
        """


class ITransaction(Interface):
    """A database transaction as SQL functions see it; ``?`` marks parameters in every dialect."""

    def execute(sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement."""

    def execute_many(sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""

    def insert(sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run an INSERT of many rows of the same width; ``$rows`` stands behind its ``VALUES``.

        In fewer statements than :meth:`execute_many`, each of which would let others have the
        interpreter while the writer has its turn.
        """

    def fetch_one() -> Any:
        """The next row of the last statement as a tuple, or None."""

    def fetch_all() -> Any:
        """All rows that are left of the last statement, as a list of tuples."""

    rowcount = Attribute("Rows changed by the last statement.")


class IDatabase(Interface):
    """Where metadata lives: snapshots to read, one door to write."""

    def read(description: str, function: Callable[..., T], *arguments: Any) -> Awaitable[T]:
        """Run ``function(txn, *arguments)`` in a read transaction, in a thread.

        All that the function reads is of one instant. ``description`` is a short constant such
        as ``get_object``; it labels metrics and logs.
        """

    def look_up(description: str, function: Callable[..., T], *arguments: Any) -> Awaitable[T]:
        """:meth:`read` for a function that finds a few rows by their whole keys, or a short list.

        It may run at once, in the caller's thread, and its answer may be one that was given
        before, if nothing has changed since: so it answers an immutable value, is of the module
        level, and its arguments can be keys of a dictionary.
        """

    def write(
        description: str,
        function: Callable[..., T],
        command: Any,
        together: Callable[..., Sequence[Any]] | None = None,
    ) -> Awaitable[T]:
        """Run ``function(txn, command)`` in a write transaction, in a thread.

        Fires when the change is durable. Changes that wait at the same time share one commit;
        each runs in a savepoint of its own, so that an exception from ``function`` undoes that
        change alone and arrives here. The function must be deterministic: ids and times come in
        the command. Cancelling a write that has begun does not undo it.

        ``together(txn, commands)`` may take the place of the function for changes that wait at the
        same time and name the same one; it answers an outcome for each command, exceptions too.
        """


class ISink(Interface):
    """Takes the bytes of one new blob.

    The life of a sink: ``write`` any number of times, one at a time; then ``commit``; then, after
    the metadata transaction that refers to the blob, ``settle``. Or ``abort`` at any time before
    ``settle``. A process that dies in between leaves something that recovery finds.
    """

    def write(block: bytes) -> Awaitable[None]:
        """Append a block. The next call is made after this one has fired."""

    def commit() -> Awaitable[Blob]:
        """Make the bytes durable (or answer them as ``content``) and give their locator."""

    def settle() -> Awaitable[None]:
        """The metadata refers to the blob now: forget what recovery would have needed.

        Failing or never being called loses nothing; recovery does the same work.
        """

    def abort() -> Awaitable[None]:
        """Remove every trace. Allowed twice; no effect after ``settle``."""


class IWritesInThread(Interface):
    """A sink that writes in whichever thread it is called, and pieces as they are.

    That saves a way into a thread where a block has just been hashed, and putting it together.
    """

    def write_pieces(pieces: Sequence[bytes | memoryview]) -> None:
        """As :meth:`ISink.write` for what they are together, done when this returns.

        Called in any thread but the reactor's. There is at least one byte.
        """


class IBlobStore(Interface):
    """A backend: it keeps bytes and nothing else.

    No method knows of ACLs, versions, tags, or that a key exists.
    """

    name = Attribute("The backend's name in the configuration, such as ``local``.")

    def start() -> Awaitable[None]:
        """Make ready (create folders, check rights). Raises what an operator can understand."""

    def recover(is_referenced: Callable[[Sequence[str]], Awaitable[Any]]) -> Awaitable[int]:
        """Remove what a crash left half done and answer the number of blobs removed.

        Called before any sink is opened. ``is_referenced(locators)`` answers the set of those
        that metadata refers to. The work grows with what was in flight at the crash, never with
        what is stored.
        """

    def open_sink(name: BlobName, size_bytes: int | None) -> Awaitable[ISink]:
        """A sink for one new blob. ``size_bytes`` is the expected size, None if unknown.

        Raises :class:`~bleepstore.errors.StorageFull` at once when ``size_bytes`` cannot fit.
        """

    def read(locator: str, offset: int, length: int) -> Awaitable[IBodyProducer]:
        """A producer of exactly ``length`` bytes from ``offset`` on, ``length`` > 0.

        The blob is open when this fires: whoever deletes it afterwards does not disturb the reader,
        and may be told to come again.
        Raises :class:`~bleepstore.errors.BlobMissing`. A producer that cannot deliver all fails
        its Deferred; it never delivers less and succeeds.
        """

    def delete(locators: Sequence[str]) -> Awaitable[Sequence[str]]:
        """Delete blobs; unknown locators are no error.

        Answers those of them that have to stay for now, since somebody reads them and would be
        disturbed: an empty tuple from a backend whose readers do not mind.
        """

    def exists(locator: str) -> Awaitable[bool]:
        """Whether the backend has the blob."""

    def list_locators() -> AsyncIterator[str]:
        """Every blob that the backend has, in any order. For checks, not for requests."""

    def stop() -> Awaitable[None]:
        """Release threads and connections."""


class IArrivals(Interface):
    """A backend that knows of the blobs on their way in, those of other processes too."""

    def list_arrivals() -> Awaitable[Any]:
        """The locators of blobs that are neither settled nor aborted, as a mapping.

        The values say whether the process that brings the blob in still runs. Where it does not,
        recovery is due. A blob that is settled in the meantime may be among them or not.
        """


class INaturalNames(Interface):
    """A backend that shows current objects under their own names, for people with other tools.

    Blobs arrive under names of their own and are durable there. What stands under an object's
    name is a copy that the backend makes of them without moving bytes through this process; its
    blob then takes their place in the metadata. Such a blob is good until something else is shown
    under that name, unless it was retained. Only one process at a time may work on a key.
    """

    def show(
        bucket: str, key: str, segments: Sequence[Segment], appearance: Appearance
    ) -> Awaitable[Blob | None]:
        """Make these bytes stand under the object's name in the place of whatever stands there.

        None where the provider cannot have such a name, or not such an object: then nothing
        stands there, and the segments stay what they are.
        """

    def retain(locator: str) -> Awaitable[None]:
        """Copy a shown blob to a place of its own, where its locator finds it from now on.

        No effect on a blob that was never shown, or is retained already.

        Raises:
            BlobMissing: somebody else has replaced or deleted it.
        """

    def hide(bucket: str, key: str) -> Awaitable[None]:
        """Make nothing stand under an object's name; no error if nothing does."""

    def is_shown(locator: str) -> bool:
        """Whether this is the locator of a blob that stands, or stood, under an object's name."""

    def look(bucket: str, key: str) -> Awaitable[Shown | None]:
        """What stands under an object's name now; None for nothing."""

    def is_same(locator: str, shown: Shown) -> bool:
        """Whether a shown blob is this state of this object, by what its locator says."""

    def walk(bucket: str, after_key: str) -> AsyncIterator[Shown]:
        """What stands under the names of a bucket's objects, behind a key, in the order of keys.

        What a listing does not tell of an object is left empty.
        """

    def confirm() -> Awaitable[None]:
        """Make sure that what stands there, or does not, is about these metadata and no others.

        Raises:
            UpstreamFailed: somebody has changed more than objects.
        """

    def tidy(before_ms: int) -> Awaitable[int]:
        """End what was begun upstream before an instant and never finished; answer how much."""


class IShowing(Interface):
    """Keeps natural names true to the metadata, and the metadata true to what others do there.

    What operations on objects call, whatever the backend is. Where it shows no natural names,
    nothing of this does anything.
    """

    def settle(bucket: str, keys: Sequence[str]) -> Awaitable[None]:
        """Wait until these keys' names show their current versions, but not for too long.

        The metadata have changed already, so this never fails; it goes on without its caller.
        """

    def check(version: ObjectVersion) -> Awaitable[None]:
        """See whether the bytes of a version are there, where others may have changed them.

        Raises:
            BlobMissing: they are not.
        """

    def check_parts(
        bucket: str, key: str, upload_id: str, numbers: Collection[int]
    ) -> Awaitable[None]:
        """The same of parts of an upload: what they were copied from may have changed since.

        Raises:
            BlobMissing: bytes of one of them are not there.
        """

    def look_again(bucket: str, key: str, version_id: str | None) -> Awaitable[bool]:
        """Find out why bytes of a version are missing, and record what stands there instead.

        Answers whether it is worth looking the version up again.
        """


class ICredentials(Interface):
    """Where authentication finds secrets."""

    def find(access_key: str) -> Awaitable[Credential | None]:
        """The credential of an access key, or None when there is none or it is disabled."""


class IChunkVerifier(Interface):
    """Checks the signatures inside a signed ``aws-chunked`` body, chunk by chunk, in order."""

    def verify_chunk(sha256_hex: str, signature: str) -> None:
        """Check one chunk's signature. Raises ``S3Error("SignatureDoesNotMatch")``."""

    def verify_trailer(sha256_hex: str, signature: str) -> None:
        """Check the trailer's signature. Raises ``S3Error("SignatureDoesNotMatch")``."""


class ISendable(Interface):
    """A producer whose bytes are a stretch of a file, for its consumer to send without reading blocks."""

    def fileno() -> int:
        """The file descriptor, open until the producer is stopped or done."""

    offset = Attribute("Where the stretch begins in the file.")
    length = Attribute("How many bytes it has.")

    def prepare(offset: int, length: int) -> Any:
        """Bring a stretch of the file into memory, so that sending it does not wait for the disk.

        Answers a Deferred, or None if it is there already, as far as one can know.
        """


class ISendsFiles(Interface):
    """A consumer that can send stretches of files without reading them."""

    def send_file(source: Any) -> Any:
        """Send an :class:`ISendable`; the Deferred fires with the number of bytes sent.

        They are counted from its beginning and may be none. The producer writes the rest. If the
        consumer stops the producer, the Deferred fires at once.
        """
