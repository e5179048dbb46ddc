"""Reading of user files into the one normal form, judged by content.

`read_recording` takes bytes and gives a `Recording`, or an error of `elvmass_core.errors` that says in one sentence
what is wrong and what to do. One module per format; `normal_form` settles unit, rate and leads for all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from elvmass_core.domain import Recording
from elvmass_core.errors import UnreadableError
from elvmass_core.io.archive import expand, is_zip, plain_name
from elvmass_core.io.cardiosoft import read_cardiosoft
from elvmass_core.io.delimited import read_delimited
from elvmass_core.io.detect import Kind, detect
from elvmass_core.io.dicom import read_dicom
from elvmass_core.io.edf import read_edf
from elvmass_core.io.exchange import read_aecg, read_muse
from elvmass_core.io.limits import WORKING_FORMATS, check_size
from elvmass_core.io.matlab import read_matlab
from elvmass_core.io.matrix import read_text_matrix
from elvmass_core.io.normal_form import RawRecording, to_recording
from elvmass_core.io.numpy_files import is_npz, read_arrays, read_npy
from elvmass_core.io.saved import Opened, read_saved
from elvmass_core.io.scp import read_scp
from elvmass_core.io.sierra import read_sierra
from elvmass_core.io.wfdb import data_file_names, read_wfdb
from elvmass_core.io.wfdb_header import looks_like_header

__all__ = ["load_files", "open_files", "read_recording"]

READERS: Mapping[Kind, Callable[[bytes], RawRecording]] = {
    Kind.DICOM: read_dicom,
    Kind.MUSE: read_muse,
    Kind.CARDIOSOFT: read_cardiosoft,
    Kind.SIERRA: read_sierra,
    Kind.AECG: read_aecg,
    Kind.SCP: read_scp,
    Kind.EDF: read_edf,
    Kind.MATLAB: read_matlab,
    Kind.NPY: read_npy,
    Kind.DELIMITED: read_delimited,
    Kind.TEXT_MATRIX: read_text_matrix,
}
"""Formats whose recording is one file."""
_HEADER_SUFFIX = ".hea"
_DATA_SUFFIXES = (".dat", ".mat")


def read_recording(files: Mapping[str, bytes], *, unit: str | None = None, fs_hz: float | None = None) -> Recording:
    """Return the 12-lead recording that one or more uploaded files hold.

    Parameters
    ----------
    files : mapping of name to bytes
        One file, a zip of one recording, or a WFDB header with its data file. Names are untrusted: only their last
        component is used, to match a header with its data.
    unit : {"mV", "uV"} or None
        Amplitude unit, needed where the file states none. Where it states another, the caller's is used with a CAUTION.
    fs_hz : float or None
        Sampling rate in Hz, needed where the file states none. Where it states another, a STOP finding says so.

    Returns
    -------
    Recording
        What reading found is in `findings`, how the normal form was reached in `notes`.

    Raises
    ------
    RecordingError
        `UnreadableError`, `UnsupportedError`, `LimitError`, `UnitNeededError` or `RateNeededError`; nothing else.
    """
    return open_files(files, unit=unit, fs_hz=fs_hz).recording


def open_files(files: Mapping[str, bytes], *, unit: str | None = None, fs_hz: float | None = None) -> Opened:
    """Return the recording that files hold, and what a saved analysis says its user had entered.

    Parameters, errors as `read_recording`.
    """
    check_size(sum(map(len, files.values())))
    named = _by_plain_name(files)
    if len(named) == 1:
        (content,) = named.values()
        if is_zip(content):
            named = expand(content)
    if len(named) == 1:
        (content,) = named.values()
        if detect(content) is Kind.SAVED:
            return read_saved(content)
    return Opened(recording=to_recording(_read(named), unit=unit, fs_hz=fs_hz))


def load_files(paths: Sequence[Path]) -> dict[str, bytes]:
    """Read the files of one recording for the command line.

    Parameters
    ----------
    paths : sequence of Path
        The files; to a lone WFDB header or data file its other half is added from the same folder, by plain name.

    Returns
    -------
    dict of name to bytes
        As `read_recording` takes it.

    Raises
    ------
    UnreadableError
        A file is missing or cannot be read.
    LimitError
        The files together are too large; nothing has been read then.
    """
    if not paths:
        raise UnreadableError(f"No file was given: give {WORKING_FORMATS}.")
    wanted = list(dict.fromkeys(Path(path) for path in paths))
    files = _load(wanted)
    if len(wanted) == 1:
        files |= _load(_siblings(wanted[0], files[wanted[0].name]), already=len(files[wanted[0].name]))
    return files


def _by_plain_name(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files by the last component of their name."""
    if not files:
        raise UnreadableError(f"No file was given: give {WORKING_FORMATS}.")
    named = {plain_name(name): bytes(content) for name, content in files.items()}
    if len(named) < len(files):
        raise UnreadableError("Two files have the same name: give the files of one recording.")
    return named


def _read(files: Mapping[str, bytes]) -> RawRecording:
    """Hand the files of one recording to the module of their format."""
    if is_npz(files):
        return read_arrays(files)
    headers = [name for name, content in files.items() if _is_header(name, content)]
    if len(headers) > 1:
        raise UnreadableError("More than one WFDB header was given: give one recording at a time.")
    if headers:
        return read_wfdb(files[headers[0]], files)
    if len(files) > 1:
        raise UnreadableError(
            "Several files were given and none is a WFDB header: give one recording at a time, or a .hea with its data."
        )
    (content,) = files.values()
    return READERS[detect(content)](content)


def _is_header(name: str, content: bytes) -> bool:
    """Whether a file is a WFDB header by its content, or a damaged one by its name among several files."""
    return looks_like_header(content) or (name.lower().endswith(_HEADER_SUFFIX) and b"\0" not in content)


def _load(paths: Sequence[Path], already: int = 0) -> dict[str, bytes]:
    """Read files after their sizes were added up."""
    try:
        if not all(path.is_file() for path in paths):
            raise UnreadableError("A file that was given does not exist or is a folder: check its path.")
        check_size(already + sum(path.stat().st_size for path in paths))
        contents = {path.name: path.read_bytes() for path in paths}
    except OSError:
        raise UnreadableError("A file that was given cannot be opened: check its path and permissions.") from None
    if len(contents) < len(paths):
        raise UnreadableError("Two files have the same name: give the files of one recording.")
    return contents


def _siblings(path: Path, content: bytes) -> list[Path]:
    """Files of the same folder that complete a lone WFDB header or data file; none for other formats."""
    if looks_like_header(content) or path.suffix.lower() == _HEADER_SUFFIX:
        names = [name for name in data_file_names(content) if name != path.name]
    elif path.suffix.lower() in _DATA_SUFFIXES:
        names = [path.with_suffix(_HEADER_SUFFIX).name]
    else:
        names = []
    return [sibling for name in names if (sibling := path.parent / name).is_file()]
