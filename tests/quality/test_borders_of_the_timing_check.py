"""A misstated sampling rate, against a density so simple that the ratio is known by hand."""

import math

import numpy as np
import pytest

from elvmass_core.quality import timing
from elvmass_core.quality.timing import FACTORS, check_timing, log_durations
from tests.quality.drawn import features, severity

USUAL = {"p_ms": 100.0, "pr_ms": 160.0, "qrs_ms": 90.0, "qt_ms": 390.0, "rate_bpm": 60.0}
MEAN = np.log([100.0, 160.0, 90.0, 390.0, 1000.0])


class Bell:
    """Independent normal logs of P, PR, QRS, QT and RR around the usual ones, with one SD for all."""

    def __init__(self, sd):
        self._sd = sd

    def log(self, rows):
        return -0.5 * np.nansum(((rows - MEAN) / self._sd) ** 2, axis=1)


def stretched(factor, **changes):
    """The usual durations as they look when the rate is misstated by a factor."""
    values = {name: value / factor if name == "rate_bpm" else value * factor for name, value in USUAL.items()}
    return features(**(values | changes))


def sd_for(log_ratio, factor, n=5):
    """The SD at which that factor beats none by this log ratio: n·ln(factor)² / (2·SD²)."""
    return math.sqrt(n * math.log(factor) ** 2 / (2.0 * log_ratio))


@pytest.mark.parametrize("factor", [0.25, 0.5, 0.6, 0.72, 0.8, 1.25, 1.39, 1.6, 2.0, 2.5, 4.0])
def test_each_factor_between_usual_rates_is_found_and_named(monkeypatch, factor):
    monkeypatch.setattr(timing, "real_durations", lambda: Bell(0.05))
    assert factor in FACTORS
    (found,) = check_timing(stretched(factor))
    words = f"{factor:g} times shorter" if factor > 1.0 else f"{1.0 / factor:.2g} times longer"
    assert f"if they were {words}" in found.message


@pytest.mark.parametrize(("log_ratio", "said"), [(3.45, ""), (3.55, "caution"), (6.95, "caution"), (7.05, "stop")])
@pytest.mark.parametrize("factor", [0.5, 1.25])
def test_a_log_ratio_of_35_is_a_caution_and_of_7_a_stop(monkeypatch, factor, log_ratio, said):
    monkeypatch.setattr(timing, "real_durations", lambda: Bell(sd_for(log_ratio, factor)))
    assert severity(check_timing(stretched(factor)), "timing_implausible") == said


@pytest.mark.parametrize(("log_ratio", "said"), [(6.95, ""), (7.05, "caution"), (50.0, "caution")])
def test_a_wide_qrs_is_likelier_a_block_and_never_a_stop(monkeypatch, log_ratio, said):
    monkeypatch.setattr(timing, "real_durations", lambda: Bell(sd_for(log_ratio, 4 / 3 * 1.2)))
    monkeypatch.setattr(timing, "FACTORS", (4 / 3 * 1.2,))
    assert stretched(1.6)["qrs_ms"] >= 120.0
    assert severity(check_timing(stretched(4 / 3 * 1.2)), "timing_implausible") == said


@pytest.mark.parametrize(("qrs_ms", "said"), [(119.0, "stop"), (120.0, "caution"), (None, "stop")])
def test_a_qrs_is_wide_from_120_ms(monkeypatch, qrs_ms, said):
    monkeypatch.setattr(timing, "real_durations", lambda: Bell(0.1))
    assert severity(check_timing(stretched(1.39, qrs_ms=qrs_ms)), "timing_implausible") == said


def test_a_wide_qrs_that_would_have_to_be_longer_is_no_block(monkeypatch):
    monkeypatch.setattr(timing, "real_durations", lambda: Bell(0.1))
    assert severity(check_timing(stretched(0.5, qrs_ms=130.0)), "timing_implausible") == "stop"


def test_usual_durations_are_left_alone(monkeypatch):
    monkeypatch.setattr(timing, "real_durations", lambda: Bell(0.05))
    assert check_timing(stretched(1.0)) == ()


def test_one_duration_alone_says_nothing_of_the_rate_and_two_do(monkeypatch):
    monkeypatch.setattr(timing, "real_durations", lambda: Bell(0.05))
    absent = dict.fromkeys(("p_ms", "pr_ms", "qrs_ms", "qt_ms"))
    assert check_timing(stretched(0.5, **absent)) == ()
    assert len(check_timing(stretched(0.5, **(absent | {"qrs_ms": 45.0})))) == 1


def test_what_is_absent_or_not_positive_has_no_logarithm():
    logs = log_durations(features(p_ms=0.0, pr_ms=None, qrs_ms=math.e, qt_ms=0.5, rate_bpm=60000.0))
    np.testing.assert_allclose(logs, [np.nan, np.nan, 1.0, math.log(0.5), 0.0], atol=1e-12)
    assert np.isnan(log_durations(features(rate_bpm=None))[4])
