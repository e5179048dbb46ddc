"""A comparison in words: the tables of the command line and of docs/realism.md, in Markdown."""

import math
from collections.abc import Sequence

import pandas as pd

from elvmass_core.realism.compare import Comparison
from elvmass_core.realism.measures import GROUPS
from elvmass_core.realism.statistics import Interval

SHORT = (
    "rate_bpm", "p_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_framingham_ms", "qtc_fridericia_ms", "qrs_axis_deg", "p_mv_II",
    "p_terminal_mv_V1",
)  # fmt: skip
WAVES = {"pp": "QRS span", "r": "R", "s": "S", "t": "|T|"}


def markdown(table: pd.DataFrame) -> str:
    """A data frame of strings and numbers as a Markdown table."""
    head = [str(column) for column in table]
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(f"{c:<{w}}" for c, w in zip(line, widths, strict=True)) + " |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.3g}"
    return str(value)


def number(value: float, digits: int = 2) -> str:
    """A number with fixed decimals; "–" where there is none."""
    return "–" if not math.isfinite(value) else f"{value:.{digits}f}"


def with_limits(value: float, low: float, high: float, digits: int = 2) -> str:
    """Value and 95 % limits."""
    return f"{number(value, digits)} ({number(low, digits)}…{number(high, digits)})"


def interval(one: Interval, digits: int = 2) -> str:
    """An interval in words."""
    return with_limits(one.value, one.low, one.high, digits)


def percent(value: float, low: float, high: float) -> str:
    """A share with limits in per cent."""
    return with_limits(100 * value, 100 * low, 100 * high, 0)


def sections(comparison: Comparison) -> Sequence[tuple[str, str]]:
    """Title and Markdown of every table, the verdicts first."""
    classified = comparison.classified
    return (
        ("Patients", markdown(comparison.counts)),
        ("Real against simulated, told by a classifier (AUC; 0.5: cannot be told)", _separations(comparison)),
        ("What the classifier keys on, by group", _group_table(classified.groups)),
        ("What it keys on, by measure (coefficient per SD; positive: more in the simulated)", _keys(classified.keys)),
        ("Coverage by 99 % prediction regions", _coverage(comparison)),
        ("Beats as a whole", _whole(comparison)),
        ("Shapes: share of patients, %", shape_table(comparison.shapes)),
        ("Spread: SD of the log amplitude, simulated over real", _log_sd(comparison)),
        ("Intervals, axis and P", measure_table(comparison.measures, SHORT)),
        *(
            (f"{title}, mV", measure_table(comparison.measures, _leads(comparison.measures, prefix)))
            for title, prefix in _PER_LEAD.items()
        ),
        ("Turns within QRS (peaks and troughs ≥ 0.05 mV)", _turns(comparison.measures)),
    )


_PER_LEAD = {"QRS span": "pp_mv_", "R": "r_mv_", "S": "s_mv_", "J point": "stj_mv_", "T": "t_mv_", "Noise": "noise_mv_"}


def in_words(comparison: Comparison) -> str:
    """Every table under its title."""
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in sections(comparison)) + "\n"


def _leads(measures: pd.DataFrame, prefix: str) -> list[str]:
    return [name for name in measures["measure"] if name.startswith(prefix)]


def _turns(measures: pd.DataFrame) -> str:
    return measure_table(measures, _leads(measures, "turns_"))


def measure_table(measures: pd.DataFrame, names: Sequence[str]) -> str:
    """Mean ± SD of both samples, standardised difference and ratio of SDs with limits."""
    chosen = measures.set_index("measure").loc[list(names)].reset_index()
    rows = [
        {
            "measure": row.measure,
            "real": _mean_sd(row.real_mean, row.real_sd),
            "simulated": _mean_sd(row.sim_mean, row.sim_sd),
            "difference, SD": with_limits(row.smd, row.smd_low, row.smd_high),
            "SD ratio": with_limits(row.sd_ratio, row.sd_ratio_low, row.sd_ratio_high),
            "KS": number(row.ks),
        }
        for row in chosen.itertuples(index=False)
    ]
    return markdown(pd.DataFrame(rows))


def _mean_sd(mean: float, sd: float) -> str:
    """Mean ± SD with as many decimals as the SD is worth."""
    digits = 0 if sd > 2 else 2 if sd > 0.1 else 3
    return f"{number(mean, digits)} ± {number(sd, digits)}"


def shape_table(shapes: pd.DataFrame) -> str:
    """Shares with Wilson limits."""
    rows = [
        {
            "measure": row.measure,
            "real": percent(row.real, row.real_low, row.real_high),
            "real normal": percent(row.normal, row.normal_low, row.normal_high),
            "simulated": percent(row.sim, row.sim_low, row.sim_high),
        }
        for row in shapes.itertuples(index=False)
    ]
    return markdown(pd.DataFrame(rows))


def _separations(comparison: Comparison) -> str:
    rows = [
        {"classifier": one.classifier, "on": one.on, "AUC": interval(one.auc)}
        for one in comparison.classified.separations
    ]
    return markdown(pd.DataFrame(rows))


def _group_table(groups: pd.DataFrame) -> str:
    rows = [
        {
            "group": row.group,
            "measures": row.measures,
            "AUC alone": number(row.alone),
            "fall when shuffled": number(row.fall_when_shuffled, 3),
        }
        for row in groups.itertuples(index=False)
    ]
    return markdown(pd.DataFrame(sorted(rows, key=lambda row: GROUPS.index(row["group"]))))


def _keys(keys: pd.DataFrame) -> str:
    rows = [
        {
            "measure": row.measure,
            "group": row.group,
            "coefficient": f"{row.coefficient:+.2f}",
            "AUC alone": number(row.auc),
        }
        for row in keys.itertuples(index=False)
    ]
    return markdown(pd.DataFrame(rows))


def _coverage(comparison: Comparison) -> str:
    rows = [
        {
            "region of": one.region_of,
            "points of": one.points_of,
            "k": one.k,
            "n": one.n,
            "inside, %": percent(one.share.value, one.share.low, one.share.high),
            "variance in k, %": number(100 * one.variance_kept, 0),
        }
        for one in comparison.coverage
    ]
    return markdown(pd.DataFrame(rows))


def _whole(comparison: Comparison) -> str:
    distance = comparison.distance
    rows = [
        {
            "quantity": f"energy distance of the beats ({distance.k} components fitted on both pooled), mV",
            "value": f"{number(distance.distance, 3)}, permutation p {distance.p:.3f}",
            "for scale": f"{number(distance.within_real, 3)} between halves of the real",
        },
        {
            "quantity": "RMS difference of the inter-lead correlations of log QRS span",
            "value": interval(comparison.correlation_rms),
            "for scale": f"{number(comparison.correlation_floor)} between simulated samples of these sizes",
        },
    ]
    return markdown(pd.DataFrame(rows))


def _log_sd(comparison: Comparison) -> str:
    rows = []
    for row in comparison.log_sd_summary.itertuples(index=False):
        limits = with_limits(row.ratio, row.low, row.high)
        rows.append({"wave": WAVES[row.wave], "lead": "median of 8", "real": "", "simulated": "", "ratio": limits})
    for row in comparison.log_sd.itertuples(index=False):
        limits = with_limits(row.ratio, row.low, row.high)
        real, simulated = number(row.real), number(row.sim)
        rows.append({"wave": WAVES[row.wave], "lead": row.lead, "real": real, "simulated": simulated, "ratio": limits})
    return markdown(pd.DataFrame(rows))
