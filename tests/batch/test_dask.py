"""The same job on a Dask cluster that was started beside it, with one of its workers killed in the middle."""

import socket
import subprocess
import sys
import time

import pytest

from tests.batch import archives

pytest.importorskip("distributed", reason='needs pip install "dask[distributed]"')
N = 40


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def cluster(tmp_path):
    """Address of a scheduler on loopback, and its two worker processes."""
    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler = ["scheduler", "--host", "127.0.0.1", "--port", address.rsplit(":", 1)[1], "--no-dashboard"]
    worker = ["worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path)]
    commands = [scheduler, worker, worker]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *command], cwd=archives.ROOT, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]  # fmt: skip
    yield address, processes[1:]
    for process in processes:
        process.kill()
        process.wait()


def test_a_killed_dask_worker_loses_nothing_and_the_bytes_are_those_of_local_processes(cluster, untrained, tmp_path):
    address, workers = cluster
    folder = archives.many(tmp_path / "ecgs", N)
    (folder / "bad.dcm").write_text("This is not an ECG.")
    out, options = tmp_path / "dask.parquet", (folder, "--part-size", 10)
    process = subprocess.Popen(
        archives.command(*options, "--out", out, "--scheduler", address, weights=untrained), cwd=archives.ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    parts = tmp_path / "dask.parquet.parts"
    end = time.monotonic() + 120
    while not list(parts.glob("part-*.parquet")) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()
    workers[0].kill()
    said, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    assert f"{N + 1} recordings, {N} with an estimate, 1 refused" in said
    local = tmp_path / "local.parquet"
    assert archives.score(*options, "--out", local, weights=untrained).returncode == 0
    assert out.read_bytes() == local.read_bytes()


def test_no_scheduler_is_one_sentence(untrained, tmp_path, monkeypatch, capsys):
    from elvmass_core.__main__ import main
    from elvmass_core.batch import executors

    monkeypatch.setattr(executors, "CONNECT_S", 1)
    ecg = archives.wfdb(tmp_path, "ecg")
    address = f"tcp://127.0.0.1:{free_port()}"
    arguments = ["score", ecg, "--out", tmp_path / "x.parquet", "--scheduler", address, "--weights", untrained]
    assert main([*map(str, arguments)]) == 2
    assert "No Dask scheduler answers" in capsys.readouterr().err
