"""Imports point one way, and the walls stand."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "elvmass_core"
LAYERS = (
    "errors", "units", "processes", "domain", "segments", "wording", "io", "signal", "features", "reference_ranges",
    "signal_space", "criteria", "quality", "models", "attribution", "figures", "report", "pipeline", "followup",
    "virtual", "realism", "study", "sanity", "sexes", "batch", "retrain", "comparison", "planted", "truth",
    "live", "explaining", "examples", "__main__",
)  # fmt: skip
"""Lowest first: a module imports from its own layer and from those before it."""
FILES = sorted(CORE.rglob("*.py"))


def layer_of(path):
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def imported_layers(path):
    """Layers of the core that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        found |= {
            name.split(".")[1] for name in names if name.startswith("elvmass_core.") and name.split(".")[1] in LAYERS
        }
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_imports_point_down(path):
    layer = layer_of(path)
    if layer == "__init__":
        assert not imported_layers(path)
        return
    assert layer in LAYERS, f"{layer} has no place in the order: add it to LAYERS and to docs/architecture.md"
    above = {name for name in imported_layers(path) if LAYERS.index(name) > LAYERS.index(layer)}
    assert not above


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_simulator_and_models_know_nothing_of_each_other(path):
    layer, imported = layer_of(path), imported_layers(path)
    if layer == "virtual":
        assert not imported & {"models", "study", "attribution", "pipeline"}
    if layer == "realism":
        assert not imported & {"models", "study", "attribution", "pipeline"}
    if layer in ("models", "attribution", "study", "sanity", "sexes"):
        assert not imported & {"virtual", "realism"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_the_core_never_imports_streamlit_and_never_prints(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            names = [module, *(alias.name for alias in node.names)]
            assert not any(name.split(".")[0] == "streamlit" for name in names)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print" or layer_of(path) == "__main__"


def test_no_file_of_the_core_or_the_pages_is_longer_than_five_hundred_lines():
    files = [*FILES, *(ROOT / "pages").rglob("*.py")]
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in long.items() if lines > 500} == {}


def test_every_page_opens_with_begin_page():
    for page in (ROOT / "pages").glob("*.py"):
        tree = ast.parse(page.read_text(encoding="utf-8"))
        calls = [node for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
        assert getattr(calls[0].value.func, "id", None) == "begin_page", page.name
