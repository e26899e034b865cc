"""The day on which a match's paper was listed last, and how many papers a topic has.

The version before writes matches without a day, which the next matching mends.
"""

import datetime as dt

from django.db import migrations, models

LISTED = """
UPDATE papers_match SET listed = COALESCE(
    (SELECT max(feature.day) FROM papers_feature AS feature
     WHERE feature.paper_id = papers_match.paper_id AND NOT feature.is_again),
    (SELECT max(feature.day) FROM papers_paper AS alias
     JOIN papers_feature AS feature ON feature.paper_id = alias.id
     WHERE alias.merged_into_id = papers_match.paper_id AND NOT feature.is_again),
    '1970-01-01')
"""
COUNTS = """
UPDATE papers_topic SET paper_count = counted.n FROM (
    SELECT found.topic_id, count(*) AS n
    FROM papers_match AS found JOIN papers_paper AS paper ON paper.id = found.paper_id
    WHERE paper.merged_into_id IS NULL AND paper.status IN ('', 'corrected')
    AND (found.verdict = 'pinned' OR (found.verdict = '' AND found.is_sendable))
    GROUP BY found.topic_id
) AS counted WHERE counted.topic_id = papers_topic.id
"""


class Migration(migrations.Migration):
    """Adds columns that have defaults, fills them set-wise (half a minute for a million papers), and
    then makes the index; the version before goes on without them.
    """

    dependencies = [
        ("papers", "0031_american_spelling"),
    ]

    operations = [
        migrations.AddField(
            model_name="match",
            name="listed",
            field=models.DateField(
                db_default=dt.date(1970, 1, 1),
                default=dt.date(1970, 1, 1),
                editable=False,
                help_text="When the paper was listed last, under whichever name; 1970 where it never was.",
            ),
        ),
        migrations.AddField(
            model_name="topic",
            name="paper_count",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="How many papers readers find for it; counted when papers are matched.",
            ),
        ),
        migrations.RunSQL(LISTED, migrations.RunSQL.noop),
        migrations.RunSQL(COUNTS, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="match",
            index=models.Index(fields=["topic", "-listed", "-paper"], name="match_newest"),
        ),
    ]
