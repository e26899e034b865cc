"""Whether a color can be read, and which shade of it can."""

import re
from pathlib import Path

import pytest

from papers import colors

ROOT = Path(__file__).parent.parent.parent

HUES = ["#8f1d1d", "#1d4f8f", "#0a7a3d", "#7a4b00", "#b000b0", "#333333", "#ffcc00", "#00ffff"]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#0000ff", "#ffffff", 8.59)],
)
def test_the_contrast_is_that_of_wcag(one, other, ratio):
    assert colors.contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert colors.contrast(other, one) == colors.contrast(one, other)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("#8F1D1D", "#8f1d1d"), ("8f1d1d", "#8f1d1d"), (" #ABC ", "#aabbcc")],
)
def test_a_hex_code_may_be_typed_in_several_ways(typed, code):
    assert colors.normal(typed) == code


@pytest.mark.parametrize("typed", ["", "red", "#12345", "#12345g", "#8f1d1d;}", "rgb(0,0,0)"])
def test_what_is_no_hex_code_is_refused(typed):
    with pytest.raises(ValueError, match="hex code"):
        colors.normal(typed)


@pytest.mark.parametrize("color", HUES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_nearest_shade_can_be_read_and_a_readable_color_stays(color, scheme):
    found = colors.readable(color, scheme)
    assert colors.weakest(found, scheme)[0] >= colors.READABLE
    assert colors.readable(found, scheme) == found


@pytest.mark.parametrize("color", HUES)
def test_the_dark_schemes_color_is_comfortable_and_has_the_same_hue(color):
    import colorsys

    made = colors.dark_from(color)
    assert colors.weakest(made, "dark")[0] >= colors.COMFORTABLE
    before, after = (colorsys.rgb_to_hls(*colors.channels(one)) for one in (color, made))
    if before[2] and after[1] < 0.99:
        turned = abs(before[0] - after[0])
        assert min(turned, 1 - turned) < 0.02


@pytest.mark.parametrize("color", HUES)
def test_who_asks_for_more_contrast_gets_more(color):
    assert colors.contrast(colors.stronger(color, "light"), "#ffffff") >= 10
    assert colors.contrast(colors.stronger(color, "dark"), "#000000") >= 10


def test_the_backgrounds_are_those_of_the_stylesheet_and_the_emails():
    css = (ROOT / "newsletter/static/newsletter/site.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)", 1)
    schemes: tuple[tuple[colors.Scheme, str], ...] = (("light", light), ("dark", dark))
    for scheme, part in schemes:
        found = dict(re.findall(r"--(paper|panel): (#\w+);", part)[:2])
        page, panel, _ = colors.BACKGROUNDS[scheme]
        assert (page.color, panel.color) == (found["paper"], found["panel"])
    emails = ROOT / "templates/emails"
    assert colors.BACKGROUNDS["light"][2].color in (emails / "base.mjml").read_text()
    assert colors.BACKGROUNDS["dark"][2].color in (emails / "styles.mjml").read_text()


def test_our_own_colors_pass_our_own_check():
    assert colors.weakest("#8f1d1d", "light")[0] >= colors.READABLE
    assert colors.weakest("#f0a08a", "dark")[0] >= colors.READABLE
