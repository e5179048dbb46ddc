"""Does anything of one visitor reach another, or a name reach any place at all: in the running app.

    python benchmarks/isolation.py [--turns 1000] [--parts interleaved planted] [--out benchmarks/isolation.json]

interleaved  Two sessions act at the same instant, turn after turn, each on patients of its own: uploads, other weights,
             "Forget this ECG", downloads. After each turn the mass and the digest on the page (and in the PDF, JSON and
             FHIR downloads) must be those that the core alone finds for the session's own file, and nothing that the
             session received may hold a digest, a file name or a typed name of the other.
planted      A file of every format holds a mark of its own as its name and wherever the format keeps a name, an id, a
             device, an operator or a remark, and dates of birth and recording; so do broken files, a second ECG and the
             fields "Name or number" and "Remark" of the page on paper. The app runs with its log at debug level and
             with folders for temporary files, home and caches of its own. Afterwards every mark and date is looked for
             in the log, in these folders, in what the session received (page, charts, JSON, FHIR, text and metadata of
             the PDF) and in what another session received meanwhile. Only the two typed fields may be found, in the PDF
             alone, and there they must be: this shows that the search finds.

Exit status 1 when anything was found where it must not be.
"""

import argparse
import itertools
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from benchmarks.record import stamp, write  # noqa: E402
from benchmarks.running_app import running_app  # noqa: E402
from benchmarks.upload_files import DATES, FORMATS, FS_HZ, broken_files, files_of, simulated_case  # noqa: E402
from benchmarks.wire import Visitor  # noqa: E402
from elvmass_core.io import open_files  # noqa: E402
from elvmass_core.models.bundle import load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402

SEEDS = {"A": 2201, "B": 2202}
N_PATIENTS, HEAVIER_KG = 12, 7.0
DOWNLOAD_EVERY, FORGET_EVERY = 40, 25
DIGEST_SHOWN, DIGEST_IN_NAME = 16, 10
N_BROKEN = 24
KINDS = ("pdf", "json", "fhir")
HALF_G = 0.5 + 1e-6
"""Whole grams stand on the page and in the bundle."""


# --- interleaved ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One patient of a session: the upload, and what the core alone finds; masses in g by weight in kg."""

    files: dict[str, bytes]
    digest: str
    mass_g: dict[float, float]


def patients_of(name: str) -> list[Own]:
    """The patients of a session; those that get no estimate are left out."""
    torch.set_num_threads(1)
    models, numbers, found = load_models(ROOT / "weights"), itertools.count(), list[Own]()
    while len(found) < N_PATIENTS:
        index = next(numbers)
        case = simulated_case(SEEDS[name], index)
        files = files_of(("dicom", "muse", "sierra", "aecg")[index % 4], case, f"visitor{name}{index:03d}")
        opened = open_files(files)
        who, weight = opened.recording.stated, opened.recording.stated.weight_kg or 0.0
        mass_g = {}
        for kg in (weight, weight + HEAVIER_KG):
            estimate = analyse(opened.recording, replace(who, weight_kg=kg), models).estimate
            if estimate is not None:
                mass_g[kg] = estimate.lvm_g
        if len(mass_g) == 2:
            found.append(Own(files=files, digest=opened.recording.digest, mass_g=mass_g))
    return found


@dataclass(kw_only=True)
class Side:
    """One of the two sessions: its patients, what is the other's, and what it received since the last look."""

    name: str
    patients: Sequence[Own]
    foreign: Sequence[bytes]
    visitor: Visitor
    received: list[bytes]
    now: Own | None = None
    weight_kg: float = 0.0
    checked: int = 0
    wrong: list[str] = field(default_factory=list)

    def act(self, turn: int) -> None:
        """One turn: another patient, another weight, or downloads; then everything is compared."""
        visitor, rng = self.visitor, random.Random(f"{self.name}-{turn}")
        self.received.clear()
        if turn % FORGET_EVERY == 0 and visitor.page.widget("forget"):
            visitor.click("forget")
            self.now = None
        if self.now is None or rng.random() < 0.4:
            own = self.now = self._open(rng.choice(self.patients))
        else:
            own = self.now
            self.weight_kg = rng.choice(list(own.mass_g))
            visitor.number("weight_kg", self.weight_kg)
        self._compare(turn, own)
        if turn % DOWNLOAD_EVERY == 0:
            self._downloads(turn, own)
        self._look_for_the_other(turn)

    def _open(self, patient: Own) -> Own:
        visitor, self.weight_kg = self.visitor, next(iter(patient.mass_g))
        visitor.upload("ecg_files", patient.files)
        if visitor.page.widget("saliency"):
            visitor.toggle("saliency", False)
        if not visitor.page.widget("download_json"):
            visitor.write("tabs", "Report")  # stays open: the digest stands there
        return patient

    def _compare(self, turn: int, own: Own) -> None:
        page, expected = self.visitor.page, own.mass_g[self.weight_kg]
        shown = [float(one.removesuffix(" g")) for one in page.grams()[:1]]
        self._must(turn, "mass", bool(shown) and abs(shown[0] - expected) <= HALF_G, f"{shown} for {expected:.2f}")
        self._must(turn, "digest", own.digest[:DIGEST_SHOWN] in page.texts(), "not on the page")

    def _downloads(self, turn: int, own: Own) -> None:
        self.visitor.write("pdf_name", typed_by(self.name))
        content = {kind: self.visitor.download(f"download_{kind}") for kind in KINDS}
        expected, digest = own.mass_g[self.weight_kg], own.digest
        saved, paper = json.loads(content["json"]), pdf_text(content["pdf"])
        mass, quantities = saved["estimate"]["lvm_g"], quantities_of(content["fhir"])
        self.received.append(paper.encode())
        self._must(turn, "digest in the JSON", saved["recording"]["digest"] == digest, "another")
        self._must(turn, "mass in the JSON", abs(mass - expected) < 0.01, f"{mass} for {expected:.2f}")
        self._must(turn, "digest in the PDF", digest[:DIGEST_IN_NAME] in paper, "not there")
        self._must(turn, "typed name in the PDF", typed_by(self.name) in paper, "not there")
        is_there = any(abs(value - expected) <= HALF_G for value in quantities)
        self._must(turn, "mass in the FHIR bundle", is_there, f"{quantities} for {expected:.2f}")

    def _look_for_the_other(self, turn: int) -> None:
        for mark in self.foreign:
            if any(mark in content for content in self.received):
                self.wrong.append(f"turn {turn}, {self.name}: received {mark!r}")
        self.checked += len(self.foreign)

    def _must(self, turn: int, what: str, is_right: bool, detail: str) -> None:
        self.checked += 1
        if not is_right:
            self.wrong.append(f"turn {turn}, {self.name}: {what}: {detail}")


def typed_by(name: str) -> str:
    """What this visitor types as the name for the page on paper."""
    return f"TypedBy{name}"


def quantities_of(bundle: bytes) -> list[float]:
    """Values of all observations of a FHIR bundle."""
    resources = [one["resource"] for one in json.loads(bundle)["entry"]]
    return [one["valueQuantity"]["value"] for one in resources if "valueQuantity" in one]


def marks_of(name: str, patients: Sequence[Own]) -> list[bytes]:
    """What must never reach the other session: digests, file names, the typed name."""
    names = [file.split(".")[0] for one in patients for file in one.files]
    return [mark.encode() for mark in [*(one.digest[:DIGEST_IN_NAME] for one in patients), *names, typed_by(name)]]


def interleaved(turns: int) -> dict[str, object]:
    """Two sessions, turn after turn at the same instant."""
    patients = {name: patients_of(name) for name in SEEDS}
    started, done, errors = time.perf_counter(), 0, []
    with running_app() as app, ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        sides = []
        for name, other in itertools.permutations(SEEDS):
            received: list[bytes] = []
            keep = partial(_keep, received)
            visitor = stack.enter_context(Visitor(app.url, keep))
            foreign = marks_of(other, patients[other])
            sides.append(Side(name=name, patients=patients[name], foreign=foreign, visitor=visitor, received=received))
        try:
            for turn in range(1, turns + 1):
                list(pool.map(Side.act, sides, [turn] * len(sides)))
                done = turn
                if turn % max(1, turns // 20) == 0:
                    minutes = (time.perf_counter() - started) / 60
                    wrong = sum(len(one.wrong) for one in sides)
                    print(f"{turn} of {turns} turns, {minutes:.1f} min, {wrong} wrong", flush=True)
        except Exception as error:  # noqa: BLE001  # Whatever went wrong belongs into the count.
            errors.append(f"turn {done + 1}: {type(error).__name__}: {error}"[:300])
    lines = [line for side in sides for line in side.wrong]
    return {
        "turns": done,
        "patients": {name: len(found) for name, found in patients.items()},
        "values_compared": sum(side.checked for side in sides),
        "values_of_the_other_or_wrong": len(lines),
        "in_words": lines[:20],
        "errors": errors,
        "minutes": round((time.perf_counter() - started) / 60, 1),
    }


def _keep(received: list[bytes], kind: str, content: bytes) -> None:
    """Frames and files alike."""
    received.append(content)


def pdf_text(content: bytes) -> str:
    """The words and the metadata of a PDF."""
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    pages = [document[index].get_textpage().get_text_bounded() for index in range(len(document))]
    return "\n".join([*pages, json.dumps(document.get_metadata_dict())])


# --- planted ----------------------------------------------------------------------------------------------------------


def mark_for(kind: str) -> str:
    """A mark that no file holds by chance."""
    drawn = "".join(random.SystemRandom().choices("BCDFGHJKLMNPQRSTVWXZ", k=8))
    return f"Qx{kind.title().replace(' ', '')}{drawn}"


@dataclass
class Places:
    """What was planted, where was looked (place → bytes), and what was found there."""

    marks: Sequence[str]
    planted: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def plant(self, kind: str, files: dict[str, bytes], mark: str) -> dict[str, bytes]:
        """Count the marks of an upload, that in each file's name included."""
        forms = [mark.encode(), mark.encode("utf-32-le")]
        self.planted[kind] += sum(content.count(form) for content in files.values() for form in forms) + len(files)
        return files

    def look(self, place: str, content: bytes) -> None:
        """Search one content, also as UTF-16."""
        with self.lock:
            self.seen[place] += len(content)
            self.found[place] += 0
            for mark in (*self.marks, *DATES):
                hits = content.count(mark.encode()) + content.count(mark.encode("utf-16-le"))
                if hits:
                    self.found[place] += hits
                    self.words.append(f"{mark} in {place}")


def planted() -> dict[str, object]:
    """Marks in every format, looked for everywhere."""
    marks = {kind: mark_for(kind) for kind in (*FORMATS, "second", "broken")}
    typed = {"pdf_name": mark_for("typed name"), "pdf_note": mark_for("typed note")}
    places = Places([*marks.values(), *typed.values()])
    with tempfile.TemporaryDirectory(prefix="isolation-") as name:
        folders = {kind: Path(name) / kind for kind in ("tmp", "home", "cache")}
        for folder in folders.values():
            folder.mkdir()
        log = Path(name) / "log"
        environment = {
            "TMPDIR": str(folders["tmp"]),
            "HOME": str(folders["home"]),
            "XDG_CACHE_HOME": str(folders["cache"]),
        }
        with running_app(arguments=["--logger.level=debug"], environment=environment, log=log) as app:
            _visits(app.url, marks, typed, places)
            _look_on_disk(folders, places)
        _look_on_disk(folders, places)
        places.look("log at debug level", log.read_bytes())
    control = places.found.pop("PDF, typed fields")
    return {
        "formats": len(FORMATS),
        "broken_files": N_BROKEN,
        "marks": len(places.marks),
        "dates": len(DATES),
        "planted": dict(places.planted),
        "planted_in_all": sum(places.planted.values()),
        "bytes_searched": dict(places.seen),
        "found": dict(places.found),
        "found_in_all": sum(places.found.values()),
        "in_words": sorted(set(places.words))[:40],
        "typed_fields_found_in_the_pdf": control,
    }


def _visits(url: str, marks: dict[str, str], typed: dict[str, str], places: Places) -> None:
    """A session that uploads everything, and one that looks on."""
    frames: list[bytes] = []

    def keep(kind: str, content: bytes) -> None:
        if kind == "frame":  # files are searched one by one
            frames.append(content)

    def other_sees(kind: str, content: bytes) -> None:
        places.look("another session", content)

    with Visitor(url, other_sees) as other, Visitor(url, keep) as visitor:
        other.upload("ecg_files", files_of("csv", simulated_case(7, 7), "other"))
        for index, fmt in enumerate(FORMATS):
            files = files_of(fmt, simulated_case(SEEDS["A"], index), marks[fmt])
            frames.clear()
            _one_format(visitor, places.plant(fmt, files, marks[fmt]), fmt)
            if index == 0:
                second = files_of("dicom", simulated_case(SEEDS["B"], 0), marks["second"])
                visitor.upload("second_files", places.plant("second", second, marks["second"]))
            _downloads(visitor, typed, places)
            places.look("page and charts", b"\n".join(frames))
            other.rerun()
        rng = random.Random(5)
        for index in range(N_BROKEN):
            files = broken_files(simulated_case(SEEDS["A"], index), rng, marks["broken"])
            places.plant("broken", files, marks["broken"])
            frames.clear()
            visitor.upload("ecg_files", files)
            places.look("page after a broken file", b"\n".join(frames))
            other.rerun()


def _one_format(visitor: Visitor, files: dict[str, bytes], fmt: str) -> None:
    """Upload, answer what the page asks, open every tab."""
    visitor.upload("ecg_files", files)
    if visitor.page.widget("ecg_rate_hz"):
        visitor.submit("ecg_rate_hz", FS_HZ, "Use this rate")
    if visitor.page.widget("unit_mV"):
        visitor.click("unit_uV" if fmt == "text" else "unit_mV")
    if not visitor.page.grams() and visitor.page.widget("age_years"):
        visitor.number("age_years", 60.0)
    for tab in ("Averaged beat", "Measurements and criteria", "Second ECG"):
        visitor.write("tabs", tab)


def _downloads(visitor: Visitor, typed: dict[str, str], places: Places) -> None:
    """Every download without the typed fields, then with them."""
    visitor.write("tabs", "Report")
    for kind in KINDS:
        content = visitor.download(f"download_{kind}")
        places.look(kind.upper(), pdf_text(content).encode() + content if kind == "pdf" else content)
    for key, words in typed.items():
        visitor.write(key, words)
    for kind in ("json", "fhir"):
        places.look(kind.upper(), visitor.download(f"download_{kind}"))
    paper = pdf_text(visitor.download("download_pdf"))
    with places.lock:
        places.found["PDF, typed fields"] += sum(words in paper for words in typed.values())
    for words in typed.values():
        paper = paper.replace(words, "")
    places.look("PDF", paper.encode())


def _look_on_disk(folders: dict[str, Path], places: Places) -> None:
    for kind, folder in folders.items():
        for path in folder.rglob("*"):
            places.look(f"folder {kind}", str(path.relative_to(folder)).encode())
            if path.is_file():
                places.look(f"folder {kind}", path.read_bytes())
        places.look(f"folder {kind}", b"")


PARTS = ("interleaved", "planted")


def main() -> int:
    """Run the parts, print, write; 1 when anything was where it must not be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--out", type=Path, help="JSON file; a part that is not run stays as it is in it")
    options = parser.parse_args()
    made: dict[str, Callable[[], dict[str, object]]] = {
        "interleaved": lambda: interleaved(options.turns),
        "planted": planted,
    }
    known = json.loads(options.out.read_text()) if options.out and options.out.is_file() else {}
    result = {name: known[name] for name in PARTS if name in known}
    for name in options.parts:
        result[name] = {"measured": stamp(), **made[name]()}
        print(json.dumps({name: result[name]}, indent=1))
        if options.out:
            write(options.out, result)
    one, other = result.get("interleaved", {}), result.get("planted", {})
    return int(bool(one.get("values_of_the_other_or_wrong") or one.get("errors") or other.get("found_in_all")))


if __name__ == "__main__":
    sys.exit(main())
