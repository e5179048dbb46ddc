"""The explanation of one estimate: integrated gradients in signed grams, and two other methods beside them.

The path runs from the same-sex reference beat and reference person to the patient. A zero beat would be blind where
the signal is near 0 mV, that is on an iso-electric ST segment.
"""

import itertools

import numpy as np

from elvmass_core.attribution.methods import (
    Maps,
    Points,
    answers_g,
    expected_gradients,
    integrated_gradients,
    occluded_inputs,
    occlusion,
)
from elvmass_core.attribution.tables import (
    COLUMNS,
    ROWS,
    SegmentTable,
    flat,
    grouped,
    rank_agreement,
    regions,
    segment_table,
    st_t_share,
)
from elvmass_core.domain import Attribution, Beat, Features, FloatArray, OtherAttribution, Patient, Sex
from elvmass_core.models.bundle import Bundle
from elvmass_core.models.inputs import GROUPS, columns, tabular_row

METHOD = "integrated gradients on the ensemble mean"
BASELINE = "mean beat of {who} without LVH and mean body of {who} among the {kind}training patients"
EXPECTED = "expected gradients on the ensemble mean"
EXPECTED_BASELINE = "each of {n} single {who} without LVH among the {kind}training patients, averaged"
OCCLUSION = "occlusion of the ensemble mean"
STEPS = (32, 64, 128, 256)
"""Integration steps, doubled until the completeness error is small enough."""
MAX_DELTA_G = 0.25
TOLERATED_DELTA_G = 0.5
"""A completeness error above this is said as a finding (science: 1 % of the difference or 0.5 g)."""
EXPECTED_STEPS = 8
"""For each of the references."""


def explain(bundle: Bundle, beat: Beat, features: Features, patient: Patient) -> Attribution:
    """Attribute estimate − reference to every sample of every lead and to every non-waveform input.

    Returns
    -------
    Attribution
        In grams; sums to the difference up to ``delta_g``. ``others`` holds expected gradients and occlusion.

    Notes
    -----
    `agreement` is ours: the mean pairwise Pearson correlation of the members' own lead × segment tables.
    """
    row = tabular_row(patient, features)
    point = Points.of(beat.signal_mv, bundle.normaliser(row))
    reference = Points.of(bundle.reference_beat_mv, bundle.normaliser(bundle.reference_row(row)))
    difference_g = float(bundle.members_g(beat.signal_mv[None], row[None]).mean()) - bundle.reference_g(row)
    for steps in STEPS:
        members = [integrated_gradients(one, point, reference, steps) for one in bundle.ensemble.members]
        mean = Maps.mean(members)
        delta = float(mean.total_g()[0]) - difference_g
        if abs(delta) <= MAX_DELTA_G:
            break
    segments = segment_table(mean.beat_g[0], beat.fiducials)
    return Attribution(
        method=METHOD,
        baseline=_in_words(bundle, BASELINE),
        beat_g=mean.beat_g[0],
        tabular_g=_by_input(mean.inputs_g[0]),
        segments_g=segments,
        delta_g=delta,
        st_t_share=st_t_share(segments),
        agreement=_agreement([segment_table(one.beat_g[0], beat.fiducials) for one in members]),
        others=(
            _expected(bundle, point, row, beat, segments),
            _occluded(bundle, point, reference, beat, segments),
        ),
    )


def _expected(bundle: Bundle, point: Points, row: FloatArray, beat: Beat, segments: SegmentTable) -> OtherAttribution:
    """Expected gradients over the reference set of the bundle."""
    people = np.stack([bundle.masked_as(person, row) for person in bundle.reference_set.rows])
    references = Points.of(bundle.reference_set.beats_mv, bundle.normaliser(people))
    maps = Maps.mean([expected_gradients(one, point, references, EXPECTED_STEPS) for one in bundle.ensemble.members])
    rows = grouped(segment_table(maps.beat_g[0], beat.fiducials))
    explained = answers_g(bundle.ensemble, point)[0] - answers_g(bundle.ensemble, references).mean()
    return OtherAttribution(
        method=EXPECTED,
        baseline=_in_words(bundle, EXPECTED_BASELINE, n=len(references)),
        rows_g=rows,
        tabular_g=_by_input(maps.inputs_g[0]),
        delta_g=float(maps.total_g()[0] - explained),
        agreement=rank_agreement(rows, grouped(segments)),
    )


def _occluded(bundle: Bundle, point: Points, reference: Points, beat: Beat, segments: SegmentTable) -> OtherAttribution:
    """Occlusion of every row × segment, and of every non-waveform input."""
    cells = regions(beat.fiducials)
    grams = dict(zip(cells, occlusion(bundle.ensemble, point, reference, list(cells.values())), strict=True))
    rows = {row: {name: _known(grams.get((row, name))) for name in COLUMNS} for row in ROWS}
    inputs = occluded_inputs(bundle.ensemble, point, reference, [columns(parts) for parts in GROUPS.values()])
    return OtherAttribution(
        method=OCCLUSION,
        baseline=_in_words(bundle, BASELINE),
        rows_g=rows,
        tabular_g=dict(zip(GROUPS, map(float, inputs), strict=True)),
        delta_g=None,
        agreement=rank_agreement(rows, grouped(segments)),
    )


def _known(value: float | None) -> float | None:
    return None if value is None else float(value)


def _by_input(inputs_g: FloatArray) -> dict[str, float]:
    """Grams (n_inputs,) summed as people read them."""
    return {name: float(inputs_g[columns(parts)].sum()) for name, parts in GROUPS.items()}


def _in_words(bundle: Bundle, sentence: str, **more: object) -> str:
    who, kind = ("men" if bundle.sex is Sex.MALE else "women"), ("simulated " if bundle.simulated else "")
    return sentence.format(who=who, kind=kind, **more)


def _agreement(tables: list[SegmentTable]) -> float | None:
    """Mean pairwise correlation of the members' tables; None when a table does not vary."""
    values = [flat(table) for table in tables]
    if len(values) < 2 or any(one.std() == 0 for one in values):
        return None
    return float(np.mean([np.corrcoef(one, other)[0, 1] for one, other in itertools.combinations(values, 2)]))
