"""What Broadsheet knows of research papers: works, where they were listed, what attention they
got, which topics they match, and what an editor decided about them.
"""

from papers.models.attention import Measurement, TrendingPlace
from papers.models.audit import AuditedObject, AuditEntry
from papers.models.author import PaperAuthor
from papers.models.bulk_action import BulkAction, BulkPiece, Leased
from papers.models.feature import Feature, ListedDay, count_on_commit
from papers.models.identity import Join, JoinQuerySet, PaperName, SourceRecord
from papers.models.learned_topic import LearnedTopic
from papers.models.match import NEVER, Match, MatchQuerySet, last_listed
from papers.models.matched import MatchedPaper, MatchedTopics
from papers.models.observation import Observation, ObservationQuerySet
from papers.models.page_version import PageVersion, WatchedQuerySet
from papers.models.paper import Paper, PaperQuerySet
from papers.models.pick import Pick
from papers.models.search_word import Acronym, SearchVocabulary, SearchWord, WordDeletion
from papers.models.semantic_model import FittedModel, FittedModelQuerySet, PaperVector
from papers.models.site import Site, SiteLogo
from papers.models.source import Source
from papers.models.source_run import SourceRun, SourceRunQuerySet
from papers.models.summary import MachineSummary, SummaryDay
from papers.models.thumbnail import Thumbnail
from papers.models.topic import (
    FieldOfTopics,
    Topic,
    TopicCount,
    TopicGroup,
    TopicNames,
    TopicQuerySet,
    by_field,
    in_order,
    list_of_strings,
)
from papers.models.week import WeekOfAttention

__all__ = [
    "NEVER",
    "Acronym",
    "AuditEntry",
    "AuditedObject",
    "BulkAction",
    "BulkPiece",
    "Feature",
    "FieldOfTopics",
    "FittedModel",
    "FittedModelQuerySet",
    "Join",
    "JoinQuerySet",
    "LearnedTopic",
    "Leased",
    "ListedDay",
    "MachineSummary",
    "Match",
    "MatchQuerySet",
    "MatchedPaper",
    "MatchedTopics",
    "Measurement",
    "Observation",
    "ObservationQuerySet",
    "PageVersion",
    "Paper",
    "PaperAuthor",
    "PaperName",
    "PaperQuerySet",
    "PaperVector",
    "Pick",
    "SearchVocabulary",
    "SearchWord",
    "Site",
    "SiteLogo",
    "Source",
    "SourceRecord",
    "SourceRun",
    "SourceRunQuerySet",
    "SummaryDay",
    "Thumbnail",
    "Topic",
    "TopicCount",
    "TopicGroup",
    "TopicNames",
    "TopicQuerySet",
    "TrendingPlace",
    "WatchedQuerySet",
    "WeekOfAttention",
    "WordDeletion",
    "by_field",
    "count_on_commit",
    "in_order",
    "last_listed",
    "list_of_strings",
]
