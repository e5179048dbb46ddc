"""The running app with its line of heavy work held by a test, as if other visitors were at work; nothing in the app.

Python runs a ``sitecustomize`` of its path at the start. The one written here takes all slots of the line while a file
``hold`` exists, and writes how many are at work and waiting besides.
"""

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.running_app import running_app
from tests.app.visitor import DICOM

_CUSTOM = """
import json, os, pathlib, sys, threading, time

def keep_held(folder):
    held = []
    while True:
        time.sleep(0.02)
        module = sys.modules.get("pages.shared.work_queue")
        line = getattr(module, "LINE", None)
        if line is None:
            continue
        if (folder / "hold").exists():
            if not held:
                held = [line.join(module.Work.SHORT) for _ in range(module.SLOTS)]
        else:
            while held:
                line.leave(held.pop())
        working, waiting = line.counts
        new = folder / "counts.new"
        new.write_text(json.dumps({"held": len(held), "working": working - len(held), "waiting": waiting}))
        new.replace(folder / "counts")

if "streamlit" in sys.orig_argv:
    threading.Thread(target=keep_held, args=(pathlib.Path(__file__).parent,), daemon=True).start()
"""
_WAIT_S = 60.0
COLD_MS = 400_000
"""A first visitor waits for the libraries and models, on a busy machine for minutes."""


@dataclass(frozen=True, slots=True)
class HeldLine:
    """The line of a running app, from outside."""

    folder: Path

    @classmethod
    def prepare(cls, folder: Path) -> "HeldLine":
        """Write what the app is to run at its start."""
        (folder / "sitecustomize.py").write_text(_CUSTOM)
        return cls(folder)

    @property
    def environment(self) -> dict[str, str]:
        """Of the app."""
        return {"PYTHONPATH": str(self.folder)}

    def hold(self) -> None:
        """Let nobody begin."""
        (self.folder / "hold").touch()
        self.wait_for("held", lambda held: held > 0)

    def release(self) -> None:
        """Let work begin again."""
        (self.folder / "hold").unlink(missing_ok=True)

    def wait_for(self, name: str, is_right, pause=time.sleep) -> None:
        """Wait until a count (held, working, waiting) is as it should be; fails with the last one.

        `pause` waits so many seconds: the browser's own way where the test carries the browser's messages.
        """
        deadline, found = time.monotonic() + _WAIT_S, None
        while time.monotonic() < deadline:
            if (self.folder / "counts").is_file():
                found = json.loads((self.folder / "counts").read_text())[name]
                if is_right(found):
                    return
            pause(0.02)
        raise AssertionError(f"{name}: {found}")


@contextmanager
def held_app(browser, folder: Path):
    """A running app that has answered once, and its line: (url, line)."""
    line = HeldLine.prepare(folder)
    with running_app(environment=line.environment) as app:
        context = browser.new_context()
        page = context.new_page()
        page.goto(app.url)
        page.locator('input[type="file"]').first.wait_for(state="attached", timeout=COLD_MS)
        page.locator('input[type="file"]').first.set_input_files(str(DICOM))
        page.locator(".st-key-beat_precordial .js-plotly-plot").wait_for(timeout=COLD_MS)
        context.close()
        yield app.url, line
