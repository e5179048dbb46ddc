"""The maps of a whole table of ECGs, each by the model of its patient's sex, in one file of arrays."""

from pathlib import Path

import numpy as np

from elvmass_core.attribution.many import ManyMaps, explain_many
from elvmass_core.attribution.tables import COLUMNS, flat_segments
from elvmass_core.domain import Sex
from elvmass_core.errors import BundleError
from elvmass_core.models.bundle import Bundle, load_models
from elvmass_core.models.inputs import GROUPS, column
from elvmass_core.processes import Progress
from elvmass_core.signal.delineate import delineate
from elvmass_core.study.dataset import Dataset, load_dataset
from elvmass_core.units import LEADS


def attribute_table(
    table: Path, weights: Path, out: Path, *, workers: int = 2, progress: Progress | None = None
) -> int:
    """Explain every usable ECG of a table.

    Parameters
    ----------
    table : Path
        CSV as for training (`elvmass_core.study.dataset.TABLE_COLUMNS`).
    weights : Path
        Folder of the bundles.
    out : Path
        ``.npz`` with record, sex, estimate_g, reference_g, delta_g (n,), tabular_g (n, inputs), segments_g
        (n, 12, segments; NaN where absent), beat_g (n, 12, 400), and the names of leads, segments and inputs.

    Returns
    -------
    int
        How many ECGs were explained.

    Raises
    ------
    TableError, BundleError
        The table or the weights cannot be used.
    """
    data, models = load_dataset(table, workers=workers), load_models(weights)
    parts: list[dict[str, np.ndarray]] = []
    for sex in (Sex.MALE, Sex.FEMALE):
        mine = data.of(sex)
        if not len(mine):
            continue
        bundles: tuple[Bundle, ...] = models.for_sex(sex)
        if not bundles:
            raise BundleError(" ".join(["The weights are not available.", *models.problems]))
        folder = weights / bundles[0].model_id
        maps = explain_many(folder, mine.beats_mv, mine.rows, workers=workers, progress=progress)
        parts.append(_arrays(mine, maps))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    names = {"leads": LEADS, "segments": COLUMNS, "inputs": tuple(GROUPS)}
    np.savez_compressed(out, allow_pickle=False, **joined, **{name: np.array(values) for name, values in names.items()})
    return len(joined["record"])


def _arrays(data: Dataset, maps: ManyMaps) -> dict[str, np.ndarray]:
    rr_ms = 60000.0 / data.rows[:, column("rate_bpm")]
    beats = data.beats_mv.astype(np.float64)
    borders = [delineate(beat, rr_ms=rr) for beat, rr in zip(beats, rr_ms, strict=True)]
    segments = [flat_segments(one, border) for one, border in zip(maps.beat_g, borders, strict=True)]
    return {
        "record": data.record,
        "sex": data.sex,
        "estimate_g": maps.estimate_g,
        "reference_g": maps.reference_g,
        "delta_g": maps.delta_g,
        "tabular_g": maps.tabular_g,
        "segments_g": np.stack(segments),
        "beat_g": maps.beat_g,
    }
