"""The app as a user starts it, on a free port, and the browser to visit it with; for benchmarks and tests."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HEALTH = "/_stcore/health"
START_S, STOP_S, LOOK_S = 120.0, 20.0, 0.05
READER = "elvmass_core.io.child"


class AppNotStartedError(RuntimeError):
    """The app ended or did not answer in time."""


@dataclass(frozen=True, slots=True)
class RunningApp:
    """Where the app answers, its process, and how long it took to answer, in s."""

    url: str
    process: subprocess.Popen[bytes]
    health_s: float

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self.process.pid

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process.poll() is None

    def reader_pid(self) -> int | None:
        """Number of the server that forks a child for each file; None before it runs."""
        for child in psutil.Process(self.pid).children():
            with contextlib.suppress(psutil.Error):
                if READER in child.cmdline():
                    return child.pid
        return None


@contextlib.contextmanager
def running_app(
    *, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[RunningApp]:
    """The app on a free port of this machine, stopped afterwards.

    Parameters
    ----------
    arguments : sequence of str
        More options of ``streamlit run``.
    environment : mapping, optional
        Variables to set on top of the present ones.
    log : Path, optional
        File for all that the app prints; dropped without.

    Yields
    ------
    RunningApp
        Once the app says that it is healthy.

    Raises
    ------
    AppNotStartedError
    """
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    with (log or Path(os.devnull)).open("ab") as told:
        started = time.perf_counter()
        server = subprocess.Popen(
            [*command, *arguments], cwd=ROOT, stdout=told, stderr=told, env={**os.environ, **(environment or {})}
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, server)
        yield RunningApp(url, server, time.perf_counter() - started)
    finally:
        _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the app; one that is busy loading does not hear it."""
    server.terminate()
    try:
        server.wait(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def browser_path() -> str | None:
    """The system's Chromium; None: Playwright's own."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url + HEALTH, timeout=2).close()
            return
        except OSError:
            time.sleep(LOOK_S)
    raise AppNotStartedError(f"The app did not answer at {url} within {START_S:g} s.")
