"""The token of a row that takes papers from the owner's scripts: made, renewed and ended."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from papers.admin.base import ModelAdmin
from papers.ingest import pushing
from papers.models import Source
from papers.sources.pushed import Pushed

MAKE, END, SURE = "_token", "_end_token", "_sure"
"""Names of buttons: a token is wished for, or its end, and it is certain that the present one may
end.
"""


def takes_papers(source: Source) -> bool:
    """Whether scripts send papers to the row."""
    return source.kind == Pushed.kind


class PushTokens(ModelAdmin):
    """The admin of sources, as far as their tokens go."""

    def get_urls(self) -> list[URLPattern]:
        """The page that shows a new token, once."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/token/", wrap(self.token_view), name="papers_source_token"),
            *super().get_urls(),
        ]

    def token_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a token and show it, this once, or end the one there is. What ends a token that
        scripts may be using asks before.
        """
        source = self.get_object(request, str(pk))
        if not self.has_change_permission(request, source):
            raise PermissionDenied
        plain = reverse("admin:papers_source_change", args=[pk])
        if request.method != "POST" or source is None or not takes_papers(source):
            return HttpResponseRedirect(plain)
        is_end = END in request.POST
        is_sure = SURE in request.POST or not pushing.has_token(source)
        token = ""
        if is_sure and is_end:
            pushing.end_token(source)
            self.log_change(request, source, [{"changed": {"name": "token", "object": "ended"}}])
            self.message_user(
                request, "The token was ended: requests with it are refused.", messages.SUCCESS
            )
            return HttpResponseRedirect(plain)
        if is_sure:
            token = pushing.new_token(source)
            self.log_change(request, source, [{"changed": {"name": "token", "object": "new"}}])
        context = {
            **self.admin_site.each_context(request),
            "title": f"The token of {source}",
            "opts": self.opts,
            "source": source,
            "token": token,
            "is_end": is_end,
            "address": f"{settings.SITE_URL}{reverse('papers:push', args=[source.slug])}",
            "plain": plain,
        }
        shown = TemplateResponse(request, "papers/admin/source_token.html", context)
        shown["Cache-Control"] = "no-store"
        return shown
