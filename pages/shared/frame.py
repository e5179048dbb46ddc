"""The frame of every page: title, research banner, style. A deep link can skip ``app.py``, so it all happens here."""

from pathlib import Path

import streamlit as st

from elvmass_core.domain import DISCLAIMER, OWN_WEIGHTS_DISCLAIMER
from elvmass_core.figures import Theme
from pages.shared.state import visit

_TEXT = Path(__file__).parent / "text"
_STYLE = """
<style>
[data-testid="stAlertContainer"] { padding: 0.5rem 0.75rem; }
[data-testid="stMetricValue"] { line-height: 1.2; }
h1 { padding: 0 0 0.5rem 0 !important; }
@media (min-width: 641px) { [data-testid="stMainBlockContainer"] { padding-left: 2.5rem; padding-right: 2.5rem; } }
.st-key-dials [data-testid="stSlider"] { margin-bottom: -0.5rem; }
@media (max-width: 640px) { [data-testid="stColumn"]:has(> div .st-key-virtual_pictures) { order: 1; } }
/* five fields do not fit side by side on a tablet */
@media (min-width: 641px) and (max-width: 1100px) {
  .st-key-patient_form > div > [data-testid="stHorizontalBlock"] { flex-wrap: wrap; }
  .st-key-patient_form > div > [data-testid="stHorizontalBlock"] > [data-testid="stColumn"] { min-width: 30%; }
}
/* the numbers of an ECG outside the models' scope */
.st-key-subdued [data-testid="stMetricValue"] { font-size: 1.1rem; font-weight: 400; opacity: 0.8; }
.st-key-subdued strong { font-weight: 400; }
</style>
"""


def begin_page(title: str) -> None:
    """Draw what stands on every page; the first call in each page script."""
    st.set_page_config(page_title=f"{title} · ELVMass", page_icon="🫀", layout="wide")
    st.html(_STYLE)
    st.warning(f"**{OWN_WEIGHTS_DISCLAIMER if visit().weights else DISCLAIMER}**")
    st.title(title, anchor=False)


def theme() -> Theme:
    """Theme of this visitor's browser."""
    return "dark" if st.context.theme.type == "dark" else "light"


def text(name: str) -> str:
    """A longer text of the app, from ``text/<name>.md``."""
    return (_TEXT / f"{name}.md").read_text(encoding="utf-8")
