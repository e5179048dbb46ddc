"""From grams per sample to what people can read: tables of lead × segment and of lead group × segment.

The six limb leads are two measurements (III, aVR, aVL and aVF follow from I and II), so a share of one of them means
nothing by itself: tables for reading have one row for all six.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from elvmass_core.domain import BEAT_SAMPLES, N_LEADS, Fiducials, FloatArray
from elvmass_core.segments import REST, SEGMENT_NAMES, segment_masks
from elvmass_core.units import LEAD_INDEX, LEADS, LIMB_LEADS, PRECORDIAL_LEADS

SegmentTable = Mapping[str, Mapping[str, float | None]]
"""Row → segment → g, None where a segment is absent."""
LIMB_GROUP = "limb leads"
ROWS: Mapping[str, tuple[str, ...]] = {LIMB_GROUP: LIMB_LEADS} | {lead: (lead,) for lead in PRECORDIAL_LEADS}
"""Rows of a table for reading, and the leads in each."""
COLUMNS = (*SEGMENT_NAMES, REST)


def segment_table(beat_g: FloatArray, fiducials: Fiducials) -> dict[str, dict[str, float | None]]:
    """Sum (12, 400) grams over the segments of each lead."""
    masks = segment_masks(fiducials)
    return {
        lead: {name: None if mask is None else float(beat_g[index, mask].sum()) for name, mask in masks.items()}
        for index, lead in enumerate(LEADS)
    }


def flat_segments(beat_g: NDArray[np.floating], fiducials: Fiducials) -> FloatArray:
    """The same as an array (12, segments) in the order of `COLUMNS`, NaN where a segment is absent."""
    table = segment_table(np.asarray(beat_g, dtype=np.float64), fiducials)
    return np.array([[np.nan if (g := row[name]) is None else g for name in COLUMNS] for row in table.values()])


def grouped(segments: SegmentTable) -> dict[str, dict[str, float | None]]:
    """A table of the twelve leads with the limb leads added up: `ROWS` × `COLUMNS`."""
    return {
        row: {name: _sum_known([segments[lead][name] for lead in leads]) for name in COLUMNS}
        for row, leads in ROWS.items()
    }


def regions(fiducials: Fiducials) -> dict[tuple[str, str], NDArray[np.bool_]]:
    """Samples (12, 400) of every cell of a table for reading, absent segments left out."""
    found = {}
    for row, leads in ROWS.items():
        for name, mask in segment_masks(fiducials).items():
            if mask is not None:
                region = np.zeros((N_LEADS, BEAT_SAMPLES), dtype=bool)
                for lead in leads:
                    region[LEAD_INDEX[lead], mask] = True
                found[row, name] = region
    return found


def flat(table: SegmentTable) -> FloatArray:
    """The known cells of a table in a row."""
    return np.array([g for row in table.values() for g in row.values() if g is not None])


def st_t_share(segments: SegmentTable) -> float | None:
    """Absolute grams on ST and T over absolute grams on all segments and leads; None without ST and T."""
    total = float(np.abs(flat(segments)).sum())
    found = [abs(g) for row in segments.values() for g in (row["ST"], row["T"]) if g is not None]
    return sum(found) / total if found and total > 0 else None


def rank_agreement(one: SegmentTable, other: SegmentTable) -> float | None:
    """Spearman's correlation of two tables of the same cells; None when one does not vary."""
    from scipy.stats import spearmanr

    first, second = flat(one), flat(other)
    if first.std() == 0 or second.std() == 0:
        return None
    return float(spearmanr(first, second).statistic)


def _sum_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(sum(known)) if known else None
