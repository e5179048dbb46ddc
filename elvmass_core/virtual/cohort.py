"""A cohort on disk: one record per patient, a table of the patients, and what the cohort is.

    out/records/<id>.hea .dat             the ECG (or one file: .npz, .dcm, .csv)
    out/truth/<id>.json                   the patient; written last, so its presence says that the record is complete
    out/patients.csv, out/cohort.json     the table and its description

Each patient has a random stream of its own, ``default_rng([seed, index])``: the number of workers does not matter, an
interrupted cohort resumes, and a larger one extends a smaller one of the same seed.
"""

import csv
import io
import json
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from elvmass_core.domain import DeviceFilters, FloatArray, Patient, Recording, Sex
from elvmass_core.errors import CohortError
from elvmass_core.io.wfdb_writer import filter_comment, write_wfdb
from elvmass_core.io.writers import csv_bytes, dicom_bytes
from elvmass_core.processes import Progress, map_processes
from elvmass_core.units import LEADS
from elvmass_core.virtual.beat import SimulatedBeat, simulate_beat
from elvmass_core.virtual.device import counts_per_mv
from elvmass_core.virtual.patient import VirtualPatient
from elvmass_core.virtual.presets import COHORT_VERSION, preset_named
from elvmass_core.virtual.recording import RECORDING_FS_HZ, simulate_recording
from elvmass_core.virtual.sampling import sample_patient

FORMATS = {"wfdb": (".dat", ".hea"), "npz": (".npz",), "dicom": (".dcm",), "csv": (".csv",)}
"""Files of a record in each format."""
COLUMNS = (
    "id", "sex", "age", "height_cm", "weight_kg", "bsa_m2", "lvm_g", "lvmi_g_m2", "record", "lvm_true_g", "edv_ml",
    "wall_mm", "strain", "block", "hr_bpm", "qrs_true_ms", "seed", "rhythm", "n_premature", "lvm_measured_g", "scar",
)  # fmt: skip
"""``lvm_g`` and ``lvmi_g_m2`` are what a clinic would have, the training label: the measured mass, with its reader's
error (again under its full name in ``lvm_measured_g``). ``lvm_true_g`` is the patient's true mass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortJob:
    """What a worker needs to make any patient of a cohort."""

    out: Path
    seed: int
    preset: str
    fmt: str

    def patient_id(self, index: int) -> str:
        """Name of a patient and of its record."""
        return f"{self.seed}-{index:05d}"

    def truth_path(self, index: int) -> Path:
        """Sidecar of a patient."""
        return self.out / "truth" / f"{self.patient_id(index)}.json"

    def is_done(self, index: int) -> bool:
        """Whether the record and its sidecar are complete."""
        stem = self.out / "records" / self.patient_id(index)
        files = (stem.with_name(stem.name + suffix) for suffix in FORMATS[self.fmt])
        return self.truth_path(index).is_file() and all(file.is_file() for file in files)


def simulate_cohort(
    n: int,
    seed: int,
    out: Path,
    *,
    preset: str = "taiwan-like",
    fmt: str = "wfdb",
    workers: int = 2,
    progress: Progress | None = None,
) -> Path:
    """Simulate a cohort into a folder, or complete one that is there.

    Parameters
    ----------
    n : int
        Number of patients.
    seed : int
        Not negative; two cohorts of one seed share their patients.
    out : Path
        Folder; made when it is not there.
    preset : str
        A name in `presets.PRESETS`.
    fmt : {"wfdb", "npz", "dicom", "csv"}
        WFDB format 16 at the device's resolution, an archive with ``signal_mv`` (12, 5000) float32, ``fs_hz`` and
        ``leads``, a DICOM 12-lead ECG, or a table of millivolts.
    workers : int
        Processes.
    progress : callable, optional
        Called with (patients done, n).

    Returns
    -------
    Path
        ``out / "patients.csv"``.

    Raises
    ------
    CohortError
        An argument is out of range, or the folder holds another cohort.
    """
    out = Path(out)
    _check_arguments(n, seed, fmt, workers)
    job = CohortJob(out=out, seed=seed, preset=preset, fmt=fmt)
    description = _describe(job, n)
    _check_folder(out, description)
    for folder in ("records", "truth"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    _write_atomically(out / "cohort.json", (json.dumps(description, indent=2) + "\n").encode())
    missing = [index for index in range(n) if not job.is_done(index)]
    done = n - len(missing)
    simulated = map_processes(partial(simulate_one, job), missing, workers, chunk=1)
    for finished, _ in enumerate(simulated, start=1):
        if progress is not None:
            progress(done + finished, n)
    table = out / "patients.csv"
    _write_atomically(table, _table(job, n))
    return table


def simulate_one(job: CohortJob, index: int) -> None:
    """Simulate one patient of the cohort and write its record, then its sidecar."""
    rng = np.random.default_rng([job.seed, index])
    patient = sample_patient(rng, job.preset)
    beat = simulate_beat(patient)
    signal = simulate_recording(patient, rng, beat=beat)
    _write_record(job, index, patient, signal)
    row = truth_row(patient, beat, job.patient_id(index), job.seed)
    _write_atomically(job.truth_path(index), (json.dumps(row) + "\n").encode())


def truth_row(patient: VirtualPatient, beat: SimulatedBeat, patient_id: str, seed: int) -> dict[str, str | float | int]:
    """One row of the patient table, rounded as a clinic would write it; keys are `COLUMNS`."""
    height, weight = round(patient.height_cm, 1), round(patient.weight_kg, 1)
    measured = round(patient.lvm_measured_g, 1)
    bsa = round(patient.bsa_m2, 4)
    return {
        "id": patient_id,
        "sex": Sex(patient.sex).value,
        "age": int(patient.age_years),
        "height_cm": height,
        "weight_kg": weight,
        "bsa_m2": bsa,
        "lvm_g": measured,
        "lvmi_g_m2": round(measured / bsa, 2),
        "record": f"records/{patient_id}",
        "lvm_true_g": round(patient.lvm_true_g, 3),
        "edv_ml": round(patient.heart.edv_ml, 2),
        "wall_mm": round(beat.wall_mm, 2),
        "strain": round(patient.repolarisation.strain, 3),
        "block": patient.block,
        "hr_bpm": round(patient.rhythm.rate_bpm, 1),
        "qrs_true_ms": round(beat.qrs_ms, 1),
        "seed": seed,
        "rhythm": patient.rhythm.kind.value,
        "n_premature": patient.rhythm.n_premature,
        "lvm_measured_g": measured,
        "scar": int(patient.conduction.scar is not None),
    }


def _check_arguments(n: int, seed: int, fmt: str, workers: int) -> None:
    """Say what is wrong with the arguments."""
    if fmt not in FORMATS:
        raise CohortError(f"There is no record format {fmt!r}: choose one of {', '.join(FORMATS)}.")
    for name, value, least in (("n", n, 1), ("seed", seed, 0), ("workers", workers, 1)):
        if value < least:
            raise CohortError(f"{name} is {value}, but must be at least {least}.")


def _describe(job: CohortJob, n: int) -> dict[str, str | int]:
    """Content of cohort.json."""
    return {
        "version": COHORT_VERSION,
        "preset": job.preset,
        "parameter_sha256": preset_named(job.preset).parameter_sha256,
        "seed": job.seed,
        "n": n,
        "format": job.fmt,
    }


def _check_folder(out: Path, description: dict[str, str | int]) -> None:
    """Refuse to mix two cohorts in one folder; only the number of patients may differ."""
    path = out / "cohort.json"
    if not path.is_file():
        return
    present = json.loads(path.read_text(encoding="utf-8"))
    for name, wanted in description.items():
        if name != "n" and present.get(name) != wanted:
            raise CohortError(
                f"The folder {out} holds a cohort with {name} {present.get(name)!r}, not {wanted!r}: choose another."
            )


def _write_record(job: CohortJob, index: int, patient: VirtualPatient, signal_mv: FloatArray) -> None:
    """Write a record; each file appears whole or not at all."""
    name, records = job.patient_id(index), job.out / "records"
    if job.fmt == "wfdb":
        counts = counts_per_mv(patient.recorder.resolution_uv)
        write_wfdb(records, name, signal_mv, RECORDING_FS_HZ, _comments(patient), counts_per_mv=counts)
        return
    _write_atomically(records / f"{name}{FORMATS[job.fmt][0]}", _one_file(job.fmt, patient, signal_mv))


def _one_file(fmt: str, patient: VirtualPatient, signal_mv: FloatArray) -> bytes:
    """A record of a format that is one file."""
    if fmt == "npz":
        archive = io.BytesIO()
        np.savez(archive, signal_mv=signal_mv.astype(np.float32), fs_hz=RECORDING_FS_HZ, leads=np.array(LEADS))
        return archive.getvalue()
    recording = Recording(signal_mv=signal_mv, fs_hz=RECORDING_FS_HZ, format="simulated", filters=_band(patient))
    if fmt == "csv":
        return csv_bytes(recording)
    person = Patient(
        sex=Sex(patient.sex),
        age_years=int(patient.age_years),
        height_cm=round(patient.height_cm, 1),
        weight_kg=round(patient.weight_kg, 1),
    )
    return dicom_bytes(recording, person)


def _comments(patient: VirtualPatient) -> tuple[str, ...]:
    """Header comments in the wording of PhysioNet."""
    sex = "Female" if patient.sex is Sex.FEMALE else "Male"
    band = filter_comment(_band(patient))
    return (f"Age: {int(patient.age_years)}", f"Sex: {sex}", *band, "Simulated by ELVMass; not a person")


def _band(patient: VirtualPatient) -> DeviceFilters:
    """Band of the simulated device."""
    return DeviceFilters(
        highpass_hz=patient.recorder.high_pass_hz, lowpass_hz=patient.recorder.low_pass_hz, notch_hz=0.0
    )


def _write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)


def _table(job: CohortJob, n: int) -> bytes:
    """The patient table from the sidecars, in order of index."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for index in range(n):
        writer.writerow(json.loads(job.truth_path(index).read_text(encoding="utf-8")))
    return text.getvalue().encode()
