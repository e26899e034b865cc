"""What readers fill in. Each form says in its own words what is wrong, and turns what is right
into the dataclasses that the domain functions take.
"""

import datetime as dt
import functools
import zoneinfo
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from papers.models import Topic, by_field, in_order
from papers.text.cleaning import plain
from subscriptions import ways
from subscriptions.addresses import key_of, validate_address
from subscriptions.models import Consent, Subscriber
from subscriptions.notices.chosen import Chosen, papers_in_words, when_in_words
from subscriptions.readers.preferences import Preferences
from subscriptions.readers.signup import SignupChoices

LONGEST_SOURCE = 40
"""Letters of `?from=` that are kept."""

MOST_OPEN = 40
"""Topics up to which every field stands open on forms."""

LONGEST_PAUSE = dt.timedelta(days=366)

RHYTHMS = [
    (Subscriber.Rhythm.DAILY.value, _("Every day")),
    (Subscriber.Rhythm.WEEKDAYS.value, _("Monday to Friday")),
    (Subscriber.Rhythm.WEEKLY.value, _("Once a week")),
]
RHYTHM_HINT = _(
    "Papers are listed Monday to Friday, so “Every day” means five emails a week. There may be"
    " no weekly email in your first week, because the welcome email already has its papers."
)
HOURS = [(hour, f"{hour:02d}:00") for hour in range(24)]
REASONS = [
    (Consent.Reason.TOO_OFTEN.value, _("Too many emails")),
    (Consent.Reason.NOT_MINE.value, _("The papers don’t fit my interests")),
    (Consent.Reason.NOT_ASKED.value, _("I never asked for them")),
    (Consent.Reason.ELSEWHERE.value, _("I read about papers elsewhere")),
    (Consent.Reason.OTHER.value, _("Another reason")),
]
"""What whoever left may say, once."""

PAUSES = [(7, _("a week")), (14, _("two weeks")), (28, _("four weeks")), (56, _("eight weeks"))]

# fmt: off
NEARBY_ZONES = (
    "Pacific/Honolulu", "America/Anchorage", "America/Los_Angeles", "America/Denver",
    "America/Mexico_City", "America/Chicago", "America/New_York", "America/Bogota",
    "America/Halifax", "America/Santiago", "America/St_Johns", "America/Sao_Paulo",
    "America/Argentina/Buenos_Aires", "Atlantic/Azores", "Atlantic/Reykjavik", "Europe/London",
    "Europe/Lisbon", "Africa/Lagos", "Europe/Berlin", "Europe/Paris", "Europe/Madrid",
    "Europe/Rome", "Europe/Stockholm", "Europe/Warsaw", "Africa/Johannesburg", "Africa/Cairo",
    "Europe/Athens", "Europe/Helsinki", "Europe/Kyiv", "Asia/Jerusalem", "Africa/Nairobi",
    "Europe/Istanbul", "Asia/Riyadh", "Europe/Moscow", "Asia/Tehran", "Asia/Dubai", "Asia/Kabul",
    "Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka", "Asia/Yangon", "Asia/Bangkok",
    "Asia/Jakarta", "Asia/Ho_Chi_Minh", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore",
    "Australia/Perth", "Asia/Taipei", "Asia/Seoul", "Asia/Tokyo", "Australia/Adelaide",
    "Australia/Brisbane", "Australia/Sydney", "Pacific/Auckland",
)
# fmt: on
"""What the subscribe form lists, west to east: it stands on the home page, where all the zones
there are would weigh more than the papers. The preferences have them all.
"""


@functools.cache
def all_timezones() -> frozenset[str]:
    """Every name that a browser may report; asked once, since it reads a directory tree."""
    return frozenset(zoneinfo.available_timezones())


@functools.cache
def offered_timezones() -> tuple[str, ...]:
    """The names worth offering: regions with cities, and UTC first."""
    regions = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    named = (name for name in all_timezones() if name.partition("/")[0] in regions)
    return ("UTC", *sorted(name for name in named if "/" in name))


@dataclass(frozen=True, slots=True)
class Chip:
    """One topic on a form. `key` makes its element's id."""

    key: str
    slug: str
    name: str
    description: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ChipGroup:
    """The topics under one heading."""

    key: str
    """Makes the id of its heading."""
    name: str
    chips: tuple[Chip, ...]


@dataclass(frozen=True, slots=True)
class ChipField:
    """The topics of one field."""

    name: str
    groups: tuple[ChipGroup, ...]
    is_open: bool

    @property
    def total(self) -> int:
        """How many topics it has."""
        return sum(len(group.chips) for group in self.groups)

    @property
    def chosen(self) -> int:
        """How many of them are chosen."""
        return sum(chip.is_chosen for group in self.groups for chip in group.chips)


class AddressField(forms.EmailField):
    """An address that a newsletter may be sent to."""

    default_validators = [validate_address]


class TopicsForm(forms.Form):
    """A form with the active topics, read from the database in one query."""

    top_papers = forms.BooleanField(
        label=_("Top papers"),
        required=False,
        help_text=_("The day’s most trending papers, whatever their topic."),
    )
    everything = forms.BooleanField(
        label=_("Everything"), required=False, help_text=_("All current topics.")
    )
    topics = forms.MultipleChoiceField(
        label=_("Topics"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "invalid_choice": _("One of these topics is no longer offered. Please choose again."),
            "invalid_list": _("Please choose topics from the list."),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = {topic.slug: topic for topic in in_order(Topic.objects.active())}
        field = self.fields["topics"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(topic.slug, topic.label) for topic in self.offered.values()]

    @property
    def chip_fields(self) -> list[ChipField]:
        """The topics as a template shows them: by field, and in the editor's order.

        A site of one field shows its groups alone. Of several, those stand open that have
        something chosen, or all where they are few.
        """
        value = self["topics"].value()
        chosen = set(value) if isinstance(value, list) else set()  # slugs; initially ids as well
        shown = by_field(self.offered.values())
        are_few = len(self.offered) <= MOST_OPEN
        fields = []
        for of_field in shown:
            groups = tuple(
                ChipGroup(
                    f"{self['topics'].auto_id}_group_{of_field.key}_{number}",
                    group.name,
                    tuple(self._chip(topic, chosen) for topic in group.topics),
                )
                for number, group in enumerate(of_field.groups, start=1)
            )
            is_open = are_few or any(chip.is_chosen for group in groups for chip in group.chips)
            fields.append(ChipField(of_field.name, groups, is_open))
        return fields

    @property
    def chip_groups(self) -> list[ChipGroup]:
        """All groups of all fields."""
        return [group for of_field in self.chip_fields for group in of_field.groups]

    def _chip(self, topic: Topic, chosen: Container[object]) -> Chip:
        return Chip(
            key=f"{self['topics'].auto_id}_{topic.slug}",
            slug=topic.slug,
            name=topic.label,
            description=topic.description,
            is_chosen=topic.slug in chosen or topic.pk in chosen,
        )

    def clean(self) -> dict[str, Any]:
        """Top papers or at least one topic; "everything" stands for all topics."""
        data = super().clean() or {}
        is_named = any(data.get(name) for name in ("top_papers", "everything", "topics"))
        if "topics" not in self.errors and not is_named:
            self._add_nothing(data)
        return data

    def _add_nothing(self, data: dict[str, Any]) -> None:
        """What follows where nothing was chosen."""
        self.add_error("topics", _("Please choose at least one topic, or “Top papers”."))

    @property
    def chosen_topics(self) -> list[Topic]:
        """The topics of a valid form."""
        if self.cleaned_data["everything"]:
            return list(self.offered.values())
        return [self.offered[slug] for slug in self.cleaned_data["topics"]]


class BrowserTimezone(forms.Field):
    """The timezone that a script reports. What is not one counts as nothing: the reader never
    typed it and could not fix it.
    """

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> str:
        """The name, or an empty string."""
        return value if isinstance(value, str) and value in all_timezones() else ""


def _hour_field(**kwargs: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=_("Hour"),
        choices=HOURS,
        coerce=int,
        empty_value=7,  # type: ignore[arg-type]
        **kwargs,
    )


def _weekday_field(**kwargs: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=_("Weekday"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        empty_value=0,  # type: ignore[arg-type]
        help_text=_("Weekly digests only."),
        **kwargs,
    )


class WelcomeForm(TopicsForm):
    """The topics of a reader who has just confirmed."""

    def __init__(self, *args: Any, subscriber: Subscriber, **kwargs: Any) -> None:
        initial = {
            "top_papers": subscriber.top_papers,
            "topics": _followed_by(subscriber),
        }
        super().__init__(*args, initial=initial, **kwargs)


def _followed_by(subscriber: Subscriber) -> list[str]:
    """The slugs of the active topics that the reader follows."""
    return list(subscriber.topics.filter(is_active=True).values_list("slug", flat=True))


class SubscribeForm(TopicsForm):
    """An address is enough; topics, rhythm, hour and timezone where the visitor cares.

    A visitor who names no topic gets the top papers.
    """

    email = AddressField(
        label=_("Email address"),
        max_length=254,
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "placeholder": _("you@example.org")}
        ),
        error_messages={
            "required": _("Please enter your email address."),
            "invalid": _("This doesn’t look like an email address. Please check it."),
        },
    )
    rhythm = forms.ChoiceField(
        label=_("How often"),
        choices=RHYTHMS,
        required=False,
        initial=Subscriber.Rhythm.DAILY,
        help_text=RHYTHM_HINT,
    )
    weekday = _weekday_field(required=False, initial=0)
    hour = _hour_field(required=False, initial=7)
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        choices=[("", _("Detect automatically (or UTC)")), *((z, z) for z in NEARBY_ZONES)],
        required=False,
        help_text=_("You’ll find every time zone in your preferences."),
    )
    browser_timezone = BrowserTimezone(required=False)
    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.offered.keys() & set(self.initial.get("topics") or ()):
            self.initial.setdefault("top_papers", True)

    def _add_nothing(self, data: dict[str, Any]) -> None:
        data["top_papers"] = True

    @property
    def came_from(self) -> str:
        """Source of the sign-up: `from` of the form, or of the address it was opened at."""
        typed = self.data.get("from") if self.is_bound else self.initial.get("from")
        return plain(typed)[:LONGEST_SOURCE].strip()

    @property
    def is_from_a_robot(self) -> bool:
        """Whether the field that people cannot see was filled in; also of an invalid form."""
        return bool(self.data.get(self.add_prefix("website")))

    @property
    def choices(self) -> SignupChoices:
        """What a valid form asks for besides address and topics."""
        data = self.cleaned_data
        return SignupChoices(
            rhythm=data["rhythm"] or Subscriber.Rhythm.DAILY,
            weekday=data["weekday"],
            hour=data["hour"],
            timezone=data["timezone"] or data["browser_timezone"] or "UTC",
            language=get_language() or "en",
            top_papers=data["top_papers"],
        )

    @property
    def chosen(self) -> Chosen:
        """What a valid form asks for, in words."""
        topics, choices = self.chosen_topics, self.choices
        return Chosen(
            papers_in_words([one.name for one in topics], top_papers=choices.top_papers),
            when_in_words(choices.rhythm, choices.weekday, choices.hour, choices.timezone),
        )


class PreferencesForm(TopicsForm):
    """All that a reader may choose."""

    rhythm = forms.ChoiceField(
        label=_("How often"),
        choices=RHYTHMS,
        widget=forms.RadioSelect,
        help_text=RHYTHM_HINT,
    )
    weekday = _weekday_field()
    hour = _hour_field()
    timezone = forms.ChoiceField(
        label=_("Time zone"), error_messages={"invalid_choice": _("Please choose from the list.")}
    )
    papers_wanted = forms.IntegerField(
        label=_("Papers per digest, at most"),
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        widget=forms.NumberInput(attrs={"min": 1, "max": 50, "inputmode": "numeric"}),
    )
    receives_by = forms.ChoiceField(
        label=_("Delivery"),
        choices=ways.choices,
        required=False,
        widget=forms.RadioSelect,
        help_text=_("You’ll find the feed’s address further down this page."),
    )
    language = forms.ChoiceField(
        label=_("Email language"),
        choices=settings.LANGUAGES,
        required=False,
        help_text=_("Papers stay in their original language."),
    )
    text_only = forms.BooleanField(label=_("Plain text only, no HTML"), required=False)
    groups_by_topic = forms.BooleanField(
        label=_("Group papers by topic instead of one ranked list"), required=False
    )
    in_full = forms.BooleanField(
        label=_("Every paper in full, not only the first three"), required=False
    )
    machine_summaries = forms.BooleanField(label=_("Show AI-generated summaries"), required=False)
    learns = forms.BooleanField(
        label=_("Learn from my “more/less like this” feedback"), required=False
    )
    paused_until = forms.DateField(
        label=_("Pause until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Leave this empty to receive emails."),
    )

    def __init__(self, *args: Any, subscriber: Subscriber, now: dt.datetime, **kwargs: Any) -> None:
        self.now = now
        self.subscriber = subscriber
        initial = {name: getattr(subscriber, name) for name in Preferences.__dataclass_fields__}
        initial["topics"] = _followed_by(subscriber)
        super().__init__(*args, initial=initial | kwargs.pop("initial", {}), **kwargs)
        if not settings.SUMMARY_URL:
            del self.fields["machine_summaries"]  # nobody makes any here
        names = offered_timezones()
        if subscriber.timezone not in names:
            names = (subscriber.timezone, *names)
        field = self.fields["timezone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, name) for name in names]

    def clean_receives_by(self) -> str:
        """Stays as it is where nothing was said."""
        return self.cleaned_data["receives_by"] or self.subscriber.receives_by

    def clean_language(self) -> str:
        """Stays as it is where nothing was said."""
        return self.cleaned_data["language"] or self.subscriber.language

    def clean_paused_until(self) -> dt.date | None:
        """A day to come, and not too far; one that has passed is no pause anymore."""
        return _pause_until(self.cleaned_data["paused_until"], self.now)

    @property
    def preferences(self) -> Preferences:
        """What a valid form says."""
        said = {"machine_summaries": self.subscriber.machine_summaries, **self.cleaned_data}
        return Preferences(**{name: said[name] for name in Preferences.__dataclass_fields__})


def _pause_until(day: dt.date | None, now: dt.datetime) -> dt.date | None:
    """The day, or None for one that has passed. Raises `ValidationError` for one too far off."""
    today = now.date()
    if day is None or day < today - dt.timedelta(days=1):  # somewhere it is still yesterday
        return None
    if day > today + LONGEST_PAUSE:
        raise forms.ValidationError(_("You can pause for up to a year."))
    return day


class PauseForm(forms.Form):
    """For how long no email is to come: a number of days, unless a day is named."""

    days = forms.TypedChoiceField(
        label=_("Pause for"), choices=PAUSES, coerce=int, initial=14, required=True
    )
    until = forms.DateField(
        label=_("or until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Please enter a date, such as 2030-12-31.")},
    )

    def __init__(self, *args: Any, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    def clean_until(self) -> dt.date | None:
        """A day to come, and not too far."""
        day: dt.date | None = self.cleaned_data["until"]
        until = _pause_until(day, self.now)
        if day and not until:
            raise forms.ValidationError(_("This date is in the past. Please choose a later one."))
        return until


class AddressForm(forms.Form):
    """Where the digests are to go instead."""

    email = AddressField(
        label=_("New email address"),
        max_length=254,
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "placeholder": _("you@example.org")}
        ),
        error_messages={
            "required": _("Please enter your new email address."),
            "invalid": _("This doesn’t look like an email address. Please check it."),
        },
    )

    def __init__(self, *args: Any, subscriber: Subscriber, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subscriber = subscriber

    def clean_email(self) -> str:
        """An address other than the present one."""
        email: str = self.cleaned_data["email"]
        if key_of(email) == key_of(self.subscriber.email):
            raise forms.ValidationError(_("Your digests already go to this address."))
        return email


class LinkForm(forms.Form):
    """The address of one who lost the link to the preferences."""

    email = AddressField(
        label=_("Email address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Please enter the address your digests go to."),
            "invalid": _("This doesn’t look like an email address. Please check it."),
        },
    )
