"""Sending over SMTP near the speed of the wire.

smtplib does what is done once per connection: the greeting, STARTTLS, the login. What is done per
message is done here on its socket, because smtplib runs regular expressions over the whole body
and waits for an answer after every command. A `Mail` is already CRLF-ended and needs no
dot-stuffing, so it goes out as it is; where the server offers PIPELINING (RFC 2920), MAIL, RCPT
and DATA leave in one write. One connection is kept and used again for every message.

The promise about doubt: a message is sent a second time, over a new connection, only when the first
connection failed before any of its body was sent. Once the end of the body may have left, whatever
is not a clear answer is IN_DOUBT. A connection that breaks in the middle of a body leaves nothing
behind: a server must not deliver what has no end (RFC 5321 section 4.1.1.4). But a whole digest
fits into the kernel's buffer, and who has written all of it at once does not know how much went
out. So the dot that ends it is written by itself, when the other side has acknowledged all that
stands before it and the connection is open: what fails before that write is certainly not taken.
"""

import fcntl
import logging
import os
import re
import select
import smtplib
import socket
import ssl
import sys
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from django.conf import settings
from django.core.mail.utils import DNS_NAME

from newsletter.mail.encoding import UnsendableMail
from newsletter.mail.headers import address
from newsletter.mail.message import Mail
from newsletter.mail.outcomes import Kind, Outcome, Stage, sort_error, sort_reply
from newsletter.mail.transports.base import Transport

logger = logging.getLogger(__name__)

_REPLY = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_LONGEST_LINE = 8192
_MOST_LINES = 100


_YIELDS = 50
_CLOSED = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


def _unacknowledged(sock: socket.socket) -> int:
    """Bytes that were written and that the other side's kernel does not have yet (SIOCOUTQ); 0
    where the system cannot say.
    """
    if not sys.platform.startswith("linux"):
        return 0
    answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4)  # SIOCOUTQ: the same number
    return int.from_bytes(answer, sys.byteorder)


class _Reply(NamedTuple):
    code: int
    text: bytes


class SMTPTransport(Transport):
    """Sends over one SMTP connection, opened at the first message. For one thread.

    `timeout` is in seconds, for connecting and for each answer but the last; `answer_timeout` is
    for the answer to the body, which servers give after their checks: a short one makes doubts
    (RFC 5321 section 4.5.3.2.6 says ten minutes). `sign` is given the message as
    `Mail.as_chunks` makes it (the header block first) and returns header lines, each ended by
    CRLF, to put in front of it: the place for DKIM. A ValueError from it makes the outcome BROKEN.
    `end_separately` makes the dot that ends a body wait until the body has arrived; without it,
    whatever breaks while a body is on its way is IN_DOUBT.
    """

    def __init__(
        self,
        host: str,
        port: int = 25,
        *,
        user: str = "",
        password: str = "",
        use_tls: bool = False,
        use_ssl: bool = False,
        timeout: float = 30.0,
        answer_timeout: float | None = None,
        local_hostname: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        sign: Callable[[list[bytes]], bytes] | None = None,
        end_separately: bool = True,
    ) -> None:
        if use_tls and use_ssl:
            raise ValueError("use_tls (STARTTLS) and use_ssl can't be combined")
        if not (user + password).isascii():
            raise ValueError("the SMTP user and password must be ASCII")
        self._host, self._port = host, port
        self._user, self._password = user, password
        self._use_tls, self._use_ssl = use_tls, use_ssl
        self._timeout = timeout
        self._answer_timeout = max(timeout, 120.0) if answer_timeout is None else answer_timeout
        self._local_hostname = local_hostname
        self._ssl_context = ssl_context
        self._sign = sign
        self._end_separately = end_separately
        self._smtp: smtplib.SMTP | None = None
        self._sock: socket.socket | None = None
        self._buffer = b""
        self._needs_reset = False
        self._stage = Stage.CONNECT

    def send(self, mail: Mail) -> Outcome:
        """Send one message and say what became of it.

        Trouble with the message, the server or the network is in the outcome; nothing of the kind
        is raised. An exception that is none of these (a time limit's, say) passes through, and the
        connection is given up.
        """
        try:
            chunks = mail.as_chunks()
            sender = (
                address("the envelope sender", mail.envelope_from) if mail.envelope_from else ""
            )
            recipient = address("the recipient", mail.to_addr)
        except UnsendableMail as error:
            return sort_error(error)
        if self._sign:
            try:
                chunks.insert(0, self._sign(chunks))
            except ValueError as error:
                return sort_error(error, Stage.CONNECT)
        reused = self._sock is not None
        try:
            return self._attempt(mail, sender, recipient, chunks)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            if not reused or self._stage in (Stage.BODY, Stage.AFTER_BODY):
                return sort_error(error, self._stage)
        # A kept connection had gone stale; nothing of the body has left.
        try:
            return self._attempt(mail, sender, recipient, chunks)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            return sort_error(error, self._stage)

    def close(self) -> None:
        """Say QUIT, if there is a connection, and close it. Never raises for the network."""
        sock, self._sock = self._sock, None
        if sock is not None:
            with suppress(OSError):
                sock.settimeout(min(self._timeout, 2.0))
                sock.sendall(b"QUIT\r\n")
                sock.recv(_LONGEST_LINE)
        self._drop()

    def _drop(self) -> None:
        self._sock = None
        if self._smtp is not None:
            smtp, self._smtp = self._smtp, None
            with suppress(OSError):
                smtp.close()

    def _connect(self) -> socket.socket:
        self._stage = Stage.CONNECT
        context = self._ssl_context
        if context is None and (self._use_tls or self._use_ssl):
            context = self._ssl_context = ssl.create_default_context()
        name = self._local_hostname or DNS_NAME.get_fqdn()
        if self._use_ssl:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, name, timeout=self._timeout, context=context
            )
        else:
            smtp = smtplib.SMTP(self._host, self._port, name, timeout=self._timeout)
        self._smtp = smtp
        smtp.ehlo_or_helo_if_needed()
        if self._use_tls:
            smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
        if settings.NON_ASCII_ADDRESSES and not smtp.has_extn("smtputf8"):
            logger.error("NON_ASCII_ADDRESSES is set, but the mail server offers no SMTPUTF8")
        if self._user:
            self._stage = Stage.AUTH
            self._login(smtp)
        sock = smtp.sock
        assert sock is not None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock, self._buffer, self._needs_reset = sock, b"", False
        return sock

    def _login(self, smtp: smtplib.SMTP) -> None:
        """What smtplib's login does, but a server that hangs up on a wrong password still said so.

        smtplib goes on to the next mechanism, and then all that is known is a lost connection.
        """
        smtp.user, smtp.password = self._user, self._password
        offered = smtp.esmtp_features.get("auth", "").upper().split()
        refusal: smtplib.SMTPAuthenticationError | None = None
        for mechanism, answer in (
            ("CRAM-MD5", smtp.auth_cram_md5),
            ("PLAIN", smtp.auth_plain),
            ("LOGIN", smtp.auth_login),
        ):
            if mechanism in offered:
                try:
                    smtp.auth(mechanism, answer)
                except smtplib.SMTPAuthenticationError as error:
                    refusal = refusal or error
                except OSError:
                    if refusal is None:
                        raise
                    break
                else:
                    return
        raise refusal or smtplib.SMTPNotSupportedError(
            "the server offers no supported login method"
        )

    def _attempt(self, mail: Mail, sender: str, recipient: str, chunks: list[bytes]) -> Outcome:
        """One try; the connection is given up on any exception."""
        self._stage = Stage.CONNECT
        try:
            if self._sock is not None and self._buffer:  # it spoke out of turn
                self._drop()
            sock = self._sock or self._connect()
            parameters = ""
            if mail.needs_smtputf8:
                if not self._offers("smtputf8"):
                    reason = "the mail server doesn't accept addresses with non-ASCII letters"
                    return Outcome(Kind.REFUSED, "SMTPUTF8", reason, tried=False)
                parameters = " SMTPUTF8 BODY=8BITMIME"
            if self._too_large(chunks):
                reason = "the message is larger than the mail server accepts"
                return Outcome(Kind.REFUSED, "SIZE", reason, tried=False)
            refusal = self._envelope(sock, sender, recipient, parameters)
            return refusal or self._body(sock, chunks)
        except BaseException:
            self._drop()
            raise

    def _offers(self, extension: str) -> bool:
        return self._smtp is not None and self._smtp.has_extn(extension)

    def _too_large(self, chunks: list[bytes]) -> bool:
        """Whether the server announced a smaller limit (RFC 1870; 0 and nothing mean none)."""
        limit = self._smtp.esmtp_features.get("size", "") if self._smtp else ""
        return limit.isascii() and limit.isdigit() and 0 < int(limit) < sum(map(len, chunks))

    def _envelope(
        self, sock: socket.socket, sender: str, recipient: str, parameters: str
    ) -> Outcome | None:
        """MAIL, RCPT and DATA; None when the server now waits for the body."""
        commands = [
            (Stage.MAIL, f"MAIL FROM:<{sender}>{parameters}\r\n".encode()),
            (Stage.RCPT, f"RCPT TO:<{recipient}>\r\n".encode()),
            (Stage.DATA, b"DATA\r\n"),
        ]
        if self._needs_reset:
            commands.insert(0, (Stage.MAIL, b"RSET\r\n"))
        self._needs_reset = True
        pipelining = self._offers("pipelining")
        self._stage = Stage.MAIL
        if pipelining:
            sock.sendall(b"".join([command for _, command in commands]))
        refusal: Outcome | None = None
        refused_at: Stage | None = None
        reply = _Reply(0, b"")
        try:
            for stage, command in commands:
                self._stage = stage
                if not pipelining:
                    sock.sendall(command)
                reply = self._read_reply(sock)
                # The server closes the connection, or is not where we think it is.
                if reply.code == 421 or (reply.code == 503 and stage is Stage.MAIL):
                    raise smtplib.SMTPResponseException(*reply)
                if command == b"RSET\r\n" and reply.code != 250:
                    raise smtplib.SMTPServerDisconnected("the server couldn't reset the connection")
                if refusal is None and reply.code // 100 != (3 if stage is Stage.DATA else 2):
                    if reply.code < 400:
                        raise smtplib.SMTPResponseException(-1, reply.text)
                    refusal, refused_at = sort_reply(*reply, stage), stage
                    if not pipelining:
                        break
            if refused_at is Stage.RCPT and reply.code == 354:
                sock.sendall(b".\r\n")  # it wants a body for nobody: RFC 2920 section 3.1
                self._read_reply(sock)
        except (OSError, smtplib.SMTPException):
            if refusal is None:
                raise
            self._drop()  # the answer was there before the trouble
        if refused_at is Stage.MAIL and refusal and refusal.kind is Kind.DEFERRED:
            self._drop()  # perhaps it has had enough of this connection
        elif reply.code == 354 and refused_at not in (None, Stage.RCPT):
            self._drop()  # it would take a body for somebody
        return refusal

    def _body(self, sock: socket.socket, chunks: list[bytes]) -> Outcome:
        self._stage = Stage.BODY
        message = b"".join([*chunks, b".\r\n"])
        if self._end_separately:
            # In two parts, since a server may wait up to 40 ms before it acknowledges one alone,
            # and answers the second at once (RFC 5681 section 4.2).
            half = len(message) // 2
            sock.sendall(message[:half])
            sock.sendall(message[half:-3])
            self._await_arrival(sock)
            message = message[-3:]
        # When this raises OSError, at least the last bytes have not left this machine.
        sock.sendall(message)
        self._stage = Stage.AFTER_BODY
        sock.settimeout(self._answer_timeout)
        reply = self._read_reply(sock)
        sock.settimeout(self._timeout)
        outcome = sort_reply(*reply, Stage.AFTER_BODY)
        self._needs_reset = outcome.kind is not Kind.ACCEPTED
        if reply.code == 421 or outcome.kind is Kind.IN_DOUBT:
            self._drop()
        return outcome

    def _await_arrival(self, sock: socket.socket) -> None:
        """Wait until the other side's kernel has all that was written, and the connection is open.

        Raises OSError or SMTPException where it closes, speaks or stands still before that.
        """
        least, since, rounds = 1 << 62, 0.0, 0
        while waiting := _unacknowledged(sock):
            now = time.monotonic()
            if waiting < least:
                least, since = waiting, now
            elif now - since > self._timeout:
                raise TimeoutError("timed out while sending the body")
            self._hear_the_end(sock)
            rounds += 1
            if rounds < _YIELDS:
                os.sched_yield()  # beside a server on this machine, that is all it takes
            else:
                time.sleep(min(rounds * 20e-6, 1e-3))
        self._hear_the_end(sock)

    def _hear_the_end(self, sock: socket.socket) -> None:
        """Raise where the server has closed the connection or refuses the body before its end."""
        poll = select.poll()
        poll.register(sock, _CLOSED | select.POLLIN)
        events = dict(poll.poll(0)).get(sock.fileno(), 0)
        # What comes over TLS need not be an answer.
        speaks = events and not isinstance(sock, ssl.SSLSocket)
        if self._buffer or speaks or events & _CLOSED:
            raise smtplib.SMTPResponseException(*self._read_reply(sock))

    def _read_reply(self, sock: socket.socket) -> _Reply:
        """One reply, its lines joined. Raises where what comes is no reply (RFC 5321 4.2)."""
        lines: list[bytes] = []
        while len(lines) < _MOST_LINES:
            line = self._read_line(sock)
            match = _REPLY.fullmatch(line)
            if match is None:
                raise smtplib.SMTPResponseException(-1, line[:200])
            lines.append(match[3] or b"")
            if match[2] != b"-":
                return _Reply(int(match[1]), b"\n".join(lines))
        raise smtplib.SMTPResponseException(-1, b"an answer without an end")

    def _read_line(self, sock: socket.socket) -> bytes:
        started = 0.0
        while True:
            line, newline, rest = self._buffer.partition(b"\n")
            if newline:
                self._buffer = rest
                return line.rstrip(b"\r")
            if len(line) > _LONGEST_LINE:
                raise smtplib.SMTPResponseException(-1, line[:200])
            # A socket's timeout starts again with every byte; the whole line has one too.
            now = time.monotonic()
            if started and now - started > (sock.gettimeout() or self._timeout):
                raise TimeoutError("timed out in the middle of an answer")
            started = started or now
            chunk = sock.recv(_LONGEST_LINE)
            if not chunk:
                raise smtplib.SMTPServerDisconnected("the server closed the connection")
            self._buffer += chunk
