"""A kind of source is one file: found, configured, fetched, stored and frozen."""

import datetime as dt
import io

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.urls import reverse

from newsletter.issues.freezing import freeze_due
from papers import sources
from papers.ingest.fetching import fetch_day, refresh
from papers.models import Feature, Paper, Source
from papers.sources import registry
from papers.sources.settings import BadSetting, declared, read
from tests.factories import DAY, NOW, make_source

pytestmark = pytest.mark.django_db

LISTED = [
    {
        "arxiv": f"2606.0000{number}",
        "title": f"Paper {number}",
        "about": "We study something.",
        "readers": number,
        "by": "Alice",
        "shelf": shelf,
    }
    for number, shelf in enumerate(("systems", "theory", "systems"), 1)
]


def titles() -> set[str]:
    return set(Paper.objects.values_list("title", flat=True))


def change_of(source: Source) -> str:
    return reverse("admin:papers_source_change", args=[source.pk])


def add(admin_client, name: str, slug: str) -> Source:
    form = {"name": name, "slug": slug, "kind": "reading-list"}
    answer = admin_client.post(reverse("admin:papers_source_add"), form)
    added = Source.objects.get(slug=slug)
    assert (answer.status_code, answer["Location"]) == (302, change_of(added))
    return added


FILLED = {
    "is_active": "on",
    "wait_minutes": "60",
    "setting_address": "https://list.example.org/list.json",
    "setting_shelves": "systems\r\n\r\n systems \r\nrobots",
    "setting_every_minutes": "",
    "setting_most_papers": "100",
}


def test_a_new_file_goes_the_whole_road(admin_client, example_kind, led_here):
    led_here.expect_request("/list.json", query_string={"day": DAY.isoformat()}).respond_with_json(
        LISTED
    )
    Source.objects.update(is_active=False)

    added = add(admin_client, "Systems group", "systems")
    assert not added.is_active
    page = admin_client.get(change_of(added)).content.decode()
    assert "Shelves to take, one a line." in page
    assert admin_client.post(change_of(added), FILLED | {"name": added.name}).status_code == 302

    added.refresh_from_db()
    assert added.settings == {
        "address": "https://list.example.org/list.json",
        "shelves": ["systems", "robots"],
        "every_minutes": 0,
        "most_papers": 100,
    }
    with time_machine.travel(NOW):
        out = io.StringIO()
        call_command("fetch_papers", stdout=out)
    assert f"{DAY}: 2 papers: 2 new" in out.getvalue()
    assert titles() == {"Paper 1", "Paper 3"}
    added.refresh_from_db()
    run = added.last_run or {}
    assert (run["day"], run["outcome"], run["papers"]) == (str(DAY), "ok", 2)
    assert "2 papers, 2 new" in admin_client.get(change_of(added)).content.decode()

    issue = freeze_due(NOW)
    assert issue is not None
    assert (issue.places.count(), issue.missing) == (2, [])


def test_several_sources_of_one_kind_are_fetched_each_with_its_settings(
    admin_client, example_kind, led_here
):
    led_here.expect_request("/list.json").respond_with_json(LISTED)
    for shelf in ("systems", "theory"):
        added = add(admin_client, f"{shelf} group", shelf)
        form = FILLED | {"name": added.name, "setting_shelves": shelf}
        assert admin_client.post(change_of(added), form).status_code == 302

    summary = fetch_day(DAY, NOW, Source.objects.get(slug="systems"))
    assert (summary.new, titles()) == (2, {"Paper 1", "Paper 3"})
    summary = fetch_day(DAY, NOW, Source.objects.get(slug="theory"))
    assert summary.new == 1
    listed = dict(Feature.objects.values_list("paper__title", "source__slug"))
    assert listed == {"Paper 1": "systems", "Paper 2": "theory", "Paper 3": "systems"}


def test_two_sources_have_not_one_name(admin_client, example_kind):
    add(admin_client, "Systems group", "systems")
    form = {"name": "Systems group", "slug": "other", "kind": "reading-list"}

    answer = admin_client.post(reverse("admin:papers_source_add"), form)

    assert "already exists" in answer.content.decode()
    assert not Source.objects.filter(slug="other").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"setting_address": ""}, "be empty."),
        ({"setting_address": "http://list.example.org/"}, "Enter a plain https address"),
        ({"setting_address": "https://a:b@list.example.org/"}, "Enter a plain https address"),
        ({"setting_address": "https://list.example.org:8080/"}, "Enter a plain https address"),
        ({"setting_address": "https://[list/"}, "Enter a plain https address"),
        ({"setting_address": f"https://list.example.org/{'a' * 500}"}, "at most 500 characters"),
        ({"setting_most_papers": "0"}, "Enter at least 1."),
        ({"setting_most_papers": "20001"}, "Enter at most 20,000."),
        ({"setting_most_papers": "many"}, "Enter a whole number."),
        ({"setting_every_minutes": "-1"}, "Enter at least 0."),
        ({"setting_shelves": "a" * 501}, "lines of up to 500 characters"),
        ({"wait_minutes": "361"}, "less than or equal to 360"),
        ({"wait_minutes": "-1"}, "greater than or equal to 0"),
        ({"wait_minutes": ""}, "This field is required."),
    ],
)
def test_what_a_setting_does_not_take_is_said_and_not_stored(
    admin_client, example_kind, changes, said
):
    added = add(admin_client, "Systems group", "systems")

    answer = admin_client.post(change_of(added), FILLED | {"name": added.name} | changes)

    assert said in answer.content.decode()
    added.refresh_from_db()
    assert (added.settings, added.is_active) == ({}, False)


def test_the_longest_wait_is_taken(admin_client, example_kind):
    added = add(admin_client, "Systems group", "systems")
    form = FILLED | {"name": added.name, "wait_minutes": "360"}
    assert admin_client.post(change_of(added), form).status_code == 302


def test_who_may_only_look_sees_the_settings(client, django_user_model, example_kind):
    from django.contrib.auth.models import Permission

    user = django_user_model.objects.create_user("bob", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_source"))
    client.force_login(user)
    source = Source.objects.create(
        kind="reading-list", slug="systems", name="Systems", settings={"shelves": ["systems"]}
    )

    page = client.get(change_of(source)).content.decode()

    assert "Shelves: [&#x27;systems&#x27;]" in page or "Shelves: systems" in page
    assert "setting_shelves" not in page


@pytest.mark.parametrize("kind", ["community", "gone-since"])
def test_a_source_that_is_fetched_from_nowhere_has_a_page(admin_client, kind):
    source = Source.objects.create(kind=kind, slug="odd", name="Odd")
    assert admin_client.get(change_of(source)).status_code == 200
    assert admin_client.get(reverse("admin:papers_source_changelist")).status_code == 200
    assert source not in registry.active_sources()


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({}, "Address: This can't be empty."),
        ({"address": 7}, "Address: This is not a text."),
        ({"address": "https://a.example.org", "most_papers": True}, "Papers per day, at most"),
        ({"address": "https://a.example.org", "most_papers": "7"}, "Papers per day, at most"),
        ({"address": "https://a.example.org", "shelves": "systems"}, "Shelves"),
        ({"address": "https://a.example.org", "shelves": [1]}, "Shelves"),
    ],
)
def test_settings_that_do_not_hold_fail_the_fetch_with_a_sentence(example_kind, stored, said):
    source = Source.objects.create(
        kind="reading-list", slug="systems", name="Systems", settings=stored
    )

    (failure,) = fetch_day(DAY, NOW, source).failures

    assert failure.startswith("The settings of Systems aren't valid. ")
    assert said in failure
    source.refresh_from_db()
    assert source.last_error == failure[:300]


def test_settings_of_a_later_version_are_passed_over_and_kept(admin_client, example_kind):
    stored = {"address": "https://a.example.org", "of_later": 1}
    assert read(example_kind.Settings, stored) == example_kind.Settings(
        address="https://a.example.org"
    )
    with pytest.raises(BadSetting):
        read(example_kind.Settings, None)
    source = Source.objects.create(
        kind="reading-list", slug="systems", name="Systems", settings=stored
    )
    admin_client.post(change_of(source), FILLED | {"name": "Systems"})
    source.refresh_from_db()
    assert (source.settings or {})["of_later"] == 1


def test_no_more_papers_are_taken_than_the_settings_say(example_kind, led_here):
    led_here.expect_request("/").respond_with_json(LISTED)
    settings = example_kind.Settings(address="https://list.example.org/", most_papers=2)
    assert len(example_kind(settings).fetch(DAY).records) == 2


def test_a_row_asks_no_host_of_our_own_network(example_kind, settings):
    settings.FETCH_ATTEMPTS = 1
    stored = {"address": "https://169.254.169.254/latest/meta-data"}
    source = Source.objects.create(
        kind="reading-list", slug="systems", name="Systems", settings=stored
    )
    (failure,) = fetch_day(DAY, NOW, source).failures
    assert "is not public" in failure


def test_a_kind_that_breaks_costs_only_itself(example_kind, led_here, monkeypatch):
    def broken(self, day):
        raise KeyError("shelf")

    monkeypatch.setattr(example_kind, "items", broken)
    led_here.expect_request("/api/daily_papers").respond_with_json([])
    Source.objects.filter(slug="huggingface").update(
        settings={"address": "https://papers.example.org"}
    )
    Source.objects.create(
        kind="reading-list",
        slug="systems",
        name="Systems",
        settings={"address": "https://a.example.org"},
    )

    summary = refresh(NOW)

    assert summary.failures == ("Systems failed with an unexpected error (KeyError). See the log.",)
    assert Source.objects.get(slug="huggingface").last_fetched_at == NOW


@pytest.mark.parametrize("kind", ["", "community", "huggingface", "k" * 21])
def test_a_kind_without_a_name_of_its_own_stops_the_start(tmp_path, monkeypatch, kind):
    (tmp_path / f"odd_{len(kind)}.py").write_text(
        f"from papers.sources.sample import Sample\n\n\nclass Odd(Sample):\n    kind = {kind!r}\n"
    )
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    with pytest.raises(ImproperlyConfigured, match="needs a `kind` of its own"):
        registry.discover()


def test_every_kind_says_what_it_is_and_its_defaults_hold():
    assert set(registry.KINDS) >= {"huggingface", "sample"}
    for kind in registry.KINDS.values():
        assert kind.label
        for one in declared(kind.Settings):
            assert one.help_text.endswith("."), one
            if not one.is_required:
                one.clean(one.default)


# --- Rhythm ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes_ago", "pause", "is_due"),
    [(30, 0, True), (30, 60, False), (59, 60, True), (61, 60, True), (600, 1440, False)],
)
def test_a_day_is_left_alone_for_as_long_as_the_row_says(minutes_ago, pause, is_due):
    now = dt.datetime(2026, 6, 11, 20, 0, tzinfo=dt.UTC)
    source = make_source(settings={"every_minutes": pause})
    Source.objects.filter(pk=source.pk).update(settings={"every_minutes": pause})
    source.refresh_from_db()
    for day in (DAY, now.date()):
        source.record_answer(day, now - dt.timedelta(minutes=minutes_ago), {})
    assert registry.growing_days(source, now) == ((DAY, now.date()) if is_due else ())


def test_a_day_that_is_over_is_asked_for_once_more_whatever_the_rhythm():
    source = make_source()
    source.settings = {"every_minutes": 1440}
    closed = dt.datetime(2026, 6, 11, tzinfo=dt.UTC)
    source.record_answer(DAY, closed - dt.timedelta(minutes=10), {})
    assert DAY in registry.growing_days(source, closed + dt.timedelta(minutes=7))


# --- Sources that list only what is new now ----------------------------------------------------


def listing_now(monkeypatch, example_kind) -> Source:
    monkeypatch.setattr(example_kind, "answers_for_past", False)
    return Source.objects.create(
        kind="reading-list",
        slug="systems",
        name="Systems",
        settings={"address": "https://list.example.org/"},
    )


def test_what_is_new_now_is_listed_on_the_day_that_grows(monkeypatch, example_kind, led_here):
    led_here.expect_request("/").respond_with_json(LISTED)
    source = listing_now(monkeypatch, example_kind)
    saturday = dt.datetime(2026, 6, 13, 9, tzinfo=dt.UTC)

    (problem,) = fetch_day(DAY, NOW, source).problems
    assert problem == f"Systems only lists what's new now, so it wasn't asked for {DAY}."
    assert registry.growing_days(source, NOW) == (NOW.date(),)
    assert registry.growing_days(source, saturday) == (dt.date(2026, 6, 15),)


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_the_command_asks_for_what_is_new_now_too(monkeypatch, example_kind, led_here, options):
    led_here.expect_request("/").respond_with_json(LISTED)
    listing_now(monkeypatch, example_kind)
    Source.objects.exclude(slug="systems").update(is_active=False)
    out = io.StringIO()
    with time_machine.travel(NOW):
        call_command("fetch_papers", *options, stdout=out)
        assert f"{NOW.date()}: " in out.getvalue()
        assert "3 papers" in out.getvalue()
        call_command("fetch_papers", "--day", str(DAY), *options, stdout=out)
    assert "only lists what's new now" in out.getvalue()
