"""Small archives of hand-made recordings, and the command line as a process of its own."""

import contextlib
import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elvmass_core.__main__ import main
from elvmass_core.io.wfdb_writer import write_wfdb
from tests import synthetic

ROOT = Path(__file__).parents[2]
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
WOMAN = ("Age: 63", "Sex: Female")


def wfdb(folder, name, seed=0, comments=WOMAN, **options):
    """One WFDB record; returns its header."""
    folder.mkdir(parents=True, exist_ok=True)
    write_wfdb(folder, name, synthetic.signal(seed=seed, **options)[0], 500.0, comments=comments)
    return folder / f"{name}.hea"


def csv(path, factor=1.0):
    """A CSV of millivolts that states neither unit nor rate."""
    rows = (factor * synthetic.signal()[0]).T
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(",".join(LEADS) + "\n" + "\n".join(",".join(f"{value:.4f}" for value in row) for row in rows))
    return path


def npz(path, seed=0):
    """As `simulate` writes it."""
    np.savez(path, signal_mv=synthetic.signal(seed=seed)[0].astype(np.float32), fs_hz=500.0, leads=np.array(LEADS))
    return path


def many(folder, n):
    """`n` different WFDB records with a rate of their own each."""
    for number in range(n):
        wfdb(folder, f"ecg{number:03d}", seed=number, rr_s=0.8 + 0.002 * number)
    return folder


def command(*arguments, weights):
    """The command line of `score` as a list for `subprocess`."""
    return [sys.executable, "-m", "elvmass_core", "score", *map(str, arguments), "--weights", str(weights)]


def score(*arguments, weights):
    """Run it to its end, in a process of its own."""
    return subprocess.run(command(*arguments, weights=weights), cwd=ROOT, capture_output=True, text=True)


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


def score_here(*arguments, weights):
    """Run it to its end from this process, which need not load its libraries again; its workers are processes too."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*map(str, ("score", *arguments)), "--weights", str(weights)])
    return Done(code, out.getvalue(), err.getvalue())
