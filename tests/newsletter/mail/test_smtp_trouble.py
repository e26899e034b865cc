"""The SMTP client against servers that fail, hang, lie or talk nonsense."""

import collections
import random
import socket
import time
from email import message_from_bytes

import pytest

from newsletter.mail.encoding import Fragment
from newsletter.mail.outcomes import Kind
from newsletter.mail.transports.smtp import SMTPTransport
from tests.newsletter.mail.test_message import make_mail
from tests.newsletter.smtp_servers import HOST, ScriptedServer, transport_to


def accept(line):
    line.greet("PIPELINING")
    line.take()


def accept_then(rest):
    def script(line):
        accept(line)
        rest(line)

    return script


def to_the_body(line):
    line.greet()
    for reply in ("250 OK", "250 OK", "354 go on"):
        line.hear()
        line.say(reply)


class TestAStaleConnectionIsReplacedOnce:
    @pytest.mark.parametrize(
        "ending",
        [
            lambda line: None,  # closed in silence
            lambda line: line.say("421 4.4.2 timeout, closing"),
            lambda line: (line.hear(), line.say("421 4.3.2 shutting down")),
            lambda line: line.hear(),  # closed when the next message begins
            lambda line: (line.hear(), line.say("250 OK"), line.hear()),  # in the envelope
            lambda line: (line.hear(), line.say("what?")),
        ],
    )
    def test_when_nothing_of_the_body_has_left(self, ending):
        with (
            ScriptedServer(accept_then(ending), accept) as server,
            transport_to(server) as transport,
        ):
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
            time.sleep(0.05)
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
            assert server.connections == 2

    @pytest.mark.parametrize("answer", ["500 what?", "503 5.5.1 nested MAIL"])
    def test_when_it_has_lost_its_place(self, answer):
        def lost(line):
            line.greet("PIPELINING")
            for _ in range(3):
                line.hear()
            line.say("250 OK", "550 5.1.1 no such user", "503 no")
            for _ in range(4):
                line.hear()
            line.say(*([answer] if answer.startswith("500") else ["250 OK", answer]))

        with ScriptedServer(lost, accept) as server, transport_to(server) as transport:
            assert transport.send(make_mail()).kind is Kind.REFUSED
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
            assert server.connections == 2

    def test_when_it_has_had_enough_of_this_connection_the_next_message_gets_another(self):
        def enough(line):
            accept(line)
            for _ in range(3):
                line.hear()
            line.say("452 4.3.2 too many messages", "503 no", "503 no")
            line.hear()

        with ScriptedServer(enough, accept) as server, transport_to(server) as transport:
            kinds = [transport.send(make_mail()).kind for _ in range(3)]
        assert kinds == [Kind.ACCEPTED, Kind.DEFERRED, Kind.ACCEPTED]

    def test_but_not_a_fresh_one(self):
        def hang_up(line):
            line.greet("PIPELINING")
            line.hear()

        with ScriptedServer(hang_up, accept) as server, transport_to(server) as transport:
            outcome = transport.send(make_mail())
            assert (outcome.kind, outcome.tried) == (Kind.DEFERRED, True)
            assert server.connections == 1
            assert transport.send(make_mail()).kind is Kind.ACCEPTED

    def test_and_not_when_the_body_was_on_its_way(self):
        def once_more_to_the_body(line):
            accept(line)
            for reply in ("250 OK", "250 OK", "354 go on"):
                line.hear()
                line.say(reply)
            line.hear_body()  # then closed without an answer

        with (
            ScriptedServer(once_more_to_the_body, accept) as server,
            transport_to(server) as transport,
        ):
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
            assert transport.send(make_mail()).kind is Kind.IN_DOUBT
            assert server.connections == 1
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
            assert server.connections == 2

    def test_when_it_spoke_out_of_turn(self):
        def chatty(line):
            line.greet("PIPELINING")
            for reply in ("250 OK", "250 OK", "354 go on"):
                line.hear()
                line.say(reply)
            line.hear_body()
            line.say("250 OK", "250 OK again")

        with ScriptedServer(chatty, accept) as server, transport_to(server) as transport:
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
            assert server.connections == 2


class TestARefusalIsKept:
    @pytest.mark.parametrize(
        "rest",
        [
            (),  # closed
            ("421 4.7.0 too many errors, bye",),
            ("nonsense",),
            ("354 go on", "nonsense"),
            ("354 go on",),
        ],
    )
    def test_whatever_comes_after_it(self, rest):
        def script(line):
            accept(line)
            for _ in range(3):
                line.hear()
            line.say("250 OK", "550 5.1.1 no such user", *rest)
            if rest[:1] == ("354 go on",):
                assert line.hear_body() == b""

        with ScriptedServer(script, accept) as server, transport_to(server) as transport:
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
            outcome = transport.send(make_mail())
            assert (outcome.kind, outcome.suppress) == (Kind.REFUSED, True)
            assert server.connections == 1
            assert transport.send(make_mail()).kind is Kind.ACCEPTED

    def test_no_empty_body_is_given_for_somebody(self):
        def script(line):
            line.greet("PIPELINING")
            for _ in range(3):
                line.hear()
            line.say("550 5.7.1 not you", "250 OK", "354 go on")
            assert line.hear() == ""

        with ScriptedServer(script) as server, transport_to(server) as transport:
            assert transport.send(make_mail()).kind is Kind.BROKEN


class TestAConnectionThatClosesBeforeTheEndOfTheBody:
    """The server's receive buffer is small, so what it has not read waits on our side."""

    SMALL = 600  # lines: 43 KB, a digest, which fits into our own buffer whole
    LARGE = 200_000  # 14 MB

    def outcome(self, lines, ending, **options):
        def script(line):
            to_the_body(line)
            ending(line)

        mail = make_mail(text=(Fragment.of("x" * 70 + "\n"),) * lines)
        with (
            ScriptedServer(script, receive_buffer=4096) as server,
            transport_to(server, **options) as transport,
        ):
            return transport.send(mail)

    @pytest.mark.parametrize("lines", [SMALL, LARGE])
    @pytest.mark.parametrize("count", [0, 1, 100, 4_000, 20_000])
    def test_after_any_number_of_bytes_has_not_delivered(self, lines, count):
        def take(line):
            rest = count
            while rest:
                rest -= len(line.sock.recv(min(rest, 1000)))

        outcome = self.outcome(lines, take)
        assert (outcome.kind, outcome.tried) == (Kind.DEFERRED, True)

    @pytest.mark.parametrize("lines", [SMALL, LARGE])
    def test_and_while_it_stands_still_it_is_not_waited_for_for_ever(self, lines):
        outcome = self.outcome(lines, lambda line: time.sleep(1.5), timeout=0.4)
        assert (outcome.kind, outcome.code) == (Kind.DEFERRED, "timeout")

    def test_a_small_body_in_one_write_leaves_a_doubt(self):
        """What the separate end is for: the same body and server, without it."""
        outcome = self.outcome(self.SMALL, lambda line: time.sleep(0.05), end_separately=False)
        assert outcome.kind is Kind.IN_DOUBT

    @pytest.mark.parametrize(
        ("answer", "kind", "code"),
        [
            ("421 4.3.2 shutting down", Kind.DEFERRED, "421 4.3.2"),
            ("552 5.3.4 too large", Kind.REFUSED, "552 5.3.4"),
            ("250 OK", Kind.DEFERRED, "250"),
            ("what?", Kind.DEFERRED, "nonsense"),
        ],
    )
    @pytest.mark.parametrize("after", [0, 0.05], ids=["at once", "a moment later"])
    def test_an_answer_before_the_end_is_no_acceptance(self, answer, kind, code, after):
        def script(line):
            time.sleep(after)
            line.say(answer)
            time.sleep(0.1)
            with pytest.raises(ConnectionError):
                line.hear_body()

        outcome = self.outcome(self.SMALL, script)
        assert (outcome.kind, outcome.code) == (kind, code)

    def test_after_the_end_is_a_doubt(self):
        outcome = self.outcome(self.SMALL, lambda line: line.hear_body())
        assert (outcome.kind, outcome.code) == (Kind.IN_DOUBT, "disconnected")

    def test_a_body_that_arrives_slowly_is_taken(self):
        def script(line):
            time.sleep(0.2)
            line.hear_body()
            line.say("250 OK")

        assert self.outcome(self.SMALL, script).kind is Kind.ACCEPTED

    def test_where_the_system_cannot_say_what_arrived_the_message_goes_out(self, monkeypatch):
        monkeypatch.setattr("sys.platform", "darwin")

        def script(line):
            line.hear_body()
            line.say("250 OK")

        assert self.outcome(self.SMALL, script).kind is Kind.ACCEPTED


class TestAServerThatMisbehaves:
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            ("250 OK", Kind.ACCEPTED),
            ("250-2.0.0 taken\r\n250-2.0.0 with\r\n250 2.0.0 thanks", Kind.ACCEPTED),
            ("550 5.7.1 spam", Kind.REFUSED),
            ("451 4.3.0 later", Kind.DEFERRED),
            ("421 4.3.0 later, bye", Kind.DEFERRED),
            ("354 more?", Kind.IN_DOUBT),
            ("999 what", Kind.IN_DOUBT),
            ("HTTP/1.1 400 Bad Request", Kind.IN_DOUBT),
            ("", Kind.IN_DOUBT),
            ("250-and\r\nnow something else", Kind.IN_DOUBT),
            ("250-" + "x" * 9000, Kind.IN_DOUBT),
            ("250-more\r\n" * 200, Kind.IN_DOUBT),
        ],
    )
    def test_with_any_answer_to_the_body(self, answer, kind):
        def script(line):
            to_the_body(line)
            line.hear_body()
            line.say(answer)

        with ScriptedServer(script, accept) as server, transport_to(server) as transport:
            assert transport.send(make_mail()).kind is kind
            time.sleep(0.05)
            assert transport.send(make_mail()).kind is Kind.ACCEPTED

    def test_that_never_answers_the_body(self):
        def script(line):
            to_the_body(line)
            line.hear_body()
            line.hear()

        with (
            ScriptedServer(script) as server,
            transport_to(server, answer_timeout=0.3) as transport,
        ):
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.code, outcome.tried) == (Kind.IN_DOUBT, "timeout", True)

    def test_that_answers_the_body_late_but_in_time(self):
        def script(line):
            to_the_body(line)
            line.hear_body()
            time.sleep(0.6)
            line.say("250 OK")
            line.take()

        with (
            ScriptedServer(script) as server,
            transport_to(server, timeout=0.3, answer_timeout=5) as transport,
        ):
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
            assert transport.send(make_mail()).kind is Kind.ACCEPTED

    def test_that_closes_after_the_body(self):
        def script(line):
            to_the_body(line)
            line.hear_body()

        with ScriptedServer(script) as server, transport_to(server) as transport:
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.code) == (Kind.IN_DOUBT, "disconnected")

    @pytest.mark.parametrize(
        "script",
        [
            lambda line: line.say("HTTP/1.1 400 Bad Request"),
            lambda line: line.say("421 4.3.2 busy"),
            lambda line: None,
            lambda line: line.hear(),
            lambda line: (line.say("220 hi"), line.hear(), line.say("421 busy")),
            lambda line: (line.say("220 hi"), line.hear()),
        ],
    )
    def test_at_the_greeting(self, script):
        with ScriptedServer(script) as server, transport_to(server, timeout=0.5) as transport:
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.tried) == (Kind.DEFERRED, False)

    def test_that_will_not_have_us(self):
        with (
            ScriptedServer(lambda line: line.say("554 5.7.1 you are blocked")) as server,
            transport_to(server) as transport,
        ):
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.code, outcome.tried) == (Kind.BROKEN, "554 5.7.1", False)

    def test_that_answers_byte_by_byte(self):
        def script(line):
            line.greet("PIPELINING")
            for _ in range(3):
                line.hear()
            for byte in b"250-OK\r\n250 OK\r\n250 OK\r\n354 go on\r\n":
                line.sock.sendall(bytes([byte]))
            line.hear_body()
            for byte in b"250 OK\r\n":
                line.sock.sendall(bytes([byte]))

        with ScriptedServer(script) as server, transport_to(server) as transport:
            assert transport.send(make_mail()).kind is Kind.ACCEPTED

    def test_that_keeps_us_waiting_byte_by_byte(self):
        def script(line):
            to_the_body(line)
            line.hear_body()
            for _ in range(100):
                line.sock.sendall(b"2")
                time.sleep(0.1)

        with (
            ScriptedServer(script) as server,
            transport_to(server, answer_timeout=0.5) as transport,
        ):
            started = time.monotonic()
            assert transport.send(make_mail()).kind is Kind.IN_DOUBT
            assert time.monotonic() - started < 3

    def test_that_is_not_there(self):
        with socket.socket() as unused:
            unused.bind((HOST, 0))
            port = unused.getsockname()[1]
        with SMTPTransport(HOST, port, local_hostname="client") as transport:
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.code, outcome.tried) == (Kind.DEFERRED, "unreachable", False)

    @pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".example.org"])
    def test_whose_name_does_not_exist(self, host):
        with SMTPTransport(host, 25, local_hostname="client", timeout=5) as transport:
            outcome = transport.send(make_mail())
        assert outcome.kind in (Kind.BROKEN, Kind.DEFERRED)
        assert not outcome.tried


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
def test_under_random_faults_no_outcome_is_wrong(seed, extensions):
    """Accepted means taken once, refused or deferred not at all; only a doubt may be either."""
    draw = random.Random(seed)
    taken: collections.Counter[str] = collections.Counter()

    def faulty(line):
        line.greet(*extensions)
        while True:
            fault = draw.choice(["", "", "", "close", "421", "450 later", "550 5.1.1 no", "what?"])
            where = draw.choice(["MAIL", "RCPT", "DATA", "body", "taken"])
            refused = False
            for _ in range(3):
                command = line.hear()
                if command == "RSET":
                    line.say("250 OK")
                    command = line.hear()
                if not command or command == "QUIT":
                    return
                if fault and command.startswith(where):
                    if fault == "close":
                        return
                    refused = True
                    line.say(fault)
                    if fault == "421":
                        return
                elif refused:
                    line.say("503 5.5.1 no transaction")
                else:
                    line.say("354 go on" if command == "DATA" else "250 OK")
                if refused and not extensions:
                    break
            if refused:
                continue
            body = line.hear_body()
            if not fault or where == "taken":
                taken[message_from_bytes(body)["Message-ID"]] += 1
            if fault and where in ("body", "taken"):
                if fault == "close":
                    return
                # a server that has taken a message must not say no to it
                line.say("what?" if where == "taken" else fault)
            else:
                line.say("250 OK")

    outcomes = {}
    with ScriptedServer(*[faulty] * 1000) as server, transport_to(server, timeout=5) as transport:
        for number in range(250):
            mail = make_mail(message_id=f"<{number}@papers.example.org>")
            outcomes[mail.message_id] = transport.send(mail).kind
    assert {Kind.ACCEPTED, Kind.REFUSED, Kind.DEFERRED, Kind.IN_DOUBT} <= set(outcomes.values())
    for message_id, kind in outcomes.items():
        if kind is Kind.ACCEPTED:
            assert taken[message_id] == 1
        elif kind is Kind.IN_DOUBT:
            assert taken[message_id] <= 1
        else:
            assert taken[message_id] == 0


def test_what_is_not_trouble_with_mail_passes_through_and_ends_the_connection():
    class TimeLimit(Exception):
        pass

    class Interrupted(SMTPTransport):
        def _body(self, sock, pieces):
            raise TimeLimit

    with ScriptedServer(to_the_body, accept) as server:
        transport = Interrupted(HOST, server.port, local_hostname="client")
        with pytest.raises(TimeLimit):
            transport.send(make_mail())
        assert transport._sock is None
        transport.close()
