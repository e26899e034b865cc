"""What the pages of all models have in common, in every app: nothing that is typed is a fault.

Django takes the ids of forms, actions and addresses as they come and asks the database for them,
which fails over what is no id.
"""

from contextlib import nullcontext
from typing import Any

from django.contrib.admin import helpers
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import DataError, ProgrammingError, connection, models, transaction
from django.db.models import Model
from django.forms import JSONField, ModelChoiceField
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from unfold.admin import ModelAdmin as _ModelAdmin
from unfold.admin import TabularInline as _TabularInline
from unfold.views import ChangeList

TITLE_SHOWN = 100
"""Characters of a title in lists."""


def is_key(model: type[Model], text: Any) -> bool:
    """Whether a row of the model could have `text` as its primary key."""
    key = model._meta.pk
    try:
        key.run_validators(key.to_python(text))
    except (ValidationError, ValueError, TypeError, OverflowError):
        return False
    return "\0" not in str(text)


class _Autocomplete(AutocompleteSelect):
    """Django's, which shows what was chosen before; what is no key was not chosen."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        """The options, of rows that could be there."""
        model = self.choices.queryset.model
        return super().optgroups(name, [one for one in value if is_key(model, one)], attr)


class CarefulJSONField(JSONField):
    """Django's, which knows one fault of a text that is no JSON; a number of thousands of digits
    and a list within a thousand lists are faults of other kinds.
    """

    def to_python(self, value: Any) -> Any:
        """The value; what cannot be read is an error of the form."""
        try:
            return super().to_python(value)
        except (ValueError, RecursionError):
            raise ValidationError(
                self.error_messages["invalid"], code="invalid", params={"value": value}
            ) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was typed, to show it again whatever it was."""
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return InvalidJSONInput(data)


class _CarefulForms:
    """Forms whose choices of rows, and whose JSON, take any text."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The field; one for JSON that no text is a fault of."""
        if isinstance(db_field, models.JSONField):
            kwargs.setdefault("form_class", CarefulJSONField)
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """The field, with a widget that shows it again whatever was typed."""
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            using = kwargs.get("using")
            kwargs["widget"] = _Autocomplete(db_field, self.admin_site, using=using)  # type: ignore[attr-defined]
        field: ModelChoiceField[Any] | None = super().formfield_for_foreignkey(  # type: ignore[misc]
            db_field, request, **kwargs
        )
        return field


class TabularInline(_CarefulForms, _TabularInline):
    """Rows on the page of another."""


class ModelAdmin(_CarefulForms, _ModelAdmin):
    """The pages of one model."""

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list; an address that asks for nonsense leads to the whole list."""
        # Without a transaction of its own where there is none: SQLite would lock out all others.
        within = transaction.atomic() if connection.in_atomic_block else nullcontext()
        try:
            with within:
                found = super().get_changelist_instance(request)
                len(found.result_list)
        except (ValueError, TypeError, OverflowError, DataError, ValidationError):
            raise IncorrectLookupParameters from None
        except ProgrammingError:
            if not request.GET:
                raise  # then it is not the address that is wrong
            raise IncorrectLookupParameters from None
        return found

    def response_action(self, request: HttpRequest, queryset: Any) -> HttpResponseBase | None:
        """Do what was chosen with those rows that could be there."""
        chosen = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)
        form = request.POST.copy()
        keys = [one for one in chosen if is_key(self.model, one)]
        form.setlist(helpers.ACTION_CHECKBOX_NAME, keys)
        request.POST = form  # type: ignore[assignment]
        response: HttpResponseBase | None = super().response_action(request, queryset)
        return response
