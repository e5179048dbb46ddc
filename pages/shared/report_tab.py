"""The report in the forms that leave the page: one sheet of paper, FHIR, and JSON that opens again."""

import streamlit as st

from elvmass_core.domain import Report
from elvmass_core.report import fhir_json, saved_json
from elvmass_core.report.pdf import to_pdf
from pages.shared import cache, render
from pages.shared.download import download
from pages.shared.frame import text
from pages.shared.state import Visit, visit


def report_tab(report: Report) -> None:
    """Three downloads, each made when it is asked for."""
    now, name = visit(), f"elvmass-{report.recording.digest[:10]}"
    paper, data = st.columns(2, gap="large")
    with paper:
        st.markdown("##### On paper")
        for_name = st.text_input(
            "Name or number on the page (optional)", key=f"pdf_name_{now.number}", max_chars=60, help=text("typed_in")
        )
        note = st.text_input("Remark (optional)", key=f"pdf_note_{now.number}", max_chars=200)
        download(
            "Download the page (PDF)",
            lambda: to_pdf(_explained(report, now), for_name=for_name or "", note=note or ""),
            f"{name}.pdf",
            "application/pdf",
            key="download_pdf",
            primary=True,
        )
        st.caption("One A4 page: 12 leads to scale, the averaged beat with saliency, numbers and findings.")
    with data:
        st.markdown("##### As data")
        download(
            "Save this analysis (JSON)",
            lambda: saved_json(_explained(report, now), now.fiducials),
            f"{name}.json",
            "application/json",
            key="download_json",
        )
        st.caption(
            "Numbers, findings and versions, and the ECG itself: upload the file here again to go on where you were. "
            "No name, date or file name is in it."
        )
        download(
            "Download for a record system (FHIR R4)",
            lambda: fhir_json(_explained(report, now)),
            f"{name}-fhir.json",
            "application/fhir+json",
            key="download_fhir",
        )
        st.caption("A bundle of observations for mass, index and LVH: status preliminary, marked as test data.")
    versions = " · ".join(f"{name} {version}" for name, version in report.versions.items())
    st.caption(f"{render.plain(versions)} · ECG digest {report.recording.digest[:16]}")
    st.markdown(report.disclaimer)


def _explained(report: Report, now: Visit) -> Report:
    """The report with its attribution, when there is an estimate to explain."""
    if report.estimate is None:
        return report
    return cache.report(report.recording, report.patient, explain=True, now=now)
