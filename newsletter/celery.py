"""The Celery application and what beat wakes when.

Messages carry nothing: a task looks in the database for what is due, so a lost, doubled or late
message changes nothing. Beat runs in UTC, where no hour is skipped or comes twice.
"""

import gc
import logging
import os
from typing import Any

import structlog
from celery import Celery, signals
from celery.beat import PersistentScheduler
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
# Celery runs Django's system checks and drops what they say, but they load the whole site. What
# must hold before anything is sent is looked at by `newsletter.operations.readiness`.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")

logger = logging.getLogger(__name__)


@signals.import_modules.connect  # before the application is there, whose own part loads Django
def _load_without_collecting(**_: object) -> None:
    """Have no garbage collected while a worker loads: of thousands of modules nothing goes, and to
    look through them again and again takes a sixth of a worker's start.
    """
    gc.disable()


app = Celery("broadsheet")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Each has an `expires` shorter than its interval: while no worker runs, beat goes on calling, and
# the worker that comes back must not do a day's wake-ups one by one before it sends a mail.
app.conf.beat_schedule = {
    "fetch": {
        "task": "papers.tasks.fetch",
        "schedule": crontab(minute="7,37"),
        "options": {"expires": 29 * 60},
    },
    "fetch-thumbnails": {
        "task": "papers.tasks.fetch_thumbnails",
        "schedule": crontab(minute="*/10"),
        "options": {"expires": 540},
    },
    "summarize": {
        "task": "papers.tasks.summarize",
        "schedule": crontab(minute="*/10"),
        "options": {"expires": 540},
    },
    "fit": {
        "task": "papers.tasks.fit",
        "schedule": crontab(minute="17"),
        "options": {"expires": 59 * 60},
    },
    "freeze": {
        "task": "newsletter.tasks.freeze",
        "schedule": crontab(minute="*/5"),
        "options": {"expires": 240},
    },
    "forget-changes": {
        "task": "subscriptions.tasks.forget",
        "schedule": crontab(minute=23),
        "options": {"expires": 59 * 60},
    },
    "tick": {"task": "newsletter.tasks.tick", "schedule": 60.0, "options": {"expires": 55}},
    "heed": {"task": "newsletter.tasks.heed", "schedule": 60.0, "options": {"expires": 55}},
    "check-submissions": {
        "task": "subscriptions.tasks.check_submissions",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "match-interests": {
        "task": "subscriptions.tasks.match_interests",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "run-imports": {
        "task": "subscriptions.tasks.run_imports",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "send-permission-letters": {
        "task": "subscriptions.tasks.send_permission_letters",
        "schedule": crontab(minute="*/10"),
        "options": {"expires": 540},
    },
    "count-upvotes": {
        "task": "subscriptions.tasks.count_upvotes",
        "schedule": crontab(minute="*/5"),
        "options": {"expires": 240},
    },
    "count-topics": {
        "task": "subscriptions.tasks.count_topics",
        "schedule": crontab(minute=41),
        "options": {"expires": 59 * 60},
    },
    "count-clicks": {
        "task": "newsletter.tasks.count_clicks",
        "schedule": crontab(minute=11),
        "options": {"expires": 59 * 60},
    },
    # Often, so that a day missed at midnight is made good; the first after midnight does it all.
    "count-days": {
        "task": "newsletter.tasks.count_days",
        "schedule": crontab(minute=13),
        "options": {"expires": 59 * 60},
    },
    "forget": {
        "task": "newsletter.tasks.forget",
        "schedule": crontab(hour=3, minute=23),
        "options": {"expires": 23 * 3600},
    },
    "run-bulk-actions": {
        "task": "newsletter.tasks.run_bulk_actions",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "send-webhooks": {
        "task": "newsletter.tasks.send_webhooks",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "sweep": {"task": "newsletter.tasks.sweep", "schedule": 60.0, "options": {"expires": 55}},
}


class Scheduler(PersistentScheduler):
    """Beat's schedule, which says after each round that it lives."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Call what is due; seconds until the next round."""
        from newsletter.operations.watching import heartbeats

        pause: float = super().tick(*args, **kwargs)
        heartbeats.beat_is_alive()
        return pause


app.conf.beat_scheduler = "newsletter.celery:Scheduler"

_hearts: list[Any] = []


LITTLE_OF_THE_FILE = "PRAGMA cache_size=-16384; PRAGMA mmap_size=0"
"""What a worker keeps of SQLite's file in memory: 16 MB, and no map of it."""


@signals.worker_init.connect
def keep_little_of_the_file(**_: object) -> None:
    """Have this process keep less of an SQLite file in memory than web processes do, which answer
    from it at once: a worker's memory would else grow with the file, by up to 320 MB. Composing
    takes as long.
    """
    from django.db import connections

    for config in connections.settings.values():
        commands = config["OPTIONS"].get("init_command", "")
        if config["ENGINE"].endswith("sqlite3") and LITTLE_OF_THE_FILE not in commands:
            config["OPTIONS"]["init_command"] = f"{commands}; {LITTLE_OF_THE_FILE}"
            connections.close_all()


@signals.worker_init.connect
def _load_before_processes_part(**_: object) -> None:
    """Load what every digest needs, the addresses of readers' pages among it, in the main process
    of a worker: those of its pool then have it from the start, and share its memory.

    None of it goes, so the garbage collector passes over it from here on. Celery collects before
    each process that it makes, which else looks through all that was loaded, once a process.
    """
    from django.urls import reverse

    from newsletter.delivery import worker  # noqa: F401

    reverse("papers:topics")
    gc.freeze()


@signals.worker_ready.connect
def _start_heart(sender: Any, **_: object) -> None:
    """Let the worker's main process say that it lives, and look after the whole."""
    from newsletter.operations.watching import heartbeats, troubles

    heart = heartbeats.Heart(sender.hostname, troubles.watch)
    _hearts.append(heart)
    heart.start()


@signals.worker_shutting_down.connect
def _stop_heart(**_: object) -> None:
    """A worker that was told to stop is not missed."""
    while _hearts:
        _hearts.pop().stop()


@signals.task_prerun.connect
def _name_task(task_id: str, task: Any, **_: object) -> None:
    """Let every line that a task logs say which one."""
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


@signals.task_postrun.connect
def _forget_task(**_: object) -> None:
    structlog.contextvars.unbind_contextvars("task", "task_id")


@signals.setup_logging.connect
def _keep_djangos_logging(**_: object) -> None:
    """Leave logging as the settings configured it."""


@signals.worker_process_init.connect
def _watch_the_queue(**_: object) -> None:
    """In each process of a pool, and in that of the pool "solo"."""
    from newsletter.delivery import watch

    watch.start(is_one_hand=True)


@signals.worker_ready.connect
def _watch_the_queue_without_processes(sender: Any = None, **_: object) -> None:
    """In the one process of a pool of threads, which no signal announces."""
    from celery.concurrency.prefork import TaskPool

    from newsletter.delivery import watch

    if not isinstance(getattr(sender, "pool", None), TaskPool):
        watch.start()


@signals.worker_process_init.connect
@signals.worker_ready.connect
def keep_what_stays(**_: object) -> None:
    """Have the garbage collector pass over all that was loaded until now, in each process of a
    pool and in the main one. It is there until the process ends, and looking through it again and
    again for what could go takes a tenth of the time of a digest. What a batch of digests makes
    is freed without the collector; so it need not look after every 700 objects.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    gc.enable()


@signals.worker_process_shutdown.connect
@signals.worker_shutdown.connect
def _stop_watching(**_: object) -> None:
    """Before the process ends."""
    from newsletter.delivery import watch

    watch.stop()


@signals.worker_init.connect
def _refuse_to_send_unready(**_: object) -> None:
    """Stop a worker that would send mail nobody should send; the exit says all that is missing.

    SystemExit, because Celery logs any other exception here and goes on.
    """
    from newsletter.operations import readiness

    try:
        readiness.require()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from None
    if said := readiness.non_ascii_objection():
        logger.error(said)
