"""What a file is, judged by its content; its name is never believed."""

import re
import struct
from enum import StrEnum

from elvmass_core.errors import UnreadableError, UnsupportedError
from elvmass_core.io.archive import is_zip
from elvmass_core.io.limits import WORKING_FORMATS
from elvmass_core.io.matlab import is_matlab
from elvmass_core.io.matrix import is_text_matrix
from elvmass_core.io.numpy_files import NPY_MAGIC
from elvmass_core.io.saved import looks_saved
from elvmass_core.io.wfdb_header import looks_like_header


class Kind(StrEnum):
    """The formats that are read."""

    WFDB_HEADER = "WFDB header"
    DICOM = "DICOM"
    MUSE = "GE MUSE XML"
    CARDIOSOFT = "GE CardioSoft XML"
    SIERRA = "Philips Sierra XML"
    AECG = "HL7 aECG"
    SCP = "SCP-ECG"
    EDF = "EDF"
    MATLAB = "MATLAB"
    NPY = "NumPy array"
    ZIP = "zip"
    DELIMITED = "delimited text"
    TEXT_MATRIX = "text matrix"
    SAVED = "saved analysis"


_DICOM_MAGIC_AT = 128
_EDF_MAGIC = b"0       "
_PICTURES = (
    (0, b"\x89PNG"), (0, b"\xff\xd8\xff"), (0, b"GIF8"), (0, b"BM"), (0, b"II*\0"), (0, b"MM\0*"), (8, b"WEBP"),
    (4, b"ftyp"),
)  # fmt: skip
_REFUSED = (
    (0, b"\xffBIOSEMI", "a BDF file"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"\xd0\xcf\x11\xe0", "an old office document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ", "an xz archive"),
    (0, b"\x08\x00\x05\x00", "a DICOM data set without its file header"),
)
_XML_STARTS = (b"<", b"\0<", b"\xef\xbb\xbf<", b"\xff\xfe<\0", b"\xfe\xff\0<")
_XML_DIALECTS = {
    "restingecg": Kind.MUSE,
    "cardiologyxml": Kind.CARDIOSOFT,
    "restingecgdata": Kind.SIERRA,
    "annotatedecg": Kind.AECG,
}
"""By the name of the outermost element, in small letters."""
_XML_REFUSED = {"svg": "a picture", "html": "a web page"}
_XML_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")
_XML_ASIDES = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\])?\s*>", re.DOTALL | re.IGNORECASE)
_HEAD_BYTES = 4096
_PDF_MAGIC_WITHIN = 1024
"""A PDF may begin with other bytes: readers look for its mark in the first kilobyte (ISO 32000-1 annex H)."""


def detect(data: bytes) -> Kind:
    """Return the kind of a file by its content.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    Kind

    Raises
    ------
    UnreadableError
        Empty, or no known kind of file.
    UnsupportedError
        A kind that is known and not read; the sentence names the formats that work.
    """
    if not data:
        raise UnreadableError("The file is empty: export the recording again.")
    head = data[:_HEAD_BYTES]
    kind = _by_mark(data) or _by_xml(head) or _by_text(data)
    if kind is not None:
        return kind
    raise UnreadableError(
        f"The file is not recognised as an ECG: give {WORKING_FORMATS}; a .dat needs its .hea beside it."
    )


def _by_mark(data: bytes) -> Kind | None:
    """Kind by fixed bytes; raises UnsupportedError for a kind that is not read."""
    if data[_DICOM_MAGIC_AT : _DICOM_MAGIC_AT + 4] == b"DICM":
        return Kind.DICOM
    if is_zip(data):
        return Kind.ZIP
    if data.startswith(NPY_MAGIC):
        return Kind.NPY
    if _is_scp(data):
        return Kind.SCP
    if data.startswith(_EDF_MAGIC) and len(data) > 256 and b"\n" not in data[:256]:  # a column of numbers has one
        return Kind.EDF
    _refuse_known(data[:_HEAD_BYTES])
    return Kind.MATLAB if is_matlab(data) else None


def _is_scp(data: bytes) -> bool:
    """Whether the first section is the pointer table of SCP-ECG (EN 1064, 5.2): by its name, or by its structure."""
    if len(data) < 32:
        return False
    if data[16:22] == b"SCPECG":
        return True
    size, section, length = struct.unpack_from("<IxxHI", data, 2)
    first, _, start = struct.unpack_from("<HII", data, 22)
    is_table = section == 0 and length >= 26 and (length - 16) % 10 == 0 and size >= 6 + length
    return is_table and (first, start) == (0, 7)


def _by_xml(head: bytes) -> Kind | None:
    """Kind of an XML file by its outermost element; raises UnsupportedError for another."""
    if not head.lstrip().startswith(_XML_STARTS):
        return None
    plain = _XML_ASIDES.sub("", head.replace(b"\0", b"").decode("latin-1"))
    root = _XML_ROOT.search(plain)
    name = root[1].lower() if root else ""
    if name in _XML_DIALECTS:
        return _XML_DIALECTS[name]
    raise _refusal(_XML_REFUSED.get(name, "an XML file of another kind"))


def _by_text(data: bytes) -> Kind | None:
    """Kind of a text file."""
    if looks_saved(data):
        return Kind.SAVED
    if looks_like_header(data):
        return Kind.WFDB_HEADER
    if not _is_text(data):
        return None
    return Kind.TEXT_MATRIX if is_text_matrix(data) else Kind.DELIMITED


def _refuse_known(head: bytes) -> None:
    """Raise UnsupportedError for a kind of file that is known by its first bytes."""
    if b"%PDF-" in head[:_PDF_MAGIC_WITHIN]:
        raise _refusal("a PDF")
    if not _is_text(head) and any(head[at : at + len(magic)] == magic for at, magic in _PICTURES):
        raise _refusal("a picture or film of an ECG")
    for at, magic, name in _REFUSED:
        if head[at : at + len(magic)] == magic:
            raise _refusal(name)


def _refusal(name: str) -> UnsupportedError:
    """Return the sentence that refuses a kind of file."""
    return UnsupportedError(f"The file is {name}, which is not read: give {WORKING_FORMATS}.")


def _is_text(data: bytes) -> bool:
    """Whether the first bytes are text: UTF-16 by its mark, else nothing below the space but line breaks and tabs."""
    head = data[:_HEAD_BYTES]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    return not any(byte < 32 and byte not in b"\t\n\r\f\v" for byte in head)
