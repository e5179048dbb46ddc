"""The real recordings that the simulation is held against: adults in sinus rhythm without LVH.

Statements are read from the WFDB headers, because the catalogue cuts long ones off and abbreviates SNOMED codes (its
"ST" is 427084000, sinus tachycardia).
"""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from elvmass_core.domain import Beat, Features, Sex, blocks
from elvmass_core.errors import BeatError, RecordingError, TableError
from elvmass_core.features import measure
from elvmass_core.io import load_files, read_recording
from elvmass_core.quality import check_beat, check_recording
from elvmass_core.realism.measures import BeatTable, beat_table, measures_of
from elvmass_core.realism.parts import PARTS
from elvmass_core.signal import extract_beat

SOURCES = ("ludb", "ptbxl", "georgia", "ningbo", "cpsc2018", "ptb")
"""Folders with a WFDB header per recording and measured ground truth of calibration. `ptbxl_100hz` has no sex or age,
`wrong_gain` a wrong gain; the DICOM recordings are a child and a QRS of 126 ms without a stated age."""
AGE_LIMITS_YEARS = (18.0, 89.0)
RATE_LIMITS_BPM = (45.0, 110.0)
MAX_QRS_MS = 124.0
"""120 ms by the borders that the halves were dealt with; the onset has since been set 4 ms earlier."""
MAX_RR_SPREAD = 0.15
"""Coefficient of variation of all RR intervals; the halves were dealt with it, so it stays apart from `quality`."""
NOT_SINUS_FINDINGS = ("atrial_fibrillation", "paced", "irregular_rhythm", "p_inverted", "p_wave_not_found")

SNOMED = {
    "426783006": "sinus rhythm", "426177001": "sinus bradycardia", "427084000": "sinus tachycardia",
    "427393009": "sinus arrhythmia", "164873001": "left ventricular hypertrophy",
    "55827005": "left ventricular high voltage", "89792004": "right ventricular hypertrophy",
    "67741000119109": "left atrial enlargement", "253352002": "left atrial abnormality", "111975006": "prolonged QT",
    "428750005": "nonspecific ST-T abnormality", "59118001": "right bundle branch block",
    "713426002": "incomplete right bundle branch block", "164934002": "T wave abnormal", "59931005": "T wave inversion",
    "55930002": "ST changes", "164930006": "ST interval abnormal", "426434006": "anterior ischaemia",
    "251146004": "low QRS voltage", "284470004": "premature atrial contraction",
    "427172004": "premature ventricular contraction", "698252002": "nonspecific intraventricular conduction disorder",
    "713422000": "atrial tachycardia", "251187003": "atrial escape beat",
    "251170000": "blocked premature atrial contraction", "365413008": "poor R wave progression",
}  # fmt: skip
"""Codes in the headers (PhysioNet/CinC Challenge 2021, dx_mapping); an unknown code stays as its number."""
SINUS_WORDS = ("sinus rhythm", "sinus bradycardia", "sinus tachycardia", "sinus arrhythmia")
EXCLUDING_WORDS = (
    "left ventricular hypertrophy", "left ventricular high voltage", "left ventricular overload", "pacing",
    "atrial fibrillation", "atrial flutter", "atrial tachycardia", "atrial escape", "av-block", "complete left bundle",
    "complete right bundle", "right bundle branch block", "left bundle branch block", "ventricular extrasystole",
    "premature ventricular",
)  # fmt: skip
NORMAL_WORDS = (
    *SINUS_WORDS, "electric axis of the heart: normal", "electric axis of the heart: vertical",
    "electric axis of the heart: horizontal",
)  # fmt: skip
"""A recording is normal when nothing but these is stated of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RealBeat:
    """One real recording, averaged and measured.

    Parameters
    ----------
    name, source : str
        For example "georgia/E07506" and "georgia".
    labels : tuple of str
        What its cardiologist or machine stated, in words and lower case.
    is_normal : bool
        Nothing abnormal is stated: no T, ST, infarct, axis, hypertrophy, overload, voltage or conduction statement.
    part : str
        "tuning" or "reporting".
    digest : str
        Of the recording's signal.
    """

    name: str
    source: str
    sex: Sex
    age: float
    labels: tuple[str, ...]
    beat: Beat
    features: Features
    is_normal: bool
    part: str
    digest: str


def load_reference(folder: Path) -> Sequence[RealBeat]:
    """Read, select and split the real recordings.

    Selected are adults of 18–89 years with known sex, sinus rhythm (stated; or no rhythm stated, RR regular and P
    upright), a rate of 45–110 bpm, a measured QRS below 124 ms and no STOP finding, without a statement of LVH, pacing,
    complete bundle branch block, AV dissociation or ventricular ectopy. A signal that occurs twice is used once.

    The halves: within each source and sex the recordings are ordered, normal ones first and then by the SHA-256 of
    their signal, and dealt alternately to "tuning" and "reporting"; the dealing goes on from stratum to stratum. It
    depends on nothing else, so a half can be tuned on without the other being seen.

    Parameters
    ----------
    folder : Path
        Holds catalog.csv and the folders it names.

    Returns
    -------
    sequence of RealBeat

    Raises
    ------
    TableError
        There is no catalogue.
    """
    if not (folder / "catalog.csv").is_file():
        raise TableError("There is no catalog.csv in the folder of real recordings: set --data or ELVMASS_ECG_DATA.")
    chosen: dict[str, RealBeat] = {}
    for header in headers(folder):
        real = _read(header)
        if real is not None:
            chosen.setdefault(real.digest, real)
    return _split(list(chosen.values()))


def reference_table(reference: Sequence[RealBeat], part: str | None = None) -> BeatTable:
    """Measures of the real recordings, of one half or (None) of both; ``match`` is the recording's own name."""
    kept = [real for real in reference if part in (None, real.part)]
    rows = [
        {
            "name": real.name, "match": real.name, "source": real.source, "sex": real.sex.value, "age": real.age,
            "is_normal": real.is_normal, "part": real.part, **measures_of(real.beat, real.features),
        }
        for real in kept
    ]  # fmt: skip
    return beat_table(rows, [real.beat.signal_mv for real in kept])


def headers(folder: Path) -> list[Path]:
    """Headers of the recordings in the catalogue whose amplitudes can be had right."""
    headers = []
    with (folder / "catalog.csv").open(encoding="utf-8", newline="") as catalogue:
        for row in csv.DictReader(catalogue):
            path = folder / row["file"]
            if path.parent.name in SOURCES and row["format"].startswith("WFDB"):
                # LUDB: the header gains are wrong, the `_uv` twin is right.
                stem = f"{path.stem}_uv" if path.parent.name == "ludb" else path.stem
                headers.append(path.with_name(f"{stem}.hea"))
    return sorted(headers)


def _read(header: Path) -> RealBeat | None:
    """One recording, or None when it is not selected."""
    labels = stated(header.read_text(encoding="utf-8", errors="replace"))
    if is_excluded(labels):
        return None
    try:
        recording = read_recording(load_files([header]))
        beat = extract_beat(recording)
    except (RecordingError, BeatError):
        return None
    features, who = measure(beat), recording.stated
    findings = [*recording.findings, *check_recording(recording), *check_beat(beat, features)]
    qrs_ms, codes = features["qrs_ms"], {finding.code for finding in findings}
    usable = not blocks(findings) and not codes.intersection(NOT_SINUS_FINDINGS)
    rr_s = np.diff(beat.r_times_s)
    usable = usable and float(rr_s.std() / rr_s.mean()) <= MAX_RR_SPREAD
    narrow = qrs_ms is not None and qrs_ms < MAX_QRS_MS
    if not (usable and narrow and RATE_LIMITS_BPM[0] <= beat.rate_bpm <= RATE_LIMITS_BPM[1]):
        return None
    if who.sex is Sex.UNKNOWN or who.age_years is None or not _within(who.age_years, AGE_LIMITS_YEARS):
        return None
    source = header.parent.name
    return RealBeat(
        name=f"{source}/{header.stem.removesuffix('_uv')}", source=source, sex=who.sex, age=who.age_years,
        labels=labels, beat=beat, features=features, is_normal=is_normal(labels), part="", digest=recording.digest,
    )  # fmt: skip


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def stated(header: str) -> tuple[str, ...]:
    """Diagnostic statements of a WFDB header in lower-case words: "Dx" codes, or LUDB's lines after <diagnoses>."""
    comments = [line[1:].strip() for line in header.splitlines() if line.startswith("#")]
    for comment in comments:
        if comment.lower().startswith("dx:"):
            codes = [code.strip() for code in comment[3:].split(",")]
            return tuple(SNOMED.get(code, code) for code in codes)
    if "<diagnoses>:" not in comments:
        return ()
    lines = comments[comments.index("<diagnoses>:") + 1 :]
    return tuple(line.lower().strip(" .").removeprefix("rhythm: ") for line in lines if not line.startswith("derived:"))


def is_excluded(labels: tuple[str, ...]) -> bool:
    """Whether a statement rules the recording out; an incomplete bundle branch block does not."""
    judged = [label for label in labels if "incomplete" not in label]
    return any(word in label for label in judged for word in EXCLUDING_WORDS)


def is_normal(labels: tuple[str, ...]) -> bool:
    """Whether something is stated and all of it is normal."""
    return bool(labels) and all(label in NORMAL_WORDS for label in labels)


def _split(beats: list[RealBeat]) -> list[RealBeat]:
    """Deal the recordings of each stratum to the two halves (see `load_reference`)."""
    strata = defaultdict(list)
    for beat in beats:
        strata[beat.source, beat.sex.value].append(beat)
    ordered = [
        beat
        for stratum in sorted(strata)
        for beat in sorted(strata[stratum], key=lambda one: (not one.is_normal, one.digest))
    ]
    return [replace(beat, part=PARTS[index % 2]) for index, beat in enumerate(ordered)]
