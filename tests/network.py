"""Tests reach what they started themselves, and nothing else.

Loaded by pytest as a plugin (`-p tests.network`). A test that leans on a server that happens to run
beside it, or on a network, passes on one machine and fails on the next. So each connection that
leaves the tests' own process is looked at as it is made: it may go to a socket that this process
or one of its children opened, to a port where nobody listens, and to the servers that
`DATABASE_URL` and `REDIS_URL` named for this run. Any other is refused, as it would be on a machine
where nothing runs, but with a sentence that says so; the same goes for a name that only a DNS could
resolve. A test that fails afterward has the sentences in its report.

Processes that tests start are not looked at, nor is what C libraries connect to by themselves. For
both there is `.ci/run`, which runs the suite in a network namespace of its own. Whose socket it is
can be told where there is a /proc, on Linux; elsewhere every port of this machine may be reached.
"""

import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

PROC = Path("/proc")
LISTENS = "0A"
"""The state of a listening socket in /proc/net/tcp."""
ACCEPTS = 1 << 16
"""The flag of a listening socket in /proc/net/unix."""
DEFAULT_PORTS = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379}

_root = os.getpid()
_known: set[str] = set()
_refused: list[str] = []


class Services:
    """The servers that were named for this run."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.names: set[str] = {"localhost", socket.gethostname()}
        self.ports: set[tuple[str, int]] = set()
        self.paths: set[str] = set()
        for variable in ("DATABASE_URL", "REDIS_URL"):
            url = urlsplit(environment.get(variable, ""))
            if url.scheme == "unix":
                self.paths.add(os.path.realpath(url.path))
            elif url.scheme in DEFAULT_PORTS and url.hostname:
                self._add(unquote(url.hostname), url.port or DEFAULT_PORTS[url.scheme])

    def _add(self, host: str, port: int) -> None:
        self.names.add(host)
        self.ports.add((host, port))
        with suppress(OSError):  # whoever connects there says what is wrong with the name
            self.ports |= {(str(found[4][0]), port) for found in socket.getaddrinfo(host, port)}


def is_here(host: str) -> bool:
    """Whether the address is one of this machine's own, as seen from itself."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host in ("", "localhost")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified


def sockets_at_port(kind: int, port: int) -> set[str]:
    """The inodes of the sockets that take what is sent to a port of this machine."""
    protocol = "udp" if kind == socket.SOCK_DGRAM else "tcp"
    found = set()
    for name in (protocol, f"{protocol}6"):
        for fields in _table(name):
            at = int(fields[1].rpartition(":")[2], 16)
            if at == port and (protocol == "udp" or fields[3] == LISTENS):
                found.add(fields[9])
    return found


def sockets_at_path(path: str) -> set[str]:
    """The inodes of the sockets that take what is sent to a path, or an abstract name ("@...")."""
    found = set()
    for fields in _table("unix"):
        listens = int(fields[3], 16) & ACCEPTS or int(fields[4], 16) != socket.SOCK_STREAM
        if listens and len(fields) > 7 and os.path.realpath(fields[7]) == os.path.realpath(path):
            found.add(fields[6])
    return found


def are_ours(inodes: set[str]) -> bool:
    """Whether this process or one of its children holds one of the sockets."""
    if inodes & _known:
        return True
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    for process in _family():
        with suppress(OSError):  # it ended meanwhile
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    if (inode := wanted.get(str(descriptor.readlink()))) is not None:
                        _known.add(inode)
                        return True
    return False


def _table(name: str) -> Iterator[list[str]]:
    with suppress(OSError), (PROC / "net" / name).open(errors="replace") as lines:
        next(lines, None)
        for line in lines:
            yield line.rstrip("\n").split(None, 7 if name == "unix" else -1)


def _family() -> Iterator[Path]:
    """This process and all that descend from it, parents first."""
    children: dict[int, list[int]] = {}
    yield PROC / str(_root)
    for process in PROC.glob("[0-9]*"):
        with suppress(OSError):
            # Behind the name, which may hold anything: the state and the parent.
            parent = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(process.name))
    waiting = children.get(_root, [])
    while waiting:
        process_id = waiting.pop()
        yield PROC / str(process_id)
        waiting += children.get(process_id, [])


def objection(services: Services, opened: socket.socket, address: Any) -> str:
    """Why the tests may not connect a socket to an address; "" where they may."""
    if opened.family == getattr(socket, "AF_UNIX", None):
        path = os.fsdecode(address)
        path = f"@{path[1:]}" if path.startswith("\0") else path
        where, holders = path, sockets_at_path(path)
        if os.path.realpath(path) in services.paths:
            return ""
    elif opened.family in (socket.AF_INET, socket.AF_INET6):
        host, port = str(address[0]), int(address[1])
        where = f"{host} port {port}"
        if (host, port) in services.ports:
            return ""
        if not is_here(host):
            return f"Tests must not reach {where}: they have to pass without a network."
        holders = sockets_at_port(opened.type, port)
    else:
        return ""  # the kernel's own, such as netlink
    if not holders or are_ours(holders):
        return ""
    return (
        f"Tests must not reach {where}: what listens there was not started by them. Start it in "
        "the test, or name it for this run with DATABASE_URL or REDIS_URL."
    )


def _watch(services: Services) -> None:
    """Refuse, from now on and for good, what there is an objection to."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not event.startswith("socket."):
            return
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            opened, address = arguments[0], arguments[1]
            # A socket that is connected sends without an address, and was looked at before.
            if address is not None and (why := objection(services, opened, address)):
                _refused.append(why)
                raise ConnectionRefusedError(errno.ECONNREFUSED, why)
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            name = arguments[0]
            host = name.decode("ascii", "replace") if isinstance(name, bytes) else name or ""
            if host not in services.names and not is_here(host) and not _is_numeric(host):
                why = f"Tests must not look up {host}: they have to pass without a network."
                _refused.append(why)
                raise socket.gaierror(socket.EAI_NONAME, why)

    sys.addaudithook(hook)


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


_watch(Services(os.environ))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed test which connections it was refused, for code swallows such errors."""
    report = yield
    if report.failed and _refused:
        report.sections.append(("Refused connections", "\n".join(dict.fromkeys(_refused))))
    if call.when == "teardown":
        _refused.clear()
    return report
