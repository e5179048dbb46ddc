"""The report of a training on a user's own table: what the Validation page shows, as files that go with the weights."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from elvmass_core.domain import FloatArray
from elvmass_core.figures import PLOT_CONFIG
from elvmass_core.figures import study as draw
from elvmass_core.models.bundle import Models
from elvmass_core.models.calibration import CUTOFFS
from elvmass_core.models.inputs import PATTERNS
from elvmass_core.study import scored
from elvmass_core.study.fold_members import FOLDS
from elvmass_core.study.own_table import OwnTraining
from elvmass_core.study.scored import Scored, scored_result
from elvmass_core.study.scored_table import MEASURED_BY, write_scored_table
from elvmass_core.study.statistics import Truth
from elvmass_core.study.table_checks import in_words
from elvmass_core.wording import SEX_NAMES

PAGE, NUMBERS, PATIENTS = "report.html", "report.json", "cross_validation.csv"
OWN, POOLED, GIVEN = "these weights, one per sex", "these weights, one for both sexes", "the shipped weights, unchanged"
OTHERS = {
    "ridge_measurements": "ridge on age, height, weight and measurements",
    "demographics_only": "age, height and weight only",
    "sex_mean": "mean of the sex",
}
HEADER = ("", "MAE, g (95 %)", "MAPE, %", "r", "bias, g", "limits of agreement, g", "slope", "c for LVH (95 %)")
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.25rem .7rem;border-bottom:1px solid #cfd5db;"
    "text-align:right;white-space:nowrap}td:first-child,th:first-child{text-align:left}.pair{display:flex;flex-wrap:wrap}"
    ".pair>div{flex:1 1 24rem}pre{white-space:pre-wrap;background:#f3f5f7;padding:.7rem}"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """Every model on the same patients, each answering only for those it has not learned from.

    Attributes
    ----------
    models : mapping of name to Scored
        The first is `OWN`, with intervals.
    results : mapping of name to the numbers of `scored_result`
    """

    models: Mapping[str, Scored]
    results: Mapping[str, Mapping[str, Any]]


def compare(training: OwnTraining, given: Models | None = None) -> Compared:
    """The trained weights out of fold, the comparators, and, unchanged, weights that were there before."""
    truth = Truth.of(training.data, training.fold, training.cutoff)
    by_name: dict[str, FloatArray] = {}
    halves = np.empty(len(truth))
    for one in training.answered:
        mine = truth.group(SEX_NAMES[one.kind.sex])
        of_sex: dict[str, FloatArray] = {
            POOLED if one.kind.trained_on == "both" else OWN: one.unseen.estimate_g[PATTERNS[0]]
        }
        if one.kind.trained_on != "both":
            halves[mine] = one.said.half_g[PATTERNS[0]]
            of_sex |= {OTHERS[name]: values for name, values in one.said.others_g.items()}
            if given is not None and given.for_sex(one.kind.sex):
                bundle, people = given.for_sex(one.kind.sex)[0], training.data.of(one.kind.sex)
                of_sex[GIVEN] = bundle.members_g(people.beats_mv, people.rows).mean(axis=0)
        for name, values in of_sex.items():
            by_name.setdefault(name, np.full(len(truth), np.nan))[mine] = values
    order = [name for name in (OWN, POOLED, GIVEN, *OTHERS.values()) if name in by_name]
    models = {name: Scored(truth=truth, estimate_g=by_name[name]) for name in order}
    own = by_name[OWN]
    models[OWN] = Scored(truth=truth, estimate_g=own, low_g=own - halves, high_g=own + halves)
    return Compared(models=models, results={name: scored_result(one) for name, one in models.items()})


def write_report(training: OwnTraining, out: Path, given: Models | None = None) -> Path:
    """Write the page, the numbers and a line for each patient; the patients' file opens on the Validation page.

    Parameters
    ----------
    given : Models, optional
        Weights to be compared with, unchanged: what one would have used without training.

    Returns
    -------
    Path
        The page, one file that needs nothing else.
    """
    found = compare(training, given)
    (out / PATIENTS).write_bytes(_patients_csv(training, found))
    (out / NUMBERS).write_bytes(orjson.dumps(_numbers(training, found), option=orjson.OPT_INDENT_2))
    page = out / PAGE
    page.write_text(_page(training, found), encoding="utf-8")
    return page


def in_plain_words(training: OwnTraining, found: Compared) -> str:
    """The table of the page as text, for the terminal."""
    lines = [in_words(training.findings)] if training.findings else []
    for who in found.models[OWN].sexes:
        lines.append(_heading(found, who))
        lines += [f"  {row[0]}: MAE {row[1]} g, r {row[3]}, bias {row[4]} g, c {row[7]}" for row in _rows(found, who)]
        covered = found.results[OWN]["coverage"][who]
        lines.append(f"  the 90 % intervals hold {100 * covered['covered']:.0f} %, {covered['width_g']:.0f} g wide")
    return "\n".join(lines)


def _heading(found: Compared, who: str) -> str:
    one = found.results[OWN]["accuracy"][who]
    return f"{who}: {one['n']} recordings, {one['n_lvh']} with LVH"


def _rows(found: Compared, who: str) -> list[tuple[str, ...]]:
    return [(name, *_cells(result, who)) for name, result in found.results.items()]


def _cells(result: Mapping[str, Any], who: str) -> tuple[str, ...]:
    one, c = result["accuracy"][who], result["c_statistic"][who]["index"]
    low, high = one["limits_of_agreement_g"]
    return (
        f"{one['mae_g']:.1f} ({one['mae_interval_g'][0]:.1f}–{one['mae_interval_g'][1]:.1f})",
        f"{one['mape_percent']:.1f}",
        _two(one["r"]),
        _signed(one["bias_g"], 1),
        f"{_signed(low, 0)} to {_signed(high, 0)}",
        _two(one["calibration_slope"]),
        "–" if c["c"] is None else f"{c['c']:.2f} ({c['interval'][0]:.2f}–{c['interval'][1]:.2f})",
    )


def _signed(value: float, digits: int) -> str:
    """With its sign; none for what rounds to zero."""
    rounded = round(value, digits)
    return f"{0.0:.{digits}f}" if rounded == 0 else f"{rounded:+.{digits}f}".replace("-", "−")


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


# --- Files ------------------------------------------------------------------------------------------------------------


def _patients_csv(training: OwnTraining, found: Compared) -> bytes:
    own, data = found.models[OWN], training.data
    method = next(name for name, cutoff in CUTOFFS.items() if cutoff == training.cutoff)
    columns: dict[str, Any] = {
        "record": data.record, "sex": data.sex, "fold": training.fold, "lvm_measured_g": data.lvm_g,
        "lvm_g": own.estimate_g, "low_g": own.low_g, "high_g": own.high_g, "bsa_m2": data.bsa_m2,
        MEASURED_BY: [method] * len(data), "pooled_g": found.models[POOLED].estimate_g,
        "demographics_only_g": found.models[OTHERS["demographics_only"]].estimate_g,
    }  # fmt: skip
    if GIVEN in found.models:
        columns["shipped_g"] = found.models[GIVEN].estimate_g
    return write_scored_table(columns)


def _numbers(training: OwnTraining, found: Compared) -> dict[str, Any]:
    return {
        "folds": FOLDS,
        "recordings": len(training.data),
        "patients": len(np.unique(training.data.patient)),
        "cutoff": {"men_g_m2": training.cutoff.men_g_m2, "women_g_m2": training.cutoff.women_g_m2},
        "measured_by": training.cutoff.modality,
        "started_from": training.started_from,
        "findings": [{"code": one.code, "severity": one.severity.value, "message": one.message}
                     for one in training.findings],
        "left_out": [{"record": record, "reason": reason} for record, reason in training.data.left_out],
        "mae_by_fold_g": {who: _by_fold(found, training.fold, who) for who in found.models[OWN].sexes},
        "models": dict(found.results),
    }  # fmt: skip


def _by_fold(found: Compared, fold: np.ndarray, who: str) -> list[float]:
    own = found.models[OWN]
    miss, mine = np.abs(own.estimate_g - own.truth.lvm_g), own.truth.group(who)
    return [round(float(miss[mine & (fold == k)].mean()), 2) for k in range(FOLDS)]


# --- Page -------------------------------------------------------------------------------------------------------------


def _page(training: OwnTraining, found: Compared) -> str:
    own = found.models[OWN]
    people = len(np.unique(training.data.patient))
    begun = f"fine-tuned from {training.started_from} and its companions" if training.started_from else "from scratch"
    limit = training.cutoff
    parts = [
        "<h1>LV mass from the ECG: weights trained on your table</h1>",
        f"<p><b>Not for diagnosis.</b> {len(training.data)} recordings of {people} patients, mass by "
        f"{html.escape(limit.modality)}, trained {html.escape(begun)}. Each number below comes from the one network of "
        f"{FOLDS} that had not seen the patient. It says how the weights do in patients like these, measured here; "
        "patients of another hospital need an evaluation of their own (<code>evaluate --table</code>).</p>",
        f"<p>LVH: mass ÷ body surface (DuBois) above {limit.men_g_m2:g} g/m² in men, {limit.women_g_m2:g} in women "
        f"({html.escape(limit.source)}). The c-statistic ranks g/m² within the sex, pairs within a fold; "
        "a constant mass still ranks by body surface.</p>",
        "<h2>Checks of the table</h2>",
        f"<pre>{html.escape(in_words(training.findings) or 'Nothing was found.')}</pre>",
    ]
    for who in own.sexes:
        parts += [f"<h2>{html.escape(_heading(found, who))}</h2>", _table(HEADER, _rows(found, who))]
        spread = _by_fold(found, training.fold, who)
        parts.append(f"<p>MAE by fold: {', '.join(f'{value:.1f}' for value in spread)} g.</p>")
    parts += ["<h2>Intervals of 90 %</h2>", _table(*_coverage(found)), _INTERVAL_WORDS, *_figures(own)]
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>ELVMass: own weights</title><style>{_STYLE}"
        f"</style><body>{''.join(parts)}</body></html>"
    )


_INTERVAL_WORDS = (
    "<p>Fitted out of fold, each fold by the other four. As with CV+ (Barber et al. 2021) at least 80 % are guaranteed "
    "for patients like these; about 90 % is usual.</p>"
)


def _coverage(found: Compared) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    rows: list[tuple[str, ...]] = []
    for who, one in found.results[OWN]["coverage"].items():
        lvh = "–" if one["covered_lvh"] is None else f"{100 * one['covered_lvh']:.0f} % of {one['n_lvh']}"
        rows.append((who, f"{100 * one['covered']:.0f} % of {one['n']}", lvh, f"{one['width_g']:.0f}"))
    return ("", "hold the measured mass", "the same with LVH", "mean width, g"), rows


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _figures(own: Scored) -> list[str]:
    """Those of the Validation page; the first carries the drawing library, so that the file needs nothing else."""
    known = "measured"
    scatters, differences = [], []
    for who in own.sexes:
        scatters.append(draw.scatter_masses(*own.masses_g(who), who=who, known=known))
        pair = scored.agreement(own, who)
        differences.append(draw.bland_altman(pair.mean_g, pair.difference_g, pair.bias_g, pair.limits_g, who=who))
    curves = {who: curve for who in own.sexes if (curve := scored.roc(own, who)) is not None}
    tenths = {who: scored.calibration(own, who) for who in own.sexes}
    last = [
        draw.roc_curves({f"{who}, c {curve.c:.2f}": (curve.false_positive, curve.sensitivity)
                         for who, curve in curves.items()}),
        draw.calibration_curves({who: (c.estimate_g, c.known_g, c.half_g) for who, c in tenths.items()}, known=known),
    ]  # fmt: skip
    drawn = [_drawn(figure, first=place == 0) for place, figure in enumerate([*scatters, *differences, *last])]
    rows = [drawn[: len(scatters)], drawn[len(scatters) : 2 * len(scatters)], drawn[2 * len(scatters) :]]
    return ["<h2>Figures</h2>", *("<div class='pair'>" + "".join(f"<div>{one}</div>" for one in row) + "</div>"
                                  for row in rows)]  # fmt: skip


def _drawn(figure: Any, *, first: bool) -> str:
    words: str = figure.to_html(full_html=False, include_plotlyjs=first, config=PLOT_CONFIG)
    return words
