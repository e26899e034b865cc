"""Choosing a reader's papers."""

from hypothesis import given
from hypothesis import strategies as st

from newsletter.cards import Card
from newsletter.digests import Place, Reader, Reason, Shelf

CARD = Card(
    identifier="arxiv:2606.00001",
    title="A title",
    authors=("Alice Adams",),
    author_count=1,
    organization="",
    excerpt="We do it.",
    excerpt_is_cut=False,
    upvotes=1,
    comments=None,
    stars=None,
    upvotes_gained=None,
    path="/papers/arxiv/2606.00001/",
    abstract_url="https://arxiv.org/abs/2606.00001",
    pdf_url="https://arxiv.org/pdf/2606.00001",
    code_url="",
    project_url="",
    topics=(),
    note="",
    is_pick=False,
)


def make_place(number, topics, score=None):
    return Place(
        id=1000 + number,
        paper_id=number,
        rank=number,
        score=100.0 - number if score is None else score,
        card=CARD,
        topics={topic: Reason(1.0, f'"{topic}" in the title') for topic in topics},
    )


def make_reader(*topics, wanted=10, **kwargs):
    return Reader(
        id=1,
        email="alice@example.org",
        link_version=1,
        topics=frozenset(topics),
        papers_wanted=wanted,
        **kwargs,
    )


def numbers(choices):
    return [choice.place.paper_id for choice in choices]


def test_reader_gets_papers_of_their_topics_only_most_trending_first():
    shelf = Shelf([make_place(3, [7]), make_place(1, [7]), make_place(2, [8])])
    assert numbers(shelf.select(make_reader(7))) == [1, 3]


def test_reader_without_topics_gets_nothing():
    assert Shelf([make_place(1, [7])]).select(make_reader()) == []


def test_paper_they_had_is_left_out():
    shelf = Shelf([make_place(1, [7]), make_place(2, [7])])
    assert numbers(shelf.select(make_reader(7), had={1})) == [2]


def test_paper_they_disliked_is_left_out():
    shelf = Shelf([make_place(1, [7]), make_place(2, [7])])
    assert numbers(shelf.select(make_reader(7, disliked=frozenset({2})))) == [1]


def test_quiet_topic_gets_its_best_paper_in_before_a_loud_one_takes_all():
    places = [make_place(number, [7]) for number in range(1, 21)] + [make_place(30, [8])]
    chosen = numbers(Shelf(places).select(make_reader(7, 8, wanted=5)))
    assert chosen == [1, 2, 3, 4, 30]


def test_paper_of_several_issues_stands_once_with_its_best_score():
    shelf = Shelf([make_place(1, [7], score=1.0), make_place(1, [7], score=9.0)])
    assert [place.score for place in shelf.places] == [9.0]


def test_why_names_the_closest_of_the_readers_topics():
    place = Place(
        5,
        1,
        3,
        1.0,
        CARD,
        {7: Reason(1.0, '"far" in the abstract'), 8: Reason(4.0, '"near" in the title')},
    )
    (choice,) = Shelf([place]).select(make_reader(7, 8))
    assert choice.topics == (8, 7)
    assert choice.why == '"near" in the title · trending #3'
    assert choice.as_row() == [1, 5, [8, 7], choice.why]


@given(
    st.lists(st.frozensets(st.integers(1, 6), max_size=3), max_size=40),
    st.frozensets(st.integers(1, 6), max_size=6),
    st.integers(1, 15),
    st.frozensets(st.integers(1, 40)),
)
def test_selection_keeps_its_promises(topics, wanted_topics, wanted, had):
    places = [make_place(number, sorted(each)) for number, each in enumerate(topics, 1)]
    chosen = Shelf(places).select(make_reader(*wanted_topics, wanted=wanted), had)
    fitting = [p for p in places if wanted_topics & p.topics.keys() and p.paper_id not in had]
    assert len(chosen) == min(wanted, len(fitting))
    ids = numbers(chosen)
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)  # made with falling scores
    assert not set(ids) & had
    assert all(set(choice.topics) <= wanted_topics and choice.topics for choice in chosen)
    if fitting:
        assert ids[0] == fitting[0].paper_id
