"""The averaged beat as two charts, limb and precordial leads."""

from collections.abc import Sequence

import streamlit as st

from elvmass_core.domain import Attribution, Beat, FloatArray
from elvmass_core.figures import BEAT_LEGEND, averaged_beat
from elvmass_core.units import LIMB_LEADS, PRECORDIAL_LEADS
from pages.shared import render
from pages.shared.frame import theme


def beat_charts(
    beat: Beat,
    attribution: Attribution | None,
    *,
    key: str,
    show_beats: bool,
    height: int,
    device_mv: FloatArray | None = None,
    scaled_to: Sequence[Beat] = (),
) -> None:
    """Limb and precordial leads beside each other, or below each other on a phone; `scaled_to` share one scale."""
    words = "coloured by grams per 10 ms" if attribution is not None else "without saliency"
    groups = {"limb": LIMB_LEADS, "precordial": PRECORDIAL_LEADS}
    with st.container(key=f"{key}_charts", gap="xsmall"):
        for column, (group, leads) in zip(st.columns(2, gap="xsmall"), groups.items(), strict=True):
            figure = averaged_beat(
                beat,
                attribution,
                leads=leads,
                show_beats=show_beats,
                device_mv=device_mv,
                scaled_to=scaled_to,
                height=height,
                theme=theme(),
            )
            with column:
                alt = f"Averaged beat of the {group} leads in mV against ms, {words}."
                render.chart(figure, key=f"{key}_{group}", alt=alt)
        st.caption(BEAT_LEGEND)
