"""Headless Chromium, told what to do over its DevTools protocol, which it speaks through pipes."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PROGRAM = shutil.which("chromium")
# Far longer than a page takes on a slow machine.
WAIT_SECONDS = 60

_OPTIONS = (
    "--headless",
    # Tests may run as root, in a container without a GPU and with a small /dev/shm.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    # Nothing but the page under test goes over the network.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--remote-debugging-pipe",
)


class Page:
    """One tab. complaints: everything that the browser or a script found wrong, in words."""

    def __init__(self, process: subprocess.Popen[bytes], reader: int, writer: int) -> None:
        self.complaints: list[str] = []
        self._process = process
        self._reader, self._writer = reader, writer
        self._received = b""
        self._n_sent = 0
        self._session: dict[str, str] = {}
        self._is_loaded = False
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Go to an address and return when everything the page names is there."""
        self._is_loaded = False
        self._call("Page.navigate", url=url)
        while not self._is_loaded:
            self._receive()

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression, as JSON has it."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """The first value of the expression that is true."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if value := self.evaluate(script):
                return value
            time.sleep(0.05)
        raise AssertionError(f"This did not become true: {script}")

    def click(self, selector: str) -> None:
        found = f"document.querySelector({json.dumps(selector)})"
        self.wait_for(f"{found} !== null")
        self.evaluate(f"{found}.click()")

    def type(self, selector: str, text: str) -> None:
        found = f"document.querySelector({json.dumps(selector)})"
        self.wait_for(f"{found} !== null")
        self.evaluate(f"{found}.focus()")
        self._call("Input.insertText", text=text)

    def show(self, *, width: int, dark: bool = False) -> None:
        """Make the window as wide as this, and prefer dark or light colours."""
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._n_sent += 1
        command = {"id": self._n_sent, "method": method, "params": params, **self._session}
        os.write(self._writer, json.dumps(command).encode() + b"\0")
        while True:
            message = self._receive()
            if message.get("id") == self._n_sent:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._reader], [], [], WAIT_SECONDS)
            chunk = os.read(self._reader, 1 << 16) if ready else b""
            assert chunk, f"Chromium says nothing; its exit status is {self._process.poll()}."
            self._received += chunk
        text, _, self._received = self._received.partition(b"\0")
        message = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, event: str | None, params: dict[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self._is_loaded = True
        elif event == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(f"console: {params['args']}")
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(f"exception: {params['exceptionDetails']}")
        elif event == "Log.entryAdded":
            self.complaints.append(f"log: {params['entry']}")
        elif event == "Network.loadingFailed":
            self.complaints.append(f"not loaded: {params}")
        elif event == "Network.responseReceived" and params["response"]["status"] >= 400:
            self.complaints.append(f"{params['response']['status']}: {params['response']['url']}")


@contextmanager
def running_chromium() -> Iterator[Page]:
    """A browser with an empty profile and one tab."""
    to_browser, from_browser = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            # It reads commands from descriptor 3 and writes to 4, whichever numbers the pipes got here.
            [
                "sh",
                "-c",
                f'exec "$0" "$@" 3</dev/fd/{to_browser[0]} 4>/dev/fd/{from_browser[1]}',
                PROGRAM,
                *_OPTIONS,
                f"--user-data-dir={profile}",
            ],
            pass_fds=(to_browser[0], from_browser[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser[0])
        os.close(from_browser[1])
        try:
            yield Page(process, from_browser[0], to_browser[1])
        finally:
            os.close(to_browser[1])
            os.close(from_browser[0])
            process.terminate()
            process.wait(WAIT_SECONDS)
