"""Settings: every variable is documented, and a malformed one stops the start with a sentence."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from newsletter import env
from tests.proxies import free_port, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent

#: Read by compose.yaml, for the database that it brings along.
COMPOSE_ONLY = {"POSTGRES_PASSWORD"}


def clean_environment(var: Path, **variables: str) -> dict[str, str]:
    """An environment in which only `variables` are set. An empty variable counts as unset and
    keeps a developer's .env out.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | dict.fromkeys(env.READ, "") | {"VAR_DIR": str(var)} | variables


def manage(
    *arguments: str, environment: dict[str, str], timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run manage.py as a person would."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_readme_documents_every_setting_and_no_other():
    table = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert sorted(table) == sorted(set(table)), "a setting is documented twice"
    assert set(table) == env.READ


def test_env_example_lists_every_setting_and_no_other():
    lines = (ROOT / ".env.example").read_text().splitlines()
    names = [line[1:].partition("=")[0] for line in lines if re.match(r"#[A-Z_]+=", line)]

    assert sorted(names) == sorted(set(names)), "a setting is listed twice"
    assert set(names) - COMPOSE_ONLY == env.READ
    assert not [line for line in lines if line and not line.startswith("#")], "a value is set"


def test_env_example_names_the_defaults(tmp_path):
    """With every line of .env.example taken over, nothing changes."""
    pairs = re.findall(r"(?m)^#([A-Z_]+)=(.+)$", (ROOT / ".env.example").read_text())
    shown = (
        "import json; from newsletter import settings as s;"
        "print(json.dumps({n: str(getattr(s, n)) for n in dir(s)"
        " if n.isupper() and n != 'UNFOLD'}, sort_keys=True))"
    )

    def values(**variables: str) -> dict[str, str]:
        found = subprocess.run(
            [sys.executable, "-c", shown],
            cwd=ROOT,
            env=clean_environment(tmp_path, **variables),
            capture_output=True,
            text=True,
            check=True,
        )
        said: dict[str, str] = json.loads(found.stdout)
        return said | {"READ": ""}  # a set prints in any order

    assert values(**dict(pairs)) == values()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "short", "at least 32"),
        ("SITE_URL", "papers.example.org", "public address"),
        ("SITE_URL", "ftp://papers.example.org", "public address"),
        ("DEBUG", "perhaps", "true or false"),
        ("DATABASE_URL", "mysql://localhost/broadsheet", "PostgreSQL and SQLite"),
        ("DATABASE_URL", "nonsense", "database address"),
        ("REDIS_URL", "localhost", "Redis or "),
        ("PAPERS_SOURCE", "dead", "live or sample"),
        ("HUGGINGFACE_URL", "huggingface.co", "daily_papers"),
        ("CROSSREF_URL", "crossref", "works"),
        ("PRIVATE_HOSTS_ALLOWED", "127.0.0.1:0", "hosts with or without a port"),
        ("PRIVATE_HOSTS_ALLOWED", "http://127.0.0.1:80", "hosts with or without a port"),
        ("EMBED_HOSTS", "https://blog.example.org", "hosts with or without a port"),
        ("EMBED_HOSTS", "blog.example.org;script-src *", "hosts"),
        ("EMBED_HOSTS", "*", "hosts"),
        ("EMBED_HOSTS", "blog.example.org/x", "hosts with or without a port"),
        ("PRIVATE_HOSTS_ALLOWED", "feeds.internal/x", "hosts with or without a port"),
        ("FETCH_TIMEOUT", "0", "from 1 to 300"),
        ("FETCH_ATTEMPTS", "many", "how many times"),
        ("DIGEST_PAPERS", "51", "from 1 to 50"),
        ("DIGEST_DEADLINE_HOURS", "-1", "too late"),
        ("DELIVERY_BATCH", "0", "from 1 to 5000"),
        ("DELIVERY_RATE_PER_SECOND", "fast", "emails per second"),
        ("RETRY_UNKNOWN", "sometimes", "true or false"),
        ("EMAIL_URL", "pigeon://mail.example.org", "mail server"),
        ("EMAIL_TIMEOUT", "1e3", "mail server"),
        ("SMTP_END_SEPARATELY", "perhaps", "true or false"),
        ("ANYMAIL", "{token}", "JSON object"),
        ("ANYMAIL", "[1]", "JSON object"),
        ("FROM_EMAIL", "Broadsheet", "sender"),
        ("FROM_EMAIL", "a@example.org\nBcc: b@example.org", "sender"),
        ("TRUSTED_PROXIES", "6", "from 0 to 5"),
        ("ALERT_EMAIL_URL", "pigeon://mail.example.org", "mail server"),
        ("ALERT_WEBHOOK_URL", "alerts.example.org", "an address such as"),
        ("PING_URL", "ftp://alerts.example.org", "an address such as"),
        ("TRACES_URL", "collector:4318", "an address such as"),
        ("ALERT_ISSUE_HOURS", "0", "from 1 to 24"),
        ("METRICS_TOKEN", "short", "at least 16"),
        ("METRICS_TOKEN", "with a space in the middle of it", "contains a space"),
        ("ALERT_LOST_DIGESTS", "few", "in doubt or too late"),
        ("LOG_FORMAT", "xml", "json or console"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO"),
    ],
)
def test_a_malformed_variable_stops_the_start_with_a_sentence(tmp_path, name, value, said):
    done = manage("check", environment=clean_environment(tmp_path, **{name: value}))

    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert name in done.stderr
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://papers.example.org", "https://papers.example.org"),
        ("https://papers.example.org/", "https://papers.example.org"),
        ("https://Papers.Example.ORG:8443", "https://papers.example.org:8443"),
        ("https://zürich.example", "https://xn--zrich-kva.example"),
        ("https://ZÜRICH.example:8443/", "https://xn--zrich-kva.example:8443"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://日本語。example", "https://xn--wgv71a119e.example"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://example.org/papers", None),
        ("https://example.org/papers/", None),
        ("https://example.org/?a=1", None),
        ("https://example.org/#top", None),
        ("https://alice:secret@example.org", None),
        ("https://☃.example", None),
        ("https://xn--a.example", None),
        ("https://example.org:port", None),
        ("https://[::1", None),
        ("https://two words.example", None),
        ("https://", None),
    ],
)
def test_the_sites_address_is_one_that_mail_can_use_or_is_refused(monkeypatch, given, taken):
    monkeypatch.setenv("SITE_URL", given)
    if taken is None:
        with pytest.raises(ImproperlyConfigured, match="SITE_URL must be this site's public addr"):
            env.public_url("SITE_URL", "")
    else:
        assert env.public_url("SITE_URL", "") == taken


MARKER = "zzmarkerzz"
MALFORMED = [
    MARKER,
    f"{MARKER}://{MARKER}",
    f"https://alice:{MARKER}@[::1",
    f"https://alice:{MARKER}@example.org:port/{MARKER}",
    f"postgres://alice:{MARKER}@db.example.org:port/papers",
    f"redis://:{MARKER}@cache.example.org:port/0",
    f"smtp+tls://alice:{MARKER}@mail.example.org:port",
    f"pigeon://alice:{MARKER}@mail.example.org",
    f'{{"POSTMARK_SERVER_TOKEN": "{MARKER}"',
    f'["{MARKER}"]',
    f"-----BEGIN PRIVATE KEY-----\n{MARKER}\n-----END PRIVATE KEY-----",
    f"{MARKER} <{MARKER}@@>\nBcc: {MARKER}",
]
"""Values of which each is malformed for some setting, as secrets would be."""

TRIES = """
import importlib, json, os, sys, traceback
import newsletter.settings as settings
from newsletter import env
name_values = json.load(sys.stdin)
said = {}
for name in sorted(env.READ):
    for value in name_values:
        os.environ[name] = value
        try:
            importlib.reload(settings)
        except Exception as error:
            # All that gunicorn and Celery print of it.
            said.setdefault(name, []).append(traceback.format_exc())
        os.environ[name] = ""
print(json.dumps([said, sorted(env.HARMLESS)]))
"""


def test_no_malformed_value_is_shown_but_of_harmless_settings(tmp_path):
    tried = subprocess.run(
        [sys.executable, "-W", "error", "-c", TRIES],
        cwd=tmp_path,  # where directories of these names may be made
        env=clean_environment(tmp_path, SECRET_KEY="s" * 50, PYTHONPATH=str(ROOT)),
        input=json.dumps(MALFORMED),
        capture_output=True,
        text=True,
        check=True,
    )
    said, harmless = json.loads(tried.stdout)
    assert MARKER not in tried.stderr
    assert {"SITE_URL", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "ANYMAIL", "DKIM_KEY"} <= set(
        said
    )
    shown = {name for name, errors in said.items() if any(MARKER in error for error in errors)}
    assert shown <= set(harmless)
    # Each is a sentence that names a setting, and not what a parser fell over.
    sentence = re.compile(r"ImproperlyConfigured: The environment variable [A-Z_]+ ")
    for name, errors in said.items():
        assert all(map(sentence.search, errors)), name


HARMLESS = re.compile(
    "DEBUG|INTEREST_SHARE|MOST_MUTES|MOST_INTERESTS|HOLD_ISSUES|APPROVE_WITHIN_HOURS|DROP_UNAPPROVED|"
    "THUMBNAILS|CHECK_RETRACTIONS|PROOF_OF_WORK|SSL_REDIRECT|NON_ASCII_ADDRESSES|STATIC_MANIFEST|"
    "WATCH_ATTENTION|UNSUBSCRIBE_HEADERS_SEEN|SMTP_END_SEPARATELY|ALERT_ISSUE_HOURS|ALERT_LOST_DIGESTS|"
    "EMAIL_THUMBNAILS|EMAIL_TIMEOUT|NOTICED_PAPERS|PAPERS_SOURCE|ENCODER|VAR_DIR|JOURNAL_DIR|"
    "STATIC_ROOT|"
    "SUMMARY_TIMEOUT|SUMMARIES_PER_DAY|HSTS_SECONDS|TRUSTED_PROXIES|REQUIRE_SECOND_FACTOR|PAGE_CACHE_SECONDS|RETRY_UNKNOWN|"
    "(LOG|FETCH|DIGEST|DELIVERY|IMPORT|LIMIT|KEEP|TRACK)_[A-Z_]+"
)


def test_what_may_be_shown_are_numbers_choices_and_places():
    assert all(map(HARMLESS.fullmatch, env.HARMLESS))


@pytest.mark.parametrize("program", ["check", "gunicorn", "celery"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", MARKER),
        ("SITE_URL", f"https://alice:{MARKER}@example.org"),
        ("DATABASE_URL", f"postgres://alice:{MARKER}@db.example.org:port/papers"),
        ("REDIS_URL", f"redis://:{MARKER}@cache.example.org:port/0"),
        ("EMAIL_URL", f"smtp+tls://alice:{MARKER}@mail.example.org:port"),
        ("ANYMAIL", f'{{"POSTMARK_SERVER_TOKEN": "{MARKER}"'),
        ("DKIM_KEY", f"-----BEGIN PRIVATE KEY-----\n{MARKER}\n-----END PRIVATE KEY-----"),
        ("HUGGINGFACE_URL", f"alice:{MARKER}@huggingface.co"),
    ],
)
def test_no_program_prints_a_secret_that_is_malformed(tmp_path, program, name, value):
    command = {
        "check": ["manage.py", "check"],
        "gunicorn": ["-m", "gunicorn", "--config", "python:newsletter.web", "--preload"],
        "celery": ["-m", "celery", "-A", "newsletter", "worker", "-P", "solo"],
    }[program]
    if program == "gunicorn":
        command += ["--bind", f"unix:{tmp_path}/socket", "newsletter.wsgi"]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=clean_environment(tmp_path, **{name: value}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert name in done.stderr
    assert MARKER not in done.stdout + done.stderr


def test_runserver_serves_a_page_and_its_style_where_nothing_was_collected(tmp_path):
    environment = clean_environment(tmp_path, STATIC_ROOT=str(tmp_path / "none"))
    assert manage("migrate", "--verbosity=0", environment=environment).returncode == 0
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "runserver", "--noreload", str(port)],
            env=environment | {"SITE_URL": site},
            stdout=out,
            stderr=out,
        )
    try:
        wait_for(port, process, log)
        page = urllib.request.urlopen(site, timeout=30).read().decode()
        style = re.search(r'<link rel="stylesheet" href="([^"]+)"', page)
        assert style is not None
        assert urllib.request.urlopen(f"{site}{style[1]}", timeout=30).status == 200
    finally:
        process.terminate()
        process.wait(30)


def test_a_new_secret_key_does_not_make_suppressed_addresses_unknown(tmp_path):
    keys = {"SECRET_KEY": "n" * 50, "SECRET_KEY_FALLBACKS": "o" * 50}
    done = manage("check", environment=clean_environment(tmp_path, **keys))
    assert done.returncode != 0
    assert "ADDRESS_HASH_KEY" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1

    keys["ADDRESS_HASH_KEY"] = "o" * 50
    assert manage("check", environment=clean_environment(tmp_path, **keys)).returncode == 0


def test_a_directory_that_cannot_be_written_is_a_sentence(tmp_path):
    in_the_way = tmp_path / "var"
    in_the_way.write_text("a file")

    done = manage("check", environment=clean_environment(in_the_way))

    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "VAR_DIR" in done.stderr


def test_it_starts_without_any_variable_and_keeps_its_key(tmp_path):
    first = manage("check", environment=clean_environment(tmp_path))
    key = (tmp_path / "secret_key").read_text()
    manage("check", environment=clean_environment(tmp_path))

    assert first.returncode == 0, first.stderr
    assert len(key) >= 32
    assert (tmp_path / "secret_key").read_text() == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
