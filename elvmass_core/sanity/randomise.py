"""Does the map depend on what the network learned: random weights layer by layer, and masses exchanged.

Adebayo et al. 2018 (arXiv 1810.03292). Differences: signed maps first, because an estimate in grams has a sign; the
scale of the target (two numbers) is kept, so that the answers stay in grams; no threshold was published.
"""

from collections.abc import Sequence

import numpy as np
import torch

from elvmass_core.domain import FloatArray
from elvmass_core.models.bundle import Bundle
from elvmass_core.models.tcn import ElvMassNet, Ensemble, TcnConfig, frozen
from elvmass_core.sanity.cases import Cases, Floats32, gradients, in_cells, limb_summed, samples, smoothed
from elvmass_core.sanity.correlations import pearson, spearman, summary
from elvmass_core.sanity.learners import Learner

FULL_DRAWS = 20
CASCADE_DRAWS = 3
STEPS = 16
"""For random networks, which are nearer to a straight line than trained ones."""
SEED = 7300
SCALE = ("log_mean", "log_scale")


def stages(config: TcnConfig) -> dict[str, str]:
    """Layers from the answer to the signal: what people may call them, and a part of the names of their weights."""
    blocks = {f"block {level + 1}": f".blocks.{level}." for level in reversed(range(config.levels))}
    return {"head": "head.", "projection": ".project.", **blocks, "first layer": ".stem."}


def randomised(member: ElvMassNet, parts: Sequence[str], seed: int) -> ElvMassNet:
    """A copy in which every weight whose name holds one of `parts` is drawn anew as before training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = ElvMassNet(member.config)
    state = {
        name: fresh.state_dict()[name] if name not in SCALE and any(part in name for part in parts) else tensor
        for name, tensor in member.state_dict().items()
    }
    fresh.load_state_dict(state)
    frozen(fresh)
    return fresh


def randomised_ensemble(bundle: Bundle, parts: Sequence[str], draw: int) -> Learner:
    """The ensemble of a bundle with the same layers of every member random, each from its own seed."""
    members = [
        randomised(member, parts, SEED + 100 * draw + number)
        for number, member in enumerate(bundle.ensemble.members)
        if isinstance(member, ElvMassNet)
    ]
    ensemble = Ensemble(members)
    frozen(ensemble)
    return Learner(network=ensemble, normaliser=bundle.normaliser)


def likeness(true: Floats32, other: Floats32, cases: Cases) -> dict[str, FloatArray]:
    """Correlations of two sets of maps, each (n,): signed and absolute, by sample and by cell, ρ and r."""
    a, b = samples(true), samples(other)
    c, d = in_cells(true, cases.cells), in_cells(other, cases.cells)
    return {
        "rho": spearman(a, b),
        "r": pearson(a, b),
        "rho_absolute": spearman(np.abs(a), np.abs(b)),
        "r_absolute": pearson(np.abs(a), np.abs(b)),
        "cells_rho": spearman(c, d),
        "cells_r": pearson(c, d),
        "cells_rho_absolute": spearman(np.abs(c), np.abs(d)),
        "cells_r_absolute": pearson(np.abs(c), np.abs(d)),
        "limb_r": pearson(limb_summed(true), limb_summed(other)),
        **{f"smoothed_{ms}_r": pearson(smoothed(true, ms), smoothed(other, ms)) for ms in (10, 20)},
    }


def over_draws(found: Sequence[dict[str, FloatArray]]) -> dict[str, dict[str, float]]:
    """Mean over draws of the mean over patients, and its typical size in one draw (root mean square over draws)."""
    answer = {}
    for name in found[0]:
        draws = np.array([np.nanmean(one[name]) for one in found])
        spread = float(np.sqrt((draws**2).mean()))
        answer[name] = {"mean": float(draws.mean()), "typical": spread, "low": float(draws.min()),
                        "high": float(draws.max()), "draws": len(draws)}  # fmt: skip
    return answer


def weight_test(
    bundle: Bundle, true: Floats32, cases: Cases, *, draws: int, cascade_draws: int, steps: int = STEPS
) -> dict[str, object]:
    """Likeness to the true maps with ever more layers random, and with all of them.

    Parameters
    ----------
    true : array (n, 12, 400)
        Maps of the trained ensemble.
    draws, cascade_draws : int
        With every layer random, and with some.

    Returns
    -------
    dict
        ``stages``: list of ``name`` and the summaries of `over_draws`; ``all``: the same with every layer random.
    """

    def drawn(parts: Sequence[str], n: int) -> dict[str, dict[str, float]]:
        others = (gradients(randomised_ensemble(bundle, parts, draw), cases, steps) for draw in range(n))
        return over_draws([likeness(true, other, cases) for other in others])

    layers = stages(TcnConfig(**bundle.manifest["architecture"]))
    names, parts = list(layers), list(layers.values())
    rows = [{"name": name, **drawn(parts[: k + 1], cascade_draws)} for k, name in enumerate(names[:-1])]
    everything = drawn(parts, draws)
    return {"stages": [*rows, {"name": names[-1], **everything}], "all": everything, "n": len(cases)}


def label_test(
    true: Floats32, fold_maps: Sequence[Floats32], exchanged_maps: Sequence[Floats32], cases: Cases
) -> dict[str, object]:
    """Likeness to the shipped maps of networks that learned from exchanged masses, beside the same with the true ones.

    Parameters
    ----------
    fold_maps, exchanged_maps : sequences of arrays (n, 12, 400)
        Networks on the same patients, with their own masses and with exchanged ones.
    """
    exchanged = [likeness(true, maps, cases) for maps in exchanged_maps]
    same = [likeness(true, maps, cases) for maps in fold_maps[: len(exchanged_maps)]]
    gap = np.mean([a["r"] - b["r"] for a, b in zip(same, exchanged, strict=True)], axis=0)
    return {"exchanged": over_draws(exchanged), "own": over_draws(same), "gap": summary(gap), "n": len(cases)}
