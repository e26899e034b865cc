"""The semantic models: which is in use, and what it was made from."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest

from papers.admin.base import ModelAdmin
from papers.models import FittedModel


@admin.register(FittedModel)
class FittedModelAdmin(ModelAdmin):
    """Semantic models: which is in use, since when, and on how many papers it was fitted."""

    list_display = ("version", "is_in_use", "fitted_on", "dimensions", "encoder", "ready_at")
    fields: ClassVar = ["version", "fitted_on", "dimensions", "encoder", "started_at", "ready_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[FittedModel]:
        """With the key of the one in use, without the models themselves, which are megabytes."""
        in_use = FittedModel.objects.ready().values("pk")[:1]
        models: QuerySet[FittedModel] = super().get_queryset(request)
        return models.defer("data", "view").annotate(in_use=Subquery(in_use))

    @admin.display(description="in use", boolean=True)
    def is_in_use(self, fitted: FittedModel) -> bool:
        """Whether papers are matched with this one."""
        return bool(getattr(fitted, "in_use", None) == fitted.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Models are fitted, see `manage.py fit_model`."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And stay as they were fitted."""
        return False
