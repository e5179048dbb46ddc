"""Reading in a child process that may use 10 s and 1 GB, so that the worst file costs one child.

A small server process holds the readers' libraries and forks a child for every read (`elvmass_core.io.child`): it has
one thread and never saw Streamlit or torch, so forking it is safe, and a child costs milliseconds instead of a start of
Python. A child gets the bytes, reads, answers in plain values (never a pickle) and ends. Its temporary files lie in a
folder of its own, which its parent removes whatever happened to it. Where a system cannot fork (Windows), files are
read in the calling process, without these limits.

An archive is read several files to a child (`Reader`), since the fork costs more than most files. A child goes on only
after a good reading; whatever else happens in one that has read before is no answer, and the file is read again in a
fresh child. So no refusal depends on the files before it. What stays: a file that reads well and silently spoils the
memory of its child could reach the nine after it, which are of the same owner; visitors never share a child.
"""

import atexit
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import orjson

from elvmass_core import errors
from elvmass_core.domain import N_LEADS, Recording
from elvmass_core.errors import ReaderStoppedError, RecordingError, UnitNeededError
from elvmass_core.io import open_files
from elvmass_core.io.child import CPU_S, MEMORY_BYTES, WALL_S, receive, send
from elvmass_core.io.limits import check_size
from elvmass_core.io.saved import Opened, from_parts

MAX_CHILDREN = 4
"""Children at work at one time; further reads wait."""
FILES_OF_A_CHILD = 10
"""What a `Reader` reads in one child: the fork is then a tenth for each, and what libraries keep stays little."""
START_S = 120
"""A new server may take so long to load its libraries on a busy machine; a read waits for it."""
_FOLDER_PREFIX = "elvmass-read-"
_PACKAGE_PARENT = Path(__file__).parents[2]
_CONNECTION_ERRORS = (BrokenPipeError, ConnectionError, OSError)
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""Of the server: what forks may have no thread beside it. The last is that of Arrow, which pandas loads."""
_Answer = tuple[dict[str, Any], list[bytes]]
_Process = subprocess.Popen[bytes]


def read_safely(files: Mapping[str, bytes], *, unit: str | None = None, fs_hz: float | None = None) -> Recording:
    """`elvmass_core.io.read_recording` in a child of its own: see there for parameters and errors.

    Raises
    ------
    RecordingError
        As `read_recording`, and `ReaderStoppedError` when the child passed its time or memory or broke.
    """
    return open_safely(files, unit=unit, fs_hz=fs_hz).recording


def open_safely(files: Mapping[str, bytes], *, unit: str | None = None, fs_hz: float | None = None) -> Opened:
    """`elvmass_core.io.open_files` in a child of its own: see there for parameters and errors.

    Raises
    ------
    RecordingError
        As `open_files`, and `ReaderStoppedError` when the child passed its time or memory or broke.
    """
    with Reader() as reader:
        return reader.open(files, unit=unit, fs_hz=fs_hz)


class Reader:
    """Files of one owner, read one after the other, `FILES_OF_A_CHILD` to a child at most; not shared by threads."""

    def __init__(self) -> None:
        self._line: socket.socket | None = None
        """To a child whose readings were all good."""
        self._n_read = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        if self._line is not None:
            self._line.close()
        self._line, self._n_read = None, 0

    def read(self, files: Mapping[str, bytes], *, unit: str | None = None, fs_hz: float | None = None) -> Recording:
        """As `read_safely`."""
        return self.open(files, unit=unit, fs_hz=fs_hz).recording

    def open(self, files: Mapping[str, bytes], *, unit: str | None = None, fs_hz: float | None = None) -> Opened:
        """As `open_safely`."""
        check_size(sum(map(len, files.values())))
        if not hasattr(os, "fork"):
            return open_files(files, unit=unit, fs_hz=fs_hz)
        with _slots, private_folder() as folder:
            request = {"unit": unit, "fs_hz": fs_hz, "folder": str(folder), "names": list(map(_sendable, files))}
            answer = self._ask(request, list(files.values()))
        return _opened(answer)

    def _ask(self, request: Mapping[str, object], blobs: list[bytes]) -> _Answer | None:
        """A good answer of the child at hand, or any of a fresh one; keeps the child of a good answer."""
        if self._n_read == FILES_OF_A_CHILD:
            self.close()
        answer = None if self._line is None else _exchange(self._line, request, blobs)
        if not _is_good(answer):
            self.close()
            answer, self._line = _server.ask(request, blobs)
        self._n_read += 1
        if not _is_good(answer):
            self.close()
        return answer


def _is_good(answer: _Answer | None) -> bool:
    return answer is not None and "error" not in answer[0]


def _opened(answer: _Answer | None) -> Opened:
    """What a child read; raises what it reported."""
    if answer is None:
        raise ReaderStoppedError(
            f"The file was not read within {CPU_S} s and {MEMORY_BYTES / 1e9:g} GB, or it broke the reader: "
            "try again when the machine is less busy, and if it stays so export the recording again."
        )
    values, blobs = answer
    if "error" in values:
        raise _error(values)
    return from_parts(values, [np.frombuffer(blob, "<f8").reshape(N_LEADS, -1) for blob in blobs])


def _exchange(line: socket.socket, request: Mapping[str, object], blobs: list[bytes]) -> _Answer | None:
    """The answer of one child; None when it ended without one."""
    try:
        send(line, request, blobs)
        return receive(line)
    except (*_CONNECTION_ERRORS, orjson.JSONDecodeError):
        return None


def warm_up() -> None:
    """Start the server now, so that the first read need not wait for it."""
    if hasattr(os, "fork"):
        _server.start()


def _sendable(name: str) -> str:
    """A file name without what is no text: Linux allows names that are not UTF-8."""
    return name.encode(errors="replace").decode()


_slots = threading.BoundedSemaphore(MAX_CHILDREN)


def _error(values: Mapping[str, Any]) -> RecordingError:
    """Return the error that a child reported; only the classes of our own tree can be named."""
    kind = getattr(errors, str(values["error"]), errors.UnreadableError)
    message = str(values["message"])
    if kind is UnitNeededError:
        return UnitNeededError(message, peak_to_peak=float(values["peak_to_peak"] or "nan"))
    is_ours = isinstance(kind, type) and issubclass(kind, RecordingError)
    return kind(message) if is_ours else errors.UnreadableError(message)


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for one child, named after this process, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left_folders() -> None:
    """Remove the folders of processes that were killed and could not do it themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER_PREFIX}*"):
        owner = folder.name.removeprefix(_FOLDER_PREFIX).split("-")[0]
        if owner.isdecimal() and not _is_alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _is_gone(process: _Process) -> bool:
    """Whether a server was killed, which is no fault of the file that its child was reading."""
    try:
        return process.wait(timeout=0.2) is not None
    except subprocess.TimeoutExpired:
        return False


class Server:
    """The process that forks the children; started on first use, and again when it is gone.

    Parameters
    ----------
    program : sequence of str
        What Python is to run; it is given the number of the control connection.
    """

    def __init__(self, program: Sequence[str] = ("-m", "elvmass_core.io.child")) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._control: socket.socket | None = None
        self._started_s = 0.0

    def start(self) -> None:
        """Start the server unless it runs."""
        with self._lock:
            self._start()

    def ask(self, request: Mapping[str, object], blobs: list[bytes]) -> tuple[_Answer | None, socket.socket]:
        """The answer of a new child, None when it ended without one; and the line to it, which the caller closes."""
        line, process = self._connect()
        answer = _exchange(line, request, blobs)
        if answer is None and _is_gone(process):
            line.close()
            line, _ = self._connect()
            answer = _exchange(line, request, blobs)
        return answer, line

    def _connect(self) -> tuple[socket.socket, _Process]:
        """Return our end of a connection whose other end a new child holds, and the server that was asked for it."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            for _ in range(2):
                try:
                    control, process = self._start()
                    ours.settimeout(WALL_S + 5 + max(0.0, self._started_s + START_S - time.monotonic()))
                    socket.send_fds(control, [b"f"], [theirs.fileno()])
                    return ours, process
                except _CONNECTION_ERRORS:
                    self._stop()
        ours.close()
        raise ReaderStoppedError("The reading process cannot be started: restart the app.")

    def _start(self) -> tuple[socket.socket, _Process]:
        if self._control is not None and self._process is not None and self._process.poll() is None:
            return self._control, self._process
        self._stop()
        remove_left_folders()
        control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *self._program, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **_ONE_THREAD,
                     "PYTHONPATH": os.pathsep.join(filter(None, [str(_PACKAGE_PARENT), os.environ.get("PYTHONPATH")]))},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
        self._control, self._started_s = control, time.monotonic()
        return control, self._process

    def _stop(self) -> None:
        """Close the connection, which ends the server."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self._process = self._control = None

    @property
    def pid(self) -> int | None:
        """Number of the process, None before it was started."""
        return None if self._process is None else self._process.pid

    def stop(self) -> None:
        """End the server; the next read starts another."""
        with self._lock:
            self._stop()


_server = Server()
atexit.register(_server.stop)
