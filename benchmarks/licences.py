"""List the licence of every dependency: ``python benchmarks/licences.py`` writes docs/licences.md.

From the metadata of what is installed (dev.py test), for every package of the locks and pins. Packages whose words
name a licence of the GPL family, or another that asks for more than a notice, are marked.
"""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {"requirements": "to run", "requirements-test": "to test", "requirements-cluster": "on a cluster"}
COPYLEFT = re.compile(r"\b(A?GPL|LGPL|MPL|EPL|CDDL|EUPL|GNU|Mozilla)", re.IGNORECASE)
KNOWN = (("Apache", "Apache-2.0"), ("MIT", "MIT"), ("BSD", "BSD"))
"""What the first words of a licence given as a whole text mean."""
HEADER = """# Licences of the dependencies
Made by `benchmarks/licences.py` from the packages' own metadata; versions and hashes are in `requirements*.lock`.
ELVMass itself is under Apache-2.0. CUDA's libraries, which PyTorch's build for Linux with a GPU adds, are NVIDIA's own
and not listed; colorama (BSD-3-Clause) is needed on Windows only.

"""


def locked() -> dict[str, tuple[str, str]]:
    """Name → version and the first purpose it is needed for."""
    found: dict[str, tuple[str, str]] = {}
    for name, purpose in LOCKS.items():
        both = [(ROOT / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("lock", "txt")]
        for package, version in re.findall(r"^([a-z0-9._-]+)==([^\s\\]+)", "\n".join(both), re.MULTILINE):
            found.setdefault(re.sub("[-_.]+", "-", package), (version, purpose))
    return dict(sorted(found.items()))


def licence(package: Distribution) -> str:
    """The licence in few words: SPDX where stated, else the classifiers, else the free text."""
    meta = package.metadata
    if stated := meta.get("License-Expression"):
        return stated
    classes = [line.split(" :: ")[-1] for line in meta.get_all("Classifier", []) if line.startswith("License")]
    classes = [words for words in classes if words != "OSI Approved"]
    if classes:
        return ", ".join(sorted(set(classes)))
    text = (meta.get("License") or "").strip()
    if len(text) < 60 and text:
        return text
    return next((short for start, short in KNOWN if start in text[:200]), "not stated")


def row(name: str, version: str, purpose: str) -> str:
    """One line of the table."""
    try:
        words = licence(distribution(name))
    except PackageNotFoundError:
        words = "not installed here"
    mark = "copyleft" if COPYLEFT.search(words) else ""
    return f"| {name} | {version} | {words} | {purpose} | {mark} |"


def page() -> str:
    """The whole document."""
    rows = [row(name, *rest) for name, rest in locked().items()]
    return HEADER + "\n".join(["| package | version | licence | needed | |", "|---|---|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "licences.md").write_text(page(), encoding="utf-8")
    sys.exit(0)
