"""The app behind nginx with the files of ``deploy/``, on free ports of the loopback address."""

import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.app.visitor import ROOT

DEPLOY = ROOT / "deploy"
NAME = "elvmass.example"
START_S = 60


@dataclass(frozen=True, kw_only=True)
class Site:
    """What runs: its address, and the folders it could leave something in."""

    url: str
    plain_url: str
    app_port: int
    run: Path
    logs: Path
    app_temp: Path
    tls: ssl.SSLContext

    def log(self) -> str:
        """All that nginx and the app have logged."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.logs.iterdir()))


def nginx_program() -> str | None:
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def free_ports(n: int) -> list[int]:
    probes = [socket.socket() for _ in range(n)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def replaced(text: str, changes: dict[str, str]) -> str:
    """The recipe for this place; each part that is changed must be in it."""
    for old, new in changes.items():
        assert old in text, f"the recipe no longer holds {old!r}"
        text = text.replace(old, new)
    return text


def nginx_conf(folder: Path, https: int, http: int, app: int, **more: str) -> str:
    """The recipe's nginx.conf with ports, name and paths of this run; every directive of protection is as shipped."""
    changes = {
        NAME: "localhost",
        "listen 443 ": f"listen 127.0.0.1:{https} ",
        "listen 80 ": f"listen 127.0.0.1:{http} ",
        "http://127.0.0.1:8501": f"http://127.0.0.1:{app}",
        " /run/": f" {folder}/run/",
        "/var/log/nginx/": f"{folder}/log/",
        "/etc/ssl/elvmass/": f"{folder}/tls/",
    }
    conf = replaced((DEPLOY / "nginx.conf").read_text(), changes | more)
    return conf if os.geteuid() == 0 else conf.replace("user www-data;\n", "")


def app_command(port: int) -> list[str]:
    """What the unit starts, with this Python, port and name."""
    unit = (DEPLOY / "elvmass.service").read_text()
    line = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert line
    changes = {"/opt/elvmass/.venv/bin/python": sys.executable, "8501": str(port), NAME: "localhost"}
    return shlex.split(replaced(line[1], changes))


def certificate(folder: Path) -> None:
    """A self-signed certificate for localhost."""
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost -keyout key.pem -out fullchain.pem"
    )
    subprocess.run(shlex.split(command), cwd=folder, check=True, capture_output=True)


@contextmanager
def behind_proxy(folder: Path, environment: dict[str, str], **more: str):
    """Start app and nginx; stop both."""
    for name in ("run", "log", "tls", "app"):
        (folder / name).mkdir()
    folder.chmod(0o755)
    certificate(folder / "tls")
    https, http, app = free_ports(3)
    conf = folder / "nginx.conf"
    conf.write_text(nginx_conf(folder, https, http, app, **more))
    temp = folder / "app"
    with (folder / "log" / "app.log").open("wb") as log:
        server = subprocess.Popen(
            app_command(app), cwd=ROOT, stdout=log, stderr=log, env={**environment, "TMPDIR": str(temp)}
        )
        proxy = subprocess.Popen(
            [str(nginx_program()), "-c", str(conf), "-e", str(folder / "log" / "start.log"), "-g", "daemon off;"]
        )
        try:
            site = Site(
                url=f"https://localhost:{https}",
                plain_url=f"http://localhost:{http}",
                app_port=app,
                run=folder / "run",
                logs=folder / "log",
                app_temp=temp,
                tls=ssl.create_default_context(cafile=str(folder / "tls" / "fullchain.pem")),
            )
            _wait_for(site, server, proxy)
            yield site
        finally:
            for process in (proxy, server):
                stop(process)


def stop(process: subprocess.Popen) -> None:
    """End a process; Streamlit waits for pages that are still open, and we do not."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(site: Site, *processes: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and all(process.poll() is None for process in processes):
        try:
            urllib.request.urlopen(f"{site.url}/_stcore/health", timeout=2, context=site.tls).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"app or nginx did not start:\n{site.log()}")
