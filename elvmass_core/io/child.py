"""The other side of `elvmass_core.io.sandbox`: the server that forks, and the child that reads and ends.

A child reads on while its connection is open and everything it read was an ECG; after a refusal it ends.
"""

import gc
import math
import os
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import orjson

CPU_S, WALL_S = 10, 20
"""A child is killed after so many seconds of processor time for one file, or of waiting on a busy machine."""
MEMORY_BYTES = 1_000_000_000
"""What a child may take beyond what the server had when it forked, for all it reads."""
_MAX_FILE_BYTES = 64_000_000
_MAX_FRAME_BYTES = 200_000_000
_LENGTH = struct.Struct("<Q")


def send(connection: socket.socket, values: Mapping[str, object], blobs: Sequence[bytes]) -> None:
    """Send plain values and the bytes that go with them."""
    head = orjson.dumps({"values": values, "sizes": [len(blob) for blob in blobs]})
    connection.sendall(_LENGTH.pack(len(head)) + head)
    for blob in blobs:
        connection.sendall(blob)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[bytes]] | None:
    """Return what `send` sent; None when the other side ended first."""
    length = _exactly(connection, _LENGTH.size)
    head = None if length is None else _exactly(connection, _LENGTH.unpack(length)[0])
    if head is None:
        return None
    message = orjson.loads(head)
    blobs = [_exactly(connection, size) for size in message["sizes"]]
    complete = [blob for blob in blobs if blob is not None]
    return (message["values"], complete) if len(complete) == len(blobs) else None


def _exactly(connection: socket.socket, n_bytes: int) -> bytes | None:
    """Read so many bytes; None when the connection ends before, or when they are more than any answer has."""
    if n_bytes > _MAX_FRAME_BYTES:
        return None
    content = bytearray(n_bytes)
    view, done = memoryview(content), 0
    while done < n_bytes:
        received = connection.recv_into(view[done:])
        if not received:
            return None
        done += received
    return bytes(content)


def serve(control: socket.socket) -> None:
    """Fork a child for every connection that comes in, until the parent's end closes."""
    _import_readers()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children need no burial
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        for descriptor in descriptors:
            if os.fork() == 0:
                control.close()
                _be_child(descriptor)
            os.close(descriptor)


def _import_readers() -> None:
    """Import before forking what readers import when they are called."""
    import ecgdatakit.parsing.parsers.ge_muse_xml
    import ecgdatakit.parsing.parsers.hl7_aecg
    import ecgdatakit.parsing.parsers.scp_ecg
    import ecgdatakit.parsing.parsers.sierra_xml  # noqa: F401
    import pandas as pd  # noqa: F401
    import pydicom  # noqa: F401
    import scipy.io  # noqa: F401

    import elvmass_core.io  # noqa: F401


def _be_child(descriptor: int) -> NoReturn:
    """Answer within limits until a refusal or the end of the connection; end without any clean-up of the server's."""
    try:
        _limit()
        with socket.socket(fileno=descriptor) as connection:
            while (request := receive(connection)) is not None:
                _limit_times()
                if not _answer(connection, *request):
                    break
                signal.setitimer(signal.ITIMER_REAL, 0)  # waiting for the next file is not reading
    finally:
        os._exit(0)


def _limit() -> None:
    """Bound memory and files of this child."""
    import resource

    limits = {
        resource.RLIMIT_AS: _address_space_bytes() + MEMORY_BYTES,
        resource.RLIMIT_FSIZE: _MAX_FILE_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))


def _limit_times() -> None:
    """Bound processor time and time of one file; the default of each signal is the end of the process."""
    import resource

    for one in (signal.SIGALRM, signal.SIGXCPU):
        signal.signal(one, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, WALL_S)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (round(time.process_time()) + CPU_S, most))


def _address_space_bytes() -> int:
    """Virtual memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _answer(connection: socket.socket, request: Mapping[str, Any], contents: Sequence[bytes]) -> bool:
    """Send the ECG and return True, or the error; one that is none of ours ends the child without an answer."""
    from elvmass_core.errors import LimitError, RecordingError, UnitNeededError
    from elvmass_core.io import open_files
    from elvmass_core.io.saved import to_parts

    tempfile.tempdir = request["folder"]
    try:
        files = dict(zip(request["names"], contents, strict=True))
        values, arrays = to_parts(open_files(files, unit=request["unit"], fs_hz=request["fs_hz"]))
    except MemoryError:
        error = LimitError("The file needs more memory than reading may take: export one recording of 5 to 60 s.")
        send(connection, {"error": type(error).__name__, "message": str(error)}, [])
    except RecordingError as error:
        span = error.peak_to_peak if isinstance(error, UnitNeededError) else math.nan
        send(connection, {"error": type(error).__name__, "message": str(error), "peak_to_peak": span}, [])
    else:
        send(connection, values, [np.ascontiguousarray(array, dtype="<f8").tobytes() for array in arrays])
        return True
    return False


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
