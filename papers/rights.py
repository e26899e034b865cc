"""What may be done with a paper's own texts. The one place that knows."""

from papers.models import Paper


def may_be_shown_in_full(paper: Paper) -> bool:
    """Whether the abstract may be shown in full, and so handed to a service that is to shorten it.

    arXiv puts its metadata, abstracts among them, under CC0. Of any other paper this is not known.
    """
    return paper.scheme == "arxiv"
