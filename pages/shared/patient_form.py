"""The four things the models may know about a person, prefilled from the file with the source shown."""

import streamlit as st

from elvmass_core.domain import Patient, Sex
from elvmass_core.errors import PatientError
from elvmass_core.units import cm_from_feet, feet_from_cm, kg_from_pounds, pounds_from_kg
from pages.shared import render
from pages.shared.fields import clearable_number
from pages.shared.state import Visit, visit

_SEX_WORDS = {Sex.FEMALE: "Female", Sex.MALE: "Male", Sex.UNKNOWN: "Unknown"}
_METRIC, _IMPERIAL = "cm, kg", "ft, lb"
_UNITS_KEY = "body_units"
_SIZE_HELP = "May stay empty: then there is no index and no LVH answer, and the interval is one fitted without it."


def patient_form(now: Visit) -> Patient | None:
    """Ask for the patient; None (with a sentence on the page) when a field is impossible."""
    given = given_patient(now)
    with st.container(key="patient_form"):
        sex_column, *columns, unit_column = st.columns([1.5, 1, 1.3, 1, 0.9], vertical_alignment="bottom")
    imperial = unit_column.segmented_control(
        "Units",
        [_METRIC, _IMPERIAL],
        default=_METRIC,
        required=True,
        key=_UNITS_KEY,
        persist_state="session",
        on_change=_keep_body,
        help="Of height and weight. What you typed is converted.",
    )
    sex = sex_column.segmented_control(
        "Sex",
        list(_SEX_WORDS),
        default=given.sex,
        format_func=_SEX_WORDS.__getitem__,
        required=True,
        key=_key("sex"),
        persist_state="session",
        help="Chooses the model. Unknown: both models answer side by side, and LVH is not judged.",
    )
    with columns[0]:
        age = _number("Age, years", given.age_years, "age_years", words="Needed: adults only.")
    body = (now.height_cm, now.weight_kg) if now.body_kept else (given.height_cm, given.weight_kg)
    ask = _ask_imperial if imperial == _IMPERIAL else _ask_metric
    now.height_cm, now.weight_kg = ask(columns[1], columns[2], *body)
    try:
        patient = Patient(sex=sex or Sex.UNKNOWN, age_years=age, height_cm=now.height_cm, weight_kg=now.weight_kg)
    except PatientError as error:
        st.error(render.plain(str(error)))
        return None
    st.caption(render.source_words(now.origin.words, given))
    _ask_conflict(now, given, patient)
    return patient


def given_patient(now: Visit) -> Patient:
    """What the example, the saved analysis or the file says."""
    if now.origin.patient is not None:
        return now.origin.patient
    return Patient() if now.recording is None else now.recording.stated


def _key(name: str) -> str:
    """Key of a field: a new ECG, the file's values taken again and, for the body, other units begin with new fields."""
    now = visit()
    changes = now.form if name in ("sex", "age_years") else now.form + now.unit_changes
    return f"{name}_{now.number}" + (f"_{changes}" if changes else "")


def _number(label: str, value: float | None, name: str, *, step: float = 1.0, words: str = _SIZE_HELP) -> float | None:
    return clearable_number(
        label,
        value,
        step=step,
        format="%.0f" if step >= 1 else "%.1f",
        placeholder="unknown",
        key=_key(name),
        persist_state="session",
        help=words,
    )


def _ask_metric(
    height: object, weight: object, height_cm: float | None, weight_kg: float | None
) -> tuple[float | None, float | None]:
    """Height in cm and weight in kg."""
    with height:  # type: ignore[attr-defined]
        height_cm = _number("Height, cm", height_cm, "height_cm")
    with weight:  # type: ignore[attr-defined]
        weight_kg = _number("Weight, kg", weight_kg, "weight_kg")
    return height_cm, weight_kg


def _ask_imperial(
    height: object, weight: object, height_cm: float | None, weight_kg: float | None
) -> tuple[float | None, float | None]:
    """Height in feet and inches and weight in pounds, returned in cm and kg."""
    feet, inches = feet_from_cm(height_cm)
    with height:  # type: ignore[attr-defined]
        left, right = st.columns(2)
        with left:
            feet = _number("Height, ft", feet, "feet")
        with right:
            inches = _number("in", inches, "inches", step=0.5)
    with weight:  # type: ignore[attr-defined]
        pounds = _number("Weight, lb", pounds_from_kg(weight_kg), "pounds")
    return cm_from_feet(feet, inches), kg_from_pounds(pounds)


def _keep_body() -> None:
    """The other units begin with what was typed, not with what the file says."""
    now = visit()
    now.body_kept, now.unit_changes = True, now.unit_changes + 1


def _use_given() -> None:
    """The file's values again, in new fields."""
    now = visit()
    now.body_kept, now.form = False, now.form + 1


def _keep_form(patient: Patient) -> None:
    visit().conflict_settled = patient


def _ask_conflict(now: Visit, given: Patient, patient: Patient) -> None:
    """Ask which is right when the form contradicts the file, once for each entry."""
    words = render.conflict_words(now.origin.words, given, patient)
    if not words or now.conflict_settled == patient:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(words)
        st.button(f"Use {now.origin.words}", on_click=_use_given, key="use_given")
        st.button("Keep the form", on_click=_keep_form, args=(patient,), key="keep_form")
