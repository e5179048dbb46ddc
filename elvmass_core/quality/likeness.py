"""How far an ECG lies from real ones, and from those the model learned from.

Far from real ECGs, the recording itself is in doubt: a CAUTION or a STOP. Far only from the training ECGs, the model is
asked about something it has not seen: a NOTE.
"""

from collections.abc import Sequence

from elvmass_core.domain import Distance
from elvmass_core.quality.findings import Findings, caution, note, stop
from elvmass_core.wording import beyond

REAL, TRAINING = "real", "training"
REAL_CAUTION, REAL_STOP = 2.4, 5.0
"""Distance from real ECGs. Left out in turn, the 55 real recordings behind the density lie at 0.9 in the median, 1.9
at 90 % and 3.0 at most (a paced one). STOP is assumed."""
TRAINING_NOTE = 0.99
"""Share of the held-back training crowd that lies nearer, above which an ECG is far from what the model has seen."""


def check_likeness(real: Distance, training: Distance | None) -> Findings:
    """What the two distances mean."""
    if real.value > REAL_CAUTION:
        say = stop if real.value > REAL_STOP else caution
        message = (
            "The shape of the heartbeat is unlike that of real 12-lead ECGs: check electrodes, leads and export. "
            "If the recording is right, the heart is one that few recordings resemble."
        )
        return say(
            "unlike_real_ecgs",
            message,
            f"distance {beyond(real.value, high=REAL_CAUTION, decimals=1)}",
            f"≤ {REAL_CAUTION:g}",
        )
    if training is not None and training.nearer > TRAINING_NOTE:
        message = (
            "This ECG is like real ones but unlike those the model learned from "
            f"({in_words(training)}): it answers beyond what it has seen."
        )
        return note("unlike_training_ecgs", message)
    return ()


def in_words(distance: Distance) -> str:
    """A distance for the reader: "farther out than 93 of 100 real ECGs"."""
    crowd = {REAL: "real ECGs", TRAINING: "ECGs like those the model learned from"}[distance.name]
    if distance.nearer >= 1.0:
        return f"farther out than all {distance.n} {crowd} it was compared with"
    return f"farther out than {100 * distance.nearer:.0f} of 100 {crowd}"


def distances_in_words(distances: Sequence[Distance]) -> str:
    """All of them in one phrase."""
    return ", and ".join(map(in_words, distances))
