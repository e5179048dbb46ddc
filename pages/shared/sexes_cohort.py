"""One compared cohort, or several worlds beside each other, on the Men and women page."""

import html
from collections.abc import Mapping

import plotly.graph_objects as go
import streamlit as st

from elvmass_core.figures import Theme
from elvmass_core.figures import sexes as draw
from elvmass_core.sexes.files import MAPS, RESULT, Stored, run_shares, to_bytes
from elvmass_core.sexes.maps import LEAD_GROUPS
from elvmass_core.sexes.report import NO_FINDING, QUANTITY_WORDS, answer, methods_paragraph, worlds_answer
from elvmass_core.sexes.statistics import half_width_in_sd
from elvmass_core.units import LEAD_INDEX
from pages.shared import render
from pages.shared.download import download
from pages.shared.frame import text, theme
from pages.shared.sexes_rows import (
    COLUMN_WORDS,
    PROBABILITIES,
    balance_rows,
    effect_rows,
    null_rows,
    null_words,
    passing_words,
    standing,
    summary_rows,
)

QUICK = "Quick run on tiny cohorts: the figures say nothing; only the path is checked."
_COLUMNS = {
    name: st.column_config.NumberColumn(name, format="%.3f" if name in PROBABILITIES else "%.2f", help=words)
    for name, words in COLUMN_WORDS.items()
}
_ECGS = ("ECGs of men", "ECGs of women")


def worlds_view(stored: Stored) -> None:
    """The positive control at a glance, then one world in detail."""
    document = stored.document
    st.info(f"**{NO_FINDING}**")
    if document.get("quick"):
        st.error(f"**{QUICK}**")
    worlds = document["worlds"]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("##### Is the planted difference found?", help=text("sexes_words"))
        figure = draw.worlds_overview(worlds, theme=theme())
        render.chart(figure, key="sexes_worlds", alt="Difference of the ST–T share in every simulated world.")
        shares = {name: run_shares(stored.maps[name]) for name in worlds}
        figure = draw.worlds_shares(shares, theme=theme())
        render.chart(figure, key="sexes_shares", alt="ST–T share in men's runs and in women's, in every world.")
    with right:
        st.markdown("##### Answer")
        st.markdown(worlds_answer(worlds).replace("; ", "\n\n"))
    if "null" in document:
        _null(document["null"])
    world = st.segmented_control(
        "World", list(worlds), default=next(iter(worlds)), required=True, key="sexes_world", persist_state="session"
    )
    cohort_view(stored, world or next(iter(worlds)), key="worlds")


def _null(null: Mapping) -> None:
    with st.expander("Where there is nothing to find: two halves of the men"):
        st.markdown(null_words(null))
        st.table(null_rows(null), hide_index=True, alt="Repeats in which something was found")
        st.markdown(text("sexes_null"))


def cohort_view(stored: Stored, world: str, *, key: str) -> None:
    """One comparison: answer, effects, mean maps, matching, methods, downloads."""
    result = stored.document["worlds"][world]
    st.markdown(render.plain(str(result.get("description", ""))))
    st.markdown(f"**{render.plain(answer(result))}**")
    st.table(summary_rows(result), hide_index=True, alt="ST–T and QRS summed over the leads")
    quantity = _effects(result, key)
    _mean_maps(stored, world, key)
    pairs, methods = st.columns(2, gap="medium")
    with pairs:
        st.markdown(f"##### {result['pairs']} matched pairs")
        st.table(balance_rows(result), hide_index=True, alt="What the pairs were matched on")
        st.caption(text("sexes_matching"))
    with methods:
        st.markdown("##### Methods, for a paper")
        st.markdown(render.plain(methods_paragraph(result)))
    _downloads(stored, world, quantity, key)


def _effects(result: Mapping, key: str) -> str:
    """The map of effects in the chosen quantity, and its table; returns the quantity."""
    names = [result["primary"], *(name for name in QUANTITY_WORDS if name != result["primary"])]
    quantity = st.selectbox("Quantity", names, format_func=QUANTITY_WORDS.__getitem__, key=f"{key}_quantity")
    effect, unit = result["quantities"][quantity]["model"], result["quantities"][quantity]["unit"]
    st.markdown(passing_words(effect["q"], effect["p_max_t"], len(result["cells"])), help=text("sexes_words"))
    marks = standing(effect["q"], effect["p_max_t"])
    figure = draw.effect_map(effect["difference"], marks, result["cells"], unit=unit, theme=theme())
    render.chart(figure, key=f"{key}_effects", alt=f"Model effect by lead group and segment, {unit}.")
    st.caption(draw.EFFECT_LEGEND)
    with st.expander("Every lead group × segment: model, ECG, and both together"):
        st.dataframe(effect_rows(result, quantity), hide_index=True, key=f"{key}_table", column_config=_COLUMNS)
        st.caption(text("sexes_effects"))
    return str(quantity)


def _mean_maps(stored: Stored, world: str, key: str) -> None:
    st.markdown("##### Mean maps")
    whose = st.segmented_control("Shown on", _ECGS, default=_ECGS[0], required=True, key=f"{key}_ecgs")
    figure = _mean_maps_figure(stored, world, _ECGS.index(whose or _ECGS[0]), theme())
    render.chart(figure, key=f"{key}_maps", alt="Absolute grams per 10 ms against time, men's and women's runs.")
    st.caption(text("sexes_maps"))


def _mean_maps_figure(stored: Stored, world: str, ecgs: int, ground: Theme) -> go.Figure:
    maps = stored.maps[world]
    groups = {name: [LEAD_INDEX[lead] for lead in leads] for name, leads in LEAD_GROUPS.items()}
    return draw.mean_maps(
        groups,
        maps["absolute_maps_g"][:, ecgs],
        maps["absolute_maps_sd_g"][:, ecgs],
        maps["mean_beats_mv"][ecgs],
        half_width_in_sd(int(stored.document["worlds"][world]["runs"])),
        theme=ground,
    )


def _downloads(stored: Stored, world: str, quantity: str, key: str) -> None:
    result = stored.document["worlds"][world]
    with st.container(horizontal=True):
        for label, name, mime, data in (
            ("Result (JSON)", RESULT, "application/json", lambda: to_bytes(stored, world)[0]),
            ("Mean maps (NPZ)", MAPS, "application/octet-stream", lambda: to_bytes(stored, world)[1]),
            ("Figures (HTML)", "sexes.html", "text/html", lambda: _html(stored, world, quantity).encode()),
            ("Methods (text)", "methods.txt", "text/plain", lambda: methods_paragraph(result).encode()),
        ):
            download(label, data, name, mime, key=f"{key}_{name}")


def _html(stored: Stored, world: str, quantity: str) -> str:
    """The figures of a world on a light page that needs nothing from elsewhere."""
    result = stored.document["worlds"][world]
    effect, unit = result["quantities"][quantity]["model"], result["quantities"][quantity]["unit"]
    marks = standing(effect["q"], effect["p_max_t"])
    figures = [
        draw.effect_map(effect["difference"], marks, result["cells"], unit=unit),
        *(_mean_maps_figure(stored, world, ecgs, "light") for ecgs in range(len(_ECGS))),
    ]
    parts = [figure.to_html(full_html=False, include_plotlyjs=k == 0) for k, figure in enumerate(figures)]
    sentences = (NO_FINDING, answer(result), methods_paragraph(result))
    words = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)
    head = f"<!doctype html><meta charset='utf-8'><title>Men and women</title><h1>{html.escape(world)}</h1>"
    return head + words + "".join(parts)
