"""Zip archives, opened in memory by count and by declared and real size."""

import re
import struct
import zipfile
import zlib
from io import BytesIO

from elvmass_core.errors import LimitError, UnreadableError, UnsupportedError
from elvmass_core.io.limits import MAX_UPLOAD_BYTES, WORKING_FORMATS, check_size

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
MAX_MEMBERS = 32
"""One recording is one to three files; assumed, with room for annotations."""
_DIRECTORY_ENTRY = b"PK\x01\x02"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LIBRARY_ERRORS = (
    zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError,
    KeyError, IndexError, OverflowError, struct.error, zlib.error,
)  # fmt: skip
"""What `zipfile` raises on damaged archives, found by fuzzing."""


def is_zip(data: bytes) -> bool:
    """Whether bytes are a zip archive."""
    return data.startswith(ZIP_MAGIC)


def plain_name(name: str) -> str:
    """Return the last component of an untrusted name."""
    return re.split(r"[/\\]", name)[-1]


def expand(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive by plain name.

    Parameters
    ----------
    data : bytes
        A zip archive of one recording.

    Raises
    ------
    UnreadableError
        Damaged, empty, or two files of the same name.
    UnsupportedError
        A password, an unusual compression, another archive inside, or an office document.
    LimitError
        More than `MAX_MEMBERS` files, or too large when unpacked (declared or real).
    """
    if data.count(_DIRECTORY_ENTRY) > MAX_MEMBERS:
        raise _too_many()
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if _is_content(member)]
            _check_members(members)
            files = _read_members(archive, members)
    except _LIBRARY_ERRORS:
        raise UnreadableError("The zip archive is damaged: pack the files again.") from None
    if not files:
        raise UnreadableError(f"The zip archive holds no file: give {WORKING_FORMATS}.")
    if any(is_zip(content) for content in files.values()):
        raise UnsupportedError("The zip archive holds another archive: pack the files of one recording directly.")
    return files


def _too_many() -> LimitError:
    """Return the refusal of a crowded archive."""
    return LimitError(f"The zip archive holds more than {MAX_MEMBERS} files: give one recording at a time.")


def _is_content(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a file and not a folder or a file system's by-product."""
    hidden = member.filename.startswith("__MACOSX/") or plain_name(member.filename).startswith(".")
    return not (member.is_dir() or hidden)


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive by what it declares."""
    if len(members) > MAX_MEMBERS:
        raise _too_many()
    names = [plain_name(member.filename) for member in members]
    if "[Content_Types].xml" in names:
        raise UnsupportedError("The file is an office document (Excel, Word): save the table as CSV.")
    if len(set(names)) < len(names):
        raise UnreadableError("The zip archive holds two files of the same name: give one recording at a time.")
    if any(member.flag_bits & 1 for member in members):
        raise UnsupportedError("The zip archive has a password: pack the files without one.")
    if any(member.compress_type not in _METHODS for member in members):
        raise UnsupportedError("The zip archive is packed in an unusual way: pack it with the usual method (deflate).")
    check_size(sum(member.file_size for member in members))


def _read_members(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """Read each file with a cap on what really comes out."""
    files: dict[str, bytes] = {}
    left = MAX_UPLOAD_BYTES
    for member in members:
        with archive.open(member) as stream:
            content = stream.read(left + 1)
        left -= len(content)
        if left < 0:
            check_size(MAX_UPLOAD_BYTES + 1)
        files[plain_name(member.filename)] = content
    return files
