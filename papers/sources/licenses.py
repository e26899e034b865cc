"""Licenses in one spelling: `cc-by`, `cc-by-nc-nd`, `cc0`, whatever a service calls them.

Services give a link to the license, with or without its version and `legalcode`, the id of a list
such as SPDX's (`cc-by-4.0`), or words ("Creative Commons Attribution (CC-BY)", `cc_by`, "CCBY").
The version is left out: whether an abstract may be shown does not hang on it.
"""

import re

from papers.text import cleaning

_LINK = re.compile(
    r"creativecommons\.org/(?:licenses/([a-z-]+)|(publicdomain/zero)|(publicdomain))"
)
_SHORT = re.compile(r"cc[\s_-]*(0|zero|by)(?!(?!nc|nd|sa)[a-z])((?:[\s_-]*(?:nc|nd|sa))*)\b")
_WORDS = (
    ("attribution", "by"),
    ("noncommercial", "nc"),
    ("non-commercial", "nc"),
    ("noderiv", "nd"),
    ("no derivative", "nd"),
    ("sharealike", "sa"),
    ("share alike", "sa"),
)


def short(said: object) -> str:
    """The short id of a Creative Commons license, another license's web address as it is, and the
    empty string for anything else.
    """
    if not isinstance(said, str):
        return ""
    text = said.strip().lower()[:500]
    link = _LINK.search(text)
    if link:
        return f"cc-{link[1]}" if link[1] else "cc0" if link[2] else "public-domain"
    found = _SHORT.search(text)
    if found:
        if found[1] in {"0", "zero"}:
            return "cc0"
        return "-".join(["cc", "by", *re.findall(r"nc|nd|sa", found[2])])
    if "creative commons" in text:
        parts = list(dict.fromkeys(part for words, part in _WORDS if words in text))
        if "by" in parts:
            return "-".join(["cc", *parts])
    if text in {"public domain", "public-domain"}:
        return "public-domain"
    return cleaning.safe_url(said.strip())


def is_open(license_id: str) -> bool:
    """Whether whatever stands under the license may be read by everybody, free of charge."""
    return license_id.startswith("cc-") or license_id in {"cc0", "public-domain"}
