"""The command line: its exit codes, its one sentence, its JSON."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.__main__ import main
from elvmass_core.io.wfdb_writer import write_wfdb
from elvmass_core.models.bundle import Models
from elvmass_core.pipeline import analyse
from elvmass_core.report import saved_json
from tests import synthetic
from tests.io.made import muse_xml

WOMAN = ("--sex", "F", "--age", "63", "--height-cm", "160", "--weight-kg", "58")


@pytest.fixture
def ecg(tmp_path):
    """A WFDB record that states no patient."""
    write_wfdb(tmp_path, "ecg", synthetic.signal()[0], 500.0)
    return tmp_path / "ecg.hea"


@pytest.fixture
def run(untrained, capsys):
    """Call the command line with the untrained weights and return exit code, stdout and stderr."""

    def call(*arguments, weights=untrained):
        code = main([*map(str, arguments), "--weights", str(weights)] if weights else [*map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def csv_text(columns, rows):
    return ",".join(columns) + "\n" + "\n".join(",".join(f"{value:.4f}" for value in row) for row in rows)


LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def test_an_estimate_as_json_is_one_object_with_exit_code_0(run, ecg):
    code, out, err = run("estimate", ecg, *WOMAN, "--json", "--explain")
    stored = json.loads(out)
    assert (code, err) == (0, "")
    assert stored["estimate"]["lvh"] in ("flagged", "not_flagged", "uncertain")
    assert abs(stored["attribution"]["delta_g"]) <= 0.5


def test_header_and_data_may_both_be_named(run, ecg):
    assert run("estimate", ecg, ecg.with_suffix(".dat"), *WOMAN)[0] == 0


def test_words_for_people_hold_the_number_the_interval_and_the_disclaimer(run, ecg):
    code, out, _ = run("estimate", ecg, *WOMAN, "--explain")
    assert code == 0
    assert "LV mass" in out
    assert "% interval" in out
    assert "not for diagnosis" in out
    assert "Share of ST–T" in out


def test_the_words_give_the_cut_off_its_source_the_probability_and_the_grams_of_the_explanation(run, ecg):
    _, out, _ = run("estimate", ecg, *WOMAN, "--explain")
    assert "Cut-off 65 g/m², coronary CT angiography: Fuchs" in out
    assert "P(LVH)" in out
    assert "prevalence 15 %" in out
    assert "From body size, age and sex alone 88 g" in out
    assert " g  T, precordial leads" in out
    assert " g  other samples, limb leads" in out


def test_without_body_size_the_words_claim_none_and_show_no_cut_off(run, ecg):
    _, out, _ = run("estimate", ecg, "--sex", "F", "--age", "63")
    assert "From age and sex alone" in out
    assert "Cut-off" not in out
    assert "P(LVH)" not in out


def test_a_wide_qrs_is_cautioned_in_the_first_line_and_gets_no_probability(run, ecg_data):
    ecg = ecg_data / "ludb" / "34_uv.hea"
    code, out, _ = run("estimate", ecg, *WOMAN)
    assert code == 0
    first, mass, *_ = out.splitlines()
    assert first.startswith("CAUTION: Outside what the models know: the heart is paced; the QRS is wide")
    assert mass.startswith("LV mass")
    assert "LVH no result: not judged" in out
    assert "P(LVH)" not in out
    assert "Cut-off" not in out


def test_an_unknown_sex_gives_two_estimates_and_exit_code_0(run, ecg):
    code, out, _ = run("estimate", ecg, "--age", "50", "--sex", "unknown", "--json")
    stored = json.loads(out)
    assert code == 0
    assert stored["estimate"] is None
    assert {one["sex"] for one in stored["estimates"]} == {"F", "M"}
    assert {one["lvh"] for one in stored["estimates"]} == {"no_result"}


def test_a_stop_gives_exit_code_3_and_still_the_json(run, ecg):
    code, out, _ = run("estimate", ecg, "--sex", "F", "--json")
    stored = json.loads(out)
    assert code == 3
    assert stored["estimate"] is None
    assert "age_missing" in [finding["code"] for finding in stored["findings"]]


def test_the_command_line_wins_over_the_file_with_a_caution(run, tmp_path):
    write_wfdb(tmp_path, "ecg", synthetic.signal()[0], 500.0, comments=("Age: 40", "Sex: Male"))
    _, out, _ = run("estimate", tmp_path / "ecg.hea", *WOMAN, "--json")
    stored = json.loads(out)
    assert stored["patient"]["sex"] == "F"
    assert {"sex_conflict", "age_conflict"} <= {finding["code"] for finding in stored["findings"]}


def test_what_the_file_states_of_the_patient_is_used(run, tmp_path):
    write_wfdb(tmp_path, "ecg", synthetic.signal()[0], 500.0, comments=("Age: 40", "Sex: Male"))
    code, out, _ = run("estimate", tmp_path / "ecg.hea", "--json")
    assert code == 0
    assert json.loads(out)["patient"]["age"] == 40.0


def spoiled(tmp_path, kind):
    """One bad input, as a path."""
    signal = np.array(synthetic.signal()[0])
    path = tmp_path / "bad.csv"
    if kind == "empty file":
        path.write_bytes(b"")
    elif kind == "text renamed .dcm":
        path = tmp_path / "IM0001.dcm"
        path.write_text("This is not an ECG.")
    elif kind == "truncated .dat":
        write_wfdb(tmp_path, "cut", signal, 500.0)
        data = tmp_path / "cut.dat"
        data.write_bytes(data.read_bytes()[:9001])
        path = tmp_path / "cut.hea"
    elif kind == "uV given as mV":
        path.write_text(csv_text(LEADS, 1000.0 * signal.T))
    elif kind == "NaN lead":
        signal[7] = np.nan
        path.write_text(csv_text(LEADS, signal.T))
    elif kind == "one lead":
        path.write_text(csv_text(LEADS[:1], signal[:1].T))
    return path


@pytest.mark.parametrize(
    "kind, code",
    [
        ("empty file", 2),
        ("text renamed .dcm", 2),
        ("truncated .dat", 2),
        ("uV given as mV", 3),
        ("NaN lead", 3),
        ("one lead", 2),
        ("no such file", 2),
    ],
)
def test_bad_input_gives_one_plain_sentence_and_exit_code_2_or_3(run, tmp_path, kind, code):
    arguments = ("estimate", spoiled(tmp_path, kind), *WOMAN, "--unit", "mV", "--fs", "500")
    got, out, err = run(*arguments)
    assert got == code
    assert "Traceback" not in out + err
    if code == 2:
        assert len(err.strip().splitlines()) == 1
        assert out == ""
    else:
        assert "STOP" in out
        assert "LV mass" not in out


def test_a_csv_without_a_unit_or_rate_asks_for_them(run, tmp_path):
    path = tmp_path / "ecg.csv"
    path.write_text(csv_text(LEADS, synthetic.signal()[0].T))
    code, _, err = run("estimate", path, *WOMAN)
    assert code == 2
    assert "rate" in err
    code, _, err = run("estimate", path, *WOMAN, "--fs", "500")
    assert code == 2
    assert "uV" in err


def test_an_impossible_height_is_bad_usage(run, ecg):
    code, _, err = run("estimate", ecg, "--sex", "F", "--age", "60", "--height-cm", "1.6")
    assert code == 2
    assert "height" in err


def test_inspect_shows_every_finding_about_the_recording(run, tmp_path):
    write_wfdb(tmp_path, "ecg", 5.0 * synthetic.signal()[0], 500.0)
    _, out, _ = run("inspect", tmp_path / "ecg.hea", weights=None)
    assert "amplitude_implausible" in out
    assert "no_weights" not in out


def test_a_rate_against_the_file_is_refused(run, ecg):
    code, out, _ = run("estimate", ecg, *WOMAN, "--fs", "250", "--json")
    assert code == 3
    assert json.loads(out)["estimate"] is None


def test_a_folder_that_cannot_be_written_is_one_sentence(run, tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "cohort"
    code, _, err = run("simulate", "--n", "1", "--seed", "1", "--out", out, "--workers", "1", weights=None)
    assert code == 2
    assert len(err.strip().splitlines()) == 1


def test_a_terminal_without_unicode_still_gets_an_answer(ecg, untrained):
    command = [sys.executable, "-m", "elvmass_core", "estimate", str(ecg), *WOMAN, "--weights", str(untrained)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, env=environment)
    assert done.returncode == 0
    assert "g/m²" in done.stdout.decode("utf-8")


def test_inspect_says_what_was_read(run, ecg):
    code, out, _ = run("inspect", ecg, weights=None)
    assert code == 0
    assert "WFDB" in out
    assert "500 Hz" in out
    assert "sex unknown, age unknown" in out


def test_inspect_says_the_same_as_json(run, ecg):
    code, out, _ = run("inspect", ecg, "--json", weights=None)
    found = json.loads(out)
    assert (code, found["estimate"], found["recording"]["fs_hz"]) == (0, None, 500.0)
    assert found["features"] and found["criteria"]
    assert not {"no_weights", "age_missing"} & {finding["code"] for finding in found["findings"]}


def test_inspect_says_whose_ecg_the_file_states_it_is(run, tmp_path):
    write_wfdb(tmp_path, "ecg", synthetic.signal()[0], 500.0, comments=("Age: 93", "Sex: Male"))
    _, out, _ = run("inspect", tmp_path / "ecg.hea", weights=None)
    assert "sex M, age 90+" in out


@pytest.mark.parametrize("command", ["estimate", "simulate"])
def test_every_option_has_a_word_of_help(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    lines = capsys.readouterr().out.split("options:")[1].splitlines()
    options = [number for number, line in enumerate(lines) if line.startswith("  -")]
    for number in options:
        alone = len(lines[number].strip().split("  ")) == 1
        assert not alone or lines[number + 1].startswith(" " * 20), lines[number]


def test_verify_accepts_sound_weights_and_names_bad_ones(run, tmp_path):
    assert run("verify")[0] == 0
    code, _, err = run("verify", weights=tmp_path)
    assert code == 2
    assert "No usable weights" in err


def test_no_weights_is_a_refusal_and_not_a_crash(run, ecg, tmp_path):
    code, out, _ = run("estimate", ecg, *WOMAN, weights=tmp_path)
    assert code == 3
    assert "weights are not available" in out


def test_bad_usage_exits_with_2_in_a_process_of_its_own():
    done = subprocess.run([sys.executable, "-m", "elvmass_core", "estimate"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_every_ecg_of_a_table_is_explained_into_one_file(run, tmp_path):
    """Segments and inputs of each add up to the difference from its reference."""
    assert run("simulate", "--n", "6", "--seed", "12", "--out", tmp_path / "cohort", weights=None)[0] == 0
    table, out = tmp_path / "cohort" / "patients.csv", tmp_path / "maps.npz"
    code, said, _ = run("attribute", "--table", table, "--out", out, "--workers", "1")
    assert code == 0 and "ECGs" in said
    with np.load(out) as maps:
        total = np.nansum(maps["segments_g"], axis=(1, 2)) + maps["tabular_g"].sum(axis=1)
        np.testing.assert_allclose(total, maps["estimate_g"] - maps["reference_g"], atol=0.51)
        assert maps["segments_g"].shape[1:] == (len(maps["leads"]), len(maps["segments"]))
        assert set(maps["sex"]) <= {"F", "M"} and len(maps["record"]) >= 5


def test_a_saved_analysis_is_estimated_with_what_was_entered_then(run, tmp_path):
    report = analyse(synthetic.recording(), synthetic.patient(), Models())
    later = replace(report.beat.fiducials, t_end=report.beat.fiducials.t_end + 20.0)
    path = tmp_path / "analysis.json"
    path.write_bytes(saved_json(report, later))
    code, out, _ = run("estimate", path, "--json")
    stored = json.loads(out)
    assert code == 0
    assert stored["patient"]["height_cm"] == synthetic.patient().height_cm
    assert stored["beat"]["fiducials_ms"]["t_end"] == later.t_end
    assert json.loads(run("estimate", path, "--json", "--height-cm", "180")[1])["patient"]["height_cm"] == 180


def test_inspect_names_the_filters_and_the_beat_of_the_device(run, tmp_path):
    signal_mv, _ = synthetic.signal()
    path = tmp_path / "muse.xml"
    path.write_bytes(muse_xml(signal_mv, beat_mv=signal_mv[:, :600]))
    _, out, _ = run("inspect", path, weights=None)
    assert "GE MUSE XML, 500 Hz, 10.0 s" in out
    assert "device filter 0.05–150 Hz, notch 60 Hz" in out
    assert "Median beat of the device: 1200 ms" in out
    assert "CANARY" not in out
