"""How many papers each day has, and a topic's papers of one day by how close they are."""

from django.db import migrations, models

COUNTED = """
INSERT INTO papers_listedday (day, papers)
SELECT feature.day, count(DISTINCT COALESCE(paper.merged_into_id, paper.id))
FROM papers_feature AS feature JOIN papers_paper AS paper ON paper.id = feature.paper_id
WHERE NOT feature.is_again GROUP BY feature.day
"""


class Migration(migrations.Migration):
    """Adds a table and fills it set-wise (some seconds for a million papers), and an index in place
    of another. What the version before lists meanwhile is counted with the next ranking.
    """

    dependencies = [("papers", "0033_titles_as_others_spell_them")]

    operations = [
        migrations.CreateModel(
            name="ListedDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                (
                    "papers",
                    models.PositiveIntegerField(
                        help_text="Works listed on the day, each once; those that editors hid are among them."
                    ),
                ),
            ],
        ),
        migrations.RunSQL(COUNTED, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="match",
            index=models.Index(
                fields=["topic", "-listed", "-score", "-paper"], name="match_by_day"
            ),
        ),
        migrations.RemoveIndex(model_name="match", name="match_newest"),
    ]
