"""What a bundle of weights says of itself, in words and as table rows."""

from collections.abc import Mapping

from elvmass_core.models.bundle import Bundle
from pages.shared.render import plain

_FACTS = ("members", "training", "cutoff", "input", "architecture", "weights_sha256")
"""Parts of the manifest worth reading; coefficients stay in the file."""


def manifest_rows(bundle: Bundle) -> list[dict[str, str]]:
    """The facts of a weight bundle, one per row, nested facts with their path."""
    facts = {name: bundle.manifest[name] for name in _FACTS if name in bundle.manifest}
    return [{"Fact": plain(name), "Value": plain(value)} for name, value in _flat(facts).items()]


def training_words(bundle: Bundle) -> str:
    """What a bundle was trained on, as its manifest says."""
    description = plain(str(bundle.manifest["training"]["source"]["description"]))
    if not bundle.simulated:
        return f"Training data: {description}"
    never = "These weights have never seen a real patient: they are **trained on simulated patients**"
    return f"{never} whose LV mass is known by construction. {description}"


def _flat(facts: Mapping[str, object], path: str = "") -> dict[str, str]:
    """Nested facts as "outer, inner" → text; long lists are left to the manifest."""
    rows: dict[str, str] = {}
    for name, value in facts.items():
        words = f"{path}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            rows |= _flat(value, f"{words}, ")
        elif not isinstance(value, list):
            rows[words] = f"{value:.4g}" if isinstance(value, float) else str(value)
        elif all(isinstance(one, str) for one in value):
            rows[words] = ", ".join(value)
    return rows
