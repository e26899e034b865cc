"""A counting SMTP sink: real sockets, no library between the test and the wire.

It records every message at the moment it takes responsibility, before it answers, which is where a
worker's death hurts most; a hook runs at exactly that moment.
"""

import json
import re
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

_MESSAGE_ID = re.compile(rb"^Message-ID: <([^>]+)>", re.M | re.I)


class Sink:
    """Listens on 127.0.0.1; `accepted` counts (recipient, Message-ID) pairs."""

    def __init__(self, before_answer: Callable[[], None] = lambda: None) -> None:
        self.accepted: Counter[tuple[str, str]] = Counter()
        self.before_answer = before_answer
        self.taken_for: Callable[[str], None] = lambda recipient: None
        """Called with the recipient of each message that was taken."""
        self.refuse_with = ""
        """Answer MAIL with this line instead of taking it."""
        self.mischief: Callable[[], str] = lambda: ""
        """Asked for each message: "" to behave, or "hang up early", "hang up in the body",
        "hang up after", "nonsense" (both take the message), "421", "slow".
        """
        self.lock = threading.Lock()
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True  # or every answer waits for an acknowledgement

            def handle(self) -> None:
                try:
                    sink._session(self)
                except OSError:
                    return  # the other side died, which is what the tests are about

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    @property
    def environment(self) -> dict[str, str]:
        """What makes a worker send here."""
        return {"EMAIL_URL": f"smtp://127.0.0.1:{self.port}"}

    @property
    def total(self) -> int:
        """Messages taken so far."""
        with self.lock:
            return self.accepted.total()

    def _session(self, handler: socketserver.StreamRequestHandler) -> None:
        def say(line: str) -> None:
            handler.wfile.write(line.encode() + b"\r\n")

        say("220 sink ESMTP")
        recipient = trick = ""
        while line := handler.rfile.readline():
            verb = line[:4].upper()
            if verb in (b"EHLO", b"HELO"):
                say("250-sink")
                say("250 PIPELINING")
            elif verb == b"MAIL":
                trick = self.mischief()
                if trick == "hang up early":
                    return
                if trick == "421":
                    say("421 4.3.2 going down")
                    return
                say(self.refuse_with or "250 ok")
            elif verb == b"RCPT":
                recipient = line.partition(b"<")[2].partition(b">")[0].decode()
                say("250 ok")
            elif verb == b"DATA":
                say("354 go on")
                body = bytearray()
                if trick == "hang up in the body":
                    handler.rfile.readline()
                    return
                while (line := handler.rfile.readline()) != b".\r\n":
                    if not line:
                        return  # the end never came, so nothing was taken
                    body += line
                found = _MESSAGE_ID.search(bytes(body))
                with self.lock:
                    self.accepted[recipient, found[1].decode() if found else ""] += 1
                self.taken_for(recipient)
                self.before_answer()
                if trick == "hang up after":
                    return
                if trick == "slow":
                    time.sleep(0.3)
                say("what was that?" if trick == "nonsense" else "250 taken")
            elif verb == b"QUIT":
                say("221 bye")
                return
            elif verb in (b"RSET", b"NOOP"):
                say("250 ok")
            else:
                say("502 what?")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class ApiSink(Sink):
    """The same for a mail provider's API, in Resend's form: one POST of JSON for each message."""

    @property
    def environment(self) -> dict[str, str]:
        """What makes a worker send here."""
        url = f"http://127.0.0.1:{self.port}/"
        return {
            "EMAIL_BACKEND": "anymail.backends.resend.EmailBackend",
            "ANYMAIL": json.dumps(
                {"RESEND_API_KEY": "tests", "RESEND_API_URL": url, "WEBHOOK_SECRET": "a:secret"}
            ),
        }

    def _session(self, handler: socketserver.StreamRequestHandler) -> None:
        while line := handler.rfile.readline():
            if line.startswith(b"POST"):
                length = 0
            elif line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
            elif line == b"\r\n":
                body = handler.rfile.read(length)
                if len(body) < length:
                    return  # cut short, so nothing was taken
                message = json.loads(body)
                recipient = message["to"][0]
                with self.lock:
                    self.accepted[recipient, message["headers"]["Message-ID"].strip("<>")] += 1
                self.taken_for(recipient)
                self.before_answer()
                answer = json.dumps({"id": f"message-{self.total}"}).encode()
                handler.wfile.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(answer), answer)
                )
