"""A user's own scored table: the tables and figures of the Validation page for patients with a measured mass."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from elvmass_core.errors import TableError
from elvmass_core.study import scored
from elvmass_core.study.scored import Scored
from elvmass_core.study.scored_table import MAX_BYTES, TEMPLATE, ScoredTable, read_scored_table
from pages.shared import study_rows as rows
from pages.shared.frame import text
from pages.shared.study_figures import FIGURES, one_figure

MEASURED = ":blue-badge[● Your patients] Mass as your table states it; nothing was checked against your records."


@st.cache_data(max_entries=1, scope="session", show_spinner="Working out the figures …")
def _judged(content: bytes) -> tuple[ScoredTable, dict[str, Any]]:
    table = read_scored_table(content)
    return table, scored.scored_result(table.scored)


def own_upload() -> bytes | None:
    """The uploader; it stands in its tab also while another is open, so that the table is not lost."""
    st.markdown(text("own_cohort"))
    upload = st.file_uploader(
        "Scored table (CSV or Parquet)",
        type=None,  # judged by content
        max_upload_size=MAX_BYTES // 1_000_000,
        key="scored_table",
        help="One line per patient. Nothing is kept on disk; names and dates are not read.",
    )
    st.download_button(
        "Empty table with these columns (CSV)", TEMPLATE, "scored.csv", "text/csv", on_click="ignore", key="template"
    )
    return None if upload is None else upload.getvalue()


def own_result(content: bytes) -> None:
    """Judge the table, or say in a sentence why not."""
    try:
        table, result = _judged(content)
    except TableError as error:
        st.error(str(error))
        return
    for note in table.notes:
        st.warning(note)
    _tables_and_figures(table.scored, result)


def _tables_and_figures(own: Scored, result: Mapping[str, Any]) -> None:
    limit = own.truth.cutoff
    cutoff = f"{limit.men_g_m2:.0f} g/m² in men, {limit.women_g_m2:.0f} g/m² in women"
    st.markdown(
        f"**{result['n']} patients, {result['n_lvh']} with LVH** by the measured index above {cutoff} "
        f"({limit.name}). {MEASURED}",
        help=limit.source,
    )
    st.table(rows.own_rows(result), hide_index=True, alt="Accuracy in your patients")
    held = rows.coverage_rows(result)
    if held:
        st.table(held, hide_index=True, alt="How often the intervals hold the measured mass")
    with st.expander("What the words mean"):
        st.markdown(text("study_words"))
    kind = st.segmented_control(
        "Figure", list(FIGURES), default=FIGURES[0], required=True, key="own_figure", persist_state="session"
    )
    one_figure(own, kind or FIGURES[0], "measured")
