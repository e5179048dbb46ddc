"""A bundle loads only when everything about it matches."""

import hashlib
import json
import shutil

import pytest
from safetensors.torch import load, save

from elvmass_core.domain import Sex
from elvmass_core.errors import BundleError
from elvmass_core.models.bundle import (
    CARD_FILE,
    MANIFEST_FILE,
    WEIGHTS_FILE,
    load_bundle,
    load_models,
    manifest_hash,
    weight_sets,
)


@pytest.fixture
def folder(untrained, tmp_path):
    """A copy of one bundle to be spoiled."""
    return shutil.copytree(untrained / "untrained-F", tmp_path / "untrained-F")


def spoil(folder, **changes):
    """Change the manifest and make its hash right again: only the content is wrong."""
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    for name, value in changes.items():
        part = manifest
        *path, last = name.split("__")
        for step in path:
            part = part[step]
        part[last] = value
    manifest["manifest_sha256"] = manifest_hash(manifest)
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest))


def test_a_sound_bundle_loads(folder):
    assert load_bundle(folder).sex is Sex.FEMALE


def test_one_changed_byte_of_the_weights_is_refused(folder):
    blob = bytearray((folder / WEIGHTS_FILE).read_bytes())
    blob[-1] ^= 1
    (folder / WEIGHTS_FILE).write_bytes(blob)
    with pytest.raises(BundleError, match=f"{WEIGHTS_FILE} was changed"):
        load_bundle(folder)


def test_an_edited_manifest_is_refused(folder):
    text = (folder / MANIFEST_FILE).read_text().replace('"prevalence": 0.15', '"prevalence": 0.01')
    (folder / MANIFEST_FILE).write_text(text)
    with pytest.raises(BundleError, match=f"{MANIFEST_FILE} was changed"):
        load_bundle(folder)


@pytest.mark.parametrize("spoil_crowd", [lambda c: c.pop("space.mean"), lambda c: c["space.covariance"].mul_(-1.0)])
def test_weights_without_a_sound_training_crowd_are_refused(folder, spoil_crowd):
    tensors = load((folder / WEIGHTS_FILE).read_bytes())
    spoil_crowd(tensors)
    blob = save(tensors)
    (folder / WEIGHTS_FILE).write_bytes(blob)
    spoil(folder, weights_sha256=hashlib.sha256(blob).hexdigest())
    with pytest.raises(BundleError, match="layout is not understood"):
        load_bundle(folder)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"input__extraction": "0"}, "extraction"),
        ({"input__fs_hz": 250.0}, "fs_hz"),
        ({"input__leads": ["V1"]}, "leads"),
        ({"layout": 99}, "layout"),
        ({"self_test_g": 12.0}, "reference beat gives"),
        ({"architecture__channels": 8}, "layout is not understood"),
        ({"architecture__surprise": 8}, "layout is not understood"),
        ({"members": 3}, "layout is not understood"),
        ({"calibration__intervals": {}}, "layout is not understood"),
        ({"calibration__lines__height__coefficients": [1.0, 2.0, 3.0]}, "layout is not understood"),
        ({"calibration__intervals__height__quantile": -1.0}, "layout is not understood"),
        ({"cutoff__men_g_m2": 0.0}, "layout is not understood"),
        ({"normaliser__mean": [1.0]}, "layout is not understood"),
        ({"training__range": {}}, "layout is not understood"),
        ({"pooled": "no"}, "layout is not understood"),
        ({"reference_person": [1.0]}, "layout is not understood"),
        ({"members": 0}, "layout is not understood"),
        ({"model_id": ["a"]}, "layout is not understood"),
        ({"self_test_g": "x"}, "layout is not understood"),
        ({"input": None}, "says nothing of its input"),
    ],
)
def test_a_contract_that_differs_is_refused_by_name(folder, changes, words):
    spoil(folder, **changes)
    with pytest.raises(BundleError, match=words):
        load_bundle(folder)


@pytest.mark.parametrize("name", [WEIGHTS_FILE, MANIFEST_FILE, CARD_FILE])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        load_bundle(folder)


def test_one_bad_bundle_is_a_sentence_and_leaves_the_other_usable(untrained, tmp_path):
    weights = shutil.copytree(untrained, tmp_path / "weights")
    (weights / "untrained-F" / WEIGHTS_FILE).write_bytes(b"")
    models = load_models(weights)
    assert [bundle.sex for bundle in models.bundles] == [Sex.MALE]
    assert any("untrained-F" in problem for problem in models.problems)
    assert models.for_sex(Sex.FEMALE) == ()
    assert models.for_sex(Sex.UNKNOWN) == ()
    assert len(models.for_sex(Sex.MALE)) == 1


def test_pooled_weights_never_answer_for_a_sex(untrained, tmp_path):
    weights = shutil.copytree(untrained, tmp_path / "weights")
    spoil(weights / "untrained-F", pooled=True)
    models = load_models(weights)
    assert [bundle.sex for bundle in models.pooled] == [Sex.FEMALE]
    assert models.for_sex(Sex.FEMALE) == ()
    assert any("women" in problem for problem in models.problems)


def test_an_absent_folder_gives_no_models_and_says_so(tmp_path):
    models = load_models(tmp_path / "nothing")
    assert models.bundles == ()
    assert len(models.problems) == 2


def test_the_card_is_part_of_no_hash_and_may_be_translated(folder):
    (folder / CARD_FILE).write_text("# autre langue")
    assert load_bundle(folder).card == "# autre langue"


def test_a_sub_folder_with_bundles_is_a_set_of_its_own_beside_the_shipped_one(untrained, tmp_path):
    shutil.copytree(untrained, tmp_path / "weights" / "mine")
    shutil.copytree(untrained / "untrained-F", tmp_path / "weights" / "untrained-F")
    sets = weight_sets(tmp_path / "weights")
    assert list(sets) == ["shipped", "mine"]
    assert {bundle.sex for bundle in load_models(sets["shipped"]).bundles} == {Sex.FEMALE}
    assert {bundle.sex for bundle in load_models(sets["mine"]).bundles} == {Sex.FEMALE, Sex.MALE}
    assert list(weight_sets(tmp_path / "nothing")) == ["shipped"]
