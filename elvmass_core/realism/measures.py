"""One table of measures of averaged beats, the same for real and simulated recordings.

Amplitudes come from `elvmass_core.features`; what is added here are shapes a reader of ECGs would name: the first
deflection, septal q, R-progression, notches, the direction of T and P.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.signal import find_peaks

from elvmass_core.domain import Beat, Features, FloatArray
from elvmass_core.features import FEATURE_NAMES, qrs_peak_to_peak_mv
from elvmass_core.quality.beat import lead_noise_mv
from elvmass_core.segments import segment_masks
from elvmass_core.units import LEAD_INDEX, LEADS, PRECORDIAL_LEADS

WAVE_MV, WAVE_MS = 0.02, 6.0
"""Smallest deflection that counts as a wave of its own. 6 ms: IEC 60601-2-51:2003, clause GG.5, which asks for 0.03 mV
of a single beat; 0.02 mV is assumed for an averaged one."""
NOTCH_MV = 0.05
"""Smallest turn within QRS that counts as a deflection or notch (assumed, above the noise of an averaged beat)."""
EARLIEST_TRANSITION, LATEST_TRANSITION = "V2", "V5"
"""First chest lead with R > S in a normal R-progression (assumed; textbooks give V3–V4, usual limits V2–V5)."""
FRAMINGHAM_MS = 154.0
"""QTc = QT + 154 ms · (1 − RR in s) (Sagie et al. 1992, doi 10.1016/0002-9149(92)90562-D)."""
SAMPLE_MS = 2.0
SEPTAL_LEADS = ("I", "II", "V5", "V6")
UPRIGHT_T_LEADS = ("I", "II", "V3", "V4", "V5", "V6")

SHAPES = (
    "v1_begins_r",
    *(f"septal_q_{lead}" for lead in SEPTAL_LEADS),
    "r_progression",
    *(f"t_upright_{lead}" for lead in UPRIGHT_T_LEADS),
    "t_negative_aVL",
    "p_terminal_negative_V1",
    "axis_normal",
)
"""Yes-or-no measures: 1, 0, or NaN where it cannot be told."""
AXIS_LIMITS_DEG = (-30.0, 90.0)
"""Normal frontal axis (AHA/ACCF/HRS 2009, part III)."""
EXTRA = (
    "qtc_framingham_ms",
    *(f"pp_mv_{lead}" for lead in LEADS),
    *(f"turns_{lead}" for lead in LEADS),
    "p_mv_II",
    *(f"noise_mv_{lead}" for lead in LEADS),
)
MEASURES = (*FEATURE_NAMES, *EXTRA)
"""Every number, in order; the yes-or-no measures are `SHAPES`."""
GROUPS = ("QRS amplitude", "QRS shape", "ST-T", "intervals", "P", "noise")
_GROUP_PREFIXES = {
    "QRS amplitude": ("r_mv_", "s_mv_", "pp_mv_"),
    "QRS shape": ("turns_", "qrs_axis_deg", "v1_begins_r", "septal_q_", "r_progression", "axis_normal"),
    "ST-T": ("t_mv_", "stj_mv_", "t_upright_", "t_negative_"),
    "P": ("p_mv_", "p_terminal_", "p_ms"),
    "noise": ("noise_mv_",),
}


def group_of(measure: str) -> str:
    """Which of `GROUPS` a measure belongs to."""
    for group, prefixes in _GROUP_PREFIXES.items():
        if measure.startswith(prefixes):
            return group
    return "intervals"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeatTable:
    """Patients with their measures and averaged beats, one row each.

    Parameters
    ----------
    table : DataFrame (n rows)
        Who they are (at least ``name, sex, age, match``), then `MEASURES` and `SHAPES`; NaN: not measurable.
        ``match`` groups a real patient with the simulated ones of its sex and age.
    beats_mv : float32 array (n, 12, 400)
    """

    table: pd.DataFrame
    beats_mv: np.ndarray

    def __len__(self) -> int:
        return len(self.table)

    def take(self, index: np.ndarray) -> "BeatTable":
        """The patients at `index` (integers or a mask)."""
        chosen = np.arange(len(self))[np.asarray(index)]
        return BeatTable(table=self.table.iloc[chosen].reset_index(drop=True), beats_mv=self.beats_mv[chosen])

    def where(self, column: str, value: object) -> "BeatTable":
        """The patients with this value in a column."""
        return self.take((self.table[column] == value).to_numpy())


def beat_table(who: Sequence[Mapping[str, object]], beats: Sequence[np.ndarray]) -> BeatTable:
    """Join rows (identity and measures) and beats (12, 400) to one table."""
    stacked = np.stack(beats).astype(np.float32) if beats else np.zeros((0, 12, 400), np.float32)
    return BeatTable(table=pd.DataFrame(list(who)), beats_mv=stacked)


def measures_of(beat: Beat, features: Features) -> dict[str, float]:
    """Every one of `MEASURES` and `SHAPES` of an averaged beat.

    Parameters
    ----------
    beat : Beat
    features : Features
        ``measure(beat)``.

    Returns
    -------
    dict of name to float
        mV, ms, bpm, degrees or counts; shapes 1 or 0; NaN where a wave or border is absent.
    """
    values = {name: _number(features[name]) for name in FEATURE_NAMES}
    masks = segment_masks(beat.fiducials)
    values["qtc_framingham_ms"] = values["qt_ms"] + FRAMINGHAM_MS * (1.0 - 60.0 / beat.rate_bpm)
    spans, noise = qrs_peak_to_peak_mv(beat), lead_noise_mv(beat)
    for row, lead in enumerate(LEADS):
        values[f"pp_mv_{lead}"], values[f"noise_mv_{lead}"] = float(spans[row]), float(noise[row])
        values[f"turns_{lead}"] = _turns(beat.signal_mv[row], masks["QRS"])
    values |= _p_wave(beat, masks["P"])
    return values | _shapes(beat, masks["QRS"], values)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def deflections_mv(qrs_mv: FloatArray) -> list[float]:
    """Signed peaks of the waves of a QRS in order.

    A wave is a run on one side of the baseline that reaches `WAVE_MV` and lasts `WAVE_MS`.

    Parameters
    ----------
    qrs_mv : array (n,)
        One lead from QRS onset to J at 500 Hz, baseline 0.
    """
    borders = np.flatnonzero(np.diff(np.sign(qrs_mv))) + 1
    runs = np.split(qrs_mv, borders)
    peaks = [float(run[np.argmax(np.abs(run))]) for run in runs if run.size * SAMPLE_MS >= WAVE_MS]
    return [peak for peak in peaks if abs(peak) >= WAVE_MV]


def _turns(lead_mv: FloatArray, qrs: np.ndarray | None) -> float:
    """Peaks and troughs of at least `NOTCH_MV` prominence within QRS; NaN without borders."""
    if qrs is None:
        return math.nan
    wave = lead_mv[qrs]
    up, down = (find_peaks(sign * wave, prominence=NOTCH_MV)[0].size for sign in (1.0, -1.0))
    return float(up + down)


def _p_wave(beat: Beat, p: np.ndarray | None) -> dict[str, float]:
    """Height of P in II over the line between its ends."""
    if p is None or np.count_nonzero(p) < 4:
        return {"p_mv_II": math.nan}
    return {"p_mv_II": float(_over_its_ends(beat.signal_mv[LEAD_INDEX["II"], p]).max())}


def _over_its_ends(wave: FloatArray) -> FloatArray:
    return wave - np.linspace(wave[0], wave[-1], wave.size)


def _shapes(beat: Beat, qrs: np.ndarray | None, values: Mapping[str, float]) -> dict[str, float]:
    """The yes-or-no measures."""
    waves: dict[str, list[float]] = {lead: [] for lead in LEADS}
    if qrs is not None:
        waves = {lead: deflections_mv(beat.signal_mv[LEAD_INDEX[lead], qrs]) for lead in LEADS}
    shapes = {"v1_begins_r": _known(bool(waves["V1"]), bool(waves["V1"]) and waves["V1"][0] > 0)}
    for lead in SEPTAL_LEADS:
        q_then_r = len(waves[lead]) > 1 and waves[lead][0] < 0 < waves[lead][1]
        shapes[f"septal_q_{lead}"] = _known(bool(waves[lead]), q_then_r)
    shapes["r_progression"] = _r_progression(values)
    for lead in UPRIGHT_T_LEADS:
        shapes[f"t_upright_{lead}"] = _known(not math.isnan(values[f"t_mv_{lead}"]), values[f"t_mv_{lead}"] > 0)
    shapes["t_negative_aVL"] = _known(not math.isnan(values["t_mv_aVL"]), values["t_mv_aVL"] < 0)
    terminal, axis = values["p_terminal_mv_V1"], values["qrs_axis_deg"]
    shapes["p_terminal_negative_V1"] = _known(not math.isnan(terminal), terminal >= WAVE_MV)
    shapes["axis_normal"] = _known(not math.isnan(axis), AXIS_LIMITS_DEG[0] <= axis <= AXIS_LIMITS_DEG[1])
    return shapes


def _known(measurable: bool, answer: bool) -> float:
    return float(answer) if measurable else math.nan


def _r_progression(values: Mapping[str, float]) -> float:
    """Whether R grows from V1 to V4 and first exceeds S between V2 and V5."""
    r, s = ([values[f"{wave}_mv_{lead}"] for lead in PRECORDIAL_LEADS] for wave in ("r", "s"))
    if any(map(math.isnan, (*r, *s))):
        return math.nan
    dominant = [lead for lead, r_mv, s_mv in zip(PRECORDIAL_LEADS, r, s, strict=True) if r_mv > s_mv]
    timely = bool(dominant) and EARLIEST_TRANSITION <= dominant[0] <= LATEST_TRANSITION
    return float(r[PRECORDIAL_LEADS.index("V4")] > r[0] and timely)
