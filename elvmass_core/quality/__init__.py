"""May a number be given? Pure checks that return Findings.

`check_patient`, `check_conflicts` and `check_recording` need no beat; `check_beat` judges the averaged beat,
`check_likeness` its distance from others; `outside_scope` says which findings put an ECG outside what the models know,
`in_reading_order` in which order they are read.
Thresholds stand beside the check that uses them, with their source or the word "assumed". `NOT_CHECKED` says what
nobody looks at, so that silence is not read as a pass.
"""

from elvmass_core.quality.beat import check_beat
from elvmass_core.quality.likeness import check_likeness, distances_in_words, in_words
from elvmass_core.quality.order import in_reading_order
from elvmass_core.quality.person import check_conflicts, check_patient
from elvmass_core.quality.recording import check_recording
from elvmass_core.quality.rhythm import ATRIAL_FIBRILLATION
from elvmass_core.quality.scope import outside_scope, scope_words, why_not_judged

NOT_CHECKED = (
    "exchange of the two leg electrodes, which no ECG shows, and many of the exchanges of left arm and left leg",
    "electrodes placed too high or too low",
    "pacemaker spikes that the recorder filtered out, or in recordings sampled below 400 Hz",
    "old infarction, ischaemia, drugs and electrolytes",
    "incomplete left bundle branch block and left posterior fascicular block",
    "body position and breathing",
    "a gain wrong by about two times or less, in all leads or in one group, where the QRS keeps a usual size",
    "a sampling rate wrong by about a quarter or less, where the durations stay usual",
    "filters of the recorder beyond what the file states of them",
)
"""In words for the reader of a result."""

__all__ = [
    "ATRIAL_FIBRILLATION",
    "NOT_CHECKED",
    "check_beat",
    "check_conflicts",
    "check_likeness",
    "check_patient",
    "check_recording",
    "distances_in_words",
    "in_reading_order",
    "in_words",
    "outside_scope",
    "scope_words",
    "why_not_judged",
]
