"""A stand-in for a service with language models: it answers as told, well or badly."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behavior = Callable[["Handler", dict[str, Any]], None]


@dataclass
class Service:
    """What was asked, and how the next questions are answered: the last one for ever."""

    behaviors: list[Behavior]
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    """One question."""

    service: Service

    def do_POST(self) -> None:
        """Answer as told."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service = self.service
        service.asked.append(body)
        service.headers.append(dict(self.headers))
        service.paths.append(self.path)
        behaviors = service.behaviors
        behavior = behaviors.pop(0) if len(behaviors) > 1 else behaviors[0]
        with suppress(OSError):  # whoever asked had enough
            behavior(self, body)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        """Send it."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing to say."""


def says(content: object) -> Behavior:
    """The model writes this."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        message = {"role": "assistant", "content": content}
        data = {"id": "1", "object": "chat.completion", "choices": [{"message": message}]}
        handler.answer(200, json.dumps(data).encode(), Content_Type="application/json")

    return behave


def raw(status: int, body: bytes, **headers: str) -> Behavior:
    """This very answer."""
    return lambda handler, _body: handler.answer(status, body, **headers)


def slow(seconds: float, then: Behavior) -> Behavior:
    """The same, late."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        time.sleep(seconds)
        then(handler, body)

    return behave


def echo(handler: Handler, body: dict[str, Any]) -> None:
    """A model that does what the abstract says: it repeats it."""
    says(json.loads(body["messages"][-1]["content"])["abstract"])(handler, body)


def hang_up(handler: Handler, body: dict[str, Any]) -> None:
    """Half an answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')


@contextmanager
def service(*behaviors: Behavior) -> Iterator[Service]:
    """A service on this machine."""
    found = Service(list(behaviors))
    handler = type("Bound", (Handler,), {"service": found})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
