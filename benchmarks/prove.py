"""Every figure to reach beside the measured one: ``python benchmarks/prove.py [--collect] [--only soak isolation …]``.

Runs the commands of `benchmarks.claims` one after the other (hours on two cores), or with ``--collect`` none of them,
reads the results that they stored, and writes ``docs/proof.md``: figure to reach, measured value, verdict, date, commit
and command. What was not measured, or on less than was asked, is said. Exit status 1 when a figure is missed or open.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.claims import CLAIMS, Claim, all_claims  # noqa: E402
from benchmarks.record import last_change  # noqa: E402

PAGE = ROOT / "docs" / "proof.md"
COHORTS = {"COHORT COHORT": ((1001, 1000), (1002, 1000))}
"""Seed and number of the simulated cohorts that a command asks for."""
REACHED, MISSED, OPEN, TOLD = "reached", "**missed**", "**open**", "told"
AS_FOUND = "as found"
HEAD = """# Proof

What was to be reached, and what was measured. Written by `python benchmarks/prove.py --collect` from the files that the
commands below store; without `--collect` it runs them all first. A commit with + had files that were changed since.
*Open*: not measured yet, or on less than was asked. Waiting times, memory and rates are those of the machine that
measured them; its cores and its load stand in the file.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A claim with what was measured."""

    claim: Claim
    measured: str
    verdict: str
    date: str = ""
    commit: str = ""


def judged(claim: Claim) -> Verdict:
    """Read the stored result of a claim."""
    if not claim.path.is_file():
        return Verdict(claim=claim, measured="not measured yet", verdict=OPEN)
    content = json.loads(claim.path.read_text(encoding="utf-8"))
    try:
        measured, is_reached = claim.read(content)
    except (LookupError, StopIteration, TypeError, ValueError):
        return Verdict(claim=claim, measured="not in the file yet", verdict=OPEN)
    date, commit = stamp_of(claim, content)
    told = TOLD if claim.goal == AS_FOUND else OPEN
    verdict = told if is_reached is None else REACHED if is_reached else MISSED
    return Verdict(claim=claim, measured=measured, verdict=verdict, date=date, commit=commit)


def stamp_of(claim: Claim, content: dict) -> tuple[str, str]:
    """Date and commit of a result: its own, else those of the last change of its file."""
    measured = content.get("measured", {})
    part = content.get(claim.part, {})
    for one in (part.get("measured") if isinstance(part, dict) else None, measured.get(claim.part), measured, content):
        if isinstance(one, dict) and "date" in one:
            date = str(one["date"])
            return date, str(one.get("commit") or last_change(claim.path)[1])
    return last_change(claim.path)


def page(verdicts: list[Verdict]) -> str:
    """The page, in Markdown."""
    counts = {word: sum(one.verdict == word for one in verdicts) for word in (REACHED, MISSED, OPEN, TOLD)}
    parts = [HEAD, ", ".join(f"{n} {word}" for word, n in counts.items() if n) + "."]
    for title, claims in CLAIMS.items():
        parts.append(f"\n## {title}\n\n| what | to reach | measured | | date, commit |\n|---|---|---|---|---|")
        for one in verdicts:
            if one.claim in claims:
                when = " ".join(filter(None, (one.date, one.commit)))
                parts.append(f"| {one.claim.what} | {one.claim.goal} | {one.measured} | {one.verdict} | {when} |")
    words = [f"- **{one.claim.what}**: {why(one)}" for one in verdicts if why(one)]
    if words:
        parts.append("\n## Misses, open figures and remarks\n\n" + "\n".join(words))
    parts.append("\n## Commands\n")
    parts += [f"- `{command}` → `{source}`" for command, source in commands()]
    return "\n".join(parts) + "\n"


def why(one: Verdict) -> str:
    """What is said about a line below the tables."""
    said = [one.claim.remark]
    if one.verdict == MISSED:
        said.insert(0, f"missed. {one.claim.missed}".strip())
    elif one.verdict == OPEN:
        said.insert(0, "open: run its command in full.")
    return " ".join(filter(None, said))


def commands() -> list[tuple[str, str]]:
    """Each command once, with the file that it writes."""
    return list(dict.fromkeys((claim.command, claim.source) for claim in all_claims()))


def script_of(command: str) -> Path:
    """The script that a command runs."""
    return ROOT / command.split()[1]


def run(command: str, work: Path) -> None:
    """Run one command in the root; its own exit status says whether the figure was reached, which is read later."""
    for words, cohorts in COHORTS.items():
        if words in command:
            command = command.replace(words, " ".join(str(_cohort(work, seed, n)) for seed, n in cohorts))
    print(f"$ {command}", flush=True)
    subprocess.run([sys.executable, *command.split()[1:]], cwd=ROOT, check=False)


def _cohort(work: Path, seed: int, n: int) -> Path:
    folder = work / f"cohort-{seed}"
    arguments = ["-m", "elvmass_core", "simulate", "--n", str(n), "--seed", str(seed), "--out", str(folder)]
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)
    return folder


def main() -> int:
    """Run what is asked for, write the page, print the verdicts; 1 when a figure is missed or open."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--collect", action="store_true", help="run nothing, read what is stored")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run only scripts whose name holds one of these")
    parser.add_argument("--work", type=Path, default=ROOT / ".cache" / "prove", help="folder for simulated cohorts")
    options = parser.parse_args()
    for command, _ in commands():
        name = script_of(command).stem
        if not options.collect and (options.only is None or any(word in name for word in options.only)):
            run(command, options.work)
    verdicts = [judged(claim) for claim in all_claims()]
    PAGE.write_text(page(verdicts), encoding="utf-8")
    for one in verdicts:
        print(f"{one.verdict.strip('*'):8s} {one.claim.what}: {one.measured} (to reach: {one.claim.goal})")
    return int(any(one.verdict in (MISSED, OPEN) for one in verdicts))


if __name__ == "__main__":
    sys.exit(main())
