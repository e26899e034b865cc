"""Related papers: the closest in meaning, without look-alikes, in three queries."""

import pytest

from papers.models import Paper, Pick
from papers.search.related import MOST, related_to
from papers.semantics import fitting
from tests.factories import DAY, NOW, make_paper, make_papers_about

pytestmark = pytest.mark.django_db

WHALES = "whales dolphins oceans sonar singing"
COMPILERS = "kernels compilers registers loops assembly"


def titles(paper):
    return [each.title for each in related_to(paper)]


def make_subjects():
    """Ten papers on each of two subjects, no two of them with nearly the same title."""
    papers = make_papers_about(WHALES, COMPILERS)
    for number, paper in enumerate(papers):
        first, second, *_ = paper.title.split()
        paper.title = f"{first} {second} part{number}"
    Paper.objects.bulk_update(papers, ["title"])
    return papers


@pytest.fixture(params=["with a model", "without a model"])
def papers(request):
    papers = make_subjects()
    if request.param == "with a model":
        fitting.fit_now(NOW)
    return papers


def test_related_papers_are_about_the_same(papers):
    found = titles(papers[0])
    assert found
    assert len(found) <= MOST
    assert papers[0].title not in found
    assert set(found) <= {paper.title for paper in papers[1:10]}


def test_hidden_papers_are_not_related(papers):
    hidden = titles(papers[0])[0]
    paper = Paper.objects.get(title=hidden)
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)
    assert hidden not in titles(papers[0])


def test_nearly_the_same_title_stands_there_once(papers):
    twin = papers[1].title.upper() + "!"
    make_paper(twin, abstract=papers[1].abstract)
    make_paper(papers[0].title + ".", abstract=papers[0].abstract)
    found = [title.strip("!.").lower() for title in titles(papers[0])]
    assert len(found) == len(set(found))
    assert papers[0].title.lower() not in found


def test_related_papers_cost_three_queries(papers, django_assert_max_num_queries):
    titles(papers[0])  # the first time reads the model
    with django_assert_max_num_queries(3):
        assert titles(papers[0])


def test_the_papers_with_the_rarest_words_come_first_without_a_model():
    paper = make_paper("Singing whales in deep learning")
    make_paper("Singing whales at night")
    for number in range(20):
        make_paper(f"Deep learning number {number}")
    assert titles(paper)[0] == "Singing whales at night"


def test_a_paper_unlike_any_other_has_none():
    make_subjects()
    fitting.fit_now(NOW)
    assert titles(make_paper("Zzz", abstract="Qqq.")) == []


@pytest.mark.parametrize("title", ["", "?", "the of", '"', "x" * 500, "AND OR NOT NEAR"])
def test_any_title_will_do(title):
    make_paper("Something else")
    assert titles(make_paper(title)) == []


def test_the_papers_page_shows_them(client):
    papers = make_subjects()
    fitting.fit_now(NOW)
    html = client.get(papers[0].get_absolute_url()).content.decode()
    assert html.count('class="related-list"') == 1
    for each in related_to(papers[0]):
        assert f'href="{each.path}"' in html
