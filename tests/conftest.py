"""Fixtures that every part of the tests may use."""

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_DEFAULT_ECG_DATA = _ROOT.parent / "shared" / "data" / "ecg"
QUICK = "not slow"
"""The mark expression of the quick set: ``pytest -m "not slow"``."""
SLOW = (
    "tests/app",
    "tests/batch/test_archive.py",
    "tests/batch/test_dask.py",
    "tests/io/test_best_stretch.py",
    "tests/io/test_fuzz.py",
    "tests/live/test_live.py",
    "tests/real/test_estimates.py",
    "tests/realism/test_command.py",
    "tests/realism/test_compare.py",
    "tests/realism/test_population.py",
    "tests/realism/test_reference.py",
    "tests/realism/test_simulated.py",
    "tests/report/test_fhir.py",
    "tests/report/test_pdf.py",
    "tests/sanity/test_panel.py",
    "tests/sanity/test_tests_of_explanations.py",
    "tests/sexes/test_men_against_women.py",
    "tests/study/test_compare.py",
    "tests/study/test_external.py",
    "tests/study/test_own_table.py",
    "tests/study/test_study_command.py",
    "tests/study/test_training.py",
    "tests/test_attribution_methods.py",
    "tests/test_determinism.py",
    "tests/test_fault_injection.py",
    "tests/test_golden.py",
    "tests/test_hardening.py",
    "tests/test_printed_limits.py",
    "tests/test_proof.py",
    "tests/test_shipped_weights.py",
    "tests/test_tutorial.py",
    "tests/truth/test_truth.py",
    "tests/virtual/test_blocks.py",
    "tests/virtual/test_dial.py",
)
"""Folders and modules that train, simulate a cohort, start a browser or other processes, draw many mutated files, or
load the shipped weights again and again."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks known."""
    config.addinivalue_line("markers", "slow: left out of the quick set (the folders and modules of SLOW)")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what the quick set leaves out."""
    return True if config.option.markexpr == QUICK and _is_slow(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests by where they stand."""
    for item in items:
        if _is_slow(item.path):
            item.add_marker("slow")


def _is_slow(path: Path) -> bool:
    return any(path.is_relative_to(_ROOT / slow) for slow in SLOW)


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
