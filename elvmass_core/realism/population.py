"""The label side of a simulated cohort: mass, its link to the body and to the classical criteria, healthy ECGs.

Everything is within sex unless it says "all". LVH and the index use the true mass.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold

from elvmass_core.criteria import CRITERIA, apply_criteria
from elvmass_core.domain import Features, Measurement, Sex
from elvmass_core.errors import CohortError
from elvmass_core.features import FEATURE_NAMES
from elvmass_core.realism.information import ridge_auc
from elvmass_core.realism.measures import UPRIGHT_T_LEADS, BeatTable
from elvmass_core.realism.simulated import LVH_G_M2
from elvmass_core.realism.statistics import Interval, percentile_interval, resample, wilson
from elvmass_core.realism.targets import TARGETS

HEALTHY_STRAIN = 0.05
"""Largest strain of a healthy heart (assumed)."""
STRAIN_STJ_MV = -0.05
MIN_PER_SEX = 10
QRS_LIMITS_MS = (80.0, 110.0)
DEMOGRAPHICS = ("age", "height_cm", "weight_kg")
MIDDLE_CHEST = ("V2", "V3", "V4")
Row = tuple[str, Interval]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demographics:
    """Error in grams of sex, age, height and weight alone (log-linear, fivefold cross-validated), by sex and all."""

    mae_g: dict[str, float]
    mape_percent: dict[str, float]


def prepare(cohort: BeatTable) -> pd.DataFrame:
    """The cohort's table with what the quantities need: cut-off, criteria, ``healthy``, ``visible_strain``."""
    table = cohort.table.copy()
    table["cutoff_g_m2"] = [LVH_G_M2[Sex(sex)] for sex in table["sex"]]
    table["healthy"] = is_healthy(table)
    table["visible_strain"] = visible_strain(table)
    results = [_criteria(row) for row in table.to_dict("records")]
    return pd.concat([table, pd.DataFrame(results, index=table.index)], axis=1)


def is_healthy(table: pd.DataFrame) -> pd.Series:
    """Sinus rhythm, no block, no scar, no LVH, no strain of any cause."""
    plain = table["sinus"] & (table["block"] == "none") & ~table["scar"]
    return plain & ~table["lvh"] & (table["strain"] <= HEALTHY_STRAIN)


def visible_strain(table: pd.DataFrame) -> pd.Series:
    """J point at −0.05 mV or below and T negative in V5, or both in V6 (assumed definition of the strain pattern)."""
    found = [(table[f"stj_mv_{lead}"] <= STRAIN_STJ_MV) & (table[f"t_mv_{lead}"] < 0.0) for lead in ("V5", "V6")]
    return found[0] | found[1]


def _criteria(row: dict[str, object]) -> dict[str, float]:
    """Value and answer (1, 0; NaN where it does not apply) of each criterion for one patient."""
    values = {name: Measurement(value=_none(row[name]), unit="") for name in FEATURE_NAMES}
    results = apply_criteria(Features(values=values), Sex(str(row["sex"])))
    found = {}
    for result in results:
        found[f"value {result.name}"] = np.nan if result.value is None else result.value
        found[f"met {result.name}"] = np.nan if result.met is None else float(result.met)
    return found


def _none(value: object) -> float | None:
    number = float(str(value))
    return None if np.isnan(number) else number


def describe(cohort: BeatTable, *, seed: int = 0) -> pd.DataFrame:
    """Every quantity of a simulated population with 95 % limits, its target and the verdict.

    Parameters
    ----------
    cohort : BeatTable
        From `simulated.simulate_population`.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``quantity, sex, value, low, high, target_low, target_high, verdict, source``. The verdict is "inside" or
        "outside"; "undecided" when the value is outside but its limits are not; "" without a target.

    Raises
    ------
    CohortError
        Too few patients.
    """
    table = prepare(cohort)
    if min((table["sex"] == sex).sum() for sex in ("M", "F")) < MIN_PER_SEX:
        raise CohortError(f"At least {MIN_PER_SEX} patients of each sex are needed: ask for more.")
    rows = []
    for sex, part in (("M", table[table["sex"] == "M"]), ("F", table[table["sex"] == "F"]), ("all", table)):
        within = _within_sex(part, seed) if sex != "all" else _overall(part, seed)
        rows += [{"quantity": quantity, "sex": sex, **_limits(found)} for quantity, found in within]
    rows += [
        {"quantity": quantity, "sex": "M − F", **_limits(found)} for quantity, found in sex_differences(table, seed)
    ]
    return judge(pd.DataFrame(rows))


def _limits(interval: Interval) -> dict[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def judge(rows: pd.DataFrame) -> pd.DataFrame:
    """Add target, verdict and source."""
    targets = {(target.quantity, target.sex): target for target in TARGETS}
    found = [targets.get((row.quantity, row.sex)) for row in rows.itertuples(index=False)]
    judged = rows.assign(
        target_low=[np.nan if one is None else one.low for one in found],
        target_high=[np.nan if one is None else one.high for one in found],
        source=["" if one is None else one.source for one in found],
    )
    return judged.assign(verdict=[_verdict(row) for row in judged.itertuples(index=False)])


def _verdict(row: object) -> str:
    """Whether the value, or at least its 95 % limits, meets the target."""
    value, low, high, least, most = (
        getattr(row, name) for name in ("value", "low", "high", "target_low", "target_high")
    )
    if np.isnan(least) or np.isnan(value):
        return ""
    if least <= value <= most:
        return "inside"
    return "undecided" if low <= most and high >= least else "outside"


def _within_sex(table: pd.DataFrame, seed: int) -> Iterator[Row]:
    healthy, index = table[table["healthy"]], table["lvmi_g_m2"]
    yield from _sizes(table, seed)
    yield "R² of age, height, weight on LV mass", _r_squared(table, DEMOGRAPHICS, table["lvm_g"], seed)
    yield "R² of age, height, weight on log LV mass", _r_squared(table, DEMOGRAPHICS, np.log(table["lvm_g"]), seed)
    for name in ("Sokolow–Lyon voltage", "Cornell voltage"):
        yield f"r({name}, LVMI)", _correlation(table[f"value {name}"], index, seed)
    for criterion in CRITERIA:
        met = table[f"met {criterion.name}"]
        yield f"sensitivity of {criterion.name}, %", _share(met[table["lvh"]])
        yield f"specificity of {criterion.name}, %", _share(1.0 - met[~table["lvh"]])
    yield "c-statistic of the frozen ridge for LVH", ridge_auc(table)
    yield "the same on the measured mass", ridge_auc(table, mass="lvm_measured_g")
    yield from _normal_ecg(table, healthy, seed)
    yield "visible strain, %", _share(table["visible_strain"])
    yield "visible strain in LVH, %", _share(table["visible_strain"][table["lvh"]])


def _overall(table: pd.DataFrame, seed: int) -> Iterator[Row]:
    yield "patients", _exact(len(table))
    yield "women, %", _share(table["sex"] == "F")
    yield from _sizes(table, seed)
    inputs = table.assign(man=(table["sex"] == "M").astype(float))
    names = ("man", *DEMOGRAPHICS)
    yield "R² of sex, age, height, weight on LV mass", _r_squared(inputs, names, table["lvm_g"], seed)
    yield "R² of sex, age, height, weight on log LV mass", _r_squared(inputs, names, np.log(table["lvm_g"]), seed)
    yield "sinus rhythm, no complete block, %", _share(table["sinus"])
    yield "healthy, %", _share(table["healthy"])
    yield "visible strain, %", _share(table["visible_strain"])
    yield "visible strain in LVH, %", _share(table["visible_strain"][table["lvh"]])


def _sizes(table: pd.DataFrame, seed: int) -> Iterator[Row]:
    for word, column, unit in (("LV mass", "lvm_g", "g"), ("LVMI", "lvmi_g_m2", "g/m²")):
        yield f"{word}, mean, {unit}", _mean(table[column], seed)
        yield f"{word}, SD, {unit}", _sd(table[column], seed)
    yield "LVH (> 80 / 65 g/m²), %", _share(table["lvh"])
    yield "r(LV mass, BSA)", _correlation(table["bsa_m2"], table["lvm_g"], seed)


def _normal_ecg(table: pd.DataFrame, healthy: pd.DataFrame, seed: int) -> Iterator[Row]:
    for percentile in (5, 95):
        value = _percentile(healthy["qrs_ms"], percentile, seed)
        yield f"QRS in the healthy, {percentile} % percentile, ms", value
    yield "QRS in the healthy, mean, ms", _mean(healthy["qrs_ms"], seed)
    yield "healthy with QRS of 80–110 ms, %", _share(healthy["qrs_ms"].between(*QRS_LIMITS_MS))
    for name, column, unit in (
        ("PR", "pr_ms", "ms"), ("QT", "qt_ms", "ms"), ("QTc (Framingham)", "qtc_framingham_ms", "ms"),
        ("R V5", "r_mv_V5", "mV"), ("S V1", "s_mv_V1", "mV"),
    ):  # fmt: skip
        yield f"{name} in the healthy, mean, {unit}", _mean(healthy[column], seed)
    yield "healthy with axis in −30…90°, %", _share(healthy["axis_normal"])
    for lead in UPRIGHT_T_LEADS:
        yield f"healthy with T upright in {lead}, %", _share(healthy[f"t_upright_{lead}"])
    yield "healthy with normal R-progression, %", _share(healthy["r_progression"])
    yield "healthy with r first in V1, %", _share(healthy["v1_begins_r"])
    yield "healthy with septal q in V6, %", _share(healthy["septal_q_V6"])


def sex_differences(table: pd.DataFrame, seed: int = 0) -> Iterator[Row]:
    """Men minus women among the healthy: J point and T in V2–V4 (mean of the leads), QTc."""
    healthy = table[table["healthy"]]
    for name, wave in (("J point in V2–V4 of the healthy, mV", "stj"), ("T in V2–V4 of the healthy, mV", "t")):
        values = healthy[[f"{wave}_mv_{lead}" for lead in MIDDLE_CHEST]].mean(axis=1)
        yield name, _difference(values, healthy["sex"], seed)
    yield "QTc (Framingham) of the healthy, ms", _difference(healthy["qtc_framingham_ms"], healthy["sex"], seed)
    yield "LV mass, mean, g", _difference(table["lvm_g"], table["sex"], seed)


def demographics_only(cohort: BeatTable, *, mass: str = "lvm_g", seed: int = 0) -> Demographics:
    """Error in grams of sex, age, height and weight: the bar for every ECG model; only `population` prints it."""
    table = cohort.table
    inputs = np.column_stack([table["sex"] == "M", np.log(table[["height_cm", "weight_kg"]]), table["age"]]).astype(
        float
    )
    truth, estimate = table[mass].to_numpy(dtype=float), np.zeros(len(table))
    for fit, judged in KFold(5, shuffle=True, random_state=seed).split(inputs):
        model = LinearRegression().fit(inputs[fit], np.log(truth[fit]))
        estimate[judged] = np.exp(model.predict(inputs[judged]))
    error = np.abs(estimate - truth)
    who = {"all": np.ones(len(table), dtype=bool), "M": table["sex"] == "M", "F": table["sex"] == "F"}
    mae = {sex: float(error[mask].mean()) for sex, mask in who.items()}
    mape = {sex: float(100.0 * (error / truth)[mask].mean()) for sex, mask in who.items()}
    return Demographics(mae_g=mae, mape_percent=mape)


def _exact(value: float) -> Interval:
    return Interval(value=float(value), low=np.nan, high=np.nan)


def _share(answers: pd.Series) -> Interval:
    """A share in per cent with Wilson limits; unknown answers are left out."""
    known = answers.dropna().astype(float)
    share = wilson(int(known.sum()), len(known))
    return Interval(value=100 * share.value, low=100 * share.low, high=100 * share.high)


def _bootstrap(statistic: Callable[[np.ndarray], np.ndarray], values: np.ndarray, seed: int) -> Interval:
    """A statistic over the last axis of complete rows (k, n), patients drawn anew."""
    values = values[:, np.isfinite(values).all(axis=0)]
    if values.shape[1] < 10:
        return _exact(np.nan)
    draws = resample(np.random.default_rng(seed), values.shape[1], 300)
    replicates = np.array([float(statistic(values[:, draw])) for draw in draws])
    return percentile_interval(float(statistic(values)), replicates)


def _mean(values: pd.Series, seed: int) -> Interval:
    return _bootstrap(lambda v: v[0].mean(), _rows(values), seed)


def _sd(values: pd.Series, seed: int) -> Interval:
    return _bootstrap(lambda v: v[0].std(ddof=1), _rows(values), seed)


def _percentile(values: pd.Series, percentile: int, seed: int) -> Interval:
    return _bootstrap(lambda v: np.percentile(v[0], percentile), _rows(values), seed)


def _correlation(one: pd.Series, other: pd.Series, seed: int) -> Interval:
    return _bootstrap(lambda v: np.corrcoef(v)[0, 1], _rows(one, other), seed)


def _r_squared(table: pd.DataFrame, names: tuple[str, ...], target: pd.Series, seed: int) -> Interval:
    return _bootstrap(_explained, _rows(target, *(table[name] for name in names)), seed)


def _explained(rows: np.ndarray) -> np.ndarray:
    """R² of the first row on the others and a constant."""
    inputs = np.column_stack([np.ones(rows.shape[1]), rows[1:].T])
    coefficients = np.linalg.lstsq(inputs, rows[0], rcond=None)[0]
    return np.asarray(1.0 - (rows[0] - inputs @ coefficients).var() / rows[0].var())


def _difference(values: pd.Series, sex: pd.Series, seed: int) -> Interval:
    """Mean of men minus mean of women."""
    rng = np.random.default_rng(seed)
    men, women = (values[sex == code].dropna().to_numpy(dtype=float) for code in ("M", "F"))
    if min(men.size, women.size) < 3:
        return _exact(np.nan)
    replicates = men[resample(rng, men.size)].mean(axis=1) - women[resample(rng, women.size)].mean(axis=1)
    return percentile_interval(float(men.mean() - women.mean()), replicates)


def _rows(*series: pd.Series) -> np.ndarray:
    return np.stack([one.to_numpy(dtype=float) for one in series])
