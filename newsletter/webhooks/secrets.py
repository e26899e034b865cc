"""The secrets that messages are signed with: made of SECRET_KEY and a seed in the row, so that a
copy of the database signs nothing, and an operator can look a secret up again.
"""

import base64
import datetime as dt
import hmac

from django.conf import settings
from standardwebhooks import Webhook as Signer

from newsletter.models import Webhook
from newsletter.models.webhook import new_seed

OVERLAP = dt.timedelta(days=1)
"""How long the secret before goes on signing as well, so that a receiver can change over."""


def secret_of(webhook: Webhook) -> str:
    """The secret that its receiver checks signatures with, as Standard Webhooks write it."""
    return _secret(settings.SECRET_KEY, webhook.seed)


def rotate(webhook: Webhook, now: dt.datetime) -> str:
    """Give it a new secret; the one before signs beside it for a day."""
    webhook.previous_seed, webhook.seed = webhook.seed, new_seed()
    webhook.previous_until = now + OVERLAP
    webhook.save(update_fields=["previous_seed", "seed", "previous_until"])
    return secret_of(webhook)


def signatures(webhook: Webhook, message_id: str, at: dt.datetime, body: str) -> str:
    """The value of the header: a signature under each secret that holds, of earlier SECRET_KEYs,
    too.
    """
    seeds = [webhook.seed]
    if webhook.previous_seed and webhook.previous_until and at < webhook.previous_until:
        seeds.append(webhook.previous_seed)
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    signers = [Signer(_secret(key, seed)) for seed in seeds for key in keys]
    utc = at.astimezone(dt.UTC)
    return " ".join(signer.sign(message_id, utc, body) for signer in signers)


def _secret(key: str, seed: str) -> str:
    made = hmac.digest(f"broadsheet.webhook {seed}".encode(), key.encode(), "sha256")
    return f"whsec_{base64.b64encode(made).decode()}"
