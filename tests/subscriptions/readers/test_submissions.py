"""Papers that readers submit, from the wish to the list."""

import datetime as dt

import pytest

from papers.identifiers import UnknownIdentifier
from papers.models import Feature, Paper, Source
from papers.sources import arxiv, crossref
from papers.sources.base import FetchFailed
from papers.sources.record import Author, PaperRecord
from subscriptions.models import Submission, Subscriber
from subscriptions.readers import personal_data, submissions
from subscriptions.readers.submissions import Outcome
from tests.factories import NOW, make_paper, make_subscriber

pytestmark = pytest.mark.django_db

State = Submission.State
MINUTE = dt.timedelta(minutes=1)


class Library:
    """Stands for arXiv: holds papers, is asked, and may be out of order."""

    def __init__(self) -> None:
        self.papers: dict[str, PaperRecord] = {}
        self.asked: list[list[str]] = []
        self.malformed: set[str] = set()
        self.is_down = False

    def add(self, arxiv_id: str, title: str = "A paper") -> None:
        self.papers[arxiv_id] = PaperRecord(
            f"arxiv:{arxiv_id}",
            title,
            "About it.",
            authors=(Author("Alice Adams"),),
            categories=("cs.CL",),
            published_on=dt.date(2026, 5, 13),
        )

    def lookup(self, ids: list[str]) -> dict[str, PaperRecord]:
        self.asked.append(list(ids))
        if self.is_down:
            raise FetchFailed("arXiv can't be reached")
        if self.malformed & set(ids):
            raise arxiv.Malformed("answers 400")
        return {name: self.papers[name] for name in ids if name in self.papers}


@pytest.fixture
def library(monkeypatch):
    library = Library()
    monkeypatch.setattr(arxiv, "lookup", library.lookup)
    return library


@pytest.fixture
def alice():
    return make_subscriber()


def submit(reader: Subscriber, arxiv_id: str = "2605.13779", name: str = "") -> Submission:
    receipt = submissions.submit(reader, arxiv_id, name, NOW)
    assert receipt.submission is not None
    return receipt.submission


def test_a_submission_is_looked_up_accepted_and_listed(alice, library):
    library.add("2605.13779", "A <b>paper</b>, $5")
    submission = submit(alice, name="Alice A.")
    assert submission.state == State.CHECKING
    assert submissions.check(NOW) == 1
    submission.refresh_from_db()
    assert (submission.state, submission.title) == (State.WAITING, "A <b>paper</b>, $5")
    assert not Paper.objects.exists()  # until an editor agrees

    assert submissions.accept(submission, NOW)
    paper = Paper.objects.get()
    assert submission.paper == paper
    assert (paper.title, paper.authors, paper.categories) == (
        "A <b>paper</b>, $5",
        ["Alice Adams"],
        ["cs.CL"],
    )
    assert paper.published_on == dt.date(2026, 5, 13)
    feature = Feature.objects.get()
    assert (feature.source.kind, feature.day) == (Source.COMMUNITY, NOW.date())
    assert (feature.submitted_by, feature.submitted_at) == ("Alice A.", NOW)


def test_everything_twice_is_once(alice, library):
    library.add("2605.13779")
    submission = submit(alice)
    assert submissions.submit(alice, "2605.13779", "", NOW).outcome is Outcome.KNOWN
    assert [submissions.check(NOW), submissions.check(NOW)] == [1, 0]
    submission.refresh_from_db()
    assert [submissions.accept(submission, NOW) for _ in range(2)] == [True, False]
    assert not submissions.decline(submission, "Too late", NOW)
    assert Submission.objects.count() == Paper.objects.count() == Feature.objects.count() == 1
    assert Feature.objects.get().submitted_by == "a reader"


def test_many_are_looked_up_in_one_request(alice, library):
    names = [f"2605.{number:05d}" for number in range(arxiv.MOST_ASKED + 3)]
    for name in names:
        library.add(name)
        submit(alice, name)
    assert submissions.check(NOW) == arxiv.MOST_ASKED
    assert submissions.check(NOW) == 3
    assert [len(asked) for asked in library.asked] == [arxiv.MOST_ASKED, 3]
    assert submissions.check(NOW) == 0
    assert len(library.asked) == 2  # with nothing to ask, nobody is asked


def test_an_unknown_paper_can_be_submitted_again(alice, library):
    submission = submit(alice)
    submissions.check(NOW)
    submission.refresh_from_db()
    assert submission.state == State.MISSING
    library.add("2605.13779")
    bob = make_subscriber("bob@example.org")
    assert submissions.submit(bob, "2605.13779", "Bob", NOW).outcome is Outcome.TAKEN
    submissions.check(NOW)
    submission.refresh_from_db()
    assert (submission.state, submission.subscriber) == (State.WAITING, bob)


def test_a_known_paper_is_not_submitted(alice, library):
    paper = make_paper(identifier="arxiv:2605.13779")
    receipt = submissions.submit(alice, "2605.13779", "", NOW)
    assert (receipt.outcome, receipt.paper) == (Outcome.LISTED, paper)
    assert not Submission.objects.exists()


def test_one_paper_has_one_spelling(alice, library):
    library.add("math/0309136")
    submit(alice, "math.GT/0309136")
    assert submissions.submit(alice, "math/0309136", "", NOW).outcome is Outcome.KNOWN
    assert submissions.check(NOW) == 1


@pytest.mark.parametrize("status", ["pending", "left", "suppressed"])
def test_only_confirmed_readers_submit(status, library):
    bob = make_subscriber("bob@example.org", status=status)
    assert submissions.submit(bob, "2605.13779", "", NOW).outcome is Outcome.CLOSED
    assert not Submission.objects.exists()


def test_editors_can_close_submissions(alice):
    Source.objects.filter(kind=Source.COMMUNITY).update(is_active=False)
    assert submissions.submit(alice, "2605.13779", "", NOW).outcome is Outcome.CLOSED


def test_while_arxiv_is_down_submissions_wait_longer_and_longer(alice, library):
    library.add("2605.13779")
    library.is_down = True
    submission = submit(alice)
    waits = []
    at = NOW
    for _ in range(9):
        assert submissions.check(at) == 0
        submission.refresh_from_db()
        waits.append((submission.check_after - at) / MINUTE)
        assert submissions.check(at) == 0
        at = submission.check_after
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert len(library.asked) == 9
    library.is_down = False
    assert submissions.check(at) == 1


def test_one_that_arxiv_takes_for_malformed_spoils_no_other(alice, library):
    library.malformed = {"abc/0601001"}
    library.add("2605.13779")
    bad, good = submit(alice, "abc/0601001"), submit(alice)
    assert submissions.check(NOW) == 2
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == (State.MISSING, State.WAITING)


def test_declining_takes_a_reason_and_can_be_changed(alice, library):
    library.add("2605.13779")
    submission = submit(alice)
    assert not submissions.decline(submission, "Not yet looked up", NOW)
    submissions.check(NOW)
    with pytest.raises(ValueError, match="reason"):
        submissions.decline(submission, "  ", NOW)
    assert submissions.decline(submission, " Out of scope ", NOW)
    assert (submission.state, submission.reason) == (State.DECLINED, "Out of scope")
    assert submissions.accept(submission, NOW)
    assert (submission.state, submission.reason) == (State.ACCEPTED, "")


def test_erasing_a_reader_takes_the_name_off_and_leaves_the_paper(alice, library):
    library.add("2605.13779")
    submission = submit(alice, name="Alice A.")
    submissions.check(NOW)
    submissions.accept(submission, NOW)
    personal_data.erase(alice)
    submission.refresh_from_db()
    assert (submission.subscriber, submission.name) == (None, "")
    assert Feature.objects.get().submitted_by == "a reader"


# --- By DOI ----------------------------------------------------------------------------------

DOI = "10.1038/s41586-021-03819-2"


@pytest.fixture
def publishers(monkeypatch):
    """Stands for Crossref and DataCite."""
    library = Library()
    library.papers[DOI] = PaperRecord(
        f"doi:{DOI}",
        "Proteins fold",
        "About it.",
        authors=(Author("Alice Adams", family="Adams"),),
        categories=("issn:1476-4687",),
        venue="Nature",
        issns=("1476-4687",),
        license="cc-by",
        free_url="https://example.org/fold.pdf",
    )
    monkeypatch.setattr(crossref, "lookup", library.lookup)
    return library


@pytest.mark.parametrize(
    "said",
    [
        DOI,
        DOI.upper(),
        f"doi:{DOI}",
        f"https://doi.org/{DOI}",
        f"https://www.nature.com/doi/full/{DOI}?utm_source=rss",
    ],
)
def test_a_doi_in_any_spelling_names_the_paper(alice, said):
    assert submit(alice, said).identifier == f"doi:{DOI}"


def test_the_doi_of_a_preprint_on_arxiv_is_the_preprint(alice):
    assert submit(alice, "10.48550/arXiv.2605.13779").identifier == "arxiv:2605.13779"


@pytest.mark.parametrize("said", ["pubmed:123", "https://openreview.net/forum?id=abcdefgh", "x"])
def test_what_can_be_looked_up_nowhere_is_refused(alice, said):
    with pytest.raises(UnknownIdentifier):
        submissions.submit(alice, said, "", NOW)


def test_a_paper_by_doi_is_looked_up_and_listed_with_its_journal(alice, library, publishers):
    library.add("2605.13779")
    submit(alice)
    submission = submit(alice, DOI)

    assert submissions.check(NOW) == 2
    submission.refresh_from_db()
    assert (submission.state, submission.title) == (State.WAITING, "Proteins fold")
    assert submissions.accept(submission, NOW)

    assert publishers.asked == [[DOI]]
    assert library.asked == [["2605.13779"]]
    paper = Paper.objects.get(identifier=f"doi:{DOI}")
    assert (paper.venue, paper.license) == ("Nature", "cc-by")
    assert paper.free_url == "https://example.org/fold.pdf"
    assert Feature.objects.filter(paper=paper).count() == 1


def test_a_service_that_is_down_keeps_the_papers_of_no_other_waiting(alice, library, publishers):
    library.add("2605.13779")
    ours, other = submit(alice), submit(alice, DOI)
    publishers.is_down = True

    assert submissions.check(NOW) == 1
    ours.refresh_from_db()
    other.refresh_from_db()
    assert (ours.state, other.state) == (State.WAITING, State.CHECKING)
    assert other.check_after > NOW


def test_a_doi_that_nobody_knows_is_missing(alice, publishers):
    submission = submit(alice, "10.5555/nothing")

    assert submissions.check(NOW) == 1
    submission.refresh_from_db()
    assert submission.state == State.MISSING
