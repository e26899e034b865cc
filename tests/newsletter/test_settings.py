"""Settings: every variable is documented, and a malformed one stops the start with a sentence."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from newsletter import env

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
        ("REDIS_URL", "localhost", "Redis or Valkey"),
        ("PAPERS_SOURCE", "dead", "live or sample"),
        ("HUGGINGFACE_URL", "huggingface.co", "daily_papers"),
        ("FETCH_TIMEOUT", "0", "from 1 to 300"),
        ("FETCH_ATTEMPTS", "many", "how often"),
        ("DIGEST_PAPERS", "51", "from 1 to 50"),
        ("DIGEST_DEADLINE_HOURS", "-1", "stale"),
        ("DELIVERY_BATCH", "0", "from 1 to 5000"),
        ("DELIVERY_RATE_PER_SECOND", "fast", "mails a second"),
        ("RETRY_UNKNOWN", "sometimes", "true or false"),
        ("EMAIL_URL", "pigeon://mail.example.org", "mail server"),
        ("EMAIL_TIMEOUT", "1e3", "mail server"),
        ("SMTP_END_SEPARATELY", "perhaps", "true or false"),
        ("ANYMAIL", "{token}", "JSON object"),
        ("ANYMAIL", "[1]", "JSON object"),
        ("FROM_EMAIL", "Broadsheet", "sender"),
        ("FROM_EMAIL", "a@example.org\nBcc: b@example.org", "sender"),
        ("TRUSTED_PROXIES", "6", "from 0 to 5"),
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
