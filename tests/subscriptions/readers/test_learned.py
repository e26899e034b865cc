"""What was learned from a reader: to see, to take back, to switch off."""

import pytest

from subscriptions import links
from subscriptions.models import Consent, Feedback, Subscriber
from subscriptions.readers import feedback
from tests.factories import NOW, make_paper, make_subscriber
from tests.markup import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

MORE, LESS = Feedback.Value.MORE, Feedback.Value.LESS


@pytest.fixture
def alice(topics):
    return make_subscriber(topics=topics[:2])


def page_of(subscriber: Subscriber) -> str:
    return f"{links.preferences_path(subscriber.pk, subscriber.link_version)}learned/"


def text_of(response) -> str:
    text, problems = read(response.content.decode())
    assert problems == []
    return text


def test_every_word_is_shown_and_each_can_be_taken_back(browser, alice):
    liked, disliked = make_paper("<b>Liked</b>"), make_paper("Disliked")
    bob = make_subscriber("bob@example.org")
    for who, paper, value in ((alice, liked, MORE), (alice, disliked, LESS), (bob, liked, LESS)):
        feedback.say(who, paper, value, NOW)
    text = text_of(browser.get(page_of(alice)))
    assert "More <b>Liked</b>" in text
    assert "Less Disliked" in text
    answer = browser.press(page_of(alice), {"action": "take-back", "paper": str(liked.pk)})
    assert answer.url == page_of(alice)
    assert "Liked" not in text_of(browser.get(page_of(alice))).replace("Disliked", "")
    assert Feedback.objects.filter(subscriber=bob).count() == 1


def test_all_of_it_can_be_forgotten(browser, alice):
    bob = make_subscriber("bob@example.org")
    for who in (alice, bob):
        for _ in range(3):
            feedback.say(who, make_paper(), MORE, NOW)
    browser.press(page_of(alice), {"action": "forget"})
    assert "You haven’t given any feedback yet" in text_of(browser.get(page_of(alice)))
    assert set(Feedback.objects.values_list("subscriber", flat=True)) == {bob.pk}


def test_learning_is_switched_off_and_on_on_the_record(browser, alice):
    for action, learns in (("stop", False), ("stop", False), ("learn", True)):
        browser.press(page_of(alice), {"action": action})
        alice.refresh_from_db()
        assert alice.learns is learns
    assert "move up in your digests" in text_of(browser.get(page_of(alice)))
    assert Consent.objects.filter(action="changed", wording="learns").count() == 2


def test_a_long_list_comes_in_pages_of_few_queries(browser, alice, django_assert_max_num_queries):
    for number in range(120):
        feedback.say(alice, make_paper(f"No {number}"), MORE, NOW)
    with django_assert_max_num_queries(5):
        text = text_of(browser.get(f"{page_of(alice)}?page=2"))
    assert "No 69" in text
    assert "No 70" not in text
    assert "Newer Older" in text


@pytest.mark.parametrize("paper", ["", "x", "-1", "0", "²", "9" * 40, "1 OR 1=1", "\0"])
def test_what_names_no_paper_takes_nothing_back(browser, alice, paper):
    feedback.say(alice, make_paper(), MORE, NOW)
    answer = browser.press(page_of(alice), {"action": "take-back", "paper": paper})
    assert answer.status_code == 302
    assert Feedback.objects.count() == 1
