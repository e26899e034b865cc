"""What the counts are called in the admin."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0016_statistics"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="dailycount",
            options={
                "default_permissions": (),
                "ordering": ("day", "measure", "dimension", "key"),
                "permissions": [
                    ("view_statistics", "Can see statistics"),
                    ("export_statistics", "Can export statistics"),
                ],
                "verbose_name_plural": "statistics",
            },
        ),
    ]
