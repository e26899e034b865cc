"""Many texts cut into words once."""

from papers.text.phrases import PhraseTable
from papers.text.tokens import Tokens
from papers.text.words import content_stems, words_and_pauses

TEXTS = [
    "Robots that learn from robots",
    "",
    "The policies of LLM agents, fine-tuned",
    "WHOLLY SHOUTED WORDS OF RAG",
    "RAG for LLMs and a rag",
]


def spelled(texts: Tokens, number: int) -> list[str]:
    start, end = texts.bounds[number : number + 2]
    return [texts.distinct[word] for word in texts.numbers[start:end]]


def test_every_text_keeps_its_words() -> None:
    texts = Tokens.of(TEXTS)
    assert texts.texts == len(TEXTS)
    assert [spelled(texts, number) for number in range(len(TEXTS))] == list(
        map(words_and_pauses, TEXTS)
    )
    assert spelled(texts.between(2, 4), 1) == words_and_pauses(TEXTS[3])


def test_their_stems_are_those_of_each_text_alone() -> None:
    content = Tokens.of(TEXTS).content
    found = [spelled(content, number) for number in range(len(TEXTS))]
    assert found == list(map(content_stems, TEXTS))
    assert spelled(content.between(4, 5), 0) == content_stems(TEXTS[4])


def test_no_texts_have_no_words() -> None:
    texts = Tokens.of([])
    assert (texts.texts, texts.content.texts) == (0, 0)
    assert not len(PhraseTable(["robot"]).find_in(texts).text)


def test_keywords_found_in_many_texts_are_those_found_in_each() -> None:
    table = PhraseTable(["RAG", "robot", "LLM agent", "LLM", "fine-tuned", "learn from robots"])
    found = table.find_in(Tokens.of(TEXTS))
    entries = list(
        zip(found.text.tolist(), found.keyword.tolist(), found.count.tolist(), strict=True)
    )
    assert entries == [
        (number, hit.keyword, hit.count)
        for number, text in enumerate(TEXTS)
        for hit in table.find(text)
    ]
    assert {(text, keyword) for text, keyword, _ in entries} == {
        (0, 1),
        (0, 5),
        (2, 2),
        (2, 3),
        (2, 4),
        (4, 0),
        (4, 3),
    }


def test_a_keyword_never_reaches_from_one_text_into_the_next() -> None:
    found = PhraseTable(["robot arm"]).find_in(Tokens.of(["A robot", "arm"]))
    assert not len(found.text)


def test_a_keyword_that_ends_a_text_is_counted_once() -> None:
    table = PhraseTable(["LLM agent", "LLM agent of two", "LLM agent of two tools"])
    (hit,) = table.find("Tools for an LLM agent")
    assert (hit.keyword, hit.count) == (0, 1)
