"""Recordings as uploads in every format that the app reads, with a mark wherever a format can hold a name or an id."""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import orjson
import scipy.io
from pydicom import dcmread
from pydicom.uid import generate_uid

from elvmass_core.domain import DeviceFilters, FloatArray, Patient, Recording, Sex
from elvmass_core.io.saved import KEY, Opened, to_saved
from elvmass_core.io.writers import csv_bytes, dicom_bytes, wfdb_files
from elvmass_core.units import INDEPENDENT_ROWS
from elvmass_core.virtual import sample_patient, simulate_recording
from tests.io import made
from tests.io.mutants import mutated_files
from tests.io.seeds import zipped

FS_HZ = 500.0
BIRTH, ACQUIRED = (1956, 9, 23), (2021, 11, 4)
"""Dates in the files; of one day each, so that they can be looked for."""
_MONTHS = {9: "Sep", 11: "Nov"}
DATES = tuple(
    form.format(y=y, m=m, d=d, month=_MONTHS[m])
    for y, m, d in (BIRTH, ACQUIRED)
    for form in (
        "{y}-{m:02d}-{d:02d}", "{y}{m:02d}{d:02d}", "{m:02d}-{d:02d}-{y}", "{d:02d}.{m:02d}.{y}", "{d:02d}/{m:02d}/{y}",
        "{m:02d}/{d:02d}/{y}", "{d:02d}-{month}-{y}", "{d} {month} {y}", "{d}.{m}.{y}", "{y}/{m:02d}/{d:02d}",
    )
)  # fmt: skip
"""How a page or a report might write them."""
_DICOM_TEXTS = (
    "PatientName", "PatientID", "OtherPatientNames", "PatientComments", "PatientAddress", "AccessionNumber", "StudyID",
    "StudyDescription", "SeriesDescription", "InstitutionName", "InstitutionalDepartmentName", "StationName",
    "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName", "ManufacturerModelName", "DeviceSerialNumber",
    "SoftwareVersions", "ProtocolName", "AdmissionID", "CurrentPatientLocation",
)  # fmt: skip
_DICOM_DATES = ("StudyDate", "SeriesDate", "ContentDate", "AcquisitionDateTime")
Files = dict[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A recording in mV, 500 Hz, with its person."""

    signal_mv: FloatArray
    patient: Patient

    def scaled(self, factor: float) -> "Case":
        """The same heart at another gain: another recording."""
        return replace(self, signal_mv=np.round(self.signal_mv * factor, 4))

    def on_a_grid(self) -> "Case":
        """Samples that every format holds exactly: I, II and V1–V6 in steps of 10 µV, the other leads from them."""
        one, two, *chest = np.round(self.signal_mv[INDEPENDENT_ROWS], 2)
        limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
        return replace(self, signal_mv=np.round(np.stack([*limb, *chest]), 3))

    @property
    def recording(self) -> Recording:
        """As the writers want it."""
        return Recording(signal_mv=self.signal_mv, fs_hz=FS_HZ, format="made")


def simulated_case(seed: int, index: int) -> Case:
    """One virtual patient."""
    rng = np.random.default_rng([seed, index])
    who = sample_patient(rng, "taiwan-like")
    person = Patient(
        sex=Sex(who.sex),
        age_years=float(int(who.age_years)),
        height_cm=round(who.height_cm),
        weight_kg=round(who.weight_kg),
    )
    return Case(signal_mv=np.round(simulate_recording(who, rng), 3), patient=person)


def files_of(fmt: str, case: Case, mark: str) -> Files:
    """One upload: names of files, names, ids and remarks in them are the mark.

    Parameters
    ----------
    fmt : str
        Of `FORMATS`.
    case : Case
    mark : str
        Letters and digits.
    """
    with patch.object(made, "CANARY", mark):
        return FORMATS[fmt](case, mark)


def _one(mark: str, suffix: str, content: bytes) -> Files:
    return {f"{mark}{suffix}": content}


def _wfdb(case: Case, mark: str) -> Files:
    files = wfdb_files(case.recording, case.patient, mark)
    header = f"{mark}.hea"
    remark = f"# Name: {mark}\n# ID {mark}, device {mark}, recorded {'-'.join(map(str, ACQUIRED))}\n"
    return files | {header: files[header] + remark.encode()}


def _dicom(case: Case, mark: str) -> Files:
    dataset = dcmread(io.BytesIO(dicom_bytes(case.recording, case.patient)))
    for name in _DICOM_TEXTS:
        setattr(dataset, name, mark)
    for name in _DICOM_DATES:
        setattr(dataset, name, "{:04d}{:02d}{:02d}".format(*ACQUIRED))
    dataset.PatientBirthDate = "{:04d}{:02d}{:02d}".format(*BIRTH)
    dataset.StudyInstanceUID = generate_uid()
    dataset.private_block(0x0029, f"{mark} PRIVATE", create=True).add_new(0x10, "LO", mark)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return _one(mark, "", buffer.getvalue())


def _csv(case: Case, mark: str) -> Files:
    return _one(mark, ".csv", f"# Name: {mark}, ID {mark}\n".encode() + csv_bytes(case.recording))


def _facts(case: Case) -> tuple[str, float, float, str]:
    """Age in years, height in cm, weight in kg, sex as files write them."""
    person = case.patient
    sex = "FEMALE" if person.sex is Sex.FEMALE else "MALE"
    return f"{person.age_years:.0f}", person.height_cm or 0.0, person.weight_kg or 0.0, sex


def _xml(content: bytes, tag: str, mark: str) -> bytes:
    """A remark, and a device and an operator of this name, behind the first opening of a tag."""
    more = f"<!-- {mark} --><Device>{mark}</Device><Operator>{mark}</Operator>".encode()
    return content.replace(tag.encode(), tag.encode() + more, 1)


def _muse(case: Case, mark: str) -> Files:
    age, height, weight, sex = _facts(case)
    birth, acquired = ("{1:02d}-{2:02d}-{0:04d}".format(*day) for day in (BIRTH, ACQUIRED))
    content = made.muse_xml(
        case.signal_mv, age=age, sex=sex, height_cm=f"{height:.0f}", weight_kg=f"{weight:.0f}", birth=birth,
        acquired=acquired, uv_per_count=5,
    )  # fmt: skip
    return _one(mark, ".xml", _xml(content, "<TestDemographics>", mark))


def _sierra(case: Case, mark: str) -> Files:
    age, height, weight, sex = _facts(case)
    content = made.sierra_xml(
        case.signal_mv, age=age, sex=sex.capitalize(), height_cm=f"{height:.0f}", weight_kg=f"{weight:.0f}",
        acquired="{:04d}-{:02d}-{:02d}".format(*ACQUIRED), birth="{:04d}-{:02d}-{:02d}".format(*BIRTH),
    )  # fmt: skip
    return _one(mark, ".XML", _xml(content, "<generalpatientdata>", mark))


def _aecg(case: Case, mark: str) -> Files:
    age, height, weight, sex = _facts(case)
    content = made.aecg_xml(
        case.signal_mv, age=age, sex=sex[0], height_cm=f"{height:.0f}", weight_kg=f"{weight:.0f}",
        birth="{:04d}{:02d}{:02d}".format(*BIRTH), acquired="{:04d}{:02d}{:02d}101500".format(*ACQUIRED),
    )  # fmt: skip
    return _one(mark, ".xml", _xml(content, "<trialSubject>", mark))


def _cardiosoft(case: Case, mark: str) -> Files:
    age, height, weight, sex = _facts(case)
    content = made.cardiosoft_xml(case.signal_mv, age=age, sex=sex, height=f"{height:.0f}", weight=f"{weight:.0f}")
    return _one(mark, ".xml", _xml(content, "<PatientInfo>", mark))


def _scp(case: Case, mark: str) -> Files:
    age, height, weight, sex = _facts(case)
    content = made.scp_bytes(
        case.signal_mv, age=(int(age), 1), sex=2 if sex == "FEMALE" else 1, height=(round(height), 1),
        weight=(round(weight), 1), birth=BIRTH, acquired=ACQUIRED,
    )  # fmt: skip
    return _one(mark, ".scp", content)


def _edf(case: Case, mark: str) -> Files:
    sex = "Female" if case.patient.sex is Sex.FEMALE else "Male"
    content = made.edf_bytes(case.signal_mv, sex=sex, birth="{2:02d}.{1:02d}.{0:04d}".format(*BIRTH))
    n = 12
    transducers = 256 + 16 * n  # 80 characters a signal, after its 16 of label
    return _one(mark, ".edf", content[:transducers] + mark.ljust(80).encode() + content[transducers + 80 :])


def _matlab(case: Case, mark: str) -> Files:
    buffer = io.BytesIO()
    person = {"sex": case.patient.sex.name.capitalize(), "age": case.patient.age_years, "name": mark, "id": mark}
    scipy.io.savemat(buffer, {"ECG": {"data": case.signal_mv, "fs": FS_HZ, **person}, "device": mark})
    return _one(mark, ".mat", buffer.getvalue())


def _numpy(case: Case, mark: str) -> Files:
    buffer = io.BytesIO()
    np.savez(buffer, signal_mv=case.signal_mv, fs_hz=FS_HZ, name=np.array(mark), id=np.array([mark]))
    return _one(mark, ".npz", buffer.getvalue())


def _text(case: Case, mark: str) -> Files:
    lines = "\n".join(" ".join(f"{value:.0f}" for value in row) for row in 1000.0 * case.signal_mv.T)
    return _one(mark, ".txt", lines.encode())


def _saved(case: Case, mark: str) -> Files:
    filters = DeviceFilters(highpass_hz=0.05, lowpass_hz=150.0, notch_hz=0.0)
    opened = Opened(recording=replace(case.recording, filters=filters), patient=case.patient)
    content = {KEY: to_saved(opened), "name": mark, "device": {"id": mark, "recorded": "{}-{}-{}".format(*ACQUIRED)}}
    return _one(mark, ".json", orjson.dumps(content))


def _zip(case: Case, mark: str) -> Files:
    return _one(mark, ".zip", zipped(_wfdb(case, mark)))


FORMATS: dict[str, Callable[[Case, str], Files]] = {
    "wfdb": _wfdb, "dicom": _dicom, "csv": _csv, "muse": _muse, "sierra": _sierra, "aecg": _aecg, "scp": _scp,
    "cardiosoft": _cardiosoft, "edf": _edf, "matlab": _matlab, "numpy": _numpy, "text": _text, "saved": _saved,
    "zip": _zip,
}  # fmt: skip


def broken_files(case: Case, rng: random.Random, mark: str) -> Files:
    """An upload that cannot be read as it should: mutated, cut short, or something else altogether."""
    kind = rng.choice(("mutated", "cut", "letter", "pdf", "empty", "lead names"))
    files = files_of(rng.choice(list(FORMATS)), case, mark)
    name, content = max(files.items(), key=lambda item: len(item[1]))
    if kind == "mutated":
        return dict(zip(files, mutated_files(files, rng).values(), strict=False))
    other = {
        "cut": content[: len(content) // 3],
        "letter": f"Dear {mark}, this is not an ECG.".encode(),
        "pdf": b"%PDF-1.4\n" + mark.encode(),
        "empty": b"",
        "lead names": f"{mark},{mark},I (mV)\n0,0,0\n".encode(),
    }[kind]
    return {Path(name).name: other}
