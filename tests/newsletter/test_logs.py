"""Logs give away no reader's address: every line goes through the redaction."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from django.contrib.auth import get_user_model
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from newsletter.logs import formatter, redact
from subscriptions import links
from subscriptions.links import Purpose

ROOT = Path(__file__).resolve().parent.parent.parent


@given(
    st.sampled_from(list(Purpose)),
    st.integers(min_value=0, max_value=2**63),
    st.sampled_from(["https://papers.example.org/{}/", "/feedback/{}/5/more/", "%2Fconfirm%2F{}"]),
)
def test_no_token_survives(purpose, subscriber, address):
    token = links.token(purpose, subscriber, 1, 1_781_000_000)
    line = f"GET {address.format(token)} 404"
    assert redact(line) == f"GET {address.format('[token]')} 404"


@pytest.mark.parametrize(
    "line",
    [
        "/papers/arxiv/2605.13779/",
        "/topics/efficient-inference/feed.atom",
        "/day/2026-06-10/?topic=agents",
        "task newsletter.tasks.drain[0b0a1c1e-3e0f-4f3f-8c1a-1d8f9f0c9b1e] succeeded",
    ],
)
def test_what_is_no_secret_stays(line):
    assert redact(line) == line


@pytest.mark.parametrize("style", ["json", "console"])
def test_the_record_of_a_request_keeps_no_token(style):
    token = links.token(Purpose.PREFERENCES, 7, 1)
    request = RequestFactory().get(f"/preferences/{token}/")
    try:
        raise RuntimeError(f"no luck with {request.path}")
    except RuntimeError:
        record = logging.LogRecord(
            "django.request", 40, "x.py", 1, "Not Found: %s", (request.path,), sys.exc_info()
        )
    record.request = request
    line = formatter(style).format(record)
    assert token not in line
    assert "/preferences/[token]/" in line
    if style == "json":
        json.loads(line)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "has_traceback"), [("/admin/papers/paper/", False), ("/issues/", True)]
)
def test_a_refusal_is_a_line_and_a_fault_has_its_traceback(
    path, has_traceback, client, caplog, monkeypatch
):
    client.force_login(get_user_model().objects.create_user("alice", is_staff=True))
    client.raise_request_exception = False
    monkeypatch.setattr("newsletter.pages.days.render", None)
    answer = client.get(path)
    assert answer.status_code == (500 if has_traceback else 403)
    (record,) = (one for one in caplog.records if one.name == "django.request")
    assert bool(record.exc_info) == has_traceback


def test_gunicorn_logs_requests_without_tokens(tmp_path):
    """A real server with its access log on, and an application that fails."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "access.log"
    token = links.token(Purpose.PREFERENCES, 7, 1)
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    command += ["--logger-class", "newsletter.access_log.Logger", "--access-logfile", str(log)]
    command += ["--no-control-socket", "tests.newsletter.test_logs:echo"]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ, stderr=subprocess.PIPE, text=True)
    try:
        address = f"http://127.0.0.1:{port}/preferences/{token}/data.json"
        answer = None
        for _ in range(200):
            try:
                answer = httpx.get(address)
                break
            except httpx.TransportError:
                time.sleep(0.1)
    finally:
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=20)
    assert answer is not None
    assert answer.status_code == 500
    assert "GET /preferences/[token]/data.json" in log.read_text()
    assert "RuntimeError: /preferences/[token]/data.json" in errors
    assert token not in log.read_text() + errors


def echo(environ, start_response):
    """A WSGI application that fails, telling where."""
    raise RuntimeError(environ["PATH_INFO"])
