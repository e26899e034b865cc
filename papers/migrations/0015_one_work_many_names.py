"""What each source said is kept, papers have several names, and those that are one work are joined."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def name(apps, schema_editor):
    """Every paper has its own identifier as a name; one statement that writes a new table."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO papers_papername (paper_id, identifier, kind) "
            "SELECT id, identifier, 'own' FROM papers_paper"
        )


class Migration(migrations.Migration):
    """Adds tables, and columns that have a default or are empty; the version before goes on without
    them. A paper that it stores meanwhile gets its name when a source next tells of it.
    """

    dependencies = [
        ("papers", "0014_source_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="paper",
            name="abstract_share",
            field=models.CharField(
                blank=True,
                choices=[
                    ("all", "all of it"),
                    ("excerpt", "at most 60 words"),
                    ("none", "nothing"),
                ],
                db_default="",
                default="",
                help_text="How much of the abstract may be shown; matching reads all of it.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="paper",
            name="author_records",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="The authors with all that is known of each, in the order of their names.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="paper",
            name="edited",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="What editors wrote, by field; it stands above what sources say.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="paper",
            name="free_url",
            field=models.URLField(
                blank=True,
                db_default="",
                default="",
                help_text="Where a free copy is.",
                max_length=500,
            ),
        ),
        migrations.AddField(
            model_name="paper",
            name="kind",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Such as article, preprint.",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="paper",
            name="license",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of the text whose abstract is shown, such as cc-by.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="paper",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                help_text="The paper that is the same work and stands for it; this one is its alias.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="aliases",
                to="papers.paper",
            ),
        ),
        migrations.AddField(
            model_name="paper",
            name="published_as",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The identifier of the article in that journal.",
                max_length=500,
            ),
        ),
        migrations.AddField(
            model_name="paper",
            name="status",
            field=models.CharField(
                blank=True,
                choices=[
                    ("withdrawn", "withdrawn"),
                    ("retracted", "retracted"),
                    ("corrected", "corrected"),
                ],
                db_default="",
                default="",
                help_text="Whether the work was withdrawn, retracted or corrected.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="paper",
            name="venue",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The journal, as printed.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="abstract_share",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "by their license"),
                    ("all", "all of them"),
                    ("excerpt", "at most 60 words of each"),
                    ("none", "none"),
                ],
                db_default="",
                default="",
                help_text="How much of its abstracts this site may show. By their license: all of arXiv's and of those under CC0 or CC BY, otherwise at most 60 words with a link. Matching and search read all of them in any case.",
                max_length=8,
                verbose_name="abstracts shown",
            ),
        ),
        migrations.CreateModel(
            name="Join",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("joined", "joined by the rules"),
                            ("question", "a question"),
                            ("confirmed", "joined by an editor"),
                            ("refused", "kept apart by an editor"),
                        ],
                        max_length=10,
                    ),
                ),
                ("evidence", models.JSONField(default=dict, help_text="What the rules saw.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="The editor who joined them or keeps them apart.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "first",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="joins_first",
                        to="papers.paper",
                    ),
                ),
                (
                    "second",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="joins_second",
                        to="papers.paper",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "question")),
                        fields=["id"],
                        name="join_question",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("first", "second"), name="join_once_a_pair")
                ],
            },
        ),
        migrations.CreateModel(
            name="PaperName",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("identifier", models.CharField(db_index=True, max_length=500)),
                (
                    "kind",
                    models.CharField(
                        help_text="own, same, or the relation to the work of that name.",
                        max_length=20,
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="names",
                        to="papers.paper",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("paper", "identifier", "kind"), name="paper_name_said_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("identifier", models.CharField(db_index=True, max_length=500)),
                ("version", models.PositiveIntegerField(default=0)),
                ("facts", models.JSONField(help_text="The cleaned record, without what is empty.")),
                (
                    "digest",
                    models.CharField(
                        help_text="Of the facts: whether they are the same.", max_length=32
                    ),
                ),
                (
                    "title_key",
                    models.CharField(
                        blank=True,
                        db_index=True,
                        help_text="Digest of the folded title; empty for one of fewer than five words.",
                        max_length=32,
                    ),
                ),
                (
                    "about",
                    models.CharField(
                        blank=True,
                        help_text="Of a retraction or correction: the name of the work that it is about.",
                        max_length=500,
                    ),
                ),
                ("first_seen_at", models.DateTimeField()),
                (
                    "changed_at",
                    models.DateTimeField(help_text="When the source last said something else."),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        help_text="Empty while no source has listed a paper of that name.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="records",
                        to="papers.paper",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        help_text="Empty: what was known before records were kept.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="records",
                        to="papers.source",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("about", ""), _negated=True),
                        fields=["about"],
                        name="source_record_about",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "identifier", "version"), name="source_record_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("source", None)),
                        fields=("identifier",),
                        name="source_record_known_before_once",
                    ),
                ],
            },
        ),
        migrations.RunPython(name, migrations.RunPython.noop, elidable=True),
    ]
