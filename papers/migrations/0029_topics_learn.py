"""What topics learn with a model, and what their classifiers change of what is sent.

The version before goes on working: the new column has a default of the database.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0028_citations"),
    ]

    operations = [
        migrations.AddField(
            model_name="match",
            name="second_look",
            field=models.CharField(
                blank=True,
                choices=[("", "nothing"), ("vetoed", "vetoed"), ("let in", "let in")],
                db_default="",
                default="",
                help_text="What the topic's classifier changed of what its rule says.",
                max_length=6,
            ),
        ),
        migrations.CreateModel(
            name="LearnedTopic",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "spec",
                    models.CharField(
                        help_text="Hash of what matching read of the topic, to see that it "
                        "changed.",
                        max_length=16,
                    ),
                ),
                (
                    "sent",
                    models.PositiveIntegerField(
                        help_text="Papers that its rule sends, of all it saw."
                    ),
                ),
                (
                    "classifier",
                    models.BinaryField(
                        help_text="How its papers read; empty where the rule sends too few.",
                        null=True,
                    ),
                ),
                (
                    "fitted",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="topics",
                        to="papers.fittedmodel",
                    ),
                ),
                (
                    "topic",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="learned",
                        to="papers.topic",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("topic", "fitted"), name="topic_learned_once")
                ],
            },
        ),
    ]
