"""System checks of `papers`: what an operator should mend before the service starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register
def check_encoder(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The files of `ENCODER` must hold an encoder; that they are there, the settings have seen."""
    if not settings.ENCODER:
        return []
    from papers.semantics.encoder import EncoderError, load  # numpy takes its time to import

    try:
        load(settings.ENCODER)
    except EncoderError as error:
        return [
            Error(
                f"The environment variable ENCODER cannot be used. {error}",
                hint="Mend it, or leave it empty: everything works without an encoder.",
                id="papers.E001",
            )
        ]
    return []
