"""The four things the models may know about a person, prefilled from the file with the source shown."""

import streamlit as st

from elvmass_core.domain import Patient, Sex
from elvmass_core.errors import PatientError
from pages.shared import render
from pages.shared.state import Visit

_SEX_WORDS = {Sex.FEMALE: "Female", Sex.MALE: "Male", Sex.UNKNOWN: "Unknown"}
_NUMBERS = {"age_years": "Age, years", "height_cm": "Height, cm", "weight_kg": "Weight, kg"}
_SIZE_HELP = "May stay empty: then there is no index and no LVH answer, and the interval is one fitted without it."
_HELP = {
    "age_years": "Needed: adults only.",
    "height_cm": _SIZE_HELP,
    "weight_kg": _SIZE_HELP,
}


def patient_form(now: Visit) -> Patient | None:
    """Ask for the patient; None (with a sentence on the page) when a field is impossible."""
    given = _given(now)
    columns = st.columns([1.6, 1, 1, 1], vertical_alignment="bottom")
    sex = columns[0].segmented_control(
        "Sex",
        list(_SEX_WORDS),
        default=given.sex,
        format_func=_SEX_WORDS.__getitem__,
        required=True,
        key=f"sex_{now.number}",
        persist_state="session",
        help="Chooses the model. Unknown: both models answer side by side, and LVH is not judged.",
    )
    values: dict[str, float | None] = {}
    for column, (name, label) in zip(columns[1:], _NUMBERS.items(), strict=True):
        values[name] = column.number_input(
            label,
            value=getattr(given, name),
            step=1.0,
            format="%.0f",
            placeholder="unknown",
            key=f"{name}_{now.number}",
            persist_state="session",
            help=_HELP[name],
        )
    try:
        patient = Patient(sex=sex or Sex.UNKNOWN, **values)
    except PatientError as error:
        st.error(render.plain(str(error)))
        return None
    st.caption(render.source_words(now.origin.words, given, patient))
    return patient


def _given(now: Visit) -> Patient:
    """What the example or the file says."""
    if now.origin.patient is not None:
        return now.origin.patient
    return Patient() if now.recording is None else now.recording.stated
