"""Hardened settings are in force, deployment files and locks fit them and the pins, and nothing asks the network."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = {
    "server.address": "127.0.0.1",
    "server.showEmailPrompt": False,
    "server.maxUploadSize": 10,
    "server.maxMessageSize": 25,
    "server.maxWidgetStateSize": 2,
    "server.enableXsrfProtection": True,
    "server.xsrfCookieSameSite": "strict",
    "server.enableCORS": True,
    "server.corsAllowedOrigins": [],
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "server.allowRunOnSave": False,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.scriptHealthCheckEnabled": False,
    "server.enableWebsocketCompression": False,
    "server.websocketPingInterval": 30,
    "server.disconnectedSessionTTL": 120,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "client.allowedOrigins": [],
    "runner.magicEnabled": False,
    "logger.level": "warning",
    "logger.enableRich": False,
}
ASK = """
import json, sys
from streamlit import config
asked = json.loads(sys.argv[1])
print(json.dumps({name: [config.get_option(name), config.get_where_defined(name)] for name in asked}))
"""
NGINX = (ROOT / "deploy" / "nginx.conf").read_text()
UNIT = (ROOT / "deploy" / "elvmass.service").read_text()
SETS = ("requirements", "requirements-test", "requirements-cluster")


@pytest.fixture(scope="module")
def in_force():
    """Each setting as a server that is started here has it, and where it comes from."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    command = [sys.executable, "-c", ASK, json.dumps(list(SETTINGS))]
    return json.loads(subprocess.run(command, cwd=ROOT, env=clean, check=True, capture_output=True).stdout)


@pytest.mark.parametrize("name", SETTINGS)
def test_each_hardened_setting_is_in_force_and_comes_from_the_projects_file(in_force, name):
    value, where = in_force[name]
    assert value == SETTINGS[name]
    assert Path(where) == ROOT / ".streamlit" / "config.toml"


def test_every_setting_of_the_file_is_held_here():
    written = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert {f"{part}.{name}" for part, names in written.items() if part != "theme" for name in names} == set(SETTINGS)


def one(pattern, text):
    found = re.findall(pattern, text, re.MULTILINE)
    assert len(found) == 1, pattern
    return found[0]


def test_the_proxy_lets_through_what_the_app_takes_and_little_more():
    allowed_mb = int(one(r"client_max_body_size (\d+)m;", NGINX))
    assert SETTINGS["server.maxUploadSize"] < allowed_mb <= SETTINGS["server.maxUploadSize"] + 1


def test_the_proxy_waits_for_more_than_one_ping():
    assert int(one(r"proxy_read_timeout (\d+)s;", NGINX)) > 2 * SETTINGS["server.websocketPingInterval"]


def test_the_proxy_writes_no_upload_no_answer_and_no_address_line_to_disk_or_log():
    assert "proxy_request_buffering off;" in NGINX
    assert "proxy_max_temp_file_size 0;" in NGINX
    assert all(path.startswith("/run/") for path in re.findall(r"_temp_path (\S+);", NGINX))
    logged = set(re.findall(r"\$(\w+)", one(r"log_format kinds '(.*)';", NGINX)))
    assert logged == {"time_iso8601", "request_method", "kind", "status", "body_bytes_sent", "request_time"}


def test_the_files_of_proxy_and_service_name_the_same_site():
    assert NGINX.count("elvmass.example") == 3
    assert UNIT.count("=elvmass.example") == 2
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", NGINX)) == {one(r"--server\.port=(\d+)", UNIT)}


def test_the_service_leaves_the_reading_child_what_it_needs():
    """It limits itself with setrlimit, talks over socket pairs, and may take 1 GB four times."""
    assert "~@resources" not in UNIT
    assert "AF_UNIX" in one(r"^RestrictAddressFamilies=(.*)$", UNIT)
    assert int(one(r"^MemoryMax=(\d+)G$", UNIT)) >= 5
    assert one(r"^OOMPolicy=(.*)$", UNIT) == "continue"
    assert "TMPDIR=/run/elvmass" in UNIT


def systemd_version():
    if shutil.which("systemd-analyze") is None:
        return 0
    said = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True).stdout
    return int(re.search(r"systemd (\d+)", said)[1])


@pytest.mark.skipif(systemd_version() < 252, reason="systemd-analyze is not installed, or older than the unit (252)")
@pytest.mark.parametrize("check", [["verify"], ["security", "--offline=true", "--threshold=15", "--no-pager"]])
def test_systemd_accepts_the_unit_and_rates_its_exposure_at_most_1_5_of_10(tmp_path, check):
    unit = tmp_path / "elvmass.service"
    unit.write_text(UNIT.replace("/opt/elvmass/.venv/bin/python", sys.executable).replace("/opt/elvmass", str(ROOT)))
    done = subprocess.run(["systemd-analyze", *check, str(unit)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def packages(text):
    """Name → version of the lines that pin one."""
    lines = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)
    return {re.sub("[-_.]+", "-", name).lower(): version for name, version in lines}


@pytest.mark.parametrize("name", SETS)
def test_the_lock_holds_every_pin(name):
    pins, lock = (packages((ROOT / f"{name}.{kind}").read_text()) for kind in ("txt", "lock"))
    pins.pop("torch", None)  # benchmarks/lock.py says why
    assert pins
    assert pins.items() <= lock.items(), f"run benchmarks/lock.py: {name}.txt has changed"


@pytest.mark.parametrize("name", SETS)
def test_every_locked_package_has_hashes_and_the_lock_names_no_host(name):
    text = (ROOT / f"{name}.lock").read_text()
    blocks = re.findall(r"^[a-z].*(?:\n +--hash=sha256:[0-9a-f]{64}(?: \\)?)*", text, re.MULTILINE)
    assert len(blocks) == len(packages(text))
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_the_locks_agree_on_what_they_share():
    runtime = packages((ROOT / "requirements.lock").read_text())
    for name in SETS[1:]:
        lock = packages((ROOT / f"{name}.lock").read_text())
        assert {package: lock[package] for package in lock.keys() & runtime.keys()}.items() <= runtime.items()


def test_every_locked_package_stands_in_the_list_of_licences():
    listed = re.findall(
        r"^\| ([a-z0-9._-]+) \| (\d[^ ]*) \|", (ROOT / "docs" / "licences.md").read_text(), re.MULTILINE
    )
    locked = {}
    for name in SETS:
        locked |= packages((ROOT / f"{name}.lock").read_text()) | packages((ROOT / f"{name}.txt").read_text())
    assert {re.sub("[-_.]+", "-", name): version for name, version in listed} == locked, "run benchmarks/licences.py"


WATCH = '''
"""Runs in every Python process of the test: writes down and refuses whatever would leave this machine."""
import os, sys

LOCAL = ("127.", "::1", "localhost")


def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    else:
        return
    if host is None or str(host or "127.").startswith(LOCAL) or host in ("", b"", "0.0.0.0", "::"):
        return
    with open(os.environ["WATCHED"], "a") as kept:
        kept.write(f"{event} {host!r}\\n")
    raise PermissionError(f"the network was asked: {event} {host!r}")


sys.addaudithook(watch)
'''
PAGES = """
from streamlit.testing.v1 import AppTest
for name in ("estimate", "sexes", "cohort", "virtual_patient", "validation", "model_card"):
    page = AppTest.from_file(f"pages/{name}.py", default_timeout=600).run()
    assert not page.exception, page.exception
    if name == "estimate":
        page.selectbox(key="ecg_example").set_value("woman_normal").run()
        assert not page.exception and any("LV mass" in one.label for one in page.metric)
"""
ESTIMATE = (
    "-m elvmass_core estimate examples/woman_normal.hea --sex F --age 50 --height-cm 165 --weight-kg 65 --explain"
)
RUNS = {
    "estimate, PDF, FHIR": [*ESTIMATE.split(), "--pdf", "{out}/a.pdf", "--fhir", "{out}/a.json", "--json"],
    "score": ["-m", "elvmass_core", "score", "examples", "--out", "{out}/s.parquet", "--workers", "1"],
    "verify": ["-m", "elvmass_core", "verify"],
    "pages": ["-c", PAGES],
    "control": ["-c", "import sys; sys.audit('socket.connect', None, ('192.0.2.1', 9))"],
}
needs_weights = pytest.mark.skipif(not any((ROOT / "weights").glob("*/manifest.json")), reason="no weights are shipped")


@needs_weights
@pytest.mark.parametrize("what", RUNS)
def test_nothing_asks_the_network_at_run_time(tmp_path, what):
    """The reading child and the workers are watched too: they start with the same sitecustomize."""
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    asked = tmp_path / "asked"
    environment = {**os.environ, "WATCHED": str(asked), "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, *(part.replace("{out}", str(tmp_path)) for part in RUNS[what])]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if what == "control":
        assert done.returncode == 1
        assert asked.read_text() == "socket.connect '192.0.2.1'\n"
    else:
        assert done.returncode == 0, done.stderr[-2000:]
        assert not asked.exists(), asked.read_text()
