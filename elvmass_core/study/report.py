"""The page of the study: its numbers as Markdown tables, and what they say, by rule."""

from collections.abc import Iterable, Sequence

from elvmass_core.study.names import DEMOGRAPHICS, PLACES, POOLED, SEX_SPECIFIC
from elvmass_core.study.results import OVER_DEMOGRAPHICS
from elvmass_core.study.statistics import GROUPS, SCORES

SCORE_WORDS = {"grams": "g", "index": "g/m²", "index_over_cutoff": "÷ own cut-off"}
PUBLISHED_GAP = 0.05
"""Between c 0.70 for one model and 0.75 for women's."""
NULL = "@null"
"""Name of the variant in which mass does not act on the ECG."""
QUICK_WARNING = "**Quick run: tiny cohorts and one epoch. The figures say nothing; only the path is checked.**\n\n"
PUBLISHED = (
    "Published, in other patients with mass measured by CT (n = 1459; doi 10.1093/ehjdh/ztaf122): c 0.70 for one "
    "model, 0.77 for men's and 0.75 for women's, P < 0.01. Not comparable with any figure of this page."
)


def study_markdown(result: dict) -> str:
    """The whole page; parts that were not run yet are left out."""
    optional = {"replicates": _replicates, "worlds": _worlds, "learning_curve": _learning_curve}
    parts = [
        "# Study on simulated patients\n\n" + (QUICK_WARNING if result["quick"] else "") + _method(result),
        *(_cohort(result, place, words) for place, words in PLACES.items()),
        _published_contrast(result),
        *(part(result) for name, part in optional.items() if name in result),
        _errors(result),
        "Written by `python -m elvmass_core study`.\n",
    ]
    return "\n".join(parts)


def _method(result: dict) -> str:
    return (
        f"Cohort version {result['cohort_version']}, {result['epochs']} epochs; every model on the same five folds, "
        "stratified by sex and mass. The shifted simulated cohort is predicted by the mean of the five fold models. "
        "Rows with several trainings are the mean of their estimates (the ensemble). Intervals are 95 % bootstrap over "
        "patients. c is the c-statistic for LVH (index above 80 g/m² in men, 65 g/m² in women); inside, pairs of "
        "patients of one fold are counted. The recipe of eLVMass-Net was chosen on patients of other seeds "
        "(benchmarks/search_tcn.json): the internal and the shifted cohort and the other worlds had no part in it; the "
        "learning curve and the replicates use the cohort it was chosen on. The two comparator networks get the same "
        "target, start from body size, augmentation, optimiser and epochs, but no search and no second task. Intervals "
        'hold for the models as trained; how much another training changes stands under "one training". Simulated '
        "patients: no figure here says how well any model does in people.\n"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _cohort(result: dict, place: str, words: str) -> str:
    cohort = result[place]
    text = f"## {words}: {cohort['n']} patients, {cohort['n_lvh']} with LVH\n\n"
    text += _accuracy(result, cohort) + "\n" + _classification(result, cohort) + "\n" + _criteria(cohort) + "\n"
    return text + contrasts_markdown(cohort) + "\n" + _decision(result, cohort)


def _accuracy(result: dict, cohort: dict) -> str:
    header = ["model", "trainings"]
    for who in ("men", "women"):
        header += [f"MAE {who}, g", "one training", "MAPE, %", "r", "bias (limits of agreement), g", "slope"]
    rows = []
    for name, row in cohort["models"].items():
        cells = [result["words"][name], str(result["repeats"][name])]
        for who in ("men", "women"):
            one, single = row["accuracy"][who], row["single"][who]
            cells += [
                number(one["mae_g"], one["mae_interval_g"], 1),
                f"{single['mae_g']:.1f} ± {single['sd_g']:.2f}" if result["repeats"][name] > 1 else "–",
                f"{one['mape_percent']:.1f}",
                number(one["r"], None, 2),
                number(one["bias_g"], one["limits_of_agreement_g"], 0),
                number(one["calibration_slope"], None, 2),
            ]
        rows.append(cells)
    return "### Mass\n\n" + table(header, rows)


def _classification(result: dict, cohort: dict) -> str:
    header = ["model"]
    for who in ("men", "women"):
        header += [f"c {who} (g/m²)", "sensitivity / specificity of index > cut-off", "sensitivity at 90 % specificity"]
    rows = []
    for name, row in cohort["models"].items():
        cells = [result["words"][name]]
        for who in ("men", "women"):
            c, one = row["c_statistic"][who]["index"], row["accuracy"][who]
            cells += [
                number(c["c"], c["interval"], 2),
                f"{number(one['sensitivity'], None, 2)} / {number(one['specificity'], None, 2)}",
                number(one["sensitivity_at_90_specificity"], None, 2),
            ]
        rows.append(cells)
    return (
        "### LVH\n\nA constant mass still ranks by body surface area. The threshold of 90 % specificity is read from "
        "the same patients.\n\n" + table(header, rows)
    )


def _criteria(cohort: dict) -> str:
    rows = [
        [name, *(_shares(by_sex.get(who)) for who in ("men", "women"))] for name, by_sex in cohort["criteria"].items()
    ]
    return "### Classical criteria\n\nSensitivity / specificity.\n\n" + table(["criterion", "men", "women"], rows)


def _shares(one: dict | None) -> str:
    return "–" if one is None else f"{one['sensitivity']:.2f} / {one['specificity']:.2f} (n = {one['n']:.0f})"


def contrasts_markdown(cohort: dict) -> str:
    """What eLVMass-Net gains over others, in g of MAE and in c."""
    rows = []
    for words, one in cohort["contrasts"].items():
        gains = [number(one["mae_g"][who]["gain"], one["mae_g"][who]["interval"], 2) for who in ("men", "women")]
        gains += [number(one["c"][who]["gain"], one["c"][who]["interval"], 3) for who in ("men", "women")]
        p = one["mae_g"]["both"]["p"]
        rows.append([words, *gains, number(p, None, 3), number(one.get("p_holm"), None, 3)])
    header = ["eLVMass-Net per sex", "MAE men, g", "MAE women, g", "c men", "c women", "p (MAE, both)", "p (Holm)"]
    return (
        "### Gains, paired\n\nPositive: better than what it is compared with. Networks that are trained once are "
        "compared with the first training of eLVMass-Net, not with the mean of its trainings. A row that names another "
        "model than eLVMass-Net per sex is about that model. Holm's p over the three primary contrasts; those of the "
        "internal cohort are the primary ones.\n\n" + table(header, rows)
    )


def _decision(result: dict, cohort: dict) -> str:
    decision = dict(cohort["decision"])
    thresholds = decision.pop("thresholds")
    rows = [
        [result["words"].get(name, "act on everybody"), *(f"{benefit:.3f}" for benefit in benefits)]
        for name, benefits in decision.items()
    ]
    header = ["net benefit at a probability of", *(f"{100 * at:.0f} %" for at in thresholds)]
    words = "P(LVH) of every model is fitted on the other half of the patients, so the curve shows how it ranks.\n\n"
    return "### Decision curve\n\n" + words + table(header, rows)


def _published_contrast(result: dict) -> str:
    """The paper's contrast as a hypothesis."""
    text = "## One model against one per sex\n\n" + PUBLISHED + "\n\n"
    for place, words in PLACES.items():
        rows = []
        for score in SCORES:
            for name in (POOLED, SEX_SPECIFIC):
                c = result[place]["models"][name]["c_statistic"]
                cells = [number(c[group][score]["c"], c[group][score]["interval"], 2) for group in GROUPS]
                rows.append([SCORE_WORDS[score], result["words"][name], *cells])
        text += f"{words}:\n\n" + table(["ranked by", "model", *(f"c {group}" for group in GROUPS)], rows) + "\n"
    return text + contrast_answer(result) + "\n"


def contrast_answer(result: dict) -> str:
    """The plain answer, from the numbers."""
    models, gain = result["internal"]["models"], result["internal"]["contrasts"]["sex-specific over pooled"]
    c = models[POOLED]["c_statistic"]
    within = [c[who]["index"]["c"] for who in ("men", "women")]
    if gain["c"]["both"]["gain"] is None or None in within:
        return "Too few patients with LVH for an answer.\n"
    over = {score: c["pooled"][score]["c"] for score in ("grams", "index")}
    low, high = gain["c"]["both"]["interval"]
    verdict = "a gain" if low > 0 else "a loss" if high < 0 else "no difference that these patients can show"
    return (
        f"*One* model, told the sex, has c {within[0]:.2f} in men and {within[1]:.2f} in women, and "
        f"{over['grams']:.2f} when grams of both sexes are ranked together, {over['index']:.2f} when g/m² are. "
        f"{_gap_words(within, over)} One model per sex against one for both, within the sexes: {verdict} "
        f"(c {_signed(gain['c']['both']['gain'])}, {_signed(low)} to {_signed(high)}).\n"
    )


def _gap_words(within: Sequence[float], over: dict[str, float]) -> str:
    """Whether pooling alone makes the published gap, 0.05 to 0.07."""
    wide = [SCORE_WORDS[score] for score, c in over.items() if min(within) - c >= PUBLISHED_GAP]
    if not wide:
        return "Ranking both sexes together does not make a gap as large as the published one here."
    return (
        f"A gap as large as the published one ({PUBLISHED_GAP:g} or more in both sexes) arises from ranking men and "
        f"women together by {' or '.join(wide)}, with one model that is told the sex."
    )


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _replicates(result: dict) -> str:
    """How often chance and pooling give the published contrast."""
    many = result["replicates"]
    rows = [
        [
            one["words"], number(100 * one["share_p_below_001"], [100 * end for end in one["interval"]], 0),
            f"{100 * one['men']:.0f}", f"{100 * one['women']:.0f}", f"{one['mean_gap']:+.3f}",
        ]
        for one in many["rows"]
    ]  # fmt: skip
    header = ["c-statistic of", "P < 0.01 in both sexes, % of studies", "in men", "in women", "mean difference in c"]
    return (
        f"## The same study {many['n_cohorts']} times\n\nCohorts of {many['n']} patients drawn from one large cohort, "
        f"one training of {many['epochs']} epochs each, paired t-test over the five folds (our choice of test). The "
        "cohorts overlap, so the interval is too narrow. In the first two rows there is one model, told the sex: the "
        "difference is that between ranking within a sex and ranking men and women together.\n\n" + table(header, rows)
    )


def _learning_curve(result: dict) -> str:
    """Error against the number of patients learned from."""
    rows = [
        [str(point["n"]), *(f"{point[model][who]:.2f}" for model in ("network", "ridge") for who in ("men", "women"))]
        for point in result["learning_curve"]
    ]
    header = ["patients", "eLVMass-Net men, g", "women, g", "ridge on measurements men, g", "women, g"]
    return (
        "## Learning curve\n\nMAE of one training on so many patients of the cohort behind the shipped weights, scored "
        "on its last patients.\n\n" + table(header, rows)
    )


def _worlds(result: dict) -> str:
    """Gains where the ECG knows less of mass, and nothing."""
    text = (
        "## Other worlds\n\nPatients whose ECG knows less of mass: `null` (mass does not act on the ECG), `central` "
        "and `sparse` (more that hides it, less that carries it). The internal cohort is the rich world. All share a "
        "seed, so they are no independent samples. Every network is trained once here.\n\n"
    )
    for preset, cohort in result["worlds"].items():
        rows = [
            [
                result["words"][name],
                *(
                    number(one["accuracy"][who]["mae_g"], one["accuracy"][who]["mae_interval_g"], 1)
                    for who in ("men", "women")
                ),
                *(number(one["c_statistic"][who]["index"]["c"], None, 2) for who in ("men", "women")),
            ]
            for name, one in cohort["models"].items()
        ]
        text += f"### `{preset}`: {cohort['n']} patients, {cohort['n_lvh']} with LVH\n\n"
        text += table(["model", "MAE men, g", "MAE women, g", "c men", "c women"], rows) + "\n"
        text += contrasts_markdown(cohort).replace("### Gains, paired", "Gains, paired.") + "\n"
        if preset.endswith(NULL):
            text += null_answer(cohort) + "\n"
    return text


def null_answer(cohort: dict) -> str:
    """Whether the models fall back to body size where the ECG knows nothing, from the numbers."""
    verdicts = []
    for words in OVER_DEMOGRAPHICS:
        one = cohort["contrasts"].get(words)
        if one is None:
            continue
        gain, (low, high) = one["mae_g"]["both"]["gain"], one["mae_g"]["both"]["interval"]
        error = (high - low) / (2.0 * 1.96)
        verdict = "within" if abs(gain) <= 2.0 * error else "**gains more than**" if gain > 0 else "loses more than"
        who = f"eLVMass-Net per sex {words}" if words.startswith("over ") else words
        verdicts.append(f"{who}: {gain:+.2f} g, {verdict} 2 standard errors ({2.0 * error:.2f} g)")
    return (
        "Here mass does not act on the ECG, so no model may gain over body size; one that loses has learned noise. "
        "With this many comparisons one beyond 2 standard errors is no surprise. " + "; ".join(verdicts) + ".\n"
    )


def _errors(result: dict) -> str:
    """Where the error lies."""
    text = (
        "## Error by third\n\nThirds within each sex. Over thirds of the *true* mass every model that is right on "
        "average errs upwards at the light end and downwards at the heavy end.\n\n"
    )
    for place, words in PLACES.items():
        by = result[place]["error_by"]
        rows = []
        for what, thirds in by[SEX_SPECIFIC].items():
            for third, plain in zip(thirds, by[DEMOGRAPHICS][what], strict=True):
                rows.append([
                    what, f"{third['from']:.0f}–{third['to']:.0f}", str(third["n"]), f"{third['mae_g']:.1f}",
                    f"{third['bias_g']:+.1f}", f"{plain['mae_g']:.1f}", f"{plain['bias_g']:+.1f}",
                ])  # fmt: skip
        header = ["", "range", "n", "MAE, g", "bias, g", "MAE of body size alone, g", "its bias, g"]
        text += f"{words}, eLVMass-Net per sex:\n\n" + table(header, rows) + "\n"
    return text


def number(value: float | None, interval: Sequence[float] | None, digits: int) -> str:
    """A figure with its interval in brackets, or a dash."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    return text if interval is None else f"{text} ({interval[0]:.{digits}f} to {interval[1]:.{digits}f})"
