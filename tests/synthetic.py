"""A hand-made ECG with known times and amplitudes: an oracle that owes nothing to the simulator."""

import numpy as np

from elvmass_core.domain import DeviceFilters, Patient, Recording, Sex

R_GAIN = {"I": 0.7, "II": 1.0, "V1": 0.15, "V2": 0.4, "V3": 0.8, "V4": 1.3, "V5": 1.2, "V6": 0.9}
S_GAIN = {"I": 0.1, "II": 0.1, "V1": 0.9, "V2": 1.2, "V3": 0.8, "V4": 0.4, "V5": 0.2, "V6": 0.1}
T_GAIN = {"I": 0.2, "II": 0.3, "V1": 0.05, "V2": 0.4, "V3": 0.5, "V4": 0.45, "V5": 0.35, "V6": 0.25}


def wave(times_s, centre_s, width_s):
    """A Gaussian of height 1."""
    return np.exp(-0.5 * ((times_s - centre_s) / width_s) ** 2)


def signal(fs_hz=500.0, duration_s=10.0, rr_s=0.85, noise_mv=0.005, seed=0, first_r_s=0.5):
    """(12, n) mV and the R times; P at R − 160 ms, R at 0, S at R + 25 ms, T at R + 270 ms."""
    times = np.arange(round(duration_s * fs_hz)) / fs_hz
    r_times = np.arange(first_r_s, duration_s, rr_s)
    rng = np.random.default_rng(seed)
    leads = {}
    for name in R_GAIN:
        lead = noise_mv * rng.standard_normal(times.size)
        for r in r_times:
            lead += 0.12 * wave(times, r - 0.16, 0.022) + R_GAIN[name] * wave(times, r, 0.010)
            lead += -S_GAIN[name] * wave(times, r + 0.025, 0.010) + T_GAIN[name] * wave(times, r + 0.27, 0.045)
        leads[name] = lead
    one, two = leads["I"], leads["II"]
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    return np.stack([*limb, *(leads[f"V{n}"] for n in range(1, 7))]), r_times


def recording(**options):
    """A `Recording` of `signal`."""
    fs_hz = options.get("fs_hz", 500.0)
    filters = DeviceFilters(highpass_hz=0.0, lowpass_hz=0.0, notch_hz=0.0)
    return Recording(signal_mv=signal(**options)[0], fs_hz=fs_hz, format="synthetic", filters=filters)


def patient(**changes):
    """A woman of 60."""
    facts = {"sex": Sex.FEMALE, "age_years": 60.0, "height_cm": 160.0, "weight_kg": 60.0} | changes
    return Patient(**facts)
