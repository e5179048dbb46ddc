"""A file made when asked for stays until it was fetched, whatever other visitors do meanwhile."""

from types import SimpleNamespace

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from pages.shared import download


@pytest.fixture
def files(monkeypatch):
    """The app's store of files, with one visitor looking at a page."""
    store = MediaFileManager(MemoryMediaFileStorage("/media"))
    app = SimpleNamespace(media_file_mgr=store, is_active_session=lambda session: session == "visitor")
    monkeypatch.setattr(download, "get_instance", lambda: app)
    monkeypatch.setattr(download, "get_script_run_ctx", lambda: SimpleNamespace(session_id="visitor"))
    return store


def asked_for(files, make):
    """Press the button, let the pages of others come to rest, and fetch what is behind the link."""
    link = files.execute_deferred(files.add_deferred(make, "text/csv", "1.2", "cohort.csv"))
    for _ in range(3):
        files.remove_orphaned_files()
    found = files.read_file(link.rsplit("/", 1)[1])
    return None if found is None else found.content


def test_others_do_not_take_a_file_away(files):
    assert asked_for(files, download._held(lambda: b"mass", "cohort.csv", "text/csv")) == b"mass"
    assert asked_for(files, lambda: b"mass of nobody") is None, "Streamlit keeps such files now: `_held` can go"


def test_it_goes_with_the_next_run_of_its_page(files):
    make = download._held(lambda: b"mass", "cohort.csv", "text/csv")
    link = files.execute_deferred(files.add_deferred(make, "text/csv", "1.2", "cohort.csv"))
    files.clear_session_refs("visitor")
    files.remove_orphaned_files()
    files.remove_orphaned_files()
    assert files.read_file(link.rsplit("/", 1)[1]) is None


def test_nothing_is_kept_for_a_visitor_who_has_gone(files, monkeypatch):
    monkeypatch.setattr(download, "get_script_run_ctx", lambda: SimpleNamespace(session_id="gone"))
    assert asked_for(files, download._held(lambda: b"mass", "cohort.csv", "text/csv")) is None


def test_what_fails_says_so(files):
    def make():
        raise ValueError("no")

    with pytest.raises(MediaFileStorageError, match="no"):
        files.execute_deferred(files.add_deferred(download._held(make, "a", "b"), "b", "1.2", "a"))
