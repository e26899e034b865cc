"""What the pages of all models have in common, in every app: nothing that is typed is a fault, and
whatever a person does is on record (`Audited`).

Django takes the ids of forms, actions and addresses as they come and asks the database for them,
which fails over what is no id.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import wraps
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import DataError, ProgrammingError, connection, models, transaction
from django.db.models import Model, QuerySet
from django.forms import ChoiceField, JSONField, ModelChoiceField, ModelMultipleChoiceField
from django.forms.fields import InvalidJSONInput
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.admin import ModelAdmin as _ModelAdmin
from unfold.admin import TabularInline as _TabularInline
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminSelectWidget

from papers import audit
from papers.models import AuditEntry

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


class RowsField(ModelMultipleChoiceField[Any]):
    """Django's; what is no key was not chosen from what was offered."""

    def _check_values(self, value: Any) -> Any:
        """The chosen rows. Raises `ValidationError`."""
        rows = self.queryset
        assert rows is not None  # whoever makes the field sets it
        for one in value if isinstance(value, list | tuple) else ():
            if not is_key(rows.model, one):
                code = "invalid_pk_value"
                raise ValidationError(self.error_messages[code], code, {"pk": str(one)[:50]})
        return super()._check_values(value)  # type: ignore[misc]  # which its stubs leave out


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
        """The field; one for JSON that no text is a fault of, numbers that every database can hold,
        and languages that there are.
        """
        if isinstance(db_field, models.JSONField):
            kwargs.setdefault("form_class", CarefulJSONField)
        if isinstance(db_field, models.IntegerField) and not db_field.choices:
            lowest, highest = _range_of(db_field)
            kwargs.setdefault("min_value", lowest)
            kwargs.setdefault("max_value", highest)
        if db_field.name == "language" and not db_field.choices:
            return ChoiceField(
                choices=settings.LANGUAGES,
                widget=UnfoldAdminSelectWidget(),
                label=capfirst(db_field.verbose_name),
                help_text=db_field.help_text,
            )
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


def _range_of(field: models.IntegerField[Any, Any]) -> tuple[int, int]:
    """The numbers that PostgreSQL has room for, whatever the database: SQLite takes larger ones,
    which could never move there.
    """
    bits = 16 if "Small" in field.get_internal_type() else 32
    bits = 64 if "Big" in field.get_internal_type() else bits
    lowest = 0 if "Positive" in field.get_internal_type() else -(2 ** (bits - 1))
    highest = 2 ** (bits - 1) - 1
    for validator in field._validators:  # type: ignore[attr-defined]  # without the database's
        limit = getattr(validator, "limit_value", None)
        if isinstance(limit, int) and validator.code == "min_value":
            lowest = max(lowest, limit)
        if isinstance(limit, int) and validator.code == "max_value":
            highest = min(highest, limit)
    return lowest, highest


MOST_COUNTED = 10_000
"""Rows that a list counts. What has more says so, and its last pages are found by filters."""


MOST_READ = 19_000
"""Rows that are read for one page of a list, to count it and to reach the page."""

MOST_PAGED = 4_000
"""Rows of a list that is not counted to its end, which its pages show: each page reads all rows
before it.
"""


def once(shown: Callable[[Any, Any], Any]) -> Any:
    """For a method that shows something of a row: worked out once, however often the theme asks
    for it, which it does several times for one page.
    """

    @wraps(shown)
    def show(model_admin: Any, row: Any) -> Any:
        kept: dict[str, Any] = vars(row).setdefault("shown_once", {})
        if shown.__name__ not in kept:
            kept[shown.__name__] = shown(model_admin, row)
        return kept[shown.__name__]

    return show


class More(int):
    """A number of rows that was not counted to its end."""

    def __str__(self) -> str:
        return f"more than {MOST_COUNTED:,}"


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a list that is not counted to its end: a count reads every row."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, up to `MOST_COUNTED`."""
        if not isinstance(self.object_list, QuerySet):
            return super().count
        # In the list's order, so that what is read for the one is read for the other: without an
        # order PostgreSQL may begin where none of the wanted rows are. Where all are wanted, the
        # keys have them without a sort.
        some = self.object_list.values("pk")
        if not some.query.where:
            some = some.order_by("pk")
        number: int = some[: MOST_COUNTED + 1].count()
        return More(MOST_COUNTED) if number > MOST_COUNTED else number

    @cached_property
    def num_pages(self) -> int:
        """How many pages there are."""
        pages: int = super().num_pages
        count = self.count
        most = MOST_PAGED if isinstance(count, More) else max(MOST_PAGED, MOST_READ - count)
        return min(pages, max(1, most // self.per_page))


class KeysFirst(ChangeList):
    """A page of a list, found in two steps: by their order the keys of its rows, and by these the
    rows with all that is shown beside them.

    In one step, the database carries whole rows and those joined to them through each sort and past
    all pages before, and SQLite may begin with the joined table.
    """

    def get_results(self, request: HttpRequest) -> None:
        """Find the rows of the page."""
        super().get_results(request)
        page: QuerySet[Any] = self.result_list  # type: ignore[has-type]
        keys = list(page.values_list("pk", flat=True))
        # Without what the list is narrowed down by, which would compete with the keys.
        rows = self.model_admin.get_queryset(request).order_by()
        if not rows.query.select_related:
            rows = self.apply_select_related(rows)
        by_key = rows.in_bulk(keys) if keys else {}
        self.result_list = [by_key[key] for key in keys if key in by_key]


class TabularInline(_CarefulForms, _TabularInline):
    """Rows on the page of another."""


STANDARD_VIEWS = ("changelist", "add", "change", "delete", "history", "autocomplete", "restore")
"""Django's views and ours of every model, which write their entries by themselves."""


class Audited:
    """Pages that write down what people do on them, and show it in an object's history.

    Saved forms, deletions, actions on lists, and any other view that changes its object are on
    record without another line. A view that does something else calls `audit.record`.
    """

    restorable: tuple[str, ...] = ()
    """Fields whose earlier values may be brought back from the history."""

    # --- Django's own views ---------------------------------------------------------------

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Look at what is stored before a form is saved."""
        if change:
            request.audited_before = audit.snapshot(self.model, [form.instance.pk])  # type: ignore[attr-defined]
        return super().save_form(request, form, change)  # type: ignore[misc]

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Django's message, which says what else than the row itself was changed."""
        said = super().construct_change_message(request, form, formsets, add)  # type: ignore[misc]
        request.audited_beside = _beside(form, formsets)  # type: ignore[attr-defined]
        return said

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:
        """Write down that a row was added."""
        changes = audit.differences({}, audit.snapshot(type(obj), [obj.pk]))
        self._put_on_record(request, obj, "added", changes)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:
        """Write down what a saved form, or what else is said in words, changed."""
        before = getattr(request, "audited_before", None)
        changes = {}
        if before is not None:
            changes = audit.differences(before, audit.snapshot(type(obj), [obj.pk]))
        is_form = isinstance(message, list)
        if is_form and before is not None:
            # A form that is saved as it was says nothing; a list saves many in one request.
            del request.audited_before  # type: ignore[attr-defined]
            if not changes and not getattr(request, "audited_beside", {}) and not message:
                return
        what = "changed" if is_form and changes else _in_words(message)
        self._put_on_record(request, obj, what, changes)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> None:
        """Write down what is about to be deleted."""
        rows = list(queryset)
        if not rows:
            return
        keys = [row.pk for row in rows[: audit.MOST_NAMED]]
        changes = audit.differences(audit.snapshot(self.model, keys), {})  # type: ignore[attr-defined]
        audit.record(request, "deleted", rows, changes=changes, reason=_reason(request))

    def _put_on_record(
        self, request: HttpRequest, obj: Model, what: str, changes: audit.Changes
    ) -> None:
        beside = getattr(request, "audited_beside", {})
        request.audited_beside = {}  # type: ignore[attr-defined]
        if beside:
            changes = {**changes, str(obj.pk): {**changes.get(str(obj.pk), {}), **beside}}
        audit.record(request, what, obj, changes=changes, reason=_reason(request))

    # --- Actions on lists, and views of our own -------------------------------------------

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The actions, each of which writes its entry."""
        actions = super().get_actions(request)  # type: ignore[misc]
        return {
            name: (_audited_action(function, name, str(words)), name, words)
            for name, (function, _, words) in actions.items()
        }

    @property
    def urls(self) -> list[URLPattern]:
        """The addresses; a form that is sent to one of our own views is on record."""
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"  # type: ignore[attr-defined]
        found: list[URLPattern] = self.get_urls()
        for pattern in found:
            name = str(pattern.name or "").removeprefix(prefix)
            if pattern.name and name not in STANDARD_VIEWS:
                pattern.callback = self._audited_view(pattern.callback, name)
        return found

    def _audited_view(self, view: Callable[..., Any], name: str) -> Callable[..., Any]:
        """The view, with an entry for what a form sent to it changed of its object."""

        @wraps(view)
        def seen(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            key = unquote(str(kwargs.get("object_id", kwargs.get("pk", ""))))
            model: type[Model] = self.model  # type: ignore[attr-defined]
            if request.method != "POST" or not key or not is_key(model, key):
                return view(request, *args, **kwargs)
            before = audit.snapshot(model, [key]) if _is_staff(request) else {}
            answer = view(request, *args, **kwargs)
            if before and answer.status_code < 400 and not audit.is_on_record(request):
                changes = audit.differences(before, audit.snapshot(model, [key]))
                row = model._base_manager.filter(pk=key).first()
                if changes and row is not None:
                    said = name.removesuffix("_one").replace("_", " ")
                    audit.record(request, said, row, changes=changes, reason=_reason(request))
            return answer

        return seen

    # --- History --------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """With the way back, where there is one."""
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        if not self.restorable:
            return urls
        view = self.admin_site.admin_view(self.restore_view)  # type: ignore[attr-defined]
        name = f"{self.opts.app_label}_{self.opts.model_name}_restore"  # type: ignore[attr-defined]
        return [path("<path:object_id>/history/<int:entry_id>/", view, name=name), *urls]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What people did to one object: who, when, and what was there before and after."""
        obj = self._shown_object(request, object_id)
        found = audit.history_of(self.model, obj.pk)  # type: ignore[attr-defined]
        page = Paginator(found, HISTORY_PAGE).get_page(request.GET.get("p"))
        may_restore = bool(self.restorable) and self.has_change_permission(request, obj)  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"History of {obj}",
            "object": obj,
            "opts": self.opts,  # type: ignore[attr-defined]
            "page": page,
            "entries": [
                (
                    entry,
                    self.changes_shown(entry, str(obj.pk)),
                    may_restore and self._is_back(entry),
                )
                for entry in page
            ],
            **(extra_context or {}),
        }
        return TemplateResponse(request, "papers/admin/history.html", context)

    def restore_view(self, request: HttpRequest, object_id: str, entry_id: int) -> HttpResponse:
        """Show what going back to before an entry would change, then do it."""
        obj = self._shown_object(request, object_id)
        if not self.has_change_permission(request, obj):  # type: ignore[attr-defined]
            raise PermissionDenied
        model: type[Model] = self.model  # type: ignore[attr-defined]
        entry = audit.history_of(model, obj.pk).filter(pk=entry_id).first()
        if entry is None:
            raise Http404("there is no such entry")
        now = audit.snapshot(model, [obj.pk])[str(obj.pk)]
        wanted = audit.values_before(model, obj.pk, entry, self._columns())
        changed = {name: value for name, value in wanted.items() if now.get(name) != value}
        error = ""
        if request.method == "POST" and changed:
            try:
                self._restore(request, obj, changed)
            except ValidationError as problem:
                error = " ".join(problem.messages)
            else:
                after = audit.snapshot(model, [obj.pk])
                audit.record(
                    request,
                    f"went back to before {entry.at:%Y-%m-%d %H:%M:%S} UTC",
                    obj,
                    changes=audit.differences({str(obj.pk): now}, after),
                )
                name = f"admin:{self.opts.app_label}_{self.opts.model_name}_history"  # type: ignore[attr-defined]
                messages.success(request, "The earlier values stand again.")
                return HttpResponseRedirect(reverse(name, args=[obj.pk]))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"Go back to before {entry.at:%-d %b %Y %H:%M} UTC?",
            "object": obj,
            "opts": self.opts,  # type: ignore[attr-defined]
            "error": error,
            "rows": [
                (self._label(name), shown(now.get(name)), shown(value))
                for name, value in changed.items()
            ],
        }
        return TemplateResponse(request, "papers/admin/restore.html", context)

    def after_restore(self, request: HttpRequest, obj: Any, changed: set[str]) -> None:
        """What follows from earlier values that stand again."""

    def changes_shown(self, entry: AuditEntry, key: str) -> list[tuple[str, str, str]]:
        """Each changed field of one object: its name, before and after."""
        rows = entry.changes.get(key, {})
        return [
            (self._label(name), shown(before), shown(after))
            for name, (before, after) in rows.items()
        ]

    def _shown_object(self, request: HttpRequest, object_id: str) -> Any:
        obj = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if not self.has_view_or_change_permission(request, obj):  # type: ignore[attr-defined]
            raise PermissionDenied
        if obj is None:
            raise Http404("there is no such object")
        return obj

    def _columns(self) -> set[str]:
        """The columns of the fields that may be brought back."""
        meta = self.model._meta  # type: ignore[attr-defined]
        return {meta.get_field(name).attname for name in self.restorable}

    def _is_back(self, entry: AuditEntry) -> bool:
        """Whether one can go back to before an entry: to another value, not to no value at all."""
        return entry.what != "added" and any(
            name in self._columns() for fields in entry.changes.values() for name in fields
        )

    def _restore(self, request: HttpRequest, obj: Any, changed: dict[str, Any]) -> None:
        """Write earlier values, checked like those of a form. Raises `ValidationError`."""
        by_column = {field.attname: field for field in obj._meta.concrete_fields}
        for name, value in changed.items():
            again = by_column[name].to_python(value)
            setattr(obj, name, audit.with_secrets_of(getattr(obj, name), again))
        kept = {field.name for field in obj._meta.concrete_fields if field.attname not in changed}
        with transaction.atomic():
            obj.full_clean(exclude=kept)
            obj.save(update_fields=[by_column[name].name for name in changed])
            self.after_restore(request, obj, set(changed))

    def _label(self, name: str) -> str:
        for field in self.model._meta.concrete_fields:  # type: ignore[attr-defined]
            if name in (field.attname, field.name):
                return str(field.verbose_name)
        return name


HISTORY_PAGE = 50


def shown(value: Any) -> str:
    """A value of the record as text; lists one a line."""
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, indent=1)
    return str(value)


def changes_in_html(rows: list[tuple[str, str, str]]) -> SafeString:
    """Changed fields as a table."""
    return render_to_string("papers/admin/changes.html", {"rows": rows})


def _is_staff(request: HttpRequest) -> bool:
    return bool(request.user.is_active and getattr(request.user, "is_staff", False))


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()


def _in_words(message: Any) -> str:
    """Django's message about a change as a sentence."""
    if isinstance(message, str):
        return message.strip().rstrip(".") or "saved"
    said = []
    for one in message:
        for verb, about in one.items():
            words = [verb, about.get("name"), about.get("object"), *about.get("fields", ())]
            said.append(" ".join(str(word) for word in words if word))
    return ", ".join(said) or "saved"


def _beside(form: Any, formsets: Any) -> dict[str, list[Any]]:
    """What a form changed beside the columns of its row: relations to many, and rows of others."""
    found: dict[str, list[Any]] = {}
    options = getattr(form, "_meta", None)
    many = {field.name for field in options.model._meta.many_to_many} if options else set()
    for name in many & set(getattr(form, "changed_data", ())):
        chosen = [str(one) for one in form.initial.get(name) or ()]
        found[name] = [sorted(chosen), sorted(map(str, form.cleaned_data[name]))]
    for formset in formsets or ():
        for one in formset.forms:
            # Rows that are only looked at are sent without their values, and stay as they are.
            named = one.changed_data if one.has_changed() else ()
            changed = [name for name in named if name != formset.fk.name]
            is_gone = one in getattr(formset, "deleted_forms", ())
            if not (changed or is_gone) or not getattr(one, "cleaned_data", None):
                continue
            what = f"{one.instance._meta.verbose_name} {one.instance.pk or '(new)'}"
            fields = [
                name
                for name in (changed or one.fields)
                if name in {f.name for f in one.instance._meta.concrete_fields if audit.is_kept(f)}
            ]
            before = {name: audit.kept(one.initial.get(name)) for name in fields}
            after = {name: audit.kept(one.cleaned_data.get(name)) for name in fields}
            found[what] = [before or None, None if is_gone else after]
    return found


def narrowed_by(model_admin: Any, request: HttpRequest) -> str:
    """How a list is narrowed down, in words of its address. Where it is searched by addresses, no
    part of one is told.
    """
    query = request.GET.copy()
    typed = query.get("q", "")
    if typed and getattr(model_admin, "hides_search", False) and not typed.strip().isdecimal():
        query["q"] = audit.HIDDEN
    return unquote_plus(query.urlencode())


def _audited_action(function: Any, name: str, words: str) -> Any:
    """An action on a list that writes one entry, unless it wrote its own."""
    if function is delete_selected:
        return function  # it calls `log_deletions`

    @wraps(function)
    def act(model_admin: Any, request: HttpRequest, queryset: Any) -> Any:
        model = model_admin.model
        is_whole = request.POST.get("select_across") == "1"
        keys = list(queryset.order_by().values_list("pk", flat=True)[: audit.MOST_NAMED + 1])
        is_named = len(keys) <= audit.MOST_NAMED
        if not is_named and getattr(function, "is_bulk", False):
            return function(model_admin, request, queryset)  # which writes its own
        before = audit.snapshot(model, keys) if is_named else {}
        only = list(model._base_manager.filter(pk__in=keys)) if len(keys) == 1 else []
        number = len(keys) if is_named else queryset.count()
        answer = function(model_admin, request, queryset)
        if audit.is_on_record(request):
            return answer
        changes = audit.differences(before, audit.snapshot(model, keys)) if is_named else {}
        is_question = isinstance(answer, HttpResponse) and answer.status_code == 200
        if changes or not is_question:
            audit.record(
                request,
                words,
                only,
                model=model,
                keys=keys if is_named else (),
                changes=changes,
                narrowed=narrowed_by(model_admin, request) if is_whole else "",
                number=number,
                reason=_reason(request),
            )
        return answer

    return act


class ModelAdmin(Audited, _CarefulForms, _ModelAdmin):
    """The pages of one model."""

    paginator = CappedPaginator
    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """What finds the rows of a page."""
        return KeysFirst

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
