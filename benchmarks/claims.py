"""What is claimed of the app: figure to reach, the command that measures it, and how its result is read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import claim_readers as read
from benchmarks.claim_readers import Answer, Content

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One line of the table.

    Parameters
    ----------
    what, goal : str
        What is measured, and the figure to reach (empty where a value is only told).
    command : str
        What to run, from the root of the project.
    source : str
        The JSON file that it writes, from the root.
    read : callable
        Content of the file → (measured value in words, reached).
    remark : str
        What stands beside the value, whether reached or not.
    missed : str
        Why it is missed where it is.
    part : str
        Key of the part of the file that has a stamp of its own.
    """

    what: str
    goal: str
    command: str
    source: str
    read: Callable[[Content], Answer]
    remark: str = ""
    missed: str = ""
    part: str = ""

    @property
    def path(self) -> Path:
        """Where the result lies."""
        return ROOT / self.source


FUZZ = "python benchmarks/fuzz_readers.py --out benchmarks/fuzz_readers.json"
FAULTS = "python benchmarks/inject_faults.py --out benchmarks/inject_faults.json"
FORMATS = "python benchmarks/formats.py --out benchmarks/formats.json"
DETERMINISM = "python benchmarks/determinism.py --out benchmarks/determinism.json"
LUDB = "python benchmarks/ludb_delineation.py --out benchmarks/ludb_delineation.json"
REVERSALS = "python benchmarks/reversals.py COHORT COHORT --out benchmarks/reversals.json"
STABILITY = "python benchmarks/stability.py --out benchmarks/stability.json"
SHIPPED = "python benchmarks/shipped_weights.py"
LATENCY = "python benchmarks/app_latency.py --out benchmarks/app_latency.json"
SOAK = "python benchmarks/soak.py --out benchmarks/soak.json"
ISOLATION = "python benchmarks/isolation.py --out benchmarks/isolation.json"
SPEED = "python benchmarks/speed.py --out benchmarks/speed.json"
ARCHIVE = "python benchmarks/archive_scoring.py --only rate"
REFUSALS = "python benchmarks/refusals.py --out benchmarks/refusals.json"
EXPLANATIONS = "python benchmarks/explanations.py"
BUSY = "Look at the load average in the file: where other programs used the machine, measure again on a quiet one."

CLAIMS: dict[str, tuple[Claim, ...]] = {
    "Reliability": (
        Claim(
            what="mutated files",
            goal="≥ 1 000 a format, ≥ 10 000 in all; 0 deaths, 0 tracebacks, all typed, p99 ≤ 2 s, ≤ 256 MB growth",
            command=FUZZ, source="benchmarks/fuzz_readers.json", read=read.fuzzed,
        ),
        Claim(
            what="injected signal faults", goal="10 000; 0 silent flags", command=FAULTS,
            source="benchmarks/inject_faults.json", read=read.faults,
        ),
        Claim(
            what="the same ECG through every format that holds it", goal="≤ 0.1 g apart", command=FORMATS,
            source="benchmarks/formats.json", read=read.formats,
        ),
        Claim(
            what="the same file 100 times, and in 8 sessions at once", goal="≤ 0.001 g apart", command=DETERMINISM,
            source="benchmarks/determinism.json", read=read.repeated, part="same_file",
        ),
        Claim(
            what="golden set", goal="≥ 200 recordings; no change > 0.5 g, no flip of a flag", command=DETERMINISM,
            source="benchmarks/determinism.json", read=read.golden, part="golden",
        ),
        Claim(
            what="borders of the averaged beat on LUDB", command=LUDB, source="benchmarks/ludb_delineation.json",
            goal="SD: QRS onset ≤ 6.5 ms, QRS end ≤ 11.6 ms, T end ≤ 30.6 ms", read=read.borders,
        ),
        Claim(
            what="false alarms of the check for exchanged electrodes", command=REVERSALS,
            goal="0 on real sinus recordings, ≤ 0.5 % of 2 000 simulated", source="benchmarks/reversals.json",
            read=read.false_alarms, remark="COHORT: a folder of `simulate`, of a seed that no fit used.",
        ),
        Claim(
            what="exchanged limb electrodes noticed", goal="≥ 90 % of each kind, LA–LL excepted", command=REVERSALS,
            source="benchmarks/reversals.json", read=read.sensitivity,
        ),
        Claim(
            what="noise of IEC 60601-2-25, ±20 ms R jitter, 500 ↔ 1000 Hz", command=STABILITY,
            goal="change of LV mass: median ≤ 3 %, p95 ≤ 6 %", source="benchmarks/stability.json", read=read.stable,
        ),
        Claim(
            what="90 % interval, patients of the same kind", command=SHIPPED, source="docs/shipped.json",
            read=read.coverage, goal="covers 88–92 %; 85–95 % of each sex and each third of the estimate",
        ),
        Claim(
            what="90 % interval, patients of another kind", goal="as found", command=SHIPPED,
            source="docs/shipped.json", read=read.coverage_elsewhere,
        ),
    ),
    "The running app": (
        Claim(
            what="upload → estimate", goal="p95 ≤ 1.5 s", command=LATENCY, source="benchmarks/app_latency.json",
            read=read.waiting("upload to grams", 1.5), missed=BUSY,
        ),
        Claim(
            what="upload → saliency", goal="p95 ≤ 4 s", command=LATENCY, source="benchmarks/app_latency.json",
            read=read.waiting("upload to saliency", 4.0), missed=BUSY,
        ),
        Claim(
            what="8 users with 10 s to think", goal="p95 ≤ 3 s", command=LATENCY, source="benchmarks/app_latency.json",
            read=read.waiting(read.THINKING, 3.0), missed=BUSY,
        ),
        Claim(
            what="8 at the same instant", goal="all answered", command=LATENCY, source="benchmarks/app_latency.json",
            read=read.all_answered,
        ),
        Claim(
            what="one interaction", goal="≤ 1 s", command=LATENCY, source="benchmarks/app_latency.json",
            read=read.waiting("interaction", 1.0), missed=BUSY,
        ),
        Claim(
            what="2 000 uploads in a row", goal="0 errors, resident memory flat after warm-up, 0 files left",
            command=SOAK, source="benchmarks/soak.json", read=read.soaked, part="soak",
            missed="A file made on demand was deleted before the client had asked for it, because Streamlit notes it "
            "as nobody's. Mended since (pages/shared/download.py, tests/app/test_download.py); the 2 000 uploads were "
            "not run again.",
        ),
        Claim(
            what="two sessions interleaved 1 000 times", goal="0 values of one seen by the other", command=ISOLATION,
            source="benchmarks/isolation.json", read=read.interleaved, part="interleaved",
        ),
        Claim(
            what="planted names, ids, devices, remarks, dates, file names", command=ISOLATION, part="planted",
            goal="0 in logs, PDF, JSON, FHIR, page, temporary files, another session",
            source="benchmarks/isolation.json", read=read.planted,
        ),
        Claim(
            what="cold start to a page that takes an upload", goal="≤ 15 s", command=SOAK,
            source="benchmarks/soak.json", read=read.started, missed=BUSY, part="start",
        ),
        Claim(
            what="memory: idle, and of each visitor", goal="as found", command=SOAK, source="benchmarks/soak.json",
            read=read.session_memory, part="session",
        ),
    ),
    "Speed": (
        Claim(
            what="beat and borders of one 10 s ECG against NeuroKit2 per lead", goal="≥ 10 times as fast",
            command=SPEED, source="benchmarks/speed.json", read=read.faster,
        ),
        Claim(
            what="borders on LUDB against NeuroKit2", goal="at least as accurate", command=LUDB,
            source="benchmarks/ludb_delineation.json", read=read.as_accurate,
            remark="NeuroKit2's better method, by the same rule: see the docstring of the benchmark.",
        ),
        Claim(
            what="archive, reading included, without explanation", goal="≥ 20 ECGs a second on 2 cores",
            command=ARCHIVE, source="benchmarks/archive_scoring.json", read=read.archive, missed=BUSY,
        ),
        Claim(
            what="more workers", goal="linear (taken as: 2 workers ≥ 1.8 times 1)", command=ARCHIVE,
            source="benchmarks/archive_scoring.json", read=read.linear,
            missed="The process that hands out the work shares the two cores with both workers, and so did other "
            "programs (load averages in the file).",
        ),
        Claim(
            what="integrated gradients of one ECG, all members", goal="≤ 2 s", command=SPEED,
            source="benchmarks/speed.json", read=read.explained, missed=BUSY,
        ),
        Claim(
            what="one virtual patient", goal="≤ 60 ms a core", command=SPEED, source="benchmarks/speed.json",
            read=read.simulated,
            missed="Every patient has a chest of its own, whose boundary elements (skin, lungs, blood) are solved for "
            "that patient alone: nearly half of the time. The core that measured needed 0.9 to 1.7 s for ten million "
            "additions in Python.",
        ),
    ),
    "Beside the tables": (
        Claim(
            what="recordings without a heart", goal="all refused", command=REFUSALS,
            source="benchmarks/refusals.json", read=read.without_a_heart,
        ),
        Claim(
            what="maps that sum to the difference from the reference (1 % or 0.5 g)", goal="all",
            command=EXPLANATIONS, source="benchmarks/explanations.json", read=read.complete,
        ),
    ),
}  # fmt: skip


def all_claims() -> Iterator[Claim]:
    """Every line of every table."""
    for group in CLAIMS.values():
        yield from group
