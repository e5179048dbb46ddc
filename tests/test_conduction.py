"""Conduction patterns on beats drawn by hand from textbook descriptions, one definition broken at a time."""

import numpy as np
import pytest

from elvmass_core.domain import Beat, Fiducials, Severity
from elvmass_core.features import measure
from elvmass_core.io import load_files, read_recording
from elvmass_core.quality import outside_scope, why_not_judged
from elvmass_core.quality.conduction import check_conduction
from elvmass_core.quality.qrs_shape import lead_shape
from elvmass_core.realism.reference import stated
from elvmass_core.signal import EXTRACTION_VERSION, extract_beat
from elvmass_core.units import LEAD_INDEX, LEADS

ONSET = 115
"""Sample of QRS onset: 50 ms before R at sample 140."""
NARROW = {
    "I": [(10, -0.05), (40, 0.8), (30, -0.1)], "II": [(10, -0.05), (45, 1.0), (30, -0.1)],
    "III": [(10, 0.05), (45, 0.3), (30, -0.1)], "aVL": [(10, -0.05), (40, 0.5), (30, -0.1)],
    "aVF": [(10, 0.05), (45, 0.6), (30, -0.1)], "aVR": [(85, -0.8)],
    "V1": [(25, 0.2), (50, -1.0)], "V2": [(30, 0.4), (50, -1.5)], "V3": [(35, 0.8), (45, -0.9)],
    "V4": [(40, 1.4), (40, -0.5)], "V5": [(12, -0.1), (45, 1.4), (30, -0.2)], "V6": [(12, -0.1), (45, 1.1), (30, -0.1)],
}  # fmt: skip
"""Waves (duration in ms, peak in mV) of a normal QRS in each lead, from QRS onset on."""


def lbbb(**leads):
    """Broad notched R in I, aVL, V5, V6 without q; rS in V1."""
    broad = [(90, 0.8), (55, 1.0)]  # the second, later part of a notched R is the taller one
    base = dict.fromkeys(("I", "aVL", "V5", "V6"), broad)
    base |= {lead: [(20, 0.1), (120, -1.8)] for lead in ("V1", "V2", "V3", "III")}
    return base | {"II": [(140, 0.4)], "aVF": [(30, 0.1), (110, -0.3)], "aVR": [(140, -0.8)], "V4": broad} | leads


def rbbb(**leads):
    """rsR′ in V1, qRS with a broad S in I and V6."""
    late = [(12, -0.05), (40, 0.8), (80, -0.3)]
    base = dict.fromkeys(("I", "aVL", "V5", "V6"), late)
    return NARROW | base | {"V1": [(25, 0.2), (25, -0.3), (80, 0.8)], "V2": [(30, 0.4), (25, -0.4), (70, 0.6)]} | leads


def lafb(**leads):
    """qR with a late R in I and aVL, rS in II, III and aVF."""
    lateral = [(20, -0.1), (70, 0.9)]
    inferior = [(20, 0.15), (75, -1.0)]
    return (
        NARROW | {"I": [(20, -0.08), (70, 0.6)], "aVL": lateral} | dict.fromkeys(("II", "III", "aVF"), inferior) | leads
    )


def wave(width_ms, peak_mv):
    """Half a sine."""
    return peak_mv * np.sin(np.pi * (np.arange(round(width_ms / 2)) + 0.5) / round(width_ms / 2))


def drawn(leads, *, qrs_ms, pr_ms=160.0):
    """A beat with these QRS waves one after the other in each lead, on a flat line."""
    signal = np.zeros((12, 400))
    for lead, waves in leads.items():
        qrs = np.concatenate([one if isinstance(one, np.ndarray) else wave(*one) for one in waves])
        signal[LEAD_INDEX[lead], ONSET : ONSET + qrs.size] = qrs
    on = (ONSET - 140) * 2.0
    borders = Fiducials(
        p_on=on - pr_ms, p_off=on - pr_ms + 80.0, qrs_on=on, qrs_off=on + qrs_ms, t_on=240.0, t_peak=290.0, t_end=340.0
    )
    return Beat(
        signal_mv=signal, sd_mv=np.zeros((12, 400)), beats_mv=np.zeros((1, 12, 400)), r_times_s=[0.5], used=(True,),
        reasons=("",), rate_bpm=60.0, fiducials=borders, extraction=EXTRACTION_VERSION,
    )  # fmt: skip


def findings(leads, **options):
    beat = drawn(leads, **options)
    return check_conduction(beat, measure(beat))


def codes(leads, **options):
    return [finding.code for finding in findings(leads, **options)]


def test_a_normal_qrs_has_no_pattern():
    assert codes(NARROW, qrs_ms=90.0) == []


def test_textbook_left_bundle_branch_block_is_named():
    assert codes(lbbb(), qrs_ms=146.0) == ["wide_qrs", "lbbb"]


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("q in I", {"I": [(14, -0.1), (80, 0.8), (50, 1.0)]}),
        ("q in V6", {"V6": [(14, -0.1), (80, 0.8), (50, 1.0)]}),
        ("q in V5", {"V5": [(14, -0.1), (80, 0.8), (50, 1.0)]}),
        ("R in V1", {"V1": [(140, 1.0)]}),
        ("S as deep as R in V6", {"V6": [(70, 0.8), (70, -0.9)]}),
        ("R peaks early in V5 and V6", {"V5": [(60, 1.0), (80, 0.3)], "V6": [(60, 1.0), (80, 0.3)]}),
        ("narrow R in I", {"I": [(40, 0.8), (100, -0.1)]}),
    ],
)
def test_a_wide_qrs_that_misses_one_part_of_the_definition_is_not_left_bundle_branch_block(why, change):
    # AHA/ACCF/HRS 2009, part III: absent q in I, V5 and V6; broad R; R peak time above 60 ms in V5 and V6.
    assert codes(lbbb(**change), qrs_ms=146.0) == ["wide_qrs"], why


def test_left_bundle_branch_block_needs_120_ms():
    assert codes(lbbb(), qrs_ms=118.0) == []
    assert codes(lbbb(), qrs_ms=120.0)[0] == "wide_qrs"


def test_textbook_right_bundle_branch_block_is_named():
    assert codes(rbbb(), qrs_ms=136.0) == ["wide_qrs", "rbbb"]


def test_a_broad_late_r_alone_in_v1_is_right_bundle_branch_block():
    assert codes(rbbb(V1=[(130, 0.9)], V2=[(40, 0.5), (60, -0.4)]), qrs_ms=136.0) == ["wide_qrs", "rbbb"]


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("no S in V6", {"V6": [(12, -0.05), (100, 0.8)]}),
        ("short S in I", {"I": [(12, -0.05), (60, 0.8), (30, -0.3)]}),
        ("no terminal R in V1 or V2", {"V1": [(30, 0.2), (100, -1.0)], "V2": [(30, 0.4), (100, -1.2)]}),
        ("r′ too small", {"V1": [(30, 0.2), (70, -1.0), (24, 0.05)], "V2": [(30, 0.4), (100, -1.2)]}),
    ],
)
def test_a_wide_qrs_that_misses_one_part_of_the_definition_is_not_right_bundle_branch_block(why, change):
    assert codes(rbbb(**change), qrs_ms=136.0) == ["wide_qrs"], why


def test_right_bundle_branch_block_of_110_to_120_ms_is_incomplete_and_a_note():
    (found,) = findings(rbbb(), qrs_ms=116.0)
    assert (found.code, found.severity) == ("irbbb", Severity.NOTE)
    assert codes(rbbb(V1=[(25, 0.2), (25, -0.3), (40, 0.8)]), qrs_ms=104.0) == []


def test_textbook_left_anterior_fascicular_block_is_named():
    (found,) = findings(lafb(), qrs_ms=100.0)
    assert (found.code, found.severity) == ("lafb", Severity.CAUTION)


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("axis not left enough", {"I": [(20, -0.08), (70, 1.4)], "aVF": [(20, 0.15), (75, -0.9)]}),
        ("no q in aVL", {"aVL": [(95, 0.9)]}),
        ("R peaks early in aVL", {"aVL": [(10, -0.1), (50, 0.9)]}),
        ("R in II", {"II": [(60, 0.6), (40, -0.3)]}),
        ("QS in all inferior leads", {key: [(95, -1.0)] for key in ("II", "III", "aVF")}),
    ],
)
def test_a_left_axis_that_misses_one_part_of_the_definition_is_not_fascicular_block(why, change):
    assert codes(lafb(**change), qrs_ms=100.0) == [], why


def test_a_wide_qrs_without_right_bundle_branch_block_has_no_fascicular_block():
    # AHA/ACCF/HRS 2009, part III: QRS below 120 ms.
    assert codes(lafb(), qrs_ms=126.0) == ["wide_qrs"]


def test_right_bundle_branch_block_with_a_fascicular_block_is_both():
    late = [(24, -0.15), (50, 0.9), (60, -0.25)]
    both = rbbb(I=[(20, -0.05), (60, 0.7), (60, -0.15)], aVL=late)
    both |= {key: [(20, 0.15), (110, -1.0)] for key in ("II", "III", "aVF")}
    assert codes(both, qrs_ms=138.0) == ["wide_qrs", "rbbb", "lafb"]


def delta(peak_mv, slur_mv):
    """A slurred start of 46 ms, then a fast R."""
    ramp = np.linspace(0.0, slur_mv, 23)
    return [np.concatenate([ramp, slur_mv + wave(60, peak_mv - slur_mv), np.linspace(slur_mv, 0.0, 6)])]


PREEXCITED = NARROW | {lead: delta(1.2, 0.25) for lead in ("I", "II", "V2", "V3", "V4", "V5", "V6")} | {
    "V1": delta(0.6, 0.15)
}  # fmt: skip


def test_short_pr_delta_wave_and_wide_qrs_are_preexcitation():
    assert codes(PREEXCITED, qrs_ms=124.0, pr_ms=100.0) == ["wide_qrs", "wpw"]


@pytest.mark.parametrize(
    ("leads", "options"),
    [
        (PREEXCITED, {"qrs_ms": 124.0, "pr_ms": 124.0}),
        (PREEXCITED, {"qrs_ms": 104.0, "pr_ms": 100.0}),
        (NARROW, {"qrs_ms": 112.0, "pr_ms": 100.0}),
    ],
    ids=["normal PR", "narrow QRS", "no delta wave"],
)
def test_two_of_the_three_signs_are_not_preexcitation(leads, options):
    assert "wpw" not in codes(leads, **options)


def test_preexcitation_is_outside_the_scope_also_with_a_qrs_below_120_ms():
    found = findings(PREEXCITED, qrs_ms=118.0, pr_ms=100.0)
    assert [finding.code for finding in outside_scope(found)] == ["wpw"]
    assert "pre-excitation" in why_not_judged(found)


def test_a_fascicular_block_alone_is_inside_the_scope():
    assert outside_scope(findings(lafb(), qrs_ms=100.0)) == ()


def test_the_wide_qrs_stays_outside_the_scope_under_any_name():
    for leads in (lbbb(), rbbb(), NARROW):
        assert [finding.code for finding in outside_scope(findings(leads, qrs_ms=130.0))] == ["wide_qrs"]


def test_no_two_findings_say_the_same_sentence():
    for leads in (lbbb(), rbbb(), NARROW):
        messages = [finding.message for finding in findings(leads, qrs_ms=136.0)]
        assert sum("criteri" in message for message in messages) == 1
        assert sum("QRS is wide" in message for message in messages) == 1


def test_without_qrs_borders_nothing_is_said():
    beat = drawn(NARROW, qrs_ms=90.0)
    object.__setattr__(beat, "fiducials", Fiducials())
    assert check_conduction(beat, measure(beat)) == ()
    assert lead_shape(beat, "V1").waves == ()


def test_waves_of_a_drawn_qrs_are_found_in_order_with_their_times():
    shape = lead_shape(drawn(rbbb(), qrs_ms=136.0), "V1")
    assert [wave.mv > 0 for wave in shape.waves] == [True, False, True]
    assert [wave.mv for wave in shape.waves] == pytest.approx([0.2, -0.3, 0.8], abs=0.01)
    assert shape.waves[2].peak_ms == pytest.approx(24 + 24 + 40, abs=3.0)
    assert shape.waves[2].duration_ms == pytest.approx(80.0, abs=2.0)


def test_a_positive_wave_that_runs_into_st_is_no_r_prime():
    rising = rbbb(V1=[(30, 0.2), (60, -0.9), np.linspace(0.01, 0.4, 23)], V2=[(30, 0.4), (100, -1.2)])
    assert "rbbb" not in codes(rising, qrs_ms=134.0)


def test_every_lead_is_drawn():
    assert set(NARROW) == set(LEADS) == set(lbbb()) == set(rbbb()) == set(lafb())


@pytest.fixture(scope="module")
def real(ecg_data):
    """Conduction findings of real recordings: name → (statements, codes)."""
    found = {}
    headers = [*sorted(ecg_data.glob("georgia/*.hea")), *sorted(ecg_data.glob("ptbxl/*.hea"))]
    for header in [*headers, ecg_data / "cpsc2018" / "A0001.hea", ecg_data / "ludb" / "23_uv.hea"]:
        beat = extract_beat(read_recording(load_files([header])))
        kept = [finding.code for finding in check_conduction(beat, measure(beat))]
        found[header.stem] = (stated(header.read_text(encoding="utf-8", errors="replace")), kept)
    return found


def test_no_real_sinus_recording_is_called_left_bundle_branch_block_or_preexcitation(real):
    assert len(real) >= 30
    assert not [name for name, (_, kept) in real.items() if {"lbbb", "wpw"} & set(kept)]


def test_right_bundle_branch_block_is_named_where_a_cardiologist_stated_it_and_nowhere_else(real):
    def is_complete(statements):
        return any("right bundle" in one and "incomplete" not in one for one in statements)

    wanted = {name for name, (statements, _) in real.items() if is_complete(statements)}
    assert len(wanted) == 4
    assert {name for name, (_, kept) in real.items() if "rbbb" in kept} == wanted
