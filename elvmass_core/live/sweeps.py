"""One dial through its range: what is true, what the model says, and what body size alone says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.live.show import Shown, show
from elvmass_core.models.bundle import Models
from elvmass_core.processes import Progress
from elvmass_core.virtual.dial import Dials


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What is turned, in words and with its unit; through which values; and how."""

    words: str
    axis: str
    values: tuple[float, ...]
    turn: Callable[[Dials, float], Dials]


def _wall(dials: Dials, value: float) -> Dials:
    return replace(dials, septum_mm=value, free_wall_mm=value)


def _dial(name: str) -> Callable[[Dials, float], Dials]:
    return lambda dials, value: replace(dials, **{name: type(getattr(dials, name))(value)})


def _steps(low: float, high: float, step: float) -> tuple[float, ...]:
    return tuple(float(value) for value in np.arange(low, high + 0.5 * step, step))


SWEEPS: Mapping[str, Sweep] = {
    "wall": Sweep(words="Grow the wall", axis="both walls, mm", values=_steps(7, 16, 1), turn=_wall),
    "cavity": Sweep(
        words="Widen the cavity", axis="cavity, mL", values=_steps(70, 205, 15), turn=_dial("cavity_ml")
    ),
    "strain": Sweep(
        words="Strain, the same mass", axis="strain, 0 none to 1.6 marked", values=_steps(0.0, 1.6, 0.2),
        turn=_dial("strain"),
    ),
    "weight": Sweep(
        words="Gain weight, the same heart", axis="weight, kg", values=_steps(45, 115, 10), turn=_dial("weight_kg")
    ),
    "fat": Sweep(
        words="Fat under the electrodes, the same heart", axis="extra fat layer, cm", values=_steps(0.0, 2.5, 0.25),
        turn=_dial("fat_cm"),
    ),
    "tilt": Sweep(
        words="Tilt the heart", axis="tilt, ° (− horizontal, + vertical)", values=_steps(-30, 30, 6),
        turn=_dial("tilt_deg"),
    ),
    "electrodes": Sweep(
        words="V1 and V2 too high", axis="V1, V2 higher, cm", values=_steps(-2.5, 5.0, 1.0), turn=_dial("v12_up_cm")
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Swept:
    """A finished sweep; arrays (n,) in g, NaN where there was no estimate.

    `now` is the value where the dials stood, None where that is not on the axis. `beats_mv` (n, 12, 400) are the
    averaged beats, NaN where there was none.
    """

    sweep: Sweep
    values: FloatArray
    truth_g: FloatArray
    estimate_g: FloatArray
    low_g: FloatArray
    high_g: FloatArray
    body_only_g: FloatArray
    beats_mv: FloatArray


def run_sweep(sweep: Sweep, dials: Dials, models: Models, progress: Progress | None = None) -> Swept:
    """Turn one dial through its values, everything else as it stands.

    Parameters
    ----------
    sweep : Sweep
    dials : Dials
        Where the other dials stand.
    models : Models
    progress : callable, optional
        Called with (done, of how many).
    """
    rows, beats = [], []
    for done, value in enumerate(sweep.values, start=1):
        shown = show(sweep.turn(dials, value), models)
        rows.append(_row(shown))
        beats.append(np.full((12, 400), np.nan) if shown.report.beat is None else shown.report.beat.signal_mv)
        if progress is not None:
            progress(done, len(sweep.values))
    truth, estimate, low, high, body_only = np.array(rows).T
    return Swept(
        sweep=sweep, values=np.array(sweep.values), truth_g=truth, estimate_g=estimate, low_g=low, high_g=high,
        body_only_g=body_only, beats_mv=np.array(beats),
    )  # fmt: skip


def _row(shown: Shown) -> tuple[float, float, float, float, float]:
    estimate = shown.report.estimate
    if estimate is None:
        return shown.truth_g, *(float("nan"),) * 4
    return shown.truth_g, estimate.lvm_g, *estimate.interval_g, estimate.demographics_only_g
