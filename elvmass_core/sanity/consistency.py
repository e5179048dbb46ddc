"""Would other patients, or another random start, have given the same map?"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.sanity.cases import Cases, Floats32, in_cells, limb_summed, samples, smoothed
from elvmass_core.sanity.correlations import halves, of_ensembles, pairwise, pearson, spearman, summary

PUBLISHED_R = (0.41, 0.65)
PUBLISHED_SOURCE = "Arends 2026, Eur Heart J Digit Health, ztag038"
"""Self-consistency of explanations over retrainings in 873 710 median beats."""
ENSEMBLE = 5
"""Size of the shipped ensembles: what `of_ensembles` expects of them."""
Reading = Callable[[Floats32], FloatArray]


def readings(cases: Cases) -> dict[str, Reading]:
    """Ways to read a map, from the rawest to the table that people read."""
    return {
        "samples": samples,
        "samples, sign dropped": lambda maps: np.abs(samples(maps)),
        "limb leads added up": limb_summed,
        "smoothed by 10 ms": lambda maps: smoothed(maps, 10.0),
        "smoothed by 20 ms": lambda maps: smoothed(maps, 20.0),
        "table": lambda maps: in_cells(maps, cases.cells),
        "table, sign dropped": lambda maps: np.abs(in_cells(maps, cases.cells)),
    }


def consistency(
    maps: Sequence[Floats32], expected_maps: Sequence[Floats32], cases: Cases
) -> dict[str, dict[str, float]]:
    """Mean pairwise correlation of several networks' maps of the same patients, one entry per way of reading them.

    Parameters
    ----------
    maps, expected_maps : sequences of arrays (n, 12, 400)
        Integrated and expected gradients of each network; the second may be empty.

    Returns
    -------
    dict
        Variant → `summary` over patients of Pearson's r. ``means of two`` compare the mean of two networks with that of
        two others; ``expected of five`` is what Spearman and Brown's formula makes of the pairwise r for ensembles
        of five.
    """
    found = {name: summary(pairwise([read(one) for one in maps])) for name, read in readings(cases).items()}
    ways: Mapping[str, Reading] = {"samples": samples, "table": lambda one: in_cells(one, cases.cells)}
    for name, read in ways.items():
        if len(expected_maps):
            found[f"{name}, expected gradients"] = summary(pairwise([read(one) for one in expected_maps]))
        if len(maps) >= 4:
            found[f"{name}, means of two"] = summary(halves([read(one) for one in maps]))
        found[f"{name}, expected of five"] = {"mean": of_ensembles(found[name]["mean"], ENSEMBLE)}
    return found


def with_shipped(true: Floats32, maps: Sequence[Floats32], cases: Cases) -> dict[str, dict[str, float]]:
    """Mean correlation of several networks' maps with those of the shipped ensemble, by sample and by cell."""
    ways: Mapping[str, Reading] = {"samples": samples, "table": lambda one: in_cells(one, cases.cells)}
    return {
        name: summary(np.mean([pearson(read(true), read(one)) for one in maps], axis=0)) for name, read in ways.items()
    }


def agreement(tables: Mapping[str, FloatArray]) -> dict[str, object]:
    """Spearman's ρ over the cells of several methods' tables (n, n_cells), for each pair."""
    names = list(tables)
    return {
        f"{one} / {other}": summary(spearman(tables[one], tables[other]))
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    }
