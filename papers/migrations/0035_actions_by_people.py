"""The record of what people do, with what Django's log of the admin has of our models so far. In that
log readers are from now on named by their id alone.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Value
from django.db.models.functions import Concat

BATCH = 1_000
OURS = ("papers", "subscriptions", "newsletter")
DONE = {1: "added", 2: "changed", 3: "deleted"}
READER = ("subscriptions", "subscriber")


def take_over(apps, schema_editor):
    LogEntry = apps.get_model("admin", "LogEntry")
    Entry = apps.get_model("papers", "AuditEntry")
    Named = apps.get_model("papers", "AuditedObject")
    readers = LogEntry.objects.filter(
        content_type__app_label=READER[0], content_type__model=READER[1]
    )
    readers.update(object_repr=Concat(Value("reader "), F("object_id")))
    last = 0
    rows = LogEntry.objects.filter(content_type__app_label__in=OURS)
    rows = rows.select_related("user", "content_type").order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        made = Entry.objects.bulk_create(
            Entry(
                at=row.action_time,
                user_id=row.user_id,
                by=row.user.username,
                what=DONE.get(row.action_flag, "changed"),
                model=f"{row.content_type.app_label}.{row.content_type.model}",
                name="" if "@" in row.object_repr else row.object_repr,
            )
            for row in batch
        )
        Named.objects.bulk_create(
            Named(entry=entry, model=entry.model, object_id=(row.object_id or "")[:64])
            for entry, row in zip(made, batch, strict=True)
        )


class Migration(migrations.Migration):
    """Two tables. Django's log stays as it is but for the names of readers."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("papers", "0034_days_counted"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        help_text="When it was done.",
                    ),
                ),
                (
                    "by",
                    models.CharField(help_text="The account's name at that time.", max_length=150),
                ),
                ("what", models.CharField(help_text="What was done, in words.", max_length=200)),
                (
                    "model",
                    models.CharField(help_text="What kind of thing, as app.model.", max_length=100),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        help_text="What the one thing was called; empty for many.",
                        max_length=200,
                    ),
                ),
                (
                    "changes",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="By the object's key, then by field: the values before and after.",
                    ),
                ),
                (
                    "filter",
                    models.CharField(
                        blank=True,
                        help_text="How the list was narrowed down that was acted on.",
                        max_length=500,
                    ),
                ),
                (
                    "number",
                    models.PositiveIntegerField(
                        default=1, help_text="How many things it was done to."
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="Why, as the person said.", max_length=500
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who did it; empty once the account is deleted.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "action by a person",
                "verbose_name_plural": "actions by people",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="AuditedObject",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "model",
                    models.CharField(help_text="What kind of thing, as app.model.", max_length=100),
                ),
                ("object_id", models.CharField(help_text="Its key.", max_length=64)),
                (
                    "entry",
                    models.ForeignKey(
                        help_text="The action.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="objects_named",
                        to="papers.auditentry",
                    ),
                ),
            ],
            options={
                "verbose_name": "object of an action",
                "verbose_name_plural": "objects of actions",
            },
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["model", "-id"], name="audit_by_model"),
        ),
        migrations.AddIndex(
            model_name="auditedobject",
            index=models.Index(fields=["model", "object_id", "-entry"], name="audit_by_object"),
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop, elidable=True),
    ]
