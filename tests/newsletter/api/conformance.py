"""The API against its own description: schemathesis, once for each scope and once without a token.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/conformance \
        python -m tests.newsletter.api.conformance --examples 200

fills that database, which must be empty or an earlier one of this, starts the site with gunicorn,
and runs all default checks. It ends with an error where any run finds anything.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def command(url: str, token: str, examples: int, *more: str) -> list[str]:
    """How schemathesis is run with a token, or without one."""
    shown = ["--header", f"Authorization: Bearer {token}"] if token else []
    program = Path(sys.executable).parent / "schemathesis"
    limit = ["--max-examples", str(examples), "--seed", "1", "--no-color"]
    return [str(program), "run", f"{url}/api/v1/openapi.json", "--url", url, *shown, *limit, *more]


def make_rows() -> None:
    """Rows of every kind that the API knows."""
    from newsletter.issues.freezing import build_issue
    from papers.models import Pick
    from subscriptions.models import Consent, Suppression
    from tests.factories import DAY, NOW, make_match, make_paper, make_subscriber, make_topic

    topics = [make_topic(f"Topic {number}", slug=f"topic-{number}") for number in range(3)]
    for number in range(6):
        make_match(make_paper(f"Paper {number}"), topics[number % 3])
    Pick.objects.create(day=DAY, paper=make_paper("Hidden"), kind=Pick.Kind.HIDE)
    build_issue(DAY, NOW)
    for name in ("alice", "bob", "charlie"):
        reader = make_subscriber(f"{name}@example.org", topics=topics[:2])
        reader.record(Consent.Action.CONFIRMED, NOW, "Yes")
    Suppression.objects.add_address("dave@example.org", Suppression.Reason.REQUEST, NOW)


@contextmanager
def _served(port: int) -> Iterator[str]:
    url = f"http://127.0.0.1:{port}"
    words = ["-m", "gunicorn", "--config", "python:newsletter.web", "newsletter.wsgi"]
    # A longer line than gunicorn takes is refused before the API sees it, without its description.
    words += ["--limit-request-line", "0"]
    server = subprocess.Popen(
        [sys.executable, *words, "--bind", f"127.0.0.1:{port}", "--workers", "2"], cwd=ROOT
    )
    try:
        for _ in range(100):
            time.sleep(0.2)
            try:
                urllib.request.urlopen(f"{url}/api/v1/openapi.json", timeout=5)
                break
            except (urllib.error.URLError, OSError):
                continue
        yield url
    finally:
        server.terminate()
        server.wait(30)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it all; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="of each operation")
    parser.add_argument("--only", default="", help="only this scope, or none")
    chosen = parser.parse_args(arguments)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    os.environ.update(
        DJANGO_SETTINGS_MODULE="newsletter.settings",
        SITE_URL=f"http://127.0.0.1:{port}",
        SECRET_KEY="only-for-trying-the-api-" + "x" * 40,
        LIMIT_API="100000000",
        STATIC_MANIFEST="false",
        LOG_LEVEL="ERROR",
    )
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from newsletter.api.tokens import make_token
    from newsletter.models import Issue
    from newsletter.models.api import SCOPES

    call_command("migrate", verbosity=0)
    if not Issue.objects.exists():
        make_rows()
    failed = []
    with _served(port) as url:
        for scopes in [[], *([scope] for scope in SCOPES), list(SCOPES)]:
            name = "+".join(scopes) if len(scopes) < 2 else "all scopes"
            name = name or "none"
            if chosen.only and chosen.only != name:
                continue
            token = make_token("schemathesis", scopes, "test", timezone.now())[1] if scopes else ""
            began = time.monotonic()
            found = subprocess.run(
                command(url, token, chosen.examples),
                capture_output=True,
                text=True,
                check=False,
                cwd=ROOT / "build" if (ROOT / "build").is_dir() else ROOT,
            )
            lines = [line for line in found.stdout.splitlines() if line.strip()]
            print(f"{name}: exit {found.returncode}, {time.monotonic() - began:.0f} s")
            print("\n".join(lines[-8:] if not found.returncode else lines[-400:]), flush=True)
            failed += [name] if found.returncode else []
    print(f"failed: {', '.join(failed)}" if failed else "all clean")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
