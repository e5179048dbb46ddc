"""A visitor without a browser: speaks the app's WebSocket protocol and uploads over HTTP, as its page does.

What a browser adds (drawing) is left out, so that many visits cost little beside the app's own work. Widgets are named
by their key, as in the pages; every frame received can be kept, to look for what should not be in it.
"""

import contextlib
import re
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

XSRF = "_streamlit_xsrf"
PATIENCE_S = 300.0
MAX_FRAME = 300_000_000
_BOUNDARY = "elvmass-boundary"
_ENDS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class WireError(RuntimeError):
    """The app did not answer as it should."""


class Page:
    """What stands on the page: elements and blocks by their place."""

    def __init__(self) -> None:
        self._parts: dict[tuple[int, ...], tuple[Any, str]] = {}

    def begin(self, fragments: tuple[str, ...]) -> None:
        """Drop what the coming run draws anew."""
        self._parts = {path: part for path, part in self._parts.items() if fragments and part[1] not in fragments}

    def put(self, path: tuple[int, ...], delta: Any) -> None:
        """Add or replace a part; a transient one (a spinner) stands for nothing."""
        kind = delta.WhichOneof("type")
        if kind == "add_block":
            self._parts = {at: part for at, part in self._parts.items() if at[: len(path)] != path}
            self._parts[path] = (delta.add_block, delta.fragment_id)
        elif kind == "new_element":
            self._parts[path] = (delta.new_element, delta.fragment_id)

    def elements(self, kind: str) -> list[Any]:
        """All elements of a kind, in the order of their places."""
        parts = (part for _, (part, _) in sorted(self._parts.items(), key=lambda item: item[0]))
        return [getattr(one, kind) for one in parts if one.WhichOneof("type") == kind]

    def widget(self, key: str) -> tuple[Any, str] | None:
        """The widget of a key (numbers behind it count ECGs and changes) and the fragment that it stands in."""
        wanted = re.compile(rf".*-{key}(_\d+)*")
        for part, fragment in self._parts.values():
            kind = part.WhichOneof("type")
            found = getattr(part, kind) if kind else None
            for one in (found, part):
                if wanted.fullmatch(str(getattr(one, "id", "") or "")):
                    return one, fragment
        return None

    def grams(self) -> list[str]:
        """Masses on the page, as written."""
        return [one.body for one in self.elements("metric") if one.body.endswith(" g")]

    def texts(self) -> str:
        """Sentences and captions."""
        kinds = ("markdown", "alert", "text", "heading")
        return "\n".join(str(getattr(one, "body", one)) for kind in kinds for one in self.elements(kind))

    def errors(self) -> list[str]:
        """Red boxes."""
        return [one.body for one in self.elements("alert") if one.format == 1]


class Visitor:
    """One session.

    Parameters
    ----------
    url : str
        Where the app answers.
    keep : callable, optional
        Given every frame received and every file downloaded: "frame" or "file", and the bytes.
    patience_s : float
        How long one answer may take.
    """

    def __init__(
        self, url: str, keep: Callable[[str, bytes], None] | None = None, *, patience_s: float = PATIENCE_S
    ) -> None:
        self.patience_s = patience_s
        self.url, self.page, self.session, self.script_hash = url, Page(), "", ""
        self.grams_s = float("nan")
        self._keep = keep or (lambda kind, content: None)
        self._states: dict[str, WidgetState] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._token = self._xsrf()
        address = self.url.replace("http", "ws", 1) + "/_stcore/stream"
        headers = {"Cookie": f"{XSRF}={self._token}"}
        self._socket = self._stack.enter_context(
            connect(
                address, subprotocols=[Subprotocol("streamlit")], origin=Origin(self.url), additional_headers=headers,
                max_size=MAX_FRAME, proxy=None, compression=None, ping_interval=None, open_timeout=self.patience_s,
            )
        )  # fmt: skip
        self.rerun()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # --- what a visitor does ------------------------------------------------------------------------------------------

    def upload(self, key: str, files: Mapping[str, bytes]) -> float:
        """Give files to an uploader; seconds until the app was at rest again.

        ``grams_s`` holds the seconds until a mass stood on the page, NaN without.
        """
        started = time.perf_counter()
        widget = self._widget(key)[0]
        state = WidgetState(id=widget.id)
        for name, content, urls in zip(files, files.values(), self._urls(list(files)), strict=True):
            self._put(urls.upload_url, name, content)
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.name, info.size, info.file_id = name, len(content), urls.file_id
            info.file_urls.CopyFrom(urls)
        self._states[widget.id] = state
        self.rerun(since=started)
        if all(one.id != widget.id for one in self.page.elements("file_uploader")):
            del self._states[widget.id]  # read: the app shows an empty one instead
        return time.perf_counter() - started

    def click(self, key: str) -> None:
        """Press a button."""
        self._change(key, trigger_value=True)

    def toggle(self, key: str, value: bool) -> None:
        """Set a switch."""
        self._change(key, bool_value=value)

    def write(self, key: str, value: str) -> None:
        """Fill a line of text, or open a tab by its name."""
        self._change(key, string_value=value)

    def number(self, key: str, value: float) -> None:
        """Fill a number."""
        self._change(key, double_value=value)

    def submit(self, key: str, value: float, label: str) -> None:
        """Fill the number of a form and press the form's button, which has no key but these words."""
        number = self._widget(key)[0]
        button = next(one for one in self.page.elements("button") if one.label == label)
        self._states[number.id] = WidgetState(id=number.id, double_value=value)
        self._states[button.id] = WidgetState(id=button.id, trigger_value=True)
        self.rerun()
        del self._states[number.id], self._states[button.id]

    def download(self, key: str) -> bytes:
        """The file behind a download button."""
        button, _ = self._widget(key)
        url, request = button.url, BackMsg()
        if button.deferred_file_id:
            operation = request.backend_operation_request
            operation.request_id, operation.session_id = uuid.uuid4().hex, self.session
            operation.deferred_file.file_id = button.deferred_file_id
            self._socket.send(request.SerializeToString())
            for message in self._messages():
                if message.WhichOneof("type") == "backend_operation_response":
                    url = message.backend_operation_response.deferred_file.url
                    if message.backend_operation_response.error_msg:
                        raise WireError(message.backend_operation_response.error_msg)
                    break
        try:
            with _DIRECT.open(self.url + url, timeout=self.patience_s) as answer:
                content = bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise WireError(f"the file of {key!r}: {error}") from error
        self._keep("file", content)
        return content

    def rerun(self, fragment: str = "", since: float | None = None) -> None:
        """Run the page (or a fragment of it) with the widgets as they are, and wait for its end."""
        message, since = BackMsg(), since or time.perf_counter()
        client = message.rerun_script
        client.page_script_hash, client.fragment_id = self.script_hash, fragment
        client.widget_states.widgets.extend(self._states.values())
        client.context_info.color_scheme = "light"
        self._socket.send(message.SerializeToString())
        self.grams_s, begun = float("nan"), False
        for one in self._messages():
            kind = one.WhichOneof("type")
            if kind == "new_session":
                begun = True
                self._begin(one)
            elif kind == "delta":
                self.page.put(tuple(one.metadata.delta_path), one.delta)
                if self.grams_s != self.grams_s and self._is_grams(one):
                    self.grams_s = time.perf_counter() - since
            elif kind == "script_finished" and begun and one.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                if one.script_finished not in _ENDS:
                    raise WireError(f"the script ended with {one.script_finished}")
                break
        if self.page.elements("exception"):
            raise WireError("an exception stands on the page")

    # --- the protocol -------------------------------------------------------------------------------------------------

    def _begin(self, message: ForwardMsg) -> None:
        new = message.new_session
        self.session = new.initialize.session_id or self.session
        self.script_hash = new.page_script_hash or self.script_hash
        self.page.begin(tuple(message.metadata.run.fragment_ids))

    @staticmethod
    def _is_grams(message: ForwardMsg) -> bool:
        element = message.delta.new_element
        return element.WhichOneof("type") == "metric" and element.metric.body.endswith(" g")

    def _change(self, key: str, **value: Any) -> None:
        found = self._widget(key)
        state = WidgetState(id=found[0].id, **value)
        self._states[state.id] = state
        self.rerun(found[1])
        if "trigger_value" in value:
            del self._states[state.id]

    def _widget(self, key: str) -> tuple[Any, str]:
        found = self.page.widget(key)
        if found is None:
            raise WireError(f"no widget {key!r} on the page")
        return found

    def _messages(self) -> Iterator[ForwardMsg]:
        deadline = time.monotonic() + self.patience_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                content = self._socket.recv(timeout=left, decode=False)
            except TimeoutError:
                break
            frame = bytes(content)
            self._keep("frame", frame)
            message = ForwardMsg()
            message.ParseFromString(frame)
            yield message
        raise WireError(f"no answer within {self.patience_s:g} s")

    def _urls(self, names: list[str]) -> list[FileURLs]:
        request = BackMsg()
        request.file_urls_request.request_id = uuid.uuid4().hex
        request.file_urls_request.session_id = self.session
        request.file_urls_request.file_names.extend(names)
        self._socket.send(request.SerializeToString())
        for message in self._messages():
            if message.WhichOneof("type") == "file_urls_response":
                return list(message.file_urls_response.file_urls)
        raise WireError("no place to upload to")

    def _put(self, path: str, name: str, content: bytes) -> None:
        quoted = name.replace('"', "%22")
        head = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
            "X-Xsrftoken": self._token,
            "Cookie": f"{XSRF}={self._token}",
        }
        request = urllib.request.Request(self.url + path, body, headers, method="PUT")
        try:
            _DIRECT.open(request, timeout=self.patience_s).close()
        except urllib.error.HTTPError as error:
            raise WireError(f"an upload: {error}") from error

    def _xsrf(self) -> str:
        """The token that the app hands out with its first answer."""
        with _DIRECT.open(f"{self.url}/_stcore/host-config", timeout=self.patience_s) as answer:
            cookies = answer.headers.get_all("Set-Cookie") or []
        with _DIRECT.open(f"{self.url}/_stcore/health", timeout=self.patience_s) as answer:
            cookies += answer.headers.get_all("Set-Cookie") or []
        for cookie in cookies:
            if cookie.startswith(f"{XSRF}="):
                return str(cookie.split(";")[0].split("=", 1)[1])
        raise WireError("no XSRF token")


def open_sessions(url: str) -> int:
    """Sessions with an open connection, by the app's own count."""
    with _DIRECT.open(f"{url}/_stcore/metrics?families=active_sessions", timeout=PATIENCE_S) as answer:
        lines = answer.read().decode().splitlines()
    return int(sum(float(line.split()[-1]) for line in lines if line.startswith("active_sessions")))
