from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0002_feed_and_address_change"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscriber",
            name="bounces_count_after",
            field=models.DateTimeField(
                editable=False,
                help_text="Mail that came back before this no longer leads to a pause.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="subscriber",
            name="pause_reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="Why it is paused, where that was not the reader's wish.",
                max_length=200,
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="action",
            field=models.CharField(
                choices=[
                    ("asked", "asked to subscribe"),
                    ("confirmed", "confirmed"),
                    ("changed", "changed preferences"),
                    ("moved", "changed the address"),
                    ("voided", "made earlier links void"),
                    ("left", "left"),
                    ("paused", "paused because mail came back"),
                ],
                max_length=9,
            ),
        ),
    ]
