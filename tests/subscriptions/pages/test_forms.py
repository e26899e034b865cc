"""What the forms accept, and in which words they refuse."""

import datetime as dt
import io

import pytest
from django.core.management import call_command
from django.http import QueryDict

from papers.models import Topic
from subscriptions.pages import forms
from subscriptions.pages.forms import LinkForm, PauseForm, PreferencesForm, SubscribeForm
from tests.factories import NOW, make_subscriber

pytestmark = pytest.mark.django_db


def data(**values) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in values.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return query


def valid(**values) -> QueryDict:
    return data(**({"email": "alice@example.org", "topics": ["agents"]} | values))


def chosen(**values) -> QueryDict:
    defaults = {
        "topics": ["agents", "vision"],
        "rhythm": "weekly",
        "weekday": "4",
        "hour": "0",
        "timezone": "Asia/Tokyo",
        "papers_wanted": "5",
        "paused_until": "",
    }
    return data(**(defaults | values))


def test_an_address_and_a_topic_are_enough(topics):
    form = SubscribeForm(valid())
    assert form.is_valid(), form.errors
    assert form.chosen_topics == [topics[0]]
    assert (form.choices.rhythm, form.choices.hour, form.choices.timezone) == ("daily", 7, "UTC")


def test_everything_means_every_active_topic(topics):
    Topic.objects.filter(slug="robots").update(is_active=False)
    form = SubscribeForm(data(email="alice@example.org", everything="on"))
    assert form.is_valid(), form.errors
    assert [topic.slug for topic in form.chosen_topics] == ["agents", "vision"]


def test_an_address_alone_asks_for_the_top_papers(topics):
    form = SubscribeForm(data(email="alice@example.org"))
    assert form.is_valid(), form.errors
    assert form.choices.top_papers
    assert form.chosen_topics == []
    assert str(form.chosen) == "Top papers, every day at 07:00 (UTC)"


def test_topics_without_the_box_are_topics_alone(topics):
    form = SubscribeForm(valid())
    assert form.is_valid()
    assert not form.choices.top_papers
    both = SubscribeForm(valid(top_papers="on"))
    assert both.is_valid()
    assert both.choices.top_papers
    assert both.chosen.papers == "Top papers · Agents"


@pytest.mark.parametrize(
    ("initial", "is_ticked"),
    [
        ({}, True),
        ({"topics": []}, True),
        ({"topics": ["gone"]}, True),
        ({"topics": ["agents"]}, False),
        ({"topics": ["agents"], "top_papers": True}, True),
    ],
)
def test_top_papers_are_ticked_where_nothing_else_is_named(topics, initial, is_ticked):
    assert bool(SubscribeForm(initial=initial)["top_papers"].value()) is is_ticked


def test_preferences_without_a_topic_are_refused_in_words_that_help(topics):
    alice = make_subscriber(topics=topics)
    assert not PreferencesForm(subscriber=alice, now=NOW)["top_papers"].value()
    form = PreferencesForm(chosen(topics=[]), subscriber=alice, now=NOW)
    assert "Top papers" in form.errors["topics"][0]
    form = PreferencesForm(chosen(topics=[], top_papers="on"), subscriber=alice, now=NOW)
    assert form.is_valid(), form.errors
    assert form.preferences.top_papers


@pytest.mark.parametrize("slug", ["gone", "1", "", "agents\x00", "é" * 300])
def test_a_topic_that_is_not_offered_is_refused(topics, slug):
    assert "topics" in SubscribeForm(valid(topics=["agents", slug])).errors


@pytest.mark.parametrize(
    "email",
    [
        "",
        "alice",
        "alice@",
        "@example.org",
        "a b@example.org",
        "a@b@c.org",
        "a@example.org\nBcc: b",
        "a@example.org,b@example.org",
        f"{'a' * 250}@example.org",
        "a\x00@example.org",
    ],
)
def test_what_is_not_an_address_is_refused(topics, email):
    assert "email" in SubscribeForm(valid(email=email)).errors
    assert "email" in LinkForm(data(email=email)).errors


def test_the_choice_counts_before_the_browser_and_the_browser_before_utc(topics):
    def timezone(**values):
        form = SubscribeForm(valid(**values))
        assert form.is_valid(), form.errors
        return form.choices.timezone

    assert timezone(browser_timezone="Europe/Oslo") == "Europe/Oslo"
    assert timezone(browser_timezone="Europe/Oslo", timezone="Asia/Tokyo") == "Asia/Tokyo"
    assert timezone(browser_timezone="Asia/Calcutta") == "Asia/Calcutta"  # an older name
    for nonsense in ("Mars/Olympus", "../../etc/passwd", "\x00", "x" * 100_000, ""):
        assert timezone(browser_timezone=nonsense) == "UTC"


def test_midnight_and_sunday_are_not_taken_for_nothing(topics):
    form = SubscribeForm(valid(hour="0", weekday="6", rhythm="weekly"))
    assert form.is_valid()
    assert (form.choices.hour, form.choices.weekday) == (0, 6)


@pytest.mark.parametrize(
    ("name", "value"),
    [("hour", "24"), ("hour", "-1"), ("weekday", "7"), ("rhythm", "hourly"), ("timezone", "X/Y")],
)
def test_choices_outside_the_lists_are_refused(topics, name, value):
    assert name in SubscribeForm(valid(**{name: value})).errors


def test_a_filled_trap_gives_a_robot_away(topics):
    assert SubscribeForm(valid(website="https://spam.example")).is_from_a_robot
    assert SubscribeForm(data(website="x")).is_from_a_robot
    assert not SubscribeForm(valid()).is_from_a_robot


def test_topics_stand_in_groups_in_the_editors_order(topics):
    form = SubscribeForm(initial={"topics": ["vision", topics[0].pk]})
    groups = [(g.name, [(c.slug, c.is_chosen) for c in g.chips]) for g in form.chip_groups]
    assert groups == [
        ("Doing", [("agents", True), ("robots", False)]),
        ("Seeing", [("vision", True)]),
    ]


def test_a_form_that_comes_back_keeps_what_was_ticked(topics):
    form = SubscribeForm(valid(email="", topics=["robots"]))
    assert not form.is_valid()
    assert [chip.slug for g in form.chip_groups for chip in g.chips if chip.is_chosen] == ["robots"]


def test_the_form_takes_one_query(topics, django_assert_num_queries):
    with django_assert_num_queries(1):
        form = SubscribeForm()
        form.as_div()
        _ = form.chip_groups


def test_every_zone_offered_is_one():
    assert set(forms.NEARBY_ZONES) <= forms.all_timezones()
    assert len(set(forms.NEARBY_ZONES)) == len(forms.NEARBY_ZONES)
    assert set(forms.offered_timezones()) <= forms.all_timezones()
    assert forms.offered_timezones()[0] == "UTC"


def test_preferences_start_from_what_is_held(topics):
    alice = make_subscriber(topics=topics[:2], timezone="Asia/Calcutta", papers_wanted=3)
    form = PreferencesForm(subscriber=alice, now=NOW)
    assert form["papers_wanted"].value() == 3
    assert form["timezone"].value() == "Asia/Calcutta"
    assert '<option value="Asia/Calcutta" selected>' in str(form["timezone"])
    assert [c.slug for g in form.chip_groups for c in g.chips if c.is_chosen] == [
        "agents",
        "robots",
    ]


def test_preferences_become_a_dataclass(topics):
    alice = make_subscriber()
    form = PreferencesForm(
        chosen(text_only="on", groups_by_topic="on", in_full="on"), subscriber=alice, now=NOW
    )
    assert form.is_valid(), form.errors
    wanted = form.preferences
    assert (wanted.rhythm, wanted.weekday, wanted.hour) == ("weekly", 4, 0)
    assert (wanted.text_only, wanted.learns, wanted.paused_until) == (True, False, None)
    assert wanted.groups_by_topic
    assert wanted.in_full


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("papers_wanted", "0"),
        ("papers_wanted", "51"),
        ("papers_wanted", "9" * 5000),
        ("papers_wanted", ""),
        ("hour", ""),
        ("rhythm", ""),
        ("timezone", "\x00"),
        ("paused_until", "soon"),
        ("paused_until", "9999-12-31"),
        ("paused_until", "2027-07-01"),
        ("topics", []),
    ],
)
def test_wrong_preferences_are_refused_where_they_stand(topics, name, value):
    alice = make_subscriber()
    assert name in PreferencesForm(chosen(**{name: value}), subscriber=alice, now=NOW).errors


def test_a_pause_that_has_passed_is_none(topics):
    form = PreferencesForm(chosen(paused_until="2026-06-01"), subscriber=make_subscriber(), now=NOW)
    assert form.is_valid()
    assert form.preferences.paused_until is None
    ahead = PreferencesForm(
        chosen(paused_until="2026-07-01"), subscriber=make_subscriber("b@example.org"), now=NOW
    )
    assert ahead.is_valid()
    assert ahead.preferences.paused_until == dt.date(2026, 7, 1)


@pytest.mark.parametrize("days", ["", "3", "-7", "1e9", "7\x00"])
def test_a_pause_is_one_of_those_offered(days):
    assert not PauseForm({"days": days}, now=NOW).is_valid()
    assert PauseForm({"days": "28"}, now=NOW).is_valid()


@pytest.mark.parametrize("until", ["2026-06-01", "2030-01-01", "tomorrow", "2026-02-30", "\x00"])
def test_a_pause_ends_on_a_day_to_come_and_within_a_year(until):
    assert "until" in PauseForm({"days": "7", "until": until}, now=NOW).errors
    assert PauseForm({"days": "7", "until": "2026-12-24"}, now=NOW).is_valid()


@pytest.mark.parametrize("form", [SubscribeForm, LinkForm])
def test_errors_are_tied_to_their_fields_for_screen_readers(topics, form):
    html = form(data(email="nonsense")).as_div()
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_email_error"' in html
    assert 'id="id_email_error"' in html


def test_several_fields_fold_and_one_with_something_chosen_stands_open(db):
    call_command("install_topics", "physics", "economics", verbosity=0, stdout=io.StringIO())

    shown = SubscribeForm(initial={"topics": ["gravity"]}).chip_fields

    assert [one.is_open for one in shown] == [False, True, False]
    assert [one.total for one in shown][1:] == [12, 11]


def test_one_field_shows_its_groups_alone(client, db):
    html = client.get("/subscribe/").content.decode()

    assert "topic-field" not in html
    assert "topic-group" in html
