"""The pages of the population and the sensitivity command, in Markdown."""

import math

import pandas as pd

from elvmass_core.realism.measures import BeatTable
from elvmass_core.realism.population import Demographics
from elvmass_core.realism.sensitivity import OUTCOMES
from elvmass_core.realism.tables import markdown, number, with_limits
from elvmass_core.virtual.presets import COHORT_VERSION, preset_named


def provenance(preset: str, seed: int) -> str:
    """Which cohort it was, in one phrase."""
    sha256 = preset_named(preset).parameter_sha256
    return f"preset {preset}, cohort version {COHORT_VERSION}, parameters {sha256[:12]}, seed {seed}"


def population_table(rows: pd.DataFrame) -> str:
    """Every quantity of a population with its target and verdict; see `population.describe`."""
    cells = [
        {
            "quantity": row.quantity,
            "sex": row.sex,
            "value (95 %)": _fitting(row.value, row.low, row.high),
            "target": "" if math.isnan(row.target_low) else f"{row.target_low:g}–{row.target_high:g}",
            "verdict": row.verdict,
            "source of the target": row.source,
        }
        for row in rows.itertuples(index=False)
    ]
    return markdown(pd.DataFrame(cells))


def _fitting(value: float, low: float, high: float) -> str:
    """Value and limits with decimals that fit the size; the value alone where there are no limits."""
    digits = 0 if abs(value) >= 200 else 1 if abs(value) >= 10 else 2
    return number(value, digits) if math.isnan(low) else with_limits(value, low, high, digits)


def population_text(preset: str, seed: int, cohort: BeatTable, rows: pd.DataFrame, bar: Demographics) -> str:
    """The page of the population command."""
    judged = rows[rows["verdict"] != ""]
    inside, undecided = (int((judged["verdict"] == verdict).sum()) for verdict in ("inside", "undecided"))
    mae = ", ".join(f"{bar.mae_g[sex]:.1f} g ({bar.mape_percent[sex]:.1f} %) {word}" for sex, word in _WHO.items())
    lines = (
        f"# Population of the preset {preset}",
        f"{len(cohort)} simulated patients ({provenance(preset, seed)}); {cohort.table.attrs.get('refused', 0)} more "
        f"could not be measured. {inside} of {len(judged)} quantities with a target lie inside, {undecided} cannot be "
        "decided with so few patients. LVH, the index and the mass are the true ones.",
        population_table(rows),
        f"Error of sex, age, height and weight alone (fivefold cross-validated): {mae}.",
    )
    return "\n\n".join(lines) + "\n"


_WHO = {"all": "in all", "M": "in men", "F": "in women"}


def sensitivity_text(preset: str, seed: int, n: int, table: pd.DataFrame) -> str:
    """The page of the sensitivity command."""
    outcomes = list(OUTCOMES)
    silent = (table[[f"{name} {sign}" for name in outcomes for sign in "+−"]].abs() < SILENT).all(axis=1)
    rows = [
        {
            "parameter": row["parameter"] + (f" ({row['elements']} together)" if row["elements"] > 1 else ""),
            "SD men / women": f"{row['sd_men']:.3g} / {row['sd_women']:.3g}",
            **{name: _both_signs(row, name) for name in outcomes},
            "source of the SD": row["source"],
        }
        for row in table[~silent].to_dict("records")
    ]
    lines = (
        "# What each physical parameter does to the ECG",
        f"Simulated patients ({provenance(preset, seed)}). Mean change over {n} healthy men and {n} healthy women "
        "without noise when one parameter moves by + 1 SD / − 1 SD of its spread among healthy patients of the same "
        "sex, everything else kept; elements of a list move together, each by its own SD. Nothing is clipped, so a "
        "parameter near a limit may leave it. Made by `python -m elvmass_core sensitivity`.",
        markdown(pd.DataFrame(rows)),
        "Without effect on these four: " + (", ".join(table["parameter"][silent]) or "none") + ".",
    )
    return "\n\n".join(lines) + "\n"


SILENT = 5e-4
"""A mean change below this (mV or ms) is none."""


def _both_signs(row: dict[str, object], name: str) -> str:
    digits = 1 if name.endswith("ms") else 2
    return " / ".join(f"{float(str(row[f'{name} {sign}'])):+.{digits}f}" for sign in "+−")
