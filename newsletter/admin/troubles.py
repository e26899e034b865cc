"""The status of the service, what went wrong with it, and whether alerts arrive."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from newsletter.admin.base import ReadOnly
from newsletter.models import Trouble
from newsletter.operations.watching import alerts, report, troubles
from newsletter.operations.watching.status import status
from papers import audit
from papers.admin.base import ModelAdmin


@admin.register(Trouble)
class TroubleAdmin(ReadOnly, ModelAdmin):
    """What went wrong, from when until when, and when the operators were told."""

    list_display = ("show_state", "text", "since", "over_at", "told_at")
    list_display_links = ("text",)
    search_fields = ("key", "text")
    fields = ("key", "text", "since", "seen_at", "told_at", "over_at", "over_told_at")

    @display(description="state", label={"open": "danger", "over": "success"})
    def show_state(self, trouble: Trouble) -> str:
        """Whether it lasts, as a label."""
        return "open" if trouble.over_at is None else "over"

    def get_urls(self) -> list[URLPattern]:
        """The list's, and the status."""
        mine = [
            path(
                "status/",
                self.admin_site.admin_view(self.status),
                name="newsletter_trouble_status",
            ),
            path(
                "test-alert/",
                self.admin_site.admin_view(self.test_alert),
                name="newsletter_trouble_test_alert",
            ),
        ]
        return [*mine, *super().get_urls()]

    def status(self, request: HttpRequest) -> HttpResponse:
        """The facts that `manage.py status` prints. Takes the permission to see the status."""
        self._require(request, "newsletter.view_status")
        facts = status(timezone.now(), counts_anew=False)
        context = {
            **self.admin_site.each_context(request),
            "title": "Status",
            "lines": report.lines(facts),
            "troubles": troubles.findings(facts),
            "channels": alerts.channels(),
            "may_test": request.user.has_perm("newsletter.test_alerts"),
            "opts": self.opts,
        }
        return render(request, "newsletter/admin/status.html", context)

    def test_alert(self, request: HttpRequest) -> HttpResponse:
        """Send a test alert every way there is. Takes the permission to test alerts."""
        self._require(request, "newsletter.test_alerts")
        if request.method == "POST":
            self._test(request)
            audit.record(request, "sent a test alert", model=Trouble, number=0)
        return HttpResponseRedirect(reverse("admin:newsletter_trouble_status"))

    def _test(self, request: HttpRequest) -> None:
        ways = alerts.channels()
        if not ways:
            self.message_user(
                request, "Set ALERT_WEBHOOK_URL, or ALERT_EMAIL_URL and ADMINS.", messages.WARNING
            )
            return
        text = "This is a test. Alerts from this site will arrive here."
        arrived = alerts.tell_each(alerts.Alert(text, "test", timezone.now(), alerts.State.TEST))
        for way, is_there in arrived.items():
            level = messages.SUCCESS if is_there else messages.ERROR
            said = (
                f"Test alert sent by {way}."
                if is_there
                else f"The test alert couldn't be sent by {way}. See the log for details."
            )
            self.message_user(request, said, level)

    def _require(self, request: HttpRequest, permission: str) -> None:
        user: Any = request.user
        if not user.has_perm(permission):
            raise PermissionDenied
