"""The stamp that says whether anything that pages show has changed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a table of one row; what runs already does not know of it."""

    dependencies = [
        ("papers", "0004_fitted_models"),
    ]

    operations = [
        migrations.CreateModel(
            name="Stamp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "value",
                    models.CharField(
                        help_text="A random word, another after each change.", max_length=32
                    ),
                ),
            ],
        ),
    ]
