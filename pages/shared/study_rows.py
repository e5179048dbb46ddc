"""Numbers of a validation as rows of tables: the only place where they are rounded (errors to 0.1 g, c to 0.01)."""

from collections.abc import Mapping, Sequence
from typing import Any

from elvmass_core.study.names import POOLED, SEX_SPECIFIC
from elvmass_core.study.published import PAPER, Published
from elvmass_core.study.scored import SEXES
from elvmass_core.study.statistics import GROUPS, SCORES

SCORE_WORDS = {"grams": "mass, g", "index": "index, g/m²", "index_over_cutoff": "index ÷ cut-off of the own sex"}
GROUP_WORDS = {"men": "c in men", "women": "c in women", "pooled": "c in both ranked together"}
STRESSED = (POOLED, SEX_SPECIFIC)
NONE = "–"

Row = dict[str, str]


def figure(value: float | None, interval: Sequence[float] | None, digits: int) -> str:
    """A figure with its interval in brackets, or a dash."""
    if value is None:
        return NONE
    words = _rounded(value, digits)
    if interval is None:
        return words
    low, high = (_rounded(end, digits) for end in interval)
    return f"{words} ({low}–{high})" if min(interval) >= 0 else f"{words} ({low} to {high})"


def _rounded(value: float, digits: int) -> str:
    """With a true minus, and none on zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def share(value: float | None) -> str:
    """A share as whole percent without the sign, which the column has."""
    return NONE if value is None else f"{100 * value:.0f}"


def paper_rows() -> list[Row]:
    """The published figures."""
    return [{"": one.what, "One model": one.one_model, "Men's": one.men, "Women's": one.women} for one in PAPER]


def contrast_rows(study: Published, place: str) -> list[Row]:
    """One model for both sexes and one per sex, by what is ranked and in whom."""
    return [
        {"Ranked by": SCORE_WORDS[score], "Model": study.words(name)}
        | {
            GROUP_WORDS[group]: figure(one["c"], one["interval"], 2)
            for group in GROUPS
            for one in [study.cohort(place)["models"][name]["c_statistic"][group][score]]
        }
        for score in SCORES
        for name in STRESSED
    ]


def model_rows(study: Published, cohort: Mapping[str, Any], who: str) -> list[Row]:
    """Every model in one sex."""
    return [
        {"Model": f"**{study.words(name)}**" if name in STRESSED else study.words(name)}
        | accuracy_cells(one["accuracy"][who], one["c_statistic"][who]["index"])
        for name, one in cohort["models"].items()
    ]


def accuracy_cells(one: Mapping[str, Any], c: Mapping[str, Any]) -> Row:
    """Error, agreement, calibration and ranking of one model in one sex."""
    return {
        "MAE, g": figure(one["mae_g"], one["mae_interval_g"], 1),
        "MAPE, %": figure(one["mape_percent"], None, 1),
        "r": figure(one["r"], None, 2),
        "Bias (limits of agreement), g": figure(one["bias_g"], one["limits_of_agreement_g"], 0),
        "Slope": figure(one["calibration_slope"], None, 2),
        "c for LVH": figure(c["c"], c["interval"], 2),
        "Sens. / spec., %": f"{share(one['sensitivity'])} / {share(one['specificity'])}",
        "Sens. at 90 % spec., %": share(one["sensitivity_at_90_specificity"]),
    }


def criteria_rows(points: Mapping[str, Mapping[str, tuple[float, float]]]) -> list[Row]:
    """Classical criteria: sensitivity and false alarms, by sex."""
    names = dict.fromkeys(name for by_name in points.values() for name in by_name)
    return [
        {"Criterion": name}
        | {
            who: f"{share(by_name[name][1])} / {share(by_name[name][0])}" if name in by_name else NONE
            for who, by_name in points.items()
        }
        for name in names
    ]


def world_rows(study: Published, cohort: Mapping[str, Any]) -> list[Row]:
    """Error and ranking in another simulated world."""
    rows = []
    for name, one in cohort["models"].items():
        row = {"Model": f"**{study.words(name)}**" if name in STRESSED else study.words(name)}
        for who in SEXES:
            accuracy = one["accuracy"][who]
            row[f"MAE {who}, g"] = figure(accuracy["mae_g"], accuracy["mae_interval_g"], 1)
        for who in SEXES:
            row[f"c {who}"] = figure(one["c_statistic"][who]["index"]["c"], None, 2)
        rows.append(row)
    return rows


def thirds_rows(thirds: Sequence[Mapping[str, float]], plain: Sequence[Mapping[str, float]]) -> list[Row]:
    """Error of eLVMass-Net and of body size alone within thirds of one quantity."""
    return [
        {
            "Range": f"{one['from']:.0f}–{one['to']:.0f}",
            "Patients": f"{one['n']:.0f}",
            "MAE, g": figure(one["mae_g"], None, 1),
            "Bias, g": figure(one["bias_g"], None, 1),
            "MAE of body size alone, g": figure(other["mae_g"], None, 1),
            "Its bias, g": figure(other["bias_g"], None, 1),
        }
        for one, other in zip(thirds, plain, strict=True)
    ]


def replicate_rows(replicates: Mapping[str, Any]) -> list[Row]:
    """How often other cohorts of the published size would show the published finding."""
    return [
        {
            "Compared": one["words"],
            "Cohorts with P < 0.01 in both sexes, %": share(one["share_p_below_001"]),
            "95 % interval, %": f"{share(one['interval'][0])}–{share(one['interval'][1])}",
            "Mean difference in c": figure(one["mean_gap"], None, 3),
        }
        for one in replicates["rows"]
    ]


def real_rows(real: Mapping[str, Any]) -> list[Row]:
    """What was seen on real recordings."""
    return [{"On real recordings": one["words"], "n": str(one["n"]), "Found": one["value"]} for one in real["rows"]]


def shipped_rows(shipped: Mapping[str, Any]) -> list[Row]:
    """The weights of this app."""
    return [{"Shipped weights": one["words"], "Men": one["men"], "Women": one["women"]} for one in shipped["rows"]]


def own_rows(result: Mapping[str, Any]) -> list[Row]:
    """A user's own cohort, one row per sex."""
    return [
        {"": f"{who} ({one['n']}, {one['n_lvh']} with LVH)"} | accuracy_cells(one, result["c_statistic"][who]["index"])
        for who, one in result["accuracy"].items()
    ]


def coverage_rows(result: Mapping[str, Any]) -> list[Row]:
    """How often the intervals held; none without intervals."""
    return [
        {
            "": f"{who} ({one['n']})",
            "Intervals that hold the measured mass, %": share(one["covered"]),
            "The same with LVH, % (n)": f"{share(one['covered_lvh'])} ({one['n_lvh']})",
            "Mean width, g": f"{one['width_g']:.0f}",
        }
        for who, one in result["coverage"].items()
        if one is not None
    ]
