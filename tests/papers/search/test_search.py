"""Search: what is found, in which order, and that the index follows every write."""

import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from papers.evaluation.search import evaluate
from papers.fields import BIOLOGY, OTHER
from papers.models import Acronym, Feature, Paper, Pick, SearchWord
from papers.search import Kind, find, fused, index, latest, search, vocabulary
from papers.search.acronyms import introduced, long_key
from papers.search.completions import Completions, completions
from papers.search.filters import NONE, read
from papers.search.query import LONGEST, folded, parse, without
from papers.semantics import fitting
from tests.factories import (
    DAY,
    NOW,
    make_match,
    make_paper,
    make_papers_about,
    make_source,
    make_topic,
)

pytestmark = pytest.mark.django_db

HOSTILE = [
    '"',
    "'",
    '"unbalanced',
    "a AND",
    "NOT",
    "NEAR(a b, 3)",
    "title: x",
    "{title} : x",
    "^start",
    "pre*",
    "a | b & !c",
    "x:*",
    "<->",
    "\\",
    "\x00",
    "nul\x00inside",
    "\u202eright to left\u202c",
    "\ud800",
    "%s %(x)s",
    "; DROP TABLE papers_paper",
    "a" * 10_000,
    "word " * 2_000,
    "( " * 500,
    "\u0301" * 300,
    "한국어 中文 हिन्दी العربية",
    "²³½ﬁ Ω K",
    "0",
    "- + ~",
]


def titles(text):
    return [paper.title for paper in search(text)]


# --- What is found --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "quantize",
        "QUANTIZED",
        "fewer bit",
        "fewer-bits",
        "zoe muller",
        "Zoë Müller",
        "MÜLLER",
        "lukasz",
        "Łukasz",
        "sorensen",
        "Sørensen",
        "naive bayes",
        "acme research",
        "2606.54321 bits",
    ],
)
def test_a_paper_is_found_by_any_of_its_words_in_any_spelling(query):
    make_paper(
        "Fewer Bits",
        abstract="A study of quantization with naïve Bayes.",
        authors=["Zoë Müller", "Łukasz Nowak", "Ida Sørensen"],
        organization="Acme Research",
        identifier="arxiv:2606.54321",
    )
    make_paper("Something else")
    assert titles(query) == ["Fewer Bits"]


def test_an_author_with_decomposed_accents_is_found():
    make_paper("Paper", authors=["Zoe\u0308 Mu\u0308ller"])
    assert titles("Zoë Müller") == ["Paper"]


def test_a_summary_of_its_own_is_searched_too():
    make_paper("Paper", summary="They juggle eigenvectors.")
    assert titles("juggling") == ["Paper"]


def test_hidden_papers_are_not_found():
    paper = make_paper("Juggling robots")
    make_paper("Robots juggling")
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)
    assert titles("juggling robots") == ["Robots juggling"]


def test_a_question_of_function_words_finds_what_says_just_that():
    make_paper("Attention is all you need")
    make_paper("Another one", abstract="Attention need be paid.")
    assert titles("all you need")[0] == "Attention is all you need"
    assert titles("is you") == ["Attention is all you need"]


@pytest.mark.parametrize("query", ["", "   ", "\x00", "!?", "zzzz"])
def test_nothing_is_found_where_there_is_nothing_to_find(query):
    make_paper("Something")
    assert titles(query) == []


# --- Order ----------------------------------------------------------------------------------


def test_the_phrase_comes_before_the_title_and_the_title_before_the_rest():
    make_paper("Elsewhere", abstract="Whales that juggle. Some of them are blue.")
    make_paper("Juggling for blue and other whales")
    make_paper("In passing", abstract="We watch blue whales juggling.")
    make_paper("Blue whales", abstract="On whales.")
    found = find("blue whales juggling")
    order = list(Paper.objects.in_order(found.papers).values_list("title", flat=True))
    assert order == ["In passing", "Juggling for blue and other whales", "Elsewhere", "Blue whales"]
    assert [found.kinds[pk] for pk in found.papers] == [
        Kind.PHRASE,
        Kind.TITLE,
        Kind.WORDS,
        Kind.SOME,
    ]


def test_words_as_typed_come_before_other_inflections():
    make_paper("Whales juggled at night")
    make_paper("A whale that is juggling at night")
    make_paper("Night of juggled whales")
    assert titles("juggling whale night")[0] == "A whale that is juggling at night"


def test_papers_without_the_words_are_found_by_their_meaning():
    make_papers_about("belabor the apes", "kernels for compilers", "rhymes in poems")
    assert find("belabour").papers == ()
    fitting.fit_now(NOW)  # for which the two spellings are one word
    found = find("belabour")
    assert len(found.papers) == 10
    assert set(found.kinds.values()) == {Kind.MEANING}
    assert all("belabor" in title.lower() for title in titles("belabour"))


def test_where_enough_papers_have_the_words_none_comes_for_its_meaning_alone(monkeypatch):
    make_papers_about("belabor the apes", "kernels for compilers", "rhymes in poems")
    fitting.fit_now(NOW)
    for number in range(2):
        make_paper(f"We belabour {number}")
    assert len(find("belabour").papers) == 12
    monkeypatch.setattr("papers.search.ENOUGH", 2)
    assert len(find("belabour").papers) == 2


def test_reciprocal_rank_fusion_adds_up_what_each_ranking_says():
    scores = fused([1, 2], [2, 3])
    assert scores == {1: 1 / 61, 2: 1 / 62 + 1 / 61, 3: 1 / 62}


# --- In other words than the paper's ----------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "queries"),
    [
        ("Quantized color models", ["quantised colour", "QUANTISED COLOUR models"]),
        ("Modelling behaviour of fibres", ["modeling behavior", "fibers behavior"]),
        ("Paediatric anaemia", ["pediatric anemia"]),
        ("Pediatric leukemia in a program", ["paediatric leukaemia", "pediatric programme"]),
        ("Zero-shot learning", ["zeroshot", "zero shot", "zero-shot", "zeroshot learning"]),
        ("Zeroshot juggling", ["zero-shot", "juggling zero shot"]),
        ("GPT-4 as a juggler", ["gpt4", "GPT4 juggler", "gpt 4"]),
        ("GPT4 as a juggler", ["gpt-4", "gpt 4 juggler"]),
        ("Text-to-image whales", ["text2image", "text2image whales"]),
        ("Text2Image whales", ["text 2 image", "text2image"]),
        ("On-board juggling with a plug-in", ["onboard juggling", "plugin juggling"]),
        ("QKAN-LSTM for juggling", ["qkanlstm", "qkanlstm juggling"]),
        ("Schrödinger's cat", ["schroedinger", "schrodinger cat", "Schrödinger"]),
        ("Schroedinger's cat", ["Schrödinger", "schrodinger", "schroedinger"]),
        ("Ångström and Sørensen", ["aangstroem", "soerensen", "sorensen"]),
    ],
)
def test_a_paper_is_found_in_other_spellings(title, queries):
    make_paper(title)
    make_paper("Zero gravity", abstract="One shot in the dark. Text and image.")
    vocabulary.learn()
    for query in queries:
        assert titles(query)[:1] == [title], query


@pytest.mark.parametrize(
    "title", ["Finetune", "Finetunes", "Finetuned", "Finetuning", "Finetune and whales"]
)
def test_two_words_find_the_one_that_they_make_with_any_usual_ending(title):
    make_paper(f"{title} juggled")
    make_paper("Fine tunes of whales")
    vocabulary.learn()
    assert titles("fine tune juggled")[0] == f"{title} juggled"


def test_what_no_paper_writes_as_one_word_is_not_looked_for():
    make_paper("Zeroshots of whales and seals", authors=["Yann LeCun"])
    query = parse("zero shot whales and y lecun")
    assert vocabulary.facts_of(query).unwritten == frozenset()  # nothing is learned yet
    vocabulary.learn()
    unwritten = vocabulary.facts_of(query).unwritten
    assert unwritten == {"shotwhales", "whalesand"}
    assert not unwritten & {
        word for term in without(query, unwritten).terms for (word,) in term.also
    }


@pytest.mark.parametrize(
    "query",
    ["Y. LeCun whales", "y lecun whales", "LeCun Y whales", "whales Y. LeCun", "Yann LeCun whales"],
)
def test_an_author_is_found_by_initial_and_last_name(query):
    make_paper("Whales", authors=["Alice Example", "Yann A. LeCun"])
    make_paper("More whales", authors=["Zoe LeCun"])
    assert titles(query)[0] == "Whales"
    assert find(query).kinds[find(query).papers[0]] <= Kind.WORDS


def test_an_authors_paper_with_the_very_word_in_its_title_comes_first():
    make_paper("How seals juggle many spheres and cubes", authors=["Bob Example", "Yann LeCun"])
    make_paper("Juggling", abstract="Seals juggle.", authors=["Yann LeCun"])
    for query in ("Y. LeCun juggle", "juggle LeCun Y"):
        assert titles(query)[0] == "How seals juggle many spheres and cubes"


@pytest.mark.parametrize("name", ["Madonna", "", " ", "O'Neil, Zoë", "李 小龙", "a" * 150])
def test_names_of_any_shape_are_indexed(name):
    make_paper("Whales", authors=[name, "Bob Example"])
    assert titles("b example") == ["Whales"]
    assert titles(f"{name} whales") == ["Whales"]


TYPOS = {
    "quantisation": ["qunatisation", "quantsation", "quanttisation", "quintisation"],
    "quantization": ["qunatization", "quantzation", "quanttization", "quintization"],
    "müller": ["mulller", "mullr", "mulelr"],
}


@pytest.mark.parametrize(
    ("word", "typed"), [(word, typo) for word, typos in TYPOS.items() for typo in typos]
)
def test_a_misspelled_word_is_corrected_and_the_page_can_say_so(word, typed):
    make_paper(f"Juggling {word}")
    make_paper("Juggling whales")
    vocabulary.learn()
    found = find(f"juggling {typed}")
    assert titles(f"juggling {typed}")[0] == f"Juggling {word}"
    assert found.corrected == f"juggling {folded(word)}"
    assert find(f"juggling {typed}", as_typed=True).corrected == ""


def test_a_word_that_is_right_or_quoted_or_short_is_not_corrected():
    for title in ("Prompt", "Prompt tuning", "Prompts", "Prompt of whales"):
        make_paper(title)
    for number in range(vocabulary.KNOWN):
        make_paper(f"Promt {number}")
    make_paper("Gibbon", abstract="Rare gibbons.")
    make_paper("Robot")
    vocabulary.learn()
    assert find("promt whales").corrected == ""  # as many papers as make a word known hold it
    assert find("gibbom").corrected == "gibbon"
    assert find('"gibbom"').corrected == ""
    assert find("ibbon").corrected == ""  # the first letter is believed
    assert find("gibbo").papers != ()
    assert find("whals").corrected == "whales"
    assert find("robt").corrected == "robot"
    assert find("rob").corrected == find("obot").corrected == ""
    assert find("wahl").corrected == ""


def test_what_was_typed_comes_before_what_it_is_corrected_to():
    make_paper("Whales and gibons")
    make_paper("Whales and gibbons")
    make_paper("More whales and gibbons")
    vocabulary.learn()
    assert titles("whales gibons")[0] == "Whales and gibons"
    assert len(titles("whales gibons")) == 3


def test_words_in_quotes_must_stand_together():
    make_paper("State of charge")
    make_paper("Charge of the state of whales")
    assert titles('"state of charge"') == ["State of charge"]
    assert titles("“state of charge”") == ["State of charge"]
    assert titles('"of charge" state') == ["State of charge"]
    assert len(titles('state "charge')) == 2  # never closed


def test_acronyms_find_papers_that_write_them_out_behind_those_that_have_them():
    for number in range(2):
        make_paper(f"Paper {number}", abstract="We train vision-language models (VLMs).")
    make_paper("Only written out", abstract="A vision-language model that juggles.")
    make_paper("Only short", abstract="A VLM that juggles.")
    vocabulary.learn()
    found = find("VLM juggles")
    assert titles("VLM juggles")[:2] == ["Only short", "Only written out"]
    assert found.kinds[found.papers[1]] == Kind.ACRONYM
    assert titles("vision language model juggles")[:2] == ["Only written out", "Only short"]
    assert titles('"VLM" juggles')[0] == "Only short"
    assert "Only written out" not in titles('"VLM" juggles')


def test_papers_that_write_an_acronym_out_are_found_however_many_have_it(monkeypatch):
    monkeypatch.setattr("papers.search.MOST", 2)
    for number in range(3):
        make_paper(f"Paper {number}", abstract="We train vision-language models (VLMs).")
    for number in range(4):
        make_paper(f"Written out {number}", abstract="A vision-language model.")
    make_paper("Both", abstract="A vision-language model, or VLM.")
    vocabulary.learn()
    found = titles("vlm")
    assert len(found) == 6
    assert all(title.startswith("Written out") for title in found[2:])
    assert find("vlm").is_capped


def test_of_papers_that_write_an_acronym_out_those_with_it_in_the_title_come_first():
    for number in range(2):
        make_paper(f"Paper {number}", abstract="We train vision-language models (VLMs).")
    for title in ("Vision-Language Models juggle", "A Vision–Language Model, écrit ici"):
        make_paper(title)
    make_paper("The newest", abstract="A vision-language model.")
    vocabulary.learn()
    assert titles("vlm")[2:] == [
        "A Vision–Language Model, écrit ici",
        "Vision-Language Models juggle",
        "The newest",
    ]


def test_an_acronym_is_found_in_singular_and_plural():
    for number in range(2):
        make_paper(f"Paper {number}", abstract="We train vision-language models (VLMs).")
    make_paper("One", abstract="A VLM.")
    make_paper("Many", abstract="All VLMs.")
    make_paper("Written out", abstract="A vision-language model.")
    vocabulary.learn()
    for query in ("VLM", "VLMs"):
        found = find(query)
        holders = {pk for pk, kind in found.kinds.items() if kind < Kind.ACRONYM}
        names = Paper.objects.filter(pk__in=holders).values_list("title", flat=True)
        assert set(names) == {"Paper 0", "Paper 1", "One", "Many"}
        assert titles(query)[-1] == "Written out"


def test_by_date_papers_that_write_an_acronym_out_come_however_many_have_it(monkeypatch):
    monkeypatch.setattr("papers.search.MOST", 2)
    for number in range(3):
        make_paper(f"Paper {number}", abstract="We train vision-language models (VLMs).")
    make_paper("Written out", abstract="A vision-language model.")
    vocabulary.learn()
    found = latest("vlm", NONE, most=10)
    assert Paper.objects.get(title="Written out").pk in found.papers
    assert len(found.papers) == 4


def test_an_editor_overrules_what_papers_teach_of_an_acronym():
    for number in range(3):
        make_paper(f"Paper {number}", abstract="We use mixture of experts (MoE).")
    make_paper("Written out", abstract="A mixture of experts.")
    vocabulary.learn()
    assert "Written out" in titles("moe")
    Acronym.objects.update(verdict="never")
    assert "Written out" not in titles("moe")
    vocabulary.learn(anew=True)
    assert "Written out" not in titles("moe")
    Acronym.objects.create(
        short="xyz",
        stems=long_key(("mixture", "of", "experts")),
        long="mixture of experts",
        verdict="always",
    )
    assert "Written out" in titles("xyz")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("vision-language models (VLMs) are", [("VLMs", "vision-language models")]),
        ("a mixture of experts (MoE)", [("MoE", "mixture of experts")]),
        (
            "Reinforcement learning from human feedback (RLHF, see below)",
            [("RLHF", "Reinforcement learning from human feedback")],
        ),
        ("VLM (vision-language model) is", [("VLM", "vision-language model")]),
        ("state of charge (SoC) of cells", [("SoC", "state of charge")]),
        ("in Table (A1) and (2020)", []),
        ("we thank them (see below)", []),
        ("graph networks (XYZ)", []),
        ("LLM (LLM)", []),
        ("(VLM) at the beginning", []),
        ("one two. Three (TTO)", []),
    ],
)
def test_acronyms_are_read_where_papers_introduce_them(text, found):
    assert list(introduced(text)) == found


def test_papers_are_read_once_and_in_any_number():
    make_paper("Gibbons juggle")
    assert (vocabulary.learn(), vocabulary.learn()) == (1, 0)
    make_paper("Gibbons sleep")
    assert vocabulary.learn() == 1
    counts = dict(SearchWord.objects.values_list("word", "papers"))
    assert (counts["gibbons"], counts["juggle"]) == (2, 1)
    assert vocabulary.learn(anew=True) == 2
    assert dict(SearchWord.objects.values_list("word", "papers")) == counts


def test_search_takes_two_more_statements_at_most(django_assert_max_num_queries):
    make_paper("Gibbons juggle vision-language models (VLM)")
    vocabulary.learn()
    find("warm up")
    for query, most in (("juggle gibbons", 5), ("jugle gibbons", 6), ("vlm gibbons", 6)):
        with django_assert_max_num_queries(most):
            find(query)


# --- The index follows ----------------------------------------------------------------------


def test_bulk_writes_are_indexed():
    papers = [Paper(identifier=f"arxiv:2601.{n:05d}", title=f"Whale {n}") for n in range(3)]
    Paper.objects.bulk_create(papers)
    assert len(titles("whale")) == 3
    for paper in papers:
        paper.title = "Dolphin"
    Paper.objects.bulk_update(papers, ["title"])
    assert (titles("whale"), len(titles("dolphin"))) == ([], 3)
    Paper.objects.filter(pk=papers[0].pk).update(authors=["Moby Dick"])
    assert titles("moby") == ["Dolphin"]
    Paper.objects.filter(pk=papers[0].pk).update(authors=[])
    assert titles("moby") == []
    Paper.objects.all().delete()
    assert titles("dolphin") == []


def test_an_upsert_is_indexed():
    make_paper("Whale", identifier="arxiv:2601.00001")
    Paper.objects.bulk_create(
        [Paper(identifier="arxiv:2601.00001", title="Dolphin")],
        update_conflicts=True,
        unique_fields=["identifier"],
        update_fields=["title"],
    )
    assert (titles("whale"), titles("dolphin")) == ([], ["Dolphin"])


def test_raw_sql_is_indexed_whatever_it_writes():
    paper = make_paper("Whale")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE papers_paper SET title = %s, authors = %s", ["Orca", '{"a": "Ahab"}']
        )
    assert titles("orca ahab") == ["Orca"]
    assert titles("whale") == []
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM papers_feature")
        cursor.execute("DELETE FROM papers_observation")
        cursor.execute("DELETE FROM papers_paper WHERE id = %s", [paper.pk])
    assert find("orca").papers == ()


def test_a_very_long_text_is_indexed_as_far_as_it_goes():
    make_paper("Long", abstract=" ".join(f"word{n} tail" for n in range(60_000)))
    assert titles("word17") == ["Long"]


def test_an_index_made_anew_holds_the_papers_there_are():
    make_paper("Whale", authors=["Zoë Müller"])
    index.uninstall(connection)
    make_paper("Dolphin")
    index.mend(connection.alias)
    assert (titles("whale"), titles("dolphin"), titles("muller")) == (
        ["Whale"],
        ["Dolphin"],
        ["Whale"],
    )
    make_paper("Orca")
    assert titles("orca") == ["Orca"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite forgets triggers")
def test_triggers_that_a_rebuilt_table_lost_are_put_back():
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER papers_fulltext_insert")
    make_paper("Whale")
    assert titles("whale") == []
    index.mend(connection.alias)
    assert titles("whale") == ["Whale"]


# --- Hostile input --------------------------------------------------------------------------


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: repr(query)[:20])
def test_no_query_is_a_wrong_one(query):
    make_paper("Plain title", abstract="a word")
    assert len(find(query).papers) <= 1


class AnyText(TestCase):
    """Text of any kind, both stored and searched for."""

    @settings(deadline=None)
    @given(st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=80))
    def test_any_title_can_be_stored_and_any_text_searched_for(self, text):
        make_paper(text, day=None, authors=[text])
        find(text)

    @settings(deadline=None)
    @given(st.text(max_size=400))
    def test_a_query_is_letters_and_digits_of_bounded_length(self, text):
        query = parse(text)
        assert sum(map(len, query.phrase)) <= 2 * LONGEST
        assert all(word.isalnum() or not word.isascii() for word in query.phrase)
        assert set(query.words) <= set(query.phrase)

    @given(st.text(max_size=100))
    def test_folding_twice_is_folding_once(self, text):
        assert folded(folded(text)) == folded(text)


# --- The known-item test --------------------------------------------------------------------


def test_known_papers_are_found_by_three_words_of_their_titles():
    make_paper("Blue whales juggle spheres")
    make_paper("Green whales juggle cubes")
    make_paper("On it")  # has no three words that say anything
    out = StringIO()
    call_command("evaluate_search", "--papers", "9", "--json", stdout=out)
    quality = json.loads(out.getvalue())
    assert (quality["papers"], quality["stored"], quality["found"]) == (2, 3, 1.0)
    assert quality["mean_reciprocal_rank"] >= 0.75
    assert quality["missed"] == []


def test_only_words_that_tell_a_paper_from_others_are_searched_for():
    make_paper("Blue whales juggle", authors=["Alice Example"])
    make_paper("Blue whales juggle", authors=["Bob Example"])
    with pytest.raises(ValueError, match="no paper"):
        evaluate(5, seed=1)
    assert evaluate(5, seed=1, only_telling=False).papers == 2
    assert evaluate(5, seed=1, kind="author").first == 1.0
    out = StringIO()
    call_command("evaluate_search", "--any-words", "--json", stdout=out)
    assert json.loads(out.getvalue())["papers"] == 2


def test_a_search_that_finds_nothing_scores_nothing():
    make_paper("Blue whales juggle spheres")
    quality = evaluate(5, seed=1, search=lambda text: [])
    assert (quality.found, quality.mean_reciprocal_rank) == (0, 0)
    assert quality.missed[0][1] == "Blue whales juggle spheres"


def test_without_papers_there_is_nothing_to_evaluate():
    with pytest.raises(CommandError, match="no paper whose title has three words"):
        call_command("evaluate_search")


# --- Narrowed down --------------------------------------------------------------------------


def narrowed(query, **chosen):
    filters, unread = read(chosen)
    assert unread == ()
    found = find(query, filters=filters, now=NOW)
    return list(Paper.objects.in_order(found.papers).values_list("title", flat=True))


def test_filters_leave_out_papers_before_any_are_ranked():
    topic = make_topic("Whales")
    old = make_paper(
        "Old whales", day=DAY - dt.timedelta(days=30), authors=["Yann LeCun"], field=BIOLOGY
    )
    new = make_paper("New whales", code_url="https://example.org/code", authors=["Ann LeCun"])
    other = make_source(slug="other", name="Another source")
    Feature.objects.create(source=other, paper=old, day=DAY - dt.timedelta(days=30))
    make_match(new, topic)
    both = ["New whales", "Old whales"]
    assert sorted(narrowed("whales")) == both
    assert narrowed("whales", topic=topic.slug) == ["New whales"]
    assert narrowed("whales", source="other") == ["Old whales"]
    assert sorted(narrowed("whales", author="LeCun")) == both
    assert narrowed("whales", author="yann lecun") == ["Old whales"]
    assert narrowed("lecun", author="whales") == []
    assert narrowed("whales", code="1") == ["New whales"]
    assert narrowed("whales", since=DAY.isoformat()) == ["New whales"]
    assert narrowed("whales", until=(DAY - dt.timedelta(days=1)).isoformat()) == ["Old whales"]
    assert narrowed("whales", order="trend") == ["New whales"]
    assert narrowed("whales", topic="unknown") == []
    assert narrowed("whales", field=BIOLOGY) == ["Old whales"]
    assert narrowed("whales", field=BIOLOGY, topic=topic.slug) == []
    assert narrowed("whales", field=OTHER, code="1") == ["New whales"]


def test_papers_of_the_last_two_weeks_can_be_had_by_trend():
    make_paper("Whales", trending_score=1.0)
    make_paper("Whales that juggle", trending_score=3.0)
    make_paper("Blue whales", trending_score=2.0, day=DAY - dt.timedelta(days=60))
    make_paper("Gibbons", trending_score=9.0)
    assert narrowed("whales", order="trend") == ["Whales that juggle", "Whales"]


def test_all_that_match_can_be_had_by_date_page_by_page():
    for number in range(7):
        make_paper(f"Whale {number}")
    hidden = make_paper("Whale 7")
    Pick.objects.create(day=DAY, paper=hidden, kind=Pick.Kind.HIDE)
    filters, _ = read({"order": "date"})
    seen: list[str] = []
    before, pages = None, 0
    while True:
        found = latest("whale", filters, before=before, most=3)
        seen += Paper.objects.in_order(found.papers).values_list("title", flat=True)
        pages += 1
        if not found.is_capped:
            break
        before = found.papers[-1]
    assert seen == [f"Whale {number}" for number in range(6, -1, -1)]
    assert pages == 3


@pytest.mark.parametrize(
    ("given", "unread"),
    [
        ({"since": "yesterday"}, ("since",)),
        ({"since": "2026-13-01"}, ("since",)),
        ({"since": "20260101"}, ("since",)),
        ({"until": "2026-01-01\0"}, ("until",)),
        ({"since": "2026-02-01", "until": "2026-01-01"}, ("until",)),
        ({"topic": "a\0b"}, ("topic",)),
        ({"field": "astrology"}, ("field",)),
        ({"source": "'; DROP TABLE papers_paper"}, ("source",)),
        ({"order": "random"}, ("order",)),
        ({"author": "a\0b' OR 1=1 --", "code": "yes", "other": "x"}, ()),
    ],
)
def test_filters_that_cannot_be_read_are_named_and_left_out(given, unread):
    make_paper("Whales")
    filters, found = read(given)
    assert found == unread
    find("whales", filters=filters)
    latest("whales", filters, most=5)


def test_what_is_typed_so_far_is_completed():
    make_topic("Juggling whales")
    make_paper("Whales that juggle", authors=["Wolfgang Whalen"])
    make_paper("Whaling", authors=["Ann Other", "Wolfgang Whalen"])
    found = completions("wha")
    assert [topic.name for topic in found.topics] == ["Juggling whales"]
    assert found.authors == ("Wolfgang Whalen",)
    assert [paper.title for paper in found.titles] == ["Whaling", "Whales that juggle"]
    assert [paper.title for paper in completions("whales th").titles] == ["Whales that juggle"]
    assert completions("w") == completions("") == completions("!?") == Completions()


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: repr(query)[:20])
def test_nothing_typed_so_far_is_a_fault(query, client):
    make_paper("Plain title", authors=["Bob Example"])
    completions(query)
    if "\ud800" not in query:
        assert client.get("/search/suggestions/", {"q": query}).status_code == 200
