"""What a file is, judged by its content; its name is never believed."""

from enum import StrEnum

from elvmass_core.errors import UnreadableError, UnsupportedError
from elvmass_core.io.archive import is_zip
from elvmass_core.io.limits import WORKING_FORMATS
from elvmass_core.io.wfdb_header import looks_like_header


class Kind(StrEnum):
    """The formats that are read."""

    WFDB_HEADER = "WFDB header"
    DICOM = "DICOM"
    ZIP = "zip"
    DELIMITED = "delimited text"


_DICOM_MAGIC_AT = 128
_PICTURES = (
    (0, b"\x89PNG"), (0, b"\xff\xd8\xff"), (0, b"GIF8"), (0, b"BM"), (0, b"II*\0"), (0, b"MM\0*"), (8, b"WEBP"),
    (4, b"ftyp"),
)  # fmt: skip
_REFUSED = (
    (16, b"SCPECG", "an SCP-ECG file"),
    (0, b"0       ", "an EDF file"),
    (0, b"\xffBIOSEMI", "a BDF file"),
    (0, b"MATLAB 5", "a MATLAB file"),
    (0, b"\x93NUMPY", "a NumPy file"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"\xd0\xcf\x11\xe0", "an old office document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ", "an xz archive"),
    (0, b"\x08\x00\x05\x00", "a DICOM data set without its file header"),
)
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\0", b"\xfe\xff\0<")
_XML_DIALECTS = (
    (b"AnnotatedECG", "an HL7 aECG file"),
    (b"restingecgdata", "a Philips XML file"),
    (b"RestingECG", "a GE MUSE XML file"),
    (b"<svg", "a picture"),
    (b"<html", "a web page"),
)
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
    if data[_DICOM_MAGIC_AT : _DICOM_MAGIC_AT + 4] == b"DICM":
        return Kind.DICOM
    if is_zip(data):
        return Kind.ZIP
    _refuse_known(data[:_HEAD_BYTES])
    if looks_like_header(data):
        return Kind.WFDB_HEADER
    if _is_text(data):
        return Kind.DELIMITED
    raise UnreadableError(
        f"The file is not recognised as an ECG: give {WORKING_FORMATS}; a .dat or .mat needs its .hea beside it."
    )


def _refuse_known(head: bytes) -> None:
    """Raise UnsupportedError for a kind of file that is known by its first bytes."""
    if b"%PDF-" in head[:_PDF_MAGIC_WITHIN]:
        raise _refusal("a PDF")
    if not _is_text(head) and any(head[at : at + len(magic)] == magic for at, magic in _PICTURES):
        raise _refusal("a picture or film of an ECG")
    for at, magic, name in _REFUSED:
        if head[at : at + len(magic)] == magic:
            raise _refusal(name)
    if head.lstrip().startswith(_XML_STARTS):
        plain = head.replace(b"\0", b"")
        raise _refusal(next((name for mark, name in _XML_DIALECTS if mark in plain), "an XML file"))


def _refusal(name: str) -> UnsupportedError:
    """Return the sentence that refuses a kind of file."""
    return UnsupportedError(f"The file is {name}, which is not read: give {WORKING_FORMATS}.")


def _is_text(data: bytes) -> bool:
    """Whether the first bytes are text: UTF-16 by its mark, else nothing below the space but line breaks and tabs."""
    head = data[:_HEAD_BYTES]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    return not any(byte < 32 and byte not in b"\t\n\r\f\v" for byte in head)
