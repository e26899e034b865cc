"""All settings, each read from one environment variable.

A missing or malformed variable stops the start with a sentence that names it. The table in
README.md documents every variable; a test compares the two. How they are read is in
`newsletter.env`.
"""

import contextlib
import os
import re
import sys
import warnings
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import idna
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static

from newsletter import old_paths, sidebar
from newsletter.env import (
    BASE_DIR,
    embedding_hosts,
    env,
    flag,
    hosts_and_ports,
    is_url,
    number,
    public_url,
    read,
    refusal,
    required_url,
    secret_key,
)

# Lets classes such as ModelForm be written with their type's parameter at run time as well.
django_stubs_ext.monkeypatch()

# --- Where things live -------------------------------------------------------------------

VAR_DIR = Path(read("VAR_DIR", env.str, str(BASE_DIR / "var"), "a writable directory"))
MAILBOX_DIR = VAR_DIR / "mailbox"
JOURNAL_DIR = Path(
    read(
        "JOURNAL_DIR",
        env.str,
        str(VAR_DIR / "journal"),
        ("a directory that persists when a worker stops"),
    )
)

# --- Security ----------------------------------------------------------------------------

DEBUG = flag("DEBUG", False)
SECRET_KEY = secret_key(VAR_DIR)
SECRET_KEY_FALLBACKS = read(
    "SECRET_KEY_FALLBACKS", env.list, [], "earlier secret keys, separated by commas"
)
ADDRESS_HASH_KEY = read(
    "ADDRESS_HASH_KEY", env.str, SECRET_KEY, "a long random string that never changes"
)
if SECRET_KEY_FALLBACKS and not os.environ.get("ADDRESS_HASH_KEY"):
    raise ImproperlyConfigured(
        "The environment variable SECRET_KEY_FALLBACKS is set, so SECRET_KEY was changed, but "
        "ADDRESS_HASH_KEY isn't set and would change with it: suppressed addresses would no "
        "longer be recognized. Set ADDRESS_HASH_KEY to the very first SECRET_KEY."
    )
SITE_URL = public_url("SITE_URL", "http://127.0.0.1:8000")
_site = urlsplit(SITE_URL)
SITE_HOST = _site.hostname or ""
ALLOWED_HOSTS = read(
    "ALLOWED_HOSTS",
    env.list,
    sorted({SITE_HOST, "localhost", "127.0.0.1"}),
    "host names, separated by commas",
)
# The site has a host of its own, so links have no prefix, whatever a proxy or a header says.
FORCE_SCRIPT_NAME = ""
HTTPS = _site.scheme == "https"
CSRF_TRUSTED_ORIGINS = [f"{_site.scheme}://{_site.netloc}"]
TRUSTED_PROXIES = number(
    "TRUSTED_PROXIES", 0, "the number of reverse proxies in front of the web server", 0, 5
)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = flag("SSL_REDIRECT", HTTPS and not DEBUG)
# The load balancer's probes and Prometheus come by plain HTTP from inside.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = number(
    "HSTS_SECONDS", 31_536_000 if HTTPS else 0, "seconds for Strict-Transport-Security"
)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "SAMEORIGIN"
# Our own pages show mails in frames: the admin's preview and the local mailbox.
SILENCED_SYSTEM_CHECKS = ["security.W019"]

# The admin's theme evaluates small expressions in its markup (Alpine), so its pages alone
# allow inline and evaluated script; newsletter.middleware adds that under /admin/.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-src": [SELF],
        "frame-ancestors": [SELF],
        "manifest-src": [SELF],
    }
}

# --- Applications ------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "newsletter.admin_app.LazyAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "anymail",
    "axes",
    "csp",
    "papers",
    "subscriptions",
    "newsletter",
]
MIDDLEWARE = [
    "newsletter.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Django lengthens compressed pages at random, so that a secret in them (a signed link, the
    # admin's token) cannot be guessed from sizes.
    "newsletter.middleware.Compression",
    "csp.middleware.CSPMiddleware",
    "newsletter.middleware.policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Forms of our own pages are known by their headers; the admin's by Django's tokens.
    "newsletter.middleware.same_origin",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "newsletter.middleware.second_factor",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "newsletter.urls"
WSGI_APPLICATION = "newsletter.wsgi.application"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "subscriptions.readers.limits.address_of"

# Accounts are of people who work in the admin: they log in by name, and nobody signs up.
REQUIRE_SECOND_FACTOR = flag("REQUIRE_SECOND_FACTOR", False)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/admin/"
ACCOUNT_ADAPTER = "newsletter.pages.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = False
MFA_ADAPTER = "newsletter.pages.accounts.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses of accounts are nowhere asked for
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
USERSESSIONS_TRACK_ACTIVITY = False  # it would write with every page that is looked at

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "newsletter.context_processors.site",
            ],
        },
    }
]

# --- Database, broker, cache -------------------------------------------------------------


def database() -> dict[str, Any]:
    """`DATABASES["default"]` from DATABASE_URL; SQLite is set up for several processes."""
    fallback = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "broadsheet.sqlite3")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # we say it ourselves, below
        config: dict[str, Any] = read(
            "DATABASE_URL", env.db_url, fallback, "a database address: postgres://user@host/name"
        )
    if not config.get("ENGINE") or not config.get("NAME"):
        raise refusal(
            "DATABASE_URL", "a database address such as postgres://user:password@host:5432/name"
        )
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            # A web process, workers and beat share the file: readers never wait for the one
            # writer (WAL), and a writer takes its lock at BEGIN, where it can be waited for.
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                "PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY"
            ),
        }
        config["TEST"] = {"NAME": str(VAR_DIR / "tests.sqlite3")}
        config["CONN_MAX_AGE"] = 60
    elif config["ENGINE"].endswith("postgresql"):
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
    else:
        raise refusal(
            "DATABASE_URL", "a database address: Broadsheet runs on PostgreSQL and SQLite"
        )
    return config


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = read(
    "REDIS_URL", env.str, "redis://127.0.0.1:6379/0", "the address of a Redis or Valkey server"
)
if not (REDIS_URL.startswith("unix://") or is_url(REDIS_URL, {"redis", "rediss"})):
    raise refusal(
        "REDIS_URL", "the address of a Redis or Valkey server, such as redis://127.0.0.1:6379/0"
    )
_redis_timeouts: dict[str, Any] = {"socket_timeout": 10}
if not REDIS_URL.startswith("unix://"):
    _redis_timeouts |= {"socket_connect_timeout": 5, "socket_keepalive": True}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "broadsheet",
        "OPTIONS": {**_redis_timeouts, "health_check_interval": 30},
    }
}
if "pytest" in sys.modules and "REDIS_URL" not in os.environ:
    CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}

PAGE_CACHE_SECONDS = number(
    "PAGE_CACHE_SECONDS", 300, "seconds that a web process caches a day's page", 0, 86_400
)

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **_redis_timeouts,
    "health_check_interval": 30,
    "global_keyprefix": "broadsheet:",
    # Whoever sends a message tries to connect twice, and then goes on without: a visitor must not
    # wait for a broker that is gone. Workers and beat have rules of their own, and never give up.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    # Messages carry nothing, so a redelivered one does no harm and a lost one is made up for by
    # the next tick.
    "visibility_timeout": 3600,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"newsletter.tasks.drain": {"queue": "delivery"}}
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")

# --- Papers ------------------------------------------------------------------------------

HUGGINGFACE_URL = required_url(
    "HUGGINGFACE_URL", "https://huggingface.co", "the address that serves /api/daily_papers"
)
ARXIV_URL = required_url(
    "ARXIV_URL", "https://export.arxiv.org", "the address that serves arXiv's /api/query"
)
ARXIV_RSS_URL = required_url(
    "ARXIV_RSS_URL", "https://rss.arxiv.org", "the address that serves arXiv's /rss and /atom"
)
ARXIV_OAI_URL = required_url(
    "ARXIV_OAI_URL", "https://oaipmh.arxiv.org/oai", "the base address of arXiv's OAI-PMH service"
)
BIORXIV_URL = required_url(
    "BIORXIV_URL", "https://api.biorxiv.org", "the address that serves bioRxiv's /details"
)
CROSSREF_URL = required_url(
    "CROSSREF_URL", "https://api.crossref.org", "the address that serves Crossref's /works"
)
DATACITE_URL = required_url(
    "DATACITE_URL", "https://api.datacite.org", "the address that serves DataCite's /dois"
)
OPENREVIEW_URL = required_url(
    "OPENREVIEW_URL", "https://api2.openreview.net", "the address that serves OpenReview's /notes"
)
EUROPEPMC_URL = required_url(
    "EUROPEPMC_URL",
    "https://www.ebi.ac.uk/europepmc/webservices/rest",
    "the address that serves Europe PMC's /search",
)
OPENALEX_URL = required_url(
    "OPENALEX_URL", "https://api.openalex.org", "the address that serves OpenAlex's /works"
)
SEMANTIC_SCHOLAR_URL = required_url(
    "SEMANTIC_SCHOLAR_URL",
    "https://api.semanticscholar.org",
    "the address that serves Semantic Scholar's /graph",
)
HACKER_NEWS_URL = required_url(
    "HACKER_NEWS_URL", "https://hn.algolia.com", "the address that serves Hacker News's search"
)
GITHUB_API_URL = required_url(
    "GITHUB_API_URL", "https://api.github.com", "the address that serves GitHub's /graphql"
)
PRIVATE_HOSTS_ALLOWED = hosts_and_ports("PRIVATE_HOSTS_ALLOWED")
PAPERS_SOURCE = read("PAPERS_SOURCE", env.str, "live", "live or sample")
if PAPERS_SOURCE not in {"live", "sample"}:
    raise refusal("PAPERS_SOURCE", "live or sample")
CHECK_RETRACTIONS = flag("CHECK_RETRACTIONS", True)
WATCH_ATTENTION = flag("WATCH_ATTENTION", True)
FETCH_TIMEOUT = number("FETCH_TIMEOUT", 20, "seconds to wait for a source's answer", 1, 300)
FETCH_ATTEMPTS = number(
    "FETCH_ATTEMPTS", 5, ("how many times to ask a source before giving up"), 1, 20
)
THUMBNAILS = flag("THUMBNAILS", True)
SUMMARY_URL = read("SUMMARY_URL", env.str, "", "the address of a language model service")
_parts = urlsplit(SUMMARY_URL) if is_url(SUMMARY_URL, {"http", "https"}) else None
if SUMMARY_URL and (not _parts or "@" in _parts.netloc or _parts.query or _parts.fragment):
    # Errors name the address, so no key may stand in it.
    raise refusal("SUMMARY_URL", "an address such as http://127.0.0.1:11434, without a key in it")
SUMMARY_MODEL = read("SUMMARY_MODEL", env.str, "", "the name of a model").strip()
if len(SUMMARY_MODEL) > 200 or not SUMMARY_MODEL.isprintable():
    raise refusal("SUMMARY_MODEL", "the name of a model, of at most 200 characters")
SUMMARY_KEY = read("SUMMARY_KEY", env.str, "", "a key for the service").strip()
if not re.fullmatch(r"[\x21-\x7e]*", SUMMARY_KEY):
    raise refusal("SUMMARY_KEY", "an ASCII key without spaces")
SUMMARY_TIMEOUT = number("SUMMARY_TIMEOUT", 60, "seconds to wait for a summary", 1, 600)
SUMMARIES_PER_DAY = number(
    "SUMMARIES_PER_DAY", 200, "how many requests to make to the model per day", 0, 100_000
)
ENCODER = read("ENCODER", env.str, "", "a directory or package:NAME with a sentence encoder")
if ENCODER:
    from papers.semantics.encoder import EncoderError, find  # numpy takes its time to import

    try:
        find(ENCODER)
    except EncoderError as error:
        wanted = "a directory or package:NAME with a sentence encoder"
        raise refusal("ENCODER", wanted, error) from None

# --- Digests and delivery ----------------------------------------------------------------

SITE_NAME = read("SITE_NAME", env.str, "Broadsheet", "the newsletter's name")
CURATOR = read("CURATOR", env.str, "the editors", "who picks the papers, as in “by …”")
NOTICED_PAPERS = number(
    "NOTICED_PAPERS", 10, "papers of earlier days that an issue takes in when noticed since", 0, 50
)
DIGEST_PAPERS = number("DIGEST_PAPERS", 10, "papers in a digest, unless the reader chooses", 1, 50)
DIGEST_DEADLINE = timedelta(
    hours=number("DIGEST_DEADLINE_HOURS", 12, "hours after which a digest is too late", 1, 168)
)
HOLD_ISSUES = flag("HOLD_ISSUES", False)
APPROVE_WITHIN = timedelta(
    hours=number("APPROVE_WITHIN_HOURS", 3, "hours that an issue waits for approval", 1, 24)
)
DROP_UNAPPROVED = flag("DROP_UNAPPROVED", False)
DELIVERY_BATCH = number("DELIVERY_BATCH", 1000, "digests claimed at a time", 1, 5000)
DELIVERY_LEASE = timedelta(
    seconds=number("DELIVERY_LEASE_SECONDS", 300, "seconds that a claim holds", 10, 86_400)
)
DELIVERY_RATE_PER_SECOND = number(
    "DELIVERY_RATE_PER_SECOND", 0, "emails per second over all workers, 0 for no limit"
)
DELIVERY_RATE_PER_DAY = number(
    "DELIVERY_RATE_PER_DAY", 0, "emails per day (UTC) over all workers, 0 for no limit"
)
RETRY_UNKNOWN = flag("RETRY_UNKNOWN", False)

# --- Readers: limits, proof of work, how long things are kept ---------------------------

LIMIT_PER_ADDRESS = number(
    "LIMIT_PER_ADDRESS", 5, ("emails per hour that can be requested for one address"), 1
)
LIMIT_PER_NETWORK = number(
    "LIMIT_PER_NETWORK", 30, ("emails per hour that can be requested from one network"), 1
)
LIMIT_IN_TOTAL = number("LIMIT_IN_TOTAL", 2000, "emails per hour that strangers can request", 1)
LIMIT_UPVOTES = number("LIMIT_UPVOTES", 60, "upvotes per hour for one reader", 1)
LIMIT_SUBMISSIONS = number("LIMIT_SUBMISSIONS", 10, "submissions per hour for one reader", 1)
MOST_INTERESTS = number("MOST_INTERESTS", 50, "interests that a reader may follow", 0, 1000)
MOST_MUTES = number("MOST_MUTES", 200, "authors and words that a reader may mute", 0, 5000)
INTEREST_SHARE = number(
    "INTEREST_SHARE", 3, "percent of two weeks' papers that an interest may match", 1, 100
)
PROOF_OF_WORK = flag("PROOF_OF_WORK", False)
LIMIT_UNPROVEN = number(
    "LIMIT_UNPROVEN", 60, "emails per hour that can be requested without proof of work", 0
)
EMBED_HOSTS = embedding_hosts("EMBED_HOSTS")
KEEP_UNCONFIRMED_DAYS = number(
    "KEEP_UNCONFIRMED_DAYS", 14, "days until an address that never confirmed is deleted", 8, 36_500
)
KEEP_LEFT_DAYS = number(
    "KEEP_LEFT_DAYS", 365, "days until a reader who unsubscribed is deleted", 1, 36_500
)
KEEP_EVENTS_DAYS = number("KEEP_EVENTS_DAYS", 90, "days until events are deleted", 8, 36_500)
KEEP_FETCHES_DAYS = number(
    "KEEP_FETCHES_DAYS", 60, "days until the log of fetches is deleted", 15, 36_500
)
KEEP_WAITING_DAYS = number(
    "KEEP_WAITING_DAYS", 90, "days until the texts of papers that nobody listed go", 35, 36_500
)
KEEP_QUESTIONS_DAYS = number(
    "KEEP_QUESTIONS_DAYS", 365, "days until a question about two papers goes", 30, 36_500
)
KEEP_INTEREST_MATCHES_DAYS = number(
    "KEEP_INTEREST_MATCHES_DAYS", 30, "days until the papers that interests matched are deleted", 15
)
KEEP_DELIVERIES_DAYS = number(
    "KEEP_DELIVERIES_DAYS", 400, "days until the ledger no longer shows who got what", 30, 36_500
)
IMPORT_STARTS_PER_DAY = number(
    "IMPORT_STARTS_PER_DAY", 1000, "imported readers whose digests start on a day, 0 for no limit"
)
IMPORT_LETTERS_PER_DAY = number(
    "IMPORT_LETTERS_PER_DAY", 500, "imported readers whom a letter asks within a day", 1
)
IMPORT_MAX_MB = number("IMPORT_MAX_MB", 500, "megabytes of a file of readers", 1, 10_000)
PRIVACY_NOTE = read("PRIVACY_NOTE", env.str, "", "a paragraph for the privacy page")

# --- Mail --------------------------------------------------------------------------------

EMAIL_BACKEND = read(
    "EMAIL_BACKEND",
    env.str,
    "newsletter.mail.local_mailbox.MailboxBackend",
    "the path of a mail backend",
)
EMAIL_BACKEND = old_paths.MAIL_BACKENDS.get(EMAIL_BACKEND, EMAIL_BACKEND)
EMAIL_TIMEOUT = number("EMAIL_TIMEOUT", 30, "seconds to wait for a mail server", 1, 600)
SMTP_END_SEPARATELY = flag("SMTP_END_SEPARATELY", True)
if read("EMAIL_URL", env.str, "", "a mail server's address"):
    _email: dict[str, Any] = read(
        "EMAIL_URL", env.email_url, {}, "a mail server's address such as smtp://user:pw@host:587"
    )
    EMAIL_BACKEND = _email["EMAIL_BACKEND"]
    EMAIL_HOST = _email.get("EMAIL_HOST") or "localhost"
    EMAIL_PORT = _email.get("EMAIL_PORT") or 25
    EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
    EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
    EMAIL_USE_TLS = bool(_email.get("EMAIL_USE_TLS"))
    EMAIL_USE_SSL = bool(_email.get("EMAIL_USE_SSL"))
ANYMAIL: dict[str, Any] = read(
    "ANYMAIL", env.json, {}, 'a JSON object such as {"POSTMARK_SERVER_TOKEN": "…"}'
)
if not isinstance(ANYMAIL, dict):
    raise refusal("ANYMAIL", 'a JSON object such as {"POSTMARK_SERVER_TOKEN": "…"}')
DEFAULT_FROM_EMAIL = SERVER_EMAIL = read(
    "FROM_EMAIL",
    env.str,
    f"{SITE_NAME} <digest@{SITE_HOST or 'localhost'}>",
    "the sender, such as Broadsheet <digest@papers.example.org>",
)
if "@" not in parseaddr(DEFAULT_FROM_EMAIL)[1] or any(c in DEFAULT_FROM_EMAIL for c in "\r\n"):
    raise refusal("FROM_EMAIL", "a sender such as Broadsheet <digest@papers.example.org>")
MAIL_DOMAIN = parseaddr(DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
_dns_domain = MAIL_DOMAIN
if not MAIL_DOMAIN.isascii():
    with contextlib.suppress(idna.IDNAError):
        _dns_domain = idna.encode(MAIL_DOMAIN, uts46=True).decode()
POSTAL_ADDRESS = read("POSTAL_ADDRESS", env.str, "", "the sender's postal address, on one line")
UNSUBSCRIBE_EMAIL = read(
    "UNSUBSCRIBE_EMAIL",
    env.str,
    parseaddr(DEFAULT_FROM_EMAIL)[1],
    "an address for unsubscribe emails",
)
if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", UNSUBSCRIBE_EMAIL):
    raise refusal("UNSUBSCRIBE_EMAIL", "one bare address such as leave@papers.example.org")
LIST_ID = read("LIST_ID", env.str, f"digest.{_dns_domain}", "a list ID such as digest.example.org")
if os.environ.get("LIST_ID") and not re.fullmatch(r"[\w-]+(\.[\w-]+)+", LIST_ID, re.ASCII):
    raise refusal("LIST_ID", "a list ID (RFC 2919) such as digest.papers.example.org")
UNSUBSCRIBE_HEADERS_SEEN = flag("UNSUBSCRIBE_HEADERS_SEEN", False)
#: What whoever sends to readers must say, and nobody said: a default of ours stands in its place.
UNSAID = tuple(
    name
    for name in ("FROM_EMAIL", "POSTAL_ADDRESS", "LIST_ID", "UNSUBSCRIBE_EMAIL")
    if not os.environ.get(name)
)
DKIM_KEY = read("DKIM_KEY", env.str, "", "a private key in PEM, or the path of a file with one")
DKIM_DOMAIN = read("DKIM_DOMAIN", env.str, _dns_domain, "the domain that signs").lower()
DKIM_SELECTOR = read("DKIM_SELECTOR", env.str, "broadsheet", "a name for the key in DNS").lower()
for _name, _value in (("DKIM_DOMAIN", DKIM_DOMAIN), ("DKIM_SELECTOR", DKIM_SELECTOR)):
    if DKIM_KEY and not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", _value):
        raise refusal(_name, "a name in DNS")
if DKIM_KEY:
    from newsletter.mail import dkim_keys  # its library takes 50 ms to import

    try:
        DKIM_KEY = dkim_keys.read(DKIM_KEY).pem
    except dkim_keys.BadKey as error:
        raise ImproperlyConfigured(
            "The environment variable DKIM_KEY must be a private key in PEM, or the path of a file "
            f"with one, but {error}. manage.py make_dkim_key makes one."
        ) from None
    if EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend":
        EMAIL_BACKEND = "newsletter.mail.transports.signing.EmailBackend"

# --- Listening: what comes back, and what readers do with their mail --------------------

BOUNCE_ADDRESS = read(
    "BOUNCE_ADDRESS", env.str, "", "an address whose email goes to `manage.py read_bounces`"
)
if BOUNCE_ADDRESS and not re.fullmatch(r"[A-Za-z0-9._-]{1,18}@[A-Za-z0-9.-]+", BOUNCE_ADDRESS):
    raise refusal(
        "BOUNCE_ADDRESS",
        "a plain address of at most 18 characters before the @, such as bounce@papers.example.org",
    )
NON_ASCII_ADDRESSES = flag("NON_ASCII_ADDRESSES", False)
TRACK_OPENS = flag("TRACK_OPENS", False)
TRACK_CLICKS = flag("TRACK_CLICKS", False)

EMAIL_THUMBNAILS = read("EMAIL_THUMBNAILS", env.str, "own", "own, source or none")
# "plates", which showed drawings, means "own" in this release; a check says so.
if EMAIL_THUMBNAILS not in {"own", "plates", "source", "none"}:
    raise refusal("EMAIL_THUMBNAILS", "own, source or none")
CONTACT_EMAIL = read(
    "CONTACT_EMAIL", env.str, parseaddr(DEFAULT_FROM_EMAIL)[1], "an address that someone reads"
)
# Anymail's other mails and Django's own go to the same place.
ADMINS = [("", address) for address in read("ADMINS", env.list, [], "addresses of operators")]

# --- Telling the operators ---------------------------------------------------------------

ALERT_EMAIL: dict[str, Any] = {}
if read("ALERT_EMAIL_URL", env.str, "", "a mail server's address"):
    ALERT_EMAIL = read(
        "ALERT_EMAIL_URL",
        env.email_url,
        {},
        "a mail server's address such as smtp://user:pw@host:587",
    )
ALERT_WEBHOOK_URL = read("ALERT_WEBHOOK_URL", env.str, "", "an address that accepts JSON by POST")
PING_URL = read("PING_URL", env.str, "", "an address to request while all is well")
for _name, _value in (("ALERT_WEBHOOK_URL", ALERT_WEBHOOK_URL), ("PING_URL", PING_URL)):
    if _value and not is_url(_value, {"http", "https"}):
        raise refusal(_name, "an address such as https://alerts.example.org/hook")
ALERT_ISSUE_HOURS = number(
    "ALERT_ISSUE_HOURS", 3, "hours after the end of a day until its issue counts as missing", 1, 24
)
ALERT_LOST_DIGESTS = number(
    "ALERT_LOST_DIGESTS", 10, "digests in doubt or too late before the operator is alerted", 1
)

# --- What programs may look at -----------------------------------------------------------

LIMIT_API = number("LIMIT_API", 6000, "requests per hour for one token of the API", 1)
METRICS_TOKEN = read("METRICS_TOKEN", env.str, "", "at least 16 random characters")
if METRICS_TOKEN and not re.fullmatch(r"[\x21-\x7e]{16,}", METRICS_TOKEN):
    raise ImproperlyConfigured(
        "The environment variable METRICS_TOKEN is too short or contains a space: it must be at "
        "least 16 random characters (python -c 'import secrets; "
        "print(secrets.token_urlsafe(32))')."
    )

SENTRY_DSN = read("SENTRY_DSN", env.str, "", "the address of a project in Sentry")
TRACES_URL = read("TRACES_URL", env.str, "", "the address of an OTLP collector over HTTP")
if TRACES_URL and not is_url(TRACES_URL, {"http", "https"}):
    raise refusal("TRACES_URL", "an address such as http://127.0.0.1:4318/v1/traces")

# --- Language, time, static files --------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "newsletter" / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = Path(
    read("STATIC_ROOT", env.str, str(BASE_DIR / "staticfiles"), "where collectstatic puts files")
)
# Django's development server serves the files as they lie where nothing was collected.
_is_collected = (STATIC_ROOT / "staticfiles.json").is_file()
_manifest = flag("STATIC_MANIFEST", not DEBUG and (_is_collected or sys.argv[1:2] != ["runserver"]))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _manifest
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not _manifest

# --- Logs --------------------------------------------------------------------------------

LOG_FORMAT = read("LOG_FORMAT", env.str, "console" if DEBUG else "json", "json or console")
LOG_LEVEL = read("LOG_LEVEL", env.str, "INFO", "DEBUG, INFO, WARNING or ERROR").upper()
if LOG_FORMAT not in {"json", "console"}:
    raise refusal("LOG_FORMAT", "json or console")
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise refusal("LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR")
#: The output of a command is its result, so it logs beside it; whatever serves logs to standard
#: output, where supervisors look.
_is_command = Path(sys.argv[0]).name == "manage.py" or "pytest" in sys.modules
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"structured": {"()": "newsletter.logs.formatter", "style": LOG_FORMAT}},
    "filters": {"brief": {"()": "newsletter.logs.BriefRefusals"}},
    "handlers": {
        "lines": {
            "filters": ["brief"],
            "class": "logging.StreamHandler",
            "formatter": "structured",
            "stream": "ext://sys.stderr" if _is_command else "ext://sys.stdout",
        }
    },
    "root": {"handlers": ["lines"], "level": LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "django": {"level": LOG_LEVEL},
        "django.request": {"filters": ["brief"]},
        "django.server": {"level": "WARNING", "propagate": True, "handlers": []},
    },
}

UNFOLD = {
    "SITE_TITLE": sidebar.site_name,
    "SITE_HEADER": sidebar.site_name,
    "SITE_URL": "/",
    "SITE_SYMBOL": "newspaper",
    "STYLES": [lambda request: static("newsletter/admin.css")],
    "DASHBOARD_CALLBACK": "newsletter.admin.today.context",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "SIDEBAR": {
        "show_search": True,
        "navigation": sidebar.SIDEBAR,
    },
}
