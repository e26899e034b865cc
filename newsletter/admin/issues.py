"""Issues: how far each is sent, what became of it, and a preview of its digests."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.views import ChangeList

from newsletter.admin import examples
from newsletter.admin.base import ReadOnly
from newsletter.admin.brakes import Brakes
from newsletter.admin.corrections import Corrections
from newsletter.channels import registry
from newsletter.channels.email import EmailChannel
from newsletter.delivery.composing import compose_for, previewed
from newsletter.delivery.examples import Example
from newsletter.delivery.explanations import explain
from newsletter.digests.readers import readers_of
from newsletter.events import reputation
from newsletter.issues import counting, publishing
from newsletter.models import Delivery, Issue, IssuePaper
from newsletter.pages.mail_frames import framed
from papers.admin.base import KeysFirst, ModelAdmin, TabularInline, once
from papers.audit import without_addresses
from subscriptions import links
from subscriptions.admin.addresses import find, may_find, may_see_all, shown_address
from subscriptions.models import Subscriber

MAY_SEE_READERS = "subscriptions.view_subscriber"


EDITED = ("subject", "preview_line", "note")
"""What an editor may change of a frozen issue; what goes out from then on has it."""


class PlaceInline(ReadOnly, TabularInline):
    """An issue's papers, as they were frozen."""

    model = IssuePaper
    fields = ("rank", "title", "score", "chips")
    readonly_fields = fields
    ordering = ("rank",)
    extra = 0
    per_page = 50

    @display(description="paper")
    def title(self, place: IssuePaper) -> str:
        """The title on the card."""
        return str(place.card.get("title", ""))

    @display(description="topics")
    def chips(self, place: IssuePaper) -> str:
        """The topics whose readers may get it."""
        return ", ".join(place.card.get("topics", ()))


class IssueChangeList(KeysFirst):
    """A page of issues, each with the number of its deliveries in each state."""

    def get_results(self, request: HttpRequest) -> None:
        """Count for the rows of this page alone, whichever they are."""
        super().get_results(request)
        told = counting.tallies(self.result_list)
        for issue in self.result_list:
            issue.tally = told[issue.pk]


@admin.register(Issue)
class IssueAdmin(Brakes, Corrections, ModelAdmin):
    """Issues: how far each is sent; pause, resume, stop; correct; preview as any subscriber gets
    it.
    """

    list_display = (
        "day", "show_state", "papers", "missing", "sent", "not_mailed", "waiting", "skipped",
        "trouble", "warning",
    )  # fmt: skip
    list_filter = ("state",)
    date_hierarchy = "day"
    fields = (
        "day", "state", "state_reason", "warning", "subject", "preview_line", "note", "frozen_at",
        "published_at", "missing", "came_back", "ledger",
    )  # fmt: skip
    readonly_fields = (
        "day", "state", "state_reason", "warning", "frozen_at", "published_at", "missing",
        "came_back", "ledger",
    )  # fmt: skip
    inlines = (PlaceInline,)
    actions = ("resume",)
    restorable = EDITED
    actions_detail: ClassVar = [
        "approve", "drop", "example", "preview", "why_not", "correct", *Brakes.brakes,
    ]  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """The list's, and where a place is corrected."""
        return [*self.correction_urls(), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Issues are frozen by the freeze task or `manage.py build_issue`."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Their deliveries would lose what they say."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Issue]:
        """Issues with the number of their papers."""
        # The last rank is their number, and one row of an index.
        ranks = IssuePaper.objects.filter(issue=OuterRef("pk")).order_by("-rank").values("rank")
        issues: QuerySet[Issue] = super().get_queryset(request)
        return issues.annotate(paper_count=Coalesce(Subquery(ranks[:1]), 0))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that counts deliveries."""
        return IssueChangeList

    @display(
        description="state",
        label={
            "running": "success",
            "waiting": "info",
            "paused": "warning",
            "stopped": "danger",
            "dropped": "danger",
        },
    )
    def show_state(self, issue: Issue) -> str:
        """The state as a label."""
        return issue.state

    @display(description="papers")
    def papers(self, issue: Issue) -> int:
        """How many papers it holds."""
        return int(getattr(issue, "paper_count", 0))

    @display(description="missing sources")
    def missing(self, issue: Issue) -> str:
        """The sources that had not answered for the whole day when the issue was frozen."""
        return ", ".join(map(str, issue.missing)) or "–"

    @display(description="sent")
    def sent(self, issue: Issue) -> str:
        """Digests sent by mail."""
        return issue.tally.said(issue.tally.counts[EmailChannel.name])

    @display(description="not by email")
    def not_mailed(self, issue: Issue) -> str:
        """Digests of readers who take them another way, by channel, such as "12 feed"."""
        names = [channel.name for channel in registry.CHANNELS if not channel.is_mail]
        counts = issue.tally.counts
        return ", ".join(f"{counts[name]} {name}" for name in names if counts[name])

    @display(description="waiting")
    def waiting(self, issue: Issue) -> str:
        """Digests still to be sent."""
        states = (Delivery.State.PENDING, Delivery.State.CLAIMED)
        return issue.tally.said(sum(issue.tally.counts[state] for state in states))

    @display(description="nothing new")
    def skipped(self, issue: Issue) -> str:
        """Readers for whom there was nothing."""
        return issue.tally.said(issue.tally.counts[Delivery.State.SKIPPED])

    @display(description="failed / in doubt / too late")
    def trouble(self, issue: Issue) -> str:
        """What went wrong."""
        order = (Delivery.State.FAILED, Delivery.State.UNKNOWN, Delivery.State.EXPIRED)
        return " / ".join(f"{issue.tally.counts[state]:,}" for state in order)

    @display(description="result")
    @once
    def came_back(self, issue: Issue) -> SafeString | str:
        """Delivered, bounced, complained: counts, and shares of what was sent."""
        rates = reputation.rates_told(issue)
        if rates is None:
            return "Not counted yet: so many digests are counted once an hour."
        rows = (
            ("Delivered", rates.delivered),
            ("Hard bounces", rates.hard_bounces),
            ("Soft bounces", rates.soft_bounces),
            ("Blocked", rates.blocked),
            ("Complaints", rates.complaints),
        )
        return format_html(
            "<p>{} sent</p>{}",
            f"{rates.sent:,}",
            format_html_join(
                "",
                "<p>{}: {} ({})</p>",
                ((name, f"{count:,}", f"{rates.share(count):.2%}") for name, count in rows),
            ),
        )

    @display(description="deliveries")
    def ledger(self, issue: Issue) -> SafeString:
        """A link to the issue's deliveries."""
        url = reverse("admin:newsletter_delivery_changelist")
        return format_html(
            '<a href="{}?issue__id__exact={}">Show its deliveries</a>', url, issue.pk
        )

    @admin.action(description="Resume sending", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        """Goes on with what is waiting. A pause or a stop asks why, on the issue's own page."""
        done = [issue for issue in queryset if issue.resume()]
        for issue in done:
            self.log_change(request, issue, "Resumed. Waiting emails are going out.")
        self.message_user(request, f"{len(done)} resumed.", messages.SUCCESS)

    @action(description="Approve", url_path="approve", permissions=["approve"])
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then let it out."""
        issue = self._waiting(request, object_id)
        if isinstance(issue, HttpResponse):
            return issue
        if request.method == "POST":
            done = publishing.publish(issue, timezone.now())
            if done:
                self.log_change(request, issue, "Approved and published.")
            said = "The issue is published. Digests whose hour has passed are going out now."
            return self._decided(request, issue, said if done else "")
        return self._ask(request, issue, "Approve and publish it", "newsletter/admin/approve.html")

    @action(description="Drop", url_path="drop", permissions=["approve"])
    def drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then never let it out."""
        issue = self._waiting(request, object_id)
        if isinstance(issue, HttpResponse):
            return issue
        if request.method == "POST":
            done = issue.drop(f"dropped by {request.user}")
            if done:
                self.log_change(request, issue, "Dropped.")
            return self._decided(request, issue, "Dropped. Nobody will get it." if done else "")
        return self._ask(request, issue, "Drop it permanently", "newsletter/admin/drop.html")

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may change issues."""
        return bool(super().has_change_permission(request))

    def _waiting(self, request: HttpRequest, object_id: str) -> Issue | HttpResponse:
        """The issue, where it waits for approval; else the way back to its page, with a word."""
        issue = self.get_object(request, unquote(str(object_id)))
        if issue is None:
            raise Http404("there is no such issue")
        return issue if issue.state == Issue.State.WAITING else self._decided(request, issue, "")

    def _decided(self, request: HttpRequest, issue: Issue, said: str) -> HttpResponse:
        """Back to the issue. Nothing `said` means that it was decided before."""
        state = f"Nothing has changed: the issue is {issue.get_state_display()}."
        level = messages.SUCCESS if said else messages.ERROR
        self.message_user(request, said or state, level)
        return redirect("admin:newsletter_issue_change", issue.pk)

    def _ask(self, request: HttpRequest, issue: Issue, button: str, template: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{issue}: {button[0].lower()}{button[1:]}?",
            "issue": issue,
            "button": button,
            "readers": Subscriber.objects.mailable().due(timezone.now()).count(),
            "opts": self.opts,
        }
        return render(request, template, context)

    def save_model(
        self, request: HttpRequest, obj: Issue, form: forms.ModelForm[Issue], change: bool
    ) -> None:
        """Write what was edited and nothing else: its state may have changed meanwhile."""
        obj.save(update_fields=[name for name in form.changed_data if name in EDITED])

    def has_example_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may see issues: the example is nobody."""
        return bool(self.has_view_permission(request))

    @action(description="Preview and test", url_path="example", permissions=["example"])
    def example(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The digest of an example reader, in any language and width; a test on request."""
        issue = self.get_object(request, unquote(object_id))
        if issue is None:
            raise Http404("no such issue")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Preview: {issue}",
            "original": issue,
            "opts": self.opts,
        }
        return examples.page(
            request,
            Example(issue=issue.pk),
            context,
            may_test=self.has_change_permission(request),
            log=lambda said: self.log_change(request, issue, said),
        )

    def has_preview_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may see issues, and look readers up; others preview as an example."""
        return self.has_explain_permission(request) and may_find(request)

    def has_explain_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may see issues and readers: the answer says what a reader follows."""
        return self.has_view_permission(request) and request.user.has_perm(MAY_SEE_READERS)

    @action(description="Preview as a reader", url_path="preview", permissions=["preview"])
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The issue's digest as a subscriber would get it now; nothing is sent, and its links are
        void: whoever looks on is not the reader.
        """
        issue = self.get_object(request, unquote(object_id))
        if issue is None:
            raise Http404("no such issue")
        wanted = request.GET.get("subscriber", "").strip()
        newest = Subscriber.objects.mailable().order_by("-pk")
        subscriber = find(request, wanted) if wanted else newest.first()
        if subscriber is not None and not subscriber.is_mailable:
            subscriber = None
        mail = None
        choices: list[Any] = []
        problem = "" if subscriber else "No active subscriber has this address or number."
        if subscriber is not None:
            readers, refused = readers_of([subscriber.pk])
            if subscriber.pk in readers:
                reader = readers[subscriber.pk]._replace(link_version=links.VOID)
                mail, choices = compose_for(issue, reader, kept=previewed)
            problem = refused.get(subscriber.pk, "")
            if mail is None and not problem:
                problem = "There's nothing new on this reader's topics, so no email would be sent."
        if request.GET.get("part") == "html":
            if mail is None or not mail.html:
                raise Http404
            return framed("".join(fragment.text for fragment in mail.html))
        shown = wanted or (f"reader {subscriber.pk}" if subscriber else "")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Digest of {issue}",
            "issue": issue,
            "wanted": shown,
            "mail": mail,
            "to": shown_address(request, subscriber) if subscriber else "",
            "headers": [
                (name, value if may_see_all(request) else without_addresses(str(value)))
                for name, value in (mail.headers if mail else ())
            ],
            "frame": f"?{urlencode({'subscriber': shown, 'part': 'html'})}",
            "text": "".join(fragment.text for fragment in mail.text) if mail else "",
            "choices": choices,
            "problem": problem,
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/preview.html", context)

    @action(description="Why not?", url_path="why-not", permissions=["explain"])
    def why_not(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """What became of the issue for one reader, also where another digest carried it."""
        issue = self.get_object(request, unquote(str(object_id)))
        if issue is None:
            raise Http404("there is no such issue")
        wanted = request.GET.get("subscriber", "").strip()
        subscriber = find(request, wanted) if wanted else None
        said = explain(subscriber, issue) if subscriber else []
        if wanted and not subscriber:
            said = ["No reader has this address or number. Check the spelling."]
        context = {
            **self.admin_site.each_context(request),
            "title": f"{issue}: why not?",
            "wanted": wanted,
            "said": said,
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/why_not.html", context)
