"""Figures of one model against the known mass, drawn the same for the study and for a user's own cohort."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from elvmass_core.figures import PLOT_CONFIG
from elvmass_core.figures import study as draw
from elvmass_core.study import scored
from elvmass_core.study.scored import Scored
from pages.shared import study_rows as rows
from pages.shared.frame import theme

FIGURES = ("Estimated against known", "Bland–Altman", "ROC", "Calibration")
_FOLD_WORDS = (
    "In the internal cohort the curve takes the five folds together, so its c may differ a little from that of the "
    "tables, which counts pairs of patients of one fold."
)


def one_figure(one: Scored, kind: str, known: str, criteria: Mapping[str, Any] | None = None) -> None:
    """One of the figures of a model against the known mass; `known` is "true" or "measured"."""
    if kind == "ROC":
        _roc(one, known, criteria or {})
    elif kind == "Calibration":
        curves = {who: scored.calibration(one, who) for who in one.sexes}
        figure = draw.calibration_curves(
            {who: (c.estimate_g, c.known_g, c.half_g) for who, c in curves.items()}, known=known, theme=theme()
        )
        words = "On the dashed line the estimates are right on average. Bars: 95 % interval of the mean."
        beside(figure, key=f"calibration_{known}", alt="Calibration in g, by sex.", words=words)
    else:
        for who, column in zip(one.sexes, st.columns(len(one.sexes)), strict=True):
            with column:
                figure = _scatter(one, who, known) if kind == FIGURES[0] else _bland_altman(one, who)
                chart(figure, key=f"{kind}_{who}_{known}", alt=f"{kind} LV mass in g, {who}.")


def _scatter(one: Scored, who: str, known: str) -> go.Figure:
    mass, estimate = one.masses_g(who)
    return draw.scatter_masses(mass, estimate, who=who, known=known, theme=theme())


def _bland_altman(one: Scored, who: str) -> go.Figure:
    found = scored.agreement(one, who)
    return draw.bland_altman(found.mean_g, found.difference_g, found.bias_g, found.limits_g, who=who, theme=theme())


def _roc(one: Scored, known: str, criteria: Mapping[str, Any]) -> None:
    curves = {who: curve for who in one.sexes if (curve := scored.roc(one, who)) is not None}
    if not curves:
        st.markdown("No ROC curve: there are no patients with, or none without, LVH.")
        return
    points = {who: scored.points_of(criteria, who) for who in curves} if criteria else None
    drawn = {f"{who}, c {curve.c:.2f}": (curve.false_positive, curve.sensitivity) for who, curve in curves.items()}
    figure = draw.roc_curves(drawn, points=points, theme=theme())
    words = "The score is the estimated index (g/m²) within each sex. " + ("" if known == "measured" else _FOLD_WORDS)
    side = beside(figure, key=f"roc_{known}", alt="ROC for LVH, by sex.", words=words)
    if points is not None:
        side.markdown("Classical criteria (open marks): found of those with LVH / flagged without it, %")
        side.table(rows.criteria_rows(points), hide_index=True, alt="Classical criteria for LVH, by sex")


def beside(figure: go.Figure, *, key: str, alt: str, words: str) -> DeltaGenerator:
    """A figure that is best nearly square, with words at its side, or below it on a phone; returns that side."""
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="center")
    with left:
        chart(figure, key=key, alt=alt)
    right.markdown(words)
    return right


def chart(figure: go.Figure, *, key: str, alt: str) -> None:
    """One figure, with words for those who cannot see it."""
    st.plotly_chart(figure, theme=None, config=PLOT_CONFIG | {"displayModeBar": False}, key=key, alt=alt)
