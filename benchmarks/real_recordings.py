"""The real recordings for the benchmarks of electrodes and distances, in two fixed halves.

`real_halves.csv` says which recording is in which half, by the digest of its signal: those of `elvmass_core.realism`
keep the half they have there, the others were dealt by their digest. The densities are fitted on the tuning half;
figures are of the reporting half. Recordings with a wrong gain are left out, and so are those that `check_recording`
stops.
"""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elvmass_core.domain import Beat, Recording, blocks
from elvmass_core.errors import BeatError, RecordingError
from elvmass_core.io import load_files, read_recording
from elvmass_core.quality.recording import check_recording
from elvmass_core.signal import extract_beat

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("ELVMASS_ECG_DATA", ROOT.parent / "shared" / "data" / "ecg"))
HALVES_FILE = Path(__file__).with_name("real_halves.csv")
TUNING, REPORTING = "tuning", "reporting"
MIN_BEATS = 5
LEFT_OUT = ("wrong_gain",)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Real:
    """One usable recording with its beat."""

    name: str
    half: str
    labels: str
    recording: Recording
    beat: Beat


def load_real(data: Path = DATA) -> list[Real]:
    """Every usable recording once, in the order of the catalogue."""
    with HALVES_FILE.open(encoding="utf-8") as stream:
        halves = {line["digest"]: line["half"] for line in csv.DictReader(stream)}
    found: dict[str, Real] = {}
    for name, labels, recording in _recordings(data):
        half = halves.get(recording.digest[:16])
        if half is None or recording.digest in found or blocks([*recording.findings, *check_recording(recording)]):
            continue
        try:
            beat = extract_beat(recording)
        except BeatError:
            continue
        if beat.n_used >= MIN_BEATS:
            found[recording.digest] = Real(name=name, half=half, labels=labels, recording=recording, beat=beat)
    return list(found.values())


def _recordings(data: Path) -> Iterator[tuple[str, str, Recording]]:
    """What can be read of the catalogue: name, labels and diagnosis, recording."""
    with (data / "catalog.csv").open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    for line in lines:
        path = data / line["file"]
        header = path.with_suffix(".hea")
        if path.parent.name == "ludb":
            header = path.with_name(f"{path.stem}_uv.hea")
        path = header if header.is_file() else path
        if path.parent.name in LEFT_OUT:
            continue
        try:
            recording = read_recording(load_files([path]))
        except RecordingError:
            continue
        yield f"{path.parent.name}/{path.stem}", f"{line['labels']} {line['diagnosis']}", recording
