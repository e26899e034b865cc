"""Whatever a person does in the admin is on record: who, what, before and after, and no address."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from newsletter.models import ApiToken, Delivery, Issue, Letter, Trouble, Webhook
from papers import audit
from papers.admin.base import STANDARD_VIEWS
from papers.models import AuditEntry, BulkAction, Paper, Source, Topic
from subscriptions.models import ImportRun, Notice, ReaderExport, Subscriber, Suppression
from tests.admin_pages import staff, text
from tests.factories import NOW, make_paper, make_subscriber, make_topic
from tests.newsletter.admin.test_every_view import (
    FOR_ALL_STAFF,
    SUPERUSER,
    expected,
    person,
    rows,  # noqa: F401 - a fixture
    url_names,
)
from tests.papers.admin.topic_form import change_of, filled

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rows")]

OURS = ("newsletter", "papers", "subscriptions")
FORM = {"reason": "Because", "post": "yes", "_sure": "yes", "note": "x"}

ACTIONS = [
    (model, name)
    for model, model_admin in sorted(admin.site._registry.items(), key=lambda one: str(one[0]))
    if model._meta.app_label in OURS
    for name in model_admin.actions or ()
    if name != "delete_selected"  # afterwards there is no page with a history
]

ACTING: dict[str, tuple[Any, dict[str, Any]]] = {
    "papers_topic_packs": (None, {"_install": "1", "packs": ["biology"]}),
    "papers_paper_desk": (Paper, {"what": "list", "day": "next"}),
    "papers_bulkaction_stop": (BulkAction, {}),
    "papers_source_fetch": (Source, {}),
    "papers_source_token": (Source, {"_token": "1"}),
    "subscriptions_notice_resend_one": (Notice, {}),
    "newsletter_delivery_resend_one": (Delivery, {}),
    "newsletter_webhook_send_test": (Webhook, {}),
    "newsletter_webhook_show_secret": (Webhook, {}),
    "newsletter_webhook_rotate_secret": (Webhook, {}),
    "newsletter_apitoken_revoke": (ApiToken, {}),
    "newsletter_issue_approve": (Issue, {}),
    "newsletter_issue_drop": (Issue, {}),
    "newsletter_issue_correct_place": (Issue, {"what": "hide"}),
    "newsletter_issue_pause_one": (Issue, {}),
    "newsletter_issue_resume_one": (Issue, {}),
    "newsletter_issue_stop_one": (Issue, {"is_sure": "True"}),
    "newsletter_letter_submit": (Letter, {}),
    "newsletter_letter_approve": (Letter, {}),
    "newsletter_letter_pause_one": (Letter, {}),
    "newsletter_letter_resume_one": (Letter, {}),
    "newsletter_letter_stop_one": (Letter, {"is_sure": "True"}),
    "subscriptions_importrun_start": (ImportRun, {"way": "ask"}),
    "subscriptions_importrun_stop": (ImportRun, {}),
    "subscriptions_readerexport_download": (None, {"table": "subscriptions"}),
    "newsletter_trouble_test_alert": (None, {}),
}
"""The views that act, with the form that makes them act on the row of the model."""

STATES = {"pause_one": "running", "resume_one": "paused", "stop_one": "running"}
"""The states in which something can be paused, resumed and stopped, by the end of the view."""

TESTED_APART = {
    *("newsletter_issuedraft_arrange", "newsletter_issuedraft_example"),
    *("newsletter_issue_example", "newsletter_letter_look"),
}
"""Views that act on rows of another model, see the tests of Today; and those that send a test to
whoever has an address, see the tests of letters.
"""

LOOKING = {
    *("papers_topic_preview", "papers_source_try", "papers_site_preview"),
    *("papers_source_opml", "newsletter_issue_preview", "newsletter_issue_why_not"),
    *("newsletter_issue_correct", "newsletter_delivery_why_not"),
    *("newsletter_trouble_status", "newsletter_dailycount_issue", "newsletter_dailycount_topic"),
    *("subscriptions_importrun_report", "subscriptions_subscriber_forms"),
}
"""Views that change nothing; a file of feeds is tested where it is read."""


def newest() -> AuditEntry:
    return AuditEntry.objects.order_by("-pk")[0]


@pytest.fixture
def ready(rows):  # noqa: F811 - the fixture
    """Rows in states in which something can be done to them."""
    AuditEntry.objects.all().delete()
    ImportRun.objects.update(state=ImportRun.State.CHECKED)
    Issue.objects.update(state=Issue.State.WAITING)
    return rows


@pytest.mark.parametrize(("model", "name"), ACTIONS)
def test_every_action_on_a_list_is_on_record(model, name, ready):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    form = FORM | {"action": name, "_selected_action": [str(ready[model].pk)]}
    browser = person(SUPERUSER)
    answer = browser.post(url, form)
    if answer.status_code == 200 and not AuditEntry.objects.exists():
        # It asks first; the page has the form that does it.
        asked = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', text(answer)))
        browser.post(url, asked | form)
    entry = newest()
    assert entry.by == "staff"
    assert entry.user is not None
    assert entry.model == model._meta.label_lower
    assert entry.reason == "Because"
    assert "Because" in text(
        browser.get(
            reverse(
                f"admin:{model._meta.app_label}_{model._meta.model_name}_history",
                args=[ready[model].pk],
            )
        )
    )


def test_every_view_of_ours_is_known_to_act_or_not():
    ours = {name for name in url_names() if name.startswith(tuple(f"{app}_" for app in OURS))}
    own = {name for name in ours if not name.endswith(tuple(f"_{one}" for one in STANDARD_VIEWS))}
    assert own - FOR_ALL_STAFF == {*ACTING, *LOOKING, *TESTED_APART}


@pytest.mark.parametrize("name", ACTING)
def test_every_view_that_acts_is_on_record(name, ready, tmp_path, settings):
    model, form = ACTING[name]
    settings.ALERT_WEBHOOK_URL = "http://127.0.0.1:9/"
    if name.endswith("importrun_stop"):
        ImportRun.objects.update(state=ImportRun.State.RUNNING)
    if name == "papers_source_token":
        Source.objects.filter(pk=ready[Source].pk).update(kind="pushed")
    for end, state in STATES.items():
        if name.endswith(end):
            model.objects.update(state=state)
    browser = person(SUPERUSER)
    answer = browser.post(expected(SUPERUSER, ready)[name][0], FORM | form)
    assert answer.status_code in (200, 302)
    entry = newest()
    assert entry.by == "staff"
    if model is not None:
        assert entry.model == model._meta.label_lower
        assert list(entry.objects_named.values_list("object_id", flat=True)) == [
            str(ready[model].pk)
        ]


def test_a_saved_form_says_what_was_there_before_and_after():
    topic = make_topic("Robots", keywords=["robot arm"])
    browser = staff(is_superuser=True)
    url, form = change_of(topic), filled(topic, name="Robotics", keywords="robot arm\ngripper")
    assert browser.post(url, form).status_code == 302
    entry = newest()
    changed = entry.changes[str(topic.pk)]
    assert changed["name"] == ["Robots", "Robotics"]
    assert changed["keywords"] == [["robot arm"], ["robot arm", "gripper"]]
    page = text(browser.get(reverse("admin:papers_topic_history", args=[topic.pk])))
    assert "Robots" in page
    assert "gripper" in page


def test_one_goes_back_to_before_a_change_and_all_after_it():
    topic = make_topic("Robots", keywords=["one"])
    browser = staff(is_superuser=True)
    for name, words in (("Robotics", "one"), ("Robotics", "one\ntwo")):
        browser.post(change_of(topic), filled(topic, name=name, keywords=words))
    first = audit.history_of(Topic, topic.pk).order_by("pk")[0]
    back = reverse("admin:papers_topic_restore", args=[topic.pk, first.pk])
    assert "Robotics" in text(browser.get(back))
    topic.refresh_from_db()
    assert topic.name == "Robotics"  # looking changes nothing
    assert browser.post(back).status_code == 302
    topic.refresh_from_db()
    assert (topic.name, topic.keywords) == ("Robots", ["one"])
    assert newest().what.startswith("went back")
    assert staff_may_not(back)


def test_a_reader_gets_earlier_settings_back_and_the_next_digest_with_them():
    topic = make_topic("Robots")
    reader = make_subscriber("charlie@example.org", hour=7, topics=[topic], next_digest_at=None)
    reader.reschedule(timezone.now())
    reader.save()
    before = reader.next_digest_at
    browser = staff(is_superuser=True)
    page = reverse("admin:subscriptions_subscriber_change", args=[reader.pk])
    form = browser.get(page).context["adminform"].form
    typed = {name: x for name, x in form.initial.items() if x is not None and x is not False}
    inlines: dict[str, Any] = {}
    for one in browser.get(page).context["inline_admin_formsets"]:
        shown = one.formset.forms
        for part in ("TOTAL_FORMS", "INITIAL_FORMS"):
            inlines[f"{one.formset.prefix}-{part}"] = str(len(shown))
        for row in shown:  # which are only looked at
            inlines |= {f"{row.prefix}-id": row.instance.pk, f"{row.prefix}-subscriber": reader.pk}
    assert browser.post(page, {**typed, **inlines, "hour": "19"}).status_code == 302
    reader.refresh_from_db()
    assert (reader.hour, reader.next_digest_at == before) == (19, False)
    entry = audit.history_of(Subscriber, reader.pk).get()
    assert set(entry.changes[str(reader.pk)]) == {"hour", "next_digest_at"}
    back = reverse("admin:subscriptions_subscriber_restore", args=[reader.pk, entry.pk])
    assert browser.post(back).status_code == 302
    reader.refresh_from_db()
    assert (reader.hour, reader.next_digest_at) == (7, before)
    assert reader.consents.latest("pk").wording == "an editor took back a change of hour"


def test_an_account_that_was_switched_off_is_switched_on_again_by_those_who_may():
    bob = User.objects.create_user("bob", is_staff=True)
    browser = staff(is_superuser=True)
    page = reverse("admin:auth_user_change", args=[bob.pk])
    form = browser.get(page).context["adminform"].form
    typed = {name: x for name, x in form.initial.items() if x is not None and x is not False}
    joined = {f"date_joined_{at}": text for at, text in enumerate(["2026-06-10", "08:00:00"])}
    typed = {**typed, **joined, "is_active": "", "is_staff": "on"}
    assert browser.post(page, typed).status_code == 302
    bob.refresh_from_db()
    assert not bob.is_active
    entry = audit.history_of(User, bob.pk).get()
    back = reverse("admin:auth_user_restore", args=[bob.pk, entry.pk])
    assert browser.post(back).status_code == 302
    bob.refresh_from_db()
    assert (bob.is_active, bob.is_staff) == (True, True)
    assert staff_may_not(back)
    User.objects.filter(pk=bob.pk).update(is_superuser=True)
    User.objects.get(username="staff").delete()
    helper = staff("auth.view_user", "auth.change_user")
    assert (helper.get(back).status_code, helper.post(back).status_code) == (403, 403)


def staff_may_not(url: str) -> bool:
    """Whether somebody who may only look is refused."""
    User.objects.filter(username="staff").delete()
    browser = staff("papers.view_topic")
    return (browser.get(url).status_code, browser.post(url).status_code) == (403, 403)


def test_what_cannot_stand_again_is_refused_and_nothing_is_lost():
    topic = make_topic("Robots")
    browser = staff(is_superuser=True)
    request = RequestFactory().post("/")
    request.user = browser.get("/admin/").wsgi_request.user
    entry = audit.record(
        request, "changed", topic, changes={str(topic.pk): {"name": ["", "Robots"]}}
    )
    answer = browser.post(reverse("admin:papers_topic_restore", args=[topic.pk, entry.pk]))
    assert answer.status_code == 200
    assert "history-error" in text(answer)
    topic.refresh_from_db()
    assert topic.name == "Robots"


def test_an_action_on_many_is_one_entry_with_filter_and_number():
    for number in range(audit.MOST_NAMED + 1):
        make_topic(f"Topic {number}")
    browser = staff(is_superuser=True)
    url = reverse("admin:papers_topic_changelist") + "?q=Topic"
    browser.post(
        url,
        {
            "action": "deactivate",
            "select_across": "1",
            "_selected_action": [Topic.objects.filter(name="Topic 1").get().pk],
        },
    )
    entry = newest()
    assert (entry.number, entry.filter) == (audit.MOST_NAMED + 1, "q=Topic")
    assert not entry.objects_named.exists()
    assert not entry.changes


def test_no_address_and_no_secret_is_in_any_history():
    reader = make_subscriber("charlie@example.org")
    browser = staff(is_superuser=True)
    page = reverse("admin:subscriptions_subscriber_changelist")
    browser.post(
        page + "?q=charlie@example.org",
        {
            "action": "unsubscribe",
            "_selected_action": [reader.pk],
            "select_across": "1",
            "reason": "charlie@example.org asked",
        },
    )
    browser.post(
        reverse("admin:subscriptions_suppression_add"),
        {"email": "charlie@example.org", "reason": Suppression.Reason.REQUEST},
    )
    source = Source.objects.create(
        slug="x", name="X", kind="github_stars", settings={"token": "hush", "limit": 3}
    )
    audit.record(
        browser.get("/admin/").wsgi_request.user,
        "changed",
        source,
        changes=audit.differences({}, audit.snapshot(Source, [source.pk])),
    )
    delete = reverse("admin:subscriptions_subscriber_delete", args=[reader.pk])
    assert browser.post(delete, {"post": "yes"}).status_code == 302
    assert not Subscriber.objects.filter(pk=reader.pk).exists()
    everything = [*AuditEntry.objects.values(), *LogEntry.objects.values()]
    assert f"reader {reader.pk}" in str(everything)
    assert "charlie" not in str(everything)
    assert "hush" not in str(everything)


def test_going_back_keeps_a_secret_that_the_record_never_had():
    source = Source.objects.create(
        slug="x", name="X", kind="github_stars", settings={"token": "hush", "limit": 3}
    )
    assert audit.with_secrets_of(source.settings, {"limit": 2}) == {"token": "hush", "limit": 2}


def test_a_form_that_changes_nothing_writes_no_entry():
    paper = make_paper("A title")
    browser = staff(is_superuser=True)
    page = browser.get(reverse("admin:papers_paper_change", args=[paper.pk]))
    form = page.context["adminform"].form
    sent = {name: form[name].value() or "" for name in form.fields}
    for inline in page.context["inline_admin_formsets"]:
        management = inline.formset.management_form
        sent |= {management[name].html_name: management[name].value() for name in management.fields}
    browser.post(reverse("admin:papers_paper_change", args=[paper.pk]), sent)
    assert not AuditEntry.objects.filter(model="papers.paper").exists()


def test_who_looks_at_the_record_needs_its_permission():
    topic = make_topic("Robots")
    audit.record(staff_user(), "changed", topic)
    browser = staff("papers.view_auditentry")
    assert "Robots" in text(browser.get(reverse("admin:papers_auditentry_changelist")))
    entry = reverse("admin:papers_auditentry_change", args=[newest().pk])
    assert browser.get(entry).status_code == 200
    assert browser.post(entry, {"what": "nothing"}).status_code == 403


def staff_user():
    from django.contrib.auth.models import User

    return User.objects.create_user("editor", is_staff=True)


def test_an_export_says_what_was_taken_along(ready):
    person(SUPERUSER).post(
        reverse("admin:subscriptions_readerexport_download"), {"table": "suppressions"}
    )
    assert newest().what == "exported suppressions"
    assert newest().model == ReaderExport._meta.label_lower
    assert Trouble.objects.exists()
    assert NOW
