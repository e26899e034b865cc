"""Licenses in one spelling."""

import pytest

from papers.sources.licenses import is_open, short


@pytest.mark.parametrize(
    ("said", "license_id"),
    [
        ("https://creativecommons.org/licenses/by/4.0/", "cc-by"),
        ("http://creativecommons.org/licenses/by/4.0/legalcode", "cc-by"),
        ("http://creativecommons.org/licenses/by-nc-nd/3.0/", "cc-by-nc-nd"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "cc0"),
        ("cc_by", "cc-by"),
        ("cc_by_nc_nd", "cc-by-nc-nd"),
        ("cc-by-nc-4.0", "cc-by-nc"),
        ("cc0", "cc0"),
        ("CCBY", "cc-by"),
        ("CCBYNCND", "cc-by-nc-nd"),
        ("CC BY 4.0", "cc-by"),
        ("Creative Commons Attribution (CC-BY)", "cc-by"),
        ("Creative Commons Attribution-NonCommercial-NoDerivatives 4.0", "cc-by-nc-nd"),
        ("public domain", "public-domain"),
        ("https://www.springer.com/tdm", "https://www.springer.com/tdm"),
        ("cc_no", ""),
        ("© 2024 Macmillan Publishers Limited. All rights reserved.", ""),
        ("access by", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
        (None, ""),
        (4, ""),
    ],
)
def test_a_license_has_one_spelling(said, license_id):
    assert short(said) == license_id


@pytest.mark.parametrize(
    ("license_id", "opened"),
    [
        ("cc-by", True),
        ("cc0", True),
        ("public-domain", True),
        ("https://x.org/l", False),
        ("", False),
    ],
)
def test_open_licenses_let_everybody_read(license_id, opened):
    assert is_open(license_id) is opened
