"""Tests that lean on what happens to run beside them are refused it, with a sentence."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import network
from tests.network import Services, objection

ROOT = Path(__file__).resolve().parent.parent
NOBODY = Services({})

needs_proc = pytest.mark.skipif(
    not (network.PROC / "net" / "tcp").exists(), reason="needs /proc to tell whose a socket is"
)


@pytest.fixture
def elsewhere(monkeypatch) -> Iterator[None]:
    """Makes this process a stranger: the tests' own is another one."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        monkeypatch.setattr(network, "_root", other.pid)
        monkeypatch.setattr(network, "_known", set())
        yield
        other.kill()


def listener(kind: str, directory: Path) -> tuple[socket.socket, object]:
    """A socket that takes what is sent to the address given with it."""
    if kind in ("path", "abstract"):
        opened = socket.socket(socket.AF_UNIX)
        opened.bind(str(directory / "socket") if kind == "path" else f"\0{directory}")
    else:
        family = socket.AF_INET6 if kind == "tcp6" else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
        try:
            opened.bind(("::1" if kind == "tcp6" else "127.0.0.1", 0))
        except OSError:
            pytest.skip("needs IPv6")
    if kind != "udp":
        opened.listen()
    return opened, opened.getsockname()


KINDS = ["tcp", "tcp6", "udp", "path", "abstract"]


def reach(server: socket.socket, address: object) -> None:
    with socket.socket(server.family, server.type) as client:
        if server.type == socket.SOCK_DGRAM:
            client.sendto(b"hello", address)  # type: ignore[call-overload]
        else:
            client.connect(address)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_tests_opened_is_reached(kind, tmp_path):
    server, address = listener(kind, tmp_path)
    with closing(server):
        reach(server, address)


@needs_proc
@pytest.mark.parametrize("kind", KINDS)
def test_what_others_opened_is_refused(kind, tmp_path, elsewhere):
    server, address = listener(kind, tmp_path)
    with closing(server), pytest.raises(ConnectionRefusedError, match="not started by them"):
        reach(server, address)
    network._refused.clear()


def test_what_a_child_of_a_child_opened_is_reached():
    serve = "import socket; s = socket.create_server(('127.0.0.1', 0));"
    serve += "print(s.getsockname()[1], flush=True); input()"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {serve!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        socket.create_connection(("127.0.0.1", port)).close()
        child.communicate("\n", timeout=10)


def test_where_nobody_listens_the_machine_itself_refuses():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError) as refused:
            socket.create_connection(server.getsockname())
    assert "Tests must not" not in str(refused.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "papers.example.org"])
def test_other_machines_are_refused(host):
    with pytest.raises(OSError, match="without a network"):
        socket.create_connection((host, 443), timeout=1)
    network._refused.clear()


@pytest.mark.parametrize(
    ("variable", "url", "address"),
    [
        ("DATABASE_URL", "postgres://alice:secret@192.0.2.1/papers", ("192.0.2.1", 5432)),
        ("DATABASE_URL", "postgres://192.0.2.1:5433/papers", ("192.0.2.1", 5433)),
        ("REDIS_URL", "redis://192.0.2.1/1", ("192.0.2.1", 6379)),
        ("REDIS_URL", "rediss://:secret@192.0.2.1:6380/1", ("192.0.2.1", 6380)),
    ],
)
def test_servers_named_for_the_run_are_reached_and_no_other_port(variable, url, address):
    named = Services({variable: url})
    with socket.socket() as client:
        assert objection(NOBODY, client, address)
        assert not objection(named, client, address)
        assert objection(named, client, (address[0], 25))


@needs_proc
def test_a_socket_named_for_the_run_is_reached(tmp_path, elsewhere):
    server, address = listener("path", tmp_path)
    with closing(server):
        assert objection(NOBODY, server, address)
        assert not objection(Services({"REDIS_URL": f"unix://{address}?db=1"}), server, address)


def test_a_failed_test_says_what_it_was_refused(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import socket\n"
        "def test_swallows():\n"
        "    try:\n"
        "        socket.create_connection(('192.0.2.1', 443))\n"
        "    except OSError:\n"
        "        assert False\n"
        "def test_other():\n"
        "    assert False\n"
    )
    plugins = ["no:django", "no:cacheprovider", "tests.network"]
    arguments = ["-c", os.devnull, "--rootdir", str(tmp_path), *(f"-p{each}" for each in plugins)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    said = done.stdout
    assert len(re.findall("Refused connections", said)) == 1, said + done.stderr
    assert "Tests must not reach 192.0.2.1 port 443" in said
