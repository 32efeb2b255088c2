"""XML in and out, within limits.

Reading goes through defusedxml, which refuses DTDs and entities, and stops at a depth and a
number of elements. Writing is text building: a listing of a thousand keys is one join.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from ..errors import S3Error

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
CONTENT_TYPE = ("content-type", "application/xml")

MAX_DEPTH = 16
MAX_ATTRIBUTES = 8
MAX_ELEMENTS = 60_000  # a CompleteMultipartUpload of 10,000 parts with five elements each

# Characters that markup or XML 1.0 cannot hold as they are. S3 writes control characters of
# keys as numeric references, though XML 1.0 has no such characters.
_SPECIAL = re.compile('[&<>"\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]')
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def escape(text: str) -> str:
    """``text`` as XML character data."""
    return _SPECIAL.sub(_reference, text) if _SPECIAL.search(text) else text


def escape_all(texts: Sequence[str]) -> Sequence[str]:
    """Each text as XML character data; mostly there is nothing to do, and one search tells."""
    return [escape(text) for text in texts] if _SPECIAL.search("".join(texts)) else texts


def _reference(match: re.Match[str]) -> str:
    character = match.group()
    return _ENTITIES.get(character) or f"&#{ord(character)};"


def element(name: str, text: str | int) -> str:
    """``<name>text</name>``."""
    return f"<{name}>{escape(str(text))}</{name}>"


def optional(name: str, text: str | int | None) -> str:
    """``<name>text</name>``, or nothing for None."""
    return "" if text is None else element(name, text)


def flag(name: str, value: bool) -> str:
    """``<name>true</name>`` or ``<name>false</name>``."""
    return f"<{name}>{'true' if value else 'false'}</{name}>"


def document(root: str, children: Iterable[str]) -> bytes:
    """A whole document in S3's namespace."""
    return f'{DECLARATION}<{root} xmlns="{NAMESPACE}">{"".join(children)}</{root}>'.encode()


def parse(body: bytes, root: str, error_code: str = "MalformedXML") -> Element:
    """Read a document whose root element is ``root``; names come back without namespaces.

    Raises:
        S3Error: ``error_code``, for anything that is not such a document.
    """
    parser = DefusedXMLParser(target=_LimitedBuilder(), forbid_dtd=True)
    try:
        parser.feed(body)
        tree: Element = parser.close()
    except (ParseError, DefusedXmlException, _TooLarge, ValueError, LookupError) as error:
        raise S3Error(error_code) from error
    if tree.tag != root:
        raise S3Error(error_code)
    return tree


def text_of(parent: Element, name: str) -> str | None:
    """The text of the first child ``name``: None if there is no such child."""
    child = parent.find(name)
    return None if child is None else (child.text or "").strip()


def required_text(parent: Element, name: str, error_code: str = "MalformedXML") -> str:
    """The text of the first child ``name``, which must be there and not empty."""
    text = text_of(parent, name)
    if not text:
        raise S3Error(error_code)
    return text


class _TooLarge(Exception):
    """The document is larger in some way than any that S3 knows."""


class _LimitedBuilder(TreeBuilder):
    """A tree builder that forgets namespaces and stops at the limits."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str], /) -> Element:
        self._depth += 1
        self._count += 1
        if (
            self._depth > MAX_DEPTH
            or self._count > MAX_ELEMENTS
            or len(attributes) > MAX_ATTRIBUTES
        ):
            raise _TooLarge
        return super().start(_local_name(tag), attributes)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(_local_name(tag))


def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2]
