"""Whether this page was open before, in a session that the server no longer has.

After a restart, or a long break of the connection, a browser tab comes back to a new session. All it brings along are
the values of the fields it showed, so one hidden field says whether something was open. A reloaded page brings nothing.
"""

import streamlit as st

_KEY, _OPEN = "open_before", "open"
_HIDDEN = f"<style>.st-key-{_KEY} {{ display: none; }}</style>"


def session_was_lost(*, fresh: bool, holds: bool) -> bool:
    """Whether the page showed something that this session has never had; the field stays as it came until then.

    Parameters
    ----------
    fresh : bool
        This session has had nothing open yet.
    holds : bool
        It has something open now, which a later session will want to know.
    """
    st.html(_HIDDEN)
    if not fresh:
        st.session_state[_KEY] = _OPEN if holds else ""
    return bool(st.text_input("Open before", key=_KEY, label_visibility="collapsed") == _OPEN and fresh)
