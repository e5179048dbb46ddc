"""The averaged beat: gain, number and likeness of beats, noise, rate, rhythm, borders."""

import numpy as np

from elvmass_core.domain import Beat, Features, FloatArray
from elvmass_core.features import qrs_peak_to_peak_mv
from elvmass_core.quality.conduction import check_conduction
from elvmass_core.quality.electrodes import check_electrodes
from elvmass_core.quality.findings import Findings, caution, listed, stop
from elvmass_core.quality.rhythm import check_rhythm
from elvmass_core.quality.timing import check_timing
from elvmass_core.segments import REST, segment_masks
from elvmass_core.units import INDEPENDENT_ROWS, LEADS
from elvmass_core.wording import beyond

QRS_SPAN_MV = (0.25, 2.5)
"""Median over leads of the QRS span outside which the gain is in doubt. In the real recordings used for tests the
medians lie in 0.39–1.91 mV; low-voltage ECGs (all limb leads below 0.5 mV) stay above the lower limit."""
USUAL_SPAN_MV = (0.55, 1.9)
"""The same median, outside which the gain or the heart is unusual: CAUTION. One of 111 real recordings lies outside
(0.39 mV), and 4 % of 400 simulated ones; so do two of three after doubling and one of two after halving, and of those
three times too large or too small 95 %. Both halves of the real recordings were seen when it was set."""
GAIN_FACTORS = (2000.0, 1000.0, 200.0, 100.0, 50.0, 20.0, 10.0, 5.0, 4.0)
TYPICAL_SPAN_MV = 1.1
MAX_CHEST_RATIO = 4.0
"""Largest chest-lead span over the median of the six; live leads of the real recordings reach 3.0."""
LIMB_RATIO_STOP, LIMB_RATIO_CAUTION = (0.08, 2.5), (0.25, 1.4)
"""Median limb-lead span over median chest-lead span. Of 111 real recordings two lie outside the second pair (0.11 and
just below 0.25) and none above 1.3; of 400 simulated ones 2 %, and a third after one group was halved or doubled."""
MIN_SIMILAR_BEATS = 5
REJECTED_SHARE = 0.25
NOISE_MV = (0.06, 0.15)
"""Median over leads of the beat-to-beat SD in the resting samples: CAUTION above the first, STOP above the second
(assumed)."""
LEAD_NOISE_RATIO = 0.5
"""The same SD of one lead over its own QRS span, above which the lead shows noise (real recordings reach 0.34)."""
RATE_LIMITS_BPM = (40.0, 120.0)
RATE_STOP_BPM = 150.0
"""Above it the window of the averaged beat holds parts of two neighbours."""
QRS_LIMITS_MS = (50.0, 220.0)
ONE_SOURCE = 0.008
"""Share of the averaged beat's power (eight independent leads) that one common time course leaves over, below which the
leads are scaled copies of one another. Real hearts turn: 0.019 and more in 119 recordings (lowest: paced), simulated
ones 0.089; copies and artificial pulses with noise reach 0.002."""


def check_beat(beat: Beat, features: Features, *, paced: bool = False, child: bool = False) -> Findings:
    """Everything the averaged beat can tell about whether it may be believed.

    Parameters
    ----------
    paced : bool
        Whether the recording shows pacemaker spikes (`check_recording`): then a suspicion of electrodes says so first.
    child : bool
        Whether the person is known to be one: then durations that are short for an adult say nothing of the rate.
    """
    return (
        *_amplitude(beat),
        *_lead_gain(beat),
        *_one_source(beat),
        *_few_beats(beat),
        *_noise(beat),
        *_lead_noise(beat),
        *_rate(beat),
        *check_rhythm(beat),
        *_qrs_borders(features),
        *(() if child else check_timing(features)),
        *check_conduction(beat, features),
        *_axis(features),
        *_waves(beat),
        *check_electrodes(beat, paced=paced),
    )


def _amplitude(beat: Beat) -> Findings:
    """A gain that is wrong by a common factor passes every other check."""
    span = float(np.median(qrs_peak_to_peak_mv(beat)))
    low, high = QRS_SPAN_MV
    if low <= span <= high:
        return _unusual_amplitude(span)
    ratio = span / TYPICAL_SPAN_MV
    factor = min(GAIN_FACTORS, key=lambda value: abs(np.log(value) - abs(np.log(max(ratio, 1e-9)))))
    direction = "large" if ratio > 1 else "small"
    message = f"The QRS is implausibly {direction}: the gain or unit is probably wrong by about {factor:g} times."
    observed = f"median QRS span {beyond(span, low, high, decimals=_decimals(span))} mV"
    return stop("amplitude_implausible", message, observed, f"{low:g}–{high:g} mV")


def _decimals(span_mv: float) -> int:
    """So many that three digits stand there, for a span that may be wrong by thousands of times."""
    return int(np.clip(2 - np.floor(np.log10(max(span_mv, 1e-6))), 0, 6))


def _unusual_amplitude(span_mv: float) -> Findings:
    """A size that hearts have, and that recordings with a gain wrong by two or three times have more often."""
    low, high = USUAL_SPAN_MV
    if low <= span_mv <= high:
        return ()
    message = (
        "The QRS is unusually tall in most leads: the heart or a thin chest may do that, or a gain read about two "
        "times too high, which makes the mass and the classical criteria too large. Check the gain."
    )
    if span_mv < low:
        message = (
            "The QRS is unusually small in most leads: body build, lung or pericardial disease or amyloid may do that, "
            "or a gain read about two times too low. Check the gain; low voltage does not exclude a thick ventricle."
        )
    observed = f"median QRS span {beyond(span_mv, low, high, decimals=1 if span_mv > 1.0 else 2)} mV"
    return caution("amplitude_unusual", message, observed, f"{low:g}–{high:g} mV")


def _lead_gain(beat: Beat) -> Findings:
    """A gain that is wrong in one chest lead, or in the limb leads against the chest leads."""
    span = qrs_peak_to_peak_mv(beat)
    limb, chest = float(np.median(span[:6])), float(np.median(span[6:]))
    if chest <= 0.0:
        return ()
    tallest = 6 + int(np.argmax(span[6:]))
    if span[tallest] > MAX_CHEST_RATIO * chest:
        message = f"Lead {LEADS[tallest]} is far taller than the other chest leads: its gain is probably wrong."
        times = beyond(float(span[tallest]) / chest, high=MAX_CHEST_RATIO, decimals=1)
        return stop("lead_gain", message, f"{times} times their median", f"≤ {MAX_CHEST_RATIO:g}")
    ratio = limb / chest
    message = (
        "Limb and chest leads differ in size more than most hearts make them: the gain of one group may be wrong "
        "(chest leads are sometimes recorded at half gain). Check it."
    )
    for say, (low, high) in ((stop, LIMB_RATIO_STOP), (caution, LIMB_RATIO_CAUTION)):
        if not low <= ratio <= high:
            observed = f"limb leads {beyond(ratio, low, high, decimals=2)} times the chest leads"
            return say("lead_gain", message, observed, f"{low:g}–{high:g}")
    return ()


def _one_source(beat: Beat) -> Findings:
    """Leads that are one time course, only larger or smaller: not an ECG of twelve leads."""
    leads = beat.signal_mv[INDEPENDENT_ROWS]
    power = np.square(np.linalg.svd(leads - leads.mean(axis=1, keepdims=True), compute_uv=False))
    left_over = float(1.0 - power[0] / max(power.sum(), 1e-12))
    if left_over >= ONE_SOURCE:
        return ()
    message = "All leads have the same shape: this is one signal copied or scaled, not a 12-lead ECG. Check the file."
    observed = f"{beyond(100 * left_over, 100 * ONE_SOURCE, decimals=2)} % of the power differs"
    return stop("one_source", message, observed, f"≥ {100 * ONE_SOURCE:g} %")


def _few_beats(beat: Beat) -> Findings:
    if beat.n_used < MIN_SIMILAR_BEATS:
        message = "Too few similar heartbeats for a reliable average: record 10 s at rest."
        return stop("few_beats", message, f"{beat.n_used} beats", f"≥ {MIN_SIMILAR_BEATS} beats")
    if beat.n_rejected > REJECTED_SHARE * len(beat.used):
        message = "Many heartbeats differ from the average (ectopy, noise or a changing rhythm)."
        return caution("many_beats_rejected", message, f"{beat.n_rejected} of {len(beat.used)} beats left out")
    return ()


def lead_noise_mv(beat: Beat) -> FloatArray:
    """Median beat-to-beat SD of each lead in the resting samples (outside P to T), in mV, shape (12,)."""
    rest = segment_masks(beat.fiducials)[REST]
    inside = (beat.sd_mv.max(axis=0) > 0) & (rest if rest is not None else True)
    return np.median(beat.sd_mv[:, inside], axis=1) if inside.any() else np.zeros(len(LEADS))


def _noise(beat: Beat) -> Findings:
    noise = float(np.median(lead_noise_mv(beat)))
    limit, too_much = NOISE_MV
    if noise <= limit:
        return ()
    say = stop if noise > too_much else caution
    message = "The heartbeats differ by more than a quiet recording allows (muscle tremor, movement, mains)."
    return say("noisy", message, f"{beyond(1000 * noise, high=1000 * limit)} µV", f"≤ {1000 * limit:g} µV")


def _lead_noise(beat: Beat) -> Findings:
    """Single leads in which no heartbeat stands out."""
    span = np.maximum(qrs_peak_to_peak_mv(beat), 1e-6)
    noisy = [LEADS[row] for row in np.flatnonzero(lead_noise_mv(beat) > LEAD_NOISE_RATIO * span)]
    if not noisy:
        return ()
    message = f"No heartbeat stands out of the noise in {listed(noisy)}: check the electrode and record again."
    return stop("lead_noisy", message, f"noise > {LEAD_NOISE_RATIO:g} of the QRS", f"≤ {LEAD_NOISE_RATIO:g}")


def _rate(beat: Beat) -> Findings:
    low, high = RATE_LIMITS_BPM
    if low <= beat.rate_bpm <= high:
        return ()
    say = stop if beat.rate_bpm > RATE_STOP_BPM else caution
    message = f"The heart rate is outside the {low:g}–{high:g} bpm for which the averaged beat is made."
    return say("rate_outside_limits", message, f"{beyond(beat.rate_bpm, low, high)} bpm", f"{low:g}–{high:g} bpm")


def _qrs_borders(features: Features) -> Findings:
    qrs_ms = features["qrs_ms"]
    low, high = QRS_LIMITS_MS
    if qrs_ms is not None and low <= qrs_ms <= high:
        return ()
    observed = "not found" if qrs_ms is None else f"{beyond(qrs_ms, low, high)} ms"
    message = "The borders of the QRS complex cannot be found reliably in this recording."
    return stop("qrs_borders", message, observed, f"{low:g}–{high:g} ms")


def _axis(features: Features) -> Findings:
    if features["qrs_axis_deg"] is not None:
        return ()
    message = "The frontal QRS axis is undefined; the model is given the mean axis instead."
    return caution("axis_undefined", message)


def _waves(beat: Beat) -> Findings:
    """Waves that do not stand out; without P and T half of the beat is unread."""
    has_t, has_p = beat.fiducials.t_end is not None, beat.fiducials.p_on is not None
    if not has_t and not has_p:
        message = "Neither a P nor a T wave stands out: the sampling rate may be wrong, or this is not a surface ECG."
        return stop("waves_not_found", message)
    if not has_t:
        return caution("t_wave_not_found", "No T wave stands out, so ST–T cannot be read.")
    if not has_p:
        return caution("p_wave_not_found", "No P wave stands out: the rhythm may not be sinus.")
    return ()
