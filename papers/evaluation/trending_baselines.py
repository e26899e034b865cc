"""Other services' published ranking formulas, to compare `papers.matching.trending` with.

Each is written from its public source, keeps its own constants and takes what our data can give
it: upvotes, comments and age. None is used for ranking here.
"""

import math
from datetime import datetime

REDDIT_EPOCH = 1_134_028_003
"""Seconds since 1970: Reddit's own year zero."""


def hacker_news(upvotes: int, age_hours: float) -> float:
    """Return Hacker News's score: (points - 1) / (age in hours + 2)^1.8.

    Source: ``news.arc`` of the published Arc release (gravity 1.8, timebase 120 minutes), as
    described by Ken Shirriff, "How Hacker News ranking really works" (2013), without its
    penalties. Below one point the numerator is negative, as there.
    """
    return (upvotes - 1) / math.pow(max(age_hours, 0.0) + 2, 1.8)


def reddit(upvotes: int, posted_at: datetime) -> float:
    """Return Reddit's "hot": log10 of the votes plus 1 for every 12.5 hours of being newer.

    Source: ``_sorts.pyx`` of the open-sourced reddit code (r2/lib/db), for no downvotes.
    """
    sign = (upvotes > 0) - (upvotes < 0)
    seconds = posted_at.timestamp() - REDDIT_EPOCH
    return round(sign * math.log10(max(abs(upvotes), 1)) + seconds / 45_000, 7)


def researchhub(upvotes: int, comments: int, age_hours: float) -> float:
    """Return ResearchHub's hot score for a paper without bounties, tips and peer reviews.

    100·(25·ln(1 + upvotes) + 40·ln(1 + comments) + 30·ln(1 + 24/(age + 24))) / (age + 24)^0.8, age
    in hours, cut to a whole number as there. Source: ``src/feed/hot_score.py`` of
    ResearchHub/researchhub-backend (2025), HOT_SCORE_CONFIG.
    """
    age = max(age_hours, 0.0)
    engagement = (
        25 * math.log1p(max(upvotes, 0))
        + 40 * math.log1p(max(comments, 0))
        + 30 * math.log1p(24 / (age + 24))
    )
    return float(int(100 * engagement / math.pow(age + 24, 0.8)))
