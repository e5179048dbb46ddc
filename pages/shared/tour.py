"""The guided tour: five steps through the app, each with an ECG that shows one thing."""

from dataclasses import dataclass

import streamlit as st

from pages.shared.examples import examples
from pages.shared.frame import text
from pages.shared.intake import forget, open_example

_KEY, _MOVES = "tour_step", "tour_moves"
ESTIMATE, VIRTUAL = "pages/estimate.py", "pages/virtual_patient.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stop: its text is ``text/tour_<name>.md``; with an `example` on the Estimate page."""

    name: str
    title: str
    example: str = ""

    @property
    def page(self) -> str:
        """Script of the page on which it happens."""
        return ESTIMATE if self.example else VIRTUAL


STEPS = (
    Step(name="normal", title="What the page says", example="man_normal"),
    Step(name="lvh", title="What the ECG adds", example="woman_concentric_lvh"),
    Step(name="doubt", title="Where the ECG says little", example="woman_lvh_no_strain"),
    Step(name="refusal", title="When there is no number", example="man_arms_exchanged"),
    Step(name="turn", title="Turn the heart yourself"),
)


def tour_start() -> None:
    """The button that begins the tour."""
    st.button("Take the guided tour: five steps, five minutes", on_click=_go, args=(0,), key="tour_start", icon="🧭")


def tour_box(page: str) -> None:
    """Where the tour stands, and the way on; nothing when it does not run.

    `page` is the script that draws it: a step of the other page leads there.
    """
    number = st.session_state.get(_KEY)
    if number is None:
        return
    step = STEPS[number]
    if st.session_state.pop(_MOVES, False) and step.page != page:
        st.switch_page(step.page)
    with st.container(border=True, key="tour_box"):
        st.markdown(f"**Tour, step {number + 1} of {len(STEPS)}: {step.title}**")
        st.markdown(text(f"tour_{step.name}"))
        with st.container(horizontal=True):
            if number:
                st.button("Back", on_click=_go, args=(number - 1,), key="tour_back")
            if number + 1 < len(STEPS):
                st.button("Next", on_click=_go, args=(number + 1,), key="tour_next", type="primary")
            st.button("End the tour", on_click=_end, key="tour_end")


def _go(number: int) -> None:
    """Go to a step and open its example; the page is turned when it is drawn."""
    st.session_state[_KEY], st.session_state[_MOVES] = number, True
    example = examples().get(STEPS[number].example)
    if example is not None:
        open_example(example)


def _end() -> None:
    """End the tour with nothing open."""
    st.session_state[_KEY] = None
    forget()
