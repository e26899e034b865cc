"""Mail servers for tests: one that behaves, and one that does what it is told."""

import queue
import socket
import threading
from collections.abc import Callable
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from newsletter.mail.transports.smtp import SMTPTransport

HOST = "127.0.0.1"


def transport_to(server: Any, **options: Any) -> SMTPTransport:
    """A transport to one of these servers, that does not wait long."""
    options = {"timeout": 2.0, "answer_timeout": 2.0, "local_hostname": "client", **options}
    return SMTPTransport(HOST, server.port, **options)


class Inbox:
    """What a well-behaved server took, as aiosmtpd's handler."""

    def __init__(self, refuse: dict[str, str] | None = None) -> None:
        self.taken: list[Envelope] = []
        self.sessions: set[int] = set()
        self.refuse = refuse or {}

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse whom the test says, take all others."""
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the message."""
        self.taken.append(envelope)
        self.sessions.add(id(session))
        return f"250 2.0.0 OK: queued as {len(self.taken)}"


def serving(inbox: Inbox, **options: Any) -> Controller:
    """A started aiosmtpd server on a free port of 127.0.0.1; `controller.stop()` ends it."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    controller = Controller(inbox, hostname=HOST, port=port, **options)
    controller.start()
    return controller


class Line:
    """The server's side of one connection, for a script to use."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = b""
        sock.settimeout(10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def say(self, *lines: str) -> None:
        """Send lines, in one packet."""
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def hear(self) -> str:
        """The next line from the client; "" at the end."""
        while b"\r\n" not in self.buffer:
            chunk = self.sock.recv(65536)
            if not chunk:
                return ""
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode()

    def hear_body(self) -> bytes:
        """A message up to its lone dot, without it."""
        while not self.buffer.startswith(b".\r\n") and b"\r\n.\r\n" not in self.buffer:
            chunk = self.sock.recv(65536)
            if not chunk:
                raise ConnectionError("the body has no end")
            self.buffer += chunk
        if self.buffer.startswith(b".\r\n"):
            self.buffer = self.buffer[3:]
            return b""
        body, _, self.buffer = self.buffer.partition(b"\r\n.\r\n")
        return body + b"\r\n"

    def greet(self, *extensions: str) -> None:
        """Greeting and EHLO."""
        self.say("220 mail.example.org ESMTP")
        self.hear()
        lines = ["mail.example.org", *extensions]
        self.say(*[f"250-{line}" for line in lines[:-1]], f"250 {lines[-1]}")

    def take(self, answer: str = "250 2.0.0 OK") -> bytes:
        """One whole transaction of a client that pipelines or not."""
        for reply in ("250 OK", "250 OK", "354 go on"):
            command = self.hear()
            if command == "RSET":
                self.say("250 OK")
                command = self.hear()
            assert command.startswith(("MAIL", "RCPT", "DATA")), command
            self.say(reply)
        body = self.hear_body()
        self.say(answer)
        return body


Script = Callable[[Line], object]


class ScriptedServer:
    """Runs one script per connection, in order; then refuses to serve. `errors` holds failures."""

    def __init__(self, *scripts: Script, receive_buffer: int | None = None) -> None:
        self._listener = socket.socket()
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind((HOST, 0))
        self._listener.listen()
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.errors: queue.Queue[BaseException] = queue.Queue()
        self._scripts = list(scripts)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(10)
        self._listener.close()
        if not self.errors.empty():
            raise self.errors.get()

    def _run(self) -> None:
        while not self._done.is_set():
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            with sock:
                if self.connections > len(self._scripts):
                    continue
                try:
                    self._scripts[self.connections - 1](Line(sock))
                except (TimeoutError, ConnectionError):
                    pass
                except BaseException as error:
                    self.errors.put(error)
