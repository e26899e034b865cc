"""What the version before wrote of channels, put into this version's words. For one release.

It had no channels: what went into a reader's feed was a state of its own, `feed`, without a
`sent_at`, and everything `sent` was emailed. Both versions may run side by side and the ledger may
be large, so no migration rewrites it: this runs every minute, a batch at a time, until nothing is
left, and then costs a look into an empty index. The version before reads the rows as they become,
since it takes `sent` for what a reader had; only its counts of emails include feeds meanwhile.
"""

import logging
import time

from django.db import connection

from newsletter import bulk_sql
from newsletter.mail.outcomes import without_addresses
from newsletter.models import Delivery

logger = logging.getLogger(__name__)

BATCH = 2_000
"""Rows changed in one statement, so that nobody waits long for a lock."""


def fill_channels(seconds: float = float("inf")) -> int:
    """Give every delivery of the version before its channel; how many that were.

    What stands in a feed becomes `sent`, at the time it was due. Ends after about so many
    `seconds`; run again it goes on, and two at once share the work.
    """
    end = time.monotonic() + seconds
    count = 0
    while True:
        done = _fill_batch()
        count += done
        if done < BATCH or time.monotonic() >= end:
            break
    if count:
        logger.info("filled in channels", extra={"rows": count})
    return count


WINDOW = 50_000
"""Rows looked at in one statement for addresses in their reasons."""


def clean_reasons() -> int:
    """Take the addresses out of what servers said, in the rows of the version before; how many.

    One pass over the ledger, in windows of its keys: for once a day.
    """
    count = 0
    last = Delivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    for start in range(0, last + 1, WINDOW):
        rows = Delivery.objects.filter(
            pk__gt=start, pk__lte=start + WINDOW, reason__contains="@"
        ).only("pk", "reason")
        found = list(rows)
        for row in found:
            row.reason = without_addresses(row.reason).replace("@", " at ")
        Delivery.objects.bulk_update(found, ["reason"], batch_size=500)
        count += len(found)
    if count:
        logger.info("took addresses out of reasons", extra={"rows": count})
    return count


LEFT = "(channel IS NULL OR state = 'feed') AND state IN ('feed', 'sent')"
"""Rows of the version before: word for word as in the index, or SQLite does not see that it serves.
A row in a feed may name a channel, if it was sent again after this version had failed to."""


def _fill_batch() -> int:
    delivery = bulk_sql.table(Delivery)
    lock, picked = "", "IN (SELECT id FROM picked)"
    if connection.vendor == "postgresql":
        lock, picked = "FOR UPDATE SKIP LOCKED", "= ANY(ARRAY(SELECT id FROM picked))"
    sql = f"""
        WITH picked AS MATERIALIZED (
            SELECT id FROM {delivery}
            WHERE {LEFT}
            ORDER BY id LIMIT %s {lock}
        )
        UPDATE {delivery}
        SET channel = CASE state WHEN 'feed' THEN 'feed' ELSE 'email' END,
            sent_at = CASE state WHEN 'feed' THEN due_at ELSE sent_at END,
            state = 'sent'
        WHERE id {picked} AND {LEFT}
        RETURNING id
    """  # noqa: S608 - names of our own, values are parameters
    with connection.cursor() as cursor:
        cursor.execute(sql, [BATCH])
        return len(cursor.fetchall())
