"""Wrong connections from the potentials of the electrodes themselves, and the limits of what is reported."""

import dataclasses
import re
from itertools import product

import numpy as np
import pytest

from elvmass_core.quality import electrodes
from elvmass_core.quality.electrodes import LEFT_ARM_LEG, check_electrodes, connections, limb_ratio, log_ratios
from elvmass_core.signal import extract_beat
from elvmass_core.signal_space import describe
from elvmass_core.units import LEAD_INDEX
from tests import synthetic
from tests.quality.drawn import BORDERS, P, beat, severity

PLACES = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")
CHEST = PLACES[3:]


def recorded(potentials, cables=None, upside_down=()):
    """I, II and V1–V6 by Einthoven and Wilson, each cable on the place that `cables` names."""
    at = {cable: potentials[(cables or {}).get(cable, cable)] for cable in PLACES}
    terminal = (at["RA"] + at["LA"] + at["LL"]) / 3.0
    leads = {"I": at["LA"] - at["RA"], "II": at["LL"] - at["RA"]} | {name: at[name] - terminal for name in CHEST}
    return np.array([-value if name in upside_down else value for name, value in leads.items()])


def exchanged(*pairs):
    return {cable: place for one, other in pairs for cable, place in ((one, other), (other, one))}


def expected():
    """Every wrong connection by its cables, in the order of the list."""
    limb = [exchanged(("RA", "LA")), exchanged(("RA", "LL")), {"RA": "LA", "LA": "LL", "LL": "RA"},
            {"RA": "LL", "LA": "RA", "LL": "LA"}, exchanged(("LA", "LL"))]  # fmt: skip
    pairs = [[(CHEST[k], CHEST[k + 1])] for k in range(5)] + [[(CHEST[k], CHEST[k + 2])] for k in range(4)]
    pairs += [[("V1", "V6")], [("V1", "V6"), ("V2", "V5"), ("V3", "V4")], [("V1", "V3"), ("V4", "V6")]]
    mixed = [exchanged((arm, chest)) for arm, chest in product(PLACES[:3], CHEST)]
    turned = [("I", "II", *CHEST), CHEST, *((name,) for name in CHEST)]
    cables = [*limb, *(exchanged(*one) for one in pairs), *mixed]
    return [*((one, ()) for one in cables), *(({}, leads) for leads in turned)]


def test_every_connection_does_to_the_leads_what_its_cables_do_to_the_potentials():
    potentials = dict(zip(PLACES, np.random.default_rng(1).normal(size=9), strict=True))
    assert len(connections()) == len(expected()) == 43
    for one, (cables, turned) in zip(connections(), expected(), strict=True):
        seen = recorded(potentials, cables, turned)
        np.testing.assert_allclose(one.matrix @ recorded(potentials), seen, atol=1e-12, err_msg=one.message)
        np.testing.assert_allclose(one.inverse @ seen, recorded(potentials), atol=1e-12)


def test_a_message_names_the_chest_cables_that_were_exchanged():
    for one, (cables, turned) in zip(connections(), expected(), strict=True):
        named = set(re.findall(r"V\d", one.message))
        if one.code == "chest_electrodes_exchanged":
            assert named == set(cables)
        if one.code == "leads_inverted" and named:
            assert named == set(turned)


@pytest.fixture(scope="module")
def sound():
    return extract_beat(synthetic.recording())


def with_ratios(monkeypatch, **by_place):
    """Evidence as given for the connections of these places in the list, none for the others."""
    ratios = np.full(len(connections()), -5.0)
    for place, value in by_place.items():
        ratios[int(place[1:])] = value
    monkeypatch.setattr(electrodes, "log_ratios", lambda _: ratios)


ARM_LEG = next(f"n{k}" for k, one in enumerate(connections()) if one.code == LEFT_ARM_LEG)


@pytest.mark.parametrize(
    ("place", "evidence", "said"),
    [("n0", 8.0, ""), ("n0", 8.1, "stop"), (ARM_LEG, 15.0, ""), (ARM_LEG, 15.1, "caution"), ("n42", 8.1, "stop")],
)
def test_a_connection_is_reported_above_its_evidence(sound, monkeypatch, place, evidence, said):
    with_ratios(monkeypatch, **{place: evidence})
    found = check_electrodes(sound)
    assert severity(found, connections()[int(place[1:])].code) == said
    assert len(found) == bool(said)


def test_of_two_connections_the_likelier_is_named(sound, monkeypatch):
    with_ratios(monkeypatch, n1=20.0, n30=30.0)
    (found,) = check_electrodes(sound)
    assert found.message == connections()[30].message


def test_the_evidence_is_the_ratio_of_two_densities_of_what_each_connection_would_have_recorded(sound):
    from elvmass_core.quality.real_ecgs import real_ecgs
    from elvmass_core.signal_space import rescaled, size_of

    described, density = describe(sound), real_ecgs().density
    for k in (0, 4, 20, 42):
        true = np.linalg.solve(connections()[k].matrix, described)
        jacobian = -described.size * np.log(size_of(true))
        want = density.log(rescaled(true)[None])[0] + jacobian - density.log(described[None])[0]
        assert log_ratios(described)[k] == pytest.approx(want, rel=1e-9)


def flat_limb(ratio, **borders):
    """I of 1 mV and III of `ratio` mV from P to T; II follows."""
    signal = np.zeros((12, 400))
    inside = slice(P.start, 290)
    signal[LEAD_INDEX["I"], inside], signal[LEAD_INDEX["III"], inside] = 1.0, ratio
    signal[LEAD_INDEX["II"]] = signal[LEAD_INDEX["I"]] + signal[LEAD_INDEX["III"]]
    signal[LEAD_INDEX["III"], :20] = 9.0  # outside P to T
    return beat(signal, fiducials=dataclasses.replace(BORDERS, **borders))


@pytest.mark.parametrize(("ratio", "said"), [(0.135, "stop"), (0.138, "")])
def test_the_flattest_limb_lead_has_12_percent_of_the_largest(ratio, said):
    # II is 1 + ratio: 0.12 of it is reached at 0.1364.
    name, measured = limb_ratio(flat_limb(ratio))
    assert (name, measured) == ("III", pytest.approx(ratio / (1.0 + ratio), rel=1e-9))
    assert severity(check_electrodes(flat_limb(ratio)), "right_leg_exchanged") == said


@pytest.mark.parametrize("absent", [{"p_on": None}, {"t_end": None}, {"p_on": None, "t_end": None}])
def test_without_p_or_t_the_limb_leads_are_compared_over_what_is_there(absent):
    assert limb_ratio(flat_limb(0.2, **absent))[1] == pytest.approx(0.2 / 1.2, rel=1e-9)


def test_the_first_and_the_last_sample_count():
    signal = np.zeros((12, 400))
    ends = [P.start, 290]  # P onset and T end
    for lead in ("I", "III"):
        signal[LEAD_INDEX[lead], ends] = 1.0
    signal[LEAD_INDEX["II"], ends[0]] = 1.0
    assert limb_ratio(beat(signal)) == ("II", pytest.approx(np.sqrt(0.5)))


def test_flat_limb_leads_alone_are_no_wrong_connection():
    assert limb_ratio(beat())[1] == 0.0


@pytest.mark.parametrize("border", ["qrs_on", "qrs_off"])
def test_without_a_border_of_the_qrs_nothing_is_said_of_electrodes(border):
    assert check_electrodes(flat_limb(0.01, **{border: None})) == ()


def with_p(ii_mv, avr_mv, monkeypatch):
    """A P wave of these mean heights over the line between its ends."""
    monkeypatch.setattr(electrodes, "log_ratios", lambda _: np.zeros(len(connections())))
    signal = np.zeros((12, 400))
    signal[:3, 120:160] = [[1.0], [1.0], [1.0]]
    n = P.stop - P.start
    for lead, mean in (("II", ii_mv), ("aVR", avr_mv)):
        signal[LEAD_INDEX[lead], P] = np.linspace(0.3, 0.1, n)  # a line that is none of P
        signal[LEAD_INDEX[lead], P.start + 1 : P.stop - 1] += mean * n / (n - 2)
    return check_electrodes(beat(signal))


@pytest.mark.parametrize(
    ("ii_mv", "avr_mv", "said"),
    [
        (-0.0105, 0.0055, "caution"), (-0.0095, 0.0055, ""), (-0.0105, 0.0045, ""), (0.02, 0.02, ""),
        (-0.02, -0.02, ""),
    ],
)  # fmt: skip
def test_p_is_upside_down_from_10_microvolts_in_ii_and_5_in_avr(monkeypatch, ii_mv, avr_mv, said):
    assert severity(with_p(ii_mv, avr_mv, monkeypatch), "p_inverted") == said


@pytest.mark.parametrize(("width_ms", "first"), [(119.0, False), (120.0, True)])
def test_a_wide_qrs_is_named_before_an_inverted_p(monkeypatch, width_ms, first):
    wide = dataclasses.replace(BORDERS, qrs_off=BORDERS.qrs_on + width_ms)
    signal = np.zeros((12, 400))
    signal[:3, 120:160] = 1.0
    signal[LEAD_INDEX["II"], P.start + 1 : P.stop - 1] = -0.1
    signal[LEAD_INDEX["aVR"], P.start + 1 : P.stop - 1] = 0.1
    monkeypatch.setattr(electrodes, "log_ratios", lambda _: np.zeros(len(connections())))
    (found,) = check_electrodes(beat(signal, fiducials=wide))
    assert found.message.startswith("The QRS is wide") is first
