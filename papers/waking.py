"""Wake-ups: messages that make a worker look for rows now rather than with its next look."""

import logging
from typing import Any

from celery import signature

logger = logging.getLogger(__name__)

WITHIN = 60
"""Seconds after which a wake-up that nobody heard is dropped."""


def wake(task: str, expires: int | None = WITHIN) -> bool:
    """Call the task of this name; whether the broker took the message. It is sent once: where it
    does not arrive, nothing is lost.
    """
    try:
        more: dict[str, Any] = {} if expires is None else {"expires": expires}
        signature(task).apply_async(retry=False, **more)
    except Exception as error:  # each broker has errors of its own, and none may reach the visitor
        logger.warning("couldn't reach a worker", extra={"reason": str(error)[:200]})
        return False
    return True
