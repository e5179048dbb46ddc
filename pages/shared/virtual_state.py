"""Where the dials of one visitor stand, and where they have been."""

from dataclasses import dataclass, field
from typing import cast

import streamlit as st

from elvmass_core.domain import Sex
from elvmass_core.errors import CohortError
from elvmass_core.figures.live import Answer
from elvmass_core.live import Shown, Swept, show
from elvmass_core.virtual.dial import TYPICAL, Dials
from pages.shared import cache

_KEY = "elvmass_desk"
_KEPT, _LONGEST_TRACE = 32, 60


@dataclass(slots=True, kw_only=True)
class Desk:
    """The virtual patient of one visitor.

    `kept` holds the last patients, so that a dial turned back answers at once; `answers` is the trace, without
    repetitions. `swept` belongs to `swept_from`.
    """

    dials: Dials = TYPICAL[Sex.MALE]
    answers: list[Answer] = field(default_factory=list)
    kept: dict[Dials, Shown] = field(default_factory=dict)
    swept: Swept | None = None
    swept_from: Dials | None = None
    pair_from: Dials | None = None


def desk() -> Desk:
    """State of the present visitor, made on first use."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Desk()
    return cast(Desk, st.session_state[_KEY])


def shown(now: Desk, dials: Dials) -> Shown | None:
    """Simulate and analyse, unless that was just done; None, with the reason on the page, where it cannot be."""
    if dials not in now.kept:
        try:
            found = show(dials, cache.models())
        except CohortError as error:
            st.error(str(error))
            return None
        while len(now.kept) >= _KEPT:
            now.kept.pop(next(iter(now.kept)))
        now.kept[dials] = found
    return now.kept[dials]


def forget_answers() -> None:
    """Other weights answer from now on; the dials stay."""
    now = desk()
    now.kept.clear()
    now.answers.clear()
    now.swept = None


def note(now: Desk, one: Shown) -> None:
    """Add an answer to the trace, unless the ECG was refused or nothing has changed."""
    estimate = one.report.estimate
    if estimate is None:
        return
    answer = Answer(
        truth_g=one.truth_g,
        estimate_g=estimate.lvm_g,
        interval_g=estimate.interval_g,
        body_only_g=estimate.demographics_only_g,
    )
    if not now.answers or now.answers[-1] != answer:
        now.answers.append(answer)
        del now.answers[:-_LONGEST_TRACE]
