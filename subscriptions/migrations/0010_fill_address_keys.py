"""Give each address its key, and what is suppressed under an older spelling the hash of today.

Of several rows with one key the first in this order gets it: suppressed, left, active, pending. The
others wait for `manage.py join_duplicates`.
"""

from django.db import migrations

from subscriptions.addresses import address_hashes, key_of

ORDER = ("suppressed", "left", "active", "pending")
BATCH = 1000


def fill(apps, schema_editor):
    subscribers = apps.get_model("subscriptions", "Subscriber").objects
    suppressions = apps.get_model("subscriptions", "Suppression").objects
    taken = set()
    for status in ORDER:
        waiting = []
        for row in subscribers.filter(status=status).order_by("pk").only("pk", "email"):
            _rehash(suppressions, row.email)
            key = key_of(row.email)
            if key not in taken:
                taken.add(key)
                row.email_key = key
                waiting.append(row)
        subscribers.bulk_update(waiting, ["email_key"], BATCH)


def _rehash(suppressions, email):
    today, *earlier = address_hashes(email)
    if not earlier or suppressions.filter(pk=today).exists():
        return
    known = suppressions.filter(pk__in=earlier).order_by("created_at").first()
    if known is not None:
        suppressions.create(address_hash=today, reason=known.reason, created_at=known.created_at)


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0009_address_keys"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
