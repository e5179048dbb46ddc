"""In which order findings are read: the one rule behind page, paper, JSON and table.

Most serious first. Within one severity first what forbids or turns the whole answer (another person, another file, a
wrong connection, a wrong gain, another rhythm), then what weakens it (noise, the averaged beat, a patient the model
does not know), then the cardiograph's filters and what merely explains.
"""

from collections.abc import Iterable

from elvmass_core.domain import Finding, by_severity

READING_ORDER: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "person",
        (
            "not_adult", "age_missing", "body_size_implausible", "sex_conflict", "age_conflict", "height_conflict",
            "weight_conflict",
        ),
    ),
    (
        "file",
        (
            "data_of_another_header", "checksum_mismatch", "data_longer_than_header", "leads_missing",
            "lead_order_assumed",
        ),
    ),
    (
        "connection",
        (
            "limb_electrodes_exchanged", "right_leg_exchanged", "limb_chest_exchanged", "chest_electrodes_exchanged",
            "recording_inverted", "leads_inverted", "leads_identical", "one_source", "left_arm_leg_exchanged",
            "p_inverted",
        ),
    ),
    (
        "gain and rate",
        (
            "unit_overridden", "rate_overridden", "amplitude_implausible", "lead_gain", "einthoven_residual",
            "amplitude_unusual", "timing_implausible", "channel_skew",
        ),
    ),
    (
        "rhythm and conduction",
        (
            "paced", "wpw", "wide_qrs", "lbbb", "rbbb", "lafb", "atrial_fibrillation", "irregular_rhythm",
            "p_wave_not_found", "rate_outside_limits", "ectopy", "irbbb",
        ),
    ),
    (
        "signal",
        (
            "samples_missing", "lead_flat", "lead_clipped", "lead_noisy", "noisy", "muscle_noise", "mains_noise",
            "electrode_jump", "baseline_wander", "gaps_filled",
        ),
    ),
    (
        "averaged beat",
        (
            "no_beat", "few_beats", "many_beats_rejected", "waves_not_found", "qrs_borders", "t_wave_not_found",
            "axis_undefined", "borders_by_hand",
        ),
    ),
    (
        "model",
        (
            "no_weights", "estimate_implausible", "unlike_real_ecgs", "mass_outside_training", "age_outside_training",
            "height_outside_training", "weight_outside_training", "attribution_incomplete", "unlike_training_ecgs",
        ),
    ),
    ("device", ("filter_lowpass", "filter_highpass", "filters_not_stated", "sampling_rate_low")),
    ("explanation", ("sex_unknown", "body_size_unknown", "leads_derived", "patient_field_ignored")),
)  # fmt: skip
"""Groups of codes, first what matters most to the reader; a code that is in none comes last."""

_RANK = {code: rank for rank, code in enumerate(code for _, codes in READING_ORDER for code in codes)}


def in_reading_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Most serious first, then by `READING_ORDER`; findings of one code keep their order."""
    return by_severity(sorted(findings, key=lambda finding: _RANK.get(finding.code, len(_RANK))))
