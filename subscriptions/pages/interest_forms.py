"""The form in which readers say what they follow, as an `InterestSpec` and how it is followed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from papers.categories import canonical
from papers.fields import FIELDS
from papers.matching import references
from papers.matching.interests.day_index import PREPRINTS
from papers.matching.interests.specs import LONGEST_PHRASE, BadSpec, InterestSpec, Kind, spec_of
from papers.models import Paper, Source, Topic
from papers.search.filters import LONGEST_NAME, read
from papers.sources.arxiv_taxonomy import choices
from papers.sources.record import people_of
from papers.text.name_readings import words
from papers.text.same_person import orcid_key
from subscriptions.models import Following
from subscriptions.pages.forms import AddressField

FREE_KINDS = [
    (Kind.WORDS.value, _("Words")),
    (Kind.AUTHOR.value, _("An author")),
    (Kind.ORGANIZATION.value, _("An organization")),
    (Kind.VENUE.value, _("A journal, venue, category or source")),
]
LONGEST = 4_000

LONGEST_NAMED = 120
"""Characters of a title by which a cited paper is named."""

LIMITS: tuple[str, ...] = (
    "without",
    "categories",
    "not_categories",
    "primary_only",
    "sources",
    "not_sources",
)
LIMITS += ("venues", "not_venues", "no_preprints", "topics", "only_fields", "authors", "has_code")
LIMITS += ("since", "until")
"""Fields of the form that leave papers out."""


def sentence(error: BadSpec) -> str:
    """What is wrong with an interest, in the active language."""
    return {
        "empty": gettext("Enter what you want to follow: at least one word that says something."),
        "words": gettext("A phrase has at most %(number)d words. Shorten it, or part it by lines.")
        % {"number": LONGEST_PHRASE},
        "many": gettext("That’s too many entries. Follow part of it as another interest."),
        "long": gettext("An entry is too long. Part it by lines."),
        "day": gettext("Enter a date."),
        "id": gettext("This isn’t an identifier that we know."),
    }.get(error.code, gettext("This can’t be followed."))


class InterestForm(forms.Form):
    """What is followed, what it's limited to, and how its papers are sent.

    `base` carries what a reader met on the site and doesn't type: ids, co-authors, papers. It is
    checked as strictly as a stranger's file.
    """

    kind = forms.ChoiceField(label=_("Follow"), choices=FREE_KINDS, required=False)
    what = forms.CharField(
        label=_("Words or name"),
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=_(
            "One phrase per line, such as “state of charge”. Inflections are found as well. "
            "For a category, write its code, such as cs.CL."
        ),
    )
    match = forms.ChoiceField(
        label=_("Of several lines"),
        choices=[("all", _("All lines must match")), ("any", _("Any line is enough"))],
        initial="all",
        required=False,
        widget=forms.RadioSelect,
    )
    title_only = forms.BooleanField(label=_("Look in titles only"), required=False)
    without = forms.CharField(
        label=_("Leave out papers with"),
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("Words or phrases, each on its own line."),
    )
    categories = forms.CharField(
        label=_("Only these categories"),
        max_length=LONGEST,
        required=False,
        help_text=_("Such as cs.CL, biorxiv:neuroscience. Leave empty for all."),
    )
    primary_only = forms.BooleanField(label=_("A paper’s first category only"), required=False)
    sources = forms.MultipleChoiceField(
        label=_("Only these sources"), required=False, widget=forms.CheckboxSelectMultiple
    )
    only_fields = forms.MultipleChoiceField(
        label=_("Only these fields"),
        choices=list(FIELDS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    topics = forms.MultipleChoiceField(
        label=_("Only these topics"), required=False, widget=forms.CheckboxSelectMultiple
    )
    authors = forms.CharField(
        label=_("Only with an author of this name"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    has_code = forms.BooleanField(label=_("Only with code"), required=False)
    since = forms.DateField(
        label=_("Listed from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("Listed until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    venues = forms.CharField(
        label=_("Only these journals and venues"),
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("Each on its own line, as printed on papers."),
    )
    not_categories = forms.CharField(
        label=_("None of these categories"), max_length=LONGEST, required=False
    )
    not_sources = forms.MultipleChoiceField(
        label=_("None of these sources"), required=False, widget=forms.CheckboxSelectMultiple
    )
    not_venues = forms.CharField(
        label=_("None of these journals and venues"),
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    no_preprints = forms.BooleanField(label=_("No preprints"), required=False)
    name = forms.CharField(
        label=_("Name"),
        max_length=Following.NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto"}),
        help_text=_("What your emails call it. Leave empty for the words or the name."),
    )
    rhythm = forms.ChoiceField(
        label=_("When"),
        choices=[
            (Following.Rhythm.DIGEST.value, _("With the digest")),
            (Following.Rhythm.DAILY.value, _("Every day, also between weekly digests")),
        ],
        initial=Following.Rhythm.DIGEST,
        required=False,
        widget=forms.RadioSelect,
    )
    most_papers = forms.IntegerField(
        label=_("Papers per email, at most"),
        initial=Following.MOST,
        required=False,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        widget=forms.NumberInput(attrs={"min": 1, "max": 50, "inputmode": "numeric"}),
    )
    takes_maybe = forms.BooleanField(
        label=_("Also send papers that may be meant"),
        required=False,
        help_text=_("For instance where only the initials of an author are printed."),
    )
    base = forms.CharField(required=False, max_length=60_000, widget=forms.HiddenInput)

    spec: InterestSpec | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = {
            "sources": list(Source.objects.order_by("name").values_list("slug", "name")),
            "topics": [(topic.slug, topic.label) for topic in Topic.objects.active()],
        }
        listed["not_sources"] = listed["sources"]
        for name, offered in listed.items():
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = offered
        if self.met is not None and self.met.kind in {Kind.LIKENESS, Kind.CITING}:
            for unused in ("kind", "what", "match", "title_only"):
                del self.fields[unused]

    @property
    def met(self) -> InterestSpec | None:
        """What the reader met on the site and starts from."""
        text = self.data.get("base", "") if self.is_bound else self.initial.get("base", "")
        if not isinstance(text, str) or not text or len(text) > 60_000:
            return None
        try:
            return InterestSpec.from_json(json.loads(text))
        except (BadSpec, ValueError, RecursionError):
            return None

    def clean(self) -> dict[str, Any]:
        """Make the spec; what is wrong with it is said beside the words."""
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        try:
            self.spec = self._spec(data)
        except BadSpec as error:
            self.add_error("what" if "what" in self.fields else None, sentence(error))
        return data

    def _spec(self, data: dict[str, Any]) -> InterestSpec:
        met = self.met
        limits: dict[str, Any] = {
            "without": data["without"].splitlines(),
            "categories": data["categories"].replace(",", " ").split(),
            "not_categories": data["not_categories"].replace(",", " ").split(),
            "primary_only": data["primary_only"],
            "sources": data["sources"],
            "not_sources": data["not_sources"],
            "venues": data["venues"].splitlines(),
            "not_venues": data["not_venues"].splitlines(),
            "no_preprints": data["no_preprints"],
            "topics": data["topics"],
            "only_fields": data["only_fields"],
            "authors": [data["authors"]],
            "has_code": data["has_code"],
            "since": data["since"].isoformat() if data["since"] else "",
            "until": data["until"].isoformat() if data["until"] else "",
        }
        if met is not None and "kind" not in self.fields:
            return spec_of(**{**_given(met), **limits})
        kind, lines = data["kind"] or Kind.WORDS.value, _lines(data["what"])
        if met is not None and met.kind == kind and lines == _lines(typed(met)):
            return spec_of(**{**_given(met), **limits, **_how(kind, data)})
        return spec_of(kind, **_asked(kind, lines), **limits, **_how(kind, data))

    @property
    def is_limited(self) -> bool:
        """Whether a field that limits the interest is filled in: then they are shown."""
        return any(self[name].value() for name in LIMITS)

    @property
    def manner(self) -> dict[str, Any]:
        """How a valid form wants it followed."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "rhythm": data["rhythm"] or Following.Rhythm.DIGEST.value,
            "most_papers": data["most_papers"] or Following.MOST,
            "takes_maybe": data["takes_maybe"],
        }


class FollowForm(InterestForm):
    """The same for a visitor whom we don't know: with an address, to which a confirmation goes."""

    email = AddressField(
        label=_("Email address"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "placeholder": _("you@example.org")}
        ),
        error_messages={
            "invalid": _("This doesn’t look like an email address. Please check it."),
        },
    )
    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def require_address(self) -> bool:
        """Whether a valid form has an address; says so beside the field where not."""
        if not self.cleaned_data.get("email"):
            self.add_error("email", ValidationError(_("Please enter your email address.")))
        return "email" not in self.errors


def initial_of(spec: InterestSpec, following: Following | None = None) -> dict[str, Any]:
    """A form's first values for an interest, and how it's followed."""
    values: dict[str, Any] = {
        "kind": spec.kind.value,
        "what": typed(spec),
        "match": "any" if spec.any_of else "all",
        "title_only": spec.title_only,
        "without": "\n".join(spec.without),
        "categories": ", ".join(spec.categories),
        "primary_only": spec.primary_only,
        "sources": list(spec.sources),
        "no_preprints": spec.no_preprints,
        "not_categories": ", ".join(spec.not_categories),
        "not_sources": list(spec.not_sources),
        "venues": "\n".join(spec.venues),
        "not_venues": "\n".join(spec.not_venues),
        "topics": list(spec.topics),
        "only_fields": list(spec.only_fields),
        "authors": ", ".join(spec.authors[:1]),
        "has_code": spec.has_code,
        "since": spec.since,
        "until": spec.until,
        "base": json.dumps(spec.as_json(), ensure_ascii=False),
    }
    if following is not None:
        for field in ("name", "rhythm", "most_papers", "takes_maybe"):
            values[field] = getattr(following, field)
    return values


def typed(spec: InterestSpec) -> str:
    """What of an interest is words or a name, one a line."""
    if spec.kind is Kind.WORDS:
        return "\n".join(spec.phrases)
    if spec.kind is Kind.VENUE and not spec.name:
        return "\n".join(one.removeprefix("category:").removeprefix("arxiv:") for one in spec.ids)
    return spec.name or "\n".join(spec.ids)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _given(spec: InterestSpec) -> dict[str, Any]:
    return spec.as_json()


def _how(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    if kind != Kind.WORDS.value:
        return {}
    return {"any_of": data["match"] == "any", "title_only": data["title_only"]}


def _asked(kind: str, lines: list[str]) -> dict[str, Any]:
    """The fields of a spec for what was typed."""
    match kind:
        case Kind.WORDS.value:
            return {"phrases": lines}
        case Kind.AUTHOR.value:
            ids = [known for line in lines if (known := orcid_key(line))]
            names = [line for line in lines if not orcid_key(line)]
            return {"name": names[0] if names else "", "names": names[1:], "ids": ids}
        case Kind.ORGANIZATION.value:
            return {"name": lines[0] if lines else "", "names": lines[1:]}
    line = lines[0] if lines else ""
    for slug, name in Source.objects.values_list("slug", "name"):
        if line and words(line) in {words(name), words(slug)}:
            return {"ids": [f"source:{slug}"]}
    if line in choices():
        return {"ids": [f"category:arxiv:{line}"]}
    if ":" in line and " " not in line:
        return {"ids": [f"category:{canonical(line)}"]}
    return {"name": line}


def of_search(query: str, given: Mapping[str, str]) -> InterestSpec:
    """What a search asks for, without its order: its words and filters. Raises `BadSpec`."""
    filters, _bad = read(given)
    limits: dict[str, Any] = {
        "sources": [filters.source],
        "topics": [filters.topic],
        "only_fields": [filters.field],
        "has_code": filters.has_code,
        "since": filters.since.isoformat() if filters.since else "",
        "until": filters.until.isoformat() if filters.until else "",
    }
    if not query.strip():
        return spec_of(Kind.AUTHOR.value, name=given.get("author", "")[:LONGEST_NAME], **limits)
    phrases = [query] if len(query.split()) <= LONGEST_PHRASE else query.split()
    return spec_of(Kind.WORDS.value, phrases=phrases, authors=[filters.author], **limits)


def of_paper(paper: Paper, what: str) -> InterestSpec | None:
    """What `author:3`, `organization`, `venue`, `like` or `citing` means for a paper."""
    kind, _colon, number = what.partition(":")
    people = people_of(paper)
    try:
        if kind == "author" and number.isascii() and number.isdigit():
            at = int(number)
            if at >= len(people):
                return None
            one = people[at]
            ids = [orcid_key(one.orcid), *(f"{scheme}:{value}" for scheme, value in one.ids)]
            others = [other.name for other in people if other is not one and not other.is_group]
            return spec_of(
                Kind.AUTHOR.value,
                name=one.name,
                ids=[known for known in ids if known.startswith(("orcid:", "openreview:"))],
                coauthors=others[:50],
                affiliations=[place.name for place in one.affiliations][:10],
                fields=list(paper.categories)[:10],
            )
        if kind == "organization" and paper.organization:
            return spec_of(Kind.ORGANIZATION.value, name=paper.organization)
        if kind == "venue" and paper.venue:
            return spec_of(Kind.VENUE.value, name=paper.venue)
        if kind == "like":
            return spec_of(Kind.LIKENESS.value, papers=[paper.pk])
        if kind == "citing" and references.are_known():
            ids = references.names_when_cited(paper.pk)
            return spec_of(Kind.CITING.value, ids=ids, name=paper.title[:LONGEST_NAMED])
    except BadSpec:
        return None
    return None


def person_of(paper: Paper, number: int) -> InterestSpec | None:
    """The author of a paper, with these co-authors: the person and not the name. One without any
    is known by id or affiliation, and where there is neither, by the name alone.
    """
    spec = of_paper(paper, f"author:{number}")
    if spec is None:
        return None
    affiliations = () if spec.coauthors else spec.affiliations
    is_person = bool(spec.coauthors or spec.ids or affiliations)
    return replace(spec, is_person=is_person, fields=(), affiliations=affiliations)


class MuteForm(forms.Form):
    """What a reader never wants to get, whatever else speaks for it; authors are muted from their
    papers, for a name alone is many persons'.
    """

    kind = forms.ChoiceField(
        label=_("Leave out"),
        choices=[
            (Kind.WORDS.value, _("Words")),
            (Kind.ORGANIZATION.value, _("An organization")),
            (Kind.VENUE.value, _("A journal, venue, category or source")),
            ("preprints", _("All preprints")),
        ],
        required=False,
    )
    what = forms.CharField(
        label=_("Words or name"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="mute-%s")

    def spec(self) -> InterestSpec:
        """What a valid form asks for. Raises `BadSpec`."""
        kind = self.cleaned_data["kind"] or Kind.WORDS.value
        if kind == "preprints":
            return spec_of(Kind.VENUE.value, ids=[PREPRINTS])
        return spec_of(kind, **_asked(kind, _lines(self.cleaned_data["what"])))

    @property
    def name(self) -> str:
        """What the list of mutes calls it, where that isn't what was typed."""
        is_all = self.cleaned_data["kind"] == "preprints"
        return gettext("All preprints") if is_all else self.cleaned_data["what"]
