"""The sub-command ``sanity``; its cohorts are planned where the simulator may be known."""

import argparse
from collections.abc import Callable
from pathlib import Path


def add_command(commands: argparse._SubParsersAction, run: Callable[[argparse.Namespace], int], weights: Path) -> None:
    """Add it with its options; `run` is called with them."""
    parser = commands.add_parser("sanity", help="test the explanations of every bundle: weights/<model-id>/sanity.json")
    parser.add_argument("--weights", type=Path, default=weights)
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder for cohorts and fits (resumable)")
    parser.add_argument("--quick", action="store_true", help="tiny cohorts, one epoch, few draws: checks the path")
    parser.add_argument("--workers", type=int, default=2)
    parser.set_defaults(command=run)
