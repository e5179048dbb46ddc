"""Two recordings of one person: how far the estimates lie apart, and what speaks against comparing them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from elvmass_core.domain import DeviceFilters, Estimate, Finding, Report, Severity, blocks, by_severity
from elvmass_core.followup.repeatability import Repeatability, Spread
from elvmass_core.quality import scope_words
from elvmass_core.quality.findings import Findings, caution, note, stop
from elvmass_core.quality.scope import OUTSIDE_SCOPE
from elvmass_core.wording import beyond, percent

NOT_VALIDATED = (
    "Not validated for follow-up: in no patient has it been tested whether the estimate follows a change of LV mass."
)
SAME_HEIGHT_CM = 3.0
"""Two measurements of one adult may differ by this much, shrinking in between included (assumed)."""
HARMLESS_RATE_HZ = 250.0
"""From here on the rate matters little: 0.0 ± 0.1 g at 250 Hz against 500 Hz. A filter matters more: +1.0 ± 0.5 g by a
low-pass of 40 Hz, −1.2 ± 1.4 g by a high-pass of 0.5 Hz (`benchmarks/device_differences.py`, simulated patients)."""
SEEN_G = 0.5
"""A change by age and body size that shows in whole grams."""
ORDER_WORDS = ("first", "second")
_OWN_CHECK = frozenset({"filters_not_stated", "filter_lowpass", "filter_highpass", "sampling_rate_low", *OUTSIDE_SCOPE})
"""Findings that a check of this module compares by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a second ECG says beside the first.

    Parameters
    ----------
    first_g, second_g : float or None
        The estimates; None after a refusal or for an unknown sex.
    difference_g, difference_percent : float or None
        Second less first, and that in per cent of the first; None when a STOP in `findings` forbids the comparison.
    limit_g : float or None
        95 % repeatability coefficient in the direction of the difference, in g at the first estimate; None when it was
        not measured for these weights.
    exceeds : bool or None
        Whether the difference is larger; that it is does not show that LV mass changed.
    same_model : bool
        Whether the same weights gave both.
    findings : tuple of Finding
        Why the two cannot be compared (STOP) or not as they are (CAUTION); codes start with ``followup_``.
    sentence : str
        All of it in words; ends with `disclaimer`.
    """

    first_g: float | None
    second_g: float | None
    same_model: bool
    findings: tuple[Finding, ...]
    sentence: str
    difference_g: float | None = None
    difference_percent: float | None = None
    limit_g: float | None = None
    exceeds: bool | None = None
    disclaimer: str = NOT_VALIDATED

    def __post_init__(self) -> None:
        if blocks(self.findings) and self.difference_g is not None:
            raise ValueError("a comparison with a STOP finding cannot hold a difference")

    @property
    def refused(self) -> bool:
        """Whether a STOP finding forbids the comparison."""
        return blocks(self.findings)


def compare_recordings(first: Report, second: Report, repeatability: Repeatability | None) -> Change:
    """Compare the reports of two recordings of one person.

    Parameters
    ----------
    first, second : Report
        In order of time.
    repeatability : Repeatability or None
        Of the weights that gave the estimates (`read_repeatability`); None when there is none.

    Returns
    -------
    Change
        Never raises: what forbids a comparison is a finding in it.

    Notes
    -----
    The difference is judged by the coefficient of electrodes put on anew *and* other heartbeats and noise, under the
    cohort's placement law or the wider one, whichever is larger: the published errors of 1–3 cm reach beyond the first.
    """
    one, other = first.estimate, second.estimate
    findings = by_severity([*_checks(first, second), *_check_measured(one, other, repeatability)])
    change = Change(
        first_g=None if one is None else one.lvm_g,
        second_g=None if other is None else other.lvm_g,
        same_model=one is not None and other is not None and one.bundle_sha256 == other.bundle_sha256,
        findings=findings,
        sentence=f"No comparison. {findings[0].message} {NOT_VALIDATED}" if findings else NOT_VALIDATED,
    )
    if one is None or other is None or blocks(findings):
        return change
    spread = repeatability.second_ecg if repeatability is not None and _is_of(repeatability, one) else None
    difference = other.lvm_g - one.lvm_g
    limit = None if spread is None else spread.limit_g(one.lvm_g, other.lvm_g)
    return replace(
        change,
        difference_g=difference,
        difference_percent=100.0 * difference / one.lvm_g,
        limit_g=limit,
        exceeds=None if limit is None else abs(difference) > limit,
        sentence=_sentence(one, other, spread, limit, findings),
    )


# --- Checks -----------------------------------------------------------------------------------------------------------


def _checks(first: Report, second: Report) -> Iterator[Finding]:
    """Everything that speaks against the comparison."""
    yield from _check_answers(first, second)
    yield from _check_same(first, second)
    yield from _check_person(first, second)
    yield from _check_body(first, second)
    yield from _check_filters(first.recording.filters, second.recording.filters)
    yield from _check_rates(first.recording.fs_hz, second.recording.fs_hz)
    for which, report, before in (("first", first, second), ("second", second, first)):
        yield from _only_in(which, report, before)


def _check_answers(first: Report, second: Report) -> Iterator[Finding]:
    """A STOP for each report without one estimate that can be trusted with its grams, and one for both alike."""
    one, other = (_why_no_answer(report) for report in (first, second))
    if one is not None and one == other:
        yield from stop(one.code, f"{one.of_both} {one.why}", one.observed)
        return
    for which, found in zip(ORDER_WORDS, (one, other), strict=True):
        if found is not None:
            yield from stop(found.code, f"{found.of_one.format(which)} {found.why}", found.observed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _NoAnswer:
    """Why an ECG cannot be compared: the words for it alone, those for both, and the reason."""

    code: str
    of_one: str
    of_both: str
    why: str
    observed: str = ""


def _why_no_answer(report: Report) -> _NoAnswer | None:
    if report.refused:
        reason = next(found for found in report.findings if found.severity is Severity.STOP)
        return _NoAnswer(
            code="followup_refused",
            of_one="The {} ECG has no estimate:",
            of_both="Neither ECG has an estimate:",
            why=reason.message,
            observed=reason.code,
        )
    if report.estimate is None:
        return _NoAnswer(
            code="followup_refused",
            of_one="For the {} ECG the sex is not known.",
            of_both="The sex is not known.",
            why="The models of men and of women give different masses: enter the sex to compare the two ECGs.",
        )
    if outside := scope_words(report.findings):
        return _NoAnswer(
            code="followup_outside_scope",
            of_one="The {} ECG is no basis for a comparison.",
            of_both="Both ECGs are no basis for a comparison.",
            why=outside,
        )
    return None


def _check_same(first: Report, second: Report) -> Iterator[Finding]:
    """A STOP for one recording twice, and for estimates of different weights of one sex."""
    if first.recording.digest == second.recording.digest:
        yield from stop("followup_same_recording", "Both are the same recording: open a second one.")
    one, other = first.estimate, second.estimate
    if one is None or other is None or one.sex is not other.sex or one.bundle_sha256 == other.bundle_sha256:
        return
    message = "Different weights gave the two estimates, and models differ: analyse both ECGs with the same ones."
    yield from stop("followup_different_model", message, other.model, one.model)


def _check_person(first: Report, second: Report) -> Iterator[Finding]:
    """A STOP when the two cannot be one adult, a CAUTION when the second is the younger."""
    one, other = first.patient, second.patient
    if first.estimate is not None and second.estimate is not None and one.sex is not other.sex:
        message = "The sexes differ: these are two persons, or one entry is wrong."
        yield from stop("followup_different_sex", message, other.sex.value, one.sex.value)
    if one.height_cm is not None and other.height_cm is not None:
        apart = abs(other.height_cm - one.height_cm)
        if apart > SAME_HEIGHT_CM:
            message = "The heights differ: these are two persons, or one entry is wrong."
            expected = f"within {SAME_HEIGHT_CM:g} cm of {one.height_cm:g} cm"
            bounds = one.height_cm - SAME_HEIGHT_CM, one.height_cm + SAME_HEIGHT_CM
            observed = f"{beyond(other.height_cm, *bounds, decimals=None)} cm"
            yield from stop("followup_different_height", message, observed, expected)
    if one.age_years is not None and other.age_years is not None and other.age_years < one.age_years:
        message = "The patient is younger in the second ECG: check the order and the ages."
        yield from caution("followup_order", message)


def _check_body(first: Report, second: Report) -> Iterator[Finding]:
    """A CAUTION when what was entered of the body differs: the estimate follows it without any change of the ECG."""
    one, other = first.patient, second.patient
    for name, word in (("height_cm", "height"), ("weight_kg", "weight")):
        if (getattr(one, name) is None) is not (getattr(other, name) is None):
            message = f"The {word} is known for one ECG only: enter it for both, since the model answers differently."
            yield from caution("followup_different_inputs", message)
    if first.estimate is None or second.estimate is None or one.sex is not other.sex:
        return
    change_g = second.estimate.demographics_only_g - first.estimate.demographics_only_g
    if abs(change_g) >= SEEN_G:
        message = "Age, height or weight differ, and the estimate follows them whatever the ECG shows."
        yield from caution("followup_body_differs", message, f"{change_g:+.0f} g from these alone".replace("-", "−"))


def _check_filters(one: DeviceFilters, other: DeviceFilters) -> Findings:
    """Say when the devices filtered differently, or that nobody knows."""
    if one == other:
        if one.lowpass_hz is not None and one.highpass_hz is not None:
            return ()
        message = "The files do not say how the cardiographs filtered: that both did the same is not known."
        return note("followup_filters_unknown", message)
    message = (
        "The cardiographs filtered differently, or one file does not say how: that alone changes R, S and ST. Export "
        "both with the same filters."
    )
    return caution("followup_different_filters", message, _filter_words(other), _filter_words(one))


def _filter_words(filters: DeviceFilters) -> str:
    named = (("high-pass", filters.highpass_hz), ("low-pass", filters.lowpass_hz), ("notch", filters.notch_hz))
    return ", ".join(f"{name} {_hz_words(hz)}" for name, hz in named)


def _hz_words(hz: float | None) -> str:
    if hz is None:
        return "not stated"
    return f"{hz:g} Hz" if hz > 0.0 else "none"


def _check_rates(one_hz: float, other_hz: float) -> Findings:
    """A CAUTION for rates that differ and of which one is low, a NOTE for others."""
    if one_hz == other_hz:
        return ()
    if min(one_hz, other_hz) >= HARMLESS_RATE_HZ:
        message = (
            f"The sampling rates differ ({one_hz:g} and {other_hz:g} Hz), which matters little where both are high."
        )
        return note("followup_different_rates", message)
    message = "The sampling rates differ, and the lower one cuts the peaks of R and S: export both with the same."
    return caution("followup_different_rates", message, f"{other_hz:g} Hz", f"{one_hz:g} Hz")


def _only_in(which: str, report: Report, other: Report) -> Iterator[Finding]:
    """A CAUTION for each caution of one ECG that the other lacks, such as exchanged electrodes or a block."""
    known = {found.code for found in other.findings} | _OWN_CHECK
    for found in report.findings:
        if found.severity is Severity.CAUTION and found.code not in known:
            known.add(found.code)
            message = f"Only in the {which} ECG: {found.message}"
            yield from caution("followup_finding_differs", message, found.observed, found.expected)


def _check_measured(one: Estimate | None, other: Estimate | None, repeatability: Repeatability | None) -> Findings:
    """A CAUTION when there are no figures of the weights that gave the estimates."""
    if one is None or other is None or one.bundle_sha256 != other.bundle_sha256:
        return ()
    if repeatability is not None and _is_of(repeatability, one):
        return ()
    message = "How far chance alone moves the estimate has not been measured for these weights."
    return caution("followup_not_measured", message)


def _is_of(repeatability: Repeatability, estimate: Estimate) -> bool:
    return repeatability.manifest_sha256 == estimate.bundle_sha256


# --- Words ------------------------------------------------------------------------------------------------------------


def _sentence(
    one: Estimate, other: Estimate, spread: Spread | None, limit_g: float | None, findings: tuple[Finding, ...]
) -> str:
    """The difference, what chance alone does, the answers on LVH, the conflicts, the disclaimer."""
    difference = other.lvm_g - one.lvm_g
    parts = [
        _difference_words(difference, one.lvm_g),
        _limit_words(difference, limit_g),
        _lvh_words(one, other, spread),
        _conflict_words(findings),
        NOT_VALIDATED,
    ]
    return " ".join(part for part in parts if part)


def _difference_words(difference_g: float, first_g: float) -> str:
    if round(difference_g, 1) == 0.0:
        return "The second ECG gives the same mass."
    more = "more" if difference_g > 0.0 else "less"
    return f"The second ECG gives {_grams(difference_g)} {more} ({percent(abs(difference_g) / first_g)})."


def _limit_words(difference_g: float, limit_g: float | None) -> str:
    if limit_g is None:
        return "How far chance alone moves the estimate has not been measured for these weights."
    alone = (
        "Placing the electrodes anew and recording again changes the estimate of one simulated patient by up to "
        f"{_grams(limit_g)} (95 %)"
    )
    if abs(difference_g) <= limit_g:
        return f"{alone}: this difference cannot be told from that."
    return (
        f"{alone}: this difference is larger. That does not show a change of LV mass: strain, drugs, another heart "
        "rate or position move the estimate too."
    )


def _lvh_words(one: Estimate, other: Estimate, spread: Spread | None) -> str:
    if one.lvh is other.lvh:
        return ""
    before, after = (answer.value.replace("_", " ") for answer in (one.lvh, other.lvh))
    by_chance = "" if spread is None else f"; by chance alone it differs in {_share(spread.answers_differ[0])} of pairs"
    return f"The answer on LVH was {before} and is {after}{by_chance}."


def _conflict_words(findings: tuple[Finding, ...]) -> str:
    n = sum(found.severity is Severity.CAUTION and found.code != "followup_not_measured" for found in findings)
    if not n:
        return ""
    return f"The two ECGs were not made alike ({n} caution{'s' if n > 1 else ''}): the difference may come from that."


def _grams(grams: float) -> str:
    """Whole grams from ten on, below with a decimal, so that a difference beside its limit can be told from it."""
    return f"{abs(grams):.{0 if abs(grams) >= 9.95 else 1}f} g"


def _share(share: float) -> str:
    return percent(share) if share >= 0.005 else "less than 1 %"
