"""The panel of one bundle: all tests, in a file beside the weights that names the manifest it was made for."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from elvmass_core.errors import BundleError
from elvmass_core.models.bundle import Bundle
from elvmass_core.sanity.words import QUESTIONS, Values, Verdict

PANEL_FILE = "sanity.json"
PANEL_VERSION = 1
"""Changes with anything that changes what a panel says: a file of another version is not shown."""
_REMEDY = ": run `python -m elvmass_core sanity` to make the panel"
_DIGITS = 5
_FIELDS = ("verdict", "sentence", "criterion", "values")


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One test: its question, the verdict and its limits, the result in words, and the numbers."""

    __test__ = False  # pytest: not one of its own

    name: str
    title: str
    verdict: Verdict
    sentence: str
    criterion: str
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The tests of one bundle.

    Attributes
    ----------
    quick : bool
        A path check; its numbers say nothing.
    facts : mapping
        How it was made: number of patients, steps, draws, epochs.
    """

    model_id: str
    manifest_sha256: str
    quick: bool
    facts: Mapping[str, Any]
    tests: tuple[Test, ...]

    def __getitem__(self, name: str) -> Test:
        return next(test for test in self.tests if test.name == name)


def judged(values: Mapping[str, Values]) -> tuple[Test, ...]:
    """The tests in the order of `QUESTIONS`, with verdicts and sentences."""
    return tuple(
        Test(
            name=name,
            title=question.title,
            verdict=question.judge(values[name]),
            sentence=question.say(values[name]),
            criterion=question.criterion,
            values=values[name],
        )
        for name, question in QUESTIONS.items()
    )


def write_panel(folder: Path, panel: Panel) -> Path:
    """Store a panel beside the weights."""
    content = {
        "version": PANEL_VERSION,
        "model_id": panel.model_id,
        "manifest_sha256": panel.manifest_sha256,
        "made": time.strftime("%Y-%m-%d", time.gmtime()),
        "quick": panel.quick,
        "facts": panel.facts,
        "tests": {test.name: {name: getattr(test, name) for name in _FIELDS} for test in panel.tests},
    }
    path = folder / PANEL_FILE
    path.write_text(json.dumps(_plain(content), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read_panel(folder: Path, bundle: Bundle) -> Panel:
    """The panel of a bundle.

    Raises
    ------
    BundleError
        There is none, or it was made for other weights or by another version.
    """
    if not bundle.simulated:
        raise _refused(bundle, "are not tested, because these weights come from your own table", remedy="")
    try:
        stored = json.loads((folder / PANEL_FILE).read_text(encoding="utf-8"))
    except OSError as error:
        raise _refused(bundle, "have not been tested") from error
    except ValueError as error:
        raise _refused(bundle, "were tested, but the file cannot be read") from error
    if not isinstance(stored, dict) or stored.get("version") != PANEL_VERSION:
        raise _refused(bundle, "were tested by another version of ELVMass")
    if stored.get("manifest_sha256") != bundle.sha256:
        raise _refused(bundle, "were tested for other weights than these")
    try:
        return _panel(stored)
    except (KeyError, TypeError) as error:
        raise _refused(bundle, "were tested, but the file is not whole") from error


def _panel(stored: Mapping[str, Any]) -> Panel:
    tests = tuple(
        Test(name=name, title=question.title, **{field: stored["tests"][name][field] for field in _FIELDS})
        for name, question in QUESTIONS.items()
    )
    return Panel(
        model_id=stored["model_id"],
        manifest_sha256=stored["manifest_sha256"],
        quick=bool(stored["quick"]),
        facts=cast(Mapping[str, Any], stored["facts"]),
        tests=tests,
    )


def _refused(bundle: Bundle, what: str, remedy: str = _REMEDY) -> BundleError:
    return BundleError(f"The explanations of {bundle.model_id} {what}{remedy}.")


def _plain(value: Any) -> Any:
    """Rounded for the file; what is not a number becomes null."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return round(value, _DIGITS) if math.isfinite(value) else None
    return value
