"""What may be done with a paper's own texts. The one place that knows."""

from papers.models import Paper


def may_be_shown_in_full(paper: Paper) -> bool:
    """Whether the abstract may be shown in full, and so handed to a service that is to shorten it.

    Papers know how much of theirs may be shown, by license or by the row of their source: see
    `papers.ingest.facts.share_of`. Of older rows that know nothing, arXiv's abstracts are free: it
    puts its metadata under CC0.
    """
    if paper.abstract_share:
        return paper.abstract_share == Paper.AbstractShare.ALL
    return paper.scheme == "arxiv"
