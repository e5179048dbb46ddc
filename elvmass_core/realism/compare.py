"""Real against simulated, measure by measure and beat by beat, on one half of the real recordings."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from elvmass_core.realism.classifier import Classified, classify
from elvmass_core.realism.components import BeatDistance, Coverage, beat_distance, coverages
from elvmass_core.realism.measures import MEASURES, SHAPES, WAVE_MV, BeatTable, group_of
from elvmass_core.realism.statistics import (
    Interval,
    bootstrap_two,
    percentile_interval,
    resample,
    sd_ratio,
    standardised_difference,
    wilson,
)
from elvmass_core.units import INDEPENDENT_LEADS, LEADS

LOG_AMPLITUDES = ("pp", "r", "s", "t")
AMPLITUDE_FLOOR_MV = WAVE_MV
"""Amplitudes below the smallest wave count as that, before the logarithm."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Everything said about one real and one simulated sample.

    Parameters
    ----------
    counts : DataFrame
        Patients by sex, real, normal and simulated.
    measures : DataFrame
        Per measure: mean and SD of both, ratio of SDs, standardised difference, each with 95 % limits, and KS.
    log_sd : DataFrame
        Per wave and lead: SD of the log amplitude of both, and their ratio with limits.
    shapes : DataFrame
        Per yes-or-no measure: shares with Wilson limits.
    log_sd_summary : DataFrame
        Per wave the median ratio over the eight independent leads, with limits.
    correlation_rms : Interval
        RMS difference of the inter-lead correlations of log QRS spans.
    correlation_floor : float
        The same between two random samples of the simulated, of the size of the real one and the rest: what chance
        alone makes of it.
    """

    counts: pd.DataFrame
    measures: pd.DataFrame
    log_sd: pd.DataFrame
    log_sd_summary: pd.DataFrame
    shapes: pd.DataFrame
    correlation_rms: Interval
    correlation_floor: float
    distance: BeatDistance
    coverage: list[Coverage]
    classified: Classified


def compare(real: BeatTable, simulated: BeatTable, *, seed: int = 0) -> Comparison:
    """Compare real and (matched) simulated patients.

    Parameters
    ----------
    real : BeatTable
        From `reference.reference_table(reference, part)`.
    simulated : BeatTable
        From `simulated.simulate_matched(real, …)`.
    seed : int
        Of bootstrap, permutations and folds.

    Returns
    -------
    Comparison
    """
    return Comparison(
        counts=count_patients(real, simulated),
        measures=compare_measures(real, simulated, seed),
        log_sd=compare_log_sd(real, simulated, seed),
        log_sd_summary=summarise_log_sd(real, simulated, seed),
        shapes=compare_shapes(real, simulated),
        correlation_rms=correlation_difference(real, simulated, seed),
        correlation_floor=_correlation_floor(simulated, len(real), seed),
        distance=beat_distance(real, simulated, seed),
        coverage=coverages(real, simulated, seed),
        classified=classify(real, simulated, seed),
    )


def count_patients(real: BeatTable, simulated: BeatTable) -> pd.DataFrame:
    """Patients by sex."""
    rows = []
    for sex in ("F", "M"):
        ours, theirs = real.where("sex", sex).table, simulated.where("sex", sex).table
        normal = int(ours["is_normal"].sum())
        age = f"{ours['age'].min():.0f}–{ours['age'].max():.0f}" if len(ours) else ""
        rows.append({"sex": sex, "real": len(ours), "normal": normal, "age": age, "simulated": len(theirs)})
    return pd.DataFrame(rows)


def compare_measures(real: BeatTable, simulated: BeatTable, seed: int = 0) -> pd.DataFrame:
    """One row for each of `MEASURES`."""
    return pd.DataFrame([_measure_row(name, *_pair(real, simulated, name), seed) for name in MEASURES])


def _pair(real: BeatTable, simulated: BeatTable, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The finite values of a measure in both samples."""
    both = (table.table[name].to_numpy(dtype=float) for table in (real, simulated))
    one, other = (values[np.isfinite(values)] for values in both)
    return one, other


def _measure_row(name: str, one: np.ndarray, other: np.ndarray, seed: int) -> dict[str, object]:
    smd = bootstrap_two(standardised_difference, one, other, seed)
    ratio = bootstrap_two(sd_ratio, one, other, seed)
    enough = min(one.size, other.size) >= 3
    return {
        "measure": name,
        "group": group_of(name),
        "real_mean": _of(np.mean, one),
        "real_sd": _of(np.std, one),
        "sim_mean": _of(np.mean, other),
        "sim_sd": _of(np.std, other),
        "smd": smd.value,
        "smd_low": smd.low,
        "smd_high": smd.high,
        "sd_ratio": ratio.value,
        "sd_ratio_low": ratio.low,
        "sd_ratio_high": ratio.high,
        "ks": float(ks_2samp(one, other, method="asymp").statistic) if enough else np.nan,
        "real_n": one.size,
        "sim_n": other.size,
    }


def _of(statistic: object, values: np.ndarray) -> float:
    """Mean or sample SD; NaN where there is nothing."""
    if values.size < 2:
        return float("nan")
    return float(values.mean()) if statistic is np.mean else float(values.std(ddof=1))


def log_amplitudes(table: BeatTable, wave: str, leads: tuple[str, ...] = LEADS) -> np.ndarray:
    """Log of the amplitude (absolute, at least `AMPLITUDE_FLOOR_MV`) of a wave in each lead, (n, leads)."""
    values = table.table[[f"{wave}_mv_{lead}" for lead in leads]].to_numpy(dtype=float)
    return np.log(np.maximum(np.abs(values), AMPLITUDE_FLOOR_MV))


def compare_log_sd(real: BeatTable, simulated: BeatTable, seed: int = 0) -> pd.DataFrame:
    """SD of the log amplitude of each wave and lead, and simulated over real."""
    rows = []
    for wave in LOG_AMPLITUDES:
        ours, theirs = log_amplitudes(real, wave), log_amplitudes(simulated, wave)
        for row, lead in enumerate(LEADS):
            one, other = ours[:, row], theirs[:, row]
            ratio = bootstrap_two(sd_ratio, one, other, seed)
            sds = {"real": float(np.nanstd(one, ddof=1)), "sim": float(np.nanstd(other, ddof=1))}
            limits = {"ratio": ratio.value, "low": ratio.low, "high": ratio.high}
            rows.append({"wave": wave, "lead": lead, **sds, **limits})
    return pd.DataFrame(rows)


def summarise_log_sd(real: BeatTable, simulated: BeatTable, seed: int = 0) -> pd.DataFrame:
    """Median over the eight independent leads of the log-SD ratio, the patients drawn anew with all their leads."""
    rng, rows = np.random.default_rng(seed), []
    for wave in LOG_AMPLITUDES:
        ours, theirs = (log_amplitudes(table, wave, INDEPENDENT_LEADS) for table in (real, simulated))
        draws = zip(resample(rng, len(ours)), resample(rng, len(theirs)), strict=True)
        replicates = np.array([_median_ratio(ours[one], theirs[other]) for one, other in draws])
        interval = percentile_interval(_median_ratio(ours, theirs), replicates)
        rows.append({"wave": wave, "ratio": interval.value, "low": interval.low, "high": interval.high})
    return pd.DataFrame(rows)


def _median_ratio(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.nanmedian(np.nanstd(theirs, axis=0, ddof=1) / np.nanstd(ours, axis=0, ddof=1)))


def compare_shapes(real: BeatTable, simulated: BeatTable) -> pd.DataFrame:
    """Shares of the yes-or-no measures in all real, normal real and simulated patients."""
    normal = real.take(real.table["is_normal"].to_numpy(dtype=bool))
    rows = []
    for name in SHAPES:
        row: dict[str, object] = {"measure": name}
        for word, table in (("real", real), ("normal", normal), ("sim", simulated)):
            values = table.table[name].dropna()
            share = wilson(int(values.sum()), len(values))
            row |= {word: share.value, f"{word}_low": share.low, f"{word}_high": share.high}
        rows.append(row)
    return pd.DataFrame(rows)


def correlation_difference(real: BeatTable, simulated: BeatTable, seed: int = 0) -> Interval:
    """RMS difference of the correlations between the eight independent leads of the log QRS span."""
    ours, theirs = (log_amplitudes(table, "pp", INDEPENDENT_LEADS) for table in (real, simulated))
    rng = np.random.default_rng(seed)
    draws = zip(resample(rng, len(ours)), resample(rng, len(theirs)), strict=True)
    replicates = np.array([_rms_difference(ours[one], theirs[other]) for one, other in draws])
    return percentile_interval(_rms_difference(ours, theirs), replicates)


def _rms_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    upper = np.triu_indices(ours.shape[1], 1)
    difference = (np.corrcoef(ours.T) - np.corrcoef(theirs.T))[upper]
    return float(np.sqrt(np.mean(difference**2)))


def _correlation_floor(simulated: BeatTable, n: int, seed: int, times: int = 200) -> float:
    """Mean RMS difference between `n` simulated patients and the rest."""
    spans = log_amplitudes(simulated, "pp", INDEPENDENT_LEADS)
    if len(spans) < 2 * n:
        return float("nan")
    rng, found = np.random.default_rng(seed), []
    for _ in range(times):
        order = rng.permutation(len(spans))
        found.append(_rms_difference(spans[order[:n]], spans[order[n:]]))
    return float(np.mean(found))
