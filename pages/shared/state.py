"""What one visitor has open: a single typed object in the session, never shared, never on disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import streamlit as st

from elvmass_core.domain import Fiducials, Patient, Recording, Report
from elvmass_core.errors import RateNeededError, UnitNeededError

if TYPE_CHECKING:  # it loads the networks, for which a page without an ECG need not wait
    from elvmass_core.sexes.one_ecg import OneEcg

_KEY = "elvmass_visit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the ECG on the page comes from, and what is known about it beforehand."""

    words: str = "the file"
    title: str = ""
    what_to_see: str = ""
    patient: Patient | None = None
    truth_g: float | None = None


@dataclass(slots=True, kw_only=True)
class Visit:
    """The open ECG of one visitor, or the question or error that stands in its place.

    `weights` names the set of weights that answers; empty: the shipped ones.

    `fiducials` are the borders of the averaged beat set by hand, None: those found. `number` counts the ECGs of this
    visit and is part of every widget key, so that no field keeps a former patient's value; `form` counts how often the
    fields were filled anew, `unit_changes` how often those of the body changed units. Height and weight are those of
    the form, and stand in for the file's where `body_kept`; `conflict_settled` is the entry that the user kept against
    the file. `second` is another ECG of the same patient, to compare, `second_fiducials` its borders where they were
    saved. `tried` and `second_tried` are the uploads that could not be read; `second_changes` counts the uploaders of
    the second ECG.
    """

    number: int = 0
    weights: str = ""
    origin: Origin = Origin()
    pending: Mapping[str, bytes] | None = None
    unit: str | None = None
    fs_hz: float | None = None
    question: UnitNeededError | RateNeededError | None = None
    error: str = ""
    recording: Recording | None = None
    form: int = 0
    unit_changes: int = 0
    height_cm: float | None = None
    weight_kg: float | None = None
    body_kept: bool = False
    conflict_settled: Patient | None = None
    fiducials: Fiducials | None = None
    border_changes: int = 0
    second: Recording | None = None
    second_error: str = ""
    second_changes: int = 0
    tried: frozenset[str] = frozenset()
    second_tried: frozenset[str] = frozenset()
    second_fiducials: Fiducials | None = None
    reports: dict[tuple[Recording, Patient, Fiducials | None, bool], Report] = field(default_factory=dict)
    comparisons: dict[tuple[Patient, Fiducials | None], "OneEcg"] = field(default_factory=dict)


def visit() -> Visit:
    """State of the present visitor, made on first use."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Visit()
    return cast(Visit, st.session_state[_KEY])


def renew(origin: Origin | None = None, pending: Mapping[str, bytes] | None = None) -> Visit:
    """Drop everything about the former ECG and begin the next one."""
    st.session_state[_KEY] = Visit(
        number=visit().number + 1, weights=visit().weights, origin=origin or Origin(), pending=pending
    )
    return visit()
