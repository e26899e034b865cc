"""Papers that are one work: whoever had, rated or upvoted one did so to all, until undone."""

import datetime as dt

import pytest

from newsletter.digests.history import issues_sharing, papers_had
from newsletter.digests.readers import readers_of
from newsletter.issues.freezing import build_issue, places_of
from newsletter.models import Delivery, IssuePaper
from papers.ingest import identity
from papers.ingest.records import store
from papers.matching.ranking import rank_and_match
from papers.models import Feature, Join, Paper, Pick
from papers.sources.record import HAS_PREPRINT, Author, PaperRecord, Relation
from subscriptions.models import Feedback
from subscriptions.readers import feedback, reading_list, upvotes
from tests.factories import DAY, NOW, make_delivery, make_source, make_subscriber

pytestmark = pytest.mark.django_db

TITLE = "Grazing geese shape the plants of arctic salt marshes"
AUTHORS = (Author("Alice Adams"), Author("Bob Brown"))
PREPRINT = PaperRecord("arxiv:2606.00001", TITLE, authors=AUTHORS)
ARTICLE = PaperRecord(
    "doi:10.1038/s1",
    TITLE,
    authors=AUTHORS,
    venue="Journal of Geese",
    relations=(Relation(HAS_PREPRINT, PREPRINT.identifier),),
)
LATER = DAY + dt.timedelta(days=2)


def list_preprint(day: dt.date = DAY) -> Paper:
    store([PREPRINT], make_source(slug="arxiv", kind="arxiv"), day, NOW)
    return Paper.objects.get(identifier=PREPRINT.identifier)


def list_article(day: dt.date = LATER) -> Paper:
    store([ARTICLE], make_source(slug="crossref", kind="crossref"), day, NOW)
    return Paper.objects.get(identifier=ARTICLE.identifier)


def undo() -> None:
    identity.keep_apart(Join.objects.get(), None, NOW)


def test_an_article_is_not_listed_again_and_its_preprint_says_where_it_came_out():
    preprint, article = list_preprint(), list_article()
    preprint.refresh_from_db()

    assert article.merged_into == preprint
    assert preprint.journal == "Journal of Geese"
    assert list(Paper.objects.of_day(DAY)) == [preprint]
    assert not Paper.objects.of_day(LATER)
    assert build_issue(LATER, NOW + dt.timedelta(days=4)) is None

    undo()
    assert list(Paper.objects.of_day(LATER)) == [article]


def test_two_roads_on_one_day_are_one_paper_of_the_day():
    list_article(DAY)
    preprint = list_preprint(DAY)

    assert list(Paper.objects.of_day(DAY)) == [preprint]
    assert build_issue(DAY, NOW).places.count() == 1  # type: ignore[union-attr]


def test_whoever_had_the_article_had_the_preprint():
    article = list_article(DAY)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    place = IssuePaper.objects.get()
    alice = make_subscriber()
    choices = [[article.pk, place.pk, [], ""]]
    make_delivery(issue, alice, state=Delivery.State.SENT, choices=choices)
    card = place.card
    preprint = list_preprint(LATER)

    works = Paper.objects.works_of([preprint.pk])
    had = papers_had([alice.pk], issues_sharing([preprint.pk]), works=works)
    assert had == {alice.pk: {preprint.pk}}
    # The frozen issue is as it was, and its place stands for the work.
    place.refresh_from_db()
    assert (place.paper, place.card) == (article, card)
    assert [(one.paper_id, one.work) for one in places_of(issue)] == [(article.pk, preprint.pk)]

    undo()
    assert [one.work for one in places_of(issue)] == [article.pk]


@pytest.mark.parametrize("first", ["preprint", "article"])
def test_a_reader_who_rated_both_keeps_the_later_word_until_it_is_undone(first):
    papers = {"preprint": list_preprint(), "article": list_article()}
    undo()
    alice = make_subscriber()
    second = "article" if first == "preprint" else "preprint"
    feedback.say(alice, papers[first], Feedback.Value.MORE, NOW)
    feedback.say(alice, papers[second], Feedback.Value.LESS, NOW + dt.timedelta(hours=1))
    identity.confirm(Join.objects.get(), None, NOW)

    for paper in papers.values():
        assert feedback.said(alice, paper) == Feedback.Value.LESS
    assert [one.value for one in feedback.all_said(alice)] == [Feedback.Value.LESS]
    readers, _ = readers_of([alice.pk])
    assert readers[alice.pk].disliked == {papers["preprint"].pk}

    undo()
    assert feedback.said(alice, papers[first]) == Feedback.Value.MORE
    identity.confirm(Join.objects.get(), None, NOW)
    feedback.take_back(alice, papers["preprint"])
    assert feedback.said(alice, papers["article"]) is None


def test_upvotes_of_all_names_count_once_a_reader():
    preprint, article = list_preprint(), list_article()
    undo()
    alice, bob = make_subscriber(), make_subscriber("bob@example.org")
    for reader, paper in ((alice, preprint), (alice, article), (bob, article)):
        assert upvotes.give(reader, paper, NOW)
    identity.confirm(Join.objects.get(), None, NOW)

    assert upvotes.total(preprint) == upvotes.total(article) == 2
    assert upvotes.is_given(bob, preprint)
    assert not upvotes.give(bob, preprint, NOW)
    undo()
    assert upvotes.total(preprint) == 1


def test_who_hides_one_name_hides_the_work():
    preprint, article = list_preprint(), list_article()
    Pick.objects.create(paper=article, day=DAY, kind=Pick.Kind.HIDE)

    assert not Paper.objects.shown()
    assert Paper.objects.kept_back() == {preprint.pk, article.pk}
    assert not Feature.objects.shown()


def test_the_address_of_an_alias_leads_to_the_paper_that_stands_for_it(client):
    preprint, article = list_preprint(), list_article()

    answer = client.get(article.get_absolute_url())
    assert (answer.status_code, answer["Location"]) == (302, preprint.get_absolute_url())
    assert "Journal of Geese" in client.get(preprint.get_absolute_url()).content.decode()
    undo()
    assert client.get(article.get_absolute_url()).status_code == 200


def test_a_retracted_paper_leaves_lists_ranking_and_digests_and_its_page_says_so(client):
    preprint = list_preprint()
    issue = build_issue(DAY, NOW)
    assert issue is not None
    assert len(places_of(issue)) == 1
    retracted = PaperRecord(PREPRINT.identifier, TITLE, authors=AUTHORS, status="retracted")
    store([retracted], make_source(slug="arxiv", kind="arxiv"), DAY, NOW)

    assert not Paper.objects.of_day(DAY)
    assert not Paper.objects.featured_on(DAY)
    assert not places_of(issue)
    assert IssuePaper.objects.count() == 1
    assert Paper.objects.kept_back() == {preprint.pk}
    rank_and_match(now=NOW)
    page = client.get(preprint.get_absolute_url())
    assert page.status_code == 200
    assert "This paper was retracted" in page.content.decode()


def test_what_was_saved_under_one_name_is_saved_under_all_until_it_is_undone():
    preprint, article = list_preprint(), list_article()
    undo()
    alice = make_subscriber()
    reading_list.save(alice, article, NOW)
    identity.confirm(Join.objects.get(), None, NOW)

    assert reading_list.is_saved(alice, preprint)
    assert reading_list.is_saved(alice, article)
    undo()
    assert not reading_list.is_saved(alice, preprint)
    assert reading_list.is_saved(alice, article)
    identity.confirm(Join.objects.get(), None, NOW)
    reading_list.remove(alice, preprint)
    assert not reading_list.is_saved(alice, article)
