"""Pages about papers and topics: what they show, and what they withstand."""

import datetime as dt
import json
import re
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client
from django.utils.translation import override
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from papers.models import Feature, Match, Observation, Paper, Pick, Topic
from papers.models.match import NEVER
from papers.pages.charts import line_chart
from papers.pages.periods import days_in_words
from papers.text import citations
from tests import markup
from tests.factories import DAY, NOW, make_match, make_paper, make_source, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _morning():
    with time_machine.travel(NOW, tick=False):
        yield


def get(path, client=None, **kwargs):
    return (client or Client()).get(path, secure=True, **kwargs)


def text_of(response):
    text, problems = markup.read(response.content.decode())
    assert problems == []
    return text


# --- A paper ---------------------------------------------------------------------------------


def test_paper_page_tells_everything_we_know_of_it():
    topic = make_topic("Efficient inference")
    paper = make_paper(
        "Fewer Bits",
        authors=[f"Author {n}" for n in range(12)],
        organization="Example University",
        code_url="https://github.com/example/bits",
        project_url="https://example.org/bits",
        categories=["cs.LG", "cs.CL"],
        published_on=dt.date(2026, 6, 8),
        stars=77,
    )
    make_match(paper, topic)
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.NOTE, note="Read section 4 first.")
    response = get(paper.get_absolute_url())
    text = text_of(response)
    for words in (
        "Fewer Bits",
        "Author 11",
        "Example University",
        "We study something.",
        "cs.LG, cs.CL",
        "8 June 2026",
        "“efficient inference” in the title",
        "Read section 4 first.",
        "77",
        "10 June 2026",
        "archivePrefix = {arXiv}",
    ):
        assert words in text
    html = response.content.decode()
    for address in (
        paper.abstract_url,
        paper.pdf_url,
        paper.code_url,
        paper.project_url,
        topic.get_absolute_url(),
    ):
        assert f'href="{address}"' in html


def test_a_paper_is_passed_on_by_plain_links():
    paper = make_paper('Q & A: "<b>"')
    response = get(paper.get_absolute_url())
    html = response.content.decode()
    assert "Share Email Bluesky" in text_of(response)
    assert 'href="mailto:?subject=Q%20%26%20A%3A%20%22%3Cb%3E%22&amp;body=' in html
    assert f'href="https://papers.example.org{paper.get_absolute_url()}"' in html
    assert html.count('rel="noopener noreferrer nofollow"') == 6


def test_why_an_editor_hid_a_paper_is_not_for_readers():
    paper = make_paper()
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE, note="Looks like an advert.")
    assert "advert" not in text_of(get(paper.get_absolute_url()))


def test_old_identifiers_with_a_slash_have_a_page():
    make_paper("Old One", identifier="arxiv:astro-ph/0601001")
    assert get("/papers/arxiv/astro-ph/0601001/").status_code == 200


def test_an_identifier_with_a_version_leads_to_the_paper():
    paper = make_paper(identifier="arxiv:2606.54321")
    response = get("/papers/arxiv/2606.54321v3/")
    assert (response.status_code, response["Location"]) == (301, paper.get_absolute_url())


@pytest.mark.parametrize(
    "path",
    [
        "/papers/arxiv/2606.99999/",
        "/papers/arxiv/nonsense/",
        "/papers/doi/10.1000/182/",
        "/papers/arxiv/%00/",
        "/papers/arxiv/../../etc/passwd/",
        "/topics/nothing-of-this-name/",
        "/topics/nothing-of-this-name/feed.atom",
    ],
)
def test_what_we_do_not_have_is_not_found(path):
    assert get(path).status_code == 404


def test_an_inactive_topic_is_not_found():
    topic = make_topic(is_active=False)
    assert get(topic.get_absolute_url()).status_code == 404


def test_a_page_takes_no_post():
    paper = make_paper()
    assert Client().post(paper.get_absolute_url(), secure=True).status_code == 405


def test_the_search_engines_description_is_valid_json_and_cannot_end_its_element():
    paper = make_paper("</script><script>alert(1)</script> & <!--")
    html = get(paper.get_absolute_url()).content.decode()
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    assert json.loads(found[1])["headline"] == paper.title


def test_what_others_show_of_a_page_is_what_the_paper_says_of_itself():
    paper = make_paper(abstract="Frogs are known. We show ponds. They are wet.", summary="")
    html = get(paper.get_absolute_url()).content.decode()
    assert '<meta name="description" content="We show ponds.">' in html
    assert '<meta property="og:description" content="We show ponds.">' in html


def test_counts_over_time_are_drawn_and_told():
    paper = make_paper(upvotes=30)
    for hour, upvotes in ((1, 12), (5, 20), (9, None), (13, 30)):
        Observation.objects.create(
            paper=paper,
            source=make_source(),
            observed_at=dt.datetime.combine(DAY, dt.time(9), dt.UTC) + dt.timedelta(hours=hour),
            upvotes=upvotes,
        )
    response = get(paper.get_absolute_url())
    assert "Upvotes: 30 on 10 June 2026, then 30 on 10 June 2026." in text_of(response)
    assert response.content.count(b"<polyline") == 1


def test_a_single_count_is_not_drawn():
    response = get(make_paper().get_absolute_url())
    assert b"<polyline" not in response.content


def test_links_that_are_not_web_addresses_are_not_shown():
    paper = make_paper(code_url="javascript:alert(1)", project_url="http://[broken")
    for path in (paper.get_absolute_url(), "/", "/feeds/papers.atom"):
        html = get(path).content.decode()
        assert "javascript:alert" not in html
        assert "[broken" not in html


# --- Topics ----------------------------------------------------------------------------------


def test_topics_stand_under_their_headings_with_their_number_of_papers():
    topic = make_topic("Diffusion", group="Pictures")
    for sendable in (True, True, False):
        make_match(make_paper(), topic, is_sendable=sendable)
    Match.objects.count_papers()
    text = text_of(get("/topics/"))
    assert "Pictures Diffusion 2 All about Diffusion." in text


def test_topics_of_several_fields_unfold_field_by_field_and_lead_to_the_fields_page():
    make_topic("Genes", categories=["arxiv:q-bio.GN"])
    make_topic("Diffusion", categories=["arxiv:cs.LG"])
    html = get("/topics/").content.decode()
    folded = re.findall(r"<details class=\"topic-field\">(.*?)</details>", html, re.DOTALL)
    shown = [("Diffusion" in each, "Genes" in each) for each in folded]
    assert shown == [(True, False), (False, True)]
    assert "<h2>Biology</h2>" in folded[1]
    assert 'href="/fields/biology/"' in folded[1]
    Topic.objects.filter(name="Genes").delete()
    assert "<details class" not in get("/topics/").content.decode().split("<main")[1]


def test_topic_page_shows_what_trends_then_the_month_and_then_what_is_new():
    topic = make_topic(keywords=["fewer bits"], categories=["cs.LG"])
    for n in range(21):
        paper = make_paper(f"Paper {n:02d}", trending_score=n, upvotes=100 - n)
        make_match(paper, topic)
    make_match(make_paper("Of long ago", day=dt.date(2026, 4, 1), upvotes=500), topic)
    make_match(make_paper("Unsure"), topic, is_sendable=False)
    make_match(make_paper("Hidden"), topic)
    Pick.objects.create(day=DAY, paper=Paper.objects.get(title="Hidden"), kind=Pick.Kind.HIDE)
    text = text_of(get(topic.get_absolute_url()))
    order = (
        *("fewer bits", "arXiv’s cs.LG", "Trending now", "Paper 20", "Paper 12"),
        *("This month, most upvoted first", "Paper 00", "100 upvotes", "Paper 09"),
        *("More papers, newest first", "Paper 11", "Paper 10", "Of long ago"),
    )
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert text.count("Paper 00") == 1
    assert "Unsure" not in text
    assert "Hidden" not in text


def test_all_papers_of_a_topic_can_be_had_page_by_page(monkeypatch):
    monkeypatch.setattr("papers.pages.views.OLDER", 4)
    topic = make_topic()
    for n in range(12):
        make_match(make_paper(f"Paper {n:02d}", day=DAY - dt.timedelta(days=n // 3)), topic)
    address = f"{topic.get_absolute_url()}?after=9999-12-31.1"
    found = []
    while address:
        html = get(address).content.decode()
        found += re.findall(r"Paper \d\d", html)
        older = re.search(r'rel="next" href="(\?after=[^"]+)"', html)
        address = f"{topic.get_absolute_url()}{older[1]}" if older else ""
    days = [[2, 1, 0], [5, 4, 3], [8, 7, 6], [11, 10, 9]]
    assert found == [f"Paper {n:02d}" for day in days for n in day]


def test_of_one_day_a_topics_older_papers_come_closest_first_page_by_page(monkeypatch):
    monkeypatch.setattr("papers.pages.views.OLDER", 2)
    topic = make_topic()
    for number, score in enumerate((1.0, 5.0, 3.0, 3.0, 4.0, 2.0)):
        make_match(make_paper(f"Paper {number}"), topic, score=score)
    first = Paper.objects.get(title="Paper 1")
    found, address = [], f"?after={DAY}.{first.pk}"
    while address:
        html = get(f"{topic.get_absolute_url()}{address}").content.decode()
        found += re.findall(r"Paper \d", html)
        older = re.search(r'rel="next" href="(\?after=[^"]+)"', html)
        address = older[1] if older else ""
    assert found == [f"Paper {number}" for number in (4, 3, 2, 5, 0)]


def test_older_papers_of_a_topic_go_on_with_their_day_after_one_that_left_it():
    topic = make_topic()
    gone = make_paper("Gone")
    make_match(make_paper("Same day"), topic)
    make_match(make_paper("Later", day=DAY + dt.timedelta(days=1)), topic)
    text = text_of(get(f"{topic.get_absolute_url()}?after={DAY}.{gone.pk}"))
    assert "Same day" in text
    assert "Later" not in text


@pytest.mark.parametrize("after", ["", "2026", "2026-06-10", "2026-13-10.1", ".1", "x.y", "\0"])
def test_a_place_that_is_none_leads_to_the_beginning(after):
    topic = make_topic()
    make_match(make_paper("A paper"), topic)
    assert "Trending now" in text_of(
        get(f"{topic.get_absolute_url()}?{urlencode({'after': after})}")
    )


def test_a_topics_matches_know_when_their_papers_were_listed_last():
    topic, source = make_topic(), make_source(slug="other")
    again, article, never = (
        make_paper("Again"),
        make_paper("Article", day=None),
        make_paper(day=None),
    )
    preprint = make_paper("Preprint", day=DAY - dt.timedelta(days=3), merged_into=article)
    matches = [make_match(paper, topic) for paper in (again, article, never)]
    for paper, is_again in ((again, False), (preprint, True)):
        Feature.objects.create(
            source=source, paper=paper, day=DAY + dt.timedelta(days=1), is_again=is_again
        )
    Match.objects.note_listings([paper.pk for paper in (again, article, never)])
    for match in matches:
        match.refresh_from_db()
    assert [match.listed for match in matches] == [
        DAY + dt.timedelta(days=1),
        DAY - dt.timedelta(days=3),
        NEVER,
    ]


def test_a_topics_number_of_papers_leaves_out_hidden_and_fallen_ones():
    topic = make_topic("Diffusion")
    papers = [make_paper(status=status) for status in ("", "", "corrected", "retracted")]
    for paper in papers:
        make_match(paper, topic)
    Match.objects.count_papers()
    assert "3 papers so far" in text_of(get(topic.get_absolute_url()))
    Pick.objects.create(day=DAY, paper=papers[0], kind=Pick.Kind.HIDE)
    assert "2 papers so far" in text_of(get(topic.get_absolute_url()))
    assert "Diffusion 2" in text_of(get("/topics/"))


def test_a_field_has_its_days_with_their_papers_and_goes_on_with_earlier_ones(monkeypatch):
    monkeypatch.setattr("papers.pages.entries.DAYS_OF_FIELD", 1)
    monkeypatch.setattr("papers.pages.entries.OF_A_DAY", 1)
    make_topic("Neurons", categories=["biorxiv:neuroscience"])
    for ago, names in enumerate((("Robots",), ("Cells", "Genes"), ("Worms",))):
        for n, name in enumerate(names):
            category = "arxiv:cs.RO" if name == "Robots" else "biorxiv:genomics"
            day = DAY - dt.timedelta(days=ago)
            make_paper(name, day=day, categories=[category], trending_score=9 - n)
    text = text_of(first := get("/fields/biology/"))
    assert "Neurons" in text
    assert "Cells" in text
    assert "All 2 papers of the day" in text
    assert not {"Robots", "Genes", "Worms"} & set(text.split())
    older = re.search(r'rel="next" href="(\?until=[^"]+)"', first.content.decode())
    assert older
    assert "Worms" in text_of(get(f"/fields/biology/{older[1]}"))
    assert "No papers in Physics" in text_of(get("/fields/physics/"))
    assert get("/fields/nothing/").status_code == 404


def test_a_topic_can_be_followed_alone():
    topic = make_topic()
    html = get(topic.get_absolute_url()).content.decode()
    assert f'href="/subscribe/?topic={topic.slug}"' in html
    assert f'href="/topics/{topic.slug}/feed.atom"' in html


# --- Search ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "arxiv:2606.54321",
        "2606.54321v2",
        "https://arxiv.org/abs/2606.54321",
        "https://huggingface.co/papers/2606.54321",
    ],
)
def test_searching_for_an_identifier_leads_to_the_paper(query):
    paper = make_paper(identifier="arxiv:2606.54321")
    response = get("/search/", data={"q": query})
    assert (response.status_code, response["Location"]) == (302, paper.get_absolute_url())


def test_searching_for_an_unknown_identifier_offers_arxiv():
    response = get("/search/", data={"q": "2606.11111"})
    assert b'href="https://arxiv.org/abs/2606.11111"' in response.content


@pytest.mark.parametrize("query", ["quantised", "QUANTISED bits", "müller", "Zoë bits", "我们"])
def test_search_finds_words_in_title_abstract_and_authors(query):
    make_paper("Fewer Bits", abstract="A Quantised study. 我们", authors=["Zoë Müller"])
    make_paper("Something else")
    text = text_of(get("/search/", data={"q": query}))
    assert "Fewer Bits" in text
    assert "Something else" not in text


@pytest.mark.parametrize("query", ["%", "_", "' OR 1=1 --", "\\", "zzz", '"'])
def test_wildcards_and_quotes_are_only_characters(query):
    make_paper("Plain title", abstract="Plain abstract.")
    assert "Plain title" not in text_of(get("/search/", data={"q": query}))


def test_search_shows_so_many_on_a_page_and_says_so():
    for number in range(27):
        make_paper(f"Common words {number}")
    first = text_of(get("/search/", data={"q": "common"}))
    second = text_of(get("/search/", data={"q": "common", "page": "2"}))
    assert "27 papers · page 1 of 2" in first
    assert "27 papers · page 2 of 2" in second
    shown = [set(re.findall(r"words \d+", page)) for page in (first, second)]
    assert (len(shown[0]), len(shown[1]), len(shown[0] | shown[1])) == (25, 2, 27)


def test_search_says_when_it_shows_only_the_closest():
    Paper.objects.bulk_create(
        Paper(identifier=f"arxiv:2601.{number:05d}", title="Common") for number in range(201)
    )
    assert "More than 200 papers; these are the best matches" in text_of(
        get("/search/", data={"q": "common"})
    )


def test_search_marks_what_it_found_and_says_where():
    make_paper(
        "Quantising <b>bits</b>",
        abstract=f"Fewer & fewer. {'Filler. ' * 200} At last we quantize whales & dolphins.",
        authors=["A", "B", "C", "Zoë Müller", "D", "E", "F"],
    )
    html = get("/search/", data={"q": "bit whale muller"}).content.decode()
    assert "Quantising &lt;b&gt;<mark>bits</mark>&lt;/b&gt;" in html
    assert "<mark>Zoë</mark>" not in html
    assert "Zoë <mark>Müller</mark>" in html
    assert "we quantize <mark>whales</mark> &amp; dolphins." in html
    assert "Fewer &amp; fewer." in html


def test_search_quotes_only_what_is_not_to_be_seen_anyway():
    make_paper(
        "Blue whales",
        abstract=f"Whales are blue. {'Filler. ' * 200} They juggle, blue as they are.",
    )
    html = get("/search/", data={"q": "blue juggling"}).content.decode()
    assert re.search(r'class="why-here"[^>]*>… [^<]*They <mark>juggle</mark>, <mark>blue', html)


def test_search_says_which_word_is_missing():
    make_paper("Blue whales sing")
    html = get("/search/", data={"q": "blue <script> whales"}).content.decode()
    assert "Without “script”." in html
    assert "<script>" not in html.partition("<main")[2].partition("</main")[0]


def test_a_search_in_vain_suggests_topics_those_that_share_words_first():
    make_topic("Whale song", position=9999)
    text = text_of(get("/search/", data={"q": "whales zzz"}))
    assert "No papers match." in text
    assert "Or browse a topic: Whale song" in text


def test_search_without_words_is_the_form():
    assert "arXiv ID" in text_of(get("/search/"))


@examples(max_examples=60, deadline=None)
@given(query=st.text(max_size=300), page=st.text(max_size=20) | st.integers().map(str))
def test_no_query_breaks_the_search(query, page):
    make_paper("Plain title", abstract=query.replace("\x00", "").encode(errors="replace").decode())
    for data in ({"q": query}, {"q": f"plain {query}", "page": page}):
        assert get("/search/", data=data).status_code in {200, 302}


# --- Pieces ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"upvotes": 7, "comments": None, "stars": None}, ["upvotes"]),
        ({"upvotes": None, "comments": 0, "stars": 3}, ["comments", "stars"]),
        ({"upvotes": None, "comments": None, "stars": None}, []),
    ],
)
def test_counts_that_nobody_took_are_not_named(counts, shown):
    html = get(make_paper(**counts).get_absolute_url()).content.decode()
    assert re.findall(r"<dt>(\w+)</dt>", html) == shown
    assert "<dd>–</dd>" not in html


@pytest.mark.parametrize(
    ("first", "last", "english", "german"),
    [
        ((2026, 6, 8), (2026, 6, 14), "8–14 June 2026", "8.–14. Juni 2026"),
        ((2026, 6, 29), (2026, 7, 5), "29 June – 5 July 2026", "29. Juni – 5. Juli 2026"),
        (
            (2026, 12, 28),
            (2027, 1, 3),
            "28 December 2026 – 3 January 2027",
            "28. Dezember 2026 – 3. Januar 2027",
        ),
    ],
)
def test_ranges_of_days_read_as_people_write_them(first, last, english, german):
    days = dt.date(*first), dt.date(*last)
    assert days_in_words(*days) == english
    with override("de"):
        assert days_in_words(*days) == german


def test_one_observation_is_no_chart_and_two_are():
    moments = [dt.datetime(2026, 6, day, tzinfo=dt.UTC) for day in (8, 9)]
    assert line_chart([(moments[0], 3)]) is None
    assert line_chart([(moments[0], 3), (moments[1], None)]) is None
    assert line_chart([(moments[0], 3), (moments[0], 4)]) is None
    assert line_chart([(moments[0], 3), (moments[1], 3)]) is not None


def test_the_caption_of_a_chart_is_the_last_in_its_figure():
    paper = make_paper(upvotes=30)
    for hour, upvotes in ((1, 12), (5, 20)):
        Observation.objects.create(
            paper=paper,
            source=make_source(),
            observed_at=dt.datetime.combine(DAY, dt.time(9 + hour), dt.UTC),
            upvotes=upvotes,
        )
    html = get(paper.get_absolute_url()).content.decode()
    figure = html.partition("<figure")[2].partition("</figure>")[0]
    assert figure.rstrip().endswith("</figcaption>")
    assert "<details" not in figure
    assert "As a table" in html


def test_a_byline_names_the_first_three_and_the_last_two():
    assert citations.byline(list("ABCDE")) == "A, B, C, D, E"
    assert citations.byline(list("ABCDEFGHIJKL")) == "A, B, C … K, L (12 authors)"


def test_bibtex_holds_what_tex_would_stumble_over():
    paper = make_paper(
        r"50% off & {more} \alpha_1 # ~ $x^2$",
        authors=["Anna Müller", "B. O'Neil"],
        published_on=dt.date(2026, 6, 1),
    )
    entry = citations.bibtex(paper)
    assert entry.startswith("@misc{muller2026more,")
    assert r"50\% off \& \{more\} \textbackslash{}alpha\_1 \# \textasciitilde{} \$x" in entry
    assert "author        = {Anna Müller and B. O'Neil}" in entry


def test_ris_has_a_line_for_each_fact_and_none_for_what_is_not_known():
    paper = make_paper(
        "Two\nlines",
        identifier="arxiv:2606.99999",
        authors=["Anna Maria Müller", "Plato"],
        published_on=dt.date(2026, 6, 1),
    )
    assert citations.ris(paper).split("\r\n") == [
        "TY  - UNPB",
        "TI  - Two lines",
        "AU  - Müller, Anna Maria",
        "AU  - Plato",
        "PY  - 2026",
        "DA  - 2026/06/01/",
        "M1  - arxiv:2606.99999",
        "UR  - https://arxiv.org/abs/2606.99999",
        "ER  - ",
        "",
    ]
    bare = citations.ris(make_paper("Bare", authors=[], published_on=None))
    assert [line[:2] for line in bare.split("\r\n")] == ["TY", "TI", "M1", "UR", "ER", ""]


@given(
    st.lists(st.tuples(st.datetimes(timezones=st.just(dt.UTC)), st.integers(0, 10**9)), max_size=9)
)
def test_a_chart_stays_within_its_frame(counts):
    chart = line_chart(counts)
    if chart is None:
        assert len({at for at, _ in counts}) < 2
        return
    for point in chart.line.split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 640
        assert 0 <= y <= 160
