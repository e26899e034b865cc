"""Addresses never to be emailed again, as hashes."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget

from papers.admin.base import ModelAdmin
from papers.admin.bulk import bulk_deletion
from papers.admin.large import ForAnySize
from subscriptions.addresses import BadAddress, address_hash, address_hashes, wire_form
from subscriptions.models import Suppression
from subscriptions.readers import in_bulk

if TYPE_CHECKING:
    SuppressionForm = forms.ModelForm[Suppression]
else:  # Django's class takes no parameter at run time
    SuppressionForm = forms.ModelForm


class AddressForm(SuppressionForm):
    """An address to suppress. Only its hash is kept."""

    email = forms.CharField(
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(),
        help_text="The address itself isn't stored, only a keyed hash that recognizes it.",
    )
    reason = forms.ChoiceField(
        choices=Suppression.Reason.choices,
        initial=Suppression.Reason.REQUEST,
        widget=UnfoldAdminSelectWidget(),
    )

    class Meta:
        """The hash and the time are not typed."""

        model = Suppression
        fields = ("reason",)

    def clean_email(self) -> str:
        """An address that is not suppressed yet."""
        email: str = self.cleaned_data["email"]
        try:
            wire_form(email)
        except BadAddress as error:
            raise forms.ValidationError(f"{str(error).capitalize()}.") from None
        if Suppression.objects.covers(email):
            raise forms.ValidationError("This address is already suppressed.")
        self.instance.address_hash = address_hash(email)
        self.instance.created_at = timezone.now()
        return email


@admin.register(Suppression)
class SuppressionAdmin(ForAnySize, ModelAdmin):
    """Addresses never to be emailed again, as hashes."""

    list_display = ("address_hash", "shown_reason", "created_at")
    list_filter = ("reason", "created_at")
    list_per_page = 50
    sortable_by = ("created_at",)
    search_fields = ("address_hash__startswith",)
    search_help_text = "A full address, or the beginning of a hash."
    readonly_fields = ("address_hash", "reason", "created_at")
    actions = ("delete_selected",)

    delete_selected = bulk_deletion(in_bulk.DELETE_SUPPRESSIONS)
    form = AddressForm

    @display(description="reason", ordering="reason")
    def shown_reason(self, suppression: Suppression) -> str:
        """Why, in words."""
        return suppression.get_reason_display()

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> tuple[str, ...]:
        """Adding takes an address; afterwards there is only the hash."""
        return ("email", "reason") if obj is None else ("address_hash", "reason", "created_at")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Suppression | None = None
    ) -> tuple[str, ...]:
        """Nothing changes once it is there."""
        return () if obj is None else self.readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A suppression is there or it is not."""
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        """A search for an address looks for its hash."""
        if "@" in search_term:
            return queryset.filter(address_hash__in=address_hashes(search_term)), False
        results: tuple[QuerySet[Suppression], bool] = super().get_search_results(
            request, queryset, search_term
        )
        return results

    def save_model(
        self,
        request: HttpRequest,
        obj: Suppression,
        form: "forms.ModelForm[Suppression]",
        change: bool,
    ) -> None:
        """Suppress the address, its subscriber included."""
        data: dict[str, Any] = form.cleaned_data
        Suppression.objects.add_address(data["email"], obj.reason, obj.created_at)  # type: ignore[arg-type]

    def response_add(
        self, request: HttpRequest, obj: Suppression, post_url_continue: str | None = None
    ) -> Any:
        """Back to the list, where the new one stands on top."""
        return self.response_post_save_add(request, obj)
