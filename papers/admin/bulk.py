"""Actions on many rows: asked about, begun, followed to the end, stopped."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import action as unfold_action
from unfold.decorators import display

from papers import audit, bulk
from papers.admin.base import ModelAdmin, narrowed_by
from papers.bulk import Job, Kind
from papers.models import BulkAction

SURE = "post"
"""The name of what a form says that means it, as in Django's own question."""


def bulk_action(kind: Kind, permission: str = "change") -> Any:
    """An action for a list: done at once to a few rows, and to more of them by a worker, once the
    person has seen how many they are.
    """

    @unfold_action(description=kind.words, permissions=[permission])
    def act(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return _act(model_admin, request, queryset, kind)

    act.is_bulk = True
    return act


def bulk_deletion(kind: Kind) -> Any:
    """Django's own deletion for a few rows, whose page names each; of more a worker's."""

    @unfold_action(description=kind.words, permissions=["delete"])
    def act(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        few = len(queryset.order_by().values_list("pk")[: kind.at_once + 1]) <= kind.at_once
        if few:
            answer: HttpResponse | None = delete_selected(model_admin, request, queryset)
            return answer
        return _act(model_admin, request, queryset, kind)

    act.is_bulk = True
    return act


def _act(
    model_admin: Any, request: HttpRequest, queryset: QuerySet[Any], kind: Kind
) -> HttpResponse | None:
    reason = request.POST.get("reason", "").strip()
    is_sure = SURE in request.POST
    some = queryset.order_by("pk").values_list("pk", flat=True)
    keys = list(some[: kind.at_once + 1])
    is_small = len(keys) <= kind.at_once
    if kind.needs_reason and not reason and (is_small or is_sure):
        text = "Enter a reason: the readers who submitted the paper will see it."
        messages.error(request, text)
        if is_small:
            return None
        is_sure = False
    if is_small and (is_sure or not kind.asks):
        _do(request, keys, kind, reason)
        return None
    number = kind.fits(queryset).order_by().count()
    if not is_sure or not number:
        return _ask(model_admin, request, kind, number, reason)
    return _begin(model_admin, request, queryset, kind, reason)


def _do(request: HttpRequest, keys: list[Any], kind: Kind, reason: str) -> None:
    """Within the request."""
    job = Job(timezone.now(), reason, getattr(request.user, "pk", None))
    with transaction.atomic():
        changed = kind.act(keys, job)
    for problem in job.problems:
        messages.error(request, problem)
    if changed and not kind.after() and kind.unreached:
        messages.info(request, kind.unreached)
    level = messages.SUCCESS if changed else messages.WARNING
    messages.add_message(request, level, f"{changed} of {len(keys)} {kind.done}.")


def _ask(
    model_admin: Any, request: HttpRequest, kind: Kind, number: int, reason: str
) -> HttpResponse:
    """How many they are and what follows, with the form that does it."""
    is_whole = request.POST.get("select_across") == "1"
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"{kind.words}?",
        "opts": model_admin.opts,
        "kind": kind,
        "number": number,
        "names": model_admin.opts.verbose_name_plural,
        "narrowed": narrowed_by(model_admin, request) if is_whole else "",
        "is_whole": is_whole,
        "reason": reason,
        "action": request.POST.get("action", ""),
        "chosen": []
        if is_whole
        else [(helpers.ACTION_CHECKBOX_NAME, one) for one in _chosen(request)],
        "first": _chosen(request)[:1],
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
        "sure": SURE,
        "back": request.get_full_path(),
    }
    return TemplateResponse(request, "papers/admin/bulk_question.html", context)


def _chosen(request: HttpRequest) -> list[str]:
    return request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)


def _begin(
    model_admin: Any, request: HttpRequest, queryset: QuerySet[Any], kind: Kind, reason: str
) -> HttpResponse:
    is_whole = request.POST.get("select_across") == "1"
    narrowed = narrowed_by(model_admin, request) if is_whole else ""
    with transaction.atomic():
        begun = bulk.make(
            kind, queryset, timezone.now(), by=request.user, narrowed=narrowed, reason=reason
        )
        audit.record(
            request,
            kind.words,
            model=kind.model,
            narrowed=narrowed,
            number=begun.total,
            reason=reason,
        )
    if not bulk.call_worker():
        text = "Couldn’t reach a worker. It begins within a minute once one is running."
        messages.info(request, text)
    return HttpResponseRedirect(_page(begun))


def _page(begun: BulkAction) -> str:
    return reverse("admin:papers_bulkaction_change", args=[begun.pk])


@admin.register(BulkAction)
class BulkActionAdmin(ModelAdmin):
    """Actions on many rows, newest first; a page of each from its beginning to what became of it.
    Who began one sees it, and may stop it.
    """

    list_display = ("words", "shown_state", "how_far", "result", "made_by", "made_at")
    list_filter = ("state",)
    list_per_page = 50
    list_select_related = ("made_by",)
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are begun on lists."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Stopping has a page of its own; nothing else is changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """They go when their time is over."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever began it, and those who may see all."""
        may: bool = super().has_view_permission(request, obj)
        return may or _is_own(request, obj) or self._may_stop_all(request)

    def has_stop_permission(self, request: HttpRequest, obj: BulkAction) -> bool:
        """Whoever began it, and those who may stop all."""
        return _is_own(request, obj) or self._may_stop_all(request)

    def _may_stop_all(self, request: HttpRequest) -> bool:
        return request.user.has_perm("papers.change_bulkaction")

    @display(
        description="state",
        ordering="state",
        label={"done": "success", "running": "info", "failed": "danger", "stopped": "warning"},
    )
    def shown_state(self, begun: BulkAction) -> tuple[str, str]:
        """The state and its words, in its color."""
        return begun.state, begun.get_state_display()

    @display(description="progress")
    def how_far(self, begun: BulkAction) -> str:
        """How many rows are worked off."""
        return f"{begun.position:,} of {begun.total:,}"

    def get_urls(self) -> list[URLPattern]:
        """Stopping, beside the usual pages."""
        view = self.admin_site.admin_view(self.stop_view)
        return [
            path("<int:pk>/stop/", view, name="papers_bulkaction_stop"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """How far it is, and what became of it. Renews itself while it runs."""
        begun = self.get_object(request, unquote(object_id))
        if begun is None:
            if not super().has_view_permission(request):
                raise PermissionDenied
            redirect: HttpResponse = self._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return redirect
        if not self.has_view_permission(request, begun):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": begun.words,
            "opts": self.opts,
            "original": begun,
            "list": _list_of(begun),
            "may_stop": begun.is_running and self.has_stop_permission(request, begun),
            "has_waited": not begun.position
            and begun.is_running
            and (timezone.now() - begun.made_at).total_seconds() > WAITS,
        }
        response = TemplateResponse(request, "papers/admin/bulk_action.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop; what is done stays done."""
        begun = self.get_object(request, str(pk))
        if begun is None:
            if not self._may_stop_all(request):
                raise PermissionDenied
            return HttpResponseRedirect(reverse("admin:papers_bulkaction_changelist"))
        if not self.has_stop_permission(request, begun):
            raise PermissionDenied
        if request.method == "POST":
            if bulk.stop(begun, timezone.now()):
                self.log_change(request, begun, "Stopped.")
                messages.success(request, "Stopped. What is done stays done.")
            else:
                messages.warning(request, "It was over already.")
        return HttpResponseRedirect(_page(begun))


WAITS = 60.0
"""Seconds after which the page says that no worker has begun."""


def _is_own(request: HttpRequest, begun: BulkAction | None) -> bool:
    return (
        begun is not None
        and begun.made_by_id is not None
        and (begun.made_by_id == getattr(request.user, "pk", None))
    )


def _list_of(begun: BulkAction) -> str:
    """The list that it was begun on."""
    try:
        return reverse(f"admin:{begun.model.replace('.', '_')}_changelist")
    except NoReverseMatch:
        return reverse("admin:index")
