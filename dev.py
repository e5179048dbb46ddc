"""Set up and run ELVMass with nothing but Python 3.11: ``python3 dev.py app | test [--quick] | check``.

The first call makes ``.venv`` and installs the pinned requirements, all but torch checked against the hashes of
``requirements*.lock``; later calls reuse it while pins and locks are unchanged.
Standard library only. Arguments after the command go to the tool behind it (streamlit or pytest).
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BINARIES = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BINARIES / ("python.exe" if os.name == "nt" else "python")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHECKED = ("app.py", "dev.py", "elvmass_core", "pages", "tests", "benchmarks")
APP = ROOT / "app.py"
DEFAULTS = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
"""One thread in each process: one ECG is small work, and several processes share few cores."""


def run(*command: str | Path, quiet: bool = False) -> int:
    """Run a command in the project folder and return its exit code."""
    output = subprocess.DEVNULL if quiet else None
    environment = {**DEFAULTS, **os.environ}
    return subprocess.run([str(part) for part in command], cwd=ROOT, stdout=output, env=environment).returncode


def need(*command: str | Path, quiet: bool = False) -> None:
    """Run a command and stop with its exit code when it fails."""
    if code := run(*command, quiet=quiet):
        sys.exit(code)


def set_up(*requirement_files: str) -> None:
    """Make the virtual environment and install locks and pins, unless exactly these are installed already.

    The lock first, with hashes; then the pins, which add torch, whose build differs from machine to machine.
    """
    if sys.version_info[:2] != (3, 11):
        sys.exit(f"ELVMass is pinned to Python 3.11; this is {sys.version.split()[0]}. Run: python3.11 dev.py …")
    for name in requirement_files:
        pins, lock = ROOT / name, (ROOT / name).with_suffix(".lock")
        stamp = VENV / f".installed-{name}"
        wanted = hashlib.sha256(pins.read_bytes() + lock.read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        if not PYTHON.exists():
            print("Making .venv", flush=True)
            need(sys.executable, "-m", "venv", VENV)
        print(f"Installing {name} (about two minutes and 2 GB the first time)", flush=True)
        need(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", lock)
        need(PYTHON, "-m", "pip", "install", "--quiet", "-r", pins)
        stamp.write_text(wanted)


def find_browser() -> None:
    """Make sure the browser tests have a browser: the system's, Debian's, or Playwright's own."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    print("No browser found: installing one for the browser tests", flush=True)
    may_install = shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0
    if may_install and not run("apt-get", "update", "-qq", quiet=True):
        if not run("apt-get", "install", "-y", "-qq", "chromium", quiet=True):
            return
    if run(PYTHON, "-m", "playwright", "install", "chromium"):
        print("No browser could be installed: the browser tests will be skipped", flush=True)


def app(arguments: list[str]) -> int:
    """Open the app on 127.0.0.1:8501."""
    set_up("requirements.txt")
    return run(PYTHON, "-m", "streamlit", "run", APP, *arguments)


TWO_AT_A_TIME = ("-n", "2", "--dist", "loadfile")


def test(arguments: list[str]) -> int:
    """Run every test, two processes at a time; with --quick those that need no training, cohort or browser."""
    set_up("requirements.txt", "requirements-test.txt")
    if "--quick" in arguments:
        chosen = [one for one in arguments if one != "--quick"]
        return run(PYTHON, "-m", "pytest", *TWO_AT_A_TIME, "-m", "not slow", *chosen)
    find_browser()
    return run(PYTHON, "-m", "pytest", *(arguments or TWO_AT_A_TIME))


def check(_arguments: list[str]) -> int:
    """Check style, format and types."""
    set_up("requirements.txt", "requirements-test.txt")
    codes = [
        run(PYTHON, "-m", "ruff", "check", *CHECKED),
        run(PYTHON, "-m", "ruff", "format", "--check", *CHECKED),
        run(PYTHON, "-m", "mypy"),
    ]
    return max(codes)


COMMANDS = {"app": app, "test": test, "check": check}


def main() -> int:
    """Dispatch on the first argument."""
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print(__doc__)
        return 2
    try:
        return COMMANDS[sys.argv[1]](sys.argv[2:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
