"""What a user would pick instead, in one run: ``python benchmarks/against_others.py``.

Measuring is compared with NeuroKit2's per-lead pipeline (clean, R peaks, delineation by "dwt" and "cwt" on each of the
twelve leads), in time on the same recordings and in accuracy on LUDB's odd subjects, which ours was not tuned on
(`benchmarks/ludb_delineation.py`; needs the public recordings). Inference is compared with a network on the ten seconds
(`elvmass_core.study.networks.ten_second_network`; its time does not depend on its weights, which are random here): the
networks alone, and each with all that comes before. Measurements among its inputs (QRS, rates) are given to it for
nothing. Everything runs with one
thread, the two sides of a ratio turn by turn, so that other work on the machine slows both; times are of the processor.
Prints, and writes ``benchmarks/against_others.json``.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import datetime  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable, Mapping  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import ludb_delineation as ludb  # noqa: E402
import neurokit2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from scipy.signal import resample_poly  # noqa: E402

from elvmass_core.attribution.explain import explain  # noqa: E402
from elvmass_core.domain import FIDUCIAL_NAMES, Beat, Features, Patient, Recording, Sex  # noqa: E402
from elvmass_core.features import measure  # noqa: E402
from elvmass_core.models.bundle import Bundle, load_models  # noqa: E402
from elvmass_core.models.inputs import TABULAR_INPUTS, tabular_row  # noqa: E402
from elvmass_core.signal import extract_beat  # noqa: E402
from elvmass_core.signal.filters import clean  # noqa: E402
from elvmass_core.study.networks import ten_second_network  # noqa: E402
from elvmass_core.study.unaveraged import TEN_SECONDS_HZ  # noqa: E402
from elvmass_core.virtual import sample_patient, simulate_beat, simulate_recording  # noqa: E402

FS_HZ = 500
PERSON = Patient(sex=Sex.FEMALE, age_years=60.0, height_cm=160.0, weight_kg=60.0)
EXPLAIN_GOAL_MS, VIRTUAL_GOAL_MS, MEASURE_GOAL = 2000.0, 60.0, 10.0
Work = Callable[[int], object]


def turns_ms(works: Mapping[str, Work], n: int) -> dict[str, list[float]]:
    """Processor time in ms of each work on each of `n` recordings, turn by turn; a first turn is not counted."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for k in (0, *range(n)):
        for name, work in works.items():
            start = time.process_time()
            work(k)
            found[name].append(1000.0 * (time.process_time() - start))
    return {name: times[1:] for name, times in found.items()}


def compared(works: Mapping[str, Work], n: int) -> dict[str, object]:
    """Median times, and how many times the first's each of the others took: median and range over the recordings."""
    times = turns_ms(works, n)
    first, *others = works
    ratios = {name: np.array(times[name]) / np.array(times[first]) for name in others}
    return {
        "ms": {name: round(float(np.median(of_one)), 2) for name, of_one in times.items()},
        f"times_that_of_{first}": {
            name: {
                "median": round(float(np.median(of_one)), 2),
                "range": [round(float(of_one.min()), 2), round(float(of_one.max()), 2)],
            }
            for name, of_one in ratios.items()
        },
        "recordings": n,
    }


def neurokit_process(recording: Recording) -> None:
    """NeuroKit2's own pipeline on each lead: ``ecg_process`` (clean, R peaks, quality, borders, phases)."""
    for lead in recording.signal_mv:
        neurokit2.ecg_process(lead, sampling_rate=FS_HZ)


def neurokit_delineate(recording: Recording, method: str) -> None:
    """Its parts that mark waves, and no more: clean, R peaks, delineation."""
    for lead in recording.signal_mv:
        cleaned = neurokit2.ecg_clean(lead, sampling_rate=FS_HZ)
        r_samples = neurokit2.ecg_peaks(cleaned, sampling_rate=FS_HZ)[1]["ECG_R_Peaks"]
        neurokit2.ecg_delineate(cleaned, r_samples, sampling_rate=FS_HZ, method=method)


def measurement(recordings: list[Recording]) -> dict[str, object]:
    """Beat, borders and measurements against NeuroKit2 lead by lead."""
    found = compared(
        {
            "ours": lambda k: measure(extract_beat(recordings[k])),
            "neurokit2_dwt": lambda k: neurokit_delineate(recordings[k], "dwt"),
            "neurokit2_cwt": lambda k: neurokit_delineate(recordings[k], "cwt"),
            "neurokit2_process": lambda k: neurokit_process(recordings[k]),
        },
        len(recordings),
    )
    return found | {"goal_times": MEASURE_GOAL, "neurokit2": neurokit2.__version__}


def accuracy(data: Path, n: int | None) -> dict[str, object] | None:
    """Errors of the borders on LUDB's odd subjects; None without them."""
    chosen = ludb.headers(data)[1::2][:n]
    if not chosen:
        return None
    half = ludb.Half()
    for path in chosen:
        half.add(path)
    borders = {name: border(half, name) for name in FIDUCIAL_NAMES}
    shares = {name: np.sum(counts, axis=0) for name, counts in half.beats.items()}
    return {
        "recordings": len(chosen),
        "borders": borders,
        "least_sd_by": best(borders, "sd_ms"),
        "least_rms_by": best(borders, "rms_ms"),
        "r_found_percent": {name: round(100.0 * float(k / m), 1) for name, (k, m) in shares.items()},
    }


def border(half: ludb.Half, name: str) -> dict[str, dict[str, float]]:
    """Bias and SD in ms of each method, and on how many recordings it has the border."""
    errors = {method: np.array(half.errors[method, name]) for method in (ludb.OURS, *ludb.METHODS)}
    return {
        method: _spread(float(of_one.mean()), float(of_one.std())) | {"n": of_one.size}
        for method, of_one in errors.items()
        if of_one.size
    }


def best(borders: Mapping[str, dict[str, dict[str, float]]], figure: str) -> dict[str, str]:
    """Which method has the least of a figure, for each border."""
    return {name: min(found, key=lambda one: found[one][figure]) for name, found in borders.items()}


def _spread(bias_ms: float, sd_ms: float) -> dict[str, float]:
    """Rounded, with the root mean square of both."""
    return {"bias_ms": round(bias_ms, 1), "sd_ms": round(sd_ms, 1), "rms_ms": round(float(np.hypot(bias_ms, sd_ms)), 1)}


def inference(recordings: list[Recording], bundle: Bundle) -> dict[str, object]:
    """Averaged beat through all members against ten seconds through one network, and through as many of them."""
    torch.manual_seed(0)
    n_members = len(bundle.members_g(np.zeros((1, 12, 400)), np.zeros((1, len(TABULAR_INPUTS)))))
    networks = [ten_second_network(len(TABULAR_INPUTS)).eval() for _ in range(n_members)]
    beats = [extract_beat(one) for one in recordings]
    rows = [tabular_row(PERSON, measure(one)) for one in beats]
    inputs = [torch.as_tensor(bundle.normaliser(row[None]), dtype=torch.float32) for row in rows]
    whole = [ten_seconds(one) for one in recordings]

    def theirs(k: int, n: int, wave: torch.Tensor | None = None) -> None:
        with torch.inference_mode():
            wave = whole[k] if wave is None else wave
            for network in networks[:n]:
                network(wave, inputs[k])

    def ours_from_recording(k: int) -> None:
        beat = extract_beat(recordings[k])
        bundle.members_g(beat.signal_mv[None], tabular_row(PERSON, measure(beat))[None])

    n = len(recordings)
    alone = compared(
        {
            "averaged_beat_all_members": lambda k: bundle.members_g(beats[k].signal_mv[None], rows[k][None]),
            "ten_seconds_one_network": lambda k: theirs(k, 1),
            "ten_seconds_as_many_networks": lambda k: theirs(k, n_members),
        },
        n,
    )
    with_preparation = compared(
        {
            "averaged_beat_all_members": ours_from_recording,
            "ten_seconds_one_network": lambda k: theirs(k, 1, ten_seconds(recordings[k])),
            "ten_seconds_as_many_networks": lambda k: theirs(k, n_members, ten_seconds(recordings[k])),
        },
        n,
    )
    sizes = {
        "members": n_members,
        "parameters_of_all_members": sum(one.numel() for one in bundle.ensemble.parameters()),
        "parameters_of_one_ten_second_network": sum(one.numel() for one in networks[0].parameters()),
    }
    return sizes | {"networks_alone": alone, "from_the_recording": with_preparation}


def ten_seconds(recording: Recording) -> torch.Tensor:
    """The recording as the ten-second network takes it: filtered, 250 Hz, (1, 12, 2500) mV."""
    resampled = resample_poly(clean(recording.signal_mv), TEN_SECONDS_HZ, FS_HZ, axis=1)
    return torch.as_tensor(resampled[None], dtype=torch.float32)


def alone_ms(work: Work, n: int, goal_ms: float) -> dict[str, float]:
    """Median and greatest processor time of one work."""
    times = turns_ms({"work": work}, n)["work"]
    return {"median_ms": round(float(np.median(times)), 1), "max_ms": round(max(times), 1), "goal_ms": goal_ms}


def in_words(found: Mapping[str, dict]) -> list[str]:
    """Who is faster, by the figures."""
    theirs = found["measurement"]["times_that_of_ours"]
    lines = [f"Measuring: {name} takes {one['median']:.1f} times as long as ours." for name, one in theirs.items()]
    for what, name in (("Networks alone", "networks_alone"), ("From the recording", "from_the_recording")):
        ratios = found["inference"][name]["times_that_of_averaged_beat_all_members"]
        for other, ratio in ratios.items():
            who = "slower" if ratio["median"] > 1 else "faster"
            lines.append(
                f"{what}: {other.replace('_', ' ')} takes {ratio['median']:.2f} times as long as the averaged beat "
                f"through all members: it is {who}."
            )
    if found["ludb"] is not None:
        for figure, name in (("spread", "least_sd_by"), ("root mean square error", "least_rms_by")):
            by = found["ludb"][name]
            ours = [border for border, method in by.items() if method == ludb.OURS]
            lines.append(
                f"Borders on LUDB: the least {figure} is ours for {len(ours)} of {len(by)} ({', '.join(ours)})."
            )
    return lines


def main() -> None:
    """Print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--n", type=int, default=12, help="simulated recordings to measure time on (default: %(default)s)"
    )
    parser.add_argument("--ludb", type=int, metavar="N", help="recordings of LUDB (default: all of the reporting half)")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "against_others.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # NeuroKit2 warns on every lead it cannot read.
    patients = [sample_patient(np.random.default_rng([1, k]), "taiwan-like") for k in range(options.n)]
    signals = [simulate_recording(patient, np.random.default_rng([2, k])) for k, patient in enumerate(patients)]
    recordings = [Recording(signal_mv=signal, fs_hz=float(FS_HZ), format="simulated") for signal in signals]
    (bundle,) = load_models(ROOT / "weights").for_sex(PERSON.sex)
    beats: list[tuple[Beat, Features]] = [(beat, measure(beat)) for beat in map(extract_beat, recordings)]
    load = os.getloadavg()[0]
    found: dict[str, Any] = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "threads": 1,
        "measurement": measurement(recordings),
        "inference": inference(recordings, bundle),
        "explanation": alone_ms(lambda k: explain(bundle, *beats[k], PERSON), options.n, EXPLAIN_GOAL_MS),
        "virtual_patient_beat": alone_ms(lambda k: simulate_beat(patients[k]), options.n, VIRTUAL_GOAL_MS),
        "ludb": accuracy(ludb.DATA, options.ludb),
    }
    found["load_average"] = [round(load, 1), round(os.getloadavg()[0], 1)]
    found["in_words"] = in_words(found)
    text = json.dumps(found, indent=1)
    options.out.write_text(text + "\n", encoding="utf-8")
    print("\n".join([text, *found["in_words"]]))


if __name__ == "__main__":
    main()
