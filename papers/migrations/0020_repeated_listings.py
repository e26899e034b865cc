"""Whether a listing is of a work that was listed before under another name, and which are withdrawn."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a column that has a default, and a partial index, which begins empty; the version before
    goes on without them.
    """

    dependencies = [
        ("papers", "0019_machine_summaries"),
    ]

    operations = [
        migrations.AddField(
            model_name="feature",
            name="is_again",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="The work was listed on an earlier day under another of its names.",
            ),
        ),
        migrations.AddIndex(
            model_name="paper",
            index=models.Index(
                condition=models.Q(("status__in", ("withdrawn", "retracted"))),
                fields=["id"],
                name="paper_withdrawn",
            ),
        ),
    ]
