"""Reports of every kind, from a hand-made ECG and untrained networks."""

import dataclasses

import numpy as np

from elvmass_core.domain import Finding, Lvh, Recording, Severity
from elvmass_core.models.bundle import load_models
from elvmass_core.pipeline import analyse
from tests import synthetic


def answered(weights, **changes):
    """A woman with an estimate, a probability and an explanation."""
    return analyse(synthetic.recording(), synthetic.patient(**changes), load_models(weights), explain=True)


def flagged(weights):
    """The same with LVH flagged."""
    report = answered(weights)
    estimate = dataclasses.replace(
        report.estimate, lvh=Lvh.FLAGGED, lvh_reason="the whole interval lies above the cut-off", p_lvh=0.83
    )
    return dataclasses.replace(report, estimates=(estimate,))


def unknown_sex(weights):
    """Both models answer."""
    return answered(weights, sex="unknown")


def refused(weights):
    """Amplitudes a thousand times too large."""
    recording = Recording(signal_mv=synthetic.signal()[0] * 1000.0, fs_hz=500.0, format="synthetic")
    return analyse(recording, synthetic.patient(), load_models(weights))


def without_beat(weights):
    """A flat line: not even a beat."""
    recording = Recording(signal_mv=np.zeros((12, 5000)), fs_hz=500.0, format="synthetic")
    return analyse(recording, synthetic.patient(), load_models(weights))


def without_lead(weights):
    """Lead V4 is not in the recording."""
    signal = np.array(synthetic.signal()[0])
    signal[9] = np.nan
    recording = Recording(signal_mv=signal, fs_hz=500.0, format="synthetic")
    return analyse(recording, synthetic.patient(), load_models(weights))


def many_findings(weights, n=10):
    """More findings than fit."""
    message = "Limb and chest leads differ in size more than most hearts make them: the gain may be wrong. Check it."
    kinds = (Severity.CAUTION, Severity.CAUTION, Severity.NOTE)
    findings = [
        Finding(code=f"found_{k}", severity=kinds[k % 3], message=f"Finding number {k}. {message}", observed=f"{k} mV")
        for k in range(n)
    ]
    return dataclasses.replace(answered(weights), findings=tuple(findings))


KINDS = (answered, flagged, unknown_sex, refused, without_beat, without_lead, many_findings)
