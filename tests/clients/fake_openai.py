"""A model provider on this machine: what an application's OpenAI client talks to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

INPUT_TOKENS, OUTPUT_TOKENS = 7, 3
_USAGE = {
    "prompt_tokens": INPUT_TOKENS,
    "completion_tokens": OUTPUT_TOKENS,
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
}


def answer_to(question: str) -> str:
    return f"Answer to: {question}"


@contextmanager
def fake_openai() -> Iterator[str]:
    """-> the base URL of a provider that answers every chat"""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Provider) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


class _Provider(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = answer_to(asked["messages"][-1]["content"])
        if asked.get("stream"):
            events = [*_chunks(asked, text), "[DONE]"]
            self._send("text/event-stream", "".join(f"data: {event}\n\n" for event in events))
        else:
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._send("application/json", json.dumps(_completion(asked, [choice], usage=_USAGE)))

    def _send(self, content_type: str, body: str) -> None:
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the output is the tests'."""


def _chunks(asked: dict[str, Any], text: str) -> Iterator[str]:
    """The answer letter by letter, and at the end what it cost, when that was asked for."""
    for character in text:
        choice = {"index": 0, "delta": {"content": character}, "finish_reason": None}
        yield json.dumps(_completion(asked, [choice], object="chat.completion.chunk"))
    if asked.get("stream_options", {}).get("include_usage"):
        yield json.dumps(_completion(asked, [], object="chat.completion.chunk", usage=_USAGE))


def _completion(asked: dict[str, Any], choices: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": asked["model"],
        "choices": choices,
        **fields,
    }
