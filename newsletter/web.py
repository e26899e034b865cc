"""How gunicorn serves the site: `gunicorn --config python:newsletter.web newsletter.wsgi`.

The number of processes is `WEB_CONCURRENCY`; anything else can be overridden in
`GUNICORN_CMD_ARGS`. There is no access log unless one is asked for (`--access-logfile -`): the
addresses of readers' links are secrets, and our logger leaves the tokens out of it.
"""

import tempfile
from pathlib import Path

worker_class = "gthread"
logger_class = "newsletter.access_log.Logger"
threads = 8
keepalive = 15
"""Seconds; proxies and browsers ask again on the connection they have."""

# Workers show by touching a file that they live; on a disk that could take its time.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else tempfile.gettempdir()  # noqa: S108

# A worker is replaced now and then, in case it leaks: once a day or so on a busy site, since its
# successor has to load everything and to print its pages anew.
max_requests = 1_000_000
max_requests_jitter = 100_000

control_socket_disable = True

# A header named SCRIPT_NAME or PATH_INFO, which gunicorn takes from whoever asks on the same
# machine, and so from any client of a proxy there, would prefix every link on a page.
forwarder_headers = ""

limit_request_line = 8190
"""Bytes: gunicorn's most. An address of the API may hold an identifier in other scripts, each
character of which takes up to twelve."""
