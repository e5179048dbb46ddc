"""May a number be given? Pure checks that return Findings.

Checks deliberately not made yet: pacing spikes, precordial swaps, the limb swaps other than the two arm electrodes,
bundle-branch patterns by name, ectopy classes, and distance from known ECGs. Each is said here so that silence is not
read as a pass.
"""

import numpy as np

from elvmass_core.domain import Beat, Features, Finding, FloatArray, Patient, Recording, Severity, Sex, age_in_words
from elvmass_core.features import qrs_peak_to_peak_mv
from elvmass_core.segments import segment_masks
from elvmass_core.signal.filters import MAX_GAP_S, fill_gaps
from elvmass_core.units import LEAD_INDEX, LEADS

STOP, CAUTION, NOTE = Severity.STOP, Severity.CAUTION, Severity.NOTE

ADULT_YEARS = 18.0
BMI_LIMITS = (14.0, 55.0)
"""Outside it a unit is wrong more often than a body is extreme (assumed)."""
SEX_WORDS = {Sex.FEMALE: "female", Sex.MALE: "male", Sex.UNKNOWN: "unknown"}
AGE_TOLERANCE_YEARS = 1.0
BODY_TOLERANCE = 1.0
"""Rounding of a birthday, a height or a weight is no conflict."""
QRS_SPAN_MV = (0.25, 2.5)
"""Median over leads of the QRS span outside which the gain is in doubt. In the real recordings used for tests the
medians lie in 0.39–1.91 mV; low-voltage ECGs (all limb leads below 0.5 mV) stay above the lower limit."""
GAIN_FACTORS = (2000.0, 1000.0, 200.0, 100.0, 50.0, 20.0, 10.0, 5.0, 4.0)
TYPICAL_SPAN_MV = 1.1
FLAT_MV = 0.02
"""A lead whose central 98 % spans less than this carries no ECG."""
CLIP_PLATEAUS, CLIP_RUN_MS, CLIP_DISTANCE = 3, 8.0, 0.4
"""Saturation: this many plateaus, this long, on an extreme value that lies this share of the span from the median
(assumed; coarse resolution alone rests near the baseline, and padding at the ends of a file rests once)."""
MIN_SIMILAR_BEATS = 5
RATE_LIMITS_BPM = (40.0, 120.0)
RATE_STOP_BPM = 150.0
"""Above it the window of the averaged beat holds parts of two neighbours."""
WIDE_QRS_MS = 120.0
MAX_QRS_MS = 220.0
MIN_QRS_MS = 50.0
NOISE_MV = (0.06, 0.15)
"""Spread of single beats about the average outside P–T (RMS over leads): CAUTION above the first, STOP above the
second (assumed)."""
REJECTED_SHARE = 0.25
RR_SPREAD = 0.15
"""Coefficient of variation of RR that suggests atrial fibrillation or frequent ectopy (assumed)."""
P_DOWN_MV = 0.01
"""Mean of an inverted P wave in lead I (assumed)."""


def check_patient(patient: Patient) -> tuple[Finding, ...]:
    """Age, sex and body size: what is needed and what their absence costs."""
    findings = []
    if patient.age_years is None:
        findings.append(_stop("age_missing", "Age is needed: enter it in years."))
    elif patient.age_years < ADULT_YEARS:
        findings.append(
            _stop(
                "not_adult",
                "ELVMass is for adults only; children's hearts follow other rules.",
                f"{patient.age_years:g} years",
                f"≥ {ADULT_YEARS:g} years",
            )
        )
    if patient.sex is Sex.UNKNOWN:
        message = "Sex is not given, so both models answer side by side and LVH is not judged."
        findings.append(Finding(code="sex_unknown", severity=NOTE, message=message))
    if patient.bsa_m2 is None:
        message = "Without height and weight the interval is wider, and there is no index and no LVH answer."
        findings.append(Finding(code="body_size_unknown", severity=NOTE, message=message))
    return (*findings, *_unusual_body(patient))


def _unusual_body(patient: Patient) -> tuple[Finding, ...]:
    """A body-mass index that suggests a wrong unit."""
    bmi = patient.bmi_kg_m2
    if bmi is None or BMI_LIMITS[0] <= bmi <= BMI_LIMITS[1]:
        return ()
    message = "Height and weight do not go together: check the numbers and their units (cm, kg)."
    low, high = BMI_LIMITS
    return (_stop("body_size_implausible", message, f"BMI {bmi:.0f} kg/m²", f"{low:g}–{high:g} kg/m²"),)


def check_conflicts(stated: Patient, given: Patient) -> tuple[Finding, ...]:
    """What the file states of the patient against what was given; the given value is used."""
    findings = []
    if stated.sex is not Sex.UNKNOWN and given.sex is not stated.sex:
        findings.append(_conflict("sex", SEX_WORDS[given.sex], SEX_WORDS[stated.sex]))
    if _apart(stated.age_years, given.age_years, AGE_TOLERANCE_YEARS):
        findings.append(_conflict("age", age_in_words(given.age_years), age_in_words(stated.age_years)))
    for name in ("height_cm", "weight_kg"):
        have, want = getattr(given, name), getattr(stated, name)
        if _apart(have, want, BODY_TOLERANCE):
            findings.append(_conflict(name.split("_")[0], f"{have:g}", f"{want:g}"))
    return tuple(findings)


def _conflict(name: str, given: str, stated: str) -> Finding:
    return Finding(
        code=f"{name}_conflict",
        severity=CAUTION,
        message=f"The {name} given differs from the one in the file: is this the right patient's ECG?",
        observed=f"given {given}, file states {stated}",
    )


def _apart(one: float | None, other: float | None, tolerance: float) -> bool:
    """Whether both are known and differ by more than rounding."""
    return one is not None and other is not None and abs(one - other) > tolerance


def check_recording(recording: Recording) -> tuple[Finding, ...]:
    """Missing samples, flat and clipped leads."""
    _, n_filled, n_left = fill_gaps(recording.signal_mv, recording.fs_hz)
    findings = []
    if n_left:
        message = "Samples are missing for longer than can be bridged: record again or export without gaps."
        findings.append(_stop("samples_missing", message, f"{n_left} samples", f"gaps ≤ {1000 * MAX_GAP_S:.0f} ms"))
    elif n_filled:
        message = "Short gaps were bridged by straight lines."
        findings.append(Finding(code="gaps_filled", severity=CAUTION, message=message, observed=f"{n_filled} samples"))
    return (*findings, *_flat(recording), *_clipped(recording))


def _flat(recording: Recording) -> tuple[Finding, ...]:
    """Leads that are there and carry nothing."""
    flat = [lead for lead in recording.leads_present if _span_mv(recording, lead) < FLAT_MV]
    if not flat:
        return ()
    message = f"No signal in {_listed(flat)}: check the electrode and record again."
    return (_stop("lead_flat", message, f"span < {FLAT_MV:g} mV", f"≥ {FLAT_MV:g} mV"),)


def _span_mv(recording: Recording, lead: str) -> float:
    low, high = np.nanpercentile(recording.signal_mv[LEAD_INDEX[lead]], [1.0, 99.0])
    return float(high - low)


def _clipped(recording: Recording) -> tuple[Finding, ...]:
    """Leads that rest on their largest or smallest value again and again."""
    clipped = [lead for lead in recording.leads_present if _plateaus(recording, lead) >= CLIP_PLATEAUS]
    if not clipped:
        return ()
    message = f"The amplifier was saturated in {_listed(clipped)}: amplitudes are cut off there. Record again."
    return (_stop("lead_clipped", message, f"≥ {CLIP_PLATEAUS} plateaus at the limit", "none"),)


def _plateaus(recording: Recording, lead: str) -> int:
    """How often a lead rests for `CLIP_RUN_MS` on an extreme value far from the middle of its signal."""
    whole = recording.signal_mv[LEAD_INDEX[lead]]
    signal = whole[np.isfinite(whole)]
    span = float(np.ptp(signal)) if signal.size else 0.0
    run = max(round(CLIP_RUN_MS / 1000.0 * recording.fs_hz), 3)
    if signal.size < run or span < FLAT_MV:
        return 0
    middle = np.median(signal)
    rails = [rail for rail in (signal.min(), signal.max()) if abs(rail - middle) > CLIP_DISTANCE * span]
    at_rail = np.isin(signal, rails)
    resting = np.convolve(at_rail, np.ones(run), mode="valid") == run
    return int(np.count_nonzero(resting[1:] & ~resting[:-1]))


def check_beat(beat: Beat, features: Features) -> tuple[Finding, ...]:
    """Gain, number of beats, noise, rate, rhythm, QRS width and arm electrodes."""
    return (
        *_amplitude(beat),
        *_few_beats(beat),
        *_noise(beat),
        *_rate(beat),
        *_irregular(beat),
        *_qrs_width(features),
        *_waves(beat),
        *_arms_swapped(beat),
    )


def _amplitude(beat: Beat) -> tuple[Finding, ...]:
    """A gain that is wrong by a common factor passes every other check."""
    span = float(np.median(qrs_peak_to_peak_mv(beat)))
    low, high = QRS_SPAN_MV
    if low <= span <= high:
        return ()
    ratio = span / TYPICAL_SPAN_MV
    factor = min(GAIN_FACTORS, key=lambda value: abs(np.log(value) - abs(np.log(max(ratio, 1e-9)))))
    direction = "large" if ratio > 1 else "small"
    message = f"The QRS is implausibly {direction}: the gain or unit is probably wrong by about {factor:g} times."
    return (_stop("amplitude_implausible", message, f"median QRS span {span:.3g} mV", f"{low:g}–{high:g} mV"),)


def _few_beats(beat: Beat) -> tuple[Finding, ...]:
    if beat.n_used < MIN_SIMILAR_BEATS:
        message = "Too few similar heartbeats for a reliable average: record 10 s at rest."
        return (_stop("few_beats", message, f"{beat.n_used} beats", f"≥ {MIN_SIMILAR_BEATS} beats"),)
    if beat.n_rejected > REJECTED_SHARE * len(beat.used):
        message = "Many heartbeats differ from the average (ectopy, noise or a changing rhythm)."
        return (
            Finding(
                code="many_beats_rejected",
                severity=CAUTION,
                message=message,
                observed=f"{beat.n_rejected} of {len(beat.used)} beats left out",
            ),
        )
    return ()


def noise_mv(beat: Beat) -> float:
    """Median over leads of the beat-to-beat SD outside QRS and T, in mV."""
    masks = segment_masks(beat.fiducials)
    quiet = masks["rest"] if masks["rest"] is not None else np.ones(beat.sd_mv.shape[1], dtype=bool)
    inside = quiet & (beat.sd_mv.max(axis=0) > 0)
    return float(np.median(beat.sd_mv[:, inside])) if inside.any() else 0.0


def _noise(beat: Beat) -> tuple[Finding, ...]:
    noise = noise_mv(beat)
    caution, stop = NOISE_MV
    if noise <= caution:
        return ()
    severity = STOP if noise > stop else CAUTION
    message = "The heartbeats differ by more than a quiet recording allows (muscle tremor, movement, mains)."
    return (
        Finding(
            code="noisy",
            severity=severity,
            message=message,
            observed=f"{1000 * noise:.0f} µV",
            expected=f"≤ {1000 * caution:.0f} µV",
        ),
    )


def _rate(beat: Beat) -> tuple[Finding, ...]:
    low, high = RATE_LIMITS_BPM
    if low <= beat.rate_bpm <= high:
        return ()
    severity = STOP if beat.rate_bpm > RATE_STOP_BPM else CAUTION
    message = f"The heart rate is outside the {low:g}–{high:g} bpm that the simulated patients cover."
    return (
        Finding(
            code="rate_outside_limits",
            severity=severity,
            message=message,
            observed=f"{beat.rate_bpm:.0f} bpm",
            expected=f"{low:g}–{high:g} bpm",
        ),
    )


def _irregular(beat: Beat) -> tuple[Finding, ...]:
    if len(beat.r_times_s) < MIN_SIMILAR_BEATS:
        return ()
    rr = np.diff(beat.r_times_s)
    spread = float(rr.std() / rr.mean())
    if spread <= RR_SPREAD:
        return ()
    message = "The rhythm is irregular (atrial fibrillation or ectopy): the simulated patients are in sinus rhythm."
    return (
        Finding(
            code="irregular_rhythm",
            severity=CAUTION,
            message=message,
            observed=f"RR varies by {100 * spread:.0f} %",
            expected=f"≤ {100 * RR_SPREAD:.0f} %",
        ),
    )


def _qrs_width(features: Features) -> tuple[Finding, ...]:
    qrs_ms = features["qrs_ms"]
    if qrs_ms is None or not MIN_QRS_MS <= qrs_ms <= MAX_QRS_MS:
        observed = "not found" if qrs_ms is None else f"{qrs_ms:.0f} ms"
        message = "The borders of the QRS complex cannot be found reliably in this recording."
        return (_stop("qrs_borders", message, observed, f"{MIN_QRS_MS:g}–{MAX_QRS_MS:g} ms"),)
    if qrs_ms < WIDE_QRS_MS:
        return ()
    message = (
        "The QRS is wide (bundle branch block, pre-excitation or pacing): voltage then says little about mass, and the "
        "classical criteria do not apply."
    )
    return (
        Finding(
            code="wide_qrs",
            severity=CAUTION,
            message=message,
            observed=f"{qrs_ms:.0f} ms",
            expected=f"< {WIDE_QRS_MS:g} ms",
        ),
    )


def _waves(beat: Beat) -> tuple[Finding, ...]:
    """Waves that do not stand out."""
    findings = []
    if beat.fiducials.t_end is None:
        message = "No T wave stands out, so ST–T cannot be read."
        findings.append(Finding(code="t_wave_not_found", severity=CAUTION, message=message))
    if beat.fiducials.p_on is None:
        message = "No P wave stands out: the rhythm may not be sinus."
        findings.append(Finding(code="p_wave_not_found", severity=CAUTION, message=message))
    return tuple(findings)


def _arms_swapped(beat: Beat) -> tuple[Finding, ...]:
    """Arm electrodes exchanged: P and QRS of lead I upside down while V6 points up (dextrocardia has no R in V6)."""
    masks = segment_masks(beat.fiducials)
    if masks["QRS"] is None or masks["P"] is None:
        return ()
    lead_i, v6 = beat.signal_mv[LEAD_INDEX["I"]], beat.signal_mv[LEAD_INDEX["V6"]]
    qrs_down = _points_down(lead_i[masks["QRS"]]) and not _points_down(v6[masks["QRS"]])
    if not (qrs_down and _above_its_ends_mv(lead_i[masks["P"]]) < -P_DOWN_MV):
        return ()
    message = "Lead I is upside down: the arm electrodes are probably exchanged. Reconnect and record again."
    return (_stop("arm_electrodes_swapped", message, "P and QRS negative in I, QRS positive in V6"),)


def _points_down(qrs_mv: FloatArray) -> bool:
    """Whether the deepest deflection exceeds the tallest."""
    return bool(-qrs_mv.min() > qrs_mv.max())


def _above_its_ends_mv(wave_mv: FloatArray) -> float:
    """Mean height of a wave over the straight line between its ends."""
    return float(np.mean(wave_mv - np.linspace(wave_mv[0], wave_mv[-1], wave_mv.size)))


def _stop(code: str, message: str, observed: str = "", expected: str = "") -> Finding:
    return Finding(code=code, severity=STOP, message=message, observed=observed, expected=expected)


def _listed(leads: list[str]) -> str:
    return "all leads" if len(leads) == len(LEADS) else "lead" + ("s " if len(leads) > 1 else " ") + ", ".join(leads)
