"""A button whose file is made when it is asked for, and is there until it has been fetched."""

import threading
from collections.abc import Callable

import streamlit as st
from streamlit.runtime import get_instance
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx


def download(
    label: str, make: Callable[[], bytes], file_name: str, mime: str, *, key: str, primary: bool = False
) -> None:
    """Offer a file.

    Parameters
    ----------
    make : callable
        Makes the file, outside the run of the page.
    primary : bool
        Stands out.
    """
    st.download_button(
        label,
        data=_held(make, file_name, mime),
        file_name=file_name,
        mime=mime,
        on_click="ignore",
        key=key,
        type="primary" if primary else "secondary",
    )


def _held(make: Callable[[], bytes], file_name: str, mime: str) -> Callable[[], bytes]:
    """The same file, noted as one of this session until its page runs again.

    Streamlit notes it as nobody's. It is deleted when the pages of two other visitors come to rest before the browser
    has asked for it, which with many visitors happens: the browser then meets "not found".
    """
    session = get_script_run_ctx()

    def made() -> bytes:
        content = make()
        if session is not None and get_instance().is_active_session(session.session_id):  # else nobody would drop it
            note = threading.Thread(target=_note, args=(content, file_name, mime))
            add_script_run_ctx(note, session)
            note.start()
            note.join()
        return content

    return made


def _note(content: bytes, file_name: str, mime: str) -> None:
    files = get_instance().media_file_mgr
    files.add(content, mime, f"download {file_name}", file_name, is_for_static_download=True)
