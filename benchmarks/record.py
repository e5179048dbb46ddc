"""When, from which commit and on which machine a figure was measured, beside the figure."""

import datetime
import json
import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def stamp() -> dict[str, object]:
    """Date, commit (with "+" where files differ from it), cores and the load of the machine."""
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
    }


def commit() -> str:
    """The present commit in short; empty outside of a repository."""
    head = _git("rev-parse", "--short", "HEAD")
    return head + "+" if head and _git("status", "--porcelain", "--untracked-files=no") else head


def last_change(path: Path) -> tuple[str, str]:
    """Date and commit of the last change of a file; empty where it is not in the repository."""
    date, _, short = _git("log", "-1", "--format=%cs %h", "--", str(path)).partition(" ")
    return date, short


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def write(path: Path, content: Mapping[str, object]) -> None:
    """A JSON file with its stamp first."""
    text = json.dumps({"measured": stamp(), **content}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def spread(values: Sequence[float], unit: str = "s", digits: int = 2) -> dict[str, float]:
    """Number, median, 95th and 99th percentile (the smallest value that so many do not exceed) and the largest."""
    ordered = sorted(values)
    if not ordered:
        return {"n": 0}
    marks = {"p95": 0.95, "p99": 0.99}
    picked = {f"{name}_{unit}": ordered[max(0, -int(-share * len(ordered) // 1) - 1)] for name, share in marks.items()}
    found = {f"p50_{unit}": statistics.median(ordered), **picked, f"max_{unit}": ordered[-1]}
    return {"n": len(ordered)} | {name: round(value, digits) for name, value in found.items()}
