"""Ten seconds: what the rhythm does to the leads, noise, the band of the device and its resolution."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import periodogram

from elvmass_core.errors import CohortError
from elvmass_core.units import LEAD_INDEX
from elvmass_core.virtual import (
    PRESETS,
    SimulatedBeat,
    VirtualPatient,
    sample_patient,
    simulate_beat,
    simulate_recording,
)
from elvmass_core.virtual.activation import Root
from elvmass_core.virtual.atria import fibrillation_mv, p_wave_mv
from elvmass_core.virtual.beat import leads_from_electrodes, simulate_ectopic_beat
from elvmass_core.virtual.device import counts_per_mv, device_band
from elvmass_core.virtual.noise import electrode_noise
from elvmass_core.virtual.patient import Recorder, RhythmKind

FS_HZ = 500.0
OUTFLOW = Root(site="rv", height=0.85, theta_deg=-25.0, delay_ms=0.0)


@pytest.fixture(scope="module")
def patient() -> VirtualPatient:
    sampled = sample_patient(np.random.default_rng([5, 1]))
    return replace(sampled, rhythm=replace(sampled.rhythm, kind=RhythmKind.SINUS, n_premature=0, ectopic_root=None))


@pytest.fixture(scope="module")
def beat(patient: VirtualPatient) -> SimulatedBeat:
    return simulate_beat(patient)


def _silent(patient: VirtualPatient) -> VirtualPatient:
    return replace(patient, recorder=replace(patient.recorder, noise_scale=0.0))


def _with_rhythm(patient: VirtualPatient, kind: RhythmKind, **changes: object) -> VirtualPatient:
    return replace(_silent(patient), rhythm=replace(patient.rhythm, kind=kind, **changes))


def test_a_recording_is_twelve_leads_of_ten_seconds_at_500_hz(patient: VirtualPatient, beat: SimulatedBeat) -> None:
    recording = simulate_recording(patient, np.random.default_rng(1), beat=beat)
    assert recording.shape == (12, 5000)
    assert simulate_recording(patient, np.random.default_rng(1), duration_s=4.0, beat=beat).shape == (12, 2000)


@pytest.mark.parametrize("resolution_uv", [1.0, 2.5, 4.8828125, 5.0])
def test_einthoven_and_goldberger_are_exact_in_the_counts_of_every_device(
    patient: VirtualPatient, beat: SimulatedBeat, resolution_uv: float
) -> None:
    recorder = replace(patient.recorder, resolution_uv=resolution_uv)
    recording = simulate_recording(replace(patient, recorder=recorder), np.random.default_rng(2), beat=beat)
    exact = recording * counts_per_mv(resolution_uv)
    counts = np.rint(exact).astype(int)
    np.testing.assert_allclose(counts, exact, atol=1e-6)
    i, ii, iii, avr, avl, avf = counts[:6]
    assert np.array_equal(i + iii, ii)
    assert np.array_equal(2 * avr, -(i + ii))
    assert np.array_equal(2 * avl, 2 * i - ii)
    assert np.array_equal(2 * avf, 2 * ii - i)
    measured = counts[[0, 1, *range(6, 12)]]
    assert np.array_equal(measured % 2, np.zeros_like(measured))


def test_the_same_stream_gives_the_same_recording(patient: VirtualPatient) -> None:
    first, second = (simulate_recording(patient, np.random.default_rng(3)) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert not np.array_equal(first, simulate_recording(patient, np.random.default_rng(4)))


def test_there_are_as_many_qrs_complexes_as_the_rate_says(patient: VirtualPatient, beat: SimulatedBeat) -> None:
    recording = simulate_recording(_silent(patient), np.random.default_rng(5), beat=beat)
    steep = np.abs(np.gradient(recording[LEAD_INDEX["V5"]]))
    above = steep > 0.4 * steep.max()
    starts = np.flatnonzero(above[1:] & ~above[:-1])
    complexes = 1 + np.count_nonzero(np.diff(starts) > 0.3 * FS_HZ)
    assert abs(complexes - patient.rhythm.rate_bpm / 6.0) <= 1.5


@pytest.mark.parametrize("rate_bpm", [45.0, 105.0])
def test_no_step_separates_one_beat_from_the_next(
    patient: VirtualPatient, beat: SimulatedBeat, rate_bpm: float
) -> None:
    other = replace(_silent(patient), rhythm=replace(patient.rhythm, rate_bpm=rate_bpm))
    recording = simulate_recording(other, np.random.default_rng(7), beat=beat)
    assert np.abs(np.diff(recording)).max() <= 1.25 * np.abs(np.diff(beat.signal_mv)).max() + 0.01


def test_breathing_moves_the_size_and_the_axis_of_the_qrs(patient: VirtualPatient, beat: SimulatedBeat) -> None:
    still = _with_rhythm(
        patient, RhythmKind.SINUS, respiratory_share=0.0, slow_share=0.0, beat_share=0.0, rate_bpm=60.0
    )
    recording = simulate_recording(still, np.random.default_rng(8), beat=beat)
    onset = int(np.argmax(np.abs(np.gradient(recording[1, :500]))))
    peaks = np.stack([recording[:, max(onset - 60, 0) + 500 * k : onset + 60 + 500 * k] for k in range(1, 9)])
    i, avf = peaks[:, 0].sum(axis=1), peaks[:, LEAD_INDEX["aVF"]].sum(axis=1)
    axis_deg = np.degrees(np.arctan2(2.0 / np.sqrt(3.0) * avf, i))
    sizes = np.ptp(peaks[:, LEAD_INDEX["V5"]], axis=1)
    assert 0.5 < np.ptp(axis_deg) < 25.0
    assert 0.005 < sizes.std() / sizes.mean() < 0.10


def test_f_waves_replace_the_p_wave_and_lie_between_four_and_nine_hertz(
    patient: VirtualPatient, beat: SimulatedBeat
) -> None:
    fibrillating = simulate_beat(_with_rhythm(patient, RhythmKind.ATRIAL_FIBRILLATION, irregularity=0.2))
    assert np.abs(fibrillating.atrial_mv).max() == 0.0
    np.testing.assert_allclose(fibrillating.ventricular_mv, beat.ventricular_mv)
    sizes = []
    for seed in range(8):
        sampled = sample_patient(np.random.default_rng([6, seed])).atria
        leads = leads_from_electrodes(
            fibrillation_mv(np.random.default_rng(seed), beat.atrial_leads, sampled, 5000, FS_HZ)
        )
        frequency, power = periodogram(leads[LEAD_INDEX["V1"]], FS_HZ)
        peak_hz = frequency[power.argmax()]
        assert 3.8 < peak_hz < 9.2
        assert peak_hz == pytest.approx(sampled.fibrillation_hz, rel=0.15)
        assert power[frequency > 1.6 * peak_hz].sum() > 0.05 * power.sum()
        sizes.append(np.ptp(leads.reshape(12, -1, 100), axis=2).mean(axis=1))
    mean = np.median(sizes, axis=0)
    assert 0.05 < mean[LEAD_INDEX["V1"]] < 0.15
    assert mean[LEAD_INDEX["V1"]] > 0.85 * mean.max()


def test_a_premature_atrial_p_wave_has_another_axis_and_the_same_qrs(
    patient: VirtualPatient, beat: SimulatedBeat
) -> None:
    times = np.arange(0.0, 130.0, 2.0)
    usual, low = (
        leads_from_electrodes(p_wave_mv(beat.atrial_leads, patient.atria, times, axis=axis))
        for axis in (None, (0.3, -0.1, 0.95))
    )
    assert usual[LEAD_INDEX["aVF"]].sum() > 0.0 > low[LEAD_INDEX["aVF"]].sum()


def test_a_premature_ventricular_beat_is_wide_without_p_and_its_t_wave_turns_against_its_qrs(
    patient: VirtualPatient, beat: SimulatedBeat
) -> None:
    ectopic_patient = _with_rhythm(patient, RhythmKind.PREMATURE_VENTRICULAR, n_premature=1, ectopic_root=OUTFLOW)
    ectopic = simulate_ectopic_beat(ectopic_patient, beat)
    assert ectopic.qrs_ms > max(120.0, 1.3 * beat.qrs_ms)
    assert np.abs(ectopic.atrial_mv).max() == 0.0
    agreement = []
    for each in (beat, ectopic):
        qrs = (each.times_ms > 0.0) & (each.times_ms < each.qrs_ms + 10.0)
        after = each.times_ms > each.qrs_ms + 10.0
        agreement.append(np.corrcoef(each.signal_mv[:, qrs].sum(axis=1), each.signal_mv[:, after].sum(axis=1))[0, 1])
    assert agreement[1] < min(0.0, agreement[0])


def test_the_ventricular_gradient_does_not_depend_on_where_the_beat_starts(
    patient: VirtualPatient, beat: SimulatedBeat
) -> None:
    # Wilson 1931, Plonsey 1979: with unchanged action potentials the area of QRST is that of the usual beat.
    ectopic_patient = _with_rhythm(patient, RhythmKind.PREMATURE_VENTRICULAR, ectopic_root=OUTFLOW)
    areas = [each.ventricular_mv.sum(axis=1) for each in (beat, simulate_ectopic_beat(ectopic_patient, beat))]
    leads = [leads_from_electrodes(area[:, None])[:, 0] for area in areas]
    assert np.corrcoef(*leads)[0, 1] > 0.95


def test_a_patient_without_a_root_has_no_premature_ventricular_beat(
    patient: VirtualPatient, beat: SimulatedBeat
) -> None:
    with pytest.raises(CohortError, match="ectopic_root"):
        simulate_ectopic_beat(patient, beat)


def _recorder(**changes: float) -> Recorder:
    return replace(Recorder(noise_scale=1.0, mains_hz=60.0), **changes)


def test_noise_grows_with_its_scale_and_is_not_shared_by_the_electrodes() -> None:
    noise = [
        electrode_noise(
            np.random.default_rng(9), 5000, FS_HZ, recorder=_recorder(noise_scale=scale), breathing=np.zeros(5000)
        )
        for scale in (1.0, 2.0)
    ]
    assert noise[0].shape == (9, 5000)
    np.testing.assert_allclose(noise[1], 2.0 * noise[0])
    assert 0.01 < np.median(noise[0].std(axis=1)) < 0.1
    correlation = np.corrcoef(noise[0])[np.triu_indices(9, 1)]
    assert abs(np.median(correlation)) < 0.5


@pytest.mark.parametrize(
    ("name", "value", "band_hz"),
    [("muscle_uv", 30.0, (15.0, 100.0)), ("wander_uv", 300.0, (0.0, 1.0)), ("mains_uv", 30.0, (59.5, 60.5)),
     ("motion_uv", 500.0, (0.0, 5.0))],
)  # fmt: skip
def test_each_kind_of_noise_lies_in_its_band(name: str, value: float, band_hz: tuple[float, float]) -> None:
    usual = {"muscle_uv": 0.0, "amplifier_uv": 0.0, "wander_uv": 0.0, "breathing_uv": 0.0, "mains_uv": 0.0}
    noise = electrode_noise(
        np.random.default_rng(10), 5000, FS_HZ, recorder=_recorder(**{**usual, name: value}), breathing=np.zeros(5000)
    )
    frequency, power = periodogram(noise, FS_HZ, detrend=False)
    inside = (frequency >= band_hz[0]) & (frequency <= band_hz[1])
    assert power[:, inside].sum() > 0.75 * power.sum() > 0.0


def _gain(frequency_hz: float, **band: float) -> float:
    time = np.arange(30000) / FS_HZ
    wave = np.sin(2.0 * np.pi * frequency_hz * time)[None]
    return float(np.sqrt(2.0) * device_band(wave, FS_HZ, **band)[0, 5000:-5000].std())


@pytest.mark.parametrize("low_pass_hz", [40.0, 100.0, 150.0])
def test_the_low_pass_of_the_device_has_its_3_db_point_where_it_says(low_pass_hz: float) -> None:
    gains = [_gain(share * low_pass_hz, high_pass_hz=0.05, low_pass_hz=low_pass_hz) for share in (0.25, 1.0, 1.6)]
    assert gains[0] == pytest.approx(1.0, abs=0.02)
    assert gains[1] == pytest.approx(np.sqrt(0.5), abs=0.03)
    assert gains[2] < 0.35


def test_a_device_for_40_hz_takes_the_height_of_narrow_waves(patient: VirtualPatient, beat: SimulatedBeat) -> None:
    steepest = []
    for low_pass_hz in (40.0, 150.0):
        recorder = replace(patient.recorder, noise_scale=0.0, low_pass_hz=low_pass_hz)
        recording = simulate_recording(replace(patient, recorder=recorder), np.random.default_rng(11), beat=beat)
        steepest.append(np.abs(np.diff(recording)).max())
    assert steepest[0] < 0.95 * steepest[1]


def test_the_high_pass_stops_drift_and_passes_the_ecg() -> None:
    for corner_hz, drift_hz in ((0.05, 0.005), (0.5, 0.05)):
        assert _gain(drift_hz, high_pass_hz=corner_hz, low_pass_hz=150.0) < 0.2
        assert _gain(10.0, high_pass_hz=corner_hz, low_pass_hz=150.0) == pytest.approx(1.0, abs=0.02)


def test_an_offset_of_the_electrodes_is_gone_from_the_first_sample() -> None:
    for corner_hz in (0.05, 0.5):
        band = device_band(np.full((9, 3000), 3.0), FS_HZ, high_pass_hz=corner_hz, low_pass_hz=150.0)
        assert np.abs(band).max() < 1e-6


def test_the_shifted_preset_has_other_devices() -> None:
    usual, shifted = PRESETS["taiwan-like"].recorder, PRESETS["shifted"].recorder
    assert dict(shifted.low_pass_hz)[40.0] > 2.0 * dict(usual.low_pass_hz)[40.0]
    assert 0.5 in dict(shifted.high_pass_hz) and 0.5 not in dict(usual.high_pass_hz)
    assert shifted.mains_hz != usual.mains_hz
    for norms in (usual, shifted):
        for shares in (norms.low_pass_hz, norms.high_pass_hz, norms.resolution_uv):
            assert sum(share for _, share in shares) == pytest.approx(1.0)
