"""Fixtures that every part of the tests may use."""

import os
from pathlib import Path

import pytest

_DEFAULT_ECG_DATA = Path(__file__).parents[2] / "shared" / "data" / "ecg"


@pytest.fixture(scope="session")
def ecg_data() -> Path:
    """Folder of the public recordings (ELVMASS_ECG_DATA); tests that need them are skipped without it."""
    folder = Path(os.environ.get("ELVMASS_ECG_DATA", _DEFAULT_ECG_DATA))
    if not (folder / "catalog.csv").is_file():
        pytest.skip("no public recordings: set ELVMASS_ECG_DATA to the folder that holds catalog.csv")
    return folder


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with an untrained bundle for each sex."""
    from elvmass_core.domain import Sex
    from tests import bundles

    folder = tmp_path_factory.mktemp("weights")
    for sex in (Sex.FEMALE, Sex.MALE):
        bundles.write(folder, sex)
    return folder
