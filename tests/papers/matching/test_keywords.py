"""Finding an editor's keywords: what counts as the keyword being there."""

import numpy as np
import pytest

from papers.matching.keywords import KeywordFinder
from papers.text.phrases import PhraseTable


def is_found(keyword: str, text: str) -> bool:
    return bool(PhraseTable([keyword]).find(text))


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("fine-tuning", "Fine tuning of a model"),
        ("fine-tuned", "a finetuned model"),
        ("finetuning", "Fine-tuning of a model"),
        ("pretraining data", "pre-training data"),
        ("pre-training data", "Pretraining Data"),
        ("text to image", "Text-to-Image"),
        ("knowledge graph", "KNOWLEDGE GRAPHS"),
        ("KV cache", "a KV-cache"),
        ("kv cache", "the KV Cache"),
        ("KV cache", "the kv cache"),
        ("policy", "policies"),
        ("policies", "a policy"),
        ("adapter", "Adapters"),
        ("embedding", "embeddings"),
        ("KV cache", "KV caches"),
        ("hypothesis", "hypotheses"),
        ("behaviour", "behaviors"),
        ("language modelling", "Language Modeling"),
        ("pediatric", "paediatric wards"),
        ("LLM", "many LLMs"),
        ("RAG", "(RAG)"),
        ("RAG", "RAG's limits"),
        ("LoRA", "LORA adapters"),
        ("GPT-4", "GPT-4 and others"),
        ("C++", "C++ compilers"),
        ("quantisation", "quantization of weights"),
        ("quantized", "quantised weights"),
        ("rag", "RAG"),
    ],
)
def test_a_keyword_is_found_in_every_way_to_write_it(keyword: str, text: str) -> None:
    assert is_found(keyword, text)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("RAG", "a rag doll"),
        ("RAG", "Rag paper"),
        ("SAM", "Sam and the sheepdog"),
        ("LoRA", "LoRa networks"),
        ("AI", "ai, the three-toed sloth"),
        ("cat", "concatenate categories"),
        ("agent", "reagents"),
        ("language model", "a model of language"),
        ("kv cache", "a kv and a cache"),
        ("reasoning", "for this reason"),
        ("adapter", "adaptive"),
        ("adapters", "Adapted by adaptation"),
        ("prompting", "prompts"),
        ("prompt", "prompting, prompted"),
        ("programming", "programs"),
        ("pre-training", "a pre-trained model"),
        ("pre-trained", "pretraining"),
        ("fine-tuning", "we fine-tune it"),
        ("quantization", "quantized weights"),
        ("dynamics", "a dynamic scene"),
        ("agentic", "an agent"),
        ("C++", "C and more"),
    ],
)
def test_a_keyword_is_not_found_in_something_else(keyword: str, text: str) -> None:
    assert not is_found(keyword, text)


def test_a_shouted_title_has_no_acronyms() -> None:
    assert not is_found("SAM", "HOW SAM SAVED THE WHOLE VILLAGE TODAY")
    assert is_found("robot", "HOW SAM SAVED EVERY ROBOT TODAY")


@pytest.mark.parametrize("keyword", ["", "  ", "-", "🙂"])
def test_a_keyword_without_words_is_never_found(keyword: str) -> None:
    assert not is_found(keyword, "anything - at all 🙂")


def test_mentions_are_counted() -> None:
    (hit,) = PhraseTable(["robot"]).find("Robots that build robots. A robot.")
    assert (hit.keyword, hit.count) == (0, 3)


def test_keywords_are_told_apart_by_topic_and_place() -> None:
    findings = KeywordFinder([["robot"], ["grasping", "robot arm"]]).find(
        [("A robot arm", "It learns grasping."), ("Nothing", "at all")]
    )
    assert findings.titled.tolist() == [[True, True], [False, False]]
    assert findings.in_abstract.tolist() == [[0, 1], [0, 0]]
    assert findings.reasons.tolist() == [[1, 2], [0, 0]]


def test_a_keyword_inside_a_longer_one_is_no_second_reason() -> None:
    finder = KeywordFinder([["language model", "large language model"]])
    findings = finder.find([("Large language models", "Every large language model.")])
    assert findings.reasons.tolist() == [[1]]
    (found,) = findings.by_paper()
    assert [hit.keyword for hit in found[0]] == ["large language model"]


def test_two_spellings_of_a_keyword_are_one_reason() -> None:
    finder = KeywordFinder([["pre-training data", "pretraining data", "Pre-Training Data"]])
    findings = finder.find([("", "Pretraining data and pre-training data")])
    assert findings.reasons.tolist() == [[1]]
    assert findings.in_abstract.tolist() == [[1]]


def test_forms_of_one_word_are_found_each_by_itself_and_are_one_reason() -> None:
    finder = KeywordFinder([["adapter", "adaptive", "rank"]])
    findings = finder.find([("Adaptive ranks", "Adapters, adaptive"), ("", "adapter"), ("", "")])
    assert findings.reasons.tolist() == [[2], [1], [0]]
    assert findings.in_abstract.tolist() == [[1], [1], [0]]
    shown = [[hit.keyword for hit in found.get(0, [])] for found in findings.by_paper()]
    assert shown == [["adaptive", "rank"], ["adapter"], []]


def test_a_title_says_more_than_an_abstract_and_more_mentions_say_more() -> None:
    finder = KeywordFinder([["robot"]])
    texts = [("", ""), ("", "robot"), ("", "robot robot"), ("robot", ""), ("robot", "robot")]
    scores = finder.find(texts).scores()[:, 0].tolist()
    assert scores[0] == 0
    assert scores == sorted(scores)
    assert len(set(scores)) == len(scores)


def test_a_rare_keyword_weighs_more_than_a_common_one() -> None:
    finder = KeywordFinder([["common", "rare"]])
    background = finder.find([("", "common")] * 50 + [("", "rare")] + [("", "")] * 49)
    common, rare = finder.weights(background).tolist()
    assert rare > common > 0


def test_scores_stay_finite_for_a_topic_that_the_background_lacks() -> None:
    finder = KeywordFinder([["unheard of"], []])
    background = finder.find([("", "")] * 10)
    z = finder.z_scores(finder.find([("Unheard of", ""), ("", "")]), background)
    assert np.isfinite(z).all()
    assert z[0, 0] > z[1, 0]


def test_no_papers_and_no_topics_are_fine() -> None:
    assert KeywordFinder([["robot"]]).find([]).scores().shape == (0, 1)
    assert KeywordFinder([]).find([("A robot", "")]).scores().shape == (1, 0)
