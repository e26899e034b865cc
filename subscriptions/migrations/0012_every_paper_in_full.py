from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0011_former_subscribers"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscriber",
            name="in_full",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Put every paper in full, not the first alone.",
            ),
        ),
    ]
