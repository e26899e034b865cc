"""What an issue was frozen with: the site's name and what it says of itself."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column, empty for the issues that there are."""

    dependencies = [
        ("newsletter", "0024_late_matches"),
    ]

    operations = [
        migrations.AddField(
            model_name="issue",
            name="site",
            field=models.JSONField(
                editable=False,
                help_text="What the site was called and said of itself when the issue was frozen: its digests keep that. Empty for issues of before that was kept.",
                null=True,
            ),
        ),
    ]
