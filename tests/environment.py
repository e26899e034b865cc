"""The environment that tests run in, set before Django reads its settings.

Loaded by pytest as a plugin (`-p tests.environment`), earlier than any conftest, so that a
developer's own `.env` or shell cannot change what a test sees. `DATABASE_URL` and `REDIS_URL`
are honoured: that is how the same suite runs against PostgreSQL and Redis.
"""

import atexit
import os
import re
import shutil
import tempfile

_var = tempfile.mkdtemp(prefix="broadsheet-tests-")
_process = os.getpid()


@atexit.register
def _clean() -> None:
    """Leave nothing behind; a child of this process leaves it to its parent."""
    if os.getpid() == _process:
        shutil.rmtree(_var, ignore_errors=True)


def own_database(redis: str, process: str) -> str:
    """The Redis address for one of several processes that run tests side by side.

    Emptying a cache empties a whole database of Redis, so each process takes one of its own: `gw0`
    the one named, `gw1` the one before it, and so on, down to 0.
    """
    where = r"(?<=[?&]db=)" if redis.startswith("unix:") else r"(?<=[^/:]/)"
    named = re.search(rf"{where}\d+(?=$|[?&])", redis)
    number = int(named[0] if named else 0) - int(process.removeprefix("gw"))
    if named is None or number < 0:
        raise RuntimeError(
            "Each process takes a Redis database of its own, counted down from the one that "
            "REDIS_URL names: end it with a higher number, such as /15, or use fewer processes."
        )
    return f"{redis[: named.start()]}{number}{redis[named.end() :]}"


if "REDIS_URL" in os.environ and "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["REDIS_URL"] = own_database(
        os.environ["REDIS_URL"], os.environ["PYTEST_XDIST_WORKER"]
    )

os.environ.update(
    {
        "DEBUG": "false",
        "SECRET_KEY": "tests-only-" + "x" * 50,
        "SITE_URL": "https://papers.example.org",
        "ALLOWED_HOSTS": "papers.example.org,testserver,localhost,127.0.0.1",
        "FROM_EMAIL": "Broadsheet <digest@papers.example.org>",
        "POSTAL_ADDRESS": "Broadsheet, 1 Example Street, 12345 Example",
        "UNSUBSCRIBE_EMAIL": "leave@papers.example.org",
        "LIST_ID": "digest.papers.example.org",
        "VAR_DIR": _var,
        "SSL_REDIRECT": "false",
        "STATIC_MANIFEST": "false",
        "LOG_LEVEL": "WARNING",
        # Pages are made anew for each request, but for the tests that are about keeping them.
        "PAGE_CACHE_SECONDS": "0",
    }
)
for name in (
    "EMAIL_URL",
    "EMAIL_BACKEND",
    "ANYMAIL",
    "ENCODER",
    "DKIM_KEY",
    "UNSUBSCRIBE_HEADERS_SEEN",
    "ADMINS",
    "ALERT_EMAIL_URL",
    "ALERT_WEBHOOK_URL",
    "PING_URL",
    "METRICS_TOKEN",
    "SENTRY_DSN",
    "TRACES_URL",
):
    os.environ.pop(name, None)
