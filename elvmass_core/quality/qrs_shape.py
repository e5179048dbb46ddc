"""The waves of a QRS in one lead, as a reader names them: q, R, S, R′."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import BEAT_FS_HZ, Beat, FloatArray
from elvmass_core.segments import segment_masks
from elvmass_core.units import LEAD_INDEX

WAVE_MV, WAVE_MS = 0.02, 6.0
"""Smallest deflection that counts as a wave. 6 ms: IEC 60601-2-51:2003, clause GG.5, which asks for 0.03 mV of a single
beat; 0.02 mV is assumed for an averaged one."""
SAMPLE_MS = 1000.0 / BEAT_FS_HZ


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A run of the QRS on one side of the PR level: signed peak, time of the peak after QRS onset, and duration."""

    mv: float
    peak_ms: float
    duration_ms: float
    cut_off: bool
    """Whether its peak is at the J point, where the wave runs into ST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadShape:
    """The waves of one lead in order."""

    waves: tuple[Wave, ...]

    @property
    def r(self) -> Wave | None:
        """The tallest positive wave."""
        return max((wave for wave in self.waves if wave.mv > 0.0), key=lambda wave: wave.mv, default=None)

    @property
    def s(self) -> Wave | None:
        """The deepest negative wave after the first positive one."""
        return max((wave for wave in self._from_r() if wave.mv < 0.0), key=lambda wave: -wave.mv, default=None)

    @property
    def q(self) -> Wave | None:
        """A negative wave before the tallest positive one, and with none positive the whole QS."""
        before = self.waves if self.r is None else self.waves[: self.waves.index(self.r)]
        return max((wave for wave in before if wave.mv < 0.0), key=lambda wave: -wave.mv, default=None)

    @property
    def begins_positive(self) -> bool:
        """Whether the first wave is an r."""
        return bool(self.waves) and self.waves[0].mv > 0.0

    @property
    def r_mv(self) -> float:
        """Height of the tallest positive wave; 0 without one."""
        return 0.0 if self.r is None else self.r.mv

    @property
    def deepest_mv(self) -> float:
        """Depth of the deepest negative wave as a positive number; 0 without one."""
        return max((-wave.mv for wave in self.waves if wave.mv < 0.0), default=0.0)

    def terminal_r(self) -> Wave | None:
        """The last positive wave when no deeper one follows it; not the start of ST."""
        whole = [wave for wave in self.waves if not (wave.cut_off and wave.mv > 0.0)]
        positive = [number for number, wave in enumerate(whole) if wave.mv > 0.0]
        if not positive:
            return None
        last = whole[positive[-1]]
        return last if all(-wave.mv <= last.mv for wave in whole[positive[-1] + 1 :]) else None

    def _from_r(self) -> Sequence[Wave]:
        first = next((number for number, wave in enumerate(self.waves) if wave.mv > 0.0), len(self.waves))
        return self.waves[first:]


def lead_shape(beat: Beat, lead: str) -> LeadShape:
    """The QRS waves of one lead of an averaged beat; no waves without QRS borders."""
    qrs = segment_masks(beat.fiducials)["QRS"]
    return LeadShape(waves=() if qrs is None else _waves(beat.signal_mv[LEAD_INDEX[lead], qrs]))


def _waves(qrs_mv: FloatArray) -> tuple[Wave, ...]:
    borders = np.flatnonzero(np.diff(np.sign(qrs_mv))) + 1
    starts, runs = [0, *borders], np.split(qrs_mv, borders)
    found = (_wave(run, int(start), qrs_mv.size) for start, run in zip(starts, runs, strict=True))
    return tuple(wave for wave in found if abs(wave.mv) >= WAVE_MV and wave.duration_ms >= WAVE_MS)


def _wave(run: FloatArray, start: int, n_samples: int) -> Wave:
    peak = int(np.argmax(np.abs(run)))
    return Wave(
        mv=float(run[peak]),
        peak_ms=(start + peak) * SAMPLE_MS,
        duration_ms=run.size * SAMPLE_MS,
        cut_off=start + peak == n_samples - 1,
    )
