"""A DNS server on UDP for tests: it answers what it is told, fails, or says nothing."""

import socketserver
import threading
from types import TracebackType
from typing import Any, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


class DnsServer:
    """Listens on 127.0.0.1. `records` is {name: {kind: [values]}}; TXT values need no quotes."""

    def __init__(self, records: dict[str, dict[str, list[str]]]) -> None:
        self.records = records
        self.asked: list[tuple[str, str]] = []
        self.fails = False
        """Answer every question with SERVFAIL."""
        self.is_silent = False
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, socket = self.request
                answer = outer._answer(data)
                if answer is not None:
                    socket.sendto(answer, self.client_address)

        self._server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def _answer(self, data: bytes) -> bytes | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), question.rdtype
        self.asked.append((name, dns.rdatatype.to_text(kind)))
        if self.is_silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if self.fails:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.records:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif values := self.records[name].get(dns.rdatatype.to_text(kind)):
            response.answer.append(
                dns.rrset.from_text_list(question.name, 60, "IN", kind, _quoted(kind, values))
            )
        return response.to_wire()

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


def _quoted(kind: Any, values: list[str]) -> list[str]:
    if kind != dns.rdatatype.TXT:
        return values
    cut = [[one[at : at + 255] for at in range(0, len(one), 255)] for one in values]
    return [" ".join(f'"{string}"' for string in strings) for strings in cut]
