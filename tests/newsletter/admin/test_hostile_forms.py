"""Whatever is typed into a form of the admin or put where an id belongs is answered, without a
fault.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import FileField, formsets
from django.http import QueryDict
from django.template.response import TemplateResponse
from django.test import override_settings
from django.urls import NoReverseMatch, URLPattern, URLResolver, reverse

from newsletter.models import Delivery, Event, Issue
from papers.models import Acronym, FittedModel, Pick
from subscriptions.models import ImportRun, ReaderExport, Submission, Suppression
from tests.every_page import make_hostile_site
from tests.factories import NOW
from tests.made_once import until_the_end

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("site"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

OURS = [m for m in admin.site._registry if m._meta.app_label not in ("auth", "axes")]

VALUES = [
    "",
    "\0",
    "a\0b",
    "NaN",
    "1e5",
    "Infinity",
    "-1",
    "0",
    "1.5",
    "²",
    "99999",
    "9" * 19,
    "9" * 5_000,
    "2026-06-10",
    "0000-00-00",
    '{"a": "\\u0000"}',
    "\ud800",
    "\u202e\u2067\ufeff",
    "\r\n\x1b\x85\u2028",
    "'; --",
    "<script>alert(1)</script>{{ 7|add:7 }}",
    "alice@example.org\0",
    "W" * 20_000,
]
"""What is put into all fields at once, and where an id belongs."""

SHARPEST = ["a\0b", "NaN", "1e5", "9" * 19, "2026-06-10", "\ud800"]
"""What is put into each field alone."""

DIFFERENT = ["a\0b", "9" * 19, "\ud800"]
"""What is put where all pages have Django's own fields: they are read by the same code."""

QUERIES = ["action", "_selected_action", "index", "select_across", "q", "o", "p", "e", "_to_field"]


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[None]:
    """Rows of every model, most of which mean harm."""
    mailbox = "newsletter.mail.local_mailbox.MailboxBackend"
    with (
        pytest.MonkeyPatch.context() as patch,
        override_settings(MAILBOX_DIR=tmp_path_factory.mktemp("mailbox"), EMAIL_BACKEND=mailbox),
        until_the_end(django_db_blocker),
    ):
        # A form that claims to have 99,999 rows is cut at twice this number.
        patch.setattr(formsets, "DEFAULT_MAX_NUM", 10)
        make_site()
        yield


def make_site() -> None:
    make_hostile_site()
    delivery = Delivery.objects.order_by("pk").first()
    Event.objects.create(
        delivery=delivery, provider="Test", event_id="1", kind="sent", at=NOW, received_at=NOW
    )
    Acronym.objects.create(short="vlm", stems="vision languag model", long="vision language model")
    FittedModel.objects.create(version="2026061008", started_at=NOW, data=b"x")
    Suppression.objects.add_address("bob@example.org", Suppression.Reason.REQUEST, NOW)
    ImportRun.objects.create(profile="other", file_name="a.csv", file_size=1, created_at=NOW)
    ReaderExport.objects.create(what="readers", by="alice", at=NOW)
    assert Pick.objects.exists()
    assert Issue.objects.exists()
    # Of one that waits arXiv has said what it is, and of these nobody has.
    assert Submission.objects.update(state=Submission.State.MISSING)


def fault_of(client: Any, method: str, path: str, data: Any = None) -> object | None:
    """What went wrong with a request, or None; what it changed is undone."""
    return answer_of(client, method, path, data)[0]


def answer_of(client: Any, method: str, path: str, data: Any = None) -> tuple[object | None, bool]:
    """What went wrong with a request, or None, and whether it was acted upon; what it changed is
    undone.
    """
    sent = urlencode(data or {}, doseq=True, errors="surrogatepass")
    status: object
    with transaction.atomic():
        try:
            if method == "post":
                kind = "application/x-www-form-urlencoded"
                status = client.generic("POST", path, sent, kind).status_code
            else:
                status = client.generic("GET", path, QUERY_STRING=sent).status_code
        except Exception as error:
            status = repr(error)[:300]
        transaction.set_rollback(True)
    if isinstance(status, int) and status < 500:
        return None, status == 302
    return (method, path[:80], sent[-80:], status), False


@contextmanager
def unrendered() -> Iterator[None]:
    """The view is asked all the same, and its page, which others have shown, is not written out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TemplateResponse, "rendered_content", "")
        yield


def forms(client: Any, model: Any) -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """The path of each form about the model, with what the form holds when it is opened, and the
    forms that it consists of.
    """
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    for one in [None, *model._default_manager.order_by("pk")[:1]]:
        kind = "add" if one is None else "change"
        try:
            path = reverse(f"admin:{name}_{kind}", args=[] if one is None else [one.pk])
        except NoReverseMatch:
            continue  # counts have pages of their own, and no form
        page = client.get(path)
        if page.status_code != 200 or "adminform" not in page.context:
            continue
        parts = [page.context["adminform"].form]
        for formset in page.context["inline_admin_formsets"]:
            parts += [formset.formset.management_form, *formset.formset.forms]
        held = {name: value for part in parts for name, value in values_of(part).items()}
        yield path, held, parts


def values_of(form: Any) -> dict[str, Any]:
    """What a browser sends of an untouched form."""
    values: dict[str, Any] = {}
    for bound in form:
        value = bound.field.prepare_value(bound.value())
        split = getattr(bound.field.widget, "widgets", None)
        if split:  # a day and a time of day are two fields on the page
            parts = bound.field.widget.decompress(value) if value else [None] * len(split)
            values |= {f"{bound.html_name}_{n}": part or "" for n, part in enumerate(parts)}
        elif value is not None and value is not False:
            values[bound.html_name] = value
        else:
            values[bound.html_name] = ""
    return values


def of_each_kind(names: Iterable[str]) -> list[str]:
    """The names, of the rows below a form those of one row: the others are handled alike."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(re.sub(r"-(?:\d+|__prefix__)-", "-#-", name), name)
    return list(found.values())


def taken(parts: list[Any], names: Iterable[str], value: str) -> list[str]:
    """The names of the fields that don't turn the value down by themselves.

    One that does was seen to among all others: nothing else of the form is asked about it.
    """
    sent = QueryDict(urlencode(dict.fromkeys(names, value), errors="surrogatepass"))
    found = dict.fromkeys(names)
    for bound in (bound for part in parts for bound in part):
        if bound.html_name not in found:
            continue
        try:
            typed = bound.field.widget.value_from_datadict(sent, {}, bound.html_name)
            if isinstance(bound.field, FileField):
                bound.field.clean(typed, bound.initial)
            else:
                bound.field.clean(typed)
        except ValidationError:
            del found[bound.html_name]
    return list(found)


def saved_or_split(
    client: Any, path: str, held: dict[str, Any], names: list[str], value: str
) -> Iterator[object | None]:
    """What went wrong where these fields hold the value and all others are right.

    Where the form as a whole turns them down, each half is tried, down to each field alone: so
    every value that can be saved is.
    """
    if not names:
        return
    fault, is_saved = answer_of(client, "post", path, held | dict.fromkeys(names, value))
    yield fault
    if (fault or not is_saved) and len(names) > 1:
        half = len(names) // 2
        yield from saved_or_split(client, path, held, names[:half], value)
        yield from saved_or_split(client, path, held, names[half:], value)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_no_value_in_any_field_is_a_fault(client, model):
    faults = []
    for path, held, parts in forms(client, model):
        typed = [dict.fromkeys(held, value) for value in VALUES]
        typed.append({"_selected_action": "\0", "_saveasnew": "1"})
        for each in typed:
            faults.append(fault_of(client, "post", path, held | each))
        # Every value was shown above, in every field. Here the others are right, and it is saved.
        with unrendered():
            for value in SHARPEST:
                names = taken(parts, of_each_kind(held), value)
                faults += saved_or_split(client, path, held, names, value)
            for value in SHARPEST:
                each = {"_selected_action": value, "_saveasnew": "1"}
                faults.append(fault_of(client, "post", path, held | each))
    faults = list(filter(None, faults))
    assert not faults, "\n".join(map(str, faults))


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_no_value_in_any_action_is_a_fault(client, model):
    path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    model_admin = admin.site._registry[model]
    faults = []
    for action in [*model_admin.actions, "delete_selected", "none", "\0"]:
        for value in VALUES if action == "delete_selected" else SHARPEST:
            form = {"action": action, "_selected_action": [value], "index": "0", "reason": value}
            faults.append(fault_of(client, "post", path, form))
        with unrendered():
            for name in ("index", "select_across", "post"):
                some = {"action": action, "_selected_action": ["1"], "index": "0", "reason": "no"}
                faults += [
                    fault_of(client, "post", path, some | {name: value}) for value in DIFFERENT
                ]
    faults = list(filter(None, faults))
    assert not faults, "\n".join(map(str, faults))


def patterns_with_ids() -> list[str]:
    """The route of each address of the admin in which a value stands."""

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
        for each in patterns:
            route = before + str(getattr(each.pattern, "_route", ""))
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, route)
            elif "<" in route:
                yield route

    return list(walk(admin.site.urls[0], "/admin/"))


@pytest.mark.parametrize("route", patterns_with_ids())
def test_nothing_where_an_id_belongs_is_a_fault(client, route):
    faults = []
    head, _, rest = route.partition("<")
    tail = rest.partition(">")[2].replace("<path:object_id>", "1")
    for value in filter(None, VALUES):
        path = head + quote(value.encode("utf-8", "surrogatepass"), safe="") + tail
        faults.append(fault_of(client, "get", path[:6_000]))
        if value in SHARPEST:
            faults.append(fault_of(client, "post", path[:6_000]))
    faults = list(filter(None, faults))
    assert not faults, "\n".join(map(str, faults))


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_nothing_in_the_address_of_a_list_is_a_fault(client, model):
    path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    page = client.get(path, follow=True)  # of what there is one of, its page
    names = {*QUERIES, "pk", "id__in", "pk__range", "pk__isnull", "nothing", "nothing__day"}
    names |= {"month"} if "cl" not in page.context else set()  # of the pages of statistics
    for spec in page.context["cl"].filter_specs if "cl" in page.context else ():
        names |= set(spec.expected_parameters())
    if hierarchy := admin.site._registry[model].date_hierarchy:
        names |= {f"{hierarchy}__{part}" for part in ("year", "month", "day", "gte", "lt")}
    faults = []
    for name, shown in zip(sorted(names), cycle(SHARPEST), strict=False):
        faults.append(fault_of(client, "get", path, {name: shown}))
        with unrendered():
            values = DIFFERENT if name in QUERIES else SHARPEST
            faults += [fault_of(client, "get", path, {name: value}) for value in values]
    faults = list(filter(None, faults))
    assert not faults, "\n".join(map(str, faults))
