"""Letters: written, looked at, sent as a test, approved, and what became of them."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from newsletter.admin import examples
from newsletter.admin.brakes import Brakes
from newsletter.delivery.examples import Example, compose
from newsletter.letters.recipients import MOST_COUNTED, Recipients
from newsletter.letters.rendering import LetterPress
from newsletter.mail.encoding import UnsendableMail
from newsletter.models import Delivery, IssuePaper, Letter
from newsletter.models.letter import BODY_LENGTH, SUBJECT_LENGTH
from papers.admin.base import ModelAdmin, RowsField, once
from papers.models import Topic
from subscriptions.models import TopicChange
from subscriptions.notices.due import wake
from subscriptions.notices.mjml import RenderingFailed

COUNTS = (
    ("pending", "waiting"), ("claimed", "being sent"), ("sent", "sent"), ("received", "delivered"),
    ("bounced", "bounced"), ("complained", "complained"), ("opened", "opened"),
    ("clicked", "clicked"), ("skipped", "not sent (unsubscribed or suppressed)"),
    ("failed", "failed"), ("unknown", "in doubt"), ("expired", "too late"),
)  # fmt: skip
"""What the letter's page says of its deliveries, in order."""

NO_TEXT = "No language has both a subject and a text yet."


class LetterForm(forms.ModelForm[Letter]):
    """A letter, with a subject and a text for each language and the parts of its filter."""

    topics = RowsField(
        Topic.objects.all(),
        required=False,
        help_text="Readers who follow one of these. Leave empty for all readers.",
    )
    languages = forms.MultipleChoiceField(
        choices=settings.LANGUAGES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Readers with one of these languages. Leave empty for all.",
    )
    confirmed_before = forms.DateField(
        required=False,
        widget=UnfoldAdminDateWidget,
        help_text="Readers who confirmed before this day (UTC) and haven’t renewed their "
        "consent since. A letter that asks for permission again has a button for that.",
    )

    class Meta:
        """What an editor decides besides."""

        model = Letter
        fields = ("kind", "title")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        letter = self.instance
        for code, name in settings.LANGUAGES:
            text = letter.texts.get(code, {})
            self.fields[f"subject_{code}"] = forms.CharField(
                required=False,
                max_length=SUBJECT_LENGTH,
                initial=text.get("subject", ""),
                label=f"Subject, {name}",
                widget=UnfoldAdminTextInputWidget,
            )
            self.fields[f"body_{code}"] = forms.CharField(
                required=False,
                max_length=BODY_LENGTH,
                initial=text.get("body", ""),
                label=f"Text, {name}",
                widget=UnfoldAdminTextareaWidget({"rows": 12}),
                help_text="Markdown: paragraphs, *emphasis*, **strong**, lists, "
                "[links](https://…). HTML and images aren’t allowed.",
            )
        if letter.pk:
            kept = Recipients.of(letter)
            self.fields["topics"].initial = kept.topics
            self.fields["languages"].initial = kept.languages
            self.fields["confirmed_before"].initial = kept.confirmed_before

    def clean(self) -> dict[str, Any]:
        """Texts must be whole and make an email."""
        cleaned: dict[str, Any] = super().clean() or {}
        texts = {}
        for code, _ in settings.LANGUAGES:
            subject = (cleaned.get(f"subject_{code}") or "").strip()
            body = (cleaned.get(f"body_{code}") or "").strip()
            if bool(subject) != bool(body):
                missing = "body" if subject else "subject"
                self.add_error(f"{missing}_{code}", "A language needs a subject and a text.")
            elif subject:
                texts[code] = {"subject": subject, "body": body}
        letter = Letter(kind=cleaned.get("kind", ""), title=cleaned.get("title", ""), texts=texts)
        for code in texts:
            try:
                LetterPress(letter, code)
            except (RenderingFailed, UnsendableMail) as error:
                self.add_error(f"body_{code}", ValidationError(str(error.reason)))
        cleaned["texts"] = texts
        return cleaned

    def recipients(self) -> dict[str, Any]:
        """The filter, for the row."""
        said = self.cleaned_data
        return Recipients(
            topics=tuple(topic.pk for topic in said["topics"]),
            languages=tuple(said["languages"]),
            confirmed_before=said["confirmed_before"],
            place=self.instance.recipients.get("place"),
            change=self.instance.recipients.get("change"),
        ).as_dict()


@admin.register(Letter)
class LetterAdmin(Brakes, ModelAdmin):
    """Letters to readers: a correction, a note to the readers of topics, a word from the editor."""

    form = LetterForm
    list_display = ("title", "kind", "show_state", "made_by", "approved_at", "sent")
    list_filter = ("state", "kind")
    list_select_related = ("made_by",)
    search_fields = ("title",)
    readonly_fields = ("state", "state_reason", "approved_at", "approved_by", "readers", "outcome")
    actions_detail: ClassVar = ["look", "submit", "approve", *Brakes.brakes]

    def get_fieldsets(self, request: HttpRequest, obj: Letter | None = None) -> Any:
        """What it says, who gets it, and how it stands."""
        texts = [
            (name, {"fields": (f"subject_{code}", f"body_{code}")})
            for code, name in settings.LANGUAGES
        ]
        who = ["topics", "languages", "confirmed_before"]
        if obj is None:
            return [(None, {"fields": ("kind", "title")}), *texts, ("Readers", {"fields": who})]
        if not self.has_change_permission(request, obj):
            texts, who = [], []
        stands = ("state", "state_reason", "approved_at", "approved_by", "outcome")
        return [
            (None, {"fields": ("kind", "title")}),
            *texts,
            ("Readers", {"fields": [*who, "readers"]}),
            ("State", {"fields": stands}),
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The form, whose fields for each language no model has."""
        kwargs["fields"] = ("kind", "title")
        return super().get_form(request, obj, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A correction begins with what was corrected."""
        found = super().get_changeform_initial_data(request)
        place = _place(request)
        if place is not None:
            title = str(place.card.get("title", ""))
            found |= {
                "kind": Letter.Kind.CORRECTION,
                "title": f"Correction: {title}"[:100],
                "subject_en": f"Correction: {title}"[:SUBJECT_LENGTH],
            }
        moved = _change(request)
        if moved is not None:
            found |= {"kind": Letter.Kind.TOPIC, "title": str(moved)[:100]}
        return found

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was approved stays as it is."""
        return bool(super().has_change_permission(request, obj)) and (obj is None or obj.is_written)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What went out stays in the books."""
        may = bool(super().has_delete_permission(request, obj))
        return may and obj is not None and obj.is_written

    def has_brake_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may change letters."""
        return bool(super().has_change_permission(request))

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may approve letters; changing them is not enough."""
        user: Any = request.user
        return bool(user.has_perm("newsletter.approve_letter"))

    def has_look_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may see letters."""
        return bool(self.has_view_permission(request))

    def save_model(
        self, request: HttpRequest, obj: Letter, form: forms.ModelForm[Letter], change: bool
    ) -> None:
        """Keep the texts and the filter, and whose hand it was."""
        assert isinstance(form, LetterForm)
        obj.texts = form.cleaned_data["texts"]
        if not change:
            obj.made_at = timezone.now()
            obj.made_by = request.user  # type: ignore[assignment]  # staff is logged in
            place, moved = _place(request), _change(request)
            obj.recipients = {
                **({"place": place.pk} if place is not None else {}),
                **({"change": moved.pk} if moved is not None else {}),
            }
        obj.recipients = form.recipients()
        if not change:
            obj.save()
            return
        # Its state may have changed meanwhile, and what was approved stays as it is.
        before = (Letter.State.DRAFT, Letter.State.WAITING)
        Letter.objects.filter(pk=obj.pk, state__in=before).update(
            kind=obj.kind, title=obj.title, texts=obj.texts, recipients=obj.recipients
        )

    def deliveries_of(self, one: Any) -> Any:
        """The letter's rows."""
        return Delivery.objects.filter(letter=one)

    @display(
        description="state",
        label={"running": "success", "waiting": "info", "paused": "warning", "stopped": "danger"},
    )
    def show_state(self, letter: Letter) -> str:
        """The state as a label."""
        return letter.state

    @display(description="sent")
    def sent(self, letter: Letter) -> int:
        """How many were sent, as last counted."""
        return int(letter.counts.get("sent", 0))

    @display(description="matched by the filter now")
    @once
    def readers(self, letter: Letter) -> str:
        """How many get it, of those who get digests by email."""
        count = Recipients.of(letter).count()
        number = f"more than {MOST_COUNTED:,}" if count > MOST_COUNTED else f"{count:,}"
        return f"{number} who get digests by email"

    @display(description="outcome")
    def outcome(self, letter: Letter) -> SafeString | str:
        """What became of it."""
        if letter.counted_at is None:
            return "–"
        said = ", ".join(
            f"{letter.counts[key]:,} {words}" for key, words in COUNTS if letter.counts.get(key)
        )
        return format_html("{} (counted {} UTC)", said or "–", f"{letter.counted_at:%d %b %H:%M}")

    @action(description="Preview and test", url_path="look", permissions=["look"])
    def look(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The letter in any language and width; sent to oneself on request."""
        letter = self._found(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Preview: {letter}",
            "original": letter,
            "opts": self.opts,
        }
        return examples.page(
            request,
            Example(letter=letter.pk),
            context,
            may_test=self.has_brake_permission(request),
            log=lambda said: self.log_change(request, letter, said),
        )

    @action(description="Ask for approval", url_path="submit", permissions=["brake"])
    def submit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then show it on the start page of those who approve. It may still be changed."""
        letter = self._found(request, object_id)
        if not letter.languages:
            self.message_user(request, NO_TEXT, messages.ERROR)
            return redirect("admin:newsletter_letter_change", letter.pk)
        if request.method == "POST":
            done = letter.submit()
            said = "Waiting for approval. Those who approve letters see it on their start page."
            return self._said(request, letter, done, said)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Ask for approval: {letter}",
            "question": f"It would go to {self.readers(letter)}. It can still be changed "
            "until it is approved.",
            "button": "Ask for approval",
            "original": letter,
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/ask.html", context)

    @action(description="Approve", url_path="approve", permissions=["approve"])
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, with the number of readers, then let it out."""
        letter = self._found(request, object_id)
        if not letter.languages:
            self.message_user(request, NO_TEXT, messages.ERROR)
            return redirect("admin:newsletter_letter_change", letter.pk)
        if request.method == "POST":
            done = letter.approve(timezone.now(), request.user)
            if done:
                wake("newsletter.tasks.tick")
            return self._said(request, letter, done, "Approved. It’s going out now.")
        mail, _ = compose(Example(letter=letter.pk), timezone.now())
        context = {
            **self.admin_site.each_context(request),
            "title": f"Approve: {letter}",
            "original": letter,
            "readers": self.readers(letter),
            "languages": [name for code, name in settings.LANGUAGES if code in letter.languages],
            "subject": mail.subject,
            "within": Letter.WITHIN.days,
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/approve_letter.html", context)

    def _found(self, request: HttpRequest, object_id: str) -> Letter:
        letter: Letter | None = self.get_object(request, unquote(str(object_id)))
        if letter is None:
            raise Http404
        return letter


def _number(request: HttpRequest, name: str) -> int:
    """The number that the address says; 0 for none."""
    said = request.GET.get(name, "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= 18 else 0


def _change(request: HttpRequest) -> TopicChange | None:
    """The change of topics whose readers a letter is to go to, as the address says."""
    return TopicChange.objects.filter(pk=_number(request, "change")).first()


def _place(request: HttpRequest) -> IssuePaper | None:
    """The place that a letter to be written corrects, as the address says."""
    said = _number(request, "place")
    return IssuePaper.objects.filter(pk=said).exclude(correction=None).first()
