"""Pairs by kind: how a preprint and its article differ, and what only looks like one work."""

import datetime as dt
from importlib import import_module

import pytest

from papers.ingest import likeness
from papers.ingest.facts import families_of, folded_title, full_names_of, title_key
from papers.ingest.identity import Claim, judge, work_of
from papers.models import Join

AUTHORS = ("Alice Adams", "Bob Brown", "Charlie Clark")
ABSTRACT = (
    "Grazing by geese changes which plants grow on arctic salt marshes. We fenced forty plots for"
    " six summers and counted stems, seeds and roots in each. Without geese, grasses grew tall and"
    " shaded the herbs, and half of the herb species were gone after three summers. With geese,"
    " nutrients returned to the soil faster, and the marsh kept its species."
)
REWRITTEN = (
    "Geese are abundant in the Arctic. We fenced forty plots for six summers and counted stems,"
    " seeds and roots in each. Without geese, grasses grew tall and shaded the herbs, and half of"
    " the herb species were gone after three summers. We conclude that herbivores keep meadows rich"
    " and that fences are no protection for plants of the coast."
)
COMPANION = (
    "Grazing by geese changes how much carbon the soil of arctic salt marshes holds. We took cores"
    " from forty plots in six summers and burned them. Without geese, roots were deeper and carbon"
    " stayed, while nutrients left with the tide. Models of the arctic carbon cycle should include"
    " the animals that graze there, for they move more carbon than rivers do."
)


def state(one: dict[str, object], other: dict[str, object], *claims: Claim) -> str | None:
    """What becomes of a preprint and an article with these facts."""
    known = {"authors": [{"name": name} for name in AUTHORS], "published_on": "2024-01-02"}
    verdict = judge(
        work_of(1, "arxiv:2401.00001", [known | {"kind": "preprint"} | one]),
        work_of(2, "doi:10.1038/s41586-024-00001-1", [known | {"kind": "article"} | other]),
        claims or {Claim.DIRECT},
    )
    return verdict.state if verdict else None


@pytest.mark.parametrize(
    ("preprint", "article"),
    [
        # spelled in another way
        ("TGF-β signaling in α-cells of mice", "TGF-beta signaling in alpha cells of mice"),
        ("Science & policy of salt marshes today", "Science and policy of salt marshes today"),
        ("Modelling of ∆9 transport in plants", "Modelling of Δ9 transport in plants"),
        (
            "Ødegård's theorem on goose flocks revisited",
            "Odegard’s theorem on goose flocks revisited",
        ),
        ("Entanglement in 4N×4N systems of qubits", "Entanglement in4N×4Nsystems of qubits"),
        ("Online learning in flocks of geese", "On-line learning in flocks of geese"),
        # what a register adds
        ("Geese in salt marshes of Iceland (Preprint)", "Geese in salt marshes of Iceland"),
        (
            "Geese in salt marshes of Iceland [version 2; peer review: 1 approved]",
            "Geese in salt marshes of Iceland [version 1; peer review: awaiting]",
        ),
        ("RETRACTED: Geese in salt marshes of Iceland", "Geese in salt marshes of Iceland"),
        ("Grazing and marshes (invited talk)", "Grazing and marshes"),
        # another title
        ("Grazing geese shape salt marshes", "Grazing geese shape salt marshes: a six-year study"),
        ("GooseNet: counting geese from the air", "Counting geese from the air with GooseNet"),
        ("Grazing geese shape arctic salt marshs", "Grazing geese shape arctic salt marshes"),
        (
            "Efficient counting of geese in large aerial images",
            "Counting of geese in large aerial images",
        ),
        (
            "Integrating counts with remote sensing of marshes: alternatives and implications",
            "Integrating goose counts with remote sensing of marshes: alternatives, implications",
        ),
        ("The fourth census of arctic geese and swans", "The 4th census of arctic geese and swans"),
    ],
)
def test_a_claim_and_its_authors_join_titles_that_differ_a_little(preprint, article):
    assert state({"title": preprint}, {"title": article}) == Join.State.JOINED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Grazing geese shape salt marshes, part I", "Grazing geese shape salt marshes, part II"),
        ("Grazing geese shape salt marshes. I", "Grazing geese shape salt marshes. II"),
        ("Grazing geese shape salt marshes 1.0", "Grazing geese shape salt marshes 2.0"),
        ("Grazing geese shape salt marshes", "Grazing geese shape salt marshes revisited"),
        ("Grazing geese shape salt marshes", "Grazing geese shape salt marshes: an update"),
        ("Grazing geese shape salt marshes", "Comment on “Grazing geese shape salt marshes”"),
        ("Grazing geese shape salt marshes", "Reply to: Grazing geese shape salt marshes"),
        ("Grazing geese shape salt marshes", "Correction to: Grazing geese shape salt marshes"),
        ("Grazing geese shape salt marshes", "Erratum: Grazing geese shape salt marshes"),
        ("Grazing geese shape salt marshes", "Data from: Grazing geese shape salt marshes"),
        ("Grazing geese shape salt marshes", "Supporting information for grazing geese shape"),
        ("Grazing geese shape salt marshes", "Grazing geese shape salt marshes: supplement"),
        ("Grazing geese shape salt marshes", "Grazing geese shape salt marshes (poster)"),
        ("Grazing geese shape salt marshes", "Review of grazing geese shape salt marshes"),
        ("Grazing geese shape salt marshes", "Translation of grazing geese shape salt marshes"),
        ("Grazing geese shape salt marshes", "Grasende Gänse formen Salzwiesen der Arktis"),
        ("Goose-Image-2.0 Technical Report", "Goose-Image-VAE-2.0 Technical Report"),
        ("Goose3-TTS Technical Report", "Goose3-ASR Technical Report"),
        ("Effects of grazing geese on rats", "Effects of grazing swans on mice"),
        ("Vitamin C in arctic geese", "Vitamin D in arctic geese"),
        ("Adversarial Goose Models", "Continuous Adversarial Goose Models"),
    ],
)
def test_no_claim_joins_what_only_looks_like_one_work(one, other):
    for pair in ((one, other), (other, one)):
        assert state({"title": pair[0]}, {"title": pair[1]}) != Join.State.JOINED
        assert state({"title": pair[0]}, {"title": pair[1]}, Claim.TITLE) is None


@pytest.mark.parametrize(
    ("one", "other", "is_joined"),
    [
        (ABSTRACT, ABSTRACT.upper(), True),
        (ABSTRACT, f"Abstract. {ABSTRACT} We add a sentence at the end.", True),
        (ABSTRACT, REWRITTEN, True),
        (ABSTRACT, COMPANION, False),
        (ABSTRACT, ABSTRACT[:150], False),
        (ABSTRACT, "", False),
    ],
)
def test_with_another_title_the_abstract_decides(one, other, is_joined):
    found = state(
        {"title": "Geese and the plants that they leave standing", "abstract": one},
        {"title": "How herbivores keep a coast rich", "abstract": other},
    )
    assert (found == Join.State.JOINED) == is_joined


def test_abstracts_that_differ_speak_against_titles_that_are_only_alike():
    one, other = "Counting of geese in aerial images", "Counting of geese in large aerial images"
    assert state({"title": one}, {"title": other}) == Join.State.JOINED
    found = state({"title": one, "abstract": ABSTRACT}, {"title": other, "abstract": COMPANION})
    assert found == Join.State.QUESTION


@pytest.mark.parametrize(
    ("ours", "theirs", "common"),
    [
        (["Alice Adams"], ["Adams, A."], 1),
        (["Łukasz Søndergård"], ["Lukasz Sondergard"], 1),
        (["Jürgen Schöning"], ["J. Schoening"], 1),
        (["Anna Rosneblatt"], ["Anna Rosenblatt"], 1),
        (["Chen Li"], ["Chan Lu"], 0),
        (["王伟"], ["王伟"], 1),
        (["Wang Wei"], ["Wei Wang"], 1),
        (["Bob Brown", "Alice Adams"], ["Alice Adams", "Bob Brown"], 2),
    ],
)
def test_names_are_compared_in_any_order_and_spelling(ours, theirs, common):
    one, other = ([{"name": name} for name in names] for names in (ours, theirs))
    found = likeness.names_in_common(families_of(one), families_of(other))
    assert max(found, len(full_names_of(one) & full_names_of(other))) == common


def test_two_collaborations_are_two():
    atlas = [{"name": "ATLAS Collaboration", "is_group": True}]
    the_atlas = [{"name": "The ATLAS collaboration", "is_group": True}, {"name": "Alice Adams"}]
    cms = [{"name": "CMS Collaboration", "is_group": True}]
    assert families_of(atlas) != families_of(cms)
    assert full_names_of(atlas) & full_names_of(the_atlas)


@pytest.mark.django_db
def test_titles_stored_before_are_found_by_the_new_keys():
    from django.apps import apps

    from papers.models import SourceRecord
    from tests.factories import make_paper

    migration = import_module("papers.migrations.0033_titles_as_others_spell_them")
    titles = [
        "TGF-β signaling & α-cells of mice",
        "Łódź, Ødegård and the geese of Þingvellir",
        "Geese in salt marshes of Iceland [version 2; peer review: 1 approved]",
        "Retracted: Plain words that everybody spells alike",
        "Too short",
    ]
    now = dt.datetime(2026, 6, 12, tzinfo=dt.UTC)
    for at, title in enumerate(titles):
        SourceRecord.objects.create(
            paper=make_paper(title, identifier=f"arxiv:2606.0000{at}"),
            identifier=f"arxiv:2606.0000{at}",
            facts={"title": title},
            digest=str(at),
            title_key=f"old{at}",
            first_seen_at=now,
            changed_at=now,
        )
    migration.find_as_others_spell(apps, None)
    keys = list(SourceRecord.objects.order_by("identifier").values_list("title_key", flat=True))
    assert keys == [*(title_key(title) for title in titles[:4]), "old4"]
    assert [" ".join(migration.folded(title)) for title in titles[:3]] == [
        folded_title(title) for title in titles[:3]
    ]
