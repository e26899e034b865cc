"""Topics: keywords one a line, and what a change would do before it is saved."""

from heapq import nlargest
from typing import Any, ClassVar

from celery import signature
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from kombu.exceptions import OperationalError
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from papers import in_bulk, packs
from papers.admin.base import ModelAdmin
from papers.admin.bulk import bulk_action
from papers.admin.large import CountsWhatGoes, is_large_for
from papers.admin.topic_preview import preview
from papers.fields import FIELDS
from papers.matching import learned, ranking
from papers.matching.classifier import FEWEST_SENT
from papers.matching.learned import spec_of_topic
from papers.models import Match, Paper, Topic
from papers.models.pick import STANDING
from papers.models.topic import names_by_language
from papers.semantics import current

SAVES = ("_save", "_continue", "_addanother", "_saveasnew")
"""Names of the buttons that save."""

MOST_LINES = 200

MOST_SECOND_LOOKS = 100
"""Matches that a topic's page shows of those that its classifier vetoed, and of those let in."""

READ_BY_MATCHING = {"name", "description", "keywords", "categories", "is_active"}
"""Fields that matching reads."""


class LinesField(forms.CharField):
    """A list of strings, edited as text with one of them on each line."""

    def __init__(self, **kwargs: Any) -> None:
        rows = kwargs.pop("rows", 14)
        kwargs.setdefault("widget", UnfoldAdminTextareaWidget({"rows": rows}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """The list as text; what a person typed as it is."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The lines, each once and trimmed, without empty ones."""
        if isinstance(value, list):
            return value
        lines = (" ".join(line.split()) for line in (value or "").splitlines())
        return list(dict.fromkeys(filter(None, lines)))

    def validate(self, value: Any) -> None:
        """As any field, and not without end."""
        super().validate(value)
        if any("\0" in line for line in value):
            raise forms.ValidationError("Text can’t contain a NUL character.")
        if len(value) > MOST_LINES:
            raise forms.ValidationError(f"Enter at most {MOST_LINES} lines.")

    def run_validators(self, value: Any) -> None:
        """Those of the model's field; the ones of text do not fit a list."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the list is another one."""
        return bool(self.to_python(initial) != self.to_python(data))


def field_choices() -> list[tuple[str, str]]:
    """The fields, and that the categories decide."""
    return [("", "Decided by its categories"), *((key, str(name)) for key, name in FIELDS.items())]


class PacksForm(forms.Form):
    """Which packs are meant."""

    packs = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose at least one pack.",
            "invalid_choice": "There is no such pack. Please choose again.",
            "invalid_list": "There is no such pack. Please choose again.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["packs"]
        assert isinstance(field, forms.MultipleChoiceField)
        known = packs.all_packs()
        there = packs.installed(known.values())
        field.choices = [
            (
                pack.slug,
                f"{pack.name} ({there[pack.slug]} of {len(pack.topics)} topics are installed)",
            )
            for pack in known.values()
        ]


OTHER_LANGUAGES = settings.LANGUAGES[1:]
"""The languages of the site besides the first, which names and groups are written in."""


LONGEST_NAMES = {"name": 80, "group": 60}
"""What of a topic is translated, and how long each may be."""

KEYS = tuple(LONGEST_NAMES)


def _with_names(form: type["TopicForm"]) -> type["TopicForm"]:
    """The form with a field for each translated text; one for each language, so not written out."""
    for code, language in OTHER_LANGUAGES:
        for key in KEYS:
            form.declared_fields[f"{key}_{code}"] = forms.CharField(
                required=False,
                max_length=LONGEST_NAMES[key],
                label=f"{key.capitalize()}, {language}",
                widget=UnfoldAdminTextInputWidget,
                help_text="Leave empty to use the English text.",
            )
    form.base_fields |= form.declared_fields
    return form


@_with_names
class TopicForm(forms.ModelForm[Topic]):
    """A topic with its lists as lines, and its name and group in each of the site's languages."""

    keywords = LinesField(
        required=False,
        help_text="Phrases, one per line. Matched as whole words, singular or plural, hyphenated "
        "or not, in British and American spelling. Other forms, such as “adaptive” for "
        "“adapter”, are separate keywords. If empty, the topic's name is used.",
    )
    categories = LinesField(
        required=False,
        rows=4,
        help_text="Categories that support a match, one per line, with their scheme: arxiv:cs.CL, "
        "biorxiv:neuroscience, issn:1476-4687. arXiv’s need no scheme.",
    )
    field = forms.ChoiceField(
        required=False,
        choices=field_choices,
        widget=UnfoldAdminSelectWidget,
        help_text="The field it is listed under on forms and pages.",
    )

    class Meta:
        """All that an editor decides about a topic."""

        model = Topic
        fields = (
            "name",
            "slug",
            "field",
            "group",
            "description",
            "keywords",
            "categories",
            "position",
            "is_active",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, _ in OTHER_LANGUAGES:
            known = (self.instance.names or {}).get(code, {})
            for key in KEYS:
                self.fields[f"{key}_{code}"].initial = known.get(key, "")

    def clean(self) -> dict[str, Any]:
        """Put the names together; those in languages that the site does not have are kept."""
        cleaned: dict[str, Any] = super().clean() or {}
        names = dict(self.instance.names or {})
        for code, _ in OTHER_LANGUAGES:
            said = {key: " ".join((cleaned.get(f"{key}_{code}") or "").split()) for key in KEYS}
            names[code] = {key: text for key, text in said.items() if text}
        self.instance.names = {code: said for code, said in names.items() if said} or None
        try:
            names_by_language(self.instance.names)
        except forms.ValidationError as error:
            self.add_error(None, error)
        return cleaned


@admin.register(Topic)
class TopicAdmin(CountsWhatGoes, ModelAdmin):
    """Topics with their readers and matches; edit keywords and see at once what they find."""

    form = TopicForm
    list_display = (
        "name",
        "shown_field",
        "group",
        "shown_pack",
        "shown_readers",
        "shown_matches",
        "shown_active",
        "position",
    )
    list_display_links = ("name",)
    list_filter = ("is_active", "field", "group", "pack")
    search_fields = ("name", "slug", "description", "keywords")
    ordering = ("position", "name")
    list_per_page = 75
    actions = ("activate", "deactivate")
    activate = bulk_action(in_bulk.ACTIVATE)
    change_form_after_template = "papers/admin/topic_after.html"
    change_list_template = "papers/admin/topic_list.html"
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    warn_unsaved_form = True
    restorable = (*TopicForm.Meta.fields, "names")

    def after_restore(self, request: HttpRequest, obj: Topic, changed: set[str]) -> None:
        """Match the last days' papers with the topic as it was and is again."""
        if obj.is_active and changed & READ_BY_MATCHING:
            ranking.match_topic(obj, timezone.now())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Topic]:
        """Topics with the number of their readers and recent matches, counted by the database in
        lists of a few, and once an hour where there is more to count.
        """
        topics: QuerySet[Topic] = super().get_queryset(request)
        if _takes_long(request):
            return topics.annotate(
                reader_count=F("counted__readers"), match_count=F("counted__matches")
            )
        # The reverse relation is asked for by name: papers know nothing of who follows them.
        subscription: Any = Topic._meta.get_field("subscriptions").related_model
        readers = subscription.objects.filter(
            topic=OuterRef("pk"), subscriber__status="active"
        ).order_by()
        matches = (
            Match.objects.sendable()
            .filter(topic=OuterRef("pk"), paper__in=_recent_for(request).values("pk"))
            .order_by()
        )
        return topics.annotate(reader_count=_counted(readers), match_count=_counted(matches))

    @admin.display(description="field", ordering="field")
    def shown_field(self, topic: Topic) -> str:
        """The field it’s listed under."""
        return str(FIELDS[topic.field_key])

    @admin.display(description="pack", ordering="pack")
    def shown_pack(self, topic: Topic) -> str:
        """The pack that it came with, and whether an editor changed it since."""
        if not topic.pack:
            return "your own"
        return topic.pack if packs.is_untouched(topic) else f"{topic.pack}, edited"

    @admin.display(description="readers", ordering="reader_count")
    def shown_readers(self, topic: Topic) -> str:
        """Confirmed subscribers who follow the topic."""
        return _number(topic.reader_count)  # type: ignore[attr-defined]  # annotated above

    @admin.display(description="matches in 14 days", ordering="match_count")
    def shown_matches(self, topic: Topic) -> str:
        """Papers of the last 14 days that its readers get."""
        return _number(topic.match_count)  # type: ignore[attr-defined]  # annotated above

    @admin.display(description="active", boolean=True, ordering="is_active")
    def shown_active(self, topic: Topic) -> bool:
        """Whether readers are offered the topic."""
        return topic.is_active

    @admin.action(description="Deactivate: stop offering and matching", permissions=["change"])
    def deactivate(self, request: HttpRequest, topics: QuerySet[Topic]) -> None:
        """Take the topics out of forms and digests; readers keep them."""
        changed = Topic.objects.filter(pk__in=topics.values("pk"), is_active=True).update(
            is_active=False
        )
        self.message_user(
            request, (f"Deactivated {changed} topics. Readers who follow them keep them.")
        )

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with the topics. One that readers follow is not deleted, which would leave
        them behind without a word: retire it, or give it a successor.
        """
        gone, counts, needed, protected = super().get_deleted_objects(objs, request)
        # By name: papers know nothing of who follows them.
        subscription: Any = Topic._meta.get_field("subscriptions").related_model
        follow = subscription.objects
        keys = [topic.pk for topic in objs]
        followed = set(follow.filter(topic__in=keys).values_list("topic_id", flat=True).distinct())
        kept = [f"{topic}, which readers follow" for topic in objs if topic.pk in followed]
        return gone, counts, needed, [*protected, *kept]

    def save_model(
        self, request: HttpRequest, obj: Topic, form: forms.ModelForm[Topic], change: bool
    ) -> None:
        """Save, and match the last days' papers with the topic as it is now."""
        super().save_model(request, obj, form, change)
        if obj.is_active and (not change or _reads_anew(form)):
            done = ranking.match_topic(obj, timezone.now())
            sent = obj.matches.sendable().filter(paper__in=ranking.recent(timezone.now()))
            self.message_user(
                request,
                f"{sent.count()} papers from the last 14 days now match “{obj}” ({done.written} "
                f"matches added or changed, {done.dropped} removed).",
                messages.INFO,
            )

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Topic | None = None,
    ) -> HttpResponse:
        """The form, and below it what the topic's classifier changed."""
        if obj is not None and obj.pk:
            vetoed, let_in = _second_looks(obj)
            context |= {
                "learned": learned.in_use([obj], current.in_use()).get(obj.pk),
                "fewest_sent": FEWEST_SENT,
                "has_second_look": bool(vetoed or let_in),
                "second_look": (
                    ("Vetoed", "the rule alone would send", vetoed),
                    ("Let in", "the rule alone would not send", let_in),
                ),
            }
        rendered: HttpResponse = super().render_change_form(
            request, context, add=add, change=change, form_url=form_url, obj=obj
        )
        return rendered

    def get_urls(self) -> list[URLPattern]:
        """The preview of an addition and of a change, beside the usual pages."""
        view = self.admin_site.admin_view(self.preview_view)
        return [
            path("packs/", self.admin_site.admin_view(self.packs_view), name="papers_topic_packs"),
            path("add/preview/", view, name="papers_topic_preview_add"),
            path("<path:object_id>/change/preview/", view, name="papers_topic_preview"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with the way to the packs for who may add topics."""
        more = {"may_install": self.has_add_permission(request)}
        shown: HttpResponse = super().changelist_view(request, more | (extra_context or {}))
        return shown

    def packs_view(self, request: HttpRequest) -> HttpResponse:
        """Install packs or take them out: shown first, done when that is confirmed."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        may_remove = self.has_delete_permission(request)
        form = PacksForm(request.POST or None)
        rows: list[tuple[packs.Pack, list[packs.Step]]] = []
        is_removal = "_show_removal" in request.POST or "_remove" in request.POST
        if is_removal and not may_remove:
            raise PermissionDenied
        if request.method == "POST" and form.is_valid():
            is_sure = "_install" in request.POST or "_remove" in request.POST
            act = packs.remove if is_removal else packs.install
            known = packs.all_packs()
            before = {topic.slug: topic for topic in Topic.objects.all()} if is_sure else {}
            rows = [
                (known[slug], act(known[slug], dry_run=not is_sure))
                for slug in form.cleaned_data["packs"]
            ]
            steps = [step for _, own in rows for step in own]
            if is_sure:
                self._record(request, steps, before)
                return HttpResponseRedirect(reverse("admin:papers_topic_changelist"))
        doing = (packs.Step.REMOVED,) if is_removal else (packs.Step.NEW, packs.Step.UPDATED)
        context = {
            **self.admin_site.each_context(request),
            "title": "Topic packs",
            "opts": self.opts,
            "form": form,
            "rows": rows,
            "is_removal": is_removal,
            "may_remove": may_remove,
            "will_change": sum(step.what in doing for _, own in rows for step in own),
        }
        return TemplateResponse(request, "papers/admin/topic_packs.html", context)

    def _record(
        self, request: HttpRequest, steps: list[packs.Step], before: dict[str, Topic]
    ) -> None:
        """Write down what was done, say it, and have a worker match what is new."""
        done = packs.changed(steps)
        for topic in done:
            if topic.slug in before:
                changed = {"name": "pack", "object": topic.pack, "fields": ["keywords"]}
                self.log_change(request, topic, [{"changed": changed}])
            else:
                self.log_addition(request, topic, [{"added": {}}])
        gone = [before[step.slug] for step in steps if step.what == packs.Step.REMOVED]
        if gone:
            self.log_deletions(request, gone)
        kept = sum(
            step.what in (packs.Step.EDITED, packs.Step.TAKEN, packs.Step.USED) for step in steps
        )
        self.message_user(
            request,
            f"{len(done)} topics were added or updated, {len(gone)} were removed, {kept} were left "
            "as they are.",
        )
        if done:
            try:
                signature("papers.tasks.rank").delay()
            except OperationalError:
                self.message_user(
                    request,
                    "Couldn’t reach a worker. Papers will be matched with the new topics once "
                    "workers "
                    "are running.",
                    messages.WARNING,
                )

    def preview_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """The form as it was filled in, with the papers it would gain, keep and lose.

        Saves nothing, unless it was one of the saving buttons that was pressed on this page.
        """
        topic = self.get_object(request, unquote(object_id)) if object_id else None
        may = (
            self.has_change_permission(request, topic)
            if object_id
            else self.has_add_permission(request)
        )
        if not may:
            raise PermissionDenied
        if request.method == "POST":
            request.POST = _with_ticked(request.POST)  # type: ignore[assignment]
        if any(name in request.POST for name in SAVES):
            saved: HttpResponse = self.changeform_view(request, object_id)
            return saved
        plain = (
            reverse("admin:papers_topic_change", args=[object_id])
            if object_id
            else reverse("admin:papers_topic_add")
        )
        if request.method != "POST" or (object_id and topic is None):
            return HttpResponseRedirect(plain)  # which answers for a topic that is not there
        before = spec_of_topic(topic) if topic and topic.is_active else None
        form_class = self.get_form(request, topic, change=topic is not None)
        form = form_class(request.POST, instance=topic)
        found = None
        if form.is_valid():
            stored = learned.in_use([topic], current.in_use()).get(topic.pk) if topic else None
            found = preview(before, spec_of_topic(form.instance), timezone.now(), stored)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Preview of {topic or 'a new topic'}",
            "adminform": helpers.AdminForm(
                form,
                list(self.get_fieldsets(request, topic)),
                {},
                self.get_readonly_fields(request, topic),
                model_admin=self,
            ),
            "object_id": object_id,
            "original": topic,
            "is_popup": False,
            "to_field": None,
            "media": self.media + form.media,
            "inline_admin_formsets": [],
            "errors": helpers.AdminErrorList(form, []),
            "preserved_filters": self.get_preserved_filters(request),
            "found": found,
            "groups": found
            and (
                ("Gained", "would be sent, but aren’t now", found.gained),
                ("Lost", "are sent now, but wouldn’t be", found.lost),
                ("Kept", "are sent now and would still be", found.kept),
                ("Vetoed", "only the classifier keeps from being sent", found.vetoed),
                ("Not sure enough", "would match, but wouldn’t be sent", found.doubtful),
            ),
        }
        rendered: HttpResponse = self.render_change_form(
            request, context, add=topic is None, change=topic is not None, obj=topic, form_url=plain
        )
        return rendered


def _with_ticked(form: QueryDict) -> QueryDict:
    """The form with the phrases that were ticked below it among its keywords."""
    ticked = form.getlist("add_keyword")
    if not ticked:
        return form
    filled = form.copy()
    filled["keywords"] = "\n".join([form.get("keywords", ""), *ticked])
    del filled["add_keyword"]
    return filled


def _takes_long(request: HttpRequest) -> bool:
    """Whether counting readers and matches for a list reads many rows."""
    subscription: Any = Topic._meta.get_field("subscriptions").related_model
    return is_large_for(request, subscription) or is_large_for(request, Match)


def _recent_for(request: HttpRequest) -> QuerySet[Paper]:
    """The papers of the last days. Which days these are is asked once a request."""
    kept: dict[str, QuerySet[Paper]] = vars(request)
    if "recent_papers" not in kept:
        kept["recent_papers"] = ranking.recent(timezone.now())
    return kept["recent_papers"]


def _number(count: int | None) -> str:
    return "not counted yet" if count is None else f"{count:,}"


def _second_looks(topic: Topic) -> tuple[list[Match], list[Match]]:
    """What the topic's classifier vetoed, and what it let in, of the last days' papers; the closest
    `MOST_SECOND_LOOKS` of each. Three queries, by an index of the topic's matches by day.
    """
    first = ranking.recent_from(timezone.now())
    if first is None:
        return [], []
    kinds = (Match.SecondLook.VETOED, Match.SecondLook.LET_IN)
    recent = topic.matches.filter(listed__gte=first, second_look__in=kinds)
    recent = recent.filter(paper__merged_into=None, paper__status__in=STANDING).newest_first()
    rows = list(recent.values_list("second_look", "score", "pk"))
    closest = [
        [
            pk
            for _, pk in nlargest(
                MOST_SECOND_LOOKS, ((s, pk) for look, s, pk in rows if look == kind)
            )
        ]
        for kind in kinds
    ]
    found = Match.objects.select_related("paper").in_bulk([pk for keys in closest for pk in keys])
    vetoed, let_in = ([found[pk] for pk in keys if pk in found] for keys in closest)
    return vetoed, let_in


def _counted(rows: QuerySet[Any]) -> Coalesce:
    """The number of `rows` that belong to each outer topic."""
    counts = rows.values("topic").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counts, output_field=IntegerField()), 0)


def _reads_anew(form: forms.ModelForm[Topic]) -> bool:
    """Whether something changed that matching reads."""
    return bool(READ_BY_MATCHING & set(form.changed_data))
