"""Reading in a child: the same answers, and whatever a file does to its child, the caller gets one sentence."""

import contextlib
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from elvmass_core.errors import LimitError, ReaderStoppedError, RecordingError, UnitNeededError, UnreadableError
from elvmass_core.io import read_recording
from elvmass_core.io import sandbox as sandbox_module
from elvmass_core.io.sandbox import FILES_OF_A_CHILD, MAX_CHILDREN, Reader, read_safely, remove_left_folders
from tests.io.mutants import mutated_files
from tests.io.seeds import seeds_by_format

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

MISBEHAVING = """
import socket, sys, time
import elvmass_core.io as io
from elvmass_core.io import child

child.CPU_S, child.WALL_S, child.MEMORY_BYTES = 1, 2, 200_000_000
honest = io.open_files


def open_files(files, **answers):
    (content,) = files.values()
    if content.startswith(b"!"):
        deed, _, sound = content[1:].partition(b"#sound#")
        exec(deed, kept)
        return honest({"a": sound}, **answers)
    return honest(files, **answers)


kept = dict(globals())


io.open_files = open_files
child.serve(socket.socket(fileno=int(sys.argv[1])))
"""


PATIENT = MISBEHAVING.replace("= 1, 2, 200", "= 1, 60, 200")
"""Does not lose patience on a busy machine, where a test is not about that."""


def left_folders():
    return list(Path(tempfile.gettempdir()).glob(f"elvmass-read-{os.getpid()}-*"))


@pytest.fixture
def misbehaving(monkeypatch):
    """A server whose children do what the file says, under tighter limits."""
    yield from served(MISBEHAVING, monkeypatch)


@pytest.fixture
def patient(monkeypatch):
    """The same with a minute for each file."""
    yield from served(PATIENT, monkeypatch)


def served(program, monkeypatch):
    server = sandbox_module.Server(program=("-c", program))
    monkeypatch.setattr(sandbox_module, "_server", server)
    yield server
    server.stop()


def test_a_child_reads_what_the_readers_read(dicom_bytes, csv_bytes):
    for content in (dicom_bytes, csv_bytes):
        here, there = read_recording({"a": content}, fs_hz=500), read_safely({"a": content}, fs_hz=500)
        for name in ("digest", "format", "fs_hz", "stated", "notes", "findings", "filters"):
            assert getattr(here, name) == getattr(there, name), name


def test_an_error_comes_back_as_the_same_class_with_the_same_sentence(csv_bytes):
    for content, answers in ((b"", {}), (b"%PDF-1.7", {}), (csv_bytes.replace(b"(mV)", b""), {"fs_hz": 500})):
        with pytest.raises(RecordingError) as here:
            read_recording({"a": content}, **answers)
        with pytest.raises(type(here.value)) as there:
            read_safely({"a": content}, **answers)
        assert str(there.value) == str(here.value)


def test_the_question_for_the_unit_keeps_its_span(table, ecg_mv):
    names = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
    with pytest.raises(UnitNeededError) as asked:
        read_safely({"a": table(ecg_mv, names)}, fs_hz=500)
    assert math.isfinite(asked.value.peak_to_peak)
    assert asked.value.peak_to_peak > 0


def test_more_than_an_upload_is_refused_before_a_child_is_asked(monkeypatch):
    monkeypatch.setattr(sandbox_module, "_server", None)
    with pytest.raises(LimitError):
        read_safely({"a": bytes(10_000_001)})


@pytest.mark.parametrize(
    "deed",
    [
        b"!while True: pass",
        b"!time.sleep(60)",
        b"!import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        b"!raise ValueError('not one of ours')",
        b"!sys.exit(3)",
        b"!import resource; open(__import__('tempfile').gettempdir() + '/x', 'wb').write(bytes(100_000_000))",
    ],
    ids=["endless", "asleep", "crash", "surprise", "exit", "large file"],
)
def test_a_file_that_breaks_its_child_gets_one_sentence_and_leaves_nothing(misbehaving, deed, dicom_bytes):
    with pytest.raises(ReaderStoppedError, match="export the recording again"):
        read_safely({"a": deed})
    assert left_folders() == []
    assert read_safely({"a": dicom_bytes}).format.startswith("DICOM")  # the next visitor is not harmed


def test_a_file_that_wants_too_much_memory_is_refused_in_words(misbehaving):
    with pytest.raises(LimitError, match="more memory"):
        read_safely({"a": b"!bytearray(400_000_000)"})
    assert left_folders() == []


def test_a_child_writes_only_in_its_own_folder_and_it_is_gone_afterwards(misbehaving):
    where = b"!import tempfile; open(tempfile.mkstemp()[1], 'w').write(tempfile.gettempdir()); "
    with pytest.raises(UnreadableError):
        read_safely({"a": where + b"raise io.UnreadableError(tempfile.gettempdir())"})
    assert left_folders() == []


def pids(monkeypatch):
    """Numbers of the children that read a `deed`, in the order of the files."""
    found = []
    folder = sandbox_module.private_folder

    @contextlib.contextmanager
    def watched():
        with folder() as path:
            try:
                yield path
            finally:
                found.extend(int(name.name) for name in path.iterdir())

    monkeypatch.setattr(sandbox_module, "private_folder", watched)
    return found


def deed(python, sound=b""):
    """A file that makes its child run this, say who it is, and read on."""
    who = "import os, tempfile; open(tempfile.gettempdir() + '/' + str(os.getpid()), 'w').close()\n"
    return {"a": f"!{who}{python}".encode() + b"#sound#" + sound}


def test_a_reader_reads_several_files_in_one_child_and_then_takes_another(patient, dicom_bytes, monkeypatch):
    children = pids(monkeypatch)
    with Reader() as reader:
        found = {reader.read(deed("", dicom_bytes)).digest for _ in range(FILES_OF_A_CHILD + 1)}
    assert found == {read_recording({"a": dicom_bytes}).digest}
    assert len(set(children[:FILES_OF_A_CHILD])) == 1
    assert children[-1] != children[0]
    assert left_folders() == []


@pytest.mark.parametrize(
    "python",
    ["while True: pass", "time.sleep(60)", "os._exit(3)", "raise ValueError", "raise io.UnreadableError('No.')"],
)
def test_after_anything_but_a_good_reading_a_reader_takes_a_fresh_child(misbehaving, dicom_bytes, monkeypatch, python):
    children = pids(monkeypatch)
    with Reader() as reader:
        reader.read(deed("", dicom_bytes))
        with pytest.raises(RecordingError):
            reader.read(deed(python, dicom_bytes))
        assert reader.read(deed("", dicom_bytes)).format.startswith("DICOM")
    first, *bad, last = children
    assert first in bad  # it was tried in the child at hand, and by itself
    assert {first, last} & set(bad) == {first}
    assert first != last
    assert left_folders() == []


def test_a_file_is_not_refused_for_what_the_one_before_left(patient, dicom_bytes):
    """The limit of memory is for a child; a file that fits alone is read although another took most of it."""
    with Reader() as reader:
        reader.read(deed("left = bytearray(120_000_000)", dicom_bytes))
        assert reader.read(deed("mine = bytearray(120_000_000)", dicom_bytes)).format.startswith("DICOM")


def test_a_child_is_not_ended_while_it_waits_for_its_next_file(misbehaving, dicom_bytes, monkeypatch):
    children = pids(monkeypatch)
    with Reader() as reader:
        reader.read(deed("", dicom_bytes))
        time.sleep(2.5)  # more than the time of one file
        reader.read(deed("", dicom_bytes))
    assert len(set(children)) == 1


def test_each_file_of_a_child_has_the_processor_time_of_one(patient, dicom_bytes, monkeypatch):
    children = pids(monkeypatch)
    busy = "end = time.process_time() + 0.6\nwhile time.process_time() < end: pass"
    with Reader() as reader:
        for _ in range(2):  # 1.2 s in all, where one may take 1 s
            reader.read(deed(busy, dicom_bytes))
    assert len(set(children)) == 1


def test_what_was_read_before_does_not_change_what_is_read():
    """Sound files among those made wrong of every format, in one process, as in a child that reads on."""
    answers = {"unit": "mV", "fs_hz": 500.0}

    def digest(files, read):
        try:
            return read(files, **answers).digest
        except RecordingError as error:
            return str(error)

    rng = random.Random(7)
    sound = [files for seeds in seeds_by_format().values() for files in seeds[:2]]
    alone = [digest(files, read_safely) for files in sound]
    n_read = sum(len(digest(mutated_files(rng.choice(sound), rng), read_recording)) == 64 for _ in range(150))
    assert n_read > 20
    assert sum(len(one) == 64 for one in alone) > 8
    assert [digest(files, read_recording) for files in sound] == alone


def test_the_server_is_started_again_after_a_kill(misbehaving, dicom_bytes):
    read_safely({"a": dicom_bytes})
    os.kill(misbehaving.pid, signal.SIGKILL)
    assert read_safely({"a": dicom_bytes}).fs_hz > 0


def test_a_file_whose_server_was_killed_and_replaced_is_read_again_and_not_blamed(misbehaving, csv_bytes, monkeypatch):
    """Another visitor has started the next server before this one learns that the first is gone."""

    def killed_and_replaced(connection, *rest):
        monkeypatch.undo()
        monkeypatch.setattr(sandbox_module, "_server", misbehaving)
        os.kill(misbehaving.pid, signal.SIGKILL)
        misbehaving._process.wait()
        misbehaving.start()
        raise BrokenPipeError

    misbehaving.start()
    monkeypatch.setattr(sandbox_module, "send", killed_and_replaced)
    assert read_safely({"a": csv_bytes}).fs_hz == 500.0


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_the_process_that_forks_has_one_thread(csv_bytes):
    read_safely({"a": csv_bytes})
    assert len(list(Path(f"/proc/{sandbox_module._server.pid}/task").iterdir())) == 1


def test_a_file_name_that_is_no_text_is_no_obstacle(csv_bytes):
    assert read_safely({"ecg\udcff.csv": csv_bytes}).format == "CSV"


def test_many_readers_at_once_each_get_their_own_answer(dicom_bytes, csv_bytes):
    contents = [dicom_bytes, csv_bytes] * (2 * MAX_CHILDREN)
    expected = {content: read_recording({"a": content}, fs_hz=500).digest for content in (dicom_bytes, csv_bytes)}
    found: dict[int, str] = {}
    threads = [
        threading.Thread(
            target=lambda at=at, content=content: found.__setitem__(
                at, read_safely({"a": content}, fs_hz=500).digest
            )
        )
        for at, content in enumerate(contents)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[at] for at in range(len(contents))] == [expected[content] for content in contents]
    assert left_folders() == []


def test_the_folder_of_a_process_that_was_killed_is_removed_later(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = tmp_path / f"elvmass-read-{ended.pid}-abc"
    alive = tmp_path / f"elvmass-read-{os.getpid()}-abc"
    for folder in (dead, alive):
        folder.mkdir()
    remove_left_folders()
    assert (dead.exists(), alive.exists()) == (False, True)
