"""From channels as a file holds them to the one normal form: 12 leads in standard order, millivolts, a known rate.

Nothing is assumed here: a unit or a rate that the file does not state is asked for by `UnitNeededError` and
`RateNeededError`, a lead that is absent and cannot be derived is NaN with a STOP finding.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from elvmass_core.domain import DeviceBeat, DeviceFilters, Finding, FloatArray, Patient, Recording, Severity
from elvmass_core.errors import (
    LimitError,
    RateNeededError,
    RecordingError,
    UnitNeededError,
    UnreadableError,
    UnsupportedError,
)
from elvmass_core.io.best_stretch import best_start_s
from elvmass_core.io.limits import CUT_DURATION_S, MAX_DURATION_S, MAX_FS_HZ, MIN_DURATION_S, MIN_FS_HZ, is_beat
from elvmass_core.units import LEAD_INDEX, LEADS, LIMB_LEADS, MILLIVOLTS_PER
from elvmass_core.wording import beyond

ASKED_UNITS = ("mV", "uV")
"""What a caller may answer when the file states no unit."""

LIMB_FROM_I_II = np.array([[1, 0], [0, 1], [-1, 1], [-0.5, -0.5], [1, -0.5], [-0.5, 1]], dtype=np.float64)
"""Einthoven 1908 and Goldberger 1942: each limb lead (I, II, III, aVR, aVL, aVF) as a sum of I and II."""

MAX_EINTHOVEN_RESIDUAL = 0.02
SOUND_EINTHOVEN_RESIDUAL = 0.01
"""Shares of the limb leads' power that may contradict Einthoven and Goldberger: above the first an estimate is stopped,
between the two it is cautioned. Assumed; 121 sound public recordings reach 0.035 % (their rounding), the 60 LUDB
records whose header gains are wrong lie between 2.1 % and 120 %."""

MAX_ABS_MV = 1e6
"""A sample beyond one kilovolt is a damaged number, not a potential: read as NaN so that no sum overflows."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Channel:
    """One channel of a file: `lead` is a standard name or None, `unit` a key of `MILLIVOLTS_PER` or None."""

    lead: str | None
    samples: FloatArray
    unit: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawRecording:
    """What a format module hands over: channels of one rate and length in the file's own numbers."""

    format: str
    channels: tuple[Channel, ...]
    fs_hz: float | None
    stated: Patient = field(default_factory=Patient)
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    filters: DeviceFilters = field(default_factory=DeviceFilters)
    device_beat: "RawBeat | None" = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawBeat:
    """The device's median beat as a file holds it: channels with their units, and the rate."""

    channels: tuple[Channel, ...]
    fs_hz: float


def to_recording(raw: RawRecording, *, unit: str | None = None, fs_hz: float | None = None) -> Recording:
    """Return the normal form of what a format module read.

    Parameters
    ----------
    raw : RawRecording
        Channels with their units, and what the file says of rate and patient.
    unit : {"mV", "uV"} or None
        The caller's answer; it wins over the file with a CAUTION ``unit_overridden`` when they differ.
    fs_hz : float or None
        The caller's answer in Hz; a STOP ``rate_overridden`` when it differs from the file's.

    Returns
    -------
    Recording

    Raises
    ------
    RateNeededError, UnitNeededError
        Neither file nor caller states it.
    LimitError
        Rate or duration outside the limits.
    UnreadableError
        No lead is known by name, or a lead is there twice.
    """
    leads = _by_lead(raw.channels)
    rate, rate_findings = _settle_rate(raw.fs_hz, fs_hz)
    leads, cut_notes = _within_duration(leads, rate)
    signal_mv, unit_findings = _in_millivolts(leads, unit)
    residual_findings = einthoven_findings(signal_mv)
    signal_mv, lead_notes, lead_findings = complete_leads(signal_mv)
    n_other = sum(channel.lead is None for channel in raw.channels)
    other_notes = (f"{n_other} channels that are none of the 12 leads were left out.",) if n_other else ()
    return Recording(
        signal_mv=signal_mv,
        fs_hz=rate,
        format=raw.format,
        stated=raw.stated,
        notes=(*raw.notes, *other_notes, *cut_notes, *lead_notes),
        findings=(*raw.findings, *rate_findings, *unit_findings, *residual_findings, *lead_findings),
        filters=raw.filters,
        device_beat=None if raw.device_beat is None else _device_beat(raw.device_beat),
    )


def _device_beat(raw: RawBeat) -> DeviceBeat | None:
    """The median beat in millivolts with its limb leads completed; None when it cannot be read with certainty."""
    try:
        leads = _by_lead(raw.channels)
        signal_mv, _ = _in_millivolts(leads, None)
    except RecordingError:
        return None
    if not is_beat(signal_mv.shape[1], raw.fs_hz):
        return None
    return DeviceBeat(signal_mv=complete_leads(signal_mv)[0], fs_hz=raw.fs_hz)


def _by_lead(channels: tuple[Channel, ...]) -> dict[str, Channel]:
    """Channels that are one of the 12 leads, by standard name."""
    known = [channel for channel in channels if channel.lead in LEAD_INDEX]
    leads = {str(channel.lead): channel for channel in known}
    if not leads:
        raise UnreadableError("No channel is named as one of the 12 leads (I … V6): name the leads in the file.")
    if len(leads) < len(known):
        raise UnreadableError("A lead is there more than once: leave each of the 12 leads in the file only once.")
    if len({channel.samples.size for channel in known}) > 1:
        raise UnreadableError("The leads differ in length: export all leads of the same stretch of time.")
    return leads


def _settle_rate(stated: float | None, asked: float | None) -> tuple[float, tuple[Finding, ...]]:
    """Return the sampling rate to use and what to say when file and caller differ."""
    rate = stated if asked is None else asked
    if rate is None:
        raise RateNeededError("The file states no sampling rate: give it in Hz.")
    if not MIN_FS_HZ <= rate <= MAX_FS_HZ:
        raise LimitError(
            f"The sampling rate of {rate:g} Hz is outside {MIN_FS_HZ:g}–{MAX_FS_HZ:g} Hz: "
            "check the rate, or export the recording at 500 Hz."
        )
    if stated is None or rate == stated:
        return rate, ()
    message = f"The file states {stated:g} Hz and {rate:g} Hz was given: one is wrong, and every interval with it."
    return rate, (_override("rate_overridden", message, f"{rate:g} Hz", f"{stated:g} Hz", Severity.STOP),)


def _override(code: str, message: str, observed: str, expected: str, severity: Severity = Severity.CAUTION) -> Finding:
    """Return the finding that the caller's answer stands against the file's."""
    return Finding(code=code, severity=severity, message=message, observed=observed, expected=expected)


def _within_duration(leads: dict[str, Channel], fs_hz: float) -> tuple[dict[str, Channel], tuple[str, ...]]:
    """Refuse what is too short, and keep the first seconds of the best quality of what is too long."""
    seconds = next(iter(leads.values())).samples.size / fs_hz
    if seconds < MIN_DURATION_S:
        raise LimitError(
            f"The recording lasts {seconds:.1f} s and at least {MIN_DURATION_S:g} s are needed: give a longer one."
        )
    if seconds <= MAX_DURATION_S:
        return leads, ()
    start_s = best_start_s([channel.samples for channel in leads.values()], fs_hz, CUT_DURATION_S)
    first, n_used = round(start_s * fs_hz), round(CUT_DURATION_S * fs_hz)
    cut = {
        lead: Channel(lead=lead, samples=channel.samples[first : first + n_used], unit=channel.unit)
        for lead, channel in leads.items()
    }
    return cut, (f"The recording lasts {seconds:.0f} s; {_used_words(start_s)}",)


def _used_words(start_s: float) -> str:
    """Which seconds of a long recording are used."""
    if start_s == 0.0:
        return f"only its first {CUT_DURATION_S:g} s are used."
    return (
        f"only the seconds {start_s:g} to {start_s + CUT_DURATION_S:g} are used, the first of the best quality: what "
        "comes before is noisier, wanders more or has missing samples."
    )


def _in_millivolts(leads: dict[str, Channel], unit: str | None) -> tuple[FloatArray, tuple[Finding, ...]]:
    """Return (12, n) millivolts, NaN where a lead or a sample is absent, and what to say about the unit."""
    units, findings = _settle_units(leads, unit)
    signal_mv = np.full((len(LEADS), next(iter(leads.values())).samples.size), np.nan)
    for lead, channel in leads.items():
        with np.errstate(over="ignore", invalid="ignore"):
            row = np.asarray(channel.samples, dtype=np.float64) * MILLIVOLTS_PER[units[lead]]
            signal_mv[LEAD_INDEX[lead]] = np.where(np.abs(row) <= MAX_ABS_MV, row, np.nan)
    return signal_mv, findings


def _settle_units(leads: dict[str, Channel], asked: str | None) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Return the unit of each lead, and what to say when file and caller differ."""
    if asked is not None and asked not in ASKED_UNITS:
        raise UnsupportedError("The amplitude unit must be mV or uV: give one of the two.")
    stated = {lead: channel.unit for lead, channel in leads.items() if channel.unit is not None}
    if stated and len(stated) < len(leads):
        raise UnreadableError("Some leads state an amplitude unit and others do not: state it for all or for none.")
    if asked is None:
        if not stated:
            raise _unit_needed(leads)
        return stated, ()
    units = dict.fromkeys(leads, asked)
    if not stated or stated == units:
        return units, ()
    spelled = " and ".join(sorted(set(stated.values())))
    message = f"The file states {spelled} and {asked} was given: the given unit is used. Check which is right."
    return units, (_override("unit_overridden", message, asked, spelled),)


def _unit_needed(leads: dict[str, Channel]) -> RecordingError:
    """Return the question for the unit, with the span that lets a reader answer it."""
    spans = []
    for channel in leads.values():
        finite = channel.samples[np.isfinite(channel.samples)]
        if finite.size:
            low, high = np.percentile(finite, [1, 99])
            spans.append(float(high / 2 - low / 2) * 2)
    span = float(np.median(spans)) if spans else math.nan
    return UnitNeededError(
        f"The file states no amplitude unit and its leads span about {span:.3g}: say whether that is mV or uV.",
        peak_to_peak=span,
    )


def _limb_basis(present: list[int]) -> NDArray[np.float64]:
    """Matrix from the first two limb leads present to all six."""
    return LIMB_FROM_I_II @ np.linalg.inv(LIMB_FROM_I_II[present[:2]])


def _present_limb_leads(signal_mv: FloatArray) -> list[int]:
    """Rows of the limb leads that have samples."""
    return [row for row in range(len(LIMB_LEADS)) if np.isfinite(signal_mv[row]).any()]


def einthoven_residual(signal_mv: FloatArray) -> float:
    """Return the share of the limb leads' power that contradicts Einthoven and Goldberger.

    Parameters
    ----------
    signal_mv : array (12, n_samples)
        Leads as measured, before any is derived.

    Returns
    -------
    float
        Largest variance of (lead − the lead as it follows from the first two limb leads present, I and II where they
        are there) over the other limb leads, divided by the mean variance of all limb leads present. NaN when fewer
        than three limb leads are there.

    Notes
    -----
    Variances, not squares: a constant offset of an amplifier is not a wrong gain. Not scaled lead by lead: a lead of
    nearly no amplitude would be judged by its rounding.
    """
    present = _present_limb_leads(signal_mv)
    if len(present) < 3:
        return math.nan
    limb = signal_mv[present]
    limb = limb[:, np.isfinite(limb).all(axis=0)]
    if not limb.size:
        return math.nan
    expected = (_limb_basis(present) @ limb[:2])[present]
    power = float(limb.var(axis=1).mean())
    worst = float((limb - expected).var(axis=1).max())
    return worst / power if power > 0 else 0.0


def einthoven_findings(signal_mv: FloatArray) -> tuple[Finding, ...]:
    """Say when the measured limb leads contradict one another: STOP above `MAX_EINTHOVEN_RESIDUAL`, else CAUTION."""
    residual = einthoven_residual(signal_mv)
    if math.isnan(residual) or residual <= SOUND_EINTHOVEN_RESIDUAL:
        return ()
    return (
        Finding(
            code="einthoven_residual",
            severity=Severity.STOP if residual > MAX_EINTHOVEN_RESIDUAL else Severity.CAUTION,
            message="The limb leads contradict one another (III is not II − I, or an aV lead does not fit): a gain, a "
            "lead name or the data are wrong. Check the gains in the file.",
            observed=f"{_in_percent(residual)} % of the limb-lead power",
            expected=f"at most {100 * SOUND_EINTHOVEN_RESIDUAL:g} %",
        ),
    )


def _in_percent(residual: float) -> str:
    return beyond(100 * residual, high=100 * SOUND_EINTHOVEN_RESIDUAL, decimals=1)


def complete_leads(signal_mv: FloatArray) -> tuple[FloatArray, tuple[str, ...], tuple[Finding, ...]]:
    """Derive the limb leads that are missing from any two that are there; name the leads that stay missing.

    Returns
    -------
    array (12, n_samples), notes, findings
        NOTE ``leads_derived`` and STOP ``leads_missing``.
    """
    completed = signal_mv.copy()
    notes: list[str] = []
    findings: list[Finding] = []
    present = _present_limb_leads(signal_mv)
    derived = [row for row in range(len(LIMB_LEADS)) if row not in present] if len(present) >= 2 else []
    if derived:
        completed[derived] = (_limb_basis(present) @ signal_mv[present[:2]])[derived]
        names = ", ".join(LEADS[row] for row in derived)
        sources = f"{LEADS[present[0]]} and {LEADS[present[1]]}"
        notes.append(f"{names} derived from {sources} (Einthoven, Goldberger).")
        message = f"The file does not hold {names}: derived from {sources}, which is exact."
        findings.append(Finding(code="leads_derived", severity=Severity.NOTE, message=message, observed=names))
    missing = [lead for lead, row in LEAD_INDEX.items() if not np.isfinite(completed[row]).any()]
    if missing:
        findings.append(_missing(missing))
    return completed, tuple(notes), tuple(findings)


def _missing(leads: list[str]) -> Finding:
    """Return the STOP that names the leads that are absent."""
    return Finding(
        code="leads_missing",
        severity=Severity.STOP,
        message=f"Missing and not derivable: {', '.join(leads)}. Give a recording of all 12 leads.",
        observed=f"{len(LEADS) - len(leads)} leads",
        expected="12 leads",
    )
