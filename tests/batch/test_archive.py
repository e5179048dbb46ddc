"""Whole jobs: killed, resumed, repeated, with one worker and with two."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.batch import archives

N, PART = 60, 8


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Readable and unreadable recordings in several formats, and the table of their patients."""
    folder = tmp_path_factory.mktemp("archive")
    archives.many(folder / "ecgs", N - 4)
    archives.npz(folder / "ecgs" / "numpy.npz")
    archives.csv(folder / "ecgs" / "unstated.csv")
    (folder / "ecgs" / "text.dcm").write_text("This is not an ECG.")
    (folder / "ecgs" / "empty.xml").write_bytes(b"")
    table = [f"{path.stem},F,63,160,58" for path in sorted((folder / "ecgs").glob("*.hea"))]
    (folder / "patients.csv").write_text("record,sex,age,height_cm,weight_kg\n" + "\n".join([*table, "numpy,M,50,,"]))
    return folder


@pytest.fixture(scope="module")
def options(archive):
    return (archive / "ecgs", "--patients", archive / "patients.csv", "--part-size", PART)


@pytest.fixture(scope="module")
def reference(archive, options, untrained):
    """The table of a run that nothing disturbed, by two workers."""
    out = archive / "reference.parquet"
    done = archives.score_here(*options, "--out", out, "--workers", 2, weights=untrained)
    assert done.returncode == 0, done.stderr
    return done, out


def test_every_recording_has_one_row_and_the_exit_code_is_0(reference):
    done, out = reference
    table = pd.read_parquet(out)
    assert len(table) == N
    assert table["record"].is_unique
    assert sorted(table.loc[table["refusal"].notna(), "record"]) == ["empty", "text", "unstated"]
    assert table.loc[table["refusal"].isna(), "lvm_g"].notna().all()
    assert f"{N} recordings, {N - 3} with an estimate, 3 refused" in done.stdout
    assert re.search(r" scored, [0-9.]+ (a second|s each), .+ left", done.stderr)


def test_the_table_says_what_made_it_and_that_it_is_not_for_diagnosis(reference):
    stored = json.loads(pq.read_metadata(reference[1]).metadata[b"elvmass"])
    assert set(stored["bundles"]) == {"untrained-F", "untrained-M"}
    assert "not for diagnosis" in stored["disclaimer"]
    job = json.loads(reference[1].with_name("reference.parquet.job.json").read_text())
    assert job["complete"]["scored_in_this_run"] == N
    assert not reference[1].with_name("reference.parquet.parts").exists()


def test_one_worker_gives_the_bytes_of_two(options, reference, untrained, tmp_path):
    out = tmp_path / "one.parquet"
    assert archives.score_here(*options, "--out", out, "--workers", 1, weights=untrained).returncode == 0
    assert out.read_bytes() == reference[1].read_bytes()


def descendants(pid):
    """Of a process, those of its workers and of their reading servers too."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [one for child in map(int, children) for one in (child, *descendants(child))]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true, seconds=150.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks at processes through /proc")
def test_a_killed_run_is_resumed_to_the_same_bytes_and_leaves_no_process(options, reference, untrained, tmp_path):
    out, parts = tmp_path / "killed.parquet", tmp_path / "killed.parquet.parts"
    run = (*options, "--out", out, "--workers", 2)
    command = archives.command(*run, weights=untrained)
    with subprocess.Popen(command, cwd=archives.ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: len(list(parts.glob("part-*.parquet"))) >= 2)
            family = descendants(process.pid)
        finally:
            process.send_signal(signal.SIGKILL)
    assert len(family) >= 4  # two workers, what they are forked from, what reads for them
    wait_until(lambda: not any(map(alive, family)))
    before = {path: path.stat().st_mtime_ns for path in parts.glob("part-*.parquet")}
    assert not out.exists()
    assert 2 <= len(before) < N // PART

    refused = archives.score_here(*run, weights=untrained)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr

    min(before).write_bytes(b"PAR1 cut short")
    resumed = archives.score_here(*run, "--resume", "--parts", weights=untrained)
    assert (resumed.returncode, "the options are others" in resumed.stderr) == (2, True)
    resumed = archives.score_here(*run, "--resume", weights=untrained)
    assert resumed.returncode == 0, resumed.stderr
    assert f"{PART * (len(before) - 1)} rows were there already" in resumed.stdout
    assert out.read_bytes() == reference[1].read_bytes()
    assert not parts.exists()


def test_a_complete_job_is_not_done_again(options, reference, untrained):
    out = reference[1]
    before = out.stat().st_mtime_ns
    done = archives.score_here(*options, "--out", out, "--resume", weights=untrained)
    assert (done.returncode, out.stat().st_mtime_ns) == (0, before)
    assert f"{N} rows were there already" in done.stdout


@pytest.mark.parametrize("what, said", [("inputs", "recordings"), ("patients", "patients"), ("unit", "options")])
def test_other_inputs_are_not_resumed_into_a_table(archive, options, reference, untrained, what, said):
    inputs, patients = archive / "ecgs", archive / "patients.csv"
    extra = ["--unit", "mV"] if what == "unit" else []
    if what == "inputs":
        inputs = archive / "ecgs" / "ecg001.hea"
    if what == "patients":
        patients = archive / "others.csv"
        patients.write_text("record,sex\necg001,F\n")
    done = archives.score_here(
        inputs, "--patients", patients, "--part-size", PART, "--out", reference[1], "--resume", *extra,
        weights=untrained,
    )  # fmt: skip
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_parts_stay_as_a_folder_and_maps_come_in_shards_beside_them(archive, untrained, tmp_path):
    files = [archive / "ecgs" / name for name in ("ecg000.hea", "ecg001.hea", "text.dcm")]
    arguments = (*files, "--out", tmp_path / "table", "--parts", "--part-size", 2, "--saliency", tmp_path / "maps")
    assert archives.score_here(*arguments, "--workers", 1, weights=untrained).returncode == 0
    table = pd.read_parquet(tmp_path / "table")
    assert list(table["record"]) == ["ecg000", "ecg001", "text"]
    with np.load(tmp_path / "maps" / "part-00000.npz") as first, np.load(tmp_path / "maps" / "part-00001.npz") as last:
        assert list(first["record"]) == ["ecg000", "ecg001"]
        assert first["beat_g"].shape == (2, 12, 400)
        assert first["beat_g"].dtype == np.float32
        assert len(last["record"]) == 0
    assert archives.score_here(*arguments, weights=untrained).returncode == 2
    assert archives.score_here(*arguments, "--resume", weights=untrained).returncode == 0


def test_no_weights_no_workers_and_a_path_that_is_not_there_are_one_sentence(archive, untrained, tmp_path):
    ecg, out = archive / "ecgs" / "ecg000.hea", tmp_path / "x.parquet"
    for weights, arguments in ((tmp_path, [ecg]), (untrained, [ecg, "--workers", 0]), (untrained, [tmp_path / "gone"])):
        done = archives.score_here(*arguments, "--out", out, weights=weights)
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1
