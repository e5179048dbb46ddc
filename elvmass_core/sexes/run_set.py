"""The runs that ship: independent trainings of men and women, to judge the difference of two maps of one ECG by.

A folder with ``runs.safetensors`` and ``runs.json``; loading checks hash, inputs and layout and refuses otherwise.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load, save

from elvmass_core.domain import Sex
from elvmass_core.errors import BundleError
from elvmass_core.models.bundle import LAYOUT_ERRORS, input_contract
from elvmass_core.models.inputs import Normaliser
from elvmass_core.models.tcn import ElvMassNet, TcnConfig, frozen
from elvmass_core.sexes.runs import Run

WEIGHTS_FILE, FACTS_FILE = "runs.safetensors", "runs.json"
LAYOUT = 1
FOLDER = "elvmass-runs"
"""Below `weights/`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunSet:
    """Runs of both sexes, and where they come from."""

    runs: tuple[Run, ...]
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """One run of a folder by its number: small enough to send to another process, which loads it."""

    folder: Path
    number: int
    sex: Sex

    def load(self) -> Run:
        """The run itself; `BundleError` when the folder cannot be used."""
        return load_runs(self.folder).runs[self.number]


def stored_runs(folder: Path) -> list[StoredRun]:
    """Every run of a folder.

    Raises
    ------
    BundleError
        The folder cannot be used.
    """
    runs = load_runs(folder).runs
    return [StoredRun(folder=folder, number=number, sex=run.sex) for number, run in enumerate(runs)]


def save_runs(folder: Path, runs: Sequence[Run], facts: Mapping[str, object]) -> None:
    """Write runs of one architecture.

    Parameters
    ----------
    facts : mapping
        Plain JSON values for the reader: which patients, how many in each run.
    """
    tensors = {
        f"{number}.{name}": tensor.contiguous()
        for number, run in enumerate(runs)
        for name, tensor in run.network.state_dict().items()
    }
    for number, run in enumerate(runs):
        scale = np.stack([run.normaliser.mean, run.normaliser.sd]).astype(np.float32)
        tensors[f"{number}.normaliser"] = torch.as_tensor(scale)
    blob = save(tensors)
    stored = {
        "layout": LAYOUT,
        "facts": dict(facts),
        "sexes": [run.sex.value for run in runs],
        "architecture": runs[0].network.config.as_dict(),
        "input": input_contract(),
        "weights_sha256": hashlib.sha256(blob).hexdigest(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS_FILE).write_bytes(blob)
    (folder / FACTS_FILE).write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def load_runs(folder: Path) -> RunSet:
    """Read the runs.

    Raises
    ------
    BundleError
        A file is missing, was changed, or belongs to another version.
    """
    try:
        stored = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        blob = (folder / WEIGHTS_FILE).read_bytes()
        if stored["layout"] != LAYOUT or hashlib.sha256(blob).hexdigest() != stored["weights_sha256"]:
            raise ValueError("changed")
        if stored["input"] != input_contract():
            raise ValueError("beats of another kind")
        return RunSet(runs=tuple(_runs(stored, load(blob))), facts=stored["facts"])
    except (OSError, *LAYOUT_ERRORS) as error:
        raise BundleError(
            f"The training runs in '{folder.name}' are refused ({error}). Restore the folder or run `sexes` again."
        ) from error


def _runs(stored: Mapping, tensors: dict[str, torch.Tensor]) -> list[Run]:
    config = TcnConfig(**stored["architecture"])
    runs = []
    for number, sex in enumerate(stored["sexes"]):
        prefix = f"{number}."
        own = {name.removeprefix(prefix): tensors[name] for name in tensors if name.startswith(prefix)}
        mean, sd = own.pop("normaliser").numpy().astype(float)
        network = ElvMassNet(config)
        network.load_state_dict(own)
        frozen(network)
        runs.append(Run(sex=Sex(sex), network=network, normaliser=Normaliser(mean=mean, sd=sd)))
    return runs
