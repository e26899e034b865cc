"""What an owner says about the site in the admin, and its logos."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import papers.models.site
import papers.site_texts


class Migration(migrations.Migration):
    """Two tables, empty at first: the variables go on applying."""

    dependencies = [
        ("papers", "0039_field_of_paper"),
    ]

    operations = [
        migrations.CreateModel(
            name="SiteLogo",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "digest",
                    models.CharField(
                        help_text="What the picture's bytes hash to; in its address.",
                        max_length=20,
                        unique=True,
                    ),
                ),
                (
                    "image",
                    models.BinaryField(help_text="A PNG, made from the file that was uploaded."),
                ),
                ("width", models.PositiveSmallIntegerField(help_text="Pixels.")),
                ("height", models.PositiveSmallIntegerField(help_text="Pixels.")),
                (
                    "created_at",
                    models.DateTimeField(auto_now_add=True, help_text="When it was uploaded."),
                ),
            ],
            options={
                "verbose_name": "logo",
            },
        ),
        migrations.CreateModel(
            name="Site",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1,
                        editable=False,
                        help_text="There is one row.",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        help_text="The newsletter's name: on pages, in emails, subjects, feeds, and as the sender's name unless FROM_EMAIL has another.",
                        max_length=60,
                        validators=[papers.site_texts.check_name],
                    ),
                ),
                (
                    "postal_address",
                    models.CharField(
                        blank=True,
                        help_text="The sender's postal address on one line, which bulk email must have: at the bottom of every email and on the privacy page.",
                        max_length=300,
                        validators=[papers.site_texts.check_line],
                    ),
                ),
                (
                    "accent",
                    models.CharField(
                        blank=True,
                        help_text="The color of buttons, marks and hovered links on light backgrounds, as a hex "
                        "code. Leave empty for Broadsheet's own red.",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator("^#[0-9a-f]{6}$"),
                            papers.models.site.check_accent,
                        ],
                        verbose_name="accent color",
                    ),
                ),
                (
                    "accent_dark",
                    models.CharField(
                        blank=True,
                        help_text="The same in dark mode. Leave empty to derive it from the one above.",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator("^#[0-9a-f]{6}$"),
                            papers.models.site.check_dark_accent,
                        ],
                        verbose_name="accent color on dark",
                    ),
                ),
                (
                    "texts",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="The site's own sentences, by language and name.",
                        validators=[papers.site_texts.check_texts],
                        verbose_name="sentences",
                    ),
                ),
                (
                    "logo",
                    models.ForeignKey(
                        blank=True,
                        help_text="Shown in place of the name at the top of pages and emails.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="papers.sitelogo",
                    ),
                ),
            ],
            options={
                "verbose_name": "site and newsletter",
                "verbose_name_plural": "site and newsletter",
                "default_permissions": ("view", "change"),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="site_is_one_row")
                ],
            },
        ),
    ]
