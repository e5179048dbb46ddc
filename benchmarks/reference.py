"""Write docs/reference.md: every criterion, measurement and finding, taken from the code.

    python benchmarks/reference.py [--check]

With --check nothing is written, and the exit status is 1 where the page is not what the code says.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from elvmass_core.criteria import CRITERIA  # noqa: E402
from elvmass_core.domain import Sex  # noqa: E402
from elvmass_core.features import AMPLITUDES, INTERVALS, SCORED  # noqa: E402
from elvmass_core.quality import NOT_CHECKED  # noqa: E402
from elvmass_core.quality.order import READING_ORDER  # noqa: E402

PAGE = ROOT / "docs" / "reference.md"
STAGES = ("io", "quality", "models", "pipeline.py")
HEAD = """# Reference: criteria, measurements, findings

Written by `python benchmarks/reference.py` from the code; a test holds that it is what the code says.
"""
INTERVAL_WORDS = {
    "rate_bpm": "heart rate, from the median RR", "p_ms": "P duration", "pr_ms": "P onset to QRS onset",
    "qrs_ms": "QRS duration", "qt_ms": "QRS onset to T end", "qtc_fridericia_ms": "QT ÷ cube root of RR in s",
    "qrs_axis_deg": "frontal axis from the net areas of QRS in I and aVF",
}  # fmt: skip
AMPLITUDE_WORDS = {
    "r": "tallest positive deflection of QRS", "s": "deepest negative deflection of QRS, as a positive number",
    "t": "T at its peak, signed", "stj": "level at the J point, signed",
}  # fmt: skip
SCORED_WORDS = {
    "p_terminal_mv_V1": "depth of the negative end of P in V1", "p_terminal_ms_V1": "its duration",
    "intrinsicoid_ms_V5": "QRS onset to the peak of R in V5", "intrinsicoid_ms_V6": "the same in V6",
}  # fmt: skip


def criteria() -> list[str]:
    """One row for each."""
    rows = ["| criterion | formula | cut-off men; women | source |", "|---|---|---|---|"]
    for one in CRITERIA:
        sign = ">" if one.strict else "≥"
        cuts = "; ".join(f"{sign} {one.cutoffs[sex]:g} {one.unit}" for sex in (Sex.MALE, Sex.FEMALE))
        rows.append(f"| {one.name} | {one.formula} | {cuts} | {one.source} |")
    return rows


def measurements() -> list[str]:
    """Intervals, then the amplitudes of every lead in one row each."""
    rows = ["| name | what |", "|---|---|"]
    rows += [f"| `{name}` | {INTERVAL_WORDS[name]} |" for name in INTERVALS]
    rows += [f"| `{wave}_mv_<lead>` | {AMPLITUDE_WORDS[wave]}, in each of the 12 leads |" for wave in AMPLITUDES]
    rows += [f"| `{name}` | {SCORED_WORDS[name]} |" for name in SCORED]
    return rows


def findings() -> list[str]:
    """Each code in the order they are read, and the module that gives it."""
    rows = ["| what it is about | code | given by |", "|---|---|---|"]
    for group, codes in READING_ORDER:
        rows += [f"| {group} | `{code}` | `{giver(code)}` |" for code in codes]
    return rows


def giver(code: str) -> str:
    """The first module whose text holds the code, else its ending (`_conflict`)."""
    paths = [ROOT / "elvmass_core" / stage for stage in STAGES]
    files = [file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    texts = {file: file.read_text(encoding="utf-8") for file in files if file.name != "order.py"}
    ending = "_" + code.split("_", 1)[-1]
    for wanted in (rf"(?<![\w]){code}(?![\w])", rf"{ending}(?![\w])"):
        for file, text in texts.items():
            if re.search(wanted, text):
                return str(file.relative_to(ROOT))
    raise SystemExit(f"no module gives {code}")


def page() -> str:
    """The whole page."""
    parts = [
        HEAD, "## Criteria", *criteria(), "", "## Measurements", *measurements(), "", "## Findings",
        "STOP blocks an estimate; CAUTION and NOTE do not. This is also the order in which they are read.", "",
        *findings(), "", "## What no check looks at", *(f"- {line}" for line in NOT_CHECKED),
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def main() -> int:
    """Write or compare."""
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
