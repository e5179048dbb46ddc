"""The cohort on disk: reproducible bytes, resuming, and the table."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from elvmass_core.errors import CohortError
from elvmass_core.units import body_surface_area_m2
from elvmass_core.virtual import COHORT_VERSION, simulate_cohort
from elvmass_core.virtual.patient import RhythmKind

wfdb = pytest.importorskip("wfdb")
N_PATIENTS, SEED = 3, 7


def _bytes_of(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cohort")
    table = simulate_cohort(N_PATIENTS, SEED, out, workers=1)
    assert table == out / "patients.csv"
    return out


def _rows(cohort: Path) -> list[dict[str, str]]:
    with (cohort / "patients.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_has_one_row_per_patient_with_consistent_numbers(cohort: Path) -> None:
    rows = _rows(cohort)
    assert [row["id"] for row in rows] == [f"{SEED}-{index:05d}" for index in range(N_PATIENTS)]
    for row in rows:
        assert row["sex"] in ("F", "M")
        bsa = body_surface_area_m2(float(row["height_cm"]), float(row["weight_kg"]))
        assert float(row["bsa_m2"]) == pytest.approx(bsa, rel=2e-3)
        assert float(row["lvmi_g_m2"]) == pytest.approx(float(row["lvm_g"]) / float(row["bsa_m2"]), abs=0.01)
        assert 0.7 < float(row["lvm_g"]) / float(row["lvm_true_g"]) < 1.4
        assert row["lvm_measured_g"] == row["lvm_g"] != row["lvm_true_g"]
        assert row["rhythm"] in set(RhythmKind)
        assert (int(row["n_premature"]) > 0) == row["rhythm"].startswith("premature")
        assert (cohort / f"{row['record']}.hea").is_file()


def test_an_independent_reader_reads_twelve_leads_in_millivolts(cohort: Path) -> None:
    for row in _rows(cohort):
        record = wfdb.rdrecord(str(cohort / row["record"]))
        assert record.sig_name == ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
        assert record.fs == 500 and record.p_signal.shape == (5000, 12) and set(record.units) == {"mV"}
        i, ii, iii = record.p_signal[:, :3].T
        np.testing.assert_allclose(i + iii, ii, atol=1e-9)
        assert 0.5 < np.ptp(record.p_signal, axis=0).max() < 8.0


def test_the_cohort_says_what_it_is(cohort: Path) -> None:
    description = json.loads((cohort / "cohort.json").read_text())
    assert (description["version"], description["preset"], description["seed"]) == (COHORT_VERSION, "taiwan-like", SEED)
    assert description["n"] == N_PATIENTS and len(description["parameter_sha256"]) == 64


def test_two_workers_write_the_same_bytes_as_one(cohort: Path, tmp_path: Path) -> None:
    simulate_cohort(N_PATIENTS, SEED, tmp_path, workers=2)
    assert _bytes_of(tmp_path) == _bytes_of(cohort)


def test_deleted_patients_come_back_with_identical_bytes_and_the_others_are_left_alone(tmp_path: Path) -> None:
    simulate_cohort(N_PATIENTS, SEED, tmp_path, workers=1)
    before = _bytes_of(tmp_path)
    kept = tmp_path / "records" / f"{SEED}-00000.dat"
    modified = kept.stat().st_mtime_ns
    (tmp_path / "records" / f"{SEED}-00001.dat").unlink()
    (tmp_path / "truth" / f"{SEED}-00002.json").unlink()
    (tmp_path / "patients.csv").unlink()
    calls: list[tuple[int, int]] = []
    simulate_cohort(N_PATIENTS, SEED, tmp_path, workers=1, progress=lambda done, n: calls.append((done, n)))
    assert _bytes_of(tmp_path) == before
    assert kept.stat().st_mtime_ns == modified
    assert calls == [(2, 3), (3, 3)]


def test_a_larger_cohort_of_the_same_seed_extends_the_smaller(cohort: Path, tmp_path: Path) -> None:
    simulate_cohort(1, SEED, tmp_path, workers=1)
    simulate_cohort(2, SEED, tmp_path, workers=1)
    assert _rows(tmp_path) == _rows(cohort)[:2]


def test_npz_holds_the_same_signal_as_wfdb(cohort: Path, tmp_path: Path) -> None:
    simulate_cohort(1, SEED, tmp_path, fmt="npz", workers=1)
    with np.load(tmp_path / "records" / f"{SEED}-00000.npz") as archive:
        signal, fs_hz = archive["signal_mv"], float(archive["fs_hz"])
    assert signal.shape == (12, 5000) and signal.dtype == np.float32 and fs_hz == 500.0
    record = wfdb.rdrecord(str(cohort / "records" / f"{SEED}-00000"))
    np.testing.assert_allclose(signal, record.p_signal.T, atol=1e-6)


def test_a_folder_with_another_cohort_is_refused(cohort: Path) -> None:
    with pytest.raises(CohortError, match="preset 'taiwan-like', not 'uniform'"):
        simulate_cohort(N_PATIENTS, SEED, cohort, preset="uniform", workers=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"fmt": "xml"}, "'xml'"), ({"n": 0}, "n is 0"), ({"seed": -1}, "seed is -1"), ({"workers": 0}, "workers is 0"),
     ({"preset": "mars"}, "'mars'")],
)  # fmt: skip
def test_wrong_arguments_are_refused_by_name(tmp_path: Path, arguments: dict[str, object], words: str) -> None:
    with pytest.raises(CohortError, match=words):
        simulate_cohort(**{"n": 1, "seed": 1, "out": tmp_path, "workers": 1, **arguments})
