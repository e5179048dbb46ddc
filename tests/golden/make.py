"""Make the golden set anew: ``python -m tests.golden.make [--workers 2]``.

Prints which answers change, and how; each belongs in CHANGELOG.md under "Changes that alter a displayed value". The
public recordings (ELVMASS_ECG_DATA) keep their lines where they are not at hand, with a warning.
"""

import argparse
from collections.abc import Sequence

from elvmass_core.processes import Pace, map_processes
from tests.golden.compare import report
from tests.golden.recordings import GOLDEN, REAL, Answer, Recipe, answer, plan, read_golden, write_golden

CHUNK = 8


def answers(recipes: Sequence[Recipe], workers: int = 2) -> dict[Recipe, Answer]:
    """Make and answer recordings in processes of one thread each."""
    return dict(zip(recipes, map_processes(answer, recipes, workers, CHUNK), strict=True))


def main() -> None:
    """Make, compare with what is there, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    recipes, pace, made = plan(), Pace("answered"), {}
    for recipe, one in zip(recipes, map_processes(answer, recipes, parser.parse_args().workers, CHUNK), strict=True):
        made[recipe] = one
        if len(made) % 25 == 0 or len(made) == len(recipes):
            print(pace.words(len(made), len(recipes)), flush=True)
    old = read_golden() if GOLDEN.is_file() else {}
    if not any(recipe.kind == REAL for recipe in made):
        kept = {recipe: one for recipe, one in old.items() if recipe.kind == REAL}
        print(f"No public recordings are here (ELVMASS_ECG_DATA): their {len(kept)} lines stay as they were.")
        made |= kept
    known = {recipe: one for recipe, one in made.items() if recipe in old}
    print(f"{len(made)} recordings, {len(made) - len(known)} of them new, {len(old.keys() - made.keys())} left out.")
    print(report(old, known) or "No answer has changed.")
    write_golden(made)


if __name__ == "__main__":
    main()
