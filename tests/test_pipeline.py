"""The order of the stages, and what each fault does to the answer."""

import dataclasses
import math

import numpy as np
import orjson
import pytest

from elvmass_core.domain import DISCLAIMER, Lvh, Recording, Sex
from elvmass_core.errors import FiducialError
from elvmass_core.models.bundle import Models, load_models
from elvmass_core.pipeline import analyse
from elvmass_core.report import to_json
from elvmass_core.units import LEADS
from tests import synthetic


@pytest.fixture(scope="module")
def models(untrained):
    return load_models(untrained)


def codes(report):
    return {finding.code for finding in report.findings}


def test_a_sound_ecg_gets_an_estimate_with_its_interval_and_reasons(models):
    report = analyse(synthetic.recording(), synthetic.patient(), models, explain=True)
    assert report.estimate.sex is Sex.FEMALE
    assert report.estimate.interval_g[0] < report.estimate.lvm_g < report.estimate.interval_g[1]
    assert report.estimate.lvmi_g_m2 == pytest.approx(report.estimate.lvm_g / synthetic.patient().bsa_m2)
    assert report.attribution is not None


def test_the_same_ecg_gives_the_same_answer_every_time(models):
    answers = {analyse(synthetic.recording(), synthetic.patient(), models).estimate.lvm_g for _ in range(5)}
    assert len(answers) == 1


def test_an_unknown_sex_gives_both_models_and_no_flag(models):
    report = analyse(synthetic.recording(), synthetic.patient(sex=Sex.UNKNOWN), models, explain=True)
    assert {one.sex for one in report.estimates} == {Sex.MALE, Sex.FEMALE}
    assert all(one.lvh is Lvh.NO_RESULT and one.p_lvh is None for one in report.estimates)
    assert report.estimate is None
    assert not report.refused


def test_unknown_body_size_gives_grams_with_a_wider_interval_and_no_index(models):
    known = analyse(synthetic.recording(), synthetic.patient(), models).estimate
    unknown = analyse(synthetic.recording(), synthetic.patient(height_cm=None, weight_kg=None), models).estimate
    assert np.ptp(unknown.interval_g) > np.ptp(known.interval_g)
    assert unknown.lvmi_g_m2 is None
    assert unknown.lvh is Lvh.NO_RESULT
    assert "height and weight" in unknown.lvh_reason


def test_the_flag_follows_the_whole_interval_and_not_the_point(models):
    def judged(weight_kg):  # a heavier body lowers the index of the same heart
        patient = synthetic.patient(weight_kg=weight_kg, height_cm=150.0)
        return analyse(synthetic.recording(), patient, models).estimate

    for weight_kg in (38.0, 45.0, 55.0, 70.0, 90.0, 110.0):
        one = judged(weight_kg)
        bsa = synthetic.patient(weight_kg=weight_kg, height_cm=150.0).bsa_m2
        low, high = (grams / bsa for grams in one.interval_g)
        expected = Lvh.FLAGGED if low > 65.0 else Lvh.NOT_FLAGGED if high < 65.0 else Lvh.UNCERTAIN
        assert one.lvh is expected


def irregular():
    """Beats of one shape at irregular times; the cuts before them take most P waves away."""
    signal, _ = synthetic.signal(rr_s=1.0, duration_s=12.0)
    gaps = [0, 0, 150, 0, 160, 170, 0, 170, 0, 160, 170]  # samples left out of the pause before each beat
    pieces = [
        np.delete(signal[:, 500 * k : 500 * (k + 1)], range(240 - gap, 240), axis=1) for k, gap in enumerate(gaps)
    ]
    return Recording(signal_mv=np.hstack(pieces), fs_hz=500.0, format="synthetic")


def wide():
    """A QRS twice as long: the whole ECG at half the speed and the beats close together again."""
    signal, _ = synthetic.signal(rr_s=0.5, duration_s=6.0, first_r_s=0.25)
    slow = np.stack([np.interp(np.arange(0, 2990, 0.6), np.arange(3000), row) for row in signal])
    return Recording(signal_mv=slow, fs_hz=500.0, format="synthetic")


@pytest.mark.parametrize(("recording", "code"), [(irregular(), "atrial_fibrillation"), (wide(), "wide_qrs")])
def test_an_ecg_the_models_do_not_know_gets_grams_but_no_lvh_answer_and_no_probability(models, recording, code):
    report = analyse(recording, synthetic.patient(), models)
    assert code in codes(report)
    assert report.estimate.lvh is Lvh.NO_RESULT
    assert report.estimate.lvh_reason.startswith("not judged, because")
    assert report.estimate.p_lvh is None
    assert report.estimate.interval_g[0] < report.estimate.lvm_g < report.estimate.interval_g[1]
    stored = orjson.loads(to_json(report))["estimate"]
    assert (stored["p_lvh"], stored["lvh"]) == (None, "no_result")
    assert code in stored["outside_scope"]


def test_the_json_says_how_patients_with_lvh_were_answered_in_the_test(untrained):
    models = load_models(untrained)
    sound = orjson.loads(to_json(analyse(synthetic.recording(), synthetic.patient(), models)))["estimate"]
    assert sound["lvh_in_test"] is None  # these bundles were never tested
    assert sound["outside_scope"] == []
    counts = {"not_flagged": 10, "uncertain": 62, "flagged": 0}
    tested = [
        dataclasses.replace(
            bundle,
            manifest={"training": {**bundle.manifest["training"], "test": {"judged": {"with_lvh": counts}}}},
        )
        for bundle in models.bundles
    ]
    report = analyse(synthetic.recording(), synthetic.patient(), Models(bundles=tuple(tested)))
    assert orjson.loads(to_json(report))["estimate"]["lvh_in_test"] == counts


def broken(change):
    signal = np.array(synthetic.signal()[0])
    return Recording(signal_mv=change(signal), fs_hz=500.0, format="synthetic")


def nan_lead(signal):
    signal[7] = np.nan
    return signal


@pytest.mark.parametrize(
    "recording, patient, code",
    [
        (broken(lambda signal: signal * 1000.0), synthetic.patient(), "amplitude_implausible"),
        (broken(nan_lead), synthetic.patient(), "no_beat"),
        (broken(lambda signal: signal * 0.0), synthetic.patient(), "no_beat"),
        (broken(lambda signal: np.random.default_rng(0).normal(0, 0.3, signal.shape)), synthetic.patient(), None),
        (synthetic.recording(), synthetic.patient(age_years=9.0), "not_adult"),
        (synthetic.recording(), synthetic.patient(age_years=None), "age_missing"),
    ],
)
def test_faults_give_a_reason_and_no_number(models, recording, patient, code):
    report = analyse(recording, patient, models, explain=True)
    assert report.refused
    assert report.estimates == ()
    assert report.attribution is None
    assert code is None or code in codes(report)
    if code != "age_missing":
        assert not any(result.met for result in report.criteria)


@pytest.mark.parametrize("mean_g", [float("nan"), float("inf"), 5.0, 2000.0])
def test_an_answer_that_no_heart_can_have_is_a_refusal_and_not_a_number(untrained, mean_g):
    models = load_models(untrained)
    for bundle in models.bundles:
        for member in bundle.ensemble.members:
            member.log_mean.fill_(math.log(mean_g))
    report = analyse(synthetic.recording(), synthetic.patient(), models, explain=True)
    assert codes(report) >= {"estimate_implausible"}
    assert report.refused
    assert report.attribution is None


def test_without_weights_the_beat_is_still_measured():
    report = analyse(synthetic.recording(), synthetic.patient(), Models(problems=("Gone.",)))
    assert "no_weights" in codes(report)
    assert report.beat is not None
    assert report.criteria
    assert report.estimate is None


def test_a_body_outside_the_training_patients_is_a_caution(models):
    report = analyse(synthetic.recording(), synthetic.patient(height_cm=197.0, weight_kg=90.0), models)
    assert "height_outside_training" in codes(report)
    assert report.estimate is not None


def test_the_json_holds_the_contract(models):
    stored = orjson.loads(to_json(analyse(synthetic.recording(), synthetic.patient(), models, explain=True)))
    assert set(stored["recording"]) >= {"format", "fs_hz", "leads", "duration_s", "digest"}
    assert set(stored["beat"]) == {"n_used", "n_rejected", "fiducials_ms"}
    assert all(set(one) == {"value", "unit"} for one in stored["features"].values())
    assert all(
        set(one) == {"name", "value", "unit", "cutoff", "met", "reason", "formula", "comparison", "source"}
        for one in stored["criteria"]
    )
    assert stored["recording"]["filters"] == {"highpass_hz": 0.0, "lowpass_hz": 0.0, "notch_hz": 0.0}
    assert set(stored["estimate"]) >= {
        "model", "lvm_g", "interval_g", "coverage", "lvmi_g_m2", "p_lvh", "lvh", "demographics_only_g", "cutoff_g_m2",
        "cutoff_source", "reference_g",
    }  # fmt: skip
    assert tuple(stored["attribution"]["segments_g"]) == LEADS
    assert all(
        set(row) == {"P", "PR", "QRS", "ST", "T", "rest"} for row in stored["attribution"]["segments_g"].values()
    )
    assert {"method", "baseline", "delta_g", "tabular_g", "st_t_share", "agreement"} <= set(stored["attribution"])
    assert stored["disclaimer"] == DISCLAIMER
    assert "estimates" not in stored


def test_the_json_of_an_unknown_sex_has_both_and_of_a_refusal_none(models):
    both = orjson.loads(to_json(analyse(synthetic.recording(), synthetic.patient(sex="unknown"), models)))
    assert both["estimate"] is None
    assert len(both["estimates"]) == 2
    none = orjson.loads(to_json(analyse(broken(nan_lead), synthetic.patient(), models)))
    assert none["estimate"] is None
    assert none["findings"][0]["severity"] == "STOP"


def test_no_age_over_89_is_written_down(models):
    report = analyse(synthetic.recording(), synthetic.patient(age_years=96.75), models)
    assert orjson.loads(to_json(report))["patient"]["age"] == "90+"
    assert b"96.75" not in to_json(report)
    assert "96.75" not in str([finding.observed for finding in report.findings])


def test_the_json_says_how_far_the_beat_lies_from_others_also_without_weights(models):
    stored = orjson.loads(to_json(analyse(synthetic.recording(), synthetic.patient(), models)))["distances"]
    assert set(stored) == {"real", "training"}
    assert 0.0 <= stored["real"]["nearer"] <= 1.0
    assert stored["real"]["n"] == 55
    assert "real ECGs" in stored["real"]["words"]
    assert "learned from" in stored["training"]["words"]
    alone = orjson.loads(to_json(analyse(synthetic.recording(), synthetic.patient(), Models())))["distances"]
    assert set(alone) == {"real"}
    flat = Recording(signal_mv=np.zeros((12, 5000)), fs_hz=500.0, format="synthetic")
    assert orjson.loads(to_json(analyse(flat, synthetic.patient(), models)))["distances"] == {}


def test_leads_that_no_heart_makes_are_doubted(models):
    mixed = np.random.default_rng(8).normal(size=(8, 8)) @ synthetic.signal()[0][[0, 1, 6, 7, 8, 9, 10, 11]]
    one, two = mixed[:2] / np.abs(mixed).max()
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    signal_mv = np.stack([*limb, *(mixed[2:] / np.abs(mixed).max())])
    report = analyse(Recording(signal_mv=signal_mv, fs_hz=500.0, format="synthetic"), synthetic.patient(), models)
    assert codes(report) & {"unlike_real_ecgs", "limb_chest_exchanged", "chest_electrodes_exchanged", "leads_inverted"}


def test_borders_set_by_hand_move_the_measurements_and_are_said(models):
    found = analyse(synthetic.recording(), synthetic.patient(), models)
    later = dataclasses.replace(found.beat.fiducials, t_end=found.beat.fiducials.t_end + 20.0)
    moved = analyse(synthetic.recording(), synthetic.patient(), models, fiducials=later)
    assert moved.features["qt_ms"] == pytest.approx(found.features["qt_ms"] + 20.0)
    assert moved.features["qrs_ms"] == found.features["qrs_ms"]
    np.testing.assert_array_equal(moved.beat.signal_mv, found.beat.signal_mv)
    assert "borders_by_hand" in codes(moved)
    assert "borders_by_hand" not in codes(found)


def test_the_borders_that_were_found_anyway_change_nothing(models):
    found = analyse(synthetic.recording(), synthetic.patient(), models)
    same = analyse(synthetic.recording(), synthetic.patient(), models, fiducials=found.beat.fiducials)
    assert same.estimate.lvm_g == found.estimate.lvm_g
    assert codes(same) == codes(found)


@pytest.mark.parametrize("change", [{"t_end": 9000.0}, {"t_end": 10.0}, {"qrs_on": -900.0}, {"qrs_on": float("nan")}])
def test_borders_outside_the_beat_or_out_of_order_are_refused_in_words(models, change):
    found = analyse(synthetic.recording(), synthetic.patient(), models)
    with pytest.raises(FiducialError, match="check the"):
        analyse(
            synthetic.recording(),
            synthetic.patient(),
            models,
            fiducials=dataclasses.replace(found.beat.fiducials, **change),
        )


@pytest.mark.parametrize(("age_years", "said"), [(9.0, False), (60.0, True), (None, True)])
def test_short_durations_speak_of_a_wrong_rate_in_an_adult_and_never_in_a_child(age_years, said):
    """A child's P, PR, QRS and QT are all short together, as an adult's are at a misstated rate."""
    fast = Recording(signal_mv=synthetic.signal(rr_s=1.0)[0], fs_hz=1000.0, format="synthetic")
    report = analyse(fast, synthetic.patient(age_years=age_years), Models())
    assert ("timing_implausible" in codes(report)) is said
    assert ("not_adult" in codes(report)) is (age_years == 9.0)


def test_the_findings_of_a_report_stand_in_reading_order(models):
    signal = np.array(synthetic.signal(noise_mv=0.06)[0]) * 2.4
    report = analyse(
        Recording(signal_mv=signal, fs_hz=500.0, format="synthetic"), synthetic.patient(height_cm=None), models
    )
    said = [finding.code for finding in report.findings if finding.severity.value == "CAUTION"]
    assert said.index("amplitude_unusual") < said.index("filters_not_stated") == len(said) - 1
