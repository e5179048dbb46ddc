"""The page of proofs holds every line and what is stored; the readers of results judge as they say."""

import json
import re

import numpy as np
import pytest

from benchmarks import claim_readers, claims, prove, soak
from benchmarks.isolation import Places
from benchmarks.record import spread
from benchmarks.upload_files import DATES, FORMATS, FS_HZ, files_of, simulated_case
from elvmass_core.io import open_files

ALL = list(claims.all_claims())
LOOKS = [{"uploads": n, "app_mb": 500.0} for n in range(0, 2000, 10)]


@pytest.fixture(scope="module")
def page():
    return prove.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("claim", ALL, ids=lambda claim: claim.what)
def test_the_page_names_every_line_with_its_figure_to_reach_and_its_command(page, claim):
    assert f"| {claim.what} | {claim.goal} |" in page
    assert f"- `{claim.command}` → `{claim.source}`" in page


@pytest.mark.parametrize("command", [command for command, _ in prove.commands()])
def test_every_command_runs_a_script_that_exists(command):
    assert prove.script_of(command).is_file()


@pytest.mark.parametrize("claim", [one for one in ALL if one.path.is_file()], ids=lambda claim: claim.what)
def test_the_page_says_what_is_stored(page, claim):
    one = prove.judged(claim)
    assert f"| {claim.what} | {claim.goal} | {one.measured} | {one.verdict} |" in page


def test_every_row_of_the_figures_to_reach_is_told_once():
    assert len({claim.what for claim in ALL}) == len(ALL)
    assert {"2 000 uploads in a row", "injected signal faults", "mutated files"} <= {claim.what for claim in ALL}


def test_a_result_that_is_not_there_is_open_and_not_reached(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "ROOT", tmp_path)
    assert {prove.judged(claim).verdict for claim in ALL} == {prove.OPEN}


def test_a_part_that_is_not_in_the_file_is_open(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "ROOT", tmp_path)
    for claim in ALL:
        claim.path.parent.mkdir(exist_ok=True)
        claim.path.write_text(json.dumps({}), encoding="utf-8")
    assert {prove.judged(claim).verdict for claim in ALL} - {prove.OPEN} == set()


def reversal(alarms, n):
    return {"unchanged": {"alarms": alarms, "n": n, "wilson": [0.0, 0.1]}}


@pytest.mark.parametrize(
    ("real", "simulated", "n", "reached"),
    [(0, 10, 2000, True), (1, 0, 2000, False), (0, 11, 2000, False), (0, 0, 1999, None)],
)
def test_one_false_alarm_on_a_real_recording_or_half_a_per_cent_simulated_is_a_miss(real, simulated, n, reached):
    content = {claim_readers.REAL_SINUS: reversal(real, 88), claim_readers.SIMULATED: reversal(simulated, n)}
    assert claim_readers.false_alarms(content)[1] is reached


def soaked(**changes):
    flat = {"quarters": [500.0] * 4, "flat": True}
    one = {"uploads": 2000, "errors": 0, "left": [], "closed": {"sessions": 0}, "memory": {}} | changes
    return {"soak": one | {"memory": {"app_mb": flat, "reader_mb": flat} | one["memory"]}}


@pytest.mark.parametrize(
    ("changes", "reached"),
    [
        ({}, True),
        ({"errors": 1}, False),
        ({"left": ["x"]}, False),
        ({"closed": {"sessions": 1}}, False),
        ({"memory": {"app_mb": {"quarters": [500.0, 520.0, 540.0, 560.0], "flat": False}}}, False),
        ({"uploads": 1999}, None),
        ({"uploads": 10, "errors": 1}, False),
    ],
)
def test_a_soak_is_reached_only_without_error_rest_or_growth_and_in_full(changes, reached):
    assert claim_readers.soaked(soaked(**changes))[1] is reached


@pytest.mark.parametrize(("per_upload_mb", "flat"), [(0.0, True), (0.1, False), (-0.1, True)])
def test_memory_that_grows_is_not_flat(per_upload_mb, flat):
    looks = [one | {"app_mb": 500.0 + per_upload_mb * one["uploads"]} for one in LOOKS]
    found = soak.trend(looks, "app_mb", 2000)
    assert found["flat"] is flat
    assert found["mb_per_1000_uploads"] == pytest.approx(1000 * per_upload_mb, abs=0.01)


def test_growth_during_warm_up_does_not_count():
    looks = [one | {"app_mb": 500.0 if one["uploads"] >= 400 else 300.0} for one in LOOKS]
    assert soak.trend(looks, "app_mb", 2000)["flat"] is True


@pytest.mark.parametrize("n", [1, 2, 7, 20, 100, 2000])
def test_percentiles_are_those_of_numpy(n):
    values = np.random.default_rng(n).exponential(size=n)
    found = spread(values.tolist(), digits=9)
    for name, share in (("p95_s", 0.95), ("p99_s", 0.99)):
        assert found[name] == pytest.approx(np.quantile(values, share, method="inverted_cdf"), abs=1e-8)
    assert found["p50_s"] == pytest.approx(np.median(values), abs=1e-8)


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_file_of_every_format_carries_the_mark_and_is_read_without_it(fmt):
    case, mark = simulated_case(1, 1).on_a_grid(), "QxMARKKRAM"
    files = files_of(fmt, case, mark)
    assert all(mark in name for name in files)
    if fmt != "text":  # numbers alone: only the name of the file can hold it
        assert sum(content.count(mark.encode()) + content.count(mark.encode("utf-32-le")) for content in files.values())
    answers = {"text": {"unit": "uV", "fs_hz": FS_HZ}, "matlab": {"unit": "mV"}}.get(fmt, {})
    recording = open_files(files, **answers).recording
    n = min(recording.n_samples, case.signal_mv.shape[1])
    # EDF's steps are 20 mV / 65 535
    np.testing.assert_allclose(recording.signal_mv[:, :n], case.signal_mv[:, :n], atol=4e-4)
    assert mark not in repr((recording.stated, recording.notes, recording.findings, recording.format))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_the_search_finds_a_mark_and_a_date_in_either_encoding(encoding):
    places = Places(["QxMARKKRAM"])
    places.look("page", f"… QxMARKKRAM, {DATES[0]} …".encode(encoding))
    places.look("log", b"nothing here")
    assert dict(places.found) == {"page": 2, "log": 0}


def test_the_last_line_of_each_traceback_in_a_log_is_counted():
    block = 'Traceback (most recent call last):\n  File "x.py", line 1\n    y\nKeyError: z\n'
    assert soak.raised(f"start\n{block}more\n{block}") == ["KeyError: z"] * 2


def test_no_line_of_the_page_breaks_its_table(page):
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
