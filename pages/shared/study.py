"""The parts of the Validation page: the study in tabs, and the same tables and figures for a user's own cohort."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from elvmass_core.errors import TableError
from elvmass_core.figures import study as draw
from elvmass_core.study import published
from elvmass_core.study.names import DEMOGRAPHICS, PLACES, SEX_SPECIFIC
from elvmass_core.study.published import Published
from elvmass_core.study.scored import SEXES
from pages.shared import study_rows as rows
from pages.shared.frame import text, theme
from pages.shared.own_cohort import own_result, own_upload
from pages.shared.study_figures import FIGURES, beside, chart, one_figure

SIMULATED = ":orange-badge[▲ Simulated patients] Not validated in humans."
_TABS = ("Published and reproduced", "Every model", "One model in detail", "Where it errs", "Your own cohort")
_DECISION = "Decision curve"
_WORLDS = {
    "null": "mass does not act on the ECG at all: nothing may be gained here",
    "central": "more hides the mass, less carries it",
    "sparse": "most hides the mass, little carries it",
}


@st.cache_resource(max_entries=2, show_spinner="Reading the study …")
def _read(folder: Path) -> Published:
    return published.read_published(folder)


def study_or_sentence() -> Published | None:
    """The study, the same for all visitors; None, and a sentence on the page, when it cannot be read."""
    try:
        study = _read(published.FOLDER)
    except TableError as error:
        st.info(str(error))
        return None
    if study.quick:
        st.error("**Quick run: tiny cohorts and one epoch. The figures say nothing; only the path is checked.**")
    return study


@st.fragment
def tabs(study: Published | None) -> None:
    """One tab for each question; only the open one is computed."""
    names = _TABS if study is not None else _TABS[-1:]
    *parts, own = st.tabs(list(names), on_change="rerun", key="validation_tabs")
    for draw_tab, tab in zip((_contrast_tab, _models_tab, _detail_tab, _errors_tab), parts, strict=False):
        if tab.open and study is not None:
            with tab:
                draw_tab(study)
    with own:
        content = own_upload()
        if own.open and content is not None:
            own_result(content)


# --- Published and reproduced -----------------------------------------------------------------------------------------


def _contrast_tab(study: Published) -> None:
    paper, ours = st.columns([2, 3], gap="medium")
    with paper.container(border=True):
        st.markdown("##### Published: other patients, measured mass, not comparable")
        st.table(rows.paper_rows(), hide_index=True, alt="Published figures")
        st.caption(
            f"{published.PAPER_SOURCE}: 1459 patients, mass by coronary CT; ± as published. P < 0.01 for the c of "
            "each sex's model against that of the one model. Figures of its outside hospital (n = 2579) could not be "
            "read. ELVMass is neither by these authors nor endorsed by them."
        )
    with ours:
        st.markdown(
            "##### Reproduced: one model for both sexes, and one per sex",
            help="c for LVH: of two patients, one with and one without LVH, how often the one with LVH gets the higher "
            "score. The score can be grams, the index, or the index ÷ the cut-off of the patient's own sex: across "
            "sexes, grams and g/m² are lowered by the difference between the sexes alone.",
        )
        answer = st.empty()
        place = _place("contrast")
        _cohort_words(study, place)
        st.table(rows.contrast_rows(study, place), hide_index=True, alt="c-statistics of one model and one per sex")
    answer.markdown(f"{study.answer()} {SIMULATED}")


# --- Every model ------------------------------------------------------------------------------------------------------


def _models_tab(study: Published) -> None:
    place = _place("models")
    cohort = study.cohort(place)
    _cohort_words(study, place)
    ahead = ". ".join(published.ahead_words(study, place, who) for who in SEXES)
    st.markdown(f"**Smaller mean error than eLVMass-Net, one per sex** – {ahead}.")
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("##### Error", help="Mean absolute error in g with its 95 % interval; smaller is better.")
        chart(_error_dots(study, cohort), key="mae_dots", alt="Mean absolute error of every model, in g, by sex.")
    with right:
        st.markdown("##### Ranking of LVH", help="c-statistic of the index within each sex; 0.5 is a coin, 1 perfect.")
        chart(_c_dots(study, cohort), key="c_dots", alt="c-statistic for LVH of every model, by sex.")
    with st.expander("What the words mean"):
        st.markdown(text("study_words"))
    for who in SEXES:
        _cohort_words(study, place, who)
        st.table(rows.model_rows(study, cohort, who), hide_index=True, alt=f"Every model, {who}")
    _contrasts(cohort)


def _error_dots(study: Published, cohort: Mapping[str, Any]) -> go.Figure:
    found = {
        who: [_dot(one["accuracy"][who]["mae_g"], one["accuracy"][who]["mae_interval_g"]) for one in _each(cohort)]
        for who in SEXES
    }
    return draw.dots(
        found, _names(study, cohort), axis="mean absolute error, g", digits=1, bold=_bold(cohort), theme=theme()
    )


def _c_dots(study: Published, cohort: Mapping[str, Any]) -> go.Figure:
    found = {
        who: [_dot(c["c"], c["interval"]) for c in (one["c_statistic"][who]["index"] for one in _each(cohort))]
        for who in SEXES
    }
    axis = "c-statistic for LVH (index within the sex), no unit"
    return draw.dots(found, _names(study, cohort), axis=axis, digits=2, bold=_bold(cohort), at=0.5, theme=theme())


def _dot(value: float | None, interval: list[float] | None) -> draw.Dot:
    return draw.Dot(value=value, interval=None if interval is None else (interval[0], interval[1]))


def _each(cohort: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(cohort["models"].values())


def _names(study: Published, cohort: Mapping[str, Any]) -> list[str]:
    return [study.words(name) for name in cohort["models"]]


def _bold(cohort: Mapping[str, Any]) -> list[int]:
    return [row for row, name in enumerate(cohort["models"]) if name in rows.STRESSED]


def _contrasts(cohort: Mapping[str, Any]) -> None:
    st.markdown(
        "##### What eLVMass-Net gains, patient by patient",
        help="The same patients through both models; a gain is a fall in error or a rise of c, with its 95 % interval. "
        "One model per sex unless the line says pooled. A loss is said as plainly.",
    )
    for name, one in cohort["contrasts"].items():
        st.markdown(f"- **{name}** – {published.gain_words(one)}")
    st.markdown(SIMULATED)


# --- One model in detail ----------------------------------------------------------------------------------------------


def _detail_tab(study: Published) -> None:
    kind = st.segmented_control(
        "Figure",
        [*FIGURES, _DECISION],
        default=FIGURES[0],
        required=True,
        key="detail_figure",
        persist_state="session",
    )
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        place = _place("detail")
        model = None if kind == _DECISION else _model(study)
    _cohort_words(study, place)
    if model is None:
        _decision(study, place)
    else:
        one_figure(study.scored(place, model), kind or FIGURES[0], "true", study.cohort(place).get("criteria"))


def _model(study: Published) -> str:
    return st.selectbox(
        "Model", study.models, index=study.models.index(SEX_SPECIFIC), format_func=study.words, key="detail_model",
        width=420, persist_state="session",
    )  # fmt: skip


def _decision(study: Published, place: str) -> None:
    decision = dict(study.cohort(place)["decision"])
    thresholds = decision.pop("thresholds")
    curves = {
        study.words(name) if name != "everybody" else "act on everybody": values for name, values in decision.items()
    }
    figure = draw.decision_curves(thresholds, curves, theme=theme())
    beside(
        figure,
        key="decision",
        alt="Decision curves of four models.",
        words="True positives per 100 patients, less the false positives weighted by how much they matter at that "
        "threshold; the zero line is acting on nobody. Prevalence of LVH as in this cohort.",
    )


# --- Where it errs ----------------------------------------------------------------------------------------------------


def _errors_tab(study: Published) -> None:
    place = _place("errors")
    _cohort_words(study, place)
    st.markdown(
        "##### Error by thirds of the patients", help="eLVMass-Net, one per sex, beside age, height and weight."
    )
    by = study.cohort(place)["error_by"]
    columns = st.columns(2, gap="medium")
    for number, what in enumerate(by[SEX_SPECIFIC]):
        with columns[number % 2]:
            st.markdown(f"By {what}")
            found = rows.thirds_rows(by[SEX_SPECIFIC][what], by[DEMOGRAPHICS][what])
            st.table(found, hide_index=True, alt=f"Error by thirds of {what}")
    _worlds(study)
    _optional(study)


def _worlds(study: Published) -> None:
    st.markdown(
        "##### Other simulated worlds",
        help="How much of LV mass shows in the ECG was assumed. In the internal cohort it shows most; these cohorts "
        "show how little is left when it shows less.",
    )
    st.markdown(SIMULATED)
    for preset, cohort in study.facts.get("worlds", {}).items():
        name = preset.partition("@")[2] or preset
        heading = f"{name}: {_WORLDS.get(name, preset)} ({cohort['n']} simulated patients, {cohort['n_lvh']} with LVH)"
        with st.expander(heading):
            st.table(rows.world_rows(study, cohort), hide_index=True, alt=f"Every model in the world {name}")
            _contrasts(cohort)


OVERLAP = "Drawn from one large cohort and overlapping, so the intervals are too narrow."
REAL = (
    "Nobody measured the LV mass of these hearts. LUDB's LVH is a reading of the same ECG, so voltage criteria agree "
    "with it by their nature."
)


def _optional(study: Published) -> None:
    """What a study may hold besides: drawn when it is there."""
    facts = study.facts
    if facts.get("learning_curve"):
        _learning_curve(facts["learning_curve"])
    if facts.get("replicates"):
        many = facts["replicates"]
        words = f"The published finding in {many['n_cohorts']} other cohorts of {many['n']} simulated patients"
        _section(words, rows.replicate_rows(many), f"{OVERLAP} {SIMULATED}")
    if facts.get("real"):
        _section("Real recordings", rows.real_rows(facts["real"]), REAL)
    if facts.get("shipped"):
        words = "The weights of this app, on patients they have not seen"
        _section(words, rows.shipped_rows(facts["shipped"]), SIMULATED)


def _section(heading: str, found: list[rows.Row], caution: str) -> None:
    st.markdown(f"##### {heading}")
    st.markdown(caution)
    st.table(found, hide_index=True, alt=heading)


def _learning_curve(steps: list[Mapping[str, Any]]) -> None:
    st.markdown("##### Learning curve", help="Would more patients help? Error by the number of training patients.")
    st.markdown(SIMULATED)
    names = {"network": "eLVMass-Net, one per sex", "ridge": "ridge on measurements"}
    for who, column in zip(SEXES, st.columns(2), strict=True):
        curves = {words: draw.pairs([(step["n"], step[name][who]) for step in steps]) for name, words in names.items()}
        figure = draw.lines(
            curves, x="training patients", y=f"mean absolute error, {who}, g", digits=1, log_x=True, theme=theme()
        )
        with column:
            chart(figure, key=f"learning_{who}", alt=f"Error in g by number of training patients, {who}.")


# --- Common -----------------------------------------------------------------------------------------------------------


def _place(key: str) -> str:
    """Which of the two cohorts."""
    chosen = st.segmented_control(
        "Cohort",
        list(PLACES),
        default="internal",
        required=True,
        format_func=PLACES.__getitem__,
        key=f"{key}_place",
        persist_state="session",
        help="Internal: each patient is estimated by a model that did not see him or her. Shifted: other simulated "
        "patients of another population.",
    )
    return chosen or "internal"


def _cohort_words(study: Published, place: str, who: str = "") -> None:
    """Whose numbers follow: of both sexes, or of one."""
    cohort = study.cohort(place)
    of = cohort["models"][SEX_SPECIFIC]["accuracy"][who] if who else cohort
    whom = f"**{of['n']} simulated {who}**" if who else f"{of['n']} simulated patients"
    st.markdown(f"{PLACES[place]}: {whom}, {of['n_lvh']} with LVH. {SIMULATED}")
