"""The table of intervals: values, what is usual for adults of the sex, and nothing usual for a child."""

from elvmass_core.domain import Recording, Sex
from elvmass_core.features import measure
from elvmass_core.signal import extract_beat
from pages.shared.render import interval_rows
from tests import synthetic


def rows(**person):
    recording = Recording(signal_mv=synthetic.signal(rr_s=0.5)[0], fs_hz=500.0, format="synthetic")
    return interval_rows(measure(extract_beat(recording)), Sex.FEMALE, **person)


def test_a_fast_rate_is_marked_in_an_adult_beside_what_is_usual():
    (rate,) = [row for row in rows(age_years=60.0) if row["Measurement"] == "Heart rate"]
    assert rate["Value"] == "120 bpm ▲ high" and "bpm" in rate["Usual"]


def test_a_child_is_shown_its_values_without_marks_or_adult_ranges():
    child = rows(age_years=9.0)
    unmarked = [row["Value"].split(" ▲")[0].split(" ▼")[0] for row in rows(age_years=60.0)]
    assert [row["Value"] for row in child] == unmarked
    assert {row["Usual"] for row in child} == {"adult ranges do not apply"}
