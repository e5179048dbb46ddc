"""One visitor of `benchmarks.soak` at work: uploads, answers to questions, downloads, a second ECG; what came of it."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.upload_files import FORMATS, FS_HZ, Case, broken_files, files_of, simulated_case
from benchmarks.wire import Visitor

ROOT = Path(__file__).resolve().parents[1]
SEED = 1107
PER_SESSION, BROKEN_EVERY, FORGET_EVERY, DOWNLOAD_EVERY, SECOND_EVERY, CHECK_EVERY = 25, 10, 20, 50, 60, 11
WITH_FACTS = ("dicom", "muse", "sierra", "aecg", "scp", "cardiosoft", "saved")
"""Formats that state age, sex, height and weight: the page asks nothing."""
BAD = ("unexpected", "wrong", "broken session")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one upload led to."""

    number: int
    fmt: str
    kind: str
    grams_s: float
    rest_s: float
    detail: str = ""


class Client:
    """One visitor at work.

    Parameters
    ----------
    url : str
    cases : sequence of Case
        What the recordings are made from.
    seed : int
        Of formats and damage; the number of an upload does the rest.
    patience_s : float
        How long one answer may take.
    """

    def __init__(self, url: str, cases: Sequence[Case], seed: int, patience_s: float) -> None:
        self._url, self._cases, self._seed, self._patience_s = url, cases, seed, patience_s

    def session(self, numbers: Iterator[int], note: Callable[[Outcome], None]) -> bool:
        """Up to `PER_SESSION` uploads in one session; False when there are no more."""
        with Visitor(self._url, patience_s=self._patience_s) as visitor:
            for _ in range(PER_SESSION):
                number = next(numbers, None)
                if number is None:
                    return False
                note(self._outcome(visitor, number))
        return True

    def _outcome(self, visitor: Visitor, number: int) -> Outcome:
        rng = random.Random(f"{self._seed}-{number}")
        case = self._cases[number % len(self._cases)].scaled(1.0 + 1e-4 * (number + 1))
        fmt, is_broken = list(FORMATS)[number % len(FORMATS)], number % BROKEN_EVERY == BROKEN_EVERY - 1
        fmt = "broken" if is_broken else fmt
        mark = f"upload{number:05d}"
        files = broken_files(case, rng, mark) if is_broken else files_of(fmt, case, mark)
        if number % FORGET_EVERY == 0 and visitor.page.widget("forget"):
            visitor.click("forget")
        rest_s = visitor.upload("ecg_files", files)
        grams_s, kind, detail = visitor.grams_s, self._answer(visitor, fmt), ""
        if kind == "grams" and fmt in WITH_FACTS and number % CHECK_EVERY == 0:
            detail = self._difference(visitor, files)
            kind = "wrong" if detail else kind
        if kind == "nothing" or (kind in ("error", "question") and not is_broken):
            kind, detail = "unexpected", f"{kind}: {' '.join(visitor.page.errors())[:200]}"
        self._more(visitor, number)
        return Outcome(number=number, fmt=fmt, kind=kind, grams_s=grams_s, rest_s=rest_s, detail=detail)

    @staticmethod
    def _answer(visitor: Visitor, fmt: str) -> str:
        """What stands on the page once its questions are answered."""
        page = visitor.page
        if page.widget("ecg_rate_hz"):
            visitor.submit("ecg_rate_hz", FS_HZ, "Use this rate")
        if page.widget("unit_mV"):
            visitor.click("unit_uV" if fmt == "text" else "unit_mV")
        if not page.grams() and page.widget("age_years"):
            visitor.number("age_years", 60.0)
        if page.grams():
            return "grams"
        if page.widget("ecg_rate_hz") or page.widget("unit_mV"):
            return "question"
        return "refused" if page.widget("age_years") else "error" if page.errors() else "nothing"

    @staticmethod
    def _difference(visitor: Visitor, files: dict[str, bytes]) -> str:
        """How the mass on the page differs from the core's; empty when it does not."""
        with _CORE_LOCK:
            expected = _core_g(files)
        shown = visitor.page.grams()[0]
        return "" if abs(float(shown.removesuffix(" g")) - expected) <= 0.5 + 1e-6 else f"{shown} for {expected:.2f} g"

    @staticmethod
    def _more(visitor: Visitor, number: int) -> None:
        """What a visitor does beside looking: no saliency next time, downloads, a second ECG."""
        page = visitor.page
        if page.widget("saliency"):
            visitor.toggle("saliency", False)
        if not page.grams() or not page.widget("tabs"):
            return
        if number % DOWNLOAD_EVERY == 1:
            visitor.write("tabs", "Report")
            for kind in ("pdf", "json", "fhir"):
                visitor.download(f"download_{kind}")
            visitor.write("tabs", "12 leads")
        if number % SECOND_EVERY == 2:
            visitor.write("tabs", "Second ECG")
            second = simulated_case(SEED, number)
            visitor.upload("second_files", files_of("dicom", second, f"second{number:05d}"))
            visitor.write("tabs", "12 leads")


_CORE_LOCK = threading.Lock()


def _core_g(files: dict[str, bytes]) -> float:
    """LV mass by the core alone, in g."""
    import torch

    from elvmass_core.io import open_files
    from elvmass_core.models.bundle import load_models
    from elvmass_core.pipeline import analyse

    if not _MODELS:
        torch.set_num_threads(1)
        _MODELS.append(load_models(ROOT / "weights"))
    opened = open_files(files)
    report = analyse(opened.recording, opened.patient or opened.recording.stated, _MODELS[0])
    return float("nan") if report.estimate is None else report.estimate.lvm_g


_MODELS: list = []
