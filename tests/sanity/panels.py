"""A panel of made-up numbers in the shape that `elvmass_core.sanity.run` gives them."""

from elvmass_core.sanity.panel import Panel, judged
from elvmass_core.sanity.run import FULL
from elvmass_core.sanity.shown import READINGS


def over(mean, typical=0.1):
    return {"mean": mean, "typical": typical, "low": mean - 0.1, "high": mean + 0.1, "draws": 20}


def between(mean):
    return {"mean": mean, "low": mean - 0.05, "high": mean + 0.05, "q25": mean - 0.1, "median": mean, "q75": mean + 0.1,
            "n": 60}  # fmt: skip


def likeness(signed, absolute, typical=0.1):
    names = ("rho", "r", "cells_rho", "cells_r", "limb_r", "smoothed_10_r", "smoothed_20_r")
    return {name: over(signed, typical) for name in names} | {
        name: over(absolute) for name in ("rho_absolute", "r_absolute", "cells_rho_absolute", "cells_r_absolute")
    }


def values(r=0.7, floor=0.25, typical=0.1, within=1.0, gain=0.3, miss=0.05, rank=0.9, exchanged=0.05):
    """Numbers of every test; the defaults are good."""
    variants = {name: between(r) for name in READINGS}
    floors = {name: over(0.0, typical) | {} for name in list(READINGS)[:5]}
    floors |= {"samples, sign dropped": over(floor), "table": over(0.0), "table, sign dropped": over(floor)}
    stages = ("head", "projection", "block 4", "block 3", "block 2", "block 1", "first layer")
    way = {"map": [0.0, 0.9, 1.0], "random": [0.0, 0.5, 1.0], "left_map": 0.2, "left_random": 0.2 + gain,
           "gain": between(gain)}  # fmt: skip
    missed = {"integrated gradients": miss, "expected gradients": miss, "shuffled": 0.9, "even": 0.7}
    pairs = ("integrated gradients / expected gradients", "integrated gradients / occlusion")
    return {
        "completeness": {"median_g": 0.01, "q95_g": 0.1, "largest_g": 0.2, "share_within": within, "n": 60},
        "weights": {
            "stages": [{"name": name, **likeness(0.1, floor)} for name in stages],
            "all": likeness(0.0, floor, typical), "seeds_r_absolute": 0.8, "n": 30,
        },
        "labels": {
            "own": likeness(0.5, 0.6), "exchanged": likeness(0.0, 0.4, exchanged), "gap": between(0.5), "n": 60,
        },
        "folds": {"variants": variants, "floor": floors, "n_sample": 700, "n": 60,
                  "with_shipped": {"samples": between(0.4), "table": between(0.5)}},
        "others": {"variants": {name: one for name, one in variants.items() if "expected grad" not in name},
                   "floor": floors, "n_sample": 700, "n": 60, "n_networks": 4,
                   "with_shipped": {"samples": between(0.4), "table": between(0.5)}},
        "seeds": {"variants": variants, "floor": floors, "n_members": 5, "n_train": 6000, "n": 60},
        "curves": {"share": [0.0, 0.5, 1.0], "n": 40, "least_g": 5.0, "insertion": way, "deletion": way},
        "infidelity": {"values": {name: between(one) for name, one in missed.items()}, "n": 60},
        "methods": {"pairs": {name: between(rank) for name in pairs}, "n": 60},
    }  # fmt: skip


def panel(bundle, *, quick=False, **changed):
    """A panel made for this bundle."""
    facts = {"cases": 60, "patients": FULL.patients}
    return Panel(
        model_id=bundle.model_id, manifest_sha256=bundle.sha256, quick=quick, facts=facts,
        tests=judged(values(**changed)),
    )  # fmt: skip
