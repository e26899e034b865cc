"""Lists that are too long to count, actions on many rows, and values that no column can hold."""

from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter.models import Delivery, IssueDraft
from papers.admin import base, large
from papers.models import Match, Paper, Topic
from subscriptions.admin import addresses
from subscriptions.models import Subscriber, Suppression
from subscriptions.readers import topic_counts
from tests.admin_pages import staff, text
from tests.factories import (
    NOW,
    make_match,
    make_notice,
    make_paper,
    make_subscriber,
    make_topic,
)
from tests.papers.admin.topic_form import change_of, filled

pytestmark = pytest.mark.django_db

SUBSCRIBERS = reverse("admin:subscriptions_subscriber_changelist")


def act(browser, action: str, *rows: Subscriber) -> int:
    """Do it with the readers; how many statements that took."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        form = {"action": action, "_selected_action": [row.pk for row in rows]}
        assert browser.post(SUBSCRIBERS, form).status_code == 302
    return len(queries)


def test_a_list_is_counted_up_to_a_limit_and_says_so(monkeypatch):
    monkeypatch.setattr(base, "MOST_COUNTED", 3)
    for number in range(5):
        make_subscriber(f"reader{number}@example.org")
    browser = staff(is_superuser=True)
    page = browser.get(SUBSCRIBERS)
    assert page.context["cl"].result_count == 3
    assert "more than 3" in text(page)
    monkeypatch.setattr(base, "MOST_PAGED", 1)
    assert browser.get(SUBSCRIBERS).context["cl"].paginator.num_pages == 1
    found = browser.get(SUBSCRIBERS, {"q": "reader1@example.org"})
    assert found.context["cl"].result_count == 1
    assert "more than" not in text(found)


def test_a_list_of_few_is_counted_exactly():
    make_subscriber()
    page = staff(is_superuser=True).get(SUBSCRIBERS)
    assert page.context["cl"].result_count == 1


def test_no_list_of_ours_counts_all_its_rows():
    ours = ("papers", "subscriptions", "newsletter")
    for model, model_admin in site._registry.items():
        if model._meta.app_label in ours:
            assert model_admin.paginator is base.CappedPaginator
            assert not model_admin.show_full_result_count, model


def test_suppressing_many_takes_as_many_statements_as_suppressing_few():
    browser = staff(is_superuser=True)
    readers = [make_subscriber(f"reader{number}@example.org") for number in range(40)]
    few = act(browser, "suppress", *readers[:2])
    many = act(browser, "suppress", *readers[2:])
    assert many <= few + 2
    assert Suppression.objects.count() == 40
    assert not Subscriber.objects.exclude(status=Subscriber.Status.SUPPRESSED).exists()


def test_sending_many_again_is_one_statement(django_assert_max_num_queries):
    from newsletter.issues.freezing import build_issue
    from tests.factories import DAY, NOW, make_delivery, make_match, make_paper

    topic = make_topic("Agents")
    make_match(make_paper("One"), topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    failed = Delivery.State.FAILED
    for number in range(30):
        make_delivery(issue, make_subscriber(f"reader{number}@example.org"), state=failed)
    done = make_delivery(issue, make_subscriber("sent@example.org"), state=Delivery.State.SENT)
    with django_assert_max_num_queries(2):
        assert Delivery.objects.resend(NOW, NOW) == 30
    assert Delivery.objects.filter(state=Delivery.State.PENDING).count() == 30
    done.refresh_from_db()
    assert done.state == Delivery.State.SENT


@pytest.mark.parametrize("position", ["2147483648", "99999999999999999999", "-1"])
def test_a_number_that_no_column_holds_is_an_error_of_the_form(position):
    topic = make_topic("Robots")
    answer = staff(is_superuser=True).post(change_of(topic), filled(topic, position=position))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["position"]
    assert Topic.objects.get(pk=topic.pk).position == topic.position


def test_a_language_that_there_is_not_is_an_error_of_the_form():
    reader = make_subscriber()
    url = reverse("admin:subscriptions_subscriber_change", args=[reader.pk])
    browser = staff(is_superuser=True)
    form = browser.get(url).context["adminform"].form
    sent = {name: form[name].value() or "" for name in form.fields}
    answer = browser.post(url, sent | {"language": "klingon"})
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["language"]
    reader.refresh_from_db()
    assert reader.language == "en"


@pytest.mark.parametrize("model", [Topic, IssueDraft, Subscriber, Paper])
def test_every_number_of_a_form_has_a_lowest_and_a_highest(model, rf):
    model_admin = site._registry[model]
    request = rf.get("/")
    request.user = staff(is_superuser=True).get("/admin/").wsgi_request.user
    for field in model._meta.concrete_fields:
        if "Integer" in field.get_internal_type() and field.editable and not field.choices:
            shown: Any = model_admin.formfield_for_dbfield(field, request)
            assert shown.max_value is not None, field
            assert shown.min_value is not None, field


def test_among_many_readers_the_beginning_of_an_address_is_looked_for(monkeypatch):
    alice = make_subscriber("alice@example.org")
    make_subscriber("malice@example.org")
    browser = staff(is_superuser=True)

    def found(typed: str) -> set[str]:
        page = browser.get(SUBSCRIBERS, {"q": typed})
        return {row.email for row in page.context["cl"].result_list}

    assert found("lice") == {"alice@example.org", "malice@example.org"}
    monkeypatch.setattr(addresses, "LARGE", 0)
    assert found("Alice") == {"alice@example.org"}
    assert found("lice") == set()
    assert "The beginning of an address" in text(browser.get(SUBSCRIBERS))
    make_notice(alice)
    page = browser.get(reverse("admin:subscriptions_notice_changelist"), {"q": "alic"})
    assert page.context["cl"].result_count == 1


def test_long_lists_are_sorted_and_filtered_by_what_an_index_has(monkeypatch):
    make_subscriber()
    browser = staff(is_superuser=True)

    def offered() -> tuple[set[str], set[str]]:
        shown = browser.get(SUBSCRIBERS).context["cl"]
        return set(shown.sortable_by), {str(spec.title) for spec in shown.filter_specs}

    columns, filters = offered()
    assert "hour" in columns
    assert "created at" in filters
    monkeypatch.setattr(large, "LARGE", 0)
    columns, filters = offered()
    assert columns == set()
    assert "created at" not in filters
    assert "status" in filters


def test_a_long_list_of_topics_shows_what_was_counted_last(monkeypatch):
    topic = make_topic("Robots")
    make_match(make_paper(), topic)
    make_subscriber(topics=[topic])
    monkeypatch.setattr(large, "LARGE", 0)
    browser = staff(is_superuser=True)
    url = reverse("admin:papers_topic_changelist")
    assert "not counted yet" in text(browser.get(url))
    topic_counts.count(NOW)
    for order in ("5", "-6"):
        rows = browser.get(url, {"o": order}).context["cl"].result_list
        row = next(row for row in rows if row.pk == topic.pk)
        assert (row.reader_count, row.match_count) == (1, 1)


def test_deleting_a_topic_says_how_many_matches_go_along():
    topic = make_topic("Robots")
    for _ in range(3):
        make_match(make_paper(), topic)
    page = text(staff(is_superuser=True).get(reverse("admin:papers_topic_delete", args=[topic.pk])))
    assert "3 matches" in page
    assert page.count("Paper number") == 0


def test_a_page_of_a_list_is_found_by_its_keys_first(monkeypatch):
    topics = [make_topic(name) for name in ("Robots", "Batteries", "Proteins")]
    for number in range(7):
        make_match(make_paper(f"Paper {number}"), topics[number % 3], score=float(number))
    model_admin = site.get_model_admin(Match)
    monkeypatch.setattr(model_admin, "list_per_page", 2)
    browser = staff(is_superuser=True)
    url = reverse("admin:papers_match_changelist")
    by_score = f"o=-{1 + model_admin.list_display.index('shown_score')}"  # after the boxes

    with CaptureQueriesContext(connection) as asked:
        page = browser.get(f"{url}?{by_score}&p=2")

    assert [match.score for match in page.context["cl"].result_list] == [4.0, 3.0]
    asked_for = [one["sql"] for one in asked if 'FROM "papers_match"' in one["sql"]]
    with_papers = [sql for sql in asked_for if 'JOIN "papers_paper"' in sql]
    assert len(with_papers) == 1
    assert "OFFSET" not in with_papers[0]
    narrowed = browser.get(f"{url}?{by_score}&topic__id__exact={topics[0].pk}")
    assert [match.score for match in narrowed.context["cl"].result_list] == [6.0, 3.0]


@pytest.mark.parametrize(
    ("query", "said"),
    [("", "There is nothing here yet."), ("?q=robots", "Nothing matches.")],
)
def test_an_empty_list_says_whether_there_is_anything_at_all(query, said):
    page = staff(is_superuser=True).get(reverse("admin:papers_join_changelist") + query)
    assert said in text(page)
    assert "yielded" not in text(page)
