"""Weight bundles: the only place that touches `weights/`.

A bundle is a folder ``<model-id>/`` with ``model.safetensors`` (members, references, training crowd),
``manifest.json`` (the contract: inputs, normalisation, calibration, training data, hashes) and ``CARD.md``. Loading
checks all of it and refuses otherwise; a refused bundle never stops the app.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from elvmass_core.domain import BEAT_FS_HZ, BEAT_R_INDEX, BEAT_SAMPLES, N_LEADS, FloatArray, Sex, frozen_array
from elvmass_core.errors import BundleError
from elvmass_core.models.calibration import Calibration, Cutoff
from elvmass_core.models.inputs import MASK_INPUTS, RANGE_INPUTS, TABULAR_INPUTS, Normaliser, column, columns
from elvmass_core.models.tcn import ElvMassNet, Ensemble, TcnConfig, frozen
from elvmass_core.signal import EXTRACTION_VERSION
from elvmass_core.signal.filters import FILTER_WORDS
from elvmass_core.signal_space import DESCRIPTION_SHAPE, Space
from elvmass_core.units import LEADS

LAYOUT = 4
WEIGHTS_FILE, MANIFEST_FILE, CARD_FILE = "model.safetensors", "manifest.json", "CARD.md"
REFERENCE_BEAT = "reference_beat_mv"
REFERENCE_SET_BEATS, REFERENCE_SET_ROWS = "reference_set.beats_mv", "reference_set.rows"
SPACE_PREFIX = "space."
SHIPPED = "shipped"
"""Name of the set of weights that comes with the project."""
LAYOUT_ERRORS = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    OverflowError,
    RuntimeError,
    SafetensorError,
)
"""What a manifest or weights file of another layout makes the code below raise."""
SELF_TEST_TOLERANCE_G = 0.05
"""The estimate for the reference beat may differ by this much between machines (float32 sums)."""


def input_contract() -> dict[str, object]:
    """What a beat must be for these weights: compared field by field when a bundle is loaded."""
    return {
        "leads": list(LEADS),
        "fs_hz": BEAT_FS_HZ,
        "samples": BEAT_SAMPLES,
        "r_index": BEAT_R_INDEX,
        "unit": "mV",
        "filter": FILTER_WORDS,
        "extraction": EXTRACTION_VERSION,
        "tabular": list(TABULAR_INPUTS),
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceSet:
    """Single same-sex training patients without LVH: other places where attributions can start.

    Attributes
    ----------
    beats_mv : array (k, 12, 400)
    rows : array (k, 10)
        Their non-waveform inputs.
    """

    beats_mv: FloatArray
    rows: FloatArray

    def __post_init__(self) -> None:
        beats = frozen_array(self.beats_mv, (None, N_LEADS, BEAT_SAMPLES), REFERENCE_SET_BEATS)
        rows = frozen_array(self.rows, (len(beats), len(TABULAR_INPUTS)), REFERENCE_SET_ROWS)
        if not len(beats):
            raise ValueError("empty reference set")
        object.__setattr__(self, "beats_mv", beats)
        object.__setattr__(self, "rows", rows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bundle:
    """One loaded and checked model for the patients of one sex.

    Attributes
    ----------
    pooled : bool
        Trained on men and women together; calibration, reference and figures are still of one sex.
    ensemble : Ensemble
        Frozen; shared between sessions, never toggled.
    reference_beat_mv : array (12, 400)
        Mean beat of the same-sex training patients without LVH: where attributions start.
    space : Space
        Where the beats of the training patients lie; its crowd are the patients used for calibration.
    reference_person : array (10,)
        Mean non-waveform inputs of the same-sex training patients.
    reference_set : ReferenceSet
        Where expected gradients start.
    sha256 : str
        Hash of the manifest, which in turn holds the hash of the weights file.
    """

    model_id: str
    sex: Sex
    pooled: bool
    sha256: str
    manifest: Mapping
    card: str
    ensemble: Ensemble
    normaliser: Normaliser
    calibration: Calibration
    cutoff: Cutoff
    reference_beat_mv: FloatArray
    reference_person: FloatArray
    reference_set: ReferenceSet
    space: Space

    @property
    def simulated(self) -> bool:
        """Whether the training patients were simulated."""
        return bool(self.manifest["training"]["source"]["simulated"])

    def members_g(self, beat_mv: FloatArray, rows: FloatArray) -> FloatArray:
        """Answer of every member.

        Parameters
        ----------
        beat_mv : array (n, 12, 400)
        rows : array (n, 10)
            Non-waveform inputs in natural units, NaN where unknown.

        Returns
        -------
        array (members, n)
            Grams.
        """
        with torch.no_grad():
            beat = torch.as_tensor(np.array(beat_mv, dtype=np.float32))
            tabular = torch.as_tensor(self.normaliser(rows), dtype=torch.float32)
            return self.ensemble.each(beat, tabular).numpy().astype(np.float64)

    def reference_row(self, row: FloatArray) -> FloatArray:
        """The reference person, with the patient's own mask of unknown height and weight."""
        return self.masked_as(self.reference_person, row)

    @staticmethod
    def masked_as(person: FloatArray, row: FloatArray) -> FloatArray:
        """A copy of the inputs (10,) of `person`, knowing of height and weight what `row` knows."""
        reference = np.array(person)
        for name in ("height", "weight"):
            mask = column(f"{name}_known")
            reference[mask] = row[mask]
            if row[mask] < 0.5:
                reference[column({"height": "height_cm", "weight": "weight_kg"}[name])] = np.nan
        return reference

    def reference_g(self, row: FloatArray) -> float:
        """Estimate for the reference beat and the reference person of this patient: one of few, so kept."""
        return _reference_g(self, *(float(row[column(name)]) for name in MASK_INPUTS))


@lru_cache(maxsize=16)
def _reference_g(bundle: Bundle, *known: float) -> float:
    """The answer for the reference, which of a patient takes only what is known of the body (`MASK_INPUTS`)."""
    row = np.zeros(len(TABULAR_INPUTS))
    row[columns(MASK_INPUTS)] = known
    return float(bundle.members_g(bundle.reference_beat_mv[None], bundle.reference_row(row)[None]).mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The bundles that can be used, and one sentence for each that cannot.

    Attributes
    ----------
    bundles : tuple of Bundle
        Trained on one sex: those that answer.
    pooled : tuple of Bundle
        Trained on both, for comparison.
    """

    bundles: tuple[Bundle, ...] = ()
    pooled: tuple[Bundle, ...] = ()
    problems: tuple[str, ...] = ()

    def for_sex(self, sex: Sex) -> tuple[Bundle, ...]:
        """The bundle of a known sex; both for an unknown one; empty when any is missing."""
        wanted = (Sex.MALE, Sex.FEMALE) if sex is Sex.UNKNOWN else (sex,)
        found = tuple(bundle for want in wanted for bundle in self.bundles if bundle.sex is want)
        return found if len(found) == len(wanted) else ()


def load_models(folder: Path) -> Models:
    """Load every bundle in a folder; never raises for a bad one.

    The first bundle of each sex and kind, in alphabetical order, is used.
    """
    bundles: dict[bool, dict[Sex, Bundle]] = {False: {}, True: {}}
    problems = []
    for path in sorted(folder.glob(f"*/{MANIFEST_FILE}")) if folder.is_dir() else []:
        try:
            bundle = load_bundle(path.parent)
        except BundleError as error:
            problems.append(str(error))
            continue
        bundles[bundle.pooled].setdefault(bundle.sex, bundle)
    absent = {Sex.MALE: "men", Sex.FEMALE: "women"}
    problems += [f"No usable weights for {who} were found." for sex, who in absent.items() if sex not in bundles[False]]
    return Models(
        bundles=tuple(bundles[False].values()), pooled=tuple(bundles[True].values()), problems=tuple(problems)
    )


def weight_sets(folder: Path) -> dict[str, Path]:
    """Sets of weights by name: those of the folder itself, and those of each sub-folder that holds bundles of its own.

    The first is `SHIPPED`; a set made by ``train --out weights/mine`` is called ``mine``.
    """
    inside = {path.parent.parent for path in folder.glob(f"*/*/{MANIFEST_FILE}")} if folder.is_dir() else set()
    return {SHIPPED: folder} | {path.name: path for path in sorted(inside)}


def load_bundle(folder: Path) -> Bundle:
    """Load one bundle and check hashes, contract, layout and the stored self-test.

    Raises
    ------
    BundleError
        Names the bundle, the file and what does not match.
    """
    manifest = _read_manifest(folder)
    blob = _read(folder, WEIGHTS_FILE)
    _require(hashlib.sha256(blob).hexdigest() == manifest.get("weights_sha256"), folder, f"{WEIGHTS_FILE} was changed")
    contract = manifest.get("input")
    if not isinstance(contract, dict):
        raise _broken(folder, f"{MANIFEST_FILE} says nothing of its input")
    for name, want in input_contract().items():
        have = contract.get(name)
        _require(have == want, folder, f"its beats are of another kind ({name}: {have!r}, this version makes {want!r})")
    try:
        bundle = _assemble(folder, manifest, blob)
        _self_test(folder, bundle)
    except LAYOUT_ERRORS as error:
        raise _broken(folder, f"its layout is not understood ({type(error).__name__})") from error
    return bundle


def _read_manifest(folder: Path) -> dict:
    """The manifest, its layout and its own hash."""
    try:
        manifest = json.loads(_read(folder, MANIFEST_FILE))
    except (ValueError, RecursionError) as error:
        raise _broken(folder, f"{MANIFEST_FILE} is not JSON") from error
    _require(isinstance(manifest, dict), folder, f"{MANIFEST_FILE} is not an object")
    _require(manifest.get("layout") == LAYOUT, folder, f"layout {manifest.get('layout')!r} is not {LAYOUT}")
    _require(manifest.get("manifest_sha256") == manifest_hash(manifest), folder, f"{MANIFEST_FILE} was changed")
    return manifest


def manifest_hash(manifest: Mapping) -> str:
    """SHA-256 of a manifest without its own hash, keys sorted."""
    content = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _assemble(folder: Path, manifest: Mapping, blob: bytes) -> Bundle:
    """Build the modules from checked bytes."""
    tensors = load(blob)
    reference = tensors.pop(REFERENCE_BEAT).numpy()
    reference_set = ReferenceSet(
        beats_mv=tensors.pop(REFERENCE_SET_BEATS).numpy(), rows=tensors.pop(REFERENCE_SET_ROWS).numpy()
    )
    space = _space(tensors)
    if manifest["members"] < 1 or not isinstance(manifest["model_id"], str):
        raise ValueError("no members or no name")
    if set(manifest["training"]["range"]) != set(RANGE_INPUTS):
        raise KeyError("training range")
    if not isinstance(manifest["pooled"], bool):
        raise TypeError("pooled")
    config = TcnConfig(**manifest["architecture"])
    members = [_member(config, tensors, number) for number in range(manifest["members"])]
    ensemble = Ensemble(members)
    frozen(ensemble)
    return Bundle(
        model_id=manifest["model_id"],
        sex=Sex(manifest["sex"]),
        pooled=manifest["pooled"],
        sha256=manifest["manifest_sha256"],
        manifest=MappingProxyType(dict(manifest)),
        card=_read(folder, CARD_FILE).decode("utf-8", "replace"),
        ensemble=ensemble,
        normaliser=Normaliser(**{name: np.array(values) for name, values in manifest["normaliser"].items()}),
        calibration=Calibration.from_dict(manifest["calibration"]),
        cutoff=Cutoff(**manifest["cutoff"]),
        reference_beat_mv=frozen_array(reference, (N_LEADS, BEAT_SAMPLES), REFERENCE_BEAT),
        reference_person=frozen_array(
            np.array(manifest["reference_person"], dtype=float), (len(TABULAR_INPUTS),), "reference_person"
        ),
        reference_set=reference_set,
        space=space,
    )


def _space(tensors: dict[str, torch.Tensor]) -> Space:
    """Take the training crowd out of the tensors; KeyError or ValueError when it is not whole."""
    names = [name for name in tensors if name.startswith(SPACE_PREFIX)]
    space = Space.from_arrays({name.removeprefix(SPACE_PREFIX): tensors.pop(name).numpy() for name in names})
    size = int(np.prod(DESCRIPTION_SHAPE))
    if space.density.mean.shape != (size,) or space.density.covariance.shape != (size, size) or not len(space.crowd):
        raise ValueError("training crowd")
    np.linalg.cholesky(space.density.covariance)  # LinAlgError, a ValueError, unless it is a covariance
    return space


def _member(config: TcnConfig, tensors: Mapping[str, torch.Tensor], number: int) -> ElvMassNet:
    """One member from the tensors under its prefix; RuntimeError when names or shapes differ."""
    prefix = f"members.{number}."
    member = ElvMassNet(config)
    state = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    member.load_state_dict(state)
    return member


def _self_test(folder: Path, bundle: Bundle) -> None:
    """The reference beat must give the estimate that was stored with the weights."""
    have, want = bundle.reference_g(bundle.reference_person), float(bundle.manifest["self_test_g"])
    _require(
        abs(have - want) <= SELF_TEST_TOLERANCE_G, folder, f"the reference beat gives {have:.2f} g, not {want:.2f} g"
    )


def save_bundle(
    folder: Path,
    members: list[ElvMassNet],
    reference_beat_mv: FloatArray,
    reference_set: ReferenceSet,
    space: Space,
    facts: Mapping,
    card: str,
) -> Bundle:
    """Write a bundle and load it back.

    Parameters
    ----------
    facts : mapping
        ``model_id, sex, pooled, normaliser, calibration, cutoff, architecture, reference_person, training`` as plain
        JSON values.

    Returns
    -------
    Bundle
        As loaded from disk, with every check passed.
    """
    tensors = {
        f"members.{number}.{name}": tensor.contiguous()
        for number, member in enumerate(members)
        for name, tensor in member.state_dict().items()
    }
    arrays = {
        REFERENCE_BEAT: reference_beat_mv,
        REFERENCE_SET_BEATS: reference_set.beats_mv,
        REFERENCE_SET_ROWS: reference_set.rows,
        **{SPACE_PREFIX + name: values for name, values in space.arrays().items()},
    }
    tensors |= {name: torch.tensor(np.ascontiguousarray(values, dtype=np.float32)) for name, values in arrays.items()}
    blob = save(tensors)
    manifest = {
        **facts,
        "layout": LAYOUT,
        "members": len(members),
        "input": input_contract(),
        "weights_sha256": hashlib.sha256(blob).hexdigest(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS_FILE).write_bytes(blob)
    (folder / CARD_FILE).write_text(card, encoding="utf-8")
    (folder / MANIFEST_FILE).write_text(json.dumps(_with_self_test(folder, manifest, blob), indent=1, sort_keys=True))
    return load_bundle(folder)


def _with_self_test(folder: Path, manifest: dict, blob: bytes) -> dict:
    """Add the estimate for the reference beat, then the manifest's own hash."""
    draft = _assemble(folder, {**manifest, "manifest_sha256": ""}, blob)
    complete = {**manifest, "self_test_g": draft.reference_g(draft.reference_person)}
    return {**complete, "manifest_sha256": manifest_hash(complete)}


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise _broken(folder, f"{name} is missing or cannot be read") from error


def _require(condition: bool, folder: Path, what: str) -> None:
    if not condition:
        raise _broken(folder, what)


def _broken(folder: Path, what: str) -> BundleError:
    return BundleError(f"The weights '{folder.name}' are refused: {what}. Restore the folder or train again.")
