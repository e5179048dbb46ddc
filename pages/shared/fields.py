"""Fields that Streamlit does not have in this form."""

from typing import Any

import streamlit as st


def clearable_number(label: str, value: float | None, *, key: str, **options: Any) -> float | None:
    """A number that is prefilled and can still be emptied: one given to Streamlit as its default comes back."""
    if key not in st.session_state:
        st.session_state[key] = value
    number: float | None = st.number_input(label, value=None, key=key, **options)
    return number
