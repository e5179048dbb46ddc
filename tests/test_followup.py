"""Two ECGs of one person compared: what is said, and what forbids it."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from elvmass_core.domain import DeviceFilters, Estimate, Finding, Lvh, Patient, Recording, Report, Severity, Sex
from elvmass_core.errors import BundleError
from elvmass_core.followup import NOT_VALIDATED, Change, Repeatability, Spread, compare_recordings, read_repeatability
from elvmass_core.followup.repeatability import COEFFICIENT, CONDITIONS, RESULT, VERSION
from elvmass_core.models.bundle import load_models
from elvmass_core.pipeline import analyse
from tests import synthetic

FILTERS = DeviceFilters(highpass_hz=0.05, lowpass_hz=150.0, notch_hz=0.0)
WOMAN = Patient(sex=Sex.FEMALE, age_years=60.0, height_cm=160.0, weight_kg=60.0)
SHA = "a" * 64


def spread(sd_log=0.02, heavy_log=None):
    small = (0.02, 0.01, 0.03)
    return Spread(
        n_patients=100, n_recordings=600, n_pairs=1500, sd_log=(sd_log, 0.9 * sd_log, 1.1 * sd_log),
        sd_log_heavy=(heavy_log or sd_log, 0.0, 1.0), heavy_from_g=130.0,
        sd_g=(2.0, 1.8, 2.2), sd_index_g_m2=(1.0, 0.9, 1.1), pairs_beyond=(0.05, 0.04, 0.06),
        answers_differ=(0.06, 0.04, 0.08), answers_flip=small, index_crosses=small,
    )  # fmt: skip


def repeatability(sha=SHA, **changes):
    facts = {name: spread() for name in CONDITIONS} | changes
    return Repeatability(
        model_id="toy", manifest_sha256=sha, sex=Sex.FEMALE, law="±1 cm", source="assumed", wide_law="±2 cm", **facts
    )


def estimate(lvm_g, **changes):
    return Estimate(
        **{
            "model": "toy", "bundle_sha256": SHA, "sex": Sex.FEMALE, "lvm_g": lvm_g, "members_g": (lvm_g, lvm_g),
            "interval_g": (lvm_g - 20.0, lvm_g + 20.0), "coverage": 0.9, "lvmi_g_m2": lvm_g / 1.6, "p_lvh": 0.2,
            "prevalence": 0.15, "lvh": Lvh.UNCERTAIN, "lvh_reason": "", "demographics_only_g": 90.0,
            "cutoff_g_m2": 65.0, "cutoff_source": "", "reference_g": 85.0, "reference_range_g": (50.0, 120.0),
        }
        | changes
    )  # fmt: skip


def report(lvm_g=None, *, patient=WOMAN, findings=(), filters=FILTERS, fs_hz=500.0, seed=None, **changes):
    """A report with this estimate, none when no mass is given; the recording differs with the mass."""
    number = (0.0 if lvm_g is None else lvm_g) if seed is None else seed
    recording = Recording(signal_mv=np.full((12, 10), number / 1000.0), fs_hz=fs_hz, format="toy", filters=filters)
    return Report(
        recording=recording, patient=patient, beat=None, features=None, criteria=(), attribution=None, versions={},
        estimates=() if lvm_g is None else (estimate(lvm_g, **changes),), findings=tuple(findings),
    )  # fmt: skip


def found(severity, code, message="Something."):
    return Finding(code=code, severity=severity, message=message)


def codes(change: Change):
    return {one.code: one.severity for one in change.findings}


# --- What is said -----------------------------------------------------------------------------------------------------


def test_a_difference_within_the_coefficient_cannot_be_told_from_chance():
    change = compare_recordings(report(150.0), report(162.0), repeatability(both=spread(0.06)))
    assert change.difference_g == pytest.approx(12.0)
    assert change.difference_percent == pytest.approx(8.0)
    assert change.limit_g == pytest.approx(150.0 * (np.exp(1.96 * np.sqrt(2.0) * 0.06) - 1.0))
    assert (change.exceeds, change.same_model, change.findings) == (False, True, ())
    assert change.sentence.startswith("The second ECG gives 12 g more (8 %). Placing the electrodes anew")
    assert "by up to 27 g (95 %): this difference cannot be told from that." in change.sentence


def test_a_larger_difference_is_said_to_be_larger_and_not_to_be_a_change_of_mass():
    change = compare_recordings(report(150.0), report(120.0), repeatability())
    assert change.exceeds is True
    assert "gives 30 g less (20 %)" in change.sentence
    assert "That does not show a change of LV mass" in change.sentence


def test_the_verdict_does_not_depend_on_which_of_the_two_came_first():
    for second_g in np.linspace(90.0, 112.0, 44):
        one, other = report(100.0), report(second_g)
        there, back = (compare_recordings(*pair, repeatability()) for pair in ((one, other), (other, one)))
        assert there.exceeds is back.exceeds is (abs(np.log(second_g / 100.0)) > 1.96 * np.sqrt(2.0) * 0.02)
        assert there.difference_g == -back.difference_g


def test_the_larger_of_both_placement_laws_judges():
    assert repeatability(wide=spread(0.05)).second_ecg.sd_log[0] == 0.05
    assert repeatability(both=spread(0.05)).second_ecg.sd_log[0] == 0.05
    assert repeatability(placement=spread(0.05)).second_ecg.sd_log[0] == 0.02


def test_two_estimates_of_a_large_heart_are_judged_by_those_of_large_hearts_in_either_order():
    figures = repeatability(both=spread(0.02, heavy_log=0.03), wide=spread(0.01))
    for first_g, second_g, sd_log in ((100.0, 129.0, 0.02), (129.0, 131.0, 0.03), (131.0, 129.0, 0.03)):
        change = compare_recordings(report(first_g), report(second_g), figures)
        step = np.sign(second_g - first_g)
        assert change.limit_g == pytest.approx(first_g * abs(np.expm1(step * 1.96 * np.sqrt(2.0) * sd_log)))


def test_large_hearts_are_never_judged_by_less_than_all_are():
    assert spread(0.03, heavy_log=0.01).limit_g(140.0, 150.0) == spread(0.03).limit_g(140.0, 150.0)


def test_the_same_mass_is_said_in_words():
    change = compare_recordings(report(100.0, seed=1), report(100.0, seed=2), repeatability())
    assert change.sentence.startswith("The second ECG gives the same mass. Placing")
    assert change.exceeds is False


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (report(100.0), report(101.0)),
        (report(100.0), report(170.0)),
        (report(100.0), report(None, findings=[found(Severity.STOP, "lead_flat")])),
        (report(100.0), report(100.0)),
        (report(100.0), report(101.0, bundle_sha256="b" * 64)),
    ],
)
def test_every_comparison_says_that_it_is_not_validated(first, second):
    for figures in (repeatability(), None):
        change = compare_recordings(first, second, figures)
        assert change.sentence.endswith(NOT_VALIDATED)
        assert change.disclaimer == NOT_VALIDATED


def test_another_answer_on_lvh_is_set_beside_how_often_chance_gives_another():
    change = compare_recordings(report(100.0), report(104.0, lvh=Lvh.NOT_FLAGGED), repeatability())
    assert "The answer on LVH was uncertain and is not flagged; by chance alone it differs in 6 % of pairs." in (
        change.sentence
    )


def test_without_figures_of_these_weights_the_difference_is_not_judged():
    for figures in (None, repeatability(sha="b" * 64)):
        change = compare_recordings(report(100.0), report(104.0), figures)
        assert (change.limit_g, change.exceeds) == (None, None)
        assert change.difference_g == pytest.approx(4.0)
        assert codes(change) == {"followup_not_measured": Severity.CAUTION}
        assert "has not been measured for these weights" in change.sentence


# --- What forbids it --------------------------------------------------------------------------------------------------

STOPPED = found(Severity.STOP, "lead_flat", "Lead V1 is flat.")
WIDE = found(Severity.CAUTION, "wide_qrs", "The QRS is wide.")
MAN = replace(WOMAN, sex=Sex.MALE)


@pytest.mark.parametrize(
    ("code", "second"),
    [
        ("followup_refused", report(None, findings=[STOPPED])),
        ("followup_refused", report(None, patient=replace(WOMAN, sex=Sex.UNKNOWN))),
        ("followup_outside_scope", report(104.0, findings=[WIDE])),
        ("followup_same_recording", report(104.0, seed=100.0)),
        ("followup_different_model", report(104.0, bundle_sha256="b" * 64)),
        ("followup_different_sex", report(104.0, patient=MAN, sex=Sex.MALE, bundle_sha256="b" * 64)),
        ("followup_different_height", report(104.0, patient=replace(WOMAN, height_cm=170.0))),
    ],
)
def test_what_makes_a_comparison_meaningless_stops_it_in_both_orders(code, second):
    for pair in ((report(100.0), second), (second, report(100.0))):
        change = compare_recordings(*pair, repeatability())
        assert codes(change) == {code: Severity.STOP}
        assert change.refused
        assert (change.difference_g, change.difference_percent, change.limit_g, change.exceeds) == (None,) * 4
        assert change.sentence.startswith("No comparison.")


def test_a_refusal_says_which_ecg_and_why_and_keeps_the_other_estimate():
    change = compare_recordings(report(100.0), report(None, findings=[STOPPED]), repeatability())
    assert "The second ECG has no estimate: Lead V1 is flat." in change.sentence
    assert (change.first_g, change.second_g, change.same_model) == (100.0, None, False)


UNKNOWN = report(None, patient=replace(WOMAN, sex=Sex.UNKNOWN))


def test_an_unknown_sex_is_said_once_for_both_with_what_to_do():
    change = compare_recordings(UNKNOWN, replace(UNKNOWN, recording=report(1.0, seed=7.0).recording), repeatability())
    assert codes(change) == {"followup_refused": Severity.STOP}
    (stop,) = change.findings
    assert stop.message == (
        "The sex is not known. The models of men and of women give different masses: enter the sex to compare the two "
        "ECGs."
    )
    assert change.sentence.count("sex") == 2 and change.sentence.count("ECG") == 1


def test_one_reason_of_both_is_said_once_and_two_reasons_are_said_each():
    other = report(None, findings=[found(Severity.STOP, "lead_clipped", "Lead V2 is clipped.")])
    both = compare_recordings(report(None, findings=[STOPPED]), report(None, findings=[STOPPED]), repeatability())
    assert [one.message for one in both.findings if one.code == "followup_refused"] == [
        "Neither ECG has an estimate: Lead V1 is flat."
    ]
    each = compare_recordings(report(None, findings=[STOPPED]), other, repeatability())
    assert [one.message for one in each.findings if one.code == "followup_refused"] == [
        "The first ECG has no estimate: Lead V1 is flat.",
        "The second ECG has no estimate: Lead V2 is clipped.",
    ]


def test_a_comparison_that_is_stopped_cannot_hold_a_difference():
    with pytest.raises(ValueError, match="cannot hold a difference"):
        Change(
            first_g=1.0, second_g=2.0, same_model=True, findings=(STOPPED,), sentence="", difference_g=1.0
        )  # fmt: skip


# --- What weakens it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "second"),
    [
        ("followup_different_filters", report(104.0, filters=replace(FILTERS, lowpass_hz=40.0))),
        ("followup_different_filters", report(104.0, filters=DeviceFilters())),
        ("followup_different_rates", report(104.0, fs_hz=125.0)),
        ("followup_different_inputs", report(104.0, patient=replace(WOMAN, weight_kg=None))),
        ("followup_body_differs", report(104.0, demographics_only_g=97.0)),
        ("followup_finding_differs", report(104.0, findings=[found(Severity.CAUTION, "lafb")])),
        ("followup_finding_differs", report(104.0, findings=[found(Severity.CAUTION, "left_arm_leg_exchanged")])),
    ],
)
def test_what_weakens_a_comparison_is_a_caution_in_both_orders(code, second):
    for pair in ((report(100.0), second), (second, report(100.0))):
        change = compare_recordings(*pair, repeatability())
        assert codes(change) == {code: Severity.CAUTION}
        assert abs(change.difference_g) == pytest.approx(4.0)
        assert "not made alike (1 caution)" in change.sentence


def test_what_both_ecgs_show_is_no_difference_between_them():
    both = [found(Severity.CAUTION, "lafb"), found(Severity.NOTE, "irbbb")]
    change = compare_recordings(report(100.0, findings=both), report(104.0, findings=both[:1]), repeatability())
    assert change.findings == ()


def test_high_rates_that_differ_are_a_note():
    change = compare_recordings(report(100.0), report(104.0, fs_hz=1000.0), repeatability())
    assert codes(change) == {"followup_different_rates": Severity.NOTE}
    assert "not made alike" not in change.sentence


def test_filters_that_no_file_states_are_a_note():
    one, other = (report(grams, filters=DeviceFilters()) for grams in (100.0, 104.0))
    assert codes(compare_recordings(one, other, repeatability())) == {"followup_filters_unknown": Severity.NOTE}


def test_small_differences_of_height_are_measurement_and_a_younger_second_patient_is_not():
    taller = report(104.0, patient=replace(WOMAN, height_cm=162.0))
    assert codes(compare_recordings(report(100.0), taller, repeatability())) == {}
    younger = report(104.0, patient=replace(WOMAN, age_years=55.0))
    assert codes(compare_recordings(report(100.0), younger, repeatability())) == {"followup_order": Severity.CAUTION}


# --- The whole path ---------------------------------------------------------------------------------------------------


def test_two_recordings_of_one_synthetic_heart_are_compared_from_signals_on(untrained):
    models = load_models(untrained)
    first, second = (analyse(synthetic.recording(seed=seed), synthetic.patient(), models) for seed in (1, 2))
    figures = repeatability(sha=first.estimate.bundle_sha256)
    change = compare_recordings(first, second, figures)
    assert not change.refused
    assert change.difference_g == pytest.approx(second.estimate.lvm_g - first.estimate.lvm_g)
    assert change.exceeds is False


# --- The file ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundle(untrained):
    return load_models(untrained).for_sex(Sex.FEMALE)[0]


def content(bundle, **changes):
    conditions = {name: asdict(spread(0.01 * (k + 1))) for k, name in enumerate(CONDITIONS)}
    facts = {
        "version": VERSION, "weights": {bundle.model_id: bundle.sha256}, "law": "±1 cm", "source": "assumed",
        "wide_law": "±2 cm", "sexes": {"F": {"conditions": conditions}},
    }  # fmt: skip
    return facts | changes


def write(folder, facts):
    (folder / RESULT).write_text(facts if isinstance(facts, str) else json.dumps(facts), encoding="utf-8")
    return folder


def test_the_figures_of_a_bundle_are_read_back_as_they_were_written(tmp_path, bundle):
    read = read_repeatability(bundle, write(tmp_path, content(bundle)))
    assert (read.manifest_sha256, read.sex, read.law) == (bundle.sha256, Sex.FEMALE, "±1 cm")
    assert [getattr(read, name) for name in CONDITIONS] == [spread(0.01 * (k + 1)) for k in range(4)]


def test_figures_of_other_weights_are_refused(tmp_path, bundle):
    for weights in ({bundle.model_id: "0" * 64}, {"another": bundle.sha256}, {}):
        with pytest.raises(BundleError, match="other weights"):
            read_repeatability(bundle, write(tmp_path, content(bundle, weights=weights)))


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ("{}", "another version"),
        ("[1]", "another version"),
        ("not json", "be read"),
        (None, "not been measured"),
    ],
)
def test_a_file_that_holds_no_figures_is_refused_in_one_sentence(tmp_path, bundle, facts, why):
    if facts is not None:
        write(tmp_path, facts)
    with pytest.raises(BundleError, match=why):
        read_repeatability(bundle, tmp_path)


@pytest.mark.parametrize(
    "broken", [{"sexes": {}}, {"sexes": None}, {"weights": None}, {"sexes": {"F": {"conditions": {}}}}]
)
def test_a_file_that_is_not_whole_is_refused(tmp_path, bundle, broken):
    with pytest.raises(BundleError, match="not whole"):
        read_repeatability(bundle, write(tmp_path, content(bundle, **broken)))


@pytest.mark.parametrize("bad", [None, "wide", [1.0], [None, 0.0, 1.0], [0.0, 0.0, 0.0], [float("nan"), 0.0, 1.0]])
def test_a_figure_that_is_no_positive_number_is_refused(tmp_path, bundle, bad):
    facts = content(bundle)
    facts["sexes"]["F"]["conditions"]["both"]["sd_log"] = bad
    with pytest.raises(BundleError, match="not whole"):
        read_repeatability(bundle, write(tmp_path, facts))


@pytest.mark.parametrize("sex", [Sex.FEMALE, Sex.MALE])
def test_the_figures_in_docs_are_of_the_shipped_weights(sex):
    bundle = load_models(Path(__file__).parents[1] / "weights").for_sex(sex)[0]
    read = read_repeatability(bundle)
    assert read.both.n_patients >= 60
    assert read.recording.sd_log[0] < read.placement.sd_log[0] < read.wide.sd_log[0]


def test_the_coefficient_is_the_one_of_bland_and_altman():
    assert pytest.approx(2.7719, abs=1e-4) == COEFFICIENT  # 1.96 · √2
    assert spread(0.05).limit_g(100.0, 101.0) == pytest.approx(14.87, abs=0.01)
