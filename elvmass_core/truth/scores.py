"""How well a change of the map points at what was changed: pure functions of the cells of one patient."""

import numpy as np

from elvmass_core.domain import FloatArray

TRUE_ENERGY = 0.90
"""The cells that changed are the fewest that hold this share of the change of the ECG (assumed)."""


def changed_cells(energy: FloatArray) -> np.ndarray:
    """Which cells truly changed, (n_cells,) bool.

    Parameters
    ----------
    energy : array (n_cells,)
        Squared change of the ECG summed over the samples of each cell, that of noise alone already taken off.
    """
    order = np.argsort(energy)[::-1]
    reached = np.cumsum(energy[order]) / energy.sum()
    chosen = np.zeros(len(energy), dtype=bool)
    chosen[order[: int(np.searchsorted(reached, TRUE_ENERGY)) + 1]] = True
    return chosen


def localisation(
    blame_g: FloatArray, swap_g: FloatArray, energy: FloatArray, usual_g: FloatArray, inputs_g: FloatArray
) -> dict[str, float]:
    """Scores of one map of one patient.

    Parameters
    ----------
    blame_g : array (n_cells,)
        Change of the map between the twins.
    swap_g : array (n_cells,)
        What the model's answer gains when the changed twin's cell alone is put into the untouched patient.
    energy : array (n_cells,)
        See `changed_cells`.
    usual_g : array (n_cells,)
        Map of the untouched patient: where its grams lie anyhow, which is the chance level.
    inputs_g : array (n_inputs,)
        Change of the map on the non-waveform inputs.

    Returns
    -------
    dict
        ``share``: of the blame on the beat, how much lies on cells that changed; ``chance``: the same of the usual
        map; ``pointing``: 1 when the cell blamed most is among them; ``swap`` and ``ecg``: Spearman's correlation of
        the blame with the swap (signed) and of its size with the size of the change; ``size``: the correlation with the
        swap without signs; ``inputs``: share of all blame on non-waveform inputs. NaN where a map does not change.
    """
    true, size = changed_cells(energy), np.abs(blame_g)
    total = size.sum()
    if total == 0.0:
        return dict.fromkeys(("share", "chance", "pointing", "swap", "size", "ecg", "inputs"), float("nan"))
    usual = np.abs(usual_g)
    return {
        "share": float(size[true].sum() / total),
        "chance": float(usual[true].sum() / usual.sum()),
        "pointing": float(true[np.argmax(size)]),
        "swap": rank(blame_g, swap_g),
        "size": rank(size, np.abs(swap_g)),
        "ecg": rank(size, energy),
        "inputs": float(np.abs(inputs_g).sum() / (total + np.abs(inputs_g).sum())),
    }


def placing(blame_g: FloatArray, usual_g: FloatArray, acts_on: np.ndarray) -> dict[str, float]:
    """How much of the blame lies where the mechanism acts by its nature, and how much of the usual map does.

    Parameters
    ----------
    blame_g, usual_g : array (n_cells,)
        See `localisation`.
    acts_on : bool array (n_cells,)
        All True where the mechanism has no place of its own: then there is no score.
    """
    size, usual = np.abs(blame_g), np.abs(usual_g)
    if acts_on.all() or size.sum() == 0.0:
        return {"placed": float("nan"), "placed_chance": float("nan")}
    return {
        "placed": float(size[acts_on].sum() / size.sum()),
        "placed_chance": float(usual[acts_on].sum() / usual.sum()),
    }


def rank(one: FloatArray, other: FloatArray) -> float:
    """Spearman's correlation; NaN when one does not vary."""
    from scipy.stats import spearmanr

    if one.std() == 0.0 or other.std() == 0.0:
        return float("nan")
    return float(spearmanr(one, other).statistic)


def mean_with_interval(values: FloatArray, seed: int = 0, resamples: int = 1000) -> list[float] | None:
    """Mean, and its 95 % bootstrap interval over patients; unknown values are left out, None when all are."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    rng = np.random.default_rng(seed)
    means = known[rng.integers(0, len(known), size=(resamples, len(known)))].mean(axis=1)
    return [float(known.mean()), *(float(q) for q in np.quantile(means, [0.025, 0.975]))]
