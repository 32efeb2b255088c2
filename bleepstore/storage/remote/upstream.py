"""What a gateway asks of a provider: objects by name, whole or not at all.

A provider translates these few requests into its own REST API and knows nothing of blobs,
locators, buckets or keys; :mod:`.store` knows nothing of HTTP. Names are full names in the
upstream bucket or container, with the configured prefix.

Every method may raise :class:`~bleepstore.errors.UpstreamFailed` or one of its kin, and every
Deferred may be cancelled: the request is dropped with its connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence

from attrs import field, frozen
from twisted.web.iweb import IBodyProducer
from zope.interface import Attribute, Interface

from ...values import Appearance


@frozen
class Standing:
    """An object that stands upstream.

    Attributes:
        name: in full.
        tag: tells this state of the object from every other one: an ETag without quotes, or a
            generation.
        etag: what an S3 client is to take for its ETag, without quotes: the hexadecimal MD5 of the
            content where the provider knows it.
        appearance: what its headers say; a listing may not know it, and leaves it empty then.
    """

    name: str
    size_bytes: int
    tag: str
    etag: str
    last_modified_ms: int
    appearance: Appearance = field(factory=Appearance)


@frozen
class Piece:
    """A stretch of an object that stands upstream.

    Attributes:
        tag: the state of the object that is meant; None for whatever stands there.
        object_size_bytes: of the whole object, of which ``length`` may be all.
    """

    name: str
    tag: str | None
    offset: int
    length: int
    object_size_bytes: int


class IUpstreamUpload(Interface):
    """A large object on its way up, in parts; nothing of it is to be seen before ``finish``."""

    def write(part: bytes) -> Awaitable[None]:
        """Send the next part, of exactly the announced size unless it is the last one.

        One at a time; sent again by itself where that is safe.
        """

    def finish() -> Awaitable[str]:
        """Make the object stand; answer its tag. The upstream has it whole when this fires."""

    def abort() -> Awaitable[None]:
        """Leave no trace upstream. Allowed at any time before ``finish`` has fired, and twice."""


class IUpstream(Interface):
    """One bucket or container of a provider."""

    name = Attribute("The backend's name in the configuration, such as ``aws``.")
    part_bytes = Attribute("The size of the parts of an upload unless it is too large for that.")
    max_parts = Attribute("The greatest number of parts of an upload.")

    def start() -> Awaitable[None]:
        """Find credentials and look at the bucket once.

        Raises:
            ConfigError: what an operator has to mend, named by its key in the configuration.
        """

    def stop() -> Awaitable[None]:
        """Close the connections."""

    def fits(name: str) -> bool:
        """Whether an object may have this name here, and be found by it with other tools."""

    def put(name: str, content: bytes, appearance: Appearance) -> Awaitable[str]:
        """Make an object of at most ``part_bytes`` stand, in one request; answer its tag."""

    def begin(name: str, part_bytes: int) -> Awaitable[IUpstreamUpload]:
        """Begin to upload an object in parts of ``part_bytes``."""

    def open(name: str, tag: str | None, offset: int, length: int) -> Awaitable[IBodyProducer]:
        """A producer of exactly ``length`` bytes of an object.

        It fails if the upstream delivers less, or bytes with a wrong checksum.

        Raises:
            BlobMissing: there is no such object, or the answer says that it is shorter.
            RangeRefused: it seems to have no such bytes.
            BlobChanged: it stands there in another state than ``tag``.
        """

    def look(name: str) -> Awaitable[Standing | None]:
        """What stands under a name, with its appearance; None for nothing."""

    def assemble(name: str, pieces: Sequence[Piece], appearance: Appearance) -> Awaitable[str]:
        """Make an object of stretches of others, without their bytes coming here where the
        provider can do so; answer its tag. It replaces what stood there in one instant.

        ``pieces`` may be empty, and there may be 10,000 of them of any size.

        Raises:
            BlobMissing: a piece is not there, in its state.
        """

    def delete(names: Sequence[str]) -> Awaitable[None]:
        """Delete objects; those that do not stand there are no error."""

    def delete_if(name: str, tag: str) -> Awaitable[None]:
        """Delete an object if it still is in that state, as far as the provider can tell."""

    def walk(prefix: str, after: str) -> AsyncIterator[Standing]:
        """Everything whose name begins with ``prefix``, behind the name ``after``, in the order
        of names."""

    def abort_strays(prefix: str, before_ms: int | None) -> Awaitable[int]:
        """Abort uploads of ours that were begun before an instant (None: all); answer how many
        there were. A provider whose unfinished uploads go by themselves does nothing.

        Args:
            prefix: of the private names that are looked through. What assembling has left under
                other names belongs to those, too.
        """
