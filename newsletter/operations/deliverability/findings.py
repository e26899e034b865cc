"""What a check found, in words for the person who has to fix it."""

from dataclasses import asdict, dataclass
from enum import StrEnum

GMAIL = "Gmail's sender guidelines"
YAHOO = "Yahoo's sender best practices"
OUTLOOK = "Outlook's requirements for high-volume senders"
WCAG = "WCAG 2.2"
SOURCES = {
    GMAIL: "https://support.google.com/mail/answer/81126",
    YAHOO: "https://senders.yahooinc.com/best-practices/",
    OUTLOOK: "https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/4399730",
    WCAG: "https://www.w3.org/TR/WCAG22/",
    "RFC": "https://www.rfc-editor.org/",
}
"""Where the rules stand, by the names that findings use."""


def rfc(number: int, section: str = "") -> str:
    """The source of a rule that an RFC makes."""
    return f"RFC {number}" + (f" section {section}" if section else "")


class Level(StrEnum):
    """How bad it is. Only errors make `check_deliverability` end with 1."""

    ERROR = "error"
    """Mail is refused, filed away as spam, or cannot be left with one click."""
    WARNING = "warning"
    """It costs reputation, or breaks for some."""
    NOTE = "note"
    """Worth knowing, or could not be checked."""
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    rule: str
    """A short name that does not change, such as "one-click"."""
    what: str
    """What was found, in a sentence."""
    why: str = ""
    """Whose rule it is, and where it stands."""
    todo: str = ""
    """What to do about it; empty where nothing is."""

    def as_dict(self) -> dict[str, str]:
        """For `--json`."""
        return asdict(self)


def error(rule: str, what: str, why: str, todo: str) -> Finding:
    """Something that has to be mended before mail goes out."""
    return Finding(Level.ERROR, rule, what, why, todo)


def warning(rule: str, what: str, why: str, todo: str) -> Finding:
    """Something that ought to be mended."""
    return Finding(Level.WARNING, rule, what, why, todo)


def note(rule: str, what: str, why: str = "", todo: str = "") -> Finding:
    """Something worth knowing."""
    return Finding(Level.NOTE, rule, what, why, todo)


def good(rule: str, what: str, why: str = "") -> Finding:
    """Something that is as it should be."""
    return Finding(Level.GOOD, rule, what, why)
