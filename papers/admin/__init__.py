"""The editors' view of papers: what sources gave, what matched, and where an editor has a say."""

from papers.admin.acronyms import AcronymAdmin
from papers.admin.audit import AuditEntryAdmin
from papers.admin.bulk import BulkActionAdmin
from papers.admin.joins import JoinAdmin
from papers.admin.matches import MatchAdmin
from papers.admin.papers import PaperAdmin
from papers.admin.picks import PickAdmin
from papers.admin.semantic_models import FittedModelAdmin
from papers.admin.sources import FeatureAdmin, SourceAdmin
from papers.admin.topics import TopicAdmin

__all__ = [
    "AcronymAdmin",
    "AuditEntryAdmin",
    "BulkActionAdmin",
    "FeatureAdmin",
    "FittedModelAdmin",
    "JoinAdmin",
    "MatchAdmin",
    "PaperAdmin",
    "PickAdmin",
    "SourceAdmin",
    "TopicAdmin",
]
