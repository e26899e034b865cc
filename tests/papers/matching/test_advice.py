"""Help with a topic's words."""

from papers.matching.advice import FEWEST_TO_JUDGE, advise
from papers.matching.texts import PaperText, TopicSpec

ADAPTERS = TopicSpec(
    "adapters",
    "Adapters",
    "Small adapters for large models: low-rank adaptation.",
    ("adapter", "few-shot", "the"),
    ("cs.CL", "arxiv:cs.LG", "cs.XYZ", "biorxiv:nothing"),
)


def paper(number: int, title: str, abstract: str = "", *categories: str) -> PaperText:
    return PaperText(number, title, abstract, categories)


PAPERS = [
    *(paper(n, f"Adapters of low rank {n}", "A LoRA adapter is small.") for n in range(4)),
    *(paper(n, f"Adaptive control {n}", "The plant adapts.") for n in range(10, 13)),
    *(paper(n, f"Few-shot gardening {n}", "Soil and seed.") for n in range(100, 125)),
    *(paper(n, f"Ordinary paper {n}", "Nothing of it.") for n in range(200, 400)),
]


def test_each_keyword_says_how_many_papers_it_brings_and_how_many_are_vetoed() -> None:
    vetoed = [paper(900, "An adapter for the kitchen"), paper(901, "Plugs")]
    first = advise(ADAPTERS, PAPERS, {0, 1, 2}, vetoed=vetoed).keywords[0]
    assert (first.keyword, first.papers, first.sent, first.vetoed) == ("adapter", 4, 3, 1)
    assert first.warning == ""


def test_other_forms_are_proposed_with_the_papers_that_each_brings() -> None:
    first = advise(ADAPTERS, PAPERS, {0}).keywords[0]
    assert {(form.words, form.papers) for form in first.forms} == {("adaptive", 3), ("adapts", 3)}


def test_keywords_that_are_everywhere_are_warned_of() -> None:
    _, few_shot, the = advise(ADAPTERS, PAPERS, {0, 1, 2, 3}).keywords
    assert few_shot.papers >= FEWEST_TO_JUDGE
    assert "0 are sent" in few_shot.warning or "tells topics hardly apart" in few_shot.warning
    assert "Every paper" in the.warning


def test_categories_that_do_not_exist_are_warned_of() -> None:
    warnings = advise(ADAPTERS, PAPERS, (), categories=("cs.CL", "cs.LG")).warnings
    assert [warning.split("”")[0] for warning in warnings] == ["“cs.XYZ", "“biorxiv:nothing"]
    here = [*PAPERS, paper(1, "x", "", "cs.XYZ", "biorxiv:nothing")]
    assert advise(ADAPTERS, here, (), categories=("cs.CL", "cs.LG")).warnings == ()


def test_phrases_of_the_topics_papers_and_description_are_suggested() -> None:
    found = [one.words for one in advise(ADAPTERS, PAPERS, {0, 1, 2, 3}).suggestions]
    assert any("rank" in words for words in found)
    assert any("LoRA" in words for words in found)
    assert not any("gardening" in words or words in ("adapter", "adapters") for words in found)


def test_a_pinned_paper_suggests_and_a_vetoed_one_takes_back() -> None:
    pinned = [paper(800, "Prefix tuning", "Prefix tuning is small.")]
    with_pin = [one.words for one in advise(ADAPTERS, PAPERS, {0}, pinned).suggestions]
    assert any("prefix" in words.lower() for words in with_pin)
    against = [paper(n, "Prefix tuning") for n in range(801, 804)]
    without = [one.words for one in advise(ADAPTERS, PAPERS, {0}, pinned, against).suggestions]
    assert not any("prefix" in words.lower() for words in without)


def test_no_papers_and_no_words_are_fine() -> None:
    empty = advise(TopicSpec("t", "🙂"), [], ())
    assert (empty.papers, empty.keywords, empty.suggestions, empty.warnings) == (0, (), (), ())


def test_what_readers_follow_is_suggested_where_it_is_of_the_topic() -> None:
    followed = [("LoRA adapter", 40), ("few-shot gardening", 90), ("🙂", 50), ("low rank", -3)]
    found = advise(ADAPTERS, PAPERS, {0, 1, 2, 3}, followed=followed).suggestions
    readers = {one.words.lower(): one.readers for one in found}
    assert readers.get("lora adapter") == 40
    assert not any("gardening" in words for words in readers)
    plain = advise(ADAPTERS, PAPERS, {0, 1, 2, 3}).suggestions
    assert not any(one.readers for one in plain)
