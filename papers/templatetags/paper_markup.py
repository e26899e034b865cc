"""Markup that templates need and Django has no filter for."""

import json
from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@register.filter
def json_ld(value: dict[str, Any]) -> SafeString:
    """`value` as JSON that can stand in a script element of type application/ld+json.

    A data block is never run, so it needs no leave from the Content-Security-Policy. As in
    Django's own json_script, nothing in it can end the element.
    """
    text = json.dumps(value, ensure_ascii=False).translate(_ESCAPES)
    return mark_safe(text)  # noqa: S308  # escaped above


@register.simple_tag(takes_context=True)
def marked(context: Context, text: str) -> str:
    """`text` with the words marked that were searched for, where there is a `highlighter`."""
    highlighter = context.get("highlighter")
    return highlighter.marked(text) if highlighter else text
