"""The second factor of people who log in: whose is missing, taking it away, and how it is kept."""

import base64
import hashlib
from functools import partial
from typing import Any

from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction

from papers import audit


def is_missing(user: Any) -> bool:
    """Whether a person must set up a second factor before anything else."""
    if not settings.REQUIRE_SECOND_FACTOR or not user.is_authenticated:
        return False
    return not has_one(user)


def has_one(user: Any) -> bool:
    """Whether a person has an authenticator app or a passkey; recovery codes alone are none."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=kinds).exists())


@transaction.atomic
def reset(user: User) -> tuple[int, int]:
    """Take all of a person's factors away, recovery codes too, and end their sessions: how many of
    each. At the next login the password is enough, or the person sets up a new one.
    """
    gone = Authenticator.objects.filter(user=user).delete()[1].get("mfa.Authenticator", 0)
    sessions = UserSession.objects.filter(user=user)
    keys = list(sessions.values_list("session_key", flat=True))
    ended, _ = Session.objects.filter(pk__in=keys).delete()
    sessions.delete()
    return gone, ended


def put_on_record() -> None:
    """Have it written down when a person's second factor is added, removed or replaced."""
    for signal, what in (
        (signals.authenticator_added, "added"),
        (signals.authenticator_removed, "removed"),
        (signals.authenticator_reset, "replaced"),
    ):
        signal.connect(partial(_record, what), weak=False, dispatch_uid=f"second factor {what}")


def _record(what: str, user: Any, authenticator: Authenticator, **kwargs: Any) -> None:
    audit.record(user, f"{what} a second factor: {authenticator.get_type_display()}", user)


def encrypt(text: str) -> str:
    """A secret of a second factor as the database keeps it."""
    return _keys().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """The secret again, also where an earlier SECRET_KEY encrypted it."""
    return _keys().decrypt(text.encode()).decode()


def _keys() -> MultiFernet:
    return MultiFernet(
        [
            Fernet(
                base64.urlsafe_b64encode(hashlib.sha256(f"second factor {key}".encode()).digest())
            )
            for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        ]
    )
