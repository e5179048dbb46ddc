"""The held-out patients that every test asks about, and their maps through any network."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from elvmass_core.attribution.methods import Maps, Points, expected_gradients, integrated_gradients
from elvmass_core.attribution.tables import ROWS, regions
from elvmass_core.domain import BEAT_FS_HZ, FloatArray
from elvmass_core.models.bundle import Bundle
from elvmass_core.models.inputs import Normaliser, column
from elvmass_core.sanity.learners import Learner
from elvmass_core.segments import SEGMENT_NAMES, segment_masks
from elvmass_core.signal.delineate import delineate
from elvmass_core.study.dataset import Dataset
from elvmass_core.units import LEAD_INDEX

STEPS = 32
EXPECTED_STEPS = 8
"""For each of the references, as in the app."""
Floats32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cases:
    """Patients of one sex in whom P, PR, QRS, ST and T were all found, and where their explanations start.

    Attributes
    ----------
    beats_mv : array (n, 12, 400)
    rows : array (n, 10)
        Non-waveform inputs in natural units.
    cells : bool array (n, n_cells, 12, 400)
        Samples of every row × segment of the table for reading.
    reference_mv : array (12, 400)
    references : array (n, 10)
        The reference person with each patient's own mask.
    set_mv : array (k, 12, 400)
    set_rows : array (n, k, 10)
        The reference set with each patient's own mask.
    """

    beats_mv: FloatArray
    rows: FloatArray
    cells: NDArray[np.bool_]
    reference_mv: FloatArray
    references: FloatArray
    set_mv: FloatArray
    set_rows: FloatArray

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, n: int) -> "Cases":
        """Some of them."""
        return replace(
            self, beats_mv=self.beats_mv[:n], rows=self.rows[:n], cells=self.cells[:n],
            references=self.references[:n], set_rows=self.set_rows[:n],
        )  # fmt: skip

    def points(self, normaliser: Normaliser) -> Points:
        """The patients."""
        return Points.of(self.beats_mv, normaliser(self.rows))

    def starts(self, normaliser: Normaliser) -> Points:
        """The reference of each patient."""
        return Points.of(np.repeat(self.reference_mv[None], len(self), axis=0), normaliser(self.references))

    def set_of(self, patient: int, normaliser: Normaliser) -> Points:
        """The reference set of one patient."""
        return Points.of(self.set_mv, normaliser(self.set_rows[patient]))


def choose_cases(bundle: Bundle, test: Dataset, n: int) -> Cases:
    """The first `n` test patients of the bundle's sex in whom every segment was found.

    Parameters
    ----------
    test : Dataset
        Patients from whom nothing was learned.
    """
    mine, beats, rows, cells = test.of(bundle.sex), [], [], []
    for beat, row in zip(mine.beats_mv.astype(np.float64), mine.rows, strict=True):
        borders = delineate(beat, rr_ms=60000.0 / float(row[column("rate_bpm")]))
        if all(segment_masks(borders)[name] is not None for name in SEGMENT_NAMES):
            beats.append(beat)
            rows.append(row)
            cells.append(np.stack(list(regions(borders).values())))
        if len(rows) == n:
            break
    people = bundle.reference_set
    return Cases(
        beats_mv=np.stack(beats),
        rows=np.stack(rows),
        cells=np.stack(cells),
        reference_mv=bundle.reference_beat_mv,
        references=np.stack([bundle.reference_row(row) for row in rows]),
        set_mv=people.beats_mv,
        set_rows=np.stack([[bundle.masked_as(person, row) for person in people.rows] for row in rows]),
    )


def explained(learner: Learner, cases: Cases, steps: int = STEPS) -> Maps:
    """Integrated gradients on beat and inputs of every patient."""
    return integrated_gradients(
        learner.network, cases.points(learner.normaliser), cases.starts(learner.normaliser), steps
    )


def gradients(learner: Learner, cases: Cases, steps: int = STEPS) -> Floats32:
    """Those on the beat, (n, 12, 400) g."""
    return explained(learner, cases, steps).beat_g.astype(np.float32)


def expected(learner: Learner, cases: Cases, steps: int = EXPECTED_STEPS) -> Floats32:
    """Expected gradients over the bundle's reference set, (n, 12, 400) g."""
    points = cases.points(learner.normaliser)
    return np.concatenate([
        expected_gradients(
            learner.network, points.take(slice(k, k + 1)), cases.set_of(k, learner.normaliser), steps
        ).beat_g.astype(np.float32)
        for k in range(len(cases))
    ])  # fmt: skip


# --- Ways to read a map: each makes of maps (n, 12, 400) rows of numbers (n, values) ----------------------------------


def samples(maps: FloatArray | Floats32) -> FloatArray:
    """Every sample of every lead."""
    return np.asarray(maps, dtype=np.float64).reshape(len(maps), -1)


def limb_summed(maps: FloatArray | Floats32) -> FloatArray:
    """Every sample, the six limb leads added up (they are two measurements)."""
    rows = [maps[:, [LEAD_INDEX[lead] for lead in leads]].sum(axis=1, dtype=np.float64) for leads in ROWS.values()]
    return np.stack(rows, axis=1).reshape(len(maps), -1)


def smoothed(maps: FloatArray | Floats32, sd_ms: float) -> FloatArray:
    """Every sample, smoothed in time by a Gaussian."""
    return samples(gaussian_filter1d(np.asarray(maps, dtype=np.float64), sd_ms * BEAT_FS_HZ / 1000.0, axis=-1))


def in_cells(maps: FloatArray | Floats32, cells: NDArray[np.bool_]) -> FloatArray:
    """Sums over the cells of the table for reading, (n, n_cells)."""
    return np.einsum("nls,ncls->nc", np.asarray(maps, dtype=np.float64), cells, optimize=True)
