"""A receiver of webhooks on this machine, which the guard lets through, and a webhook for it."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from newsletter.models import Webhook
from newsletter.models.webhook import KINDS
from tests.factories import NOW


class Receiver:
    """Takes posts, keeps them, and answers as it is told."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[Any] = []
        """Statuses, or (status, headers); 200 once they are used up."""
        self.before: Callable[[], None] = lambda: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append(({k.lower(): v for k, v in self.headers.items()}, body))
                receiver.before()
                answer = receiver.answers.pop(0) if receiver.answers else 200
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.posts]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.posts]


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    made = Receiver()
    settings.PRIVATE_HOSTS_ALLOWED = {("127.0.0.1", made.port)}
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def make_webhook(receiver) -> Callable[..., Webhook]:
    def make(**kwargs: Any) -> Webhook:
        defaults = {
            "name": "Shop",
            "url": receiver.url,
            "kinds": list(KINDS),
            "created_at": NOW,
            "created_by": "alice",
        }
        return Webhook.objects.create(**(defaults | kwargs))

    return make
