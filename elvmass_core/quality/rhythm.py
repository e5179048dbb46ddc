"""The rhythm, told by the times and the shapes of the beats.

Every beat is classed by how its QRS resembles the average and by when it comes; the findings follow from the classes,
from the RR intervals and from whether the same P wave precedes the beats. Thresholds were set on every second of 119
real recordings (of these 4 with atrial fibrillation) and 240 simulated ones; `tests/test_rhythm.py` uses neither.
"""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from elvmass_core.domain import BEAT_FS_HZ, BEAT_R_INDEX, Beat, FloatArray
from elvmass_core.quality.findings import Findings, caution, note
from elvmass_core.units import INDEPENDENT_ROWS
from elvmass_core.wording import beyond

ATRIAL_FIBRILLATION = "atrial_fibrillation"
"""Code of the finding in which no P wave may be measured."""
MIN_BEATS = 5
"""Fewer beats say nothing of the rhythm."""
QRS_HALF_MS, QRS_SHIFT_MS = 80.0, 12.0
"""The QRS is compared over R ± the first, at the best of the shifts up to the second."""
SAME_QRS = 0.85
"""Correlation over the QRS of all leads above which a beat has the shape of the average: 99 % of the beats of real
sinus rhythms lie above 0.87, 97 % of simulated ventricular ectopic beats below 0.80."""
WIDE_RATIO = 1.15
"""A QRS this many times as long as the average one is wide (assumed; real beats of one shape reach 1.06)."""
WIDTH_SHARE, WIDTH_HALF_MS = 0.2, 140.0
"""QRS length of a single beat: where its spatial velocity exceeds this share of its maximum, within R ± this."""
PREMATURE, PREMATURE_UNLIKE = 0.80, 0.90
"""RR before a premature beat over the median RR: the usual definition, and for a beat of another shape, whose shape
already speaks for ectopy (assumed)."""
PAUSE = 1.10
"""RR over the median RR after an ectopic beat whose coupling is not known (assumed)."""
ECTOPIC_CAUTION = 0.15
"""Share of ectopic beats above which it is a CAUTION (assumed: one in a 10 s recording stays below; they are left
out of the average in any case)."""
AF_RR_STEP = 0.06
"""Median change from one RR to the next over the median RR, above which beats of one shape are irregular throughout,
not by single ectopic beats. Simulated fibrillation (RR from doi 10.1161/01.CIR.41.5.783) exceeds it in 97 %; sinus
rhythm may too (sinus arrhythmia), but keeps its P wave."""
P_WINDOW_MS = 180.0
P_ALIKE = 0.65
"""Median correlation of the time before a QRS with the mean of that of the other beats, below which no P wave belongs
to the beats. Real sinus rhythm: 0.72 and more; simulated fibrillation: 0.66 and less."""
RR_SPREAD, RR_SPREAD_BASE = 0.15, 0.10
"""Coefficient of variation of RR above which the rhythm is irregular: between beats that are not ectopic (assumed; real
sinus arrhythmia reaches 0.12), or between all beats of one shape when the first is above the second number, so that
early beats alone do not explain it."""
MIN_SINUS_SHARE = 0.5
"""Share of RR intervals between two beats that are not ectopic, below which no basic rhythm can be told (assumed)."""
_STEP_MS = 1000.0 / BEAT_FS_HZ

Mask = NDArray[np.bool_]


class BeatClass(StrEnum):
    """What a single beat is, by shape and time."""

    USUAL = "usual"
    PREMATURE = "premature"
    WIDE = "wide"
    UNLIKE = "unlike"


def check_rhythm(beat: Beat) -> Findings:
    """Atrial fibrillation, irregular rhythm, ectopic beats."""
    if len(beat.r_times_s) < MIN_BEATS:
        return ()
    classes = classify_beats(beat)
    fibrillates = _fibrillates(beat, classes)
    return (*(_fibrillation(beat) if fibrillates else _irregular(beat, classes)), *_ectopy(classes, fibrillates))


def classify_beats(beat: Beat) -> tuple[BeatClass, ...]:
    """Class every beat of a recording.

    Parameters
    ----------
    beat : Beat
        Its `beats_mv`, `r_times_s` and the average.

    Returns
    -------
    tuple of BeatClass
        USUAL: the shape of the average, in time. PREMATURE: the same shape, early (supraventricular; in atrial
        fibrillation just a short interval). WIDE: another shape and longer, early or before a pause (ventricular, or
        conducted aberrantly). UNLIKE: another shape without such a sign (fusion, another focus, or an artefact).
    """
    rr = np.diff(beat.r_times_s) * beat.rate_bpm / 60.0
    before, after = np.append(np.nan, rr), np.append(rr, np.nan)
    likeness = qrs_likeness(beat)
    usual_ms = _qrs_length_ms(beat.signal_mv)
    return tuple(
        _class_of(likeness[index], _qrs_length_ms(one) / usual_ms, before[index], after[index])
        for index, one in enumerate(beat.beats_mv)
    )


def _class_of(likeness: float, length: float, before: float, after: float) -> BeatClass:
    """Class of one beat from its likeness, its relative length and the RR around it; nan: unknown."""
    if likeness >= SAME_QRS:
        return BeatClass.PREMATURE if before < PREMATURE else BeatClass.USUAL
    ectopic = before < PREMATURE_UNLIKE or after > PAUSE
    return BeatClass.WIDE if ectopic and length >= WIDE_RATIO else BeatClass.UNLIKE


def qrs_likeness(beat: Beat) -> FloatArray:
    """Largest correlation of each beat with the average over R ± 80 ms of the independent leads, shape (n_beats,)."""
    reach = round(QRS_SHIFT_MS / _STEP_MS)
    average = _qrs(beat.signal_mv[None], 0)[0]
    scores = [_correlations(_qrs(beat.beats_mv, shift), average) for shift in range(-reach, reach + 1)]
    return np.max(scores, axis=0)


def _qrs(beats_mv: FloatArray, shift: int) -> FloatArray:
    """QRS samples of all independent leads in a row, each lead less its median; shape (n_beats, n)."""
    half = round(QRS_HALF_MS / _STEP_MS)
    window = beats_mv[:, INDEPENDENT_ROWS, BEAT_R_INDEX - half + shift : BEAT_R_INDEX + half + shift]
    return (window - np.median(window, axis=2, keepdims=True)).reshape(len(beats_mv), -1)


def _correlations(rows: FloatArray, other: FloatArray) -> FloatArray:
    """Cosine between each row and `other` (one row, or as many); 0 where nothing moves."""
    norms = np.linalg.norm(rows, axis=-1) * np.linalg.norm(other, axis=-1)
    return np.asarray((rows * other).sum(axis=-1) / np.maximum(norms, 1e-12))


def _qrs_length_ms(beat_mv: FloatArray) -> float:
    """From the first to the last sample around R at which the leads together move fast."""
    half, smooth = round(WIDTH_HALF_MS / _STEP_MS), np.ones(7) / 7.0
    window = beat_mv[INDEPENDENT_ROWS, BEAT_R_INDEX - half : BEAT_R_INDEX + half + 1]
    velocity = np.sqrt(np.square(np.gradient(window, axis=1)).sum(axis=0))
    velocity = np.convolve(velocity, smooth, mode="same")
    fast = np.flatnonzero(velocity >= WIDTH_SHARE * velocity.max())
    return float(fast[-1] - fast[0] + 1) * _STEP_MS


def p_likeness(beat: Beat, chosen: Mask) -> float:
    """How alike the time before the QRS is in the chosen beats: 1 with the same P wave, about 0 without; nan: too few.

    Median over the beats of the correlation with the mean of the others, all independent leads together, each less the
    line through the ends of the window.
    """
    onset_ms = -50.0 if beat.fiducials.qrs_on is None else beat.fiducials.qrs_on
    stop = BEAT_R_INDEX + round(onset_ms / _STEP_MS) - 3
    start = max(stop - round(P_WINDOW_MS / _STEP_MS), 0)
    if chosen.sum() < MIN_BEATS or stop - start < 10:
        return float("nan")
    window = beat.beats_mv[chosen][:, INDEPENDENT_ROWS, start:stop]
    ramp = np.linspace(0.0, 1.0, stop - start)
    first, last = window[..., :3].mean(axis=2, keepdims=True), window[..., -3:].mean(axis=2, keepdims=True)
    rows = (window - first * (1.0 - ramp) - last * ramp).reshape(len(window), -1)
    return float(np.median(_correlations(rows, rows.sum(axis=0) - rows)))


def _mask(classes: Sequence[BeatClass], *wanted: BeatClass) -> Mask:
    return np.array([one in wanted for one in classes], dtype=np.bool_)


def _between(beat: Beat, chosen: Mask) -> FloatArray:
    """RR intervals whose two beats are both chosen."""
    return np.diff(beat.r_times_s)[chosen[1:] & chosen[:-1]]


def _spread(rr_s: FloatArray) -> float:
    """Coefficient of variation; 0 for fewer intervals than tell it."""
    return float(rr_s.std() / rr_s.mean()) if len(rr_s) >= MIN_BEATS - 2 else 0.0


def _median_step(beat: Beat, chosen: Mask) -> float:
    """Median change from one RR to the next over the median RR, among three chosen beats in a row; 0 for too few."""
    rows = chosen[2:] & chosen[1:-1] & chosen[:-2]
    steps = np.abs(np.diff(beat.r_times_s, n=2))[rows]
    return float(np.median(steps)) * beat.rate_bpm / 60.0 if len(steps) >= MIN_BEATS - 2 else 0.0


def _fibrillates(beat: Beat, classes: Sequence[BeatClass]) -> bool:
    """Irregular from beat to beat among beats of one shape, and no P wave that belongs to them."""
    same = _mask(classes, BeatClass.USUAL, BeatClass.PREMATURE)
    irregular = _median_step(beat, same) > AF_RR_STEP or _spread(_between(beat, same)) > RR_SPREAD
    return irregular and p_likeness(beat, _mask(classes, BeatClass.USUAL)) < P_ALIKE


def _fibrillation(beat: Beat) -> Findings:
    message = (
        "Atrial fibrillation is suspected: the beats are irregular and no P wave belongs to them, so P and PR are not "
        "given. The models know sinus rhythm only: look at the rhythm strip."
    )
    spread = _spread(np.diff(beat.r_times_s))
    observed = f"RR varies by {100 * spread:.0f} %, P waves differ"
    return caution(ATRIAL_FIBRILLATION, message, observed, "sinus rhythm")


def _irregular(beat: Beat, classes: Sequence[BeatClass]) -> Findings:
    """Irregular without the signs of atrial fibrillation: sinus arrhythmia, pauses, blocks, ectopy in rows."""
    usual = _between(beat, _mask(classes, BeatClass.USUAL))
    share, spread = len(usual) / (len(classes) - 1), _spread(usual)
    if spread > RR_SPREAD_BASE:
        spread = max(spread, _spread(_between(beat, _mask(classes, BeatClass.USUAL, BeatClass.PREMATURE))))
    if share >= MIN_SINUS_SHARE and spread <= RR_SPREAD:
        return ()
    message = (
        "The rhythm is irregular (strong sinus arrhythmia, pauses, block or frequent ectopy): the models know regular "
        "sinus rhythm only. Look at the rhythm strip."
    )
    if share < MIN_SINUS_SHARE:
        least = 100 * MIN_SINUS_SHARE
        observed = f"{beyond(100 * share, least)} % of RR between usual beats"
        return caution("irregular_rhythm", message, observed, f"≥ {least:g} %")
    observed = f"RR varies by {beyond(100 * spread, high=100 * RR_SPREAD)} %"
    return caution("irregular_rhythm", message, observed, f"≤ {100 * RR_SPREAD:g} %")


def _ectopy(classes: Sequence[BeatClass], fibrillates: bool) -> Findings:
    """How many ectopic beats there are; a short RR in atrial fibrillation is none."""
    wide = classes.count(BeatClass.WIDE)
    early = 0 if fibrillates else classes.count(BeatClass.PREMATURE)
    if not wide + early:
        return ()
    kinds = ((wide, "wide ectopic", "probably ventricular"), (early, "premature", "the usual QRS, probably atrial"))
    words = ", ".join(f"{n} {kind} beat{'s' if n > 1 else ''} ({what})" for n, kind, what in kinds if n)
    share = (wide + early) / len(classes)
    message = f"Of {len(classes)} beats: {words}. They are left out of the average."
    if share <= ECTOPIC_CAUTION:
        return note("ectopy", message)
    observed = f"{beyond(100 * share, high=100 * ECTOPIC_CAUTION)} % ectopic beats"
    expected = f"≤ {100 * ECTOPIC_CAUTION:g} %"
    return caution("ectopy", f"{message} Record again at rest if few beats remain.", observed, expected)
