"""How an ECG gets onto the page: upload or example, the question of unit or rate, and forgetting it again."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from elvmass_core.domain import Recording
from elvmass_core.errors import RateNeededError, RecordingError, UnitNeededError
from elvmass_core.io.limits import WORKING_FORMATS
from elvmass_core.io.sandbox import open_safely
from pages.shared import render
from pages.shared.examples import Example, examples
from pages.shared.frame import text
from pages.shared.session_loss import session_was_lost
from pages.shared.state import Origin, Visit, renew, visit

UPLOADER_KEY = "ecg_files"
_EMPTIED_KEY = f"{UPLOADER_KEY}_emptied"
_EXAMPLE_KEY = "ecg_example"
_RATE_KEY = "ecg_rate_hz"


def uploader_key() -> str:
    """Key of the uploader; a new one once its files are read or forgotten, because a browser keeps those of the old."""
    emptied = st.session_state.get(_EMPTIED_KEY, 0)
    return f"{UPLOADER_KEY}_{emptied}" if emptied else UPLOADER_KEY


def _empty_uploader() -> None:
    """Let the next upload begin without the files of this one."""
    st.session_state[_EMPTIED_KEY] = st.session_state.get(_EMPTIED_KEY, 0) + 1


def to_try(uploads: Sequence[UploadedFile], tried: Collection[str]) -> Iterator[dict[str, bytes]]:
    """All files of an uploader (a header may come before its data), then only those that no attempt has failed with."""
    yield _contents(uploads)
    new = [upload for upload in uploads if upload.file_id not in tried]
    if 0 < len(new) < len(uploads):
        yield _contents(new)


def _contents(uploads: Sequence[UploadedFile]) -> dict[str, bytes]:
    return {upload.name: upload.getvalue() for upload in uploads}


def intake() -> None:
    """Uploader and examples, folded away while an ECG is open."""
    now = visit()
    if session_was_lost(fresh=now.number == 0, holds=_holds_something(now)):
        _begin_clean()
    with st.expander(render.recording_words(now), expanded=now.recording is None and now.question is None):
        upload, example = st.columns([3, 2])
        upload.file_uploader(
            "Upload one 12-lead ECG",
            type=None,  # judged by content: a DICOM file often has no suffix
            accept_multiple_files=True,
            key=uploader_key(),
            on_change=_take_upload,
            help=f"{WORKING_FORMATS}; or a saved analysis (JSON). A WFDB header goes together with its data file, or "
            "both as a zip. At most 10 MB. Nothing is kept on disk.",
        )
        choices = examples()
        example.selectbox(
            "Or open an example",
            options=list(choices),
            index=None,
            format_func=lambda name: choices[name].origin.title,
            key=_EXAMPLE_KEY,
            on_change=_take_example,
            placeholder="Choose an example",
        )
        if now.recording is not None or now.question is not None:
            example.button("Forget this ECG", on_click=forget, key="forget", help="Drops the ECG from this session.")
    if now.origin.what_to_see:
        st.info(f"**{render.plain(now.origin.title)}** — {render.plain(now.origin.what_to_see)}")


def _holds_something(now: Visit) -> bool:
    return now.recording is not None or now.question is not None or bool(now.error)


def _begin_clean() -> None:
    """Say that the ECG is gone, and let neither the example nor the files of the lost session stand in the fields."""
    st.info(text("session_lost"))
    st.session_state[_EXAMPLE_KEY] = None
    st.session_state.setdefault(_EMPTIED_KEY, time.time_ns())  # a number that the lost session cannot have used


def question_or_error() -> None:
    """What stands in the way of reading: one sentence, or a question with both answers shown."""
    now = visit()
    if now.error:
        st.error(render.plain(now.error))
    if isinstance(now.question, UnitNeededError):
        _ask_unit(now.question)
    elif isinstance(now.question, RateNeededError):
        _ask_rate(now.question)


def forget() -> None:
    """Drop the ECG, its reports and the uploaded files from this session."""
    _empty_uploader()
    st.session_state[_EXAMPLE_KEY] = None
    renew()


def open_recording(origin: Origin, recording: Recording) -> None:
    """Open an ECG that was made on another page, in place of whatever is open."""
    forget()
    renew(origin).recording = recording


def open_files_of(origin: Origin, files: Mapping[str, bytes]) -> None:
    """Open the files of one recording from another page, in place of whatever is open."""
    forget()
    _open(origin, files)


def open_example(example: Example) -> None:
    """Open one of the examples in place of what is open."""
    st.session_state[_EXAMPLE_KEY] = example.id
    _open(example.origin, example.files())


def _take_upload() -> None:
    uploads = st.session_state.get(uploader_key()) or []
    if not uploads:
        renew()
        return
    st.session_state[_EXAMPLE_KEY] = None
    tried = visit().tried
    for files in to_try(uploads, tried):
        _open(Origin(), files)
        if not visit().error:
            return
    visit().tried = frozenset(upload.file_id for upload in uploads)


def _take_example() -> None:
    chosen = examples().get(st.session_state.get(_EXAMPLE_KEY) or "")
    if chosen is not None:
        _open(chosen.origin, chosen.files())


def _open(origin: Origin, files: Mapping[str, bytes]) -> None:
    _read(renew(origin, files))
    if not visit().error:
        _empty_uploader()


def _answer_unit(unit: str) -> None:
    now = visit()
    now.unit = unit
    _read(now)


def _answer_rate() -> None:
    now = visit()
    now.fs_hz = st.session_state.get(_RATE_KEY)
    _read(now)


def _read(now: Visit) -> None:
    """Read the pending files; keep the bytes only while a question is open."""
    if now.pending is None:
        return
    now.question, now.error = None, ""
    try:
        opened = open_safely(now.pending, unit=now.unit, fs_hz=now.fs_hz)
    except (UnitNeededError, RateNeededError) as question:
        now.question = question
        return
    except RecordingError as error:
        now.error = str(error)
    else:
        now.recording, now.fiducials = opened.recording, opened.fiducials
        if opened.patient is not None:
            now.origin = Origin(words="the saved analysis", patient=opened.patient)
    now.pending = None


def _ask_unit(question: UnitNeededError) -> None:
    with st.container(border=True):
        st.markdown("**In which unit are the amplitudes?**")
        st.markdown(render.plain(str(question)))
        for unit, label in (("mV", "millivolts (mV)"), ("uV", "microvolts (µV)")):
            words, button = st.columns([3, 1], vertical_alignment="center")
            words.markdown(render.reading_words(question.peak_to_peak, unit))
            button.button(f"The file is in {label}", on_click=_answer_unit, args=(unit,), key=f"unit_{unit}")


def _ask_rate(question: RateNeededError) -> None:
    with st.form("rate", width=520):
        st.markdown("**How many samples per second?**")
        st.markdown(render.plain(str(question)))
        st.number_input(
            "Sampling rate, Hz", min_value=100, max_value=2000, value=None, key=_RATE_KEY, placeholder="e.g. 500"
        )
        st.form_submit_button("Use this rate", on_click=_answer_rate)
