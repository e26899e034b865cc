"""What an owner says about the site in the admin: one row, which overrides the variables. What is
empty there is as the variables and the translations have it; see `papers.site`.
"""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from papers import colors
from papers.site_texts import NAME_LENGTH, POSTAL_LENGTH, check_line, check_name, check_texts


def check_accent(color: str) -> None:
    """Raise `ValidationError` unless the color can be read in the light scheme."""
    _check_contrast(color, "light")


def check_dark_accent(color: str) -> None:
    """Raise `ValidationError` unless the color can be read in the dark scheme."""
    _check_contrast(color, "dark")


def _check_contrast(color: str, scheme: colors.Scheme) -> None:
    try:
        color = colors.normal(color)
    except ValueError:
        raise ValidationError("Give a hex code such as #8f1d1d.", code="color") from None
    found, surface = colors.weakest(color, scheme)
    if found < colors.READABLE:
        better = colors.readable(color, scheme)
        way = "darker" if scheme == "light" else "lighter"
        raise ValidationError(
            f"{color} can’t be read well in the {scheme} scheme: its contrast with {surface.color} "
            f"({surface.where}) is {int(found * 100) / 100:.2f}:1, and text needs at least "
            f"{colors.READABLE}:1. Choose a {way} one; {better} is the nearest that works.",
            code="contrast",
        )


class SiteLogo(models.Model):
    """A logo as it is shown, under an address that never shows another one. Emails that went out
    lead there, so rows stay.
    """

    digest = models.CharField(
        max_length=20, unique=True, help_text="What the picture's bytes hash to; in its address."
    )
    image = models.BinaryField(help_text="A PNG, made from the file that was uploaded.")
    width = models.PositiveSmallIntegerField(help_text="Pixels.")
    height = models.PositiveSmallIntegerField(help_text="Pixels.")
    created_at = models.DateTimeField(auto_now_add=True, help_text="When it was uploaded.")

    class Meta:
        verbose_name = "logo"

    def __str__(self) -> str:
        return f"Logo {self.digest[:8]}, {self.width} × {self.height} pixels"


class Site(models.Model):
    """The one row. Empty fields say nothing."""

    ONLY: ClassVar = 1

    id = models.PositiveSmallIntegerField(
        primary_key=True, default=ONLY, editable=False, help_text="There is one row."
    )
    name = models.CharField(
        max_length=NAME_LENGTH,
        blank=True,
        validators=[check_name],
        help_text="The newsletter's name: on pages, in emails, subjects, feeds, and as the "
        "sender's name unless FROM_EMAIL has another.",
    )
    postal_address = models.CharField(
        max_length=POSTAL_LENGTH,
        blank=True,
        validators=[check_line],
        help_text="The sender's postal address on one line, which bulk email must have: at the "
        "bottom of every email and on the privacy page.",
    )
    accent = models.CharField(
        "accent color",
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"^#[0-9a-f]{6}$"), check_accent],
        help_text="The color of buttons, marks and hovered links on light backgrounds, as a hex "
        "code. Leave empty for Broadsheet's own red.",
    )
    accent_dark = models.CharField(
        "accent color on dark",
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"^#[0-9a-f]{6}$"), check_dark_accent],
        help_text="The same in dark mode. Leave empty to derive it from the one above.",
    )
    logo = models.ForeignKey(
        SiteLogo,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Shown in place of the name at the top of pages and emails.",
    )
    texts = models.JSONField(
        "sentences",
        default=dict,
        blank=True,
        validators=[check_texts],
        help_text="The site's own sentences, by language and name.",
    )

    class Meta:
        verbose_name = "site and newsletter"
        verbose_name_plural = "site and newsletter"
        default_permissions = ("view", "change")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="site_is_one_row"),
        ]

    def __str__(self) -> str:
        return "Site and newsletter"
