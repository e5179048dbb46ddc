"""XML made safe before any format module sees it: one decoded, bounded tree without namespaces, or a refusal.

The bytes are decoded here by a short list of encodings, the XML declaration and a bare ``<!DOCTYPE … SYSTEM "…">``, as
GE MUSE writes it, are cut out unread (nothing is ever fetched), and what is left goes through `defusedxml`, which
refuses every other document type and with it all entities. Depth and number of elements are counted while parsing.
"""

import codecs
import re
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from elvmass_core.errors import LimitError, UnreadableError, UnsupportedError

MAX_DEPTH = 64
MAX_ELEMENTS = 100_000
"""Assumed. The public files at hand have at most 1 500 elements, 13 deep; the parser takes about 5 µs for each."""
_HEAD_CHARS = 4096
"""The XML declaration and the document type stand before the root element: looked for in the first characters only."""
_DECLARATION = re.compile(r"\s*<\?xml[^<>]*\?>")
_ENCODING = re.compile(rb"\s*<\?xml[^<>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_DOCTYPE = re.compile(r"<!DOCTYPE\s+[\w:.-]+(?:\s+(?:SYSTEM|PUBLIC))?(?:\s*\"[^\"<>]*\"|\s*'[^'<>]*'){0,2}\s*>")
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UTF_32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_ENCODINGS = frozenset(
    {
        "us-ascii", "ascii", "utf-8", "utf8", "iso-8859-1", "iso8859-1", "iso-8859-2", "iso-8859-9", "iso-8859-15",
        "latin-1", "latin1", "windows-1250", "windows-1251", "windows-1252", "windows-1254", "gb2312", "gbk", "gb18030",
        "big5", "shift_jis", "euc-jp", "euc-kr", "cp949",
    }
)  # fmt: skip
"""Encodings that an 8-bit file may declare. All spell digits and base64 as ASCII does: the signal cannot be misread."""


def checked_root(data: bytes) -> Element:
    """Return the root element of an XML file, its tags and attributes without namespaces.

    Parameters
    ----------
    data : bytes
        The whole file, already within `MAX_UPLOAD_BYTES`.

    Returns
    -------
    Element

    Raises
    ------
    UnreadableError
        Not well-formed, or in no known encoding.
    UnsupportedError
        Entities, an internal document type, or UTF-32.
    LimitError
        Deeper than `MAX_DEPTH` or more than `MAX_ELEMENTS`.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    text = _without_prolog(_decoded(data))
    if text.count("<") > 2 * MAX_ELEMENTS:
        raise _too_many()
    parser = DefusedXMLParser(target=_BoundedBuilder(), forbid_dtd=True)
    try:
        parser.feed(text)
        root: Element = parser.close()
    except DefusedXmlException:
        raise UnsupportedError(
            "The XML file defines a document type or entities of its own, which are never expanded: export it plainly."
        ) from None
    except (ParseError, ValueError, LookupError, AssertionError):
        raise UnreadableError("The XML file is damaged or cut off: export it again.") from None
    return root


def pruned(element: Element, tags: frozenset[str]) -> Element:
    """Return a copy of an element that holds only allowed descendants, without ``date`` and ``time`` attributes.

    Parameters
    ----------
    element : Element
        From `checked_root`, so at most `MAX_DEPTH` deep.
    tags : frozenset of str
        Local names that are kept; any other element goes with all that is in it.

    Returns
    -------
    Element
    """
    attributes = {name: value for name, value in element.attrib.items() if name not in ("date", "time")}
    copy = Element(element.tag, attributes)
    copy.text = element.text
    copy.extend([pruned(child, tags) for child in element if child.tag in tags])
    return copy


class _BoundedBuilder(TreeBuilder):
    """Builds the tree with local names and stops at the limits."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.n_elements = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        """Open an element, unless it is one too many or one too deep."""
        self.depth += 1
        self.n_elements += 1
        if self.depth > MAX_DEPTH:
            raise LimitError(f"The XML file is nested more than {MAX_DEPTH} deep: export the ECG alone.")
        if self.n_elements > MAX_ELEMENTS:
            raise _too_many()
        return super().start(_local(tag), {_local(name): value for name, value in attrs.items()})

    def end(self, tag: str) -> Element:
        """Close an element."""
        self.depth -= 1
        return super().end(_local(tag))


def _too_many() -> LimitError:
    """Return the refusal of a file of too many elements."""
    return LimitError(f"The XML file holds more than {MAX_ELEMENTS} elements: export the ECG alone.")


def _local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]


def _decoded(data: bytes) -> str:
    """Return the text by its byte-order mark, its first bytes or its declaration; UTF-8 when nothing says otherwise."""
    if data.startswith(_UTF_32_MARKS):
        raise UnsupportedError("The XML file is in UTF-32: save it as UTF-8.")
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None)
    encoding = encoding or {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(data[:2]) or _declared(data)
    text = data.decode(encoding, errors="replace")  # what is replaced can only be words, which are not read
    if "\0" in text:
        raise UnreadableError("The XML file holds bytes that are no text: export it again.")
    return text


def _declared(data: bytes) -> str:
    """Return the declared encoding of an 8-bit file; one that says UTF-16 contradicts its own bytes and is UTF-8."""
    match = _ENCODING.match(data[:_HEAD_CHARS])
    name = match[1].decode("ascii").lower() if match else "utf-8"
    if name.startswith("utf-16"):
        return "utf-8"
    if name not in _ENCODINGS:
        raise UnreadableError("The XML file declares an encoding that is not known: save it as UTF-8.")
    return name


def _without_prolog(text: str) -> str:
    """Cut out the XML declaration and a document type that only names a file."""
    start = _DECLARATION.match(text[:_HEAD_CHARS])
    text = (text[start.end() :] if start else text).lstrip("\ufeff \t\r\n")
    return _DOCTYPE.sub("", text[:_HEAD_CHARS], count=1) + text[_HEAD_CHARS:]
