"""From domain objects to words and elements: the only place where numbers are rounded.

Grams and indices to 1, mV to 0.01, ms to 1. Contributions, whose sum the reader may check, are given to 0.1 g.
"""

import re
from collections.abc import Sequence
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from elvmass_core.criteria import cutoffs_in_words
from elvmass_core.domain import CriterionResult, Estimate, Features, Finding, Lvh, Patient, Report, Severity, Sex
from elvmass_core.figures import PLOT_CONFIG, Theme, estimate_scale, filter_words
from elvmass_core.quality import NOT_CHECKED, distances_in_words, scope_words
from elvmass_core.quality.beat import QRS_SPAN_MV
from elvmass_core.reference_ranges import ReferenceRange, is_child, reference_range
from elvmass_core.report import AGE_SHOWN_UP_TO
from elvmass_core.signal.device_beat import AlignedDeviceBeat
from elvmass_core.units import MILLIVOLTS_PER
from elvmass_core.wording import MODEL_REFERENCE, alone_words, beyond, lvh_in_test_words, percent, reference_words
from pages.shared.state import Visit

_SEX = {Sex.FEMALE: "women", Sex.MALE: "men", Sex.UNKNOWN: "unknown"}
_LVH = {
    Lvh.FLAGGED: (":orange-badge[▲ LVH flagged]", ""),
    Lvh.NOT_FLAGGED: (":blue-badge[● LVH not flagged]", "A negative result does not exclude LVH."),
    Lvh.UNCERTAIN: (":gray-badge[◆ LVH uncertain]", ""),
    Lvh.NO_RESULT: (":gray-badge[○ LVH: no result]", ""),
}
_SEVERITY = {
    Severity.STOP: ":red-badge[■ Stop]",
    Severity.CAUTION: ":orange-badge[▲ Caution]",
    Severity.NOTE: ":gray-badge[● Note]",
}
_ALSO = "Also found"
_LVH_HELP = (
    "Left ventricular hypertrophy, judged by the whole interval: flagged when it lies above the cut-off, not flagged "
    "when it lies below, uncertain when it crosses it."
)
_INTERVAL_HELP = (
    "In patients like those it was fitted on (simulated ones, for the shipped weights) such an interval holds the true "
    "mass nine times out of ten."
)


def plain(text: str) -> str:
    """Text that came from outside, without any power over Markdown (an image link would call another server)."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>$~:])", r"\\\1", text)


def sex_words(sex: Sex) -> str:
    """Whom a model is for."""
    return _SEX[sex]


def grams(value: float) -> str:
    """Mass in whole grams."""
    return f"{value:.0f} g"


# --- Sentences --------------------------------------------------------------------------------------------------------


def recording_words(visit: Visit) -> str:
    """Heading of the intake: what is open."""
    recording = visit.recording
    if visit.question is not None:
        return "ECG: one question before it can be read — change"
    if recording is None:
        return "ECG: upload a file or open an example"
    leads = f"{len(recording.leads_present)} leads"
    return (
        f"ECG: {plain(recording.format)} · {leads} · {recording.duration_s:.1f} s · {recording.fs_hz:.0f} Hz — change"
    )


def reading_words(peak_to_peak: float, unit: str) -> str:
    """One reading of amplitudes without a unit, and whether an ECG could have it."""
    span_mv = peak_to_peak * MILLIVOLTS_PER[unit]
    low, high = QRS_SPAN_MV
    verdict = "plausible" if low <= span_mv <= high else "impossible for an ECG" if span_mv > high else "too small"
    words = {"mV": "millivolts", "uV": "microvolts"}[unit]
    return f"Read as {words}, a typical lead spans **{span_mv:.{0 if span_mv >= 100 else 2}f} mV**: {verdict}."


def patient_words(name: str, value: float | Sex | None) -> str:
    """One patient field; an age over 89 is shown as 90+."""
    if value is None or value is Sex.UNKNOWN:
        return "not stated"
    if isinstance(value, Sex):
        return {Sex.FEMALE: "female", Sex.MALE: "male"}[value]
    if name == "age_years":
        return "90+ years" if value > AGE_SHOWN_UP_TO else f"{value:.0f} years"
    return f"{value:.0f} {name.rsplit('_', 1)[-1]}"


_FIELD_NAMES = {"sex": "sex", "age_years": "age", "height_cm": "height", "weight_kg": "weight"}


def source_words(source: str, given: Patient) -> str:
    """What the file says of the person."""
    stated = _stated(given)
    if not stated:
        return f"Nothing about the person is stated in {source}."
    said = [f"{word} {patient_words(name, getattr(given, name))}" for name, word in _FIELD_NAMES.items()]
    return f"From {source}: {', '.join(said)}."


def conflict_words(source: str, given: Patient, used: Patient) -> str:
    """Where the form contradicts the file; empty when it does not."""
    pairs = [(name, getattr(given, name), getattr(used, name)) for name in _stated(given)]
    differs = [
        f"{_FIELD_NAMES[name]} {patient_words(name, said)} (form: {patient_words(name, typed)})"
        for name, said, typed in pairs
        if patient_words(name, said) != patient_words(name, typed)
    ]
    return f":orange-badge[▲ Differs] In {source}: {', '.join(differs)}. Which is right?" if differs else ""


def _stated(given: Patient) -> list[str]:
    """Fields that the source states."""
    return [name for name in _FIELD_NAMES if getattr(given, name) not in (None, Sex.UNKNOWN)]


# --- Result card ------------------------------------------------------------------------------------------------------


def result_card(report: Report, truth_g: float | None, theme: Theme) -> None:
    """What the models say, or why they say nothing, with every doubt beside it."""
    with st.container(border=True, key="result_card", gap="xsmall"):
        outside = scope_words(report.findings)
        if report.estimates:
            st.markdown(f"##### Model output (trained on {_patients_words(report.estimates)})")
            if outside:
                st.warning(f"**{plain(outside)}**")
        if report.estimate is not None:
            with _number_box(outside):
                _one_estimate(report, report.estimate, truth_g, theme, outside=bool(outside))
        elif report.estimates:
            with _number_box(outside):
                _both_models(report, truth_g, theme, outside=bool(outside))
        else:
            _refusal(report)
        criteria_line(report.criteria)
        if report.estimates:
            findings_list(report.findings, heading="Can this ECG be used?")
        if report.distances:
            st.caption(f"The shape of the heartbeat lies {plain(distances_in_words(report.distances))}.")
        if report.estimates:
            _signature(report.estimates)


def lvh_badge(lvh: Lvh) -> str:
    """The answer on LVH as a badge, without its reason."""
    return _LVH[lvh][0]


def true_index_words(index_g_m2: float, estimate: Estimate | None) -> str:
    """The index of a simulated heart, beside the cut-off where it is known."""
    words = f"index **{index_g_m2:.0f} g/m²**"
    return words if estimate is None else f"{words}, LVH above {estimate.cutoff_g_m2:.0f}"


def _number_box(outside: str) -> DeltaGenerator:
    """Where the numbers stand: in small grey print (`frame`) on an ECG outside the models' scope."""
    return st.container(key="subdued" if outside else "numbers", gap="xsmall")


def _patients_words(estimates: Sequence[Estimate]) -> str:
    return "simulated patients" if any(one.simulated for one in estimates) else "patients of a user's own table"


def _one_estimate(report: Report, estimate: Estimate, truth_g: float | None, theme: Theme, *, outside: bool) -> None:
    mass, index = st.columns(2)
    with mass.container(gap=None):
        st.metric("LV mass", grams(estimate.lvm_g), help="Left ventricular mass: the mean of the ensemble members.")
        st.markdown(interval_words(estimate), help=_INTERVAL_HELP)
    with index.container(gap=None):
        _index(estimate, judged=not outside)
    st.markdown(alone_words(estimate, report.patient, outside=outside))
    _lvh_line(estimate)
    scale = estimate_scale(estimate, bsa_m2=report.patient.bsa_m2, truth_g=truth_g, theme=theme, muted=outside)
    chart(scale, key="estimate_scale", alt=f"Scale in grams: {interval_words(estimate)}.")
    st.caption(f"◇ {MODEL_REFERENCE}: {reference_words(estimate)}, where the explanation of the grams starts.")


def interval_words(estimate: Estimate) -> str:
    """The interval and what it covers."""
    low, high = estimate.interval_g
    return f"**{low:.0f}–{high:.0f} g** ({percent(estimate.coverage)} interval)"


def _index(estimate: Estimate, *, judged: bool) -> None:
    if estimate.lvmi_g_m2 is None:
        st.metric("Index", "—", help="LV mass ÷ body surface area (DuBois): needs height and weight.")
        st.markdown("needs height and weight")
        return
    st.metric("Index", f"{estimate.lvmi_g_m2:.0f} g/m²", help="LV mass ÷ body surface area (DuBois).")
    if not judged:
        st.markdown("not judged against a cut-off")
        return
    modality, _, source = estimate.cutoff_source.partition(": ")
    st.markdown(f"LVH above **{estimate.cutoff_g_m2:.0f} g/m²**, {plain(modality)}", help=plain(source) or None)


def _lvh_line(estimate: Estimate) -> None:
    badge, default = _LVH[estimate.lvh]
    reason = plain(estimate.lvh_reason) + (f". {default}" if default else "") if estimate.lvh_reason else default
    st.markdown(f"{badge} {reason}", help=_LVH_HELP)
    if estimate.p_lvh is not None:
        st.markdown(
            f"P(LVH) **{percent(estimate.p_lvh)}** in {_patients_words([estimate])}, "
            f"prevalence {percent(estimate.prevalence)}",
            help="How often calibration patients with such an answer had LVH. In other people the prevalence differs, "
            "and so does this probability.",
        )
    if estimate.lvh is not Lvh.NO_RESULT and estimate.lvh_in_test is not None:
        st.caption(lvh_in_test_words(estimate))


def _both_models(report: Report, truth_g: float | None, theme: Theme, *, outside: bool) -> None:
    st.markdown("Sex is unknown: both models answer, and LVH is not judged. Choose the sex above for one answer.")
    for column, estimate in zip(st.columns(len(report.estimates)), report.estimates, strict=True):
        with column.container(gap=None):
            st.metric(f"LV mass, model for {_SEX[estimate.sex]}", grams(estimate.lvm_g))
            st.markdown(interval_words(estimate), help=_INTERVAL_HELP)
            st.caption(alone_words(estimate, report.patient, outside=outside))
    for estimate in report.estimates:
        st.caption(f"Model for {_SEX[estimate.sex]}:")
        scale = estimate_scale(estimate, truth_g=truth_g, beside=report.estimates, theme=theme, muted=outside)
        alt = f"Scale in grams, model for {_SEX[estimate.sex]}: {interval_words(estimate)}."
        chart(scale, key=f"estimate_scale_{estimate.sex.value}", alt=alt)


def compared(name: str, report: Report) -> None:
    """One of two ECGs of a patient: its grams and what was measured, in short."""
    st.markdown(f"##### {name}")
    for estimate in report.estimates:
        st.metric(f"LV mass, model for {_SEX[estimate.sex]}", grams(estimate.lvm_g))
        st.markdown(interval_words(estimate))
    if not report.estimates:
        st.markdown("No estimate.")
    recording = report.recording
    words = f"{plain(recording.format)} · {recording.fs_hz:.0f} Hz · {plain(filter_words(recording.filters))}"
    if report.features is not None:
        shown = ("rate_bpm", "qrs_ms", "qtc_fridericia_ms", "qrs_axis_deg")
        measured = [
            f"{_INTERVAL_NAMES[one]} {value_words(report.features[one], report.features.values[one].unit)}"
            for one in shown
        ]
        words = f"{' · '.join(measured)}\n\n{words}"
    st.caption(words)


def _refusal(report: Report) -> None:
    stops = [finding for finding in report.findings if finding.severity is Severity.STOP]
    st.markdown("##### No estimate")
    for finding in stops:
        st.error(f"{plain(finding.message)}{_amounts(finding)}")
    st.markdown("The ECG, its averaged beat and its measurements are shown as far as they could be made.")
    findings_list([finding for finding in report.findings if finding not in stops], heading=_ALSO)


def _signature(estimates: Sequence[Estimate]) -> None:
    names = " · ".join(f"{plain(estimate.model)} ({estimate.bundle_sha256[:10]})" for estimate in estimates)
    st.caption(f"Model {names}. Trained on {_patients_words(estimates)}; not validated in humans.")


def findings_list(findings: Sequence[Finding], heading: str) -> None:
    """Most serious first, in plain words; notes fold away."""
    loud = [finding for finding in findings if finding.severity is not Severity.NOTE]
    notes = [finding for finding in findings if finding.severity is Severity.NOTE]
    if not findings and heading == _ALSO:
        return
    st.markdown(f"**{heading}** " + ("" if loud or heading == _ALSO else "No check objected."))
    for finding in loud:
        st.markdown(f"{_SEVERITY[finding.severity]} {plain(finding.message)}{_amounts(finding)}")
    if notes:
        with st.expander(f"{len(notes)} note{'s' if len(notes) > 1 else ''}"):
            for finding in notes:
                st.markdown(f"{_SEVERITY[finding.severity]} {plain(finding.message)}{_amounts(finding)}")


def not_checked() -> None:
    """What no check looks at, so that silence is not read as a pass."""
    st.markdown("**Not checked:** " + "; ".join(map(plain, NOT_CHECKED)) + ".")


def _amounts(finding: Finding) -> str:
    observed = f" Found: {plain(finding.observed)}." if finding.observed else ""
    return observed + (f" Expected: {plain(finding.expected)}." if finding.expected else "")


def criteria_line(criteria: Sequence[CriterionResult]) -> None:
    """How many of the classical criteria are met, by name."""
    if not criteria:
        return
    applied = [result for result in criteria if result.met is not None]
    met = [plain(result.name) for result in applied if result.met]
    skipped = len(criteria) - len(applied)
    names = f": {', '.join(met)}" if met else ""
    rest = f" ({skipped} not judged)" if skipped else ""
    words = f"Classical ECG criteria met: **{len(met)} of {len(applied)}**{names}{rest}."
    words = words if applied else f"Classical ECG criteria: none of the {skipped} can be applied to this ECG."
    st.markdown(words, help="Voltage rules that need no network; values and sources under “Measurements and criteria”.")


# --- Tables and charts ------------------------------------------------------------------------------------------------

_INTERVAL_NAMES = {
    "rate_bpm": "Heart rate",
    "p_ms": "P duration",
    "pr_ms": "PR interval",
    "qrs_ms": "QRS duration",
    "qt_ms": "QT interval",
    "qtc_fridericia_ms": "QTc (Fridericia)",
    "qrs_axis_deg": "Frontal QRS axis",
    "p_terminal_mv_V1": "Terminal P in V1, depth",
    "p_terminal_ms_V1": "Terminal P in V1, duration",
    "intrinsicoid_ms_V5": "R peak time in V5",
    "intrinsicoid_ms_V6": "R peak time in V6",
}
_AMPLITUDE_NAMES = {"r": "R", "s": "S", "t": "T", "stj": "ST at J"}
_DECIMALS = {"mV": 2, "mV·ms": 0}


def value_words(value: float | None, unit: str, cutoff: float | None = None) -> str:
    """A measurement with its unit, or the words that there is none.

    Beside a cut-off it is rounded no further than shows on which side it lies.
    """
    if value is None:
        return "not measurable"
    decimals = _DECIMALS.get(unit, 0)
    number = minus(f"{value:.{decimals}f}")
    if cutoff is not None and value < cutoff:
        number = beyond(value, low=cutoff, decimals=decimals)
    elif cutoff is not None and value > cutoff:
        number = beyond(value, high=cutoff, decimals=decimals)
    if unit == "°":
        return f"{number}°"
    return f"{number} {'point' if (number, unit) == ('1', 'points') else unit}"


def minus(number: str) -> str:
    """A rounded number with a true minus, and none on zero."""
    return (number if number.strip("-0.") else number.lstrip("-")).replace("-", "−")


def interval_rows(features: Features, sex: Sex, age_years: float | None = None) -> list[dict[str, str]]:
    """Intervals, rate and axis as table rows, with what is usual for adults of this sex; a child has no such range."""
    return [
        {
            "Measurement": words,
            "Value": value_words(features[name], features.values[name].unit)
            + _mark(features[name], reference_range(name, sex, age_years)),
            "Usual": _usual_words(name, sex, age_years),
        }
        for name, words in _INTERVAL_NAMES.items()
        if name in features.values
    ]


def _mark(value: float | None, usual: ReferenceRange | None) -> str:
    """A sign beside a value outside its usual range, as a screen reader and a printer keep it."""
    if value is None or usual is None or usual.holds(value):
        return ""
    return " ▼ low" if usual.low is not None and value < usual.low else " ▲ high"


def _usual_words(name: str, sex: Sex, age_years: float | None) -> str:
    if is_child(age_years):
        return "adult ranges do not apply"
    usual = reference_range(name, sex)
    if usual is not None:
        return plain(usual.words())
    return "needs the sex" if name == "qtc_fridericia_ms" else "—"


def delta_words(delta_g: float) -> str:
    """What the parts of an explanation miss of the whole."""
    return f"All parts together miss estimate − reference by {minus(f'{delta_g:.2f}')} g."


def device_beat_words(aligned: AlignedDeviceBeat) -> str:
    """How far the cardiograph's beat agrees with ours."""
    return (
        f"Dashed: the cardiograph's own median beat. Correlation {aligned.correlation:.3f}, RMS difference "
        f"{aligned.rms_mv:.2f} mV over QRS, ST and T. It is never used for the estimate."
    )


def amplitude_rows(features: Features, leads: Sequence[str]) -> list[dict[str, str]]:
    """Amplitudes as one row per lead, in mV."""
    rows = []
    for lead in leads:
        cells = {f"{words}, mV": features.values.get(f"{wave}_mv_{lead}") for wave, words in _AMPLITUDE_NAMES.items()}
        known = {
            words: "—" if cell is None or cell.value is None else minus(f"{cell.value:.2f}")
            for words, cell in cells.items()
        }
        rows.append({"Lead": lead} | known)
    return rows


def _verdict(result: CriterionResult) -> str:
    """Met or not met, with the points of a score, or why it is neither."""
    if result.met is None:
        return plain(result.reason)
    verdict = "▲ met" if result.met else "○ not met"
    return plain(f"{verdict}: {result.reason}") if result.reason else plain(verdict)


def criteria_rows(criteria: Sequence[CriterionResult], sex: Sex | None = None) -> list[dict[str, str]]:
    """Criteria with value, cut-off (of both sexes when `sex` is unknown), verdict and source."""
    return [
        {
            "Criterion": plain(result.name),
            "Formula": plain(result.formula),
            "Value": "—" if result.value is None else value_words(result.value, result.unit, result.cutoff),
            "Cut-off": plain(cutoffs_in_words(result, sex)),
            "Result": _verdict(result),
            "Source": plain(result.source),
        }
        for result in criteria
    ]


def criteria_html(criteria: Sequence[CriterionResult]) -> str:
    """Criteria with value and cut-off as one small table: a table of Streamlit's takes the browser ten times longer."""
    marks = {True: "▲", False: "○", None: "–"}
    rows = [
        f"<tr><td>{marks[result.met]}</td><td>{escape(result.name)}</td>"
        f"<td>{escape(value_words(result.value, result.unit, result.cutoff))}</td>"
        f"<td>{escape(f'{result.comparison} {result.cutoff:g}')}</td></tr>"
        for result in criteria
    ]
    met = sum(result.met is True for result in criteria)
    head = f"<caption>Classical criteria met: <b>{met} of {sum(one.met is not None for one in criteria)}</b></caption>"
    return f"<table class='criteria'>{head}{''.join(rows)}</table>"


def chart(figure: object, *, key: str, alt: str, toolbar: bool = False) -> None:
    """One figure, with words for those who cannot see it, in a box that scrolls on a phone when it is wide."""
    config = PLOT_CONFIG | {"displayModeBar": "hover" if toolbar else False}
    with st.container(key=f"{key}_box"):
        st.plotly_chart(figure, theme=None, config=config, key=key, alt=alt)
