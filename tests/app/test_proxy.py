"""The app behind nginx with the files of ``deploy/``: a whole visit, and what is refused; loopback only."""

import http.client
import json
import os
import re
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.app.proxy import NAME, behind_proxy, nginx_program
from tests.app.visitor import DICOM, ROOT, grams, open_tab, wait_for_saliency

InvalidStatus = pytest.importorskip("websockets.exceptions").InvalidStatus
websockets = pytest.importorskip("websockets.sync.client")
PAGES = ("Men and women", "Cohort", "Virtual patient", "Validation", "Model card", "Estimate")
WAIT_MS = 180_000
"""Long: app, proxy and browser share the machine with other tests."""
CANARY = "Kanarienvogel-4711"
POLICY_END = "frame-ancestors 'none'\" always;"
STRICTER = POLICY_END + " add_header Content-Security-Policy-Report-Only \"default-src 'none'\" always;"
"""Beside the recipe's policy, one that only reports: what it reports is what the pages need."""
COLLECT = """window.needed = new Set();
document.addEventListener('securitypolicyviolation', e => window.needed.add(
  [e.disposition, e.effectiveDirective, e.blockedURI.split(':')[0]].join(' ')));"""
SOURCES = {"https": "'self'", "wss": "'self'", "data": "data:", "blob": "blob:"}

pytestmark = [
    pytest.mark.skipif(nginx_program() is None, reason="nginx is not installed (Debian: apt-get install nginx)"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: no certificate for the test"),
    pytest.mark.skipif(not any((ROOT / "weights").glob("*/manifest.json")), reason="no weights are shipped"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """App and proxy, logging all they can."""
    environment = {**os.environ, "STREAMLIT_LOGGER_LEVEL": "debug"}
    with behind_proxy(tmp_path_factory.mktemp("site"), environment, **{POLICY_END: STRICTER}) as running:
        yield running


@dataclass
class Visit:
    """What a visit showed and what the browser said of it."""

    lvm_g: int = 0
    pdf: bytes = b""
    needed: set[str] = field(default_factory=set)
    console: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    caching: list[str] = field(default_factory=list)


def at_rest(page):
    """Playwright's `wait_for_function` needs eval in the page, which the policy refuses: wait for an element."""
    page.wait_for_timeout(300)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=WAIT_MS)


def opened(browser, url, seen):
    """A page that writes down what goes wrong."""
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    context.add_init_script(COLLECT)
    page.on("console", lambda said: seen.console.append(said.text) if is_fault(said) else None)
    page.on("pageerror", lambda error: seen.console.append(str(error)))
    page.on("request", lambda sent: seen.outside.append(sent.url) if is_outside(sent.url, url) else None)
    page.on("response", lambda got: note_caching(got, seen))
    page.goto(url)
    page.get_by_text("not for diagnosis").wait_for(timeout=WAIT_MS)
    at_rest(page)
    return page


def is_fault(said):
    return said.type == "error" and "report-only" not in said.text.lower().replace(" ", "-")


def is_outside(address, url):
    return not address.startswith((url, url.replace("https", "wss"), "data:", "blob:"))


def note_caching(response, seen):
    if response.url.split("/")[3] == "media":
        seen.caching.append(response.headers.get("cache-control"))


@pytest.fixture(scope="module")
def visit(browser, site, tmp_path_factory):
    """Upload, grams, saliency, PDF with a typed-in name, and every page."""
    seen = Visit()
    page = opened(browser, site.url, seen)
    named = tmp_path_factory.mktemp("named") / f"{CANARY}.dcm"
    named.write_bytes(DICOM.read_bytes())
    page.locator('input[type="file"]').set_input_files(str(named))
    page.locator(".st-key-beat_precordial .js-plotly-plot").wait_for(timeout=WAIT_MS)
    seen.lvm_g = grams(page)
    wait_for_saliency(page)
    at_rest(page)
    page.get_by_test_id("ecg-viewer").get_by_text("25 mm/s · 10 mm/mV").wait_for(timeout=WAIT_MS)
    open_tab(page, "Report")
    page.get_by_role("textbox", name="Name or number on the page (optional)").fill(CANARY)
    page.keyboard.press("Tab")
    at_rest(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the page (PDF)").click()
    seen.pdf = download.value.path().read_bytes()
    for name in PAGES:
        page.get_by_role("link", name=name).first.click()
        at_rest(page)
        page.wait_for_timeout(1000)
    seen.needed = set(page.evaluate("[...window.needed]"))
    page.context.close()
    return seen


def test_a_visit_through_the_proxy_leads_from_upload_to_grams_saliency_and_pdf(visit):
    assert 30 < visit.lvm_g < 500
    assert visit.pdf.startswith(b"%PDF")


def test_no_page_says_an_error_or_asks_another_machine(visit):
    assert visit.console == []
    assert visit.outside == []


def test_no_browser_keeps_a_copy_of_a_report(visit):
    assert set(visit.caching) == {"no-store"}


def test_the_policy_allows_what_the_pages_use_and_nothing_else(visit, site):
    allowed = {}
    for part in headers(site, "/")["Content-Security-Policy"].split(";"):
        directive, *sources = part.split()
        allowed[directive] = {re.sub(r"'sha256-.*'", "inline", one) for one in sources}
    closed = ("default-src", "base-uri", "form-action", "frame-ancestors")
    assert all(allowed.pop(directive) == {"'none'"} for directive in closed)
    needed = {}
    for disposition, directive, source in map(str.split, visit.needed):
        if source == "wasm-eval":  # protobufjs tries WebAssembly for 64-bit numbers and does without
            continue
        assert disposition == "report"
        name = re.sub("-(elem|attr)$", "", directive)
        inline = "'unsafe-inline'" if name == "style-src" else "inline"
        needed.setdefault(name, set()).add(inline if source == "inline" else SOURCES[source])
    assert needed == allowed


def headers(site, path):
    try:
        with urllib.request.urlopen(site.url + path, context=site.tls) as answer:
            return answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.headers


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/media/none", "/_stcore/metrics"])
def test_every_answer_carries_the_headers_of_protection(site, path):
    got = headers(site, path)
    assert "frame-ancestors 'none'" in got["Content-Security-Policy"]
    assert got["X-Frame-Options"] == "DENY"
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["Referrer-Policy"] == "no-referrer"
    assert int(re.fullmatch(r"max-age=(\d+)", got["Strict-Transport-Security"])[1]) >= 31536000
    assert "camera=()" in got["Permissions-Policy"]
    assert got["Cross-Origin-Opener-Policy"] == "same-origin"
    assert got["Server"] == "nginx"
    assert got["Access-Control-Allow-Origin"] is None


def test_the_cookie_of_a_form_travels_only_encrypted_and_only_from_this_site(site):
    cookies = headers(site, "/_stcore/health").get_all("Set-Cookie")
    assert len(cookies) == 1
    assert {"secure", "samesite=strict"} <= {part.strip().lower() for part in cookies[0].split(";")}


def test_no_page_that_frames_this_one_may_send_it_commands(site):
    with urllib.request.urlopen(f"{site.url}/_stcore/host-config", context=site.tls) as answer:
        assert json.load(answer)["allowedOrigins"] == []


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/script-health-check"])
def test_what_is_for_programs_is_not_shown(site, path):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(site.url + path, context=site.tls)


def test_plain_http_leads_to_the_encrypted_address(site):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    with pytest.raises(urllib.error.HTTPError) as moved:
        urllib.request.build_opener(Stay).open(f"{site.plain_url}/cohort")
    with moved.value as answer:
        assert answer.code == 301
        assert answer.headers["Location"] == "https://localhost/cohort"


def test_a_file_over_the_limit_is_refused_in_a_plain_sentence(site):
    request = urllib.request.Request(f"{site.url}/_stcore/upload_file/a/b", data=bytes(12 << 20), method="PUT")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, context=site.tls)
    with refused.value as answer:
        assert answer.code == 413
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert "at most 10 MB" in answer.read().decode()


def test_the_page_refuses_a_file_over_the_limit_in_words(browser, site, tmp_path):
    big = tmp_path / "big.csv"
    big.write_bytes(bytes(11 << 20))
    page = opened(browser, site.url, Visit())
    page.locator('input[type="file"]').set_input_files(str(big))
    page.get_by_text("File must be 10.0MB or smaller").wait_for(timeout=WAIT_MS)
    page.context.close()


def test_another_site_cannot_frame_the_page(browser, site):
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    said = []
    page.on("console", lambda line: said.append(line.text))
    page.set_content(f'<iframe src="{site.url}"></iframe>')
    page.wait_for_timeout(2000)
    assert any("frame-ancestors" in line for line in said)
    assert page.frames[1].locator("#root").count() == 0
    context.close()


@pytest.mark.parametrize("origin", ["https://evil.example", "https://localhost.evil.example", "null"])
def test_a_websocket_from_another_site_is_refused(site, origin):
    address = site.url.replace("https", "wss") + "/_stcore/stream"
    with pytest.raises(InvalidStatus, match="403"):
        websockets.connect(address, origin=origin, ssl=site.tls, proxy=None)


@pytest.mark.parametrize(("host", "status"), [("localhost", 101), (NAME, 403)])
def test_the_app_answers_to_its_own_name_only(site, host, status):
    handshake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    connection = http.client.HTTPConnection("127.0.0.1", site.app_port)
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    connection.request("GET", "/_stcore/stream", headers=handshake | key | {"Host": host})
    answer = connection.getresponse()
    assert answer.status == status
    answer.close()
    connection.close()


def test_an_upload_leaves_nothing_on_a_disk(browser, site, tmp_path):
    """nginx makes no file for a body (a folder in which one came and went has another time), the app keeps none."""
    folders = [site.run / "nginx-body", site.run / "nginx-proxy"]
    before = [folder.stat().st_mtime_ns for folder in folders]
    noise = tmp_path / f"{CANARY}.npy"
    np.save(noise, np.random.default_rng(4).normal(size=(12, 90_000)))
    assert noise.stat().st_size > 8_000_000
    page = opened(browser, site.url, Visit())
    page.locator('input[type="file"]').set_input_files(str(noise))
    page.get_by_text("How many samples per second?").wait_for(timeout=WAIT_MS)
    at_rest(page)
    page.context.close()
    assert [folder.stat().st_mtime_ns for folder in folders] == before
    assert [path for folder in (*folders, site.app_temp) for path in folder.rglob("*")] == []


def test_no_log_holds_what_a_visitor_named_or_typed_even_at_debug_level(visit, site):
    log = site.log()
    assert " GET page 200 " in log
    assert " PUT upload 204 " in log
    assert "AppSession initialized" in log, "the app does not log at debug level"
    assert CANARY not in log
    assert "upload_file" not in log


def test_an_idle_page_stays_open_though_the_proxy_ends_silent_connections(tmp_path):
    environment = {**os.environ, "STREAMLIT_SERVER_WEBSOCKET_PING_INTERVAL": "3"}
    shorter = {"proxy_read_timeout 95s": "proxy_read_timeout 9s", "proxy_send_timeout 95s": "proxy_send_timeout 9s"}
    with behind_proxy(tmp_path, environment, **shorter) as running:
        address = running.url.replace("https", "wss") + "/_stcore/stream"
        with websockets.connect(address, origin=running.url, ssl=running.tls, proxy=None) as page:
            with pytest.raises(TimeoutError):  # nobody says anything, and nobody hangs up
                page.recv(timeout=20)
            assert page.ping().wait(timeout=60), "the connection is dead"
