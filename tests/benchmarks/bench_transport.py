"""How fast messages leave: this project's SMTP client, Django's way, and postfix's smtp-source.

    python -m tests.benchmarks.bench_transport [HOST:PORT] [--messages N] [--processes K]

Each message has its own recipient, links and headers and is about 40 KB as sent. Without an
address the script starts postfix's smtp-sink on a free port of 127.0.0.1 and stops it at the end.
The ways are measured in turn, in one run, because only figures of the same minute compare. CPU is
the sender's own, user and system; the server's is not counted.

Where there is a sink of one's own, never point this at a mail server that delivers.
"""

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import socket
import string
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from smtplib import SMTP
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
django.setup()

from newsletter.mail.encoding import Fragment  # noqa: E402
from newsletter.mail.message import Mail  # noqa: E402
from newsletter.mail.outcomes import Kind  # noqa: E402
from newsletter.mail.transports.backend import NullTransport  # noqa: E402
from newsletter.mail.transports.smtp import SMTPTransport  # noqa: E402

Result = tuple[int, float, float]  # messages, seconds, CPU seconds
BODY_SIZE = 40_960


def shared_fragments(draw: random.Random) -> tuple[list[Fragment], list[Fragment]]:
    """The shell and the cards that all readers share, as (HTML, text)."""
    words = [
        "".join(draw.choices(string.ascii_lowercase, k=draw.randint(2, 10))) for _ in range(500)
    ]

    def prose(length: int) -> str:
        return " ".join(draw.choices(words, k=length // 6))[:length]

    html = [
        Fragment.of(f'<tr><td class="card"><p>{prose(2450)}</p></td></tr>\n') for _ in range(60)
    ]
    text = [Fragment.of(f"{prose(280)}\n\n") for _ in range(60)]
    return [Fragment.of(f"<html><head><style>{prose(6000)}</style></head>\n"), *html], text


def mails(count: int, seed: int) -> Iterator[Mail]:
    """`count` digests, every one different: 10 of 60 papers, its own lines, links and headers."""
    draw = random.Random(seed)
    (shell, *cards), texts = shared_fragments(draw)
    for number in range(count):
        token = f"{seed:04x}{number:012x}" * 5
        html, text = [shell], []
        for paper in draw.sample(range(60), 10):
            link = f"https://papers.example.org/p/{token}/{paper}"
            html += [cards[paper], Fragment.of(f'"kv cache" in the title, cs.CL, {number}')]
            html += [Fragment.of(f"<a href='{link}/more'>"), Fragment.of(f"<a href='{link}/less'>")]
            text += [texts[paper], Fragment.of(f"Why: kv cache in the title\n{link}\n\n")]
        yield Mail(
            delivery_id=number,
            message_id=f"<{seed}.{number}.{token[:16]}@papers.example.org>",
            envelope_from=f"bounces+{number}@papers.example.org",
            to_addr=f"reader{number}@example.org",
            from_header="Broadsheet <digest@papers.example.org>",
            subject="Attention is all you need and 9 more, 12 May",
            headers=(
                (
                    "List-Unsubscribe",
                    f"<https://papers.example.org/u/{token}>, <mailto:leave@papers.example.org>",
                ),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ("List-Id", "Broadsheet <digest.papers.example.org>"),
                ("Auto-Submitted", "auto-generated"),
                ("Feedback-ID", f"{number}:digest:broadsheet:example"),
            ),
            text=tuple(text),
            html=tuple(html),
        )


def with_transport(
    host: str, port: int, count: int, seed: int, *, end_separately: bool = True
) -> None:
    """This project's way: chunks, one connection, pipelining."""
    with SMTPTransport(
        host, port, local_hostname="localhost", end_separately=end_separately
    ) as transport:
        for mail in mails(count, seed):
            outcome = transport.send(mail)
            if outcome.kind is not Kind.ACCEPTED:
                raise SystemExit(f"a message was not accepted: {outcome}")


def with_one_write(host: str, port: int, count: int, seed: int) -> None:
    """The same, but the end of a message leaves with it (SMTP_END_SEPARATELY=false)."""
    with_transport(host, port, count, seed, end_separately=False)


def with_nothing(host: str, port: int, count: int, seed: int) -> None:
    """Only composing: what the transport costs is the difference."""
    with NullTransport() as transport:
        for mail in mails(count, seed):
            transport.send(mail)


def with_django(host: str, port: int, count: int, seed: int) -> None:
    """The usual way: EmailMultiAlternatives and smtplib's sendmail, over one connection."""
    with SMTP(host, port, local_hostname="localhost") as smtp:
        for mail in mails(count, seed):
            message: Any = mail.as_django()  # an EmailMultiAlternatives
            data = message.message().as_bytes(linesep="\r\n")
            smtp.sendmail(mail.envelope_from, [mail.to_addr], data)


def measured(
    send: Callable[[str, int, int, int], None], host: str, port: int, count: int, processes: int
) -> Result:
    """Run `send` in `processes` processes, `count` messages in all."""
    share = count // processes
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=send, args=(host, port, share, seed)) for seed in range(processes)
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    elapsed = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if any(worker.exitcode for worker in workers):
        raise SystemExit("a process failed")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return share * processes, elapsed, cpu


def measured_smtp_source(host: str, port: int, count: int) -> Result:
    """postfix's own load generator: 20 sessions, the same size."""
    source = _postfix("smtp-source")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    command = [source, "-s", "20", "-l", str(BODY_SIZE), "-m", str(count), f"{host}:{port}"]
    subprocess.run(command, check=True)
    elapsed = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return count, elapsed, cpu


def _postfix(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        raise SystemExit(f"{name} is not installed; it is part of postfix")
    return path


@contextmanager
def a_sink() -> Iterator[tuple[str, int]]:
    """postfix's smtp-sink on a free port, which takes every message and keeps none."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [_postfix("smtp-sink"), *user, "-h", "localhost", f"{host}:{port}", "1000"]
    process = subprocess.Popen(command)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex((host, port)) == 0:
                    break
            time.sleep(0.05)
        yield host, port
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure each way once and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("address", nargs="?", help="HOST:PORT of a sink; else one is started")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    size = sum(len(mail.as_bytes()) for mail in mails(100, 1)) // 100
    print(f"{options.messages} messages of {size} bytes, {os.cpu_count()} cores")
    print(f"{'':28}{'messages/s':>12}{'sender CPU us':>15}{'of smtp-source':>16}")
    sys.stdout.flush()

    def report(name: str, result: Result, base: float = 0.0) -> float:
        count, elapsed, cpu = result
        part = f"{count / elapsed / base:16.2f}" if base else ""
        print(f"{name:28}{count / elapsed:12.0f}{cpu / count * 1e6:15.0f}{part}", flush=True)
        return count / elapsed

    def run(host: str, port: int) -> None:
        count, processes = options.messages, options.processes
        base = report("smtp-source, 20 sessions", measured_smtp_source(host, port, count))
        for number in sorted({1, processes}):
            for name, way in (("separate end", with_transport), ("one write", with_one_write)):
                result = measured(way, host, port, count, number)
                report(f"{name}, processes {number}", result, base)
        slower = max(count // 10, processes)
        result = measured(with_django, host, port, slower, processes)
        report(f"Django, processes {processes}", result, base)
        result = measured(with_nothing, host, port, count, processes)
        report(f"composing only, processes {processes}", result, base)

    if options.address:
        host, _, port = options.address.rpartition(":")
        run(host, int(port))
    else:
        with a_sink() as (host, port_number):
            run(host, port_number)


if __name__ == "__main__":
    main()
